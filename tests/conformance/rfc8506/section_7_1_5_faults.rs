//! Faults of a CCR, beyond the table of each by itself in `faults`: several at once, what profiles let pass, and what
//! is understood in spite of them (RFC 6733 §7.1.5, §7.5, for RFC 8506 §3.1).

use bytes::Bytes;
use gyro::diameter::result_code::ResultCode;
use gyro::diameter::tree::AvpTree;
use gyro::ro::ccr::Ccr as Read;
use gyro::ro::fields::Field as F;
use gyro::ro::profile::{Profile, Profiles};

use super::{Ccr, DICTIONARY, avps, group, information, long, number, raw, stranger, text, word};

fn read_first(message: &gyro::diameter::message::Message, profile: &Profile) -> (u32, Bytes) {
    let refused = Read::read(message, &DICTIONARY, profile).unwrap_err();
    let first = refused.first();
    (first.result_code.get(), first.failed_avp)
}

#[test]
fn look_alikes_let_unknown_avps_pass_inside_service_information_and_nowhere_else() {
    let profiles = Profiles::default();
    let inside = Ccr::update().with(information(vec![stranger(), group(F::PsInformation, vec![stranger()])]));
    let at_command_level = Ccr::update().with(group(F::ImsInformation, vec![stranger()]));
    let before = Ccr::update().with(stranger()).with(information(vec![]));
    let behind = Ccr::update().with(information(vec![])).with(stranger());
    for profile in profiles.iter() {
        let lenient = profile.name != "standard";
        for ccr in [&inside, &at_command_level] {
            assert_eq!(Read::read(&ccr.message(), &DICTIONARY, profile).is_ok(), lenient, "{}", profile.name);
        }
        for ccr in [&before, &behind] {
            let refused = read_first(&ccr.message(), profile);
            assert_eq!(refused, (5001, avps(&[stranger()])), "{}", profile.name);
        }
    }
}

/// RFC 8506 §8.47: such a kind goes by the rule of the M bit, and so by the profile.
#[test]
fn look_alikes_let_a_strange_kind_of_subscriber_pass_beside_another() {
    let strange = number(F::SubscriptionIdType, 9);
    let named = group(F::SubscriptionId, vec![strange.clone(), text(F::SubscriptionIdData, "x")]);
    let culprit = (5004, avps(&[group(F::SubscriptionId, vec![strange])]));
    let beside = Ccr::update().with(named.clone());
    let alone = Ccr::update().set(named);
    for profile in Profiles::default().iter() {
        assert_eq!(read_first(&alone.message(), profile), culprit, "{}", profile.name);
        let lenient = profile.name != "standard";
        assert_eq!(Read::read(&beside.message(), &DICTIONARY, profile).is_ok(), lenient, "{}", profile.name);
    }
    assert_eq!(read_first(&beside.message(), Profiles::standard()), culprit);
}

#[test]
fn of_several_faults_the_first_on_the_wire_is_answered_and_what_is_missing_comes_last() {
    let ccr = Ccr::update()
        .without(F::OriginRealm)
        .set(number(F::CcRequestType, 9))
        .with(stranger())
        .with(word(F::ResultCode, 1));
    let message = ccr.message();
    let refused = Read::read(&message, &DICTIONARY, Profiles::standard()).unwrap_err();
    let codes: Vec<_> = refused.faults.iter().map(|fault| fault.result_code.get()).collect();
    assert_eq!(codes, [5004, 5001, 5008, 5005]);
    assert_eq!(refused.first(), refused.faults[0]);
}

#[test]
fn a_request_full_of_faults_gives_a_bounded_list() {
    let mut ccr = Ccr::update();
    ccr.0.extend((0..400).map(|_| stranger()));
    let message = ccr.message();
    let refused = Read::read(&message, &DICTIONARY, Profiles::standard()).unwrap_err();
    assert_eq!(refused.faults.len(), gyro::diameter::parse::FAULTS);
}

/// `FREE-2`: what an emergency needs can be understood in spite of faults.
#[test]
fn what_could_be_understood_of_a_refused_request_stands_beside_its_faults() {
    let call =
        information(vec![group(F::ImsInformation, vec![text(F::CalledPartyAddress, "tel:112"), stranger()])]);
    let ccr = Ccr::bare(1)
        .without(F::OriginHost)
        .with(call)
        .with(stranger())
        .with(word(F::ResultCode, 1))
        .with(long(F::EventTimestamp, 1));
    let message = ccr.message();
    let refused = Read::read(&message, &DICTIONARY, Profiles::standard()).unwrap_err();
    assert_eq!(refused.faults.len(), 5);
    let understood = refused.understood.unwrap();
    assert_eq!(understood.session_id, "pgw.kz;1;2");
    assert_eq!(understood.number, 1);
    assert_eq!(understood.origin_host, "");
    assert_eq!(understood.information.called, Some("tel:112"));
}

#[test]
fn nothing_is_understood_without_session_type_and_number() {
    for ccr in [
        Ccr::update().without(F::SessionId),
        Ccr::update().without(F::CcRequestType),
        Ccr::update().without(F::CcRequestNumber),
        Ccr::update().set(text(F::SessionId, "")),
        Ccr::update().set(number(F::CcRequestType, 9)),
        Ccr::update().set(raw(F::CcRequestNumber, &[1])),
    ] {
        let message = ccr.message();
        let refused = Read::read(&message, &DICTIONARY, Profiles::standard()).unwrap_err();
        assert_eq!(refused.understood, None, "{:?}", refused.faults);
    }
}

#[test]
fn a_failed_avp_of_a_long_value_is_cut_and_stays_well_formed() {
    let long =
        AvpTree { value: gyro::diameter::tree::TreeValue::Octets(vec![7; 9_000].into()), ..stranger() };
    let (code, failed) = read_first(&Ccr::update().with(long).message(), Profiles::standard());
    assert_eq!(ResultCode::new(code), ResultCode::AVP_UNSUPPORTED);
    assert_eq!(failed.len(), 12 + gyro::diameter::error::FAILED_VALUE_OCTETS);
}
