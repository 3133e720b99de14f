//! Settling what was used: bundles that were held for it, then bundles that nobody holds, then money
//! (`RES-2`, `ACC-3`). Use above the grant is charged in full and marked.

use core::time::Duration;

use super::basis::{self, Shares};
use super::books::Books;
use super::case::Case;
use super::count::{rated, scheme};
use super::line::{Line, empty_quota, quota_of};
use super::pool;
use super::stretch::{Past, Stretch, stretches};
use crate::charging::account::{Account, Allowance};
use crate::charging::answer::Denial;
use crate::charging::books::bonus::{spend, within_reach};
use crate::charging::books::operations::Act;
use crate::charging::books::reservation::release;
use crate::charging::catalogue::BonusOrder;
use crate::charging::cdr::{BundleUse, UseLine, Used};
use crate::charging::ledger::{ChargedUse, EntryKind};
use crate::charging::rating::lookup::{Price, Query, Terms, terms};
use crate::charging::rating::price;
use crate::charging::session::{Quota, Rated, Reservation, Session, SessionState};
use crate::charging::snapshot::Notes;
use crate::charging::units::{Amount, Money};

/// Use that is told so long after it was used is late (`ACC-16`).
const LATE: Duration = Duration::from_hours(1);

/// How use comes to be settled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Report {
    /// While its session and reservation last; what is above the grant is marked, or above the money that is held
    /// for its pool where it is part of one.
    InTime(Option<Money>),
    /// After either has ended.
    Late,
    /// As a one-time event, which has no grant before it.
    Event,
}

impl Report {
    /// The same after so much was charged.
    fn less(self, charged: Option<Money>) -> Self {
        match self {
            Self::InTime(pooled) => {
                Self::InTime(pooled.zip(charged).and_then(|(pooled, charged)| pooled.checked_sub(charged)))
            }
            Self::Late | Self::Event => self,
        }
    }
}

/// Settles a line's use on the session's quota. What cannot be counted is refused and changes nothing.
pub(super) fn line(case: Case<'_>, books: &mut Books, session: &mut Session, line: &mut Line<'_>) {
    if line.used == 0 || line.is_countless() {
        return;
    }
    let ended = session.state != SessionState::Open;
    let (place, heard) = (session.place, session.touched);
    let pooled = pool::money(session, line.key);
    let before = books.account.both();
    // Where there is no room for another quota, its use is charged by itself.
    let mut alone = None;
    let known = quota_of(session, line.key, case.policy.max_groups);
    let quota = known.unwrap_or_else(|| alone.insert(empty_quota(line.key)));
    let how = if ended || quota.lapsed { Report::Late } else { Report::InTime(pooled) };
    let past = Past { since: quota.since.unwrap_or(heard), place };
    match quota_use(case, books, quota, line, (past, how)) {
        Ok(()) => {
            let charged = before.checked_sub(books.account.both()).unwrap_or(Money::ZERO);
            pool::draw(books, session, line.key, charged);
        }
        Err(denial) => line.refuse(denial),
    }
}

/// Settles a line's use on one quota, for every recipient, each stretch of it by the price of its time. All or
/// nothing.
fn quota_use(
    case: Case<'_>,
    books: &mut Books,
    quota: &mut Quota,
    line: &Line<'_>,
    (past, how): (Past, Report),
) -> Result<(), Denial> {
    let used_after = quota.used.checked_add(line.used).ok_or(Denial::Overflow)?;
    let of_leg = |(place, leg)| {
        let found = stretches(case, &books.subscriber, quota, line, (leg, past));
        found.into_iter().map(move |stretch| (place, leg, stretch))
    };
    let all: Vec<_> = line.legs().enumerate().flat_map(of_leg).collect();
    let before = (all.len() > 1).then(|| (Mark::of(books), quota.clone()));
    let granted = quota.reservation.as_ref().map_or(0, |held| {
        held.granted.count.saturating_add(held.change.and_then(|(_, after)| after).unwrap_or(0))
    });
    let start = books.account.both();
    let (mut left, mut current) = (granted, 0);
    for (place, leg, stretch) in all {
        if place != current {
            (left, current) = (granted, place);
        }
        let query = line.query(case, leg, past.place, stretch.at);
        let terms = terms(case.catalogue, &books.subscriber, Query { until: stretch.until, ..query });
        let now = how.less(start.checked_sub(books.account.both()));
        let uses = books.uses.len();
        let charged = charge(case, books, quota, &terms, (stretch, left), now);
        for used in books.uses.iter_mut().skip(uses) {
            (used.span, used.place) = ((past.since.min(stretch.until), stretch.until), past.place);
        }
        if let Err(denial) = charged {
            if let Some((mark, before)) = before {
                mark.restore(books);
                *quota = before;
            }
            return Err(denial);
        }
        left = left.saturating_sub(stretch.units);
    }
    quota.used = used_after;
    Ok(())
}

/// The books as they were.
struct Mark {
    account: Account,
    allowances: Vec<Allowance>,
    entries: usize,
    uses: usize,
    changes: (bool, bool),
    notes: Notes,
}

impl Mark {
    fn of(books: &Books) -> Self {
        Self {
            account: books.account.clone(),
            allowances: books.subscriber.allowances.clone(),
            entries: books.changes.ledger.len(),
            uses: books.uses.len(),
            changes: (books.changes.account, books.changes.subscriber),
            notes: books.notes,
        }
    }

    fn restore(self, books: &mut Books) {
        books.account = self.account;
        books.subscriber.allowances = self.allowances;
        books.changes.ledger.truncate(self.entries);
        books.uses.truncate(self.uses);
        (books.changes.account, books.changes.subscriber) = self.changes;
        books.notes = self.notes;
    }
}

/// Settles units of an event on one leg. Checks all, then writes all.
pub(super) fn units(
    case: Case<'_>,
    books: &mut Books,
    quota: &mut Quota,
    terms: &Terms<'_>,
    used: u64,
    how: Report,
) -> Result<(), Denial> {
    let (at, until) = (case.request.at, case.request.at);
    charge(case, books, quota, terms, (Stretch { units: used, at, until }, 0), how)
}

/// Settles what was used at one price on one leg, where so much of the grant is left. Checks all, then writes all.
fn charge(
    case: Case<'_>,
    books: &mut Books,
    quota: &mut Quota,
    terms: &Terms<'_>,
    (Stretch { units: used, at, until }, left): (Stretch, u64),
    how: Report,
) -> Result<(), Denial> {
    let held = quota.reservation.as_ref().map_or(0, held_units);
    let from_held = used.min(held);
    let from_free = used.saturating_sub(from_held).min(terms.bundle_units(&books.subscriber));
    let from_bundles = from_held.saturating_add(from_free);
    let by_money = used.saturating_sub(from_bundles);
    let above_grant = match how {
        Report::InTime(pooled) => above(quota, terms, (pooled, left), (used, by_money)),
        Report::Late | Report::Event => 0,
    };

    let charge = match terms.price {
        Price::Rate(rate, key) if by_money > 0 => {
            let (units, before) =
                rated(quota, key).map_or((0, Money::ZERO), |line| (line.units, line.charged));
            let units = units.checked_add(by_money).ok_or(Denial::Overflow)?;
            let after = price::charged(scheme(quota, rate, key), units).ok_or(Denial::Overflow)?.max(before);
            let charge = after.checked_sub(before).ok_or(Denial::Overflow)?;
            Some((Rated { rate: key, units, charged: after }, charge))
        }
        Price::Rate(..) | Price::Free | Price::None(_) => None,
    };
    let amount = charge.as_ref().map_or(Money::ZERO, |(_, charge)| *charge);
    let shares = Shares { held: from_held, free: from_free, money: by_money };
    let total = charge.as_ref().map(|(rated, _)| rated.charged);
    let usage = ChargedUse {
        basis: Some(basis::of(case, books, quota, terms, (shares, total, at))),
        msisdn: books.subscriber.msisdn,
        session: case.request.session.clone(),
        request_number: case.request.number,
        key: quota.key.clone(),
        used: Amount::new(terms.unit, used),
        from_bundles,
        plan: books.subscriber.plan.clone(),
        rate: match terms.price {
            Price::Rate(rate, _) => rate.name.clone(),
            Price::Free => "free".into(),
            Price::None(_) => "bundles".into(),
        },
        used_at: until,
        above_grant,
    };
    // what is told long after it was used is marked with when that was
    let late = how == Report::Late || case.now.since(case.request.at) >= LATE;
    let kind = if late { EntryKind::Late } else { EntryKind::Charge };
    let (main, bonus) = (books.account.main, books.account.bonus);
    let version = charge.as_ref().map_or(0, |(line, _)| line.rate.version);
    let record = case.policy.cdr.on.then(|| UseLine {
        plan: usage.plan.clone(),
        rate: usage.rate.clone(),
        version,
        unit: terms.unit,
        units: used,
        bundles: Vec::new(),
        main,
        bonus,
    });
    pay(case, books, quota.reservation.as_mut(), (terms, how), (amount, kind, usage))?;
    books.changes.account = true;
    books.notes.late |= late;
    books.notes.above_grant |= above_grant > 0;
    if let Some((line, _)) = charge {
        match quota.rated.iter_mut().find(|known| known.rate == line.rate) {
            Some(known) => *known = line,
            None => quota.rated.push(line),
        }
    }
    let mut paid = record.is_some().then(Vec::new);
    if from_bundles > 0 {
        take(books, quota.reservation.as_mut(), terms, (from_held, from_free), paid.as_mut());
    }
    if let Some(mut line) = record {
        let taken = |before: Money, after| before.checked_sub(after).unwrap_or(Money::ZERO);
        line.bundles = paid.unwrap_or_default();
        (line.main, line.bonus) =
            (taken(line.main, books.account.main), taken(line.bonus, books.account.bonus));
        let (key, span, place) = (quota.key.clone(), (until, until), case.place);
        books.uses.push(Used { key, span, place, late, above_grant, line });
    }
    Ok(())
}

/// Pays a charge with bonus money and main money, in the plan's order: all of it or nothing. Of two entries the first
/// says what was used.
fn pay(
    case: Case<'_>,
    books: &mut Books,
    reservation: Option<&mut Reservation>,
    (terms, how): (&Terms<'_>, Report),
    (amount, kind, usage): (Money, EntryKind, ChargedUse),
) -> Result<(), Denial> {
    let act = Act { at: case.now, ..Act::default() };
    let mut held = reservation.as_ref().map_or_else(Vec::new, |held| held.bonus.clone());
    let bonus = within_reach(&books.account, &held, terms.service, case.now).min(match terms.bonus {
        BonusOrder::First => amount,
        BonusOrder::Last => {
            let own = match how {
                Report::InTime(Some(pooled)) => pooled,
                Report::InTime(None) | Report::Late | Report::Event => {
                    reservation.as_ref().map_or(Money::ZERO, |held| held.money)
                }
            };
            let main = books.spendable_with(own);
            amount.checked_sub(main.min(amount)).ok_or(Denial::Overflow)?
        }
        BonusOrder::Never => Money::ZERO,
    });
    if !bonus.is_positive() {
        let amount = amount.checked_neg().ok_or(Denial::Overflow)?;
        let posted = books.account.post(amount, kind, act, Some(usage));
        books.changes.ledger.push(posted.ok_or(Denial::Overflow)?);
        return Ok(());
    }
    let mut account = books.account.clone();
    let again = again(&usage);
    let rest = amount.checked_sub(bonus).and_then(Money::checked_neg).ok_or(Denial::Overflow)?;
    let of_bonus = (bonus, terms.service);
    let mut entries = Vec::with_capacity(2);
    if terms.bonus == BonusOrder::Last && !rest.is_zero() {
        entries.push(account.post(rest, kind, act.clone(), Some(usage)));
        entries
            .push(spend(&mut account, &mut held, of_bonus, kind, act, Some(again)).map(|(_, entry)| entry));
    } else {
        let paid = spend(&mut account, &mut held, of_bonus, kind, act.clone(), Some(usage));
        entries.push(paid.map(|(_, entry)| entry));
        if !rest.is_zero() {
            entries.push(account.post(rest, kind, act, Some(again)));
        }
    }
    let entries = entries.into_iter().collect::<Option<Vec<_>>>().ok_or(Denial::Overflow)?;
    books.account = account;
    books.changes.ledger.extend(entries);
    if let Some(reservation) = reservation {
        reservation.bonus = held;
    }
    Ok(())
}

/// The same use in the entry of the other balance: its units are said once.
fn again(usage: &ChargedUse) -> ChargedUse {
    let used = Amount::new(usage.used.unit, 0);
    ChargedUse { used, from_bundles: 0, above_grant: 0, ..usage.clone() }
}

/// Units above what is left of the grant; of a quota in a pool, units above what the money of the pool buys.
fn above(
    quota: &Quota,
    terms: &Terms<'_>,
    (pooled, left): (Option<Money>, u64),
    (used, by_money): (u64, u64),
) -> u64 {
    if let (Some(pooled), Price::Rate(rate, key)) = (pooled, terms.price) {
        let (units, charged) = rated(quota, key).map_or((0, Money::ZERO), |line| (line.units, line.charged));
        let budget = charged.checked_add(pooled).unwrap_or(Money::MAX);
        return by_money
            .saturating_sub(price::affordable(scheme(quota, rate, key), budget).saturating_sub(units));
    }
    used.saturating_sub(left)
}

/// Gives back what is held for a quota.
pub(super) fn free_quota(books: &mut Books, quota: &mut Quota) {
    if let Some(reservation) = quota.reservation.take() {
        books.changes.account |= reservation.holds_money();
        books.changes.subscriber |= release(&mut books.account, &mut books.subscriber, &reservation);
    }
}

/// Gives back all that a session holds.
pub(super) fn free_all(books: &mut Books, session: &mut Session) {
    for quota in &mut session.quotas {
        free_quota(books, quota);
    }
}

fn held_units(reservation: &Reservation) -> u64 {
    reservation.allowances.iter().map(|held| held.units).fold(0, u64::saturating_add)
}

/// Takes units from bundles: those held first, then those that nobody holds. Says which, where that is asked.
fn take(
    books: &mut Books,
    reservation: Option<&mut Reservation>,
    terms: &Terms<'_>,
    (mut from_held, mut from_free): (u64, u64),
    mut paid: Option<&mut Vec<BundleUse>>,
) {
    let mut pays = |bundle: &str, units: u64| {
        let Some(paid) = paid.as_deref_mut().filter(|_| units > 0) else { return };
        match paid.iter_mut().find(|known| *known.bundle == *bundle) {
            Some(known) => known.units = known.units.saturating_add(units),
            None => paid.push(BundleUse { bundle: bundle.into(), units }),
        }
    };
    books.changes.subscriber = true;
    let allowances = &mut books.subscriber.allowances;
    for held in reservation.into_iter().flat_map(|reservation| &mut reservation.allowances) {
        let units = held.units.min(from_held);
        from_held = from_held.saturating_sub(units);
        held.units = held.units.saturating_sub(units);
        pays(&held.bundle, units);
        if let Some(allowance) = allowances.iter_mut().find(|allowance| allowance.is_of(held)) {
            allowance.left = allowance.left.saturating_sub(units);
            allowance.reserved = allowance.reserved.saturating_sub(units);
        }
    }
    for source in &terms.bundles {
        if let Some(allowance) = allowances.get_mut(source.allowance) {
            let units = allowance.free().min(from_free);
            from_free = from_free.saturating_sub(units);
            allowance.left = allowance.left.saturating_sub(units);
            pays(&allowance.bundle, units);
        }
    }
}
