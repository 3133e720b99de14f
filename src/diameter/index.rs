//! The octets of a message and the list of the AVPs in them.

use bytes::Bytes;

use super::error::wrapped;
use super::key::{AvpFlags, AvpKey};

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

/// A message's octets and the AVPs of all its known groups, in the order of the wire.
#[derive(Clone, Debug)]
pub(super) struct Index {
    pub(super) bytes: Bytes,
    pub(super) entries: Vec<Entry>,
}

impl Index {
    /// The AVP at a place of the list; none at [`TOP`].
    pub(super) fn entry(&self, index: u32) -> Option<&Entry> {
        self.entries.get(usize::try_from(index).ok()?)
    }

    /// A part of the octets.
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
