//! Golden octets of RAR, ASR and RAA, put together by a script that knows nothing of this code.

use bytes::{Bytes, BytesMut};

use super::*;
use crate::diameter::dictionary::builtin;
use crate::diameter::parse::{Limits, parse};

const HEAD: &str = "00000107400000127067772e6b7a3b313b320000000001084000000f6f6373312e6b7a00000001284000000a6b7a0000\
                    0000011b4000000e6570632e6b7a0000000001254000000e7067772e6b7a0000000001024000000c00000004";
const AUTHORIZE: &str = "0000011d4000000c00000000";
const STATE: &str = "000001164000000c00000007";
const GROUP: &str = "000001b04000000c0000000a";
const SERVICE: &str = "000001b74000000c00000005";

fn octets(hex: &str) -> Bytes {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

fn message(hex: &str) -> Message {
    parse(octets(hex), &Limits::DEFAULT, &builtin()).unwrap()
}

fn demand(what: What, origin_state_id: Option<u32>) -> Demand<'static> {
    Demand {
        what,
        session_id: "pgw.kz;1;2",
        origin_host: "ocs1.kz",
        origin_realm: "kz",
        destination_realm: "epc.kz",
        destination_host: "pgw.kz",
        origin_state_id,
    }
}

fn golden() -> [(Demand<'static>, String); 4] {
    let rar = |length: &str| format!("010000{length}c000010200000004000000010000000 2{HEAD}{AUTHORIZE}");
    [
        (demand(What::ReAuthorise(Scope::RatingGroup(10)), Some(7)), format!("{}{STATE}{GROUP}", rar("94"))),
        (demand(What::ReAuthorise(Scope::Service(5)), None), format!("{}{SERVICE}", rar("88"))),
        (demand(What::ReAuthorise(Scope::Session), None), rar("7c")),
        (demand(What::Abort, Some(7)), format!("0100007cc0000112000000040000000100000002{HEAD}{STATE}")),
    ]
}

#[test]
fn what_is_written_is_golden_and_reads_back_as_it_was() {
    for (demand, wanted) in golden() {
        let mut out = BytesMut::new();
        demand.write(&mut out, HopByHop::new(1), EndToEnd::new(2)).unwrap();
        assert_eq!(out, octets(&wanted), "{demand:?}");
        let message = message(&wanted);
        assert_eq!(Demand::read(&message).as_ref(), Ok(&demand));
    }
}

#[test]
fn lost_money_12_an_abort_request_has_its_own_command_code() {
    let mut out = BytesMut::new();
    demand(What::Abort, None).write(&mut out, HopByHop::new(1), EndToEnd::new(2)).unwrap();
    let [_, _, _, _, flags, code @ ..] = out.first_chunk::<8>().unwrap();
    assert_eq!((*flags, code), (0xc0, &[0, 1, 18]), "R and P, and 274: not 272, not 258");
    let message = parse(out.freeze(), &Limits::DEFAULT, &builtin()).unwrap();
    assert!(message.find(Field::ReAuthRequestType.def().key).is_none());
}

#[test]
fn a_demand_that_is_not_whole_is_refused_with_the_avp_that_it_lacks() {
    let cut = format!("01000070c000010200000004000000010000000 2{HEAD}");
    let message = message(&cut);
    let fault = Demand::read(&message).unwrap_err();
    assert_eq!(fault.result_code, ResultCode::MISSING_AVP);
    assert_eq!(fault.failed_avp, octets(AUTHORIZE));
}

#[test]
fn an_answer_takes_over_session_and_proxies_and_is_read_back() {
    let golden = golden();
    let request = message(&golden[2].1);
    let reply =
        Reply { session_id: Some("pgw.kz;1;2"), ..Reply::new(ResultCode::new(2002), "pgw.kz", "epc.kz") };
    let mut out = BytesMut::new();
    reply.write(&mut out, &request).unwrap();
    let wanted = "01000054400001020000000400000001000000020000010740000012 7067772e6b7a3b313b320000\
                  0000010c4000000c000007d2000001084000000e7067772e6b7a0000000001284000000e6570632e6b7a0000";
    assert_eq!(out, octets(wanted));
    assert_eq!(Reply::read(&message(wanted)), reply);
}

#[test]
fn only_the_client_itself_can_say_that_it_has_no_such_session() {
    for (code, from, verdict) in [
        (2001, "pgw.kz", Verdict::Done),
        (2002, "pgw.kz", Verdict::Done),
        (2001, "dra.kz", Verdict::Done),
        (5002, "PGW.kz", Verdict::Unknown),
        (5002, "dra.kz", Verdict::Elsewhere),
        (5002, "", Verdict::Elsewhere),
        (3002, "dra.kz", Verdict::Elsewhere),
        (3004, "pgw.kz", Verdict::Elsewhere),
        (5012, "pgw.kz", Verdict::Refused),
        (5030, "pgw.kz", Verdict::Refused),
        (4999, "pgw.kz", Verdict::Refused),
        (0, "pgw.kz", Verdict::Refused),
    ] {
        assert_eq!(Reply::new(ResultCode::new(code), from, "kz").verdict("pgw.kz"), verdict, "{code} {from}");
    }
}
