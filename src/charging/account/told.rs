//! What a subscriber was told of its use already, and when the use of a bundle is told (`RES-4`).

use crate::time::Timestamp;

/// At how many per cent of a bundle its use is told: up to four thresholds, 1 to 100.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Thresholds([u8; Self::MOST]);

impl Thresholds {
    /// The most there are.
    pub const MOST: usize = 4;
    /// Nothing is told.
    pub const NONE: Self = Self([0; Self::MOST]);

    /// From per cents, each 1 to 100; none where one is not, or there are more than four.
    pub fn new(percents: &[u8]) -> Option<Self> {
        let mut all = Self::NONE;
        if !percents.iter().all(|percent| (1..=100).contains(percent)) {
            return None;
        }
        all.0.get_mut(..percents.len())?.copy_from_slice(percents);
        Some(all)
    }

    /// The highest that is reached where so much is left of a whole; none where none is.
    pub fn reached(self, whole: u64, left: u64) -> Option<u8> {
        let used = u128::from(whole.saturating_sub(left));
        let reached = |percent: &u8| used * 100 >= u128::from(whole) * u128::from(*percent);
        self.0.into_iter().filter(|percent| *percent > 0).filter(reached).max()
    }
}

impl Default for Thresholds {
    /// 80 % and 100 % (`RES-4`).
    fn default() -> Self {
        Self([80, 100, 0, 0])
    }
}

/// What a subscriber was told already, and is not told again.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Told {
    /// The highest threshold told of each bundle in its period.
    pub bundles: Vec<ToldBundle>,
    /// That the balance is low.
    pub low_balance: bool,
}

/// The highest threshold told of a bundle; the next period has another end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToldBundle {
    /// The bundle's name.
    pub bundle: Box<str>,
    /// When that allowance ends, where it does.
    pub expires: Option<Timestamp>,
    /// The threshold.
    pub percent: u8,
}

impl Told {
    /// A bundle was filled anew: its thresholds are told again.
    pub fn forget(&mut self, bundle: &str) {
        self.bundles.retain(|told| *told.bundle != *bundle);
    }

    /// Notes a threshold of a bundle: true where it is news.
    pub fn note(&mut self, bundle: &str, expires: Option<Timestamp>, percent: u8) -> bool {
        match self.bundles.iter_mut().find(|told| *told.bundle == *bundle && told.expires == expires) {
            Some(told) => {
                let news = told.percent < percent;
                told.percent = told.percent.max(percent);
                news
            }
            None => {
                self.bundles.push(ToldBundle { bundle: bundle.into(), expires, percent });
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_reached_when_so_much_is_used_and_not_a_unit_before() {
        let usual = Thresholds::default();
        for (whole, left, reached) in [
            (1_000, 1_000, None),
            (1_000, 201, None),
            (1_000, 200, Some(80)),
            (1_000, 1, Some(80)),
            (1_000, 0, Some(100)),
            (3, 1, None),
            (u64::MAX, 1, Some(80)),
            (u64::MAX, 0, Some(100)),
        ] {
            assert_eq!(usual.reached(whole, left), reached, "{left} of {whole}");
        }
        assert_eq!(Thresholds::NONE.reached(10, 0), None);
    }

    #[test]
    fn thresholds_are_one_to_a_hundred_per_cent_and_at_most_four() {
        assert_eq!(Thresholds::new(&[80, 100]), Some(Thresholds::default()));
        for wrong in [&[0][..], &[101], &[1, 2, 3, 4, 5]] {
            assert_eq!(Thresholds::new(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_threshold_is_told_once_a_period() {
        let mut told = Told::default();
        let period = |at| Some(Timestamp::from_secs(at));
        assert!(told.note("data30", period(1), 80));
        assert!(!told.note("data30", period(1), 80));
        assert!(told.note("data30", period(1), 100));
        assert!(!told.note("data30", period(1), 80));
        assert!(told.note("data30", period(2), 80));
        assert!(told.note("voice", period(1), 80));
        told.forget("data30");
        assert!(told.note("data30", period(2), 80));
    }
}
