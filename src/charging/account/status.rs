//! The state of a number in one word, as operators see it.

use core::fmt;

use super::{Account, Mode, Subscriber};
use crate::time::Timestamp;

/// The state of a number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Status {
    /// It is served.
    Active,
    /// Advance mode: main balance, usable bonus and permitted overdraft together are nothing or less.
    NoMoney,
    /// Credit mode: the debt has reached the credit limit.
    CreditLimit,
    /// Credit mode: an invoice is unpaid beyond its due date.
    Overdue,
    /// An operator has blocked it.
    Blocked,
    /// Its contract has ended.
    Ended,
}

impl Status {
    /// The word: `active`, `no-money`, `credit-limit`, `overdue`, `blocked`, `ended`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NoMoney => "no-money",
            Self::CreditLimit => "credit-limit",
            Self::Overdue => "overdue",
            Self::Blocked => "blocked",
            Self::Ended => "ended",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The state of a number now: derived anew each time, so that lack of money lifts by itself on payment (`SUS-1`). What
/// is reserved does not count.
pub fn status(account: &Account, subscriber: &Subscriber, now: Timestamp) -> Status {
    if subscriber.has_ended(now) {
        return Status::Ended;
    }
    if !subscriber.life.blocks.is_empty() {
        return Status::Blocked;
    }
    if account.is_overdue(now) {
        return Status::Overdue;
    }
    let main = i128::from(account.main.micros());
    match account.mode {
        Mode::Advance => {
            let usable = main + i128::from(account.bonus.micros()) + i128::from(account.overdraft.micros());
            if usable <= 0 { Status::NoMoney } else { Status::Active }
        }
        Mode::Credit => {
            let usable = main + i128::from(account.credit_limit.micros());
            if usable <= 0 { Status::CreditLimit } else { Status::Active }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::account::Standing;
    use crate::charging::account::block::{Block, BlockReason};
    use crate::charging::books::operations::tests::{account, subscriber};
    use crate::charging::units::Money;

    #[test]
    fn each_state_has_its_word() {
        let now = Timestamp::from_secs(0);
        let word = |account: &Account, subscriber: &Subscriber| status(account, subscriber, now).as_str();
        let number = subscriber();
        assert_eq!(word(&account(Mode::Advance, 1), &number), "active");
        assert_eq!(word(&account(Mode::Advance, 0), &number), "no-money");
        assert_eq!(word(&account(Mode::Credit, 0), &number), "credit-limit");
        let mut overdrawn = account(Mode::Advance, -100);
        overdrawn.overdraft = Money::from_cents(101).unwrap();
        assert_eq!(word(&overdrawn, &number), "active");
        let mut debtor = account(Mode::Credit, -100);
        debtor.credit_limit = Money::from_cents(100).unwrap();
        assert_eq!(word(&debtor, &number), "credit-limit");
        let mut unpaid = account(Mode::Credit, 100);
        unpaid.life.unpaid_since = Some(now);
        assert_eq!(word(&unpaid, &number), "overdue");
        let mut blocked = subscriber();
        let lost = BlockReason::Lost;
        blocked.put_block(Block { reason: lost, since: now, operator: "anna".into(), note: None });
        assert_eq!(word(&unpaid, &blocked), "blocked");
        let mut ended = subscriber();
        ended.standing = Standing::Ended;
        assert_eq!(word(&account(Mode::Advance, 1), &ended), "ended");
    }

    #[test]
    fn reserved_money_does_not_change_the_state() {
        let mut account = account(Mode::Advance, 100);
        account.reserved = Money::from_cents(100).unwrap();
        assert_eq!(status(&account, &subscriber(), Timestamp::EPOCH), Status::Active);
    }
}
