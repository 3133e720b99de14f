//! What units cost, exactly, and how many units money buys (`ACC-3`).
//!
//! The price of `n` units of a rate is `connect + price × steps(max(n, first)) / per`, where `steps` rounds
//! up to a multiple of the step; nothing costs nothing. Where a rate has tiers, `price × steps` is the sum over them, each
//! at its own price for the units that lie in it. Charges are differences of rounded totals, so that
//! it makes no difference how use is split over reports.

use super::rounding::Exact;
use crate::charging::catalogue::{Rate, Tier};
use crate::charging::units::Money;

/// What of a rate makes a price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scheme<'r> {
    /// The price of `per` units, nothing or more.
    pub price: Money,
    /// Units that `price` buys; more than none.
    pub per: u64,
    /// Units are rounded up to a multiple of it; more than none.
    pub step: u64,
    /// The least number of units charged once anything is used.
    pub first: u64,
    /// Charged once, with the first unit; nothing or more.
    pub connect: Money,
    /// Other prices from so many units on, in their order.
    pub tiers: &'r [Tier],
}

impl<'r> From<&'r Rate> for Scheme<'r> {
    fn from(rate: &'r Rate) -> Self {
        let Rate { price, per, step, first, connect, .. } = *rate;
        Self { price, per, step, first, connect, tiers: &rate.tiers }
    }
}

impl Scheme<'_> {
    /// The price of going on with what was begun at another rate: what is charged once for all of it, the
    /// connection and the least number of units, was charged then.
    #[must_use]
    pub const fn going_on(self) -> Self {
        Self { first: 0, connect: Money::ZERO, ..self }
    }

    /// The highest price of `per` units.
    pub fn dearest(&self) -> Money {
        self.tiers.iter().map(|tier| tier.price).fold(self.price, Money::max)
    }

    /// Whether a unit costs more than by another scheme, where it is dearest.
    pub fn is_dearer(&self, than: &Scheme<'_>) -> bool {
        let scaled = |price: Money, per: u64| i128::from(price.micros()).saturating_mul(i128::from(per));
        scaled(self.dearest(), than.per) > scaled(than.dearest(), self.per)
    }

    /// The same with one price for all units, the highest.
    #[must_use]
    pub fn flat(self) -> Scheme<'static> {
        let Self { per, step, first, connect, .. } = self;
        Scheme { price: self.dearest(), per, step, first, connect, tiers: &[] }
    }

    /// The stretches of units that have one price: where each ends, none for the last, and its price.
    fn stretches(&self) -> impl Iterator<Item = (u64, Option<u64>, Money)> {
        let starts = core::iter::once((0, self.price)).chain(self.tiers.iter().map(|t| (t.from, t.price)));
        let ends = self.tiers.iter().map(|tier| Some(tier.from)).chain([None]);
        starts.zip(ends).map(|((from, price), end)| (from, end, price))
    }

    /// Counted units by the price that they have: as many for each tier as lie in it.
    pub fn split(&self, counted: u64) -> Vec<(u64, Money)> {
        let parts = self.stretches().map(|(from, end, price)| {
            (end.map_or(counted, |end| counted.min(end)).saturating_sub(from), price)
        });
        parts.filter(|(units, _)| *units > 0).collect()
    }

    /// The price of so many units, counted already, times `per`.
    fn metered(&self, counted: i128) -> Option<i128> {
        if self.tiers.is_empty() {
            return i128::from(self.price.micros()).checked_mul(counted);
        }
        self.stretches().try_fold(0i128, |sum, (from, end, price)| {
            let upto = end.map_or(counted, |end| counted.min(i128::from(end)));
            let units = upto.saturating_sub(i128::from(from)).max(0);
            sum.checked_add(i128::from(price.micros()).checked_mul(units)?)
        })
    }

    /// The most units that cost no more than `room`, which is times `per`; none where there is no bound.
    fn most(&self, mut room: i128) -> Option<i128> {
        for (from, end, price) in self.stretches() {
            let price = i128::from(price.micros());
            let bought = room.checked_div(price);
            let long = end.map(|end| i128::from(end).saturating_sub(i128::from(from)));
            match (bought, long) {
                (None, None) => return None,
                (Some(bought), Some(long)) if bought < long => return i128::from(from).checked_add(bought),
                (Some(bought), None) => return i128::from(from).checked_add(bought),
                (_, Some(long)) => room = room.saturating_sub(price.saturating_mul(long)),
            }
        }
        None
    }
}

/// The exact price of `units` in all; none where it does not fit.
pub fn exact<'r>(rate: impl Into<Scheme<'r>>, units: u64) -> Option<Exact> {
    let rate = &rate.into();
    if units == 0 {
        return Some(Exact::ZERO);
    }
    let per = i128::from(rate.per);
    let counted = in_steps(rate, units.max(rate.first))?;
    let metered = rate.metered(counted)?;
    let connect = i128::from(rate.connect.micros()).checked_mul(per)?;
    Exact::new(metered.checked_add(connect)?, per)
}

/// What is charged for `units` in all: the exact price rounded half up to hundredths.
pub fn charged<'r>(rate: impl Into<Scheme<'r>>, units: u64) -> Option<Money> {
    exact(rate, units)?.half_up()
}

/// What must be held for `units` in all: the exact price rounded up to hundredths.
pub fn held<'r>(rate: impl Into<Scheme<'r>>, units: u64) -> Option<Money> {
    exact(rate, units)?.up()
}

/// The units that are priced for so many: at least the first ones, in whole steps.
pub fn counted<'r>(rate: impl Into<Scheme<'r>>, units: u64) -> Option<u64> {
    let rate = &rate.into();
    if units == 0 {
        return Some(0);
    }
    u64::try_from(in_steps(rate, units.max(rate.first))?).ok()
}

/// The largest total of whole steps whose exact price is not above the budget, [`u64::MAX`] where the
/// budget sets no bound.
pub fn affordable<'r>(rate: impl Into<Scheme<'r>>, budget: Money) -> u64 {
    let rate = &rate.into();
    let (per, step) = (i128::from(rate.per), i128::from(rate.step));
    let room = i128::from(budget.micros()).checked_sub(i128::from(rate.connect.micros()));
    let Some(room) = room.filter(|&room| room >= 0).and_then(|room| room.checked_mul(per)) else { return 0 };
    let Some(most) = rate.most(room) else { return u64::MAX };
    let whole_steps = most.checked_div(step).and_then(|steps| steps.checked_mul(step)).unwrap_or(0);
    let least = in_steps(rate, rate.first.max(1)).unwrap_or(i128::MAX);
    if whole_steps < least { 0 } else { u64::try_from(whole_steps).unwrap_or(u64::MAX) }
}

/// Units rounded up to a multiple of the step.
fn in_steps(rate: &Scheme<'_>, units: u64) -> Option<i128> {
    let (units, step) = (i128::from(units), i128::from(rate.step));
    units.checked_add(step.checked_sub(1)?)?.checked_div(step)?.checked_mul(step)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::charging::catalogue::{Covers, Direction, ServiceIx};

    pub(super) fn rate(price: i64, per: u64, step: u64, first: u64, connect: i64) -> Rate {
        Rate {
            covers: Covers { service: ServiceIx(0), rating_groups: Vec::new(), destinations: Vec::new() },
            name: "rate".into(),
            price: Money::from_micros(price),
            per,
            step,
            first,
            connect: Money::from_micros(connect),
            tiers: Vec::new(),
            direction: Direction::default(),
            bands: Vec::new(),
        }
    }

    fn cents(cents: i64) -> Option<Money> {
        Money::from_cents(cents)
    }

    #[test]
    fn lost_money_13_the_tariffs_own_unit_sets_the_price() {
        // 11.00 a minute, counted by seconds: 61 s cost 11.1833…
        let by_seconds = rate(11_000_000, 60, 1, 0, 0);
        assert_eq!(charged(&by_seconds, 61), cents(1_118));
        assert_eq!(held(&by_seconds, 61), cents(1_119));
        // the same by whole minutes
        assert_eq!(charged(&rate(11_000_000, 60, 60, 0, 0), 61), cents(2_200));
        // 7.00 for 45 s, counted by 15 s
        assert_eq!(charged(&rate(7_000_000, 45, 15, 0, 0), 46), cents(933));
        assert_eq!(charged(&rate(7_000_000, 45, 45, 0, 0), 46), cents(1_400));
        // 2.50 a mebibyte, counted by kibibytes
        assert_eq!(charged(&rate(2_500_000, 1 << 20, 1 << 10, 0, 0), (1 << 20) + 1), cents(250));
        assert_eq!(charged(&rate(2_500_000, 1 << 20, 1 << 20, 0, 0), (1 << 20) + 1), cents(500));
    }

    #[test]
    fn the_first_units_and_the_connection_fee_are_charged_once() {
        let rate = rate(6_000_000, 60, 1, 30, 5_000_000);
        for (units, price) in [(0, 0), (1, 800), (30, 800), (31, 810), (60, 1_100)] {
            assert_eq!(charged(&rate, units), cents(price), "{units} s");
        }
    }

    #[test]
    fn money_buys_whole_steps_only() {
        let rate = rate(1_000_000, 10, 10, 0, 0);
        for (budget, units) in [(0, 0), (99, 0), (100, 10), (199, 10), (200, 20)] {
            assert_eq!(affordable(&rate, cents(budget).unwrap()), units, "{budget}");
        }
    }

    #[test]
    fn money_that_does_not_reach_the_first_units_buys_nothing() {
        let rate = rate(6_000_000, 60, 1, 30, 5_000_000);
        assert_eq!(affordable(&rate, cents(799).unwrap()), 0);
        assert_eq!(affordable(&rate, cents(800).unwrap()), 30);
        assert_eq!(affordable(&rate, cents(-1).unwrap()), 0);
    }

    #[test]
    fn a_price_of_nothing_sets_no_bound() {
        assert_eq!(affordable(&rate(0, 1, 1, 0, 0), Money::ZERO), u64::MAX);
        assert_eq!(affordable(&rate(0, 1, 1, 0, 1), Money::ZERO), 0);
    }

    #[test]
    fn what_goes_on_pays_neither_the_connection_nor_the_first_units_again() {
        let rate = rate(6_000_000, 60, 1, 30, 5_000_000);
        let going_on = Scheme::from(&rate).going_on();
        for (units, price) in [(0, 0), (1, 10), (30, 300), (60, 600)] {
            assert_eq!(charged(going_on, units), cents(price), "{units} s");
        }
        assert_eq!(affordable(going_on, cents(9).unwrap()), 0);
        assert_eq!(affordable(going_on, cents(10).unwrap()), 1);
    }

    #[test]
    fn the_dearer_of_two_rates_is_told_by_the_price_of_a_unit() {
        let scheme = |price, per| {
            let price = Money::from_micros(price);
            Scheme { price, per, step: 1, first: 0, connect: Money::ZERO, tiers: &[] }
        };
        assert!(scheme(2, 3).is_dearer(&scheme(3, 5)) && !scheme(3, 5).is_dearer(&scheme(2, 3)));
        assert!(!scheme(4, 6).is_dearer(&scheme(2, 3)));
        assert!(!scheme(i64::MAX, u64::MAX).is_dearer(&scheme(i64::MAX, 1)));
    }

    #[test]
    fn prices_at_the_ends_of_numbers_are_exact_or_refused() {
        assert_eq!(charged(&rate(i64::MAX, 1, 1, 0, 0), u64::MAX), None);
        assert_eq!(charged(&rate(1, u64::MAX, u64::MAX, 0, 0), u64::MAX), Some(Money::ZERO));
        assert_eq!(charged(&rate(i64::MAX, 1, u64::MAX, 0, i64::MAX), 1), None);
        assert_eq!(affordable(&rate(1, u64::MAX, 1, 0, 0), Money::MAX), u64::MAX);
        assert_eq!(affordable(&rate(i64::MAX, 1, u64::MAX, u64::MAX, 0), Money::MAX), 0);
    }

    /// The same price from the words of the tariff alone: count steps one by one, in fractions of a
    /// millionth, and round by comparing twice the fraction.
    mod model {
        use super::Rate;

        /// (numerator, denominator) in hundredths of the currency unit.
        fn price(rate: &Rate, units: u64) -> (i128, i128) {
            if units == 0 {
                return (0, 1);
            }
            let mut counted = 0u64;
            while counted < units || counted < rate.first {
                counted += rate.step;
            }
            let price_of = |unit: u64| {
                let tier = rate.tiers.iter().rfind(|tier| tier.from <= unit);
                i128::from(tier.map_or(rate.price, |tier| tier.price).micros())
            };
            let metered: i128 = if rate.tiers.is_empty() {
                price_of(0) * i128::from(counted)
            } else {
                (0..counted).map(price_of).sum()
            };
            let micros = i128::from(rate.connect.micros()) * i128::from(rate.per) + metered;
            (micros, i128::from(rate.per) * 10_000)
        }

        pub(super) fn charged_cents(rate: &Rate, units: u64) -> i128 {
            let (numerator, denominator) = price(rate, units);
            let below = (0..=numerator).take_while(|cents| cents * denominator <= numerator).last().unwrap();
            let twice_beyond = 2 * (numerator - below * denominator);
            if twice_beyond >= denominator { below + 1 } else { below }
        }

        pub(super) fn affordable(rate: &Rate, cents: i128, most: u64) -> u64 {
            let within = |total: &u64| {
                let (numerator, denominator) = price(rate, *total);
                numerator <= cents * denominator && (*total == 0 || *total >= rate.first)
            };
            (0..=most / rate.step).map(|steps| steps * rate.step).rfind(within).unwrap()
        }
    }

    prop_compose! {
        fn any_rate()(
            price in prop_oneof![Just(0i64), 1i64..2_000, 1i64..3_000_000],
            per in 1u64..200, step in 1u64..70, first in 0u64..130, connect in prop_oneof![Just(0i64), 0i64..60_000],
            tiers in prop_oneof![
                Just(Vec::new()),
                prop::collection::vec((1u64..200, prop_oneof![Just(0i64), 1i64..900_000]), 1..4),
            ],
        ) -> Rate {
            let mut one = rate(price, per, step, first, connect);
            let mut from = 0;
            one.tiers.extend(tiers.into_iter().map(|(long, price)| {
                from += long;
                Tier { from, price: Money::from_micros(price) }
            }));
            one
        }
    }

    proptest! {
        #[test]
        fn prices_agree_with_a_count_step_by_step(rate in any_rate(), units in 0u64..900) {
            let expected = model::charged_cents(&rate, units);
            prop_assert_eq!(charged(&rate, units), cents(i64::try_from(expected).unwrap()));
        }

        #[test]
        fn how_use_is_split_over_reports_changes_nothing(
            rate in any_rate(), reports in prop::collection::vec(0u64..120, 1..12),
        ) {
            let (mut units, mut paid) = (0, 0);
            for report in &reports {
                units += report;
                let total = charged(&rate, units).unwrap().micros();
                prop_assert!(total >= paid);
                paid += total - paid;
            }
            prop_assert_eq!(Some(Money::from_micros(paid)), charged(&rate, reports.iter().sum()));
        }

        #[test]
        fn money_buys_the_largest_total_of_whole_steps(rate in any_rate(), budget in 0i64..400) {
            prop_assume!(!rate.price.is_zero());
            let most = 2_000_000;
            let found = affordable(&rate, cents(budget).unwrap());
            prop_assume!(found < if rate.tiers.is_empty() { 100_000 } else { 3_000 });
            prop_assert_eq!(found, model::affordable(&rate, i128::from(budget), (found + 2 * rate.step + rate.first).min(most)));
        }

        #[test]
        fn what_is_held_covers_what_is_charged(rate in any_rate(), units in 0u64..5_000) {
            let (charged, held) = (charged(&rate, units).unwrap(), held(&rate, units).unwrap());
            prop_assert!(charged <= held);
            prop_assert!(held.micros() - charged.micros() <= 10_000);
        }
    }
}
