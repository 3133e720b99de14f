//! The end of reservations and sessions that nobody ends: reservations whose time is over are released
//! without a charge, silent sessions end, ended sessions are forgotten (RFC 8506 §7, timer Tcc).

use crate::charging::account::{Account, Subscriber};
use crate::charging::books::records;
use crate::charging::books::reservation::release;
use crate::charging::cdr::Closing;
use crate::charging::policy::Policy;
use crate::charging::session::{Session, SessionState};
use crate::charging::snapshot::{Changes, Snapshot};
use crate::time::Timestamp;

/// What became of the loaded things when time passed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expired {
    /// What the loaded things became. No session is left where it was forgotten.
    pub snapshot: Snapshot,
    /// Which of them changed.
    pub changes: Changes,
}

/// Ends what is due: reservations (released, nothing charged), an open session that holds nothing and
/// was silent for the session timeout, the memory of a session that ended long ago.
pub fn expire(mut snapshot: Snapshot, policy: &Policy, now: Timestamp) -> Expired {
    let mut changes = Changes::default();
    if let Some(mut session) = snapshot.session.take() {
        let forgotten = matches!(session.state, SessionState::Ended(at) if at.plus(policy.tombstone) <= now);
        let lapsed = lapse(&mut snapshot.account, &mut snapshot.subscriber, &mut session, policy, now);
        if lapsed.ended && policy.cdr.on {
            let of = (session.as_mut(), &snapshot.subscriber);
            records::close(of, Closing::Expired, now, &mut changes.cdrs);
        }
        changes.account = lapsed.account;
        changes.subscriber = lapsed.subscriber;
        changes.session = lapsed.session || forgotten;
        if !forgotten {
            snapshot.session = Some(session);
        }
    }
    closed(snapshot, changes)
}

/// Ends an open session that its client does not have any more: what it holds is given back, nothing is charged. It
/// stays known as ended, so that what is reported for it afterwards is charged once, as late use.
pub fn end(mut snapshot: Snapshot, policy: &Policy, now: Timestamp) -> Expired {
    let mut changes = Changes::default();
    if let Some(session) =
        snapshot.session.as_deref_mut().filter(|session| session.state == SessionState::Open)
    {
        for quota in &mut session.quotas {
            if let Some(reservation) = quota.reservation.take() {
                changes.subscriber |= release(&mut snapshot.account, &mut snapshot.subscriber, &reservation);
                changes.account |= reservation.holds_money();
                quota.lapsed = true;
            }
        }
        session.state = SessionState::Ended(now);
        changes.session = true;
        if policy.cdr.on {
            records::close((session, &snapshot.subscriber), Closing::Lost, now, &mut changes.cdrs);
        }
    }
    closed(snapshot, changes)
}

/// Counts what changed.
fn closed(mut snapshot: Snapshot, changes: Changes) -> Expired {
    if changes.account {
        snapshot.account.count_change();
    }
    if changes.subscriber {
        snapshot.subscriber.count_change();
    }
    Expired { snapshot, changes }
}

/// When something of this session is due next; none where time changes nothing.
pub fn next_due(session: &Session, policy: &Policy) -> Option<Timestamp> {
    match session.state {
        SessionState::Ended(at) => Some(at.plus(policy.tombstone)),
        SessionState::Open => {
            let held = session.quotas.iter().filter_map(|quota| quota.reservation.as_ref());
            let first = held.map(|reservation| reservation.expires).min();
            Some(first.unwrap_or_else(|| session.touched.plus(policy.session_timeout)))
        }
    }
}

/// What a passing of time changed.
#[derive(Clone, Copy, Default)]
pub(in crate::charging) struct Lapsed {
    pub(in crate::charging) account: bool,
    pub(in crate::charging) subscriber: bool,
    pub(in crate::charging) session: bool,
    /// It ended the session.
    pub(in crate::charging) ended: bool,
}

/// Ends reservations that are due, and the session if it holds nothing and has been silent for too long.
pub(in crate::charging) fn lapse(
    account: &mut Account,
    subscriber: &mut Subscriber,
    session: &mut Session,
    policy: &Policy,
    now: Timestamp,
) -> Lapsed {
    let mut lapsed = Lapsed::default();
    for quota in &mut session.quotas {
        if let Some(reservation) = quota.reservation.take_if(|held| held.expires <= now) {
            lapsed.subscriber |= release(account, subscriber, &reservation);
            lapsed.account |= reservation.holds_money();
            lapsed.session = true;
            quota.lapsed = true;
        }
    }
    let silent = session.touched.plus(policy.session_timeout) <= now;
    if session.state == SessionState::Open
        && silent
        && session.quotas.iter().all(|quota| quota.reservation.is_none())
    {
        session.state = SessionState::Ended(now);
        lapsed.session = true;
        lapsed.ended = true;
    }
    lapsed
}
