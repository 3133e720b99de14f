//! A peer.

use serde::{Deserialize, Serialize};

use super::Form;
use crate::engine::control::PeerView;

/// A peer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Peer {
    /// Its Origin-Host.
    pub host: String,
    /// Its Origin-Realm.
    pub realm: String,
    /// Where it connects from.
    pub address: String,
    /// Its Product-Name.
    pub product: String,
    /// The profile it is spoken to by.
    pub profile: String,
    /// Why by that one: `configured`, `product name`, `default`.
    pub because: String,
    /// The state of its connection.
    pub state: String,
    /// Since when.
    pub since: Option<String>,
    /// Requests that it sent.
    pub requests: u64,
}

/// All peers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Page {
    /// The peers.
    pub peers: Vec<Peer>,
}

impl Peer {
    /// As operators see it.
    pub fn of(peer: &PeerView, form: &Form) -> Self {
        Self {
            host: peer.host.as_ref().into(),
            realm: peer.realm.as_ref().into(),
            address: peer.address.as_ref().into(),
            product: peer.product.as_ref().into(),
            profile: peer.profile.as_ref().into(),
            because: peer.because.as_ref().into(),
            state: peer.state.as_ref().into(),
            since: peer.since.map(|at| form.time(at)),
            requests: peer.requests,
        }
    }
}
