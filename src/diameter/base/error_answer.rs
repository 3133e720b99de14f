//! Answers that say no (RFC 6733 §6.2, §7.2): one place writes them, whoever refused the request.
//!
//! Copied from the request: Session-Id, which comes first, every Proxy-Info unmodified and in order, both
//! identifiers and the P bit. An answer to a CCR has the head that all gateways take:
//! `263, 268, 264, 296, 258, 416, 415, 278, 279, 281, 284*`. All others keep the order of the grammar in §7.2.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};

use super::avps;
use super::local::Origin;
use crate::diameter::encode::{EncodeError, Encoder};
use crate::diameter::error::Fault;
use crate::diameter::header::{ApplicationId, CommandCode, Header};
use crate::diameter::message::Message;
use crate::diameter::result_code::ResultCode;

/// Why a request is refused, in the words of its answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Result-Code.
    pub result_code: ResultCode,
    /// The value of Failed-AVP: whole AVPs with padding; left out when empty.
    pub failed_avp: Bytes,
    /// Error-Message, for the eyes of an operator; left out when empty.
    pub message: Cow<'static, str>,
}

impl Refusal {
    /// A refusal without Failed-AVP.
    pub const fn new(result_code: ResultCode, message: &'static str) -> Self {
        Self { result_code, failed_avp: Bytes::new(), message: Cow::Borrowed(message) }
    }

    /// A fault of a message as a refusal.
    pub fn of_fault(fault: &Fault, message: &'static str) -> Self {
        let failed_avp = fault.failed_avp.clone();
        Self { failed_avp, ..Self::new(fault.result_code, message) }
    }
}

/// Writes the answer to `request` and gives its length in octets.
///
/// The E bit is set with 3xxx, as §7.1.3 wants it, and in an answer to a CCR that lacks what the grammar of its
/// answer needs (Session-Id, CC-Request-Type, CC-Request-Number), so that its receiver reads it by the grammar of
/// §7.2.
pub fn write(
    out: &mut BytesMut,
    request: &Message,
    origin: Origin<'_>,
    refusal: &Refusal,
) -> Result<usize, EncodeError> {
    let header = request.header();
    let is_ccr = header.application == ApplicationId::CREDIT_CONTROL
        && header.command == CommandCode::CREDIT_CONTROL
        && header.flags.is_request();
    if is_ccr { write_cca(out, request, origin, refusal) } else { write_plain(out, request, origin, refusal) }
}

/// Writes the answer to a request of which only the header can be trusted, and gives its length in octets.
pub fn write_to_header(
    out: &mut BytesMut,
    request: Header,
    origin: Origin<'_>,
    refusal: &Refusal,
) -> Result<usize, EncodeError> {
    let mut answer = Encoder::start(out, request.error_answer());
    body(&mut answer, origin, refusal);
    answer.finish()
}

fn write_plain(
    out: &mut BytesMut,
    request: &Message,
    origin: Origin<'_>,
    refusal: &Refusal,
) -> Result<usize, EncodeError> {
    let header = request.header();
    let is_error = refusal.result_code.is_protocol_error();
    let header = if is_error { header.error_answer() } else { header.answer() };
    let mut answer = Encoder::start(out, header);
    if let Some(session) = request.find(avps::SESSION_ID.key) {
        answer.octets(avps::SESSION_ID, session.data());
    }
    body(&mut answer, origin, refusal);
    echo_proxies(&mut answer, request);
    answer.finish()
}

fn body(answer: &mut Encoder<'_>, origin: Origin<'_>, refusal: &Refusal) {
    answer.utf8(avps::ORIGIN_HOST, origin.host).utf8(avps::ORIGIN_REALM, origin.realm);
    answer.u32(avps::RESULT_CODE, refusal.result_code.get());
    if let Some(state) = origin.state_id {
        answer.u32(avps::ORIGIN_STATE_ID, state);
    }
    error_message(answer, refusal);
    failed_avp(answer, refusal);
}

fn write_cca(
    out: &mut BytesMut,
    request: &Message,
    origin: Origin<'_>,
    refusal: &Refusal,
) -> Result<usize, EncodeError> {
    let session = request.find(avps::SESSION_ID.key);
    let number = |def: crate::diameter::avp::AvpDef| request.find(def.key).and_then(|avp| avp.u32().ok());
    let request_type = number(avps::CC_REQUEST_TYPE);
    let request_number = number(avps::CC_REQUEST_NUMBER);
    let complete = session.is_some() && request_type.is_some() && request_number.is_some();
    let is_error = refusal.result_code.is_protocol_error() || !complete;
    let header = request.header();
    let mut answer = Encoder::start(out, if is_error { header.error_answer() } else { header.answer() });
    if let Some(session) = session {
        answer.octets(avps::SESSION_ID, session.data());
    }
    answer.u32(avps::RESULT_CODE, refusal.result_code.get());
    answer.utf8(avps::ORIGIN_HOST, origin.host).utf8(avps::ORIGIN_REALM, origin.realm);
    answer.u32(avps::AUTH_APPLICATION_ID, ApplicationId::CREDIT_CONTROL.get());
    if let Some(request_type) = request_type {
        answer.u32(avps::CC_REQUEST_TYPE, request_type);
    }
    if let Some(request_number) = request_number {
        answer.u32(avps::CC_REQUEST_NUMBER, request_number);
    }
    if let Some(state) = origin.state_id {
        answer.u32(avps::ORIGIN_STATE_ID, state);
    }
    failed_avp(&mut answer, refusal);
    error_message(&mut answer, refusal);
    echo_proxies(&mut answer, request);
    answer.finish()
}

pub(super) fn error_message(answer: &mut Encoder<'_>, refusal: &Refusal) {
    if !refusal.message.is_empty() {
        answer.utf8(avps::ERROR_MESSAGE, &refusal.message);
    }
}

pub(super) fn failed_avp(answer: &mut Encoder<'_>, refusal: &Refusal) {
    if !refusal.failed_avp.is_empty() {
        answer.octets(avps::FAILED_AVP, &refusal.failed_avp);
    }
}

/// All Proxy-Info AVPs of a request go back in their order, untouched (§6.2).
pub fn echo_proxies(answer: &mut Encoder<'_>, request: &Message) {
    for proxy in request.all(avps::PROXY_INFO.key) {
        answer.raw(&proxy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diameter::avp::AvpDef;
    use crate::diameter::header::{CommandFlags, EndToEnd, HopByHop};
    use crate::diameter::parse::{BaseShapes, Limits, parse};
    use crate::diameter::tree::hex;

    const ORIGIN: Origin<'static> = Origin { host: "ocs1.kz", realm: "kz", state_id: None };

    fn request(header: Header, fill: impl FnOnce(&mut Encoder<'_>)) -> Message {
        let mut out = BytesMut::new();
        let mut message = Encoder::start(&mut out, header);
        fill(&mut message);
        message.finish().unwrap();
        parse(out.freeze(), &Limits::DEFAULT, &BaseShapes).unwrap()
    }

    fn header(command: u32) -> Header {
        Header {
            flags: CommandFlags::PROXIABLE_REQUEST.with_retransmitted(),
            command: CommandCode::new(command),
            application: ApplicationId::CREDIT_CONTROL,
            hop_by_hop: HopByHop::new(0x1122_3344),
            end_to_end: EndToEnd::new(0x5566_7788),
        }
    }

    fn keys(octets: BytesMut) -> Vec<u32> {
        let answer = parse(octets.freeze(), &Limits::DEFAULT, &BaseShapes).unwrap();
        assert!(answer.faults().is_empty());
        answer.avps().map(|avp| avp.key().code).collect()
    }

    /// Octets made by another implementation.
    #[test]
    fn an_unknown_command_is_answered_with_these_octets() {
        let mut out = BytesMut::new();
        let refusal = Refusal::new(ResultCode::COMMAND_UNSUPPORTED, "");
        assert_eq!(write(&mut out, &request(header(9_999_999), |_| ()), ORIGIN, &refusal), Ok(60));
        let golden = "0100003c 6098967f 00000004 11223344 55667788
                      000001084000000f6f6373312e6b7a00 000001284000000a6b7a0000
                      0000010c4000000c00000bb9";
        assert_eq!(*out, hex(golden));
    }

    #[test]
    fn a_refused_ccr_is_answered_in_the_order_that_gateways_take() {
        let ccr = request(header(272), |ccr| {
            ccr.utf8(avps::SESSION_ID, "pgw.kz;1;2").utf8(avps::ORIGIN_HOST, "pgw.kz");
            ccr.grouped(avps::PROXY_INFO, |proxy| {
                proxy.utf8(AvpDef::base(280), "dra1.kz").octets(AvpDef::base(33), b"abc");
            });
            ccr.u32(avps::CC_REQUEST_NUMBER, 3).u32(avps::CC_REQUEST_TYPE, 2);
            ccr.grouped(avps::PROXY_INFO, |proxy| {
                proxy.utf8(AvpDef::base(280), "dra2.kz").octets(AvpDef::base(33), b"d");
            });
        });
        let origin = Origin { state_id: Some(9), ..ORIGIN };
        let fault = Fault::missing(AvpDef::base(461), 0);
        let mut out = BytesMut::new();
        write(&mut out, &ccr, origin, &Refusal::of_fault(&fault, "no service context")).unwrap();
        let golden = "010000f4 40000110 00000004 11223344 55667788
            00000107400000127067772e6b7a3b313b320000
            0000010c4000000c0000138d
            000001084000000f6f6373312e6b7a00 000001284000000a6b7a0000
            000001024000000c00000004
            000001a04000000c00000002 0000019f4000000c00000003
            000001164000000c00000009
            0000011740000010000001cd40000008
            000001190000001a6e6f207365727669636520636f6e746578740000
            0000011c40000024000001184000000f647261312e6b7a00000000214000000b61626300
            0000011c40000024000001184000000f647261322e6b7a00000000214000000964000000";
        assert_eq!(*out, hex(golden));
    }

    #[test]
    fn the_e_bit_marks_protocol_errors_and_answers_that_miss_what_their_grammar_needs() {
        let whole = |ccr: &mut Encoder<'_>| {
            ccr.utf8(avps::SESSION_ID, "s").u32(avps::CC_REQUEST_TYPE, 1).u32(avps::CC_REQUEST_NUMBER, 0);
        };
        let without_type = |ccr: &mut Encoder<'_>| {
            ccr.utf8(avps::SESSION_ID, "s").u32(avps::CC_REQUEST_NUMBER, 0);
        };
        let e_bit = |message: &Message, code| {
            let mut out = BytesMut::new();
            write(&mut out, message, ORIGIN, &Refusal::new(code, "")).unwrap();
            out[4] == 0x60
        };
        assert!(e_bit(&request(header(272), whole), ResultCode::TOO_BUSY));
        assert!(!e_bit(&request(header(272), whole), ResultCode::UNKNOWN_SESSION_ID));
        assert!(!e_bit(&request(header(272), whole), ResultCode::CREDIT_LIMIT_REACHED));
        assert!(e_bit(&request(header(272), without_type), ResultCode::MISSING_AVP));
        assert!(!e_bit(&request(header(275), |_| ()), ResultCode::MISSING_AVP));
    }

    #[test]
    fn a_session_id_that_stands_elsewhere_comes_first_in_the_answer() {
        let late = request(header(275), |str| {
            str.utf8(avps::ORIGIN_HOST, "pgw.kz").u32(avps::ORIGIN_STATE_ID, 1);
        });
        let mut out = BytesMut::new();
        let refusal = Refusal::new(ResultCode::UNABLE_TO_COMPLY, "no");
        write(&mut out, &late, ORIGIN, &refusal).unwrap();
        assert_eq!(keys(out), [264, 296, 268, 281]);

        // behind another AVP, and no UTF-8: octets come back as they went
        let mut octets = hex("01000030 c0000113 00000004 00000001 00000002 000001084000000a6b7a0000");
        octets.extend(hex("00000107 4000000a fffe 0000 000001164000000c00000001"));
        let length = u8::try_from(octets.len()).unwrap();
        octets[3] = length;
        let late = parse(octets.into(), &Limits::DEFAULT, &BaseShapes).unwrap();
        let mut out = BytesMut::new();
        write(&mut out, &late, ORIGIN, &refusal).unwrap();
        assert_eq!(out[20..32], hex("00000107 4000000a fffe 0000"));
        assert_eq!(keys(out), [263, 264, 296, 268, 281]);
    }

    #[test]
    fn a_request_with_a_header_alone_is_answered_by_the_error_grammar() {
        let mut out = BytesMut::new();
        let refusal = Refusal::new(ResultCode::INVALID_MESSAGE_LENGTH, "");
        write_to_header(&mut out, header(272), ORIGIN, &refusal).unwrap();
        assert_eq!(out[4], 0x60);
        assert_eq!(keys(out), [264, 296, 268]);
    }
}
