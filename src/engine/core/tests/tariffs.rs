//! Versions of the tariffs: published, in force at their time, kept over restarts, forgotten (`RES-3`).

use std::sync::Arc;

use super::world::*;
use crate::charging::account::Allowance;
use crate::charging::catalogue::{Bundle, Catalogue, Covers, Parts, Plan, ServiceIx, Then};
use crate::charging::request::Request;
use crate::charging::units::{Amount, Unit};
use crate::engine::core::command::{Change, CommandError, SubscriberChange};
use crate::engine::core::query::View;
use crate::engine::core::{Limits, Outcome, Publication};
use crate::time::Timestamp;

const DAY: i64 = 86_400;

fn publication(world: &mut World, parts: Parts, from: Option<Timestamp>) -> Change {
    let version = parts.version;
    let catalogue = Arc::new(Catalogue::new(parts));
    world.built.insert(version, Arc::clone(&catalogue));
    Change::Publish(Publication { catalogue, content: version.to_be_bytes().as_slice().into(), from })
}

/// Version `version`, in which data costs so many times as much.
fn dearer(version: u64, times: i64) -> Parts {
    let mut parts = parts(version);
    parts.plans[0].rates[0].price = cents(100 * times);
    parts
}

fn later(world: &World, secs: i64) -> Timestamp {
    Timestamp::from_micros(world.now.micros() + secs * 1_000_000)
}

fn now(world: &World, mut request: Request) -> Request {
    request.at = world.now;
    request
}

fn changed(outcome: Outcome) -> bool {
    match outcome {
        Ok(View::Done { done, repeated: false }) => done.changed,
        other => panic!("{other:?}"),
    }
}

fn by_version(world: &World) -> Vec<(u64, u64)> {
    let rated = &world.disk.session("s").unwrap().quotas[0].rated;
    rated.iter().map(|line| (line.rate.version, line.units)).collect()
}

#[test]
fn a_published_version_is_in_force_at_once_and_use_is_rated_by_the_version_of_its_time() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let opening = now(&world, initial("s"));
    world.ask(opening);
    world.pass(30);
    let order = publication(&mut world, dearer(2, 3), None);
    assert!(changed(world.order(1, order.clone())));
    assert!(!changed(world.order(2, order)), "it is in force");
    world.pass(10);
    let report = now(&world, update("s", 1, 8_000));
    world.ask(report);
    assert_eq!(by_version(&world), [(1, 6_000), (2, 2_000)]);
    // 6,000 octets at 1.00 for 1,000 of them, 2,000 at 3.00
    assert_eq!(world.disk.main(1), cents(10_000 - 600 - 600));
    world.disk.audit().unwrap();
}

#[test]
fn use_before_a_restart_is_rated_by_the_version_of_its_time_after_it() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let opening = now(&world, initial("s"));
    world.ask(opening);
    world.pass(30);
    let order = publication(&mut world, dearer(2, 3), None);
    assert!(changed(world.order(1, order)));
    world.pass(10);
    // started with the files of version 1: the published one came after them and stays
    world.restart();
    assert_eq!(world.core.catalogue().version(), 2);
    let report = now(&world, update("s", 1, 8_000));
    world.ask(report);
    assert_eq!(by_version(&world), [(1, 6_000), (2, 2_000)]);
    assert_eq!(world.disk.main(1), cents(10_000 - 600 - 600));
}

#[test]
fn a_version_for_later_comes_into_force_by_itself_and_grants_know_of_it() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let from = later(&world, 40);
    let order = publication(&mut world, dearer(2, 3), Some(from));
    assert!(changed(world.order(1, order)));
    assert_eq!(world.core.catalogue().version(), 1);
    world.pass(10);
    world.restart();
    assert_eq!(world.core.catalogue().version(), 1, "not yet, and not forgotten");
    let opening = now(&world, initial("s"));
    let answer = world.ask(opening);
    assert_eq!(world.core.poll_timeout().map(|due| due <= from), Some(true));
    // 10,000 octets are held at the dearer price
    assert!(world.disk.accounts.values().all(|account| account.reserved >= cents(3_000)), "{answer:?}");
    world.pass(40);
    assert_eq!(world.core.catalogue().version(), 2);
    assert_eq!(world.disk.facts.catalogue, Some(2));
    let report = now(&world, update("s", 1, 8_000));
    world.ask(report);
    assert_eq!(by_version(&world), [(1, 6_000), (2, 2_000)]);
    world.restart();
    assert_eq!(world.core.catalogue().version(), 2);
}

#[test]
fn a_version_that_takes_a_plan_or_a_bundle_from_someone_is_refused_and_says_from_how_many() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let bundle = Bundle {
        id: "box".into(),
        covers: Covers { service: ServiceIx(0), rating_groups: Vec::new(), destinations: Vec::new() },
        amount: Amount::new(Unit::Octets, 500),
        priority: 0,
        then: Then::Rates,
        notify: None,
    };
    let mut two = parts(2);
    two.plans.push(Plan { name: "second".into(), bundles: vec![bundle], ..two.plans[0].clone() });
    let order = publication(&mut world, two, None);
    assert!(changed(world.order(1, order)));
    for (key, msisdn) in [(10, "77010000002"), (11, "77010000003")] {
        let new = crate::engine::core::NewSubscriber { plan: "second".into(), ..new_subscriber(msisdn, 100) };
        world.order(key, Change::AddSubscriber(new)).unwrap();
    }
    // without the second plan
    let order = publication(&mut world, parts(3), None);
    let refused = world.order(2, order.clone()).unwrap_err();
    let plans = vec![("second".into(), 2)].into();
    assert_eq!(refused, CommandError::TariffInUse { plans, bundles: Vec::new().into() });
    assert!(refused.to_string().contains("the plan \"second\" from 2 subscribers"), "{refused}");
    assert_eq!(world.core.catalogue().version(), 2);
    // without its bundle
    let mut four = parts(4);
    four.plans.push(Plan { name: "second".into(), ..four.plans[0].clone() });
    let bare = publication(&mut world, four, None);
    let refused = world.order(3, bare).unwrap_err();
    let bundles = vec![("second".into(), "box".into(), 2)].into();
    assert_eq!(refused, CommandError::TariffInUse { plans: Vec::new().into(), bundles });
    // also where it would be later, and also after a restart that has nothing in memory
    world.restart();
    let from = later(&world, DAY);
    let Change::Publish(publication) = order else { panic!() };
    let at = Change::Publish(Publication { from: Some(from), ..publication.clone() });
    assert!(matches!(world.order(4, at), Err(CommandError::TariffInUse { .. })));
    // nobody has it any more
    for (key, msisdn) in [(12, "77010000002"), (13, "77010000003")] {
        let set = SubscriberChange { plan: Some("first".into()), ..SubscriberChange::default() };
        world.order(key, Change::SetSubscriber { msisdn: number(msisdn), set }).unwrap();
    }
    assert!(changed(world.order(5, Change::Publish(publication))));
    assert_eq!(world.core.catalogue().version(), 3);
}

#[test]
fn nobody_gets_a_plan_while_it_is_looked_who_has_it() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let mut two = parts(2);
    two.plans.push(Plan { name: "second".into(), ..two.plans[0].clone() });
    let order = publication(&mut world, two, None);
    world.order(1, order).unwrap();
    let order = publication(&mut world, parts(3), None);
    let publishing = world.command(2, order);
    while !world.replies.contains_key(&publishing) && world.core.catalogue().plan_named("second").is_some() {
        let new =
            crate::engine::core::NewSubscriber { plan: "second".into(), ..new_subscriber("77010000009", 1) };
        let tag = world.command(20, Change::AddSubscriber(new));
        // the load of its key, then it is refused
        if !world.load() {
            world.batch();
            world.durable();
        }
        world.poll();
        assert!(!matches!(world.replies.get(&tag), Some(Ok(_))));
    }
    world.settle();
    assert!(matches!(world.replies.remove(&publishing), Some(Ok(_))));
    assert!(world.disk.subscribers.values().all(|subscriber| &*subscriber.plan == "first"));
}

#[test]
fn a_closed_plan_takes_no_new_subscribers_and_keeps_those_it_has() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let mut two = parts(2);
    two.plans[0].closed = true;
    two.plans.push(Plan { name: "open".into(), closed: false, ..two.plans[0].clone() });
    let order = publication(&mut world, two, None);
    assert!(changed(world.order(1, order)));
    let closed = CommandError::PlanClosed { plan: "first".into() };
    let add = |plan: &str| {
        Change::AddSubscriber(crate::engine::core::NewSubscriber {
            plan: plan.into(),
            ..new_subscriber("77010000002", 100)
        })
    };
    assert_eq!(world.order(2, add("first")), Err(closed.clone()));
    world.order(3, add("open")).unwrap();
    let set = |plan: &str| Change::SetSubscriber {
        msisdn: number("77010000002"),
        set: SubscriberChange { plan: Some(plan.into()), ..SubscriberChange::default() },
    };
    assert_eq!(world.order(4, set("first")), Err(closed));
    let opening = now(&world, initial("s"));
    assert!(world.ask(opening).parts[0].grant.is_some(), "who has it keeps it");
}

#[test]
fn a_tariff_of_another_currency_is_refused() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let mut two = parts(2);
    two.currency = crate::charging::catalogue::Currency { code: *b"USD", numeric: 840 };
    let order = publication(&mut world, two, None);
    let refused = world.order(1, order).unwrap_err();
    assert_eq!(refused.to_string(), "the tariff is in USD, and the balances are in KZT");
}

#[test]
fn versions_are_forgotten_once_no_late_use_can_come_of_them() {
    let limits = Limits { tariff_horizon_secs: 600, ..Limits::default() };
    let mut world = World::with_money(limits, 10_000);
    for version in [2, 3] {
        let order = publication(&mut world, dearer(version, 2), None);
        let key = u8::try_from(version).unwrap();
        assert!(changed(world.order(key, order)));
        world.pass(60);
    }
    assert_eq!(world.disk.catalogues.keys().copied().collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(world.disk.tariffs.len(), 3);
    world.pass(700);
    // of version 2 nothing is known any more; that of the files is, for the next start with them
    assert_eq!(world.disk.catalogues.keys().copied().collect::<Vec<_>>(), [1, 3]);
    assert_eq!(world.disk.tariffs.values().map(|record| record.version).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(world.core.catalogue().version(), 3);
}

/// Found by the simulator, seed 11: after the horizon a restart put the prices of the files in force again.
#[test]
fn a_restart_with_the_same_files_long_after_a_publication_keeps_what_was_published() {
    let limits = Limits { tariff_horizon_secs: 600, ..Limits::default() };
    let mut world = World::with_money(limits, 10_000);
    let order = publication(&mut world, dearer(2, 2), None);
    assert!(changed(world.order(1, order)));
    for _ in 0..3 {
        world.pass(700);
        world.restart();
        world.settle();
        assert_eq!(world.core.catalogue().version(), 2);
    }
    assert_eq!(world.disk.tariffs.len(), 2, "nothing is entered again");
}

#[test]
fn keys_of_commands_are_forgotten_after_their_horizon_and_not_before() {
    let limits = Limits { command_horizon_secs: 30 * 3_600, ..Limits::default() };
    let mut world = World::with_money(limits, 10_000);
    let topup = || Change::Topup { msisdn: number(MSISDN), amount: cents(100), reference: None, note: None };
    world.order(1, topup()).unwrap();
    world.pass(26 * 3_600);
    assert!(world.disk.operations.len() >= 2);
    assert!(matches!(world.order(1, topup()), Ok(View::Done { repeated: true, .. })));
    assert_eq!(world.disk.main(1), cents(10_100));
    world.pass(26 * 3_600);
    assert_eq!(world.disk.operations.len(), 0);
    world.restart();
    assert!(matches!(world.order(1, topup()), Ok(View::Done { repeated: false, .. })));
    assert_eq!(world.disk.main(1), cents(10_200));
}

#[test]
fn what_was_in_force_before_versions_were_kept_is_known_as_the_first() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let record = world.disk.tariffs.values().next().unwrap().clone();
    assert_eq!((record.from, record.version, &*record.operator), (Timestamp::EPOCH, 1, "files"));
    // an allowance beside, so that the page is more than a name
    let mut subscriber = world.disk.subscribers[&number(MSISDN)].clone();
    subscriber.allowances.push(Allowance {
        bundle: "gone".into(),
        unit: Unit::Octets,
        left: 5,
        reserved: 0,
        expires: None,
    });
    world.disk.subscribers.insert(number(MSISDN), subscriber);
    world.restart();
    let order = publication(&mut world, dearer(2, 2), None);
    assert!(changed(world.order(1, order)), "a bundle that no version has is taken from nobody");
}
