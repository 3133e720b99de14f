//! The real binary: started, killed, asked.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::model::{Cost, RequestKey};

/// What each subscriber has at the start, in tiyn.
const BALANCE: u64 = 10_000_000_000;

/// What each subscriber's bundle has at the start.
const VOLUME: u64 = 1_000 << 30;

/// Where the server is and what it works on.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) binary: PathBuf,
    pub(crate) folder: PathBuf,
}

/// A call to the disk that fails, see `layer.rs`.
pub(crate) struct DiskFault {
    /// The library that lies between.
    pub(crate) layer: PathBuf,
    /// How it fails.
    pub(crate) kind: &'static str,
    /// The call that fails, counted from 1.
    pub(crate) call: u64,
}

/// A server that runs.
pub(crate) struct Server {
    place: Place,
    child: Child,
    /// Where gateways connect.
    pub(crate) diameter: SocketAddr,
    admin: String,
}

impl Place {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        // small segments change often
        let settings = [("GYRO_STORE__SEGMENT", "1MiB"), ("GYRO_STORE__LOW_SPACE", "1MiB")];
        command.current_dir(&self.folder).env_clear().envs(settings).stdin(Stdio::null());
        command
    }

    fn spawn(&self, fault: Option<&DiskFault>) -> Result<Child, std::io::Error> {
        let tariff = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/crash/tariff.toml");
        let arguments = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
            "--data",
            "data",
            "--tariffs",
            tariff,
        ];
        let log = std::fs::File::options().create(true).append(true).open(self.folder.join("log"))?;
        let mut command = self.command();
        if let Some(DiskFault { layer, kind, call }) = fault {
            let began = self.began();
            if began.exists() {
                std::fs::remove_file(&began)?;
            }
            command.env("LD_PRELOAD", layer).env("FAULT_LAYER", format!("{kind}:{call}"));
            command.env("FAULT_LAYER_FROM", began);
        }
        command.args(arguments).stdout(Stdio::piped()).stderr(log).spawn()
    }

    /// Starts a server and kills it while it opens its store.
    pub(crate) fn start_and_kill(&self, after: core::time::Duration) -> super::Outcome {
        let mut child = self.spawn(None)?;
        std::thread::sleep(after);
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    fn began(&self) -> PathBuf {
        self.folder.join("began")
    }

    /// How often the log says something.
    pub(crate) fn logged(&self, words: &str) -> Result<usize, std::io::Error> {
        Ok(std::fs::read_to_string(self.folder.join("log"))?.matches(words).count())
    }

    /// Keeps the store as it is now.
    pub(crate) fn keep(&self) -> super::Outcome {
        copy(&self.folder.join("data"), &self.folder.join("kept"))
    }

    /// Puts back the store that was kept.
    pub(crate) fn put_back(&self) -> super::Outcome {
        std::fs::remove_dir_all(self.folder.join("data"))?;
        copy(&self.folder.join("kept"), &self.folder.join("data"))
    }

    /// Starts a server and waits until its store is open.
    pub(crate) fn start(&self) -> Result<Server, super::Fault> {
        self.start_with(None)
    }

    /// Starts a server, and has a call to its disk fail once its store is open.
    pub(crate) fn start_with(&self, fault: Option<&DiskFault>) -> Result<Server, super::Fault> {
        let mut child = self.spawn(fault)?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let word =
            |name: &str| line.split_whitespace().find_map(|word| word.strip_prefix(name)).map(str::to_owned);
        let (Some(diameter), Some(admin)) = (word("diameter="), word("admin=")) else {
            let _ = child.kill();
            child.wait()?;
            return Err(format!("the server did not start, see {}", self.folder.join("log").display()).into());
        };
        if fault.is_some() {
            std::fs::write(self.began(), b"")?;
        }
        Ok(Server { place: self.clone(), child, diameter: diameter.parse()?, admin })
    }

    /// The store as it lies there, checked by the binary.
    pub(crate) fn verify(&self) -> super::Outcome {
        let done = self.command().args(["store", "verify", "--data", "data"]).output()?;
        if done.status.success() {
            return Ok(());
        }
        Err(format!("store verify: {}{}", text(&done.stdout), text(&done.stderr)).into())
    }
}

impl Server {
    /// Ends it by SIGKILL, in the middle of whatever it does.
    pub(crate) fn kill(mut self) -> super::Outcome {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Ends it as an operator does, by SIGTERM: its exit code.
    #[allow(unsafe_code, reason = "the standard library sends SIGKILL alone")]
    pub(crate) fn end(mut self) -> Result<Option<i32>, super::Fault> {
        let id = libc::pid_t::try_from(self.child.id())?;
        // SAFETY: plain numbers are passed; the child was not waited for, so its number is still its own.
        if unsafe { libc::kill(id, libc::SIGTERM) } != 0 {
            return Err("the server cannot be ended".into());
        }
        Ok(self.child.wait()?.code())
    }

    /// Asks it for something.
    fn ask(&self, arguments: &[&str]) -> Result<Value, super::Fault> {
        let done =
            self.place.command().args(arguments).args(["--admin", &self.admin, "-o", "json"]).output()?;
        if !done.status.success() {
            return Err(format!("gyro {}: {}", arguments.join(" "), text(&done.stderr)).into());
        }
        Ok(serde_json::from_slice(&done.stdout)?)
    }

    /// Adds a subscriber.
    pub(crate) fn add(&self, msisdn: &str) -> super::Outcome {
        let balance = (BALANCE / 100).to_string();
        self.ask(&["subscriber", "add", msisdn, "--plan", "crash", "--balance", &balance]).map(drop)
    }

    /// What has been taken from a subscriber, and what is still reserved.
    pub(crate) fn taken(&self, msisdn: &str) -> Result<(Cost, Cost), super::Fault> {
        let shown = self.ask(&["subscriber", "show", msisdn])?;
        let money = |name: &str| tiyn(&shown["balance"][name]);
        let volume = |name: &str| shown["allowances"][0][name].as_u64().ok_or("no bundle");
        let taken = Cost {
            tiyn: BALANCE.checked_sub(money("main")?).ok_or("there is more than at the start")?,
            octets: VOLUME.checked_sub(volume("left")?).ok_or("there is more than at the start")?,
        };
        Ok((taken, Cost { tiyn: money("reserved")?, octets: volume("reserved")? }))
    }

    /// The charges in a subscriber's ledger.
    pub(crate) fn charges(&self, msisdn: &str) -> Result<Vec<(RequestKey, u64)>, super::Fault> {
        let ledger = self.ask(&["account", "ledger", msisdn])?;
        let mut charges = Vec::new();
        for entry in ledger.as_array().ok_or("no ledger")?.iter().filter(|entry| entry["kind"] != "advance") {
            let session = entry["session"].as_str().ok_or_else(|| format!("{entry} has no session"))?;
            let number = entry["usage"]["request"].as_u64().and_then(|number| u32::try_from(number).ok());
            let number = number.ok_or_else(|| format!("{entry} has no request"))?;
            charges.push(((session.to_owned(), number), tiyn(&entry["amount"])?));
        }
        Ok(charges)
    }
}

fn copy(from: &Path, to: &Path) -> super::Outcome {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Tiyn of an amount such as "12.34", whatever its sign.
fn tiyn(amount: &Value) -> Result<u64, String> {
    let shown = amount.as_str().unwrap_or_default();
    let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
    let hundredths = shown.split_once('.').is_some_and(|(_, after)| after.len() == 2);
    digits.parse().ok().filter(|_| hundredths).ok_or_else(|| format!("{amount} is no amount"))
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// Whether something is a binary that can be run.
pub(crate) fn is_there(binary: &Path) -> bool {
    Command::new(binary)
        .arg("version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|done| done.success())
}
