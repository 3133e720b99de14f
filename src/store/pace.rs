//! How much of its time the store thread gives to upkeep.
//!
//! A piece of upkeep is to be done when half of the room until the next one is filled, and takes three times the part
//! that it lags behind that: at least a tenth of the thread's time, at most three quarters. So a checkpoint ends before
//! the next one is due while changes come at up to half the speed at which the thread alone would bring them into the
//! state; what comes faster fills memory to a mark that refuses new sessions, then to a bound at which commits wait.

use core::time::Duration;

/// All of something, in thousandths.
const WHOLE: i64 = 1_000;

/// A part of something in thousandths; more than all of it where a room overflows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Part(i64);

impl Part {
    /// Nothing of it.
    pub(crate) const NONE: Self = Self(0);
    /// All of it.
    pub(crate) const ALL: Self = Self(WHOLE);

    /// So much of `whole`, up to a hundred times; of nothing, all.
    pub(crate) fn of(part: u64, whole: u64) -> Self {
        let thousandths = u128::from(part).saturating_mul(1_000).checked_div(u128::from(whole));
        let most = WHOLE.saturating_mul(100);
        Self(thousandths.map_or(WHOLE, |part| i64::try_from(part).unwrap_or(most).min(most)))
    }

    /// What is above all of it.
    pub(crate) fn beyond(self) -> Self {
        Self(self.0.saturating_sub(WHOLE).max(0))
    }
}

/// How far a piece of upkeep is behind where it should be; below zero while it is ahead.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Lag(i64);

impl Lag {
    /// Of what is where it should be.
    pub(crate) const NONE: Self = Self(0);
    /// Of what failed: it is tried again when nothing else is behind.
    pub(crate) const FAILED: Self = Self(-WHOLE);
    /// Of what never ends: it comes after everything else.
    pub(crate) const LAST: Self = Self(-WHOLE * 2);

    /// Of a piece that is `done` so far while the room until the next one is `filled` so far.
    pub(crate) fn of(filled: Part, done: Part) -> Self {
        Self(filled.0.saturating_sub(done.0.div_euclid(2)))
    }

    /// The pace that makes it good.
    pub(crate) fn pace(self) -> Pace {
        let share = self.0.saturating_mul(3).clamp(Pace::GENTLE.0, Pace::FULL.0);
        Pace(share)
    }
}

/// The share of its time that upkeep takes, in thousandths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Pace(i64);

impl Pace {
    /// A tenth: nothing is behind.
    pub const GENTLE: Self = Self(100);
    /// Three quarters: the rest is for what is applied and read.
    pub const FULL: Self = Self(750);

    /// How long to rest after a step that took so long.
    pub fn rest(self, took: Duration) -> Duration {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let share = u64::try_from(self.0).unwrap_or(1).max(1);
        Duration::from_micros(micros.saturating_mul(1_000_u64.saturating_sub(share)).div_euclid(share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_ahead_goes_at_a_tenth_and_what_is_a_quarter_behind_at_full_pace() {
        let pace = |filled, done| Lag::of(Part(filled), Part(done)).pace();
        for (filled, done, share) in [
            (0, 0, 100),
            (100, 200, 100),
            (500, 1_000, 100),
            (100, 100, 150),
            (150, 0, 450),
            (250, 0, 750),
            (500, 500, 750),
            (100_000, 0, 750),
        ] {
            assert_eq!(pace(filled, done), Pace(share), "{filled} {done}");
        }
        assert_eq!(Pace::GENTLE.rest(Duration::from_millis(4)), Duration::from_millis(36));
        assert_eq!(Pace::FULL.rest(Duration::from_millis(3)), Duration::from_millis(1));
    }

    #[test]
    fn parts_of_nothing_and_of_too_much_are_parts() {
        assert_eq!(Part::of(0, 0), Part::ALL);
        assert_eq!(Part::of(u64::MAX, 1), Part(100_000));
        assert_eq!(Part::of(u64::MAX, u64::MAX), Part::ALL);
        assert_eq!(Part::of(1, u64::MAX), Part::NONE);
        assert_eq!((Part(1_300).beyond(), Part(900).beyond()), (Part(300), Part::NONE));
    }

    /// A store of which only the figures are kept: changes in octets, time in microseconds.
    #[derive(Debug)]
    struct Model {
        /// What gathers until a checkpoint is due, and what a second of nothing but steps takes.
        due: u64,
        speed: u64,
        gathering: u64,
        total: u64,
        left: Option<u64>,
        came: u64,
        checkpoints: u64,
    }

    impl Model {
        const STEP: u64 = 5_000;

        fn new(speed: u64, due: u64) -> Self {
            Self { due, speed, gathering: 0, total: 0, left: None, came: 0, checkpoints: 0 }
        }

        fn octets(&self) -> u64 {
            self.gathering + self.left.unwrap_or(0)
        }

        /// One step and its rest, while changes come at `rate` octets a second.
        fn step(&mut self, rate: u64) {
            if self.left.is_none() && self.gathering >= self.due {
                (self.total, self.left) = (self.gathering, Some(self.gathering));
                self.gathering = 0;
            }
            let (mut took, mut pace) = (Self::STEP, Pace::GENTLE);
            if let Some(left) = self.left {
                let done = Part::of(self.total - left, self.total);
                pace = Lag::of(Part::of(self.gathering, self.due), done).pace();
                let left = left.saturating_sub(self.speed * Self::STEP / 1_000_000);
                self.left = Some(left).filter(|left| *left > 0);
                if left == 0 {
                    // The end of a checkpoint waits for the disk.
                    took += 200_000;
                    self.checkpoints += 1;
                }
            }
            let rest = pace.rest(Duration::from_micros(took)).as_micros();
            let came = rate * (took + u64::try_from(rest).unwrap()) / 1_000_000;
            (self.gathering, self.came) = (self.gathering + came, self.came + came);
        }
    }

    proptest! {
        /// Half of the speed is the capacity that the module states; three quarters of the room is the mark.
        #[test]
        fn below_the_capacity_changes_stay_below_the_mark_and_checkpoints_end(
            speed in 1_000_000_u64..40_000_000,
            seconds in 5_u64..60,
            rates in proptest::collection::vec(0_u64..=500, 1..40),
        ) {
            // The room of a checkpoint takes some seconds to fill at the capacity.
            let due = speed / 2 * seconds;
            let mut model = Model::new(speed, due);
            for thousandths in rates.iter().chain([500; 40].iter()) {
                for _ in 0..2_000 {
                    model.step(speed / 1_000 * thousandths);
                    prop_assert!(model.octets() < due * 3 / 2, "{} of {due}: {model:?}", model.octets());
                }
            }
            prop_assert!(model.checkpoints + 2 >= model.came / (due * 5 / 4), "{model:?}");
            prop_assert!(model.checkpoints > 0);
        }

        #[test]
        fn a_pace_is_between_a_tenth_and_three_quarters_and_grows_with_the_lag(
            filled in 0_i64..200_000, more in 0_i64..1_000, done in 0_i64..=1_000,
        ) {
            let pace = |filled| Lag::of(Part(filled), Part(done)).pace();
            prop_assert!((Pace::GENTLE..=Pace::FULL).contains(&pace(filled)));
            prop_assert!(pace(filled) <= pace(filled + more));
        }
    }

    #[test]
    fn above_the_capacity_the_mark_is_reached() {
        let mut model = Model::new(10_000_000, 50_000_000);
        let reached = (0..100_000).any(|_| {
            model.step(12_000_000);
            model.octets() >= model.due * 3 / 2
        });
        assert!(reached, "{model:?}");
    }
}
