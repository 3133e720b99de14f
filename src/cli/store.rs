//! `gyro store`: the store of a data directory that no server uses, or that of the running server.

use core::time::Duration;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::client::{Absent, Reach, Stop, told, with};
use super::{Status, print, probe};
use crate::admin::json::change::{self, Accepted};
use crate::admin::json::status;
use crate::server::Clock;
use crate::store::books::Books;
use crate::store::{StoreError, backup, clock, guard, probe_child, verify};
use crate::time::Timestamp;

/// Check, back up, restore and export the store of a data directory, and undo a stamp from the future.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What to do with the store.
#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Read all of it: every checksum, that journal and state agree, and the books.
    ///
    /// Without --data the running server says what its verification in the background has found so far.
    Verify(Either),
    /// Write all of it into one new file; without --data the running server writes it.
    Backup(EitherAndFile),
    /// Make it anew, in a directory that is empty or not there, from a backup.
    Restore(PlaceAndFile),
    /// Write its state, sorted, into one new file.
    Export(PlaceAndFile),
    /// Undo a stamp from the future.
    ///
    /// A clock that was wrong for a while has left a time to come in the store, at which engine time stands still.
    /// Brings that time and the sessions of it back to the clock of this machine; history keeps its times.
    ClockReset(Place),
    /// Try to open the state; the server runs this before it opens it itself.
    #[command(hide = true, name = probe::COMMAND)]
    Probe {
        /// The state's directory.
        dir: PathBuf,
    },
}

/// Which store, or which server.
#[derive(clap::Args, Debug)]
struct Either {
    /// The data directory of a store that no server uses.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The admin address of the running server.
    #[arg(long, value_name = "ADDR", env = "GYRO_ADMIN")]
    admin: Option<String>,
}

/// Which store or server, and which file.
#[derive(clap::Args, Debug)]
struct EitherAndFile {
    #[command(flatten)]
    either: Either,
    /// The file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Which store.
#[derive(clap::Args, Debug)]
struct Place {
    /// The data directory.
    #[arg(long, value_name = "DIR", env = "GYRO_DATA")]
    data: PathBuf,
}

/// Which store, and which file.
#[derive(clap::Args, Debug)]
struct PlaceAndFile {
    #[command(flatten)]
    place: Place,
    /// The file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    match &args.command {
        Command::Verify(Either { data: None, admin }) => return verified(admin.clone(), out, err),
        Command::Backup(EitherAndFile { either: Either { data: None, admin }, file }) => {
            return told(server_backup(admin.clone(), file, out), err);
        }
        _ => {}
    }
    match act(&args.command, out) {
        Ok(status) => status,
        Err(error) => {
            writeln!(err, "gyro: {error}")?;
            Ok(status_of(&error))
        }
    }
}

fn status_of(error: &StoreError) -> Status {
    if error.exit_code() == Status::DataDirectory.code() { Status::DataDirectory } else { Status::Damaged }
}

/// The outer error is the store's, the inner one that of the output.
fn act(command: &Command, out: &mut dyn Write) -> Result<io::Result<Status>, StoreError> {
    let program =
        |source| StoreError::Io { doing: "find", path: PathBuf::from("the program itself"), source };
    if let Command::Probe { dir } = command {
        return probe_child(dir, out).map(|()| Ok(Status::Done));
    }
    guard()?;
    let options = probe::options().map_err(program)?;
    match command {
        Command::Verify(Either { data, .. }) => {
            let data = data.as_deref().unwrap_or(Path::new(""));
            let mut books = Books::default();
            let report = verify::verify(data, options, &mut [&mut books])?;
            let (accounts, entries) = books.read();
            let status = if report.faults.is_empty() { Status::Done } else { Status::Damaged };
            let said = writeln!(out, "books: {accounts} accounts, {entries} ledger entries\n{report}");
            Ok(said.map(|()| status))
        }
        Command::Backup(at) => {
            let data = at.either.data.as_deref().unwrap_or(Path::new(""));
            let done = backup::backup(data, options, &at.file)?;
            Ok(say(out, "backed up", &at.file, done))
        }
        Command::Export(at) => {
            let done = backup::export_to(&at.place.data, options, &at.file)?;
            Ok(say(out, "exported", &at.file, done))
        }
        Command::Restore(at) => {
            let done = backup::restore(&at.place.data, &options, &at.file, Clock::start().now().wall)?;
            Ok(say(out, "restored", &at.place.data, done))
        }
        Command::ClockReset(at) => {
            let now = Clock::start().now().wall;
            let done = clock::reset(&at.data, options, now)?;
            Ok(reset(out, done, now).map(|()| Status::Done))
        }
        Command::Probe { .. } => Ok(Ok(Status::Done)),
    }
}

fn reset(out: &mut dyn Write, done: clock::Reset, now: Timestamp) -> io::Result<()> {
    match done.before {
        Some(stamp) if stamp > now => writeln!(
            out,
            "the last stamp was {stamp}, {} ahead of the clock; it is {now} now, and {} sessions came back with it",
            span(stamp.since(now)),
            done.sessions
        ),
        Some(stamp) => {
            writeln!(
                out,
                "the last stamp is {stamp}, not ahead of the clock, which says {now}: nothing changed"
            )
        }
        None => writeln!(out, "the store has no stamp yet: nothing changed"),
    }
}

/// Days, hours, minutes and seconds, without those in front that are none.
fn span(span: Duration) -> String {
    let (mut left, mut said) = (span.as_secs(), Vec::new());
    for (unit, seconds) in [("d", 86_400), ("h", 3_600), ("min", 60)] {
        if left >= seconds {
            said.push(format!("{} {unit}", left.div_euclid(seconds)));
            left = left.rem_euclid(seconds);
        }
    }
    said.push(format!("{left} s"));
    said.join(" ")
}

/// What the running server has found.
fn verified(admin: Option<String>, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let found = with(&Reach::server(admin), Absent::Refuse, |client| client.get("/v1/store"));
    let found: status::Store = match found {
        Ok(found) => found,
        Err(failure) => return told(Err(failure.into()), err),
    };
    let lines = [
        ("sequence", found.applied.to_string()),
        ("checkpoint", found.checkpoint.to_string()),
        ("verified", format!("{} of {} octets since the start", found.verified, found.to_verify)),
        ("stopped", found.stopped.unwrap_or_default()),
    ];
    print::fields(lines.into_iter(), out)?;
    for damage in &found.damage {
        writeln!(out, "fault: {damage}")?;
    }
    match found.damage.len() {
        0 => writeln!(
            out,
            "no damage found; the full check is `gyro store verify --data DIR` on a stopped server"
        )?,
        count => writeln!(out, "{count} faults")?,
    }
    Ok(if found.damage.is_empty() { Status::Done } else { Status::Damaged })
}

fn server_backup(admin: Option<String>, file: &Path, out: &mut dyn Write) -> Result<(), Stop> {
    let file = std::path::absolute(file)?;
    let body = change::Backup { file: file.display().to_string() };
    let _: Accepted =
        with(&Reach::server(admin), Absent::Refuse, |client| client.post("/v1/store/backup", &body))?;
    Ok(writeln!(out, "backed up to {}", file.display())?)
}

fn say(out: &mut dyn Write, what: &str, where_to: &Path, done: backup::Summary) -> io::Result<Status> {
    let backup::Summary { sequence, octets } = done;
    writeln!(out, "{what} sequence {sequence} to {} ({octets} octets)", where_to.display())?;
    Ok(Status::Done)
}
