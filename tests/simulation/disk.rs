//! What batches write, and a disk in memory that takes them whole, or loses the last of them with the power.

use std::collections::{BTreeMap, BTreeSet};

use gyro::charging::account::area::StoppedArea;
use gyro::charging::account::credit::{Allocation, Bill, Invoice};
use gyro::charging::account::life::ActEntry;
use gyro::charging::account::{Account, AccountId, Sequence, Subscriber};
use gyro::charging::books::due::Entry;
use gyro::charging::cdr::Cdr;
use gyro::charging::emergency::EmergencyRecord;
use gyro::charging::ledger::LedgerEntry;
use gyro::charging::notice::Notice;
use gyro::charging::session::Session;
use gyro::charging::snapshot::EventRecord;
use gyro::charging::units::Digits;
use gyro::engine::core::load::{Found, Load};
use gyro::engine::core::papers::{Paper, PaperKey};
use gyro::engine::core::sink::{EventBucket, OperationRecord, ReferenceRecord};
use gyro::engine::core::{BatchSink, Fact, OperationKey, Recovered, SessionKey, TariffRecord};
use gyro::time::Timestamp;

/// One thing that a batch writes.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Op {
    Account(Box<Account>),
    Subscriber(Box<Subscriber>),
    Imsi(Digits, Option<Digits>),
    Session(SessionKey, Box<Session>),
    SessionGone(SessionKey),
    Ledger(Box<LedgerEntry>),
    Act(ActEntry),
    Bill(Bill),
    Calendar(Entry, bool),
    Notice(Notice),
    Cdr(Cdr),
    Areas(Vec<StoppedArea>),
    Event(Box<EventRecord>),
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
pub(crate) struct Recorder(pub(crate) Vec<Op>);

impl BatchSink for Recorder {
    fn account(&mut self, account: &Account) {
        self.0.push(Op::Account(Box::new(account.clone())));
    }
    fn subscriber(&mut self, subscriber: &Subscriber) {
        self.0.push(Op::Subscriber(Box::new(subscriber.clone())));
    }
    fn imsi(&mut self, imsi: Digits, msisdn: Option<Digits>) {
        self.0.push(Op::Imsi(imsi, msisdn));
    }
    fn session(&mut self, key: SessionKey, session: &Session) {
        self.0.push(Op::Session(key, Box::new(session.clone())));
    }
    fn session_gone(&mut self, key: SessionKey) {
        self.0.push(Op::SessionGone(key));
    }
    fn ledger(&mut self, entry: &LedgerEntry) {
        self.0.push(Op::Ledger(Box::new(entry.clone())));
    }
    fn act(&mut self, act: &ActEntry) {
        self.0.push(Op::Act(act.clone()));
    }
    fn bill(&mut self, bill: &Bill) {
        self.0.push(Op::Bill(bill.clone()));
    }
    fn calendar(&mut self, entry: Entry, there: bool) {
        self.0.push(Op::Calendar(entry, there));
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
        self.0.push(Op::Event(Box::new(event.clone())));
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
pub(crate) struct Disk {
    pub(crate) facts: Recovered,
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    pub(crate) subscribers: BTreeMap<Digits, Subscriber>,
    imsis: BTreeMap<Digits, Digits>,
    pub(crate) sessions: BTreeMap<SessionKey, Session>,
    /// By account, in the order of their places.
    pub(crate) ledger: BTreeMap<AccountId, Vec<(Sequence, LedgerEntry)>>,
    acts: BTreeMap<Digits, Vec<(Sequence, ActEntry)>>,
    events: BTreeMap<Sequence, Vec<EventRecord>>,
    pub(crate) buckets: BTreeMap<u64, EventBucket>,
    operations: BTreeMap<OperationKey, OperationRecord>,
    pub(crate) tariffs: BTreeMap<Timestamp, TariffRecord>,
    references: BTreeMap<[u8; 16], ReferenceRecord>,
    papers: BTreeMap<PaperKey, Paper>,
    pub(crate) emergencies: BTreeMap<SessionKey, EmergencyRecord>,
    pub(crate) catalogues: BTreeMap<u64, Vec<u8>>,
    calendar: BTreeSet<Entry>,
    invoices: BTreeMap<(AccountId, u32), Invoice>,
    allocations: BTreeMap<(AccountId, u32), Vec<Allocation>>,
}

impl Disk {
    pub(crate) fn apply(&mut self, sequence: Sequence, ops: Vec<Op>) {
        assert_eq!(sequence.0, self.facts.last.0 + 1, "batches are dense");
        self.facts.last = sequence;
        for op in ops {
            self.take(sequence, op);
        }
    }

    fn take(&mut self, sequence: Sequence, op: Op) {
        match op {
            Op::Account(account) => drop(self.accounts.insert(account.id, *account)),
            Op::Subscriber(one) => drop(self.subscribers.insert(one.msisdn, *one)),
            Op::Imsi(imsi, Some(msisdn)) => drop(self.imsis.insert(imsi, msisdn)),
            Op::Imsi(imsi, None) => drop(self.imsis.remove(&imsi)),
            Op::Session(key, session) => drop(self.sessions.insert(key, *session)),
            Op::SessionGone(key) => drop(self.sessions.remove(&key)),
            Op::Ledger(entry) => self.ledger.entry(entry.account).or_default().push((sequence, *entry)),
            Op::Act(act) => self.acts.entry(act.msisdn).or_default().push((sequence, act)),
            Op::Bill(Bill::Invoice(one)) => drop(self.invoices.insert((one.account, one.number), *one)),
            Op::Bill(Bill::Allocation(one)) => {
                self.allocations.entry((one.account, one.invoice)).or_default().push(one);
            }
            Op::Calendar(entry, true) => drop(self.calendar.insert(entry)),
            Op::Calendar(entry, false) => drop(self.calendar.remove(&entry)),
            Op::Notice(_) | Op::Cdr(_) => {}
            Op::Areas(areas) => self.facts.areas = areas,
            Op::Event(event) => self.events.entry(sequence).or_default().push(*event),
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

    pub(crate) fn load(&self, load: Load) -> Found {
        match load {
            Load::Account(id) => Found::Account(self.accounts.get(&id).cloned()),
            Load::Subscriber(msisdn) => {
                Found::Subscriber(self.subscribers.get(&msisdn).cloned().map(Box::new))
            }
            Load::Imsi(imsi) => Found::Imsi(self.imsis.get(&imsi).copied()),
            Load::Session(key) => Found::Session(self.sessions.get(&key).cloned().map(Box::new)),
            Load::SessionsNear(short) => {
                let from = SessionKey((u128::from(short) << 64).to_be_bytes());
                let near = self.sessions.range(from..).take_while(|(key, _)| key.short() == short);
                Found::Sessions(near.map(|(key, session)| (*key, session.clone())).collect())
            }
            Load::Events(sequence) => Found::Events(self.events.get(&sequence).cloned().unwrap_or_default()),
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
            Load::Ledger { account, below, limit, .. } => {
                let of = self.ledger.get(&account).into_iter().flatten().rev();
                let of = of.map(|(_, entry)| entry).filter(|entry| entry.index < below);
                Found::Ledger(of.take(usize::from(limit)).cloned().collect())
            }
            Load::Calendar { after, until, limit } => {
                let of = self.calendar.iter().copied();
                let of = of.filter(|entry| after.is_none_or(|after| *entry > after));
                let of = of.take_while(|entry| entry.0 <= until);
                Found::Calendar(of.take(usize::from(limit)).collect())
            }
            Load::Invoices { after, account, limit } => {
                let of = self.invoices.iter().filter(|(place, _)| after.is_none_or(|after| **place > after));
                let of = of.filter(|((owner, _), _)| account.is_none_or(|account| account == *owner));
                let paid = |place| self.allocations.get(place).cloned().unwrap_or_default();
                let of = of.take(usize::from(limit)).map(|(place, one)| (one.clone(), paid(place)));
                Found::Invoices(of.collect())
            }
            Load::Acts { msisdn, limit, .. } => {
                let of = self.acts.get(&msisdn).into_iter().flatten().rev().map(|(_, act)| act.clone());
                Found::Acts(of.take(usize::from(limit)).collect())
            }
        }
    }
}
