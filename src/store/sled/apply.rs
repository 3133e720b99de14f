//! Brings changes, sorted by class and key, into pages: each page that is touched is read and written once.

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

/// Changes that go into one page before it is cut and written.
const PER_PAGE: usize = 1_024;

impl Tree {
    /// Brings the changes behind `cursor` into pages, up to about `pages` of them, in one step that is whole or not
    /// there after a crash. Returns the last key done; `None` when all are done. `high` is noted as the last batch
    /// that may have left something here.
    pub(crate) fn apply(
        &mut self,
        changes: &Changes,
        cursor: Option<(Class, Key)>,
        pages: usize,
        high: Sequence,
    ) -> Result<Option<(Class, Key)>, StoreError> {
        self.run(|db| {
            let mut batch = Batch::default();
            batch.insert(&HIGH, put_fact(&high.number().to_le_bytes()));
            let mut done = cursor;
            for _ in 0..pages.max(1) {
                let from = done.map_or(Bound::Unbounded, Bound::Excluded);
                let Some(((class, key), _)) = changes.range((from, Bound::Unbounded)).next() else {
                    db.apply_batch(batch)?;
                    return Ok(None);
                };
                let turn = Turn::of(db, *class, key, changes)?;
                done = Some((turn.class, turn.last));
                if !turn.write(&mut batch)? {
                    // Pages of this batch would be looked for again before they are there.
                    break;
                }
            }
            db.apply_batch(batch)?;
            Ok(done)
        })
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
        let mut settled = true;
        for ((of_class, key), change) in changes.range((class, *key)..) {
            if *of_class != class || end.is_some_and(|end| *key >= end) {
                break;
            }
            if of_page.len() >= PER_PAGE {
                settled = false;
                break;
            }
            of_page.push((*key, change));
        }
        let last = of_page.last().map_or(*key, |(key, _)| *key);
        Ok(Self { class, bound, existed, old, changes: of_page, last, next, settled })
    }

    /// Writes the page anew: cut if it is too large, put together with the one behind it if both are small. False
    /// if what comes next depends on pages that are only in the batch yet.
    fn write(self, batch: &mut Batch) -> Result<bool, Fault> {
        let Self { class, bound, existed, old, changes, next, mut settled, .. } = self;
        let last_old = old.last().map(|last| last.key);
        let in_order = changes.first().is_some_and(|(first, _)| last_old.is_none_or(|last| *first > last));
        let mut entries = merge(class, old, &changes, batch);
        if entries.is_empty() {
            if existed {
                batch.remove(page_key(class, &bound));
            }
            return Ok(settled);
        }
        let size = pages::octets_of(&entries);
        if let Some((end, page)) = next.filter(|_| settled && size < PAGE_MAX.div_euclid(4)) {
            let more = pages::decode(&page)?;
            let both = size.saturating_add(pages::octets_of(&more));
            if both <= PAGE_MAX.div_euclid(4).saturating_mul(3) {
                entries.extend(more);
                batch.remove(page_key(class, &end));
                settled = false;
            }
        }
        let mut at = Some(bound);
        for page in pages::cut(entries, in_order) {
            if let Some(bound) = at.take().or_else(|| page.first().map(|entry| entry.key)) {
                batch.insert(page_key(class, &bound), pages::encode(&page));
            }
        }
        Ok(settled)
    }
}

/// The entries of a page after the changes; parts of large values go into the batch.
fn merge(class: Class, old: Vec<Entry>, changes: &[(Key, &Change)], batch: &mut Batch) -> Vec<Entry> {
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
                for (part, octets) in pages::parts(value) {
                    batch.insert(part_key(class, key, part), octets);
                }
            }
            out.push(Entry { key: *key, revision: change.revision.number(), body });
        }
        for part in has..had {
            batch.remove(part_key(class, key, part));
        }
    }
    out.extend(old);
    out
}
