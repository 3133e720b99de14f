//! What is held, what is written, and that it is written once and together.

use super::world::*;
use crate::charging::account::{AccountId, Sequence};
use crate::charging::answer::{Denial, Outcome};
use crate::engine::core::query::{Mode, Query};
use crate::engine::core::{CommandError, Handled, Limits, Tag};

#[test]
fn an_answer_that_changes_something_is_held_for_its_batch() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let tag = world.send(initial("s"));
    assert_eq!(world.delivered.get(&tag), None);
    world.batch().unwrap();
    world.poll();
    assert_eq!(world.delivered.get(&tag), None, "a batch under way is not durable");
    world.durable();
    assert_eq!(world.answer(tag).outcome, Outcome::Done);
}

#[test]
fn an_answer_that_only_reads_is_held_for_what_it_read() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let first = world.send(initial("s"));
    world.batch().unwrap();
    let repeat = world.send(initial("s"));
    assert!(world.batch().is_none(), "a repeat changes nothing");
    world.poll();
    assert!(!world.delivered.contains_key(&repeat));
    world.durable();
    assert_eq!(world.answer(first), world.answer(repeat));
    let again = world.send(initial("s"));
    assert_eq!(world.answer(first), world.answer(again), "durable: at once");
}

#[test]
fn a_refusal_of_a_subscriber_who_was_just_added_waits_for_him() {
    let mut world = World::new(Limits::default());
    world.ask(initial("other"));
    let added = world.command(1, crate::engine::core::Change::AddSubscriber(new_subscriber(MSISDN, 0)));
    while world.load() {}
    let refused = world.send(initial("s"));
    assert!(!world.delivered.contains_key(&refused), "it read what is not durable");
    world.settle();
    assert!(matches!(world.replies.get(&added), Some(Ok(_))));
    assert!(world.answer(refused).parts.iter().all(|part| part.outcome == Outcome::Denied(Denial::NoCredit)));
}

#[test]
fn a_repeat_that_overtakes_the_load_of_the_first_gets_its_answer() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.restart();
    let first = world.core.handle(Tag(1_001), initial("s"), world.now);
    let second = world.core.handle(Tag(1_002), initial("s"), world.now);
    assert_eq!((first, second), (Handled::Parked, Handled::Parked));
    world.settle();
    assert_eq!(world.answer(Tag(1_001)), world.answer(Tag(1_002)));
    assert_eq!(world.core.facts().repeats, 1);
    assert_eq!(world.disk.session("s").unwrap().answers.len(), 1);
}

#[test]
fn requests_of_a_session_keep_their_order_though_the_first_must_wait() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.restart();
    let first = world.send(initial("s"));
    let last = world.send({
        let mut request = terminate("s", 1, 3_000);
        request.identities.clear();
        request
    });
    world.settle();
    assert_eq!(world.answer(first).outcome, Outcome::Done);
    assert_eq!(world.answer(last).outcome, Outcome::Done, "the session was there when it was looked for");
    assert_eq!(world.disk.main(1), cents(9_700));
}

#[test]
fn ten_updates_in_one_batch_are_one_image_and_ten_entries() {
    let mut world = World::with_money(Limits::default(), 100_000);
    world.ask(initial("s"));
    for number in 1..=10 {
        world.send(update("s", number, 1_000));
    }
    let ops = world.batch().unwrap();
    let count = |of: fn(&Op) -> bool| ops.iter().filter(|op| of(op)).count();
    assert_eq!(count(|op| matches!(op, Op::Account(_))), 1);
    assert_eq!(count(|op| matches!(op, Op::Session(..))), 1);
    assert_eq!(count(|op| matches!(op, Op::Ledger(_))), 10);
    world.settle();
    assert_eq!(world.disk.main(1), cents(99_000));
    world.disk.audit().unwrap();
    let Ok(crate::engine::core::View::Ledger(page)) =
        world.query(Query::Ledger { msisdn: number(MSISDN), after: None, limit: 100 })
    else {
        panic!()
    };
    assert_eq!(
        page.entries.iter().map(|entry| entry.index).collect::<Vec<_>>(),
        (1..=11).rev().collect::<Vec<_>>()
    );
    assert!(!page.archived && page.next.is_none());
}

#[test]
fn all_parts_of_a_request_are_in_one_batch() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    world.send(update("s", 1, 4_000));
    let ops = world.batch().unwrap();
    assert!(ops.iter().any(|op| matches!(op, Op::Account(account) if account.main == cents(9_600))));
    assert!(ops.iter().any(|op| matches!(op, Op::Session(_, session) if session.answers.len() == 2)));
    assert!(ops.iter().any(|op| matches!(op, Op::Ledger(entry) if entry.amount == cents(-400))));
    world.durable();
    let head = world.disk.accounts[&AccountId(1)].ledger_head;
    assert_eq!(head, Some(world.disk.facts.last), "the head names the batch of the entry");
    world.disk.audit().unwrap();
}

#[test]
fn what_is_decided_while_a_batch_is_under_way_goes_into_the_next() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    world.send(update("s", 1, 1_000));
    let first = world.batch().unwrap();
    let later = world.send(update("s", 2, 1_000));
    assert!(world.batch().is_none(), "one at a time");
    assert!(first.iter().all(|op| !matches!(op, Op::Account(account) if account.main != cents(9_900))));
    world.durable();
    assert!(!world.delivered.contains_key(&later));
    world.settle();
    world.answer(later);
    assert_eq!(world.disk.main(1), cents(9_800));
}

#[test]
fn after_a_failure_nothing_that_was_held_leaves_and_only_emergencies_are_served() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let held = world.send(initial("s"));
    let order = world.command(
        9,
        crate::engine::core::Change::Adjust { msisdn: number(MSISDN), amount: cents(1), note: None },
    );
    let parked = world.send({
        let mut request = initial("t");
        request.identities = vec![crate::charging::request::Identity::Imsi(number("401"))];
        request
    });
    world.batch().unwrap();
    world.core.on_failed(world.now);
    world.poll();
    assert_eq!(world.core.mode(), Mode::Failed);
    assert!(!world.delivered.contains_key(&held));
    assert_eq!(world.delivered.get(&parked), Some(&Delivered::Overloaded));
    assert_eq!(world.replies.get(&order), Some(&Err(CommandError::StoreFailed)));
    assert!(world.batch().is_none());
    let refused = world.send(update("s", 1, 1));
    assert_eq!(world.delivered.get(&refused), Some(&Delivered::Overloaded));
    assert!(world.core.is_settled());
}

#[test]
fn memory_is_bounded_and_what_was_put_out_is_found_again() {
    let limits = Limits { cached_octets: 20_000, ..Limits::default() };
    let mut world = World::with_money(limits, 1_000_000);
    for session in 0..200 {
        world.ask(initial(&format!("s{session}")));
    }
    assert!(world.core.cached_octets() < 40_000, "{}", world.core.cached_octets());
    assert!(world.core.facts().evicted > 100);
    for session in 0..200 {
        world.ask(terminate(&format!("s{session}"), 1, 100));
    }
    assert_eq!(world.disk.main(1), cents(1_000_000 - 200 * 10));
    world.disk.audit().unwrap();
    assert_eq!(world.disk.accounts[&AccountId(1)].reserved, cents(0));
    assert_eq!(world.core.reserved(), cents(0));
}

#[test]
fn what_is_not_durable_is_never_put_out() {
    let limits = Limits { cached_octets: 0, ..Limits::default() };
    let mut world = World::with_money(limits, 10_000);
    world.send(initial("s"));
    while world.load() {}
    world.batch().unwrap();
    for number in 1..=5 {
        let tag = world.send(update("s", number, 1_000));
        assert!(!world.delivered.contains_key(&tag));
    }
    world.settle();
    assert_eq!(world.disk.main(1), cents(9_500));
    world.disk.audit().unwrap();
}

#[test]
fn a_load_that_fails_is_overload_and_the_next_try_may_succeed() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.restart();
    let tag = world.send(initial("s"));
    let load = world.core.poll_load().unwrap();
    let found = crate::engine::core::Found::Failed;
    world.core.on_loaded(crate::engine::core::Loaded { load, found }, world.now);
    world.poll();
    assert_eq!(world.delivered.get(&tag), Some(&Delivered::Overloaded));
    assert_eq!(world.ask(initial("s")).outcome, Outcome::Done);
}

#[test]
fn use_on_both_sides_of_a_new_catalogue_is_rated_by_each_for_its_time() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let at = |world: &World, mut request: crate::charging::request::Request| {
        request.at = world.now;
        request
    };
    let opening = at(&world, initial("s"));
    world.ask(opening);
    world.pass(30);
    world.core.set_catalogue(std::sync::Arc::new(catalogue(2)), b"second".as_slice().into());
    world.pass(10);
    // the same again changes nothing
    world.core.set_catalogue(std::sync::Arc::new(catalogue(2)), b"second".as_slice().into());
    let report = at(&world, update("s", 1, 8_000));
    world.ask(report);
    world.settle();
    let rated = &world.disk.session("s").unwrap().quotas[0].rated;
    let by_version: Vec<_> = rated.iter().map(|line| (line.rate.version, line.units)).collect();
    assert_eq!(by_version, [(1, 6_000), (2, 2_000)]);
}

#[test]
fn a_new_catalogue_is_written_once() {
    let mut world = World::with_money(Limits::default(), 10_000);
    assert_eq!(world.disk.catalogues.len(), 1);
    world.core.set_catalogue(std::sync::Arc::new(catalogue(2)), b"second".as_slice().into());
    world.core.set_catalogue(std::sync::Arc::new(catalogue(2)), b"second".as_slice().into());
    let ops = world.batch().unwrap();
    assert_eq!(ops.iter().filter(|op| matches!(op, Op::Catalogue(..))).count(), 1);
    world.settle();
    assert_eq!(world.disk.catalogues[&2], b"second");
    assert_eq!(world.disk.facts.catalogue, Some(2));
    assert!(world.disk.facts.last > Sequence(1));
}
