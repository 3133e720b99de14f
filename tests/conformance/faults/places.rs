//! AVPs that have no place in a CCR (5008), that contradict each other (5007), that nobody knows (5001), or whose flags
//! say what cannot be (RFC 6733 §4.1, §7.1.3, §7.1.5).

use super::octets::{
    AUTH_APPLICATION_ID, CC_MONEY, CC_REQUEST_NUMBER, CC_REQUEST_TYPE, CC_SESSION_FAILOVER, CC_TOTAL_OCTETS,
    CHECK_BALANCE_RESULT, COST_INFORMATION, CREDIT_CONTROL_FAILURE_HANDLING,
    DIRECT_DEBITING_FAILURE_HANDLING, EXPERIMENTAL_RESULT, FAILED_AVP, FINAL_UNIT_ACTION,
    FINAL_UNIT_INDICATION, GRANTED_SERVICE_UNIT, GX, IMS_INFORMATION, M, ORIGIN_HOST, PGW, PROXY_HOST,
    PROXY_INFO, PROXY_STATE, PS_INFORMATION, QOS_FINAL_UNIT_INDICATION, QOS_INFORMATION, RATING_GROUP,
    REQUESTED_SERVICE_UNIT, RESULT_CODE, SERVICE_INFORMATION, SESSION_ID, SUBSCRIPTION_ID, TGPP, TRIGGER,
    UNIT_VALUE, USED_SERVICE_UNIT, USER_EQUIPMENT_INFO, V, VALIDITY_TIME, VENDOR_ID,
    VENDOR_SPECIFIC_APPLICATION_ID, all, avp, bare, ccr, d, m, mscc, plain, stranger, stranger_without_m, v,
    w,
};
use super::{Row, fault, served};

pub(super) fn rows() -> Vec<Row> {
    [not_allowed(), contradicting(), unknown(), let_pass(), bits(), liberties()]
        .into_iter()
        .flatten()
        .collect()
}

/// What only an answer has (RFC 8506 §10.1).
fn not_allowed() -> Vec<Row> {
    let bad = |rule, avp: Vec<u8>| fault(rule, &ccr().with(avp.clone()), &[5008], avp);
    vec![
        bad("Result-Code in a request", m(RESULT_CODE, w(2001))),
        bad("Experimental-Result in a request", m(EXPERIMENTAL_RESULT, [])),
        bad("Failed-AVP in a request", m(FAILED_AVP, m(CC_REQUEST_TYPE, w(0)))),
        bad("Granted-Service-Unit in a request", m(GRANTED_SERVICE_UNIT, [])),
        bad("Validity-Time in a request", m(VALIDITY_TIME, w(5))),
        bad("Final-Unit-Indication in a request", m(FINAL_UNIT_INDICATION, m(FINAL_UNIT_ACTION, w(0)))),
        bad("QoS-Final-Unit-Indication in a request", plain(QOS_FINAL_UNIT_INDICATION, [])),
        bad("Cost-Information in a request", m(COST_INFORMATION, [])),
        bad("Check-Balance-Result in a request", m(CHECK_BALANCE_RESULT, w(0))),
        bad("CC-Session-Failover in a request", m(CC_SESSION_FAILOVER, w(1))),
        bad("Credit-Control-Failure-Handling in a request", m(CREDIT_CONTROL_FAILURE_HANDLING, w(0))),
        bad("Direct-Debiting-Failure-Handling in a request", m(DIRECT_DEBITING_FAILURE_HANDLING, w(0))),
    ]
}

/// 5007 names both.
fn contradicting() -> Vec<Row> {
    let auth = m(AUTH_APPLICATION_ID, w(4));
    let vendor = all([m(VENDOR_ID, w(TGPP)), m(AUTH_APPLICATION_ID, w(GX))]);
    let group = m(VENDOR_SPECIFIC_APPLICATION_ID, vendor);
    let quota = mscc(m(RATING_GROUP, w(7)));
    let asked = m(REQUESTED_SERVICE_UNIT, m(CC_TOTAL_OCTETS, d(9)));
    let used = m(USED_SERVICE_UNIT, m(CC_TOTAL_OCTETS, d(9)));
    let with = |units: &Vec<u8>| bare().with(quota.clone()).with(units.clone());
    vec![
        fault("two applications", &ccr().with(group.clone()), &[5007], all([auth, group])),
        fault("requests on both levels", &with(&asked), &[5007], all([asked.clone(), quota.clone()])),
        fault("reports on both levels", &with(&used), &[5007], all([used.clone(), quota.clone()])),
    ]
}

/// 5001 with M: the AVP in the chain of its groups, on every level.
fn unknown() -> Vec<Row> {
    let bad = |rule, avp: Vec<u8>| fault(rule, &bare().with(avp.clone()), &[5001], avp);
    let asked = |member| mscc(m(REQUESTED_SERVICE_UNIT, member));
    let information = |group, member| v(SERVICE_INFORMATION, v(group, member));
    let leading = bare().led_by(stranger());
    vec![
        bad("an unknown AVP with M", stranger()),
        fault("an unknown AVP with M in front of all others", &leading, &[5001], stranger()),
        bad("an unknown AVP of the IETF with M", m(99_999, [1, 2, 3, 4])),
        bad("an unknown AVP of 3GPP with M", v(99_999, [])),
        bad("a code of 3GPP without its vendor", m(SERVICE_INFORMATION, w(1))),
        bad("a code of the IETF with a vendor", avp(CC_REQUEST_NUMBER, V | M, TGPP, &w(1))),
        bad("an unknown AVP with M in a quota", mscc(stranger())),
        bad("an unknown AVP with M in a report", mscc(m(USED_SERVICE_UNIT, stranger()))),
        bad("an unknown AVP with M in a request for units", asked(stranger())),
        bad("an unknown AVP with M in money", asked(m(CC_MONEY, stranger()))),
        bad("an unknown AVP with M in an amount", asked(m(CC_MONEY, m(UNIT_VALUE, stranger())))),
        bad("an unknown AVP with M in a group that is not read", mscc(v(QOS_INFORMATION, stranger()))),
        bad("an unknown AVP with M in a subscriber's name", m(SUBSCRIPTION_ID, stranger())),
        bad("an unknown AVP with M in a Trigger", mscc(v(TRIGGER, stranger()))),
        bad("an unknown AVP with M in User-Equipment-Info", plain(USER_EQUIPMENT_INFO, stranger())),
        bad("an unknown AVP with M in Service-Information", v(SERVICE_INFORMATION, stranger())),
        bad("an unknown AVP with M in PS-Information", information(PS_INFORMATION, stranger())),
        bad("an unknown AVP with M in IMS-Information", information(IMS_INFORMATION, stranger())),
    ]
}

/// Without M nothing is said, on any level, not even of what stands in a group that nobody knows.
fn let_pass() -> Vec<Row> {
    let pass = |rule, avp: Vec<u8>| served(rule, &bare().with(avp));
    let proxy = all([m(PROXY_HOST, "dra.kz"), m(PROXY_STATE, "s"), stranger()]);
    vec![
        pass("an unknown AVP without M", stranger_without_m()),
        pass("an unknown AVP without M in a quota", mscc(stranger_without_m())),
        pass("an unknown AVP without M in a report", mscc(m(USED_SERVICE_UNIT, stranger_without_m()))),
        pass("an unknown AVP without M in Service-Information", v(SERVICE_INFORMATION, stranger_without_m())),
        pass("an unknown group without M and with M in it", avp(4_444, V, 4_242, &stranger())),
        // it is the proxy's own affair, and goes back as it came
        pass("an unknown AVP with M in Proxy-Info", m(PROXY_INFO, proxy)),
    ]
}

/// V with a Vendor-Id of zero is no way to write an AVP (§4.1): 3009 and 5016 are two names of one fault. M set or clear
/// where it should not be, P and the reserved bits say nothing.
fn bits() -> Vec<Row> {
    let bad = |rule, avp: Vec<u8>| fault(rule, &ccr().set(avp.clone()), &[3009, 5016], avp);
    let zero = |code, data: &[u8]| avp(code, V | M, 0, data);
    let quota = mscc(zero(RATING_GROUP, &w(1)));
    vec![
        bad("a Session-Id with a Vendor-Id of zero", zero(SESSION_ID, b"pgw.epc.kz;1;2")),
        bad("a CC-Request-Number with a Vendor-Id of zero", zero(CC_REQUEST_NUMBER, &w(0))),
        fault("a Rating-Group with a Vendor-Id of zero", &bare().with(quota.clone()), &[3009, 5016], quota),
        served("an unknown AVP with a Vendor-Id of zero and no M", &ccr().with(avp(4_444, V, 0, &w(1)))),
        served(
            "no M where it belongs",
            &ccr().set(plain(CC_REQUEST_TYPE, w(1))).set(plain(ORIGIN_HOST, PGW)),
        ),
        served("M where it does not belong", &ccr().with(m(USER_EQUIPMENT_INFO, []))),
        served("P and reserved bits in an AVP", &ccr().set(avp(CC_REQUEST_TYPE, M | 0x3f, 0, &w(1)))),
    ]
}

/// What real clients do, and the standard would let a server refuse.
fn liberties() -> Vec<Row> {
    let mut padded = ccr().octets();
    // the two octets behind `pgw.epc.kz;1;2`
    padded[42..44].copy_from_slice(&[0xaa, 0x55]);
    let last = ccr().without(SESSION_ID).with(m(SESSION_ID, "pgw.epc.kz;1;2"));
    vec![
        served("a CCR", &ccr()),
        served("Session-Id behind all others", &last),
        Row { octets: padded, ..served("padding that is not zero", &ccr()) },
    ]
}
