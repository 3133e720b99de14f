//! Messages and AVPs put together octet by octet from what RFC 6733 §3 and §4.1 say, and taken apart again: nothing
//! here knows the crate's own encoder or parser, so that what it says of them counts.

/// The flags of a message.
pub(super) const R: u8 = 0x80;
pub(super) const P: u8 = 0x40;
pub(super) const E: u8 = 0x20;
pub(super) const T: u8 = 0x10;

/// The flags of an AVP.
pub(super) const V: u8 = 0x80;
pub(super) const M: u8 = 0x40;

/// Commands and applications.
pub(super) const CER: u32 = 257;
pub(super) const CCR: u32 = 272;
pub(super) const DWR: u32 = 280;
pub(super) const DPR: u32 = 282;
pub(super) const GY: u32 = 4;
pub(super) const GX: u32 = 16_777_238;

pub(super) const TGPP: u32 = 10_415;

pub(super) const HOST: &str = "ocs.kz";
pub(super) const REALM: &str = "kz";
pub(super) const PGW: &str = "pgw.epc.kz";

/// The codes of the AVPs, RFC 6733 §4.5, RFC 8506 §8 and TS 32.299 §7.2.
macro_rules! codes {
    ($($name:ident $code:literal)+) => { $(pub(super) const $name: u32 = $code;)+ };
}

codes! {
    USER_NAME 1 PROXY_STATE 33 ACCT_MULTI_SESSION_ID 50 EVENT_TIMESTAMP 55 HOST_IP_ADDRESS 257
    AUTH_APPLICATION_ID 258 ACCT_APPLICATION_ID 259 VENDOR_SPECIFIC_APPLICATION_ID 260 SESSION_ID 263 ORIGIN_HOST 264
    SUPPORTED_VENDOR_ID 265 VENDOR_ID 266 FIRMWARE_REVISION 267 RESULT_CODE 268 PRODUCT_NAME 269
    DISCONNECT_CAUSE 273 ORIGIN_STATE_ID 278 FAILED_AVP 279 PROXY_HOST 280 ROUTE_RECORD 282 DESTINATION_REALM 283
    PROXY_INFO 284 DESTINATION_HOST 293 TERMINATION_CAUSE 295 ORIGIN_REALM 296 EXPERIMENTAL_RESULT 297
    INBAND_SECURITY_ID 299
    CC_CORRELATION_ID 411 CC_MONEY 413 CC_REQUEST_NUMBER 415 CC_REQUEST_TYPE 416 CC_SERVICE_SPECIFIC_UNITS 417
    CC_SESSION_FAILOVER 418 CC_SUB_SESSION_ID 419 CC_TIME 420 CC_TOTAL_OCTETS 421 CHECK_BALANCE_RESULT 422
    COST_INFORMATION 423 CURRENCY_CODE 425 CREDIT_CONTROL_FAILURE_HANDLING 427
    DIRECT_DEBITING_FAILURE_HANDLING 428 EXPONENT 429 FINAL_UNIT_INDICATION 430 GRANTED_SERVICE_UNIT 431
    RATING_GROUP 432 REQUESTED_ACTION 436 REQUESTED_SERVICE_UNIT 437 SERVICE_IDENTIFIER 439 SUBSCRIPTION_ID 443
    SUBSCRIPTION_ID_DATA 444 UNIT_VALUE 445 USED_SERVICE_UNIT 446 VALUE_DIGITS 447 VALIDITY_TIME 448
    FINAL_UNIT_ACTION 449 SUBSCRIPTION_ID_TYPE 450 TARIFF_CHANGE_USAGE 452 MULTIPLE_SERVICES_INDICATOR 455
    MULTIPLE_SERVICES_CREDIT_CONTROL 456 USER_EQUIPMENT_INFO 458 SERVICE_CONTEXT_ID 461
    USER_EQUIPMENT_INFO_EXTENSION 653 SUBSCRIPTION_ID_EXTENSION 659
    SUBSCRIPTION_ID_E164 660 QOS_FINAL_UNIT_INDICATION 669
    ROLE_OF_NODE 829 CALLED_PARTY_ADDRESS 832 TRIGGER_TYPE 870 REPORTING_REASON 872 SERVICE_INFORMATION 873 PS_INFORMATION 874
    IMS_INFORMATION 876 ADDRESS_DATA 897 ADDRESS_TYPE 899 QOS_INFORMATION 1016 RECIPIENT_ADDRESS 1201
    SGSN_ADDRESS 1228 TRIGGER 1264 SMS_INFORMATION 2000 NUMBER_OF_MESSAGES_SENT 2019 REFUND_INFORMATION 2022 AOC_REQUEST_TYPE 2055 RECIPIENT_INFO 2026
}

/// An AVP with its padding: code, flags, length without padding, Vendor-Id where the flags have V, data.
pub(super) fn avp(code: u32, flags: u8, vendor: u32, data: &[u8]) -> Vec<u8> {
    let header = if flags & V == 0 { 8 } else { 12 };
    let mut out = claiming(code, flags, vendor, header + data.len(), data);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// The same without padding, and whatever its length says.
pub(super) fn claiming(code: u32, flags: u8, vendor: u32, length: usize, data: &[u8]) -> Vec<u8> {
    let mut out = code.to_be_bytes().to_vec();
    out.extend((u32::from(flags) << 24 | u32::try_from(length).unwrap()).to_be_bytes());
    if flags & V != 0 {
        out.extend(vendor.to_be_bytes());
    }
    out.extend(data);
    out
}

/// An AVP of the IETF with the M bit.
pub(super) fn m(code: u32, data: impl AsRef<[u8]>) -> Vec<u8> {
    avp(code, M, 0, data.as_ref())
}

/// An AVP of the IETF without the M bit.
pub(super) fn plain(code: u32, data: impl AsRef<[u8]>) -> Vec<u8> {
    avp(code, 0, 0, data.as_ref())
}

/// An AVP of 3GPP with the M bit.
pub(super) fn v(code: u32, data: impl AsRef<[u8]>) -> Vec<u8> {
    avp(code, V | M, TGPP, data.as_ref())
}

/// Four octets.
pub(super) fn w(value: u32) -> [u8; 4] {
    value.to_be_bytes()
}

/// Eight octets.
pub(super) fn d(value: u64) -> [u8; 8] {
    value.to_be_bytes()
}

/// An AVP with the M bit that nobody has defined.
pub(super) fn stranger() -> Vec<u8> {
    avp(4_444, V | M, 4_242, &[1, 2, 3, 4])
}

/// The same without the M bit.
pub(super) fn stranger_without_m() -> Vec<u8> {
    avp(4_444, V, 4_242, &[1, 2, 3, 4])
}

/// AVPs one behind the other.
#[expect(clippy::needless_pass_by_value, reason = "they are made where they are named")]
pub(super) fn all<const N: usize>(avps: [Vec<u8>; N]) -> Vec<u8> {
    avps.concat()
}

/// A message with the identifiers that all requests here have.
pub(super) fn message(flags: u8, command: u32, application: u32, avps: &[Vec<u8>]) -> Vec<u8> {
    let body = avps.concat();
    let length = u32::try_from(20 + body.len()).unwrap();
    let mut out = (1 << 24 | length).to_be_bytes().to_vec();
    out.extend((u32::from(flags) << 24 | command).to_be_bytes());
    out.extend(application.to_be_bytes());
    out.extend([0x0a, 0x0b, 0x0c, 0x0d, 1, 2, 3, 4]);
    out.extend(body);
    out
}

/// A request as a list of AVPs that can be bent.
#[derive(Clone)]
pub(super) struct Request {
    flags: u8,
    command: u32,
    application: u32,
    pub(super) avps: Vec<Vec<u8>>,
}

/// A CCR-I of a subscriber whom nobody knows, who asks for a quota.
pub(super) fn ccr() -> Request {
    let avps = vec![
        m(SESSION_ID, "pgw.epc.kz;1;2"),
        m(ORIGIN_HOST, PGW),
        m(ORIGIN_REALM, "epc.kz"),
        m(DESTINATION_REALM, REALM),
        m(AUTH_APPLICATION_ID, w(GY)),
        m(SERVICE_CONTEXT_ID, "32251@3gpp.org"),
        m(CC_REQUEST_TYPE, w(1)),
        m(CC_REQUEST_NUMBER, w(0)),
        m(SUBSCRIPTION_ID, all([m(SUBSCRIPTION_ID_TYPE, w(0)), m(SUBSCRIPTION_ID_DATA, "77019999999")])),
        mscc(all([m(RATING_GROUP, w(10)), m(REQUESTED_SERVICE_UNIT, [])])),
    ];
    Request { flags: R | P, command: CCR, application: GY, avps }
}

/// The same without a quota.
pub(super) fn bare() -> Request {
    ccr().without(MULTIPLE_SERVICES_CREDIT_CONTROL)
}

pub(super) fn cer() -> Request {
    let avps = vec![
        m(ORIGIN_HOST, PGW),
        m(ORIGIN_REALM, "epc.kz"),
        m(HOST_IP_ADDRESS, [0, 1, 127, 0, 0, 2]),
        m(VENDOR_ID, w(TGPP)),
        plain(PRODUCT_NAME, "pgw"),
        m(AUTH_APPLICATION_ID, w(GY)),
    ];
    Request { flags: R, command: CER, application: 0, avps }
}

pub(super) fn dwr() -> Request {
    let avps = vec![m(ORIGIN_HOST, PGW), m(ORIGIN_REALM, "epc.kz")];
    Request { flags: R, command: DWR, application: 0, avps }
}

pub(super) fn dpr() -> Request {
    Request { command: DPR, ..dwr() }.with(m(DISCONNECT_CAUSE, w(0)))
}

pub(super) fn mscc(members: impl AsRef<[u8]>) -> Vec<u8> {
    m(MULTIPLE_SERVICES_CREDIT_CONTROL, members)
}

impl Request {
    pub(super) fn with(mut self, avp: Vec<u8>) -> Self {
        self.avps.push(avp);
        self
    }

    /// In front of all others.
    pub(super) fn led_by(mut self, avp: Vec<u8>) -> Self {
        self.avps.insert(0, avp);
        self
    }

    pub(super) fn without(mut self, code: u32) -> Self {
        self.avps.retain(|avp| avp[..4] != code.to_be_bytes());
        self
    }

    /// With this AVP in the place of the one of its code.
    pub(super) fn set(mut self, avp: Vec<u8>) -> Self {
        let place = self.avps.iter().position(|other| other[..4] == avp[..4]).unwrap();
        self.avps[place] = avp;
        self
    }

    pub(super) fn flags(self, flags: u8) -> Self {
        Self { flags, ..self }
    }

    pub(super) fn octets(&self) -> Vec<u8> {
        message(self.flags, self.command, self.application, &self.avps)
    }
}

/// Code, flags and data of the AVPs that stand in these octets, up to the first that does not add up.
pub(super) fn split(mut octets: &[u8]) -> Vec<(u32, u8, &[u8])> {
    let mut found = Vec::new();
    while let Some((header, _)) = octets.split_at_checked(8) {
        let code = u32::from_be_bytes(header[..4].try_into().unwrap());
        let length = u32::from_be_bytes([0, header[5], header[6], header[7]]).try_into().unwrap();
        let start = if header[4] & V == 0 { 8 } else { 12 };
        let Some(data) = octets.get(start..length) else { break };
        found.push((code, header[4], data));
        octets = octets.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    found
}
