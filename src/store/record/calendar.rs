//! Calendar, class 19, layout 1. Key: when i64 (µs, never below 0), big-endian · kind u8 (1 number, 2 account) · number
//! packed or account u64, big-endian. Value: version u8 = 1.
//!
//! An entry is a hint: what is due stands with the number or the account. One that is out of date is taken away when its
//! time comes; of what is due there is always an entry.

use super::codec::{Reader, RecordError, Writer};
use super::{Class, Key};
use crate::charging::account::AccountId;
use crate::charging::books::due::Whose;
use crate::charging::units::Digits;
use crate::time::Timestamp;

/// The class of the calendar.
pub const CLASS: Class = Class::Calendar;

const VERSION: u8 = 1;
const NUMBER: u8 = 1;
const ACCOUNT: u8 = 2;

/// Where an entry stands.
pub fn key(at: Timestamp, whose: Whose) -> Key {
    let (kind, number) = match whose {
        Whose::Number(msisdn) => (NUMBER, msisdn.packed()),
        Whose::Account(id) => (ACCOUNT, id.0),
    };
    let at = u64::try_from(at.micros()).unwrap_or(0).to_be_bytes();
    let octets: Vec<u8> = at.into_iter().chain([kind]).chain(number.to_be_bytes()).collect();
    Key::new(&octets).unwrap_or(Key::EMPTY)
}

/// What a key says.
pub fn place(key: &Key) -> Result<(Timestamp, Whose), RecordError> {
    let fault = RecordError::Field("key");
    let (at, rest) = key.as_octets().split_first_chunk::<8>().ok_or(fault)?;
    let (kind, number) = rest.split_first().ok_or(fault)?;
    let number = u64::from_be_bytes(number.try_into().map_err(|_| fault)?);
    let at = i64::try_from(u64::from_be_bytes(*at)).map_err(|_| fault)?;
    let whose = match *kind {
        NUMBER => Whose::Number(Digits::from_packed(number).ok_or(fault)?),
        ACCOUNT => Whose::Account(AccountId(number)),
        _ => return Err(fault),
    };
    Ok((Timestamp::from_micros(at), whose))
}

/// The octets of every entry.
pub fn encode() -> Vec<u8> {
    Writer::new(VERSION, 1).finish()
}

/// The entry of a record.
pub fn decode(key: &Key, octets: &[u8]) -> Result<(Timestamp, Whose), RecordError> {
    Reader::new(octets, VERSION)?.finish()?;
    place(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_what_it_was_and_keys_are_in_the_order_of_time() {
        let number = Whose::Number(Digits::parse("77010000001").unwrap());
        let account = Whose::Account(AccountId(2));
        let one = key(Timestamp::from_micros(258), number);
        assert_eq!(super::super::hex(one.as_octets()), "000000000000010201000077010000001b");
        for (at, whose) in [(258, number), (i64::MAX, account), (0, account)] {
            let at = Timestamp::from_micros(at);
            assert_eq!(decode(&key(at, whose), &encode()), Ok((at, whose)));
        }
        assert!(
            key(Timestamp::from_micros(257), account) < one
                && one < key(Timestamp::from_micros(258), account)
        );
        assert_eq!(key(Timestamp::from_micros(-1), account), key(Timestamp::EPOCH, account));
        assert!(place(&Key::from_u64(1)).is_err());
        assert!(decode(&one, &[1, 0]).is_err() && decode(&one, &[2]).is_err());
    }
}
