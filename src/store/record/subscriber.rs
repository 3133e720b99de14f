//! Subscriber, class 10, layout 3. Key: number, packed, big-endian. Value: version u8 = 3 · flags u8 (1 Activ, 2 entity,
//! 4 ended, 8 overage) · account u64 · IMSI packed u64 (0 none) · emergency calls u64 · since i64 (µs) · revision u64
//! · plan text · owner text? · language text? · barred services texts · allowances: number, then each: bundle text,
//! unit u8, left count, reserved count, expires time? · blocks: number, then each: reason u8, since i64, operator text,
//! note text? · last use time? · ends time? · end u8 (0 none, else why), then of an end: at i64, balance i64, from i64, due
//! i64, refunded time? and, with it, how much i64 · acts count · batch of the last act u64 (0 none) · parts, 0 after the last.
//!
//! Part 1, trips, where there are any: number, then each: flags u8 (1 admitted) · country u16 · since i64 · left time?.
//!
//! Part 2, what was told: flags u8 (1 that the balance is low) · bundles: number, then each: bundle text, expires time?, per
//! cent u8.
//!
//! Layout 2 has no parts and no 0 for their end; layout 1 ends after the allowances.

use super::codec::{Reader, RecordError, Writer, flag};
use super::{Class, Key};
use crate::charging::account::block::{Block, BlockReason};
use crate::charging::account::life::{End, EndReason, Life, Settlement};
use crate::charging::account::told::{Told, ToldBundle};
use crate::charging::account::trip::{Travel, Trip};
use crate::charging::account::{AccountId, Allowance, Brand, Standing, Subscriber};
use crate::charging::units::Digits;

/// The class of subscribers.
pub const CLASS: Class = Class::Subscriber;

const VERSION: u8 = 3;
const ACTIV: u8 = 1;
const ENTITY: u8 = 2;
const ENDED: u8 = 4;
const OVERAGE: u8 = 8;
/// The part of what was told, and its flag.
const TOLD: u8 = 2;
const LOW: u8 = 1;

/// The part of trips.
const TRAVEL: u8 = 1;
/// A trip for which there was money enough.
const ADMITTED: u8 = 1;

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
    put_life(&mut to, &subscriber.life);
    if !subscriber.life.travel.trips.is_empty() {
        to.part(TRAVEL, |to| put_travel(to, &subscriber.life.travel));
    }
    if subscriber.life.told != Told::default() {
        to.part(TOLD, |to| put_told(to, &subscriber.life.told));
    }
    to.no_more_parts();
    to.finish()
}

pub(super) const fn reason_octet(reason: BlockReason) -> u8 {
    match reason {
        BlockReason::Lost => 1,
        BlockReason::Theft => 2,
        BlockReason::Authority => 3,
        BlockReason::Fraud => 4,
        BlockReason::Breach => 5,
        BlockReason::Device => 6,
        BlockReason::FalseData => 7,
        BlockReason::Data => 8,
        BlockReason::Area => 9,
    }
}

pub(super) const fn end_octet(why: EndReason) -> u8 {
    match why {
        EndReason::Request => 1,
        EndReason::Unpaid => 2,
        EndReason::Unused => 3,
        EndReason::PortedOut => 4,
        EndReason::Renumbered => 5,
    }
}

/// The reason of an octet.
pub(super) fn block_reason(octet: u8) -> Result<BlockReason, RecordError> {
    let reason = BlockReason::ALL.into_iter().find(|reason| reason_octet(*reason) == octet);
    reason.ok_or(RecordError::Field("reason"))
}

/// Why a contract ended, by its octet.
pub(super) fn end_reason(octet: u8) -> Result<EndReason, RecordError> {
    EndReason::ALL.into_iter().find(|why| end_octet(*why) == octet).ok_or(RecordError::Field("end"))
}

fn put_life(to: &mut Writer, life: &Life) {
    to.length(life.blocks.len());
    for Block { reason, since, operator, note } in &life.blocks {
        to.u8(reason_octet(*reason));
        to.time(*since);
        to.text(operator);
        to.text_or_none(note.as_deref());
    }
    to.time_or_none(life.last_use);
    to.time_or_none(life.ends);
    to.u8(life.end.map_or(0, |end| end_octet(end.why)));
    if let Some(End { at, why: _, settlement }) = life.end {
        to.time(at);
        to.money(settlement.balance);
        to.time(settlement.from);
        to.time(settlement.due);
        to.time_or_none(settlement.refunded.map(|(at, _)| at));
        settlement.refunded.into_iter().for_each(|(_, amount)| to.money(amount));
    }
    to.count(life.acts);
    to.sequence_or_none(life.acts_head);
}

fn life(from: &mut Reader<'_>) -> Result<Life, RecordError> {
    let length = from.length()?;
    let one = |from: &mut Reader<'_>| {
        Ok(Block {
            reason: block_reason(from.u8()?)?,
            since: from.time()?,
            operator: from.text("operator")?,
            note: from.text_or_none("note")?,
        })
    };
    let blocks = (0..length).map(|_| one(from)).collect::<Result<_, _>>()?;
    Ok(Life {
        blocks,
        last_use: from.time_or_none("last use")?,
        ends: from.time_or_none("ends")?,
        end: end(from)?,
        acts: from.count()?,
        acts_head: from.sequence_or_none()?,
        travel: Travel::default(),
        told: Told::default(),
    })
}

fn put_told(to: &mut Writer, told: &Told) {
    to.u8(flag(told.low_balance, LOW));
    to.length(told.bundles.len());
    for ToldBundle { bundle, expires, percent } in &told.bundles {
        to.text(bundle);
        to.time_or_none(*expires);
        to.u8(*percent);
    }
}

fn told(from: &mut Reader<'_>) -> Result<Told, RecordError> {
    let low_balance = from.flags(LOW)? & LOW != 0;
    let length = from.length()?;
    let one = |from: &mut Reader<'_>| {
        Ok(ToldBundle {
            bundle: from.text("bundle")?,
            expires: from.time_or_none("expires")?,
            percent: from.u8()?,
        })
    };
    let bundles = (0..length).map(|_| one(from)).collect::<Result<_, _>>()?;
    Ok(Told { bundles, low_balance })
}

fn end(from: &mut Reader<'_>) -> Result<Option<End>, RecordError> {
    let octet = from.u8()?;
    if octet == 0 {
        return Ok(None);
    }
    let why = end_reason(octet)?;
    let at = from.time()?;
    let (balance, earliest, due) = (from.money()?, from.time()?, from.time()?);
    let refunded = match from.time_or_none("refunded")? {
        Some(at) => Some((at, from.money()?)),
        None => None,
    };
    let settlement = Settlement { balance, from: earliest, due, refunded };
    Ok(Some(End { at, why, settlement }))
}

/// The subscriber under a key.
pub fn decode(key: &Key, octets: &[u8]) -> Result<Subscriber, RecordError> {
    let msisdn = msisdn(key)?;
    let (mut from, version) = Reader::up_to(octets, VERSION)?;
    let flags = from.flags(ACTIV | ENTITY | ENDED | OVERAGE)?;
    let mut subscriber = Subscriber {
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
        life: if version > 1 { life(&mut from)? } else { Life::default() },
    };
    if version > 2 {
        from.parts(|number, part| match number {
            TRAVEL => {
                subscriber.life.travel = travel(part)?;
                Ok(())
            }
            TOLD => {
                subscriber.life.told = told(part)?;
                Ok(())
            }
            _ => Err(RecordError::Field("part")),
        })?;
    }
    from.finish()?;
    Ok(subscriber)
}

fn put_travel(to: &mut Writer, travel: &Travel) {
    to.length(travel.trips.len());
    for Trip { country, since, left, admitted } in &travel.trips {
        to.u8(flag(*admitted, ADMITTED));
        to.u16(*country);
        to.time(*since);
        to.time_or_none(*left);
    }
}

fn travel(from: &mut Reader<'_>) -> Result<Travel, RecordError> {
    let length = from.length()?;
    let one = |from: &mut Reader<'_>| {
        let admitted = from.flags(ADMITTED)? != 0;
        let (country, since) = (from.u16()?, from.time()?);
        Ok(Trip { country, since, left: from.time_or_none("left")?, admitted })
    };
    let trips: Vec<_> = (0..length).map(|_| one(from)).collect::<Result<_, _>>()?;
    // a part that says nothing is not written
    if trips.is_empty() { Err(RecordError::Field("trips")) } else { Ok(Travel { trips }) }
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
    use super::super::codec::tests::{amount, damaged, money, number, text, time};
    use super::*;
    use crate::charging::account::Sequence;
    use crate::charging::units::{Money, Unit};
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
            life: Life::default(),
        }
    }

    fn lived() -> Subscriber {
        let time = Timestamp::from_micros;
        let block = |reason, note| Block { reason, since: time(7), operator: "a".into(), note };
        let settlement = Settlement {
            balance: Money::from_micros(11),
            from: time(12),
            due: time(13),
            refunded: Some((time(14), Money::from_micros(15))),
        };
        let life = Life {
            blocks: vec![block(BlockReason::Lost, None), block(BlockReason::Area, Some("n".into()))],
            last_use: Some(time(8)),
            ends: Some(time(9)),
            end: Some(End { at: time(10), why: EndReason::PortedOut, settlement }),
            acts: 16,
            acts_head: Some(Sequence(17)),
            travel: Travel::default(),
            told: Told::default(),
        };
        Subscriber { life, ..sample() }
    }

    /// What stands behind the allowances.
    #[test]
    fn the_layout_of_a_life_is_what_it_was() {
        let golden = "020107000000000000000161000907000000000000000161026e01080000000000000001090000000000000004\
                      0a000000000000000b000000000000000c000000000000000d00000000000000010e000000000000000f00000000\
                      00000010110000000000000000";
        let whole = super::super::hex(&encode(&lived()));
        let shared = encode(&sample()).len() - 14;
        assert_eq!(whole.split_at(2 * shared).1, golden);
        assert_eq!(decode(&key(sample().msisdn), &encode(&lived())), Ok(lived()));
    }

    #[test]
    fn layout_1_is_read() {
        let octets = "010907000000000000001f000000002010400200000000000000060000000000000003000000000000000566\
                      697273740d393030313031333030313233000103736d730106646174613330\
                      00ac0201010500000000000000";
        assert_eq!(decode(&key(sample().msisdn), &super::super::unhex(octets)), Ok(sample()));
    }

    #[test]
    fn layout_2_is_read() {
        let octets = "020907000000000000001f000000002010400200000000000000060000000000000003000000000000000566\
                      697273740d393030313031333030313233000103736d730106646174613330\
                      00ac020101050000000000000000000000000000000000000000";
        assert_eq!(decode(&key(sample().msisdn), &super::super::unhex(octets)), Ok(sample()));
    }

    #[test]
    fn the_layout_is_what_it_was() {
        let golden = "030907000000000000001f000000002010400200000000000000060000000000000003000000000000000566\
                      697273740d393030313031333030313233000103736d730106646174613330\
                      00ac02010105000000000000000000000000000000000000000000";
        let octets = encode(&sample());
        assert_eq!(super::super::hex(&octets), golden);
        assert_eq!(key(sample().msisdn).to_string(), "000077010000001b");
        assert_eq!(decode(&key(sample().msisdn), &octets), Ok(sample()));
    }

    /// What stands behind a life without acts.
    #[test]
    fn the_layout_of_trips_is_what_it_was() {
        let time = Timestamp::from_micros;
        let trip = |country, left, admitted| Trip { country, since: time(2), left, admitted };
        let mut travelled = sample();
        travelled.life.travel.trips = vec![trip(286, Some(time(3)), false), trip(460, None, true)];
        let whole = super::super::hex(&encode(&travelled));
        let shared = encode(&sample()).len() - 1;
        assert_eq!(
            whole.split_at(2 * shared).1,
            "012102\
             001e010200000000000000010300000000000000\
             01cc01020000000000000000\
             00"
        );
        assert_eq!(decode(&key(sample().msisdn), &encode(&travelled)), Ok(travelled.clone()));
        damaged(&encode(&travelled), |octets| decode(&key(sample().msisdn), octets));
    }

    #[test]
    fn damage_is_an_error() {
        damaged(&encode(&lived()), |octets| decode(&key(sample().msisdn), octets));
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
        fn block()(reason in 0usize..9, since in time(), operator in text(), note in proptest::option::of(text())) -> Block {
            Block { reason: BlockReason::ALL[reason], since, operator, note }
        }
    }

    prop_compose! {
        fn end()(why in 0usize..5, times in proptest::array::uniform3(time()), balance in money(),
            refunded in proptest::option::of((time(), money()))) -> End
        {
            let [at, from, due] = times;
            End { at, why: EndReason::ALL[why], settlement: Settlement { balance, from, due, refunded } }
        }
    }

    prop_compose! {
        fn trip()(country: u16, since in time(), left in proptest::option::of(time()), admitted: bool) -> Trip {
            Trip { country, since, left, admitted }
        }
    }

    prop_compose! {
        fn told_marks()(low_balance: bool,
            marks in proptest::collection::vec((text(), proptest::option::of(time()), any::<u8>()), 0..3)) -> Told
        {
            let one = |(bundle, expires, percent)| ToldBundle { bundle, expires, percent };
            Told { low_balance, bundles: marks.into_iter().map(one).collect() }
        }
    }

    prop_compose! {
        fn a_life()(trips in proptest::collection::vec(trip(), 0..3), blocks in proptest::collection::vec(block(), 0..3),
            last_use in proptest::option::of(time()), ends in proptest::option::of(time()),
            end in proptest::option::of(end()), acts: u64, head: u64, told in told_marks()) -> Life
        {
            let acts_head = Some(Sequence(head)).filter(|head| head.0 != 0);
            Life { blocks, last_use, ends, end, acts, acts_head, travel: Travel { trips }, told }
        }
    }

    prop_compose! {
        fn any_subscriber()(
            life in a_life(),
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
                emergency_calls: numbers[1], since, revision: numbers[2], life,
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
