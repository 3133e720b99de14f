//! What is counted of decisions, by service and in all, and what is kept of refusals.

use crate::charging::answer::{Answer, Outcome};
use crate::charging::decide::hindrance;
use crate::charging::request::Request;
use crate::charging::session::Session;
use crate::charging::snapshot::{Notes, Snapshot};
use crate::time::Timestamp;

use super::directory::SessionSummary;
use super::query::{Refusal, Why};
use super::{Core, ServiceFacts};

impl Core {
    pub(super) fn count_notes(&mut self, notes: Notes) {
        let Notes { repeat, contradicts, above_grant, late, restarted, trip } = notes;
        let facts = &mut self.facts;
        facts.decided = facts.decided.saturating_add(1);
        for (count, noted) in [
            (&mut facts.repeats, repeat),
            (&mut facts.contradictions, contradicts),
            (&mut facts.above_grant, above_grant),
            (&mut facts.late, late),
            (&mut facts.restarts, restarted),
            (&mut facts.trips, trip.is_some()),
        ] {
            *count = count.saturating_add(u64::from(noted));
        }
    }

    pub(super) fn count_answer(&mut self, answer: &Answer, service: Option<usize>) {
        let Some(facts) = service.and_then(|at| self.services.get_mut(at)) else { return };
        if answer.outcome != Outcome::Done {
            facts.refused = facts.refused.saturating_add(1);
            return;
        }
        for part in &answer.parts {
            let last = part.grant.as_ref().is_some_and(|grant| grant.final_unit.is_some());
            facts.granted = facts.granted.saturating_add(u64::from(part.grant.is_some()));
            facts.last_granted = facts.last_granted.saturating_add(u64::from(last));
            facts.refused = facts.refused.saturating_add(u64::from(part.outcome != Outcome::Done));
            facts.limited = facts.limited.saturating_add(u64::from(part.limit.is_some()));
        }
    }

    /// The place of a service's sums: of the session's service, else of the one that the context selects.
    pub(super) fn service_facts(&mut self, session: Option<&Session>, context: &str) -> Option<usize> {
        let Self { catalogue, services, .. } = self;
        let name = match session {
            Some(session) => &*session.service,
            None => &*catalogue.service(catalogue.service_of(context)?)?.name,
        };
        Some(service_named(services, name))
    }

    /// A session that the scan or a load has found counts as open where it was not known.
    pub(super) fn note_scanned(&mut self, summary: &SessionSummary, service: &str) {
        if self.directory.scanned(summary) {
            self.reserved = self.reserved.saturating_add(i128::from(summary.reserved.micros()));
            let at = service_named(&mut self.services, service);
            if let Some(facts) = self.services.get_mut(at).filter(|_| summary.open) {
                facts.open = facts.open.saturating_add(1);
            }
        }
    }

    /// What of a request was refused, limited, or granted for the last time, and what stood in the way.
    pub(super) fn refusals_of(
        &self,
        snapshot: &Snapshot,
        request: &Request,
        answer: &Answer,
        at: Timestamp,
    ) -> Vec<Refusal> {
        let whole = match answer.outcome {
            Outcome::Denied(denial) => Some((None, Why::Denied(denial))),
            Outcome::Done => None,
        };
        let parts = answer.parts.iter().filter(|_| whole.is_none()).filter_map(|part| {
            let last = part.grant.as_ref().is_some_and(|grant| grant.final_unit.is_some());
            let why = match part.outcome {
                Outcome::Denied(denial) => Some(Why::Denied(denial)),
                Outcome::Done if part.limit.is_some() => Some(Why::Limited),
                Outcome::Done => last.then_some(Why::Last),
            };
            why.map(|why| (Some(part.key.clone()), why))
        });
        let told = whole.clone().into_iter().chain(parts).map(|(key, why)| {
            let of = (&*self.catalogue, &self.policy, at);
            let hindrance = Some(Box::new(hindrance(snapshot, request, key.as_ref(), of)));
            let session = request.session.clone();
            Refusal { at, session, kind: request.kind, number: request.number, key, why, hindrance }
        });
        told.collect()
    }
}

fn service_named(services: &mut Vec<ServiceFacts>, name: &str) -> usize {
    let found = services.iter().position(|facts| *facts.name == *name);
    found.unwrap_or_else(|| {
        services.push(ServiceFacts::new(name));
        services.len().saturating_sub(1)
    })
}
