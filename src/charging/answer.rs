//! What charging answers, in its own words; `ro::result` gives each word its code.

use super::request::{QuotaKey, Shape};
use super::units::Amount;

/// Why a request, or one quota of it, is refused. The order is the order in which the checks are made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Denial {
    /// The session is not known and the request does not open one.
    UnknownSession,
    /// No subscriber has any of the identities.
    UnknownSubscriber,
    /// The contract has ended.
    Ended,
    /// The subscriber is blocked from this.
    Blocked,
    /// No service has this context.
    UnknownService,
    /// The plan has no rate for this rating group or service.
    NoRate,
    /// The called number is missing, or is no number, and the price depends on it.
    NoDestination,
    /// There is not enough money or volume.
    NoCredit,
    /// The action is not offered.
    NotOffered,
    /// More rating groups than a session may hold.
    TooManyGroups,
}

/// The outcome of a whole request, or of one quota of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// It was done; a grant may stand beside it.
    Done,
    /// It was refused.
    Denied(Denial),
}

/// What the client does when the last units are used.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum FinalUnit {
    /// The service ends.
    Terminate,
}

/// Units granted.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Grant {
    /// How much.
    pub amount: Amount,
    /// For how many seconds; always more than none. None for a one-time event.
    pub validity_secs: Option<u32>,
    /// At how many units left the client shall ask again; always below the grant.
    pub threshold: Option<u64>,
    /// After how many idle seconds the client shall give the quota back.
    pub holding_secs: Option<u32>,
    /// These are the last: what happens when they are used.
    pub final_unit: Option<FinalUnit>,
}

/// The answer for one quota.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PartAnswer {
    /// Which quota, as it was asked for.
    pub key: QuotaKey,
    /// What came of it.
    pub outcome: Outcome,
    /// What was granted.
    pub grant: Option<Grant>,
}

/// The answer to a request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Answer {
    /// What came of the request as a whole.
    pub outcome: Outcome,
    /// How to write the units.
    pub shape: Shape,
    /// One for each quota of the request, in its order, none invented.
    pub parts: Vec<PartAnswer>,
    /// A sentence for people, where there is more to say than the outcome.
    pub message: Option<Box<str>>,
}
