//! The reference model: a store in memory, whose power can be cut.
//!
//! What is synced survives [`Memory::cut_power`], what is only appended does not. It holds its guards
//! ([`Conflicts::Possible`]) when made so, which a store of one process never does.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::record::{Class, Key, Record, VALUE_MAX};
use super::{
    Batch, Budget, Commit, Conflicts, Loaded, Opened, Progress, Sequence, State, Status, StoreError,
};

/// The octets that outlive the halves: what a disk is to a store on disk.
#[derive(Clone, Debug)]
pub struct Memory {
    conflicts: Conflicts,
    disk: Arc<Mutex<Disk>>,
}

#[derive(Debug, Default)]
struct Disk {
    epoch: u64,
    /// Batches in order; the first is number 1.
    frames: Vec<Batch>,
    /// How many of them are durable.
    durable: usize,
    /// Revision of every key that is there, durable or not.
    revisions: BTreeMap<(Class, Key), Sequence>,
}

impl Memory {
    /// An empty store.
    pub fn new(conflicts: Conflicts) -> Self {
        Self { conflicts, disk: Arc::default() }
    }

    /// Opens it; halves that were handed out before fail from now on.
    pub fn open(&self) -> Opened {
        let mut disk = lock(&self.disk);
        disk.drop_unsynced();
        disk.epoch = disk.epoch.saturating_add(1);
        let mut state = MemoryState {
            disk: Arc::clone(&self.disk),
            epoch: disk.epoch,
            applied: Sequence::ZERO,
            values: BTreeMap::new(),
        };
        for batch in &disk.frames {
            state.take(batch.clone());
        }
        let last = state.applied;
        let commit = MemoryCommit {
            conflicts: self.conflicts,
            disk: Arc::clone(&self.disk),
            epoch: disk.epoch,
            closed: false,
        };
        Opened {
            commit: Box::new(commit),
            state: Box::new(state),
            last,
            epoch: disk.epoch,
            notices: Vec::new(),
        }
    }

    /// Loses what was appended and not synced; halves that were handed out before fail from now on.
    pub fn cut_power(&self) {
        let mut disk = lock(&self.disk);
        disk.drop_unsynced();
        disk.epoch = disk.epoch.saturating_add(1);
    }
}

impl Disk {
    fn drop_unsynced(&mut self) {
        let durable = self.durable;
        self.frames.truncate(durable);
        self.revisions.clear();
        for batch in &self.frames {
            note(&mut self.revisions, batch);
        }
    }
}

fn note(revisions: &mut BTreeMap<(Class, Key), Sequence>, batch: &Batch) {
    for record in &batch.records {
        if record.value.is_some() {
            revisions.insert((record.class, record.key), batch.sequence);
        } else {
            revisions.remove(&(record.class, record.key));
        }
    }
}

fn lock(disk: &Mutex<Disk>) -> MutexGuard<'_, Disk> {
    disk.lock().unwrap_or_else(PoisonError::into_inner)
}

fn sequence(count: usize) -> Sequence {
    Sequence::new(u64::try_from(count).unwrap_or(u64::MAX))
}

struct MemoryCommit {
    conflicts: Conflicts,
    disk: Arc<Mutex<Disk>>,
    epoch: u64,
    closed: bool,
}

impl MemoryCommit {
    fn disk(&self) -> Result<MutexGuard<'_, Disk>, StoreError> {
        let disk = lock(&self.disk);
        if self.closed || disk.epoch != self.epoch { Err(StoreError::Closed) } else { Ok(disk) }
    }
}

impl Commit for MemoryCommit {
    fn conflicts(&self) -> Conflicts {
        self.conflicts
    }

    fn durable(&self) -> Sequence {
        sequence(lock(&self.disk).durable)
    }

    fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let conflicts = self.conflicts;
        let mut disk = self.disk()?;
        let expected = sequence(disk.durable).next();
        if batch.sequence != expected || disk.frames.len() != disk.durable {
            return Err(StoreError::OutOfOrder { expected, found: batch.sequence });
        }
        for record in &batch.records {
            if record.value.as_ref().is_some_and(|value| value.len() > VALUE_MAX) {
                return Err(StoreError::ValueTooLarge { class: record.class, key: record.key });
            }
        }
        if conflicts == Conflicts::Possible {
            for guard in &batch.guards {
                let found = disk.revisions.get(&(guard.class, guard.key)).copied().unwrap_or_default();
                if found != guard.revision {
                    return Err(StoreError::Conflict { class: guard.class, key: guard.key });
                }
            }
        }
        note(&mut disk.revisions, batch);
        disk.frames.push(batch.clone());
        Ok(())
    }

    fn sync(&mut self) -> Result<Sequence, StoreError> {
        let mut disk = self.disk()?;
        disk.durable = disk.frames.len();
        Ok(sequence(disk.durable))
    }

    fn confirm(&mut self) -> Result<(), StoreError> {
        self.sync().map(|_| ())
    }

    fn close(&mut self) -> Result<(), StoreError> {
        self.sync()?;
        self.closed = true;
        Ok(())
    }
}

struct MemoryState {
    disk: Arc<Mutex<Disk>>,
    epoch: u64,
    applied: Sequence,
    values: BTreeMap<(Class, Key), Loaded>,
}

impl MemoryState {
    fn take(&mut self, batch: Batch) {
        self.applied = batch.sequence;
        for record in batch.records {
            let Record { class, key, value } = record;
            if class.is_journal_only() {
                continue;
            }
            match value {
                Some(value) => {
                    self.values.insert((class, key), Loaded { revision: batch.sequence, value });
                }
                None => {
                    self.values.remove(&(class, key));
                }
            }
        }
    }
}

impl State for MemoryState {
    fn apply(&mut self, batch: Batch) -> Result<(), StoreError> {
        let durable = {
            let disk = lock(&self.disk);
            if disk.epoch != self.epoch {
                return Err(StoreError::Closed);
            }
            sequence(disk.durable)
        };
        let expected = self.applied.next();
        if batch.sequence != expected || batch.sequence > durable {
            return Err(StoreError::OutOfOrder { expected, found: batch.sequence });
        }
        self.take(batch);
        Ok(())
    }

    fn load(&mut self, class: Class, key: &Key) -> Result<Option<Loaded>, StoreError> {
        if class.is_journal_only() {
            return Err(StoreError::NotState { class });
        }
        Ok(self.values.get(&(class, *key)).cloned())
    }

    fn scan(&mut self, class: Class, from: &Key, limit: usize) -> Result<Vec<(Key, Loaded)>, StoreError> {
        if class.is_journal_only() {
            return Err(StoreError::NotState { class });
        }
        let of_class = self.values.range((class, *from)..).take_while(|((found, _), _)| *found == class);
        Ok(of_class.take(limit).map(|((_, key), loaded)| (*key, loaded.clone())).collect())
    }

    fn read_frame(&mut self, sequence: Sequence) -> Result<Vec<Record>, StoreError> {
        let missing = StoreError::NoSuchFrame { sequence };
        let Some(index) = sequence.number().checked_sub(1).and_then(|index| usize::try_from(index).ok())
        else {
            return Err(missing);
        };
        let disk = lock(&self.disk);
        let found = disk.frames.get(..disk.durable).and_then(|frames| frames.get(index));
        found.map(|batch| batch.records.clone()).ok_or(missing)
    }

    fn step(&mut self, _budget: Budget) -> Result<Progress, StoreError> {
        Ok(Progress::Idle)
    }

    fn backup(&mut self, to: &Path, _budget: Budget) -> Result<Progress, StoreError> {
        Err(StoreError::NotOnDisk { path: to.to_path_buf() })
    }

    fn checkpoint(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn status(&self) -> Status {
        Status { epoch: self.epoch, applied: self.applied, checkpoint: self.applied, ..Status::default() }
    }
}
