//! Recurring fees of plans, and the rules of invoices (`ACC-4`, `ACC-6`, `PEN-1`, `INV-1`).

use crate::charging::calendar::Every;
use crate::charging::units::Money;

/// What holds while a fee is not paid (advance mode).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unpaid {
    /// Money pays by the plan's rates, those marked `when = "fallback"` first.
    Fallback,
    /// What is not free stops.
    Stop,
}

/// The period of a fee that is paid late.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PaidLate {
    /// It ends as it would have: the day on which the plan was connected is kept (`ACC-5`).
    Keep,
    /// It begins with the payment: from then on that day counts.
    Restart,
}

/// A subscription fee: a constant sum at a regular interval, whatever the use (`ACC-4`). The bundles of the plan are
/// renewed with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fee {
    /// How much: whole hundredths, nothing or more.
    pub amount: Money,
    /// How often.
    pub every: Every,
    /// What holds while it is not paid.
    pub unpaid: Unpaid,
    /// What becomes of a period that is paid late.
    pub late: PaidLate,
    /// Periods that were never paid are owed: the next money pays them first. Else they are over.
    pub arrears: bool,
    /// How much of what is left of a bundle at the end of a period is carried into the next, in the bundle's unit; of a
    /// bundle that is not among these it is lost.
    pub rollover: Vec<(Box<str>, u64)>,
    /// The places of the plan's rates that hold only while the fee is not paid, rising.
    pub fallback: Vec<u16>,
}

impl Fee {
    /// How much of a bundle may be carried into the next period.
    pub fn carries(&self, bundle: &str) -> u64 {
        self.rollover.iter().find(|(id, _)| **id == *bundle).map_or(0, |(_, most)| *most)
    }
}

/// How credit accounts are invoiced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BillingRules {
    /// The value-added tax that prices contain, in millionths of the price without it.
    pub vat: u32,
    /// An invoice is due so many days after the end of its period: 30 (`ACC-6`).
    pub due_days: u16,
    /// The penalty for each day of delay, in millionths of the debt: 0.1 % (`PEN-1`).
    pub penalty: u32,
    /// The most that all penalties of a debt come to, in millionths of it: 10 % (`PEN-1`).
    pub penalty_most: u32,
}

impl BillingRules {
    /// Invoices are to be issued within so many days after the end of their period (`INV-1`).
    pub const ISSUED_WITHIN_DAYS: i32 = 20;
}

impl Default for BillingRules {
    /// As the contract says; no tax, since it names none.
    fn default() -> Self {
        Self { vat: 0, due_days: 30, penalty: 1_000, penalty_most: 100_000 }
    }
}
