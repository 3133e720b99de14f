//! A core, a disk in memory, and what is between them: a batch under way, loads, answers that are held.

pub(super) use super::prices::{catalogue, catalogue_with, parts};
use crate::charging::account::Sequence;
use crate::charging::answer::Answer;
use crate::charging::books::expiry::next_due;
use crate::charging::catalogue::Catalogue;
use crate::charging::policy::Policy;
use crate::charging::request::{
    Action, ClientTraits, Identity, Kind, Measured, Part, Parties, Place, QuotaKey, Request, SessionId,
    Shape, Used,
};
use crate::charging::session::Session;
use crate::charging::units::{Digits, Money};
use crate::charging::voucher::{Code, CodeHash};
use crate::engine::core::command::{Change, Command, NewSubscriber, OperationKey};
use crate::engine::core::load::{Loaded, Scanned};
use crate::engine::core::query::Outcome;
use crate::engine::core::{
    Core, Handled, HashKey, KnownTariff, Limits, SessionKey, SessionSummary, Settings, Tag,
};
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::disk::Recorder;
pub(super) use super::disk::{Disk, Op};

pub(super) const MSISDN: &str = "77010000001";

pub(super) fn cents(cents: i64) -> Money {
    Money::from_cents(cents).unwrap()
}

pub(super) fn number(text: &str) -> Digits {
    Digits::parse(text).unwrap()
}

pub(super) fn octets(count: u64) -> Measured {
    Measured { total_octets: Some(count), ..Measured::default() }
}

fn request(kind: Kind, session: &str, number: u32, context: &str) -> Request {
    Request {
        session: SessionId::new(session).unwrap(),
        kind,
        number,
        digest: 1,
        client_host: "pgw".into(),
        client_realm: "realm".into(),
        profile: "standard".into(),
        traits: ClientTraits::default(),
        identities: vec![Identity::E164(self::number(MSISDN))],
        context: context.into(),
        at: Timestamp::EPOCH,
        parties: Parties::default(),
        place: Place::default(),
        shape: Shape::PerGroup,
        advice: false,
        parts: Vec::new(),
    }
}

fn part(used: Option<u64>, asks: bool) -> Part {
    Part {
        key: QuotaKey { rating_group: Some(10), services: Vec::new() },
        requested: asks.then(Measured::default),
        used: used.map(|count| Used { measured: octets(count), side: None }).into_iter().collect(),
        ..Part::default()
    }
}

pub(super) fn initial(session: &str) -> Request {
    Request { parts: vec![part(None, true)], ..request(Kind::Initial, session, 0, "32251@3gpp.org") }
}

pub(super) fn update(session: &str, number: u32, used: u64) -> Request {
    let parts = vec![part(Some(used), true)];
    Request { parts, ..request(Kind::Update, session, number, "32251@3gpp.org") }
}

pub(super) fn terminate(session: &str, number: u32, used: u64) -> Request {
    let parts = vec![part(Some(used), false)];
    Request { parts, ..request(Kind::Terminate, session, number, "32251@3gpp.org") }
}

pub(super) fn message(session: &str) -> Request {
    let parts = vec![Part {
        requested: Some(Measured { pieces: Some(1), ..Measured::default() }),
        ..Part::default()
    }];
    Request { parts, ..request(Kind::Event(Action::Debit), session, 0, "32274@3gpp.org") }
}

/// A message whose charge may be given back by a token.
pub(super) fn refundable(session: &str) -> Request {
    let traits = ClientTraits { refund: true, ..ClientTraits::default() };
    Request { traits, ..message(session) }
}

/// What a debit's answer says to give it back.
pub(super) fn token(debit: &Answer) -> Box<[u8]> {
    debit.parts[0].extra.as_ref().and_then(|extra| extra.refund.clone()).unwrap()
}

pub(super) fn refund(session: &str, token: &[u8]) -> Request {
    let parts = vec![Part { refund: Some(token.into()), ..Part::default() }];
    Request { parts, ..request(Kind::Event(Action::Refund), session, 0, "32274@3gpp.org") }
}

/// A question about one message.
pub(super) fn question(action: Action, session: &str) -> Request {
    Request { kind: Kind::Event(action), ..message(session) }
}

pub(super) fn call(kind: Kind, session: &str, number: u32, called: Option<&str>) -> Request {
    let parties = Parties { called: called.map(Into::into), ..Parties::default() };
    Request { parties, ..request(kind, session, number, "32260@3gpp.org") }
}

/// An answer as its client has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Delivered {
    Answer(Answer),
    Overloaded,
}

pub(super) struct World {
    pub(super) core: Core,
    pub(super) disk: Disk,
    pub(super) now: Timestamp,
    limits: Limits,
    flight: Option<(Sequence, Vec<Op>)>,
    /// Answers that may not leave yet.
    held: Vec<(Sequence, Tag, Answer)>,
    pub(super) delivered: BTreeMap<Tag, Delivered>,
    pub(super) replies: BTreeMap<Tag, Outcome>,
    next: u64,
    /// How often the core was made: each time with another key, as a shell draws it.
    starts: u8,
    /// A planted fault: answers leave at once.
    pub(super) early: bool,
    /// Versions of the tariffs that are others than [`catalogue`] makes.
    pub(super) built: BTreeMap<u64, Arc<Catalogue>>,
    pub(super) policy: Policy,
}

impl World {
    pub(super) fn new(limits: Limits) -> Self {
        Self::governed(limits, Policy::default())
    }

    /// A world where no credit limit is above that.
    pub(super) fn with_ceiling(ceiling: Money) -> Self {
        let mut policy = Policy::default();
        policy.accounts.credit_ceiling = Some(ceiling);
        Self::governed(Limits::default(), policy)
    }

    fn governed(limits: Limits, policy: Policy) -> Self {
        let now = Timestamp::from_secs(1_800_000_000);
        let mut world = Self {
            core: Self::core(limits, policy, 1),
            disk: Disk::default(),
            now,
            limits,
            flight: None,
            held: Vec::new(),
            delivered: BTreeMap::new(),
            replies: BTreeMap::new(),
            next: 0,
            starts: 1,
            early: false,
            built: BTreeMap::new(),
            policy,
        };
        world.open();
        world
    }

    /// A world with a subscriber who has 100.00.
    pub(super) fn with_money(limits: Limits, balance: i64) -> Self {
        let mut world = Self::new(limits);
        world.add(MSISDN, balance);
        world
    }

    fn core(limits: Limits, policy: Policy, starts: u8) -> Core {
        Core::new(Settings {
            limits,
            policy,
            catalogue: Arc::new(catalogue(1)),
            hash_key: HashKey([starts; 16]),
            hash_code: plain_hash,
        })
    }

    /// Opens the disk: facts, then everything that is read through.
    pub(super) fn open(&mut self) {
        let known = self.disk.tariffs.values().map(|record| KnownTariff {
            record: record.clone(),
            catalogue: self.built(record.version),
            kept: true,
        });
        let known = known.collect();
        self.core.know_tariffs(known);
        self.core.on_recovered(&self.disk.facts, b"tariff".as_slice().into(), self.now);
        self.scan();
    }

    /// A version of the tariffs as the shell makes it from its content.
    pub(super) fn built(&self, version: u64) -> Arc<Catalogue> {
        let known = self.built.get(&version);
        known.map_or_else(|| Arc::new(catalogue(version)), Arc::clone)
    }

    pub(super) fn scan(&mut self) {
        let policy = Policy::default();
        let emergencies = self.disk.emergencies.iter().map(|(key, record)| (*key, record.clone())).collect();
        let buckets = self.disk.buckets.values().cloned().collect();
        let summary = |(key, session): (&SessionKey, &Session)| {
            (SessionSummary::of(*key, session, next_due(session, &policy)), session.service.clone())
        };
        let sessions = self.disk.sessions.iter().map(summary).collect();
        for piece in [
            Scanned::Emergencies(emergencies),
            Scanned::Buckets(buckets),
            Scanned::BucketsDone,
            Scanned::Sessions(sessions),
            Scanned::SessionsDone,
        ] {
            self.core.on_scanned(piece, self.now);
        }
    }

    /// The power goes: what is not on the disk is lost. Nothing is opened yet.
    pub(super) fn cut(&mut self) {
        self.starts = self.starts.wrapping_add(1);
        self.core = Self::core(self.limits, self.policy, self.starts);
        self.flight = None;
        self.held.clear();
    }

    /// The power goes and comes back.
    pub(super) fn restart(&mut self) {
        self.cut();
        self.open();
    }

    fn tag(&mut self) -> Tag {
        self.next += 1;
        Tag(self.next)
    }

    /// Sends a request; what becomes of it is seen in `delivered`, once it may be.
    pub(super) fn send(&mut self, mut request: Request) -> Tag {
        // what says no time happens now
        if request.at == Timestamp::EPOCH {
            request.at = self.now;
        }
        let tag = self.tag();
        let handled = self.core.handle(tag, request, self.now);
        self.take(tag, handled);
        tag
    }

    fn take(&mut self, tag: Tag, handled: Handled) {
        match handled {
            Handled::Answered(answered) => match answered.held {
                Some(held) if held > self.disk.facts.last && !self.early => {
                    self.held.push((held, tag, answered.answer));
                }
                _ => drop(self.delivered.insert(tag, Delivered::Answer(answered.answer))),
            },
            Handled::Overloaded => drop(self.delivered.insert(tag, Delivered::Overloaded)),
            Handled::Parked => {}
        }
    }

    pub(super) fn poll(&mut self) {
        while let Some((tag, handled)) = self.core.poll_answer() {
            self.take(tag, handled);
        }
        while let Some((tag, outcome)) = self.core.poll_reply() {
            self.replies.insert(tag, outcome);
        }
        let last = self.disk.facts.last;
        let (free, held) = std::mem::take(&mut self.held).into_iter().partition(|(held, ..)| *held <= last);
        self.held = held;
        let free: Vec<_> = free;
        self.delivered.extend(free.into_iter().map(|(_, tag, answer)| (tag, Delivered::Answer(answer))));
    }

    /// Answers one load. False where there is none.
    pub(super) fn load(&mut self) -> bool {
        let Some(load) = self.core.poll_load() else { return false };
        let found = self.disk.load(load);
        self.core.on_loaded(Loaded { load, found }, self.now);
        self.poll();
        true
    }

    /// Takes a batch. None where there is none.
    pub(super) fn batch(&mut self) -> Option<Vec<Op>> {
        let mut sink = Recorder::default();
        let sequence = self.core.poll_batch(&mut sink)?;
        assert_eq!(self.flight, None, "one batch is under way at a time");
        self.flight = Some((sequence, sink.0.clone()));
        Some(sink.0)
    }

    /// The batch under way is durable. False where there is none.
    pub(super) fn durable(&mut self) -> bool {
        let Some((sequence, ops)) = self.flight.take() else { return false };
        self.disk.apply(sequence, ops);
        self.core.on_durable(sequence, self.now);
        self.poll();
        true
    }

    /// Until nothing more happens.
    pub(super) fn settle(&mut self) {
        loop {
            let loaded = self.load();
            let batched = self.batch().is_some();
            let durable = self.durable();
            self.poll();
            if !(loaded || batched || durable) {
                return;
            }
        }
    }

    /// Time passes, in steps that are no jump, and what is due happens.
    pub(super) fn pass(&mut self, secs: i64) {
        let until = Timestamp::from_micros(self.now.micros() + secs * 1_000_000);
        while self.now < until {
            let due = self.core.poll_timeout().unwrap();
            self.now = due.max(Timestamp::from_micros(self.now.micros() + 1_000)).min(until);
            self.core.handle_timeout(self.now);
            self.settle();
        }
    }

    pub(super) fn command(&mut self, key: u8, what: Change) -> Tag {
        let tag = self.tag();
        let command = Command { key: OperationKey([key; 16]), operator: "anna".into(), what };
        self.core.command(tag, command, self.now);
        tag
    }

    pub(super) fn query(&mut self, query: crate::engine::core::Query) -> Outcome {
        let tag = self.tag();
        self.core.query(tag, query, self.now);
        self.settle();
        self.replies.remove(&tag).unwrap()
    }

    /// A command, and what it came to.
    pub(super) fn order(&mut self, key: u8, what: Change) -> Outcome {
        let tag = self.command(key, what);
        self.settle();
        self.replies.remove(&tag).unwrap()
    }

    pub(super) fn add(&mut self, msisdn: &str, balance: i64) {
        let key = u8::try_from(self.disk.subscribers.len()).unwrap() + 200;
        let done = self.order(key, Change::AddSubscriber(new_subscriber(msisdn, balance)));
        assert!(done.is_ok(), "{done:?}");
    }

    /// The request's answer, once everything has settled.
    pub(super) fn ask(&mut self, request: Request) -> Answer {
        let tag = self.send(request);
        self.settle();
        assert!(self.core.is_settled());
        self.answer(tag)
    }

    pub(super) fn answer(&self, tag: Tag) -> Answer {
        match self.delivered.get(&tag) {
            Some(Delivered::Answer(answer)) => answer.clone(),
            other => panic!("{tag:?}: {other:?}"),
        }
    }
}

/// A hash that shows its code: the real one belongs to the shell.
pub(super) fn plain_hash(key: HashKey, code: &Code) -> CodeHash {
    let mut hash = [key.0[0]; 32];
    hash[..20].copy_from_slice(code.as_str().as_bytes());
    CodeHash(hash)
}

pub(super) fn new_subscriber(msisdn: &str, balance: i64) -> NewSubscriber {
    NewSubscriber { balance: cents(balance), ..NewSubscriber::of(number(msisdn), "first") }
}
