//! Blocks and the end of contracts: operators' changes, and the daily job that ends what is to end (`SUS-2`, `SUS-6`,
//! `END-1` … `END-3`, `MNP-1`, `ACC-15`). Each change is an act on the number, with who, when, what and why (`AUD-1`).
//!
//! The job goes through all numbers once a day of the tariff's zone, by pages, a little at a time; it writes down the
//! day when it is through. A day that was missed is caught up with at the next start; ending what has ended changes
//! nothing.

use core::time::Duration;
use std::collections::VecDeque;

use crate::charging::account::area::{self, Order, StoppedArea};
use crate::charging::account::block::Block;
use crate::charging::account::life::{ActEntry, EndReason, port_refusals};
use crate::charging::account::{Account, AccountId, Subscriber};
use crate::charging::books::operations::Act;
use crate::charging::books::payment::settle;
use crate::charging::books::settlement::{end_contract, refund_rest};
use crate::charging::notice::Cause;
use crate::charging::units::{Digits, Money};
use crate::time::{Timestamp, Zone};

use super::attempt::Attempt;
use super::command::{Command, CommandError};
use super::life::{LifeChange, LifeError};
use super::load::{Found, Load};
use super::query::Mode;
use super::reauth::{Demand, Reason, Who};
use super::sink::{Done, Fact};
use super::waiting::{Job, Wait, Waiter};
use super::{Core, sweep};

/// Numbers that are read at once.
const PAGE: u16 = 256;

/// Contracts that end in one call.
const STEP: usize = 64;

/// How long the job rests between two pages.
const BREATH: Duration = Duration::from_millis(10);

/// How often it is looked whether a day has begun.
const LOOK: Duration = Duration::from_mins(1);

/// What an act in a batch takes, about.
const ACT_OCTETS: usize = 128;

/// Where the daily job stands.
#[derive(Debug)]
pub(super) struct Lifecycle {
    /// The zone of the tariffs in force.
    zone: Zone,
    /// The last day that it went through, from 1970-01-01.
    done: i64,
    /// When it is looked at again.
    next: Timestamp,
    /// It is under way.
    run: Option<Run>,
}

#[derive(Debug)]
struct Run {
    day: i64,
    after: Option<Digits>,
    /// A page is being read.
    reads: bool,
    /// The last page was read.
    last: bool,
    /// Numbers whose contracts are to end.
    found: VecDeque<Digits>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self { zone: Zone::UTC, done: i64::MAX, next: Timestamp::EPOCH, run: None }
    }
}

impl Lifecycle {
    /// The zone of the tariffs in force, in which its days begin.
    pub(super) fn set_zone(&mut self, zone: Zone) {
        self.zone = zone;
    }

    /// The store is open: the last day that was gone through, where there is one. A new store has nothing to catch up.
    pub(super) fn recover(&mut self, done: Option<i64>, new: bool, now: Timestamp) -> Option<Fact> {
        let today = self.zone.day(now);
        self.done = if new { today } else { done.unwrap_or(i64::MIN) };
        new.then_some(Fact::Lifecycle(today))
    }

    /// When it is to be called, where it is under way.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.run.as_ref().filter(|run| !run.reads).map(|_| self.next)
    }
}

/// Operators' changes.
impl Core {
    pub(super) fn live(
        &mut self,
        command: &Command,
        msisdn: Digits,
        change: &LifeChange,
        now: Timestamp,
    ) -> Attempt {
        let Some((subscriber, account)) = self.load_both(msisdn)? else {
            return Ok(Err(CommandError::UnknownSubscriber(msisdn)));
        };
        let by = By { operator: Some(&command.operator), note: change.note(), now };
        let done = match change {
            LifeChange::Block { reason, note } => {
                let operator = command.operator.clone();
                let block = Block { reason: *reason, since: now, operator, note: note.clone() };
                Ok(self.block(subscriber, &account, block, by))
            }
            LifeChange::Unblock { reason, .. } => {
                let mut subscriber = subscriber;
                let changed = subscriber.lift_block(*reason);
                if changed {
                    self.tell(&subscriber, Cause::Unblocked { reason: *reason }, now);
                    self.write_act(subscriber, &["unblock ", reason.as_str()].concat(), by);
                }
                Ok(done_of(msisdn, &account, changed))
            }
            LifeChange::End { at, .. } => self.set_end(subscriber, account, *at, by)?,
            LifeChange::KeepOn { .. } => self.keep_on(subscriber, &account, by),
            LifeChange::PortOut { .. } => {
                let refusals = port_refusals(&subscriber, &account, now);
                if refusals.is_empty() {
                    Ok(self.end_number(subscriber, account, EndReason::PortedOut, now, by)?)
                } else {
                    Err(LifeError::NotPorted { msisdn, refusals: refusals.into() })
                }
            }
            LifeChange::Settle { reference, .. } => {
                match self.settle_rest(subscriber, account, reference.clone(), by) {
                    Ok(done) => Ok(done),
                    Err(Ok(life)) => Err(life),
                    Err(Err(why)) => return Ok(Err(why)),
                }
            }
        };
        Ok(done.map_err(CommandError::Life))
    }

    /// Stops an area, or no longer. An order that was lifted is kept, as long as there is room.
    pub(super) fn set_area(
        &mut self,
        command: &Command,
        network: Digits,
        lift: bool,
        note: Option<Box<str>>,
        now: Timestamp,
    ) -> Result<Done, CommandError> {
        if !area::is_area(network) {
            return Err(LifeError::NoArea(network).into());
        }
        let order = Order { at: now, operator: command.operator.clone(), note };
        let known = self.areas.iter_mut().find(|area| area.network == network && area.lifted.is_none());
        let changed = match (known, lift) {
            (Some(area), true) => {
                area.lifted = Some(order);
                true
            }
            (None, false) => {
                if self.areas.len() >= area::MOST {
                    let oldest = self.areas.iter().position(|area| area.lifted.is_some());
                    let oldest = oldest.ok_or(LifeError::TooManyAreas(area::MOST))?;
                    self.areas.remove(oldest);
                }
                self.areas.push(StoppedArea { network, ordered: order, lifted: None });
                true
            }
            (Some(_), false) | (None, true) => false,
        };
        if changed {
            self.commit.open.areas = true;
            self.commit.open.touch(now, self.areas.len().saturating_mul(ACT_OCTETS));
            if !lift {
                self.demand(Demand::reauthorise(Who::Stopped, Reason::Block), now);
            }
        }
        Ok(Done::new(network, AccountId(0), Money::ZERO, changed))
    }

    /// A block reaches running sessions: they report, are charged, and get what the block leaves (`SUS-6`).
    fn block(&mut self, mut subscriber: Subscriber, account: &Account, block: Block, by: By<'_>) -> Done {
        let (msisdn, reason) = (subscriber.msisdn, block.reason);
        let word = reason.as_str();
        let changed = subscriber.put_block(block);
        if changed {
            self.tell(&subscriber, Cause::Blocked { reason }, by.now);
            self.write_act(subscriber, &["block ", word].concat(), by);
            self.demand(Demand::reauthorise(Who::Number(msisdn), Reason::Block), by.now);
        }
        done_of(msisdn, account, changed)
    }

    fn set_end(
        &mut self,
        mut subscriber: Subscriber,
        account: Account,
        at: Option<Timestamp>,
        by: By<'_>,
    ) -> Result<Result<Done, LifeError>, Wait> {
        let msisdn = subscriber.msisdn;
        if subscriber.has_ended(by.now) {
            return Ok(Err(LifeError::Ended(msisdn)));
        }
        Ok(match at {
            None => Ok(self.end_number(subscriber, account, EndReason::Request, by.now, by)?),
            Some(at) if at < by.now => Err(LifeError::Past),
            Some(at) => {
                let changed = subscriber.life.ends != Some(at);
                if changed {
                    subscriber.life.ends = Some(at);
                    self.write_act(subscriber, &format!("end set for {at}"), by);
                }
                Ok(done_of(msisdn, &account, changed))
            }
        })
    }

    fn keep_on(
        &mut self,
        mut subscriber: Subscriber,
        account: &Account,
        by: By<'_>,
    ) -> Result<Done, LifeError> {
        let msisdn = subscriber.msisdn;
        if subscriber.has_ended(by.now) {
            return Err(LifeError::Ended(msisdn));
        }
        subscriber.life.ends.take().ok_or(LifeError::NoEnd(msisdn))?;
        self.write_act(subscriber, "end taken back", by);
        Ok(done_of(msisdn, account, true))
    }

    /// Returns what is left once: `refund-pending` becomes `refunded`.
    fn settle_rest(
        &mut self,
        mut subscriber: Subscriber,
        account: Account,
        reference: Option<Box<str>>,
        by: By<'_>,
    ) -> Result<Done, Result<LifeError, CommandError>> {
        let msisdn = subscriber.msisdn;
        let end = subscriber.life.end.as_mut().ok_or(Ok(LifeError::NotEnded(msisdn)))?;
        let refusal = match (end.settlement.refunded, account.life.numbers) {
            _ if end.why == EndReason::Renumbered => Some(LifeError::NothingOwed(msisdn)),
            (Some((at, _)), _) => Some(LifeError::Refunded(msisdn, at)),
            (None, None) => Some(LifeError::Uncounted),
            (None, Some(1..)) => Some(LifeError::Shared),
            (None, Some(0)) if !account.reserved.is_zero() => Some(LifeError::Held),
            (None, Some(0)) if !account.net().is_positive() => Some(LifeError::NothingOwed(msisdn)),
            (None, Some(0)) if by.now < end.settlement.from => Some(LifeError::TooEarly(end.settlement.from)),
            (None, Some(0)) => None,
        };
        if let Some(refusal) = refusal {
            return Err(Ok(refusal));
        }
        let act = Act {
            at: by.now,
            reference,
            operator: by.operator.map(Into::into),
            note: by.note.map(Into::into),
        };
        let (account, entry, rest) = refund_rest(account, act).map_err(|why| Err(why.into()))?;
        end.settlement.refunded = Some((by.now, rest));
        let done = done_of(msisdn, &account, true);
        self.write_account(account, Some(entry), by.now);
        self.write_act(subscriber, &format!("refunded {rest}"), by);
        Ok(done)
    }

    /// Ends a contract; sessions that run report and get no more. The number and its SIM are free, and the holder has one
    /// number less (`ACC-2`, `OWN-1`).
    fn end_number(
        &mut self,
        mut subscriber: Subscriber,
        mut account: Account,
        why: EndReason,
        at: Timestamp,
        by: By<'_>,
    ) -> Result<Done, Wait> {
        let msisdn = subscriber.msisdn;
        let holder = self.left_by(&subscriber)?;
        let act = Act {
            at: by.now,
            reference: None,
            operator: by.operator.map(Into::into),
            note: by.note.map(Into::into),
        };
        let entries = end_contract(&mut subscriber, &mut account, why, at, &act);
        let done = done_of(msisdn, &account, true);
        if let Some(imsi) = subscriber.imsi.take() {
            self.write_imsi(imsi, None, by.now);
        }
        self.write_holder(holder, by.now);
        self.tell(&subscriber, Cause::Ended { why }, by.now);
        self.write_account(account, entries, by.now);
        self.write_act(subscriber, &["end ", why.as_str()].concat(), by);
        self.demand(Demand::reauthorise(Who::Number(msisdn), Reason::Block), by.now);
        Ok(done)
    }

    /// Writes a number that was changed, and the act beside it.
    pub(super) fn write_act(&mut self, mut subscriber: Subscriber, what: &str, by: By<'_>) {
        let life = &mut subscriber.life;
        life.acts = life.acts.saturating_add(1);
        let act = ActEntry {
            msisdn: subscriber.msisdn,
            index: life.acts,
            previous: life.acts_head,
            at: by.now,
            what: what.into(),
            operator: by.operator.map(Into::into),
            note: by.note.map(Into::into),
        };
        life.acts_head = Some(self.commit.next);
        subscriber.revision = subscriber.revision.saturating_add(1);
        self.commit.open.acts.push(act);
        self.commit.open.touch(by.now, ACT_OCTETS);
        self.write_subscriber(subscriber, by.now);
    }
}

/// The daily job.
impl Core {
    /// Goes on with the job, or begins it where a day has begun.
    pub(super) fn run_lifecycle(&mut self, now: Timestamp) {
        if self.mode != Mode::Ready || now < self.lifecycle.next {
            return;
        }
        let Some(run) = &mut self.lifecycle.run else {
            self.lifecycle.next = now.plus(LOOK);
            let day = self.lifecycle.zone.day(now);
            if day > self.lifecycle.done {
                let found = VecDeque::new();
                self.lifecycle.run = Some(Run { day, after: None, reads: false, last: false, found });
                self.lifecycle.next = now;
            }
            return;
        };
        if run.reads {
            return;
        }
        self.lifecycle.next = now.plus(BREATH);
        if !run.found.is_empty() {
            self.end_found(now);
        } else if run.last {
            let day = run.day;
            self.lifecycle.run = None;
            self.lifecycle.done = day;
            self.commit.open.facts.push(Fact::Lifecycle(day));
            self.commit.open.touch(now, 16);
        } else {
            run.reads = true;
            let load = Load::Subscribers { after: run.after, limit: PAGE };
            self.waiting.park(Wait::Load(load), Waiter { job: Job::Lifecycle, since: now, tries: 0 });
        }
    }

    fn end_found(&mut self, now: Timestamp) {
        for _ in 0..STEP {
            if self.waiting.counts().sweeps >= self.limits.sweep_parked {
                return;
            }
            let Some(msisdn) = self.lifecycle.run.as_mut().and_then(|run| run.found.pop_front()) else {
                return;
            };
            self.try_end_contract(msisdn, now);
        }
    }

    /// A page was read: none where it could not be.
    pub(super) fn on_lifecycle_page(&mut self, found: Option<&Found>, now: Timestamp) {
        let Some(Found::Subscribers(page)) = found else {
            if let Some(run) = &mut self.lifecycle.run {
                run.reads = false;
            }
            self.lifecycle.next = now.plus(sweep::LATER);
            return;
        };
        let mut ending = Vec::new();
        for (subscriber, account) in page {
            // What is in memory is newer than what was read.
            let newer = self.subscribers.peek(subscriber.msisdn).and_then(|slot| slot.value.as_ref());
            let subscriber = newer.unwrap_or(subscriber);
            let newer = self.accounts.peek(subscriber.account).and_then(|slot| slot.value.as_ref());
            let Some(account) = newer.or(account.as_ref()) else { continue };
            if subscriber.is_to_end(account, &self.lifecycle.zone, now).is_some() || account.is_due(now) {
                ending.push(subscriber.msisdn);
            }
        }
        if let Some(run) = &mut self.lifecycle.run {
            run.reads = false;
            run.after = page.last().map(|(subscriber, _)| subscriber.msisdn).or(run.after);
            run.last = page.len() < usize::from(PAGE);
            run.found.extend(ending);
        }
    }

    /// Ends a contract, if it is to end as it now is, or takes away what is over on its account; or lets that wait for a
    /// load.
    pub(super) fn try_end_contract(&mut self, msisdn: Digits, now: Timestamp) {
        if let Err(wait) = self.end_what_is_over(msisdn, now) {
            self.waiting.park(wait, Waiter { job: Job::Contract(msisdn), since: now, tries: 0 });
        }
    }

    fn end_what_is_over(&mut self, msisdn: Digits, now: Timestamp) -> Result<(), Wait> {
        let Some((subscriber, mut account)) = self.load_both(msisdn)? else { return Ok(()) };
        if let Some((why, at)) = subscriber.is_to_end(&account, &self.lifecycle.zone, now) {
            let by = By { operator: None, note: None, now };
            self.end_number(subscriber, account, why, at, by)?;
            self.facts.contracts_ended = self.facts.contracts_ended.saturating_add(1);
        } else {
            let over = settle(&mut account, now);
            if !over.is_empty() {
                self.write_account(account, over, now);
            }
        }
        Ok(())
    }
}

/// Who does something, why, and when.
#[derive(Clone, Copy)]
pub(super) struct By<'a> {
    /// None: a rule.
    pub(super) operator: Option<&'a str>,
    pub(super) note: Option<&'a str>,
    pub(super) now: Timestamp,
}

fn done_of(msisdn: Digits, account: &Account, changed: bool) -> Done {
    Done::new(msisdn, account.id, account.main, changed)
}
