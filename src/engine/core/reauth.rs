//! The words of requests that the server begins: which clients are to report and ask anew (RFC 8506 §5.5) or to end
//! (RFC 6733 §8.5), and what becomes of it.
//!
//! Whoever changes what a session may have hands in one [`Demand`]; [`Core::demand`](super::Core::demand) finds the
//! sessions, in slices, and asks their clients, no faster than the limit, one request at a time for a session. The
//! shell takes [`Errand`]s and says what was [`Told`]. Nothing rests on a client's doing what it is asked: the
//! validity of what it holds ends by itself.
//!
//! What waits to be asked is in memory alone and does not outlive the process. Emergencies are never asked.

use core::num::NonZeroU16;
use core::time::Duration;
use std::sync::Arc;

use crate::charging::account::AccountId;
use crate::charging::request::SessionId;
use crate::charging::session::Session;
use crate::charging::units::Digits;
use crate::time::Timestamp;

use super::hash::SessionKey;

/// Whose clients are to be asked. Only open sessions are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// One session.
    Session(SessionKey),
    /// All sessions of a number.
    Number(Digits),
    /// Those sessions of an account that lack of money has limited: the last units, or none. What has plenty is left
    /// alone.
    Limited(AccountId),
    /// All sessions of an account.
    Account(AccountId),
    /// All sessions.
    Everyone,
    /// All sessions that are served in a stopped area (`SUS-4`).
    Stopped,
}

/// What of a session is to be authorised anew.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// All of it.
    Session,
    /// One rating group.
    RatingGroup(u32),
    /// One service.
    Service(u32),
}

/// What the client is to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum What {
    /// Report and ask anew.
    Reauthorise(Scope),
    /// End the session.
    Abort,
}

/// Why.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// There is more money.
    Topup,
    /// Something is blocked, or no longer.
    Block,
    /// A limit of fair use began or ended.
    FairUse,
    /// Other prices or bundles hold.
    Tariff,
    /// An operator says so.
    Operator,
}

impl Reason {
    /// In one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Topup => "topup",
            Self::Block => "block",
            Self::FairUse => "fair-use",
            Self::Tariff => "tariff",
            Self::Operator => "operator",
        }
    }

    /// Whether it goes before what concerns whole tariffs: somebody waits for it.
    pub(super) const fn is_urgent(self) -> bool {
        match self {
            Self::Topup | Self::Block | Self::Operator => true,
            Self::FairUse | Self::Tariff => false,
        }
    }
}

/// A demand on clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Demand {
    /// Whose.
    pub who: Who,
    /// To do what.
    pub what: What,
    /// Why.
    pub reason: Reason,
}

impl Demand {
    /// To report all of a session and ask anew.
    pub const fn reauthorise(who: Who, reason: Reason) -> Self {
        Self { who, what: What::Reauthorise(Scope::Session), reason }
    }

    /// To end.
    pub const fn abort(who: Who, reason: Reason) -> Self {
        Self { who, what: What::Abort, reason }
    }
}

/// The shell's word for where a request came from, a connection. Two may share one: it is a preference.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Route(NonZeroU16);

impl Route {
    /// The route of a connection's number.
    pub fn of(connection: u64) -> Self {
        let low = u16::try_from(connection.checked_rem(0xffff).unwrap_or(0)).unwrap_or(0);
        Self(NonZeroU16::MIN.saturating_add(low))
    }
}

/// One try to ask a client. An answer to an earlier try of the same errand counts for nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ErrandId {
    pub(super) session: u64,
    pub(super) turn: u32,
}

/// A client that is to be asked now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Errand {
    /// To be handed back with what comes of it.
    pub id: ErrandId,
    /// What it is to do.
    pub what: What,
    /// Why.
    pub reason: Reason,
    /// Its session.
    pub session: SessionId,
    /// The host that asked last: the request is for it (RFC 6733 §8.3.1).
    pub host: Box<str>,
    /// That host's realm.
    pub realm: Box<str>,
    /// The client's profile, by name.
    pub profile: Box<str>,
    /// Where its last request came from, where that is known: the first way to try.
    pub route: Option<Route>,
    /// Ways that were tried already, oldest first: another one is better.
    pub tried: Vec<Route>,
    /// What the shell called a try that was not answered: this is that request once more.
    pub token: Option<u32>,
    /// How long to wait for the answer.
    pub timeout: Duration,
}

/// What came of an errand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// It is on its way.
    Sent {
        /// Over that way.
        route: Route,
        /// What the shell calls it.
        token: u32,
    },
    /// There is no way to that client now.
    NoRoute,
    /// This client must not be asked this.
    NotWanted,
    /// The client has said yes.
    Done {
        /// It can be expected to do it, too.
        follows: bool,
    },
    /// The client has no such session.
    Unknown,
    /// It did not reach the client.
    Elsewhere,
    /// No answer came, or the connection is gone.
    Silent,
    /// The client has said no.
    Refused,
}

/// A demand on a session's client that is not done with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outstanding {
    /// What the client is to do.
    pub what: What,
    /// Why.
    pub reason: Reason,
    /// Where it stands.
    pub stage: Stage,
    /// Since when it is demanded.
    pub since: Timestamp,
    /// How often the client was asked.
    pub tries: u8,
    /// Another demand came meanwhile: the client will be asked once more.
    pub again: bool,
}

/// Where a demand stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// It waits for its turn.
    Queued,
    /// The client is asked.
    Asked,
    /// The client has said yes, and its report is awaited.
    Awaited,
}

impl Stage {
    /// In one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Asked => "asked",
            Self::Awaited => "awaited",
        }
    }
}

/// A host that has lost its sessions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Lost {
    /// Its Origin-Host.
    pub(super) host: Arc<str>,
    /// What was last heard of before this is lost.
    pub(super) before: Timestamp,
}

/// Why a session ends that its client has not ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    /// Its client does not know it.
    Unknown,
    /// Its client would not end it.
    Aborted,
    /// Its client has lost it.
    Lost(Lost),
}

impl Ending {
    /// Whether it concerns this session.
    pub(super) fn is_of(&self, session: &Session) -> bool {
        match self {
            Self::Unknown | Self::Aborted => true,
            Self::Lost(Lost { host, before }) => {
                session.touched < *before && session.client_host.eq_ignore_ascii_case(host)
            }
        }
    }
}

/// Sums of one kind of request since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Outcomes {
    /// Sent for the first time.
    pub sent: u64,
    /// Sent again, over another way where there was one.
    pub repeated: u64,
    /// Answered with yes.
    pub done: u64,
    /// The client reported and asked anew after it.
    pub followed: u64,
    /// The client said yes and did nothing.
    pub ignored: u64,
    /// The client had no such session.
    pub gone: u64,
    /// Answered with anything else.
    pub refused: u64,
    /// Given up after the last try.
    pub given_up: u64,
    /// There was nothing left to ask for when its turn came.
    pub moot: u64,
    /// Not sent, for the client's profile takes none.
    pub unsupported: u64,
    /// Demands that were joined to one that was there.
    pub joined: u64,
    /// Demands that found no room.
    pub dropped: u64,
}

/// Demands by what for; sums since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReauthFacts {
    /// Re-authorisations.
    pub reauthorisations: Outcomes,
    /// Aborts.
    pub aborts: Outcomes,
    /// Hosts whose Origin-State-Id grew: they have lost their sessions (RFC 6733 §8.16).
    pub hosts_restarted: u64,
    /// Sessions ended for that.
    pub freed_by_restart: u64,
    /// Sessions ended for their client did not know them.
    pub freed_as_unknown: u64,
    /// Sessions ended for their client would not end them when asked to.
    pub freed_by_abort: u64,
    /// Sessions that wait to be asked or to answer now.
    pub waiting: u64,
}
