//! Fees, periods and invoices as time brings them on (`ACC-4`, `ACC-6`, `INV-1`, `PEN-1`).
//!
//! Whatever touches a number brings it and its account to the present first, in the same batch. What nobody touches is
//! found through an index by the time at which something is due next: pages of it are read as their time comes, and
//! done in the order of time, so that after a stop everything happens in the order in which it would have. An entry of
//! the index is a hint; an entry more or one that is out of date changes nothing. The daily job, which sees every
//! number, finds whatever has no entry.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use crate::charging::account::billing::FeeState;
use crate::charging::account::credit::Bill;
use crate::charging::account::{Account, AccountId, Sequence, Subscriber};
use crate::charging::books::due::{Clockwork, Done, Entry, Whose};
use crate::charging::books::payment::settle;
use crate::charging::ledger::EntryKind;
use crate::charging::notice::Cause;
use crate::time::Timestamp;

use super::load::{Found, Load};
use super::query::Mode;
use super::reauth::{Demand, Reason, Who};
use super::waiting::{Job, Wait, Waiter};
use super::{Core, sweep};

/// Entries that are read at once.
const PAGE: u16 = 256;

/// Entries that are done in one call.
const STEP: usize = 64;

/// How long the job rests between two calls.
const BREATH: Duration = Duration::from_millis(10);

/// How often it is looked whether something is due.
const LOOK: Duration = Duration::from_mins(1);

/// An entry whose number cannot be loaded is left to the daily job after so many tries.
const TRIES: u32 = 100;

/// What is due with a number that cannot be done now is tried again after this.
const AGAIN: Duration = Duration::from_hours(24);

/// What an invoice in a batch takes, about.
const BILL_OCTETS: usize = 512;

/// Where the index is read.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    /// Everything up to here was read; none before the first page.
    read_to: Option<Entry>,
    /// Entries up to there that are not done.
    due: BTreeSet<Entry>,
    /// Entries beyond it that a page may not show yet, and the batch that writes each.
    fresh: BTreeMap<Entry, Sequence>,
    /// A page is being read: up to when, and what was durable as it was asked for.
    asked: Option<(Timestamp, Sequence)>,
    /// When it is looked at again.
    next: Timestamp,
    /// How often the first entry was tried.
    tries: u32,
    /// There is more to do than was done.
    busy: bool,
}

impl Calendar {
    /// When it is to be called, where something is under way.
    pub(super) fn due(&self) -> Option<Timestamp> {
        (self.busy && self.asked.is_none()).then_some(self.next)
    }

    /// Whether something may be due that was not read or done yet.
    pub(super) fn is_behind(&self) -> bool {
        self.read_to.is_none() || self.busy || self.asked.is_some()
    }

    fn note(&mut self, entry: Entry, written: Sequence) {
        if self.read_to.is_some_and(|to| entry <= to) {
            self.due.insert(entry);
        } else {
            self.fresh.insert(entry, written);
        }
    }

    /// A page was read.
    fn took(&mut self, page: &[Entry], (until, durable): (Timestamp, Sequence), now: Timestamp) {
        let full = page.len() >= usize::from(PAGE);
        let whole = (until, Whose::Account(AccountId(u64::MAX)));
        let end = page.last().copied().filter(|_| full).unwrap_or(whole);
        self.due.extend(page.iter().copied());
        let later = self.fresh.split_off(&end);
        self.due.extend(core::mem::replace(&mut self.fresh, later).into_keys());
        // what was durable as the page was asked for, later pages show
        self.fresh.retain(|entry, written| *written > durable || *entry == end);
        self.read_to = Some(end);
        self.busy = full || !self.due.is_empty();
        self.next = if self.busy { now } else { now.plus(LOOK) };
    }
}

/// What is brought on by time, at every touch.
impl Core {
    /// Brings a number and its account to the present. Nothing is brought on while the clock is not trusted.
    pub(super) fn bring(&self, subscriber: &mut Subscriber, account: &mut Account, now: Timestamp) -> Done {
        self.bring_to(subscriber, account, now, now)
    }

    fn bring_to(
        &self,
        subscriber: &mut Subscriber,
        account: &mut Account,
        until: Timestamp,
        now: Timestamp,
    ) -> Done {
        if self.clock.is_suspended() {
            let entries = settle(account, now);
            return Done { account: !entries.is_empty(), entries, ..Done::default() };
        }
        self.clockwork(now).bring_to(subscriber, account, until)
    }

    pub(super) fn clockwork(&self, now: Timestamp) -> Clockwork<'_> {
        Clockwork { catalogue: &self.catalogue, zone: self.lifecycle.zone(), now }
    }

    /// Whether something is due with a number or its account, as far as the clock is trusted.
    pub(super) fn is_due(&self, subscriber: &Subscriber, account: &Account, now: Timestamp) -> bool {
        if self.clock.is_suspended() {
            return account.is_due(now);
        }
        self.clockwork(now).is_due(subscriber, account)
    }

    /// Counts what was done, and tells running sessions where a fee was paid late: they may have more now.
    pub(super) fn note_done(&mut self, subscriber: &Subscriber, done: &Done, now: Timestamp) {
        let facts = &mut self.facts;
        let of = |prefix: &str| {
            let is_of = |reference: &str| reference.starts_with(prefix);
            let found = done.entries.iter().filter(|entry| entry.reference.as_deref().is_some_and(is_of));
            u64::try_from(found.count()).unwrap_or(0)
        };
        facts.fees = facts.fees.saturating_add(of(crate::charging::books::renewal::REFERENCE));
        facts.penalties = facts.penalties.saturating_add(of(crate::charging::books::invoicing::REFERENCE));
        facts.fees_unpaid = facts.fees_unpaid.saturating_add(done.unpaid.into());
        facts.invoices_late = facts.invoices_late.saturating_add(done.late_invoices.into());
        self.tell_fees(subscriber, done, now);
        let late = subscriber.life.billing.is_some_and(|billing| match billing.fee {
            FeeState::Paid(since) => since > billing.period.from,
            FeeState::Unpaid => false,
        });
        if done.turned && late {
            self.demand(Demand::reauthorise(Who::Number(subscriber.msisdn), Reason::Tariff), now);
        }
    }

    /// The subscriber is told of fees that were charged, and of one that money lacks for.
    fn tell_fees(&mut self, subscriber: &Subscriber, done: &Done, now: Timestamp) {
        let name = || subscriber.plan.clone();
        let notices: Vec<Cause> = done
            .entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::Fee)
            .filter_map(|entry| {
                let amount = entry.amount.checked_neg()?;
                Some(Cause::Fee { name: name(), amount, balance: entry.balance })
            })
            .collect();
        for cause in notices {
            self.tell(subscriber, cause, now);
        }
        let catalogue = std::sync::Arc::clone(&self.catalogue);
        let plan = catalogue.plan_named(&subscriber.plan).and_then(|plan| catalogue.plan(plan));
        let unpaid = done.unpaid > 0 && subscriber.life.billing.is_some_and(|billing| billing.is_unpaid());
        if let Some(fee) = plan.and_then(|plan| plan.fee.as_ref()).filter(|_| unpaid) {
            let cause = Cause::FeeUnpaid { name: name(), amount: fee.amount, balance: done.balance };
            self.tell(subscriber, cause, now);
        }
    }

    /// When something of a number is due next is written down, where that is news.
    pub(super) fn schedule_number(
        &mut self,
        subscriber: &Subscriber,
        before: Option<Timestamp>,
        now: Timestamp,
    ) {
        let next = Clockwork::next_of_number(subscriber).filter(|next| Some(*next) != before);
        if let Some(at) = next {
            self.schedule((at, Whose::Number(subscriber.msisdn)), now);
        }
    }

    /// The same for an account.
    pub(super) fn schedule_account(&mut self, account: &Account, before: Option<Timestamp>, now: Timestamp) {
        let next = Clockwork::next_of_account(account).filter(|next| Some(*next) != before);
        if let Some(at) = next {
            self.schedule((at, Whose::Account(account.id)), now);
        }
    }

    fn schedule(&mut self, entry: Entry, now: Timestamp) {
        self.calendar.note(entry, self.commit.next);
        self.commit.open.calendar.push((entry, true));
        self.commit.open.touch(now, 32);
    }

    /// Takes what an account's change has made to be kept for ever.
    pub(super) fn keep_bills(&mut self, account: &mut Account, now: Timestamp) {
        let bills = account.take_bills();
        if bills.is_empty() {
            return;
        }
        let invoices = bills.iter().filter(|bill| matches!(bill, Bill::Invoice(_))).count();
        self.facts.invoices = self.facts.invoices.saturating_add(u64::try_from(invoices).unwrap_or(0));
        self.commit.open.touch(now, bills.len().saturating_mul(BILL_OCTETS));
        self.commit.open.bills.extend(bills);
    }
}

/// The job.
impl Core {
    /// Does what is due, a limited amount of it.
    pub(super) fn run_calendar(&mut self, now: Timestamp) {
        if self.mode != Mode::Ready || now < self.calendar.next || self.calendar.asked.is_some() {
            return;
        }
        self.calendar.next = now.plus(BREATH);
        self.calendar.busy = true;
        for _ in 0..STEP {
            let first = self.calendar.due.first().copied().filter(|(at, _)| *at <= now);
            let Some(entry) = first else { return self.ask_for_page(now) };
            match self.do_entry(entry, now) {
                Ok(()) => self.calendar.tries = 0,
                Err(wait) => {
                    // the order of time is kept: nothing later is done before it
                    self.calendar.tries = self.calendar.tries.saturating_add(1);
                    if self.calendar.tries > TRIES {
                        // it cannot be read: its entry stays in the store, and the others go on
                        self.calendar.tries = 0;
                        self.calendar.due.remove(&entry);
                        self.facts.load_failures = self.facts.load_failures.saturating_add(1);
                    }
                    // it is tried again as soon as the load is there, before that can be put out of memory
                    return self.waiting.park(wait, Waiter { job: Job::Calendar, since: now, tries: 0 });
                }
            }
            self.calendar.due.remove(&entry);
            self.commit.open.calendar.push((entry, false));
            self.commit.open.touch(now, 32);
        }
    }

    fn ask_for_page(&mut self, now: Timestamp) {
        self.calendar.busy = false;
        if self.calendar.read_to.is_some_and(|(to, _)| to >= now) {
            self.calendar.next = now.plus(LOOK);
            return;
        }
        let asked = (now, self.commit.durable);
        self.calendar.asked = Some(asked);
        let load = Load::Calendar { after: self.calendar.read_to, until: now, limit: PAGE };
        self.waiting.park(Wait::Load(load), Waiter { job: Job::Calendar, since: now, tries: 0 });
    }

    /// A page was read: none where it could not be.
    pub(super) fn on_calendar_page(&mut self, found: Option<&Found>, now: Timestamp) {
        let Some(asked) = self.calendar.asked.take() else {
            self.calendar.next = now;
            return self.run_calendar(now);
        };
        let Some(Found::Calendar(page)) = found else {
            self.calendar.next = now.plus(sweep::LATER);
            return;
        };
        self.calendar.took(page, asked, now);
        for (_, whose) in page {
            match *whose {
                Whose::Number(msisdn) if self.subscribers.peek(msisdn).is_none() => {
                    self.waiting.want(Load::Subscriber(msisdn));
                }
                Whose::Account(id) if self.accounts.peek(id).is_none() => {
                    self.waiting.want(Load::Account(id));
                }
                Whose::Number(_) | Whose::Account(_) => {}
            }
        }
    }

    /// Does what an entry says, as it now is.
    fn do_entry(&mut self, (at, whose): Entry, now: Timestamp) -> Result<(), Wait> {
        match whose {
            Whose::Number(msisdn) => {
                let Some((mut subscriber, mut account)) = self.load_both(msisdn)? else { return Ok(()) };
                let done = self.bring_to(&mut subscriber, &mut account, at, now);
                let still = Clockwork::next_of_number(&subscriber).is_some_and(|next| next <= at);
                self.write_done(subscriber, account, done, now);
                if still {
                    self.schedule((now.plus(AGAIN), whose), now);
                }
            }
            Whose::Account(id) => {
                let slot = self.accounts.slot(id).ok_or(Wait::Load(Load::Account(id)))?;
                let Some(mut account) = slot.value.clone() else { return Ok(()) };
                let done = self.clockwork(now).bring_account(&mut account, at);
                self.facts.invoices_late = self.facts.invoices_late.saturating_add(done.late_invoices.into());
                if done.account {
                    self.write_account(account, done.entries, now);
                }
            }
        }
        Ok(())
    }

    /// Writes what was brought on.
    pub(super) fn write_done(
        &mut self,
        subscriber: Subscriber,
        account: Account,
        done: Done,
        now: Timestamp,
    ) {
        self.note_done(&subscriber, &done, now);
        if done.account {
            self.write_account(account, done.entries, now);
        }
        if done.subscriber {
            self.write_subscriber(subscriber, now);
        }
    }
}
