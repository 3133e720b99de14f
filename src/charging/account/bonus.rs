//! Bonus money (`ACC-13`): given in parts, each with an end and a list of the services it may pay.

use crate::charging::units::Money;
use crate::time::Timestamp;

/// One gift of bonus money.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bonus {
    /// What is left of it: more than nothing.
    pub left: Money,
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

    /// Whether its end has come.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}
