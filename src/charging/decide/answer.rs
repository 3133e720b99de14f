//! What the outcome of the parts makes of the whole, and the shapes of refusals.

use super::line::{Line, distinct};
use crate::charging::answer::{Answer, Denial, Outcome, PartAnswer, PartExtra};
use crate::charging::request::{Kind, Part, Request, Shape};

/// The answer to a request that is refused as a whole: at command level, and in each part where the
/// refusal may stand there. Who is not known, or has no session, is told at command level alone.
pub fn refuse(request: &Request, denial: Denial) -> Answer {
    let in_parts = match denial {
        Denial::UnknownSession | Denial::UnknownSubscriber | Denial::Ended | Denial::NotOffered => false,
        Denial::Blocked
        | Denial::NotThere
        | Denial::Threshold
        | Denial::ContentBarred
        | Denial::UnknownService
        | Denial::NoRate
        | Denial::NoDestination
        | Denial::NoCredit
        | Denial::TooManyGroups
        | Denial::Overflow
        | Denial::NoRefund => request.kind != Kind::Terminate,
    };
    let part = |part: &Part| PartAnswer::new(part.key.clone(), Outcome::Denied(denial));
    let parts = if in_parts { distinct(&request.parts).map(part).collect() } else { Vec::new() };
    Answer::new(Outcome::Denied(denial), request.shape, parts)
}

/// The answer made of decided lines: done above, each part as it was decided.
pub(super) fn of_lines(shape: Shape, lines: Vec<Line<'_>>) -> Answer {
    let part = |line: Line<'_>| {
        let announcements = Some(line.announcements).filter(|all| !all.is_empty());
        PartAnswer {
            grant: line.grant,
            limit: line.limit,
            extra: announcements
                .map(|announcements| Box::new(PartExtra { announcements, ..PartExtra::default() })),
            ..PartAnswer::new(line.key.clone(), line.denial.map_or(Outcome::Done, Outcome::Denied))
        }
    };
    let parts = lines.into_iter().map(part).collect();
    Answer::new(Outcome::Done, shape, parts)
}

/// The answer to the end of a session: it has no parts.
pub(super) fn ended(shape: Shape, outcome: Outcome) -> Answer {
    Answer::new(outcome, shape, Vec::new())
}
