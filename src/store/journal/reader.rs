//! Finds a durable frame by the number of its batch.

use std::sync::Arc;

use super::frame;
use super::segment::Frames;
use super::{Listed, MARK_EVERY, Shared};
use crate::store::error::Damage;
use crate::store::record::Record;
use crate::store::{Sequence, StoreError};

/// Reads frames of one journal, while its writer writes.
#[derive(Debug)]
pub(crate) struct JournalReader {
    shared: Arc<Shared>,
    /// The segment that was read last, behind the frame that was found in it: the next is often asked for next.
    last: Option<Frames>,
}

impl JournalReader {
    /// A reader of this journal.
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared, last: None }
    }

    /// The records of a durable batch; `None` if the live journal does not have it.
    pub(crate) fn read(&mut self, sequence: Sequence) -> Result<Option<Vec<Record>>, StoreError> {
        let number = sequence.number();
        if number == 0 || sequence > self.shared.durable() {
            return Ok(None);
        }
        if let Some(records) = self.read_next(number)? {
            return Ok(Some(records));
        }
        let found = {
            let listed = self.shared.listed();
            let after = listed.partition_point(|listed| listed.first <= number);
            after.checked_sub(1).and_then(|index| listed.get(index)).map(nearest(number))
        };
        let Some((path, offset, from)) = found else { return Ok(None) };
        let mut frames = Frames::open(&path, &self.shared.store)?;
        frames.go_to(offset, from)?;
        let mut passed = Vec::new();
        let mut mark = offset;
        while let Some(found) = frames.next()? {
            if found.header.kind == frame::Kind::Batch && found.header.sequence == number {
                let (at, damaged) = (found.offset, frame::decode(found.payload, found.header.records));
                let records = damaged.map_err(|damage| StoreError::damaged(&path, at, damage))?;
                self.note(&path, &passed);
                self.last = Some(frames);
                return Ok(Some(records));
            }
            if found.offset.saturating_sub(mark) >= MARK_EVERY && found.header.kind == frame::Kind::Batch {
                mark = found.offset;
                passed.push((found.header.sequence, found.offset));
            }
        }
        let found = frames.sequence();
        Err(StoreError::damaged(&path, frames.offset(), Damage::Sequence { expected: number, found }))
    }

    /// The frame behind the last one, if that is the one asked for, and was there when its part of the file was read.
    fn read_next(&mut self, number: u64) -> Result<Option<Vec<Record>>, StoreError> {
        let Some(mut frames) =
            self.last.take().filter(|frames| frames.sequence().checked_add(1) == Some(number))
        else {
            return Ok(None);
        };
        let path = frames.path().to_path_buf();
        while let Some(found) = frames.next()? {
            if found.header.kind == frame::Kind::Batch {
                let records = frame::decode(found.payload, found.header.records)
                    .map_err(|damage| StoreError::damaged(&path, found.offset, damage))?;
                self.last = Some(frames);
                return Ok(Some(records));
            }
        }
        Ok(None)
    }

    /// Keeps what was learned on the way.
    fn note(&self, path: &std::path::Path, passed: &[(u64, u64)]) {
        if passed.is_empty() {
            return;
        }
        let mut listed = self.shared.listed();
        if let Some(listed) = listed.iter_mut().find(|listed| listed.path == path) {
            listed.marks.extend_from_slice(passed);
            listed.marks.sort_unstable();
            listed.marks.dedup();
        }
    }
}

/// The file of a segment, and the mark nearest before a number: its offset and its number.
fn nearest(number: u64) -> impl Fn(&Listed) -> (std::path::PathBuf, u64, u64) {
    move |listed| {
        let after = listed.marks.partition_point(|(marked, _)| *marked <= number);
        let mark = after.checked_sub(1).and_then(|index| listed.marks.get(index)).copied();
        let (from, offset) = mark.unwrap_or((listed.first, super::segment::FIRST_FRAME));
        (listed.path.clone(), offset, from)
    }
}
