//! Requests of ours that wait for their answer: by hop-by-hop identifier, with a deadline each, bounded.

use std::collections::{BTreeMap, BTreeSet};

use crate::diameter::header::{CommandCode, HopByHop};
use crate::time::Monotonic;

/// What its sender calls a request; it comes back with the answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tag(pub u64);

/// A request without an answer yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// What its sender calls it.
    pub tag: Tag,
    /// Its command; an answer has the same.
    pub command: CommandCode,
    /// When it is given up.
    pub deadline: Monotonic,
}

/// The requests of one connection that wait.
#[derive(Clone, Debug)]
pub struct Pending {
    waiting: BTreeMap<HopByHop, Waiting>,
    deadlines: BTreeSet<(Monotonic, HopByHop)>,
    cap: usize,
}

impl Pending {
    /// An empty table for at most `cap` requests.
    pub const fn new(cap: usize) -> Self {
        Self { waiting: BTreeMap::new(), deadlines: BTreeSet::new(), cap }
    }

    /// How many requests wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether no more has room.
    pub fn is_full(&self) -> bool {
        self.len() >= self.cap
    }

    /// Whether a request with this identifier waits.
    pub fn contains(&self, id: HopByHop) -> bool {
        self.waiting.contains_key(&id)
    }

    /// Enters a request; false, and nothing changes, when the table is full or the identifier is in use.
    pub fn insert(&mut self, id: HopByHop, request: Waiting) -> bool {
        if self.is_full() || self.contains(id) {
            return false;
        }
        self.waiting.insert(id, request);
        self.deadlines.insert((request.deadline, id));
        true
    }

    /// Takes the request that an answer belongs to; `None` when none waits or the command is another.
    pub fn answered(&mut self, id: HopByHop, command: CommandCode) -> Option<Tag> {
        self.waiting.get(&id).filter(|request| request.command == command)?;
        self.remove(id)
    }

    /// Takes one request whose deadline has been reached, the earliest first.
    pub fn expired(&mut self, now: Monotonic) -> Option<Tag> {
        let (_, id) = *self.deadlines.first().filter(|(at, _)| *at <= now)?;
        self.remove(id)
    }

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Takes all requests, the earliest deadline first.
    pub fn take_all(&mut self) -> Vec<Tag> {
        let order = core::mem::take(&mut self.deadlines);
        let mut waiting = core::mem::take(&mut self.waiting);
        order.iter().filter_map(|(_, id)| waiting.remove(id)).map(|request| request.tag).collect()
    }

    fn remove(&mut self, id: HopByHop) -> Option<Tag> {
        let request = self.waiting.remove(&id)?;
        self.deadlines.remove(&(request.deadline, id));
        Some(request.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(tag: u64, deadline: u64) -> Waiting {
        Waiting { tag: Tag(tag), command: CommandCode::RE_AUTH, deadline: Monotonic::from_micros(deadline) }
    }

    fn table(cap: usize) -> Pending {
        let mut table = Pending::new(cap);
        for (id, deadline) in [(1, 30), (2, 10), (3, 20)] {
            assert!(table.insert(HopByHop::new(id), waiting(u64::from(id), deadline)));
        }
        table
    }

    #[test]
    fn an_answer_finds_its_request_once_and_by_its_own_command_only() {
        let mut table = table(8);
        let id = HopByHop::new(1);
        assert_eq!(table.answered(id, CommandCode::ABORT_SESSION), None);
        assert_eq!(table.answered(id, CommandCode::RE_AUTH), Some(Tag(1)));
        assert_eq!(table.answered(id, CommandCode::RE_AUTH), None);
        assert_eq!(table.answered(HopByHop::new(9), CommandCode::RE_AUTH), None);
    }

    #[test]
    fn requests_expire_in_the_order_of_their_deadlines() {
        let mut table = table(8);
        let at = Monotonic::from_micros;
        assert_eq!(table.next_deadline(), Some(at(10)));
        assert_eq!(table.expired(at(9)), None);
        assert_eq!(table.expired(at(25)), Some(Tag(2)));
        assert_eq!(table.expired(at(25)), Some(Tag(3)));
        assert_eq!(table.expired(at(25)), None);
        assert_eq!(table.next_deadline(), Some(at(30)));
        assert_eq!(table.take_all(), [Tag(1)]);
        assert_eq!((table.len(), table.next_deadline()), (0, None));
    }

    #[test]
    fn a_full_table_takes_no_more_and_an_identifier_in_use_neither() {
        let mut table = table(3);
        assert!(!table.insert(HopByHop::new(4), waiting(4, 1)));
        let _ = table.answered(HopByHop::new(1), CommandCode::RE_AUTH);
        assert!(!table.insert(HopByHop::new(2), waiting(4, 1)));
        assert!(table.insert(HopByHop::new(4), waiting(4, 1)));
        assert_eq!(table.take_all(), [Tag(4), Tag(2), Tag(3)]);
    }
}
