//! Watches the store thread. sled can stand still inside of a call, for ever: its pool of threads may wait for a lock whose
//! holder waits for the pool. Then nothing is read that is not in memory, and nothing leaves memory; the journal goes on.

use core::time::Duration;
use std::sync::Arc;

use crate::store::{Pulse, Watch};
use crate::time::Monotonic;

use super::Event;

/// A step of an open store takes milliseconds, on a disk that others keep busy seconds: standing still for so long is told.
const STALLED: Duration = Duration::from_secs(10);
/// A server that ends waits no longer for a step.
pub(super) const LEFT_BEHIND: Duration = Duration::from_secs(30);
/// Opening reads files of many gigabytes in one call.
const STALLED_OPENING: Duration = Duration::from_mins(2);
/// After so long only a restart is likely to help.
const LASTS: Duration = Duration::from_mins(1);
/// How long an end is waited for before it is looked at again.
pub(super) const BREATH: Duration = Duration::from_millis(100);
/// How often it is looked at.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// What is known of the store thread.
#[derive(Debug)]
pub(super) struct Stall {
    watch: Watch,
    stalled: Option<Duration>,
    lasts: bool,
}

impl Stall {
    pub(super) fn new(pulse: &Arc<Pulse>, now: Monotonic) -> Self {
        Self { watch: Watch::new(Arc::clone(pulse), now), stalled: None, lasts: false }
    }

    /// For how long it has stood still.
    pub(super) fn still(&mut self, now: Monotonic) -> Duration {
        self.watch.look(now)
    }

    /// For how long it has stood still, where that is too long.
    pub(super) const fn stalled(&self) -> Option<Duration> {
        self.stalled
    }

    /// What has changed, to be told.
    pub(super) fn look(&mut self, now: Monotonic, is_open: bool) -> Option<Event> {
        let still = self.watch.look(now);
        let stalled = Some(still).filter(|still| *still >= if is_open { STALLED } else { STALLED_OPENING });
        let (before, lasted) = (self.stalled, self.lasts);
        self.stalled = stalled;
        self.lasts = is_open && still >= LASTS;
        match (before, stalled) {
            (None, Some(still)) => Some(Event::Stalled { still, lasts: self.lasts }),
            (Some(_), Some(still)) if self.lasts && !lasted => Some(Event::Stalled { still, lasts: true }),
            (Some(before), None) => {
                let secs = before.as_secs();
                Some(Event::Problem(format!("the store thread goes on, after it stood still for {secs} s")))
            }
            (Some(_), Some(_)) | (None, None) => None,
        }
    }
}
