//! IMSI, class 5, layout 1. Key: IMSI packed, big-endian. Value: version u8 = 1 · number packed u64.
//!
//! Single facts, class 1, layout 1. Key: the fact's name in ASCII. Value: version u8 = 1 · its octets: `time` i64 (µs),
//! `next-account` u64, `hash-key` 16 octets, `origin-state` u32, `catalogue` u64, `lifecycle` i64 (days).
//!
//! Catalogue, class 7. Key: version, big-endian. Value: the tariff's content as it was read.

use super::codec::{Reader, RecordError, Writer};
use super::{Class, Key};
use crate::charging::units::Digits;
use crate::time::Timestamp;

/// The class of IMSIs.
pub const IMSI_CLASS: Class = Class::Imsi;
/// The class of single facts.
pub const FACT_CLASS: Class = Class::Meta;
/// The class of catalogues.
pub const CATALOGUE_CLASS: Class = Class::Catalogue;

const IMSI_VERSION: u8 = 1;
const FACT_VERSION: u8 = 1;

/// Where an IMSI stands.
pub fn imsi_key(imsi: Digits) -> Key {
    Key::from_u64(imsi.packed())
}

/// An IMSI's octets: whose it is.
pub fn encode_imsi(msisdn: Digits) -> Vec<u8> {
    let mut to = Writer::new(IMSI_VERSION, 9);
    to.digits(msisdn);
    to.finish()
}

/// Whose an IMSI is.
pub fn decode_imsi(octets: &[u8]) -> Result<Digits, RecordError> {
    let mut from = Reader::new(octets, IMSI_VERSION)?;
    let msisdn = from.digits("number")?;
    from.finish()?;
    Ok(msisdn)
}

/// Where a catalogue stands.
pub fn catalogue_key(version: u64) -> Key {
    Key::from_u64(version)
}

/// A single fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fact {
    /// The latest engine time that was journalled.
    Time(Timestamp),
    /// The number that the next account gets.
    NextAccount(u64),
    /// The key of the store's hashes.
    HashKey([u8; 16]),
    /// The Origin-State-Id (RFC 6733 §8.16).
    OriginState(u32),
    /// The version of the catalogue that was in force last.
    Catalogue(u64),
    /// The last day, from 1970-01-01, on which contracts that are to end were looked for.
    Lifecycle(i64),
}

impl Fact {
    /// The names of all facts.
    pub const NAMES: [&'static str; 6] =
        ["time", "next-account", "hash-key", "origin-state", "catalogue", "lifecycle"];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Time(_) => "time",
            Self::NextAccount(_) => "next-account",
            Self::HashKey(_) => "hash-key",
            Self::OriginState(_) => "origin-state",
            Self::Catalogue(_) => "catalogue",
            Self::Lifecycle(_) => "lifecycle",
        }
    }
}

/// Where a fact stands, by its name.
pub fn fact_key(name: &str) -> Key {
    Key::new(name.as_bytes()).unwrap_or(Key::EMPTY)
}

/// A fact's octets.
pub fn encode_fact(fact: Fact) -> Vec<u8> {
    let mut to = Writer::new(FACT_VERSION, 17);
    match fact {
        Fact::Time(at) => to.time(at),
        Fact::NextAccount(number) | Fact::Catalogue(number) => to.u64(number),
        Fact::HashKey(octets) => to.raw(&octets),
        Fact::OriginState(number) => to.u32(number),
        Fact::Lifecycle(day) => to.raw(&day.to_le_bytes()),
    }
    to.finish()
}

/// The fact under a key.
pub fn decode_fact(key: &Key, octets: &[u8]) -> Result<Fact, RecordError> {
    let mut from = Reader::new(octets, FACT_VERSION)?;
    let fact = match key.as_octets() {
        b"time" => Fact::Time(from.time()?),
        b"next-account" => Fact::NextAccount(from.u64()?),
        b"hash-key" => {
            let octets = from.raw(16)?.try_into().map_err(|_| RecordError::Truncated)?;
            Fact::HashKey(octets)
        }
        b"origin-state" => Fact::OriginState(from.u32()?),
        b"catalogue" => Fact::Catalogue(from.u64()?),
        b"lifecycle" => Fact::Lifecycle(from.i64()?),
        _ => return Err(RecordError::Field("key")),
    };
    from.finish()?;
    Ok(fact)
}

#[cfg(test)]
mod tests {
    use super::super::codec::tests::damaged;
    use super::*;

    #[test]
    fn the_layouts_are_what_they_were() {
        let facts = [
            (Fact::Time(Timestamp::from_micros(1)), "010100000000000000"),
            (Fact::NextAccount(2), "010200000000000000"),
            (Fact::HashKey([3; 16]), "0103030303030303030303030303030303"),
            (Fact::OriginState(4), "0104000000"),
            (Fact::Catalogue(5), "010500000000000000"),
            (Fact::Lifecycle(-1), "01ffffffffffffffff"),
        ];
        for (fact, golden) in facts {
            let octets = encode_fact(fact);
            assert_eq!(super::super::hex(&octets), golden, "{fact:?}");
            let key = fact_key(fact.name());
            assert_eq!(decode_fact(&key, &octets), Ok(fact));
            damaged(&octets, |octets| decode_fact(&key, octets));
            assert!(Fact::NAMES.contains(&fact.name()));
        }
        let msisdn = Digits::parse("77010000001").unwrap();
        let octets = encode_imsi(msisdn);
        assert_eq!(super::super::hex(&octets), "011b00000001770000");
        assert_eq!(decode_imsi(&octets), Ok(msisdn));
        damaged(&octets, decode_imsi);
    }

    #[test]
    fn an_unknown_fact_is_an_error() {
        assert_eq!(decode_fact(&fact_key("colour"), &[1]), Err(RecordError::Field("key")));
    }
}
