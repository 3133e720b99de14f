//! Frames: what one commit puts on disk.
//!
//! ```text
//!  0  magic "GyF1"     8  segment id   24  sequence          36  payload octets   44  CRC-32C of octets 0..44
//!  4  kind, 3 zeros   16  epoch        32  CRC of the frame  40  records              and the payload
//!                                          before            48  payload, zeros up to a multiple of 8
//! ```
//!
//! The payload is a list of records, each `class, key octets, part, parts, value octets, key, value`; `parts` is zero
//! for a key that is removed, and above one for a value that is longer than one part holds.

use crate::store::error::Damage;
use crate::store::octets::{Reader, wide};
use crate::store::record::{Class, Key, PART_MAX, Record, VALUE_MAX};

/// Octets before the payload of a frame.
pub(crate) const HEADER: usize = 48;

/// Frames begin at multiples of this.
pub(crate) const ALIGN: usize = 8;

const MAGIC: [u8; 4] = *b"GyF1";
const RECORD_HEADER: usize = 8;
const CRC_AT: usize = 44;

/// What a frame is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// It carries a batch.
    Batch,
    /// It is empty and confirms the frame before; its sequence is that of the last batch.
    Confirm,
    /// As [`Kind::Confirm`], and the journal was closed.
    Close,
}

impl Kind {
    const fn octet(self) -> u8 {
        match self {
            Self::Batch => 1,
            Self::Confirm => 2,
            Self::Close => 3,
        }
    }

    const fn from_octet(octet: u8) -> Option<Self> {
        match octet {
            1 => Some(Self::Batch),
            2 => Some(Self::Confirm),
            3 => Some(Self::Close),
            _ => None,
        }
    }
}

/// Where a frame stands: in which segment, written by which opening, behind which frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// Segment id.
    pub(crate) segment: u64,
    /// Number of the opening.
    pub(crate) epoch: u64,
    /// CRC of the frame before.
    pub(crate) before: u32,
}

/// A frame's header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    /// What it is for.
    pub(crate) kind: Kind,
    /// Where it stands.
    pub(crate) place: Place,
    /// Number of the batch; of the last batch for an empty frame.
    pub(crate) sequence: u64,
    /// Payload octets.
    pub(crate) length: u32,
    /// Records (parts of values counted each) in the payload.
    pub(crate) records: u32,
    /// The frame's own CRC.
    pub(crate) crc: u32,
}

impl Header {
    /// Reads a header: its form only, no checksum. `None` if these are not the octets of a header.
    pub(crate) fn read(octets: &[u8; HEADER]) -> Option<Self> {
        let mut reader = Reader::new(octets);
        if reader.array::<4>()? != MAGIC {
            return None;
        }
        let kind = Kind::from_octet(reader.u8()?)?;
        if reader.array::<3>()? != [0; 3] {
            return None;
        }
        let (segment, epoch, sequence) = (reader.u64()?, reader.u64()?, reader.u64()?);
        let (before, length, records, crc) = (reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?);
        Some(Self { kind, place: Place { segment, epoch, before }, sequence, length, records, crc })
    }

    /// Octets of the whole frame, padding included.
    pub(crate) fn frame_octets(&self) -> u64 {
        padded(wide(HEADER).saturating_add(u64::from(self.length)))
    }
}

/// Whether the checksum of a frame fits; `octets` are its header and payload.
pub(crate) fn is_whole(octets: &[u8]) -> bool {
    let Some((head, rest)) = octets.split_at_checked(CRC_AT) else { return false };
    let Some((crc, payload)) = rest.split_first_chunk() else { return false };
    crc32c::crc32c_append(crc32c::crc32c(head), payload) == u32::from_le_bytes(*crc)
}

/// `octets` rounded up to where the next frame begins.
pub(crate) fn padded(octets: u64) -> u64 {
    octets.checked_next_multiple_of(wide(ALIGN)).unwrap_or(u64::MAX)
}

/// Octets that a frame of these records will have, padding included; the first record whose value is too long else.
pub(crate) fn octets_of(records: &[Record]) -> Result<u64, &Record> {
    let mut sum = wide(HEADER);
    for record in records {
        let (parts, length) = match &record.value {
            None => (1, 0),
            Some(value) if value.len() > VALUE_MAX => return Err(record),
            Some(value) => (value.len().div_ceil(PART_MAX).max(1), value.len()),
        };
        let heads =
            wide(RECORD_HEADER.saturating_add(record.key.as_octets().len())).saturating_mul(wide(parts));
        sum = sum.saturating_add(heads).saturating_add(wide(length));
    }
    Ok(padded(sum))
}

/// Writes a whole frame to the end of `out`, padding included, and returns its CRC.
pub(crate) fn encode(out: &mut Vec<u8>, kind: Kind, place: Place, sequence: u64, records: &[Record]) -> u32 {
    let start = out.len();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[kind.octet(), 0, 0, 0]);
    for number in [place.segment, place.epoch, sequence] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(&place.before.to_le_bytes());
    out.extend_from_slice(&[0; 12]);
    let count = encode_records(out, records);
    let end = out.len();
    let length = u32::try_from(end.saturating_sub(start).saturating_sub(HEADER)).unwrap_or(u32::MAX);
    let frame = out.get_mut(start..).unwrap_or_default();
    put(frame, 36, length);
    put(frame, 40, count);
    let head = crc32c::crc32c(frame.get(..CRC_AT).unwrap_or_default());
    let crc = crc32c::crc32c_append(head, frame.get(HEADER..).unwrap_or_default());
    put(frame, CRC_AT, crc);
    out.resize(start.saturating_add(end.saturating_sub(start).next_multiple_of(ALIGN)), 0);
    crc
}

fn encode_records(out: &mut Vec<u8>, records: &[Record]) -> u32 {
    records.iter().fold(0, |count: u32, record| count.saturating_add(encode_record(out, record)))
}

/// The payload of these records, and their count in it.
pub(crate) fn encode_payload(records: &[Record]) -> (u32, Vec<u8>) {
    let mut out = Vec::new();
    (encode_records(&mut out, records), out)
}

fn put(frame: &mut [u8], at: usize, number: u32) {
    for (to, from) in frame.iter_mut().skip(at).zip(number.to_le_bytes()) {
        *to = from;
    }
}

/// Writes one record, in as many parts as it needs, and returns how many.
fn encode_record(out: &mut Vec<u8>, record: &Record) -> u32 {
    let key = record.key.as_octets();
    let mut head = |part: u16, parts: u16, value: &[u8]| {
        out.extend_from_slice(&[record.class.octet(), u8::try_from(key.len()).unwrap_or(u8::MAX)]);
        out.extend_from_slice(&part.to_le_bytes());
        out.extend_from_slice(&parts.to_le_bytes());
        out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
        out.extend_from_slice(key);
        out.extend_from_slice(value);
    };
    match &record.value {
        None => head(0, 0, &[]),
        Some(value) if value.is_empty() => head(0, 1, &[]),
        Some(value) => {
            let parts = u16::try_from(value.len().div_ceil(PART_MAX)).unwrap_or(u16::MAX);
            for (part, octets) in (0..parts).zip(value.chunks(PART_MAX)) {
                head(part, parts, octets);
            }
            return u32::from(parts);
        }
    }
    1
}

/// Reads the records of a payload, parts put together again.
pub(crate) fn decode(payload: &[u8], count: u32) -> Result<Vec<Record>, Damage> {
    let mut reader = Reader::new(payload);
    let mut records: Vec<Record> = Vec::new();
    let mut parts_due: Option<(u16, u16)> = None;
    for _ in 0..count {
        let (record, part, parts) = decode_part(&mut reader)?;
        match (parts_due, parts) {
            (None, 0 | 1) if part == 0 => records.push(record),
            (None, _) if part == 0 => {
                records.push(record);
                parts_due = Some((1, parts));
            }
            (Some((due, of)), _) if part == due && parts == of => {
                let same = |last: &&mut Record| last.class == record.class && last.key == record.key;
                let last = records.last_mut().filter(same).ok_or(Damage::Parts)?;
                let whole = last.value.as_mut().ok_or(Damage::Parts)?;
                whole.extend_from_slice(record.value.as_deref().unwrap_or_default());
                parts_due = due.checked_add(1).filter(|next| *next < of).map(|next| (next, of));
            }
            _ => return Err(Damage::Parts),
        }
    }
    if parts_due.is_some() {
        return Err(Damage::Parts);
    }
    if !reader.is_empty() {
        return Err(Damage::Length);
    }
    Ok(records)
}

fn decode_part(reader: &mut Reader<'_>) -> Result<(Record, u16, u16), Damage> {
    let class = reader.u8().ok_or(Damage::Length)?;
    let class = Class::from_octet(class).ok_or(Damage::Class(class))?;
    let key = reader.u8().ok_or(Damage::Length)?;
    let part = reader.u16().ok_or(Damage::Length)?;
    let parts = reader.u16().ok_or(Damage::Length)?;
    let length = reader.u16().ok_or(Damage::Length)?;
    let key = reader.octets(usize::from(key)).and_then(Key::new).ok_or(Damage::Length)?;
    let octets = reader.octets(usize::from(length)).ok_or(Damage::Length)?;
    let value = (parts > 0).then(|| octets.to_vec());
    Ok((Record { class, key, value }, part, parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLACE: Place = Place { segment: 3, epoch: 7, before: 0x1122_3344 };

    fn frame(records: &[Record]) -> Vec<u8> {
        let mut out = Vec::new();
        encode(&mut out, Kind::Batch, PLACE, 9, records);
        out
    }

    #[test]
    fn a_frame_has_the_octets_it_had_in_the_first_version() {
        let octets = frame(&[
            Record::put(Class::Account, Key::from_u64(5), b"abc".to_vec()),
            Record::remove(Class::Session, Key::new(b"s").unwrap()),
        ]);
        let hex = crate::store::testing::hex(&octets);
        let golden = concat!(
            "4779463101000000",
            "0300000000000000",
            "0700000000000000",
            "0900000000000000",
            "44332211",
            "1c000000",
            "02000000",
            "CRC32CRC",
            "0208000001000300",
            "0000000000000005",
            "616263",
            "0301000000000000",
            "73",
            "00000000",
        );
        let crc = u32::from_le_bytes(octets[44..48].try_into().unwrap());
        assert_eq!(hex, golden.replace("CRC32CRC", &format!("{:08x}", crc.swap_bytes())));
        assert_eq!(crc, 0xbe2e_d9f7, "{crc:08x}");
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let octets = frame(&[Record::put(Class::Account, Key::from_u64(5), b"abcd".to_vec())]);
        assert!(is_whole(&octets[..48 + 20]));
        for bit in 0..(48 + 20) * 8 {
            let mut bad = octets.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let header = Header::read(bad[..48].try_into().unwrap());
            let whole = header.is_some_and(|header| {
                let end = HEADER + usize::try_from(header.length).unwrap();
                bad.get(..end).is_some_and(is_whole)
            });
            assert!(!whole, "bit {bit}");
        }
    }

    #[test]
    fn parts_that_do_not_belong_together_are_refused() {
        let long = Record::put(Class::Catalogue, Key::from_u64(1), vec![1; PART_MAX * 2 + 1]);
        let octets = frame(std::slice::from_ref(&long));
        let payload = &octets[48..48
            + usize::try_from(Header::read(octets[..48].try_into().unwrap()).unwrap().length).unwrap()];
        assert_eq!(decode(payload, 3), Ok(vec![long]));
        assert_eq!(decode(payload, 2), Err(Damage::Parts));
        let second = 16 + PART_MAX;
        assert_eq!(decode(&payload[second..], 2), Err(Damage::Parts));
        assert_eq!(decode(&payload[..payload.len() - 1], 3), Err(Damage::Length));
    }

    fn record() -> impl Strategy<Value = Record> {
        let class = proptest::sample::select(&Class::ALL[..]);
        let key = proptest::collection::vec(any::<u8>(), 0..=64);
        let value = prop_oneof![
            2 => Just(None),
            6 => proptest::collection::vec(any::<u8>(), 0..300).prop_map(Some),
            1 => (0..3 * PART_MAX).prop_map(|octets| Some(vec![7; octets])),
        ];
        (class, key, value).prop_map(|(class, key, value)| Record {
            class,
            key: Key::new(&key).unwrap(),
            value,
        })
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(records in proptest::collection::vec(record(), 0..20)) {
            let octets = frame(&records);
            prop_assert_eq!(wide(octets.len()), octets_of(&records).unwrap());
            let header = Header::read(octets[..48].try_into().unwrap()).unwrap();
            prop_assert_eq!(header.frame_octets(), wide(octets.len()));
            let end = HEADER + usize::try_from(header.length).unwrap();
            prop_assert!(is_whole(&octets[..end]));
            prop_assert_eq!(decode(&octets[HEADER..end], header.records), Ok(records));
        }

        #[test]
        fn octets_off_the_disk_never_panic(octets in proptest::collection::vec(any::<u8>(), 0..200), count in 0_u32..50) {
            let _ = decode(&octets, count);
            let _ = is_whole(&octets);
        }
    }
}
