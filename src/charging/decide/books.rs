//! The account and the number while a decision works on them, and what it has changed so far.

use crate::charging::account::{Account, Subscriber};
use crate::charging::answer::Answer;
use crate::charging::cdr::Used;
use crate::charging::session::Session;
use crate::charging::snapshot::{Changes, Decision, EventRecord, Notes, Snapshot};
use crate::charging::units::Money;
use crate::time::Timestamp;

/// The open books.
pub(super) struct Books {
    pub(super) account: Account,
    pub(super) subscriber: Subscriber,
    pub(super) changes: Changes,
    pub(super) notes: Notes,
    /// An invoice is unpaid beyond its due date: what costs something stops (`SUS-1`).
    pub(super) unpaid: bool,
    /// What was used, where charging data records are made.
    pub(super) uses: Vec<Used>,
    /// The time of the decision.
    pub(super) now: Timestamp,
    /// What may be spent beyond that where the subscriber is (`ROAM-4`).
    pub(super) beyond: Money,
}

impl Books {
    /// Opens the books of a snapshot; its session and event stand beside them.
    pub(super) fn open(
        snapshot: Snapshot,
        now: Timestamp,
    ) -> (Self, Option<Box<Session>>, Option<EventRecord>) {
        let unpaid = snapshot.account.is_overdue(now);
        let Snapshot { account, subscriber, session, event, refunds: _, stopped: _ } = snapshot;
        let (changes, notes) = (Changes::default(), Notes::default());
        let uses = Vec::new();
        (Self { account, subscriber, changes, notes, unpaid, uses, now, beyond: Money::ZERO }, session, event)
    }

    /// What may be spent where the subscriber is; below nothing after use above a grant.
    pub(super) fn available(&self) -> Money {
        self.account.available().checked_add(self.beyond).unwrap_or(Money::MAX)
    }

    /// What of it a reservation may take: whole hundredths, never less than nothing.
    pub(super) fn spendable(&self) -> Money {
        self.spendable_with(Money::ZERO)
    }

    /// The same for who holds so much already.
    pub(super) fn spendable_with(&self, held: Money) -> Money {
        let micros = self.available().micros().saturating_add(held.micros()).max(0);
        Money::from_micros(micros.saturating_sub(micros.rem_euclid(Money::MICROS_PER_CENT)))
    }

    /// The number was used (`END-3`). It is written for this once a day at most.
    pub(super) fn note_use(&mut self, now: Timestamp) {
        self.changes.subscriber |= self.subscriber.note_use(now);
    }

    /// Closes them: each thing that changed counts up its revision once.
    pub(super) fn close(
        mut self,
        session: Option<Box<Session>>,
        event: Option<EventRecord>,
        answer: Answer,
    ) -> Decision {
        if self.changes.account {
            self.account.count_change();
        }
        if self.changes.subscriber {
            self.subscriber.count_change();
        }
        let (account, subscriber) = (self.account, self.subscriber);
        let snapshot = Snapshot { account, subscriber, session, event, refunds: None, stopped: false };
        Decision { snapshot, changes: self.changes, answer, notes: self.notes }
    }
}
