//! Reserving a slice, and the grant that tells the client of it (`RES-1`): bundle units and money are
//! held until they are reported, given back, or expire.

use super::books::Books;
use super::case::Case;
use super::limit::{self, limit, limitation};
use super::line::{Line, quota_of};
use super::settle::{free_quota, rated};
use super::slice::{Aim, Slice, cut};
use super::{pace, trigger};
use crate::charging::answer::{Denial, Grant};
use crate::charging::rating::lookup::{Price, Terms};
use crate::charging::rating::price;
use crate::charging::session::{HeldAllowance, Quota, Reservation, Session};
use crate::charging::units::{Amount, Money, Unit};
use crate::time::Timestamp;

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
        Ok(grant) => line.grant = Some(grant),
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
) -> Result<Grant, Denial> {
    let traits = case.request.traits;
    let aim = Aim { wanted: line.wanted, traits, radio, policy: case.policy.slices };
    if quota.lapsed {
        trigger::forget(quota);
    }
    let mut last = false;
    for terms in line.all_terms() {
        match cut(books, quota, terms, aim).and_then(|slice| {
            last |= slice.last;
            hold(case, books, quota, terms, slice)
        }) {
            Ok(()) => {}
            Err(denial) => {
                free_quota(books, quota);
                return Err(denial);
            }
        }
    }
    let shape = line.terms.shape;
    let reservation = quota.reservation.as_mut().ok_or(Denial::NoCredit)?;
    let validity = validity(shape.map_or(1, |shape| shape.validity_secs), reservation, case.now);
    reservation.expires = case.policy.expiry(case.now, validity);
    reservation.final_unit = last;
    quota.lapsed = false;
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
        extra: None,
    };
    let consumption = shape.and_then(|shape| shape.consumption_secs);
    if let Some(secs) = consumption.filter(|_| traits.holding_time && amount.unit == Unit::Seconds) {
        grant.extra.get_or_insert_default().consumption_secs = Some(secs);
    }
    trigger::arm(traits, shape, quota, &mut grant);
    if !line.reported {
        pace::resume(quota, case.now);
    }
    Ok(grant)
}

/// Holds a slice on the quota, beside what is held for recipients before.
fn hold(
    case: Case<'_>,
    books: &mut Books,
    quota: &mut Quota,
    terms: &Terms<'_>,
    slice: Slice,
) -> Result<(), Denial> {
    let by_money = slice.units.saturating_sub(slice.from_bundles);
    let money = match terms.price {
        Price::Rate(rate, key) if by_money > 0 => {
            let (units, charged) =
                rated(quota, key).map_or((0, Money::ZERO), |line| (line.units, line.charged));
            let units = units.checked_add(by_money).ok_or(Denial::Overflow)?;
            let price = price::held(rate, units).ok_or(Denial::Overflow)?;
            price.checked_sub(charged).ok_or(Denial::Overflow)?.max(Money::ZERO)
        }
        Price::Rate(..) | Price::Free | Price::None(_) => Money::ZERO,
    };
    let reserved = books.account.reserved.checked_add(money).ok_or(Denial::Overflow)?;
    let reservation = quota.reservation.get_or_insert_with(|| Reservation {
        granted: Amount::new(terms.unit, slice.units),
        money: Money::ZERO,
        allowances: Vec::new(),
        expires: case.now,
        final_unit: false,
        change: None,
        pool: None,
    });
    reservation.money = reservation.money.checked_add(money).ok_or(Denial::Overflow)?;
    books.account.reserved = reserved;
    books.changes.account |= !money.is_zero();
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

/// The validity in whole seconds, cut at the first end of a bundle that is held; at least one.
fn validity(planned: u32, reservation: &Reservation, now: Timestamp) -> u32 {
    let ends = reservation.allowances.iter().filter_map(|held| held.expires);
    let left = ends.min().map_or(u64::MAX, |end| end.since(now).as_secs());
    u32::try_from(left).unwrap_or(u32::MAX).min(planned).max(1)
}

/// So many per cent of a count, rounded down.
fn part(count: u64, percent: u8) -> u64 {
    let scaled = u128::from(count).saturating_mul(u128::from(percent)) / 100;
    u64::try_from(scaled).unwrap_or(u64::MAX)
}
