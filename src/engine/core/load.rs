//! What the core wants to have loaded, and how it is handed in.
//!
//! The shell answers loads in the order in which it took them, behind every batch that was durable when it took
//! them: what was put out of memory as clean is then found again as it was.

use crate::charging::account::life::ActEntry;
use crate::charging::account::{Account, AccountId, Sequence, Subscriber};
use crate::charging::emergency::EmergencyRecord;
use crate::charging::ledger::LedgerEntry;
use crate::charging::session::Session;
use crate::charging::snapshot::EventRecord;
use crate::charging::units::Digits;
use crate::time::Timestamp;

use super::command::OperationKey;
use super::directory::SessionSummary;
use super::hash::SessionKey;
use super::papers::{Paper, PaperKey};
use super::sink::{EventBucket, OperationRecord, ReferenceRecord};

/// One thing to be loaded. What stands behind it is answered once, by [`super::Core::on_loaded`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Load {
    /// An account.
    Account(AccountId),
    /// A subscriber, by number.
    Subscriber(Digits),
    /// The number of an IMSI.
    Imsi(Digits),
    /// A session.
    Session(SessionKey),
    /// All sessions whose key begins so.
    SessionsNear(u64),
    /// The answers of events in one batch.
    Events(Sequence),
    /// What an operator's command came to.
    Operation(OperationKey),
    /// Keys of operators' commands in the order of the store.
    Operations {
        /// Behind this one; none begins at the first.
        after: Option<OperationKey>,
        /// How many at most.
        limit: u16,
    },
    /// A payer's reference.
    Reference([u8; 16]),
    /// A payment card, contract or the like.
    Paper(PaperKey),
    /// Subscribers in the order of the store, with their accounts.
    Subscribers {
        /// Behind this one; none begins at the first.
        after: Option<Digits>,
        /// How many at most.
        limit: u16,
    },
    /// An account's ledger entries, the newest first.
    Ledger {
        /// Whose.
        account: AccountId,
        /// The batch to begin with.
        head: Sequence,
        /// Only entries with an index below this.
        below: u64,
        /// How many at most.
        limit: u16,
    },
    /// The acts on a number, the newest first.
    Acts {
        /// Which.
        msisdn: Digits,
        /// The batch to begin with.
        head: Sequence,
        /// How many at most.
        limit: u16,
    },
}

/// What was found for a [`Load`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// For [`Load::Account`].
    Account(Option<Account>),
    /// For [`Load::Subscriber`].
    Subscriber(Option<Box<Subscriber>>),
    /// For [`Load::Imsi`].
    Imsi(Option<Digits>),
    /// For [`Load::Session`].
    Session(Option<Box<Session>>),
    /// For [`Load::SessionsNear`].
    Sessions(Vec<(SessionKey, Session)>),
    /// For [`Load::Events`].
    Events(Vec<EventRecord>),
    /// For [`Load::Operation`].
    Operation(Option<OperationRecord>),
    /// For [`Load::Operations`]: each with the time at which it was carried out.
    Operations(Vec<(OperationKey, Timestamp)>),
    /// For [`Load::Reference`].
    Reference(Option<ReferenceRecord>),
    /// For [`Load::Paper`].
    Paper(Option<Paper>),
    /// For [`Load::Subscribers`].
    Subscribers(Vec<(Subscriber, Option<Account>)>),
    /// For [`Load::Ledger`]; fewer than asked for where the chain or its archive ends.
    Ledger(Vec<LedgerEntry>),
    /// For [`Load::Acts`].
    Acts(Vec<ActEntry>),
    /// It could not be read: what waits for it is answered as overload.
    Failed,
}

/// A load that was carried out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Loaded {
    /// What was asked for.
    pub load: Load,
    /// What was found.
    pub found: Found,
}

/// A piece of what the store is read through for at start, in the background.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scanned {
    /// Sessions with their services, in any order.
    Sessions(Vec<(SessionSummary, Box<str>)>),
    /// There are no more sessions: a session that the directory does not have is new.
    SessionsDone,
    /// Buckets of event hashes, in the order of their numbers.
    Buckets(Vec<EventBucket>),
    /// There are no more buckets.
    BucketsDone,
    /// Emergency sessions and events.
    Emergencies(Vec<(SessionKey, EmergencyRecord)>),
}
