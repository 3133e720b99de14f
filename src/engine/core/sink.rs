//! What a batch writes: a sink takes the current image of each thing that changed, once.

use crate::charging::account::area::StoppedArea;
use crate::charging::account::credit::Bill;
use crate::charging::account::life::ActEntry;
use crate::charging::account::{Account, AccountId, Sequence, Subscriber};
use crate::charging::books::due::Entry;
use crate::charging::cdr::Cdr;
use crate::charging::emergency::EmergencyRecord;
use crate::charging::ledger::{Counter, LedgerEntry};
use crate::charging::notice::Notice;
use crate::charging::session::Session;
use crate::charging::snapshot::EventRecord;
use crate::charging::units::{Digits, Money};
use crate::time::Timestamp;

use super::command::OperationKey;
use super::hash::{HashKey, SessionKey};
use super::papers::{Paper, PaperKey};

/// Where the parts of one batch go. All of a batch becomes durable or none of it; of two images under one key in one
/// batch the later counts.
pub trait BatchSink {
    /// An account as it is now.
    fn account(&mut self, account: &Account);
    /// A subscriber as it is now.
    fn subscriber(&mut self, subscriber: &Subscriber);
    /// Which number an IMSI belongs to; none when it belongs to no one any more.
    fn imsi(&mut self, imsi: Digits, msisdn: Option<Digits>);
    /// A session as it is now.
    fn session(&mut self, key: SessionKey, session: &Session);
    /// A session that is forgotten.
    fn session_gone(&mut self, key: SessionKey);
    /// A ledger entry: written once, found again through the chain that starts in its account.
    fn ledger(&mut self, entry: &LedgerEntry);
    /// An act on a number: written once, found again through the chain that starts in its subscriber.
    fn act(&mut self, act: &ActEntry);
    /// An invoice, or what was paid for one: written once.
    fn bill(&mut self, bill: &Bill);
    /// Something is due at that time, or, where it is not there, no longer.
    fn calendar(&mut self, entry: Entry, there: bool);
    /// What a subscriber is told: written once, found by whoever follows the batches.
    fn notice(&mut self, notice: &Notice);
    /// A charging data record: written once, found by whoever follows the batches.
    fn cdr(&mut self, cdr: &Cdr);
    /// The areas that were stopped, all of them.
    fn areas(&mut self, areas: &[StoppedArea]);
    /// The answer of a one-time event: written once, found again through its bucket.
    fn event(&mut self, event: &EventRecord);
    /// A bucket of event hashes as it is now.
    fn bucket(&mut self, bucket: &EventBucket);
    /// A bucket that is forgotten, by its number.
    fn bucket_gone(&mut self, number: u64);
    /// What an operator's command came to.
    fn operation(&mut self, key: OperationKey, record: &OperationRecord);
    /// A payment card, contract or the like as it is now.
    fn paper(&mut self, key: PaperKey, paper: &Paper);
    /// A payer's reference that was used.
    fn reference(&mut self, key: [u8; 16], record: &ReferenceRecord);
    /// An emergency session or event as it is now.
    fn emergency(&mut self, key: SessionKey, record: &EmergencyRecord);
    /// An emergency session or event that is forgotten.
    fn emergency_gone(&mut self, key: SessionKey);
    /// A version of the catalogue, by its content.
    fn catalogue(&mut self, version: u64, content: &[u8]);
    /// When a version of the tariffs comes into force.
    fn tariff(&mut self, record: &TariffRecord);
    /// The version that came into force then is forgotten.
    fn tariff_gone(&mut self, from: Timestamp);
    /// The content of a version is forgotten.
    fn catalogue_gone(&mut self, version: u64);
    /// The key of an operator's command is forgotten.
    fn operation_gone(&mut self, key: OperationKey);
    /// A single fact about the store.
    fn fact(&mut self, fact: Fact);
}

/// Single facts that a store keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fact {
    /// The latest engine time that was journalled: time never goes back behind it.
    Time(Timestamp),
    /// The number that the next account gets.
    NextAccount(u64),
    /// The key of the store's hashes, drawn when it was made.
    HashKey(HashKey),
    /// The Origin-State-Id that this store's server shows (RFC 6733 §8.16).
    OriginState(u32),
    /// The version of the catalogue that was in force last.
    Catalogue(u64),
    /// The last day, from 1970-01-01, on which contracts that are to end were looked for.
    Lifecycle(i64),
}

/// What a store that was opened says of itself: the facts in it, and where its journal ends.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recovered {
    /// The last batch that is durable; the next one gets the number after it.
    pub last: Sequence,
    /// The latest engine time that was journalled.
    pub time: Option<Timestamp>,
    /// The number that the next account gets.
    pub next_account: Option<u64>,
    /// The key of its hashes. A store without one is new.
    pub hash_key: Option<HashKey>,
    /// Its Origin-State-Id.
    pub origin_state: Option<u32>,
    /// The version of the catalogue that was in force last; it is in the store.
    pub catalogue: Option<u64>,
    /// The last day, from 1970-01-01, on which contracts that are to end were looked for.
    pub lifecycle: Option<i64>,
    /// Areas that were stopped.
    pub areas: Vec<StoppedArea>,
}

/// Some of the repeat keys of one-time events, in the order in which they were answered. Buckets are filled one
/// after the other and forgotten as wholes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventBucket {
    /// Its number: one more than that of the bucket before.
    pub number: u64,
    /// When its first event was answered.
    pub first: Timestamp,
    /// When its last event was answered.
    pub last: Timestamp,
    /// The hash of each key, and the batch that holds the answer.
    pub entries: Vec<(u64, Sequence)>,
}

impl EventBucket {
    /// The most entries of one bucket: it fits in one part of a record.
    pub const MOST: usize = 240;
}

/// What an operator's command came to, kept under its key so that a repeat changes nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperationRecord {
    /// Who gave the command.
    pub operator: Box<str>,
    /// When it was carried out.
    pub at: Timestamp,
    /// A digest of the command, to tell a repeat from another command under the same key.
    pub digest: u64,
    /// What came of it.
    pub done: Done,
}

/// What a command did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Done {
    /// The number it was about; none where it was about no number.
    pub msisdn: Option<Digits>,
    /// The account it was about; 0 where it was about none.
    pub account: AccountId,
    /// The main balance after it; of a batch of payment cards what each is worth.
    pub balance: Money,
    /// Whether anything changed; false where the payer's reference was known already.
    pub changed: bool,
}

impl Done {
    /// What was done about a number's account.
    pub const fn new(msisdn: Digits, account: AccountId, balance: Money, changed: bool) -> Self {
        Self { msisdn: Some(msisdn), account, balance, changed }
    }

    /// What was done about a batch of payment cards.
    pub const fn of_batch(value: Money, changed: bool) -> Self {
        Self { msisdn: None, account: AccountId(0), balance: value, changed }
    }
}

/// When a version of the tariffs comes into force, and who said so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TariffRecord {
    /// From when on.
    pub from: Timestamp,
    /// The hash of its content.
    pub version: u64,
    /// When it was published.
    pub at: Timestamp,
    /// By whom.
    pub operator: Box<str>,
}

/// A payer's reference that was used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReferenceRecord {
    /// The reference.
    pub reference: Box<str>,
    /// The account that was topped up.
    pub account: AccountId,
    /// By how much; below nothing where it was given back.
    pub amount: Money,
    /// When.
    pub at: Timestamp,
    /// Where the money came from.
    pub from: Counter,
    /// When it was taken back.
    pub reversed: Option<Timestamp>,
}
