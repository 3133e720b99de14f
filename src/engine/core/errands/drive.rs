//! The core's side: from a demand to the sessions, from a session to its client, from the answer to the books.

use core::time::Duration;
use std::sync::Arc;

use crate::charging::account::area::is_stopped;
use crate::charging::books::expiry::{Expired, end};
use crate::charging::books::restriction::{is_restricted, only_group};
use crate::charging::request::QuotaKey;
use crate::charging::session::{Session, SessionState};
use crate::engine::core::hash::SessionKey;
use crate::engine::core::load::Load;
use crate::engine::core::query::Mode;
use crate::engine::core::reauth::{
    Demand, Ending, Errand, ErrandId, Lost, Outstanding, Reason, ReauthFacts, Route, Scope, Told, What, Who,
};
use crate::engine::core::waiting::{Job, Wait, Waiter};
use crate::engine::core::{CommandError, Core};
use crate::time::Timestamp;

use super::schedule::{Effect, Try, Wish};
use super::walk::Found;

/// How long walks and requests rest when there is too much to do.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a walk rests between two steps, for others to have their turn.
const BREATH: Duration = Duration::from_millis(2);

/// Hosts whose Origin-State-Id is remembered.
const HOSTS: usize = 16_384;

/// Clients asked in one call.
const STEP: usize = 64;

impl Core {
    /// Demands something of clients: the one way to reach sessions that run. It may be called in the midst of a
    /// change: no client is asked before what was changed so far is durable. Where there are too many demands
    /// already, this one is dropped and counted: the validity of what clients hold ends by itself.
    pub fn demand(&mut self, demand: Demand, now: Timestamp) {
        let Demand { who, what, reason } = demand;
        let limited = matches!(who, Who::Limited(_));
        let stopped = who == Who::Stopped;
        let wish = Wish { what, reason, limited, stopped, held: self.commit.horizon(), since: now };
        let taken = self.limits.reauth_rate > 0
            && match who {
                Who::Session(key) => {
                    self.reauth.wish(key.short(), wish, now, &self.limits);
                    true
                }
                Who::Number(msisdn) => self.walks.number(msisdn, wish),
                Who::Limited(account) => self.walks.limited(account, wish),
                Who::Account(account) => self.walks.account(account, wish),
                Who::Everyone | Who::Stopped => self.walks.all(wish),
            };
        if !taken {
            self.reauth.drop_demand(what);
        }
    }

    /// An operator demands something of one session's client.
    pub(in crate::engine::core) fn demand_of(
        &mut self,
        key: SessionKey,
        session: &str,
        what: What,
        now: Timestamp,
    ) -> Result<Result<(), CommandError>, Wait> {
        if self.mode != Mode::Ready {
            return Ok(Err(CommandError::Draining));
        }
        if self.limits.reauth_rate == 0 {
            return Ok(Err(CommandError::NobodyAsked));
        }
        if self.desk.knows(key) {
            return Ok(Err(CommandError::Emergency(session.into())));
        }
        let slot = self.sessions.slot(key.short()).ok_or(Wait::Load(Load::Session(key)))?;
        let Some(found) = slot.value.as_ref().filter(|found| found.id.as_str() == session) else {
            return Ok(Err(CommandError::UnknownSession(session.into())));
        };
        if found.state != SessionState::Open {
            return Ok(Err(CommandError::SessionEnded(session.into())));
        }
        if found.emergency {
            return Ok(Err(CommandError::Emergency(session.into())));
        }
        if let What::Reauthorise(Scope::RatingGroup(group)) = what
            && !has(found, |key| key.rating_group == Some(group))
        {
            return Ok(Err(CommandError::UnknownGroup { session: session.into(), group }));
        }
        self.demand(Demand { who: Who::Session(key), what, reason: Reason::Operator }, now);
        Ok(Ok(()))
    }

    /// A client that is to be asked now.
    pub fn poll_errand(&mut self) -> Option<Errand> {
        self.errands.pop_front()
    }

    /// What came of an errand.
    pub fn told(&mut self, id: ErrandId, told: Told, now: Timestamp) {
        let now = self.clock.observe(now, &self.limits);
        let effect = self.reauth.told(id, told, now, &self.limits);
        let ending = match effect {
            Effect::None => return,
            Effect::Unknown => Ending::Unknown,
            Effect::Aborted => Ending::Aborted,
        };
        self.try_end(id.session, ending, now);
    }

    /// What is outstanding with a session's client.
    pub fn outstanding(&self, key: SessionKey) -> Option<Outstanding> {
        self.reauth.outstanding(key.short())
    }

    /// Sums of what clients were asked.
    pub fn reauth_facts(&self) -> ReauthFacts {
        self.reauth.facts()
    }

    /// A host has told its Origin-State-Id. One greater than before means that it has lost the sessions that it had
    /// (RFC 6733 §8.16): they end, paced, but for those that are heard of after this. True where it was greater.
    /// What a host said before this process began is not known.
    pub fn origin_state_of(&mut self, host: &str, state: u32, now: Timestamp) -> bool {
        let now = self.clock.observe(now, &self.limits);
        if state == 0 {
            return false;
        }
        let Some(known) = self.hosts.get_mut(host) else {
            if self.hosts.len() < HOSTS {
                self.hosts.insert(host.into(), state);
            }
            return false;
        };
        if state <= *known {
            return false;
        }
        *known = state;
        self.reauth.facts.hosts_restarted = self.reauth.facts.hosts_restarted.saturating_add(1);
        // where too many walks wait, its sessions end by expiry
        self.walks.host(Lost { host: Arc::from(host), before: now });
        true
    }

    /// A request of a session was dealt with.
    pub(in crate::engine::core) fn heard(&mut self, short: u64, route: Option<Route>, now: Timestamp) {
        if let Some(route) = route {
            self.directory.set_route(short, route);
        }
        if !self.reauth.is_empty() {
            self.reauth.heard(short, now);
        }
    }

    /// When something is to be done for clients that are to be asked.
    pub(in crate::engine::core) fn next_errand(&self) -> Option<Timestamp> {
        if self.mode != Mode::Ready {
            return None;
        }
        let walks = !self.walks.is_empty() && self.directory.is_complete();
        let walks = walks.then(|| self.clock.latest().max(self.walk_after));
        let asks = self.reauth.next_timeout().map(|at| at.max(self.errand_after));
        [walks, asks].into_iter().flatten().min()
    }

    /// Does what is due: a step of a walk, some clients to be asked, answers that did not come.
    pub(in crate::engine::core) fn run_errands(&mut self, now: Timestamp) {
        if self.mode != Mode::Ready {
            return;
        }
        for _ in 0..STEP {
            if !self.reauth.expire(now, &self.limits) {
                break;
            }
        }
        if self.walk_after <= now && !self.walks.is_empty() {
            self.walk(now);
        }
        if self.errand_after > now {
            return;
        }
        for _ in 0..STEP {
            // each client that is asked comes back with a request
            if self.is_past_soft_mark(now) || self.waiting.counts().sweeps >= self.limits.sweep_parked {
                self.errand_after = now.plus(PAUSE);
                return;
            }
            let Some(short) = self.reauth.next(now, self.commit.durable, &self.limits) else { return };
            self.try_errand(short, now);
        }
    }

    fn walk(&mut self, now: Timestamp) {
        if !self.directory.is_complete() {
            return;
        }
        let mut looked_at = 0usize;
        while looked_at < usize::from(self.limits.walk_step) {
            let room = self.reauth.waiting() < u64::from(self.limits.reauth_queue);
            let idle = self.waiting.counts().sweeps < self.limits.sweep_parked;
            let step = if idle { self.walks.step(&self.directory, room) } else { None };
            let Some((found, looked)) = step else {
                if !self.walks.is_empty() {
                    self.walk_after = now.plus(PAUSE);
                }
                return;
            };
            looked_at = looked_at.saturating_add(looked.max(1));
            for found in found {
                match found {
                    Found::Ask(short, wish) => self.reauth.wish(short, wish, now, &self.limits),
                    Found::End(short, lost) => self.try_end(short, Ending::Lost(lost), now),
                }
            }
        }
        self.walk_after = now.plus(BREATH);
    }

    /// Asks a session's client, or lets that wait for a load.
    pub(in crate::engine::core) fn try_errand(&mut self, short: u64, now: Timestamp) {
        if let Err(wait) = self.run_errand(short, now) {
            self.waiting.park(wait, Waiter { job: Job::Errand(short), since: now, tries: 0 });
        }
    }

    fn run_errand(&mut self, short: u64, now: Timestamp) -> Result<(), Wait> {
        let Some(wish) = self.reauth.taken(short) else { return Ok(()) };
        let slot = self.sessions.slot(short).ok_or(Wait::Load(Load::SessionsNear(short)))?;
        let asked = slot.value.as_ref().filter(|session| {
            session.state == SessionState::Open
                && !session.emergency
                && !self.desk.knows(SessionKey::of(self.hash_key, &session.id))
                && (!wish.limited || is_restricted(session))
                && (!wish.stopped || is_stopped(&self.areas, session.place.serving_plmn))
        });
        let Some(session) = asked else {
            self.reauth.moot(short);
            return Ok(());
        };
        let Some(Try { id, tried, token }) = self.reauth.ask(short, now, &self.limits) else { return Ok(()) };
        self.errands.push_back(Errand {
            id,
            what: narrowed(wish, session),
            reason: wish.reason,
            session: session.id.clone(),
            host: session.client_host.clone(),
            realm: session.client_realm.clone(),
            profile: session.profile.clone(),
            route: self.directory.route(short),
            tried,
            token,
            timeout: self.limits.reauth_timeout,
        });
        Ok(())
    }

    /// A session whose client is to be asked could not be loaded.
    pub(in crate::engine::core) fn give_up_errand(&mut self, short: u64) {
        self.reauth.moot(short);
    }

    /// Ends a session, or lets that wait for a load. Where that fails its reservations end by expiry.
    pub(in crate::engine::core) fn try_end(&mut self, short: u64, ending: Ending, now: Timestamp) {
        if let Err(wait) = self.end_session(short, &ending, now) {
            self.waiting.park(wait, Waiter { job: Job::End(short, ending), since: now, tries: 0 });
        }
    }

    fn end_session(&mut self, short: u64, ending: &Ending, now: Timestamp) -> Result<(), Wait> {
        let slot = self.sessions.slot(short).ok_or(Wait::Load(Load::SessionsNear(short)))?;
        let Some(session) = &slot.value else { return Ok(()) };
        if session.state != SessionState::Open || !ending.is_of(session) {
            return Ok(());
        }
        let (key, msisdn) = (SessionKey::of(self.hash_key, &session.id), session.msisdn);
        let (account, service) = (session.account, session.service.clone());
        let read = self.commit.durable;
        let Some((snapshot, taken)) = self.take_all(key, Some(key), msisdn, Some(account), read)? else {
            self.facts.load_failures = self.facts.load_failures.saturating_add(1);
            return Ok(());
        };
        let Expired { snapshot, changes } = end(snapshot, &self.policy, now);
        let service = self.services.iter().position(|facts| facts.name == service);
        self.put_back(snapshot, changes, &taken, service, now);
        let facts = &mut self.reauth.facts;
        let freed = match ending {
            Ending::Unknown => &mut facts.freed_as_unknown,
            Ending::Aborted => &mut facts.freed_by_abort,
            Ending::Lost(_) => &mut facts.freed_by_restart,
        };
        *freed = freed.saturating_add(1);
        Ok(())
    }
}

/// What is asked for, as narrow as will do: of a session that lack of money limits in one rating group, that group; no
/// group that the session does not have.
fn narrowed(wish: Wish, session: &Session) -> What {
    match wish.what {
        What::Reauthorise(Scope::Session) if wish.limited => {
            What::Reauthorise(only_group(session).map_or(Scope::Session, Scope::RatingGroup))
        }
        What::Reauthorise(Scope::RatingGroup(group))
            if !has(session, |key| key.rating_group == Some(group)) =>
        {
            What::Reauthorise(Scope::Session)
        }
        What::Reauthorise(Scope::Service(service))
            if !has(session, |key| key.services.contains(&service)) =>
        {
            What::Reauthorise(Scope::Session)
        }
        what @ (What::Reauthorise(_) | What::Abort) => what,
    }
}

fn has(session: &Session, is: impl Fn(&QuotaKey) -> bool) -> bool {
    session.quotas.iter().any(|quota| is(&quota.key))
}
