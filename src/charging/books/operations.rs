//! Operators' operations on an account. Each gives back the changed account and its ledger entry, or
//! says why it cannot be done; whatever is refused leaves no trace (`ACC-1`).
//!
//! Whether a payment's reference was used before is a look-up of the caller's: here each call is one
//! payment.

use thiserror::Error;

use crate::charging::account::life::AccountLife;
use crate::charging::account::{Account, AccountId, Allowance, ContractId, Mode};
use crate::charging::catalogue::Plan;
use crate::charging::ledger::{ChargedUse, Counter, EntryKind, LedgerEntry, Purse};
use crate::charging::units::Money;
use crate::time::Timestamp;

/// Why an operation on an account is refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Error)]
pub enum OperationError {
    /// The amount is nothing or less.
    #[error("the amount must be more than nothing")]
    NotPositive,
    /// The amount is nothing.
    #[error("an adjustment by nothing changes nothing")]
    Nothing,
    /// The amount has more than two decimals.
    #[error("the amount has more than two decimals: the ledger keeps whole hundredths")]
    NotWholeHundredths,
    /// The balance after it could not be written.
    #[error("the balance after it is more than can be written")]
    TooLarge,
    /// What is billed was used later than now.
    #[error("what is billed cannot have been used later than now")]
    UsedLater,
    /// An overdraft belongs to advance mode, a credit limit to credit mode.
    #[error("an overdraft belongs to advance mode, a credit limit to credit mode")]
    WrongMode,
    /// The credit limit is above what the operator allows anyone (`ACC-9`).
    #[error("no credit limit may be above {0}: that is the operator's ceiling")]
    AboveCeiling(Money),
    /// More is to be paid out than is the subscriber's own (`ACC-10`, `ACC-14`).
    #[error("{0} can be given back at most: what is reserved, promised, owed or a bonus is not paid out")]
    NotOwn(Money),
    /// Promises are for advance mode.
    #[error("payments are promised in advance mode only")]
    NotPromised,
    /// The operator offers no promised payments.
    #[error("no payments are promised here: accounts.promise_amount is 0")]
    NoPromises,
    /// A promised payment has not come yet.
    #[error("a promised payment is outstanding: {0} of it has not come")]
    PromiseOutstanding(Money),
    /// The number was not served for long enough.
    #[error("a payment is promised after {0} days of use at the earliest")]
    ServedTooShort(u64),
    /// Bonus money that ends before it begins.
    #[error("the bonus would be over before it is given")]
    BonusOver,
    /// More bonuses than one account may have.
    #[error("the account has {0} bonuses already, the most it may have")]
    TooManyBonuses(usize),
}

/// Who does an operation, when, and what he says of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// The payer's reference.
    pub reference: Option<Box<str>>,
    /// The operator.
    pub operator: Option<Box<str>>,
    /// A note.
    pub note: Option<Box<str>>,
}

/// An account after an operation, and its entries in their order.
pub type Booked = Result<(Account, Vec<LedgerEntry>), OperationError>;

impl Account {
    /// A new account with nothing on it; overdraft and credit limit nothing.
    pub fn new(id: AccountId, mode: Mode) -> Self {
        Self {
            id,
            mode,
            main: Money::ZERO,
            bonus: Money::ZERO,
            bonuses: Vec::new(),
            promise: None,
            contract: ContractId(id.0),
            overdraft: Money::ZERO,
            credit_limit: Money::ZERO,
            reserved: Money::ZERO,
            ledger_head: None,
            ledger_entries: 0,
            revision: 0,
            life: AccountLife { unpaid_since: None, numbers: Some(1) },
        }
    }

    /// Adds an amount to the main balance under the next ledger index. Nothing changes where it does not
    /// fit. The caller counts up the revision, once for each commit.
    pub(in crate::charging) fn post(
        &mut self,
        amount: Money,
        kind: EntryKind,
        act: Act,
        usage: Option<ChargedUse>,
    ) -> Option<LedgerEntry> {
        self.post_to(Purse::Main, amount, (kind, kind.counter()), act, usage)
    }

    /// Adds an amount to a balance, with the other side named. Of bonus money the sum alone is changed here.
    pub(in crate::charging) fn post_to(
        &mut self,
        purse: Purse,
        amount: Money,
        (kind, counter): (EntryKind, Counter),
        act: Act,
        usage: Option<ChargedUse>,
    ) -> Option<LedgerEntry> {
        let of = match purse {
            Purse::Main => &mut self.main,
            Purse::Bonus => &mut self.bonus,
        };
        let balance = of.checked_add(amount)?;
        let index = self.ledger_entries.checked_add(1)?;
        *of = balance;
        self.ledger_entries = index;
        Some(LedgerEntry {
            account: self.id,
            index,
            previous: self.ledger_head,
            at: act.at,
            amount,
            purse,
            balance,
            kind,
            counter,
            reference: act.reference,
            operator: act.operator,
            note: act.note,
            usage,
        })
    }

    /// The change is counted.
    pub(in crate::charging) fn count_change(&mut self) {
        self.revision = self.revision.saturating_add(1);
    }
}

/// Opens an account with an advance payment, which has its ledger entry unless it is nothing.
pub fn open(
    id: AccountId,
    mode: Mode,
    advance: Money,
    act: Act,
) -> Result<(Account, Option<LedgerEntry>), OperationError> {
    let account = Account::new(id, mode);
    match advance.micros() {
        0 => Ok((account, None)),
        micros if micros < 0 => Err(OperationError::NotPositive),
        _ => {
            let (mut account, entry) = booked(account, advance, EntryKind::Advance, act)?;
            account.revision = 0;
            Ok((account, Some(entry)))
        }
    }
}

/// A top-up: more than nothing, whole hundredths. What was promised is not paid by it: see
/// [`super::payment::pay_in`].
pub(crate) fn topup(
    account: Account,
    amount: Money,
    act: Act,
) -> Result<(Account, LedgerEntry), OperationError> {
    if !amount.is_positive() {
        return Err(OperationError::NotPositive);
    }
    booked(account, amount, EntryKind::Topup, act)
}

/// An operator's correction, up or down, whole hundredths; it may leave the balance negative.
pub fn adjust(account: Account, amount: Money, act: Act) -> Result<(Account, LedgerEntry), OperationError> {
    if amount.is_zero() {
        return Err(OperationError::Nothing);
    }
    booked(account, amount, EntryKind::Adjustment, act)
}

/// Sets how far into debt a credit account may go (`ACC-9`); it may lie below the present debt.
pub fn set_credit_limit(mut account: Account, limit: Money) -> Result<Account, OperationError> {
    if account.mode != Mode::Credit {
        return Err(OperationError::WrongMode);
    }
    account.credit_limit = whole(limit, true)?;
    account.count_change();
    Ok(account)
}

/// Sets how far below nothing an advance account may go.
pub fn set_overdraft(mut account: Account, overdraft: Money) -> Result<Account, OperationError> {
    if account.mode != Mode::Advance {
        return Err(OperationError::WrongMode);
    }
    account.overdraft = whole(overdraft, true)?;
    account.count_change();
    Ok(account)
}

/// The full bundles of a plan, as a new number gets them (`RES-2`).
pub fn bundles_of(plan: &Plan) -> Vec<Allowance> {
    let full = |bundle: &crate::charging::catalogue::Bundle| Allowance {
        bundle: bundle.id.clone(),
        unit: bundle.amount.unit,
        left: bundle.amount.count,
        reserved: 0,
        expires: None,
    };
    plan.bundles.iter().map(full).collect()
}

fn booked(
    account: Account,
    amount: Money,
    kind: EntryKind,
    act: Act,
) -> Result<(Account, LedgerEntry), OperationError> {
    booked_to(account, Purse::Main, amount, (kind, kind.counter()), act)
}

pub(super) fn booked_to(
    mut account: Account,
    purse: Purse,
    amount: Money,
    what: (EntryKind, Counter),
    act: Act,
) -> Result<(Account, LedgerEntry), OperationError> {
    let amount = whole(amount, false)?;
    let entry = account.post_to(purse, amount, what, act, None).ok_or(OperationError::TooLarge)?;
    account.count_change();
    Ok((account, entry))
}

/// Sets a credit limit (`ACC-9`) that the operator's ceiling allows.
pub fn set_limit_below(
    account: Account,
    limit: Money,
    ceiling: Option<Money>,
) -> Result<Account, OperationError> {
    match ceiling.filter(|ceiling| limit > *ceiling) {
        Some(ceiling) => Err(OperationError::AboveCeiling(ceiling)),
        None => set_credit_limit(account, limit),
    }
}

fn whole(amount: Money, limit: bool) -> Result<Money, OperationError> {
    if limit && amount.is_negative() {
        return Err(OperationError::NotPositive);
    }
    let hundredths = amount.micros().rem_euclid(Money::MICROS_PER_CENT) == 0;
    if hundredths { Ok(amount) } else { Err(OperationError::NotWholeHundredths) }
}

#[cfg(test)]
pub(in crate::charging) mod tests {
    use super::*;
    use crate::charging::account::life::Life;
    use crate::charging::account::{Brand, Standing, Subscriber};
    use crate::charging::books::audit::audit;
    use crate::charging::units::Digits;

    pub(in crate::charging) fn cents(cents: i64) -> Money {
        Money::from_cents(cents).unwrap()
    }

    pub(in crate::charging) fn account(mode: Mode, main: i64) -> Account {
        Account { main: cents(main), ..Account::new(AccountId(7), mode) }
    }

    pub(in crate::charging) fn subscriber() -> Subscriber {
        Subscriber {
            msisdn: Digits::parse("77010000001").unwrap(),
            imsi: None,
            account: AccountId(7),
            plan: "first".into(),
            brand: Brand::Kcell,
            owner: None,
            owner_is_entity: false,
            standing: Standing::Active,
            language: None,
            barred: Vec::new(),
            overage: true,
            allowances: Vec::new(),
            emergency_calls: 0,
            since: Timestamp::EPOCH,
            revision: 0,
            life: Life::default(),
        }
    }

    #[test]
    fn every_operation_that_moves_money_has_its_entry_and_the_books_balance() {
        let act = |reference: &str| Act { reference: Some(reference.into()), ..Act::default() };
        let (account, advance) = open(AccountId(7), Mode::Advance, cents(100_000), act("a")).unwrap();
        let (account, topup) = topup(account, cents(50), act("b")).unwrap();
        let (account, adjusted) = adjust(account, cents(-100_051), act("c")).unwrap();
        let entries = [advance.unwrap(), topup, adjusted];
        assert_eq!(account.main, cents(-1));
        assert_eq!(account.revision, 2);
        assert_eq!(entries.iter().map(|entry| entry.index).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(
            entries.iter().map(|entry| entry.kind).collect::<Vec<_>>(),
            [EntryKind::Advance, EntryKind::Topup, EntryKind::Adjustment]
        );
        assert_eq!(entries[2].reference.as_deref(), Some("c"));
        audit(&account, &[], &entries).unwrap();
    }

    #[test]
    fn an_account_opened_with_nothing_has_no_entry() {
        let (account, entry) = open(AccountId(7), Mode::Credit, Money::ZERO, Act::default()).unwrap();
        assert_eq!((account.ledger_entries, entry), (0, None));
    }

    #[test]
    fn amounts_that_cannot_be_booked_are_refused_by_their_reason() {
        let advance = || account(Mode::Advance, 0);
        let fraction = Money::from_micros(10_001);
        let most = Money::from_micros(Money::MAX.micros() - Money::MAX.micros() % Money::MICROS_PER_CENT);
        let topup = |account, amount| topup(account, amount, Act::default()).map(|_| ());
        let adjust = |account, amount| adjust(account, amount, Act::default()).map(|_| ());
        assert_eq!(topup(advance(), Money::ZERO), Err(OperationError::NotPositive));
        assert_eq!(topup(advance(), cents(-1)), Err(OperationError::NotPositive));
        assert_eq!(topup(advance(), fraction), Err(OperationError::NotWholeHundredths));
        assert_eq!(topup(account(Mode::Advance, 1), most), Err(OperationError::TooLarge));
        assert_eq!(adjust(advance(), Money::ZERO), Err(OperationError::Nothing));
        assert_eq!(
            adjust(account(Mode::Advance, -100), Money::from_micros(i64::MIN + 5_808)),
            Err(OperationError::TooLarge)
        );
        let opened = open(AccountId(1), Mode::Advance, cents(-1), Act::default()).map(|_| ());
        assert_eq!(opened, Err(OperationError::NotPositive));
    }

    #[test]
    fn limits_belong_to_their_mode() {
        assert_eq!(set_credit_limit(account(Mode::Advance, 0), cents(1)), Err(OperationError::WrongMode));
        assert_eq!(set_overdraft(account(Mode::Credit, 0), cents(1)), Err(OperationError::WrongMode));
        assert_eq!(set_overdraft(account(Mode::Advance, 0), cents(-1)), Err(OperationError::NotPositive));
        let credit = set_credit_limit(account(Mode::Credit, 0), cents(500)).unwrap();
        assert_eq!((credit.available(), credit.revision), (cents(500), 1));
    }
}
