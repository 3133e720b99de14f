//! Balance checks and price enquiries (RFC 8506 §6.1, §6.2): they change nothing and are answered at command level.

use proptest::prelude::*;

use super::world::*;
use crate::charging::answer::{Answer, Denial, Outcome};
use crate::charging::books::operations::tests::cents;
use crate::charging::catalogue::Then;
use crate::charging::request::{Action, Kind, Measured, QuotaKey, Role, Shape};
use crate::charging::snapshot::Changes;
use crate::charging::units::{Amount, Money, Unit};

const ONE: &str = "77051112233";

fn whole() -> QuotaKey {
    QuotaKey::default()
}

fn sms(action: Action, recipients: &[&str]) -> Ask {
    Ask::sms("e", recipients).action(action)
}

fn voice(action: Action) -> Ask {
    Ask::voice(Kind::Event(action), "v", 0, ONE)
}

fn data(action: Action) -> Ask {
    Ask::data(Kind::Event(action), "d", 0)
}

fn money(cents: i64) -> Measured {
    Measured { money: Money::from_cents(cents), ..Measured::default() }
}

/// Sends a question: nothing changes, nothing is kept, the answer has no parts.
fn ask(world: &mut World, ask: &Ask) -> Answer {
    let before = world.clone();
    let answer = world.send(ask);
    assert_eq!(world.changes, Changes::default());
    assert_eq!((&world.account, &world.subscriber), (&before.account, &before.subscriber));
    assert_eq!((&world.events, &world.sessions), (&before.events, &before.sessions));
    assert_eq!(answer.parts, []);
    answer
}

fn enough(world: &mut World, question: &Ask) -> bool {
    let answer = ask(world, question);
    assert_eq!(answer.outcome, Outcome::Done, "{answer:?}");
    answer.extra.unwrap().enough.unwrap()
}

fn cost(world: &mut World, question: &Ask) -> (Money, Option<Amount>) {
    let answer = ask(world, question);
    assert_eq!(answer.outcome, Outcome::Done, "{answer:?}");
    let extra = answer.extra.unwrap();
    (extra.cost.unwrap(), extra.cost_per)
}

#[test]
fn a_balance_check_says_whether_a_message_can_be_paid() {
    for (main, says) in [(599, false), (600, true)] {
        let mut world = World::new(tariff(), main);
        let question = sms(Action::CheckBalance, &[ONE]).ask_for(whole(), pieces(3));
        assert_eq!(enough(&mut world, &question), says, "{main}");
        // three recipients, one piece each
        let question = sms(Action::CheckBalance, &[ONE, "77051112244", "77051112255"]).ask(whole());
        assert_eq!(enough(&mut world, &question), says, "{main}");
    }
    assert!(!enough(&mut World::new(tariff(), 199), &sms(Action::CheckBalance, &[ONE])));
    assert!(enough(&mut World::new(tariff(), 200), &sms(Action::CheckBalance, &[ONE])));
}

#[test]
fn a_balance_check_without_units_says_whether_a_session_would_be_granted_anything() {
    for main in [0, 9, 10, 59, 600] {
        let mut world = World::new(tariff(), main);
        let says = enough(&mut world, &voice(Action::CheckBalance).ask(whole()));
        assert_eq!(says, enough(&mut world, &voice(Action::CheckBalance)), "with and without a part");
        let opened = world.send(&Ask::voice(Kind::Initial, "s", 0, ONE).ask(whole()));
        assert_eq!(says, opened.outcome == Outcome::Done, "{main}");
    }
}

#[test]
fn a_balance_check_counts_time_octets_money_and_bundles() {
    let mut parts = tariff();
    parts.plans[0].bundles.push(bundle("talk", covers(VOICE, &[], &[1]), Unit::Seconds, 60, Then::Rates));
    let mut world = World::new(parts, 100);
    for (secs, says) in [(60, true), (70, true), (71, false)] {
        let question = voice(Action::CheckBalance).ask_for(whole(), seconds(secs));
        assert_eq!(enough(&mut world, &question), says, "{secs} s");
    }
    for (count, says) in [(MB, true), (MB + 1, false)] {
        let question = data(Action::CheckBalance).ask_for(group(10), octets(count));
        assert_eq!(enough(&mut world, &question), says, "{count} octets");
    }
    // money is enough for money, whatever the service is counted in and wherever the call goes
    for (asked, says) in [(100, true), (101, false)] {
        let question =
            Ask::voice(Kind::Event(Action::CheckBalance), "v", 0, "nobody").ask_for(whole(), money(asked));
        assert_eq!(enough(&mut world, &question), says, "{asked}");
    }
    assert!(enough(&mut world, &data(Action::CheckBalance).ask(group(20))), "a free group");
}

#[test]
fn a_balance_check_asks_for_all_its_parts_together() {
    let question =
        || data(Action::CheckBalance).ask_for(group(10), octets(MB)).ask_for(group(30), octets(MB));
    assert!(!enough(&mut World::new(tariff(), 399), &question()));
    assert!(enough(&mut World::new(tariff(), 400), &question()));
    let with_money = || question().ask_for(group(31), money(50));
    assert!(!enough(&mut World::new(tariff(), 449), &with_money()));
    assert!(enough(&mut World::new(tariff(), 450), &with_money()));
}

#[test]
fn what_sessions_hold_is_not_there_for_a_balance_check() {
    let mut world = World::new(tariff(), 700);
    world.send(&Ask::voice(Kind::Initial, "s", 0, ONE).ask(whole()));
    assert_eq!(world.reserved(), cents(600));
    assert!(!enough(&mut world, &sms(Action::CheckBalance, &[ONE])));
    assert!(enough(&mut world, &sms(Action::CheckBalance, &["9090"])), "a free number needs nothing");
}

#[test]
fn a_price_is_told_for_the_units_and_all_recipients_whatever_the_balance() {
    let mut parts = tariff();
    parts.plans[0].rates.push(rate(SMS, &[], &[0], 50, 1, 1));
    let mut world = World::new(parts, 0);
    let recipients = [ONE, "77011112233", "9090"];
    let question = sms(Action::PriceEnquiry, &recipients).ask_for(whole(), pieces(2));
    assert_eq!(cost(&mut world, &question), (cents(500), None));
    assert_eq!(cost(&mut world, &sms(Action::PriceEnquiry, &[ONE])), (cents(200), None), "one piece");
    let question = voice(Action::PriceEnquiry).ask_for(whole(), seconds(61));
    assert_eq!(cost(&mut world, &question), (cents(610), None));
    let question =
        data(Action::PriceEnquiry).ask_for(group(10), octets(2 * MB)).ask_for(group(30), octets(MB));
    assert_eq!(cost(&mut world, &question), (cents(500), None));
    let question = voice(Action::PriceEnquiry).used(whole(), seconds(10));
    assert_eq!(cost(&mut world, &question), (cents(100), None), "as reported");
}

#[test]
fn a_price_without_units_is_that_of_the_units_that_the_rate_names() {
    let mut world = World::new(tariff(), 0);
    let minute = Some(Amount::new(Unit::Seconds, 60));
    assert_eq!(cost(&mut world, &voice(Action::PriceEnquiry).ask(whole())), (cents(600), minute));
    assert_eq!(cost(&mut world, &voice(Action::PriceEnquiry)), (cents(600), minute));
    let megabyte = Some(Amount::new(Unit::Octets, MB));
    assert_eq!(cost(&mut world, &data(Action::PriceEnquiry).ask(group(10))), (cents(100), megabyte));
    let free = data(Action::PriceEnquiry).ask(group(20));
    assert_eq!(cost(&mut world, &free).0, Money::ZERO);
    let incoming = voice(Action::PriceEnquiry).role(Role::Terminating).ask(whole());
    assert_eq!(cost(&mut world, &incoming).0, Money::ZERO);
}

#[test]
fn a_price_is_rounded_once_half_up() {
    let mut parts = tariff();
    parts.plans[0].rates[4].price = Money::from_micros(5_000);
    let mut world = World::new(parts, 0);
    let question = sms(Action::PriceEnquiry, &[ONE, "77051112244", "77051112255"]).ask(whole());
    assert_eq!(cost(&mut world, &question).0, cents(2));
}

#[test]
fn what_cannot_be_sold_is_refused_at_command_level() {
    for action in [Action::CheckBalance, Action::PriceEnquiry] {
        let mut world = World::new(tariff(), 1_000);
        let mut refusal = |question: &Ask| {
            let answer = ask(&mut world, question);
            assert_eq!(answer.parts, []);
            refused(&answer)
        };
        assert_eq!(refusal(&Ask::event(action, "e", "32270@3gpp.org").ask(whole())), Denial::UnknownService);
        let nowhere = Ask::voice(Kind::Event(action), "v", 0, "nobody").ask_for(whole(), seconds(1));
        assert_eq!(refusal(&nowhere), Denial::NoDestination);
        world.subscriber.barred.push("sms".into());
        assert_eq!(refused(&ask(&mut world, &sms(action, &[ONE]))), Denial::Blocked);
        world.subscriber.standing = crate::charging::account::Standing::Ended;
        assert_eq!(refused(&ask(&mut world, &sms(action, &[ONE]))), Denial::Ended);
    }
    let mut world = World::new(tariff(), 1_000);
    let in_money = sms(Action::PriceEnquiry, &[ONE]).ask_for(whole(), money(100));
    let answer = ask(&mut world, &in_money);
    assert_eq!((refused(&answer), answer.message.is_some()), (Denial::NoRate, true));
}

#[test]
fn a_question_at_command_level_is_answered_as_one_in_a_part() {
    for action in [Action::CheckBalance, Action::PriceEnquiry] {
        let mut world = World::new(tariff(), 1_000);
        let question = sms(action, &[ONE]).ask_for(whole(), pieces(2));
        let mut above = question.clone();
        above.0.shape = Shape::Command;
        let (one, other) = (ask(&mut world, &question), ask(&mut world, &above));
        assert_eq!(one.extra, other.extra);
        assert_eq!(other.shape, Shape::Command);
    }
}

#[test]
fn a_repeated_question_is_answered_by_the_present_balance() {
    let mut world = World::new(tariff(), 0);
    let question = sms(Action::CheckBalance, &[ONE]);
    assert!(!enough(&mut world, &question));
    world.topup(200);
    assert!(enough(&mut world, &question));
}

#[test]
fn a_price_where_only_bundles_pay_is_nothing_or_none() {
    let mut parts = tariff();
    parts.plans[0].rates.remove(4);
    parts.plans[0].bundles.push(bundle("sms", covers(SMS, &[], &[]), Unit::Pieces, 2, Then::Stop));
    let mut world = World::new(parts, 1_000);
    let question = |count| sms(Action::PriceEnquiry, &[ONE]).ask_for(whole(), pieces(count));
    assert_eq!(cost(&mut world, &question(2)).0, Money::ZERO);
    assert_eq!(refused(&ask(&mut world, &question(3))), Denial::NoRate);
    let check = |count| sms(Action::CheckBalance, &[ONE]).ask_for(whole(), pieces(count));
    assert!(enough(&mut world, &check(2)));
    assert!(!enough(&mut world, &check(3)));
}

proptest! {
    #[test]
    fn a_debit_does_what_the_questions_before_it_said(
        main in 0i64..2_000, count in 1u64..6, recipients in 1usize..4, bundled in 0u64..8, price in 0i64..4_000_000,
        connect in 0i64..1_000_000,
    ) {
        let mut parts = tariff();
        parts.plans[0].rates[4].price = Money::from_micros(price);
        parts.plans[0].rates[4].connect = Money::from_micros(connect);
        parts.plans[0].bundles.push(bundle("sms", covers(SMS, &[], &[]), Unit::Pieces, bundled, Then::Rates));
        let mut world = World::new(parts, main);
        let to = &[ONE, "77011112233", "77051112255"][..recipients];
        let of = |action| sms(action, to).ask_for(whole(), pieces(count));
        let says = enough(&mut world, &of(Action::CheckBalance));
        let (told, _) = cost(&mut world, &of(Action::PriceEnquiry));
        let debit = world.send(&of(Action::Debit));
        prop_assert_eq!(says, debit.outcome == Outcome::Done);
        let taken = if says { told } else { Money::ZERO };
        prop_assert_eq!(world.main().checked_add(taken).unwrap(), cents(main));
    }
}
