//! §5.6: the peer state machine. One test for each row of the table, in its order and under its names.

use std::time::Duration;

use gyro::diameter::base::disconnect::DisconnectCause;
use gyro::diameter::peer::event::Reason;
use gyro::diameter::peer::limits::Limits;
use gyro::diameter::peer::machine::Phase;
use gyro::diameter::peer::registry::{ConnectionId, PeerState};
use gyro::diameter::result_code::ResultCode;

use crate::net::{Net, Side};
use crate::node::Node;
use crate::wire::{self, CC, CE, DP, DW, RA, brief};

/// The peer whose Origin-Host is greater than ours (`ocs.kz`): it wins an election.
const GREATER: &str = "pgw.epc.kz";
/// The peer whose Origin-Host is less than ours: it loses.
const LESS: &str = "Ggsn.kz";

/// Wait-Conn-Ack towards `host`.
fn wait_conn_ack(host: &str) -> (Node, ConnectionId) {
    let mut node = Node::server();
    let ours = node.dial(host).unwrap();
    assert_eq!(node.state(host), PeerState::WaitConnAck);
    (node, ours)
}

/// Wait-I-CEA towards `host`.
fn wait_i_cea(host: &str) -> (Node, ConnectionId) {
    let (mut node, ours) = wait_conn_ack(host);
    node.connected(ours);
    assert_eq!(node.state(host), PeerState::WaitICea);
    (node, ours)
}

/// Wait-Conn-Ack/Elect: our connection, and the one of `host` whose CER waits.
fn wait_conn_ack_elect(host: &str) -> (Node, ConnectionId, ConnectionId) {
    let (mut node, ours) = wait_conn_ack(host);
    let theirs = node.accept();
    node.feed(theirs, &wire::cer(host));
    assert_eq!(node.state(host), PeerState::WaitConnAckElect);
    assert!(node.sent(theirs).is_empty());
    (node, ours, theirs)
}

/// Wait-Returns with an election that we have not won.
fn wait_returns() -> (Node, ConnectionId, ConnectionId) {
    let (mut node, ours) = wait_i_cea(GREATER);
    let theirs = node.accept();
    node.feed(theirs, &wire::cer(GREATER));
    assert_eq!(node.state(GREATER), PeerState::WaitReturns);
    assert!(node.sent(theirs).is_empty());
    (node, ours, theirs)
}

fn assert_open(node: &mut Node, id: ConnectionId, host: &str, state: PeerState) {
    assert_eq!(node.phase(id), Phase::Open);
    assert_eq!(node.state(host), state);
    assert_eq!(node.story(id), [format!("up {host}")]);
}

// Closed

#[test]
fn closed_start_snd_conn_req_wait_conn_ack() {
    let (node, ours) = wait_conn_ack(GREATER);
    assert_eq!(node.phase(ours), Phase::WaitConnAck);
}

#[test]
fn closed_r_conn_cer_accept_process_snd_cea_r_open() {
    let mut node = Node::server();
    let theirs = node.accept();
    assert_eq!(node.state(GREATER), PeerState::Closed);
    node.feed(theirs, &wire::cer(GREATER));
    assert_eq!(brief(&node.sent_one(theirs)), (CE, false, Some(2001)));
    assert_open(&mut node, theirs, GREATER, PeerState::ROpen);
}

// Wait-Conn-Ack

#[test]
fn wait_conn_ack_i_rcv_conn_ack_snd_cer_wait_i_cea() {
    let (mut node, ours) = wait_conn_ack(GREATER);
    node.connected(ours);
    assert_eq!(brief(&node.sent_one(ours)), (CE, true, None));
    assert_eq!(node.state(GREATER), PeerState::WaitICea);
    assert_eq!(node.phase(ours), Phase::WaitCea);
}

#[test]
fn wait_conn_ack_i_rcv_conn_nack_cleanup_closed() {
    let (mut node, ours) = wait_conn_ack(GREATER);
    node.connect_failed(ours);
    assert_eq!(node.state(GREATER), PeerState::Closed);
    assert_eq!(node.story(ours), ["close ConnectFailed"]);
    assert!(node.dial(GREATER).is_some());
}

#[test]
fn wait_conn_ack_r_conn_cer_accept_process_wait_conn_ack_elect() {
    let (node, ours, theirs) = wait_conn_ack_elect(GREATER);
    assert_eq!(node.phase(ours), Phase::WaitConnAck);
    assert_eq!(node.phase(theirs), Phase::Introduced);
}

#[test]
fn wait_conn_ack_timeout_error_closed() {
    let (mut node, ours) = wait_conn_ack(GREATER);
    node.advance(node.config.limits.connect);
    assert_eq!(node.state(GREATER), PeerState::Closed);
    assert_eq!(node.story(ours), ["close HandshakeTimeout"]);
}

// Wait-I-CEA

#[test]
fn wait_i_cea_i_rcv_cea_process_i_open() {
    let (mut node, ours) = wait_i_cea(GREATER);
    let cer = node.sent_one(ours);
    node.feed(ours, &wire::cea(&cer, GREATER, 2001));
    assert_open(&mut node, ours, GREATER, PeerState::IOpen);
}

#[test]
fn wait_i_cea_r_conn_cer_accept_process_elect_wait_returns() {
    let (node, ours, theirs) = wait_returns();
    assert_eq!(node.phase(ours), Phase::WaitCea);
    assert_eq!(node.phase(theirs), Phase::Introduced);
}

#[test]
fn wait_i_cea_i_peer_disc_disc_closed() {
    let (mut node, ours) = wait_i_cea(GREATER);
    node.lost(ours);
    assert_eq!(node.state(GREATER), PeerState::Closed);
    assert_eq!(node.story(ours), ["close TransportClosed"]);
}

#[test]
fn wait_i_cea_i_rcv_non_cea_error_closed() {
    let cea_to_another = |_: &_| wire::cea(&wire::read(wire::cer(GREATER)), GREATER, 2001);
    let others: [&dyn Fn(&_) -> _; 4] =
        [&|_| wire::dwr(GREATER), &|_| wire::cer(GREATER), &|_| wire::ccr("s"), &cea_to_another];
    for other in others {
        let (mut node, ours) = wait_i_cea(GREATER);
        let cer = node.sent_one(ours);
        node.feed(ours, &other(&cer));
        assert_eq!(node.state(GREATER), PeerState::Closed);
        assert_eq!(node.story(ours), ["close NotCapabilities"]);
        assert!(node.sent(ours).is_empty());
    }
}

#[test]
fn wait_i_cea_timeout_error_closed() {
    let (mut node, ours) = wait_i_cea(GREATER);
    node.advance(node.config.limits.capabilities);
    assert_eq!(node.state(GREATER), PeerState::Closed);
    assert_eq!(node.story(ours), ["close HandshakeTimeout"]);
}

// Wait-Conn-Ack/Elect

#[test]
fn wait_conn_ack_elect_i_rcv_conn_ack_snd_cer_elect_wait_returns() {
    let (mut node, ours, theirs) = wait_conn_ack_elect(GREATER);
    node.connected(ours);
    assert_eq!(brief(&node.sent_one(ours)), (CE, true, None));
    assert_eq!(node.state(GREATER), PeerState::WaitReturns);
    assert_eq!(node.phase(theirs), Phase::Introduced);
}

#[test]
fn wait_conn_ack_elect_i_rcv_conn_nack_snd_cea_r_open() {
    let (mut node, ours, theirs) = wait_conn_ack_elect(GREATER);
    node.connect_failed(ours);
    assert_eq!(brief(&node.sent_one(theirs)), (CE, false, Some(2001)));
    assert_open(&mut node, theirs, GREATER, PeerState::ROpen);
}

#[test]
fn wait_conn_ack_elect_r_peer_disc_disc_wait_conn_ack() {
    let (mut node, ours, theirs) = wait_conn_ack_elect(GREATER);
    node.lost(theirs);
    assert_eq!(node.state(GREATER), PeerState::WaitConnAck);
    assert_eq!(node.story(theirs), ["close TransportClosed"]);
    assert_eq!(node.phase(ours), Phase::WaitConnAck);
}

#[test]
fn wait_conn_ack_elect_r_conn_cer_reject_wait_conn_ack_elect() {
    let (mut node, _, theirs) = wait_conn_ack_elect(GREATER);
    let third = node.accept();
    node.feed(third, &wire::cer(GREATER));
    assert_eq!(brief(&node.sent_one(third)), (CE, false, Some(5012)));
    assert_eq!(node.closed(third), Some(Reason::Refused(ResultCode::UNABLE_TO_COMPLY)));
    assert_eq!(node.state(GREATER), PeerState::WaitConnAckElect);
    assert_eq!(node.phase(theirs), Phase::Introduced);
}

#[test]
fn wait_conn_ack_elect_timeout_error_closed() {
    let (mut node, ours, theirs) = wait_conn_ack_elect(GREATER);
    node.advance(node.config.limits.connect);
    assert_eq!(node.state(GREATER), PeerState::Closed);
    assert_eq!(node.closed(ours), Some(Reason::HandshakeTimeout));
    assert_eq!(node.closed(theirs), Some(Reason::HandshakeTimeout));
}

/// The CER that waits has a deadline too; whichever comes first ends both.
#[test]
fn wait_conn_ack_elect_timeout_of_the_cer_that_waits_error_closed() {
    let mut node = Node::server_with(Limits { hold: Duration::from_secs(2), ..Limits::DEFAULT });
    let ours = node.dial(GREATER).unwrap();
    let theirs = node.accept();
    node.feed(theirs, &wire::cer(GREATER));
    node.advance(Duration::from_secs(2));
    assert_eq!(node.state(GREATER), PeerState::Closed);
    assert_eq!(node.closed(ours), Some(Reason::HandshakeTimeout));
    assert_eq!(node.closed(theirs), Some(Reason::HandshakeTimeout));
}

// Wait-Returns

#[test]
fn wait_returns_win_election_i_disc_snd_cea_r_open() {
    // the election is held at once: LESS < ocs.kz, without regard to case
    let (mut node, ours) = wait_i_cea(LESS);
    let theirs = node.accept();
    node.feed(theirs, &wire::cer(LESS));
    assert_eq!(node.story(ours), ["close Election"]);
    assert_eq!(brief(&node.sent_one(theirs)), (CE, false, Some(2001)));
    assert_open(&mut node, theirs, LESS, PeerState::ROpen);

    // the same when our transport connection comes up last
    let (mut node, ours, theirs) = wait_conn_ack_elect(LESS);
    node.connected(ours);
    assert_eq!(node.story(ours), ["close Election"]);
    assert_eq!(brief(&node.sent_one(theirs)), (CE, false, Some(2001)));
    assert_open(&mut node, theirs, LESS, PeerState::ROpen);
}

#[test]
fn wait_returns_i_peer_disc_disc_snd_cea_r_open() {
    let (mut node, ours, theirs) = wait_returns();
    node.lost(ours);
    assert_eq!(brief(&node.sent_one(theirs)), (CE, false, Some(2001)));
    assert_open(&mut node, theirs, GREATER, PeerState::ROpen);
}

#[test]
fn wait_returns_i_rcv_cea_r_disc_i_open() {
    let (mut node, ours, theirs) = wait_returns();
    let cer = node.sent_one(ours);
    node.feed(ours, &wire::cea(&cer, GREATER, 2001));
    assert_eq!(node.story(theirs), ["close Election"]);
    assert!(node.sent(theirs).is_empty());
    assert_open(&mut node, ours, GREATER, PeerState::IOpen);
}

#[test]
fn wait_returns_r_peer_disc_disc_wait_i_cea() {
    let (mut node, ours, theirs) = wait_returns();
    node.lost(theirs);
    assert_eq!(node.state(GREATER), PeerState::WaitICea);
    assert_eq!(node.phase(ours), Phase::WaitCea);
}

#[test]
fn wait_returns_r_conn_cer_reject_wait_returns() {
    let (mut node, _, _) = wait_returns();
    let third = node.accept();
    node.feed(third, &wire::cer(GREATER));
    assert_eq!(brief(&node.sent_one(third)), (CE, false, Some(5012)));
    assert_eq!(node.phase(third), Phase::Closed);
    assert_eq!(node.state(GREATER), PeerState::WaitReturns);
}

#[test]
fn wait_returns_timeout_error_closed() {
    let (mut node, ours, theirs) = wait_returns();
    node.advance(node.config.limits.capabilities);
    assert_eq!(node.state(GREATER), PeerState::Closed);
    assert_eq!(node.closed(ours), Some(Reason::HandshakeTimeout));
    assert_eq!(node.closed(theirs), Some(Reason::HandshakeTimeout));
}

// R-Open and I-Open: every row holds for both.

struct Open {
    node: Node,
    id: ConnectionId,
    state: PeerState,
}

fn both_open() -> [Open; 2] {
    let mut responder = Node::server();
    let r = responder.open_from(GREATER);
    let mut initiator = Node::server();
    let i = initiator.open_to(GREATER);
    [
        Open { node: responder, id: r, state: PeerState::ROpen },
        Open { node: initiator, id: i, state: PeerState::IOpen },
    ]
}

#[test]
fn open_send_message_snd_message_open() {
    for Open { mut node, id, state } in both_open() {
        node.send(id, 1, RA, None).unwrap();
        assert_eq!(brief(&node.sent_one(id)), (RA, true, None));
        assert_eq!(node.state(GREATER), state);
    }
}

#[test]
fn open_rcv_message_process_open() {
    for Open { mut node, id, state } in both_open() {
        node.feed(id, &wire::ccr("s1"));
        assert_eq!(node.story(id), ["request s1"]);
        assert_eq!(node.state(GREATER), state);
    }
}

#[test]
fn open_rcv_dwr_process_snd_dwa_open() {
    for Open { mut node, id, state } in both_open() {
        node.feed(id, &wire::dwr(GREATER));
        assert_eq!(brief(&node.sent_one(id)), (DW, false, Some(2001)));
        assert!(node.story(id).is_empty());
        assert_eq!(node.state(GREATER), state);
    }
}

#[test]
fn open_rcv_dwa_process_open() {
    for Open { mut node, id, state } in both_open() {
        node.advance(Duration::from_secs(32));
        let dwr = node.sent_one(id);
        assert_eq!(brief(&dwr), (DW, true, None));
        node.feed(id, &wire::dwa(&dwr, GREATER));
        assert!(node.sent(id).is_empty());
        assert!(node.story(id).is_empty());
        assert_eq!(node.state(GREATER), state);
        // it counts as an answer: the next interval ends in a DWR, not in SUSPECT
        node.advance(Duration::from_secs(32));
        assert_eq!(brief(&node.sent_one(id)), (DW, true, None));
    }
}

#[test]
fn open_r_conn_cer_reject_open() {
    for Open { mut node, id, state } in both_open() {
        let second = node.accept();
        node.feed(second, &wire::cer(GREATER));
        assert!(node.sent(second).is_empty(), "the open connection is asked first");
        let dwr = node.sent_one(id);
        node.feed(id, &wire::dwa(&dwr, GREATER));
        let cea = node.sent_one(second);
        assert_eq!(brief(&cea), (CE, false, Some(5012)));
        assert!(wire::text(&cea, gyro::diameter::base::avps::ERROR_MESSAGE).is_some());
        assert_eq!(node.phase(second), Phase::Closed);
        assert_eq!(node.state(GREATER), state);
        assert!(node.story(id).is_empty());
    }
}

#[test]
fn open_stop_snd_dpr_closing() {
    for Open { mut node, id, .. } in both_open() {
        node.stop(id, DisconnectCause::Rebooting);
        assert_eq!(brief(&node.sent_one(id)), (DP, true, None));
        assert_eq!(node.phase(id), Phase::Closing);
        assert_eq!(node.story(id), ["down Stopped(Rebooting) []"]);
    }
}

#[test]
fn open_rcv_dpr_snd_dpa_closing() {
    for Open { mut node, id, .. } in both_open() {
        node.feed(id, &wire::dpr(GREATER, 1));
        assert_eq!(brief(&node.sent_one(id)), (DP, false, Some(2001)));
        assert_eq!(node.phase(id), Phase::Closing);
        assert_eq!(node.story(id), ["down PeerStopped(Some(Busy)) []"]);
    }
}

#[test]
fn open_peer_disc_disc_closed() {
    for Open { mut node, id, .. } in both_open() {
        node.lost(id);
        assert_eq!(node.phase(id), Phase::Closed);
        assert_eq!(node.state(GREATER), PeerState::Closed);
        assert_eq!(node.story(id), ["down TransportClosed []", "close TransportClosed"]);
    }
}

// Closing: every row holds for both.

fn both_closing() -> [Open; 2] {
    both_open().map(|mut open| {
        open.node.stop(open.id, DisconnectCause::Busy);
        let _ = open.node.events(open.id);
        open
    })
}

#[test]
fn closing_rcv_dpa_disc_closed() {
    for Open { mut node, id, .. } in both_closing() {
        let dpr = node.sent_one(id);
        node.feed(id, &wire::dpa(&dpr, GREATER));
        assert_eq!(node.phase(id), Phase::Closed);
        assert_eq!(node.story(id), ["close Stopped(Busy)"]);
    }
}

#[test]
fn closing_timeout_error_closed() {
    for Open { mut node, id, .. } in both_closing() {
        node.advance(node.config.limits.disconnect);
        assert_eq!(node.phase(id), Phase::Closed);
        assert_eq!(node.story(id), ["close Stopped(Busy)"]);
    }
}

#[test]
fn closing_peer_disc_disc_closed() {
    for Open { mut node, id, .. } in both_closing() {
        node.lost(id);
        assert_eq!(node.phase(id), Phase::Closed);
        assert_eq!(node.story(id), ["close Stopped(Busy)"]);
    }
    // the same for the side that received the DPR
    let mut node = Node::server();
    let id = node.open_from(GREATER);
    node.feed(id, &wire::dpr(GREATER, 0));
    let _ = node.events(id);
    node.lost(id);
    assert_eq!(node.story(id), ["close PeerStopped(Some(Rebooting))"]);
}

// Two machines back to back.

#[test]
fn two_nodes_that_connect_at_once_end_with_one_connection_on_which_both_agree() {
    for gateway in [GREATER, LESS] {
        // every order in which transport connections and messages can meet, as far as rounds tell them apart
        for (a_first, rounds_between) in [(true, 0), (false, 0), (true, 1), (false, 1), (true, 2)] {
            let mut net = Net::new(Node::server(), Node::gateway(gateway));
            let a = net.dial(Side::A).unwrap();
            let b = net.dial(Side::B).unwrap();
            let order = if a_first { [(Side::A, a), (Side::B, b)] } else { [(Side::B, b), (Side::A, a)] };
            for (side, id) in order {
                if net.node(side).phase(id) == Phase::WaitConnAck {
                    net.establish(side, id);
                }
                (0..rounds_between).for_each(|_| {
                    net.round();
                });
            }
            net.run();
            let open_of =
                |node: &Node| node.sockets.iter().filter(|(_, socket)| socket.machine.is_open()).count();
            let case = format!("{gateway} {a_first} {rounds_between}");
            assert_eq!((open_of(&net.a), open_of(&net.b)), (1, 1), "{case}");
            let states = (net.a.state(gateway), net.b.state("ocs.kz"));
            let agree = [(PeerState::ROpen, PeerState::IOpen), (PeerState::IOpen, PeerState::ROpen)];
            assert!(agree.contains(&states), "{case}: {states:?}");
        }
    }
}

#[test]
fn the_greater_origin_host_keeps_the_connection_that_the_other_has_opened() {
    for (gateway, server_state) in [(GREATER, PeerState::IOpen), (LESS, PeerState::ROpen)] {
        let mut net = Net::new(Node::server(), Node::gateway(gateway));
        let a = net.dial(Side::A).unwrap();
        let b = net.dial(Side::B).unwrap();
        net.establish(Side::A, a);
        net.establish(Side::B, b);
        net.run();
        assert_eq!(net.a.state(gateway), server_state, "{gateway}");
    }
}

/// `P` stands before `o` in ASCII, and behind it once both are in lower case (§5.6.4).
#[test]
fn an_election_is_held_without_regard_to_case() {
    let mut node = Node::server();
    let ours = node.dial("PGW9.kz").unwrap();
    node.connected(ours);
    let theirs = node.accept();
    node.feed(theirs, &wire::cer("PGW9.kz"));
    assert_eq!(node.state("pgw9.KZ"), PeerState::WaitReturns);
    assert_eq!(node.phase(ours), Phase::WaitCea);
}

#[test]
fn a_conversation_of_two_nodes() {
    let mut net = Net::new(Node::server(), Node::gateway("pgw.epc.kz"));
    let pgw = net.dial(Side::B).unwrap();
    let ocs = net.establish(Side::B, pgw);
    net.run();
    assert_eq!(net.a.story(ocs), ["up pgw.epc.kz"]);
    assert_eq!(net.b.story(pgw), ["up ocs.kz"]);

    net.b.send(pgw, 9, CC, None).unwrap();
    net.run();
    assert_eq!(net.a.story(ocs), ["request ocs.kz;1;9"]);
    net.a.send(ocs, 4, RA, None).unwrap();
    net.run();
    assert_eq!(net.b.story(pgw), ["request ocs.kz;1;4"]);

    // watchdogs of both sides keep the connection for an hour
    net.advance(Duration::from_hours(1));
    assert_eq!(net.a.story(ocs), ["timeout 4"]);
    assert_eq!(net.b.story(pgw), ["timeout 9"]);
    assert!(net.a.socket(ocs).machine.is_open() && net.b.socket(pgw).machine.is_open());

    net.a.stop(ocs, DisconnectCause::Rebooting);
    net.run();
    assert_eq!(net.a.story(ocs), ["down Stopped(Rebooting) []", "close Stopped(Rebooting)"]);
    let reason = "PeerStopped(Some(Rebooting))";
    assert_eq!(net.b.story(pgw), [format!("down {reason} []"), format!("close {reason}")]);
}

#[test]
fn a_silent_network_ends_both_sides_by_their_watchdogs() {
    let mut net = Net::new(Node::server(), Node::gateway("pgw.epc.kz"));
    let pgw = net.dial(Side::B).unwrap();
    let ocs = net.establish(Side::B, pgw);
    net.run();
    net.silent = true;
    net.advance(Duration::from_secs(3 * 32));
    assert_eq!(net.a.closed(ocs), Some(Reason::Watchdog));
    assert_eq!(net.b.closed(pgw), Some(Reason::Watchdog));
}
