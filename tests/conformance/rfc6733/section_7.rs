//! §7: what is answered to a request that cannot be served.

use gyro::diameter::base::avps;
use gyro::diameter::peer::event::PeerEvent;
use gyro::diameter::peer::machine::Phase;

use crate::node::Node;
use crate::wire::{self, CC, E, GY, P, R, brief, header, write};

const PGW: &str = "pgw.epc.kz";
const GX: u32 = 16_777_238;

#[test]
fn an_unknown_command_is_3001_and_a_wrong_application_is_3007() {
    for (flags, command, application, code) in [
        (R | P, 9_999_999, GY, 3001),
        (R, 9_999_999, GY, 3001),
        (R | P, 9_999_999, 0, 3001),
        (R | P, 275, GY, 3001),
        (R | P, CC, GX, 3007),
        (R | P, CC, 0, 3007),
        (R, wire::DW, GY, 3007),
    ] {
        let mut node = Node::server();
        let id = node.open_from(PGW);
        node.feed(id, &write(header(flags, command, application), |_| ()));
        let answer = node.sent_one(id);
        assert_eq!(brief(&answer), (command, false, Some(code)), "{command} {application}");
        assert_eq!(answer.header().flags.get(), (flags & P) | E);
        assert_eq!(answer.header().application.get(), application);
        assert_eq!((answer.header().hop_by_hop.get(), answer.header().end_to_end.get()), wire::IDS);
        assert!(wire::text(&answer, avps::ERROR_MESSAGE).is_some());
        assert!(node.story(id).is_empty());
        assert_eq!(node.phase(id), Phase::Open);
    }
}

#[test]
fn contradicting_header_flags_are_3008() {
    for flags in [R | P | E, R] {
        let mut node = Node::server();
        let id = node.open_from(PGW);
        node.feed(id, &write(header(flags, CC, GY), |ccr| _ = ccr.utf8(avps::SESSION_ID, "s")));
        assert_eq!(node.story(id), ["objection s 3008"]);
    }
}

#[test]
fn a_request_whose_avps_cannot_be_read_is_5014_with_the_avp() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    let mut octets = wire::ccr("broken").to_vec();
    // the length of the last AVP, Destination-Realm, runs past the message
    let last = octets.len() - 12;
    octets[last + 7] = 200;
    node.feed(id, &octets);
    let events = node.events(id);
    let [PeerEvent::Objection { request, refusal }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(refusal.result_code.get(), 5014);
    node.socket(id).machine.refuse(request, refusal);
    node.settle();
    let answer = node.sent_one(id);
    assert_eq!(wire::codes(&answer), [263, 268, 264, 296, 258, 416, 415, 278, 279, 281]);
    assert!(answer.find(avps::FAILED_AVP.key).unwrap().find(avps::DESTINATION_REALM.key).is_some());
    assert!(!answer.header().flags.is_error());
}

#[test]
fn the_session_id_is_copied_to_every_answer_that_refuses() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    node.feed(
        id,
        &write(header(R | P, 275, GY), |str| {
            str.utf8(avps::SESSION_ID, "pgw.kz;1;2").utf8(avps::ORIGIN_HOST, PGW);
        }),
    );
    let answer = node.sent_one(id);
    assert_eq!(wire::codes(&answer), [263, 264, 296, 268, 278, 281]);
    assert_eq!(wire::text(&answer, avps::SESSION_ID), Some("pgw.kz;1;2"));
}
