//! From values as they were written to a checked catalogue: names resolved, figures exact, all faults
//! collected, each with the place where it stands.
//!
//! What a later version adds (fair use, fees, payments) is refused by name, so that
//! nobody believes that it is applied.

mod bands;
mod content;
mod currency;
mod exhaustion;
mod fault;
mod filter;
mod inherit;
mod nearest;
mod plans;
mod quantity;
mod quotas;
mod reader;
mod review;
mod roaming;
mod sections;
mod tree;
mod trials;

pub use self::trials::{Expect, Given, Trial, TrialEvent};
pub use fault::{Fault, FaultKind, FigureFault, Noun};
pub use filter::is_filter_rule;
pub use tree::{Document, Entry, Node, Origin, Row, Table, Value};

use self::reader::{Faults, Keys};
use self::sections::Names;
use super::{Catalogue, Currency, Parts};
use crate::time::{Timestamp, Zone};

/// What was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// The catalogue.
    pub catalogue: Catalogue,
    /// What is allowed and probably not meant.
    pub warnings: Vec<Fault>,
    /// The tests that it carries, in the order of the files.
    pub trials: Vec<Trial>,
    /// From when on it is to be in force, where it says so (`RES-3`).
    pub valid_from: Option<Timestamp>,
}

const ROOT: Keys = Keys {
    place: "a tariff file",
    known: &[
        "format",
        "currency",
        "timezone",
        "valid_from",
        "services",
        "numbers",
        "destinations",
        "rating_groups",
        "bands",
        "holidays",
        "content",
        "roaming",
        "plans",
        "test",
    ],
    later: &["fair_use", "throttle", "payments", "classes", "detection"],
};

/// Builds a catalogue from the files of a folder, in their order, or from one. `version` is the hash of
/// their content. Faults are in no particular order.
pub fn build(version: u64, documents: &[Document]) -> Result<Built, Vec<Fault>> {
    let mut faults = Faults::default();
    for document in documents {
        faults.keys(&document.root, ROOT);
        format(&mut faults, &document.root);
    }
    let currency = same(&mut faults, documents, "currency", read_currency);
    let timezone = same(&mut faults, documents, "timezone", read_timezone);
    let zone = timezone.as_deref().and_then(Zone::named).unwrap_or(Zone::UTC);
    let moments = documents.iter().filter_map(|document| document.root.get("valid_from"));
    let moments: Vec<_> = moments.filter_map(|node| faults.moment(node, &zone)).collect();
    let mut names = Names::default();
    let entries = section(&mut faults, documents, "services");
    sections::services(&mut faults, &mut names, entries.into_iter());
    let entries = section(&mut faults, documents, "destinations");
    sections::destinations(&mut faults, &mut names, entries.into_iter());
    let entries = section(&mut faults, documents, "rating_groups");
    let rating_groups = sections::rating_groups(&mut faults, &mut names, entries.into_iter());
    let table = once(&mut faults, documents, "numbers");
    let numbers = sections::numbers(&mut faults, table);
    let table = once(&mut faults, documents, "holidays");
    let holidays = bands::holidays(&mut faults, table);
    let entries = section(&mut faults, documents, "bands");
    bands::bands(&mut faults, &mut names, table.is_some(), entries.into_iter());
    let entries = section(&mut faults, documents, "content");
    let content = content::content(&mut faults, &names, entries.into_iter());
    let table = once(&mut faults, documents, "roaming");
    let roaming = roaming::roaming(&mut faults, &mut names, table);
    names.zone_rates = plans::zone_rates(&mut faults, &names, table);
    let entries = section(&mut faults, documents, "plans");
    let written = plans::plans(&mut faults, &names, &entries);
    let declared: Vec<_> = entries.iter().map(|entry| &*entry.key).collect();
    let tests = documents.iter().filter_map(|document| document.root.get("test"));
    let plans: Vec<_> = written.iter().map(|written| &written.plan).collect();
    let trials = trials::trials(&mut faults, (&names, &zone), (&plans, &declared), tests);
    // of what two plans take over from a third, a fault is told once
    faults.faults.sort_by_key(|fault| fault.origin);
    faults.faults.dedup();
    let (Some(currency), Some(timezone), true) = (currency, timezone, faults.faults.is_empty()) else {
        return Err(faults.faults);
    };
    review::review(&mut faults, &names, &numbers, &written);
    let plans: Vec<_> = written.into_iter().map(|written| written.plan).collect();
    let abroad = plans.iter().flat_map(|plan| &plan.roaming.rates).map(|rate| &rate.rate);
    let rates: Vec<_> = plans.iter().flat_map(|plan| &plan.rates).chain(abroad).collect();
    bands::unused(&mut faults, &names, &rates);
    roaming::unpriced(&mut faults, &names, &plans);
    faults.warnings.sort_by_key(|fault| fault.origin);
    faults.warnings.dedup();
    let valid_from = moments.into_iter().max();
    let Names { services, destinations, bands, .. } = names;
    let parts = Parts {
        version,
        currency,
        timezone,
        services,
        rating_groups,
        numbers,
        destinations,
        bands,
        holidays,
        plans,
        roaming,
        content,
    };
    Ok(Built { catalogue: Catalogue::new(parts), warnings: faults.warnings, trials, valid_from })
}

/// Refuses a file of another form than the first.
fn format(faults: &mut Faults, root: &Table) {
    let Some(node) = faults.needed(root, "format", ROOT.place) else { return };
    if let Some(found) = faults.integer(node).filter(|&found| found != 1) {
        faults.add(node.origin, FaultKind::Format { found });
    }
}

/// The value of a key that at least one file has and that is the same wherever it stands.
fn same<T>(
    faults: &mut Faults,
    documents: &[Document],
    key: &'static str,
    read: impl Fn(&mut Faults, Origin, &str) -> Option<T>,
) -> Option<T> {
    let mut first: Option<(&Node, &str)> = None;
    for node in documents.iter().filter_map(|document| document.root.get(key)) {
        let Some(text) = faults.text(node) else { continue };
        match first {
            None => first = Some((node, text)),
            Some((other, there)) if text != there => {
                let kind = FaultKind::Clash { key, here: text.into(), there: there.into() };
                faults.clash(node.origin, kind, other.origin);
            }
            Some(_) => {}
        }
    }
    if let Some((node, text)) = first {
        return read(faults, node.origin, text);
    }
    if let Some(document) = documents.first().filter(|document| document.root.get(key).is_none()) {
        faults.add(document.root.origin, FaultKind::Missing { key, place: ROOT.place });
    }
    None
}

fn read_currency(faults: &mut Faults, origin: Origin, text: &str) -> Option<Currency> {
    let found = currency::currency(text);
    if found.is_none() {
        let nearest = currency::codes().find(|code| code.eq_ignore_ascii_case(text)).map(Box::from);
        faults.add(origin, FaultKind::Currency { found: text.into(), nearest });
    }
    found
}

fn read_timezone(faults: &mut Faults, origin: Origin, text: &str) -> Option<Box<str>> {
    if !crate::time::is_zone(text) {
        faults.add(origin, FaultKind::Zone { found: text.into() });
        return None;
    }
    Some(text.into())
}

/// The entries of a section in all files; at least one file has it, and something in it, where it is one
/// that a tariff cannot do without.
fn section<'t>(faults: &mut Faults, documents: &'t [Document], key: &'static str) -> Vec<&'t Entry> {
    let nodes = documents.iter().filter_map(|document| document.root.get(key));
    let tables: Vec<_> = nodes.filter_map(|node| faults.table(node)).collect();
    let entries: Vec<_> = tables.iter().flat_map(|table| &table.entries).collect();
    if entries.is_empty()
        && matches!(key, "services" | "plans")
        && let Some(document) = documents.first()
        && documents
            .iter()
            .all(|document| document.root.get(key).is_none_or(|node| matches!(node.value, Value::Table(_))))
    {
        faults.add(document.root.origin, FaultKind::Missing { key, place: ROOT.place });
    }
    entries
}

/// The table of a section that only one file may have.
fn once<'t>(faults: &mut Faults, documents: &'t [Document], key: &'static str) -> Option<&'t Table> {
    let mut nodes = documents.iter().filter_map(|document| document.root.get(key));
    let first = nodes.next()?;
    for other in nodes {
        faults.clash(other.origin, FaultKind::Twice { noun: Noun::Section, name: key.into() }, first.origin);
    }
    faults.table(first)
}
