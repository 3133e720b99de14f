//! Reserving a slice, and the grant that tells the client of it (`RES-1`): bundle units and money are
//! held until they are reported, given back, or expire.

use super::books::Books;
use super::case::Case;
use super::change::{self, Ahead, Fit, Validity};
use super::limit::{self, limit, limitation};
use super::line::{Line, quota_of};
use super::settle::free_quota;
use super::slice::{Aim, Slice, cut};
use super::{pace, trigger};
use crate::charging::account::{Account, Bonus};
use crate::charging::answer::{Denial, Grant, GrantExtra, TariffChange};
use crate::charging::catalogue::BonusOrder;
use crate::charging::rating::lookup::Terms;
use crate::charging::request::TariffChangeForm;
use crate::charging::session::{HeldAllowance, HeldBonus, Quota, Reservation, Session};
use crate::charging::units::{Amount, Money, Unit};
use crate::time::Timestamp;
use core::time::Duration;

/// Grants a line its quota, or limits its service where nothing can be had, or says in it why not. What was held for
/// the quota has been given back.
pub(super) fn line(case: Case<'_>, books: &mut Books, session: &mut Session, line: &mut Line<'_>) {
    if !line.asked || line.denial.is_some() {
        return limit::report(case, books, session, line);
    }
    let radio = line.radio.or(session.place.radio);
    let Some(quota) = quota_of(session, line.key, case.policy.max_groups) else {
        return line.refuse(Denial::TooManyGroups);
    };
    (quota.limited, quota.refused) = (false, false);
    match grant(case, books, quota, line, radio) {
        Ok((grant, bounded)) => (line.grant, line.bounded) = (Some(grant), bounded.is_some()),
        Err(denial) => match limitation(&line.terms, quota.used, case.request.traits) {
            Some(limitation) if denial == Denial::NoCredit => {
                line.limit = Some(Box::new(limit(case, quota, limitation)));
            }
            Some(_) | None => {
                quota.refused = denial == Denial::NoCredit;
                line.refuse(denial);
            }
        },
    }
}

/// Reserves for every recipient, all or none.
fn grant(
    case: Case<'_>,
    books: &mut Books,
    quota: &mut Quota,
    line: &Line<'_>,
    radio: Option<u8>,
) -> Result<(Grant, Option<Validity>), Denial> {
    let traits = case.request.traits;
    let aim = Aim { wanted: line.wanted, traits, radio, policy: case.policy.slices };
    if quota.lapsed {
        trigger::forget(quota);
    }
    let shape = line.terms.shape;
    let longest = traits.max_validity_secs.unwrap_or(u32::MAX);
    let planned = shape.map_or(1, |shape| shape.validity_secs).min(longest);
    let ahead = change::ahead(case, &books.subscriber, line, planned);
    let mut held = Held::default();
    for (leg, terms) in line.all_terms().enumerate() {
        let over = ahead.as_ref().map(|ahead| (ahead, ahead.form(case, line)));
        if let Err(denial) = leg_of(case, books, quota, (terms, leg, aim), over, &mut held) {
            free_quota(books, quota);
            return Err(denial);
        }
    }
    let Held { last, bounded, after } = held;
    let planned = match (&ahead, bounded) {
        (Some(ahead), Some(how)) => ahead.validity(case, planned, how),
        (Some(_) | None, _) => planned,
    };
    let reservation = quota.reservation.as_mut().ok_or(Denial::NoCredit)?;
    let planned = change::to_the_renewal(case, &books.subscriber, planned);
    let end = books.subscriber.life.ends.into_iter().chain(bonus_ends(&books.account, reservation)).min();
    let validity = validity(planned, reservation, end, case.now);
    let ends = case.now.plus(Duration::from_secs(validity.into()));
    let change = ahead.filter(|ahead| bounded == Some(Validity::OverIt) && ahead.at < ends);
    let change = change.map(|ahead| TariffChange { at: ahead.at, after });
    reservation.expires = case.policy.expiry(case.now, validity);
    reservation.final_unit = last;
    reservation.change = change.map(|change| (change.at, change.after));
    quota.lapsed = false;
    quota.since = Some(case.request.at).max(quota.since);
    let amount = reservation.granted;
    let threshold =
        shape.and_then(|shape| shape.threshold_percent).map(|percent| part(amount.count, percent));
    let mut grant = Grant {
        amount,
        validity_secs: Some(validity),
        threshold: threshold.filter(|&left| !last && left > 0 && left < amount.count),
        holding_secs: shape.and_then(|shape| shape.holding_secs).filter(|_| traits.holding_time),
        final_unit: last
            .then(|| limit::final_unit(&line.terms, quota.used.saturating_add(amount.count), traits)),
        extra: change.map(|change| Box::new(GrantExtra { change: Some(change), ..GrantExtra::default() })),
    };
    let consumption = shape.and_then(|shape| shape.consumption_secs);
    if let Some(secs) = consumption.filter(|_| traits.holding_time && amount.unit == Unit::Seconds) {
        grant.extra.get_or_insert_default().consumption_secs = Some(secs);
    }
    trigger::arm(case, shape, quota, &mut grant);
    if !line.reported {
        pace::resume(quota, case.now);
    }
    Ok((grant, bounded))
}

/// What is held for the legs so far.
#[derive(Clone, Copy, Default)]
struct Held {
    /// Nothing more can be had after it.
    last: bool,
    /// How a change of the price bounds the validity.
    bounded: Option<Validity>,
    /// What is granted apart for after the change.
    after: Option<u64>,
}

/// Reserves for one leg, by the price of now, and by that of after a change where it may be used then.
fn leg_of(
    case: Case<'_>,
    books: &mut Books,
    quota: &mut Quota,
    (terms, leg, aim): (&Terms<'_>, usize, Aim),
    over: Option<(&Ahead<'_>, TariffChangeForm)>,
    held: &mut Held,
) -> Result<(), Denial> {
    let slice = cut(books, quota, terms, aim)?;
    let Some((ahead, form)) = over else {
        held.last |= slice.last;
        return hold(case, books, quota, (terms, None), slice);
    };
    let fit = ahead.fit(case, (books, quota), (terms, leg), slice, form);
    let told = if form == TariffChangeForm::None { Validity::SoonAfter } else { Validity::OverIt };
    let (slice, after, how) = match fit {
        Fit::Unmoved(slice) => (slice, None, None),
        Fit::Ends(slice) => (slice, None, Some(Validity::SoonAfter)),
        Fit::Over(slice) => (slice, ahead.after(leg), Some(told)),
        Fit::Short(slice) | Fit::Before(slice) => (slice, None, Some(Validity::ToTheChange)),
    };
    held.last |= slice.last;
    hold(case, books, quota, (terms, after), slice)?;
    // of two recipients the one whose money reaches least far bounds the grant
    held.bounded = match (held.bounded, how) {
        (Some(Validity::ToTheChange), _) => held.bounded,
        (before, how) => how.or(before),
    };
    if let (Fit::Before(_), Some(after)) = (fit, ahead.after(leg))
        && !slice.last
        && let Ok(later) = cut(books, quota, after, aim)
    {
        hold(case, books, quota, (after, None), later)?;
        (held.bounded, held.after) = (Some(told), Some(later.units));
    }
    Ok(())
}

/// Holds a slice on the quota, beside what is held for recipients before; with terms of after a change of the
/// price so that it can be used on either side of it.
fn hold(
    case: Case<'_>,
    books: &mut Books,
    quota: &mut Quota,
    (terms, after): (&Terms<'_>, Option<&Terms<'_>>),
    slice: Slice,
) -> Result<(), Denial> {
    let by_money = slice.units.saturating_sub(slice.from_bundles);
    let price = change::money(quota, terms, after, by_money)?;
    let bonus = match terms.bonus {
        BonusOrder::First => price,
        BonusOrder::Last => price.checked_sub(price.min(books.spendable())).ok_or(Denial::Overflow)?,
        BonusOrder::Never => Money::ZERO,
    };
    let bonus = books.account.hold_bonus(bonus, terms.service, case.now);
    let add = |left: Option<Money>, held: &HeldBonus| left?.checked_sub(held.money);
    let money = bonus.iter().fold(Some(price), add).ok_or(Denial::Overflow)?;
    let reserved = books.account.reserved.checked_add(money).ok_or(Denial::Overflow)?;
    let reservation = quota.reservation.get_or_insert_with(|| Reservation {
        granted: Amount::new(terms.unit, slice.units),
        money: Money::ZERO,
        bonus: Vec::new(),
        allowances: Vec::new(),
        expires: case.now,
        final_unit: false,
        change: None,
        pool: None,
    });
    reservation.money = reservation.money.checked_add(money).ok_or(Denial::Overflow)?;
    books.account.reserved = reserved;
    books.changes.account |= !price.is_zero();
    reservation.bonus.extend(bonus);
    let mut wanted = slice.from_bundles;
    for source in &terms.bundles {
        let Some(allowance) = books.subscriber.allowances.get_mut(source.allowance) else { continue };
        let units = allowance.free().min(wanted);
        if units == 0 {
            continue;
        }
        wanted = wanted.saturating_sub(units);
        allowance.reserved = allowance.reserved.saturating_add(units);
        books.changes.subscriber = true;
        let (bundle, expires) = (allowance.bundle.clone(), allowance.expires);
        reservation.allowances.push(HeldAllowance { bundle, expires, units });
    }
    Ok(())
}

/// When bonus money that is held ends.
fn bonus_ends(account: &Account, reservation: &Reservation) -> Option<Timestamp> {
    let held = |bonus: &&Bonus| reservation.bonus.iter().any(|held| held.id == bonus.id);
    account.bonuses.iter().filter(held).filter_map(|bonus| bonus.expires).min()
}

/// The validity in whole seconds, cut at the first end of a bundle or bonus that is held and at the end of the
/// contract; at least one.
fn validity(planned: u32, reservation: &Reservation, end: Option<Timestamp>, now: Timestamp) -> u32 {
    let ends = reservation.allowances.iter().filter_map(|held| held.expires).chain(end);
    let left = ends.min().map_or(u64::MAX, |end| end.since(now).as_secs());
    u32::try_from(left).unwrap_or(u32::MAX).min(planned).max(1)
}

/// So many per cent of a count, rounded down.
fn part(count: u64, percent: u8) -> u64 {
    let scaled = u128::from(count).saturating_mul(u128::from(percent)) / 100;
    u64::try_from(scaled).unwrap_or(u64::MAX)
}
