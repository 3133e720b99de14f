//! How much is granted: the plan's slice, fitted to how fast it is used, less where bundles and money buy less or
//! others need some of them, marked as the last where they buy no more after it (`RES-1`, `RES-2`).

use super::books::Books;
use super::count::{rated, scheme};
use super::pace;
use crate::charging::answer::Denial;
use crate::charging::catalogue::BonusOrder;
use crate::charging::policy::SlicePolicy;
use crate::charging::rating::lookup::{Price, Terms};
use crate::charging::rating::price;
use crate::charging::request::ClientTraits;
use crate::charging::session::Quota;
use crate::charging::units::{Money, Unit};

/// Octets at a time where the plan says nothing: 50 MiB.
const OCTETS: u64 = 50 << 20;
/// Seconds at a time where the plan says nothing.
const SECONDS: u64 = 60;

/// Grants to a client that does not come back when it is asked to grow until they last so many seconds, and no longer:
/// what it holds is what a block or another tariff comes too late for.
const DEAF_SECS: u32 = 5;

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

/// What a slice is to fit, beside the tariff and the books.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aim {
    /// How much is asked for, where a number is said.
    pub(super) wanted: Option<u64>,
    /// What the client can take.
    pub(super) traits: ClientTraits,
    /// Over which radio access it is used (3GPP-RAT-Type).
    pub(super) radio: Option<u8>,
    /// How slices follow the use.
    pub(super) policy: SlicePolicy,
}

/// Cuts a slice for a quota. Pieces and money are granted as asked or not at all.
pub(super) fn cut(books: &Books, quota: &Quota, terms: &Terms<'_>, aim: Aim) -> Result<Slice, Denial> {
    let exact = matches!(terms.unit, Unit::Pieces | Unit::Money);
    let units = target(terms, quota, aim)?;
    let longest = terms.max_call_secs.filter(|_| terms.unit == Unit::Seconds);
    let remaining = longest.map(|longest| longest.saturating_sub(quota.used));
    let units = remaining.map_or(units, |remaining| units.min(remaining));
    if units == 0 {
        return Err(Denial::NoCredit);
    }
    let Some((in_bundles, in_all)) = obtainable(books, quota, terms) else {
        return Ok(Slice { units, from_bundles: 0, last: Some(units) == remaining });
    };
    if in_all == 0 || (exact && in_all < units) {
        return Err(Denial::NoCredit);
    }
    let units = if exact { units } else { pace::share(books, quota, terms, units, (in_bundles, in_all)) };
    let last = units == in_all || Some(units) == remaining;
    Ok(Slice { units, from_bundles: units.min(in_bundles), last })
}

/// Whether exactly so many units can be paid for.
pub(super) fn covers(books: &Books, quota: &Quota, terms: &Terms<'_>, units: u64) -> Result<(), Denial> {
    match obtainable(books, quota, terms) {
        Some((_, in_all)) if in_all < units => Err(Denial::NoCredit),
        Some(_) | None => Ok(()),
    }
}

/// How much would be granted if nothing were short.
fn target(terms: &Terms<'_>, quota: &Quota, aim: Aim) -> Result<u64, Denial> {
    let Aim { wanted, traits, radio, policy } = aim;
    let planned = terms.shape.and_then(|shape| shape.grant_over(radio));
    Ok(match terms.unit {
        Unit::Pieces => wanted.or(planned).unwrap_or(1),
        Unit::Money => wanted.or(planned).ok_or(Denial::NoRate)?,
        Unit::Octets | Unit::Seconds => {
            let usual = if terms.unit == Unit::Octets { OCTETS } else { SECONDS };
            let slice = planned.or(wanted).unwrap_or(usual);
            let fits = terms.unit == Unit::Octets;
            let secs = if traits.deaf { policy.secs.min(DEAF_SECS) } else { policy.secs };
            let policy = SlicePolicy { secs, ..policy };
            let slice = if fits { pace::fitted(slice, quota.pace, terms.shape, policy) } else { slice };
            let slice = if traits.honour_requested { slice.min(wanted.unwrap_or(slice)) } else { slice };
            let most = traits.max_octets.filter(|&most| terms.unit == Unit::Octets && most > 0);
            most.map_or(slice, |most| slice.min(most))
        }
    })
}

/// Units that can be had from bundles, and from bundles and money together; none where there is no bound.
fn obtainable(books: &Books, quota: &Quota, terms: &Terms<'_>) -> Option<(u64, u64)> {
    let in_bundles = match terms.price {
        Price::Free => return None,
        Price::Rate(..) | Price::None(_) if books.unpaid && books.beyond.is_zero() => return Some((0, 0)),
        Price::Rate(..) | Price::None(_) => terms.bundle_units(&books.subscriber),
    };
    let by_money = match terms.price {
        Price::Rate(rate, key) if terms.money => {
            let (units, charged) =
                rated(quota, key).map_or((0, Money::ZERO), |line| (line.units, line.charged));
            let budget = charged.checked_add(room(books, terms, rate.dearest())).unwrap_or(Money::MAX);
            price::affordable(scheme(quota, rate, key), budget).saturating_sub(units)
        }
        Price::Rate(..) | Price::Free | Price::None(_) => 0,
    };
    Some((in_bundles, in_bundles.saturating_add(by_money)))
}

/// The money that may be spent at a price. What is owed beyond the floor comes first: it also takes back what is
/// left of a step that was paid. Bonus money for the service pays no debt.
pub(super) fn room(books: &Books, terms: &Terms<'_>, price: Money) -> Money {
    let available = books.available();
    let bonus = match terms.bonus {
        BonusOrder::Never => Money::ZERO,
        BonusOrder::First | BonusOrder::Last => books.account.bonus_for(terms.service, books.now),
    };
    let debt = available.is_negative() && !price.is_zero() && bonus.is_zero();
    if debt { available } else { books.spendable().checked_add(bonus).unwrap_or(Money::MAX) }
}
