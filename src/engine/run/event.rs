//! What the engine tells the shell, and why it fails.

use core::time::Duration;
use std::sync::Arc;

use crate::charging::account::Sequence;
use crate::engine::core::Tag;
use crate::store::{Notice, StoreError};

/// Something that the shell is to log.
#[derive(Debug)]
pub enum Event {
    /// The store is open: everything is served.
    Ready {
        /// Number of the opening.
        epoch: u64,
        /// The last durable batch.
        last: Sequence,
        /// What happened while it was opened.
        notices: Vec<Notice>,
    },
    /// The store failed: from now on emergencies only. Nothing that is held may be sent.
    Failed(Arc<Failure>),
    /// A batch finds no room; it is tried again until there is some. Nothing of it is written.
    NoRoom(StoreError),
    /// Something is wrong, and the engine goes on.
    Problem(String),
    /// The store thread stands still. What is in memory is served and committed on, until memory for changes is full.
    Stalled {
        /// For how long.
        still: Duration,
        /// It has lasted so long that only a restart is likely to end it.
        lasts: bool,
    },
    /// Emergencies that were kept elsewhere are entered.
    Spooled(usize),
    /// All sessions of the store are known.
    Scanned,
    /// A backup is written, or is not.
    BackedUp(Tag, Result<(), String>),
}

/// Why only emergencies are served.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The store could not be opened, or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A thread ended that must not.
    #[error("the {0} thread has ended: this is a fault in gyro, please report it")]
    Thread(&'static str),
    /// The store thread does not come back from the state behind the journal.
    #[error(
        "the store thread has stood still for {} s and is left behind: what was answered is in the journal, and the next \
         start reads it from there",
        .0.as_secs()
    )]
    Stalled(Duration),
}

impl Failure {
    /// The exit code of a server that ends for it: 73 for a directory that cannot be used, else 74.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Store(error) => error.exit_code(),
            Self::Thread(_) | Self::Stalled(_) => 74,
        }
    }
}
