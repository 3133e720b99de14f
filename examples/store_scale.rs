//! Measures a store of many accounts: load, disk, memory, opening, paced checkpoints, replay.
//!
//! `store_scale DIR ACCOUNTS [SECONDS]`; DIR is made and left behind. Each stage is a process of its own, so that memory is
//! that of the stage.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use gyro::store::local::{self, Options};
use gyro::store::{Batch, Budget, Class, Key, Opened, Probe, Progress, Record};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Octets of an account, as a packed record has.
const ACCOUNT: usize = 180;
/// Accounts that are written in one batch while loading.
const LOAD: u64 = 1_000;
/// Requests of one batch, and of one second, in the paced run.
const BATCH: u64 = 20;
const RATE: u64 = 4_000;
/// Octets of journal between the checkpoints of the paced run: small, so that some are seen.
const PACED_CHECKPOINT: u64 = 32 * 1024 * 1024;

#[expect(clippy::disallowed_methods, reason = "this program measures time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the load comes at a rate")]
fn wait(time: Duration) {
    std::thread::sleep(time);
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}

fn mix(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn account(number: u64, round: u64) -> Record {
    let mut value = mix(number ^ round).to_be_bytes().repeat(ACCOUNT.div_ceil(8));
    value.truncate(ACCOUNT);
    Record::put(Class::Account, Key::from_u64(number), value)
}

/// Resident memory, and its peak, in MiB.
fn memory() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.split_whitespace().next())
            .and_then(|kib| kib.parse::<u64>().ok())
            .unwrap_or(0)
    };
    (of("VmRSS:").div_euclid(1024), of("VmHWM:").div_euclid(1024))
}

/// Octets allocated on disk below a directory, in MiB.
fn disk(dir: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let mut sum = 0_u64;
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sum = sum.saturating_add(disk(&path));
        } else if let Ok(meta) = path.metadata() {
            sum = sum.saturating_add(meta.blocks().saturating_mul(512).div_euclid(1024 * 1024));
        }
    }
    sum
}

fn options() -> Outcome<Options> {
    let probe = Probe::Child {
        program: std::env::current_exe()?,
        arguments: vec!["probe".into()],
        deadline: Duration::from_mins(5),
    };
    Ok(Options { low_space_octets: 1, ..Options::new(probe) })
}

fn open(dir: &Path, what: &str, options: Options) -> Outcome<Opened> {
    let start = now();
    let opened = local::open(dir, options)?;
    say(&format!("{what}: opened in {:.2?} (memory {} MiB)", start.elapsed(), memory().0))?;
    for notice in &opened.notices {
        say(&format!("  {notice}"))?;
    }
    Ok(opened)
}

fn commit(opened: &mut Opened, records: Vec<Record>) -> Outcome {
    let batch = Batch { sequence: opened.commit.durable().next(), guards: Vec::new(), records };
    opened.commit.append(&batch)?;
    opened.commit.sync()?;
    opened.state.apply(batch)?;
    Ok(())
}

fn load(dir: &Path, accounts: u64) -> Outcome {
    let mut opened = open(dir, "empty", options()?)?;
    let start = now();
    let mut number = 0;
    while number < accounts {
        let until = number.saturating_add(LOAD).min(accounts);
        commit(&mut opened, (number..until).map(|number| account(number, 0)).collect())?;
        number = until;
        while opened.state.step(Budget { octets: 16 * 1024 * 1024 })? == Progress::More {}
    }
    let journalled = start.elapsed();
    opened.state.checkpoint()?;
    say(&format!(
        "load: {accounts} accounts in {journalled:.1?}, with the last checkpoint {:.1?}; memory {:?} MiB (now, peak)",
        start.elapsed(),
        memory()
    ))?;
    opened.commit.close()?;
    drop(opened);
    for part in ["journal", "sled", "exports", "archive"] {
        say(&format!("  {part}: {} MiB on disk", disk(&dir.join(part))))?;
    }
    Ok(())
}

/// Commits at a rate, with upkeep in small steps beside, checkpoints without end; says how long commits took.
fn pace(dir: &Path, accounts: u64, seconds: u64) -> Outcome {
    let mut opened = open(dir, "loaded", Options { checkpoint_octets: PACED_CHECKPOINT, ..options()? })?;
    let reads = 20_000_u32;
    let start = now();
    for read in 0..reads {
        opened
            .state
            .load(Class::Account, &Key::from_u64(mix(u64::from(read)) % accounts))?
            .ok_or("an account is missing")?;
    }
    say(&format!("cold reads: {:.1?} each", start.elapsed() / reads))?;
    let batches = RATE.div_euclid(BATCH);
    let tick = Duration::from_secs(1) / u32::try_from(batches)?;
    let mut commits = Vec::new();
    let (mut spent, mut checkpoints, mut most) = (Duration::ZERO, 0_u64, 0_u64);
    let begin = now();
    let mut last = opened.state.status().checkpoint;
    for round in 0..batches.saturating_mul(seconds) {
        let due = begin + tick * u32::try_from(round)?;
        wait(due.saturating_duration_since(now()));
        let records = (0..BATCH)
            .map(|at| account(mix(round.wrapping_mul(BATCH).wrapping_add(at)) % accounts, round))
            .collect();
        let batch = Batch { sequence: opened.commit.durable().next(), guards: Vec::new(), records };
        let start = now();
        opened.commit.append(&batch)?;
        opened.commit.sync()?;
        commits.push(start.elapsed());
        let start = now();
        opened.state.apply(batch)?;
        // About a tenth of the time: one small step for each batch.
        opened.state.step(Budget { octets: 64 * 1024 })?;
        spent = spent.saturating_add(start.elapsed());
        if round.is_multiple_of(100) {
            let status = opened.state.status();
            most = most.max(status.overlay_octets);
            if status.checkpoint != last {
                last = status.checkpoint;
                checkpoints = checkpoints.saturating_add(1);
            }
        }
    }
    commits.sort_unstable();
    let at = |thousandth: usize| {
        let place =
            commits.len().saturating_mul(thousandth).div_euclid(1_000).min(commits.len().saturating_sub(1));
        commits.get(place).copied().unwrap_or_default()
    };
    say(&format!(
        "paced: {RATE} records/s for {:.0?}: commit p50 {:.2?}, p99 {:.2?}, p99.9 {:.2?}, worst {:.2?}; \
         {checkpoints} checkpoints, upkeep {} % of the time, overlay at most {} MiB, memory {:?} MiB",
        begin.elapsed(),
        at(500),
        at(990),
        at(999),
        at(1_000),
        percent(spent, begin.elapsed()),
        most.div_euclid(1024 * 1024),
        memory()
    ))?;
    Ok(())
}

fn percent(part: Duration, whole: Duration) -> u128 {
    part.as_micros().saturating_mul(100).div_euclid(whole.as_micros().max(1))
}

/// Writes a journal that no checkpoint has seen.
fn journal(dir: &Path, accounts: u64) -> Outcome {
    let mut opened = open(dir, "paced", Options { checkpoint_octets: u64::MAX, ..options()? })?;
    for round in 0..UNSEEN {
        let records =
            (0..LOAD).map(|at| account(mix(round.wrapping_mul(LOAD).wrapping_add(at)) % accounts, round));
        commit(&mut opened, records.collect())?;
    }
    Ok(())
}

/// Reads it again.
fn replay(dir: &Path) -> Outcome {
    let start = now();
    let Opened { mut state, .. } = open(dir, "to be replayed", options()?)?;
    let took = start.elapsed();
    let records = UNSEEN.saturating_mul(LOAD);
    let rate = u128::from(records).saturating_mul(1_000).div_euclid(took.as_millis().max(1));
    say(&format!(
        "replay: {records} records in {took:.2?}, opening included: {rate} records/s; memory {:?} MiB",
        memory()
    ))?;
    let start = now();
    state.checkpoint()?;
    say(&format!("checkpoint of all of it: {:.1?}", start.elapsed()))?;
    Ok(())
}

/// Batches of the journal that is replayed.
const UNSEEN: u64 = 500;

fn rebuild(dir: &Path) -> Outcome {
    fs::remove_dir_all(dir.join("sled"))?;
    open(dir, "without its state", options()?).map(|_| ())
}

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["probe", dir] = words.as_slice() {
        return Ok(gyro::store::probe_child(Path::new(dir), &mut std::io::stdout())?);
    }
    gyro::store::guard()?;
    match words.as_slice() {
        ["load", dir, accounts] => load(Path::new(dir), accounts.parse()?),
        ["pace", dir, accounts, seconds] => pace(Path::new(dir), accounts.parse()?, seconds.parse()?),
        ["journal", dir, accounts] => journal(Path::new(dir), accounts.parse()?),
        ["replay", dir] => replay(Path::new(dir)),
        ["rebuild", dir] => rebuild(Path::new(dir)),
        [dir, accounts, rest @ ..] if rest.len() < 2 => {
            let seconds = rest.first().copied().unwrap_or("60");
            stage(&["load", dir, accounts])?;
            stage(&["pace", dir, accounts, seconds])?;
            stage(&["journal", dir, accounts])?;
            stage(&["replay", dir])?;
            stage(&["rebuild", dir])
        }
        _ => Err("usage: store_scale DIR ACCOUNTS [SECONDS]".into()),
    }
}

fn stage(arguments: &[&str]) -> Outcome {
    let done = std::process::Command::new(std::env::current_exe()?).args(arguments).status()?;
    if done.success() { Ok(()) } else { Err(format!("{} failed", arguments.join(" ")).into()) }
}
