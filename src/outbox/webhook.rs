//! What waits to be posted: at least once each, in the order of each subscriber, with pauses that grow, and given up in the
//! end. No clock and no socket: time is an argument, the worker posts.

use core::time::Duration;
use std::collections::VecDeque;

use crate::charging::units::Digits;
use crate::time::Timestamp;

/// The first pause after a failure.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST: Duration = Duration::from_mins(5);

/// A message that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Its batch, and its place there.
    pub place: (u64, u64),
    /// Who is told.
    pub msisdn: Digits,
    /// What is posted.
    pub body: String,
}

impl Message {
    /// What it is known by, however often it is posted.
    pub fn id(&self) -> String {
        let (sequence, place) = self.place;
        format!("{sequence}-{place}")
    }
}

#[derive(Debug)]
struct Waiting {
    message: Message,
    since: Timestamp,
    tries: u32,
    next: Timestamp,
}

/// Why a message was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failed {
    /// The other side is not there, or not well: nothing can be posted for a while.
    Side,
    /// This message is not taken.
    Message,
}

/// Messages that wait.
#[derive(Debug)]
pub struct Queue {
    waiting: VecDeque<Waiting>,
    /// After so long a message is given up.
    horizon: Duration,
    /// The other side failed so often in a row.
    failures: u32,
    rests_until: Timestamp,
}

impl Queue {
    /// An empty queue whose messages are given up after so long.
    pub fn new(horizon: Duration) -> Self {
        Self { waiting: VecDeque::new(), horizon, failures: 0, rests_until: Timestamp::EPOCH }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes a message, behind the others.
    pub fn push(&mut self, message: Message, now: Timestamp) {
        self.waiting.push_back(Waiting { message, since: now, tries: 0, next: now });
    }

    /// The next to be posted now: the first whose subscriber waits for no earlier one.
    pub fn next(&self, now: Timestamp) -> Option<&Message> {
        if now < self.rests_until {
            return None;
        }
        self.firsts().find(|waiting| waiting.next <= now).map(|waiting| &waiting.message)
    }

    /// When something can be posted; none where nothing waits.
    pub fn next_at(&self) -> Option<Timestamp> {
        let next = self.firsts().map(|waiting| waiting.next).min();
        next.map(|next| next.max(self.rests_until))
    }

    /// The first message of each subscriber.
    fn firsts(&self) -> impl Iterator<Item = &Waiting> {
        let mut seen = std::collections::BTreeSet::new();
        self.waiting.iter().filter(move |waiting| seen.insert(waiting.message.msisdn))
    }

    /// A message was taken.
    pub fn delivered(&mut self, place: (u64, u64)) {
        self.failures = 0;
        self.waiting.retain(|waiting| waiting.message.place != place);
    }

    /// A message was not taken: it, or all, are tried later; given up after the horizon, which is told by true.
    pub fn failed(&mut self, place: (u64, u64), why: Failed, now: Timestamp) -> bool {
        let horizon = self.horizon;
        let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.message.place == place) else {
            return false;
        };
        waiting.tries = waiting.tries.saturating_add(1);
        waiting.next = now.plus(pause(waiting.tries, place));
        let given_up = now.since(waiting.since) >= horizon;
        if why == Failed::Side {
            self.failures = self.failures.saturating_add(1);
            self.rests_until = now.plus(pause(self.failures, place));
        }
        if given_up {
            self.waiting.retain(|waiting| waiting.message.place != place);
        }
        given_up
    }

    /// The first that waits: everything before it is done.
    pub fn first(&self) -> Option<(u64, u64)> {
        self.waiting.front().map(|waiting| waiting.message.place)
    }
}

/// The pause after so many failures: twice the one before, up to a longest, and up to a half more of it, by the message: those
/// that failed together do not come back together.
fn pause(failures: u32, (sequence, place): (u64, u64)) -> Duration {
    let doubled =
        FIRST.saturating_mul(1u32.checked_shl(failures.saturating_sub(1).min(16)).unwrap_or(u32::MAX));
    let pause = doubled.min(LONGEST);
    let spread = sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(place).rotate_left(17)
        ^ u64::from(failures).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let half = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX).div_euclid(2).max(1);
    pause.saturating_add(Duration::from_millis(spread.rem_euclid(half)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn message(place: u64, msisdn: &str) -> Message {
        Message { place: (1, place), msisdn: Digits::parse(msisdn).unwrap(), body: place.to_string() }
    }

    fn queue() -> Queue {
        let mut queue = Queue::new(Duration::from_secs(1_000));
        for (place, msisdn) in [(0, "1"), (1, "1"), (2, "2")] {
            queue.push(message(place, msisdn), at(0));
        }
        queue
    }

    fn next(queue: &Queue, now: Timestamp) -> Option<u64> {
        queue.next(now).map(|message| message.place.1)
    }

    #[test]
    fn a_subscriber_s_messages_are_posted_in_their_order_whoever_fails() {
        let mut queue = queue();
        assert_eq!(next(&queue, at(0)), Some(0));
        assert!(!queue.failed((1, 0), Failed::Message, at(0)));
        assert_eq!(next(&queue, at(0)), Some(2), "another subscriber goes on");
        queue.delivered((1, 2));
        assert_eq!((next(&queue, at(0)), queue.first()), (None, Some((1, 0))));
        let later = queue.next_at().unwrap();
        assert!(later >= at(1) && later <= at(2));
        assert_eq!(next(&queue, later), Some(0));
        queue.delivered((1, 0));
        assert_eq!(next(&queue, later), Some(1));
        queue.delivered((1, 1));
        assert!(queue.is_empty() && queue.next_at().is_none());
    }

    #[test]
    fn a_side_that_is_not_there_is_left_alone_for_longer_and_longer() {
        let mut queue = queue();
        let mut now = at(0);
        let mut pauses = Vec::new();
        for _ in 0..12 {
            let place = queue.next(now).unwrap().place;
            queue.failed(place, Failed::Side, now);
            assert_eq!(next(&queue, now), None);
            let later = queue.next_at().unwrap();
            pauses.push(later.since(now).as_secs());
            now = later;
            queue.waiting.iter_mut().for_each(|waiting| waiting.since = now);
        }
        assert!(pauses[..8].windows(2).all(|pair| pair[0] <= pair[1]), "{pauses:?}");
        assert!(pauses.iter().all(|pause| (1..=450).contains(pause)), "{pauses:?}");
        assert!(pauses[11] >= 300);
    }

    #[test]
    fn after_the_horizon_a_message_is_given_up_and_the_next_comes() {
        let mut queue = queue();
        assert!(!queue.failed((1, 0), Failed::Message, at(999)));
        assert!(queue.failed((1, 0), Failed::Message, at(1_000)));
        assert_eq!(next(&queue, at(1_000)), Some(1));
    }

    #[test]
    fn pauses_of_messages_that_failed_together_differ() {
        let pauses: std::collections::BTreeSet<_> = (0..20).map(|place| pause(6, (9, place))).collect();
        assert!(pauses.len() > 10);
    }
}
