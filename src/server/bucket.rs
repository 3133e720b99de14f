//! A bound on how many new things a peer may begin a second.

use crate::time::Monotonic;

/// A token bucket that holds one second's worth.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    /// Tokens a second.
    rate: u64,
    /// Millionths of tokens that are there.
    micros: u64,
    filled: Monotonic,
}

impl Bucket {
    /// A full bucket.
    pub(super) const fn new(rate: u64, now: Monotonic) -> Self {
        Self { rate, micros: rate.saturating_mul(1_000_000), filled: now }
    }

    /// Takes a token; false when there is none.
    pub(super) fn take(&mut self, now: Monotonic) -> bool {
        let passed = u64::try_from(now.since(self.filled).as_micros()).unwrap_or(u64::MAX);
        let most = self.rate.saturating_mul(1_000_000);
        self.micros = self.micros.saturating_add(passed.saturating_mul(self.rate)).min(most);
        self.filled = now;
        match self.micros.checked_sub(1_000_000) {
            Some(left) => {
                self.micros = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_may_begin_its_rate_and_no_more() {
        let at = Monotonic::from_micros;
        let mut bucket = Bucket::new(2, at(0));
        assert!(bucket.take(at(0)) && bucket.take(at(0)));
        assert!(!bucket.take(at(499_999)));
        assert!(bucket.take(at(500_000)));
        assert!(!bucket.take(at(500_000)));
        assert!(bucket.take(at(100_000_000)) && bucket.take(at(100_000_000)));
        assert!(!bucket.take(at(100_000_000)));
    }
}
