//! CER and CEA (RFC 6733 §5.3): who a peer is and what it can do.

use core::net::IpAddr;

use bytes::BytesMut;

use super::error_answer::{Refusal, error_message, failed_avp};
use super::local::{Identity, LocalNode};
use super::{avps, grammar};
use crate::diameter::avp::{Avp, AvpDef};
use crate::diameter::data::Address;
use crate::diameter::encode::{EncodeError, Encoder};
use crate::diameter::error::{Fault, Scope, copied};
use crate::diameter::header::{ApplicationId, CommandCode, CommandFlags, EndToEnd, Header, HopByHop};
use crate::diameter::message::Message;
use crate::diameter::result_code::ResultCode;

const BAD_VALUE: &str = "an AVP of the capabilities exchange has no valid value";

/// Applications that are kept of one peer; what comes behind them counts for nothing.
pub const APPLICATIONS: usize = 64;

/// What a peer says of itself in CER or CEA.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Capabilities {
    /// Origin-Host: it alone identifies the peer (§5.3).
    pub host: Identity,
    /// Origin-Realm.
    pub realm: Identity,
    /// Product-Name.
    pub product: Box<str>,
    /// Vendor-Id.
    pub vendor_id: u32,
    /// Origin-State-Id; 0 says nothing (§8.16) and reads as `None`.
    pub origin_state_id: Option<u32>,
    /// Firmware-Revision.
    pub firmware_revision: Option<u32>,
    /// The numbers from all Auth-Application-Id, Acct-Application-Id and Vendor-Specific-Application-Id, each
    /// once, in the order they came.
    pub applications: Vec<ApplicationId>,
}

impl Capabilities {
    /// Reads a CER, or the part of a CEA that it shares with CER; the refusal names the first fault.
    ///
    /// A Vendor-Specific-Application-Id with several Vendor-Ids (RFC 3588 had them), with both kinds of
    /// application, or with neither, is taken as far as it can be read.
    pub fn read(message: &Message) -> Result<Self, Refusal> {
        if let Some(fault) = message.faults().iter().find(|fault| fault.scope > Scope::Avp) {
            return Err(Refusal::of_fault(fault, "the capabilities exchange is malformed"));
        }
        if let Some(fault) = grammar::CAPABILITIES.fault(message) {
            let why = match fault.result_code {
                ResultCode::MISSING_AVP => "the capabilities exchange lacks an AVP",
                ResultCode::AVP_UNSUPPORTED => "an AVP with the M bit is not known here",
                ResultCode::AVP_OCCURS_TOO_MANY_TIMES => {
                    "an AVP of the capabilities exchange stands there twice"
                }
                ResultCode::INVALID_AVP_BIT_COMBO => "an AVP has a Vendor-Id of zero",
                _ => BAD_VALUE,
            };
            return Err(Refusal::of_fault(&fault, why));
        }
        Self::values(message).map_err(|fault| Refusal::of_fault(&fault, BAD_VALUE))
    }

    fn values(message: &Message) -> Result<Self, Fault> {
        let required = |def: AvpDef| message.find(def.key).ok_or_else(|| Fault::missing(def, 0));
        let optional = |def: AvpDef| message.find(def.key).map(|avp| avp.u32()).transpose();
        Ok(Self {
            host: required(avps::ORIGIN_HOST)?.identity()?.into(),
            realm: required(avps::ORIGIN_REALM)?.identity()?.into(),
            product: required(avps::PRODUCT_NAME)?.utf8()?.into(),
            vendor_id: required(avps::VENDOR_ID)?.u32()?,
            origin_state_id: optional(avps::ORIGIN_STATE_ID)?.filter(|state| *state != 0),
            firmware_revision: optional(avps::FIRMWARE_REVISION)?,
            applications: applications(message)?,
        })
    }
}

/// Why a peer is refused that shares no application: it names none where it must name one, or both kinds of them,
/// in a Vendor-Specific-Application-Id (§6.11), else 5010.
pub fn no_common_application(message: &Message) -> Refusal {
    let malformed = message.all(avps::VENDOR_SPECIFIC_APPLICATION_ID.key).find_map(|group| {
        let names = |def: AvpDef| group.find(def.key);
        match (names(avps::AUTH_APPLICATION_ID), names(avps::ACCT_APPLICATION_ID)) {
            (None, None) => {
                let example = |def| Fault::missing(def, 4).failed_avp;
                let both = [example(avps::AUTH_APPLICATION_ID), example(avps::ACCT_APPLICATION_ID)].concat();
                let fault = Fault::of_avp(ResultCode::MISSING_AVP, both.into());
                Some((fault, "a Vendor-Specific-Application-Id names no application"))
            }
            (Some(auth), Some(acct)) => {
                let both = [auth, acct].map(|avp| copied(avp.key(), avp.flags(), avp.data())).concat();
                let fault = Fault::of_avp(ResultCode::AVP_OCCURS_TOO_MANY_TIMES, both.into());
                Some((fault, "a Vendor-Specific-Application-Id names two applications"))
            }
            _ => None,
        }
    });
    match malformed {
        Some((fault, why)) => Refusal::of_fault(&fault.within(avps::VENDOR_SPECIFIC_APPLICATION_ID), why),
        None => Refusal::new(ResultCode::NO_COMMON_APPLICATION, "we share no application"),
    }
}

fn applications(message: &Message) -> Result<Vec<ApplicationId>, Fault> {
    let mut found = Vec::new();
    let mut add = |id: u32| {
        let id = ApplicationId::new(id);
        if found.len() < APPLICATIONS && !found.contains(&id) {
            found.push(id);
        }
    };
    for avp in message.avps() {
        if is_application(&avp) {
            add(avp.u32()?);
        } else if avp.key() == avps::VENDOR_SPECIFIC_APPLICATION_ID.key {
            avp.children().filter(is_application).filter_map(|inner| inner.u32().ok()).for_each(&mut add);
        }
    }
    Ok(found)
}

fn is_application(avp: &Avp<'_>) -> bool {
    avp.key() == avps::AUTH_APPLICATION_ID.key || avp.key() == avps::ACCT_APPLICATION_ID.key
}

/// Writes our CER (§5.3.1) and gives its length in octets; `address` is our end of the connection.
pub fn write_cer(
    out: &mut BytesMut,
    hop_by_hop: HopByHop,
    end_to_end: EndToEnd,
    node: &LocalNode,
    address: IpAddr,
) -> Result<usize, EncodeError> {
    let header = Header {
        flags: CommandFlags::REQUEST,
        command: CommandCode::CAPABILITIES_EXCHANGE,
        application: ApplicationId::BASE,
        hop_by_hop,
        end_to_end,
    };
    let mut cer = Encoder::start(out, header);
    who(&mut cer, node, address);
    what(&mut cer, node);
    cer.finish()
}

/// Writes our CEA (§5.3.2) to a CER with the header `request`, and gives its length in octets.
///
/// It tells our capabilities in either case. The E bit is set with 3xxx.
pub fn write_cea(
    out: &mut BytesMut,
    request: Header,
    node: &LocalNode,
    address: IpAddr,
    refusal: Option<&Refusal>,
) -> Result<usize, EncodeError> {
    let result_code = refusal.map_or(ResultCode::SUCCESS, |refusal| refusal.result_code);
    let is_error = result_code.is_protocol_error();
    let mut cea = Encoder::start(out, if is_error { request.error_answer() } else { request.answer() });
    cea.u32(avps::RESULT_CODE, result_code.get());
    who(&mut cea, node, address);
    if let Some(refusal) = refusal {
        error_message(&mut cea, refusal);
        failed_avp(&mut cea, refusal);
    }
    what(&mut cea, node);
    cea.finish()
}

fn who(message: &mut Encoder<'_>, node: &LocalNode, address: IpAddr) {
    message.utf8(avps::ORIGIN_HOST, node.host.as_str()).utf8(avps::ORIGIN_REALM, node.realm.as_str());
    message.address(avps::HOST_IP_ADDRESS, Address::from(address));
    message.u32(avps::VENDOR_ID, node.vendor_id).utf8(avps::PRODUCT_NAME, &node.product);
    if let Some(state) = node.origin_state_id {
        message.u32(avps::ORIGIN_STATE_ID, state);
    }
}

fn what(message: &mut Encoder<'_>, node: &LocalNode) {
    for vendor in &node.supported_vendors {
        message.u32(avps::SUPPORTED_VENDOR_ID, *vendor);
    }
    for application in node.applications.iter().filter(|application| application.plain) {
        message.u32(avps::AUTH_APPLICATION_ID, application.id.get());
    }
    for application in &node.applications {
        for vendor in &application.vendors {
            message.grouped(avps::VENDOR_SPECIFIC_APPLICATION_ID, |group| {
                group.u32(avps::VENDOR_ID, *vendor).u32(avps::AUTH_APPLICATION_ID, application.id.get());
            });
        }
    }
    if let Some(revision) = node.firmware_revision {
        message.u32(avps::FIRMWARE_REVISION, revision);
    }
}

#[cfg(test)]
mod tests;
