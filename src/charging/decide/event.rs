//! One-time events (RFC 8506 §6): decided at once, without a session. A session of the same identifier is not touched.
//!
//! Debits and refunds are kept, so that a repeat gets the same answer; balance checks and price enquiries change
//! nothing, are not kept, and are answered at command level.

use super::abroad::beyond;
use super::books::Books;
use super::case::Case;
use super::tell::announce_refusal;
use super::{debit, enquiry, refund};
use crate::charging::answer::{Answer, Denial, Outcome};
use crate::charging::request::{Action, Request};
use crate::charging::snapshot::{Decision, EventRecord, Snapshot};

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
    let (mut books, session, event) = Books::open(snapshot, case.now);
    books.beyond = beyond(case);
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
    let (answer, charge) = decided.unwrap_or_else(|refused| {
        let mut answer = refused.answer(request);
        announce_refusal(case, &mut answer);
        (answer, None)
    });
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
    let (mut books, session, event) = Books::open(snapshot, case.now);
    books.beyond = beyond(case);
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
