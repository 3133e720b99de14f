//! Changes of the price within a session: bands of time, new versions of the catalogue, conditions of use.
//!
//! In these tests it is 22 November 2026 in Almaty; night is from 22:00 to 06:00.

use super::world::*;
use crate::charging::answer::{Answer, FinalUnit, Grant, TariffChange};
use crate::charging::books::operations::tests::cents;
use crate::charging::catalogue::{Band, BandIx, BandRate, Catalogue, Parts, Rate, Then, Weekdays};
use crate::charging::request::{
    Kind, Part, Place, QuotaKey, Reason, Shape, TariffChangeForm, TariffSide, Used,
};
use crate::charging::units::{Digits, Money, Unit};
use crate::time::Timestamp;

const MOBILE: &str = "tel:+77051112233";
/// 21:00 by the clock of Almaty.
const NINE: i64 = 1_795_363_200;
/// 22:00, when night begins.
const TEN: Timestamp = Timestamp::from_secs(NINE + 3_600);

fn whole() -> QuotaKey {
    QuotaKey::default()
}

fn band(name: &str, from: u32, to: u32) -> Band {
    let all = Weekdays::ALL;
    Band { name: name.into(), from: from * 3_600, to: to * 3_600, days: all, holidays: all }
}

/// The rate with another price in a band.
pub(super) fn banded(mut rate: Rate, band: u16, price: i64) -> Rate {
    let inside =
        Rate { price: cents(price), name: format!("{}, band {band}", rate.name).into(), ..rate.clone() };
    rate.bands.push(BandRate { band: BandIx(band), rate: Rate { bands: Vec::new(), ..inside } });
    rate
}

/// The tariff with a night in which data of group 10 costs this much a megabyte, and a minute to a mobile 1.50.
fn night(price: i64) -> Parts {
    let mut parts = tariff();
    parts.bands = vec![band("night", 22, 6)];
    parts.plans[0].rates[0] = banded(parts.plans[0].rates[0].clone(), 0, price);
    parts.plans[0].rates[2] = banded(parts.plans[0].rates[2].clone(), 0, 150);
    parts
}

fn world_at(minutes_past_nine: i64, parts: Parts, main: i64) -> World {
    let mut world = World::new(parts, main);
    world.now = Timestamp::from_secs(NINE + 60 * minutes_past_nine);
    world
}

fn told(mut ask: Ask, form: TariffChangeForm) -> Ask {
    ask.0.traits.tariff_change = form;
    ask
}

fn open(form: TariffChangeForm) -> Ask {
    told(Ask::data(Kind::Initial, "s", 0).ask(group(10)), form)
}

/// Reports of use, each with its side, and a wish for more.
fn sides(number: u32, used: &[(Option<TariffSide>, u64)]) -> Ask {
    let used = used.iter().map(|&(side, count)| Used { measured: octets(count), side }).collect();
    let part = Part { key: group(10), requested: Some(octets(0)), used, ..Part::default() };
    Ask::data(Kind::Update, "s", number).part(part)
}

fn change(grant: &Grant) -> Option<TariffChange> {
    grant.extra.as_ref().and_then(|extra| extra.change)
}

fn spent(world: &World, main: i64) -> Money {
    cents(main).checked_sub(world.main()).unwrap()
}

fn last_names(world: &World, count: usize) -> Vec<(String, u64)> {
    let entries = world.ledger.iter().rev().take(count);
    let mut names: Vec<_> = entries
        .map(|entry| entry.usage.as_ref().unwrap())
        .map(|usage| (usage.rate.to_string(), usage.used.count))
        .collect();
    names.reverse();
    names
}

#[test]
fn one_grant_for_both_sides_tells_the_time_of_the_change_and_is_held_at_the_dearer_price() {
    for (price, held) in [(50, 5_000), (300, 15_000)] {
        let mut world = world_at(30, night(price), 100_000);
        let answer = world.send(&open(TariffChangeForm::Single));
        let grant = granted(&answer);
        assert_eq!((grant.amount.count, grant.validity_secs), (50 * MB, Some(3_600)));
        assert_eq!(change(grant), Some(TariffChange { at: TEN, after: None }));
        assert_eq!(world.session("s").quotas[0].reservation.as_ref().unwrap().change, Some((TEN, None)));
        // a step of each rate and two hundredths: what the split may add
        let more = world.reserved().checked_sub(cents(held)).unwrap();
        assert!(more >= cents(2) && more <= cents(4), "{more}");
    }
}

#[test]
fn a_change_beyond_the_validity_or_when_only_a_bundle_pays_is_not_told() {
    let mut world = world_at(0, night(50), 100_000);
    let grant = |answer: &Answer| (change(granted(answer)), granted(answer).validity_secs);
    assert_eq!(grant(&world.send(&open(TariffChangeForm::Single))), (None, Some(3_600)), "at 21:00");
    let mut parts = night(50);
    parts.plans[0].bundles.push(bundle("data", covers(DATA, &[10], &[]), Unit::Octets, 90 * MB, Then::Rates));
    let mut world = world_at(30, parts, 100_000);
    for form in [TariffChangeForm::Single, TariffChangeForm::None, TariffChangeForm::Dual] {
        assert_eq!(grant(&world.send(&open(form).digest(9))), (None, Some(3_600)), "{form:?}");
        world.sessions.clear();
        world.subscriber.allowances[0].reserved = 0;
    }
    // group 20 is free, group 30 has one price
    for number in [20, 30] {
        let ask = told(Ask::data(Kind::Initial, "t", 0).ask(group(number)), TariffChangeForm::Single);
        assert_eq!(grant(&world.send(&ask)), (None, Some(3_600)), "{number}");
        world.send(&Ask::data(Kind::Terminate, "t", 1));
        world.sessions.remove("t");
    }
}

#[test]
fn a_grant_for_each_side_is_held_at_the_price_of_its_side() {
    let mut world = world_at(30, night(300), 100_000);
    let answer = world.send(&open(TariffChangeForm::Dual));
    let grant = granted(&answer);
    assert_eq!(
        (grant.amount.count, change(grant)),
        (50 * MB, Some(TariffChange { at: TEN, after: Some(50 * MB) }))
    );
    assert_eq!(world.reserved(), cents(5_000 + 15_000));
    world.skip(3_000);
    let used = [(Some(TariffSide::Before), 40 * MB), (Some(TariffSide::After), 45 * MB)];
    let answer = world.send(&told(sides(1, &used), TariffChangeForm::Dual));
    assert_eq!(spent(&world, 100_000), cents(4_000 + 13_500));
    assert!(!world.notes.above_grant);
    assert_eq!((change(granted(&answer)), granted(&answer).amount.count), (None, 50 * MB), "night has begun");
    assert_eq!(world.reserved(), cents(15_000));
}

#[test]
fn a_grant_for_each_side_is_one_grant_where_units_stand_at_command_level() {
    let mut world = world_at(30, night(300), 100_000);
    let mut ask = open(TariffChangeForm::Dual);
    ask.0.shape = Shape::Command;
    assert_eq!(change(granted(&world.send(&ask))), Some(TariffChange { at: TEN, after: None }));
}

#[test]
fn money_that_is_used_up_before_the_change_grants_nothing_for_after_it() {
    let mut world = world_at(30, night(300), 3_000);
    let answer = world.send(&open(TariffChangeForm::Dual));
    let grant = granted(&answer);
    assert_eq!((grant.amount.count, change(grant)), (30 * MB, None));
    assert_eq!((&grant.final_unit, grant.validity_secs), (&Some(FinalUnit::Terminate), Some(1_800)));
}

#[test]
fn who_is_told_nothing_comes_back_within_five_minutes_after_the_change_and_always_at_the_same_moment() {
    let mut ends = Vec::new();
    for minutes in [5, 30, 59] {
        let mut world = world_at(minutes, night(50), 100_000);
        let answer = world.send(&open(TariffChangeForm::None));
        let grant = granted(&answer);
        assert_eq!(change(grant), None);
        let end = world.now.secs() + i64::from(grant.validity_secs.unwrap());
        assert!((TEN.secs()..=TEN.secs() + 300).contains(&end), "{end}");
        ends.push(end);
        assert!(world.reserved() > cents(5_000), "held at the dearer price");
    }
    assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}");
}

/// The storm that is none: ten thousand sessions whose price changes at midnight.
#[test]
fn a_midnight_of_ten_thousand_sessions_is_spread_over_five_minutes_and_none_comes_before_it() {
    let mut parts = night(50);
    parts.bands[0] = band("night", 0, 6);
    let midnight = TEN.secs() + 7_200;
    let mut world = world_at(150, parts, 100_000);
    let mut seconds = [0u32; 301];
    for number in 0..10_000u32 {
        let id = format!(
            "pgw{:02}.epc.mnc002.mcc401.3gppnetwork.org;{};{}",
            number % 7,
            1_795_000 + number / 50,
            number
        );
        let answer = world.send(&Ask::data(Kind::Initial, &id, 0).ask(group(10)));
        let end = world.now.secs() + i64::from(granted(&answer).validity_secs.unwrap());
        let after = usize::try_from(end - midnight).expect("none comes before the change");
        seconds[after] += 1;
        // each is alone on its account
        world.account.reserved = Money::ZERO;
        world.sessions.clear();
    }
    assert!(seconds.iter().all(|&count| count < 90), "no second has more than thrice its share: {seconds:?}");
    for minute in seconds[..300].chunks(60) {
        let share: u32 = minute.iter().sum();
        assert!((1_800..2_200).contains(&share), "{share} of 10000 in a minute");
    }
}

#[test]
fn a_grant_of_time_ends_at_the_change() {
    let mut parts = night(50);
    parts.plans[0].quotas[1].grant = Some(600);
    let mut world = world_at(55, parts, 10_000);
    let ask = told(Ask::voice(Kind::Initial, "v", 0, MOBILE).ask(whole()), TariffChangeForm::Single);
    let answer = world.send(&ask);
    assert_eq!((granted(&answer).amount.count, change(granted(&answer))), (300, None));
    assert_eq!((&granted(&answer).final_unit, world.reserved()), (&None, cents(3_000)));
    world.skip(300);
    let answer = world.send(&Ask::voice(Kind::Update, "v", 1, MOBILE).more(whole(), seconds(300)));
    assert_eq!((granted(&answer).amount.count, world.main()), (600, cents(7_000)));
    world.skip(60);
    world.send(&Ask::voice(Kind::Terminate, "v", 2, MOBILE).used(whole(), seconds(60)));
    assert_eq!(world.main(), cents(6_850));
}

#[test]
fn seconds_are_those_right_before_the_report() {
    let mut world = world_at(59, night(50), 10_000);
    // it rings for 20 s: the minute that is granted ends 20 s after the change
    world.send(&Ask::voice(Kind::Initial, "v", 0, MOBILE).ask(whole()));
    world.skip(80);
    world.send(&Ask::voice(Kind::Terminate, "v", 1, MOBILE).used(whole(), seconds(60)));
    assert_eq!(spent(&world, 10_000), cents(400 + 50));
}

#[test]
fn use_is_rated_on_its_side_of_the_change() {
    use TariffSide::{After, Before, Either};
    for (price, used, charged) in [
        (50, &[(Some(Before), 10), (Some(After), 20)][..], 1_000 + 1_000),
        (300, &[(Some(After), 20), (Some(Before), 10)], 1_000 + 6_000),
        // several of one side are added; what lies on either side is rated by the lower price
        (50, &[(Some(Before), 4), (Some(Either), 2), (Some(After), 6), (Some(Before), 6)], 1_000 + 400),
        (300, &[(Some(Before), 4), (Some(Either), 2), (Some(After), 6), (Some(Before), 6)], 1_200 + 1_800),
        // RFC 8506 §8.27: without a side no change has occurred
        (50, &[(None, 30)], 3_000),
        (300, &[(None, 10), (Some(After), 10)], 1_000 + 3_000),
    ] {
        let mut world = world_at(30, night(price), 100_000);
        world.send(&open(TariffChangeForm::Single));
        world.skip(2_400);
        let used: Vec<_> = used.iter().map(|&(side, count)| (side, count * MB)).collect();
        world.send(&sides(1, &used));
        assert_eq!(spent(&world, 100_000), cents(charged), "{price} {used:?}");
    }
}

#[test]
fn sides_count_after_the_reservation_has_ended_too() {
    let mut world = world_at(30, night(50), 100_000);
    world.send(&open(TariffChangeForm::Single));
    world.pass(3 * 3_600);
    assert!(world.session("s").quotas[0].reservation.is_none());
    world.send(&sides(1, &[(Some(TariffSide::Before), 10 * MB), (Some(TariffSide::After), 20 * MB)]));
    assert_eq!(spent(&world, 100_000), cents(1_000 + 1_000));
    assert!(world.notes.late);
}

#[test]
fn sides_of_a_change_that_there_is_not_are_rated_by_the_one_price() {
    let mut world = world_at(0, night(50), 100_000);
    world.send(&open(TariffChangeForm::Single));
    world.skip(600);
    world.send(&sides(1, &[(Some(TariffSide::Before), MB), (Some(TariffSide::After), MB), (None, MB)]));
    assert_eq!((spent(&world, 100_000), world.changes.ledger.len()), (cents(300), 1));
}

#[test]
fn use_that_says_nothing_is_spread_evenly_from_the_request_before_it() {
    let mut world = world_at(45, night(50), 100_000);
    world.send(&open(TariffChangeForm::None));
    // fifteen minutes before the change, five after it
    world.skip(1_200);
    world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(40 * MB)));
    assert_eq!(spent(&world, 100_000), cents(3_000 + 500));
    let name =
        &world.catalogue.plan_named("first").and_then(|plan| world.catalogue.plan(plan)).unwrap().rates[0];
    let (day, night) = (name.name.to_string(), name.bands[0].rate.name.to_string());
    assert_eq!(last_names(&world, 2), [(day, 30 * MB), (night, 10 * MB)]);
    let [.., first, last] = world.ledger.as_slice() else { panic!() };
    assert_eq!(first.usage.as_ref().unwrap().used_at, TEN);
    assert_eq!(last.usage.as_ref().unwrap().used_at, world.now);
}

#[test]
fn each_quota_has_a_time_of_its_own_since_which_it_is_used() {
    let mut parts = night(50);
    parts.plans[0].rates[1] = banded(parts.plans[0].rates[1].clone(), 0, 100);
    let mut world = world_at(40, parts, 100_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(30)));
    world.skip(15 * 60);
    world.send(&Ask::data(Kind::Update, "s", 1).more(group(30), octets(MB)));
    world.skip(10 * 60);
    let before = world.main();
    // group 10 since 21:40: twenty minutes and five; group 30 since 21:55: five and five
    world.send(
        &Ask::data(Kind::Update, "s", 2).more(group(10), octets(25 * MB)).more(group(30), octets(10 * MB)),
    );
    assert_eq!(before.checked_sub(world.main()), Some(cents(2_000 + 250 + 1_500 + 500)));
}

#[test]
fn the_connection_and_the_first_units_are_charged_once_in_a_call_whatever_the_time() {
    let mut parts = night(50);
    parts.plans[0].rates[2] = banded(
        Rate { connect: cents(500), first: 30, bands: Vec::new(), ..parts.plans[0].rates[2].clone() },
        0,
        150,
    );
    let mut world = world_at(59, parts, 10_000);
    world.send(&Ask::voice(Kind::Initial, "v", 0, MOBILE).ask(whole()));
    world.skip(60);
    world.send(&Ask::voice(Kind::Update, "v", 1, MOBILE).more(whole(), seconds(60)));
    assert_eq!(spent(&world, 10_000), cents(500 + 600));
    assert_eq!(world.reserved(), cents(150));
    world.skip(10);
    world.send(&Ask::voice(Kind::Terminate, "v", 2, MOBILE).used(whole(), seconds(10)));
    assert_eq!(spent(&world, 10_000), cents(1_100 + 25));
}

#[test]
fn each_price_has_a_count_of_its_own_for_rounding() {
    let mut world = world_at(30, night(50), 100_000);
    world.send(&open(TariffChangeForm::Single));
    world.skip(2_400);
    // 0.4 hundredths by day, 0.4 by night
    let used = [(Some(TariffSide::Before), 4_000), (Some(TariffSide::After), 8_000)];
    world.send(&sides(1, &used));
    assert_eq!(spent(&world, 100_000), Money::ZERO);
    let bands: Vec<_> = world.session("s").quotas[0].rated.iter().map(|line| line.rate.band).collect();
    assert_eq!(bands, [u16::MAX, 0]);
    world.send(&sides(2, &[(None, 2_000)]));
    assert_eq!(spent(&world, 100_000), cents(1), "10 kB by night are half a hundredth");
}

#[test]
fn an_event_has_the_price_of_its_time() {
    let mut parts = night(50);
    parts.plans[0].rates[4] = banded(parts.plans[0].rates[4].clone(), 0, 100);
    let mut world = world_at(0, parts, 10_000);
    world.send(&Ask::sms("day", &[MOBILE]));
    assert_eq!(spent(&world, 10_000), cents(200));
    world.skip(3_600);
    world.send(&Ask::sms("night", &[MOBILE, MOBILE]));
    assert_eq!(spent(&world, 10_000), cents(400));
}

#[test]
fn money_that_does_not_reach_for_the_price_after_the_change_is_used_before_it() {
    // 21:59, a megabyte for 1.00 and then 30.00: one megabyte can be had now, none at ten
    for form in [TariffChangeForm::None, TariffChangeForm::Single, TariffChangeForm::Dual] {
        let mut world = world_at(59, night(3_000), 150);
        let answer = world.send(&open(form));
        let grant = granted(&answer);
        assert!(grant.amount.count <= 1_500_000, "{form:?}");
        assert!(world.reserved() <= cents(150));
        if change(grant).is_none() && grant.final_unit.is_some() {
            assert_eq!(grant.validity_secs, Some(60), "{form:?}");
        }
    }
    let mut parts = night(3_000);
    parts.plans[0].rates[0].step = MB;
    parts.plans[0].rates[0].bands[0].rate.step = MB;
    let mut world = world_at(59, parts, 150);
    let answer = world.send(&open(TariffChangeForm::Single));
    let grant = granted(&answer);
    assert_eq!((grant.amount.count, &grant.final_unit), (MB, &Some(FinalUnit::Terminate)));
    assert_eq!((change(grant), grant.validity_secs), (None, Some(60)));
}

#[test]
fn a_second_change_within_the_validity_ends_it() {
    let mut parts = night(50);
    parts.bands = vec![band("night", 22, 23)];
    parts.plans[0].quotas[0].validity_secs = 4 * 3_600;
    let end = |form| {
        let mut world = world_at(30, parts.clone(), 100_000);
        let answer = world.send(&open(form));
        (
            change(granted(&answer)).is_some(),
            world.now.secs() + i64::from(granted(&answer).validity_secs.unwrap()),
        )
    };
    let (told, at) = end(TariffChangeForm::Single);
    assert!(told && (TEN.secs() + 3_300..=TEN.secs() + 3_600).contains(&at), "{at}");
    let (told, at) = end(TariffChangeForm::None);
    assert!(!told && (TEN.secs()..=TEN.secs() + 300).contains(&at), "{at}");
}

#[test]
fn of_equal_destinations_the_rate_with_a_price_for_the_band_is_the_more_specific() {
    let mut parts = night(50);
    // the same group again, later in the file, and only it has a night
    let first = rate(DATA, &[10, 30], &[], 700, MB, 1_000);
    parts.plans[0].rates.insert(0, first);
    let mut world = world_at(0, parts, 100_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).used(group(10), octets(MB)));
    assert_eq!(spent(&world, 100_000), cents(700), "the first in the file by day");
    world.skip(7_200);
    world.send(&Ask::data(Kind::Initial, "t", 0).used(group(10), octets(MB)));
    assert_eq!(spent(&world, 100_000), cents(750));
}

#[test]
fn use_before_a_new_version_of_the_catalogue_is_rated_by_the_version_of_its_time() {
    let mut world = world_at(0, tariff(), 100_000);
    world.send(&open(TariffChangeForm::None));
    world.skip(600);
    let mut parts = tariff();
    parts.version = 2;
    // everything has another place and another price
    parts.plans[0].rates.insert(0, rate(VOICE, &[], &[], 1, 60, 1));
    parts.plans[0].rates[1].price = cents(1_000);
    parts.plans.insert(0, parts.plans[0].clone());
    parts.plans[0].name = "other".into();
    world.catalogue = Catalogue::new(parts).succeeding(&world.catalogue, world.now);
    world.skip(200);
    // ten minutes by the first, two hundred seconds by the second
    world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(8 * MB)));
    assert_eq!(spent(&world, 100_000), cents(600 + 2_000));
    let versions: Vec<_> = world.session("s").quotas[0].rated.iter().map(|line| line.rate.version).collect();
    assert_eq!(versions, [1, 2]);
    assert_eq!(world.reserved(), cents(50_000), "what is granted has the new price");
}

#[test]
fn a_version_that_did_not_know_the_service_gives_way_to_the_one_in_force() {
    let mut world = world_at(0, tariff(), 100_000);
    world.send(&open(TariffChangeForm::None));
    world.skip(600);
    let mut before = tariff();
    before.plans[0].name = "gone".into();
    let parts = Parts { version: 2, ..tariff() };
    world.catalogue = Catalogue::new(parts).succeeding(&Catalogue::new(before), world.now);
    world.skip(200);
    world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(8 * MB)));
    assert_eq!(spent(&world, 100_000), cents(800));
}

#[test]
fn of_versions_the_latest_stay_known() {
    let version = |number| Parts { version: number, ..tariff() };
    let mut catalogue = Catalogue::new(version(1));
    for number in 2..=80u64 {
        let at = Timestamp::from_secs(i64::try_from(number).unwrap() * 100);
        catalogue = Catalogue::new(version(number)).succeeding(&catalogue, at);
    }
    let at = |secs| catalogue.in_force(Timestamp::from_secs(secs)).version();
    assert_eq!((at(9_000), at(8_000), at(7_999), at(7_800)), (80, 80, 79, 78));
    assert_eq!((at(1_700), at(1_699), at(0)), (17, 16, 16), "what was before is rated by the oldest known");
    let next = |secs| catalogue.next_version(Timestamp::from_secs(secs)).map(Timestamp::secs);
    assert_eq!(
        (next(0), next(7_899), next(7_900), next(8_000)),
        (Some(1_700), Some(7_900), Some(8_000), None)
    );
}

#[test]
fn use_is_of_the_place_before_and_what_is_granted_of_the_place_of_the_request() {
    let place = |plmn, radio| Place { serving_plmn: Digits::parse(plmn), radio };
    let mut world = world_at(0, tariff(), 100_000);
    let mut ask = open(TariffChangeForm::None);
    ask.0.place = place("40102", Some(6));
    world.send(&ask);
    assert_eq!(world.session("s").place, place("40102", Some(6)));
    world.skip(60);
    let mut ask = Ask::data(Kind::Update, "s", 1).more(group(10), octets(MB)).reason(Reason::ConditionChange);
    ask.0.place = place("25001", None);
    world.send(&ask);
    assert_eq!(world.session("s").place, place("25001", Some(6)), "what is not said stays");
    world.send(&Ask::data(Kind::Update, "s", 2).more(group(10), octets(MB)));
    assert_eq!(world.session("s").place, place("25001", Some(6)));
}

#[test]
fn a_grant_that_reaches_over_a_change_shares_no_pool() {
    let mut parts = night(50);
    parts.plans[0].rates[1] = banded(parts.plans[0].rates[1].clone(), 0, 100);
    for (minutes, pooled) in [(0, true), (30, false)] {
        let mut world = world_at(minutes, parts.clone(), 100_000);
        let mut ask = Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(30));
        ask.0.traits.pools = true;
        let answer = world.send(&ask);
        let pools = answer.parts.iter().map(|part| part.grant.as_ref().unwrap().extra.as_ref());
        assert!(pools.map(|extra| extra.is_some_and(|extra| extra.pool.is_some())).all(|one| one == pooled));
    }
}
