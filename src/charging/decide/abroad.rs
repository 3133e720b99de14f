//! Abroad: whether the plan sells anything where the subscriber is, whether a trip begins and there is money enough for
//! it, and how far it may run into debt (`ROAM-1` … `ROAM-4`).

use core::time::Duration;

use super::books::Books;
use super::case::Case;
use super::sale::Refused;
use crate::charging::answer::Denial;
use crate::charging::catalogue::{Country, Roaming, Whereabouts, Zone};
use crate::charging::free_numbers::NumberClass;
use crate::charging::rating::lookup::Leg;
use crate::charging::units::Money;

/// What the tariff says of where the subscriber is, where that is abroad.
struct Abroad<'a> {
    roaming: &'a Roaming,
    there: Whereabouts,
    zone: Option<&'a Zone>,
}

/// Where the subscriber is; none where nothing is said of it, or every network is home.
fn abroad(case: Case<'_>) -> Option<Abroad<'_>> {
    let roaming = case.catalogue.roaming()?;
    let there = match case.plan {
        Some(plan) => case.catalogue.whereabouts_of(plan, case.place.serving_plmn),
        None => case.catalogue.whereabouts(case.place.serving_plmn),
    };
    let zone = match there {
        Whereabouts::Zone(zone) => roaming.zone(zone),
        Whereabouts::Home | Whereabouts::Nowhere => None,
    };
    Some(Abroad { roaming, there, zone })
}

/// The subscriber begins something, or goes on with it, where he is now. A trip begins with the first request from a
/// country, whatever comes of it. Where nothing is sold, and while there is not enough money for the trip, all is refused
/// but calls and messages to free numbers.
pub(super) fn enter(case: Case<'_>, books: &mut Books, leg: Leg) -> Result<(), Refused> {
    let (Some(Abroad { roaming, there, zone }), Some(network)) = (abroad(case), case.place.serving_plmn)
    else {
        return Ok(());
    };
    let country = Country::of(network).filter(|country| !roaming.is_home_country(*country));
    let country = country.filter(|_| there != Whereabouts::Home);
    let again = Duration::from_secs(roaming.again_secs.into());
    let travel = &mut books.subscriber.life.travel;
    let heard = travel.heard(country.map(Country::code), case.now, again);
    books.changes.subscriber |= heard.changed;
    if heard.begun {
        books.notes.trip = Some(network);
    }
    if leg.class != NumberClass::Ordinary || there == Whereabouts::Home {
        return Ok(());
    }
    let plan = case.plan.and_then(|plan| case.catalogue.plan(plan));
    if there == Whereabouts::Nowhere {
        let plan = plan.map_or("", |plan| &plan.name);
        let message = format!("ROAM-1: the plan {plan} sells nothing in the network {network}");
        return Err(Refused::told(Denial::NotThere, message));
    }
    let Some(country) = country.map(Country::code) else { return Ok(()) };
    if travel.to(country).is_none_or(|trip| trip.admitted) {
        return Ok(());
    }
    let own = plan.and_then(|plan| plan.roaming.threshold);
    let threshold = own.or(zone.and_then(|zone| zone.threshold)).unwrap_or(roaming.threshold);
    // what other sessions hold is still there
    let has = books.account.available().checked_add(books.account.reserved).unwrap_or(Money::MAX);
    if threshold.is_positive() && has < threshold {
        let message = format!("ROAM-2: a trip abroad begins with {threshold} on the account, there is {has}");
        return Err(Refused::told(Denial::Threshold, message));
    }
    books.changes.subscriber |= travel.admit(country);
    Ok(())
}

/// How far what is used where the subscriber is may go into debt beyond what may be spent at home (`ROAM-4`): as the plan
/// says, else the zone; else not at all where the networks of the zone charge in real time, since nothing runs blind
/// there, and as the tariff says of all others.
pub(super) fn beyond(case: Case<'_>) -> Money {
    let Some(Abroad { roaming, zone: Some(zone), .. }) = abroad(case) else { return Money::ZERO };
    let plan = case.plan.and_then(|plan| case.catalogue.plan(plan));
    let usual = if zone.realtime { Money::ZERO } else { roaming.floor };
    plan.and_then(|plan| plan.roaming.floor).or(zone.floor).unwrap_or(usual)
}
