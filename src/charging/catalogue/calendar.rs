//! The calendar of a catalogue: what clocks in its zone show, which days are holidays, which bands hold.
//!
//! The offsets of the zone are a table made once, so that a look-up computes and reads nothing else. Every
//! moment has one reading of the clock, and so is in a band or not: of an hour that is skipped nothing is in
//! any band, an hour that comes twice is twice in the same.

use super::band::{Band, BandIx, DAY_SECS};
use crate::time::{Timestamp, Zone};

/// Microseconds in a second.
const MICROS: i64 = 1_000_000;
/// Microseconds of a day by the clock.
const DAY_MICROS: i64 = 86_400 * MICROS;

/// What is written of holidays, and what it comes to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Holidays {
    /// Days since 1970-01-01, sorted, each once.
    pub days: Vec<i64>,
    /// As they were written: `2026-03-08`, or `12-16` for every year.
    pub written: Vec<Box<str>>,
}

/// Bands of time, and what tells which of them hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Calendar {
    /// From when on clocks are how many seconds ahead of UTC, the earliest first.
    offsets: Vec<(Timestamp, i32)>,
    holidays: Vec<i64>,
    bands: Vec<Band>,
}

/// What the clock shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Local {
    /// Days since 1970-01-01.
    day: i64,
    /// Microseconds since midnight by the clock.
    micros: i64,
}

impl Calendar {
    /// The calendar of a zone; of UTC where there is no zone of that name.
    pub(super) fn new(zone: &str, holidays: &Holidays, bands: &[Band]) -> Self {
        let offsets = Zone::named(zone).unwrap_or(Zone::UTC).offsets();
        Self { offsets, holidays: holidays.days.clone(), bands: bands.to_vec() }
    }

    /// The first of the bands that hold at that moment.
    pub(super) fn holding(&self, bands: impl IntoIterator<Item = BandIx>, at: Timestamp) -> Option<BandIx> {
        let mut bands = bands.into_iter().peekable();
        bands.peek()?;
        let local = self.local(at);
        bands.find(|&band| self.band(band).is_some_and(|band| self.covers(band, local)))
    }

    /// The next moment after `at` at which one of the bands may begin or end: when the clock comes to a
    /// beginning or an end, or is put forward or back. None where there are no bands.
    pub(super) fn next_boundary(&self, bands: &[BandIx], at: Timestamp) -> Option<Timestamp> {
        let Local { day, micros } = self.local(at);
        let next = bands.iter().filter_map(|&band| self.band(band)).flat_map(|band| [band.from, band.to]);
        let next = next
            .map(|secs| {
                let boundary = i64::from(secs % DAY_SECS).saturating_mul(MICROS);
                if boundary > micros { boundary } else { boundary.saturating_add(DAY_MICROS) }
            })
            .min()?;
        let local = day.saturating_mul(DAY_MICROS).saturating_add(next);
        let (offset, until) = self.offset(at);
        let by_the_clock = local.saturating_sub(i64::from(offset).saturating_mul(MICROS));
        let found = Timestamp::from_micros(by_the_clock);
        Some(until.map_or(found, |until| found.min(until)))
    }

    fn band(&self, band: BandIx) -> Option<&Band> {
        self.bands.get(usize::from(band.0))
    }

    fn covers(&self, band: &Band, at: Local) -> bool {
        let from = i64::from(band.from).saturating_mul(MICROS);
        let to = i64::from(band.to).saturating_mul(MICROS);
        let of = |day: i64| {
            // 1970-01-01 was a Thursday
            let weekday = u8::try_from(day.saturating_add(3).rem_euclid(7)).unwrap_or(0);
            band.is_of(weekday, self.holidays.binary_search(&day).is_ok())
        };
        if band.is_over_midnight() {
            (at.micros >= from && of(at.day)) || (at.micros < to && of(at.day.saturating_sub(1)))
        } else {
            (from..to).contains(&at.micros) && of(at.day)
        }
    }

    /// The offset at a moment, and until when it is that.
    fn offset(&self, at: Timestamp) -> (i32, Option<Timestamp>) {
        let after = self.offsets.partition_point(|&(from, _)| from <= at);
        let (before, then) = self.offsets.split_at_checked(after).unwrap_or((&self.offsets, &[]));
        let offset = before.last().or(then.first()).map_or(0, |&(_, offset)| offset);
        (offset, then.first().map(|&(from, _)| from))
    }

    fn local(&self, at: Timestamp) -> Local {
        let (offset, _) = self.offset(at);
        let micros = at.micros().saturating_add(i64::from(offset).saturating_mul(MICROS));
        Local { day: micros.div_euclid(DAY_MICROS), micros: micros.rem_euclid(DAY_MICROS) }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZoneDatabase;
    use proptest::prelude::*;

    use super::super::band::Weekdays;
    use super::*;
    use crate::time::day_number;

    fn band(from: u32, to: u32) -> Band {
        let all = Weekdays::ALL;
        Band { name: "b".into(), from: from * 60, to: to * 60, days: all, holidays: all }
    }

    fn calendar(zone: &str, band: Band) -> Calendar {
        let days = vec![day_number(2026, 3, 8).unwrap()];
        Calendar::new(zone, &Holidays { days, written: vec!["2026-03-08".into()] }, &[band])
    }

    fn at(rfc3339: &str) -> Timestamp {
        Timestamp::from_micros(rfc3339.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    fn holds(calendar: &Calendar, moment: &str) -> bool {
        calendar.holding([BandIx(0)], at(moment)).is_some()
    }

    fn boundaries(calendar: &Calendar, from: &str, count: usize) -> Vec<String> {
        let next = |at: &Timestamp| calendar.next_boundary(&[BandIx(0)], *at);
        std::iter::successors(Some(at(from)), next).skip(1).take(count).map(|at| at.to_string()).collect()
    }

    #[test]
    fn a_night_goes_over_midnight_and_belongs_to_the_day_on_which_it_begins() {
        let night = calendar("Asia/Almaty", band(22 * 60, 6 * 60));
        for (moment, inside) in [
            ("2026-11-22T16:59:59.999999Z", false),
            ("2026-11-22T17:00:00Z", true),
            ("2026-11-22T19:00:00Z", true),
            ("2026-11-23T00:59:59.999999Z", true),
            ("2026-11-23T01:00:00Z", false),
        ] {
            assert_eq!(holds(&night, moment), inside, "{moment}");
        }
        let told = boundaries(&night, "2026-11-22T12:00:00Z", 3);
        assert_eq!(told, ["2026-11-22T17:00:00Z", "2026-11-23T01:00:00Z", "2026-11-23T17:00:00Z"]);
        let fridays = Weekdays::NONE.with(4);
        let friday = calendar("UTC", Band { days: fridays, holidays: fridays, ..band(22 * 60, 6 * 60) });
        assert!(holds(&friday, "2026-11-20T23:00:00Z") && holds(&friday, "2026-11-21T05:00:00Z"));
        assert!(!holds(&friday, "2026-11-20T05:00:00Z") && !holds(&friday, "2026-11-21T23:00:00Z"));
    }

    #[test]
    fn the_zone_of_almaty_is_one_hour_nearer_to_utc_since_march_2024() {
        let night = calendar("Asia/Almaty", band(22 * 60, 6 * 60));
        assert!(holds(&night, "2024-02-28T16:00:00Z") && !holds(&night, "2024-03-02T16:00:00Z"));
        // 2024-03-01T00:00+06 was 2024-02-29T23:00+05: one more hour of that night
        let told = boundaries(&night, "2024-02-29T12:00:00Z", 3);
        assert_eq!(told, ["2024-02-29T16:00:00Z", "2024-02-29T18:00:00Z", "2024-03-01T01:00:00Z"]);
    }

    #[test]
    fn an_hour_that_is_skipped_is_in_no_band_and_one_that_comes_twice_is_twice_in_its_own() {
        let early = calendar("Europe/Berlin", band(2 * 60, 3 * 60));
        let told = boundaries(&early, "2026-03-28T12:00:00Z", 2);
        assert_eq!(told, ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"], "put forward at its beginning");
        assert!(!holds(&early, "2026-03-29T01:00:00Z") && !holds(&early, "2026-03-29T00:59:59Z"));
        for moment in ["2026-10-25T00:00:00Z", "2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z"] {
            assert!(holds(&early, moment), "{moment}");
        }
        assert!(!holds(&early, "2026-10-24T23:59:59Z") && !holds(&early, "2026-10-25T02:00:00Z"));
    }

    #[test]
    fn holidays_are_days_of_the_zone() {
        let holiday = calendar("Asia/Almaty", Band { days: Weekdays::NONE, ..band(0, 24 * 60) });
        for (moment, inside) in [
            ("2026-03-07T18:59:59Z", false),
            ("2026-03-07T19:00:00Z", true),
            ("2026-03-08T18:59:59Z", true),
            ("2026-03-08T19:00:00Z", false),
        ] {
            assert_eq!(holds(&holiday, moment), inside, "{moment}");
        }
        let working = calendar("Asia/Almaty", Band { holidays: Weekdays::NONE, ..band(0, 24 * 60) });
        assert!(!holds(&working, "2026-03-08T10:00:00Z") && holds(&working, "2026-03-09T10:00:00Z"));
    }

    #[test]
    fn where_there_are_no_bands_nothing_changes() {
        let night = calendar("Asia/Almaty", band(0, 60));
        assert_eq!(night.next_boundary(&[], Timestamp::EPOCH), None);
        assert_eq!(night.holding([], Timestamp::EPOCH), None);
        assert_eq!(night.holding([BandIx(9)], Timestamp::EPOCH), None);
        for end in [Timestamp::MAX, Timestamp::from_micros(i64::MIN)] {
            let _ = (night.next_boundary(&[BandIx(0)], end), night.holding([BandIx(0)], end));
        }
    }

    /// Whether a moment is in the band, from jiff's own reading of the clock.
    fn model(zone: &str, band: &Band, at: Timestamp) -> bool {
        let zone = TimeZoneDatabase::bundled().get(zone).unwrap();
        let shown = zone.to_datetime(jiff::Timestamp::from_microsecond(at.micros()).unwrap());
        let holiday = |date: jiff::civil::Date| date == jiff::civil::date(2026, 3, 8);
        let of = |date: jiff::civil::Date| {
            let weekday = u8::try_from(date.weekday().to_monday_zero_offset()).unwrap();
            band.is_of(weekday, holiday(date))
        };
        let second = u32::try_from(shown.hour()).unwrap() * 3_600
            + u32::try_from(shown.minute()).unwrap() * 60
            + u32::try_from(shown.second()).unwrap();
        if band.is_over_midnight() {
            (second >= band.from && of(shown.date()))
                || (second < band.to && of(shown.date().yesterday().unwrap()))
        } else {
            (band.from..band.to).contains(&second) && of(shown.date())
        }
    }

    proptest! {
        #[test]
        fn bands_hold_when_jiffs_clock_says_so_and_change_only_at_boundaries(
            zone in prop_oneof![
                Just("Asia/Almaty"), Just("Europe/Berlin"), Just("America/St_Johns"), Just("Australia/Lord_Howe"),
                Just("Africa/Casablanca"), Just("UTC"), Just("Asia/Kathmandu"),
            ],
            from in 0u32..1_440, to in 1u32..=1_440, days in 0u8..7, other in 0u8..7, on_holidays in any::<bool>(),
            start in 1_577_836_800i64..2_000_000_000, steps in prop::collection::vec(1i64..200_000, 1..20),
        ) {
            prop_assume!(from != to);
            let days = Weekdays::NONE.with(days).with(other);
            let holidays = if on_holidays { Weekdays::ALL } else { Weekdays::NONE };
            let band = Band { days, holidays, ..band(from, to) };
            let calendar = calendar(zone, band.clone());
            let mut at = Timestamp::from_secs(start);
            for step in steps {
                let now = calendar.holding([BandIx(0)], at).is_some();
                prop_assert_eq!(now, model(zone, &band, at), "{} at {}", band, at);
                let next = calendar.next_boundary(&[BandIx(0)], at).unwrap();
                prop_assert!(next > at);
                let between = Timestamp::from_secs(at.secs() + step);
                if between < next {
                    prop_assert_eq!(calendar.holding([BandIx(0)], between).is_some(), now, "{} at {}", band, between);
                }
                at = if step % 2 == 0 { next } else { between };
            }
        }
    }
}
