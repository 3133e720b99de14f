//! Act on a number, class 130 (audit), layout 1. Key: number packed and index, both big-endian. Value: version u8 = 1 ·
//! batch of the act before u64 (0 none) · at i64 (µs) · what text · operator text? · note text?.

use super::codec::{Reader, RecordError, Writer};
use super::{Class, Key};
use crate::charging::account::life::ActEntry;
use crate::charging::units::Digits;

/// The class of acts.
pub const CLASS: Class = Class::Audit;

const VERSION: u8 = 1;

/// Where an act stands within its batch.
pub fn key(msisdn: Digits, index: u64) -> Key {
    let mut octets = [0; 16];
    let (first, last) = octets.split_at_mut(8);
    first.copy_from_slice(&msisdn.packed().to_be_bytes());
    last.copy_from_slice(&index.to_be_bytes());
    Key::new(&octets).unwrap_or(Key::EMPTY)
}

/// The number and the index of a key.
pub fn place(key: &Key) -> Result<(Digits, u64), RecordError> {
    let (first, last) = key.as_octets().split_first_chunk().ok_or(RecordError::Field("key"))?;
    let last = last.try_into().map_err(|_| RecordError::Field("key"))?;
    let msisdn = Digits::from_packed(u64::from_be_bytes(*first)).ok_or(RecordError::Field("key"))?;
    Ok((msisdn, u64::from_be_bytes(last)))
}

/// The act's octets.
pub fn encode(act: &ActEntry) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 64);
    to.sequence_or_none(act.previous);
    to.time(act.at);
    to.text(&act.what);
    to.text_or_none(act.operator.as_deref());
    to.text_or_none(act.note.as_deref());
    to.finish()
}

/// The act under a key.
pub fn decode(key: &Key, octets: &[u8]) -> Result<ActEntry, RecordError> {
    let (msisdn, index) = place(key)?;
    let mut from = Reader::new(octets, VERSION)?;
    let act = ActEntry {
        msisdn,
        index,
        previous: from.sequence_or_none()?,
        at: from.time()?,
        what: from.text("what")?,
        operator: from.text_or_none("operator")?,
        note: from.text_or_none("note")?,
    };
    from.finish()?;
    Ok(act)
}

#[cfg(test)]
mod tests {
    use super::super::codec::tests::damaged;
    use super::*;
    use crate::charging::account::Sequence;
    use crate::time::Timestamp;

    fn sample() -> ActEntry {
        ActEntry {
            msisdn: Digits::parse("77010000001").unwrap(),
            index: 2,
            previous: Some(Sequence(3)),
            at: Timestamp::from_micros(4),
            what: "block lost".into(),
            operator: Some("anna".into()),
            note: None,
        }
    }

    #[test]
    fn the_layout_is_what_it_was() {
        let octets = encode(&sample());
        let golden = "010300000000000000040000000000000000".strip_suffix("00").unwrap().to_owned()
            + "0a626c6f636b206c6f737405616e6e6100";
        assert_eq!(super::super::hex(&octets), golden);
        let key = key(sample().msisdn, 2);
        assert_eq!(key.to_string(), "000077010000001b0000000000000002");
        assert_eq!(decode(&key, &octets), Ok(sample()));
        damaged(&octets, |octets| decode(&key, octets));
    }
}
