//! `gyro subscriber import` and `export`: subscribers as comma-separated values with a header.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Status;
use super::client::{Absent, Failure, Reach, Stop, pages, with};
use crate::admin::json::change::{self, Imported, NewSubscriber};
use crate::admin::json::subscriber::{Page, Subscriber};
use crate::engine::control::MOST_ROWS;

/// The columns that a file may have, in any order.
const COLUMNS: [&str; 12] = [
    "msisdn",
    "imsi",
    "plan",
    "mode",
    "balance",
    "credit_limit",
    "overdraft",
    "brand",
    "owner",
    "owner_kind",
    "account",
    "language",
];

/// Rows of one order of a partial import.
const CHUNK: usize = 5_000;

#[derive(clap::Args, Debug)]
pub(super) struct Import {
    /// The file; its header names any of msisdn, imsi, plan, mode, balance, credit_limit, overdraft, brand, owner,
    /// owner_kind, account, language.
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Add those that can be added, and tell which cannot.
    #[arg(long)]
    partial: bool,
    /// Individuals may have more numbers than they may otherwise.
    #[arg(long = "override")]
    override_limit: bool,
    #[command(flatten)]
    reach: Reach,
}

#[derive(clap::Args, Debug)]
pub(super) struct Export {
    /// The file to write [default: standard output].
    #[arg(value_name = "FILE.csv")]
    file: Option<PathBuf>,
    #[command(flatten)]
    reach: Reach,
}

/// A row and the line it stands on.
type Lined = (u64, NewSubscriber);

fn bad_input(path: &Path, what: impl core::fmt::Display) -> Failure {
    Failure::new(Status::Failed, format!("{}: {what}", path.display()))
}

fn read(path: &Path, override_limit: bool) -> Result<Vec<Lined>, Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(|error| bad_input(path, error))?;
    let heads = reader.headers().map_err(|error| bad_input(path, error))?.clone();
    let mut seen = HashSet::new();
    for head in &heads {
        let head = head.trim_start_matches('\u{feff}');
        if !COLUMNS.contains(&head) || !seen.insert(head.to_owned()) {
            let why = if seen.contains(head) { "stands twice" } else { "is not known" };
            let known = COLUMNS.join(",");
            return Err(bad_input(path, format!("line 1: the column {head:?} {why}; there are {known}")));
        }
    }
    for needed in ["msisdn", "plan"] {
        if !seen.contains(needed) {
            return Err(bad_input(path, format!("line 1: the column {needed} is missing")));
        }
    }
    let heads: Vec<String> = heads.iter().map(|head| head.trim_start_matches('\u{feff}').into()).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| bad_input(path, error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let mut row = NewSubscriber { override_limit, ..NewSubscriber::default() };
        for (head, cell) in heads.iter().zip(&record) {
            let cell = Some(cell.to_owned()).filter(|cell| !cell.is_empty());
            match head.as_str() {
                "msisdn" => row.msisdn = cell.unwrap_or_default().trim_start_matches('+').into(),
                "plan" => row.plan = cell.unwrap_or_default(),
                "imsi" => row.imsi = cell,
                "mode" => row.mode = cell,
                "balance" => row.balance = cell,
                "credit_limit" => row.credit_limit = cell,
                "overdraft" => row.overdraft = cell,
                "brand" => row.brand = cell,
                "owner" => row.owner = cell,
                "owner_kind" => row.owner_kind = cell,
                "account" => row.account = cell,
                _ => row.language = cell,
            }
        }
        rows.push((line, row));
    }
    Ok(rows)
}

/// Rows whose values cannot be read, told by their lines.
fn check(path: &Path, rows: &[Lined]) -> Result<(), Failure> {
    const TOLD: usize = 5;
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(line, row)| row.clone().read().err().map(|fault| format!("line {line}: {fault}")))
        .take(TOLD)
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(bad_input(path, wrong.join("; "))) }
}

pub(super) fn import(args: &Import, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Stop> {
    let path = &args.file;
    let mut rows = read(path, args.override_limit)?;
    if rows.is_empty() {
        return Err(bad_input(path, "there is no row behind the header").into());
    }
    let mut refused: Vec<String> = Vec::new();
    if args.partial {
        rows.retain(|(line, row)| match row.clone().read() {
            Ok(_) => true,
            Err(fault) => {
                refused.push(format!("line {line}: {fault}"));
                false
            }
        });
    } else {
        check(path, &rows)?;
        if rows.len() > MOST_ROWS {
            let why = format!(
                "{} rows are more than the {MOST_ROWS} that are added all or none: split the file, or give --partial",
                rows.len()
            );
            return Err(bad_input(path, why).into());
        }
    }
    let all = rows.len();
    let each = if args.partial { CHUNK } else { MOST_ROWS };
    let mut added = 0_usize;
    with(&args.reach, Absent::Make, |client| {
        for chunk in rows.chunks(each) {
            let body = change::Import {
                rows: chunk.iter().map(|(_, row)| row.clone()).collect(),
                partial: args.partial,
            };
            let done: Imported =
                client.post("/v1/import", &body).map_err(|failure| told(path, failure, chunk))?;
            added = added.saturating_add(done.added);
            for row in &done.rows {
                let line = chunk.get(row.row.saturating_sub(1)).map_or(0, |(line, _)| *line);
                refused.push(format!("line {line}: {}", row.why));
            }
            if let Some(untold) = done.refused.checked_sub(done.rows.len()).filter(|untold| *untold > 0) {
                refused.push(format!("{untold} more rows"));
            }
            // progress is for people: where it cannot be told the import goes on
            let _ = writeln!(err, "gyro: {added} of {all} added");
        }
        Ok(())
    })?;
    for why in &refused {
        writeln!(err, "gyro: {}: refused: {why}", path.display())?;
    }
    writeln!(out, "added {added} subscribers, refused {}", refused.len())?;
    if refused.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(Status::Failed, "some rows were refused; the others are added").into())
    }
}

/// The refusal of the whole, with lines for rows.
fn told(path: &Path, failure: Failure, rows: &[Lined]) -> Failure {
    let Failure { status, message } = failure;
    let line = |text: &str| -> Option<String> {
        let rest = text.strip_prefix("row ")?;
        let (number, rest) = rest.split_once(':')?;
        let place = number.parse::<usize>().ok()?.checked_sub(1)?;
        Some(format!("line {}:{rest}", rows.get(place)?.0))
    };
    let parts = message.split_inclusive(": ").flat_map(|part| part.split_inclusive("; "));
    let text: String = parts.collect();
    let told: Vec<String> = match text.split_once(", so none is added: ") {
        Some((head, rows)) => {
            let rows = rows.split("; ").map(|row| line(row).unwrap_or_else(|| row.into()));
            core::iter::once(format!("{head}, so none is added")).chain(rows).collect()
        }
        None => vec![text],
    };
    Failure::new(status, format!("{}: {}", path.display(), told.join("; ")))
}

pub(super) fn export(args: &Export, out: &mut dyn Write) -> Result<(), Stop> {
    let found = with(&args.reach, Absent::Refuse, |client| {
        pages(None, |query| {
            let page: Page = client.get(&format!("/v1/subscribers?{query}"))?;
            Ok((page.subscribers, page.next))
        })
    })?;
    match &args.file {
        None => Ok(write(found.iter().flatten(), out)?),
        Some(path) => {
            let mut file = File::create_new(path).map_err(|error| bad_input(path, error))?;
            let written = write(found.iter().flatten(), &mut file).and_then(|()| file.sync_all());
            Ok(written.map_err(|error| bad_input(path, error))?)
        }
    }
}

/// Numbers that are served; the money of an account stands with its first number alone.
fn write<'a>(found: impl Iterator<Item = &'a Subscriber>, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS).map_err(io::Error::from)?;
    let mut known = HashSet::new();
    for one in found.filter(|one| one.status != "ended") {
        let first = known.insert(one.account.clone());
        let money = |text: &str| {
            let nothing = text.bytes().all(|octet| matches!(octet, b'0' | b'.'));
            if first && !nothing { text.to_owned() } else { String::new() }
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let row = [
            one.msisdn.clone(),
            text(&one.imsi),
            one.plan.clone(),
            one.mode.clone(),
            money(&one.balance.main),
            money(&one.balance.credit_limit),
            money(&one.balance.overdraft),
            one.brand.clone(),
            text(&one.owner),
            text(&one.owner_kind),
            one.account.clone(),
            text(&one.language),
        ];
        writer.write_record(&row).map_err(io::Error::from)?;
    }
    writer.flush()
}
