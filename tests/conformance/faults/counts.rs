//! How often an AVP may stand in a CCR (RFC 8506 §3.1, §10.1; RFC 6733 §7.1.5: 5009, the first instance beyond the
//! maximum).

use super::octets::{
    ACCT_MULTI_SESSION_ID, AOC_REQUEST_TYPE, AUTH_APPLICATION_ID, CC_CORRELATION_ID, CC_MONEY,
    CC_REQUEST_NUMBER, CC_REQUEST_TYPE, CC_SUB_SESSION_ID, CC_TIME, CC_TOTAL_OCTETS, CURRENCY_CODE,
    DESTINATION_HOST, DESTINATION_REALM, EVENT_TIMESTAMP, EXPONENT, HOST, MULTIPLE_SERVICES_INDICATOR,
    ORIGIN_HOST, ORIGIN_REALM, ORIGIN_STATE_ID, PROXY_HOST, PROXY_INFO, PROXY_STATE, RATING_GROUP, REALM,
    REFUND_INFORMATION, REQUESTED_ACTION, REQUESTED_SERVICE_UNIT, ROUTE_RECORD, SERVICE_CONTEXT_ID,
    SERVICE_IDENTIFIER, SERVICE_INFORMATION, SESSION_ID, SUBSCRIPTION_ID, SUBSCRIPTION_ID_DATA,
    SUBSCRIPTION_ID_E164, SUBSCRIPTION_ID_EXTENSION, SUBSCRIPTION_ID_TYPE, TARIFF_CHANGE_USAGE,
    TERMINATION_CAUSE, TRIGGER, UNIT_VALUE, USED_SERVICE_UNIT, USER_EQUIPMENT_INFO,
    USER_EQUIPMENT_INFO_EXTENSION, USER_NAME, VALUE_DIGITS, all, bare, ccr, d, m, mscc, plain, v, w,
};
use super::{Row, fault, served};

pub(super) fn rows() -> Vec<Row> {
    [required(), optional(), members(), many()].into_iter().flatten().collect()
}

/// One is there already.
fn required() -> Vec<Row> {
    let second = |rule, avp: Vec<u8>| fault(rule, &ccr().with(avp.clone()), &[5009], avp);
    let third = ccr().with(m(CC_REQUEST_TYPE, w(2))).with(m(CC_REQUEST_TYPE, w(3)));
    vec![
        second("a second Session-Id", m(SESSION_ID, "pgw.epc.kz;1;3")),
        second("the same Session-Id twice", m(SESSION_ID, "pgw.epc.kz;1;2")),
        second("a second Origin-Host", m(ORIGIN_HOST, "other.kz")),
        second("a second Origin-Realm", m(ORIGIN_REALM, "ru")),
        second("a second Destination-Realm", m(DESTINATION_REALM, REALM)),
        second("a second Auth-Application-Id", m(AUTH_APPLICATION_ID, w(4))),
        second("a second Service-Context-Id", m(SERVICE_CONTEXT_ID, "32260@3gpp.org")),
        second("a second CC-Request-Type", m(CC_REQUEST_TYPE, w(3))),
        second("a second CC-Request-Number", m(CC_REQUEST_NUMBER, w(2))),
        fault("three CC-Request-Types: the second", &third, &[5009], m(CC_REQUEST_TYPE, w(2))),
    ]
}

fn optional() -> Vec<Row> {
    let twice = |rule, one: Vec<u8>, other: Vec<u8>| {
        fault(rule, &ccr().with(one).with(other.clone()), &[5009], other)
    };
    let numbers = |rule, code| twice(rule, m(code, w(0)), m(code, w(1)));
    let equipment = || plain(USER_EQUIPMENT_INFO, []);
    let asked = |octets| m(REQUESTED_SERVICE_UNIT, m(CC_TOTAL_OCTETS, d(octets)));
    vec![
        twice("a second Destination-Host", m(DESTINATION_HOST, HOST), m(DESTINATION_HOST, HOST)),
        twice("a second User-Name", m(USER_NAME, "a"), m(USER_NAME, "b")),
        twice("a second Acct-Multi-Session-Id", m(ACCT_MULTI_SESSION_ID, "a"), m(ACCT_MULTI_SESSION_ID, "b")),
        twice("a second CC-Sub-Session-Id", m(CC_SUB_SESSION_ID, d(1)), m(CC_SUB_SESSION_ID, d(2))),
        twice("a second CC-Correlation-Id", plain(CC_CORRELATION_ID, "a"), plain(CC_CORRELATION_ID, "b")),
        twice("a second User-Equipment-Info", equipment(), equipment()),
        twice(
            "a second User-Equipment-Info-Extension",
            plain(USER_EQUIPMENT_INFO_EXTENSION, []),
            plain(USER_EQUIPMENT_INFO_EXTENSION, []),
        ),
        twice("a second Service-Information", v(SERVICE_INFORMATION, []), v(SERVICE_INFORMATION, [])),
        twice("a second AoC-Request-Type", v(AOC_REQUEST_TYPE, w(0)), v(AOC_REQUEST_TYPE, w(1))),
        twice("a second Refund-Information", v(REFUND_INFORMATION, "a"), v(REFUND_INFORMATION, "b")),
        numbers("a second Origin-State-Id", ORIGIN_STATE_ID),
        numbers("a second Event-Timestamp", EVENT_TIMESTAMP),
        numbers("a second Termination-Cause", TERMINATION_CAUSE),
        numbers("a second Requested-Action", REQUESTED_ACTION),
        numbers("a second Multiple-Services-Indicator", MULTIPLE_SERVICES_INDICATOR),
        fault(
            "a second Requested-Service-Unit at command level",
            &bare().with(asked(1)).with(asked(2)),
            &[5009],
            asked(2),
        ),
    ]
}

/// Within groups: the chain of the groups, and the second instance alone.
fn members() -> Vec<Row> {
    let quota = |rule, members: Vec<u8>, failed: Vec<u8>| {
        fault(rule, &bare().with(mscc(members)), &[5009], mscc(failed))
    };
    let group = |rating| m(RATING_GROUP, w(rating));
    let total = |octets| m(CC_TOTAL_OCTETS, d(octets));
    let used = |members: Vec<u8>| m(USED_SERVICE_UNIT, members);
    let asked = |members: Vec<u8>| m(REQUESTED_SERVICE_UNIT, members);
    let money = |members: Vec<u8>| asked(m(CC_MONEY, members));
    let value = |digits| m(VALUE_DIGITS, d(digits));
    let side = |side| m(TARIFF_CHANGE_USAGE, w(side));
    let named = |rule, one: Vec<u8>, other: Vec<u8>| {
        let whole = m(SUBSCRIPTION_ID, all([one, other.clone()]));
        fault(rule, &ccr().set(whole), &[5009], m(SUBSCRIPTION_ID, other))
    };
    let number = |number: &str| plain(SUBSCRIPTION_ID_E164, number);
    let extension = |members| plain(SUBSCRIPTION_ID_EXTENSION, members);
    vec![
        fault(
            "a second name of one kind in a Subscription-Id-Extension",
            &ccr().with(extension(all([number("1"), number("2")]))),
            &[5009],
            extension(number("2")),
        ),
        quota("a second Rating-Group", all([group(1), used(total(5)), group(2)]), group(2)),
        quota("a second Requested-Service-Unit", all([asked(Vec::new()), asked(total(7))]), asked(total(7))),
        quota("a second CC-Total-Octets in a report", used(all([total(5), total(6)])), used(total(6))),
        quota(
            "a second Refund-Information in a quota",
            all([v(REFUND_INFORMATION, "a"), v(REFUND_INFORMATION, "b")]),
            v(REFUND_INFORMATION, "b"),
        ),
        quota("a second Tariff-Change-Usage", used(all([side(0), side(1)])), used(side(1))),
        quota(
            "a second CC-Time in a request",
            asked(all([m(CC_TIME, w(1)), m(CC_TIME, w(2))])),
            asked(m(CC_TIME, w(2))),
        ),
        quota("a second CC-Money", asked(all([m(CC_MONEY, []), m(CC_MONEY, [])])), asked(m(CC_MONEY, []))),
        quota(
            "a second Unit-Value",
            money(all([m(UNIT_VALUE, value(1)), m(UNIT_VALUE, value(2))])),
            money(m(UNIT_VALUE, value(2))),
        ),
        quota(
            "a second Currency-Code",
            money(all([m(CURRENCY_CODE, w(398)), m(CURRENCY_CODE, w(643))])),
            money(m(CURRENCY_CODE, w(643))),
        ),
        quota(
            "a second Value-Digits",
            money(m(UNIT_VALUE, all([value(1), value(2)]))),
            money(m(UNIT_VALUE, value(2))),
        ),
        quota(
            "a second Exponent",
            money(m(UNIT_VALUE, all([value(1), m(EXPONENT, w(0)), m(EXPONENT, w(1))]))),
            money(m(UNIT_VALUE, m(EXPONENT, w(1)))),
        ),
        named("a second Subscription-Id-Data", m(SUBSCRIPTION_ID_DATA, "1"), m(SUBSCRIPTION_ID_DATA, "2")),
        named("a second Subscription-Id-Type", m(SUBSCRIPTION_ID_TYPE, w(0)), m(SUBSCRIPTION_ID_TYPE, w(1))),
    ]
}

/// What may stand any number of times, and the one bound of ours: 64 quotas.
fn many() -> Vec<Row> {
    let quota = |rating| mscc(m(RATING_GROUP, w(rating)));
    let quotas = |count| (1..=count).fold(bare(), |request, rating| request.with(quota(rating)));
    let proxy = |host: &str| m(PROXY_INFO, all([m(PROXY_HOST, host), m(PROXY_STATE, "state")]));
    let used = |octets| m(USED_SERVICE_UNIT, m(CC_TOTAL_OCTETS, d(octets)));
    let extension = |number: &str| plain(SUBSCRIPTION_ID_EXTENSION, plain(SUBSCRIPTION_ID_E164, number));
    let services = all([m(SERVICE_IDENTIFIER, w(1)), m(SERVICE_IDENTIFIER, w(2))]);
    vec![
        fault("the 65th quota", &quotas(65), &[5009], quota(65)),
        fault("66 quotas: the 65th", &quotas(66), &[5009], quota(65)),
        served("64 quotas", &quotas(64)),
        served("several Proxy-Infos", &ccr().with(proxy("a.kz")).with(proxy("b.kz"))),
        served("several Route-Records", &ccr().with(m(ROUTE_RECORD, "a.kz")).with(m(ROUTE_RECORD, "b.kz"))),
        served("several Used-Service-Units", &bare().with(mscc(all([used(1), used(2)])))),
        served("several Triggers", &bare().with(mscc(all([v(TRIGGER, []), v(TRIGGER, [])])))),
        served("several Service-Identifiers", &bare().with(mscc(services))),
        served("several Subscription-Id-Extensions", &ccr().with(extension("1")).with(extension("2"))),
    ]
}
