//! `gyro tariff publish` and `gyro tariff list`: versions of a running server, or of a store that no server uses.

use std::io::{self, Write};
use std::path::PathBuf;

use super::{read, test};
use crate::admin::json::tariff::{NewTariff, Published, Tariff, Tariffs};
use crate::cli::client::{Absent, Asking, Failure, Stop, told, with};
use crate::cli::print::{self, Row};
use crate::cli::{Rows, Status};
use crate::tariff::Loaded;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// A tariff file, or a folder of *.toml; each version of a folder is published.
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// From when on it is in force [default: as the tariff says, else at once].
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Publish a tariff whose own tests fail.
    #[arg(long)]
    untested: bool,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    asking: Asking,
}

impl Row for Published {
    const HEADS: &'static [&'static str] = &["version", "valid_from", "changed"];

    fn cells(&self) -> Vec<String> {
        let from = self.valid_from.clone().unwrap_or_else(|| "now".into());
        vec![self.version.clone(), from, self.changed.to_string()]
    }
}

impl Row for Tariff {
    const HEADS: &'static [&'static str] = &["version", "state", "valid_from", "published", "operator"];

    fn cells(&self) -> Vec<String> {
        let Self { version, state, valid_from, published, operator } = self.clone();
        vec![version, state, valid_from, published, operator]
    }
}

/// Publishes: all faults are told before anything is sent.
pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let Some(loaded) = read(&args.path, err)? else { return Ok(Status::Configuration) };
    let mut versions = vec![loaded];
    if let Some(first) = versions.first_mut() {
        let later = std::mem::take(&mut first.later);
        versions.extend(later);
    }
    if args.from.is_some() && versions.len() > 1 {
        writeln!(err, "gyro: the folder has {} versions: --from is for one", versions.len())?;
        return Ok(Status::Usage);
    }
    if !args.untested {
        let failures: Vec<String> = versions.iter().flat_map(test::failures).collect();
        if !failures.is_empty() {
            failures.iter().try_for_each(|failure| writeln!(err, "{failure}"))?;
            writeln!(
                err,
                "gyro: nothing is published: tests of the tariff fail (--untested publishes all the same)"
            )?;
            return Ok(Status::Failed);
        }
    }
    told(publish(args, &versions, out), err)
}

fn publish(args: &Args, versions: &[Loaded], out: &mut dyn Write) -> Result<(), Stop> {
    let mut all = Vec::new();
    for loaded in versions {
        let content = core::str::from_utf8(&loaded.source).map(str::to_owned);
        let content = content.map_err(|error| Failure::new(Status::Configuration, error.to_string()))?;
        let new = NewTariff { content, valid_from: args.from.clone() };
        let done: Published =
            with(&args.asking.reach, Absent::Refuse, |client| client.post("/v1/tariffs", &new))?;
        if args.asking.output == Rows::Table {
            let Published { version, valid_from, changed, .. } = &done;
            match (valid_from, changed) {
                (_, false) => writeln!(out, "version {version} was published already: nothing changed")?,
                (None, true) => writeln!(out, "version {version} is in force")?,
                (Some(from), true) => writeln!(out, "version {version} comes into force at {from}")?,
            }
        }
        all.push(done);
    }
    if args.asking.output != Rows::Table {
        print::rows(&all, args.asking.output, out)?;
    }
    Ok(())
}

/// Lists the versions.
pub(super) fn list(args: &ListArgs, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let listed = || -> Result<Tariffs, Failure> {
        with(&args.asking.reach, Absent::Refuse, |client| client.get("/v1/tariffs"))
    };
    let done = match listed() {
        Ok(found) => print::rows(&found.tariffs, args.asking.output, out).map_err(Stop::from),
        Err(failure) => Err(failure.into()),
    };
    told(done, err)
}
