//! The tariff catalogue as charging reads it: immutable, checked, all names resolved (`RES-3`).
//!
//! `catalogue::build` makes it from a tree of values with opaque origins; the file form is known to
//! `tariff` alone.

mod band;
pub mod build;
mod calendar;
mod destination;
mod lookup;
mod plan;
mod service;

pub use band::{Band, BandIx, DAY_SECS, Weekdays};
pub use calendar::Holidays;
pub use destination::{Destination, DestinationIx};
pub use lookup::{Catalogue, Parts, RateMatch};
pub use plan::{
    Announcements, BandRate, Bundle, Covers, Direction, LimitIx, Limitation, LowBalance, Plan, PlanIx,
    QuotaShape, Rate, Then, Tier,
};
pub use service::{Currency, RatingGroup, Service, ServiceIx};
