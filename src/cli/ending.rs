//! The end of a number's contract, and what follows it: parts of `gyro subscriber`.

use std::io::Write;

use super::Status;
use super::client::{self, Absent, Asking, Failure, Stop, number, with};
use super::print::{self, Row};
use crate::admin::json::change::Done;
use crate::admin::json::life::{Act, Acts, EndOrder, Noted, Payout, PortOut};

#[derive(clap::Args, Debug)]
pub(super) struct End {
    /// The number.
    #[arg(value_parser = number)]
    msisdn: String,
    /// From when on: a date, or RFC 3339; not before now [default: now].
    #[arg(long, value_name = "DATE")]
    at: Option<String>,
    /// Take back an end that was set for later.
    #[arg(long, conflicts_with = "at")]
    cancel: bool,
    /// Why.
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
pub(super) struct PortOutArgs {
    /// The number.
    #[arg(value_parser = number)]
    msisdn: String,
    /// Only say whether it may be, and why not.
    #[arg(long)]
    check: bool,
    /// What is said of it.
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
pub(super) struct Settle {
    /// The number.
    #[arg(value_parser = number)]
    msisdn: String,
    /// By which payment the money is returned.
    #[arg(long)]
    reference: Option<String>,
    /// What is said of it.
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
pub(super) struct History {
    /// The number.
    #[arg(value_parser = number)]
    msisdn: String,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn end(args: &End, out: &mut dyn Write) -> Result<(), Stop> {
    let path = format!("/v1/subscribers/{}", args.msisdn);
    let done: Done = with(&args.asking.reach, Absent::Refuse, |client| {
        if args.cancel {
            client.post(&format!("{path}/keep"), &Noted { note: args.note.clone() })
        } else {
            client.post(&format!("{path}/end"), &EndOrder { at: args.at.clone(), note: args.note.clone() })
        }
    })?;
    let said = match (args.cancel, &args.at) {
        (true, _) => "took back the end of",
        (false, Some(_)) => "set the end of",
        (false, None) => "ended",
    };
    Ok(client::say(&done, said, args.asking.output, out)?)
}

pub(super) fn port_out(args: &PortOutArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let path = format!("/v1/subscribers/{}/port-out", args.msisdn);
    if !args.check {
        let body = Noted { note: args.note.clone() };
        let done: Done = with(&args.asking.reach, Absent::Refuse, |client| client.post(&path, &body))?;
        return Ok(client::say(&done, "ported out", args.asking.output, out)?);
    }
    let found: PortOut = with(&args.asking.reach, Absent::Refuse, |client| client.get(&path))?;
    print::one(&found, args.asking.output, out)?;
    if found.allowed {
        return Ok(());
    }
    let message = format!("{} cannot be ported out: {}", found.msisdn, found.refusals.join(", "));
    Err(Failure::new(Status::Failed, message).into())
}

pub(super) fn settle(args: &Settle, out: &mut dyn Write) -> Result<(), Stop> {
    let path = format!("/v1/subscribers/{}/settle", args.msisdn);
    let body = Payout { reference: args.reference.clone(), note: args.note.clone() };
    let done: Done = with(&args.asking.reach, Absent::Refuse, |client| client.post(&path, &body))?;
    Ok(client::say(&done, "returned what was left of", args.asking.output, out)?)
}

pub(super) fn history(args: &History, out: &mut dyn Write) -> Result<(), Stop> {
    let path = format!("/v1/subscribers/{}/acts", args.msisdn);
    let found: Acts = with(&args.asking.reach, Absent::Refuse, |client| client.get(&path))?;
    Ok(print::rows(&found.acts, args.asking.output, out)?)
}

impl Row for PortOut {
    const HEADS: &'static [&'static str] = &["msisdn", "allowed", "refusals"];

    fn cells(&self) -> Vec<String> {
        vec![self.msisdn.clone(), self.allowed.to_string(), self.refusals.join(" ")]
    }
}

impl Row for Act {
    const HEADS: &'static [&'static str] = &["at", "operator", "what", "note"];

    fn cells(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![self.at.clone(), text(&self.operator), self.what.clone(), text(&self.note)]
    }
}
