//! Bonus money on an account (`ACC-13`): given in parts, spent by the part that ends first, over at its end, and never
//! paid out (`ACC-14`).

use super::operations::{Act, Booked, OperationError, booked_to};
use crate::charging::account::{Account, Bonus};
use crate::charging::ledger::{ChargedUse, Counter, EntryKind, LedgerEntry, Purse};
use crate::charging::units::Money;
use crate::time::Timestamp;

/// The most parts of bonus money that one account may have at a time.
pub const MOST_BONUSES: usize = 64;

/// Gives bonus money: more than nothing, whole hundredths, for some services or all, for a while or for ever.
pub fn grant(
    account: Account,
    amount: Money,
    expires: Option<Timestamp>,
    services: Vec<Box<str>>,
    act: Act,
) -> Booked {
    if !amount.is_positive() {
        return Err(OperationError::NotPositive);
    }
    if expires.is_some_and(|expires| expires <= act.at) {
        return Err(OperationError::BonusOver);
    }
    if account.bonuses.len() >= MOST_BONUSES {
        return Err(OperationError::TooManyBonuses(MOST_BONUSES));
    }
    let given = act.at;
    let what = (EntryKind::Bonus, Counter::Bonus);
    let (mut account, entry) = booked_to(account, Purse::Bonus, amount, what, act)?;
    account.bonuses.push(Bonus { left: amount, given, expires, services });
    Ok((account, vec![entry]))
}

/// Takes away what is over (all of it where the contract ends, `ACC-14`). None where nothing is.
pub fn end(account: &mut Account, now: Timestamp, all: bool) -> Option<LedgerEntry> {
    if !account.bonuses.iter().any(|bonus| all || bonus.is_over(now)) {
        return None;
    }
    let (over, left): (Vec<Bonus>, Vec<Bonus>) =
        account.bonuses.iter().cloned().partition(|bonus| all || bonus.is_over(now));
    let sum = sum(&over).filter(|sum| sum.is_positive())?;
    let act = Act { at: now, ..Act::default() };
    let what = (EntryKind::Bonus, Counter::Bonus);
    let entry = account.post_to(Purse::Bonus, sum.checked_neg()?, what, act, None)?;
    account.bonuses = left;
    account.count_change();
    Some(entry)
}

impl Account {
    /// Bonus money that may pay for a service now.
    pub fn bonus_for(&self, service: &str, now: Timestamp) -> Money {
        let usable = self.bonuses.iter().filter(|bonus| bonus.pays(service, now));
        let sum: i128 = usable.map(|bonus| i128::from(bonus.left.micros())).sum();
        Money::from_micros(i64::try_from(sum).unwrap_or(i64::MAX))
    }
}

/// Pays for a service with bonus money, as much as there is of `amount`: by the part that ends first. Gives what was paid
/// and its entry; none where there is nothing to pay with. The caller counts up the revision.
pub fn spend(
    account: &mut Account,
    amount: Money,
    service: &str,
    kind: EntryKind,
    act: Act,
    usage: Option<ChargedUse>,
) -> Option<(Money, LedgerEntry)> {
    let now = act.at;
    let paid = account.bonus_for(service, now).min(amount);
    if !paid.is_positive() {
        return None;
    }
    let what = (kind, kind.counter());
    let entry = account.post_to(Purse::Bonus, paid.checked_neg()?, what, act, usage)?;
    let mut order: Vec<&mut Bonus> =
        account.bonuses.iter_mut().filter(|bonus| bonus.pays(service, now)).collect();
    // stable: of those that end together the oldest goes first
    order.sort_by_key(|bonus| bonus.expires.map_or(i64::MAX, Timestamp::micros));
    let mut left = paid;
    for bonus in order {
        let part = bonus.left.min(left);
        bonus.left = bonus.left.checked_sub(part)?;
        left = left.checked_sub(part)?;
    }
    account.bonuses.retain(|bonus| bonus.left.is_positive());
    Some((paid, entry))
}

fn sum(bonuses: &[Bonus]) -> Option<Money> {
    bonuses.iter().try_fold(Money::ZERO, |sum, bonus| sum.checked_add(bonus.left))
}

#[cfg(test)]
mod tests {
    use super::super::audit::audit;
    use super::super::operations::open;
    use super::super::operations::tests::cents;
    use super::super::payment::{give_back, pay_in};
    use super::*;
    use crate::charging::account::{AccountId, Mode};
    use proptest::prelude::*;

    fn at(secs: i64) -> Act {
        Act { at: Timestamp::from_secs(secs), ..Act::default() }
    }

    fn account() -> (Account, Vec<LedgerEntry>) {
        let (account, entry) = open(AccountId(7), Mode::Advance, cents(1_000), Act::default()).unwrap();
        (account, entry.into_iter().collect())
    }

    fn given(account: Account, amount: i64, ends: Option<i64>, services: &[&str]) -> (Account, LedgerEntry) {
        let services = services.iter().map(|name| (*name).into()).collect();
        let ends = ends.map(Timestamp::from_secs);
        let (account, mut entries) = grant(account, cents(amount), ends, services, at(1)).unwrap();
        (account, entries.pop().unwrap())
    }

    #[test]
    fn a_bonus_pays_its_services_until_its_end_and_the_one_that_ends_first_goes_first() {
        let (account, mut ledger) = account();
        let (account, first) = given(account, 300, None, &[]);
        let (account, second) = given(account, 200, Some(100), &["sms", "data"]);
        let (mut account, third) = given(account, 100, Some(50), &["voice"]);
        ledger.extend([first, second, third]);
        assert_eq!(account.bonus, cents(600));
        let usable = |service, secs| account.bonus_for(service, Timestamp::from_secs(secs));
        assert_eq!((usable("sms", 99), usable("sms", 100)), (cents(500), cents(300)));
        assert_eq!((usable("voice", 49), usable("voice", 50)), (cents(400), cents(300)));
        let (paid, entry) = spend(&mut account, cents(250), "data", EntryKind::Charge, at(10), None).unwrap();
        assert_eq!((paid, entry.balance, entry.purse), (cents(250), cents(350), Purse::Bonus));
        ledger.push(entry);
        let left: Vec<i64> = account.bonuses.iter().map(|bonus| bonus.left.micros() / 10_000).collect();
        assert_eq!(left, [250, 100], "the one that ends is spent first, the one for voice is left alone");
        let (paid, entry) = spend(&mut account, cents(900), "data", EntryKind::Charge, at(10), None).unwrap();
        assert_eq!(paid, cents(250), "no more than there is");
        ledger.push(entry);
        assert_eq!(spend(&mut account, cents(1), "data", EntryKind::Charge, at(10), None), None);
        audit(&account, &[], &ledger).unwrap();
    }

    #[test]
    fn a_bonus_that_is_over_is_taken_away_and_never_paid_out() {
        let (account, mut ledger) = account();
        let (account, first) = given(account, 300, Some(100), &[]);
        let (mut account, second) = given(account, 200, None, &[]);
        ledger.extend([first, second]);
        assert_eq!(
            give_back(account.clone(), cents(1_001), at(2)),
            Err(OperationError::NotOwn(cents(1_000)))
        );
        assert_eq!(end(&mut account, Timestamp::from_secs(99), false), None);
        ledger.push(end(&mut account, Timestamp::from_secs(100), false).unwrap());
        assert_eq!((account.bonus, account.main), (cents(200), cents(1_000)));
        ledger.push(end(&mut account, Timestamp::from_secs(101), true).unwrap());
        assert_eq!((account.bonus, account.bonuses.len()), (Money::ZERO, 0));
        audit(&account, &[], &ledger).unwrap();
    }

    #[test]
    fn a_bonus_that_cannot_be_is_refused() {
        let (account, _) = account();
        let ends = Some(Timestamp::from_secs(1));
        assert_eq!(grant(account.clone(), cents(1), ends, vec![], at(1)), Err(OperationError::BonusOver));
        assert_eq!(
            grant(account.clone(), Money::ZERO, None, vec![], at(1)),
            Err(OperationError::NotPositive)
        );
        let full = (0..MOST_BONUSES).fold(account, |account, _| given(account, 1, None, &[]).0);
        assert!(matches!(grant(full, cents(1), None, vec![], at(1)), Err(OperationError::TooManyBonuses(_))));
    }

    proptest! {
        #[test]
        fn the_bonus_balance_is_the_sum_of_its_parts(
            ops in proptest::collection::vec((0u8..4, 1i64..5_000, 1i64..200, 0u8..3), 1..60)
        ) {
            const SERVICES: [&[&str]; 3] = [&[], &["sms"], &["data", "sms"]];
            let (mut account, mut ledger) = account();
            for (now, (what, amount, span, services)) in (1i64..).step_by(7).zip(ops) {
                let act = at(now);
                match what {
                    0 => {
                        let services = SERVICES[usize::from(services)].iter().map(|name| (*name).into()).collect();
                        let ends = (span % 3 > 0).then_some(Timestamp::from_secs(now + span));
                        if let Ok((after, entries)) = grant(account.clone(), cents(amount), ends, services, act) {
                            account = after;
                            ledger.extend(entries);
                        }
                    }
                    1 => {
                        let before = account.bonus_for("sms", act.at);
                        let spent = spend(&mut account, cents(amount), "sms", EntryKind::Charge, act, None);
                        prop_assert_eq!(spent.as_ref().map_or(Money::ZERO, |(paid, _)| *paid), before.min(cents(amount)));
                        ledger.extend(spent.map(|(_, entry)| entry));
                    }
                    2 => ledger.extend(end(&mut account, act.at, false)),
                    _ => {
                        let (after, entries) = pay_in(account, cents(amount), Counter::Cash, act).unwrap();
                        account = after;
                        ledger.extend(entries);
                    }
                }
                prop_assert_eq!(sum(&account.bonuses), Some(account.bonus));
                prop_assert!(!account.bonus.is_negative());
                prop_assert!(audit(&account, &[], &ledger).is_ok());
            }
        }
    }
}
