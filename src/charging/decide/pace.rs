//! How fast a quota is used, and how large a grant is that fits it (`RES-1`).
//!
//! **Measured**: each report but the first, before which the use may have begun at any time, gives a sample: what was
//! used since the last over the time since the last, at least a second. A faster sample counts half, a slower one a
//! quarter. A report that a quota was idle is no sample, and neither is one that comes while it holds nothing.
//!
//! **Fitted**: the plan's grant is doubled until it lasts [`SlicePolicy::secs`] seconds at that rate before the
//! client asks again, up to [`SlicePolicy::factor`] times itself and [`SlicePolicy::octets`] octets; or halved, to
//! no less than an eighth, as long as it is more than twice what is used within its validity. Whatever the factor
//! allows, it lasts a second.
//!
//! **Shared**: where money is short, a grant takes a part of what can still be had, so that who comes next gets
//! something too; but never so little that it is gone within a second, and no less than a sixteenth of what was
//! meant. What is less than that is granted whole, as the last.

use super::books::Books;
use crate::charging::catalogue::QuotaShape;
use crate::charging::policy::SlicePolicy;
use crate::charging::rating::lookup::{Price, Terms};
use crate::charging::request::Reason;
use crate::charging::session::{Pace, Quota};
use crate::time::Timestamp;

/// Microseconds in a second.
const SECOND: u128 = 1_000_000;
/// A slow session gets no less than the plan's grant over this.
const SLOWEST: u64 = 8;
/// A shared grant is no less than what was meant over this.
const DUST: u64 = 16;

/// Takes a report into account: so many units more.
pub(super) fn observe(quota: &mut Quota, used: u64, reason: Option<Reason>, now: Timestamp) {
    let is_used = quota.reservation.is_some() && !quota.lapsed;
    let Some(Pace { at, per_sec, units }) = quota.pace.filter(|_| is_used) else {
        return restart(quota, now);
    };
    if matches!(reason, Some(Reason::Idle | Reason::Unused)) {
        return restart(quota, now);
    }
    let units = units.saturating_add(used);
    let since = now.since(at).as_micros();
    if since < SECOND {
        quota.pace = Some(Pace { at, per_sec, units });
        return;
    }
    let sample = u128::from(units).saturating_mul(SECOND).checked_div(since).unwrap_or(0).max(1);
    let before = u128::from(per_sec);
    let smoothed = match before {
        0 => sample,
        _ if sample > before => before.midpoint(sample),
        _ => before.saturating_mul(3).saturating_add(sample) / 4,
    };
    quota.pace = Some(Pace { at: now, per_sec: u64::try_from(smoothed).unwrap_or(u64::MAX), units: 0 });
}

/// The quota is used again after a time that says nothing of its use.
fn restart(quota: &mut Quota, now: Timestamp) {
    let per_sec = quota.pace.map_or(0, |pace| pace.per_sec);
    quota.pace = Some(Pace { at: now, per_sec, units: 0 });
}

/// From now on the quota is used again: it was granted after a time in which it was not.
pub(super) fn resume(quota: &mut Quota, now: Timestamp) {
    if quota.pace.is_some() {
        restart(quota, now);
    }
}

/// A grant of volume that fits the pace: `planned` made larger or smaller.
pub(super) fn fitted(
    planned: u64,
    pace: Option<Pace>,
    shape: Option<&QuotaShape>,
    policy: SlicePolicy,
) -> u64 {
    let pace = pace.map_or(0, |pace| pace.per_sec);
    if pace == 0 || policy.factor <= 1 || planned == 0 {
        return planned;
    }
    let cap = shape.and_then(|shape| shape.most).unwrap_or(policy.octets).max(planned);
    // The client asks again at the threshold: only what lies before it lasts.
    let before = 100u64.saturating_sub(shape.and_then(|shape| shape.threshold_percent).unwrap_or(0).into());
    let lasting = |secs: u64| {
        let wanted = u128::from(pace).saturating_mul(secs.into()).saturating_mul(100);
        let wanted = wanted.checked_div(before.max(1).into()).unwrap_or(0);
        u64::try_from(wanted).unwrap_or(u64::MAX)
    };
    let (wanted, most) = (lasting(policy.secs.into()), planned.saturating_mul(policy.factor).min(cap));
    let mut slice = planned;
    while slice < wanted && slice < most {
        slice = slice.saturating_mul(2).min(most);
    }
    if slice > planned {
        return slice.max(lasting(1).min(cap));
    }
    let validity = shape.map_or(u64::MAX, |shape| shape.validity_secs.into());
    let usable = pace.saturating_mul(validity).saturating_mul(2).max(planned / SLOWEST).max(1);
    while slice / 2 >= usable {
        slice /= 2;
    }
    slice.max(lasting(1).min(cap))
}

/// How much of what can still be had a grant of `wanted` takes: from bundles, and in all.
pub(super) fn share(
    books: &Books,
    quota: &Quota,
    terms: &Terms<'_>,
    wanted: u64,
    (in_bundles, in_all): (u64, u64),
) -> u64 {
    let step = match terms.price {
        Price::Rate(rate, _) if terms.money && in_bundles < wanted => rate.step.max(1),
        Price::Rate(..) | Price::Free | Price::None(_) => return wanted.min(in_all),
    };
    let Some(low) = terms.low_balance.filter(|low| books.account.available() < low.below) else {
        return wanted.min(in_all);
    };
    let part = in_all.min(wanted).div_ceil(low.divisor.max(1));
    let a_second = quota.pace.map_or(0, |pace| pace.per_sec);
    let least = a_second.max(wanted / DUST).max(1);
    part.max(least).div_ceil(step).saturating_mul(step).max(in_bundles).min(wanted).min(in_all)
}
