//! Content: services of third parties, told apart by service identifiers (`RES-5`).

use super::plan::Rate;
use super::service::ServiceIx;

/// A content service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Content {
    /// Its name.
    pub name: Box<str>,
    /// The service that its requests are of.
    pub service: ServiceIx,
    /// Its service identifiers (RFC 8506 §8.28), sorted; no two content services share one.
    pub identifiers: Vec<u32>,
    /// What it costs in every plan; none: what the plan says of its service.
    pub rate: Option<Rate>,
}

/// A content service's place in the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ContentIx(pub u16);

impl Content {
    /// What a subscriber's list of barred services names content by, before its name or an identifier of it.
    pub const BARRED: &str = "content:";

    /// Whether one of the names of what a subscriber has barred is this: by its name, or by that identifier.
    pub fn is_barred(&self, barred: &str, identifiers: &[u32]) -> bool {
        barred.strip_prefix(Self::BARRED).is_some_and(|name| {
            let number = name.parse::<u32>().ok();
            *name == *self.name || number.is_some_and(|number| identifiers.contains(&number))
        })
    }
}
