//! The books of a whole store, proved while it is read through: every balance is the sum of its ledger, and what is
//! reserved is what the open sessions hold (`ACC-1`, `AUD-1`).

use std::collections::BTreeMap;

use crate::charging::account::audit::BooksError;
use crate::charging::account::{Account, AccountId};
use crate::charging::ledger::LedgerEntry;
use crate::charging::session::{Session, SessionState};
use crate::charging::units::{Digits, Money};
use crate::store::record::{account, ledger, session, subscriber};
use crate::store::verify::Audit;
use crate::store::{Class, Key, Loaded, Record, Sequence};
use crate::time::Timestamp;

/// The most faults that are listed.
const MOST: usize = 1_000;

/// The ledger of one account so far.
#[derive(Clone, Copy, Debug)]
struct Sum {
    sum: i128,
    next: u64,
}

/// A bundle of a number: its name and its end.
type Bundle = (Digits, Box<str>, Option<Timestamp>);

/// The books, as far as they have been read.
#[derive(Debug, Default)]
pub(super) struct Books {
    ledgers: BTreeMap<AccountId, Sum>,
    /// What each account says is reserved.
    reserved: BTreeMap<AccountId, i128>,
    /// What sessions hold of each account.
    held: BTreeMap<AccountId, i128>,
    /// What sessions hold of each bundle.
    units: BTreeMap<Bundle, u128>,
    faults: Vec<String>,
    more: u64,
}

impl Books {
    fn fault(&mut self, fault: impl ToString) {
        if self.faults.len() < MOST {
            self.faults.push(fault.to_string());
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    fn entry(&mut self, entry: &LedgerEntry) {
        let LedgerEntry { account, index, .. } = *entry;
        let (amount, balance) = (i128::from(entry.amount.micros()), i128::from(entry.balance.micros()));
        // A ledger whose older lines are archived away begins with the balance before its first.
        let opening = if index == 1 { 0 } else { balance.saturating_sub(amount) };
        let so_far = self.ledgers.get(&account).copied().unwrap_or(Sum { sum: opening, next: index });
        if so_far.next != index {
            self.fault(BooksError::Gap { account, expected: so_far.next, found: index });
        }
        if entry.amount.micros() % Money::MICROS_PER_CENT != 0 {
            self.fault(BooksError::Fraction { account, index });
        }
        let sum = so_far.sum.saturating_add(amount);
        if sum != balance {
            self.fault(BooksError::RunningSum { account, index, written: balance, sum });
        }
        self.ledgers.insert(account, Sum { sum, next: index.saturating_add(1) });
    }

    fn account(&mut self, account: &Account) {
        let Sum { sum, next } = self.ledgers.remove(&account.id).unwrap_or(Sum { sum: 0, next: 1 });
        let found = account.ledger_entries.saturating_add(1);
        if found != next {
            self.fault(BooksError::Gap { account: account.id, expected: next, found });
        }
        let balance = i128::from(account.main.micros()).saturating_add(account.bonus.micros().into());
        if balance != sum {
            self.fault(BooksError::Balance { account: account.id, balance, sum });
        }
        if !account.reserved.is_zero() {
            self.reserved.insert(account.id, account.reserved.micros().into());
        }
    }

    fn session(&mut self, session: &Session) {
        for held in session.quotas.iter().filter_map(|quota| quota.reservation.as_ref()) {
            if session.state != SessionState::Open {
                self.fault(BooksError::EndedHolds { account: session.account });
            }
            let money = self.held.entry(session.account).or_default();
            *money = money.saturating_add(held.money.micros().into());
            for of in &held.allowances {
                let units = self.units.entry((session.msisdn, of.bundle.clone(), of.expires)).or_default();
                *units = units.saturating_add(of.units.into());
            }
        }
    }

    fn subscriber(&mut self, subscriber: &crate::charging::account::Subscriber) {
        for allowance in &subscriber.allowances {
            let bundle = (subscriber.msisdn, allowance.bundle.clone(), allowance.expires);
            let held = self.units.remove(&bundle).unwrap_or_default();
            let (reserved, left) = (allowance.reserved, allowance.left);
            if u128::from(reserved) != held || reserved > left {
                let fault = BooksError::Bundle { bundle: allowance.bundle.clone(), reserved, held, left };
                self.fault(format!("subscriber {}: {fault}", subscriber.msisdn));
            }
        }
    }

    fn take(&mut self, class: Class, key: &Key, octets: &[u8]) {
        let done = match class {
            Class::Ledger => ledger::decode(key, octets).map(|entry| self.entry(&entry)),
            Class::Account => account::decode(key, octets).map(|account| self.account(&account)),
            Class::Session => session::decode(octets).map(|session| self.session(&session)),
            Class::Subscriber => subscriber::decode(key, octets).map(|found| self.subscriber(&found)),
            _ => Ok(()),
        };
        if let Err(error) = done {
            self.fault(format!("the {class} record {key} cannot be read: {error}"));
        }
    }
}

impl Audit for Books {
    fn batch(&mut self, _: Sequence, records: &[Record]) {
        // Within a batch the lines of an account stand in the order of their places, whatever the order of records.
        let mut lines: Vec<&Record> = records.iter().filter(|record| record.class == Class::Ledger).collect();
        lines.sort_by_key(|record| record.key);
        for record in lines {
            if let Some(octets) = &record.value {
                self.take(record.class, &record.key, octets);
            }
        }
    }

    fn state(&mut self, class: Class, key: &Key, loaded: &Loaded) {
        self.take(class, key, &loaded.value);
    }

    fn faults(&mut self) -> Vec<String> {
        for account in core::mem::take(&mut self.ledgers).into_keys() {
            self.fault(format!("account {}: there is a ledger and no account", account.0));
        }
        let mut reserved = core::mem::take(&mut self.reserved);
        for (account, held) in core::mem::take(&mut self.held) {
            let said = reserved.remove(&account).unwrap_or_default();
            if said != held {
                self.fault(BooksError::Reserved { account, reserved: said, held });
            }
        }
        for (account, said) in reserved {
            self.fault(BooksError::Reserved { account, reserved: said, held: 0 });
        }
        for ((msisdn, bundle, _), units) in core::mem::take(&mut self.units) {
            if units > 0 {
                self.fault(format!(
                    "subscriber {msisdn}: sessions hold {units} units of {bundle}, which is not there"
                ));
            }
        }
        let mut faults = core::mem::take(&mut self.faults);
        if self.more > 0 {
            faults.push(format!("the books have {} faults more", self.more));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::account::Mode;
    use crate::charging::ledger::EntryKind;

    fn entry(index: u64, amount: i64, balance: i64) -> LedgerEntry {
        LedgerEntry {
            account: AccountId(1),
            index,
            previous: None,
            at: Timestamp::EPOCH,
            amount: Money::from_cents(amount).unwrap(),
            balance: Money::from_cents(balance).unwrap(),
            kind: EntryKind::Topup,
            reference: None,
            operator: None,
            note: None,
            usage: None,
        }
    }

    fn faults(lines: &[LedgerEntry], main: i64, reserved: i64) -> Vec<String> {
        let mut books = Books::default();
        let records: Vec<Record> = lines
            .iter()
            .rev()
            .map(|line| Record {
                class: Class::Ledger,
                key: ledger::key(line.account, line.index),
                value: Some(ledger::encode(line)),
            })
            .collect();
        books.batch(Sequence::new(1), &records);
        let mut account = Account::new(AccountId(1), Mode::Advance);
        account.main = Money::from_cents(main).unwrap();
        account.reserved = Money::from_cents(reserved).unwrap();
        account.ledger_entries = lines.last().map_or(0, |line| line.index);
        let value = account::encode(&account);
        books.state(Class::Account, &account::key(account.id), &Loaded { revision: Sequence::new(1), value });
        books.faults()
    }

    #[test]
    fn books_that_agree_have_no_fault() {
        assert_eq!(faults(&[entry(1, 500, 500), entry(2, -118, 382)], 382, 0), [""; 0]);
        assert_eq!(faults(&[entry(7, -118, 382)], 382, 0), [""; 0], "older lines are archived");
        assert_eq!(faults(&[], 0, 0), [""; 0]);
    }

    #[test]
    fn every_disagreement_is_told() {
        for (lines, main, reserved, part) in [
            (vec![entry(1, 500, 500)], 499, 0, "the sum of its ledger"),
            (vec![entry(1, 500, 500), entry(3, -118, 382)], 382, 0, "ledger entry 3 where 2 should stand"),
            (vec![entry(1, 500, 500), entry(2, -118, 381)], 382, 0, "says"),
            (vec![entry(1, 500, 500)], 500, 1, "is reserved"),
        ] {
            let found = faults(&lines, main, reserved);
            assert!(found.iter().any(|fault| fault.contains(part)), "{part}: {found:?}");
        }
    }
}
