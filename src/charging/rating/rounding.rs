//! Exact prices and their rounding to hundredths, the smallest amount of a ledger entry (`ACC-3`).

use core::fmt;

use crate::charging::units::Money;

/// An exact amount of money: `numerator / denominator` millionths of the currency unit, nothing or more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exact {
    numerator: i128,
    denominator: i128,
}

impl Exact {
    /// Nothing.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };

    /// A fraction; none where it is negative or divides by nothing.
    pub fn new(numerator: i128, denominator: i128) -> Option<Self> {
        (numerator >= 0 && denominator > 0).then_some(Self { numerator, denominator })
    }

    /// Rounded half up to hundredths; none where it does not fit.
    pub fn half_up(self) -> Option<Money> {
        let (whole, rest, hundredth) = self.hundredths()?;
        let up = rest >= hundredth - rest;
        Self::money(whole, up)
    }

    /// Rounded up to hundredths; none where it does not fit.
    pub fn up(self) -> Option<Money> {
        let (whole, rest, _) = self.hundredths()?;
        Self::money(whole, rest > 0)
    }

    /// Whole hundredths, what is beyond them, and what would be a hundredth more.
    fn hundredths(self) -> Option<(i128, i128, i128)> {
        let hundredth = self.denominator.checked_mul(i128::from(Money::MICROS_PER_CENT))?;
        Some((self.numerator.checked_div(hundredth)?, self.numerator.checked_rem(hundredth)?, hundredth))
    }

    fn money(whole: i128, up: bool) -> Option<Money> {
        Money::from_cents(i64::try_from(whole.checked_add(i128::from(up))?).ok()?)
    }
}

/// In units of the currency: as a decimal where it is one of at most twelve digits, else to twelve and `…`.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.denominator.saturating_mul(1_000_000);
        let whole = self.numerator.checked_div(unit).unwrap_or(0);
        let mut rest = self.numerator.checked_rem(unit).unwrap_or(0);
        write!(f, "{whole}.")?;
        for digits in 0..12 {
            if rest == 0 && digits >= 2 {
                return Ok(());
            }
            rest = rest.saturating_mul(10);
            write!(f, "{}", rest.checked_div(unit).unwrap_or(0))?;
            rest = rest.checked_rem(unit).unwrap_or(0);
        }
        if rest == 0 { Ok(()) } else { f.write_str("…") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(numerator: i128, denominator: i128) -> Exact {
        Exact::new(numerator, denominator).unwrap()
    }

    #[test]
    fn half_a_hundredth_is_rounded_up_and_less_is_not() {
        for (numerator, denominator, half_up, up) in [
            (0, 1, 0, 0),
            (4_999, 1, 0, 1),
            (5_000, 1, 1, 1),
            (9_999, 2, 0, 1),
            (10_000, 2, 1, 1),
            (10_000, 1, 1, 1),
            (14_999, 1, 1, 2),
            (15_000, 1, 2, 2),
            (1, 3, 0, 1),
            (20_000, 1, 2, 2),
        ] {
            let exact = exact(numerator, denominator);
            assert_eq!(exact.half_up(), Money::from_cents(half_up), "{numerator}/{denominator} half up");
            assert_eq!(exact.up(), Money::from_cents(up), "{numerator}/{denominator} up");
        }
    }

    #[test]
    fn an_exact_price_reads_as_a_decimal() {
        for (numerator, denominator, text) in [
            (0, 1, "0.00"),
            (11_000_000 * 61, 60, "11.183333333333…"),
            (2_500_000, 1, "2.50"),
            (1, 8, "0.000000125"),
        ] {
            assert_eq!(exact(numerator, denominator).to_string(), text);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_never_wraps() {
        assert_eq!(exact(i128::MAX, 1).half_up(), None);
        assert_eq!(exact(i128::MAX, i128::MAX).up(), None);
        assert_eq!(exact(i128::from(i64::MAX), 1).up(), None);
        assert!(exact(i128::from(i64::MAX - 5_807), 1).half_up().is_some());
        assert_eq!(Exact::new(-1, 1), None);
        assert_eq!(Exact::new(1, 0), None);
    }
}
