//! Accounts and subscribers: the money of a contract and the numbers that spend it (`ACC-1`).

pub mod area;
pub mod balance;
pub mod block;
pub mod bonus;
pub mod life;
pub mod promise;
pub mod status;
pub mod told;
pub mod trip;

pub use bonus::Bonus;
pub use promise::Promise;

use life::{AccountLife, Life};

use super::units::{Digits, Money, Unit};
use crate::time::Timestamp;

/// The number of an account, given once and never again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountId(pub u64);

/// The sequence number of a commit; what is written under it is durable together or not at all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Sequence(pub u64);

/// How an account is settled (`ACC-7`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mode {
    /// Prepaid: available = main + permitted overdraft − reserved.
    Advance,
    /// Postpaid: available = credit limit + main − reserved; main is negative when there is debt.
    Credit,
}

/// The number of a contract: that of its first account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ContractId(pub u64);

/// The money of an account. Its ledger's sum is `main` and `bonus` together, at every moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// How it is settled.
    pub mode: Mode,
    /// The main balance.
    pub main: Money,
    /// Bonus money, of its own rules (`ACC-13`): the sum of what is left of `bonuses`.
    pub bonus: Money,
    /// Bonus money as it was given, the oldest first.
    pub bonuses: Vec<Bonus>,
    /// A promised payment that has not come yet (`ACC-8`); its amount is in `main` already.
    pub promise: Option<Promise>,
    /// The contract that it belongs to (`ACC-1`).
    pub contract: ContractId,
    /// How far below nothing an advance account may go.
    pub overdraft: Money,
    /// How far a credit account may go into debt (`ACC-9`).
    pub credit_limit: Money,
    /// The sum of what the open sessions of all its numbers hold reserved.
    pub reserved: Money,
    /// Where its last ledger entry was committed: the head of a chain that leads back to the first.
    pub ledger_head: Option<Sequence>,
    /// How many ledger entries it has.
    pub ledger_entries: u64,
    /// Counts every change; a commit names the revision that it read.
    pub revision: u64,
    /// What it has besides its money.
    pub life: AccountLife,
}

/// What is left of a bundle (`RES-2`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Allowance {
    /// The bundle's name in the plan.
    pub bundle: Box<str>,
    /// What it is counted in.
    pub unit: Unit,
    /// What has not been used, reserved units included.
    pub left: u64,
    /// How much of `left` open sessions hold reserved.
    pub reserved: u64,
    /// When it ends, where it does.
    pub expires: Option<Timestamp>,
}

/// Whether a number is served.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Standing {
    /// It is.
    Active,
    /// Its contract has ended.
    Ended,
}

/// The brand of a number (`MFS-2`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Brand {
    /// Kcell.
    Kcell,
    /// Activ.
    Activ,
}

/// A number and what belongs to it alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscriber {
    /// The number, E.164.
    pub msisdn: Digits,
    /// The SIM's identity.
    pub imsi: Option<Digits>,
    /// Who pays.
    pub account: AccountId,
    /// The plan, by name.
    pub plan: Box<str>,
    /// The brand.
    pub brand: Brand,
    /// The holder's 12-digit number (IIN or BIN).
    pub owner: Option<Box<str>>,
    /// The holder is a legal entity.
    pub owner_is_entity: bool,
    /// Whether it is served.
    pub standing: Standing,
    /// The language of its messages, `kk`, `ru` or `en`.
    pub language: Option<Box<str>>,
    /// Services it has barred for itself (`SUS-5`), by name.
    pub barred: Vec<Box<str>>,
    /// Going on after a bundle is used up means consent to pay (`RES-2`); false after an opt-out.
    pub overage: bool,
    /// What is left of its bundles, in the order in which they were given.
    pub allowances: Vec<Allowance>,
    /// How many sessions and events went to an emergency number (`FREE-4`).
    pub emergency_calls: u64,
    /// Since when it is served.
    pub since: Timestamp,
    /// Counts every change.
    pub revision: u64,
    /// Blocks, last use, and the end of its contract.
    pub life: Life,
}
