//! `gyro demo`: a real server on a free loopback port with a store of its own, gateways that hold real dialogues
//! with it, and the books at the end.

mod pcap;
mod story;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Status;
use super::assemble::{Assembled, Trouble, assemble, bind, read_tariff};
use super::ladder::Ladder;
use super::serve::checked;
use crate::config::{Config, Written};
use crate::engine::control::Mode;
use crate::store::books::Books;
use crate::store::{self, verify};

use pcap::Capture;

/// Show the main job: a server, a sample tariff, gateways that speak to it, and the books.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Go on serving after the last dialogue, until Ctrl-C.
    #[arg(long)]
    keep: bool,
    /// Write what was on the wire into this file.
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
}

/// The tariff of the demo: the first sample of the book.
const TARIFF: &str = include_str!("../../../examples/tariffs/first.toml");

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    match demo(args, out) {
        Ok(()) => Ok(Status::Done),
        Err(Stop::Output(error)) => Err(error),
        Err(Stop::Trouble(trouble)) => {
            out.flush()?;
            writeln!(err, "gyro: {}", trouble.message)?;
            Ok(trouble.status)
        }
    }
}

/// Why the demo ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The output cannot be written.
    Output(io::Error),
    /// Anything else.
    Trouble(Trouble),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// A folder that goes when this goes.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, Trouble> {
        let path = std::env::temp_dir().join(format!("gyro-demo-{}", std::process::id()));
        let made = std::fs::create_dir(&path);
        made.map_err(|error| {
            Trouble::new(Status::DataDirectory, format!("{} cannot be made: {error}", path.display()))
        })?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // a temporary folder that stays is no fault of the demo
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn configuration(folder: &Path) -> Result<Config, Trouble> {
    let text = |path: PathBuf| path.display().to_string();
    let flags = vec![
        ("data", "demo", text(folder.join("data"))),
        ("tariffs", "demo", text(folder.join("first.toml"))),
        ("diameter.listen", "demo", "127.0.0.1:0".to_owned()),
        ("diameter.identity", "demo", story::SERVER.to_owned()),
        ("diameter.realm", "demo", story::REALM.to_owned()),
        ("store.segment", "demo", "4MiB".to_owned()),
        ("store.low_space", "demo", "64MiB".to_owned()),
    ];
    checked(&Written { file: None, environment: Vec::new(), flags })
}

fn demo(args: &Args, out: &mut dyn Write) -> Result<(), Stop> {
    let folder = Folder::make()?;
    let tariff = folder.0.join("first.toml");
    std::fs::write(&tariff, TARIFF)?;
    let config = configuration(&folder.0)?;
    super::logs::start("text", "error")?;
    let tariff = read_tariff(&config.tariffs)?;
    store::guard().map_err(|error| Trouble::new(Status::Failed, error))?;
    let listeners = bind(&config.listen)?;
    let assembled = assemble(&config, tariff)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let capture = Arc::new(Mutex::new(Capture::new(assembled.clock)));
    runtime.block_on(play(args, assembled, listeners, &capture, out))?;
    if let Some(path) = &args.pcap {
        let messages = pcap::write(path, &capture)?;
        writeln!(out, "\n{messages} messages are in {}", path.display())?;
    }
    books(&config.data, out)
}

async fn play(
    args: &Args,
    assembled: Assembled,
    listeners: Vec<std::net::TcpListener>,
    capture: &Arc<Mutex<Capture>>,
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let Assembled { server, control, mut mode, .. } = assembled;
    let listeners: io::Result<Vec<TcpListener>> = listeners.into_iter().map(TcpListener::from_std).collect();
    let listeners = listeners?;
    let address = listeners.first().map(TcpListener::local_addr).transpose()?;
    let (end, ended) = watch::channel(false);
    let story = async {
        // what it waits for is a guard, which must not be held on: the loop writes behind it
        let ready = mode.wait_for(|mode| *mode == Mode::Ready).await.is_ok();
        let told = match address.filter(|_| ready) {
            Some(address) => {
                let mut ladder = Ladder::new(&mut *out);
                story::tell(&control, address, capture, &mut ladder).await
            }
            None => Err(Trouble::new(Status::Failed, "the server did not open its store").into()),
        };
        if let (Ok(()), true, Some(address)) = (&told, args.keep, address) {
            writeln!(out, "\nserving on {address} until Ctrl-C")?;
            out.flush()?;
            tokio::signal::ctrl_c().await?;
        }
        // the server holds the other end for as long as it runs
        let _ = end.send(true);
        told
    };
    let (served, told) = tokio::join!(server.run(listeners, ended), story);
    served.map_err(|failure| Trouble::new(Status::of_code(failure.exit_code()), failure))?;
    told
}

/// Audits what the dialogues left behind.
fn books(data: &Path, out: &mut dyn Write) -> Result<(), Stop> {
    let failed = |error: store::StoreError| Trouble::new(Status::of_code(error.exit_code()), error);
    let mut books = Books::default();
    let report = verify::verify(data, super::probe::options()?, &mut [&mut books]).map_err(failed)?;
    let (accounts, entries) = books.read();
    for fault in &report.faults {
        writeln!(out, "fault: {fault}")?;
    }
    if !report.faults.is_empty() {
        return Err(Trouble::new(Status::Damaged, "the books do not balance").into());
    }
    writeln!(out, "\n{accounts} accounts, {entries} ledger entries: the books balance")?;
    Ok(())
}
