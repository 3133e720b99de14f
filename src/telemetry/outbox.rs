//! What is delivered to others: notices and charging data records, by sink.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::level;

type Label = [(&'static str, &'static str); 1];

/// The figures of all sinks.
#[derive(Clone, Debug, Default)]
pub struct OutboxMetrics {
    delivered: Family<Label, Counter>,
    failures: Family<Label, Counter>,
    lost: Family<Label, Counter>,
    waiting: Family<Label, Gauge>,
    behind: Family<Label, Gauge>,
}

/// The figures of one sink.
#[derive(Clone, Debug)]
pub struct SinkMetrics {
    /// Records delivered since the start.
    pub delivered: Counter,
    /// Attempts that failed.
    pub failures: Counter,
    /// Records given up, or not there any more.
    pub lost: Counter,
    waiting: Gauge,
    behind: Gauge,
}

impl OutboxMetrics {
    /// Figures in a registry.
    pub(super) fn register(registry: &mut Registry) -> Self {
        let all = Self::default();
        registry.register("outbox_delivered", "Records delivered to a sink", all.delivered.clone());
        registry.register(
            "outbox_failures",
            "Deliveries to a sink that failed and are tried again",
            all.failures.clone(),
        );
        registry.register("outbox_lost", "Records that a sink does not get any more", all.lost.clone());
        registry.register("outbox_waiting", "Records in hand for a sink", all.waiting.clone());
        registry.register("outbox_behind", "Batches that a sink has not seen", all.behind.clone());
        all
    }

    /// The figures of a sink.
    pub fn sink(&self, name: &'static str) -> SinkMetrics {
        let label = [("sink", name)];
        SinkMetrics {
            delivered: self.delivered.get_or_create(&label).clone(),
            failures: self.failures.get_or_create(&label).clone(),
            lost: self.lost.get_or_create(&label).clone(),
            waiting: self.waiting.get_or_create(&label).clone(),
            behind: self.behind.get_or_create(&label).clone(),
        }
    }
}

impl SinkMetrics {
    /// So many records are in hand, and so many batches were not seen.
    pub fn waits(&self, records: usize, batches: u64) {
        self.waiting.set(i64::try_from(records).unwrap_or(i64::MAX));
        self.behind.set(level(batches));
    }
}
