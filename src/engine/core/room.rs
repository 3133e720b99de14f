//! How much memory loaded things take, and what is put out of it.

use super::Core;
use super::waiting::Counts;

impl Core {
    /// Octets of memory that loaded things take, about.
    pub fn cached_octets(&self) -> usize {
        [
            self.accounts.octets(),
            self.subscribers.octets(),
            self.imsis.octets(),
            self.sessions.octets(),
            self.operations.octets(),
            self.papers.octets(),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }

    /// Puts a little out of memory where there is too much in it. What waits for a second load must find the first
    /// one again: while something waits a little more is kept.
    pub(super) fn make_room(&mut self) {
        const STEPS: usize = 8;
        const SLACK: usize = 64 * 1024;
        let limit = self.limits.cached_octets;
        let waits = self.waiting.counts() != Counts::default();
        let slack = if waits { (limit / 8).saturating_add(SLACK) } else { 0 };
        let most = limit.saturating_add(slack);
        for _ in 0..STEPS {
            if self.cached_octets() <= most {
                return;
            }
            let durable = self.commit.durable;
            let evicted = [
                self.sessions.evict(durable),
                self.subscribers.evict(durable),
                self.accounts.evict(durable),
                self.imsis.evict(durable),
                self.operations.evict(durable),
                self.papers.evict(durable),
            ];
            let evicted = u64::try_from(evicted.into_iter().filter(|evicted| *evicted).count()).unwrap_or(0);
            self.facts.evicted = self.facts.evicted.saturating_add(evicted);
            if evicted == 0 {
                return;
            }
        }
    }
}
