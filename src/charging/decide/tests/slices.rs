//! Slices that fit (`RES-1`): the radio, the measured pace, the state of the account.

use proptest::prelude::*;

use super::world::*;
use crate::charging::answer::{Denial, FinalUnit, Grant};
use crate::charging::books::operations::tests::cents;
use crate::charging::catalogue::{LowBalance, Parts, QuotaShape};
use crate::charging::policy::SlicePolicy;
use crate::charging::radio::Radio;
use crate::charging::request::{Kind, Part};
use crate::charging::units::Money;

fn shape(parts: &mut Parts) -> &mut QuotaShape {
    &mut parts.plans[0].quotas[0]
}

/// A client that uses its grants at a steady rate and asks again at the threshold.
struct Client {
    name: String,
    number: u32,
    per_sec: u64,
    /// It does not come back when it is asked to.
    deaf: bool,
}

impl Client {
    fn open(world: &mut World, name: &str, per_sec: u64) -> (Self, Option<Grant>) {
        let client = Self { name: name.into(), number: 0, per_sec, deaf: false };
        let answer = world.send(&Ask::data(Kind::Initial, name, 0).ask(group(10)));
        let grant = answer.parts.into_iter().next().and_then(|part| part.grant);
        (client, grant)
    }

    /// Uses a grant up to its threshold or the end of its validity, and asks again; microseconds that it took.
    fn go_on(&mut self, world: &mut World, grant: &Grant) -> (i64, Option<Grant>) {
        let before = grant.amount.count - grant.threshold.unwrap_or(0);
        let longest = i64::from(grant.validity_secs.unwrap()) * 1_000_000;
        let took = i64::try_from(u128::from(before) * 1_000_000 / u128::from(self.per_sec)).unwrap();
        let took = took.min(longest);
        let used =
            before.min(u64::try_from(i128::from(took) * i128::from(self.per_sec) / 1_000_000).unwrap());
        world.skip_micros(took.max(1));
        self.number += 1;
        let mut ask = Ask::data(Kind::Update, &self.name, self.number).more(group(10), octets(used));
        ask.0.traits.deaf = self.deaf;
        let answer = world.send(&ask);
        (took, answer.parts.into_iter().next().and_then(|part| part.grant))
    }
}

#[test]
fn the_grant_is_that_of_the_radio() {
    let mut parts = tariff();
    shape(&mut parts).radios = vec![(Radio::Geran, 2 * MB), (Radio::Nr, 80 * MB)];
    let mut world = World::new(parts, 100_000);
    let mut number = 0;
    let mut ask = |radio, of_part| {
        number += 1;
        let mut ask = Ask::data(if number == 1 { Kind::Initial } else { Kind::Update }, "s", number);
        ask.0.place.radio = radio;
        let part = Part { key: group(10), requested: Some(octets(0)), radio: of_part, ..Part::default() };
        granted(&world.send(&ask.part(part))).amount.count / MB
    };
    // what is said of the quota, else of the session, else what was said last
    assert_eq!(ask(Some(6), None), 50);
    assert_eq!(ask(Some(2), None), 2);
    assert_eq!(ask(None, None), 2);
    assert_eq!(ask(None, Some(51)), 80);
    assert_eq!(ask(None, None), 80);
    assert_eq!(ask(Some(6), Some(2)), 2);
    assert_eq!(ask(None, None), 50);
}

#[test]
fn a_rating_group_may_have_a_shape_of_its_own() {
    let mut parts = tariff();
    let own = QuotaShape { grant: Some(MB), validity_secs: 60, ..QuotaShape::default() };
    shape(&mut parts).groups = vec![(10, own)];
    let mut world = World::new(parts, 100_000);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(30)));
    let of = |at: usize| answer.parts[at].grant.as_ref().unwrap();
    assert_eq!((of(0).amount.count, of(0).validity_secs, of(0).threshold), (MB, Some(60), None));
    assert_eq!((of(1).amount.count, of(1).validity_secs), (50 * MB, Some(3_600)));
}

#[test]
fn requests_in_quick_succession_and_the_first_report_leave_the_plans_grant() {
    let mut world = World::new(tariff(), 100_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    world.skip(3);
    for number in 1..20 {
        let answer = world.send(&Ask::data(Kind::Update, "s", number).more(group(10), octets(50 * MB)));
        assert_eq!(granted(&answer).amount.count, 50 * MB);
    }
}

#[test]
fn a_gigabit_a_second_is_no_storm() {
    let mut parts = tariff();
    parts.plans[0].rates[0].price = Money::from_micros(100);
    let mut world = World::new(parts, 1_000_000);
    let (mut client, grant) = Client::open(&mut world, "s", 125 * MB);
    let (mut grant, mut passed, mut first, mut second) = (grant.unwrap(), 0, 0, 0);
    while passed < 120_000_000 {
        let (took, next) = client.go_on(&mut world, &grant);
        passed += took;
        *(if passed < 60_000_000 { &mut first } else { &mut second }) += 1;
        grant = next.unwrap();
        assert!(grant.threshold.is_some_and(|left| left < grant.amount.count));
    }
    assert!(first <= 12, "{first} in the first minute");
    assert!(second <= 4, "{second} in the second minute");
    // the same with slices as the plan says: two and a half a second
    world.policy.slices = SlicePolicy::FIXED;
    let (mut client, grant) = Client::open(&mut world, "t", 125 * MB);
    let (took, _) = client.go_on(&mut world, &grant.unwrap());
    assert_eq!(took, 320_000);
}

#[test]
fn grants_to_a_client_that_does_not_come_back_when_it_is_asked_last_five_seconds_and_not_thirty() {
    for (deaf, settled) in [(false, 400 * MB), (true, 100 * MB)] {
        let mut parts = tariff();
        parts.plans[0].rates[0].price = Money::from_micros(100);
        let mut world = World::new(parts, 1_000_000);
        let (client, grant) = Client::open(&mut world, "s", 10 * MB);
        let (mut client, mut grant) = (Client { deaf, ..client }, grant.unwrap());
        for _ in 0..10 {
            grant = client.go_on(&mut world, &grant).1.unwrap();
        }
        assert_eq!(grant.amount.count, settled, "{deaf}");
    }
}

#[test]
fn growth_ends_at_the_factor_at_the_cap_of_the_server_and_at_what_the_plan_says() {
    for (factor, octets, most, bound) in [
        (4, 1 << 40, None, 200 * MB),
        (64, 130 * MB, None, 130 * MB),
        (2, MB, Some(900 * MB), 100 * MB),
        (64, 1 << 40, Some(MB), 50 * MB),
        (1, 1 << 40, Some(900 * MB), 50 * MB),
    ] {
        let mut parts = tariff();
        parts.plans[0].rates[0].price = Money::from_micros(1);
        shape(&mut parts).most = most;
        let mut world = World::new(parts, 1_000_000);
        world.policy.slices = SlicePolicy { factor, octets, ..SlicePolicy::default() };
        // slow enough that a second of it lies below each of the bounds
        let (mut client, grant) = Client::open(&mut world, "s", 40 * MB);
        let mut grant = grant.unwrap();
        for _ in 0..10 {
            grant = client.go_on(&mut world, &grant).1.unwrap();
        }
        assert_eq!(grant.amount.count, bound, "{factor} {octets} {most:?}");
    }
}

#[test]
fn a_slow_session_gets_less_and_gets_more_again_when_it_wakes_up() {
    let mut world = World::new(tariff(), 1_000_000);
    let (mut client, grant) = Client::open(&mut world, "s", 500);
    let mut grant = grant.unwrap();
    for _ in 0..4 {
        grant = client.go_on(&mut world, &grant).1.unwrap();
    }
    // half a kilobyte a second is 1.8 MB within its validity: the least is an eighth
    assert_eq!(grant.amount.count, 50 * MB / 8);
    client.per_sec = 10 * MB;
    for _ in 0..6 {
        grant = client.go_on(&mut world, &grant).1.unwrap();
    }
    assert_eq!(grant.amount.count, 400 * MB);
}

#[test]
fn idle_time_and_time_after_expiry_are_no_measure() {
    let mut world = World::new(tariff(), 1_000_000);
    let (mut client, grant) = Client::open(&mut world, "s", 5 * MB);
    let mut grant = grant.unwrap();
    for _ in 0..8 {
        grant = client.go_on(&mut world, &grant).1.unwrap();
    }
    let pace = world.session("s").quotas[0].pace.unwrap().per_sec;
    assert!((4 * MB..=5 * MB).contains(&pace), "{pace}");
    world.skip(600);
    let idle = Ask::data(Kind::Update, "s", 90).used(group(10), octets(MB));
    world.send(&idle.reason(crate::charging::request::Reason::Idle));
    world.skip(3_000);
    world.send(&Ask::data(Kind::Update, "s", 91).ask(group(10)));
    assert_eq!(world.session("s").quotas[0].pace.unwrap().per_sec, pace);
    world.pass(10_000);
    world.send(&Ask::data(Kind::Update, "s", 92).more(group(10), octets(MB)));
    assert!(world.notes.late);
    assert_eq!(world.session("s").quotas[0].pace.unwrap().per_sec, pace);
}

fn short(below: i64, divisor: u64) -> Parts {
    let mut parts = tariff();
    parts.plans[0].low_balance = Some(LowBalance { below: cents(below), divisor });
    parts
}

#[test]
fn when_money_is_short_a_grant_is_a_part_of_it_and_the_rest_is_granted_as_the_last() {
    // 60.00 buy 60 MB; below 50.00 a quarter
    let mut world = World::new(short(5_000, 4), 6_000);
    let mut sizes = Vec::new();
    let mut answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    for number in 1..20 {
        let Some(grant) = answer.parts[0].grant.clone() else { break };
        sizes.push((grant.amount.count, grant.final_unit.is_some()));
        answer =
            world.send(&Ask::data(Kind::Update, "s", number).more(group(10), octets(grant.amount.count)));
    }
    assert_eq!(refused_in(&answer, 0), Denial::NoCredit);
    let sum: u64 = sizes.iter().map(|(count, _)| count).sum();
    assert_eq!((sum, world.main()), (60 * MB, Money::ZERO));
    assert_eq!(sizes[0], (50 * MB, false));
    // nothing below a sixteenth of what is meant, and only the last is marked
    assert_eq!(sizes[1..], [(3_125_000, false), (3_125_000, false), (3_125_000, false), (625_000, true)]);
}

#[test]
fn a_free_or_bundled_use_is_not_cut_when_money_is_short() {
    let mut world = World::new(short(5_000, 4), 1_000);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(20)));
    assert_eq!(granted(&answer).amount.count, 50 * MB);
}

#[test]
fn two_sessions_on_one_balance_are_both_served() {
    for main in [400, 1_000, 4_900] {
        let mut world = World::new(short(5_000, 4), main);
        let (_, one) = Client::open(&mut world, "one", MB);
        let (_, other) = Client::open(&mut world, "other", MB);
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!((one.final_unit, other.final_unit), (None, (main < 700).then_some(FinalUnit::Terminate)));
    }
}

#[test]
fn no_grant_is_gone_within_a_second_where_there_is_money_for_more() {
    let mut parts = short(1_000_000, 1_000);
    shape(&mut parts).grant = Some(MB);
    parts.plans[0].rates[0].price = Money::from_micros(1_000);
    let mut world = World::new(parts, 500_000);
    let (mut client, grant) = Client::open(&mut world, "s", 30 * MB);
    let (mut grant, mut passed) = (grant.unwrap(), 0);
    while passed < 5_000_000 {
        let (took, next) = client.go_on(&mut world, &grant);
        (grant, passed) = (next.unwrap(), passed + took);
    }
    assert!(grant.amount.count >= 29 * MB, "{}", grant.amount.count);
}

prop_compose! {
    fn law()(factor in 1u64..100, secs in 0u32..90, octets in 1u64..2_000_000_000) -> SlicePolicy {
        SlicePolicy { secs, factor, octets }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Any number of clients of any speed on one balance: never more than there is, no grant without units, no
    /// threshold that is not below its grant, and when all is used nothing is left but less than one step.
    #[test]
    fn clients_of_any_speed_get_all_that_there_is_and_no_more(
        speeds in prop::collection::vec(prop_oneof![1u64..5_000, 1_000_000u64..200_000_000], 1..5),
        main in 1i64..200_000, below in 0i64..100_000, divisor in 1u64..9, law in law(),
        turns in prop::collection::vec(0usize..5, 1..120),
    ) {
        let mut world = World::new(short(below, divisor), main);
        world.policy.slices = law;
        let mut clients: Vec<_> = speeds
            .iter().enumerate()
            .map(|(at, &speed)| Client::open(&mut world, &format!("s{at}"), speed))
            .collect();
        let mut used = 0;
        for &turn in &turns {
            let at = turn % clients.len();
            let (client, grant) = &mut clients[at];
            let Some(now) = grant.clone() else { continue };
            prop_assert!(now.amount.count > 0 && now.threshold.is_none_or(|left| left < now.amount.count));
            let before = world.main();
            *grant = client.go_on(&mut world, &now).1;
            used += before.micros() - world.main().micros();
            prop_assert!(!world.account.available().is_negative());
        }
        prop_assert_eq!(world.main().micros() + used, main * 10_000);
    }
}
