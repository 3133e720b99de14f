//! Who follows what is committed (see [`crate::store::follow`]).

use core::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::store::follow::Ask;
use crate::store::{Class, Sequence, StoreError};

/// Starts followers: called on the store thread once the store is open, before anything new is committed. They ask by
/// what they are given. Those whose threads are given back are waited for when the store ends, for a while.
pub type Start = dyn FnOnce(Sequence, Asking) -> Result<Vec<JoinHandle<()>>, StoreError> + Send;

/// Who follows what is committed.
pub struct Followers {
    /// The classes of records.
    pub classes: Vec<Class>,
    /// Starts them.
    pub start: Box<Start>,
}

impl fmt::Debug for Followers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followers").field("classes", &self.classes).finish_non_exhaustive()
    }
}

/// How followers ask the store thread.
#[derive(Clone)]
pub struct Asking(Arc<dyn Fn(Ask) -> bool + Send + Sync>);

impl Asking {
    /// By what hands a question to the store thread, and says false where that has ended.
    pub(super) fn by(ask: impl Fn(Ask) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    /// Asks; false where the store has ended.
    pub fn ask(&self, ask: Ask) -> bool {
        (self.0)(ask)
    }
}

impl fmt::Debug for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asking")
    }
}
