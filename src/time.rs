//! Points in time as values: this module reads no clock.
//!
//! [`Timestamp`] is wall time (what contracts and tariffs speak of), [`Monotonic`] is the time a
//! process measures its own deadlines with. Both are handed in by the shell.

use core::fmt;
use core::time::Duration;

/// Wall time in microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// The latest time that can be written.
    pub const MAX: Self = Self(i64::MAX);

    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From seconds since the epoch; saturates.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This time and `span` after it; saturates.
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros_of(span)))
    }

    /// This time and `span` before it; saturates.
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(micros_of(span)))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// RFC 3339 in UTC; times outside of years -9999 to 9999 as microseconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(at) => fmt::Display::fmt(&at, f),
            Err(_) => write!(f, "{} us", self.0),
        }
    }
}

/// Time since an arbitrary start that never goes back, in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Monotonic(u64);

impl Monotonic {
    /// From microseconds since the start.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the start.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// This time and `span` after it; saturates.
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// Whether a time zone of this name is in the IANA database that is built in.
pub fn is_zone(name: &str) -> bool {
    jiff::tz::TimeZoneDatabase::bundled().get(name).is_ok()
}

/// A time zone of the IANA database that is built in.
#[derive(Clone, Debug)]
pub struct Zone(jiff::tz::TimeZone);

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self(jiff::tz::TimeZone::UTC);

    /// The zone of that name.
    pub fn named(name: &str) -> Option<Self> {
        jiff::tz::TimeZoneDatabase::bundled().get(name).ok().map(Self)
    }

    /// RFC 3339 with the zone's offset at that time: `2026-01-01T05:00:00+05:00`.
    pub fn rfc3339(&self, at: Timestamp) -> String {
        match jiff::Timestamp::from_microsecond(at.micros()) {
            Ok(at) => at.display_with_offset(self.0.to_offset(at)).to_string(),
            Err(_) => at.to_string(),
        }
    }

    /// The same hour of the like day so many months later, the last of a month where it is shorter (`ACC-5`); none
    /// beyond the calendar.
    pub fn months_after(&self, at: Timestamp, months: i32) -> Option<Timestamp> {
        let at = jiff::Timestamp::from_microsecond(at.micros()).ok()?.to_zoned(self.0.clone());
        let span = jiff::Span::new().try_months(months).ok()?;
        let after = at.checked_add(span).ok()?;
        Some(Timestamp::from_micros(after.timestamp().as_microsecond()))
    }

    /// A point in time as people write it: RFC 3339, a time without an offset for one of this zone's clocks, or a date
    /// alone for its first moment in this zone.
    pub fn parse(&self, text: &str) -> Option<Timestamp> {
        let at = match text.parse::<jiff::civil::Date>() {
            Ok(date) if text.len() == "2026-01-01".len() => date.to_zoned(self.0.clone()).ok()?.timestamp(),
            Ok(_) | Err(_) => match text.parse::<jiff::Timestamp>() {
                Ok(at) => at,
                Err(_) => {
                    let local = text.parse::<jiff::civil::DateTime>().ok().filter(|_| text.len() > 10)?;
                    local.to_zoned(self.0.clone()).ok()?.timestamp()
                }
            },
        };
        Some(Timestamp::from_micros(at.as_microsecond()))
    }

    /// The number of the day that it is there at that time, from 1970-01-01.
    pub fn day(&self, at: Timestamp) -> i64 {
        let ahead =
            jiff::Timestamp::from_microsecond(at.micros()).map_or(0, |at| self.0.to_offset(at).seconds());
        at.secs().saturating_add(i64::from(ahead)).div_euclid(86_400)
    }
}

impl Zone {
    /// The offsets from UTC, from 1970 to 2200: for each stretch its beginning, the earliest first, and the
    /// seconds that clocks there are ahead of UTC. The first begins with time itself.
    pub fn offsets(&self) -> Vec<(Timestamp, i32)> {
        let first = self.0.to_offset(jiff::Timestamp::UNIX_EPOCH).seconds();
        let mut stretches = vec![(Timestamp(i64::MIN), first)];
        for change in self.0.following(jiff::Timestamp::UNIX_EPOCH) {
            let at = Timestamp::from_micros(change.timestamp().as_microsecond());
            if at > LAST_OFFSET {
                break;
            }
            if stretches.last().is_some_and(|&(_, before)| before != change.offset().seconds()) {
                stretches.push((at, change.offset().seconds()));
            }
        }
        stretches
    }
}

/// 2200-01-01T00:00:00Z: changes of offset after it are not looked for.
const LAST_OFFSET: Timestamp = Timestamp::from_secs(7_258_118_400);

/// Days from 1970-01-01 to a date of the Gregorian calendar; none where there is no such date.
pub fn day_number(year: i16, month: i8, day: i8) -> Option<i64> {
    let date = jiff::civil::Date::new(year, month, day).ok()?;
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::from_micros(midnight.timestamp().as_microsecond()).secs().div_euclid(86_400))
}

fn micros_of(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_added_and_taken_back_exactly() {
        let at = Timestamp::from_secs(1_000);
        let span = Duration::from_micros(1_500_001);
        assert_eq!(at.plus(span).micros(), 1_001_500_001);
        assert_eq!(at.plus(span).minus(span), at);
        assert_eq!(at.plus(span).since(at), span);
        assert_eq!(at.since(at.plus(span)), Duration::ZERO);
    }

    #[test]
    fn the_ends_of_time_saturate() {
        assert_eq!(Timestamp::MAX.plus(Duration::from_secs(1)), Timestamp::MAX);
        assert_eq!(Monotonic::from_micros(u64::MAX).plus(Duration::MAX).micros(), u64::MAX);
    }

    #[test]
    fn zones_are_known_by_their_iana_names() {
        assert!(is_zone("Asia/Almaty"));
        assert!(!is_zone("Asia/Almaata") && !is_zone("") && !is_zone("../etc/passwd"));
    }

    #[test]
    fn a_zone_writes_its_own_offset() {
        let at = Timestamp::from_secs(1_767_225_600);
        assert_eq!(Zone::named("Asia/Almaty").unwrap().rfc3339(at), "2026-01-01T05:00:00+05:00");
        assert_eq!(Zone::UTC.rfc3339(at), "2026-01-01T00:00:00+00:00");
        assert!(Zone::named("Asia/Almaata").is_none());
    }

    #[test]
    fn a_zone_tells_its_offsets_and_since_when_each_is_in_force() {
        let almaty = Zone::named("Asia/Almaty").unwrap().offsets();
        // UTC+5 since the first of March 2024, 00:00 by the old clock
        assert_eq!(almaty.last(), Some(&(Timestamp::from_secs(1_709_229_600), 18_000)));
        assert_eq!(almaty[almaty.len() - 2].1, 21_600);
        assert!(almaty.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 != pair[1].1));
        let berlin = Zone::named("Europe/Berlin").unwrap().offsets();
        let summer = (Timestamp::from_secs(1_774_746_000), 7_200);
        assert!(berlin.contains(&summer), "2026-03-29T01:00:00Z");
        assert!(berlin.len() > 400 && Zone::UTC.offsets().len() == 1);
    }

    #[test]
    fn days_are_counted_from_1970() {
        for (date, number) in [
            ((1970, 1, 1), Some(0)),
            ((1969, 12, 31), Some(-1)),
            ((2000, 2, 29), Some(11_016)),
            ((2026, 2, 29), None),
            ((2026, 13, 1), None),
            ((2026, 4, 31), None),
        ] {
            assert_eq!(day_number(date.0, date.1, date.2), number, "{date:?}");
        }
    }

    #[test]
    fn wall_time_reads_as_rfc_3339() {
        assert_eq!(Timestamp::from_secs(1_767_225_600).to_string(), "2026-01-01T00:00:00Z");
    }
}
