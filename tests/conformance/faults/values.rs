//! What a CCR lacks, and values that it may not have (RFC 8506 §3.1, §8; RFC 6733 §4.3, §7.1.5: 5005 and 5004).

use super::octets::{
    ACCT_MULTI_SESSION_ID, ADDRESS_DATA, AOC_REQUEST_TYPE, AUTH_APPLICATION_ID, CALLED_PARTY_ADDRESS,
    CC_MONEY, CC_REQUEST_NUMBER, CC_REQUEST_TYPE, CURRENCY_CODE, DESTINATION_REALM, EXPONENT, GX, GY,
    IMS_INFORMATION, ORIGIN_HOST, ORIGIN_REALM, P, R, RECIPIENT_ADDRESS, RECIPIENT_INFO, REPORTING_REASON,
    REQUESTED_ACTION, REQUESTED_SERVICE_UNIT, ROUTE_RECORD, Request, SERVICE_CONTEXT_ID, SERVICE_INFORMATION,
    SESSION_ID, SMS_INFORMATION, SUBSCRIPTION_ID, SUBSCRIPTION_ID_DATA, SUBSCRIPTION_ID_TYPE,
    TARIFF_CHANGE_USAGE, TERMINATION_CAUSE, TGPP, TRIGGER, TRIGGER_TYPE, UNIT_VALUE, USED_SERVICE_UNIT,
    USER_NAME, VALUE_DIGITS, VENDOR_ID, VENDOR_SPECIFIC_APPLICATION_ID, all, bare, ccr, m, message, mscc,
    plain, v, w,
};
use super::{After, Row, Then, fault, row, served};

pub(super) fn rows() -> Vec<Row> {
    [lacking(), heads(), names(), money(), open_lists()].into_iter().flatten().collect()
}

/// 5005: the missing AVP with its flags, and the shortest value, zeros. Without Session-Id, CC-Request-Type or
/// CC-Request-Number the answer has the grammar of §7.2. All else that RFC 8506 §3.1 asks for real clients leave out.
fn lacking() -> Vec<Row> {
    let lacks = |rule, code, example| fault(rule, &ccr().without(code), &[5005], example);
    let nothing = Then::Refused { codes: &[5005], e: true, failed: m(SESSION_ID, "") };
    vec![
        lacks("no Session-Id", SESSION_ID, m(SESSION_ID, "")).e(),
        lacks("no Origin-Host", ORIGIN_HOST, m(ORIGIN_HOST, "")),
        lacks("no Origin-Realm", ORIGIN_REALM, m(ORIGIN_REALM, "")),
        lacks("no CC-Request-Type", CC_REQUEST_TYPE, m(CC_REQUEST_TYPE, w(0))).e(),
        lacks("no CC-Request-Number", CC_REQUEST_NUMBER, m(CC_REQUEST_NUMBER, w(0))).e(),
        row("nothing at all: the first that is missing", message(R | P, 272, GY, &[]), nothing, After::Open),
        served("no Destination-Realm", &ccr().without(DESTINATION_REALM)),
        served("no Auth-Application-Id", &ccr().without(AUTH_APPLICATION_ID)),
        served("no Service-Context-Id", &ccr().without(SERVICE_CONTEXT_ID)),
        served("no Subscription-Id", &ccr().without(SUBSCRIPTION_ID)),
        served("no quota", &bare()),
        served(
            "a Subscription-Id without type",
            &ccr().set(m(SUBSCRIPTION_ID, m(SUBSCRIPTION_ID_DATA, "77019999999"))),
        ),
        served(
            "a Subscription-Id without data",
            &ccr().set(m(SUBSCRIPTION_ID, m(SUBSCRIPTION_ID_TYPE, w(0)))),
        ),
        served("a quota without anything", &bare().with(mscc([]))),
        served("money without an amount", &bare().with(mscc(m(REQUESTED_SERVICE_UNIT, m(CC_MONEY, []))))),
    ]
}

fn wrong(rule: &'static str, avp: Vec<u8>) -> Row {
    fault(rule, &ccr().set(avp.clone()), &[5004], avp)
}

fn more(rule: &'static str, avp: Vec<u8>) -> Row {
    fault(rule, &ccr().with(avp.clone()), &[5004], avp)
}

fn event() -> Request {
    ccr().set(m(CC_REQUEST_TYPE, w(4)))
}

fn heads() -> Vec<Row> {
    let action = |rule, number| {
        let avp = m(REQUESTED_ACTION, w(number));
        fault(rule, &event().with(avp.clone()), &[5004], avp)
    };
    let vendor = |id| {
        let members = all([m(VENDOR_ID, w(TGPP)), m(AUTH_APPLICATION_ID, w(id))]);
        m(VENDOR_SPECIFIC_APPLICATION_ID, members)
    };
    let alone = |id| ccr().without(AUTH_APPLICATION_ID).with(vendor(id));
    let culprit = m(VENDOR_SPECIFIC_APPLICATION_ID, m(AUTH_APPLICATION_ID, w(GX)));
    vec![
        wrong("CC-Request-Type 0", m(CC_REQUEST_TYPE, w(0))),
        wrong("CC-Request-Type 5", m(CC_REQUEST_TYPE, w(5))),
        wrong("CC-Request-Type below nothing", m(CC_REQUEST_TYPE, w(u32::MAX))),
        wrong("CC-Request-Type 1 as a number of the other end", m(CC_REQUEST_TYPE, [1, 0, 0, 0])),
        action("Requested-Action 4 of an event", 4),
        action("Requested-Action below nothing of an event", u32::MAX),
        wrong("Auth-Application-Id 3", m(AUTH_APPLICATION_ID, w(3))),
        wrong("Auth-Application-Id of Gx", m(AUTH_APPLICATION_ID, w(GX))),
        fault("Gx in a vendor's group alone", &alone(GX), &[5004], culprit),
        served("credit control in a vendor's group alone", &alone(GY)),
        served("credit control in both places", &ccr().with(vendor(GY))),
        served("Requested-Action 9 in a session", &ccr().with(m(REQUESTED_ACTION, w(9)))),
    ]
}

fn names() -> Vec<Row> {
    let not_text = [0xff, 0xfe];
    let subscriber =
        |kind: u32| all([m(SUBSCRIPTION_ID_TYPE, w(kind)), m(SUBSCRIPTION_ID_DATA, "77019999999")]);
    // RFC 8506 §8.47 has a type that is not known go by the rule of the M bit
    let strange_kind = |kind| m(SUBSCRIPTION_ID, m(SUBSCRIPTION_ID_TYPE, w(kind)));
    let strange = |rule, kind| {
        let bent = ccr().set(m(SUBSCRIPTION_ID, subscriber(kind)));
        fault(rule, &bent, &[5001, 5004], strange_kind(kind))
    };
    let let_pass = all([plain(SUBSCRIPTION_ID_TYPE, w(9)), m(SUBSCRIPTION_ID_DATA, "x")]);
    let called = v(SERVICE_INFORMATION, v(IMS_INFORMATION, v(CALLED_PARTY_ADDRESS, not_text)));
    let address = v(RECIPIENT_INFO, v(RECIPIENT_ADDRESS, v(ADDRESS_DATA, not_text)));
    let nine = m(SUBSCRIPTION_ID, subscriber(9));
    vec![
        wrong("an empty Session-Id", m(SESSION_ID, "")),
        wrong("a Session-Id that is no text", m(SESSION_ID, not_text)),
        wrong("a Session-Id of 257 octets", m(SESSION_ID, "x".repeat(257))),
        wrong("an empty Origin-Host", m(ORIGIN_HOST, "")),
        wrong("an Origin-Host of two dots", m(ORIGIN_HOST, "pgw..kz")),
        wrong("an Origin-Host of 256 octets", m(ORIGIN_HOST, "x".repeat(256))),
        wrong("an Origin-Realm with a blank", m(ORIGIN_REALM, "k z")),
        wrong("an Origin-Realm that is not ASCII", m(ORIGIN_REALM, "қаз.kz")),
        wrong("a context that is no text", m(SERVICE_CONTEXT_ID, not_text)),
        more("a User-Name that is no text", m(USER_NAME, not_text)),
        more("an Acct-Multi-Session-Id that is no text", m(ACCT_MULTI_SESSION_ID, not_text)),
        more("a Route-Record that is no name", m(ROUTE_RECORD, "a b")),
        wrong("a subscriber that is no text", m(SUBSCRIPTION_ID, m(SUBSCRIPTION_ID_DATA, not_text))),
        more("a called party that is no text", called),
        more("a recipient that is no text", v(SERVICE_INFORMATION, v(SMS_INFORMATION, address))),
        strange("Subscription-Id-Type 5", 5),
        strange("Subscription-Id-Type below nothing", u32::MAX),
        fault("Subscription-Id-Type 9 beside a number", &ccr().with(nine), &[5001, 5004], strange_kind(9)),
        served("Subscription-Id-Type 9 without M beside a number", &ccr().with(m(SUBSCRIPTION_ID, let_pass))),
        served("a Session-Id of 256 octets", &ccr().set(m(SESSION_ID, "x".repeat(256)))),
    ]
}

fn money() -> Vec<Row> {
    let amount = |rule, digits: i64, exponent: i32| {
        let members = all([m(VALUE_DIGITS, digits.to_be_bytes()), m(EXPONENT, exponent.to_be_bytes())]);
        let avp = mscc(m(REQUESTED_SERVICE_UNIT, m(CC_MONEY, m(UNIT_VALUE, members))));
        fault(rule, &bare().with(avp.clone()), &[5004], avp)
    };
    let money = |currency, whole| {
        let value = m(UNIT_VALUE, m(VALUE_DIGITS, 5_i64.to_be_bytes()));
        let code = m(CURRENCY_CODE, w(currency));
        let members = if whole { all([value, code]) } else { code };
        mscc(m(REQUESTED_SERVICE_UNIT, m(CC_MONEY, members)))
    };
    vec![
        amount("money below nothing", -1, 0),
        amount("money of ten decimal places", 1, -10),
        amount("money beyond all counting", i64::MAX, 3),
        amount("money of an exponent beyond all counting", 1, i32::MAX),
        fault("money of another currency", &bare().with(money(643, true)), &[5004], money(643, false)),
        served("money of the tariff's currency", &bare().with(money(398, true))),
    ]
}

/// Lists that grow with each release: a number that nobody knows is taken.
fn open_lists() -> Vec<Row> {
    let used = |member: Vec<u8>| bare().with(mscc(m(USED_SERVICE_UNIT, member)));
    vec![
        served("a Termination-Cause that nobody knows", &ccr().with(m(TERMINATION_CAUSE, w(99)))),
        served("a Tariff-Change-Usage that nobody knows", &used(m(TARIFF_CHANGE_USAGE, w(9)))),
        served("a Trigger-Type that nobody knows", &bare().with(mscc(v(TRIGGER, v(TRIGGER_TYPE, w(99)))))),
        served("an AoC-Request-Type that nobody knows", &ccr().with(v(AOC_REQUEST_TYPE, w(9)))),
        served("a Reporting-Reason that nobody knows", &used(v(REPORTING_REASON, w(99)))),
    ]
}
