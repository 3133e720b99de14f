//! The gates: what concerns the subscriber or the whole request, in the order of [`Denial`].

use super::case::Case;
use crate::charging::account::{Standing, Subscriber};
use crate::charging::answer::Denial;
use crate::charging::catalogue::ServiceIx;
use crate::charging::free_numbers::NumberClass;
use crate::charging::rating::lookup::Leg;

/// The gates of a request for a service: the service, or why the request as a whole is refused.
///
/// A number that ended is refused everything; a service that the subscriber has barred is refused, save
/// to a free number (`SUS-5`, `FREE-2`). An emergency passes.
pub(super) fn pass(
    case: Case<'_>,
    subscriber: &Subscriber,
    service: Option<ServiceIx>,
    leg: Leg,
) -> Result<ServiceIx, Denial> {
    if leg.class == NumberClass::Emergency {
        return service.ok_or(Denial::UnknownService);
    }
    if subscriber.standing == Standing::Ended {
        return Err(Denial::Ended);
    }
    let place = service.ok_or(Denial::UnknownService)?;
    let found = case.catalogue.service(place).ok_or(Denial::UnknownService)?;
    let barred = leg.class != NumberClass::Free && subscriber.barred.contains(&found.name);
    if barred { Err(Denial::Blocked) } else { Ok(place) }
}
