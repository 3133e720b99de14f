//! Verification in the background: what opening did not read is read bit by bit while the store serves.

use super::LocalState;
use crate::store::error::Damage;
use crate::store::export::ExportReader;
use crate::store::journal::recovery::follows;
use crate::store::journal::segment::Frames;
use crate::store::octets::wide;
use crate::store::{Progress, StoreError};

/// How far it is, and what it has found.
#[derive(Debug)]
pub(super) struct Verification {
    at: At,
    read: u64,
    to_read: u64,
    damage: Vec<String>,
}

#[derive(Debug)]
enum At {
    /// Segments after this id.
    Segments(u64, Reading),
    /// Pages from this key on.
    Pages(Option<Vec<u8>>),
    /// Exports from this index on.
    Exports(usize, Option<Box<ExportReader>>),
    /// All was read.
    Done,
}

/// Where the reading of segments is: the end of the one before, if it was whole, or in the middle of one.
#[derive(Debug)]
enum Reading {
    Between(Option<(u64, u32)>),
    Within(Box<Frames>),
}

impl Verification {
    pub(super) const fn new(damage: Vec<String>) -> Self {
        Self { at: At::Segments(0, Reading::Between(None)), read: 0, to_read: 0, damage }
    }

    /// Octets read, and to be read.
    pub(super) fn progress(&self) -> (u64, u64) {
        match self.at {
            At::Done => (self.read, self.read),
            _ => (self.read, self.to_read.max(self.read.saturating_add(1))),
        }
    }

    /// What was found damaged.
    pub(super) fn damage(&self) -> &[String] {
        &self.damage
    }

    fn add(&mut self, octets: u64) {
        self.read = self.read.saturating_add(octets);
    }
}

impl LocalState {
    /// Reads some of what opening did not read.
    pub(super) fn verify_step(&mut self, octets: u64) -> Result<Progress, StoreError> {
        if self.upkeep.verification.to_read == 0 {
            let sizes = self.exports.iter().filter_map(|export| export.path.metadata().ok());
            let exports = sizes.fold(0_u64, |sum, file| sum.saturating_add(file.len()));
            let state = if self.tree.failure().is_none() { self.tree.octets()? } else { 0 };
            let all = self.shared.octets().saturating_add(state).saturating_add(exports);
            self.upkeep.verification.to_read = all.max(1);
        }
        let at = core::mem::replace(&mut self.upkeep.verification.at, At::Done);
        self.upkeep.verification.at = match at {
            At::Segments(after, reading) => self.verify_segment(octets, after, reading),
            At::Pages(cursor) if self.tree.failure().is_none() => {
                let (cursor, read) = self.tree.verify(cursor, octets)?;
                self.upkeep.verification.add(read);
                if cursor.is_some() { At::Pages(cursor) } else { At::Exports(0, None) }
            }
            At::Pages(_) => At::Exports(0, None),
            At::Exports(index, open) => self.verify_export(octets, index, open),
            At::Done => return Ok(Progress::Idle),
        };
        Ok(Progress::More)
    }

    fn verify_segment(&mut self, octets: u64, after: u64, reading: Reading) -> At {
        let next = {
            let listed = self.shared.listed();
            let mut behind = listed.iter().skip_while(|listed| listed.segment <= after);
            let next = behind.next().cloned();
            // The last one was read as a whole when it was opened, and is being written.
            next.zip(behind.next().map(|following| following.first))
        };
        let Some((segment, end)) = next else { return At::Pages(None) };
        let mut read = 0;
        let run = || -> Result<Reading, StoreError> {
            let mut frames = match reading {
                Reading::Within(frames) => frames,
                Reading::Between(before) => {
                    let frames = Box::new(Frames::open(&segment.path, &self.shared.store)?);
                    follows(&frames, before)?;
                    frames
                }
            };
            let start = frames.offset();
            while frames.next()?.is_some() {
                read = frames.offset().saturating_sub(start);
                if read >= octets {
                    return Ok(Reading::Within(frames));
                }
            }
            read = segment.size.saturating_sub(start);
            let found = frames.sequence();
            if end == found.saturating_add(1) {
                return Ok(Reading::Between(Some((found, frames.before()))));
            }
            let damage = Damage::Sequence { expected: end.saturating_sub(1), found };
            Err(StoreError::damaged(frames.path(), frames.offset(), damage))
        };
        let result = run();
        self.upkeep.verification.add(read);
        match result {
            Ok(Reading::Within(frames)) => At::Segments(after, Reading::Within(frames)),
            Ok(between) => At::Segments(segment.segment, between),
            Err(error) => {
                self.upkeep.verification.damage.push(error.to_string());
                At::Segments(segment.segment, Reading::Between(None))
            }
        }
    }

    fn verify_export(&mut self, octets: u64, index: usize, open: Option<Box<ExportReader>>) -> At {
        let Some(export) = self.exports.get(index) else { return At::Done };
        let mut done = 0_u64;
        let run = || -> Result<Option<Box<ExportReader>>, StoreError> {
            let mut reader = open.map_or_else(|| ExportReader::open(&export.path).map(Box::new), Ok)?;
            while let Some(records) = reader.next()? {
                let values =
                    records.iter().map(|(_, _, loaded)| wide(loaded.value.len()).saturating_add(ENTRY));
                done = values.fold(done, u64::saturating_add);
                if done >= octets {
                    return Ok(Some(reader));
                }
            }
            Ok(None)
        };
        let result = run();
        self.upkeep.verification.add(done);
        match result {
            Ok(Some(reader)) => At::Exports(index, Some(reader)),
            Ok(None) => At::Exports(index.saturating_add(1), None),
            Err(error) => {
                self.upkeep.verification.damage.push(error.to_string());
                At::Exports(index.saturating_add(1), None)
            }
        }
    }
}

/// Octets of a record in an export beside its value, about.
const ENTRY: u64 = 24;
