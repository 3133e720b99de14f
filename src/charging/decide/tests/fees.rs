//! A plan with a fee: what holds while it is not paid, and how far a grant reaches (`ACC-4`).

use super::world::*;
use crate::charging::account::Billing;
use crate::charging::account::billing::FeeState;
use crate::charging::answer::{Denial, Outcome};
use crate::charging::books::operations::tests::cents;
use crate::charging::calendar::{MONTH, Period};
use crate::charging::catalogue::{Fee, PaidLate, Parts, Unpaid};
use crate::charging::request::Kind;
use crate::time::{Timestamp, Zone};

/// The tariff with a fee, and data at 5.00 a megabyte while it is not paid.
fn with_fee(unpaid: Unpaid) -> Parts {
    let mut parts = tariff();
    let plan = parts.plans.first_mut().unwrap();
    plan.rates.push(rate(DATA, &[], &[], 500, MB, 1_000));
    plan.fee = Some(Fee {
        amount: cents(100),
        every: MONTH,
        unpaid,
        late: PaidLate::Keep,
        arrears: false,
        rollover: Vec::new(),
        fallback: vec![u16::try_from(plan.rates.len() - 1).unwrap()],
    });
    parts
}

fn world(unpaid: Unpaid, fee: FeeState) -> World {
    let mut world = World::new(with_fee(unpaid), 1_000_000);
    let period = Period::first(world.now, MONTH, &Zone::UTC);
    world.subscriber.life.billing = Some(Billing { period, fee, unpaid_before: false, owed: 0, charged: 0 });
    world
}

fn spent(world: &mut World) -> i64 {
    let before = world.main().micros();
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    world.skip(60);
    world.send(&Ask::data(Kind::Terminate, "s", 1).used(group(10), octets(MB)));
    (before - world.main().micros()) / 10_000
}

#[test]
fn without_the_fee_the_fallback_rates_hold_and_with_it_they_do_not() {
    let paid = FeeState::Paid(Timestamp::EPOCH);
    assert_eq!(spent(&mut world(Unpaid::Fallback, paid)), 100);
    assert_eq!(spent(&mut world(Unpaid::Fallback, FeeState::Unpaid)), 500);
}

#[test]
fn a_plan_may_stop_while_its_fee_is_not_paid() {
    let mut stopped = world(Unpaid::Stop, FeeState::Unpaid);
    let answer = stopped.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    assert_eq!(answer.outcome, Outcome::Denied(Denial::NoCredit));
    let free = stopped.send(&Ask::data(Kind::Initial, "t", 0).ask(group(20)));
    assert!(free.parts[0].grant.is_some(), "what is free goes on");
}

/// What was used before the payment costs what it did then.
#[test]
fn use_before_the_payment_is_rated_without_the_fee_and_after_it_with_it() {
    let mut world = world(Unpaid::Fallback, FeeState::Unpaid);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    world.skip(60);
    world.subscriber.life.billing.as_mut().unwrap().fee = FeeState::Paid(world.now);
    world.skip(60);
    let before = world.main().micros();
    world.send(&Ask::data(Kind::Terminate, "s", 1).used(group(10), octets(2 * MB)));
    assert_eq!((before - world.main().micros()) / 10_000, 600, "a megabyte of each");
}

#[test]
fn a_grant_ends_soon_after_the_period() {
    let mut world = world(Unpaid::Fallback, FeeState::Paid(Timestamp::EPOCH));
    let to = world.subscriber.life.billing.unwrap().period.to;
    world.skip(to.secs() - world.now.secs() - 100);
    let mut latest = 0;
    for line in 0..20 {
        let answer = world.send(&Ask::data(Kind::Initial, &format!("s{line}"), 0).ask(group(10)));
        let validity = answer.parts[0].grant.as_ref().unwrap().validity_secs.unwrap();
        assert!((100..=400).contains(&validity), "{validity}");
        latest = latest.max(validity);
    }
    assert!(latest > 130, "each at a moment of its own");
}
