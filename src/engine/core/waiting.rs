//! What cannot be done yet: requests, commands, questions and sweeps that wait for a load or for a batch.
//!
//! Requests of one session keep their order: while one waits, the later ones wait behind it, so a repeat gets the
//! answer of the first.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use crate::charging::account::Sequence;
use crate::charging::request::Request;
use crate::charging::units::Digits;
use crate::time::Timestamp;

use super::command::Command;
use super::handled::Tag;
use super::hash::{AsIs, SessionKey};
use super::load::Load;
use super::query::Query;
use super::reauth::{Ending, Route};

/// What something waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wait {
    /// A load.
    Load(Load),
    /// The scan of event keys.
    EventIndex,
    /// A batch.
    Durable(Sequence),
}

/// What waits.
#[derive(Debug)]
pub(crate) enum Job {
    /// A gateway's request, and where it came from.
    Request(Tag, Box<Request>, Option<Route>),
    /// An operator's command.
    Command(Tag, Box<Command>),
    /// An operator's question, and the ledger head or horizon that it was begun at.
    Query(Tag, Box<Query>, Option<Sequence>),
    /// A session that is due.
    Sweep(u64),
    /// An emergency session that its subscriber's count does not have yet.
    Count(SessionKey),
    /// A session whose client is to be asked.
    Errand(u64),
    /// A session that is to end.
    End(u64, Ending),
    /// A page of numbers, to see which contracts are to end.
    Lifecycle,
    /// Old keys of commands are to be forgotten.
    Prune,
    /// A number whose contract is to end.
    Contract(Digits),
}

/// A job, and since when it waits.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) job: Job,
    pub(crate) since: Timestamp,
    /// How often it was tried.
    pub(crate) tries: u32,
}

/// How many of each kind wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) requests: usize,
    pub(crate) operators: usize,
    pub(crate) sweeps: usize,
}

/// Everything that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    by_load: BTreeMap<Load, Vec<Waiter>>,
    for_events: Vec<Waiter>,
    by_batch: BTreeMap<Sequence, Vec<Waiter>>,
    /// Loads to be handed out.
    loads: VecDeque<Load>,
    /// Loads that were asked for and not answered.
    asked: HashSet<Load, super::hash::Keyed>,
    /// By session: requests behind one that waits. An entry stands for each session that has one waiting.
    behind: HashMap<u64, VecDeque<Waiter>, AsIs>,
    counts: Counts,
    /// No request waits since before this.
    earliest: Option<Timestamp>,
}

impl Waiting {
    pub(crate) fn new(hasher: super::hash::Keyed) -> Self {
        Self {
            by_load: BTreeMap::new(),
            for_events: Vec::new(),
            by_batch: BTreeMap::new(),
            loads: VecDeque::new(),
            asked: HashSet::with_hasher(hasher),
            behind: HashMap::default(),
            counts: Counts::default(),
            earliest: None,
        }
    }

    /// How many wait.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Lets a job wait.
    pub(crate) fn park(&mut self, wait: Wait, waiter: Waiter) {
        *self.count(&waiter.job) += 1;
        if matches!(waiter.job, Job::Request(..)) {
            self.earliest = Some(self.earliest.map_or(waiter.since, |at| at.min(waiter.since)));
        }
        match wait {
            Wait::Load(load) => {
                if self.asked.insert(load) {
                    self.loads.push_back(load);
                }
                self.by_load.entry(load).or_default().push(waiter);
            }
            Wait::EventIndex => self.for_events.push(waiter),
            Wait::Durable(sequence) => self.by_batch.entry(sequence).or_default().push(waiter),
        }
    }

    /// A session's request begins to wait: those that come after it wait behind it.
    pub(crate) fn lead(&mut self, short: u64) {
        self.behind.entry(short).or_default();
    }

    /// Puts a request behind one of its session that waits.
    pub(crate) fn follow(&mut self, short: u64, waiter: Waiter) {
        self.behind.entry(short).or_default().push_back(waiter);
        self.counts.requests = self.counts.requests.saturating_add(1);
    }

    /// Whether a request of this session waits.
    pub(crate) fn is_led(&self, short: u64) -> bool {
        !self.behind.is_empty() && self.behind.contains_key(&short)
    }

    /// The session's request is done: the next one behind it. With none left the session is free.
    pub(crate) fn next_behind(&mut self, short: u64) -> Option<Waiter> {
        let queue = self.behind.get_mut(&short)?;
        let next = queue.pop_front();
        if next.is_none() {
            self.behind.remove(&short);
        } else {
            self.counts.requests = self.counts.requests.saturating_sub(1);
        }
        next
    }

    /// Has something loaded that nothing waits for.
    pub(crate) fn want(&mut self, load: Load) {
        if self.asked.insert(load) {
            self.loads.push_back(load);
        }
    }

    /// A load to be carried out.
    pub(crate) fn next_load(&mut self) -> Option<Load> {
        self.loads.pop_front()
    }

    /// A load was carried out: who waited for it, in order.
    pub(crate) fn loaded(&mut self, load: Load) -> Vec<Waiter> {
        self.asked.remove(&load);
        let waiters = self.by_load.remove(&load).unwrap_or_default();
        self.taken(waiters)
    }

    /// The event keys are there: who waited for them, in order.
    pub(crate) fn events_known(&mut self) -> Vec<Waiter> {
        let waiters = std::mem::take(&mut self.for_events);
        self.taken(waiters)
    }

    /// A batch is durable: who waited for it or an earlier one, in order.
    pub(crate) fn durable(&mut self, sequence: Sequence) -> Vec<Waiter> {
        let mut waiters = Vec::new();
        while let Some(first) = self.by_batch.first_entry().filter(|first| *first.key() <= sequence) {
            waiters.append(&mut first.remove());
        }
        self.taken(waiters)
    }

    /// Since when the oldest request waits, or a little earlier.
    pub(crate) fn earliest(&self) -> Option<Timestamp> {
        self.earliest
    }

    /// Requests that wait since before a time are taken out, to be refused.
    pub(crate) fn overdue(&mut self, before: Timestamp) -> Vec<Waiter> {
        if self.earliest.is_none_or(|at| at > before) {
            return Vec::new();
        }
        let mut late = Vec::new();
        let is_late = |waiter: &mut Waiter| matches!(waiter.job, Job::Request(..)) && waiter.since <= before;
        for waiters in
            self.by_load.values_mut().chain([&mut self.for_events]).chain(self.by_batch.values_mut())
        {
            late.extend(waiters.extract_if(.., is_late));
        }
        let waiting = self.by_load.values().chain([&self.for_events]).chain(self.by_batch.values()).flatten();
        let requests = waiting.filter(|waiter| matches!(waiter.job, Job::Request(..)));
        self.earliest = requests.map(|waiter| waiter.since).min();
        late.sort_by_key(|waiter| waiter.since);
        self.taken(late)
    }

    /// Operators' orders and questions that wait for something to be read are taken out.
    pub(crate) fn take_operators(&mut self) -> Vec<Waiter> {
        let is_operators = |waiter: &mut Waiter| matches!(waiter.job, Job::Command(..) | Job::Query(..));
        let waiting = self.by_load.values_mut().chain([&mut self.for_events]);
        let taken = waiting.flat_map(|waiters| waiters.extract_if(.., is_operators)).collect();
        self.taken(taken)
    }

    /// Everything that waits is taken out.
    pub(crate) fn drain(&mut self) -> Vec<Waiter> {
        self.earliest = None;
        self.loads.clear();
        let mut all: Vec<Waiter> = std::mem::take(&mut self.by_load).into_values().flatten().collect();
        all.append(&mut self.for_events);
        all.extend(std::mem::take(&mut self.by_batch).into_values().flatten());
        all.extend(std::mem::take(&mut self.behind).into_values().flatten());
        self.counts = Counts::default();
        all
    }

    fn taken(&mut self, waiters: Vec<Waiter>) -> Vec<Waiter> {
        for waiter in &waiters {
            let count = self.count(&waiter.job);
            *count = count.saturating_sub(1);
        }
        if self.counts.requests == 0 {
            self.earliest = None;
        }
        waiters
    }

    fn count(&mut self, job: &Job) -> &mut usize {
        match job {
            Job::Request(..) => &mut self.counts.requests,
            Job::Command(..) | Job::Query(..) => &mut self.counts.operators,
            Job::Sweep(_)
            | Job::Count(_)
            | Job::Errand(_)
            | Job::End(..)
            | Job::Lifecycle
            | Job::Prune
            | Job::Contract(_) => &mut self.counts.sweeps,
        }
    }
}
