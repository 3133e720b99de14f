//! Exports: the whole state, sorted by class and key, in a sealed file that is valid from its *start* sequence.
//!
//! It is written while changes go on: a value in it is that of the start or a later one, so the export with the
//! journal after the start gives the state exactly. A record in it is
//! `key octets (1), revision (8), value octets (4), key, value`; the tag of a block is its class.

use std::path::{Path, PathBuf};

use super::error::Damage;
use super::files::{self, Disk};
use super::journal::segment::StoreId;
use super::octets::{Reader, narrow, wide};
use super::record::{Class, Key};
use super::sealed::{Kind, SealedReader, SealedWriter};
use super::{Loaded, Sequence, StoreError};

/// The extension of verified exports.
const EXTENSION: &str = "exp";
/// Octets of a block, about.
const BLOCK: usize = 64 * 1024;

/// A verified export.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Export {
    /// Its file.
    pub(crate) path: PathBuf,
    /// With the journal after this batch it gives the state.
    pub(crate) start: Sequence,
    /// The last batch that may have left something in it.
    pub(crate) end: Sequence,
}

/// The verified exports of a store, oldest first; those whose head or trailer is damaged are named beside.
pub(crate) fn list(dir: &Path, store: &StoreId) -> Result<(Vec<Export>, Vec<StoreError>), StoreError> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (_, path) in files::list(dir, EXTENSION)? {
        match SealedReader::open(&path, Kind::Export) {
            Ok(reader) if reader.store() == store => {
                let (start, end) = (Sequence::new(reader.number()), Sequence::new(reader.last()));
                good.push(Export { path, start, end });
            }
            Ok(_) => bad.push(StoreError::damaged(&path, 0, Damage::Place)),
            Err(error) => bad.push(error),
        }
    }
    good.sort_by_key(|export| export.start);
    Ok((good, bad))
}

/// A record of the state.
pub(crate) type Kept = (Class, Key, Loaded);

/// The records of an export in their order, all checksums checked.
#[derive(Debug)]
pub(crate) struct ExportReader {
    sealed: SealedReader,
    last: Option<(Class, Key)>,
}

impl ExportReader {
    /// Opens an export.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { sealed: SealedReader::open(path, Kind::Export)?, last: None })
    }

    /// The next block of records; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<Kept>>, StoreError> {
        let Some(block) = self.sealed.next()? else { return Ok(None) };
        let mut last = self.last;
        let records = decode(block.tag, block.records, &block.payload, &mut last);
        self.last = last;
        records.map(Some).map_err(|damage| StoreError::damaged(self.sealed.path(), block.offset, damage))
    }

    /// Records in it.
    pub(crate) const fn records(&self) -> u64 {
        self.sealed.records()
    }
}

/// The records of a block.
pub(crate) fn decode(
    tag: u64,
    count: u32,
    payload: &[u8],
    last: &mut Option<(Class, Key)>,
) -> Result<Vec<Kept>, Damage> {
    let octet = u8::try_from(tag).map_err(|_| Damage::Place)?;
    let class = Class::from_octet(octet).ok_or(Damage::Class(octet))?;
    let mut reader = Reader::new(payload);
    let mut out = Vec::new();
    for _ in 0..count {
        let read = |reader: &mut Reader<'_>| {
            let key = usize::from(reader.u8()?);
            let revision = Sequence::new(reader.u64()?);
            let length = narrow(u64::from(reader.u32()?));
            let key = Key::new(reader.octets(key)?)?;
            Some((key, Loaded { revision, value: reader.octets(length)?.to_vec() }))
        };
        let (key, loaded) = read(&mut reader).ok_or(Damage::Length)?;
        if last.is_some_and(|last| last >= (class, key)) {
            return Err(Damage::Order);
        }
        *last = Some((class, key));
        out.push((class, key, loaded));
    }
    if reader.is_empty() { Ok(out) } else { Err(Damage::Length) }
}

/// Records on their way into blocks.
#[derive(Debug, Default)]
pub(crate) struct Packer {
    class: Option<Class>,
    count: u32,
    payload: Vec<u8>,
}

impl Packer {
    /// Adds a record, and writes the block before it when that is full or of another class. Returns octets written.
    pub(crate) fn put(
        &mut self,
        to: &mut SealedWriter,
        disk: &dyn Disk,
        class: Class,
        key: &Key,
        loaded: &Loaded,
    ) -> Result<u64, StoreError> {
        let mut written = 0;
        if self.class.is_some_and(|before| before != class) || self.payload.len() >= BLOCK {
            written = self.flush(to, disk)?;
        }
        self.class = Some(class);
        let octets = key.as_octets();
        self.payload.push(u8::try_from(octets.len()).unwrap_or(u8::MAX));
        self.payload.extend_from_slice(&loaded.revision.number().to_le_bytes());
        self.payload.extend_from_slice(&u32::try_from(loaded.value.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.payload.extend_from_slice(octets);
        self.payload.extend_from_slice(&loaded.value);
        self.count = self.count.saturating_add(1);
        Ok(written)
    }

    /// Writes what is left.
    pub(crate) fn flush(&mut self, to: &mut SealedWriter, disk: &dyn Disk) -> Result<u64, StoreError> {
        let Some(class) = self.class.take() else { return Ok(0) };
        let written = to.block(disk, u64::from(class.octet()), self.count, &self.payload)?;
        self.count = 0;
        self.payload.clear();
        Ok(written)
    }
}

/// Where the state is read from, in order.
pub(crate) trait Source {
    /// Up to `limit` keys of a class from `from` on.
    fn read(&mut self, class: Class, from: &Key, limit: usize) -> Result<Vec<(Key, Loaded)>, StoreError>;
}

/// Records that are read from the source at once.
const READ: usize = 128;

/// A walk through all state classes, in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    at: Option<(Class, Key)>,
}

impl Walk {
    /// From the first key of the first class.
    pub(crate) fn begin() -> Self {
        Self { at: next_class(None) }
    }

    /// Some records more; `None` at the end.
    pub(crate) fn next(&mut self, source: &mut dyn Source) -> Result<Option<Vec<Kept>>, StoreError> {
        let Some((class, from)) = self.at else { return Ok(None) };
        let found = source.read(class, &from, READ)?;
        let next = found.last().filter(|_| found.len() >= READ).and_then(|(key, _)| key.next());
        self.at = next.map(|key| (class, key)).or_else(|| next_class(Some(class)));
        Ok(Some(found.into_iter().map(|(key, loaded)| (class, key, loaded)).collect()))
    }
}

fn next_class(after: Option<Class>) -> Option<(Class, Key)> {
    let state = Class::ALL.into_iter().filter(|class| !class.is_journal_only());
    let next = state.filter(|class| after.is_none_or(|after| *class > after)).min();
    next.map(|class| (class, Key::EMPTY))
}

/// An export that is being written, and then read again, step by step.
#[derive(Debug)]
pub(crate) struct Exporting {
    start: Sequence,
    store: StoreId,
    name: PathBuf,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Writing(SealedWriter, Packer, Walk),
    Checking(PathBuf, ExportReader, Sequence),
}

/// What a step of an export came to.
#[derive(Debug)]
pub(crate) enum Step {
    /// There is more to do.
    More(Box<Exporting>),
    /// It is written, verified, and has its name.
    Done(Export),
}

impl Exporting {
    /// Begins an export of the state, of which everything up to `start` is known to be there.
    pub(crate) fn begin(dir: &Path, store: &StoreId, start: Sequence) -> Result<Self, StoreError> {
        Self::begin_as(dir.join(name(start)), &dir.join(TEMPORARY), store, start)
    }

    /// As [`Exporting::begin`], with these names.
    pub(crate) fn begin_as(
        name: PathBuf,
        temporary: &Path,
        store: &StoreId,
        start: Sequence,
    ) -> Result<Self, StoreError> {
        let writer = SealedWriter::begin(temporary, Kind::Export, store, start.number())?;
        let phase = Phase::Writing(writer, Packer::default(), Walk::begin());
        Ok(Self { start, store: *store, name, phase })
    }

    /// Goes on for about `octets`. `now` is the last batch that may be in the state.
    pub(crate) fn step(
        mut self,
        source: &mut dyn Source,
        disk: &dyn Disk,
        octets: u64,
        now: Sequence,
    ) -> Result<Step, StoreError> {
        let mut left = octets.max(1);
        self.phase = match self.phase {
            Phase::Writing(mut writer, mut packer, mut walk) => loop {
                let Some(records) = walk.next(source)? else {
                    packer.flush(&mut writer, disk)?;
                    let path = writer.finish(disk, now.number())?;
                    let reader = ExportReader::open(&path)?;
                    break Phase::Checking(path, reader, now);
                };
                let mut written = 0_u64;
                for (class, key, loaded) in records {
                    written = written.saturating_add(packer.put(&mut writer, disk, class, &key, &loaded)?);
                }
                left = left.saturating_sub(written);
                if left == 0 {
                    break Phase::Writing(writer, packer, walk);
                }
            },
            Phase::Checking(path, mut reader, end) => loop {
                let Some(records) = reader.next()? else {
                    if !reader.sealed.is_complete() || reader.sealed.store() != &self.store {
                        return Err(StoreError::damaged(&path, 0, Damage::Checksum));
                    }
                    files::rename(disk, &path, &self.name)?;
                    return Ok(Step::Done(Export { path: self.name, start: self.start, end }));
                };
                let read = records
                    .iter()
                    .fold(0, |sum: u64, (_, _, value)| sum.saturating_add(wide(value.value.len())));
                left = left.saturating_sub(read);
                if left == 0 {
                    break Phase::Checking(path, reader, end);
                }
            },
        };
        Ok(Step::More(Box::new(self)))
    }
}

/// The name of an export in its directory.
pub(crate) fn name(start: Sequence) -> String {
    format!("{:016x}.{EXTENSION}", start.number())
}

/// The export while it is written and verified.
const TEMPORARY: &str = "export.tmp";
