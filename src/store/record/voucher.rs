//! Payment card, class 12, layout 1. Key: keyed hash of its code, 32 octets. Value: version u8 = 1 · flags u8 (1 used) ·
//! batch u32 · serial u32 · of a used one: number packed u64, account u64, at i64 (µs).
//!
//! Batch of cards, class 12, layout 1. Key: its number, big-endian, 4 octets. Value: version u8 = 1 · value i64
//! (millionths) · cards u32 · used u32 · made i64 · expires time? · operator text · void cards: number, then each: first
//! u32, last u32, at i64, operator text, note text?.
//!
//! Wrong codes of a number, class 6, layout 1. Key: `vt`, number packed, big-endian. Value: version u8 = 1 · wrong u32 ·
//! locked out until time?.

use super::codec::{Reader, RecordError, Writer, flag};
use super::{Class, Key};
use crate::charging::account::AccountId;
use crate::charging::units::Digits;
use crate::charging::voucher::{BatchId, CodeHash, Tries, Used, Void, Voucher, VoucherBatch};

/// The class of cards and batches.
pub const CLASS: Class = Class::Voucher;
/// The class of wrong codes.
pub const TRIES_CLASS: Class = Class::Counter;

const VERSION: u8 = 1;
const USED: u8 = 1;

/// Where a card stands.
pub fn key(hash: CodeHash) -> Key {
    Key::new(&hash.0).unwrap_or(Key::EMPTY)
}

/// Where a batch stands.
pub fn batch_key(batch: BatchId) -> Key {
    Key::new(&batch.0.to_be_bytes()).unwrap_or(Key::EMPTY)
}

/// Where a number's wrong codes stand.
pub fn tries_key(msisdn: Digits) -> Key {
    let mut octets = *b"vt\0\0\0\0\0\0\0\0";
    if let Some(number) = octets.last_chunk_mut::<8>() {
        *number = msisdn.packed().to_be_bytes();
    }
    Key::new(&octets).unwrap_or(Key::EMPTY)
}

/// The card's octets.
pub fn encode(voucher: &Voucher) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 40);
    to.u8(flag(voucher.used.is_some(), USED));
    to.u32(voucher.batch.0);
    to.u32(voucher.serial);
    if let Some(Used { msisdn, account, at }) = voucher.used {
        to.digits(msisdn);
        to.u64(account.0);
        to.time(at);
    }
    to.finish()
}

/// The card of a record.
pub fn decode(octets: &[u8]) -> Result<Voucher, RecordError> {
    let mut from = Reader::new(octets, VERSION)?;
    let flags = from.flags(USED)?;
    let mut voucher = Voucher { batch: BatchId(from.u32()?), serial: from.u32()?, used: None };
    if flags & USED != 0 {
        let (msisdn, account) = (from.digits("number")?, AccountId(from.u64()?));
        voucher.used = Some(Used { msisdn, account, at: from.time()? });
    }
    from.finish()?;
    Ok(voucher)
}

/// The batch's octets.
pub fn encode_batch(batch: &VoucherBatch) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 48);
    to.money(batch.value);
    to.u32(batch.count);
    to.u32(batch.used);
    to.time(batch.made);
    to.time_or_none(batch.expires);
    to.text(&batch.operator);
    to.length(batch.void.len());
    for Void { first, last, at, operator, note } in &batch.void {
        to.u32(*first);
        to.u32(*last);
        to.time(*at);
        to.text(operator);
        to.text_or_none(note.as_deref());
    }
    to.finish()
}

/// The batch of a record.
pub fn decode_batch(octets: &[u8]) -> Result<VoucherBatch, RecordError> {
    let mut from = Reader::new(octets, VERSION)?;
    let mut batch = VoucherBatch {
        value: from.money()?,
        count: from.u32()?,
        used: from.u32()?,
        made: from.time()?,
        expires: from.time_or_none("expires")?,
        operator: from.text("operator")?,
        void: Vec::new(),
    };
    let ranges = from.length()?;
    batch.void = (0..ranges).map(|_| void(&mut from)).collect::<Result<_, RecordError>>()?;
    from.finish()?;
    Ok(batch)
}

fn void(from: &mut Reader<'_>) -> Result<Void, RecordError> {
    Ok(Void {
        first: from.u32()?,
        last: from.u32()?,
        at: from.time()?,
        operator: from.text("operator")?,
        note: from.text_or_none("note")?,
    })
}

/// The octets of wrong codes.
pub fn encode_tries(tries: &Tries) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 14);
    to.u32(tries.wrong);
    to.time_or_none(tries.until);
    to.finish()
}

/// The wrong codes of a record.
pub fn decode_tries(octets: &[u8]) -> Result<Tries, RecordError> {
    let mut from = Reader::new(octets, VERSION)?;
    let tries = Tries { wrong: from.u32()?, until: from.time_or_none("until")? };
    from.finish()?;
    Ok(tries)
}

/// Whether the octets of a card or batch can be read.
pub fn check(key: &Key, octets: &[u8]) -> Result<(), RecordError> {
    match key.as_octets().len() {
        4 => decode_batch(octets).map(|_| ()),
        32 => decode(octets).map(|_| ()),
        _ => Err(RecordError::Field("key")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::codec::tests::{damaged, text};
    use super::*;
    use crate::charging::units::Money;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn voucher() -> Voucher {
        let (msisdn, at) = (Digits::parse("77010000001").unwrap(), Timestamp::from_micros(4));
        Voucher { batch: BatchId(1), serial: 2, used: Some(Used { msisdn, account: AccountId(3), at }) }
    }

    fn batch() -> VoucherBatch {
        VoucherBatch {
            value: Money::from_micros(1),
            count: 2,
            used: 3,
            made: Timestamp::from_micros(4),
            expires: Some(Timestamp::from_micros(5)),
            operator: "a".into(),
            void: vec![Void {
                first: 6,
                last: 7,
                at: Timestamp::from_micros(8),
                operator: "b".into(),
                note: Some("n".into()),
            }],
        }
    }

    #[test]
    fn the_layouts_are_what_they_were() {
        let fresh = Voucher { used: None, ..voucher() };
        let tries = Tries { wrong: 1, until: Some(Timestamp::from_micros(2)) };
        assert_eq!(super::super::hex(&encode(&fresh)), "01000100000002000000");
        assert_eq!(
            super::super::hex(&encode(&voucher())),
            "010101000000020000001b0000000177000003000000000000000400000000000000"
        );
        assert_eq!(
            super::super::hex(&encode_batch(&batch())),
            "0101000000000000000200000003000000040000000000000001050000000000000001610106000000\
             0700000008000000000000000162026e"
        );
        assert_eq!(super::super::hex(&encode_tries(&tries)), "0101000000010200000000000000");
        assert_eq!(batch_key(BatchId(258)).to_string(), "00000102");
        assert_eq!(tries_key(Digits::parse("77010000001").unwrap()).to_string(), "7674000077010000001b");
        assert_eq!(decode_tries(&encode_tries(&tries)), Ok(tries));
        damaged(&encode_tries(&tries), decode_tries);
        for voucher in [voucher(), fresh] {
            assert_eq!(decode(&encode(&voucher)), Ok(voucher));
            damaged(&encode(&voucher), decode);
        }
        assert_eq!(check(&key(CodeHash([1; 32])), &encode(&fresh)), Ok(()));
        assert!(check(&Key::EMPTY, &encode(&fresh)).is_err());
        damaged(&encode_batch(&batch()), decode_batch);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value: i64, counts: [u32; 2], times: [i64; 3], expired: bool,
            operator in text(), note in proptest::option::of(text()),
            void in proptest::collection::vec(any::<(u32, u32)>(), 0..4))
        {
            let [made, expires, at] = times.map(Timestamp::from_micros);
            let of = |(first, last)| Void { first, last, at, operator: operator.clone(), note: note.clone() };
            let void = void.into_iter().map(of).collect();
            let batch = VoucherBatch {
                value: Money::from_micros(value), count: counts[0], used: counts[1], made,
                expires: expired.then_some(expires), operator: operator.clone(), void,
            };
            prop_assert_eq!(decode_batch(&encode_batch(&batch)), Ok(batch));
        }
    }
}
