//! What the outcome of the parts makes of the whole, and the shapes of refusals.

use super::line::{Line, distinct};
use crate::charging::answer::{Answer, Denial, Outcome, PartAnswer};
use crate::charging::request::{Kind, Part, Request, Shape};

/// The answer to a request that is refused as a whole: at command level, and in each part where the
/// refusal may stand there. Who is not known, or has no session, is told at command level alone.
pub fn refuse(request: &Request, denial: Denial) -> Answer {
    let in_parts = match denial {
        Denial::UnknownSession | Denial::UnknownSubscriber | Denial::Ended | Denial::NotOffered => false,
        Denial::Blocked
        | Denial::UnknownService
        | Denial::NoRate
        | Denial::NoDestination
        | Denial::NoCredit
        | Denial::TooManyGroups
        | Denial::Overflow => request.kind != Kind::Terminate,
    };
    let part =
        |part: &Part| PartAnswer { key: part.key.clone(), outcome: Outcome::Denied(denial), grant: None };
    let parts = if in_parts { distinct(&request.parts).map(part).collect() } else { Vec::new() };
    Answer { outcome: Outcome::Denied(denial), shape: request.shape, parts, message: None }
}

/// The answer made of decided lines: done above, each part as it was decided.
pub(super) fn of_lines(shape: Shape, lines: Vec<Line<'_>>) -> Answer {
    let part = |line: Line<'_>| PartAnswer {
        key: line.key.clone(),
        outcome: line.denial.map_or(Outcome::Done, Outcome::Denied),
        grant: line.grant,
    };
    let parts = lines.into_iter().map(part).collect();
    Answer { outcome: Outcome::Done, shape, parts, message: None }
}

/// The answer to the end of a session: it has no parts.
pub(super) fn ended(shape: Shape, outcome: Outcome) -> Answer {
    Answer { outcome, shape, parts: Vec::new(), message: None }
}
