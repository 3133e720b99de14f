//! The store thread: applies durable batches, answers loads behind them, reads the store through at start, and does
//! the store's upkeep in steps, at the pace that the store asks for ([`crate::store::Pace`]). A step that is due goes
//! before what waits, so that no load keeps the upkeep from its share; what waits has the rest of the time. It says what it
//! is at ([`crate::store::Pulse`]): sled can stand still for ever, which nobody but the loop would notice.

use core::time::Duration;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;

use crate::charging::account::Sequence;
use crate::charging::policy::Policy;
use crate::engine::core::load::Load;
use crate::engine::core::{KnownTariff, Tag};
use crate::store::follow::{Ask, Following};
use crate::store::{Batch, Budget, Opened, Pace, Progress, State, StoreError};
use crate::time::Monotonic;

use super::reader::{self, Scan};
use super::{Asking, BuildTariff, Followers, FromThreads, OpenedStore, Shared};

/// What the store thread is told.
#[derive(Debug)]
pub(super) enum ToStore {
    /// A batch that is durable.
    Apply(Batch),
    /// Something to be loaded.
    Load(Load),
    /// Somebody who follows what is committed asks for more.
    Follow(Ask),
    /// A backup to be written into a new file.
    Backup(Tag, PathBuf),
    /// Bring all into the state, checkpoint, and end.
    Stop,
}

/// Octets of one step of upkeep, about: a step of this size takes a few milliseconds, and what is loaded waits for it.
const STEP: Budget = Budget { octets: 512 * 1024 };

/// How often upkeep is looked at when nothing is due, and figures are told.
const LOOK: Duration = Duration::from_millis(200);

/// After so long a scan that failed goes on where it stopped.
const SCAN_AGAIN: Duration = Duration::from_secs(1);

/// How often figures are told.
const TELL: Duration = Duration::from_secs(1);

/// What opens a store.
type Opening = Box<dyn FnOnce() -> Result<Opened, StoreError> + Send>;

/// How long the end waits for followers to take what is left.
const FOLLOWERS: Duration = Duration::from_secs(5);

/// How often the end looks whether they have.
const FOLLOWER: Duration = Duration::from_millis(20);

/// Opens the store, tells the loop, and serves until it is told to stop.
pub(super) fn run(
    (open, followers): (Opening, Option<(Followers, Asking)>),
    (policy, build): (Policy, &BuildTariff),
    from: &Receiver<ToStore>,
    to_loop: &Sender<FromThreads>,
    shared: &Shared,
) {
    let tell = |what: FromThreads| {
        // The loop may have gone: then no one is left to be told.
        let _ = to_loop.send(what);
        (shared.wake)();
    };
    shared.pulse.work();
    let Opened { commit, mut state, last, epoch, notices } = match open() {
        Ok(opened) => opened,
        Err(error) => return tell(FromThreads::OpenFailed(error)),
    };
    let recovered = match reader::recovered(state.as_mut(), Sequence(last.number())) {
        Ok(recovered) => recovered,
        Err(error) => return tell(FromThreads::OpenFailed(error)),
    };
    let (classes, start) = match followers {
        Some((Followers { classes, start }, asking)) => (classes, Some((start, asking))),
        None => (Vec::new(), None),
    };
    // before anything new is committed: from here on they miss nothing
    let following = Following::new(classes, last);
    let threads = match start.map_or(Ok(Vec::new()), |(start, asking)| start(last, asking)) {
        Ok(threads) => threads,
        Err(error) => return tell(FromThreads::OpenFailed(error)),
    };
    let found = match reader::tariffs(state.as_mut(), &recovered) {
        Ok(found) => found,
        Err(error) => return tell(FromThreads::OpenFailed(error)),
    };
    let mut tariffs = Vec::with_capacity(found.len());
    for (record, kept, content) in found {
        let content = content.ok_or_else(|| "its content is not there".to_owned());
        match content.and_then(|content| build(&content)) {
            Ok(catalogue) => tariffs.push(KnownTariff { record, catalogue: Arc::new(catalogue), kept }),
            Err(why) => tell(FromThreads::Problem(format!(
                "version {:016x} of the tariffs, in force from {}, cannot be read: use of that time is rated by the version before it: {why}",
                record.version, record.from
            ))),
        }
    }
    tell(FromThreads::Opened(Box::new(OpenedStore { commit, recovered, tariffs, epoch, notices })));
    let mut thread = StoreThread {
        state: state.as_mut(),
        scan: Scan::new(policy),
        backup: None,
        following,
        idle: false,
        stepped: Monotonic::default(),
        rest_until: Monotonic::default(),
        told: None,
        shared,
        tell: &tell,
    };
    thread.serve(from);
    thread.let_followers_end(from, threads);
    tell(FromThreads::StoreStopped(thread.state.checkpoint().err()));
}

struct StoreThread<'a> {
    state: &'a mut dyn State,
    scan: Scan,
    backup: Option<(Tag, PathBuf)>,
    following: Following,
    /// The last step had nothing to do.
    idle: bool,
    stepped: Monotonic,
    rest_until: Monotonic,
    told: Option<Monotonic>,
    shared: &'a Shared,
    tell: &'a dyn Fn(FromThreads),
}

impl StoreThread<'_> {
    fn serve(&mut self, from: &Receiver<ToStore>) {
        loop {
            let now = (self.shared.clock)();
            if !self.idle && self.rest_until <= now {
                self.work(now);
                self.shared.pulse.beat();
            }
            let wait = if self.idle { LOOK } else { self.rest_until.since((self.shared.clock)()) };
            self.shared.pulse.rest();
            let told = from.recv_timeout(wait);
            self.shared.pulse.work();
            match told {
                Ok(ToStore::Apply(batch)) => {
                    self.following.note(&batch);
                    self.following.answer();
                    if let Err(error) = self.state.apply(batch) {
                        (self.tell)(FromThreads::Problem(error.to_string()));
                    }
                    self.idle = false;
                }
                Ok(ToStore::Load(load)) => {
                    let (loaded, error) = reader::answer(self.state, load);
                    if let Some(error) = error {
                        (self.tell)(FromThreads::Problem(error.to_string()));
                    }
                    (self.tell)(FromThreads::Loaded(loaded));
                }
                Ok(ToStore::Backup(tag, path)) => {
                    if self.backup.is_some() {
                        let why = "another backup is being written: try again when it is done".into();
                        (self.tell)(FromThreads::BackedUp(tag, Err(why)));
                    } else {
                        self.backup = Some((tag, path));
                        self.idle = false;
                    }
                }
                Ok(ToStore::Follow(ask)) => {
                    self.following.ask(ask);
                    self.following.answer();
                    self.idle &= !self.following.is_behind();
                }
                Ok(ToStore::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => self.idle = false,
            }
        }
    }

    /// One piece of what is due, and the rest after it.
    fn work(&mut self, begun: Monotonic) {
        let scans = !self.scan.is_done();
        if scans {
            self.scan_on();
        }
        if self.backup.is_some() {
            self.back_up();
        }
        self.following.catch_up(self.state);
        // The scan goes first as long as nothing is behind.
        let looks = begun.since(self.stepped) >= LOOK || self.state.pace() > Pace::GENTLE;
        if !scans || looks {
            self.stepped = begun;
            self.idle = match self.state.step(STEP) {
                Ok(progress) => progress == Progress::Idle,
                Err(error) => {
                    (self.tell)(FromThreads::Problem(error.to_string()));
                    true
                }
            };
        }
        self.idle &= self.scan.is_done() && self.backup.is_none() && !self.following.is_behind();
        let ended = (self.shared.clock)();
        let took = ended.since(begun);
        let rest = self.state.pace().rest(took);
        // The scan takes half of the time at least, not more: what is loaded for requests meanwhile is not to wait.
        let rest = if scans { rest.min(took) } else { rest };
        self.rest_until = self.rest_until.max(ended.plus(rest));
        if self.told.is_none_or(|told| ended.since(told) >= TELL) {
            self.told = Some(ended);
            (self.tell)(FromThreads::Status(Box::new(self.state.status())));
        }
    }

    fn scan_on(&mut self) {
        match self.scan.step(self.state) {
            Ok((pieces, faults)) => {
                for fault in faults {
                    (self.tell)(FromThreads::Problem(fault.to_string()));
                }
                for piece in pieces {
                    (self.tell)(FromThreads::Scanned(piece));
                }
            }
            Err(error) => {
                // Meanwhile everything is looked up one by one.
                (self.tell)(FromThreads::Problem(error.to_string()));
                self.rest_until = (self.shared.clock)().plus(SCAN_AGAIN);
            }
        }
    }

    /// Followers take what is left, and end.
    fn let_followers_end(&mut self, from: &Receiver<ToStore>, threads: Vec<JoinHandle<()>>) {
        let begun = (self.shared.clock)();
        while threads.iter().any(|thread| !thread.is_finished())
            && (self.shared.clock)().since(begun) < FOLLOWERS
        {
            self.following.finish(self.state);
            if let Ok(ToStore::Follow(ask)) = from.recv_timeout(FOLLOWER) {
                self.following.ask(ask);
            }
        }
        for thread in threads.into_iter().filter(JoinHandle::is_finished) {
            if thread.join().is_err() {
                (self.tell)(FromThreads::Problem(
                    "a follower ended by a fault in gyro, please report it".into(),
                ));
            }
        }
    }

    fn back_up(&mut self) {
        let Some((tag, path)) = self.backup.take() else { return };
        match self.state.backup(&path, STEP) {
            Ok(Progress::More) => self.backup = Some((tag, path)),
            Ok(Progress::Idle) => (self.tell)(FromThreads::BackedUp(tag, Ok(()))),
            Err(error) => (self.tell)(FromThreads::BackedUp(tag, Err(error.to_string()))),
        }
    }
}
