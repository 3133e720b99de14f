//! `gyro dict`: what the dictionary says, and whether dictionary files are sound.

use std::io::{self, Write};
use std::path::PathBuf;

use super::{Rows, Status, print};
use crate::diameter::dictionary::declaration::Role;
use crate::diameter::dictionary::{Dictionary, DictionaryBuilder, builtin};
use crate::dictionary_xml::load;

mod check;
mod list;
mod lookup;
mod view;

/// Check dictionary files, look up and list AVPs and commands.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What to do with dictionaries.
#[derive(clap::Subcommand, Debug)]
enum Command {
    Check(check::Args),
    Lookup(lookup::Args),
    List(list::Args),
}

/// The options that look-ups have in common.
#[derive(clap::Args, Debug, Default)]
struct Common {
    /// Add a dictionary file to what is built in; may be given several times, a later one wins.
    #[arg(long, short, value_name = "FILE")]
    dictionary: Vec<PathBuf>,
    /// How to print.
    #[arg(long, short, value_enum, default_value_t, value_name = "FORM")]
    output: Rows,
}

impl Common {
    /// What is built in with the files on top; faults of the files are printed.
    fn dictionary(&self, err: &mut dyn Write) -> io::Result<Option<Dictionary>> {
        if self.dictionary.is_empty() {
            return Ok(Some(builtin()));
        }
        match load(DictionaryBuilder::builtin(), &self.dictionary, Role::Override) {
            Ok(loaded) => Ok(Some(loaded.dictionary)),
            Err(refused) => {
                writeln!(err, "{refused}")?;
                Ok(None)
            }
        }
    }
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    match &args.command {
        Command::Check(args) => check::run(args, out),
        Command::Lookup(args) => lookup::run(args, out, err),
        Command::List(args) => list::run(args, out, err),
    }
}

#[cfg(test)]
mod tests;
