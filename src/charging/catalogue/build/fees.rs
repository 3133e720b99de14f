//! Fees of plans, rates that hold while they are not paid, and `[billing]` (`ACC-4`, `ACC-6`, `PEN-1`, `INV-1`).

use super::fault::{FaultKind, Noun};
use super::quantity;
use super::reader::{Faults, Keys};
use super::tree::{Node, Origin, Table};
use crate::charging::calendar::Every;
use crate::charging::catalogue::{BillingRules, Bundle, Fee, PaidLate, Unpaid};
use crate::charging::units::Money;

const FEE: Keys = Keys {
    place: "a fee",
    known: &["amount", "every", "unpaid", "late", "arrears", "rollover"],
    later: &["rates"],
};
const BILLING: Keys =
    Keys { place: "[billing]", known: &["vat", "due", "penalty", "penalty_most"], later: &[] };
const EVERY: &[&str] = &["day", "week", "month", "year", "a number of days like \"30d\""];
const UNPAID: &[&str] = &["fallback", "stop"];
const LATE: &[&str] = &["keep", "restart"];
const WHEN: &[&str] = &["fallback"];
/// The longest period, in days.
const LONGEST_DAYS: u16 = 3_660;

/// The fee of a plan, whose rates at home stand at `places`.
pub(super) fn fee(faults: &mut Faults, plan: &Table, places: &[Origin], bundles: &[Bundle]) -> Option<Fee> {
    let fallback = fallback(faults, plan.get("rate"), places);
    let Some(node) = plan.get("fee") else {
        if !fallback.is_empty() {
            faults.add(plan.origin, FaultKind::Missing { key: "fee", place: "a plan with fallback rates" });
        }
        return None;
    };
    let table = faults.table(node)?;
    faults.keys(table, FEE);
    let amount = faults.needed(table, "amount", FEE.place).and_then(|node| whole(faults, node));
    let every = faults.needed(table, "every", FEE.place).and_then(|node| every(faults, node));
    let unpaid = match table.get("unpaid").map(|node| faults.word(node, UNPAID)) {
        None | Some(Some(0)) => Unpaid::Fallback,
        Some(Some(_)) => Unpaid::Stop,
        Some(None) => return None,
    };
    let late = match table.get("late").map(|node| faults.word(node, LATE)) {
        None | Some(Some(0)) => PaidLate::Keep,
        Some(Some(_)) => PaidLate::Restart,
        Some(None) => return None,
    };
    let arrears = table.get("arrears").and_then(|node| faults.boolean(node)).unwrap_or(false);
    let rollover = table.get("rollover").map(|node| rollover(faults, node, bundles)).unwrap_or_default();
    Some(Fee { amount: amount?, every: every?, unpaid, late, arrears, rollover, fallback })
}

/// Money of whole hundredths: the ledger has no smaller.
fn whole(faults: &mut Faults, node: &Node) -> Option<Money> {
    let amount = faults.price(node)?;
    if amount.micros() % Money::MICROS_PER_CENT == 0 {
        return Some(amount);
    }
    let kind = FaultKind::Figure { found: amount.to_string().into(), fault: quantity::FigureFault::NotCents };
    faults.add(node.origin, kind);
    None
}

fn every(faults: &mut Faults, node: &Node) -> Option<Every> {
    let text = faults.text(node)?;
    match text {
        "day" => return Some(Every::Days(1)),
        "week" => return Some(Every::Days(7)),
        "month" => return Some(Every::Months(1)),
        "year" => return Some(Every::Months(12)),
        _ => {}
    }
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u16>().ok());
    let days = days.filter(|days| (1..=LONGEST_DAYS).contains(days));
    if days.is_none() {
        faults.word_of(node.origin, text, EVERY);
    }
    days.map(Every::Days)
}

/// How much of each bundle is carried: `rollover = { data30 = "30GB" }`.
fn rollover(faults: &mut Faults, node: &Node, bundles: &[Bundle]) -> Vec<(Box<str>, u64)> {
    let Some(table) = faults.table(node) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in &table.entries {
        let bundle = bundles.iter().find(|bundle| bundle.id == entry.key);
        match bundle {
            Some(bundle) => {
                let most = faults.amount(&entry.value, bundle.amount.unit);
                found.extend(most.map(|most| (entry.key.clone(), most)));
            }
            None => {
                let name = entry.key.clone();
                faults.add(entry.origin, FaultKind::Unknown { noun: Noun::Bundle, name, nearest: None });
            }
        }
    }
    found
}

/// The places of the rates that say `when = "fallback"`: at home alone.
fn fallback(faults: &mut Faults, rates: Option<&Node>, places: &[Origin]) -> Vec<u16> {
    let mut origins = Vec::new();
    for table in faults.tables(rates) {
        if let Some(node) = table.get("when")
            && faults.word(node, WHEN).is_some()
        {
            if table.get("zones").is_some() {
                faults.add(node.origin, FaultKind::Later { what: "when, with zones".into() });
            }
            origins.push(table.origin);
        }
    }
    let all = (0..=u16::MAX).zip(places);
    all.filter(|(_, origin)| origins.contains(origin)).map(|(place, _)| place).collect()
}

/// `[billing]`: what it does not say is as the contract says.
pub(super) fn billing(faults: &mut Faults, table: Option<&Table>) -> BillingRules {
    let mut rules = BillingRules::default();
    let Some(table) = table else { return rules };
    faults.keys(table, BILLING);
    let shares: [(&str, &mut u32); 3] =
        [("vat", &mut rules.vat), ("penalty", &mut rules.penalty), ("penalty_most", &mut rules.penalty_most)];
    for (key, to) in shares {
        if let Some(share) = table.get(key).and_then(|node| faults.portion(node)) {
            *to = share;
        }
    }
    if let Some(days) = table.get("due").and_then(|node| every(faults, node)) {
        match days {
            Every::Days(days) => rules.due_days = days,
            Every::Months(_) => {
                if let Some(node) = table.get("due") {
                    let found = "month".into();
                    let allowed = &["a number of days like \"30d\""];
                    faults.add(node.origin, FaultKind::Word { found, nearest: None, allowed });
                }
            }
        }
    }
    rules
}
