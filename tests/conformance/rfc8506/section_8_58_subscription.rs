//! Subscription-Id-Extension (RFC 8506 §8.58–8.63) beside Subscription-Id (§8.46) and User-Name, and the party that is
//! charged in place of the one who calls (TS 32.299, Alternate-Charged-Party-Address).

use gyro::charging::request::Identity;
use gyro::charging::units::Digits;
use gyro::diameter::tree::AvpTree;
use gyro::ro::ccr::Ccr as Read;
use gyro::ro::convert;
use gyro::ro::fields::Field as F;
use gyro::ro::profile::Profiles;
use gyro::time::Timestamp;

use super::{Ccr, DICTIONARY, avps, group, information, number, raw, text, without_m};

/// A name in a group of its own.
fn extension(member: F, name: &str) -> AvpTree {
    group(F::SubscriptionIdExtension, vec![text(member, name)])
}

fn unnamed() -> Ccr {
    Ccr::update().without(F::SubscriptionId)
}

fn identities(ccr: &Ccr) -> Vec<Identity> {
    let message = ccr.message();
    let read = Read::read(&message, &DICTIONARY, Profiles::standard()).unwrap();
    let now = Timestamp::from_secs(1_767_225_600);
    convert::request(read, Profiles::standard(), now, |_| true).unwrap().identities
}

fn e164(digits: &str) -> Identity {
    Identity::E164(Digits::parse(digits).unwrap())
}

fn imsi(digits: &str) -> Identity {
    Identity::Imsi(Digits::parse(digits).unwrap())
}

fn other(name: &str) -> Identity {
    Identity::Other(name.into())
}

/// Code and Failed-AVP of the fault that is answered.
fn refused(ccr: &Ccr) -> (u32, Vec<u8>) {
    let message = ccr.message();
    let fault = Read::read(&message, &DICTIONARY, Profiles::standard()).unwrap_err().first();
    (fault.result_code.get(), fault.failed_avp.to_vec())
}

#[test]
fn the_extension_alone_names_a_subscriber_in_each_of_its_kinds() {
    for (member, name, identity) in [
        (F::SubscriptionIdE164, "77010000001", e164("77010000001")),
        (F::SubscriptionIdE164, "+7 (701) 000-00-01", e164("77010000001")),
        (F::SubscriptionIdImsi, "401020000000001", imsi("401020000000001")),
        (F::SubscriptionIdSipUri, "sip:+77010000001@ims.kz;user=phone", e164("77010000001")),
        (F::SubscriptionIdSipUri, "sip:aliya@kcell.kz", other("sip:aliya@kcell.kz")),
        (
            F::SubscriptionIdNai,
            "0401020000000001@nai.epc.mnc002.mcc401.3gppnetwork.org",
            imsi("401020000000001"),
        ),
        (F::SubscriptionIdPrivate, "77010000001", other("77010000001")),
    ] {
        assert_eq!(identities(&unnamed().with(extension(member, name))), [identity], "{name}");
    }
}

#[test]
fn both_forms_together_name_one_subscriber_and_a_number_beats_an_imsi_in_either() {
    let old = |kind, name| {
        group(F::SubscriptionId, vec![number(F::SubscriptionIdType, kind), text(F::SubscriptionIdData, name)])
    };
    let (msisdn, own) = (e164("77010000001"), imsi("401020000000001"));
    let both =
        unnamed().with(old(1, "401020000000001")).with(extension(F::SubscriptionIdE164, "77010000001"));
    assert_eq!(identities(&both), [msisdn.clone(), own.clone()]);
    let both =
        unnamed().with(extension(F::SubscriptionIdImsi, "401020000000001")).with(old(0, "77010000001"));
    assert_eq!(identities(&both), [msisdn.clone(), own.clone()]);
    // the same name twice is one
    let same = unnamed().with(old(0, "77010000001")).with(extension(F::SubscriptionIdE164, "+77010000001"));
    assert_eq!(identities(&same), std::slice::from_ref(&msisdn));
    // two numbers that contradict: that of the older form is looked for first, then the other
    let two = unnamed().with(extension(F::SubscriptionIdE164, "77010000002")).with(old(0, "77010000001"));
    assert_eq!(identities(&two), [msisdn, e164("77010000002")]);
    // a User-Name is not looked at beside the extension
    let named = unnamed()
        .with(text(F::UserName, "77019999999"))
        .with(extension(F::SubscriptionIdImsi, "401020000000001"));
    assert_eq!(identities(&named), [own]);
}

#[test]
fn several_names_in_one_extension_are_all_read_and_one_kind_twice_is_5009() {
    let members =
        vec![text(F::SubscriptionIdImsi, "401020000000001"), text(F::SubscriptionIdE164, "77010000001")];
    let ccr = unnamed().with(group(F::SubscriptionIdExtension, members));
    assert_eq!(identities(&ccr), [e164("77010000001"), imsi("401020000000001")]);
    let one = |digits| text(F::SubscriptionIdE164, digits);
    let twice =
        unnamed().with(group(F::SubscriptionIdExtension, vec![one("77010000001"), one("77010000002")]));
    let second = group(F::SubscriptionIdExtension, vec![one("77010000002")]);
    assert_eq!(refused(&twice), (5_009, avps(&[second]).to_vec()));
}

#[test]
fn an_extension_of_a_kind_that_nobody_knows_goes_by_its_m_bit() {
    let strange = super::stranger();
    let mandatory = Ccr::update().with(group(F::SubscriptionIdExtension, vec![strange.clone()]));
    assert_eq!(refused(&mandatory).0, 5_001);
    let optional = Ccr::update().with(group(F::SubscriptionIdExtension, vec![without_m(strange)]));
    assert_eq!(identities(&optional), [e164("77010000001")]);
    // a name that is no text
    let broken = group(F::SubscriptionIdExtension, vec![raw(F::SubscriptionIdE164, &[0xff])]);
    assert_eq!(refused(&unnamed().with(broken.clone())), (5_004, avps(&[broken]).to_vec()));
    // beside it, a kind of Subscription-Id that nobody knows is let pass
    let kind = group(
        F::SubscriptionId,
        vec![without_m(number(F::SubscriptionIdType, 77)), text(F::SubscriptionIdData, "x")],
    );
    let beside = unnamed().with(kind).with(extension(F::SubscriptionIdE164, "77010000001"));
    assert_eq!(identities(&beside), [e164("77010000001"), other("x")]);
}

#[test]
fn another_party_is_charged_in_place_of_the_one_who_calls_and_of_no_one_else() {
    let call = |role: Option<i32>, payer: &str| {
        let mut ims = vec![number(F::NodeFunctionality, 6), text(F::CalledPartyAddress, "77051112233")];
        ims.extend(role.map(|role| number(F::RoleOfNode, role)));
        ims.push(text(F::AlternateChargedPartyAddress, payer));
        Ccr::update().with(information(vec![group(F::ImsInformation, ims)]))
    };
    for payer in ["tel:+77019999999", "87019999999", "sip:+77019999999@ims.kz;user=phone"] {
        assert_eq!(identities(&call(Some(0), payer)), [e164("77019999999")], "{payer}");
        assert_eq!(identities(&call(None, payer)), [e164("77019999999")], "{payer}");
    }
    assert_eq!(identities(&call(Some(0), "sip:office@kcell.kz")), [other("sip:office@kcell.kz")]);
    // who is called or forwards pays for a leg of his own
    for role in [1, 2] {
        assert_eq!(identities(&call(Some(role), "tel:+77019999999")), [e164("77010000001")], "{role}");
    }
    assert_eq!(identities(&call(Some(0), "")), [e164("77010000001")], "nobody is named");
}
