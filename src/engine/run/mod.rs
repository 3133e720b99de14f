//! The engine with its threads: the loop owns an [`Engine`] and calls [`Engine::turn`]; a committer makes batches
//! durable, a store thread applies them and answers loads.
//!
//! Nothing crosses a thread for a request: one message each way for a batch, one for a cold load. The engine serves
//! emergencies from the moment it is started, everything else once the store has been opened.

mod committer;
mod encode;
mod event;
mod figures;
mod followers;
mod operators;
mod reader;
mod secret;
mod spool;
mod stall;
mod store_thread;
#[cfg(test)]
mod tests;

use core::fmt;
use core::time::Duration;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use tokio::sync::watch;

use crate::charging::account::Sequence;
use crate::charging::catalogue::Catalogue;
use crate::charging::request::Request;
use crate::engine::core::command::Command;
use crate::engine::core::load::{Loaded, Scanned};
use crate::engine::core::query::{Mode, Outcome, Query};
use crate::engine::core::sink::Recovered;
use crate::engine::core::{
    Answered, Core, Demand, Errand, ErrandId, Handled, KnownTariff, Publication, Route, Settings, Tag, Told,
};
use crate::store::{self, Commit, Notice, Opened, Pulse, StoreError};
use crate::telemetry::EngineMetrics;
use crate::time::Timestamp;

pub use encode::Encoder;
pub use event::{Event, Failure};
pub use followers::{Asking, Followers, Start};
pub use secret::hash_code;

use committer::{Clock, ToCommitter, Written};
use spool::Spool;
use stall::Stall;
use store_thread::ToStore;

/// Loads that are with the store thread at a time.
const LOADS: usize = 256;

/// What the threads tell that is taken in one turn, at most.
const TOLD: usize = 256;

/// A store that is stamped later than the clock by more than this is told of.
const AHEAD: Duration = Duration::from_mins(5);

/// What an engine is started with.
pub struct Options {
    /// What its core is made with.
    pub settings: Settings,
    /// The content that the tariffs were made from, to be kept in the store.
    pub content: Arc<[u8]>,
    /// Opens the store; called on the store thread, may take long.
    pub open: Box<dyn FnOnce() -> Result<Opened, StoreError> + Send>,
    /// Reads the monotonic clock.
    pub clock: Box<Clock>,
    /// Wakes the loop, from another thread: [`Engine::turn`] is to be called.
    pub wake: Box<dyn Fn() + Send + Sync>,
    /// What beats while the store thread gets on: that of the store's own options, where it has one.
    pub pulse: Arc<Pulse>,
    /// Where emergencies go while the store is gone; best on another disk than the store.
    pub spool: Option<PathBuf>,
    /// Where the figures go.
    pub metrics: EngineMetrics,
    /// How a version of the tariffs that the store keeps is made of its content.
    pub build: Box<BuildTariff>,
    /// Versions of the tariffs that come into force later.
    pub upcoming: Vec<Publication>,
    /// Where it is shown which tariffs are in force.
    pub shown: watch::Sender<Arc<Catalogue>>,
    /// Who follows what is committed.
    pub followers: Option<Followers>,
}

/// Makes a catalogue of the content of a tariff, or says why it cannot.
pub type BuildTariff = dyn Fn(&[u8]) -> Result<Catalogue, String> + Send + Sync;

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("spool", &self.spool).finish_non_exhaustive()
    }
}

/// What threads share with the loop.
struct Shared {
    clock: Box<Clock>,
    pulse: Arc<Pulse>,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// A store that was opened, on its way from the store thread to the loop.
struct OpenedStore {
    commit: Box<dyn Commit>,
    recovered: Recovered,
    tariffs: Vec<KnownTariff>,
    epoch: u64,
    notices: Vec<Notice>,
}

/// What the threads tell the loop.
enum FromThreads {
    Opened(Box<OpenedStore>),
    OpenFailed(StoreError),
    Scanned(Scanned),
    Loaded(Loaded),
    Durable(Written),
    CommitFailed(StoreError),
    CommitterStopped,
    Status(Box<store::Status>),
    BackedUp(Tag, Result<(), String>),
    StoreStopped(Option<StoreError>),
    NoRoom(StoreError),
    Problem(String),
}

/// Tells the loop that a thread ended by a panic: sled is known to panic.
struct Alarm {
    to_loop: Sender<FromThreads>,
    shared: Arc<Shared>,
    told: fn() -> FromThreads,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if thread::panicking() {
            // The loop may have gone: then no one is left to be told.
            let _ = self.to_loop.send((self.told)());
            (self.shared.wake)();
        }
    }
}

/// The engine, owned by the loop.
pub struct Engine {
    core: Core,
    content: Arc<[u8]>,
    shared: Arc<Shared>,
    to_store: Sender<ToStore>,
    to_committer: Option<Sender<ToCommitter>>,
    from: Receiver<FromThreads>,
    to_loop: Sender<FromThreads>,
    threads: Vec<JoinHandle<()>>,
    loads: usize,
    stall: Stall,
    turned: Timestamp,
    spool: Option<Spool>,
    /// The spool's file can go once this batch is durable.
    spool_entered: Option<Sequence>,
    failure: Option<Arc<Failure>>,
    status: store::Status,
    metrics: EngineMetrics,
    events: Vec<Event>,
    /// Told once the Origin-State-Id of the store is durable.
    ready: Option<Event>,
    shown: watch::Sender<Arc<Catalogue>>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("mode", &self.core.mode()).finish_non_exhaustive()
    }
}

impl Engine {
    /// Starts the store thread, which opens the store; emergencies are served from now on.
    pub fn start(options: Options) -> io::Result<Self> {
        let Options {
            settings,
            content,
            open,
            clock,
            wake,
            pulse,
            spool,
            metrics,
            build,
            upcoming,
            shown,
            followers,
        } = options;
        let policy = settings.policy;
        let stall = Stall::new(&pulse, clock());
        let shared = Arc::new(Shared { clock, pulse, wake });
        let (to_store, from_loop) = channel();
        let (to_loop, from) = channel();
        let (to_follow, ask) =
            (to_store.clone(), |to: &Sender<ToStore>, ask| to.send(ToStore::Follow(ask)).is_ok());
        let followers = followers.map(|followers| (followers, Asking::by(move |one| ask(&to_follow, one))));
        let store_thread = {
            let (shared, to_loop) = (Arc::clone(&shared), to_loop.clone());
            thread::Builder::new().name("gyro-store".into()).spawn(move || {
                let told = || FromThreads::StoreStopped(None);
                let alarm = Alarm { to_loop, shared, told };
                store_thread::run(
                    (open, followers),
                    (policy, &*build),
                    &from_loop,
                    &alarm.to_loop,
                    &alarm.shared,
                );
            })?
        };
        let mut core = Core::new(settings);
        core.expect_tariffs(upcoming);
        Ok(Self {
            core,
            content,
            shared,
            to_store,
            to_committer: None,
            from,
            to_loop,
            threads: vec![store_thread],
            loads: 0,
            stall,
            turned: Timestamp::EPOCH,
            spool: spool.map(Spool::new),
            spool_entered: None,
            failure: None,
            status: store::Status::default(),
            metrics,
            events: Vec::new(),
            ready: None,
            shown,
        })
    }

    /// Takes a request, see [`Core::handle`].
    pub fn handle(&mut self, tag: Tag, request: Request, now: Timestamp) -> Handled {
        self.core.handle(tag, request, now)
    }

    /// Takes a request and where it came from, see [`Core::handle_from`].
    pub fn handle_from(
        &mut self,
        tag: Tag,
        route: Option<Route>,
        request: Request,
        now: Timestamp,
    ) -> Handled {
        self.core.handle_from(tag, route, request, now)
    }

    /// Demands something of clients, see [`Core::demand`].
    pub fn demand(&mut self, demand: Demand, now: Timestamp) {
        self.core.demand(demand, now);
    }

    /// A client that is to be asked now; [`Engine::told`] takes what comes of it.
    pub fn poll_errand(&mut self) -> Option<Errand> {
        self.core.poll_errand()
    }

    /// What came of an errand, see [`Core::told`].
    pub fn told(&mut self, id: ErrandId, told: Told, now: Timestamp) {
        self.core.told(id, told, now);
    }

    /// A host has told its Origin-State-Id, see [`Core::origin_state_of`].
    pub fn origin_state_of(&mut self, host: &str, state: u32, now: Timestamp) -> bool {
        self.core.origin_state_of(host, state, now)
    }

    /// Takes a request only if it is about an emergency, see [`Core::emergency`].
    pub fn emergency(&mut self, request: &Request, now: Timestamp) -> Option<Answered> {
        self.core.emergency(request, now)
    }

    /// Takes an operator's command, see [`Core::command`].
    pub fn command(&mut self, tag: Tag, command: Command, now: Timestamp) {
        self.core.command(tag, command, now);
    }

    /// Takes an operator's question, see [`Core::query`].
    pub fn query(&mut self, tag: Tag, query: Query, now: Timestamp) {
        self.core.query(tag, query, now);
    }

    /// Begins a backup into a new file; [`Event::BackedUp`] tells when it is whole.
    pub fn backup(&mut self, tag: Tag, to: PathBuf) {
        if self.stall.stalled().is_some() {
            self.events.push(Event::BackedUp(tag, Err(STALLED.into())));
        } else if self.to_store.send(ToStore::Backup(tag, to)).is_err() {
            self.events.push(Event::BackedUp(tag, Err("the store is gone".into())));
        }
    }

    /// Does what there is to do and never waits: takes in what the threads tell, does what is due, hands out loads and
    /// the next batch. To be called after each round of requests, when woken, and at [`Engine::next_turn`].
    pub fn turn(&mut self, now: Timestamp) {
        for taken in 0..=TOLD {
            let Ok(told) = self.from.try_recv() else { break };
            self.take_in(told, now);
            if taken == TOLD {
                (self.shared.wake)();
            }
        }
        if self.core.poll_timeout().is_some_and(|due| due <= now) {
            self.core.handle_timeout(now);
        }
        self.hand_out_loads();
        self.hand_out_batch();
        self.spool();
        let catalogue = self.core.catalogue();
        self.shown.send_if_modified(|shown| {
            let other = shown.version() != catalogue.version();
            if other {
                *shown = Arc::clone(catalogue);
            }
            other
        });
        self.turned = now;
        self.watch();
    }

    /// When [`Engine::turn`] is to be called next, if nothing comes before.
    pub fn next_turn(&self) -> Option<Timestamp> {
        let look = self.turned.plus(stall::LOOK);
        Some(self.core.poll_timeout().map_or(look, |due| due.min(look)))
    }

    /// The answer of a request that waited.
    pub fn poll_answer(&mut self) -> Option<(Tag, Handled)> {
        self.core.poll_answer()
    }

    /// What an operator's command or question came to; it is durable.
    pub fn poll_reply(&mut self) -> Option<(Tag, Outcome)> {
        self.core.poll_reply()
    }

    /// Something to be logged.
    pub fn poll_event(&mut self) -> Option<Event> {
        if self.events.is_empty() { None } else { Some(self.events.remove(0)) }
    }

    /// What is held for this batch or an earlier one may be sent. After a failure nothing that is held may.
    pub fn durable(&self) -> Sequence {
        self.core.durable()
    }

    /// What is served.
    pub fn mode(&self) -> Mode {
        match self.core.mode() {
            Mode::Ready if self.ready.is_some() => Mode::Starting,
            mode => mode,
        }
    }

    /// The store's own figures, as told last.
    pub fn store_status(&self) -> &store::Status {
        &self.status
    }

    /// The core, to look at.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Other tariffs are in force from now on; `content` is what they were made from.
    pub fn set_catalogue(&mut self, catalogue: Arc<Catalogue>, content: Arc<[u8]>) {
        self.content = Arc::clone(&content);
        self.core.set_catalogue(catalogue, content);
    }

    /// An operator says that the clock is right after a jump.
    pub fn confirm_clock(&mut self) {
        self.core.confirm_clock();
    }

    /// Nothing new begins from now on.
    pub fn drain(&mut self) {
        self.core.drain();
    }

    /// Whether nothing waits and everything decided is durable: the time to [`Engine::close`].
    pub fn is_settled(&self) -> bool {
        self.core.is_settled()
    }

    /// Brings the figures up to date: to be called before they are read.
    pub fn publish(&mut self, now: Timestamp) {
        let status = self.core.status(now);
        self.metrics.publish(&figures::of(&self.core, &status, &self.status));
    }

    /// Why only emergencies are served, where that is so.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_deref()
    }

    /// Ends: stops the committer, then the store thread, which checkpoints first. Waits for both, for the store thread as
    /// long as it gets on. What was not durable is lost; its answers were never sent. Fails where the store failed,
    /// before or now.
    pub fn close(mut self) -> Result<(), Arc<Failure>> {
        let mut outcome = Ok(());
        let was_open = self.to_committer.is_some() || self.failure.is_some();
        self.core.give_up_waiting();
        if let Some(to_committer) = self.to_committer.take() {
            // A committer that has ended already has said why.
            let _ = to_committer.send(ToCommitter::Stop);
        }
        let (store_thread, committer) = (0, 1);
        if self.threads.len() > committer && self.threads.remove(committer).join().is_err() {
            outcome = Err(Failure::Thread("committer"));
        }
        let _ = self.to_store.send(ToStore::Stop);
        let mut told = Vec::new();
        if self.threads.len() > store_thread {
            let thread = self.threads.remove(store_thread);
            match self.await_store(&thread, &mut told) {
                // An opening that is given up has changed nothing that the next one does not find.
                Err(still) => outcome = if was_open { Err(Failure::Stalled(still)) } else { outcome },
                Ok(()) if thread.join().is_err() => outcome = Err(Failure::Thread("store")),
                Ok(()) => {}
            }
        }
        for told in told.into_iter().chain(self.from.try_iter()) {
            match told {
                FromThreads::CommitFailed(error)
                | FromThreads::OpenFailed(error)
                | FromThreads::StoreStopped(Some(error)) => outcome = Err(error.into()),
                FromThreads::Opened(_)
                | FromThreads::Scanned(_)
                | FromThreads::Loaded(_)
                | FromThreads::Durable(_)
                | FromThreads::CommitterStopped
                | FromThreads::Status(_)
                | FromThreads::BackedUp(..)
                | FromThreads::StoreStopped(None)
                | FromThreads::NoRoom(_)
                | FromThreads::Problem(_) => {}
            }
        }
        match self.failure {
            Some(earlier) => Err(earlier),
            None => outcome.map_err(Arc::new),
        }
    }

    /// Waits for the end of the store thread; an error is for how long it has stood still.
    fn await_store(&mut self, thread: &JoinHandle<()>, told: &mut Vec<FromThreads>) -> Result<(), Duration> {
        while !thread.is_finished() {
            let next = self.from.recv_timeout(stall::BREATH).ok();
            let ended = matches!(next, Some(FromThreads::StoreStopped(_) | FromThreads::OpenFailed(_)));
            told.extend(next);
            if ended {
                break;
            }
            let still = self.stall.still((self.shared.clock)());
            if still >= stall::LEFT_BEHIND {
                return Err(still);
            }
        }
        Ok(())
    }

    fn take_in(&mut self, told: FromThreads, now: Timestamp) {
        match told {
            FromThreads::Opened(opened) => self.opened(*opened, now),
            FromThreads::Durable(written) => self.written(written, now),
            FromThreads::Loaded(loaded) => {
                self.loads = self.loads.saturating_sub(1);
                self.core.on_loaded(loaded, now);
            }
            FromThreads::Scanned(scanned) => {
                let buckets_done = scanned == Scanned::BucketsDone;
                if scanned == Scanned::SessionsDone {
                    self.events.push(Event::Scanned);
                }
                self.core.on_scanned(scanned, now);
                if buckets_done {
                    self.enter_spool();
                }
            }
            FromThreads::Status(status) => {
                self.core.set_low_space(status.space.is_low());
                self.status = store::Status { behind: self.status.behind, ..*status };
                self.set_behind(status.behind);
            }
            FromThreads::BackedUp(tag, outcome) => self.events.push(Event::BackedUp(tag, outcome)),
            FromThreads::NoRoom(error) => self.events.push(Event::NoRoom(error)),
            FromThreads::Problem(problem) => self.events.push(Event::Problem(problem)),
            FromThreads::CommitFailed(error) | FromThreads::OpenFailed(error) => self.fail(error.into(), now),
            FromThreads::CommitterStopped => self.fail(Failure::Thread("committer"), now),
            FromThreads::StoreStopped(error) => {
                let why = error.map_or(Failure::Thread("store"), Failure::Store);
                self.fail(why, now);
            }
        }
    }

    fn opened(&mut self, opened: OpenedStore, now: Timestamp) {
        let OpenedStore { commit, recovered, tariffs, epoch, notices } = opened;
        let (to_committer, from_loop) = channel();
        let (to_store, to_loop) = (self.to_store.clone(), self.to_loop.clone());
        let shared = Arc::clone(&self.shared);
        let spawned = thread::Builder::new().name("gyro-commit".into()).spawn(move || {
            let told = || FromThreads::CommitterStopped;
            let alarm = Alarm { to_loop, shared, told };
            committer::run(commit, &from_loop, &to_store, &alarm.to_loop, &alarm.shared);
        });
        match spawned {
            Ok(thread) => self.threads.push(thread),
            Err(error) => {
                self.events.push(Event::Problem(format!("cannot start the committer thread: {error}")));
                return self.fail(Failure::Thread("committer"), now);
            }
        }
        self.to_committer = Some(to_committer);
        if let Some(stamp) = recovered.time.filter(|stamp| stamp.since(now) > AHEAD) {
            self.events.push(Event::Problem(format!(
                "the store was stamped {stamp}, and the clock says {now}: time stands still until it gets there; where \
                 the clock is right, stop the server and undo the stamp with `gyro store clock-reset`"
            )));
        }
        self.core.know_tariffs(tariffs);
        self.core.on_recovered(&recovered, Arc::clone(&self.content), now);
        self.ready = Some(Event::Ready { epoch, last: recovered.last, notices });
        self.announce();
    }

    /// A store that is new has to know for good by which Origin-State-Id its server is known: none is told before.
    fn announce(&mut self) {
        if self.core.origin_state().is_some() {
            self.events.extend(self.ready.take());
        }
    }

    fn written(&mut self, written: Written, now: Timestamp) {
        let sequence = Sequence(written.sequence.number());
        self.metrics.committed(written.took, written.records, written.octets);
        self.core.on_durable(sequence, now);
        self.announce();
        self.set_behind(written.behind);
        if self.spool_entered.is_some_and(|entered| entered <= sequence) {
            self.spool_entered = None;
            let removed = self.spool.as_ref().map_or(Ok(()), Spool::remove);
            if let Err(error) = removed {
                self.events.push(Event::Problem(format!("cannot remove the spool of emergencies: {error}")));
            }
        }
    }

    fn fail(&mut self, why: Failure, now: Timestamp) {
        if self.failure.is_none() {
            let why = Arc::new(why);
            self.failure = Some(Arc::clone(&why));
            self.to_committer = None;
            self.core.on_failed(now);
            self.events.push(Event::Failed(why));
        }
    }

    /// New sessions are refused from now on, or are not.
    fn set_behind(&mut self, is_behind: bool) {
        self.core.set_store_behind(is_behind);
        if is_behind && !self.status.behind {
            self.events.push(Event::Problem(BEHIND.to_owned()));
        }
        self.status.behind = is_behind;
    }

    /// Looks whether the store thread gets on.
    fn watch(&mut self) {
        let now = (self.shared.clock)();
        let change = self.stall.look(now, self.to_committer.is_some());
        let stalled = self.stall.stalled();
        self.core.set_store_stalled(stalled);
        if let Some(change) = change {
            self.status.stopped = stalled.map(|_| STALLED.to_owned());
            self.events.push(change);
        }
    }

    fn hand_out_loads(&mut self) {
        while self.loads < LOADS {
            let Some(load) = self.core.poll_load() else { return };
            if self.to_store.send(ToStore::Load(load)).is_err() {
                return;
            }
            self.loads = self.loads.saturating_add(1);
        }
    }

    fn hand_out_batch(&mut self) {
        let Some(to_committer) = &self.to_committer else { return };
        let mut encoder = Encoder::new(self.core.hash_key());
        if let Some(sequence) = self.core.poll_batch(&mut encoder) {
            // A committer that has gone tells so by itself.
            let _ = to_committer.send(ToCommitter::Batch(encoder.finish(sequence)));
        }
    }

    /// Enters the emergencies that a run before has kept elsewhere.
    fn enter_spool(&mut self) {
        let Some(spool) = &self.spool else { return };
        match spool.read() {
            Ok(records) if records.is_empty() => {}
            Ok(records) => {
                self.events.push(Event::Spooled(records.len()));
                for record in records {
                    self.core.enter_spooled(record);
                }
                self.spool_entered = Some(self.core.horizon());
            }
            Err(error) => {
                let path = spool.path().display();
                self.events
                    .push(Event::Problem(format!("cannot read the spool of emergencies {path}: {error}")));
            }
        }
    }

    /// Keeps emergencies elsewhere while the store is gone.
    fn spool(&mut self) {
        if self.failure.is_none() {
            return;
        }
        while let Some(record) = self.core.poll_spool() {
            let Some(spool) = &mut self.spool else { continue };
            match spool.add(record) {
                Ok(true) => {}
                Ok(false) => self.metrics.spool_lost(),
                Err(error) => {
                    self.metrics.spool_lost();
                    let path = spool.path().display();
                    let problem = format!("cannot write the spool of emergencies {path}: {error}");
                    self.events.push(Event::Problem(problem));
                    self.spool = None;
                }
            }
        }
    }
}

const STALLED: &str = "the store thread stands still: if it goes on so, restart gyro";
const BEHIND: &str = "changes come faster than the disk takes them, and memory for those that wait is three quarters full: new \
    sessions are refused until it has caught up";
