//! Answer, a part of other records, layout 1: version u8 = 1 · outcome u8 (0 done, else the refusal) · flags u8 (1
//! units at command level, 2 extra, 4 more of it) · message text? · parts: number, then each: quota key · outcome u8 · flags u8 (1
//! grant, 2 validity, 4 threshold, 8 holding, 16 final unit, 32 extra of the grant, 64 limit, 128 extra of the part) ·
//! of a grant: unit u8, count · validity u32 · threshold count · holding u32 · final unit · its extra · limit: final
//! unit, validity u32 · extra of the part, as far as flagged · extra of the answer.
//!
//! Final unit: u8 (0 terminate, 1 redirect, 2 restrict) · of 1 the address text · of 1 and 2 filters texts, rules texts.
//! Extra of a grant: flags u8 (1 change, 2 after it, 4 consumption, 8 triggers, 16 pool) · change i64 (µs) · after it
//! count · consumption u32 · triggers: number, each u8 · pool u32, digits i64, exponent i32.
//! Extra of a part: refund octets? · announcements: number, each u32, u8 (1: before the end), u32.
//! Extra of an answer: flags u8 (1 checked, 2 enough, 4 cost, 8 balance, 16 low, 32 advice, 64 price, 128 units of the
//! cost) · cost i64 · units of the cost: unit u8, count · balance i64 · advice i64, i64 · price: unit u8, per count, i64 ·
//! where there is more: end of the contract i64?, text for records octets?.

use super::codec::{Reader, RecordError, Writer, flag};
use crate::charging::answer::{
    Advice, Announcement, Answer, AnswerExtra, Balance, Denial, FinalUnit, Grant, GrantExtra, Limit, Outcome,
    PartAnswer, PartExtra, PoolShare, PriceAdvice, Reach, Redirect, TariffChange,
};
use crate::charging::request::{Condition, Shape};

const VERSION: u8 = 1;
const GRANT: u8 = 1;
const VALIDITY: u8 = 2;
const THRESHOLD: u8 = 4;
const HOLDING: u8 = 8;
const FINAL_UNIT: u8 = 16;
const GRANT_EXTRA: u8 = 32;
const LIMIT: u8 = 64;
const PART_EXTRA: u8 = 128;
const COMMAND: u8 = 1;
const EXTRA: u8 = 2;
const MORE: u8 = 4;
const CHANGE: u8 = 1;
const AFTER: u8 = 2;
const CONSUMPTION: u8 = 4;
const TRIGGERS: u8 = 8;
const POOL: u8 = 16;
const CHECKED: u8 = 1;
const ENOUGH: u8 = 2;
const COST: u8 = 4;
const BALANCE: u8 = 8;
const LOW: u8 = 16;
const ADVICE: u8 = 32;
const PRICE: u8 = 64;
const COST_PER: u8 = 128;

/// Conditions by their number, the same for ever.
const CONDITIONS: [Condition; 8] = [
    Condition::Radio,
    Condition::Network,
    Condition::Node,
    Condition::Location,
    Condition::TimeZone,
    Condition::Quality,
    Condition::Media,
    Condition::Other,
];

const fn condition_octet(condition: Condition) -> u8 {
    match condition {
        Condition::Radio => 0,
        Condition::Network => 1,
        Condition::Node => 2,
        Condition::Location => 3,
        Condition::TimeZone => 4,
        Condition::Quality => 5,
        Condition::Media => 6,
        Condition::Other => 7,
    }
}

/// Refusals by their number, the same for ever.
const DENIALS: [(u8, Denial); 15] = [
    (1, Denial::UnknownSession),
    (2, Denial::UnknownSubscriber),
    (3, Denial::Ended),
    (4, Denial::Blocked),
    (5, Denial::UnknownService),
    (6, Denial::NoRate),
    (7, Denial::NoDestination),
    (8, Denial::NoCredit),
    (9, Denial::NotOffered),
    (10, Denial::TooManyGroups),
    (11, Denial::Overflow),
    (12, Denial::NoRefund),
    (13, Denial::NotThere),
    (14, Denial::Threshold),
    (15, Denial::ContentBarred),
];

const fn denial_octet(denial: Denial) -> u8 {
    match denial {
        Denial::UnknownSession => 1,
        Denial::UnknownSubscriber => 2,
        Denial::Ended => 3,
        Denial::Blocked => 4,
        Denial::UnknownService => 5,
        Denial::NoRate => 6,
        Denial::NoDestination => 7,
        Denial::NoCredit => 8,
        Denial::NotOffered => 9,
        Denial::TooManyGroups => 10,
        Denial::Overflow => 11,
        Denial::NoRefund => 12,
        Denial::NotThere => 13,
        Denial::Threshold => 14,
        Denial::ContentBarred => 15,
    }
}

/// Writes an answer into a record.
pub(crate) fn put(to: &mut Writer, answer: &Answer) {
    to.u8(VERSION);
    outcome(to, answer.outcome);
    let more = answer.extra.as_ref().filter(|extra| extra.ends.is_some() || extra.furnish.is_some());
    to.u8(flag(answer.shape == Shape::Command, COMMAND)
        | flag(answer.extra.is_some(), EXTRA)
        | flag(more.is_some(), MORE));
    to.text_or_none(answer.message.as_deref());
    to.length(answer.parts.len());
    for part in &answer.parts {
        to.quota_key(&part.key);
        outcome(to, part.outcome);
        put_part(to, part);
    }
    if let Some(extra) = &answer.extra {
        put_extra(to, extra);
    }
    if let Some(more) = more {
        to.time_or_none(more.ends);
        to.octets_or_none(more.furnish.as_deref());
    }
}

fn outcome(to: &mut Writer, outcome: Outcome) {
    to.u8(match outcome {
        Outcome::Done => 0,
        Outcome::Denied(denial) => denial_octet(denial),
    });
}

fn put_part(to: &mut Writer, part: &PartAnswer) {
    let own = flag(part.limit.is_some(), LIMIT) | flag(part.extra.is_some(), PART_EXTRA);
    match &part.grant {
        Some(grant) => put_grant(to, grant, own),
        None => to.u8(own),
    }
    if let Some(limit) = &part.limit {
        put_final(to, &limit.action);
        to.u32(limit.validity_secs);
    }
    if let Some(PartExtra { refund, announcements }) = part.extra.as_deref() {
        to.octets_or_none(refund.as_deref());
        to.length(announcements.len());
        for Announcement { id, before_end_secs } in announcements {
            to.u32(*id);
            to.u8(u8::from(before_end_secs.is_some()));
            to.u32(before_end_secs.unwrap_or(0));
        }
    }
}

fn put_grant(to: &mut Writer, grant: &Grant, own: u8) {
    let Grant { amount, validity_secs, threshold, holding_secs, final_unit, extra } = grant;
    to.u8(own
        | GRANT
        | flag(validity_secs.is_some(), VALIDITY)
        | flag(threshold.is_some(), THRESHOLD)
        | flag(holding_secs.is_some(), HOLDING)
        | flag(final_unit.is_some(), FINAL_UNIT)
        | flag(extra.is_some(), GRANT_EXTRA));
    to.amount(*amount);
    if let Some(secs) = validity_secs {
        to.u32(*secs);
    }
    if let Some(units) = threshold {
        to.count(*units);
    }
    if let Some(secs) = holding_secs {
        to.u32(*secs);
    }
    if let Some(last) = final_unit {
        put_final(to, last);
    }
    if let Some(extra) = extra {
        put_grant_extra(to, extra);
    }
}

fn put_final(to: &mut Writer, last: &FinalUnit) {
    let reach = match last {
        FinalUnit::Terminate => return to.u8(0),
        FinalUnit::Redirect(redirect) => {
            to.u8(1);
            to.text(&redirect.to);
            &redirect.open
        }
        FinalUnit::Restrict(reach) => {
            to.u8(2);
            reach
        }
    };
    to.texts(&reach.filters);
    to.texts(&reach.rules);
}

fn put_grant_extra(to: &mut Writer, extra: &GrantExtra) {
    let GrantExtra { change, consumption_secs, triggers, pool } = extra;
    let after = change.and_then(|change| change.after);
    to.u8(flag(change.is_some(), CHANGE)
        | flag(after.is_some(), AFTER)
        | flag(consumption_secs.is_some(), CONSUMPTION)
        | flag(triggers.is_some(), TRIGGERS)
        | flag(pool.is_some(), POOL));
    if let Some(change) = change {
        to.time(change.at);
    }
    if let Some(after) = after {
        to.count(after);
    }
    if let Some(secs) = consumption_secs {
        to.u32(*secs);
    }
    if let Some(conditions) = triggers {
        to.length(conditions.len());
        for condition in conditions {
            to.u8(condition_octet(*condition));
        }
    }
    if let Some(PoolShare { pool, digits, exponent }) = pool {
        to.u32(*pool);
        to.raw(&digits.to_le_bytes());
        to.raw(&exponent.to_le_bytes());
    }
}

fn put_extra(to: &mut Writer, extra: &AnswerExtra) {
    let AnswerExtra { enough, cost, cost_per, balance, advice, ends: _, furnish: _ } = extra;
    let price = advice.and_then(|advice| advice.price);
    to.u8(flag(enough.is_some(), CHECKED)
        | flag(*enough == Some(true), ENOUGH)
        | flag(cost.is_some(), COST)
        | flag(cost_per.is_some(), COST_PER)
        | flag(balance.is_some(), BALANCE)
        | flag(balance.is_some_and(|balance| balance.low), LOW)
        | flag(advice.is_some(), ADVICE)
        | flag(price.is_some(), PRICE));
    if let Some(cost) = cost {
        to.money(*cost);
    }
    if let Some(amount) = cost_per {
        to.amount(*amount);
    }
    if let Some(balance) = balance {
        to.money(balance.remaining);
    }
    if let Some(advice) = advice {
        to.money(advice.total);
        to.money(advice.added);
    }
    if let Some(PriceAdvice { unit, per, price }) = price {
        to.unit(unit);
        to.count(per);
        to.money(price);
    }
}

/// Reads an answer out of a record.
pub(crate) fn take(from: &mut Reader<'_>) -> Result<Answer, RecordError> {
    match from.u8()? {
        VERSION => {}
        version => return Err(RecordError::Version(version)),
    }
    let outcome = take_outcome(from)?;
    let flags = from.flags(COMMAND | EXTRA | MORE)?;
    if flags & (EXTRA | MORE) == MORE {
        return Err(RecordError::Field("extra"));
    }
    let shape = if flags & COMMAND == 0 { Shape::PerGroup } else { Shape::Command };
    let message = from.text_or_none("message")?;
    let length = from.length()?;
    let parts = (0..length).map(|_| take_part(from)).collect::<Result<_, _>>()?;
    let mut extra = if flags & EXTRA == 0 { None } else { Some(Box::new(take_extra(from)?)) };
    if let Some(extra) = extra.as_mut().filter(|_| flags & MORE != 0) {
        (extra.ends, extra.furnish) = (from.time_or_none("more")?, from.octets_or_none()?);
        if extra.ends.is_none() && extra.furnish.is_none() {
            return Err(RecordError::Field("more"));
        }
    }
    Ok(Answer { outcome, shape, parts, message, extra })
}

fn take_part(from: &mut Reader<'_>) -> Result<PartAnswer, RecordError> {
    let (key, outcome) = (from.quota_key()?, take_outcome(from)?);
    let flags = from.u8()?;
    let grant = take_grant(from, flags & !(LIMIT | PART_EXTRA))?;
    let limit = if flags & LIMIT == 0 {
        None
    } else {
        Some(Box::new(Limit { action: take_final(from)?, validity_secs: from.u32()? }))
    };
    let extra = if flags & PART_EXTRA == 0 { None } else { Some(Box::new(take_part_extra(from)?)) };
    Ok(PartAnswer { key, outcome, grant, limit, extra })
}

fn take_part_extra(from: &mut Reader<'_>) -> Result<PartExtra, RecordError> {
    let refund = from.octets_or_none()?;
    let announcement = |from: &mut Reader<'_>| {
        let (id, flags, secs) = (from.u32()?, from.flags(1)?, from.u32()?);
        if flags == 0 && secs != 0 {
            return Err(RecordError::Field("announcement"));
        }
        Ok(Announcement { id, before_end_secs: (flags == 1).then_some(secs) })
    };
    let length = from.length()?;
    let announcements = (0..length).map(|_| announcement(from)).collect::<Result<_, _>>()?;
    Ok(PartExtra { refund, announcements })
}

fn take_final(from: &mut Reader<'_>) -> Result<FinalUnit, RecordError> {
    let kind = from.u8()?;
    let to = match kind {
        0 => return Ok(FinalUnit::Terminate),
        1 => Some(from.text("address")?),
        2 => None,
        _ => return Err(RecordError::Field("final unit")),
    };
    let open = Reach { filters: from.texts("filters")?, rules: from.texts("rules")? };
    Ok(match to {
        Some(to) => FinalUnit::Redirect(Box::new(Redirect { to, open })),
        None => FinalUnit::Restrict(Box::new(open)),
    })
}

fn take_grant_extra(from: &mut Reader<'_>) -> Result<GrantExtra, RecordError> {
    let flags = from.flags(CHANGE | AFTER | CONSUMPTION | TRIGGERS | POOL)?;
    let has = |bit| flags & bit != 0;
    if has(AFTER) && !has(CHANGE) {
        return Err(RecordError::Field("change"));
    }
    let at = if has(CHANGE) { Some(from.time()?) } else { None };
    let after = if has(AFTER) { Some(from.count()?) } else { None };
    let consumption_secs = if has(CONSUMPTION) { Some(from.u32()?) } else { None };
    let condition = |from: &mut Reader<'_>| {
        let octet = from.u8()?;
        CONDITIONS.get(usize::from(octet)).copied().ok_or(RecordError::Field("trigger"))
    };
    let triggers = if has(TRIGGERS) {
        let length = from.length()?;
        Some((0..length).map(|_| condition(from)).collect::<Result<_, _>>()?)
    } else {
        None
    };
    let pool = if has(POOL) {
        let (pool, digits, exponent) = (from.u32()?, from.i64()?, from.i32()?);
        Some(PoolShare { pool, digits, exponent })
    } else {
        None
    };
    Ok(GrantExtra { change: at.map(|at| TariffChange { at, after }), consumption_secs, triggers, pool })
}

fn take_extra(from: &mut Reader<'_>) -> Result<AnswerExtra, RecordError> {
    let flags = from.u8()?;
    let has = |bit| flags & bit != 0;
    if (has(ENOUGH) && !has(CHECKED))
        || (has(LOW) && !has(BALANCE))
        || (has(PRICE) && !has(ADVICE))
        || (has(COST_PER) && !has(COST))
    {
        return Err(RecordError::Field("extra"));
    }
    let cost = if has(COST) { Some(from.money()?) } else { None };
    let cost_per = if has(COST_PER) { Some(from.amount()?) } else { None };
    let remaining = if has(BALANCE) { Some(from.money()?) } else { None };
    let spent = if has(ADVICE) { Some((from.money()?, from.money()?)) } else { None };
    let price = if has(PRICE) {
        Some(PriceAdvice { unit: from.unit()?, per: from.count()?, price: from.money()? })
    } else {
        None
    };
    Ok(AnswerExtra {
        enough: has(CHECKED).then_some(has(ENOUGH)),
        cost,
        cost_per,
        balance: remaining.map(|remaining| Balance { low: has(LOW), remaining }),
        advice: spent.map(|(total, added)| Advice { total, added, price }),
        ends: None,
        furnish: None,
    })
}

fn take_outcome(from: &mut Reader<'_>) -> Result<Outcome, RecordError> {
    let octet = from.u8()?;
    if octet == 0 {
        return Ok(Outcome::Done);
    }
    let denial = DENIALS.into_iter().find(|(number, _)| *number == octet);
    denial.map(|(_, denial)| Outcome::Denied(denial)).ok_or(RecordError::Field("outcome"))
}

fn take_grant(from: &mut Reader<'_>, flags: u8) -> Result<Option<Grant>, RecordError> {
    let has = |bit| flags & bit != 0;
    if !has(GRANT) {
        return if flags == 0 { Ok(None) } else { Err(RecordError::Field("grant")) };
    }
    Ok(Some(Grant {
        amount: from.amount()?,
        validity_secs: if has(VALIDITY) { Some(from.u32()?) } else { None },
        threshold: if has(THRESHOLD) { Some(from.count()?) } else { None },
        holding_secs: if has(HOLDING) { Some(from.u32()?) } else { None },
        final_unit: if has(FINAL_UNIT) { Some(take_final(from)?) } else { None },
        extra: if has(GRANT_EXTRA) { Some(Box::new(take_grant_extra(from)?)) } else { None },
    }))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::codec::tests::{amount, damaged, quota_key, text};
    use super::*;
    use crate::charging::request::QuotaKey;
    use crate::charging::units::{Amount, Money, Unit};
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn encode(answer: &Answer) -> Vec<u8> {
        let mut to = Writer::new(1, 0);
        put(&mut to, answer);
        to.finish()
    }

    fn decode(octets: &[u8]) -> Result<Answer, RecordError> {
        let mut from = Reader::new(octets, 1)?;
        let answer = take(&mut from)?;
        from.finish()?;
        Ok(answer)
    }

    pub(crate) fn sample() -> Answer {
        let key = |group| QuotaKey { rating_group: Some(group), services: vec![] };
        let grant = Grant {
            validity_secs: Some(3_600),
            threshold: Some(300),
            final_unit: Some(FinalUnit::Terminate),
            ..Grant::of(Amount::new(Unit::Octets, 52_428_800))
        };
        let parts = vec![
            PartAnswer::granted(key(10), Some(grant)),
            PartAnswer::new(key(20), Outcome::Denied(Denial::NoCredit)),
        ];
        Answer { message: Some("x".into()), ..Answer::new(Outcome::Done, Shape::PerGroup, parts) }
    }

    /// An answer with everything that few have.
    fn full() -> Answer {
        let reach = Reach { filters: vec!["f".into()], rules: vec!["r".into()] };
        let redirect = FinalUnit::Redirect(Box::new(Redirect { to: "u".into(), open: reach.clone() }));
        let change = TariffChange { at: Timestamp::from_micros(5), after: Some(6) };
        let grant = Grant {
            final_unit: Some(redirect),
            extra: Some(Box::new(GrantExtra {
                change: Some(change),
                consumption_secs: Some(7),
                triggers: Some(vec![Condition::Radio, Condition::Network]),
                pool: Some(PoolShare { pool: 8, digits: -9, exponent: -2 }),
            })),
            ..Grant::of(Amount::new(Unit::Seconds, 60))
        };
        let limited = PartAnswer {
            limit: Some(Box::new(Limit { action: FinalUnit::Restrict(Box::new(reach)), validity_secs: 300 })),
            extra: Some(Box::new(PartExtra {
                refund: Some([1, 2].into()),
                announcements: vec![Announcement { id: 3, before_end_secs: Some(4) }],
            })),
            ..PartAnswer::new(QuotaKey::default(), Outcome::Done)
        };
        let extra = AnswerExtra {
            enough: Some(true),
            cost: Some(Money::from_micros(1)),
            cost_per: None,
            balance: Some(Balance { low: true, remaining: Money::from_micros(2) }),
            advice: Some(Advice {
                total: Money::from_micros(3),
                added: Money::from_micros(4),
                price: Some(PriceAdvice { unit: Unit::Seconds, per: 60, price: Money::from_micros(5) }),
            }),
            ends: None,
            furnish: None,
        };
        let parts = vec![PartAnswer::granted(QuotaKey::default(), Some(grant)), limited];
        Answer {
            extra: Some(Box::new(extra)),
            ..Answer::new(Outcome::Denied(Denial::NoRefund), Shape::Command, parts)
        }
    }

    #[test]
    fn the_layout_is_what_it_was() {
        let octets = encode(&sample());
        let golden = "0101000002780201\
             0a0000000017008080801 9100e0000ac0200\
             01140000000800"
            .replace(' ', "");
        assert_eq!(super::super::hex(&octets), golden);
        assert_eq!(decode(&octets), Ok(sample()));
        let octets = encode(&full());
        assert_eq!(super::super::hex(&octets), FULL);
        assert_eq!(decode(&octets), Ok(full()));
        let cost = AnswerExtra {
            cost: Some(Money::from_micros(1)),
            cost_per: Some(Amount::new(Unit::Seconds, 60)),
            ..AnswerExtra::default()
        };
        let answer =
            Answer { extra: Some(Box::new(cost)), ..Answer::new(Outcome::Done, Shape::Command, Vec::new()) };
        let octets = encode(&answer);
        assert_eq!(super::super::hex(&octets), "010100030000840100000000000000013c");
        assert_eq!(decode(&octets), Ok(answer));
        let answer = with_more();
        let octets = encode(&answer);
        assert_eq!(super::super::hex(&octets), MORE_GOLDEN);
        assert_eq!(decode(&octets), Ok(answer));
    }

    const FULL: &str = "01010c030002000031013c0101750101660101721f050000000000000006070000000200\
        0108000000f7fffffffffffffffeffffff0000c0020101660101722c010000030102010300000001040000007f01000000000000\
        00020000000000000003000000000000000400000000000000013c0500000000000000";

    /// An answer that tells the end of the contract and has text for records.
    fn with_more() -> Answer {
        let more = AnswerExtra {
            ends: Some(Timestamp::from_micros(9)),
            furnish: Some([0x66, 0x67].into()),
            ..AnswerExtra::default()
        };
        Answer { extra: Some(Box::new(more)), ..Answer::new(Outcome::Done, Shape::PerGroup, Vec::new()) }
    }

    const MORE_GOLDEN: &str = "01010006000000010900000000000000036667";

    #[test]
    fn every_refusal_has_its_own_number() {
        for (octet, denial) in DENIALS {
            assert_eq!(denial_octet(denial), octet);
        }
    }

    #[test]
    fn damage_is_an_error() {
        damaged(&encode(&sample()), decode);
        damaged(&encode(&full()), decode);
        damaged(&encode(&with_more()), decode);
    }

    pub(crate) fn outcomes() -> impl Strategy<Value = Outcome> {
        (0..=DENIALS.len())
            .prop_map(|at| DENIALS.get(at).map_or(Outcome::Done, |(_, denial)| Outcome::Denied(*denial)))
    }

    prop_compose! {
        fn grants()(amount in amount(), validity_secs: Option<u32>, threshold: Option<u64>,
            holding_secs: Option<u32>, last: bool) -> Grant
        {
            let final_unit = last.then_some(FinalUnit::Terminate);
            Grant { amount, validity_secs, threshold, holding_secs, final_unit, extra: None }
        }
    }

    prop_compose! {
        fn parts()(key in quota_key(), outcome in outcomes(), grant in proptest::option::of(grants())) -> PartAnswer {
            PartAnswer { grant, ..PartAnswer::new(key, outcome) }
        }
    }

    prop_compose! {
        pub(crate) fn answers()(outcome in outcomes(), command: bool,
            parts in proptest::collection::vec(parts(), 0..4), message in proptest::option::of(text())) -> Answer
        {
            let shape = if command { Shape::Command } else { Shape::PerGroup };
            Answer { message, ..Answer::new(outcome, shape, parts) }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(answer in answers()) {
            prop_assert_eq!(decode(&encode(&answer)), Ok(answer));
        }
    }
}
