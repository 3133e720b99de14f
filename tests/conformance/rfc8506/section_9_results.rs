//! Result-Codes of a CCA (RFC 8506 §9, RFC 6733 §7.1): at which level each stands, and which AVP is to blame.

use bytes::BytesMut;
use gyro::charging::answer::{Answer, Denial, FinalUnit, Grant, Outcome, PartAnswer};
use gyro::charging::request::{QuotaKey, Shape};
use gyro::charging::units::{Amount, Unit};
use gyro::diameter::parse::{Limits, parse};
use gyro::diameter::tree::AvpTree;
use gyro::ro::cca::{Asked, Cca, Origin, Refusal, refuse};
use gyro::ro::convert::{self, Charge};
use gyro::ro::fields::Field as F;
use gyro::ro::profile::{FreeAnswer, Overrides, Profile, Profiles};
use gyro::ro::result;

use super::{Ccr, DICTIONARY, avps, group, information, long, mscc, mscc_of, number, raw, text, word};

const ORIGIN: Origin<'static> = Origin::new("ocs.kz", "kz");

/// Charging's answer as the client sees it.
fn with_answer(ccr: &Ccr, answer: &Answer, charge: Charge, profile: &Profile, look: impl FnOnce(&Cca<'_>)) {
    let request = ccr.message();
    let mut out = BytesMut::new();
    convert::answer(&mut out, &ORIGIN, &Asked::of(&request), answer, charge, profile).unwrap();
    let message = parse(out.freeze(), &Limits::DEFAULT, &*DICTIONARY).unwrap();
    look(&Cca::read(&message).unwrap());
}

fn see(ccr: &Ccr, answer: &Answer, look: impl FnOnce(&Cca<'_>)) {
    with_answer(ccr, answer, Charge::Counted, Profiles::standard(), look);
}

fn part(rating_group: Option<u32>, outcome: Outcome) -> PartAnswer {
    PartAnswer::new(QuotaKey { rating_group, services: vec![] }, outcome)
}

fn granted(rating_group: u32, count: u64) -> PartAnswer {
    let grant = Grant {
        validity_secs: Some(60),
        threshold: Some(10),
        holding_secs: Some(5),
        ..Grant::of(Amount::new(Unit::Octets, count))
    };
    PartAnswer { grant: Some(grant), ..part(Some(rating_group), Outcome::Done) }
}

fn answer(outcome: Outcome, parts: Vec<PartAnswer>) -> Answer {
    Answer::new(outcome, Shape::PerGroup, parts)
}

const ALL: [(Denial, u32, u32); 11] = [
    (Denial::UnknownSession, 5002, 4010),
    (Denial::UnknownSubscriber, 5030, 4010),
    (Denial::Ended, 5030, 4010),
    (Denial::Blocked, 4010, 4010),
    (Denial::UnknownService, 5031, 5031),
    (Denial::NoRate, 5031, 5031),
    (Denial::NoDestination, 5031, 5031),
    (Denial::NoCredit, 4012, 4012),
    (Denial::NotOffered, 5012, 5012),
    (Denial::TooManyGroups, 5006, 4010),
    (Denial::Overflow, 5004, 5004),
];

#[test]
fn each_denial_has_its_code_at_each_level() {
    for (denial, above, inside) in ALL {
        let outcome = Outcome::Denied(denial);
        assert_eq!(result::command(outcome).get(), above, "{denial:?}");
        assert_eq!(result::quota(outcome).get(), inside, "{denial:?}");
    }
    assert_eq!(result::command(Outcome::Done).get(), 2001);
    assert_eq!(result::quota(Outcome::Done).get(), 2001);
}

/// RFC 8506 §9.2: 5031 comes with a Failed-AVP; where no AVP is to blame there is none.
#[test]
fn a_failed_avp_stands_where_an_avp_is_to_blame_and_nowhere_else() {
    for (denial, above, _) in ALL {
        let blames = matches!(above, 5031 | 5004);
        see(&Ccr::update(), &answer(Outcome::Denied(denial), vec![]), |cca| {
            assert_eq!(cca.result_code.get(), above);
            assert_eq!(cca.failed_avp.is_some(), blames, "{denial:?}");
        });
    }
}

#[test]
fn a_quota_that_is_refused_leaves_the_others_granted() {
    let parts =
        vec![granted(10, 1_000), part(Some(20), Outcome::Denied(Denial::NoCredit)), granted(30, 2_000)];
    let ccr = Ccr::update().with(mscc(20)).with(mscc(30));
    see(&ccr, &answer(Outcome::Done, parts), |cca| {
        assert_eq!(cca.result_code.get(), 2001);
        let codes: Vec<_> = cca.msccs.iter().map(|mscc| mscc.result_code.unwrap().get()).collect();
        assert_eq!(codes, [2001, 4012, 2001]);
        let grants: Vec<_> =
            cca.msccs.iter().map(|mscc| mscc.granted.and_then(|units| units.total_octets)).collect();
        assert_eq!(grants, [Some(1_000), None, Some(2_000)]);
        assert_eq!(cca.msccs[1].validity, None);
        assert_eq!(cca.failed_avp, None);
    });
}

#[test]
fn no_grant_stands_beside_a_refusal_even_if_charging_gave_one() {
    let both = PartAnswer { outcome: Outcome::Denied(Denial::NoCredit), ..granted(10, 1_000) };
    see(&Ccr::update(), &answer(Outcome::Done, vec![both]), |cca| {
        assert_eq!(cca.msccs[0].granted, None);
        assert_eq!(cca.msccs[0].validity, None);
    });
}

#[test]
fn the_end_of_a_session_bears_no_quota_and_no_units() {
    for shape in [Shape::PerGroup, Shape::Command] {
        let ends = Answer { shape, ..answer(Outcome::Done, vec![granted(10, 1_000)]) };
        see(&Ccr::bare(3).with(mscc(10)), &ends, |cca| {
            assert_eq!((cca.result_code.get(), cca.msccs.len(), cca.granted), (2001, 0, None));
        });
    }
}

#[test]
fn a_threshold_is_below_its_grant_and_never_beside_a_final_unit() {
    for (count, last, threshold) in
        [(11, false, Some(10)), (10, false, None), (9, false, None), (11, true, None)]
    {
        let mut part = granted(10, count);
        let grant = part.grant.as_mut().unwrap();
        grant.final_unit = last.then_some(FinalUnit::Terminate);
        see(&Ccr::update(), &answer(Outcome::Done, vec![part]), |cca| {
            assert_eq!(cca.msccs[0].volume_threshold, threshold, "{count} {last}");
            assert_eq!(cca.msccs[0].final_unit.is_some(), last);
        });
    }
}

/// Volume-Quota-Threshold has 32 bits, a grant has 64.
#[test]
fn a_threshold_beyond_32_bits_is_the_largest_that_can_be_said() {
    let mut part = granted(10, 1 << 40);
    part.grant.as_mut().unwrap().threshold = Some(1 << 39);
    see(&Ccr::update(), &answer(Outcome::Done, vec![part]), |cca| {
        assert_eq!(cca.msccs[0].volume_threshold, Some(u32::MAX));
        assert_eq!(cca.msccs[0].granted.unwrap().total_octets, Some(1 << 40));
    });
}

#[test]
fn the_holding_time_is_told_to_clients_that_know_it() {
    for profile in Profiles::default().iter() {
        with_answer(
            &Ccr::update(),
            &answer(Outcome::Done, vec![granted(10, 99)]),
            Charge::Counted,
            profile,
            |cca| {
                assert_eq!(cca.msccs[0].holding_time, profile.holding_time.then_some(5), "{}", profile.name);
            },
        );
    }
}

#[test]
fn a_free_call_is_granted_or_left_alone_as_the_profile_says() {
    let overrides = Overrides { free_answer: Some(FreeAnswer::NotApplicable), ..Overrides::default() };
    let alone = Profiles::standard().derive("alone", overrides);
    let free = answer(Outcome::Done, vec![granted(10, 99)]);
    let code = |ccr: &Ccr, charge, profile: &Profile| {
        let mut code = (0, 0);
        with_answer(ccr, &free, charge, profile, |cca| code = (cca.result_code.get(), cca.msccs.len()));
        code
    };
    assert_eq!(code(&Ccr::update(), Charge::Free, &alone), (4011, 0));
    assert_eq!(code(&Ccr::update(), Charge::Counted, &alone), (2001, 1));
    assert_eq!(code(&Ccr::update(), Charge::Free, Profiles::standard()), (2001, 1));
    assert_eq!(code(&Ccr::bare(3), Charge::Free, &alone), (2001, 0), "the end of a session is no free call");
}

#[test]
fn a_refusal_of_units_at_command_level_stands_at_command_level() {
    let refused = Answer {
        shape: Shape::Command,
        ..answer(Outcome::Done, vec![part(None, Outcome::Denied(Denial::NoCredit))])
    };
    let ccr = Ccr::bare(2).with(group(F::RequestedServiceUnit, vec![]));
    see(&ccr, &refused, |cca| {
        assert_eq!((cca.result_code.get(), cca.granted, cca.msccs.len()), (4012, None, 0));
    });
}

/// The Failed-AVP of a refusal for want of a price, each with the AVP that the request has or lacks.
#[test]
fn what_cannot_be_rated_is_named() {
    let ims = |avps| information(vec![group(F::ImsInformation, avps)]);
    let sms = |avps| information(vec![group(F::SmsInformation, avps)]);
    let called = || text(F::CalledPartyAddress, "sip:x@kz");
    let recipient = |avps| sms(vec![group(F::RecipientInfo, avps)]);
    let address = group(F::RecipientAddress, vec![text(F::AddressData, "x")]);
    let used = group(F::UsedServiceUnit, vec![long(F::CcInputOctets, u64::MAX), long(F::CcOutputOctets, 1)]);
    let rows: Vec<(Denial, Ccr, AvpTree)> = vec![
        (Denial::UnknownService, Ccr::update(), text(F::ServiceContextId, "32251@3gpp.org")),
        (Denial::UnknownService, Ccr::update().without(F::ServiceContextId), text(F::ServiceContextId, "")),
        (Denial::NoRate, Ccr::update(), mscc_of(vec![word(F::RatingGroup, 10)])),
        (Denial::NoRate, Ccr::bare(2).with(word(F::ServiceIdentifier, 7)), word(F::ServiceIdentifier, 7)),
        (Denial::NoRate, Ccr::bare(2), word(F::RatingGroup, 0)),
        (Denial::NoDestination, Ccr::bare(1).with(ims(vec![called()])), ims(vec![called()])),
        (Denial::NoDestination, Ccr::bare(1).with(ims(vec![])), ims(vec![text(F::CalledPartyAddress, "")])),
        (Denial::NoDestination, Ccr::bare(1), ims(vec![text(F::CalledPartyAddress, "")])),
        (Denial::NoDestination, Ccr::bare(1).with(called()), called()),
        (
            Denial::NoDestination,
            Ccr::bare(4).with(recipient(vec![address])),
            recipient(vec![group(F::RecipientAddress, vec![text(F::AddressData, "x")])]),
        ),
        (Denial::NoDestination, Ccr::bare(4).with(sms(vec![])), sms(vec![group(F::RecipientInfo, vec![])])),
        (
            Denial::Overflow,
            Ccr::bare(2).with(mscc_of(vec![word(F::RatingGroup, 10), used.clone()])),
            mscc_of(vec![used]),
        ),
    ];
    for (denial, ccr, failed) in rows {
        let outcome = Outcome::Denied(denial);
        see(&ccr, &answer(outcome, vec![part(Some(10), outcome)]), |cca| {
            assert_eq!(cca.failed_avp, Some(&avps(&[failed])[..]), "{denial:?} {:?}", ccr.0);
        });
    }
}

#[test]
fn the_quota_that_cannot_be_rated_is_found_among_the_others() {
    let services = |services: &[u32]| {
        let avps = services.iter().map(|service| word(F::ServiceIdentifier, *service));
        mscc_of(avps.collect())
    };
    let ccr = Ccr::update().with(services(&[2, 1])).with(mscc_of(vec![]));
    let refused = |key| {
        let denied = PartAnswer::new(key, Outcome::Denied(Denial::NoRate));
        answer(Outcome::Done, vec![granted(10, 9), denied])
    };
    let by_services = QuotaKey { rating_group: None, services: vec![1, 2] };
    see(&ccr, &refused(by_services), |cca| {
        assert_eq!(cca.result_code.get(), 2001);
        assert_eq!(cca.failed_avp, Some(&avps(&[services(&[2])])[..]));
    });
    see(&ccr, &refused(QuotaKey::default()), |cca| {
        assert_eq!(cca.failed_avp, Some(&avps(&[mscc_of(vec![word(F::RatingGroup, 0)])])[..]));
    });
}

/// RFC 6733 §7.1.3, §7.1.5: E with 3xxx always; with 5xxx only where the grammar of a CCA cannot be met.
#[test]
fn the_e_bit_follows_the_code_and_the_grammar() {
    let lacking = |field| Ccr::update().without(field);
    for (ccr, code, is_error) in [
        (Ccr::update(), 3004, true),
        (Ccr::update(), 3002, true),
        (Ccr::update(), 4012, false),
        (Ccr::update(), 5004, false),
        (Ccr::update(), 5012, false),
        (lacking(F::CcRequestType), 5005, true),
        (lacking(F::CcRequestNumber), 5005, true),
        (lacking(F::SessionId), 5005, true),
        (Ccr::update().set(raw(F::CcRequestType, &[1])), 5014, true),
        (Ccr::update().set(number(F::CcRequestType, 9)), 5004, false),
    ] {
        let request = ccr.message();
        let mut out = BytesMut::new();
        let code = gyro::diameter::result_code::ResultCode::new(code);
        refuse(&mut out, &ORIGIN, &Asked::of(&request), &Refusal::new(code)).unwrap();
        assert_eq!(out[4], if is_error { 0x60 } else { 0x40 }, "{code} {:?}", ccr.0);
    }
}

#[test]
fn a_number_or_type_that_cannot_be_read_is_left_out_of_the_answer() {
    let request = Ccr::update().set(raw(F::CcRequestNumber, &[1])).set(number(F::CcRequestType, 9)).message();
    let mut out = BytesMut::new();
    refuse(&mut out, &ORIGIN, &Asked::of(&request), &Refusal::new(result::FAILED)).unwrap();
    let message = parse(out.freeze(), &Limits::DEFAULT, &*DICTIONARY).unwrap();
    let cca = Cca::read(&message).unwrap();
    assert_eq!((cca.request_type, cca.number), (Some(9), None));
}

/// RFC 6733 §6.2: Proxy-Infos go back as they came, also in refusals, whatever is in them.
#[test]
fn proxy_info_goes_back_untouched_and_in_order() {
    let proxies = [
        group(F::ProxyInfo, vec![text(F::ProxyHost, "a.kz"), raw(F::ProxyState, &[0, 1, 2])]),
        group(F::ProxyInfo, vec![super::stranger(), text(F::ProxyHost, "b.kz")]),
    ];
    let mut ccr = Ccr::update();
    ccr.0.insert(0, proxies[0].clone());
    ccr.0.push(proxies[1].clone());
    let request = ccr.message();
    for code in [result::BUSY, result::FAILED] {
        let mut out = BytesMut::new();
        refuse(&mut out, &ORIGIN, &Asked::of(&request), &Refusal::new(code)).unwrap();
        let expected = avps(&proxies);
        assert_eq!(out[out.len() - expected.len()..], expected[..]);
    }
}
