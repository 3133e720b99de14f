//! Bands of time: parts of the day on some days of the week, in which a rate may have another price (`RES-3`).
//!
//! A band is told by clocks on the wall. One that goes over midnight belongs to the day on which it begins.

use core::fmt;

/// A band's place in the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BandIx(pub u16);

/// Seconds of a day by the clock.
pub const DAY_SECS: u32 = 86_400;

/// Days of the week.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Weekdays(u8);

impl Weekdays {
    /// How days are written, Monday first.
    pub const NAMES: [&'static str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    /// None of them.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self(0x7f);

    /// These and one more, 0 for Monday to 6 for Sunday.
    pub const fn with(self, day: u8) -> Self {
        Self(self.0 | (1 << (day % 7)))
    }

    /// Whether that day, 0 for Monday to 6 for Sunday, is one of them.
    pub const fn has(self, day: u8) -> bool {
        self.0 & (1 << (day % 7)) != 0
    }

    /// Each of them, one day later.
    const fn next(self) -> Self {
        Self(((self.0 << 1) | (self.0 >> 6)) & Self::ALL.0)
    }

    const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Days as people write them: `mon–fri`, `sat, sun`.
impl fmt::Display for Weekdays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut days = (0u8..).zip(Self::NAMES).filter(|(day, _)| self.has(*day)).peekable();
        let mut before = "";
        while let Some((first, name)) = days.next() {
            write!(f, "{before}{name}")?;
            let (mut last, mut run) = (name, 0u8);
            while let Some((_, next)) =
                days.next_if(|(day, _)| *day == first.saturating_add(run).saturating_add(1))
            {
                last = next;
                run = run.saturating_add(1);
            }
            match run {
                0 => {}
                1 => write!(f, ", {last}")?,
                _ => write!(f, "–{last}")?,
            }
            before = ", ";
        }
        Ok(())
    }
}

/// A band of time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Band {
    /// Its name.
    pub name: Box<str>,
    /// Seconds by the clock at which it begins, below a day.
    pub from: u32,
    /// Seconds by the clock at which it ends, up to a day; not above `from` where it goes over midnight.
    pub to: u32,
    /// Working days and other days that are no holidays, on which it begins.
    pub days: Weekdays,
    /// Days of the week on which it begins where they are holidays.
    pub holidays: Weekdays,
}

impl Band {
    /// It ends on the day after that on which it begins.
    pub const fn is_over_midnight(&self) -> bool {
        self.to <= self.from
    }

    /// Whether it begins on a day of that weekday, 0 for Monday.
    pub const fn is_of(&self, weekday: u8, holiday: bool) -> bool {
        if holiday { self.holidays.has(weekday) } else { self.days.has(weekday) }
    }

    /// Whether some time may lie in both, whichever days are holidays.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.meets(other) || other.follows_into(self) || self.follows_into(other)
    }

    /// Whether both lie in one another on a day on which both begin.
    fn meets(&self, other: &Self) -> bool {
        let end = |band: &Self| if band.is_over_midnight() { DAY_SECS } else { band.to };
        let on_a_day = self.days.meets(other.days) || self.holidays.meets(other.holidays);
        let both_go_on = self.is_over_midnight() && other.is_over_midnight();
        on_a_day && (both_go_on || (self.from < end(other) && other.from < end(self)))
    }

    /// Whether this one goes over midnight into the other, which begins on the next day.
    fn follows_into(&self, other: &Self) -> bool {
        let after = Weekdays(self.days.0 | self.holidays.0).next();
        let begins = Weekdays(other.days.0 | other.holidays.0);
        self.is_over_midnight() && other.from < self.to && after.meets(begins)
    }
}

/// A band as people write it: `22:00–06:00, fri, sat`.
impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |secs: u32| (secs / 3_600, secs / 60 % 60);
        if (self.from, self.to) == (0, DAY_SECS) {
            write!(f, "all day")?;
        } else {
            let ((from, past), (to, end)) = (clock(self.from), clock(self.to));
            write!(f, "{from:02}:{past:02}–{to:02}:{end:02}")?;
        }
        if self.days == self.holidays {
            return if self.days == Weekdays::ALL {
                write!(f, " every day")
            } else {
                write!(f, ", {}", self.days)
            };
        }
        match (self.days, self.holidays) {
            (Weekdays::NONE, _) => write!(f, ", holidays"),
            (days, Weekdays::NONE) => write!(f, ", {days} but holidays"),
            (days, _) => write!(f, ", {days} and holidays"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn days(names: &str) -> Weekdays {
        (0u8..).zip(Weekdays::NAMES).fold(Weekdays::NONE, |days, (day, name)| {
            if names.contains(name) { days.with(day) } else { days }
        })
    }

    pub(super) fn band(from: u32, to: u32, days: Weekdays, holidays: Weekdays) -> Band {
        Band { name: "b".into(), from: from * 3_600, to: to * 3_600, days, holidays }
    }

    #[test]
    fn a_band_reads_as_people_write_it() {
        let all = Weekdays::ALL;
        for (band, text) in [
            (band(22, 6, all, all), "22:00–06:00 every day"),
            (band(0, 24, days("sat sun"), all), "all day, sat, sun and holidays"),
            (band(0, 24, Weekdays::NONE, all), "all day, holidays"),
            (band(8, 18, days("mon tue wed thu fri"), Weekdays::NONE), "08:00–18:00, mon–fri but holidays"),
            (band(18, 24, days("mon wed sun"), days("mon wed sun")), "18:00–24:00, mon, wed, sun"),
        ] {
            assert_eq!(band.to_string(), text);
        }
    }

    #[test]
    fn bands_overlap_where_some_time_lies_in_both() {
        let (all, none) = (Weekdays::ALL, Weekdays::NONE);
        let night = band(22, 6, all, all);
        for (other, overlaps) in [
            (band(6, 22, all, all), false),
            (band(5, 7, all, all), true),
            (band(21, 23, all, all), true),
            (band(0, 1, days("mon"), none), true),
            (band(23, 5, days("mon"), none), true),
            (band(6, 7, none, all), false),
        ] {
            assert_eq!(night.overlaps(&other), overlaps, "{other}");
            assert_eq!(other.overlaps(&night), overlaps, "{other}");
        }
        let friday = band(22, 6, days("fri"), none);
        assert!(!friday.overlaps(&band(0, 6, days("fri"), none)), "the morning before");
        assert!(friday.overlaps(&band(0, 6, days("sat"), none)));
        assert!(friday.overlaps(&band(5, 6, none, days("sat"))), "a Saturday may be a holiday");
        assert!(!friday.overlaps(&band(20, 24, none, days("fri"))), "a Friday is a holiday or it is not");
        let sunday = band(22, 6, days("sun"), none);
        assert!(sunday.overlaps(&band(0, 6, days("mon"), none)));
    }

    /// A fortnight hour by hour, with every choice of holidays on three days in a row.
    fn model(one: &Band, other: &Band) -> bool {
        let covers = |band: &Band, hour: u32, holidays: u32| {
            let of = |day: u32| band.is_of(u8::try_from(day % 7).unwrap(), holidays >> day & 1 == 1);
            let (day, second) = (hour / 24, hour % 24 * 3_600);
            if band.is_over_midnight() {
                (of(day) && second >= band.from) || (day > 0 && of(day - 1) && second < band.to)
            } else {
                of(day) && (band.from..band.to).contains(&second)
            }
        };
        (0u32..1 << 9).any(|holidays| {
            (0..9 * 24).any(|hour| covers(one, hour, holidays) && covers(other, hour, holidays))
        })
    }

    prop_compose! {
        fn bands()(from in 0u32..24, to in 0u32..25, days in 0u8..128, holidays in 0u8..128) -> Band {
            band(from, to, Weekdays(days), Weekdays(holidays))
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn overlaps_agree_with_a_walk_through_the_week(one in bands(), other in bands()) {
            prop_assert_eq!(one.overlaps(&other), model(&one, &other), "{} / {}", one, other);
        }
    }
}
