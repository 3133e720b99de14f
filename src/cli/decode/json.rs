//! A message as JSON: numbers as numbers, octets as hexadecimal text, names beside codes.

use serde_json::{Map, Value as Json, json};

use super::place::Place;
use crate::diameter::avp::Avp;
use crate::diameter::dictionary::Dictionary;
use crate::diameter::message::{Avps, Message};
use crate::diameter::value::Value;

/// The whole message with its place in the input.
pub(super) fn message(place: Place, message: &Message, dictionary: &Dictionary) -> Json {
    let header = message.header();
    let (application, code) = (header.application.get(), header.command.get());
    let command = dictionary.command(application, code);
    let request = header.flags.is_request();
    let mut out = Map::new();
    add_place(&mut out, place);
    out.insert("command".into(), command.map(|known| known.abbreviation(request)).into());
    out.insert("name".into(), command.map(|known| known.full_name(request)).into());
    out.insert("code".into(), code.into());
    out.insert("request".into(), request.into());
    out.insert("proxiable".into(), header.flags.is_proxiable().into());
    out.insert("error".into(), header.flags.is_error().into());
    out.insert("retransmitted".into(), header.flags.is_retransmitted().into());
    out.insert("application".into(), application.into());
    let application = dictionary.application(application).map(|known| known.name.as_ref());
    out.insert("application_name".into(), application.into());
    out.insert("hop_by_hop".into(), header.hop_by_hop.get().into());
    out.insert("end_to_end".into(), header.end_to_end.get().into());
    out.insert("length".into(), message.bytes().len().into());
    out.insert("avps".into(), level(message.avps(), dictionary));
    let all = message.faults().iter().map(|fault| {
        json!({
            "result_code": fault.result_code.get(),
            "name": fault.result_code.name(),
            "failed_avp": hex(&fault.failed_avp),
        })
    });
    out.insert("faults".into(), all.collect());
    Json::Object(out)
}

fn add_place(out: &mut Map<String, Json>, place: Place) {
    match place {
        Place::Frame { number, at, flow } => {
            out.insert("frame".into(), number.into());
            out.insert("time".into(), at.map(|at| at.to_string()).into());
            out.insert("transport".into(), flow.map(|flow| flow.transport.name()).into());
            out.insert("from".into(), flow.map(|flow| flow.from.to_string()).into());
            out.insert("to".into(), flow.map(|flow| flow.to.to_string()).into());
        }
        Place::Octet(offset) => {
            out.insert("offset".into(), offset.into());
        }
    }
}

fn level(avps: Avps<'_>, dictionary: &Dictionary) -> Json {
    avps.map(|avp| one(&avp, dictionary)).collect()
}

fn one(avp: &Avp<'_>, dictionary: &Dictionary) -> Json {
    let definition = dictionary.avp_by_key(avp.key());
    let mut out = Map::new();
    out.insert("name".into(), definition.map(|known| known.name.as_ref()).into());
    out.insert("code".into(), avp.key().code.into());
    out.insert("vendor".into(), avp.key().vendor.into());
    out.insert("flags".into(), avp.flags().to_string().into());
    out.insert("type".into(), definition.map(|known| known.data_type.name()).into());
    let value = Value::read(avp, definition);
    if let Some(name) = value.name(definition) {
        out.insert("value_name".into(), name.into());
    }
    let value: Json = match value {
        Value::Group => {
            out.insert("avps".into(), level(avp.children(), dictionary));
            return Json::Object(out);
        }
        Value::Unsigned(number) => number.into(),
        Value::Signed(number) => number.into(),
        // JSON has no infinity
        Value::Float32(number) => format!("{number:?}").into(),
        Value::Float64(number) => format!("{number:?}").into(),
        Value::Text(text) => text.into(),
        Value::Address(address) => address.to_string().into(),
        Value::Time(at) => at.to_string().into(),
        Value::Octets(octets) => hex(octets).into(),
        Value::Wrong(error, octets) => {
            out.insert("fault".into(), error.result_code().get().into());
            hex(octets).into()
        }
    };
    out.insert("value".into(), value);
    Json::Object(out)
}

fn hex(octets: &[u8]) -> String {
    use core::fmt::Write as _;
    octets.iter().fold(String::with_capacity(octets.len().saturating_mul(2)), |mut text, octet| {
        // writing into a String does not fail
        let _ = write!(text, "{octet:02x}");
        text
    })
}
