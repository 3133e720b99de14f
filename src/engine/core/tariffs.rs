//! Versions of the tariffs (`RES-3`): which is in force when. A version that is published comes into force at once or at
//! its `valid_from`, by itself; use is rated by the version of its time, also after a restart: what was in force is kept
//! in the store until no late use can come of it any more.
//!
//! A version that would take a plan or a bundle from a subscriber is refused: all subscribers are looked at first, by
//! pages, where it lacks something that the versions before it have. Meanwhile nobody gets the plans that it lacks.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::charging::account::{AccountId, Subscriber};
use crate::charging::catalogue::Catalogue;
use crate::charging::units::{Digits, Money};
use crate::time::{Timestamp, Zone};

use super::command::{Command, CommandError, OperationKey};
use super::load::{Found, Load};
use super::publication::Publication;
use super::query::PAGE;
use super::reauth::{Demand, Reason, Who};
use super::sink::{Done, Fact, TariffRecord};
use super::waiting::Wait;
use super::{Core, sweep};

/// What a command came to, or what it must wait for.
type Attempt = Result<Result<Done, CommandError>, Wait>;

/// The most versions that are kept for later.
const LATER_MOST: usize = 64;

/// A version that is known, and when it comes or came into force.
#[derive(Clone, Debug)]
pub struct KnownTariff {
    /// When, and who said so.
    pub record: TariffRecord,
    /// What it says, without the versions before and after it.
    pub catalogue: Arc<Catalogue>,
    /// The store has its record.
    pub kept: bool,
}

/// The versions that are known, and what is under way with them.
#[derive(Debug, Default)]
pub(super) struct Tariffs {
    /// By when they come into force.
    known: Vec<KnownTariff>,
    /// To be entered when the store is open.
    upcoming: Vec<Publication>,
    check: Option<Check>,
    prune_after: Timestamp,
    /// The version of the files that the server was started with.
    files: Option<u64>,
}

/// A look at all subscribers, before a version is published that lacks something.
#[derive(Debug)]
struct Check {
    key: OperationKey,
    lacks: Lacks,
    after: Option<Digits>,
    done: bool,
    plans: BTreeMap<Box<str>, u64>,
    bundles: BTreeMap<(Box<str>, Box<str>), u64>,
}

/// Plans, and bundles of plans, that a version lacks.
#[derive(Debug, Default)]
struct Lacks {
    plans: BTreeSet<Box<str>>,
    bundles: BTreeSet<(Box<str>, Box<str>)>,
}

impl Lacks {
    /// What one version has and another has not.
    fn add(&mut self, has: &Catalogue, lacks: &Catalogue) {
        for (_, plan) in has.plans() {
            let Some(other) = lacks.plan_named(&plan.name).and_then(|place| lacks.plan(place)) else {
                self.plans.insert(plan.name.clone());
                continue;
            };
            for bundle in &plan.bundles {
                let same = |other: &&crate::charging::catalogue::Bundle| {
                    other.id == bundle.id && other.amount.unit == bundle.amount.unit
                };
                if !other.bundles.iter().any(|other| same(&other)) {
                    self.bundles.insert((plan.name.clone(), bundle.id.clone()));
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.plans.is_empty() && self.bundles.is_empty()
    }
}

impl Check {
    fn look_at(&mut self, subscriber: &Subscriber, now: Timestamp) {
        if subscriber.has_ended(now) {
            return;
        }
        if self.lacks.plans.contains(&subscriber.plan) {
            let count = self.plans.entry(subscriber.plan.clone()).or_default();
            *count = count.saturating_add(1);
            return;
        }
        for allowance in subscriber.allowances.iter().filter(|allowance| allowance.left > 0) {
            let key = (subscriber.plan.clone(), allowance.bundle.clone());
            if self.lacks.bundles.contains(&key) {
                let count = self.bundles.entry(key).or_default();
                *count = count.saturating_add(1);
            }
        }
    }

    fn outcome(&self) -> Result<(), CommandError> {
        if self.plans.is_empty() && self.bundles.is_empty() {
            return Ok(());
        }
        let plans = self.plans.iter().map(|(plan, count)| (plan.clone(), *count)).collect();
        let bundles = self.bundles.iter();
        let bundles = bundles.map(|((plan, id), count)| (plan.clone(), id.clone(), *count)).collect();
        Err(CommandError::TariffInUse { plans, bundles })
    }
}

impl Tariffs {
    /// When a version comes into force next.
    pub(super) fn due(&self, now: Timestamp) -> Option<Timestamp> {
        self.known.iter().map(|known| known.record.from).find(|&from| from > now)
    }

    /// Whether a version is about to be published that lacks the plan.
    pub(super) fn withdraws(&self, plan: &str) -> bool {
        self.check.as_ref().is_some_and(|check| check.lacks.plans.contains(plan))
    }

    /// What was under way is given up: the store stands still.
    pub(super) fn abandon(&mut self) {
        self.check = None;
    }

    /// What is known, by when it comes into force.
    pub(super) fn known(&self) -> &[KnownTariff] {
        &self.known
    }
}

impl Core {
    /// Versions that a store keeps, to be known before it is opened for all: [`Core::on_recovered`] looks at them.
    pub fn know_tariffs(&mut self, mut known: Vec<KnownTariff>) {
        known.sort_by_key(|known| known.record.from);
        self.tariffs.known = known;
    }

    /// Versions that come into force later, as the tariffs that the server was started with say.
    pub fn expect_tariffs(&mut self, upcoming: Vec<Publication>) {
        self.tariffs.upcoming = upcoming;
    }

    /// The versions that are known, by when they came or come into force.
    pub fn known_tariffs(&self) -> &[KnownTariff] {
        self.tariffs.known()
    }

    /// Decides which version is in force as the store is opened: that of the files, unless the store knows it as one
    /// that another came after, or that is to come.
    pub(super) fn recover_tariffs(&mut self, content: Arc<[u8]>, now: Timestamp) {
        let given = Arc::clone(&self.catalogue);
        self.tariffs.files = Some(given.version());
        let from = if self.tariffs.known.is_empty() { Timestamp::EPOCH } else { now };
        let files = Publication { catalogue: given, content, from: Some(from) };
        let upcoming = std::mem::take(&mut self.tariffs.upcoming);
        for publication in core::iter::once(files).chain(upcoming) {
            let version = publication.catalogue.version();
            if !self.tariffs.known.iter().any(|known| known.record.version == version) {
                let from = publication.from.unwrap_or(now);
                self.enter_tariff(publication, from, "files", now);
            }
        }
        // of a store from before versions were kept, the one that was in force is written as such
        for known in self.tariffs.known.iter_mut().filter(|known| !known.kept) {
            known.kept = true;
            self.commit.open.tariffs.push(known.record.clone());
        }
        self.put_in_force(now);
    }

    /// Enters a version; one that was to come into force at the same moment gives way.
    fn enter_tariff(&mut self, publication: Publication, from: Timestamp, operator: &str, now: Timestamp) {
        let Publication { catalogue, content, .. } = publication;
        let version = catalogue.version();
        let stored = self.stored_catalogue == Some(version)
            || self.tariffs.known.iter().any(|known| known.record.version == version);
        if !stored {
            self.commit.open.catalogues.push((version, content));
        }
        let record = TariffRecord { from, version, at: now, operator: operator.into() };
        self.commit.open.tariffs.retain(|other| other.from != from);
        self.commit.open.tariffs.push(record.clone());
        self.commit.open.touch(now, 64);
        self.tariffs.known.retain(|known| known.record.from != from);
        self.tariffs.known.push(KnownTariff { record, catalogue, kept: true });
        self.tariffs.known.sort_by_key(|known| known.record.from);
    }

    /// Puts the version of this time in force, between those before and those after it.
    pub(super) fn put_in_force(&mut self, now: Timestamp) {
        let mut current: Option<Catalogue> = None;
        let mut later = Vec::new();
        for KnownTariff { record, catalogue, .. } in &self.tariffs.known {
            let plain = Catalogue::clone(catalogue);
            match &current {
                Some(_) if record.from > now => later.push((record.from, plain)),
                Some(before) if before.version() == record.version => {}
                Some(before) => current = Some(plain.succeeding(before, record.from)),
                None => current = Some(plain),
            }
        }
        let Some(current) = current else { return };
        let version = current.version();
        if self.stored_catalogue != Some(version) {
            self.commit.open.facts.push(Fact::Catalogue(version));
            self.stored_catalogue = Some(version);
        }
        self.lifecycle.set_zone(Zone::named(current.timezone()).unwrap_or(Zone::UTC));
        self.catalogue = Arc::new(current.followed_by(later));
    }

    /// Other tariffs are in force from now on, whoever still uses what they lack: what was used before is rated by those
    /// before, and clients are asked to report and ask anew, at leisure. Their content is kept in the store, by its version.
    pub fn set_catalogue(&mut self, catalogue: Arc<Catalogue>, content: Arc<[u8]>) {
        if catalogue.version() == self.catalogue.version() {
            return;
        }
        let now = self.clock.latest();
        self.enter_tariff(Publication { catalogue, content, from: None }, now, "files", now);
        self.put_in_force(now);
        self.demand(Demand::reauthorise(Who::Everyone, Reason::Tariff), now);
    }

    /// Publishes a version, unless it takes something from a subscriber.
    pub(super) fn publish(
        &mut self,
        command: &Command,
        publication: &Publication,
        given: Option<&Found>,
        now: Timestamp,
    ) -> Attempt {
        let new = &publication.catalogue;
        let from = publication.from.filter(|&from| from > now).unwrap_or(now);
        let done = |changed| Done { msisdn: None, account: AccountId(0), balance: Money::ZERO, changed };
        if new.currency() != self.catalogue.currency() {
            let (is, was) = (new.currency(), self.catalogue.currency());
            return Ok(Err(CommandError::TariffCurrency {
                is: is.as_str().into(),
                was: was.as_str().into(),
            }));
        }
        let in_force = self.tariffs.known.iter().rev().find(|known| known.record.from <= from);
        if in_force.is_some_and(|known| known.record.version == new.version()) {
            self.tariffs.check.take_if(|check| check.key == command.key);
            return Ok(Ok(done(false)));
        }
        if from > now
            && self.tariffs.known.iter().filter(|known| known.record.from > now).count() >= LATER_MOST
        {
            return Ok(Err(CommandError::TariffsWaiting(LATER_MOST)));
        }
        match self.check_subscribers(command.key, new, from, given, now)? {
            Ok(()) => {}
            Err(why) => return Ok(Err(why)),
        }
        self.enter_tariff(publication.clone(), from, &command.operator, now);
        self.put_in_force(now);
        if from <= now {
            // of one that comes later each grant knows
            self.demand(Demand::reauthorise(Who::Everyone, Reason::Tariff), now);
        }
        Ok(Ok(done(true)))
    }

    /// Looks at all subscribers, where the version lacks something that those have that are in force until then.
    fn check_subscribers(
        &mut self,
        key: OperationKey,
        new: &Catalogue,
        from: Timestamp,
        given: Option<&Found>,
        now: Timestamp,
    ) -> Result<Result<(), CommandError>, Wait> {
        if self.tariffs.check.as_ref().is_some_and(|check| check.key != key) {
            return Ok(Err(CommandError::TariffBusy));
        }
        let Some(check) = &mut self.tariffs.check else {
            let mut lacks = Lacks::default();
            lacks.add(&self.catalogue, new);
            for known in self.tariffs.known.iter().filter(|known| known.record.from > now) {
                if known.record.from < from {
                    lacks.add(&known.catalogue, new);
                }
            }
            if lacks.is_empty() {
                return Ok(Ok(()));
            }
            let (plans, bundles) = (BTreeMap::new(), BTreeMap::new());
            self.tariffs.check = Some(Check { key, lacks, after: None, done: false, plans, bundles });
            // pages are read of what is durable: all that was decided before must be
            let horizon = self.commit.horizon();
            return if horizon > self.commit.durable {
                Err(Wait::Durable(horizon))
            } else {
                Err(Wait::Load(Load::Subscribers { after: None, limit: PAGE }))
            };
        };
        if let Some(Found::Subscribers(page)) = given {
            for (subscriber, _) in page {
                // what is in memory is newer than what was read
                let newer = self.subscribers.peek(subscriber.msisdn).and_then(|slot| slot.value.as_ref());
                check.look_at(newer.unwrap_or(subscriber), now);
            }
            check.after = page.last().map(|(subscriber, _)| subscriber.msisdn).or(check.after);
            check.done = page.len() < usize::from(PAGE);
        }
        if !check.done {
            return Err(Wait::Load(Load::Subscribers { after: check.after, limit: PAGE }));
        }
        let outcome = check.outcome();
        self.tariffs.check = None;
        Ok(outcome)
    }

    /// A command that published was given up.
    pub(super) fn give_up_check(&mut self, key: OperationKey) {
        self.tariffs.check.take_if(|check| check.key == key);
    }

    /// Puts the next version in force where its time has come, and forgets versions of which no late use can come.
    pub(super) fn run_tariffs(&mut self, now: Timestamp) {
        let due = self.tariffs.known.iter().rev().find(|known| known.record.from <= now);
        if due.is_some_and(|known| known.record.version != self.catalogue.version()) {
            self.put_in_force(now);
            self.commit.open.touch(now, 16);
        }
        if self.tariffs.prune_after > now {
            return;
        }
        self.tariffs.prune_after = now.plus(sweep::LATER);
        let before = now.minus(Duration::from_secs(self.limits.tariff_horizon_secs.into()));
        // a version is of use until its successor has been in force for the horizon
        let gone = self.tariffs.known.iter().skip(1).take_while(|next| next.record.from < before).count();
        // that of the files stays known: started with them again, a server must not take them for something new
        let files = self.tariffs.files;
        let of_files = |known: &KnownTariff| Some(known.record.version) == files;
        let old = self.tariffs.known.drain(..gone);
        let (stays, gone): (Vec<_>, Vec<_>) = old.partition(of_files);
        self.tariffs.known.splice(..0, stays);
        if gone.is_empty() {
            return;
        }
        for KnownTariff { record, .. } in gone {
            if !self.tariffs.known.iter().any(|known| known.record.version == record.version) {
                self.commit.open.catalogues_gone.push(record.version);
            }
            self.commit.open.tariffs_gone.push(record.from);
            self.commit.open.touch(now, 32);
        }
        self.put_in_force(now);
    }
}
