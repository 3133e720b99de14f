//! What time brings on: reservations, sessions and tombstones that end by themselves, requests that waited too long,
//! what is forgotten. Paced: each call does a limited amount.

use core::time::Duration;

use crate::charging::books::expiry::{Expired, expire, next_due};
use crate::charging::request::Identity;
use crate::time::Timestamp;

use super::cache::Weigh;
use super::clock::EngineClock;
use super::hash::SessionKey;
use super::load::Load;
use super::query::Mode;
use super::waiting::{Job, Wait, Waiter};
use super::{Core, Handled};

/// After so long a sweep that could not be made is tried again.
pub(super) const LATER: Duration = Duration::from_mins(1);

/// How long sweeps wait when there is too much to do.
const PAUSE: Duration = Duration::from_millis(100);

/// Buckets of event keys and emergencies that are forgotten in one call.
const FORGET_STEP: usize = 16;

/// Emergencies that are counted in one call.
const COUNT_STEP: usize = 64;

impl Core {
    /// When [`Core::handle_timeout`] is to be called next, at the latest.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let latest = self.clock.latest();
        let served = matches!(self.mode, Mode::Ready | Mode::Draining);
        let sweeps = served && !self.clock.is_suspended();
        let due = if sweeps { self.directory.next_due().map(|due| due.max(self.sweep_after)) } else { None };
        let overdue = self.waiting.earliest().map(|since| since.plus(self.limits.oldest));
        let uncounted = (served && self.events.is_complete() && self.desk.has_uncounted())
            .then(|| latest.max(self.sweep_after));
        let heartbeat = Some(latest.plus(EngineClock::HEARTBEAT));
        let ends = if sweeps { self.lifecycle.due().map(|due| due.max(self.sweep_after)) } else { None };
        let bills = if sweeps { self.calendar.due().map(|due| due.max(self.sweep_after)) } else { None };
        let version = if served { self.tariffs.due(latest) } else { None };
        let pruned = if sweeps { self.prune.due().map(|due| due.max(self.sweep_after)) } else { None };
        [due, overdue, uncounted, ends, bills, version, pruned, self.next_errand(), heartbeat]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due, a limited amount of it.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.clock.observe(now, &self.limits);
        self.refuse_overdue(now);
        if !matches!(self.mode, Mode::Ready | Mode::Draining) {
            return;
        }
        self.run_errands(now);
        self.run_tariffs(now);
        if self.is_past_soft_mark(now) && !self.low_space {
            self.sweep_after = now.plus(PAUSE);
            return;
        }
        if self.events.is_complete() {
            self.count_emergencies(now);
        }
        if !self.clock.is_suspended() && self.sweep_after <= now {
            self.sweep(now);
            self.forget(now);
            self.run_lifecycle(now);
            self.run_calendar(now);
            self.run_prune(now);
        }
        self.make_room();
    }

    fn refuse_overdue(&mut self, now: Timestamp) {
        let before = now.minus(self.limits.oldest);
        for waiter in self.waiting.overdue(before) {
            if let Job::Request(tag, request, _) = waiter.job {
                self.give_up_request(tag, request, now);
            }
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        for _ in 0..self.limits.sweep_step {
            if self.waiting.counts().sweeps >= self.limits.sweep_parked {
                self.sweep_after = now.plus(PAUSE);
                return;
            }
            let Some(short) = self.directory.pop_due(now) else { return };
            self.try_sweep(short, now);
        }
    }

    /// Ends what is due of a session, or lets that wait for a load.
    pub(super) fn try_sweep(&mut self, short: u64, now: Timestamp) {
        if let Err(wait) = self.expire_session(short, now) {
            let waiter = Waiter { job: Job::Sweep(short), since: now, tries: 0 };
            self.waiting.park(wait, waiter);
        }
    }

    fn expire_session(&mut self, short: u64, now: Timestamp) -> Result<(), Wait> {
        let slot = self.sessions.slot(short).ok_or(Wait::Load(Load::SessionsNear(short)))?;
        let Some(session) = &slot.value else {
            self.directory.remove(short, None);
            return Ok(());
        };
        let due = next_due(session, &self.policy);
        let (key, msisdn) = (SessionKey::of(self.hash_key, &session.id), session.msisdn);
        let (account, service) = (session.account, session.service.clone());
        if due.is_none_or(|due| due > now) {
            self.directory.retry(short, due.unwrap_or(now.plus(LATER)).max(now));
            return Ok(());
        }
        let read = self.commit.durable;
        let Some((snapshot, taken)) = self.take_all(key, Some(key), msisdn, Some(account), read)? else {
            // Its number or account is not there: the books are wrong, and it is left as it is.
            self.facts.load_failures = self.facts.load_failures.saturating_add(1);
            self.directory.retry(short, now.plus(LATER));
            return Ok(());
        };
        let Expired { snapshot, changes } = expire(snapshot, &self.policy, now);
        let forgotten = changes.session && snapshot.session.is_none();
        let changed = changes.session;
        let facts = &mut self.facts;
        facts.forgotten = facts.forgotten.saturating_add(u64::from(forgotten));
        facts.expired = facts.expired.saturating_add(u64::from(changed && !forgotten));
        let service = self.services.iter().position(|facts| facts.name == service);
        self.put_back(snapshot, changes, &taken, service, now);
        if !changed {
            self.directory.retry(short, now.plus(LATER));
        }
        Ok(())
    }

    fn forget(&mut self, now: Timestamp) {
        let limits = self.limits;
        for _ in 0..FORGET_STEP {
            let Some(number) = self.events.forget_oldest(now, limits.event_horizon, limits.event_octets)
            else {
                break;
            };
            self.commit.open.buckets_gone.push(number);
            self.commit.open.touch(now, 16);
        }
        for _ in 0..FORGET_STEP {
            let (horizon, most) = (limits.emergency_horizon, limits.emergency_sessions);
            let Some(key) = self.desk.forget_oldest(now, horizon, most) else { break };
            self.commit.open.emergencies_gone.push(key);
            self.commit.open.touch(now, 32);
        }
    }

    fn count_emergencies(&mut self, now: Timestamp) {
        for _ in 0..COUNT_STEP {
            if self.waiting.counts().sweeps >= self.limits.sweep_parked {
                self.sweep_after = self.sweep_after.max(now.plus(PAUSE));
                return;
            }
            let Some(key) = self.desk.next_uncounted() else { return };
            self.try_count(key, now);
        }
    }

    /// Enters an emergency into its subscriber's count (`FREE-4`), or lets that wait for a load.
    pub(super) fn try_count(&mut self, key: SessionKey, now: Timestamp) {
        if let Err(wait) = self.count_emergency(key, now) {
            self.waiting.park(wait, Waiter { job: Job::Count(key), since: now, tries: 0 });
        }
    }

    fn count_emergency(&mut self, key: SessionKey, now: Timestamp) -> Result<(), Wait> {
        let Some(record) = self.desk.uncounted(key).cloned() else { return Ok(()) };
        let number = record.msisdn.map(Identity::E164);
        let identities: Vec<Identity> = number.into_iter().chain(record.imsi.map(Identity::Imsi)).collect();
        let Ok((msisdn, _)) = self.identify(&identities)? else {
            self.facts.emergencies_dropped = self.facts.emergencies_dropped.saturating_add(1);
            self.record_emergency(&record, None, now);
            self.desk.set_counted(key);
            return Ok(());
        };
        if let Some((mut subscriber, _)) = self.subscribers.take(msisdn) {
            subscriber.emergency_calls = subscriber.emergency_calls.saturating_add(1);
            subscriber.note_use(now);
            subscriber.revision = subscriber.revision.saturating_add(1);
            let octets = subscriber.octets();
            self.record_emergency(&record, Some(&subscriber), now);
            if self.subscribers.write(msisdn, subscriber, self.commit.next) {
                self.commit.open.subscribers.push(msisdn);
                self.commit.open.touch(now, octets);
            }
        }
        self.desk.set_counted(key);
        Ok(())
    }

    /// The answers of all that waits, given up: for a shell that ends.
    pub fn give_up_waiting(&mut self) {
        for waiter in self.waiting.drain() {
            match waiter.job {
                Job::Request(tag, ..) => self.answers.push_back((tag, Handled::Overloaded)),
                Job::Command(tag, _) | Job::Query(tag, ..) => {
                    self.reply(tag, Err(super::CommandError::Draining));
                }
                Job::Sweep(_)
                | Job::Count(_)
                | Job::Errand(_)
                | Job::End(..)
                | Job::Lifecycle
                | Job::Calendar
                | Job::Prune
                | Job::Contract(_) => {}
            }
        }
    }
}
