//! Periods: from the day on which a plan was connected to the like day of the next month, by the calendar of the
//! operator's zone (`ACC-5`). The day is kept: after 31 January comes the last of February, and then 31 March.

use crate::time::{Timestamp, Zone};

/// How often something comes again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Every {
    /// On the like day after so many months; the last of a month that has no such day.
    Months(u16),
    /// After so many days.
    Days(u16),
}

/// A calendar month.
pub const MONTH: Every = Every::Months(1);

/// One of a row of periods, each beginning as the one before it ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Period {
    /// When the first of the row began: its day is that on which all begin.
    pub anchor: Timestamp,
    /// Its place in the row, from 0.
    pub place: u32,
    /// When it begins.
    pub from: Timestamp,
    /// When it ends, and the next one begins.
    pub to: Timestamp,
}

impl Period {
    /// The first of a row. It begins at once; all others begin with the first moment of their day.
    pub fn first(at: Timestamp, every: Every, zone: &Zone) -> Self {
        Self { anchor: at, place: 0, from: at, to: begin(at, 1, every, zone) }
    }

    /// The next of the row. Where the length was changed meanwhile it counts from the end of this one.
    pub fn next(&self, every: Every, zone: &Zone) -> Self {
        let place = self.place.saturating_add(1);
        let as_it_was = begin(self.anchor, place, every, zone) == self.to;
        if as_it_was {
            let to = begin(self.anchor, place.saturating_add(1), every, zone);
            return Self { anchor: self.anchor, place, from: self.to, to };
        }
        Self { anchor: self.to, place: 0, from: self.to, to: begin(self.to, 1, every, zone) }
    }

    /// Whether a moment lies in it.
    pub fn has(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// When the period of that place begins. Beyond the calendar there is no end.
fn begin(anchor: Timestamp, place: u32, every: Every, zone: &Zone) -> Timestamp {
    let times = |of: u16| i32::try_from(u64::from(place).saturating_mul(u64::from(of.max(1)))).ok();
    let at = match every {
        Every::Months(months) => times(months).and_then(|months| zone.day_after(anchor, months, 0)),
        Every::Days(days) => times(days).and_then(|days| zone.day_after(anchor, 0, days)),
    };
    at.unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn almaty() -> Zone {
        Zone::named("Asia/Almaty").unwrap()
    }

    fn row(first: &str, every: Every, zone: &Zone, count: usize) -> Vec<String> {
        let mut period = Period::first(zone.parse(first).unwrap(), every, zone);
        let mut begins = Vec::new();
        for _ in 0..count {
            begins.push(zone.date(period.to));
            let next = period.next(every, zone);
            assert_eq!(next.from, period.to, "nothing lies between two periods");
            period = next;
        }
        begins
    }

    #[test]
    fn a_month_that_is_too_short_ends_with_its_last_day_and_the_day_is_kept() {
        assert_eq!(
            row("2027-01-31T15:00:00+05:00", MONTH, &almaty(), 5),
            ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31", "2027-06-30"]
        );
        assert_eq!(row("2028-01-31", MONTH, &almaty(), 2), ["2028-02-29", "2028-03-31"]);
        assert_eq!(row("2028-02-29", Every::Months(12), &almaty(), 4).last().unwrap(), "2032-02-29");
        assert_eq!(row("2026-11-23", Every::Days(7), &almaty(), 2), ["2026-11-30", "2026-12-07"]);
        assert_eq!(row("2026-11-23", Every::Days(1), &almaty(), 1), ["2026-11-24"]);
    }

    #[test]
    fn a_period_begins_with_its_day_in_the_operators_zone() {
        let zone = almaty();
        let first = Period::first(zone.parse("2026-11-23T23:59:59+05:00").unwrap(), MONTH, &zone);
        assert_eq!(zone.rfc3339(first.to), "2026-12-23T00:00:00+05:00");
        // no midnight on the day on which clocks go forward at midnight
        let beirut = Zone::named("Asia/Beirut").unwrap();
        let first = Period::first(beirut.parse("2026-02-28T12:00:00Z").unwrap(), MONTH, &beirut);
        let next = Period::first(beirut.parse("2026-03-28T12:00:00Z").unwrap(), Every::Days(1), &beirut);
        assert_eq!(beirut.rfc3339(first.to), "2026-03-28T00:00:00+02:00");
        assert_eq!(beirut.rfc3339(next.to), "2026-03-29T01:00:00+03:00");
    }

    #[test]
    fn another_length_counts_from_the_end_of_the_running_period() {
        let zone = almaty();
        let first = Period::first(zone.parse("2026-11-23").unwrap(), MONTH, &zone);
        let next = first.next(Every::Days(7), &zone);
        assert_eq!((zone.date(next.from), zone.date(next.to)), ("2026-12-23".into(), "2026-12-30".into()));
        assert_eq!((next.anchor, next.place), (next.from, 0));
    }

    #[test]
    fn beyond_the_calendar_there_is_no_end() {
        let period = Period::first(Timestamp::MAX, MONTH, &Zone::UTC);
        assert_eq!(period.to, Timestamp::MAX);
    }

    /// Days of a month, by the rule of Gregory alone.
    fn days_of(year: i64, month: i64) -> i64 {
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    proptest! {
        /// A naive oracle: count months, take the day or the last one.
        #[test]
        fn every_period_begins_as_a_naive_calendar_says(
            year in 1990i64..2190, month in 1i64..=12, day in 1i64..=31, months in 1u16..=12, count in 1usize..60,
            hour in 0u8..24)
        {
            let day = day.min(days_of(year, month));
            let zone = almaty();
            let first = format!("{year:04}-{month:02}-{day:02}T{hour:02}:30:00+05:00");
            prop_assume!(zone.date(zone.parse(&first).unwrap()) == first.chars().take(10).collect::<String>());
            let begins = row(&first, Every::Months(months), &zone, count);
            for (place, begin) in (1i64..).zip(begins) {
                let all = year * 12 + (month - 1) + place * i64::from(months);
                let (year, month) = (all / 12, all % 12 + 1);
                prop_assert_eq!(begin, format!("{year:04}-{month:02}-{:02}", day.min(days_of(year, month))));
            }
        }
    }
}
