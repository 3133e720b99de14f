//! The engine's figures, as they are told.

use crate::engine::core::Core;
use crate::engine::core::query::EngineStatus;
use crate::engine::core::reauth::{Outcomes, ReauthFacts};
use crate::store;
use crate::telemetry::{EngineFigures, REAUTH_OUTCOMES, ReauthFigures, ServiceFigures};

/// Everything that is told, of the core and of the store.
pub(super) fn of<'a>(core: &'a Core, status: &EngineStatus, store: &store::Status) -> EngineFigures<'a> {
    let facts = status.facts;
    EngineFigures {
        decided: facts.decided,
        repeats: facts.repeats,
        contradictions: facts.contradictions,
        above_grant: facts.above_grant,
        late_usage: facts.late.saturating_add(facts.unknown_sessions),
        overloaded: facts.overloaded.saturating_add(facts.unavailable),
        emergencies: facts.emergencies,
        expired: facts.expired,
        load_failures: facts.load_failures,
        sessions: status.sessions,
        parked: status.parked,
        under_way: core.under_way(),
        reserved_micros: status.reserved.micros(),
        repeat_horizon_secs: status.repeat_horizon_secs,
        cached_octets: status.cached_octets,
        journal_octets: store.journal_octets,
        overlay_octets: store.overlay_octets,
        stalled_secs: status.store_stalled.map_or(0, |still| still.as_secs()),
        free_octets: store.space.available,
        mode: status.mode.as_str(),
        reauth: reauth_figures(&status.reauth),
        services: core
            .services()
            .iter()
            .map(|service| ServiceFigures {
                name: &service.name,
                granted: service.granted,
                last_granted: service.last_granted,
                refused: service.refused,
                limited: service.limited,
                charged_cents: service.charged_cents,
                open: service.open,
            })
            .collect(),
    }
}

fn reauth_figures(facts: &ReauthFacts) -> ReauthFigures {
    ReauthFigures {
        reauthorisations: outcomes(&facts.reauthorisations),
        aborts: outcomes(&facts.aborts),
        freed: [facts.freed_by_restart, facts.freed_as_unknown, facts.freed_by_abort],
        hosts_restarted: facts.hosts_restarted,
        waiting: facts.waiting,
    }
}

/// In the order of [`REAUTH_OUTCOMES`].
fn outcomes(of: &Outcomes) -> [u64; REAUTH_OUTCOMES.len()] {
    [
        of.sent,
        of.repeated,
        of.done,
        of.followed,
        of.ignored,
        of.gone,
        of.refused,
        of.given_up,
        of.moot,
        of.unsupported,
        of.joined,
        of.dropped,
    ]
}
