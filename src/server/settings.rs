//! What a server is made with: values only, checked by whoever read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, watch};

use super::clock::Clock;
use super::hub::Parts;
use super::seeds::Seeds;
use crate::diameter::base::local::{Identity, LocalNode};
use crate::diameter::dictionary::Dictionary;
use crate::diameter::parse::Limits as MessageLimits;
use crate::diameter::peer::ids::EndToEndIds;
use crate::diameter::peer::limits::Limits as PeerLimits;
use crate::diameter::peer::machine::Config;
use crate::diameter::peer::registry::Registry;
use crate::diameter::peer::roster::{NamedPeer, Roster, UnknownPeers};
use crate::engine::control::Mode;
use crate::engine::run::Engine;
use crate::ro::cca::Failures;
use crate::ro::profile::Profiles;
use crate::telemetry::ServerMetrics;

/// A gateway that the operator has named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gateway {
    /// Who it is and where it may come from.
    pub peer: NamedPeer,
    /// The profile it is spoken to by; none to go by its Product-Name.
    pub profile: Option<Box<str>>,
    /// The most sessions and events it may begin a second.
    pub max_rate: Option<u64>,
}

/// What a server is made with.
pub struct Settings {
    /// The machine's clocks.
    pub clock: Clock,
    /// Who we are; its Origin-State-Id is that of the store, once it is open.
    pub node: LocalNode,
    /// What clients are told to do while nobody answers.
    pub failures: Failures,
    /// Deadlines and bounds of a connection.
    pub peer_limits: PeerLimits,
    /// Bounds of a message.
    pub message_limits: MessageLimits,
    /// Gateways that are named.
    pub gateways: Vec<Gateway>,
    /// What holds for all others.
    pub unknown_peers: UnknownPeers,
    /// The most connections at a time.
    pub connections: usize,
    /// Requests of one connection that may wait.
    pub pending: usize,
    /// What AVPs are.
    pub dictionary: Arc<Dictionary>,
    /// How clients are spoken to.
    pub profiles: Profiles,
    /// The engine; its threads notify `notices`.
    pub engine: Engine,
    /// Notified by the engine's threads.
    pub notices: Arc<Notify>,
    /// Where it is shown what is served.
    pub mode: watch::Sender<Mode>,
    /// A failed store ends the server, instead of emergencies being served on.
    pub failure_ends: bool,
    /// A random number.
    pub seed: u64,
    /// Where the figures go.
    pub metrics: ServerMetrics,
}

impl Settings {
    pub(super) fn into_parts(self) -> Parts {
        let mut seeds = Seeds::new(self.seed);
        let assigned = |gateway: &Gateway| Some((gateway.peer.host.clone(), gateway.profile.clone()?));
        let assigned: BTreeMap<Identity, Box<str>> = self.gateways.iter().filter_map(assigned).collect();
        let rate = |gateway: &Gateway| Some((gateway.peer.host.as_str().into(), gateway.max_rate?));
        let rates = self.gateways.iter().filter_map(rate).collect();
        let named = self.gateways.iter().map(|gateway| gateway.peer.host.clone()).collect();
        let roster = Roster::new(self.gateways.into_iter().map(|gateway| gateway.peer), self.unknown_peers);
        let registry = Registry::new(self.node.host.clone(), roster);
        let end_to_end = EndToEndIds::new(self.clock.now().wall, seeds.next());
        Parts {
            clock: self.clock,
            peers: Arc::new(Config { node: self.node, limits: self.peer_limits, end_to_end }),
            registry,
            failures: self.failures,
            dictionary: self.dictionary,
            limits: self.message_limits,
            profiles: self.profiles,
            assigned,
            rates,
            named,
            connections: self.connections,
            pending: self.pending,
            engine: self.engine,
            notices: self.notices,
            mode: self.mode,
            failure_ends: self.failure_ends,
            seeds,
            metrics: self.metrics,
        }
    }
}
