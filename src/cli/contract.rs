//! `gyro contract`: a holder's accounts.

use std::io::{self, Write};

use super::Status;
use super::client::{Absent, Asking, Stop, number, told, with};
use super::print::{self, Row};
use crate::admin::json::subscriber::{AccountMoney, Contract};

/// Show contracts: their holder, accounts and numbers.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Show a contract.
    Show(Show),
}

#[derive(clap::Args, Debug)]
struct Show {
    /// Its number.
    #[arg(value_parser = number)]
    contract: String,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let Command::Show(args) = &args.command;
    told(show(args, out), err)
}

fn show(args: &Show, out: &mut dyn Write) -> Result<(), Stop> {
    let path = format!("/v1/contracts/{}", args.contract);
    let found: Contract = with(&args.asking.reach, Absent::Refuse, |client| client.get(&path))?;
    Ok(print::one(&found, args.asking.output, out)?)
}

impl Row for Contract {
    const HEADS: &'static [&'static str] =
        &["contract", "owner", "owner_kind", "since", "accounts", "numbers"];

    fn cells(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let account = |one: &AccountMoney| format!("{} {} {}", one.account, one.mode, one.balance.main);
        let accounts: Vec<String> = self.accounts.iter().map(account).collect();
        vec![
            self.contract.clone(),
            text(&self.owner),
            text(&self.owner_kind),
            self.since.clone(),
            accounts.join(", "),
            self.numbers.join(" "),
        ]
    }
}
