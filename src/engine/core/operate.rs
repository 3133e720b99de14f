//! Operators' commands: carried out in one batch with their key and result, so that a repeat changes nothing.

use crate::charging::account::life::Life;
use crate::charging::account::{Account, AccountId, Mode as Settlement, Standing, Subscriber};
use crate::charging::books::due::Clockwork;
use crate::charging::books::operations::{Act, adjust, bundles_of, open, set_limit_below, set_overdraft};
use crate::charging::catalogue::{Content, Plan};
use crate::charging::ledger::LedgerEntry;
use crate::charging::units::{Digits, Money};
use crate::time::Timestamp;

use super::attempt::{Attempt, KEPT, act};
use super::cache::Weigh;
use super::command::{Change, Command, CommandError, MOST_ACCOUNT, NewSubscriber, SubscriberChange};
use super::contracts::Owner;
use super::hash::command_digest;
use super::life::LifeChange;
use super::lifecycle::By;
use super::load::{Found, Load};
use super::query::{Mode, Outcome, View};
use super::reauth::{Demand, Reason, Who};
use super::sink::{Done, Fact, OperationRecord};
use super::waiting::{Job, Wait, Waiter};
use super::{Core, Tag};

/// How often a command is tried anew after a load.
const TRIES: u32 = 64;

/// How many plans are named to someone who asked for one that there is not.
const KNOWN_PLANS: usize = 8;

/// The longest texts, in octets.
const OPERATOR_MOST: usize = 128;
const REFERENCE_MOST: usize = 256;
const NOTE_MOST: usize = 1_024;

impl Core {
    /// Takes an operator's command; what it came to is told by [`Core::poll_reply`], once it is durable.
    pub fn command(&mut self, tag: Tag, command: Command, now: Timestamp) {
        let now = self.clock.observe(now, &self.limits);
        match self.admits_operator(now) {
            Ok(()) => self.try_command(tag, Box::new(command), None, (now, 0), now),
            Err(why) => self.reply(tag, Err(why)),
        }
    }

    /// Whether operators are served now.
    pub(super) fn admits_operator(&self, now: Timestamp) -> Result<(), CommandError> {
        match self.mode {
            Mode::Starting => return Err(CommandError::Starting),
            Mode::Failed => return Err(CommandError::StoreFailed),
            Mode::Draining => return Err(CommandError::Draining),
            Mode::Ready => {}
        }
        let full = self.waiting.counts().operators >= self.limits.operators_parked;
        if full || self.is_past_hard_mark(now) { Err(CommandError::Overloaded) } else { Ok(()) }
    }

    pub(super) fn try_command(
        &mut self,
        tag: Tag,
        command: Box<Command>,
        given: Option<&Found>,
        (since, tries): (Timestamp, u32),
        now: Timestamp,
    ) {
        match self.operate(&command, given, now) {
            Ok(outcome) => self.reply(tag, outcome),
            Err(_) if tries > TRIES && !matches!(command.what, Change::Publish(_)) => {
                self.reply(tag, Err(CommandError::Overloaded));
            }
            Err(wait) if self.is_vain(&wait) => {
                self.give_up_check(command.key);
                self.reply(tag, Err(CommandError::StoreStalled));
            }
            Err(wait) => {
                let job = Job::Command(tag, command);
                self.waiting.park(wait, Waiter { job, since, tries: tries.saturating_add(1) });
            }
        }
    }

    fn operate(&mut self, command: &Command, given: Option<&Found>, now: Timestamp) -> Result<Outcome, Wait> {
        let digest = self.digest(&command.what);
        let slot = self.operations.slot(command.key).ok_or(Wait::Load(Load::Operation(command.key)))?;
        if let Some(known) = &slot.value {
            return Ok(if known.digest == digest {
                Ok(View::Done { done: known.done, repeated: true })
            } else {
                Err(CommandError::KeyUsed)
            });
        }
        if let Err(why) = check_texts(command) {
            return Ok(Err(why));
        }
        let mut imported = None;
        let done = match &command.what {
            Change::Import(import) => match self.import(command, import, now)? {
                Ok(done) => {
                    let changed = done.added > 0;
                    imported = Some(done);
                    Ok(Done::of_batch(Money::ZERO, changed))
                }
                Err(why) => Err(why),
            },
            Change::AddSubscriber(new) => self.add_subscriber(command, new, now)?,
            Change::SetSubscriber { msisdn, set } => self.set_subscriber(command, *msisdn, set, now)?,
            Change::Adjust { msisdn, amount, note } => {
                let act = Act { note: note.clone(), ..act(command, now) };
                let once =
                    |account| adjust(account, *amount, act).map(|(account, entry)| (account, vec![entry]));
                self.move_money(*msisdn, now, once)?
            }
            Change::Renumber { msisdn, to } => self.renumber(command, (*msisdn, *to), now)?,
            Change::AddVouchers(_) | Change::ActivateVoucher { .. } | Change::VoidVouchers { .. } => {
                self.card(command, now)?
            }
            Change::Topup { .. }
            | Change::Refund { .. }
            | Change::Charge { .. }
            | Change::Reverse { .. }
            | Change::Promise { .. }
            | Change::Bonus { .. } => self.pay(command, given, now)?,
            Change::Area { network, lift, note } => {
                self.set_area(command, *network, *lift, note.clone(), now)
            }
            Change::Publish(publication) => self.publish(command, publication, given, now)?,
            Change::Life { msisdn, what } => self.live(command, *msisdn, what, now)?,
        };
        let done = match done {
            Ok(done) => done,
            Err(why) => return Ok(Err(why)),
        };
        self.reach_sessions(&command.what, &done, now);
        let record = OperationRecord { operator: command.operator.clone(), at: now, digest, done };
        self.operations.write(command.key, record, self.commit.next);
        self.commit.open.operations.push(command.key);
        self.commit.open.touch(now, 256);
        Ok(Ok(imported.map_or(View::Done { done, repeated: false }, View::Imported)))
    }

    /// The digest of a command: by what it says, codes of payment cards by their hashes.
    fn digest(&self, what: &Change) -> u64 {
        let mut words = format!("{what:?}");
        let codes = match what {
            Change::AddVouchers(new) => &*new.codes,
            Change::ActivateVoucher { code, .. } => core::slice::from_ref(code),
            _ => &[],
        };
        for code in codes {
            words.push_str(&format!("{:?}", self.hash_of(code)));
        }
        command_digest(self.hash_key, &words)
    }

    /// More money reaches the sessions that lack of it has limited (RFC 8506 §5.5); what has plenty is left alone.
    fn reach_sessions(&mut self, what: &Change, done: &Done, now: Timestamp) {
        let more = match what {
            Change::Topup { .. }
            | Change::Promise { .. }
            | Change::Bonus { .. }
            | Change::ActivateVoucher { .. } => done.changed,
            Change::Adjust { amount, .. } => amount.is_positive(),
            // of less money what is held stays held; what else changes is told where it is seen
            Change::Refund { .. }
            | Change::Charge { .. }
            | Change::Reverse { .. }
            | Change::AddVouchers(_)
            | Change::VoidVouchers { .. }
            | Change::Renumber { .. }
            | Change::Import(_)
            | Change::AddSubscriber(_)
            | Change::SetSubscriber { .. }
            | Change::Life { .. }
            | Change::Area { .. }
            | Change::Publish(_) => false,
        };
        if more {
            self.demand(Demand::reauthorise(Who::Limited(done.account), Reason::Topup), now);
        }
    }

    /// What else may be had now, or not, reaches sessions (`SUS-6`).
    pub(super) fn reach_changed(
        &mut self,
        before: &(Subscriber, Account),
        after: &(Subscriber, Account),
        now: Timestamp,
    ) {
        let ((subscriber, account), (was, had)) = (after, before);
        let number = Who::Number(subscriber.msisdn);
        if subscriber.barred != was.barred || subscriber.standing != was.standing {
            self.demand(Demand::reauthorise(number, Reason::Block), now);
        }
        if subscriber.plan != was.plan || subscriber.overage != was.overage {
            self.demand(Demand::reauthorise(number, Reason::Tariff), now);
        }
        if account.available() > had.available() {
            self.demand(Demand::reauthorise(Who::Limited(account.id), Reason::Topup), now);
        }
    }

    pub(super) fn add_subscriber(
        &mut self,
        command: &Command,
        new: &NewSubscriber,
        now: Timestamp,
    ) -> Attempt {
        let catalogue = std::sync::Arc::clone(&self.catalogue);
        let Some(plan) = catalogue.plan_named(&new.plan).and_then(|plan| catalogue.plan(plan)) else {
            return Ok(Err(self.unknown_plan(&new.plan)));
        };
        if plan.closed || self.tariffs.withdraws(&new.plan) {
            return Ok(Err(CommandError::PlanClosed { plan: new.plan.clone() }));
        }
        if let Err(why) = check_new(new) {
            return Ok(Err(why));
        }
        if let Err(why) = self.is_free(new.msisdn)? {
            return Ok(Err(why));
        }
        if let Some(imsi) = new.imsi
            && let Err(why) = self.check_imsi(imsi, new.msisdn)?
        {
            return Ok(Err(why));
        }
        let shared = match new.account {
            Some(id) => {
                let slot = self.accounts.slot(id).ok_or(Wait::Load(Load::Account(id)))?;
                slot.value.clone()
            }
            None => None,
        };
        let opened = new.account.unwrap_or(AccountId(self.next_account));
        let joining = match self.join(new, shared.as_ref(), opened, now)? {
            Ok(joining) => joining,
            Err(why) => return Ok(Err(why)),
        };
        let (owner, overrides) = (joining.owner.clone(), joining.overrides);
        let opened = match &shared {
            Some(account) => check_shared(new, account.id, account.mode, plan).map(|()| None),
            None => self.open_account(command, new, plan, now).map(Some),
        };
        let (id, balance) = match opened {
            Ok(Some((mut account, entry))) => {
                let (id, balance) = (account.id, account.main);
                account.contract = self.joined(joining, now).unwrap_or(account.contract);
                self.write_account(account, entry, now);
                (id, balance)
            }
            Ok(None) => {
                self.joined(joining, now);
                self.share_account(opened_as(new), now)
            }
            Err(why) => return Ok(Err(why)),
        };
        if let Some(imsi) = new.imsi {
            self.write_imsi(imsi, Some(new.msisdn), now);
        }
        self.refusals.forget(new.msisdn);
        let mut subscriber = subscriber_of(new, id, plan, now);
        (subscriber.owner, subscriber.owner_is_entity) = (owner.number, owner.is_entity);
        subscriber.life.acts = self.acts_of(new.msisdn);
        // the plan is connected: its first fee is charged at once
        let opened = self.accounts.peek(id).and_then(|slot| slot.value.clone());
        let mut balance = balance;
        if let Some(mut account) = opened {
            let done = self.bring(&mut subscriber, &mut account, now);
            balance = account.main;
            self.note_done(&subscriber, &done, now);
            if done.account {
                self.write_account(account, done.entries, now);
            }
        }
        if overrides {
            let by = By { operator: Some(&command.operator), note: None, now };
            self.write_act(subscriber, "added above the limit of numbers", by);
        } else {
            self.write_subscriber(subscriber, now);
        }
        Ok(Ok(Done::new(new.msisdn, id, balance, true)))
    }

    /// One more number lives on an account.
    fn share_account(&mut self, id: AccountId, now: Timestamp) -> (AccountId, Money) {
        let known = self.accounts.peek(id).and_then(|slot| slot.value.clone());
        let Some(mut account) = known else { return (id, Money::ZERO) };
        let balance = account.main;
        account.life.numbers = account.life.numbers.map(|numbers| numbers.saturating_add(1));
        account.revision = account.revision.saturating_add(1);
        self.write_account(account, None, now);
        (id, balance)
    }

    /// A new account for a new subscriber, with its advance.
    fn open_account(
        &mut self,
        command: &Command,
        new: &NewSubscriber,
        plan: &Plan,
        now: Timestamp,
    ) -> Result<(Account, Option<LedgerEntry>), CommandError> {
        let first = plan.modes.first().copied().unwrap_or(Settlement::Advance);
        let usual = if plan.modes.contains(&Settlement::Advance) { Settlement::Advance } else { first };
        let mode = new.mode.unwrap_or(usual);
        if !plan.modes.contains(&mode) {
            return Err(CommandError::ModeNotSold { plan: new.plan.clone(), mode });
        }
        let id = new.account.unwrap_or(AccountId(self.next_account));
        if !(1..=MOST_ACCOUNT).contains(&id.0) {
            return Err(CommandError::AccountNumber(id));
        }
        let (mut account, entry) = open(id, mode, new.balance, act(command, now))?;
        if !new.credit_limit.is_zero() {
            account = set_limit_below(account, new.credit_limit, self.policy.accounts.credit_ceiling)?;
        }
        if !new.overdraft.is_zero() {
            account = set_overdraft(account, new.overdraft)?;
        }
        if id.0 >= self.next_account {
            self.next_account = id.0.saturating_add(1);
            self.commit.open.facts.push(Fact::NextAccount(self.next_account));
        }
        Ok((account, entry))
    }

    fn set_subscriber(
        &mut self,
        command: &Command,
        msisdn: Digits,
        set: &SubscriberChange,
        now: Timestamp,
    ) -> Attempt {
        let Some((mut subscriber, mut account)) = self.load_both(msisdn)? else {
            return Ok(Err(CommandError::UnknownSubscriber(msisdn)));
        };
        if let Some(imsi) = set.imsi.filter(|imsi| Some(*imsi) != subscriber.imsi)
            && let Err(why) = self.check_imsi(imsi, msisdn)?
        {
            return Ok(Err(why));
        }
        let before = (subscriber.clone(), account.clone());
        let old = subscriber.imsi;
        if let Err(why) = self.change(&mut subscriber, &mut account, set) {
            return Ok(Err(why));
        }
        let mut words = set.words();
        let (mut left, mut held) = (None, None);
        if subscriber.owner != before.0.owner || subscriber.owner_is_entity != before.0.owner_is_entity {
            let owner = Owner { number: subscriber.owner.clone(), is_entity: subscriber.owner_is_entity };
            if subscriber.owner != before.0.owner {
                left = self.left_by(&before.0)?;
            }
            held = match self.held_by(&owner, msisdn, set.override_limit)? {
                Ok(held) => held,
                Err(why) => return Ok(Err(why)),
            };
            if self.overrides(&owner, held.as_ref()) {
                words.push("above the limit of numbers".into());
            }
        }
        self.write_holder(left, now);
        self.write_holder(held, now);
        let done = self.bring(&mut subscriber, &mut account, now);
        self.note_done(&subscriber, &done, now);
        let after = (subscriber.clone(), account.clone());
        let (id, balance) = (account.id, account.main);
        if account != before.1 {
            self.write_account(account, done.entries, now);
        }
        if old != subscriber.imsi {
            if let Some(imsi) = old {
                self.write_imsi(imsi, None, now);
            }
            if let Some(imsi) = subscriber.imsi {
                self.write_imsi(imsi, Some(msisdn), now);
            }
        }
        if words.is_empty() {
            subscriber.revision = subscriber.revision.saturating_add(1);
            self.write_subscriber(subscriber, now);
        } else {
            let by = By { operator: Some(&command.operator), note: None, now };
            self.write_act(subscriber, &format!("set {}", words.join(", ")), by);
        }
        self.reach_changed(&before, &after, now);
        Ok(Ok(Done::new(msisdn, id, balance, true)))
    }

    /// Changes what is asked for, all or nothing is written by the caller.
    fn change(
        &self,
        subscriber: &mut Subscriber,
        account: &mut Account,
        set: &SubscriberChange,
    ) -> Result<(), CommandError> {
        if let Some(name) = &set.plan {
            let plan = self.catalogue.plan_named(name).and_then(|plan| self.catalogue.plan(plan));
            let plan = plan.ok_or_else(|| self.unknown_plan(name))?;
            if !plan.modes.contains(&account.mode) {
                return Err(CommandError::ModeNotSold { plan: name.clone(), mode: account.mode });
            }
            if subscriber.plan != *name {
                if plan.closed || self.tariffs.withdraws(name) {
                    return Err(CommandError::PlanClosed { plan: name.clone() });
                }
                change_plan(subscriber, plan);
            }
        }
        if let Some(limit) = set.credit_limit {
            *account = set_limit_below(account.clone(), limit, self.policy.accounts.credit_ceiling)?;
        }
        if let Some(overdraft) = set.overdraft {
            *account = set_overdraft(account.clone(), overdraft)?;
        }
        for service in &set.bar {
            if !self.can_be_barred(service) {
                return Err(CommandError::UnknownService { service: service.clone() });
            }
            if !subscriber.barred.contains(service) {
                subscriber.barred.push(service.clone());
            }
        }
        subscriber.barred.retain(|service| !set.unbar.contains(service));
        if let Some(language) = &set.language {
            subscriber.language = Some(check_language(language)?);
        }
        if let Some(owner) = &set.owner {
            subscriber.owner = Some(check_owner(owner)?);
        }
        subscriber.imsi = set.imsi.or(subscriber.imsi);
        subscriber.overage = set.overage.unwrap_or(subscriber.overage);
        subscriber.brand = set.brand.unwrap_or(subscriber.brand);
        subscriber.owner_is_entity = set.owner_is_entity.unwrap_or(subscriber.owner_is_entity);
        Ok(())
    }

    /// Whether a subscriber can bar what has this name: a service, `content:NAME`, or `content:IDENTIFIER` (`RES-5`).
    fn can_be_barred(&self, name: &str) -> bool {
        let identifier = name.strip_prefix(Content::BARRED).is_some_and(|one| one.parse::<u32>().is_ok());
        identifier || self.is_sold(name)
    }

    /// Whether the tariff has a service, or content by `content:NAME`.
    pub(super) fn is_sold(&self, name: &str) -> bool {
        match name.strip_prefix(Content::BARRED) {
            None => self.catalogue.service_named(name).is_some(),
            Some(content) => self.catalogue.content_named(content).is_some(),
        }
    }

    /// A copy of a subscriber and its account.
    pub(super) fn load_both(&mut self, msisdn: Digits) -> Result<Option<(Subscriber, Account)>, Wait> {
        let slot = self.subscribers.slot(msisdn).ok_or(Wait::Load(Load::Subscriber(msisdn)))?;
        let Some(subscriber) = slot.value.clone() else { return Ok(None) };
        let id = subscriber.account;
        let slot = self.accounts.slot(id).ok_or(Wait::Load(Load::Account(id)))?;
        Ok(slot.value.clone().map(|account| (subscriber, account)))
    }

    fn check_imsi(&mut self, imsi: Digits, msisdn: Digits) -> Result<Result<(), CommandError>, Wait> {
        let slot = self.imsis.slot(imsi).ok_or(Wait::Load(Load::Imsi(imsi)))?;
        Ok(match slot.value {
            Some(other) if other != msisdn => Err(CommandError::DuplicateImsi { imsi, msisdn: other }),
            Some(_) | None => Ok(()),
        })
    }

    /// Writes an account with new entries of its ledger, in their order.
    pub(super) fn write_account(
        &mut self,
        mut account: Account,
        entries: impl IntoIterator<Item = LedgerEntry>,
        now: Timestamp,
    ) {
        let next = self.commit.next;
        let mut entries: Vec<LedgerEntry> = entries.into_iter().collect();
        if !entries.is_empty() {
            // Each entry names the batch of the one before it, so that the chain can be cut anywhere.
            entries.iter_mut().skip(1).for_each(|entry| entry.previous = Some(next));
            account.ledger_head = Some(next);
            self.book(entries, None, now);
        }
        let id = account.id;
        self.keep_bills(&mut account, now);
        let known = self.accounts.peek(id).and_then(|slot| slot.value.as_ref());
        let before = known.and_then(Clockwork::next_of_account);
        self.schedule_account(&account, before, now);
        if self.accounts.write(id, account, next) {
            self.commit.open.accounts.push(id);
            self.commit.open.touch(now, 128);
        }
    }

    pub(super) fn write_subscriber(&mut self, subscriber: Subscriber, now: Timestamp) {
        let (msisdn, octets) = (subscriber.msisdn, subscriber.octets());
        let known = self.subscribers.peek(msisdn).and_then(|slot| slot.value.as_ref());
        let before = known.and_then(Clockwork::next_of_number);
        self.schedule_number(&subscriber, before, now);
        if self.subscribers.write(msisdn, subscriber, self.commit.next) {
            self.commit.open.subscribers.push(msisdn);
            self.commit.open.touch(now, octets);
        }
    }

    pub(super) fn write_imsi(&mut self, imsi: Digits, msisdn: Option<Digits>, now: Timestamp) {
        match msisdn {
            Some(msisdn) => {
                self.imsis.write(imsi, msisdn, self.commit.next);
            }
            None => self.imsis.gone(imsi, self.commit.next),
        }
        if !self.commit.open.imsis.contains(&imsi) {
            self.commit.open.imsis.push(imsi);
        }
        self.commit.open.touch(now, 32);
    }

    fn unknown_plan(&self, plan: &str) -> CommandError {
        let names = || self.catalogue.plans().map(|(_, plan)| &*plan.name);
        let near = names().map(|name| (distance(name, plan), name)).min();
        let letters = plan.chars().count();
        let nearest = near.filter(|(away, _)| away.saturating_mul(2) < letters).map(|(_, name)| name.into());
        CommandError::UnknownPlan {
            plan: plan.into(),
            nearest,
            known: names().take(KNOWN_PLANS).map(Box::from).collect(),
        }
    }
}

fn opened_as(new: &NewSubscriber) -> AccountId {
    new.account.unwrap_or(AccountId(0))
}

/// A new subscriber as it begins, its bundles full.
pub fn subscriber_of(new: &NewSubscriber, account: AccountId, plan: &Plan, now: Timestamp) -> Subscriber {
    Subscriber {
        msisdn: new.msisdn,
        imsi: new.imsi,
        account,
        plan: new.plan.clone(),
        brand: new.brand,
        owner: new.owner.clone(),
        owner_is_entity: new.owner_is_entity,
        standing: Standing::Active,
        language: new.language.clone(),
        barred: Vec::new(),
        overage: true,
        allowances: bundles_of(plan),
        emergency_calls: 0,
        since: now,
        revision: 0,
        life: Life::default(),
    }
}

/// A number takes another plan: bundles that the new plan has too stay as they are, those it has besides come full,
/// those it has not go once nothing of them is held.
fn change_plan(subscriber: &mut Subscriber, plan: &Plan) {
    let kept = |name: &str| plan.bundles.iter().any(|bundle| *bundle.id == *name);
    subscriber.allowances.retain(|allowance| kept(&allowance.bundle) || allowance.reserved > 0);
    for allowance in bundles_of(plan) {
        if !subscriber.allowances.iter().any(|there| there.bundle == allowance.bundle) {
            subscriber.allowances.push(allowance);
        }
    }
    subscriber.plan = plan.name.clone();
    // its periods begin with the day on which it is connected (`ACC-5`)
    subscriber.life.billing = None;
}

fn check_new(new: &NewSubscriber) -> Result<(), CommandError> {
    if let Some(owner) = &new.owner {
        check_owner(owner)?;
    }
    if let Some(language) = &new.language {
        check_language(language)?;
    }
    Ok(())
}

/// A number that is to share an account brings no money or limits of its own.
fn check_shared(
    new: &NewSubscriber,
    account: AccountId,
    mode: Settlement,
    plan: &Plan,
) -> Result<(), CommandError> {
    if new.mode.is_some_and(|own| own != mode) {
        return Err(CommandError::AccountMode { account, mode });
    }
    if !plan.modes.contains(&mode) {
        return Err(CommandError::ModeNotSold { plan: new.plan.clone(), mode });
    }
    let brings = [new.balance, new.credit_limit, new.overdraft].into_iter().any(|money| !money.is_zero());
    if brings { Err(CommandError::AccountShared(account)) } else { Ok(()) }
}

fn check_owner(owner: &str) -> Result<Box<str>, CommandError> {
    let fits = owner.len() == 12 && owner.bytes().all(|octet| octet.is_ascii_digit());
    if fits {
        Ok(owner.into())
    } else {
        Err(CommandError::Owner(owner.chars().take(32).collect::<String>().into()))
    }
}

fn check_language(language: &str) -> Result<Box<str>, CommandError> {
    if ["kk", "ru", "en"].contains(&language) {
        Ok(language.into())
    } else {
        Err(CommandError::Language(language.chars().take(32).collect::<String>().into()))
    }
}

fn check_texts(command: &Command) -> Result<(), CommandError> {
    let (reference, note) = match &command.what {
        Change::Topup { reference, note, .. } | Change::Refund { reference, note, .. } => {
            (reference.as_deref(), note.as_deref())
        }
        Change::Reverse { reference, note, .. } => (Some(&**reference), note.as_deref()),
        Change::Charge { bill, note, .. } => (Some(&*bill.reference), note.as_deref()),
        Change::Promise { note, .. }
        | Change::Bonus { note, .. }
        | Change::Adjust { note, .. }
        | Change::VoidVouchers { note, .. }
        | Change::Area { note, .. } => (None, note.as_deref()),
        Change::Life { what, .. } => match what {
            LifeChange::Settle { reference, note } => (reference.as_deref(), note.as_deref()),
            other => (None, other.note()),
        },
        Change::AddSubscriber(_)
        | Change::Import(_)
        | Change::Renumber { .. }
        | Change::SetSubscriber { .. }
        | Change::Publish(_)
        | Change::AddVouchers(_)
        | Change::ActivateVoucher { .. } => (None, None),
    };
    let taken_back = matches!(command.what, Change::Reverse { .. });
    if !taken_back && reference.is_some_and(|reference| reference.starts_with(KEPT)) {
        return Err(CommandError::ReferenceKept);
    }
    let texts = [
        ("operator", Some(&*command.operator), OPERATOR_MOST),
        ("reference", reference, REFERENCE_MOST),
        ("note", note, NOTE_MOST),
    ];
    match texts.into_iter().find(|(_, text, most)| text.is_some_and(|text| text.len() > *most)) {
        Some((field, _, most)) => Err(CommandError::TooLong { field, most }),
        None => Ok(()),
    }
}

/// How many letters must be changed, put in or taken out to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().take(64).enumerate() {
        let mut corner = at;
        let mut left = at + 1;
        for (place, target) in row.iter_mut().skip(1).zip(&other) {
            let cost = corner + usize::from(letter != *target);
            corner = *place;
            left = cost.min(left + 1).min(corner + 1);
            *place = left;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_changed_letters() {
        for (one, other, away) in [
            ("", "", 0),
            ("first", "first", 0),
            ("first", "frist", 2),
            ("first", "firs", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), away, "{one} {other}");
            assert_eq!(distance(other, one), away, "{other} {one}");
        }
    }
}
