//! The decision on a request: what was loaded goes in, what it became comes out, with the answer.
//!
//! Steps, a file each: what kind of case it is (repeat, event, or the session's state), gates, settle all
//! that was used, slice what may be granted, reserve it, answer (RFC 8506 §7, `RES-1`, `RES-2`, `ACC-3`).
//! All parts of a request are decided in one step, for one commit.

mod abroad;
mod answer;
mod basis;
mod books;
mod case;
mod change;
mod count;
mod debit;
mod dialogue;
mod duplicate;
mod enquiry;
mod event;
mod gates;
mod hindrance;
mod limit;
mod line;
mod pace;
mod pool;
mod records;
mod refund;
mod reserve;
mod sale;
mod settle;
mod slice;
mod stretch;
mod tell;
#[cfg(test)]
pub(in crate::charging) mod tests;
mod trigger;
mod watch;

pub use answer::refuse;
pub use hindrance::{Bar, Hindrance, hindrance};

use case::Case;

use super::catalogue::Catalogue;
use super::policy::Policy;
use super::request::{Kind, Request};
use super::snapshot::{Decision, Snapshot};
use crate::time::Timestamp;

/// Decides a request of a known subscriber. Pure: the same arguments give the same decision.
///
/// An emergency is answered before, from the request alone (see [`super::emergency::emergency`]); the
/// snapshot's account and subscriber are those that the session, if there is one, is pinned to.
pub fn decide(
    snapshot: Snapshot,
    request: &Request,
    catalogue: &Catalogue,
    policy: &Policy,
    now: Timestamp,
) -> Decision {
    let plan = catalogue.plan_named(&snapshot.subscriber.plan);
    let from = if matches!(request.kind, Kind::Event(_)) { request.at } else { now };
    let (place, stopped) = (request.place, snapshot.stopped);
    let case = Case { request, catalogue, policy, now, stopped, plan, from, place };
    let before = policy.notices.on.then(|| watch::Before::of(case, &snapshot));
    let mut decision = match request.kind {
        Kind::Event(action) => event::decide(case, snapshot, action),
        Kind::Initial | Kind::Update | Kind::Terminate => dialogue::decide(case, snapshot),
    };
    if let Some(before) = before {
        watch::watch(case, before, &mut decision);
    }
    decision
}
