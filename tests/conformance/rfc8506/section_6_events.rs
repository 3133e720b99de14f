//! One-time events (RFC 8506 §6): each action with and without units, in a quota and at command level, in octets.

use gyro::charging::request::Measured;
use gyro::charging::units::Money;
use gyro::ro::fields::Field as F;
use gyro::ro::profile::{Overrides, Profiles};

use super::{Ccr, avps, group, information, mscc_of, number, raw, text, word};
use crate::counter::{
    Counter, MOBILE, asks, ccr, event, granted, money, octets, pieces, reports, seconds, used, wants,
};

const SMS: &str = "32274@3gpp.org";
const VOICE: &str = "8.32260@3gpp.org";
const DATA: &str = "32251@3gpp.org";
const DEBIT: i32 = 0;
const REFUND: i32 = 1;
const CHECK: i32 = 2;
const PRICE: i32 = 3;

fn some(count: u64) -> Measured {
    Measured { pieces: Some(count), ..Measured::default() }
}

fn cash(cents: i64) -> Measured {
    Measured { money: Money::from_cents(cents), ..Measured::default() }
}

fn call(ccr: Ccr, to: &str) -> Ccr {
    ccr.with(information(vec![group(F::ImsInformation, vec![text(F::CalledPartyAddress, to)])]))
}

/// A refund of a token that stands in the quota, with units where they are named.
fn back_in_a_quota(session: &str, token: &[u8], units: Option<gyro::diameter::tree::AvpTree>) -> Ccr {
    let mut quota = vec![raw(F::RefundInformation, token)];
    quota.extend(units.map(|units| asks(vec![units])));
    event(REFUND, session, SMS).with(mscc_of(quota))
}

// -- 6.3 direct debiting

#[test]
fn a_debit_in_a_quota_is_granted_there_with_its_token() {
    let mut counter = Counter::new(1_000);
    let reply = counter.send(&event(DEBIT, "e;1", SMS).with(wants(vec![pieces(2)])));
    assert_eq!((reply.code(), reply.quotas()), (2001, granted(some(2))));
    assert_eq!(counter.cents(), (600, 0));
    reply.see(|cca| {
        assert!(cca.msccs[0].refund.is_some() && cca.refund.is_none());
        assert_eq!((cca.granted, cca.msccs[0].validity), (None, None));
    });
}

#[test]
fn a_debit_at_command_level_is_granted_there_with_its_token() {
    let mut counter = Counter::new(1_000);
    for (session, ccr, left) in [
        ("e;1", event(DEBIT, "e;1", SMS).with(asks(vec![pieces(2)])), 600),
        ("e;2", event(DEBIT, "e;2", SMS).with(asks(vec![])), 400),
        ("e;3", event(DEBIT, "e;3", SMS), 200),
    ] {
        let reply = counter.send(&ccr);
        assert_eq!(reply.quotas(), [], "{session}");
        reply.see(|cca| {
            assert_eq!(cca.result_code.get(), 2001);
            assert!(cca.refund.is_some() && cca.granted.is_some(), "{session}");
        });
        assert_eq!(counter.cents(), (left, 0), "{session}");
    }
}

#[test]
fn a_debit_without_units_is_one_message_and_no_call() {
    let mut counter = Counter::new(1_000);
    for quota in [wants(vec![]), mscc_of(vec![])] {
        let session = format!("e;{}", counter.ledger.len());
        assert_eq!(counter.send(&event(DEBIT, &session, SMS).with(quota)).quotas(), granted(some(1)));
    }
    let reply = counter.send(&call(event(DEBIT, "v;1", VOICE), MOBILE).with(wants(vec![])));
    assert_eq!((reply.code(), reply.quotas()), (5031, vec![(5031, None)]));
    reply.see(|cca| assert!(cca.error_message.is_some() && cca.failed_avp.is_some()));
    assert_eq!(counter.cents(), (600, 0));
}

#[test]
fn a_debit_counts_time_octets_pieces_and_money() {
    let mut counter = Counter::new(10_000);
    let units = |reply: crate::counter::Reply| reply.quotas()[0].1.unwrap();
    let call = call(event(DEBIT, "v;1", VOICE), MOBILE).with(wants(vec![seconds(61)]));
    assert_eq!(units(counter.send(&call)).seconds, Some(61));
    assert_eq!(counter.cents(), (9_390, 0));
    let data = event(DEBIT, "d;1", DATA).with(wants(vec![octets(3 << 20)]));
    assert_eq!(units(counter.send(&data)).total_octets, Some(3 << 20));
    assert_eq!(counter.cents(), (9_090, 0));
    let paid = event(DEBIT, "m;1", "shop.kcell.kz").with(wants(vec![money(1_234)]));
    assert_eq!(units(counter.send(&paid)), cash(1_234));
    assert_eq!(counter.cents(), (7_856, 0));
    // what was reported is charged where nothing is asked for
    let reported = event(DEBIT, "e;1", SMS).with(reports(vec![pieces(1)]));
    assert_eq!(units(counter.send(&reported)), some(1));
    assert_eq!(counter.cents(), (7_656, 0));
}

#[test]
fn money_is_charged_exactly_or_not_at_all() {
    let mut counter = Counter::new(1_234);
    let pay = |session, cents| event(DEBIT, session, "shop.kcell.kz").with(wants(vec![money(cents)]));
    assert_eq!(counter.send(&pay("m;1", 1_235)).code(), 4012);
    assert_eq!(counter.send(&pay("m;2", 1_234)).quotas(), granted(cash(1_234)));
    assert_eq!(counter.cents(), (0, 0));
    // money for what is counted in pieces is no number of pieces
    let mut counter = Counter::new(1_000);
    let reply = counter.send(&event(DEBIT, "e;1", SMS).with(wants(vec![money(100)])));
    assert_eq!((reply.code(), counter.cents()), (5031, (1_000, 0)));
}

#[test]
fn a_token_is_given_to_clients_that_speak_the_words_of_3gpp_and_know_it() {
    let profiles = Profiles::BUILT_IN;
    for (profile, gets) in [("standard", true), ("open5gs", false), ("kamailio", false), ("lenient", false)] {
        let mut counter = Counter::with(1_000, profiles.by_name(profile).unwrap().clone());
        let reply = counter.send(&event(DEBIT, "e;1", SMS).with(wants(vec![pieces(1)])));
        assert_eq!(reply.token().is_some(), gets, "{profile}");
    }
    let overrides = Overrides { refund: Some(true), ..Overrides::default() };
    let own = profiles.by_name("lenient").unwrap().derive("own", overrides);
    let sent = |counter: &mut Counter, session, context, shown: bool| {
        let ccr = event(DEBIT, session, context).with(wants(vec![pieces(1)]));
        let sms = group(F::SmsInformation, vec![]);
        counter.send(&if shown { ccr.with(information(vec![sms])) } else { ccr })
    };
    let mut counter = Counter::with(100_000, own);
    assert!(sent(&mut counter, "e;1", "ext.8.32274@3GPP.org", false).token().is_some());
    let lottery = "Lottery draw, 2nd kind";
    assert!(sent(&mut counter, "e;2", lottery, false).token().is_none(), "a client of RFC 8506 alone");
    assert!(sent(&mut counter, "e;3", lottery, true).token().is_some());
}

// -- 6.4 refunds

#[test]
fn a_refund_gives_back_what_the_token_names_once() {
    let mut counter = Counter::new(1_000);
    let token = counter.send(&event(DEBIT, "e;1", SMS).with(wants(vec![pieces(2)]))).token().unwrap();
    let refund = back_in_a_quota("r;1", &token, None);
    let first = counter.send(&refund);
    assert_eq!((first.code(), first.quotas()), (2001, granted(some(2))));
    assert_eq!(counter.cents(), (1_000, 0));
    assert_eq!(counter.send(&refund).quotas(), granted(some(2)), "the same again: the stored answer");
    let again = counter.send(&back_in_a_quota("r;2", &token, None));
    assert_eq!((again.code(), again.quotas()), (5031, vec![(5031, None)]));
    assert_eq!(again.failed().unwrap(), {
        let quota = mscc_of(vec![raw(F::RefundInformation, &token)]);
        avps(&[quota])
    });
    assert_eq!(counter.cents(), (1_000, 0));
}

#[test]
fn a_refund_of_less_is_told_in_its_own_units() {
    let token_of = |counter: &mut Counter| {
        counter.send(&event(DEBIT, "e;1", SMS).with(wants(vec![pieces(3)]))).token().unwrap()
    };
    for (units, told, left) in [
        (pieces(1), some(1), 600),
        (pieces(9), some(3), 1_000),
        (money(150), cash(150), 550),
        (money(9_999), cash(600), 1_000),
    ] {
        let mut counter = Counter::new(1_000);
        let token = token_of(&mut counter);
        assert_eq!(counter.send(&back_in_a_quota("r;1", &token, Some(units))).quotas(), granted(told));
        assert_eq!(counter.cents(), (left, 0));
    }
}

#[test]
fn a_refund_at_command_level_is_answered_there() {
    let mut counter = Counter::new(1_000);
    let token = counter.send(&event(DEBIT, "e;1", SMS)).token().unwrap();
    let refund = event(REFUND, "r;1", SMS).with(raw(F::RefundInformation, &token));
    let reply = counter.send(&refund);
    assert_eq!(reply.quotas(), []);
    reply.see(|cca| assert_eq!((cca.result_code.get(), cca.granted), (2001, Some(some(1)))));
    assert_eq!(counter.cents(), (1_000, 0));
}

#[test]
fn a_token_above_a_quota_is_taken_for_the_quota() {
    let mut counter = Counter::new(1_000);
    let token = counter.send(&event(DEBIT, "e;1", SMS).with(wants(vec![pieces(2)]))).token().unwrap();
    let refund =
        event(REFUND, "r;1", SMS).with(raw(F::RefundInformation, &token)).with(wants(vec![pieces(1)]));
    assert_eq!(counter.send(&refund).quotas(), granted(some(1)));
    assert_eq!(counter.cents(), (800, 0));
}

#[test]
fn a_refund_without_a_token_is_5031_with_an_example_of_it() {
    let mut counter = Counter::new(1_000);
    counter.send(&event(DEBIT, "e;1", SMS).with(wants(vec![pieces(2)])));
    let example = raw(F::RefundInformation, &[]);
    let inside = counter.send(&event(REFUND, "r;1", SMS).with(wants(vec![pieces(1)])));
    let above = counter.send(&event(REFUND, "r;2", SMS).with(asks(vec![money(200)])));
    for reply in [&inside, &above] {
        assert_eq!(reply.code(), 5031);
        reply.see(|cca| assert!(cca.error_message.unwrap().contains("Refund-Information")));
    }
    assert_eq!(inside.failed().unwrap(), avps(&[mscc_of(vec![example.clone()])]));
    assert_eq!(above.failed().unwrap(), avps(&[example]));
    assert_eq!(counter.cents(), (600, 0));
}

#[test]
fn what_is_no_token_of_ours_is_5031_with_a_copy_of_it() {
    let mut counter = Counter::new(1_000);
    let reply = counter.send(&event(REFUND, "r;1", SMS).with(raw(F::RefundInformation, b"junk")));
    assert_eq!(reply.code(), 5031);
    assert_eq!(reply.failed().unwrap(), avps(&[raw(F::RefundInformation, b"junk")]));
}

// -- 6.2 balance check

#[test]
fn a_balance_check_is_answered_at_command_level_and_reserves_nothing() {
    for (cents, result) in [(600, 0), (599, 1)] {
        let mut counter = Counter::new(cents);
        for ccr in [
            event(CHECK, "c;1", SMS).with(wants(vec![pieces(3)])),
            event(CHECK, "c;1", SMS).with(asks(vec![pieces(3)])),
            event(CHECK, "c;1", SMS).with(wants(vec![money(600)])),
            event(CHECK, "c;1", SMS).with(asks(vec![money(600)])),
            event(CHECK, "c;1", DATA).with(wants(vec![octets(6 << 20)])),
            call(event(CHECK, "c;1", VOICE), MOBILE).with(wants(vec![seconds(60)])),
        ] {
            let reply = counter.send(&ccr);
            assert_eq!((reply.code(), reply.quotas()), (2001, vec![]));
            reply.see(|cca| {
                assert_eq!(cca.balance_check, Some(result), "{cents}");
                assert_eq!((cca.granted, cca.refund, cca.cost), (None, None, None));
            });
            assert_eq!(counter.cents(), (cents, 0));
        }
    }
}

#[test]
fn a_balance_check_without_units_asks_for_one_message_or_for_anything() {
    for (context, cents, result) in
        [(SMS, 199, 1), (SMS, 200, 0), (VOICE, 9, 1), (VOICE, 10, 0), (DATA, 0, 1)]
    {
        let mut counter = Counter::new(cents);
        for ccr in [event(CHECK, "c;1", context), event(CHECK, "c;1", context).with(wants(vec![]))] {
            counter
                .send(&call(ccr, MOBILE))
                .see(|cca| assert_eq!(cca.balance_check, Some(result), "{context} {cents}"));
        }
    }
}

// -- 6.1 price enquiry

#[test]
fn a_price_is_told_at_command_level_whatever_the_balance() {
    let mut counter = Counter::new(0);
    for (ccr, cents) in [
        (event(PRICE, "p;1", SMS).with(wants(vec![pieces(3)])), 600),
        (event(PRICE, "p;1", SMS).with(asks(vec![pieces(3)])), 600),
        (event(PRICE, "p;1", SMS), 200),
        (event(PRICE, "p;1", SMS).with(wants(vec![])), 200),
        (event(PRICE, "p;1", DATA).with(wants(vec![octets(3 << 19)])), 150),
        (call(event(PRICE, "p;1", VOICE), MOBILE).with(wants(vec![seconds(61)])), 610),
        (event(PRICE, "p;1", "shop.kcell.kz").with(wants(vec![money(1_234)])), 1_234),
        (event(PRICE, "p;1", DATA).with(mscc_of(vec![word(F::RatingGroup, 20), asks(vec![octets(5)])])), 0),
    ] {
        let reply = counter.send(&ccr);
        assert_eq!((reply.code(), reply.quotas(), reply.cost()), (2001, vec![], Some((cents, None))));
        reply.see(|cca| assert_eq!((cca.granted, cca.balance_check), (None, None)));
    }
    assert_eq!(counter.cents(), (0, 0));
}

#[test]
fn a_price_without_units_names_the_unit_it_is_for() {
    let mut counter = Counter::new(0);
    for (ccr, cents, unit) in [
        (call(event(PRICE, "p;1", VOICE), MOBILE), 600, "minute"),
        (event(PRICE, "p;1", DATA).with(wants(vec![])), 100, "megabyte"),
        (event(PRICE, "p;1", "shop.kcell.kz"), 100, "1.00"),
    ] {
        assert_eq!(counter.send(&ccr).cost(), Some((cents, Some(unit.to_owned()))));
    }
}

#[test]
fn what_has_no_price_is_5031_at_command_level_with_the_avp_that_is_to_blame() {
    let mut counter = Counter::new(1_000);
    for action in [CHECK, PRICE] {
        let nowhere =
            counter.send(&call(event(action, "p;1", VOICE), "sip:nobody@kz").with(wants(vec![seconds(1)])));
        assert_eq!((nowhere.code(), nowhere.quotas()), (5031, vec![]));
        assert!(nowhere.failed().is_some());
        let unknown = counter.send(&event(action, "p;2", "32271@3gpp.org"));
        assert_eq!(unknown.failed().unwrap(), avps(&[text(F::ServiceContextId, "32271@3gpp.org")]));
    }
}

// -- emergencies

#[test]
fn no_action_to_an_emergency_number_is_an_error() {
    let mut counter = Counter::new(0);
    for action in [DEBIT, REFUND, CHECK, PRICE] {
        for quota in [wants(vec![pieces(1)]), asks(vec![pieces(1)])] {
            let reply = counter.send(&call(event(action, "x;1", SMS), "112").with(quota));
            assert_eq!(reply.code(), 2001, "{action}");
            reply.see(|cca| {
                assert_eq!(cca.balance_check, (action == CHECK).then_some(0));
                assert_eq!(cca.cost, (action == PRICE).then_some(Money::ZERO));
            });
        }
    }
}

// -- a repeat key of its own

#[test]
fn an_event_on_the_identifier_of_an_open_session_is_a_thing_of_its_own() {
    let mut counter = Counter::new(10_000);
    let open = ccr(1, "s;1", 0, DATA).with(mscc_of(vec![word(F::RatingGroup, 10), asks(vec![])]));
    assert_eq!(counter.send(&open).code(), 2001);
    let held = counter.cents();
    let debit = event(DEBIT, "s;1", SMS).with(wants(vec![pieces(1)]));
    let token = counter.send(&debit).token().unwrap();
    assert_eq!(counter.cents(), (held.0 - 200, held.1));
    // debit and refund may share an identifier and a number
    assert_eq!(counter.send(&back_in_a_quota("s;1", &token, None)).code(), 2001);
    assert_eq!(counter.cents(), held);
    let end =
        ccr(3, "s;1", 1, DATA).with(mscc_of(vec![word(F::RatingGroup, 10), used(vec![octets(1 << 20)])]));
    assert_eq!(counter.send(&end.with(number(F::TerminationCause, 1))).code(), 2001);
    assert_eq!(counter.cents(), (9_900, 0));
}
