//! What is durable in the journal and not yet in the state behind it.
//!
//! Two layers: changes that gather, and those that are being brought into the state. Reads look at both, newest
//! first, before they look at the state.

use std::ops::Bound;

use crate::store::octets::wide;
use crate::store::record::{Class, KEY_MAX, Key, Record};
use crate::store::sled::apply::{Change, Changes};
use crate::store::{Loaded, Sequence};

/// Octets that a change takes beside its value, about.
const EACH: u64 = 128;

const _: () = assert!(KEY_MAX == 64, "the estimate fits the key");

/// The changes of one checkpoint on their way into the state.
#[derive(Debug)]
pub(super) struct Draining {
    /// The changes.
    pub(super) changes: Changes,
    /// The last one that is in the state.
    pub(super) cursor: Option<(Class, Key)>,
    /// The last batch that is among them.
    pub(super) target: Sequence,
    octets: u64,
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
            let more = EACH.saturating_add(value.as_ref().map_or(0, |value| wide(value.len())));
            self.octets = self.octets.saturating_add(more);
            if let Some(old) = self.gathering.insert((class, key), Change { revision, value }) {
                let less = EACH.saturating_add(old.value.map_or(0, |value| wide(value.len())));
                self.octets = self.octets.saturating_sub(less);
            }
        }
    }

    /// Octets held, about.
    pub(super) fn octets(&self) -> u64 {
        self.octets.saturating_add(self.draining.as_ref().map_or(0, |draining| draining.octets))
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
            self.draining = Some(Draining { changes, cursor: None, target, octets });
        }
    }

    /// What is being brought into the state.
    pub(super) fn draining(&mut self) -> Option<&mut Draining> {
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
