//! Reading and writing by the table of [`super::fields`]: multiplicities, formats, flags, and what is not known.

use super::fields::{Field, Format, Level, Occurs};
use crate::diameter::avp::{Avp, AvpKey};
use crate::diameter::data::DiameterIdentity;
use crate::diameter::dictionary::Dictionary;
use crate::diameter::encode::Encoder;
use crate::diameter::error::Fault;
use crate::diameter::message::Avps;
use crate::diameter::parse::FAULTS;
use crate::diameter::result_code::ResultCode;
use crate::time::Timestamp;

/// The fields met so far on one level.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Seen([u128; 2]);

impl Seen {
    /// Notes a field; false when it was noted before.
    fn insert(&mut self, field: Field) -> bool {
        let new = !self.has(field);
        let [low, high] = &mut self.0;
        match field.place() {
            place @ ..128 => *low |= 1 << place,
            place => *high |= 1 << (place & 127),
        }
        new
    }

    /// Whether the field was met.
    pub(super) const fn has(self, field: Field) -> bool {
        let [low, high] = self.0;
        let word = match field.place() {
            ..128 => low,
            _ => high,
        };
        word >> (field.place() & 127) & 1 == 1
    }
}

/// Reads levels by the table and collects what is wrong.
pub(super) struct Reader<'d> {
    dictionary: Option<&'d Dictionary>,
    /// AVPs of this place that nobody knows are let pass whatever their M bit.
    lenient: bool,
    faults: Vec<Fault>,
}

impl<'d> Reader<'d> {
    /// Unknown AVPs with the M bit are faults, where unknown is what neither the table nor `dictionary` has.
    pub(super) const fn strict(dictionary: &'d Dictionary) -> Self {
        Self { dictionary: Some(dictionary), lenient: false, faults: Vec::new() }
    }

    /// Unknown AVPs are let pass.
    pub(super) const fn open() -> Self {
        Self { dictionary: None, lenient: true, faults: Vec::new() }
    }

    /// What was wrong, in the order in which it was found.
    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// Whether anything was wrong so far.
    pub(super) const fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// Takes note of a fault; beyond [`FAULTS`] they are not kept.
    #[cold]
    pub(super) fn fault(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS {
            self.faults.push(fault);
        }
    }

    /// 5005 for an AVP of the message that is not there.
    #[cold]
    pub(super) fn missing(&mut self, field: Field) {
        self.fault(field.missing());
    }

    /// Runs `inside` with unknown AVPs let pass, where `lenient`.
    pub(super) fn leniently<T>(&mut self, lenient: bool, inside: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.lenient;
        self.lenient |= lenient;
        let result = inside(self);
        self.lenient = before;
        result
    }

    /// The field to read this AVP as; none when it is not to be read, for whatever reason.
    pub(super) fn admit(&mut self, level: Level, seen: &mut Seen, avp: &Avp<'_>) -> Option<Field> {
        let Some(field) = Field::of(avp.key()) else {
            self.stranger(avp);
            return None;
        };
        if avp.flags().is_vendor() && avp.key().vendor == 0 && !self.lenient {
            // Vendor-Id 0 must never be written (RFC 6733 §4.1)
            self.fault(avp.fault(ResultCode::INVALID_AVP_BIT_COMBO));
            return None;
        }
        match level.occurs(field) {
            Occurs::Many => {
                seen.insert(field);
                Some(field)
            }
            Occurs::First => seen.insert(field).then_some(field),
            Occurs::Once | Occurs::AtMostOnce if seen.insert(field) => Some(field),
            Occurs::Once | Occurs::AtMostOnce => {
                self.fault(avp.fault(ResultCode::AVP_OCCURS_TOO_MANY_TIMES));
                None
            }
            Occurs::Never => {
                self.fault(avp.fault(ResultCode::AVP_NOT_ALLOWED));
                None
            }
            Occurs::Open => {
                self.strangers(avp);
                None
            }
        }
    }

    /// 5001 for an AVP with M that is not known, here or in the groups in it that are known (RFC 6733 §4.1).
    fn stranger(&mut self, avp: &Avp<'_>) {
        if self.lenient {
            return;
        }
        if avp.is_group() {
            self.strangers(avp);
        } else if avp.flags().is_mandatory() && !self.knows(avp.key()) {
            self.fault(avp.fault(ResultCode::AVP_UNSUPPORTED));
        }
    }

    /// 5001 for the unknown AVPs with M in a group that is not read.
    pub(super) fn strangers(&mut self, group: &Avp<'_>) {
        if !self.lenient {
            group.children().for_each(|avp| self.stranger(&avp));
        }
    }

    fn knows(&self, key: AvpKey) -> bool {
        let known = |dictionary: &Dictionary| dictionary.avp(key.vendor, key.code).is_some();
        Field::of(key).is_some() || self.dictionary.is_none_or(known)
    }

    /// The AVPs of a group; none, and a fault, where it is no group.
    pub(super) fn group<'a>(&mut self, avp: &Avp<'a>) -> Option<Avps<'a>> {
        self.keep(avp.grouped())
    }

    /// An unsigned number, 4 or 8 octets as the table has it.
    pub(super) fn unsigned(&mut self, field: Field, avp: &Avp<'_>) -> Option<u64> {
        self.keep(match field.format() {
            Format::U64 => avp.u64(),
            _ => avp.u32().map(u64::from),
        })
    }

    /// An unsigned number of 4 octets.
    pub(super) fn word(&mut self, avp: &Avp<'_>) -> Option<u32> {
        self.keep(avp.u32())
    }

    /// A signed number or an enumerated value, 4 or 8 octets as the table has it.
    pub(super) fn signed(&mut self, field: Field, avp: &Avp<'_>) -> Option<i64> {
        self.keep(match field.format() {
            Format::I64 => avp.i64(),
            _ => avp.i32().map(i64::from),
        })
    }

    /// An enumerated value, any.
    pub(super) fn enumerated(&mut self, avp: &Avp<'_>) -> Option<i32> {
        self.keep(avp.enumerated())
    }

    /// Text, or the name of a host or realm, as the table has it.
    pub(super) fn text<'a>(&mut self, field: Field, avp: &Avp<'a>) -> Option<&'a str> {
        self.keep(match field.format() {
            Format::Identity => avp.identity().map(DiameterIdentity::as_str),
            _ => avp.utf8(),
        })
    }

    /// A time.
    pub(super) fn time(&mut self, avp: &Avp<'_>) -> Option<Timestamp> {
        self.keep(avp.time())
    }

    fn keep<T>(&mut self, read: Result<T, Fault>) -> Option<T> {
        read.map_err(|fault| self.fault(fault)).ok()
    }
}

/// Writing by the table.
pub(super) trait Put {
    /// An unsigned number; what does not fit into 4 octets becomes their largest number.
    fn unsigned(&mut self, field: Field, value: u64) -> &mut Self;
    /// A signed number or an enumerated value; what does not fit into 4 octets becomes their largest number.
    fn signed(&mut self, field: Field, value: i64) -> &mut Self;
    /// Text or a name.
    fn text(&mut self, field: Field, value: &str) -> &mut Self;
    /// Octets; of a group its AVPs.
    fn plain(&mut self, field: Field, value: &[u8]) -> &mut Self;
    /// A time.
    fn at(&mut self, field: Field, value: Timestamp) -> &mut Self;
    /// A group.
    fn within(&mut self, field: Field, inside: impl FnOnce(&mut Self)) -> &mut Self;
}

impl Put for Encoder<'_> {
    fn unsigned(&mut self, field: Field, value: u64) -> &mut Self {
        match field.format() {
            Format::U64 => self.u64(field.def(), value),
            _ => self.u32(field.def(), u32::try_from(value).unwrap_or(u32::MAX)),
        }
    }

    fn signed(&mut self, field: Field, value: i64) -> &mut Self {
        match field.format() {
            Format::I64 => self.i64(field.def(), value),
            _ => self.i32(field.def(), i32::try_from(value).unwrap_or(i32::MAX)),
        }
    }

    fn text(&mut self, field: Field, value: &str) -> &mut Self {
        self.utf8(field.def(), value)
    }

    fn plain(&mut self, field: Field, value: &[u8]) -> &mut Self {
        self.octets(field.def(), value)
    }

    fn at(&mut self, field: Field, value: Timestamp) -> &mut Self {
        self.time(field.def(), value)
    }

    fn within(&mut self, field: Field, inside: impl FnOnce(&mut Self)) -> &mut Self {
        self.grouped(field.def(), inside)
    }
}
