//! `gyro store`: the store of a data directory that no server uses.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Status;
use crate::store::books::Books;
use crate::store::local::Options;
use crate::store::{Probe, StoreError, backup, guard, probe_child, verify};

/// Check, back up, restore and export the store of a data directory.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What to do with the store.
#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Read all of it: every checksum, that journal and state agree, and the books.
    Verify(Place),
    /// Write all of it into one new file.
    Backup(PlaceAndFile),
    /// Make it anew, in a directory that is empty or not there, from a backup.
    Restore(PlaceAndFile),
    /// Write its state, sorted, into one new file.
    Export(PlaceAndFile),
    /// Try to open the state; the server runs this before it opens it itself.
    #[command(hide = true, name = PROBE)]
    Probe {
        /// The state's directory.
        dir: PathBuf,
    },
}

/// The hidden subcommand that tries to open the state.
const PROBE: &str = "probe-state";
/// How long that may take.
const DEADLINE: Duration = Duration::from_mins(2);

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

/// How every command of this process opens a store: the state is tried by a child of the same program.
pub fn options() -> io::Result<Options> {
    let program = std::env::current_exe()?;
    Ok(Options::new(Probe::Child {
        program,
        arguments: vec!["store".into(), PROBE.into()],
        deadline: DEADLINE,
    }))
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
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
    let options = options().map_err(program)?;
    match command {
        Command::Verify(Place { data }) => {
            let mut books = Books::default();
            let report = verify::verify(data, options, &mut [&mut books])?;
            let (accounts, entries) = books.read();
            let status = if report.faults.is_empty() { Status::Done } else { Status::Damaged };
            let said = writeln!(out, "books: {accounts} accounts, {entries} ledger entries\n{report}");
            Ok(said.map(|()| status))
        }
        Command::Backup(at) => {
            let done = backup::backup(&at.place.data, options, &at.file)?;
            Ok(say(out, "backed up", &at.file, done))
        }
        Command::Export(at) => {
            let done = backup::export_to(&at.place.data, options, &at.file)?;
            Ok(say(out, "exported", &at.file, done))
        }
        Command::Restore(at) => {
            let done = backup::restore(&at.place.data, &options, &at.file)?;
            Ok(say(out, "restored", &at.place.data, done))
        }
        Command::Probe { .. } => Ok(Ok(Status::Done)),
    }
}

fn say(out: &mut dyn Write, what: &str, where_to: &Path, done: backup::Summary) -> io::Result<Status> {
    let backup::Summary { sequence, octets } = done;
    writeln!(out, "{what} sequence {sequence} to {} ({octets} octets)", where_to.display())?;
    Ok(Status::Done)
}
