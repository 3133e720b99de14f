//! Plans: modes, bundles, rates, quotas.

use core::fmt::Write as _;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::bands;
use super::exhaustion::{After, after, announcements};
use super::fault::{FaultKind, Noun};
use super::fees;
use super::inherit::resolved;
use super::quotas::quotas;
use super::reader::{Faults, Keys};
use super::roaming::{self, Places, Priced};
use super::sections::{Names, next_place, sorted};
use super::tree::{Entry, Node, Origin, Table, Value};
use crate::charging::account::Mode;
use crate::charging::catalogue::{
    BonusOrder, Bundle, BundleZones, Covers, Direction, Limitation, Plan, PlanRoaming, Rate, ServiceIx, Then,
    Tier, ZoneIx, ZoneRate,
};
use crate::charging::units::{Amount, Money, Unit};

/// The most plans.
const PLANS_MAX: usize = 10_000;
/// The most rates and the most bundles of a plan: their places fit in 16 bits, with one to spare.
const LINES_MAX: usize = 65_000;

/// The most octets of text for the client's records: as many as free-format data has (TS 29.078, FreeFormatData).
const FURNISH_MAX: usize = 160;

const PLAN: Keys = Keys {
    place: "a plan",
    known: &[
        "modes",
        "like",
        "closed",
        "without",
        "bundle",
        "rate",
        "quota",
        "out_of_money",
        "announcements",
        "roaming",
        "furnish",
        "bonus",
        "fee",
    ],
    later: &["throttle", "fair_use"],
};
const RATE: Keys = Keys {
    place: "a rate",
    known: &[
        "service",
        "rating_groups",
        "to",
        "zones",
        "direction",
        "price",
        "incoming",
        "forward",
        "tiers",
        "per",
        "step",
        "first",
        "connect",
        "bands",
        "when",
    ],
    later: &[],
};
const ZONE_RATE: Keys = Keys {
    place: "a rate of a roaming zone",
    known: &[
        "service",
        "rating_groups",
        "to",
        "direction",
        "price",
        "incoming",
        "forward",
        "tiers",
        "per",
        "step",
        "first",
        "connect",
        "bands",
    ],
    later: &["when"],
};
const BUNDLE: Keys = Keys {
    place: "a bundle",
    known: &["id", "service", "rating_groups", "to", "zones", "amount", "priority", "then", "notify"],
    later: &["bands", "when", "validity"],
};
const TIER: Keys = Keys { place: "a tier", known: &["upto", "price"], later: &[] };
/// The most tiers of a rate.
const TIERS_MAX: usize = 32;
const DIRECTIONS: &[&str] = &["mo", "forward", "mt"];
const BONUS: &[&str] = &["first", "last", "never"];
const MODES: &[&str] = &["advance", "credit"];
const THEN: &[&str] = &["rates", "stop", "redirect:URL", "restrict:FILTER"];
const OUT_OF_MONEY: &[&str] = &["terminate", "redirect:URL", "restrict:FILTER"];

/// Reads `[plans]`.
pub(super) fn plans(faults: &mut Faults, names: &Names, entries: &[&Entry]) -> Vec<Written> {
    let resolved = resolved(faults, entries);
    let mut places: BTreeMap<&str, Origin> = BTreeMap::new();
    let mut plans = Vec::new();
    for entry in entries {
        if let Some(&first) = places.get(&*entry.key) {
            faults.clash(entry.origin, FaultKind::Twice { noun: Noun::Plan, name: entry.key.clone() }, first);
            continue;
        }
        places.insert(&entry.key, entry.origin);
        let Some(own) = faults.table(&entry.value) else { continue };
        let table = resolved.get(&*entry.key).unwrap_or(own);
        if next_place(faults, entry.origin, plans.len(), PLANS_MAX, "plans").is_none() {
            break;
        }
        plans.push(plan(faults, names, entry, table));
    }
    plans
}

fn plan(faults: &mut Faults, names: &Names, entry: &Entry, table: &Table) -> Written {
    faults.keys(table, PLAN);
    let mut limitations = Vec::new();
    let out_of_money = table
        .get("out_of_money")
        .and_then(|node| after(faults, &mut limitations, node, "out_of_money", OUT_OF_MONEY, &[]));
    let out_of_money = match out_of_money {
        Some(After::Limit(place)) => Some(place),
        Some(After::Word(_)) | None => None,
    };
    if let (Some(node), Some(limitation)) = (table.get("out_of_money"), limitations.first())
        && !names.services.iter().any(|service| service.takes(&limitation.action))
    {
        faults.warn(node.origin, FaultKind::NoneLimitable);
    }
    let announcements = table.get("announcements").and_then(|node| announcements(faults, node));
    let furnish = table.get("furnish").and_then(|node| furnish(faults, node));
    let before = faults.faults.len();
    let Priced { home: rates, abroad } = rates(faults, names, table.get("rate"), None);
    let abroad = roaming::of_plan(faults, names, table.get("roaming"), abroad);
    let rates_are_whole = faults.faults.len() == before;
    let (places, rates): (Vec<_>, Vec<_>) = rates.into_iter().unzip();
    let (bundles, bundle_zones) = bundles(faults, names, &mut limitations, table.get("bundle"));
    for (origin, bundle) in bundles.iter().filter(|(_, bundle)| rates_are_whole && bundle.then == Then::Rates)
    {
        let service = bundle.covers.service;
        let of_it = |rate: &Rate| rate.covers.service == service;
        if !rates.iter().any(of_it) && !abroad.rates.iter().any(|one| of_it(&one.rate)) {
            let (plan, service) = (entry.key.clone(), names.service_name(service));
            faults.add(*origin, FaultKind::NoRateAfter { bundle: bundle.id.clone(), plan, service });
        }
    }
    if table.get("rate").is_none() && table.get("bundle").is_none() {
        faults.add(entry.origin, FaultKind::SellsNothing { plan: entry.key.clone() });
    }
    let mut bundles: Vec<_> = bundles.into_iter().map(|(_, bundle)| bundle).collect();
    bundles.sort_by_key(|bundle| bundle.priority);
    let modes =
        table.get("modes").map_or_else(|| vec![Mode::Advance, Mode::Credit], |node| modes(faults, node));
    let (quotas, low_balance) = quotas(faults, names, table.get("quota"));
    let closed = table.get("closed").and_then(|node| faults.boolean(node)).unwrap_or(false);
    let mut without = Vec::new();
    for (origin, name) in table.get("without").map(|node| faults.texts(node)).unwrap_or_default() {
        let Some(service) = names.service_named(faults, origin, name) else { continue };
        let sold = |covers: &Covers| covers.service == service;
        if rates.iter().any(|rate| sold(&rate.covers)) || bundles.iter().any(|bundle| sold(&bundle.covers)) {
            faults.add(origin, FaultKind::Without { service: name.into() });
        }
        without.push(service);
    }
    let bonus = match table.get("bonus").and_then(|node| faults.word(node, BONUS)) {
        None | Some(0) => BonusOrder::First,
        Some(1) => BonusOrder::Last,
        Some(_) => BonusOrder::Never,
    };
    let fee = fees::fee(faults, table, &places, &bundles);
    let name = entry.key.clone();
    let roaming = PlanRoaming { bundles: bundle_zones, ..abroad };
    if rates.len().saturating_add(roaming.rates.len()) > LINES_MAX {
        let what = "rates in a plan, those of its zones included";
        faults.add(entry.origin, FaultKind::TooMany { what, most: LINES_MAX });
    }
    let plan = Plan {
        name,
        modes,
        bundles,
        rates,
        quotas,
        limitations,
        out_of_money,
        low_balance,
        announcements,
        fee,
        closed,
        without,
        roaming,
        furnish,
        bonus,
    };
    Written { plan, origin: entry.origin, rates: places }
}

/// Text for the client's records.
fn furnish(faults: &mut Faults, node: &Node) -> Option<Box<str>> {
    let text = faults.text(node)?;
    if text.len() > FURNISH_MAX {
        faults.add(node.origin, FaultKind::TooLong { what: "the words of `furnish`", most: FURNISH_MAX });
        return None;
    }
    Some(text.into())
}

/// A plan, where it stands, and where its rates do.
pub(super) struct Written {
    pub(super) plan: Plan,
    pub(super) origin: Origin,
    pub(super) rates: Vec<Origin>,
}

fn modes(faults: &mut Faults, node: &Node) -> Vec<Mode> {
    let mut modes = Vec::new();
    for (origin, text) in faults.texts(node) {
        let mode = match faults.word_of(origin, text, MODES) {
            Some(0) => Mode::Advance,
            Some(_) => Mode::Credit,
            None => continue,
        };
        if modes.contains(&mode) {
            faults.add(origin, FaultKind::Twice { noun: Noun::Mode, name: text.into() });
        } else {
            modes.push(mode);
        }
    }
    modes
}

/// What a rate or a bundle is for; none where there is a fault in it.
fn covers(faults: &mut Faults, names: &Names, table: &Table, place: &'static str) -> Option<Covers> {
    let before = faults.faults.len();
    let asked = match table.get("service") {
        Some(node) => {
            let name = faults.text(node)?;
            Some(names.service_named(faults, node.origin, name)?)
        }
        None => None,
    };
    let groups = table.get("rating_groups").map(|node| rating_groups(faults, names, node, asked));
    let first = groups
        .iter()
        .flatten()
        .next()
        .and_then(|number| names.groups.get(number))
        .map(|&(service, _)| service);
    let Some(service) = asked.or(first) else {
        if groups.is_none() {
            faults.add(table.origin, FaultKind::ForNothing { place });
        }
        return None;
    };
    let mut destinations = Vec::new();
    if let Some(node) = table.get("to") {
        if names.service(service).is_some_and(|service| service.unit == Unit::Octets) {
            faults.add(node.origin, FaultKind::NoDestinations { service: names.service_name(service) });
        }
        for (origin, name) in faults.texts(node) {
            destinations.extend(names.destination_named(faults, origin, name));
        }
    }
    // what is free is free at home
    let home = table.get("zones").is_none() && place != ZONE_RATE.place;
    for &number in groups.iter().flatten().filter(|number| home && names.free_groups.contains(number)) {
        faults.warn(table.origin, FaultKind::FreeGroup { number, place });
    }
    if groups.as_ref().is_some_and(Vec::is_empty) || faults.faults.len() > before {
        return None;
    }
    Some(Covers {
        service,
        rating_groups: sorted(groups.unwrap_or_default()),
        destinations: sorted(destinations),
    })
}

/// Rating groups of one service: of the one named, else of the first group's.
fn rating_groups(faults: &mut Faults, names: &Names, node: &Node, service: Option<ServiceIx>) -> Vec<u32> {
    let Value::List(list) = &node.value else {
        faults.add(node.origin, FaultKind::Kind { wanted: "a list of numbers", found: node.value.kind() });
        return Vec::new();
    };
    if list.is_empty() {
        faults.add(node.origin, FaultKind::Empty { what: "the list" });
    }
    let mut service = service;
    let mut numbers = Vec::new();
    for one in list {
        let Some(written) = faults.integer(one) else { continue };
        let Ok(number) = u32::try_from(written) else {
            faults.add(one.origin, FaultKind::Range { found: written, allowed: "0 to 4294967295" });
            continue;
        };
        if names.broken_groups.contains(&number) {
            return Vec::new();
        }
        let Some(&(owner, _)) = names.groups.get(&number) else {
            let name = number.to_string().into();
            faults.add(one.origin, FaultKind::Unknown { noun: Noun::RatingGroup, name, nearest: None });
            continue;
        };
        let wanted = *service.get_or_insert(owner);
        if wanted != owner {
            let (owner, service) = (names.service_name(owner), names.service_name(wanted));
            faults.add(one.origin, FaultKind::OtherService { number, owner, service });
        } else if numbers.contains(&number) {
            let name = number.to_string().into();
            faults.add(one.origin, FaultKind::Twice { noun: Noun::RatingGroup, name });
        } else {
            numbers.push(number);
        }
    }
    numbers
}

/// What the price of a rate in money buys where it says nothing else: a whole unit of the currency, in millionths.
const ONE_OF_MONEY: u64 = 1_000_000;

/// What the zones cost in every plan that sells them.
pub(super) fn zone_rates(faults: &mut Faults, names: &Names, table: Option<&Table>) -> Vec<Arc<ZoneRate>> {
    let zones = roaming::rates_of_zones(names, table);
    zones.into_iter().flat_map(|(zone, node)| rates(faults, names, Some(node), Some(zone)).abroad).collect()
}

/// The rates of a plan, or of a zone.
fn rates(faults: &mut Faults, names: &Names, node: Option<&Node>, zone: Option<ZoneIx>) -> Priced {
    let mut rates = Priced::default();
    let mut seen: BTreeMap<_, Origin> = BTreeMap::new();
    for table in faults.tables(node) {
        let keys = if zone.is_some() { ZONE_RATE } else { RATE };
        faults.keys(table, keys);
        let places = match zone {
            Some(zone) => Some(Places { home: false, zones: vec![zone] }),
            None => roaming::places(faults, names, table),
        };
        let covers = covers(faults, names, table, keys.place);
        let price = match (table.get("tiers"), table.get("price")) {
            (None, _) => faults.needed(table, "price", keys.place).and_then(|node| faults.price(node)),
            (Some(_), None) => Some(Money::ZERO),
            (Some(tiers), Some(_)) => {
                faults.add(tiers.origin, FaultKind::Tiers("a rate has `price` or `tiers`, not both"));
                None
            }
        };
        let direction = match table.get("direction").map(|node| (node.origin, faults.word(node, DIRECTIONS)))
        {
            None => Some((table.origin, Direction::Outgoing)),
            Some((_, None)) => None,
            Some((origin, Some(0))) => Some((origin, Direction::Originated)),
            Some((origin, Some(1))) => Some((origin, Direction::Forwarded)),
            Some((origin, Some(_))) => Some((origin, Direction::Incoming)),
        };
        let connect = match table.get("connect") {
            Some(node) => faults.price(node),
            None => Some(Money::ZERO),
        };
        let (Some(covers), Some(places)) = (covers, places) else { continue };
        let unit = names.service(covers.service).map_or(Unit::Pieces, |service| service.unit);
        let per = match (table.get("per"), unit) {
            (Some(node), _) => faults.amount(node, unit),
            (None, Unit::Pieces) => Some(1),
            (None, Unit::Money) => Some(ONE_OF_MONEY),
            (None, Unit::Octets | Unit::Seconds) => {
                faults.add(table.origin, FaultKind::Missing { key: "per", place: keys.place });
                None
            }
        };
        // money is not rounded to steps where nobody says so
        let usual = if unit == Unit::Money { Some(1) } else { per };
        let step = table.get("step").map_or(usual, |node| faults.amount(node, unit));
        let first = table.get("first").map_or(Some(0), |node| faults.amount(node, unit));
        let when = table.get("when").is_some();
        let (price, tiers) = match table.get("tiers") {
            Some(node) => {
                if let Some(bands) = table.get("bands") {
                    faults.add(bands.origin, FaultKind::Tiers("a rate with tiers has no prices in bands"));
                }
                tiers(faults, node, unit).unzip()
            }
            None => (price, Some(Vec::new())),
        };
        let Some((place, direction)) = direction else { continue };
        if direction == Direction::Incoming {
            let to = table.get("to").map(|node| node.origin);
            // what a call that comes in costs abroad is the zone's affair
            let call = (unit == Unit::Seconds && places.home).then_some(place);
            if let Some(origin) = call.or(to) {
                faults.add(origin, FaultKind::Incoming);
                continue;
            }
        }
        let key = |place| {
            let covers = covers.clone();
            (covers.service, covers.rating_groups, covers.destinations, direction, place, when)
        };
        if let Some(&earlier) = places.each().find_map(|place| seen.get(&key(place))) {
            faults.clash(table.origin, FaultKind::SameCovers, earlier);
            continue;
        }
        seen.extend(places.each().map(|place| (key(place), table.origin)));
        let in_bands = table.get("bands").map(|node| bands::prices(faults, names, node)).unwrap_or_default();
        let (Some(price), Some(tiers), Some(per), Some(step), Some(first), Some(connect)) =
            (price, tiers, per, step, first, connect)
        else {
            continue;
        };
        let so_far = rates.home.len().saturating_add(rates.abroad.len());
        if next_place(faults, table.origin, so_far, LINES_MAX, "rates in a plan").is_none() {
            break;
        }
        let name = rate_name(names, &covers, direction, &places);
        let bands = Vec::new();
        let mut rate = Rate { covers, name, price, per, step, first, connect, tiers, direction, bands };
        rate.bands = bands::in_bands(names, &rate, &in_bands);
        for mut rate in roaming::legs(faults, table, rate, &places, unit) {
            rate.name = rate_name(names, &rate.covers, rate.direction, &places);
            roaming::place(&mut rates, table.origin, rate, &places);
        }
    }
    rates
}

/// The price of the first tier, and the tiers after it: each but the last says up to how many units it goes.
fn tiers(faults: &mut Faults, node: &Node, unit: Unit) -> Option<(Money, Vec<Tier>)> {
    let tables = faults.tables(Some(node));
    if tables.len() < 2 || tables.len() > TIERS_MAX {
        faults.add(
            node.origin,
            FaultKind::Tiers("`tiers` is a list of 2 to 32 tables with `upto` and `price`"),
        );
        return None;
    }
    let mut first = None;
    let (mut found, mut from, mut sound) = (Vec::new(), 0u64, true);
    let last = tables.len().saturating_sub(1);
    for (place, table) in tables.into_iter().enumerate() {
        faults.keys(table, TIER);
        let price = faults.needed(table, "price", TIER.place).and_then(|node| faults.price(node));
        match (price, place) {
            (Some(price), 0) => first = Some(price),
            (Some(price), _) => found.push(Tier { from, price }),
            (None, _) => sound = false,
        }
        let upto = match (table.get("upto"), place == last) {
            (Some(node), true) => {
                faults.add(node.origin, FaultKind::Tiers("the last tier has no end: leave `upto` out"));
                None
            }
            (None, true) => continue,
            (Some(node), false) => faults.amount(node, unit).map(|upto| (node.origin, upto)),
            (None, false) => {
                faults.add(table.origin, FaultKind::Missing { key: "upto", place: TIER.place });
                None
            }
        };
        match upto {
            Some((_, upto)) if upto > from => from = upto,
            Some((origin, _)) => {
                faults.add(origin, FaultKind::Tiers("each tier ends after the one before it"));
                sound = false;
            }
            None => sound = false,
        }
    }
    first.filter(|_| sound).map(|first| (first, found))
}

/// What people call a rate: the service, its groups, where it goes, the zones in which it holds, which leg.
fn rate_name(names: &Names, covers: &Covers, direction: Direction, places: &Places) -> Box<str> {
    let mut name = String::from(names.service_name(covers.service));
    for (number, before) in covers.rating_groups.iter().zip([" "].into_iter().chain(core::iter::repeat(",")))
    {
        let _ = write!(name, "{before}{number}");
    }
    for (to, before) in covers.destinations.iter().zip([" to "].into_iter().chain(core::iter::repeat(", "))) {
        if let Some(destination) = names.destinations.get(usize::from(to.0)) {
            let _ = write!(name, "{before}{}", destination.name);
        }
    }
    let named = |zone: &ZoneIx| names.zone_places.iter().find(|(_, (place, _))| place == zone);
    let zones = places.zones.iter().filter_map(named).map(|(name, _)| name);
    for (zone, before) in zones.zip([" in "].into_iter().chain(core::iter::repeat(", "))) {
        let _ = write!(name, "{before}{zone}");
    }
    if let Some(word) = direction.word() {
        let _ = write!(name, " ({word})");
    }
    name.into()
}

fn bundles(
    faults: &mut Faults,
    names: &Names,
    limitations: &mut Vec<Limitation>,
    node: Option<&Node>,
) -> (Vec<(Origin, Bundle)>, Vec<BundleZones>) {
    let (mut bundles, mut abroad) = (Vec::new(), Vec::new());
    let mut ids: BTreeMap<&str, Origin> = BTreeMap::new();
    for table in faults.tables(node) {
        faults.keys(table, BUNDLE);
        let covers = covers(faults, names, table, BUNDLE.place);
        let places = roaming::places(faults, names, table);
        let id =
            faults.needed(table, "id", BUNDLE.place).and_then(|node| Some((node.origin, faults.text(node)?)));
        if let Some((origin, id)) = id
            && let Some(first) = ids.insert(id, origin)
        {
            faults.clash(origin, FaultKind::Twice { noun: Noun::Bundle, name: id.into() }, first);
        }
        let then = match table.get("then") {
            Some(node) => after(faults, limitations, node, "then", THEN, &["fair_use:"]),
            None => Some(After::Word(0)),
        };
        let priority = table.get("priority").map_or(Some(0), |node| {
            let written = faults.integer(node)?;
            let priority = i32::try_from(written).ok();
            if priority.is_none() {
                faults.add(
                    node.origin,
                    FaultKind::Range { found: written, allowed: "a whole number of 32 bits" },
                );
            }
            priority
        });
        let amount = faults.needed(table, "amount", BUNDLE.place);
        let Some(covers) = covers else { continue };
        let unit = names.service(covers.service).map_or(Unit::Pieces, |service| service.unit);
        let amount = amount.and_then(|node| faults.amount(node, unit));
        if let (Some(node), Some(After::Limit(place))) = (table.get("then"), then) {
            let limitation = limitations.get(usize::from(place.0));
            if !limitation
                .zip(names.service(covers.service))
                .is_none_or(|(by, service)| service.takes(&by.action))
            {
                faults.add(
                    node.origin,
                    FaultKind::NotLimitable { service: names.service_name(covers.service) },
                );
            }
        }
        let (Some((origin, id)), Some(then), Some(priority), Some(count), Some(places)) =
            (id, then, priority, amount, places)
        else {
            continue;
        };
        if next_place(faults, table.origin, bundles.len(), LINES_MAX, "bundles in a plan").is_none() {
            break;
        }
        let then = match then {
            After::Word(0) => Then::Rates,
            After::Word(_) => Then::Stop,
            After::Limit(place) => Then::Limit(place),
        };
        if places != Places::HOME {
            let Places { home, zones } = places;
            abroad.push(BundleZones { bundle: id.into(), home, zones });
        }
        let amount = Amount::new(unit, count);
        let notify = table.get("notify").map(|node| faults.thresholds(node).unwrap_or_default());
        bundles.push((origin, Bundle { id: id.into(), covers, amount, priority, then, notify }));
    }
    (bundles, abroad)
}
