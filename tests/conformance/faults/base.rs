//! CER, DWR and DPR (RFC 6733 §5.3 to §5.5, §6.11).

use super::octets::{
    ACCT_APPLICATION_ID, AUTH_APPLICATION_ID, DESTINATION_REALM, DISCONNECT_CAUSE, E, FIRMWARE_REVISION, GX,
    GY, HOST_IP_ADDRESS, INBAND_SECURITY_ID, M, ORIGIN_HOST, ORIGIN_REALM, ORIGIN_STATE_ID, P, PGW,
    PRODUCT_NAME, R, Request, SERVICE_INFORMATION, SUPPORTED_VENDOR_ID, T, TGPP, V, VENDOR_ID,
    VENDOR_SPECIFIC_APPLICATION_ID, all, avp, cer, claiming, d, dpr, dwr, m, plain, stranger,
    stranger_without_m, v, w,
};
use super::{After, Row, Then, When, done, fault, row};

pub(super) fn rows() -> Vec<Row> {
    [cer_lacks(), cer_holds(), cer_applications(), cer_again(), watchdogs(), good_byes()]
        .into_iter()
        .flatten()
        .collect()
}

/// A CER that is refused: the connection ends behind the CEA.
fn refused(rule: &'static str, request: &Request, codes: &'static [u32], failed: Vec<u8>) -> Row {
    fault(rule, request, codes, failed).first().then(After::Closed)
}

fn accepted(rule: &'static str, request: &Request) -> Row {
    done(rule, request).first()
}

fn cer_lacks() -> Vec<Row> {
    let lacks = |rule, code, example| refused(rule, &cer().without(code), &[5005], example);
    vec![
        lacks("no Origin-Host in CER", ORIGIN_HOST, m(ORIGIN_HOST, "")),
        lacks("no Origin-Realm in CER", ORIGIN_REALM, m(ORIGIN_REALM, "")),
        lacks("no Host-IP-Address in CER", HOST_IP_ADDRESS, m(HOST_IP_ADDRESS, [0; 6])),
        lacks("no Vendor-Id in CER", VENDOR_ID, m(VENDOR_ID, w(0))),
        lacks("no Product-Name in CER", PRODUCT_NAME, plain(PRODUCT_NAME, "")),
    ]
}

fn cer_holds() -> Vec<Row> {
    let twice = |rule, avp: Vec<u8>| refused(rule, &cer().with(avp.clone()), &[5009], avp);
    let wrong = |rule, codes, avp: Vec<u8>| refused(rule, &cer().set(avp.clone()), codes, avp);
    let more = |rule, codes, avp: Vec<u8>| refused(rule, &cer().with(avp.clone()), codes, avp);
    let states = [1, 2].map(|state| m(ORIGIN_STATE_ID, w(state)));
    let firmware = [1, 2].map(|revision| plain(FIRMWARE_REVISION, w(revision)));
    let address = |octets: &[u8]| m(HOST_IP_ADDRESS, octets);
    let header = |rule, flags| refused(rule, &cer().flags(flags), &[3008], Vec::new());
    let beyond = claiming(ORIGIN_STATE_ID, M, 0, 16, &w(1));
    vec![
        twice("a second Origin-Host in CER", m(ORIGIN_HOST, "other.kz")),
        twice("a second Origin-Realm in CER", m(ORIGIN_REALM, "kz")),
        twice("a second Vendor-Id in CER", m(VENDOR_ID, w(1))),
        twice("a second Product-Name in CER", plain(PRODUCT_NAME, "other")),
        refused(
            "a second Origin-State-Id in CER",
            &cer().with(states[0].clone()).with(states[1].clone()),
            &[5009],
            states[1].clone(),
        ),
        refused(
            "a second Firmware-Revision in CER",
            &cer().with(firmware[0].clone()).with(firmware[1].clone()),
            &[5009],
            firmware[1].clone(),
        ),
        more("an unknown AVP with M in CER", &[5001], stranger()),
        more("an unknown AVP of the IETF with M in CER", &[5001], m(9_999, [1, 2, 3, 4])),
        more("Origin-Host's code of a vendor in CER", &[5001], avp(ORIGIN_HOST, V | M, 9, b"pgw.kz")),
        more("an AVP of charging with M in CER", &[5001], v(SERVICE_INFORMATION, "")),
        wrong("an empty Origin-Host in CER", &[5004], m(ORIGIN_HOST, "")),
        wrong("an Origin-Host with a blank in CER", &[5004], m(ORIGIN_HOST, "p gw.kz")),
        wrong("an Origin-Host with a dot at its end in CER", &[5004], m(ORIGIN_HOST, "pgw.kz.")),
        wrong("an Origin-Realm that is no text in CER", &[5004], m(ORIGIN_REALM, [0xff, 0xfe])),
        wrong("a Product-Name that is no text in CER", &[5004], plain(PRODUCT_NAME, [0xff])),
        wrong("an address of a telephone that is no number", &[5004], address(&[0, 8, b'x'])),
        wrong("an address without a family", &[5014], address(&[1])),
        wrong("an address of no octets", &[5014], address(&[])),
        wrong("an IPv4 address of five octets", &[5014], address(&[0, 1, 10, 0, 0, 1, 1])),
        wrong("an IPv6 address of four octets", &[5014], address(&[0, 2, 10, 0, 0, 1])),
        more("a second address that is no address", &[5014], address(&[0, 1, 10])),
        wrong("a Vendor-Id of three octets", &[5014], m(VENDOR_ID, [0, 0, 1])),
        wrong("an Auth-Application-Id of eight octets in CER", &[5014], m(AUTH_APPLICATION_ID, d(4))),
        more("an Origin-State-Id of eight octets in CER", &[5014], m(ORIGIN_STATE_ID, d(1))),
        more("a Firmware-Revision of no octets", &[5014], plain(FIRMWARE_REVISION, "")),
        more("an Inband-Security-Id of two octets", &[5014], m(INBAND_SECURITY_ID, [0, 0])),
        refused("an AVP beyond the end of a CER", &cer().with(beyond), &[5014], m(ORIGIN_STATE_ID, w(0))),
        wrong(
            "an Origin-Host with a Vendor-Id of zero",
            &[3009, 5016],
            avp(ORIGIN_HOST, V | M, 0, PGW.as_bytes()),
        ),
        header("P in CER", R | P),
        header("E in CER", R | E),
        accepted("T in CER", &cer().flags(R | T)),
        accepted("an unknown AVP without M in CER", &cer().with(stranger_without_m())),
        accepted(
            "several addresses",
            &cer().with(address(&[0, 1, 10, 0, 0, 1])).with(address(&[0, 3, 1, 2, 3])),
        ),
        accepted(
            "several Supported-Vendor-Ids",
            &cer().with(m(SUPPORTED_VENDOR_ID, w(TGPP))).with(m(SUPPORTED_VENDOR_ID, w(0))),
        ),
        accepted("no M in CER", &cer().set(plain(ORIGIN_HOST, PGW)).set(plain(VENDOR_ID, w(0)))),
        accepted("a Destination-Realm in CER", &cer().with(m(DESTINATION_REALM, "kz"))),
        // no answer of ours has 5017: security below TCP is the network's affair here
        accepted("TLS in CER", &cer().with(m(INBAND_SECURITY_ID, w(1)))),
    ]
}

/// The applications of both sides, by number (§5.3). What is malformed is taken as far as it names one that we have;
/// where it names none, §6.11 says what is wrong.
fn cer_applications() -> Vec<Row> {
    let auth = |id| m(AUTH_APPLICATION_ID, w(id));
    let acct = |id| m(ACCT_APPLICATION_ID, w(id));
    let group = |members: Vec<u8>| m(VENDOR_SPECIFIC_APPLICATION_ID, members);
    let vendor = || m(VENDOR_ID, w(TGPP));
    let only = |avp: Vec<u8>| cer().without(AUTH_APPLICATION_ID).with(avp);
    let strange = row("a peer that nobody has named", cer().octets(), refusal(&[3010], true), After::Closed);
    vec![
        refused("no application", &cer().without(AUTH_APPLICATION_ID), &[5010], Vec::new()),
        refused("another application", &only(auth(GX)), &[5010], Vec::new()),
        refused(
            "another application of a vendor",
            &only(group(all([vendor(), auth(GX)]))),
            &[5010],
            Vec::new(),
        ),
        refused(
            "a vendor-specific application without number",
            &only(group(vendor())),
            &[5005],
            group(all([auth(0), acct(0)])),
        ),
        refused(
            "a vendor-specific application of both kinds",
            &only(group(all([vendor(), acct(3), auth(GX)]))),
            &[5009],
            group(all([auth(GX), acct(3)])),
        ),
        accepted("an application in a vendor's group", &only(group(all([vendor(), auth(GY)])))),
        accepted("two Vendor-Ids in the group", &only(group(all([vendor(), m(VENDOR_ID, w(0)), auth(GY)])))),
        accepted(
            "both kinds in the group, one of them ours",
            &only(group(all([vendor(), auth(GY), acct(3)]))),
        ),
        accepted("a group without number beside an application", &cer().with(group(vendor()))),
        accepted("credit control as accounting", &only(acct(GY))),
        accepted("a relay", &only(auth(0xffff_ffff))),
        Row { when: When::FirstOfStranger, ..strange },
    ]
}

fn refusal(codes: &'static [u32], e: bool) -> Then {
    Then::Refused { codes, e, failed: Vec::new() }
}

/// The state table has no row for it: a CER on an open connection changes nothing.
fn cer_again() -> Vec<Row> {
    let again = |rule, request: Request, codes, failed| fault(rule, &request, codes, failed);
    vec![
        done("the same CER again", &cer()),
        again("a CER of another host again", cer().set(m(ORIGIN_HOST, "other.kz")), &[5012], Vec::new()),
        again("a CER without host again", cer().without(ORIGIN_HOST), &[5005], m(ORIGIN_HOST, "")),
        again("a CER without application again", cer().without(AUTH_APPLICATION_ID), &[5010], Vec::new()),
    ]
}

fn watchdogs() -> Vec<Row> {
    let bent = |rule, request: Request, codes, failed| fault(rule, &request, codes, failed);
    let state = |value: &[u8]| m(ORIGIN_STATE_ID, value);
    let more = |rule, codes, avp: Vec<u8>| fault(rule, &dwr().with(avp.clone()), codes, avp);
    vec![
        bent("no Origin-Host in DWR", dwr().without(ORIGIN_HOST), &[5005], m(ORIGIN_HOST, "")),
        bent("no Origin-Realm in DWR", dwr().without(ORIGIN_REALM), &[5005], m(ORIGIN_REALM, "")),
        more("a second Origin-Host in DWR", &[5009], m(ORIGIN_HOST, "other.kz")),
        bent(
            "a second Origin-State-Id in DWR",
            dwr().with(state(&w(1))).with(state(&w(2))),
            &[5009],
            state(&w(2)),
        ),
        more("an unknown AVP with M in DWR", &[5001], stranger()),
        more("an Origin-State-Id of three octets in DWR", &[5014], state(&[0, 0, 1])),
        bent(
            "an Origin-Host that is no name in DWR",
            dwr().set(m(ORIGIN_HOST, "..")),
            &[5004],
            m(ORIGIN_HOST, ".."),
        ),
        bent(
            "an AVP beyond the end of a DWR",
            dwr().with(claiming(ORIGIN_STATE_ID, M, 0, 200, &w(1))),
            &[5014],
            state(&w(0)),
        ),
        more(
            "an Origin-State-Id with a Vendor-Id of zero",
            &[3009, 5016],
            avp(ORIGIN_STATE_ID, V | M, 0, &w(1)),
        ),
        bent("P in DWR", dwr().flags(R | P), &[3008], Vec::new()),
        bent("E in DWR", dwr().flags(R | E), &[3008], Vec::new()),
        done("a DWR", &dwr()),
        done("T in DWR", &dwr().flags(R | T)),
        done("an unknown AVP without M in DWR", &dwr().with(stranger_without_m())),
        done("an AVP of the base protocol that has no place in DWR", &dwr().with(m(DISCONNECT_CAUSE, w(0)))),
    ]
}

/// A good-bye with a fault is a good-bye: the state table has no other way from DPR than Closing.
fn good_byes() -> Vec<Row> {
    let bent =
        |rule, request: Request, codes, failed| fault(rule, &request, codes, failed).then(After::Closing);
    let more = |rule, codes, avp: Vec<u8>| bent(rule, dpr().with(avp.clone()), codes, avp);
    let cause = |value: &[u8]| m(DISCONNECT_CAUSE, value);
    vec![
        bent("no Origin-Host in DPR", dpr().without(ORIGIN_HOST), &[5005], m(ORIGIN_HOST, "")),
        bent("no Origin-Realm in DPR", dpr().without(ORIGIN_REALM), &[5005], m(ORIGIN_REALM, "")),
        bent("no Disconnect-Cause in DPR", dpr().without(DISCONNECT_CAUSE), &[5005], cause(&w(0))),
        more("a second Disconnect-Cause", &[5009], cause(&w(1))),
        bent("a Disconnect-Cause of one octet", dpr().set(cause(&[0])), &[5014], cause(&[0])),
        more("an unknown AVP with M in DPR", &[5001], stranger()),
        fault("P in DPR", &dpr().flags(R | P), &[3008], Vec::new()),
        fault("E in DPR", &dpr().flags(R | E), &[3008], Vec::new()),
        done("a DPR", &dpr()).then(After::Closing),
        done("a Disconnect-Cause that nobody knows", &dpr().set(cause(&w(9)))).then(After::Closing),
        done("an Origin-State-Id in DPR", &dpr().with(m(ORIGIN_STATE_ID, w(1)))).then(After::Closing),
    ]
}
