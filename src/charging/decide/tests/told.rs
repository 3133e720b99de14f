//! What is told beside a grant or a refusal: the balance, announcements, advice of charge.

use super::world::*;
use crate::charging::answer::{Advice, Announcement, Answer, Balance, PriceAdvice};
use crate::charging::books::operations::tests::cents;
use crate::charging::catalogue::{Announcements, LowBalance, Parts, Then};
use crate::charging::request::{Kind, QuotaKey};
use crate::charging::units::{Money, Unit};

const MOBILE: &str = "77051112233";

fn whole() -> QuotaKey {
    QuotaKey::default()
}

/// 6.00 a minute, low below 10.00, announcements 1 (low), 2 (last), 3 (refused).
fn telling() -> Parts {
    let mut parts = tariff();
    parts.plans[0].low_balance = Some(LowBalance { below: cents(1_000), divisor: 1 });
    parts.plans[0].announcements =
        Some(Announcements { low: Some(1), last: Some(2), refused: Some(3), before_end_secs: 30 });
    parts
}

/// A request of a call from a client that takes all that may be told.
fn call(kind: Kind, number: u32) -> Ask {
    let mut ask = Ask::voice(kind, "v", number, MOBILE);
    (ask.0.traits.announcements, ask.0.traits.balance, ask.0.advice) = (true, true, true);
    ask
}

fn announced(answer: &Answer) -> Vec<(u32, Option<u32>)> {
    let extra = answer.parts.first().and_then(|part| part.extra.as_ref());
    extra.map_or_else(Vec::new, |extra| {
        extra
            .announcements
            .iter()
            .map(|&Announcement { id, before_end_secs }| (id, before_end_secs))
            .collect()
    })
}

fn balance(answer: &Answer) -> Balance {
    answer.extra.as_ref().unwrap().balance.unwrap()
}

fn advice(answer: &Answer) -> Advice {
    answer.extra.as_ref().unwrap().advice.unwrap()
}

#[test]
fn a_balance_that_becomes_low_is_announced_once_and_told_each_time() {
    let mut world = World::new(telling(), 2_000);
    let answer = world.send(&call(Kind::Initial, 0).ask(whole()));
    // what this call holds is still the caller's
    assert_eq!(balance(&answer), Balance { low: false, remaining: cents(2_000) });
    assert_eq!(announced(&answer), []);
    let answer = world.send(&call(Kind::Update, 1).more(whole(), seconds(60)));
    assert_eq!(
        (balance(&answer), announced(&answer)),
        (Balance { low: false, remaining: cents(1_400) }, vec![])
    );
    let answer = world.send(&call(Kind::Update, 2).more(whole(), seconds(60)));
    assert_eq!(balance(&answer), Balance { low: true, remaining: cents(800) });
    assert_eq!(announced(&answer), [(1, None)]);
    // the last 2.00 buy 20 s
    let answer = world.send(&call(Kind::Update, 3).more(whole(), seconds(60)));
    assert_eq!((granted(&answer).amount.count, balance(&answer).low), (20, true));
    assert_eq!(announced(&answer), [(2, Some(20))]);
    let answer = world.send(&call(Kind::Update, 4).more(whole(), seconds(20)));
    assert_eq!((announced(&answer), balance(&answer).remaining), (vec![(3, None)], Money::ZERO));
    assert_eq!(refused_in(&answer, 0), crate::charging::answer::Denial::NoCredit);
}

#[test]
fn a_call_that_opens_with_a_low_balance_hears_it_and_its_last_grant_before_its_end() {
    let mut world = World::new(telling(), 500);
    let answer = world.send(&call(Kind::Initial, 0).ask(whole()));
    assert_eq!(announced(&answer), [(1, None), (2, Some(30))]);
    let mut world = World::new(telling(), 0);
    let answer = world.send(&call(Kind::Initial, 0).ask(whole()));
    refused(&answer);
    assert_eq!(
        (announced(&answer), balance(&answer)),
        (vec![(3, None)], Balance { low: true, remaining: Money::ZERO })
    );
    assert!(world.sessions.is_empty());
}

#[test]
fn a_limited_service_is_announced_as_a_refused_one_and_the_end_of_the_longest_call_is_not() {
    let mut parts = limiting(redirect("sip:pay@ims.example.org"));
    parts.plans[0].announcements = telling().plans[0].announcements;
    parts.services[1].max_call_secs = Some(60);
    let mut world = World::new(parts.clone(), 0);
    let answer = world.send(&call(Kind::Initial, 0).limitable().ask(whole()));
    limited(&answer);
    assert_eq!(announced(&answer), [(3, None)]);
    let mut world = World::new(parts, 10_000);
    let answer = world.send(&call(Kind::Initial, 0).ask(whole()));
    assert!(granted(&answer).final_unit.is_some());
    assert_eq!(announced(&answer), []);
}

#[test]
fn nothing_is_told_to_a_client_that_does_not_take_it_or_by_a_plan_that_has_nothing_to_say() {
    let mut world = World::new(telling(), 500);
    let answer = world.send(&Ask::voice(Kind::Initial, "v", 0, MOBILE).ask(whole()));
    assert_eq!((answer.extra.clone(), answer.parts[0].extra.clone()), (None, None));
    let mut parts = tariff();
    parts.plans[0].rates = vec![rate(VOICE, &[], &[], 0, 60, 1)];
    let mut world = World::new(parts, 0);
    let mut ask = call(Kind::Initial, 0).ask(whole());
    ask.0.advice = false;
    let answer = world.send(&ask);
    // nothing costs money
    assert_eq!((answer.extra.clone(), answer.parts[0].extra.clone()), (None, None));
}

#[test]
fn advice_of_charge_says_what_the_call_has_cost_what_was_added_and_the_price() {
    let mut world = World::new(telling(), 10_000);
    let price = Some(PriceAdvice { unit: Unit::Seconds, per: 60, price: cents(600) });
    let answer = world.send(&call(Kind::Initial, 0).ask(whole()));
    assert_eq!(advice(&answer), Advice { total: Money::ZERO, added: Money::ZERO, price });
    let answer = world.send(&call(Kind::Update, 1).more(whole(), seconds(60)));
    assert_eq!(advice(&answer), Advice { total: cents(600), added: cents(600), price });
    let ask = call(Kind::Update, 2).more(whole(), seconds(30));
    let answer = world.send(&ask);
    assert_eq!(advice(&answer), Advice { total: cents(900), added: cents(300), price });
    assert_eq!(world.send(&ask), answer);
    let answer = world.send(&call(Kind::Terminate, 3).used(whole(), seconds(7)));
    assert_eq!(advice(&answer), Advice { total: cents(970), added: cents(70), price });
    assert_eq!(balance(&answer).remaining, cents(9_030));
    assert_eq!(world.main(), cents(9_030));
}

#[test]
fn advice_of_charge_of_what_bundles_pay_or_nobody_pays_is_a_price_of_nothing() {
    let mut parts = telling();
    parts.plans[0].bundles.push(bundle("talk", covers(VOICE, &[], &[1]), Unit::Seconds, 90, Then::Rates));
    let mut world = World::new(parts, 10_000);
    let nothing = PriceAdvice { unit: Unit::Seconds, per: 1, price: Money::ZERO };
    let answer = world.send(&call(Kind::Initial, 0).ask(whole()));
    assert_eq!(advice(&answer).price, Some(nothing));
    let answer = world.send(&call(Kind::Update, 1).more(whole(), seconds(60)));
    assert_eq!(advice(&answer), Advice { total: Money::ZERO, added: Money::ZERO, price: Some(nothing) });
    let answer = world.send(&call(Kind::Update, 2).more(whole(), seconds(60)));
    assert_eq!((advice(&answer).total, advice(&answer).price.unwrap().price), (cents(300), cents(600)));
    let mut free = call(Kind::Initial, 0).to("9090").ask(whole());
    free.0.session = crate::charging::request::SessionId::new("w").unwrap();
    assert_eq!(advice(&world.send(&free)).price, Some(nothing));
}

#[test]
fn an_event_is_told_what_it_cost_and_what_is_left() {
    let mut world = World::new(telling(), 1_100);
    let mut ask = Ask::sms("e", &[MOBILE, "77051112244"]);
    (ask.0.traits.balance, ask.0.traits.announcements, ask.0.advice) = (true, true, true);
    let answer = world.send(&ask);
    assert_eq!(balance(&answer), Balance { low: true, remaining: cents(700) });
    let price = Some(PriceAdvice { unit: Unit::Pieces, per: 1, price: cents(200) });
    assert_eq!(advice(&answer), Advice { total: cents(400), added: cents(400), price });
    assert_eq!(world.send(&ask), answer);
}

#[test]
fn an_event_is_announced_as_a_session_is_where_its_client_plays_announcements() {
    // 2.00 a message, low below 10.00
    let event = |session: &str| {
        let mut ask = Ask::sms(session, &[MOBILE]).ask(whole());
        (ask.0.traits.announcements, ask.0.traits.refund) = (true, false);
        ask
    };
    let mut world = World::new(telling(), 1_300);
    assert_eq!(announced(&world.send(&event("a"))), [], "11.00 is not low");
    let low = world.send(&event("b"));
    assert_eq!(announced(&low), [(1, None)], "9.00 is");
    assert_eq!(world.send(&event("b")), low, "a repeat is told the same");
    // beside a token
    let mut with_token = event("c");
    with_token.0.traits.refund = true;
    let answer = world.send(&with_token);
    assert_eq!(announced(&answer), [(1, None)]);
    assert!(answer.parts[0].extra.as_ref().unwrap().refund.is_some());
    let mut world = World::new(telling(), 100);
    let answer = world.send(&event("d"));
    refused(&answer);
    assert_eq!(announced(&answer), [(3, None)], "nothing can be had");
    assert_eq!(world.send(&event("d")), answer);
    let silent = world.send(&Ask::sms("e", &[MOBILE]).ask(whole()));
    assert_eq!(announced(&silent), [], "its client plays none");
}

#[test]
fn the_end_of_a_contract_is_told_to_clients_that_take_it_and_no_grant_lasts_beyond_it() {
    let mut world = World::new(telling(), 10_000);
    let end = world.now.plus(core::time::Duration::from_secs(40));
    world.subscriber.life.ends = Some(end);
    let mut ask = call(Kind::Initial, 0).ask(whole());
    ask.0.traits.expiration = true;
    let answer = world.send(&ask);
    assert_eq!(answer.extra.as_ref().unwrap().ends, Some(end));
    assert_eq!(granted(&answer).validity_secs, Some(40));
    let answer = world.send(&call(Kind::Update, 1).more(whole(), seconds(30)));
    assert_eq!(answer.extra.as_ref().unwrap().ends, None, "this client does not take it");
    let mut world = World::new(telling(), 10_000);
    let mut ask = call(Kind::Initial, 0).ask(whole());
    ask.0.traits.expiration = true;
    let answer = world.send(&ask);
    assert_eq!(answer.extra.as_ref().unwrap().ends, None, "no end is settled");
}

#[test]
fn text_for_the_client_s_records_goes_with_the_first_answer_of_a_session() {
    let mut parts = telling();
    parts.plans[0].furnish = Some("plan=start".into());
    let furnished = |answer: &Answer| answer.extra.as_ref().and_then(|extra| extra.furnish.clone());
    let ask = |kind, number, takes| {
        let mut ask = call(kind, number);
        ask.0.traits.furnish = takes;
        ask
    };
    let mut world = World::new(parts.clone(), 10_000);
    let first = ask(Kind::Initial, 0, true).ask(whole());
    let answer = world.send(&first);
    assert_eq!(furnished(&answer).as_deref(), Some(&b"plan=start"[..]));
    assert_eq!(world.send(&first), answer, "a repeat has it too");
    let answer = world.send(&ask(Kind::Update, 1, true).more(whole(), seconds(10)));
    assert_eq!(furnished(&answer), None);
    let answer = World::new(parts, 10_000).send(&ask(Kind::Initial, 0, false).ask(whole()));
    assert_eq!(furnished(&answer), None, "its client does not take it");
}
