//! The disk under the files that are written for others; tests put another in its place, which loses and tears.

use core::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// What is asked of a disk.
pub trait Disk: Send + fmt::Debug {
    /// Makes a file, empty: what was there under its name is gone.
    fn create(&mut self, path: &Path) -> io::Result<()>;
    /// Writes behind the end of a file.
    fn append(&mut self, path: &Path, octets: &[u8]) -> io::Result<()>;
    /// How long a file is; none where there is none.
    fn length(&mut self, path: &Path) -> io::Result<Option<u64>>;
    /// Cuts a file off behind so many octets.
    fn cut(&mut self, path: &Path, octets: u64) -> io::Result<()>;
    /// Makes a file's octets durable.
    fn sync(&mut self, path: &Path) -> io::Result<()>;
    /// Gives a file another name, in the same directory.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&mut self, dir: &Path) -> io::Result<()>;
    /// All of a small file; none where there is none.
    fn read(&mut self, path: &Path) -> io::Result<Option<Vec<u8>>>;
}

/// Puts octets in the place of a small file: whole, and durable when this returns.
pub fn replace(disk: &mut dyn Disk, path: &Path, octets: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    disk.create(&temporary)?;
    disk.append(&temporary, octets)?;
    disk.sync(&temporary)?;
    disk.rename(&temporary, path)?;
    disk.sync_dir(path.parent().unwrap_or(Path::new(".")))
}

/// The disk of the system. It keeps the file open that was written last.
#[derive(Debug, Default)]
pub struct SystemDisk {
    open: Option<(PathBuf, File)>,
}

impl SystemDisk {
    fn opened(&mut self, path: &Path) -> io::Result<&mut File> {
        if self.open.as_ref().is_none_or(|(open, _)| open != path) {
            let mut file = File::options().write(true).open(path)?;
            file.seek(SeekFrom::End(0))?;
            self.open = Some((path.to_path_buf(), file));
        }
        let file = self.open.as_mut().map(|(_, file)| file);
        file.ok_or_else(|| io::Error::from(ErrorKind::NotFound))
    }
}

impl Disk for SystemDisk {
    fn create(&mut self, path: &Path) -> io::Result<()> {
        self.open = Some((path.to_path_buf(), File::create(path)?));
        Ok(())
    }

    fn append(&mut self, path: &Path, octets: &[u8]) -> io::Result<()> {
        self.opened(path)?.write_all(octets)
    }

    fn length(&mut self, path: &Path) -> io::Result<Option<u64>> {
        match fs::metadata(path) {
            Ok(found) => Ok(Some(found.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn cut(&mut self, path: &Path, octets: u64) -> io::Result<()> {
        let file = self.opened(path)?;
        file.set_len(octets)?;
        file.seek(SeekFrom::End(0)).map(|_| ())
    }

    fn sync(&mut self, path: &Path) -> io::Result<()> {
        self.opened(path)?.sync_all()
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.open.take_if(|(open, _)| open == from || open == to);
        fs::rename(from, to)
    }

    fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        File::open(dir)?.sync_all()
    }

    fn read(&mut self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let mut octets = Vec::new();
        match File::open(path) {
            Ok(mut file) => file.read_to_end(&mut octets).map(|_| Some(octets)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
