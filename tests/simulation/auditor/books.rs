//! Sums: balances against ledgers, orders against what they did, invoices against the ledger they are of.

use gyro::charging::account::credit::Bill;
use gyro::charging::account::{Account, AccountId, Mode, Sequence};
use gyro::charging::ledger::{Counter, EntryKind, LedgerEntry, Purse};
use gyro::charging::units::Digits;
use gyro::engine::core::OperationKey;
use gyro::time::Timestamp;

use super::{Auditor, Found, Rule, Touched, broken, cents, hold};
use crate::disk::Disk;
use crate::prices::PROMISE;

/// An account, by what was seen of it. Amounts are hundredths.
pub(super) struct Book {
    pub(super) mode: Mode,
    pub(super) main: i128,
    pub(super) bonus: i128,
    pub(super) entries: u64,
    /// What was promised and has not come.
    promise: i128,
    /// How far below nothing it may go.
    pub(super) floor: i128,
    /// What sessions hold of the main balance, and of bonus money.
    pub(super) held: i128,
    pub(super) held_bonus: i128,
    revision: u64,
    /// In credit mode: the main balance after each entry.
    after: Vec<i128>,
    invoices: u32,
    closing: Option<i128>,
    invoiced: i128,
    penalties: i128,
}

impl Book {
    pub(super) fn new(image: &Account) -> Self {
        Self {
            mode: image.mode,
            main: 0,
            bonus: 0,
            entries: 0,
            promise: 0,
            floor: 0,
            held: 0,
            held_bonus: 0,
            revision: 0,
            after: Vec::new(),
            invoices: 0,
            closing: None,
            invoiced: 0,
            penalties: 0,
        }
    }

    /// How far below nothing it may go from now on, or still may in this batch.
    pub(super) fn widen(&mut self, image: &Account) {
        self.floor = self.floor.max(floor_of(image));
    }

    pub(super) fn available(&self) -> i128 {
        self.main + self.floor - self.held
    }
}

fn floor_of(image: &Account) -> i128 {
    cents(match image.mode {
        Mode::Advance => image.overdraft,
        Mode::Credit => image.credit_limit,
    })
}

/// What an order is to do to the account of its number, in hundredths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Effect {
    /// No money moves by it.
    Nothing,
    Opens(i64),
    Topup(i64),
    Refund(i64),
    Adjust(i64),
    Bonus(i64),
    Promise,
    /// The contract ends: bonuses and what was promised go.
    End,
    /// What is left is returned.
    Settle,
}

/// An order, and what came of it.
pub(super) struct Order {
    msisdn: Digits,
    effect: Effect,
    batch: Option<u64>,
    got: Vec<(EntryKind, i128)>,
    /// What of a promise was open as money came.
    promised: i128,
}

impl Order {
    pub(super) const fn new(msisdn: Digits, effect: Effect) -> Self {
        Self { msisdn, effect, batch: None, got: Vec::new(), promised: 0 }
    }

    fn due(&self) -> Option<Vec<(EntryKind, i128)>> {
        let paid = |amount: i64| {
            let mut due = vec![(EntryKind::Topup, i128::from(amount))];
            if self.promised > 0 {
                due.push((EntryKind::Promise, -self.promised.min(i128::from(amount))));
            }
            due
        };
        Some(match self.effect {
            Effect::Nothing => Vec::new(),
            Effect::Opens(amount) => vec![(EntryKind::Advance, i128::from(amount))],
            Effect::Topup(amount) => paid(amount),
            Effect::Refund(amount) => vec![(EntryKind::Refund, -i128::from(amount))],
            Effect::Adjust(amount) => vec![(EntryKind::Adjustment, i128::from(amount))],
            Effect::Bonus(amount) => vec![(EntryKind::Bonus, i128::from(amount))],
            Effect::Promise => {
                vec![(EntryKind::Promise, i128::from(PROMISE.0)), (EntryKind::Fee, -i128::from(PROMISE.1))]
            }
            Effect::End | Effect::Settle => return None,
        })
    }
}

/// The operator's name in the order's entries tells which order it is.
pub(crate) fn operator(key: OperationKey) -> String {
    u128::from_be_bytes(key.0).to_string()
}

fn key_of(operator: &str) -> Option<OperationKey> {
    operator.parse::<u128>().ok().map(|number| OperationKey(number.to_be_bytes()))
}

impl Auditor {
    /// An entry of a ledger.
    pub(super) fn entry(
        &mut self,
        sequence: Sequence,
        entry: &LedgerEntry,
        now: Timestamp,
        touched: &mut Touched,
    ) -> Found {
        self.tally.entries += 1;
        self.mix(&(entry.account, entry.index, entry.amount));
        let id = entry.account;
        let Some(book) = self.books.get_mut(&id) else {
            return broken(Rule::Sum, format!("{id:?} has an entry and was never opened"));
        };
        touched.accounts.insert(id);
        hold(entry.index == book.entries + 1, Rule::Sum, || {
            format!("{id:?}: entry {} after {}", entry.index, book.entries)
        })?;
        hold(entry.amount.micros() % 10_000 == 0, Rule::Sum, || format!("{id:?}: {entry:?} is not whole"))?;
        book.entries = entry.index;
        let amount = cents(entry.amount);
        let promise_before = book.promise;
        let balance = match entry.purse {
            Purse::Main => &mut book.main,
            Purse::Bonus => &mut book.bonus,
        };
        *balance += amount;
        let sum = *balance;
        hold(cents(entry.balance) == sum, Rule::Sum, || {
            format!("{id:?}: the sum is {sum} and not that of {entry:?}")
        })?;
        if book.mode == Mode::Credit {
            book.after.push(book.main);
        }
        let of_bonus = matches!(entry.kind, EntryKind::Bonus | EntryKind::Charge | EntryKind::Late);
        let kept = entry.purse == Purse::Main || (of_bonus && entry.counter != Counter::Cash);
        hold(kept, Rule::Bonus, || format!("{id:?}: bonus money goes {entry:?}"))?;
        if entry.kind == EntryKind::Promise {
            book.promise += amount;
        }
        if entry.kind == EntryKind::Refund {
            hold(sum >= 0, Rule::Bonus, || format!("{id:?}: more is returned than there was: {entry:?}"))?;
        }
        if let Some(usage) = &entry.usage {
            return self.charge(sequence, entry, usage, now, touched);
        }
        touched.mixed.insert(id);
        if let Some(operator) = entry.operator.as_deref() {
            let known = key_of(operator).filter(|key| self.orders.contains_key(key));
            let Some(key) = known else {
                return broken(Rule::Invented, format!("nobody ordered {entry:?}"));
            };
            let account = self.numbers.get(&self.orders[&key].msisdn).map(|number| number.account);
            let order = self.orders.get_mut(&key).expect("it is there");
            let once = *order.batch.get_or_insert(sequence.0) == sequence.0;
            hold(once, Rule::Once, || format!("{:?} is done again by {entry:?}", order.effect))?;
            hold(account == Some(id), Rule::Owner, || {
                format!("{:?} of {} goes to {id:?}", order.effect, order.msisdn)
            })?;
            if entry.kind == EntryKind::Topup {
                order.promised = promise_before;
            }
            order.got.push((entry.kind, amount));
            touched.orders.insert(key);
            return Ok(());
        }
        match entry.kind {
            EntryKind::Fee => self.fee(entry, touched),
            EntryKind::Penalty => {
                self.tally.penalties += 1;
                let book = self.books.get_mut(&id).expect("it is there");
                book.penalties -= amount;
                // a tenth of what was invoiced, and a hundredth for each invoice that is rounded
                let most = book.invoiced / 10 + i128::from(book.invoices);
                hold(amount < 0 && book.penalties <= most, Rule::Penalty, || {
                    format!("{id:?}: penalties of {} on {}", book.penalties, book.invoiced)
                })
            }
            EntryKind::Promise | EntryKind::Bonus if amount < 0 => Ok(()),
            _ => broken(Rule::Invented, format!("for nothing: {entry:?}")),
        }
    }

    /// An account as it is written.
    pub(super) fn account(&mut self, sequence: Sequence, image: &Account, touched: &mut Touched) -> Found {
        touched.images.insert(image.id);
        let book = self.books.get_mut(&image.id).expect("it was met");
        let id = image.id;
        hold(cents(image.main) == book.main && image.main.micros() % 10_000 == 0, Rule::Sum, || {
            format!("{id:?}: the balance is {}, the sum of its entries {}", image.main, book.main)
        })?;
        hold(cents(image.bonus) == book.bonus, Rule::Sum, || {
            format!("{id:?}: the bonus is {}, the sum of its entries {}", image.bonus, book.bonus)
        })?;
        let parts: i128 = image.bonuses.iter().map(|bonus| cents(bonus.left)).sum();
        hold(parts == book.bonus, Rule::Sum, || format!("{id:?}: bonuses of {parts} for {}", book.bonus))?;
        hold(image.ledger_entries == book.entries, Rule::Sum, || {
            format!("{id:?}: {} entries", book.entries)
        })?;
        let promise = image.promise.map_or(0, |promise| cents(promise.left));
        hold(promise == book.promise, Rule::Sum, || {
            format!("{id:?}: {promise} is promised, not {}", book.promise)
        })?;
        if touched.accounts.contains(&id) && touched.mixed.contains(&id) {
            hold(image.ledger_head == Some(sequence), Rule::Sum, || {
                format!("{id:?}: the chain ends elsewhere")
            })?;
        }
        hold(image.revision >= book.revision, Rule::Sum, || format!("{id:?}: an older image"))?;
        book.revision = image.revision;
        let floor = floor_of(image);
        if floor != book.floor {
            touched.mixed.insert(id);
        }
        book.floor = floor;
        if image.life.numbers == Some(0) {
            touched.mixed.insert(id);
        }
        let reserved = image.reserved.micros();
        hold(i128::from(reserved) == book.held * 10_000, Rule::Reserved, || {
            format!("{id:?}: {} is reserved, sessions hold {}", image.reserved, book.held)
        })?;
        let bonus: i128 = image.bonuses.iter().map(|bonus| cents(bonus.reserved)).sum();
        hold(bonus == book.held_bonus, Rule::Reserved, || {
            format!("{id:?}: {bonus} of bonuses is reserved, sessions hold {}", book.held_bonus)
        })
    }

    /// An invoice.
    pub(super) fn bill(&mut self, bill: &Bill) -> Found {
        let Bill::Invoice(one) = bill else { return Ok(()) };
        self.tally.invoices += 1;
        let book = self.books.get_mut(&one.account).expect("it was met");
        let name = || format!("invoice {}-{}", one.account.0, one.number);
        hold(one.number == book.invoices + 1, Rule::Invoice, || {
            format!("{} after {}", name(), book.invoices)
        })?;
        book.invoices = one.number;
        let lines: i128 = one.lines.iter().map(|line| cents(line.amount)).sum();
        let (opening, closing) = (cents(one.opening), cents(one.closing));
        hold(opening + lines == closing, Rule::Invoice, || {
            format!("{}: {opening} and {lines} are {closing}", name())
        })?;
        hold(book.closing.is_none_or(|before| before == opening), Rule::Invoice, || {
            format!("{} begins with {opening}, and not with {:?}", name(), book.closing)
        })?;
        let last = usize::try_from(one.entries.1).unwrap();
        let there = last.checked_sub(1).map_or(Some(&0), |place| book.after.get(place));
        hold(there == Some(&closing), Rule::Invoice, || format!("{}: {there:?} is not {closing}", name()))?;
        book.closing = Some(closing);
        let days = (one.due.secs() - one.to.secs()) / 86_400;
        hold(days == 30, Rule::Invoice, || format!("{} is due after {days} days", name()))?;
        let total = cents(one.total);
        hold((0..=(-closing).max(0)).contains(&total), Rule::Invoice, || format!("{} of {total}", name()))?;
        book.invoiced += total;
        Ok(())
    }

    /// What a batch did by orders is what they were.
    pub(super) fn close_orders(&mut self, touched: &Touched) -> Found {
        for key in &touched.orders {
            self.tally.orders += 1;
            let order = &self.orders[key];
            let only = |kinds: &[EntryKind]| {
                order.got.iter().all(|(kind, amount)| kinds.contains(kind) && *amount < 0)
            };
            let right = match order.due() {
                Some(due) => due == order.got,
                None if order.effect == Effect::Settle => only(&[EntryKind::Refund]),
                None => only(&[EntryKind::Bonus, EntryKind::Promise]),
            };
            hold(right, Rule::Order, || {
                format!("{:?} of {} did {:?}", order.effect, order.msisdn, order.got)
            })?;
        }
        Ok(())
    }

    pub(super) fn order_replied(&mut self, key: OperationKey, done: Option<bool>) -> Found {
        let Some(order) = self.orders.get(&key) else {
            return broken(Rule::Invented, format!("a reply to nothing: {key:?}"));
        };
        let moves = order
            .due()
            .map_or(order.effect == Effect::Settle, |due| due.iter().any(|(_, amount)| *amount != 0));
        match done {
            Some(true) if moves => hold(order.batch.is_some(), Rule::Durable, || {
                format!("{:?} of {} is done, and not in the books", order.effect, order.msisdn)
            }),
            None => hold(order.batch.is_none(), Rule::Order, || {
                format!("{:?} of {} is refused, and in the books", order.effect, order.msisdn)
            }),
            Some(_) => Ok(()),
        }
    }

    /// The disk has what was durable.
    pub(super) fn hold_disk(&self, disk: &Disk) -> Found {
        for (id, book) in &self.books {
            let there = disk.accounts.get(id);
            let same = there.is_some_and(|account| {
                cents(account.main) == book.main
                    && cents(account.bonus) == book.bonus
                    && account.ledger_entries == book.entries
            });
            hold(same, Rule::Durable, || {
                format!("{id:?} should have {} and {}: {there:?}", book.main, book.bonus)
            })?;
        }
        hold(disk.sessions.len() == self.sessions.len(), Rule::Durable, || {
            format!("{} sessions, and not {}", disk.sessions.len(), self.sessions.len())
        })
    }

    /// Every sum from the first entry on.
    pub(super) fn hold_everything(&self, disk: &Disk) -> Found {
        for (id, book) in &self.books {
            let of = |purse: Purse| -> i128 {
                let entries = disk.ledger.get(id).into_iter().flatten();
                entries.filter(|(_, entry)| entry.purse == purse).map(|(_, entry)| cents(entry.amount)).sum()
            };
            let sums = (of(Purse::Main), of(Purse::Bonus));
            hold(sums == (book.main, book.bonus), Rule::Sum, || format!("{id:?}: {sums:?}"))?;
        }
        Ok(())
    }

    pub(super) fn book(&mut self, id: AccountId) -> Option<&mut Book> {
        self.books.get_mut(&id)
    }
}
