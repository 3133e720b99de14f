//! The life of a number and of its contract: blocks, when it was last used, when and why it ends, and what is owed then
//! (`SUS-2`, `END-1` … `END-4`, `MNP-1`, `ACC-15`).

use core::time::Duration;

use super::block::{Block, BlockReason};
use super::told::Told;
use super::trip::Travel;
use super::{Account, Mode, Sequence, Standing, Subscriber};
use crate::charging::units::Money;
use crate::time::{Timestamp, Zone};

/// How fine the last use is kept: a number in use is written for it once in so long.
pub const USE_STEP: Duration = Duration::from_hours(24);

/// After so many months without use the contract ends (`END-3`).
const UNUSED_MONTHS: i32 = 12;

/// After so many months of an unpaid invoice in credit mode the contract ends (`END-2`).
const UNPAID_MONTHS: i32 = 2;

/// Money that is left is returned within this (`ACC-15`).
const REFUND_WITHIN: Duration = Duration::from_hours(30 * 24);

/// In credit mode it is not returned before this (`ACC-15`).
const CREDIT_REFUND_AFTER: Duration = Duration::from_hours(15 * 24);

/// What an account has besides its money.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AccountLife {
    /// Since when an invoice is unpaid beyond its due date; none where all is paid. In credit mode services stop then
    /// (`SUS-1`), and after two months the contract ends (`END-2`).
    pub unpaid_since: Option<Timestamp>,
    /// How many numbers with a contract it serves; none where that was not counted from its beginning.
    pub numbers: Option<u32>,
}

/// What a number has besides its properties.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Life {
    /// Operators' blocks, oldest first, at most one of each reason.
    pub blocks: Vec<Block>,
    /// When it was last used, to [`USE_STEP`]: a use soon after it is not noted.
    pub last_use: Option<Timestamp>,
    /// When its contract ends, where that is settled beforehand (`END-1`).
    pub ends: Option<Timestamp>,
    /// The end of its contract, once it has ended.
    pub end: Option<End>,
    /// How many acts there were on it: changes by operators or by rule.
    pub acts: u64,
    /// Where the last of them was committed: the head of a chain that leads back to the first.
    pub acts_head: Option<Sequence>,
    /// Its trips abroad (`ROAM-2`, `ROAM-3`).
    pub travel: Travel,
    /// What the subscriber was told already.
    pub told: Told,
}

/// Why a contract ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EndReason {
    /// The subscriber or the operator has ended it (`END-1`).
    Request,
    /// An invoice was unpaid for two months (`END-2`).
    Unpaid,
    /// It was not used for twelve months (`END-3`).
    Unused,
    /// The number was ported out (`MNP-1`).
    PortedOut,
    /// The subscriber has another number (`ACC-2`): the contract goes on with that.
    Renumbered,
}

/// The end of a contract.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: EndReason,
    /// What was owed to the subscriber then.
    pub settlement: Settlement,
}

/// What is owed to a subscriber at the end of the contract (`ACC-15`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settlement {
    /// The main balance at the end, less what was promised and has not come: below nothing is a debt, which the end does not cancel (`END-4`). Nothing where the
    /// account serves other numbers.
    pub balance: Money,
    /// From when on it may be returned.
    pub from: Timestamp,
    /// By when it is to be returned.
    pub due: Timestamp,
    /// When it was returned, and how much.
    pub refunded: Option<(Timestamp, Money)>,
}

impl EndReason {
    /// Every reason.
    pub const ALL: [Self; 5] = [Self::Request, Self::Unpaid, Self::Unused, Self::PortedOut, Self::Renumbered];

    /// The reason in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Unpaid => "unpaid",
            Self::Unused => "unused",
            Self::PortedOut => "ported-out",
            Self::Renumbered => "renumbered",
        }
    }
}

impl Settlement {
    /// What is owed of an account that serves no other number.
    pub fn of(account: &Account, at: Timestamp) -> Self {
        let from = match account.mode {
            Mode::Advance => at,
            Mode::Credit => at.plus(CREDIT_REFUND_AFTER),
        };
        let shared = account.life.numbers.is_some_and(|numbers| numbers > 1);
        let balance = if shared { Money::ZERO } else { account.net() };
        Self { balance, from, due: at.plus(REFUND_WITHIN), refunded: None }
    }

    /// Nothing is owed.
    pub const fn none(at: Timestamp) -> Self {
        Self { balance: Money::ZERO, from: at, due: at, refunded: None }
    }

    /// Where it stands: `none`, `debt`, `refund-pending` or `refunded`.
    pub const fn state(&self) -> &'static str {
        match self.refunded {
            Some(_) => "refunded",
            None if self.balance.is_positive() => "refund-pending",
            None if self.balance.is_negative() => "debt",
            None => "none",
        }
    }
}

impl Subscriber {
    /// Whether its contract has ended at that time, be it that nobody has written it down yet.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.standing == Standing::Ended || self.life.ends.is_some_and(|at| at <= now)
    }

    /// Notes a use: true where that is news.
    pub fn note_use(&mut self, now: Timestamp) -> bool {
        let news = self.life.last_use.is_none_or(|before| before.plus(USE_STEP) <= now);
        if news {
            self.life.last_use = Some(now);
        }
        news
    }

    /// The block of a reason.
    pub fn block(&self, reason: BlockReason) -> Option<&Block> {
        self.life.blocks.iter().find(|block| block.reason == reason)
    }

    /// Puts a block on. False where there is one of that reason.
    pub fn put_block(&mut self, block: Block) -> bool {
        let new = self.block(block.reason).is_none();
        if new {
            self.life.blocks.push(block);
        }
        new
    }

    /// Lifts the block of a reason; the others stay. False where there is none.
    pub fn lift_block(&mut self, reason: BlockReason) -> bool {
        let before = self.life.blocks.len();
        self.life.blocks.retain(|block| block.reason != reason);
        self.life.blocks.len() < before
    }

    /// Why and since when the contract is to end now; none where it goes on, or has ended.
    pub fn is_to_end(
        &self,
        account: &Account,
        zone: &Zone,
        now: Timestamp,
    ) -> Option<(EndReason, Timestamp)> {
        if self.standing == Standing::Ended {
            return None;
        }
        if let Some(at) = self.life.ends.filter(|at| *at <= now) {
            return Some((EndReason::Request, at));
        }
        let over = |since: Timestamp, months| zone.months_after(since, months).is_some_and(|end| end <= now);
        if account.mode == Mode::Credit
            && account.life.unpaid_since.is_some_and(|since| over(since, UNPAID_MONTHS))
        {
            return Some((EndReason::Unpaid, now));
        }
        // The last use may be later by a step than what was noted: the contract never ends too early.
        let used = self.life.last_use.map_or(self.since, |at| at.plus(USE_STEP).max(self.since));
        over(used, UNUSED_MONTHS).then_some((EndReason::Unused, now))
    }

    /// Ends the contract. Blocks stay as they are; allowances stay for sessions that hold of them.
    pub fn end(&mut self, account: &mut Account, why: EndReason, at: Timestamp) {
        self.standing = Standing::Ended;
        self.life.ends = None;
        self.life.end = Some(End { at, why, settlement: Settlement::of(account, at) });
        account.life.numbers = account.life.numbers.map(|numbers| numbers.saturating_sub(1));
    }
}

/// Why a number is not ported out (`MNP-1`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PortRefusal {
    /// There is a debt: for services, roaming or devices, or what was promised and has not come.
    Debt,
    /// An invoice is unpaid beyond its due date.
    Overdue,
    /// An authority has blocked the number.
    Authority,
    /// The contract has ended already.
    Ended,
}

impl PortRefusal {
    /// The reason in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debt => "debt",
            Self::Overdue => "overdue",
            Self::Authority => "authority",
            Self::Ended => "ended",
        }
    }
}

/// Why a number cannot be ported out now: all reasons, none where it can (`MNP-1`).
pub fn port_refusals(subscriber: &Subscriber, account: &Account, now: Timestamp) -> Vec<PortRefusal> {
    let overdue = account.is_overdue(now);
    let authority = subscriber.life.blocks.iter().any(|block| block.reason.is_of_authority());
    let all = [
        (PortRefusal::Ended, subscriber.has_ended(now)),
        (PortRefusal::Debt, account.net().is_negative()),
        (PortRefusal::Overdue, overdue),
        (PortRefusal::Authority, authority),
    ];
    all.into_iter().filter(|(_, is_so)| *is_so).map(|(refusal, _)| refusal).collect()
}

impl Account {
    /// Whether services stop for an unpaid invoice (`SUS-1`).
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.mode == Mode::Credit && self.life.unpaid_since.is_some_and(|since| since <= now)
    }
}

/// One act on a number: who, when, what, why (`AUD-1`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActEntry {
    /// The number, packed in its key.
    pub msisdn: crate::charging::units::Digits,
    /// Its place among the acts on the number, from 1, without gaps.
    pub index: u64,
    /// Where the act before it was committed.
    pub previous: Option<Sequence>,
    /// When.
    pub at: Timestamp,
    /// What was done, in words that never change: `block lost`, `end unused`.
    pub what: Box<str>,
    /// Who; none where a rule did it.
    pub operator: Option<Box<str>>,
    /// Why, in the operator's words.
    pub note: Option<Box<str>>,
}

#[cfg(test)]
mod tests;
