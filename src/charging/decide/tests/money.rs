//! What pays: bundles in their order, money by the unit, overdraft and credit, use above the grant.

use super::world::*;
use crate::charging::account::{Allowance, Mode};
use crate::charging::answer::{Denial, FinalUnit};
use crate::charging::books::operations::tests::cents;
use crate::charging::catalogue::{Parts, Then};
use crate::charging::request::{Kind, Measured, Part, QuotaKey, Used};
use crate::charging::units::{Money, Unit};
use crate::time::Timestamp;

const MOBILE: &str = "tel:+77051112233";

fn whole() -> QuotaKey {
    QuotaKey::default()
}

/// The tariff with a bundle of data in group 10.
fn bundled(count: u64, then: Then) -> Parts {
    let mut parts = tariff();
    parts.plans[0].bundles.push(bundle("data", covers(DATA, &[10], &[]), Unit::Octets, count, then));
    parts
}

#[test]
fn only_the_unit_that_the_service_is_sold_in_is_charged() {
    let mut world = World::new(tariff(), 10_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    // a clock reading stands beside the octets
    let used = Measured {
        seconds: Some(1_767_225_600),
        input_octets: Some(MB),
        output_octets: Some(2 * MB),
        ..Measured::default()
    };
    world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), used));
    assert_eq!(world.main(), cents(9_700));
    world.send(&Ask::data(Kind::Update, "s", 2).more(group(10), seconds(99)));
    assert_eq!(world.main(), cents(9_700));
}

#[test]
fn total_octets_win_over_in_and_out() {
    let mut world = World::new(tariff(), 10_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    let used = Measured { input_octets: Some(9 * MB), output_octets: Some(9 * MB), ..octets(MB) };
    world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), used));
    assert_eq!(world.main(), cents(9_900));
}

#[test]
fn a_group_never_granted_that_reports_use_is_charged_and_marked() {
    let mut world = World::new(tariff(), 10_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    done(&world.send(&Ask::data(Kind::Update, "s", 1).used(group(30), octets(MB))));
    assert_eq!(world.main(), cents(9_700));
    assert!(world.notes.above_grant);
    assert_eq!(world.last_use().above_grant, MB);
}

#[test]
fn use_above_the_grant_is_charged_in_full_and_marked() {
    let mut world = World::new(tariff(), 5_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    let answer = world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(60 * MB)));
    assert_eq!(refused_in(&answer, 0), Denial::NoCredit);
    assert!(world.notes.above_grant);
    assert_eq!((world.main(), world.last_use().above_grant), (cents(-1_000), 10 * MB));
}

#[test]
fn use_above_the_grant_leaves_what_parallel_sessions_hold() {
    let mut world = World::new(bundled(80 * MB, Then::Rates), 10_000);
    world.send(&Ask::data(Kind::Initial, "a", 0).ask(group(10)));
    world.send(&Ask::data(Kind::Initial, "b", 0).ask(group(10)));
    // a holds 50 MB of the bundle, b 30 MB and 20.00
    assert_eq!((world.allowance("data").reserved, world.reserved()), (80 * MB, cents(2_000)));
    world.send(&Ask::data(Kind::Terminate, "a", 1).used(group(10), octets(200 * MB)));
    // 150 MB are above the grant: nothing of the bundle is free, so that money pays, below the floor
    assert_eq!(world.main(), cents(10_000 - 15_000));
    assert_eq!((world.allowance("data").left, world.allowance("data").reserved), (30 * MB, 30 * MB));
    assert_eq!(world.reserved(), cents(2_000));
    world.send(&Ask::data(Kind::Terminate, "b", 1).used(group(10), octets(50 * MB)));
    assert_eq!((world.main(), world.allowance("data").left), (cents(-7_000), 0));
}

#[test]
fn bundles_are_used_before_money_and_one_slice_may_have_both() {
    let mut world = World::new(bundled(30 * MB, Then::Rates), 10_000);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    assert_eq!(granted(&answer).amount.count, 50 * MB);
    let held = world.session("s").quotas[0].reservation.clone().unwrap();
    assert_eq!((held.allowances[0].units, held.money), (30 * MB, cents(2_000)));
    world.send(&Ask::data(Kind::Terminate, "s", 1).used(group(10), octets(35 * MB)));
    assert_eq!((world.main(), world.allowance("data").left), (cents(9_500), 0));
    assert_eq!((world.last_use().used.count, world.last_use().from_bundles), (35 * MB, 30 * MB));
}

#[test]
fn what_is_not_used_of_a_bundle_comes_back() {
    let mut world = World::new(bundled(30 * MB, Then::Rates), 10_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    world.send(&Ask::data(Kind::Terminate, "s", 1).used(group(10), octets(5 * MB)));
    let allowance = world.allowance("data");
    assert_eq!((allowance.left, allowance.reserved), (25 * MB, 0));
    // use paid by a bundle has its ledger entry, of nothing
    assert_eq!((world.main(), world.ledger.last().unwrap().amount), (cents(10_000), Money::ZERO));
}

#[test]
fn bundles_go_by_priority_then_the_earliest_end_then_the_file() {
    let mut parts = tariff();
    for (id, priority) in [("early", 0), ("late", 0), ("never", 0), ("last", 1)] {
        let mut one = bundle(id, covers(DATA, &[10], &[]), Unit::Octets, 10 * MB, Then::Rates);
        one.priority = priority;
        parts.plans[0].bundles.push(one);
    }
    let mut world = World::new(parts, 0);
    let end = |world: &World, secs| Some(Timestamp::from_secs(world.now.secs() + secs));
    world.subscriber.allowances[0].expires = end(&world, 500);
    world.subscriber.allowances[1].expires = end(&world, 400);
    world.subscriber.allowances[3].expires = end(&world, 300);
    let mut order = Vec::new();
    for number in 0..4 {
        let name = format!("s{number}");
        let mut ask = Ask::data(Kind::Initial, &name, 0).ask_for(group(10), octets(10 * MB));
        ask.0.traits.honour_requested = true;
        world.send(&ask);
        order.push(
            world.session(&name).quotas[0].reservation.clone().unwrap().allowances[0].bundle.to_string(),
        );
    }
    assert_eq!(order, ["late", "early", "never", "last"]);
}

#[test]
fn two_allowances_of_one_bundle_are_told_apart_by_their_end() {
    let mut world = World::new(bundled(10 * MB, Then::Rates), 0);
    let mut second = world.subscriber.allowances[0].clone();
    second.expires = Some(Timestamp::from_secs(world.now.secs() + 50));
    world.subscriber.allowances.push(second);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    world.send(&Ask::data(Kind::Terminate, "s", 1).used(group(10), octets(12 * MB)));
    let left: Vec<_> = world.subscriber.allowances.iter().map(|one: &Allowance| one.left).collect();
    assert_eq!(left, [8 * MB, 0]);
}

#[test]
fn a_bundle_that_stops_ends_the_service_with_money_left() {
    let mut world = World::new(bundled(30 * MB, Then::Stop), 10_000);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    let grant = granted(&answer);
    assert_eq!((grant.amount.count, &grant.final_unit), (30 * MB, &Some(FinalUnit::Terminate)));
    let answer = world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(30 * MB)));
    assert_eq!(refused_in(&answer, 0), Denial::NoCredit);
    // what the bundle does not cover goes on
    granted(&world.send(&Ask::data(Kind::Update, "s", 2).ask(group(30))));
    assert_eq!(world.main(), cents(10_000));
}

#[test]
fn a_bundle_without_a_rate_behind_it_grants_and_then_stops() {
    let mut parts = bundled(30 * MB, Then::Rates);
    parts.plans[0].rates.drain(..2);
    let mut world = World::new(parts, 10_000);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    assert_eq!(granted(&answer).amount.count, 30 * MB);
    let answer = world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(31 * MB)));
    assert_eq!(refused_in(&answer, 0), Denial::NoCredit);
    assert_eq!((world.main(), world.last_use().above_grant), (cents(10_000), MB));
}

#[test]
fn the_last_bundle_says_what_comes_after_it() {
    for (first, second, goes_on) in [(Then::Stop, Then::Rates, true), (Then::Rates, Then::Stop, false)] {
        let mut parts = bundled(10 * MB, first);
        parts.plans[0].bundles.push(bundle("more", covers(DATA, &[], &[]), Unit::Octets, 10 * MB, second));
        let mut world = World::new(parts, 10_000);
        let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
        let count = granted(&answer).amount.count;
        assert_eq!(count, if goes_on { 50 * MB } else { 20 * MB });
    }
}

#[test]
fn who_opted_out_stops_at_the_end_of_the_bundle() {
    let mut world = World::new(bundled(30 * MB, Then::Rates), 10_000);
    world.subscriber.overage = false;
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(30)));
    let grant = answer.parts[0].grant.as_ref().unwrap();
    assert_eq!((grant.amount.count, &grant.final_unit), (30 * MB, &Some(FinalUnit::Terminate)));
    // no bundle covers group 30: it is paid as it is used
    assert!(answer.parts[1].grant.is_some());
}

#[test]
fn a_bundle_for_a_destination_pays_for_that_alone() {
    let mut parts = tariff();
    parts.plans[0].bundles.push(bundle("mobile", covers(VOICE, &[], &[1]), Unit::Seconds, 90, Then::Rates));
    let mut world = World::new(parts, 10_000);
    world.send(&Ask::voice(Kind::Initial, "v", 0, MOBILE).ask(whole()));
    world.send(&Ask::voice(Kind::Terminate, "v", 1, MOBILE).used(whole(), seconds(100)));
    // 90 s of the bundle, 10 s at 0.10
    assert_eq!((world.main(), world.allowance("mobile").left), (cents(9_900), 0));
    world.send(&Ask::voice(Kind::Initial, "w", 0, "87011112233").ask(whole()));
    assert_eq!(world.reserved(), cents(300));
}

#[test]
fn an_overdraft_is_spent_to_its_end_and_no_further() {
    let mut world = World::new(tariff(), 1_000);
    world.account.overdraft = cents(500);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    assert_eq!(granted(&answer).amount.count, 15 * MB);
    let answer = world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(15 * MB)));
    assert_eq!(refused_in(&answer, 0), Denial::NoCredit);
    assert_eq!((world.main(), world.account.available()), (cents(-500), Money::ZERO));
}

#[test]
fn a_credit_account_goes_into_debt_to_its_limit() {
    let mut world = World::new(tariff(), 0);
    world.account.mode = Mode::Credit;
    world.account.credit_limit = cents(2_000);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    assert_eq!(granted(&answer).amount.count, 20 * MB);
    world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(20 * MB)));
    assert_eq!(world.main(), cents(-2_000));
    assert_eq!(refused(&world.send(&Ask::data(Kind::Initial, "t", 0).ask(group(10)))), Denial::NoCredit);
    // a payment opens it again
    world.topup(300);
    assert_eq!(granted(&world.send(&Ask::data(Kind::Initial, "t", 0).ask(group(10)))).amount.count, 3 * MB);
}

#[test]
fn the_connection_fee_is_charged_once_in_a_session() {
    let mut parts = tariff();
    parts.plans[0].rates[2].connect = cents(250);
    let mut world = World::new(parts, 10_000);
    world.send(&Ask::voice(Kind::Initial, "v", 0, MOBILE).ask(whole()));
    assert_eq!(world.reserved(), cents(850));
    world.send(&Ask::voice(Kind::Update, "v", 1, MOBILE).more(whole(), seconds(10)));
    assert_eq!((world.main(), world.reserved()), (cents(9_650), cents(600)));
    world.send(&Ask::voice(Kind::Terminate, "v", 2, MOBILE).used(whole(), seconds(10)));
    assert_eq!(world.main(), cents(9_550));
}

#[test]
fn an_unanswered_call_costs_nothing() {
    let mut parts = tariff();
    parts.plans[0].rates[2].connect = cents(250);
    let mut world = World::new(parts, 10_000);
    world.send(&Ask::voice(Kind::Initial, "v", 0, MOBILE).ask(whole()));
    world.send(&Ask::voice(Kind::Terminate, "v", 1, MOBILE).used(whole(), seconds(0)));
    assert_eq!((world.main(), world.reserved(), world.ledger.len()), (cents(10_000), Money::ZERO, 1));
}

#[test]
fn a_change_of_rate_begins_a_new_count() {
    let mut parts = tariff();
    let mut world = World::new(parts.clone(), 10_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(4_000)));
    parts.version = 2;
    world.catalogue = crate::charging::catalogue::Catalogue::new(parts);
    world.send(&Ask::data(Kind::Update, "s", 2).more(group(10), octets(4_000)));
    // 0.4 hundredths by each: nothing, where one count would have made a hundredth
    assert_eq!(world.main(), cents(10_000));
    assert_eq!(world.session("s").quotas[0].rated.len(), 2);
}

#[test]
fn use_split_by_a_tariff_change_is_added() {
    let mut world = World::new(tariff(), 10_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    let used = [MB, 2 * MB, 4 * MB].map(|count| Used { measured: octets(count), side: None }).to_vec();
    world.send(&Ask::data(Kind::Update, "s", 1).part(Part { key: group(10), used, ..Part::default() }));
    assert_eq!(world.main(), cents(9_300));
}
