//! One-time events (RFC 8506 §6.1, TS 32.274).

use super::world::*;
use crate::charging::answer::Denial;
use crate::charging::books::operations::tests::cents;
use crate::charging::catalogue::Then;
use crate::charging::request::{Action, Kind, QuotaKey, Role, Shape};
use crate::charging::units::{Money, Unit};

const ONE: &str = "77051112233";
const TWO: &str = "+77051112244";

fn whole() -> QuotaKey {
    QuotaKey::default()
}

#[test]
fn a_message_is_charged_at_once_and_leaves_no_session() {
    let mut world = World::new(tariff(), 500);
    let answer = world.send(&Ask::sms("e", &[ONE]).ask_for(whole(), pieces(2)));
    let grant = granted(&answer);
    assert_eq!((grant.amount.unit, grant.amount.count), (Unit::Pieces, 2));
    assert_eq!((grant.validity_secs, grant.threshold, &grant.final_unit), (None, None, &None));
    assert_eq!((world.main(), world.sessions.len(), world.events.len()), (cents(100), 0, 1));
    assert_eq!((world.last_use().above_grant, world.notes.above_grant), (0, false));
}

#[test]
fn a_message_without_a_number_is_one_piece() {
    let mut world = World::new(tariff(), 500);
    assert_eq!(granted(&world.send(&Ask::sms("a", &[ONE]).ask(whole()))).amount.count, 1);
    // without any part, at command level
    let mut ask = Ask::sms("b", &[ONE]);
    ask.0.shape = Shape::Command;
    let answer = world.send(&ask);
    done(&answer);
    assert_eq!((answer.parts.len(), answer.shape), (0, Shape::Command));
    assert_eq!(world.main(), cents(100));
}

#[test]
fn a_message_to_several_recipients_costs_the_sum() {
    let mut parts = tariff();
    parts.plans[0].rates.push(rate(SMS, &[], &[0], 50, 1, 1));
    let mut world = World::new(parts, 10_000);
    // two segments each: 2 × 2.00 + 2 × 0.50, and nothing to a free number
    let answer = world.send(&Ask::sms("e", &[ONE, "77011112233", "9090"]).ask_for(whole(), pieces(2)));
    assert_eq!(granted(&answer).amount.count, 2);
    assert_eq!(world.main(), cents(10_000 - 500));
    assert_eq!(world.changes.ledger.len(), 3);
}

#[test]
fn a_message_to_several_recipients_is_charged_for_all_or_none() {
    let mut world = World::new(tariff(), 599);
    let before = world.account.clone();
    let answer = world.send(&Ask::sms("e", &[ONE, TWO, "77051112255"]).ask(whole()));
    assert_eq!((refused(&answer), answer.parts.len()), (Denial::NoCredit, 1));
    assert_eq!((&world.account, world.ledger.len()), (&before, 1));
    assert_eq!(granted(&world.send(&Ask::sms("f", &[ONE, TWO]).ask(whole()))).amount.count, 1);
    assert_eq!(world.main(), cents(199));
}

#[test]
fn recipients_at_one_rate_are_rounded_together() {
    let mut parts = tariff();
    parts.plans[0].rates[4].price = Money::from_micros(5_000);
    let mut world = World::new(parts, 100);
    // 3 × 0.005 = 0.015: two hundredths, not three
    world.send(&Ask::sms("e", &[ONE, TWO, "77051112255"]).ask(whole()));
    assert_eq!(world.main(), cents(98));
}

#[test]
fn bundles_pay_for_messages_and_come_back_when_the_rest_cannot_be_paid() {
    let mut parts = tariff();
    parts.plans[0].bundles.push(bundle("sms", covers(SMS, &[], &[]), Unit::Pieces, 2, Then::Rates));
    let mut world = World::new(parts, 199);
    assert_eq!(
        refused(&world.send(&Ask::sms("e", &[ONE, TWO, "77051112255"]).ask(whole()))),
        Denial::NoCredit
    );
    assert_eq!(world.allowance("sms").left, 2);
    granted(&world.send(&Ask::sms("f", &[ONE, TWO]).ask(whole())));
    assert_eq!((world.main(), world.allowance("sms").left), (cents(199), 0));
}

#[test]
fn a_bundle_that_stops_refuses_the_message_after_it() {
    let mut parts = tariff();
    parts.plans[0].bundles.push(bundle("sms", covers(SMS, &[], &[]), Unit::Pieces, 1, Then::Stop));
    let mut world = World::new(parts, 1_000);
    granted(&world.send(&Ask::sms("e", &[ONE]).ask(whole())));
    assert_eq!(refused(&world.send(&Ask::sms("f", &[ONE]).ask(whole()))), Denial::NoCredit);
}

#[test]
fn an_event_with_several_parts_is_charged_whole_or_not_at_all() {
    let mut parts = tariff();
    let other = QuotaKey { rating_group: None, services: vec![5] };
    parts.plans[0].bundles.push(bundle("sms", covers(SMS, &[], &[]), Unit::Pieces, 1, Then::Rates));
    let mut world = World::new(parts, 300);
    let ask = |name| Ask::sms(name, &[ONE]).ask_for(whole(), pieces(1)).ask_for(other.clone(), pieces(2));
    let answer = world.send(&ask("e"));
    assert_eq!((refused(&answer), answer.parts.len()), (Denial::NoCredit, 2));
    assert_eq!((world.main(), world.allowance("sms").left), (cents(300), 1));
    world.topup(100);
    let answer = world.send(&ask("f"));
    assert!(answer.parts.iter().all(|part| part.grant.is_some()));
    assert_eq!((world.main(), world.allowance("sms").left), (Money::ZERO, 0));
}

#[test]
fn the_last_money_pays_the_last_message() {
    let mut world = World::new(tariff(), 200);
    granted(&world.send(&Ask::sms("e", &[ONE]).ask(whole())));
    assert_eq!(refused(&world.send(&Ask::sms("f", &[ONE]).ask(whole()))), Denial::NoCredit);
    assert_eq!(world.main(), Money::ZERO);
}

#[test]
fn a_call_as_an_event_is_charged_by_its_seconds() {
    let mut world = World::new(tariff(), 1_000);
    let event = |name| Ask::voice(Kind::Event(Action::Debit), name, 0, ONE);
    assert_eq!(granted(&world.send(&event("a").ask_for(whole(), seconds(61)))).amount.count, 61);
    assert_eq!(world.main(), cents(390));
    granted(&world.send(&event("b").used(whole(), seconds(10))));
    assert_eq!(world.main(), cents(290));
    // without any number there is nothing to charge by
    assert_eq!(refused(&world.send(&event("c").ask(whole()))), Denial::NoRate);
}

#[test]
fn data_as_an_event_may_be_more_than_a_slice() {
    let mut world = World::new(tariff(), 9_000);
    let event = Ask::data(Kind::Event(Action::Debit), "e", 0).ask_for(group(10), octets(90 * MB));
    assert_eq!(granted(&world.send(&event)).amount.count, 90 * MB);
    assert_eq!(world.main(), Money::ZERO);
}

#[test]
fn an_incoming_message_is_free_at_home() {
    let mut world = World::new(tariff(), 0);
    granted(&world.send(&Ask::sms("e", &["77010000001"]).role(Role::Terminating).ask(whole())));
    assert_eq!(world.main(), Money::ZERO);
}

#[test]
fn a_repeated_event_gets_the_stored_answer() {
    let mut world = World::new(tariff(), 1_000);
    let ask = Ask::sms("e", &[ONE]).ask(whole());
    let first = world.send(&ask);
    assert_eq!(world.send(&ask), first);
    assert!(world.notes.repeat && !world.notes.contradicts);
    assert_eq!(world.send(&ask.clone().digest(9)), first);
    assert!(world.notes.contradicts);
    assert_eq!((world.main(), world.events.len()), (cents(800), 1));
    // another number is another event
    let mut next = ask;
    next.0.number = 1;
    world.send(&next);
    assert_eq!(world.main(), cents(600));
}

#[test]
fn a_refused_event_is_refused_again_when_it_is_repeated() {
    let mut world = World::new(tariff(), 0);
    let ask = Ask::sms("e", &[ONE]).ask(whole());
    let first = world.send(&ask);
    assert_eq!(refused(&first), Denial::NoCredit);
    world.topup(1_000);
    assert_eq!(world.send(&ask), first);
    assert_eq!(world.main(), cents(1_000));
}

#[test]
fn an_event_of_an_ended_number_is_refused_and_not_kept() {
    let mut world = World::new(tariff(), 1_000);
    world.subscriber.standing = crate::charging::account::Standing::Ended;
    let answer = world.send(&Ask::sms("e", &[ONE]).ask(whole()));
    assert_eq!((refused(&answer), answer.parts.len()), (Denial::Ended, 0));
    assert!(world.events.is_empty());
}

#[test]
fn an_event_whose_units_cannot_be_counted_is_refused() {
    let mut world = World::new(tariff(), 1_000);
    let ask = Ask::sms("e", &[ONE]).ask_for(whole(), pieces(u64::MAX));
    assert_eq!(refused(&world.send(&ask)), Denial::NoCredit);
    let free = Ask::sms("f", &["3030", ONE]).ask_for(whole(), pieces(u64::MAX));
    assert_eq!(refused(&world.send(&free)), Denial::NoCredit);
    assert_eq!(world.main(), cents(1_000));
}
