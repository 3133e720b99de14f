//! The end of a quota (RFC 8506 §5.6): what a client does when the last units are used, and how a service goes on for
//! which nothing more can be had.

use super::books::Books;
use super::case::Case;
use super::line::Line;
use super::slice::{Aim, cut};
use crate::charging::answer::{FinalUnit, Limit};
use crate::charging::catalogue::Limitation;
use crate::charging::policy::Policy;
use crate::charging::rating::lookup::Terms;
use crate::charging::request::{ClientTraits, Reason};
use crate::charging::session::{Quota, Session, SessionState};
use crate::charging::units::Unit;

/// A client whose service is limited though there is money again asks again after so many seconds.
const SOON_SECS: u32 = 5;

/// How a service goes on when nothing more can be had after `used` units; none where it ends: the plan says so, the
/// client cannot do what the plan says, or the longest call has been reached.
pub(super) fn limitation<'c>(terms: &Terms<'c>, used: u64, traits: ClientTraits) -> Option<&'c Limitation> {
    terms.limitation.filter(|limitation| {
        let followed = match limitation.action {
            FinalUnit::Terminate => false,
            FinalUnit::Redirect(_) => traits.redirect,
            FinalUnit::Restrict(_) => traits.restrict,
        };
        followed && !reaches_longest_call(terms, used)
    })
}

/// Whether a call of so many seconds has reached the longest that its service allows.
pub(super) fn reaches_longest_call(terms: &Terms<'_>, used: u64) -> bool {
    terms.unit == Unit::Seconds && terms.max_call_secs.is_some_and(|longest| used >= longest)
}

/// What the client does when the last units are used, `used` in all.
pub(super) fn final_unit(terms: &Terms<'_>, used: u64, traits: ClientTraits) -> FinalUnit {
    limitation(terms, used, traits).map_or(FinalUnit::Terminate, |limitation| limitation.action.clone())
}

/// Limits a quota for which nothing can be had. What is reported of it from now on is not late.
pub(super) fn limit(case: Case<'_>, quota: &mut Quota, limitation: &Limitation) -> Limit {
    quota.limited = true;
    quota.lapsed = false;
    let validity_secs = limitation.validity_secs.min(longest_validity(case.policy));
    Limit { action: limitation.action.clone(), validity_secs }
}

/// A limited session holds nothing and lives by the session timeout: the client must ask again well within it.
fn longest_validity(policy: &Policy) -> u32 {
    let half = policy.session_timeout.as_secs() / 2;
    u32::try_from(half).unwrap_or(u32::MAX).max(1)
}

/// Whether a client redirects or restricts by now: its service is limited, or it was told what comes after its last
/// grant, and that may be used up: it says so, or says nothing, or has used all of it. The use that it reports has been
/// settled, the grant is still there.
pub(super) fn is_after_last(quota: &Quota, line: &Line<'_>, traits: ClientTraits) -> bool {
    let Some(held) = quota.reservation.as_ref().filter(|held| held.final_unit) else { return quota.limited };
    let granted = held.granted.count;
    let end = quota.used.saturating_sub(line.used).saturating_add(granted);
    let used_up = line.used >= granted
        || line.reason.is_none_or(|reason| matches!(reason, Reason::Exhausted | Reason::PoolExhausted));
    used_up && limitation(&line.terms, end, traits).is_some()
}

/// Answers what asks for nothing. A client that has used up its last grant, or whose service is limited already,
/// redirects or restricts now until it is told to ask again (RFC 8506 §5.6.2): it gets a validity. One whose reservation
/// has expired may be such a one; it is limited where nothing can be had.
///
/// Where the flow has ended or was idle there is nothing to limit.
pub(super) fn report(case: Case<'_>, books: &Books, session: &mut Session, line: &mut Line<'_>) {
    let open = session.state == SessionState::Open;
    let Some(quota) = session.quotas.iter_mut().find(|quota| quota.key == *line.key) else { return };
    let let_go = matches!(line.reason, Some(Reason::Final | Reason::Idle | Reason::Unused));
    if line.asked || (line.reported && let_go) {
        quota.limited = false;
        return;
    }
    if !open || !line.reported || line.denial.is_some() || !(line.after_last || line.lapsed) {
        return;
    }
    let traits = case.request.traits;
    let Some(limitation) = limitation(&line.terms, quota.used, traits) else { return };
    let aim = Aim { wanted: None, traits, radio: line.radio, policy: case.policy.slices };
    let more = cut(books, quota, &line.terms, aim).is_ok();
    if more && !line.after_last {
        return;
    }
    let mut told = limit(case, quota, limitation);
    if more {
        told.validity_secs = told.validity_secs.min(SOON_SECS);
    }
    line.limit = Some(Box::new(told));
}
