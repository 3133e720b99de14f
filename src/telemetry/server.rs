//! The network side's figures. Handles of labels are asked for once and kept where they are used; a label never holds
//! a subscriber or a session, and peers that are not configured are all `unknown`.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// What a message was, and what came of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MessageLabels {
    /// The application's number.
    pub app: &'static str,
    /// The command's short name.
    pub command: &'static str,
    /// The kind of request, or nothing.
    pub kind: &'static str,
    /// The result code of the answer.
    pub result: String,
    /// The configured peer's name, or `unknown`.
    pub peer: String,
}

impl EncodeLabelSet for MessageLabels {
    fn encode(
        &self,
        encoder: &mut prometheus_client::encoding::LabelSetEncoder<'_>,
    ) -> Result<(), std::fmt::Error> {
        let Self { app, command, kind, result, peer } = self;
        [
            ("app", *app),
            ("command", *command),
            ("type", *kind),
            ("result", result.as_str()),
            ("peer", peer.as_str()),
        ]
        .encode(encoder)
    }
}

/// Which requests a duration is of.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CcrLabels {
    /// The service.
    pub service: String,
    /// The kind of request.
    pub kind: &'static str,
}

impl EncodeLabelSet for CcrLabels {
    fn encode(
        &self,
        encoder: &mut prometheus_client::encoding::LabelSetEncoder<'_>,
    ) -> Result<(), std::fmt::Error> {
        [("service", self.service.as_str()), ("type", self.kind)].encode(encoder)
    }
}

/// The state of a peer's connection, as far as it is counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PeerState {
    /// Capabilities are being exchanged.
    Opening,
    /// Requests are served.
    Open,
    /// The watchdog has had no answer.
    Suspect,
    /// It is being disconnected.
    Closing,
}

impl PeerState {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Opening, "opening"),
        (Self::Open, "open"),
        (Self::Suspect, "suspect"),
        (Self::Closing, "closing"),
    ];
}

type Label = [(&'static str, &'static str); 1];

/// The network side's figures.
#[derive(Clone, Debug)]
pub struct ServerMetrics {
    messages: Family<MessageLabels, Counter>,
    durations: Family<CcrLabels, Histogram>,
    parse_errors: Family<Label, Counter>,
    peers: [Gauge; 4],
}

fn durations() -> Histogram {
    Histogram::new(exponential_buckets(0.000_1, 2.0, 16))
}

impl ServerMetrics {
    /// Figures in a registry.
    pub(super) fn register(registry: &mut Registry) -> Self {
        let messages = Family::<MessageLabels, Counter>::default();
        registry.register("diameter_messages", "Messages by what came of them", messages.clone());
        let durations = Family::<CcrLabels, Histogram>::new_with_constructor(durations);
        registry.register("ccr_duration_seconds", "From a whole request to its answer", durations.clone());
        let parse_errors = Family::<Label, Counter>::default();
        registry.register("parse_errors", "Messages that could not be read", parse_errors.clone());
        let states = Family::<Label, Gauge>::default();
        registry.register("peers", "Connections by their state", states.clone());
        let peers = PeerState::ALL.map(|(_, word)| states.get_or_create(&[("state", word)]).clone());
        Self { messages, durations, parse_errors, peers }
    }

    /// The counter of messages of these labels: to be kept.
    pub fn message(&self, labels: &MessageLabels) -> Counter {
        self.messages.get_or_create(labels).clone()
    }

    /// The durations of requests of these labels: to be kept.
    pub fn ccr(&self, labels: &CcrLabels) -> Histogram {
        self.durations.get_or_create(labels).clone()
    }

    /// The counter of messages that could not be read for this reason: to be kept.
    pub fn parse_error(&self, reason: &'static str) -> Counter {
        self.parse_errors.get_or_create(&[("reason", reason)]).clone()
    }

    /// How many connections are in a state.
    pub fn peers(&self, state: PeerState) -> &Gauge {
        let [opening, open, suspect, closing] = &self.peers;
        match state {
            PeerState::Opening => opening,
            PeerState::Open => open,
            PeerState::Suspect => suspect,
            PeerState::Closing => closing,
        }
    }
}
