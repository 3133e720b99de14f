//! Money by operators' commands: once by key and by reference, over restarts, and the books balance whatever is done.

use proptest::prelude::*;

use super::world::*;
use crate::charging::ledger::{Counter, EntryKind};
use crate::charging::units::Money;
use crate::engine::core::Limits;
use crate::engine::core::command::{Change, CommandError, SubscriberChange};
use crate::engine::core::query::View;
use crate::time::Timestamp;

const DAY: i64 = 86_400_000_000;

fn topup(amount: i64, reference: Option<&str>) -> Change {
    let reference = reference.map(Into::into);
    Change::Topup { msisdn: number(MSISDN), amount: cents(amount), reference, note: None }
}

fn refund(amount: i64, reference: Option<&str>) -> Change {
    let reference = reference.map(Into::into);
    Change::Refund { msisdn: number(MSISDN), amount: cents(amount), reference, note: None }
}

fn reverse(reference: &str) -> Change {
    Change::Reverse { msisdn: number(MSISDN), reference: reference.into(), note: Some("mistaken".into()) }
}

fn promise() -> Change {
    Change::Promise { msisdn: number(MSISDN), note: None }
}

fn bonus(amount: i64, days: u64) -> Change {
    let valid = (days > 0).then_some(core::time::Duration::from_hours(24 * days));
    let (msisdn, amount) = (number(MSISDN), cents(amount));
    Change::Bonus { msisdn, amount, valid, services: vec!["sms".into()], note: None }
}

#[track_caller]
fn done(outcome: crate::engine::core::Outcome) -> (i64, bool, bool) {
    match outcome {
        Ok(View::Done { done, repeated }) => (done.balance.micros() / 10_000, done.changed, repeated),
        other => panic!("{other:?}"),
    }
}

fn later(world: &mut World, days: i64) {
    world.now = Timestamp::from_micros(world.now.micros() + days * DAY);
}

fn last(world: &World) -> (EntryKind, Counter, i64) {
    let (_, (_, entry)) = world.disk.ledger.last_key_value().unwrap();
    (entry.kind, entry.counter, entry.amount.micros() / 10_000)
}

#[test]
fn a_payment_is_taken_back_once_by_its_reference() {
    let mut world = World::with_money(Limits::default(), 100);
    world.order(1, topup(500, Some("kiosk-1"))).unwrap();
    world.order(2, refund(550, None)).unwrap();
    assert_eq!(done(world.order(3, reverse("kiosk-1"))), (-450, true, false));
    assert_eq!(last(&world), (EntryKind::Reversal, Counter::Cash, -500));
    assert_eq!(done(world.order(4, reverse("kiosk-1"))), (-450, false, false));
    world.restart();
    assert_eq!(done(world.order(5, reverse("kiosk-1"))), (-450, false, false));
    assert_eq!(
        done(world.order(6, topup(500, Some("kiosk-1")))),
        (-450, false, false),
        "it is not paid anew"
    );
    assert_eq!(world.order(7, reverse("kiosk-2")), Err(CommandError::UnknownReference("kiosk-2".into())));
    world.add("77010000002", 0);
    let other = Change::Reverse { msisdn: number("77010000002"), reference: "kiosk-1".into(), note: None };
    assert!(matches!(world.order(8, other), Err(CommandError::ReferenceUsed { .. })));
    world.disk.audit().unwrap();
}

#[test]
fn two_reversals_of_one_batch_take_back_once() {
    let mut world = World::with_money(Limits::default(), 100);
    world.order(1, topup(500, Some("kiosk-1"))).unwrap();
    let tags = [world.command(2, reverse("kiosk-1")), world.command(3, reverse("kiosk-1"))];
    world.settle();
    let told = tags.map(|tag| done(world.replies.remove(&tag).unwrap()));
    assert_eq!(told, [(100, true, false), (100, false, false)]);
    world.disk.audit().unwrap();
}

#[test]
fn what_is_reserved_or_a_bonus_is_not_given_back() {
    let mut world = World::with_money(Limits::default(), 3_000);
    world.order(1, bonus(9_000, 0)).unwrap();
    world.ask(initial("s"));
    let why = world.order(2, refund(2_001, None)).unwrap_err();
    assert!(why.to_string().starts_with("20.00 can be given back at most"), "{why}");
    assert_eq!(done(world.order(3, refund(2_000, Some("iban-1")))), (1_000, true, false));
    assert_eq!(last(&world), (EntryKind::Refund, Counter::Cash, -2_000));
    assert_eq!(done(world.order(4, refund(2_000, Some("iban-1")))), (1_000, false, false));
    world.restart();
    assert_eq!(done(world.order(5, refund(2_000, Some("iban-1")))), (1_000, false, false));
    assert!(matches!(world.order(6, reverse("iban-1")), Err(CommandError::ReferenceUsed { .. })));
    assert!(matches!(world.order(7, topup(2_000, Some("iban-1"))), Err(CommandError::ReferenceUsed { .. })));
    assert_eq!(
        world.order(8, topup(1, Some("voucher:x/1"))),
        Err(CommandError::ReferenceKept),
        "such names belong to payment cards"
    );
    world.disk.audit().unwrap();
}

#[test]
fn a_promised_payment_is_paid_by_the_next_top_up() {
    let mut world = World::with_money(Limits::default(), 100);
    let why = world.order(1, promise()).unwrap_err().to_string();
    assert_eq!(why, "a payment is promised after 90 days of use at the earliest");
    later(&mut world, 90);
    assert_eq!(done(world.order(2, promise())), (45_100, true, false));
    assert_eq!(
        world.order(3, promise()).unwrap_err().to_string(),
        "a promised payment is outstanding: 500.00 of it has not come"
    );
    world.restart();
    assert_eq!(done(world.order(4, topup(60_000, Some("k")))), (55_100, true, false));
    assert_eq!(last(&world), (EntryKind::Promise, Counter::Promise, -50_000));
    assert_eq!(done(world.order(5, promise())), (100_100, true, false));
    world.disk.audit().unwrap();
}

#[test]
fn a_promise_that_is_over_is_taken_back_before_anything_is_granted() {
    let mut world = World::with_money(Limits::default(), 100);
    later(&mut world, 90);
    world.order(1, promise()).unwrap();
    later(&mut world, 3);
    let answer = world.ask(initial("s"));
    assert!(answer.parts.iter().all(|part| part.grant.is_none()), "{answer:?}");
    assert_eq!(world.disk.main(1), cents(-4_900));
    assert_eq!(last(&world), (EntryKind::Promise, Counter::Promise, -50_000));
    world.disk.audit().unwrap();
}

#[test]
fn a_bonus_ends_with_its_time_and_names_services_that_there_are() {
    let mut world = World::with_money(Limits::default(), 100);
    assert_eq!(done(world.order(1, bonus(700, 2))), (100, true, false));
    let (_, account) = world.disk.accounts.first_key_value().unwrap();
    assert_eq!((account.bonus, account.bonuses.len()), (cents(700), 1));
    let unknown = Change::Bonus {
        msisdn: number(MSISDN),
        amount: cents(1),
        valid: None,
        services: vec!["fax".into()],
        note: None,
    };
    assert_eq!(world.order(2, unknown), Err(CommandError::UnknownService { service: "fax".into() }));
    later(&mut world, 2);
    world.order(3, topup(1, None)).unwrap();
    assert_eq!(world.disk.accounts.first_key_value().unwrap().1.bonus, Money::ZERO);
    world.disk.audit().unwrap();
}

#[test]
fn no_credit_limit_goes_above_the_operators_ceiling() {
    let mut world = World::with_ceiling(cents(1_000));
    let mut new = new_subscriber(MSISDN, 0);
    new.mode = Some(crate::charging::account::Mode::Credit);
    new.credit_limit = cents(1_001);
    let why = world.order(1, Change::AddSubscriber(new.clone())).unwrap_err();
    assert_eq!(why.to_string(), "no credit limit may be above 10.00: that is the operator's ceiling");
    new.credit_limit = cents(1_000);
    world.order(2, Change::AddSubscriber(new)).unwrap();
    let set = SubscriberChange { credit_limit: Some(cents(1_001)), ..SubscriberChange::default() };
    assert_eq!(world.order(3, Change::SetSubscriber { msisdn: number(MSISDN), set }).unwrap_err(), why);
}

#[derive(Clone, Debug)]
enum Step {
    Command(u8, Change),
    Use(u64),
    Settle,
    Restart,
    Later(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    const REFERENCES: [&str; 4] = ["a", "b", "c", "d"];
    let reference = || proptest::sample::select(&REFERENCES[..]);
    let change = prop_oneof![
        3 => (1i64..4, proptest::option::of(reference()))
            .prop_map(|(amount, reference)| topup(amount * 1_000, reference)),
        2 => (1i64..4, proptest::option::of(reference()))
            .prop_map(|(amount, reference)| refund(amount * 1_000, reference)),
        2 => reference().prop_map(reverse),
        1 => Just(promise()),
        1 => (1i64..500, 0u64..5).prop_map(|(amount, days)| bonus(amount, days)),
        1 => (-900i64..900).prop_map(|amount| Change::Adjust {
            msisdn: number(MSISDN), amount: cents(amount), note: None,
        }),
    ];
    let step = prop_oneof![
        8 => (0u8..20, change).prop_map(|(key, change)| Step::Command(key, change)),
        2 => (1u64..20_000).prop_map(Step::Use),
        4 => Just(Step::Settle),
        1 => Just(Step::Restart),
        1 => (1i64..40).prop_map(Step::Later),
    ];
    proptest::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Many operators, keys given again, references given again, power cuts: each key and each reference counts once,
    /// and the ledger sums to the balance.
    #[test]
    fn whatever_operators_do_each_thing_is_done_once(steps in steps()) {
        let mut world = World::with_money(Limits::default(), 5_000);
        world.ask(initial("s"));
        let mut used = 0;
        for step in steps {
            match step {
                Step::Command(key, change) => {
                    world.command(key, change);
                }
                Step::Use(octets) => {
                    used += 1;
                    world.send(update("s", used, octets));
                }
                Step::Settle => world.settle(),
                Step::Restart => world.restart(),
                Step::Later(days) => later(&mut world, days),
            }
        }
        world.settle();
        prop_assert_eq!(world.disk.audit(), Ok(()));
        let entries = || world.disk.ledger.values().map(|(_, entry)| entry);
        for reference in ["a", "b", "c", "d"] {
            let of = |kind| entries().filter(move |entry| entry.kind == kind && entry.reference.as_deref() == Some(reference)).count();
            let first = of(EntryKind::Topup) + of(EntryKind::Refund);
            prop_assert!(first <= 1 && of(EntryKind::Reversal) <= of(EntryKind::Topup));
        }
        let sides: i64 = Counter::ALL.into_iter()
            .map(|counter| -entries().filter(|entry| entry.counter == counter).map(|entry| entry.amount.micros()).sum::<i64>())
            .sum();
        let account = world.disk.accounts.values().next().unwrap();
        prop_assert_eq!(sides + account.main.micros() + account.bonus.micros(), 0, "both sides are equal");
    }
}
