//! What is used of a session goes into its tallies, and its tallies become charging data records where they are closed.

use crate::charging::account::Subscriber;
use crate::charging::cdr::{Cdr, Closing, Tally, Used};
use crate::charging::policy::Policy;
use crate::charging::request::QuotaKey;
use crate::charging::session::{Quota, Session};
use crate::time::Timestamp;

/// Puts what was used into the tallies of a session. What its session has no quota for has a record of its own.
pub(in crate::charging) fn note(
    (session, subscriber): (&mut Session, &Subscriber),
    uses: Vec<Used>,
    now: Timestamp,
    records: &mut Vec<Cdr>,
) {
    for used in uses {
        let key = used.key.clone();
        if let Some(quota) = session.quotas.iter_mut().find(|quota| quota.key == key) {
            let place = used.place;
            quota.tally.get_or_insert_with(|| Box::new(Tally::new(0, now, place))).add(used);
        } else {
            let mut tally = Tally::new(0, now, used.place);
            tally.add(used);
            let closing = if tally.late { Closing::Late } else { Closing::Ended };
            let mut record = record((session, subscriber), tally, closing, now);
            record.key = key;
            records.push(record);
        }
    }
}

/// Closes the parts that are long enough.
pub(in crate::charging) fn close_parts(
    (session, subscriber): (&mut Session, &Subscriber),
    policy: &Policy,
    now: Timestamp,
    records: &mut Vec<Cdr>,
) {
    let place = session.place;
    for at in 0..session.quotas.len() {
        let Some(quota) = session.quotas.get_mut(at) else { return };
        let Some(tally) = quota.tally.as_deref_mut() else { continue };
        let closing = if tally.octets() >= policy.cdr.part_octets {
            Closing::PartVolume
        } else if tally.span.is_some() && now.since(tally.since) >= policy.cdr.part_time {
            Closing::PartTime
        } else {
            continue;
        };
        let next = Tally::new(tally.parts.saturating_add(1), now, place);
        let (tally, key) = (std::mem::replace(tally, next), quota.key.clone());
        let record = record((session, subscriber), tally, closing, now);
        records.push(Cdr { key, ..record });
    }
}

/// Closes all of a session: each quota has a last record, used or not. What comes after it comes late.
pub(in crate::charging) fn close(
    (session, subscriber): (&mut Session, &Subscriber),
    closing: Closing,
    now: Timestamp,
    records: &mut Vec<Cdr>,
) {
    let (place, opened) = (session.place, session.opened);
    for at in 0..session.quotas.len() {
        let Some(quota) = session.quotas.get_mut(at) else { return };
        // Of a session that was closed before, what came late alone.
        let Some(tally) = take(quota, closing == Closing::Late, Tally::new(0, opened, place), now) else {
            continue;
        };
        let key = quota.key.clone();
        let record = record((session, subscriber), tally, closing, now);
        records.push(Cdr { key, ..record });
    }
}

fn take(quota: &mut Quota, only_used: bool, fresh: Tally, now: Timestamp) -> Option<Tally> {
    if only_used && quota.tally.as_ref().is_none_or(|tally| tally.span.is_none()) {
        return None;
    }
    let tally = quota.tally.take().map_or(fresh, |tally| *tally);
    let next = Tally::new(tally.parts.saturating_add(1), now, tally.place);
    quota.tally = Some(Box::new(next));
    Some(tally)
}

fn record(
    (session, subscriber): (&Session, &Subscriber),
    tally: Tally,
    closing: Closing,
    now: Timestamp,
) -> Cdr {
    let Tally { parts, since: _, span, place, late, above_grant, lines } = tally;
    Cdr {
        account: Some(session.account),
        msisdn: Some(session.msisdn),
        imsi: subscriber.imsi,
        service: session.service.clone(),
        session: session.id.clone(),
        incarnation: session.incarnation,
        key: QuotaKey::default(),
        part: parts.saturating_add(1),
        closing,
        opened: session.opened,
        closed: now,
        span,
        parties: session.parties.clone(),
        place,
        client: session.client_host.clone(),
        late,
        above_grant,
        lines,
    }
}
