//! What can go wrong in a store, in words that say what to do.

use core::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Sequence;
use super::record::{Class, Key, RecordError, VALUE_MAX};

/// What was found where something else should stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Damage {
    /// A checksum does not fit its octets.
    Checksum,
    /// The octets do not begin as this kind of file or frame begins.
    Magic,
    /// The file was written by a version of gyro that this one does not know.
    Version(u32),
    /// A segment, epoch or store number that is not that of its place.
    Place,
    /// A sequence number that does not follow the one before.
    Sequence {
        /// What should stand there.
        expected: u64,
        /// What stands there.
        found: u64,
    },
    /// The frame does not follow the one before: the checksums are not chained.
    Chain,
    /// A length that leads out of the file or frame.
    Length,
    /// A class number that this version of gyro does not know.
    Class(u8),
    /// Records or keys out of order.
    Order,
    /// Parts of a value that do not belong together.
    Parts,
    /// The file ends too early.
    Truncated,
    /// The file is not there.
    Missing,
    /// A bad frame with good frames behind it: it was whole once, so this is no torn end.
    BehindIsGood {
        /// Offset of the good frame in octets.
        offset: u64,
    },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checksum => f.write_str("the checksum does not fit"),
            Self::Magic => f.write_str("this is not how it begins"),
            Self::Version(version) => write!(f, "format version {version} is not known to this gyro"),
            Self::Place => f.write_str("it belongs to another place or another store"),
            Self::Sequence { expected, found } => {
                write!(f, "sequence {found} stands where {expected} is due")
            }
            Self::Chain => f.write_str("it does not follow the frame before"),
            Self::Length => f.write_str("a length leads out of it"),
            Self::Class(octet) => write!(f, "record class {octet} is not known to this gyro"),
            Self::Order => f.write_str("its records are out of order"),
            Self::Parts => f.write_str("the parts of a value do not belong together"),
            Self::Truncated => f.write_str("it ends too early"),
            Self::Missing => f.write_str("it is not there"),
            Self::BehindIsGood { offset } => {
                write!(f, "a bad frame with a good one behind it at offset {offset}, so it was whole once")
            }
        }
    }
}

/// What can go wrong in a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has the directory.
    #[error("{} is in use by another gyro process: stop it, or use its admin address", path.display())]
    InUse {
        /// The data directory.
        path: PathBuf,
    },
    /// The directory cannot be made or entered.
    #[error("the data directory {} cannot be used: {source}", path.display())]
    Directory {
        /// The data directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The directory is not a store.
    #[error("{} holds no gyro store: name the right directory with --data", path.display())]
    NoStore {
        /// The data directory.
        path: PathBuf,
    },
    /// A store is to be restored where something is already.
    #[error("{} is not empty: restore into a new directory", path.display())]
    NotEmpty {
        /// The data directory.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("cannot {doing} {}: {source}{}", path.display(), room(source))]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is damaged.
    #[error("{} is damaged at offset {offset}: {damage}; restore it from a backup (`gyro store restore`)", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where, in octets from its beginning.
        offset: u64,
        /// What was found.
        damage: Damage,
    },
    /// A record whose octets are whole makes no sense.
    #[error("the {class} record {key} cannot be read: {error}; run `gyro store verify`")]
    Record {
        /// Its class.
        class: Class,
        /// Its key.
        key: Key,
        /// What is wrong with it.
        error: RecordError,
    },
    /// A batch that was durable once is missing at the journal's end.
    #[error(
        "the journal {} ends at sequence {end}, but {witness} has sequence {known}: acknowledged changes are missing. \
         Put the missing segments back or restore a backup; to go on without them, move `sled`, `exports` and \
         `MANIFEST` of the data directory away and start again", path.display()
    )]
    JournalShort {
        /// The journal's directory.
        path: PathBuf,
        /// Its last sequence.
        end: Sequence,
        /// Who knows of a later one.
        witness: &'static str,
        /// That later one.
        known: Sequence,
    },
    /// Nothing is left to rebuild the state from.
    #[error(
        "the state cannot be rebuilt: the journal begins at sequence {begins} and no verified export reaches it; \
         restore a backup (`gyro store restore`)"
    )]
    NotRebuildable {
        /// The first sequence the journal has.
        begins: Sequence,
    },
    /// `sync_file_range` still works, so the state would not be durable.
    #[error(
        "this system does not allow the filter that makes sled sync for real (seccomp): allow it, or deny \
         sync_file_range with ENOSYS for this service"
    )]
    Unguarded,
    /// The state behind the journal failed; the journal goes on.
    #[error("the state in {} failed ({reason}): checkpoints have stopped, restart gyro to rebuild it", path.display())]
    State {
        /// Its directory.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
    /// No room is prepared for the batch: try again later.
    #[error("the journal has no room for the next batch ({source}): free space on {}", path.display())]
    Overload {
        /// The journal's directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Changes came for long faster than the state behind the journal takes them: try again later.
    #[error(
        "changes come faster than the disk takes them, and memory for those that wait is full: no more is committed before \
         some of it is on the disk of {}",
        path.display()
    )]
    Behind {
        /// The journal's directory.
        path: PathBuf,
    },
    /// The batch does not fit into a segment.
    #[error("a batch of {octets} octets is larger than a journal segment takes ({most}): split it")]
    BatchTooLarge {
        /// Its size.
        octets: u64,
        /// The largest that fits.
        most: u64,
    },
    /// A value is longer than [`VALUE_MAX`].
    #[error("a value of class {class} under key {key} is longer than {VALUE_MAX} octets: split it")]
    ValueTooLarge {
        /// Its class.
        class: Class,
        /// Its key.
        key: Key,
    },
    /// A guard did not hold.
    #[error("key {key} of class {class} was changed by another: load it again and decide anew")]
    Conflict {
        /// Its class.
        class: Class,
        /// Its key.
        key: Key,
    },
    /// Batches must come in the order of their numbers, one at a time.
    #[error("batch {found} came where {expected} is due: this is a fault in gyro, please report it")]
    OutOfOrder {
        /// The number that is due.
        expected: Sequence,
        /// The number that came.
        found: Sequence,
    },
    /// No batch has this number, or what it left was taken away.
    #[error("sequence {sequence} is neither in the journal nor in the archive")]
    NoSuchFrame {
        /// The number that was asked for.
        sequence: Sequence,
    },
    /// A class that is not state was asked for as state.
    #[error(
        "class {class} lives in the journal alone and cannot be loaded: this is a fault in gyro, please report it"
    )]
    NotState {
        /// The class.
        class: Class,
    },
    /// A store in memory has nothing to back up.
    #[error("a store in memory cannot be written to {}: it has nothing on disk", path.display())]
    NotOnDisk {
        /// The file that was asked for.
        path: PathBuf,
    },
    /// The file to be written is there.
    #[error("{} is there already: name a new file", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// An earlier write or sync failed; nothing more is written.
    #[error("the journal was given up after a failed write or sync: restart gyro")]
    Poisoned,
    /// The half was closed.
    #[error("the store is closed")]
    Closed,
}

/// What to do where there was no room for what was to be written.
fn room(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; free space there and try again",
        ErrorKind::FileTooLarge => "; raise the limit on the size of files (ulimit -f) and try again",
        _ => "",
    }
}

impl StoreError {
    /// Whether the write half can no longer be used. What was appended and not yet reported durable is unknown.
    pub const fn is_poison(&self) -> bool {
        !matches!(
            self,
            Self::Overload { .. }
                | Self::Behind { .. }
                | Self::BatchTooLarge { .. }
                | Self::ValueTooLarge { .. }
                | Self::Conflict { .. }
        )
    }

    /// The exit code of a command that ends with this: 73 for a directory that cannot be used, else 74.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::InUse { .. } | Self::Directory { .. } | Self::NotEmpty { .. } | Self::NoStore { .. } => 73,
            _ => 74,
        }
    }

    /// An [`StoreError::Io`] of `doing` something on `path`, as a closure for `map_err`.
    pub(crate) fn io<'a>(
        doing: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<'a> {
        move |source| Self::Io { doing, path: path.to_path_buf(), source }
    }

    /// A [`StoreError::Record`], as a closure for `map_err`.
    pub(crate) fn record(class: Class, key: Key) -> impl FnOnce(RecordError) -> Self {
        move |error| Self::Record { class, key, error }
    }

    /// A [`StoreError::Damaged`] file.
    pub(crate) fn damaged(path: &Path, offset: u64, damage: Damage) -> Self {
        Self::Damaged { path: path.to_path_buf(), offset, damage }
    }
}
