//! §5.4: saying good-bye.

use gyro::diameter::base::avps;
use gyro::diameter::base::disconnect::DisconnectCause;
use gyro::diameter::peer::machine::{Phase, SendError};
use gyro::diameter::peer::registry::PeerState;

use crate::node::Node;
use crate::wire::{self, CC, CE, DP, DW, R, RA, brief, header, write};

const PGW: &str = "pgw.epc.kz";

#[test]
fn our_dpr_tells_the_cause_and_no_origin_state() {
    for (cause, number) in [
        (DisconnectCause::Rebooting, 0),
        (DisconnectCause::Busy, 1),
        (DisconnectCause::DoNotWantToTalkToYou, 2),
    ] {
        let mut node = Node::server();
        let id = node.open_from(PGW);
        node.stop(id, cause);
        let dpr = node.sent_one(id);
        assert_eq!(wire::codes(&dpr), [264, 296, 273]);
        assert_eq!(dpr.header().flags.get(), R);
        assert_eq!(dpr.find(avps::DISCONNECT_CAUSE.key).unwrap().enumerated(), Ok(number));
    }
}

#[test]
fn a_dpa_has_the_identifiers_of_its_dpr() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    node.feed(id, &wire::dpr(PGW, 0));
    let octets = node.sent_octets(id);
    let golden = "0100003c 0000011a 00000000 0a0b0c0d 01020304 0000010c4000000c000007d1 \
                  000001084000000e6f63732e6b7a0000 000001284000000a6b7a0000";
    assert_eq!(*octets, wire::hex(golden));
}

#[test]
fn who_has_received_a_dpr_sends_nothing_more_and_waits_for_the_end() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    node.feed(id, &wire::dpr(PGW, 2));
    let _ = node.sent(id);
    node.feed(id, &[wire::ccr("s"), wire::dwr(PGW), wire::dpr(PGW, 2)].concat());
    assert!(node.sent(id).is_empty());
    assert_eq!(node.send(id, 1, RA, None), Err(SendError::NotOpen));
    node.advance(node.config.limits.disconnect);
    let reason = "PeerStopped(Some(DoNotWantToTalkToYou))";
    assert_eq!(node.story(id), [format!("down {reason} []"), format!("close {reason}")]);
}

#[test]
fn a_dpr_with_a_fault_is_a_good_bye_too() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    node.feed(id, &write(header(R, DP, 0), |dpr| wire::origin(dpr, PGW)));
    assert_eq!(brief(&node.sent_one(id)), (DP, false, Some(5005)));
    assert_eq!(node.story(id), ["down PeerStopped(None) []"]);
}

/// What the peer had sent before it read our DPR is turned away at once, so that it can go elsewhere.
#[test]
fn requests_that_cross_our_dpr_are_turned_away() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    node.stop(id, DisconnectCause::Rebooting);
    let dpr = node.sent_one(id);
    let crossing = [wire::ccr("crossing"), wire::dwr(PGW), wire::cer(PGW)].concat();
    node.feed(id, &crossing);
    let sent: Vec<_> = node.sent(id).iter().map(brief).collect();
    assert_eq!(sent, [(CC, false, Some(3004)), (DW, false, Some(2001))]);
    node.feed(id, &wire::dpa(&dpr, PGW));
    assert_eq!(node.story(id), ["down Stopped(Rebooting) []", "close Stopped(Rebooting)"]);
}

#[test]
fn two_dprs_that_cross_are_both_answered() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    node.stop(id, DisconnectCause::Rebooting);
    let dpr = node.sent_one(id);
    node.feed(id, &wire::dpr(PGW, 0));
    assert_eq!(brief(&node.sent_one(id)), (DP, false, Some(2001)));
    assert_eq!(node.phase(id), Phase::Closing);
    node.feed(id, &wire::dpa(&dpr, PGW));
    assert_eq!(node.phase(id), Phase::Closed);
}

#[test]
fn our_requests_without_answer_are_named_when_the_connection_goes_down() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    (1..=3).for_each(|tag| _ = node.send(id, tag, RA, None).unwrap());
    let sent = node.sent(id);
    node.feed(id, &wire::answer(&sent[1], 2001));
    node.stop(id, DisconnectCause::Rebooting);
    assert_eq!(node.story(id), ["answer 2 Some(2001)", "down Stopped(Rebooting) [1, 3]"]);
}

#[test]
fn before_it_is_open_a_connection_is_stopped_without_dpr() {
    let mut node = Node::server();
    let ours = node.dial(PGW).unwrap();
    let theirs = node.accept();
    for id in [ours, theirs] {
        node.stop(id, DisconnectCause::Rebooting);
        assert!(node.sent(id).is_empty());
        assert_eq!(node.story(id), ["close Stopped(Rebooting)"]);
    }
    assert_eq!(node.state(PGW), PeerState::Closed);
}

/// The deadline of the probe is over with the open state.
#[test]
fn a_connection_that_is_stopped_while_it_is_probed_waits_for_its_dpa() {
    let mut node = Node::server();
    let old = node.open_from(PGW);
    let new = node.accept();
    node.feed(new, &wire::cer(PGW));
    node.stop(old, DisconnectCause::DoNotWantToTalkToYou);
    assert_eq!(node.phase(new), Phase::Open, "who waits takes over at once");
    node.advance(node.config.limits.probe);
    assert_eq!(node.phase(old), Phase::Closing);
    node.advance(node.config.limits.disconnect);
    let reason = "Stopped(DoNotWantToTalkToYou)";
    assert_eq!(node.story(old), [format!("down {reason} []"), format!("close {reason}")]);
}

/// A gateway that restarts says good-bye and is back before the old connection has ended.
#[test]
fn a_peer_that_has_said_good_bye_may_come_back_at_once() {
    let mut node = Node::server();
    let old = node.open_from(PGW);
    node.feed(old, &wire::dpr(PGW, 0));
    let new = node.accept();
    node.feed(new, &wire::cer(PGW));
    assert_eq!(brief(&node.sent_one(new)), (CE, false, Some(2001)));
    assert_eq!((node.phase(old), node.phase(new)), (Phase::Closing, Phase::Open));
    node.lost(old);
    assert_eq!(node.state(PGW), PeerState::ROpen);
}
