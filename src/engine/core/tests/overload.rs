//! The marks: what is refused when too much waits, and in which order.

use core::time::Duration;

use super::world::*;
use crate::engine::core::{Handled, Limits, Tag};
use crate::time::Timestamp;

fn refused(world: &mut World, request: crate::charging::request::Request) -> bool {
    let tag = world.send(request);
    world.delivered.get(&tag) == Some(&Delivered::Overloaded)
}

#[test]
fn the_soft_mark_refuses_new_sessions_and_events_the_hard_mark_all() {
    let limits = Limits { soft_mark: 3, hard_mark: 5, ..Limits::default() };
    let mut world = World::with_money(limits, 1_000_000);
    world.ask(initial("s"));
    world.batch();
    for number in 1..=3 {
        assert!(!refused(&mut world, update("s", number, 10)), "{number}");
    }
    assert!(refused(&mut world, initial("t")));
    assert!(refused(&mut world, message("sms;1")));
    assert!(!refused(&mut world, update("s", 4, 10)));
    assert!(!refused(&mut world, terminate("s", 5, 10)));
    assert!(refused(&mut world, update("s", 6, 10)));
    assert!(refused(&mut world, terminate("s", 7, 10)));
    assert_eq!(world.core.facts().overloaded, 4);
    world.settle();
    assert!(!refused(&mut world, initial("t")), "what left makes room");
    world.settle();
    world.disk.audit().unwrap();
}

#[test]
fn nothing_is_taken_that_would_wait_longer_than_three_seconds() {
    let mut world = World::with_money(Limits::default(), 1_000_000);
    world.ask(initial("s"));
    assert!(!refused(&mut world, update("s", 1, 10)));
    world.batch().unwrap();
    world.now = world.now.plus(Duration::from_secs(3));
    assert!(!refused(&mut world, update("s", 2, 10)));
    world.now = world.now.plus(Duration::from_millis(1));
    assert!(refused(&mut world, update("s", 3, 10)));
    assert!(refused(&mut world, terminate("s", 4, 10)));
    world.settle();
    assert!(!refused(&mut world, update("s", 3, 10)));
}

#[test]
fn a_large_open_batch_is_a_mark_too() {
    let limits = Limits { soft_batch_octets: 1, hard_batch_octets: 4_000, ..Limits::default() };
    let mut world = World::with_money(limits, 1_000_000);
    world.ask(initial("s"));
    assert!(!refused(&mut world, update("s", 1, 10)));
    assert!(refused(&mut world, initial("t")));
    let taken = (2..100).take_while(|number| !refused(&mut world, update("s", *number, 10))).count();
    assert!((2..20).contains(&taken), "{taken}");
    world.settle();
    assert!(!refused(&mut world, initial("t")));
}

#[test]
fn little_space_refuses_what_begins_and_nothing_else() {
    let mut world = World::with_money(Limits::default(), 1_000_000);
    world.ask(initial("s"));
    world.core.set_low_space(true);
    assert!(refused(&mut world, initial("t")));
    assert!(!refused(&mut world, update("s", 1, 10)));
    world.core.set_low_space(false);
    assert!(!refused(&mut world, initial("t")));
}

#[test]
fn a_store_that_is_behind_refuses_what_begins_and_nothing_else() {
    let mut world = World::with_money(Limits::default(), 1_000_000);
    world.ask(initial("s"));
    world.core.set_store_behind(true);
    assert!(refused(&mut world, initial("t")));
    assert!(refused(&mut world, message("sms;1")));
    assert!(!refused(&mut world, update("s", 1, 10)));
    assert!(!refused(&mut world, terminate("s", 2, 10)));
    world.core.set_store_behind(false);
    assert!(!refused(&mut world, initial("t")));
}

#[test]
fn a_request_whose_load_does_not_come_is_refused_after_three_seconds() {
    let mut world = World::with_money(Limits::default(), 1_000_000);
    world.restart();
    let first = world.send(initial("s"));
    let behind = world.send(initial("s"));
    let due = world.core.poll_timeout().unwrap();
    assert_eq!(due, world.now.plus(Duration::from_secs(3)));
    world.now = due;
    world.core.handle_timeout(due);
    world.poll();
    assert_eq!(world.delivered.get(&first), Some(&Delivered::Overloaded));
    assert!(!world.delivered.contains_key(&behind), "it is not as old to the instant, and waits on");
    world.now = due.plus(Duration::from_secs(4));
    world.core.handle_timeout(world.now);
    world.poll();
    assert_eq!(world.delivered.get(&behind), Some(&Delivered::Overloaded));
    assert_eq!(world.core.under_way(), 0);
    world.settle();
    assert_eq!(world.disk.sessions.len(), 0, "what was refused left no trace");
    assert!(!refused(&mut world, initial("s")));
    world.settle();
    assert_eq!(world.disk.sessions.len(), 1);
}

#[test]
fn a_late_load_answers_nothing_that_is_too_old() {
    let mut world = World::with_money(Limits::default(), 1_000_000);
    world.restart();
    let tag = world.send(initial("s"));
    world.now = world.now.plus(Duration::from_secs(4));
    while world.load() {}
    assert_eq!(world.delivered.get(&tag), Some(&Delivered::Overloaded));
}

#[test]
fn draining_serves_what_is_open_and_begins_nothing() {
    let mut world = World::with_money(Limits::default(), 1_000_000);
    world.ask(initial("s"));
    world.core.drain();
    assert!(refused(&mut world, initial("t")));
    assert!(refused(&mut world, message("sms;1")));
    assert!(!refused(&mut world, terminate("s", 1, 1_000)));
    assert!(!world.core.is_settled());
    world.settle();
    assert_eq!(world.disk.main(1), cents(999_900));
}

#[test]
fn time_that_goes_back_does_no_harm() {
    let mut world = World::with_money(Limits::default(), 1_000_000);
    world.ask(initial("s"));
    let handled = world.core.handle(Tag(77), update("s", 1, 10), Timestamp::EPOCH);
    assert!(matches!(handled, Handled::Answered(_)));
    world.core.handle_timeout(Timestamp::EPOCH);
    world.settle();
    assert_eq!(world.disk.session("s").unwrap().answers.len(), 2);
}
