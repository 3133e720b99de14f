//! A backup that is written while the store serves, step by step.
//!
//! First, in blocks tagged by their batch (its highest bit set), the journal-only records of every batch that is
//! there up to the start; then the state, as in an export, in blocks tagged by class; then the batches after the
//! start, whole.

use std::path::{Path, PathBuf};

use super::LocalState;
use crate::store::export::{Packer, Source, Walk};
use crate::store::files::{self, Disk};
use crate::store::journal::frame;
use crate::store::record::Record;
use crate::store::sealed::{Kind, SealedWriter};
use crate::store::{Sequence, State as _, StoreError};

/// Set in the tag of a block that is a batch.
pub(crate) const BATCH: u64 = 1 << 63;

/// A backup that is being written.
#[derive(Debug)]
pub(super) struct Backing {
    to: PathBuf,
    writer: SealedWriter,
    start: Sequence,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// Journal-only records up to the start, from this batch on.
    History(Sequence),
    State(Packer, Walk),
    /// Batches after the start, from this one on.
    Tail(Sequence),
}

impl Backing {
    /// Begins a backup into the new file `to`.
    pub(super) fn begin(state: &LocalState, to: &Path) -> Result<Self, StoreError> {
        if to.exists() {
            return Err(StoreError::Exists { path: to.to_path_buf() });
        }
        let start = state.status().applied;
        let temporary = to.with_extension("part");
        let writer = SealedWriter::begin(&temporary, Kind::Backup, &state.store, start.number())?;
        Ok(Self { to: to.to_path_buf(), writer, start, phase: Phase::History(first_batch(state)) })
    }

    /// Goes on for about `octets`; `None` when it is whole and has its name.
    pub(super) fn step(mut self, state: &mut LocalState, octets: u64) -> Result<Option<Self>, StoreError> {
        let disk = std::sync::Arc::clone(&state.options.disk);
        let mut left = octets.max(1);
        while left > 0 {
            self.phase = match self.phase {
                Phase::History(next) if next > self.start => Phase::State(Packer::default(), Walk::begin()),
                Phase::History(next) => {
                    let mut records = state.read_frame(next)?;
                    records.retain(|record| record.class.is_journal_only());
                    left = left.saturating_sub(self.put(&*disk, next, &records)?);
                    Phase::History(next.next())
                }
                Phase::State(mut packer, mut walk) => {
                    let source: &mut dyn Source = state;
                    if let Some(records) = walk.next(source)? {
                        let mut written = EACH;
                        for (class, key, loaded) in records {
                            let more = packer.put(&mut self.writer, &*disk, class, &key, &loaded)?;
                            written = written.saturating_add(more);
                        }
                        left = left.saturating_sub(written);
                        Phase::State(packer, walk)
                    } else {
                        packer.flush(&mut self.writer, &*disk)?;
                        Phase::Tail(self.start.next())
                    }
                }
                Phase::Tail(next) if next > state.status().applied => {
                    let temporary = self.writer.finish(&*disk, next.number().saturating_sub(1))?;
                    files::rename(&*disk, &temporary, &self.to)?;
                    return Ok(None);
                }
                Phase::Tail(next) => {
                    let records = state.read_frame(next)?;
                    left = left.saturating_sub(self.put(&*disk, next, &records)?.max(EACH));
                    Phase::Tail(next.next())
                }
            };
        }
        Ok(Some(self))
    }

    fn put(&mut self, disk: &dyn Disk, sequence: Sequence, records: &[Record]) -> Result<u64, StoreError> {
        let is_tail = matches!(self.phase, Phase::Tail(_));
        if records.is_empty() && !is_tail {
            return Ok(EACH);
        }
        let (count, payload) = frame::encode_payload(records);
        self.writer.block(disk, BATCH | sequence.number(), count, &payload)
    }
}

/// What a unit of work counts at least, in octets.
const EACH: u64 = 64;

/// The first batch of which something is left.
fn first_batch(state: &LocalState) -> Sequence {
    let archived = state.archived.first().map(|archived| archived.first);
    let live = state.shared.listed().first().map(|listed| listed.first);
    Sequence::new(archived.or(live).unwrap_or(1))
}
