//! The books: every balance is the sum of its ledger, and what is reserved is what sessions hold (`ACC-1`, `RES-1`).
//!
//! An [`Audit`] of its own arithmetic, fed while a store is verified; it shares nothing with the decisions that made
//! the books but the layouts of the records.

use std::collections::BTreeMap;

use super::record::{Class, Key, Record, RecordError};
use super::record::{
    account, act, area, calendar, cdr, contract, emergency, event, index, invoice, ledger, notice, operation,
    session, subscriber, tariff, voucher,
};
use super::verify::Audit;
use super::{Loaded, Sequence};
use crate::charging::account::credit::Invoice;
use crate::charging::account::{Account, AccountId, Subscriber};
use crate::charging::books::audit::BooksError;
use crate::charging::ledger::{Counter, LedgerEntry, Purse};
use crate::charging::session::{Session, SessionState};
use crate::charging::units::{Digits, Money};
use crate::time::Timestamp;

/// How many faults are told in words; the rest is counted.
const TOLD: usize = 100;

/// The ledger of an account as far as it was read.
#[derive(Clone, Copy, Debug)]
struct Line {
    /// The place of the entry that comes next.
    next: u64,
    /// The sum of the entries of the main and of the bonus balance, that of those before the first that is kept
    /// included; none where nothing of a balance is kept.
    sums: [Option<i128>; 2],
    /// What of the sums was there before the first entry that is kept.
    opening: i128,
}

/// Which allowance of which number: by bundle and end.
type AllowanceKey = (Digits, Box<str>, Option<Timestamp>);

/// The books of a store.
#[derive(Debug, Default)]
pub struct Books {
    lines: BTreeMap<AccountId, Line>,
    /// What accounts say is reserved, less what sessions hold.
    reserved: BTreeMap<AccountId, (i128, i128)>,
    /// The same of each gift of bonus money.
    bonus: BTreeMap<(AccountId, u64), (i128, i128)>,
    /// Units that sessions hold of allowances.
    held: BTreeMap<AllowanceKey, u128>,
    accounts: u64,
    entries: u64,
    /// The other sides of all entries.
    counters: BTreeMap<Counter, i128>,
    /// All balances.
    balances: i128,
    /// What of them is from before the first entries that are kept.
    opening: i128,
    faults: Vec<String>,
    untold: u64,
}

impl Books {
    /// Accounts whose balance was compared with the sum of their ledger, and the ledger entries in it.
    pub const fn read(&self) -> (u64, u64) {
        (self.accounts, self.entries)
    }

    /// The two sides of the books: what each counter-account has given (negative) or taken, in millionths, and what was
    /// there before the first entries that are kept. With all balances they sum to nothing.
    pub fn sides(&self) -> (Vec<(Counter, i128)>, i128, i128) {
        let counters = self.counters.iter().map(|(counter, sum)| (*counter, *sum)).collect();
        (counters, self.balances, self.opening)
    }

    fn fault(&mut self, text: String) {
        if self.faults.len() < TOLD {
            self.faults.push(text);
        } else {
            self.untold = self.untold.saturating_add(1);
        }
    }

    fn books(&mut self, error: &BooksError) {
        self.fault(error.to_string());
    }

    fn entry(&mut self, entry: &LedgerEntry) {
        self.entries = self.entries.saturating_add(1);
        let (id, index) = (entry.account, entry.index);
        let amount = micros(entry.amount);
        // A ledger whose older entries were taken away begins with the balances before its first.
        let opening = if index > 1 { None } else { Some(0) };
        let first = Line { next: index.max(1), sums: [opening; 2], opening: 0 };
        let mut line = self.lines.get(&id).copied().unwrap_or(first);
        if line.next != index {
            self.books(&BooksError::Gap { account: id, expected: line.next, found: index });
        }
        if entry.amount.micros().checked_rem(Money::MICROS_PER_CENT) != Some(0) {
            self.books(&BooksError::Fraction { account: id, index });
        }
        let written = micros(entry.balance);
        let [main, bonus] = &mut line.sums;
        let sum = match entry.purse {
            Purse::Main => main,
            Purse::Bonus => bonus,
        };
        if sum.is_none() {
            line.opening = line.opening.saturating_add(written.saturating_sub(amount));
        }
        let after = sum.map_or(written, |sum| sum.saturating_add(amount));
        *sum = Some(after);
        if written != after {
            self.books(&BooksError::RunningSum { account: id, index, written, sum: after });
        }
        let counter = self.counters.entry(entry.counter).or_default();
        *counter = counter.saturating_sub(amount);
        line.next = index.saturating_add(1);
        self.lines.insert(id, line);
    }

    fn account(&mut self, account: &Account) {
        self.accounts = self.accounts.saturating_add(1);
        let id = account.id;
        let none = Line { next: 1, sums: [Some(0); 2], opening: 0 };
        let line = self.lines.remove(&id).unwrap_or(none);
        let (expected, found) = (line.next, account.ledger_entries.saturating_add(1));
        if expected != found {
            self.books(&BooksError::Gap { account: id, expected, found });
        }
        let [main, bonus] = line.sums;
        self.opening = self.opening.saturating_add(line.opening);
        for (balance, sum) in [(account.main, main), (account.bonus, bonus)] {
            let balance = micros(balance);
            if sum.is_none() {
                self.opening = self.opening.saturating_add(balance);
            }
            let sum = sum.unwrap_or(balance);
            if balance != sum {
                self.books(&BooksError::Balance { account: id, balance, sum });
            }
            self.balances = self.balances.saturating_add(balance);
        }
        let parts = account.bonuses.iter().fold(0, |sum: i128, one| sum.saturating_add(micros(one.left)));
        if parts != micros(account.bonus) {
            self.books(&BooksError::Balance { account: id, balance: micros(account.bonus), sum: parts });
        }
        for bonus in account.bonuses.iter().filter(|bonus| !bonus.reserved.is_zero()) {
            self.bonus.insert((id, bonus.id), (micros(bonus.reserved), 0));
        }
        if !account.reserved.is_zero() {
            self.reserved.insert(id, (micros(account.reserved), 0));
        }
    }

    fn session(&mut self, session: &Session) {
        let reservations = session.quotas.iter().filter_map(|quota| quota.reservation.as_ref());
        for reservation in reservations {
            if session.state != SessionState::Open {
                self.books(&BooksError::EndedHolds { account: session.account });
            }
            let (_, held) = self.reserved.entry(session.account).or_default();
            *held = held.saturating_add(micros(reservation.money));
            for bonus in reservation.bonus.iter().filter(|bonus| !bonus.money.is_zero()) {
                let (_, held) = self.bonus.entry((session.account, bonus.id)).or_default();
                *held = held.saturating_add(micros(bonus.money));
            }
            for allowance in &reservation.allowances {
                let key = (session.msisdn, allowance.bundle.clone(), allowance.expires);
                let units = self.held.entry(key).or_default();
                *units = units.saturating_add(u128::from(allowance.units));
            }
        }
    }

    fn subscriber(&mut self, subscriber: &Subscriber) {
        for allowance in &subscriber.allowances {
            let key = (subscriber.msisdn, allowance.bundle.clone(), allowance.expires);
            let held = self.held.remove(&key).unwrap_or(0);
            let (reserved, left) = (allowance.reserved, allowance.left);
            if u128::from(reserved) != held || reserved > left {
                self.books(&BooksError::Bundle { bundle: allowance.bundle.clone(), reserved, held, left });
            }
        }
    }

    /// The lines of an invoice add up to what its period changed.
    fn invoice(&mut self, invoice: &Invoice) {
        let lines: i128 = invoice.lines.iter().map(|line| micros(line.amount)).sum();
        let (opening, closing) = (micros(invoice.opening), micros(invoice.closing));
        if opening.saturating_add(lines) != closing {
            let (account, number) = (invoice.account.0, invoice.number);
            self.fault(format!(
                "invoice {account}-{number}: {opening} and its lines, {lines}, are not {closing}"
            ));
        }
    }

    fn record(&mut self, class: Class, key: &Key, octets: &[u8]) -> Result<(), RecordError> {
        match class {
            Class::Account => self.account(&account::decode(key, octets)?),
            Class::Session => {
                session::hash(key)?;
                self.session(&session::decode(octets)?);
            }
            Class::Subscriber => self.subscriber(&subscriber::decode(key, octets)?),
            Class::Imsi => index::decode_imsi(octets).map(|_| ())?,
            Class::Meta if *key == area::key() => area::decode(octets).map(|_| ())?,
            Class::Meta => index::decode_fact(key, octets).map(|_| ())?,
            Class::EventBucket => event::decode_bucket(key, octets).map(|_| ())?,
            Class::Operation => operation::decode(octets).map(|_| ())?,
            Class::Payment => operation::decode_reference(octets).map(|_| ())?,
            Class::Emergency => emergency::decode(octets).map(|_| ())?,
            Class::Tariff => tariff::decode(key, octets).map(|_| ())?,
            Class::Ledger => self.entry(&ledger::decode(key, octets)?),
            Class::EventAnswer => event::decode(octets).map(|_| ())?,
            Class::Cdr => cdr::decode(octets).map(|_| ())?,
            Class::Notice => notice::decode(octets).map(|_| ())?,
            Class::Voucher => voucher::check(key, octets)?,
            Class::Contract => contract::decode(octets).map(|_| ())?,
            Class::Holder => contract::decode_holder(octets).map(|_| ())?,
            Class::Audit => act::decode(key, octets).map(|_| ())?,
            Class::Invoice if invoice::place(key)?.2 == 0 => self.invoice(&invoice::decode(key, octets)?),
            Class::Invoice => invoice::decode_allocation(key, octets).map(|_| ())?,
            Class::Calendar => calendar::decode(key, octets).map(|_| ())?,
            // Opaque here, or written by nobody yet.
            Class::Catalogue | Class::Msisdn | Class::Counter | Class::Case => {}
        }
        Ok(())
    }

    fn take(&mut self, class: Class, key: &Key, octets: &[u8]) {
        if let Err(error) = self.record(class, key, octets) {
            self.fault(format!("the {class} record {key} cannot be read: {error}"));
        }
    }
}

impl Audit for Books {
    fn batch(&mut self, _sequence: Sequence, records: &[Record]) {
        // Of one account, the entries of a batch stand in their order.
        for record in records {
            if let Some(octets) = &record.value {
                self.take(record.class, &record.key, octets);
            }
        }
    }

    fn state(&mut self, class: Class, key: &Key, loaded: &Loaded) {
        self.take(class, key, &loaded.value);
    }

    fn faults(&mut self) -> Vec<String> {
        for (account, line) in core::mem::take(&mut self.lines) {
            let entries = line.next.saturating_sub(1);
            self.fault(format!("account {}: there are {entries} ledger entries and no account", account.0));
        }
        for (account, (reserved, held)) in core::mem::take(&mut self.reserved) {
            if reserved != held {
                self.books(&BooksError::Reserved { account, reserved, held });
            }
        }
        for ((account, _), (reserved, held)) in core::mem::take(&mut self.bonus) {
            if reserved != held {
                self.books(&BooksError::Reserved { account, reserved, held });
            }
        }
        for ((_, bundle, _), held) in core::mem::take(&mut self.held) {
            self.books(&BooksError::Bundle { bundle, reserved: 0, held, left: 0 });
        }
        let sides = self.counters.values().fold(self.balances, |sum, side| sum.saturating_add(*side));
        let both = sides.saturating_sub(self.opening);
        if both != 0 && self.faults.is_empty() {
            self.fault(format!("the two sides of the books differ by {both}"));
        }
        let mut faults = core::mem::take(&mut self.faults);
        if self.untold > 0 {
            faults.push(format!("{} more", core::mem::take(&mut self.untold)));
        }
        faults
    }
}

fn micros(money: Money) -> i128 {
    i128::from(money.micros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::account::Mode;
    use crate::charging::books::audit;
    use crate::charging::books::operations::{Act, open, topup};

    fn cents(cents: i64) -> Money {
        Money::from_cents(cents).unwrap()
    }

    fn books() -> (Account, Vec<LedgerEntry>) {
        let (account, first) = open(AccountId(7), Mode::Advance, cents(500), Act::default()).unwrap();
        let (account, second) = topup(account, cents(100), Act::default()).unwrap();
        let (account, third) = topup(account, cents(50), Act::default()).unwrap();
        (account, vec![first.unwrap(), second, third])
    }

    fn found(account: &Account, entries: &[LedgerEntry]) -> Vec<String> {
        let mut books = Books::default();
        for entry in entries {
            let key = ledger::key(entry.account, entry.index);
            books
                .batch(Sequence::new(entry.index), &[Record::put(ledger::CLASS, key, ledger::encode(entry))]);
        }
        let loaded = Loaded { revision: Sequence::new(1), value: account::encode(account) };
        books.state(account::CLASS, &account::key(account.id), &loaded);
        books.faults()
    }

    /// The audit of one account in memory is the oracle.
    #[track_caller]
    fn agrees(account: &Account, entries: &[LedgerEntry]) {
        let expected = audit::audit(account, &[], entries).err().map(|error| error.to_string());
        let found = found(account, entries);
        match expected {
            None => assert_eq!(found, Vec::<String>::new()),
            Some(fault) => assert!(found.contains(&fault), "{found:?} lacks {fault}"),
        }
    }

    #[test]
    fn cooked_books_are_found_in_a_stream_as_they_are_in_one_account() {
        let (account, entries) = books();
        agrees(&account, &entries);
        // The older entries were taken away.
        agrees(&account, &entries[1..]);
        agrees(&account, &entries[..2]);
        agrees(&Account { main: cents(651), ..account.clone() }, &entries);
        agrees(&Account { reserved: cents(1), ..account.clone() }, &entries);
        for (place, entry) in entries.iter().enumerate() {
            for cooked in [
                LedgerEntry { amount: cents(1), ..entry.clone() },
                LedgerEntry { balance: cents(1), ..entry.clone() },
                LedgerEntry { amount: Money::from_micros(5), ..entry.clone() },
                LedgerEntry { index: entry.index + 5, ..entry.clone() },
            ] {
                let mut entries = entries.clone();
                entries[place] = cooked;
                assert!(audit::audit(&account, &[], &entries).is_err());
                assert!(!found(&account, &entries).is_empty(), "{entries:?}");
            }
        }
    }

    #[test]
    fn a_ledger_without_an_account_and_octets_that_are_no_record_are_found() {
        let (account, entries) = books();
        let other = Account { id: AccountId(8), main: cents(0), ledger_entries: 0, ..account };
        assert_eq!(found(&other, &entries), ["account 7: there are 3 ledger entries and no account"]);
        let mut books = Books::default();
        let loaded = Loaded { revision: Sequence::new(1), value: vec![255; 3] };
        books.state(Class::Account, &Key::from_u64(1), &loaded);
        assert_eq!(books.faults().len(), 1);
    }
}
