//! Segments: files of a fixed size, written with zeros before use, that begin with a page of their own.
//!
//! ```text
//!  0  magic "GYROSEG1"   12  store id (16)   36  epoch               52  CRC of the frame before   64  size in octets
//!  8  version            28  segment id      44  sequence due first  56  segment that it replaces  72  CRC-32C of 0..72
//! ```
//!
//! A file named `*.seg` always has a whole first page: it gets its name after the page was synced.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::frame::{self, HEADER, Header};
use crate::store::StoreError;
use crate::store::error::Damage;
use crate::store::files::{self, Disk, Partial};
use crate::store::octets::{Reader, narrow, wide};
use crate::store::pace::Part;

/// Where the first frame of a segment begins.
pub(crate) const FIRST_FRAME: u64 = 4_096;

/// The smallest size of a segment, in octets.
pub(crate) const SIZE_MIN: u64 = 64 * 1024;

/// The extension of segments in use.
pub(crate) const EXTENSION: &str = "seg";

const MAGIC: [u8; 8] = *b"GYROSEG1";
const VERSION: u32 = 1;
pub(super) const PAGE: usize = 76;
const CRC_AT: usize = 72;

/// Which store a file belongs to: drawn once, when it is made.
pub(crate) type StoreId = [u8; 16];

/// The first page of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Page {
    /// The store it belongs to.
    pub(crate) store: StoreId,
    /// Its id, growing from segment to segment.
    pub(crate) segment: u64,
    /// The opening that writes it.
    pub(crate) epoch: u64,
    /// Number of the first batch in it.
    pub(crate) first: u64,
    /// CRC of the last frame of the segment before.
    pub(crate) before: u32,
    /// The segment whose frames were taken over into this one; 0 for none.
    pub(crate) replaces: u64,
    /// Octets of the file.
    pub(crate) size: u64,
}

impl Page {
    /// The octets.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(PAGE);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.store);
        out.extend_from_slice(&self.segment.to_le_bytes());
        out.extend_from_slice(&self.epoch.to_le_bytes());
        out.extend_from_slice(&self.first.to_le_bytes());
        out.extend_from_slice(&self.before.to_le_bytes());
        out.extend_from_slice(&self.replaces.to_le_bytes());
        out.extend_from_slice(&self.size.to_le_bytes());
        out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
        out
    }

    /// Reads the octets.
    pub(crate) fn decode(octets: &[u8]) -> Result<Self, Damage> {
        let octets = octets.get(..PAGE).ok_or(Damage::Truncated)?;
        let mut reader = Reader::new(octets);
        if reader.array() != Some(MAGIC) {
            return Err(Damage::Magic);
        }
        let (body, crc) = octets.split_at_checked(CRC_AT).ok_or(Damage::Truncated)?;
        if crc != crc32c::crc32c(body).to_le_bytes() {
            return Err(Damage::Checksum);
        }
        let version = reader.u32().ok_or(Damage::Truncated)?;
        if version != VERSION {
            return Err(Damage::Version(version));
        }
        let read = |mut reader: Reader<'_>| {
            Some(Self {
                store: reader.array()?,
                segment: reader.u64()?,
                epoch: reader.u64()?,
                first: reader.u64()?,
                before: reader.u32()?,
                replaces: reader.u64()?,
                size: reader.u64()?,
            })
        };
        read(reader).ok_or(Damage::Truncated)
    }
}

/// The path of a segment.
pub(crate) fn path(dir: &Path, segment: u64) -> PathBuf {
    dir.join(format!("{segment:016x}.{EXTENSION}"))
}

/// A segment as a list of frames, read through a window.
#[derive(Debug)]
pub(crate) struct Frames {
    path: PathBuf,
    file: File,
    page: Page,
    window: Vec<u8>,
    window_at: u64,
    offset: u64,
    before: u32,
    sequence: u64,
}

/// A frame of a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    /// Where it begins, in octets.
    pub(crate) offset: u64,
    /// Its header.
    pub(crate) header: Header,
    /// Its payload.
    pub(crate) payload: &'a [u8],
}

/// How far a window is read ahead, in octets.
const WINDOW: u64 = 256 * 1024;

impl Frames {
    /// Opens the segment `path` of `store` at its first frame.
    pub(crate) fn open(path: &Path, store: &StoreId) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(StoreError::io("open", path))?;
        let mut octets = [0; PAGE];
        let count = files::read_at(&file, &mut octets, 0).map_err(StoreError::io("read", path))?;
        let page = Page::decode(octets.get(..count).unwrap_or_default())
            .map_err(|damage| StoreError::damaged(path, 0, damage))?;
        let named = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .and_then(|stem| u64::from_str_radix(stem, 16).ok());
        if page.store != *store || named != Some(page.segment) {
            return Err(StoreError::damaged(path, 0, Damage::Place));
        }
        let length = file.metadata().map_err(StoreError::io("read", path))?.len();
        if length < page.size {
            return Err(StoreError::damaged(path, length, Damage::Truncated));
        }
        Ok(Self {
            path: path.to_path_buf(),
            file,
            page,
            window: Vec::new(),
            window_at: 0,
            offset: FIRST_FRAME,
            before: page.before,
            sequence: page.first.saturating_sub(1),
        })
    }

    /// The segment's first page.
    pub(crate) const fn page(&self) -> &Page {
        &self.page
    }

    /// The segment's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the next frame is due.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// CRC of the last frame read.
    pub(crate) const fn before(&self) -> u32 {
        self.before
    }

    /// Number of the last batch read.
    pub(crate) const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Goes to a frame whose offset is known, and which carries the batch `sequence`: its link to the frame before
    /// it is not looked at.
    pub(crate) fn go_to(&mut self, offset: u64, sequence: u64) -> Result<(), StoreError> {
        self.offset = offset;
        self.sequence = sequence.saturating_sub(1);
        if let Some(header) = self.header_at(offset)? {
            self.before = header.place.before;
        }
        Ok(())
    }

    /// The next frame if it is whole and follows the last one; `None` where the frames end or something else
    /// stands ([`Frames::ending`] tells which).
    pub(crate) fn next(&mut self) -> Result<Option<Found<'_>>, StoreError> {
        let offset = self.offset;
        let Ok(header) = self.check(offset)? else { return Ok(None) };
        self.offset = offset.saturating_add(header.frame_octets());
        self.before = header.crc;
        self.sequence = header.sequence;
        let length = narrow(u64::from(header.length));
        let payload = self.octets_at(offset.saturating_add(wide(HEADER)), length)?.unwrap_or_default();
        Ok(Some(Found { offset, header, payload }))
    }

    /// What is wrong with the octets where the next frame is due.
    fn check(&mut self, offset: u64) -> Result<Result<Header, Damage>, StoreError> {
        let (before, sequence) = (self.before, self.sequence);
        let Some(header) = self.whole_at(offset)? else {
            let magic = self.header_at(offset)?.is_none();
            return Ok(Err(if magic { Damage::Magic } else { Damage::Checksum }));
        };
        let expected = match header.kind {
            frame::Kind::Batch => sequence.saturating_add(1),
            frame::Kind::Confirm | frame::Kind::Close => sequence,
        };
        if header.sequence != expected {
            return Ok(Err(Damage::Sequence { expected, found: header.sequence }));
        }
        Ok(if header.place.before == before { Ok(header) } else { Err(Damage::Chain) })
    }

    /// A whole frame of this segment and epoch at `offset`, whatever its number.
    fn whole_at(&mut self, offset: u64) -> Result<Option<Header>, StoreError> {
        let Page { segment, epoch, size, .. } = self.page;
        let Some(header) = self.header_at(offset)? else { return Ok(None) };
        let fits = offset.checked_add(header.frame_octets()).is_some_and(|end| end <= size);
        if header.place.segment != segment || header.place.epoch != epoch || !fits {
            return Ok(None);
        }
        let length = HEADER.saturating_add(narrow(u64::from(header.length)));
        let whole = self.octets_at(offset, length)?.is_some_and(frame::is_whole);
        Ok(whole.then_some(header))
    }

    fn header_at(&mut self, offset: u64) -> Result<Option<Header>, StoreError> {
        Ok(self.octets_at(offset, HEADER)?.and_then(|octets| octets.first_chunk()).and_then(Header::read))
    }

    /// Octets of the segment; `None` where they would lead out of it.
    fn octets_at(&mut self, offset: u64, length: usize) -> Result<Option<&[u8]>, StoreError> {
        let end = offset.saturating_add(wide(length));
        if end > self.page.size {
            return Ok(None);
        }
        let window_end = self.window_at.saturating_add(wide(self.window.len()));
        if offset < self.window_at || end > window_end {
            let until = end.max(offset.saturating_add(WINDOW)).min(self.page.size);
            self.window.resize(narrow(until.saturating_sub(offset)), 0);
            let count = files::read_at(&self.file, &mut self.window, offset)
                .map_err(|source| StoreError::io("read", &self.path)(source))?;
            self.window.truncate(count);
            self.window_at = offset;
        }
        let start = narrow(offset.saturating_sub(self.window_at));
        Ok(self.window.get(start..start.saturating_add(length)))
    }

    /// What stands behind the last good frame, up to the end of the segment.
    pub(crate) fn ending(&mut self) -> Result<Ending, StoreError> {
        let start = self.offset;
        let Err(damage) = self.check(start)? else {
            return Err(StoreError::damaged(&self.path, start, Damage::Order));
        };
        let (mut at, mut zeros) = (start, true);
        while self.octets_at(at, frame::ALIGN)?.is_some() {
            if self.octets_at(at, ZERO_STRIDE)?.is_some_and(|octets| octets.iter().all(|octet| *octet == 0)) {
                at = at.saturating_add(wide(ZERO_STRIDE));
                continue;
            }
            let octets = self.octets_at(at, frame::ALIGN)?.unwrap_or_default();
            if octets.iter().any(|octet| *octet != 0) {
                zeros = false;
                let later = self.whole_at(at)?.is_some_and(|found| found.sequence >= self.sequence);
                if later {
                    return Ok(Ending::Damaged { damage, good: at });
                }
            }
            at = at.saturating_add(wide(frame::ALIGN));
        }
        Ok(if zeros { Ending::Clean } else { Ending::Torn { damage } })
    }
}

/// Zeros behind the frames are skipped in strides of so many octets.
const ZERO_STRIDE: usize = 4_096;

/// What stands behind the last good frame of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// Nothing: zeros.
    Clean,
    /// Something, but no whole frame of this segment: the end of an interrupted write.
    Torn {
        /// What is wrong with the first frame of it.
        damage: Damage,
    },
    /// A bad frame with a good one behind it: it was whole once.
    Damaged {
        /// What is wrong with the bad one.
        damage: Damage,
        /// Where the good one stands.
        good: u64,
    },
}

/// Writes a file of `size` zeros in steps and syncs each: a segment before its use.
#[derive(Debug)]
pub(crate) struct Preparing {
    partial: Partial,
    file: File,
    size: u64,
    done: u64,
}

/// Octets that are written and synced at once while a segment is prepared.
const ZEROS: usize = 1024 * 1024;

impl Preparing {
    /// Begins the file `path`, whatever was there.
    pub(crate) fn begin(path: &Path, size: u64) -> std::io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = File::options().create_new(true).read(true).write(true).open(path)?;
        Ok(Self { partial: Partial::of(path.to_path_buf()), file, size, done: 0 })
    }

    /// Writes about `octets` more; true when all is written and synced.
    pub(crate) fn step(&mut self, disk: &dyn Disk, octets: u64) -> std::io::Result<bool> {
        let until = self.done.saturating_add(octets.max(1)).min(self.size);
        let zeros = vec![0; ZEROS.min(narrow(self.size))];
        while self.done < until {
            let count = zeros.len().min(narrow(self.size.saturating_sub(self.done)));
            disk.write_all_at(&self.file, zeros.get(..count).unwrap_or_default(), self.done)?;
            disk.sync_data(&self.file)?;
            self.done = self.done.saturating_add(wide(count));
        }
        if self.done < self.size {
            return Ok(false);
        }
        disk.sync_all(&self.file)?;
        Ok(true)
    }

    /// How much of it is written.
    pub(crate) fn part_done(&self) -> Part {
        Part::of(self.done, self.size)
    }

    /// The file, once it is written; it stays when its name is kept.
    pub(crate) fn into_file(self) -> (Partial, File) {
        (self.partial, self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_a_first_page_is_found() {
        let page =
            Page { store: [9; 16], segment: 1, epoch: 2, first: 3, before: 4, replaces: 5, size: 65_536 };
        let octets = page.encode();
        assert_eq!(Page::decode(&octets), Ok(page));
        for bit in 0..octets.len() * 8 {
            let mut bad = octets.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Page::decode(&bad).is_err(), "bit {bit}");
        }
        assert_eq!(Page::decode(&octets[..75]), Err(Damage::Truncated));
    }
}
