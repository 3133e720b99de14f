//! What a connection still has to send: octets that may leave, and octets that may not leave yet.
//!
//! An answer is encoded straight into the connection's buffer and held there until the batch it was
//! decided on is durable. Nothing that a power cut could take back is ever shown. Emergencies and the
//! peer's own talk (CEA, DWA, DPA) are not held; they pass what is.

use std::collections::VecDeque;

use bytes::{Buf, BytesMut};

/// Octets kept of a buffer that was used up, so that a burst does not stay in memory for good.
const KEPT: usize = 64 * 1024;

/// The octets of one connection that wait to be sent.
#[derive(Debug, Default)]
pub struct Outbox {
    ready: BytesMut,
    held: BytesMut,
    /// For each run of held octets: the batch it waits for, and how many octets it has. Batches rise.
    marks: VecDeque<(u64, usize)>,
}

impl Outbox {
    /// Octets that may be written now.
    pub fn ready(&self) -> &[u8] {
        &self.ready
    }

    /// Forgets octets that were written.
    pub fn written(&mut self, octets: usize) {
        self.ready.advance(octets.min(self.ready.len()));
        if self.ready.is_empty() && self.ready.capacity() > KEPT {
            self.ready = BytesMut::new();
        }
    }

    /// Octets that wait, held or not.
    pub fn len(&self) -> usize {
        self.ready.len().saturating_add(self.held.len())
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether something waits for a batch.
    pub fn holds(&self) -> bool {
        !self.marks.is_empty()
    }

    /// Where a message that waits for nothing is written to.
    pub fn now(&mut self) -> &mut BytesMut {
        &mut self.ready
    }

    /// Writes a message that may leave once `batch` is durable, by `write`, which appends to the buffer.
    /// A message never passes one that was held before it.
    pub fn hold<T>(&mut self, batch: u64, write: impl FnOnce(&mut BytesMut) -> T) -> T {
        let before = self.held.len();
        let outcome = write(&mut self.held);
        let octets = self.held.len().saturating_sub(before);
        match self.marks.back_mut() {
            Some((last, run)) if batch <= *last => *run = run.saturating_add(octets),
            _ => self.marks.push_back((batch, octets)),
        }
        outcome
    }

    /// Lets everything go that waits for `durable` or a batch before it. Says whether there was any.
    pub fn release(&mut self, durable: u64) -> bool {
        let mut octets = 0usize;
        while let Some((_, run)) = self.marks.front().filter(|(batch, _)| *batch <= durable) {
            octets = octets.saturating_add(*run);
            self.marks.pop_front();
        }
        if octets == 0 {
            return false;
        }
        if octets >= self.held.len() && self.ready.is_empty() {
            core::mem::swap(&mut self.ready, &mut self.held);
        } else {
            let released = octets.min(self.held.len());
            self.ready.extend_from_slice(self.held.get(..released).unwrap_or_default());
            self.held.advance(released);
        }
        if self.held.is_empty() && self.held.capacity() > KEPT {
            self.held = BytesMut::new();
        }
        true
    }

    /// Drops what is held: the store failed, so none of it may ever leave. Says how many octets it was.
    pub fn drop_held(&mut self) -> usize {
        let octets = self.held.len();
        self.held.clear();
        self.marks.clear();
        octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(outbox: &mut Outbox, batch: u64, text: &str) {
        outbox.hold(batch, |buffer| buffer.extend_from_slice(text.as_bytes()));
    }

    #[test]
    fn an_answer_leaves_only_when_its_batch_is_durable() {
        let mut outbox = Outbox::default();
        put(&mut outbox, 7, "aa");
        put(&mut outbox, 8, "bbb");
        assert!(outbox.ready().is_empty());
        assert!(!outbox.release(6));
        assert!(outbox.release(7));
        assert_eq!(outbox.ready(), b"aa");
        assert!(outbox.release(9));
        assert_eq!(outbox.ready(), b"aabbb");
        assert!(!outbox.holds());
    }

    #[test]
    fn an_emergency_passes_what_is_held() {
        let mut outbox = Outbox::default();
        put(&mut outbox, 1, "held");
        outbox.now().extend_from_slice(b"112");
        assert_eq!(outbox.ready(), b"112");
        outbox.release(1);
        assert_eq!(outbox.ready(), b"112held");
    }

    #[test]
    fn an_answer_for_an_older_batch_stays_behind_the_one_before_it() {
        let mut outbox = Outbox::default();
        put(&mut outbox, 9, "first");
        put(&mut outbox, 3, "second");
        assert!(!outbox.release(3));
        outbox.release(9);
        assert_eq!(outbox.ready(), b"firstsecond");
    }

    #[test]
    fn what_was_held_when_the_store_failed_never_leaves() {
        let mut outbox = Outbox::default();
        put(&mut outbox, 1, "lost");
        outbox.now().extend_from_slice(b"dwa");
        assert_eq!(outbox.drop_held(), 4);
        assert!(!outbox.release(u64::MAX));
        assert_eq!(outbox.ready(), b"dwa");
    }

    #[test]
    fn a_burst_does_not_stay_in_memory() {
        let mut outbox = Outbox::default();
        outbox.hold(1, |buffer| buffer.resize(1 << 20, 0));
        outbox.release(1);
        outbox.written(1 << 20);
        assert!(outbox.is_empty());
        assert!(outbox.ready.capacity() <= KEPT && outbox.held.capacity() <= KEPT);
    }
}
