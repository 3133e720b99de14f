//! The running period of a number: since when, whether its fee is paid (`ACC-4`, `ACC-5`).

use crate::charging::calendar::Period;
use crate::time::Timestamp;

/// Whether the fee of the running period is paid.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FeeState {
    /// Since then: the beginning of the period, or later.
    Paid(Timestamp),
    /// It is not.
    Unpaid,
}

/// The running period of a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Billing {
    /// The period.
    pub period: Period,
    /// Its fee. A period that was decided is never decided again: this is what makes a fee be charged once.
    pub fee: FeeState,
    /// The fee of the period before it was not paid.
    pub unpaid_before: bool,
    /// How many periods before it were not paid and are owed; none where the plan lets them be over.
    pub owed: u32,
    /// How many fees were charged since the plan was connected.
    pub charged: u32,
}

impl Billing {
    /// Whether the fee of the running period is not paid.
    pub fn is_unpaid(&self) -> bool {
        self.fee == FeeState::Unpaid
    }

    /// Whether what is used at that time is used without the fee: the rates of [`FeeState::Unpaid`] hold.
    pub fn is_without(&self, at: Timestamp) -> bool {
        if at < self.period.from {
            return self.unpaid_before;
        }
        match self.fee {
            FeeState::Paid(since) => at < since,
            FeeState::Unpaid => true,
        }
    }

    /// The next moment after that one at which [`Billing::is_without`] may be another.
    pub fn next_change(&self, after: Timestamp) -> Option<Timestamp> {
        let paid = match self.fee {
            FeeState::Paid(since) => Some(since),
            FeeState::Unpaid => None,
        };
        [Some(self.period.from), paid].into_iter().flatten().filter(|at| *at > after).min()
    }
}
