//! `gyro tariff`: work on tariffs. All but `publish` and `list` work on files alone, without a server.

mod check;
mod diff;
mod price;
mod publish;
mod show;
mod test;
#[cfg(test)]
mod tests;
mod trial;

use std::io::{self, Write};
use std::path::PathBuf;

use super::{Output, Rows, Status};

/// Work on tariffs.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Check a tariff: exit 0 when it is sound, 78 when not, with each fault's file, line and column.
    Check {
        /// A tariff file, or a folder of *.toml.
        #[arg(value_name = "FILE")]
        path: PathBuf,
        /// Gaps and rates that never apply are told and do not fail the check.
        #[arg(long)]
        lenient: bool,
        /// How to print.
        #[arg(long, short, value_enum, default_value_t, value_name = "FORM")]
        output: Output,
    },
    /// Run the tests that a tariff carries: exit 1 when one fails.
    Test {
        /// A tariff file, or a folder of *.toml.
        #[arg(value_name = "FILE")]
        path: PathBuf,
        /// Only tests whose name contains this.
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
        /// How to print.
        #[arg(long, short, value_enum, default_value_t, value_name = "FORM")]
        output: Rows,
    },
    /// Compare two tariffs: what was added, what was taken away, and which prices are others.
    Diff {
        /// The tariff before: a file or a folder.
        #[arg(value_name = "BEFORE")]
        before: PathBuf,
        /// The tariff after.
        #[arg(value_name = "AFTER")]
        after: PathBuf,
        /// How to print.
        #[arg(long, short, value_enum, default_value_t, value_name = "FORM")]
        output: Rows,
    },
    /// Hand a tariff to the running server, or to a store that no server uses.
    Publish(publish::Args),
    /// List the versions of the tariffs: those before, the one in force, those to come.
    List(publish::ListArgs),
    /// Say what a use would cost, rule by rule.
    Price(price::Args),
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    match &args.command {
        Command::Check { path, lenient, output } => check::run(path, *lenient, *output, out, err),
        Command::Test { path, only, output } => test::run(path, only.as_deref(), *output, out, err),
        Command::Diff { before, after, output } => diff::run(before, after, *output, out, err),
        Command::Price(args) => price::run(args, out, err),
        Command::Publish(args) => publish::run(args, out, err),
        Command::List(args) => publish::list(args, out, err),
    }
}

/// Reads a tariff; what is wrong with it goes to `err`.
fn read(path: &std::path::Path, err: &mut dyn Write) -> io::Result<Option<crate::tariff::Loaded>> {
    match crate::tariff::load(path) {
        Ok(loaded) => Ok(Some(loaded)),
        Err(errors) => {
            for report in &errors.errors {
                writeln!(err, "{report}")?;
            }
            Ok(None)
        }
    }
}
