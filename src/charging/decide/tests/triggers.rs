//! Why a client reports, what it is told to watch, and how long it counts (TS 32.299 §7.2.175, §7.2.236).

use super::world::*;
use crate::charging::answer::{Answer, PartAnswer};
use crate::charging::books::operations::tests::cents;
use crate::charging::catalogue::QuotaShape;
use crate::charging::radio::Radio;
use crate::charging::request::{Condition, Kind, Part, QuotaKey, Reason};
use crate::charging::units::Money;

/// What the only part's grant arms.
fn armed(answer: &Answer) -> Option<Vec<Condition>> {
    granted(answer).extra.as_ref().and_then(|extra| extra.triggers.clone())
}

fn watching(kind: Kind, number: u32) -> Ask {
    let mut ask = Ask::data(kind, "s", number);
    ask.0.traits.triggers = true;
    ask
}

fn by_radio() -> World {
    let mut parts = tariff();
    parts.plans[0].quotas[0].radios = vec![(Radio::Nr, 80 * MB)];
    World::new(parts, 100_000)
}

#[test]
fn what_the_grant_depends_on_is_armed_with_the_first_grant_and_kept() {
    let mut world = by_radio();
    let radio = Some(vec![Condition::Radio]);
    assert_eq!(armed(&world.send(&watching(Kind::Initial, 0).ask(group(10)))), radio);
    assert_eq!(armed(&world.send(&watching(Kind::Update, 1).more(group(10), octets(MB)))), None);
    // another quota is armed by itself
    assert_eq!(armed(&world.send(&watching(Kind::Update, 2).ask(group(30)))), radio);
    // a client that cannot be told is told nothing
    let mut world = by_radio();
    assert_eq!(armed(&world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)))), None);
}

#[test]
fn a_set_that_changes_is_sent_and_one_that_is_empty_disarms() {
    let mut world = by_radio();
    world.send(&watching(Kind::Initial, 0).ask(group(10)));
    let mut parts = tariff();
    parts.version = 2;
    world.catalogue = crate::charging::catalogue::Catalogue::new(parts);
    assert_eq!(armed(&world.send(&watching(Kind::Update, 1).more(group(10), octets(MB)))), Some(Vec::new()));
    assert_eq!(armed(&world.send(&watching(Kind::Update, 2).more(group(10), octets(MB)))), None);
    // a plan that depends on nothing leaves the client what it watches by itself
    let mut world = World::new(tariff(), 10_000);
    assert_eq!(armed(&world.send(&watching(Kind::Initial, 0).ask(group(10)))), None);
}

#[test]
fn what_a_client_has_forgotten_is_armed_again() {
    let radio = Some(vec![Condition::Radio]);
    let mut world = by_radio();
    world.send(&watching(Kind::Initial, 0).ask(group(10)));
    let end = watching(Kind::Update, 1).used(group(10), octets(MB)).reason(Reason::Final);
    world.send(&end);
    assert_eq!(armed(&world.send(&watching(Kind::Update, 2).ask(group(10)))), radio, "after its flow ended");
    world.pass(8_000);
    let again = watching(Kind::Update, 3).more(group(10), octets(MB));
    assert_eq!(armed(&world.send(&again)), radio, "after its reservation ended");
}

#[test]
fn use_before_a_change_of_radio_is_settled_and_the_grant_is_that_of_the_new_one() {
    let mut world = by_radio();
    world.send(&watching(Kind::Initial, 0).ask(group(10)));
    let mut ask = watching(Kind::Update, 1).part(Part {
        key: group(10),
        requested: Some(octets(0)),
        used: vec![crate::charging::request::Used { measured: octets(7 * MB), side: None }],
        reason: Some(Reason::ConditionChange),
        changed: vec![Condition::Radio],
        ..Part::default()
    });
    ask.0.place.radio = Some(51);
    assert_eq!(granted(&world.send(&ask)).amount.count, 80 * MB);
    assert_eq!((world.main(), world.session("s").place.radio), (cents(100_000 - 700), Some(51)));
}

/// What each of the ten reasons does, with and without a wish for more (TS 32.299 §7.2.175).
#[test]
fn each_reporting_reason_is_settled_and_granted_as_it_is_asked() {
    let reasons = [
        Reason::Threshold,
        Reason::Idle,
        Reason::Final,
        Reason::Exhausted,
        Reason::Validity,
        Reason::OtherUnit,
        Reason::ConditionChange,
        Reason::Forced,
        Reason::PoolExhausted,
        Reason::Unused,
    ];
    for reason in reasons {
        for asks in [false, true] {
            let mut world = World::new(tariff(), 10_000);
            world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(20)));
            let ask = Ask::data(Kind::Update, "s", 1);
            let ask = if asks { ask.more(group(10), octets(MB)) } else { ask.used(group(10), octets(MB)) };
            let answer = world.send(&ask.reason(reason));
            if asks {
                assert_eq!(granted(&answer).amount.count, 50 * MB, "{reason:?}");
            } else {
                done(&answer);
            }
            let held = if asks { cents(5_000) } else { Money::ZERO };
            assert_eq!((world.main(), world.reserved()), (cents(9_900), held), "{reason:?} {asks}");
            // the other quota goes on
            assert!(world.session("s").quotas[1].reservation.is_some(), "{reason:?}");
        }
    }
}

#[test]
fn a_reason_without_use_gives_back_what_was_held() {
    for reason in [Reason::Idle, Reason::Final, Reason::Unused, Reason::Forced] {
        let mut world = World::new(tariff(), 10_000);
        world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
        let part = Part { key: group(10), reason: Some(reason), ..Part::default() };
        done(&world.send(&Ask::data(Kind::Update, "s", 1).part(part)));
        assert_eq!((world.main(), world.reserved()), (cents(10_000), Money::ZERO), "{reason:?}");
    }
}

#[test]
fn an_idle_quota_comes_back_and_is_granted_again_with_the_next_traffic() {
    let mut world = World::new(tariff(), 10_000);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    assert_eq!(granted(&answer).holding_secs, Some(600));
    world.skip(700);
    let idle = Ask::data(Kind::Update, "s", 1).used(group(10), octets(2 * MB)).reason(Reason::Idle);
    let answer = world.send(&idle);
    done(&answer);
    assert!(matches!(answer.parts.as_slice(), [PartAnswer { grant: None, limit: None, .. }]));
    assert_eq!((world.main(), world.reserved()), (cents(9_800), Money::ZERO));
    world.skip(5_000);
    assert_eq!(granted(&world.send(&Ask::data(Kind::Update, "s", 2).ask(group(10)))).amount.count, 50 * MB);
}

#[test]
fn idle_seconds_of_a_call_are_not_counted_where_the_plan_says_so() {
    let mut parts = tariff();
    parts.plans[0].quotas[1].consumption_secs = Some(5);
    // a service that is counted otherwise has none, whatever its shape says
    parts.plans[0].quotas[0].consumption_secs = Some(5);
    let mut world = World::new(parts, 10_000);
    let consumption = |answer: &Answer| granted(answer).extra.as_ref().and_then(|one| one.consumption_secs);
    let call = |name| Ask::voice(Kind::Initial, name, 0, "77051112233").ask(QuotaKey::default());
    assert_eq!(consumption(&world.send(&call("v"))), Some(5));
    assert_eq!(consumption(&world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)))), None);
    // nor is a client told that does not know the idle times of quotas
    let mut call = call("w");
    call.0.traits.holding_time = false;
    assert_eq!(consumption(&world.send(&call)), None);
}

#[test]
fn a_threshold_lies_below_its_grant_whatever_the_plan_says() {
    for percent in [1, 50, 99] {
        for count in [1, 2, 3, 100] {
            let mut parts = tariff();
            parts.plans[0].quotas[0] = QuotaShape {
                grant: Some(count),
                threshold_percent: Some(percent),
                validity_secs: 60,
                ..QuotaShape::default()
            };
            let mut world = World::new(parts, 10_000);
            let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
            let grant = granted(&answer);
            assert!(grant.threshold.is_none_or(|left| left > 0 && left < grant.amount.count), "{grant:?}");
        }
    }
}
