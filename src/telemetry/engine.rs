//! The engine's figures: sums that it keeps itself are published as they are when figures are read.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::{level, units};

type Label = [(&'static str, &'static str); 1];
type ServiceLabel = Vec<(&'static str, String)>;
type Amount = Counter<f64, AtomicU64>;

/// What the engine says of itself; sums since its start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EngineFigures<'a> {
    /// Requests that were decided.
    pub decided: u64,
    /// Repeats that got a stored answer.
    pub repeats: u64,
    /// Repeats by their key with other content.
    pub contradictions: u64,
    /// Requests that reported more than was granted.
    pub above_grant: u64,
    /// Reports of use after the end, or of sessions never seen.
    pub late_usage: u64,
    /// Requests refused because too much waits or the store is not there.
    pub overloaded: u64,
    /// Emergency requests that were granted.
    pub emergencies: u64,
    /// Reservations and sessions ended by expiry.
    pub expired: u64,
    /// Loads that failed.
    pub load_failures: u64,
    /// Open sessions.
    pub sessions: usize,
    /// Requests and commands that wait for a load.
    pub parked: usize,
    /// Requests that wait or whose answer is held.
    pub under_way: usize,
    /// Money reserved, in millionths of the currency unit.
    pub reserved_micros: i64,
    /// For how long back repeats of events are known.
    pub repeat_horizon_secs: u64,
    /// Octets of memory that loaded things take.
    pub cached_octets: usize,
    /// Octets of live journal segments.
    pub journal_octets: u64,
    /// Octets that are durable and not yet in the state behind the journal.
    pub overlay_octets: u64,
    /// For how many seconds the store thread has stood still, 0 where it gets on.
    pub stalled_secs: u64,
    /// Octets that can still be written.
    pub free_octets: u64,
    /// What is served, in one word.
    pub mode: &'static str,
    /// What clients were asked.
    pub reauth: ReauthFigures,
    /// The services.
    pub services: Vec<ServiceFigures<'a>>,
}

/// What may become of a client that is asked to re-authorise or abort, in the order of [`ReauthFigures`].
pub const REAUTH_OUTCOMES: [&str; 12] = [
    "sent",
    "repeated",
    "done",
    "followed",
    "ignored",
    "gone",
    "refused",
    "given_up",
    "moot",
    "unsupported",
    "joined",
    "dropped",
];

/// Why sessions ended that no client ended, in the order of [`ReauthFigures::freed`].
const FREED: [&str; 3] = ["host_restarted", "unknown_to_client", "not_aborted"];

/// What clients were asked; sums since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReauthFigures {
    /// RARs, by what became of them.
    pub reauthorisations: [u64; REAUTH_OUTCOMES.len()],
    /// ASRs, by what became of them.
    pub aborts: [u64; REAUTH_OUTCOMES.len()],
    /// Sessions that ended for their host was restarted, for their client did not know them, for it did not end them.
    pub freed: [u64; FREED.len()],
    /// Hosts whose Origin-State-Id grew.
    pub hosts_restarted: u64,
    /// Sessions that wait to be asked or to answer now.
    pub waiting: u64,
}

/// One service's sums since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServiceFigures<'a> {
    /// Its name.
    pub name: &'a str,
    /// Parts that were granted quota.
    pub granted: u64,
    /// Parts that got the last of it.
    pub last_granted: u64,
    /// Parts, or whole requests, that were refused.
    pub refused: u64,
    /// Parts that got nothing and go on limited.
    pub limited: u64,
    /// Money charged, in hundredths of the currency unit.
    pub charged_cents: u64,
    /// Sessions opened less sessions ended, since the start.
    pub open: u64,
}

/// The handles of one service.
#[derive(Clone, Debug)]
struct Service {
    granted: Sum,
    last_granted: Sum,
    refused: Sum,
    limited: Sum,
    charged: Amount,
    charged_cents: u64,
    open: Gauge,
}

/// A counter that follows a sum kept elsewhere.
#[derive(Clone, Debug, Default)]
struct Sum {
    counter: Counter,
    seen: u64,
}

impl Sum {
    fn follow(&mut self, sum: u64) {
        self.counter.inc_by(sum.saturating_sub(self.seen));
        self.seen = self.seen.max(sum);
    }
}

/// The engine's figures.
#[derive(Clone, Debug)]
pub struct EngineMetrics {
    sums: [Sum; 9],
    charged: Family<ServiceLabel, Amount>,
    grants: Family<ServiceLabel, Counter>,
    open: Family<ServiceLabel, Gauge>,
    services: BTreeMap<String, Service>,
    reserved: Gauge<f64, AtomicU64>,
    horizon: Gauge,
    queues: [Gauge; 3],
    reauthorisations: [Sum; REAUTH_OUTCOMES.len()],
    aborts: [Sum; REAUTH_OUTCOMES.len()],
    freed: [Sum; FREED.len()],
    hosts_restarted: Sum,
    store: [Gauge; 3],
    stalled: Gauge,
    cache: Gauge,
    modes: Family<Label, Gauge>,
    commit: Histogram,
    batch: Histogram,
    journalled: Counter,
    spool_lost: Counter,
}

const SUMS: [(&str, &str); 9] = [
    ("decisions", "Requests that were decided"),
    ("duplicates", "Repeats that got a stored answer"),
    ("contradicting_duplicates", "Repeats by their key with other content"),
    ("use_above_grant", "Requests that reported more than was granted"),
    ("late_usage", "Reports of use after the end of their session, or of sessions never seen"),
    ("overload_refusals", "Requests refused because too much waits or the store is not there"),
    ("emergency_grants", "Emergency requests that were granted"),
    ("expirations", "Reservations and sessions ended by expiry"),
    ("load_failures", "Loads from the store that failed"),
];

const MODES: [&str; 4] = ["starting", "ready", "draining", "emergency-only"];

impl EngineMetrics {
    /// Figures in a registry.
    pub(super) fn register(registry: &mut Registry) -> Self {
        let sums = SUMS.map(|(name, help)| {
            let sum = Sum::default();
            registry.register(name, help, sum.counter.clone());
            sum
        });
        let charged = Family::<ServiceLabel, Amount>::default();
        registry.register("charged_money", "Money charged, in currency units", charged.clone());
        let grants = Family::<ServiceLabel, Counter>::default();
        registry.register("grants", "Parts of requests by what came of them", grants.clone());
        let open = Family::<ServiceLabel, Gauge>::default();
        registry.register("sessions", "Open sessions", open.clone());
        let reserved = Gauge::<f64, AtomicU64>::default();
        registry.register(
            "reserved_money",
            "Money that sessions hold reserved, in currency units",
            reserved.clone(),
        );
        let horizon =
            gauge(registry, "repeat_horizon_seconds", "For how long back repeats of events are known");
        let queues =
            labelled(registry, "queue_depth", "What waits", "queue", ["parked", "under_way", "reauth"]);
        let asked = Family::<ServiceLabel, Counter>::default();
        registry.register(
            "reauth",
            "Clients asked to re-authorise or abort, by what came of it",
            asked.clone(),
        );
        let sums_of = |command: &str| {
            REAUTH_OUTCOMES.map(|outcome| {
                let labels = vec![("command", command.to_owned()), ("outcome", outcome.to_owned())];
                Sum { counter: asked.get_or_create(&labels).clone(), seen: 0 }
            })
        };
        let (reauthorisations, aborts) = (sums_of("RAR"), sums_of("ASR"));
        let sessions_freed = Family::<Label, Counter>::default();
        registry.register("sessions_freed", "Sessions ended that no client ended", sessions_freed.clone());
        let freed = FREED
            .map(|cause| Sum { counter: sessions_freed.get_or_create(&[("cause", cause)]).clone(), seen: 0 });
        let hosts_restarted = Sum::default();
        registry.register(
            "hosts_restarted",
            "Hosts that have lost their sessions, by their Origin-State-Id",
            hosts_restarted.counter.clone(),
        );
        let store =
            labelled(registry, "store_bytes", "Octets of the store", "part", ["journal", "overlay", "free"]);
        let stalled = gauge(
            registry,
            "store_stalled_seconds",
            "For how long the store thread has stood still; 0 below ten seconds",
        );
        let cache = gauge(registry, "cache_bytes", "Memory that loaded things take, about");
        let modes = Family::<Label, Gauge>::default();
        registry.register("mode", "1 for what is served now", modes.clone());
        let commit = Histogram::new(exponential_buckets(0.000_1, 2.0, 16));
        registry.register("commit_seconds", "Time to make a batch durable", commit.clone());
        let batch = Histogram::new(exponential_buckets(1.0, 2.0, 16));
        registry.register("commit_batch_size", "Records of a batch", batch.clone());
        let journalled = Counter::default();
        registry.register("journal_bytes", "Octets of records journalled", journalled.clone());
        let spool_lost = Counter::default();
        registry.register(
            "spool_lost",
            "Emergencies that the full or failed spool did not take",
            spool_lost.clone(),
        );
        Self {
            sums,
            charged,
            grants,
            open,
            services: BTreeMap::new(),
            reserved,
            horizon,
            queues,
            reauthorisations,
            aborts,
            freed,
            hosts_restarted,
            store,
            stalled,
            cache,
            modes,
            commit,
            batch,
            journalled,
            spool_lost,
        }
    }

    /// A batch was made durable.
    pub fn committed(&self, took: Duration, records: usize, octets: u64) {
        self.commit.observe(took.as_secs_f64());
        self.batch.observe(u32::try_from(records).map_or(f64::MAX, f64::from));
        self.journalled.inc_by(octets);
    }

    /// An emergency found no room in the spool.
    pub fn spool_lost(&self) {
        self.spool_lost.inc();
    }

    /// Takes over the engine's figures.
    pub fn publish(&mut self, figures: &EngineFigures<'_>) {
        let sums = [
            figures.decided,
            figures.repeats,
            figures.contradictions,
            figures.above_grant,
            figures.late_usage,
            figures.overloaded,
            figures.emergencies,
            figures.expired,
            figures.load_failures,
        ];
        for (sum, now) in self.sums.iter_mut().zip(sums) {
            sum.follow(now);
        }
        for service in &figures.services {
            self.publish_service(service);
        }
        self.reserved.set(units(figures.reserved_micros));
        self.horizon.set(level(figures.repeat_horizon_secs));
        let wide = |number: usize| level(u64::try_from(number).unwrap_or(u64::MAX));
        let [parked, under_way, reauth] = &self.queues;
        reauth.set(level(figures.reauth.waiting));
        let ReauthFigures { reauthorisations, aborts, freed, hosts_restarted, .. } = figures.reauth;
        let followed = self.reauthorisations.iter_mut().zip(reauthorisations);
        let followed =
            followed.chain(self.aborts.iter_mut().zip(aborts)).chain(self.freed.iter_mut().zip(freed));
        followed.for_each(|(sum, now)| sum.follow(now));
        self.hosts_restarted.follow(hosts_restarted);
        parked.set(wide(figures.parked));
        under_way.set(wide(figures.under_way));
        let [journal, overlay, free] = &self.store;
        journal.set(level(figures.journal_octets));
        overlay.set(level(figures.overlay_octets));
        free.set(level(figures.free_octets));
        self.stalled.set(level(figures.stalled_secs));
        self.cache.set(wide(figures.cached_octets));
        for mode in MODES {
            self.modes.get_or_create(&[("mode", mode)]).set(i64::from(mode == figures.mode));
        }
    }

    fn publish_service(&mut self, figures: &ServiceFigures<'_>) {
        let Self { services, charged, grants, open, .. } = self;
        let service = services.entry(figures.name.to_owned()).or_insert_with(|| {
            let label = || vec![("service", figures.name.to_owned())];
            let outcome = |word: &str| {
                let labels = vec![("service", figures.name.to_owned()), ("outcome", word.to_owned())];
                Sum { counter: grants.get_or_create(&labels).clone(), seen: 0 }
            };
            Service {
                granted: outcome("granted"),
                last_granted: outcome("last"),
                refused: outcome("refused"),
                limited: outcome("limited"),
                charged: charged.get_or_create(&label()).clone(),
                charged_cents: 0,
                open: open.get_or_create(&label()).clone(),
            }
        });
        service.granted.follow(figures.granted);
        service.last_granted.follow(figures.last_granted);
        service.refused.follow(figures.refused);
        service.limited.follow(figures.limited);
        let more = figures.charged_cents.saturating_sub(service.charged_cents);
        service.charged_cents = service.charged_cents.max(figures.charged_cents);
        service.charged.inc_by(units(level(more.saturating_mul(10_000))));
        service.open.set(level(figures.open));
    }
}

fn gauge(registry: &mut Registry, name: &str, help: &str) -> Gauge {
    let gauge = Gauge::default();
    registry.register(name, help, gauge.clone());
    gauge
}

fn labelled<const N: usize>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    label: &'static str,
    words: [&'static str; N],
) -> [Gauge; N] {
    let family = Family::<Label, Gauge>::default();
    registry.register(name, help, family.clone());
    words.map(|word| family.get_or_create(&[(label, word)]).clone())
}
