//! The journal's writer: one batch, one frame, one `fdatasync`.
//!
//! At most one frame is not synced. A failed write or sync poisons the writer: it is never tried again, because the
//! page cache may then hold what the disk does not.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use super::frame::{self, HEADER, Kind, Place};
use super::segment::{self, FIRST_FRAME, Page, Preparing};
use super::{Listed, MARK_EVERY, Shared, UNPREPARED};
use crate::store::octets::wide;
use crate::store::record::Record;
use crate::store::{Batch, Commit, Conflicts, Sequence, StoreError, files};

/// Room kept at the end of a segment for a confirming and a closing frame.
const TAIL: u64 = 2 * 48;

/// The writer of one journal.
#[derive(Debug)]
pub(crate) struct Writer {
    shared: Arc<Shared>,
    file: File,
    path: PathBuf,
    segment: u64,
    epoch: u64,
    offset: u64,
    before: u32,
    /// The last batch appended.
    last: Sequence,
    /// Octets of it that are not synced yet.
    unsynced: Option<u64>,
    confirmed: bool,
    last_mark: u64,
    buffer: Vec<u8>,
    end: Option<End>,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Poisoned,
    Closed,
}

/// Where a writer goes on.
#[derive(Debug)]
pub(crate) struct At {
    /// The segment's file.
    pub(crate) path: PathBuf,
    /// Its id.
    pub(crate) segment: u64,
    /// Number of this opening.
    pub(crate) epoch: u64,
    /// Where the next frame goes.
    pub(crate) offset: u64,
    /// CRC of the frame before.
    pub(crate) before: u32,
    /// The last batch that is there.
    pub(crate) last: Sequence,
}

impl Writer {
    /// Goes on at the end of a segment that is synced.
    pub(crate) fn new(shared: Arc<Shared>, at: At) -> Result<Self, StoreError> {
        let file = File::options().write(true).open(&at.path).map_err(StoreError::io("open", &at.path))?;
        shared.set_durable(at.last);
        Ok(Self {
            shared,
            file,
            path: at.path,
            segment: at.segment,
            epoch: at.epoch,
            offset: at.offset,
            before: at.before,
            last: at.last,
            unsynced: None,
            confirmed: true,
            last_mark: at.offset,
            buffer: Vec::new(),
            end: None,
        })
    }

    fn is_usable(&self) -> Result<(), StoreError> {
        match self.end {
            None => Ok(()),
            Some(End::Poisoned) => Err(StoreError::Poisoned),
            Some(End::Closed) => Err(StoreError::Closed),
        }
    }

    /// Runs what must not fail half-way: a failure poisons.
    fn or_poison<T>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let result = run(self);
        if result.is_err() {
            self.end = Some(End::Poisoned);
        }
        result
    }

    fn write_frame(&mut self, kind: Kind, sequence: Sequence, records: &[Record]) -> Result<u64, StoreError> {
        self.buffer.clear();
        let place = Place { segment: self.segment, epoch: self.epoch, before: self.before };
        let crc = frame::encode(&mut self.buffer, kind, place, sequence.number(), records);
        let offset = self.offset;
        self.or_poison(|writer| {
            let written = writer.shared.disk.write_all_at(&writer.file, &writer.buffer, offset);
            written.map_err(StoreError::io("write", &writer.path))
        })?;
        let octets = wide(self.buffer.len());
        self.before = crc;
        self.offset = offset.saturating_add(octets);
        Ok(octets)
    }

    fn sync_frame(&mut self) -> Result<(), StoreError> {
        self.or_poison(|writer| {
            writer.shared.disk.sync_data(&writer.file).map_err(StoreError::io("sync", &writer.path))
        })
    }

    /// Goes to a new segment; everything before is synced. Without one that is ready, writes its zeros itself.
    fn switch(&mut self) -> Result<(), StoreError> {
        if let Some(ready) = self.shared.take_prepared() {
            return self.or_poison(|writer| writer.begin(&ready));
        }
        let path = self
            .prepare()
            .map_err(|source| StoreError::Overload { path: self.shared.dir.clone(), source })?;
        self.or_poison(|writer| {
            writer.begin(&path)?;
            files::sync_parent(&*writer.shared.disk, &writer.path)
        })
    }

    fn prepare(&self) -> std::io::Result<PathBuf> {
        let path = self.shared.dir.join(UNPREPARED);
        let mut preparing = Preparing::begin(&path, self.shared.segment_size)?;
        while !preparing.step(&*self.shared.disk, self.shared.segment_size)? {}
        self.shared.disk.sync_dir(&self.shared.dir)?;
        Ok(preparing.into_file().0.keep())
    }

    /// Begins the segment that stands ready. Its new name need not be durable: an opening finds it under the old one
    /// too, and a directory that waits for other files would hold up the commit.
    fn begin(&mut self, ready: &std::path::Path) -> Result<(), StoreError> {
        let page = Page {
            store: self.shared.store,
            segment: self.segment.saturating_add(1),
            epoch: self.epoch,
            first: self.last.next().number(),
            before: self.before,
            replaces: 0,
            size: self.shared.segment_size,
        };
        let disk = &*self.shared.disk;
        let file = File::options().write(true).open(ready).map_err(StoreError::io("open", ready))?;
        disk.write_all_at(&file, &page.encode(), 0).map_err(StoreError::io("write", ready))?;
        // Its length and its blocks are durable since it was prepared.
        disk.sync_data(&file).map_err(StoreError::io("sync", ready))?;
        let path = segment::path(&self.shared.dir, page.segment);
        std::fs::rename(ready, &path).map_err(StoreError::io("rename", ready))?;
        self.shared.listed().push(Listed {
            segment: page.segment,
            path: path.clone(),
            first: page.first,
            size: page.size,
            marks: vec![(page.first, FIRST_FRAME)],
        });
        self.file = file;
        self.path = path;
        self.segment = page.segment;
        self.offset = FIRST_FRAME;
        self.last_mark = FIRST_FRAME;
        Ok(())
    }

    fn mark(&mut self, sequence: Sequence, offset: u64) {
        if offset.saturating_sub(self.last_mark) < MARK_EVERY {
            return;
        }
        self.last_mark = offset;
        let mut listed = self.shared.listed();
        if let Some(last) = listed.last_mut().filter(|last| last.segment == self.segment) {
            last.marks.push((sequence.number(), offset));
        }
    }

    fn empty_frame(&mut self, kind: Kind) -> Result<(), StoreError> {
        let octets = self.write_frame(kind, self.last, &[])?;
        self.sync_frame()?;
        self.shared.add_written(octets);
        Ok(())
    }
}

impl Commit for Writer {
    fn conflicts(&self) -> Conflicts {
        Conflicts::Never
    }

    fn durable(&self) -> Sequence {
        self.shared.durable()
    }

    fn is_behind(&self) -> bool {
        self.shared.is_behind()
    }

    fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.is_usable()?;
        let expected = self.shared.durable().next();
        if batch.sequence != expected || self.unsynced.is_some() {
            return Err(StoreError::OutOfOrder { expected, found: batch.sequence });
        }
        if self.shared.is_full() {
            return Err(StoreError::Behind { path: self.shared.dir.clone() });
        }
        let octets = frame::octets_of(&batch.records)
            .map_err(|record| StoreError::ValueTooLarge { class: record.class, key: record.key })?;
        let most = self
            .shared
            .segment_size
            .saturating_sub(FIRST_FRAME)
            .saturating_sub(TAIL)
            .min(u64::from(u32::MAX));
        if octets > most {
            return Err(StoreError::BatchTooLarge { octets, most });
        }
        let end = |from: u64| from.saturating_add(octets).saturating_add(TAIL);
        if end(self.offset) > self.shared.segment_size {
            self.switch()?;
        }
        let offset = self.offset;
        self.mark(batch.sequence, offset);
        let written = self.write_frame(Kind::Batch, batch.sequence, &batch.records)?;
        self.last = batch.sequence;
        self.unsynced = Some(written);
        if self.offset > self.shared.segment_size.div_euclid(2) {
            self.shared.want_next();
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<Sequence, StoreError> {
        self.is_usable()?;
        if let Some(octets) = self.unsynced {
            self.sync_frame()?;
            self.unsynced = None;
            self.confirmed = false;
            self.shared.add_written(octets);
            self.shared.add_untaken(octets);
            self.shared.set_durable(self.last);
        }
        Ok(self.last)
    }

    fn confirm(&mut self) -> Result<(), StoreError> {
        self.sync()?;
        if !self.confirmed {
            self.empty_frame(Kind::Confirm)?;
            self.confirmed = true;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), StoreError> {
        self.sync()?;
        self.empty_frame(Kind::Close)?;
        self.end = Some(End::Closed);
        Ok(())
    }
}

const _: () = assert!(TAIL == 2 * 48 && HEADER == 48, "the tail holds two empty frames");
