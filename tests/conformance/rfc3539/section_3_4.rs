//! §3.4: the watchdog. One test for each row of the table in §3.4.1, then what a connection makes of them.

use std::time::Duration;

use gyro::diameter::peer::event::Reason;
use gyro::diameter::peer::ids::Jitter;
use gyro::diameter::peer::limits::{LEAST_WATCHDOG, Limits};
use gyro::diameter::peer::machine::{Machine, Phase};
use gyro::diameter::peer::watchdog::WatchdogEvent as Event;
use gyro::diameter::peer::watchdog::WatchdogState as State;
use gyro::diameter::peer::watchdog::{Watchdog, WatchdogActions};
use gyro::time::Monotonic;

use crate::node::Node;
use crate::wire::{self, CE, DW, brief};

const TW: Duration = Duration::from_secs(30);
const START: Monotonic = Monotonic::from_micros(5_000_000);
const PGW: &str = "pgw.epc.kz";

const NOTHING: WatchdogActions = WatchdogActions {
    send_watchdog: false,
    close_connection: false,
    failover: false,
    failback: false,
    attempt_open: false,
    throwaway: false,
};

fn initial() -> Watchdog {
    Watchdog::new(TW, Jitter::new(3))
}

fn after(mut watchdog: Watchdog, events: &[Event]) -> Watchdog {
    for event in events {
        watchdog.handle(*event, START);
    }
    watchdog
}

fn okay(pending: bool) -> Watchdog {
    let watchdog = after(initial(), &[Event::ConnectionUp]);
    if pending { after(watchdog, &[Event::TimerExpires]) } else { watchdog }
}

fn suspect() -> Watchdog {
    after(okay(true), &[Event::TimerExpires])
}

fn down() -> Watchdog {
    initial().reopening()
}

/// REOPEN with so many answers, and with a DWR that waits or not.
fn reopen(answers: usize, pending: bool) -> Watchdog {
    let mut watchdog = after(down(), &[Event::ConnectionUp]);
    for _ in 0..answers {
        watchdog = after(watchdog, &[Event::Dwa, Event::TimerExpires]);
    }
    if pending { watchdog } else { after(watchdog, &[Event::Dwa]) }
}

/// One row: the event, the actions, whether Tw is set anew, whether a DWR is pending then, the state then.
#[track_caller]
fn row(mut from: Watchdog, event: Event, actions: WatchdogActions, sets: bool, pending: bool, state: State) {
    let later = START.plus(Duration::from_secs(1_000));
    let before = from.deadline();
    assert_eq!(from.handle(event, later), actions);
    assert_eq!(from.deadline() != before, sets, "SetWatchdog()");
    assert_eq!(from.is_pending(), pending, "Pending");
    assert_eq!(from.state(), state);
    if sets {
        let tw = from.deadline().unwrap().since(later);
        assert!(tw >= Duration::from_secs(28) && tw <= Duration::from_secs(32), "{tw:?}");
    }
}

#[test]
fn okay_receive_dwa() {
    row(okay(true), Event::Dwa, NOTHING, true, false, State::Okay);
}

#[test]
fn okay_receive_non_dwa() {
    row(okay(true), Event::NonDwa, NOTHING, true, true, State::Okay);
    row(okay(false), Event::NonDwa, NOTHING, true, false, State::Okay);
}

#[test]
fn suspect_receive_dwa() {
    let failback = WatchdogActions { failback: true, ..NOTHING };
    row(suspect(), Event::Dwa, failback, true, false, State::Okay);
}

#[test]
fn suspect_receive_non_dwa() {
    let failback = WatchdogActions { failback: true, ..NOTHING };
    row(suspect(), Event::NonDwa, failback, true, true, State::Okay);
}

#[test]
fn reopen_receive_dwa_num_dwa_2() {
    let failback = WatchdogActions { failback: true, ..NOTHING };
    row(reopen(2, true), Event::Dwa, failback, false, false, State::Okay);
}

#[test]
fn reopen_receive_dwa_num_dwa_below_2() {
    row(reopen(0, true), Event::Dwa, NOTHING, false, false, State::Reopen);
    row(reopen(1, true), Event::Dwa, NOTHING, false, false, State::Reopen);
}

#[test]
fn reopen_receive_non_dwa() {
    let throwaway = WatchdogActions { throwaway: true, ..NOTHING };
    row(reopen(0, true), Event::NonDwa, throwaway, false, true, State::Reopen);
}

#[test]
fn initial_receive_dwa() {
    let throwaway = WatchdogActions { throwaway: true, ..NOTHING };
    row(initial(), Event::Dwa, throwaway, false, false, State::Initial);
}

#[test]
fn initial_receive_non_dwa() {
    let throwaway = WatchdogActions { throwaway: true, ..NOTHING };
    row(initial(), Event::NonDwa, throwaway, false, false, State::Initial);
}

#[test]
fn down_receive_dwa() {
    let throwaway = WatchdogActions { throwaway: true, ..NOTHING };
    row(down(), Event::Dwa, throwaway, false, false, State::Down);
}

#[test]
fn down_receive_non_dwa() {
    let throwaway = WatchdogActions { throwaway: true, ..NOTHING };
    row(down(), Event::NonDwa, throwaway, false, false, State::Down);
}

#[test]
fn okay_timer_expires_not_pending() {
    let send = WatchdogActions { send_watchdog: true, ..NOTHING };
    row(okay(false), Event::TimerExpires, send, true, true, State::Okay);
}

#[test]
fn okay_timer_expires_pending() {
    let failover = WatchdogActions { failover: true, ..NOTHING };
    row(okay(true), Event::TimerExpires, failover, true, true, State::Suspect);
}

#[test]
fn suspect_timer_expires() {
    let close = WatchdogActions { close_connection: true, ..NOTHING };
    row(suspect(), Event::TimerExpires, close, true, false, State::Down);
}

#[test]
fn initial_timer_expires() {
    let attempt = WatchdogActions { attempt_open: true, ..NOTHING };
    row(initial(), Event::TimerExpires, attempt, true, false, State::Initial);
}

#[test]
fn down_timer_expires() {
    let attempt = WatchdogActions { attempt_open: true, ..NOTHING };
    row(down(), Event::TimerExpires, attempt, true, false, State::Down);
}

#[test]
fn reopen_timer_expires_not_pending() {
    let send = WatchdogActions { send_watchdog: true, ..NOTHING };
    row(reopen(0, false), Event::TimerExpires, send, true, true, State::Reopen);
}

#[test]
fn reopen_timer_expires_pending_num_dwa_below_0() {
    let close = WatchdogActions { close_connection: true, ..NOTHING };
    let watchdog = after(reopen(1, true), &[Event::TimerExpires]);
    row(watchdog, Event::TimerExpires, close, true, false, State::Down);
}

#[test]
fn reopen_timer_expires_pending_num_dwa_0_or_more() {
    row(reopen(0, true), Event::TimerExpires, NOTHING, true, true, State::Reopen);
    row(reopen(2, true), Event::TimerExpires, NOTHING, true, true, State::Reopen);
    // NumDWA = -1: three more answers are needed, and one more to make up for it
    let mut watchdog = after(reopen(2, true), &[Event::TimerExpires]);
    for _ in 0..3 {
        watchdog = after(watchdog, &[Event::Dwa, Event::TimerExpires]);
        assert_eq!(watchdog.state(), State::Reopen);
    }
    assert_eq!(after(watchdog, &[Event::Dwa]).state(), State::Okay);
}

#[test]
fn initial_connection_up() {
    row(initial(), Event::ConnectionUp, NOTHING, true, false, State::Okay);
}

#[test]
fn down_connection_up() {
    let send = WatchdogActions { send_watchdog: true, ..NOTHING };
    row(down(), Event::ConnectionUp, send, true, true, State::Reopen);
}

#[test]
fn okay_connection_down() {
    let both = WatchdogActions { close_connection: true, failover: true, ..NOTHING };
    row(okay(false), Event::ConnectionDown, both, true, false, State::Down);
}

#[test]
fn suspect_connection_down() {
    let close = WatchdogActions { close_connection: true, ..NOTHING };
    row(suspect(), Event::ConnectionDown, close, true, false, State::Down);
}

#[test]
fn reopen_connection_down() {
    let close = WatchdogActions { close_connection: true, ..NOTHING };
    row(reopen(1, true), Event::ConnectionDown, close, true, false, State::Down);
}

// The timer.

#[test]
fn tw_is_never_below_six_seconds_and_its_jitter_is_drawn_anew() {
    let mut watchdog = Watchdog::new(Duration::from_secs(1), Jitter::new(9));
    let mut drawn = std::collections::BTreeSet::new();
    watchdog.handle(Event::ConnectionUp, START);
    for _ in 0..200 {
        watchdog.handle(Event::NonDwa, START);
        drawn.insert(watchdog.deadline().unwrap().since(START));
    }
    assert!(*drawn.first().unwrap() >= LEAST_WATCHDOG.checked_sub(Duration::from_secs(2)).unwrap());
    assert!(*drawn.last().unwrap() <= LEAST_WATCHDOG + Duration::from_secs(2));
    assert!(drawn.len() > 150, "{}", drawn.len());
}

// A connection under its watchdog.

#[test]
fn a_silent_peer_is_asked_once_and_then_given_up() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    node.advance(Duration::from_secs(28) - Duration::from_micros(1));
    assert!(node.sent(id).is_empty(), "not before Tw");
    node.advance(Duration::from_secs(4));
    assert_eq!(brief(&node.sent_one(id)), (DW, true, None));
    assert_eq!(node.socket(id).machine.watchdog(), State::Okay);
    node.advance(Duration::from_secs(32));
    assert_eq!(node.socket(id).machine.watchdog(), State::Suspect);
    assert!(node.sent(id).is_empty(), "a DWR is never sent again");
    assert_eq!(node.phase(id), Phase::Open);
    node.advance(Duration::from_secs(32));
    assert_eq!(node.story(id), ["down Watchdog []", "close Watchdog"]);
    assert!(node.sent(id).is_empty());
}

#[test]
fn any_message_is_a_sign_of_life() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    for n in 0..20 {
        node.advance(Duration::from_secs(27));
        node.feed(id, &wire::ccr(&n.to_string()));
    }
    assert!(node.sent(id).is_empty(), "a busy connection needs no watchdog");
    node.advance(Duration::from_secs(33));
    assert_eq!(brief(&node.sent_one(id)), (DW, true, None));
    node.advance(Duration::from_secs(32));
    assert_eq!(node.socket(id).machine.watchdog(), State::Suspect);
    node.feed(id, &wire::ccr("late"));
    assert_eq!(node.socket(id).machine.watchdog(), State::Okay);
    assert_eq!(node.phase(id), Phase::Open);
}

/// A peer that gets the identifiers of its DWA wrong is alive all the same.
#[test]
fn any_dwa_counts_as_an_answer() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    for _ in 0..5 {
        node.advance(Duration::from_secs(32));
        assert_eq!(brief(&node.sent_one(id)), (DW, true, None));
        node.feed(id, &wire::dwa(&wire::read(wire::dwr("x.kz")), PGW));
    }
    assert_eq!(node.socket(id).machine.watchdog(), State::Okay);
}

#[test]
fn a_peer_that_the_watchdog_gave_up_proves_itself_by_three_answers_and_is_served_meanwhile() {
    let mut node = Node::server();
    let old = node.open_from(PGW);
    node.advance(Duration::from_secs(3 * 32));
    assert_eq!(node.closed(old), Some(Reason::Watchdog));

    let id = node.accept();
    node.feed(id, &wire::cer(PGW));
    let sent = node.sent(id);
    assert_eq!(sent.iter().map(brief).collect::<Vec<_>>(), [(CE, false, Some(2001)), (DW, true, None)]);
    let mut dwr = sent[1].clone();
    for _ in 0..2 {
        node.feed(id, &[wire::dwa(&dwr, PGW), wire::ccr("served")].concat());
        assert_eq!(node.socket(id).machine.watchdog(), State::Reopen);
        node.advance(Duration::from_secs(32));
        dwr = node.sent_one(id);
    }
    node.feed(id, &wire::dwa(&dwr, PGW));
    assert_eq!(node.socket(id).machine.watchdog(), State::Okay);
    assert_eq!(node.story(id), [&format!("up {PGW}"), "request served", "request served"]);
}

#[test]
fn an_initiator_after_the_watchdog_reopens() {
    let mut node = Node::server();
    let id = node.dial(PGW).unwrap();
    let socket = node.sockets.remove(&id).unwrap();
    node.sockets.insert(id, socket.map(Machine::reopening));
    node.connected(id);
    let cer = node.sent_one(id);
    node.feed(id, &wire::cea(&cer, PGW, 2001));
    assert_eq!(brief(&node.sent_one(id)), (DW, true, None));
    assert_eq!(node.socket(id).machine.watchdog(), State::Reopen);
}

#[test]
fn a_peer_that_left_by_itself_needs_no_proof() {
    let mut node = Node::server();
    let old = node.open_from(PGW);
    node.lost(old);
    let id = node.open_from(PGW);
    assert_eq!(node.socket(id).machine.watchdog(), State::Okay);
}

#[test]
fn the_watchdog_interval_is_the_one_configured() {
    let mut node = Node::server_with(Limits { watchdog: Duration::from_secs(10), ..Limits::DEFAULT });
    let id = node.open_from(PGW);
    node.advance(Duration::from_secs(12));
    assert_eq!(brief(&node.sent_one(id)), (DW, true, None));
}
