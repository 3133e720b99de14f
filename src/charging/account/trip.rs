//! Trips: when a subscriber has entered a country, so that he is told of it once, and that enough money was there for
//! it (`ROAM-2`, `ROAM-3`).
//!
//! A trip begins when a subscriber is first heard of in a country that is not his own, and ends when he has been
//! elsewhere, at home or in another country, for longer than a span that the tariff sets. So a border that is crossed
//! to and fro makes one trip to each side of it, and long silence in one country ends nothing.

use core::time::Duration;

use crate::time::Timestamp;

/// The most trips that are kept: those that are over go first, then the oldest.
const MOST: usize = 8;

/// A trip to a country.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trip {
    /// The country's code (MCC).
    pub country: u16,
    /// Since when.
    pub since: Timestamp,
    /// Since when the subscriber has been elsewhere; none while he was not.
    pub left: Option<Timestamp>,
    /// There was money enough for it: it is not asked again (`ROAM-2`).
    pub admitted: bool,
}

/// The trips of a subscriber that may go on, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Travel {
    /// At most one to a country.
    pub trips: Vec<Trip>,
}

/// What hearing of a subscriber somewhere means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Heard {
    /// Something is to be written.
    pub changed: bool,
    /// A trip has begun.
    pub begun: bool,
}

impl Travel {
    /// The subscriber is heard of in a country: abroad, or at home where there is none. Trips whose country he has left
    /// longer ago than `again` are over.
    pub fn heard(&mut self, country: Option<u16>, now: Timestamp, again: Duration) -> Heard {
        let is_here = |trip: &Trip| Some(trip.country) == country;
        let is_over = |trip: &Trip| trip.left.is_some_and(|left| left.plus(again) <= now);
        let steady = |trip: &Trip| if is_here(trip) { trip.left.is_none() } else { trip.left.is_some() };
        let known = country.is_none() || self.trips.iter().any(is_here);
        if known && self.trips.iter().all(steady) {
            return Heard::default();
        }
        self.trips.retain(|trip| !is_over(trip));
        for trip in &mut self.trips {
            trip.left = if is_here(trip) { None } else { trip.left.or(Some(now)) };
        }
        let begun = country.filter(|_| !self.trips.iter().any(is_here));
        if let Some(country) = begun {
            if self.trips.len() >= MOST {
                self.trips.remove(0);
            }
            self.trips.push(Trip { country, since: now, left: None, admitted: false });
        }
        Heard { changed: true, begun: begun.is_some() }
    }

    /// The trip to a country.
    pub fn to(&self, country: u16) -> Option<&Trip> {
        self.trips.iter().find(|trip| trip.country == country)
    }

    /// There is money enough for the trip to a country. True where that is news.
    pub fn admit(&mut self, country: u16) -> bool {
        let trip = self.trips.iter_mut().find(|trip| trip.country == country && !trip.admitted);
        trip.map(|trip| trip.admitted = true).is_some()
    }

    /// Where the subscriber is, if he is on a trip.
    pub fn now(&self) -> Option<&Trip> {
        self.trips.iter().rfind(|trip| trip.left.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);
    const TURKEY: Option<u16> = Some(286);
    const CHINA: Option<u16> = Some(460);

    fn hours(hours: i64) -> Timestamp {
        Timestamp::from_secs(1_000_000 + hours * 3_600)
    }

    /// How many trips begin where a subscriber is heard of at these hours.
    fn trips(path: &[(i64, Option<u16>)]) -> usize {
        let mut travel = Travel::default();
        path.iter().filter(|(at, country)| travel.heard(*country, hours(*at), DAY).begun).count()
    }

    #[test]
    fn a_trip_begins_once_and_ends_when_the_subscriber_was_elsewhere_for_long_enough() {
        for (path, begun) in [
            (&[(0, None), (1, None)][..], 0),
            (&[(0, TURKEY), (1, TURKEY), (900, TURKEY)], 1),
            (&[(0, TURKEY), (1, None), (2, TURKEY), (3, None), (20, TURKEY)], 1),
            (&[(0, TURKEY), (1, None), (25, TURKEY)], 2),
            (&[(0, TURKEY), (1, None), (24, TURKEY)], 1),
            (&[(0, TURKEY), (1, CHINA), (2, TURKEY), (3, CHINA), (4, TURKEY)], 2),
            (&[(0, TURKEY), (1, CHINA), (30, TURKEY)], 3),
            (&[(0, TURKEY), (1, CHINA), (2, None), (26, TURKEY)], 3),
        ] {
            assert_eq!(trips(path), begun, "{path:?}");
        }
    }

    #[test]
    fn what_is_as_it_was_is_not_written_again() {
        let mut travel = Travel::default();
        let changed = |travel: &mut Travel, at, country| travel.heard(country, hours(at), DAY).changed;
        assert!(!changed(&mut travel, 0, None));
        assert!(changed(&mut travel, 1, TURKEY));
        assert!(!changed(&mut travel, 500, TURKEY));
        assert!(travel.admit(286) && !travel.admit(286) && !travel.admit(460));
        assert!(changed(&mut travel, 501, None));
        assert!(!changed(&mut travel, 502, None));
        assert!(!changed(&mut travel, 900, None), "what is over is put away when something else changes");
        assert!(changed(&mut travel, 901, CHINA));
        assert_eq!(travel.trips.iter().map(|trip| trip.country).collect::<Vec<_>>(), [460]);
        assert_eq!(travel.now().map(|trip| trip.country), CHINA);
    }

    #[test]
    fn no_more_trips_are_kept_than_eight() {
        let mut travel = Travel::default();
        for country in 200..300 {
            assert!(travel.heard(Some(country), hours(0), DAY).begun);
        }
        assert_eq!(travel.trips.len(), MOST);
        assert_eq!(travel.now().map(|trip| trip.country), Some(299));
    }
}
