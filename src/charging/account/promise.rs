//! Promised payments (`ACC-8`): money that may be used before it has come, for a fee, for a while, and that the next
//! top-up pays before anything else.

use core::time::Duration;

use super::Account;
use crate::charging::units::Money;
use crate::time::Timestamp;

/// A promised payment that has not come, or not all of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Promise {
    /// What of it has not been paid.
    pub left: Money,
    /// When it was given.
    pub given: Timestamp,
    /// When what has not been paid is taken back.
    pub due: Timestamp,
}

impl Account {
    /// The main balance less what of a promise has not come: a promise is a debt.
    pub fn net(&self) -> Money {
        let promised = self.promise.map_or(Money::ZERO, |promise| promise.left);
        self.main.checked_sub(promised).unwrap_or(self.main)
    }

    /// Whether a promise or a bonus on it is over, and not yet taken away.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.promise.is_some_and(|promise| promise.due <= now)
            || self.bonuses.iter().any(|one| one.is_over(now) && one.free().is_positive())
    }
}

/// On what terms payments may be promised: the operator's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PromiseTerms {
    /// How much is given; nothing offers no promises.
    pub amount: Money,
    /// What it costs, charged as it is given.
    pub fee: Money,
    /// For how long.
    pub term: Duration,
    /// For how long a number must have been served to be eligible.
    pub served: Duration,
}

impl Default for PromiseTerms {
    /// 500 for 50 and three days, after 90 days of use.
    fn default() -> Self {
        Self {
            amount: Money::from_micros(500_000_000),
            fee: Money::from_micros(50_000_000),
            term: Duration::from_hours(72),
            served: Duration::from_hours(90 * 24),
        }
    }
}
