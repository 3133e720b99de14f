//! Money by operators' commands: paid in, taken back, given back, promised, given as a bonus. A payer's reference is known
//! for ever: what it was used for once happens once.

use crate::charging::account::{Account, AccountId, Sequence, Subscriber};
use crate::charging::books::bill::charge;
use crate::charging::books::bonus::grant;
use crate::charging::books::operations::{Act, Booked};
use crate::charging::books::payment::{give_back, pay_in, promise, reverse};
use crate::charging::ledger::Counter;
use crate::charging::notice::Cause;
use crate::charging::units::{Digits, Money};
use crate::time::Timestamp;

use super::Core;
use super::attempt::{Attempt, act};
use super::command::{Change, Command, CommandError};
use super::hash::reference_hash;
use super::load::{Found, Load};
use super::sink::{Done, ReferenceRecord};
use super::waiting::Wait;

impl Core {
    /// Carries out a command that moves money and names no other thing.
    pub(super) fn pay(&mut self, command: &Command, given: Option<&Found>, now: Timestamp) -> Attempt {
        let acting = |note: &Option<Box<str>>| Act { note: note.clone(), ..act(command, now) };
        match &command.what {
            Change::Topup { msisdn, amount, reference, note } => {
                let pay = |account, act| pay_in(account, *amount, Counter::Cash, act);
                self.pay_once(*msisdn, *amount, reference.as_deref(), acting(note), given, pay)
            }
            Change::Refund { msisdn, amount, reference, note } => {
                let Some(out) = amount.checked_neg() else { return Ok(Err(CommandError::Overloaded)) };
                let pay = |account, act| give_back(account, *amount, act);
                self.pay_once(*msisdn, out, reference.as_deref(), acting(note), given, pay)
            }
            Change::Charge { msisdn, amount, bill, note } => {
                if !self.is_sold(&bill.service) {
                    return Ok(Err(CommandError::UnknownService { service: bill.service.clone() }));
                }
                let Some((subscriber, _)) = self.load_both(*msisdn)? else {
                    return Ok(Err(CommandError::UnknownSubscriber(*msisdn)));
                };
                let Some(taken) = amount.checked_neg() else { return Ok(Err(CommandError::Overloaded)) };
                let pay = |account, act| charge(account, &subscriber, *amount, bill.clone(), act);
                self.pay_once(*msisdn, taken, Some(&bill.reference), acting(note), given, pay)
            }
            Change::Reverse { msisdn, reference, note } => {
                self.take_back(*msisdn, reference, acting(note), given)
            }
            Change::Promise { msisdn, note } => {
                let Some((subscriber, _)) = self.load_both(*msisdn)? else {
                    return Ok(Err(CommandError::UnknownSubscriber(*msisdn)));
                };
                let terms = self.policy.accounts.promise;
                let done = self.move_money(*msisdn, now, |account| {
                    promise(account, &terms, subscriber.since, &acting(note))
                })?;
                if let Ok(done) = &done {
                    let (amount, fee, due) = (terms.amount, terms.fee, now.plus(terms.term));
                    self.tell(&subscriber, Cause::Promise { amount, fee, due, balance: done.balance }, now);
                }
                Ok(done)
            }
            Change::Bonus { msisdn, amount, valid, services, note } => {
                let unknown = services.iter().find(|name| self.catalogue.service_named(name).is_none());
                if let Some(service) = unknown {
                    return Ok(Err(CommandError::UnknownService { service: service.clone() }));
                }
                let (expires, services) = (valid.map(|valid| now.plus(valid)), services.clone());
                let give = |account| grant(account, *amount, expires, services, acting(note));
                self.move_money(*msisdn, now, give)
            }
            _ => Ok(Err(CommandError::KeyUsed)),
        }
    }

    /// What a reference was used for, and its place; none where it is new.
    pub(super) fn reference(
        &self,
        reference: &str,
        given: Option<&Found>,
    ) -> Result<Option<ReferenceRecord>, Wait> {
        let key = reference_hash(self.hash_key, reference);
        match (self.recent_references.get(&key), given) {
            (Some((known, _)), _) => Ok(Some(known.clone())),
            (None, Some(Found::Reference(known))) => Ok(known.clone()),
            (None, _) => Err(Wait::Load(Load::Reference(key))),
        }
    }

    pub(super) fn keep_reference(&mut self, record: ReferenceRecord, now: Timestamp) {
        let key = reference_hash(self.hash_key, &record.reference);
        self.recent_references.insert(key, (record.clone(), self.commit.next));
        self.commit.open.references.push((key, record));
        self.commit.open.touch(now, 256);
    }

    /// References that are durable need not be remembered: the store has them.
    pub(super) fn forget_references(&mut self, durable: Sequence) {
        self.recent_references.retain(|_, (_, written_at)| *written_at > durable);
    }

    /// Moves money under a reference, once. `amount` is what the balance changes by.
    fn pay_once(
        &mut self,
        msisdn: Digits,
        amount: Money,
        reference: Option<&str>,
        act: Act,
        given: Option<&Found>,
        pay: impl FnOnce(Account, Act) -> Booked,
    ) -> Attempt {
        let Some((subscriber, account)) = self.load_both(msisdn)? else {
            return Ok(Err(CommandError::UnknownSubscriber(msisdn)));
        };
        if let Some(reference) = reference
            && let Some(known) = self.reference(reference, given)?
        {
            return Ok(if known.account == account.id && known.amount == amount {
                Ok(Done::new(msisdn, account.id, account.main, false))
            } else {
                Err(used(known))
            });
        }
        let (now, act) = (act.at, Act { reference: reference.map(Into::into), ..act });
        let done = self.move_money(msisdn, now, |account| pay(account, act))?;
        if let Ok(done) = &done
            && amount.is_positive()
        {
            self.tell(&subscriber, Cause::Topup { amount, balance: done.balance }, now);
        }
        if let (Ok(done), Some(reference)) = (&done, reference) {
            let (reference, account) = (reference.into(), done.account);
            let (from, reversed) = (Counter::Cash, None);
            self.keep_reference(ReferenceRecord { reference, account, amount, at: now, from, reversed }, now);
        }
        Ok(done)
    }

    /// Takes a payment back by its reference, once (`ACC-11`).
    fn take_back(&mut self, msisdn: Digits, reference: &str, act: Act, given: Option<&Found>) -> Attempt {
        let Some((_, account)) = self.load_both(msisdn)? else {
            return Ok(Err(CommandError::UnknownSubscriber(msisdn)));
        };
        let Some(known) = self.reference(reference, given)? else {
            return Ok(Err(CommandError::UnknownReference(reference.into())));
        };
        if known.account != account.id || !known.amount.is_positive() {
            return Ok(Err(used(known)));
        }
        if known.reversed.is_some() {
            return Ok(Ok(Done::new(msisdn, account.id, account.main, false)));
        }
        let (now, act) = (act.at, Act { reference: Some(reference.into()), ..act });
        let done = self.move_money(msisdn, now, |account| reverse(account, known.amount, known.from, act))?;
        if done.is_ok() {
            self.keep_reference(ReferenceRecord { reversed: Some(now), ..known }, now);
        }
        Ok(done)
    }

    /// Moves money on a number's account: what is due on it comes first.
    pub(super) fn move_money(
        &mut self,
        msisdn: Digits,
        now: Timestamp,
        operation: impl FnOnce(Account) -> Booked,
    ) -> Attempt {
        let Some((subscriber, account)) = self.load_both(msisdn)? else {
            return Ok(Err(CommandError::UnknownSubscriber(msisdn)));
        };
        Ok(self
            .move_on(subscriber, account, now, operation)
            .map(|(account, balance)| Done::new(msisdn, account, balance, true)))
    }

    /// Moves money on an account, and gives its number and its main balance after it. What has come pays a fee that is
    /// not paid at once (`ACC-4`).
    fn move_on(
        &mut self,
        mut subscriber: Subscriber,
        mut account: Account,
        now: Timestamp,
        operation: impl FnOnce(Account) -> Booked,
    ) -> Result<(AccountId, Money), CommandError> {
        let first = self.bring(&mut subscriber, &mut account, now);
        let (mut account, entries) = operation(account)?;
        let then = self.bring(&mut subscriber, &mut account, now);
        let (id, balance) = (account.id, account.main);
        self.note_done(&subscriber, &first, now);
        self.note_done(&subscriber, &then, now);
        let changed = first.subscriber || then.subscriber;
        let all = first.entries.into_iter().chain(entries).chain(then.entries);
        self.write_account(account, all, now);
        if changed {
            self.write_subscriber(subscriber, now);
        }
        Ok((id, balance))
    }
}

fn used(known: ReferenceRecord) -> CommandError {
    let ReferenceRecord { reference, account, amount, .. } = known;
    CommandError::ReferenceUsed { reference, account, amount }
}
