//! `gyro peer`: the gateways that are connected.

use std::io::{self, Write};

use super::Status;
use super::client::{Absent, Asking, Stop, escaped, told, with};
use super::print::{self, Row};
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
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct One {
    /// Its Origin-Host.
    host: String,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let done = match &args.command {
        Command::List(args) => list(args, out),
        Command::Disconnect(args) => disconnect(args, out),
    };
    told(done, err)
}

fn list(args: &List, out: &mut dyn Write) -> Result<(), Stop> {
    let found: Page = with(&args.asking.reach, Absent::Refuse, |client| client.get("/v1/peers"))?;
    Ok(print::rows(&found.peers, args.asking.output, out)?)
}

fn disconnect(args: &One, out: &mut dyn Write) -> Result<(), Stop> {
    let path = format!("/v1/peers/{}/disconnect", escaped(&args.host));
    args.asking.order(&path, &serde_json::Map::new(), &format!("{} is being disconnected", args.host), out)
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
