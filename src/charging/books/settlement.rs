//! The end of a contract: what becomes nothing, what is left of the money, and its return (`ACC-14`, `ACC-15`, `END-4`).

use crate::charging::account::life::EndReason;
use crate::charging::account::{Account, Subscriber};
use crate::charging::books::bonus;
use crate::charging::books::operations::{Act, OperationError};
use crate::charging::books::payment::{lapse, settle};
use crate::charging::ledger::{Counter, EntryKind, LedgerEntry, Purse};
use crate::charging::units::Money;
use crate::time::Timestamp;

/// Ends the contract of a number, from `at` on, and gives the entries that it makes. With the last number of an account
/// what was promised and has not come is taken back, so that it is a debt or lessens what is left, and bonus money
/// becomes nothing (`ACC-14`).
pub fn end_contract(
    subscriber: &mut Subscriber,
    account: &mut Account,
    why: EndReason,
    at: Timestamp,
    act: &Act,
) -> Vec<LedgerEntry> {
    let mut entries = settle(account, act.at);
    if account.life.numbers.is_none_or(|numbers| numbers <= 1) {
        entries.extend(lapse(account, act.at, true));
        entries.extend(bonus::end(account, act.at, true));
    }
    for entry in &mut entries {
        (entry.operator, entry.note) = (act.operator.clone(), act.note.clone());
    }
    subscriber.end(account, why, at);
    account.count_change();
    entries
}

/// Returns what is on the main balance and was not promised: nothing is left of it. Bonus money is never returned
/// (`ACC-14`).
pub fn refund_rest(mut account: Account, act: Act) -> Result<(Account, LedgerEntry, Money), OperationError> {
    let rest = account.net();
    if !rest.is_positive() {
        return Err(OperationError::NotPositive);
    }
    let amount = rest.checked_neg().ok_or(OperationError::TooLarge)?;
    let what = (EntryKind::Refund, Counter::Cash);
    let entry = account.post_to(Purse::Main, amount, what, act, None).ok_or(OperationError::TooLarge)?;
    account.count_change();
    Ok((account, entry, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::account::life::Settlement;
    use crate::charging::account::promise::PromiseTerms;
    use crate::charging::account::{AccountId, Mode};
    use crate::charging::books::audit::audit;
    use crate::charging::books::operations::open;
    use crate::charging::books::operations::tests::{account, cents, subscriber};
    use crate::charging::books::payment::promise;

    /// `ACC-15`
    #[test]
    fn what_is_left_is_returned_whole_and_once() {
        let (opened, first) = open(AccountId(7), Mode::Advance, cents(500), Act::default()).unwrap();
        let (after, entry, rest) = refund_rest(opened, Act::default()).unwrap();
        assert_eq!((rest, entry.amount, after.main), (cents(500), cents(-500), Money::ZERO));
        audit(&after, &[], &[first.unwrap(), entry]).unwrap();
        assert_eq!(refund_rest(after, Act::default()).map(drop), Err(OperationError::NotPositive));
        let debtor = account(Mode::Advance, -1);
        assert_eq!(refund_rest(debtor, Act::default()).map(drop), Err(OperationError::NotPositive));
    }

    fn gifted() -> (Account, Vec<LedgerEntry>) {
        let (account, first) = open(AccountId(7), Mode::Advance, cents(60_000), Act::default()).unwrap();
        let at = Act { at: Timestamp::from_secs(91 * 86_400), ..Act::default() };
        let (account, second) = promise(account, &PromiseTerms::default(), Timestamp::EPOCH, &at).unwrap();
        let (account, third) = bonus::grant(account, cents(900), None, vec![], at).unwrap();
        (account, first.into_iter().chain(second).chain(third).collect())
    }

    /// `ACC-14`, `ACC-15`
    #[test]
    fn the_end_takes_back_what_was_promised_and_all_bonus_money() {
        let (mut account, mut ledger) = gifted();
        let now = Timestamp::from_secs(92 * 86_400);
        assert_eq!((account.main, account.net()), (cents(105_000), cents(55_000)));
        let act = Act { at: now, operator: Some("anna".into()), ..Act::default() };
        let mut number = subscriber();
        let entries = end_contract(&mut number, &mut account, EndReason::Request, now, &act);
        let told: Vec<_> =
            entries.iter().map(|one| (one.kind, one.amount, one.operator.as_deref())).collect();
        assert_eq!(
            told,
            [
                (EntryKind::Promise, cents(-50_000), Some("anna")),
                (EntryKind::Bonus, cents(-900), Some("anna"))
            ]
        );
        ledger.extend(entries);
        assert_eq!((account.main, account.bonus, account.promise), (cents(55_000), Money::ZERO, None));
        assert_eq!(number.life.end.unwrap().settlement.balance, cents(55_000));
        let (account, entry, rest) = refund_rest(account, act).unwrap();
        assert_eq!((rest, account.main), (cents(55_000), Money::ZERO));
        ledger.push(entry);
        audit(&account, &[], &ledger).unwrap();
    }

    #[test]
    fn what_an_account_has_stays_with_its_other_number() {
        let (mut account, _) = gifted();
        account.life.numbers = Some(2);
        let now = Timestamp::from_secs(92 * 86_400);
        let act = Act { at: now, ..Act::default() };
        let mut number = subscriber();
        assert_eq!(end_contract(&mut number, &mut account, EndReason::Request, now, &act), []);
        assert_eq!((account.bonus, account.main), (cents(900), cents(105_000)));
        assert_eq!(number.life.end.unwrap().settlement.balance, Money::ZERO);
        assert_eq!(Settlement::of(&account, now).balance, cents(55_000), "what was promised is not his");
    }
}
