//! The one place of the server that reads clocks: everything below it is told the time.

use std::time::{Instant, SystemTime};

use crate::time::{Monotonic, Timestamp};

/// Wall time and time since the start, read together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// Wall time.
    pub wall: Timestamp,
    /// Time since the clock was made.
    pub run: Monotonic,
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that starts now.
    #[expect(
        clippy::disallowed_methods,
        reason = "the shell's clock: what the rings are told comes from here"
    )]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// The time.
    #[expect(
        clippy::disallowed_methods,
        reason = "the shell's clock: what the rings are told comes from here"
    )]
    pub fn now(self) -> Now {
        let wall = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => Timestamp::EPOCH.plus(since),
            Err(before) => Timestamp::EPOCH.minus(before.duration()),
        };
        Now { wall, run: Monotonic::from_micros(0).plus(self.start.elapsed()) }
    }

    /// The instant at which `run` time is reached.
    pub fn instant(self, run: Monotonic) -> Instant {
        self.start + core::time::Duration::from_micros(run.micros())
    }
}
