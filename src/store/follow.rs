//! Following what is committed: the journal-only records of some classes, in the order of their batches, from wherever a
//! follower has got to. What is at the end is kept in memory for a while; what lies behind is read from its frames, in
//! the journal or its archive, which keeps such records for as long as it is kept.

use std::collections::VecDeque;
use std::sync::mpsc::Sender;

use super::record::Class;
use super::{Batch, Record, Sequence, State, StoreError};

/// Octets of what was committed last that are kept in memory.
const KEPT: usize = 4 * 1024 * 1024;

/// Batches that are read for one page, at most.
const PAGE_BATCHES: u64 = 128;

/// Octets of records after which a page is full.
const PAGE_OCTETS: usize = 256 * 1024;

/// After so many batches without a record a follower is told that there was none.
const QUIET: u64 = 4_096;

/// A record that somebody follows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Followed {
    /// The batch.
    pub sequence: Sequence,
    /// Its place among the records of its class in the batch.
    pub place: u64,
    /// The class.
    pub class: Class,
    /// Its octets.
    pub value: Vec<u8>,
}

/// What there is behind a batch.
#[derive(Debug, Default)]
pub struct Page {
    /// Everything up to this batch is in the page, or was before it.
    pub through: Sequence,
    /// The last batch that was applied.
    pub applied: Sequence,
    /// The records, in their order.
    pub records: Vec<Followed>,
    /// Batches that are not there any more: their archive was taken away.
    pub missing: u64,
    /// Why it could not be read further; it may be asked for again.
    pub problem: Option<StoreError>,
    /// The store ends: nothing comes after this page.
    pub last: bool,
}

/// A follower asks for what is behind a batch. The answer comes when there is something.
#[derive(Debug)]
pub struct Ask {
    /// What class it follows.
    pub class: Class,
    /// Behind which batch.
    pub after: Sequence,
    /// Where the answer goes.
    pub reply: Sender<Page>,
}

/// The followers of a store, on its thread.
#[derive(Debug, Default)]
pub struct Following {
    classes: Vec<Class>,
    tail: VecDeque<Followed>,
    octets: usize,
    /// The batches behind this one are in `tail`.
    from: Sequence,
    applied: Sequence,
    waiting: Vec<Ask>,
}

impl Following {
    /// Follows these classes from the end of a store on.
    pub fn new(classes: Vec<Class>, applied: Sequence) -> Self {
        Self { classes, from: applied, applied, ..Self::default() }
    }

    /// A batch is about to be applied.
    pub fn note(&mut self, batch: &Batch) {
        if self.classes.is_empty() {
            return;
        }
        for followed in of_classes(batch.sequence, &batch.records, |class| self.classes.contains(&class)) {
            self.octets = self.octets.saturating_add(followed.value.len());
            self.tail.push_back(followed);
        }
        self.applied = batch.sequence;
        while self.octets > KEPT {
            let Some(oldest) = self.tail.pop_front() else { break };
            self.octets = self.octets.saturating_sub(oldest.value.len());
            self.from = self.from.max(oldest.sequence);
            // a batch is there whole, or not at all
            while let Some(rest) = self.tail.pop_front_if(|next| next.sequence <= self.from) {
                self.octets = self.octets.saturating_sub(rest.value.len());
            }
        }
    }

    /// A follower asks.
    pub fn ask(&mut self, ask: Ask) {
        self.waiting.push(ask);
    }

    /// Whether a follower waits for what must be read from frames.
    pub fn is_behind(&self) -> bool {
        self.waiting.iter().any(|ask| ask.after < self.from)
    }

    /// Answers those who wait for what is in memory.
    pub fn answer(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        for ask in waiting {
            if ask.after < self.from || !self.is_news(&ask) {
                self.waiting.push(ask);
                continue;
            }
            let page = self.page(&ask);
            // a follower that has gone asks no more
            let _ = ask.reply.send(page);
        }
    }

    fn is_news(&self, ask: &Ask) -> bool {
        let quiet = self.applied.number().saturating_sub(ask.after.number());
        quiet >= QUIET || self.tail.iter().rev().any(|one| one.class == ask.class && one.sequence > ask.after)
    }

    fn page(&self, ask: &Ask) -> Page {
        let mut page = Page { through: self.applied, applied: self.applied, ..Page::default() };
        let mut octets = 0usize;
        for one in self.tail.iter().filter(|one| one.class == ask.class && one.sequence > ask.after) {
            let whole = page.records.last().is_none_or(|last: &Followed| last.sequence < one.sequence);
            if octets >= PAGE_OCTETS && whole {
                page.through = page.records.last().map_or(ask.after, |last| last.sequence);
                break;
            }
            octets = octets.saturating_add(one.value.len());
            page.records.push(one.clone());
        }
        page
    }

    /// Reads a page from frames for the first of those who are behind.
    pub fn catch_up(&mut self, state: &mut dyn State) {
        let Some(at) = self.waiting.iter().position(|ask| ask.after < self.from) else { return };
        let ask = self.waiting.remove(at);
        let page = read(state, &ask, self.applied);
        let _ = ask.reply.send(page);
    }

    /// The store ends: all that wait get what there is, and are told so.
    pub fn finish(&mut self, state: &mut dyn State) {
        for ask in std::mem::take(&mut self.waiting) {
            let mut page =
                if ask.after < self.from { read(state, &ask, self.applied) } else { self.page(&ask) };
            page.last = page.problem.is_some() || page.through >= self.applied;
            let _ = ask.reply.send(page);
        }
    }
}

/// A page of records, read from frames.
pub fn read(state: &mut dyn State, ask: &Ask, applied: Sequence) -> Page {
    let mut page = Page { through: ask.after, applied, ..Page::default() };
    let mut octets = 0usize;
    for _ in 0..PAGE_BATCHES {
        let next = page.through.next();
        if next > applied || octets >= PAGE_OCTETS {
            break;
        }
        match state.read_frame(next) {
            Ok(records) => {
                let before = page.records.len();
                page.records.extend(of_classes(next, &records, |class| class == ask.class));
                let new = page.records.iter().skip(before).map(|one| one.value.len());
                octets = new.fold(octets, usize::saturating_add);
            }
            Err(StoreError::NoSuchFrame { .. }) => page.missing = page.missing.saturating_add(1),
            Err(problem) => {
                page.problem = Some(problem);
                break;
            }
        }
        page.through = next;
    }
    page
}

fn of_classes(
    sequence: Sequence,
    records: &[Record],
    is_followed: impl Fn(Class) -> bool,
) -> impl Iterator<Item = Followed> {
    let one = move |record: &Record| {
        let value = record.value.clone().filter(|_| is_followed(record.class))?;
        Some(Followed { sequence, place: record.key.to_u64()?, class: record.class, value })
    };
    records.iter().filter_map(one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;
    use crate::store::record::Key;
    use crate::store::{Conflicts, Opened};
    use std::sync::mpsc::channel;

    fn record(class: Class, place: u64, octets: usize) -> Record {
        Record::put(class, Key::from_u64(place), vec![7; octets])
    }

    /// A store of so many batches, each with two records of the class, one of another, and some state.
    fn store(batches: u64, octets: usize) -> (Opened, Following) {
        let mut opened = Memory::new(Conflicts::Never).open();
        let mut following = Following::new(vec![Class::Cdr, Class::Notice], Sequence::ZERO);
        for number in 1..=batches {
            let records = vec![
                record(Class::Cdr, 0, octets),
                record(Class::Account, number, 8),
                record(Class::Cdr, 1, octets),
                record(Class::Notice, 0, 4),
                record(Class::Audit, 0, 4),
            ];
            let batch = Batch { sequence: Sequence::new(number), guards: Vec::new(), records };
            opened.commit.append(&batch).unwrap();
            opened.commit.sync().unwrap();
            following.note(&batch);
            opened.state.apply(batch).unwrap();
        }
        (opened, following)
    }

    /// Asks until it has everything; gives what it got.
    fn all(opened: &mut Opened, following: &mut Following, until: u64) -> Vec<(u64, u64)> {
        let (mut found, mut after) = (Vec::new(), Sequence::ZERO);
        while after.number() < until {
            let (reply, page) = channel();
            following.ask(Ask { class: Class::Cdr, after, reply });
            following.answer();
            following.catch_up(opened.state.as_mut());
            let page = page.try_recv().unwrap();
            assert!(page.through > after, "a page goes on");
            after = page.through;
            found.extend(page.records.iter().map(|one| (one.sequence.number(), one.place)));
        }
        found
    }

    #[test]
    fn a_follower_gets_every_record_once_and_in_order_from_memory_and_from_frames() {
        for octets in [10, 30_000] {
            let (mut opened, mut following) = store(400, octets);
            let expected: Vec<_> = (1..=400).flat_map(|number| [(number, 0), (number, 1)]).collect();
            assert_eq!(all(&mut opened, &mut following, 400), expected);
        }
    }

    #[test]
    fn who_has_everything_waits_until_there_is_something_for_it() {
        let (_, mut following) = store(3, 10);
        let (reply, page) = channel();
        following.ask(Ask { class: Class::Cdr, after: Sequence::new(3), reply });
        following.answer();
        assert!(page.try_recv().is_err());
        let other = Batch {
            sequence: Sequence::new(4),
            guards: Vec::new(),
            records: vec![record(Class::Notice, 0, 4)],
        };
        following.note(&other);
        following.answer();
        assert!(page.try_recv().is_err(), "a record of another class is none for it");
        let own = Batch { sequence: Sequence::new(5), records: vec![record(Class::Cdr, 0, 4)], ..other };
        following.note(&own);
        following.answer();
        let page = page.try_recv().unwrap();
        assert_eq!((page.through.number(), page.records.len()), (5, 1));
    }

    #[test]
    fn the_end_of_the_store_is_told_with_what_is_left() {
        let (mut opened, mut following) = store(2, 10);
        let (reply, page) = channel();
        following.ask(Ask { class: Class::Notice, after: Sequence::new(1), reply });
        following.finish(opened.state.as_mut());
        let page = page.try_recv().unwrap();
        assert_eq!((page.records.len(), page.last), (1, true));
    }
}
