//! Service-Context-Id (TS 32.299 §7.1.12): known by its end, or any text that the operator chose.

use gyro::charging::request::Measured;
use gyro::ro::fields::Field as F;

use crate::counter::{Counter, ccr, event, granted, money, octets, pieces, reports, seconds, wants};
use crate::rfc8506::{Ccr, asked_of_group, group, mscc_of, number, reported_of_group, word};

fn some(count: u64) -> Measured {
    Measured { pieces: Some(count), ..Measured::default() }
}

#[test]
fn a_context_is_known_by_its_end_in_either_case() {
    for context in ["32274@3gpp.org", "8.32274@3gpp.org", "ext.02.401.12.32274@3GPP.ORG"] {
        let mut counter = Counter::new(200);
        assert_eq!(counter.send(&event(0, "e;1", context)).code(), 2001, "{context}");
        assert_eq!(counter.cents(), (0, 0));
    }
    for context in ["132274@3gpp.org", "32274@3gpp.org.kz", "32274", ""] {
        let mut counter = Counter::new(200);
        assert_eq!(counter.send(&event(0, "e;1", context)).code(), 5031, "{context}");
        assert_eq!(counter.cents(), (200, 0));
    }
}

#[test]
fn a_service_of_the_operator_has_any_text_as_its_context() {
    let mut counter = Counter::new(30_000);
    let bought = event(0, "l;1", "Lottery draw, 2nd kind").with(wants(vec![pieces(2)]));
    assert_eq!(counter.send(&bought).quotas(), granted(some(2)));
    assert_eq!(counter.cents(), (10_000, 0));
    assert_eq!(counter.send(&event(0, "l;2", "lottery DRAW, 2nd kind")).code(), 2001, "one piece");
    assert_eq!(counter.cents(), (0, 0));
    assert_eq!(counter.send(&event(0, "l;3", "Lottery draw, 3rd kind")).code(), 5031);
}

#[test]
fn a_quota_has_one_unit_and_use_in_another_is_passed_over() {
    // the words of a combinational quota: volume and time asked for, granted and reported together
    let data = |kind, number| ccr(kind, "c;1", number, "32251@3gpp.org");
    let both =
        |wanted: Vec<_>| mscc_of(vec![word(F::RatingGroup, 10), group(F::RequestedServiceUnit, wanted)]);
    let mut counter = Counter::new(10_000);
    let opened = counter.send(&data(1, 0).with(both(vec![octets(1 << 20), seconds(60)])));
    let volume = Measured { total_octets: Some(50 << 20), ..Measured::default() };
    assert_eq!(opened.quotas(), granted(volume));
    // the time ran out first (OTHER_QUOTA_TYPE): the octets are charged, the seconds are not
    let other = number(F::ReportingReason, 5);
    let units = group(F::UsedServiceUnit, vec![octets(3 << 20), seconds(60), other]);
    let report = mscc_of(vec![word(F::RatingGroup, 10), group(F::RequestedServiceUnit, vec![]), units]);
    assert_eq!(counter.send(&data(2, 1).with(report)).quotas(), granted(volume));
    assert_eq!(counter.cents(), (9_700, 5_000));
}

#[test]
fn money_is_reserved_and_confirmed_exactly() {
    let shop = |kind, number| ccr(kind, "p;1", number, "shop.kcell.kz");
    let mut counter = Counter::new(5_000);
    let cash =
        |cents| Measured { money: gyro::charging::units::Money::from_cents(cents), ..Measured::default() };
    assert_eq!(counter.send(&shop(1, 0).with(wants(vec![money(4_999)]))).quotas(), granted(cash(4_999)));
    assert_eq!(counter.cents(), (5_000, 4_999));
    let mut let_go = Counter::new(5_000);
    let_go.send(&shop(1, 0).with(wants(vec![money(4_999)])));
    assert_eq!(counter.send(&shop(3, 1).with(reports(vec![money(4_999)]))).code(), 2001);
    assert_eq!(counter.cents(), (1, 0));
    assert_eq!(let_go.send(&shop(3, 1)).code(), 2001);
    assert_eq!(let_go.cents(), (5_000, 0), "confirmed with nothing used");
    assert_eq!(counter.send(&ccr(1, "p;2", 0, "shop.kcell.kz").with(wants(vec![money(2)]))).code(), 4012);
}

#[test]
fn data_goes_by_its_rating_groups_from_the_first_to_the_last_report() {
    let data = |kind, number| ccr(kind, "d;1", number, "12.32251@3gpp.org");
    let mut counter = Counter::new(10_000);
    let mib = 1u64 << 20;
    let volume = |count| Measured { total_octets: Some(count), ..Measured::default() };
    let send = |counter: &mut Counter, ccr: Ccr| {
        let reply = counter.send(&ccr);
        assert_eq!(reply.code(), 2001);
        reply.quotas()
    };
    let opened =
        send(&mut counter, data(1, 0).with(asked_of_group(10, vec![])).with(asked_of_group(20, vec![])));
    assert_eq!(opened, [granted(volume(50 * mib)), granted(volume(50 * mib))].concat());
    assert_eq!(counter.cents(), (10_000, 5_000));
    send(&mut counter, data(2, 1).with(reported_of_group(10, vec![octets(3 * mib)])));
    assert_eq!(counter.cents(), (9_700, 0), "reported and not asked for: nothing is held");
    send(
        &mut counter,
        data(3, 2).with(reported_of_group(10, vec![octets(0)])).with(reported_of_group(20, vec![octets(9)])),
    );
    assert_eq!(counter.cents(), (9_700, 0));
}
