//! `gyro tariff check`: all faults, findings and warnings of a tariff, each with its place.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::cli::check::summary;
use crate::cli::{Output, Status, print};
use crate::tariff::{self, Loaded, Report};
use crate::time::Zone;

/// What is wrong at a place.
#[derive(Serialize, Debug)]
struct Told {
    /// `fault`: no server takes the tariff; `finding`: the check fails; `warning`.
    level: &'static str,
    file: String,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
    excerpt: Option<String>,
    other: Option<Place>,
}

#[derive(Serialize, Debug)]
struct Place {
    file: String,
    line: usize,
    column: usize,
}

#[derive(Serialize, Debug)]
#[expect(clippy::struct_field_names, reason = "the names are those of the JSON")]
struct Version {
    version: String,
    valid_from: Option<String>,
    currency: String,
    timezone: String,
    plans: Vec<String>,
    services: Vec<String>,
    destinations: usize,
    tests: usize,
}

#[derive(Serialize, Debug)]
struct Checked {
    path: String,
    sound: bool,
    versions: Vec<Version>,
    faults: Vec<Told>,
}

fn told(level: &'static str, report: &Report) -> Told {
    let other = report.other.as_ref().map(|(file, line, column)| Place {
        file: file.display().to_string(),
        line: *line,
        column: *column,
    });
    Told {
        level,
        file: report.file.display().to_string(),
        line: report.line,
        column: report.column,
        message: report.problem.to_string(),
        excerpt: report.excerpt.as_deref().map(str::to_owned),
        other,
    }
}

fn version(loaded: &Loaded) -> Version {
    let catalogue = &loaded.catalogue;
    let zone = Zone::named(catalogue.timezone()).unwrap_or(Zone::UTC);
    Version {
        version: format!("{:016x}", catalogue.version()),
        valid_from: loaded.valid_from.map(|from| zone.rfc3339(from)),
        currency: catalogue.currency().as_str().into(),
        timezone: catalogue.timezone().into(),
        plans: catalogue.plans().map(|(_, plan)| plan.name.to_string()).collect(),
        services: catalogue.services().map(|(_, service)| service.name.to_string()).collect(),
        destinations: catalogue.destinations().len(),
        tests: loaded.tests.len(),
    }
}

/// Checks a tariff. With findings it is not sound, unless they are to be told only.
pub(super) fn run(
    path: &Path,
    lenient: bool,
    output: Output,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Status> {
    let read = tariff::load(path);
    let (faults, versions): (&[Report], Vec<&Loaded>) = match &read {
        Ok(loaded) => (&[], core::iter::once(loaded).chain(&loaded.later).collect()),
        Err(errors) => (&errors.errors, Vec::new()),
    };
    let notes = || versions.iter().flat_map(|loaded| &loaded.warnings);
    let is_finding = |report: &Report| !lenient && report.problem.is_finding();
    let findings = notes().filter(|report| is_finding(report)).count();
    let sound = faults.is_empty() && findings == 0;
    let status = if sound { Status::Done } else { Status::Configuration };
    if output != Output::Table {
        let level = |report: &Report| if is_finding(report) { "finding" } else { "warning" };
        let checked = Checked {
            path: path.display().to_string(),
            sound,
            versions: versions.iter().map(|loaded| version(loaded)).collect(),
            faults: faults
                .iter()
                .map(|report| told("fault", report))
                .chain(notes().map(|report| told(level(report), report)))
                .collect(),
        };
        match output {
            Output::Jsonl => print::json_lines(&[checked], out)?,
            _ => print::json(&checked, out)?,
        }
        return Ok(status);
    }
    for report in faults {
        writeln!(err, "{report}")?;
    }
    for report in notes() {
        writeln!(err, "{}{report}", if is_finding(report) { "" } else { "warning: " })?;
    }
    if sound {
        versions.iter().try_for_each(|loaded| summary(path, loaded, out))?;
    } else {
        let all = faults.len().saturating_add(findings);
        writeln!(err, "{}: {all} {}", path.display(), if all == 1 { "fault" } else { "faults" })?;
    }
    Ok(status)
}
