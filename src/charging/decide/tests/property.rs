//! Properties over random histories, against models that share no code with the decision.

use proptest::prelude::*;

use super::world::*;
use crate::charging::answer::Outcome;
use crate::charging::books::operations::tests::cents;
use crate::charging::catalogue::{Parts, Rate, Then};
use crate::charging::request::{Kind, Measured, QuotaKey};
use crate::charging::units::{Money, Unit};

/// One step of a history: which session, what, how much of the grant is used, of which groups.
#[derive(Clone, Debug)]
struct Step {
    session: usize,
    what: What,
    permille: u64,
    groups: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Open,
    Update,
    Report,
    Close,
    Repeat,
    Wait,
    Topup,
}

fn step() -> impl Strategy<Value = Step> {
    let what = prop_oneof![
        3 => Just(What::Open),
        6 => Just(What::Update),
        1 => Just(What::Report),
        2 => Just(What::Close),
        2 => Just(What::Repeat),
        1 => Just(What::Wait),
        1 => Just(What::Topup),
    ];
    let groups = prop::sample::subsequence(vec![10u32, 20, 30, 77], 1..=3);
    (0usize..4, what, 0u64..=1_000, groups).prop_map(|(session, what, permille, groups)| Step {
        session,
        what,
        permille,
        groups,
    })
}

/// Rates that do not divide evenly.
fn odd_tariff(bundle_octets: u64, then: Then) -> Parts {
    let mut parts = tariff();
    parts.plans[0].rates[0] = Rate {
        connect: Money::from_micros(12_345),
        first: 5_000,
        ..rate(DATA, &[10], &[], 37, 700_000, 1_300)
    };
    parts.plans[0].rates[1].price = Money::from_micros(999_999);
    parts.plans[0].quotas[0].grant = Some(7_000_001);
    if bundle_octets > 0 {
        parts.plans[0].bundles.push(bundle(
            "data",
            covers(DATA, &[10], &[]),
            Unit::Octets,
            bundle_octets,
            then,
        ));
        parts.plans[0].bundles.push(bundle(
            "all",
            covers(DATA, &[], &[]),
            Unit::Octets,
            bundle_octets / 2,
            Then::Rates,
        ));
    }
    parts
}

/// Runs a history in which clients never use more than they were granted. Returns what was granted for
/// money's sake: the history is checked at each step.
fn run(world: &mut World, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut numbers = [0u32; 4];
    let mut last: [Option<Ask>; 4] = Default::default();
    for step in steps {
        let name = format!("s{}", step.session);
        match step.what {
            What::Wait => world.pass(i64::try_from(step.permille).unwrap() * 20),
            What::Topup => world.topup(1 + i64::try_from(step.permille).unwrap()),
            What::Repeat => {
                let Some(ask) = &last[step.session] else { continue };
                // time ends what is due before, so that the repeat alone is seen
                world.pass(0);
                let before = world.clone();
                world.send(ask);
                if world.notes.repeat {
                    prop_assert_eq!(&world.account, &before.account);
                    prop_assert_eq!(&world.subscriber, &before.subscriber);
                    prop_assert_eq!(&world.sessions, &before.sessions);
                } else {
                    // only what left no session is decided again, and it charges nothing
                    prop_assert_eq!(world.main(), before.main());
                }
            }
            What::Open | What::Update | What::Report | What::Close => {
                let kind = match step.what {
                    What::Open => Kind::Initial,
                    What::Close => Kind::Terminate,
                    _ => Kind::Update,
                };
                numbers[step.session] += 1;
                let mut ask = Ask::data(kind, &name, numbers[step.session]);
                for &number in &step.groups {
                    let quotas = world.sessions.get(&name).map_or(&[][..], |session| &session.quotas);
                    let held = quotas.iter().find(|quota| quota.key == group(number));
                    let held = held
                        .and_then(|quota| quota.reservation.as_ref())
                        .map_or(0, |held| held.granted.count);
                    let used = if kind == Kind::Initial { 0 } else { held * step.permille / 1_000 };
                    ask = match step.what {
                        What::Open | What::Update => ask.more(group(number), octets(used)),
                        _ => ask.used(group(number), octets(used)),
                    };
                }
                let answer = world.send(&ask);
                for part in &answer.parts {
                    let granted = part.grant.as_ref();
                    prop_assert!(granted.is_none() || part.outcome == Outcome::Done);
                    if step.what != What::Report {
                        prop_assert!(granted.is_some() || part.outcome != Outcome::Done);
                    }
                    if let Some(grant) = granted {
                        prop_assert!(grant.amount.count > 0);
                        prop_assert!(grant.validity_secs.is_some_and(|validity| validity > 0));
                        prop_assert!(grant.threshold.is_none_or(|left| left < grant.amount.count));
                        prop_assert!(grant.threshold.is_none() || grant.final_unit.is_none());
                    }
                }
                last[step.session] = Some(ask);
            }
        }
        prop_assert!(!world.account.available().is_negative(), "below the floor after {:?}", step);
        prop_assert!(!world.main().is_negative());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn sessions_side_by_side_never_get_more_than_the_balance(
        steps in prop::collection::vec(step(), 1..60), main in 0i64..3_000,
        bundle in prop_oneof![Just(0u64), 1u64..30_000_000], stops in any::<bool>(),
    ) {
        let then = if stops { Then::Stop } else { Then::Rates };
        let mut world = World::new(odd_tariff(bundle, then), main);
        run(&mut world, &steps)?;
        // in the end nothing is held and nothing was lost
        world.pass(200 * 3_600);
        world.pass(200 * 3_600);
        prop_assert_eq!(world.reserved(), Money::ZERO);
        prop_assert!(world.sessions.is_empty());
    }

    #[test]
    fn how_use_is_split_over_reports_changes_nothing(
        reports in prop::collection::vec(0u64..4_000_000, 1..10), bundle in prop_oneof![Just(0u64), 1u64..9_000_000],
        ask in prop::collection::vec(any::<bool>(), 10),
    ) {
        let total: u64 = reports.iter().sum();
        let mut split = World::new(odd_tariff(bundle, Then::Rates), 1_000_000);
        let mut whole = split.clone();
        for world in [&mut split, &mut whole] {
            world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
        }
        for ((number, &report), &more) in (1..).zip(&reports).zip(&ask) {
            let update = Ask::data(Kind::Update, "s", number);
            let update = if more { update.more(group(10), octets(report)) } else { update.used(group(10), octets(report)) };
            split.send(&update);
        }
        split.send(&Ask::data(Kind::Terminate, "s", 99));
        whole.send(&Ask::data(Kind::Terminate, "s", 1).used(group(10), octets(total)));
        prop_assert_eq!(split.main(), whole.main());
        let left = |world: &World| world.subscriber.allowances.iter().map(|one| one.left).collect::<Vec<_>>();
        prop_assert_eq!(left(&split), left(&whole));
    }

    #[test]
    fn a_session_costs_what_the_words_of_the_tariff_say(
        reports in prop::collection::vec(0u64..100, 1..8), price in 0i64..40_000_000, per in 1u64..100,
        step in 1u64..70, first in 0u64..70, connect in 0i64..3_000_000, free in 0u64..150,
    ) {
        let mut parts = tariff();
        parts.plans[0].rates[2] = Rate {
            price: Money::from_micros(price), first, connect: Money::from_micros(connect),
            ..rate(VOICE, &[], &[1], 0, per, step)
        };
        parts.plans[0].bundles.push(bundle("talk", covers(VOICE, &[], &[1]), Unit::Seconds, free, Then::Rates));
        let mut world = World::new(parts, 100_000_000);
        world.send(&Ask::voice(Kind::Initial, "v", 0, "77051112233").ask(QuotaKey::default()));
        for (number, &report) in (1..).zip(&reports) {
            world.send(&Ask::voice(Kind::Update, "v", number, "77051112233").more(QuotaKey::default(), seconds(report)));
        }
        // the model: seconds beyond the bundle, in fractions of a hundredth
        let paid = reports.iter().sum::<u64>().saturating_sub(free);
        let mut counted = 0;
        while paid > 0 && (counted < paid || counted < first) {
            counted += step;
        }
        let connect = if paid > 0 { i128::from(connect) } else { 0 };
        let (numerator, denominator) =
            (i128::from(price) * i128::from(counted) + connect * i128::from(per), i128::from(per) * 10_000);
        let cost = (2 * numerator + denominator) / (2 * denominator);
        prop_assert_eq!(world.main(), cents(100_000_000 - i64::try_from(cost).unwrap()));
    }

    #[test]
    fn the_last_money_buys_the_most_that_it_can(
        main in 0i64..2_000, price in 1i64..40_000_000, per in 1u64..100, step in 1u64..70, first in 0u64..70,
        connect in 0i64..3_000_000,
    ) {
        let mut parts = tariff();
        parts.plans[0].rates[2] = Rate {
            price: Money::from_micros(price), first, connect: Money::from_micros(connect),
            ..rate(VOICE, &[], &[1], 0, per, step)
        };
        parts.plans[0].quotas[1].grant = Some(1_000_000);
        parts.services[1].max_call_secs = None;
        let mut world = World::new(parts, main);
        let answer = world.send(&Ask::voice(Kind::Initial, "v", 0, "77051112233").ask(QuotaKey::default()));
        let got = answer.parts[0].grant.as_ref().map_or(0, |grant| grant.amount.count);
        prop_assume!(got < 1_000_000);
        // the model: is this total within the money, to the last fraction
        let within = |total: u64| {
            let counted = total.max(first).div_ceil(step) * step;
            let micros = i128::from(price) * i128::from(counted) + i128::from(connect) * i128::from(per);
            micros <= i128::from(main) * 10_000 * i128::from(per)
        };
        prop_assert_eq!(got % step, 0);
        prop_assert!(got == 0 || within(got));
        let next = (got + 1).max(first).div_ceil(step) * step;
        prop_assert!(!within(next), "{} more would fit", next - got);
    }

    #[test]
    fn no_numbers_panic_or_wrap(
        reports in prop::collection::vec(prop_oneof![any::<u64>(), 0u64..10, Just(u64::MAX)], 1..6),
        price in prop_oneof![Just(0i64), Just(i64::MAX), 0i64..=i64::MAX], per in 1u64..=u64::MAX,
        step in 1u64..=u64::MAX, first in any::<u64>(), connect in prop_oneof![Just(0i64), 0i64..=i64::MAX],
        grant in 1u64..=u64::MAX, wanted in any::<u64>(), bundle_octets in any::<u64>(),
    ) {
        let mut parts = tariff();
        parts.plans[0].rates[0] = Rate {
            price: Money::from_micros(price), first, connect: Money::from_micros(connect),
            ..rate(DATA, &[10], &[], 0, per, step)
        };
        parts.plans[0].quotas[0].grant = Some(grant);
        parts.plans[0].bundles.push(bundle("data", covers(DATA, &[10], &[]), Unit::Octets, bundle_octets, Then::Rates));
        let mut world = World::new(parts, 900_000_000_000_000);
        world.send(&Ask::data(Kind::Initial, "s", 0).ask_for(group(10), octets(wanted)));
        for (number, &report) in (1..).zip(&reports) {
            let used = Measured { input_octets: Some(report), output_octets: Some(1), ..Measured::default() };
            world.send(&Ask::data(Kind::Update, "s", number).more(group(10), used));
        }
        world.send(&Ask::data(Kind::Terminate, "s", 999));
        prop_assert_eq!(world.reserved(), Money::ZERO);
    }
}
