//! One-time events (RFC 8506 §6): decided at once, without a session. A session of the same identifier is not touched.
//!
//! Debits and refunds are kept, so that a repeat gets the same answer; balance checks and price enquiries change
//! nothing, are not kept, and are answered at command level.

use super::answer::refuse;
use super::books::Books;
use super::case::Case;
use super::line::{Line, gather};
use super::{debit, enquiry, gates, refund};
use crate::charging::answer::{Answer, Denial, Outcome};
use crate::charging::rating::lookup::Leg;
use crate::charging::request::{Action, QuotaKey, Request};
use crate::charging::snapshot::{Decision, EventRecord, Snapshot};

/// Why an event is refused, and what is said of it.
pub(super) struct Refused {
    pub(super) denial: Denial,
    pub(super) message: Option<&'static str>,
}

impl From<Denial> for Refused {
    fn from(denial: Denial) -> Self {
        Self { denial, message: None }
    }
}

impl Refused {
    pub(super) const fn because(denial: Denial, message: &'static str) -> Self {
        Self { denial, message: Some(message) }
    }

    fn answer(self, request: &Request) -> Answer {
        Answer { message: self.message.map(Into::into), ..refuse(request, self.denial) }
    }
}

/// Decides an event.
pub(super) fn decide(case: Case<'_>, snapshot: Snapshot, action: Action) -> Decision {
    match action {
        Action::Debit | Action::Refund => kept(case, snapshot, action),
        Action::CheckBalance | Action::PriceEnquiry => asked(case, snapshot, action),
    }
}

/// Charges or gives back, or repeats what was answered to it.
fn kept(case: Case<'_>, mut snapshot: Snapshot, action: Action) -> Decision {
    let request = case.request;
    let refunds = snapshot.refunds.take();
    let (mut books, session, event) = Books::open(snapshot);
    if let Some(stored) = event.as_ref().filter(|stored| is_of(stored, request)) {
        books.notes.repeat = true;
        books.notes.contradicts = stored.digest != request.digest;
        let answer = stored.answer.clone();
        return books.close(session, event, answer);
    }
    let decided = match action {
        Action::Refund => refund::give_back(case, &mut books, refunds).map(|answer| (answer, None)),
        Action::Debit | Action::CheckBalance | Action::PriceEnquiry => debit::charge(case, &mut books),
    };
    let (answer, charge) = decided.unwrap_or_else(|refused| (refused.answer(request), None));
    // Who is not served is told so afresh each time; every other answer is kept.
    if answer.outcome != Outcome::Denied(Denial::Ended) {
        books.changes.event = Some(EventRecord {
            session: request.session.clone(),
            kind: request.kind,
            number: request.number,
            digest: request.digest,
            profile: request.profile.clone(),
            at: case.now,
            answer: answer.clone(),
            charge,
        });
    }
    books.close(session, event, answer)
}

/// Answers a question. It has no parts: what is asked is answered at command level, a refusal too.
fn asked(case: Case<'_>, snapshot: Snapshot, action: Action) -> Decision {
    let request = case.request;
    let (books, session, event) = Books::open(snapshot);
    let told = match action {
        Action::PriceEnquiry => enquiry::price(case, &books),
        Action::CheckBalance | Action::Debit | Action::Refund => enquiry::balance(case, &books),
    };
    let answer = match told {
        Ok(extra) => {
            Answer { extra: Some(Box::new(extra)), ..Answer::new(Outcome::Done, request.shape, Vec::new()) }
        }
        Err(refused) => Answer { parts: Vec::new(), ..refused.answer(request) },
    };
    books.close(session, event, answer)
}

fn is_of(stored: &EventRecord, request: &Request) -> bool {
    stored.kind == request.kind && stored.number == request.number && stored.session == request.session
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
