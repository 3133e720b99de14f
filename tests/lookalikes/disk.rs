//! What is durable: a disk in memory that takes whole batches.

use std::collections::{BTreeMap, BTreeSet};

use gyro::charging::account::area::StoppedArea;
use gyro::charging::account::credit::Bill;
use gyro::charging::account::life::ActEntry;
use gyro::charging::account::{Account, AccountId, Sequence, Subscriber};
use gyro::charging::books::audit::{audit, audit_bundles};
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
use gyro::engine::core::{BatchSink, Fact, OperationKey, SessionKey, TariffRecord};
use gyro::time::Timestamp;

#[derive(Default)]
pub(crate) struct Disk {
    pub(crate) last: Sequence,
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    pub(crate) subscribers: BTreeMap<Digits, Subscriber>,
    imsis: BTreeMap<Digits, Digits>,
    pub(crate) sessions: BTreeMap<SessionKey, Session>,
    pub(crate) ledger: Vec<LedgerEntry>,
    events: Vec<(Sequence, EventRecord)>,
    operations: BTreeMap<OperationKey, OperationRecord>,
    references: BTreeMap<[u8; 16], ReferenceRecord>,
    papers: BTreeMap<PaperKey, Paper>,
    calendar: BTreeSet<Entry>,
}

impl Disk {
    /// Answers a load. Nothing is put out of memory here, so what is asked for is what is new or was never there.
    pub(crate) fn load(&self, load: Load) -> Found {
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
            Load::Paper(key) => Found::Paper(self.papers.get(&key).cloned()),
            Load::Reference(key) => Found::Reference(self.references.get(&key).cloned()),
            Load::Calendar { after, until, limit } => {
                let of = self.calendar.iter().copied();
                let of = of.filter(|entry| after.is_none_or(|after| *entry > after) && entry.0 <= until);
                Found::Calendar(of.take(usize::from(limit)).collect())
            }
            Load::Operations { .. } => Found::Operations(Vec::new()),
            _ => panic!("no look-alike needs {load:?}"),
        }
    }

    /// Every book balances, and no session holds what its account does not know of.
    pub(crate) fn audit(&self) {
        let sessions: Vec<Session> = self.sessions.values().cloned().collect();
        for account in self.accounts.values() {
            let of = self.ledger.iter().filter(|entry| entry.account == account.id);
            let ledger: Vec<LedgerEntry> = of.cloned().collect();
            audit(account, &sessions, &ledger).unwrap_or_else(|fault| panic!("{fault}"));
        }
        for subscriber in self.subscribers.values() {
            audit_bundles(subscriber, &sessions).unwrap_or_else(|fault| panic!("{fault}"));
        }
    }
}

/// A batch goes onto the disk as it is handed out: it is durable at once.
impl BatchSink for Disk {
    fn account(&mut self, account: &Account) {
        self.accounts.insert(account.id, account.clone());
    }
    fn subscriber(&mut self, subscriber: &Subscriber) {
        self.subscribers.insert(subscriber.msisdn, subscriber.clone());
    }
    fn paper(&mut self, key: PaperKey, paper: &Paper) {
        self.papers.insert(key, paper.clone());
    }
    fn imsi(&mut self, imsi: Digits, msisdn: Option<Digits>) {
        match msisdn {
            Some(msisdn) => self.imsis.insert(imsi, msisdn),
            None => self.imsis.remove(&imsi),
        };
    }
    fn session(&mut self, key: SessionKey, session: &Session) {
        self.sessions.insert(key, session.clone());
    }
    fn session_gone(&mut self, key: SessionKey) {
        self.sessions.remove(&key);
    }
    fn ledger(&mut self, entry: &LedgerEntry) {
        self.ledger.push(entry.clone());
    }
    fn act(&mut self, _: &ActEntry) {}
    fn notice(&mut self, _: &Notice) {}
    fn cdr(&mut self, _: &Cdr) {}
    fn areas(&mut self, _: &[StoppedArea]) {}
    fn bill(&mut self, _: &Bill) {}
    fn calendar(&mut self, entry: Entry, there: bool) {
        if there {
            self.calendar.insert(entry);
        } else {
            self.calendar.remove(&entry);
        }
    }
    fn event(&mut self, event: &EventRecord) {
        self.events.push((Sequence(self.last.0 + 1), event.clone()));
    }
    fn bucket(&mut self, _: &EventBucket) {}
    fn bucket_gone(&mut self, _: u64) {}
    fn operation(&mut self, key: OperationKey, record: &OperationRecord) {
        self.operations.insert(key, record.clone());
    }
    fn reference(&mut self, key: [u8; 16], record: &ReferenceRecord) {
        self.references.insert(key, record.clone());
    }
    fn emergency(&mut self, _: SessionKey, _: &EmergencyRecord) {}
    fn emergency_gone(&mut self, _: SessionKey) {}
    fn catalogue(&mut self, _: u64, _: &[u8]) {}
    fn tariff(&mut self, _: &TariffRecord) {}
    fn tariff_gone(&mut self, _: Timestamp) {}
    fn catalogue_gone(&mut self, _: u64) {}
    fn operation_gone(&mut self, _: OperationKey) {}
    fn fact(&mut self, _: Fact) {}
}
