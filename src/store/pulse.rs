//! Whether the thread that has the state half still gets on. sled can stand still inside of a call, and so can a disk.
//!
//! The thread says when it begins something and when it waits to be told; the state half says so at each call of sled.
//! Another thread looks, and brings the time along.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::time::Monotonic;

/// How far a thread has got. Only the thread itself moves it.
#[derive(Debug, Default)]
pub struct Pulse {
    /// Grows with each step: odd at work, even at rest.
    beats: AtomicU64,
}

impl Pulse {
    /// The thread begins something, or goes on with it.
    pub fn work(&self) {
        let beats = self.beats.load(Ordering::Relaxed);
        self.beats.store(beats.wrapping_add(1) | 1, Ordering::Relaxed);
    }

    /// The thread waits to be told what to do.
    pub fn rest(&self) {
        let beats = self.beats.load(Ordering::Relaxed);
        self.beats.store(beats.wrapping_add(2) & !1, Ordering::Relaxed);
    }

    /// One step of what it is at.
    pub fn beat(&self) {
        self.beats.fetch_add(2, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }
}

/// Looks at a pulse now and then.
#[derive(Debug)]
pub struct Watch {
    pulse: Arc<Pulse>,
    seen: u64,
    since: Monotonic,
}

impl Watch {
    /// Begins to look.
    pub fn new(pulse: Arc<Pulse>, now: Monotonic) -> Self {
        let seen = pulse.read();
        Self { pulse, seen, since: now }
    }

    /// For how long the thread has been at the same step, as far as was looked: nothing while it rests.
    pub fn look(&mut self, now: Monotonic) -> Duration {
        let read = self.pulse.read();
        let is_at_work = read.wrapping_rem(2) == 1;
        if read != self.seen || !is_at_work {
            (self.seen, self.since) = (read, now);
        }
        now.since(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_work_without_a_step_counts_as_standing_still() {
        let pulse = Arc::new(Pulse::default());
        let at = |secs: u64| Monotonic::from_micros(secs * 1_000_000);
        let mut watch = Watch::new(Arc::clone(&pulse), at(0));
        assert_eq!(watch.look(at(100)), Duration::ZERO, "it rests");
        pulse.work();
        assert_eq!(watch.look(at(200)), Duration::ZERO);
        assert_eq!(watch.look(at(203)), Duration::from_secs(3));
        pulse.beat();
        assert_eq!(watch.look(at(204)), Duration::ZERO, "it went a step on");
        assert_eq!(watch.look(at(210)), Duration::from_secs(6));
        pulse.work();
        assert_eq!(watch.look(at(211)), Duration::ZERO, "it began something else");
        assert_eq!(watch.look(at(212)), Duration::from_secs(1));
        pulse.rest();
        assert_eq!(watch.look(at(300)), Duration::ZERO);
        assert_eq!(watch.look(at(400)), Duration::ZERO);
        pulse.rest();
        pulse.work();
        assert_eq!(watch.look(at(500)), Duration::ZERO);
        assert_eq!(watch.look(at(501)), Duration::from_secs(1));
    }
}
