//! Plans: what is included, what it costs, and how it is granted (`RES-2`, `RES-3`).

use super::band::BandIx;
use super::destination::DestinationIx;
use super::service::ServiceIx;
use crate::charging::account::Mode;
use crate::charging::units::{Amount, Money};

/// A plan's place in the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PlanIx(pub u16);

/// What a rate or a bundle covers. Empty lists cover everything of the service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Covers {
    /// The service.
    pub service: ServiceIx,
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
    /// The price of `per` units, nothing or more.
    pub price: Money,
    /// Units that `price` buys; more than none.
    pub per: u64,
    /// Units are rounded up to a multiple of it; more than none.
    pub step: u64,
    /// The least number of units charged once anything is used; zero where there is no minimum.
    pub first: u64,
    /// Charged once, with the first unit; nothing or more.
    pub connect: Money,
    /// What it is in bands of time that have another price; no two of them hold at once.
    pub bands: Vec<BandRate>,
}

/// A rate in a band of time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BandRate {
    /// The band.
    pub band: BandIx,
    /// The rate with the price that it has there, and without bands.
    pub rate: Rate,
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
    /// How much, in its service's unit; more than none.
    pub amount: Amount,
    /// Lower is used first.
    pub priority: i32,
    /// What comes after it.
    pub then: Then,
}

/// The size and manner of grants of one service (`RES-1`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuotaShape {
    /// How much at a time, in the service's unit; none grants exactly what is asked for.
    pub grant: Option<u64>,
    /// At how many per cent left the client asks again, 1 to 99.
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
    /// The modes of settlement that it may be sold in (`ACC-7`).
    pub modes: Vec<Mode>,
    /// Included volumes, by priority, then in the order of the file.
    pub bundles: Vec<Bundle>,
    /// Prices, in the order of the file.
    pub rates: Vec<Rate>,
    /// The shape of grants, one for each service, by its place.
    pub quotas: Vec<QuotaShape>,
}
