//! A core, a disk in memory, and what is between them: a batch under way, loads, answers that are held.

use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use super::prices::{catalogue, parts};
use crate::charging::account::area::StoppedArea;
use crate::charging::account::life::ActEntry;
use crate::charging::account::{Account, AccountId, Brand, Sequence, Subscriber};
use crate::charging::answer::Answer;
use crate::charging::books::audit::audit;
use crate::charging::books::expiry::next_due;
use crate::charging::catalogue::Catalogue;
use crate::charging::cdr::Cdr;
use crate::charging::emergency::EmergencyRecord;
use crate::charging::ledger::LedgerEntry;
use crate::charging::notice::Notice;
use crate::charging::policy::Policy;
use crate::charging::request::{
    Action, ClientTraits, Identity, Kind, Measured, Part, Parties, Place, QuotaKey, Request, SessionId,
    Shape, Used,
};
use crate::charging::session::Session;
use crate::charging::snapshot::EventRecord;
use crate::charging::units::{Digits, Money};
use crate::charging::voucher::{Code, CodeHash};
use crate::engine::core::command::{Change, Command, NewSubscriber, OperationKey};
use crate::engine::core::load::{Found, Load, Loaded, Scanned};
use crate::engine::core::papers::{Paper, PaperKey};
use crate::engine::core::query::Outcome;
use crate::engine::core::sink::{EventBucket, OperationRecord, Recovered, ReferenceRecord, TariffRecord};
use crate::engine::core::{
    BatchSink, Core, Fact, Handled, HashKey, KnownTariff, Limits, SessionKey, SessionSummary, Settings, Tag,
};
use crate::time::Timestamp;

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

/// One thing that a batch writes.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Op {
    Account(Account),
    Subscriber(Subscriber),
    Imsi(Digits, Option<Digits>),
    Session(SessionKey, Session),
    SessionGone(SessionKey),
    Ledger(LedgerEntry),
    Act(ActEntry),
    Notice(Notice),
    Cdr(Cdr),
    Areas(Vec<StoppedArea>),
    Event(EventRecord),
    Bucket(EventBucket),
    BucketGone(u64),
    Operation(OperationKey, OperationRecord),
    Paper(PaperKey, Paper),
    Reference([u8; 16], ReferenceRecord),
    Emergency(SessionKey, EmergencyRecord),
    EmergencyGone(SessionKey),
    Catalogue(u64, Vec<u8>),
    CatalogueGone(u64),
    Tariff(TariffRecord),
    TariffGone(Timestamp),
    OperationGone(OperationKey),
    Fact(Fact),
}

#[derive(Default)]
struct Recorder(Vec<Op>);

impl BatchSink for Recorder {
    fn account(&mut self, account: &Account) {
        self.0.push(Op::Account(account.clone()));
    }
    fn subscriber(&mut self, subscriber: &Subscriber) {
        self.0.push(Op::Subscriber(subscriber.clone()));
    }
    fn imsi(&mut self, imsi: Digits, msisdn: Option<Digits>) {
        self.0.push(Op::Imsi(imsi, msisdn));
    }
    fn session(&mut self, key: SessionKey, session: &Session) {
        self.0.push(Op::Session(key, session.clone()));
    }
    fn session_gone(&mut self, key: SessionKey) {
        self.0.push(Op::SessionGone(key));
    }
    fn ledger(&mut self, entry: &LedgerEntry) {
        self.0.push(Op::Ledger(entry.clone()));
    }
    fn act(&mut self, act: &ActEntry) {
        self.0.push(Op::Act(act.clone()));
    }
    fn notice(&mut self, notice: &Notice) {
        self.0.push(Op::Notice(notice.clone()));
    }
    fn cdr(&mut self, cdr: &Cdr) {
        self.0.push(Op::Cdr(cdr.clone()));
    }
    fn areas(&mut self, areas: &[StoppedArea]) {
        self.0.push(Op::Areas(areas.to_vec()));
    }
    fn event(&mut self, event: &EventRecord) {
        self.0.push(Op::Event(event.clone()));
    }
    fn bucket(&mut self, bucket: &EventBucket) {
        self.0.push(Op::Bucket(bucket.clone()));
    }
    fn bucket_gone(&mut self, number: u64) {
        self.0.push(Op::BucketGone(number));
    }
    fn operation(&mut self, key: OperationKey, record: &OperationRecord) {
        self.0.push(Op::Operation(key, record.clone()));
    }
    fn paper(&mut self, key: PaperKey, paper: &Paper) {
        self.0.push(Op::Paper(key, paper.clone()));
    }
    fn reference(&mut self, key: [u8; 16], record: &ReferenceRecord) {
        self.0.push(Op::Reference(key, record.clone()));
    }
    fn emergency(&mut self, key: SessionKey, record: &EmergencyRecord) {
        self.0.push(Op::Emergency(key, record.clone()));
    }
    fn emergency_gone(&mut self, key: SessionKey) {
        self.0.push(Op::EmergencyGone(key));
    }
    fn catalogue(&mut self, version: u64, content: &[u8]) {
        self.0.push(Op::Catalogue(version, content.to_vec()));
    }
    fn tariff(&mut self, record: &TariffRecord) {
        self.0.push(Op::Tariff(record.clone()));
    }
    fn tariff_gone(&mut self, from: Timestamp) {
        self.0.push(Op::TariffGone(from));
    }
    fn catalogue_gone(&mut self, version: u64) {
        self.0.push(Op::CatalogueGone(version));
    }
    fn operation_gone(&mut self, key: OperationKey) {
        self.0.push(Op::OperationGone(key));
    }
    fn fact(&mut self, fact: Fact) {
        self.0.push(Op::Fact(fact));
    }
}

/// What is durable.
#[derive(Clone, Default, Debug)]
pub(super) struct Disk {
    pub(super) facts: Recovered,
    pub(super) accounts: BTreeMap<AccountId, Account>,
    pub(super) subscribers: BTreeMap<Digits, Subscriber>,
    imsis: BTreeMap<Digits, Digits>,
    pub(super) sessions: BTreeMap<SessionKey, Session>,
    pub(super) ledger: BTreeMap<(AccountId, u64), (Sequence, LedgerEntry)>,
    acts: Vec<(Sequence, ActEntry)>,
    pub(super) notices: Vec<Notice>,
    pub(super) cdrs: Vec<Cdr>,
    pub(super) events: Vec<(Sequence, EventRecord)>,
    pub(super) buckets: BTreeMap<u64, EventBucket>,
    pub(super) operations: BTreeMap<OperationKey, OperationRecord>,
    pub(super) tariffs: BTreeMap<Timestamp, TariffRecord>,
    references: BTreeMap<[u8; 16], ReferenceRecord>,
    pub(super) papers: BTreeMap<PaperKey, Paper>,
    pub(super) emergencies: BTreeMap<SessionKey, EmergencyRecord>,
    pub(super) catalogues: BTreeMap<u64, Vec<u8>>,
}

impl Disk {
    fn apply(&mut self, sequence: Sequence, ops: Vec<Op>) {
        assert_eq!(sequence.0, self.facts.last.0 + 1, "batches are dense");
        self.facts.last = sequence;
        for op in ops {
            match op {
                Op::Account(account) => drop(self.accounts.insert(account.id, account)),
                Op::Subscriber(one) => drop(self.subscribers.insert(one.msisdn, one)),
                Op::Imsi(imsi, Some(msisdn)) => drop(self.imsis.insert(imsi, msisdn)),
                Op::Imsi(imsi, None) => drop(self.imsis.remove(&imsi)),
                Op::Session(key, session) => drop(self.sessions.insert(key, session)),
                Op::SessionGone(key) => drop(self.sessions.remove(&key)),
                Op::Ledger(entry) => {
                    let place = (entry.account, entry.index);
                    assert_eq!(
                        self.ledger.insert(place, (sequence, entry)),
                        None,
                        "an entry is written once"
                    );
                }
                Op::Act(act) => self.acts.push((sequence, act)),
                Op::Notice(notice) => self.notices.push(notice),
                Op::Cdr(cdr) => self.cdrs.push(cdr),
                Op::Areas(areas) => self.facts.areas = areas,
                Op::Event(event) => self.events.push((sequence, event)),
                Op::Bucket(bucket) => drop(self.buckets.insert(bucket.number, bucket)),
                Op::BucketGone(number) => drop(self.buckets.remove(&number)),
                Op::Operation(key, record) => drop(self.operations.insert(key, record)),
                Op::Paper(key, paper) => drop(self.papers.insert(key, paper)),
                Op::Reference(key, record) => drop(self.references.insert(key, record)),
                Op::Emergency(key, record) => drop(self.emergencies.insert(key, record)),
                Op::EmergencyGone(key) => drop(self.emergencies.remove(&key)),
                Op::Catalogue(version, content) => drop(self.catalogues.insert(version, content)),
                Op::CatalogueGone(version) => drop(self.catalogues.remove(&version)),
                Op::Tariff(record) => drop(self.tariffs.insert(record.from, record)),
                Op::TariffGone(from) => drop(self.tariffs.remove(&from)),
                Op::OperationGone(key) => drop(self.operations.remove(&key)),
                Op::Fact(Fact::Time(at)) => self.facts.time = Some(at),
                Op::Fact(Fact::NextAccount(number)) => self.facts.next_account = Some(number),
                Op::Fact(Fact::HashKey(key)) => self.facts.hash_key = Some(key),
                Op::Fact(Fact::OriginState(number)) => self.facts.origin_state = Some(number),
                Op::Fact(Fact::Catalogue(version)) => self.facts.catalogue = Some(version),
                Op::Fact(Fact::Lifecycle(day)) => self.facts.lifecycle = Some(day),
            }
        }
    }

    fn load(&self, load: Load) -> Found {
        match load {
            Load::Account(id) => Found::Account(self.accounts.get(&id).cloned()),
            Load::Subscriber(msisdn) => {
                Found::Subscriber(self.subscribers.get(&msisdn).cloned().map(Box::new))
            }
            Load::Imsi(imsi) => Found::Imsi(self.imsis.get(&imsi).copied()),
            Load::Session(key) => Found::Session(self.sessions.get(&key).cloned().map(Box::new)),
            Load::SessionsNear(short) => {
                let near = self.sessions.iter().filter(|(key, _)| key.short() == short);
                Found::Sessions(near.map(|(key, session)| (*key, session.clone())).collect())
            }
            Load::Events(sequence) => {
                let of = self.events.iter().filter(|(at, _)| *at == sequence);
                Found::Events(of.map(|(_, event)| event.clone()).collect())
            }
            Load::Operation(key) => Found::Operation(self.operations.get(&key).cloned()),
            Load::Operations { after, limit } => {
                let behind =
                    self.operations.iter().filter(|(key, _)| after.is_none_or(|after| **key > after));
                let page = behind.take(usize::from(limit)).map(|(key, record)| (*key, record.at));
                Found::Operations(page.collect())
            }
            Load::Paper(key) => Found::Paper(self.papers.get(&key).cloned()),
            Load::Reference(key) => Found::Reference(self.references.get(&key).cloned()),
            Load::Subscribers { after, limit } => {
                let of = self.subscribers.values().filter(|one| after.is_none_or(|after| one.msisdn > after));
                let both = |one: &Subscriber| (one.clone(), self.accounts.get(&one.account).cloned());
                Found::Subscribers(of.take(usize::from(limit)).map(both).collect())
            }
            Load::Ledger { account, head, below, limit } => {
                let mut found = Vec::new();
                let mut at = Some(head);
                let mut below = below;
                // By the chain alone, as a store does it.
                while let Some(sequence) = at.filter(|_| found.len() < usize::from(limit)) {
                    let of = |(_, (written, entry)): &(&(AccountId, u64), &(Sequence, LedgerEntry))| {
                        *written == sequence && entry.account == account && entry.index < below
                    };
                    let mut entries: Vec<_> =
                        self.ledger.iter().filter(of).map(|(_, (_, entry))| entry.clone()).collect();
                    entries.sort_by_key(|entry| core::cmp::Reverse(entry.index));
                    at = entries.last().and_then(|entry| entry.previous).filter(|before| *before < sequence);
                    below = entries.last().map_or(below, |entry| entry.index);
                    found.extend(entries);
                }
                found.truncate(usize::from(limit));
                Found::Ledger(found)
            }
            Load::Acts { msisdn, head, limit } => {
                let mut found: Vec<ActEntry> = Vec::new();
                let mut at = Some(head);
                while let Some(sequence) = at.filter(|_| found.len() < usize::from(limit)) {
                    let of =
                        |(written, act): &&(Sequence, ActEntry)| *written == sequence && act.msisdn == msisdn;
                    let mut acts: Vec<_> =
                        self.acts.iter().filter(of).rev().map(|(_, act)| act.clone()).collect();
                    let own = acts.iter().position(|act| act.previous.is_none());
                    acts.truncate(own.map_or(acts.len(), |first| first + 1));
                    at = acts.last().and_then(|act| act.previous).filter(|before| *before < sequence);
                    found.extend(acts);
                }
                found.truncate(usize::from(limit));
                Found::Acts(found)
            }
        }
    }

    /// Every book balances: ledger, balance, and what sessions hold.
    pub(super) fn audit(&self) -> Result<(), String> {
        let sessions: Vec<Session> = self.sessions.values().cloned().collect();
        for account in self.accounts.values() {
            let of = self.ledger.iter().filter(|((id, _), _)| *id == account.id);
            let ledger: Vec<LedgerEntry> = of.map(|(_, (_, entry))| entry.clone()).collect();
            audit(account, &sessions, &ledger).map_err(|fault| fault.to_string())?;
        }
        Ok(())
    }

    pub(super) fn main(&self, id: u64) -> Money {
        self.accounts.get(&AccountId(id)).map_or(Money::ZERO, |account| account.main)
    }

    pub(super) fn session(&self, id: &str) -> Option<&Session> {
        self.sessions.values().find(|session| session.id.as_str() == id)
    }
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
    NewSubscriber {
        msisdn: number(msisdn),
        imsi: None,
        plan: "first".into(),
        mode: None,
        balance: cents(balance),
        credit_limit: Money::ZERO,
        overdraft: Money::ZERO,
        brand: Brand::Kcell,
        owner: None,
        owner_is_entity: false,
        account: None,
        contract: None,
        override_limit: false,
        language: None,
    }
}
