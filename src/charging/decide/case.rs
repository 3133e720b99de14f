//! What a decision is about.

use crate::charging::catalogue::{Catalogue, PlanIx};
use crate::charging::policy::Policy;
use crate::charging::request::{Place, Request};
use crate::charging::session::Session;
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
    /// From when on what is granted is used; when an event happened.
    pub(super) from: Timestamp,
    /// Where the subscriber is from now on, or was at the event.
    pub(super) place: Place,
}

impl Case<'_> {
    /// The place where the request says nothing of it is the one that the session was last heard of from.
    pub(super) fn at_place(self, session: &Session) -> Self {
        let (told, known) = (self.request.place, session.place);
        let place = Place {
            serving_plmn: told.serving_plmn.or(known.serving_plmn),
            radio: told.radio.or(known.radio),
        };
        Self { place, ..self }
    }
}
