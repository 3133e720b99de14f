//! Which of what was used was used at which price, where the price changed meanwhile (RFC 8506 §8.27).
//!
//! A report tells of use from the last request that reported or asked for the quota up to its own time, at the
//! place that was known before it. Where the price changed in between:
//!
//! - Units with a side are rated by it: those before by the price before the change, those after by the price
//!   after it, those that may lie on either side by the lower of both.
//! - Units without a side, of a client that was told of the change, lie before it: "omission of this AVP means
//!   that no tariff change has occurred" (RFC 8506 §8.27).
//! - All other units are taken as used evenly over that time, seconds as those right before the report, and each
//!   is rated by the price of its moment: a unit counts when it is complete.
//!
//! Each price has its own count for rounding. What is charged once, the connection and the least number of
//! units, is charged at the first of them.

use core::time::Duration;

use super::case::Case;
use super::line::{Line, Sides};
use crate::charging::account::Subscriber;
use crate::charging::rating::lookup::{Leg, Price, Query, next_change, terms};
use crate::charging::rating::price::Scheme;
use crate::charging::request::Place;
use crate::charging::session::Quota;
use crate::charging::units::Unit;
use crate::time::Timestamp;

/// The longest time that use is spread over.
const LONGEST: Duration = Duration::from_hours(31 * 24);

/// From when on, and where, what is reported was used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Past {
    pub(super) since: Timestamp,
    pub(super) place: Place,
}

/// Units that were used at one price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stretch {
    pub(super) units: u64,
    /// A moment at which that price was in force.
    pub(super) at: Timestamp,
    /// By when they were used.
    pub(super) until: Timestamp,
}

/// What of a line was used at which price, in the order of time.
pub(super) fn stretches(
    case: Case<'_>,
    subscriber: &Subscriber,
    quota: &Quota,
    line: &Line<'_>,
    (leg, past): (Leg, Past),
) -> Vec<Stretch> {
    let end = case.request.at;
    let since = past.since.min(end).max(end.minus(LONGEST));
    let query = line.query(case, leg, past.place, since);
    let mut found =
        Found { case, subscriber, query, unit: line.terms.unit, stretches: Vec::with_capacity(1) };
    let told = quota.reservation.as_ref().and_then(|held| held.change).map(|(at, _)| at);
    let Sides { mut unsaid, mut before, mut after, either } = line.sides;
    if told.is_some() {
        before = before.saturating_add(unsaid);
        unsaid = 0;
    }
    let sided = before > 0 || after > 0 || either > 0;
    let change = told.or_else(|| if sided { found.next_change(since, end) } else { None });
    let Some(change) = change else {
        found.spread(line.used, since, end, end);
        return found.stretches;
    };
    let just_before = Timestamp::from_micros(change.micros().saturating_sub(1));
    if either > 0 {
        let of_lower = if found.is_dearer(change, just_before) { &mut before } else { &mut after };
        *of_lower = of_lower.saturating_add(either);
    }
    let until = change.min(end);
    found.spread(before, since, until, if change < end { just_before } else { until });
    found.spread(unsaid, since, end, end);
    found.spread(after, change, end.max(change), change);
    found.stretches
}

/// The stretches found so far.
struct Found<'a> {
    case: Case<'a>,
    subscriber: &'a Subscriber,
    query: Query,
    unit: Unit,
    stretches: Vec<Stretch>,
}

impl Found<'_> {
    fn next_change(&self, after: Timestamp, end: Timestamp) -> Option<Timestamp> {
        next_change(self.case.catalogue, self.subscriber, Query { at: after, ..self.query }, end)
    }

    /// Whether a unit costs more at one time than at another.
    fn is_dearer(&self, one: Timestamp, other: Timestamp) -> bool {
        let cost =
            |at| match terms(self.case.catalogue, self.subscriber, Query { at, until: at, ..self.query })
                .price
            {
                Price::Rate(rate, _) => Some(Scheme::from(rate)),
                Price::Free | Price::None(_) => None,
            };
        match (cost(one), cost(other)) {
            (Some(one), Some(other)) => one.is_dearer(&other),
            (one, _) => one.is_some(),
        }
    }

    /// Spreads units evenly over a time; those of no time at all are of `moment`.
    fn spread(&mut self, units: u64, from: Timestamp, end: Timestamp, moment: Timestamp) {
        if units == 0 {
            return;
        }
        let from = match self.unit {
            Unit::Seconds => from.max(end.minus(Duration::from_secs(units))),
            Unit::Octets | Unit::Pieces | Unit::Money => from,
        };
        let whole = end.since(from).as_micros();
        if whole == 0 {
            return self.stretches.push(Stretch { units, at: moment, until: moment.max(end) });
        }
        let (mut at, mut done) = (from, 0u64);
        loop {
            let next = self.next_change(at, end);
            let until = next.unwrap_or(end);
            let share = u128::from(units).saturating_mul(until.since(from).as_micros());
            let upto = share.checked_div(whole).and_then(|share| u64::try_from(share).ok());
            let upto = upto.filter(|_| next.is_some()).unwrap_or(units);
            if upto > done {
                self.stretches.push(Stretch { units: upto.saturating_sub(done), at, until });
            }
            let Some(next) = next else { return };
            (at, done) = (next, upto);
        }
    }
}
