//! Plans that are like others: `like = "NAME"` takes over what the other says, and what a plan says itself counts.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::{FaultKind, Noun};
use super::reader::Faults;
use super::tree::{Entry, Node, Table, Value};

/// What a plan never takes over.
const OWN: [&str; 2] = ["closed", "like"];

/// What tells two rates apart.
const RATE: [&str; 5] = ["service", "rating_groups", "to", "zones", "direction"];
/// What tells two bundles apart.
const BUNDLE: [&str; 1] = ["id"];

/// The tables of plans by their names, each with what it takes over. A plan that is in the end like itself, or like one
/// that there is not, is a fault.
pub(super) fn resolved<'t>(faults: &mut Faults, entries: &[&'t Entry]) -> BTreeMap<&'t str, Table> {
    let tables: BTreeMap<&str, (&Entry, &Table)> = entries
        .iter()
        .rev()
        .filter_map(|entry| match &entry.value.value {
            Value::Table(table) => Some((&*entry.key, (*entry, table))),
            _ => None,
        })
        .collect();
    let mut done = BTreeMap::new();
    for &(entry, table) in tables.values() {
        let mut way = vec![&*entry.key];
        let mut known: BTreeSet<&str> = way.iter().copied().collect();
        let (mut whole, mut last) = (table.clone(), table);
        while let Some(node) = last.get("like") {
            let Some(name) = text(node) else {
                if way.len() == 1 {
                    let found = node.value.kind();
                    faults
                        .add(node.origin, FaultKind::Kind { wanted: "the name of a plan in quotes", found });
                }
                break;
            };
            let Some(&(_, other)) = tables.get(name) else {
                if way.len() == 1 {
                    let names = tables.keys().copied().filter(|known| *known != &*entry.key);
                    let nearest = super::nearest::nearest(name, names).map(Box::from);
                    let kind = FaultKind::Unknown { noun: Noun::Plan, name: name.into(), nearest };
                    faults.add(node.origin, kind);
                }
                break;
            };
            way.push(name);
            if !known.insert(name) {
                // told once, at the plans of the circle alone
                if way.first() == Some(&name) {
                    let way = way.iter().map(|name| Box::from(*name)).collect();
                    let own = table.get("like").map_or(node.origin, |own| own.origin);
                    faults.add(own, FaultKind::Circle { way });
                }
                break;
            }
            take_over(&mut whole, other);
            last = other;
        }
        done.insert(&*entry.key, whole);
    }
    done
}

fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Adds to a plan what another says and it does not.
fn take_over(plan: &mut Table, other: &Table) {
    for entry in other.entries.iter().filter(|entry| !OWN.contains(&&*entry.key)) {
        let Some(own) = plan.entries.iter_mut().find(|own| own.key == entry.key) else {
            plan.entries.push(entry.clone());
            continue;
        };
        match (&*entry.key, &mut own.value.value, &entry.value.value) {
            ("rate", Value::List(own), Value::List(more)) => add_lines(own, more, &RATE),
            ("bundle", Value::List(own), Value::List(more)) => add_lines(own, more, &BUNDLE),
            ("quota", Value::Table(own), Value::Table(more)) => {
                let missing = more.entries.iter().filter(|entry| own.get(&entry.key).is_none());
                let missing: Vec<_> = missing.cloned().collect();
                own.entries.extend(missing);
            }
            _ => {}
        }
    }
}

/// Adds lines that differ from all that are there in what tells them apart.
fn add_lines(own: &mut Vec<Node>, more: &[Node], told_by: &[&str]) {
    let same = |one: &Node, other: &Node| match (&one.value, &other.value) {
        (Value::Table(one), Value::Table(other)) => {
            told_by.iter().all(|key| match (one.get(key), other.get(key)) {
                (Some(one), Some(other)) => same_words(&one.value, &other.value),
                (None, None) => true,
                _ => false,
            })
        }
        _ => false,
    };
    let missing: Vec<_> =
        more.iter().filter(|line| !own.iter().any(|known| same(known, line))).cloned().collect();
    own.extend(missing);
}

/// Whether two values say the same, wherever they stand: lists in any order, one text alone as a list of it.
fn same_words(one: &Value, other: &Value) -> bool {
    let words = |value: &Value| -> BTreeSet<String> {
        match value {
            Value::List(list) => list.iter().map(|node| word(&node.value)).collect(),
            alone => BTreeSet::from([word(alone)]),
        }
    };
    words(one) == words(other)
}

fn word(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::Integer(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}
