//! Figures as people write them: money, volumes, spans of time, per cent.

use thiserror::Error;

use crate::charging::units::{Money, Unit};

/// Why a text is not the figure that is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Error)]
pub enum FigureFault {
    /// Not money.
    #[error("money is digits with a point before the fraction, like \"11\" or \"0.50\"")]
    NotMoney,
    /// More than six digits after the point.
    #[error("money is exact to six digits after the point")]
    TooFine,
    /// Less than nothing.
    #[error("a price is nothing or more")]
    Negative,
    /// Larger than what can be counted.
    #[error("the figure is too large")]
    TooLarge,
    /// Not a volume.
    #[error(
        "a volume is a number and B, KB, MB, GB or TB, powers of 1024, like \"50MB\" (KiB, MiB, GiB, TiB are the same)"
    )]
    NotVolume,
    /// Not a span of time.
    #[error("a time is a number and s, min, h or d, like \"60s\" or \"10min\"")]
    NotTime,
    /// Not a count.
    #[error("a count is a whole number in quotes, like \"1\"")]
    NotCount,
    /// Not a whole number of the smallest unit.
    #[error("it is not a whole number of the smallest unit (octets, seconds)")]
    NotWhole,
    /// Nothing.
    #[error("it must be more than nothing")]
    Zero,
    /// Not a percentage.
    #[error("a share is a whole number of per cent from 1% to 99%, like \"20%\"")]
    NotPercent,
    /// Not a threshold.
    #[error("a threshold is a whole number of per cent from 1% to 100%, like \"80%\"")]
    NotShare,
}

/// Money, nothing or more, exact to a millionth: digits, and a point before the fraction.
pub(super) fn price(text: &str) -> Result<Money, FigureFault> {
    if text.starts_with('-') {
        return Err(FigureFault::Negative);
    }
    let (whole, fraction) = parts(text).ok_or(FigureFault::NotMoney)?;
    scaled(whole, fraction, 1_000_000)
        .and_then(|micros| i64::try_from(micros).map_err(|_| FigureFault::TooLarge))
        .map(Money::from_micros)
        .map_err(|fault| if fault == FigureFault::NotWhole { FigureFault::TooFine } else { fault })
}

/// An amount of a unit, more than nothing: octets of a volume, seconds of a time, pieces.
pub(super) fn amount(text: &str, unit: Unit) -> Result<u64, FigureFault> {
    let (factors, fault): (&[(&str, u64)], _) = match unit {
        Unit::Octets => (&VOLUMES, FigureFault::NotVolume),
        Unit::Seconds => (&TIMES, FigureFault::NotTime),
        Unit::Pieces => (&[("", 1)], FigureFault::NotCount),
        Unit::Money => {
            return match u64::try_from(price(text)?.micros()) {
                Ok(0) => Err(FigureFault::Zero),
                micros => micros.map_err(|_| FigureFault::Negative),
            };
        }
    };
    let letters = text.trim_start_matches(|one: char| one.is_ascii_digit() || one == '.');
    let number = text.strip_suffix(letters).unwrap_or(text);
    let (whole, fraction) = parts(number).ok_or(fault)?;
    let &(_, factor) = factors.iter().find(|(name, _)| *name == letters.trim_start()).ok_or(fault)?;
    match scaled(whole, fraction, factor)? {
        0 => Err(FigureFault::Zero),
        count => Ok(count),
    }
}

/// Whole seconds, more than none, that fit in 32 bits (RFC 8506 §8.33 Validity-Time).
pub(super) fn seconds(text: &str) -> Result<u32, FigureFault> {
    amount(text, Unit::Seconds).and_then(|secs| u32::try_from(secs).map_err(|_| FigureFault::TooLarge))
}

/// Whole per cent, 1 to 99.
pub(super) fn percent(text: &str) -> Result<u8, FigureFault> {
    let number = text.strip_suffix('%').ok_or(FigureFault::NotPercent)?;
    let (whole, fraction) = parts(number.trim_end()).ok_or(FigureFault::NotPercent)?;
    let percent =
        whole.parse::<u8>().ok().filter(|percent| (1..=99).contains(percent) && fraction.is_empty());
    percent.ok_or(FigureFault::NotPercent)
}

/// Whole per cent, 1 to 100.
pub(super) fn share(text: &str) -> Result<u8, FigureFault> {
    match text.strip_suffix('%').map(str::trim_end) {
        Some("100") => Ok(100),
        Some(_) => percent(text).map_err(|_| FigureFault::NotShare),
        None => Err(FigureFault::NotShare),
    }
}

const VOLUMES: [(&str, u64); 10] = [
    ("B", 1),
    ("KB", 1 << 10),
    ("kB", 1 << 10),
    ("KiB", 1 << 10),
    ("MB", 1 << 20),
    ("MiB", 1 << 20),
    ("GB", 1 << 30),
    ("GiB", 1 << 30),
    ("TB", 1 << 40),
    ("TiB", 1 << 40),
];

const TIMES: [(&str, u64); 5] = [("s", 1), ("sec", 1), ("min", 60), ("h", 3_600), ("d", 86_400)];

/// The digits before and after the point; none where anything else stands there.
fn parts(number: &str) -> Option<(&str, &str)> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    match number.split_once('.') {
        Some((whole, fraction)) => (digits(whole) && digits(fraction)).then_some((whole, fraction)),
        None => digits(number).then_some((number, "")),
    }
}

/// The number times `factor`, exactly.
fn scaled(whole: &str, fraction: &str, factor: u64) -> Result<u64, FigureFault> {
    let whole: u64 = whole.parse().map_err(|_| FigureFault::TooLarge)?;
    let whole = whole.checked_mul(factor).ok_or(FigureFault::TooLarge)?;
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        return Ok(whole);
    }
    let places = u32::try_from(fraction.len()).map_err(|_| FigureFault::NotWhole)?;
    // A fraction of more digits than the factor has twos and fives in it can never come out whole.
    let divisor = 10u128.checked_pow(places).filter(|_| places <= 18).ok_or(FigureFault::NotWhole)?;
    let product = fraction.parse::<u128>().ok().and_then(|part| part.checked_mul(u128::from(factor)));
    let product = product.filter(|product| product.is_multiple_of(divisor)).ok_or(FigureFault::NotWhole)?;
    let part = product.checked_div(divisor).and_then(|part| u64::try_from(part).ok());
    part.and_then(|part| whole.checked_add(part)).ok_or(FigureFault::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_exact_to_a_millionth_and_nothing_is_guessed() {
        for (text, micros) in [
            ("0", 0),
            ("11", 11_000_000),
            ("0.50", 500_000),
            ("0.000001", 1),
            ("5.1000000000", 5_100_000),
            ("9223372036854.775807", i64::MAX),
        ] {
            assert_eq!(price(text), Ok(Money::from_micros(micros)), "{text}");
        }
        for (text, fault) in [
            ("", FigureFault::NotMoney),
            (".5", FigureFault::NotMoney),
            ("5.", FigureFault::NotMoney),
            ("1,5", FigureFault::NotMoney),
            ("1e3", FigureFault::NotMoney),
            ("+1", FigureFault::NotMoney),
            ("1 000", FigureFault::NotMoney),
            ("1_000", FigureFault::NotMoney),
            ("١", FigureFault::NotMoney),
            ("-1", FigureFault::Negative),
            ("0.0000001", FigureFault::TooFine),
            ("9223372036854.775808", FigureFault::TooLarge),
            ("99999999999999999999", FigureFault::TooLarge),
            ("0.00000000000000000000000000000000000000001", FigureFault::TooFine),
        ] {
            assert_eq!(price(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn volumes_are_powers_of_1024_and_times_are_seconds() {
        for (text, unit, count) in [
            ("1B", Unit::Octets, 1),
            ("1KB", Unit::Octets, 1_024),
            ("1 kB", Unit::Octets, 1_024),
            ("50MB", Unit::Octets, 52_428_800),
            ("50MiB", Unit::Octets, 52_428_800),
            ("1.5GB", Unit::Octets, 1_610_612_736),
            ("0.5KB", Unit::Octets, 512),
            ("1TiB", Unit::Octets, 1_099_511_627_776),
            ("60s", Unit::Seconds, 60),
            ("1.5min", Unit::Seconds, 90),
            ("1h", Unit::Seconds, 3_600),
            ("1d", Unit::Seconds, 86_400),
            ("1", Unit::Pieces, 1),
            ("100", Unit::Pieces, 100),
        ] {
            assert_eq!(amount(text, unit), Ok(count), "{text}");
        }
        for (text, unit, fault) in [
            ("50", Unit::Octets, FigureFault::NotVolume),
            ("50Mb", Unit::Octets, FigureFault::NotVolume),
            ("50mb", Unit::Octets, FigureFault::NotVolume),
            ("MB", Unit::Octets, FigureFault::NotVolume),
            ("-1MB", Unit::Octets, FigureFault::NotVolume),
            ("1min", Unit::Octets, FigureFault::NotVolume),
            ("0.3B", Unit::Octets, FigureFault::NotWhole),
            ("0.1KB", Unit::Octets, FigureFault::NotWhole),
            ("0MB", Unit::Octets, FigureFault::Zero),
            ("99999999999GB", Unit::Octets, FigureFault::TooLarge),
            ("60", Unit::Seconds, FigureFault::NotTime),
            ("1m", Unit::Seconds, FigureFault::NotTime),
            ("1h30min", Unit::Seconds, FigureFault::NotTime),
            ("1 sms", Unit::Pieces, FigureFault::NotCount),
            ("1.5", Unit::Pieces, FigureFault::NotWhole),
            ("0", Unit::Pieces, FigureFault::Zero),
        ] {
            assert_eq!(amount(text, unit), Err(fault), "{text}");
        }
        assert_eq!(seconds("4294967295s"), Ok(u32::MAX));
        assert_eq!(seconds("4294967296s"), Err(FigureFault::TooLarge));
        assert_eq!(seconds("0s"), Err(FigureFault::Zero));
    }

    #[test]
    fn shares_are_one_to_ninety_nine_per_cent() {
        assert_eq!(percent("20%"), Ok(20));
        assert_eq!((share("80%"), share("100 %"), share("1%")), (Ok(80), Ok(100), Ok(1)));
        for text in ["0%", "101%", "80", "80.5%", ""] {
            assert_eq!(share(text), Err(FigureFault::NotShare), "{text}");
        }
        assert_eq!(percent("1 %"), Ok(1));
        for text in ["0%", "100%", "20", "1.5%", "-1%", "%", "300%"] {
            assert_eq!(percent(text), Err(FigureFault::NotPercent), "{text}");
        }
    }
}
