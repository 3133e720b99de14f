//! What a one-time event asks for: its lines, and why an event is refused.

use std::borrow::Cow;

use super::answer::refuse;
use super::books::Books;
use super::case::Case;
use super::gates;
use super::line::{Line, gather};
use crate::charging::answer::{Answer, Denial};
use crate::charging::rating::lookup::Leg;
use crate::charging::request::{QuotaKey, Request};
use crate::charging::units::Unit;

/// Why an event is refused, and what is said of it.
pub(super) struct Refused {
    pub(super) denial: Denial,
    pub(super) message: Option<Cow<'static, str>>,
}

impl From<Denial> for Refused {
    fn from(denial: Denial) -> Self {
        Self { denial, message: words(denial).map(Cow::Borrowed) }
    }
}

/// What is said of a refusal beside its code, where that is always the same.
pub(super) const fn words(denial: Denial) -> Option<&'static str> {
    let barred = matches!(denial, Denial::ContentBarred);
    if barred { Some("RES-5: the subscriber has barred this content service") } else { None }
}

impl Refused {
    pub(super) const fn because(denial: Denial, message: &'static str) -> Self {
        Self { denial, message: Some(Cow::Borrowed(message)) }
    }

    pub(super) const fn told(denial: Denial, message: String) -> Self {
        Self { denial, message: Some(Cow::Owned(message)) }
    }

    /// The answer that says so.
    pub(super) fn answer(self, request: &Request) -> Answer {
        Answer { message: self.message.map(Into::into), ..refuse(request, self.denial) }
    }
}

/// The lines of an event, at least one, once the gates are passed. `whole` is the quota of an event that names none.
pub(super) fn lines<'a>(
    case: Case<'a>,
    books: &Books,
    whole: &'a QuotaKey,
) -> Result<Vec<Line<'a>>, Refused> {
    let parties = &case.request.parties;
    let leg = Leg::of(parties, case.catalogue.numbers());
    let service = case.catalogue.service_of(&case.request.context);
    let service = gates::pass(case, &books.subscriber, service, leg)?;
    let mut lines = gather(case, &books.subscriber, service, parties, leg);
    if lines.is_empty() {
        lines.push(Line::new(case, &books.subscriber, service, parties, leg, whole));
    }
    if lines.len() > case.policy.max_groups {
        return Err(Denial::TooManyGroups.into());
    }
    Ok(lines)
}

/// Refuses an event of which a line has no price.
pub(super) fn priced(lines: &[Line<'_>]) -> Result<(), Refused> {
    lines.iter().find_map(|line| line.denial).map_or(Ok(()), |denial| Err(denial.into()))
}

/// An amount of money that is asked for is not taken for something else.
pub(super) fn sold_so(request: &Request, line: &Line<'_>) -> Result<(), Refused> {
    let other = line.wanted.is_none() && line.used == 0 && line.terms.unit != Unit::Money;
    let in_money = request.parts.iter().any(|part| {
        part.key == *line.key && part.requested.is_some_and(|requested| requested.money.is_some())
    });
    if other && in_money {
        return Err(Refused::because(Denial::NoRate, "the service is not counted in money"));
    }
    Ok(())
}
