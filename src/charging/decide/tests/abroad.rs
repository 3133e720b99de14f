//! Roaming (`ROAM-1` … `ROAM-4`) and what comes in (`IN-1`).

use std::sync::Arc;

use super::world::*;
use crate::charging::account::Mode;
use crate::charging::account::block::{Block, BlockReason};
use crate::charging::answer::{Answer, Denial, Outcome};
use crate::charging::catalogue::{
    BundleZones, Country, Direction, Parts, Rate, Roaming, Then, Whereabouts, Zone, ZoneIx, ZoneRate,
};
use crate::charging::notice::Cause;
use crate::charging::request::{Condition, Kind, Reason, Role};
use crate::charging::units::{Digits, Money, Unit};
use crate::time::Timestamp;

const HOME: &str = "40102";
const TURKEY: &str = "28601";
const CHINA: &str = "46000";
/// In no zone.
const PERU: &str = "71606";
const NEAR: ZoneIx = ZoneIx(0);
const DAY: i64 = 86_400;

fn money(hundredths: i64) -> Money {
    Money::from_cents(hundredths).unwrap()
}

fn network(text: &str) -> Digits {
    Digits::parse(text).unwrap()
}

fn directed(mut rate: Rate, direction: Direction, price: i64) -> Rate {
    rate.price = money(price);
    rate.direction = direction;
    let word = direction.word().unwrap();
    Rate { name: format!("{} ({word})", rate.name).into(), ..rate }
}

fn zone_rates(rate: Rate, incoming: Option<i64>, forward: Option<i64>) -> Vec<Arc<ZoneRate>> {
    let incoming = incoming.map(|price| directed(rate.clone(), Direction::Incoming, price));
    let forward = forward.map(|price| directed(rate.clone(), Direction::Forwarded, price));
    let all = [Some(rate), incoming, forward].into_iter().flatten();
    all.map(|rate| Arc::new(ZoneRate { zones: vec![NEAR], rate })).collect()
}

/// The tariff of these tests, with home 40102 and a zone of Turkey and China: data 10.00 a megabyte, 2.00 in group 20;
/// calls 60.00 a minute to `kz_mobile` and 90.00 to others, in 30.00, forwarded 120.00; an SMS out 20.00, in nothing.
fn roaming() -> Parts {
    let mut parts = tariff();
    parts.roaming = Some(Roaming {
        home: vec![network(HOME)],
        zones: vec![Zone {
            name: "near".into(),
            networks: vec![network("286"), network("460")],
            realtime: true,
            threshold: None,
            floor: None,
        }],
        elsewhere: Whereabouts::Nowhere,
        threshold: Money::ZERO,
        floor: Money::ZERO,
        again_secs: Roaming::AGAIN_SECS,
    });
    parts.plans[0].roaming.rates = [
        zone_rates(rate(DATA, &[], &[], 1_000, MB, 1_000), None, None),
        zone_rates(rate(DATA, &[20], &[], 200, MB, 1_000), None, None),
        zone_rates(rate(VOICE, &[], &[1], 6_000, 60, 1), None, None),
        zone_rates(rate(VOICE, &[], &[], 9_000, 60, 1), Some(3_000), Some(12_000)),
        zone_rates(rate(SMS, &[], &[], 2_000, 1, 1), Some(0), None),
    ]
    .concat();
    parts
}

fn world(main: i64) -> World {
    World::new(roaming(), main)
}

fn at(mut ask: Ask, serving: &str) -> Ask {
    ask.0.place.serving_plmn = Digits::parse(serving);
    ask
}

fn data(kind: Kind, number: u32, serving: &str) -> Ask {
    at(Ask::data(kind, "s", number), serving)
}

fn call(session: &str, role: Role, serving: &str) -> Ask {
    at(Ask::voice(Kind::Initial, session, 0, "+77051112233").role(role).ask(key()), serving)
}

fn key() -> crate::charging::request::QuotaKey {
    crate::charging::request::QuotaKey::default()
}

/// What the use of so many units by a session opened so costs, in hundredths.
fn cost(world: &mut World, open: Ask, used: crate::charging::request::Measured) -> i64 {
    let before = world.main();
    granted(&world.send(&open));
    let mut close = open;
    close.0.kind = Kind::Terminate;
    close.0.number = 1;
    close.0.parts.clear();
    done(&world.send(&close.used(key(), used)));
    before.checked_sub(world.main()).unwrap().micros() / Money::MICROS_PER_CENT
}

/// The country of the trip that has begun.
fn country(world: &World) -> Option<u16> {
    world.notes.trip.and_then(Country::of).map(Country::code)
}

fn message(answer: &Answer) -> &str {
    answer.message.as_deref().unwrap_or_default()
}

/// `ROAM-1`
#[test]
fn abroad_calls_out_in_and_forwarded_are_charged_by_zone() {
    for (serving, role, minute) in [
        (HOME, Role::Originating, 600),
        (HOME, Role::Terminating, 0),
        (HOME, Role::Forwarding, 600),
        (TURKEY, Role::Originating, 6_000),
        (TURKEY, Role::Terminating, 3_000),
        (TURKEY, Role::Forwarding, 6_000),
        (CHINA, Role::Terminating, 3_000),
    ] {
        let mut world = world(50_000);
        assert_eq!(cost(&mut world, call("c", role, serving), seconds(60)), minute, "{serving} {role:?}");
        let name = &world.last_use().rate;
        assert_eq!(name.ends_with("(mt)"), role == Role::Terminating && serving != HOME, "{name}");
    }
    let other = |role| {
        let mut world = world(50_000);
        let open = at(Ask::voice(Kind::Initial, "c", 0, "+4930901820").role(role).ask(key()), TURKEY);
        cost(&mut world, open, seconds(60))
    };
    assert_eq!((other(Role::Originating), other(Role::Forwarding)), (9_000, 12_000));
}

/// `ROAM-1`
#[test]
fn at_home_a_forwarded_leg_has_a_price_of_its_own_where_the_plan_says_so() {
    let mut parts = roaming();
    let forwarded = directed(parts.plans[0].rates[2].clone(), Direction::Forwarded, 900);
    parts.plans[0].rates.push(forwarded);
    let cost_of = |role| cost(&mut World::new(parts.clone(), 50_000), call("c", role, HOME), seconds(60));
    assert_eq!((cost_of(Role::Originating), cost_of(Role::Forwarding)), (600, 900));
}

/// `ROAM-1`
#[test]
fn data_is_charged_by_zone_and_what_is_free_at_home_is_not_free_abroad() {
    for (serving, group_number, price) in
        [(HOME, 20, 0), (HOME, 30, 300), (TURKEY, 20, 200), (TURKEY, 30, 1_000)]
    {
        let mut world = world(50_000);
        granted(&world.send(&data(Kind::Initial, 0, serving).ask(group(group_number))));
        done(&world.send(&data(Kind::Terminate, 1, serving).used(group(group_number), octets(MB))));
        assert_eq!(world.main(), money(50_000 - price), "{serving} {group_number}");
    }
}

/// `ROAM-1`
#[test]
fn messages_abroad_are_charged_by_zone_and_free_ones_need_no_money() {
    let mut world = world(2_000);
    done(&world.send(&at(Ask::sms("out", &["+77051112233"]), TURKEY)));
    assert_eq!(world.main(), money(0));
    let mut incoming = at(Ask::sms("in", &["+77010000001"]), TURKEY);
    incoming.0.parties.role = Role::Terminating;
    done(&world.send(&incoming));
    assert_eq!(world.main(), money(0));
    assert_eq!(refused(&world.send(&at(Ask::sms("more", &["+77051112233"]), TURKEY))), Denial::NoCredit);
}

/// `ROAM-1`
#[test]
fn where_the_plan_sells_nothing_all_is_refused_but_free_numbers() {
    let mut world = world(50_000);
    let answer = world.send(&data(Kind::Initial, 0, PERU).ask(group(30)));
    assert_eq!(refused(&answer), Denial::NotThere);
    assert_eq!(message(&answer), "ROAM-1: the plan first sells nothing in the network 71606");
    assert!(world.sessions.is_empty());
    assert_eq!(refused(&world.send(&at(Ask::sms("m", &["+77051112233"]), PERU))), Denial::NotThere);
    granted(&world.send(&at(Ask::voice(Kind::Initial, "free", 0, "3030").ask(key()), PERU)));

    let mut parts = roaming();
    parts.plans[0].roaming.zones = Some(Vec::new());
    let mut world = World::new(parts, 50_000);
    assert_eq!(refused(&world.send(&data(Kind::Initial, 0, TURKEY).ask(group(30)))), Denial::NotThere);
    granted(&world.send(&data(Kind::Initial, 0, HOME).ask(group(30))));
}

/// `ROAM-1`
#[test]
fn a_tariff_without_roaming_takes_every_network_for_home() {
    let mut world = World::new(tariff(), 50_000);
    assert_eq!(cost(&mut world, call("c", Role::Originating, PERU), seconds(60)), 600);
    assert_eq!(world.notes.trip, None);
    assert_eq!(world.subscriber.life.travel.trips, []);
}

/// `ROAM-1`, TS 32.299 §7.2.175 RATING_CONDITION_CHANGE
#[test]
fn use_before_a_change_of_the_network_is_charged_by_the_old_one() {
    let mut world = world(50_000);
    granted(&world.send(&data(Kind::Initial, 0, HOME).ask(group(30))));
    let changed = data(Kind::Update, 1, TURKEY).more(group(30), octets(MB)).reason(Reason::ConditionChange);
    granted(&world.send(&changed));
    assert_eq!(world.main(), money(50_000 - 300), "what was used at home");
    assert_eq!(country(&world), Some(286));
    granted(&world.send(&data(Kind::Update, 2, HOME).more(group(30), octets(MB))));
    assert_eq!(world.main(), money(50_000 - 300 - 1_000), "what was used abroad");
    done(&world.send(&Ask::data(Kind::Terminate, "s", 3).used(group(30), octets(MB))));
    assert_eq!(world.main(), money(50_000 - 300 - 1_000 - 300));
}

/// `ROAM-1`
#[test]
fn a_change_of_the_network_is_armed_for_clients_that_take_triggers() {
    let watching = |mut ask: Ask| {
        ask.0.traits.triggers = true;
        ask
    };
    let armed = |answer: &Answer| granted(answer).extra.as_ref().and_then(|extra| extra.triggers.clone());
    let mut world = world(50_000);
    let first = world.send(&watching(data(Kind::Initial, 0, HOME).ask(group(30))));
    assert_eq!(armed(&first), Some(vec![Condition::Network]));
    let next = world.send(&watching(data(Kind::Update, 1, HOME).more(group(30), octets(MB))));
    assert_eq!(armed(&next), None);
    let mut plain = World::new(tariff(), 50_000);
    assert_eq!(armed(&plain.send(&watching(data(Kind::Initial, 0, HOME).ask(group(30))))), None);
}

/// `ROAM-1`
#[test]
fn a_bundle_pays_in_the_zones_that_it_names_and_at_home_alone_where_it_names_none() {
    for (zones, home, abroad) in
        [(None, 0, 1_000), (Some((true, vec![NEAR])), 0, 0), (Some((false, vec![NEAR])), 300, 0)]
    {
        let mut parts = roaming();
        parts.plans[0].bundles =
            vec![bundle("data", covers(DATA, &[30], &[]), Unit::Octets, MB, Then::Rates)];
        let places = zones.map(|(home, zones)| BundleZones { bundle: "data".into(), home, zones });
        parts.plans[0].roaming.bundles = places.into_iter().collect();
        for (serving, price) in [(HOME, home), (TURKEY, abroad)] {
            let mut world = World::new(parts.clone(), 50_000);
            granted(&world.send(&data(Kind::Initial, 0, serving).ask(group(30))));
            done(&world.send(&data(Kind::Terminate, 1, serving).used(group(30), octets(MB))));
            assert_eq!(world.main(), money(50_000 - price), "{serving} {:?}", parts.plans[0].roaming.bundles);
        }
    }
}

fn with_threshold(threshold: i64) -> Parts {
    let mut parts = roaming();
    parts.roaming.as_mut().unwrap().threshold = money(threshold);
    parts
}

/// `ROAM-2`
#[test]
fn a_trip_does_not_begin_below_its_least_balance() {
    let mut world = World::new(with_threshold(100_000), 99_999);
    let answer = world.send(&data(Kind::Initial, 0, TURKEY).ask(group(30)));
    assert_eq!(refused(&answer), Denial::Threshold);
    assert_eq!(message(&answer), "ROAM-2: a trip abroad begins with 1000.00 on the account, there is 999.99");
    assert!(world.sessions.is_empty());
    granted(&world.send(&at(Ask::voice(Kind::Initial, "free", 0, "3030").ask(key()), TURKEY)));
    granted(&world.send(&Ask::data(Kind::Initial, "home", 0).ask(group(30))));
    world.topup(1);
    granted(&world.send(&data(Kind::Initial, 1, TURKEY).ask(group(30))));
}

/// `ROAM-2`
#[test]
fn the_least_balance_is_asked_for_once_a_trip() {
    let mut world = World::new(with_threshold(5_000), 5_000);
    done(&world.send(&at(Ask::sms("first", &["+77051112233"]), TURKEY)));
    assert_eq!(world.main(), money(3_000));
    world.skip(30 * DAY);
    done(&world.send(&at(Ask::sms("second", &["+77051112233"]), TURKEY)));
    assert_eq!(world.main(), money(1_000));
}

/// `ROAM-2`
#[test]
fn plan_and_zone_have_least_balances_of_their_own() {
    let begins = |parts: Parts, main: i64| {
        let answer = World::new(parts, main).send(&data(Kind::Initial, 0, TURKEY).ask(group(30)));
        answer.outcome == Outcome::Done
    };
    let mut parts = with_threshold(5_000);
    parts.roaming.as_mut().unwrap().zones[0].threshold = Some(money(3_000));
    assert_eq!((begins(parts.clone(), 2_999), begins(parts.clone(), 3_000)), (false, true));
    parts.plans[0].roaming.threshold = Some(money(1_000));
    assert_eq!((begins(parts.clone(), 999), begins(parts, 1_000)), (false, true));
}

/// `ROAM-2`
#[test]
fn a_session_that_crosses_the_border_without_the_least_balance_is_settled_and_ended() {
    let mut world = World::new(with_threshold(100_000), 50_000);
    granted(&world.send(&data(Kind::Initial, 0, HOME).ask(group(30))));
    let answer = world.send(&data(Kind::Update, 1, TURKEY).more(group(30), octets(MB)));
    assert_eq!(refused(&answer), Denial::Threshold);
    assert_eq!((world.main(), world.reserved()), (money(50_000 - 300), Money::ZERO));
    assert_eq!(country(&world), Some(286), "the trip has begun all the same");
}

/// `ROAM-3`
#[test]
fn each_trip_is_told_once_whatever_comes_of_its_first_request() {
    let mut world = World::new(with_threshold(100_000), 50_000);
    let mut told = Vec::new();
    for (hours, serving, session) in [
        (0, HOME, "a"),
        (1, TURKEY, "b"),
        (0, TURKEY, "c"),
        (5, CHINA, "d"),
        (1, TURKEY, "e"),
        (1, CHINA, "f"),
        (1, HOME, "g"),
        (20, TURKEY, "h"),
        (1, HOME, "i"),
        (24, TURKEY, "j"),
        (700, TURKEY, "k"),
    ] {
        world.skip(hours * 3_600);
        world.send(&at(Ask::sms(session, &["+77051112233"]), serving));
        told.extend(country(&world).map(|country| (session, country)));
    }
    assert_eq!(told, [("b", 286), ("d", 460), ("j", 286)]);
}

/// `ROAM-3`
#[test]
fn the_notice_of_a_trip_names_network_and_zone() {
    let mut world = world(50_000);
    world.policy.notices.on = true;
    world.send(&at(Ask::sms("a", &["+77051112233"]), TURKEY));
    let causes: Vec<_> = world.changes.notices.iter().map(|notice| notice.cause.clone()).collect();
    assert_eq!(causes, [Cause::Roaming { network: network(TURKEY), zone: Some("near".into()) }]);
    world.send(&at(Ask::sms("b", &["+77051112233"]), TURKEY));
    assert_eq!(world.changes.notices, []);
    world.send(&at(Ask::sms("c", &["+77051112233"]), PERU));
    let causes: Vec<_> = world.changes.notices.iter().map(|notice| notice.cause.clone()).collect();
    assert_eq!(causes, [Cause::Roaming { network: network(PERU), zone: None }]);
}

/// `ROAM-3`
#[test]
fn a_question_begins_no_trip_and_neither_does_a_network_of_the_home_country() {
    use crate::charging::request::Action;
    let mut world = world(50_000);
    let ask = at(Ask::sms("q", &["+77051112233"]).action(Action::PriceEnquiry), TURKEY);
    assert_eq!(world.send(&ask).outcome, Outcome::Done);
    assert_eq!((world.notes.trip, world.subscriber.life.travel.trips.len()), (None, 0));
    let mut parts = roaming();
    parts.roaming.as_mut().unwrap().zones[0].networks.push(network("40101"));
    let mut world = World::new(parts, 50_000);
    assert_eq!(cost(&mut world, call("c", Role::Originating, "40101"), seconds(60)), 6_000);
    assert_eq!((world.notes.trip, world.subscriber.life.travel.trips.len()), (None, 0));
}

fn with_floor(realtime: bool, floor: i64) -> Parts {
    let mut parts = roaming();
    let roaming = parts.roaming.as_mut().unwrap();
    roaming.floor = money(floor);
    roaming.zones[0].realtime = realtime;
    parts
}

/// `ROAM-4`
#[test]
fn roaming_runs_into_debt_down_to_its_floor_and_home_does_not() {
    let mut world = World::new(with_floor(false, 5_000), 0);
    assert_eq!(refused(&world.send(&Ask::data(Kind::Initial, "home", 0).ask(group(30)))), Denial::NoCredit);
    let grant = granted(&world.send(&data(Kind::Initial, 0, TURKEY).ask(group(30)))).clone();
    assert_eq!((grant.amount.count, grant.final_unit.is_some()), (5 * MB, true));
    assert_eq!(world.reserved(), money(5_000));
    done(&world.send(&data(Kind::Terminate, 1, TURKEY).used(group(30), octets(5 * MB))));
    assert_eq!(world.main(), money(-5_000));
    assert_eq!(refused(&world.send(&data(Kind::Initial, 2, TURKEY).ask(group(30)))), Denial::NoCredit);
    world.topup(6_000);
    granted(&world.send(&Ask::data(Kind::Initial, "home", 1).ask(group(30))));
}

/// `ROAM-4`
#[test]
fn where_networks_charge_in_real_time_the_floor_is_nothing_unless_plan_or_zone_say_otherwise() {
    let debt = |parts: Parts| {
        let mut world = World::new(parts, 0);
        world.send(&data(Kind::Initial, 0, TURKEY).ask(group(30)));
        world.reserved().micros() / Money::MICROS_PER_CENT
    };
    assert_eq!(debt(with_floor(true, 5_000)), 0);
    assert_eq!(debt(with_floor(false, 5_000)), 5_000);
    let mut parts = with_floor(true, 5_000);
    parts.roaming.as_mut().unwrap().zones[0].floor = Some(money(2_000));
    assert_eq!(debt(parts.clone()), 2_000);
    parts.plans[0].roaming.floor = Some(money(0));
    assert_eq!(debt(parts), 0);
}

/// `ROAM-4`
#[test]
fn suspension_at_the_credit_limit_or_for_an_unpaid_invoice_leaves_roaming_out() {
    let mut world = World::new(with_floor(false, 5_000), 0);
    world.account.mode = Mode::Credit;
    world.account.life.unpaid_since = Some(Timestamp::EPOCH);
    assert_eq!(refused(&world.send(&Ask::data(Kind::Initial, "home", 0).ask(group(30)))), Denial::NoCredit);
    granted(&world.send(&data(Kind::Initial, 0, TURKEY).ask(group(30))));
    let mut world = World::new(with_floor(true, 5_000), 0);
    world.account.mode = Mode::Credit;
    world.account.life.unpaid_since = Some(Timestamp::EPOCH);
    assert_eq!(refused(&world.send(&data(Kind::Initial, 0, TURKEY).ask(group(30)))), Denial::NoCredit);
}

/// `IN-1`
#[test]
fn incoming_calls_at_home_are_granted_without_money_and_at_the_credit_limit() {
    for (mode, main) in [(Mode::Advance, 0), (Mode::Advance, -500), (Mode::Credit, -500)] {
        let mut world = world(0);
        let (account, entry) = crate::charging::books::operations::adjust(
            world.account.clone(),
            money(if main == 0 { 1 } else { main }),
            crate::charging::books::operations::Act::default(),
        )
        .unwrap();
        (world.account, world.ledger) = (account, vec![entry]);
        world.account.mode = mode;
        world.account.life.unpaid_since = Some(Timestamp::EPOCH);
        let before = world.main();
        for serving in [HOME, ""] {
            let open = call(&format!("c{serving}"), Role::Terminating, serving);
            assert_eq!(cost(&mut world, open, seconds(600)), 0, "{mode:?} {main}");
        }
        assert_eq!(world.main(), before);
        assert_eq!(refused(&world.send(&call("abroad", Role::Terminating, TURKEY))), Denial::NoCredit);
    }
}

/// `IN-1`
#[test]
fn incoming_calls_pass_the_blocks_that_leave_them_working_alone() {
    for (reason, works) in
        [(BlockReason::Lost, true), (BlockReason::Device, false), (BlockReason::Theft, false)]
    {
        let mut world = world(0);
        let block = Block { reason, since: Timestamp::EPOCH, operator: "anna".into(), note: None };
        world.subscriber.put_block(block);
        let answer = world.send(&call("c", Role::Terminating, HOME));
        assert_eq!(answer.outcome == Outcome::Done, works, "{reason:?}");
        assert_eq!(refused(&world.send(&call("o", Role::Originating, HOME))), Denial::Blocked);
    }
}
