//! What is durable in the journal and not yet in the state behind it.
//!
//! Two layers: changes that gather, and those that are being brought into the state; these leave as soon as they can be
//! read there. Reads look at both, newest first, before they look at the state.

use std::ops::Bound;

use crate::store::octets::wide;
use crate::store::pace::Part;
use crate::store::record::{Class, KEY_MAX, Key, Record};
use crate::store::sled::apply::{Change, Changes};
use crate::store::{Loaded, Sequence};

/// Octets that a change takes beside its value, about.
const EACH: u64 = 128;

const _: () = assert!(KEY_MAX == 64, "the estimate fits the key");

/// The changes of one checkpoint on their way into the state: those that are not in it yet.
#[derive(Debug)]
pub(super) struct Draining {
    changes: Changes,
    /// The last batch that is among them.
    pub(super) target: Sequence,
    octets: u64,
    total: u64,
}

impl Draining {
    /// The changes that are left.
    pub(super) const fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Those up to `last` are in the state; all of them without it.
    pub(super) fn done(&mut self, last: Option<(Class, Key)>) {
        let Some(last) = last else {
            self.changes.clear();
            self.octets = 0;
            return;
        };
        while let Some(first) = self.changes.first_entry().filter(|first| *first.key() <= last) {
            self.octets = self.octets.saturating_sub(octets_of(&first.remove()));
        }
    }

    /// How much of it is in the state.
    pub(super) fn part_done(&self) -> Part {
        Part::of(self.total.saturating_sub(self.octets), self.total)
    }
}

/// Octets that a change takes, about.
fn octets_of(change: &Change) -> u64 {
    EACH.saturating_add(change.value.as_ref().map_or(0, |value| wide(value.len())))
}

/// Both layers.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    gathering: Changes,
    octets: u64,
    draining: Option<Draining>,
}

impl Overlay {
    /// Takes the state records of a batch in.
    pub(super) fn take(&mut self, revision: Sequence, records: Vec<Record>) {
        for Record { class, key, value } in records {
            if class.is_journal_only() {
                continue;
            }
            let change = Change { revision, value };
            self.octets = self.octets.saturating_add(octets_of(&change));
            if let Some(old) = self.gathering.insert((class, key), change) {
                self.octets = self.octets.saturating_sub(octets_of(&old));
            }
        }
    }

    /// Octets held, about.
    pub(super) fn octets(&self) -> u64 {
        self.octets.saturating_add(self.draining.as_ref().map_or(0, |draining| draining.octets))
    }

    /// Octets held that gather for the next checkpoint, about.
    pub(super) const fn gathered(&self) -> u64 {
        self.octets
    }

    /// What stands under a key: `None` if the state is to be asked.
    pub(super) fn find(&self, class: Class, key: &Key) -> Option<&Change> {
        let gathered = self.gathering.get(&(class, *key));
        gathered.or_else(|| self.draining.as_ref()?.changes.get(&(class, *key)))
    }

    /// Puts the changes from `start` to `last` (to the end of the class without it) over what the state has there,
    /// and adds what comes out of it until `out` has `limit` keys.
    pub(super) fn merge(
        &self,
        (class, start): (Class, &Key),
        last: Option<&Key>,
        below: Vec<(Key, Loaded)>,
        limit: usize,
        out: &mut Vec<(Key, Loaded)>,
    ) {
        let empty = Changes::new();
        let draining = self.draining.as_ref().map_or(&empty, |draining| &draining.changes);
        let (mut new, mut older) = (
            within(&self.gathering, class, start, last).peekable(),
            within(draining, class, start, last).peekable(),
        );
        let mut below = below.into_iter().peekable();
        while out.len() < limit {
            let keys = [new.peek().map(|at| at.0), older.peek().map(|at| at.0), below.peek().map(|at| at.0)];
            let Some(key) = keys.into_iter().flatten().min() else { break };
            let stored = below.next_if(|at| at.0 == key).map(|at| at.1);
            let second = older.next_if(|at| at.0 == key).map(|at| at.1);
            let first = new.next_if(|at| at.0 == key).map(|at| at.1);
            let found = match first.or(second) {
                Some(change) => loaded(change),
                None => stored,
            };
            out.extend(found.map(|found| (key, found)));
        }
    }

    /// Begins to bring everything gathered into the state; it reaches up to batch `target`.
    pub(super) fn begin_drain(&mut self, target: Sequence) {
        if self.draining.is_none() {
            let changes = core::mem::take(&mut self.gathering);
            let octets = core::mem::take(&mut self.octets);
            self.draining = Some(Draining { changes, target, octets, total: octets });
        }
    }

    /// What is being brought into the state.
    pub(super) const fn draining(&self) -> Option<&Draining> {
        self.draining.as_ref()
    }

    /// What is being brought into the state, to be told how far it is.
    pub(super) const fn draining_mut(&mut self) -> Option<&mut Draining> {
        self.draining.as_mut()
    }

    /// It is in the state, durably.
    pub(super) fn end_drain(&mut self) {
        self.draining = None;
    }
}

/// What a reader is given of a change; nothing if it removed the key.
pub(super) fn loaded(change: &Change) -> Option<Loaded> {
    change.value.as_ref().map(|value| Loaded { revision: change.revision, value: value.clone() })
}

/// The changes of a class from `start` to `last`, or to its end.
fn within<'a>(
    layer: &'a Changes,
    class: Class,
    start: &Key,
    last: Option<&Key>,
) -> impl Iterator<Item = (Key, &'a Change)> + use<'a> {
    let end = last.map_or(Bound::Unbounded, |last| Bound::Included((class, *last)));
    // A start behind the end is an empty range, which a map refuses.
    let is_range = last.is_none_or(|last| start <= last);
    let range = is_range.then(|| layer.range((Bound::Included((class, *start)), end)));
    let of_class = range.into_iter().flatten().take_while(move |((of, _), _)| *of == class);
    of_class.map(|((_, key), change)| (*key, change))
}
