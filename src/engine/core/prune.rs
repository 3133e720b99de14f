//! Keys of operators' commands are kept for a time, and then forgotten: by pages, once a day, a little at a time.

use core::time::Duration;

use crate::time::Timestamp;

use super::command::OperationKey;
use super::load::{Found, Load};
use super::query::Mode;
use super::waiting::{Job, Wait, Waiter};
use super::{Core, sweep};

/// Keys that are read at once.
const PAGE: u16 = 256;

/// How long the job rests between two pages.
const BREATH: Duration = Duration::from_millis(50);

/// How often it is done.
const EVERY: Duration = Duration::from_hours(24);

/// How long after the start it begins: there is more to do then.
const FIRST: Duration = Duration::from_hours(1);

/// Where the job stands.
#[derive(Debug)]
pub(super) struct Prune {
    next: Timestamp,
    after: Option<OperationKey>,
    reads: bool,
}

impl Default for Prune {
    fn default() -> Self {
        Self { next: Timestamp::MAX, after: None, reads: false }
    }
}

impl Prune {
    /// The store is open.
    pub(super) fn recover(&mut self, now: Timestamp) {
        *self = Self { next: now.plus(FIRST), after: None, reads: false };
    }

    /// When it is to be called.
    pub(super) fn due(&self) -> Option<Timestamp> {
        Some(self.next).filter(|_| !self.reads)
    }
}

impl Core {
    /// Reads the next page of keys, where it is time.
    pub(super) fn run_prune(&mut self, now: Timestamp) {
        if self.mode != Mode::Ready || self.prune.reads || now < self.prune.next {
            return;
        }
        self.prune.reads = true;
        let load = Load::Operations { after: self.prune.after, limit: PAGE };
        self.waiting.park(Wait::Load(load), Waiter { job: Job::Prune, since: now, tries: 0 });
    }

    /// A page was read: none where it could not be. What is older than the horizon is forgotten.
    pub(super) fn on_operations_page(&mut self, found: Option<&Found>, now: Timestamp) {
        self.prune.reads = false;
        let Some(Found::Operations(page)) = found else {
            self.prune.next = now.plus(sweep::LATER);
            return;
        };
        let before = now.minus(Duration::from_secs(self.limits.command_horizon_secs.into()));
        for &(key, at) in page {
            if at < before {
                self.operations.gone(key, self.commit.next);
                self.commit.open.operations_gone.push(key);
                self.commit.open.touch(now, 32);
            }
        }
        let whole = page.len() < usize::from(PAGE);
        self.prune.after = page.last().map(|(key, _)| *key).filter(|_| !whole);
        self.prune.next = now.plus(if whole { EVERY } else { BREATH });
    }
}
