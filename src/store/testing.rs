//! A disk that loses, tears and refuses, for tests.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::sync::Mutex;

use super::files::Disk;

const SECTOR: usize = 512;

/// What the power cut takes: octets that were written and not synced, sector by sector.
#[derive(Debug, Default)]
pub(crate) struct LossyDisk {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    unsynced: Vec<(File, u64, u64, Vec<u8>)>,
    syncs_until_failure: Option<u32>,
    writes_until_failure: Option<u32>,
}

impl LossyDisk {
    /// Lets the sync after `count` more fail, once.
    pub(crate) fn fail_sync_after(&self, count: u32) {
        self.inner.lock().unwrap().syncs_until_failure = Some(count);
    }

    /// Lets the write after `count` more fail, once.
    pub(crate) fn fail_write_after(&self, count: u32) {
        self.inner.lock().unwrap().writes_until_failure = Some(count);
    }

    /// Cuts the power: each sector that is not synced is kept or lost, as `keep` says.
    pub(crate) fn cut(&self, mut keep: impl FnMut() -> bool) {
        let mut inner = self.inner.lock().unwrap();
        while let Some((file, _, offset, old)) = inner.unsynced.pop() {
            let mut at = offset;
            let mut rest = &old[..];
            while !rest.is_empty() {
                let in_sector = SECTOR - usize::try_from(at).unwrap() % SECTOR;
                let (sector, after) = rest.split_at(in_sector.min(rest.len()));
                if !keep() {
                    file.write_all_at(sector, at).unwrap();
                }
                at += u64::try_from(sector.len()).unwrap();
                rest = after;
            }
        }
    }

    fn synced(&self, file: &File) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap();
        if let Some(left) = inner.syncs_until_failure.as_mut() {
            if *left == 0 {
                inner.syncs_until_failure = None;
                return Err(io::Error::other("planted failure of a sync"));
            }
            *left -= 1;
        }
        let inode = file.metadata()?.ino();
        inner.unsynced.retain(|(_, of, ..)| *of != inode);
        Ok(())
    }
}

impl Disk for LossyDisk {
    fn write_all_at(&self, file: &File, octets: &[u8], offset: u64) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap();
        if let Some(left) = inner.writes_until_failure.as_mut() {
            if *left == 0 {
                inner.writes_until_failure = None;
                return Err(io::Error::other("planted failure of a write"));
            }
            *left -= 1;
        }
        let mut old = vec![0; octets.len()];
        let read = File::open(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(file)))?;
        super::files::read_at(&read, &mut old, offset)?;
        // Zeros over zeros or over nothing need not be remembered.
        if old != octets {
            inner.unsynced.push((file.try_clone()?, file.metadata()?.ino(), offset, old));
        }
        file.write_all_at(octets, offset)
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        self.synced(file)
    }

    fn sync_all(&self, file: &File) -> io::Result<()> {
        self.synced(file)
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// Numbers that look random and are the same in every run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }
}

/// Octets as hexadecimal digits.
pub(crate) fn hex(octets: &[u8]) -> String {
    use core::fmt::Write as _;
    octets.iter().fold(String::new(), |mut text, octet| {
        write!(text, "{octet:02x}").unwrap();
        text
    })
}

/// A directory for a test: in memory where the system offers that, since what is written need not last.
pub(crate) fn dir() -> tempfile::TempDir {
    tempfile::TempDir::new_in("/dev/shm").or_else(|_| tempfile::TempDir::new()).unwrap()
}
