//! `gyro tariff diff`: what differs between two tariffs, rule by rule, by the names of things.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::{read, show};
use crate::charging::account::Mode;
use crate::charging::catalogue::{BonusOrder, Bundle, Catalogue, Plan, Then};
use crate::charging::units::Unit;
use crate::cli::print::{self, Row};
use crate::cli::{Rows, Status};

/// Something that differs.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
#[expect(clippy::struct_field_names, reason = "the names are those of the JSON")]
struct Change {
    /// `added`, `removed`, `dearer`, `cheaper` or `changed`.
    change: &'static str,
    /// The plan, where it is of one.
    plan: String,
    /// What: `rate`, `bundle`, `plan`, `destination` and the like.
    what: &'static str,
    /// Its name.
    name: String,
    before: String,
    after: String,
}

impl Row for Change {
    const HEADS: &'static [&'static str] = &["change", "plan", "what", "name", "before", "after"];

    fn cells(&self) -> Vec<String> {
        let Self { change, plan, what, name, before, after } = self.clone();
        vec![change.into(), plan, what.into(), name, before, after]
    }
}

/// Compares two tariffs; a difference is no failure.
pub(super) fn run(
    before: &Path,
    after: &Path,
    output: Rows,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Status> {
    let (before, after) = (read(before, err)?, read(after, err)?);
    let (Some(before), Some(after)) = (before, after) else { return Ok(Status::Configuration) };
    let changes = changes(&before.catalogue, &after.catalogue);
    if changes.is_empty() && output == Rows::Table {
        writeln!(out, "no differences")?;
    } else {
        print::rows(&changes, output, out)?;
    }
    Ok(Status::Done)
}

/// A thing of a tariff: its words, and the price of a unit where it has one, as a fraction.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Thing {
    words: String,
    price: Option<(i64, u64)>,
}

type Things = BTreeMap<(String, &'static str, String), Thing>;

fn changes(before: &Catalogue, after: &Catalogue) -> Vec<Change> {
    let (before, after) = (things(before), things(after));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let plans = |things: &Things| -> BTreeSet<String> {
        things.keys().filter(|(_, what, _)| *what == "plan").map(|(plan, ..)| plan.clone()).collect()
    };
    let both: BTreeSet<String> = plans(&before).intersection(&plans(&after)).cloned().collect();
    let told = |(plan, what, _): &&&(String, &'static str, String)| {
        // of a plan that came or went, itself alone is told
        plan.is_empty() || *what == "plan" || both.contains(plan)
    };
    let change = |key: &(String, &'static str, String)| {
        let (one, other) = (before.get(key), after.get(key));
        if one == other {
            return None;
        }
        let change = match (one, other) {
            (None, _) => "added",
            (_, None) => "removed",
            (Some(one), Some(other)) => match (one.price, other.price) {
                (Some((price, per)), Some((now, now_per))) => {
                    let was = i128::from(price).saturating_mul(now_per.into());
                    match i128::from(now).saturating_mul(per.into()).cmp(&was) {
                        core::cmp::Ordering::Greater => "dearer",
                        core::cmp::Ordering::Less => "cheaper",
                        core::cmp::Ordering::Equal => "changed",
                    }
                }
                _ => "changed",
            },
        };
        let words = |thing: Option<&Thing>| thing.map(|thing| thing.words.clone()).unwrap_or_default();
        let (plan, what, name) = key.clone();
        Some(Change { change, plan, what, name, before: words(one), after: words(other) })
    };
    names.iter().filter(told).filter_map(|key| change(key)).collect()
}

fn plain(words: impl Into<String>) -> Thing {
    Thing { words: words.into(), price: None }
}

fn things(catalogue: &Catalogue) -> Things {
    let mut things = Things::new();
    let mut add = |plan: &str, what: &'static str, name: &str, thing: Thing| {
        things.insert((plan.into(), what, name.into()), thing);
    };
    add("", "currency", "", plain(catalogue.currency().as_str()));
    add("", "timezone", "", plain(catalogue.timezone()));
    for (_, service) in catalogue.services() {
        let longest =
            service.max_call_secs.map(|secs| format!(", at most {}", show::amount(Unit::Seconds, secs)));
        let words = format!("{}{}", service.context, longest.unwrap_or_default());
        add("", "service", &service.name, plain(words));
    }
    for group in catalogue.rating_groups() {
        let service = catalogue.service(group.service).map_or("", |service| &*service.name);
        let class = group.class.as_deref().map(|class| format!(" {class}")).unwrap_or_default();
        let words = format!("{service}{class}{}", if group.free { ", free" } else { "" });
        add("", "rating group", &group.number.to_string(), plain(words));
    }
    for (number, class) in catalogue.numbers().listed() {
        add("", "number", &number.to_string(), plain(format!("{class:?}").to_lowercase()));
    }
    for band in catalogue.bands() {
        add("", "band", &band.name, plain(band.to_string()));
    }
    add("", "holidays", "", plain(catalogue.holidays().written.join(", ")));
    for destination in catalogue.destinations() {
        let mut numbers: Vec<_> =
            destination.prefixes.iter().chain(&destination.codes).map(ToString::to_string).collect();
        numbers.sort_unstable();
        let words = match numbers.len() {
            0..=12 => numbers.join(", "),
            many => format!("{many} prefixes ({})", brief(&numbers)),
        };
        add("", "destination", &destination.name, plain(words));
    }
    for (_, plan) in catalogue.plans() {
        of_plan(catalogue, plan, &mut add);
    }
    things
}

/// A long list in a few letters that change with it.
fn brief(numbers: &[String]) -> String {
    let fold = |hash: u32, octet: u8| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193);
    let hash = numbers.iter().flat_map(|number| number.bytes().chain([b','])).fold(0x811c_9dc5, fold);
    format!("{hash:08x}")
}

fn of_plan(catalogue: &Catalogue, plan: &Plan, add: &mut dyn FnMut(&str, &'static str, &str, Thing)) {
    let modes: Vec<_> = plan
        .modes
        .iter()
        .map(|mode| match mode {
            Mode::Advance => "advance",
            Mode::Credit => "credit",
        })
        .collect();
    let closed = if plan.closed { ", closed" } else { "" };
    add(&plan.name, "plan", "", plain(format!("{}{closed}", modes.join(", "))));
    if let Some(limitation) = plan.out_of_money.and_then(|place| plan.limitation(place)) {
        add(&plan.name, "out of money", "", plain(show::action(&limitation.action)));
    }
    let bonus = match plan.bonus {
        BonusOrder::First => None,
        BonusOrder::Last => Some("last"),
        BonusOrder::Never => Some("never"),
    };
    if let Some(bonus) = bonus {
        add(&plan.name, "bonus money", "", plain(bonus));
    }
    if let Some(low) = plan.low_balance {
        let words = format!("below {}, divided by {}", low.below, low.divisor);
        add(&plan.name, "low balance", "", plain(words));
    }
    for rate in &plan.rates {
        let words = show::rate(catalogue, rate);
        let price = Some((rate.price.micros(), rate.per));
        add(&plan.name, "rate", &rate.name, Thing { words, price });
    }
    for bundle in &plan.bundles {
        add(&plan.name, "bundle", &bundle.id, plain(bundle_words(catalogue, plan, bundle)));
    }
    for ((_, service), shape) in catalogue.services().zip(&plan.quotas) {
        let grant = shape.grant.map_or_else(|| "as asked".into(), |grant| show::amount(service.unit, grant));
        let threshold = shape.threshold_percent.map(|share| format!(", threshold {share}%"));
        let validity = show::amount(Unit::Seconds, shape.validity_secs.into());
        let words = format!("{grant}{}, valid {validity}", threshold.unwrap_or_default());
        add(&plan.name, "quota", &service.name, plain(words));
    }
}

fn bundle_words(catalogue: &Catalogue, plan: &Plan, bundle: &Bundle) -> String {
    let covers = &bundle.covers;
    let service = catalogue.service(covers.service).map_or("", |service| &*service.name);
    let mut words = format!("{} of {service}", show::amount(bundle.amount.unit, bundle.amount.count));
    for number in &covers.rating_groups {
        words.push_str(&format!(" {number}"));
    }
    for to in covers.destinations.iter().filter_map(|to| catalogue.destination_name(*to)) {
        words.push_str(&format!(" to {to}"));
    }
    if bundle.priority != 0 {
        words.push_str(&format!(", priority {}", bundle.priority));
    }
    match bundle.then {
        Then::Rates => words.push_str(", then rates"),
        Then::Stop => words.push_str(", then stop"),
        Then::Limit(place) => {
            let action = plan.limitation(place).map(|limitation| show::action(&limitation.action));
            words.push_str(&format!(", then {}", action.unwrap_or_default()));
        }
    }
    words
}
