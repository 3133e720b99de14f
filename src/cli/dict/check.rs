//! `gyro dict check`: whether dictionary files are sound, and what they change.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::print::{self, Row};
use crate::cli::{Rows, Status};
use crate::diameter::dictionary::declaration::Role;
use crate::diameter::dictionary::{Dictionary, DictionaryBuilder};
use crate::dictionary_xml::{Finding, load};

/// Check dictionary files.
///
/// The files are read in order on top of what is built in, as the server reads them. Prints each fault, and each
/// definition that a file changes, with file, line and column. Exits with 78 when there is a fault.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Files in Wireshark's or go-diameter's format; none: what is built in.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to print what was found.
    #[arg(long, short, value_enum, default_value_t, value_name = "FORM")]
    output: Rows,
}

/// Something found, as it is printed.
#[derive(Serialize, Debug)]
struct Found {
    level: &'static str,
    file: Option<String>,
    line: u32,
    column: u32,
    message: String,
    earlier: Option<Place>,
}

/// A place in a file; no file: built in.
#[derive(Serialize, Debug)]
struct Place {
    file: Option<String>,
    line: u32,
    column: u32,
}

impl Row for Found {
    const HEADS: &'static [&'static str] =
        &["level", "file", "line", "column", "message", "earlier_file", "earlier_line", "earlier_column"];

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![
            self.level.to_owned(),
            self.file.clone().unwrap_or_default(),
            self.line.to_string(),
            self.column.to_string(),
            self.message.clone(),
        ];
        let earlier = self.earlier.as_ref();
        cells.push(earlier.map_or_else(String::new, |place| place.file.clone().unwrap_or_default()));
        cells.push(earlier.map_or_else(String::new, |place| place.line.to_string()));
        cells.push(earlier.map_or_else(String::new, |place| place.column.to_string()));
        cells
    }
}

/// All of it, as one JSON object.
#[derive(Serialize, Debug)]
struct Summary<'a> {
    sound: bool,
    files: Vec<String>,
    /// What the dictionary holds, if it is sound.
    avps: Option<usize>,
    commands: Option<usize>,
    applications: Option<usize>,
    vendors: Option<usize>,
    found: &'a [Found],
    /// How many faults are not listed.
    more_faults: usize,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> io::Result<Status> {
    let (findings, level, more, dictionary) =
        match load(DictionaryBuilder::builtin(), &args.files, Role::Override) {
            Ok(loaded) => (loaded.notes, "note", 0, Some(loaded.dictionary)),
            Err(refused) => (refused.faults, "fault", refused.more, None),
        };
    let found: Vec<Found> = findings.iter().map(|finding| view(level, finding)).collect();
    match args.output {
        Rows::Table => {
            for finding in &findings {
                writeln!(out, "{level}: {finding}")?;
            }
            if more > 0 {
                writeln!(out, "and {more} more faults")?;
            }
            if let Some(dictionary) = &dictionary {
                write_totals(dictionary, args.files.len(), found.len(), out)?;
            }
        }
        Rows::Json => print::json(&summary(&args.files, dictionary.as_ref(), &found, more), out)?,
        form @ (Rows::Jsonl | Rows::Csv) => print::rows(&found, form, out)?,
    }
    Ok(if dictionary.is_some() { Status::Done } else { Status::Configuration })
}

fn summary<'a>(
    files: &[PathBuf],
    dictionary: Option<&Dictionary>,
    found: &'a [Found],
    more_faults: usize,
) -> Summary<'a> {
    Summary {
        sound: dictionary.is_some(),
        files: files.iter().map(|file| text(file)).collect(),
        avps: dictionary.map(|dictionary| dictionary.avps().len()),
        commands: dictionary.map(|dictionary| dictionary.commands().len()),
        applications: dictionary.map(|dictionary| dictionary.applications().len()),
        vendors: dictionary.map(|dictionary| dictionary.vendors().len()),
        found,
        more_faults,
    }
}

fn write_totals(dictionary: &Dictionary, files: usize, notes: usize, out: &mut dyn Write) -> io::Result<()> {
    let read = match files {
        0 => "what is built in".to_owned(),
        1 => "what is built in and 1 file".to_owned(),
        _ => format!("what is built in and {files} files"),
    };
    writeln!(
        out,
        "sound: {read}, {} AVPs, {} commands, {} applications, {} vendors, {notes} {}",
        dictionary.avps().len(),
        dictionary.commands().len(),
        dictionary.applications().len(),
        dictionary.vendors().len(),
        if notes == 1 { "note" } else { "notes" }
    )
}

fn view(level: &'static str, finding: &Finding) -> Found {
    let earlier = finding.previous.as_ref().map(|(file, line, column)| Place {
        file: file.as_deref().map(text),
        line: *line,
        column: *column,
    });
    Found {
        level,
        file: finding.path.as_deref().map(text),
        line: finding.line,
        column: finding.column,
        message: finding.cause.to_string(),
        earlier,
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
