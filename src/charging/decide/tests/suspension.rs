//! What still works under blocks, debts and after the end of a contract (`SUS-1`, `SUS-2`, `FREE-2`, `IN-1`).

use proptest::prelude::*;

use super::world::*;
use crate::charging::account::block::{Block, BlockReason};
use crate::charging::account::{Mode, Standing};
use crate::charging::answer::{Denial, Outcome};
use crate::charging::emergency::emergency;
use crate::charging::request::{Kind, QuotaKey, Role};
use crate::charging::units::Money;

fn block(reason: BlockReason) -> Block {
    Block { reason, since: crate::time::Timestamp::EPOCH, operator: "anna".into(), note: None }
}

fn blocked(reasons: &[BlockReason]) -> World {
    let mut world = World::new(tariff(), 100_000);
    assert!(reasons.iter().all(|reason| world.subscriber.put_block(block(*reason))));
    world
}

fn whole() -> QuotaKey {
    QuotaKey::default()
}

fn data(id: &str) -> Ask {
    Ask::data(Kind::Initial, id, 0).ask(group(10))
}

fn call(id: &str, to: &str) -> Ask {
    Ask::voice(Kind::Initial, id, 0, to).ask(whole())
}

/// `SUS-2`, `FREE-2`, `IN-1`: the table of blocks, asked for in requests.
#[test]
fn a_block_leaves_working_what_its_reason_says() {
    for reason in BlockReason::ALL {
        let works = |ask: &Ask| {
            let answer = blocked(&[reason]).send(ask);
            match answer.outcome {
                Outcome::Done => true,
                Outcome::Denied(denial) => {
                    assert_eq!(denial, Denial::Blocked, "{reason:?}");
                    false
                }
            }
        };
        let incoming = call("i", "77051112233").role(Role::Terminating);
        let found = [call("f", "3030"), incoming, call("o", "77471112233"), data("d")].map(|ask| works(&ask));
        let expected = match reason {
            BlockReason::Theft | BlockReason::Authority | BlockReason::Area => [false, false, false, false],
            BlockReason::Device => [true, false, false, false],
            BlockReason::Lost | BlockReason::Fraud | BlockReason::Breach | BlockReason::FalseData => {
                [true, true, false, false]
            }
            BlockReason::Data => [true, true, true, false],
        };
        assert_eq!(found, expected, "{reason:?}");
    }
}

/// `SUS-2`
#[test]
fn messages_under_a_block_go_where_calls_go() {
    let sent = |reason, to: &[&str]| blocked(&[reason]).send(&Ask::sms("m", to).ask(whole())).outcome;
    let refused = Outcome::Denied(Denial::Blocked);
    assert_eq!(sent(BlockReason::Lost, &["3030"]), Outcome::Done);
    assert_eq!(sent(BlockReason::Lost, &["3030", "77051112233"]), refused, "one of them is not free");
    assert_eq!(sent(BlockReason::FalseData, &["7701"]), Outcome::Done, "a service number");
    assert_eq!(sent(BlockReason::FalseData, &["77051112233"]), refused);
    assert_eq!(sent(BlockReason::Theft, &["3030"]), refused);
}

/// `SUS-6`
#[test]
fn what_was_used_until_the_block_is_charged_and_the_session_ends() {
    let mut world = World::new(tariff(), 100_000);
    granted(&world.send(&data("s")));
    world.subscriber.put_block(block(BlockReason::Fraud));
    let answer = world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(MB)));
    assert_eq!(answer.outcome, Outcome::Denied(Denial::Blocked));
    assert_eq!(world.main(), Money::from_cents(99_900).unwrap());
    assert_eq!(world.reserved(), Money::ZERO);
    world.subscriber.lift_block(BlockReason::Fraud);
    granted(&world.send(&data("t")));
}

/// `SUS-1`
#[test]
fn an_unpaid_invoice_stops_what_costs_and_lifts_by_itself() {
    let mut world = World::new(tariff(), 100_000);
    world.account.mode = Mode::Credit;
    granted(&world.send(&data("s")));
    world.account.life.unpaid_since = Some(world.now);
    assert_eq!(refused(&world.send(&data("d"))), Denial::NoCredit);
    assert_eq!(refused(&world.send(&call("o", "77471112233"))), Denial::NoCredit);
    assert_eq!(refused(&world.send(&Ask::sms("m", &["77471112233"]).ask(whole()))), Denial::NoCredit);
    let update = Ask::data(Kind::Update, "s", 1).more(group(10), octets(MB));
    assert_eq!(refused_in(&world.send(&update), 0), Denial::NoCredit);
    assert_eq!(world.main(), Money::from_cents(99_900).unwrap(), "what was used is charged");
    granted(&world.send(&call("f", "3030")));
    granted(&world.send(&call("i", "77051112233").role(Role::Terminating)));
    world.account.life.unpaid_since = None;
    granted(&world.send(&data("e")));
}

/// `END-1`, `END-4`: a date that was set holds from its moment on, and what is reported after it is charged.
#[test]
fn from_the_end_of_the_contract_nothing_is_granted_and_late_use_is_charged() {
    let mut world = World::new(tariff(), 100_000);
    granted(&world.send(&data("s")));
    world.subscriber.life.ends = Some(crate::time::Timestamp::from_secs(world.now.secs() + 10));
    world.skip(9);
    granted(&world.send(&data("t")));
    world.skip(1);
    assert_eq!(refused(&world.send(&data("u"))), Denial::Ended);
    let end = world.send(&Ask::data(Kind::Terminate, "s", 1).used(group(10), octets(MB)));
    done(&end);
    assert_eq!(world.main(), Money::from_cents(99_900).unwrap());
}

/// `END-3`
#[test]
fn a_use_is_noted_once_a_day_and_a_grant_alone_is_none() {
    let mut world = World::new(tariff(), 100_000);
    granted(&world.send(&data("s")));
    assert_eq!(world.subscriber.life.last_use, None);
    let first = world.now;
    world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(1)));
    assert_eq!(world.subscriber.life.last_use, Some(first));
    assert!(world.changes.subscriber);
    world.skip(60);
    world.send(&Ask::data(Kind::Update, "s", 2).more(group(10), octets(1)));
    assert!(!world.changes.subscriber, "nothing is written for it beyond what is written anyway");
    world.skip(24 * 3_600);
    granted(&world.send(&Ask::sms("m", &["77471112233"]).ask(whole())));
    assert_eq!(world.subscriber.life.last_use, Some(world.now));
    world.skip(24 * 3_600);
    granted(&world.send(&call("i", "77051112233").role(Role::Terminating)));
    world.send(
        &Ask::voice(Kind::Terminate, "i", 1, "77051112233").role(Role::Terminating).used(whole(), seconds(5)),
    );
    assert_eq!(world.subscriber.life.last_use, Some(world.now), "a call that comes in is a use");
}

/// `SUS-4`
#[test]
fn in_a_stopped_area_nothing_works_and_what_was_used_before_is_charged() {
    let mut world = World::new(tariff(), 100_000);
    granted(&world.send(&data("s")));
    world.stopped = true;
    let update = Ask::data(Kind::Update, "s", 1).more(group(10), octets(MB));
    assert_eq!(world.send(&update).outcome, Outcome::Denied(Denial::Blocked));
    assert_eq!(world.main(), Money::from_cents(99_900).unwrap());
    for ask in [data("d"), call("f", "3030"), call("i", "77051112233").role(Role::Terminating)] {
        assert_eq!(refused(&world.send(&ask)), Denial::Blocked);
    }
    granted(&world.send(&call("e", "112")));
    world.stopped = false;
    granted(&world.send(&data("t")));
}

proptest! {
    /// `FREE-2`: whatever the blocks, the money and the contract, an emergency is granted; here, where it comes to the
    /// account at all, and in front of it.
    #[test]
    fn an_emergency_is_granted_in_every_combination_of_blocks_and_states(
        reasons in proptest::collection::vec(0usize..BlockReason::ALL.len(), 0..9),
        main in -100_000i64..100_000, credit: bool, stopped: bool, unpaid: bool, ended: bool, ends: bool, barred: bool,
        role in proptest::sample::select(vec![Role::Originating, Role::Forwarding]),
        number in proptest::sample::select(vec!["101", "102", "103", "104", "112", "urn:service:sos", "+7112"]),
    ) {
        let mut world = World::new(tariff(), 1);
        world.topup(200_000);
        let change = main - world.main().micros() / Money::MICROS_PER_CENT;
        let adjusted = crate::charging::books::operations::adjust(
            world.account.clone(), Money::from_cents(change).unwrap(), crate::charging::books::operations::Act::default());
        if let Ok((account, entry)) = adjusted {
            world.account = account;
            world.ledger.push(entry);
        }
        world.stopped = stopped;
        if credit { world.account.mode = Mode::Credit; }
        if unpaid { world.account.life.unpaid_since = Some(world.now); }
        if ended { world.subscriber.standing = Standing::Ended; }
        if ends { world.subscriber.life.ends = Some(world.now); }
        if barred { world.subscriber.barred = vec!["voice".into(), "sms".into()]; }
        for reason in reasons {
            world.subscriber.put_block(block(BlockReason::ALL[reason]));
        }
        let ask = call("e", number).role(role);
        prop_assert!(emergency(&ask.0, world.catalogue.numbers()).is_some());
        let before = world.main();
        let answer = world.send(&ask);
        prop_assert_eq!(answer.outcome, Outcome::Done);
        prop_assert!(answer.parts.iter().all(|part| part.grant.is_some()));
        prop_assert_eq!(world.main(), before);
    }
}
