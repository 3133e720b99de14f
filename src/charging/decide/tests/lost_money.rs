//! How other servers lost money: each way is a test. The numbers are those of the list; the ways of the
//! wire (12, 14) are not charging's.

use super::world::*;
use crate::charging::answer::{Denial, Outcome};
use crate::charging::books::operations::tests::cents;
use crate::charging::catalogue::Then;
use crate::charging::ledger::EntryKind;
use crate::charging::request::{Kind, Part, QuotaKey, TariffSide, Used};
use crate::charging::units::{Money, Unit};

#[test]
fn lost_money_01_a_retransmitted_request_is_charged_once() {
    let mut world = World::new(tariff(), 10_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    let update = Ask::data(Kind::Update, "s", 1).more(group(10), octets(MB));
    let end = Ask::data(Kind::Terminate, "s", 2).used(group(10), octets(MB));
    let event = Ask::sms("e", &["77051112233"]).ask(QuotaKey::default());
    for ask in [&update, &end, &event] {
        // nothing but session, kind and number tells a repeat: the rest may differ
        for digest in 0..3 {
            world.send(&ask.clone().digest(digest));
        }
    }
    assert_eq!(world.main(), cents(10_000 - 100 - 100 - 200));
    assert_eq!(world.ledger.len(), 4);
}

#[test]
fn lost_money_02_a_group_out_of_credit_is_never_answered_with_success_alone() {
    let mut world = World::new(tariff(), 5_000);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(30)).ask(group(20)));
    assert_eq!(answer.outcome, Outcome::Done);
    assert_eq!(refused_in(&answer, 1), Denial::NoCredit);
    let answer = world.send(&Ask::data(Kind::Update, "s", 1).ask(group(30)).more(group(10), octets(50 * MB)));
    for part in &answer.parts {
        assert!(part.grant.is_some() || part.outcome != Outcome::Done, "{part:?}");
    }
}

#[test]
fn lost_money_03_every_group_of_the_request_has_its_part_in_the_answer() {
    let mut parts = tariff();
    parts.plans[0].rates.remove(1);
    let mut world = World::new(parts, 100);
    // granted, no rate, free, no rate again, the default quota, services of their own
    let keys = [
        group(10),
        group(30),
        group(20),
        group(99),
        QuotaKey::default(),
        QuotaKey { rating_group: Some(10), services: vec![1, 2] },
    ];
    let ask = keys.iter().cloned().fold(Ask::data(Kind::Initial, "s", 0), Ask::ask);
    let answered: Vec<_> = world.send(&ask).parts.into_iter().map(|part| part.key).collect();
    assert_eq!(answered, keys);
}

#[test]
fn lost_money_04_a_request_is_one_change_of_all_its_parts_or_none() {
    let mut world = World::new(tariff(), 30_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(30)));
    let before = world.clone();
    let ask = Ask::data(Kind::Update, "s", 1)
        .more(group(10), octets(MB))
        .more(group(30), octets(MB))
        .ask(group(99));
    world.send(&ask);
    // one account, one session, one list of entries to commit; not a write for each part
    let changes = &world.changes;
    assert!(changes.account && changes.session && changes.ledger.len() == 2);
    assert_eq!(world.account.revision, before.account.revision + 1);
    assert_eq!(world.main(), cents(30_000 - 100 - 300));
    assert_eq!(world.session("s").answers.len(), 2);
}

#[test]
fn lost_money_05_all_reports_of_use_are_added() {
    let mut world = World::new(tariff(), 10_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    let sides = [Some(TariffSide::Before), Some(TariffSide::After), Some(TariffSide::Either), None];
    let used = sides.map(|side| Used { measured: octets(MB), side }).to_vec();
    world.send(&Ask::data(Kind::Update, "s", 1).part(Part { key: group(10), used, ..Part::default() }));
    assert_eq!(world.main(), cents(9_600));
}

#[test]
fn lost_money_06_what_a_vanished_session_held_is_freed_without_a_human() {
    let mut parts = tariff();
    parts.plans[0].bundles.push(bundle("data", covers(DATA, &[10], &[]), Unit::Octets, 20 * MB, Then::Rates));
    let mut world = World::new(parts, 10_000);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    assert!(granted(&answer).validity_secs.is_some_and(|validity| validity > 0));
    assert_eq!((world.reserved(), world.allowance("data").reserved), (cents(3_000), 20 * MB));
    world.pass(7_200);
    assert_eq!((world.reserved(), world.allowance("data").reserved), (Money::ZERO, 0));
    world.pass(100 * 3_600);
    world.pass(100 * 3_600);
    assert!(world.sessions.is_empty());
    assert_eq!((world.main(), world.allowance("data").left), (cents(10_000), 20 * MB));
}

#[test]
fn lost_money_07_a_grant_debits_nothing_so_that_nothing_needs_a_refund() {
    let mut world = World::new(tariff(), 10_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    assert_eq!((world.main(), world.ledger.len()), (cents(10_000), 1));
    assert_eq!(world.account.available(), cents(5_000));
    world.send(&Ask::data(Kind::Terminate, "s", 1).used(group(10), octets(0)));
    assert_eq!(
        (world.main(), world.ledger.len(), world.account.available()),
        (cents(10_000), 1, cents(10_000))
    );
}

#[test]
fn lost_money_08_parallel_sessions_together_get_no_more_than_the_balance() {
    let mut world = World::new(tariff(), 12_000);
    let mut granted = 0;
    for number in 0..10 {
        let answer = world.send(&Ask::data(Kind::Initial, &format!("s{number}"), 0).ask(group(10)));
        granted += answer.parts[0].grant.as_ref().map_or(0, |grant| grant.amount.count);
        assert!(!world.account.available().is_negative());
    }
    assert_eq!(granted, 120 * MB);
}

#[test]
fn lost_money_09_no_grant_takes_the_account_below_its_floor() {
    let mut world = World::new(tariff(), 1_234);
    let mut used = 0;
    for number in 0..5 {
        let kind = if number == 0 { Kind::Initial } else { Kind::Update };
        let answer = world.send(&Ask::data(kind, "s", number).more(group(10), octets(used)));
        used = answer.parts[0].grant.as_ref().map_or(0, |grant| grant.amount.count);
        assert!(!world.account.available().is_negative());
    }
    assert_eq!(world.main(), Money::ZERO);
}

#[test]
fn lost_money_10_the_end_of_an_unknown_session_is_charged_at_most_once() {
    for charged in [true, false] {
        let mut world = World::new(tariff(), 10_000);
        world.policy.charge_unknown_sessions = charged;
        let end = Ask::data(Kind::Terminate, "gone", 7).used(group(10), octets(MB));
        for _ in 0..3 {
            assert_eq!(refused(&world.send(&end)), Denial::UnknownSession);
        }
        assert_eq!(world.main(), cents(if charged { 9_900 } else { 10_000 }));
        let late = world.ledger.iter().filter(|entry| entry.kind == EntryKind::Late).count();
        assert_eq!(late, usize::from(charged));
    }
}

#[test]
fn lost_money_11_a_tenth_of_a_unit_added_ten_times_is_the_unit() {
    // 0.10 and 0.20 have no exact binary fraction: a million of each are exact all the same
    let mut parts = tariff();
    parts.plans[0].rates[4].price = Money::from_micros(100_000);
    let mut world = World::new(parts, 100_000_000);
    // the ledger is thrown away on the way: there is nothing to compare records with
    world.policy.cdr.on = false;
    // the ledger is thrown away on the way: there is nothing to compare records with
    world.policy.cdr.on = false;
    for number in 0..1_000 {
        let mut ask = Ask::sms("e", &["77051112233"]).ask(QuotaKey::default());
        ask.0.number = number;
        world.send(&ask);
        world.events.clear();
        world.ledger.drain(..world.ledger.len() - 1);
    }
    assert_eq!(world.main(), cents(100_000_000 - 10_000));
}
