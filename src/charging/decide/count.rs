//! What money has paid of a quota so far, by which rate (`ACC-3`).

use crate::charging::catalogue::Rate;
use crate::charging::rating::price::Scheme;
use crate::charging::session::{Quota, RateKey, Rated};
use crate::charging::units::Money;

/// What money paid by this rate so far.
pub(super) fn rated(quota: &Quota, key: RateKey) -> Option<&Rated> {
    quota.rated.iter().find(|line| line.rate == key)
}

/// The units and the money of it.
pub(super) fn counted(quota: &Quota, key: RateKey) -> (u64, Money) {
    rated(quota, key).map_or((0, Money::ZERO), |line| (line.units, line.charged))
}

/// By what a price is made for a quota: what is charged once is charged with the first rate of a leg alone.
pub(super) fn scheme<'r>(quota: &Quota, rate: &'r Rate, key: RateKey) -> Scheme<'r> {
    let of_leg = |line: &&Rated| {
        let other_version = line.rate.version != key.version;
        other_version || line.rate.destination == key.destination
    };
    match quota.rated.iter().find(of_leg) {
        Some(first) if first.rate != key => Scheme::from(rate).going_on(),
        Some(_) | None => rate.into(),
    }
}
