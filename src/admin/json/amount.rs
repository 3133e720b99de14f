//! Amounts of money as operators write them: decimal text, read exactly.

use crate::charging::units::Money;

/// Why a text is no amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AmountError {
    /// It is no decimal number.
    #[error("an amount is written in digits with a point, like 100 or -12.50")]
    NoNumber,
    /// It has more than two decimals.
    #[error("an amount has two decimals at most")]
    Decimals,
    /// It does not fit.
    #[error("the amount is more than can be kept")]
    TooLarge,
}

/// Reads an amount: an optional sign, digits, and up to two decimals.
pub fn parse(text: &str) -> Result<Money, AmountError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, decimals) = match digits.split_once('.') {
        Some((_, "")) => return Err(AmountError::NoNumber),
        Some(parts) => parts,
        None => (digits, ""),
    };
    let is_number = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(decimals) {
        return Err(AmountError::NoNumber);
    }
    if decimals.trim_end_matches('0').len() > 2 {
        return Err(AmountError::Decimals);
    }
    let cents = decimals.bytes().chain(*b"00").take(2);
    let digits = whole.bytes().chain(cents).map(|octet| i64::from(octet.saturating_sub(b'0')));
    let cents = digits
        .map(|digit| if negative { digit.checked_neg() } else { Some(digit) })
        .try_fold(0i64, |sum, digit| sum.checked_mul(10)?.checked_add(digit?));
    cents.and_then(Money::from_cents).ok_or(AmountError::TooLarge)
}

/// An amount with its sign, as a ledger shows it: `+100.00`, `-11.18`, `0.00`.
pub fn signed(amount: Money) -> String {
    if amount.is_positive() { format!("+{amount}") } else { amount.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly() {
        for (text, micros) in [
            ("0", 0),
            ("100", 100_000_000),
            ("+100.00", 100_000_000),
            ("-5", -5_000_000),
            ("11.18", 11_180_000),
            ("-0.01", -10_000),
            ("0.1", 100_000),
            ("1.500", 1_500_000),
            ("9223372036854.77", 9_223_372_036_854_770_000),
            ("-9223372036854.77", -9_223_372_036_854_770_000),
        ] {
            assert_eq!(parse(text), Ok(Money::from_micros(micros)), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_says_why() {
        for text in ["", "-", ".5", "5.", "1,5", "1e3", "NaN", " 1", "--1", "+-1", "１"] {
            assert_eq!(parse(text), Err(AmountError::NoNumber), "{text}");
        }
        assert_eq!(parse("1.005"), Err(AmountError::Decimals));
        for text in ["9223372036854.78", "-9223372036854.78", "99999999999999999999999"] {
            assert_eq!(parse(text), Err(AmountError::TooLarge), "{text}");
        }
    }

    #[test]
    fn a_ledger_shows_the_sign() {
        for (cents, text) in [(10_000, "+100.00"), (-1_118, "-11.18"), (0, "0.00")] {
            assert_eq!(signed(Money::from_cents(cents).unwrap()), text);
        }
    }
}
