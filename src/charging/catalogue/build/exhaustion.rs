//! What a plan says of its end: how a service goes on when nothing more can be had, when a balance is low, and what
//! is announced.

use super::fault::FaultKind;
use super::filter::is_filter_rule;
use super::reader::{Faults, Keys};
use super::tree::{Node, Origin, Table, Value};
use crate::charging::answer::{FinalUnit, Reach, Redirect};
use crate::charging::catalogue::{Announcements, LimitIx, Limitation, LowBalance};

const REDIRECT: Keys =
    Keys { place: "a redirect", known: &["redirect", "filters", "rules", "validity"], later: &[] };
const RESTRICT: Keys = Keys { place: "a restriction", known: &["restrict", "rules", "validity"], later: &[] };
const LOW_BALANCE: Keys = Keys { place: "`low_balance`", known: &["below", "divisor"], later: &[] };
const ANNOUNCEMENTS: Keys =
    Keys { place: "`announcements`", known: &["low", "last", "refused", "before_end"], later: &[] };

/// After how many seconds a client whose service is limited asks again, where the tariff says nothing.
const VALIDITY_SECS: u32 = 300;
/// By how much slices are divided when the balance is low, where the tariff says nothing.
const DIVISOR: u64 = 4;
/// How many seconds before the end the last quota is announced, where the tariff says nothing.
const BEFORE_END_SECS: u32 = 30;
/// The most octets of a limitation in all: it stands in every answer that tells it, and in the memory of its session.
const TEXT_MAX: usize = 2_048;
/// The most limitations of a plan.
const LIMITATIONS_MAX: usize = 1_000;

/// What comes when something is used up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum After {
    /// One of the words, by its place.
    Word(usize),
    /// The service is limited.
    Limit(LimitIx),
}

/// Reads what comes when something is used up: one of the words, `redirect:…`, `restrict:…`, or a table of either.
/// What begins with one of `later` is refused as what comes later.
pub(super) fn after(
    faults: &mut Faults,
    limitations: &mut Vec<Limitation>,
    node: &Node,
    key: &str,
    allowed: &'static [&'static str],
    later: &[&str],
) -> Option<After> {
    let (action, validity_secs) = match &node.value {
        Value::Table(table) => from_table(faults, table)?,
        _ => {
            let text = faults.text(node)?;
            if later.iter().any(|beginning| text.starts_with(beginning)) {
                faults.add(node.origin, FaultKind::Later { what: format!("{key} = \"{text}\"").into() });
                return None;
            }
            let action = match text.split_once(':') {
                Some(("redirect", to)) => redirect(faults, node.origin, to, Reach::default())?,
                Some(("restrict", "")) => {
                    faults.add(node.origin, FaultKind::Empty { what: "the name of the filter" });
                    return None;
                }
                Some(("restrict", filter)) => {
                    FinalUnit::Restrict(Box::new(Reach { filters: vec![filter.into()], rules: Vec::new() }))
                }
                _ => return faults.word_of(node.origin, text, allowed).map(After::Word),
            };
            (action, VALIDITY_SECS)
        }
    };
    if octets(&action) > TEXT_MAX {
        faults.add(node.origin, FaultKind::TooLong { what: "addresses, filters and rules", most: TEXT_MAX });
        return None;
    }
    let limitation = Limitation { action, validity_secs };
    if let Some(known) = limitations.iter().position(|known| *known == limitation) {
        return u16::try_from(known).ok().map(LimitIx).map(After::Limit);
    }
    let place = super::sections::next_place(
        faults,
        node.origin,
        limitations.len(),
        LIMITATIONS_MAX,
        "limitations in a plan",
    )?;
    limitations.push(limitation);
    Some(After::Limit(LimitIx(place)))
}

fn from_table(faults: &mut Faults, table: &Table) -> Option<(FinalUnit, u32)> {
    let before = faults.faults.len();
    let to = table.get("redirect");
    if to.is_some() == table.get("restrict").is_some() {
        faults.add(table.origin, FaultKind::NoLimitation);
        return None;
    }
    faults.keys(table, if to.is_some() { REDIRECT } else { RESTRICT });
    let rules = table.get("rules").map_or_else(Vec::new, |node| rules(faults, node));
    let validity_secs = table.get("validity").map_or(Some(VALIDITY_SECS), |node| faults.seconds(node));
    let filters = match table.get(if to.is_some() { "filters" } else { "restrict" }) {
        // a restriction by rules alone names no filter
        Some(node) if to.is_none() && !rules.is_empty() && is_empty(node) => Vec::new(),
        Some(node) => faults.texts(node).into_iter().map(|(_, filter)| filter.into()).collect(),
        None => Vec::new(),
    };
    let open = Reach { filters, rules };
    let action = match to {
        Some(node) => {
            let address = faults.text(node)?;
            redirect(faults, node.origin, address, open)?
        }
        None => FinalUnit::Restrict(Box::new(open)),
    };
    (faults.faults.len() == before).then_some((action, validity_secs?))
}

fn is_empty(node: &Node) -> bool {
    matches!(&node.value, Value::List(list) if list.is_empty())
}

fn rules(faults: &mut Faults, node: &Node) -> Vec<Box<str>> {
    let mut rules = Vec::new();
    for (origin, text) in faults.texts(node) {
        if is_filter_rule(text) {
            rules.push(text.into());
        } else {
            faults.add(origin, FaultKind::FilterRule { found: text.into() });
        }
    }
    rules
}

/// A redirect to an address that a client can be told (RFC 8506 §8.38).
fn redirect(faults: &mut Faults, origin: Origin, to: &str, open: Reach) -> Option<FinalUnit> {
    if !is_address(to) {
        faults.add(origin, FaultKind::Redirect { found: to.into() });
        return None;
    }
    Some(FinalUnit::Redirect(Box::new(Redirect { to: to.into(), open })))
}

/// An IP address, a URL of the web, or a SIP URI.
fn is_address(text: &str) -> bool {
    let plain = text.bytes().all(|octet| octet.is_ascii_graphic());
    let whole = |scheme: &str| {
        text.split_at_checked(scheme.len())
            .is_some_and(|(start, rest)| start.eq_ignore_ascii_case(scheme) && !rest.is_empty())
    };
    plain
        && (text.parse::<core::net::IpAddr>().is_ok()
            || ["http://", "https://", "sip:", "sips:"].into_iter().any(whole))
}

fn octets(action: &FinalUnit) -> usize {
    let of = |reach: &Reach| reach.filters.iter().chain(&reach.rules).map(|text| text.len()).sum::<usize>();
    match action {
        FinalUnit::Terminate => 0,
        FinalUnit::Redirect(redirect) => redirect.to.len().saturating_add(of(&redirect.open)),
        FinalUnit::Restrict(open) => of(open),
    }
}

/// Reads `low_balance`.
pub(super) fn low_balance(faults: &mut Faults, node: &Node) -> Option<LowBalance> {
    let table = faults.table(node)?;
    faults.keys(table, LOW_BALANCE);
    let below = faults.needed(table, "below", LOW_BALANCE.place).and_then(|node| faults.price(node));
    let divisor = table.get("divisor").map_or(Some(DIVISOR), |node| {
        let written = faults.integer(node)?;
        let divisor = u64::try_from(written).ok().filter(|divisor| (1..=1_000).contains(divisor));
        if divisor.is_none() {
            faults.add(node.origin, FaultKind::Range { found: written, allowed: "1 to 1000" });
        }
        divisor
    });
    Some(LowBalance { below: below?, divisor: divisor? })
}

/// Reads `announcements`.
pub(super) fn announcements(faults: &mut Faults, node: &Node) -> Option<Announcements> {
    let table = faults.table(node)?;
    faults.keys(table, ANNOUNCEMENTS);
    let mut number = |key: &str| {
        let node = table.get(key)?;
        let written = faults.integer(node)?;
        let number = u32::try_from(written).ok();
        if number.is_none() {
            faults.add(node.origin, FaultKind::Range { found: written, allowed: "0 to 4294967295" });
        }
        number
    };
    let (low, last, refused) = (number("low"), number("last"), number("refused"));
    let before_end_secs =
        table.get("before_end").map_or(Some(BEFORE_END_SECS), |node| faults.seconds(node))?;
    if ["low", "last", "refused"].iter().all(|key| table.get(key).is_none()) {
        faults.add(node.origin, FaultKind::Empty { what: "`announcements`" });
    }
    Some(Announcements { low, last, refused, before_end_secs })
}
