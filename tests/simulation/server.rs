//! The server of the simulation: the real core, a disk in memory, and what is between them — a batch under way, loads,
//! answers that are held. It does nothing by itself: whoever drives it says what happens next.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use gyro::charging::account::Sequence;
use gyro::charging::books::expiry::next_due;
use gyro::charging::catalogue::Catalogue;
use gyro::charging::policy::Policy;
use gyro::charging::request::Request;
use gyro::engine::core::{
    Answered, Command, Core, Handled, HashKey, KnownTariff, Limits, Loaded, Outcome, Route, Scanned,
    SessionSummary, Settings, Tag,
};
use gyro::tariff;
use gyro::time::Timestamp;

use crate::auditor::{Auditor, Found};
use crate::bugs::{Bug, Planted};
use crate::disk::{Disk, Op, Recorder};

/// How an answer leaves.
#[derive(Clone, Debug)]
pub(crate) enum Left {
    Answer(Box<Answered>),
    Busy,
}

/// A tariff as the server knows it.
#[derive(Clone)]
pub(crate) struct Prices {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) content: Arc<[u8]>,
}

impl Prices {
    pub(crate) fn of(content: Vec<u8>) -> Self {
        let catalogue = tariff::load_from_source(&content).unwrap_or_else(|errors| panic!("{errors}"));
        Self { catalogue: Arc::new(catalogue), content: content.into() }
    }
}

pub(crate) struct Server {
    pub(crate) core: Core,
    pub(crate) disk: Disk,
    pub(crate) now: Timestamp,
    flight: Option<(Sequence, Vec<Op>)>,
    /// Answers that may not leave yet.
    held: Vec<(Sequence, Tag, Box<Answered>)>,
    pub(crate) left: VecDeque<(Tag, Left)>,
    pub(crate) replies: VecDeque<(Tag, Outcome)>,
    limits: Limits,
    policy: Policy,
    first: Prices,
    known: BTreeMap<u64, Arc<Catalogue>>,
    /// How often the core was made: each time with another key, as a shell draws it.
    starts: u8,
    pub(crate) planted: Planted,
}

impl Server {
    pub(crate) fn new(first: Prices, limits: Limits, now: Timestamp, bug: Option<Bug>) -> Self {
        let mut policy = Policy::default();
        if bug == Some(Bug::EndlessReservation) {
            policy.grace = std::time::Duration::from_hours(24 * 365);
        }
        let known = BTreeMap::from([(first.catalogue.version(), Arc::clone(&first.catalogue))]);
        let core = core_of(limits, policy, &first, 1);
        let mut server = Self {
            core,
            disk: Disk::default(),
            now,
            flight: None,
            held: Vec::new(),
            left: VecDeque::new(),
            replies: VecDeque::new(),
            limits,
            policy,
            first,
            known,
            starts: 1,
            planted: Planted::new(bug),
        };
        server.open();
        server
    }

    /// Opens the disk: facts first, then all that is read through.
    pub(crate) fn open(&mut self) {
        let mut known = Vec::new();
        for record in self.disk.tariffs.values() {
            let content = self.disk.catalogues.get(&record.version);
            let built = self.known.entry(record.version).or_insert_with(|| {
                let content =
                    content.unwrap_or_else(|| panic!("the content of version {} is gone", record.version));
                Prices::of(content.clone()).catalogue
            });
            known.push(KnownTariff { record: record.clone(), catalogue: Arc::clone(built), kept: true });
        }
        self.core.know_tariffs(known);
        self.core.on_recovered(&self.disk.facts, Arc::clone(&self.first.content), self.now);
        let emergencies = self.disk.emergencies.iter().map(|(key, record)| (*key, record.clone())).collect();
        let buckets = self.disk.buckets.values().cloned().collect();
        let summaries = self.disk.sessions.iter().map(|(key, session)| {
            (SessionSummary::of(*key, session, next_due(session, &self.policy)), session.service.clone())
        });
        let summaries = summaries.collect();
        for piece in [
            Scanned::Emergencies(emergencies),
            Scanned::Buckets(buckets),
            Scanned::BucketsDone,
            Scanned::Sessions(summaries),
            Scanned::SessionsDone,
        ] {
            self.core.on_scanned(piece, self.now);
        }
    }

    /// The power goes: what is not on the disk is lost. With `arrived` the batch under way is on it, and only the word of
    /// it is lost. Nothing is opened yet.
    pub(crate) fn cut(&mut self, arrived: bool, auditor: &mut Auditor) -> Found {
        if arrived && let Some((sequence, ops)) = self.flight.take() {
            auditor.batch(sequence, &ops, self.now)?;
            self.disk.apply(sequence, ops);
        }
        self.planted.at_the_cut(&mut self.disk);
        self.flight = None;
        self.held.clear();
        self.left.clear();
        self.replies.clear();
        self.starts = self.starts.wrapping_add(1);
        self.core = core_of(self.limits, self.policy, &self.first, self.starts);
        auditor.restarted(&self.disk)
    }

    /// A request arrives.
    pub(crate) fn handle(&mut self, tag: Tag, request: Request, route: Option<Route>) {
        let handled = match route {
            Some(route) => self.core.handle_from(tag, Some(route), request, self.now),
            None => self.core.handle(tag, request, self.now),
        };
        self.take(tag, handled);
    }

    pub(crate) fn command(&mut self, tag: Tag, command: Command) {
        self.core.command(tag, command, self.now);
    }

    fn take(&mut self, tag: Tag, handled: Handled) {
        match handled {
            Handled::Answered(mut answered) => {
                self.planted.answer(&mut answered);
                match answered.held {
                    Some(held) if held > self.disk.facts.last && !self.planted.is(Bug::EarlyAnswer) => {
                        self.held.push((held, tag, Box::new(answered)));
                    }
                    _ => self.left.push_back((tag, Left::Answer(Box::new(answered)))),
                }
            }
            Handled::Overloaded => self.left.push_back((tag, Left::Busy)),
            Handled::Parked => {}
        }
    }

    pub(crate) fn poll(&mut self) {
        while let Some((tag, handled)) = self.core.poll_answer() {
            self.take(tag, handled);
        }
        while let Some(reply) = self.core.poll_reply() {
            self.replies.push_back(reply);
        }
        let last = self.disk.facts.last;
        if self.held.iter().any(|(held, ..)| *held <= last) {
            let (free, held) =
                std::mem::take(&mut self.held).into_iter().partition(|(held, ..)| *held <= last);
            self.held = held;
            let free: Vec<_> = free;
            self.left.extend(free.into_iter().map(|(_, tag, answered)| (tag, Left::Answer(answered))));
        }
    }

    /// Answers one load. False where there is none.
    pub(crate) fn load(&mut self) -> bool {
        let Some(load) = self.core.poll_load() else { return false };
        let found = self.disk.load(load);
        self.core.on_loaded(Loaded { load, found }, self.now);
        self.poll();
        true
    }

    /// Takes a batch. False where there is none, or one is under way.
    pub(crate) fn batch(&mut self) -> bool {
        let mut sink = Recorder::default();
        let Some(sequence) = self.core.poll_batch(&mut sink) else { return false };
        assert!(self.flight.is_none(), "one batch is under way at a time");
        self.planted.tamper(&mut sink.0, &self.disk);
        self.flight = Some((sequence, sink.0));
        true
    }

    /// The batch under way is durable. False where there is none.
    pub(crate) fn durable(&mut self, auditor: &mut Auditor) -> Result<bool, Box<crate::auditor::Violation>> {
        let Some((sequence, ops)) = self.flight.take() else { return Ok(false) };
        auditor.batch(sequence, &ops, self.now)?;
        self.disk.apply(sequence, ops);
        self.core.on_durable(sequence, self.now);
        self.poll();
        Ok(true)
    }

    /// Until nothing more happens.
    pub(crate) fn settle(&mut self, auditor: &mut Auditor) -> Found {
        loop {
            let loaded = self.load();
            let batched = self.batch();
            let durable = self.durable(auditor)?;
            self.poll();
            if !(loaded || batched || durable) {
                return Ok(());
            }
        }
    }
}

fn core_of(limits: Limits, policy: Policy, prices: &Prices, starts: u8) -> Core {
    Core::new(Settings {
        limits,
        policy,
        catalogue: Arc::clone(&prices.catalogue),
        hash_key: HashKey([starts; 16]),
        hash_code: gyro::engine::run::hash_code,
    })
}
