//! The sections that plans refer to: services, numbers, destinations, rating groups.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::fault::{FaultKind, Noun};
use super::reader::{Faults, Keys};
use super::tree::{Entry, Node, Origin, Row, Table, Value};
use crate::charging::catalogue::{
    Band, BandIx, Destination, DestinationIx, RatingGroup, Service, ServiceIx, ZoneIx, ZoneRate,
};
use crate::charging::free_numbers::{Called, FreeNumbers};
use crate::charging::units::{Digits, Unit};

/// The most services.
const SERVICES_MAX: usize = 1_000;
/// The most destinations: their places fit in 16 bits, with one to spare for "none".
const DESTINATIONS_MAX: usize = 65_000;

const SERVICE: Keys = Keys { place: "a service", known: &["context", "unit", "max_call"], later: &[] };
const NUMBERS: Keys = Keys { place: "[numbers]", known: &["emergency", "free"], later: &[] };
const DESTINATION: Keys = Keys { place: "a destination", known: &["prefix", "short", "file"], later: &[] };
const GROUP: Keys = Keys { place: "a rating group", known: &["service", "class", "price"], later: &[] };
const UNITS: &[&str] = &["octets", "seconds", "pieces", "money"];

/// Contexts whose unit is known: TS 32.299 §7.1.12.
const CONTEXTS: [(&str, Unit); 9] = [
    ("32251@3gpp.org", Unit::Octets),
    ("32253@3gpp.org", Unit::Octets),
    ("32260@3gpp.org", Unit::Seconds),
    ("32276@3gpp.org", Unit::Seconds),
    ("32270@3gpp.org", Unit::Pieces),
    ("32271@3gpp.org", Unit::Pieces),
    ("32274@3gpp.org", Unit::Pieces),
    ("32275@3gpp.org", Unit::Pieces),
    ("32278@3gpp.org", Unit::Pieces),
];

/// What names stand for.
#[derive(Clone, Default, Debug)]
pub(super) struct Names {
    pub(super) services: Vec<Service>,
    pub(super) service_places: BTreeMap<Box<str>, (ServiceIx, Origin)>,
    pub(super) groups: BTreeMap<u32, (ServiceIx, Origin)>,
    pub(super) free_groups: BTreeSet<u32>,
    /// Groups and services that have faults of their own: what names them is not told again.
    pub(super) broken_groups: BTreeSet<u32>,
    broken_services: BTreeSet<Box<str>>,
    pub(super) destinations: Vec<Destination>,
    pub(super) destination_places: BTreeMap<Box<str>, (DestinationIx, Origin)>,
    pub(super) bands: Vec<Band>,
    pub(super) band_places: BTreeMap<Box<str>, (BandIx, Origin)>,
    pub(super) broken_bands: BTreeSet<Box<str>>,
    pub(super) zone_places: BTreeMap<Box<str>, (ZoneIx, Origin)>,
    /// What the zones cost in every plan that sells them.
    pub(super) zone_rates: Vec<Arc<ZoneRate>>,
}

impl Names {
    pub(super) fn service(&self, place: ServiceIx) -> Option<&Service> {
        self.services.get(usize::from(place.0))
    }

    pub(super) fn service_name(&self, place: ServiceIx) -> Box<str> {
        self.service(place).map(|service| service.name.clone()).unwrap_or_default()
    }

    /// The service of a name; an unknown one is a fault.
    pub(super) fn service_named(&self, faults: &mut Faults, origin: Origin, name: &str) -> Option<ServiceIx> {
        if self.broken_services.contains(name) {
            return None;
        }
        named(&self.service_places, faults, origin, Noun::Service, name)
    }

    /// The destination of a name; an unknown one is a fault.
    pub(super) fn destination_named(
        &self,
        faults: &mut Faults,
        origin: Origin,
        name: &str,
    ) -> Option<DestinationIx> {
        named(&self.destination_places, faults, origin, Noun::Destination, name)
    }

    /// The band of time of a name; an unknown one is a fault.
    pub(super) fn band_named(&self, faults: &mut Faults, origin: Origin, name: &str) -> Option<BandIx> {
        if self.broken_bands.contains(name) {
            return None;
        }
        named(&self.band_places, faults, origin, Noun::Band, name)
    }

    /// The roaming zone of a name; an unknown one is a fault.
    pub(super) fn zone_named(&self, faults: &mut Faults, origin: Origin, name: &str) -> Option<ZoneIx> {
        named(&self.zone_places, faults, origin, Noun::Zone, name)
    }
}

fn named<T: Copy>(
    places: &BTreeMap<Box<str>, (T, Origin)>,
    faults: &mut Faults,
    origin: Origin,
    noun: Noun,
    name: &str,
) -> Option<T> {
    if let Some(&(place, _)) = places.get(name) {
        return Some(place);
    }
    let nearest = super::nearest::nearest(name, places.keys().map(|name| &**name)).map(Box::from);
    faults.add(origin, FaultKind::Unknown { noun, name: name.into(), nearest });
    None
}

/// Reads `[services]`.
pub(super) fn services<'t>(faults: &mut Faults, names: &mut Names, entries: impl Iterator<Item = &'t Entry>) {
    let mut contexts: BTreeMap<String, Origin> = BTreeMap::new();
    for entry in entries {
        if let Some(&(_, first)) = names.service_places.get(&entry.key) {
            faults.clash(
                entry.origin,
                FaultKind::Twice { noun: Noun::Service, name: entry.key.clone() },
                first,
            );
            continue;
        }
        let Some(service) = service(faults, &mut contexts, entry) else {
            names.broken_services.insert(entry.key.clone());
            continue;
        };
        let most = SERVICES_MAX;
        let Some(place) = next_place(faults, entry.origin, names.services.len(), most, "services") else {
            return;
        };
        names.service_places.insert(entry.key.clone(), (ServiceIx(place), entry.origin));
        names.services.push(service);
    }
}

fn service(faults: &mut Faults, contexts: &mut BTreeMap<String, Origin>, entry: &Entry) -> Option<Service> {
    let table = faults.table(&entry.value)?;
    faults.keys(table, SERVICE);
    let node = faults.needed(table, "context", SERVICE.place)?;
    let context = faults.text(node)?;
    if let Some(first) = contexts.insert(context.to_ascii_lowercase(), node.origin) {
        faults.clash(node.origin, FaultKind::Twice { noun: Noun::Context, name: context.into() }, first);
    }
    let known = CONTEXTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(context)).map(|&(_, unit)| unit);
    let unit = match (table.get("unit").map(|node| faults.word(node, UNITS)), known) {
        (Some(word), _) => match word? {
            0 => Unit::Octets,
            1 => Unit::Seconds,
            2 => Unit::Pieces,
            _ => Unit::Money,
        },
        (None, Some(unit)) => unit,
        (None, None) => {
            faults.add(node.origin, FaultKind::NoUnit { context: context.into() });
            return None;
        }
    };
    let max_call = table.get("max_call").filter(|node| {
        let timed = unit == Unit::Seconds;
        if !timed {
            faults.add(node.origin, FaultKind::MaxCall { service: entry.key.clone() });
        }
        timed
    });
    let max_call_secs = max_call.and_then(|node| faults.seconds(node)).map(u64::from);
    Some(Service { name: entry.key.clone(), context: context.into(), unit, max_call_secs })
}

/// Reads `[numbers]`, whose lists replace the defaults.
pub(super) fn numbers(faults: &mut Faults, table: Option<&Table>) -> FreeNumbers {
    if let Some(table) = table {
        faults.keys(table, NUMBERS);
    }
    let mut list = |key: &str, defaults: &[&str]| match table.and_then(|table| table.get(key)) {
        Some(node) => listed_numbers(faults, node),
        None => defaults.iter().filter_map(|text| Digits::parse(text)).collect(),
    };
    let emergency = list("emergency", &FreeNumbers::DEFAULT_EMERGENCY);
    let free = list("free", &FreeNumbers::DEFAULT_FREE);
    let unified = Digits::parse("112");
    if let Some(node) = table.and_then(|table| table.get("emergency"))
        && !emergency.iter().any(|&number| Some(number) == unified)
    {
        faults.warn(node.origin, FaultKind::No112);
    }
    FreeNumbers::new(&emergency, &free)
}

fn listed_numbers(faults: &mut Faults, node: &Node) -> Vec<Digits> {
    if matches!(&node.value, Value::List(list) if list.is_empty()) {
        return Vec::new();
    }
    let mut seen = BTreeMap::new();
    for (origin, text) in faults.texts(node) {
        let allowed = "two to fifteen digits, a short code or a full number without +";
        let Some(digits) = faults.digits(origin, text, Noun::Number, (2, Digits::MAX_LEN), allowed) else {
            continue;
        };
        if let Some(first) = seen.insert(digits, origin) {
            faults.clash(origin, FaultKind::Twice { noun: Noun::Number, name: text.into() }, first);
        }
    }
    seen.into_keys().collect()
}

/// Reads `[destinations]`, and the files that it names.
pub(super) fn destinations<'t>(
    faults: &mut Faults,
    names: &mut Names,
    entries: impl Iterator<Item = &'t Entry>,
) {
    let mut files = Vec::new();
    for entry in entries {
        let Some(table) = faults.table(&entry.value) else { continue };
        faults.keys(table, DESTINATION);
        let mut seen = BTreeMap::new();
        let prefixes = numbers_of(faults, table.get("prefix"), Noun::Prefix, &mut seen);
        let codes = numbers_of(faults, table.get("short"), Noun::Code, &mut BTreeMap::new());
        let rows = table.get("file").and_then(|node| faults.rows(node));
        if ["prefix", "short", "file"].iter().all(|key| table.get(key).is_none()) {
            faults.add(table.origin, FaultKind::Missing { key: "prefix", place: DESTINATION.place });
        }
        let whole = Destination { name: entry.key.clone(), prefixes, codes, whole_file: rows.is_some() };
        let Some(place) = add_destination(faults, names, entry.origin, whole) else { continue };
        if let Some(rows) = rows {
            files.push((place, rows, seen));
        }
    }
    for (place, rows, seen) in files {
        file_of_destinations(faults, names, place, rows, seen);
    }
}

/// Takes in the rows of a file: each prefix belongs to the row's destination and to the file's.
fn file_of_destinations(
    faults: &mut Faults,
    names: &mut Names,
    whole: DestinationIx,
    rows: &[Row],
    mut seen: BTreeMap<Digits, Origin>,
) {
    let mut own: BTreeMap<&str, Option<DestinationIx>> = BTreeMap::new();
    let name =
        names.destinations.get(usize::from(whole.0)).map(|whole| whole.name.clone()).unwrap_or_default();
    own.insert(&name, None);
    for row in rows {
        let Some(prefix) = prefix_of(faults, row.origin, &row.prefix, &mut seen) else { continue };
        if row.destination.trim().is_empty() {
            faults.add(row.origin, FaultKind::Empty { what: "the destination of a row" });
            continue;
        }
        let place = *own.entry(&row.destination).or_insert_with(|| {
            let destination = Destination {
                name: row.destination.clone(),
                prefixes: Vec::new(),
                codes: Vec::new(),
                whole_file: false,
            };
            add_destination(faults, names, row.origin, destination)
        });
        for place in place.into_iter().chain([whole]) {
            if let Some(destination) = names.destinations.get_mut(usize::from(place.0)) {
                destination.prefixes.push(prefix);
            }
        }
    }
}

fn add_destination(
    faults: &mut Faults,
    names: &mut Names,
    origin: Origin,
    destination: Destination,
) -> Option<DestinationIx> {
    if let Some(&(_, first)) = names.destination_places.get(&destination.name) {
        faults.clash(origin, FaultKind::Twice { noun: Noun::Destination, name: destination.name }, first);
        return None;
    }
    let place = next_place(faults, origin, names.destinations.len(), DESTINATIONS_MAX, "destinations")?;
    names.destination_places.insert(destination.name.clone(), (DestinationIx(place), origin));
    names.destinations.push(destination);
    Some(DestinationIx(place))
}

fn numbers_of(
    faults: &mut Faults,
    node: Option<&Node>,
    noun: Noun,
    seen: &mut BTreeMap<Digits, Origin>,
) -> Vec<Digits> {
    let mut all = Vec::new();
    for (origin, text) in node.map(|node| faults.texts(node)).unwrap_or_default() {
        if noun == Noun::Prefix {
            all.extend(prefix_of(faults, origin, text, seen));
            continue;
        }
        let allowed = "two to five digits";
        let Some(code) = faults.digits(origin, text, noun, (2, Called::SHORT_MAX), allowed) else { continue };
        match seen.insert(code, origin) {
            Some(first) => faults.clash(origin, FaultKind::Twice { noun, name: text.into() }, first),
            None => all.push(code),
        }
    }
    all
}

fn prefix_of(
    faults: &mut Faults,
    origin: Origin,
    text: &str,
    seen: &mut BTreeMap<Digits, Origin>,
) -> Option<Digits> {
    let allowed = "digits only, country code first, without + and at most fifteen";
    let prefix = faults.digits(origin, text, Noun::Prefix, (1, Digits::MAX_LEN), allowed)?;
    if text == "7" {
        faults.warn(origin, FaultKind::WidePrefix);
    }
    if let Some(first) = seen.insert(prefix, origin) {
        faults.clash(origin, FaultKind::Twice { noun: Noun::Prefix, name: text.into() }, first);
        return None;
    }
    Some(prefix)
}

/// Reads `[rating_groups]`.
pub(super) fn rating_groups<'t>(
    faults: &mut Faults,
    names: &mut Names,
    entries: impl Iterator<Item = &'t Entry>,
) -> Vec<RatingGroup> {
    let mut groups = Vec::new();
    for entry in entries {
        let digits = entry.key.bytes().all(|octet| octet.is_ascii_digit());
        let Some(number) = entry.key.parse::<u32>().ok().filter(|_| digits) else {
            let allowed = "a whole number from 0 to 4294967295";
            faults.add(
                entry.origin,
                FaultKind::Digits { noun: Noun::RatingGroup, found: entry.key.clone(), allowed },
            );
            continue;
        };
        if let Some(&(_, first)) = names.groups.get(&number) {
            let name = number.to_string().into();
            faults.clash(entry.origin, FaultKind::Twice { noun: Noun::RatingGroup, name }, first);
            continue;
        }
        match rating_group(faults, names, entry, number) {
            Some(group) => {
                names.groups.insert(number, (group.service, entry.origin));
                if group.free {
                    names.free_groups.insert(number);
                }
                groups.push(group);
            }
            None => {
                names.broken_groups.insert(number);
            }
        }
    }
    groups
}

fn rating_group(faults: &mut Faults, names: &Names, entry: &Entry, number: u32) -> Option<RatingGroup> {
    let table = faults.table(&entry.value)?;
    faults.keys(table, GROUP);
    let class = table.get("class").and_then(|node| faults.text(node)).map(Box::from);
    let price = table.get("price").and_then(|node| Some((node.origin, faults.price(node)?)));
    if let Some((origin, _)) = price.filter(|(_, price)| !price.is_zero()) {
        faults.add(origin, FaultKind::GroupPrice);
    }
    let node = faults.needed(table, "service", GROUP.place)?;
    let name = faults.text(node)?;
    let service = names.service_named(faults, node.origin, name)?;
    Some(RatingGroup { number, service, class, free: price.is_some() })
}

/// The place of the next of a list; a fault where there are too many.
pub(super) fn next_place(
    faults: &mut Faults,
    origin: Origin,
    len: usize,
    most: usize,
    what: &'static str,
) -> Option<u16> {
    let place = u16::try_from(len).ok().filter(|_| len < most);
    if place.is_none() && !faults.faults.iter().any(|fault| fault.kind == (FaultKind::TooMany { what, most }))
    {
        faults.add(origin, FaultKind::TooMany { what, most });
    }
    place
}

/// The numbers of a list, each once, sorted.
pub(super) fn sorted<T: Ord>(list: impl IntoIterator<Item = T>) -> Vec<T> {
    list.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}
