//! Kills a server under load, many times, and holds its books against a model that was kept outside of it.
//!
//! Several gateways charge over several connections, sessions by money and by volume and messages, each subscriber over
//! all of them. Each time the server is there again, what it has taken from each subscriber must be what was
//! acknowledged, and of each request without an answer all or nothing, to the last tiyn and octet; then what has no
//! answer is sent again. At the end all sessions are ended, the ledger has each request once, nothing is reserved, and
//! `gyro store verify` finds nothing.
//!
//! - `crash kills BINARY FOLDER COUNT SEED [--forgets]`: the server is killed (`kill -9`) at random moments, now and then
//!   again while it opens its store. A kill keeps what the kernel has: for power cuts see `power_cut`. With `--forgets` the
//!   last kill puts the store back to where it was at the kill before, which must be noticed.
//! - `crash faults BINARY FOLDER COUNT SEED LAYER`: a write to the journal fails, wholly or in the middle, or for want of
//!   space, or a sync fails. From then on nothing may be acknowledged but emergency calls, the log says why, and SIGTERM ends the
//!   server with 74. LAYER is the library made of `layer.rs`.
//! - `crash cuts BINARY FOLDER COUNT SEED LAYER`: the power goes at a sync of the journal, when some sectors of what was
//!   written have reached the disk and others have not.
//! - `crash full BINARY FOLDER SEED`: the file system of FOLDER, a small one, is filled up under load and emptied again.
#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a tool for the command line: it waits for a moment, and stops at what is not as it should be"
)]

mod dice;
mod lane;
mod model;
mod server;

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dice::Dice;
use lane::{Lane, Shared, lock};
use model::{Cost, Model};
use server::{DiskFault, Place, Server};

type Fault = Box<dyn std::error::Error + Send + Sync>;
type Outcome<T = ()> = Result<T, Fault>;

const GATEWAYS: usize = 4;
const SESSIONS: usize = 8;
const SUBSCRIBERS: usize = 8;

/// Answers in one run of the server, at most.
const ANSWERS: u64 = 300;

/// How long the server may take to notice what happens to its disk.
const NOTICED: Duration = Duration::from_secs(30);

/// No answer within this, and none is expected.
const STILL: Duration = Duration::from_millis(500);

/// How often the disk is filled up.
const FILLED: u64 = 5;

/// What the log says of a disk without room.
const NO_ROOM: &str = "has no room for the next batch";

/// What the log says once, when the store has failed.
const FAILED: &str = "only emergency calls are granted until a restart";

const USAGE: &str = "usage: crash kills BINARY FOLDER COUNT SEED [--forgets]
       crash faults BINARY FOLDER COUNT SEED LAYER
       crash cuts BINARY FOLDER COUNT SEED LAYER
       crash full BINARY FOLDER SEED";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["kills", binary, folder, count, seed] => {
            of(binary, folder, seed).and_then(|tool| tool.kills(count, false))
        }
        ["kills", binary, folder, count, seed, "--forgets"] => {
            of(binary, folder, seed).and_then(|tool| tool.kills(count, true))
        }
        ["faults", binary, folder, count, seed, layer] => {
            of(binary, folder, seed).and_then(|tool| tool.faults(count, layer))
        }
        ["cuts", binary, folder, count, seed, layer] => {
            of(binary, folder, seed).and_then(|tool| tool.cuts(count, layer))
        }
        ["full", binary, folder, seed] => of(binary, folder, seed).and_then(Tool::full),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(64);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{}: {fault}", arguments.join(" "));
            ExitCode::FAILURE
        }
    }
}

/// A server's place, its gateways, and what is known of its books.
struct Tool {
    place: Place,
    shared: Shared,
    lanes: Vec<Lane>,
    dice: Dice,
    begun: Instant,
}

/// What a run of the server goes on until.
enum Until {
    /// So many answers, and a moment.
    Answers(u64, Duration),
    /// The store has failed for the so-manieth time.
    Failed(usize),
    /// No answer has come for a while.
    Still,
    /// All sessions are over.
    Done,
}

fn of(binary: &str, folder: &str, seed: &str) -> Outcome<Tool> {
    let seed = seed.parse()?;
    let place = Place { binary: PathBuf::from(binary), folder: PathBuf::from(folder) };
    if !server::is_there(&place.binary) {
        return Err(format!("{binary} cannot be run: build it with `cargo build --bin gyro`").into());
    }
    let shared = Shared {
        model: Mutex::new(Model::new(SUBSCRIBERS)),
        subscribers: (0..SUBSCRIBERS).map(|place| format!("7701000000{place}")).collect(),
        answers: AtomicU64::new(0),
        again: AtomicU64::new(0),
        refused: AtomicU64::new(0),
        may_refuse: AtomicBool::new(false),
        winds_up: AtomicBool::new(false),
    };
    let lanes = (0..GATEWAYS).map(|number| Lane::new(number, SESSIONS, SUBSCRIBERS, seed)).collect();
    let server = place.start()?;
    for msisdn in &shared.subscribers {
        server.add(msisdn)?;
    }
    server.kill()?;
    Ok(Tool { place, shared, lanes, dice: Dice::new(seed), begun: Instant::now() })
}

impl Tool {
    /// Kills the server so many times.
    fn kills(mut self, count: &str, forgets: bool) -> Outcome {
        let count: u64 = count.parse()?;
        let mut while_opening = 0;
        for kill in 1..=count {
            let until = self.answers();
            self.load(self.place.start()?, &until, Server::kill)?;
            while self.dice.below(5) == 0 {
                self.place.start_and_kill(Duration::from_micros(self.dice.up_to(60_000)))?;
                while_opening += 1;
            }
            if forgets && kill + 1 == count {
                self.place.keep()?;
            }
            if forgets && kill == count {
                self.place.put_back()?;
            }
            self.check()?;
        }
        self.end(&format!("{count} kills under load and {while_opening} while the store was opened"))
    }

    /// Has so many calls to the disk fail.
    fn faults(mut self, count: &str, layer: &str) -> Outcome {
        let count: u64 = count.parse()?;
        for serial in 1..=count {
            let kind = ["write", "torn", "full", "sync"][self.dice.below(4)];
            let disk = DiskFault { layer: PathBuf::from(layer), kind, call: 1 + self.dice.up_to(60) };
            let server = self.place.start_with(Some(&disk))?;
            let failed = self.place.logged(FAILED)? + 1;
            self.shared.may_refuse.store(true, Ordering::Relaxed);
            self.load(server, &Until::Failed(failed), |server| {
                let emergency = lane::call(server.diameter, "tel:112", serial)?;
                let other = lane::call(server.diameter, "tel:+77010001234", serial)?;
                if (emergency, other) != (2_001, 3_004) {
                    return Err(format!(
                        "after {kind} failed, 112 got {emergency} and another number {other}"
                    )
                    .into());
                }
                match server.end()? {
                    Some(74) => Ok(()),
                    other => Err(format!("after {kind} failed, the server ended with {other:?}").into()),
                }
            })?;
            self.shared.may_refuse.store(false, Ordering::Relaxed);
            self.check()?;
            // a sound run between: what was refused is asked again
            let until = self.answers();
            self.load(self.place.start()?, &until, Server::kill)?;
        }
        self.end(&format!("{count} failed calls to the disk"))
    }

    /// Cuts the power at so many syncs.
    fn cuts(mut self, count: &str, layer: &str) -> Outcome {
        let count: u64 = count.parse()?;
        for _ in 0..count {
            let disk = DiskFault { layer: PathBuf::from(layer), kind: "cut", call: 1 + self.dice.up_to(60) };
            let server = self.place.start_with(Some(&disk))?;
            // its end ends all connections
            self.load(server, &Until::Done, Server::kill)?;
            self.check()?;
        }
        self.end(&format!("{count} power cuts that tore and reordered sectors"))
    }

    /// Fills the disk up under load, kills the server there, and empties it again.
    fn full(mut self) -> Outcome {
        let ballast = self.place.folder.join("ballast");
        let mut refused = 0;
        for _ in 0..FILLED {
            let until = self.answers();
            self.load(self.place.start()?, &until, Server::kill)?;
            self.shared.may_refuse.store(true, Ordering::Relaxed);
            let server = self.place.start()?;
            fill(&ballast)?;
            let before = self.shared.refused.load(Ordering::Relaxed);
            let told = self.place.logged(NO_ROOM)?;
            self.load(server, &Until::Still, Server::kill)?;
            refused += self.shared.refused.load(Ordering::Relaxed) - before;
            if refused == 0 && self.place.logged(NO_ROOM)? == told {
                return Err("the disk was full, and nobody noticed".into());
            }
            std::fs::remove_file(&ballast)?;
            self.shared.may_refuse.store(false, Ordering::Relaxed);
            self.check()?;
        }
        self.end(&format!("the disk full {FILLED} times, {refused} requests refused meanwhile"))
    }

    fn answers(&mut self) -> Until {
        let answers = self.shared.answers.load(Ordering::Relaxed) + self.dice.up_to(ANSWERS);
        Until::Answers(answers, Duration::from_micros(self.dice.up_to(2_000)))
    }

    /// Lets the gateways go on until something, then stops the server; gateways end with their connections.
    fn load(&mut self, server: Server, until: &Until, stop: impl FnOnce(Server) -> Outcome) -> Outcome {
        let address = server.diameter;
        let (shared, place, lanes) = (&self.shared, &self.place, &mut self.lanes);
        let ended = AtomicU64::new(0);
        let run = |lane: &mut Lane| {
            let outcome = lane.run(address, shared);
            ended.fetch_add(1, Ordering::Relaxed);
            outcome
        };
        thread::scope(|scope| {
            let run = &run;
            let running: Vec<_> = lanes.iter_mut().map(|lane| scope.spawn(move || run(lane))).collect();
            let all = u64::try_from(running.len()).unwrap_or(0);
            let reached = wait(until, shared, place, || ended.load(Ordering::Relaxed) == all);
            let stopped = reached.and_then(|()| stop(server));
            let lanes = running.into_iter().try_for_each(|lane| match lane.join() {
                Ok(outcome) => outcome,
                Err(_) => Err("a gateway has panicked".into()),
            });
            lanes.and(stopped)
        })
    }

    /// What was taken is what the model says.
    fn check(&self) -> Outcome {
        let server = self.place.start()?;
        let model = lock(&self.shared.model);
        for (number, msisdn) in self.shared.subscribers.iter().enumerate() {
            let (taken, _) = server.taken(msisdn)?;
            model.check(number, taken)?;
        }
        server.kill()
    }

    /// Ends all sessions, and looks at everything.
    fn end(mut self, what: &str) -> Outcome {
        self.shared.winds_up.store(true, Ordering::Relaxed);
        self.load(self.place.start()?, &Until::Done, Server::kill)?;
        self.check()?;
        let server = self.place.start()?;
        let model = lock(&self.shared.model);
        for (number, msisdn) in self.shared.subscribers.iter().enumerate() {
            model.check_ledger(number, &server.charges(msisdn)?)?;
            let (_, reserved) = server.taken(msisdn)?;
            if reserved != Cost::default() {
                return Err(format!("{msisdn}: {reserved:?} is reserved, and no session is open").into());
            }
        }
        server.kill()?;
        self.place.verify()?;
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        println!(
            "{what}: {} answers, {} requests sent again, {} charged something; books, ledger and bundles are those of \
             the model; {} s",
            of(&self.shared.answers),
            of(&self.shared.again),
            model.charged(),
            self.begun.elapsed().as_secs()
        );
        Ok(())
    }
}

/// Waits for what the load goes on until, or for the end of all gateways.
fn wait(until: &Until, shared: &Shared, place: &Place, ended: impl Fn() -> bool) -> Outcome {
    let answers = || shared.answers.load(Ordering::Relaxed);
    let begun = Instant::now();
    let (mut last, mut since) = (answers(), begun);
    while !ended() {
        let now = answers();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        let reached = match until {
            Until::Answers(count, _) => now >= *count,
            Until::Failed(times) => place.logged(FAILED)? >= *times,
            Until::Still => since.elapsed() >= STILL,
            Until::Done => false,
        };
        if reached {
            break;
        }
        if matches!(until, Until::Failed(_)) && begun.elapsed() > NOTICED {
            return Err("a call to the disk failed, and the server did not notice".into());
        }
        thread::sleep(Duration::from_micros(100));
    }
    if let Until::Answers(_, later) = until {
        thread::sleep(*later);
    }
    Ok(())
}

/// Writes a file until there is no room left.
fn fill(ballast: &std::path::Path) -> Outcome {
    let mut file = File::create(ballast)?;
    let octets = vec![0_u8; 64 * 1024];
    loop {
        match file.write_all(&octets) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
