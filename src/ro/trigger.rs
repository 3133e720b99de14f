//! Trigger (TS 32.299 §7.2.236): the changes of conditions at which a client asks again, and which of them came.

use super::fields::{Field, Level};
use super::wire::{Put, Reader, Seen};
use crate::charging::request::Condition;
use crate::diameter::avp::Avp;
use crate::diameter::encode::Encoder;

/// Adds the conditions of one Trigger, each once.
pub(super) fn read(reader: &mut Reader<'_>, group: &Avp<'_>, conditions: &mut Vec<Condition>) {
    let mut seen = Seen::default();
    for avp in reader.group(group).into_iter().flatten() {
        if reader.admit(Level::Trigger, &mut seen, &avp) == Some(Field::TriggerType) {
            let condition = reader.enumerated(&avp).map(of);
            conditions.extend(condition.filter(|condition| !conditions.contains(condition)));
        }
    }
}

/// Writes a Trigger. One without any condition disarms all.
pub(super) fn write(out: &mut Encoder<'_>, conditions: &[Condition]) {
    out.within(Field::Trigger, |out| {
        for value in conditions.iter().flat_map(|condition| values(*condition)) {
            out.signed(Field::TriggerType, (*value).into());
        }
    });
}

/// What a Trigger-Type is about. The list is open.
const fn of(value: i32) -> Condition {
    match value {
        1 | 60 => Condition::Node,
        2 | 10..=24 => Condition::Quality,
        3 | 32..=36 => Condition::Location,
        4 => Condition::Radio,
        5 => Condition::TimeZone,
        30 | 31 => Condition::Network,
        40 | 50..=52 => Condition::Media,
        _ => Condition::Other,
    }
}

/// The Trigger-Types that arm a condition: those that change no more often than the condition does.
const fn values(condition: Condition) -> &'static [i32] {
    match condition {
        Condition::Radio => &[4],
        Condition::Network => &[30, 31],
        Condition::Node => &[60],
        Condition::Location => &[3],
        Condition::TimeZone => &[5],
        Condition::Quality => &[2],
        Condition::Media => &[40],
        Condition::Other => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arms_a_condition_tells_it() {
        for condition in [
            Condition::Radio,
            Condition::Network,
            Condition::Node,
            Condition::Location,
            Condition::TimeZone,
            Condition::Quality,
            Condition::Media,
        ] {
            let values = values(condition);
            assert!(
                !values.is_empty() && values.iter().all(|value| of(*value) == condition),
                "{condition:?}"
            );
        }
        assert_eq!(of(9_999), Condition::Other);
    }
}
