//! The local store against the battery, and against everything that can happen to its files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;

use super::{Options, Places};
use crate::store::battery::{self, Subject};
use crate::store::files::Disk;
use crate::store::testing::{Dice, LossyDisk};
use crate::store::{
    Batch, Budget, Class, Key, Notice, Opened, Pace, Probe, Progress, Record, Sequence, StoreError, sys,
};

pub(in crate::store) fn options() -> Options {
    Options {
        segment_octets: 64 * 1024,
        checkpoint_octets: 100_000,
        export_octets: 150_000,
        overlay_octets: 40_000,
        cache_octets: 4 * 1024 * 1024,
        low_space_octets: 1,
        ..Options::new(Probe::Here)
    }
}

pub(in crate::store) fn open(dir: &Path) -> Result<Opened, StoreError> {
    sys::guard().unwrap();
    super::open(dir, options())
}

struct OnDisk {
    dir: TempDir,
    disk: Arc<LossyDisk>,
}

impl OnDisk {
    fn new() -> Self {
        Self { dir: crate::store::testing::dir(), disk: Arc::default() }
    }
}

impl Subject for OnDisk {
    fn open(&mut self) -> Opened {
        sys::guard().unwrap();
        let disk: Arc<dyn Disk> = self.disk.clone();
        super::open(self.dir.path(), Options { disk, ..options() }).unwrap()
    }

    fn cut_power(&mut self, seed: u64) {
        let mut dice = Dice::new(seed);
        self.disk.cut(|| dice.roll() & 0x40 == 0);
    }

    fn harm(&mut self, seed: u64) {
        let places = Places::of(self.dir.path());
        match seed % 5 {
            0 => fs::remove_dir_all(&places.sled).unwrap(),
            1 => fs::write(places.sled.join("db"), b"not a database").unwrap(),
            2 => fs::remove_file(self.dir.path().join("MANIFEST")).unwrap(),
            3 => fs::write(self.dir.path().join("MANIFEST"), b"nonsense").unwrap(),
            _ => fs::write(self.dir.path().join("REBUILD"), b"planted").unwrap(),
        }
    }
}

struct InMemory(crate::store::memory::Memory);

impl Subject for InMemory {
    fn open(&mut self) -> Opened {
        self.0.open()
    }

    fn cut_power(&mut self, _seed: u64) {
        self.0.cut_power();
    }

    fn harm(&mut self, _seed: u64) {}
}

fn in_memory(conflicts: crate::store::Conflicts) -> InMemory {
    InMemory(crate::store::memory::Memory::new(conflicts))
}

#[test]
fn every_store_keeps_the_rules_of_order_and_guards() {
    battery::rules(&mut OnDisk::new());
    battery::rules(&mut in_memory(crate::store::Conflicts::Never));
    battery::rules(&mut in_memory(crate::store::Conflicts::Possible));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_local_store_is_what_the_model_says(acts in battery::acts(120)) {
        battery::play(&mut OnDisk::new(), &acts);
    }

    #[test]
    fn the_store_in_memory_is_what_the_model_says(acts in battery::acts(120)) {
        battery::play(&mut in_memory(crate::store::Conflicts::Never), &acts);
    }
}

pub(in crate::store) fn batch(number: u64) -> Batch {
    let records = vec![
        Record::put(Class::Account, Key::from_u64(number % 50), number.to_be_bytes().repeat(40)),
        Record::put(Class::Ledger, Key::from_u64(number), number.to_be_bytes().to_vec()),
    ];
    Batch { sequence: Sequence::new(number), guards: Vec::new(), records }
}

pub(in crate::store) fn commit(opened: &mut Opened, number: u64) {
    opened.commit.append(&batch(number)).unwrap();
    opened.commit.sync().unwrap();
    opened.state.apply(batch(number)).unwrap();
}

/// Commits up to `last`, with all upkeep that comes due.
pub(in crate::store) fn fill(opened: &mut Opened, last: u64) {
    for number in opened.commit.durable().next().number()..=last {
        commit(opened, number);
        while opened.state.step(Budget { octets: 1_000_000 }).unwrap() == Progress::More {}
    }
}

pub(in crate::store) fn check(opened: &mut Opened, last: u64) {
    assert_eq!(opened.last.number(), last);
    for key in 0..50_u64 {
        let number = (1..=last).rev().find(|number| number % 50 == key).unwrap();
        let loaded = opened.state.load(Class::Account, &Key::from_u64(key)).unwrap().unwrap();
        assert_eq!((loaded.revision.number(), loaded.value), (number, number.to_be_bytes().repeat(40)));
    }
    for number in 1..=last {
        let ledger = opened.state.read_frame(Sequence::new(number)).unwrap();
        assert_eq!(ledger.last(), batch(number).records.last(), "{number}");
    }
}

pub(in crate::store) fn filled(last: u64) -> TempDir {
    let dir = crate::store::testing::dir();
    let mut opened = open(dir.path()).unwrap();
    assert_eq!(opened.notices, vec![Notice::Created]);
    fill(&mut opened, last);
    let status = opened.state.status();
    assert_eq!(status.exports.len(), if last < 1_000 { 1 } else { 2 }, "{status:?}");
    assert!(status.checkpoint.number() > 0 && status.damage.is_empty());
    opened.commit.close().unwrap();
    dir
}

pub(in crate::store) fn files_in(dir: &Path, extension: &str) -> Vec<PathBuf> {
    crate::store::files::list(dir, extension).unwrap().into_iter().map(|(_, path)| path).collect()
}

#[test]
fn segments_go_to_the_archive_and_their_ledger_stays_readable() {
    let dir = filled(2_000);
    let places = Places::of(dir.path());
    assert!(files_in(&places.archive, "arc").len() > 2);
    assert!(files_in(&places.journal, "seg").len() < 12);
    check(&mut open(dir.path()).unwrap(), 2_000);
}

#[test]
fn a_state_that_is_lost_corrupt_or_older_than_its_checkpoint_is_rebuilt() {
    let dir = filled(1_500);
    let places = Places::of(dir.path());
    // An older state, as a restored folder would be.
    let mut opened = open(dir.path()).unwrap();
    opened.state.checkpoint().unwrap();
    drop(opened);
    let old = crate::store::testing::dir();
    copy_dir(&places.sled, &old.path().join("sled"));
    let mut opened = open(dir.path()).unwrap();
    fill(&mut opened, 2_000);
    opened.state.checkpoint().unwrap();
    drop(opened);
    let rebuilt = |dir: &Path, aside: &str| {
        let mut opened = open(dir).unwrap();
        let notices = &opened.notices;
        assert!(
            notices.iter().any(|notice| matches!(notice, Notice::Rebuilt { records, .. } if *records > 0)),
            "{notices:?}"
        );
        let reason = notices.iter().find_map(|notice| match notice {
            Notice::SetAside { reason, path } => {
                assert!(path.is_dir());
                Some(reason.clone())
            }
            _ => None,
        });
        assert!(reason.unwrap_or_default().contains(aside), "{notices:?}");
        check(&mut opened, 2_000);
        opened.commit.close().unwrap();
    };
    fs::remove_dir_all(&places.sled).unwrap();
    rebuilt(dir.path(), "");
    fs::remove_dir_all(&places.sled).unwrap();
    copy_dir(&old.path().join("sled"), &places.sled);
    let mut opened = open(dir.path()).unwrap();
    check(&mut opened, 2_000);
    opened.state.checkpoint().unwrap();
    drop(opened);
    fs::remove_dir_all(&places.sled).unwrap();
    copy_dir(&old.path().join("sled"), &places.sled);
    rebuilt(dir.path(), "before its checkpoint");
    let octets = fs::read(places.sled.join("db")).unwrap();
    fs::write(places.sled.join("db"), vec![0xA5; octets.len()]).unwrap();
    rebuilt(dir.path(), "");
    fs::remove_file(dir.path().join("MANIFEST")).unwrap();
    rebuilt(dir.path(), "no MANIFEST");
    fs::write(dir.path().join("REBUILD"), "it had a bad day").unwrap();
    rebuilt(dir.path(), "it had a bad day");
    assert!(!dir.path().join("REBUILD").exists());
    assert_eq!(
        fs::read_dir(dir.path())
            .unwrap()
            .filter(|entry| {
                entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("sled.aside")
            })
            .count(),
        1
    );
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy_dir(&path, &target) } else { fs::copy(&path, &target).map(|_| ()).unwrap() }
    }
}

#[test]
fn an_export_that_is_damaged_gives_way_to_the_one_before() {
    let dir = filled(2_000);
    let places = Places::of(dir.path());
    let exports = files_in(&places.exports, "exp");
    assert_eq!(exports.len(), 2);
    let mut octets = fs::read(&exports[1]).unwrap();
    octets[500] ^= 1;
    fs::write(&exports[1], &octets).unwrap();
    fs::remove_dir_all(&places.sled).unwrap();
    let mut opened = open(dir.path()).unwrap();
    check(&mut opened, 2_000);
    // The verification in the background names it.
    while opened.state.step(Budget { octets: 50_000 }).unwrap() == Progress::More {}
    let status = opened.state.status();
    assert!(status.damage.iter().any(|line| line.contains("exp is damaged")), "{status:?}");
    assert_eq!(status.verified.0, status.verified.1);
    drop(opened);
    // Without either, and with a journal that begins later, nothing can be rebuilt: refused, and nothing is touched.
    for export in &exports {
        fs::remove_file(export).unwrap();
    }
    fs::remove_dir_all(&places.sled).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::NotRebuildable { .. })));
}

#[test]
fn damage_that_opening_does_not_meet_is_found_in_the_background() {
    let dir = filled(2_000);
    let places = Places::of(dir.path());
    let segments = files_in(&places.journal, "seg");
    assert!(segments.len() > 3, "{segments:?}");
    let mut octets = fs::read(&segments[0]).unwrap();
    octets[10_000] ^= 1;
    fs::write(&segments[0], &octets).unwrap();
    let mut opened = open(dir.path()).unwrap();
    while opened.state.step(Budget { octets: 5_000 }).unwrap() == Progress::More {}
    let damage = opened.state.status().damage;
    assert_eq!(damage.len(), 1, "{damage:?}");
    assert!(damage[0].contains(segments[0].to_str().unwrap()));
}

#[test]
fn a_journal_that_lost_what_others_know_is_refused() {
    let dir = filled(2_000);
    let places = Places::of(dir.path());
    let mut opened = open(dir.path()).unwrap();
    opened.state.checkpoint().unwrap();
    drop(opened);
    let last = files_in(&places.journal, "seg").pop().unwrap();
    fs::remove_file(&last).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, StoreError::JournalShort { .. }), "{error}");
    assert_eq!(error.exit_code(), 74);
    let text = error.to_string();
    assert!(text.contains("sequence 2000") && text.contains("restore a backup"), "{text}");
}

#[test]
fn a_torn_end_that_a_checkpoint_knows_is_not_cut_off() {
    let dir = crate::store::testing::dir();
    let mut opened = open(dir.path()).unwrap();
    fill(&mut opened, 20);
    opened.state.checkpoint().unwrap();
    drop(opened);
    let segment = files_in(&Places::of(dir.path()).journal, "seg").pop().unwrap();
    let mut octets = fs::read(&segment).unwrap();
    let last = octets.iter().rposition(|octet| *octet != 0).unwrap();
    octets[last] ^= 1;
    fs::write(&segment, &octets).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::JournalShort { .. })));
    octets[last] ^= 1;
    fs::write(&segment, &octets).unwrap();
    check_small(&mut open(dir.path()).unwrap());
}

fn check_small(opened: &mut Opened) {
    assert_eq!(opened.last.number(), 20);
}

#[test]
fn a_second_opening_is_refused_in_one_line() {
    let dir = crate::store::testing::dir();
    let first = open(dir.path()).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }));
    assert_eq!(error.exit_code(), 73);
    assert_eq!(error.to_string().lines().count(), 1);
    // Either half keeps it.
    let Opened { commit, state, .. } = first;
    drop(commit);
    assert!(open(dir.path()).is_err());
    drop(state);
    open(dir.path()).unwrap();
}

#[test]
fn a_directory_of_something_else_is_refused() {
    let dir = crate::store::testing::dir();
    fs::write(dir.path().join("letter.txt"), b"dear").unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, StoreError::NoStore { .. }));
    assert_eq!(error.exit_code(), 73);
    let blocked = dir.path().join("letter.txt");
    assert_eq!(open(&blocked).unwrap_err().exit_code(), 73);
}

#[test]
fn a_failed_state_stops_checkpoints_and_not_the_journal() {
    let dir = filled(1_500);
    let mut local = super::open_existing(dir.path(), options()).unwrap();
    local.state.tree.fail_for_test();
    let mut opened = Opened {
        commit: Box::new(local.writer),
        state: Box::new(local.state),
        last: local.last,
        epoch: local.epoch,
        notices: local.notices,
    };
    for number in 1_501..=1_600 {
        commit(&mut opened, number);
        // Upkeep other than of the state goes on.
        opened.state.step(Budget { octets: 1_000_000 }).unwrap();
    }
    let hot = opened.state.load(Class::Account, &Key::from_u64(7)).unwrap().unwrap();
    assert_eq!(hot.revision.number(), 1_557);
    assert!(opened.state.checkpoint().is_err());
    assert!(opened.state.load(Class::Session, &Key::from_u64(7)).is_err());
    assert!(opened.state.status().stopped.is_some());
    drop(opened);
    let mut opened = open(dir.path()).unwrap();
    assert!(
        opened.notices.iter().any(|notice| matches!(notice, Notice::SetAside { .. })),
        "{:?}",
        opened.notices
    );
    check(&mut opened, 1_600);
}

/// A batch that puts one account of 180 octets.
fn put(number: u64, key: u64) -> Batch {
    let value = number.to_be_bytes().repeat(23);
    let records = vec![Record::put(Class::Account, Key::from_u64(key), value)];
    Batch { sequence: Sequence::new(number), guards: Vec::new(), records }
}

/// Changes anywhere among 20,000 accounts, each in memory at about 312 octets.
const ANYWHERE: u64 = 20_000;

#[test]
fn changes_at_half_the_speed_of_the_state_stay_below_the_mark_and_are_checkpointed() {
    sys::guard().unwrap();
    let dir = crate::store::testing::dir();
    let options = Options { overlay_octets: 400_000, export_octets: 2_000_000, ..options() };
    let Opened { mut commit, mut state, .. } = super::open(dir.path(), options).unwrap();
    let (mut dice, mut number, mut checkpoints, mut most) = (Dice::new(7), 0_u64, 0_u64, 0);
    // A step takes a millisecond and brings the changes of eight pages in; more than four come in a millisecond.
    let (took, each) = (core::time::Duration::from_millis(1), 240);
    let (mut now, mut came) = (0, 0);
    for _ in 0..12_000 {
        let before = state.status().checkpoint;
        let _ = state.step(Budget { octets: 8 * 8_192 }).unwrap();
        now += (took + state.pace().rest(took)).as_micros();
        while came < now {
            number += 1;
            came += each;
            let batch = put(number, dice.below(ANYWHERE));
            commit.append(&batch).unwrap();
            commit.sync().unwrap();
            state.apply(batch).unwrap();
        }
        let status = state.status();
        assert!(!status.behind, "{status:?}");
        checkpoints += u64::from(status.checkpoint != before);
        most = most.max(status.overlay_octets);
    }
    assert!(checkpoints > number / 1_500, "{checkpoints} of {number} changes, {most} octets at most");
}

#[test]
fn at_its_bound_a_store_takes_nothing_more_until_changes_are_in_the_state() {
    sys::guard().unwrap();
    let dir = crate::store::testing::dir();
    let options = Options { overlay_octets: 100_000, ..options() };
    let Opened { mut commit, mut state, .. } = super::open(dir.path(), options.clone()).unwrap();
    let mut number = 0;
    let mut write = |commit: &mut dyn crate::store::Commit| {
        commit.append(&put(number + 1, number + 1)).map(|()| {
            number += 1;
            commit.sync().unwrap();
            put(number, number)
        })
    };
    // What is durable and not taken over yet counts too.
    let mut untaken = Vec::new();
    let error = loop {
        match write(&mut *commit) {
            Ok(batch) if untaken.len() < 40 => untaken.push(batch),
            Ok(batch) => {
                state.apply(untaken.remove(0)).unwrap();
                untaken.push(batch);
            }
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Behind { .. }) && !error.is_poison(), "{error}");
    assert!(state.status().overlay_octets < 100_000 && state.status().behind);
    assert!(commit.is_behind(), "the write half tells it too: the state half may stand still");
    for batch in untaken.drain(..) {
        state.apply(batch).unwrap();
    }
    assert!((100_000..115_000).contains(&state.status().overlay_octets), "{:?}", state.status());
    assert!(write(&mut *commit).is_err());
    let mut paces = Vec::new();
    while state.status().behind {
        assert_eq!(state.step(Budget { octets: 20_000 }).unwrap(), Progress::More);
        paces.push(state.pace());
    }
    assert!(paces.iter().all(|pace| *pace == Pace::FULL), "{paces:?}");
    assert!(!commit.is_behind());
    let batch = write(&mut *commit).unwrap();
    state.apply(batch).unwrap();
    for key in 1..=number {
        let loaded = state.load(Class::Account, &Key::from_u64(key)).unwrap().unwrap();
        assert_eq!((loaded.revision.number(), loaded.value), (key, key.to_be_bytes().repeat(23)));
    }
    drop((commit, state));
    assert_eq!(super::open(dir.path(), options).unwrap().last.number(), number);
}

#[test]
fn every_octet_that_is_durable_is_taken_over_once() {
    sys::guard().unwrap();
    let dir = crate::store::testing::dir();
    let super::Local { mut writer, mut state, .. } = super::open::open(dir.path(), options()).unwrap();
    let values = [None, Some(0), Some(1), Some(3_000), Some(4_000), Some(9_000), Some(30_000)];
    for (number, octets) in (1_u64..).zip(values) {
        let value = octets.map(|octets| vec![1; octets]);
        let records = vec![Record { class: Class::Session, key: Key::from_u64(number), value }];
        let batch = Batch { sequence: Sequence::new(number), guards: Vec::new(), records };
        crate::store::Commit::append(&mut writer, &batch).unwrap();
        crate::store::Commit::sync(&mut writer).unwrap();
        crate::store::Commit::confirm(&mut writer).unwrap();
        assert!(state.shared.untaken() > 0);
        crate::store::State::apply(&mut state, batch).unwrap();
        assert_eq!(state.shared.untaken(), 0, "{octets:?}");
    }
}

#[test]
fn an_export_that_fails_does_not_keep_checkpoints_from_being_made() {
    let dir = crate::store::testing::dir();
    let mut opened = open(dir.path()).unwrap();
    let exports = Places::of(dir.path()).exports;
    fs::remove_dir(&exports).unwrap();
    let (mut failed, mut checkpoints) = (0, 0);
    for number in 1..=2_000 {
        commit(&mut opened, number);
        let before = opened.state.status().checkpoint;
        failed += u32::from(opened.state.step(Budget { octets: 50_000 }).is_err());
        checkpoints += u32::from(opened.state.status().checkpoint != before);
    }
    assert!(failed > 0 && checkpoints >= 5, "{failed} {checkpoints}");
    // Once it can be made, it is.
    fs::create_dir(&exports).unwrap();
    while opened.state.step(Budget { octets: 1_000_000 }).unwrap() == Progress::More {}
    assert_eq!(opened.state.status().exports.len(), 1);
    drop(opened);
    check(&mut open(dir.path()).unwrap(), 2_000);
}
