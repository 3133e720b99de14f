//! The header of a message (RFC 6733 §3), and where it is to go (§6.1): versions, lengths, flags, commands,
//! applications, destinations, routes.

use super::octets::{
    CCR, CER, DESTINATION_HOST, DESTINATION_REALM, DPR, DWR, E, GX, GY, ORIGIN_HOST, P, PGW, R, RESULT_CODE,
    ROUTE_RECORD, Request, SESSION_ID, T, ccr, cer, dwr, m, message, w,
};
use super::{After, Row, Then, fault, row, served};

pub(super) fn rows() -> Vec<Row> {
    [stream(), flags(), answers(), commands(), destinations()].into_iter().flatten().collect()
}

/// The octets of a request with its first four (version and length) written over.
fn begins(request: &Request, first: [u8; 4]) -> Vec<u8> {
    let mut octets = request.octets();
    octets[..4].copy_from_slice(&first);
    octets
}

/// What cannot be cut off the stream is answered where its header is there, and the connection ends: §7.1.5 lets an
/// error answer stand (E) for 5011 and 5015.
fn stream() -> Vec<Row> {
    let broken = |rule, first, codes| {
        let then = Then::Refused { codes, e: true, failed: Vec::new() };
        row(rule, begins(&ccr(), first), then, After::Closed)
    };
    let silent = |rule, octets| row(rule, octets, Then::Silence, After::Closed);
    let mut answer = begins(&ccr(), [2, 0, 0, 20]);
    answer[4] = P;
    let mut short_answer = begins(&ccr(), [1, 0, 0, 21]);
    short_answer[4] = P;
    vec![
        broken("version 0", [0, 0, 0, 20], &[5011]),
        broken("version 2", [2, 0, 0, 20], &[5011]),
        broken("version 255", [255, 0, 0, 20], &[5011]),
        broken("a message of no octets", [1, 0, 0, 0], &[5015]),
        broken("a message of 16 octets", [1, 0, 0, 16], &[5015]),
        broken("a message of 19 octets", [1, 0, 0, 19], &[5015]),
        broken("a message of 21 octets", [1, 0, 0, 21], &[5015]),
        broken("a message of 22 octets", [1, 0, 0, 22], &[5015]),
        broken("a message of 23 octets", [1, 0, 0, 23], &[5015]),
        broken("a message of more than 64 KiB", [1, 1, 0, 4], &[5015]),
        broken("a message of 16 MiB", [1, 255, 255, 252], &[5015]),
        silent("an answer of version 2", answer),
        silent("an answer of 21 octets", short_answer),
        silent("a first message of version 2", begins(&cer(), [2, 0, 0, 20])).first(),
        silent("a first message of 21 octets", begins(&cer(), [1, 0, 0, 21])).first(),
        silent("a first message of more than 4 KiB", begins(&cer(), [1, 0, 16, 4])).first(),
        silent("a first message that is no CER", dwr().octets()).first(),
        silent("a first message that is a CEA", cer().flags(0).octets()).first(),
    ]
}

/// §3: E is for answers; P is set in a CCR and clear in CER, DWR and DPR; T and the reserved bits say nothing.
/// 3008 and 5013 are two names of one fault.
fn flags() -> Vec<Row> {
    let bent = |rule, flags| fault(rule, &ccr().flags(flags), &[3008], Vec::new());
    let clear = |rule, flags| served(rule, &ccr().flags(flags));
    let unknown = message(R | P | E, 9_999_999, GY, &[m(SESSION_ID, "pgw.epc.kz;1;2")]);
    let either = Then::Refused { codes: &[3001, 3008], e: true, failed: Vec::new() };
    vec![
        bent("E in a CCR", R | P | E),
        bent("E and T in a CCR", R | P | E | T),
        bent("no P in a CCR", R),
        bent("no P in a CCR that is sent again", R | T),
        bent("E and no P in a CCR", R | E),
        row("E in an unknown command", unknown, either, After::Open),
        clear("T in a CCR", R | P | T),
        clear("reserved bits in a CCR", R | P | 0x0f),
    ]
}

/// An answer is never answered, whatever is wrong with it; T in an answer says nothing.
fn answers() -> Vec<Row> {
    let silent = |rule, flags, command, application, avps: &[Vec<u8>]| {
        row(rule, message(flags, command, application, avps), Then::Silence, After::Open)
    };
    let head = [m(SESSION_ID, "s"), m(RESULT_CODE, w(2001)), m(ORIGIN_HOST, PGW)];
    let broken = [m(SESSION_ID, "s"), vec![0, 0, 1, 12, 0x40, 0, 0, 3]];
    vec![
        silent("an answer that nobody waits for", P, 258, GY, &head),
        silent("T in an answer", P | T, 258, GY, &head),
        silent("E and T in an answer", P | E | T, 258, GY, &head),
        silent("reserved bits in an answer", P | 0x0f, 258, GY, &head),
        silent("an answer without anything", P, 258, GY, &[]),
        silent("an answer with an AVP of no length", P, 258, GY, &broken),
        silent("an answer of an unknown command", P, 9_999_999, GY, &head),
        silent("an answer of another application", P, 258, GX, &head),
        silent("a CCA", P, CCR, GY, &head),
        silent("a CEA that nobody waits for", 0, CER, 0, &head),
        silent("a DWA that nobody waits for", 0, DWR, 0, &head),
        silent("a DWA with T", T, DWR, 0, &head),
        silent("a DPA that nobody waits for", 0, DPR, 0, &head),
    ]
}

fn commands() -> Vec<Row> {
    let bent = |rule, flags, command, application, codes| {
        let octets = message(flags, command, application, &[m(SESSION_ID, "pgw.epc.kz;1;2")]);
        row(rule, octets, Then::Refused { codes, e: true, failed: Vec::new() }, After::Open)
    };
    vec![
        bent("an unknown command", R | P, 9_999_999, GY, &[3001]),
        bent("an unknown command without P", R, 9_999_999, GY, &[3001]),
        bent("an unknown command of the base protocol", R | P, 9_999_999, 0, &[3001]),
        bent("an unknown command of an unknown application", R | P, 9_999_999, 9_999, &[3001, 3007]),
        bent("STR: credit control has none", R | P, 275, GY, &[3001]),
        bent("RAR to a server", R | P, 258, GY, &[3001]),
        bent("ASR to a server", R | P, 274, GY, &[3001]),
        bent("ACR", R | P, 271, 3, &[3001, 3007]),
        bent("a CCR of Gx", R | P, CCR, GX, &[3007]),
        bent("a CCR of the base protocol", R | P, CCR, 0, &[3007]),
        bent("a CCR of accounting", R | P, CCR, 3, &[3007]),
        bent("a CCR of the relay application", R | P, CCR, 0xffff_ffff, &[3007]),
        bent("a DWR of credit control", R, DWR, GY, &[3001, 3007]),
        bent("a DPR of credit control", R, DPR, GY, &[3001, 3007]),
        bent("a CER of credit control", R, CER, GY, &[3001, 3007]),
        bent("a CCR of Gx without P", R, CCR, GX, &[3007, 3008]),
    ]
}

/// §6.1.4, §6.1.6, §7.1.3. Nothing is forwarded here; the peer's own realm is served, since it asks us directly.
fn destinations() -> Vec<Row> {
    let host = |name: &str| m(DESTINATION_HOST, name);
    let realm = |name: &str| m(DESTINATION_REALM, name);
    let route = |name: &str| m(ROUTE_RECORD, name);
    let bent = |rule, request: Request, codes| fault(rule, &request, codes, Vec::new());
    let none = || ccr().without(DESTINATION_REALM);
    vec![
        bent("another Destination-Host", ccr().with(host("other.kz")), &[3002]),
        bent("another Destination-Host without realm", none().with(host("other.kz")), &[3002]),
        bent("our Destination-Host without realm", none().with(host("ocs.kz")), &[3002]),
        bent("an empty Destination-Host", ccr().with(host("")), &[3002]),
        bent(
            "a second Destination-Host, of another",
            ccr().with(host("ocs.kz")).with(host("other.kz")),
            &[3002],
        ),
        bent("another Destination-Realm", ccr().set(realm("other.kz")), &[3003]),
        bent(
            "another Destination-Realm and our host",
            ccr().set(realm("other.kz")).with(host("ocs.kz")),
            &[3003],
        ),
        bent("an empty Destination-Realm", ccr().set(realm("")), &[3003]),
        bent("a realm below ours", ccr().set(realm("sub.kz")), &[3003]),
        bent("we in Route-Record", ccr().with(route("ocs.kz")), &[3005]),
        bent("we in the second Route-Record", ccr().with(route("dra.kz")).with(route("ocs.kz")), &[3005]),
        bent("we in Route-Record in capitals", ccr().with(route("OCS.KZ")), &[3005]),
        served("we in Destination-Host", &ccr().with(host("OCS.kz"))),
        served("our realm in capitals", &ccr().set(realm("KZ"))),
        served("the realm of the peer", &ccr().set(realm("epc.kz"))),
        served("others in Route-Record", &ccr().with(route("dra.kz")).with(route("dra.kz"))),
    ]
}
