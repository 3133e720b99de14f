//! One AVP of a message (RFC 6733 §4): a view that reads its value in place, and the AVPs of a level.

use core::fmt;
use core::iter::FusedIterator;

use super::data::{self, Address, DataError, DiameterIdentity, DiameterUri, IpFilterRule};
use super::error::{Fault, copied, wrapped};
use super::index::{Entry, Index};
use super::result_code::ResultCode;
use crate::time::Timestamp;

pub use super::key::{AvpDef, AvpFlags, AvpKey, VENDOR_3GPP};

/// An AVP within a message that was parsed: a view that copies nothing.
///
/// The readers check the value against a data format (RFC 6733 §4.2, §4.3). Their fault holds the whole AVP
/// inside the chain of its groups, ready for Failed-AVP.
#[derive(Clone, Copy)]
pub struct Avp<'a> {
    message: &'a Index,
    entry: &'a Entry,
    index: u32,
}

impl<'a> Avp<'a> {
    pub(super) const fn new(message: &'a Index, entry: &'a Entry, index: u32) -> Self {
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
        let entry = self.message.entry(self.entry.parent)?;
        Some(Self::new(self.message, entry, self.entry.parent))
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

/// The AVPs of one level: of a message or of a group.
#[derive(Clone)]
pub struct Avps<'a> {
    message: &'a Index,
    next: u32,
    end: u32,
}

impl<'a> Avps<'a> {
    pub(super) const fn new(message: &'a Index, next: u32, end: u32) -> Self {
        Self { message, next, end }
    }
}

impl<'a> Iterator for Avps<'a> {
    type Item = Avp<'a>;

    fn next(&mut self) -> Option<Avp<'a>> {
        if self.next >= self.end {
            return None;
        }
        let index = self.next;
        let entry = self.message.entry(index)?;
        self.next = entry.after;
        Some(Avp::new(self.message, entry, index))
    }
}

impl FusedIterator for Avps<'_> {}

impl fmt::Debug for Avps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
