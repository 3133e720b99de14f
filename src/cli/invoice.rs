//! `gyro invoice`: invoices of accounts in credit mode, shown and exported (`INV-1`).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Status;
use super::client::{Absent, Asking, Failure, Stop, pages, told, with};
use super::print::{self, Row};
use crate::admin::json::invoice::{Invoice, Line, Page};

/// List, show and export the invoices of accounts in credit mode.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// List invoices, by account and number.
    List(List),
    /// Show an invoice with its lines and what was paid for it.
    Show(Show),
    /// Write each invoice into a file of JSON and one of comma-separated values; those that are there stay.
    Export(Export),
}

#[derive(clap::Args, Debug)]
struct List {
    /// Only those of this account.
    #[arg(long)]
    account: Option<u64>,
    /// At most so many [default: all].
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct Show {
    /// Account and number, like 7-3.
    invoice: String,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct Export {
    /// The directory; it is made where it is not there.
    directory: PathBuf,
    /// Only those of this account.
    #[arg(long)]
    account: Option<u64>,
    /// Write files that are there anew: what was paid meanwhile stands in them.
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let done = match &args.command {
        Command::List(args) => list(args, out),
        Command::Show(args) => show(args, out),
        Command::Export(args) => export(args, out),
    };
    told(done, err)
}

fn found(account: Option<u64>, limit: Option<usize>, asking: &Asking) -> Result<Vec<Invoice>, Stop> {
    let of = account.map(|account| format!("&account={account}")).unwrap_or_default();
    let found = with(&asking.reach, Absent::Refuse, |client| {
        pages(limit, |query| {
            let page: Page = client.get(&format!("/v1/invoices?{query}{of}"))?;
            Ok((page.invoices, page.next))
        })
    })?;
    Ok(found.into_iter().flatten().collect())
}

fn list(args: &List, out: &mut dyn Write) -> Result<(), Stop> {
    let invoices = found(args.account, args.limit, &args.asking)?;
    Ok(print::rows(&invoices, args.asking.output, out)?)
}

fn show(args: &Show, out: &mut dyn Write) -> Result<(), Stop> {
    let path = format!("/v1/invoices/{}", args.invoice);
    let invoice: Invoice = with(&args.asking.reach, Absent::Refuse, |client| client.get(&path))?;
    print::one(&invoice, args.asking.output, out)?;
    if args.asking.output == super::Rows::Table {
        writeln!(out)?;
        print::rows(&invoice.lines, super::Rows::Table, out)?;
    }
    Ok(())
}

fn export(args: &Export, out: &mut dyn Write) -> Result<(), Stop> {
    let invoices = found(args.account, None, &args.asking)?;
    let cannot = |path: &Path, error: &io::Error| {
        Failure::new(Status::Damaged, format!("cannot write {}: {error}", path.display()))
    };
    fs::create_dir_all(&args.directory).map_err(|error| cannot(&args.directory, &error))?;
    let mut written = 0_usize;
    for invoice in &invoices {
        let name = |end: &str| args.directory.join(format!("invoice-{}.{end}", invoice.invoice));
        // the JSON comes last: where it stands the other does too
        if name("json").exists() && !args.again {
            continue;
        }
        let mut lines = Vec::new();
        print::rows(&invoice.lines, super::Rows::Csv, &mut lines)?;
        let mut whole = Vec::new();
        print::json(invoice, &mut whole)?;
        for (end, octets) in [("csv", lines), ("json", whole)] {
            let path = name(end);
            place(&path, &octets).map_err(|error| cannot(&path, &error))?;
        }
        written = written.saturating_add(1);
    }
    writeln!(out, "{written} of {} invoices written to {}", invoices.len(), args.directory.display())?;
    Ok(())
}

/// Writes a file whole: beside its place first, and durably, and then into it.
fn place(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let mut file = File::create(&part)?;
    file.write_all(octets)?;
    file.sync_all()?;
    fs::rename(&part, path)
}

impl Row for Invoice {
    const HEADS: &'static [&'static str] = &[
        "invoice",
        "contract",
        "from",
        "to",
        "issued",
        "due",
        "opening",
        "closing",
        "total",
        "left",
        "tax",
        "penalties",
    ];

    fn cells(&self) -> Vec<String> {
        [
            &self.invoice,
            &self.contract,
            &self.from,
            &self.to,
            &self.issued,
            &self.due,
            &self.opening,
            &self.closing,
            &self.total,
            &self.left,
            &self.tax,
            &self.penalties,
        ]
        .into_iter()
        .cloned()
        .collect()
    }
}

impl Row for Line {
    const HEADS: &'static [&'static str] = &["sort", "what", "amount", "tax", "entries"];

    fn cells(&self) -> Vec<String> {
        let Self { sort, what, amount, tax, entries } = self;
        vec![sort.clone(), what.clone(), amount.clone(), tax.clone(), entries.to_string()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("invoice-7-3.json");
        place(&path, b"one").unwrap();
        place(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
