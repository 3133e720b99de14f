//! The gates: what concerns the subscriber or the whole request, in the order of [`Denial`].

use super::case::Case;
use crate::charging::account::Subscriber;
use crate::charging::account::block::{Use, lets};
use crate::charging::answer::Denial;
use crate::charging::catalogue::ServiceIx;
use crate::charging::free_numbers::{Called, NumberClass};
use crate::charging::rating::lookup::Leg;
use crate::charging::units::Unit;

/// The gates of a request for a service: the service, or why the request as a whole is refused.
///
/// A number that ended is refused everything, so is all in an area that was stopped (`SUS-4`); what its blocks do not leave working is refused (`SUS-2`), and a service
/// that the subscriber has barred, save to a free number (`SUS-5`, `FREE-2`). An emergency passes.
pub(super) fn pass(
    case: Case<'_>,
    subscriber: &Subscriber,
    service: Option<ServiceIx>,
    leg: Leg,
) -> Result<ServiceIx, Denial> {
    if leg.class == NumberClass::Emergency {
        return service.ok_or(Denial::UnknownService);
    }
    if subscriber.has_ended(case.now) {
        return Err(Denial::Ended);
    }
    if case.stopped {
        return Err(Denial::Blocked);
    }
    let place = service.ok_or(Denial::UnknownService)?;
    let found = case.catalogue.service(place).ok_or(Denial::UnknownService)?;
    let what = use_of(case, found.unit, leg);
    if !lets(&subscriber.life.blocks, what) {
        return Err(Denial::Blocked);
    }
    let barred = what != Use::Free && subscriber.barred.contains(&found.name);
    if barred { Err(Denial::Blocked) } else { Ok(place) }
}

/// What is used. Of a message to several recipients the one that asks for most counts.
pub(super) fn use_of(case: Case<'_>, unit: Unit, leg: Leg) -> Use {
    let numbers = case.catalogue.numbers();
    let parties = &case.request.parties;
    let to = |recipient: &str| use_over(unit, Leg::to(recipient, parties.role, numbers));
    let recipients = parties.recipients.iter().map(|recipient| to(recipient));
    recipients.reduce(stricter).unwrap_or_else(|| use_over(unit, leg))
}

fn use_over(unit: Unit, leg: Leg) -> Use {
    match (unit, leg.class, leg.called) {
        (_, NumberClass::Free | NumberClass::Emergency, _) => Use::Free,
        (Unit::Octets, NumberClass::Ordinary, _) => Use::Data,
        (_, NumberClass::Ordinary, _) if leg.is_incoming() => Use::Incoming,
        (_, NumberClass::Ordinary, Called::Short(_)) => Use::ServiceNumber,
        (_, NumberClass::Ordinary, Called::E164(_) | Called::Other) => Use::Outgoing,
    }
}

fn stricter(one: Use, other: Use) -> Use {
    let order = [Use::Free, Use::Incoming, Use::ServiceNumber, Use::Outgoing, Use::Data];
    let place = |what| order.iter().position(|known| *known == what);
    if place(one) < place(other) { other } else { one }
}
