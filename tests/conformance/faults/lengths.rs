//! Lengths (RFC 6733 §4.1, §7.1.5: 5014): not that of the format, beyond what is there, below the header; and how much
//! a message may hold.
//!
//! What has the wrong length for its format is repeated as it came. Where the length itself is of no use the header is
//! repeated, with the shortest value of the format, zeros; of a group and of text that is nothing.

use super::octets::{
    ADDRESS_TYPE, AOC_REQUEST_TYPE, AUTH_APPLICATION_ID, CC_MONEY, CC_REQUEST_NUMBER, CC_REQUEST_TYPE,
    CC_SERVICE_SPECIFIC_UNITS, CC_SUB_SESSION_ID, CC_TIME, CC_TOTAL_OCTETS, EVENT_TIMESTAMP, EXPONENT,
    IMS_INFORMATION, M, MULTIPLE_SERVICES_CREDIT_CONTROL, MULTIPLE_SERVICES_INDICATOR,
    NUMBER_OF_MESSAGES_SENT, ORIGIN_HOST, ORIGIN_STATE_ID, PS_INFORMATION, RATING_GROUP, RECIPIENT_ADDRESS,
    RECIPIENT_INFO, REPORTING_REASON, REQUESTED_ACTION, REQUESTED_SERVICE_UNIT, ROLE_OF_NODE, Request,
    SERVICE_IDENTIFIER, SERVICE_INFORMATION, SGSN_ADDRESS, SMS_INFORMATION, SUBSCRIPTION_ID,
    SUBSCRIPTION_ID_DATA, SUBSCRIPTION_ID_TYPE, TARIFF_CHANGE_USAGE, TERMINATION_CAUSE, TGPP, TRIGGER,
    TRIGGER_TYPE, UNIT_VALUE, USED_SERVICE_UNIT, V, VALUE_DIGITS, all, avp, bare, ccr, claiming, d, m, mscc,
    plain, stranger_without_m, v, w,
};
use super::{Row, fault, served};

pub(super) fn rows() -> Vec<Row> {
    [formats(), message_ends(), group_ends(), bounds()].into_iter().flatten().collect()
}

fn formats() -> Vec<Row> {
    let wrong = |rule, avp: Vec<u8>| fault(rule, &ccr().set(avp.clone()), &[5014], avp);
    let more = |rule, avp: Vec<u8>| fault(rule, &ccr().with(avp.clone()), &[5014], avp);
    let quota =
        |rule, member: Vec<u8>| fault(rule, &bare().with(mscc(member.clone())), &[5014], mscc(member));
    let used = |member| m(USED_SERVICE_UNIT, member);
    let asked = |member| m(REQUESTED_SERVICE_UNIT, member);
    let amount = |member| asked(m(CC_MONEY, m(UNIT_VALUE, member)));
    let inside = |group, member| v(SERVICE_INFORMATION, v(group, member));
    let short = |code| m(code, [0, 0, 1]);
    vec![
        wrong("CC-Request-Type of 3 octets", short(CC_REQUEST_TYPE)).e(),
        wrong("CC-Request-Type of 5 octets", m(CC_REQUEST_TYPE, [0, 0, 0, 1, 0])).e(),
        wrong("CC-Request-Number of 8 octets", m(CC_REQUEST_NUMBER, d(1))).e(),
        wrong("Auth-Application-Id of no octets", m(AUTH_APPLICATION_ID, [])),
        more("Event-Timestamp of 8 octets", m(EVENT_TIMESTAMP, d(1))),
        more("Origin-State-Id of 3 octets", short(ORIGIN_STATE_ID)),
        more("Termination-Cause of 2 octets", m(TERMINATION_CAUSE, [0, 1])),
        more("Requested-Action of 8 octets", m(REQUESTED_ACTION, d(0))),
        more("Multiple-Services-Indicator of 3 octets", short(MULTIPLE_SERVICES_INDICATOR)),
        more("AoC-Request-Type of 1 octet", v(AOC_REQUEST_TYPE, [0])),
        more("CC-Sub-Session-Id of 4 octets", m(CC_SUB_SESSION_ID, w(1))),
        wrong("Subscription-Id-Type of 1 octet", m(SUBSCRIPTION_ID, m(SUBSCRIPTION_ID_TYPE, [0]))),
        quota("Rating-Group of 2 octets", m(RATING_GROUP, [0, 1])),
        quota("Service-Identifier of 8 octets", m(SERVICE_IDENTIFIER, d(1))),
        quota("CC-Total-Octets of 4 octets", used(m(CC_TOTAL_OCTETS, w(1)))),
        quota("CC-Service-Specific-Units of 4 octets", used(m(CC_SERVICE_SPECIFIC_UNITS, w(1)))),
        quota("Tariff-Change-Usage of 1 octet", used(m(TARIFF_CHANGE_USAGE, [1]))),
        quota("Reporting-Reason of 1 octet", used(v(REPORTING_REASON, [1]))),
        quota("Trigger-Type of 2 octets", v(TRIGGER, v(TRIGGER_TYPE, [0, 1]))),
        quota("CC-Time of 8 octets", asked(m(CC_TIME, d(1)))),
        quota("Value-Digits of 4 octets", amount(m(VALUE_DIGITS, w(1)))),
        quota("Exponent of 8 octets", amount(m(EXPONENT, d(1)))),
        more("Role-Of-Node of 3 octets", inside(IMS_INFORMATION, v(ROLE_OF_NODE, [0, 0, 1]))),
        more(
            "Number-Of-Messages-Sent of 8 octets",
            inside(SMS_INFORMATION, v(NUMBER_OF_MESSAGES_SENT, d(1))),
        ),
    ]
}

/// An AVP that the message ends in the middle of: of what stands behind it nothing is known.
fn message_ends() -> Vec<Row> {
    let ends = |rule, culprit: Vec<u8>, failed| fault(rule, &ccr().with(culprit), &[5014], failed);
    // too short to be the head of a CCR, and so of its answer
    let early = ccr().set(claiming(CC_REQUEST_TYPE, M, 0, 4_000, &w(1)));
    let identity = claiming(ORIGIN_HOST, M, 0, 4_000, b"pgw.");
    let mut doubled = bare();
    doubled.avps.insert(7, claiming(ORIGIN_STATE_ID, M, 0, 4_000, &w(1)));
    // "AVPs do not add up" is 5015 as well; the code that can name the AVP is the better one
    let cut =
        fault("a header of 4 octets", &ccr().with(vec![0, 0, 1, 0x16]), &[5014, 5015], plain(0x116, []));
    vec![
        ends("a number beyond the end", claiming(ORIGIN_STATE_ID, M, 0, 16, &w(1)), m(ORIGIN_STATE_ID, w(0))),
        ends(
            "a number of 64 bits beyond the end",
            claiming(CC_SUB_SESSION_ID, M, 0, 0xff_ffff, &d(1)),
            m(CC_SUB_SESSION_ID, d(0)),
        ),
        ends(
            "text beyond the end",
            claiming(SERVICE_INFORMATION, 0, 0, 64, b"abcd"),
            plain(SERVICE_INFORMATION, []),
        ),
        ends(
            "a group beyond the end",
            claiming(SUBSCRIPTION_ID, M, 0, 64, &m(SUBSCRIPTION_ID_DATA, "7")),
            m(SUBSCRIPTION_ID, []),
        ),
        ends(
            "an AVP of 3GPP beyond the end",
            claiming(ROLE_OF_NODE, V | M, TGPP, 64, &w(0)),
            v(ROLE_OF_NODE, w(0)),
        ),
        ends(
            "an address beyond the end",
            claiming(SGSN_ADDRESS, V | M, TGPP, 64, &w(0)),
            v(SGSN_ADDRESS, [0; 6]),
        ),
        ends("a length of zero", claiming(ORIGIN_STATE_ID, M, 0, 0, &w(1)), m(ORIGIN_STATE_ID, w(0))),
        ends("a length of 7", claiming(ORIGIN_STATE_ID, M, 0, 7, &w(1)), m(ORIGIN_STATE_ID, w(0))),
        ends(
            "a length of 8 with a Vendor-Id",
            claiming(REPORTING_REASON, V | M, TGPP, 8, &w(1)),
            v(REPORTING_REASON, w(0)),
        ),
        ends(
            "a length of 11 with a Vendor-Id",
            claiming(REPORTING_REASON, V | M, TGPP, 11, &[]),
            v(REPORTING_REASON, w(0)),
        ),
        ends(
            "the end before the Vendor-Id",
            claiming(REPORTING_REASON, M, 0, 16, &[])
                .into_iter()
                .enumerate()
                .map(|(at, octet)| if at == 4 { V | M } else { octet })
                .collect(),
            avp(REPORTING_REASON, V | M, 0, &[]),
        ),
        ends(
            "a length of zero of an unknown AVP without M",
            claiming(4_444, 0, 0, 0, &w(1)),
            plain(4_444, []),
        ),
        cut,
        fault("CC-Request-Type beyond the end", &early, &[5014], m(CC_REQUEST_TYPE, w(0))).e(),
        fault("Origin-Host beyond the end", &ccr().set(identity), &[5014], m(ORIGIN_HOST, [])).e(),
        fault(
            "a number beyond the end in front of CC-Request-Number",
            &doubled,
            &[5014],
            m(ORIGIN_STATE_ID, w(0)),
        )
        .e(),
    ]
}

/// An AVP that its group ends in the middle of: the chain of the groups, and the culprit alone.
fn group_ends() -> Vec<Row> {
    let quota = |rule, members: Vec<u8>, failed: Vec<u8>| {
        fault(rule, &bare().with(mscc(members)), &[5014], mscc(failed))
    };
    let more = |rule, avp: Vec<u8>, failed| fault(rule, &ccr().with(avp), &[5014], failed);
    let group = |rating| m(RATING_GROUP, w(rating));
    let recipient = |member: Vec<u8>| {
        v(SERVICE_INFORMATION, v(SMS_INFORMATION, v(RECIPIENT_INFO, v(RECIPIENT_ADDRESS, member))))
    };
    let mut behind = bare().with(mscc(claiming(RATING_GROUP, M, 0, 16, &w(1))));
    behind.avps.push(stranger_without_m());
    vec![
        quota("a number beyond its group", claiming(RATING_GROUP, M, 0, 16, &w(1)), group(0)),
        fault("the same with more behind the group", &behind, &[5014], mscc(group(0))),
        quota(
            "a number beyond its group behind another",
            all([group(1), claiming(SERVICE_IDENTIFIER, M, 0, 64, &w(1))]),
            m(SERVICE_IDENTIFIER, w(0)),
        ),
        quota("a length of zero in a group", claiming(RATING_GROUP, M, 0, 0, &w(1)), group(0)),
        quota(
            "a group beyond its group",
            claiming(REQUESTED_SERVICE_UNIT, M, 0, 64, &m(CC_TIME, w(1))),
            m(REQUESTED_SERVICE_UNIT, []),
        ),
        quota(
            "a number beyond a group in a group",
            m(USED_SERVICE_UNIT, claiming(CC_TOTAL_OCTETS, M, 0, 64, &d(1))),
            m(USED_SERVICE_UNIT, m(CC_TOTAL_OCTETS, d(0))),
        ),
        quota(
            "a header cut off in a group in a group",
            m(USED_SERVICE_UNIT, [0x12, 0x34]),
            m(USED_SERVICE_UNIT, plain(0x1234_0000, [])),
        ),
        more(
            "text beyond its group",
            m(SUBSCRIPTION_ID, claiming(SUBSCRIPTION_ID_DATA, M, 0, 64, b"7701")),
            m(SUBSCRIPTION_ID, m(SUBSCRIPTION_ID_DATA, [])),
        ),
        more(
            "an address beyond its group",
            v(SERVICE_INFORMATION, v(PS_INFORMATION, claiming(SGSN_ADDRESS, V | M, TGPP, 64, &w(1)))),
            v(SERVICE_INFORMATION, v(PS_INFORMATION, v(SGSN_ADDRESS, [0; 6]))),
        ),
        more(
            "a number beyond the fourth group",
            recipient(claiming(ADDRESS_TYPE, V | M, TGPP, 64, &w(1))),
            recipient(v(ADDRESS_TYPE, w(0))),
        ),
    ]
}

fn nested(levels: usize, inner: Vec<u8>) -> Vec<u8> {
    (0..levels).fold(inner, |inner, _| m(MULTIPLE_SERVICES_CREDIT_CONTROL, inner))
}

/// How much a message may hold: 512 AVPs (5009 for the next one) on 16 levels (5014 for the group that opens one more).
fn bounds() -> Vec<Row> {
    let filled = |count: usize| -> Request {
        let mut request = bare();
        // the request has nine AVPs and two in its Subscription-Id
        request.avps.extend((11..count).map(|_| stranger_without_m()));
        request
    };
    vec![
        fault("the 513th AVP", &filled(513), &[5009], stranger_without_m()),
        served("512 AVPs", &filled(512)),
        fault(
            "the seventeenth level",
            &bare().with(nested(16, m(RATING_GROUP, w(1)))),
            &[5014],
            nested(16, Vec::new()),
        ),
        fault(
            "a thousand levels",
            &bare().with(nested(1_000, m(RATING_GROUP, w(1)))),
            &[5014],
            nested(16, Vec::new()),
        ),
        served("sixteen levels", &bare().with(nested(15, m(RATING_GROUP, w(1))))),
    ]
}
