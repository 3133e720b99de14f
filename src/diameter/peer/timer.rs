//! The deadlines of one connection: a place for each kind, and the next of them.

use crate::time::Monotonic;

/// What a deadline is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timer {
    /// Transport connection, CER, CEA, or the end of holding a CER.
    Handshake,
    /// The end of a message that has begun.
    Fragment,
    /// A sign of life while another connection of the identity waits.
    Probe,
    /// The end of the connection after a DPR.
    Closing,
}

/// One optional deadline for each [`Timer`].
#[derive(Clone, Copy, Default, Debug)]
pub struct Timers {
    handshake: Option<Monotonic>,
    fragment: Option<Monotonic>,
    probe: Option<Monotonic>,
    closing: Option<Monotonic>,
}

impl Timers {
    /// No deadline at all.
    pub const NONE: Self = Self { handshake: None, fragment: None, probe: None, closing: None };

    const fn place(&mut self, timer: Timer) -> &mut Option<Monotonic> {
        match timer {
            Timer::Handshake => &mut self.handshake,
            Timer::Fragment => &mut self.fragment,
            Timer::Probe => &mut self.probe,
            Timer::Closing => &mut self.closing,
        }
    }

    /// Sets a deadline in place of the one before.
    pub const fn set(&mut self, timer: Timer, at: Monotonic) {
        *self.place(timer) = Some(at);
    }

    /// Sets a deadline unless there is one.
    pub fn set_once(&mut self, timer: Timer, at: Monotonic) {
        self.place(timer).get_or_insert(at);
    }

    /// Takes a deadline away; tells whether there was one.
    pub const fn stop(&mut self, timer: Timer) -> bool {
        self.place(timer).take().is_some()
    }

    /// Takes away a deadline that has been reached; tells whether there was one.
    pub fn expired(&mut self, timer: Timer, now: Monotonic) -> bool {
        self.place(timer).take_if(|at| *at <= now).is_some()
    }

    /// The next deadline.
    pub fn next(&self) -> Option<Monotonic> {
        [self.handshake, self.fragment, self.probe, self.closing].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_deadline_is_the_earliest_and_goes_when_it_is_reached() {
        let at = Monotonic::from_micros;
        let mut timers = Timers::NONE;
        assert_eq!(timers.next(), None);
        timers.set(Timer::Closing, at(20));
        timers.set(Timer::Probe, at(10));
        timers.set_once(Timer::Probe, at(5));
        assert_eq!(timers.next(), Some(at(10)));
        assert!(!timers.expired(Timer::Probe, at(9)));
        assert!(timers.expired(Timer::Probe, at(10)));
        assert!(!timers.expired(Timer::Probe, at(10)));
        assert_eq!(timers.next(), Some(at(20)));
        assert!(timers.stop(Timer::Closing));
        assert!(!timers.stop(Timer::Closing));
    }
}
