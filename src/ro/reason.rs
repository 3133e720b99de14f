//! Reporting-Reason (TS 32.299 §7.2.175): why a client reports. It is read wherever it stands.

use super::fields::Field;
use super::wire::Put;
use crate::charging::request::Reason;
use crate::diameter::encode::Encoder;

/// Of several reasons the one that says most about what comes after it.
pub(super) fn stronger(one: Option<Reason>, other: Option<Reason>) -> Option<Reason> {
    let rank = |reason: &Reason| match reason {
        Reason::Final => 7,
        Reason::Idle => 6,
        Reason::ConditionChange => 5,
        Reason::Forced => 4,
        Reason::Validity => 3,
        Reason::Exhausted => 2,
        Reason::Threshold => 1,
        Reason::Other => 0,
    };
    one.into_iter().chain(other).max_by_key(rank)
}

/// Writes a reason.
pub(super) fn write(out: &mut Encoder<'_>, reason: Reason) {
    out.signed(Field::ReportingReason, value(reason));
}

/// Reporting-Reason (TS 32.299 §7.2.175), open.
pub(super) const fn of(value: i32) -> Reason {
    match value {
        0 => Reason::Threshold,
        1 => Reason::Idle,
        2 => Reason::Final,
        3 => Reason::Exhausted,
        4 => Reason::Validity,
        6 => Reason::ConditionChange,
        7 => Reason::Forced,
        _ => Reason::Other,
    }
}

/// The number of a reason; "other" is OTHER_QUOTA_TYPE.
const fn value(reason: Reason) -> i64 {
    match reason {
        Reason::Threshold => 0,
        Reason::Idle => 1,
        Reason::Final => 2,
        Reason::Exhausted => 3,
        Reason::Validity => 4,
        Reason::Other => 5,
        Reason::ConditionChange => 6,
        Reason::Forced => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_reasons_the_one_that_ends_most_counts() {
        assert_eq!(stronger(Some(Reason::Threshold), Some(Reason::Final)), Some(Reason::Final));
        assert_eq!(stronger(Some(Reason::Idle), None), Some(Reason::Idle));
        assert_eq!(stronger(None, Some(Reason::Other)), Some(Reason::Other));
        assert_eq!(stronger(None, None), None);
    }
}
