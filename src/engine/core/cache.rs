//! Things in memory: what was loaded or changed, when it was written, and what may be put out again.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash};

use crate::charging::account::{Account, Sequence, Subscriber};
use crate::charging::answer::Answer;
use crate::charging::refund::{EventCharge, PartCharge};
use crate::charging::session::Session;

/// How much memory a thing takes, about.
pub(crate) trait Weigh {
    /// Octets, the thing itself and what it points to.
    fn octets(&self) -> usize;
}

/// A thing in memory, or the knowledge that the store has none.
#[derive(Debug)]
pub(crate) struct Slot<V> {
    /// The thing; none where the store has none.
    pub(crate) value: Option<V>,
    /// The batch that writes it as it is here, or a durable one.
    pub(crate) written_at: Sequence,
    /// It changed since the last batch was handed out.
    pub(crate) dirty: bool,
    recent: bool,
    octets: usize,
}

/// Things of one kind, by key. What is clean and has not been used lately is put out first.
#[derive(Debug)]
pub(crate) struct Cache<K, V, S> {
    slots: HashMap<K, Slot<V>, S>,
    clock: VecDeque<K>,
    octets: usize,
}

/// What a slot costs beside its thing.
const SLOT: usize = 64;

impl<K: Copy + Eq + Hash, V: Weigh, S: BuildHasher> Cache<K, V, S> {
    pub(crate) fn new(hasher: S) -> Self {
        Self { slots: HashMap::with_hasher(hasher), clock: VecDeque::new(), octets: 0 }
    }

    /// The slot, where it is in memory; it then counts as used.
    pub(crate) fn slot(&mut self, key: K) -> Option<&mut Slot<V>> {
        let slot = self.slots.get_mut(&key)?;
        slot.recent = true;
        Some(slot)
    }

    /// The slot as it is, without counting as use.
    pub(crate) fn peek(&self, key: K) -> Option<&Slot<V>> {
        self.slots.get(&key)
    }

    /// Takes the thing out of its slot to be decided on; it must be put back in the same step.
    pub(crate) fn take(&mut self, key: K) -> Option<(V, Sequence)> {
        let slot = self.slots.get_mut(&key)?;
        slot.recent = true;
        let written_at = slot.written_at;
        slot.value.take().map(|value| (value, written_at))
    }

    /// Puts back what [`Cache::take`] gave, unchanged.
    pub(crate) fn restore(&mut self, key: K, value: V) {
        if let Some(slot) = self.slots.get_mut(&key) {
            slot.value = Some(value);
        }
    }

    /// Takes in what was loaded. What is there already is newer and stays.
    pub(crate) fn loaded(&mut self, key: K, value: Option<V>) {
        if let Entry::Vacant(vacant) = self.slots.entry(key) {
            let octets = SLOT.saturating_add(value.as_ref().map_or(0, Weigh::octets));
            vacant.insert(Slot { value, written_at: Sequence(0), dirty: false, recent: true, octets });
            self.octets = self.octets.saturating_add(octets);
            self.clock.push_back(key);
        }
    }

    /// Puts a changed or new thing in, to be written by that batch. True where it was not to be written already.
    pub(crate) fn write(&mut self, key: K, value: V, sequence: Sequence) -> bool {
        let octets = SLOT.saturating_add(value.octets());
        match self.slots.entry(key) {
            Entry::Occupied(occupied) => {
                let slot = occupied.into_mut();
                self.octets = self.octets.saturating_sub(slot.octets).saturating_add(octets);
                let first = !slot.dirty;
                *slot = Slot { value: Some(value), written_at: sequence, dirty: true, recent: true, octets };
                first
            }
            Entry::Vacant(vacant) => {
                vacant.insert(Slot {
                    value: Some(value),
                    written_at: sequence,
                    dirty: true,
                    recent: true,
                    octets,
                });
                self.octets = self.octets.saturating_add(octets);
                self.clock.push_back(key);
                true
            }
        }
    }

    /// Puts back what was there before a change that is given up.
    pub(crate) fn put_back(&mut self, key: K, value: Option<V>, sequence: Sequence) {
        match value {
            Some(value) => drop(self.write(key, value, sequence)),
            None => self.gone(key, sequence),
        }
    }

    /// Notes that a thing is there no more, as that batch writes.
    pub(crate) fn gone(&mut self, key: K, sequence: Sequence) {
        match self.slots.entry(key) {
            Entry::Occupied(occupied) => {
                let slot = occupied.into_mut();
                self.octets = self.octets.saturating_sub(slot.octets).saturating_add(SLOT);
                *slot = Slot { value: None, written_at: sequence, dirty: false, recent: false, octets: SLOT };
            }
            Entry::Vacant(vacant) => {
                vacant.insert(Slot {
                    value: None,
                    written_at: sequence,
                    dirty: false,
                    recent: false,
                    octets: SLOT,
                });
                self.octets = self.octets.saturating_add(SLOT);
                self.clock.push_back(key);
            }
        }
    }

    /// Marks a thing as handed out to a batch, and gives it; none where it is gone or was handed out before.
    pub(crate) fn hand_out(&mut self, key: K) -> Option<&V> {
        let slot = self.slots.get_mut(&key)?;
        let due = std::mem::take(&mut slot.dirty);
        slot.value.as_ref().filter(|_| due)
    }

    /// Octets in all, about.
    pub(crate) fn octets(&self) -> usize {
        self.octets
    }

    /// Puts out one thing that is clean and was not used lately. False where none was found in a few steps.
    pub(crate) fn evict(&mut self, durable: Sequence) -> bool {
        const STEPS: usize = 16;
        for _ in 0..STEPS {
            let Some(key) = self.clock.pop_front() else { return false };
            let Some(slot) = self.slots.get_mut(&key) else { continue };
            if std::mem::take(&mut slot.recent) || slot.dirty || slot.written_at > durable {
                self.clock.push_back(key);
                continue;
            }
            self.octets = self.octets.saturating_sub(slot.octets);
            self.slots.remove(&key);
            return true;
        }
        false
    }
}

impl Weigh for Account {
    fn octets(&self) -> usize {
        let names =
            |services: &[Box<str>]| services.iter().map(|name| name.len().saturating_add(16)).sum::<usize>();
        let bonuses = self.bonuses.iter().map(|bonus| names(&bonus.services).saturating_add(72));
        let lines = self.book.as_ref().map_or(0, |book| {
            let lines = book.lines.iter().map(|line| line.what.len().saturating_add(48)).sum::<usize>();
            let open = book.open.len().saturating_mul(96);
            size_of_val(&**book).saturating_add(lines).saturating_add(open)
        });
        size_of::<Self>().saturating_add(bonuses.sum()).saturating_add(lines)
    }
}

impl Weigh for Subscriber {
    fn octets(&self) -> usize {
        let texts = [self.owner.as_deref(), self.language.as_deref(), Some(&*self.plan)];
        let texts: usize = texts.into_iter().flatten().map(str::len).sum();
        let barred: usize = self.barred.iter().map(|name| name.len().saturating_add(16)).sum();
        let allowances: usize = self.allowances.iter().map(|of| of.bundle.len().saturating_add(80)).sum();
        let trips = self.life.travel.trips.len().saturating_mul(32);
        let lists = barred.saturating_add(allowances).saturating_add(trips);
        size_of::<Self>().saturating_add(texts).saturating_add(lists)
    }
}

impl Weigh for super::sink::OperationRecord {
    fn octets(&self) -> usize {
        size_of::<Self>().saturating_add(self.operator.len())
    }
}

impl Weigh for super::papers::Paper {
    fn octets(&self) -> usize {
        let inside = match self {
            Self::Voucher(_) | Self::Tries(_) => 0,
            Self::Batch(batch) => batch.void.len().saturating_mul(64),
            Self::Contract(contract) => contract.accounts.len().saturating_mul(8),
            Self::Holder(holder) => holder.numbers.len().saturating_mul(8),
        };
        size_of::<Self>().saturating_add(inside)
    }
}

impl Weigh for crate::charging::units::Digits {
    fn octets(&self) -> usize {
        0
    }
}

impl Weigh for Box<Session> {
    fn octets(&self) -> usize {
        let texts =
            [self.id.as_str(), &*self.service, &*self.client_host, &*self.client_realm, &*self.profile];
        let texts: usize = texts.into_iter().map(str::len).sum();
        let quotas: usize = self
            .quotas
            .iter()
            .map(|quota| {
                let tally = quota.tally.as_ref().map_or(0, |tally| tally.weight());
                let rated = quota.rated.len().saturating_mul(48);
                rated.saturating_add(tally).saturating_add(quota.key.services.len() * 4) + 192
            })
            .sum();
        let answers: usize = self.answers.iter().map(|stored| answer_octets(&stored.answer)).sum();
        let seen = self.seen.len().saturating_mul(12);
        size_of::<Session>()
            .saturating_add(texts)
            .saturating_add(quotas)
            .saturating_add(answers)
            .saturating_add(seen)
    }
}

/// Octets of an answer in memory, about.
pub(crate) fn answer_octets(answer: &Answer) -> usize {
    let message = answer.message.as_deref().map_or(0, str::len);
    let parts = answer.parts.iter().map(|part| part.key.services.len().saturating_mul(4).saturating_add(144));
    parts.sum::<usize>().saturating_add(message).saturating_add(72)
}

/// Octets of what an event was charged in memory, about.
pub(crate) fn charge_octets(charge: &EventCharge) -> usize {
    let part = |part: &PartCharge| {
        let bundles: usize = part.legs.iter().map(|leg| leg.allowances.len()).sum();
        let rows = part.rates.len().saturating_add(part.legs.len()).saturating_add(bundles);
        rows.saturating_mul(64).saturating_add(128)
    };
    charge.parts.iter().map(part).sum::<usize>().saturating_add(48)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::units::Digits;
    use crate::engine::core::hash::AsIs;

    fn number(text: &str) -> Digits {
        Digits::parse(text).unwrap()
    }

    fn cache() -> Cache<u64, Digits, AsIs> {
        Cache::new(AsIs::default())
    }

    fn evict_all(cache: &mut Cache<u64, Digits, AsIs>, durable: u64) -> usize {
        (0..64).filter(|_| cache.evict(Sequence(durable))).count()
    }

    #[test]
    fn what_is_dirty_or_not_durable_stays() {
        let mut cache = cache();
        cache.write(1, number("1"), Sequence(5));
        cache.loaded(2, Some(number("2")));
        assert_eq!(evict_all(&mut cache, 9), 1, "the loaded one goes, the dirty one stays");
        assert!(cache.peek(1).is_some());
        assert_eq!(cache.hand_out(1), Some(&number("1")));
        assert_eq!(evict_all(&mut cache, 4), 0, "handed out, and not durable");
        assert_eq!(evict_all(&mut cache, 5), 1);
        assert_eq!(cache.octets(), 0);
    }

    #[test]
    fn what_was_used_lately_outlives_what_was_not() {
        let mut cache = cache();
        cache.loaded(1, Some(number("1")));
        cache.loaded(2, Some(number("2")));
        cache.loaded(3, Some(number("3")));
        assert!(cache.evict(Sequence(0)), "all were new: the second round takes the first");
        assert!(cache.peek(1).is_none());
        assert!(cache.slot(2).is_some());
        assert!(cache.evict(Sequence(0)));
        assert!(cache.peek(2).is_some());
        assert!(cache.peek(3).is_none());
    }

    #[test]
    fn a_late_load_does_not_undo_a_change() {
        let mut cache = cache();
        cache.write(1, number("1"), Sequence(5));
        cache.loaded(1, Some(number("2")));
        assert_eq!(cache.slot(1).unwrap().value, Some(number("1")));
        cache.gone(1, Sequence(6));
        cache.loaded(1, Some(number("2")));
        assert_eq!(cache.slot(1).unwrap().value, None);
        assert_eq!(cache.slot(1).unwrap().written_at, Sequence(6));
    }

    #[test]
    fn ten_changes_of_a_thing_are_handed_out_once() {
        let mut cache = cache();
        let firsts = (0..10).filter(|_| cache.write(1, number("1"), Sequence(1))).count();
        assert_eq!(firsts, 1);
        assert!(cache.hand_out(1).is_some());
        assert!(cache.hand_out(1).is_none());
    }
}
