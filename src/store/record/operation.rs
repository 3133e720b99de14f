//! Operator's command, class 8, layout 1. Key: its idempotency key. Value: version u8 = 1 · at i64 (µs) · digest u64 ·
//! number packed u64 (0 none) · account u64 · balance i64 (millionths) · changed u8 · operator text.
//!
//! Payer's reference, class 13, layout 2. Key: 128-bit hash of the reference. Value: version u8 = 2 · account u64 ·
//! amount i64 (millionths; below nothing where it was given back) · at i64 (µs) · reference text · counter-account u8
//! · taken back time?. Layout 1 ends behind the reference: it is cash and was not taken back.

use super::codec::{Reader, RecordError, Writer};
use super::{Class, Key, ledger};
use crate::charging::account::AccountId;
use crate::charging::ledger::Counter;
use crate::charging::units::{Digits, Money};
use crate::time::Timestamp;

/// The class of commands.
pub const CLASS: Class = Class::Operation;
/// The class of references.
pub const REFERENCE_CLASS: Class = Class::Payment;

const VERSION: u8 = 1;
const REFERENCE_VERSION: u8 = 2;

/// What a command came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation {
    /// When it was carried out.
    pub at: Timestamp,
    /// A digest of the command.
    pub digest: u64,
    /// The number it was about, where it was about one.
    pub msisdn: Option<Digits>,
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
    /// By how much; below nothing where it was given back.
    pub amount: Money,
    /// When.
    pub at: Timestamp,
    /// The reference.
    pub reference: Box<str>,
    /// Where the money came from.
    pub from: Counter,
    /// When it was taken back.
    pub reversed: Option<Timestamp>,
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
    to.digits_or_none(operation.msisdn);
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
        msisdn: from.digits_or_none("number")?,
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
    to.u8(ledger::octet_of(reference.from));
    to.time_or_none(reference.reversed);
    to.finish()
}

/// The reference of a record.
pub fn decode_reference(octets: &[u8]) -> Result<Reference, RecordError> {
    let (mut from, version) = Reader::up_to(octets, REFERENCE_VERSION)?;
    let mut reference = Reference {
        from: Counter::Cash,
        reversed: None,
        account: AccountId(from.u64()?),
        amount: from.money()?,
        at: from.time()?,
        reference: from.text("reference")?,
    };
    if version > 1 {
        reference.from = ledger::counter_of(from.u8()?)?;
        reference.reversed = from.time_or_none("reversed")?;
    }
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
            msisdn: Digits::parse("7"),
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
            from: Counter::Voucher,
            reversed: Some(Timestamp::from_micros(4)),
        }
    }

    const REFERENCE: &str = "010000000000000002000000000000000300000000000000027231";

    #[test]
    fn the_layouts_are_what_they_were() {
        assert_eq!(
            super::super::hex(&encode(&operation())),
            "010100000000000000020000000000000071000000000000000300000000000000ffffffffffffffff0104616e6e61"
        );
        assert_eq!(
            super::super::hex(&encode_reference(&reference())),
            format!("02{REFERENCE}03010400000000000000")
        );
        let first = super::super::unhex(&format!("01{REFERENCE}"));
        let plain = Reference { from: Counter::Cash, reversed: None, ..reference() };
        assert_eq!(decode_reference(&first), Ok(plain), "the first layout is still read");
        damaged(&first, decode_reference);
    }

    #[test]
    fn damage_is_an_error() {
        damaged(&encode(&operation()), decode);
        damaged(&encode_reference(&reference()), decode_reference);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(at in time(), numbers: [u64; 2], msisdn in proptest::option::of(number()), balance in money(), changed: bool,
            operator in text(), reversed in proptest::option::of(time()))
        {
            let [digest, account] = numbers;
            let one = Operation { at, digest, msisdn, account: AccountId(account), balance, changed, operator };
            prop_assert_eq!(decode(&encode(&one)), Ok(one.clone()));
            let two = Reference { account: one.account, amount: balance, at, reference: one.operator, from: Counter::Cash, reversed };
            prop_assert_eq!(decode_reference(&encode_reference(&two)), Ok(two));
        }
    }
}
