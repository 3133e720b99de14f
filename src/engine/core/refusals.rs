//! The last refusals of each number, for explanations: in memory only, a few for each, bounded in all.

use std::collections::{HashMap, VecDeque};

use crate::charging::units::Digits;

use super::hash::Keyed;
use super::query::Refusal;

/// The last refusals.
#[derive(Debug)]
pub(crate) struct Refusals {
    each: usize,
    most: usize,
    by_number: HashMap<Digits, VecDeque<Refusal>, Keyed>,
    /// Whose refusal was noted, oldest first: one for each that is kept.
    order: VecDeque<Digits>,
}

impl Refusals {
    pub(crate) fn new(each: usize, most: usize, hasher: Keyed) -> Self {
        Self { each, most, by_number: HashMap::with_hasher(hasher), order: VecDeque::new() }
    }

    /// Keeps a refusal. A number that has its share already loses its oldest.
    pub(crate) fn note(&mut self, msisdn: Digits, refusal: Refusal) {
        let of = self.by_number.entry(msisdn).or_default();
        if of.len() >= self.each.max(1) {
            of.pop_front();
        } else {
            self.order.push_back(msisdn);
        }
        of.push_back(refusal);
        if self.order.len() > self.most.max(1) {
            self.drop_oldest();
        }
    }

    /// The refusals of a number, the newest first.
    pub(crate) fn of(&self, msisdn: Digits) -> impl Iterator<Item = &Refusal> {
        self.by_number.get(&msisdn).into_iter().flat_map(|of| of.iter().rev())
    }

    /// The number is another's from now on: what was refused before is not his.
    pub(crate) fn forget(&mut self, msisdn: Digits) {
        if self.by_number.remove(&msisdn).is_some() {
            self.order.retain(|other| *other != msisdn);
        }
    }

    fn drop_oldest(&mut self) {
        let Some(msisdn) = self.order.pop_front() else { return };
        let empty = self.by_number.get_mut(&msisdn).is_some_and(|of| {
            of.pop_front();
            of.is_empty()
        });
        if empty {
            self.by_number.remove(&msisdn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::answer::Denial;
    use crate::charging::request::{Kind, SessionId};
    use crate::engine::core::hash::HashKey;
    use crate::engine::core::query::Why;
    use crate::time::Timestamp;

    fn refusal(number: u32) -> Refusal {
        Refusal {
            at: Timestamp::EPOCH,
            session: SessionId::new("s").unwrap(),
            kind: Kind::Update,
            number,
            key: None,
            why: Why::Denied(Denial::NoCredit),
            hindrance: None,
        }
    }

    #[test]
    fn one_number_cannot_push_out_the_refusals_of_others() {
        let mut refusals = Refusals::new(3, 8, Keyed(HashKey([1; 16])));
        let (quiet, loud) = (Digits::parse("1").unwrap(), Digits::parse("2").unwrap());
        refusals.note(quiet, refusal(0));
        (0..100).for_each(|number| refusals.note(loud, refusal(number)));
        assert_eq!(refusals.of(quiet).count(), 1);
        assert_eq!(refusals.of(loud).map(|of| of.number).collect::<Vec<_>>(), [99, 98, 97]);
    }

    #[test]
    fn in_all_no_more_are_kept_than_allowed() {
        let mut refusals = Refusals::new(3, 8, Keyed(HashKey([1; 16])));
        for number in 0..100u32 {
            refusals.note(Digits::parse(&number.to_string()).unwrap(), refusal(number));
        }
        assert_eq!(refusals.by_number.len(), 8);
        assert_eq!(refusals.order.len(), 8);
        assert_eq!(refusals.of(Digits::parse("99").unwrap()).count(), 1);
    }
}
