//! The AVPs of the base protocol by name, each with the flags that RFC 6733 §4.5 gives it.

use crate::diameter::avp::AvpDef;

macro_rules! avps {
    ($($(#[$doc:meta])+ $name:ident = $def:expr;)+) => {
        $($(#[$doc])+ pub const $name: AvpDef = $def;)+
    };
}

avps! {
    /// Session-Id (§8.8).
    SESSION_ID = AvpDef::base(263);
    /// Origin-Host (§6.3).
    ORIGIN_HOST = AvpDef::base(264);
    /// Origin-Realm (§6.4).
    ORIGIN_REALM = AvpDef::base(296);
    /// Destination-Host (§6.5).
    DESTINATION_HOST = AvpDef::base(293);
    /// Destination-Realm (§6.6).
    DESTINATION_REALM = AvpDef::base(283);
    /// Route-Record (§6.7.1).
    ROUTE_RECORD = AvpDef::base(282);
    /// Proxy-Info (§6.7.2).
    PROXY_INFO = AvpDef::base(284);
    /// Auth-Application-Id (§6.8).
    AUTH_APPLICATION_ID = AvpDef::base(258);
    /// Acct-Application-Id (§6.9).
    ACCT_APPLICATION_ID = AvpDef::base(259);
    /// Inband-Security-Id (§6.10).
    INBAND_SECURITY_ID = AvpDef::base(299);
    /// Vendor-Specific-Application-Id (§6.11).
    VENDOR_SPECIFIC_APPLICATION_ID = AvpDef::base(260);
    /// Vendor-Id (§5.3.3).
    VENDOR_ID = AvpDef::base(266);
    /// Firmware-Revision (§5.3.4), never with M.
    FIRMWARE_REVISION = AvpDef::base(267).optional();
    /// Host-IP-Address (§5.3.5).
    HOST_IP_ADDRESS = AvpDef::base(257);
    /// Supported-Vendor-Id (§5.3.6).
    SUPPORTED_VENDOR_ID = AvpDef::base(265);
    /// Product-Name (§5.3.7), never with M.
    PRODUCT_NAME = AvpDef::base(269).optional();
    /// Disconnect-Cause (§5.4.3).
    DISCONNECT_CAUSE = AvpDef::base(273);
    /// Origin-State-Id (§8.16).
    ORIGIN_STATE_ID = AvpDef::base(278);
    /// Result-Code (§7.1).
    RESULT_CODE = AvpDef::base(268);
    /// Error-Message (§7.3), never with M.
    ERROR_MESSAGE = AvpDef::base(281).optional();
    /// Error-Reporting-Host (§7.4), never with M.
    ERROR_REPORTING_HOST = AvpDef::base(294).optional();
    /// Failed-AVP (§7.5).
    FAILED_AVP = AvpDef::base(279);
    /// CC-Request-Type (RFC 8506 §8.3): stands in the head of an error answer to a CCR.
    CC_REQUEST_TYPE = AvpDef::base(416);
    /// CC-Request-Number (RFC 8506 §8.2): stands in the head of an error answer to a CCR.
    CC_REQUEST_NUMBER = AvpDef::base(415);
}
