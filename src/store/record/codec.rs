//! What all record layouts are made of: numbers little-endian, counts and lengths as LEB128, texts as length and
//! UTF-8, one octet of version first.

use crate::charging::account::Sequence;
use crate::charging::request::{QuotaKey, SessionId};
use crate::charging::units::{Amount, Digits, Money, Unit};
use crate::store::octets;
use crate::time::Timestamp;

/// Why a record cannot be read. Its octets were whole when the store gave them (it checks their sum), so this is
/// damage from before they were written, or the record of a newer gyro.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordError {
    /// A version that this gyro does not know.
    #[error("layout version {0} is not known to this gyro: it was written by a newer one")]
    Version(u8),
    /// It ends too early.
    #[error("the record ends too early")]
    Truncated,
    /// Something is behind its end.
    #[error("the record has octets behind its end")]
    Trailing,
    /// A field holds what it cannot hold.
    #[error("the field `{0}` holds what it cannot hold")]
    Field(&'static str),
}

/// Writes a record.
#[derive(Debug)]
pub(crate) struct Writer {
    octets: Vec<u8>,
}

impl Writer {
    /// Begins a record of a version, with room for so many octets.
    pub(crate) fn new(version: u8, room: usize) -> Self {
        let mut octets = Vec::with_capacity(room);
        octets.push(version);
        Self { octets }
    }

    /// The record.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.octets
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.octets.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.octets.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.octets.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.octets.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn raw(&mut self, value: &[u8]) {
        self.octets.extend_from_slice(value);
    }

    pub(crate) fn money(&mut self, value: Money) {
        self.octets.extend_from_slice(&value.micros().to_le_bytes());
    }

    pub(crate) fn time(&mut self, value: Timestamp) {
        self.octets.extend_from_slice(&value.micros().to_le_bytes());
    }

    pub(crate) fn digits(&mut self, value: Digits) {
        self.u64(value.packed());
    }

    /// A number that may be absent: 0 stands for none.
    pub(crate) fn digits_or_none(&mut self, value: Option<Digits>) {
        self.u64(value.map_or(0, Digits::packed));
    }

    /// A batch that may be absent: 0 stands for none.
    pub(crate) fn sequence_or_none(&mut self, value: Option<Sequence>) {
        self.u64(value.map_or(0, |value| value.0));
    }

    /// A count: seven bits an octet, the lowest first, the highest bit set where more follows (LEB128).
    pub(crate) fn count(&mut self, mut value: u64) {
        loop {
            let low = u8::try_from(value & 0x7f).unwrap_or(0);
            value >>= 7;
            if value == 0 {
                return self.octets.push(low);
            }
            self.octets.push(low | 0x80);
        }
    }

    pub(crate) fn length(&mut self, value: usize) {
        self.count(octets::wide(value));
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.length(value.len());
        self.raw(value.as_bytes());
    }

    /// A text that may be absent: the length is one more than it is, 0 stands for none.
    pub(crate) fn text_or_none(&mut self, value: Option<&str>) {
        match value {
            None => self.u8(0),
            Some(value) => {
                self.length(value.len().saturating_add(1));
                self.raw(value.as_bytes());
            }
        }
    }

    /// Octets that may be absent: the length is one more than it is, 0 stands for none.
    pub(crate) fn octets_or_none(&mut self, value: Option<&[u8]>) {
        match value {
            None => self.u8(0),
            Some(value) => {
                self.length(value.len().saturating_add(1));
                self.raw(value);
            }
        }
    }

    pub(crate) fn texts(&mut self, values: &[Box<str>]) {
        self.length(values.len());
        for value in values {
            self.text(value);
        }
    }

    pub(crate) fn time_or_none(&mut self, value: Option<Timestamp>) {
        match value {
            None => self.u8(0),
            Some(value) => {
                self.u8(1);
                self.time(value);
            }
        }
    }

    pub(crate) fn unit(&mut self, value: Unit) {
        self.u8(match value {
            Unit::Octets => 0,
            Unit::Seconds => 1,
            Unit::Pieces => 2,
            Unit::Money => 3,
        });
    }

    pub(crate) fn amount(&mut self, value: Amount) {
        self.unit(value.unit);
        self.count(value.count);
    }

    /// A part behind a record's fixed fields: its number (from 1, rising), its length, its octets. What has nothing to
    /// say writes no part; the last is followed by [`Writer::no_more_parts`]. A new part needs no new version.
    pub(crate) fn part(&mut self, number: u8, write: impl FnOnce(&mut Self)) {
        let mut part = Self { octets: Vec::new() };
        write(&mut part);
        self.u8(number);
        self.length(part.octets.len());
        self.raw(&part.octets);
    }

    /// The end of the parts.
    pub(crate) fn no_more_parts(&mut self) {
        self.u8(0);
    }

    /// A quota key: how many services and whether there is a rating group, the group, the services.
    pub(crate) fn quota_key(&mut self, value: &QuotaKey) {
        let services = octets::wide(value.services.len());
        self.count((services << 1) | u64::from(value.rating_group.is_some()));
        value.rating_group.into_iter().for_each(|group| self.u32(group));
        value.services.iter().for_each(|service| self.u32(*service));
    }
}

/// Reads a record.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: octets::Reader<'a>,
}

impl<'a> Reader<'a> {
    /// Begins to read a record of that version.
    pub(crate) fn new(octets: &'a [u8], version: u8) -> Result<Self, RecordError> {
        let mut reader = Self { rest: octets::Reader::new(octets) };
        match reader.u8()? {
            found if found == version => Ok(reader),
            found => Err(RecordError::Version(found)),
        }
    }

    /// Begins to read a record of one of the versions from 1 to `newest`, and says which.
    pub(crate) fn up_to(octets: &'a [u8], newest: u8) -> Result<(Self, u8), RecordError> {
        let mut reader = Self { rest: octets::Reader::new(octets) };
        match reader.u8()? {
            found if (1..=newest).contains(&found) => Ok((reader, found)),
            found => Err(RecordError::Version(found)),
        }
    }

    /// The record must be read to its end.
    pub(crate) fn finish(self) -> Result<(), RecordError> {
        if self.rest.is_empty() { Ok(()) } else { Err(RecordError::Trailing) }
    }

    /// Octets that were not read: no list in them can be longer.
    pub(crate) fn left(&self) -> usize {
        self.rest.rest().len()
    }

    pub(crate) fn u8(&mut self) -> Result<u8, RecordError> {
        self.rest.u8().ok_or(RecordError::Truncated)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, RecordError> {
        self.rest.u16().ok_or(RecordError::Truncated)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, RecordError> {
        self.rest.u32().ok_or(RecordError::Truncated)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, RecordError> {
        self.rest.u64().ok_or(RecordError::Truncated)
    }

    pub(crate) fn raw(&mut self, octets: usize) -> Result<&'a [u8], RecordError> {
        self.rest.octets(octets).ok_or(RecordError::Truncated)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, RecordError> {
        self.rest.array().map(i32::from_le_bytes).ok_or(RecordError::Truncated)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, RecordError> {
        self.rest.array().map(i64::from_le_bytes).ok_or(RecordError::Truncated)
    }

    pub(crate) fn money(&mut self) -> Result<Money, RecordError> {
        self.i64().map(Money::from_micros)
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, RecordError> {
        self.i64().map(Timestamp::from_micros)
    }

    pub(crate) fn digits(&mut self, field: &'static str) -> Result<Digits, RecordError> {
        Digits::from_packed(self.u64()?).ok_or(RecordError::Field(field))
    }

    pub(crate) fn digits_or_none(&mut self, field: &'static str) -> Result<Option<Digits>, RecordError> {
        match self.u64()? {
            0 => Ok(None),
            packed => Digits::from_packed(packed).map(Some).ok_or(RecordError::Field(field)),
        }
    }

    pub(crate) fn sequence_or_none(&mut self) -> Result<Option<Sequence>, RecordError> {
        Ok(Some(self.u64()?).filter(|number| *number != 0).map(Sequence))
    }

    pub(crate) fn count(&mut self) -> Result<u64, RecordError> {
        let mut value = 0u64;
        for place in 0..10u32 {
            let octet = self.u8()?;
            let bits = u64::from(octet & 0x7f);
            let shifted = bits.checked_shl(place * 7).unwrap_or(0);
            if shifted.checked_shr(place * 7) != Some(bits) || (place > 0 && octet == 0) {
                return Err(RecordError::Field("count"));
            }
            value |= shifted;
            if octet & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(RecordError::Field("count"))
    }

    /// The length of a list or text: never more than the octets that are left.
    pub(crate) fn length(&mut self) -> Result<usize, RecordError> {
        let length = octets::narrow(self.count()?);
        if length > self.left() { Err(RecordError::Truncated) } else { Ok(length) }
    }

    pub(crate) fn octets_or_none(&mut self) -> Result<Option<Box<[u8]>>, RecordError> {
        match octets::narrow(self.count()?).checked_sub(1) {
            None => Ok(None),
            Some(length) => self.raw(length).map(|octets| Some(octets.into())),
        }
    }

    pub(crate) fn text(&mut self, field: &'static str) -> Result<Box<str>, RecordError> {
        let length = self.length()?;
        self.text_of(length, field)
    }

    pub(crate) fn text_or_none(&mut self, field: &'static str) -> Result<Option<Box<str>>, RecordError> {
        match self.count()?.checked_sub(1) {
            None => Ok(None),
            Some(length) => self.text_of(octets::narrow(length), field).map(Some),
        }
    }

    fn text_of(&mut self, length: usize, field: &'static str) -> Result<Box<str>, RecordError> {
        let octets = self.raw(length)?;
        core::str::from_utf8(octets).map(Into::into).map_err(|_| RecordError::Field(field))
    }

    pub(crate) fn texts(&mut self, field: &'static str) -> Result<Vec<Box<str>>, RecordError> {
        let length = self.length()?;
        (0..length).map(|_| self.text(field)).collect()
    }

    pub(crate) fn time_or_none(&mut self, field: &'static str) -> Result<Option<Timestamp>, RecordError> {
        match self.u8()? {
            0 => Ok(None),
            1 => self.time().map(Some),
            _ => Err(RecordError::Field(field)),
        }
    }

    pub(crate) fn unit(&mut self) -> Result<Unit, RecordError> {
        match self.u8()? {
            0 => Ok(Unit::Octets),
            1 => Ok(Unit::Seconds),
            2 => Ok(Unit::Pieces),
            3 => Ok(Unit::Money),
            _ => Err(RecordError::Field("unit")),
        }
    }

    pub(crate) fn amount(&mut self) -> Result<Amount, RecordError> {
        Ok(Amount::new(self.unit()?, self.count()?))
    }

    pub(crate) fn quota_key(&mut self) -> Result<QuotaKey, RecordError> {
        let head = self.count()?;
        let rating_group = if head & 1 == 1 { Some(self.u32()?) } else { None };
        let services = octets::narrow(head >> 1);
        if services > self.left() {
            return Err(RecordError::Truncated);
        }
        let services = (0..services).map(|_| self.u32()).collect::<Result<_, _>>()?;
        Ok(QuotaKey { rating_group, services })
    }

    pub(crate) fn session_id(&mut self) -> Result<SessionId, RecordError> {
        SessionId::new(&self.text("session")?).ok_or(RecordError::Field("session"))
    }

    /// The parts behind a record's fixed fields, each once and in rising order of number; `read` must read a part whole
    /// and refuses a number that it does not know by [`RecordError::Field`].
    pub(crate) fn parts(
        &mut self,
        mut read: impl FnMut(u8, &mut Reader<'a>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        let mut last = 0;
        loop {
            let number = self.u8()?;
            if number == 0 {
                return Ok(());
            }
            if number <= last {
                return Err(RecordError::Field("part"));
            }
            last = number;
            let length = self.length()?;
            let mut part = Reader { rest: octets::Reader::new(self.raw(length)?) };
            read(number, &mut part)?;
            part.finish()?;
        }
    }

    /// An octet of flags, of which only some are known.
    pub(crate) fn flags(&mut self, known: u8) -> Result<u8, RecordError> {
        let flags = self.u8()?;
        if flags & !known == 0 { Ok(flags) } else { Err(RecordError::Field("flags")) }
    }
}

/// A flag: `bit` where it holds.
pub(crate) const fn flag(holds: bool, bit: u8) -> u8 {
    if holds { bit } else { 0 }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every shorter text of a record, and the record with one octet more, must be refused without a panic; a record
    /// with one octet changed must not panic.
    pub(crate) fn damaged<T: PartialEq + core::fmt::Debug>(
        octets: &[u8],
        decode: impl Fn(&[u8]) -> Result<T, RecordError>,
    ) {
        for end in 0..octets.len() {
            assert!(decode(&octets[..end]).is_err(), "cut at {end}");
        }
        let longer = [octets, &[0]].concat();
        assert_eq!(decode(&longer), Err(RecordError::Trailing));
        assert_eq!(decode(&[&[99], &octets[1..]].concat()), Err(RecordError::Version(99)));
        for at in 0..octets.len() {
            for change in [1, 0x80, 0xff] {
                let mut changed = octets.to_vec();
                changed[at] ^= change;
                let _ = decode(&changed);
            }
        }
    }

    pub(crate) fn number() -> impl Strategy<Value = Digits> {
        "[0-9]{1,15}".prop_map(|text| Digits::parse(&text).unwrap())
    }

    pub(crate) fn money() -> impl Strategy<Value = Money> {
        any::<i64>().prop_map(Money::from_micros)
    }

    pub(crate) fn time() -> impl Strategy<Value = Timestamp> {
        any::<i64>().prop_map(Timestamp::from_micros)
    }

    pub(crate) fn text() -> impl Strategy<Value = Box<str>> {
        "\\PC{0,40}".prop_map(Into::into)
    }

    pub(crate) fn amount() -> impl Strategy<Value = Amount> {
        const UNITS: [Unit; 4] = [Unit::Octets, Unit::Seconds, Unit::Pieces, Unit::Money];
        (proptest::sample::select(&UNITS[..]), any::<u64>())
            .prop_map(|(unit, count)| Amount::new(unit, count))
    }

    pub(crate) fn quota_key() -> impl Strategy<Value = QuotaKey> {
        let services = proptest::collection::vec(any::<u32>(), 0..4);
        (any::<Option<u32>>(), services)
            .prop_map(|(rating_group, services)| QuotaKey { rating_group, services })
    }

    pub(crate) fn session_id() -> impl Strategy<Value = SessionId> {
        "[a-z0-9;.]{1,80}".prop_map(|text| SessionId::new(&text).unwrap())
    }

    #[test]
    fn counts_have_one_form() {
        for (value, octets) in [
            (0, &[0][..]),
            (127, &[0x7f]),
            (128, &[0x80, 1]),
            (300, &[0xac, 2]),
            (u64::MAX, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
        ] {
            let mut writer = Writer::new(1, 0);
            writer.count(value);
            let written = writer.finish();
            assert_eq!(&written[1..], octets, "{value}");
            assert_eq!(Reader::new(&written, 1).unwrap().count(), Ok(value));
        }
        for octets in [&[1, 0x80, 0][..], &[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]] {
            assert_eq!(Reader::new(octets, 1).unwrap().count(), Err(RecordError::Field("count")));
        }
    }

    #[test]
    fn parts_are_read_in_rising_order_and_whole() {
        let read = |octets: &[u8]| {
            let mut found = Vec::new();
            let mut from = Reader::new(octets, 1)?;
            from.parts(|number, part| {
                found.push((number, part.u8()?));
                if number > 3 { Err(RecordError::Field("part")) } else { Ok(()) }
            })?;
            from.finish()?;
            Ok(found)
        };
        let mut to = Writer::new(1, 0);
        to.part(1, |to| to.u8(7));
        to.part(3, |to| to.u8(8));
        to.no_more_parts();
        let octets = to.finish();
        assert_eq!(octets, [1, 1, 1, 7, 3, 1, 8, 0]);
        assert_eq!(read(&octets), Ok(vec![(1, 7), (3, 8)]));
        for (octets, refusal) in [
            (&[1, 1, 1, 7][..], RecordError::Truncated),
            (&[1, 3, 1, 8, 1, 1, 7, 0], RecordError::Field("part")),
            (&[1, 1, 1, 7, 1, 1, 7, 0], RecordError::Field("part")),
            (&[1, 4, 1, 7, 0], RecordError::Field("part")),
            (&[1, 1, 2, 7, 7, 0], RecordError::Trailing),
            (&[1, 1, 0, 0], RecordError::Truncated),
            (&[1, 1, 9, 7, 0], RecordError::Truncated),
        ] {
            assert_eq!(read(octets), Err(refusal), "{octets:?}");
        }
    }

    #[test]
    fn a_length_beyond_the_record_takes_no_memory() {
        let mut writer = Writer::new(1, 0);
        writer.count(u64::MAX);
        let octets = writer.finish();
        assert_eq!(Reader::new(&octets, 1).unwrap().texts("x"), Err(RecordError::Truncated));
        assert_eq!(Reader::new(&octets, 1).unwrap().text("x"), Err(RecordError::Truncated));
        assert_eq!(Reader::new(&octets, 1).unwrap().quota_key(), Err(RecordError::Truncated));
    }
}
