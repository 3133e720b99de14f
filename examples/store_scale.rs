//! Measures a store of many accounts: load, disk, memory, opening, paced checkpoints under a load of writes, a kill and
//! the opening after it, replay, rebuild.
//!
//! `store_scale DIR ACCOUNTS [--minutes M] [--rate RECORDS] [--reads LOADS] [--interval SECONDS] [--checkpoint-mib N]
//! [--export-mib N]`; DIR is made and left behind. Each stage is a process of its own, so that memory is that of the
//! stage. A stage runs alone with its name in front: `store_scale pace DIR ACCOUNTS …`.

use std::collections::VecDeque;
use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gyro::store::local::{self, Options};
use gyro::store::{
    Batch, Budget, Class, Commit, Key, Notice, Opened, Probe, Progress, Record, Sequence, State, Status,
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Octets of an account, as a packed record has.
const ACCOUNT: usize = 180;
/// Accounts that are written in one batch while loading.
const LOAD: u64 = 1_000;
/// Batches of a second in the paced run, while commits keep up; else a batch is all that has come.
const BATCHES: u64 = 200;
/// A step of upkeep, as the server has it.
const STEP: Budget = Budget { octets: 512 * 1024 };
/// How often upkeep is looked at when nothing is due, as in the server.
const LOOK: Duration = Duration::from_millis(200);
const MIB: u64 = 1024 * 1024;
/// Set in what the accounts of the paced run are drawn from: others than those of the journal's stage.
const PACED: u64 = 1 << 60;

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

/// A number that follows a name in a file of the process, as `/proc` has them.
fn told(file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Resident memory, and its peak, in MiB.
fn memory() -> (u64, u64) {
    let of = |name| told("/proc/self/status", name).div_euclid(1024);
    (of("VmRSS:"), of("VmHWM:"))
}

/// Processor time that the process has taken.
fn processor() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    let ticks = [13, 14].map(|at| words.get(at).and_then(|word| word.parse().ok()).unwrap_or(0_u64));
    // Of user and system, in hundredths of a second.
    Duration::from_millis(ticks.iter().sum::<u64>().saturating_mul(10))
}

/// Octets that the process has written to files. (`write_bytes` counts a whole folio for each write into it.)
fn written() -> u64 {
    told("/proc/self/io", "wchar:")
}

/// Octets allocated on disk below a directory.
fn disk(dir: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let mut sum = 0_u64;
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sum = sum.saturating_add(disk(&path));
        } else if let Ok(meta) = path.metadata() {
            sum = sum.saturating_add(meta.blocks().saturating_mul(512));
        }
    }
    sum
}

fn say_disk(dir: &Path) -> Outcome {
    let parts = ["journal", "sled", "exports", "archive"];
    let parts = parts.map(|part| format!("{part} {} MiB", disk(&dir.join(part)).div_euclid(MIB)));
    say(&format!("  on disk: {}", parts.join(", ")))?;
    Ok(())
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
    say(&format!("{what}: opened in {:.2?}, memory {} MiB", start.elapsed(), memory().0))?;
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
        while opened.state.step(Budget { octets: 16 * MIB })? == Progress::More {}
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
    say_disk(dir)
}

/// How the paced run is to be.
#[derive(Clone, Copy)]
struct Run {
    minutes: u64,
    rate: u64,
    reads: u64,
    interval: Duration,
    checkpoint: Option<u64>,
    export: Option<u64>,
}

impl Run {
    fn of(words: &[&str]) -> Outcome<Self> {
        let mut run = Self {
            minutes: 1,
            rate: 4_000,
            reads: 100,
            interval: Duration::from_secs(30),
            checkpoint: None,
            export: None,
        };
        for pair in words.chunks(2) {
            let [flag, value] = pair else { return Err(USAGE.into()) };
            let value: u64 = value.parse().map_err(|_| format!("{flag} takes a whole number"))?;
            match *flag {
                "--minutes" => run.minutes = value,
                "--rate" => run.rate = value.max(BATCHES),
                "--reads" => run.reads = value.max(1),
                "--interval" => run.interval = Duration::from_secs(value.max(1)),
                "--checkpoint-mib" => run.checkpoint = Some(value.saturating_mul(MIB)),
                "--export-mib" => run.export = Some(value.saturating_mul(MIB)),
                _ => return Err(USAGE.into()),
            }
        }
        Ok(run)
    }
}

const USAGE: &str = "usage: store_scale DIR ACCOUNTS [--minutes M] [--rate RECORDS] [--reads LOADS] \
                     [--interval SECONDS] [--checkpoint-mib N] [--export-mib N]";

/// What the store thread is told.
enum ToStore {
    Apply(Batch),
    /// An account to be read, and when it was asked for.
    Load(u64, Instant),
}

/// What the threads have seen since the last line.
#[derive(Default)]
struct Seen {
    records: u64,
    /// How long commits took, while the store thread had nothing to do and while it had.
    alone: Vec<Duration>,
    beside: Vec<Duration>,
    /// Whether the last step had something to do.
    works: bool,
    /// From when the first record of a batch came to when it was durable.
    lates: Vec<Duration>,
    /// The longest append: one goes to a new segment every 64 MiB.
    longest_append: Duration,
    refused: u64,
    loads: Vec<Duration>,
    checkpoints: Vec<Duration>,
    worked: Duration,
    longest_step: Duration,
    most_overlay: u64,
    most_records: u64,
    status: Status,
    failed: Option<String>,
}

type Shared = Arc<Mutex<Seen>>;

fn with<T>(shared: &Shared, run: impl FnOnce(&mut Seen) -> T) -> T {
    run(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The store thread, as the server runs it: steps at the pace that the store asks for, before what waits.
fn serve(mut state: Box<dyn State>, from: &Receiver<ToStore>, seen: &Shared) -> Outcome {
    let (mut rest_until, mut idle) = (now(), false);
    let mut checkpoint = state.status().checkpoint;
    let mut begun = now();
    // Batches that no checkpoint has, and their records.
    let (mut open, mut records) = (VecDeque::<(Sequence, u64)>::new(), 0_u64);
    loop {
        let start = now();
        if !idle && rest_until <= start {
            idle = state.step(STEP)? == Progress::Idle;
            let took = start.elapsed();
            rest_until = now() + state.pace().rest(took);
            let status = state.status();
            while let Some((_, count)) = open.pop_front_if(|(sequence, _)| *sequence <= status.checkpoint) {
                records = records.saturating_sub(count);
            }
            with(seen, |seen| {
                seen.works = !idle;
                seen.worked = seen.worked.saturating_add(took);
                seen.longest_step = seen.longest_step.max(took);
                if status.checkpoint != checkpoint {
                    seen.checkpoints.push(begun.elapsed());
                    begun = now();
                }
                seen.most_overlay = seen.most_overlay.max(status.overlay_octets);
                seen.most_records = seen.most_records.max(records);
                checkpoint = status.checkpoint;
                seen.status = status;
            });
        }
        let wait = if idle { LOOK } else { rest_until.saturating_duration_since(now()) };
        match from.recv_timeout(wait) {
            Ok(ToStore::Apply(batch)) => {
                let count = u64::try_from(batch.records.len())?;
                records = records.saturating_add(count);
                open.push_back((batch.sequence, count));
                state.apply(batch)?;
                idle = false;
            }
            Ok(ToStore::Load(number, asked)) => {
                state.load(Class::Account, &Key::from_u64(number))?.ok_or("an account is missing")?;
                with(seen, |seen| seen.loads.push(asked.elapsed()));
            }
            Err(RecvTimeoutError::Timeout) => idle = false,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// Commits records as they come, at a rate that does not wait for the store.
fn write(
    commit: &mut dyn Commit,
    to_store: &Sender<ToStore>,
    seen: &Shared,
    accounts: u64,
    run: Run,
) -> Outcome {
    let begin = now();
    let end = begin + Duration::from_secs(run.minutes.saturating_mul(60));
    let each = Duration::from_secs(1) / u32::try_from(BATCHES)?;
    let of_batch = run.rate.div_euclid(BATCHES);
    let (mut came, mut asked) = (0_u64, 0_u64);
    while now() < end {
        let due = begin + each.saturating_mul(u32::try_from(came)?);
        wait(due.saturating_duration_since(now()));
        let elapsed = begin.elapsed();
        let reads = u64::try_from(elapsed.as_micros())?.saturating_mul(run.reads).div_euclid(1_000_000);
        for read in asked..reads {
            to_store.send(ToStore::Load(mix(!read) % accounts, now()))?;
        }
        asked = reads;
        // Everything that is due, up to a batch of 64 times what one has else.
        let due_now = u64::try_from(elapsed.as_micros().div_euclid(each.as_micros()))?.saturating_add(1);
        let until = due_now.max(came.saturating_add(1)).min(came.saturating_add(64));
        let numbers = came.saturating_mul(of_batch)..until.saturating_mul(of_batch);
        let records: Vec<Record> =
            numbers.map(|number| account(mix(number | PACED) % accounts, number.max(1))).collect();
        let count = u64::try_from(records.len())?;
        let batch = Batch { sequence: commit.durable().next(), guards: Vec::new(), records };
        let start = now();
        while let Err(error) = commit.append(&batch) {
            if error.is_poison() {
                return Err(error.into());
            }
            with(seen, |seen| seen.refused = seen.refused.saturating_add(1));
            // As the server's committer.
            wait(Duration::from_millis(50));
        }
        let appended = start.elapsed();
        commit.sync()?;
        let took = start.elapsed();
        to_store.send(ToStore::Apply(batch))?;
        with(seen, |seen| {
            if seen.works {
                seen.beside.push(took);
            } else {
                seen.alone.push(took);
            }
            seen.longest_append = seen.longest_append.max(appended);
            seen.lates.push(due.elapsed());
            seen.records = seen.records.saturating_add(count);
        });
        came = until;
    }
    Ok(())
}

/// The median, the 99th of a hundred, and the longest, in milliseconds.
fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |thousandth: usize| {
        let place = times.len().saturating_mul(thousandth).div_euclid(1_000);
        let time = times.get(place.min(times.len().saturating_sub(1))).copied().unwrap_or_default();
        format!("{}.{:02}", time.as_millis(), time.subsec_micros().div_euclid(10).rem_euclid(100))
    };
    format!("{:>6} {:>7} {:>8}", at(500), at(990), at(1_000))
}

const HEAD: &str = "      s | records/s | commit ms alone         | commit beside upkeep    | late                    | append max | load                    | ckpts \
                    | upkeep % | cpu % | step max ms | written MiB | overlay MiB now max | open records | RSS MiB | dir MiB";

/// What a line is of: how long, processor time, and octets written.
struct Took(Duration, Duration, u64);

fn line(dir: &Path, at: Duration, took: &Took, seen: &mut Seen) -> Outcome {
    let Took(over, processor, wrote) = took;
    let per_second = u128::from(seen.records).saturating_mul(1_000).div_euclid(over.as_millis().max(1));
    let percent = |part: Duration| part.as_micros().saturating_mul(100).div_euclid(over.as_micros().max(1));
    let refused = if seen.refused > 0 { format!(" refused {}", seen.refused) } else { String::new() };
    say(&format!(
        "{:>7} | {per_second:>9} | {} | {} | {} | {:>10} | {} | {:>5} | {:>8} | {:>5} | {:>11} | {:>11} | {:>9} {:>9} | {:>12} | {:>7} | {:>7}{refused}",
        at.as_secs(),
        spread(&mut seen.alone),
        spread(&mut seen.beside),
        spread(&mut seen.lates),
        seen.longest_append.as_millis(),
        spread(&mut seen.loads),
        seen.checkpoints.len(),
        percent(seen.worked),
        percent(*processor),
        seen.longest_step.as_millis(),
        wrote.div_euclid(MIB),
        seen.status.overlay_octets.div_euclid(MIB),
        seen.most_overlay.div_euclid(MIB),
        seen.most_records,
        memory().0,
        disk(dir).div_euclid(MIB),
    ))?;
    Ok(())
}

/// How long the disk takes by itself for 4 KiB, written into a file of its own and synced, for 15 seconds.
fn bare(dir: &Path) -> Outcome<String> {
    use std::os::unix::fs::FileExt as _;
    let path = dir.join("bare.tmp");
    let file = fs::File::create(&path)?;
    file.write_all_at(&vec![0; 1 << 20], 0)?;
    file.sync_all()?;
    let (begin, mut times, mut at) = (now(), Vec::new(), 0);
    while begin.elapsed() < Duration::from_secs(15) {
        let start = now();
        file.write_all_at(&[1; 4_096], at)?;
        file.sync_data()?;
        times.push(start.elapsed());
        at = at.saturating_add(4_096).rem_euclid(1 << 20);
        wait(Duration::from_millis(5));
    }
    fs::remove_file(&path)?;
    Ok(spread(&mut times))
}

/// Commits at a rate and reads beside, with upkeep on the store thread; tells how it goes, and is killed at the end.
fn pace(dir: &Path, accounts: u64, run: Run) -> Outcome {
    let mut options = options()?;
    options.checkpoint_octets = run.checkpoint.unwrap_or(options.checkpoint_octets);
    options.export_octets = run.export.unwrap_or(options.export_octets);
    let Opened { mut commit, state, .. } = open(dir, "loaded", options)?;
    say(&format!("the disk alone, 4 KiB written and synced: {} ms", bare(dir)?))?;
    let seen = Shared::default();
    let (to_store, from) = channel();
    for_store(state, from, &seen)?;
    say(&format!(
        "{} records/s, {} loads/s; each line is of {:?}; times are median, 99 of a hundred, longest",
        run.rate, run.reads, run.interval
    ))?;
    say(HEAD)?;
    let writer = {
        let seen = Arc::clone(&seen);
        let spawn = std::thread::Builder::new().name("commit".into());
        spawn.spawn(move || {
            let done = write(&mut *commit, &to_store, &seen, accounts, run);
            let done = done.map_err(|error| error.to_string());
            // Kept open: the end is a kill.
            drop(done.inspect_err(|error| with(&seen, |seen| seen.failed = Some(error.clone()))));
            (commit, to_store)
        })?
    };
    let begin = now();
    let (mut last, mut spent, mut wrote) = (begin, processor(), written());
    let (spent_before, wrote_before) = (spent, wrote);
    let mut all = Seen::default();
    loop {
        wait(run.interval.saturating_sub(last.elapsed()).min(Duration::from_millis(200)));
        let ended = writer.is_finished();
        if last.elapsed() < run.interval && !ended {
            continue;
        }
        let mut part = with(&seen, |seen| {
            let next = Seen { works: seen.works, ..Seen::default() };
            core::mem::replace(seen, next)
        });
        if let Some(failed) = part.failed {
            return Err(failed.into());
        }
        let (spent_now, wrote_now) = (processor(), written());
        let took = Took(last.elapsed(), spent_now.saturating_sub(spent), wrote_now.saturating_sub(wrote));
        line(dir, begin.elapsed(), &took, &mut part)?;
        (last, spent, wrote) = (now(), spent_now, wrote_now);
        all.records = all.records.saturating_add(part.records);
        all.alone.append(&mut part.alone);
        all.beside.append(&mut part.beside);
        all.longest_append = all.longest_append.max(part.longest_append);
        all.lates.append(&mut part.lates);
        all.loads.append(&mut part.loads);
        all.checkpoints.append(&mut part.checkpoints);
        all.refused = all.refused.saturating_add(part.refused);
        all.worked = all.worked.saturating_add(part.worked);
        all.longest_step = all.longest_step.max(part.longest_step);
        all.most_overlay = all.most_overlay.max(part.most_overlay);
        all.most_records = all.most_records.max(part.most_records);
        all.status = part.status;
        if ended {
            break;
        }
    }
    say(&format!("the disk with upkeep alone: {} ms", bare(dir)?))?;
    say("all of it:")?;
    let took = Took(begin.elapsed(), spent.saturating_sub(spent_before), wrote.saturating_sub(wrote_before));
    line(dir, begin.elapsed(), &took, &mut all)?;
    let each: Vec<String> = all.checkpoints.iter().map(|took| format!("{took:.0?}")).collect();
    say(&format!("  checkpoints ended after {}", each.join(", ")))?;
    say(&format!("  memory {:?} MiB (now, peak)", memory()))?;
    say_disk(dir)?;
    Command::new("kill").args(["-9", &std::process::id().to_string()]).status()?;
    Err("the kill did not come".into())
}

fn for_store(state: Box<dyn State>, from: Receiver<ToStore>, seen: &Shared) -> Outcome {
    let seen = Arc::clone(seen);
    std::thread::Builder::new().name("store".into()).spawn(move || {
        if let Err(error) = serve(state, &from, &seen) {
            with(&seen, |seen| seen.failed = Some(error.to_string()));
        }
    })?;
    Ok(())
}

/// Opens after a kill, and counts what was read again.
fn reopen(dir: &Path) -> Outcome {
    let start = now();
    let Opened { mut state, notices, .. } = open(dir, "killed", options()?)?;
    let took = start.elapsed();
    let mut records = 0_u64;
    for notice in notices {
        if let Notice::Replayed { from, to } = notice {
            for number in from.next().number()..=to.number() {
                let batch = state.read_frame(Sequence::new(number))?;
                records = records.saturating_add(u64::try_from(batch.len())?);
            }
        }
    }
    say(&format!("  {records} records were read again, opening included {} records/s", rate(records, took)))?;
    Ok(())
}

fn rate(records: u64, took: Duration) -> u128 {
    u128::from(records).saturating_mul(1_000).div_euclid(took.as_millis().max(1))
}

/// Writes a journal that no checkpoint has seen.
fn journal(dir: &Path, accounts: u64) -> Outcome {
    let mut opened = open(dir, "again", Options { checkpoint_octets: u64::MAX, ..options()? })?;
    // What a killed run has left would take the memory for what is written here.
    let start = now();
    opened.state.checkpoint()?;
    say(&format!("checkpoint of what was left: {:.1?}", start.elapsed()))?;
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
    say(&format!(
        "replay: {records} records and more in {took:.2?}, opening included: {} records/s; memory {:?} MiB",
        rate(records, took),
        memory()
    ))?;
    let (start, wrote) = (now(), written());
    state.checkpoint()?;
    let wrote = written().saturating_sub(wrote).div_euclid(MIB);
    say(&format!(
        "checkpoint of all of it: {:.1?}, {wrote} MiB written; memory {:?} MiB",
        start.elapsed(),
        memory()
    ))?;
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
        ["pace", dir, accounts, rest @ ..] => pace(Path::new(dir), accounts.parse()?, Run::of(rest)?),
        ["reopen", dir] => reopen(Path::new(dir)),
        ["journal", dir, accounts] => journal(Path::new(dir), accounts.parse()?),
        ["replay", dir] => replay(Path::new(dir)),
        ["rebuild", dir] => rebuild(Path::new(dir)),
        [dir, accounts, rest @ ..] => {
            Run::of(rest)?;
            stage(&["load", dir, accounts])?;
            killed(&[&["pace", dir, accounts], rest].concat())?;
            stage(&["reopen", dir])?;
            stage(&["journal", dir, accounts])?;
            stage(&["replay", dir])?;
            stage(&["rebuild", dir])
        }
        _ => Err(USAGE.into()),
    }
}

fn stage(arguments: &[&str]) -> Outcome {
    let done = Command::new(std::env::current_exe()?).args(arguments).status()?;
    if done.success() { Ok(()) } else { Err(format!("{} failed", arguments.join(" ")).into()) }
}

/// A stage that ends by its own kill.
fn killed(arguments: &[&str]) -> Outcome {
    use std::os::unix::process::ExitStatusExt as _;
    let done = Command::new(std::env::current_exe()?).args(arguments).status()?;
    if done.signal() == Some(9) { Ok(()) } else { Err(format!("{} failed", arguments.join(" ")).into()) }
}
