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

mod cache;
mod clock;
pub mod command;
mod commit;
mod desk;
mod directory;
mod events;
pub mod facts;
mod handled;
pub mod hash;
mod inspect;
pub mod limits;
pub mod load;
mod operate;
pub mod query;
mod refusals;
mod serve;
pub mod sink;
mod sweep;
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::VecDeque;
use std::sync::Arc;

pub use command::{Change, Command, CommandError, NewSubscriber, OperationKey, SubscriberChange};
pub use directory::SessionSummary;
pub use facts::{Facts, ServiceFacts};
pub use handled::{Answered, Handled, Tag};
pub use hash::{HashKey, SessionKey};
pub use limits::Limits;
pub use load::{Found, Load, Loaded, Scanned};
pub use query::{Mode, Outcome, Query, View};
pub use sink::{BatchSink, EmergencyRecord, Fact, Recovered};

use crate::charging::account::{Account, AccountId, Sequence, Subscriber};
use crate::charging::catalogue::Catalogue;
use crate::charging::policy::Policy;
use crate::charging::session::Session;
use crate::charging::units::{Digits, Money};
use crate::time::Timestamp;

use cache::Cache;
use clock::EngineClock;
use commit::{Commit, Flight, Open};
use desk::Desk;
use directory::Directory;
use events::Events;
use hash::{AsIs, Keyed};
use refusals::Refusals;
use sink::OperationRecord;
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
    facts: Facts,
    services: Vec<ServiceFacts>,
    accounts: Cache<AccountId, Account, Keyed>,
    subscribers: Cache<Digits, Subscriber, Keyed>,
    imsis: Cache<Digits, Digits, Keyed>,
    sessions: Cache<u64, Box<Session>, AsIs>,
    operations: Cache<OperationKey, OperationRecord, Keyed>,
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
    next_account: u64,
    journalled: Timestamp,
    sweep_after: Timestamp,
}

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
}

impl Core {
    /// A core that serves emergencies only: [`Core::on_recovered`] opens it for all.
    pub fn new(settings: Settings) -> Self {
        let Settings { limits, policy, catalogue, hash_key } = settings;
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
            facts: Facts::default(),
            services: Vec::new(),
            accounts: Cache::new(keyed),
            subscribers: Cache::new(keyed),
            imsis: Cache::new(keyed),
            sessions: Cache::new(AsIs::default()),
            operations: Cache::new(keyed),
            directory: Directory::default(),
            events: Events::default(),
            desk: Desk::default(),
            refusals: Refusals::new(limits.refusals_each, limits.refusals, keyed),
            commit: Commit::new(Sequence(0)),
            waiting: Waiting::new(keyed),
            answers: VecDeque::new(),
            replies: VecDeque::new(),
            reserved: 0,
            next_account: 1,
            journalled: Timestamp::EPOCH,
            sweep_after: Timestamp::EPOCH,
        }
    }

    /// The store is open: from now on all is served. `now` is wall time; the time journalled last counts where it is
    /// later. `origin_state` is the Origin-State-Id of a store that has none yet.
    pub fn on_recovered(&mut self, recovered: &Recovered, now: Timestamp) {
        if self.mode != Mode::Starting {
            return;
        }
        let now = self.clock.observe(now, &self.limits);
        if let Some(time) = recovered.time {
            self.clock.recover(time, &self.limits);
        }
        self.started = now;
        self.commit = Commit::new(recovered.last);
        self.next_account = recovered.next_account.unwrap_or(1);
        let facts = &mut self.commit.open.facts;
        match recovered.hash_key {
            Some(key) => self.rekey(key),
            None => facts.push(Fact::HashKey(self.hash_key)),
        }
        let facts = &mut self.commit.open.facts;
        if recovered.origin_state.is_none() {
            facts.push(Fact::OriginState(self.fresh_origin_state()));
        }
        if recovered.catalogue != Some(self.catalogue.version()) {
            self.commit.open.facts.push(Fact::Catalogue(self.catalogue.version()));
        }
        self.mode = Mode::Ready;
    }
}
