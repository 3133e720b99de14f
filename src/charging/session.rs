//! A session: what a gateway has open for a number, and what it holds reserved.

use super::account::AccountId;
use super::answer::Answer;
use super::cdr::Tally;
use super::request::{Condition, Kind, Parties, Place, QuotaKey, SessionId};
use super::units::{Amount, Digits, Money};
use crate::time::Timestamp;

/// The life of a session (RFC 8506 §7, server side).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SessionState {
    /// Quota may be asked for.
    Open,
    /// Ended at that time; kept, so that repeats and late reports are known.
    Ended(Timestamp),
}

/// Where a price comes from: the catalogue's version, the plan's rate, the destination and the band of time. A
/// change of any of them begins a new count for rounding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RateKey {
    /// The version of the catalogue.
    pub version: u64,
    /// The plan's place in it.
    pub plan: u16,
    /// The rate's place in the plan.
    pub rate: u16,
    /// The destination's place in the catalogue, or `u16::MAX` for none.
    pub destination: u16,
    /// The band's place in the catalogue, or `u16::MAX` for none.
    pub band: u16,
}

/// Units paid with money by one rate so far, and what was charged for them: the next charge is the
/// price of all units minus this (`ACC-3`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rated {
    /// By which rate.
    pub rate: RateKey,
    /// Units so far.
    pub units: u64,
    /// Money charged for them so far, whole hundredths.
    pub charged: Money,
}

/// Units of one bundle that a reservation holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeldAllowance {
    /// The bundle's name.
    pub bundle: Box<str>,
    /// When that allowance ends, where it does: name and end together tell which allowance it is.
    pub expires: Option<Timestamp>,
    /// How many of its units.
    pub units: u64,
}

/// Bonus money that a reservation holds of one gift.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeldBonus {
    /// Which gift.
    pub id: u64,
    /// How much of it.
    pub money: Money,
}

/// What was granted and is not yet reported (`RES-1`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reservation {
    /// How much was granted.
    pub granted: Amount,
    /// Money held for it.
    pub money: Money,
    /// Bonus money held for it.
    pub bonus: Vec<HeldBonus>,
    /// Units of bundles held for it.
    pub allowances: Vec<HeldAllowance>,
    /// When it ends by itself: the larger of twice the validity and validity and grace.
    pub expires: Timestamp,
    /// It was the last grant.
    pub final_unit: bool,
    /// The tariff changes while it lasts: when, and what of the grant is for after it where that is apart.
    pub change: Option<(Timestamp, Option<u64>)>,
    /// The number of the credit pool that it is part of, within the session: what its money is for may be used
    /// by the others of the pool too (RFC 8506 §5.1.2).
    pub pool: Option<u32>,
}

impl Reservation {
    /// Whether it holds money of an account, of whichever balance.
    pub fn holds_money(&self) -> bool {
        !self.money.is_zero() || self.bonus.iter().any(|held| !held.money.is_zero())
    }
}

/// How fast a quota is used, as its reports show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// Since when use is measured next: the last report that was measured, or the grant after an idle time.
    pub at: Timestamp,
    /// Units a second, smoothed over the last reports; 0 while none was measured.
    pub per_sec: u64,
    /// Units that were reported since then, too soon to be measured.
    pub units: u64,
}

/// One quota of a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quota {
    /// Which.
    pub key: QuotaKey,
    /// Units reported so far, whoever paid.
    pub used: u64,
    /// What money paid, a line for each rate.
    pub rated: Vec<Rated>,
    /// What is held now.
    pub reservation: Option<Reservation>,
    /// The last reservation ended by expiry: what is reported now is late.
    pub lapsed: bool,
    /// The client was told to limit the service: it redirects, or restricts access.
    pub limited: bool,
    /// Since when what is reported next was used: the last request that reported or asked; none before the first.
    pub since: Option<Timestamp>,
    /// Quota was asked for last in vain, for lack of money: the client waits for more.
    pub refused: bool,
    /// How fast it is used; none before the first report.
    pub pace: Option<Pace>,
    /// The changes of conditions at which the client was told to ask again, by a Trigger; empty: it was told of none.
    pub armed: Vec<Condition>,
    /// What was used since its last charging data record, where those are made.
    pub tally: Option<Box<Tally>>,
}

/// An answer that was given, kept so that a repeat gets the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredAnswer {
    /// The request's kind.
    pub kind: Kind,
    /// Its number.
    pub number: u32,
    /// The digest of its content.
    pub digest: u64,
    /// What was answered.
    pub answer: Answer,
}

/// A range of request numbers of one kind that were answered and whose answers are no longer kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SeenRange {
    /// The kind.
    pub kind: Kind,
    /// The first number.
    pub first: u32,
    /// The last number.
    pub last: u32,
}

/// A session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// The account that pays: pinned when it was opened.
    pub account: AccountId,
    /// The number it is for.
    pub msisdn: Digits,
    /// The service's name in the catalogue.
    pub service: Box<str>,
    /// How many times this identifier was begun afresh.
    pub incarnation: u32,
    /// Whether it is open.
    pub state: SessionState,
    /// The host that asked last: a re-authorisation goes to it (RFC 6733 §8.3.1).
    pub client_host: Box<str>,
    /// That host's realm.
    pub client_realm: Box<str>,
    /// The client's profile, by name.
    pub profile: Box<str>,
    /// Who speaks with whom, as the opening request said.
    pub parties: Parties,
    /// Where the subscriber was when it was last heard of: what is used until the next request is used there.
    pub place: Place,
    /// It goes to an emergency number.
    pub emergency: bool,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was last heard of.
    pub touched: Timestamp,
    /// Its quotas, in the order in which they were first asked for.
    pub quotas: Vec<Quota>,
    /// The last answers, oldest first.
    pub answers: Vec<StoredAnswer>,
    /// Numbers answered before those.
    pub seen: Vec<SeenRange>,
}
