//! Bands of time and holidays, and the prices that rates have in bands.

use std::collections::BTreeMap;

use super::fault::{FaultKind, Noun};
use super::reader::{Faults, Keys};
use super::sections::{Names, next_place};
use super::tree::{Entry, Node, Origin, Table, Value};
use crate::charging::catalogue::{Band, BandIx, BandRate, DAY_SECS, Holidays, Rate, Weekdays};
use crate::charging::units::Money;
use crate::time::day_number;

/// The most bands of a tariff: their places fit in 16 bits, with one to spare for "none".
const BANDS_MAX: usize = 1_000;
/// The most holidays.
const HOLIDAYS_MAX: usize = 10_000;
/// The years in which holidays of every year are.
const YEARS: core::ops::RangeInclusive<i16> = 1970..=2199;

const BAND: Keys = Keys { place: "a band of time", known: &["from", "to", "days", "holidays"], later: &[] };
const HOLIDAYS: Keys = Keys { place: "[holidays]", known: &["dates"], later: &[] };
const CLOCK: &str = "a time of the day is hours and minutes, \"00:00\" to \"23:59\", and \"24:00\" as an end";
const DATE: &str = "a date is \"2026-03-08\", or \"12-16\" for every year";

/// Reads `[holidays]`.
pub(super) fn holidays(faults: &mut Faults, table: Option<&Table>) -> Holidays {
    let mut holidays = Holidays::default();
    let Some(table) = table else { return holidays };
    faults.keys(table, HOLIDAYS);
    let Some(node) = faults.needed(table, "dates", HOLIDAYS.place) else { return holidays };
    let mut seen: BTreeMap<Box<str>, Origin> = BTreeMap::new();
    for (origin, text) in dates(faults, node) {
        let Some(days) = days_of(&text) else {
            faults.add(origin, FaultKind::Clock { found: text, allowed: DATE });
            continue;
        };
        if let Some(first) = seen.insert(text.clone(), origin) {
            faults.clash(origin, FaultKind::Twice { noun: Noun::Holiday, name: text }, first);
            continue;
        }
        let most = HOLIDAYS_MAX;
        if next_place(faults, origin, holidays.written.len(), most, "holidays").is_none() {
            break;
        }
        holidays.days.extend(days);
        holidays.written.push(text);
    }
    holidays.days.sort_unstable();
    holidays.days.dedup();
    holidays
}

/// The dates of a list, in quotes or without.
fn dates(faults: &mut Faults, node: &Node) -> Vec<(Origin, Box<str>)> {
    let Value::List(list) = &node.value else {
        faults.add(node.origin, FaultKind::Kind { wanted: "a list of dates", found: node.value.kind() });
        return Vec::new();
    };
    let mut dates = Vec::new();
    for one in list {
        match &one.value {
            Value::Moment(text) => dates.push((one.origin, text.clone())),
            _ => dates.extend(faults.text(one).map(|text| (one.origin, text.into()))),
        }
    }
    dates
}

/// The days that a date stands for: one, or one of each year that has it.
fn days_of(text: &str) -> Option<Vec<i64>> {
    let number = |digits: &str, len: usize| -> Option<i16> {
        let fits = digits.len() == len && digits.bytes().all(|octet| octet.is_ascii_digit());
        digits.parse().ok().filter(|_| fits)
    };
    let parts: Vec<_> = text.split('-').collect();
    let day = |year, month: &str, day: &str| {
        let (month, day) = (number(month, 2)?, number(day, 2)?);
        day_number(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?)
    };
    let days: Vec<_> = match parts.as_slice() {
        [year, month, date] => day(number(year, 4)?, month, date).into_iter().collect(),
        [month, date] => YEARS.filter_map(|year| day(year, month, date)).collect(),
        _ => Vec::new(),
    };
    (!days.is_empty()).then_some(days)
}

/// Reads `[bands]`.
pub(super) fn bands<'t>(
    faults: &mut Faults,
    names: &mut Names,
    has_holidays: bool,
    entries: impl Iterator<Item = &'t Entry>,
) {
    for entry in entries {
        if let Some(&(_, first)) = names.band_places.get(&entry.key) {
            faults.clash(entry.origin, FaultKind::Twice { noun: Noun::Band, name: entry.key.clone() }, first);
            continue;
        }
        let before = faults.faults.len();
        let Some(table) = faults.table(&entry.value) else {
            names.broken_bands.insert(entry.key.clone());
            continue;
        };
        let band = band(faults, entry, table, has_holidays);
        let (true, Some(band)) = (faults.faults.len() == before, band) else {
            names.broken_bands.insert(entry.key.clone());
            continue;
        };
        let Some(place) = next_place(faults, entry.origin, names.bands.len(), BANDS_MAX, "bands of time")
        else {
            return;
        };
        names.band_places.insert(entry.key.clone(), (BandIx(place), entry.origin));
        names.bands.push(band);
    }
}

fn band(faults: &mut Faults, entry: &Entry, table: &Table, has_holidays: bool) -> Option<Band> {
    faults.keys(table, BAND);
    let (from, to) = match (table.get("from"), table.get("to")) {
        (None, None) => (0, DAY_SECS),
        (from, to) => {
            for (key, node) in [("from", from), ("to", to)] {
                if node.is_none() {
                    faults.add(table.origin, FaultKind::Missing { key, place: BAND.place });
                }
            }
            let from = from.and_then(|node| clock(faults, node, DAY_SECS.saturating_sub(60)));
            let end = to.and_then(|node| clock(faults, node, DAY_SECS));
            if let (true, Some(node)) = (from.is_some() && from == end, to) {
                faults.add(node.origin, FaultKind::WholeDay);
            }
            (from?, end?)
        }
    };
    let days = table.get("days").map(|node| weekdays(faults, node));
    let holidays = table.get("holidays").and_then(|node| {
        if !has_holidays {
            faults.add(node.origin, FaultKind::NoHolidays);
        }
        faults.boolean(node)
    });
    let (days, holidays) = match (days, holidays) {
        (None, None) => (Weekdays::ALL, Weekdays::ALL),
        (None, Some(true)) => (Weekdays::NONE, Weekdays::ALL),
        (None, Some(false)) => (Weekdays::ALL, Weekdays::NONE),
        (Some(days), None) => (days, days),
        (Some(days), Some(true)) => (days, Weekdays::ALL),
        (Some(days), Some(false)) => (days, Weekdays::NONE),
    };
    Some(Band { name: entry.key.clone(), from, to, days, holidays })
}

/// A time of the day in seconds, at most so late.
fn clock(faults: &mut Faults, node: &Node, latest: u32) -> Option<u32> {
    let text = faults.text(node)?;
    let number = |digits: &str| {
        let fits = digits.len() == 2 && digits.bytes().all(|octet| octet.is_ascii_digit());
        digits.parse::<u32>().ok().filter(|_| fits)
    };
    let read = || {
        let (hours, minutes) = text.split_once(':')?;
        let minutes = number(minutes).filter(|&minutes| minutes < 60)?;
        let secs = number(hours)?.saturating_mul(3_600).saturating_add(minutes.saturating_mul(60));
        (secs <= latest).then_some(secs)
    };
    let found = read();
    if found.is_none() {
        faults.add(node.origin, FaultKind::Clock { found: text.into(), allowed: CLOCK });
    }
    found
}

fn weekdays(faults: &mut Faults, node: &Node) -> Weekdays {
    const NAMES: &[&str] = &Weekdays::NAMES;
    let mut days = Weekdays::NONE;
    for (origin, text) in faults.texts(node) {
        let Some(day) = faults.word_of(origin, text, NAMES).and_then(|place| u8::try_from(place).ok()) else {
            continue;
        };
        if days.has(day) {
            faults.add(origin, FaultKind::Twice { noun: Noun::Day, name: text.into() });
        }
        days = days.with(day);
    }
    days
}

/// The prices that a rate has in bands of time; no two of these may hold at once.
pub(super) fn prices(faults: &mut Faults, names: &Names, node: &Node) -> Vec<(BandIx, Money)> {
    let Some(table) = faults.table(node) else { return Vec::new() };
    if table.entries.is_empty() {
        faults.add(node.origin, FaultKind::Empty { what: "the list of bands" });
    }
    let mut found: Vec<(BandIx, &Band, Origin)> = Vec::new();
    let mut prices = Vec::new();
    for entry in &table.entries {
        let price = faults.price(&entry.value);
        let Some(place) = names.band_named(faults, entry.origin, &entry.key) else { continue };
        let Some(band) = names.bands.get(usize::from(place.0)) else { continue };
        if let Some(&(_, other, origin)) = found.iter().find(|(_, other, _)| other.overlaps(band)) {
            let (one, other) = (band.name.clone(), other.name.clone());
            faults.clash(entry.origin, FaultKind::Overlap { one, other }, origin);
            continue;
        }
        found.push((place, band, entry.origin));
        prices.extend(price.map(|price| (place, price)));
    }
    prices
}

/// The rate in its bands of time.
pub(super) fn in_bands(names: &Names, rate: &Rate, prices: &[(BandIx, Money)]) -> Vec<BandRate> {
    let in_band = |&(band, price): &(BandIx, Money)| {
        let name = names.bands.get(usize::from(band.0)).map_or("", |band| &*band.name);
        let name = format!("{}, {name}", rate.name).into();
        BandRate { band, rate: Rate { name, price, bands: Vec::new(), ..rate.clone() } }
    };
    prices.iter().map(in_band).collect()
}

/// Warns of bands that no rate has a price for.
pub(super) fn unused(faults: &mut Faults, names: &Names, rates: &[&Rate]) {
    for (place, origin) in names.band_places.values() {
        if !rates.iter().any(|rate| rate.bands.iter().any(|one| one.band == *place)) {
            let name = names.bands.get(usize::from(place.0)).map(|band| band.name.clone());
            faults.warn(*origin, FaultKind::UnusedBand { name: name.unwrap_or_default() });
        }
    }
}
