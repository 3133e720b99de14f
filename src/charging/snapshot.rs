//! All that a decision reads, and all that it writes: read before, decide, write after.

use super::account::{Account, Subscriber};
use super::answer::Answer;
use super::cdr::Cdr;
use super::ledger::LedgerEntry;
use super::notice::Notice;
use super::refund::EventCharge;
use super::request::{Kind, SessionId};
use super::session::Session;
use super::units::Digits;
use crate::time::Timestamp;

/// What was loaded for a request whose subscriber is known. It is consumed by the decision, which gives
/// back what it became. Revisions are counted up by the decision, once for each thing that changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// Who it is about is served in an area that was stopped (`SUS-4`).
    pub stopped: bool,
    /// The account that pays.
    pub account: Account,
    /// The number.
    pub subscriber: Subscriber,
    /// The session of the request's identifier, open or ended.
    pub session: Option<Box<Session>>,
    /// The stored answer of a one-time event of the same key.
    pub event: Option<EventRecord>,
    /// The event that a refund names by its token, where it is still known.
    pub refunds: Option<EventRecord>,
}

/// The answer to a one-time event, kept for 72 hours so that a repeat gets the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventRecord {
    /// The event's identifier.
    pub session: SessionId,
    /// What it asked.
    pub kind: Kind,
    /// Its number.
    pub number: u32,
    /// The digest of its content.
    pub digest: u64,
    /// The client's profile, by name: the answer is written by it.
    pub profile: Box<str>,
    /// When it was answered.
    pub at: Timestamp,
    /// What was answered.
    pub answer: Answer,
    /// What it was charged, where it may be given back.
    pub charge: Option<EventCharge>,
}

/// Which of the loaded things changed and must be committed, all in one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// The account is to be written.
    pub account: bool,
    /// The subscriber is to be written.
    pub subscriber: bool,
    /// The session is to be written, or deleted where none is left in the snapshot.
    pub session: bool,
    /// Entries to append, in order. Each names as `previous` the account's head before this decision; the
    /// engine sets the head to the sequence that it commits under.
    pub ledger: Vec<LedgerEntry>,
    /// The answer of an event, to be kept.
    pub event: Option<EventRecord>,
    /// The event that was given back, to be kept as such.
    pub refunded: Option<EventRecord>,
    /// What the subscriber is told of it.
    pub notices: Vec<Notice>,
    /// Charging data records that are closed by it.
    pub cdrs: Vec<Cdr>,
}

/// What was decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// What the loaded things became.
    pub snapshot: Snapshot,
    /// Which of them changed.
    pub changes: Changes,
    /// The answer.
    pub answer: Answer,
    /// What is worth counting about it.
    pub notes: Notes,
}

/// Facts about a decision that metrics count and the log tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Notes {
    /// It was a repeat, answered from what was stored.
    pub repeat: bool,
    /// It was a repeat by its key, with other content.
    pub contradicts: bool,
    /// Units were reported above the grant.
    pub above_grant: bool,
    /// Use was charged after its reservation or session had ended.
    pub late: bool,
    /// The client began the session afresh.
    pub restarted: bool,
    /// A trip has begun in this network: the subscriber is told that a debt may arise (`ROAM-3`).
    pub trip: Option<Digits>,
}
