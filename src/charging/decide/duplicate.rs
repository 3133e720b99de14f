//! Repeats: a request is known by its session, kind and number, whatever else it says. It is charged at
//! most once and answered with what was answered before (RFC 8506 §8.2, RFC 6733 §5.5.4).

use super::case::Case;
use super::line::distinct;
use crate::charging::answer::{Answer, Denial, Outcome, PartAnswer};
use crate::charging::policy::Policy;
use crate::charging::request::{Kind, Part, Request};
use crate::charging::session::{SeenRange, Session, SessionState, StoredAnswer};

/// A request that was answered before.
pub(super) struct Repeat {
    pub(super) answer: Answer,
    /// It has other content than the first.
    pub(super) contradicts: bool,
}

/// The answer that a repeat gets. A request that opens a session is no repeat of one that opened an
/// ended session with other content.
pub(super) fn find(case: Case<'_>, session: &Session) -> Option<Repeat> {
    let request = case.request;
    let same = |stored: &&StoredAnswer| stored.kind == request.kind && stored.number == request.number;
    if let Some(stored) = session.answers.iter().rev().find(same) {
        let contradicts = stored.digest != request.digest;
        let reopens = request.kind == Kind::Initial && session.state != SessionState::Open && contradicts;
        return (!reopens).then(|| Repeat { answer: stored.answer.clone(), contradicts });
    }
    let reopens = request.kind == Kind::Initial && session.state != SessionState::Open;
    let within = |range: &SeenRange| {
        range.kind == request.kind && (range.first..=range.last).contains(&request.number)
    };
    let seen = !reopens && session.seen.iter().any(within);
    seen.then(|| Repeat { answer: of_older(request), contradicts: false })
}

/// The answer to a repeat so old that its answer is no longer kept: done, nothing charged, nothing
/// granted. A part that asks for quota is told that there is none for it: a success without a grant would
/// be taken as unlimited by some clients.
fn of_older(request: &Request) -> Answer {
    let part = |part: &Part| {
        let outcome =
            if part.requested.is_some() { Outcome::Denied(Denial::NoCredit) } else { Outcome::Done };
        PartAnswer::new(part.key.clone(), outcome)
    };
    let parts = match request.kind {
        Kind::Terminate => Vec::new(),
        Kind::Initial | Kind::Update | Kind::Event(_) => distinct(&request.parts).map(part).collect(),
    };
    Answer::new(Outcome::Done, request.shape, parts)
}

/// Keeps an answer for repeats. Of answers beyond those that are kept only the number stays known.
pub(super) fn keep(session: &mut Session, request: &Request, answer: &Answer, policy: &Policy) {
    while !session.answers.is_empty() && session.answers.len() >= policy.kept_answers {
        let oldest = session.answers.remove(0);
        remember(&mut session.seen, oldest.kind, oldest.number, policy.seen_ranges);
    }
    let Request { kind, number, digest, .. } = *request;
    session.answers.push(StoredAnswer { kind, number, digest, answer: answer.clone() });
}

/// Adds a number to the ranges, which stay sorted by kind and number and never touch one another. Where
/// there are too many, the two oldest of a kind become one: a number between them that never came is
/// given up rather than that one that came is charged again.
fn remember(seen: &mut Vec<SeenRange>, kind: Kind, number: u32, most: usize) {
    let touches = |range: &SeenRange| {
        let before = range.first.checked_sub(1).unwrap_or(range.first);
        let after = range.last.checked_add(1).unwrap_or(range.last);
        range.kind == kind && (before..=after).contains(&number)
    };
    if let Some(range) = seen.iter().position(touches).and_then(|at| seen.get_mut(at)) {
        range.first = range.first.min(number);
        range.last = range.last.max(number);
    } else {
        let key = |range: &SeenRange| (order(range.kind), range.first);
        let at = seen.partition_point(|range| key(range) < (order(kind), number));
        seen.insert(at, SeenRange { kind, first: number, last: number });
    }
    seen.dedup_by(|later, earlier| {
        let joined = later.kind == earlier.kind && later.first <= earlier.last.saturating_add(1);
        if joined {
            earlier.last = earlier.last.max(later.last);
        }
        joined
    });
    if seen.len() > most {
        let pair = seen.iter().zip(seen.iter().skip(1)).position(|(one, next)| one.kind == next.kind);
        if let Some(at) = pair {
            let next = seen.remove(at.saturating_add(1));
            if let Some(range) = seen.get_mut(at) {
                range.last = next.last;
            }
        }
    }
}

const fn order(kind: Kind) -> u8 {
    match kind {
        Kind::Initial => 0,
        Kind::Update => 1,
        Kind::Terminate => 2,
        Kind::Event(_) => 3,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known(seen: &[SeenRange], kind: Kind, number: u32) -> bool {
        seen.iter().any(|range| range.kind == kind && range.first <= number && number <= range.last)
    }

    #[test]
    fn numbers_that_follow_one_another_become_one_range() {
        let mut seen = Vec::new();
        for number in [5, 7, 6, 1, 4, u32::MAX, 0, u32::MAX - 1] {
            remember(&mut seen, Kind::Update, number, 256);
        }
        remember(&mut seen, Kind::Terminate, 2, 256);
        let ranges: Vec<_> = seen.iter().map(|range| (range.first, range.last)).collect();
        assert_eq!(ranges, [(0, 1), (4, 7), (u32::MAX - 1, u32::MAX), (2, 2)]);
        assert!(!known(&seen, Kind::Update, 2));
    }

    proptest! {
        #[test]
        fn a_number_once_remembered_stays_known_however_many_come(
            numbers in prop::collection::vec((any::<bool>(), 0u32..60), 0..80), most in 1usize..6,
        ) {
            let mut seen = Vec::new();
            for &(update, number) in &numbers {
                let kind = if update { Kind::Update } else { Kind::Terminate };
                remember(&mut seen, kind, number, most);
                prop_assert!(seen.len() <= most.max(2));
            }
            for &(update, number) in &numbers {
                let kind = if update { Kind::Update } else { Kind::Terminate };
                prop_assert!(known(&seen, kind, number));
            }
        }

        #[test]
        fn with_room_enough_only_numbers_that_came_are_known(
            numbers in prop::collection::vec(0u32..100, 0..60),
        ) {
            let mut seen = Vec::new();
            for &number in &numbers {
                remember(&mut seen, Kind::Update, number, 256);
            }
            for number in 0..100 {
                prop_assert_eq!(known(&seen, Kind::Update, number), numbers.contains(&number));
            }
        }
    }
}
