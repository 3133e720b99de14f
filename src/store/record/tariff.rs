//! Version of the tariffs, class 21, layout 1. Key: when it comes into force, µs, big-endian. Value: version u8 = 1 · hash
//! of the content u64 · published at i64 (µs) · operator text. The content itself is of class 7.

use super::codec::{Reader, RecordError, Writer};
use super::{Class, Key};
use crate::time::Timestamp;

/// The class of versions.
pub const CLASS: Class = Class::Tariff;

const VERSION: u8 = 1;

/// When a version of the tariffs comes into force, and who said so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tariff {
    /// From when on.
    pub from: Timestamp,
    /// The hash of its content.
    pub version: u64,
    /// When it was published.
    pub at: Timestamp,
    /// By whom.
    pub operator: Box<str>,
}

/// Where the version stands that comes into force then.
pub fn key(from: Timestamp) -> Key {
    Key::from_u64(u64::try_from(from.micros()).unwrap_or(0))
}

/// The octets.
pub fn encode(tariff: &Tariff) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 32);
    to.u64(tariff.version);
    to.time(tariff.at);
    to.text(&tariff.operator);
    to.finish()
}

/// The version of a record.
pub fn decode(key: &Key, octets: &[u8]) -> Result<Tariff, RecordError> {
    let from = key.to_u64().and_then(|micros| i64::try_from(micros).ok());
    let from_key = Timestamp::from_micros(from.ok_or(RecordError::Field("key"))?);
    let mut from = Reader::new(octets, VERSION)?;
    let tariff =
        Tariff { from: from_key, version: from.u64()?, at: from.time()?, operator: from.text("operator")? };
    from.finish()?;
    Ok(tariff)
}

#[cfg(test)]
mod tests {
    use super::super::codec::tests::damaged;
    use super::*;

    #[test]
    fn the_layout_is_what_it_was() {
        let tariff = Tariff {
            from: Timestamp::from_micros(5),
            version: 2,
            at: Timestamp::from_micros(3),
            operator: "anna".into(),
        };
        let octets = encode(&tariff);
        assert_eq!(super::super::hex(&octets), "010200000000000000030000000000000004616e6e61");
        let key = key(tariff.from);
        assert_eq!(key.to_string(), "0000000000000005");
        assert_eq!(decode(&key, &octets), Ok(tariff));
        damaged(&octets, |octets| decode(&key, octets));
        assert_eq!(decode(&Key::EMPTY, &octets), Err(RecordError::Field("key")));
    }
}
