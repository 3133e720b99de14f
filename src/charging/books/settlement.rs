//! What is left of the money at the end of a contract, and its return (`ACC-15`, `END-4`).

use crate::charging::account::Account;
use crate::charging::books::operations::{Act, OperationError};
use crate::charging::ledger::{EntryKind, LedgerEntry};
use crate::charging::units::Money;

/// Returns what is on the main balance: nothing is left of it. Bonus money is never returned (`ACC-14`).
pub fn refund_rest(mut account: Account, act: Act) -> Result<(Account, LedgerEntry, Money), OperationError> {
    let rest = account.main;
    if !rest.is_positive() {
        return Err(OperationError::NotPositive);
    }
    let amount = rest.checked_neg().ok_or(OperationError::TooLarge)?;
    let entry = account.post(amount, EntryKind::Refund, act, None).ok_or(OperationError::TooLarge)?;
    account.count_change();
    Ok((account, entry, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::account::Mode;
    use crate::charging::books::audit::audit;
    use crate::charging::books::operations::open;
    use crate::charging::books::operations::tests::{account, cents};

    /// `ACC-15`
    #[test]
    fn what_is_left_is_returned_whole_and_once() {
        let id = crate::charging::account::AccountId(7);
        let (opened, first) = open(id, Mode::Advance, cents(500), Act::default()).unwrap();
        let (after, entry, rest) = refund_rest(opened, Act::default()).unwrap();
        assert_eq!((rest, entry.amount, after.main), (cents(500), cents(-500), Money::ZERO));
        audit(&after, &[], &[first.unwrap(), entry]).unwrap();
        assert_eq!(refund_rest(after, Act::default()).map(drop), Err(OperationError::NotPositive));
        let debtor = account(Mode::Advance, -1);
        assert_eq!(refund_rest(debtor, Act::default()).map(drop), Err(OperationError::NotPositive));
    }
}
