//! `gyro dict list`: all AVPs, commands, applications or vendors.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use super::Common;
use super::lookup::vendor_code;
use super::print::{self, Row};
use crate::cli::Status;
use crate::diameter::dictionary::{AvpKey, CommandDefinition, Dictionary, nearest};

/// List AVPs, commands, applications or vendors.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// What to list.
    #[arg(value_enum, default_value_t, value_name = "WHAT")]
    what: What,
    /// Only the AVPs that the commands of this application reach, or its commands; by id or name.
    #[arg(long, short, value_name = "ID|NAME")]
    application: Option<String>,
    /// Only the AVPs of this vendor (0: none); by number or name.
    #[arg(long, value_name = "CODE|NAME")]
    vendor: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// The parts of a dictionary.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
enum What {
    /// AVPs, by vendor and code.
    #[default]
    Avps,
    /// Commands, by application and code.
    Commands,
    /// Applications, by id.
    Applications,
    /// Vendors, by number.
    Vendors,
}

/// An AVP in the list.
#[derive(Serialize, Debug)]
struct AvpLine {
    code: u32,
    vendor: u32,
    name: String,
    data_type: &'static str,
    mandatory: &'static str,
}

impl Row for AvpLine {
    const HEADS: &'static [&'static str] = &["code", "vendor", "name", "type", "mandatory"];

    fn cells(&self) -> Vec<String> {
        let numbers = [self.code.to_string(), self.vendor.to_string()];
        numbers
            .into_iter()
            .chain([self.name.clone(), self.data_type.to_owned(), self.mandatory.to_owned()])
            .collect()
    }
}

/// A command in the list.
#[derive(Serialize, Debug)]
struct CommandLine {
    code: u32,
    application: u32,
    name: String,
    request: String,
    answer: String,
    proxiable: bool,
}

impl Row for CommandLine {
    const HEADS: &'static [&'static str] = &["code", "application", "name", "request", "answer", "proxiable"];

    fn cells(&self) -> Vec<String> {
        let numbers = [self.code.to_string(), self.application.to_string()];
        let texts =
            [self.name.clone(), self.request.clone(), self.answer.clone(), self.proxiable.to_string()];
        numbers.into_iter().chain(texts).collect()
    }
}

/// An application in the list.
#[derive(Serialize, Debug)]
struct ApplicationLine {
    id: u32,
    name: String,
    commands: usize,
}

impl Row for ApplicationLine {
    const HEADS: &'static [&'static str] = &["id", "name", "commands"];

    fn cells(&self) -> Vec<String> {
        vec![self.id.to_string(), self.name.clone(), self.commands.to_string()]
    }
}

/// A vendor in the list.
#[derive(Serialize, Debug)]
struct VendorLine {
    code: u32,
    word: String,
    name: String,
    avps: usize,
}

impl Row for VendorLine {
    const HEADS: &'static [&'static str] = &["code", "word", "name", "avps"];

    fn cells(&self) -> Vec<String> {
        vec![self.code.to_string(), self.word.clone(), self.name.clone(), self.avps.to_string()]
    }
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let Some(dictionary) = args.common.dictionary(err)? else { return Ok(Status::Configuration) };
    let application = match &args.application {
        Some(wanted) => match application(&dictionary, wanted) {
            Ok(id) => Some(id),
            Err(near) => return unknown("application", wanted, near, err),
        },
        None => None,
    };
    let vendor = match &args.vendor {
        Some(wanted) => match vendor(&dictionary, wanted) {
            Ok(code) => Some(code),
            Err(near) => return unknown("vendor", wanted, near, err),
        },
        None => None,
    };
    let form = args.common.output;
    match args.what {
        What::Avps => print::rows(&avps(&dictionary, application, vendor), form, out)?,
        What::Commands => print::rows(&commands(&dictionary, application), form, out)?,
        What::Applications => print::rows(&applications(&dictionary, application), form, out)?,
        What::Vendors => print::rows(&vendors(&dictionary, vendor), form, out)?,
    }
    Ok(Status::Done)
}

fn unknown(what: &str, wanted: &str, near: Option<&str>, err: &mut dyn Write) -> io::Result<Status> {
    write!(err, "gyro: the dictionary has no {what} `{wanted}`")?;
    match near {
        Some(near) => writeln!(err, "; is `{near}` meant?")?,
        None => writeln!(err, "; `gyro dict list {what}s` names all of them")?,
    }
    Ok(Status::Failed)
}

/// An application by its id or name, else the nearest name.
fn application<'a>(dictionary: &'a Dictionary, wanted: &str) -> Result<u32, Option<&'a str>> {
    let id = wanted.parse::<u32>().ok();
    let known = dictionary.applications().iter();
    let found = known
        .clone()
        .find(|application| Some(application.id) == id || application.name.eq_ignore_ascii_case(wanted));
    found
        .map(|application| application.id)
        .ok_or_else(|| nearest(wanted, known.map(|application| application.name.as_ref())))
}

/// A vendor by its number, word or name, else the nearest word.
fn vendor<'a>(dictionary: &'a Dictionary, wanted: &str) -> Result<u32, Option<&'a str>> {
    let words = dictionary.vendors().iter().map(|vendor| vendor.word.as_ref());
    vendor_code(dictionary, wanted).ok_or_else(|| nearest(wanted, words))
}

fn commands_of(
    dictionary: &Dictionary,
    application: Option<u32>,
) -> impl Iterator<Item = &CommandDefinition> {
    let commands = dictionary.commands().iter();
    commands.filter(move |command| application.is_none_or(|id| command.application == id))
}

fn avps(dictionary: &Dictionary, application: Option<u32>, vendor: Option<u32>) -> Vec<AvpLine> {
    let reached = application.map(|id| reached(dictionary, id));
    let avps = dictionary.avps().iter();
    avps.filter(|avp| reached.as_ref().is_none_or(|reached| reached.contains(&avp.key)))
        .filter(|avp| vendor.is_none_or(|vendor| avp.key.vendor == vendor))
        .map(|avp| AvpLine {
            code: avp.key.code,
            vendor: avp.key.vendor,
            name: avp.name.to_string(),
            data_type: avp.data_type.name(),
            mandatory: avp.mandatory.name(),
        })
        .collect()
}

/// The AVPs that the commands of an application name, and those inside of them.
fn reached(dictionary: &Dictionary, application: u32) -> BTreeSet<AvpKey> {
    let mut reached = BTreeSet::new();
    let commands = commands_of(dictionary, Some(application));
    let rules = commands.flat_map(|command| command.request.rules.iter().chain(&command.answer.rules));
    let mut open: Vec<AvpKey> = rules.map(|rule| rule.avp).collect();
    while let Some(key) = open.pop() {
        if reached.insert(key) {
            let members = dictionary.avp_by_key(key).into_iter().flat_map(|avp| &avp.members.rules);
            open.extend(members.map(|rule| rule.avp));
        }
    }
    reached
}

fn commands(dictionary: &Dictionary, application: Option<u32>) -> Vec<CommandLine> {
    commands_of(dictionary, application)
        .map(|command| CommandLine {
            code: command.code,
            application: command.application,
            name: command.name.to_string(),
            request: command.abbreviation(true),
            answer: command.abbreviation(false),
            proxiable: command.proxiable,
        })
        .collect()
}

fn applications(dictionary: &Dictionary, wanted: Option<u32>) -> Vec<ApplicationLine> {
    let applications = dictionary.applications().iter();
    applications
        .filter(|application| wanted.is_none_or(|id| application.id == id))
        .map(|application| ApplicationLine {
            id: application.id,
            name: application.name.to_string(),
            commands: commands_of(dictionary, Some(application.id)).count(),
        })
        .collect()
}

fn vendors(dictionary: &Dictionary, wanted: Option<u32>) -> Vec<VendorLine> {
    let vendors = dictionary.vendors().iter();
    vendors
        .filter(|vendor| wanted.is_none_or(|code| vendor.code == code))
        .map(|vendor| VendorLine {
            code: vendor.code,
            word: vendor.word.to_string(),
            name: vendor.name.to_string(),
            avps: dictionary.avps().iter().filter(|avp| avp.key.vendor == vendor.code).count(),
        })
        .collect()
}
