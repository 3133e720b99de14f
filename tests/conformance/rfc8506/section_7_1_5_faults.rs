//! Faults of a CCR: what is answered, and what Failed-AVP holds (RFC 6733 §7.1.5, §7.5, for RFC 8506 §3.1).

use bytes::Bytes;
use gyro::diameter::parse::{Limits, parse};
use gyro::diameter::result_code::ResultCode;
use gyro::diameter::tree::AvpTree;
use gyro::ro::ccr::Ccr as Read;
use gyro::ro::fields::Field as F;
use gyro::ro::profile::{Profile, Profiles};

use super::{
    Ccr, DICTIONARY, QOS_INFORMATION, avps, group, information, long, mscc, mscc_of, number, octets, raw,
    stranger, text, word,
};

struct Row {
    rule: &'static str,
    ccr: Ccr,
    code: u32,
    failed: Vec<AvpTree>,
}

fn row(rule: &'static str, ccr: Ccr, code: u32, failed: Vec<AvpTree>) -> Row {
    Row { rule, ccr, code, failed }
}

fn money(digits: i64, exponent: i32) -> AvpTree {
    let value = vec![raw(F::ValueDigits, &digits.to_be_bytes()), number(F::Exponent, exponent)];
    group(F::CcMoney, vec![group(F::UnitValue, value)])
}

fn within(path: &[F], inner: AvpTree) -> AvpTree {
    path.iter().rev().fold(inner, |inner, field| group(*field, vec![inner]))
}

fn missing() -> Vec<Row> {
    let without = |field| Ccr::update().without(field);
    vec![
        row("no Session-Id", without(F::SessionId), 5005, vec![text(F::SessionId, "")]),
        row("no Origin-Host", without(F::OriginHost), 5005, vec![text(F::OriginHost, "")]),
        row("no Origin-Realm", without(F::OriginRealm), 5005, vec![text(F::OriginRealm, "")]),
        row("no CC-Request-Type", without(F::CcRequestType), 5005, vec![word(F::CcRequestType, 0)]),
        row("no CC-Request-Number", without(F::CcRequestNumber), 5005, vec![word(F::CcRequestNumber, 0)]),
        row("nothing at all: the first that is missing", Ccr(vec![]), 5005, vec![text(F::SessionId, "")]),
    ]
}

fn values() -> Vec<Row> {
    let set = |avp: AvpTree| Ccr::update().set(avp);
    let wrong = |rule, avp: AvpTree| row(rule, set(avp.clone()), 5004, vec![avp]);
    let event = |action| Ccr::bare(4).with(number(F::RequestedAction, action));
    let rsu = [F::MultipleServicesCreditControl, F::RequestedServiceUnit, F::CcMoney];
    let asking =
        |amount: AvpTree| Ccr::bare(4).with(mscc_of(vec![group(F::RequestedServiceUnit, vec![amount])]));
    let unit_value = |digits: i64, exponent| {
        let value = vec![raw(F::ValueDigits, &digits.to_be_bytes()), number(F::Exponent, exponent)];
        vec![within(&rsu, group(F::UnitValue, value))]
    };
    let not_text = [0xff, 0xfe];
    let subscription = |data: &[u8]| group(F::SubscriptionId, vec![raw(F::SubscriptionIdData, data)]);
    let called = within(&[F::ServiceInformation, F::ImsInformation], raw(F::CalledPartyAddress, &not_text));
    vec![
        wrong("CC-Request-Type 0", number(F::CcRequestType, 0)),
        wrong("CC-Request-Type 5", number(F::CcRequestType, 5)),
        wrong("CC-Request-Type 9", number(F::CcRequestType, 9)),
        wrong("CC-Request-Type below nothing", number(F::CcRequestType, -1)),
        row("Requested-Action 4 of an event", event(4), 5004, vec![number(F::RequestedAction, 4)]),
        row("Requested-Action -1 of an event", event(-1), 5004, vec![number(F::RequestedAction, -1)]),
        wrong("another application", word(F::AuthApplicationId, 3)),
        wrong("an empty Session-Id", text(F::SessionId, "")),
        wrong("a Session-Id that is no text", raw(F::SessionId, &not_text)),
        wrong("a Session-Id of 257 octets", text(F::SessionId, &"x".repeat(257))),
        wrong("an empty Origin-Host", text(F::OriginHost, "")),
        wrong("an Origin-Host that is no name", text(F::OriginHost, "pgw..kz")),
        wrong("an Origin-Realm that is no name", text(F::OriginRealm, "k z")),
        wrong("a context that is no text", raw(F::ServiceContextId, &not_text)),
        wrong("a subscriber that is no text", subscription(&not_text)),
        row("a called party that is no text", Ccr::update().with(called.clone()), 5004, vec![called]),
        row("money below nothing", asking(money(-1, 0)), 5004, unit_value(-1, 0)),
        row("money of ten decimal places", asking(money(1, -10)), 5004, unit_value(1, -10)),
        row("money beyond all counting", asking(money(i64::MAX, 3)), 5004, unit_value(i64::MAX, 3)),
    ]
}

fn lengths() -> Vec<Row> {
    let wrong = |rule, avp: AvpTree| row(rule, Ccr::update().set(avp.clone()), 5014, vec![avp]);
    let more = |rule, ccr: Ccr, avp: AvpTree| row(rule, ccr.with(avp.clone()), 5014, vec![avp]);
    let quota = |path: &[F], inner: AvpTree| {
        let mut whole = vec![F::MultipleServicesCreditControl];
        whole.extend_from_slice(path);
        within(&whole, inner)
    };
    let digits = [F::RequestedServiceUnit, F::CcMoney, F::UnitValue];
    let call = [F::ServiceInformation, F::ImsInformation];
    vec![
        wrong("CC-Request-Type of 3 octets", raw(F::CcRequestType, &[0, 0, 1])),
        wrong("CC-Request-Number of 8 octets", long(F::CcRequestNumber, 1)),
        wrong("Auth-Application-Id of 0 octets", raw(F::AuthApplicationId, &[])),
        more("Event-Timestamp of 8 octets", Ccr::update(), long(F::EventTimestamp, 1)),
        more("Origin-State-Id of 2 octets", Ccr::update(), raw(F::OriginStateId, &[0, 1])),
        more("Rating-Group of 2 octets", Ccr::bare(2), quota(&[], raw(F::RatingGroup, &[0, 1]))),
        more("Service-Identifier of 8 octets", Ccr::bare(2), quota(&[], long(F::ServiceIdentifier, 1))),
        more("octets in 4 octets", Ccr::bare(2), quota(&[F::UsedServiceUnit], word(F::CcTotalOctets, 1))),
        more("seconds in 8 octets", Ccr::bare(2), quota(&[F::RequestedServiceUnit], long(F::CcTime, 1))),
        more("Value-Digits of 4 octets", Ccr::bare(4), quota(&digits, word(F::ValueDigits, 1))),
        more(
            "Reporting-Reason of 1 octet",
            Ccr::bare(2),
            quota(&[F::UsedServiceUnit], raw(F::ReportingReason, &[1])),
        ),
        wrong(
            "a subscriber's type of 1 octet",
            within(&[F::SubscriptionId], raw(F::SubscriptionIdType, &[0])),
        ),
        more("Role-Of-Node of 3 octets", Ccr::update(), within(&call, raw(F::RoleOfNode, &[0, 0, 1]))),
    ]
}

fn counts() -> Vec<Row> {
    let twice = |rule, avp: AvpTree| row(rule, Ccr::update().with(avp.clone()), 5009, vec![avp]);
    let again =
        |rule, avp: AvpTree| row(rule, Ccr::update().with(avp.clone()).with(avp.clone()), 5009, vec![avp]);
    let quota = |rule, inner: Vec<AvpTree>, failed: AvpTree| {
        row(rule, Ccr::bare(2).with(mscc_of(inner)), 5009, vec![mscc_of(vec![failed])])
    };
    let used = |octets| group(F::UsedServiceUnit, vec![long(F::CcTotalOctets, octets)]);
    let mut many = Ccr::bare(2);
    many.0.extend((1..=66).map(mscc));
    let two_names = vec![text(F::SubscriptionIdData, "1"), text(F::SubscriptionIdData, "2")];
    vec![
        twice("a second CC-Request-Type", number(F::CcRequestType, 3)),
        twice("a second CC-Request-Number", word(F::CcRequestNumber, 2)),
        twice("a second Session-Id", text(F::SessionId, "pgw.kz;1;3")),
        twice("a second Origin-Host", text(F::OriginHost, "other.kz")),
        twice("a second Origin-Realm", text(F::OriginRealm, "ru")),
        twice("a second Service-Context-Id", text(F::ServiceContextId, "32260@3gpp.org")),
        twice("a second Auth-Application-Id", word(F::AuthApplicationId, 4)),
        twice("a second Destination-Realm", text(F::DestinationRealm, "kz")),
        again("a second Event-Timestamp", word(F::EventTimestamp, 7)),
        again("a second Service-Information", information(vec![])),
        row(
            "a second request at command level",
            Ccr::bare(2)
                .with(group(F::RequestedServiceUnit, vec![]))
                .with(group(F::RequestedServiceUnit, vec![])),
            5009,
            vec![group(F::RequestedServiceUnit, vec![])],
        ),
        quota(
            "a second request in a quota",
            vec![
                group(F::RequestedServiceUnit, vec![]),
                group(F::RequestedServiceUnit, vec![long(F::CcTotalOctets, 7)]),
            ],
            group(F::RequestedServiceUnit, vec![long(F::CcTotalOctets, 7)]),
        ),
        quota(
            "a second rating group",
            vec![word(F::RatingGroup, 1), used(5), word(F::RatingGroup, 2)],
            word(F::RatingGroup, 2),
        ),
        quota(
            "a second count in one report",
            vec![group(F::UsedServiceUnit, vec![long(F::CcTotalOctets, 5), long(F::CcTotalOctets, 6)])],
            group(F::UsedServiceUnit, vec![long(F::CcTotalOctets, 6)]),
        ),
        row(
            "a second name in one Subscription-Id",
            Ccr::update().with(group(F::SubscriptionId, two_names)),
            5009,
            vec![group(F::SubscriptionId, vec![text(F::SubscriptionIdData, "2")])],
        ),
        row("more than 64 quotas", many, 5009, vec![mscc(65)]),
    ]
}

fn misplaced() -> Vec<Row> {
    let not_allowed = |rule, avp: AvpTree| row(rule, Ccr::update().with(avp.clone()), 5008, vec![avp]);
    let vendor_specific = group(
        F::VendorSpecificApplicationId,
        vec![word(F::VendorId, 10_415), word(F::AuthApplicationId, 16_777_238)],
    );
    let asked = group(F::RequestedServiceUnit, vec![long(F::CcTotalOctets, 9)]);
    let used = group(F::UsedServiceUnit, vec![long(F::CcTotalOctets, 9)]);
    vec![
        not_allowed("Result-Code in a request", word(F::ResultCode, 2001)),
        not_allowed("Failed-AVP in a request", group(F::FailedAvp, vec![])),
        not_allowed("a grant in a request", group(F::GrantedServiceUnit, vec![])),
        not_allowed(
            "a final unit in a request",
            group(F::FinalUnitIndication, vec![number(F::FinalUnitAction, 0)]),
        ),
        not_allowed("Validity-Time in a request", word(F::ValidityTime, 5)),
        row(
            "two applications that contradict each other",
            Ccr::update().with(vendor_specific.clone()),
            5007,
            vec![word(F::AuthApplicationId, 4), vendor_specific],
        ),
        row("requests on both levels", Ccr::update().with(asked.clone()), 5007, vec![asked, mscc(10)]),
        row("reports on both levels", Ccr::update().with(used.clone()), 5007, vec![used, mscc(10)]),
    ]
}

fn strangers() -> Vec<Row> {
    let unknown = |rule, avp: AvpTree| row(rule, Ccr::bare(2).with(avp.clone()), 5001, vec![avp]);
    let flat = AvpTree { key: gyro::diameter::avp::AvpKey::base(873), ..word(F::RatingGroup, 1) };
    let deep = [F::ServiceInformation, F::PsInformation];
    let qos = AvpTree::group(QOS_INFORMATION, vec![stranger()]);
    vec![
        unknown("an unknown AVP with M", stranger()),
        unknown(
            "an unknown AVP of the IETF with M",
            AvpTree { key: gyro::diameter::avp::AvpKey::base(99_999), ..stranger() },
        ),
        unknown("a code of 3GPP without its vendor", flat),
        unknown("an unknown AVP with M in a quota", mscc_of(vec![stranger()])),
        unknown(
            "an unknown AVP with M in a report",
            mscc_of(vec![group(F::UsedServiceUnit, vec![stranger()])]),
        ),
        unknown("an unknown AVP with M in a group that is not read", mscc_of(vec![qos])),
        unknown("an unknown AVP with M in a subscriber's name", group(F::SubscriptionId, vec![stranger()])),
        unknown("an unknown AVP with M in Service-Information", information(vec![stranger()])),
        unknown("an unknown AVP with M deep in Service-Information", within(&deep, stranger())),
    ]
}

fn read_first(message: &gyro::diameter::message::Message, profile: &Profile) -> (u32, Bytes) {
    let refused = Read::read(message, &DICTIONARY, profile).unwrap_err();
    let first = refused.first();
    (first.result_code.get(), first.failed_avp)
}

#[test]
fn each_fault_is_answered_with_its_code_and_the_avp_that_is_to_blame() {
    let groups = [missing(), values(), lengths(), counts(), misplaced(), strangers()];
    let rows: Vec<_> = groups.into_iter().flatten().collect();
    assert!(rows.len() >= 70, "{}", rows.len());
    for Row { rule, ccr, code, failed } in rows {
        let (found, failed_avp) = read_first(&ccr.message(), Profiles::standard());
        assert_eq!(found, code, "{rule}");
        assert_eq!(failed_avp, avps(&failed), "{rule}");
    }
}

/// Every name of a table row is a rule of its own: no two say the same.
#[test]
fn no_rule_is_listed_twice() {
    let groups = [missing(), values(), lengths(), counts(), misplaced(), strangers()];
    let mut rules: Vec<_> = groups.iter().flatten().map(|row| row.rule).collect();
    rules.sort_unstable();
    let all = rules.len();
    rules.dedup();
    assert_eq!(rules.len(), all);
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

/// What the parser of the base protocol found comes first, in the chain of its groups.
#[test]
fn a_length_that_runs_over_is_the_fault_that_is_answered() {
    let mut whole = octets(&Ccr::bare(2).with(mscc_of(vec![word(F::RatingGroup, 10)])).0).to_vec();
    let last = whole.len() - 12 + 7;
    whole[last] = 16;
    let message = parse(whole.into(), &Limits::DEFAULT, &*DICTIONARY).unwrap();
    let (code, failed) = read_first(&message, Profiles::standard());
    assert_eq!(code, 5014);
    assert_eq!(failed, avps(&[mscc_of(vec![word(F::RatingGroup, 0)])]));
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
