//! §7: what is answered to a request that cannot be served, beyond the table of `faults`.

use gyro::diameter::base::avps;
use gyro::diameter::peer::event::PeerEvent;

use crate::node::Node;
use crate::wire::{self, GY, P, R, header, write};

const PGW: &str = "pgw.epc.kz";

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
