//! The journal against interrupted writes, damage in every place, and failing disks.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;

use super::frame::{HEADER, Header};
use super::reader::JournalReader;
use super::recovery::{self, Survey};
use super::segment::FIRST_FRAME;
use super::writer::Writer;
use super::{READY, Shared};
use crate::store::error::Damage;
use crate::store::files::{Disk, Lock, SystemDisk};
use crate::store::testing::{Dice, LossyDisk};
use crate::store::{Batch, Class, Commit as _, Key, Record, Sequence, StoreError};

const STORE: [u8; 16] = [5; 16];
const SIZE: u64 = 64 * 1024;

struct Opened {
    writer: Writer,
    shared: Arc<Shared>,
    last: Sequence,
    epoch: u64,
    torn: Option<(u64, u64)>,
}

fn open_on(dir: &Path, disk: Arc<dyn Disk>) -> Result<Opened, StoreError> {
    recovery::name_last(dir, &STORE, &*disk)?;
    let Survey { last, torn, .. } = recovery::survey(dir, &STORE)?;
    let shared = Arc::new(Shared::new(dir, STORE, SIZE, disk, Lock::take(dir)?));
    let (writer, epoch) = recovery::resume(recovery::survey(dir, &STORE)?, Arc::clone(&shared))?;
    Ok(Opened { writer, shared, last, epoch, torn })
}

fn open(dir: &Path) -> Result<Opened, StoreError> {
    open_on(dir, Arc::new(SystemDisk))
}

fn batch(number: u64, octets: usize) -> Batch {
    let value = vec![u8::try_from(number % 251).unwrap(); octets];
    let records = vec![
        Record::put(Class::Account, Key::from_u64(number % 7), value),
        Record::put(Class::Ledger, Key::from_u64(number), number.to_be_bytes().to_vec()),
    ];
    Batch { sequence: Sequence::new(number), guards: Vec::new(), records }
}

fn commit(writer: &mut Writer, number: u64, octets: usize) {
    writer.append(&batch(number, octets)).unwrap();
    assert_eq!(writer.sync().unwrap(), Sequence::new(number));
}

fn replayed(shared: &Shared, from: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    recovery::replay(shared, Sequence::new(from), &mut |sequence, records| {
        let value = records[0].value.as_ref().unwrap();
        assert_eq!(records, batch(sequence.number(), value.len()).records);
        numbers.push(sequence.number());
        Ok(())
    })
    .unwrap();
    numbers
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    crate::store::files::list(dir, "seg").unwrap().into_iter().map(|(_, path)| path).collect()
}

/// Offsets and octets of the frames in a segment.
fn frames(path: &Path) -> Vec<(u64, u64)> {
    let octets = fs::read(path).unwrap();
    let mut at = usize::try_from(FIRST_FRAME).unwrap();
    let mut found = Vec::new();
    while let Some(header) =
        octets.get(at..at + HEADER).and_then(|head| Header::read(head.try_into().unwrap()))
    {
        found.push((u64::try_from(at).unwrap(), u64::from(header.length)));
        at += usize::try_from(header.frame_octets()).unwrap();
    }
    found
}

fn flip(path: &Path, offset: u64, mask: u8) {
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut octet = [0];
    file.read_exact_at(&mut octet, offset).unwrap();
    file.write_all_at(&[octet[0] ^ mask], offset).unwrap();
}

#[test]
fn what_was_synced_is_there_after_a_restart_and_the_epoch_grows() {
    let dir = crate::store::testing::dir();
    let mut opened = open(dir.path()).unwrap();
    assert_eq!((opened.last.number(), opened.epoch), (0, 1));
    for number in 1..=500 {
        commit(&mut opened.writer, number, 300);
    }
    assert!(segments(dir.path()).len() > 2);
    opened.writer.close().unwrap();
    drop(opened);
    for epoch in 2..5 {
        let opened = open(dir.path()).unwrap();
        assert_eq!((opened.last.number(), opened.epoch, opened.torn), (500, epoch, None));
        assert_eq!(replayed(&opened.shared, 0), (1..=500).collect::<Vec<_>>());
        assert_eq!(replayed(&opened.shared, 333), (334..=500).collect::<Vec<_>>());
    }
}

#[test]
fn a_frame_is_found_by_its_number_while_others_are_written() {
    let dir = crate::store::testing::dir();
    let mut opened = open(dir.path()).unwrap();
    let mut reader = JournalReader::new(Arc::clone(&opened.shared));
    for number in 1..=600 {
        commit(&mut opened.writer, number, 250);
        let asked = number / 2 + 1;
        assert_eq!(reader.read(Sequence::new(asked)).unwrap(), Some(batch(asked, 250).records));
        assert_eq!(reader.read(Sequence::new(number + 1)).unwrap(), None);
    }
    assert_eq!(reader.read(Sequence::ZERO).unwrap(), None);
    drop((opened, reader));
    let opened = open(dir.path()).unwrap();
    let mut reader = JournalReader::new(Arc::clone(&opened.shared));
    for asked in [600, 1, 300, 299] {
        assert_eq!(reader.read(Sequence::new(asked)).unwrap(), Some(batch(asked, 250).records));
    }
}

#[test]
fn a_batch_that_is_not_synced_is_not_durable() {
    let dir = crate::store::testing::dir();
    let mut opened = open(dir.path()).unwrap();
    opened.writer.append(&batch(1, 10)).unwrap();
    assert_eq!(opened.writer.durable(), Sequence::ZERO);
    assert!(matches!(opened.writer.append(&batch(2, 10)), Err(StoreError::OutOfOrder { .. })));
    assert_eq!(JournalReader::new(Arc::clone(&opened.shared)).read(Sequence::new(1)).unwrap(), None);
}

#[test]
fn a_last_frame_torn_anywhere_is_cut_off() {
    let dir = crate::store::testing::dir();
    let mut opened = open(dir.path()).unwrap();
    for number in 1..=20 {
        commit(&mut opened.writer, number, 40);
    }
    let path = segments(dir.path()).pop().unwrap();
    let whole = fs::read(&path).unwrap();
    let (start, length) = *frames(&path).last().unwrap();
    drop(opened);
    for octet in start..start + 48 + length {
        fs::write(&path, &whole).unwrap();
        flip(&path, octet, 0x10);
        let found = recovery::survey(dir.path(), &STORE).unwrap();
        assert_eq!((found.last.number(), found.torn), (19, Some((path_id(&path), start))), "octet {octet}");
    }
    // Only the end of the frame came to the disk, and not its header.
    let mut torn = whole.clone();
    torn[usize::try_from(start).unwrap()..usize::try_from(start + 48).unwrap()].fill(0);
    fs::write(&path, &torn).unwrap();
    let mut opened = open(dir.path()).unwrap();
    assert_eq!((opened.last.number(), opened.torn.map(|(_, at)| at)), (19, Some(start)));
    commit(&mut opened.writer, 20, 77);
    drop(opened);
    let opened = open(dir.path()).unwrap();
    assert_eq!(replayed(&opened.shared, 0), (1..=20).collect::<Vec<_>>());
}

fn path_id(path: &Path) -> u64 {
    u64::from_str_radix(path.file_stem().unwrap().to_str().unwrap(), 16).unwrap()
}

#[test]
fn a_bit_flipped_in_any_field_of_an_earlier_frame_is_damage() {
    let dir = crate::store::testing::dir();
    let mut opened = open(dir.path()).unwrap();
    for number in 1..=20 {
        commit(&mut opened.writer, number, 40);
    }
    drop(opened);
    let path = segments(dir.path()).pop().unwrap();
    let whole = fs::read(&path).unwrap();
    let (start, length) = frames(&path)[9];
    for octet in start..start + 48 + length {
        fs::write(&path, &whole).unwrap();
        flip(&path, octet, 1);
        match recovery::survey(dir.path(), &STORE) {
            Err(StoreError::Damaged { path: at, offset, damage: Damage::BehindIsGood { offset: good } }) => {
                assert_eq!((at, offset), (path.clone(), start), "octet {octet}");
                assert!(good > start);
            }
            other => panic!("octet {octet}: {other:?}"),
        }
    }
    let mut zeroed = whole.clone();
    zeroed[usize::try_from(start).unwrap()..usize::try_from(start + 48 + length).unwrap()].fill(0);
    fs::write(&path, &zeroed).unwrap();
    assert!(matches!(recovery::survey(dir.path(), &STORE), Err(StoreError::Damaged { .. })));
}

#[test]
fn damage_to_a_confirmed_frame_is_not_taken_for_a_torn_end() {
    for close in [false, true] {
        let dir = crate::store::testing::dir();
        let mut opened = open(dir.path()).unwrap();
        for number in 1..=3 {
            commit(&mut opened.writer, number, 40);
        }
        if close {
            opened.writer.close().unwrap();
        } else {
            opened.writer.confirm().unwrap();
            opened.writer.confirm().unwrap();
        }
        drop(opened);
        let path = segments(dir.path()).pop().unwrap();
        assert_eq!(frames(&path).len(), 4);
        flip(&path, frames(&path)[2].0 + 60, 4);
        assert!(matches!(recovery::survey(dir.path(), &STORE), Err(StoreError::Damaged { .. })));
        // The confirming frame itself may be torn: nothing is lost with it.
        flip(&path, frames(&path)[2].0 + 60, 4);
        flip(&path, frames(&path)[3].0 + 20, 4);
        assert_eq!(recovery::survey(dir.path(), &STORE).unwrap().last.number(), 3);
    }
}

#[test]
fn a_segment_taken_away_or_damaged_before_the_end_is_named() {
    let dir = crate::store::testing::dir();
    let mut opened = open(dir.path()).unwrap();
    for number in 1..=1_000 {
        commit(&mut opened.writer, number, 300);
    }
    drop(opened);
    let all = segments(dir.path());
    assert!(all.len() >= 4);
    let kept = fs::read(&all[1]).unwrap();
    let replay_all = |dir: &Path| {
        let opened = open(dir).unwrap();
        recovery::replay(&opened.shared, Sequence::ZERO, &mut |_, _| Ok(())).map(|_| ())
    };
    fs::remove_file(&all[1]).unwrap();
    match replay_all(dir.path()) {
        Err(StoreError::Damaged { path, offset: 0, damage: Damage::Sequence { .. } }) => {
            assert_eq!(path, all[2]);
        }
        other => panic!("{other:?}"),
    }
    fs::write(&all[1], &kept).unwrap();
    let (at, _) = frames(&all[1])[5];
    flip(&all[1], at + 50, 2);
    assert!(matches!(replay_all(dir.path()), Err(StoreError::Damaged { .. })));
    fs::write(&all[1], &kept[..kept.len() - 1]).unwrap();
    assert!(matches!(
        recovery::survey(dir.path(), &STORE),
        Err(StoreError::Damaged { damage: Damage::Truncated, .. })
    ));
    fs::write(&all[1], &kept).unwrap();
    assert!(matches!(
        recovery::survey(dir.path(), &[6; 16]),
        Err(StoreError::Damaged { damage: Damage::Place, .. })
    ));
    replay_all(dir.path()).unwrap();
}

#[test]
fn a_failed_sync_poisons_and_is_never_tried_again() {
    let dir = crate::store::testing::dir();
    let disk = Arc::new(LossyDisk::default());
    let mut opened = open_on(dir.path(), disk.clone()).unwrap();
    commit(&mut opened.writer, 1, 10);
    opened.writer.append(&batch(2, 10)).unwrap();
    disk.fail_sync_after(0);
    let error = opened.writer.sync().unwrap_err();
    assert!(error.is_poison() && matches!(error, StoreError::Io { doing: "sync", .. }), "{error}");
    assert!(matches!(opened.writer.sync(), Err(StoreError::Poisoned)));
    assert!(matches!(opened.writer.append(&batch(2, 10)), Err(StoreError::Poisoned)));
    assert!(matches!(opened.writer.confirm(), Err(StoreError::Poisoned)));
    assert!(matches!(opened.writer.close(), Err(StoreError::Poisoned)));
    assert_eq!(opened.writer.durable(), Sequence::new(1));
}

#[test]
fn a_failed_write_poisons() {
    let dir = crate::store::testing::dir();
    let disk = Arc::new(LossyDisk::default());
    let mut opened = open_on(dir.path(), disk.clone()).unwrap();
    disk.fail_write_after(0);
    assert!(opened.writer.append(&batch(1, 10)).unwrap_err().is_poison());
    assert!(matches!(opened.writer.append(&batch(1, 10)), Err(StoreError::Poisoned)));
}

#[test]
fn failing_to_prepare_the_next_segment_is_overload_and_passes() {
    let dir = crate::store::testing::dir();
    let mut opened = open(dir.path()).unwrap();
    // A directory stands where the next segment is to be written.
    let obstacle = dir.path().join("next.writing");
    fs::create_dir(&obstacle).unwrap();
    let mut number = 1;
    let error = loop {
        match opened.writer.append(&batch(number, 3_000)) {
            Ok(()) => opened.writer.sync().unwrap(),
            Err(error) => break error,
        };
        number += 1;
    };
    assert!(number > 10);
    assert!(matches!(error, StoreError::Overload { .. }) && !error.is_poison(), "{error}");
    opened.writer.confirm().unwrap();
    fs::remove_dir(&obstacle).unwrap();
    commit(&mut opened.writer, number, 3_000);
    assert_eq!(segments(dir.path()).len(), 2);
    drop(opened);
    assert_eq!(replayed(&open(dir.path()).unwrap().shared, 0), (1..=number).collect::<Vec<_>>());
}

#[test]
fn a_segment_prepared_ahead_is_used() {
    let dir = crate::store::testing::dir();
    let mut opened = open(dir.path()).unwrap();
    let mut number = 0;
    while !opened.shared.is_next_wanted() {
        number += 1;
        commit(&mut opened.writer, number, 1_000);
    }
    let mut next = opened.shared.begin_next().unwrap();
    while !next.step(&SystemDisk, 16_384).unwrap() {}
    opened.shared.finish_next(next).unwrap();
    assert!(dir.path().join(READY).exists() && !opened.shared.is_next_wanted());
    while segments(dir.path()).len() == 1 {
        number += 1;
        commit(&mut opened.writer, number, 1_000);
    }
    assert!(!dir.path().join(READY).exists());
    drop(opened);
    assert_eq!(replayed(&open(dir.path()).unwrap().shared, 0), (1..=number).collect::<Vec<_>>());
}

/// A journal whose last segment has just been begun, with a batch in it; the number of that.
fn switched(dir: &Path) -> u64 {
    let mut opened = open(dir).unwrap();
    let mut number = 0;
    while segments(dir).len() == 1 {
        number += 1;
        commit(&mut opened.writer, number, 1_000);
        if opened.shared.is_next_wanted() {
            let mut next = opened.shared.begin_next().unwrap();
            while !next.step(&SystemDisk, SIZE).unwrap() {}
            opened.shared.finish_next(next).unwrap();
        }
    }
    number
}

#[test]
fn a_segment_that_a_crash_left_under_the_name_of_a_prepared_one_is_the_last_one() {
    let dir = crate::store::testing::dir();
    let number = switched(dir.path());
    fs::rename(&segments(dir.path())[1], dir.path().join(READY)).unwrap();
    let opened = open(dir.path()).unwrap();
    assert_eq!(opened.last.number(), number);
    assert_eq!(replayed(&opened.shared, 0), (1..=number).collect::<Vec<_>>());
}

#[test]
fn a_prepared_segment_that_was_not_begun_is_not_taken_for_one() {
    let dir = crate::store::testing::dir();
    let number = switched(dir.path());
    let mut torn = vec![0; usize::try_from(SIZE).unwrap()];
    torn[..30].copy_from_slice(&fs::read(&segments(dir.path())[1]).unwrap()[..30]);
    for octets in [vec![0; torn.len()], Vec::new(), torn] {
        fs::write(dir.path().join(READY), octets).unwrap();
        assert_eq!(open(dir.path()).unwrap().last.number(), number);
        assert!(!dir.path().join(READY).exists());
    }
}

#[test]
fn a_last_segment_whose_first_page_is_damaged_is_refused_under_either_name() {
    let dir = crate::store::testing::dir();
    switched(dir.path());
    let last = segments(dir.path()).pop().unwrap();
    flip(&last, 20, 1);
    assert!(matches!(open(dir.path()), Err(StoreError::Damaged { .. })));
    fs::rename(&last, dir.path().join(READY)).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::Damaged { .. })));
    flip(&dir.path().join(READY), 20, 1);
    let copy = segments(dir.path())[0].with_file_name(last.file_name().unwrap());
    fs::copy(dir.path().join(READY), copy).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::Damaged { .. })));
}

#[test]
fn a_batch_larger_than_a_segment_is_refused_without_harm() {
    let dir = crate::store::testing::dir();
    let mut opened = open(dir.path()).unwrap();
    let error = opened.writer.append(&batch(1, 70_000)).unwrap_err();
    assert!(matches!(error, StoreError::BatchTooLarge { .. }) && !error.is_poison());
    commit(&mut opened.writer, 1, 50_000);
}

#[test]
fn an_interrupted_take_over_is_finished_or_begun_again() {
    let dir = crate::store::testing::dir();
    let mut opened = open(dir.path()).unwrap();
    for number in 1..=9 {
        commit(&mut opened.writer, number, 100);
    }
    drop(opened);
    let old = segments(dir.path()).pop().unwrap();
    let octets = fs::read(&old).unwrap();
    // Interrupted after the new segment got its name and before the old one was removed.
    drop(open(dir.path()).unwrap());
    fs::write(&old, &octets).unwrap();
    assert_eq!(segments(dir.path()).len(), 2);
    let opened = open(dir.path()).unwrap();
    assert_eq!(replayed(&opened.shared, 0), (1..=9).collect::<Vec<_>>());
    assert_eq!(segments(dir.path()).len(), 1);
    drop(opened);
    // Interrupted while the new one was written.
    fs::write(dir.path().join("rewrite.tmp"), b"half of it").unwrap();
    fs::write(dir.path().join("next.preparing"), b"half of it").unwrap();
    let opened = open(dir.path()).unwrap();
    assert_eq!(replayed(&opened.shared, 0), (1..=9).collect::<Vec<_>>());
    assert!(!dir.path().join("rewrite.tmp").exists() && !dir.path().join("next.preparing").exists());
}

#[test]
fn frames_are_synced_in_a_new_segment_before_they_are_answered_from() {
    let dir = crate::store::testing::dir();
    let disk = Arc::new(LossyDisk::default());
    let mut opened = open_on(dir.path(), disk.clone()).unwrap();
    commit(&mut opened.writer, 1, 10);
    // A whole frame that no sync has reached: after the restart it is read, so it must be durable by then.
    opened.writer.append(&batch(2, 10)).unwrap();
    drop(opened);
    let opened = open_on(dir.path(), disk.clone()).unwrap();
    assert_eq!(opened.last.number(), 2);
    drop(opened);
    disk.cut(|| false);
    assert_eq!(recovery::survey(dir.path(), &STORE).unwrap().last.number(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn no_acknowledged_batch_is_lost_however_the_power_is_cut(
        seed: u64,
        runs in proptest::collection::vec((0_u64..60, any::<bool>(), any::<bool>()), 1..5),
    ) {
        let dir = crate::store::testing::dir();
        let mut dice = Dice::new(seed);
        let mut acknowledged = 0;
        for (commits, append_more, confirm) in runs {
            let disk = Arc::new(LossyDisk::default());
            let mut opened = open_on(dir.path(), disk.clone()).unwrap();
            let found = opened.last.number();
            prop_assert!(found == acknowledged || found == acknowledged + 1, "{found} {acknowledged}");
            let mut last = found;
            for _ in 0..commits {
                last += 1;
                commit(&mut opened.writer, last, usize::try_from(dice.below(5_000)).unwrap());
            }
            acknowledged = last;
            if confirm {
                opened.writer.confirm().unwrap();
            }
            if append_more {
                opened.writer.append(&batch(last + 1, usize::try_from(dice.below(5_000)).unwrap())).unwrap();
            }
            disk.cut(|| dice.roll() & 0x100 == 0);
            drop(opened);
        }
        let opened = open(dir.path()).unwrap();
        let found = opened.last.number();
        prop_assert!(found == acknowledged || found == acknowledged + 1, "{found} {acknowledged}");
        prop_assert_eq!(replayed(&opened.shared, 0), (1..=found).collect::<Vec<_>>());
    }
}
