//! Cuts the power under a store and looks at what is there afterwards. Needs root, loop devices and ext4.
//!
//! A writer commits batches into a store on a file system in an image, and notes outside of it what was acknowledged.
//! At a random moment it is stopped and the image is copied: the copy holds what the file system had handed to the
//! device, and not what still lay in the page cache. The store in the copy must open, repair itself if need be, have
//! every acknowledged batch, and verify. `kill -9` alone would show nothing, since it keeps the page cache.
//!
//! `power_cut run WORK CUTS [--without-sync]` does so; with `--without-sync` the writer's syncs do nothing, which
//! must be noticed. The other subcommands are the processes it starts.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use gyro::store::files::Disk;
use gyro::store::local::{self, Options};
use gyro::store::{Batch, Budget, Class, Key, Notice, Opened, Probe, Progress, Record, Sequence, verify};

type Outcome = Result<(), Box<dyn Error>>;

/// What the store is doing when the power goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Growth,
    Steady,
    Checkpoint,
    Export,
    Segments,
    Rebuild,
}

const PHASES: [Phase; 6] =
    [Phase::Growth, Phase::Steady, Phase::Checkpoint, Phase::Export, Phase::Segments, Phase::Rebuild];

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Growth => "growth",
            Self::Steady => "steady",
            Self::Checkpoint => "checkpoint",
            Self::Export => "export",
            Self::Segments => "segment change",
            Self::Rebuild => "rebuild",
        }
    }

    fn options(self, program: &Path) -> Options {
        let probe = Probe::Child {
            program: program.to_path_buf(),
            arguments: vec!["probe".into()],
            deadline: Duration::from_secs(30),
        };
        let mut options = Options::new(probe);
        options.segment_octets = 1024 * 1024;
        options.checkpoint_octets = 2 * 1024 * 1024;
        options.export_octets = 3 * 1024 * 1024;
        options.cache_octets = 16 * 1024 * 1024;
        options.low_space_octets = 1;
        match self {
            Self::Growth | Self::Steady | Self::Rebuild => {}
            Self::Checkpoint => options.checkpoint_octets = 64 * 1024,
            Self::Export => options.export_octets = 64 * 1024,
            Self::Segments => options.segment_octets = 64 * 1024,
        }
        options
    }

    /// How many account keys there are; growth has no end of them.
    fn keys(self) -> u64 {
        match self {
            Self::Growth => u64::MAX,
            Self::Rebuild => 20_000,
            _ => 3_000,
        }
    }
}

/// Numbers that look random, from a seed.
fn mix(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// The batch of a number: always the same.
fn batch(number: u64, keys: u64) -> Batch {
    let mut records = Vec::new();
    for place in 0..3_u64 {
        let drawn = mix(number.wrapping_mul(4).wrapping_add(place));
        let key = if keys == u64::MAX { number.wrapping_mul(4).wrapping_add(place) } else { drawn % keys };
        let class = if place == 2 { Class::Session } else { Class::Account };
        let octets = usize::try_from(drawn % 300).unwrap_or(0);
        let value = (!drawn.is_multiple_of(16) || place != 2).then(|| {
            let mut value = number.to_be_bytes().to_vec();
            value.resize(octets.saturating_add(8), u8::try_from(drawn % 251).unwrap_or(0));
            value
        });
        records.push(Record { class, key: Key::from_u64(key), value });
    }
    records.push(Record::put(Class::Ledger, Key::from_u64(number), number.to_be_bytes().to_vec()));
    Batch { sequence: Sequence::new(number), guards: Vec::new(), records }
}

/// The `fdatasync` after each frame taken out: what the test must notice.
#[derive(Debug)]
struct NoSync;

impl Disk for NoSync {
    fn sync_data(&self, _file: &File) -> std::io::Result<()> {
        Ok(())
    }
}

/// Commits until it is stopped; writes the number of the last acknowledged batch to `acknowledged`.
fn write(dir: &Path, acknowledged: &Path, phase: Phase, without_sync: bool) -> Outcome {
    gyro::store::guard()?;
    let mut options = phase.options(&std::env::current_exe()?);
    if without_sync {
        options.disk = Arc::new(NoSync);
    }
    let note = File::options().create(true).truncate(false).write(true).open(acknowledged)?;
    let Opened { mut commit, mut state, last, .. } = local::open(dir, options)?;
    note.write_all_at(&last.number().to_be_bytes(), 0)?;
    let mut number = last.number();
    loop {
        number = number.saturating_add(1);
        let next = batch(number, phase.keys());
        commit.append(&next)?;
        commit.sync()?;
        note.write_all_at(&number.to_be_bytes(), 0)?;
        state.apply(next)?;
        if number % 64 == 0 {
            commit.confirm()?;
        }
        state.step(Budget { octets: 64 * 1024 })?;
    }
}

/// Fills a store with something to rebuild.
fn fill(dir: &Path, phase: Phase, count: u64) -> Outcome {
    gyro::store::guard()?;
    let Opened { mut commit, mut state, last, .. } =
        local::open(dir, phase.options(&std::env::current_exe()?))?;
    for number in last.number().saturating_add(1)..=last.number().saturating_add(count) {
        let next = batch(number, phase.keys());
        commit.append(&next)?;
        commit.sync()?;
        state.apply(next)?;
        while state.step(Budget { octets: 1024 * 1024 })? == Progress::More {}
    }
    commit.close()?;
    Ok(())
}

/// Opens what the cut has left, and compares all of it with what must be there.
fn check(dir: &Path, acknowledged: u64, phase: Phase) -> Outcome {
    gyro::store::guard()?;
    let program = std::env::current_exe()?;
    let Opened { mut commit, mut state, last, notices, .. } = local::open(dir, phase.options(&program))?;
    let found = last.number();
    let repaired: Vec<String> = notices
        .iter()
        .filter(|notice| !matches!(notice, Notice::Replayed { .. }))
        .map(ToString::to_string)
        .collect();
    say(&format!("found {found}{}{}", if repaired.is_empty() { "" } else { "; " }, repaired.join("; ")))?;
    if found < acknowledged {
        return Err(format!("{acknowledged} batches were acknowledged, {found} are there").into());
    }
    if found > acknowledged.saturating_add(1) {
        return Err(format!("{found} batches are there, but only {acknowledged} were acknowledged").into());
    }
    let mut model = BTreeMap::new();
    for number in 1..=found {
        for record in batch(number, phase.keys()).records {
            match record.value {
                Some(value) => model.insert((record.class, record.key), (number, value)),
                None => model.remove(&(record.class, record.key)),
            };
        }
        let stored = state.read_frame(Sequence::new(number))?;
        let ledger = stored.iter().find(|record| record.class == Class::Ledger);
        if ledger.and_then(|record| record.value.as_deref()) != Some(&number.to_be_bytes()[..]) {
            return Err(format!("the ledger entry of batch {number} is not there").into());
        }
    }
    model.retain(|(class, _), _| !class.is_journal_only());
    let mut count = 0_usize;
    for class in [Class::Account, Class::Session] {
        let mut from = Some(Key::EMPTY);
        while let Some(key) = from {
            let some = state.scan(class, &key, 500)?;
            from = some.last().and_then(|(key, _)| key.next()).filter(|_| some.len() == 500);
            for (key, loaded) in some {
                count = count.saturating_add(1);
                if model.get(&(class, key)) != Some(&(loaded.revision.number(), loaded.value)) {
                    return Err(format!("{class} {key} is not what batch {} wrote", loaded.revision).into());
                }
            }
        }
    }
    if count != model.len() {
        return Err(format!("{count} records are there, {} must be", model.len()).into());
    }
    // It goes on.
    let next = batch(found.saturating_add(1), phase.keys());
    commit.append(&next)?;
    commit.sync()?;
    state.apply(next)?;
    drop((commit, state));
    let report = verify::verify(dir, phase.options(&program), &mut [])?;
    if report.faults.is_empty() { Ok(()) } else { Err(report.to_string().into()) }
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}

/// Runs a command that must succeed.
fn must(program: &str, arguments: &[&str]) -> Outcome {
    let done = Command::new(program).args(arguments).stdin(Stdio::null()).output()?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    Err(format!("{program} {}: {}", arguments.join(" "), said.trim()).into())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

/// A mounted image; unmounted when dropped.
struct Mounted {
    at: PathBuf,
}

impl Mounted {
    fn new(image: &Path, at: &Path) -> Result<Self, Box<dyn Error>> {
        fs::create_dir_all(at)?;
        // No commit of the file system's own journal comes to help.
        must("mount", &["-o", "loop,commit=600", text(image), text(at)])?;
        Ok(Self { at: at.to_path_buf() })
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Nothing can be done about a failure here; the script looks for what is left.
        let _ = Command::new("umount").arg(&self.at).status();
    }
}

#[expect(clippy::disallowed_methods, reason = "the moment of the cut is a moment of real time")]
fn wait(time: Duration) {
    std::thread::sleep(time);
}

fn signal(child: &Child, name: &str) -> Outcome {
    must("kill", &[&format!("-{name}"), &child.id().to_string()])
}

fn read_acknowledged(path: &Path) -> u64 {
    let octets = fs::read(path).unwrap_or_default();
    octets.first_chunk().map_or(0, |octets| u64::from_be_bytes(*octets))
}

/// Batches in the store that is rebuilt.
const FILLED: u64 = 6_000;

/// The images and mount points of a run.
struct Bench {
    work: PathBuf,
    program: PathBuf,
    without_sync: bool,
}

impl Bench {
    /// Plays `cuts` cuts of one phase; returns how many of them lost something.
    fn phase(&self, phase: Phase, cuts: u64) -> Result<u64, Box<dyn Error>> {
        let image = self.work.join("disk.img");
        File::create(&image)?.set_len(1024 * 1024 * 1024)?;
        must("mkfs.ext4", &["-q", "-F", text(&image)])?;
        let disk = Mounted::new(&image, &self.work.join("m1"))?;
        let (dir, noted) = (disk.at.join("data"), self.work.join("acknowledged"));
        if noted.exists() {
            fs::remove_file(&noted)?;
        }
        if phase == Phase::Rebuild {
            must(text(&self.program), &["fill", text(&dir), phase.name(), &FILLED.to_string()])?;
            must("sync", &[])?;
            fs::write(&noted, FILLED.to_be_bytes())?;
        }
        let mut lost = 0_u64;
        for cut in 0..cuts {
            if phase == Phase::Rebuild {
                if dir.join("sled").is_dir() {
                    fs::remove_dir_all(dir.join("sled"))?;
                }
                File::open(&dir)?.sync_all()?;
            }
            let acknowledged = self.cut(phase, cut, &dir, &noted, &image)?;
            let (found, result) = self.look(phase, acknowledged)?;
            say(&format!(
                "{:<15} cut {:>2}: acknowledged {acknowledged:>6}, {found}{}",
                phase.name(),
                cut.saturating_add(1),
                if result.is_empty() { String::new() } else { format!(" - FAILED: {result}") }
            ))?;
            if !result.is_empty() {
                lost = lost.saturating_add(1);
            }
        }
        Ok(lost)
    }

    /// Runs the writer, stops it at a random moment, and copies the image; returns what was acknowledged.
    fn cut(
        &self,
        phase: Phase,
        cut: u64,
        dir: &Path,
        noted: &Path,
        image: &Path,
    ) -> Result<u64, Box<dyn Error>> {
        let before = read_acknowledged(noted);
        let mut command = Command::new(&self.program);
        command.args(["write", text(dir), text(noted), phase.name()]);
        if self.without_sync {
            command.arg("--without-sync");
        }
        let mut writer = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let drawn = mix(u64::from(writer.id()).wrapping_add(cut << 32));
        let milliseconds = if phase == Phase::Rebuild {
            20_u64.saturating_add(drawn % 900)
        } else {
            // What is cut is the writing; opening has a phase of its own.
            let mut waited = 0_u32;
            while read_acknowledged(noted) <= before && waited < 1_000 {
                wait(Duration::from_millis(10));
                waited = waited.saturating_add(1);
            }
            100_u64.saturating_add(drawn % 700)
        };
        wait(Duration::from_millis(milliseconds));
        if let Some(status) = writer.try_wait()? {
            let mut said = String::new();
            if let Some(mut err) = writer.stderr.take() {
                std::io::Read::read_to_string(&mut err, &mut said)?;
            }
            return Err(format!("the writer ended by itself ({status}): {said}").into());
        }
        signal(&writer, "STOP")?;
        let acknowledged = read_acknowledged(noted);
        let copy = self.work.join("cut.img");
        let copied = must("cp", &["--sparse=always", text(image), text(&copy)]);
        signal(&writer, "KILL")?;
        writer.wait()?;
        copied?;
        Ok(acknowledged)
    }

    /// Opens the copy; returns what was found, and what is wrong with it.
    fn look(&self, phase: Phase, acknowledged: u64) -> Result<(String, String), Box<dyn Error>> {
        let copy = Mounted::new(&self.work.join("cut.img"), &self.work.join("m2"))?;
        let mut command = Command::new(&self.program);
        command.args(["check", text(&copy.at.join("data")), &acknowledged.to_string(), phase.name()]);
        let done = command.stdin(Stdio::null()).output()?;
        let found = String::from_utf8_lossy(&done.stdout).trim().to_owned();
        let complaint = String::from_utf8_lossy(&done.stderr).trim().to_owned();
        Ok((found, if done.status.success() { String::new() } else { complaint }))
    }
}

fn run(work: &Path, cuts: u64, without_sync: bool) -> Outcome {
    fs::create_dir_all(work)?;
    let bench = Bench { work: work.to_path_buf(), program: std::env::current_exe()?, without_sync };
    let phases = u64::try_from(PHASES.len())?;
    let mut lost = 0_u64;
    for (number, phase) in (0_u64..).zip(PHASES) {
        let share = cuts.saturating_add(number).div_euclid(phases);
        lost = lost.saturating_add(bench.phase(phase, share)?);
        if without_sync && lost > 0 {
            break;
        }
    }
    for name in ["disk.img", "cut.img", "acknowledged"] {
        let path = work.join(name);
        if path.exists() {
            fs::remove_file(path)?;
        }
    }
    if lost > 0 {
        return Err(format!("{lost} cuts lost something").into());
    }
    say(&format!("{cuts} cuts, nothing acknowledged was lost"))?;
    Ok(())
}

fn main() -> std::process::ExitCode {
    match act() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            // With nowhere to complain there is nothing left to do.
            let _ = writeln!(std::io::stderr(), "{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn act() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let phase = |name: &str| {
        PHASES
            .into_iter()
            .find(|phase| phase.name() == name)
            .ok_or_else(|| format!("no phase is called {name}"))
    };
    match words.as_slice() {
        ["run", work, cuts, rest @ ..] => {
            run(Path::new(work), cuts.parse()?, rest.contains(&"--without-sync"))
        }
        ["write", dir, noted, name, rest @ ..] => {
            write(Path::new(dir), Path::new(noted), phase(name)?, rest.contains(&"--without-sync"))
        }
        ["fill", dir, name, count] => fill(Path::new(dir), phase(name)?, count.parse()?),
        ["check", dir, acknowledged, name] => check(Path::new(dir), acknowledged.parse()?, phase(name)?),
        ["probe", dir] => Ok(gyro::store::probe_child(Path::new(dir), &mut std::io::stdout())?),
        _ => Err("usage: power_cut run WORK CUTS [--without-sync]".into()),
    }
}
