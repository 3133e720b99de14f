//! Messages: SMS (TS 32.274) and MMS (TS 32.270), charged at once (IEC) or by reservation (ECUR).

use gyro::charging::request::Measured;
use gyro::diameter::tree::AvpTree;
use gyro::ro::fields::Field as F;

use crate::counter::{Counter, MOBILE, ON_NET, OWN, asks, ccr, event, granted, pieces, reports, wants};
use crate::rfc8506::{Ccr, group, information, number, raw, text, word};

const SMS: &str = "02.401.12.32274@3gpp.org";
const MMS: &str = "12.32270@3gpp.org";
/// Message-Size, which says nothing of the price.
const MESSAGE_SIZE: gyro::diameter::avp::AvpDef = gyro::diameter::avp::AvpDef::vendor(1_212, 10_415);

fn some(count: u64) -> Measured {
    Measured { pieces: Some(count), ..Measured::default() }
}

fn address(field: F, kind: i32, data: &str) -> AvpTree {
    group(field, vec![number(F::AddressType, kind), text(F::AddressData, data)])
}

fn to(number: &str) -> AvpTree {
    group(F::RecipientInfo, vec![address(F::RecipientAddress, 1, number)])
}

fn sms(ccr: Ccr, avps: Vec<AvpTree>) -> Ccr {
    ccr.with(information(vec![group(F::SmsInformation, avps)]))
}

fn mms(ccr: Ccr, recipients: &[&str]) -> Ccr {
    let mut avps = vec![AvpTree::octets(MESSAGE_SIZE, bytes::Bytes::from_static(&[0, 9, 0, 0]))];
    avps.extend(recipients.iter().map(|number| address(F::RecipientAddress, 1, number)));
    ccr.with(information(vec![group(F::MmsInformation, avps)]))
}

fn interface(kind: i32) -> AvpTree {
    group(F::OriginatorInterface, vec![number(F::InterfaceType, kind)])
}

// -- charged at once

#[test]
fn each_recipient_of_a_message_is_charged_at_his_rate_and_a_free_number_costs_nothing() {
    let mut counter = Counter::new(1_000);
    let message = sms(event(0, "m;1", SMS), vec![to(MOBILE), to(ON_NET), to("9090")]);
    // two segments to each of them
    assert_eq!(counter.send(&message.with(wants(vec![pieces(2)]))).quotas(), granted(some(2)));
    assert_eq!(counter.cents(), (500, 0));
    assert_eq!(counter.ledger.len(), 4, "an entry for each");
}

#[test]
fn a_message_that_cannot_be_paid_for_all_is_paid_for_none() {
    let mut counter = Counter::new(399);
    let message = sms(event(0, "m;1", SMS), vec![to(MOBILE), to("77059998877")]);
    assert_eq!(counter.send(&message.with(wants(vec![pieces(1)]))).code(), 4012);
    assert_eq!(counter.cents(), (399, 0));
}

#[test]
fn the_number_of_messages_counts_only_where_no_units_are_asked_for() {
    let three = || word(F::NumberOfMessagesSent, 3);
    for (quota, told) in [
        (Some(wants(vec![pieces(2)])), 2),
        (Some(wants(vec![])), 3),
        (Some(asks(vec![pieces(2)])), 2),
        (Some(asks(vec![])), 3),
        (None, 3),
    ] {
        let mut counter = Counter::new(1_000);
        let message = sms(event(0, "m;1", SMS), vec![to(MOBILE), three()]);
        let reply = counter.send(&quota.into_iter().fold(message, Ccr::with));
        let unit = reply.see(|cca| cca.granted.or(cca.msccs.first().and_then(|mscc| mscc.granted)));
        assert_eq!(unit, Some(some(told)));
        assert_eq!(counter.cents(), (1_000 - 200 * i64::try_from(told).unwrap(), 0));
    }
}

#[test]
fn a_message_to_an_emergency_number_is_free_for_anyone() {
    let mut counter = Counter::new(0);
    let message = sms(event(0, "m;1", SMS), vec![to("112"), to(MOBILE)]).without(F::SubscriptionId);
    assert_eq!(counter.send(&message.with(wants(vec![pieces(1)]))).quotas(), granted(some(1)));
}

#[test]
fn an_undelivered_message_is_given_back() {
    let mut counter = Counter::new(200);
    let token = counter.send(&sms(event(0, "m;1", SMS), vec![to(MOBILE)]).with(wants(vec![pieces(1)])));
    let quota = group(
        F::MultipleServicesCreditControl,
        vec![asks(vec![pieces(1)]), raw(F::RefundInformation, &token.token().unwrap())],
    );
    let refund = sms(event(1, "m;2", SMS), vec![to(MOBILE)]).with(quota);
    assert_eq!(counter.send(&refund).quotas(), granted(some(1)));
    assert_eq!(counter.cents(), (200, 0));
}

// -- who pays

#[test]
fn an_incoming_message_is_free_at_home_and_the_interface_says_which_it_is() {
    for (kind, cents) in [(1, 200), (2, 0), (3, 200), (4, 0)] {
        let mut counter = Counter::new(1_000);
        let message = sms(event(0, "m;1", SMS), vec![interface(kind), to(MOBILE)]);
        assert_eq!(counter.send(&message.with(wants(vec![pieces(1)]))).code(), 2001);
        assert_eq!(counter.cents(), (1_000 - cents, 0), "{kind}");
    }
}

#[test]
fn without_an_interface_the_role_says_it_and_without_that_who_pays() {
    let role = |value| group(F::ImsInformation, vec![number(F::RoleOfNode, value)]);
    for (value, cents) in [(0, 200), (1, 0)] {
        let mut counter = Counter::new(1_000);
        let groups = vec![role(value), group(F::SmsInformation, vec![to(MOBILE)])];
        counter.send(&event(0, "m;1", SMS).with(information(groups)));
        assert_eq!(counter.cents(), (1_000 - cents, 0), "{value}");
    }
    let from = |number| address(F::OriginatorReceivedAddress, 1, number);
    for (avps, cents) in [
        (vec![to(OWN)], 0),
        (vec![to(&format!("+{OWN}")), from(MOBILE)], 0),
        (vec![to(OWN), from(OWN)], 50),
        (vec![to(OWN), to(MOBILE)], 250),
        (vec![to(MOBILE), from(OWN)], 200),
    ] {
        let mut counter = Counter::new(1_000);
        counter.send(&sms(event(0, "m;1", SMS), avps));
        assert_eq!(counter.cents(), (1_000 - cents, 0));
    }
}

#[test]
fn who_sent_it_is_no_reason_to_refuse_a_message() {
    let mut counter = Counter::new(1_000);
    let broken = group(F::OriginatorReceivedAddress, vec![raw(F::AddressData, &[0xff, 0xfe])]);
    let reply = counter.send(&sms(event(0, "m;1", SMS), vec![to(MOBILE), broken, from_nothing()]));
    assert_eq!((reply.code(), counter.cents()), (2001, (800, 0)));
}

fn from_nothing() -> AvpTree {
    group(F::OriginatorReceivedAddress, vec![])
}

// -- by reservation

#[test]
fn a_delivered_message_is_charged_at_the_end_of_its_session() {
    let mut counter = Counter::new(1_000);
    let open = sms(ccr(1, "m;1", 0, SMS), vec![to(MOBILE), to(ON_NET)]);
    assert_eq!(counter.send(&open.with(wants(vec![pieces(1)]))).quotas(), granted(some(1)));
    assert_eq!(counter.cents(), (1_000, 250));
    let end = ccr(3, "m;1", 1, SMS).with(reports(vec![pieces(1)]));
    let reply = counter.send(&end);
    assert_eq!((reply.code(), reply.quotas()), (2001, vec![]));
    assert_eq!(counter.cents(), (750, 0));
}

#[test]
fn an_undelivered_message_costs_nothing_and_its_unit_is_released() {
    let ends: [fn() -> Ccr; 4] = [
        || ccr(3, "m;1", 1, SMS).with(reports(vec![pieces(0)])),
        || ccr(3, "m;1", 1, SMS).with(reports(vec![])),
        || ccr(3, "m;1", 1, SMS).with(crate::rfc8506::mscc_of(vec![])),
        || ccr(3, "m;1", 1, SMS),
    ];
    for end in ends {
        let mut counter = Counter::new(1_000);
        let open = sms(ccr(1, "m;1", 0, SMS), vec![to(MOBILE)]).with(wants(vec![pieces(1)]));
        assert_eq!(counter.send(&open).code(), 2001);
        assert_eq!(counter.cents(), (1_000, 200));
        assert_eq!(counter.send(&end()).code(), 2001);
        assert_eq!((counter.cents(), counter.ledger.len()), ((1_000, 0), 1));
    }
}

#[test]
fn a_message_in_a_session_without_a_number_is_one_or_as_many_as_it_says() {
    for (avps, held) in [(vec![to(MOBILE)], 200), (vec![to(MOBILE), word(F::NumberOfMessagesSent, 3)], 600)] {
        let mut counter = Counter::new(1_000);
        assert_eq!(counter.send(&sms(ccr(1, "m;1", 0, SMS), avps).with(wants(vec![]))).code(), 2001);
        assert_eq!(counter.cents(), (1_000, held));
    }
}

#[test]
fn a_message_that_cannot_be_reserved_for_all_is_refused() {
    let mut counter = Counter::new(399);
    let open = sms(ccr(1, "m;1", 0, SMS), vec![to(MOBILE), to("77059998877")]);
    assert_eq!(counter.send(&open.with(wants(vec![pieces(1)]))).code(), 4012);
    assert_eq!(counter.cents(), (399, 0));
    assert!(counter.sessions.is_empty());
}

// -- multimedia

#[test]
fn a_multimedia_message_is_charged_for_each_recipient_whatever_its_size() {
    let mut counter = Counter::new(5_000);
    assert_eq!(counter.send(&mms(event(0, "m;1", MMS), &[MOBILE, ON_NET])).code(), 2001);
    assert_eq!(counter.cents(), (3_000, 0));
    let asked = mms(event(0, "m;2", MMS), &[MOBILE]).with(wants(vec![pieces(1)]));
    assert_eq!(counter.send(&asked).quotas(), granted(some(1)));
    assert_eq!(counter.cents(), (2_000, 0));
    let open = mms(ccr(1, "m;3", 0, MMS), &[MOBILE, ON_NET]).with(wants(vec![pieces(1)]));
    assert_eq!(counter.send(&open).quotas(), granted(some(1)));
    assert_eq!(counter.cents(), (2_000, 2_000));
    counter.send(&ccr(3, "m;3", 1, MMS).with(reports(vec![pieces(1)])));
    assert_eq!(counter.cents(), (0, 0));
}

#[test]
fn an_incoming_multimedia_message_is_free_at_home() {
    let mut counter = Counter::new(5_000);
    assert_eq!(counter.send(&mms(event(0, "m;1", MMS), &[OWN])).code(), 2001);
    assert_eq!(counter.cents(), (5_000, 0));
}

#[test]
fn a_multimedia_message_is_known_by_its_information_where_the_context_is_absent() {
    let mut counter = Counter::new(5_000);
    let bare = mms(event(0, "m;1", MMS), &[MOBILE]).without(F::ServiceContextId);
    assert_eq!(counter.send(&bare).code(), 2001);
    assert_eq!(counter.cents(), (4_000, 0));
}
