//! Invoices, as they are shown and exported (`INV-1`).

use serde::{Deserialize, Serialize};

use super::Form;
use crate::charging::account::credit::{Allocation, Line as Sum, Sort};
use crate::engine::control::InvoiceView;

/// An invoice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Invoice {
    /// Its name: account and number.
    pub invoice: String,
    /// The account.
    pub account: String,
    /// Its number within the account, from 1.
    pub number: u32,
    /// The contract.
    pub contract: String,
    /// ISO 4217.
    pub currency: String,
    /// When its period began.
    pub from: String,
    /// When its period ended.
    pub to: String,
    /// When it was issued.
    pub issued: String,
    /// By when it is to be paid.
    pub due: String,
    /// The main balance before the period.
    pub opening: String,
    /// The main balance after it: opening and lines together.
    pub closing: String,
    /// What is to be paid for it.
    pub total: String,
    /// What of it is not paid.
    pub left: String,
    /// The value-added tax in its lines.
    pub tax: String,
    /// The penalties in its lines.
    pub penalties: String,
    /// Ledger entries of the period: the first and the last.
    pub entries: [u64; 2],
    /// The lines.
    pub lines: Vec<Line>,
    /// What was paid for it.
    pub payments: Vec<Payment>,
}

/// A line of an invoice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Line {
    /// `fee`, `use`, `late-use`, `given-back`, `claim`, `penalty`, `third-party`, `paid-in`, `paid-out`, `correction`.
    pub sort: String,
    /// The service or plan; empty where it is for none.
    pub what: String,
    /// The sum of its ledger entries: below nothing is what is charged.
    pub amount: String,
    /// The tax in it.
    pub tax: String,
    /// How many ledger entries.
    pub entries: u64,
}

/// Money that was set against an invoice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Payment {
    /// When.
    pub at: String,
    /// How much.
    pub amount: String,
    /// What was not paid after it.
    pub left: String,
    /// The payer's reference.
    pub reference: Option<String>,
}

/// A page of invoices.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Page {
    /// The invoices, by account and number.
    pub invoices: Vec<Invoice>,
    /// What to ask for the next page with.
    pub next: Option<String>,
}

impl Invoice {
    /// As operators see it.
    pub fn of(view: &InvoiceView, form: &Form) -> Self {
        let InvoiceView { invoice, paid } = view;
        let line = |line: &Sum| Line {
            sort: line.sort.as_str().into(),
            what: line.what.as_ref().into(),
            amount: line.amount.to_string(),
            tax: invoice.tax_of(line).to_string(),
            entries: line.entries,
        };
        let payment = |one: &Allocation| Payment {
            at: form.time(one.at),
            amount: one.amount.to_string(),
            left: one.left.to_string(),
            reference: one.reference.as_deref().map(Into::into),
        };
        let penalties = invoice.sum(Sort::Penalty);
        Self {
            invoice: format!("{}-{}", invoice.account.0, invoice.number),
            account: invoice.account.0.to_string(),
            number: invoice.number,
            contract: invoice.contract.0.to_string(),
            currency: form.currency.clone(),
            from: form.time(invoice.from),
            to: form.time(invoice.to),
            issued: form.time(invoice.issued),
            due: form.time(invoice.due),
            opening: invoice.opening.to_string(),
            closing: invoice.closing.to_string(),
            total: invoice.total.to_string(),
            left: paid.last().map_or(invoice.total, |last| last.left).to_string(),
            tax: invoice.tax().to_string(),
            penalties: penalties.checked_neg().unwrap_or(penalties).to_string(),
            entries: [invoice.entries.0, invoice.entries.1],
            lines: invoice.lines.iter().map(line).collect(),
            payments: paid.iter().map(payment).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::account::credit::Invoice as Bill;
    use crate::charging::account::{AccountId, ContractId};
    use crate::charging::units::Money;
    use crate::time::Timestamp;

    #[test]
    fn an_invoice_says_what_for_and_what_is_not_paid() {
        let cents = |cents| Money::from_cents(cents).unwrap();
        let line =
            |sort, what: &str, amount| Sum { sort, what: what.into(), amount: cents(amount), entries: 1 };
        let invoice = Bill {
            account: AccountId(7),
            contract: ContractId(5),
            number: 3,
            from: Timestamp::from_secs(0),
            to: Timestamp::from_secs(1),
            issued: Timestamp::from_secs(2),
            due: Timestamp::from_secs(3),
            opening: Money::ZERO,
            closing: cents(-400_118),
            entries: (1, 3),
            lines: vec![line(Sort::Fee, "first", -399_000), line(Sort::Penalty, "", -1_118)],
            vat: 120_000,
            total: cents(400_118),
        };
        let paid = vec![Allocation {
            account: AccountId(7),
            invoice: 3,
            place: 1,
            at: Timestamp::from_secs(4),
            amount: cents(118),
            left: cents(400_000),
            reference: None,
        }];
        let told = Invoice::of(&InvoiceView { invoice, paid }, &Form::plain());
        assert_eq!((&*told.invoice, &*told.tax, &*told.penalties), ("7-3", "427.50", "11.18"));
        assert_eq!((&*told.total, &*told.left), ("4001.18", "4000.00"));
        assert_eq!((&*told.lines[0].tax, &*told.lines[1].tax), ("427.50", "0.00"));
        let written = serde_json::to_string(&told).unwrap();
        assert_eq!(serde_json::from_str::<Invoice>(&written).unwrap(), told);
    }
}
