//! Refunds of events whose records are in memory, in a batch under way, or in the store.

use super::world::*;
use crate::charging::answer::{Answer, Denial, Outcome};
use crate::charging::ledger::EntryKind;
use crate::charging::refund::Token;
use crate::charging::request::{Action, Identity, Request, SessionId};
use crate::engine::core::sink::EventBucket;
use crate::engine::core::{Limits, Scanned};

/// Limits as they are, and those of a memory that keeps no answer of an event longer than it must.
fn limits() -> [Limits; 2] {
    [Limits::default(), forgetful()]
}

fn forgetful() -> Limits {
    Limits { recent_events: 0, ..Limits::default() }
}

fn world(limits: Limits) -> World {
    World::with_money(limits, 10_000)
}

fn no(answer: &Answer) {
    assert_eq!(answer.outcome, Outcome::Denied(Denial::NoRefund));
}

/// Refunds of one identifier are given back once, whatever comes later.
fn given_back_once(world: &mut World, token: &[u8]) {
    let main = world.disk.main(1);
    for name in ["again;1", "again;2"] {
        no(&world.ask(refund(name, token)));
        world.restart();
        no(&world.ask(refund(name, token)));
    }
    assert_eq!(world.disk.main(1), main);
    world.disk.audit().unwrap();
}

#[test]
fn a_debit_that_is_not_durable_is_given_back_in_the_same_batch() {
    for limits in limits() {
        let mut world = world(limits);
        world.settle();
        let mut twin = World::with_money(limits, 10_000);
        let debit = twin.ask(refundable("sms;1"));
        // the client cannot have the answer yet; a token that it somehow knows is as good
        world.send(refundable("sms;1"));
        let tag = world.send(refund("back;1", &token(&debit)));
        let ops = world.batch().unwrap();
        let events: Vec<_> = ops.iter().filter(|op| matches!(op, Op::Event(_))).collect();
        assert_eq!(events.len(), 2, "one record of the debit, one of the refund");
        world.durable();
        world.settle();
        assert_eq!(world.answer(tag).outcome, Outcome::Done);
        assert_eq!(world.disk.main(1), cents(10_000));
        let kinds: Vec<_> = world.disk.ledger.values().map(|(_, entry)| entry.kind).collect();
        assert_eq!(kinds, [EntryKind::Advance, EntryKind::Charge, EntryKind::Refund]);
        given_back_once(&mut world, &token(&debit));
    }
}

#[test]
fn a_debit_whose_batch_is_under_way_is_given_back_in_the_next() {
    for limits in limits() {
        let mut world = world(limits);
        world.settle();
        let debit = world.send(refundable("sms;1"));
        world.batch().unwrap();
        let token = Token { part: 0, number: 0, session: SessionId::new("sms;1").unwrap() }.write();
        let tag = world.send(refund("back;1", &token));
        world.durable();
        assert!(world.delivered.contains_key(&debit) && !world.delivered.contains_key(&tag));
        world.settle();
        assert_eq!(world.answer(tag).outcome, Outcome::Done);
        assert_eq!(world.disk.main(1), cents(10_000));
        given_back_once(&mut world, &token);
    }
}

#[test]
fn a_debit_is_given_back_after_a_restart_and_once() {
    for limits in limits() {
        let mut world = world(limits);
        let token = token(&world.ask(refundable("sms;1")));
        world.restart();
        let first = world.ask(refund("back;1", &token));
        assert_eq!((first.outcome, world.disk.main(1)), (Outcome::Done, cents(10_000)));
        world.restart();
        assert_eq!(world.ask(refund("back;1", &token)), first, "the stored answer");
        given_back_once(&mut world, &token);
    }
}

#[test]
fn a_refund_that_was_lost_with_the_power_is_done_when_it_is_repeated() {
    let mut world = world(Limits::default());
    let token = token(&world.ask(refundable("sms;1")));
    let lost = world.send(refund("back;1", &token));
    world.batch().unwrap();
    world.restart();
    assert!(!world.delivered.contains_key(&lost));
    assert_eq!(world.disk.main(1), cents(9_500));
    assert_eq!(world.ask(refund("back;1", &token)).outcome, Outcome::Done);
    assert_eq!(world.disk.main(1), cents(10_000));
    given_back_once(&mut world, &token);
}

#[test]
fn an_older_record_that_is_read_again_does_not_undo_a_refund() {
    for limits in limits() {
        let mut world = world(limits);
        // both in one batch, so that reading it for one brings the other
        let (one, other) = (world.send(refundable("sms;1")), world.send(refundable("sms;2")));
        world.settle();
        let (one, other) = (token(&world.answer(one)), token(&world.answer(other)));
        assert_eq!(world.ask(refund("back;1", &one)).outcome, Outcome::Done);
        world.restart();
        world.ask(refundable("sms;2"));
        no(&world.ask(refund("back;2", &one)));
        assert_eq!(world.disk.main(1), cents(9_500));
        assert_eq!(world.ask(refund("back;4", &other)).outcome, Outcome::Done);
        given_back_once(&mut world, &one);
        given_back_once(&mut world, &other);
    }
}

#[test]
fn a_refund_waits_until_all_keys_are_known() {
    let mut world = world(Limits::default());
    let token = token(&world.ask(refundable("sms;1")));
    // the refund's mark on the debit comes into another bucket
    for name in 0..EventBucket::MOST {
        world.send(nothing_back(&format!("fill;{name}")));
    }
    world.settle();
    world.ask(refund("back;1", &token));
    let main = world.disk.main(1);
    world.cut();
    world.core.on_recovered(&world.disk.facts, b"tariff".as_slice().into(), world.now);
    let mut buckets = world.disk.buckets.values().cloned();
    let first = Scanned::Buckets(buckets.by_ref().take(1).collect());
    let rest = Scanned::Buckets(buckets.collect());
    world.core.on_scanned(first, world.now);
    // the first bucket alone says that the debit stands as it was: its repeat is answered from there
    let repeat = world.send(refundable("sms;1"));
    let early = world.send(refund("back;2", &token));
    world.settle();
    assert!(world.delivered.contains_key(&repeat) && !world.delivered.contains_key(&early));
    for piece in [rest, Scanned::BucketsDone, Scanned::SessionsDone] {
        world.core.on_scanned(piece, world.now);
    }
    world.settle();
    no(&world.answer(early));
    assert_eq!(world.disk.main(1), main);
    given_back_once(&mut world, &token);
}

/// An event that changes nothing and is kept.
fn nothing_back(session: &str) -> Request {
    refund(session, b"none")
}

#[test]
fn after_its_horizon_a_debit_is_not_given_back() {
    let mut world = world(Limits::default());
    let token = token(&world.ask(refundable("sms;1")));
    world.pass(72 * 3_600);
    no(&world.ask(refund("back;1", &token)));
    assert_eq!(world.disk.main(1), cents(9_500));
}

#[test]
fn a_token_of_another_number_gives_nothing_back() {
    let mut world = world(Limits::default());
    world.add("77010000002", 0);
    let token = token(&world.ask(refundable("sms;1")));
    let mut theirs = refund("back;1", &token);
    theirs.identities = vec![Identity::E164(number("77010000002"))];
    no(&world.ask(theirs));
    assert_eq!((world.disk.main(1), world.disk.main(2)), (cents(9_500), cents(0)));
    assert_eq!(world.ask(refund("back;2", &token)).outcome, Outcome::Done);
}

#[test]
fn a_question_is_answered_from_what_is_durable_and_written_nowhere() {
    let mut world = world(Limits::default());
    world.settle();
    let debit = world.send(refundable("sms;1"));
    let asked = world.send(question(Action::CheckBalance, "ask;1"));
    world.batch().unwrap();
    assert!(!world.delivered.contains_key(&asked), "it rests on a debit that is not durable");
    world.durable();
    world.settle();
    assert_eq!(world.answer(debit).outcome, Outcome::Done);
    let extra = world.answer(asked).extra.unwrap();
    assert_eq!(extra.enough, Some(true));
    let price = world.ask(question(Action::PriceEnquiry, "ask;1"));
    assert_eq!(price.extra.unwrap().cost, Some(cents(500)));
    assert_eq!(world.disk.events.len(), 1);
    assert!(world.core.is_settled());
}
