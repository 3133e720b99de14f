//! Pages: several records of one class, in the order of their keys, in one value of at most [`PAGE_MAX`] octets.
//!
//! ```text
//!  0  version   2  entries   4  CRC-32C of all the rest   8  entries:
//!  key octets (1)  kind (1)  revision (8)  value octets (2)  key  value
//! ```
//!
//! A page is found by the last page key at or before a key, so page keys are a sparse index. A value longer than
//! one part has an entry that says how many parts it has; the parts stand outside of pages.

use crate::store::error::Damage;
use crate::store::octets::{Reader, wide};
use crate::store::record::{Key, PART_MAX};

/// The largest page, in octets.
pub(crate) const PAGE_MAX: usize = 4_096;

/// Octets before the entries of a page.
const HEADER: usize = 8;
/// Octets of an entry before its key.
const ENTRY: usize = 12;
const VERSION: u8 = 1;
const INLINE: u8 = 0;
const LARGE: u8 = 1;

/// What an entry says of its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Body {
    /// The value.
    Inline(Vec<u8>),
    /// The value stands outside, in so many parts.
    Large(u16),
}

/// One record of a page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// Its key.
    pub(crate) key: Key,
    /// The batch that wrote it.
    pub(crate) revision: u64,
    /// Its value.
    pub(crate) body: Body,
}

impl Entry {
    /// Octets in a page.
    pub(crate) fn octets(&self) -> usize {
        let body = match &self.body {
            Body::Inline(value) => value.len(),
            Body::Large(_) => 2,
        };
        ENTRY.saturating_add(self.key.as_octets().len()).saturating_add(body)
    }
}

const _: () =
    assert!(HEADER + ENTRY + crate::store::record::KEY_MAX + PART_MAX <= PAGE_MAX, "one entry fits");

/// The octets of a page of these entries, which are in order and fit.
pub(crate) fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(PAGE_MAX);
    out.extend_from_slice(&[VERSION, 0]);
    out.extend_from_slice(&u16::try_from(entries.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    for entry in entries {
        let key = entry.key.as_octets();
        let large;
        let (kind, value) = match &entry.body {
            Body::Inline(value) => (INLINE, value.as_slice()),
            Body::Large(parts) => {
                large = parts.to_le_bytes();
                (LARGE, large.as_slice())
            }
        };
        out.extend_from_slice(&[u8::try_from(key.len()).unwrap_or(u8::MAX), kind]);
        out.extend_from_slice(&entry.revision.to_le_bytes());
        out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
        out.extend_from_slice(key);
        out.extend_from_slice(value);
    }
    let crc = checksum(&out);
    for (to, from) in out.iter_mut().skip(4).zip(crc.to_le_bytes()) {
        *to = from;
    }
    out
}

fn checksum(page: &[u8]) -> u32 {
    let (head, rest) = page.split_at_checked(4).unwrap_or_default();
    crc32c::crc32c_append(crc32c::crc32c(head), rest.get(4..).unwrap_or_default())
}

/// The entries of a page, read one by one.
#[derive(Clone, Debug)]
pub(crate) struct Entries<'a> {
    reader: Reader<'a>,
    left: u16,
    last: Option<Key>,
}

/// An entry as it stands in the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    /// Its key.
    pub(crate) key: Key,
    /// The batch that wrote it.
    pub(crate) revision: u64,
    kind: u8,
    value: &'a [u8],
}

impl<'a> View<'a> {
    /// The value's octets, or how many parts stand outside.
    pub(crate) fn body(&self) -> Result<Result<&'a [u8], u16>, Damage> {
        match self.kind {
            INLINE => Ok(Ok(self.value)),
            LARGE => {
                self.value.try_into().map(|parts| Err(u16::from_le_bytes(parts))).map_err(|_| Damage::Length)
            }
            _ => Err(Damage::Parts),
        }
    }

    fn to_entry(self) -> Result<Entry, Damage> {
        let body = match self.body()? {
            Ok(value) => Body::Inline(value.to_vec()),
            Err(parts) => Body::Large(parts),
        };
        Ok(Entry { key: self.key, revision: self.revision, body })
    }
}

impl<'a> Entries<'a> {
    /// The entries of a page whose checksum fits.
    pub(crate) fn of(page: &'a [u8]) -> Result<Self, Damage> {
        let mut reader = Reader::new(page);
        let version = reader.u8().ok_or(Damage::Truncated)?;
        reader.u8().ok_or(Damage::Truncated)?;
        let left = reader.u16().ok_or(Damage::Truncated)?;
        let crc = reader.u32().ok_or(Damage::Truncated)?;
        if crc != checksum(page) {
            return Err(Damage::Checksum);
        }
        if version != VERSION {
            return Err(Damage::Version(u32::from(version)));
        }
        Ok(Self { reader, left, last: None })
    }

    /// The next entry; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<View<'a>>, Damage> {
        let Some(left) = self.left.checked_sub(1) else {
            return if self.reader.is_empty() { Ok(None) } else { Err(Damage::Length) };
        };
        self.left = left;
        let view = Self::read(&mut self.reader).ok_or(Damage::Length)?;
        if self.last.is_some_and(|last| last >= view.key) {
            return Err(Damage::Order);
        }
        self.last = Some(view.key);
        Ok(Some(view))
    }

    fn read(reader: &mut Reader<'a>) -> Option<View<'a>> {
        let key = usize::from(reader.u8()?);
        let (kind, revision, length) = (reader.u8()?, reader.u64()?, usize::from(reader.u16()?));
        let key = Key::new(reader.octets(key)?)?;
        Some(View { key, revision, kind, value: reader.octets(length)? })
    }
}

/// Reads a whole page.
pub(crate) fn decode(page: &[u8]) -> Result<Vec<Entry>, Damage> {
    let mut entries = Entries::of(page)?;
    let mut out = Vec::new();
    while let Some(view) = entries.next()? {
        out.push(view.to_entry()?);
    }
    Ok(out)
}

/// Finds one entry of a page.
pub(crate) fn find<'a>(page: &'a [u8], key: &Key) -> Result<Option<View<'a>>, Damage> {
    let mut entries = Entries::of(page)?;
    while let Some(view) = entries.next()? {
        if view.key >= *key {
            return Ok((view.key == *key).then_some(view));
        }
    }
    Ok(None)
}

/// Octets of a page of these entries.
pub(crate) fn octets_of(entries: &[Entry]) -> usize {
    entries.iter().fold(HEADER, |sum, entry| sum.saturating_add(entry.octets()))
}

/// Cuts entries into pages: as full as they go when they were added at the end (`in_order`), else about evenly, so
/// that there is room for more in each.
pub(crate) fn cut(entries: Vec<Entry>, in_order: bool) -> Vec<Vec<Entry>> {
    let total = octets_of(&entries);
    if total <= PAGE_MAX {
        return vec![entries];
    }
    let target = if in_order {
        PAGE_MAX
    } else {
        let pages = total.div_ceil(PAGE_MAX).max(1);
        total.div_ceil(pages).saturating_add(HEADER).min(PAGE_MAX)
    };
    let mut pages = Vec::new();
    let mut page: Vec<Entry> = Vec::new();
    let mut size = HEADER;
    for entry in entries {
        let more = entry.octets();
        let full = size.saturating_add(more) > PAGE_MAX || (size >= target && !page.is_empty());
        if full {
            pages.push(core::mem::take(&mut page));
            size = HEADER;
        }
        size = size.saturating_add(more);
        page.push(entry);
    }
    pages.push(page);
    pages
}

/// Octets of a value as its parts.
pub(crate) fn parts(value: &[u8]) -> impl Iterator<Item = (u16, Vec<u8>)> {
    (0_u16..).zip(value.chunks(PART_MAX)).map(|(part, octets)| {
        let mut out = Vec::with_capacity(octets.len().saturating_add(4));
        out.extend_from_slice(&crc32c::crc32c(octets).to_le_bytes());
        out.extend_from_slice(octets);
        (part, out)
    })
}

/// The octets of a part whose checksum fits.
pub(crate) fn part(octets: &[u8]) -> Result<&[u8], Damage> {
    let (crc, value) = octets.split_first_chunk().ok_or(Damage::Truncated)?;
    if crc32c::crc32c(value) == u32::from_le_bytes(*crc) { Ok(value) } else { Err(Damage::Checksum) }
}

/// The body of a value in a page, and whether its parts must be written outside.
pub(crate) fn body_of(value: &[u8]) -> Body {
    if value.len() <= PART_MAX {
        Body::Inline(value.to_vec())
    } else {
        Body::Large(u16::try_from(wide(value.len()).div_ceil(wide(PART_MAX))).unwrap_or(u16::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(key: u64, octets: usize) -> Entry {
        Entry { key: Key::from_u64(key), revision: key + 1, body: Body::Inline(vec![7; octets]) }
    }

    #[test]
    fn a_page_has_the_octets_it_had_in_the_first_version() {
        let large = Entry { key: Key::from_u64(9), revision: 3, body: Body::Large(2) };
        let page = encode(&[entry(1, 2), large]);
        let hex = crate::store::testing::hex(&page);
        let golden = concat!(
            "01000200",
            "CRC32CRC",
            "08000200000000000000",
            "0200",
            "0000000000000001",
            "0707",
            "08010300000000000000",
            "0200",
            "0000000000000009",
            "0200",
        );
        let crc = crate::store::testing::hex(&page[4..8]);
        assert_eq!(hex, golden.replace("CRC32CRC", &crc));
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let page = encode(&[entry(1, 20), entry(2, 0)]);
        for bit in 0..page.len() * 8 {
            let mut bad = page.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&bad).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn what_is_added_at_the_end_fills_its_pages() {
        let entries: Vec<Entry> = (0..100).map(|key| entry(key, 280)).collect();
        let full = cut(entries.clone(), true);
        assert!(full.iter().rev().skip(1).all(|page| octets_of(page) > PAGE_MAX - 300));
        let even = cut(entries, false);
        assert!(even.iter().all(|page| octets_of(page) > PAGE_MAX / 2));
    }

    proptest! {
        #[test]
        fn cut_pages_fit_and_hold_everything_in_order(
            sizes in proptest::collection::vec(0_usize..PART_MAX, 1..40), in_order: bool,
        ) {
            let entries: Vec<Entry> = (0..).zip(&sizes).map(|(key, size)| entry(key, *size)).collect();
            let pages = cut(entries.clone(), in_order);
            for page in &pages {
                prop_assert!(!page.is_empty());
                let octets = encode(page);
                prop_assert!(octets.len() <= PAGE_MAX && octets.len() == octets_of(page));
                prop_assert_eq!(&decode(&octets).unwrap(), page);
            }
            prop_assert_eq!(pages.concat(), entries);
        }
    }
}
