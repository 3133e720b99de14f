//! `gyro dict lookup`: everything about one AVP or command.

use std::io::{self, Write};

use super::Common;
use super::print;
use super::view::Entry;
use crate::cli::{Rows, Status};
use crate::diameter::dictionary::Dictionary;

/// Look up AVPs and commands by name or code.
///
/// Names are those of the standards, in any case: Rating-Group, Credit-Control, CCR. A code alone finds the AVPs of all
/// vendors with that code, and commands; CODE:VENDOR one AVP: 873:10415, 873:TGPP, 416:0.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// What to look up.
    #[arg(value_name = "NAME|CODE[:VENDOR]")]
    wanted: String,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let Some(dictionary) = args.common.dictionary(err)? else { return Ok(Status::Configuration) };
    let found = find(&dictionary, args.wanted.trim());
    if found.is_empty() {
        write!(err, "gyro: the dictionary has no AVP or command `{}`", args.wanted)?;
        match dictionary.nearest_name(args.wanted.trim()) {
            Some(nearest) => writeln!(err, "; is `{nearest}` meant?")?,
            None => writeln!(err, "; `gyro dict list` names all of them")?,
        }
        return Ok(Status::Failed);
    }
    match args.common.output {
        Rows::Table => {
            for (at, entry) in found.iter().enumerate() {
                if at > 0 {
                    writeln!(out)?;
                }
                entry.write(out)?;
            }
        }
        form @ (Rows::Json | Rows::Jsonl | Rows::Csv) => print::rows(&found, form, out)?,
    }
    Ok(Status::Done)
}

fn find(dictionary: &Dictionary, wanted: &str) -> Vec<Entry> {
    let avp = |avp| Entry::avp(dictionary, avp);
    let command = |command| Entry::command(dictionary, command);
    let (code, vendor) = wanted.split_once(':').map_or((wanted, None), |(code, vendor)| (code, Some(vendor)));
    match (code.parse::<u32>(), vendor) {
        (Ok(code), None) => {
            let avps = dictionary.avps().iter().filter(|avp| avp.key.code == code).map(avp);
            let commands = dictionary.commands().iter().filter(|command| command.code == code).map(command);
            avps.chain(commands).collect()
        }
        (Ok(code), Some(vendor)) => {
            let vendor = vendor_code(dictionary, vendor);
            vendor.and_then(|vendor| dictionary.avp(vendor, code)).map(avp).into_iter().collect()
        }
        (Err(_), _) => {
            let avps = dictionary.avps_by_name(wanted).map(avp);
            avps.chain(dictionary.commands_by_name(wanted).map(command)).collect()
        }
    }
}

/// A vendor by its number, word or name.
pub(super) fn vendor_code(dictionary: &Dictionary, wanted: &str) -> Option<u32> {
    if let Ok(code) = wanted.parse() {
        return Some(code);
    }
    let named = |name: &str| name.eq_ignore_ascii_case(wanted);
    let vendor = dictionary.vendors().iter().find(|vendor| named(&vendor.word) || named(&vendor.name));
    vendor.map(|vendor| vendor.code)
}
