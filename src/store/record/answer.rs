//! Answer, a part of other records, layout 1: version u8 = 1 · outcome u8 (0 done, else the refusal) · shape u8 (0 per
//! group, 1 command) · message text? · parts: number, then each: quota key · outcome u8 · flags u8 (1 grant, 2
//! validity, 4 threshold, 8 holding, 16 final unit) · of a grant: unit u8, count · validity u32 · threshold count
//! · holding u32 · final unit u8 (0 terminate), as far as flagged.

use super::codec::{Reader, RecordError, Writer, flag};
use crate::charging::answer::{Answer, Denial, FinalUnit, Grant, Outcome, PartAnswer};
use crate::charging::request::Shape;

const VERSION: u8 = 1;
const GRANT: u8 = 1;
const VALIDITY: u8 = 2;
const THRESHOLD: u8 = 4;
const HOLDING: u8 = 8;
const FINAL_UNIT: u8 = 16;

/// Refusals by their number, the same for ever.
const DENIALS: [(u8, Denial); 11] = [
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
    }
}

/// Writes an answer into a record.
pub(crate) fn put(to: &mut Writer, answer: &Answer) {
    to.u8(VERSION);
    outcome(to, answer.outcome);
    to.u8(match answer.shape {
        Shape::PerGroup => 0,
        Shape::Command => 1,
    });
    to.text_or_none(answer.message.as_deref());
    to.length(answer.parts.len());
    for part in &answer.parts {
        to.quota_key(&part.key);
        outcome(to, part.outcome);
        grant(to, part.grant.as_ref());
    }
}

fn outcome(to: &mut Writer, outcome: Outcome) {
    to.u8(match outcome {
        Outcome::Done => 0,
        Outcome::Denied(denial) => denial_octet(denial),
    });
}

fn grant(to: &mut Writer, grant: Option<&Grant>) {
    let Some(Grant { amount, validity_secs, threshold, holding_secs, final_unit }) = grant else {
        return to.u8(0);
    };
    to.u8(GRANT
        | flag(validity_secs.is_some(), VALIDITY)
        | flag(threshold.is_some(), THRESHOLD)
        | flag(holding_secs.is_some(), HOLDING)
        | flag(final_unit.is_some(), FINAL_UNIT));
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
    if let Some(FinalUnit::Terminate) = final_unit {
        to.u8(0);
    }
}

/// Reads an answer out of a record.
pub(crate) fn take(from: &mut Reader<'_>) -> Result<Answer, RecordError> {
    match from.u8()? {
        VERSION => {}
        version => return Err(RecordError::Version(version)),
    }
    let outcome = take_outcome(from)?;
    let shape = match from.u8()? {
        0 => Shape::PerGroup,
        1 => Shape::Command,
        _ => return Err(RecordError::Field("shape")),
    };
    let message = from.text_or_none("message")?;
    let length = from.length()?;
    let part = |from: &mut Reader<'_>| {
        Ok(PartAnswer { key: from.quota_key()?, outcome: take_outcome(from)?, grant: take_grant(from)? })
    };
    let parts = (0..length).map(|_| part(from)).collect::<Result<_, _>>()?;
    Ok(Answer { outcome, shape, parts, message })
}

fn take_outcome(from: &mut Reader<'_>) -> Result<Outcome, RecordError> {
    let octet = from.u8()?;
    if octet == 0 {
        return Ok(Outcome::Done);
    }
    let denial = DENIALS.into_iter().find(|(number, _)| *number == octet);
    denial.map(|(_, denial)| Outcome::Denied(denial)).ok_or(RecordError::Field("outcome"))
}

fn take_grant(from: &mut Reader<'_>) -> Result<Option<Grant>, RecordError> {
    let flags = from.flags(GRANT | VALIDITY | THRESHOLD | HOLDING | FINAL_UNIT)?;
    let has = |bit| flags & bit != 0;
    if !has(GRANT) {
        return if flags == 0 { Ok(None) } else { Err(RecordError::Field("grant")) };
    }
    Ok(Some(Grant {
        amount: from.amount()?,
        validity_secs: if has(VALIDITY) { Some(from.u32()?) } else { None },
        threshold: if has(THRESHOLD) { Some(from.count()?) } else { None },
        holding_secs: if has(HOLDING) { Some(from.u32()?) } else { None },
        final_unit: match has(FINAL_UNIT).then(|| from.u8()).transpose()? {
            None => None,
            Some(0) => Some(FinalUnit::Terminate),
            Some(_) => return Err(RecordError::Field("final unit")),
        },
    }))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::codec::tests::{amount, damaged, quota_key, text};
    use super::*;
    use crate::charging::request::QuotaKey;
    use crate::charging::units::{Amount, Unit};
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
            amount: Amount::new(Unit::Octets, 52_428_800),
            validity_secs: Some(3_600),
            threshold: Some(300),
            holding_secs: None,
            final_unit: Some(FinalUnit::Terminate),
        };
        Answer {
            outcome: Outcome::Done,
            shape: Shape::PerGroup,
            parts: vec![
                PartAnswer { key: key(10), outcome: Outcome::Done, grant: Some(grant) },
                PartAnswer { key: key(20), outcome: Outcome::Denied(Denial::NoCredit), grant: None },
            ],
            message: Some("x".into()),
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
    }

    #[test]
    fn every_refusal_has_its_own_number() {
        for (octet, denial) in DENIALS {
            assert_eq!(denial_octet(denial), octet);
        }
    }

    #[test]
    fn damage_is_an_error() {
        damaged(&encode(&sample()), decode);
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
            Grant { amount, validity_secs, threshold, holding_secs, final_unit }
        }
    }

    prop_compose! {
        fn parts()(key in quota_key(), outcome in outcomes(), grant in proptest::option::of(grants())) -> PartAnswer {
            PartAnswer { key, outcome, grant }
        }
    }

    prop_compose! {
        pub(crate) fn answers()(outcome in outcomes(), command: bool,
            parts in proptest::collection::vec(parts(), 0..4), message in proptest::option::of(text())) -> Answer
        {
            Answer { outcome, shape: if command { Shape::Command } else { Shape::PerGroup }, parts, message }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(answer in answers()) {
            prop_assert_eq!(decode(&encode(&answer)), Ok(answer));
        }
    }
}
