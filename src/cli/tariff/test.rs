//! `gyro tariff test`: the tests that a tariff carries, each with what differs from what was expected.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::{read, show, trial};
use crate::charging::catalogue::Catalogue;
use crate::charging::catalogue::build::{Expect, Trial};
use crate::charging::units::Unit;
use crate::cli::print::{self, Row};
use crate::cli::{Rows, Status};
use crate::tariff::Loaded;

/// What came of a test.
#[derive(Clone, Serialize, Debug)]
struct Outcome {
    test: String,
    plan: String,
    place: String,
    passed: bool,
    /// What differs, each `what: expected, got`.
    differs: Vec<String>,
}

impl Row for Outcome {
    const HEADS: &'static [&'static str] = &["outcome", "plan", "test", "differs"];

    fn cells(&self) -> Vec<String> {
        let outcome = if self.passed { "pass" } else { "FAIL" };
        vec![outcome.into(), self.plan.clone(), self.test.clone(), self.differs.join("; ")]
    }
}

/// Runs the tests; the status is [`Status::Failed`] where one fails, and where there is none.
pub(super) fn run(
    path: &Path,
    only: Option<&str>,
    output: Rows,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Status> {
    let Some(loaded) = read(path, err)? else { return Ok(Status::Configuration) };
    let mut outcomes = Vec::new();
    for version in core::iter::once(&loaded).chain(&loaded.later) {
        outcomes.extend(outcomes_of(version, only));
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    if output == Rows::Table {
        for outcome in &outcomes {
            let word = if outcome.passed { "pass" } else { "FAIL" };
            writeln!(out, "{word}  {}  ({}, {})", outcome.test, outcome.plan, outcome.place)?;
            outcome.differs.iter().try_for_each(|differs| writeln!(out, "      {differs}"))?;
        }
        writeln!(out, "{} tests, {failed} failed", outcomes.len())?;
    } else {
        print::rows(&outcomes, output, out)?;
    }
    if outcomes.is_empty() {
        writeln!(err, "gyro: {} carries no such tests: write them as [[test]]", path.display())?;
    }
    Ok(if failed == 0 && !outcomes.is_empty() { Status::Done } else { Status::Failed })
}

fn outcomes_of(loaded: &Loaded, only: Option<&str>) -> Vec<Outcome> {
    let chosen = loaded.tests.iter().filter(|test| only.is_none_or(|only| test.trial.name.contains(only)));
    chosen
        .map(|test| {
            let differs = differences(&loaded.catalogue, &test.trial);
            let plan = loaded.catalogue.plan(test.trial.plan).map_or("", |plan| &*plan.name);
            Outcome {
                test: test.trial.name.to_string(),
                plan: plan.into(),
                place: format!("{}:{}", test.file.display(), test.line),
                passed: differs.is_empty(),
                differs,
            }
        })
        .collect()
}

/// The tests that fail, a line each.
pub(super) fn failures(loaded: &Loaded) -> Vec<String> {
    let failed = outcomes_of(loaded, None).into_iter().filter(|outcome| !outcome.passed);
    failed
        .map(|outcome| format!("{}: {}: {}", outcome.place, outcome.test, outcome.differs.join("; ")))
        .collect()
}

/// What differs from what a test expects.
fn differences(catalogue: &Catalogue, test: &Trial) -> Vec<String> {
    let Some(ran) = trial::run(catalogue, test.plan, &test.given, &test.events) else {
        return vec![
            "it cannot be run: money or units are more than can be counted, or grants are too small".into(),
        ];
    };
    let Expect { charge, result, balance, left, used, granted, last } = &test.expect;
    let unit = test.events.last().and_then(|event| catalogue.service(event.service));
    let unit = unit.map_or(Unit::Pieces, |service| service.unit);
    let mut differs = Vec::new();
    let mut compare = |what: &str, expected: Option<String>, got: String| {
        if let Some(expected) = expected.filter(|expected| *expected != got) {
            differs.push(format!("{what}: {expected} expected, {got} found"));
        }
    };
    compare("charge", charge.map(|charge| charge.to_string()), ran.charge.to_string());
    compare("result", result.map(|result| result.to_string()), ran.result.to_string());
    compare("balance", balance.map(|balance| balance.to_string()), ran.balance.to_string());
    compare("used", used.map(|used| show::amount(unit, used)), show::amount(unit, ran.used));
    let found = ran.granted.map_or_else(|| "nothing".into(), |granted| show::amount(unit, granted));
    compare("granted", granted.map(|granted| show::amount(unit, granted)), found);
    compare("last", last.map(|last| last.to_string()), ran.last.to_string());
    let bundles = catalogue.plan(test.plan).map_or(&[][..], |plan| &plan.bundles);
    for &(place, units) in left {
        let Some(bundle) = bundles.get(place) else { continue };
        let shown = |units| show::amount(bundle.amount.unit, units);
        let found = shown(ran.left.get(place).copied().unwrap_or(0));
        compare(&format!("left of {}", bundle.id), Some(shown(units)), found);
    }
    differs
}
