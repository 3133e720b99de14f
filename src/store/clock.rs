//! A stamp from the future, undone: a clock that was wrong for a while has written a time to come into the store, and
//! engine time, which never goes back behind what was journalled, would stand still until the clock gets there.
//!
//! What moves back is what time still works on: the last time journalled, and sessions. Ledger entries and all else
//! that is history keep the time that they were written with.

use std::path::Path;

use super::local::{Options, open_existing};
use super::record::{Key, Record, index, session};
use super::{Commit as _, Loaded, State as _, StoreError};
use crate::charging::session::{Session, SessionState};
use crate::time::Timestamp;

/// How many sessions are read, and written in one batch.
const STEP: usize = 256;

/// What a reset came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reset {
    /// The last time that was journalled before; none in a store that no server has used.
    pub before: Option<Timestamp>,
    /// Sessions that were brought back.
    pub sessions: u64,
}

/// Brings the store in `dir` back to `now`, wall time, where it was stamped later than that; else it stays as it is.
/// The store must not be in use.
///
/// An interrupted reset is to be given again: the stamp is the last that is written.
pub fn reset(dir: &Path, options: Options, now: Timestamp) -> Result<Reset, StoreError> {
    let mut local = open_existing(dir, options)?;
    let key = index::fact_key(index::Fact::Time(now).name());
    let found = local.state.load(index::FACT_CLASS, &key)?;
    let fault = StoreError::record(index::FACT_CLASS, key);
    let fact = found.map(|found| index::decode_fact(&key, &found.value)).transpose().map_err(fault)?;
    let before = match fact {
        Some(index::Fact::Time(stamp)) => Some(stamp),
        _ => None,
    };
    let mut done = Reset { before, sessions: 0 };
    if before.is_some_and(|stamp| stamp > now) {
        let mut from = Some(Key::EMPTY);
        while let Some(start) = from {
            let found = local.state.scan(session::CLASS, &start, STEP)?;
            from = found.last().and_then(|(key, _)| key.next()).filter(|_| found.len() >= STEP);
            let moved: Vec<Record> =
                found.into_iter().filter_map(|(key, found)| brought_back(key, &found, now)).collect();
            done.sessions = done.sessions.saturating_add(super::octets::wide(moved.len()));
            if !moved.is_empty() {
                local.commit(moved)?;
            }
        }
        let stamp = index::encode_fact(index::Fact::Time(now));
        local.commit(vec![Record::put(index::FACT_CLASS, key, stamp)])?;
        local.state.checkpoint()?;
    }
    local.writer.close()?;
    Ok(done)
}

/// A session that was heard of after `now`, as if it had been heard of at `now`. One that cannot be read stays as it
/// is: a verification names it.
fn brought_back(key: Key, found: &Loaded, now: Timestamp) -> Option<Record> {
    let mut session = session::decode(&found.value).ok().filter(|session| session.touched > now)?;
    bring_back(&mut session, now);
    Some(Record::put(session::CLASS, key, session::encode(&session)))
}

fn bring_back(session: &mut Session, now: Timestamp) {
    let ahead = session.touched.since(now);
    session.touched = now;
    session.opened = session.opened.min(now);
    if let SessionState::Ended(at) = &mut session.state {
        *at = (*at).min(now);
    }
    for quota in &mut session.quotas {
        if let Some(pace) = &mut quota.pace {
            pace.at = pace.at.min(now);
        }
        if let Some(reservation) = &mut quota.reservation {
            reservation.expires = reservation.expires.minus(ahead);
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::super::local::tests::{open, options};
    use super::super::record::index::Fact;
    use super::*;
    use crate::charging::session::Pace;
    use crate::store::verify::verify;

    const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

    fn later(secs: u64) -> Timestamp {
        NOW.plus(Duration::from_secs(secs))
    }

    /// A store with that stamp, and sessions of before and after it; gives back what stands in it.
    fn stamped(dir: &Path, stamp: Timestamp, sessions: &[Session]) {
        drop(open(dir).unwrap());
        let mut local = open_existing(dir, options()).unwrap();
        let fact = Fact::Time(stamp);
        let fact = Record::put(index::FACT_CLASS, index::fact_key(fact.name()), index::encode_fact(fact));
        let hashed = (1_u8..).zip(sessions);
        let sessions = hashed.map(|(number, session)| {
            Record::put(session::CLASS, session::key([number; 16]), session::encode(session))
        });
        local.commit([fact].into_iter().chain(sessions).collect()).unwrap();
        local.writer.close().unwrap();
    }

    fn found(dir: &Path) -> (Timestamp, Vec<Session>) {
        let mut local = open_existing(dir, options()).unwrap();
        let key = index::fact_key("time");
        let fact = local.state.load(index::FACT_CLASS, &key).unwrap().unwrap();
        let Ok(Fact::Time(stamp)) = index::decode_fact(&key, &fact.value) else { panic!() };
        let sessions = local.state.scan(session::CLASS, &Key::EMPTY, 99).unwrap();
        (stamp, sessions.into_iter().map(|(_, found)| session::decode(&found.value).unwrap()).collect())
    }

    /// Open, heard of at `touched`, with a reservation that ends a minute after.
    fn session(touched: Timestamp) -> Session {
        let sample = session::tests::sample();
        let mut session = Session { state: SessionState::Open, opened: touched, touched, ..sample };
        for quota in &mut session.quotas {
            quota.pace = Some(Pace { at: touched, per_sec: 1, units: 0 });
            if let Some(reservation) = &mut quota.reservation {
                reservation.expires = touched.plus(Duration::from_mins(1));
            }
        }
        session
    }

    #[test]
    fn a_stamp_from_the_future_and_its_sessions_are_brought_back() {
        let dir = crate::store::testing::dir();
        let year = 365 * 86_400;
        let ended = Session { state: SessionState::Ended(later(year)), ..session(later(year)) };
        let before = NOW.minus(Duration::from_secs(9));
        stamped(dir.path(), later(year), &[session(before), session(later(year - 5)), ended]);
        let done = reset(dir.path(), options(), NOW).unwrap();
        assert_eq!(done, Reset { before: Some(later(year)), sessions: 2 });
        let ended = Session { state: SessionState::Ended(NOW), ..session(NOW) };
        assert_eq!(found(dir.path()), (NOW, vec![session(before), session(NOW), ended]));
        let again = reset(dir.path(), options(), NOW).unwrap();
        assert_eq!(again, Reset { before: Some(NOW), sessions: 0 });
        assert_eq!(verify(dir.path(), options(), &mut []).unwrap().faults, Vec::<String>::new());
    }

    #[test]
    fn a_stamp_that_is_not_ahead_stays() {
        let dir = crate::store::testing::dir();
        stamped(dir.path(), NOW, &[session(NOW)]);
        assert_eq!(reset(dir.path(), options(), later(1)).unwrap().before, Some(NOW));
        assert_eq!(found(dir.path()), (NOW, vec![session(NOW)]));
    }

    #[test]
    fn a_store_without_a_stamp_or_in_use_or_not_there_is_left_alone() {
        let dir = crate::store::testing::dir();
        assert!(matches!(reset(dir.path(), options(), NOW), Err(StoreError::NoStore { .. })));
        let in_use = open(dir.path()).unwrap();
        assert!(matches!(reset(dir.path(), options(), NOW), Err(StoreError::InUse { .. })));
        drop(in_use);
        assert_eq!(reset(dir.path(), options(), NOW).unwrap(), Reset { before: None, sessions: 0 });
    }
}
