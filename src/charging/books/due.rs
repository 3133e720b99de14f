//! What time has brought on for a number and its account, in its order: promises and bonuses that are over, periods that
//! ended, fees, invoices, penalties. Whoever works on an account calls it first; a job calls it for those that nobody
//! works on. It makes no difference when it is called: each step is made once, in the order of its time.

use super::invoicing::{self, Ledgers};
use super::payment::settle;
use super::renewal::{self, Renewed, Tenancy};
use crate::charging::account::{Account, AccountId, Allowance, Mode, Standing, Subscriber};
use crate::charging::catalogue::{Catalogue, Fee, Plan};
use crate::charging::ledger::LedgerEntry;
use crate::charging::units::{Digits, Money};
use crate::time::{Timestamp, Zone};

/// The most steps of one call: a century of days. What is left is done by the next.
const STEPS: usize = 40_000;

/// Whose something is that is due.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Whose {
    /// A number's.
    Number(Digits),
    /// An account's.
    Account(AccountId),
}

/// When something is due, and whose it is.
pub type Entry = (Timestamp, Whose);

/// What was done.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Done {
    /// Entries, in their order.
    pub entries: Vec<LedgerEntry>,
    /// The number changed.
    pub subscriber: bool,
    /// The account changed.
    pub account: bool,
    /// A period began or a fee was paid: running sessions may have something else now.
    pub turned: bool,
    /// Periods that began without their fee.
    pub unpaid: u32,
    /// The main balance after it all, where something was done.
    pub balance: Money,
    /// Invoices that were issued later than they should be (`INV-1`).
    pub late_invoices: u32,
}

/// By what it is done.
#[derive(Clone, Copy, Debug)]
pub struct Clockwork<'a> {
    /// The tariffs in force.
    pub catalogue: &'a Catalogue,
    /// The operator's zone.
    pub zone: &'a Zone,
    /// The time.
    pub now: Timestamp,
}

impl<'a> Clockwork<'a> {
    fn fee_of(&self, subscriber: &Subscriber) -> Option<(&'a Plan, &'a Fee)> {
        let plan = self.catalogue.plan_named(&subscriber.plan)?;
        let plan = self.catalogue.plan(plan)?;
        plan.fee.as_ref().map(|fee| (plan, fee))
    }

    fn ledgers(&self) -> Ledgers<'a> {
        Ledgers { rules: self.catalogue.billing(), zone: self.zone, now: self.now }
    }

    /// Whether [`Clockwork::bring`] would do something for this number and its account.
    pub fn is_due(&self, subscriber: &Subscriber, account: &Account) -> bool {
        let now = self.now;
        let over = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        let live = subscriber.standing == Standing::Active && subscriber.account == account.id;
        let number = live
            && match (self.fee_of(subscriber), subscriber.life.billing) {
                (None, billing) => billing.is_some(),
                (Some(_), None) => true,
                (Some((_, fee)), Some(billing)) => {
                    let affordable = || account.mode == Mode::Credit || account.available() >= fee.amount;
                    over(renewal::next(subscriber)) || (billing.is_unpaid() && affordable())
                }
            };
        let unbegun = account.mode == Mode::Credit
            && account.life.numbers != Some(0)
            && account.book.as_ref().is_none_or(|book| book.period.is_none());
        let expired = |one: &Allowance| one.reserved == 0 && over(one.expires);
        let untidy = live && subscriber.life.billing.is_some() && subscriber.allowances.iter().any(expired);
        number || unbegun || untidy || over(invoicing::next(account)) || account.is_due(now)
    }

    /// Brings a number and its account to the present.
    pub fn bring(&self, subscriber: &mut Subscriber, account: &mut Account) -> Done {
        self.bring_to(subscriber, account, self.now)
    }

    /// Does what is due until then and not what is due after it; then takes what money there is for a fee that is not
    /// paid. Revisions are counted.
    pub fn bring_to(&self, subscriber: &mut Subscriber, account: &mut Account, until: Timestamp) -> Done {
        let mut done = Done::default();
        if !self.is_due(subscriber, account) {
            return done;
        }
        done.entries = settle(account, self.now);
        done.account = !done.entries.is_empty();
        done.account |= account.life.numbers != Some(0) && self.ledgers().begin(account);
        let mut renewed = Renewed::default();
        let own = subscriber.account == account.id && subscriber.standing == Standing::Active;
        let tenancy = self.fee_of(subscriber).filter(|_| own);
        let tenancy = tenancy.map(|(plan, fee)| Tenancy { plan, fee, zone: self.zone, now: self.now });
        match (&tenancy, subscriber.life.billing) {
            (None, Some(_)) if own => {
                // the plan has no fee any more: what was given with the last one lasts to its end
                subscriber.life.billing = None;
                renewed.changed = true;
            }
            (Some(tenancy), None) if !subscriber.has_ended(self.now) => {
                tenancy.connect(subscriber, account, &mut renewed);
            }
            _ => {}
        }
        self.steps(subscriber, account, tenancy.as_ref(), (until, &mut renewed, &mut done));
        if let Some(tenancy) = tenancy.filter(|_| !subscriber.has_ended(self.now)) {
            if !renewed.turned {
                tenancy.pay(subscriber, account, false, &mut renewed);
            }
            renewed.changed |= tenancy.tidy(subscriber);
        }
        done.account |= !renewed.entries.is_empty();
        done.entries.append(&mut renewed.entries);
        done.turned |= renewed.turned;
        done.unpaid = renewed.unpaid;
        done.balance = account.main;
        done.subscriber |= renewed.changed;
        if done.subscriber {
            subscriber.count_change();
        }
        done
    }

    /// Steps in the order of their time. The account's come before the number's at the same moment: a fee belongs to
    /// the period that begins.
    fn steps(
        &self,
        subscriber: &mut Subscriber,
        account: &mut Account,
        tenancy: Option<&Tenancy<'_>>,
        (until, renewed, done): (Timestamp, &mut Renewed, &mut Done),
    ) {
        for _ in 0..STEPS {
            let of_account = invoicing::next(account).filter(|at| *at <= until);
            let of_number = tenancy.and_then(|_| renewal::next(subscriber)).filter(|at| *at <= until);
            match (of_account, of_number, tenancy) {
                (Some(first), number, _) if number.is_none_or(|at| first <= at) => {
                    done.entries.append(&mut renewed.entries);
                    self.account_step(account, done);
                }
                (_, Some(_), Some(tenancy)) => {
                    done.account |= !renewed.entries.is_empty();
                    tenancy.advance(subscriber, account, renewed);
                }
                _ => return,
            }
        }
    }

    fn account_step(&self, account: &mut Account, done: &mut Done) {
        let ends = account.book.as_ref().and_then(|book| book.period).map(|period| period.to);
        let invoices = account.book.as_ref().map_or(0, |book| book.last);
        done.entries.extend(self.ledgers().step(account));
        done.account = true;
        let issued = account.book.as_ref().map_or(0, |book| book.last) != invoices;
        let late = issued && ends.is_some_and(|to| self.ledgers().is_late(to));
        done.late_invoices = done.late_invoices.saturating_add(u32::from(late));
    }

    /// Does what is due with an account alone until then: the ends of its periods, days of delay.
    pub fn bring_account(&self, account: &mut Account, until: Timestamp) -> Done {
        let mut done = Done::default();
        for _ in 0..STEPS {
            if invoicing::next(account).is_none_or(|next| next > until) {
                break;
            }
            self.account_step(account, &mut done);
        }
        done
    }

    /// When something is to be done about the number next by itself: its period ends.
    pub fn next_of_number(subscriber: &Subscriber) -> Option<Timestamp> {
        renewal::next(subscriber)
    }

    /// When something is to be done about the account next by itself: its period ends, an invoice becomes due, a day of
    /// delay is over.
    pub fn next_of_account(account: &Account) -> Option<Timestamp> {
        invoicing::next(account)
    }
}

#[cfg(test)]
mod tests;
