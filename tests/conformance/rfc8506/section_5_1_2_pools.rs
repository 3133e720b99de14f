//! Credit pools (RFC 8506 §5.1.2, §8.30–8.33) and what TS 32.299 lets stand beside a quota, on the wire.

use bytes::{Bytes, BytesMut};
use gyro::charging::answer::{Answer, Grant, GrantExtra, Outcome, PartAnswer, PoolShare};
use gyro::charging::request::{Condition, Measured, QuotaKey, Reason, Request, Shape};
use gyro::charging::units::{Amount, Unit};
use gyro::diameter::avp::AvpDef;
use gyro::diameter::parse::{Limits, parse};
use gyro::diameter::tree::AvpTree;
use gyro::ro::cca::{Asked, Cca, Origin};
use gyro::ro::ccr::Ccr as Read;
use gyro::ro::convert::{self, Charge};
use gyro::ro::fields::Field as F;
use gyro::ro::profile::{Overrides, Profiles};
use gyro::time::Timestamp;

use super::{Ccr, DICTIONARY, avps, group, information, long, mscc_of, number, raw, word};

fn request(ccr: &Ccr) -> Request {
    let message = ccr.message();
    assert_eq!(message.faults(), []);
    let read = Read::read(&message, &DICTIONARY, Profiles::standard()).unwrap();
    convert::request(read, Profiles::standard(), Timestamp::from_secs(1_767_225_600), |_| true).unwrap()
}

fn granted(extra: GrantExtra) -> PartAnswer {
    let grant = Grant {
        validity_secs: Some(60),
        extra: Some(Box::new(extra)),
        ..Grant::of(Amount::new(Unit::Octets, 1_000))
    };
    PartAnswer::granted(QuotaKey { rating_group: Some(10), services: vec![] }, Some(grant))
}

fn written(extra: GrantExtra) -> Bytes {
    let request = Ccr::update().message();
    let answer = Answer::new(Outcome::Done, Shape::PerGroup, vec![granted(extra)]);
    let mut out = BytesMut::new();
    let origin = Origin::new("ocs.kz", "kz");
    let profile = Profiles::standard();
    convert::answer(&mut out, &origin, &Asked::of(&request), &answer, Charge::Counted, profile).unwrap();
    out.freeze()
}

/// The octets of RFC 8506 §8.30–8.33, put together by hand.
#[test]
fn a_share_in_a_pool_has_these_octets() {
    let pool = Some(PoolShare { pool: 7, digits: 77, exponent: 0 });
    let octets = written(GrantExtra { pool, ..GrantExtra::default() });
    let expected = [
        0x00, 0x00, 0x01, 0xc9, 0x40, 0x00, 0x00, 0x44, // G-S-U-Pool-Reference, 68 octets
        0x00, 0x00, 0x01, 0xc5, 0x40, 0x00, 0x00, 0x0c, 0x00, 0x00, 0x00, 0x07, // G-S-U-Pool-Identifier
        0x00, 0x00, 0x01, 0xc6, 0x40, 0x00, 0x00, 0x0c, 0x00, 0x00, 0x00,
        0x02, // CC-Unit-Type TOTAL-OCTETS
        0x00, 0x00, 0x01, 0xbd, 0x40, 0x00, 0x00, 0x24, // Unit-Value
        0x00, 0x00, 0x01, 0xbf, 0x40, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x4d, 0x00,
        0x00, 0x01, 0xad, 0x40, 0x00, 0x00, 0x0c, 0x00, 0x00, 0x00, 0x00, // Exponent
    ];
    assert!(octets.windows(expected.len()).any(|part| part == expected), "{octets:02x?}");
    let message = parse(octets, &Limits::DEFAULT, &*DICTIONARY).unwrap();
    let cca = Cca::read(&message).unwrap();
    assert_eq!(cca.msccs[0].pool, pool.map(|share| (share, Unit::Octets)));
}

#[test]
fn only_a_client_whose_profile_says_so_is_told_of_pools() {
    assert!(Profiles::BUILT_IN.iter().all(|profile| !profile.pools));
    let own = Overrides { pools: Some(true), ..Overrides::default() };
    let profile = Profiles::standard().derive("pooling", own);
    let message = Ccr::update().message();
    let read = Read::read(&message, &DICTIONARY, &profile).unwrap();
    let request = convert::request(read, &profile, Timestamp::from_secs(0), |_| true).unwrap();
    assert!(request.traits.pools);
}

/// TS 32.299 §7.2.236: a Trigger without a Trigger-Type disarms all, none leaves what was armed.
#[test]
fn a_trigger_arms_disarms_or_is_not_there() {
    let armed = |triggers: Option<Vec<Condition>>| {
        let octets = written(GrantExtra { triggers, ..GrantExtra::default() });
        let message = parse(octets, &Limits::DEFAULT, &*DICTIONARY).unwrap();
        Cca::read(&message).unwrap().msccs[0].triggers.clone()
    };
    for triggers in [None, Some(vec![]), Some(vec![Condition::Radio]), Some(vec![Condition::Network])] {
        assert_eq!(armed(triggers.clone()), triggers);
    }
    let disarming = written(GrantExtra { triggers: Some(vec![]), ..GrantExtra::default() });
    let empty = avps(&[group(F::Trigger, vec![])]);
    assert!(disarming.windows(empty.len()).any(|part| part == empty));
}

#[test]
fn a_consumption_time_stands_beside_its_grant() {
    let octets = written(GrantExtra { consumption_secs: Some(5), ..GrantExtra::default() });
    let message = parse(octets, &Limits::DEFAULT, &*DICTIONARY).unwrap();
    assert_eq!(Cca::read(&message).unwrap().msccs[0].consumption_time, Some(5));
}

/// TS 32.299 §7.2.61, §7.2.230: envelopes and time quota mechanisms are no use beside the use that is reported.
#[test]
fn envelopes_and_time_quota_mechanisms_are_taken_and_not_charged_twice() {
    let tgpp = |code, value: u32| {
        AvpTree::octets(AvpDef::vendor(code, 10_415), Bytes::copy_from_slice(&value.to_be_bytes()))
    };
    let octets = || long(F::CcTotalOctets, 4_096);
    let envelope = || {
        let start_and_end = [tgpp(1_269, 3_900_000_000), tgpp(1_267, 3_900_000_060)];
        AvpTree::group(AvpDef::vendor(1_266, 10_415), start_and_end.into_iter().chain([octets()]).collect())
    };
    let mechanism = AvpTree::group(AvpDef::vendor(1_270, 10_415), vec![tgpp(1_271, 0), tgpp(1_265, 60)]);
    let ccr = Ccr::bare(2).with(mscc_of(vec![
        word(F::RatingGroup, 10),
        group(F::RequestedServiceUnit, vec![]),
        group(F::UsedServiceUnit, vec![octets()]),
        envelope(),
        envelope(),
        mechanism,
    ]));
    let request = request(&ccr);
    let used: Vec<Measured> = request.parts[0].used.iter().map(|used| used.measured).collect();
    assert_eq!(used, [Measured { total_octets: Some(4_096), ..Measured::default() }]);
}

#[test]
fn a_change_of_radio_is_told_by_a_trigger_and_by_where_it_stands() {
    let ccr = Ccr::bare(2)
        .with(mscc_of(vec![
            word(F::RatingGroup, 10),
            group(F::UsedServiceUnit, vec![long(F::CcTotalOctets, 5)]),
            number(F::ReportingReason, 6),
            group(F::Trigger, vec![number(F::TriggerType, 4)]),
            raw(F::RatType, &[2]),
        ]))
        .with(information(vec![group(F::PsInformation, vec![raw(F::RatType, &[6])])]));
    let request = request(&ccr);
    let part = &request.parts[0];
    assert_eq!((part.reason, &part.changed[..]), (Some(Reason::ConditionChange), &[Condition::Radio][..]));
    assert_eq!((part.radio, request.place.radio), (Some(2), Some(6)));
}
