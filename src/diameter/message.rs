//! A message whose lengths are all proven: the octets as they came, and an index of the AVPs in them.
//!
//! The index lists the AVPs of all known groups in the order of the wire, each with the place where its own
//! AVPs end, so that a level is walked without reading anything twice. It is one allocation per message.

use core::fmt;
use core::iter::FusedIterator;

use bytes::Bytes;

use super::avp::{Avp, AvpFlags, AvpKey};
use super::error::{Fault, wrapped};
use super::header::Header;

/// Stands for "no group around this one" in [`Entry::parent`].
pub(super) const TOP: u32 = u32::MAX;

/// One AVP in the index.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) key: AvpKey,
    /// Where its header begins.
    pub(super) start: u32,
    /// Octets of header and data.
    pub(super) length: u32,
    /// Index of the first entry behind it and all that it holds.
    pub(super) after: u32,
    /// Index of the group around it, or [`TOP`].
    pub(super) parent: u32,
    pub(super) flags: AvpFlags,
    pub(super) depth: u8,
    pub(super) group: bool,
}

/// A message off the wire; made by [`super::parse::parse`] alone.
#[derive(Clone)]
pub struct Message {
    pub(super) bytes: Bytes,
    pub(super) header: Header,
    pub(super) entries: Vec<Entry>,
    pub(super) faults: Vec<Fault>,
    /// Where each of the faults lies.
    pub(super) places: Vec<Place>,
}

/// Where a fault lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Index of the group whose AVPs it ends, or [`TOP`].
    pub(super) group: u32,
    /// Octets from the start of the message.
    pub(super) offset: u32,
}

impl Message {
    /// The header.
    pub const fn header(&self) -> Header {
        self.header
    }

    /// The whole message as it came.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What is wrong with the structure, in the order of the wire; the header first. Values are checked by the
    /// readers of [`Avp`]. At most [`super::parse::FAULTS`] are kept.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The faults of one level, with the octet at which each lies from the start of the message: of the message
    /// itself, or of a group. On its level a fault lies behind all AVPs that could be read.
    pub fn faults_of(&self, group: Option<&Avp<'_>>) -> impl Iterator<Item = (&Fault, u32)> {
        let level = group.map_or(TOP, Avp::index);
        let placed = self.faults.iter().zip(&self.places);
        placed.filter(move |(_, place)| place.group == level).map(|(fault, place)| (fault, place.offset))
    }

    /// How many AVPs were read, those of groups included.
    pub fn avp_count(&self) -> usize {
        self.entries.len()
    }

    /// The AVPs of the message itself, in the order of the wire.
    pub fn avps(&self) -> Avps<'_> {
        Avps::new(self, 0, u32::try_from(self.entries.len()).unwrap_or(u32::MAX))
    }

    /// All AVPs in the order of the wire, those of groups behind their group.
    pub fn walk(&self) -> impl Iterator<Item = Avp<'_>> {
        (0_u32..).zip(&self.entries).map(|(index, entry)| Avp::new(self, entry, index))
    }

    /// The first AVP of the message itself with the given key.
    pub fn find(&self, key: AvpKey) -> Option<Avp<'_>> {
        self.avps().find(|avp| avp.key() == key)
    }

    /// All AVPs of the message itself with the given key.
    pub fn all(&self, key: AvpKey) -> impl Iterator<Item = Avp<'_>> {
        self.avps().filter(move |avp| avp.key() == key)
    }

    /// The data of `avp` as a share of the message's own octets; nothing is copied.
    /// Of an AVP of another message it is a copy.
    pub fn bytes_of(&self, avp: &Avp<'_>) -> Bytes {
        let data = avp.data();
        let own = self.bytes.as_ptr_range();
        let theirs = data.as_ptr_range();
        if data.is_empty() {
            Bytes::new()
        } else if own.start <= theirs.start && theirs.end <= own.end {
            self.bytes.slice_ref(data)
        } else {
            Bytes::copy_from_slice(data)
        }
    }

    pub(super) fn at(&self, index: u32) -> Option<Avp<'_>> {
        let entry = self.entries.get(usize::try_from(index).ok()?)?;
        Some(Avp::new(self, entry, index))
    }

    pub(super) fn slice(&self, start: u32, length: u32) -> &[u8] {
        let range = usize::try_from(start).ok().zip(usize::try_from(start.saturating_add(length)).ok());
        range.and_then(|(from, to)| self.bytes.get(from..to)).unwrap_or_default()
    }

    /// `inner` inside the headers of the group `parent` and of all groups around it.
    pub(super) fn chain(&self, parent: u32, inner: Vec<u8>) -> Vec<u8> {
        chain(&self.entries, parent, inner)
    }
}

/// `inner` inside the headers of the group `parent` and of all groups around it.
pub(super) fn chain(entries: &[Entry], parent: u32, inner: Vec<u8>) -> Vec<u8> {
    let mut out = inner;
    let mut at = parent;
    while let Some(group) = usize::try_from(at).ok().and_then(|index| entries.get(index)) {
        out = wrapped(group.key, group.flags, &out);
        at = group.parent;
    }
    out
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("header", &self.header)
            .field("avps", &self.avps().collect::<Vec<_>>())
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

/// The AVPs of one level: of a message or of a group.
#[derive(Clone)]
pub struct Avps<'a> {
    message: &'a Message,
    next: u32,
    end: u32,
}

impl<'a> Avps<'a> {
    pub(super) const fn new(message: &'a Message, next: u32, end: u32) -> Self {
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
        let entry = self.message.entries.get(usize::try_from(index).ok()?)?;
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
