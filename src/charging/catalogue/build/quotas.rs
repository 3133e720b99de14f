//! The shapes of a plan's grants: `[plans.NAME.quota]` (`RES-1`).

use super::exhaustion::low_balance;
use super::fault::{FaultKind, Noun};
use super::nearest::nearest;
use super::reader::{Faults, Keys};
use super::sections::Names;
use super::tree::{Node, Table, Value};
use crate::charging::catalogue::{LowBalance, QuotaShape, ServiceIx};
use crate::charging::radio::Radio;
use crate::charging::units::Unit;

const QUOTA: Keys = Keys {
    place: "a quota",
    known: &["grant", "threshold", "validity", "holding", "consumption", "most", "radio", "rating_groups"],
    later: &[],
};
/// A rating group's own shape: it has no groups within it.
const GROUP: Keys = Keys {
    place: "the quota of a rating group",
    known: &["grant", "threshold", "validity", "holding", "consumption", "most", "radio"],
    later: &[],
};
const RADIOS: &[&str] = &["geran", "utran", "eutran", "nr", "iot", "wlan"];

/// What a plan says of each service, and the defaults of the unit for what it does not say; and when its balance is low.
pub(super) fn quotas(
    faults: &mut Faults,
    names: &Names,
    node: Option<&Node>,
) -> (Vec<QuotaShape>, Option<LowBalance>) {
    let mut shapes: Vec<_> = names.services.iter().map(|service| default_shape(service.unit)).collect();
    let mut low = None;
    let Some(table) = node.and_then(|node| faults.table(node)) else { return (shapes, low) };
    for entry in &table.entries {
        if &*entry.key == "low_balance" {
            low = low_balance(faults, &entry.value);
            continue;
        }
        let Some(place) = names.service_named(faults, entry.origin, &entry.key) else { continue };
        let Some(table) = faults.table(&entry.value) else { continue };
        faults.keys(table, QUOTA);
        let unit = names.service(place).map_or(Unit::Pieces, |service| service.unit);
        let Some(shape) = shapes.get_mut(usize::from(place.0)) else { continue };
        fill(faults, table, (&entry.key, unit), shape);
        if let Some(node) = table.get("rating_groups") {
            shape.groups = groups(faults, names, node, (place, &entry.key, unit), shape);
        }
    }
    (shapes, low)
}

/// Takes over what a table says.
fn fill(faults: &mut Faults, table: &Table, (service, unit): (&str, Unit), shape: &mut QuotaShape) {
    if let Some(node) = table.get("grant") {
        match &node.value {
            Value::Text(text) if &**text == "exact" => {
                if unit != Unit::Pieces {
                    faults.add(node.origin, FaultKind::Exact { service: service.into() });
                }
                shape.grant = None;
            }
            _ => shape.grant = faults.amount(node, unit),
        }
    }
    if let Some(node) = table.get("threshold") {
        shape.threshold_percent = if is_none(node) { None } else { faults.percent(node) };
    }
    if let Some(node) = table.get("holding") {
        shape.holding_secs = if is_none(node) { None } else { faults.seconds(node) };
    }
    if let Some(node) = table.get("consumption") {
        if unit != Unit::Seconds {
            faults.add(node.origin, FaultKind::Consumption { service: service.into() });
        }
        shape.consumption_secs = if is_none(node) { None } else { faults.seconds(node) };
    }
    if let Some(secs) = table.get("validity").and_then(|node| faults.seconds(node)) {
        shape.validity_secs = secs;
    }
    if let Some(node) = table.get("most") {
        shape.most = faults.amount(node, unit);
    }
    if let Some(node) = table.get("radio") {
        shape.radios = radios(faults, node, unit);
    }
}

fn radios(faults: &mut Faults, node: &Node, unit: Unit) -> Vec<(Radio, u64)> {
    let Some(table) = faults.table(node) else { return Vec::new() };
    let mut radios = Vec::new();
    for entry in &table.entries {
        let named = Radio::NAMED.iter().find(|(name, _)| *name == &*entry.key);
        let Some(&(_, radio)) = named else {
            let nearest = nearest(&entry.key, RADIOS.iter().copied()).map(Box::from);
            let kind =
                FaultKind::UnknownKey { key: entry.key.clone(), place: "radio", nearest, allowed: RADIOS };
            faults.add(entry.origin, kind);
            continue;
        };
        radios.extend(faults.amount(&entry.value, unit).map(|grant| (radio, grant)));
    }
    radios
}

/// The shapes of single rating groups: what is not said of them is as for the service.
fn groups(
    faults: &mut Faults,
    names: &Names,
    node: &Node,
    (place, service, unit): (ServiceIx, &str, Unit),
    whole: &QuotaShape,
) -> Vec<(u32, QuotaShape)> {
    let Some(table) = faults.table(node) else { return Vec::new() };
    let mut groups = Vec::new();
    for entry in &table.entries {
        let number = entry.key.parse().ok().filter(|number| !names.broken_groups.contains(number));
        let owner = number.and_then(|number| names.groups.get(&number));
        let (Some(number), Some(&(owner, _))) = (number, owner) else {
            let kind = FaultKind::Unknown { noun: Noun::RatingGroup, name: entry.key.clone(), nearest: None };
            faults.add(entry.origin, kind);
            continue;
        };
        if owner != place {
            let (owner, service) = (names.service_name(owner), service.into());
            faults.add(entry.origin, FaultKind::OtherService { number, owner, service });
            continue;
        }
        let Some(table) = faults.table(&entry.value) else { continue };
        faults.keys(table, GROUP);
        let mut shape = QuotaShape { groups: Vec::new(), ..whole.clone() };
        fill(faults, table, (service, unit), &mut shape);
        groups.push((number, shape));
    }
    groups
}

/// `"none"` switches off.
fn is_none(node: &Node) -> bool {
    matches!(&node.value, Value::Text(text) if &**text == "none")
}

/// Data 50 MB, asked again at 20 % left, valid 1 h, idle 10 min; voice 60 s, valid 10 min; pieces as
/// asked for.
fn default_shape(unit: Unit) -> QuotaShape {
    let shape = QuotaShape { validity_secs: 600, ..QuotaShape::default() };
    match unit {
        Unit::Octets => QuotaShape {
            grant: Some(50 << 20),
            threshold_percent: Some(20),
            validity_secs: 3_600,
            holding_secs: Some(600),
            ..shape
        },
        Unit::Seconds => QuotaShape { grant: Some(60), ..shape },
        Unit::Pieces | Unit::Money => shape,
    }
}
