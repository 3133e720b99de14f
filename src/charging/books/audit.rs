//! The books of an account, proved from outside: balance against ledger, reservations against sessions.
//! Used by tests and by the verification of a store; shares no code with the decision.

use thiserror::Error;

use crate::charging::account::{Account, AccountId, Subscriber};
use crate::charging::ledger::{LedgerEntry, Purse};
use crate::charging::session::{Reservation, Session, SessionState};
use crate::charging::units::Money;

/// What is wrong with an account's books. Amounts are in millionths of the currency unit.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum BooksError {
    /// An entry belongs to another account.
    #[error("account {}: ledger entry {index} belongs to account {}", account.0, other.0)]
    Stranger {
        /// The account.
        account: AccountId,
        /// The entry's account.
        other: AccountId,
        /// The entry's place.
        index: u64,
    },
    /// The entries do not follow one another.
    #[error("account {}: ledger entry {found} where {expected} should stand", account.0)]
    Gap {
        /// The account.
        account: AccountId,
        /// The place that should come.
        expected: u64,
        /// The place that came.
        found: u64,
    },
    /// An entry is not a whole number of hundredths.
    #[error("account {}: ledger entry {index} is not whole hundredths", account.0)]
    Fraction {
        /// The account.
        account: AccountId,
        /// The entry's place.
        index: u64,
    },
    /// The balance written in an entry is not the sum up to it.
    #[error("account {}: ledger entry {index} says {written} where the sum is {sum}", account.0)]
    RunningSum {
        /// The account.
        account: AccountId,
        /// The entry's place.
        index: u64,
        /// The balance in the entry.
        written: i128,
        /// The sum of the entries.
        sum: i128,
    },
    /// The balance is not the sum of the ledger.
    #[error("account {}: the balance is {balance}, the sum of its ledger {sum}", account.0)]
    Balance {
        /// The account.
        account: AccountId,
        /// The main or the bonus balance.
        balance: i128,
        /// The sum of the ledger.
        sum: i128,
    },
    /// Money reserved is not what the sessions hold.
    #[error("account {}: {reserved} is reserved, its sessions hold {held}", account.0)]
    Reserved {
        /// The account.
        account: AccountId,
        /// What the account says.
        reserved: i128,
        /// What the sessions hold.
        held: i128,
    },
    /// Units reserved of a bundle are not what the sessions hold.
    #[error("bundle {bundle}: {reserved} units are reserved, sessions hold {held}, {left} are left")]
    Bundle {
        /// The bundle.
        bundle: Box<str>,
        /// What the allowance says.
        reserved: u64,
        /// What the sessions hold.
        held: u128,
        /// What is left of it, reserved units included.
        left: u64,
    },
    /// An ended session holds a reservation.
    #[error("account {}: an ended session holds a reservation", account.0)]
    EndedHolds {
        /// The account.
        account: AccountId,
    },
}

/// Proves the books of an account from all its sessions and its ledger, in order. A ledger that begins
/// after the first entry (the older ones are archived) is taken to begin with the balance before it.
pub fn audit(account: &Account, sessions: &[Session], ledger: &[LedgerEntry]) -> Result<(), BooksError> {
    let id = account.id;
    // Of a ledger that begins later than at its first entry each balance begins with what it was before.
    let begins = ledger.first().is_some_and(|first| first.index > 1);
    let mut expected = ledger.first().map_or(1, |first| first.index.max(1));
    let mut sums: [Option<i128>; 2] = if begins { [None; 2] } else { [Some(0); 2] };
    for entry in ledger {
        let index = entry.index;
        if entry.account != id {
            return Err(BooksError::Stranger { account: id, other: entry.account, index });
        }
        if index != expected {
            return Err(BooksError::Gap { account: id, expected, found: index });
        }
        if entry.amount.micros() % Money::MICROS_PER_CENT != 0 {
            return Err(BooksError::Fraction { account: id, index });
        }
        let [main, bonus] = &mut sums;
        let sum = match entry.purse {
            Purse::Main => main,
            Purse::Bonus => bonus,
        };
        let before = sum.unwrap_or(micros(entry.balance) - micros(entry.amount));
        let after = before + micros(entry.amount);
        *sum = Some(after);
        if micros(entry.balance) != after {
            return Err(BooksError::RunningSum {
                account: id,
                index,
                written: micros(entry.balance),
                sum: after,
            });
        }
        expected += 1;
    }
    if account.ledger_entries + 1 != expected {
        return Err(BooksError::Gap { account: id, expected, found: account.ledger_entries + 1 });
    }
    let [main, bonus] = sums;
    for (balance, sum) in [(account.main, main), (account.bonus, bonus)] {
        let (balance, sum) = (micros(balance), sum.unwrap_or(micros(balance)));
        if balance != sum {
            return Err(BooksError::Balance { account: id, balance, sum });
        }
    }
    let parts = account.bonuses.iter().map(|bonus| micros(bonus.left)).sum();
    if micros(account.bonus) != parts {
        return Err(BooksError::Balance { account: id, balance: micros(account.bonus), sum: parts });
    }
    let own = || sessions.iter().filter(|session| session.account == id);
    if own().any(|session| session.state != SessionState::Open && reservations(session).next().is_some()) {
        return Err(BooksError::EndedHolds { account: id });
    }
    let held = own().flat_map(reservations).map(|reservation| micros(reservation.money)).sum();
    let reserved = micros(account.reserved);
    if reserved != held || account.reserved.is_negative() {
        return Err(BooksError::Reserved { account: id, reserved, held });
    }
    for bonus in &account.bonuses {
        let of_it = own().flat_map(reservations).flat_map(|reservation| &reservation.bonus);
        let held = of_it.filter(|held| held.id == bonus.id).map(|held| micros(held.money)).sum();
        let reserved = micros(bonus.reserved);
        if reserved != held || bonus.reserved.is_negative() || bonus.reserved > bonus.left {
            return Err(BooksError::Reserved { account: id, reserved, held });
        }
    }
    Ok(())
}

/// Proves that what is reserved of a number's bundles is what its sessions hold, and that no more is
/// reserved than is left.
pub fn audit_bundles(subscriber: &Subscriber, sessions: &[Session]) -> Result<(), BooksError> {
    for allowance in &subscriber.allowances {
        let own =
            sessions.iter().filter(|session| session.msisdn == subscriber.msisdn).flat_map(reservations);
        let of_it = own
            .flat_map(|reservation| &reservation.allowances)
            .filter(|held| held.bundle == allowance.bundle && held.expires == allowance.expires);
        let held = of_it.map(|held| u128::from(held.units)).sum();
        let (reserved, left) = (allowance.reserved, allowance.left);
        if u128::from(reserved) != held || reserved > left {
            return Err(BooksError::Bundle { bundle: allowance.bundle.clone(), reserved, held, left });
        }
    }
    Ok(())
}

fn reservations(session: &Session) -> impl Iterator<Item = &Reservation> {
    session.quotas.iter().filter_map(|quota| quota.reservation.as_ref())
}

fn micros(money: Money) -> i128 {
    i128::from(money.micros())
}

#[cfg(test)]
mod tests {
    use super::super::operations::tests::{account, cents};
    use super::super::operations::{Act, open, topup};
    use super::*;
    use crate::charging::account::Mode;

    fn books() -> (Account, Vec<LedgerEntry>) {
        let (account, first) = open(AccountId(7), Mode::Advance, cents(500), Act::default()).unwrap();
        let (account, second) = topup(account, cents(100), Act::default()).unwrap();
        (account, vec![first.unwrap(), second])
    }

    #[test]
    fn a_cooked_book_is_found() {
        let (account, entries) = books();
        audit(&account, &[], &entries).unwrap();
        audit(&account, &[], &entries[1..]).unwrap();

        let mut richer = account.clone();
        richer.main = cents(601);
        assert!(matches!(audit(&richer, &[], &entries), Err(BooksError::Balance { .. })));
        let mut held = account.clone();
        held.reserved = cents(1);
        assert!(matches!(audit(&held, &[], &entries), Err(BooksError::Reserved { .. })));
        assert!(matches!(audit(&account, &[], &entries[..1]), Err(BooksError::Gap { .. })));
        let swapped: Vec<_> = entries.iter().rev().cloned().collect();
        assert!(audit(&account, &[], &swapped).is_err());
        let mut fraction = entries.clone();
        fraction[1].amount = Money::from_micros(999_999);
        assert!(matches!(audit(&account, &[], &fraction), Err(BooksError::Fraction { .. })));
        let mut wrong = entries.clone();
        wrong[0].balance = cents(499);
        assert!(matches!(audit(&account, &[], &wrong), Err(BooksError::RunningSum { .. })));
        let mut stranger = entries;
        stranger[1].account = AccountId(8);
        assert!(matches!(audit(&account, &[], &stranger), Err(BooksError::Stranger { .. })));
    }

    #[test]
    fn an_account_without_a_ledger_has_nothing() {
        assert!(audit(&account(Mode::Advance, 1), &[], &[]).is_err());
        audit(&account(Mode::Advance, 0), &[], &[]).unwrap();
    }
}
