//! Payment cards (`ACC-12`): batches of one face value, each card with a secret code of which only a keyed hash is kept.

use core::fmt;
use core::time::Duration;

use thiserror::Error;

use super::account::AccountId;
use super::units::{Digits, Money};
use crate::time::Timestamp;

/// How many digits a code has: more than 2⁶⁶ codes.
pub const CODE_DIGITS: usize = 20;

/// The most ranges of serial numbers that are void in one batch.
pub const MOST_VOID: usize = 1_024;

/// A secret code. It is not shown by its debug form.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(Box<str>);

impl Code {
    /// Reads a code: twenty digits, with spaces or hyphens between them or not.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
        let fits = digits.len() == CODE_DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit());
        fits.then(|| Self(digits.into()))
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

/// The keyed hash of a code, under which its card is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CodeHash(pub [u8; 32]);

/// The number of a batch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BatchId(pub u32);

/// Where a card's money went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Used {
    /// The number that gave the code.
    pub msisdn: Digits,
    /// The account that got the money.
    pub account: AccountId,
    /// When.
    pub at: Timestamp,
}

/// One card.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Voucher {
    /// Its batch.
    pub batch: BatchId,
    /// Its place in the batch, from 1; printed on it.
    pub serial: u32,
    /// Where its money went, once it has.
    pub used: Option<Used>,
}

/// Cards of one face value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VoucherBatch {
    /// What each is worth: more than nothing, whole hundredths.
    pub value: Money,
    /// How many there are.
    pub count: u32,
    /// How many were used.
    pub used: u32,
    /// When it was made.
    pub made: Timestamp,
    /// When its cards end, where they do.
    pub expires: Option<Timestamp>,
    /// Who made it.
    pub operator: Box<str>,
    /// Cards that are void, oldest order first.
    pub void: Vec<Void>,
}

/// Cards made void, by whom and why (`AUD-1`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Void {
    /// The serial number of the first.
    pub first: u32,
    /// That of the last; the largest number stands for all of the batch, those to come included.
    pub last: u32,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub operator: Box<str>,
    /// Why.
    pub note: Option<Box<str>>,
}

impl Void {
    /// The serial numbers of all of a batch.
    pub const ALL: (u32, u32) = (1, u32::MAX);

    /// Its serial numbers, first and last.
    pub const fn serials(&self) -> (u32, u32) {
        (self.first, self.last)
    }
}

/// Why a card tops nothing up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum VoucherError {
    /// No card has the code, or it is void: what gives a code is not told which.
    #[error("there is no payment card with that code")]
    Unknown,
    /// The card was used.
    #[error("the payment card was used already")]
    Used,
    /// The card has ended.
    #[error("the payment card has ended")]
    Over,
    /// Too many wrong codes came from the number.
    #[error("too many wrong codes: the number is locked out for {} minutes", .0.as_secs().div_ceil(60))]
    LockedOut(Duration),
}

impl VoucherBatch {
    /// When all of it was made void.
    pub fn voided(&self) -> Option<Timestamp> {
        self.void.iter().find(|void| void.serials() == Void::ALL).map(|void| void.at)
    }

    /// Whether a card may top up now.
    pub fn admits(&self, voucher: &Voucher, now: Timestamp) -> Result<(), VoucherError> {
        let void = self.void.iter().any(|void| (void.first..=void.last).contains(&voucher.serial));
        if voucher.used.is_some() {
            Err(VoucherError::Used)
        } else if void {
            Err(VoucherError::Unknown)
        } else if self.expires.is_some_and(|expires| expires <= now) {
            Err(VoucherError::Over)
        } else {
            Ok(())
        }
    }
}

/// Wrong codes that came from a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tries {
    /// In a row.
    pub wrong: u32,
    /// Until when no code is taken from it.
    pub until: Option<Timestamp>,
}

impl Tries {
    /// Whether a code is taken now.
    pub fn admit(&self, now: Timestamp) -> Result<(), VoucherError> {
        match self.until.filter(|until| *until > now) {
            Some(until) => Err(VoucherError::LockedOut(until.since(now))),
            None => Ok(()),
        }
    }

    /// After one more wrong code: `most` of them lock the number out for `lockout`, and counting begins anew.
    pub fn wrong(self, most: u32, lockout: Duration, now: Timestamp) -> Self {
        let wrong = self.wrong.saturating_add(1);
        if wrong >= most.max(1) {
            Self { wrong: 0, until: Some(now.plus(lockout)) }
        } else {
            Self { wrong, until: None }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_twenty_digits_and_is_not_shown() {
        let code = Code::parse("0123-4567 8901-2345-6789").unwrap();
        assert_eq!((code.as_str(), &*format!("{code:?}")), ("01234567890123456789", "Code"));
        for wrong in [
            "",
            "0123456789012345678",
            "012345678901234567890",
            "0123456789012345678x",
            "٠1234567890123456789",
        ] {
            assert_eq!(Code::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn wrong_codes_lock_out_for_a_while() {
        let (hour, now) = (Duration::from_hours(1), Timestamp::from_secs(1_000));
        let one = Tries::default().wrong(3, hour, now);
        let two = one.wrong(3, hour, now);
        assert_eq!((one.admit(now), two.admit(now), two.wrong), (Ok(()), Ok(()), 2));
        let three = two.wrong(3, hour, now);
        assert_eq!(three.admit(now), Err(VoucherError::LockedOut(hour)));
        assert_eq!(three.admit(now.plus(hour)), Ok(()));
    }
}
