//! One AVP (RFC 6733 §4): its key, its flags, and a view into a message that reads its value in place.

use core::fmt;

use super::data::{Address, DataError, DiameterIdentity, DiameterUri, IpFilterRule};
use super::error::{Fault, copied, wrapped};
use super::message::{Avps, Message};
use super::result_code::ResultCode;
use super::{data, message};
use crate::time::Timestamp;

/// The Vendor-Id of 3GPP.
pub const VENDOR_3GPP: u32 = 10_415;

/// What an AVP means: (vendor, code), never the code alone. Vendor 0 is the IETF, written without Vendor-Id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AvpKey {
    /// The SMI enterprise number, 0 for the IETF.
    pub vendor: u32,
    /// The AVP code within the vendor's space.
    pub code: u32,
}

impl AvpKey {
    /// Session-Id (RFC 6733 §8.8).
    pub const SESSION_ID: Self = Self::base(263);
    /// Failed-AVP (RFC 6733 §7.5).
    pub const FAILED_AVP: Self = Self::base(279);
    /// Proxy-Info (RFC 6733 §6.7.2).
    pub const PROXY_INFO: Self = Self::base(284);

    /// A key of a vendor, 0 for the IETF.
    pub const fn new(vendor: u32, code: u32) -> Self {
        Self { vendor, code }
    }

    /// A key of the IETF.
    pub const fn base(code: u32) -> Self {
        Self { vendor: 0, code }
    }

    /// A key of 3GPP.
    pub const fn tgpp(code: u32) -> Self {
        Self::new(VENDOR_3GPP, code)
    }
}

/// `416`, or `873:10415` when a vendor defines the AVP.
impl fmt::Display for AvpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.vendor {
            0 => write!(f, "{}", self.code),
            vendor => write!(f, "{}:{vendor}", self.code),
        }
    }
}

impl fmt::Debug for AvpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The flag octet of an AVP (RFC 6733 §4.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct AvpFlags(u8);

impl AvpFlags {
    const V: u8 = 0x80;
    const M: u8 = 0x40;
    const P: u8 = 0x20;

    /// No flag.
    pub const NONE: Self = Self(0);
    /// M alone.
    pub const MANDATORY: Self = Self(Self::M);

    /// From the octet on the wire.
    pub const fn new(octet: u8) -> Self {
        Self(octet)
    }

    /// The octet on the wire.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// V: a Vendor-Id follows the length.
    pub const fn is_vendor(self) -> bool {
        self.0 & Self::V != 0
    }

    /// M: who does not know this AVP refuses the message.
    pub const fn is_mandatory(self) -> bool {
        self.0 & Self::M != 0
    }

    /// These flags and V.
    pub const fn with_vendor(self) -> Self {
        Self(self.0 | Self::V)
    }

    /// Octets of the AVP header: 8, or 12 with a Vendor-Id.
    pub const fn header_octets(self) -> usize {
        if self.is_vendor() { 12 } else { 8 }
    }
}

/// `VMP` with a dash for every clear flag.
impl fmt::Display for AvpFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (bit, letter) in [(Self::V, "V"), (Self::M, "M"), (Self::P, "P")] {
            f.write_str(if self.0 & bit == 0 { "-" } else { letter })?;
        }
        Ok(())
    }
}

impl fmt::Debug for AvpFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How an AVP is written: its key and its flags. V follows from the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AvpDef {
    /// What it means.
    pub key: AvpKey,
    /// The flags it is sent with; V is set exactly when the key has a vendor.
    pub flags: AvpFlags,
}

impl AvpDef {
    /// An AVP of the IETF, sent with M.
    pub const fn base(code: u32) -> Self {
        Self { key: AvpKey::base(code), flags: AvpFlags::MANDATORY }
    }

    /// An AVP of a vendor, sent with V and M; vendor 0 is [`AvpDef::base`].
    pub const fn vendor(code: u32, vendor: u32) -> Self {
        Self::of(AvpKey::new(vendor, code), true)
    }

    /// An AVP of 3GPP, sent with V and M.
    pub const fn tgpp(code: u32) -> Self {
        Self::vendor(code, VENDOR_3GPP)
    }

    /// An AVP by its key, with or without M.
    pub const fn of(key: AvpKey, mandatory: bool) -> Self {
        let flags = if mandatory { AvpFlags::MANDATORY } else { AvpFlags::NONE };
        Self { key, flags: if key.vendor == 0 { flags } else { flags.with_vendor() } }
    }

    /// The same AVP sent without M.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self::of(self.key, false)
    }
}

/// An AVP within a message that was parsed: a view that copies nothing.
///
/// The readers check the value against a data format (RFC 6733 §4.2, §4.3). Their fault holds the whole AVP
/// inside the chain of its groups, ready for Failed-AVP.
#[derive(Clone, Copy)]
pub struct Avp<'a> {
    message: &'a Message,
    entry: &'a message::Entry,
    index: u32,
}

impl<'a> Avp<'a> {
    pub(super) const fn new(message: &'a Message, entry: &'a message::Entry, index: u32) -> Self {
        Self { message, entry, index }
    }

    /// Its place in the message's index.
    pub(super) const fn index(&self) -> u32 {
        self.index
    }

    /// What it means.
    pub const fn key(&self) -> AvpKey {
        self.entry.key
    }

    /// Its flags as they came.
    pub const fn flags(&self) -> AvpFlags {
        self.entry.flags
    }

    /// 1 for an AVP of the message itself, one more for each group around it.
    pub const fn depth(&self) -> u8 {
        self.entry.depth
    }

    /// Its data without header and padding.
    pub fn data(&self) -> &'a [u8] {
        let octets = self.octets();
        octets.get(self.entry.flags.header_octets()..).unwrap_or_default()
    }

    /// Header and data without padding, as they came.
    pub fn octets(&self) -> &'a [u8] {
        self.message.slice(self.entry.start, self.entry.length)
    }

    /// Where its header begins, in octets from the start of the message.
    pub const fn offset(&self) -> u32 {
        self.entry.start
    }

    /// Whether the parser knew it as a group and has read its AVPs.
    pub const fn is_group(&self) -> bool {
        self.entry.group
    }

    /// The AVPs of this group; none when it is no group.
    pub fn children(&self) -> Avps<'a> {
        Avps::new(self.message, self.index.saturating_add(1), self.entry.after)
    }

    /// The first AVP of this group with the given key.
    pub fn find(&self, key: AvpKey) -> Option<Self> {
        self.children().find(|avp| avp.entry.key == key)
    }

    /// The group around this AVP.
    pub fn parent(&self) -> Option<Self> {
        self.message.at(self.entry.parent)
    }

    /// Unsigned32 (RFC 6733 §4.2); 5014 unless it is 4 octets.
    pub fn u32(&self) -> Result<u32, Fault> {
        self.read(data::u32)
    }

    /// Unsigned64; 5014 unless it is 8 octets.
    pub fn u64(&self) -> Result<u64, Fault> {
        self.read(data::u64)
    }

    /// Integer32; 5014 unless it is 4 octets.
    pub fn i32(&self) -> Result<i32, Fault> {
        self.read(data::i32)
    }

    /// Integer64; 5014 unless it is 8 octets.
    pub fn i64(&self) -> Result<i64, Fault> {
        self.read(data::i64)
    }

    /// The bits of a Float32; 5014 unless it is 4 octets.
    pub fn f32_bits(&self) -> Result<u32, Fault> {
        self.read(data::u32)
    }

    /// The bits of a Float64; 5014 unless it is 8 octets.
    pub fn f64_bits(&self) -> Result<u64, Fault> {
        self.read(data::u64)
    }

    /// Enumerated, any value (RFC 6733 §4.3.1); 5014 unless it is 4 octets.
    pub fn enumerated(&self) -> Result<i32, Fault> {
        self.read(data::i32)
    }

    /// UTF8String; 5004 when it is no UTF-8.
    pub fn utf8(&self) -> Result<&'a str, Fault> {
        self.read(data::utf8)
    }

    /// DiameterIdentity; 5004 when it is empty or malformed.
    pub fn identity(&self) -> Result<DiameterIdentity<'a>, Fault> {
        self.read(DiameterIdentity::parse)
    }

    /// DiameterURI; 5004 when it is malformed.
    pub fn uri(&self) -> Result<DiameterUri<'a>, Fault> {
        self.read(DiameterUri::parse)
    }

    /// IPFilterRule; 5004 when it is malformed.
    pub fn filter_rule(&self) -> Result<IpFilterRule<'a>, Fault> {
        self.read(IpFilterRule::parse)
    }

    /// Address; 5014 when the size does not fit the family.
    pub fn address(&self) -> Result<Address<'a>, Fault> {
        self.read(Address::parse)
    }

    /// Time; 5014 unless it is 4 octets.
    pub fn time(&self) -> Result<Timestamp, Fault> {
        self.read(data::time)
    }

    /// The AVPs of a group; 5014 when it could not be read as one.
    pub fn grouped(&self) -> Result<Avps<'a>, Fault> {
        if self.is_group() || self.data().is_empty() {
            Ok(self.children())
        } else {
            Err(self.fault(ResultCode::INVALID_AVP_LENGTH))
        }
    }

    /// A fault of this AVP: a copy of it inside the chain of its groups goes into Failed-AVP
    /// (of a long value its beginning, see [`super::error::FAILED_VALUE_OCTETS`]).
    #[cold]
    pub fn fault(&self, result_code: ResultCode) -> Fault {
        self.fault_with(result_code, copied(self.entry.key, self.entry.flags, self.data()))
    }

    /// 5005 for an AVP that this group lacks: an example of it inside the chain of its groups.
    #[cold]
    pub fn missing(&self, def: AvpDef, least_octets: usize) -> Fault {
        let fault = Fault::missing(def, least_octets);
        let inner = wrapped(self.entry.key, self.entry.flags, &fault.failed_avp);
        self.fault_with(fault.result_code, inner)
    }

    fn fault_with(&self, result_code: ResultCode, own: Vec<u8>) -> Fault {
        Fault::of_avp(result_code, self.message.chain(self.entry.parent, own).into())
    }

    fn read<T>(&self, format: impl FnOnce(&'a [u8]) -> Result<T, DataError>) -> Result<T, Fault> {
        format(self.data()).map_err(|error| self.fault(error.result_code()))
    }
}

impl fmt::Debug for Avp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Avp");
        out.field("key", &self.key()).field("flags", &self.flags());
        if self.is_group() {
            out.field("children", &self.children().collect::<Vec<_>>()).finish()
        } else {
            out.field("data", &self.data()).finish()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendor_bit_follows_from_the_key() {
        assert_eq!(AvpDef::base(263).flags.get(), 0x40);
        assert_eq!(AvpDef::tgpp(873).flags.get(), 0xc0);
        assert_eq!(AvpDef::tgpp(873).optional().flags.get(), 0x80);
        assert_eq!(AvpDef::vendor(1, 0), AvpDef::base(1));
    }

    #[test]
    fn keys_and_flags_read_well() {
        assert_eq!(AvpKey::tgpp(873).to_string(), "873:10415");
        assert_eq!(AvpKey::SESSION_ID.to_string(), "263");
        assert_eq!(AvpFlags::new(0xc0).to_string(), "VM-");
    }
}
