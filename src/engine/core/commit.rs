//! What the next batch writes. Changes are gathered by what they change: ten updates of an account in one batch are
//! one image of it, and ten ledger entries.

use std::sync::Arc;

use crate::charging::account::credit::Bill;
use crate::charging::account::life::ActEntry;
use crate::charging::account::{AccountId, Sequence};
use crate::charging::books::due::Entry;
use crate::charging::cdr::Cdr;
use crate::charging::ledger::LedgerEntry;
use crate::charging::notice::Notice;
use crate::charging::units::Digits;
use crate::time::Timestamp;

use super::command::OperationKey;
use super::hash::SessionKey;
use super::papers::PaperKey;
use super::sink::{Fact, ReferenceRecord, TariffRecord};

/// A batch that was handed out and is not known to be durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Flight {
    pub(crate) sequence: Sequence,
    pub(crate) since: Timestamp,
    pub(crate) answers: usize,
}

/// The batch that takes changes.
#[derive(Debug, Default)]
pub(crate) struct Open {
    pub(crate) since: Option<Timestamp>,
    pub(crate) answers: usize,
    pub(crate) octets: usize,
    pub(crate) accounts: Vec<AccountId>,
    pub(crate) subscribers: Vec<Digits>,
    pub(crate) imsis: Vec<Digits>,
    pub(crate) sessions: Vec<u64>,
    pub(crate) sessions_gone: Vec<SessionKey>,
    pub(crate) ledger: Vec<LedgerEntry>,
    pub(crate) acts: Vec<ActEntry>,
    pub(crate) bills: Vec<Bill>,
    pub(crate) calendar: Vec<(Entry, bool)>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) cdrs: Vec<Cdr>,
    /// The stopped areas.
    pub(crate) areas: bool,
    /// Hashes of events that were answered.
    pub(crate) events: Vec<u64>,
    /// Numbers of buckets that changed, in order, each once.
    pub(crate) buckets: Vec<u64>,
    pub(crate) buckets_gone: Vec<u64>,
    pub(crate) operations: Vec<OperationKey>,
    pub(crate) papers: Vec<PaperKey>,
    pub(crate) references: Vec<([u8; 16], ReferenceRecord)>,
    pub(crate) emergencies_gone: Vec<SessionKey>,
    pub(crate) catalogues: Vec<(u64, Arc<[u8]>)>,
    pub(crate) catalogues_gone: Vec<u64>,
    pub(crate) tariffs: Vec<TariffRecord>,
    pub(crate) tariffs_gone: Vec<Timestamp>,
    pub(crate) operations_gone: Vec<OperationKey>,
    pub(crate) facts: Vec<Fact>,
}

impl Open {
    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            since: _,
            answers: _,
            octets: _,
            accounts,
            subscribers,
            imsis,
            sessions,
            sessions_gone,
            ledger,
            acts,
            bills,
            calendar,
            notices,
            cdrs,
            areas,
            events,
            buckets,
            buckets_gone,
            operations,
            papers,
            references,
            emergencies_gone,
            catalogues,
            catalogues_gone,
            tariffs,
            tariffs_gone,
            operations_gone,
            facts,
        } = self;
        accounts.is_empty()
            && subscribers.is_empty()
            && imsis.is_empty()
            && sessions.is_empty()
            && sessions_gone.is_empty()
            && ledger.is_empty()
            && acts.is_empty()
            && bills.is_empty()
            && calendar.is_empty()
            && notices.is_empty()
            && cdrs.is_empty()
            && !areas
            && events.is_empty()
            && buckets.is_empty()
            && buckets_gone.is_empty()
            && operations.is_empty()
            && papers.is_empty()
            && references.is_empty()
            && emergencies_gone.is_empty()
            && catalogues.is_empty()
            && catalogues_gone.is_empty()
            && tariffs.is_empty()
            && tariffs_gone.is_empty()
            && operations_gone.is_empty()
            && facts.is_empty()
    }

    /// Something was changed for an answer.
    pub(crate) fn touch(&mut self, now: Timestamp, octets: usize) {
        self.since.get_or_insert(now);
        self.octets = self.octets.saturating_add(octets);
    }
}

/// What is committed, and what is about to be.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) durable: Sequence,
    /// The number of the batch that takes changes.
    pub(crate) next: Sequence,
    pub(crate) flight: Option<Flight>,
    pub(crate) open: Open,
}

impl Commit {
    pub(crate) fn new(last: Sequence) -> Self {
        Self { durable: last, next: Sequence(last.0.saturating_add(1)), flight: None, open: Open::default() }
    }

    /// The batch that must be durable for everything decided so far to be.
    pub(crate) fn horizon(&self) -> Sequence {
        if self.open.is_empty() { Sequence(self.next.0.saturating_sub(1)) } else { self.next }
    }

    /// An answer is held for a batch.
    pub(crate) fn hold(&mut self, sequence: Sequence) {
        if sequence == self.next {
            self.open.answers = self.open.answers.saturating_add(1);
        } else if let Some(flight) = self.flight.as_mut().filter(|flight| flight.sequence == sequence) {
            flight.answers = flight.answers.saturating_add(1);
        }
    }

    /// Answers that are held.
    pub(crate) fn held_answers(&self) -> usize {
        self.open.answers.saturating_add(self.flight.map_or(0, |flight| flight.answers))
    }

    /// Since when the oldest change is not durable.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        self.flight.map(|flight| flight.since).or(self.open.since)
    }
}
