//! Sealed files: blocks that are written once, in order, and read for ever (exports, archived segments, backups).
//!
//! ```text
//!  head:    magic "GYROSEAL", version, kind, store id (16), number (8), CRC
//!  block:   octets of payload, records, tag (8), CRC of these and the payload, payload
//!  index:   a block of tag u64::MAX: (tag, offset) of about every 64 KiB
//!  trailer: offset of the index, blocks, records, last number (8 each), CRC over the CRCs of all blocks, CRC, magic
//! ```
//!
//! A file gets its name after it was synced, so one that does not end in a trailer is damaged.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::StoreError;
use super::error::Damage;
use super::files::{self, Disk, Partial};
use super::journal::segment::StoreId;
use super::octets::{Reader, narrow, wide};

const MAGIC: [u8; 8] = *b"GYROSEAL";
const END: [u8; 8] = *b"LAESORYG";
const VERSION: u32 = 1;
const HEAD: usize = 44;
const BLOCK: usize = 20;
const TRAILER: usize = 48;
const INDEX: u64 = u64::MAX;
const INDEX_EVERY: u64 = 64 * 1024;
/// Octets gathered before they are written.
const BUFFER: usize = 256 * 1024;
/// Octets after which what is written is synced: gigabytes at the end would hold up the journal's own syncs.
const SYNC_EVERY: u64 = 8 * 1024 * 1024;

/// What a sealed file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// The state, sorted.
    Export,
    /// Journal-only records of a segment.
    Archive,
    /// A whole store.
    Backup,
}

impl Kind {
    const fn number(self) -> u32 {
        match self {
            Self::Export => 1,
            Self::Archive => 2,
            Self::Backup => 3,
        }
    }
}

/// A file that is being written, under a temporary name.
#[derive(Debug)]
pub(crate) struct SealedWriter {
    partial: Partial,
    file: File,
    buffer: Vec<u8>,
    written: u64,
    synced: u64,
    index: Vec<(u64, u64)>,
    blocks: u64,
    records: u64,
    crcs: u32,
}

impl SealedWriter {
    /// Begins the file at `path`, whatever was there.
    pub(crate) fn begin(path: &Path, kind: Kind, store: &StoreId, number: u64) -> Result<Self, StoreError> {
        let file = File::create(path).map_err(StoreError::io("create", path))?;
        let mut head = Vec::with_capacity(HEAD);
        head.extend_from_slice(&MAGIC);
        head.extend_from_slice(&VERSION.to_le_bytes());
        head.extend_from_slice(&kind.number().to_le_bytes());
        head.extend_from_slice(store);
        head.extend_from_slice(&number.to_le_bytes());
        head.extend_from_slice(&crc32c::crc32c(&head).to_le_bytes());
        Ok(Self {
            partial: Partial::of(path.to_path_buf()),
            file,
            buffer: head,
            written: 0,
            synced: 0,
            index: Vec::new(),
            blocks: 0,
            records: 0,
            crcs: 0,
        })
    }

    /// Octets so far.
    pub(crate) fn offset(&self) -> u64 {
        self.written.saturating_add(wide(self.buffer.len()))
    }

    fn write(&mut self, disk: &dyn Disk) -> Result<(), StoreError> {
        disk.write_all_at(&self.file, &self.buffer, self.written)
            .map_err(StoreError::io("write", self.partial.path()))?;
        self.written = self.offset();
        self.buffer.clear();
        if self.written.saturating_sub(self.synced) >= SYNC_EVERY {
            disk.sync_data(&self.file).map_err(StoreError::io("sync", self.partial.path()))?;
            self.synced = self.written;
        }
        Ok(())
    }

    fn push(&mut self, tag: u64, records: u32, payload: &[u8]) -> Result<u32, StoreError> {
        let length = u32::try_from(payload.len()).map_err(|_| StoreError::BatchTooLarge {
            octets: wide(payload.len()),
            most: u64::from(u32::MAX),
        })?;
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&length.to_le_bytes());
        self.buffer.extend_from_slice(&records.to_le_bytes());
        self.buffer.extend_from_slice(&tag.to_le_bytes());
        let head = crc32c::crc32c(self.buffer.get(start..).unwrap_or_default());
        let crc = crc32c::crc32c_append(head, payload);
        self.buffer.extend_from_slice(&crc.to_le_bytes());
        self.buffer.extend_from_slice(payload);
        Ok(crc)
    }

    /// Adds a block. Returns its octets.
    pub(crate) fn block(
        &mut self,
        disk: &dyn Disk,
        tag: u64,
        records: u32,
        payload: &[u8],
    ) -> Result<u64, StoreError> {
        let offset = self.offset();
        if self.index.last().is_none_or(|(_, last)| offset.saturating_sub(*last) >= INDEX_EVERY) {
            self.index.push((tag, offset));
        }
        let crc = self.push(tag, records, payload)?;
        self.blocks = self.blocks.saturating_add(1);
        self.records = self.records.saturating_add(u64::from(records));
        self.crcs = crc32c::crc32c_append(self.crcs, &crc.to_le_bytes());
        if self.buffer.len() >= BUFFER {
            self.write(disk)?;
        }
        Ok(self.offset().saturating_sub(offset))
    }

    /// Writes index and trailer, and syncs the file. It still has its temporary name.
    pub(crate) fn finish(mut self, disk: &dyn Disk, last: u64) -> Result<PathBuf, StoreError> {
        let index_at = self.offset();
        let mut index = Vec::new();
        for (tag, offset) in &self.index {
            index.extend_from_slice(&tag.to_le_bytes());
            index.extend_from_slice(&offset.to_le_bytes());
        }
        let entries = u32::try_from(self.index.len()).unwrap_or(u32::MAX);
        self.push(INDEX, entries, &index)?;
        let mut trailer = Vec::with_capacity(TRAILER);
        for number in [index_at, self.blocks, self.records, last] {
            trailer.extend_from_slice(&number.to_le_bytes());
        }
        trailer.extend_from_slice(&self.crcs.to_le_bytes());
        trailer.extend_from_slice(&crc32c::crc32c(&trailer).to_le_bytes());
        trailer.extend_from_slice(&END);
        self.buffer.extend_from_slice(&trailer);
        self.write(disk)?;
        disk.sync_all(&self.file).map_err(StoreError::io("sync", self.partial.path()))?;
        Ok(self.partial.keep())
    }
}

/// A block of a sealed file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Block {
    /// Where it stands.
    pub(crate) offset: u64,
    /// Its tag.
    pub(crate) tag: u64,
    /// Records in it.
    pub(crate) records: u32,
    /// Its payload.
    pub(crate) payload: Vec<u8>,
}

/// A sealed file that is read: from the beginning, or from a tag on.
#[derive(Debug)]
pub(crate) struct SealedReader {
    path: PathBuf,
    file: File,
    /// The number it was begun with.
    number: u64,
    /// The number it was finished with.
    last: u64,
    store: StoreId,
    index_at: u64,
    blocks: u64,
    records: u64,
    crcs: u32,
    at: u64,
    read_blocks: u64,
    read_records: u64,
    read_crcs: u32,
    window: Vec<u8>,
    window_at: u64,
}

impl SealedReader {
    /// Opens a file and checks its head and trailer.
    pub(crate) fn open(path: &Path, kind: Kind) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(StoreError::io("open", path))?;
        let length = file.metadata().map_err(StoreError::io("read", path))?.len();
        let damaged = |offset, damage| StoreError::damaged(path, offset, damage);
        let mut head = [0; HEAD];
        files::read_at(&file, &mut head, 0).map_err(StoreError::io("read", path))?;
        let (number, store) = read_head(&head, kind).map_err(|damage| damaged(0, damage))?;
        let trailer_at = length.saturating_sub(wide(TRAILER));
        let mut trailer = [0; TRAILER];
        files::read_at(&file, &mut trailer, trailer_at).map_err(StoreError::io("read", path))?;
        let (numbers, crcs) = read_trailer(&trailer).map_err(|damage| damaged(trailer_at, damage))?;
        let [index_at, blocks, records, last] = numbers;
        Ok(Self {
            path: path.to_path_buf(),
            file,
            number,
            last,
            store,
            index_at,
            blocks,
            records,
            crcs,
            at: wide(HEAD),
            read_blocks: 0,
            read_records: 0,
            read_crcs: 0,
            window: Vec::new(),
            window_at: 0,
        })
    }

    /// The number it was begun with.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// The number it was finished with.
    pub(crate) const fn last(&self) -> u64 {
        self.last
    }

    /// The store it belongs to.
    pub(crate) const fn store(&self) -> &StoreId {
        &self.store
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Records in all blocks.
    pub(crate) const fn records(&self) -> u64 {
        self.records
    }

    fn damaged(&self, damage: Damage) -> StoreError {
        StoreError::damaged(&self.path, self.at, damage)
    }

    /// Goes to the last block in the index whose tag is not after `tag`. Totals cannot be checked after this.
    pub(crate) fn go_to(&mut self, tag: u64) -> Result<(), StoreError> {
        let begin = self.at;
        self.at = self.index_at;
        let index =
            self.read()?.filter(|index| index.tag == INDEX).ok_or_else(|| self.damaged(Damage::Length))?;
        self.at = begin;
        let mut reader = Reader::new(&index.payload);
        while let (Some(found), Some(offset)) = (reader.u64(), reader.u64()) {
            if found > tag {
                break;
            }
            self.at = offset;
        }
        Ok(())
    }

    /// The next block; `None` at the end, when the totals fit what was read (if it was read from the beginning).
    pub(crate) fn next(&mut self) -> Result<Option<Block>, StoreError> {
        if self.at >= self.index_at {
            let from_start = self.read_blocks == self.blocks;
            let fits = self.read_records == self.records && self.read_crcs == self.crcs;
            return if from_start && !fits { Err(self.damaged(Damage::Checksum)) } else { Ok(None) };
        }
        self.read()
    }

    /// Whether the file was read as a whole, from the beginning to the end.
    pub(crate) const fn is_complete(&self) -> bool {
        self.read_blocks == self.blocks && self.read_records == self.records && self.read_crcs == self.crcs
    }

    fn read(&mut self) -> Result<Option<Block>, StoreError> {
        let offset = self.at;
        let head: [u8; BLOCK] =
            self.octets(offset, BLOCK)?.try_into().map_err(|_| self.damaged(Damage::Truncated))?;
        let mut reader = Reader::new(&head);
        let fields = (reader.u32(), reader.u32(), reader.u64(), reader.u32());
        let (Some(length), Some(records), Some(tag), Some(crc)) = fields else {
            return Err(self.damaged(Damage::Truncated));
        };
        let end = offset.saturating_add(wide(BLOCK)).saturating_add(u64::from(length));
        if tag != INDEX && end > self.index_at {
            return Err(self.damaged(Damage::Length));
        }
        let payload = self.octets(offset.saturating_add(wide(BLOCK)), narrow(u64::from(length)))?.to_vec();
        if wide(payload.len()) != u64::from(length) {
            return Err(self.damaged(Damage::Truncated));
        }
        let found = crc32c::crc32c_append(crc32c::crc32c(head.get(..16).unwrap_or_default()), &payload);
        if found != crc {
            return Err(self.damaged(Damage::Checksum));
        }
        self.at = end;
        if tag != INDEX {
            self.read_blocks = self.read_blocks.saturating_add(1);
            self.read_records = self.read_records.saturating_add(u64::from(records));
            self.read_crcs = crc32c::crc32c_append(self.read_crcs, &crc.to_le_bytes());
        }
        Ok(Some(Block { offset, tag, records, payload }))
    }

    /// Octets of the file, as many as it has.
    fn octets(&mut self, offset: u64, length: usize) -> Result<&[u8], StoreError> {
        let end = offset.saturating_add(wide(length));
        let window_end = self.window_at.saturating_add(wide(self.window.len()));
        if offset < self.window_at || end > window_end {
            self.window.resize(length.max(BUFFER), 0);
            let count = files::read_at(&self.file, &mut self.window, offset)
                .map_err(|source| StoreError::io("read", &self.path)(source))?;
            self.window.truncate(count);
            self.window_at = offset;
        }
        let start = narrow(offset.saturating_sub(self.window_at));
        let end = start.saturating_add(length).min(self.window.len());
        Ok(self.window.get(start..end).unwrap_or_default())
    }
}

fn read_head(head: &[u8; HEAD], kind: Kind) -> Result<(u64, StoreId), Damage> {
    let mut reader = Reader::new(head);
    if reader.array() != Some(MAGIC) {
        return Err(Damage::Magic);
    }
    let (body, crc) = head.split_at_checked(HEAD.saturating_sub(4)).ok_or(Damage::Truncated)?;
    if crc != crc32c::crc32c(body).to_le_bytes() {
        return Err(Damage::Checksum);
    }
    let version = reader.u32().ok_or(Damage::Truncated)?;
    if version != VERSION {
        return Err(Damage::Version(version));
    }
    if reader.u32() != Some(kind.number()) {
        return Err(Damage::Place);
    }
    let store = reader.array().ok_or(Damage::Truncated)?;
    Ok((reader.u64().ok_or(Damage::Truncated)?, store))
}

fn read_trailer(trailer: &[u8; TRAILER]) -> Result<([u64; 4], u32), Damage> {
    let mut reader = Reader::new(trailer);
    let mut numbers = [0; 4];
    for number in &mut numbers {
        *number = reader.u64().ok_or(Damage::Truncated)?;
    }
    let crcs = reader.u32().ok_or(Damage::Truncated)?;
    let crc = reader.u32().ok_or(Damage::Truncated)?;
    if reader.array() != Some(END) {
        return Err(Damage::Truncated);
    }
    if crc == crc32c::crc32c(trailer.get(..36).unwrap_or_default()) {
        Ok((numbers, crcs))
    } else {
        Err(Damage::Checksum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::files::SystemDisk;

    fn sample(path: &Path) {
        let mut writer = SealedWriter::begin(path, Kind::Archive, &[3; 16], 10).unwrap();
        for tag in 10..20 {
            writer.block(&SystemDisk, tag, 2, &vec![u8::try_from(tag).unwrap(); 20_000]).unwrap();
        }
        writer.finish(&SystemDisk, 19).unwrap();
    }

    fn read_all(path: &Path) -> Result<Vec<u64>, StoreError> {
        let mut reader = SealedReader::open(path, Kind::Archive)?;
        let mut tags = Vec::new();
        while let Some(block) = reader.next()? {
            tags.push(block.tag);
        }
        assert!(reader.is_complete());
        Ok(tags)
    }

    #[test]
    fn blocks_are_read_in_order_and_from_a_tag_on() {
        let dir = crate::store::testing::dir();
        let path = dir.path().join("a");
        sample(&path);
        assert_eq!(read_all(&path).unwrap(), (10..20).collect::<Vec<_>>());
        let mut reader = SealedReader::open(&path, Kind::Archive).unwrap();
        assert_eq!((reader.number(), reader.last(), reader.records()), (10, 19, 20));
        reader.go_to(17).unwrap();
        let found = reader.next().unwrap().unwrap();
        assert!(found.tag <= 17 && found.tag > 10, "{}", found.tag);
        assert!(matches!(
            SealedReader::open(&path, Kind::Export),
            Err(StoreError::Damaged { damage: Damage::Place, .. })
        ));
    }

    #[test]
    fn a_flipped_bit_or_a_missing_end_is_found() {
        let dir = crate::store::testing::dir();
        let path = dir.path().join("a");
        sample(&path);
        let whole = std::fs::read(&path).unwrap();
        let index = whole.len() - TRAILER - BLOCK - 16 * 3;
        for at in (0..200).chain((200..index).step_by(997)).chain(whole.len() - TRAILER..whole.len()) {
            let mut bad = whole.clone();
            bad[at] ^= 0x20;
            std::fs::write(&path, &bad).unwrap();
            assert!(read_all(&path).is_err(), "octet {at}");
        }
        for end in [0, 10, 44, 1_000, whole.len() - 1] {
            std::fs::write(&path, &whole[..end]).unwrap();
            assert!(read_all(&path).is_err(), "{end} octets");
        }
        // A block that was taken out as a whole.
        let mut bad = whole.clone();
        bad.drain(44..44 + 20_020);
        std::fs::write(&path, &bad).unwrap();
        assert!(read_all(&path).is_err());
    }
}
