//! Credit pools (RFC 8506 §5.1.2).

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::world::*;
use crate::charging::answer::{Answer, PoolShare};
use crate::charging::books::operations::tests::cents;
use crate::charging::catalogue::{Parts, Rate, Then};
use crate::charging::request::{Kind, QuotaKey, Reason};
use crate::charging::units::{Money, Unit};

fn pooling(kind: Kind, number: u32) -> Ask {
    let mut ask = Ask::data(kind, "s", number);
    ask.0.traits.pools = true;
    ask
}

fn shares(answer: &Answer) -> Vec<Option<PoolShare>> {
    let of = |part: &crate::charging::answer::PartAnswer| part.grant.as_ref()?.extra.as_ref()?.pool;
    answer.parts.iter().map(of).collect()
}

fn share(pool: u32, digits: i64) -> PoolShare {
    PoolShare { pool, digits, exponent: 0 }
}

/// Groups 10 and 30, 1.00 and 3.00 a megabyte, slices of 10 MB.
fn opened(main: i64) -> (World, Answer) {
    let mut parts = tariff();
    parts.plans[0].quotas[0].grant = Some(10 * MB);
    let mut world = World::new(parts, main);
    let answer = world.send(&pooling(Kind::Initial, 0).ask(group(10)).ask(group(20)).ask(group(30)));
    (world, answer)
}

#[test]
fn grants_that_the_same_money_pays_share_a_pool_in_proportion_to_their_prices() {
    let (world, answer) = opened(10_000);
    // the free group stays by itself
    assert_eq!(shares(&answer), [Some(share(1, 1)), None, Some(share(1, 3))]);
    // beside 10.00 and 30.00 a step of each, and a hundredth for its rounding
    assert_eq!(world.reserved(), cents(1_000 + 1 + 1 + 3_000 + 1 + 1));
}

#[test]
fn a_client_that_knows_no_pools_gets_none_and_one_grant_makes_none() {
    let mut world = World::new(tariff(), 100_000);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(30)));
    assert_eq!(shares(&answer), [None, None]);
    let mut world = World::new(tariff(), 100_000);
    let answer = world.send(&pooling(Kind::Initial, 0).ask(group(10)).ask(group(20)));
    assert_eq!(shares(&answer), [None, None]);
}

#[test]
fn what_is_paid_by_bundles_or_bounded_otherwise_is_in_no_pool() {
    let mut parts = tariff();
    parts.plans[0].bundles.push(bundle("b", covers(DATA, &[10], &[]), Unit::Octets, 900 * MB, Then::Rates));
    let mut world = World::new(parts, 100_000);
    let answer = world.send(&pooling(Kind::Initial, 0).ask(group(10)).ask(group(30)).ask(group(77)));
    assert_eq!(shares(&answer), [None, Some(share(1, 1)), Some(share(1, 1))]);
    // a first minimum that is not used yet
    let mut parts = tariff();
    parts.plans[0].rates[0].first = 5_000;
    let mut world = World::new(parts, 100_000);
    let answer = world.send(&pooling(Kind::Initial, 0).ask(group(10)).ask(group(30)).ask(group(77)));
    assert_eq!(shares(&answer), [None, Some(share(1, 1)), Some(share(1, 1))]);
}

#[test]
fn use_beyond_a_single_quota_and_within_the_pool_is_within_the_grant() {
    // S = 10 × 1 + 10 × 3 = 40 credits of a megabyte at 1.00: 34 of group 10 and 2 of group 30 use it up
    let (mut world, _) = opened(5_000);
    let ask = pooling(Kind::Update, 1)
        .more(group(10), octets(34 * MB))
        .reason(Reason::PoolExhausted)
        .more(group(30), octets(2 * MB))
        .reason(Reason::PoolExhausted);
    let answer = world.send(&ask);
    assert!(!world.notes.above_grant);
    assert_eq!(world.main(), cents(1_000));
    // what is left makes the next pool
    assert!(answer.parts[0].grant.is_some());
    // one megabyte more would not have been
    let (mut world, _) = opened(5_000);
    world.send(&pooling(Kind::Terminate, 1).used(group(10), octets(35 * MB)).used(group(30), octets(2 * MB)));
    assert!(world.notes.above_grant);
    assert_eq!((world.main(), world.reserved()), (cents(900), Money::ZERO));
}

#[test]
fn a_member_that_leaves_takes_what_it_has_used_and_the_rest_stays_with_the_others() {
    for (used, held) in [(2, 4_004 - 200), (10, 4_004 - 1_000), (25, 4_004 - 2_500)] {
        let (mut world, _) = opened(5_000);
        let end = pooling(Kind::Update, 1).used(group(10), octets(used * MB)).reason(Reason::Final);
        done(&world.send(&end));
        assert!(!world.notes.above_grant, "{used}");
        let main = 5_000 - 100 * i64::try_from(used).unwrap();
        assert_eq!((world.main(), world.reserved()), (cents(main), cents(held)));
        // the rest of the pool is for the other alone: (40 - used) / 3
        let rest = (40 - used) * MB / 3;
        done(&world.send(&pooling(Kind::Terminate, 2).used(group(30), octets(rest))));
        assert!(!world.notes.above_grant, "{used}");
        assert!(!world.main().is_negative() && world.main() < cents(1_001));
    }
}

#[test]
fn a_member_that_asks_again_alone_leaves_its_pool_and_the_next_answer_makes_another() {
    let (mut world, _) = opened(100_000);
    let answer = world.send(&pooling(Kind::Update, 1).more(group(10), octets(MB)));
    assert_eq!(shares(&answer), [None]);
    // group 30 still has the whole rest
    let pool = world.session("s").quotas[2].reservation.as_ref().unwrap();
    assert_eq!((pool.pool, pool.money), (Some(1), cents(4_004 - 100)));
    let answer = world.send(&pooling(Kind::Update, 2).more(group(10), octets(MB)).ask(group(77)));
    assert_eq!(shares(&answer), [Some(share(2, 1)), Some(share(2, 3))]);
}

#[test]
fn prices_of_different_units_share_credits_that_are_whole_for_each() {
    let mut parts = tariff();
    // 11.00 a minute in the data service's octets would make no sense; two rates with units that do not divide
    parts.plans[0].rates[0] = rate(DATA, &[10], &[], 1_100, 60 * MB, 1);
    parts.plans[0].rates[1] = rate(DATA, &[], &[], 250, 7 * MB, 1);
    let mut world = World::new(parts, 100_000);
    let answer = world.send(&pooling(Kind::Initial, 0).ask(group(10)).ask(group(30)));
    // 11/60 to 2.5/7 is 77 to 150
    assert_eq!(shares(&answer), [Some(share(1, 77)), Some(share(1, 150))]);
}

#[test]
fn credits_beyond_what_can_be_counted_make_no_pool() {
    let mut parts = tariff();
    parts.plans[0].rates[0] = rate(DATA, &[10], &[], 1, (1 << 61) - 1, 1);
    parts.plans[0].rates[1] = rate(DATA, &[], &[], 3, (1 << 62) + 1, 1);
    let mut world = World::new(parts, 100_000);
    let answer = world.send(&pooling(Kind::Initial, 0).ask(group(10)).ask(group(30)));
    assert_eq!(shares(&answer), [None, None]);
}

/// A client by the words of RFC 8506 §5.1.2: a pool has the credits of its grants, and a member that leaves it
/// takes away those that it has used.
#[derive(Default)]
struct Client {
    /// Per pool: credits left.
    pools: BTreeMap<u32, i128>,
    /// Per group: its share, else its units by itself; what it has used of it.
    quotas: BTreeMap<u32, (Option<PoolShare>, u64, u64)>,
}

impl Client {
    fn take(&mut self, number: u32, answer: &crate::charging::answer::PartAnswer) {
        let Some(grant) = &answer.grant else { return };
        let pool = grant.extra.as_ref().and_then(|extra| extra.pool);
        if let Some(share) = pool {
            *self.pools.entry(share.pool).or_default() +=
                i128::from(grant.amount.count) * i128::from(share.digits);
        }
        self.quotas.insert(number, (pool, grant.amount.count, 0));
    }

    /// Uses at most so many units of a group.
    fn use_up(&mut self, number: u32, units: u64) {
        let Some((share, left, used)) = self.quotas.get_mut(&number) else { return };
        let units = match share {
            Some(share) => {
                let credits = self.pools.get_mut(&share.pool).unwrap();
                let units = units.min(u64::try_from(*credits / i128::from(share.digits)).unwrap());
                *credits -= i128::from(units) * i128::from(share.digits);
                units
            }
            None => units.min(*left - *used),
        };
        *used += units;
    }

    /// What it reports of a group: it leaves its pool.
    fn report(&mut self, number: u32) -> u64 {
        let reported = self.quotas.remove(&number).map_or(0, |(_, _, used)| used);
        let pools = self.quotas.values().filter_map(|(share, ..)| share.map(|share| share.pool));
        let live: Vec<_> = pools.collect();
        self.pools.retain(|pool, _| live.contains(pool));
        reported
    }
}

fn odd(connect: i64) -> Parts {
    let mut parts = tariff();
    parts.plans[0].rates[0] =
        Rate { connect: Money::from_micros(connect), ..rate(DATA, &[10], &[], 37, 700_000, 1_300) };
    parts.plans[0].rates[1] = rate(DATA, &[], &[], 91, 1_048_576, 70_000);
    parts.plans[0].rates[1].price = Money::from_micros(999_999);
    parts.plans[0].quotas[0].grant = Some(3_000_001);
    parts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_mixture_of_a_pool_is_used_it_was_held(
        main in 1i64..6_000, connect in 0i64..50_000,
        steps in prop::collection::vec(
            (prop::sample::subsequence(vec![10u32, 30, 40, 77], 1..=4), prop::collection::vec((0usize..4, 0u64..9_000_000), 0..6), 0u8..8),
            1..40),
    ) {
        let mut world = World::new(odd(connect), main);
        let mut client = Client::default();
        for (number, (groups, uses, what)) in (0u32..).zip(&steps) {
            for &(at, units) in uses {
                client.use_up([10, 30, 40, 77][at], units);
            }
            let kind = if number == 0 { Kind::Initial } else { Kind::Update };
            let mut ask = pooling(kind, number);
            for &one in groups {
                let used = client.report(one);
                let ends = *what == 0 && number > 0;
                ask = if ends { ask.used(group(one), octets(used)) } else { ask.more(group(one), octets(used)) };
            }
            let answer = world.send(&ask);
            prop_assert!(!world.notes.above_grant, "{:?}", answer);
            prop_assert!(!world.main().is_negative() && !world.account.available().is_negative());
            for (&one, part) in groups.iter().zip(&answer.parts) {
                client.take(one, part);
            }
        }
        let mut end = pooling(Kind::Terminate, 1_000);
        for one in [10, 30, 40, 77] {
            client.use_up(one, u64::MAX);
            end = end.used(group(one), octets(client.report(one)));
        }
        world.send(&end);
        prop_assert!(!world.notes.above_grant);
        prop_assert!(!world.main().is_negative());
        prop_assert_eq!(world.reserved(), Money::ZERO);
    }
}

#[test]
fn a_quota_without_a_group_shares_too() {
    let (mut world, _) = opened(100_000);
    let answer = world.send(&pooling(Kind::Update, 1).ask(QuotaKey::default()).ask(group(77)));
    assert_eq!(shares(&answer), [Some(share(2, 1)), Some(share(2, 1))]);
}
