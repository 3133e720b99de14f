//! Messages of a peer, written by hand.

use bytes::{Bytes, BytesMut};
use gyro::diameter::avp::AvpDef;
use gyro::diameter::base::avps;
use gyro::diameter::data::Address;
use gyro::diameter::encode::Encoder;
use gyro::diameter::header::{ApplicationId, CommandCode, CommandFlags, EndToEnd, Header, HopByHop};
use gyro::diameter::message::Message;
use gyro::diameter::parse::{Limits, parse};

use crate::rfc8506::DICTIONARY;

pub(crate) const R: u8 = 0x80;
pub(crate) const P: u8 = 0x40;
pub(crate) const E: u8 = 0x20;
pub(crate) const T: u8 = 0x10;

pub(crate) const CE: u32 = 257;
pub(crate) const RA: u32 = 258;
pub(crate) const CC: u32 = 272;
pub(crate) const DW: u32 = 280;
pub(crate) const DP: u32 = 282;
pub(crate) const GY: u32 = 4;

/// The identifiers of every message written here, unless a test sets its own.
pub(crate) const IDS: (u32, u32) = (0x0a0b_0c0d, 0x0102_0304);

/// Octets from hexadecimal digits; blanks do not count.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

pub(crate) fn header(flags: u8, command: u32, application: u32) -> Header {
    Header {
        flags: CommandFlags::new(flags),
        command: CommandCode::new(command),
        application: ApplicationId::new(application),
        hop_by_hop: HopByHop::new(IDS.0),
        end_to_end: EndToEnd::new(IDS.1),
    }
}

pub(crate) fn write(header: Header, fill: impl FnOnce(&mut Encoder<'_>)) -> Bytes {
    let mut out = BytesMut::new();
    let mut message = Encoder::start(&mut out, header);
    fill(&mut message);
    message.finish().unwrap();
    out.freeze()
}

pub(crate) fn read(octets: Bytes) -> Message {
    parse(octets, &Limits::DEFAULT, &*DICTIONARY).unwrap()
}

/// What a CER and a CEA must have, but for the AVPs that `without` names.
pub(crate) fn who(message: &mut Encoder<'_>, host: &str, realm: &str, without: &[AvpDef]) {
    let has = |def: AvpDef| !without.contains(&def);
    if has(avps::ORIGIN_HOST) {
        message.utf8(avps::ORIGIN_HOST, host);
    }
    if has(avps::ORIGIN_REALM) {
        message.utf8(avps::ORIGIN_REALM, realm);
    }
    if has(avps::HOST_IP_ADDRESS) {
        message.address(avps::HOST_IP_ADDRESS, Address::V4([127, 0, 0, 2].into()));
    }
    if has(avps::VENDOR_ID) {
        message.u32(avps::VENDOR_ID, 10_415);
    }
    if has(avps::PRODUCT_NAME) {
        message.utf8(avps::PRODUCT_NAME, "pgw");
    }
}

/// A CER of a gateway.
pub(crate) fn cer(host: &str) -> Bytes {
    cer_for(host, &[GY])
}

pub(crate) fn cer_for(host: &str, applications: &[u32]) -> Bytes {
    write(header(R, CE, 0), |cer| {
        who(cer, host, "epc.kz", &[]);
        for application in applications {
            cer.u32(avps::AUTH_APPLICATION_ID, *application);
        }
    })
}

/// A CEA to the CER `cer` of ours.
pub(crate) fn cea(cer: &Message, host: &str, result_code: u32) -> Bytes {
    write(cer.header().answer(), |cea| {
        cea.u32(avps::RESULT_CODE, result_code);
        who(cea, host, "epc.kz", &[]);
        cea.u32(avps::AUTH_APPLICATION_ID, GY);
    })
}

/// A CCR; its Session-Id tells it from others.
pub(crate) fn ccr(session: &str) -> Bytes {
    ccr_to(session, &[(avps::DESTINATION_REALM, "kz")])
}

pub(crate) fn ccr_to(session: &str, more: &[(AvpDef, &str)]) -> Bytes {
    write(header(R | P, CC, GY), |ccr| {
        ccr.utf8(avps::SESSION_ID, session);
        ccr.utf8(avps::ORIGIN_HOST, "pgw.epc.kz").utf8(avps::ORIGIN_REALM, "epc.kz");
        ccr.u32(avps::AUTH_APPLICATION_ID, GY);
        ccr.u32(avps::CC_REQUEST_TYPE, 1).u32(avps::CC_REQUEST_NUMBER, 0);
        for (def, value) in more {
            ccr.utf8(*def, value);
        }
    })
}

pub(crate) fn origin(message: &mut Encoder<'_>, host: &str) {
    message.utf8(avps::ORIGIN_HOST, host).utf8(avps::ORIGIN_REALM, "epc.kz");
}

pub(crate) fn dwr(host: &str) -> Bytes {
    write(header(R, DW, 0), |dwr| origin(dwr, host))
}

/// The DWA to a DWR of ours.
pub(crate) fn dwa(dwr: &Message, host: &str) -> Bytes {
    write(dwr.header().answer(), |dwa| {
        dwa.u32(avps::RESULT_CODE, 2001);
        origin(dwa, host);
    })
}

pub(crate) fn dpr(host: &str, cause: i32) -> Bytes {
    write(header(R, DP, 0), |dpr| {
        origin(dpr, host);
        dpr.i32(avps::DISCONNECT_CAUSE, cause);
    })
}

/// The DPA to a DPR of ours.
pub(crate) fn dpa(dpr: &Message, host: &str) -> Bytes {
    write(dpr.header().answer(), |dpa| {
        dpa.u32(avps::RESULT_CODE, 2001);
        origin(dpa, host);
    })
}

/// An answer to any request, as an application writes it.
pub(crate) fn answer(request: &Message, result_code: u32) -> Bytes {
    write(request.header().answer(), |answer| {
        if let Some(session) = request.find(avps::SESSION_ID.key) {
            answer.octets(avps::SESSION_ID, session.data());
        }
        answer.u32(avps::RESULT_CODE, result_code);
        origin(answer, "pgw.epc.kz");
    })
}

pub(crate) fn result_code(message: &Message) -> Option<u32> {
    message.find(avps::RESULT_CODE.key).map(|avp| avp.u32().unwrap())
}

pub(crate) fn text(message: &Message, def: AvpDef) -> Option<&str> {
    message.find(def.key).map(|avp| avp.utf8().unwrap())
}

pub(crate) fn codes(message: &Message) -> Vec<u32> {
    message.avps().map(|avp| avp.key().code).collect()
}

/// Command, R, and Result-Code of a message, to compare in one go.
pub(crate) fn brief(message: &Message) -> (u32, bool, Option<u32>) {
    let header = message.header();
    (header.command.get(), header.flags.is_request(), result_code(message))
}
