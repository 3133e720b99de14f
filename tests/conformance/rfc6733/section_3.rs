//! §3: the header, as far as it decides what becomes of a connection.

use std::time::Duration;

use gyro::diameter::frame::FrameFault;
use gyro::diameter::peer::event::Reason;
use gyro::diameter::peer::machine::Phase;

use crate::node::Node;
use crate::wire::{self, CC, E, GY, P, R, header, write};

const PGW: &str = "pgw.epc.kz";

#[test]
fn a_request_that_cannot_be_told_from_the_next_is_answered_and_the_connection_ends() {
    for (at, octet, code, fault) in [
        (0, 2, 5011, FrameFault::Version(2)),
        (3, 22, 5015, FrameFault::Misaligned(22)),
        (3, 16, 5015, FrameFault::TooShort(16)),
    ] {
        let mut node = Node::server();
        let id = node.open_from(PGW);
        let mut octets = write(header(R | P, CC, GY), |_| ()).to_vec();
        octets[at] = octet;
        node.feed(id, &octets);
        let answer = node.sent_one(id);
        assert_eq!(answer.header().flags.get(), P | E);
        assert_eq!(answer.header().hop_by_hop.get(), wire::IDS.0);
        assert_eq!(wire::result_code(&answer), Some(code));
        let reason = format!("{:?}", Reason::Unframed(fault));
        assert_eq!(node.story(id), [format!("down {reason} []"), format!("close {reason}")]);
    }
}

#[test]
fn before_a_connection_is_open_a_broken_stream_gets_no_answer() {
    let mut node = Node::server();
    let id = node.accept();
    node.feed(id, b"GET / HTTP/1.1\r\n\r\n");
    assert!(node.sent_octets(id).is_empty());
    assert_eq!(node.closed(id), Some(Reason::Unframed(FrameFault::Version(b'G'))));
}

#[test]
fn a_message_above_the_limit_is_5015() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    let mut octets = write(header(R | P, CC, GY), |_| ()).to_vec();
    octets[1..4].copy_from_slice(&[1, 0, 4]);
    node.feed(id, &octets);
    assert_eq!(wire::result_code(&node.sent_one(id)), Some(5015));
    assert_eq!(node.phase(id), Phase::Closed);
}

#[test]
fn a_message_that_has_begun_must_end_in_time() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    let limit = node.config.limits.message;
    let ccr = wire::ccr("slow");
    node.feed(id, &ccr[..4]);
    node.advance(limit / 2);
    node.feed(id, &ccr[4..]);
    assert_eq!(node.story(id), ["request slow"]);
    node.advance(limit);
    assert_eq!(node.phase(id), Phase::Open);

    // an octet now and then is no progress
    for octet in ccr.iter().take(9) {
        node.feed(id, &[*octet]);
        node.advance(Duration::from_secs(1));
    }
    assert_eq!(node.phase(id), Phase::Open);
    node.feed(id, &ccr[9..10]);
    node.advance(Duration::from_secs(1));
    assert_eq!(node.story(id), ["down SlowMessage []", "close SlowMessage"]);
}

/// The answer of a peer to the four minutes: identifiers of requests are not used twice, on any connection.
#[test]
fn end_to_end_identifiers_are_unique_among_all_connections_of_a_node() {
    let mut node = Node::server();
    let ids = [node.open_from("a.kz"), node.open_from("b.kz")];
    let mut seen = std::collections::BTreeSet::new();
    for tag in 0..50 {
        for id in ids {
            assert!(seen.insert(node.send(id, tag, wire::RA, None).unwrap().get()));
        }
    }
    // the start of the node in seconds, its low 12 bits
    assert!(seen.iter().all(|id| id >> 20 == 1_800_000_000 % 4_096));
}

#[test]
fn hop_by_hop_identifiers_are_unique_on_a_connection() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    for tag in 0..100 {
        node.send(id, tag, wire::RA, None).unwrap();
    }
    let sent = node.sent(id);
    let ids: std::collections::BTreeSet<_> = sent.iter().map(|message| message.header().hop_by_hop).collect();
    assert_eq!(ids.len(), 100);
}

#[test]
fn a_request_that_is_sent_again_has_the_t_bit_and_its_first_end_to_end_identifier() {
    let mut node = Node::server();
    let (first, second) = (node.open_from("a.kz"), node.open_from("b.kz"));
    let end_to_end = node.send(first, 1, wire::RA, None).unwrap();
    assert!(!node.sent_one(first).header().flags.is_retransmitted());
    assert_eq!(node.send(second, 1, wire::RA, Some(end_to_end)), Ok(end_to_end));
    let again = node.sent_one(second).header();
    assert!(again.flags.is_retransmitted());
    assert_eq!(again.end_to_end, end_to_end);
}
