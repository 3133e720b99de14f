//! Upkeep in paced steps: the next segment, checkpoints, exports, archive, verification in the background.
//!
//! What lags most goes first, at the pace that its lag needs ([`crate::store::pace`]); exports and the archive, which
//! make room on disk, go when neither segment nor checkpoint is behind. The room of a segment is the half
//! that is left in the one before; that of a checkpoint is half of the memory for changes,
//! [`super::Options::checkpoint_octets`] of journal, or in all the quarter above that half, whatever fills first; that of
//! an export, and of the archive after it, is [`super::Options::export_octets`] of journal.

use super::LocalState;
use super::marks::{self, Manifest};
use super::verification::Verification;
use crate::store::archive::Archiving;
use crate::store::export::{Exporting, Step};
use crate::store::files;
use crate::store::journal::segment::Preparing;
use crate::store::octets::{narrow, wide};
use crate::store::pace::{Lag, Pace, Part};
use crate::store::sled::Facts;
use crate::store::sled::pages::PAGE_MAX;
use crate::store::{Progress, Sequence, StoreError};

/// What upkeep is at.
#[derive(Debug)]
pub(super) struct Upkeep {
    /// Journal octets before this run that count towards the next checkpoint and export.
    checkpoint_carry: u64,
    export_carry: u64,
    /// What the writer had written when the last checkpoint and export began.
    checkpoint_at: u64,
    export_at: u64,
    /// What it had written when the next segment was begun.
    preparing_at: u64,
    preparing: Option<Preparing>,
    exporting: Option<Box<Exporting>>,
    archiving: Option<Box<Archiving>>,
    pub(super) verification: Verification,
    /// What failed when it was tried last.
    failed: Vec<Piece>,
    /// What the last step needs.
    pub(super) pace: Pace,
}

/// A piece of upkeep, in the order in which they go when none lags more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Piece {
    Segment,
    Checkpoint,
    Export,
    Archive,
    Verification,
}

impl Upkeep {
    pub(super) const fn new(damage: Vec<String>) -> Self {
        Self {
            checkpoint_carry: 0,
            export_carry: 0,
            checkpoint_at: 0,
            export_at: 0,
            preparing_at: 0,
            preparing: None,
            exporting: None,
            archiving: None,
            verification: Verification::new(damage),
            failed: Vec::new(),
            pace: Pace::GENTLE,
        }
    }

    /// Octets of journal before this run that count towards the next checkpoint and export.
    pub(super) const fn begin(&mut self, since_checkpoint: u64, since_export: u64) {
        self.checkpoint_carry = since_checkpoint;
        self.export_carry = since_export;
    }
}

impl LocalState {
    /// Does about `octets` of what lags most. What failed does not keep the rest from being done.
    pub(super) fn upkeep_step(&mut self, octets: u64) -> Result<Progress, StoreError> {
        for (lag, piece) in self.pieces() {
            let done = match piece {
                Piece::Segment => Ok(self.prepare_step(octets)),
                Piece::Checkpoint => self.checkpoint_step(octets),
                Piece::Export => self.export_step(octets),
                Piece::Archive => self.archive_step(octets),
                Piece::Verification => self.verify_step(octets),
            };
            self.upkeep.failed.retain(|failed| *failed != piece);
            if done.is_err() {
                self.upkeep.failed.push(piece);
                if piece == Piece::Export {
                    // It is due as it was.
                    self.upkeep.export_carry = self.options.export_octets;
                }
            }
            if done.as_ref().is_ok_and(|progress| *progress == Progress::Idle) {
                continue;
            }
            self.upkeep.pace = lag.pace();
            return done;
        }
        self.upkeep.pace = Pace::GENTLE;
        Ok(Progress::Idle)
    }

    /// What is to be done, that which lags most first.
    fn pieces(&self) -> Vec<(Lag, Piece)> {
        let runs = self.tree.failure().is_none();
        let export_filled = self.export_filled();
        let mut pieces = Vec::with_capacity(5);
        if let Some(preparing) = &self.upkeep.preparing {
            let since = self.shared.written().saturating_sub(self.upkeep.preparing_at);
            let filled = Part::of(since, self.options.segment_octets.div_euclid(2));
            pieces.push((Lag::of(filled, preparing.part_done()), Piece::Segment));
        } else if self.shared.is_next_wanted() {
            pieces.push((Lag::of(Part::NONE, Part::NONE), Piece::Segment));
        }
        let filled = self.checkpoint_filled();
        if let Some(draining) = self.overlay.draining().filter(|_| runs) {
            pieces.push((Lag::of(filled, draining.part_done()), Piece::Checkpoint));
        } else if runs && filled >= Part::ALL && self.manifest.sequence < self.applied {
            pieces.push((Lag::of(filled.beyond(), Part::NONE), Piece::Checkpoint));
        }
        // How much of an export is done is not known: it goes faster the longer it takes.
        if runs && (self.upkeep.exporting.is_some() || export_filled >= Part::ALL) {
            let filled = if self.upkeep.exporting.is_some() { export_filled } else { export_filled.beyond() };
            pieces.push((Lag::of(filled, Part::ALL), Piece::Export));
        }
        pieces.push((Lag::of(export_filled.min(Part::ALL), Part::ALL), Piece::Archive));
        pieces.push((Lag::LAST, Piece::Verification));
        pieces.sort_by_key(|(lag, piece)| {
            let failed = self.upkeep.failed.contains(piece);
            core::cmp::Reverse(match piece {
                _ if failed => Lag::FAILED.min(*lag),
                // These only make room on disk: they wait while anything else is behind.
                Piece::Export | Piece::Archive => Lag::NONE.min(*lag),
                Piece::Segment | Piece::Checkpoint | Piece::Verification => *lag,
            })
        });
        pieces
    }

    /// Writes zeros of the next segment. Failing is no error here: the writer reports overload when it gets there.
    fn prepare_step(&mut self, octets: u64) -> Progress {
        if self.upkeep.preparing.is_none() && !self.shared.is_next_wanted() {
            return Progress::Idle;
        }
        let preparing = self.upkeep.preparing.take();
        if preparing.is_none() {
            self.upkeep.preparing_at = self.shared.written();
        }
        let disk = &*self.options.disk;
        let step = || -> std::io::Result<Option<Preparing>> {
            let mut preparing = preparing.map_or_else(|| self.shared.begin_next(), Ok)?;
            if preparing.step(disk, octets)? {
                self.shared.finish_next(preparing)?;
                return Ok(None);
            }
            Ok(Some(preparing))
        };
        match step() {
            Ok(preparing) => {
                self.upkeep.preparing = preparing;
                Progress::More
            }
            Err(_) => Progress::Idle,
        }
    }

    /// How far the room is filled that the last checkpoint, or the one that is being made, has left for the next.
    fn checkpoint_filled(&self) -> Part {
        let since = self.shared.written().saturating_sub(self.upkeep.checkpoint_at);
        let since = since.saturating_add(self.upkeep.checkpoint_carry);
        let journal = Part::of(since, self.options.checkpoint_octets);
        let quarter = self.options.overlay_octets.div_euclid(4);
        let half = quarter.saturating_mul(2);
        let gathered = Part::of(self.overlay.gathered(), half);
        let above = Part::of(self.overlay.octets().saturating_sub(half), quarter);
        journal.max(gathered).max(above)
    }

    /// Brings some changes into the state; with the last of them, makes the checkpoint.
    fn checkpoint_step(&mut self, octets: u64) -> Result<Progress, StoreError> {
        if self.overlay.draining().is_none() {
            self.overlay.begin_drain(self.applied);
            self.upkeep.checkpoint_at = self.shared.written();
            self.upkeep.checkpoint_carry = 0;
        }
        let Some(draining) = self.overlay.draining_mut() else { return Ok(Progress::Idle) };
        // A page is read and written.
        let pages = narrow(octets.div_euclid(wide(PAGE_MAX).saturating_mul(2)));
        let target = draining.target;
        let last = self.tree.apply(draining.changes(), None, pages, target)?;
        draining.done(last);
        if last.is_none() {
            self.seal(target)?;
        }
        Ok(Progress::More)
    }

    /// The state reaches up to `sentinel`: makes it durable, then says so in MANIFEST.
    fn seal(&mut self, sentinel: Sequence) -> Result<(), StoreError> {
        let disk = &*self.options.disk;
        self.tree.seal(Facts { store: self.store, sentinel, high: sentinel }, disk)?;
        let manifest =
            Manifest { generation: self.manifest.generation.saturating_add(1), sequence: sentinel };
        marks::write_manifest(&self.places.root, &self.store, manifest, disk)?;
        self.manifest = manifest;
        self.overlay.end_drain();
        Ok(())
    }

    /// Brings everything applied into the state, and makes a checkpoint.
    pub(super) fn checkpoint_now(&mut self) -> Result<(), StoreError> {
        while self.manifest.sequence < self.applied {
            self.checkpoint_step(WITHOUT_PACE)?;
        }
        Ok(())
    }

    /// How much of the journal after which an export is due was written since the last one began.
    fn export_filled(&self) -> Part {
        let since = self.shared.written().saturating_sub(self.upkeep.export_at);
        Part::of(since.saturating_add(self.upkeep.export_carry), self.options.export_octets)
    }

    fn export_step(&mut self, octets: u64) -> Result<Progress, StoreError> {
        let exporting = if let Some(exporting) = self.upkeep.exporting.take() {
            *exporting
        } else {
            self.upkeep.export_at = self.shared.written();
            self.upkeep.export_carry = 0;
            if self.exports.last().is_some_and(|last| last.start == self.applied) {
                return Ok(Progress::More);
            }
            Exporting::begin(&self.places.exports, &self.store, self.applied)?
        };
        let disk = std::sync::Arc::clone(&self.options.disk);
        let now = self.applied;
        match exporting.step(self, &*disk, octets, now)? {
            Step::More(exporting) => self.upkeep.exporting = Some(exporting),
            Step::Done(export) => {
                self.exports.push(export);
                while self.exports.len() > KEPT_EXPORTS {
                    let old = self.exports.remove(0);
                    files::remove(&*disk, &old.path)?;
                }
            }
        }
        Ok(Progress::More)
    }

    /// Archives the oldest segment if it lies below MANIFEST and the older of two verified exports.
    fn archive_step(&mut self, octets: u64) -> Result<Progress, StoreError> {
        let [.., older, _] = self.exports.as_slice() else { return Ok(Progress::Idle) };
        let below = older.start.min(self.manifest.sequence);
        let (segment, end) = {
            let listed = self.shared.listed();
            let [oldest, next, ..] = listed.as_slice() else { return Ok(Progress::Idle) };
            if next.first > below.next().number() {
                return Ok(Progress::Idle);
            }
            (oldest.clone(), next.first)
        };
        let disk = &*self.options.disk;
        // An interrupted run may have archived it and not removed it, or it may hold no batch at all.
        let is_archived = self.archived.last().is_some_and(|last| last.last >= end.saturating_sub(1));
        if segment.first < end && !is_archived {
            let mut archiving = match self.upkeep.archiving.take() {
                Some(archiving) => archiving,
                None => Box::new(Archiving::begin(&self.places.archive, &segment.path, &self.store, end)?),
            };
            if !archiving.step(disk, octets)? {
                self.upkeep.archiving = Some(archiving);
                return Ok(Progress::More);
            }
            self.archived.push(archiving.finish(disk)?);
        }
        self.shared.listed().retain(|listed| listed.segment != segment.segment);
        files::remove(disk, &segment.path)?;
        Ok(Progress::More)
    }
}

/// Octets of a step of a checkpoint that is made at once.
const WITHOUT_PACE: u64 = 1024 * 1024;

/// How many verified exports are kept.
const KEPT_EXPORTS: usize = 2;
