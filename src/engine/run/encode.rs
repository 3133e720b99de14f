//! A batch as the store takes it: each image is written into its record's octets at once, nothing is copied before.

use crate::charging::account::area::StoppedArea;
use crate::charging::account::credit::Bill;
use crate::charging::account::life::ActEntry;
use crate::charging::account::{Account, Sequence, Subscriber};
use crate::charging::books::due::Entry;
use crate::charging::cdr::Cdr;
use crate::charging::emergency::EmergencyRecord;
use crate::charging::ledger::LedgerEntry;
use crate::charging::notice::Notice;
use crate::charging::session::Session;
use crate::charging::snapshot::EventRecord;
use crate::charging::units::Digits;
use crate::engine::core::command::OperationKey;
use crate::engine::core::hash::{HashKey, SessionKey, event_hash};
use crate::engine::core::papers::{Paper, PaperKey};
use crate::engine::core::sink::{
    BatchSink, Done, EventBucket, Fact, OperationRecord, ReferenceRecord, TariffRecord,
};
use crate::store::record::{
    RecordError, account, act, area, calendar, cdr, contract, emergency, event, index, invoice, ledger,
    notice, operation, session, subscriber, tariff, voucher,
};
use crate::store::{self, Batch, Class, Key, Record};
use crate::time::Timestamp;

/// Records of a batch that is being gathered.
#[derive(Debug)]
pub struct Encoder {
    hash_key: HashKey,
    records: Vec<Record>,
    /// Notices so far.
    notices: u64,
    /// Charging data records so far.
    cdrs: u64,
}

impl Encoder {
    /// An empty batch of a store with that hash key.
    pub fn new(hash_key: HashKey) -> Self {
        Self { hash_key, records: Vec::new(), notices: 0, cdrs: 0 }
    }

    /// The batch, under its number.
    pub fn finish(self, sequence: Sequence) -> Batch {
        Batch { sequence: store::Sequence::new(sequence.0), guards: Vec::new(), records: self.records }
    }
}

impl BatchSink for Encoder {
    fn account(&mut self, account: &Account) {
        self.records.push(Record::put(account::CLASS, account::key(account.id), account::encode(account)));
    }

    fn subscriber(&mut self, subscriber: &Subscriber) {
        let key = subscriber::key(subscriber.msisdn);
        self.records.push(Record::put(subscriber::CLASS, key, subscriber::encode(subscriber)));
    }

    fn imsi(&mut self, imsi: Digits, msisdn: Option<Digits>) {
        let key = index::imsi_key(imsi);
        self.records.push(match msisdn {
            Some(msisdn) => Record::put(index::IMSI_CLASS, key, index::encode_imsi(msisdn)),
            None => Record::remove(index::IMSI_CLASS, key),
        });
    }

    fn session(&mut self, key: SessionKey, session: &Session) {
        self.records.push(Record::put(session::CLASS, session::key(key.0), session::encode(session)));
    }

    fn session_gone(&mut self, key: SessionKey) {
        self.records.push(Record::remove(session::CLASS, session::key(key.0)));
    }

    fn ledger(&mut self, entry: &LedgerEntry) {
        let key = ledger::key(entry.account, entry.index);
        self.records.push(Record::put(ledger::CLASS, key, ledger::encode(entry)));
    }

    fn act(&mut self, act: &ActEntry) {
        self.records.push(Record::put(act::CLASS, act::key(act.msisdn, act.index), act::encode(act)));
    }

    fn bill(&mut self, bill: &Bill) {
        self.records.push(match bill {
            Bill::Invoice(one) => {
                Record::put(invoice::CLASS, invoice::key(one.account, one.number, 0), invoice::encode(one))
            }
            Bill::Allocation(one) => {
                let key = invoice::key(one.account, one.invoice, one.place);
                Record::put(invoice::CLASS, key, invoice::encode_allocation(one))
            }
        });
    }

    fn calendar(&mut self, (at, whose): Entry, there: bool) {
        let key = calendar::key(at, whose);
        self.records.push(if there {
            Record::put(calendar::CLASS, key, calendar::encode())
        } else {
            Record::remove(calendar::CLASS, key)
        });
    }

    fn notice(&mut self, notice: &Notice) {
        let key = notice::key(self.notices);
        self.notices = self.notices.saturating_add(1);
        self.records.push(Record::put(notice::CLASS, key, notice::encode(notice)));
    }

    fn cdr(&mut self, cdr: &Cdr) {
        let key = cdr::key(self.cdrs);
        self.cdrs = self.cdrs.saturating_add(1);
        self.records.push(Record::put(cdr::CLASS, key, cdr::encode(cdr)));
    }

    fn areas(&mut self, areas: &[StoppedArea]) {
        let value = area::encode(areas);
        self.records.push(Record::put(area::CLASS, area::key(), value));
    }

    fn event(&mut self, event: &EventRecord) {
        let hash = event_hash(self.hash_key, &event.session, event.kind, event.number);
        self.records.push(Record::put(event::CLASS, event::key(hash), event::encode(event)));
    }

    fn bucket(&mut self, bucket: &EventBucket) {
        let value = event::encode_bucket(bucket.first, bucket.last, &bucket.entries);
        self.records.push(Record::put(event::BUCKET_CLASS, event::bucket_key(bucket.number), value));
    }

    fn bucket_gone(&mut self, number: u64) {
        self.records.push(Record::remove(event::BUCKET_CLASS, event::bucket_key(number)));
    }

    fn operation(&mut self, key: OperationKey, record: &OperationRecord) {
        let value = operation::encode(&operation_to_store(record));
        self.records.push(Record::put(operation::CLASS, operation::key(key.0), value));
    }

    fn paper(&mut self, key: PaperKey, paper: &Paper) {
        let (class, key) = paper_place(key);
        let value = match paper {
            Paper::Voucher(one) => voucher::encode(one),
            Paper::Batch(one) => voucher::encode_batch(one),
            Paper::Tries(one) => voucher::encode_tries(one),
            Paper::Contract(one) => contract::encode(one),
            Paper::Holder(one) => contract::encode_holder(one),
        };
        self.records.push(Record::put(class, key, value));
    }

    fn reference(&mut self, key: [u8; 16], record: &ReferenceRecord) {
        let ReferenceRecord { reference, account, amount, at, from, reversed } = record.clone();
        let found = operation::Reference { account, amount, at, reference, from, reversed };
        let value = operation::encode_reference(&found);
        self.records.push(Record::put(operation::REFERENCE_CLASS, operation::key(key), value));
    }

    fn emergency(&mut self, key: SessionKey, record: &EmergencyRecord) {
        let value = emergency::encode(record);
        self.records.push(Record::put(emergency::CLASS, emergency::key(key.0), value));
    }

    fn emergency_gone(&mut self, key: SessionKey) {
        self.records.push(Record::remove(emergency::CLASS, emergency::key(key.0)));
    }

    fn catalogue(&mut self, version: u64, content: &[u8]) {
        let key = index::catalogue_key(version);
        self.records.push(Record::put(index::CATALOGUE_CLASS, key, content.to_vec()));
    }

    fn tariff(&mut self, record: &TariffRecord) {
        let TariffRecord { from, version, at, operator } = record.clone();
        let value = tariff::encode(&tariff::Tariff { from, version, at, operator });
        self.records.push(Record::put(tariff::CLASS, tariff::key(from), value));
    }

    fn tariff_gone(&mut self, from: Timestamp) {
        self.records.push(Record::remove(tariff::CLASS, tariff::key(from)));
    }

    fn catalogue_gone(&mut self, version: u64) {
        self.records.push(Record::remove(index::CATALOGUE_CLASS, index::catalogue_key(version)));
    }

    fn operation_gone(&mut self, key: OperationKey) {
        self.records.push(Record::remove(operation::CLASS, operation::key(key.0)));
    }

    fn fact(&mut self, fact: Fact) {
        let fact = match fact {
            Fact::Time(at) => index::Fact::Time(at),
            Fact::NextAccount(number) => index::Fact::NextAccount(number),
            Fact::HashKey(key) => index::Fact::HashKey(key.0),
            Fact::OriginState(number) => index::Fact::OriginState(number),
            Fact::Catalogue(version) => index::Fact::Catalogue(version),
            Fact::Lifecycle(day) => index::Fact::Lifecycle(day),
        };
        let key = index::fact_key(fact.name());
        self.records.push(Record::put(index::FACT_CLASS, key, index::encode_fact(fact)));
    }
}

/// Where a paper stands.
pub(super) fn paper_place(key: PaperKey) -> (Class, Key) {
    match key {
        PaperKey::Voucher(hash) => (voucher::CLASS, voucher::key(hash)),
        PaperKey::Batch(batch) => (voucher::CLASS, voucher::batch_key(batch)),
        PaperKey::Tries(msisdn) => (voucher::TRIES_CLASS, voucher::tries_key(msisdn)),
        PaperKey::Contract(id) => (contract::CLASS, contract::key(id)),
        PaperKey::Holder(owner) => (contract::HOLDER_CLASS, contract::holder_key(owner)),
    }
}

/// A paper as the core knows it.
pub(super) fn paper_from_store(key: PaperKey, octets: &[u8]) -> Result<Paper, RecordError> {
    Ok(match key {
        PaperKey::Voucher(_) => Paper::Voucher(voucher::decode(octets)?),
        PaperKey::Batch(_) => Paper::Batch(voucher::decode_batch(octets)?),
        PaperKey::Tries(_) => Paper::Tries(voucher::decode_tries(octets)?),
        PaperKey::Contract(_) => Paper::Contract(contract::decode(octets)?),
        PaperKey::Holder(_) => Paper::Holder(contract::decode_holder(octets)?),
    })
}

fn operation_to_store(record: &OperationRecord) -> operation::Operation {
    let OperationRecord { operator, at, digest, done } = record.clone();
    let Done { msisdn, account, balance, changed } = done;
    operation::Operation { at, digest, msisdn, account, balance, changed, operator }
}

/// A command as the core knows it.
pub(super) fn operation_from_store(found: operation::Operation) -> OperationRecord {
    let operation::Operation { at, digest, msisdn, account, balance, changed, operator } = found;
    OperationRecord { operator, at, digest, done: Done { msisdn, account, balance, changed } }
}

/// A reference as the core knows it.
pub(super) fn reference_from_store(found: operation::Reference) -> ReferenceRecord {
    let operation::Reference { account, amount, at, reference, from, reversed } = found;
    ReferenceRecord { reference, account, amount, at, from, reversed }
}
