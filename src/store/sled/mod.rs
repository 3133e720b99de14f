//! The state behind the journal: pages in sled, which is treated as what it is, a store that may fail.
//!
//! Everything here can be rebuilt from the journal and an export. Each call is caught when sled panics; after a
//! failure it is not called again, not even to be closed, and the next opening rebuilds it.
//!
//! * [`pages`]: several records to a value.
//! * [`apply`]: brings sorted changes into pages.
//! * [`probe`]: opens it in a process of its own first.
//! * [`rebuild`]: makes it anew from an export.

pub(crate) mod apply;
pub(crate) mod pages;
pub(crate) mod probe;
pub(crate) mod rebuild;

#[cfg(test)]
mod tests;

use core::mem::ManuallyDrop;
use core::ops::Bound;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::sled::{Db, IVec};

use self::pages::Entries;
use super::error::Damage;
use super::files::{self, Disk};
use super::journal::segment::StoreId;
use super::octets::{Reader, wide};
use super::record::{Class, Key};
use super::{Loaded, Pulse, Sequence, StoreError, sys};

/// First octet of the keys of single facts, pages, and parts of large values.
const META: u8 = 0;
const PAGE: u8 = 1;
const PART: u8 = 2;

const SENTINEL: [u8; 2] = [META, b's'];
const HIGH: [u8; 2] = [META, b'h'];
const STORE: [u8; 2] = [META, b'i'];

/// What the state says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Facts {
    /// The store it belongs to.
    pub(crate) store: StoreId,
    /// Every change up to here is in it.
    pub(crate) sentinel: Sequence,
    /// No change after this is in it.
    pub(crate) high: Sequence,
}

/// What went wrong inside of the state.
#[derive(Debug)]
enum Fault {
    Sled(::sled::Error),
    Io(std::io::Error),
    Damage(Damage),
    Panic(String),
    Blobs,
}

impl From<::sled::Error> for Fault {
    fn from(error: ::sled::Error) -> Self {
        Self::Sled(error)
    }
}

impl From<Damage> for Fault {
    fn from(damage: Damage) -> Self {
        Self::Damage(damage)
    }
}

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Sled(error) => write!(f, "sled: {error}"),
            Self::Io(error) => write!(f, "{error}"),
            Self::Damage(damage) => write!(f, "a page is damaged: {damage}"),
            Self::Panic(text) => write!(f, "sled panicked: {text}"),
            Self::Blobs => f.write_str("sled has put a value outside of its log, where it is not synced"),
        }
    }
}

/// The pages of one store.
#[derive(Debug)]
pub(crate) struct Tree {
    dir: PathBuf,
    db: Option<ManuallyDrop<Db>>,
    failed: Option<String>,
    /// Beats at each call of sled, which may not come back.
    pulse: Arc<Pulse>,
}

/// What may come out of a panic.
fn text_of(panic: &(dyn core::any::Any + Send)) -> String {
    let text =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("for a reason it did not tell").to_owned()
}

fn caught<T>(run: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(Fault::Panic(text_of(&*panic))))
}

/// How often, and how long apart, an opening is tried while a handle of this process is still being closed.
const OPEN_TRIES: u32 = 100;
/// How sled begins its message then; it gives no kind of error.
const LOCKED: &str = "could not acquire lock";
const OPEN_PAUSE: Duration = Duration::from_millis(10);

impl Tree {
    /// Opens or makes the state in `dir`. Torn snapshots are set aside before, since sled would take them for whole.
    pub(crate) fn open(dir: &Path, cache_octets: u64) -> Result<Self, StoreError> {
        if !sys::is_guarded() {
            return Err(StoreError::Unguarded);
        }
        let failed = |fault: Fault| StoreError::State { path: dir.to_path_buf(), reason: fault.to_string() };
        set_torn_snapshots_aside(dir)?;
        let mut tries = 0_u32;
        loop {
            let config = ::sled::Config::new().path(dir).cache_capacity(cache_octets).flush_every_ms(None);
            match caught(|| Ok(config.open()?)) {
                Ok(db) => {
                    return Ok(Self {
                        dir: dir.to_path_buf(),
                        db: Some(ManuallyDrop::new(db)),
                        failed: None,
                        pulse: Arc::default(),
                    });
                }
                Err(Fault::Sled(::sled::Error::Io(error)))
                    if error.to_string().starts_with(LOCKED) && tries < OPEN_TRIES =>
                {
                    tries = tries.saturating_add(1);
                    // The handle that still has the file's lock is closed by a thread of sled's own.
                    std::thread::park_timeout(OPEN_PAUSE);
                }
                Err(fault) => return Err(failed(fault)),
            }
        }
    }

    /// The same, with a pulse that someone looks at.
    pub(crate) fn watched(mut self, pulse: &Arc<Pulse>) -> Self {
        self.pulse = Arc::clone(pulse);
        self
    }

    /// Why it is not used any more.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    fn error(&self, reason: &str) -> StoreError {
        StoreError::State { path: self.dir.clone(), reason: reason.to_owned() }
    }

    /// Calls sled; after a failure, never again.
    fn run<T>(&mut self, run: impl FnOnce(&Db) -> Result<T, Fault>) -> Result<T, StoreError> {
        let Some(db) = self.db.as_ref().filter(|_| self.failed.is_none()) else {
            return Err(self.error(self.failed.as_deref().unwrap_or("it is closed")));
        };
        self.pulse.beat();
        let done = caught(|| run(db));
        self.pulse.beat();
        done.map_err(|fault| {
            let reason = fault.to_string();
            let error = self.error(&reason);
            self.failed = Some(reason);
            error
        })
    }

    /// What it says of itself; `None` if it never was filled.
    pub(crate) fn facts(&mut self) -> Result<Option<Facts>, StoreError> {
        self.run(|db| {
            let (Some(store), Some(sentinel), Some(high)) =
                (db.get(STORE)?, db.get(SENTINEL)?, db.get(HIGH)?)
            else {
                return Ok(None);
            };
            let store = fact(&store)?;
            let sentinel = Sequence::new(u64::from_le_bytes(fact(&sentinel)?));
            let high = Sequence::new(u64::from_le_bytes(fact(&high)?));
            Ok(Some(Facts { store, sentinel, high }))
        })
    }

    /// Writes what it says of itself and makes all of it durable: sled's own flush, then its files and directory.
    pub(crate) fn seal(&mut self, facts: Facts, disk: &dyn Disk) -> Result<(), StoreError> {
        let dir = self.dir.clone();
        self.run(|db| {
            let mut batch = ::sled::Batch::default();
            batch.insert(&STORE, put_fact(&facts.store));
            batch.insert(&SENTINEL, put_fact(&facts.sentinel.number().to_le_bytes()));
            batch.insert(&HIGH, put_fact(&facts.high.number().to_le_bytes()));
            db.apply_batch(batch)?;
            db.flush()?;
            sync_files(disk, &dir).map_err(Fault::Io)?;
            let blobs = std::fs::read_dir(dir.join("blobs")).map_err(Fault::Io)?;
            if blobs.count() > 0 { Err(Fault::Blobs) } else { Ok(()) }
        })
    }

    /// What stands under a key.
    pub(crate) fn load(&mut self, class: Class, key: &Key) -> Result<Option<Loaded>, StoreError> {
        self.run(|db| {
            let Some((_, page)) = floor(db, class, key)? else { return Ok(None) };
            let Some(view) = pages::find(&page, key)? else { return Ok(None) };
            loaded(db, class, &view).map(Some)
        })
    }

    /// Up to `limit` keys of a class from `from` on.
    pub(crate) fn scan(
        &mut self,
        class: Class,
        from: &Key,
        limit: usize,
    ) -> Result<Vec<(Key, Loaded)>, StoreError> {
        self.run(|db| {
            let mut out = Vec::new();
            let start = match floor(db, class, from)? {
                Some((bound, _)) => page_key(class, &bound),
                None => page_key(class, from),
            };
            for found in db.range((Bound::Included(start), Bound::Excluded(class_end(class)))) {
                let (_, page) = found?;
                let mut entries = Entries::of(&page)?;
                while let Some(view) = entries.next()? {
                    if out.len() >= limit {
                        return Ok(out);
                    }
                    if view.key >= *from {
                        out.push((view.key, loaded(db, class, &view)?));
                    }
                }
            }
            Ok(out)
        })
    }

    /// Reads and checks pages from `cursor` on, about `octets` of them. Returns where to go on, `None` at the end,
    /// and how much was read.
    pub(crate) fn verify(
        &mut self,
        cursor: Option<Vec<u8>>,
        octets: u64,
    ) -> Result<(Option<Vec<u8>>, u64), StoreError> {
        self.run(|db| {
            let mut read = 0_u64;
            let start = cursor.unwrap_or_else(|| vec![PAGE]);
            for found in db.range(start..vec![PART]) {
                let (at, page) = found?;
                if read >= octets {
                    return Ok((Some(at.to_vec()), read));
                }
                read = read.saturating_add(wide(page.len()));
                let (class, bound) = bound_of(&at).ok_or(Damage::Place)?;
                let mut entries = Entries::of(&page)?;
                while let Some(view) = entries.next()? {
                    if view.key < bound {
                        return Err(Fault::Damage(Damage::Order));
                    }
                    loaded(db, class, &view)?;
                }
            }
            Ok((None, read))
        })
    }

    /// Octets of its files.
    pub(crate) fn octets(&mut self) -> Result<u64, StoreError> {
        self.run(|db| Ok(db.size_on_disk()?))
    }

    /// As if sled had just failed.
    #[cfg(test)]
    pub(crate) fn fail_for_test(&mut self) {
        self.failed = Some("planted".to_owned());
    }

    /// Closes it. What was not sealed need not survive.
    pub(crate) fn close(&mut self) {
        if let Some(db) = self.db.take()
            && self.failed.is_none()
        {
            // A failure here changes nothing: the last checkpoint stands.
            let _ = caught(|| {
                drop(ManuallyDrop::into_inner(db));
                Ok(())
            });
        }
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.close();
    }
}

/// Renames `snap.*.generating`, what an interrupted run was writing: sled takes it for a whole snapshot and fails.
fn set_torn_snapshots_aside(dir: &Path) -> Result<(), StoreError> {
    if !dir.is_dir() {
        return Ok(());
    }
    for (name, path) in files::list(dir, "generating")? {
        let aside = dir.join(format!("torn.{name}"));
        std::fs::rename(&path, &aside).map_err(StoreError::io("rename", &path))?;
    }
    Ok(())
}

fn sync_files(disk: &dyn Disk, dir: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_file() {
            match File::open(&path) {
                Ok(file) => disk.sync_all(&file)?,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    disk.sync_dir(dir)
}

/// A single fact with its checksum.
fn put_fact(octets: &[u8]) -> Vec<u8> {
    let mut out = octets.to_vec();
    out.extend_from_slice(&crc32c::crc32c(octets).to_le_bytes());
    out
}

fn fact<const N: usize>(octets: &[u8]) -> Result<[u8; N], Damage> {
    let mut reader = Reader::new(octets);
    let fact: [u8; N] = reader.array().ok_or(Damage::Truncated)?;
    let crc = reader.u32().ok_or(Damage::Truncated)?;
    if crc == crc32c::crc32c(&fact) && reader.is_empty() { Ok(fact) } else { Err(Damage::Checksum) }
}

fn page_key(class: Class, bound: &Key) -> Vec<u8> {
    let mut out = vec![PAGE, class.octet()];
    out.extend_from_slice(bound.as_octets());
    out
}

/// The class and bound of a page key.
fn bound_of(page_key: &[u8]) -> Option<(Class, Key)> {
    let mut reader = Reader::new(page_key);
    reader.u8().filter(|kind| *kind == PAGE)?;
    Some((Class::from_octet(reader.u8()?)?, Key::new(reader.rest())?))
}

fn class_end(class: Class) -> Vec<u8> {
    vec![PAGE, class.octet().saturating_add(1)]
}

fn part_key(class: Class, key: &Key, part: u16) -> Vec<u8> {
    let octets = key.as_octets();
    let mut out = vec![PART, class.octet(), u8::try_from(octets.len()).unwrap_or(u8::MAX)];
    out.extend_from_slice(octets);
    out.extend_from_slice(&part.to_be_bytes());
    out
}

/// The page that has the key if any has it: the last one whose bound is not after the key.
fn floor(db: &Db, class: Class, key: &Key) -> Result<Option<(Key, IVec)>, Fault> {
    let found = db.range(page_key(class, &Key::EMPTY)..=page_key(class, key)).next_back();
    let Some((at, page)) = found.transpose()? else { return Ok(None) };
    let (_, bound) = bound_of(&at).ok_or(Damage::Place)?;
    Ok(Some((bound, page)))
}

/// The page behind this bound in the same class.
fn behind(db: &Db, class: Class, bound: &Key) -> Result<Option<(Key, IVec)>, Fault> {
    let range = (Bound::Excluded(page_key(class, bound)), Bound::Excluded(class_end(class)));
    let Some((at, page)) = db.range::<Vec<u8>, _>(range).next().transpose()? else { return Ok(None) };
    let (_, bound) = bound_of(&at).ok_or(Damage::Place)?;
    Ok(Some((bound, page)))
}

fn loaded(db: &Db, class: Class, view: &pages::View<'_>) -> Result<Loaded, Fault> {
    let revision = Sequence::new(view.revision);
    let value = match view.body()? {
        Ok(value) => value.to_vec(),
        Err(parts) => {
            let mut value = Vec::new();
            for part in 0..parts {
                let octets = db.get(part_key(class, &view.key, part))?.ok_or(Damage::Missing)?;
                value.extend_from_slice(pages::part(&octets)?);
            }
            value
        }
    };
    Ok(Loaded { revision, value })
}
