//! The server's side of a session (RFC 8506 §7, table 6), with rows of our own where the table is silent.
//! Each row stands above the arm that carries it out.

use super::abroad::{beyond, enter};
use super::answer::{ended, of_lines, refuse};
use super::books::Books;
use super::case::Case;
use super::duplicate;
use super::gates;
use super::limit;
use super::line::{Line, gather};
use super::sale::{Refused, words};
use super::tell::{Before, tell};
use super::{pace, pool, records, reserve, settle, trigger};
use crate::charging::answer::{Answer, Denial, Outcome};
use crate::charging::books::expiry::lapse;
use crate::charging::catalogue::ServiceIx;
use crate::charging::cdr::Closing;
use crate::charging::rating::lookup::Leg;
use crate::charging::request::{Kind, Parties, Reason};
use crate::charging::session::{Session, SessionState};
use crate::charging::snapshot::{Decision, Snapshot};

/// Decides a request of a session. What time has ended is ended first, so that it makes no difference
/// whether a sweep came before.
pub(super) fn decide(case: Case<'_>, snapshot: Snapshot) -> Decision {
    let (mut books, mut session, event) = Books::open(snapshot, case.now);
    if let Some(session) = &mut session {
        let lapsed = lapse(&mut books.account, &mut books.subscriber, session, case.policy, case.now);
        books.changes.account |= lapsed.account;
        books.changes.subscriber |= lapsed.subscriber;
        books.changes.session |= lapsed.session;
        if lapsed.ended {
            records::close(case, &mut books, session, Closing::Expired);
        }
    }
    // Open  | same Session-Id, type and number seen    | the stored answer                  | Open
    // Idle, remembered | the same                      | the stored answer                  | Idle
    if let Some(repeat) = session.as_deref().and_then(|session| duplicate::find(case, session)) {
        books.notes.repeat = true;
        books.notes.contradicts = repeat.contradicts;
        return books.close(session, event, repeat.answer);
    }
    let state = session.as_deref().map(|session| session.state);
    let (session, answer) = match (case.request.kind, state, session) {
        // Idle  | CCR-I accepted                       | done, reserve, start Tcc           | Open
        // Idle  | CCR-I not accepted                   | refused, nothing reserved          | Idle
        // Idle, remembered | CCR-I with other content  | the same, no old keys              | Open or Idle
        (Kind::Initial, None | Some(SessionState::Ended(_)), session) => open(case, &mut books, session),
        // Open  | CCR-I again, another number          | restart: release, open afresh      | Open
        (Kind::Initial, Some(SessionState::Open), Some(mut session)) => {
            books.notes.restarted = true;
            end(case, &mut books, &mut session, Closing::Restarted);
            open(case, &mut books, Some(session))
        }
        // Open  | CCR-U ok, in whatever order          | settle, release, reserve anew      | Open
        // Open  | CCR-U fails at command level         | settle, release all, refused       | Idle
        // Idle, remembered | CCR-U, quota asked for    | settle as late, reserve            | Open
        // Idle, remembered | CCR-U, use alone          | settle as late, done               | Idle
        (Kind::Update, Some(_), Some(mut session)) => {
            let answer = update(case, &mut books, &mut session);
            (Some(session), answer)
        }
        // Open  | CCR-T ok or failing                  | settle, release all, done          | Idle
        // Idle, remembered | CCR-T                     | settle as late, done               | Idle
        (Kind::Terminate, Some(_), Some(mut session)) => {
            let answer = terminate(case, &mut books, &mut session);
            (Some(session), answer)
        }
        // Idle  | CCR-U or CCR-T of an unknown session | refused; charged if policy says so | Idle
        (Kind::Update | Kind::Terminate, _, session) => unknown(case, &mut books, session),
        // A one-time event has no session, and a state has one: nothing comes here.
        (Kind::Initial | Kind::Event(_), _, session) => (session, refuse(case.request, Denial::NotOffered)),
    };
    books.close(session, event, answer)
}

type Outcomes = (Option<Box<Session>>, Answer);

/// Opens a session, in the place of one that has ended. Where it is refused, what was there stays.
fn open(case: Case<'_>, books: &mut Books, before: Option<Box<Session>>) -> Outcomes {
    let parties = &case.request.parties;
    let leg = leg_of(case, parties);
    let service =
        match gates::pass(case, &books.subscriber, case.catalogue.service_of(&case.request.context), leg) {
            Ok(service) => service,
            Err(denial) => return (before, refuse(case.request, denial)),
        };
    books.beyond = beyond(case);
    if let Err(refused) = enter(case, books, leg) {
        return (before, refused.answer(case.request));
    }
    let incarnation = before.as_ref().map_or(0, |before| before.incarnation.saturating_add(1));
    let mut session = fresh(case, books, service, incarnation);
    let mut lines = gather(case, &books.subscriber, service, parties, leg);
    let told = Before::of(case, books, None);
    carry_out(case, books, &mut session, &mut lines);
    let extra = tell(case, told, books, Some(&session), &mut lines);
    // With one quota its refusal is the refusal of the session: none stays. If use came with it that was
    // charged, the session stays as ended, so that it is not charged again.
    if let [Line { denial: Some(denial), .. }] = lines.as_slice() {
        let (outcome, message) = (Outcome::Denied(*denial), words(*denial).map(Into::into));
        let answer = Answer { outcome, message, extra, ..of_lines(case.request.shape, lines) };
        if books.changes.ledger.is_empty() {
            return (before, answer);
        }
        end(case, books, &mut session, Closing::Refused);
        return remembered(case, books, session, answer);
    }
    let answer = Answer { extra, ..of_lines(case.request.shape, lines) };
    remembered(case, books, session, answer)
}

fn update(case: Case<'_>, books: &mut Books, session: &mut Session) -> Answer {
    let case = case.at_place(session);
    let leg = leg_of(case, &session.parties);
    let service = case.catalogue.service_named(&session.service);
    books.beyond = beyond(case);
    let passed = gates::pass(case, &books.subscriber, service, leg).map_err(Refused::from);
    let passed = passed.and_then(|_| enter(case, books, leg));
    let mut lines = service
        .map_or_else(Vec::new, |service| gather(case, &books.subscriber, service, &session.parties, leg));
    let told = Before::of(case, books, Some(session));
    let answer = match passed {
        Ok(()) => {
            carry_out(case, books, session, &mut lines);
            // Quota asked for revives a session that had ended.
            if lines.iter().any(|line| line.asked) {
                session.state = SessionState::Open;
            }
            match session.state {
                SessionState::Open => records::parts(case, books, session),
                SessionState::Ended(_) => records::close(case, books, session, Closing::Late),
            }
            let extra = tell(case, told, books, Some(session), &mut lines);
            Answer { extra, ..of_lines(case.request.shape, lines) }
        }
        Err(refused) => {
            settle_all(case, books, session, &mut lines);
            end(case, books, session, Closing::Refused);
            let extra = tell(case, told, books, Some(session), &mut lines);
            Answer { extra, ..refused.answer(case.request) }
        }
    };
    touch(case, session);
    duplicate::keep(session, case.request, &answer, case.policy);
    books.changes.session = true;
    answer
}

fn terminate(case: Case<'_>, books: &mut Books, session: &mut Session) -> Answer {
    let case = case.at_place(session);
    let leg = leg_of(case, &session.parties);
    let service = case.catalogue.service_named(&session.service);
    let mut lines = service
        .map_or_else(Vec::new, |service| gather(case, &books.subscriber, service, &session.parties, leg));
    let told = Before::of(case, books, Some(session));
    settle_all(case, books, session, &mut lines);
    end(case, books, session, Closing::Ended);
    let extra = tell(case, told, books, Some(session), &mut lines);
    // What cannot be counted is not charged, and the client is told.
    let countless = lines.iter().any(Line::is_countless);
    let outcome = if countless { Outcome::Denied(Denial::Overflow) } else { Outcome::Done };
    let answer = Answer { extra, ..ended(case.request.shape, outcome) };
    touch(case, session);
    duplicate::keep(session, case.request, &answer, case.policy);
    books.changes.session = true;
    answer
}

/// A session that was never seen: refused. Its use is charged where the policy says so; the session is
/// then remembered as ended, so that a repeat is not charged again.
fn unknown(case: Case<'_>, books: &mut Books, before: Option<Box<Session>>) -> Outcomes {
    let answer = refuse(case.request, Denial::UnknownSession);
    let service = case.catalogue.service_of(&case.request.context);
    let (true, Some(service)) = (case.policy.charge_unknown_sessions, service) else {
        return (before, answer);
    };
    let mut session = fresh(case, books, service, 0);
    session.state = SessionState::Ended(case.now);
    let parties = &case.request.parties;
    let mut lines = gather(case, &books.subscriber, service, parties, leg_of(case, parties));
    settle_all(case, books, &mut session, &mut lines);
    if books.changes.ledger.is_empty() {
        return (before, answer);
    }
    records::close(case, books, &mut session, Closing::Late);
    remembered(case, books, session, answer)
}

/// Settles, gives back, and grants, each for all lines before the next.
fn carry_out(case: Case<'_>, books: &mut Books, session: &mut Session, lines: &mut [Line<'_>]) {
    settle_all(case, books, session, lines);
    moved(case, session, lines);
    for line in lines.iter_mut() {
        reserve::line(case, books, session, line);
    }
    pool::join(case, books, session, lines);
}

/// Settles all lines, and gives back what was held for each quota that the request speaks of.
fn settle_all(case: Case<'_>, books: &mut Books, session: &mut Session, lines: &mut [Line<'_>]) {
    books.changes.ledger.reserve_exact(lines.iter().filter(|line| line.used > 0).count());
    for line in lines.iter_mut() {
        settle::line(case, books, session, line);
    }
    if lines.iter().any(|line| line.used > 0 && !line.is_countless()) {
        books.note_use(case.now);
    }
    records::note(case, books, session);
    pool::leave(session, lines);
    for line in lines.iter_mut().filter(|line| line.is_spoken() && !line.is_countless()) {
        if let Some(quota) = session.quotas.iter_mut().find(|quota| quota.key == *line.key) {
            line.after_last = limit::is_after_last(quota, line, case.request.traits);
            line.lapsed = quota.lapsed;
            if line.reported {
                pace::observe(quota, line.used, line.reason, case.now);
            }
            settle::free_quota(books, quota);
            quota.since = Some(case.request.at).max(quota.since);
            if line.reason == Some(Reason::Final) && !line.asked {
                quota.limited = false;
                quota.pace = None;
                trigger::forget(quota);
            }
        }
    }
}

/// From now on the subscriber is where the request says; what was used until now was used where he was.
fn moved(case: Case<'_>, session: &mut Session, lines: &[Line<'_>]) {
    let (told, place) = (case.request.place, &mut session.place);
    let of_quota = lines.iter().rev().find_map(|line| line.radio);
    place.serving_plmn = told.serving_plmn.or(place.serving_plmn);
    place.radio = told.radio.or(of_quota).or(place.radio);
}

/// Ends a session: all that it holds is given back. Of one that had ended, what came late is recorded.
fn end(case: Case<'_>, books: &mut Books, session: &mut Session, closing: Closing) {
    let late = session.state != SessionState::Open;
    records::close(case, books, session, if late { Closing::Late } else { closing });
    settle::free_all(books, session);
    session.quotas.iter_mut().for_each(|quota| (quota.limited, quota.refused) = (false, false));
    session.state = SessionState::Ended(case.now);
    books.changes.session = true;
}

fn leg_of(case: Case<'_>, parties: &Parties) -> Leg {
    Leg::of(parties, case.catalogue.numbers())
}

fn remembered(case: Case<'_>, books: &mut Books, mut session: Session, answer: Answer) -> Outcomes {
    duplicate::keep(&mut session, case.request, &answer, case.policy);
    books.changes.session = true;
    (Some(Box::new(session)), answer)
}

/// The session was heard of, from this host.
fn touch(case: Case<'_>, session: &mut Session) {
    session.touched = case.now;
    let request = case.request;
    if session.client_host != request.client_host {
        session.client_host = request.client_host.clone();
    }
    if session.client_realm != request.client_realm {
        session.client_realm = request.client_realm.clone();
    }
}

fn fresh(case: Case<'_>, books: &Books, service: ServiceIx, incarnation: u32) -> Session {
    let request = case.request;
    Session {
        id: request.session.clone(),
        account: books.account.id,
        msisdn: books.subscriber.msisdn,
        service: case.catalogue.service(service).map_or_else(|| "".into(), |service| service.name.clone()),
        incarnation,
        state: SessionState::Open,
        client_host: request.client_host.clone(),
        client_realm: request.client_realm.clone(),
        profile: request.profile.clone(),
        parties: request.parties.clone(),
        place: request.place,
        emergency: false,
        opened: case.now,
        touched: case.now,
        quotas: Vec::with_capacity(request.parts.len()),
        answers: Vec::new(),
        seen: Vec::new(),
    }
}
