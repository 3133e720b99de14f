//! The book of a credit account: what came in the running period, line by line, and which invoices are not paid
//! (`ACC-6`, `ACC-7`, `PEN-1`, `INV-1`).

use super::{Account, AccountId, ContractId, Mode};
use crate::charging::calendar::Period;
use crate::charging::units::Money;
use crate::time::Timestamp;

/// The most lines of one invoice; what finds no room goes into one line of its sort.
pub const LINES: usize = 64;

/// Shares are in millionths: 1 % is 10,000.
pub const WHOLE: i128 = 1_000_000;

/// What a line of an invoice is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Sort {
    /// Fees.
    Fee,
    /// Use.
    Use,
    /// Use of an earlier period that came late (`ACC-16`).
    LateUse,
    /// Charges given back.
    GivenBack,
    /// Claims for damage.
    Claim,
    /// Penalties for late payment.
    Penalty,
    /// Payments to third parties.
    ThirdParty,
    /// Money paid in.
    PaidIn,
    /// Money paid out, and payments taken back.
    PaidOut,
    /// Corrections, and whatever else.
    Correction,
}

impl Sort {
    /// Every sort.
    pub const ALL: [Self; 10] = [
        Self::Fee,
        Self::Use,
        Self::LateUse,
        Self::GivenBack,
        Self::Claim,
        Self::Penalty,
        Self::ThirdParty,
        Self::PaidIn,
        Self::PaidOut,
        Self::Correction,
    ];

    /// The word: `fee`, `use`, `late-use`, `given-back`, `claim`, `penalty`, `third-party`, `paid-in`, `paid-out`,
    /// `correction`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fee => "fee",
            Self::Use => "use",
            Self::LateUse => "late-use",
            Self::GivenBack => "given-back",
            Self::Claim => "claim",
            Self::Penalty => "penalty",
            Self::ThirdParty => "third-party",
            Self::PaidIn => "paid-in",
            Self::PaidOut => "paid-out",
            Self::Correction => "correction",
        }
    }

    /// Whether its prices contain value-added tax: what the operator sells.
    pub const fn is_taxed(self) -> bool {
        matches!(self, Self::Fee | Self::Use | Self::LateUse | Self::GivenBack)
    }
}

/// A line of an invoice: the sum of ledger entries of one sort and service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// What for.
    pub sort: Sort,
    /// The service or plan; empty where it is for none.
    pub what: Box<str>,
    /// The sum of the entries: below nothing is what is charged.
    pub amount: Money,
    /// How many entries.
    pub entries: u64,
}

/// An invoice that is not paid, or not wholly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenInvoice {
    /// Its number within the account, from 1.
    pub number: u32,
    /// By when it is to be paid.
    pub due: Timestamp,
    /// What of it is not paid.
    pub left: Money,
    /// How much of it is penalties, on which no penalty is laid; what is paid pays the rest first.
    pub penalties: Money,
    /// What was not paid as it became due.
    pub late: Money,
    /// The sum of the debt of each day of delay so far.
    pub debt_days: Money,
    /// The penalties that were charged for it.
    pub fined: Money,
    /// When a day of delay is over next, or it becomes due; none once the penalties have come to their most.
    pub next: Option<Timestamp>,
    /// How many payments were set against it.
    pub payments: u32,
}

impl OpenInvoice {
    /// The debt that a penalty is laid on.
    pub fn debt(&self) -> Money {
        self.left.checked_sub(self.penalties).unwrap_or(Money::ZERO).max(Money::ZERO)
    }
}

/// Money that was set against an invoice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Allocation {
    /// Whose.
    pub account: AccountId,
    /// The invoice.
    pub invoice: u32,
    /// Its place among the payments of that invoice, from 1.
    pub place: u32,
    /// When.
    pub at: Timestamp,
    /// How much.
    pub amount: Money,
    /// What is not paid after it.
    pub left: Money,
    /// The payer's reference.
    pub reference: Option<Box<str>>,
}

/// An invoice: a closed period of a credit account (`INV-1`). It never changes; what is paid stands beside it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invoice {
    /// Whose.
    pub account: AccountId,
    /// The contract.
    pub contract: ContractId,
    /// Its number within the account, from 1, without gaps.
    pub number: u32,
    /// When its period began.
    pub from: Timestamp,
    /// When its period ended.
    pub to: Timestamp,
    /// When it was issued.
    pub issued: Timestamp,
    /// By when it is to be paid.
    pub due: Timestamp,
    /// The main balance before its first entry.
    pub opening: Money,
    /// The main balance after its last entry: opening and lines together.
    pub closing: Money,
    /// The first and the last ledger entry of the period; the last is below the first where there are none.
    pub entries: (u64, u64),
    /// The lines.
    pub lines: Vec<Line>,
    /// The value-added tax in force, in millionths.
    pub vat: u32,
    /// What is to be paid for it; what earlier invoices say is not in it.
    pub total: Money,
}

impl Invoice {
    /// The tax that a line contains, rounded half up to hundredths.
    pub fn tax_of(&self, line: &Line) -> Money {
        if !line.sort.is_taxed() {
            return Money::ZERO;
        }
        let (vat, price) = (i128::from(self.vat), i128::from(line.amount.micros()).saturating_neg());
        share(price, vat, WHOLE.saturating_add(vat))
    }

    /// The tax that all lines contain.
    pub fn tax(&self) -> Money {
        let taxes = self.lines.iter().map(|line| self.tax_of(line));
        taxes.fold(Money::ZERO, |sum, tax| sum.checked_add(tax).unwrap_or(sum))
    }

    /// The sum of the lines of a sort.
    pub fn sum(&self, sort: Sort) -> Money {
        let of = self.lines.iter().filter(|line| line.sort == sort).map(|line| line.amount);
        of.fold(Money::ZERO, |sum, one| sum.checked_add(one).unwrap_or(sum))
    }
}

/// A share of an amount in millionths of the currency unit, rounded half up to hundredths, away from nothing.
pub fn share(micros: i128, part: i128, whole: i128) -> Money {
    let cent = i128::from(Money::MICROS_PER_CENT);
    let Some(product) = micros.checked_abs().and_then(|micros| micros.checked_mul(part)) else {
        return Money::ZERO;
    };
    let Some(unit) = whole.checked_mul(cent).filter(|unit| *unit > 0) else { return Money::ZERO };
    let cents = product.saturating_add(unit / 2).checked_div(unit).unwrap_or(0);
    let signed = if micros < 0 { cents.saturating_neg() } else { cents };
    i64::try_from(signed).ok().and_then(Money::from_cents).unwrap_or(Money::ZERO)
}

/// What is to be kept for ever and was made by a change of the account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Bill {
    /// A period was closed.
    Invoice(Box<Invoice>),
    /// Money was set against an invoice.
    Allocation(Allocation),
}

/// The book of a credit account.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CreditBook {
    /// The running period; none before the first was begun.
    pub period: Option<Period>,
    /// The main balance as the period began.
    pub opening: Money,
    /// The first ledger entry of the period.
    pub first: u64,
    /// What came in it.
    pub lines: Vec<Line>,
    /// Invoices that are not paid, the oldest first.
    pub open: Vec<OpenInvoice>,
    /// The number of the last invoice; 0 before the first.
    pub last: u32,
    /// What a change has made and whoever writes the account down takes out: never stored with it.
    pub bills: Vec<Bill>,
}

impl CreditBook {
    /// A book that begins with what is there.
    pub fn opened(opening: Money, first: u64) -> Self {
        Self { opening, first, ..Self::default() }
    }

    /// Enters an amount into its line.
    pub fn enter(&mut self, sort: Sort, what: &str, amount: Money) {
        if amount.is_zero() {
            return;
        }
        let full = self.lines.len() >= LINES;
        let known = self.lines.iter().position(|line| line.sort == sort && *line.what == *what);
        let other = || self.lines.iter().position(|line| line.sort == sort && line.what.is_empty());
        let place = known.or_else(|| if full { other() } else { None });
        if let Some(line) = place.and_then(|place| self.lines.get_mut(place)) {
            line.amount = line.amount.checked_add(amount).unwrap_or(line.amount);
            line.entries = line.entries.saturating_add(1);
            return;
        }
        let what = if full { "" } else { what };
        self.lines.push(Line { sort, what: what.into(), amount, entries: 1 });
    }

    /// What of all invoices is not paid.
    pub fn left(&self) -> Money {
        self.open.iter().fold(Money::ZERO, |sum, one| sum.checked_add(one.left).unwrap_or(Money::MAX))
    }

    /// When a day of delay is over, or an invoice becomes due, next.
    pub fn next_day(&self) -> Option<Timestamp> {
        self.open.iter().filter_map(|one| one.next).min()
    }

    /// When something is to be done next.
    pub fn next(&self) -> Option<Timestamp> {
        let end = self.period.map(|period| period.to);
        [self.next_day(), end].into_iter().flatten().min()
    }

    /// Sets money against the invoices, the oldest first, and gives what is left of it.
    pub fn allocate(
        &mut self,
        account: AccountId,
        money: Money,
        at: Timestamp,
        reference: Option<&str>,
    ) -> Money {
        let mut rest = money.max(Money::ZERO);
        for one in &mut self.open {
            let amount = one.left.min(rest);
            if !amount.is_positive() {
                continue;
            }
            rest = rest.checked_sub(amount).unwrap_or(Money::ZERO);
            one.left = one.left.checked_sub(amount).unwrap_or(Money::ZERO);
            one.payments = one.payments.saturating_add(1);
            let (invoice, place, left) = (one.number, one.payments, one.left);
            let reference = reference.map(Into::into);
            let allocation = Allocation { account, invoice, place, at, amount, left, reference };
            self.bills.push(Bill::Allocation(allocation));
        }
        self.open.retain(|one| one.left.is_positive());
        rest
    }
}

impl Account {
    /// Since when an invoice is unpaid beyond its due date, as its book says now.
    pub(in crate::charging) fn note_overdue(&mut self, now: Timestamp) {
        if let (Mode::Credit, Some(book)) = (self.mode, &self.book) {
            self.life.unpaid_since = book.open.iter().map(|one| one.due).filter(|due| *due <= now).min();
        }
    }

    /// Takes out what is to be kept for ever.
    pub fn take_bills(&mut self) -> Vec<Bill> {
        self.book.as_mut().map(|book| core::mem::take(&mut book.bills)).unwrap_or_default()
    }
}
