//! Operators' questions. What is told is held like an answer, and pages of the store are read only once everything
//! that was decided before the question is durable.

use crate::charging::account::life::port_refusals;
use crate::charging::account::{Account, AccountId, ContractId, Sequence, Subscriber};
use crate::charging::books::renewal::REFERENCE;
use crate::charging::ledger::LedgerEntry;
use crate::charging::session::Session;
use crate::charging::units::Digits;
use crate::time::Timestamp;

use super::command::CommandError;
use super::hash::SessionKey;
use super::load::{Found, Load};
use super::query::{
    ContractView, EngineStatus, Explanation, InvoiceView, LedgerCursor, LedgerPage, Mode, Outcome, PAGE,
    Query, SessionCursor, SessionView, SubscriberView, View,
};
use super::waiting::{Job, Wait, Waiter};
use super::{Core, Tag};

/// The most sessions of one page: each is loaded on its own.
const SESSION_PAGE: u16 = 100;

/// What a question came to, or what it must wait for; with the batch it was begun at.
type Attempt = Result<Outcome, (Wait, Option<Sequence>)>;

impl Core {
    /// Takes an operator's question; [`Core::poll_reply`] tells the outcome.
    pub fn query(&mut self, tag: Tag, query: Query, now: Timestamp) {
        let now = self.clock.observe(now, &self.limits);
        if query == Query::Status {
            let status = self.status(now);
            let durable = self.commit.durable;
            self.replies.push_back((durable, tag, Ok(View::Status(Box::new(status)))));
            return;
        }
        match self.admits_query() {
            Ok(()) => self.try_query(tag, Box::new(query), None, None, now, now),
            Err(why) => self.reply(tag, Err(why)),
        }
    }

    fn admits_query(&self) -> Result<(), CommandError> {
        match self.mode {
            Mode::Starting => Err(CommandError::Starting),
            Mode::Failed => Err(CommandError::StoreFailed),
            Mode::Ready | Mode::Draining => {
                let full = self.waiting.counts().operators >= self.limits.operators_parked;
                if full { Err(CommandError::Overloaded) } else { Ok(()) }
            }
        }
    }

    pub(super) fn try_query(
        &mut self,
        tag: Tag,
        query: Box<Query>,
        begun: Option<Sequence>,
        given: Option<&Found>,
        since: Timestamp,
        now: Timestamp,
    ) {
        match self.inspect(&query, begun, given, now) {
            Ok(outcome) => self.reply(tag, outcome),
            Err((wait, _)) if self.is_vain(&wait) => self.reply(tag, Err(CommandError::StoreStalled)),
            Err((wait, begun)) => {
                let job = Job::Query(tag, query, begun);
                self.waiting.park(wait, Waiter { job, since, tries: 0 });
            }
        }
    }

    fn inspect(
        &mut self,
        query: &Query,
        begun: Option<Sequence>,
        given: Option<&Found>,
        now: Timestamp,
    ) -> Attempt {
        let plain = |wait| (wait, begun);
        match query {
            Query::ShowSubscriber(msisdn) => {
                let view = self.view(*msisdn).map_err(plain)?;
                Ok(view.map(|view| View::Subscriber(Box::new(view))))
            }
            Query::ListSubscribers { after, limit } => self.list_subscribers(*after, *limit, begun, given),
            Query::Ledger { msisdn, after, limit } => {
                let Some((_, account)) = self.load_both(*msisdn).map_err(plain)? else {
                    return Ok(Err(CommandError::UnknownSubscriber(*msisdn)));
                };
                let page = self.ledger_page(account, *after, *limit, begun, given)?;
                Ok(Ok(View::Ledger(Box::new(page))))
            }
            Query::Explain { msisdn, session, limit } => {
                let of = match self.view(*msisdn).map_err(plain)? {
                    Ok(of) => of,
                    Err(why) => return Ok(Err(why)),
                };
                let page = self.ledger_page(of.account.clone(), None, *limit, begun, given)?;
                let looked_at = page.entries.len();
                let is_told = |entry: &LedgerEntry| {
                    is_fee_of(entry, *msisdn) && session.is_none()
                        || entry.usage.as_ref().is_some_and(|usage| {
                            usage.msisdn == *msisdn
                                && session.as_ref().is_none_or(|session| usage.session == *session)
                        })
                };
                let entries = page.entries.into_iter().filter(is_told).collect();
                let refusals = self.refusals.of(*msisdn);
                let refusals = refusals
                    .filter(|refusal| session.as_ref().is_none_or(|session| refusal.session == *session))
                    .cloned()
                    .collect();
                let since = self.started;
                Ok(Ok(View::Explanation(Box::new(Explanation { of, entries, looked_at, refusals, since }))))
            }
            Query::ListSessions { msisdn, after, limit } => {
                self.list_sessions(*msisdn, *after, *limit).map_err(plain)
            }
            Query::ShowSession(session) => {
                let key = SessionKey::of(self.hash_key, session);
                let slot = self.sessions.slot(key.short());
                let slot = slot.ok_or((Wait::Load(Load::Session(key)), begun))?;
                let found = slot.value.as_ref().filter(|found| found.id == *session);
                let found = found.map(|found| Session::clone(found));
                Ok(match found {
                    Some(session) => {
                        let outstanding = self.outstanding(key);
                        Ok(View::Session(Box::new(SessionView { session, outstanding })))
                    }
                    None => Err(CommandError::UnknownSession(session.as_str().into())),
                })
            }
            Query::Demand(session, what) => {
                let key = SessionKey::of(self.hash_key, session);
                let demanded = self.demand_of(key, session.as_str(), *what, now).map_err(plain)?;
                Ok(demanded.map(|()| View::Demanded))
            }
            Query::Status => Ok(Ok(View::Status(Box::new(self.status(now))))),
            Query::ShowBatch(batch) => {
                let found = self.batch(*batch).map_err(plain)?;
                Ok(found.map(|found| View::Batch(Box::new(found))).ok_or(CommandError::NoBatch(*batch)))
            }
            Query::Invoices { account, after, limit } => {
                let begun = self.settle(begun)?;
                let limit = (*limit).clamp(1, PAGE);
                match given {
                    Some(Found::Invoices(found)) => {
                        let page: Vec<_> = found
                            .iter()
                            .map(|(invoice, paid)| InvoiceView {
                                invoice: invoice.clone(),
                                paid: paid.clone(),
                            })
                            .collect();
                        let next = page.last().map(|one| (one.invoice.account, one.invoice.number));
                        let next = next.filter(|_| page.len() >= usize::from(limit));
                        Ok(Ok(View::Invoices { page, next }))
                    }
                    _ => {
                        let load = Load::Invoices { after: *after, account: *account, limit };
                        Err((Wait::Load(load), Some(begun)))
                    }
                }
            }
            Query::ShowContract(id) => self.show_contract(*id).map_err(plain),
            Query::Acts(msisdn) => self.acts(*msisdn, begun, given),
            Query::Tariffs => {
                let versions = self.known_tariffs().iter().map(|known| known.record.clone()).collect();
                Ok(Ok(View::Tariffs { versions, in_force: self.catalogue.version() }))
            }
            Query::Areas => Ok(Ok(View::Areas(self.areas.clone()))),
            Query::PortOut(msisdn) => {
                let both = self.load_both(*msisdn).map_err(plain)?;
                let refusals = both.map(|(mut subscriber, mut account)| {
                    let _ = self.bring(&mut subscriber, &mut account, now);
                    port_refusals(&subscriber, &account, now)
                });
                Ok(refusals.map(View::PortOut).ok_or(CommandError::UnknownSubscriber(*msisdn)))
            }
            Query::Operation(key) => {
                let slot = self.operations.slot(*key).ok_or((Wait::Load(Load::Operation(*key)), begun))?;
                Ok(Ok(View::Operation(slot.value.clone())))
            }
        }
    }

    fn show_contract(&mut self, id: ContractId) -> Result<Outcome, Wait> {
        let Some(contract) = self.contract(id)? else { return Ok(Err(CommandError::NoContract(id))) };
        let mut accounts = Vec::with_capacity(contract.accounts.len());
        for account in &contract.accounts {
            let slot = self.accounts.slot(*account).ok_or(Wait::Load(Load::Account(*account)))?;
            accounts.extend(slot.value.clone());
        }
        let numbers = match contract.owner {
            Some(owner) => self.holder(owner)?.numbers,
            None => Vec::new(),
        };
        Ok(Ok(View::Contract(Box::new(ContractView { contract, accounts, numbers }))))
    }

    fn view(&mut self, msisdn: Digits) -> Result<Result<SubscriberView, CommandError>, Wait> {
        let both = self.load_both(msisdn)?;
        Ok(both
            .map(|(subscriber, account)| self.view_of(subscriber, account))
            .ok_or(CommandError::UnknownSubscriber(msisdn)))
    }

    fn view_of(&self, mut subscriber: Subscriber, mut account: Account) -> SubscriberView {
        // shown as the next touch will have it: what is over is over
        let _ = self.bring(&mut subscriber, &mut account, self.clock.latest());
        let _ = account.take_bills();
        let sessions = u32::try_from(self.directory.open_of(subscriber.msisdn)).unwrap_or(u32::MAX);
        SubscriberView { subscriber, account, sessions }
    }

    /// Waits until all that was decided before the question is durable.
    fn settle(&self, begun: Option<Sequence>) -> Result<Sequence, (Wait, Option<Sequence>)> {
        let begun = begun.unwrap_or(self.commit.horizon());
        if begun > self.commit.durable { Err((Wait::Durable(begun), Some(begun))) } else { Ok(begun) }
    }

    fn list_subscribers(
        &mut self,
        after: Option<Digits>,
        limit: u16,
        begun: Option<Sequence>,
        given: Option<&Found>,
    ) -> Attempt {
        let begun = self.settle(begun)?;
        let limit = limit.clamp(1, PAGE);
        let Some(Found::Subscribers(found)) = given else {
            return Err((Wait::Load(Load::Subscribers { after, limit }), Some(begun)));
        };
        let next = found.last().map(|(subscriber, _)| subscriber.msisdn);
        let next = next.filter(|_| found.len() >= usize::from(limit));
        let mut page = Vec::with_capacity(found.len());
        for (subscriber, account) in found {
            // What is in memory is newer than what was read.
            let newer = self.subscribers.peek(subscriber.msisdn).and_then(|slot| slot.value.as_ref());
            let subscriber = newer.unwrap_or(subscriber).clone();
            let newer = self.accounts.peek(subscriber.account).and_then(|slot| slot.value.as_ref());
            if let Some(account) = newer.or(account.as_ref()) {
                page.push(self.view_of(subscriber, account.clone()));
            }
        }
        Ok(Ok(View::Subscribers { page, next }))
    }

    fn ledger_page(
        &mut self,
        account: Account,
        after: Option<LedgerCursor>,
        limit: u16,
        begun: Option<Sequence>,
        given: Option<&Found>,
    ) -> Result<LedgerPage, (Wait, Option<Sequence>)> {
        let empty = LedgerPage { account: account.clone(), entries: Vec::new(), next: None, archived: false };
        // The head at the first try counts: it moves on while the question waits.
        let head = match (begun, after, account.ledger_head) {
            (Some(begun), _, _) => begun,
            (None, Some(after), _) => after.at,
            (None, None, Some(head)) => head,
            (None, None, None) => return Ok(empty),
        };
        let head = self.settle(Some(head))?;
        let limit = limit.clamp(1, PAGE);
        let below = after.map_or(u64::MAX, |after| after.below);
        let Some(Found::Ledger(entries)) = given else {
            let load = Load::Ledger { account: account.id, head, below, limit };
            return Err((Wait::Load(load), Some(head)));
        };
        let oldest = entries.last();
        let more = oldest.filter(|entry| entry.index > 1);
        let full = entries.len() >= usize::from(limit);
        let next = more.filter(|_| full).and_then(|entry| {
            let at = entry.previous?;
            Some(LedgerCursor { below: entry.index, at })
        });
        let archived = more.is_some() && !full;
        Ok(LedgerPage { account, entries: entries.clone(), next, archived })
    }

    fn acts(&mut self, msisdn: Digits, begun: Option<Sequence>, given: Option<&Found>) -> Attempt {
        let found = self.load_both(msisdn).map_err(|wait| (wait, begun))?;
        let Some((subscriber, _)) = found else {
            return Ok(Err(CommandError::UnknownSubscriber(msisdn)));
        };
        let Some(head) = begun.or(subscriber.life.acts_head) else { return Ok(Ok(View::Acts(Vec::new()))) };
        let head = self.settle(Some(head))?;
        match given {
            Some(Found::Acts(acts)) => Ok(Ok(View::Acts(acts.clone()))),
            _ => Err((Wait::Load(Load::Acts { msisdn, head, limit: PAGE }), Some(head))),
        }
    }

    fn list_sessions(
        &mut self,
        msisdn: Option<Digits>,
        after: Option<SessionCursor>,
        limit: u16,
    ) -> Result<Outcome, Wait> {
        let limit = usize::from(limit.clamp(1, SESSION_PAGE));
        let places = self.directory.page(msisdn, after, limit);
        let mut page = Vec::with_capacity(places.len());
        for place in &places {
            let slot = self.sessions.slot(place.short).ok_or(Wait::Load(Load::SessionsNear(place.short)))?;
            page.extend(slot.value.as_deref().cloned());
        }
        let next = places.last().copied().filter(|_| places.len() >= limit);
        Ok(Ok(View::Sessions { page, next, complete: self.directory.is_complete() }))
    }

    /// The engine's figures.
    pub fn status(&self, now: Timestamp) -> EngineStatus {
        let counts = self.waiting.counts();
        let horizon = self.events.horizon(now, self.limits.event_horizon);
        EngineStatus {
            mode: self.mode,
            durable: self.commit.durable,
            facts: self.facts,
            reauth: self.reauth_facts(),
            sessions: self.directory.open(),
            directory: self.directory.len(),
            scanned: self.directory.is_complete(),
            parked: counts.requests.saturating_add(counts.operators),
            reserved: self.reserved(),
            repeat_horizon_secs: horizon.as_secs(),
            cached_octets: self.cached_octets(),
            catalogue: self.catalogue.version(),
            sweeps_suspended: self.clock.is_suspended(),
            store_stalled: self.store_stalled,
            next_account: AccountId(self.next_account),
        }
    }
}

/// Whether an entry is a fee of that number.
fn is_fee_of(entry: &LedgerEntry, msisdn: Digits) -> bool {
    let number = entry.reference.as_deref().and_then(|reference| reference.strip_prefix(REFERENCE));
    number.and_then(|rest| rest.split(':').next()).is_some_and(|number| *number == *msisdn.to_string())
}
