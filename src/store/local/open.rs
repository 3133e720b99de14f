//! Opening: what is looked at before anything is served, and how it repairs itself.
//!
//! 1. The last segment is given its name, and the journal is surveyed: where does it end?
//! 2. MANIFEST, exports and state are asked for the last batch they know. If one knows of a later batch than the
//!    journal, acknowledged changes are missing: refused.
//! 3. The journal goes on in a new epoch, its last segment written anew and synced.
//! 4. A state that is missing, does not open, or is older than its checkpoint is set aside and built anew from the
//!    newest export that is whole, or from the journal alone if it reaches back to the first batch.
//! 5. The journal after the checkpoint is read again.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::marks::{self, Manifest};
use super::overlay::Overlay;
use super::upkeep::Upkeep;
use super::{Local, LocalState, Options, Places};
use crate::store::archive::ArchiveReader;
use crate::store::export::{self, Export, ExportReader};
use crate::store::files::{self, Lock};
use crate::store::journal::reader::JournalReader;
use crate::store::journal::recovery::{self, Survey};
use crate::store::journal::segment::StoreId;
use crate::store::journal::{self};
use crate::store::sled::probe::probe;
use crate::store::sled::rebuild::Builder;
use crate::store::sled::{Facts, Tree};
use crate::store::{Notice, Sequence, StoreError, archive, sys};

/// Opens the store in `root`, or makes one where nothing is.
pub(crate) fn open(root: &Path, options: Options) -> Result<Local, StoreError> {
    if !sys::is_guarded() {
        return Err(StoreError::Unguarded);
    }
    let disk = Arc::clone(&options.disk);
    files::make_dir(&*disk, root)?;
    let lock = Lock::take(root)?;
    let places = Places::of(root);
    let mut notices = Vec::new();
    let (store, is_new) = identity(&places, &options)?;
    for dir in [&places.journal, &places.exports, &places.archive] {
        files::make_dir(&*disk, dir)?;
    }
    recovery::name_last(&places.journal, &store, &*disk)?;
    let survey = recovery::survey(&places.journal, &store)?;
    if let Some((segment, offset)) = survey.torn {
        notices.push(Notice::TornTail { segment, offset });
    }
    let (last, first) = (survey.last, survey.first);
    let (exports, damaged_exports) = export::list(&places.exports, &store)?;
    let manifest = marks::read_manifest(root, &store);
    let kept = judge(&places, &options, &store, &survey, &exports, &manifest)?;
    let journal = &places.journal;
    let shared = journal::Shared::new(journal, store, options.segment_octets, Arc::clone(&disk), lock);
    let shared = Arc::new(shared);
    let (writer, epoch) = recovery::resume(survey, Arc::clone(&shared))?;
    let generation = manifest.as_ref().ok().and_then(|found| *found).unwrap_or_default().generation;
    let manifest = match kept {
        Kept::Usable(manifest) => manifest,
        Kept::Missing if is_new => {
            notices.push(Notice::Created);
            Rebuild { places: &places, options: &options, store, first, last }.run(
                &exports,
                generation,
                &mut notices,
            )?
        }
        Kept::Missing => Rebuild { places: &places, options: &options, store, first, last }.run(
            &exports,
            generation,
            &mut notices,
        )?,
        Kept::Broken(reason) => {
            notices.push(set_aside(&places, epoch, reason)?);
            Rebuild { places: &places, options: &options, store, first, last }.run(
                &exports,
                generation,
                &mut notices,
            )?
        }
    };
    marks::rebuild_done(root, &*disk)?;
    let mut state = LocalState {
        tree: Tree::open(&places.sled, options.cache_octets)?.watched(&options.pulse),
        reader: JournalReader::new(Arc::clone(&shared)),
        archived: archive::list(&places.archive)?,
        archive_reader: ArchiveReader::default(),
        backup: None,
        applied: manifest.sequence,
        manifest,
        overlay: Overlay::default(),
        upkeep: Upkeep::new(damaged_exports.iter().map(ToString::to_string).collect()),
        places,
        options,
        store,
        shared: Arc::clone(&shared),
        epoch,
        exports,
    };
    replay(&mut state, &mut notices)?;
    Ok(Local { writer, state, last, epoch, notices })
}

/// Which store this is; true if it was made just now.
fn identity(places: &Places, options: &Options) -> Result<(StoreId, bool), StoreError> {
    let root = &places.root;
    if let Some(store) = marks::read_store(root)? {
        return Ok((store, false));
    }
    for entry in fs::read_dir(root).map_err(StoreError::io("list", root))? {
        let name = entry.map_err(StoreError::io("list", root))?.file_name();
        if !["LOCK", "STORE.tmp", "lost+found"].iter().any(|known| name == *known) {
            return Err(StoreError::NoStore { path: root.clone() });
        }
    }
    let store = marks::draw_store()?;
    marks::write_store(root, &store, &*options.disk)?;
    Ok((store, true))
}

/// What is to become of the state that is there.
enum Kept {
    Usable(Manifest),
    Missing,
    Broken(String),
}

/// Asks everyone for the last batch they know, and judges whether the state can be used.
fn judge(
    places: &Places,
    options: &Options,
    store: &StoreId,
    survey: &Survey,
    exports: &[Export],
    manifest: &Result<Option<Manifest>, StoreError>,
) -> Result<Kept, StoreError> {
    let end = survey.last;
    let known = |witness: &'static str, known: Sequence| {
        if known <= end {
            return Ok(());
        }
        Err(StoreError::JournalShort { path: places.journal.clone(), end, witness, known })
    };
    for export in exports {
        known("an export", export.end)?;
    }
    for archived in archive::list(&places.archive)? {
        known("the archive", Sequence::new(archived.last))?;
    }
    if let Ok(Some(manifest)) = manifest {
        known("MANIFEST", manifest.sequence)?;
    }
    if !places.sled.is_dir() {
        return Ok(Kept::Missing);
    }
    let manifest = match manifest {
        Ok(Some(manifest)) => *manifest,
        Ok(None) => return Ok(Kept::Broken("there is no MANIFEST for it".to_owned())),
        Err(error) => return Ok(Kept::Broken(error.to_string())),
    };
    if let Some(reason) = marks::rebuild_asked(&places.root) {
        return Ok(Kept::Broken(format!("it failed in an earlier run: {reason}")));
    }
    let facts = match probe(&options.probe, &places.sled, options.cache_octets)? {
        Ok(Some(facts)) => facts,
        Ok(None) => return Ok(Kept::Broken("it is empty".to_owned())),
        Err(reason) => return Ok(Kept::Broken(reason)),
    };
    if facts.store != *store {
        return Ok(Kept::Broken("it belongs to another store".to_owned()));
    }
    known("the state in sled", facts.sentinel.max(facts.high))?;
    if facts.sentinel < manifest.sequence {
        let (has, wants) = (facts.sentinel, manifest.sequence);
        return Ok(Kept::Broken(format!("it ends at sequence {has}, before its checkpoint at {wants}")));
    }
    if manifest.sequence.next() < survey.first {
        let first = survey.first;
        return Ok(Kept::Broken(format!("the journal begins at sequence {first}, after its checkpoint")));
    }
    Ok(Kept::Usable(manifest))
}

/// Gives the state another name, so that it can be looked at; one set aside before goes.
fn set_aside(places: &Places, epoch: u64, reason: String) -> Result<Notice, StoreError> {
    let root = &places.root;
    for entry in fs::read_dir(root).map_err(StoreError::io("list", root))? {
        let path = entry.map_err(StoreError::io("list", root))?.path();
        let old = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(ASIDE));
        if old {
            fs::remove_dir_all(&path).map_err(StoreError::io("remove", &path))?;
        }
    }
    let path = root.join(format!("{ASIDE}{epoch}"));
    fs::rename(&places.sled, &path).map_err(StoreError::io("rename", &places.sled))?;
    Ok(Notice::SetAside { path, reason })
}

const ASIDE: &str = "sled.aside-";

/// Builds the state anew.
struct Rebuild<'a> {
    places: &'a Places,
    options: &'a Options,
    store: StoreId,
    first: Sequence,
    last: Sequence,
}

impl Rebuild<'_> {
    /// From the newest export that is whole and that the journal goes on from; else from the journal alone.
    fn run(
        &self,
        exports: &[Export],
        generation: u64,
        notices: &mut Vec<Notice>,
    ) -> Result<Manifest, StoreError> {
        let reached = exports.iter().rev().filter(|export| export.start.next() >= self.first);
        for export in reached {
            match self.load(export) {
                Ok(records) => {
                    notices.push(Notice::Rebuilt { from: export.start, records });
                    return self.install(export.start, generation);
                }
                // A damaged export: the other one may be whole.
                Err(StoreError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if self.first > Sequence::new(1) {
            return Err(StoreError::NotRebuildable { begins: self.first });
        }
        let facts = Facts { store: self.store, sentinel: Sequence::ZERO, high: Sequence::ZERO };
        let builder = self.builder(facts)?;
        builder.finish(&*self.options.disk)?;
        if self.last > Sequence::ZERO {
            notices.push(Notice::Rebuilt { from: Sequence::ZERO, records: 0 });
        }
        self.install(Sequence::ZERO, generation)
    }

    fn builder(&self, facts: Facts) -> Result<Builder, StoreError> {
        Builder::begin(&self.temporary(), self.options.cache_octets, facts, &self.options.pulse)
    }

    fn temporary(&self) -> std::path::PathBuf {
        self.places.root.join("sled.new")
    }

    fn load(&self, export: &Export) -> Result<u64, StoreError> {
        let facts = Facts { store: self.store, sentinel: export.start, high: export.end };
        let mut reader = ExportReader::open(&export.path)?;
        let mut builder = self.builder(facts)?;
        while let Some(records) = reader.next()? {
            for (class, key, loaded) in records {
                builder.put(class, key, loaded)?;
            }
        }
        builder.finish(&*self.options.disk)?;
        Ok(reader.records())
    }

    /// MANIFEST goes back first: with the old one, the new state would look older than its checkpoint.
    fn install(&self, sequence: Sequence, generation: u64) -> Result<Manifest, StoreError> {
        let manifest = Manifest { generation: generation.saturating_add(1), sequence };
        let disk = &*self.options.disk;
        marks::write_manifest(&self.places.root, &self.store, manifest, disk)?;
        files::rename(disk, &self.temporary(), &self.places.sled)?;
        Ok(manifest)
    }
}

/// Reads the journal after the checkpoint again.
fn replay(state: &mut LocalState, notices: &mut Vec<Notice>) -> Result<(), StoreError> {
    let from = state.manifest.sequence;
    let shared = Arc::clone(&state.shared);
    let octets = recovery::replay(&shared, from, &mut |sequence, records| {
        state.applied = sequence;
        state.overlay.take(sequence, records);
        if state.room() == 0 {
            state.checkpoint_now()?;
        }
        Ok(())
    })?;
    let to = state.applied;
    if to > from {
        notices.push(Notice::Replayed { from, to });
    }
    state.upkeep.begin(octets, journal_since_export(state));
    state.tell_room();
    Ok(())
}

/// Octets of journal written since the newest export began, by whole segments.
fn journal_since_export(state: &LocalState) -> u64 {
    let start = state.exports.last().map_or(0, |export| export.start.number());
    let listed = state.shared.listed();
    listed
        .iter()
        .filter(|segment| segment.first > start)
        .fold(0, |sum, segment| sum.saturating_add(segment.size))
}
