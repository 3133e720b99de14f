//! The tariff catalogue as charging reads it: immutable, checked, all names resolved (`RES-3`).
//!
//! `catalogue::build` makes it from a tree of values with opaque origins; the file form is known to
//! `tariff` alone.

mod band;
pub mod build;
mod calendar;
mod content;
mod destination;
mod fee;
mod lookup;
mod plan;
mod roaming;
mod service;

pub use band::{Band, BandIx, DAY_SECS, Weekdays};
pub use calendar::Holidays;
pub use content::{Content, ContentIx};
pub use destination::{Destination, DestinationIx};
pub use fee::{BillingRules, Fee, PaidLate, Unpaid};
pub use lookup::{Catalogue, Parts, RateMatch};
pub use plan::{
    Announcements, BandRate, BonusOrder, Bundle, BundleZones, Covers, Direction, LimitIx, Limitation,
    LowBalance, Plan, PlanIx, PlanRoaming, QuotaShape, Rate, Then, Tier, ZoneRate,
};
pub use roaming::{Country, Roaming, Whereabouts, Zone, ZoneIx};
pub use service::{Currency, RatingGroup, Service, ServiceIx};
