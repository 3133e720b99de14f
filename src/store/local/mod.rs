//! The store of one machine: a journal, and the state behind it in sled, in one directory owned by one process.
//!
//! ```text
//! STORE      which store this is            exports/  the state, sorted; two are kept
//! LOCK       held while it is in use        archive/  what of old segments lives nowhere else
//! journal/   segments                       sled/     the state, rebuilt when it is lost
//! MANIFEST   up to where the state is durable
//! ```
//!
//! * `backing`: a backup while it serves.
//! * `open`: what is looked at before anything is served, and how it repairs itself.
//! * `overlay`: what is durable in the journal and not yet in the state.
//! * `upkeep`: checkpoints, exports, archive, in paced steps.
//! * `verification`: what opening did not read, read in the background.

mod backing;
mod marks;
mod open;
mod overlay;
mod upkeep;
mod verification;

#[cfg(test)]
pub(super) mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::backing::Backing;
use self::marks::Manifest;
use self::overlay::Overlay;
use self::upkeep::Upkeep;
use super::archive::{ArchiveReader, Archived};
use super::export::{Export, Source};
use super::files::{Disk, SystemDisk};
use super::journal::reader::JournalReader;
use super::journal::segment::StoreId;
use super::journal::writer::Writer;
use super::journal::{Shared, frame};
use super::record::{Class, Key, Record};
use super::sled::Tree;
use super::{
    Batch, Budget, Commit as _, Loaded, Notice, Opened, Pace, Probe, Progress, Pulse, Sequence, Space, State,
    Status, StoreError, sys,
};

const MIB: u64 = 1024 * 1024;

/// How a store is opened and kept up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Octets of a journal segment (64 MiB): a batch must fit into one.
    pub segment_octets: u64,
    /// Octets of journal after which a checkpoint is due (256 MiB): about what a restart reads again, and what the
    /// changes take in memory.
    pub checkpoint_octets: u64,
    /// Octets of journal after which an export is due (4 GiB): between one and three times that much journal is kept.
    pub export_octets: u64,
    /// The most octets of changes in memory that are not in the state yet, about (512 MiB): a checkpoint is due at half of
    /// it at the latest, new sessions are to be refused from three quarters on, nothing is committed at all of it. An
    /// opening that meets more brings them into the state before it goes on.
    pub overlay_octets: u64,
    /// Octets of sled's cache (128 MiB).
    pub cache_octets: u64,
    /// Free octets below which new sessions are to be refused (2 GiB).
    pub low_space_octets: u64,
    /// How the state is tried before it is opened.
    pub probe: Probe,
    /// How octets get to the disk.
    pub disk: Arc<dyn Disk>,
    /// Beats at each call of sled: looked at from another thread, since sled may not come back.
    pub pulse: Arc<Pulse>,
}

impl Options {
    /// The defaults, with this way to try the state.
    pub fn new(probe: Probe) -> Self {
        Self {
            segment_octets: 64 * MIB,
            checkpoint_octets: 256 * MIB,
            export_octets: 4_096 * MIB,
            overlay_octets: 512 * MIB,
            cache_octets: 128 * MIB,
            low_space_octets: 2_048 * MIB,
            probe,
            disk: Arc::new(SystemDisk),
            pulse: Arc::default(),
        }
    }
}

/// Opens the store in `dir`, or makes one where nothing is.
///
/// [`super::guard`] must have been called before. Fails with [`StoreError::InUse`] when another process has it.
/// Whatever an interrupted run has left is repaired; what was lost in spite of having been durable is refused.
pub fn open(dir: &Path, options: Options) -> Result<Opened, StoreError> {
    let Local { writer, state, last, epoch, notices } = open::open(dir, options)?;
    Ok(Opened { commit: Box::new(writer), state: Box::new(state), last, epoch, notices })
}

/// An opened store, its halves not yet behind their traits.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) writer: Writer,
    pub(crate) state: LocalState,
    pub(crate) last: Sequence,
    pub(crate) epoch: u64,
    pub(crate) notices: Vec<Notice>,
}

impl Local {
    /// Makes a batch of these records durable and applies it: for tools, which wait for each.
    pub(crate) fn commit(&mut self, records: Vec<Record>) -> Result<(), StoreError> {
        let batch = Batch { sequence: self.writer.durable().next(), guards: Vec::new(), records };
        self.writer.append(&batch)?;
        self.last = self.writer.sync()?;
        self.state.apply(batch)
    }
}

pub(crate) use backing::BATCH;
pub(crate) use marks::write_store as write_identity;

/// Opens the store in `dir` as [`open()`] does; where none is, none is made.
pub(crate) fn open_existing(dir: &Path, options: Options) -> Result<Local, StoreError> {
    if dir.join("STORE").is_file() {
        open::open(dir, options)
    } else {
        Err(StoreError::NoStore { path: dir.to_path_buf() })
    }
}

/// The places in a data directory.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) root: PathBuf,
    pub(crate) journal: PathBuf,
    pub(crate) exports: PathBuf,
    pub(crate) archive: PathBuf,
    pub(crate) sled: PathBuf,
}

impl Places {
    pub(crate) fn of(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            journal: root.join("journal"),
            exports: root.join("exports"),
            archive: root.join("archive"),
            sled: root.join("sled"),
        }
    }
}

/// The state half.
#[derive(Debug)]
pub(crate) struct LocalState {
    pub(crate) places: Places,
    options: Options,
    pub(crate) store: StoreId,
    pub(crate) shared: Arc<Shared>,
    reader: JournalReader,
    tree: Tree,
    epoch: u64,
    applied: Sequence,
    manifest: Manifest,
    overlay: Overlay,
    pub(crate) exports: Vec<Export>,
    pub(crate) archived: Vec<Archived>,
    archive_reader: ArchiveReader,
    upkeep: Upkeep,
    backup: Option<Box<Backing>>,
}

impl LocalState {
    fn is_state(class: Class) -> Result<(), StoreError> {
        if class.is_journal_only() { Err(StoreError::NotState { class }) } else { Ok(()) }
    }

    /// Octets of changes that memory still has room for.
    fn room(&self) -> u64 {
        self.options.overlay_octets.saturating_sub(self.overlay.octets())
    }

    /// Tells the write half how much room there is.
    fn tell_room(&self) {
        self.shared.set_room(self.room(), self.options.overlay_octets.div_euclid(4));
    }

    /// Notes that the state has failed, so that the next opening rebuilds it.
    fn noted<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let (Err(StoreError::State { .. }), Some(reason)) = (&result, self.tree.failure()) {
            marks::ask_for_rebuild(&self.places.root, reason);
        }
        result
    }
}

impl Source for LocalState {
    fn read(&mut self, class: Class, from: &Key, limit: usize) -> Result<Vec<(Key, Loaded)>, StoreError> {
        self.scan(class, from, limit)
    }
}

impl State for LocalState {
    fn apply(&mut self, batch: Batch) -> Result<(), StoreError> {
        let expected = self.applied.next();
        if batch.sequence != expected || batch.sequence > self.shared.durable() {
            return Err(StoreError::OutOfOrder { expected, found: batch.sequence });
        }
        self.applied = batch.sequence;
        let octets = frame::octets_of(&batch.records).unwrap_or(0);
        self.overlay.take(batch.sequence, batch.records);
        self.tell_room();
        self.shared.taken(octets);
        Ok(())
    }

    fn load(&mut self, class: Class, key: &Key) -> Result<Option<Loaded>, StoreError> {
        Self::is_state(class)?;
        if let Some(found) = self.overlay.find(class, key) {
            return Ok(overlay::loaded(found));
        }
        let loaded = self.tree.load(class, key);
        self.noted(loaded)
    }

    fn scan(&mut self, class: Class, from: &Key, limit: usize) -> Result<Vec<(Key, Loaded)>, StoreError> {
        Self::is_state(class)?;
        let mut out = Vec::new();
        let mut from = Some(*from);
        while let Some(start) = from.filter(|_| out.len() < limit) {
            let wanted = limit.saturating_sub(out.len());
            let below = self.tree.scan(class, &start, wanted);
            let below = self.noted(below)?;
            // With fewer than were asked for, the class has no more; else what lies behind the last one waits.
            let last = below.last().map(|(key, _)| *key).filter(|_| below.len() >= wanted);
            self.overlay.merge((class, &start), last.as_ref(), below, limit, &mut out);
            from = last.and_then(|last| last.next());
        }
        Ok(out)
    }

    fn read_frame(&mut self, sequence: Sequence) -> Result<Vec<Record>, StoreError> {
        if let Some(records) = self.reader.read(sequence)? {
            return Ok(records);
        }
        let number = sequence.number();
        let after = self.archived.partition_point(|archived| archived.first <= number);
        let found = after.checked_sub(1).and_then(|index| self.archived.get(index));
        match found.filter(|archived| archived.last >= number) {
            Some(archived) => self.archive_reader.read(archived, sequence),
            None => Err(StoreError::NoSuchFrame { sequence }),
        }
    }

    fn step(&mut self, budget: Budget) -> Result<Progress, StoreError> {
        let done = self.upkeep_step(budget.octets);
        self.tell_room();
        self.noted(done)
    }

    fn pace(&self) -> Pace {
        self.upkeep.pace
    }

    fn backup(&mut self, to: &Path, budget: Budget) -> Result<Progress, StoreError> {
        let backing = match self.backup.take() {
            Some(backing) => backing,
            None => Box::new(Backing::begin(self, to)?),
        };
        self.backup = backing.step(self, budget.octets)?.map(Box::new);
        Ok(if self.backup.is_some() { Progress::More } else { Progress::Idle })
    }

    fn checkpoint(&mut self) -> Result<(), StoreError> {
        let done = self.checkpoint_now();
        self.tell_room();
        self.noted(done)
    }

    fn status(&self) -> Status {
        Status {
            epoch: self.epoch,
            applied: self.applied,
            checkpoint: self.manifest.sequence,
            journal_octets: self.shared.octets(),
            overlay_octets: self.overlay.octets(),
            behind: self.shared.is_behind(),
            exports: self.exports.iter().map(|export| export.start).collect(),
            verified: self.upkeep.verification.progress(),
            damage: self.upkeep.verification.damage().to_vec(),
            stopped: self.tree.failure().map(str::to_owned),
            space: Space {
                available: sys::available(&self.places.root).unwrap_or(0),
                watermark: self.options.low_space_octets,
            },
        }
    }
}
