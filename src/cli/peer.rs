//! `gyro peer`: the gateways that are connected.

use std::io::{self, Write};

use super::client::{Absent, Reach, Stop, escaped, told, with};
use super::print::{self, Row};
use super::{Rows, Status};
use crate::admin::json::change::Accepted;
use crate::admin::json::peer::{Page, Peer};

/// List and disconnect gateways.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// List the gateways that are connected or configured.
    List(List),
    /// Disconnect a gateway (DPR, RFC 6733 §5.4).
    Disconnect(One),
}

#[derive(clap::Args, Debug)]
struct List {
    #[command(flatten)]
    reach: Reach,
    /// How to print.
    #[arg(long, short, value_enum, default_value_t, value_name = "FORM")]
    output: Rows,
}

#[derive(clap::Args, Debug)]
struct One {
    /// Its Origin-Host.
    host: String,
    #[command(flatten)]
    reach: Reach,
    /// How to print.
    #[arg(long, short, value_enum, default_value_t, value_name = "FORM")]
    output: Rows,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let done = match &args.command {
        Command::List(args) => list(args, out),
        Command::Disconnect(args) => disconnect(args, out),
    };
    told(done, err)
}

fn list(args: &List, out: &mut dyn Write) -> Result<(), Stop> {
    let found: Page = with(&args.reach, Absent::Refuse, |client| client.get("/v1/peers"))?;
    Ok(print::rows(&found.peers, args.output, out)?)
}

fn disconnect(args: &One, out: &mut dyn Write) -> Result<(), Stop> {
    let path = format!("/v1/peers/{}/disconnect", escaped(&args.host));
    let body = serde_json::Map::new();
    let done: Accepted = with(&args.reach, Absent::Refuse, |client| client.post(&path, &body))?;
    match args.output {
        Rows::Table | Rows::Csv => writeln!(out, "{} is being disconnected", args.host)?,
        Rows::Json => print::json(&done, out)?,
        Rows::Jsonl => print::json_lines(&[done], out)?,
    }
    Ok(())
}

impl Row for Peer {
    const HEADS: &'static [&'static str] =
        &["host", "realm", "address", "product", "profile", "because", "state", "since", "requests"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.host.clone(),
            self.realm.clone(),
            self.address.clone(),
            self.product.clone(),
            self.profile.clone(),
            self.because.clone(),
            self.state.clone(),
            self.since.clone().unwrap_or_default(),
            self.requests.to_string(),
        ]
    }
}
