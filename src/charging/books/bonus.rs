//! Bonus money on an account (`ACC-13`): given in parts, spent by the part that ends first, over at its end, and never
//! paid out (`ACC-14`).

use super::operations::{Act, Booked, OperationError, booked_to};
use crate::charging::account::{Account, Bonus};
use crate::charging::ledger::{ChargedUse, Counter, EntryKind, LedgerEntry, Purse};
use crate::charging::session::HeldBonus;
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
    let (id, reserved) = (entry.index, Money::ZERO);
    account.bonuses.push(Bonus { id, left: amount, reserved, given, expires, services });
    Ok((account, vec![entry]))
}

/// Takes away what is over (all of it where the contract ends, `ACC-14`). None where nothing is. What sessions hold of it
/// pays what they report, and what is left of that goes once it is given back.
pub fn end(account: &mut Account, now: Timestamp, all: bool) -> Option<LedgerEntry> {
    let ends = |bonus: &Bonus| all || bonus.is_over(now);
    let over = account.bonuses.iter().filter(|bonus| ends(bonus));
    let sum = over.map(Bonus::free).try_fold(Money::ZERO, Money::checked_add)?;
    if all {
        account.bonuses.iter_mut().for_each(|bonus| bonus.close(now));
    }
    if !sum.is_positive() {
        return None;
    }
    let act = Act { at: now, ..Act::default() };
    let what = (EntryKind::Bonus, Counter::Bonus);
    let entry = account.post_to(Purse::Bonus, sum.checked_neg()?, what, act, None)?;
    account.bonuses.iter_mut().filter(|bonus| ends(bonus)).for_each(|bonus| bonus.left = bonus.reserved);
    account.bonuses.retain(|bonus| bonus.left.is_positive());
    account.count_change();
    Some(entry)
}

impl Account {
    /// Bonus money that may pay for a service now.
    pub fn bonus_for(&self, service: &str, now: Timestamp) -> Money {
        let usable = self.bonuses.iter().filter(|bonus| bonus.pays(service, now));
        let sum: i128 = usable.map(|bonus| i128::from(bonus.free().micros())).sum();
        Money::from_micros(i64::try_from(sum).unwrap_or(i64::MAX))
    }
}

impl Account {
    /// Main and bonus money together.
    pub(in crate::charging) fn both(&self) -> Money {
        self.main.checked_add(self.bonus).unwrap_or(Money::MAX)
    }

    /// Those parts that may pay for a service now, the one that ends first before the others.
    fn parts_for(&mut self, service: &str, now: Timestamp) -> Vec<&mut Bonus> {
        let mut order: Vec<&mut Bonus> =
            self.bonuses.iter_mut().filter(|bonus| bonus.pays(service, now)).collect();
        // stable: of those that end together the oldest goes first
        order.sort_by_key(|bonus| bonus.expires.map_or(i64::MAX, Timestamp::micros));
        order
    }

    /// Holds so much bonus money for a service, or what there is of it.
    pub(in crate::charging) fn hold_bonus(
        &mut self,
        amount: Money,
        service: &str,
        now: Timestamp,
    ) -> Vec<HeldBonus> {
        let mut left = amount;
        let mut held = Vec::new();
        for bonus in self.parts_for(service, now) {
            let money = bonus.free().min(left);
            let sums = (bonus.reserved.checked_add(money), left.checked_sub(money));
            let ((Some(reserved), Some(rest)), true) = (sums, money.is_positive()) else { continue };
            (bonus.reserved, left) = (reserved, rest);
            held.push(HeldBonus { id: bonus.id, money });
        }
        held
    }

    /// Nobody holds it any more.
    pub(in crate::charging) fn free_bonus(&mut self, held: &[HeldBonus]) {
        for HeldBonus { id, money } in held {
            if let Some(bonus) = self.bonuses.iter_mut().find(|bonus| bonus.id == *id) {
                let left = bonus.reserved.checked_sub(*money).unwrap_or(Money::ZERO);
                bonus.reserved = left.max(Money::ZERO);
            }
        }
    }
}

/// Bonus money that may pay for a service: what is held for it, and what nobody holds.
pub(in crate::charging) fn within_reach(
    account: &Account,
    held: &[HeldBonus],
    service: &str,
    now: Timestamp,
) -> Money {
    let add = |sum: Money, money: Money| sum.checked_add(money).unwrap_or(Money::MAX);
    held.iter().map(|held| held.money).fold(account.bonus_for(service, now), add)
}

/// Pays for a service with bonus money, as much as there is of `amount`: what is held for it first, then by the part
/// that ends first. Gives what was paid and its entry; none where there is nothing to pay with. The caller counts up
/// the revision.
pub(in crate::charging) fn spend(
    account: &mut Account,
    held: &mut [HeldBonus],
    (amount, service): (Money, &str),
    kind: EntryKind,
    act: Act,
    usage: Option<ChargedUse>,
) -> Option<(Money, LedgerEntry)> {
    let now = act.at;
    let paid = within_reach(account, held, service, now).min(amount);
    if !paid.is_positive() {
        return None;
    }
    let what = (kind, kind.counter());
    let entry = account.post_to(Purse::Bonus, paid.checked_neg()?, what, act, usage)?;
    let mut left = paid;
    for HeldBonus { id, money } in held {
        let Some(bonus) = account.bonuses.iter_mut().find(|bonus| bonus.id == *id) else { continue };
        let part = (*money).min(left);
        bonus.left = bonus.left.checked_sub(part)?;
        bonus.reserved = bonus.reserved.checked_sub(part)?;
        *money = money.checked_sub(part)?;
        left = left.checked_sub(part)?;
    }
    for bonus in account.parts_for(service, now) {
        let part = bonus.free().min(left);
        bonus.left = bonus.left.checked_sub(part)?;
        left = left.checked_sub(part)?;
    }
    account.bonuses.retain(|bonus| bonus.left.is_positive());
    Some((paid, entry))
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

    fn pay(account: &mut Account, amount: i64, service: &str, secs: i64) -> Option<(Money, LedgerEntry)> {
        spend(account, &mut [], (cents(amount), service), EntryKind::Charge, at(secs), None)
    }

    #[test]
    fn what_is_held_pays_for_who_holds_it_alone() {
        let (account, mut ledger) = account();
        let (account, first) = given(account, 300, Some(100), &[]);
        let (mut account, second) = given(account, 200, Some(50), &[]);
        ledger.extend([first, second]);
        let now = Timestamp::from_secs(2);
        let mut held = account.hold_bonus(cents(250), "data", now);
        assert_eq!(
            held.iter().map(|held| (held.id, held.money)).collect::<Vec<_>>(),
            [(3, cents(200)), (2, cents(50))]
        );
        assert_eq!(account.bonus_for("data", now), cents(250));
        assert_eq!(pay(&mut account, 900, "sms", 2).unwrap().0, cents(250));
        let act = at(60);
        let (paid, entry) =
            spend(&mut account, &mut held, (cents(230), "data"), EntryKind::Charge, act, None).unwrap();
        assert_eq!((paid, entry.balance), (cents(230), cents(20)), "also of what is over by now");
        account.free_bonus(&held);
        assert_eq!(
            account.bonuses.iter().map(|one| (one.left, one.reserved)).collect::<Vec<_>>(),
            [(cents(20), Money::ZERO)]
        );
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
        let (paid, entry) = pay(&mut account, 250, "data", 10).unwrap();
        assert_eq!((paid, entry.balance, entry.purse), (cents(250), cents(350), Purse::Bonus));
        ledger.push(entry);
        let left: Vec<i64> = account.bonuses.iter().map(|bonus| bonus.left.micros() / 10_000).collect();
        assert_eq!(left, [250, 100], "the one that ends is spent first, the one for voice is left alone");
        let (paid, entry) = pay(&mut account, 900, "data", 10).unwrap();
        assert_eq!(paid, cents(250), "no more than there is");
        ledger.push(entry);
        assert_eq!(pay(&mut account, 1, "data", 10), None);
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
    fn what_a_session_holds_of_a_bonus_that_is_over_goes_once_it_is_given_back() {
        let (account, mut ledger) = account();
        let (mut account, first) = given(account, 300, Some(100), &[]);
        ledger.push(first);
        account.bonuses[0].reserved = cents(120);
        let now = Timestamp::from_secs(100);
        ledger.push(end(&mut account, now, false).unwrap());
        assert_eq!((account.bonus, account.bonus_for("sms", now)), (cents(120), Money::ZERO));
        assert_eq!(end(&mut account, now, false), None);
        account.bonuses[0].reserved = Money::ZERO;
        ledger.push(end(&mut account, now, false).unwrap());
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
                        let spent = pay(&mut account, amount, "sms", now);
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
                let sum: i64 = account.bonuses.iter().map(|bonus| bonus.left.micros()).sum();
                prop_assert_eq!(sum, account.bonus.micros());
                prop_assert!(!account.bonus.is_negative());
                prop_assert!(audit(&account, &[], &ledger).is_ok());
            }
        }
    }
}
