//! `[content]`: services of third parties by their service identifiers (`RES-5`).

use std::collections::BTreeMap;

use super::fault::{FaultKind, Noun};
use super::reader::{Faults, Keys};
use super::sections::{Names, next_place};
use super::tree::{Entry, Node, Origin, Table, Value};
use crate::charging::catalogue::{Content, Covers, Direction, Rate};
use crate::charging::units::{Money, Unit};

/// The most content services: their places fit in 16 bits.
const CONTENT_MAX: usize = 65_000;

const CONTENT: Keys =
    Keys { place: "a content service", known: &["service", "identifiers", "price"], later: &[] };

/// Reads `[content]`.
pub(super) fn content<'t>(
    faults: &mut Faults,
    names: &Names,
    entries: impl Iterator<Item = &'t Entry>,
) -> Vec<Content> {
    let mut places: BTreeMap<&str, Origin> = BTreeMap::new();
    let mut taken: BTreeMap<u32, Origin> = BTreeMap::new();
    let mut all = Vec::new();
    for entry in entries {
        if let Some(&first) = places.get(&*entry.key) {
            faults.clash(
                entry.origin,
                FaultKind::Twice { noun: Noun::Content, name: entry.key.clone() },
                first,
            );
            continue;
        }
        places.insert(&entry.key, entry.origin);
        if entry.key.bytes().all(|octet| octet.is_ascii_digit()) {
            faults.add(entry.origin, FaultKind::ContentName { name: entry.key.clone() });
        }
        let Some(table) = faults.table(&entry.value) else { continue };
        if next_place(faults, entry.origin, all.len(), CONTENT_MAX, "content services").is_none() {
            break;
        }
        all.extend(one(faults, names, &mut taken, entry, table));
    }
    all
}

fn one(
    faults: &mut Faults,
    names: &Names,
    taken: &mut BTreeMap<u32, Origin>,
    entry: &Entry,
    table: &Table,
) -> Option<Content> {
    faults.keys(table, CONTENT);
    let identifiers = faults.needed(table, "identifiers", CONTENT.place);
    let mut identifiers = identifiers.map(|node| numbers(faults, taken, node)).unwrap_or_default();
    identifiers.sort_unstable();
    let price = table.get("price").map(|node| (node.origin, faults.price(node)));
    let node = faults.needed(table, "service", CONTENT.place)?;
    let service = faults.text(node)?;
    let service = names.service_named(faults, node.origin, service)?;
    let unit = names.service(service).map_or(Unit::Pieces, |service| service.unit);
    let rate = price.and_then(|(origin, price)| {
        if unit != Unit::Pieces {
            faults.add(origin, FaultKind::ContentPrice { service: names.service_name(service) });
        }
        let covers = Covers { service, rating_groups: Vec::new(), destinations: Vec::new() };
        let name = format!("{} {}", names.service_name(service), entry.key).into();
        let connect = Money::ZERO;
        let (tiers, direction, bands) = (Vec::new(), Direction::Outgoing, Vec::new());
        price.map(|price| Rate {
            covers,
            name,
            price,
            per: 1,
            step: 1,
            first: 0,
            connect,
            tiers,
            direction,
            bands,
        })
    });
    Some(Content { name: entry.key.clone(), service, identifiers, rate })
}

fn numbers(faults: &mut Faults, taken: &mut BTreeMap<u32, Origin>, node: &Node) -> Vec<u32> {
    let Value::List(list) = &node.value else {
        faults.add(node.origin, FaultKind::Kind { wanted: "a list of numbers", found: node.value.kind() });
        return Vec::new();
    };
    if list.is_empty() {
        faults.add(node.origin, FaultKind::Empty { what: "the list" });
    }
    let mut numbers = Vec::new();
    for one in list {
        let Some(written) = faults.integer(one) else { continue };
        let Ok(number) = u32::try_from(written) else {
            faults.add(one.origin, FaultKind::Range { found: written, allowed: "0 to 4294967295" });
            continue;
        };
        if let Some(&first) = taken.get(&number) {
            let name = number.to_string().into();
            faults.clash(one.origin, FaultKind::Twice { noun: Noun::Identifier, name }, first);
            continue;
        }
        taken.insert(number, one.origin);
        numbers.push(number);
    }
    numbers
}
