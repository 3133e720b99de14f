//! The store: a journal is the truth, the state behind it is what can be rebuilt from it.
//!
//! A store is opened into two halves. The **write half** ([`Commit`]) belongs to the committer thread: it appends one
//! batch as one frame and makes it durable. The **state half** ([`State`]) belongs to the store thread: it is told of
//! each batch that has become durable, answers reads, and does the paced upkeep (checkpoints, exports, archive,
//! verification). Neither half starts a thread, reads a clock, or waits for anything but the disk.
//!
//! * [`local`]: journal and sled in one directory, owned by one process.
//! * [`memory`]: the reference model that every other store is tested against.

mod archive;
pub mod backup;
#[cfg(test)]
mod battery;
pub mod books;
pub mod clock;
pub mod error;
mod export;
pub mod files;
pub mod follow;
mod journal;
pub mod local;
pub mod memory;
mod octets;
mod pace;
mod pulse;
pub mod record;
mod sealed;
mod sled;
mod sys;
#[cfg(test)]
mod testing;
pub mod verify;

use core::fmt;
use std::path::Path;

pub use self::sled::probe::{Probe, probe_child};
pub use error::StoreError;
pub use pace::Pace;
pub use pulse::{Pulse, Watch};
pub use record::{Class, Key, Record};
pub use sys::{guard, outlive_size_limits};

/// The number of a batch, dense from 1 on; 0 is before the first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Sequence(u64);

impl Sequence {
    /// Before the first batch.
    pub const ZERO: Self = Self(0);

    /// From its number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The number after this one; saturates.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Whether a commit can be refused because someone else changed what it rests on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conflicts {
    /// One process owns the store: decide ahead freely; guards are not looked at.
    Never,
    /// Others write too: a commit is refused with [`StoreError::Conflict`] when a guard does not hold.
    Possible,
}

/// A condition of a commit: the last batch that wrote this key is still the one that was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Guard {
    /// Class of the key.
    pub class: Class,
    /// The key.
    pub key: Key,
    /// What [`Loaded::revision`] was, [`Sequence::ZERO`] if nothing was there.
    pub revision: Sequence,
}

/// One commit unit: all of it becomes durable, or none. A key stands at most once in it as state; of two records
/// under one key the later counts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Batch {
    /// Its number: one more than that of the batch before.
    pub sequence: Sequence,
    /// What it rests on.
    pub guards: Vec<Guard>,
    /// What it writes.
    pub records: Vec<Record>,
}

/// What stands under a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Loaded {
    /// The batch that wrote it.
    pub revision: Sequence,
    /// Its octets.
    pub value: Vec<u8>,
}

/// The write half of a store, owned by the committer thread.
///
/// At most one batch is appended and not yet durable. After [`StoreError::is_poison`] nothing more is written: a
/// failed write or sync is never tried again, and every later call fails too.
pub trait Commit: Send {
    /// Whether a commit can be refused because of others.
    fn conflicts(&self) -> Conflicts;

    /// The last batch that is durable.
    fn durable(&self) -> Sequence;

    /// Whether new sessions are to be refused because what is durable fills the memory for changes that the state behind
    /// the journal does not have yet. Told here too, since a state half that stands still tells nothing.
    fn is_behind(&self) -> bool {
        false
    }

    /// Writes `batch` behind the last one. It is not durable before [`Commit::sync`] returns.
    ///
    /// Fails without harm, and can be tried again, with [`StoreError::Overload`] (no room is prepared),
    /// [`StoreError::Behind`] (the state half has to catch up), [`StoreError::Conflict`] and
    /// [`StoreError::BatchTooLarge`].
    fn append(&mut self, batch: &Batch) -> Result<(), StoreError>;

    /// Makes durable what was appended and returns the number of the last durable batch.
    fn sync(&mut self) -> Result<Sequence, StoreError>;

    /// Confirms the last durable batch by an empty frame behind it, so that later damage to it is told from a torn
    /// end. To be called when no batch has come for 100 ms; does nothing when it is confirmed already.
    fn confirm(&mut self) -> Result<(), StoreError>;

    /// Confirms, marks the end as clean, and writes no more.
    fn close(&mut self) -> Result<(), StoreError>;
}

/// How much upkeep one step may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    /// Octets read and written, about; at least one unit of work is done however small it is.
    pub octets: u64,
}

/// What a step of upkeep has left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// Nothing is due.
    Idle,
    /// More is due: step again, at the caller's pace.
    More,
}

/// Room on the file system of the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Space {
    /// Octets that can still be written.
    pub available: u64,
    /// Below this, new sessions are to be refused.
    pub watermark: u64,
}

impl Space {
    /// Whether new sessions are to be refused before the disk is full.
    pub const fn is_low(self) -> bool {
        self.available < self.watermark
    }
}

/// What the state half reports of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Status {
    /// Number of the opening, growing with each.
    pub epoch: u64,
    /// The last batch that was applied.
    pub applied: Sequence,
    /// The batch up to which a restart need not read the journal.
    pub checkpoint: Sequence,
    /// Octets in live journal segments.
    pub journal_octets: u64,
    /// Octets held in memory because they are not yet in the state behind the journal.
    pub overlay_octets: u64,
    /// Changes come faster than the state takes them, and memory for them fills: new sessions are to be refused.
    pub behind: bool,
    /// Start sequences of the verified exports, oldest first.
    pub exports: Vec<Sequence>,
    /// Octets the background verification has read, and has to read.
    pub verified: (u64, u64),
    /// Damage that the background verification has found.
    pub damage: Vec<String>,
    /// Why checkpoints have stopped; the journal goes on.
    pub stopped: Option<String>,
    /// Room on the file system.
    pub space: Space,
}

/// The state half of a store, owned by the store thread.
///
/// Reads see every batch that was applied, and nothing else.
pub trait State: Send {
    /// Takes in a batch that is durable, in the order of its number.
    fn apply(&mut self, batch: Batch) -> Result<(), StoreError>;

    /// What stands under a key of a state class.
    fn load(&mut self, class: Class, key: &Key) -> Result<Option<Loaded>, StoreError>;

    /// Up to `limit` keys of a state class from `from` on, in their order.
    fn scan(&mut self, class: Class, from: &Key, limit: usize) -> Result<Vec<(Key, Loaded)>, StoreError>;

    /// The records of a batch, by its number: all of them from the live journal, those of journal-only classes
    /// from the archive. Fails with [`StoreError::NoSuchFrame`] for a number that was never given, or whose archive
    /// was taken away.
    fn read_frame(&mut self, sequence: Sequence) -> Result<Vec<Record>, StoreError>;

    /// Does some of the upkeep that is due: prepares the journal's next segment, brings durable changes into the
    /// state behind the journal, checkpoints, exports, archives, verifies.
    fn step(&mut self, budget: Budget) -> Result<Progress, StoreError>;

    /// The pace that upkeep needs after the last [`State::step`]: how long to rest before the next.
    fn pace(&self) -> Pace {
        Pace::GENTLE
    }

    /// Writes some of a backup of the whole store into the new file `to`; the first call begins it, and
    /// [`Progress::Idle`] says that it is whole. Batches that come meanwhile are in it. A failure ends it.
    fn backup(&mut self, to: &Path, budget: Budget) -> Result<Progress, StoreError>;

    /// Brings everything applied into the state behind the journal and checkpoints it: for a clean end.
    fn checkpoint(&mut self) -> Result<(), StoreError>;

    /// The figures.
    fn status(&self) -> Status;
}

/// Something worth a line in the log that is no error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// The directory was empty: a new store was made.
    Created,
    /// The last run ended without closing; the octets behind this offset of the last segment were a torn frame.
    TornTail {
        /// Segment.
        segment: u64,
        /// Offset of the cut in octets.
        offset: u64,
    },
    /// The state behind the journal was not usable and was set aside.
    SetAside {
        /// The name it has now.
        path: std::path::PathBuf,
        /// Why.
        reason: String,
    },
    /// The state behind the journal was rebuilt.
    Rebuilt {
        /// Start of the export it was built from; 0 if from the journal alone.
        from: Sequence,
        /// Records taken from that export.
        records: u64,
    },
    /// Batches were read again from the journal.
    Replayed {
        /// After this batch.
        from: Sequence,
        /// Up to this one.
        to: Sequence,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created => write!(f, "a new store was made"),
            Self::TornTail { segment, offset } => {
                write!(
                    f,
                    "segment {segment} ended in a torn frame at offset {offset}: cut off, it was never acknowledged"
                )
            }
            Self::SetAside { path, reason } => {
                write!(f, "the state was set aside as {}: {reason}", path.display())
            }
            Self::Rebuilt { from, records } => {
                write!(f, "the state was rebuilt from the export of sequence {from} ({records} records)")
            }
            Self::Replayed { from, to } => write!(f, "the journal was replayed from sequence {from} to {to}"),
        }
    }
}

/// A store that was opened.
pub struct Opened {
    /// The committer's half.
    pub commit: Box<dyn Commit>,
    /// The store thread's half.
    pub state: Box<dyn State>,
    /// The last batch that is there; the next one has the number after it.
    pub last: Sequence,
    /// Number of this opening, growing with each.
    pub epoch: u64,
    /// What happened while opening, in order.
    pub notices: Vec<Notice>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("last", &self.last)
            .field("epoch", &self.epoch)
            .field("notices", &self.notices)
            .finish_non_exhaustive()
    }
}
