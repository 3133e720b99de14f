//! Charging data records: what was used, what it cost and by what rules, one for each session and service, in parts for
//! long sessions. The sum of their charges is the sum of the ledger's charges for use.
//!
//! What is used is gathered in the session ([`Tally`]), and becomes a record in the commit that closes it: never lost
//! and never twice.

use super::account::AccountId;
use super::request::{Parties, Place, QuotaKey, SessionId};
use super::units::{Digits, Money, Unit};
use crate::time::Timestamp;

/// Which records are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CdrPolicy {
    /// Somebody takes them: without this none are made, and nothing is gathered for them.
    pub on: bool,
    /// A part ends with the first report after so long.
    pub part_time: core::time::Duration,
    /// A part ends with the report that brings it to so many octets.
    pub part_octets: u64,
}

impl Default for CdrPolicy {
    /// None are made; parts of a day and of 10 GiB.
    fn default() -> Self {
        Self { on: false, part_time: core::time::Duration::from_hours(24), part_octets: 10 << 30 }
    }
}

/// Units that a bundle paid.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BundleUse {
    /// The bundle's name.
    pub bundle: Box<str>,
    /// How many.
    pub units: u64,
}

/// What was used by one rate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UseLine {
    /// The plan.
    pub plan: Box<str>,
    /// The rate's name, or `free`, `bundles`, `refund`.
    pub rate: Box<str>,
    /// The version of the catalogue; 0 where no rate of one was asked.
    pub version: u64,
    /// What is counted.
    pub unit: Unit,
    /// How many, whoever paid.
    pub units: u64,
    /// What bundles paid of them.
    pub bundles: Vec<BundleUse>,
    /// What was taken from the main balance; below nothing where it was given back.
    pub main: Money,
    /// What was taken from bonus money; below nothing where it was given back.
    pub bonus: Money,
}

/// Something that was used, as it was settled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Used {
    /// Of which quota.
    pub key: QuotaKey,
    /// From when to when.
    pub span: (Timestamp, Timestamp),
    /// Where.
    pub place: Place,
    /// It was reported after its reservation or session had ended.
    pub late: bool,
    /// Units above the grant.
    pub above_grant: u64,
    /// By which rate.
    pub line: UseLine,
}

/// What was used of a quota since its last record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tally {
    /// How many records there were before.
    pub parts: u32,
    /// Since when it is gathered.
    pub since: Timestamp,
    /// From when to when it was used, where it was.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Where it was used first.
    pub place: Place,
    /// Something of it was reported late.
    pub late: bool,
    /// Units above what was granted.
    pub above_grant: u64,
    /// What was used, a line for each rate, in the order of their first use.
    pub lines: Vec<UseLine>,
}

impl Tally {
    /// Nothing so far.
    pub const fn new(parts: u32, since: Timestamp, place: Place) -> Self {
        Self { parts, since, span: None, place, late: false, above_grant: 0, lines: Vec::new() }
    }

    /// Adds what was used.
    pub fn add(&mut self, used: Used) {
        let Used { key: _, span: (from, until), place, late, above_grant, line } = used;
        match &mut self.span {
            Some((first, last)) => (*first, *last) = ((*first).min(from), (*last).max(until)),
            None => (self.span, self.place) = (Some((from, until)), place),
        }
        self.late |= late;
        self.above_grant = self.above_grant.saturating_add(above_grant);
        let same = |known: &&mut UseLine| {
            (&known.plan, &known.rate, known.version, known.unit)
                == (&line.plan, &line.rate, line.version, line.unit)
        };
        match self.lines.iter_mut().find(same) {
            Some(known) => known.add(line),
            None => self.lines.push(line),
        }
    }

    /// Octets of traffic in it.
    pub fn octets(&self) -> u64 {
        let of_traffic = self.lines.iter().filter(|line| line.unit == Unit::Octets);
        of_traffic.map(|line| line.units).fold(0, u64::saturating_add)
    }

    /// Octets of memory that it takes, about.
    pub fn weight(&self) -> usize {
        let line = |line: &UseLine| {
            line.plan.len().saturating_add(line.rate.len()).saturating_add(line.bundles.len() * 40) + 112
        };
        self.lines.iter().map(line).fold(96, usize::saturating_add)
    }
}

impl UseLine {
    fn add(&mut self, other: Self) {
        let sum = |one: Money, other: Money| one.checked_add(other).unwrap_or(Money::MAX);
        self.units = self.units.saturating_add(other.units);
        (self.main, self.bonus) = (sum(self.main, other.main), sum(self.bonus, other.bonus));
        for BundleUse { bundle, units } in other.bundles {
            match self.bundles.iter_mut().find(|known| known.bundle == bundle) {
                Some(known) => known.units = known.units.saturating_add(units),
                None => self.bundles.push(BundleUse { bundle, units }),
            }
        }
    }
}

/// Why a record was closed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Closing {
    /// The client ended the session.
    Ended,
    /// A one-time event.
    Event,
    /// What an event was charged was given back.
    Refund,
    /// A call or message to an emergency number (`FREE-4`).
    Emergency,
    /// A part: it lasted long enough.
    PartTime,
    /// A part: enough was used.
    PartVolume,
    /// The session ended because its request was refused.
    Refused,
    /// The client began the session afresh.
    Restarted,
    /// The session was silent for too long.
    Expired,
    /// The client does not have the session any more.
    Lost,
    /// Use that was reported after the session had ended.
    Late,
}

impl Closing {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::Ended,
        Self::Event,
        Self::Refund,
        Self::Emergency,
        Self::PartTime,
        Self::PartVolume,
        Self::Refused,
        Self::Restarted,
        Self::Expired,
        Self::Lost,
        Self::Late,
    ];

    /// The reason in a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ended => "end",
            Self::Event => "event",
            Self::Refund => "refund",
            Self::Emergency => "emergency",
            Self::PartTime => "part-time",
            Self::PartVolume => "part-volume",
            Self::Refused => "refused",
            Self::Restarted => "restarted",
            Self::Expired => "expired",
            Self::Lost => "lost",
            Self::Late => "late",
        }
    }

    /// Whether more of the session and service may follow in the ordinary way.
    pub const fn is_partial(self) -> bool {
        matches!(self, Self::PartTime | Self::PartVolume)
    }
}

/// A charging data record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cdr {
    /// Who paid; none for an emergency.
    pub account: Option<AccountId>,
    /// Who used it, where that is known.
    pub msisdn: Option<Digits>,
    /// The SIM's identity, where that is known.
    pub imsi: Option<Digits>,
    /// The service's name in the catalogue; empty for an emergency.
    pub service: Box<str>,
    /// The session's or event's identifier.
    pub session: SessionId,
    /// How many times that identifier had been begun afresh.
    pub incarnation: u32,
    /// The rating group and services.
    pub key: QuotaKey,
    /// The number of the part, from 1.
    pub part: u32,
    /// Why it was closed.
    pub closing: Closing,
    /// When the session was opened, or the event happened.
    pub opened: Timestamp,
    /// When it was closed.
    pub closed: Timestamp,
    /// From when to when it was used, where anything was.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Who spoke with whom.
    pub parties: Parties,
    /// Where it was used first.
    pub place: Place,
    /// The host that reported.
    pub client: Box<str>,
    /// Something of it was reported late.
    pub late: bool,
    /// Units above what was granted.
    pub above_grant: u64,
    /// What was used and what it cost, a line for each rate.
    pub lines: Vec<UseLine>,
}

impl Cdr {
    /// What was taken from the main balance and from bonus money.
    pub fn charged(&self) -> (Money, Money) {
        let sum = |one: Money, other: Money| one.checked_add(other).unwrap_or(Money::MAX);
        self.lines.iter().fold((Money::ZERO, Money::ZERO), |(main, bonus), line| {
            (sum(main, line.main), sum(bonus, line.bonus))
        })
    }

    /// Octets that it takes in a batch, about.
    pub fn octets(&self) -> usize {
        self.lines.len().saturating_mul(96).saturating_add(self.session.as_str().len()).saturating_add(192)
    }
}
