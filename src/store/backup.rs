//! Backup and restore: a whole store in one sealed file.
//!
//! First, in blocks tagged by their batch (its highest bit set), the journal-only records of every batch that is
//! there up to the start; then the state, as in an export, in blocks tagged by class; then the batches after the
//! start, whole. A restored store has the archive, one export and the journal; its first opening builds the rest.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::archive::ArchiveWriter;
use super::error::Damage;
use super::export;
use super::files::{self, Disk, Lock};
use super::journal::frame;
use super::journal::{Shared, recovery};
use super::local::{BATCH, Options, Places, open_existing, write_identity};
use super::record::index::{self, Fact};
use super::record::{Class, Key, Record};
use super::sealed::{Kind, SealedReader, SealedWriter};
use super::{Batch, Budget, Commit as _, Progress, Sequence, State as _, StoreError};
use crate::time::Timestamp;

/// An archive file of a restored store ends at the batch after so many octets.
const ARCHIVE_OCTETS: u64 = 64 * 1024 * 1024;

/// Writes a backup of the store in `dir` into the new file `to`. The store must not be in use.
pub fn backup(dir: &Path, options: Options, to: &Path) -> Result<Summary, StoreError> {
    let mut local = open_existing(dir, options)?;
    while local.state.backup(to, Budget { octets: u64::MAX })? == Progress::More {}
    local.writer.close()?;
    Ok(Summary { sequence: local.last, octets: size_of(to) })
}

/// Writes the state of the store in `dir`, sorted, into the new file `to`. The store must not be in use.
pub fn export_to(dir: &Path, options: Options, to: &Path) -> Result<Summary, StoreError> {
    if to.exists() {
        return Err(StoreError::Exists { path: to.to_path_buf() });
    }
    let disk = Arc::clone(&options.disk);
    let mut local = open_existing(dir, options)?;
    let (store, last) = (local.state.store, local.last);
    let begun = export::Exporting::begin_as(to.to_path_buf(), &to.with_extension("part"), &store, last)?;
    let mut exporting = Box::new(begun);
    while let export::Step::More(more) = exporting.step(&mut local.state, &*disk, u64::MAX, last)? {
        exporting = more;
    }
    local.writer.close()?;
    Ok(Summary { sequence: last, octets: size_of(to) })
}

fn size_of(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

/// What was written or restored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Summary {
    /// The last batch in it.
    pub sequence: Sequence,
    /// Octets of the file.
    pub octets: u64,
}

/// Makes the store that the backup `from` holds in `dir`, which must be empty or not there. `now` is wall time.
///
/// Sessions that came after the backup are lost, and Origin-State-Id says so to every client (RFC 6733 §8.16): it is
/// larger than that in the backup, and than any that the store it was taken of may have made before `now`.
///
/// The backup is read and checked as a whole before anything is written. An interrupted restore leaves a directory
/// that no opening takes for a store.
pub fn restore(dir: &Path, options: &Options, from: &Path, now: Timestamp) -> Result<Summary, StoreError> {
    let mut backup = SealedReader::open(from, Kind::Backup)?;
    while backup.next()?.is_some() {}
    if !backup.is_complete() {
        return Err(StoreError::damaged(from, 0, Damage::Checksum));
    }
    let disk = &*options.disk;
    if dir.exists() {
        let refused = |source| StoreError::Directory { path: dir.to_path_buf(), source };
        if fs::read_dir(dir).map_err(refused)?.next().is_some() {
            return Err(StoreError::NotEmpty { path: dir.to_path_buf() });
        }
    }
    files::make_dir(disk, dir)?;
    let lock = Lock::take(dir)?;
    let places = Places::of(dir);
    for dir in [&places.journal, &places.exports, &places.archive] {
        files::make_dir(disk, dir)?;
    }
    let store = *backup.store();
    let (start, last) = (Sequence::new(backup.number()), Sequence::new(backup.last()));
    let shared = Shared::new(&places.journal, store, options.segment_octets, Arc::clone(&options.disk), lock);
    let mut restoring = Restoring {
        from,
        disk,
        start,
        places: &places,
        archive: None,
        origin_state: None,
        writer: recovery::begin(Arc::new(shared), start.next())?,
        export: SealedWriter::begin(
            &places.exports.join("export.tmp"),
            Kind::Export,
            &store,
            start.number(),
        )?,
    };
    let mut backup = SealedReader::open(from, Kind::Backup)?;
    while let Some(block) = backup.next()? {
        restoring.block(block.tag, block.records, &block.payload, &store, block.offset)?;
    }
    let Restoring { mut writer, export, archive, origin_state, .. } = restoring;
    if let Some(archive) = archive {
        archive.finish(disk, start.number())?;
    }
    let temporary = export.finish(disk, start.number())?;
    files::rename(disk, &temporary, &places.exports.join(export::name(start)))?;
    if writer.durable() != last {
        return Err(StoreError::damaged(from, 0, Damage::Truncated));
    }
    // a backup without one is of a store that no server has used: its first one draws it
    if let Some(known) = origin_state {
        let grown = u32::try_from(now.secs()).unwrap_or(0).max(known.saturating_add(1));
        let record = Record::put(index::FACT_CLASS, origin_state_key(), encoded(grown));
        writer.append(&Batch { sequence: last.next(), guards: Vec::new(), records: vec![record] })?;
        writer.sync()?;
    }
    writer.close()?;
    write_identity(dir, &store, disk)?;
    Ok(Summary { sequence: writer.durable(), octets: size_of(from) })
}

fn origin_state_key() -> Key {
    index::fact_key(Fact::OriginState(0).name())
}

fn encoded(origin_state: u32) -> Vec<u8> {
    index::encode_fact(Fact::OriginState(origin_state))
}

struct Restoring<'a> {
    from: &'a Path,
    disk: &'a dyn Disk,
    start: Sequence,
    places: &'a Places,
    archive: Option<ArchiveWriter>,
    /// The Origin-State-Id in the backup.
    origin_state: Option<u32>,
    writer: super::journal::writer::Writer,
    export: SealedWriter,
}

impl Restoring<'_> {
    fn block(
        &mut self,
        tag: u64,
        records: u32,
        payload: &[u8],
        store: &super::journal::segment::StoreId,
        offset: u64,
    ) -> Result<(), StoreError> {
        if tag & BATCH == 0 {
            if tag == u64::from(index::FACT_CLASS.octet()) {
                let facts = export::decode(tag, records, payload, &mut None)
                    .map_err(|damage| StoreError::damaged(self.from, offset, damage))?;
                for (class, key, found) in facts {
                    self.note(class, &key, &found.value);
                }
            }
            return self.export.block(self.disk, tag, records, payload).map(|_| ());
        }
        let sequence = Sequence::new(tag & !BATCH);
        let records = frame::decode(payload, records)
            .map_err(|damage| StoreError::damaged(self.from, offset, damage))?;
        if sequence > self.start {
            for Record { class, key, value } in &records {
                self.note(*class, key, value.as_deref().unwrap_or_default());
            }
            self.writer.append(&Batch { sequence, guards: Vec::new(), records })?;
            return self.writer.sync().map(|_| ());
        }
        // An archive file that is full ends before this batch.
        if let Some(full) = self.archive.take_if(|archive| archive.octets() > ARCHIVE_OCTETS) {
            full.finish(self.disk, sequence.number().saturating_sub(1))?;
        }
        let archive = match &mut self.archive {
            Some(archive) => archive,
            None => {
                self.archive.insert(ArchiveWriter::begin(&self.places.archive, store, sequence.number())?)
            }
        };
        archive.put(self.disk, sequence.number(), records)
    }

    /// Looks for the Origin-State-Id; a later one counts.
    fn note(&mut self, class: Class, key: &Key, octets: &[u8]) {
        if class == index::FACT_CLASS
            && *key == origin_state_key()
            && let Ok(Fact::OriginState(found)) = index::decode_fact(key, octets)
        {
            self.origin_state = Some(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::local::tests::{check, commit, files_in, filled, open, options};
    use super::super::verify::verify;
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    /// The Origin-State-Id in a store.
    fn shown(dir: &Path) -> Option<u32> {
        let mut opened = open(dir).unwrap();
        let key = origin_state_key();
        let found = opened.state.load(index::FACT_CLASS, &key).unwrap()?;
        match index::decode_fact(&key, &found.value) {
            Ok(Fact::OriginState(found)) => Some(found),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn origin_state_id_grows_with_every_restore() {
        let away = crate::store::testing::dir();
        let at = |name: &str| away.path().join(name);
        let seconds = u32::try_from(NOW.secs()).unwrap();
        // in the state of the backup, and in a batch behind its state
        for (name, in_tail, id, grown) in [
            ("old", false, 7, seconds),
            ("tail", true, 7, seconds),
            ("same second", false, seconds, seconds + 1),
            ("clock behind", true, seconds + 9, seconds + 10),
            ("never used", false, 0, 0),
        ] {
            let (dir, file, target) = (at(name), at(&format!("{name}.backup")), at(&format!("{name} again")));
            let mut opened = open(&dir).unwrap();
            let record = Record::put(index::FACT_CLASS, origin_state_key(), encoded(id));
            let batch = Batch { sequence: Sequence::new(1), guards: Vec::new(), records: vec![record] };
            if in_tail {
                assert_eq!(opened.state.backup(&file, Budget { octets: 1 }).unwrap(), Progress::More);
            }
            if id > 0 {
                opened.commit.append(&batch).unwrap();
                opened.commit.sync().unwrap();
                opened.state.apply(batch).unwrap();
            }
            while opened.state.backup(&file, Budget { octets: 1 }).unwrap() == Progress::More {}
            drop(opened);
            let done = restore(&target, &options(), &file, NOW).unwrap();
            assert_eq!(done.sequence.number(), if id > 0 { 2 } else { 0 }, "{name}");
            assert_eq!(shown(&target), (id > 0).then_some(grown), "{name}");
            assert_eq!(shown(&dir), (id > 0).then_some(id), "{name}: the first store keeps its own");
            assert_eq!(verify(&target, options(), &mut []).unwrap().faults, Vec::<String>::new());
        }
    }

    #[test]
    fn a_restored_store_has_state_and_history_and_goes_on() {
        let dir = filled(2_000);
        let away = crate::store::testing::dir();
        let file = away.path().join("gyro.backup");
        let written = backup(dir.path(), options(), &file).unwrap();
        assert_eq!(written.sequence.number(), 2_000);
        assert!(matches!(backup(dir.path(), options(), &file), Err(StoreError::Exists { .. })));
        let target = away.path().join("new/data");
        assert_eq!(restore(&target, &options(), &file, NOW).unwrap(), written);
        assert!(matches!(restore(&target, &options(), &file, NOW), Err(StoreError::NotEmpty { .. })));
        let mut opened = open(&target).unwrap();
        check(&mut opened, 2_000);
        commit(&mut opened, 2_001);
        drop(opened);
        check(&mut open(&target).unwrap(), 2_001);
        assert_eq!(verify(&target, options(), &mut []).unwrap().faults, Vec::<String>::new());
    }

    #[test]
    fn batches_that_come_while_a_backup_is_written_are_in_it() {
        let dir = filled(1_000);
        let mut opened = open(dir.path()).unwrap();
        let away = crate::store::testing::dir();
        let file = away.path().join("gyro.backup");
        let mut number = 1_000;
        while opened.state.backup(&file, Budget { octets: 2_000 }).unwrap() == Progress::More {
            if number < 1_500 {
                for _ in 0..20 {
                    number += 1;
                    commit(&mut opened, number);
                }
                opened.state.step(Budget { octets: 100_000 }).unwrap();
            }
        }
        assert!(number > 1_100);
        let target = away.path().join("data");
        let restored = restore(&target, &options(), &file, NOW).unwrap().sequence.number();
        assert_eq!(restored, number);
        check(&mut open(&target).unwrap(), restored);
    }

    #[test]
    fn a_damaged_backup_is_refused_before_anything_is_written() {
        let dir = filled(1_000);
        let away = crate::store::testing::dir();
        let file = away.path().join("gyro.backup");
        backup(dir.path(), options(), &file).unwrap();
        let whole = fs::read(&file).unwrap();
        let target = away.path().join("data");
        for at in [0, 50, 5_000, whole.len() / 2, whole.len() - 2] {
            let mut bad = whole.clone();
            bad[at] ^= 4;
            fs::write(&file, &bad).unwrap();
            let error = restore(&target, &options(), &file, NOW).unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }) && error.exit_code() == 74, "{error}");
            assert!(!target.exists());
        }
    }

    #[test]
    fn an_interrupted_restore_is_no_store() {
        let dir = filled(500);
        let away = crate::store::testing::dir();
        let file = away.path().join("gyro.backup");
        backup(dir.path(), options(), &file).unwrap();
        let target = away.path().join("data");
        restore(&target, &options(), &file, NOW).unwrap();
        fs::remove_file(target.join("STORE")).unwrap();
        assert!(matches!(open(&target), Err(StoreError::NoStore { .. })));
    }

    #[test]
    fn an_export_is_the_state_in_order() {
        let dir = filled(500);
        let away = crate::store::testing::dir();
        let file = away.path().join("state.exp");
        assert_eq!(export_to(dir.path(), options(), &file).unwrap().sequence.number(), 500);
        let mut reader = export::ExportReader::open(&file).unwrap();
        let mut count = 0;
        while let Some(records) = reader.next().unwrap() {
            count += records.len();
        }
        assert_eq!(count, 50);
        assert!(files_in(away.path(), "part").is_empty());
    }
}
