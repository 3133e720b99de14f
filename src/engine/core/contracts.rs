//! Contracts and holders by operators' commands (`ACC-1`, `ACC-2`, `OWN-1`): whose numbers and accounts they are, numbers
//! that change and numbers that are freed.

use crate::charging::account::life::{End, EndReason, Life, Settlement};
use crate::charging::account::{Account, AccountId, ContractId, Standing, Subscriber};
use crate::charging::contract::{Contract, Holder};
use crate::charging::units::Digits;
use crate::time::Timestamp;

use super::Core;
use super::attempt::Attempt;
use super::command::{Command, CommandError, NewSubscriber};
use super::lifecycle::By;
use super::load::Load;
use super::papers::{Paper, PaperKey};
use super::sink::Done;
use super::waiting::Wait;

/// Whose a number is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Owner {
    /// The holder's 12-digit number.
    pub(super) number: Option<Box<str>>,
    pub(super) is_entity: bool,
}

/// What a new number brings on, checked and not written: its holder and its contract.
#[derive(Debug)]
pub(super) struct Joining {
    pub(super) owner: Owner,
    /// The owner has more numbers with it than an individual may.
    pub(super) overrides: bool,
    holder: Option<(Digits, Holder)>,
    contract: Option<(ContractId, Contract)>,
}

/// Something that may be refused, or must wait.
type Checked<T> = Result<Result<T, CommandError>, Wait>;

impl Core {
    /// Whether a new number may join: its holder has not too many, and its contract is the holder's. `account` is the one
    /// that it shares; none opens one.
    pub(super) fn join(
        &mut self,
        new: &NewSubscriber,
        account: Option<&Account>,
        opened: AccountId,
        now: Timestamp,
    ) -> Checked<Joining> {
        let id = account.map(|account| account.contract).or(new.contract);
        let known = match id {
            Some(id) => self.contract(id)?,
            None => None,
        };
        if account.is_some() && new.contract.is_some() && new.contract != id {
            return Ok(Err(CommandError::OtherContract(id.unwrap_or(ContractId(0)))));
        }
        if let (Some(id), None, None) = (new.contract, account, &known) {
            return Ok(Err(CommandError::NoContract(id)));
        }
        let mut owner = Owner { number: new.owner.clone(), is_entity: new.owner_is_entity };
        if let Some(of) = known.as_ref().and_then(|contract| contract.owner) {
            let of: Box<str> = of.to_string().into();
            if owner.number.as_ref().is_some_and(|number| *number != of) {
                return Ok(Err(CommandError::OtherOwner(id.unwrap_or(ContractId(0)))));
            }
            let is_entity = known.as_ref().is_some_and(|contract| contract.is_entity);
            owner = Owner { number: Some(of), is_entity };
        }
        let holder = match self.held_by(&owner, new.msisdn, new.override_limit)? {
            Ok(holder) => holder,
            Err(why) => return Ok(Err(why)),
        };
        let number = holder.as_ref().map(|(number, _)| *number);
        let contract = match (account, known, new.contract) {
            (Some(_), ..) => None,
            (None, Some(mut contract), Some(id)) => {
                contract.accounts.push(opened);
                Some((id, contract))
            }
            (None, ..) => {
                let is_entity = owner.is_entity;
                let contract = Contract { owner: number, is_entity, since: now, accounts: vec![opened] };
                Some((ContractId(opened.0), contract))
            }
        };
        let overrides = self.overrides(&owner, holder.as_ref());
        Ok(Ok(Joining { owner, overrides, holder, contract }))
    }

    /// The holder with one number more, where it may have one (`OWN-1`).
    pub(super) fn held_by(
        &mut self,
        owner: &Owner,
        msisdn: Digits,
        overridden: bool,
    ) -> Checked<Option<(Digits, Holder)>> {
        let Some(number) = owner.number.as_deref().and_then(Digits::parse) else { return Ok(Ok(None)) };
        let mut holder = self.holder(number)?;
        if !holder.numbers.contains(&msisdn) {
            let most = self.policy.accounts.numbers_each;
            if !owner.is_entity && !overridden && !holder.may_have_more(most) {
                return Ok(Err(CommandError::TooManyNumbers { owner: number, most }));
            }
            holder.numbers.push(msisdn);
        }
        Ok(Ok(Some((number, holder))))
    }

    /// Whether an individual has more numbers than an individual may: an operator has let it through.
    pub(super) fn overrides(&self, owner: &Owner, holder: Option<&(Digits, Holder)>) -> bool {
        let most = self.policy.accounts.numbers_each;
        !owner.is_entity && holder.is_some_and(|(_, holder)| holder.numbers.len() > most)
    }

    /// Writes what [`Core::join`] has checked, and gives the contract of an account that is opened.
    pub(super) fn joined(&mut self, joining: Joining, now: Timestamp) -> Option<ContractId> {
        let Joining { holder, contract, .. } = joining;
        self.write_holder(holder, now);
        let (id, contract) = contract?;
        self.write_paper(PaperKey::Contract(id), Paper::Contract(contract), now);
        Some(id)
    }

    pub(super) fn write_holder(&mut self, holder: Option<(Digits, Holder)>, now: Timestamp) {
        if let Some((number, holder)) = holder {
            self.write_paper(PaperKey::Holder(number), Paper::Holder(holder), now);
        }
    }

    /// The holder of a number without it.
    pub(super) fn left_by(&mut self, subscriber: &Subscriber) -> Result<Option<(Digits, Holder)>, Wait> {
        let Some(number) = subscriber.owner.as_deref().and_then(Digits::parse) else { return Ok(None) };
        let mut holder = self.holder(number)?;
        holder.numbers.retain(|other| *other != subscriber.msisdn);
        Ok(Some((number, holder)))
    }

    /// Whether a number can be given: nobody has it, or its contract has ended and no session of it is open.
    pub(super) fn is_free(&mut self, msisdn: Digits) -> Checked<()> {
        let slot = self.subscribers.slot(msisdn).ok_or(Wait::Load(Load::Subscriber(msisdn)))?;
        Ok(match &slot.value {
            None => Ok(()),
            Some(former) if former.standing != Standing::Ended => {
                Err(CommandError::DuplicateSubscriber(msisdn))
            }
            Some(former) => {
                let (id, settled) = (former.account, !awaits_money(former));
                match self.is_quiet(msisdn) {
                    Ok(()) if settled => Ok(()),
                    Ok(()) => self.is_paid_out(msisdn, id)?,
                    Err(why) => Err(why),
                }
            }
        })
    }

    /// Whether nothing is left to be returned to the former holder of a number, who is found by it (`ACC-15`).
    fn is_paid_out(&mut self, msisdn: Digits, id: AccountId) -> Checked<()> {
        let slot = self.accounts.slot(id).ok_or(Wait::Load(Load::Account(id)))?;
        let left = slot
            .value
            .as_ref()
            .is_some_and(|account| account.life.numbers == Some(0) && account.net().is_positive());
        Ok(if left { Err(CommandError::NotSettled(msisdn)) } else { Ok(()) })
    }

    /// Whether no session of a number is open.
    fn is_quiet(&self, msisdn: Digits) -> Result<(), CommandError> {
        match self.directory.open_of(msisdn) {
            0 if self.directory.is_complete() => Ok(()),
            0 => Err(CommandError::Starting),
            open => Err(CommandError::SessionsOpen { msisdn, open }),
        }
    }

    /// Gives a subscriber another number (`ACC-2`): account, plan and bundles stay its own; the old number is free, and
    /// what is reported late of it is still charged to the account.
    pub(super) fn renumber(
        &mut self,
        command: &Command,
        (old, new): (Digits, Digits),
        now: Timestamp,
    ) -> Attempt {
        let Some((subscriber, account)) = self.load_both(old)? else {
            return Ok(Err(CommandError::UnknownSubscriber(old)));
        };
        if subscriber.standing == Standing::Ended {
            return Ok(Err(CommandError::Ended(old)));
        }
        let free = self.is_free(new)?;
        if let Err(why) = free.and_then(|()| self.is_quiet(old)) {
            return Ok(Err(why));
        }
        let mut holder = self.left_by(&subscriber)?;
        if let Some((_, holder)) = &mut holder {
            holder.numbers.push(new);
        }
        let (freed, mut moved) = (freed(&subscriber, now), subscriber);
        moved.msisdn = new;
        (moved.life.acts, moved.life.acts_head) = (self.acts_of(new), None);
        if let Some(imsi) = moved.imsi {
            self.write_imsi(imsi, Some(new), now);
        }
        self.refusals.forget(new);
        self.write_holder(holder, now);
        let by = By { operator: Some(&command.operator), note: None, now };
        self.write_act(freed, &format!("number changed to {new}"), by);
        self.write_act(moved, &format!("number changed from {old}"), by);
        Ok(Ok(Done::new(new, account.id, account.main, true)))
    }

    /// How many acts there were on a number under its former holders. Those of the next are counted on, so that none of
    /// them takes the place of one.
    pub(super) fn acts_of(&self, msisdn: Digits) -> u64 {
        let former = self.subscribers.peek(msisdn).and_then(|slot| slot.value.as_ref());
        former.map_or(0, |former| former.life.acts)
    }
}

/// Whether money may be left for the former holder of a number.
fn awaits_money(former: &Subscriber) -> bool {
    former.life.end.is_some_and(|end| end.why != EndReason::Renumbered && end.settlement.refunded.is_none())
}

/// The number that a subscriber leaves for another one.
fn freed(subscriber: &Subscriber, now: Timestamp) -> Subscriber {
    let end = End { at: now, why: EndReason::Renumbered, settlement: Settlement::none(now) };
    let Life { acts, acts_head, .. } = subscriber.life;
    Subscriber {
        standing: Standing::Ended,
        imsi: None,
        owner: None,
        allowances: Vec::new(),
        life: Life { end: Some(end), acts, acts_head, ..Life::default() },
        ..subscriber.clone()
    }
}
