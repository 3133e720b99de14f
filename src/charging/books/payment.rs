//! Money of payers: paid in (which pays what was promised first, `ACC-8`), taken back (`ACC-11`), given back (`ACC-10`),
//! and promised.

use super::operations::{Act, Booked, OperationError, booked_to, topup};
use crate::charging::account::promise::PromiseTerms;
use crate::charging::account::{Account, Mode, Promise};
use crate::charging::ledger::{Counter, EntryKind, LedgerEntry, Purse};
use crate::charging::units::Money;
use crate::time::Timestamp;

/// Money paid in, from cash or from a payment card: more than nothing, whole hundredths. What was promised is paid by
/// it before anything else.
pub fn pay_in(account: Account, amount: Money, from: Counter, act: Act) -> Booked {
    let again = act.clone();
    let (account, mut entry) = topup(account, amount, act)?;
    entry.counter = from;
    let (account, repaid) = repay(account, amount, again)?;
    Ok((account, core::iter::once(entry).chain(repaid).collect()))
}

/// Money that has come pays what of a promise it can.
fn repay(
    mut account: Account,
    come: Money,
    act: Act,
) -> Result<(Account, Option<LedgerEntry>), OperationError> {
    let Some(promise) = account.promise else { return Ok((account, None)) };
    let paid = promise.left.min(come);
    let left = promise.left.checked_sub(paid).ok_or(OperationError::TooLarge)?;
    account.promise = left.is_positive().then_some(Promise { left, ..promise });
    let back = paid.checked_neg().ok_or(OperationError::TooLarge)?;
    let (account, entry) = booked_to(account, Purse::Main, back, PROMISE, act)?;
    Ok((account, Some(entry)))
}

const PROMISE: (EntryKind, Counter) = (EntryKind::Promise, Counter::Promise);

/// Promises a payment (`ACC-8`): its amount is there at once, its fee is charged at once. For a number served since
/// `since`, in advance mode, with no promise outstanding.
pub fn promise(mut account: Account, terms: &PromiseTerms, since: Timestamp, act: &Act) -> Booked {
    const DAY_SECS: u64 = 86_400;
    if account.mode != Mode::Advance {
        return Err(OperationError::NotPromised);
    }
    if !terms.amount.is_positive() {
        return Err(OperationError::NoPromises);
    }
    if let Some(promise) = account.promise {
        return Err(OperationError::PromiseOutstanding(promise.left));
    }
    if act.at.since(since) < terms.served {
        return Err(OperationError::ServedTooShort(terms.served.as_secs() / DAY_SECS));
    }
    account.promise = Some(Promise { left: terms.amount, given: act.at, due: act.at.plus(terms.term) });
    let (account, given) = booked_to(account, Purse::Main, terms.amount, PROMISE, act.clone())?;
    let mut entries = vec![given];
    if !terms.fee.is_positive() {
        return Ok((account, entries));
    }
    let fee = terms.fee.checked_neg().ok_or(OperationError::TooLarge)?;
    let what = (EntryKind::Fee, EntryKind::Fee.counter());
    let (account, fee) = booked_to(account, Purse::Main, fee, what, act.clone())?;
    entries.push(fee);
    Ok((account, entries))
}

/// Takes back what of a promise has not come by its end (at once where the contract ends); it may leave the balance
/// negative. None where nothing is due.
pub fn lapse(account: &mut Account, now: Timestamp, at_once: bool) -> Option<LedgerEntry> {
    let promise = account.promise.filter(|promise| at_once || promise.due <= now)?;
    let act = Act { at: now, ..Act::default() };
    let (kind, counter) = PROMISE;
    let entry = account.post_to(Purse::Main, promise.left.checked_neg()?, (kind, counter), act, None)?;
    account.promise = None;
    account.count_change();
    Some(entry)
}

/// What is due on an account by its own fields, before anything else is done with it: promises and bonuses that are over.
pub fn settle(account: &mut Account, now: Timestamp) -> Vec<LedgerEntry> {
    let lapsed = lapse(account, now, false);
    let over = super::bonus::end(account, now, false);
    lapsed.into_iter().chain(over).collect()
}

/// Takes a payment back (`ACC-11`); it may leave the balance negative. That it happens once is the caller's care.
pub fn reverse(account: Account, amount: Money, from: Counter, act: Act) -> Booked {
    if !amount.is_positive() {
        return Err(OperationError::NotPositive);
    }
    let amount = amount.checked_neg().ok_or(OperationError::TooLarge)?;
    let (account, entry) = booked_to(account, Purse::Main, amount, (EntryKind::Reversal, from), act)?;
    Ok((account, vec![entry]))
}

impl Account {
    /// What of it is the subscriber's own money and may be given back (`ACC-10`): the main balance less what is reserved
    /// and what was promised; never bonus money (`ACC-14`).
    pub fn own(&self) -> Money {
        self.net().checked_sub(self.reserved).unwrap_or(Money::ZERO).max(Money::ZERO)
    }
}

/// Gives money back to the subscriber (`ACC-10`): no more than is his own.
pub fn give_back(account: Account, amount: Money, act: Act) -> Booked {
    if !amount.is_positive() {
        return Err(OperationError::NotPositive);
    }
    let own = account.own();
    if amount > own {
        return Err(OperationError::NotOwn(own));
    }
    let amount = amount.checked_neg().ok_or(OperationError::TooLarge)?;
    let what = (EntryKind::Refund, Counter::Cash);
    let (account, entry) = booked_to(account, Purse::Main, amount, what, act)?;
    Ok((account, vec![entry]))
}

#[cfg(test)]
mod tests {
    use super::super::audit::audit;
    use super::super::operations::tests::{account as bare, cents};
    use super::super::operations::{open, set_overdraft};
    use super::*;
    use crate::charging::account::AccountId;
    use proptest::prelude::*;

    const DAY: i64 = 86_400;

    fn at(days: i64) -> Act {
        Act { at: Timestamp::from_secs(days * DAY), ..Act::default() }
    }

    fn terms() -> PromiseTerms {
        PromiseTerms::default()
    }

    fn opened(main: i64) -> (Account, Vec<LedgerEntry>) {
        let (account, entry) = open(AccountId(7), Mode::Advance, cents(main), Act::default()).unwrap();
        (account, entry.into_iter().collect())
    }

    fn amounts(entries: &[LedgerEntry]) -> Vec<(EntryKind, Counter, i64)> {
        let of = |entry: &LedgerEntry| (entry.kind, entry.counter, entry.amount.micros() / 10_000);
        entries.iter().map(of).collect()
    }

    #[test]
    fn the_next_top_up_pays_what_was_promised_before_anything_else() {
        let (account, mut ledger) = opened(100);
        let (account, entries) = promise(account, &terms(), Timestamp::EPOCH, &at(90)).unwrap();
        assert_eq!(
            amounts(&entries),
            [(EntryKind::Promise, Counter::Promise, 50_000), (EntryKind::Fee, Counter::Revenue, -5_000)]
        );
        assert_eq!(account.main, cents(45_100));
        ledger.extend(entries);
        let (account, entries) = pay_in(account, cents(20_000), Counter::Cash, at(91)).unwrap();
        assert_eq!(
            amounts(&entries),
            [(EntryKind::Topup, Counter::Cash, 20_000), (EntryKind::Promise, Counter::Promise, -20_000)]
        );
        assert_eq!(account.promise.unwrap().left, cents(30_000));
        ledger.extend(entries);
        let (account, entries) = pay_in(account, cents(40_000), Counter::Voucher, at(92)).unwrap();
        assert_eq!((account.promise, account.main), (None, cents(55_100)));
        ledger.extend(entries);
        audit(&account, &[], &ledger).unwrap();
        let (account, entries) = pay_in(account, cents(1), Counter::Cash, at(93)).unwrap();
        assert_eq!(entries.len(), 1);
        promise(account, &terms(), Timestamp::EPOCH, &at(93)).unwrap();
    }

    #[test]
    fn a_payment_is_promised_to_who_is_eligible() {
        let (account, _) = opened(100);
        let refused = |account: &Account, terms: &PromiseTerms, days| {
            promise(account.clone(), terms, Timestamp::EPOCH, &at(days)).unwrap_err()
        };
        assert_eq!(refused(&account, &terms(), 89), OperationError::ServedTooShort(90));
        let (promised, _) = promise(account.clone(), &terms(), Timestamp::EPOCH, &at(90)).unwrap();
        assert_eq!(refused(&promised, &terms(), 91), OperationError::PromiseOutstanding(cents(50_000)));
        assert_eq!(refused(&bare(Mode::Credit, 0), &terms(), 90), OperationError::NotPromised);
        let none = PromiseTerms { amount: Money::ZERO, ..terms() };
        assert_eq!(refused(&account, &none, 90), OperationError::NoPromises);
        let free = PromiseTerms { fee: Money::ZERO, ..terms() };
        assert_eq!(promise(account, &free, Timestamp::EPOCH, &at(90)).unwrap().1.len(), 1);
    }

    #[test]
    fn what_does_not_come_in_time_is_taken_back() {
        let (account, mut ledger) = opened(100);
        let (mut account, entries) = promise(account, &terms(), Timestamp::EPOCH, &at(90)).unwrap();
        ledger.extend(entries);
        assert_eq!(lapse(&mut account, Timestamp::from_secs(93 * DAY - 1), false), None);
        let entry = lapse(&mut account, Timestamp::from_secs(93 * DAY), false).unwrap();
        assert_eq!((entry.amount, account.main, account.promise), (cents(-50_000), cents(-4_900), None));
        ledger.push(entry);
        audit(&account, &[], &ledger).unwrap();
        assert_eq!(lapse(&mut account, Timestamp::from_secs(94 * DAY), false), None);
    }

    #[test]
    fn only_what_is_the_subscribers_own_is_given_back() {
        let (account, _) = opened(1_000);
        let mut account = set_overdraft(account, cents(5_000)).unwrap();
        account.reserved = cents(300);
        account.bonus = cents(7_000);
        assert_eq!(account.own(), cents(700));
        let refused = give_back(account.clone(), cents(701), at(1));
        assert_eq!(refused, Err(OperationError::NotOwn(cents(700))));
        let (after, entries) = give_back(account.clone(), cents(700), at(1)).unwrap();
        assert_eq!((after.main, after.bonus), (cents(300), cents(7_000)));
        assert_eq!(amounts(&entries), [(EntryKind::Refund, Counter::Cash, -700)]);
        account.reserved = Money::ZERO;
        let (promised, _) = promise(account, &terms(), Timestamp::EPOCH, &at(90)).unwrap();
        assert_eq!(promised.own(), Money::ZERO, "the fee came out of what was his own");
        assert_eq!(bare(Mode::Credit, -1).own(), Money::ZERO);
        assert_eq!(give_back(bare(Mode::Credit, 0), Money::ZERO, at(1)), Err(OperationError::NotPositive));
    }

    #[test]
    fn a_payment_taken_back_may_leave_the_balance_negative() {
        let (account, _) = opened(100);
        let (account, entries) = reverse(account, cents(500), Counter::Voucher, at(1)).unwrap();
        assert_eq!(account.main, cents(-400));
        assert_eq!(amounts(&entries), [(EntryKind::Reversal, Counter::Voucher, -500)]);
    }

    proptest! {
        /// Whatever is done: the ledger sums to the balance, its two sides are equal, a promise is owed as the ledger
        /// says, and nobody is given what is not his own.
        #[test]
        fn whatever_is_done_the_books_balance(ops in proptest::collection::vec((0u8..5, 1i64..100_000), 1..60)) {
            let (mut account, mut ledger) = opened(10_000);
            for (day, (what, amount)) in (90i64..).zip(ops) {
                let act = at(day);
                let before = account.clone();
                let done = match what {
                    0 => pay_in(account.clone(), cents(amount), Counter::Cash, act),
                    1 => promise(account.clone(), &terms(), Timestamp::EPOCH, &act),
                    2 => reverse(account.clone(), cents(amount), Counter::Cash, act),
                    3 => give_back(account.clone(), cents(amount), act),
                    _ => {
                        let entry = lapse(&mut account, act.at, false);
                        ledger.extend(entry);
                        continue;
                    }
                };
                let Ok((after, entries)) = done else { continue };
                if what == 3 {
                    prop_assert!(after.main.micros() >= 0 && cents(amount) <= before.own());
                }
                account = after;
                ledger.extend(entries);
                prop_assert!(audit(&account, &[], &ledger).is_ok());
                let of = |counter| ledger.iter().filter(|e| e.counter == counter).map(|e| e.amount.micros()).sum::<i64>();
                prop_assert_eq!(of(Counter::Promise), account.promise.map_or(0, |promise| promise.left.micros()));
                prop_assert_eq!(Counter::ALL.into_iter().map(of).sum::<i64>(), account.main.micros());
            }
        }
    }
}
