//! Requests: emergencies first, then the gates of mode and load, then find, load, decide and put back.

use crate::charging::account::area::is_stopped;
use crate::charging::account::{AccountId, Sequence, Standing, Subscriber};
use crate::charging::answer::Denial;
use crate::charging::books::due::{Clockwork, Done};
use crate::charging::books::expiry::next_due;
use crate::charging::decide::{decide, refuse};
use crate::charging::emergency::{grant, is_emergency};
use crate::charging::ledger::{EntryKind, LedgerEntry};
use crate::charging::refund::Token;
use crate::charging::request::{Action, Identity, Kind, Request, SessionId};
use crate::charging::session::{Session, SessionState, StoredAnswer};
use crate::charging::snapshot::{Changes, Decision, EventRecord, Notes, Snapshot};
use crate::charging::units::{Digits, Money};
use crate::time::Timestamp;

use super::cache::{Weigh, answer_octets, charge_octets};
use super::directory::{Lookup, SessionSummary};
use super::hash::{SessionKey, event_hash};
use super::load::Load;
use super::query::Mode;
use super::reauth::Route;
use super::waiting::{Job, Wait, Waiter};
use super::{Answered, Core, Handled, Tag, events};

/// How often a request is tried anew after a load, before it is given up.
const TRIES: u32 = 16;

/// What a ledger entry takes in a batch, about.
const ENTRY_OCTETS: usize = 256;

/// What was taken out of memory for a decision, to be put back after it.
pub(super) struct Taken {
    pub(super) account: AccountId,
    pub(super) msisdn: Digits,
    pub(super) key: SessionKey,
    /// The highest batch of what was read.
    pub(super) read: Sequence,
    pub(super) reserved: Money,
    /// The session that was read: whether it was open.
    pub(super) session: Option<bool>,
    /// The number is another's by now (`ACC-2`): its holder, whom the session of the former one is not shown.
    holder: Option<Subscriber>,
}

impl Core {
    /// Takes a request. `now` is wall time, or the last time journalled where that is later.
    ///
    /// Emergencies are answered at once in every mode. Else a request is answered, waits for a load (its answer comes
    /// from [`Core::poll_answer`] under `tag`), or is refused because too much waits.
    pub fn handle(&mut self, tag: Tag, request: Request, now: Timestamp) -> Handled {
        self.handle_from(tag, None, request, now)
    }

    /// Takes a request like [`Core::handle`], and keeps in mind where it came from: what its session's client is asked
    /// goes that way first.
    pub fn handle_from(
        &mut self,
        tag: Tag,
        route: Option<Route>,
        request: Request,
        now: Timestamp,
    ) -> Handled {
        let now = self.clock.observe(now, &self.limits);
        let key = self.key_of(&request);
        if let Some(answered) = self.serve_emergency(key, &request, now) {
            return Handled::Answered(answered);
        }
        if self.refuses(request.kind, now) {
            return Handled::Overloaded;
        }
        let short = key.short();
        if self.waiting.is_led(short) {
            let job = Job::Request(tag, Box::new(request), route);
            self.waiting.follow(short, Waiter { job, since: now, tries: 0 });
            return Handled::Parked;
        }
        match self.attempt(key, &request, now) {
            Ok(handled) => {
                self.heard(short, route, now);
                self.make_room();
                handled
            }
            Err(wait) if self.is_vain(&wait) => {
                self.facts.overloaded = self.facts.overloaded.saturating_add(1);
                Handled::Overloaded
            }
            Err(wait) => {
                self.waiting.lead(short);
                let job = Job::Request(tag, Box::new(request), route);
                self.waiting.park(wait, Waiter { job, since: now, tries: 1 });
                Handled::Parked
            }
        }
    }

    /// Answers a request only if it is about an emergency: for one that is refused for whatever other reason.
    pub fn emergency(&mut self, request: &Request, now: Timestamp) -> Option<Answered> {
        let now = self.clock.observe(now, &self.limits);
        let key = self.key_of(request);
        self.serve_emergency(key, request, now)
    }

    /// Answers a request that goes to an emergency number, or whose session does (`FREE-2`).
    fn serve_emergency(&mut self, key: SessionKey, request: &Request, now: Timestamp) -> Option<Answered> {
        let by_number = is_emergency(request, self.catalogue.numbers());
        let continues = matches!(request.kind, Kind::Update | Kind::Terminate);
        let by_session = continues && self.desk.knows(key);
        if !by_number && !by_session {
            return None;
        }
        let answer = grant(request);
        self.desk.note(key, request, now);
        self.facts.emergencies = self.facts.emergencies.saturating_add(1);
        Some(Answered { answer, profile: None, held: None, notes: Notes::default() })
    }

    /// Whether a request is refused for the mode the engine is in, or for what is under way already.
    fn refuses(&mut self, kind: Kind, now: Timestamp) -> bool {
        let begins = matches!(kind, Kind::Initial | Kind::Event(_));
        let unavailable = match self.mode {
            Mode::Starting | Mode::Failed => true,
            Mode::Draining => begins,
            Mode::Ready => false,
        };
        if unavailable {
            self.facts.unavailable = self.facts.unavailable.saturating_add(1);
            return true;
        }
        let refused = self.is_past_hard_mark(now) || (begins && self.is_past_soft_mark(now));
        self.facts.overloaded = self.facts.overloaded.saturating_add(u64::from(refused));
        refused
    }

    /// Requests under way: answers that are held, and requests that wait.
    pub fn under_way(&self) -> usize {
        self.commit.held_answers().saturating_add(self.waiting.counts().requests)
    }

    pub(super) fn is_past_hard_mark(&self, now: Timestamp) -> bool {
        let late = self.commit.oldest().is_some_and(|since| now.since(since) > self.limits.oldest);
        late || self.under_way() >= self.limits.hard_mark
            || self.commit.open.octets >= self.limits.hard_batch_octets
    }

    pub(super) fn is_past_soft_mark(&self, now: Timestamp) -> bool {
        self.low_space
            || self.store_behind
            || self.under_way() >= self.limits.soft_mark
            || self.commit.open.octets >= self.limits.soft_batch_octets
            || self.is_past_hard_mark(now)
    }

    pub(super) fn key_of(&self, request: &Request) -> SessionKey {
        SessionKey::of(self.hash_key, &request.session)
    }

    /// A request that waited is tried again; those behind it follow once it is done.
    pub(super) fn resume_request(
        &mut self,
        tag: Tag,
        request: Box<Request>,
        route: Option<Route>,
        waiter: (Timestamp, u32),
        now: Timestamp,
    ) {
        let key = self.key_of(&request);
        let mut next = Some((tag, request, route, waiter));
        while let Some((tag, request, route, (since, tries))) = next.take() {
            let given_up = tries > TRIES || now.since(since) > self.limits.oldest;
            let attempt = if given_up {
                self.facts.overloaded = self.facts.overloaded.saturating_add(1);
                Ok(Handled::Overloaded)
            } else {
                self.attempt(key, &request, now)
            };
            match attempt {
                Ok(handled) => {
                    self.heard(key.short(), route, now);
                    self.answers.push_back((tag, handled));
                }
                Err(wait) => {
                    let job = Job::Request(tag, request, route);
                    return self.waiting.park(wait, Waiter { job, since, tries: tries.saturating_add(1) });
                }
            }
            next = self.waiting.next_behind(key.short()).and_then(|waiter| match waiter.job {
                Job::Request(tag, request, route) => {
                    Some((tag, request, route, (waiter.since, waiter.tries)))
                }
                Job::Command(..)
                | Job::Query(..)
                | Job::Sweep(_)
                | Job::Count(_)
                | Job::Errand(_)
                | Job::End(..)
                | Job::Lifecycle
                | Job::Calendar
                | Job::Prune
                | Job::Contract(_) => None,
            });
        }
    }

    /// A request that waited is refused; those behind it follow.
    pub(super) fn give_up_request(&mut self, tag: Tag, request: Box<Request>, now: Timestamp) {
        self.resume_request(tag, request, None, (Timestamp::EPOCH, u32::MAX), now);
    }

    fn attempt(&mut self, key: SessionKey, request: &Request, now: Timestamp) -> Result<Handled, Wait> {
        match request.kind {
            Kind::Event(_) => self.attempt_event(key, request, now),
            Kind::Initial | Kind::Update | Kind::Terminate => self.attempt_dialogue(key, request, now),
        }
    }

    fn attempt_event(&mut self, key: SessionKey, request: &Request, now: Timestamp) -> Result<Handled, Wait> {
        // What changes nothing is answered afresh each time.
        let kept = matches!(request.kind, Kind::Event(Action::Debit | Action::Refund));
        let key_of = (&request.session, request.kind, request.number);
        if kept && let Some((event, written_at)) = self.find_event(key_of)? {
            let written_at = *written_at;
            let answered = repeat_of(event, written_at, request);
            self.commit.hold(written_at);
            self.count_notes(answered.notes);
            return Ok(Handled::Answered(answered));
        }
        let (msisdn, read) = match self.identify(&request.identities)? {
            Ok(found) => found,
            Err(read) => return Ok(self.refuse(request, Denial::UnknownSubscriber, read)),
        };
        let refunds = match Token::of(request).filter(|_| request.kind == Kind::Event(Action::Refund)) {
            Some(token) => self.find_refunded(&token)?,
            None => None,
        };
        let read = refunds.as_ref().map_or(read, |(_, written_at)| read.max(*written_at));
        let (mut snapshot, taken) = match self.take(request, key, msisdn, None, read)? {
            Ok(both) => both,
            Err(refused) => return Ok(refused),
        };
        snapshot.refunds = refunds.map(|(event, _)| event);
        Ok(self.decide(request, snapshot, &taken, now))
    }

    /// An event by its repeat key, and the batch that holds it.
    fn find_event(
        &self,
        (session, kind, number): (&SessionId, Kind, u32),
    ) -> Result<Option<&(EventRecord, Sequence)>, Wait> {
        let hash = event_hash(self.hash_key, session, kind, number);
        match self.events.lookup(hash) {
            events::Lookup::Unknown => Err(Wait::EventIndex),
            events::Lookup::In(sequence) => Err(Wait::Load(Load::Events(sequence))),
            events::Lookup::Recent => {
                let same = |(event, _): &&(EventRecord, Sequence)| {
                    event.session == *session && event.kind == kind && event.number == number
                };
                Ok(self.events.recent(hash).filter(same))
            }
            events::Lookup::New => Ok(None),
        }
    }

    /// The debit that a refund names, as it is after every refund of it. That the refund's own key is new is known
    /// only once all keys were read through, and so no later record of the debit is missed here.
    fn find_refunded(&self, token: &Token) -> Result<Option<(EventRecord, Sequence)>, Wait> {
        let found = self.find_event((&token.session, Kind::Event(Action::Debit), token.number))?;
        Ok(found.cloned())
    }

    fn attempt_dialogue(
        &mut self,
        key: SessionKey,
        request: &Request,
        now: Timestamp,
    ) -> Result<Handled, Wait> {
        let pinned = match self.find_session(key, request)? {
            Found::Other => {
                self.facts.collisions = self.facts.collisions.saturating_add(1);
                return Ok(Handled::Overloaded);
            }
            Found::None(read) if request.kind != Kind::Initial => {
                self.facts.unknown_sessions = self.facts.unknown_sessions.saturating_add(1);
                if !self.policy.charge_unknown_sessions {
                    return Ok(self.refuse(request, Denial::UnknownSession, read));
                }
                Err(read)
            }
            Found::None(read) => Err(read),
            Found::There { account, msisdn, read, .. } => Ok((account, msisdn, read)),
            Found::Ended { account, msisdn, read } => {
                // Another subscriber may open a session under the identifier of one that has ended.
                match self.identify(&request.identities)? {
                    Ok((other, known)) if other != msisdn => {
                        return self.open_afresh(request, key, other, known.max(read), now);
                    }
                    Ok(_) | Err(_) => Ok((account, msisdn, read)),
                }
            }
        };
        let (msisdn, account, read) = match pinned {
            Ok((account, msisdn, read)) => (msisdn, Some(account), read),
            Err(read) => match self.identify(&request.identities)? {
                Ok((msisdn, known)) => (msisdn, None, known.max(read)),
                Err(known) => {
                    let begins = request.kind == Kind::Initial;
                    let denial = if begins { Denial::UnknownSubscriber } else { Denial::UnknownSession };
                    return Ok(self.refuse(request, denial, known.max(read)));
                }
            },
        };
        let (snapshot, taken) = match self.take(request, key, msisdn, account, read)? {
            Ok(both) => both,
            Err(refused) => return Ok(refused),
        };
        Ok(self.decide(request, snapshot, &taken, now))
    }

    /// Opens a session whose identifier an ended session of another subscriber had: that one is forgotten.
    fn open_afresh(
        &mut self,
        request: &Request,
        key: SessionKey,
        msisdn: Digits,
        read: Sequence,
        now: Timestamp,
    ) -> Result<Handled, Wait> {
        match self.take_all(key, None, msisdn, None, read)? {
            Some((snapshot, taken)) => Ok(self.decide(request, snapshot, &taken, now)),
            None => Ok(self.refuse(request, Denial::UnknownSubscriber, self.commit.horizon())),
        }
    }

    /// The session of a request, as far as it is known without a load.
    fn find_session(&mut self, key: SessionKey, request: &Request) -> Result<Found, Wait> {
        let Some(slot) = self.sessions.slot(key.short()) else {
            return match self.directory.lookup(key.short()) {
                Lookup::New => Ok(Found::None(Sequence(0))),
                Lookup::There | Lookup::Unknown => Err(Wait::Load(Load::Session(key))),
            };
        };
        let read = slot.written_at;
        let Some(session) = &slot.value else { return Ok(Found::None(read)) };
        if session.id != request.session {
            return Ok(Found::Other);
        }
        let (account, msisdn) = (session.account, session.msisdn);
        let repeat = |stored: &StoredAnswer| {
            stored.kind == request.kind && stored.number == request.number && stored.digest == request.digest
        };
        let reopened = request.kind == Kind::Initial
            && session.state != SessionState::Open
            && !session.answers.iter().any(repeat);
        Ok(if reopened {
            Found::Ended { account, msisdn, read }
        } else {
            Found::There { account, msisdn, read }
        })
    }

    /// The subscriber that a request names: its number, else its IMSI. Where it names two, the number wins. With what
    /// was found, or with what was looked in vain for, comes the highest batch that was read.
    pub(super) fn identify(
        &mut self,
        identities: &[Identity],
    ) -> Result<Result<(Digits, Sequence), Sequence>, Wait> {
        let mut read = Sequence(0);
        for identity in identities {
            let Identity::E164(msisdn) = identity else { continue };
            if let Some(written_at) = self.look_up(*msisdn, &mut read)? {
                return Ok(Ok((*msisdn, written_at)));
            }
        }
        for identity in identities {
            let Identity::Imsi(imsi) = identity else { continue };
            let slot = self.imsis.slot(*imsi).ok_or(Wait::Load(Load::Imsi(*imsi)))?;
            read = read.max(slot.written_at);
            let Some(msisdn) = slot.value else { continue };
            if let Some(written_at) = self.look_up(msisdn, &mut read)? {
                return Ok(Ok((msisdn, written_at.max(read))));
            }
        }
        Ok(Err(read))
    }

    fn look_up(&mut self, msisdn: Digits, read: &mut Sequence) -> Result<Option<Sequence>, Wait> {
        let slot = self.subscribers.slot(msisdn).ok_or(Wait::Load(Load::Subscriber(msisdn)))?;
        *read = (*read).max(slot.written_at);
        Ok(slot.value.as_ref().map(|_| slot.written_at))
    }

    /// Takes out what a decision reads, all of it or nothing. A refusal where the number or its account is not there.
    fn take(
        &mut self,
        request: &Request,
        key: SessionKey,
        msisdn: Digits,
        account: Option<AccountId>,
        read: Sequence,
    ) -> Result<Result<(Snapshot, Taken), Handled>, Wait> {
        let is_event = matches!(request.kind, Kind::Event(_));
        let session = (!is_event).then_some(key);
        match self.take_all(key, session, msisdn, account, read)? {
            Some(both) => Ok(Ok(both)),
            None => Ok(Err(self.refuse(request, Denial::UnknownSubscriber, self.commit.horizon()))),
        }
    }

    /// Takes out a number, its account or the one given, and a session, all of them or nothing. None where the number
    /// or the account is not there.
    pub(super) fn take_all(
        &mut self,
        key: SessionKey,
        session: Option<SessionKey>,
        msisdn: Digits,
        account: Option<AccountId>,
        read: Sequence,
    ) -> Result<Option<(Snapshot, Taken)>, Wait> {
        let slot = self.subscribers.slot(msisdn).ok_or(Wait::Load(Load::Subscriber(msisdn)))?;
        let Some(own) = slot.value.as_ref().map(|subscriber| subscriber.account) else { return Ok(None) };
        let account = account.unwrap_or(own);
        self.accounts.slot(account).ok_or(Wait::Load(Load::Account(account)))?;
        let Some((money, money_at)) = self.accounts.take(account) else { return Ok(None) };
        let Some((subscriber, subscriber_at)) = self.subscribers.take(msisdn) else {
            self.accounts.restore(account, money);
            return Ok(None);
        };
        let session = session.and_then(|key| self.sessions.take(key.short()));
        let mut read = read.max(money_at).max(subscriber_at);
        if let Some((_, written_at)) = &session {
            read = read.max(*written_at);
        }
        let session = session.map(|(session, _)| session);
        let (subscriber, holder) = if own == account {
            (subscriber, None)
        } else {
            (former_of(&subscriber, account), Some(subscriber))
        };
        let taken = Taken {
            holder,
            account,
            msisdn,
            key,
            read,
            reserved: money.reserved,
            session: session.as_ref().map(|session| session.state == SessionState::Open),
        };
        Ok(Some((
            Snapshot { account: money, subscriber, session, event: None, refunds: None, stopped: false },
            taken,
        )))
    }

    fn decide(
        &mut self,
        request: &Request,
        mut snapshot: Snapshot,
        taken: &Taken,
        now: Timestamp,
    ) -> Handled {
        if !self.areas.is_empty() {
            let known = snapshot.session.as_ref().and_then(|session| session.place.serving_plmn);
            snapshot.stopped = is_stopped(&self.areas, request.place.serving_plmn.or(known));
        }
        let before =
            (Clockwork::next_of_number(&snapshot.subscriber), Clockwork::next_of_account(&snapshot.account));
        let mut done = self.bring(&mut snapshot.subscriber, &mut snapshot.account, now);
        if done.subscriber {
            self.schedule_number(&snapshot.subscriber, before.0, now);
        }
        if done != Done::default() {
            self.note_done(&snapshot.subscriber, &done, now);
        }
        let stopped = snapshot.stopped;
        let Decision { mut snapshot, mut changes, answer, notes } =
            decide(snapshot, request, &self.catalogue, &self.policy, now);
        changes.subscriber |= done.subscriber;
        changes.account |= done.account;
        if !done.entries.is_empty() {
            done.entries.append(&mut changes.ledger);
            changes.ledger = done.entries;
        }
        self.schedule_account(&snapshot.account, before.1, now);
        let session = snapshot.session.as_deref();
        let profile = session.filter(|session| notes.repeat && session.profile != request.profile);
        let profile = profile.map(|session| session.profile.clone());
        let service = self.service_facts(session, &request.context);
        let msisdn = taken.msisdn;
        let refusals = if notes.repeat {
            Vec::new()
        } else {
            snapshot.stopped = stopped;
            self.refusals_of(&snapshot, request, &answer, now)
        };
        let held = self.put_back(snapshot, changes, taken, service, now);
        self.count_notes(notes);
        if !notes.repeat {
            self.count_answer(&answer, service);
        }
        for refusal in refusals {
            self.refusals.note(msisdn, refusal);
        }
        self.commit.hold(held);
        Handled::Answered(Answered { answer, profile, held: Some(held), notes })
    }

    /// Puts back what a decision gave, marks what changed to be written, and says which batch holds all of it.
    pub(super) fn put_back(
        &mut self,
        snapshot: Snapshot,
        changes: Changes,
        taken: &Taken,
        service: Option<usize>,
        now: Timestamp,
    ) -> Sequence {
        let next = self.commit.next;
        let Snapshot { mut account, subscriber, session, event: _, refunds: _, stopped: _ } = snapshot;
        let is_former = taken.holder.is_some();
        let subscriber = taken.holder.clone().unwrap_or(subscriber);
        let Changes {
            account: money,
            subscriber: number,
            session: dialogue,
            mut ledger,
            event,
            refunded,
            mut notices,
            cdrs,
        } = changes;
        let number = number && !is_former;
        if is_former {
            // who had the number before is not told by it
            notices.clear();
        }
        let kept = event.is_some() || refunded.is_some() || !notices.is_empty() || !cdrs.is_empty();
        let changed = money || number || dialogue || kept || !ledger.is_empty();
        self.reserved = self
            .reserved
            .saturating_add(i128::from(account.reserved.micros()))
            .saturating_sub(i128::from(taken.reserved.micros()));
        let booked = !ledger.is_empty();
        if booked {
            // Each entry names the batch of the one before it, so that the chain can be cut anywhere.
            ledger.iter_mut().skip(1).for_each(|entry| entry.previous = Some(next));
            account.ledger_head = Some(next);
            self.book(ledger, service, now);
        }
        if money || booked {
            self.keep_bills(&mut account, now);
            if self.accounts.write(taken.account, account, next) {
                self.commit.open.accounts.push(taken.account);
                self.commit.open.touch(now, 128);
            }
        } else {
            self.accounts.restore(taken.account, account);
        }
        if number {
            let octets = subscriber.octets();
            if self.subscribers.write(taken.msisdn, subscriber, next) {
                self.commit.open.subscribers.push(taken.msisdn);
                self.commit.open.touch(now, octets);
            }
        } else {
            self.subscribers.restore(taken.msisdn, subscriber);
        }
        self.put_back_session(session, dialogue, taken, service, now);
        for event in refunded.into_iter().chain(event) {
            self.keep_event(event, now);
        }
        self.tell_all(notices, now);
        self.record_all(cdrs, now);
        if changed { next } else { taken.read }
    }

    fn put_back_session(
        &mut self,
        session: Option<Box<Session>>,
        changed: bool,
        taken: &Taken,
        service: Option<usize>,
        now: Timestamp,
    ) {
        let short = taken.key.short();
        let next = self.commit.next;
        match session {
            Some(session) if changed => {
                let open = session.state == SessionState::Open;
                let facts = service.and_then(|at| self.services.get_mut(at));
                if let Some(facts) = facts {
                    let was_open = taken.session == Some(true);
                    facts.open = facts.open.saturating_add(u64::from(open && !was_open));
                    facts.open = facts.open.saturating_sub(u64::from(!open && was_open));
                }
                self.directory.note(&self.summary(taken.key, &session));
                let octets = session.octets();
                if self.sessions.write(short, session, next) {
                    self.commit.open.sessions.push(short);
                    self.commit.open.touch(now, octets);
                }
            }
            Some(session) => self.sessions.restore(short, session),
            None if changed => {
                self.directory.remove(short, Some(taken.msisdn));
                self.sessions.gone(short, next);
                self.commit.open.sessions_gone.push(taken.key);
                self.commit.open.touch(now, 32);
            }
            None => {}
        }
    }

    /// What the directory keeps of a session.
    pub(super) fn summary(&self, key: SessionKey, session: &Session) -> SessionSummary {
        SessionSummary::of(key, session, next_due(session, &self.policy))
    }

    pub(super) fn book(&mut self, ledger: Vec<LedgerEntry>, service: Option<usize>, now: Timestamp) {
        for entry in &ledger {
            if matches!(entry.kind, EntryKind::Charge | EntryKind::Late) {
                let cents = entry.amount.micros().saturating_neg() / Money::MICROS_PER_CENT;
                let cents = u64::try_from(cents).unwrap_or(0);
                self.facts.charged_cents = self.facts.charged_cents.saturating_add(cents);
                if let Some(facts) = service.and_then(|at| self.services.get_mut(at)) {
                    facts.charged_cents = facts.charged_cents.saturating_add(cents);
                }
            }
        }
        self.commit.open.touch(now, ledger.len().saturating_mul(ENTRY_OCTETS));
        self.commit.open.ledger.extend(ledger);
    }

    fn keep_event(&mut self, event: EventRecord, now: Timestamp) {
        let hash = event_hash(self.hash_key, &event.session, event.kind, event.number);
        let charged = event.charge.as_ref().map_or(0, charge_octets);
        let octets = answer_octets(&event.answer).saturating_add(event.session.as_str().len() + 64);
        let octets = octets.saturating_add(charged);
        // Of an event that was answered in this very batch there is one record, as it is now.
        let Some(bucket) = self.events.add(hash, event, self.commit.next) else { return };
        let open = &mut self.commit.open;
        if open.buckets.last() != Some(&bucket) {
            open.buckets.push(bucket);
            open.touch(now, 4_096);
        }
        open.events.push(hash);
        open.touch(now, octets);
    }

    /// A refusal that reads nothing but that something is not there.
    fn refuse(&mut self, request: &Request, denial: Denial, read: Sequence) -> Handled {
        self.facts.decided = self.facts.decided.saturating_add(1);
        let answer = refuse(request, denial);
        let service = self.service_facts(None, &request.context);
        self.count_answer(&answer, service);
        self.commit.hold(read);
        Handled::Answered(Answered { answer, profile: None, held: Some(read), notes: Notes::default() })
    }
}

/// Who stands for the former holder of a number in what is left of his sessions: nothing of the present one's.
fn former_of(present: &Subscriber, account: AccountId) -> Subscriber {
    Subscriber {
        account,
        imsi: None,
        owner: None,
        standing: Standing::Ended,
        barred: Vec::new(),
        allowances: Vec::new(),
        emergency_calls: 0,
        ..present.clone()
    }
}

/// What is found under a request's session identifier.
enum Found {
    /// Nothing, as that batch or an earlier one says.
    None(Sequence),
    /// The session.
    There { account: AccountId, msisdn: Digits, read: Sequence },
    /// A session that has ended, where the request opens another.
    Ended { account: AccountId, msisdn: Digits, read: Sequence },
    /// A session of another identifier with the same hash.
    Other,
}

fn repeat_of(event: &EventRecord, written_at: Sequence, request: &Request) -> Answered {
    let profile = (event.profile != request.profile).then(|| event.profile.clone());
    let notes = Notes { repeat: true, contradicts: event.digest != request.digest, ..Notes::default() };
    Answered { answer: event.answer.clone(), profile, held: Some(written_at), notes }
}
