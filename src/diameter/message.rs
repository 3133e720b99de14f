//! A message whose lengths are all proven: the octets as they came, and an index of the AVPs in them.
//!
//! The index lists the AVPs of all known groups in the order of the wire, each with the place where its own
//! AVPs end, so that a level is walked without reading anything twice. It is one allocation per message.

use core::fmt;

use bytes::Bytes;

use super::avp::Avp;
use super::error::Fault;
use super::header::Header;
use super::index::{Index, TOP};
use super::key::AvpKey;

pub use super::avp::Avps;

/// A message off the wire; made by [`super::parse::parse`] alone.
#[derive(Clone)]
pub struct Message {
    pub(super) index: Index,
    pub(super) header: Header,
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
        &self.index.bytes
    }

    /// What is wrong with the structure, in the order of the wire; the header first. Values are checked by the
    /// readers of [`Avp`]. At most [`super::parse::FAULTS`] are kept, and the one
    /// that ended the reading, of [`super::error::Scope::Message`].
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
        self.index.entries.len()
    }

    /// The AVPs of the message itself, in the order of the wire.
    pub fn avps(&self) -> Avps<'_> {
        Avps::new(&self.index, 0, u32::try_from(self.index.entries.len()).unwrap_or(u32::MAX))
    }

    /// All AVPs in the order of the wire, those of groups behind their group.
    pub fn walk(&self) -> impl Iterator<Item = Avp<'_>> {
        (0_u32..).zip(&self.index.entries).map(|(index, entry)| Avp::new(&self.index, entry, index))
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
        let own = self.index.bytes.as_ptr_range();
        let theirs = data.as_ptr_range();
        if data.is_empty() {
            Bytes::new()
        } else if own.start <= theirs.start && theirs.end <= own.end {
            self.index.bytes.slice_ref(data)
        } else {
            Bytes::copy_from_slice(data)
        }
    }
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
