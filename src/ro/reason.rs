//! Reporting-Reason (TS 32.299 §7.2.175): why a client reports. It is read wherever it stands.

use super::fields::Field;
use super::wire::Put;
use crate::charging::request::Reason;
use crate::diameter::encode::Encoder;

/// Of several reasons the one that says most about what comes after it.
pub(super) fn stronger(one: Option<Reason>, other: Option<Reason>) -> Option<Reason> {
    let rank = |reason: &Reason| match reason {
        Reason::Final => 10,
        Reason::Idle => 9,
        Reason::Unused => 8,
        Reason::ConditionChange => 7,
        Reason::Forced => 6,
        Reason::Validity => 5,
        Reason::PoolExhausted => 4,
        Reason::Exhausted => 3,
        Reason::OtherUnit => 2,
        Reason::Threshold => 1,
        Reason::Other => 0,
    };
    one.into_iter().chain(other).max_by_key(rank)
}

/// Writes a reason; one that has no number is not written.
pub(super) fn write(out: &mut Encoder<'_>, reason: Reason) {
    if let Some(value) = value(reason) {
        out.signed(Field::ReportingReason, value.into());
    }
}

/// Reporting-Reason (TS 32.299 §7.2.175), open.
pub(super) const fn of(value: i32) -> Reason {
    match value {
        0 => Reason::Threshold,
        1 => Reason::Idle,
        2 => Reason::Final,
        3 => Reason::Exhausted,
        4 => Reason::Validity,
        5 => Reason::OtherUnit,
        6 => Reason::ConditionChange,
        7 => Reason::Forced,
        8 => Reason::PoolExhausted,
        9 => Reason::Unused,
        _ => Reason::Other,
    }
}

/// The number of a reason.
const fn value(reason: Reason) -> Option<i32> {
    match reason {
        Reason::Threshold => Some(0),
        Reason::Idle => Some(1),
        Reason::Final => Some(2),
        Reason::Exhausted => Some(3),
        Reason::Validity => Some(4),
        Reason::OtherUnit => Some(5),
        Reason::ConditionChange => Some(6),
        Reason::Forced => Some(7),
        Reason::PoolExhausted => Some(8),
        Reason::Unused => Some(9),
        Reason::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_of_the_standard_is_read_and_written_as_its_number() {
        for number in 0..=9 {
            assert_eq!(value(of(number)), Some(number));
        }
        assert_eq!((of(10), of(-1), value(Reason::Other)), (Reason::Other, Reason::Other, None));
    }

    #[test]
    fn of_several_reasons_the_one_that_ends_most_counts() {
        assert_eq!(stronger(Some(Reason::Threshold), Some(Reason::Final)), Some(Reason::Final));
        assert_eq!(stronger(Some(Reason::Idle), None), Some(Reason::Idle));
        assert_eq!(stronger(None, Some(Reason::Other)), Some(Reason::Other));
        assert_eq!(stronger(None, None), None);
    }
}
