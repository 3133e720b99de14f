//! What a batch writes, and a disk in memory that takes it.

use crate::charging::account::area::StoppedArea;
use crate::charging::account::credit::{Allocation, Bill, Invoice};
use crate::charging::account::life::ActEntry;
use crate::charging::account::{Account, AccountId, Sequence, Subscriber};
use crate::charging::books::audit::audit;
use crate::charging::books::due::Entry;
use crate::charging::cdr::Cdr;
use crate::charging::emergency::EmergencyRecord;
use crate::charging::ledger::LedgerEntry;
use crate::charging::notice::Notice;
use crate::charging::session::Session;
use crate::charging::snapshot::EventRecord;
use crate::charging::units::{Digits, Money};
use crate::engine::core::command::OperationKey;
use crate::engine::core::load::{Found, Load};
use crate::engine::core::papers::{Paper, PaperKey};
use crate::engine::core::sink::{EventBucket, OperationRecord, Recovered, ReferenceRecord, TariffRecord};
use crate::engine::core::{BatchSink, Fact, SessionKey};
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

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
    Bill(Bill),
    Calendar(Entry, bool),
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
pub(super) struct Recorder(pub(super) Vec<Op>);

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
    pub(super) calendar: BTreeSet<Entry>,
    pub(super) invoices: BTreeMap<(AccountId, u32), Invoice>,
    pub(super) allocations: Vec<Allocation>,
}

impl Disk {
    pub(super) fn apply(&mut self, sequence: Sequence, ops: Vec<Op>) {
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
                Op::Bill(Bill::Invoice(one)) => {
                    let place = (one.account, one.number);
                    assert!(self.invoices.insert(place, *one).is_none(), "an invoice is written once");
                }
                Op::Bill(Bill::Allocation(one)) => self.allocations.push(one),
                Op::Calendar(entry, true) => drop(self.calendar.insert(entry)),
                Op::Calendar(entry, false) => drop(self.calendar.remove(&entry)),
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

    pub(super) fn load(&self, load: Load) -> Found {
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
            Load::Calendar { after, until, limit } => {
                let of = self.calendar.iter().copied();
                let of = of.filter(|entry| after.is_none_or(|after| *entry > after) && entry.0 <= until);
                Found::Calendar(of.take(usize::from(limit)).collect())
            }
            Load::Invoices { after, account, limit } => {
                let of = self.invoices.iter().filter(|(place, _)| after.is_none_or(|after| **place > after));
                let of = of.filter(|((owner, _), _)| account.is_none_or(|account| account == *owner));
                let paid = |one: &Invoice| {
                    let of = self.allocations.iter();
                    of.filter(|paid| (paid.account, paid.invoice) == (one.account, one.number))
                        .cloned()
                        .collect()
                };
                Found::Invoices(
                    of.take(usize::from(limit)).map(|(_, one)| (one.clone(), paid(one))).collect(),
                )
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
