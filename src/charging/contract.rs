//! Contracts and their holders (`ACC-1`, `OWN-1`): who the numbers and accounts belong to.

use super::account::AccountId;
use super::units::Digits;
use crate::time::Timestamp;

/// A contract: one holder, one account or more; its number is that of its first account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contract {
    /// The holder's 12-digit number (IIN or BIN), where it is known.
    pub owner: Option<Digits>,
    /// The holder is a legal entity.
    pub is_entity: bool,
    /// Since when it is there.
    pub since: Timestamp,
    /// Its accounts, in the order in which they were opened.
    pub accounts: Vec<AccountId>,
}

/// What a holder has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Holder {
    /// Its numbers that are served, in the order in which it got them.
    pub numbers: Vec<Digits>,
}

impl Holder {
    /// Whether an individual may have one more, where `most` are allowed (`OWN-1`).
    pub fn may_have_more(&self, most: usize) -> bool {
        self.numbers.len() < most
    }
}
