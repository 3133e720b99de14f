//! The files of one load: numbered, bounded, and only from where they may come.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::finding::Cause;
use super::limits::{MAX_FILE_OCTETS, MAX_FILES, MAX_TOTAL_OCTETS};

/// The files read so far; a file's number is its position.
#[derive(Debug, Default)]
pub(super) struct Files {
    paths: Vec<PathBuf>,
    octets: u64,
}

impl Files {
    /// Gives a path its number.
    pub(super) fn number(&mut self, path: &Path) -> u32 {
        self.paths.push(path.to_path_buf());
        u32::try_from(self.paths.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// The path of a number.
    pub(super) fn path(&self, number: u32) -> Option<&Path> {
        self.paths.get(usize::try_from(number).ok()?).map(PathBuf::as_path)
    }

    /// The text of a file, within the limits.
    pub(super) fn read(&mut self, path: &Path) -> Result<String, Cause> {
        if self.paths.len() > MAX_FILES {
            return Err(Cause::TooManyFiles);
        }
        let unreadable = |error: std::io::Error| Cause::Unreadable(error.kind());
        let file = fs::File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.is_dir() {
            return Err(Cause::Unreadable(std::io::ErrorKind::IsADirectory));
        }
        let mut octets = Vec::new();
        file.take(MAX_FILE_OCTETS.saturating_add(1)).read_to_end(&mut octets).map_err(unreadable)?;
        let length = u64::try_from(octets.len()).unwrap_or(u64::MAX);
        if length > MAX_FILE_OCTETS {
            return Err(Cause::FileTooLarge);
        }
        self.octets = self.octets.saturating_add(length);
        if self.octets > MAX_TOTAL_OCTETS {
            return Err(Cause::TooManyOctets);
        }
        let text = String::from_utf8(octets)
            .map_err(|error| Cause::NotUtf8 { offset: error.utf8_error().valid_up_to() })?;
        Ok(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        })
    }
}

/// The file that an entity of `main` names: a plain name, in the folder of `main` itself, links followed.
pub(super) fn sibling(main: &Path, name: &str) -> Result<PathBuf, Cause> {
    let plain = !name.is_empty()
        && !name.starts_with('.')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-+".contains(letter));
    if !plain {
        return Err(Cause::OutsideFolder { name: name.to_owned() });
    }
    let path = main.with_file_name(name);
    let unreadable =
        |error: std::io::Error| Cause::FragmentUnreadable { name: name.to_owned(), kind: error.kind() };
    let real = fs::canonicalize(&path).map_err(unreadable)?;
    let main = fs::canonicalize(main).map_err(unreadable)?;
    if real.parent() == main.parent() {
        Ok(path)
    } else {
        Err(Cause::OutsideFolder { name: name.to_owned() })
    }
}
