//! Charging data records of a decision: what was used goes into the session's tallies, and what ends becomes a record.

use super::books::Books;
use super::case::Case;
use crate::charging::books::records;
use crate::charging::cdr::{Cdr, Closing, Tally};
use crate::charging::session::Session;

/// Puts what was just settled into the tallies of its session.
pub(super) fn note(case: Case<'_>, books: &mut Books, session: &mut Session) {
    if !books.uses.is_empty() {
        let uses = std::mem::take(&mut books.uses);
        records::note((session, &books.subscriber), uses, case.now, &mut books.changes.cdrs);
    }
}

/// Closes the parts of a session that are long enough.
pub(super) fn parts(case: Case<'_>, books: &mut Books, session: &mut Session) {
    if case.policy.cdr.on {
        let of = (session, &books.subscriber);
        records::close_parts(of, case.policy, case.now, &mut books.changes.cdrs);
    }
}

/// Closes all of a session.
pub(super) fn close(case: Case<'_>, books: &mut Books, session: &mut Session, closing: Closing) {
    if case.policy.cdr.on {
        records::close((session, &books.subscriber), closing, case.now, &mut books.changes.cdrs);
    }
}

/// The records of an event: one for each of its quotas, of all recipients together.
pub(super) fn event(case: Case<'_>, books: &mut Books, closing: Closing) {
    let request = case.request;
    let mut tallies: Vec<(_, Tally)> = Vec::new();
    for used in std::mem::take(&mut books.uses) {
        match tallies.iter_mut().find(|(key, _)| *key == used.key) {
            Some((_, tally)) => tally.add(used),
            None => {
                let mut tally = Tally::new(0, request.at, used.place);
                let key = used.key.clone();
                tally.add(used);
                tallies.push((key, tally));
            }
        }
    }
    let service = case.catalogue.service_of(&request.context).and_then(|place| case.catalogue.service(place));
    let records = tallies.into_iter().map(|(key, tally)| Cdr {
        account: Some(books.account.id),
        msisdn: Some(books.subscriber.msisdn),
        imsi: books.subscriber.imsi,
        service: service.map_or_else(|| "".into(), |service| service.name.clone()),
        session: request.session.clone(),
        incarnation: 0,
        key,
        part: 1,
        closing,
        opened: request.at,
        closed: case.now,
        span: tally.span,
        parties: request.parties.clone(),
        place: tally.place,
        client: request.client_host.clone(),
        late: false,
        above_grant: 0,
        lines: tally.lines,
    });
    books.changes.cdrs.extend(records);
}
