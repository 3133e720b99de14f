//! `gyro block`: suspension of numbers.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::client::{self, Absent, Asking, Client, Failure, Stop, number, pages, told, with};
use super::print::{self, Row};
use super::{Rows, Status};
use crate::admin::json::change::Done;
use crate::admin::json::life::{Area, AreaChange, Areas, BULK, BlockChange, BulkBlock, BulkDone, Failed};
use crate::admin::json::subscriber::{Page, Subscriber};
use crate::charging::account::block::BlockReason;
use crate::charging::units::Digits;

/// The reasons.
const REASONS: [&str; 9] = {
    let [a, b, c, d, e, f, g, h, i] = BlockReason::ALL;
    [
        a.as_str(),
        b.as_str(),
        c.as_str(),
        d.as_str(),
        e.as_str(),
        f.as_str(),
        g.as_str(),
        h.as_str(),
        i.as_str(),
    ]
};

/// Block numbers, and lift blocks. Emergency numbers are reached whatever the blocks.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Put a block on. Blocks of several reasons stack.
    Add(Change),
    /// Lift the block of a reason; the others stay.
    Remove(Change),
    /// List blocked numbers.
    List(List),
}

#[derive(clap::Args, Debug)]
struct Change {
    /// The number.
    #[arg(value_parser = number, required_unless_present_any = ["list", "area"])]
    msisdn: Option<String>,
    /// Why.
    #[arg(long, value_parser = REASONS, required_unless_present = "area")]
    reason: Option<String>,
    /// What is said of it.
    #[arg(long)]
    note: Option<String>,
    /// All numbers of a file, one a line; what stands behind a `#` is left out.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["msisdn", "area"])]
    list: Option<PathBuf>,
    /// All who are served by a network (MCC and MNC), or in a country (MCC), as long as it lasts.
    #[arg(long, value_name = "PLMN", value_parser = number, conflicts_with = "msisdn")]
    area: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct List {
    /// Only this number [default: all].
    #[arg(value_parser = number)]
    msisdn: Option<String>,
    /// Areas that are stopped, and were.
    #[arg(long, conflicts_with = "msisdn")]
    areas: bool,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let done = match &args.command {
        Command::Add(args) => change(args, false, out, err),
        Command::Remove(args) => change(args, true, out, err),
        Command::List(args) => list(args, out),
    };
    told(done, err)
}

fn change(args: &Change, lift: bool, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Stop> {
    if let Some(area) = &args.area {
        if args.reason.as_deref().is_some_and(|reason| reason != BlockReason::Area.as_str()) {
            let message = "an area is blocked for the reason `area`: leave --reason out, or name it so";
            return Err(Failure::new(Status::Usage, message).into());
        }
        let body = AreaChange { area: area.clone(), lift, note: args.note.clone() };
        let done: Done = with(&args.asking.reach, Absent::Refuse, |client| client.post("/v1/areas", &body))?;
        if args.asking.output != Rows::Table {
            return Ok(print::one(&done, args.asking.output, out)?);
        }
        let said = match (lift, done.changed) {
            (false, true) => "stopped",
            (false, false) => "stopped already:",
            (true, true) => "stopped no longer:",
            (true, false) => "was not stopped:",
        };
        writeln!(out, "{said} {area}")?;
        return Ok(());
    }
    let reason = args.reason.clone().unwrap_or_default();
    let Some(msisdn) = &args.msisdn else {
        let file = args.list.clone().unwrap_or_default();
        let order = BulkBlock { reason, note: args.note.clone(), lift, msisdns: Vec::new() };
        return bulk(&file, &order, &args.asking, out, err);
    };
    let body = BlockChange { reason, note: args.note.clone() };
    let path = format!("/v1/subscribers/{msisdn}/{}", if lift { "unblock" } else { "block" });
    let done: Done = with(&args.asking.reach, Absent::Refuse, |client| client.post(&path, &body))?;
    let said = match (lift, done.changed) {
        (false, true) => "blocked",
        (false, false) => "blocked already for this reason:",
        (true, true) => "lifted the block of",
        (true, false) => "no block of this reason on",
    };
    if args.asking.output == Rows::Table {
        writeln!(out, "{said} {msisdn}: {}", body.reason)?;
        return Ok(());
    }
    Ok(client::say(&done, said, args.asking.output, out)?)
}

/// Changes all numbers of a file, some at a time. Numbers that cannot be changed are told; the others are changed.
fn bulk(
    file: &Path,
    order: &BulkBlock,
    asking: &Asking,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Stop> {
    let numbers = read(file)?;
    let shows = io::stderr().is_terminal();
    let all = numbers.len();
    let sum = with(&asking.reach, Absent::Refuse, |client: &mut Client| {
        let (mut sum, mut seen) = (BulkDone::default(), 0_usize);
        for piece in numbers.chunks(BULK) {
            let body = BulkBlock { msisdns: piece.to_vec(), ..order.clone() };
            let done: BulkDone = client.post("/v1/blocks", &body)?;
            sum.changed = sum.changed.saturating_add(done.changed);
            sum.unchanged = sum.unchanged.saturating_add(done.unchanged);
            sum.failed.extend(done.failed);
            seen = seen.saturating_add(piece.len());
            if shows {
                // progress is for people alone: what cannot be shown is no failure
                let _ = write!(err, "\r{seen} of {all} numbers");
            }
        }
        if shows {
            let _ = writeln!(err);
        }
        Ok(sum)
    })?;
    match asking.output {
        Rows::Json => print::json(&sum, out)?,
        Rows::Jsonl => print::json_lines(std::slice::from_ref(&sum), out)?,
        Rows::Table | Rows::Csv => {
            let what = if order.lift { "lifted" } else { "blocked" };
            writeln!(
                out,
                "{what} {}, as they were {}, failed {}",
                sum.changed,
                sum.unchanged,
                sum.failed.len()
            )?;
        }
    }
    let Some(Failed { msisdn, error }) = sum.failed.first() else { return Ok(()) };
    let message =
        format!("{} numbers were not changed, the first of them {msisdn}: {error}", sum.failed.len());
    Err(Failure::new(Status::Failed, message).into())
}

/// The numbers of a file, each once. A line that is no number is told with its place, and nothing is changed.
fn read(file: &Path) -> Result<Vec<String>, Failure> {
    let wrong = |message: String| Failure::new(Status::Failed, message);
    let text = std::fs::read_to_string(file)
        .map_err(|error| wrong(format!("{} cannot be read: {error}", file.display())))?;
    let mut seen = BTreeSet::new();
    let mut numbers = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let word = line.split('#').next().unwrap_or_default().trim();
        if word.is_empty() {
            continue;
        }
        let digits = Digits::parse(word.strip_prefix('+').unwrap_or(word)).ok_or_else(|| {
            let place = at.saturating_add(1);
            wrong(format!(
                "{}:{place}: {word:?} is no number: 1 to 15 digits, one number a line",
                file.display()
            ))
        })?;
        if seen.insert(digits) {
            numbers.push(digits.to_string());
        }
    }
    Ok(numbers)
}

/// A block of a number, as it is listed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Line {
    msisdn: String,
    reason: String,
    since: String,
    operator: String,
    note: Option<String>,
}

impl Row for Line {
    const HEADS: &'static [&'static str] = &["msisdn", "reason", "since", "operator", "note"];

    fn cells(&self) -> Vec<String> {
        let Self { msisdn, reason, since, operator, note } = self.clone();
        vec![msisdn, reason, since, operator, note.unwrap_or_default()]
    }
}

impl Row for Area {
    const HEADS: &'static [&'static str] = &["area", "since", "operator", "note", "lifted", "lifted_by"];

    fn cells(&self) -> Vec<String> {
        let Self { area, since, operator, note, lifted, lifted_by } = self.clone();
        let text = Option::unwrap_or_default;
        vec![area, since, operator, text(note), text(lifted), text(lifted_by)]
    }
}

fn list(args: &List, out: &mut dyn Write) -> Result<(), Stop> {
    if args.areas {
        let found: Areas = with(&args.asking.reach, Absent::Refuse, |client| client.get("/v1/areas"))?;
        return Ok(print::rows(&found.areas, args.asking.output, out)?);
    }
    let found: Vec<Subscriber> = with(&args.asking.reach, Absent::Refuse, |client| match &args.msisdn {
        Some(msisdn) => Ok(vec![client.get(&format!("/v1/subscribers/{msisdn}"))?]),
        None => {
            let found = pages(None, |query| {
                let page: Page = client.get(&format!("/v1/subscribers?{query}"))?;
                let next = page.next;
                let blocked: Vec<Subscriber> =
                    page.subscribers.into_iter().filter(|one| !one.blocks.is_empty()).collect();
                Ok((blocked, next))
            })?;
            Ok(found.into_iter().flatten().collect())
        }
    })?;
    let lines: Vec<Line> = found
        .into_iter()
        .flat_map(|one| {
            let msisdn = one.msisdn;
            one.blocks.into_iter().map(move |block| Line {
                msisdn: msisdn.clone(),
                reason: block.reason,
                since: block.since,
                operator: block.operator,
                note: block.note,
            })
        })
        .collect();
    Ok(print::rows(&lines, args.asking.output, out)?)
}
