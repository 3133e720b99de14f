//! Answer of a one-time event, class 129, layouts 1 to 3. Key: 64-bit hash of its repeat key, big-endian. Value: version u8
//! · kind u8 · number u32 · digest u64 · at i64 (µs) · session text · profile text · answer · in layout 2, where
//! it may be given back: account u64 · number packed u64 · parts: number, each flags u8 (1 refunded, 2 bonus) · quota key · unit
//! u8, units count · rates: number, each price i64, per count, step count, first count, connect i64, units count,
//! charged i64, in layout 3 tiers: number, each from count, price i64 · legs: number, each rate count, units count, bundles: number, each name text, expires time?, units
//! count · bonus where flagged: as in an account.
//!
//! Bucket of event keys, class 9, layout 1. Key: number of the bucket, big-endian. Value: version u8 = 1 · first i64 ·
//! last i64 (µs) · entries, each: hash u64, batch u64.

use super::account::{put_bonuses, take_bonuses};
use super::codec::{Reader, RecordError, Writer, flag};
use super::session::{list, put_allowances, put_kind, take_allowances, take_kind};
use super::{Class, Key, answer};
use crate::charging::account::{AccountId, Sequence};
use crate::charging::catalogue::Tier;
use crate::charging::refund::{ChargedLeg, ChargedRate, EventCharge, PartCharge};
use crate::charging::snapshot::EventRecord;
use crate::store::octets;
use crate::time::Timestamp;

/// The class of answers of events.
pub const CLASS: Class = Class::EventAnswer;
/// The class of buckets.
pub const BUCKET_CLASS: Class = Class::EventBucket;

const VERSION: u8 = 1;
const REFUNDED: u8 = 1;
const BONUS: u8 = 2;
const WITH_CHARGE: u8 = 2;
const WITH_TIERS: u8 = 3;
const BUCKET_VERSION: u8 = 1;

/// Where an answer stands within its batch.
pub fn key(hash: u64) -> Key {
    Key::from_u64(hash)
}

/// The answer's octets.
pub fn encode(event: &EventRecord) -> Vec<u8> {
    let rates = event.charge.iter().flat_map(|charge| &charge.parts).flat_map(|part| &part.rates);
    let tiered = rates.into_iter().any(|rate| !rate.tiers.is_empty());
    let version = match &event.charge {
        Some(_) if tiered => WITH_TIERS,
        Some(_) => WITH_CHARGE,
        None => VERSION,
    };
    let mut to = Writer::new(version, 128);
    put_kind(&mut to, event.kind);
    to.u32(event.number);
    to.u64(event.digest);
    to.time(event.at);
    to.text(event.session.as_str());
    to.text(&event.profile);
    answer::put(&mut to, &event.answer);
    if let Some(charge) = &event.charge {
        put_charge(&mut to, charge, tiered);
    }
    to.finish()
}

fn put_charge(to: &mut Writer, charge: &EventCharge, tiered: bool) {
    let EventCharge { account, msisdn, parts } = charge;
    to.u64(account.0);
    to.digits(*msisdn);
    to.length(parts.len());
    for PartCharge { refunded, key, units, rates, legs, bonus } in parts {
        to.u8(flag(*refunded, REFUNDED) | flag(!bonus.is_empty(), BONUS));
        to.quota_key(key);
        to.amount(*units);
        to.length(rates.len());
        for ChargedRate { price, per, step, first, connect, tiers, units, charged } in rates {
            to.money(*price);
            to.count(*per);
            to.count(*step);
            to.count(*first);
            to.money(*connect);
            to.count(*units);
            to.money(*charged);
            if tiered {
                to.length(tiers.len());
                for Tier { from, price } in tiers {
                    to.count(*from);
                    to.money(*price);
                }
            }
        }
        to.length(legs.len());
        for ChargedLeg { rate, by_money, allowances } in legs {
            to.length(*rate);
            to.count(*by_money);
            put_allowances(to, allowances);
        }
        if !bonus.is_empty() {
            put_bonuses(to, bonus);
        }
    }
}

fn take_charge(from: &mut Reader<'_>, tiered: bool) -> Result<EventCharge, RecordError> {
    let (account, msisdn) = (AccountId(from.u64()?), from.digits("number")?);
    Ok(EventCharge { account, msisdn, parts: list(from, |from| take_part(from, tiered))? })
}

fn take_part(from: &mut Reader<'_>, tiered: bool) -> Result<PartCharge, RecordError> {
    let flags = from.flags(REFUNDED | BONUS)?;
    let mut part = PartCharge {
        refunded: flags & REFUNDED != 0,
        key: from.quota_key()?,
        units: from.amount()?,
        rates: list(from, |from| take_rate(from, tiered))?,
        legs: list(from, |from| {
            Ok(ChargedLeg {
                rate: octets::narrow(from.count()?),
                by_money: from.count()?,
                allowances: take_allowances(from)?,
            })
        })?,
        bonus: Vec::new(),
    };
    if flags & BONUS != 0 {
        part.bonus = take_bonuses(from)?;
        if part.bonus.is_empty() {
            return Err(RecordError::Field("bonus"));
        }
    }
    Ok(part)
}

fn take_rate(from: &mut Reader<'_>, tiered: bool) -> Result<ChargedRate, RecordError> {
    let (price, per, step, first) = (from.money()?, from.count()?, from.count()?, from.count()?);
    let (connect, units, charged) = (from.money()?, from.count()?, from.money()?);
    if per == 0 || step == 0 {
        return Err(RecordError::Field("rate"));
    }
    let tier = |from: &mut Reader<'_>| Ok(Tier { from: from.count()?, price: from.money()? });
    let tiers = if tiered { list(from, tier)? } else { Vec::new() };
    Ok(ChargedRate { price, per, step, first, connect, tiers, units, charged })
}

/// The answer of a record.
pub fn decode(octets: &[u8]) -> Result<EventRecord, RecordError> {
    let (mut from, version) = Reader::up_to(octets, WITH_TIERS)?;
    let (kind, number, digest, at) = (take_kind(&mut from)?, from.u32()?, from.u64()?, from.time()?);
    let session = from.session_id()?;
    let profile = from.text("profile")?;
    let answer = answer::take(&mut from)?;
    let charge = match version {
        WITH_CHARGE | WITH_TIERS => Some(take_charge(&mut from, version == WITH_TIERS)?),
        _ => None,
    };
    from.finish()?;
    Ok(EventRecord { session, kind, number, digest, profile, at, answer, charge })
}

/// Some event keys, in the order in which they were answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bucket {
    /// Its number.
    pub number: u64,
    /// When its first event was answered.
    pub first: Timestamp,
    /// When its last event was answered.
    pub last: Timestamp,
    /// The hash of each key, and the batch that holds the answer.
    pub entries: Vec<(u64, Sequence)>,
}

/// Where a bucket stands.
pub fn bucket_key(number: u64) -> Key {
    Key::from_u64(number)
}

/// A bucket's octets.
pub fn encode_bucket(first: Timestamp, last: Timestamp, entries: &[(u64, Sequence)]) -> Vec<u8> {
    let mut to = Writer::new(BUCKET_VERSION, entries.len().saturating_mul(16).saturating_add(17));
    to.time(first);
    to.time(last);
    for (hash, sequence) in entries {
        to.u64(*hash);
        to.u64(sequence.0);
    }
    to.finish()
}

/// The bucket under a key.
pub fn decode_bucket(key: &Key, octets: &[u8]) -> Result<Bucket, RecordError> {
    let number = key.to_u64().ok_or(RecordError::Field("key"))?;
    let mut from = Reader::new(octets, BUCKET_VERSION)?;
    let (first, last) = (from.time()?, from.time()?);
    let mut entries = Vec::with_capacity(from.left() / 16);
    while from.left() > 0 {
        entries.push((from.u64()?, Sequence(from.u64()?)));
    }
    Ok(Bucket { number, first, last, entries })
}

#[cfg(test)]
mod tests {
    use super::super::answer::tests as answers;
    use super::super::codec::tests::{damaged, money, session_id, text, time};
    use super::super::session::tests::kinds;
    use super::*;
    use crate::charging::account::Bonus;
    use crate::charging::answer::{Answer, Outcome};
    use crate::charging::request::QuotaKey;
    use crate::charging::request::{Action, Kind, SessionId, Shape};
    use crate::charging::session::HeldAllowance;
    use crate::charging::units::{Amount, Digits, Money, Unit};
    use proptest::prelude::*;

    fn sample() -> EventRecord {
        EventRecord {
            session: SessionId::new("smsc;1").unwrap(),
            kind: Kind::Event(Action::Debit),
            number: 2,
            digest: 3,
            profile: "p".into(),
            at: Timestamp::from_micros(4),
            answer: Answer::new(Outcome::Done, Shape::Command, vec![]),
            charge: None,
        }
    }

    fn charge(refunded: bool) -> EventCharge {
        let rate = ChargedRate {
            price: Money::from_micros(6),
            per: 1,
            step: 2,
            first: 0,
            connect: Money::ZERO,
            tiers: Vec::new(),
            units: 3,
            charged: Money::from_micros(8),
        };
        let held = HeldAllowance { bundle: "b".into(), expires: None, units: 5 };
        let part = PartCharge {
            refunded,
            key: QuotaKey { rating_group: None, services: vec![2] },
            units: Amount::new(Unit::Pieces, 5),
            rates: vec![rate],
            legs: vec![ChargedLeg { rate: 0, by_money: 3, allowances: vec![held] }],
            bonus: Vec::new(),
        };
        EventCharge { account: AccountId(7), msisdn: Digits::parse("1").unwrap(), parts: vec![part] }
    }

    #[test]
    fn the_layouts_are_what_they_were() {
        let octets = encode(&sample());
        let golden =
            "010402000000030000000000000004000000000000000 6736d73633b31 0170 0100010000".replace(' ', "");
        assert_eq!(super::super::hex(&octets), golden);
        assert_eq!(decode(&octets), Ok(sample()));
        let bucket = Bucket {
            number: 1,
            first: Timestamp::from_micros(1),
            last: Timestamp::from_micros(2),
            entries: vec![(3, Sequence(4))],
        };
        let octets = encode_bucket(bucket.first, bucket.last, &bucket.entries);
        assert_eq!(
            super::super::hex(&octets),
            "010100000000000000020000000000000003000000000000000400000000000000"
        );
        assert_eq!(decode_bucket(&bucket_key(1), &octets), Ok(bucket));
    }

    #[test]
    fn damage_is_an_error() {
        damaged(&encode(&sample()), decode);
        let refunded = EventRecord { charge: Some(charge(true)), ..sample() };
        let octets = encode(&refunded);
        let golden = "0700000000000000 1100000000000000 01 01 02 02000000 0205 \
             01 0600000000000000 01 02 00 0000000000000000 03 0800000000000000 01 00 03 01 0162 00 05"
            .replace(' ', "");
        assert!(super::super::hex(&octets).ends_with(golden.as_str()), "{}", super::super::hex(&octets));
        assert_eq!(decode(&octets), Ok(refunded));
        damaged(&octets, decode);
        let mut paid = charge(false);
        let (left, reserved) = (Money::from_micros(9), Money::ZERO);
        let gift = Bonus { id: 8, left, reserved, given: Timestamp::EPOCH, expires: None, services: vec![] };
        paid.parts[0].bonus = vec![gift];
        let paid = EventRecord { charge: Some(paid), ..sample() };
        let octets = encode(&paid);
        let golden = "01 08 0900000000000000 0000000000000000 0000000000000000 00 00".replace(' ', "");
        assert!(super::super::hex(&octets).ends_with(golden.as_str()), "{}", super::super::hex(&octets));
        assert_eq!(decode(&octets), Ok(paid));
        damaged(&octets, decode);
        let octets = encode_bucket(Timestamp::EPOCH, Timestamp::EPOCH, &[(1, Sequence(2)); 240]);
        assert!(octets.len() <= super::super::PART_MAX, "a full bucket is one part");
        for cut in (1..octets.len()).filter(|cut| cut % 16 != 1) {
            assert_eq!(decode_bucket(&bucket_key(1), &octets[..cut]), Err(RecordError::Truncated), "{cut}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(session in session_id(), kind in kinds(), number: u32, digest: u64, profile in text(),
            at in time(), answer in answers::answers(), money in proptest::option::of(money()), refunded: bool)
        {
            let charge = money.map(|money| {
                let mut charge = charge(refunded);
                charge.parts[0].rates[0].charged = money;
                if number % 2 == 0 {
                    charge.parts[0].rates[0].tiers = vec![Tier { from: 7, price: money }];
                }
                charge
            });
            let event = EventRecord { session, kind, number, digest, profile, at, answer, charge };
            prop_assert_eq!(decode(&encode(&event)), Ok(event));
        }
    }
}
