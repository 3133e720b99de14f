//! Operator's command, class 8, layout 1. Key: its idempotency key. Value: version u8 = 1 · at i64 (µs) · digest u64 ·
//! number packed u64 · account u64 · balance i64 (millionths) · changed u8 · operator text.
//!
//! Payer's reference, class 13, layout 1. Key: 128-bit hash of the reference. Value: version u8 = 1 · account u64 ·
//! amount i64 (millionths) · at i64 (µs) · reference text.

use super::codec::{Reader, RecordError, Writer};
use super::{Class, Key};
use crate::charging::account::AccountId;
use crate::charging::units::{Digits, Money};
use crate::time::Timestamp;

/// The class of commands.
pub const CLASS: Class = Class::Operation;
/// The class of references.
pub const REFERENCE_CLASS: Class = Class::Payment;

const VERSION: u8 = 1;
const REFERENCE_VERSION: u8 = 1;

/// What a command came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation {
    /// When it was carried out.
    pub at: Timestamp,
    /// A digest of the command.
    pub digest: u64,
    /// The number it was about.
    pub msisdn: Digits,
    /// The account it was about.
    pub account: AccountId,
    /// The main balance after it.
    pub balance: Money,
    /// Whether anything changed.
    pub changed: bool,
    /// Who gave it.
    pub operator: Box<str>,
}

/// A payer's reference that was used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// The account that was topped up.
    pub account: AccountId,
    /// By how much.
    pub amount: Money,
    /// When.
    pub at: Timestamp,
    /// The reference.
    pub reference: Box<str>,
}

/// Where something with a key of sixteen octets stands.
pub fn key(octets: [u8; 16]) -> Key {
    Key::new(&octets).unwrap_or(Key::EMPTY)
}

/// A command's octets.
pub fn encode(operation: &Operation) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 64);
    to.time(operation.at);
    to.u64(operation.digest);
    to.digits(operation.msisdn);
    to.u64(operation.account.0);
    to.money(operation.balance);
    to.u8(u8::from(operation.changed));
    to.text(&operation.operator);
    to.finish()
}

/// The command of a record.
pub fn decode(octets: &[u8]) -> Result<Operation, RecordError> {
    let mut from = Reader::new(octets, VERSION)?;
    let operation = Operation {
        at: from.time()?,
        digest: from.u64()?,
        msisdn: from.digits("number")?,
        account: AccountId(from.u64()?),
        balance: from.money()?,
        changed: from.flags(1)? == 1,
        operator: from.text("operator")?,
    };
    from.finish()?;
    Ok(operation)
}

/// A reference's octets.
pub fn encode_reference(reference: &Reference) -> Vec<u8> {
    let mut to = Writer::new(REFERENCE_VERSION, 64);
    to.u64(reference.account.0);
    to.money(reference.amount);
    to.time(reference.at);
    to.text(&reference.reference);
    to.finish()
}

/// The reference of a record.
pub fn decode_reference(octets: &[u8]) -> Result<Reference, RecordError> {
    let mut from = Reader::new(octets, REFERENCE_VERSION)?;
    let reference = Reference {
        account: AccountId(from.u64()?),
        amount: from.money()?,
        at: from.time()?,
        reference: from.text("reference")?,
    };
    from.finish()?;
    Ok(reference)
}

#[cfg(test)]
mod tests {
    use super::super::codec::tests::{damaged, money, number, text, time};
    use super::*;
    use proptest::prelude::*;

    fn operation() -> Operation {
        Operation {
            at: Timestamp::from_micros(1),
            digest: 2,
            msisdn: Digits::parse("7").unwrap(),
            account: AccountId(3),
            balance: Money::from_micros(-1),
            changed: true,
            operator: "anna".into(),
        }
    }

    fn reference() -> Reference {
        Reference {
            account: AccountId(1),
            amount: Money::from_micros(2),
            at: Timestamp::from_micros(3),
            reference: "r1".into(),
        }
    }

    #[test]
    fn the_layouts_are_what_they_were() {
        assert_eq!(
            super::super::hex(&encode(&operation())),
            "010100000000000000020000000000000071000000000000000300000000000000ffffffffffffffff0104616e6e61"
        );
        assert_eq!(
            super::super::hex(&encode_reference(&reference())),
            "01010000000000000002000000000000000300000000000000027231"
        );
    }

    #[test]
    fn damage_is_an_error() {
        damaged(&encode(&operation()), decode);
        damaged(&encode_reference(&reference()), decode_reference);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(at in time(), numbers: [u64; 2], msisdn in number(), balance in money(), changed: bool,
            operator in text())
        {
            let [digest, account] = numbers;
            let one = Operation { at, digest, msisdn, account: AccountId(account), balance, changed, operator };
            prop_assert_eq!(decode(&encode(&one)), Ok(one.clone()));
            let two = Reference { account: one.account, amount: balance, at, reference: one.operator };
            prop_assert_eq!(decode_reference(&encode_reference(&two)), Ok(two));
        }
    }
}
