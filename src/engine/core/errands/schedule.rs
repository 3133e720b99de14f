//! When each client is asked: one request at a time for a session, so many a second in all, a few tries each.
//!
//! A demand for a session that waits joins the one that is there. One for a session whose client is asked already
//! makes one more request after that, however many come.

use core::time::Duration;
use std::collections::{BTreeSet, HashMap};

use crate::charging::account::Sequence;
use crate::engine::core::hash::AsIs;
use crate::engine::core::limits::Limits;
use crate::engine::core::reauth::{
    ErrandId, Outcomes, Outstanding, Reason, ReauthFacts, Route, Scope, Stage, Told, What,
};
use crate::time::Timestamp;

/// Requests that stand close together are let pass as long as they are not ahead of the rate by more than this.
const BURST: Duration = Duration::from_millis(100);

/// After so long it is looked again whether a change is durable that a demand is for.
const DURABLE_SOON: Duration = Duration::from_millis(5);

/// The shell watches the time of an answer itself: this much later it counts as forgotten.
const SLACK: Duration = Duration::from_secs(1);

/// What is wished of one session's client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::engine::core) struct Wish {
    pub(in crate::engine::core) what: What,
    pub(in crate::engine::core) reason: Reason,
    /// Only while lack of money limits the session.
    pub(in crate::engine::core) limited: bool,
    /// Only where the session is served in a stopped area.
    pub(in crate::engine::core) stopped: bool,
    /// Not before this batch is durable: it has the change that the client is to see.
    pub(in crate::engine::core) held: Sequence,
    pub(in crate::engine::core) since: Timestamp,
}

impl Wish {
    /// Both in one.
    fn join(&mut self, other: &Self) {
        if other.what == What::Abort || !self.reason.is_urgent() {
            self.reason = other.reason;
        }
        self.what = match (self.what, other.what) {
            (What::Abort, _) | (_, What::Abort) => What::Abort,
            (one, two) if one == two => one,
            (What::Reauthorise(_), What::Reauthorise(_)) => What::Reauthorise(Scope::Session),
        };
        self.limited &= other.limited;
        self.stopped &= other.stopped;
        self.held = self.held.max(other.held);
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// It waits for its turn, from that time on.
    Queued(Timestamp),
    /// Its turn has come: the session is looked at.
    Taken,
    /// The client is asked, and is to answer by then. Whether the session was heard of since.
    Asked(Timestamp, bool),
    /// The client has said yes, and is to report by then.
    Awaited(Timestamp),
}

#[derive(Clone, Debug)]
struct Entry {
    wish: Wish,
    /// What came while the client was asked.
    next: Option<Wish>,
    state: State,
    /// Counts what is sent.
    turn: u32,
    tries: u8,
    tried: Vec<Route>,
    token: Option<u32>,
}

/// What must be done with a session after an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::engine::core) enum Effect {
    /// Nothing.
    None,
    /// It is gone at its client: it ends.
    Unknown,
    /// Its client will not end it: it ends here.
    Aborted,
}

/// What is sent now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::engine::core) struct Try {
    pub(in crate::engine::core) id: ErrandId,
    pub(in crate::engine::core) tried: Vec<Route>,
    pub(in crate::engine::core) token: Option<u32>,
}

/// Sessions whose clients are to be asked, or are.
#[derive(Debug, Default)]
pub(in crate::engine::core) struct Schedule {
    entries: HashMap<u64, Entry, AsIs>,
    /// Those that wait for their turn, somebody waiting with them.
    urgent: BTreeSet<(Timestamp, u64)>,
    /// All others that wait for their turn.
    calm: BTreeSet<(Timestamp, u64)>,
    /// Those that are to answer or to report by a time.
    awaited: BTreeSet<(Timestamp, u64)>,
    /// When the next request would stand if all stood evenly.
    slot: Timestamp,
    turns: u32,
    pub(in crate::engine::core) facts: ReauthFacts,
}

impl Schedule {
    /// Whether no session waits for anything.
    pub(in crate::engine::core) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Sessions that wait.
    pub(in crate::engine::core) fn waiting(&self) -> u64 {
        u64::try_from(self.entries.len()).unwrap_or(u64::MAX)
    }

    /// What waits for a session.
    pub(in crate::engine::core) fn outstanding(&self, session: u64) -> Option<Outstanding> {
        let entry = self.entries.get(&session)?;
        let stage = match entry.state {
            State::Queued(_) | State::Taken => Stage::Queued,
            State::Asked(..) => Stage::Asked,
            State::Awaited(_) => Stage::Awaited,
        };
        let Wish { what, reason, since, .. } = entry.wish;
        Some(Outstanding { what, reason, stage, since, tries: entry.tries, again: entry.next.is_some() })
    }

    /// Something is wished of a session's client.
    pub(in crate::engine::core) fn wish(
        &mut self,
        session: u64,
        wish: Wish,
        now: Timestamp,
        limits: &Limits,
    ) {
        if let Some(entry) = self.entries.get_mut(&session) {
            match entry.state {
                State::Queued(at) => {
                    entry.wish.join(&wish);
                    let urgent = entry.wish.reason.is_urgent();
                    self.urgent.remove(&(at, session));
                    self.calm.remove(&(at, session));
                    self.place(session, urgent, at);
                }
                State::Taken => entry.wish.join(&wish),
                State::Asked(..) | State::Awaited(_) => match &mut entry.next {
                    Some(next) => next.join(&wish),
                    next @ None => *next = Some(wish),
                },
            }
            count(self.outcomes(wish.what), |outcomes| &mut outcomes.joined);
            return;
        }
        // room is kept for those that somebody waits for
        let most = u64::from(limits.reauth_queue) << u32::from(wish.reason.is_urgent());
        if limits.reauth_rate == 0 || self.waiting() >= most {
            count(self.outcomes(wish.what), |outcomes| &mut outcomes.dropped);
            return;
        }
        self.queue(session, wish, now);
    }

    /// A demand found no room before it was known whom it is about.
    pub(in crate::engine::core) fn drop_demand(&mut self, what: What) {
        count(self.outcomes(what), |outcomes| &mut outcomes.dropped);
    }

    /// The next session whose turn has come, as far as the rate allows one.
    pub(in crate::engine::core) fn next(
        &mut self,
        now: Timestamp,
        durable: Sequence,
        limits: &Limits,
    ) -> Option<u64> {
        while self.slot <= now.plus(BURST) {
            let due =
                |queue: &BTreeSet<(Timestamp, u64)>| queue.first().copied().filter(|(at, _)| *at <= now);
            let place = due(&self.urgent).or_else(|| due(&self.calm))?;
            self.urgent.remove(&place);
            self.calm.remove(&place);
            let (_, session) = place;
            let Some(entry) = self.entries.get_mut(&session) else { continue };
            if entry.wish.held > durable {
                let soon = now.plus(DURABLE_SOON);
                entry.state = State::Queued(soon);
                let urgent = entry.wish.reason.is_urgent();
                self.place(session, urgent, soon);
                continue;
            }
            entry.state = State::Taken;
            let spacing = Duration::from_secs(1).checked_div(limits.reauth_rate).unwrap_or(BURST);
            self.slot = self.slot.max(now).plus(spacing);
            return Some(session);
        }
        None
    }

    /// What is wished of a session whose turn has come.
    pub(in crate::engine::core) fn taken(&self, session: u64) -> Option<Wish> {
        let entry = self.entries.get(&session)?;
        (entry.state == State::Taken).then_some(entry.wish)
    }

    /// A session whose turn has come needs nothing any more.
    pub(in crate::engine::core) fn moot(&mut self, session: u64) {
        if let Some(entry) = self.entries.get(&session).filter(|entry| entry.state == State::Taken) {
            let what = entry.wish.what;
            self.entries.remove(&session);
            count(self.outcomes(what), |outcomes| &mut outcomes.moot);
        }
    }

    /// A session whose turn has come is asked now.
    pub(in crate::engine::core) fn ask(
        &mut self,
        session: u64,
        now: Timestamp,
        limits: &Limits,
    ) -> Option<Try> {
        let until = now.plus(limits.reauth_timeout).plus(SLACK);
        self.turns = self.turns.wrapping_add(1);
        let turn = self.turns;
        let entry = self.entries.get_mut(&session).filter(|entry| entry.state == State::Taken)?;
        entry.turn = turn;
        entry.tries = entry.tries.saturating_add(1);
        entry.state = State::Asked(until, false);
        let id = ErrandId { session, turn };
        let sent = Try { id, tried: entry.tried.clone(), token: entry.token };
        self.awaited.insert((until, session));
        Some(sent)
    }

    /// What came of a try.
    pub(in crate::engine::core) fn told(
        &mut self,
        id: ErrandId,
        told: Told,
        now: Timestamp,
        limits: &Limits,
    ) -> Effect {
        let session = id.session;
        let Some(entry) = self.entries.get_mut(&session).filter(|entry| entry.turn == id.turn) else {
            return Effect::None;
        };
        let State::Asked(until, heard) = entry.state else { return Effect::None };
        let (what, tries) = (entry.wish.what, entry.tries);
        if let Told::Sent { route, token } = told {
            entry.tried.retain(|known| *known != route);
            entry.tried.push(route);
            entry.token.get_or_insert(token);
            let outcomes = self.outcomes(what);
            add(if tries > 1 { &mut outcomes.repeated } else { &mut outcomes.sent });
            return Effect::None;
        }
        self.awaited.remove(&(until, session));
        match told {
            Told::Sent { .. } => Effect::None,
            Told::NotWanted => {
                count(self.outcomes(what), |outcomes| &mut outcomes.unsupported);
                self.entries.remove(&session);
                Effect::None
            }
            Told::Done { follows } => {
                count(self.outcomes(what), |outcomes| &mut outcomes.done);
                if heard {
                    count(self.outcomes(what), |outcomes| &mut outcomes.followed);
                } else if follows && matches!(what, What::Reauthorise(_)) {
                    self.expect(session, now.plus(limits.reauth_timeout));
                    return Effect::None;
                }
                self.done(session, now);
                Effect::None
            }
            // it was heard of after it was asked: another client of that name has no such session
            Told::Unknown if heard => {
                count(self.outcomes(what), |outcomes| &mut outcomes.refused);
                self.done(session, now);
                Effect::None
            }
            Told::Unknown => {
                count(self.outcomes(what), |outcomes| &mut outcomes.gone);
                self.entries.remove(&session);
                Effect::Unknown
            }
            Told::Refused => {
                count(self.outcomes(what), |outcomes| &mut outcomes.refused);
                self.done(session, now);
                aborted(what)
            }
            Told::NoRoute | Told::Silent | Told::Elsewhere => {
                // what was answered is not sent again: the next try is a request of its own (RFC 6733 §3, T bit)
                entry.token = entry.token.filter(|_| told != Told::Elsewhere);
                let given_up = self.again(session, now, limits);
                // an answer that says that the client cannot be reached is an answer; silence is none
                if given_up && told == Told::Elsewhere { aborted(what) } else { Effect::None }
            }
        }
    }

    /// A session was heard of.
    pub(in crate::engine::core) fn heard(&mut self, session: u64, now: Timestamp) {
        let Some(entry) = self.entries.get_mut(&session) else { return };
        match &mut entry.state {
            State::Asked(_, heard) => *heard = true,
            State::Awaited(until) => {
                let (until, what) = (*until, entry.wish.what);
                self.awaited.remove(&(until, session));
                count(self.outcomes(what), |outcomes| &mut outcomes.followed);
                self.done(session, now);
            }
            State::Queued(_) | State::Taken => {}
        }
    }

    /// Takes note of one answer or report that did not come in time. False where there is none.
    pub(in crate::engine::core) fn expire(&mut self, now: Timestamp, limits: &Limits) -> bool {
        let Some((until, session)) = self.awaited.first().copied().filter(|(until, _)| *until <= now) else {
            return false;
        };
        self.awaited.remove(&(until, session));
        let Some(entry) = self.entries.get(&session) else { return true };
        let what = entry.wish.what;
        match entry.state {
            State::Asked(..) => {
                self.again(session, now, limits);
            }
            State::Awaited(_) => {
                count(self.outcomes(what), |outcomes| &mut outcomes.ignored);
                self.done(session, now);
            }
            State::Queued(_) | State::Taken => {}
        }
        true
    }

    /// When there is something to do.
    pub(in crate::engine::core) fn next_timeout(&self) -> Option<Timestamp> {
        let queued =
            [&self.urgent, &self.calm].into_iter().filter_map(|queue| queue.first()).map(|(at, _)| *at).min();
        let queued = queued.map(|at| at.max(self.slot.minus(BURST)));
        let awaited = self.awaited.first().map(|(until, _)| *until);
        [queued, awaited].into_iter().flatten().min()
    }

    /// The sums, with what waits now.
    pub(in crate::engine::core) fn facts(&self) -> ReauthFacts {
        ReauthFacts { waiting: self.waiting(), ..self.facts }
    }

    /// The client has said yes: its report is awaited.
    fn expect(&mut self, session: u64, until: Timestamp) {
        if let Some(entry) = self.entries.get_mut(&session) {
            entry.state = State::Awaited(until);
            self.awaited.insert((until, session));
        }
    }

    /// Another try, later; or none any more: then it says so.
    fn again(&mut self, session: u64, now: Timestamp, limits: &Limits) -> bool {
        let Some(entry) = self.entries.get_mut(&session) else { return true };
        let tries = entry.tries;
        if tries >= limits.reauth_tries {
            let what = entry.wish.what;
            count(self.outcomes(what), |outcomes| &mut outcomes.given_up);
            self.done(session, now);
            return true;
        }
        let doubled = 1u32.checked_shl(u32::from(tries.saturating_sub(1))).unwrap_or(u32::MAX);
        let at = now.plus(limits.reauth_backoff.saturating_mul(doubled));
        // what came meanwhile is asked for in the same breath
        if let Some(next) = entry.next.take() {
            entry.wish.join(&next);
        }
        entry.state = State::Queued(at);
        let urgent = entry.wish.reason.is_urgent();
        self.place(session, urgent, at);
        false
    }

    /// A request is done with: what came meanwhile is next.
    fn done(&mut self, session: u64, now: Timestamp) {
        let Some(wish) = self.entries.remove(&session).and_then(|entry| entry.next) else { return };
        self.queue(session, wish, now);
    }

    fn place(&mut self, session: u64, urgent: bool, at: Timestamp) {
        let queue = if urgent { &mut self.urgent } else { &mut self.calm };
        queue.insert((at, session));
    }

    /// A session that has nothing outstanding waits for its turn.
    fn queue(&mut self, session: u64, wish: Wish, at: Timestamp) {
        let state = State::Queued(at);
        let entry = Entry { wish, next: None, state, turn: 0, tries: 0, tried: Vec::new(), token: None };
        self.entries.insert(session, entry);
        self.place(session, wish.reason.is_urgent(), at);
    }

    fn outcomes(&mut self, what: What) -> &mut Outcomes {
        match what {
            What::Reauthorise(_) => &mut self.facts.reauthorisations,
            What::Abort => &mut self.facts.aborts,
        }
    }
}

/// A client that would not end its session has none here any more.
fn aborted(what: What) -> Effect {
    match what {
        What::Abort => Effect::Aborted,
        What::Reauthorise(_) => Effect::None,
    }
}

fn count(outcomes: &mut Outcomes, which: fn(&mut Outcomes) -> &mut u64) {
    add(which(outcomes));
}

fn add(count: &mut u64) {
    *count = count.saturating_add(1);
}
