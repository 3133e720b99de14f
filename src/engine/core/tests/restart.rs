//! Kill and restart: what was acknowledged is there, what is repeated is not charged.

use super::world::*;
use crate::charging::account::AccountId;
use crate::charging::answer::{Denial, Outcome};
use crate::charging::request::{Identity, Kind};
use crate::engine::core::query::{Query, View};
use crate::engine::core::{Handled, Limits, Mode, Tag};

#[test]
fn balance_reservation_session_and_stored_answers_survive_a_kill() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    let first = world.ask(update("s", 1, 4_000));
    let before = (world.disk.accounts.clone(), world.disk.sessions.clone());
    world.restart();
    assert_eq!(world.ask(update("s", 1, 4_000)), first);
    assert_eq!(
        (world.disk.accounts.clone(), world.disk.sessions.clone()),
        before,
        "a repeat changes nothing"
    );
    assert_eq!(world.core.facts().repeats, 1);
    let account = &world.disk.accounts[&AccountId(1)];
    assert_eq!((account.main, account.reserved), (cents(9_600), cents(1_000)));
    assert_eq!(world.core.reserved(), cents(1_000), "as the scan has found");
    world.ask(update("s", 2, 1_000));
    assert_eq!(world.disk.main(1), cents(9_500));
    world.disk.audit().unwrap();
}

#[test]
fn an_update_repeated_after_a_restart_is_charged_once() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    let lost = world.send(update("s", 1, 4_000));
    world.batch().unwrap();
    world.restart();
    assert!(!world.delivered.contains_key(&lost), "it was not durable and was not answered");
    world.ask(update("s", 1, 4_000));
    assert_eq!(world.disk.main(1), cents(9_600));
    world.restart();
    world.ask(update("s", 1, 4_000));
    assert_eq!(world.disk.main(1), cents(9_600));
    world.disk.audit().unwrap();
}

#[test]
fn an_event_repeated_after_a_restart_is_charged_once() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let first = world.ask(message("sms;1"));
    assert_eq!(world.disk.main(1), cents(9_500));
    assert_eq!(world.ask(message("sms;1")), first);
    world.restart();
    assert_eq!(world.ask(message("sms;1")), first);
    assert_eq!(world.disk.main(1), cents(9_500));
    world.ask(message("sms;2"));
    assert_eq!(world.disk.main(1), cents(9_000));
    world.disk.audit().unwrap();
}

#[test]
fn an_event_that_a_client_kept_for_hours_is_charged_once_whatever_happened_meanwhile() {
    let mut world = World::with_money(Limits::default(), 10_000);
    // the answer is decided and durable, and never reaches the client
    let first = world.ask(message("sms;1"));
    for hours in [1, 5, 20, 45] {
        world.pass(hours * 3_600);
        world.restart();
        // sent again with other identifiers and from another connection; nothing of that is in its key
        let mut again = message("sms;1");
        again.client_host = "smsc2".into();
        assert_eq!(world.ask(again), first, "after {hours} hours more");
    }
    assert_eq!(world.disk.main(1), cents(9_500));
    assert_eq!(world.core.facts().repeats, 1, "since the last start");
    world.disk.audit().unwrap();
}

#[test]
fn an_event_that_comes_before_the_keys_are_known_waits_for_them() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let first = world.ask(message("sms;1"));
    world.cut();
    world.core.on_recovered(&world.disk.facts, b"tariff".as_slice().into(), world.now);
    let early = world.send(message("sms;1"));
    while world.load() {}
    assert!(!world.delivered.contains_key(&early));
    world.scan();
    world.settle();
    assert_eq!(world.answer(early), first);
    assert_eq!(world.disk.main(1), cents(9_500));
}

#[test]
fn a_session_is_found_before_the_scan_has_reached_it() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    world.cut();
    world.core.on_recovered(&world.disk.facts, b"tariff".as_slice().into(), world.now);
    let early = world.send(update("s", 1, 1_000));
    while world.load() {}
    world.batch().unwrap();
    world.scan();
    world.settle();
    assert_eq!(world.answer(early).outcome, Outcome::Done);
    assert_eq!(world.core.reserved(), world.disk.accounts[&AccountId(1)].reserved, "counted once");
    assert_eq!(world.core.services().iter().map(|service| service.open).sum::<u64>(), 1);
}

#[test]
fn while_the_store_is_opened_everything_but_emergencies_is_refused() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.cut();
    assert_eq!(world.core.mode(), Mode::Starting);
    let refused = world.core.handle(Tag(1), initial("s"), world.now);
    assert_eq!(refused, Handled::Overloaded);
    let granted = world.core.handle(Tag(2), call(Kind::Initial, "ims;1", 0, Some("112")), world.now);
    assert!(matches!(granted, Handled::Answered(answered) if answered.held.is_none()));
    world.open();
    assert_eq!(world.ask(initial("s")).outcome, Outcome::Done);
}

#[test]
fn facts_of_the_store_stay() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.settle();
    let before = world.disk.facts.clone();
    assert!(before.origin_state.is_some() && before.hash_key.is_some() && before.time.is_some());
    let shown = world.core.origin_state();
    world.now = crate::time::Timestamp::from_micros(world.now.micros() + 5_000_000);
    world.restart();
    world.add("77010000002", 100);
    assert_eq!(world.core.origin_state(), shown);
    assert_eq!(world.disk.facts.hash_key, before.hash_key);
    assert_eq!(
        world.disk.subscribers[&number("77010000002")].account,
        AccountId(2),
        "numbers are given once"
    );
}

#[test]
fn engine_time_never_goes_back_behind_what_was_journalled() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    let journalled = world.disk.facts.time.unwrap();
    world.cut();
    world.now = crate::time::Timestamp::from_secs(1_000);
    world.open();
    world.add("77010000002", 100);
    let (_, entry) = &world.disk.ledger[&(AccountId(2), 1)];
    assert!(entry.at >= journalled, "{} {journalled}", entry.at);
}

#[test]
fn an_unknown_session_and_an_unknown_subscriber_are_told_apart() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let denied = |denial| Outcome::Denied(denial);
    assert_eq!(world.ask(update("never", 1, 5)).outcome, denied(Denial::UnknownSession));
    let mut stranger = initial("s");
    stranger.identities = vec![Identity::E164(number("77770000000"))];
    assert_eq!(world.ask(stranger.clone()).outcome, denied(Denial::UnknownSubscriber));
    stranger.identities.push(Identity::E164(number(MSISDN)));
    assert_eq!(world.ask(stranger).outcome, Outcome::Done, "one of the names is known");
    assert_eq!(world.core.facts().unknown_sessions, 1);
}

#[test]
fn an_identifier_of_an_ended_session_may_be_used_by_another_number() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.add("77010000002", 10_000);
    world.ask(initial("s"));
    world.ask(terminate("s", 1, 1_000));
    let mut other = initial("s");
    other.identities = vec![Identity::E164(number("77010000002"))];
    other.digest = 2;
    assert_eq!(world.ask(other).outcome, Outcome::Done);
    world.ask(terminate("s", 1, 2_000));
    assert_eq!((world.disk.main(1), world.disk.main(2)), (cents(9_900), cents(9_800)));
    world.disk.audit().unwrap();
}

#[test]
fn an_imsi_alone_finds_its_subscriber() {
    let mut world = World::new(Limits::default());
    let mut new = new_subscriber(MSISDN, 10_000);
    new.imsi = Some(number("401020000000001"));
    world.order(1, crate::engine::core::Change::AddSubscriber(new)).unwrap();
    for _ in 0..2 {
        let mut request = initial("s");
        request.identities = vec![Identity::Other("x".into()), Identity::Imsi(number("401020000000001"))];
        assert_eq!(world.ask(request).outcome, Outcome::Done);
        world.restart();
    }
}

#[test]
fn sessions_are_listed_from_memory_and_from_the_store() {
    let mut world = World::with_money(Limits::default(), 10_000);
    for session in ["a", "b", "c"] {
        world.ask(initial(session));
    }
    world.ask(terminate("b", 1, 0));
    world.restart();
    let list = Query::ListSessions { msisdn: Some(number(MSISDN)), after: None, limit: 2 };
    let Ok(View::Sessions { mut page, next, complete }) = world.query(list) else { panic!() };
    assert!(complete);
    let rest = Query::ListSessions { msisdn: None, after: next, limit: 2 };
    let Ok(View::Sessions { page: more, .. }) = world.query(rest) else { panic!() };
    page.extend(more);
    let mut ids: Vec<_> = page.iter().map(|session| session.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["a", "c"]);
    let shown = world.query(Query::ShowSession(initial("b").session));
    assert!(matches!(shown, Ok(View::Session(session)) if session.session.id.as_str() == "b"));
}
