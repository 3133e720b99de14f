//! Subscriber, class 10, layout 1. Key: number, packed, big-endian. Value: version u8 = 1 · flags u8 (1 Activ, 2 entity,
//! 4 ended, 8 overage) · account u64 · IMSI packed u64 (0 none) · emergency calls u64 · since i64 (µs) · revision u64
//! · plan text · owner text? · language text? · barred services texts · allowances: number, then each: bundle text,
//! unit u8, left count, reserved count, expires time?.

use super::codec::{Reader, RecordError, Writer, flag};
use super::{Class, Key};
use crate::charging::account::{AccountId, Allowance, Brand, Standing, Subscriber};
use crate::charging::units::Digits;

/// The class of subscribers.
pub const CLASS: Class = Class::Subscriber;

const VERSION: u8 = 1;
const ACTIV: u8 = 1;
const ENTITY: u8 = 2;
const ENDED: u8 = 4;
const OVERAGE: u8 = 8;

/// Where a subscriber stands.
pub fn key(msisdn: Digits) -> Key {
    Key::from_u64(msisdn.packed())
}

/// The number of a key.
pub fn msisdn(key: &Key) -> Result<Digits, RecordError> {
    key.to_u64().and_then(Digits::from_packed).ok_or(RecordError::Field("key"))
}

/// The subscriber's octets.
pub fn encode(subscriber: &Subscriber) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 96);
    to.u8(flag(subscriber.brand == Brand::Activ, ACTIV)
        | flag(subscriber.owner_is_entity, ENTITY)
        | flag(subscriber.standing == Standing::Ended, ENDED)
        | flag(subscriber.overage, OVERAGE));
    to.u64(subscriber.account.0);
    to.digits_or_none(subscriber.imsi);
    to.u64(subscriber.emergency_calls);
    to.time(subscriber.since);
    to.u64(subscriber.revision);
    to.text(&subscriber.plan);
    to.text_or_none(subscriber.owner.as_deref());
    to.text_or_none(subscriber.language.as_deref());
    to.texts(&subscriber.barred);
    to.length(subscriber.allowances.len());
    for Allowance { bundle, unit, left, reserved, expires } in &subscriber.allowances {
        to.text(bundle);
        to.unit(*unit);
        to.count(*left);
        to.count(*reserved);
        to.time_or_none(*expires);
    }
    to.finish()
}

/// The subscriber under a key.
pub fn decode(key: &Key, octets: &[u8]) -> Result<Subscriber, RecordError> {
    let msisdn = msisdn(key)?;
    let mut from = Reader::new(octets, VERSION)?;
    let flags = from.flags(ACTIV | ENTITY | ENDED | OVERAGE)?;
    let subscriber = Subscriber {
        msisdn,
        account: AccountId(from.u64()?),
        imsi: from.digits_or_none("imsi")?,
        emergency_calls: from.u64()?,
        since: from.time()?,
        revision: from.u64()?,
        plan: from.text("plan")?,
        brand: if flags & ACTIV == 0 { Brand::Kcell } else { Brand::Activ },
        owner: from.text_or_none("owner")?,
        owner_is_entity: flags & ENTITY != 0,
        standing: if flags & ENDED == 0 { Standing::Active } else { Standing::Ended },
        language: from.text_or_none("language")?,
        barred: from.texts("barred")?,
        overage: flags & OVERAGE != 0,
        allowances: allowances(&mut from)?,
    };
    from.finish()?;
    Ok(subscriber)
}

fn allowances(from: &mut Reader<'_>) -> Result<Vec<Allowance>, RecordError> {
    let length = from.length()?;
    let one = |from: &mut Reader<'_>| {
        Ok(Allowance {
            bundle: from.text("bundle")?,
            unit: from.unit()?,
            left: from.count()?,
            reserved: from.count()?,
            expires: from.time_or_none("expires")?,
        })
    };
    (0..length).map(|_| one(from)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::codec::tests::{amount, damaged, number, text, time};
    use super::*;
    use crate::charging::units::Unit;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn sample() -> Subscriber {
        Subscriber {
            msisdn: Digits::parse("77010000001").unwrap(),
            imsi: Digits::parse("401020000000001"),
            account: AccountId(7),
            plan: "first".into(),
            brand: Brand::Activ,
            owner: Some("900101300123".into()),
            owner_is_entity: false,
            standing: Standing::Active,
            language: None,
            barred: vec!["sms".into()],
            overage: true,
            allowances: vec![Allowance {
                bundle: "data30".into(),
                unit: Unit::Octets,
                left: 300,
                reserved: 1,
                expires: Some(Timestamp::from_micros(5)),
            }],
            emergency_calls: 2,
            since: Timestamp::from_micros(6),
            revision: 3,
        }
    }

    #[test]
    fn the_layout_is_what_it_was() {
        let golden = "010907000000000000001f000000002010400200000000000000060000000000000003000000000000000566\
                      697273740d393030313031333030313233000103736d730106646174613330\
                      00ac0201010500000000000000";
        let octets = encode(&sample());
        assert_eq!(super::super::hex(&octets), golden);
        assert_eq!(key(sample().msisdn).to_string(), "000077010000001b");
        assert_eq!(decode(&key(sample().msisdn), &octets), Ok(sample()));
    }

    #[test]
    fn damage_is_an_error() {
        damaged(&encode(&sample()), |octets| decode(&key(sample().msisdn), octets));
        assert_eq!(decode(&Key::from_u64(0), &encode(&sample())), Err(RecordError::Field("key")));
    }

    prop_compose! {
        fn allowance()(bundle in text(), amount in amount(), reserved: u64, expires in proptest::option::of(time()))
            -> Allowance
        {
            Allowance { bundle, unit: amount.unit, left: amount.count, reserved, expires }
        }
    }

    prop_compose! {
        fn any_subscriber()(
            msisdn in number(), imsi in proptest::option::of(number()), numbers: [u64; 3], flags: [bool; 4],
            texts in proptest::array::uniform3(text()), given: [bool; 2], since in time(),
            barred in proptest::collection::vec(text(), 0..4),
            allowances in proptest::collection::vec(allowance(), 0..4),
        ) -> Subscriber {
            let [plan, owner, language] = texts;
            Subscriber {
                msisdn, imsi, account: AccountId(numbers[0]), plan,
                brand: if flags[0] { Brand::Activ } else { Brand::Kcell },
                owner: given[0].then_some(owner),
                owner_is_entity: flags[1],
                standing: if flags[2] { Standing::Ended } else { Standing::Active },
                language: given[1].then_some(language),
                barred, overage: flags[3], allowances,
                emergency_calls: numbers[1], since, revision: numbers[2],
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(subscriber in any_subscriber()) {
            prop_assert_eq!(decode(&key(subscriber.msisdn), &encode(&subscriber)), Ok(subscriber));
        }
    }
}
