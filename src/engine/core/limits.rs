//! How much may wait and how much may stay in memory: every queue has a named limit.

use core::time::Duration;

/// The limits of the engine; all configurable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// From so many requests under way on, new sessions and events are refused: 20,000.
    pub soft_mark: usize,
    /// From so many on, updates and terminations too: 40,000.
    pub hard_mark: usize,
    /// A request that would wait longer than this is refused, whatever it is: three seconds. A later answer is lost
    /// on most clients and only makes work twice.
    pub oldest: Duration,
    /// The same marks for the octets of the open batch: 4 MiB.
    pub soft_batch_octets: usize,
    /// Beyond this the open batch takes nothing more: 12 MiB.
    pub hard_batch_octets: usize,
    /// Octets of accounts, subscribers and sessions in memory: 1 GiB.
    pub cached_octets: usize,
    /// Octets of event hashes in memory: 256 MiB. The oldest are forgotten first.
    pub event_octets: usize,
    /// For how long a repeat of an event is known: 72 hours.
    pub event_horizon: Duration,
    /// Answers of events kept in memory besides: 65,536.
    pub recent_events: usize,
    /// Emergency sessions that are remembered: 262,144. The oldest are forgotten first.
    pub emergency_sessions: usize,
    /// For how long an emergency session is remembered: 72 hours.
    pub emergency_horizon: Duration,
    /// Refusals kept for explanations, in all: 65,536.
    pub refusals: usize,
    /// Refusals kept for explanations, of one number: 16.
    pub refusals_each: usize,
    /// Expiries begun in one call: 256.
    pub sweep_step: usize,
    /// Expiries that may wait for a load: 128.
    pub sweep_parked: usize,
    /// Operators' commands and questions that may wait: 4,096.
    pub operators_parked: usize,
    /// A jump of the clock ahead by more than this, within a run, suspends expiry: five minutes.
    pub jump: Duration,
    /// At the start, a last time journalled that lies further back than this does: 24 hours. A shorter stop is one
    /// for maintenance.
    pub stop: Duration,
    /// So long, or until it is confirmed: ten minutes.
    pub jump_lasts: Duration,
    /// Clients asked to re-authorise or abort in a second, evenly: 200. Nothing is asked with 0.
    pub reauth_rate: u32,
    /// How long a client may take to answer, and then to report: ten seconds.
    pub reauth_timeout: Duration,
    /// How often one is asked, at most: four times.
    pub reauth_tries: u8,
    /// How long is waited before the second try, twice as long before each next: one second.
    pub reauth_backoff: Duration,
    /// Sessions that may wait to be asked: 100,000; what concerns whole tariffs waits for room, what somebody waits
    /// for has room for as many again.
    pub reauth_queue: u32,
    /// For how many seconds the content of a version of the tariffs is kept after another came into force: 35 days. Use that is
    /// reported later than that is rated by the oldest version that is known.
    pub tariff_horizon_secs: u32,
    /// For how many seconds the key of an operator's command is known: 30 days. A repeat after that is carried out again.
    pub command_horizon_secs: u32,
    /// Sessions looked at in one call, to find those of a demand: 1,024.
    pub walk_step: u16,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            soft_mark: 20_000,
            hard_mark: 40_000,
            oldest: Duration::from_secs(3),
            soft_batch_octets: 4 * MIB,
            hard_batch_octets: 12 * MIB,
            cached_octets: 1024 * MIB,
            event_octets: 256 * MIB,
            event_horizon: Duration::from_hours(72),
            recent_events: 65_536,
            emergency_sessions: 262_144,
            emergency_horizon: Duration::from_hours(72),
            refusals: 65_536,
            refusals_each: 16,
            sweep_step: 256,
            sweep_parked: 128,
            operators_parked: 4_096,
            jump: Duration::from_mins(5),
            stop: Duration::from_hours(24),
            jump_lasts: Duration::from_mins(10),
            reauth_rate: 200,
            reauth_timeout: Duration::from_secs(10),
            reauth_tries: 4,
            reauth_backoff: Duration::from_secs(1),
            reauth_queue: 100_000,
            tariff_horizon_secs: 35 * 86_400,
            command_horizon_secs: 30 * 86_400,
            walk_step: 1_024,
        }
    }
}
