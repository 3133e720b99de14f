//! Identifiers of requests, and jitter: numbers that follow from a seed and a time handed in.

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

use crate::diameter::header::{EndToEnd, HopByHop};
use crate::time::Timestamp;

/// End-to-End Identifiers of one node, for all its connections: none comes again within four minutes, not even
/// after a restart (RFC 6733 §3).
///
/// The first has the low 12 bits of the time in seconds on top and 20 bits of the seed below; each next is one
/// more.
#[derive(Debug)]
pub struct EndToEndIds(AtomicU32);

impl EndToEndIds {
    /// From the wall time of the start and a random seed.
    pub fn new(at: Timestamp, seed: u64) -> Self {
        let seconds = u32::try_from(at.secs().rem_euclid(1 << 12)).unwrap_or_default();
        let low = u32::try_from(mixed(seed) & 0x000f_ffff).unwrap_or_default();
        Self(AtomicU32::new((seconds << 20) | low))
    }

    /// The next identifier.
    pub fn draw(&self) -> EndToEnd {
        EndToEnd::new(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Hop-by-Hop Identifiers of one connection, one after the other from a random start (RFC 6733 §3).
#[derive(Clone, Debug)]
pub struct HopByHopIds(u32);

impl HopByHopIds {
    /// From a random seed.
    pub fn new(seed: u64) -> Self {
        Self(u32::try_from(mixed(seed) >> 32).unwrap_or_default())
    }

    /// The next identifier.
    pub fn draw(&mut self) -> HopByHop {
        let id = self.0;
        self.0 = self.0.wrapping_add(1);
        HopByHop::new(id)
    }
}

/// Spans of time spread evenly: SplitMix64 from a seed.
#[derive(Clone, Debug)]
pub struct Jitter(u64);

/// The step of SplitMix64.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Jitter {
    /// From a random seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// `middle` plus or minus at most `spread`, in whole microseconds; never below zero.
    pub fn around(&mut self, middle: Duration, spread: Duration) -> Duration {
        self.0 = self.0.wrapping_add(GOLDEN);
        let width = u64::try_from(spread.as_micros()).unwrap_or(u64::MAX / 2).saturating_mul(2);
        let drawn = mixed(self.0).checked_rem(width.saturating_add(1)).unwrap_or_default();
        middle.saturating_add(Duration::from_micros(drawn)).saturating_sub(spread)
    }
}

/// The output function of SplitMix64.
const fn mixed(seed: u64) -> u64 {
    let x = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_to_end_identifiers_begin_with_the_time_and_count_up() {
        let ids = EndToEndIds::new(Timestamp::from_secs(0x1234_5abc), 7);
        let first = ids.draw().get();
        assert_eq!(first >> 20, 0xabc);
        assert_eq!(ids.draw().get(), first + 1);
        let later = EndToEndIds::new(Timestamp::from_secs(0x1234_5abc + 240), 7);
        assert_eq!(later.draw().get() >> 20, 0xabc + 240);
    }

    #[test]
    fn identifiers_of_a_connection_go_round() {
        let mut ids = HopByHopIds(u32::MAX);
        assert_eq!(ids.draw().get(), u32::MAX);
        assert_eq!(ids.draw().get(), 0);
        assert_ne!(HopByHopIds::new(1).draw(), HopByHopIds::new(2).draw());
    }

    #[test]
    fn jitter_stays_within_its_spread_and_reaches_both_halves() {
        let mut jitter = Jitter::new(1);
        let (middle, spread) = (Duration::from_secs(30), Duration::from_secs(2));
        let drawn: Vec<u128> = (0..1_000).map(|_| jitter.around(middle, spread).as_millis()).collect();
        assert!(drawn.iter().all(|ms| (28_000..=32_000).contains(ms)));
        let early = drawn.iter().filter(|ms| **ms < 30_000).count();
        assert!((400..600).contains(&early), "{early}");
        assert!(drawn.iter().any(|ms| *ms < 29_000));
        assert!(drawn.iter().any(|ms| *ms > 31_000));
    }
}
