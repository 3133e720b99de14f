//! The periods of a number: its fee, once for each, and its bundles, renewed with the fee (`ACC-4`, `ACC-5`).
//!
//! In credit mode the fee is charged whatever the balance. In advance mode it is charged where the money suffices: main
//! balance and overdraft, less what is reserved. Else the bundles are not renewed, and the number goes on without the
//! fee until there is money; a period that nobody paid is over, unless the plan says that it is owed.

use super::operations::Act;
use crate::charging::account::billing::{Billing, FeeState};
use crate::charging::account::{Account, Allowance, Mode, Standing, Subscriber};
use crate::charging::calendar::Period;
use crate::charging::catalogue::{Fee, PaidLate, Plan};
use crate::charging::ledger::{EntryKind, LedgerEntry};
use crate::time::{Timestamp, Zone};

/// How references of fees begin: then come the number and the first day of the period.
pub const REFERENCE: &str = "fee:";

/// What a step made.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Renewed {
    /// Entries, in their order.
    pub entries: Vec<LedgerEntry>,
    /// The number changed.
    pub changed: bool,
    /// A fee was charged, or a period without one began: what may be had is another.
    pub turned: bool,
    /// How many periods began without their fee.
    pub unpaid: u32,
}

/// A number whose plan has a fee, at some moment.
#[derive(Clone, Copy, Debug)]
pub struct Tenancy<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its fee.
    pub fee: &'a Fee,
    /// The operator's zone.
    pub zone: &'a Zone,
    /// When it is done.
    pub now: Timestamp,
}

/// When the number's period ends, where it has one and its contract goes on.
pub fn next(subscriber: &Subscriber) -> Option<Timestamp> {
    let ended = |at: Timestamp| subscriber.standing == Standing::Ended || subscriber.has_ended(at);
    subscriber.life.billing.map(|billing| billing.period.to).filter(|to| !ended(*to))
}

impl Tenancy<'_> {
    /// The plan is connected: its first period begins. Bundles that were there go, save what is held of them.
    pub fn connect(&self, subscriber: &mut Subscriber, account: &mut Account, done: &mut Renewed) {
        let period = Period::first(self.now, self.fee.every, self.zone);
        let fee = FeeState::Unpaid;
        subscriber.life.billing = Some(Billing { period, fee, unpaid_before: false, owed: 0, charged: 0 });
        subscriber.allowances.retain(|allowance| allowance.reserved > 0);
        for allowance in &mut subscriber.allowances {
            // what is held of it may be used, and no more of it is given
            allowance.left = allowance.reserved;
        }
        self.begun(subscriber, account, false, done);
    }

    /// The running period is over: the next one begins.
    pub fn advance(&self, subscriber: &mut Subscriber, account: &mut Account, done: &mut Renewed) {
        let Some(billing) = &mut subscriber.life.billing else { return };
        billing.unpaid_before = billing.is_unpaid();
        if billing.unpaid_before && self.fee.arrears {
            billing.owed = billing.owed.saturating_add(1);
        }
        billing.period = billing.period.next(self.fee.every, self.zone);
        billing.fee = FeeState::Unpaid;
        let carried = !billing.unpaid_before;
        self.begun(subscriber, account, carried, done);
    }

    fn begun(&self, subscriber: &mut Subscriber, account: &mut Account, carried: bool, done: &mut Renewed) {
        done.changed = true;
        done.turned = true;
        if !self.pay(subscriber, account, carried, done) {
            done.unpaid = done.unpaid.saturating_add(1);
            let from = subscriber.life.billing.map_or(self.now, |billing| billing.period.from);
            subscriber.allowances.retain(|one| one.reserved > 0 || one.expires.is_none_or(|end| end > from));
        }
    }

    /// Pays what is not paid, as far as the money goes: first what is owed, then the running period. True where that is
    /// paid then.
    pub fn pay(
        &self,
        subscriber: &mut Subscriber,
        account: &mut Account,
        carried: bool,
        done: &mut Renewed,
    ) -> bool {
        let Some(mut billing) = subscriber.life.billing.filter(Billing::is_unpaid) else { return true };
        if account.mode == Mode::Credit {
            billing.owed = 0;
        }
        while billing.owed > 0 {
            let what = format!("{}-arrears-{}", self.zone.date(billing.period.from), billing.owed);
            let Some(entry) = self.charge(subscriber, account, &what) else { break };
            done.entries.push(entry);
            billing.owed = billing.owed.saturating_sub(1);
            billing.charged = billing.charged.saturating_add(1);
            done.changed = true;
        }
        let late = done.now_is_late(&billing, self.now);
        if billing.owed == 0 && late && self.fee.late == PaidLate::Restart {
            let period = Period::first(self.now, self.fee.every, self.zone);
            if let Some(entry) = self.charge_for(subscriber, account, &period) {
                billing.period = period;
                billing.unpaid_before = true;
                self.paid(subscriber, billing, self.now, carried, done, entry);
                return true;
            }
        } else if billing.owed == 0
            && let Some(entry) = self.charge_for(subscriber, account, &billing.period)
        {
            let since = if late { self.now } else { billing.period.from };
            self.paid(subscriber, billing, since, carried, done, entry);
            return true;
        }
        subscriber.life.billing = Some(billing);
        false
    }

    fn paid(
        &self,
        subscriber: &mut Subscriber,
        mut billing: Billing,
        since: Timestamp,
        carried: bool,
        done: &mut Renewed,
        entry: Vec<LedgerEntry>,
    ) {
        done.entries.extend(entry);
        done.changed = true;
        done.turned = true;
        billing.fee = FeeState::Paid(since);
        billing.charged = billing.charged.saturating_add(1);
        subscriber.life.billing = Some(billing);
        self.renew(subscriber, &billing.period, carried);
    }

    /// The fee of a period: nothing where the money does not suffice; no entry where it costs nothing.
    fn charge_for(
        &self,
        subscriber: &Subscriber,
        account: &mut Account,
        period: &Period,
    ) -> Option<Vec<LedgerEntry>> {
        if self.fee.amount.is_zero() {
            return Some(Vec::new());
        }
        let (from, to) = (self.zone.date(period.from), self.zone.date(period.to));
        self.charge(subscriber, account, &format!("{from}/{to}")).map(|entry| vec![entry])
    }

    fn charge(&self, subscriber: &Subscriber, account: &mut Account, what: &str) -> Option<LedgerEntry> {
        let fee = self.fee.amount;
        if account.mode == Mode::Advance && account.available() < fee {
            return None;
        }
        let first = what.split('/').next().unwrap_or(what);
        let reference = format!("{REFERENCE}{}:{first}", subscriber.msisdn);
        let note = format!("{} {what}", subscriber.plan);
        let act =
            Act { at: self.now, reference: Some(reference.into()), operator: None, note: Some(note.into()) };
        let entry = account.post(fee.checked_neg()?, EntryKind::Fee, act, None)?;
        account.count_change();
        Some(entry)
    }

    /// Full bundles until the end of the period, with what is carried of those before.
    fn renew(&self, subscriber: &mut Subscriber, period: &Period, carried: bool) {
        let before = core::mem::take(&mut subscriber.allowances);
        for bundle in &self.plan.bundles {
            subscriber.life.told.forget(&bundle.id);
            let of_it = |one: &&Allowance| one.bundle == bundle.id && one.unit == bundle.amount.unit;
            let left = before.iter().filter(of_it).map(Allowance::free).fold(0, u64::saturating_add);
            let most = if carried { self.fee.carries(&bundle.id) } else { 0 };
            subscriber.allowances.push(Allowance {
                bundle: bundle.id.clone(),
                unit: bundle.amount.unit,
                left: bundle.amount.count.saturating_add(left.min(most)),
                reserved: 0,
                expires: Some(period.to),
            });
        }
        // what a client was granted before it may use up
        let held = before.into_iter().filter(|one| one.reserved > 0 && one.expires != Some(period.to));
        subscriber.allowances.extend(held.map(|one| Allowance { left: one.reserved, ..one }));
    }

    /// What ended and is held by nobody any more goes; of a bundle that is carried it comes to what is there now.
    pub fn tidy(&self, subscriber: &mut Subscriber) -> bool {
        let over = |one: &Allowance| one.reserved == 0 && one.expires.is_some_and(|end| end <= self.now);
        if !subscriber.allowances.iter().any(over) {
            return false;
        }
        let gone: Vec<Allowance> = subscriber.allowances.extract_if(.., |one| over(one)).collect();
        let carried = subscriber.life.billing.is_some_and(|billing| !billing.unpaid_before);
        for old in gone.into_iter().filter(|old| carried && old.left > 0) {
            let bundle = self.plan.bundles.iter().find(|bundle| bundle.id == old.bundle);
            let Some(bundle) = bundle else { continue };
            let most = bundle.amount.count.saturating_add(self.fee.carries(&old.bundle));
            let now = subscriber
                .allowances
                .iter_mut()
                .find(|one| one.bundle == old.bundle && one.expires.is_some_and(|end| end > self.now));
            if let Some(now) = now.filter(|now| now.left < most) {
                now.left = now.left.saturating_add(old.left).min(most);
            }
        }
        true
    }
}

impl Renewed {
    /// Whether the running period is paid after it has begun, and not with its beginning.
    fn now_is_late(&self, billing: &Billing, now: Timestamp) -> bool {
        !self.turned && now > billing.period.from
    }
}
