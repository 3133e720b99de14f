//! The engine's core: what is decided, what is committed, what may leave. Pure: no IO, clock, thread or async.
//!
//! The shell hands in requests ([`Core::handle`]), what was loaded ([`Core::on_loaded`]), and that a batch is durable
//! ([`Core::on_durable`]); it polls loads, batches, answers and the next time at which something is due. An answer
//! says which batch it is held for: none leaves before what it rests on is durable, repeats and refusals included.
//! Emergencies alone wait for nothing.
//!
//! * One request, one batch: all that it changes is written under one sequence number.
//! * A thing that changes many times within a batch is written once, as it is when the batch is handed out.
//! * At most one batch is under way; a failed one ends all but emergencies.

mod attempt;
mod billing;
mod cache;
mod clock;
pub mod command;
mod commit;
mod contracts;
mod count;
mod desk;
mod directory;
mod errands;
mod events;
pub mod facts;
mod handled;
pub mod hash;
mod import;
mod inspect;
pub mod life;
mod lifecycle;
pub mod limits;
pub mod load;
mod money;
mod operate;
pub mod papers;
mod prune;
mod publication;
pub mod query;
pub mod reauth;
mod refusals;
mod room;
mod serve;
mod shelf;
pub mod sink;
mod sweep;
mod tariffs;
mod tell;
#[cfg(test)]
mod tests;
pub mod vouchers;
mod waiting;

use core::time::Duration;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

pub use command::{Change, Command, CommandError, NewSubscriber, OperationKey, SubscriberChange};
pub use directory::SessionSummary;
pub use facts::{Facts, ServiceFacts};
pub use handled::{Answered, Handled, Tag};
pub use hash::{HashKey, SessionKey};
pub use limits::Limits;
pub use load::{Found, Load, Loaded, Scanned};
pub use operate::subscriber_of;
pub use publication::Publication;
pub use query::{Mode, Outcome, Query, View};
pub use reauth::{Demand, Errand, ErrandId, Reason, Route, Told, Who};
pub use sink::{BatchSink, Fact, Recovered, TariffRecord};
pub use tariffs::KnownTariff;

use crate::charging::account::area::StoppedArea;
use crate::charging::account::{Account, AccountId, Sequence, Subscriber};
use crate::charging::catalogue::Catalogue;
use crate::charging::emergency::EmergencyRecord;
use crate::charging::policy::Policy;
use crate::charging::session::Session;
use crate::charging::snapshot::EventRecord;
use crate::charging::units::{Digits, Money};
use crate::time::Timestamp;

use billing::Calendar;
use cache::Cache;
use clock::EngineClock;
use commit::{Commit, Flight, Open};
use desk::Desk;
use directory::Directory;
use errands::{Schedule, Walks};
use events::Events;
use hash::{AsIs, Keyed};
use lifecycle::Lifecycle;
use papers::{Paper, PaperKey};
use prune::Prune;
use refusals::Refusals;
use sink::{OperationRecord, ReferenceRecord};
use tariffs::Tariffs;
use vouchers::HashCode;
use waiting::{Job, Waiter, Waiting};

/// The engine's core.
#[derive(Debug)]
pub struct Core {
    limits: Limits,
    policy: Policy,
    catalogue: Arc<Catalogue>,
    hash_key: HashKey,
    mode: Mode,
    clock: EngineClock,
    started: Timestamp,
    low_space: bool,
    store_behind: bool,
    store_stalled: Option<Duration>,
    facts: Facts,
    services: Vec<ServiceFacts>,
    accounts: Cache<AccountId, Account, Keyed>,
    subscribers: Cache<Digits, Subscriber, Keyed>,
    imsis: Cache<Digits, Digits, Keyed>,
    sessions: Cache<u64, Box<Session>, AsIs>,
    operations: Cache<OperationKey, OperationRecord, Keyed>,
    papers: Cache<PaperKey, Paper, Keyed>,
    hash_code: HashCode,
    directory: Directory,
    events: Events,
    desk: Desk,
    refusals: Refusals,
    commit: Commit,
    waiting: Waiting,
    answers: VecDeque<(Tag, Handled)>,
    replies: VecDeque<(Sequence, Tag, Outcome)>,
    /// Money that sessions hold reserved, in millionths.
    reserved: i128,
    /// References used in batches that are not durable.
    recent_references: BTreeMap<[u8; 16], (ReferenceRecord, Sequence)>,
    next_account: u64,
    /// The Origin-State-Id, and the batch that must be durable for it to be known for good.
    origin_state: Option<(u32, Sequence)>,
    stored_catalogue: Option<u64>,
    journalled: Timestamp,
    sweep_after: Timestamp,
    reauth: Schedule,
    walks: Walks,
    errands: VecDeque<Errand>,
    walk_after: Timestamp,
    errand_after: Timestamp,
    /// The Origin-State-Id that each host has told, the greatest.
    hosts: HashMap<Box<str>, u32, Keyed>,
    lifecycle: Lifecycle,
    calendar: Calendar,
    areas: Vec<StoppedArea>,
    tariffs: Tariffs,
    prune: Prune,
}

/// How often the engine's time is written to the store, at most.
const JOURNALLED_EVERY: Duration = Duration::from_secs(1);

/// What the core is made with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How much may wait and stay in memory.
    pub limits: Limits,
    /// What operators may set about charging.
    pub policy: Policy,
    /// The tariffs in force.
    pub catalogue: Arc<Catalogue>,
    /// The key of hashes in memory, and of a new store: drawn at random by the shell.
    pub hash_key: HashKey,
    /// How the codes of payment cards are hashed.
    pub hash_code: HashCode,
}

impl Core {
    /// A core that serves emergencies only: [`Core::on_recovered`] opens it for all.
    pub fn new(settings: Settings) -> Self {
        let Settings { limits, policy, catalogue, hash_key, hash_code } = settings;
        let keyed = Keyed(hash_key);
        Self {
            limits,
            policy,
            catalogue,
            hash_key,
            mode: Mode::Starting,
            clock: EngineClock::new(),
            started: Timestamp::EPOCH,
            low_space: false,
            store_behind: false,
            store_stalled: None,
            facts: Facts::default(),
            services: Vec::new(),
            accounts: Cache::new(keyed),
            subscribers: Cache::new(keyed),
            imsis: Cache::new(keyed),
            sessions: Cache::new(AsIs::default()),
            operations: Cache::new(keyed),
            papers: Cache::new(keyed),
            hash_code,
            directory: Directory::default(),
            events: Events::default(),
            desk: Desk::default(),
            refusals: Refusals::new(limits.refusals_each, limits.refusals, keyed),
            commit: Commit::new(Sequence(0)),
            waiting: Waiting::new(keyed),
            answers: VecDeque::new(),
            replies: VecDeque::new(),
            reserved: 0,
            recent_references: BTreeMap::new(),
            next_account: 1,
            origin_state: None,
            stored_catalogue: None,
            journalled: Timestamp::EPOCH,
            sweep_after: Timestamp::EPOCH,
            reauth: Schedule::default(),
            walks: Walks::default(),
            errands: VecDeque::new(),
            walk_after: Timestamp::EPOCH,
            errand_after: Timestamp::EPOCH,
            hosts: HashMap::with_hasher(keyed),
            lifecycle: Lifecycle::default(),
            calendar: Calendar::default(),
            areas: Vec::new(),
            tariffs: Tariffs::default(),
            prune: Prune::default(),
        }
    }

    /// The store is open: from now on all is served. `now` is wall time; the time journalled last counts where it is
    /// later. `content` is that of the tariffs in force, to be kept.
    pub fn on_recovered(&mut self, recovered: &Recovered, content: Arc<[u8]>, now: Timestamp) {
        if !matches!(self.mode, Mode::Starting | Mode::Draining) {
            return;
        }
        let mut now = self.clock.observe(now, &self.limits);
        if let Some(time) = recovered.time {
            self.clock.recover(time, &self.limits);
            now = self.clock.latest();
        }
        self.started = now;
        self.commit = Commit::new(recovered.last);
        self.next_account = recovered.next_account.unwrap_or(1);
        self.stored_catalogue = recovered.catalogue;
        match recovered.hash_key {
            Some(key) => self.rekey(key),
            None => self.commit.open.facts.push(Fact::HashKey(self.hash_key)),
        }
        let origin_state = recovered.origin_state.unwrap_or_else(|| {
            let fresh = u32::try_from(now.secs()).unwrap_or(1);
            self.commit.open.facts.push(Fact::OriginState(fresh));
            fresh
        });
        let known_from = if recovered.origin_state.is_some() { recovered.last } else { self.commit.next };
        self.origin_state = Some((origin_state, known_from));
        self.recover_tariffs(content, now);
        self.prune.recover(now);
        let day = self.lifecycle.recover(recovered.lifecycle, recovered.hash_key.is_none(), now);
        self.commit.open.facts.extend(day);
        self.areas.clone_from(&recovered.areas);
        if self.mode == Mode::Starting {
            self.mode = Mode::Ready;
        }
    }
}

/// Loads, batches and what they bring on.
impl Core {
    /// Something to be loaded. Loads are to be answered in the order in which they are given, behind all batches that
    /// are durable.
    pub fn poll_load(&mut self) -> Option<Load> {
        let load = self.waiting.next_load()?;
        self.facts.loads = self.facts.loads.saturating_add(1);
        Some(load)
    }

    /// A load was carried out.
    pub fn on_loaded(&mut self, loaded: Loaded, now: Timestamp) {
        let now = self.clock.observe(now, &self.limits);
        let Loaded { load, found } = loaded;
        let failed = found == Found::Failed;
        self.facts.load_failures = self.facts.load_failures.saturating_add(u64::from(failed));
        let given = self.take_in(load, found);
        for waiter in self.waiting.loaded(load) {
            if failed {
                self.give_up(waiter, CommandError::Unreadable, now);
            } else {
                self.resume(waiter, given.as_ref(), now);
            }
        }
        self.events.trim(self.limits.recent_events, self.commit.durable);
        self.make_room();
    }

    /// Takes what was loaded into memory; gives it back where it is not kept there.
    fn take_in(&mut self, load: Load, found: Found) -> Option<Found> {
        match (load, found) {
            (Load::Account(id), Found::Account(account)) => self.accounts.loaded(id, account),
            (Load::Subscriber(msisdn), Found::Subscriber(subscriber)) => {
                self.subscribers.loaded(msisdn, subscriber.map(|subscriber| *subscriber));
            }
            (Load::Imsi(imsi), Found::Imsi(msisdn)) => self.imsis.loaded(imsi, msisdn),
            (Load::Session(key), Found::Session(session)) => self.take_in_session(key, session),
            (Load::SessionsNear(short), Found::Sessions(sessions)) => {
                if sessions.is_empty() {
                    self.sessions.loaded(short, None);
                }
                for (key, session) in sessions {
                    self.take_in_session(key, Some(Box::new(session)));
                }
            }
            (Load::Events(sequence), Found::Events(events)) => self.take_in_events(sequence, events),
            (Load::Operation(key), Found::Operation(record)) => self.operations.loaded(key, record),
            (Load::Paper(key), Found::Paper(paper)) => self.papers.loaded(key, paper),
            (_, found) => return Some(found),
        }
        None
    }

    fn take_in_session(&mut self, key: SessionKey, session: Option<Box<Session>>) {
        match &session {
            Some(session) => self.note_scanned(&self.summary(key, session), &session.service),
            None if self.sessions.peek(key.short()).is_none() => self.directory.remove(key.short(), None),
            None => {}
        }
        self.sessions.loaded(key.short(), session);
    }

    fn take_in_events(&mut self, sequence: Sequence, events: Vec<EventRecord>) {
        for event in events {
            let hash = hash::event_hash(self.hash_key, &event.session, event.kind, event.number);
            self.events.loaded(hash, event, sequence);
        }
        self.events.set_read(sequence);
    }

    fn resume(&mut self, waiter: Waiter, given: Option<&Found>, now: Timestamp) {
        let Waiter { job, since, tries } = waiter;
        match job {
            Job::Request(tag, request, route) => {
                self.resume_request(tag, request, route, (since, tries), now);
            }
            Job::Command(tag, command) => self.try_command(tag, command, given, (since, tries), now),
            Job::Query(tag, query, head) => self.try_query(tag, query, head, given, since, now),
            Job::Sweep(short) => self.try_sweep(short, now),
            Job::Count(key) => self.try_count(key, now),
            Job::Errand(short) => self.try_errand(short, now),
            Job::End(short, ending) => self.try_end(short, ending, now),
            Job::Lifecycle => self.on_lifecycle_page(given, now),
            Job::Calendar => self.on_calendar_page(given, now),
            Job::Prune => self.on_operations_page(given, now),
            Job::Contract(msisdn) => self.try_end_contract(msisdn, now),
        }
    }

    fn give_up(&mut self, waiter: Waiter, why: CommandError, now: Timestamp) {
        match waiter.job {
            Job::Request(tag, request, _) => self.give_up_request(tag, request, now),
            Job::Command(tag, command) => {
                self.give_up_check(command.key);
                self.reply(tag, Err(why));
            }
            Job::Query(tag, ..) => self.reply(tag, Err(why)),
            Job::Sweep(short) => self.directory.retry(short, now.plus(sweep::LATER)),
            Job::Count(key) => self.desk.set_counted(key),
            Job::Errand(short) => self.give_up_errand(short),
            Job::Lifecycle => self.on_lifecycle_page(None, now),
            Job::Calendar => self.on_calendar_page(None, now),
            Job::Prune => self.on_operations_page(None, now),
            // what a session holds ends by expiry; a contract that is to end is found again the next day
            Job::End(..) | Job::Contract(_) => {}
        }
    }

    /// A piece of what is read through in the background.
    pub fn on_scanned(&mut self, scanned: Scanned, now: Timestamp) {
        let now = self.clock.observe(now, &self.limits);
        match scanned {
            Scanned::Sessions(sessions) => {
                for (summary, service) in &sessions {
                    self.note_scanned(summary, service);
                }
            }
            Scanned::SessionsDone => self.directory.set_complete(),
            Scanned::Buckets(buckets) => buckets.into_iter().for_each(|bucket| self.events.scanned(bucket)),
            Scanned::BucketsDone => {
                self.events.set_complete();
                for waiter in self.waiting.events_known() {
                    self.resume(waiter, None, now);
                }
            }
            Scanned::Emergencies(found) => {
                for (key, record) in found {
                    self.desk.scanned(key, record);
                }
            }
        }
    }

    /// Writes all that changed since the last batch into `sink`, each thing once, as it is now, and gives the batch's
    /// number. None where nothing changed, or a batch is under way.
    pub fn poll_batch(&mut self, sink: &mut dyn BatchSink) -> Option<Sequence> {
        let served = matches!(self.mode, Mode::Ready | Mode::Draining);
        let empty = self.commit.open.is_empty() && !self.desk_is_due();
        if !served || empty || self.commit.flight.is_some() {
            return None;
        }
        let sequence = self.commit.next;
        let open = std::mem::take(&mut self.commit.open);
        let flight =
            Flight { sequence, since: open.since.unwrap_or(self.clock.latest()), answers: open.answers };
        self.commit.flight = Some(flight);
        self.commit.next = Sequence(sequence.0.saturating_add(1));
        self.facts.batches = self.facts.batches.saturating_add(1);
        self.facts.batched_answers =
            self.facts.batched_answers.saturating_add(u64::try_from(open.answers).unwrap_or(0));
        self.write(open, sink);
        Some(sequence)
    }

    fn write(&mut self, open: Open, sink: &mut dyn BatchSink) {
        open.sessions_gone.into_iter().for_each(|key| sink.session_gone(key));
        open.emergencies_gone.into_iter().for_each(|key| sink.emergency_gone(key));
        open.buckets_gone.into_iter().for_each(|number| sink.bucket_gone(number));
        for id in open.accounts {
            self.accounts.hand_out(id).into_iter().for_each(|account| sink.account(account));
        }
        for msisdn in open.subscribers {
            self.subscribers.hand_out(msisdn).into_iter().for_each(|subscriber| sink.subscriber(subscriber));
        }
        for imsi in open.imsis {
            let msisdn = self.imsis.hand_out(imsi).copied();
            sink.imsi(imsi, msisdn);
        }
        for short in open.sessions {
            if let Some(session) = self.sessions.hand_out(short) {
                sink.session(SessionKey::of(self.hash_key, &session.id), session);
            }
        }
        open.ledger.iter().for_each(|entry| sink.ledger(entry));
        open.acts.iter().for_each(|act| sink.act(act));
        open.notices.iter().for_each(|notice| sink.notice(notice));
        open.cdrs.iter().for_each(|cdr| sink.cdr(cdr));
        for hash in open.events {
            self.events.recent(hash).into_iter().for_each(|(event, _)| sink.event(event));
        }
        for number in open.buckets {
            self.events.bucket(number).into_iter().for_each(|bucket| sink.bucket(bucket));
        }
        for key in open.operations {
            self.operations.hand_out(key).into_iter().for_each(|record| sink.operation(key, record));
        }
        for key in open.papers {
            self.papers.hand_out(key).into_iter().for_each(|paper| sink.paper(key, paper));
        }
        open.references.iter().for_each(|(key, record)| sink.reference(*key, record));
        while self.desk_is_due()
            && let Some((key, record)) = self.desk.hand_out()
        {
            sink.emergency(key, record);
        }
        open.bills.iter().for_each(|bill| sink.bill(bill));
        open.calendar.iter().for_each(|(entry, there)| sink.calendar(*entry, *there));
        if open.areas {
            sink.areas(&self.areas);
        }
        open.catalogues_gone.iter().for_each(|version| sink.catalogue_gone(*version));
        open.catalogues.iter().for_each(|(version, content)| sink.catalogue(*version, content));
        open.tariffs_gone.iter().for_each(|from| sink.tariff_gone(*from));
        open.tariffs.iter().for_each(|record| sink.tariff(record));
        open.operations_gone.iter().for_each(|key| sink.operation_gone(*key));
        open.facts.into_iter().for_each(|fact| sink.fact(fact));
        if self.clock.latest().since(self.journalled) >= JOURNALLED_EVERY {
            self.journalled = self.clock.latest();
            sink.fact(Fact::Time(self.journalled));
        }
    }

    /// Whether emergencies are to be written. What a run before has written of them must be known first: it says
    /// which are counted.
    fn desk_is_due(&self) -> bool {
        self.events.is_complete() && self.desk.is_dirty()
    }

    /// A batch is durable, and all before it: what is held for it may leave.
    pub fn on_durable(&mut self, sequence: Sequence, now: Timestamp) {
        let now = self.clock.observe(now, &self.limits);
        self.commit.durable = self.commit.durable.max(sequence);
        self.commit.flight.take_if(|flight| flight.sequence <= sequence);
        self.events.trim(self.limits.recent_events, sequence);
        self.forget_references(sequence);
        for waiter in self.waiting.durable(sequence) {
            self.resume(waiter, None, now);
        }
        self.make_room();
    }

    /// The store failed: nothing that is held may ever leave, what waits is refused, emergencies alone are served.
    pub fn on_failed(&mut self, now: Timestamp) {
        let now = self.clock.observe(now, &self.limits);
        let since = self.commit.flight.map_or(now, |flight| flight.since);
        self.mode = Mode::Failed;
        for (_, handled) in &mut self.answers {
            *handled = Handled::Overloaded;
        }
        for (held, _, outcome) in &mut self.replies {
            *held = self.commit.durable;
            *outcome = Err(CommandError::StoreFailed);
        }
        for waiter in self.waiting.drain() {
            match waiter.job {
                Job::Request(tag, ..) => self.answers.push_back((tag, Handled::Overloaded)),
                Job::Command(tag, _) | Job::Query(tag, ..) => self.reply(tag, Err(CommandError::StoreFailed)),
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
        self.desk.write_all_again(since);
    }

    /// Nothing new begins from now on; what is open may report and end.
    pub fn drain(&mut self) {
        if matches!(self.mode, Mode::Ready | Mode::Starting) {
            self.mode = Mode::Draining;
        }
    }

    /// The answer of a request that waited.
    pub fn poll_answer(&mut self) -> Option<(Tag, Handled)> {
        self.answers.pop_front()
    }

    /// The outcome of an operator's command or question. It is durable already.
    pub fn poll_reply(&mut self) -> Option<(Tag, Outcome)> {
        let durable = self.commit.durable;
        let (_, tag, outcome) = self.replies.pop_front_if(|(held, _, _)| *held <= durable)?;
        Some((tag, outcome))
    }

    /// An emergency that could not be written because the store failed: for a file elsewhere, to be handed to
    /// [`Core::enter_spooled`] after the next start.
    pub fn poll_spool(&mut self) -> Option<&EmergencyRecord> {
        if self.mode != Mode::Failed {
            return None;
        }
        self.desk.hand_out().map(|(_, record)| record)
    }

    /// Enters an emergency that was kept elsewhere. One that is known already changes nothing.
    pub fn enter_spooled(&mut self, record: EmergencyRecord) {
        let key = SessionKey::of(self.hash_key, &record.session);
        self.desk.enter(key, record);
    }

    fn reply(&mut self, tag: Tag, outcome: Outcome) {
        let held = if self.mode == Mode::Failed { self.commit.durable } else { self.commit.horizon() };
        self.replies.push_back((held, tag, outcome));
    }

    /// A store that was opened has another hash key than this core was made with: nothing is in memory under the
    /// first one but emergencies, which are entered anew.
    fn rekey(&mut self, key: HashKey) {
        self.hash_key = key;
        self.desk.rekey(key);
    }
}

/// What is asked of the core by the way.
impl Core {
    /// What is served.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The last durable batch: what is held for it or an earlier one may leave.
    pub fn durable(&self) -> Sequence {
        self.commit.durable
    }

    /// The batch that must be durable for everything decided so far to be.
    pub fn horizon(&self) -> Sequence {
        if self.desk.is_dirty() { self.commit.next } else { self.commit.horizon() }
    }

    /// The key of the store's hashes.
    pub fn hash_key(&self) -> HashKey {
        self.hash_key
    }

    /// Whether nothing waits and everything decided is durable. A store that failed has nothing more to wait for.
    pub fn is_settled(&self) -> bool {
        let waits = self.waiting.counts().requests.saturating_add(self.waiting.counts().operators);
        let open = matches!(self.mode, Mode::Ready | Mode::Draining) && self.horizon() > self.commit.durable;
        waits == 0 && !open && self.answers.is_empty() && self.replies.is_empty()
    }

    /// Whether nothing goes on in the background either: expiry, daily jobs, clients to be asked.
    pub fn is_idle(&self) -> bool {
        self.is_settled() && self.waiting.counts().sweeps == 0
    }

    /// Whether a batch is under way.
    pub fn is_committing(&self) -> bool {
        self.commit.flight.is_some()
    }

    /// Sums since the start.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Sums of each service since the start.
    pub fn services(&self) -> &[ServiceFacts] {
        &self.services
    }

    /// The tariffs in force.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// The Origin-State-Id of the store (RFC 6733 §8.16); none before it is open, and none before it is durable: what a
    /// client has heard is in every backup.
    pub fn origin_state(&self) -> Option<u32> {
        self.origin_state.filter(|(_, known_from)| *known_from <= self.commit.durable).map(|(state, _)| state)
    }

    /// The store has little room left: new sessions and events are refused until it has more.
    pub fn set_low_space(&mut self, low: bool) {
        self.low_space = low;
    }

    /// Changes come faster than the store takes them for long: new sessions and events are refused until it has caught
    /// up.
    pub fn set_store_behind(&mut self, behind: bool) {
        self.store_behind = behind;
    }

    /// For how long the store has stood still, where that is too long: what is not in memory cannot be read, and is
    /// refused at once until it goes on. All else is served.
    pub fn set_store_stalled(&mut self, still: Option<Duration>) {
        let begins = still.is_some() && self.store_stalled.is_none();
        self.store_stalled = still;
        if begins {
            self.tariffs.abandon();
            for waiter in self.waiting.take_operators() {
                if let Job::Command(tag, _) | Job::Query(tag, ..) = waiter.job {
                    self.reply(tag, Err(CommandError::StoreStalled));
                }
            }
        }
    }

    /// Whether what must wait for this would wait for a store that stands still.
    fn is_vain(&self, wait: &waiting::Wait) -> bool {
        self.store_stalled.is_some() && !matches!(wait, waiting::Wait::Durable(_))
    }

    /// An operator says that the clock is right after a jump: expiry goes on.
    pub fn confirm_clock(&mut self) {
        self.clock.confirm();
    }

    /// Money that sessions hold reserved, as far as they are known.
    pub fn reserved(&self) -> Money {
        Money::from_micros(i64::try_from(self.reserved).unwrap_or(i64::MAX))
    }
}
