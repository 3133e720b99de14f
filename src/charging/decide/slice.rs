//! How much is granted: the plan's slice, less where bundles and money buy less, marked as the last
//! where they buy no more after it (`RES-1`, `RES-2`).

use super::books::Books;
use super::count::{rated, scheme};
use crate::charging::answer::Denial;
use crate::charging::rating::lookup::{Price, Terms};
use crate::charging::rating::price;
use crate::charging::request::ClientTraits;
use crate::charging::session::Quota;
use crate::charging::units::{Money, Unit};

/// Octets at a time where the plan says nothing: 50 MiB.
const OCTETS: u64 = 50 << 20;
/// Seconds at a time where the plan says nothing.
const SECONDS: u64 = 60;

/// A slice that can be paid for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Slice {
    /// Units of it.
    pub(super) units: u64,
    /// How many of them bundles pay.
    pub(super) from_bundles: u64,
    /// Nothing more can be had after it.
    pub(super) last: bool,
}

/// Cuts a slice for a quota. Pieces and money are granted as asked or not at all.
pub(super) fn cut(
    books: &Books,
    quota: &Quota,
    terms: &Terms<'_>,
    wanted: Option<u64>,
    traits: ClientTraits,
) -> Result<Slice, Denial> {
    let exact = matches!(terms.unit, Unit::Pieces | Unit::Money);
    let mut units = when_low(books, terms, target(terms, wanted, traits)?);
    let mut at_limit = false;
    if let (Unit::Seconds, Some(longest)) = (terms.unit, terms.max_call_secs) {
        let remaining = longest.saturating_sub(quota.used);
        at_limit = units >= remaining;
        units = units.min(remaining);
    }
    if units == 0 {
        return Err(Denial::NoCredit);
    }
    let Some((in_bundles, in_all)) = obtainable(books, quota, terms) else {
        return Ok(Slice { units, from_bundles: 0, last: at_limit });
    };
    if in_all == 0 || (exact && in_all < units) {
        return Err(Denial::NoCredit);
    }
    let units = units.min(in_all);
    Ok(Slice { units, from_bundles: units.min(in_bundles), last: at_limit || units == in_all })
}

/// Whether exactly so many units can be paid for.
pub(super) fn covers(books: &Books, quota: &Quota, terms: &Terms<'_>, units: u64) -> Result<(), Denial> {
    match obtainable(books, quota, terms) {
        Some((_, in_all)) if in_all < units => Err(Denial::NoCredit),
        Some(_) | None => Ok(()),
    }
}

/// How much would be granted if nothing were short.
fn target(terms: &Terms<'_>, wanted: Option<u64>, traits: ClientTraits) -> Result<u64, Denial> {
    let planned = terms.shape.and_then(|shape| shape.grant);
    Ok(match terms.unit {
        Unit::Pieces => wanted.or(planned).unwrap_or(1),
        Unit::Money => wanted.or(planned).ok_or(Denial::NoRate)?,
        Unit::Octets | Unit::Seconds => {
            let usual = if terms.unit == Unit::Octets { OCTETS } else { SECONDS };
            let slice = planned.or(wanted).unwrap_or(usual);
            let slice = if traits.honour_requested { slice.min(wanted.unwrap_or(slice)) } else { slice };
            let most = traits.max_octets.filter(|&most| terms.unit == Unit::Octets && most > 0);
            most.map_or(slice, |most| slice.min(most))
        }
    })
}

/// A slice, smaller where money pays it and the plan calls the balance low (`RES-1`). What bundles pay of it stays.
fn when_low(books: &Books, terms: &Terms<'_>, slice: u64) -> u64 {
    let (Price::Rate(rate, _), Unit::Octets | Unit::Seconds, true) = (terms.price, terms.unit, terms.money)
    else {
        return slice;
    };
    let low = terms.low_balance.filter(|low| !rate.price.is_zero() && books.account.available() < low.below);
    let Some(low) = low else { return slice };
    let smaller = slice.checked_div(low.divisor).unwrap_or(slice).max(rate.step);
    slice.min(smaller.max(terms.bundle_units(&books.subscriber)))
}

/// Units that can be had from bundles, and from bundles and money together; none where there is no bound.
fn obtainable(books: &Books, quota: &Quota, terms: &Terms<'_>) -> Option<(u64, u64)> {
    let in_bundles = match terms.price {
        Price::Free => return None,
        Price::Rate(..) | Price::None(_) => terms.bundle_units(&books.subscriber),
    };
    let by_money = match terms.price {
        Price::Rate(rate, key) if terms.money => {
            let (units, charged) =
                rated(quota, key).map_or((0, Money::ZERO), |line| (line.units, line.charged));
            let budget = charged.checked_add(room(books, rate.price)).unwrap_or(Money::MAX);
            price::affordable(scheme(quota, rate, key), budget).saturating_sub(units)
        }
        Price::Rate(..) | Price::Free | Price::None(_) => 0,
    };
    Some((in_bundles, in_bundles.saturating_add(by_money)))
}

/// The money that may be spent at a price. What is owed beyond the floor comes first: it also takes back what is
/// left of a step that was paid.
pub(super) fn room(books: &Books, price: Money) -> Money {
    let available = books.account.available();
    let debt = available.is_negative() && !price.is_zero();
    if debt { available } else { books.account.spendable() }
}
