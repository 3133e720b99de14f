//! What units cost, exactly, and how many units money buys (`ACC-3`).
//!
//! The price of `n` units of a rate is `connect + price × steps(max(n, first)) / per`, where `steps` rounds
//! up to a multiple of the step; nothing costs nothing. Charges are differences of rounded totals, so that
//! it makes no difference how use is split over reports.

use super::rounding::Exact;
use crate::charging::catalogue::Rate;
use crate::charging::units::Money;

/// What of a rate makes a price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scheme {
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
}

impl From<&Rate> for Scheme {
    fn from(rate: &Rate) -> Self {
        let Rate { price, per, step, first, connect, .. } = *rate;
        Self { price, per, step, first, connect }
    }
}

impl Scheme {
    /// The price of going on with what was begun at another rate: what is charged once for all of it, the
    /// connection and the least number of units, was charged then.
    #[must_use]
    pub const fn going_on(self) -> Self {
        Self { first: 0, connect: Money::ZERO, ..self }
    }

    /// Whether a unit costs more than by another scheme.
    pub fn is_dearer(&self, than: &Self) -> bool {
        let scaled =
            |one: &Self, other: &Self| i128::from(one.price.micros()).saturating_mul(i128::from(other.per));
        scaled(self, than) > scaled(than, self)
    }
}

/// The exact price of `units` in all; none where it does not fit.
pub fn exact(rate: impl Into<Scheme>, units: u64) -> Option<Exact> {
    let rate = &rate.into();
    if units == 0 {
        return Some(Exact::ZERO);
    }
    let per = i128::from(rate.per);
    let counted = in_steps(rate, units.max(rate.first))?;
    let metered = i128::from(rate.price.micros()).checked_mul(counted)?;
    let connect = i128::from(rate.connect.micros()).checked_mul(per)?;
    Exact::new(metered.checked_add(connect)?, per)
}

/// What is charged for `units` in all: the exact price rounded half up to hundredths.
pub fn charged(rate: impl Into<Scheme>, units: u64) -> Option<Money> {
    exact(rate, units)?.half_up()
}

/// What must be held for `units` in all: the exact price rounded up to hundredths.
pub fn held(rate: impl Into<Scheme>, units: u64) -> Option<Money> {
    exact(rate, units)?.up()
}

/// The largest total of whole steps whose exact price is not above the budget, [`u64::MAX`] where the
/// budget sets no bound.
pub fn affordable(rate: impl Into<Scheme>, budget: Money) -> u64 {
    let rate = &rate.into();
    let (per, step) = (i128::from(rate.per), i128::from(rate.step));
    let room = i128::from(budget.micros()).checked_sub(i128::from(rate.connect.micros()));
    let Some(room) = room.filter(|&room| room >= 0).and_then(|room| room.checked_mul(per)) else { return 0 };
    if rate.price.is_zero() {
        return u64::MAX;
    }
    let whole_steps = room
        .checked_div(i128::from(rate.price.micros()))
        .and_then(|units| units.checked_div(step)?.checked_mul(step))
        .unwrap_or(0);
    let least = in_steps(rate, rate.first.max(1)).unwrap_or(i128::MAX);
    if whole_steps < least { 0 } else { u64::try_from(whole_steps).unwrap_or(u64::MAX) }
}

/// Units rounded up to a multiple of the step.
fn in_steps(rate: &Scheme, units: u64) -> Option<i128> {
    let (units, step) = (i128::from(units), i128::from(rate.step));
    units.checked_add(step.checked_sub(1)?)?.checked_div(step)?.checked_mul(step)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::charging::catalogue::{Covers, ServiceIx};

    pub(super) fn rate(price: i64, per: u64, step: u64, first: u64, connect: i64) -> Rate {
        Rate {
            covers: Covers { service: ServiceIx(0), rating_groups: Vec::new(), destinations: Vec::new() },
            name: "rate".into(),
            price: Money::from_micros(price),
            per,
            step,
            first,
            connect: Money::from_micros(connect),
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
        let scheme = |price, per| Scheme::from(&rate(price, per, 1, 0, 0));
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
            let micros = i128::from(rate.connect.micros()) * i128::from(rate.per)
                + i128::from(rate.price.micros()) * i128::from(counted);
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
        ) -> Rate {
            rate(price, per, step, first, connect)
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
            prop_assume!(found < 100_000);
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
