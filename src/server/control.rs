//! What operators may ask of a running server, and how it reaches the loop.

use core::time::Duration;
use std::net::SocketAddr;

use tokio::sync::{mpsc, oneshot};

use crate::engine::core::{Command, Outcome, Query};

/// A command or question for the loop, with where its answer goes.
#[derive(Debug)]
pub enum Control {
    /// A change.
    Command(Command, oneshot::Sender<Outcome>),
    /// A question.
    Query(Query, oneshot::Sender<Outcome>),
    /// The peers that are connected.
    Peers(oneshot::Sender<Vec<PeerView>>),
    /// Disconnect a peer; the answer is how many connections it had.
    Disconnect {
        /// Its Origin-Host.
        host: Box<str>,
        /// Where the answer goes.
        reply: oneshot::Sender<usize>,
    },
}

/// A connected peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerView {
    /// Its Origin-Host.
    pub host: Box<str>,
    /// Its realm.
    pub realm: Box<str>,
    /// Its Product-Name.
    pub product: Box<str>,
    /// The profile it is spoken to by.
    pub profile: Box<str>,
    /// Why by that one: `configured`, `Product-Name` or `default`.
    pub because: &'static str,
    /// Where it connects from.
    pub remote: SocketAddr,
    /// Whether the configuration names it.
    pub named: bool,
    /// The state of its connection (RFC 6733 §5.6).
    pub state: String,
    /// The state of its watchdog (RFC 3539 §3.4).
    pub watchdog: String,
    /// Since when it is connected.
    pub connected_for: Duration,
    /// How many requests it has sent.
    pub requests: u64,
}

/// Why a server does not answer an operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the server has ended")]
pub struct Gone;

/// The operators' end of a server.
#[derive(Clone, Debug)]
pub struct Controller {
    sender: mpsc::Sender<Control>,
}

/// Commands and questions that may wait for the loop.
const WAITING: usize = 1_024;

/// Both ends.
pub(super) fn channel() -> (Controller, mpsc::Receiver<Control>) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Controller { sender }, receiver)
}

impl Controller {
    async fn ask<T>(&self, control: impl FnOnce(oneshot::Sender<T>) -> Control) -> Result<T, Gone> {
        let (reply, answer) = oneshot::channel();
        self.sender.send(control(reply)).await.map_err(|_| Gone)?;
        answer.await.map_err(|_| Gone)
    }

    /// Carries out a change.
    pub async fn command(&self, command: Command) -> Result<Outcome, Gone> {
        self.ask(|reply| Control::Command(command, reply)).await
    }

    /// Asks a question.
    pub async fn query(&self, query: Query) -> Result<Outcome, Gone> {
        self.ask(|reply| Control::Query(query, reply)).await
    }

    /// The peers that are connected.
    pub async fn peers(&self) -> Result<Vec<PeerView>, Gone> {
        self.ask(Control::Peers).await
    }

    /// Disconnects a peer; says how many connections it had.
    pub async fn disconnect(&self, host: &str) -> Result<usize, Gone> {
        self.ask(|reply| Control::Disconnect { host: host.into(), reply }).await
    }
}
