//! One-time events (RFC 8506 §6): charged at once, all or nothing, without a session.

use super::answer::refuse;
use super::books::Books;
use super::case::Case;
use super::gates;
use super::line::{Line, empty_quota, gather};
use super::settle::{Report, units};
use super::slice::covers;
use crate::charging::answer::{Answer, Denial, Grant, Outcome, PartAnswer};
use crate::charging::catalogue::ServiceIx;
use crate::charging::rating::lookup::Leg;
use crate::charging::request::{Action, QuotaKey, Request};
use crate::charging::snapshot::{Decision, EventRecord, Snapshot};
use crate::charging::units::{Amount, Unit};

/// Charges an event, or repeats what was answered to it. A session of the same identifier is not touched.
pub(super) fn debit(case: Case<'_>, snapshot: Snapshot) -> Decision {
    let request = case.request;
    let (mut books, session, event) = Books::open(snapshot);
    if let Some(stored) = event.as_ref().filter(|stored| is_of(stored, request)) {
        books.notes.repeat = true;
        books.notes.contradicts = stored.digest != request.digest;
        let answer = stored.answer.clone();
        return books.close(session, event, answer);
    }
    let answer = charge(case, &mut books).unwrap_or_else(|denial| refuse(request, denial));
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
            charge: None,
        });
    }
    books.close(session, event, answer)
}

/// Refuses an action that is not offered, with a sentence that says which.
pub(super) fn not_offered(case: Case<'_>, snapshot: Snapshot, action: Action) -> Decision {
    let message = match action {
        Action::Debit => "this event is not offered",
        Action::Refund => "refunds are not offered: an operator books them",
        Action::CheckBalance => "balance checks are not offered",
        Action::PriceEnquiry => "price enquiries are not offered",
    };
    let (books, session, event) = Books::open(snapshot);
    let answer = Answer { message: Some(message.into()), ..refuse(case.request, Denial::NotOffered) };
    books.close(session, event, answer)
}

fn is_of(stored: &EventRecord, request: &Request) -> bool {
    stored.kind == request.kind && stored.number == request.number && stored.session == request.session
}

/// Charges every part for every recipient. Where one cannot be paid, nothing is charged.
fn charge(case: Case<'_>, books: &mut Books) -> Result<Answer, Denial> {
    let request = case.request;
    let leg = Leg::of(&request.parties, case.catalogue.numbers());
    let service = case.catalogue.service_of(&request.context);
    let service = gates::pass(case, &books.subscriber, service, leg)?;
    let whole = QuotaKey::default();
    let mut lines = lines(case, books, service, leg, &whole)?;
    if lines.len() > case.policy.max_groups {
        return Err(Denial::TooManyGroups);
    }
    let several = lines.iter().map(|line| line.all_terms().count()).sum::<usize>() > 1;
    let before = several.then(|| (books.account.clone(), books.subscriber.allowances.clone()));
    for line in &mut lines {
        if let Err(denial) = charge_line(case, books, line) {
            if let Some((account, allowances)) = before {
                books.account = account;
                books.subscriber.allowances = allowances;
            }
            books.changes = crate::charging::snapshot::Changes::default();
            return Err(denial);
        }
    }
    books.note_use(case.now);
    let part = |line: Line<'_>| PartAnswer::granted(line.key.clone(), line.grant);
    let parts = if request.parts.is_empty() { Vec::new() } else { lines.into_iter().map(part).collect() };
    Ok(Answer::new(Outcome::Done, request.shape, parts))
}

/// The lines of an event with the units that each is for: those asked for, else those reported, else one
/// piece. An event without a part is one piece.
fn lines<'a>(
    case: Case<'a>,
    books: &Books,
    service: ServiceIx,
    leg: Leg,
    whole: &'a QuotaKey,
) -> Result<Vec<Line<'a>>, Denial> {
    let parties = &case.request.parties;
    let mut lines = gather(case, &books.subscriber, service, parties, leg);
    if lines.is_empty() {
        lines.push(Line::new(case, &books.subscriber, service, parties, leg, whole));
    }
    lines.iter_mut().for_each(|line| line.asked = true);
    gates::stop_unpaid(case, &books.account, &mut lines);
    for line in &mut lines {
        if let Some(denial) = line.denial {
            return Err(denial);
        }
        let reported = Some(line.used).filter(|&used| used > 0);
        let one = (line.terms.unit == Unit::Pieces).then_some(1);
        line.used = line.wanted.or(reported).or(one).ok_or(Denial::NoRate)?;
    }
    Ok(lines)
}

fn charge_line(case: Case<'_>, books: &mut Books, line: &mut Line<'_>) -> Result<(), Denial> {
    let mut quota = empty_quota(line.key);
    // One recipient after the other: what one has taken is not there for the next.
    for terms in line.all_terms() {
        covers(books, &quota, terms, line.used)?;
        units(case, books, &mut quota, terms, line.used, Report::Event)?;
    }
    line.grant = Some(Grant::of(Amount::new(line.terms.unit, line.used)));
    Ok(())
}
