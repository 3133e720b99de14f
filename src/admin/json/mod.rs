//! The JSON that operators see and give: every shape stands here and nowhere else.
//!
//! Money is text with two decimals or more, volumes are whole octets, times of use whole seconds, points in time
//! RFC 3339 with the operator's offset. What is absent is null, empty lists are there.

use crate::charging::catalogue::Catalogue;
use crate::time::{Timestamp, Zone};

pub mod amount;
pub mod basis;
pub mod change;
mod check;
pub mod invoice;
pub mod ledger;
pub mod life;
pub mod peer;
pub mod session;
pub mod status;
pub mod subscriber;
pub mod tariff;
pub mod voucher;

/// How values are written: by the tariffs in force.
#[derive(Clone, Debug)]
pub struct Form {
    zone: Zone,
    currency: String,
    version: String,
    now: Timestamp,
}

impl Form {
    /// By these tariffs, at that time.
    pub fn of(catalogue: &Catalogue, now: Timestamp) -> Self {
        Self {
            zone: Zone::named(catalogue.timezone()).unwrap_or(Zone::UTC),
            currency: catalogue.currency().as_str().into(),
            version: version(catalogue.version()),
            now,
        }
    }

    /// In UTC, for tests.
    #[cfg(test)]
    fn plain() -> Self {
        Self { zone: Zone::UTC, currency: "KZT".into(), version: version(1), now: Timestamp::EPOCH }
    }

    /// A point in time that an operator wrote: a date is its first moment in the operator's zone.
    pub fn parse_time(&self, text: &str) -> Option<Timestamp> {
        self.zone.parse(text)
    }

    /// When it is.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A point in time.
    pub fn time(&self, at: Timestamp) -> String {
        self.zone.rfc3339(at)
    }
}

/// The version of a catalogue as text.
pub fn version(number: u64) -> String {
    format!("{number:016x}")
}

/// A value that cannot be taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{field}: {message}")]
pub struct Fault {
    /// Which.
    pub field: &'static str,
    /// What was found and what is allowed.
    pub message: String,
}

impl Fault {
    /// A fault of a field.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}
