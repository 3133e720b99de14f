//! Amounts, money, spans and points in time, as scenarios write them.

use std::time::Duration;

use gyro::charging::request::Measured;
use gyro::charging::units::{Money, Unit};
use gyro::time::Timestamp;

use crate::lex::{At, Cursor, Mistake, Read, Word};

/// An amount of something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Units {
    pub(crate) unit: Unit,
    pub(crate) count: u64,
}

const UNITS: &str = "an amount like 45s, 2min, 1h, 10MB, 512KB, 100B, 1piece, 3pieces or 12.50KZT";

/// What a suffix multiplies by, the longest first.
const SUFFIXES: [(&str, Unit, u64); 10] = [
    ("pieces", Unit::Pieces, 1),
    ("piece", Unit::Pieces, 1),
    ("min", Unit::Seconds, 60),
    ("h", Unit::Seconds, 3_600),
    ("s", Unit::Seconds, 1),
    ("GB", Unit::Octets, 1 << 30),
    ("MB", Unit::Octets, 1 << 20),
    ("KB", Unit::Octets, 1 << 10),
    ("B", Unit::Octets, 1),
    ("KZT", Unit::Money, 1_000_000),
];

fn unlike(word: &Word, what: &str) -> Mistake {
    Mistake::unlike(word.at, what, format_args!("{:?}", word.text))
}

/// Millionths of a decimal number.
fn micros(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').map_or((digits, ""), |(whole, part)| (whole, part));
    let is_number = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    let pointed = digits.contains('.');
    if whole.is_empty()
        || !is_number(whole)
        || !is_number(part)
        || part.len() > 6
        || (pointed && part.is_empty())
    {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let part: i64 = format!("{part:0<6}").parse().ok()?;
    let micros = whole.checked_mul(1_000_000)?.checked_add(part)?;
    Some(if negative { -micros } else { micros })
}

/// Money out of text, as operators are told it.
pub(crate) fn money_of(text: &str) -> Option<Money> {
    micros(text).map(Money::from_micros)
}

pub(crate) fn money(words: &mut Cursor<'_>) -> Read<Money> {
    let what = "money like 12.50 or -3.00";
    let word = words.word(what)?;
    money_of(&word.text).ok_or_else(|| unlike(word, what))
}

fn units_of(text: &str) -> Option<Units> {
    let mut sum: Option<Units> = None;
    for piece in text.split('+') {
        let (suffix, unit, factor) = SUFFIXES.iter().find(|(suffix, ..)| piece.ends_with(suffix))?;
        let digits = piece.strip_suffix(suffix)?;
        let count = match unit {
            Unit::Money => u64::try_from(micros(digits)?).ok()?,
            _ if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                digits.parse::<u64>().ok()?.checked_mul(*factor)?
            }
            _ => return None,
        };
        sum = Some(match sum {
            None => Units { unit: *unit, count },
            Some(sum) if sum.unit == *unit => Units { unit: *unit, count: sum.count.checked_add(count)? },
            Some(_) => return None,
        });
    }
    sum
}

/// `10MB`, `60s+1s`: pieces of one unit may be added.
pub(crate) fn units(words: &mut Cursor<'_>) -> Read<Units> {
    let word = words.word(UNITS)?;
    units_of(&word.text).ok_or_else(|| unlike(word, UNITS))
}

impl Units {
    /// As a client measures it.
    pub(crate) fn measured(self) -> Measured {
        let count = Some(self.count);
        match self.unit {
            Unit::Seconds => Measured { seconds: count, ..Measured::default() },
            Unit::Octets => Measured { total_octets: count, ..Measured::default() },
            Unit::Pieces => Measured { pieces: count, ..Measured::default() },
            Unit::Money => {
                let money = i64::try_from(self.count).map(Money::from_micros).ok();
                Measured { money, ..Measured::default() }
            }
        }
    }

    /// The same number of the same thing, as the admin interface names it.
    pub(crate) fn is(self, count: u64, unit: &str) -> bool {
        self.count == count && self.unit_name() == unit
    }

    pub(crate) fn unit_name(self) -> &'static str {
        match self.unit {
            Unit::Seconds => "seconds",
            Unit::Octets => "octets",
            Unit::Pieces => "pieces",
            Unit::Money => "money",
        }
    }
}

/// An amount as scenarios write it.
pub(crate) fn shown(count: u64, unit: &str) -> String {
    match unit {
        "seconds" => format!("{count}s"),
        "octets" => {
            let sizes = [("GB", 1u64 << 30), ("MB", 1 << 20), ("KB", 1 << 10)];
            let whole = sizes.iter().find(|(_, size)| count > 0 && count.is_multiple_of(*size));
            match whole {
                Some((suffix, size)) => format!("{}{suffix}", count / size),
                None => format!("{count}B"),
            }
        }
        "pieces" if count == 1 => "1piece".into(),
        "pieces" => format!("{count}pieces"),
        _ => format!("{}KZT", Money::from_micros(i64::try_from(count).unwrap_or(i64::MAX))),
    }
}

/// What a client was granted or has measured, as scenarios write it.
pub(crate) fn shown_measured(measured: &Measured) -> String {
    let counts = [
        (measured.seconds, "seconds"),
        (measured.total_octets, "octets"),
        (measured.pieces, "pieces"),
        (measured.money.and_then(|money| u64::try_from(money.micros()).ok()), "money"),
    ];
    let known: Vec<String> =
        counts.iter().filter_map(|(count, unit)| count.map(|count| shown(count, unit))).collect();
    if known.is_empty() { "nothing that is counted".into() } else { known.join(" and ") }
}

/// `90s`, `25h`, `1h+30min`, `2d`, `500ms`.
pub(crate) fn span(words: &mut Cursor<'_>) -> Read<Duration> {
    let what = "a span like 90s, 10min, 25h, 2d or 1h+30min";
    let word = words.word(what)?;
    let one = |piece: &str| {
        let suffixes: [(&str, u64); 5] =
            [("ms", 1), ("min", 60_000), ("s", 1_000), ("h", 3_600_000), ("d", 86_400_000)];
        let (suffix, factor) = suffixes.iter().find(|(suffix, _)| piece.ends_with(suffix))?;
        let digits = piece.strip_suffix(suffix)?;
        let number: u64 =
            digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())??;
        number.checked_mul(*factor)
    };
    let sum = word.text.split('+').try_fold(0u64, |sum, piece| sum.checked_add(one(piece)?));
    sum.map(Duration::from_millis).ok_or_else(|| unlike(word, what))
}

/// A point in time by the clock of the operator's zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Moment {
    pub(crate) at: At,
    civil: jiff::civil::DateTime,
}

impl Moment {
    pub(crate) fn in_zone(self, zone: &str) -> Read<Timestamp> {
        let zoned = jiff::tz::TimeZone::get(zone).and_then(|zone| self.civil.to_zoned(zone));
        match zoned {
            Ok(zoned) => Ok(Timestamp::from_micros(zoned.timestamp().as_microsecond())),
            Err(error) => Err(Mistake::new(self.at, format!("there is no such time in {zone}: {error}"))),
        }
    }
}

/// `2026-11-23`, with a time behind it where there is one: `12:00` or `12:00:00`.
pub(crate) fn moment(words: &mut Cursor<'_>) -> Read<Moment> {
    let what = "a date like 2026-11-23, and perhaps a time like 12:00 or 12:00:00";
    let word = words.word(what)?;
    let date: jiff::civil::Date = match word.text.parse() {
        Ok(date) if word.text.len() == "2026-11-23".len() => date,
        Ok(_) | Err(_) => return Err(unlike(word, what)),
    };
    let time = match words.peek() {
        Some(text) if text.contains(':') && text.starts_with(|letter: char| letter.is_ascii_digit()) => {
            let word = words.word(what)?;
            let full = if word.text.len() == "12:00".len() { format!("{text}:00") } else { text.to_owned() };
            full.parse().map_err(|_| unlike(word, "a time like 12:00 or 12:00:00"))?
        }
        _ => jiff::civil::Time::midnight(),
    };
    Ok(Moment { at: word.at, civil: date.to_datetime(time) })
}

/// A whole number.
pub(crate) fn number<T: std::str::FromStr>(words: &mut Cursor<'_>, what: &str) -> Read<T> {
    let word = words.word(what)?;
    word.text.parse().map_err(|_| unlike(word, what))
}
