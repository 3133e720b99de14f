//! The full check of a store: every octet of journal, archive, exports and state, and that they agree.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::archive;
use super::error::Damage;
use super::export::{ExportReader, Walk};
use super::journal::frame::{self, Kind};
use super::journal::recovery::follows;
use super::journal::segment::Frames;
use super::local::{LocalState, Options, open_existing};
use super::record::{Class, Key, Record};
use super::{Commit as _, Loaded, Notice, Sequence, State as _, StoreError};

/// Someone who looks at what a store holds while it is verified: the books, for one.
pub trait Audit {
    /// The journal-only records of a batch, in the order of batches, from the oldest that is kept.
    fn batch(&mut self, sequence: Sequence, records: &[Record]);

    /// A record of the state, in the order of class and key; called after all batches.
    fn state(&mut self, class: Class, key: &Key, loaded: &Loaded);

    /// What was found wrong, a line each.
    fn faults(&mut self) -> Vec<String>;
}

/// What a verification has seen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// The last batch.
    pub last: Sequence,
    /// What opening had to repair.
    pub notices: Vec<Notice>,
    /// Journal segments, archived segments, exports.
    pub files: (u64, u64, u64),
    /// Batches in the live journal and in the archive.
    pub batches: u64,
    /// Records of the state by class.
    pub records: BTreeMap<Class, u64>,
    /// What is wrong, a line each.
    pub faults: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for notice in &self.notices {
            writeln!(f, "note: {notice}")?;
        }
        let (segments, archived, exports) = self.files;
        writeln!(
            f,
            "sequence {}: {segments} segments, {archived} archived, {exports} exports, {} batches read",
            self.last, self.batches
        )?;
        for (class, count) in &self.records {
            writeln!(f, "{class}: {count}")?;
        }
        for fault in &self.faults {
            writeln!(f, "fault: {fault}")?;
        }
        match self.faults.len() {
            0 => write!(f, "the store is whole"),
            count => write!(f, "{count} faults"),
        }
    }
}

/// Opens the store in `dir`, with all that opening repairs, reads all of it, and shows it to `audits`.
///
/// Fails if it cannot be opened; what is wrong inside stands in the report.
pub fn verify(dir: &Path, options: Options, audits: &mut [&mut dyn Audit]) -> Result<Report, StoreError> {
    let local = open_existing(dir, options)?;
    let (mut writer, mut state) = (local.writer, local.state);
    let mut check = Check {
        report: Report { last: local.last, notices: local.notices, ..Report::default() },
        gone: BTreeSet::new(),
        audits,
    };
    let archive_end = check.archives(&state);
    check.segments(&mut state, archive_end)?;
    check.exports(&state);
    check.state(&mut state)?;
    for audit in &mut *check.audits {
        check.report.faults.extend(audit.faults());
    }
    writer.close()?;
    Ok(check.report)
}

struct Check<'a, 'b> {
    report: Report,
    /// Keys that a batch has written and the state does not have: a later batch must remove them.
    gone: BTreeSet<(Class, Key)>,
    audits: &'a mut [&'b mut dyn Audit],
}

impl Check<'_, '_> {
    fn fault(&mut self, error: &StoreError) {
        self.report.faults.push(error.to_string());
    }

    fn batch(&mut self, sequence: Sequence, mut records: Vec<Record>) {
        self.report.batches = self.report.batches.saturating_add(1);
        records.retain(|record| record.class.is_journal_only());
        for audit in &mut *self.audits {
            audit.batch(sequence, &records);
        }
    }

    /// Reads the archive; returns its last batch.
    fn archives(&mut self, state: &LocalState) -> Option<u64> {
        let mut end = None;
        for archived in &state.archived {
            self.report.files.1 = self.report.files.1.saturating_add(1);
            let expected = end.map_or(archived.first, |end: u64| end.saturating_add(1));
            if archived.first != expected {
                let damage = Damage::Sequence { expected, found: archived.first };
                self.fault(&StoreError::damaged(&archived.path, 0, damage));
            }
            end = Some(archived.last);
            let read = archive::read_all(archived, &state.store, &mut |sequence, records| {
                self.batch(sequence, records);
                Ok(())
            });
            if let Err(error) = read {
                self.fault(&error);
            }
        }
        end
    }

    fn segments(&mut self, state: &mut LocalState, archive_end: Option<u64>) -> Result<(), StoreError> {
        let listed = state.shared.listed().clone();
        // A run that was interrupted may have archived a segment and not removed it yet: it is there twice.
        if let (Some(end), Some(first)) = (archive_end, listed.first())
            && first.first > end.saturating_add(1)
        {
            let damage = Damage::Sequence { expected: end.saturating_add(1), found: first.first };
            self.fault(&StoreError::damaged(&first.path, 0, damage));
        }
        let mut before = None;
        let mut due = listed.iter().skip(1).map(|next| next.first);
        for segment in &listed {
            self.report.files.0 = self.report.files.0.saturating_add(1);
            let end = due.next().unwrap_or(self.report.last.next().number());
            let result = self.segment(state, &segment.path, before, (archive_end, end));
            before = match result {
                Ok(end) => Some(end),
                Err(error @ StoreError::Damaged { .. }) => {
                    self.fault(&error);
                    None
                }
                Err(error) => return Err(error),
            };
        }
        for (class, key) in core::mem::take(&mut self.gone) {
            self.report.faults.push(format!("{class} {key} is in the journal and not in the state"));
        }
        Ok(())
    }

    fn segment(
        &mut self,
        state: &mut LocalState,
        path: &Path,
        before: Option<(u64, u32)>,
        (archive_end, end): (Option<u64>, u64),
    ) -> Result<(u64, u32), StoreError> {
        let mut frames = Frames::open(path, &state.store)?;
        follows(&frames, before)?;
        while let Some(found) = frames.next()? {
            if found.header.kind != Kind::Batch {
                continue;
            }
            let sequence = Sequence::new(found.header.sequence);
            let records = frame::decode(found.payload, found.header.records)
                .map_err(|damage| StoreError::damaged(path, found.offset, damage))?;
            let of_state = records.iter().filter(|record| !record.class.is_journal_only());
            // Of two records under one key the later counts.
            let last: BTreeMap<(Class, Key), &Record> =
                of_state.map(|record| ((record.class, record.key), record)).collect();
            for record in last.into_values() {
                self.agrees(state, sequence, record)?;
            }
            if archive_end.is_none_or(|end| sequence.number() > end) {
                self.batch(sequence, records);
            }
        }
        let found = frames.sequence();
        if found.saturating_add(1) != end {
            let damage = Damage::Sequence { expected: end.saturating_sub(1), found };
            return Err(StoreError::damaged(path, frames.offset(), damage));
        }
        Ok((found, frames.before()))
    }

    /// Checks a record of the journal against the state: that has it, or a later one.
    fn agrees(
        &mut self,
        state: &mut LocalState,
        sequence: Sequence,
        record: &Record,
    ) -> Result<(), StoreError> {
        let (class, key) = (record.class, record.key);
        let wrong = match (state.load(class, &key)?, &record.value) {
            (None, Some(_)) => {
                self.gone.insert((class, key));
                None
            }
            (None, None) => {
                self.gone.remove(&(class, key));
                None
            }
            (Some(loaded), _) if loaded.revision < sequence => Some("an older value of it"),
            (Some(loaded), value) if loaded.revision == sequence && value.as_ref() != Some(&loaded.value) => {
                Some("another value of it")
            }
            (Some(_), _) => None,
        };
        if let Some(wrong) = wrong {
            self.report.faults.push(format!("{class} {key} of sequence {sequence}: the state has {wrong}"));
        }
        Ok(())
    }

    fn exports(&mut self, state: &LocalState) {
        for export in &state.exports {
            self.report.files.2 = self.report.files.2.saturating_add(1);
            let read = || -> Result<(), StoreError> {
                let mut reader = ExportReader::open(&export.path)?;
                while reader.next()?.is_some() {}
                Ok(())
            };
            if let Err(error) = read() {
                self.fault(&error);
            }
        }
        let known: Vec<String> = state.status().damage;
        self.report.faults.extend(known);
    }

    fn state(&mut self, state: &mut LocalState) -> Result<(), StoreError> {
        let mut walk = Walk::begin();
        while let Some(records) = walk.next(state)? {
            for (class, key, loaded) in records {
                let count = self.report.records.entry(class).or_default();
                *count = count.saturating_add(1);
                if loaded.revision > self.report.last {
                    let revision = loaded.revision;
                    self.report
                        .faults
                        .push(format!("{class} {key} is of sequence {revision}, which never was"));
                }
                for audit in &mut *self.audits {
                    audit.state(class, &key, &loaded);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::local::Places;
    use super::super::local::tests::{batch, commit, files_in, fill, filled, open, options};
    use super::*;
    use crate::store::{Budget, Progress};

    /// An audit like that of the books: the last ledger entry of each key is what the account says.
    #[derive(Default)]
    struct Ledgers {
        batches: u64,
        accounts: u64,
    }

    impl Audit for Ledgers {
        fn batch(&mut self, sequence: Sequence, records: &[Record]) {
            assert_eq!(records, &batch(sequence.number()).records[1..]);
            self.batches += 1;
        }

        fn state(&mut self, class: Class, _key: &Key, loaded: &Loaded) {
            assert_eq!(class, Class::Account);
            assert_eq!(loaded.value, loaded.revision.number().to_be_bytes().repeat(40));
            self.accounts += 1;
        }

        fn faults(&mut self) -> Vec<String> {
            if self.batches == 2_000 { Vec::new() } else { vec![format!("{} batches", self.batches)] }
        }
    }

    #[test]
    fn a_whole_store_is_whole_and_every_batch_is_shown() {
        let dir = filled(2_000);
        let mut ledgers = Ledgers::default();
        let report = verify(dir.path(), options(), &mut [&mut ledgers]).unwrap();
        assert_eq!(report.faults, Vec::<String>::new());
        assert_eq!((ledgers.batches, ledgers.accounts), (2_000, 50));
        assert_eq!((report.last.number(), report.batches), (2_000, 2_000));
        assert!(report.to_string().ends_with("the store is whole"), "{report}");
    }

    #[test]
    fn what_an_audit_finds_is_a_fault() {
        let dir = filled(1_000);
        let report = verify(dir.path(), options(), &mut [&mut Ledgers::default()]).unwrap();
        assert_eq!(report.faults, vec!["1000 batches".to_owned()]);
    }

    #[test]
    fn damage_anywhere_is_found_and_named() {
        for (place, extension) in [("archive", "arc"), ("journal", "seg"), ("exports", "exp")] {
            let dir = filled(2_000);
            let path = files_in(&dir.path().join(place), extension).remove(0);
            let mut octets = std::fs::read(&path).unwrap();
            let middle = octets.len() / 4;
            octets[middle] ^= 1;
            std::fs::write(&path, &octets).unwrap();
            let report = verify(dir.path(), options(), &mut []).unwrap();
            assert!(report.faults.iter().any(|fault| fault.contains(path.to_str().unwrap())), "{report}");
            assert!(report.to_string().ends_with("faults"));
        }
    }

    #[test]
    fn a_state_that_missed_a_batch_is_found() {
        let dir = filled(300);
        let mut opened = open(dir.path()).unwrap();
        fill(&mut opened, 400);
        opened.commit.append(&batch(401)).unwrap();
        opened.commit.sync().unwrap();
        let mut other = batch(401);
        other.records[0].value = Some(b"not what the journal has".to_vec());
        opened.state.apply(other).unwrap();
        commit(&mut opened, 402);
        opened.state.checkpoint().unwrap();
        drop(opened);
        let report = verify(dir.path(), options(), &mut []).unwrap();
        assert_eq!(report.faults.len(), 1, "{report}");
        assert!(report.faults[0].contains("another value"), "{report}");
    }

    #[test]
    fn what_is_no_store_is_refused() {
        let dir = crate::store::testing::dir();
        let error = verify(dir.path(), options(), &mut []).unwrap_err();
        assert!(matches!(error, StoreError::NoStore { .. }));
        assert!(!Places::of(dir.path()).journal.exists());
    }

    /// Counts how often each batch is shown.
    #[derive(Default)]
    struct Shown(BTreeMap<u64, u32>);

    impl Audit for Shown {
        fn batch(&mut self, sequence: Sequence, _: &[Record]) {
            *self.0.entry(sequence.number()).or_default() += 1;
        }
        fn state(&mut self, _: Class, _: &Key, _: &Loaded) {}
        fn faults(&mut self) -> Vec<String> {
            Vec::new()
        }
    }

    #[test]
    fn a_segment_that_was_archived_and_not_yet_removed_is_no_damage_and_read_once() {
        let dir = crate::store::testing::dir();
        let beside = crate::store::testing::dir();
        let (journal, kept) = (dir.path().join("journal"), beside.path().to_owned());
        let segments = |dir: &Path| {
            let mut found = crate::store::files::list(dir, "seg").unwrap();
            found.sort();
            found
        };
        let mut opened = open(dir.path()).unwrap();
        for number in 1..=2_000 {
            commit(&mut opened, number);
            for (name, path) in segments(&journal) {
                // kept already, most of them
                let _ = std::fs::hard_link(path, kept.join(format!("{name}.seg")));
            }
            while opened.state.step(Budget { octets: 1_000_000 }).unwrap() == Progress::More {}
        }
        opened.commit.close().unwrap();
        drop(opened);
        let first = segments(&journal).first().unwrap().0.clone();
        let (_, removed) = segments(&kept).into_iter().rfind(|(name, _)| *name < first).unwrap();
        std::fs::copy(&removed, journal.join(removed.file_name().unwrap())).unwrap();
        let mut shown = Shown::default();
        let report = verify(dir.path(), options(), &mut [&mut shown]).unwrap();
        assert_eq!(report.faults, [""; 0]);
        assert_eq!(report.batches, 2_000);
        assert!(shown.0.len() == 2_000 && shown.0.values().all(|times| *times == 1));
    }
}
