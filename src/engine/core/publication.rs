//! A tariff that an operator publishes (`RES-3`).

use core::fmt;
use std::sync::Arc;

use crate::charging::catalogue::Catalogue;
use crate::time::Timestamp;

/// A tariff to be published.
#[derive(Clone)]
pub struct Publication {
    /// What it says.
    pub catalogue: Arc<Catalogue>,
    /// What it was made from.
    pub content: Arc<[u8]>,
    /// From when on it is to be in force; none, or a time that has passed: at once.
    pub from: Option<Timestamp>,
}

impl fmt::Debug for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.catalogue.version();
        f.debug_struct("Publication")
            .field("version", &version)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// Equal content has an equal version.
impl PartialEq for Publication {
    fn eq(&self, other: &Self) -> bool {
        (self.catalogue.version(), self.from) == (other.catalogue.version(), other.from)
    }
}

impl Eq for Publication {}
