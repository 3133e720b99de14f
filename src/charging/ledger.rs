//! The ledger: append-only entries whose sum is the balance (`ACC-1`, `AUD-1`).

use super::account::{AccountId, Sequence};
use super::request::{Kind, QuotaKey, SessionId};
use super::units::{Amount, Digits, Money};
use crate::time::Timestamp;

/// What an entry is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EntryKind {
    /// Money that was there when the account was opened.
    Advance,
    /// A top-up.
    Topup,
    /// An operator's correction.
    Adjustment,
    /// Use.
    Charge,
    /// Use reported after its reservation or session had ended.
    Late,
    /// Money given back.
    Refund,
    /// A payment taken back.
    Reversal,
    /// A fee.
    Fee,
    /// A penalty for late payment.
    Penalty,
    /// A promised payment: given, paid by a top-up, or taken back.
    Promise,
    /// Bonus money: given, or over.
    Bonus,
    /// A payment to a third party.
    Payment,
    /// A claim for damage.
    Claim,
}

/// Which balance of an account an entry changes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Purse {
    /// The main balance.
    Main,
    /// The bonus balance (`ACC-13`).
    Bonus,
}

/// The other side of an entry: where the money of an account comes from or goes to. With its own amount under this
/// name the opposite way, every entry is one of double-entry bookkeeping.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Counter {
    /// Money of payers, in or out.
    Cash,
    /// What was sold.
    Revenue,
    /// Payment cards: money that came when they were sold.
    Voucher,
    /// Promised payments that have not come.
    Promise,
    /// What bonuses cost.
    Bonus,
    /// Corrections.
    Correction,
    /// What is owed to third parties.
    ThirdParty,
}

impl Counter {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Cash,
        Self::Revenue,
        Self::Voucher,
        Self::Promise,
        Self::Bonus,
        Self::Correction,
        Self::ThirdParty,
    ];

    /// The word: `cash`, `revenue`, `voucher`, `promise`, `bonus`, `correction`, `third-party`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Revenue => "revenue",
            Self::Voucher => "voucher",
            Self::Promise => "promise",
            Self::Bonus => "bonus",
            Self::Correction => "correction",
            Self::ThirdParty => "third-party",
        }
    }
}

impl EntryKind {
    /// The other side of an entry of this kind, where nothing else is said.
    pub const fn counter(self) -> Counter {
        match self {
            Self::Advance | Self::Topup | Self::Reversal => Counter::Cash,
            Self::Charge | Self::Late | Self::Refund | Self::Fee | Self::Penalty | Self::Claim => {
                Counter::Revenue
            }
            Self::Promise => Counter::Promise,
            Self::Bonus => Counter::Bonus,
            Self::Adjustment => Counter::Correction,
            Self::Payment => Counter::ThirdParty,
        }
    }
}

/// One unchangeable line of an account's ledger. `amount` is a whole number of hundredths.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LedgerEntry {
    /// Whose.
    pub account: AccountId,
    /// Its place in the account's ledger, from 1, without gaps.
    pub index: u64,
    /// Where the entry before it was committed.
    pub previous: Option<Sequence>,
    /// When it was made.
    pub at: Timestamp,
    /// What is added to the balance: negative for a charge.
    pub amount: Money,
    /// The balance that it changes.
    pub purse: Purse,
    /// That balance after it.
    pub balance: Money,
    /// What it is for.
    pub kind: EntryKind,
    /// Where the money comes from or goes to.
    pub counter: Counter,
    /// The payer's reference, by which a repeat is known.
    pub reference: Option<Box<str>>,
    /// The operator who made it; none for a charge.
    pub operator: Option<Box<str>>,
    /// A note of the operator.
    pub note: Option<Box<str>>,
    /// What was charged for, where it is a charge.
    pub usage: Option<ChargedUse>,
}

/// What a charge was for: enough to explain it to the last tiyn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChargedUse {
    /// The number that used it.
    pub msisdn: Digits,
    /// The session or event.
    pub session: SessionId,
    /// The number of the request that reported it.
    pub request_number: u32,
    /// The quota.
    pub key: QuotaKey,
    /// What was used in this report, and how much of it bundles paid.
    pub used: Amount,
    /// Units of `used` that were taken from bundles.
    pub from_bundles: u64,
    /// The plan and the rate's place in it.
    pub plan: Box<str>,
    /// The rate's name: service or rating groups, and destination.
    pub rate: Box<str>,
    /// When it was used.
    pub used_at: Timestamp,
    /// Units of `used` beyond what had been granted.
    pub above_grant: u64,
    /// On what the charge rests; none where nothing was rated, and in entries from before it was kept.
    pub basis: Option<Box<Basis>>,
}

/// On what a charge rests: enough to work it out again without the tariffs of its time (`AUD-1`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Basis {
    /// The kind of the request that reported it.
    pub kind: Kind,
    /// The version of the tariffs.
    pub version: u64,
    /// The service, by name; none where the tariffs do not tell it.
    pub service: Option<Box<str>>,
    /// The destination, by name; none where it goes nowhere that has one.
    pub destination: Option<Box<str>>,
    /// The band of time, by name; none outside of all bands.
    pub band: Option<Box<str>>,
    /// The bundles that paid, each with its units.
    pub bundles: Vec<(Box<str>, u64)>,
    /// How the money was worked out; none where money paid for nothing.
    pub money: Option<Priced>,
}

/// How money was worked out (`ACC-3`): units of the session by this rate so far and now, counted in whole steps, cost
/// `total`; what was charged for those before is taken off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Priced {
    /// Units of this report that money pays.
    pub units: u64,
    /// Units that money has paid before, in this session by this rate.
    pub before: u64,
    /// All of them, rounded up: this many are priced.
    pub counted: u64,
    /// Units that a price buys.
    pub per: u64,
    /// Units are rounded up to a multiple of it.
    pub step: u64,
    /// The least number of units, where this is the first rate of the call.
    pub first: u64,
    /// Charged once, where this is the first rate of the call.
    pub connect: Money,
    /// The units that have each price: one where the rate has no tiers.
    pub prices: Vec<(u64, Money)>,
    /// The price of all of them, rounded half up to hundredths.
    pub total: Money,
    /// What of it was charged before.
    pub charged: Money,
}
