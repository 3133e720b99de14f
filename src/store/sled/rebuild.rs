//! Makes the state anew from sorted records.

use std::path::Path;
use std::sync::Arc;

use super::apply::{Change, Changes};
use super::{Facts, Tree};
use crate::store::files::Disk;
use crate::store::octets::wide;
use crate::store::record::{Class, Key};
use crate::store::{Loaded, Pulse, StoreError};

/// Octets of values gathered before they are brought into pages.
const GATHER: u64 = 4 * 1024 * 1024;

/// A state that is being made.
#[derive(Debug)]
pub(crate) struct Builder {
    tree: Tree,
    gathered: Changes,
    octets: u64,
    facts: Facts,
}

impl Builder {
    /// Begins in an empty directory; `facts` are what it will say of itself.
    pub(crate) fn begin(
        dir: &Path,
        cache: u64,
        facts: Facts,
        pulse: &Arc<Pulse>,
    ) -> Result<Self, StoreError> {
        match std::fs::remove_dir_all(dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", dir)(error));
            }
            _ => {}
        }
        Ok(Self { tree: Tree::open(dir, cache)?.watched(pulse), gathered: Changes::new(), octets: 0, facts })
    }

    /// Takes a record in; they come in the order of class and key.
    pub(crate) fn put(&mut self, class: Class, key: Key, loaded: Loaded) -> Result<(), StoreError> {
        self.octets = self.octets.saturating_add(wide(loaded.value.len()));
        self.gathered.insert((class, key), Change { revision: loaded.revision, value: Some(loaded.value) });
        if self.octets > GATHER { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let mut cursor = None;
        loop {
            cursor = self.tree.apply(&self.gathered, cursor, usize::MAX, self.facts.high)?;
            if cursor.is_none() {
                break;
            }
        }
        self.gathered.clear();
        self.octets = 0;
        Ok(())
    }

    /// Makes it durable and closes it.
    pub(crate) fn finish(mut self, disk: &dyn Disk) -> Result<(), StoreError> {
        self.write()?;
        self.tree.seal(self.facts, disk)?;
        self.tree.close();
        Ok(())
    }
}
