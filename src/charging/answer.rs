//! What charging answers, in its own words; `ro::result` gives each word its code.

use super::request::{Condition, QuotaKey, Shape};
use super::units::{Amount, Money, Unit};
use crate::time::Timestamp;

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
    /// The plan sells nothing where the subscriber is: a network in no zone, or in one that is not in the plan
    /// (`ROAM-1`).
    NotThere,
    /// There is less on the account than a trip begins with (`ROAM-2`).
    Threshold,
    /// The subscriber has barred this content service (`RES-5`).
    ContentBarred,
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
    /// The units, or the money for them, are more than can be counted.
    Overflow,
    /// There is nothing to give back: what the token names was never charged, was given back before, or is
    /// no longer known.
    NoRefund,
}

/// The outcome of a whole request, or of one quota of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// It was done; a grant may stand beside it.
    Done,
    /// It was refused.
    Denied(Denial),
}

/// What the client does when the last units are used (RFC 8506 §8.35).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum FinalUnit {
    /// The service ends.
    Terminate,
    /// The user is sent to an address.
    Redirect(Box<Redirect>),
    /// The user reaches only what is left open.
    Restrict(Box<Reach>),
}

/// Where a user is sent, and what stays open meanwhile.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Redirect {
    /// The address: an IP address, a URL or a SIP URI.
    pub to: Box<str>,
    /// What stays open.
    pub open: Reach,
}

impl Redirect {
    /// The address is a SIP URI: calls are sent there, other traffic cannot be.
    pub fn is_sip(&self) -> bool {
        let begins = |scheme: &str| {
            self.to.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        begins("sip:") || begins("sips:")
    }
}

/// What stays open to a user whose service is limited.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Reach {
    /// Names of filters that the client has (Filter-Id).
    pub filters: Vec<Box<str>>,
    /// Filters in the words of RFC 6733 §4.3.1, IPFilterRule.
    pub rules: Vec<Box<str>>,
}

/// A change of the tariff while a grant lasts (RFC 8506 §5.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TariffChange {
    /// When it changes.
    pub at: Timestamp,
    /// A grant of its own for what comes after, in the unit of the grant; none where one grant serves for both.
    pub after: Option<u64>,
}

/// A share in a credit pool (RFC 8506 §5.1.2): each unit takes so many credits from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PoolShare {
    /// The pool's number within the session.
    pub pool: u32,
    /// Credits that a unit takes, as digits and a power of ten.
    pub digits: i64,
    /// The power of ten.
    pub exponent: i32,
}

/// What few grants have.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct GrantExtra {
    /// The tariff changes before the validity ends.
    pub change: Option<TariffChange>,
    /// After how many idle seconds time is no longer counted (TS 32.299, Quota-Consumption-Time).
    pub consumption_secs: Option<u32>,
    /// The changes of conditions at which the client shall ask again; none leaves them as they are.
    pub triggers: Option<Vec<Condition>>,
    /// The pool that the grant draws from.
    pub pool: Option<PoolShare>,
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
    /// What few grants have.
    pub extra: Option<Box<GrantExtra>>,
}

impl Grant {
    /// So much, and nothing said about it.
    pub const fn of(amount: Amount) -> Self {
        let (validity_secs, threshold, holding_secs) = (None, None, None);
        Self { amount, validity_secs, threshold, holding_secs, final_unit: None, extra: None }
    }
}

/// Nothing is granted, and the service is limited instead of ended (RFC 8506 §5.6.2, §5.6.3).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Limit {
    /// What the client does: never that the service ends.
    pub action: FinalUnit,
    /// After how many seconds it shall ask again; always more than none.
    pub validity_secs: u32,
}

/// An announcement to the user (TS 32.299, Announcement-Information).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Announcement {
    /// Its number in the client.
    pub id: u32,
    /// So many seconds before the quota ends, 0 at its end; none: before the session goes on.
    pub before_end_secs: Option<u32>,
}

/// What few parts have.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct PartExtra {
    /// The token by which what was charged may be given back (Refund-Information).
    pub refund: Option<Box<[u8]>>,
    /// Announcements to the user.
    pub announcements: Vec<Announcement>,
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
    /// How the service is limited, where nothing was granted and it goes on.
    pub limit: Option<Box<Limit>>,
    /// What few parts have.
    pub extra: Option<Box<PartExtra>>,
}

impl PartAnswer {
    /// That outcome, and nothing granted.
    pub const fn new(key: QuotaKey, outcome: Outcome) -> Self {
        Self { key, outcome, grant: None, limit: None, extra: None }
    }

    /// Done, with a grant where there is one.
    pub const fn granted(key: QuotaKey, grant: Option<Grant>) -> Self {
        Self { key, outcome: Outcome::Done, grant, limit: None, extra: None }
    }
}

/// What is left on the account (TS 32.299, Low-Balance-Indication and Remaining-Balance).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Balance {
    /// It is below what the plan calls low.
    pub low: bool,
    /// What may still be spent, what this session holds included; below nothing where more was spent than
    /// there was.
    pub remaining: Money,
}

/// Advice of charge (TS 32.280, TS 32.299 AoC-Information).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Advice {
    /// What the session has cost so far.
    pub total: Money,
    /// What this request added to it.
    pub added: Money,
    /// The price in force.
    pub price: Option<PriceAdvice>,
}

/// A price, said to the user: `price` for each `per` units.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PriceAdvice {
    /// What is counted.
    pub unit: Unit,
    /// How many of them cost the price.
    pub per: u64,
    /// The price.
    pub price: Money,
}

/// What few answers have.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct AnswerExtra {
    /// Whether there is enough (Check-Balance-Result).
    pub enough: Option<bool>,
    /// What it costs (Cost-Information).
    pub cost: Option<Money>,
    /// The units that cost so much, where the request named none (Cost-Unit).
    pub cost_per: Option<Amount>,
    /// What is left on the account.
    pub balance: Option<Balance>,
    /// Advice of charge.
    pub advice: Option<Advice>,
    /// When the contract ends, where that is settled (Account-Expiration).
    pub ends: Option<Timestamp>,
    /// What goes into the client's records of the session (PS-Furnish-Charging-Information).
    pub furnish: Option<Box<[u8]>>,
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
    /// What few answers have.
    pub extra: Option<Box<AnswerExtra>>,
}

impl Answer {
    /// That outcome, with these parts.
    pub const fn new(outcome: Outcome, shape: Shape, parts: Vec<PartAnswer>) -> Self {
        Self { outcome, shape, parts, message: None, extra: None }
    }
}
