//! On what a charge rests, kept with it so that it can be explained without the tariffs of its time (`AUD-1`).

use super::books::Books;
use super::case::Case;
use super::count::{counted, scheme};
use crate::charging::catalogue::{Catalogue, DestinationIx};
use crate::charging::ledger::{Basis, Priced};
use crate::charging::rating::lookup::{Price, Terms};
use crate::charging::rating::price;
use crate::charging::session::{Quota, RateKey};
use crate::charging::units::Money;
use crate::time::Timestamp;

/// Units by who pays for them.
#[derive(Clone, Copy)]
pub(super) struct Shares {
    /// Bundles that are held for it.
    pub(super) held: u64,
    /// Bundles that nobody holds.
    pub(super) free: u64,
    /// Money.
    pub(super) money: u64,
}

/// What a charge rests on, before anything of it is booked; `total` is what all units of its rate cost with it.
pub(super) fn of(
    case: Case<'_>,
    books: &Books,
    quota: &Quota,
    terms: &Terms<'_>,
    (shares, total, at): (Shares, Option<Money>, Timestamp),
) -> Box<Basis> {
    let catalogue = case.catalogue.in_force(at);
    let group = quota.key.rating_group.and_then(|group| catalogue.rating_group(group));
    let place = group.map(|group| group.service).or_else(|| catalogue.service_of(&case.request.context));
    let service = place.and_then(|place| catalogue.service(place)).map(|service| service.name.clone());
    let key = match terms.price {
        Price::Rate(_, key) => Some(key),
        Price::Free | Price::None(_) => None,
    };
    Box::new(Basis {
        kind: case.request.kind,
        version: catalogue.version(),
        service,
        destination: key.and_then(|key| destination(catalogue, key)),
        band: key.and_then(|key| band(catalogue, key)),
        bundles: bundles(books, quota, terms, shares),
        money: priced(quota, terms, shares.money, total),
    })
}

fn destination(catalogue: &Catalogue, key: RateKey) -> Option<Box<str>> {
    catalogue.destination_name(DestinationIx(key.destination)).map(Into::into)
}

fn band(catalogue: &Catalogue, key: RateKey) -> Option<Box<str>> {
    catalogue.bands().get(usize::from(key.band)).map(|band| band.name.clone())
}

fn priced(quota: &Quota, terms: &Terms<'_>, units: u64, total: Option<Money>) -> Option<Priced> {
    let Price::Rate(rate, key) = terms.price else { return None };
    let total = total.filter(|_| units > 0)?;
    let (before, charged) = counted(quota, key);
    let scheme = scheme(quota, rate, key);
    let counted = price::counted(scheme, before.saturating_add(units)).unwrap_or(u64::MAX);
    Some(Priced {
        units,
        before,
        counted,
        per: scheme.per,
        step: scheme.step,
        first: scheme.first,
        connect: scheme.connect,
        prices: scheme.split(counted),
        total,
        charged,
    })
}

/// The bundles that units are taken from, in the order in which they are.
fn bundles(books: &Books, quota: &Quota, terms: &Terms<'_>, shares: Shares) -> Vec<(Box<str>, u64)> {
    let Shares { held: mut from_held, free: mut from_free, .. } = shares;
    let mut taken: Vec<(Box<str>, u64)> = Vec::new();
    let mut add = |name: &str, units: u64| match taken.iter_mut().find(|(known, _)| **known == *name) {
        _ if units == 0 => {}
        Some((_, known)) => *known = known.saturating_add(units),
        None => taken.push((name.into(), units)),
    };
    let allowances = &books.subscriber.allowances;
    for held in quota.reservation.iter().flat_map(|reservation| &reservation.allowances) {
        let units = held.units.min(from_held);
        from_held = from_held.saturating_sub(units);
        add(&held.bundle, units);
    }
    for source in &terms.bundles {
        let Some(allowance) = allowances.get(source.allowance) else { continue };
        let units = allowance.free().min(from_free);
        from_free = from_free.saturating_sub(units);
        add(&allowance.bundle, units);
    }
    taken
}
