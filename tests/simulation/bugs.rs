//! Planted bugs: what a server might do wrong, done between the core and the disk, so that the production code knows
//! nothing of it. Each is done in a way that is consistent in itself, as far as it can be: it is the auditor that must
//! notice.

use gyro::charging::account::{Account, AccountId};
use gyro::charging::answer::{Denial, Outcome};
use gyro::charging::ledger::{EntryKind, LedgerEntry, Purse};
use gyro::charging::units::Money;
use gyro::engine::core::Answered;

use crate::auditor::Rule;
use crate::disk::{Disk, Op};

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bug {
    /// A charge is entered twice.
    DoubleDebit,
    /// What was given back stays reserved.
    LostRelease,
    /// An answer leaves before it is durable.
    EarlyAnswer,
    /// A session forgets what it has answered.
    ForgottenDuplicate,
    /// A charge is a hundredth too much.
    WrongRounding,
    /// Twice as much is granted as is held.
    OverGrant,
    /// The last durable batch is lost with the power.
    LostBatch,
    /// A reservation never ends.
    EndlessReservation,
    /// Another account pays.
    WrongAccount,
    /// A balance changes without an entry.
    BalanceWithoutEntry,
    /// Bonus money is returned as money.
    BonusPaidOut,
    /// A fee is charged twice.
    FeeTwice,
    /// What was reported is not charged.
    LostUse,
    /// A charge is by prices that are not in force any more.
    OldPrice,
    /// A repeat gets another answer.
    OtherAnswer,
    /// An emergency call is refused.
    RefusedEmergency,
    /// A top-up is entered by another amount.
    OtherAmount,
    /// Units that a bundle has paid stay in it.
    EndlessBundle,
}

impl Bug {
    /// All of them, and the rule that each breaks.
    pub(crate) const ALL: [(Self, Rule); 18] = [
        (Self::DoubleDebit, Rule::Lost),
        (Self::LostRelease, Rule::Reserved),
        (Self::EarlyAnswer, Rule::Durable),
        (Self::ForgottenDuplicate, Rule::Once),
        (Self::WrongRounding, Rule::Price),
        (Self::OverGrant, Rule::OverGrant),
        (Self::LostBatch, Rule::Durable),
        (Self::EndlessReservation, Rule::Ends),
        (Self::WrongAccount, Rule::Owner),
        (Self::BalanceWithoutEntry, Rule::Sum),
        (Self::BonusPaidOut, Rule::Bonus),
        (Self::FeeTwice, Rule::Fee),
        (Self::LostUse, Rule::Durable),
        (Self::OldPrice, Rule::Price),
        (Self::OtherAnswer, Rule::Repeat),
        (Self::RefusedEmergency, Rule::Emergency),
        (Self::OtherAmount, Rule::Order),
        (Self::EndlessBundle, Rule::Bundle),
    ];
}

/// A bug that waits for its moment.
pub(crate) struct Planted {
    bug: Option<Bug>,
    done: bool,
    before: Option<Disk>,
    /// A version of the prices that was seen before.
    old: Option<u64>,
}

fn cents(cents: i64) -> Money {
    Money::from_cents(cents).unwrap()
}

fn sum(one: Money, other: Money) -> Money {
    one.checked_add(other).unwrap()
}

fn account_in(ops: &mut [Op], id: AccountId) -> Option<&mut Account> {
    ops.iter_mut().find_map(|op| match op {
        Op::Account(account) if account.id == id => Some(&mut **account),
        _ => None,
    })
}

/// The last entry of its account in the batch that is so, and its place.
fn entry_that(ops: &[Op], is_so: impl Fn(&LedgerEntry) -> bool) -> Option<(usize, LedgerEntry)> {
    let all = ops.iter().enumerate().filter_map(|(place, op)| match op {
        Op::Ledger(entry) => Some((place, &**entry)),
        _ => None,
    });
    let all: Vec<_> = all.collect();
    let last = |entry: &LedgerEntry| {
        all.iter().all(|(_, other)| other.account != entry.account || other.index <= entry.index)
    };
    let found = all.iter().find(|(_, entry)| is_so(entry) && last(entry));
    found.map(|(place, entry)| (*place, (*entry).clone()))
}

/// Use that the main balance alone pays.
fn by_main(entry: &LedgerEntry) -> bool {
    entry.usage.as_ref().is_some_and(|usage| usage.from_bundles == 0 && usage.used.count > 0)
        && entry.purse == Purse::Main
        && entry.amount.is_negative()
}

fn again(ops: &mut Vec<Op>, place: usize, entry: LedgerEntry) -> bool {
    let (index, balance) = (entry.index + 1, sum(entry.balance, entry.amount));
    let Some(account) = account_in(ops, entry.account) else { return false };
    account.main = sum(account.main, entry.amount);
    account.ledger_entries = index;
    ops.insert(place + 1, Op::Ledger(Box::new(LedgerEntry { index, balance, ..entry })));
    true
}

/// The entry has that amount instead, and everything agrees.
fn amount(ops: &mut [Op], place: usize, entry: &LedgerEntry, amount: Money) -> bool {
    let more = amount.checked_sub(entry.amount).unwrap();
    let Some(account) = account_in(ops, entry.account) else { return false };
    account.main = sum(account.main, more);
    ops[place] =
        Op::Ledger(Box::new(LedgerEntry { amount, balance: sum(entry.balance, more), ..entry.clone() }));
    true
}

impl Planted {
    pub(crate) const fn new(bug: Option<Bug>) -> Self {
        Self { bug, done: false, before: None, old: None }
    }

    pub(crate) fn is(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// An answer on its way out.
    pub(crate) fn answer(&self, answered: &mut Answered) {
        match self.bug {
            Some(Bug::OtherAnswer) if answered.notes.repeat => answered.answer.message = Some("again".into()),
            Some(Bug::RefusedEmergency) if answered.held.is_none() => {
                answered.answer.outcome = Outcome::Denied(Denial::NoCredit);
            }
            _ => {}
        }
    }

    /// The power goes.
    pub(crate) fn at_the_cut(&mut self, disk: &mut Disk) {
        if let Some(before) = self.before.take() {
            *disk = before;
        }
    }

    /// A batch on its way to the disk.
    pub(crate) fn tamper(&mut self, ops: &mut Vec<Op>, disk: &Disk) {
        let Some(bug) = self.bug else { return };
        if bug == Bug::LostBatch {
            self.before = Some(disk.clone());
        }
        if bug == Bug::ForgottenDuplicate {
            for op in ops.iter_mut() {
                if let Op::Session(_, session) = op {
                    session.answers.clear();
                    session.seen.clear();
                }
            }
        }
        if !self.done {
            self.done = self.once(bug, ops, disk).unwrap_or(false);
        }
    }

    fn once(&mut self, bug: Bug, ops: &mut Vec<Op>, disk: &Disk) -> Option<bool> {
        Some(match bug {
            Bug::DoubleDebit => {
                let (place, entry) = entry_that(ops, by_main)?;
                again(ops, place, entry)
            }
            Bug::FeeTwice => {
                let is_fee = |entry: &LedgerEntry| entry.kind == EntryKind::Fee && entry.operator.is_none();
                let (place, entry) = entry_that(ops, is_fee)?;
                again(ops, place, entry)
            }
            Bug::WrongRounding => {
                let (place, entry) = entry_that(ops, by_main)?;
                amount(ops, place, &entry, sum(entry.amount, cents(-1)))
            }
            Bug::OtherAmount => {
                let (place, entry) = entry_that(ops, |entry| entry.kind == EntryKind::Topup)?;
                amount(ops, place, &entry, sum(entry.amount, cents(100)))
            }
            Bug::LostUse => {
                let (place, entry) = entry_that(ops, by_main)?;
                let account = account_in(ops, entry.account)?;
                account.main = account.main.checked_sub(entry.amount)?;
                account.ledger_entries -= 1;
                ops.remove(place);
                true
            }
            Bug::WrongAccount => {
                let (place, entry) = entry_that(ops, by_main)?;
                let mut other = disk.accounts.values().find(|other| other.id != entry.account)?.clone();
                if account_in(ops, other.id).is_some() {
                    return None;
                }
                let account = account_in(ops, entry.account)?;
                account.main = account.main.checked_sub(entry.amount)?;
                account.ledger_entries -= 1;
                other.main = sum(other.main, entry.amount);
                other.ledger_entries += 1;
                let (index, balance) = (other.ledger_entries, other.main);
                let moved = LedgerEntry { account: other.id, index, balance, ..entry };
                ops[place] = Op::Ledger(Box::new(moved));
                ops.push(Op::Account(Box::new(other)));
                true
            }
            Bug::OldPrice => {
                let (place, mut entry) = entry_that(ops, by_main)?;
                let basis = entry.usage.as_mut()?.basis.as_mut()?;
                let old = *self.old.get_or_insert(basis.version);
                if old == basis.version {
                    return None;
                }
                basis.version = old;
                ops[place] = Op::Ledger(Box::new(entry));
                true
            }
            Bug::BonusPaidOut => {
                let is_refund =
                    |entry: &LedgerEntry| entry.kind == EntryKind::Refund && entry.usage.is_none();
                let (place, entry) = entry_that(ops, is_refund)?;
                let account = account_in(ops, entry.account)?;
                account.main = account.main.checked_sub(entry.amount)?;
                account.bonus = sum(account.bonus, entry.amount);
                let balance = account.bonus;
                ops[place] = Op::Ledger(Box::new(LedgerEntry { purse: Purse::Bonus, balance, ..entry }));
                true
            }
            Bug::BalanceWithoutEntry => {
                let account =
                    ops.iter_mut().find_map(|op| if let Op::Account(one) = op { Some(one) } else { None })?;
                account.main = sum(account.main, cents(100));
                true
            }
            Bug::LostRelease => {
                let account = ops.iter_mut().find_map(|op| match op {
                    Op::Account(one) => {
                        let before = disk.accounts.get(&one.id)?.reserved;
                        (one.reserved < before).then_some((one, before))
                    }
                    _ => None,
                });
                let (account, before) = account?;
                account.reserved = before;
                true
            }
            Bug::OverGrant => {
                let held = ops.iter_mut().find_map(|op| match op {
                    Op::Session(_, session) => {
                        let held = session.quotas.iter_mut().filter_map(|quota| quota.reservation.as_mut());
                        held.into_iter()
                            .find(|held| held.allowances.is_empty() && held.money.micros() > 20_000)
                    }
                    _ => None,
                })?;
                held.granted.count *= 2;
                true
            }
            Bug::EndlessBundle => {
                let (_, entry) = entry_that(ops, |entry| {
                    entry.usage.as_ref().is_some_and(|usage| usage.from_bundles > 0)
                })?;
                let usage = entry.usage?;
                let (id, units) = usage.basis?.bundles.first()?.clone();
                let subscriber = ops.iter_mut().find_map(|op| match op {
                    Op::Subscriber(one) if one.msisdn == usage.msisdn => Some(one),
                    _ => None,
                })?;
                subscriber.allowances.iter_mut().find(|one| one.bundle == id)?.left += units;
                true
            }
            Bug::EarlyAnswer
            | Bug::ForgottenDuplicate
            | Bug::LostBatch
            | Bug::EndlessReservation
            | Bug::OtherAnswer
            | Bug::RefusedEmergency => false,
        })
    }
}
