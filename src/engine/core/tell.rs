//! What subscribers are told: gathered with the batch of the change that causes it.

use crate::charging::account::Subscriber;
use crate::charging::notice::{Cause, Notice};
use crate::time::Timestamp;

use super::Core;

impl Core {
    /// A subscriber is told of something, once: to be called where the change that causes it is written. Nothing is
    /// gathered where nobody takes it.
    pub(super) fn tell(&mut self, subscriber: &Subscriber, cause: Cause, now: Timestamp) {
        if self.policy.notices.on {
            self.tell_all(vec![Notice::new(subscriber, cause, now)], now);
        }
    }

    pub(super) fn tell_all(&mut self, notices: Vec<Notice>, now: Timestamp) {
        if notices.is_empty() {
            return;
        }
        let octets = notices.iter().map(Notice::octets).fold(0, usize::saturating_add);
        self.facts.notices = self.facts.notices.saturating_add(u64::try_from(notices.len()).unwrap_or(0));
        self.commit.open.touch(now, octets);
        self.commit.open.notices.extend(notices);
    }
}
