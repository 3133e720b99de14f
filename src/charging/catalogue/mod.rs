//! The tariff catalogue as charging reads it: immutable, checked, all names resolved.
//!
//! `catalogue::build` makes it from a tree of spanned values; the file form is known to `tariff` alone.

use super::account::Mode;
use super::units::{Amount, Money, Unit};

/// A service's place in the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ServiceIx(pub u16);

/// A destination's place in the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct DestinationIx(pub u16);

/// A plan's place in the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PlanIx(pub u16);

/// A currency: ISO 4217.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Currency {
    /// The three letters.
    pub code: [u8; 3],
    /// The number.
    pub numeric: u16,
}

/// A service: what a context stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    /// Its name in the tariff.
    pub name: Box<str>,
    /// The service context that selects it: equal, or the end of the client's text after a dot.
    pub context: Box<str>,
    /// What it is counted in.
    pub unit: Unit,
    /// The longest call, in seconds.
    pub max_call_secs: Option<u64>,
}

/// What a rating group stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RatingGroup {
    /// Its number.
    pub number: u32,
    /// The service it belongs to.
    pub service: ServiceIx,
    /// Its traffic class, by name.
    pub class: Option<Box<str>>,
    /// Whether it is free of charge in every plan.
    pub free: bool,
}

/// What a rate or a bundle covers. Empty lists cover everything of the service.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Covers {
    /// The service; none when only rating groups are named.
    pub service: Option<ServiceIx>,
    /// The rating groups, sorted.
    pub rating_groups: Vec<u32>,
    /// The destinations, sorted.
    pub destinations: Vec<DestinationIx>,
}

/// A price (`ACC-3`): `price` for each `per` units, counted in whole `step`s, at least `first` units,
/// and `connect` once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rate {
    /// What it is for.
    pub covers: Covers,
    /// What people call it in an explanation.
    pub name: Box<str>,
    /// The price of `per` units.
    pub price: Money,
    /// Units that `price` buys; more than none.
    pub per: u64,
    /// Units are rounded up to a multiple of it; more than none.
    pub step: u64,
    /// The least number of units charged once anything is used.
    pub first: u64,
    /// Charged once, with the first unit.
    pub connect: Money,
}

/// What happens when a bundle is used up and no other is left (`RES-2`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Then {
    /// The plan's rates apply.
    Rates,
    /// The service stops.
    Stop,
}

/// A volume included in a plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bundle {
    /// Its name.
    pub id: Box<str>,
    /// What it pays for.
    pub covers: Covers,
    /// How much.
    pub amount: Amount,
    /// Lower is used first.
    pub priority: i32,
    /// What comes after it.
    pub then: Then,
}

/// The size and manner of grants of one service (`RES-1`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuotaShape {
    /// How much at a time; none grants exactly what is asked for.
    pub grant: Option<u64>,
    /// At how many per cent left the client asks again, below 100.
    pub threshold_percent: Option<u8>,
    /// For how many seconds, at least one.
    pub validity_secs: u32,
    /// After how many idle seconds it comes back.
    pub holding_secs: Option<u32>,
}

/// A plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Its name.
    pub name: Box<str>,
    /// The modes of settlement that it may be sold in.
    pub modes: Vec<Mode>,
    /// Included volumes, by priority, then in the order of the file.
    pub bundles: Vec<Bundle>,
    /// Prices, in the order of the file.
    pub rates: Vec<Rate>,
    /// The shape of grants, one for each service, by its place.
    pub quotas: Vec<QuotaShape>,
}
