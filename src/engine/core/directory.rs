//! All sessions that the store has, in a few octets each: which are there, and when each is due.
//!
//! A session that the directory does not have is new, once the background scan has ended: no look into the store is
//! needed for it. Who is open, by number, is kept in order beside it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use crate::charging::account::AccountId;
use crate::charging::books::restriction::is_restricted;
use crate::charging::session::{Session, SessionState};
use crate::charging::units::{Digits, Money};
use crate::time::Timestamp;

use super::hash::{AsIs, SessionKey};
use super::query::SessionCursor;
use super::reauth::Route;

/// What the directory keeps of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionSummary {
    /// Where it stands in the store.
    pub key: SessionKey,
    /// The number it is for.
    pub msisdn: Digits,
    /// The account that pays.
    pub account: AccountId,
    /// A mark of the host that asked last: another host may have the same.
    pub host: u16,
    /// Whether it is open.
    pub open: bool,
    /// Whether lack of money limits it.
    pub limited: bool,
    /// When something of it ends by itself; none where it is gone already.
    pub due: Option<Timestamp>,
    /// Money that it holds reserved.
    pub reserved: Money,
}

impl SessionSummary {
    /// What the directory keeps of a session that is due at that time.
    pub fn of(key: SessionKey, session: &Session, due: Option<Timestamp>) -> Self {
        let held = session.quotas.iter().filter_map(|quota| quota.reservation.as_ref());
        let reserved = held.fold(0i64, |sum, held| sum.saturating_add(held.money.micros()));
        Self {
            key,
            msisdn: session.msisdn,
            account: session.account,
            host: host_mark(&session.client_host),
            open: session.state == SessionState::Open,
            limited: is_restricted(session),
            due,
            reserved: Money::from_micros(reserved),
        }
    }
}

/// When a session is due, and under which second its timer stands; seconds since 1970. With marks of its account and
/// its host.
#[derive(Clone, Copy, Debug)]
struct Timer {
    due: u32,
    /// None stands for: taken off, or not yet put on.
    set: Option<core::num::NonZeroU32>,
    account: u32,
    host: u16,
    /// Where its last request came from.
    route: Option<Route>,
}

/// Short marks of a session's account and host: others may have the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Marks {
    pub(crate) account: u32,
    pub(crate) host: u16,
}

/// The mark of an account: its number's low half.
pub(crate) fn account_mark(account: AccountId) -> u32 {
    u32::try_from(account.0 & u64::from(u32::MAX)).unwrap_or(0)
}

/// The mark of a host, whatever the case of its letters: FNV-1a, folded.
pub(crate) fn host_mark(host: &str) -> u16 {
    let hash = host.bytes().fold(0x811c_9dc5_u32, |hash, octet| {
        (hash ^ u32::from(octet.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    });
    u16::try_from((hash >> 16) ^ (hash & 0xffff)).unwrap_or(0)
}

/// The sessions of the store.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    sessions: HashMap<u64, Timer, AsIs>,
    timers: BTreeMap<u32, Vec<u64>>,
    open: BTreeSet<(u64, u64)>,
    /// Open sessions that lack of money limits, by account.
    limited: BTreeSet<(u64, u64)>,
    complete: bool,
}

/// What the directory says of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lookup {
    /// The store has it, or one with the same hash.
    There,
    /// It is new.
    New,
    /// Not known yet: the scan goes on.
    Unknown,
}

impl Directory {
    /// What is known of a session.
    pub(crate) fn lookup(&self, short: u64) -> Lookup {
        match (self.sessions.contains_key(&short), self.complete) {
            (true, _) => Lookup::There,
            (false, true) => Lookup::New,
            (false, false) => Lookup::Unknown,
        }
    }

    /// Notes a session as it now is.
    pub(crate) fn note(&mut self, summary: &SessionSummary) {
        let short = summary.key.short();
        let due = summary.due.map_or(u32::MAX, seconds_up);
        let (account, host) = (account_mark(summary.account), summary.host);
        let new = Timer { due, set: None, account, host, route: None };
        let timer = self.sessions.entry(short).or_insert(new);
        *timer = Timer { due, account, host, ..*timer };
        if timer.set.is_none_or(|set| due < set.get()) {
            timer.set = core::num::NonZeroU32::new(due.max(1));
            self.timers.entry(due.max(1)).or_default().push(short);
        }
        let place = (summary.msisdn.packed(), short);
        if summary.open {
            self.open.insert(place);
        } else {
            self.open.remove(&place);
        }
        let place = (summary.account.0, short);
        if summary.limited {
            self.limited.insert(place);
        } else {
            self.limited.remove(&place);
        }
    }

    /// Where the last request of a session came from.
    pub(crate) fn set_route(&mut self, short: u64, route: Route) {
        if let Some(timer) = self.sessions.get_mut(&short) {
            timer.route = Some(route);
        }
    }

    /// Where the last request of a session came from, where that is known.
    pub(crate) fn route(&self, short: u64) -> Option<Route> {
        self.sessions.get(&short)?.route
    }

    /// The marks of a session that is known.
    pub(crate) fn marks(&self, short: u64) -> Option<Marks> {
        self.sessions.get(&short).map(|timer| Marks { account: timer.account, host: timer.host })
    }

    /// Open sessions of an account that lack of money limits, behind a place, in order.
    pub(crate) fn limited_of(&self, account: AccountId, after: Option<u64>, limit: usize) -> Vec<u64> {
        let from = after.map_or(Bound::Included((account.0, 0)), |after| Bound::Excluded((account.0, after)));
        if after == Some(u64::MAX) {
            return Vec::new();
        }
        let found = self.limited.range((from, Bound::Included((account.0, u64::MAX)))).take(limit);
        found.map(|&(_, short)| short).collect()
    }

    /// Notes a session that the scan has found. False where it is known already, and newer.
    pub(crate) fn scanned(&mut self, summary: &SessionSummary) -> bool {
        let new = !self.sessions.contains_key(&summary.key.short());
        if new {
            self.note(summary);
        }
        new
    }

    /// Forgets a session.
    pub(crate) fn remove(&mut self, short: u64, msisdn: Option<Digits>) {
        self.sessions.remove(&short);
        if let Some(msisdn) = msisdn {
            self.open.remove(&(msisdn.packed(), short));
        }
    }

    /// The scan has ended.
    pub(crate) fn set_complete(&mut self) {
        self.complete = true;
    }

    /// Whether the scan has ended.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Sessions and tombstones that are known.
    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Open sessions that are known.
    pub(crate) fn open(&self) -> usize {
        self.open.len()
    }

    /// Open sessions of a number that are known.
    pub(crate) fn open_of(&self, msisdn: Digits) -> usize {
        self.open.range((msisdn.packed(), 0)..=(msisdn.packed(), u64::MAX)).count()
    }

    /// Open sessions behind a place, of one number or of all, in order.
    pub(crate) fn page(
        &self,
        msisdn: Option<Digits>,
        after: Option<SessionCursor>,
        limit: usize,
    ) -> Vec<SessionCursor> {
        let first = msisdn.map_or((0, 0), |msisdn| (msisdn.packed(), 0));
        let last = msisdn.map_or((u64::MAX, u64::MAX), |msisdn| (msisdn.packed(), u64::MAX));
        let from = match after {
            Some(after) if (after.msisdn, after.short) >= first => {
                Bound::Excluded((after.msisdn, after.short))
            }
            _ => Bound::Included(first),
        };
        if matches!(from, Bound::Excluded(from) if from >= last) {
            return Vec::new();
        }
        let found = self.open.range((from, Bound::Included(last))).take(limit);
        found.map(|&(msisdn, short)| SessionCursor { msisdn, short }).collect()
    }

    /// When the next session is due, at the earliest.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.timers.keys().next().map(|secs| Timestamp::from_secs(i64::from(*secs)))
    }

    /// Takes off one session that is due.
    pub(crate) fn pop_due(&mut self, now: Timestamp) -> Option<u64> {
        let now = u32::try_from(now.secs()).unwrap_or(0);
        loop {
            let mut first = self.timers.first_entry()?;
            let second = *first.key();
            if second > now {
                return None;
            }
            let Some(short) = first.get_mut().pop() else {
                first.remove();
                continue;
            };
            let Some(timer) = self.sessions.get_mut(&short) else { continue };
            if timer.set.map(core::num::NonZeroU32::get) != Some(second) {
                continue;
            }
            if timer.due <= now {
                timer.set = None;
                return Some(short);
            }
            timer.set = core::num::NonZeroU32::new(timer.due);
            let due = timer.due;
            self.timers.entry(due).or_default().push(short);
        }
    }

    /// Puts a session's timer on again, for a later try.
    pub(crate) fn retry(&mut self, short: u64, at: Timestamp) {
        let second = seconds_up(at).max(1);
        if let Some(timer) = self.sessions.get_mut(&short) {
            timer.set = core::num::NonZeroU32::new(second);
            self.timers.entry(second).or_default().push(short);
        }
    }
}

/// Whole seconds since 1970, rounded up, so that what is due at that second is over.
fn seconds_up(at: Timestamp) -> u32 {
    let secs = at.secs().saturating_add(i64::from(at.micros().rem_euclid(1_000_000) != 0));
    u32::try_from(secs.max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(id: u8, due: i64) -> SessionSummary {
        let mut octets = [0; 16];
        octets[7] = id;
        SessionSummary {
            key: SessionKey(octets),
            msisdn: Digits::parse("77010000001").unwrap(),
            account: AccountId(1),
            host: host_mark("pgw"),
            open: true,
            limited: false,
            due: Some(Timestamp::from_secs(due)),
            reserved: Money::ZERO,
        }
    }

    fn due_at(directory: &mut Directory, secs: i64) -> Vec<u64> {
        let mut due: Vec<u64> =
            std::iter::from_fn(|| directory.pop_due(Timestamp::from_secs(secs))).collect();
        due.sort_unstable();
        due
    }

    #[test]
    fn a_session_that_is_not_there_is_new_only_after_the_scan() {
        let mut directory = Directory::default();
        assert_eq!(directory.lookup(1), Lookup::Unknown);
        directory.note(&summary(1, 10));
        assert_eq!(directory.lookup(1), Lookup::There);
        directory.set_complete();
        assert_eq!(directory.lookup(2), Lookup::New);
        directory.remove(1, None);
        assert_eq!(directory.lookup(1), Lookup::New);
    }

    #[test]
    fn a_due_time_may_move_both_ways() {
        let mut directory = Directory::default();
        directory.note(&summary(1, 10));
        directory.note(&summary(2, 10));
        directory.note(&summary(3, 10));
        directory.note(&summary(1, 50));
        directory.note(&summary(2, 5));
        assert!(due_at(&mut directory, 4).is_empty());
        assert_eq!(due_at(&mut directory, 5), [2]);
        assert_eq!(due_at(&mut directory, 49), [3]);
        assert_eq!(due_at(&mut directory, 50), [1]);
        assert!(due_at(&mut directory, 1_000).is_empty());
        directory.note(&summary(1, 60));
        assert_eq!(due_at(&mut directory, 60), [1]);
    }

    #[test]
    fn a_due_time_within_a_second_waits_for_its_end() {
        assert_eq!(seconds_up(Timestamp::from_micros(1_000_001)), 2);
        assert_eq!(seconds_up(Timestamp::from_micros(1_000_000)), 1);
        assert_eq!(seconds_up(Timestamp::MAX), u32::MAX);
    }

    #[test]
    fn limited_sessions_are_found_by_their_account_as_long_as_they_are_limited() {
        let mut directory = Directory::default();
        for id in 1..=4 {
            directory.note(&SessionSummary { limited: id != 2, ..summary(id, 10) });
        }
        let other = SessionSummary { limited: true, account: AccountId(2), ..summary(9, 10) };
        directory.note(&other);
        assert_eq!(directory.limited_of(AccountId(1), None, 2), [1, 3]);
        assert_eq!(directory.limited_of(AccountId(1), Some(3), 2), [4]);
        assert!(directory.limited_of(AccountId(1), Some(u64::MAX), 2).is_empty());
        directory.note(&summary(3, 20));
        assert_eq!(directory.limited_of(AccountId(1), None, 9), [1, 4]);
        assert_eq!(directory.limited_of(AccountId(2), None, 9), [9]);
    }

    #[test]
    fn marks_do_not_look_at_the_case_of_letters_and_a_timer_is_small() {
        assert_eq!(host_mark("PGW1.kz"), host_mark("pgw1.KZ"));
        assert_ne!(host_mark("pgw1.kz"), host_mark("pgw2.kz"));
        assert_eq!(size_of::<(u64, Timer)>(), 24);
    }

    #[test]
    fn where_a_request_came_from_is_remembered_until_the_session_is_gone() {
        let mut directory = Directory::default();
        directory.set_route(1, Route::of(7));
        assert_eq!(directory.route(1), None);
        directory.note(&summary(1, 10));
        directory.set_route(1, Route::of(7));
        directory.note(&summary(1, 20));
        assert_eq!(directory.route(1), Some(Route::of(7)));
        directory.remove(1, None);
        assert_eq!(directory.route(1), None);
    }

    #[test]
    fn open_sessions_are_listed_by_number_page_by_page() {
        let mut directory = Directory::default();
        let other = Digits::parse("77010000002").unwrap();
        for id in 1..=5 {
            directory.note(&summary(id, 10));
        }
        directory.note(&SessionSummary { msisdn: other, ..summary(9, 10) });
        directory.note(&SessionSummary { open: false, ..summary(3, 10) });
        let msisdn = summary(1, 0).msisdn;
        let first = directory.page(Some(msisdn), None, 3);
        assert_eq!(first.iter().map(|at| at.short).collect::<Vec<_>>(), [1, 2, 4]);
        let second = directory.page(Some(msisdn), first.last().copied(), 3);
        assert_eq!(second.iter().map(|at| at.short).collect::<Vec<_>>(), [5]);
        assert_eq!(directory.page(None, None, 10).len(), 5);
        assert_eq!(directory.open_of(msisdn), 4);
        assert!(
            directory.page(None, Some(SessionCursor { msisdn: u64::MAX, short: u64::MAX }), 9).is_empty()
        );
    }
}
