//! Figures of a running server, in the OpenMetrics text format. Handles are resolved once: what happens for every
//! request is one addition to a number.

mod engine;
mod outbox;
mod server;

use prometheus_client::encoding::text::encode;
pub use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
pub use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

pub use engine::{
    BillingFigures, EngineFigures, EngineMetrics, REAUTH_OUTCOMES, ReauthFigures, ServiceFigures,
};
pub use outbox::{OutboxMetrics, SinkMetrics};
pub use server::{CcrLabels, MessageLabels, PeerState, ServerMetrics};

/// The registry, and the figures of each part.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// The engine's.
    pub engine: EngineMetrics,
    /// The network side's.
    pub server: ServerMetrics,
    /// What is delivered to others.
    pub outbox: OutboxMetrics,
    reload: Gauge,
}

impl Metrics {
    /// All figures, at nothing. `version` and `commit` say what was built.
    pub fn new(version: &str, commit: &str) -> Self {
        let mut registry = Registry::with_prefix("gyro");
        let engine = EngineMetrics::register(&mut registry);
        let server = ServerMetrics::register(&mut registry);
        let outbox = OutboxMetrics::register(&mut registry);
        let reload = Gauge::default();
        reload.set(1);
        registry.register(
            "config_reload_success",
            "1 where the last reading of configuration and tariffs succeeded, else 0",
            reload.clone(),
        );
        let build = Family::<Vec<(String, String)>, Gauge>::default();
        let labels =
            vec![("version".to_owned(), version.to_owned()), ("commit".to_owned(), commit.to_owned())];
        build.get_or_create(&labels).set(1);
        registry.register("build_info", "What was built; always 1", build);
        Self { registry, engine, server, outbox, reload }
    }

    /// The last reading of configuration and tariffs succeeded, or did not.
    pub fn reloaded(&self, success: bool) {
        self.reload.set(i64::from(success));
    }

    /// All figures as text.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing into a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Money of a figure in currency units.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    reason = "figures are binary floating point by their format; no amount is computed from them"
)]
fn units(micros: i64) -> f64 {
    micros as f64 / 1_000_000.0
}

/// A number as a gauge holds it.
fn level(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    fn figures() -> EngineFigures<'static> {
        EngineFigures {
            decided: 5,
            repeats: 2,
            contradictions: 1,
            above_grant: 0,
            late_usage: 3,
            overloaded: 0,
            emergencies: 4,
            expired: 0,
            load_failures: 0,
            billing: BillingFigures::default(),
            sessions: 7,
            parked: 1,
            under_way: 9,
            reserved_micros: 12_500_000,
            repeat_horizon_secs: 259_200,
            cached_octets: 10,
            journal_octets: 11,
            overlay_octets: 12,
            stalled_secs: 14,
            free_octets: 13,
            mode: "ready",
            reauth: ReauthFigures {
                reauthorisations: [9, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3],
                aborts: [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                freed: [5, 6, 7],
                hosts_restarted: 8,
                waiting: 12,
            },
            services: vec![ServiceFigures {
                name: "data",
                granted: 3,
                last_granted: 1,
                refused: 2,
                limited: 4,
                charged_cents: 1_118,
                open: 2,
            }],
        }
    }

    #[test]
    fn the_names_that_scripts_rest_on_are_there() {
        let mut metrics = Metrics::new("0.1.0", "abc");
        metrics.engine.publish(&figures());
        metrics.engine.publish(&figures());
        metrics.engine.committed(Duration::from_micros(300), 4, 512);
        let message = metrics.server.message(&MessageLabels {
            app: "4",
            command: "CCR",
            kind: "initial",
            result: "2001".into(),
            peer: "unknown".into(),
        });
        message.inc();
        metrics.server.ccr(&CcrLabels { service: "data".into(), kind: "update" }).observe(0.001);
        metrics.server.parse_error("length").inc();
        metrics.server.peers(PeerState::Open).set(2);
        let text = metrics.encode();
        for line in [
            "gyro_duplicates_total 2",
            "gyro_late_usage_total 3",
            "gyro_emergency_grants_total 4",
            "gyro_reserved_money 12.5",
            "gyro_charged_money_total{service=\"data\"} 11.18",
            "gyro_sessions{service=\"data\"} 2",
            "gyro_grants_total{service=\"data\",outcome=\"granted\"} 3",
            "gyro_grants_total{service=\"data\",outcome=\"refused\"} 2",
            "gyro_grants_total{service=\"data\",outcome=\"limited\"} 4",
            "gyro_queue_depth{queue=\"parked\"} 1",
            "gyro_queue_depth{queue=\"reauth\"} 12",
            "gyro_reauth_total{command=\"RAR\",outcome=\"sent\"} 9",
            "gyro_reauth_total{command=\"RAR\",outcome=\"dropped\"} 3",
            "gyro_reauth_total{command=\"ASR\",outcome=\"sent\"} 4",
            "gyro_sessions_freed_total{cause=\"host_restarted\"} 5",
            "gyro_sessions_freed_total{cause=\"not_aborted\"} 7",
            "gyro_hosts_restarted_total 8",
            "gyro_repeat_horizon_seconds 259200",
            "gyro_journal_bytes_total 512",
            "gyro_store_bytes{part=\"journal\"} 11",
            "gyro_store_stalled_seconds 14",
            "gyro_commit_seconds_count 1",
            "gyro_commit_batch_size_sum 4.0",
            "gyro_diameter_messages_total{app=\"4\",command=\"CCR\",type=\"initial\",result=\"2001\",peer=\"unknown\"} 1",
            "gyro_ccr_duration_seconds_count{service=\"data\",type=\"update\"} 1",
            "gyro_parse_errors_total{reason=\"length\"} 1",
            "gyro_peers{state=\"open\"} 2",
            "gyro_config_reload_success 1",
            "gyro_build_info{version=\"0.1.0\",commit=\"abc\"} 1",
            "# EOF",
        ] {
            assert!(text.lines().any(|of| of == line), "{line} is missing in\n{text}");
        }
    }
}
