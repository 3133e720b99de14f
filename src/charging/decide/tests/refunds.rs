//! Refunds of one-time events (RFC 8506 §6.4, TS 32.299 Refund-Information).

use proptest::prelude::*;

use super::world::*;
use crate::charging::account::{AccountId, Standing};
use crate::charging::answer::{Answer, Denial, Outcome};
use crate::charging::books::operations::tests::cents;
use crate::charging::catalogue::{Parts, Then};
use crate::charging::ledger::EntryKind;
use crate::charging::refund::Token;
use crate::charging::request::{Action, Kind, Measured, QuotaKey, SessionId, Shape};
use crate::charging::units::{Digits, Money, Unit};

const ONE: &str = "77051112233";
const TWO: &str = "77051112244";

fn whole() -> QuotaKey {
    QuotaKey::default()
}

fn refund(session: &str) -> Ask {
    Ask::event(Action::Refund, session, "32274@3gpp.org")
}

fn money(cents: u64) -> Measured {
    let money = Money::from_cents(i64::try_from(cents).unwrap());
    Measured { money, ..Measured::default() }
}

/// The token of the answer's part.
fn token(answer: &Answer, at: usize) -> Box<[u8]> {
    answer.parts[at].extra.as_ref().and_then(|extra| extra.refund.clone()).unwrap()
}

/// The units that were given back, with their unit.
fn back(answer: &Answer) -> (Unit, u64) {
    let amount = granted(answer).amount;
    (amount.unit, amount.count)
}

/// Refused, with a sentence that says why.
fn no(answer: &Answer) {
    assert_eq!((refused(answer), answer.message.is_some()), (Denial::NoRefund, true));
}

#[test]
fn what_an_event_was_charged_is_given_back_once_and_names_its_debit() {
    let mut world = World::new(tariff(), 500);
    let debit = world.send(&Ask::sms("e", &[ONE]).ask_for(whole(), pieces(2)));
    let token = token(&debit, 0);
    assert_eq!(world.main(), cents(100));
    let first = world.send(&refund("r").back(&token, None));
    assert_eq!(back(&first), (Unit::Pieces, 2));
    assert_eq!(world.main(), cents(500));
    let entry = world.ledger.last().unwrap();
    assert_eq!((entry.kind, entry.amount), (EntryKind::Refund, cents(400)));
    assert_eq!((entry.reference.as_deref(), entry.operator.as_deref()), (Some("r"), None));
    let usage = world.last_use();
    assert_eq!((usage.session.as_str(), usage.request_number, usage.used.count), ("e", 0, 2));
    // the same request again, and other requests with the same token
    assert_eq!(world.send(&refund("r").back(&token, None)), first);
    assert!(world.notes.repeat);
    no(&world.send(&refund("s").back(&token, None)));
    let mut next = refund("r").back(&token, None);
    next.0.number = 1;
    no(&world.send(&next));
    assert_eq!((world.main(), world.ledger.len()), (cents(500), 3));
}

#[test]
fn a_repeated_debit_is_not_charged_again_after_its_refund() {
    let mut world = World::new(tariff(), 500);
    let ask = Ask::sms("e", &[ONE]).ask(whole());
    let debit = world.send(&ask);
    granted(&world.send(&refund("r").back(&token(&debit, 0), None)));
    assert_eq!(world.send(&ask), debit);
    assert_eq!(world.main(), cents(500));
}

#[test]
fn a_refused_refund_is_refused_again_when_it_is_repeated() {
    let mut world = World::new(tariff(), 500);
    let early =
        refund("r").back(&Token { part: 0, number: 0, session: SessionId::new("e").unwrap() }.write(), None);
    no(&world.send(&early));
    world.send(&Ask::sms("e", &[ONE]).ask(whole()));
    no(&world.send(&early));
    assert!(world.notes.repeat);
    assert_eq!(world.main(), cents(300));
}

#[test]
fn units_of_bundles_go_back_into_the_bundles_that_are_still_there() {
    let mut parts = tariff();
    parts.plans[0].bundles.push(bundle("few", covers(SMS, &[], &[]), Unit::Pieces, 2, Then::Rates));
    parts.plans[0].bundles.push(bundle("more", covers(SMS, &[], &[]), Unit::Pieces, 1, Then::Rates));
    let mut world = World::new(parts, 1_000);
    let debit = world.send(&Ask::sms("e", &[ONE]).ask_for(whole(), pieces(5)));
    let left = |world: &World| (world.main(), world.allowance("few").left, world.allowance("more").left);
    assert_eq!(left(&world), (cents(600), 0, 0));
    let mut gone = world.clone();
    assert_eq!(back(&world.send(&refund("r").back(&token(&debit, 0), None))), (Unit::Pieces, 5));
    assert_eq!(left(&world), (cents(1_000), 2, 1));
    assert_eq!(world.last_use().from_bundles, 3);
    gone.subscriber.allowances.retain(|allowance| &*allowance.bundle != "more");
    granted(&gone.send(&refund("r").back(&token(&debit, 0), None)));
    assert_eq!((gone.main(), gone.allowance("few").left), (cents(1_000), 2));
    assert_eq!(gone.last_use().from_bundles, 2);
}

#[test]
fn fewer_units_come_back_at_the_price_that_they_made_what_was_taken_last_first() {
    let mut parts = tariff();
    parts.plans[0].rates[4].connect = cents(50);
    parts.plans[0].bundles.push(bundle("few", covers(SMS, &[], &[]), Unit::Pieces, 1, Then::Rates));
    for (asked, main, left) in [(1, 800, 0), (2, 1_000, 0), (3, 1_250, 0), (4, 1_250, 1), (9, 1_250, 1)] {
        let mut world = World::new(parts.clone(), 1_250);
        // one from the bundle, three for 0.50 and 2.00 each
        let debit = world.send(&Ask::sms("e", &[ONE]).ask_for(whole(), pieces(4)));
        assert_eq!(world.main(), cents(600));
        let answer = world.send(&refund("r").back(&token(&debit, 0), Some(pieces(asked))));
        assert_eq!(back(&answer), (Unit::Pieces, asked.min(4)), "{asked}");
        assert_eq!((world.main(), world.allowance("few").left), (cents(main), left), "{asked}");
        no(&world.send(&refund("s").back(&token(&debit, 0), None)));
    }
}

#[test]
fn each_recipient_gives_as_many_back() {
    let mut parts = tariff();
    parts.plans[0].rates.push(rate(SMS, &[], &[0], 50, 1, 1));
    let mut world = World::new(parts, 1_000);
    let debit = world.send(&Ask::sms("e", &[ONE, "77011112233", "9090"]).ask_for(whole(), pieces(2)));
    assert_eq!(world.main(), cents(500));
    let answer = world.send(&refund("r").back(&token(&debit, 0), Some(pieces(1))));
    assert_eq!(back(&answer), (Unit::Pieces, 1));
    assert_eq!(world.main(), cents(750));
}

#[test]
fn money_that_is_named_comes_back_and_no_more_than_was_paid() {
    for (asked, main) in [(1, 101), (399, 499), (400, 500), (100_000, 500)] {
        let mut world = World::new(tariff(), 500);
        let debit = world.send(&Ask::sms("e", &[ONE]).ask_for(whole(), pieces(2)));
        let answer = world.send(&refund("r").back(&token(&debit, 0), Some(money(asked))));
        assert_eq!(back(&answer), (Unit::Money, asked.min(400) * 10_000));
        assert_eq!(world.main(), cents(main));
        no(&world.send(&refund("s").back(&token(&debit, 0), None)));
    }
}

#[test]
fn nothing_that_is_asked_back_leaves_the_token_as_it_was() {
    let mut world = World::new(tariff(), 500);
    let debit = world.send(&Ask::sms("e", &[ONE]).ask(whole()));
    no(&world.send(&refund("r").back(&token(&debit, 0), Some(pieces(0)))));
    no(&world.send(&refund("s").back(&token(&debit, 0), Some(money(0)))));
    assert_eq!(world.main(), cents(300));
    granted(&world.send(&refund("t").back(&token(&debit, 0), None)));
    assert_eq!(world.main(), cents(500));
}

#[test]
fn units_may_be_named_as_used() {
    let mut world = World::new(tariff(), 500);
    let debit = world.send(&Ask::sms("e", &[ONE]).ask_for(whole(), pieces(2)));
    let mut ask = refund("r").used(whole(), pieces(1));
    ask.0.parts[0].refund = Some(token(&debit, 0));
    assert_eq!(back(&world.send(&ask)), (Unit::Pieces, 1));
    assert_eq!(world.main(), cents(300));
}

#[test]
fn a_refund_without_a_token_or_with_one_of_nothing_is_refused_with_a_sentence() {
    let mut world = World::new(tariff(), 500);
    world.send(&Ask::sms("e", &[ONE]).ask(whole()));
    let of = |session: &str, part, number| {
        Token { part, number, session: SessionId::new(session).unwrap() }.write()
    };
    no(&world.send(&refund("a").ask_for(whole(), pieces(1))));
    no(&world.send(&refund("b").ask_for(whole(), money(200))));
    no(&world.send(&refund("c")));
    for (name, token) in
        [("d", b"junk".as_slice().into()), ("f", of("x", 0, 0)), ("g", of("e", 0, 1)), ("h", of("e", 1, 0))]
    {
        let answer = world.send(&refund(name).back(&token, None));
        no(&answer);
        assert_eq!(answer.parts.len(), 1);
    }
    assert_eq!((world.main(), world.ledger.len()), (cents(300), 2));
}

#[test]
fn what_another_number_or_account_paid_is_not_given_back() {
    let mut world = World::new(tariff(), 500);
    let debit = world.send(&Ask::sms("e", &[ONE]).ask(whole()));
    let mut other = world.clone();
    other.subscriber.msisdn = Digits::parse("77010000009").unwrap();
    no(&other.send(&refund("r").back(&token(&debit, 0), None)));
    let mut moved = world.clone();
    for event in &mut moved.events {
        event.charge.as_mut().unwrap().account = AccountId(8);
    }
    no(&moved.send(&refund("r").back(&token(&debit, 0), None)));
    assert_eq!((other.main(), moved.main()), (cents(300), cents(300)));
}

#[test]
fn after_72_hours_nothing_is_given_back() {
    let mut world = World::new(tariff(), 500);
    let debit = world.send(&Ask::sms("e", &[ONE]).ask(whole()));
    world.pass(72 * 3_600 - 1);
    let mut late = world.clone();
    granted(&world.send(&refund("r").back(&token(&debit, 0), None)));
    late.pass(1);
    no(&late.send(&refund("r").back(&token(&debit, 0), None)));
    assert_eq!((world.main(), late.main()), (cents(500), cents(300)));
}

#[test]
fn what_cost_nothing_and_what_was_refused_has_no_token() {
    let mut world = World::new(tariff(), 100);
    let free = world.send(&Ask::sms("a", &["9090"]).ask(whole()));
    assert_eq!(granted(&free).amount.count, 1);
    assert!(free.parts[0].extra.is_none());
    let refused = world.send(&Ask::sms("b", &[ONE]).ask(whole()));
    assert!(refused.parts[0].extra.is_none());
    assert!(world.events.iter().all(|event| event.charge.is_none()));
}

#[test]
fn a_client_that_does_not_know_tokens_gets_none() {
    let mut world = World::new(tariff(), 500);
    let mut ask = Ask::sms("e", &[ONE]).ask(whole());
    ask.0.traits.refund = false;
    assert!(world.send(&ask).parts[0].extra.is_none());
    assert!(world.events[0].charge.is_none());
}

#[test]
fn each_part_of_an_event_has_its_token_and_is_given_back_by_itself() {
    let other = QuotaKey { rating_group: None, services: vec![5] };
    let debit = |world: &mut World| {
        let ask = Ask::sms("e", &[ONE]).ask_for(whole(), pieces(1)).ask_for(other.clone(), pieces(3));
        world.send(&ask)
    };
    let mut world = World::new(tariff(), 1_000);
    let answer = debit(&mut world);
    let (first, second) = (token(&answer, 0), token(&answer, 1));
    assert_eq!(world.main(), cents(200));
    let mut both = world.clone();
    assert_eq!(back(&world.send(&refund("r").back(&second, None))), (Unit::Pieces, 3));
    assert_eq!(world.last_use().key, other);
    assert_eq!(world.main(), cents(800));
    no(&world.send(&refund("s").back(&first, None).back(&second, None)));
    assert_eq!(world.main(), cents(800), "all or none");
    granted(&world.send(&refund("t").back(&first, None)));
    assert_eq!(world.main(), cents(1_000));
    // both at once, the same twice, and of two events
    no(&both.send(&refund("r").back(&first, None).back(&first, None)));
    let elsewhere = both.send(&Ask::sms("f", &[ONE]).ask(whole()));
    no(&both.send(&refund("s").back(&first, None).back(&token(&elsewhere, 0), None)));
    let answer = both.send(&refund("t").back(&first, None).back(&second, None));
    let units = |at: usize| answer.parts[at].grant.as_ref().unwrap().amount.count;
    assert_eq!((answer.outcome, units(0), units(1)), (Outcome::Done, 1, 3));
    assert_eq!(both.main(), cents(800));
}

#[test]
fn a_refund_at_command_level_is_answered_there() {
    let mut world = World::new(tariff(), 500);
    let mut ask = Ask::sms("e", &[ONE]).ask(whole());
    ask.0.shape = Shape::Command;
    let debit = world.send(&ask);
    assert_eq!(debit.shape, Shape::Command);
    let mut ask = refund("r").back(&token(&debit, 0), None);
    ask.0.shape = Shape::Command;
    let answer = world.send(&ask);
    assert_eq!((answer.shape, back(&answer)), (Shape::Command, (Unit::Pieces, 1)));
    assert_eq!(world.main(), cents(500));
}

#[test]
fn a_bar_does_not_keep_money_back_and_the_end_of_the_contract_does() {
    let mut world = World::new(tariff(), 500);
    let debit = world.send(&Ask::sms("e", &[ONE]).ask(whole()));
    let mut ended = world.clone();
    world.subscriber.barred.push("sms".into());
    granted(&world.send(&refund("r").back(&token(&debit, 0), None)));
    ended.subscriber.standing = Standing::Ended;
    let answer = ended.send(&refund("r").back(&token(&debit, 0), None));
    assert_eq!((refused(&answer), ended.events.len()), (Denial::Ended, 1));
}

#[test]
fn the_tariff_of_the_debit_counts_and_not_that_of_the_refund() {
    let mut world = World::new(tariff(), 1_000);
    let debit = world.send(&Ask::sms("e", &[ONE]).ask_for(whole(), pieces(3)));
    let mut dearer = tariff();
    dearer.version = 2;
    dearer.plans[0].rates[4].price = cents(900);
    world.catalogue = crate::charging::catalogue::Catalogue::new(dearer);
    granted(&world.send(&refund("r").back(&token(&debit, 0), Some(pieces(1)))));
    assert_eq!(world.main(), cents(600));
}

#[test]
fn use_of_a_session_is_not_given_back_by_a_token() {
    let mut world = World::new(tariff(), 500);
    let session = |kind, number| Ask::new(kind, "s", number, "32274@3gpp.org");
    let mut open = session(Kind::Initial, 0).ask(whole());
    open.0.parties.recipients = vec![ONE.into()];
    assert!(granted(&world.send(&open)).amount.count == 1);
    let ended = world.send(&session(Kind::Terminate, 1).used(whole(), pieces(1)));
    assert_eq!(ended.parts, []);
    let guessed = Token { part: 0, number: 1, session: SessionId::new("s").unwrap() }.write();
    no(&world.send(&refund("r").back(&guessed, None)));
    assert_eq!(world.main(), cents(300));
}

#[test]
fn time_and_octets_are_given_back_as_they_were_charged() {
    let mut world = World::new(tariff(), 10_000);
    let call = Ask::voice(Kind::Event(Action::Debit), "v", 0, ONE).ask_for(whole(), seconds(61));
    let debit = world.send(&call);
    assert_eq!(world.main(), cents(9_390));
    let answer = world.send(&refund("r").back(&token(&debit, 0), Some(seconds(1))));
    assert_eq!((back(&answer), world.main()), ((Unit::Seconds, 1), cents(9_400)));
    let data = Ask::data(Kind::Event(Action::Debit), "d", 0).ask_for(group(10), octets(90 * MB));
    let debit = world.send(&data);
    assert_eq!(world.main(), cents(400));
    let answer = world.send(&refund("s").back(&token(&debit, 0), None));
    assert_eq!((back(&answer), world.main()), ((Unit::Octets, 90 * MB), cents(9_400)));
}

#[test]
fn a_refund_that_cannot_be_counted_changes_nothing() {
    let mut world = World::new(tariff(), 500);
    let debit = world.send(&Ask::sms("e", &[ONE]).ask(whole()));
    world.ledger[0].amount = Money::from_micros(Money::MAX.micros() / 10_000 * 10_000);
    let (start, mut sum) = (world.ledger[0].amount, world.ledger[0].amount);
    world.ledger[0].balance = start;
    for entry in world.ledger.iter_mut().skip(1) {
        sum = sum.checked_add(entry.amount).unwrap();
        entry.balance = sum;
    }
    world.account.main = sum;
    world.topup(200);
    let before = world.clone();
    let answer = world.send(&refund("r").back(&token(&debit, 0), None));
    assert_eq!(refused(&answer), Denial::Overflow);
    assert_eq!(
        (&world.account, world.events[0].charge.clone()),
        (&before.account, before.events[0].charge.clone())
    );
}

/// A step of a history of events.
#[derive(Clone, Debug)]
enum Step {
    Debit { event: usize, pieces: u64, recipients: usize },
    Refund { refund: usize, event: usize, asked: Option<Measured> },
    RepeatDebit(usize),
    RepeatRefund(usize),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let asked = prop_oneof![
        2 => Just(None),
        2 => (0u64..6).prop_map(|count| Some(pieces(count))),
        1 => (0u64..2_000).prop_map(|cents| Some(money(cents))),
    ];
    prop_oneof![
        4 => (0usize..6, 1u64..5, 1usize..4)
            .prop_map(|(event, pieces, recipients)| Step::Debit { event, pieces, recipients }),
        4 => (0usize..6, 0usize..6, asked).prop_map(|(refund, event, asked)| Step::Refund { refund, event, asked }),
        1 => (0usize..6).prop_map(Step::RepeatDebit),
        1 => (0usize..6).prop_map(Step::RepeatRefund),
        1 => (0i64..100_000).prop_map(Step::Wait),
    ]
}

/// Prices that do not divide evenly, a minimum, a connection fee, a bundle.
fn odd_tariff() -> Parts {
    let mut parts = tariff();
    parts.plans[0].rates[4].price = Money::from_micros(1_234_567);
    parts.plans[0].rates[4].connect = Money::from_micros(98_765);
    let mut on_net = rate(SMS, &[], &[0], 33, 2, 2);
    on_net.first = 3;
    parts.plans[0].rates.push(on_net);
    parts.plans[0].bundles.push(bundle("sms", covers(SMS, &[], &[]), Unit::Pieces, 7, Then::Rates));
    parts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_debits_refunds_and_repeats_gives_back_more_than_was_paid(
        steps in prop::collection::vec(step(), 1..40), main in 0i64..5_000,
    ) {
        let mut world = World::new(odd_tariff(), main);
        let (mut debits, mut refunds) = (vec![None; 6], vec![None; 6]);
        let total = |world: &World, of: &str, kind| {
            let of_it = world.ledger.iter().filter(|entry| {
                entry.kind == kind && entry.usage.as_ref().is_some_and(|usage| usage.session.as_str() == of)
            });
            of_it.map(|entry| (entry.amount.micros(), entry.usage.as_ref().unwrap().from_bundles)).fold(
                (0, 0),
                |(money, units), (more, others)| (money + more, units + others),
            )
        };
        for step in steps {
            let before = world.clone();
            match step {
                Step::Debit { event, pieces: count, recipients } => {
                    let ask = Ask::sms(&format!("e{event}"), &[ONE, "77011112233", TWO][..recipients])
                        .ask_for(whole(), pieces(count));
                    let answer = world.send(&ask);
                    debits[event].get_or_insert((ask, answer));
                }
                Step::Refund { refund: name, event, asked } => {
                    let Some((_, debit)) = &debits[event] else { continue };
                    let token = debit.parts[0].extra.as_ref().and_then(|extra| extra.refund.clone());
                    let token = token.unwrap_or_else(|| b"none".as_slice().into());
                    let ask = refund(&format!("r{name}")).back(&token, asked);
                    let answer = world.send(&ask);
                    refunds[name].get_or_insert((ask, answer));
                }
                Step::RepeatDebit(event) => {
                    let Some((ask, answer)) = &debits[event] else { continue };
                    prop_assert_eq!(&world.send(ask), answer);
                    prop_assert_eq!(&world.account, &before.account);
                }
                Step::RepeatRefund(name) => {
                    let Some((ask, answer)) = &refunds[name] else { continue };
                    prop_assert_eq!(&world.send(ask), answer);
                    prop_assert_eq!(&world.account, &before.account);
                }
                Step::Wait(secs) => world.pass(secs),
            }
            // the books were audited by the world; now each event by itself
            for event in 0..6 {
                let name = format!("e{event}");
                let (paid, taken) = total(&world, &name, EntryKind::Charge);
                let (given, returned) = total(&world, &name, EntryKind::Refund);
                prop_assert!(given >= 0 && given <= -paid, "{} of {} given back", given, paid);
                prop_assert!(returned <= taken);
            }
            prop_assert!(world.allowance("sms").left <= 7);
            let spent: i64 = world.ledger.iter().skip(usize::from(main > 0)).map(|entry| entry.amount.micros()).sum();
            prop_assert_eq!(world.main().micros(), main * 10_000 + spent);
            prop_assert!(world.main() <= cents(main));
        }
    }

    #[test]
    fn a_debit_and_its_whole_refund_leave_everything_as_it_was(
        count in 1u64..6, recipients in 1usize..4, main in 0i64..5_000,
    ) {
        let mut world = World::new(odd_tariff(), main);
        let before = world.clone();
        let ask = Ask::sms("e", &[ONE, "77011112233", TWO][..recipients]).ask_for(whole(), pieces(count));
        let debit = world.send(&ask);
        if let Some(extra) = &debit.parts[0].extra {
            world.send(&refund("r").back(extra.refund.as_ref().unwrap(), None));
        }
        prop_assert_eq!(world.main(), before.main());
        prop_assert_eq!(&world.subscriber.allowances, &before.subscriber.allowances);
    }
}
