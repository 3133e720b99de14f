//! Use across changes of the price, against a naive model: every octet has its time, the hour of that time has
//! its price, and each price is rounded once, in exact fractions. The model shares no code with the decision.

use proptest::prelude::*;

use super::changes::banded;
use super::world::*;
use crate::charging::books::operations::tests::cents;
use crate::charging::catalogue::{Band, Parts, Rate, Weekdays};
use crate::charging::request::{Kind, Part, TariffChangeForm, TariffSide, Used};
use crate::charging::units::Money;
use crate::time::Timestamp;

/// Midnight of 23 November 2026 by the clock of Almaty, five hours ahead of UTC.
const MIDNIGHT: i64 = 1_795_374_000;
/// More than any history costs.
const RICH: i64 = 1_000_000_000_000;

#[derive(Clone, Debug)]
struct Tariff {
    /// Price, in millionths, of `per` octets: elsewhere, and in two bands.
    prices: [i64; 3],
    /// Hours of the two bands, from and to.
    hours: [(u32, u32); 2],
    per: u64,
    step: u64,
    first: u64,
    connect: i64,
    grant: u64,
    validity: u32,
}

prop_compose! {
    fn tariffs()(
        prices in prop::array::uniform3(0i64..90_000), start in 0u32..24, lengths in prop::array::uniform3(1u32..8),
        per in 1u64..40, step in 1u64..25, first in prop_oneof![Just(0u64), 0u64..60],
        connect in prop_oneof![Just(0i64), 0i64..50_000], grant in 1u64..3_000, validity in 60u32..20_000,
    ) -> Tariff {
        let [one, gap, other] = lengths;
        let hour = |past: u32| (start + past) % 24;
        let hours = [(hour(0), hour(one)), (hour(one + gap), hour(one + gap + other))];
        Tariff { prices, hours, per, step, first, connect, grant, validity }
    }
}

impl Tariff {
    fn parts(&self) -> Parts {
        let mut parts = tariff();
        let all = Weekdays::ALL;
        let band = |(from, to): (u32, u32)| Band {
            name: "b".into(),
            from: from * 3_600,
            to: to * 3_600,
            days: all,
            holidays: all,
        };
        parts.bands = self.hours.map(band).to_vec();
        let plain = Rate {
            price: Money::from_micros(self.prices[0]),
            first: self.first,
            connect: Money::from_micros(self.connect),
            ..rate(DATA, &[10], &[], 0, self.per, self.step)
        };
        let mut rate = banded(banded(plain.clone(), 0, 0), 1, 0);
        for (one, price) in rate.bands.iter_mut().zip(&self.prices[1..]) {
            one.rate = Rate { price: Money::from_micros(*price), ..plain.clone() };
        }
        parts.plans[0].rates[0] = rate;
        parts.plans[0].quotas[0].grant = Some(self.grant);
        parts.plans[0].quotas[0].validity_secs = self.validity;
        parts
    }

    /// Which of the prices is in force, by the hour of the clock.
    fn price_at(&self, micros: i64) -> usize {
        let hour = u32::try_from((micros / 1_000_000 + 5 * 3_600).rem_euclid(86_400) / 3_600).unwrap();
        let inside = |(from, to): (u32, u32)| {
            if from < to { (from..to).contains(&hour) } else { hour >= from || hour < to }
        };
        self.hours.iter().position(|&hours| inside(hours)).map_or(0, |band| band + 1)
    }

    /// What so many octets at each price cost, in hundredths; `order` is the order in which prices were first paid.
    fn cost(&self, octets: [u64; 3], order: &[usize]) -> i64 {
        let mut sum = 0;
        for (place, &price) in order.iter().enumerate() {
            let (first, connect) = if place == 0 { (self.first, self.connect) } else { (0, 0) };
            let mut counted = 0;
            while counted < octets[price].max(first) {
                counted += self.step;
            }
            let per = i128::from(self.per);
            let micros = i128::from(self.prices[price]) * i128::from(counted) + i128::from(connect) * per;
            let (cent, twice) = (per * 10_000, 2 * micros);
            sum += i64::try_from((twice + cent) / (2 * cent)).unwrap();
        }
        sum
    }
}

/// One step: how long it takes, and how many octets are used meanwhile.
type Step = (u32, u64);

/// Runs a history: octets are used evenly between requests. A client that is told of a change says the sides; the
/// octet that is under way then lies on either.
fn run(tariff: &Tariff, form: TariffChangeForm, start: u32, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut world = World::new(tariff.parts(), RICH);
    world.now = Timestamp::from_secs(MIDNIGHT + i64::from(start));
    let mut ask = Ask::data(Kind::Initial, "s", 0).ask(group(10));
    ask.0.traits.tariff_change = form;
    let mut answer = world.send(&ask);
    let (mut octets, mut order) = ([0u64; 3], Vec::new());
    for (number, &(secs, used)) in (1..).zip(steps) {
        let grant = granted(&answer).clone();
        let told = grant.extra.as_ref().and_then(|extra| extra.change).map(|change| change.at.micros());
        // one that is told keeps to the validity; one that is not may come when it likes
        let secs = if told.is_some() { secs.min(grant.validity_secs.unwrap()) } else { secs };
        let since = world.now.micros();
        let span = i64::from(secs) * 1_000_000;
        world.skip(i64::from(secs));
        let mut sides = [0u64; 3];
        for octet in 0..used {
            let moment = |count: u64| i128::from(count) * i128::from(span);
            let limit = told.map(|at| i128::from(at - since) * i128::from(used));
            // it begins after the change, ends before it, or is under way
            let side = match limit {
                Some(limit) if moment(octet + 1) <= limit => 0,
                Some(limit) if moment(octet) >= limit => 1,
                Some(_) => 2,
                None => 0,
            };
            sides[side] += 1;
            let end = since + i64::try_from(moment(octet + 1) / i128::from(used)).unwrap();
            // what is complete at a moment was used before it
            let exact = moment(octet + 1) % i128::from(used) == 0;
            let by_time = tariff.price_at(if exact { end - 1 } else { end });
            let price = match (side, told) {
                (2, Some(at)) => {
                    let (before, after) = (tariff.price_at(at - 1), tariff.price_at(at));
                    if tariff.prices[after] > tariff.prices[before] { before } else { after }
                }
                (0, Some(at)) => tariff.price_at(at - 1),
                _ => by_time,
            };
            octets[price] += 1;
            if !order.contains(&price) {
                order.push(price);
            }
        }
        let named = [TariffSide::Before, TariffSide::After, TariffSide::Either];
        let report = |(count, side): (u64, TariffSide)| Used {
            measured: octets_of(count),
            side: told.filter(|&at| at < world.now.micros()).map(|_| side),
        };
        let reports = sides.into_iter().zip(named).filter(|(count, _)| *count > 0).map(report).collect();
        let part = Part { key: group(10), requested: Some(octets_of(0)), used: reports, ..Part::default() };
        let mut ask = Ask::data(Kind::Update, "s", number).part(part);
        ask.0.traits.tariff_change = form;
        answer = world.send(&ask);
        let cost = tariff.cost(octets, &order);
        prop_assert_eq!(
            world.main(),
            cents(RICH - cost),
            "{:?} {:?} after request {}",
            octets,
            order,
            number
        );
    }
    Ok(())
}

fn octets_of(count: u64) -> crate::charging::request::Measured {
    octets(count)
}

fn forms() -> impl Strategy<Value = TariffChangeForm> {
    prop_oneof![Just(TariffChangeForm::None), Just(TariffChangeForm::Single), Just(TariffChangeForm::Dual)]
}

/// Uses at most what was granted, for at most as long as it was, and looks whether the money ever lacks.
fn frugal(
    tariff: &Tariff,
    form: TariffChangeForm,
    start: u32,
    main: i64,
    steps: &[(u32, u64, u64)],
) -> Result<(), TestCaseError> {
    let mut world = World::new(tariff.parts(), main);
    world.now = Timestamp::from_secs(MIDNIGHT + i64::from(start));
    let mut ask = Ask::data(Kind::Initial, "s", 0).ask(group(10));
    ask.0.traits.tariff_change = form;
    let mut answer = world.send(&ask);
    for (number, &(permille_of_time, permille, permille_before)) in (1..).zip(steps) {
        let Some(grant) = answer.parts.first().and_then(|part| part.grant.clone()) else { break };
        let validity = u64::from(grant.validity_secs.unwrap());
        let since = world.now;
        world.skip(i64::try_from(validity * u64::from(permille_of_time) / 1_000).unwrap());
        let share = |count: u64, permille: u64| count * permille / 1_000;
        let all = share(grant.amount.count, permille);
        let change = grant.extra.as_ref().and_then(|extra| extra.change);
        let sided = change.filter(|change| since < change.at && change.at < world.now);
        let used = match sided {
            None => vec![(None, all)],
            Some(change) => {
                let after =
                    change.after.map_or(all - share(all, permille_before), |after| share(after, permille));
                let before = if change.after.is_some() { all } else { share(all, permille_before) };
                vec![(Some(TariffSide::Before), before), (Some(TariffSide::After), after)]
            }
        };
        let used = used.into_iter().map(|(side, count)| Used { measured: octets(count), side }).collect();
        let part = Part { key: group(10), requested: Some(octets(0)), used, ..Part::default() };
        let mut ask = Ask::data(Kind::Update, "s", number).part(part);
        ask.0.traits.tariff_change = form;
        answer = world.send(&ask);
        prop_assert!(!world.notes.above_grant);
        prop_assert!(!world.main().is_negative(), "{} after request {}", world.main(), number);
        prop_assert!(!world.account.available().is_negative(), "after request {}", number);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn every_octet_is_rated_by_the_price_of_its_moment(
        tariff in tariffs(), form in forms(), start in 0u32..86_400,
        steps in prop::collection::vec((0u32..30_000, 0u64..400), 1..8),
    ) {
        run(&tariff, form, start, &steps)?;
    }

    #[test]
    fn what_is_granted_across_a_change_is_paid_for_however_it_falls(
        tariff in tariffs(), form in forms(), start in 0u32..86_400, main in 0i64..3_000,
        steps in prop::collection::vec((0u32..=1_000, 0u64..=1_000, 0u64..=1_000), 1..12),
    ) {
        frugal(&tariff, form, start, main, &steps)?;
    }
}
