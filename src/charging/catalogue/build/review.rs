//! What is allowed in a tariff and is almost surely not meant: services without a price, rates that never apply.

use std::collections::BTreeSet;

use super::fault::FaultKind;
use super::plans::Written;
use super::reader::Faults;
use super::sections::Names;
use super::tree::Origin;
use crate::charging::catalogue::{Covers, Direction, Plan, Rate, Service, ServiceIx};
use crate::charging::free_numbers::FreeNumbers;

/// Looks at every plan.
pub(super) fn review(faults: &mut Faults, names: &Names, numbers: &FreeNumbers, plans: &[Written]) {
    let listed: BTreeSet<_> = numbers.listed().iter().map(|(number, _)| *number).collect();
    for Written { plan, origin, rates } in plans {
        for (service, place) in names.services.iter().zip((0..=u16::MAX).map(ServiceIx)) {
            gaps(faults, names, plan, *origin, (service, place));
        }
        for (at, (rate, origin)) in plan.rates.iter().zip(rates).enumerate() {
            let earlier = plan.rates.get(..at).unwrap_or_default();
            if let Some(why) = never(names, &listed, rate, earlier) {
                faults.warn(*origin, FaultKind::NeverApplies { why });
            }
        }
    }
}

/// What of a service nothing in the plan covers.
fn gaps(
    faults: &mut Faults,
    names: &Names,
    plan: &Plan,
    origin: Origin,
    (service, place): (&Service, ServiceIx),
) {
    if plan.without.contains(&place) {
        return;
    }
    let outgoing = |rate: &&Rate| rate.direction != Direction::Incoming;
    let rates = plan.rates.iter().filter(outgoing).map(|rate| &rate.covers);
    let covers: Vec<&Covers> = rates
        .chain(plan.bundles.iter().map(|bundle| &bundle.covers))
        .filter(|covers| covers.service == place)
        .collect();
    let (plan, name) = (plan.name.clone(), service.name.clone());
    if covers.is_empty() {
        return faults.warn(origin, FaultKind::Gap { plan, service: name });
    }
    if covers.iter().all(|covers| !covers.rating_groups.is_empty()) {
        for (&number, &(owner, _)) in &names.groups {
            let covered = covers.iter().any(|covers| covers.rating_groups.contains(&number));
            if owner == place && !covered && !names.free_groups.contains(&number) {
                faults
                    .warn(origin, FaultKind::GroupGap { plan: plan.clone(), number, service: name.clone() });
            }
        }
    }
    if covers.iter().all(|covers| !covers.destinations.is_empty()) {
        faults.warn(origin, FaultKind::ElsewhereGap { plan, service: name });
    }
}

/// Why a rate never applies, where that is so: rates before it cover all that it covers, at all times that it has a
/// price of its own for; or all its numbers are free ones.
fn never(
    names: &Names,
    listed: &BTreeSet<crate::charging::units::Digits>,
    rate: &Rate,
    earlier: &[Rate],
) -> Option<&'static str> {
    let Covers { service, rating_groups: groups, destinations } = &rate.covers;
    let free = |to: &crate::charging::catalogue::DestinationIx| {
        let found = names.destinations.get(usize::from(to.0));
        found.is_some_and(|to| to.prefixes.is_empty() && to.codes.iter().all(|code| listed.contains(code)))
    };
    if !destinations.is_empty() && destinations.iter().all(free) {
        return Some("all numbers that it is for are emergency or free numbers");
    }
    let bands = |rate: &Rate| rate.bands.iter().map(|one| one.band).collect::<BTreeSet<_>>();
    let own = bands(rate);
    let first: Vec<_> = earlier
        .iter()
        .filter(|one| one.covers.service == *service && one.direction == rate.direction)
        .filter(|one| own.is_subset(&bands(one)))
        .map(|one| &one.covers)
        .collect();
    let taken = |group: Option<u32>, to: Option<crate::charging::catalogue::DestinationIx>| {
        first.iter().any(|covers| {
            let of_group = match group {
                Some(group) => covers.rating_groups.contains(&group),
                None => covers.rating_groups.is_empty(),
            };
            let goes = match to {
                Some(to) => covers.destinations.contains(&to),
                None => covers.destinations.is_empty(),
            };
            of_group && goes
        })
    };
    let each =
        |list: &[_]| if list.is_empty() { vec![None] } else { list.iter().copied().map(Some).collect() };
    let to =
        if destinations.is_empty() { vec![None] } else { destinations.iter().copied().map(Some).collect() };
    let groups = each(groups);
    let covered = groups.iter().all(|group| to.iter().all(|to| taken(*group, *to)));
    covered.then_some("rates before it cover all that it is for")
}
