//! Files as the store uses them: written at an offset, synced with their directory, replaced as a whole.

use core::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::StoreError;

/// How octets get to the disk. [`SystemDisk`] is the one for use; tests put others in its place, which lose, tear or
/// refuse what is not synced.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Writes all of `octets` at `offset`.
    fn write_all_at(&self, file: &File, octets: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(octets, offset)
    }

    /// Makes the octets of `file` durable (`fdatasync`).
    fn sync_data(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    /// Makes the octets and the length of `file` durable (`fsync`).
    fn sync_all(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    /// Makes the names in a directory durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
}

/// The disk of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {}

/// The lock of a data directory; it is let go when dropped, and by the system when the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock of `dir`, which must exist.
    pub(crate) fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("LOCK");
        let open = File::options().create(true).truncate(false).write(true).open(&path);
        let file = open.map_err(|source| StoreError::Directory { path: dir.to_path_buf(), source })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: dir.to_path_buf() }),
            Err(TryLockError::Error(source)) => {
                Err(StoreError::Directory { path: dir.to_path_buf(), source })
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough while a process that was just forked still has a copy; a failure leaves it to that.
        let _ = self.file.unlock();
    }
}

/// A file that is being written, by its temporary name: removed when this is dropped before it was kept, so that what
/// could not be written whole takes no room on a disk that may be full.
#[derive(Debug)]
pub(crate) struct Partial {
    path: PathBuf,
    kept: bool,
}

impl Partial {
    /// The file at `path`, which was made just now.
    pub(crate) const fn of(path: PathBuf) -> Self {
        Self { path, kept: false }
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// It is whole: it stays.
    pub(crate) fn keep(mut self) -> PathBuf {
        self.kept = true;
        core::mem::take(&mut self.path)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed now is removed at the next opening, or written over.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Puts `octets` in the place of the file `path`: whole, and durable when this returns.
pub(crate) fn replace(disk: &dyn Disk, path: &Path, octets: &[u8]) -> Result<(), StoreError> {
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary).map_err(StoreError::io("create", &temporary))?;
    let partial = Partial::of(temporary);
    file.write_all(octets).map_err(StoreError::io("write", partial.path()))?;
    disk.sync_all(&file).map_err(StoreError::io("sync", partial.path()))?;
    rename(disk, &partial.keep(), path)
}

/// Gives a synced file its name, durably.
pub(crate) fn rename(disk: &dyn Disk, from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(StoreError::io("rename", from))?;
    sync_parent(disk, to)
}

/// Makes the name of `path` durable.
pub(crate) fn sync_parent(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    let dir = parent(path);
    disk.sync_dir(dir).map_err(StoreError::io("sync", dir))
}

/// Removes a file if it is there, durably.
pub(crate) fn remove(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Ok(()) => sync_parent(disk, path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(StoreError::io("remove", path)(source)),
    }
}

/// Makes a directory if it is not there, durably.
pub(crate) fn make_dir(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    let refused = |source| StoreError::Directory { path: path.to_path_buf(), source };
    fs::create_dir_all(path).map_err(refused)?;
    disk.sync_dir(path).map_err(refused)?;
    disk.sync_dir(parent(path)).map_err(refused)
}

/// The directory that has the name of `path`; of a lone name, this one.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The files in `dir` whose names end in `.extension`, with their names before it, in the order of names.
pub(crate) fn list(dir: &Path, extension: &str) -> Result<Vec<(String, PathBuf)>, StoreError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(StoreError::io("list", dir))? {
        let path = entry.map_err(StoreError::io("list", dir))?.path();
        if path.extension().is_some_and(|found| found == extension)
            && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
        {
            found.push((stem.to_owned(), path));
        }
    }
    found.sort();
    Ok(found)
}

/// Reads exactly `octets.len()` octets at `offset`, or fewer at the end of the file; returns how many.
pub(crate) fn read_at(file: &File, octets: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0_usize;
    while let Some(rest) = octets.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset.saturating_add(super::octets::wide(done))) {
            Ok(0) => break,
            Ok(count) => done = done.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
