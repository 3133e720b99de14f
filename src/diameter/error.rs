//! What can be wrong with a message, with the words of its answer: Result-Code, Failed-AVP, and how far it reaches.

use bytes::Bytes;

use super::key::{AvpDef, AvpFlags, AvpKey};
use super::result_code::ResultCode;

/// Octets of a value that a Failed-AVP repeats at most; a longer value is cut there.
pub const FAILED_VALUE_OCTETS: usize = 1_024;

/// How far an error reaches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scope {
    /// One AVP is wrong; the rest of the message can be used.
    Avp,
    /// The message cannot be used, the connection can.
    Message,
    /// The stream cannot be followed any more.
    Connection,
}

/// One thing that is wrong with a message (RFC 6733 §7.1.5, §7.5).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{result_code}")]
pub struct Fault {
    /// What the answer says in Result-Code.
    pub result_code: ResultCode,
    /// What the answer says in Failed-AVP: whole AVPs with padding, those of a group inside the chain of its
    /// groups; empty when the code goes without one.
    pub failed_avp: Bytes,
    /// How far it reaches.
    pub scope: Scope,
}

impl Fault {
    /// A fault of the message as a whole, without Failed-AVP.
    pub const fn of_message(result_code: ResultCode) -> Self {
        Self { result_code, failed_avp: Bytes::new(), scope: Scope::Message }
    }

    /// A fault of one AVP, given the octets for Failed-AVP.
    pub const fn of_avp(result_code: ResultCode, failed_avp: Bytes) -> Self {
        Self { result_code, failed_avp, scope: Scope::Avp }
    }

    /// 5005 for a required AVP that is not there: an example with `least_octets` zeros as its value
    /// (RFC 6733 §7.1.5; 4 or 8 for fixed formats, 0 for text and groups, 6 for Address).
    pub fn missing(def: AvpDef, least_octets: usize) -> Self {
        Self::of_avp(ResultCode::MISSING_AVP, example(def.key, def.flags, least_octets).into())
    }

    /// This fault seen from outside: its Failed-AVP wrapped into the group `def`.
    #[must_use]
    pub fn within(mut self, def: AvpDef) -> Self {
        if !self.failed_avp.is_empty() {
            self.failed_avp = wrapped(def.key, def.flags, &self.failed_avp).into();
        }
        self
    }
}

/// The octets of an AVP header; `length` counts header and data, without padding, and saturates at 24 bits.
pub(crate) fn avp_header(key: AvpKey, flags: AvpFlags, data_octets: usize) -> Vec<u8> {
    let header = if flags.is_vendor() { 12 } else { 8 };
    let length = u32::try_from(data_octets.saturating_add(header)).unwrap_or(u32::MAX).min(0x00ff_ffff);
    let [_, l0, l1, l2] = length.to_be_bytes();
    let mut out = Vec::with_capacity(data_octets.saturating_add(16));
    out.extend_from_slice(&key.code.to_be_bytes());
    out.extend_from_slice(&[flags.get(), l0, l1, l2]);
    if flags.is_vendor() {
        out.extend_from_slice(&key.vendor.to_be_bytes());
    }
    out
}

/// A whole AVP with its padding; a value longer than [`FAILED_VALUE_OCTETS`] is cut there.
pub(crate) fn copied(key: AvpKey, flags: AvpFlags, data: &[u8]) -> Vec<u8> {
    let data = data.get(..FAILED_VALUE_OCTETS).unwrap_or(data);
    wrapped(key, flags, data)
}

/// An AVP whose value is zeros.
pub(crate) fn example(key: AvpKey, flags: AvpFlags, data_octets: usize) -> Vec<u8> {
    wrapped(key, flags, &vec![0; data_octets.min(FAILED_VALUE_OCTETS)])
}

/// A whole AVP with its padding around `data`.
pub(crate) fn wrapped(key: AvpKey, flags: AvpFlags, data: &[u8]) -> Vec<u8> {
    let mut out = avp_header(key, flags, data.len());
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_avp_is_named_by_an_example_of_zeros() {
        let fault = Fault::missing(AvpDef::base(416), 4);
        assert_eq!(fault.result_code, ResultCode::MISSING_AVP);
        assert_eq!(*fault.failed_avp, [0, 0, 1, 0xa0, 0x40, 0, 0, 0x0c, 0, 0, 0, 0]);
    }

    #[test]
    fn a_fault_in_a_group_is_wrapped_into_its_group() {
        let fault = Fault::missing(AvpDef::base(416), 4).within(AvpDef::vendor(873, 10_415));
        assert_eq!(
            *fault.failed_avp,
            [0, 0, 3, 0x69, 0xc0, 0, 0, 24, 0, 0, 0x28, 0xaf, 0, 0, 1, 0xa0, 0x40, 0, 0, 0x0c, 0, 0, 0, 0]
        );
        let plain = Fault::of_message(ResultCode::INVALID_HDR_BITS).within(AvpDef::base(456));
        assert!(plain.failed_avp.is_empty());
    }

    #[test]
    fn a_failed_avp_repeats_a_bounded_part_of_a_long_value() {
        let avp = copied(AvpKey::base(263), AvpFlags::MANDATORY, &[b'x'; 5_000]);
        assert_eq!(avp.len(), 8 + FAILED_VALUE_OCTETS);
    }
}
