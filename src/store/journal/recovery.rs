//! What an end of the last run has left: surveyed without changing anything, then resumed in a new epoch.
//!
//! The first bad frame of the last segment is a torn end only if no whole frame of the same opening follows it;
//! else it is damage. The last segment's good frames are then written to a new segment and synced before anything
//! is answered from them: after a failed sync the page cache may hold what the disk does not.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::frame::{self, Kind, Place};
use super::segment::{self, Ending, FIRST_FRAME, Frames, Page, Preparing, SIZE_MIN, StoreId};
use super::writer::{At, Writer};
use super::{Listed, MARK_EVERY, READY, Shared};
use crate::store::error::Damage;
use crate::store::octets::wide;
use crate::store::record::Record;
use crate::store::{Sequence, StoreError, files};

/// The new last segment while it is written.
pub(super) const REWRITE: &str = "rewrite.tmp";

/// What is there.
#[derive(Debug)]
pub(crate) struct Survey {
    /// The segments, oldest first, without those whose frames were taken over by another.
    segments: Vec<(PathBuf, Page)>,
    /// Segments whose frames were taken over.
    replaced: Vec<PathBuf>,
    /// The last batch.
    pub(crate) last: Sequence,
    /// The first batch that is there, or the next one if there is none.
    pub(crate) first: Sequence,
    /// The last opening.
    epoch: u64,
    /// Where the last segment was torn: its id and offset.
    pub(crate) torn: Option<(u64, u64)>,
}

/// Gives the last segment its name where a crash has left it the one it had while it stood ready.
pub(crate) fn name_last(dir: &Path, store: &StoreId, disk: &dyn files::Disk) -> Result<(), StoreError> {
    let ready = dir.join(READY);
    let file = match File::open(&ready) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(StoreError::io("open", &ready)(source)),
    };
    let mut octets = [0; segment::PAGE];
    files::read_at(&file, &mut octets, 0).map_err(StoreError::io("read", &ready))?;
    match Page::decode(&octets) {
        Ok(page) => {
            let path = segment::path(dir, page.segment);
            if page.store != *store || path.exists() {
                return Err(StoreError::damaged(&ready, 0, Damage::Place));
            }
            files::rename(disk, &ready, &path)
        }
        Err(damage) => {
            // No frame is written before the first page is durable: without one, nothing was begun.
            let mut first = [0; frame::HEADER];
            files::read_at(&file, &mut first, FIRST_FRAME).map_err(StoreError::io("read", &ready))?;
            let is_begun = first.iter().any(|octet| *octet != 0);
            if is_begun { Err(StoreError::damaged(&ready, 0, damage)) } else { Ok(()) }
        }
    }
}

/// Looks at the journal in `dir` and changes nothing. Reads all of the last segment, and the first page of the others.
pub(crate) fn survey(dir: &Path, store: &StoreId) -> Result<Survey, StoreError> {
    let mut found = Vec::new();
    for (_, path) in files::list(dir, segment::EXTENSION)? {
        let frames = Frames::open(&path, store)?;
        let page = *frames.page();
        found.push((path, page));
    }
    let taken_over: Vec<u64> = found.iter().map(|(_, page)| page.replaces).filter(|id| *id != 0).collect();
    let (old, segments): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(_, page)| taken_over.contains(&page.segment));
    let mut survey = Survey {
        replaced: old.into_iter().map(|(path, _)| path).collect(),
        last: Sequence::ZERO,
        first: Sequence::new(segments.first().map_or(1, |(_, page)| page.first)),
        epoch: segments.iter().map(|(_, page)| page.epoch).max().unwrap_or(0),
        torn: None,
        segments,
    };
    for pair in survey.segments.windows(2) {
        if let [(_, before), (path, after)] = pair
            && (after.first < before.first || after.epoch < before.epoch)
        {
            let damage = Damage::Sequence { expected: before.first, found: after.first };
            return Err(StoreError::damaged(path, 0, damage));
        }
    }
    if let Some((path, _)) = survey.segments.last() {
        let mut frames = Frames::open(path, store)?;
        while frames.next()?.is_some() {}
        survey.last = Sequence::new(frames.sequence());
        match frames.ending()? {
            Ending::Clean => {}
            Ending::Torn { .. } => survey.torn = Some((frames.page().segment, frames.offset())),
            Ending::Damaged { good, .. } => {
                let damage = Damage::BehindIsGood { offset: good };
                return Err(StoreError::damaged(path, frames.offset(), damage));
            }
        }
    }
    Ok(survey)
}

/// Begins a new epoch: takes the last segment's frames over into a new one, synced, and gives the writer for it.
pub(crate) fn resume(survey: Survey, shared: Arc<Shared>) -> Result<(Writer, u64), StoreError> {
    if shared.segment_size < SIZE_MIN {
        let refused = std::io::Error::new(std::io::ErrorKind::InvalidInput, "segments of less than 64 KiB");
        return Err(StoreError::Directory { path: shared.dir.clone(), source: refused });
    }
    shared.clear_prepared()?;
    for path in &survey.replaced {
        files::remove(&*shared.disk, path)?;
    }
    let epoch = survey.epoch.saturating_add(1);
    let mut segments = survey.segments;
    let old = segments.pop();
    let (at, listed) = take_over(&shared, old.as_ref(), epoch, 1)?;
    if let Some((path, _)) = &old {
        files::remove(&*shared.disk, path)?;
    }
    {
        let mut all = shared.listed();
        all.clear();
        for (path, page) in segments {
            let marks = vec![(page.first, FIRST_FRAME)];
            all.push(Listed { segment: page.segment, path, first: page.first, size: page.size, marks });
        }
        all.push(listed);
    }
    Ok((Writer::new(shared, at)?, epoch))
}

/// Begins a journal where none is, with this batch as its first.
pub(crate) fn begin(shared: Arc<Shared>, first: Sequence) -> Result<Writer, StoreError> {
    let (at, listed) = take_over(&shared, None, 1, first.number())?;
    shared.listed().push(listed);
    Writer::new(shared, at)
}

/// Writes the frames of `old` into a new segment, syncs it, and gives it its name. Without one, the journal begins
/// with the batch `first`.
fn take_over(
    shared: &Shared,
    old: Option<&(PathBuf, Page)>,
    epoch: u64,
    first: u64,
) -> Result<(At, Listed), StoreError> {
    let page = match old {
        None => Page {
            store: shared.store,
            segment: 1,
            epoch,
            first,
            before: 0,
            replaces: 0,
            size: shared.segment_size,
        },
        Some((_, old)) => Page {
            segment: old.segment.saturating_add(1),
            epoch,
            replaces: old.segment,
            size: shared.segment_size.max(old.size),
            ..*old
        },
    };
    let temporary = shared.dir.join(REWRITE);
    let writing = |source| StoreError::io("write", &temporary)(source);
    let disk = &*shared.disk;
    let mut preparing = Preparing::begin(&temporary, page.size).map_err(writing)?;
    while !preparing.step(disk, page.size).map_err(writing)? {}
    let (partial, file) = preparing.into_file();
    disk.write_all_at(&file, &page.encode(), 0).map_err(writing)?;
    let mut copy =
        Copy { place: Place { segment: page.segment, epoch, before: page.before }, ..Copy::default() };
    copy.at = FIRST_FRAME;
    copy.marks.push((page.first, FIRST_FRAME));
    copy.last = page.first.saturating_sub(1);
    if let Some((path, _)) = old {
        copy.frames(disk, &mut Frames::open(path, &shared.store)?, &file, &temporary)?;
    }
    disk.sync_all(&file).map_err(StoreError::io("sync", &temporary))?;
    let path = segment::path(&shared.dir, page.segment);
    files::rename(disk, &partial.keep(), &path)?;
    let last = Sequence::new(copy.last);
    let at = At {
        path: path.clone(),
        segment: page.segment,
        epoch,
        offset: copy.at,
        before: copy.place.before,
        last,
    };
    let listed =
        Listed { segment: page.segment, path, first: page.first, size: page.size, marks: copy.marks };
    Ok((at, listed))
}

#[derive(Debug)]
struct Copy {
    place: Place,
    at: u64,
    last: u64,
    marks: Vec<(u64, u64)>,
}

impl Default for Copy {
    fn default() -> Self {
        Self { place: Place { segment: 0, epoch: 0, before: 0 }, at: FIRST_FRAME, last: 0, marks: Vec::new() }
    }
}

impl Copy {
    /// Copies the batches of a segment, frame by frame, each with its new place; empty frames are left out but for
    /// one at the end, which confirms the last batch.
    fn frames(
        &mut self,
        disk: &dyn files::Disk,
        from: &mut Frames,
        to: &File,
        path: &Path,
    ) -> Result<(), StoreError> {
        let source = from.path().to_path_buf();
        while let Some(found) = from.next()? {
            if found.header.kind != Kind::Batch {
                continue;
            }
            let records = frame::decode(found.payload, found.header.records)
                .map_err(|damage| StoreError::damaged(&source, found.offset, damage))?;
            if self.marks.last().is_none_or(|(_, mark)| self.at.saturating_sub(*mark) >= MARK_EVERY) {
                self.marks.push((found.header.sequence, self.at));
            }
            self.last = found.header.sequence;
            self.put(disk, to, path, Kind::Batch, &records)?;
        }
        if self.at > FIRST_FRAME {
            self.put(disk, to, path, Kind::Confirm, &[])?;
        }
        Ok(())
    }

    fn put(
        &mut self,
        disk: &dyn files::Disk,
        to: &File,
        path: &Path,
        kind: Kind,
        records: &[Record],
    ) -> Result<(), StoreError> {
        let mut octets = Vec::new();
        self.place.before = frame::encode(&mut octets, kind, self.place, self.last, records);
        disk.write_all_at(to, &octets, self.at).map_err(StoreError::io("write", path))?;
        self.at = self.at.saturating_add(wide(octets.len()));
        Ok(())
    }
}

/// Reads the batches after `from` again, in order, from every live segment that has some; segments are checked to
/// follow each other. The last segment is the writer's own; it is read up to its last durable batch.
pub(crate) fn replay(
    shared: &Shared,
    from: Sequence,
    visit: &mut dyn FnMut(Sequence, Vec<Record>) -> Result<(), StoreError>,
) -> Result<u64, StoreError> {
    let listed = shared.listed().clone();
    let start = listed.partition_point(|listed| listed.first <= from.next().number()).saturating_sub(1);
    let mut before: Option<(u64, u32)> = None;
    let mut octets = 0_u64;
    for segment in listed.get(start..).unwrap_or_default() {
        let mut frames = Frames::open(&segment.path, &shared.store)?;
        follows(&frames, before)?;
        let path = segment.path.clone();
        while let Some(found) = frames.next()? {
            if found.header.kind != Kind::Batch || found.header.sequence <= from.number() {
                continue;
            }
            let records = frame::decode(found.payload, found.header.records)
                .map_err(|damage| StoreError::damaged(&path, found.offset, damage))?;
            visit(Sequence::new(found.header.sequence), records)?;
        }
        octets = octets.saturating_add(frames.offset());
        before = Some((frames.sequence(), frames.before()));
    }
    Ok(octets)
}

/// Checks that a segment begins where the one before it has ended.
pub(crate) fn follows(frames: &Frames, before: Option<(u64, u32)>) -> Result<(), StoreError> {
    let Some((sequence, crc)) = before else { return Ok(()) };
    let page = frames.page();
    let expected = sequence.saturating_add(1);
    if page.first != expected {
        let damage = Damage::Sequence { expected, found: page.first };
        return Err(StoreError::damaged(frames.path(), 0, damage));
    }
    if page.before == crc { Ok(()) } else { Err(StoreError::damaged(frames.path(), 0, Damage::Chain)) }
}
