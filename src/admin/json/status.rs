//! The state of the server and of its store.

use serde::{Deserialize, Serialize};

use super::version;
use crate::engine::control::{EngineStatus, Mode, Reply};

/// Whether requests are served.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Readiness {
    /// They are.
    pub ready: bool,
    /// `starting`, `ready`, `stalled`, `draining`, `emergency-only`, `silent`.
    pub mode: String,
    /// Whether all sessions of the store have been read since the start.
    pub scanned: bool,
    /// Sessions that have been read.
    pub sessions: usize,
}

impl Readiness {
    /// By the engine's figures.
    pub fn of(status: &EngineStatus) -> Self {
        Self {
            ready: status.mode == Mode::Ready && status.store_stalled.is_none(),
            mode: mode(status).into(),
            scanned: status.scanned,
            sessions: status.directory,
        }
    }

    /// The loop does not answer.
    pub fn silent() -> Self {
        Self { ready: false, mode: "silent".into(), scanned: false, sessions: 0 }
    }
}

/// What is served, in one word. A store that stands still is no mode: what is in memory is served.
fn mode(status: &EngineStatus) -> &'static str {
    match (status.mode, status.store_stalled) {
        (Mode::Ready, Some(_)) => "stalled",
        (mode, _) => mode.as_str(),
    }
}

/// The engine's figures.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Engine {
    /// `starting`, `ready`, `stalled`, `draining`, `emergency-only`.
    pub mode: String,
    /// The last durable batch.
    pub durable: u64,
    /// The version of the tariffs in force.
    pub tariff: String,
    /// Open sessions.
    pub sessions: usize,
    /// Sessions, and ended ones that are remembered.
    pub remembered: usize,
    /// Whether all of them have been read since the start.
    pub scanned: bool,
    /// Money that sessions hold.
    pub reserved: String,
    /// Requests and commands that wait for the store.
    pub parked: usize,
    /// For how many seconds back a repeat of an event is known.
    pub repeat_horizon: u64,
    /// Expiry waits until a jump of the clock is confirmed or has lasted.
    pub clock_jumped: bool,
    /// Requests decided since the start.
    pub decided: u64,
    /// Repeats answered from what is stored.
    pub repeats: u64,
    /// Emergency requests granted.
    pub emergencies: u64,
    /// Requests refused because too much waits or the store is gone.
    pub overloaded: u64,
    /// Reservations and sessions ended by expiry.
    pub expired: u64,
}

impl Engine {
    /// As operators see it.
    pub fn of(status: &EngineStatus) -> Self {
        let facts = status.facts;
        Self {
            mode: mode(status).into(),
            durable: status.durable.0,
            tariff: version(status.catalogue),
            sessions: status.sessions,
            remembered: status.directory,
            scanned: status.scanned,
            reserved: status.reserved.to_string(),
            parked: status.parked,
            repeat_horizon: status.repeat_horizon_secs,
            clock_jumped: status.sweeps_suspended,
            decided: facts.decided,
            repeats: facts.repeats,
            emergencies: facts.emergencies,
            overloaded: facts.overloaded.saturating_add(facts.unavailable),
            expired: facts.expired,
        }
    }
}

/// The store's figures.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Store {
    /// Number of the opening.
    pub epoch: u64,
    /// The last batch that was taken in.
    pub applied: u64,
    /// The batch up to which a restart need not read the journal.
    pub checkpoint: u64,
    /// Octets of live journal.
    pub journal_octets: u64,
    /// Octets that are durable and not yet in the state behind the journal.
    pub overlay_octets: u64,
    /// The batches at which the exports begin.
    pub exports: Vec<u64>,
    /// Octets that the verification in the background has read.
    pub verified: u64,
    /// Octets that it has to read.
    pub to_verify: u64,
    /// Damage that it has found.
    pub damage: Vec<String>,
    /// Why checkpoints have stopped.
    pub stopped: Option<String>,
    /// Octets that can still be written.
    pub available_octets: u64,
}

impl Store {
    /// As operators see it; none where the reply is about something else.
    pub fn of(reply: &Reply) -> Option<Self> {
        let Reply::Store(status) = reply else { return None };
        let (verified, to_verify) = status.verified;
        Some(Self {
            epoch: status.epoch,
            applied: status.applied.number(),
            checkpoint: status.checkpoint.number(),
            journal_octets: status.journal_octets,
            overlay_octets: status.overlay_octets,
            exports: status.exports.iter().map(|at| at.number()).collect(),
            verified,
            to_verify,
            damage: status.damage.clone(),
            stopped: status.stopped.clone(),
            available_octets: status.space.available,
        })
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::charging::account::{AccountId, Sequence};
    use crate::charging::units::Money;
    use crate::engine::control::{Facts, ReauthFacts};

    #[test]
    fn a_server_whose_store_stands_still_is_not_ready_and_says_so() {
        let status = |mode, still: Option<u64>| EngineStatus {
            mode,
            durable: Sequence(1),
            facts: Facts::default(),
            reauth: ReauthFacts::default(),
            sessions: 0,
            directory: 0,
            scanned: true,
            parked: 0,
            reserved: Money::ZERO,
            repeat_horizon_secs: 0,
            cached_octets: 0,
            catalogue: 1,
            sweeps_suspended: false,
            store_stalled: still.map(Duration::from_secs),
            next_account: AccountId(1),
        };
        let told = |mode, still| {
            let status = status(mode, still);
            let readiness = Readiness::of(&status);
            assert_eq!(readiness.mode, Engine::of(&status).mode);
            (readiness.ready, readiness.mode)
        };
        assert_eq!(told(Mode::Ready, None), (true, "ready".into()));
        assert_eq!(told(Mode::Ready, Some(10)), (false, "stalled".into()));
        assert_eq!(told(Mode::Failed, Some(10)), (false, "emergency-only".into()));
        assert_eq!(told(Mode::Draining, Some(10)), (false, "draining".into()));
    }
}
