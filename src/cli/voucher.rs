//! `gyro voucher`: payment cards.

use core::time::Duration;
use std::io::{self, BufRead, Write};

use super::client::{self, Absent, Asking, Failure, Stop, money, number, told, with};
use super::print::{self, Row};
use super::{Rows, Status};
use crate::admin::json::change::{Activation, Done, NewVouchers, Voiding};
use crate::admin::json::voucher::Batch;
use serde::Serialize;

/// Payment cards: make batches, top up by a code, make void.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Make a batch of payment cards and print their codes, which no one can tell again.
    Generate(Generate),
    /// Top a number up by the code of a card.
    Activate(Activate),
    /// Make a batch, or some cards of it, void.
    Void(Void),
    /// Show a batch.
    Show(Show),
}

#[derive(clap::Args, Debug)]
struct Generate {
    /// What each card is worth.
    #[arg(long, value_parser = money, allow_hyphen_values = true)]
    value: String,
    /// How many cards.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// For how long they can be used, such as 365d [default: for ever].
    #[arg(long, value_name = "SPAN", value_parser = client::span)]
    valid: Option<Duration>,
    /// The number of the batch [default: drawn at random].
    #[arg(long, value_name = "ID")]
    batch: Option<u32>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct Activate {
    /// The number.
    #[arg(value_parser = number)]
    msisdn: String,
    /// The code, or - to read it from standard input.
    code: String,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct Void {
    /// The number of the batch.
    batch: u32,
    /// Only these serial numbers, such as 17 or 1-500 [default: all].
    #[arg(long, value_name = "RANGE", value_parser = range)]
    serials: Option<(u32, u32)>,
    /// Why.
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct Show {
    /// The number of the batch.
    batch: u32,
    #[command(flatten)]
    asking: Asking,
}

fn range(text: &str) -> Result<(u32, u32), String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let both = first.parse().ok().zip(last.parse().ok());
    both.ok_or_else(|| "serial numbers are written like 17 or 1-500".into())
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let done = match &args.command {
        Command::Generate(args) => generate(args, out),
        Command::Activate(args) => activate(args, out),
        Command::Void(args) => void(args, out),
        Command::Show(args) => show(args, out),
    };
    told(done, err)
}

/// A card as it is printed, once.
#[derive(Serialize, Debug)]
struct Card {
    batch: u32,
    serial: u32,
    code: String,
    value: String,
}

impl Row for Card {
    const HEADS: &'static [&'static str] = &["batch", "serial", "code", "value"];

    fn cells(&self) -> Vec<String> {
        vec![self.batch.to_string(), self.serial.to_string(), self.code.clone(), self.value.clone()]
    }
}

/// Cards of one order: what fits into its body.
const CHUNK: usize = 2_000;

fn generate(args: &Generate, out: &mut dyn Write) -> Result<(), Stop> {
    let batch = match args.batch {
        Some(batch) => batch,
        None => u32::from_be_bytes(octets()?) & 0x3fff_ffff,
    };
    let codes: Vec<String> = (0..args.count).map(|_| draw()).collect::<Result<_, _>>()?;
    with(&args.asking.reach, Absent::Refuse, |client| {
        let mut first = 1_u32;
        for chunk in codes.chunks(CHUNK) {
            let body = NewVouchers {
                batch,
                value: args.value.clone(),
                valid_seconds: args.valid.map(|valid| valid.as_secs()),
                first,
                codes: chunk.to_vec(),
            };
            let made: Result<Done, Failure> = client.post("/v1/vouchers", &body);
            made.map_err(|failure| unfinished(failure, batch, first))?;
            first = first.saturating_add(u32::try_from(chunk.len()).unwrap_or(u32::MAX));
        }
        Ok(())
    })?;
    let card = |(serial, code)| Card { batch, serial, code, value: args.value.clone() };
    let cards: Vec<Card> = (1..).zip(codes).map(card).collect();
    Ok(print::rows(&cards, args.asking.output, out)?)
}

/// A batch that could not be made whole: none of its codes were told.
fn unfinished(failure: Failure, batch: u32, first: u32) -> Failure {
    if first == 1 {
        return failure;
    }
    let Failure { status, message } = failure;
    let told =
        format!("{message}; no code was printed: make batch {batch} void with `gyro voucher void {batch}`");
    Failure::new(status, told)
}

fn octets<const N: usize>() -> Result<[u8; N], Failure> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).map_err(|error| {
        Failure::new(Status::Failed, format!("the system gives no random numbers: {error}"))
    })?;
    Ok(octets)
}

/// A code: twenty digits, each of the 10²⁰ as likely as the other.
fn draw() -> Result<String, Failure> {
    const CODES: u128 = 100_000_000_000_000_000_000;
    loop {
        // 67 bits: what is beyond the last code is drawn again
        let drawn = u128::from_be_bytes(octets()?) >> 61;
        if drawn < CODES {
            return Ok(format!("{drawn:020}"));
        }
    }
}

fn activate(args: &Activate, out: &mut dyn Write) -> Result<(), Stop> {
    let code = if args.code == "-" {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        line.trim().to_owned()
    } else {
        args.code.clone()
    };
    let path = format!("/v1/subscribers/{}/voucher", args.msisdn);
    let body = Activation { code };
    let done: Done = with(&args.asking.reach, Absent::Refuse, |client| client.post(&path, &body))?;
    Ok(client::say(&done, "topped up", args.asking.output, out)?)
}

fn void(args: &Void, out: &mut dyn Write) -> Result<(), Stop> {
    let (first, last) = args.serials.unzip();
    let body = Voiding { first, last, note: args.note.clone() };
    let path = format!("/v1/vouchers/{}/void", args.batch);
    let done: Done = with(&args.asking.reach, Absent::Refuse, |client| client.post(&path, &body))?;
    match args.asking.output {
        Rows::Table => {
            let known = if done.changed { "" } else { " (known already: nothing changed)" };
            Ok(writeln!(out, "made void: batch {}{known}", args.batch)?)
        }
        form => Ok(print::one(&done, form, out)?),
    }
}

fn show(args: &Show, out: &mut dyn Write) -> Result<(), Stop> {
    let path = format!("/v1/vouchers/{}", args.batch);
    let found: Batch = with(&args.asking.reach, Absent::Refuse, |client| client.get(&path))?;
    Ok(print::one(&found, args.asking.output, out)?)
}

impl Row for Batch {
    const HEADS: &'static [&'static str] =
        &["batch", "value", "cards", "used", "made", "operator", "expires", "voided", "void"];

    fn cells(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            self.batch.to_string(),
            self.value.clone(),
            self.cards.to_string(),
            self.used.to_string(),
            self.made.clone(),
            text(&self.expires),
            text(&self.voided),
            self.void
                .iter()
                .map(|one| format!("{} by {}", one.serials, one.operator))
                .collect::<Vec<_>>()
                .join(", "),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::voucher::Code;

    #[test]
    fn drawn_codes_are_codes_and_differ() {
        let codes: std::collections::BTreeSet<String> = (0..500).map(|_| draw().unwrap()).collect();
        assert_eq!(codes.len(), 500);
        assert!(codes.iter().all(|code| Code::parse(code).is_some()));
    }

    #[test]
    fn ranges_of_serials_are_read() {
        assert_eq!((range("17"), range("1-500")), (Ok((17, 17)), Ok((1, 500))));
        assert!(range("x").is_err() && range("1-").is_err());
    }
}
