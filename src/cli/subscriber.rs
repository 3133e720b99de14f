//! `gyro subscriber`: numbers and what belongs to them.

use std::io::{self, Write};

use super::client::{self, Absent, Asking, Stop, money, number, pages, told, with};
use super::print::{self, Row};
use super::{Status, bulk, ending};
use crate::admin::json::change::{Done, NewSubscriber, SubscriberChange};
use crate::admin::json::subscriber::{Page, Subscriber};

/// Add, show and change subscribers.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Add a subscriber.
    Add(Box<Add>),
    /// Show a subscriber with its account, bundles and sessions.
    Show(Show),
    /// List all subscribers.
    List(List),
    /// Change properties of a subscriber.
    Set(Box<Set>),
    /// End a subscriber's contract, at once or from a date on: the number and the SIM are free, what is owed stays.
    End(ending::End),
    /// Give the number to another operator, or say whether that may be.
    PortOut(ending::PortOutArgs),
    /// Return what is left of the money after the end of the contract.
    Settle(ending::Settle),
    /// List what was done to the number: by whom, when, why.
    History(ending::History),
    /// Add many subscribers from a CSV file with a header: all of them or none.
    Import(bulk::Import),
    /// Write all subscribers as CSV, in the form that import reads.
    Export(bulk::Export),
}

#[derive(clap::Args, Debug)]
struct Add {
    /// The number, E.164.
    #[arg(value_parser = number)]
    msisdn: String,
    /// The plan, by name.
    #[arg(long)]
    plan: String,
    /// The SIM's identity.
    #[arg(long, value_parser = number)]
    imsi: Option<String>,
    /// How the account is settled [default: advance, where the plan is sold so].
    #[arg(long, value_parser = ["advance", "credit"])]
    mode: Option<String>,
    /// Money that is there from the start.
    #[arg(long, value_parser = money, allow_hyphen_values = true)]
    balance: Option<String>,
    /// How far a credit account may go into debt.
    #[arg(long, value_parser = money, allow_hyphen_values = true)]
    credit_limit: Option<String>,
    /// How far below nothing an advance account may go.
    #[arg(long, value_parser = money, allow_hyphen_values = true)]
    overdraft: Option<String>,
    /// The brand [default: kcell].
    #[arg(long, value_parser = ["kcell", "activ"])]
    brand: Option<String>,
    /// The holder's 12-digit number, IIN or BIN.
    #[arg(long, value_name = "IIN")]
    owner: Option<String>,
    /// What the holder is [default: individual].
    #[arg(long, value_name = "KIND", value_parser = ["individual", "entity"])]
    owner_kind: Option<String>,
    /// The account that pays, where numbers share one [default: a new one].
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// The contract of a new account, where a contract has several [default: a new one].
    #[arg(long, value_name = "ID", conflicts_with = "account")]
    contract: Option<String>,
    /// The owner may have more numbers than an individual may.
    #[arg(long = "override")]
    override_limit: bool,
    /// The language of messages.
    #[arg(long, value_parser = ["kk", "ru", "en"])]
    language: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct Show {
    /// The number.
    #[arg(value_parser = number)]
    msisdn: String,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct List {
    /// So many at most [default: all].
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct Set {
    /// The number.
    #[arg(value_parser = number)]
    msisdn: String,
    /// Another number: account, plan and bundles stay; nothing else is changed with it.
    #[arg(long = "msisdn", value_name = "NUMBER", value_parser = number)]
    to: Option<String>,
    /// Another owner may have more numbers than an individual may.
    #[arg(long = "override")]
    override_limit: bool,
    /// Another plan.
    #[arg(long)]
    plan: Option<String>,
    /// Another SIM.
    #[arg(long, value_parser = number)]
    imsi: Option<String>,
    /// Another credit limit of the account.
    #[arg(long, value_parser = money, allow_hyphen_values = true)]
    credit_limit: Option<String>,
    /// Another permitted overdraft of the account.
    #[arg(long, value_parser = money, allow_hyphen_values = true)]
    overdraft: Option<String>,
    /// Bar a service; may be given several times.
    #[arg(long, value_name = "SERVICE")]
    bar: Vec<String>,
    /// Bar a service no longer; may be given several times.
    #[arg(long, value_name = "SERVICE")]
    unbar: Vec<String>,
    /// Whether going on after a bundle is used up means consent to pay.
    #[arg(long, value_parser = ["on", "off"])]
    overage: Option<String>,
    /// Another language of messages.
    #[arg(long, value_parser = ["kk", "ru", "en"])]
    language: Option<String>,
    /// Another brand.
    #[arg(long, value_parser = ["kcell", "activ"])]
    brand: Option<String>,
    /// Another holder.
    #[arg(long, value_name = "IIN")]
    owner: Option<String>,
    /// What the holder is.
    #[arg(long, value_name = "KIND", value_parser = ["individual", "entity"])]
    owner_kind: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let done = match &args.command {
        Command::Add(args) => add(args, out),
        Command::Show(args) => show(args, out),
        Command::List(args) => list(args, out),
        Command::Set(args) => set(args, out),
        Command::End(args) => ending::end(args, out),
        Command::PortOut(args) => ending::port_out(args, out),
        Command::Settle(args) => ending::settle(args, out),
        Command::History(args) => ending::history(args, out),
        Command::Import(args) => bulk::import(args, out, err),
        Command::Export(args) => bulk::export(args, out),
    };
    told(done, err)
}

fn add(args: &Add, out: &mut dyn Write) -> Result<(), Stop> {
    let body = NewSubscriber {
        msisdn: args.msisdn.clone(),
        plan: args.plan.clone(),
        imsi: args.imsi.clone(),
        mode: args.mode.clone(),
        balance: args.balance.clone(),
        credit_limit: args.credit_limit.clone(),
        overdraft: args.overdraft.clone(),
        brand: args.brand.clone(),
        owner: args.owner.clone(),
        owner_kind: args.owner_kind.clone(),
        account: args.account.clone(),
        contract: args.contract.clone(),
        override_limit: args.override_limit,
        language: args.language.clone(),
    };
    let done: Done = with(&args.asking.reach, Absent::Make, |client| client.post("/v1/subscribers", &body))?;
    Ok(client::say(&done, "added", args.asking.output, out)?)
}

fn show(args: &Show, out: &mut dyn Write) -> Result<(), Stop> {
    let path = format!("/v1/subscribers/{}", args.msisdn);
    let found: Subscriber = with(&args.asking.reach, Absent::Refuse, |client| client.get(&path))?;
    Ok(print::one(&found, args.asking.output, out)?)
}

fn list(args: &List, out: &mut dyn Write) -> Result<(), Stop> {
    let found = with(&args.asking.reach, Absent::Refuse, |client| {
        pages(args.limit, |query| {
            let page: Page = client.get(&format!("/v1/subscribers?{query}"))?;
            Ok((page.subscribers, page.next))
        })
    })?;
    let found: Vec<Subscriber> = found.into_iter().flatten().collect();
    Ok(print::rows(&found, args.asking.output, out)?)
}

fn set(args: &Set, out: &mut dyn Write) -> Result<(), Stop> {
    let body = SubscriberChange {
        plan: args.plan.clone(),
        imsi: args.imsi.clone(),
        credit_limit: args.credit_limit.clone(),
        overdraft: args.overdraft.clone(),
        bar: args.bar.clone(),
        unbar: args.unbar.clone(),
        overage: args.overage.as_deref().map(|overage| overage == "on"),
        language: args.language.clone(),
        brand: args.brand.clone(),
        owner: args.owner.clone(),
        owner_kind: args.owner_kind.clone(),
        msisdn: args.to.clone(),
        override_limit: args.override_limit,
    };
    let path = format!("/v1/subscribers/{}", args.msisdn);
    let done: Done = with(&args.asking.reach, Absent::Refuse, |client| client.patch(&path, &body))?;
    Ok(client::say(&done, "changed", args.asking.output, out)?)
}

/// What stands open, in words.
fn open_invoices(of: &crate::admin::json::subscriber::Invoices) -> String {
    let next = of.next.as_ref().map_or_else(String::new, |next| format!(", the next one at {next}"));
    let due = of.due.as_ref().map_or_else(String::new, |due| format!(" due {due}"));
    match of.open {
        0 => format!("none open{next}"),
        open => format!("{open} open, {}{due}{next}", of.left),
    }
}

impl Row for Subscriber {
    const HEADS: &'static [&'static str] = &[
        "msisdn",
        "imsi",
        "account",
        "plan",
        "mode",
        "brand",
        "status",
        "currency",
        "main",
        "bonus",
        "reserved",
        "available",
        "credit_limit",
        "overdraft",
        "sessions",
        "emergency_calls",
        "owner",
        "owner_kind",
        "language",
        "barred",
        "overage",
        "since",
        "contract",
        "promise",
        "bonuses",
        "blocks",
        "ends",
        "ended",
        "settlement",
        "period",
        "fee",
        "invoices",
        "allowances",
    ];

    fn cells(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let allowance = |held: &crate::admin::json::subscriber::Allowance| {
            let end = held.expires.as_ref().map_or_else(String::new, |end| format!(" until {end}"));
            format!("{} {} {} ({} reserved){end}", held.id, held.left, held.unit, held.reserved)
        };
        let allowances: Vec<String> = self.allowances.iter().map(allowance).collect();
        let bonus = |one: &crate::admin::json::subscriber::Bonus| {
            let end = one.expires.as_ref().map_or_else(String::new, |end| format!(" until {end}"));
            let of = if one.services.is_empty() { "all".into() } else { one.services.join(" ") };
            format!("{} for {of}{end}", one.left)
        };
        let bonuses: Vec<String> = self.bonuses.iter().map(bonus).collect();
        let balance = &self.balance;
        vec![
            self.msisdn.clone(),
            text(&self.imsi),
            self.account.clone(),
            self.plan.clone(),
            self.mode.clone(),
            self.brand.clone(),
            self.status.clone(),
            balance.currency.clone(),
            balance.main.clone(),
            balance.bonus.clone(),
            balance.reserved.clone(),
            balance.available.clone(),
            balance.credit_limit.clone(),
            balance.overdraft.clone(),
            self.sessions.to_string(),
            self.emergency_calls.to_string(),
            text(&self.owner),
            text(&self.owner_kind),
            text(&self.language),
            self.barred.join(" "),
            self.overage.to_string(),
            self.since.clone(),
            self.contract.clone(),
            self.promise.as_ref().map(|one| format!("{} due {}", one.left, one.due)).unwrap_or_default(),
            bonuses.join(", "),
            self.blocks.iter().map(|block| block.reason.as_str()).collect::<Vec<_>>().join(" "),
            text(&self.ends),
            self.ended.as_ref().map_or_else(String::new, |end| format!("{} {}", end.at, end.why)),
            self.ended.as_ref().map_or_else(String::new, |end| end.settlement.state.clone()),
            self.period.as_ref().map(|one| format!("{} to {}", one.from, one.to)).unwrap_or_default(),
            self.period.as_ref().map(|one| one.fee.clone()).unwrap_or_default(),
            self.invoices.as_ref().map(open_invoices).unwrap_or_default(),
            allowances.join(", "),
        ]
    }
}
