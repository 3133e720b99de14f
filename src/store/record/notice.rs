//! Notice to a subscriber, class 132, layout 1. Key: its place among the notices of its batch, u64 big-endian. Value:
//! version u8 = 1 · number packed u64 · language u8 (0 none, 1 Kazakh, 2 Russian, 3 English) · at i64 (µs) · cause u8 ·
//! facts. Causes: 1 bundle: text, per cent u8, left amount, expires time? · 2 low balance: left i64 · 3 block, 4 unblock:
//! reason u8 · 5 end: why u8 · 6 top-up: amount i64, balance i64 · 7 promise: amount i64, fee i64, due i64, balance i64 ·
//! 8 roaming: network packed u64, zone text? · 9 fee, 10 unpaid fee: name text, amount i64, balance i64.

use super::codec::{Reader, RecordError, Writer};
use super::subscriber::{block_reason, end_octet, end_reason, reason_octet};
use super::{Class, Key};
use crate::charging::notice::{Cause, Language, Notice};

/// The class of notices.
pub const CLASS: Class = Class::Notice;

const VERSION: u8 = 1;

/// Where a notice stands within its batch.
pub fn key(place: u64) -> Key {
    Key::from_u64(place)
}

/// The place of a key.
pub fn place(key: &Key) -> Result<u64, RecordError> {
    key.to_u64().ok_or(RecordError::Field("key"))
}

const fn language_octet(language: Option<Language>) -> u8 {
    match language {
        None => 0,
        Some(Language::Kazakh) => 1,
        Some(Language::Russian) => 2,
        Some(Language::English) => 3,
    }
}

fn language(octet: u8) -> Result<Option<Language>, RecordError> {
    match octet {
        0 => Ok(None),
        1 => Ok(Some(Language::Kazakh)),
        2 => Ok(Some(Language::Russian)),
        3 => Ok(Some(Language::English)),
        _ => Err(RecordError::Field("language")),
    }
}

/// The notice's octets.
pub fn encode(notice: &Notice) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 64);
    to.digits(notice.msisdn);
    to.u8(language_octet(notice.language));
    to.time(notice.at);
    match &notice.cause {
        Cause::Bundle { bundle, percent, left, expires } => {
            to.u8(1);
            to.text(bundle);
            to.u8(*percent);
            to.amount(*left);
            to.time_or_none(*expires);
        }
        Cause::LowBalance { left } => {
            to.u8(2);
            to.money(*left);
        }
        Cause::Blocked { reason } => {
            to.u8(3);
            to.u8(reason_octet(*reason));
        }
        Cause::Unblocked { reason } => {
            to.u8(4);
            to.u8(reason_octet(*reason));
        }
        Cause::Ended { why } => {
            to.u8(5);
            to.u8(end_octet(*why));
        }
        Cause::Topup { amount, balance } => {
            to.u8(6);
            to.money(*amount);
            to.money(*balance);
        }
        Cause::Promise { amount, fee, due, balance } => {
            to.u8(7);
            to.money(*amount);
            to.money(*fee);
            to.time(*due);
            to.money(*balance);
        }
        Cause::Roaming { network, zone } => {
            to.u8(8);
            to.digits(*network);
            to.text_or_none(zone.as_deref());
        }
        Cause::Fee { name, amount, balance } => {
            to.u8(9);
            to.text(name);
            to.money(*amount);
            to.money(*balance);
        }
        Cause::FeeUnpaid { name, amount, balance } => {
            to.u8(10);
            to.text(name);
            to.money(*amount);
            to.money(*balance);
        }
    }
    to.finish()
}

/// The notice of a record.
pub fn decode(octets: &[u8]) -> Result<Notice, RecordError> {
    let mut from = Reader::new(octets, VERSION)?;
    let msisdn = from.digits("number")?;
    let language = language(from.u8()?)?;
    let at = from.time()?;
    let cause = match from.u8()? {
        1 => Cause::Bundle {
            bundle: from.text("bundle")?,
            percent: from.u8()?,
            left: from.amount()?,
            expires: from.time_or_none("expires")?,
        },
        2 => Cause::LowBalance { left: from.money()? },
        3 => Cause::Blocked { reason: block_reason(from.u8()?)? },
        4 => Cause::Unblocked { reason: block_reason(from.u8()?)? },
        5 => Cause::Ended { why: end_reason(from.u8()?)? },
        6 => Cause::Topup { amount: from.money()?, balance: from.money()? },
        7 => Cause::Promise {
            amount: from.money()?,
            fee: from.money()?,
            due: from.time()?,
            balance: from.money()?,
        },
        8 => Cause::Roaming { network: from.digits("network")?, zone: from.text_or_none("zone")? },
        9 => Cause::Fee { name: from.text("name")?, amount: from.money()?, balance: from.money()? },
        10 => Cause::FeeUnpaid { name: from.text("name")?, amount: from.money()?, balance: from.money()? },
        _ => return Err(RecordError::Field("cause")),
    };
    from.finish()?;
    Ok(Notice { msisdn, language, at, cause })
}

#[cfg(test)]
mod tests {
    use super::super::codec::tests::damaged;
    use super::*;
    use crate::charging::account::block::BlockReason;
    use crate::charging::account::life::EndReason;
    use crate::charging::units::{Amount, Digits, Money, Unit};
    use crate::time::Timestamp;

    fn notices() -> Vec<Notice> {
        let (money, time) = (Money::from_micros, Timestamp::from_micros);
        let causes = [
            Cause::Bundle {
                bundle: "d".into(),
                percent: 80,
                left: Amount::new(Unit::Octets, 300),
                expires: Some(time(5)),
            },
            Cause::LowBalance { left: money(-1) },
            Cause::Blocked { reason: BlockReason::Theft },
            Cause::Unblocked { reason: BlockReason::Lost },
            Cause::Ended { why: EndReason::Unused },
            Cause::Topup { amount: money(1), balance: money(2) },
            Cause::Promise { amount: money(1), fee: money(2), due: time(3), balance: money(4) },
            Cause::Roaming { network: Digits::parse("25001").unwrap(), zone: Some("cis".into()) },
            Cause::Fee { name: "f".into(), amount: money(1), balance: money(2) },
            Cause::FeeUnpaid { name: "f".into(), amount: money(1), balance: money(2) },
        ];
        let languages = [None, Some(Language::Kazakh), Some(Language::Russian), Some(Language::English)];
        let one = |(cause, language)| Notice {
            msisdn: Digits::parse("77010000001").unwrap(),
            language,
            at: time(7),
            cause,
        };
        causes.into_iter().zip(languages.into_iter().cycle()).map(one).collect()
    }

    #[test]
    fn every_cause_is_read_as_it_was_written_and_damage_is_an_error() {
        let notices = notices();
        assert_eq!(notices.len(), Cause::WORDS.len());
        for notice in notices {
            let octets = encode(&notice);
            damaged(&octets, decode);
            assert_eq!(decode(&octets), Ok(notice));
        }
        assert_eq!(place(&key(3)), Ok(3));
    }

    #[test]
    fn the_layout_is_what_it_was() {
        let golden = [
            "011b000000017700000007000000000000000101645000ac02010500000000000000",
            "011b000000017700000107000000000000000 2ffffffffffffffff",
            "011b0000000177000002070000000000000003 02",
            "011b0000000177000003070000000000000004 01",
            "011b0000000177000000070000000000000005 03",
            "011b0000000177000001070000000000000006 01000000000000000200000000000000",
            "011b0000000177000002070000000000000007 01000000000000000200000000000000 03000000000000000400000000000000",
            "011b0000000177000003070000000000000008 1500250000000000 04636973",
            "011b0000000177000000070000000000000009 016601000000000000000200000000000000",
            "011b000000017700000107000000000000000a 016601000000000000000200000000000000",
        ];
        let octets: Vec<String> = notices().iter().map(|one| super::super::hex(&encode(one))).collect();
        assert_eq!(octets, golden.map(|text| text.replace(' ', "")));
    }
}
