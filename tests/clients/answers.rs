//! The octets of every answer that we send.

use bytes::{Bytes, BytesMut};
use gyro::charging::answer::{Answer, AnswerExtra, Denial, FinalUnit, Grant, Outcome, PartAnswer, PartExtra};
use gyro::charging::refund::Token;
use gyro::charging::request::{QuotaKey, SessionId, Shape};
use gyro::charging::units::{Amount, Money, Unit};
use gyro::diameter::avp::AvpDef;
use gyro::diameter::dictionary::builtin;
use gyro::diameter::error::Fault;
use gyro::diameter::parse::{Limits, parse};
use gyro::diameter::result_code::ResultCode;
use gyro::diameter::tree::{AvpTree, MessageTree};
use gyro::ro::cca::{Asked, Cca, FailureHandling, Failures, Origin, Refusal, refuse};
use gyro::ro::ccr::Ccr;
use gyro::ro::convert::{self, Charge};
use gyro::ro::profile::{FreeAnswer, Overrides, Profile, Profiles};
use gyro::ro::result;

use crate::{golden, message, names};

const MIB: u64 = 1 << 20;

const ORIGIN: Origin<'static> =
    Origin { state_id: Some(1_767_225_600), ..Origin::new("ocs.gyro.localdomain", "gyro.localdomain") };

fn key(rating_group: Option<u32>, services: &[u32]) -> QuotaKey {
    QuotaKey { rating_group, services: services.to_vec() }
}

fn octets(count: u64) -> Grant {
    Grant {
        validity_secs: Some(3_600),
        threshold: Some(10 * MIB),
        holding_secs: Some(600),
        ..Grant::of(Amount::new(Unit::Octets, count))
    }
}

fn seconds(count: u64, validity: u32) -> Grant {
    let amount = Amount::new(Unit::Seconds, count);
    Grant { validity_secs: Some(validity), ..Grant::of(amount) }
}

fn pieces(count: u64) -> Grant {
    Grant::of(Amount::new(Unit::Pieces, count))
}

fn last(mut grant: Grant) -> Grant {
    grant.final_unit = Some(FinalUnit::Terminate);
    grant
}

fn granted(key: QuotaKey, grant: Grant) -> PartAnswer {
    PartAnswer::granted(key, Some(grant))
}

fn denied(key: QuotaKey, denial: Denial) -> PartAnswer {
    PartAnswer::new(key, Outcome::Denied(denial))
}

fn done(parts: Vec<PartAnswer>) -> Answer {
    Answer::new(Outcome::Done, Shape::PerGroup, parts)
}

fn no(denial: Denial, parts: Vec<PartAnswer>) -> Answer {
    Answer { outcome: Outcome::Denied(denial), ..done(parts) }
}

fn command(answer: Answer) -> Answer {
    Answer { shape: Shape::Command, ..answer }
}

/// The same with the token of the golden event.
fn with_token(part: PartAnswer) -> PartAnswer {
    let session = SessionId::new("smsc1.kcell.kz;1767225600;33").unwrap();
    let token = Token { part: 0, number: 0, session }.write();
    let extra = PartExtra { refund: Some(token), ..PartExtra::default() };
    PartAnswer { extra: Some(Box::new(extra)), ..part }
}

/// An answer to a question.
fn told(extra: AnswerExtra) -> Answer {
    Answer { extra: Some(Box::new(extra)), ..done(vec![]) }
}

/// What is answered: charging's answer, or a refusal of the server.
enum Said {
    Answer(Answer),
    Free(Answer),
    Fault(Fault),
    Code(ResultCode),
}

struct Row {
    /// The golden answer.
    answer: &'static str,
    /// The golden request.
    request: &'static str,
    profile: &'static str,
    said: Said,
}

fn row(answer: &'static str, request: &'static str, profile: &'static str, said: Said) -> Row {
    Row { answer, request, profile, said }
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    use Said::{Answer as A, Code, Fault as F, Free};
    let any = || key(None, &[]);
    let rg = |number| key(Some(number), &[]);
    vec![
        row("open5gs/initial", "open5gs/initial", "open5gs", A(done(vec![granted(any(), octets(50 * MIB))]))),
        row("open5gs/initial_refused", "open5gs/initial", "open5gs",
            A(no(Denial::NoCredit, vec![denied(any(), Denial::NoCredit)]))),
        row("open5gs/update_last", "open5gs/update", "open5gs",
            A(done(vec![granted(any(), last(octets(7 * MIB)))]))),
        row("open5gs/update_exhausted", "open5gs/update", "open5gs",
            A(done(vec![denied(any(), Denial::NoCredit)]))),
        row("open5gs/terminate", "open5gs/terminate", "open5gs", A(done(vec![]))),
        row("magma/initial", "magma/initial", "magma", A(done(vec![]))),
        row("magma/update", "magma/update", "magma",
            A(done(vec![granted(rg(10), octets(50 * MIB)), denied(rg(20), Denial::NoCredit)]))),
        row("kamailio/initial", "kamailio/initial", "kamailio",
            A(done(vec![granted(key(Some(100), &[1_000]), seconds(60, 600))]))),
        row("kamailio/emergency", "kamailio/emergency", "kamailio",
            Free(done(vec![granted(rg(100), seconds(3_600, 3_600))]))),
        row("kamailio/emergency_uncontrolled", "kamailio/emergency", "uncontrolled",
            Free(done(vec![granted(rg(100), seconds(3_600, 3_600))]))),
        row("siphon/initial", "siphon/initial", "lenient",
            A(command(done(vec![granted(any(), last(seconds(42, 600)))])))),
        row("siphon/initial_refused", "siphon/initial", "lenient",
            A(command(done(vec![denied(any(), Denial::NoCredit)])))),
        row("siphon/message", "siphon/message", "lenient", A(command(done(vec![granted(any(), pieces(1))])))),
        row("ergw/update", "ergw/update", "standard",
            A(done(vec![granted(rg(10), octets(50 * MIB)), denied(rg(30), Denial::NoRate)]))),
        row("cisco/initial", "cisco/initial", "cisco", A(done(vec![granted(rg(10), octets(50 * MIB))]))),
        row("cisco/initial_blocked", "cisco/initial", "cisco",
            A(no(Denial::Blocked, vec![denied(rg(10), Denial::Blocked)]))),
        row("nokia/initial", "nokia/initial", "nokia",
            A(done(vec![granted(key(Some(10), &[1, 2]), octets(50 * MIB))]))),
        row("tools/bare", "tools/bare", "standard", A(done(vec![]))),
        row("tools/free_text", "tools/free_text", "lenient",
            A(command(done(vec![granted(any(), octets(50 * MIB))])))),
        row("tools/free_text_refused", "tools/free_text", "standard",
            A(command(no(Denial::UnknownService, vec![denied(any(), Denial::UnknownService)])))),
        row("standard/event", "standard/event", "standard", A(done(vec![granted(rg(5), pieces(1))]))),
        row("standard/event_money", "standard/event", "standard", A(done(vec![granted(rg(5), Grant {
            amount: Amount::new(Unit::Money, 1_250_500_000), ..pieces(1)
        })]))),
        row("standard/event_token", "standard/event", "standard",
            A(done(vec![with_token(granted(rg(5), pieces(1)))]))),
        row("standard/refund", "standard/refund", "standard", A(done(vec![granted(rg(5), pieces(1))]))),
        row("standard/refund_used", "standard/refund", "standard", A(Answer {
            message: Some("given back before".into()),
            ..no(Denial::NoRefund, vec![denied(rg(5), Denial::NoRefund)])
        })),
        row("standard/refund_none", "standard/event", "standard",
            A(no(Denial::NoRefund, vec![denied(rg(5), Denial::NoRefund)]))),
        row("standard/balance", "standard/balance", "standard",
            A(told(AnswerExtra { enough: Some(false), ..AnswerExtra::default() }))),
        row("standard/price", "standard/price", "standard", A(told(AnswerExtra {
            cost: Money::from_cents(600),
            cost_per: Some(Amount::new(Unit::Seconds, 60)),
            ..AnswerExtra::default()
        }))),
        row("standard/unknown_user", "standard/event", "standard", A(no(Denial::UnknownSubscriber, vec![]))),
        row("standard/unknown_user", "standard/event", "standard", A(no(Denial::Ended, vec![]))),
        row("standard/unknown_session", "standard/event", "standard", A(no(Denial::UnknownSession, vec![]))),
        row("standard/not_offered", "standard/event", "standard",
            A(Answer { message: Some("refunds are not offered".into()), ..no(Denial::NotOffered, vec![]) })),
        row("standard/no_destination", "standard/event", "standard",
            A(no(Denial::NoDestination, vec![denied(rg(5), Denial::NoDestination)]))),
        row("standard/busy", "standard/event", "standard", Code(result::BUSY)),
        row("standard/unknown_avp", "standard/event", "standard", F(Fault::of_avp(
            ResultCode::AVP_UNSUPPORTED,
            Bytes::from_static(&[0, 0, 0x27, 0x0f, 0xc0, 0, 0, 16, 0, 0, 0x11, 0x5c, 1, 2, 3, 4]),
        ))),
        row("standard/no_type", "standard/no_type", "standard", F(Fault::missing(AvpDef::base(416), 4))),
        row("standard/no_session", "standard/no_session", "standard", F(Fault::missing(AvpDef::base(263), 0))),
        row("standard/update_voice", "standard/update_voice", "standard", A(done(vec![
            granted(rg(7), Grant { threshold: Some(30), holding_secs: Some(60), ..seconds(300, 600) }),
            granted(rg(8), Grant { threshold: Some(1), validity_secs: Some(600), ..pieces(3) }),
        ]))),
    ]
}

fn profile(name: &str) -> Profile {
    let mut profiles = Profiles::default();
    let overrides = Overrides { free_answer: Some(FreeAnswer::NotApplicable), ..Overrides::default() };
    let uncontrolled = profiles.by_name("kamailio").unwrap().derive("uncontrolled", overrides);
    profiles.add(uncontrolled).unwrap();
    profiles.by_name(name).unwrap().clone()
}

fn origin(row: &Row) -> Origin<'static> {
    match row.answer {
        "standard/event_money" | "standard/price" => Origin { currency: Some(398), ..ORIGIN },
        "standard/update_voice" => Origin {
            failures: Failures {
                failover: Some(false),
                handling: Some(FailureHandling::Continue),
                debit: None,
            },
            ..ORIGIN
        },
        _ => ORIGIN,
    }
}

fn write(row: &Row, out: &mut BytesMut) -> usize {
    let dictionary = builtin();
    let request = message(&format!("{}.ccr", row.request), &dictionary);
    let asked = Asked::of(&request);
    let origin = origin(row);
    let profile = profile(row.profile);
    match &row.said {
        Said::Answer(answer) => convert::answer(out, &origin, &asked, answer, Charge::Counted, &profile),
        Said::Free(answer) => convert::answer(out, &origin, &asked, answer, Charge::Free, &profile),
        Said::Fault(fault) => refuse(out, &origin, &asked, &Refusal::of(fault)),
        Said::Code(code) => refuse(out, &origin, &asked, &Refusal::new(*code)),
    }
    .unwrap()
}

fn spaced(octets: &[u8]) -> String {
    let words = octets.chunks(4).map(|word| format!("{word:02x?}"));
    words.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_answer_has_its_golden_octets() {
    for row in rows() {
        let mut out = BytesMut::from(&b"before"[..]);
        let length = write(&row, &mut out);
        assert_eq!(length + 6, out.len(), "{}", row.answer);
        let expected = golden(&format!("{}.cca", row.answer));
        assert_eq!(spaced(&out[6..]), spaced(&expected), "{}", row.answer);
    }
}

#[test]
fn every_golden_answer_is_written_by_some_row() {
    let rows = rows();
    for name in names(".cca.hex") {
        assert!(rows.iter().any(|row| row.answer == name), "{name}");
    }
}

#[test]
fn every_golden_answer_is_read_and_written_back_octet_for_octet() {
    let dictionary = builtin();
    // a simulated server names no currency
    let with_currency = |name: &String| matches!(name.as_str(), "standard/event_money" | "standard/price");
    for name in names(".cca.hex").iter().filter(|name| !with_currency(name)) {
        let message = message(&format!("{name}.cca"), &dictionary);
        let cca = Cca::read(&message).unwrap();
        let mut out = BytesMut::new();
        let header = message.header();
        cca.write(&mut out, header.hop_by_hop, header.end_to_end).unwrap();
        assert_eq!(spaced(&out), spaced(message.bytes()), "{name}");
    }
}

#[test]
fn every_golden_answer_has_no_avp_that_the_dictionary_does_not_know() {
    let dictionary = builtin();
    for name in names(".cca.hex").iter().filter(|name| *name != "standard/unknown_avp") {
        for avp in message(&format!("{name}.cca"), &dictionary).walk() {
            assert!(dictionary.avp_by_key(avp.key()).is_some(), "{name}: {:?}", avp.key());
        }
    }
}

/// RFC 6733 §6.2: identifiers and P as they came, R and T clear, Session-Id first.
#[test]
fn an_answer_takes_over_from_its_request_what_the_base_protocol_says() {
    let dictionary = builtin();
    for row in rows() {
        let request = message(&format!("{}.ccr", row.request), &dictionary);
        let mut out = BytesMut::new();
        write(&row, &mut out);
        let answer = parse(out.freeze(), &Limits::DEFAULT, &dictionary).unwrap();
        assert_eq!(answer.header().hop_by_hop, request.header().hop_by_hop);
        assert_eq!(answer.header().end_to_end, request.header().end_to_end);
        assert_eq!(answer.header().flags.get() & 0xd0, 0x40, "{}", row.answer);
        let cca = Cca::read(&answer).unwrap();
        assert_eq!(
            cca.is_error,
            cca.result_code.is_protocol_error() || row.request.starts_with("standard/no_")
        );
        assert_eq!(cca.session_id.is_some(), row.request != "standard/no_session");
    }
}

#[test]
fn a_missing_avp_is_the_fault_that_is_answered() {
    let dictionary = builtin();
    for (name, code) in [("standard/no_type", 416), ("standard/no_session", 263)] {
        let request = message(&format!("{name}.ccr"), &dictionary);
        let refused = Ccr::read(&request, &dictionary, Profiles::standard()).unwrap_err();
        let least = if code == 416 { 4 } else { 0 };
        assert_eq!(refused.first(), Fault::missing(AvpDef::base(code), least));
        assert_eq!(refused.understood, None);
    }
}

#[test]
fn the_same_answer_gives_the_same_octets_but_for_what_the_request_brings() {
    let dictionary = builtin();
    let request = message("cisco/initial.ccr", &dictionary);
    let mut again = MessageTree::from(&request);
    again.header.hop_by_hop = gyro::diameter::header::HopByHop::new(1);
    again.avps.retain(|avp: &AvpTree| avp.key.code != 284);
    let mut wire = BytesMut::new();
    again.encode(&mut wire).unwrap();
    let again = parse(wire.freeze(), &Limits::DEFAULT, &dictionary).unwrap();
    let answer = done(vec![granted(key(Some(10), &[]), octets(50 * MIB))]);
    let mut out = [BytesMut::new(), BytesMut::new()];
    for (out, request) in out.iter_mut().zip([&request, &again]) {
        let cisco = profile("cisco");
        convert::answer(out, &ORIGIN, &Asked::of(request), &answer, Charge::Counted, &cisco).unwrap();
    }
    let [first, second] = out;
    let body = |out: &BytesMut| out[20..].to_vec();
    assert_eq!(&body(&first)[..second.len() - 20], &body(&second)[..]);
    assert_eq!(second[12..16], [0, 0, 0, 1]);
}
