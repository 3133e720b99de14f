//! Triggers: the changes of conditions at which a client asks again, armed where a price or the size of a grant
//! depends on them (TS 32.299 §7.2.236).
//!
//! A Trigger replaces all that was armed for its quota before, and none keeps it. So it is sent with the first grant
//! of a quota, when the set changes, and when the client may have forgotten it: after its quota has lapsed or ended.

use super::case::Case;
use crate::charging::answer::Grant;
use crate::charging::catalogue::QuotaShape;
use crate::charging::request::Condition;
use crate::charging::session::Quota;

/// The conditions on which a grant of this shape depends: the radio where grants follow it, the network where a tariff
/// sells roaming.
fn needed(roams: bool, shape: Option<&QuotaShape>) -> Vec<Condition> {
    let by_radio = shape.is_some_and(|shape| !shape.radios.is_empty());
    let radio = by_radio.then_some(Condition::Radio);
    radio.into_iter().chain(roams.then_some(Condition::Network)).collect()
}

/// Arms what the grant depends on, and disarms what it no longer does.
pub(super) fn arm(case: Case<'_>, shape: Option<&QuotaShape>, quota: &mut Quota, grant: &mut Grant) {
    if !case.request.traits.triggers {
        return;
    }
    let needed = needed(case.catalogue.roaming().is_some(), shape);
    if needed != quota.armed {
        grant.extra.get_or_insert_default().triggers = Some(needed.clone());
        quota.armed = needed;
    }
}

/// The client has forgotten what was armed.
pub(super) fn forget(quota: &mut Quota) {
    quota.armed = Vec::new();
}
