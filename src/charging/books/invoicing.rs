//! Invoices of credit accounts: periods are closed, become due, and delay is penalised (`ACC-6`, `INV-1`, `PEN-1`).
//!
//! An invoice asks for what the period added to the debt: the sum of all invoices that are not paid is the debt at the
//! end of the last period. Money that comes is set against the oldest first. A day of delay is over when the day after
//! it begins in the operator's zone; its penalty is laid on what is owed then. All days of an invoice together are
//! rounded, so that none of them adds or loses a part of a hundredth, and penalties bear no penalties.

use super::operations::Act;
use crate::charging::account::credit::{Bill, CreditBook, Invoice, OpenInvoice, Sort, WHOLE, share};
use crate::charging::account::{Account, Mode};
use crate::charging::calendar::{MONTH, Period};
use crate::charging::catalogue::BillingRules;
use crate::charging::ledger::{EntryKind, LedgerEntry};
use crate::charging::units::Money;
use crate::time::{Timestamp, Zone};

/// How references of penalties begin: then come account, invoice and day.
pub const REFERENCE: &str = "penalty:";

/// By what a credit account is invoiced, at some moment.
#[derive(Clone, Copy, Debug)]
pub struct Ledgers<'a> {
    /// The rules.
    pub rules: &'a BillingRules,
    /// The operator's zone.
    pub zone: &'a Zone,
    /// When it is done.
    pub now: Timestamp,
}

/// When something is to be done about the account's invoices next.
pub fn next(account: &Account) -> Option<Timestamp> {
    let book = account.book.as_ref().filter(|_| account.mode == Mode::Credit)?;
    let quiet = account.life.numbers == Some(0) && book.lines.is_empty() && book.open.is_empty();
    book.next().filter(|_| !quiet)
}

impl Ledgers<'_> {
    /// Begins the first period of an account in credit mode. True where it was to be begun.
    pub fn begin(&self, account: &mut Account) -> bool {
        if account.mode != Mode::Credit || account.book.as_ref().is_some_and(|book| book.period.is_some()) {
            return false;
        }
        let (main, first) = (account.main, account.ledger_entries.saturating_add(1));
        let book = account.book.get_or_insert_with(|| Box::new(CreditBook::opened(main, first)));
        book.period = Some(Period::first(self.now, MONTH, self.zone));
        account.count_change();
        true
    }

    /// Does what is due first: a day of delay, or the end of the period. Days come before the end of a period at the
    /// same moment: they belong to it.
    pub fn step(&self, account: &mut Account) -> Option<LedgerEntry> {
        let book = account.book.as_ref()?;
        let (day, end) = (book.next_day(), book.period.map(|period| period.to));
        account.count_change();
        match (day, end) {
            (Some(day), end) if end.is_none_or(|end| day <= end) => {
                let entry = self.day_over(account, day);
                account.note_overdue(day);
                entry
            }
            _ => {
                self.close(account);
                account.note_overdue(self.now);
                None
            }
        }
    }

    /// One invoice becomes due at that moment, or a day of its delay is over then.
    fn day_over(&self, account: &mut Account, day: Timestamp) -> Option<LedgerEntry> {
        let book = account.book.as_mut()?;
        let one = book.open.iter_mut().find(|one| one.next == Some(day))?;
        if one.due == day {
            one.late = one.debt();
            one.next = self.zone.day_after(day, 0, 1).filter(|_| one.late.is_positive());
            return None;
        }
        one.debt_days = one.debt_days.checked_add(one.debt()).unwrap_or(Money::MAX);
        let exact = i128::from(one.debt_days.micros()).saturating_mul(i128::from(self.rules.penalty));
        let most = i128::from(one.late.micros()).saturating_mul(i128::from(self.rules.penalty_most));
        let target = share(exact, 1, WHOLE).min(down(most));
        let fine = target.checked_sub(one.fined).unwrap_or(Money::ZERO).max(Money::ZERO);
        let full = exact >= most || !one.debt().is_positive();
        one.next = self.zone.day_after(day, 0, 1).filter(|_| !full);
        if !fine.is_positive() {
            return None;
        }
        let (number, before) = (one.number, one.fined);
        one.fined = before.checked_add(fine)?;
        let reference = format!("{REFERENCE}{}-{number}:{}", account.id.0, self.zone.date(day));
        let note = format!("invoice {}-{number}", account.id.0);
        let act =
            Act { at: self.now, reference: Some(reference.into()), operator: None, note: Some(note.into()) };
        account.post(fine.checked_neg()?, EntryKind::Penalty, act, None)
    }

    /// Closes the period: its invoice, and the next period.
    fn close(&self, account: &mut Account) {
        let (id, contract, main) = (account.id, account.contract, account.main);
        let (last, ended) = (account.ledger_entries, account.life.numbers == Some(0));
        let Some(book) = &mut account.book else { return };
        let Some(period) = book.period else { return };
        book.period = Some(period.next(MONTH, self.zone));
        let lines = core::mem::take(&mut book.lines);
        if ended && lines.is_empty() {
            return;
        }
        let (opening, first) = (book.opening, book.first);
        (book.opening, book.first) = (main, last.saturating_add(1));
        let debt = main.checked_neg().unwrap_or(Money::MAX).max(Money::ZERO);
        let left = book.left();
        let total = debt.checked_sub(left).unwrap_or(Money::ZERO).max(Money::ZERO);
        let surplus = left.checked_sub(debt).unwrap_or(Money::ZERO).max(Money::ZERO);
        book.allocate(id, surplus, self.now, None);
        let due_days = i32::from(self.rules.due_days);
        let due = self.zone.day_after(period.to, 0, due_days).unwrap_or(Timestamp::MAX);
        book.last = book.last.saturating_add(1);
        let invoice = Invoice {
            account: id,
            contract,
            number: book.last,
            from: period.from,
            to: period.to,
            issued: self.now,
            due,
            opening,
            closing: main,
            entries: (first, last),
            lines,
            vat: self.rules.vat,
            total,
        };
        if total.is_positive() {
            let penalties = invoice.sum(Sort::Penalty).checked_neg().unwrap_or(Money::ZERO);
            book.open.push(OpenInvoice {
                number: invoice.number,
                due,
                left: total,
                penalties: penalties.max(Money::ZERO).min(total),
                late: Money::ZERO,
                debt_days: Money::ZERO,
                fined: Money::ZERO,
                next: Some(due),
                payments: 0,
            });
        }
        book.bills.push(Bill::Invoice(Box::new(invoice)));
    }

    /// Whether an invoice of a period that ended then comes too late (`INV-1`).
    pub fn is_late(&self, to: Timestamp) -> bool {
        self.zone.day_after(to, 0, BillingRules::ISSUED_WITHIN_DAYS).is_some_and(|end| end <= self.now)
    }
}

/// Millionths of micros, rounded down to hundredths.
fn down(millionths: i128) -> Money {
    let cents = millionths.max(0) / WHOLE / i128::from(Money::MICROS_PER_CENT);
    i64::try_from(cents).ok().and_then(Money::from_cents).unwrap_or(Money::MAX)
}

#[cfg(test)]
mod tests;
