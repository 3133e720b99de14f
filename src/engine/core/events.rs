//! Repeat keys of one-time events: hashed, in buckets by time, each pointing to the batch that holds the answer.

use std::collections::{HashMap, VecDeque};

use core::time::Duration;

use crate::charging::account::Sequence;
use crate::charging::snapshot::EventRecord;
use crate::time::Timestamp;

use super::hash::AsIs;
use super::sink::EventBucket;

/// Octets that one key takes in memory, about: its place in a bucket and in the index.
const KEY_OCTETS: usize = 48;

/// What is known of an event's key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lookup {
    /// It was never answered, or longer ago than is remembered.
    New,
    /// Its answer is in memory.
    Recent,
    /// Its answer stands in that batch.
    In(Sequence),
    /// Not known yet: the scan goes on.
    Unknown,
}

/// The keys that are known.
#[derive(Debug, Default)]
pub(crate) struct Events {
    index: HashMap<u64, Sequence, AsIs>,
    buckets: VecDeque<EventBucket>,
    recent: HashMap<u64, (EventRecord, Sequence), AsIs>,
    order: VecDeque<u64>,
    complete: bool,
    /// The number of the last bucket that was begun.
    last: u64,
    /// The batch that was read last.
    read: Option<Sequence>,
    /// Keys up to this time were forgotten early.
    lost: Option<Timestamp>,
}

impl Events {
    pub(crate) fn lookup(&self, hash: u64) -> Lookup {
        if self.recent.contains_key(&hash) {
            return Lookup::Recent;
        }
        match self.index.get(&hash) {
            Some(sequence) if self.read == Some(*sequence) => Lookup::New,
            Some(sequence) => Lookup::In(*sequence),
            None if self.complete => Lookup::New,
            None => Lookup::Unknown,
        }
    }

    /// An answer in memory, and the batch that holds it.
    pub(crate) fn recent(&self, hash: u64) -> Option<&(EventRecord, Sequence)> {
        self.recent.get(&hash)
    }

    /// An event was answered, or given back. Gives the number of the bucket that has its key now; none where that
    /// batch has it already.
    pub(crate) fn add(&mut self, hash: u64, event: EventRecord, sequence: Sequence) -> Option<u64> {
        let at = event.at;
        let before = self.index.insert(hash, sequence);
        self.remember(hash, event, sequence);
        if before == Some(sequence) {
            return None;
        }
        let full = self.buckets.back().is_none_or(|bucket| bucket.entries.len() >= EventBucket::MOST);
        if full {
            self.last = self.last.saturating_add(1);
            let number = self.last;
            self.buckets.push_back(EventBucket { number, first: at, last: at, entries: Vec::new() });
        }
        let bucket = self.buckets.back_mut()?;
        bucket.last = bucket.last.max(at);
        bucket.entries.push((hash, sequence));
        Some(bucket.number)
    }

    /// Answers of a batch that was read. One that a later batch has too is not as it is there.
    pub(crate) fn loaded(&mut self, hash: u64, event: EventRecord, sequence: Sequence) {
        if self.index.get(&hash) == Some(&sequence) {
            self.remember(hash, event, sequence);
        }
    }

    /// A batch was read: a key that points to it, and is not of its answers, is the hash of another key.
    pub(crate) fn set_read(&mut self, sequence: Sequence) {
        self.read = Some(sequence);
    }

    /// A bucket that the scan has found; they come in the order of their numbers.
    pub(crate) fn scanned(&mut self, bucket: EventBucket) {
        if self.complete {
            return;
        }
        self.last = self.last.max(bucket.number);
        for (hash, sequence) in &bucket.entries {
            let before = self.index.insert(*hash, *sequence);
            if before.is_some_and(|before| before != *sequence) {
                self.recent.remove(hash);
            }
        }
        self.buckets.push_back(bucket);
    }

    /// The scan has ended.
    pub(crate) fn set_complete(&mut self) {
        self.complete = true;
    }

    /// Whether the scan has ended.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// A bucket by its number, to be written.
    pub(crate) fn bucket(&self, number: u64) -> Option<&EventBucket> {
        let first = self.buckets.front()?.number;
        self.buckets.get(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// Forgets the oldest bucket where it is older than the horizon, or too much is remembered. Gives its number.
    pub(crate) fn forget_oldest(&mut self, now: Timestamp, horizon: Duration, octets: usize) -> Option<u64> {
        let oldest = self.buckets.front()?;
        let over = self.index.len().saturating_mul(KEY_OCTETS) > octets && self.buckets.len() > 1;
        if !self.complete || (now.since(oldest.last) < horizon && !over) {
            return None;
        }
        let early = now.since(oldest.last) < horizon;
        let gone = self.buckets.pop_front()?;
        if early {
            self.lost = Some(gone.last);
        }
        for (hash, sequence) in &gone.entries {
            if self.index.get(hash) == Some(sequence) {
                self.index.remove(hash);
                self.recent.remove(hash);
            }
        }
        Some(gone.number)
    }

    /// For how long back every repeat is known, where something was forgotten early; else the whole horizon.
    pub(crate) fn horizon(&self, now: Timestamp, horizon: Duration) -> Duration {
        self.lost.map_or(horizon, |lost| now.since(lost).min(horizon))
    }

    /// Puts old answers out of memory that are durable.
    pub(crate) fn trim(&mut self, most: usize, durable: Sequence) {
        self.read = None;
        while self.order.len() > most {
            let Some(hash) = self.order.front() else { return };
            if self.recent.get(hash).is_some_and(|(_, written)| *written > durable) {
                return;
            }
            if let Some(hash) = self.order.pop_front() {
                self.recent.remove(&hash);
            }
        }
    }

    fn remember(&mut self, hash: u64, event: EventRecord, sequence: Sequence) {
        if self.recent.insert(hash, (event, sequence)).is_none() {
            self.order.push_back(hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::answer::{Answer, Outcome};
    use crate::charging::request::{Action, Kind, SessionId, Shape};

    fn event(at: i64) -> EventRecord {
        EventRecord {
            session: SessionId::new("smsc;1").unwrap(),
            kind: Kind::Event(Action::Debit),
            number: 0,
            digest: 7,
            profile: "standard".into(),
            at: Timestamp::from_secs(at),
            answer: Answer::new(Outcome::Done, Shape::Command, Vec::new()),
            charge: None,
        }
    }

    const HORIZON: Duration = Duration::from_secs(100);

    #[test]
    fn before_the_scan_has_ended_nothing_is_new() {
        let mut events = Events::default();
        assert_eq!(events.lookup(1), Lookup::Unknown);
        events.scanned(EventBucket {
            number: 5,
            first: Timestamp::from_secs(1),
            last: Timestamp::from_secs(2),
            entries: vec![(1, Sequence(9))],
        });
        assert_eq!(events.lookup(1), Lookup::In(Sequence(9)));
        events.set_complete();
        assert_eq!(events.lookup(2), Lookup::New);
        assert_eq!(events.bucket(5).map(|bucket| bucket.entries.len()), Some(1));
        assert_eq!(events.add(2, event(3), Sequence(10)), Some(5), "the bucket goes on being filled");
    }

    #[test]
    fn a_full_bucket_is_followed_by_the_next_and_forgotten_whole() {
        let mut events = Events::default();
        events.set_complete();
        let last = u64::try_from(EventBucket::MOST).unwrap();
        for hash in 0..=last {
            events.add(hash, event(i64::try_from(hash).unwrap()), Sequence(1));
        }
        assert_eq!(events.bucket(1).unwrap().entries.len(), EventBucket::MOST);
        assert_eq!(events.bucket(2).unwrap().entries.len(), 1);
        assert_eq!(events.forget_oldest(Timestamp::from_secs(338), HORIZON, usize::MAX), None);
        assert_eq!(events.forget_oldest(Timestamp::from_secs(339), HORIZON, usize::MAX), Some(1));
        assert_eq!(events.lookup(0), Lookup::New);
        assert_eq!(events.lookup(last), Lookup::Recent);
    }

    #[test]
    fn when_memory_is_short_the_horizon_shrinks_and_says_so() {
        let mut events = Events::default();
        events.set_complete();
        for hash in 0..600u32 {
            events.add(u64::from(hash), event(i64::from(hash)), Sequence(1));
        }
        let now = Timestamp::from_secs(600);
        assert_eq!(events.horizon(now, HORIZON * 100), HORIZON * 100);
        assert_eq!(events.forget_oldest(now, HORIZON * 100, 500 * KEY_OCTETS), Some(1));
        assert_eq!(events.forget_oldest(now, HORIZON * 100, 500 * KEY_OCTETS), None);
        assert_eq!(events.horizon(now, HORIZON * 100), Duration::from_secs(361));
    }

    #[test]
    fn of_two_records_of_an_event_the_later_one_counts_however_they_come() {
        let bucket = |number, sequence| EventBucket {
            number,
            first: Timestamp::from_secs(1),
            last: Timestamp::from_secs(2),
            entries: vec![(1, Sequence(sequence))],
        };
        let mut events = Events::default();
        events.scanned(bucket(1, 4));
        events.loaded(1, event(1), Sequence(4));
        assert_eq!(events.lookup(1), Lookup::Recent);
        events.scanned(bucket(2, 9));
        assert_eq!(events.lookup(1), Lookup::In(Sequence(9)), "what was read is no longer what it is");
        events.set_complete();
        events.loaded(1, event(2), Sequence(9));
        events.loaded(1, event(1), Sequence(4));
        assert_eq!(events.recent(1).map(|(event, _)| event.at), Some(Timestamp::from_secs(2)));
    }

    #[test]
    fn a_batch_has_one_record_of_an_event() {
        let mut events = Events::default();
        events.set_complete();
        assert_eq!(events.add(1, event(1), Sequence(4)), Some(1));
        assert_eq!(events.add(1, event(2), Sequence(4)), None);
        assert_eq!(events.recent(1).map(|(event, _)| event.at), Some(Timestamp::from_secs(2)));
        assert_eq!(events.add(1, event(3), Sequence(5)), Some(1));
        assert_eq!(events.bucket(1).unwrap().entries, [(1, Sequence(4)), (1, Sequence(5))]);
    }

    #[test]
    fn answers_that_are_not_durable_stay_in_memory() {
        let mut events = Events::default();
        events.set_complete();
        events.add(1, event(1), Sequence(4));
        events.add(2, event(1), Sequence(5));
        events.trim(0, Sequence(4));
        assert_eq!(events.lookup(1), Lookup::In(Sequence(4)));
        assert_eq!(events.lookup(2), Lookup::Recent);
    }
}
