//! Roaming: home networks, zones, what rates and bundles say of them, and what plans say (`ROAM-1`, `ROAM-2`,
//! `ROAM-4`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fault::{FaultKind, Noun};
use super::reader::{Faults, Keys};
use super::sections::{Names, next_place, sorted};
use super::tree::{Entry, Node, Origin, Table, Value};
use crate::charging::catalogue::{
    Direction, Plan, PlanRoaming, Rate, Roaming, ServiceIx, Whereabouts, Zone, ZoneIx, ZoneRate,
};
use crate::charging::units::{Digits, Money, Unit};

/// The most zones.
const ZONES_MAX: usize = 1_000;
/// The word for home among the names of zones.
const HOME: &str = "home";
/// The word for what is not sold.
const DENY: &str = "deny";
const NETWORK: &str = "a network is its country and network code, \"25001\" or \"310410\", or a country code for all its networks, \"250\"";

const ROAMING: Keys = Keys {
    place: "[roaming]",
    known: &["home", "default", "threshold", "floor", "again", "zones"],
    later: &[],
};
const ZONE: Keys =
    Keys { place: "a roaming zone", known: &["plmn", "realtime", "threshold", "floor", "rates"], later: &[] };
const PLAN_ROAMING: Keys =
    Keys { place: "the roaming of a plan", known: &["allowed", "zones", "threshold", "floor"], later: &[] };

/// Where a rate or a bundle holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Places {
    /// At home.
    pub(super) home: bool,
    /// In these zones, sorted.
    pub(super) zones: Vec<ZoneIx>,
}

impl Places {
    /// At home alone.
    pub(super) const HOME: Self = Self { home: true, zones: Vec::new() };

    /// Each place by itself: none for home.
    pub(super) fn each(&self) -> impl Iterator<Item = Option<ZoneIx>> {
        self.home.then_some(None).into_iter().chain(self.zones.iter().copied().map(Some))
    }
}

/// Reads `[roaming]`: home, the zones and their names. What zones cost is read once everything that rates
/// name is known.
pub(super) fn roaming(faults: &mut Faults, names: &mut Names, table: Option<&Table>) -> Option<Roaming> {
    let table = table?;
    faults.keys(table, ROAMING);
    let mut seen = BTreeMap::new();
    let home = faults.needed(table, "home", ROAMING.place);
    let home = home.map(|node| networks(faults, &mut seen, node)).unwrap_or_default();
    let mut zones = Vec::new();
    let entries =
        table.get("zones").and_then(|node| faults.table(node)).map_or(&[][..], |table| &table.entries);
    for entry in entries {
        let Some(table) = faults.table(&entry.value) else { continue };
        if [HOME, DENY].contains(&&*entry.key) {
            faults.add(entry.origin, FaultKind::ZoneName { name: entry.key.clone() });
            continue;
        }
        let most = ZONES_MAX;
        let Some(place) = next_place(faults, entry.origin, zones.len(), most, "roaming zones") else { break };
        names.zone_places.insert(entry.key.clone(), (ZoneIx(place), entry.origin));
        zones.push(zone(faults, &mut seen, entry, table));
    }
    let floor = money(faults, table, "floor");
    if let Some(node) = table.get("floor").filter(|_| zones.iter().all(|zone| zone.realtime)) {
        faults.warn(node.origin, FaultKind::FloorForNone);
    }
    let elsewhere = table.get("default").and_then(|node| {
        let text = faults.text(node)?;
        match text {
            DENY => Some(Whereabouts::Nowhere),
            HOME => Some(Whereabouts::Home),
            name => names.zone_named(faults, node.origin, name).map(Whereabouts::Zone),
        }
    });
    let again = table.get("again").and_then(|node| faults.seconds(node));
    Some(Roaming {
        home,
        zones,
        elsewhere: elsewhere.unwrap_or(Whereabouts::Nowhere),
        threshold: money(faults, table, "threshold").unwrap_or(Money::ZERO),
        floor: floor.unwrap_or(Money::ZERO),
        again_secs: again.unwrap_or(Roaming::AGAIN_SECS),
    })
}

fn zone(faults: &mut Faults, seen: &mut BTreeMap<Digits, Origin>, entry: &Entry, table: &Table) -> Zone {
    faults.keys(table, ZONE);
    let plmn = faults.needed(table, "plmn", ZONE.place);
    let networks = plmn.map(|node| networks(faults, seen, node)).unwrap_or_default();
    let realtime = table.get("realtime").and_then(|node| faults.boolean(node)).unwrap_or(true);
    let (threshold, floor) = (money(faults, table, "threshold"), money(faults, table, "floor"));
    Zone { name: entry.key.clone(), networks, realtime, threshold, floor }
}

/// Networks, each in one place of the tariff alone.
fn networks(faults: &mut Faults, seen: &mut BTreeMap<Digits, Origin>, node: &Node) -> Vec<Digits> {
    let mut networks = Vec::new();
    for (origin, text) in faults.texts(node) {
        let found = Digits::parse(text).filter(|digits| matches!(digits.len(), 3 | 5 | 6));
        let Some(network) = found else {
            let kind = FaultKind::Digits { noun: Noun::Network, found: text.into(), allowed: NETWORK };
            faults.add(origin, kind);
            continue;
        };
        if let Some(&first) = seen.get(&network) {
            faults.clash(origin, FaultKind::Twice { noun: Noun::Network, name: text.into() }, first);
            continue;
        }
        seen.insert(network, origin);
        networks.push(network);
    }
    networks
}

fn money(faults: &mut Faults, table: &Table, key: &str) -> Option<Money> {
    table.get(key).and_then(|node| faults.price(node))
}

/// Rates, by where they hold.
#[derive(Default)]
pub(super) struct Priced {
    pub(super) home: Vec<(Origin, Rate)>,
    pub(super) abroad: Vec<Arc<ZoneRate>>,
}

/// The zones with what stands under `rates` in each.
pub(super) fn rates_of_zones<'t>(names: &Names, table: Option<&'t Table>) -> Vec<(ZoneIx, &'t Node)> {
    let zones = table.and_then(|table| table.get("zones")).map(|node| &node.value);
    let Some(Value::Table(zones)) = zones else { return Vec::new() };
    let rates = |entry: &'t Entry| match &entry.value.value {
        Value::Table(table) => Some((names.zone_places.get(&entry.key)?.0, table.get("rates")?)),
        _ => None,
    };
    zones.entries.iter().filter_map(rates).collect()
}

/// The places that `zones` of a rate or a bundle names; home where it says nothing.
pub(super) fn places(faults: &mut Faults, names: &Names, table: &Table) -> Option<Places> {
    let Some(node) = table.get("zones") else { return Some(Places::HOME) };
    let before = faults.faults.len();
    let mut home = false;
    let mut zones = Vec::new();
    for (origin, name) in faults.texts(node) {
        if name == HOME {
            home = true;
        } else {
            zones.extend(names.zone_named(faults, origin, name));
        }
    }
    (faults.faults.len() == before).then(|| Places { home, zones: sorted(zones) })
}

/// A rate and those of other legs that stand beside it: `incoming` and `forward`.
pub(super) fn legs(faults: &mut Faults, table: &Table, rate: Rate, places: &Places, unit: Unit) -> Vec<Rate> {
    let mut legs = Vec::new();
    for (key, direction) in [("incoming", Direction::Incoming), ("forward", Direction::Forwarded)] {
        let Some(node) = table.get(key) else { continue };
        if rate.direction != Direction::Outgoing {
            faults.add(node.origin, FaultKind::LegAndDirection { key });
        }
        if matches!(unit, Unit::Octets | Unit::Money) {
            faults.add(node.origin, FaultKind::NoLegs { key });
        }
        if direction == Direction::Incoming && places.home {
            faults.add(node.origin, FaultKind::IncomingAtHome);
        }
        if direction == Direction::Incoming && !rate.covers.destinations.is_empty() {
            faults.add(node.origin, FaultKind::IncomingTo);
        }
        let Some(price) = faults.price(node) else { continue };
        legs.push(Rate { price, direction, tiers: Vec::new(), bands: Vec::new(), ..rate.clone() });
    }
    legs.insert(0, rate);
    legs
}

/// Puts a rate where it holds.
pub(super) fn place(into: &mut Priced, origin: Origin, rate: Rate, places: &Places) {
    if !places.zones.is_empty() {
        into.abroad.push(Arc::new(ZoneRate { zones: places.zones.clone(), rate: rate.clone() }));
    }
    if places.home {
        into.home.push((origin, rate));
    }
}

/// What a plan says of roaming, with the rates that hold in the zones that it sells.
pub(super) fn of_plan(
    faults: &mut Faults,
    names: &Names,
    node: Option<&Node>,
    own: Vec<Arc<ZoneRate>>,
) -> PlanRoaming {
    let mut roaming = PlanRoaming::default();
    if let Some(table) = node.and_then(|node| faults.table(node)) {
        faults.keys(table, PLAN_ROAMING);
        roaming.threshold = money(faults, table, "threshold");
        roaming.floor = money(faults, table, "floor");
        let allowed = table.get("allowed").and_then(|node| faults.boolean(node));
        roaming.zones = table.get("zones").map(|node| {
            let named = faults.texts(node);
            sorted(named.into_iter().filter_map(|(origin, name)| names.zone_named(faults, origin, name)))
        });
        if allowed == Some(false) {
            roaming.zones = Some(Vec::new());
        }
        if let Some(node) = table.get("zones").filter(|_| allowed == Some(false)) {
            faults.add(node.origin, FaultKind::NotAllowed);
        }
    }
    let sold = |rate: &Arc<ZoneRate>| rate.zones.iter().any(|zone| roaming.sells(*zone));
    let rates = own.into_iter().chain(names.zone_rates.iter().map(Arc::clone)).filter(sold).collect();
    PlanRoaming { rates, ..roaming }
}

/// Warns of zones that no plan has a price for, and of zones in which calls or messages out have a price and those in
/// have none: they are refused there.
pub(super) fn unpriced(faults: &mut Faults, names: &Names, plans: &[Plan]) {
    for (name, (zone, origin)) in &names.zone_places {
        let here = |plan: &Plan| {
            let sold = plan.roaming.sells(*zone);
            plan.roaming.rates.iter().filter(move |rate| sold && rate.zones.contains(zone)).cloned().collect()
        };
        let rates: Vec<Vec<Arc<ZoneRate>>> = plans.iter().map(here).collect();
        if rates.iter().all(Vec::is_empty) {
            faults.warn(*origin, FaultKind::ZoneWithoutPrice { zone: name.clone() });
            continue;
        }
        let services = names.services.iter().zip(0..=u16::MAX).map(|(service, at)| (service, ServiceIx(at)));
        for (service, at) in services.filter(|(one, _)| matches!(one.unit, Unit::Seconds | Unit::Pieces)) {
            let lacks = |rates: &Vec<Arc<ZoneRate>>| {
                let mut of_it = rates.iter().filter(|rate| rate.rate.covers.service == at).peekable();
                of_it.peek().is_some() && of_it.all(|rate| rate.rate.direction != Direction::Incoming)
            };
            if rates.iter().any(lacks) {
                let (zone, service) = (name.clone(), service.name.clone());
                faults.warn(*origin, FaultKind::NoIncoming { zone, service });
            }
        }
    }
}
