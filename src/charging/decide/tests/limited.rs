//! Random histories of two sessions on one account whose plan limits instead of ending, against a model that knows
//! answers alone.

use proptest::prelude::*;

use super::world::*;
use crate::charging::answer::{FinalUnit, Outcome, PartAnswer};
use crate::charging::request::{Kind, Measured, Part, Reason, Used};
use crate::charging::session::SessionState;

/// What a client does: how much of its grant it has used, whether it asks for more, and why it reports.
#[derive(Clone, Copy, Debug)]
enum Act {
    Open,
    Report { permille: u64, asks: bool, reason: Option<Reason> },
    Close,
    Repeat,
    Wait(i64),
    Topup(i64),
}

fn act() -> impl Strategy<Value = Act> {
    let reason = prop_oneof![
        4 => Just(None),
        3 => Just(Some(Reason::Exhausted)),
        1 => Just(Some(Reason::Validity)),
        1 => Just(Some(Reason::Forced)),
        1 => Just(Some(Reason::Idle)),
        1 => Just(Some(Reason::Final)),
    ];
    let share = prop_oneof![2 => Just(1_000u64), 1 => Just(0u64), 1 => 0u64..1_000];
    prop_oneof![
        2 => Just(Act::Open),
        8 => (share, prop::bool::weighted(0.7), reason)
            .prop_map(|(permille, asks, reason)| Act::Report { permille, asks, reason }),
        1 => Just(Act::Close),
        2 => Just(Act::Repeat),
        1 => (1i64..4_000).prop_map(Act::Wait),
        1 => (1i64..400).prop_map(Act::Topup),
    ]
}

/// One client as it sees itself: octets used and granted since its session began.
#[derive(Clone, Default, Debug)]
struct Client {
    number: u32,
    used: u64,
    granted: u64,
    redirects: bool,
    last: Option<Ask>,
}

/// The price in tenths of a hundredth: 1.00 for a million octets, in steps of a thousand.
fn tenths(octets: u64) -> u64 {
    octets.div_ceil(1_000)
}

fn check(part: &PartAnswer, asked: bool, redirects: bool) -> Result<(), TestCaseError> {
    prop_assert!(part.grant.is_none() || part.limit.is_none(), "{:?}", part);
    if part.outcome != Outcome::Done {
        prop_assert!(part.grant.is_none() && part.limit.is_none(), "{:?}", part);
    } else if asked {
        prop_assert!(part.grant.is_some() || part.limit.is_some(), "{:?}", part);
    }
    if let Some(limit) = &part.limit {
        prop_assert!(redirects && limit.validity_secs > 0 && limit.action != FinalUnit::Terminate);
    }
    if let Some(grant) = &part.grant {
        prop_assert!(grant.amount.count > 0 && grant.validity_secs.is_some_and(|secs| secs > 0));
        prop_assert!(grant.final_unit.is_none() || grant.threshold.is_none());
        let ends = grant.final_unit.as_ref().is_none_or(|last| *last == FinalUnit::Terminate);
        prop_assert!(ends || redirects, "{:?}", grant);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_two_limited_sessions_do_they_get_no_more_than_was_paid_and_no_success_without_a_grant_or_a_limit(
        acts in prop::collection::vec((0usize..2, act()), 1..60), main in 0i64..1_500, redirects in any::<[bool; 2]>(),
        low in any::<bool>(),
    ) {
        let mut parts = limiting(redirect("https://pay.example.org"));
        parts.plans[0].quotas[0].grant = Some(3_000_001);
        parts.plans[0].low_balance =
            low.then_some(crate::charging::catalogue::LowBalance { below: crate::charging::books::operations::tests::cents(500), divisor: 3 });
        let mut world = World::new(parts, main);
        let mut paid_in = u64::try_from(main).unwrap();
        // what ended sessions cost, in hundredths
        let mut ended = 0u64;
        let mut clients = redirects.map(|redirects| Client { redirects, ..Client::default() });
        for (at, act) in acts {
            let name = format!("s{at}");
            let client = &mut clients[at];
            let mut ask = None;
            match act {
                Act::Wait(secs) => world.pass(secs),
                Act::Topup(amount) => {
                    world.topup(amount);
                    paid_in += u64::try_from(amount).unwrap();
                }
                Act::Repeat => {
                    if let Some(last) = client.last.clone() {
                        world.pass(0);
                        let before = world.clone();
                        world.send(&last);
                        if world.notes.repeat {
                            prop_assert_eq!(&world.account, &before.account);
                            prop_assert_eq!(&world.sessions, &before.sessions);
                        } else {
                            // a refused opening that left nothing is a new one
                            client.last = None;
                            world = before;
                        }
                    }
                }
                Act::Open => {
                    ask = Some((Kind::Initial, Part {
                        key: group(10), requested: Some(Measured::default()), ..Part::default()
                    }));
                }
                Act::Report { permille, asks, reason } => {
                    let used = client.granted * permille / 1_000;
                    client.used += used;
                    client.granted = 0;
                    ask = Some((Kind::Update, Part {
                        key: group(10),
                        requested: asks.then(Measured::default),
                        used: vec![Used { measured: octets(used), side: None }],
                        reason,
                        ..Part::default()
                    }));
                }
                Act::Close => {
                    let used = client.granted;
                    client.used += used;
                    client.granted = 0;
                    ask = Some((Kind::Terminate, Part {
                        key: group(10),
                        used: vec![Used { measured: octets(used), side: None }],
                        ..Part::default()
                    }));
                }
            }
            if let Some((kind, part)) = ask {
                client.number += 1;
                let asked = part.requested.is_some();
                let mut ask = Ask::data(kind, &name, client.number).part(part);
                ask.0.traits.redirect = client.redirects;
                let answer = world.send(&ask);
                if answer.outcome == Outcome::Done && kind != Kind::Terminate {
                    prop_assert_eq!(answer.parts.len(), 1);
                }
                if kind == Kind::Initial && answer.outcome == Outcome::Done {
                    // the session before it, if there is one, was let go without a report
                    ended += (tenths(client.used) + 5) / 10;
                    client.used = 0;
                }
                for part in &answer.parts {
                    check(part, asked, client.redirects)?;
                    client.granted = part.grant.as_ref().map_or(0, |grant| grant.amount.count);
                    let quota = world.sessions.get(&name).and_then(|session| session.quotas.first());
                    prop_assert_eq!(quota.is_some_and(|quota| quota.limited), part.limit.is_some());
                }
                client.last = Some(ask);
            }
            // a client lets a grant go when it expires
            for (at, client) in clients.iter_mut().enumerate() {
                let session = world.sessions.get(&format!("s{at}"));
                let open = session.filter(|session| session.state == SessionState::Open);
                if open.is_none_or(|session| session.quotas.iter().all(|quota| quota.reservation.is_none())) {
                    client.granted = 0;
                }
            }
            // what was reported is charged half up, what is granted beside it is held rounded up
            let running = clients.iter().map(|client| match client.granted {
                0 => (tenths(client.used) + 5) / 10,
                granted => tenths(client.used + granted).div_ceil(10),
            });
            prop_assert!(ended + running.sum::<u64>() <= paid_in, "after {:?}: {:?}", act, clients);
            prop_assert!(!world.account.available().is_negative());
        }
    }
}
