//! What an AVP is known by and how it is written (RFC 6733 §4.1): key and flags.

use core::fmt;

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
