//! Triggers: the changes of conditions at which a client asks again, armed where a price or the size of a grant
//! depends on them (TS 32.299 §7.2.236).
//!
//! A Trigger replaces all that was armed for its quota before, and none keeps it. So it is sent with the first grant
//! of a quota, when the set changes, and when the client may have forgotten it: after its quota has lapsed or ended.

use crate::charging::answer::Grant;
use crate::charging::catalogue::QuotaShape;
use crate::charging::request::{ClientTraits, Condition};
use crate::charging::session::Quota;

/// The conditions on which a grant of this shape depends.
fn needed(shape: Option<&QuotaShape>) -> Vec<Condition> {
    let by_radio = shape.is_some_and(|shape| !shape.radios.is_empty());
    if by_radio { vec![Condition::Radio] } else { Vec::new() }
}

/// Arms what the shape depends on, and disarms what it no longer does.
pub(super) fn arm(traits: ClientTraits, shape: Option<&QuotaShape>, quota: &mut Quota, grant: &mut Grant) {
    if !traits.triggers {
        return;
    }
    let needed = needed(shape);
    if needed != quota.armed {
        grant.extra.get_or_insert_default().triggers = Some(needed.clone());
        quota.armed = needed;
    }
}

/// The client has forgotten what was armed.
pub(super) fn forget(quota: &mut Quota) {
    quota.armed = Vec::new();
}
