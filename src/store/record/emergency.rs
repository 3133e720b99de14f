//! Emergency session or event, class 15, layout 1. Key: 128-bit hash of its identifier. Value: version u8 = 1 · flags u8
//! (1 counted) · number packed u64 (0 none) · IMSI packed u64 (0 none) · first i64 · touched i64 (µs) · answers u32 ·
//! identifier text · called text.

use super::codec::{Reader, RecordError, Writer, flag};
use super::{Class, Key};
use crate::charging::emergency::EmergencyRecord;

/// The class of emergencies.
pub const CLASS: Class = Class::Emergency;

const VERSION: u8 = 1;
const COUNTED: u8 = 1;

/// Where an emergency stands: the hash of its identifier.
pub fn key(hash: [u8; 16]) -> Key {
    Key::new(&hash).unwrap_or(Key::EMPTY)
}

/// The emergency's octets.
pub fn encode(emergency: &EmergencyRecord) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 128);
    to.u8(flag(emergency.counted, COUNTED));
    to.digits_or_none(emergency.msisdn);
    to.digits_or_none(emergency.imsi);
    to.time(emergency.first);
    to.time(emergency.touched);
    to.u32(emergency.answers);
    to.text(emergency.session.as_str());
    to.text(&emergency.called);
    to.finish()
}

/// The emergency of a record.
pub fn decode(octets: &[u8]) -> Result<EmergencyRecord, RecordError> {
    let mut from = Reader::new(octets, VERSION)?;
    let counted = from.flags(COUNTED)? & COUNTED != 0;
    let (msisdn, imsi) = (from.digits_or_none("number")?, from.digits_or_none("imsi")?);
    let (first, touched, answers) = (from.time()?, from.time()?, from.u32()?);
    let emergency = EmergencyRecord {
        session: from.session_id()?,
        msisdn,
        imsi,
        called: from.text("called")?,
        first,
        touched,
        answers,
        counted,
    };
    from.finish()?;
    Ok(emergency)
}

#[cfg(test)]
mod tests {
    use super::super::codec::tests::{damaged, number, session_id, text, time};
    use super::*;
    use crate::charging::request::SessionId;
    use crate::charging::units::Digits;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn sample() -> EmergencyRecord {
        EmergencyRecord {
            session: SessionId::new("ims;1").unwrap(),
            msisdn: None,
            imsi: Digits::parse("1"),
            called: "112".into(),
            first: Timestamp::from_micros(1),
            touched: Timestamp::from_micros(2),
            answers: 3,
            counted: true,
        }
    }

    #[test]
    fn the_layout_is_what_it_was() {
        let octets = encode(&sample());
        assert_eq!(
            super::super::hex(&octets),
            "0101000000000000000011000000000000000100000000000000020000000000000003000000\
             05696d733b3103313132"
        );
        assert_eq!(decode(&octets), Ok(sample()));
    }

    #[test]
    fn damage_is_an_error() {
        damaged(&encode(&sample()), decode);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(session in session_id(), msisdn in proptest::option::of(number()),
            imsi in proptest::option::of(number()), called in text(), first in time(), touched in time(), answers: u32,
            counted: bool)
        {
            let one = EmergencyRecord { session, msisdn, imsi, called, first, touched, answers, counted };
            prop_assert_eq!(decode(&encode(&one)), Ok(one));
        }
    }
}
