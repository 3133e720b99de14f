//! The tests that a tariff carries: `[[test]]`. What is given, what happens, what is expected.

use super::fault::{FaultKind, Noun};
use super::nearest::nearest;
use super::reader::{Faults, Keys};
use super::sections::Names;
use super::tree::{Node, Origin, Table, Value};
use crate::charging::account::Mode;
use crate::charging::catalogue::{Plan, PlanIx, ServiceIx};
use crate::charging::radio::Radio;
use crate::charging::request::Role;
use crate::charging::units::{Money, Unit};
use crate::time::{Timestamp, Zone};

const TEST: Keys = Keys { place: "a test", known: &["name", "plan", "given", "event", "expect"], later: &[] };
const GIVEN: Keys = Keys {
    place: "`given` of a test",
    known: &["balance", "mode", "credit_limit", "overdraft", "used", "overage", "at"],
    later: &["blocks", "fair_use", "roaming"],
};
const EVENT: Keys = Keys {
    place: "an event of a test",
    known: &["service", "to", "units", "rating_group", "direction", "radio", "after", "lasts"],
    later: &["plmn", "zone"],
};
const EXPECT: Keys = Keys {
    place: "`expect` of a test",
    known: &["charge", "result", "balance", "left", "used", "granted", "last"],
    later: &["notified"],
};
const MODES: &[&str] = &["advance", "credit"];
const DIRECTIONS: &[&str] = &["mo", "forward", "mt"];
const RADIOS: &[&str] = &["geran", "utran", "eutran", "nr", "iot", "wlan"];

/// When a test happens that does not say it: noon of a Monday, UTC.
const AT: Timestamp = Timestamp::from_secs(1_767_614_400);

/// A test that a tariff carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trial {
    /// Where it stands.
    pub origin: Origin,
    /// Its name.
    pub name: Box<str>,
    /// The plan that it is about.
    pub plan: PlanIx,
    /// What is there before.
    pub given: Given,
    /// What happens, one after the other.
    pub events: Vec<TrialEvent>,
    /// What comes of it.
    pub expect: Expect,
}

/// What is there before a test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given {
    /// The main balance.
    pub balance: Money,
    /// How the account is settled.
    pub mode: Mode,
    /// How far a credit account may go into debt.
    pub credit_limit: Money,
    /// How far below nothing an advance account may go.
    pub overdraft: Money,
    /// What was used of bundles, by their places in the plan.
    pub used: Vec<(usize, u64)>,
    /// Whether going on after a bundle means consent to pay.
    pub overage: bool,
    /// When it begins.
    pub at: Timestamp,
}

/// Something that happens in a test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrialEvent {
    /// The service that is used.
    pub service: ServiceIx,
    /// The number that is called or written to.
    pub to: Option<Box<str>>,
    /// How much the user would use, in the unit of the service.
    pub units: u64,
    /// The rating group.
    pub rating_group: Option<u32>,
    /// Which leg it is.
    pub role: Role,
    /// The radio access technology (TS 29.061 §16.4.7.2).
    pub radio: Option<u8>,
    /// So many seconds after the event before has ended, or after the beginning.
    pub after_secs: u64,
    /// How many seconds it takes: what is counted in seconds takes those; else no time.
    pub lasts_secs: Option<u64>,
}

/// What is expected of a test: all that is said must be so.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Expect {
    /// Money that all of it takes from the account.
    pub charge: Option<Money>,
    /// The Result-Code of the last answer that had to do with quota.
    pub result: Option<u32>,
    /// The main balance after it.
    pub balance: Option<Money>,
    /// What is left of bundles, by their places in the plan.
    pub left: Vec<(usize, u64)>,
    /// Units of the last event that could be used.
    pub used: Option<u64>,
    /// Units of the first grant.
    pub granted: Option<u64>,
    /// Whether some grant was said to be the last.
    pub last: Option<bool>,
}

/// Reads the tests. `declared` are the names of all plans, those with faults included.
pub(super) fn trials<'t>(
    faults: &mut Faults,
    names: (&Names, &Zone),
    (plans, declared): (&[&Plan], &[&str]),
    nodes: impl Iterator<Item = &'t Node>,
) -> Vec<Trial> {
    let tables: Vec<_> = nodes.flat_map(|node| faults.tables(Some(node))).collect();
    tables.into_iter().filter_map(|table| trial(faults, names, (plans, declared), table)).collect()
}

fn trial(
    faults: &mut Faults,
    (names, zone): (&Names, &Zone),
    (plans, declared): (&[&Plan], &[&str]),
    table: &Table,
) -> Option<Trial> {
    faults.keys(table, TEST);
    let name = faults.needed(table, "name", TEST.place).and_then(|node| faults.text(node));
    let wanted =
        faults.needed(table, "plan", TEST.place).and_then(|node| Some((node.origin, faults.text(node)?)));
    let found = wanted.and_then(|(origin, wanted)| {
        let place = plans.iter().position(|plan| *plan.name == *wanted);
        if place.is_none() && !declared.contains(&wanted) {
            let nearest = nearest(wanted, declared.iter().copied()).map(Box::from);
            faults.add(origin, FaultKind::Unknown { noun: Noun::Plan, name: wanted.into(), nearest });
        }
        let place = place?;
        Some((PlanIx(u16::try_from(place).ok()?), *plans.get(place)?))
    });
    let before = faults.faults.len();
    let given = given(faults, zone, found.map(|(_, plan)| plan), table.get("given"));
    let events = match faults.needed(table, "event", TEST.place) {
        Some(node) => match &node.value {
            Value::List(list) => list.iter().filter_map(|node| event(faults, names, node)).collect(),
            _ => event(faults, names, node).into_iter().collect(),
        },
        None => Vec::new(),
    };
    let unit = events.last().and_then(|event| names.service(event.service)).map(|service| service.unit);
    let expect = faults.needed(table, "expect", TEST.place);
    let expect = expect.and_then(|node| expect_of(faults, found.map(|(_, plan)| plan), unit, node));
    if events.is_empty() && faults.faults.len() == before {
        faults.add(table.origin, FaultKind::Empty { what: "`event`" });
    }
    let (plan, _) = found?;
    Some(Trial { origin: table.origin, name: name?.into(), plan, given: given?, events, expect: expect? })
}

fn given(faults: &mut Faults, zone: &Zone, plan: Option<&Plan>, node: Option<&Node>) -> Option<Given> {
    let empty = Table { origin: Origin(0), entries: Vec::new() };
    let table = match node {
        Some(node) => faults.table(node)?,
        None => &empty,
    };
    faults.keys(table, GIVEN);
    let mut money = |key: &str| table.get(key).map_or(Some(Money::ZERO), |node| faults.balance(node));
    let (balance, credit_limit, overdraft) = (money("balance"), money("credit_limit"), money("overdraft"));
    let mode = match table.get("mode") {
        Some(node) => {
            faults.word(node, MODES).map(|word| if word == 0 { Mode::Advance } else { Mode::Credit })
        }
        None => Some(plan.and_then(|plan| plan.modes.first().copied()).unwrap_or(Mode::Advance)),
    };
    let overage = table.get("overage").map_or(Some(true), |node| faults.boolean(node));
    let at = table.get("at").map_or(Some(AT), |node| faults.moment(node, zone));
    let used = bundles(faults, plan, table.get("used"));
    Some(Given {
        balance: balance?,
        mode: mode?,
        credit_limit: credit_limit?,
        overdraft: overdraft?,
        used: used?,
        overage: overage?,
        at: at?,
    })
}

/// Units of bundles, by their places in the plan: nothing may be written as "0" of the unit.
fn bundles(faults: &mut Faults, plan: Option<&Plan>, node: Option<&Node>) -> Option<Vec<(usize, u64)>> {
    let Some(node) = node else { return Some(Vec::new()) };
    let table = faults.table(node)?;
    let plan = plan?;
    let mut found = Vec::new();
    let before = faults.faults.len();
    for entry in &table.entries {
        let Some(place) = plan.bundles.iter().position(|bundle| bundle.id == entry.key) else {
            let nearest = nearest(&entry.key, plan.bundles.iter().map(|bundle| &*bundle.id)).map(Box::from);
            let kind = FaultKind::Unknown { noun: Noun::Bundle, name: entry.key.clone(), nearest };
            faults.add(entry.origin, kind);
            continue;
        };
        let Some(bundle) = plan.bundles.get(place) else { continue };
        let Some(units) = amount_or_none(faults, &entry.value, bundle.amount.unit) else { continue };
        if units > bundle.amount.count {
            let amount = bundle.amount.count.to_string().into();
            faults.add(entry.value.origin, FaultKind::MoreThanAll { bundle: entry.key.clone(), amount });
        }
        found.push((place, units));
    }
    (faults.faults.len() == before).then_some(found)
}

/// An amount that may be nothing: "0", "0s", "0MB".
fn amount_or_none(faults: &mut Faults, node: &Node, unit: Unit) -> Option<u64> {
    match &node.value {
        Value::Text(text) if text.trim_end_matches(|one: char| one.is_ascii_alphabetic()).trim() == "0" => {
            Some(0)
        }
        _ => faults.amount(node, unit),
    }
}

fn event(faults: &mut Faults, names: &Names, node: &Node) -> Option<TrialEvent> {
    let table = faults.table(node)?;
    faults.keys(table, EVENT);
    let before = faults.faults.len();
    let rating_group = table.get("rating_group").and_then(|node| {
        let written = faults.integer(node)?;
        let number = u32::try_from(written).ok();
        if number.is_none() {
            faults.add(node.origin, FaultKind::Range { found: written, allowed: "0 to 4294967295" });
        }
        number
    });
    let of_group = rating_group.and_then(|number| names.groups.get(&number)).map(|&(service, _)| service);
    let service = match (table.get("service"), of_group) {
        (Some(node), _) => {
            let name = faults.text(node)?;
            names.service_named(faults, node.origin, name)?
        }
        (None, Some(service)) => service,
        (None, None) => {
            faults.add(table.origin, FaultKind::ForNothing { place: EVENT.place });
            return None;
        }
    };
    let unit = names.service(service)?.unit;
    let units = faults.needed(table, "units", EVENT.place).and_then(|node| faults.amount(node, unit));
    let to = table.get("to").map(|node| faults.text(node));
    let role = match table.get("direction").map(|node| faults.word(node, DIRECTIONS)) {
        None | Some(Some(0)) => Role::Originating,
        Some(Some(1)) => Role::Forwarding,
        Some(_) => Role::Terminating,
    };
    let radio = table.get("radio").and_then(|node| {
        let word = faults.word(node, RADIOS)?;
        let (_, radio) = Radio::NAMED.iter().find(|(name, _)| RADIOS.get(word) == Some(name))?;
        (0..=u8::MAX).find(|&number| Radio::of(number) == Some(*radio))
    });
    let secs = |faults: &mut Faults, key: &str| {
        table.get(key).map(|node| amount_or_none(faults, node, Unit::Seconds))
    };
    let (after, lasts) = (secs(faults, "after"), secs(faults, "lasts"));
    if faults.faults.len() > before {
        return None;
    }
    Some(TrialEvent {
        service,
        to: match to {
            Some(to) => Some(to?.into()),
            None => None,
        },
        units: units?,
        rating_group,
        role,
        radio,
        after_secs: after.unwrap_or(Some(0))?,
        lasts_secs: match lasts {
            Some(lasts) => Some(lasts?),
            None => None,
        },
    })
}

fn expect_of(faults: &mut Faults, plan: Option<&Plan>, unit: Option<Unit>, node: &Node) -> Option<Expect> {
    let table = faults.table(node)?;
    faults.keys(table, EXPECT);
    if table.entries.is_empty() {
        faults.add(node.origin, FaultKind::ExpectsNothing);
    }
    let before = faults.faults.len();
    let result = table.get("result").and_then(|node| {
        let written = faults.integer(node)?;
        let code = u32::try_from(written).ok().filter(|code| (1_000..10_000).contains(code));
        if code.is_none() {
            faults.add(node.origin, FaultKind::Range { found: written, allowed: "a Result-Code like 2001" });
        }
        code
    });
    let mut count = |key: &str| table.get(key).and_then(|node| amount_or_none(faults, node, unit?));
    let (used, granted) = (count("used"), count("granted"));
    let expect = Expect {
        charge: table.get("charge").and_then(|node| faults.balance(node)),
        result,
        balance: table.get("balance").and_then(|node| faults.balance(node)),
        left: bundles(faults, plan, table.get("left")).unwrap_or_default(),
        used,
        granted,
        last: table.get("last").and_then(|node| faults.boolean(node)),
    };
    (faults.faults.len() == before).then_some(expect)
}
