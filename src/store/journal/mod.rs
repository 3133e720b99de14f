//! The journal: frames of full after-images in segments, appended by one writer, read by sequence number.
//!
//! * [`frame`]: what one commit puts on disk.
//! * [`segment`]: the files.
//! * [`writer`]: appends and makes durable.
//! * [`reader`]: finds a frame by its number.
//! * [`recovery`]: what an end of the last run has left.

pub(crate) mod frame;
pub(crate) mod reader;
pub(crate) mod recovery;
pub(crate) mod segment;
pub(crate) mod writer;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::segment::{Preparing, StoreId};
use super::files::{self, Disk, Lock};
use super::{Sequence, StoreError};

/// Where a segment's frames stand: one mark for about every [`MARK_EVERY`] octets.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// Segment id.
    pub(crate) segment: u64,
    /// Its file.
    pub(crate) path: PathBuf,
    /// Number of its first batch; that of the next segment's when it has none.
    pub(crate) first: u64,
    /// Octets of the file.
    pub(crate) size: u64,
    /// Numbers of batches and the offsets of their frames, both growing.
    pub(crate) marks: Vec<(u64, u64)>,
}

/// Octets of frames between two marks.
pub(crate) const MARK_EVERY: u64 = 64 * 1024;

/// What writer, reader and upkeep of one journal share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) dir: PathBuf,
    pub(crate) store: StoreId,
    pub(crate) segment_size: u64,
    pub(crate) disk: Arc<dyn Disk>,
    /// The last durable batch.
    durable: AtomicU64,
    /// Octets of frames made durable since the opening.
    written: AtomicU64,
    /// Octets of frames that are durable and not yet taken over by the state half.
    untaken: AtomicU64,
    /// How many may be, until the state half has more room in memory.
    room: AtomicU64,
    /// How many are enough to refuse new sessions.
    soft_room: AtomicU64,
    /// The writer is through half of its segment.
    wants_next: AtomicBool,
    listed: Mutex<Vec<Listed>>,
    prepared: Mutex<Option<PathBuf>>,
    /// The directory's lock, held until both halves are gone.
    _lock: Lock,
}

impl Shared {
    pub(crate) fn new(
        dir: &Path,
        store: StoreId,
        segment_size: u64,
        disk: Arc<dyn Disk>,
        lock: Lock,
    ) -> Self {
        Self {
            dir: dir.to_path_buf(),
            store,
            segment_size,
            disk,
            durable: AtomicU64::new(0),
            written: AtomicU64::new(0),
            untaken: AtomicU64::new(0),
            room: AtomicU64::new(u64::MAX),
            soft_room: AtomicU64::new(u64::MAX),
            wants_next: AtomicBool::new(false),
            listed: Mutex::default(),
            prepared: Mutex::default(),
            _lock: lock,
        }
    }

    /// The last durable batch.
    pub(crate) fn durable(&self) -> Sequence {
        Sequence::new(self.durable.load(Ordering::Acquire))
    }

    pub(crate) fn set_durable(&self, sequence: Sequence) {
        self.durable.store(sequence.number(), Ordering::Release);
    }

    /// Octets of frames made durable since the opening.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    pub(crate) fn add_written(&self, octets: u64) {
        self.written.fetch_add(octets, Ordering::Relaxed);
    }

    /// Octets of frames that are durable and not yet taken over by the state half.
    pub(crate) fn untaken(&self) -> u64 {
        self.untaken.load(Ordering::Relaxed)
    }

    fn add_untaken(&self, octets: u64) {
        self.untaken.fetch_add(octets, Ordering::Relaxed);
    }

    /// The state half has taken over a frame of so many octets.
    pub(crate) fn taken(&self, octets: u64) {
        self.untaken.fetch_sub(octets, Ordering::Relaxed);
    }

    /// The state half has room for so many octets more; the last `kept` of them are not for new sessions.
    pub(crate) fn set_room(&self, room: u64, kept: u64) {
        self.room.store(room, Ordering::Relaxed);
        self.soft_room.store(room.saturating_sub(kept), Ordering::Relaxed);
    }

    /// Whether new sessions are to be refused: what is durable comes faster than the state half takes it over, or brings
    /// it into the state.
    pub(crate) fn is_behind(&self) -> bool {
        self.untaken() >= self.soft_room.load(Ordering::Relaxed)
    }

    /// Whether the state half has no room for what is durable: it must take that over first.
    fn is_full(&self) -> bool {
        self.untaken() >= self.room.load(Ordering::Relaxed)
    }

    /// The segments, oldest first.
    pub(crate) fn listed(&self) -> MutexGuard<'_, Vec<Listed>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Octets of the live segments.
    pub(crate) fn octets(&self) -> u64 {
        self.listed().iter().fold(0, |sum, listed| sum.saturating_add(listed.size))
    }

    /// Asks for the next segment to be prepared.
    pub(crate) fn want_next(&self) {
        self.wants_next.store(true, Ordering::Relaxed);
    }

    /// Whether the next segment is asked for and not there.
    pub(crate) fn is_next_wanted(&self) -> bool {
        self.wants_next.load(Ordering::Relaxed) && self.prepared().is_none()
    }

    fn prepared(&self) -> MutexGuard<'_, Option<PathBuf>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the prepared segment, if there is one.
    fn take_prepared(&self) -> Option<PathBuf> {
        self.wants_next.store(false, Ordering::Relaxed);
        self.prepared().take()
    }

    /// Begins to write the zeros of the next segment.
    pub(crate) fn begin_next(&self) -> std::io::Result<Preparing> {
        Preparing::begin(&self.dir.join(PREPARED), self.segment_size)
    }

    /// Hands the next segment to the writer; it is written and synced.
    pub(crate) fn finish_next(&self, preparing: Preparing) -> std::io::Result<()> {
        let (partial, _) = preparing.into_file();
        // The one before has lost this name for good before another takes it.
        self.disk.sync_dir(&self.dir)?;
        let ready = self.dir.join(READY);
        // The writer may have taken its own meanwhile; a second one is not kept.
        let mut prepared = self.prepared();
        std::fs::rename(partial.path(), &ready)?;
        partial.keep();
        self.disk.sync_dir(&self.dir)?;
        *prepared = Some(ready);
        Ok(())
    }

    /// Removes what an interrupted run had prepared.
    pub(crate) fn clear_prepared(&self) -> Result<(), StoreError> {
        for name in [PREPARED, READY, UNPREPARED, recovery::REWRITE] {
            files::remove(&*self.disk, &self.dir.join(name))?;
        }
        Ok(())
    }
}

/// The next segment while its zeros are written by the upkeep.
const PREPARED: &str = "next.preparing";
/// The next segment, ready for the writer; and the last one, until the directory is synced after the writer took it.
const READY: &str = "next.ready";
/// The next segment while the writer writes its zeros itself, because none was ready.
const UNPREPARED: &str = "next.writing";
