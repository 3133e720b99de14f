//! AVPs as gateways put them together: in any order, with any flags, and written apart from the server's own
//! encoder, which would put Session-Id first.

use bytes::{BufMut, Bytes, BytesMut};

use crate::diameter::avp::AvpDef;
use crate::diameter::data::time_to_seconds;
use crate::diameter::header::{HEADER_OCTETS, Header};
use crate::diameter::tree::{AvpTree, TreeValue};
use crate::time::Timestamp;

/// Names for the codes that look-alikes write: RFC 6733, RFC 8506, TS 32.299 §7.2.
pub mod code {
    use crate::diameter::avp::AvpDef;

    macro_rules! codes {
        ($($name:ident = $make:ident $code:literal;)+) => {
            $(#[doc = concat!("Code ", stringify!($code), ".")]
            pub const $name: AvpDef = AvpDef::$make($code);)+
        };
    }

    codes! {
        USER_NAME = base 1;
        CALLED_STATION_ID = base 30;
        PROXY_STATE = base 33;
        EVENT_TIMESTAMP = base 55;
        AUTH_APPLICATION_ID = base 258;
        VENDOR_SPECIFIC_APPLICATION_ID = base 260;
        SESSION_ID = base 263;
        ORIGIN_HOST = base 264;
        VENDOR_ID = base 266;
        RESULT_CODE = base 268;
        ORIGIN_STATE_ID = base 278;
        PROXY_HOST = base 280;
        ROUTE_RECORD = base 282;
        DESTINATION_REALM = base 283;
        PROXY_INFO = base 284;
        DESTINATION_HOST = base 293;
        TERMINATION_CAUSE = base 295;
        ORIGIN_REALM = base 296;
        CC_INPUT_OCTETS = base 412;
        CC_OUTPUT_OCTETS = base 414;
        CC_REQUEST_NUMBER = base 415;
        CC_REQUEST_TYPE = base 416;
        CC_SERVICE_SPECIFIC_UNITS = base 417;
        CC_TIME = base 420;
        CC_TOTAL_OCTETS = base 421;
        RATING_GROUP = base 432;
        REQUESTED_ACTION = base 436;
        REQUESTED_SERVICE_UNIT = base 437;
        SERVICE_IDENTIFIER = base 439;
        SUBSCRIPTION_ID = base 443;
        SUBSCRIPTION_ID_DATA = base 444;
        USED_SERVICE_UNIT = base 446;
        SUBSCRIPTION_ID_TYPE = base 450;
        MULTIPLE_SERVICES_INDICATOR = base 455;
        MULTIPLE_SERVICES_CREDIT_CONTROL = base 456;
        USER_EQUIPMENT_INFO = base 458;
        USER_EQUIPMENT_INFO_TYPE = base 459;
        USER_EQUIPMENT_INFO_VALUE = base 460;
        SERVICE_CONTEXT_ID = base 461;
        ACCOUNTING_RECORD_TYPE = base 480;
        ACCOUNTING_RECORD_NUMBER = base 485;
        SUBSCRIPTION_ID_EXTENSION = base 659;
        SUBSCRIPTION_ID_E164 = base 660;
        SUBSCRIPTION_ID_IMSI = base 661;
        CHARGING_ID = tgpp 2;
        PDP_TYPE = tgpp 3;
        IMSI_MCC_MNC = tgpp 8;
        SGSN_MCC_MNC = tgpp 18;
        RAT_TYPE = tgpp 21;
        USER_LOCATION_INFO = tgpp 22;
        EVENT_TYPE = tgpp 823;
        SIP_METHOD = tgpp 824;
        ROLE_OF_NODE = tgpp 829;
        CALLING_PARTY_ADDRESS = tgpp 831;
        CALLED_PARTY_ADDRESS = tgpp 832;
        NODE_FUNCTIONALITY = tgpp 862;
        REPORTING_REASON = tgpp 872;
        SERVICE_INFORMATION = tgpp 873;
        PS_INFORMATION = tgpp 874;
        IMS_INFORMATION = tgpp 876;
        ADDRESS_DATA = tgpp 897;
        ADDRESS_TYPE = tgpp 899;
        QOS_INFORMATION = tgpp 1016;
        QOS_CLASS_IDENTIFIER = tgpp 1028;
        RECIPIENT_ADDRESS = tgpp 1201;
        PDP_ADDRESS = tgpp 1227;
        SMS_INFORMATION = tgpp 2000;
        RECIPIENT_INFO = tgpp 2026;
        AOC_REQUEST_TYPE = tgpp 2055;
    }
}

/// UTF8String, DiameterIdentity, OctetString written as text.
pub fn text(def: AvpDef, value: &str) -> AvpTree {
    octets(def, value.as_bytes())
}

/// OctetString, Address.
pub fn octets(def: AvpDef, value: &[u8]) -> AvpTree {
    AvpTree::octets(def, Bytes::copy_from_slice(value))
}

/// Unsigned32, Enumerated.
pub fn word(def: AvpDef, value: u32) -> AvpTree {
    octets(def, &value.to_be_bytes())
}

/// Unsigned64.
pub fn long(def: AvpDef, value: u64) -> AvpTree {
    octets(def, &value.to_be_bytes())
}

/// Time.
pub fn time(def: AvpDef, at: Timestamp) -> AvpTree {
    word(def, time_to_seconds(at).unwrap_or(u32::MAX))
}

/// Grouped.
pub fn group(def: AvpDef, avps: Vec<AvpTree>) -> AvpTree {
    AvpTree::group(def, avps)
}

/// A whole message: this header, these AVPs in this order.
pub fn message(header: Header, avps: &[AvpTree]) -> Bytes {
    let mut body = BytesMut::new();
    for avp in avps {
        put(avp, &mut body);
    }
    let length = u32::try_from(body.len().saturating_add(HEADER_OCTETS)).unwrap_or(u32::MAX);
    let mut out = BytesMut::from(&header.write(length)[..]);
    out.extend_from_slice(&body);
    out.freeze()
}

fn put(avp: &AvpTree, out: &mut BytesMut) {
    let mut data = BytesMut::new();
    match &avp.value {
        TreeValue::Octets(octets) => data.extend_from_slice(octets),
        TreeValue::Group(avps) => avps.iter().for_each(|avp| put(avp, &mut data)),
    }
    let length = u32::try_from(data.len().saturating_add(avp.flags.header_octets())).unwrap_or(u32::MAX);
    out.put_u32(avp.key.code);
    out.put_u32(u32::from(avp.flags.get()) << 24 | length & 0x00ff_ffff);
    if avp.flags.is_vendor() {
        out.put_u32(avp.key.vendor);
    }
    out.extend_from_slice(&data);
    out.put_bytes(0, data.len().wrapping_neg() & 3);
}
