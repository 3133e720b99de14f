//! The archive: of each segment that has left the journal, the records that live nowhere else.
//!
//! A file for each segment, named by its first and last batch; a block for each batch that has such records.

use std::path::{Path, PathBuf};

use super::error::Damage;
use super::files::{self, Disk};
use super::journal::frame::{self, Kind as FrameKind};
use super::journal::segment::{Frames, StoreId};
use super::record::Record;
use super::sealed::{Block, Kind, SealedReader, SealedWriter};
use super::{Sequence, StoreError};

/// The extension of archived segments.
const EXTENSION: &str = "arc";
const TEMPORARY: &str = "archive.tmp";

/// An archived segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Archived {
    /// Its file.
    pub(crate) path: PathBuf,
    /// Its first batch.
    pub(crate) first: u64,
    /// Its last batch.
    pub(crate) last: u64,
}

/// The archived segments, oldest first, by their names.
pub(crate) fn list(dir: &Path) -> Result<Vec<Archived>, StoreError> {
    let mut out = Vec::new();
    for (name, path) in files::list(dir, EXTENSION)? {
        let number = |text: &str| u64::from_str_radix(text, 16).ok();
        if let Some((first, last)) = name.split_once('-').and_then(|(a, b)| Some((number(a)?, number(b)?))) {
            out.push(Archived { path, first, last });
        }
    }
    Ok(out)
}

/// Writes an archive file, batch by batch.
#[derive(Debug)]
pub(crate) struct ArchiveWriter {
    dir: PathBuf,
    writer: SealedWriter,
    first: u64,
}

impl ArchiveWriter {
    /// Begins the archive of the batches from `first` on.
    pub(crate) fn begin(dir: &Path, store: &StoreId, first: u64) -> Result<Self, StoreError> {
        let writer = SealedWriter::begin(&dir.join(TEMPORARY), Kind::Archive, store, first)?;
        Ok(Self { dir: dir.to_path_buf(), writer, first })
    }

    /// Keeps those records of a batch that live nowhere else.
    pub(crate) fn put(
        &mut self,
        disk: &dyn Disk,
        sequence: u64,
        mut records: Vec<Record>,
    ) -> Result<(), StoreError> {
        records.retain(|record| record.class.is_journal_only());
        if records.is_empty() {
            return Ok(());
        }
        let (count, payload) = frame::encode_payload(&records);
        self.writer.block(disk, sequence, count, &payload).map(|_| ())
    }

    /// Octets so far.
    pub(crate) fn octets(&self) -> u64 {
        self.writer.offset()
    }

    /// Makes it durable and gives it its name.
    pub(crate) fn finish(self, disk: &dyn Disk, last: u64) -> Result<Archived, StoreError> {
        let temporary = self.writer.finish(disk, last)?;
        let path = self.dir.join(format!("{:016x}-{last:016x}.{EXTENSION}", self.first));
        files::rename(disk, &temporary, &path)?;
        Ok(Archived { path, first: self.first, last })
    }
}

/// A segment on its way into the archive, step by step.
#[derive(Debug)]
pub(crate) struct Archiving {
    frames: Frames,
    writer: ArchiveWriter,
    end: u64,
}

impl Archiving {
    /// Begins to archive a segment, which ends before the batch `end`.
    pub(crate) fn begin(dir: &Path, segment: &Path, store: &StoreId, end: u64) -> Result<Self, StoreError> {
        let frames = Frames::open(segment, store)?;
        let writer = ArchiveWriter::begin(dir, store, frames.page().first)?;
        Ok(Self { frames, writer, end })
    }

    /// Reads about `octets` of the segment; true at its end.
    pub(crate) fn step(&mut self, disk: &dyn Disk, octets: u64) -> Result<bool, StoreError> {
        let until = self.frames.offset().saturating_add(octets.max(1));
        let path = self.frames.path().to_path_buf();
        while let Some(found) = self.frames.next()? {
            if found.header.kind == FrameKind::Batch {
                let records = frame::decode(found.payload, found.header.records)
                    .map_err(|damage| StoreError::damaged(&path, found.offset, damage))?;
                self.writer.put(disk, found.header.sequence, records)?;
            }
            if self.frames.offset() >= until {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes the archive durable and gives it its name, if the segment was whole.
    pub(crate) fn finish(self, disk: &dyn Disk) -> Result<Archived, StoreError> {
        let (expected, found) = (self.end.saturating_sub(1), self.frames.sequence());
        if expected != found {
            let damage = Damage::Sequence { expected, found };
            return Err(StoreError::damaged(self.frames.path(), self.frames.offset(), damage));
        }
        self.writer.finish(disk, found)
    }
}

/// Reads batches of the archive; one after the other without opening the file again.
#[derive(Debug, Default)]
pub(crate) struct ArchiveReader {
    last: Option<(PathBuf, SealedReader, Option<Block>)>,
}

impl ArchiveReader {
    /// The records of a batch that are kept in an archive file; none if it had none.
    pub(crate) fn read(
        &mut self,
        archived: &Archived,
        sequence: Sequence,
    ) -> Result<Vec<Record>, StoreError> {
        let number = sequence.number();
        let last = self.last.take().filter(|(path, _, next)| {
            *path == archived.path && next.as_ref().is_some_and(|next| next.tag <= number)
        });
        let (mut reader, mut next) = if let Some((_, reader, next)) = last {
            (reader, next)
        } else {
            let mut reader = SealedReader::open(&archived.path, Kind::Archive)?;
            reader.go_to(number)?;
            let next = reader.next()?;
            (reader, next)
        };
        while next.as_ref().is_some_and(|block| block.tag < number) {
            next = reader.next()?;
        }
        let records = match next.as_ref().filter(|block| block.tag == number) {
            Some(block) => frame::decode(&block.payload, block.records)
                .map_err(|damage| StoreError::damaged(&archived.path, block.offset, damage))?,
            None => Vec::new(),
        };
        self.last = Some((archived.path.clone(), reader, next));
        Ok(records)
    }
}

/// Every batch of an archive file, in order, all checksums checked.
pub(crate) fn read_all(
    archived: &Archived,
    store: &StoreId,
    visit: &mut dyn FnMut(Sequence, Vec<Record>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut reader = SealedReader::open(&archived.path, Kind::Archive)?;
    let here = reader.store() == store && reader.number() == archived.first && reader.last() == archived.last;
    if !here {
        return Err(StoreError::damaged(&archived.path, 0, Damage::Place));
    }
    while let Some(block) = reader.next()? {
        let records = frame::decode(&block.payload, block.records)
            .map_err(|damage| StoreError::damaged(&archived.path, block.offset, damage))?;
        visit(Sequence::new(block.tag), records)?;
    }
    if reader.is_complete() { Ok(()) } else { Err(StoreError::damaged(&archived.path, 0, Damage::Checksum)) }
}
