//! §6: which requests are for us, and what goes back with an answer.

use gyro::diameter::avp::AvpDef;
use gyro::diameter::base::avps;
use gyro::diameter::base::error_answer::Refusal;
use gyro::diameter::peer::event::PeerEvent;
use gyro::diameter::peer::machine::{Phase, SendError};
use gyro::diameter::result_code::ResultCode;

use crate::node::Node;
use crate::wire::{self, CC, E, GY, P, R, RA, T, brief, ccr_to, header, result_code, write};

const PGW: &str = "pgw.epc.kz";

/// The story of one CCR with these AVPs besides what every CCR has.
fn story_of(more: &[(AvpDef, &str)]) -> Vec<String> {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    node.feed(id, &ccr_to("s", more));
    assert!(node.sent(id).is_empty());
    assert_eq!(node.phase(id), Phase::Open);
    node.story(id)
}

#[test]
fn a_request_for_us_is_processed() {
    let host = |text| (avps::DESTINATION_HOST, text);
    let realm = |text| (avps::DESTINATION_REALM, text);
    for more in [
        &[][..],
        &[realm("kz")],
        &[realm("KZ"), host("OCS.KZ")],
        // straight to us, with the peer's own realm
        &[realm("epc.kz")],
        &[realm("kz"), (avps::ROUTE_RECORD, "dra.kz")],
    ] {
        assert_eq!(story_of(more), ["request s"], "{more:?}");
    }
}

/// An application that does not want to see refused requests has them answered here.
#[test]
fn a_request_for_others_is_answered_at_once_where_no_one_objects() {
    let mut gateway = Node::gateway(PGW);
    let id = gateway.dial("ocs.kz").unwrap();
    gateway.connected(id);
    let cer = gateway.sent_one(id);
    gateway.feed(id, &wire::cea(&cer, "ocs.kz", 2001));
    gateway.feed(
        id,
        &write(header(R | P, RA, GY), |rar| {
            rar.utf8(avps::SESSION_ID, "s").utf8(avps::DESTINATION_HOST, "other.kz");
        }),
    );
    let answer = gateway.sent_one(id);
    assert_eq!(brief(&answer), (RA, false, Some(3002)));
    assert_eq!(answer.header().flags.get(), P | E);
    assert_eq!(wire::codes(&answer), [263, 264, 296, 268, 278, 281]);
    assert_eq!(gateway.story(id), ["up ocs.kz"]);
}

#[test]
fn a_refused_request_is_answered_on_the_connection_it_came_on() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    let request = write(header(R | P | T, CC, GY), |ccr| {
        ccr.utf8(avps::SESSION_ID, "s").u32(avps::CC_REQUEST_TYPE, 1).u32(avps::CC_REQUEST_NUMBER, 5);
        ccr.utf8(avps::DESTINATION_REALM, "other.kz");
        ccr.grouped(avps::PROXY_INFO, |proxy| {
            proxy.utf8(AvpDef::base(280), "dra.kz").octets(AvpDef::base(33), b"state");
        });
    });
    node.feed(id, &request);
    let events = node.events(id);
    let [PeerEvent::Objection { request, refusal }] = &events[..] else { panic!("{events:?}") };
    node.socket(id).machine.refuse(request, refusal);
    node.settle();
    let answer = node.sent_one(id);
    assert_eq!(answer.header().flags.get(), P | E);
    assert_eq!((answer.header().hop_by_hop.get(), answer.header().end_to_end.get()), wire::IDS);
    assert_eq!(wire::codes(&answer), [263, 268, 264, 296, 258, 416, 415, 278, 281, 284]);
    let (sent, came) =
        (answer.find(avps::PROXY_INFO.key).unwrap(), request.find(avps::PROXY_INFO.key).unwrap());
    assert_eq!(sent.octets(), came.octets());
}

#[test]
fn an_answer_is_never_answered_and_one_without_request_is_dropped() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    for command in [CC, RA, 999] {
        node.feed(id, &write(header(P, command, GY), |answer| _ = answer.u32(avps::RESULT_CODE, 2001)));
    }
    for command in [wire::CE, wire::DP] {
        node.feed(id, &write(header(0, command, 0), |answer| _ = answer.u32(avps::RESULT_CODE, 2001)));
    }
    assert!(node.sent(id).is_empty());
    assert!(node.story(id).is_empty());
    assert_eq!(node.phase(id), Phase::Open);
    let message = wire::read(write(header(0, CC, GY), |_| ()));
    node.socket(id).machine.refuse(&message, &Refusal::new(ResultCode::TOO_BUSY, "no"));
    node.settle();
    assert!(node.sent(id).is_empty());
}

#[test]
fn an_answer_finds_its_request_by_hop_by_hop_identifier_once() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    node.send(id, 41, RA, None).unwrap();
    node.send(id, 42, RA, None).unwrap();
    let sent = node.sent(id);
    let of_another_command = write(
        gyro::diameter::header::Header { command: header(0, CC, GY).command, ..sent[1].header().answer() },
        |_| (),
    );
    node.feed(
        id,
        &[
            wire::answer(&sent[1], 2002),
            of_another_command,
            wire::answer(&sent[1], 2001),
            wire::answer(&sent[0], 5002),
        ]
        .concat(),
    );
    assert_eq!(node.story(id), ["answer 42 Some(2002)", "answer 41 Some(5002)"]);
    assert_eq!(node.socket(id).machine.pending(), 0);
}

#[test]
fn a_request_without_answer_is_given_up_at_its_deadline() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    node.send(id, 1, RA, None).unwrap();
    node.advance(std::time::Duration::from_millis(9_999));
    assert!(node.story(id).is_empty());
    node.advance(std::time::Duration::from_millis(1));
    assert_eq!(node.story(id), ["timeout 1"]);
    let sent = node.sent_one(id);
    node.feed(id, &wire::answer(&sent, 2001));
    assert!(node.story(id).is_empty());
}

#[test]
fn requests_of_ours_are_bounded_and_need_an_application_of_the_peer() {
    let mut limits = gyro::diameter::peer::limits::Limits::DEFAULT;
    limits.pending = 3;
    let mut node = Node::server_with(limits);
    let id = node.open_from(PGW);
    (0..3).for_each(|tag| _ = node.send(id, tag, RA, None).unwrap());
    assert_eq!(node.send(id, 4, RA, None), Err(SendError::Full));
    let sent = node.sent(id);
    node.feed(id, &wire::answer(&sent[0], 2001));
    assert!(node.send(id, 4, RA, None).is_ok());

    let rf = node.accept();
    node.feed(rf, &wire::cer_for("cdf.kz", &[0xffff_ffff]));
    assert!(node.send(rf, 1, RA, None).is_ok());
    let other = node.accept();
    assert_eq!(node.send(other, 1, RA, None), Err(SendError::NotOpen));
    assert_eq!(result_code(&node.sent(rf)[0]), Some(2001));
}
