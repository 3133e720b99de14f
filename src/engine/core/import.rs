//! Many new subscribers by one command: all of them or none, or as many as can be, visible in one batch.

use crate::charging::account::{Account, AccountId, ContractId, Subscriber};
use crate::charging::units::Digits;
use crate::time::Timestamp;

use super::Core;
use super::command::{Command, CommandError, Import, Imported, MOST_ROWS, NewSubscriber, RowRefused};
use super::load::Load;
use super::papers::{Paper, PaperKey};
use super::sink::Fact;
use super::waiting::Wait;

/// How many refused rows are told.
const TOLD: usize = 100;

/// What was there before a row was taken, to be put back where the whole is refused.
enum Undo {
    Subscriber(Digits, Option<Box<Subscriber>>),
    Account(AccountId, Option<Account>),
    Imsi(Digits, Option<Digits>),
    Paper(PaperKey, Option<Paper>),
}

/// How far the open batch was before an import.
struct Mark {
    ledger: usize,
    facts: usize,
    acts: usize,
    notices: usize,
    bills: usize,
    calendar: usize,
    next_account: u64,
    undo: Vec<Undo>,
}

impl Core {
    /// Adds all rows, or none where one is refused and `partial` is not set.
    pub(super) fn import(
        &mut self,
        command: &Command,
        import: &Import,
        now: Timestamp,
    ) -> Result<Result<Imported, CommandError>, Wait> {
        if import.rows.is_empty() || import.rows.len() > MOST_ROWS {
            return Ok(Err(CommandError::Rows(MOST_ROWS)));
        }
        self.want_rows(&import.rows)?;
        let mut mark = Mark {
            ledger: self.commit.open.ledger.len(),
            facts: self.commit.open.facts.len(),
            acts: self.commit.open.acts.len(),
            notices: self.commit.open.notices.len(),
            bills: self.commit.open.bills.len(),
            calendar: self.commit.open.calendar.len(),
            next_account: self.next_account,
            undo: Vec::with_capacity(import.rows.len().saturating_mul(4)),
        };
        let mut done = Imported::default();
        for (row, new) in import.rows.iter().enumerate() {
            self.remember(new, &mut mark.undo);
            match self.add_subscriber(command, new, now) {
                Ok(Ok(_)) => done.added = done.added.saturating_add(1),
                Ok(Err(why)) => {
                    done.refused_in_all = done.refused_in_all.saturating_add(1);
                    if done.refused.len() < TOLD {
                        done.refused.push(RowRefused { row, why });
                    }
                }
                Err(wait) => {
                    self.undo(mark);
                    return Err(wait);
                }
            }
        }
        if done.refused_in_all > 0 && !import.partial {
            self.undo(mark);
            let Imported { refused, refused_in_all, .. } = done;
            return Ok(Err(CommandError::ImportRefused { refused, refused_in_all }));
        }
        Ok(Ok(done))
    }

    /// Has everything that the rows name loaded, and waits for the last of it.
    fn want_rows(&mut self, rows: &[NewSubscriber]) -> Result<(), Wait> {
        let mut last = None;
        for new in rows {
            let former = match self.subscribers.slot(new.msisdn) {
                Some(slot) => slot.value.as_ref().map(|former| former.account),
                None => {
                    last = Some(Load::Subscriber(new.msisdn));
                    self.waiting.want(Load::Subscriber(new.msisdn));
                    None
                }
            };
            if let Some(id) = former.filter(|id| self.accounts.slot(*id).is_none()) {
                last = Some(Load::Account(id));
                self.waiting.want(Load::Account(id));
            }
            if let Some(imsi) = new.imsi.filter(|imsi| self.imsis.slot(*imsi).is_none()) {
                last = Some(Load::Imsi(imsi));
                self.waiting.want(Load::Imsi(imsi));
            }
            if let Some(id) = new.account.filter(|id| self.accounts.slot(*id).is_none()) {
                last = Some(Load::Account(id));
                self.waiting.want(Load::Account(id));
            }
            let owner = new.owner.as_deref().and_then(Digits::parse).map(PaperKey::Holder);
            let contract = new.contract.or(new.account.map(|id| ContractId(id.0))).map(PaperKey::Contract);
            for key in owner.into_iter().chain(contract) {
                if self.papers.slot(key).is_none() {
                    last = Some(Load::Paper(key));
                    self.waiting.want(Load::Paper(key));
                }
            }
        }
        last.map_or(Ok(()), |load| Err(Wait::Load(load)))
    }

    /// Keeps what is there of all that a row may change.
    fn remember(&mut self, new: &NewSubscriber, undo: &mut Vec<Undo>) {
        let subscriber = self.subscribers.peek(new.msisdn).and_then(|slot| slot.value.clone());
        undo.push(Undo::Subscriber(new.msisdn, subscriber.map(Box::new)));
        if let Some(imsi) = new.imsi {
            undo.push(Undo::Imsi(imsi, self.imsis.peek(imsi).and_then(|slot| slot.value)));
        }
        let id = new.account.unwrap_or(AccountId(self.next_account));
        let account = self.accounts.peek(id).and_then(|slot| slot.value.clone());
        let contract = new.contract.unwrap_or(account.as_ref().map_or(ContractId(id.0), |of| of.contract));
        undo.push(Undo::Account(id, account));
        let of = self.papers.peek(PaperKey::Contract(contract)).and_then(|slot| slot.value.clone());
        let inherited = match &of {
            Some(Paper::Contract(contract)) => contract.owner,
            _ => None,
        };
        undo.push(Undo::Paper(PaperKey::Contract(contract), of));
        for owner in new.owner.as_deref().and_then(Digits::parse).into_iter().chain(inherited) {
            let key = PaperKey::Holder(owner);
            undo.push(Undo::Paper(key, self.papers.peek(key).and_then(|slot| slot.value.clone())));
        }
    }

    /// Puts everything back, the last change first.
    fn undo(&mut self, mark: Mark) {
        let Mark { ledger, facts, acts, notices, bills, calendar, next_account, undo } = mark;
        let next = self.commit.next;
        self.next_account = next_account;
        self.commit.open.ledger.truncate(ledger);
        self.commit.open.facts.truncate(facts);
        self.commit.open.acts.truncate(acts);
        self.commit.open.notices.truncate(notices);
        self.commit.open.bills.truncate(bills);
        self.commit.open.calendar.truncate(calendar);
        for one in undo.into_iter().rev() {
            match one {
                Undo::Subscriber(key, value) => self.subscribers.put_back(key, value.map(|one| *one), next),
                Undo::Account(key, value) => self.accounts.put_back(key, value, next),
                Undo::Paper(key, value) => self.papers.put_back(key, value, next),
                Undo::Imsi(key, value) => self.imsis.put_back(key, value, next),
            }
        }
        if self.commit.open.facts.iter().any(|fact| matches!(fact, Fact::NextAccount(_))) {
            self.commit.open.facts.push(Fact::NextAccount(next_account));
        }
    }
}
