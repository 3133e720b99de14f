//! What is told to the operator: what was found, what is allowed, and where.

use core::fmt;
use std::path::PathBuf;

use thiserror::Error;

use crate::charging::catalogue::build::FaultKind;

/// The most errors that are shown in full.
const SHOWN_MAX: usize = 20;

/// What is wrong with a file.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Problem {
    /// The file or folder cannot be read.
    #[error("cannot be read: {0}; `gyro init DIR` writes a first tariff")]
    Unreadable(Box<str>),
    /// The folder has no tariff.
    #[error("the folder has no file that ends in .toml; `gyro init DIR` writes a first tariff")]
    NoTariff,
    /// A file that is not meant as a tariff.
    #[error("a tariff is a file that ends in .toml, or a folder of such files")]
    NotToml,
    /// A file is larger than what is read.
    #[error("the file is larger than {most} octets")]
    TooLarge {
        /// What is allowed.
        most: u64,
    },
    /// More files than are read.
    #[error("the folder has more than {most} tariff files")]
    TooMany {
        /// What is allowed.
        most: usize,
    },
    /// A file is not UTF-8.
    #[error("the file is not text in UTF-8")]
    NotText,
    /// The file is not TOML.
    #[error("this is not TOML: {0}")]
    Syntax(Box<str>),
    /// A file of destinations that cannot be read.
    #[error("the file `{file}` cannot be read: {why}")]
    Rows {
        /// Its name.
        file: Box<str>,
        /// Why.
        why: Box<str>,
    },
    /// A file of destinations elsewhere than beside the tariff.
    #[error(
        "`{file}`: a file of destinations lies in the tariff's folder or below it, and does not end in .toml"
    )]
    Elsewhere {
        /// Its name.
        file: Box<str>,
    },
    /// The first line of a file of destinations.
    #[error("the first line of a file of destinations is `prefix,destination`, not `{found}`")]
    Header {
        /// What is there.
        found: Box<str>,
    },
    /// A row that has not two fields.
    #[error("a row has two fields, prefix and destination; this one has {found}")]
    Fields {
        /// How many it has.
        found: usize,
    },
    /// Two versions of a folder that come into force at once.
    #[error(
        "two versions in the folder come into force at the same moment: write `valid_from` alike in all files of one"
    )]
    SameMoment,
    /// What was kept is not the content of a tariff.
    #[error("what the store kept is not the content of a tariff")]
    NotKept,
    /// A fault in what the file says.
    #[error("{0}")]
    Fault(FaultKind),
}

impl Problem {
    /// It is allowed, and almost surely not meant: see [`FaultKind::is_finding`].
    pub const fn is_finding(&self) -> bool {
        matches!(self, Self::Fault(kind) if kind.is_finding())
    }
}

/// One error or warning, with its place where it has one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The file, as the operator named it or its folder.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The character in the line, from 1.
    pub column: Option<usize>,
    /// The line itself with marks below it.
    pub excerpt: Option<Box<str>>,
    /// What is wrong.
    pub problem: Problem,
    /// Where what it clashes with stands: file, line, column.
    pub other: Option<(PathBuf, usize, usize)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.problem)?;
        if let Some((file, line, column)) = &self.other {
            write!(f, " (the other stands at {}:{line}:{column})", file.display())?;
        }
        match &self.excerpt {
            Some(excerpt) => write!(f, "\n{excerpt}"),
            None => Ok(()),
        }
    }
}

/// All errors of a tariff, in the order of files and lines; there is at least one.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub struct TariffErrors {
    /// The errors.
    pub errors: Vec<Report>,
}

impl fmt::Display for TariffErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (report, place) in self.errors.iter().take(SHOWN_MAX).zip(0usize..) {
            write!(f, "{}{report}", if place == 0 { "" } else { "\n" })?;
        }
        match self.errors.len().checked_sub(SHOWN_MAX) {
            Some(more) if more > 0 => write!(f, "\nand {more} more"),
            _ => Ok(()),
        }
    }
}
