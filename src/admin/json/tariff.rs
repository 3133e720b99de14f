//! Versions of the tariffs as JSON.

use core::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::{Form, version};
use crate::engine::control::TariffRecord;

/// A tariff to be published.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTariff {
    /// Its files, as one content.
    pub content: String,
    /// From when on it is to be in force; what the tariff says where nothing is said here.
    #[serde(default)]
    pub valid_from: Option<String>,
}

/// What publishing came to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Published {
    /// The hash of the content.
    pub version: String,
    /// When it comes into force; null: it is.
    pub valid_from: Option<String>,
    /// False where it was in force already.
    pub changed: bool,
    /// The key of the order was known: this is its first result.
    pub repeated: bool,
}

/// A version.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tariff {
    /// The hash of its content.
    pub version: String,
    /// `before`, `in-force` or `to-come`.
    pub state: String,
    /// Since or from when.
    pub valid_from: String,
    /// When it was published.
    pub published: String,
    /// By whom; `files` for what the server was started with.
    pub operator: String,
}

impl Tariff {
    /// A version, before, at or after the one in force.
    pub fn of(known: &TariffRecord, place: Ordering, form: &Form) -> Self {
        let state = match place {
            Ordering::Less => "before",
            Ordering::Equal => "in-force",
            Ordering::Greater => "to-come",
        };
        Self {
            version: version(known.version),
            state: state.into(),
            valid_from: form.time(known.from),
            published: form.time(known.at),
            operator: known.operator.to_string(),
        }
    }
}

/// The versions that are known, by when they come into force.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tariffs {
    /// The versions.
    pub tariffs: Vec<Tariff>,
}
