//! Bonus money (`ACC-13`): given in parts, each with an end and a list of the services it may pay.

use crate::charging::units::Money;
use crate::time::Timestamp;

/// One gift of bonus money.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bonus {
    /// The place in the account's ledger of the entry that gave it: no other gift on the account has it.
    pub id: u64,
    /// What is left of it: more than nothing.
    pub left: Money,
    /// What of it sessions hold.
    pub reserved: Money,
    /// When it was given.
    pub given: Timestamp,
    /// When it ends, where it does.
    pub expires: Option<Timestamp>,
    /// The services that it may pay, by name; all where there are none.
    pub services: Vec<Box<str>>,
}

impl Bonus {
    /// Whether it may pay for a service now.
    pub fn pays(&self, service: &str, now: Timestamp) -> bool {
        let open = self.services.is_empty() || self.services.iter().any(|name| **name == *service);
        open && !self.is_over(now)
    }

    /// What of it nobody holds.
    pub fn free(&self) -> Money {
        self.left.checked_sub(self.reserved).unwrap_or(Money::ZERO).max(Money::ZERO)
    }

    /// It ends now, if it has not.
    pub fn close(&mut self, now: Timestamp) {
        self.expires = Some(self.expires.map_or(now, |expires| expires.min(now)));
    }

    /// Whether its end has come.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}
