//! Quantities, a type for each: money, and what services are counted in.
//!
//! Money is exact: whole millionths of the currency unit in an `i64`, products in `i128`, checked
//! arithmetic only (`ACC-1`, `ACC-3`). No binary floating point anywhere.

use core::fmt;

/// An amount of money in millionths of the currency unit (1 tenge = 1,000,000; 1 tiyn = 10,000).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount that can be written.
    pub const MAX: Self = Self(i64::MAX);
    /// Millionths in a hundredth of the currency unit, the smallest amount that a ledger entry may carry.
    pub const MICROS_PER_CENT: i64 = 10_000;

    /// From millionths of the currency unit.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From hundredths of the currency unit; none where it does not fit.
    pub const fn from_cents(cents: i64) -> Option<Self> {
        match cents.checked_mul(Self::MICROS_PER_CENT) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// Millionths of the currency unit.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The sum; none where it does not fit.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference; none where it does not fit.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// The same amount with the other sign; none for the one amount that has none.
    pub const fn checked_neg(self) -> Option<Self> {
        match self.0.checked_neg() {
            Some(negated) => Some(Self(negated)),
            None => None,
        }
    }

    /// More than nothing.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Less than nothing.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Exactly nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Decimal with two digits after the point, more where the amount needs them: `11.18`, `-0.0004`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.unsigned_abs();
        let (whole, fraction) = (micros / 1_000_000, micros % 1_000_000);
        if fraction.is_multiple_of(10_000) {
            return write!(f, "{sign}{whole}.{:02}", fraction / 10_000);
        }
        let mut digits = 6;
        let mut rest = fraction;
        while rest.is_multiple_of(10) {
            rest /= 10;
            digits -= 1;
        }
        write!(f, "{sign}{whole}.{rest:0digits$}")
    }
}

/// What a service is counted in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Unit {
    /// Octets of traffic, both directions together.
    Octets,
    /// Seconds of a call or of a connection.
    Seconds,
    /// Messages, events or whatever else a service counts by pieces.
    Pieces,
    /// Money itself, in millionths (a payment).
    Money,
}

/// A count of one unit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Amount {
    /// What is counted.
    pub unit: Unit,
    /// How many: octets, seconds, pieces, or millionths of the currency unit.
    pub count: u64,
}

impl Amount {
    /// A count of a unit.
    pub const fn new(unit: Unit, count: u64) -> Self {
        Self { unit, count }
    }
}

/// Up to fifteen decimal digits, leading zeros kept: an E.164 number or an IMSI.
///
/// Packed as a length and decimal places, so that it is a copyable key of eight octets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digits(u64);

impl Digits {
    /// The most digits that fit: an E.164 number and an IMSI have at most fifteen.
    pub const MAX_LEN: usize = 15;

    /// From ASCII digits; none when empty, longer than fifteen, or not all digits.
    pub fn parse(text: &str) -> Option<Self> {
        let octets = text.as_bytes();
        if octets.is_empty() || octets.len() > Self::MAX_LEN || !octets.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let packed = octets.iter().fold(0u64, |packed, digit| (packed << 4) | u64::from(digit & 0x0f));
        Some(Self((packed << 4) | u64::try_from(octets.len()).ok()?))
    }

    /// The packed form: four bits a digit, the number of digits in the lowest four.
    pub const fn packed(self) -> u64 {
        self.0
    }

    /// From the packed form; none where it is not one.
    pub fn from_packed(packed: u64) -> Option<Self> {
        let digits = Self(packed);
        let len = digits.len();
        let fits = (1..=Self::MAX_LEN).contains(&len)
            && (packed >> 4).checked_shr(u32::try_from(len * 4).ok()?)? == 0;
        (fits && digits.iter().all(|digit| digit <= 9)).then_some(digits)
    }

    /// How many digits there are.
    pub fn len(self) -> usize {
        usize::try_from(self.0 & 0x0f).unwrap_or(0)
    }

    /// Never: there is at least one digit.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The digits from the first to the last, each 0 to 9.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (1..=self.len()).rev().map(move |place| u8::try_from((self.0 >> (place * 4)) & 0x0f).unwrap_or(0))
    }

    /// With all but the first four and last two digits hidden, for logs.
    pub fn masked(self) -> Masked {
        Masked(self)
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|digit| fmt::Display::fmt(&digit, f))
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Digits as logs may show them: `7701*****67`.
#[derive(Clone, Copy)]
pub struct Masked(Digits);

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.0.len();
        self.0.iter().enumerate().try_for_each(|(at, digit)| {
            if at < 4 || at + 2 >= len { fmt::Display::fmt(&digit, f) } else { f.write_str("*") }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_reads_with_two_decimals_or_as_many_as_it_needs() {
        for (micros, text) in [
            (0, "0.00"),
            (11_180_000, "11.18"),
            (-5_000_000, "-5.00"),
            (400, "0.0004"),
            (-10_001, "-0.010001"),
            (i64::MIN, "-9223372036854.775808"),
        ] {
            assert_eq!(Money::from_micros(micros).to_string(), text);
        }
    }

    #[test]
    fn digits_keep_leading_zeros_and_their_length() {
        for text in ["7", "77010000001", "001010000000001", "000000000000000", "999999999999999"] {
            let digits = Digits::parse(text).unwrap();
            assert_eq!(digits.to_string(), text);
            assert_eq!(digits.len(), text.len());
            assert_eq!(Digits::from_packed(digits.packed()), Some(digits));
        }
        assert_ne!(Digits::parse("1"), Digits::parse("01"));
    }

    #[test]
    fn what_is_not_one_to_fifteen_digits_is_refused() {
        for text in ["", "7701000000123456", "+7701", "７７", "12a"] {
            assert_eq!(Digits::parse(text), None, "{text}");
        }
        for packed in [0, 0xa1, 0x11, 0x101, u64::MAX] {
            assert_eq!(Digits::from_packed(packed).is_some(), packed == 0x11, "{packed:#x}");
        }
    }

    #[test]
    fn a_masked_number_hides_its_middle() {
        assert_eq!(Digits::parse("77010000067").unwrap().masked().to_string(), "7701*****67");
    }
}
