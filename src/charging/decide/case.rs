//! What a decision is about.

use crate::charging::catalogue::{Catalogue, PlanIx};
use crate::charging::policy::Policy;
use crate::charging::request::Request;
use crate::time::Timestamp;

/// What a decision is about, borrowed for its length.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) request: &'a Request,
    pub(super) catalogue: &'a Catalogue,
    pub(super) policy: &'a Policy,
    pub(super) now: Timestamp,
    /// It is used in an area that was stopped (`SUS-4`).
    pub(super) stopped: bool,
    /// The subscriber's plan; none where the catalogue has no such plan.
    pub(super) plan: Option<PlanIx>,
}
