//! Engine time: what a jump of the clock may not do.
//!
//! The shell hands in the larger of wall time and the last time journalled. A jump ahead stops the sweeps (expiry of
//! reservations, sessions, tombstones) until it has lasted, or an operator confirms it: a clock that is wrong for a
//! minute must not end every reservation of the network. Between two runs time has passed in any case: there only a
//! stop that is implausibly long is taken for a jump, so that sweeps go on at once after one for maintenance.

use core::time::Duration;

use crate::time::Timestamp;

use super::limits::Limits;

/// What the engine knows of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EngineClock {
    latest: Timestamp,
    suspended_until: Option<Timestamp>,
    started: bool,
}

impl EngineClock {
    /// How often at least the clock must be looked at, for an idle stretch not to look like a jump.
    pub(crate) const HEARTBEAT: Duration = Duration::from_mins(1);

    pub(crate) const fn new() -> Self {
        Self { latest: Timestamp::EPOCH, suspended_until: None, started: false }
    }

    /// The last time that was journalled by the run before, as the opened store says.
    pub(crate) fn recover(&mut self, journalled: Timestamp, limits: &Limits) {
        let seen = self.latest;
        self.latest = seen.max(journalled);
        if self.started && seen.since(journalled) > limits.stop {
            self.suspended_until = Some(seen.plus(limits.jump_lasts));
        }
        self.started = true;
    }

    /// Takes the time in, and says what counts: it never goes back.
    pub(crate) fn observe(&mut self, now: Timestamp, limits: &Limits) -> Timestamp {
        if self.started && now.since(self.latest) > limits.jump {
            self.suspended_until = Some(now.plus(limits.jump_lasts));
        }
        self.started = true;
        self.latest = self.latest.max(now);
        if self.suspended_until.is_some_and(|until| until <= self.latest) {
            self.suspended_until = None;
        }
        self.latest
    }

    /// The latest time that was handed in.
    pub(crate) const fn latest(self) -> Timestamp {
        self.latest
    }

    /// Whether the sweeps wait.
    pub(crate) const fn is_suspended(self) -> bool {
        self.suspended_until.is_some()
    }

    /// An operator says that the time is right.
    pub(crate) fn confirm(&mut self) {
        self.suspended_until = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: fn() -> Limits = Limits::default;

    #[test]
    fn time_never_goes_back() {
        let mut clock = EngineClock::new();
        assert_eq!(clock.observe(Timestamp::from_secs(100), &LIMITS()), Timestamp::from_secs(100));
        assert_eq!(clock.observe(Timestamp::from_secs(40), &LIMITS()), Timestamp::from_secs(100));
    }

    #[test]
    fn a_jump_ahead_suspends_sweeps_until_it_has_lasted_ten_minutes() {
        let mut clock = EngineClock::new();
        clock.recover(Timestamp::from_secs(1_000), &LIMITS());
        clock.observe(Timestamp::from_secs(1_300), &LIMITS());
        assert!(!clock.is_suspended(), "five minutes are no jump");
        clock.observe(Timestamp::from_secs(1_601), &LIMITS());
        assert!(clock.is_suspended());
        for secs in (1_660..2_201).step_by(60) {
            clock.observe(Timestamp::from_secs(secs), &LIMITS());
            assert!(clock.is_suspended(), "{secs}");
        }
        clock.observe(Timestamp::from_secs(2_201), &LIMITS());
        assert!(!clock.is_suspended());
    }

    #[test]
    fn only_a_stop_of_more_than_a_day_is_taken_for_a_jump() {
        let start = Timestamp::from_secs(1_000_000);
        for (hours, suspended) in [(0, false), (1, false), (24, false), (25, true), (24 * 365, true)] {
            let mut clock = EngineClock::new();
            clock.observe(start.plus(Duration::from_hours(hours)), &LIMITS());
            clock.recover(start, &LIMITS());
            assert_eq!(clock.is_suspended(), suspended, "{hours} h");
        }
    }

    #[test]
    fn after_the_start_the_rule_of_a_run_holds() {
        let mut clock = EngineClock::new();
        clock.observe(Timestamp::from_secs(10_000), &LIMITS());
        clock.recover(Timestamp::from_secs(2_000), &LIMITS());
        clock.observe(Timestamp::from_secs(10_301), &LIMITS());
        assert!(clock.is_suspended());
    }

    #[test]
    fn an_operator_may_confirm_a_jump() {
        let mut clock = EngineClock::new();
        clock.recover(Timestamp::from_secs(0), &LIMITS());
        clock.observe(Timestamp::from_secs(100_000), &LIMITS());
        assert!(clock.is_suspended());
        clock.confirm();
        assert!(!clock.is_suspended());
    }
}
