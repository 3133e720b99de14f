//! Brings changes, sorted by class and key, into pages: each page that is touched is read and written once.
//!
//! What a crash leaves of it may be any part, each page whole and with those that were cut from it: the journal after
//! the last checkpoint is read again, and brings the same keys in once more.

use std::collections::BTreeMap;
use std::ops::Bound;

use ::sled::Batch;

use super::pages::{self, Body, Entry, PAGE_MAX};
use super::{Fault, HIGH, Tree, behind, floor, page_key, part_key, put_fact};
use crate::store::record::{Class, Key};
use crate::store::{Sequence, StoreError};

/// A change that is durable in the journal: the value from that batch on, or `None` for a key that was removed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Change {
    /// The batch that wrote it.
    pub(crate) revision: Sequence,
    /// The value.
    pub(crate) value: Option<Vec<u8>>,
}

/// Changes by class and key: of one key the last.
pub(crate) type Changes = BTreeMap<(Class, Key), Change>;

/// Octets of pages that are written at a time, about, and then waited for until they are on the disk.
///
/// sled 0.34.7 has a pool of seven threads that write 512 KiB each. All of them may wait for a lock whose holder waits
/// until the pool has shortened the file: with seven writes under way it then stands still for ever. sled writes three
/// to eight times what it is given (a node of 64 KiB every tenth time that a page in it changes), which makes five writes
/// of this much. Waiting also frees what sled keeps until the end of a batch, and lets the pace know what the disk takes.
const AT_ONCE: usize = 256 * 1024;

/// Octets of changes that go into one page before it is cut and written.
const PER_PAGE: usize = 16 * 1024;

impl Tree {
    /// Brings the changes behind `cursor` into pages, up to about `pages` of them; after a crash some of it may be there.
    /// Returns the last key done; `None` when all are done. `high` is noted as the last batch that may have left
    /// something here.
    pub(crate) fn apply(
        &mut self,
        changes: &Changes,
        cursor: Option<(Class, Key)>,
        pages: usize,
        high: Sequence,
    ) -> Result<Option<(Class, Key)>, StoreError> {
        self.run(|db| {
            let (mut done, mut left) = (cursor, pages.max(1));
            while left > 0 {
                let mut writes = Writes::new(db, high);
                while left > 0 && writes.octets < AT_ONCE {
                    let from = done.map_or(Bound::Unbounded, Bound::Excluded);
                    let Some(((class, key), _)) = changes.range((from, Bound::Unbounded)).next() else {
                        writes.finish()?;
                        return Ok(None);
                    };
                    let turn = Turn::of(db, *class, key, changes)?;
                    done = Some((turn.class, turn.last));
                    left = left.saturating_sub(1);
                    if !turn.write(&mut writes)? {
                        // Pages of this batch would be looked for again before they are there.
                        break;
                    }
                }
                writes.finish()?;
            }
            Ok(done)
        })
    }
}

/// What is written at a time.
struct Writes<'a> {
    db: &'a ::sled::Db,
    batch: Batch,
    octets: usize,
    /// Parts that nothing refers to any more once the batch is written.
    surplus: Vec<Vec<u8>>,
}

impl<'a> Writes<'a> {
    fn new(db: &'a ::sled::Db, high: Sequence) -> Self {
        let mut batch = Batch::default();
        batch.insert(&HIGH, put_fact(&high.number().to_le_bytes()));
        Self { db, batch, octets: 0, surplus: Vec::new() }
    }

    fn put(&mut self, key: Vec<u8>, octets: Vec<u8>) {
        self.octets = self.octets.saturating_add(octets.len());
        self.batch.insert(key, octets);
    }

    fn remove(&mut self, key: Vec<u8>) {
        self.octets = self.octets.saturating_add(key.len());
        self.batch.remove(key);
    }

    /// Writes the parts of a large value, before anything refers to them.
    fn put_parts(&self, class: Class, key: &Key, value: &[u8]) -> Result<(), Fault> {
        let parts: Vec<_> = pages::parts(value).collect();
        for some in parts.chunks(AT_ONCE.div_euclid(PAGE_MAX)) {
            let mut batch = Batch::default();
            for (part, octets) in some {
                batch.insert(part_key(class, key, *part), octets.as_slice());
            }
            self.db.apply_batch(batch)?;
            self.db.flush()?;
        }
        Ok(())
    }

    /// Writes all of it, and waits.
    fn finish(self) -> Result<(), Fault> {
        self.db.apply_batch(self.batch)?;
        self.db.flush()?;
        for some in self.surplus.chunks(AT_ONCE.div_euclid(PAGE_MAX)) {
            let mut batch = Batch::default();
            for part in some {
                batch.remove(part.as_slice());
            }
            self.db.apply_batch(batch)?;
            self.db.flush()?;
        }
        Ok(())
    }
}

/// What becomes of one page.
struct Turn<'a> {
    class: Class,
    /// The page's bound, and its entries before.
    bound: Key,
    existed: bool,
    old: Vec<Entry>,
    /// The changes that belong to it, in order.
    changes: Vec<(Key, &'a Change)>,
    last: Key,
    /// The page behind it.
    next: Option<(Key, ::sled::IVec)>,
    /// Whether no other page depends on what this turn writes.
    settled: bool,
}

impl<'a> Turn<'a> {
    fn of(db: &::sled::Db, class: Class, key: &Key, changes: &'a Changes) -> Result<Self, Fault> {
        let found = floor(db, class, key)?;
        let existed = found.is_some();
        let (bound, old) = match found {
            Some((bound, page)) => (bound, pages::decode(&page)?),
            None => (Key::EMPTY, Vec::new()),
        };
        let next = behind(db, class, &bound)?;
        let end = next.as_ref().map(|(end, _)| *end);
        let mut of_page = Vec::new();
        let (mut octets, mut settled) = (0_usize, true);
        for ((of_class, key), change) in changes.range((class, *key)..) {
            if *of_class != class || end.is_some_and(|end| *key >= end) {
                break;
            }
            if octets >= PER_PAGE {
                settled = false;
                break;
            }
            // A value that stands outside, or none, leaves an entry.
            let inline = change.value.as_ref().map_or(0, Vec::len).min(PAGE_MAX);
            octets = octets.saturating_add(inline).saturating_add(key.as_octets().len());
            of_page.push((*key, change));
        }
        let last = of_page.last().map_or(*key, |(key, _)| *key);
        Ok(Self { class, bound, existed, old, changes: of_page, last, next, settled })
    }

    /// Writes the page anew: cut if it is too large, put together with the one behind it if both are small. False
    /// if what comes next depends on pages that are only in the batch yet.
    fn write(self, writes: &mut Writes<'_>) -> Result<bool, Fault> {
        let Self { class, bound, existed, old, changes, next, mut settled, .. } = self;
        let last_old = old.last().map(|last| last.key);
        let in_order = changes.first().is_some_and(|(first, _)| last_old.is_none_or(|last| *first > last));
        let mut entries = merge(class, old, &changes, writes)?;
        if entries.is_empty() {
            if existed {
                writes.remove(page_key(class, &bound));
            }
            return Ok(settled);
        }
        let size = pages::octets_of(&entries);
        if let Some((end, page)) = next.filter(|_| settled && size < PAGE_MAX.div_euclid(4)) {
            let more = pages::decode(&page)?;
            let both = size.saturating_add(pages::octets_of(&more));
            if both <= PAGE_MAX.div_euclid(4).saturating_mul(3) {
                entries.extend(more);
                writes.remove(page_key(class, &end));
                settled = false;
            }
        }
        let mut at = Some(bound);
        for page in pages::cut(entries, in_order) {
            if let Some(bound) = at.take().or_else(|| page.first().map(|entry| entry.key)) {
                writes.put(page_key(class, &bound), pages::encode(&page));
            }
        }
        Ok(settled)
    }
}

/// The entries of a page after the changes; parts of large values are written before.
fn merge(
    class: Class,
    old: Vec<Entry>,
    changes: &[(Key, &Change)],
    writes: &mut Writes<'_>,
) -> Result<Vec<Entry>, Fault> {
    let mut out = Vec::with_capacity(old.len().saturating_add(changes.len()));
    let mut old = old.into_iter().peekable();
    for (key, change) in changes {
        while let Some(kept) = old.next_if(|entry| entry.key < *key) {
            out.push(kept);
        }
        let had = match old.next_if(|entry| entry.key == *key).map(|entry| entry.body) {
            Some(Body::Large(parts)) => parts,
            _ => 0,
        };
        let mut has = 0;
        if let Some(value) = &change.value {
            let body = pages::body_of(value);
            if let Body::Large(parts) = body {
                has = parts;
                writes.put_parts(class, key, value)?;
            }
            out.push(Entry { key: *key, revision: change.revision.number(), body });
        }
        for part in has..had {
            writes.surplus.push(part_key(class, key, part));
        }
    }
    out.extend(old);
    Ok(out)
}
