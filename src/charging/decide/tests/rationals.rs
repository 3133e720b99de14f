//! Rating against a naive model in exact rationals: bundles by priority, then the earliest end, then the order of the
//! file; then money, by tiers, in whole steps, rounded once for the session and the rate (`RES-2`, `ACC-3`).

use proptest::prelude::*;

use super::world::*;
use crate::charging::catalogue::{Bundle, Rate, Then, Tier};
use crate::charging::request::Kind;
use crate::charging::units::{Money, Unit};
use crate::time::Timestamp;

/// A fraction in lowest terms, its denominator above nothing.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Ratio(i128, i128);

impl Ratio {
    fn new(numerator: i128, denominator: i128) -> Self {
        let (mut one, mut other) = (numerator.abs(), denominator);
        while other != 0 {
            (one, other) = (other, one % other);
        }
        let divisor = one.max(1);
        Self(numerator / divisor, denominator / divisor)
    }

    fn plus(self, other: Self) -> Self {
        Self::new(self.0 * other.1 + other.0 * self.1, self.1 * other.1)
    }

    fn times(self, count: i128) -> Self {
        Self::new(self.0 * count, self.1)
    }

    /// The nearest whole number, halves up.
    fn rounded(self) -> i128 {
        (2 * self.0 + self.1).div_euclid(2 * self.1)
    }
}

/// The price of `units`, in hundredths, unit by unit where there are tiers.
fn price(rate: &Rate, units: u64) -> Ratio {
    if units == 0 {
        return Ratio(0, 1);
    }
    let counted = units.max(rate.first).div_ceil(rate.step) * rate.step;
    let of_unit = |price: Money| Ratio::new(price.micros().into(), i128::from(rate.per) * 10_000);
    let connect = Ratio::new(rate.connect.micros().into(), 10_000);
    let starts: Vec<(u64, Money)> = std::iter::once((0, rate.price))
        .chain(rate.tiers.iter().map(|tier| (tier.from, tier.price)))
        .collect();
    let price_at = |unit: u64| starts.iter().rfind(|(from, _)| *from <= unit).unwrap().1;
    if starts.len() == 1 {
        return connect.plus(of_unit(rate.price).times(counted.into()));
    }
    (0..counted).fold(connect, |sum, unit| sum.plus(of_unit(price_at(unit))))
}

/// What is left of bundles, in their order, and what of the use money pays.
fn used_up(bundles: &[(i32, Option<i64>, u64)], used: u64) -> (Vec<u64>, u64) {
    let mut order: Vec<usize> = (0..bundles.len()).collect();
    order.sort_by_key(|&at| (bundles[at].0, bundles[at].1.unwrap_or(i64::MAX), at));
    let mut left: Vec<u64> = bundles.iter().map(|(.., amount)| *amount).collect();
    let mut used = used;
    for at in order {
        let taken = used.min(left[at]);
        left[at] -= taken;
        used -= taken;
    }
    (left, used)
}

prop_compose! {
    fn rates()(
        price in prop_oneof![Just(0i64), 1i64..3_000, 1i64..2_000_000],
        per in 1u64..300, step in 1u64..40, first in 0u64..90,
        connect in prop_oneof![Just(0i64), 0i64..90_000],
        tiers in prop::collection::vec((1u64..200, 0i64..900_000), 0..4),
    ) -> Rate {
        let mut from = 0;
        let tiers = tiers.into_iter().map(|(long, price)| {
            from += long;
            Tier { from, price: Money::from_micros(price) }
        });
        Rate {
            price: Money::from_micros(price),
            first,
            connect: Money::from_micros(connect),
            tiers: tiers.collect(),
            ..rate(DATA, &[10], &[], 1, per, step)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn rating_agrees_with_a_naive_model_in_exact_rationals(
        rate in rates(),
        bundles in prop::collection::vec((-2i32..3, prop::option::of(1i64..4), 1u64..400), 0..4),
        grant in 1u64..250,
        reports in prop::collection::vec(1u64..=1_000, 1..10),
    ) {
        let mut parts = tariff();
        parts.plans[0].rates[0] = rate.clone();
        parts.plans[0].quotas[0].grant = Some(grant);
        parts.plans[0].bundles = bundles
            .iter()
            .enumerate()
            .map(|(at, &(priority, _, amount))| Bundle {
                priority,
                ..bundle(&format!("b{at}"), covers(DATA, &[10], &[]), Unit::Octets, amount, Then::Rates)
            })
            .collect();
        let mut world = World::new(parts, 100_000_000);
        world.policy.slices = crate::charging::policy::SlicePolicy::FIXED;
        for (allowance, (_, expires, _)) in world.subscriber.allowances.iter_mut().zip(&bundles) {
            allowance.expires = expires.map(|days| Timestamp::from_secs(1_000_000 + days * 86_400));
        }
        let before = world.main();
        let mut used = 0;
        let mut answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
        for (number, permille) in (1u32..).zip(&reports) {
            // a slice may lie over several sources, and be used in part
            let granted = answer.parts[0].grant.as_ref().unwrap().amount.count;
            prop_assert_eq!(granted, grant);
            let units = granted * permille / 1_000;
            used += units;
            answer = world.send(&Ask::data(Kind::Update, "s", number).more(group(10), octets(units)));
        }
        world.send(&Ask::data(Kind::Terminate, "s", 99).used(group(10), octets(0)));
        let (left, by_money) = used_up(&bundles, used);
        let found: Vec<u64> = world.subscriber.allowances.iter().map(|allowance| allowance.left).collect();
        prop_assert_eq!(found, left);
        let charged = price(&rate, by_money).rounded();
        let taken = before.micros() - world.main().micros();
        prop_assert_eq!(i128::from(taken), charged * 10_000, "{} by money", by_money);
    }
}

#[test]
fn the_model_rounds_half_up_once() {
    assert_eq!(Ratio::new(1, 2).rounded(), 1);
    assert_eq!(Ratio::new(49, 100).rounded(), 0);
    assert_eq!(Ratio::new(1, 3).plus(Ratio::new(1, 6)), Ratio(1, 2));
    let by_tiers = Rate {
        price: Money::from_micros(3),
        tiers: vec![Tier { from: 10, price: Money::from_micros(1) }],
        ..rate(DATA, &[10], &[], 1, 1, 1)
    };
    assert_eq!(price(&by_tiers, 12), Ratio::new(32, 10_000));
}
