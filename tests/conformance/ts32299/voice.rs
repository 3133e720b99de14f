//! Calls: IMS and VoLTE (TS 32.260), and circuits (TS 32.276). Ringing is not charged, use is what the client counts.

use gyro::charging::request::Measured;
use gyro::ro::fields::Field as F;

use crate::counter::{Counter, MOBILE, ON_NET, ccr, granted, reports, seconds, used, wants};
use crate::rfc8506::{Ccr, group, information, mscc_of, number, text};

const VOICE: &str = "ext.01.001.8.32260@3gpp.org";
const CIRCUIT: &str = "12.32276@3gpp.org";

fn time(count: u64) -> Measured {
    Measured { seconds: Some(count), ..Measured::default() }
}

fn call(ccr: Ccr, role: Option<i32>, called: &str, requested: Option<&str>) -> Ccr {
    let mut avps = vec![number(F::NodeFunctionality, 6), text(F::CalledPartyAddress, called)];
    avps.extend(role.map(|role| number(F::RoleOfNode, role)));
    avps.extend(requested.map(|requested| text(F::RequestedPartyAddress, requested)));
    ccr.with(information(vec![group(F::ImsInformation, avps)]))
}

fn invite(called: &str) -> Ccr {
    call(ccr(1, "v;1", 0, VOICE), Some(0), called, None).with(wants(vec![seconds(300)]))
}

/// A quota that reports and asks.
fn more(count: u32) -> gyro::diameter::tree::AvpTree {
    mscc_of(vec![group(F::RequestedServiceUnit, vec![]), used(vec![seconds(count)])])
}

#[test]
fn ringing_is_not_charged_and_use_is_charged_by_the_second() {
    let mut counter = Counter::new(10_000);
    assert_eq!(counter.send(&invite(MOBILE)).quotas(), granted(time(60)));
    assert_eq!(counter.cents(), (10_000, 600));
    counter.now = counter.now.plus(core::time::Duration::from_secs(45));
    // answered after 45 s of ringing: a report of nothing
    assert_eq!(counter.send(&ccr(2, "v;1", 1, VOICE).with(more(0))).quotas(), granted(time(60)));
    assert_eq!((counter.cents(), counter.ledger.len()), ((10_000, 600), 1));
    assert_eq!(counter.send(&ccr(2, "v;1", 2, VOICE).with(more(60))).quotas(), granted(time(60)));
    assert_eq!(counter.cents(), (9_400, 600));
    let bye = ccr(3, "v;1", 3, VOICE).with(reports(vec![seconds(14)]));
    assert_eq!((counter.send(&bye).code(), counter.cents()), (2001, (9_260, 0)));
}

#[test]
fn an_unanswered_call_costs_nothing() {
    let ends: [fn() -> Ccr; 3] = [
        || ccr(3, "v;1", 1, VOICE),
        || ccr(3, "v;1", 1, VOICE).with(reports(vec![seconds(0)])),
        || ccr(3, "v;1", 1, VOICE).with(used(vec![seconds(0)])),
    ];
    for end in ends {
        let mut counter = Counter::new(10_000);
        counter.send(&invite(MOBILE));
        counter.now = counter.now.plus(core::time::Duration::from_mins(1));
        assert_eq!(counter.send(&end()).code(), 2001);
        assert_eq!((counter.cents(), counter.ledger.len()), ((10_000, 0), 1));
    }
}

#[test]
fn each_leg_is_paid_by_its_own_side() {
    // the caller and the forwarding party pay, the called party does not; an unknown role is the caller's
    for (role, held) in [(Some(0), 600), (Some(1), 0), (Some(2), 600), (Some(3), 600), (None, 600)] {
        let mut counter = Counter::new(10_000);
        let invite = call(ccr(1, "v;1", 0, VOICE), role, MOBILE, None).with(wants(vec![seconds(300)]));
        assert_eq!(counter.send(&invite).quotas(), granted(time(60)), "{role:?}");
        assert_eq!(counter.cents(), (10_000, held), "{role:?}");
        let bye = ccr(3, "v;1", 1, VOICE).with(reports(vec![seconds(30)]));
        assert_eq!(counter.send(&bye).code(), 2001);
        assert_eq!(counter.cents(), (10_000 - held / 2, 0), "{role:?}");
    }
}

#[test]
fn a_call_is_paid_by_the_party_that_is_charged_in_place_of_the_caller_and_by_no_one_where_nobody_knows_it() {
    let invite = |caller: &str, payer: &str| {
        let ims = vec![
            number(F::RoleOfNode, 0),
            number(F::NodeFunctionality, 6),
            text(F::CalledPartyAddress, MOBILE),
            text(F::AlternateChargedPartyAddress, payer),
        ];
        let caller = vec![number(F::SubscriptionIdType, 0), text(F::SubscriptionIdData, caller)];
        ccr(1, "v;1", 0, VOICE)
            .set(group(F::SubscriptionId, caller))
            .with(information(vec![group(F::ImsInformation, ims)]))
            .with(wants(vec![seconds(300)]))
    };
    let mut counter = Counter::new(10_000);
    assert_eq!(counter.send(&invite("77019999999", "tel:+77010000001")).quotas(), granted(time(60)));
    let bye = ccr(3, "v;1", 1, VOICE).with(reports(vec![seconds(30)]));
    assert_eq!((counter.send(&bye).code(), counter.cents()), (2001, (9_700, 0)));
    // the caller is known and is not charged for another
    let mut counter = Counter::new(10_000);
    assert_eq!(counter.send(&invite("77010000001", "tel:+77019999999")).code(), 5030);
    assert_eq!(counter.cents(), (10_000, 0));
}

#[test]
fn a_subscriber_of_rfc_8506_s_extension_alone_is_charged() {
    let named = |number: &str| {
        let name = group(F::SubscriptionIdExtension, vec![text(F::SubscriptionIdE164, number)]);
        invite(MOBILE).without(F::SubscriptionId).with(name)
    };
    let mut counter = Counter::new(10_000);
    assert_eq!(counter.send(&named("77010000001")).quotas(), granted(time(60)));
    assert_eq!(counter.cents(), (10_000, 600));
    assert_eq!(Counter::new(10_000).send(&named("77019999999")).code(), 5030);
}

#[test]
fn a_call_is_priced_by_the_called_party_in_every_way_of_writing_it() {
    for called in [
        "77051112233",
        "+77051112233",
        "87051112233",
        "tel:+7-705-111-22-33",
        "sip:+77051112233@ims.mnc002.mcc401.3gppnetwork.org;user=phone",
        "sips:87051112233@kcell.kz",
        "tel:7051112233;phone-context=+7",
    ] {
        let mut counter = Counter::new(10_000);
        assert_eq!(counter.send(&invite(called)).code(), 2001, "{called}");
        assert_eq!(counter.cents(), (10_000, 600), "{called}");
    }
}

#[test]
fn a_call_is_priced_as_dialled_where_the_called_party_is_no_number_or_only_routes() {
    for (called, requested, held) in [
        (MOBILE, Some(ON_NET), 600),
        ("sip:alice@example.org", Some(MOBILE), 600),
        ("tel:+77029990000;npdi;rn=+77029990000", Some(MOBILE), 600),
        ("sip:+77029990000;rn=D07;npdi@ims.kz", Some("tel:87051112233"), 600),
        // nothing better is there
        ("tel:+77051112233;npdi", None, 600),
        ("tel:+77051112233;npdi", Some("sip:alice@example.org"), 600),
    ] {
        let mut counter = Counter::new(10_000);
        let invite = call(ccr(1, "v;1", 0, VOICE), Some(0), called, requested).with(wants(vec![]));
        assert_eq!(counter.send(&invite).code(), 2001, "{called}");
        assert_eq!(counter.cents(), (10_000, held), "{called} {requested:?}");
    }
    let mut counter = Counter::new(10_000);
    let nowhere = counter.send(&invite("sip:alice@example.org"));
    assert_eq!((nowhere.code(), nowhere.failed().is_some()), (5031, true));
}

#[test]
fn a_call_over_circuits_is_charged_alike() {
    let mut counter = Counter::new(10_000);
    for field in [F::ImsInformation, F::VcsInformation] {
        let name = format!("c;{}", counter.ledger.len());
        let parties = group(field, vec![number(F::RoleOfNode, 0), text(F::CalledPartyAddress, MOBILE)]);
        let open = ccr(1, &name, 0, CIRCUIT).with(information(vec![parties])).with(wants(vec![]));
        let before = counter.cents().0;
        assert_eq!(counter.send(&open).quotas(), granted(time(60)));
        assert_eq!(counter.cents(), (before, 600));
        counter.send(&ccr(3, &name, 1, CIRCUIT).with(reports(vec![seconds(90)])));
        assert_eq!(counter.cents(), (before - 900, 0));
    }
}

#[test]
fn a_call_may_be_charged_at_command_level() {
    let mut counter = Counter::new(10_000);
    let ask = || group(F::RequestedServiceUnit, vec![seconds(300)]);
    let open = call(ccr(1, "v;1", 0, VOICE), Some(0), MOBILE, None).with(ask());
    counter.send(&open).see(|cca| assert_eq!((cca.granted, cca.msccs.len()), (Some(time(60)), 0)));
    let answered = ccr(2, "v;1", 1, VOICE).with(used(vec![seconds(0)])).with(ask());
    counter.send(&answered).see(|cca| assert_eq!(cca.granted, Some(time(60))));
    assert_eq!(counter.cents(), (10_000, 600));
    counter.send(&ccr(3, "v;1", 2, VOICE).with(used(vec![seconds(7)])));
    assert_eq!(counter.cents(), (9_930, 0));
}
