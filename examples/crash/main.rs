//! Kills a server under load, many times, and holds its books against a model that was kept outside of it.
//!
//! `crash BINARY FOLDER KILLS [SEED] [--forgets]`: several gateways charge over several connections, sessions by money and by
//! volume and messages, each subscriber over all of them. At a random moment the server is killed (`kill -9`), now and
//! then again while it opens its store. Each time it is there again, what it has taken from each subscriber must be
//! what was acknowledged, and of each request without an answer all or nothing, to the last tiyn and octet; then what
//! has no answer is sent again. At the end all sessions are ended, the ledger has each request once, nothing is
//! reserved, and `gyro store verify` finds nothing. A kill keeps what the kernel has: for power cuts see `power_cut`.
//! With `--forgets` the last kill puts the store back to where it was at the kill before, which must be noticed.
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

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dice::Dice;
use lane::{Lane, Shared, lock};
use model::{Cost, Model};
use server::{Place, Server};

type Fault = Box<dyn std::error::Error + Send + Sync>;
type Outcome<T = ()> = Result<T, Fault>;

const GATEWAYS: usize = 4;
const SESSIONS: usize = 8;
const SUBSCRIBERS: usize = 8;

/// Answers in one run of the server, at most.
const ANSWERS: u64 = 300;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (flags, arguments): (Vec<_>, Vec<_>) = arguments.into_iter().partition(|word| word.starts_with("--"));
    let forgets = flags == ["--forgets"];
    let [binary, folder, kills, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: crash BINARY FOLDER KILLS [SEED] [--forgets]");
        return ExitCode::from(64);
    };
    let (Ok(kills), Ok(seed)) = (kills.parse(), rest.first().map_or(Ok(1), |seed| seed.parse())) else {
        eprintln!("usage: crash BINARY FOLDER KILLS [SEED] [--forgets]: KILLS and SEED are numbers");
        return ExitCode::from(64);
    };
    let place = Place { binary: PathBuf::from(binary), folder: PathBuf::from(folder) };
    if !server::is_there(&place.binary) {
        eprintln!("{binary} cannot be run: build it with `cargo build --release --bin gyro`");
        return ExitCode::from(64);
    }
    match run(&place, kills, seed, forgets) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("seed {seed}: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(place: &Place, kills: u64, seed: u64, forgets: bool) -> Outcome {
    let begun = Instant::now();
    let mut dice = Dice::new(seed);
    let subscribers: Vec<String> = (0..SUBSCRIBERS).map(|place| format!("7701000000{place}")).collect();
    let shared = Shared {
        model: Mutex::new(Model::new(SUBSCRIBERS)),
        subscribers,
        answers: AtomicU64::new(0),
        again: AtomicU64::new(0),
        winds_up: AtomicBool::new(false),
    };
    let mut lanes: Vec<Lane> =
        (0..GATEWAYS).map(|number| Lane::new(number, SESSIONS, SUBSCRIBERS, seed)).collect();
    let mut while_opening = 0;
    let mut server = place.start()?;
    for msisdn in &shared.subscribers {
        server.add(msisdn)?;
    }
    for kill in 1..=kills {
        let answers = shared.answers.load(Ordering::Relaxed) + dice.up_to(ANSWERS);
        let later = Duration::from_micros(dice.up_to(2_000));
        load(&mut lanes, server, &shared, Some((answers, later)))?;
        while dice.below(5) == 0 {
            place.start_and_kill(Duration::from_micros(dice.up_to(60_000)))?;
            while_opening += 1;
        }
        if forgets && kill + 1 == kills {
            place.keep()?;
        }
        if forgets && kill == kills {
            place.put_back()?;
        }
        server = place.start()?;
        check(&server, &shared)?;
    }
    shared.winds_up.store(true, Ordering::Relaxed);
    load(&mut lanes, server, &shared, None)?;
    let server = place.start()?;
    check(&server, &shared)?;
    let model = lock(&shared.model);
    for (number, msisdn) in shared.subscribers.iter().enumerate() {
        model.check_ledger(number, &server.charges(msisdn)?)?;
        let (_, reserved) = server.taken(msisdn)?;
        if reserved != Cost::default() {
            return Err(format!("{msisdn}: {reserved:?} is reserved, and no session is open").into());
        }
    }
    server.kill()?;
    place.verify()?;
    println!(
        "{kills} kills under load and {while_opening} while the store was opened, seed {seed}: {} answers, {} requests sent \
         again, {} of them all charged something; books, ledger and bundles are those of the model; {} s",
        shared.answers.load(Ordering::Relaxed),
        shared.again.load(Ordering::Relaxed),
        model.charged(),
        begun.elapsed().as_secs()
    );
    Ok(())
}

/// Lets the gateways go on, and kills the server after so many answers and a moment, or when all is done.
fn load(lanes: &mut [Lane], server: Server<'_>, shared: &Shared, until: Option<(u64, Duration)>) -> Outcome {
    let address = server.diameter;
    let ended = AtomicU64::new(0);
    thread::scope(|scope| {
        let running: Vec<_> = lanes
            .iter_mut()
            .map(|lane| {
                scope.spawn(|| {
                    let outcome = lane.run(address, shared);
                    ended.fetch_add(1, Ordering::Relaxed);
                    outcome
                })
            })
            .collect();
        let all = u64::try_from(running.len()).unwrap_or(0);
        let reached = || until.is_some_and(|(answers, _)| shared.answers.load(Ordering::Relaxed) >= answers);
        while !reached() && ended.load(Ordering::Relaxed) < all {
            thread::sleep(Duration::from_micros(100));
        }
        thread::sleep(until.map_or(Duration::ZERO, |(_, later)| later));
        server.kill()?;
        running.into_iter().try_for_each(|lane| match lane.join() {
            Ok(outcome) => outcome,
            Err(_) => Err("a gateway has panicked".into()),
        })
    })
}

/// What was taken is what the model says.
fn check(server: &Server<'_>, shared: &Shared) -> Outcome {
    let model = lock(&shared.model);
    for (number, msisdn) in shared.subscribers.iter().enumerate() {
        let (taken, _) = server.taken(msisdn)?;
        model.check(number, taken)?;
    }
    Ok(())
}
