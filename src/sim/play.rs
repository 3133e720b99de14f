//! An actor over a connection: what it says is sent, what comes is handed to it, step by step, so that its owner can
//! look on.

use core::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use super::actor::{Actor, Demanded, Next, Outgoing};
use super::gateway::{Gateway, GatewayError, Ids, Who};
use super::objection::Objection;
use super::tap::NoTap;
use crate::diameter::base::local::Identity;
use crate::diameter::data::DataError;
use crate::diameter::dictionary::Dictionary;
use crate::diameter::header::{EndToEnd, HopByHop};
use crate::diameter::message::Message;

/// What is to be lost of the next request, and the connection with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loss {
    /// The request.
    Request,
    /// Its answer.
    Answer,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A request was sent.
    Sent(Box<Outgoing>, Bytes),
    /// Its answer came and was accepted.
    Answered(Box<Outgoing>, Message),
    /// The server asked for something by itself, and that was answered, or not.
    Demanded(Message, Demanded),
    /// A request or its answer was lost, and the connection with it.
    Lost(Box<Outgoing>, Loss),
    /// There is nothing more to do.
    Rest,
}

/// Why it cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The connection failed.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The client does not accept an answer.
    #[error("the client does not accept this answer: {0}")]
    Objection(#[from] Objection),
    /// There is no connection.
    #[error("there is no connection: a step `reconnect` makes one")]
    NotConnected,
    /// A name that is none.
    #[error("{name:?} is no Diameter identity: {error}")]
    Identity {
        /// The name.
        name: Box<str>,
        /// What is wrong with it.
        error: DataError,
    },
}

/// An actor over a connection.
pub struct Play {
    actor: Actor,
    server: SocketAddr,
    dictionary: Arc<Dictionary>,
    gateway: Option<Gateway>,
    waiting: Vec<(Ids, Outgoing)>,
    loss: Option<Loss>,
    next: u32,
}

impl core::fmt::Debug for Play {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Play").field("actor", &self.actor).finish_non_exhaustive()
    }
}

impl Play {
    /// For a server; `seed` makes identifiers. It is not connected yet.
    pub fn new(actor: Actor, server: SocketAddr, dictionary: Arc<Dictionary>, seed: u32) -> Self {
        Self { actor, server, dictionary, gateway: None, waiting: Vec::new(), loss: None, next: seed }
    }

    /// The actor.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The actor, to be told what to do.
    pub const fn actor_mut(&mut self) -> &mut Actor {
        &mut self.actor
    }

    /// Whether there is a connection.
    pub const fn is_connected(&self) -> bool {
        self.gateway.is_some()
    }

    /// Connects; the connection that was there is gone.
    pub async fn connect(&mut self) -> Result<(), PlayError> {
        self.gateway = None;
        let identity = |name: &str| {
            Identity::new(name).map_err(|error| PlayError::Identity { name: name.into(), error })
        };
        let me = self.actor.who();
        let who = Who {
            host: identity(&me.host)?,
            realm: identity(&me.realm)?,
            product: self.actor.make().manners().product.into(),
        };
        self.next = self.next.wrapping_add(1 << 16);
        let seed = u64::from(self.next);
        let gateway =
            Gateway::connect(self.server, who, Arc::clone(&self.dictionary), seed, Box::new(NoTap)).await?;
        if let Some((host, realm)) = gateway.server() {
            self.actor.meet(host, realm);
        }
        self.gateway = Some(gateway);
        Ok(())
    }

    /// Of the next request something is lost.
    pub const fn lose(&mut self, loss: Loss) {
        self.loss = Some(loss);
    }

    /// Does the next thing.
    pub async fn step(&mut self) -> Result<Event, PlayError> {
        if let Some(gateway) = self.gateway.as_mut().filter(|gateway| gateway.has_demand()) {
            let demand = gateway.demand().await?;
            return self.answer_demand(demand).await;
        }
        if self.gateway.is_none() {
            // what waits can only be sent again over another connection
            return Err(PlayError::NotConnected);
        }
        match self.actor.step() {
            Next::Rest => Ok(Event::Rest),
            Next::Send(outgoing) => self.send(outgoing).await,
            Next::Await => self.receive().await,
        }
    }

    /// Waits until the server asks for something by itself.
    pub async fn hear(&mut self) -> Result<Event, PlayError> {
        let gateway = self.gateway.as_mut().ok_or(PlayError::NotConnected)?;
        let demand = gateway.demand().await?;
        self.answer_demand(demand).await
    }

    /// Says good-bye.
    pub async fn disconnect(&mut self) -> Result<(), PlayError> {
        if let Some(gateway) = self.gateway.take() {
            gateway.disconnect().await?;
        }
        Ok(())
    }

    async fn answer_demand(&mut self, demand: Message) -> Result<Event, PlayError> {
        let demanded = self.actor.demanded(&demand);
        if let (Some(reply), Some(gateway)) = (&demanded.reply, &mut self.gateway) {
            gateway.send_octets(reply.clone()).await?;
        }
        Ok(Event::Demanded(demand, demanded))
    }

    async fn send(&mut self, outgoing: Box<Outgoing>) -> Result<Event, PlayError> {
        self.next = self.next.wrapping_add(1);
        let ids = Ids { hop_by_hop: HopByHop::new(self.next), end_to_end: EndToEnd::new(self.next) };
        if self.loss == Some(Loss::Request) {
            return Ok(self.break_off(outgoing, Loss::Request));
        }
        let octets = outgoing.octets(ids.hop_by_hop, ids.end_to_end);
        let gateway = self.gateway.as_mut().ok_or(PlayError::NotConnected)?;
        gateway.send_octets(octets.clone()).await?;
        self.waiting.push((ids, (*outgoing).clone()));
        Ok(Event::Sent(outgoing, octets))
    }

    async fn receive(&mut self) -> Result<Event, PlayError> {
        let gateway = self.gateway.as_mut().ok_or(PlayError::NotConnected)?;
        let Some((ids, outgoing)) = self.waiting.first().cloned() else { return Ok(Event::Rest) };
        let message = gateway.answer(ids).await?;
        self.waiting.retain(|(waiting, _)| *waiting != ids);
        let outgoing = Box::new(outgoing);
        if self.loss == Some(Loss::Answer) {
            return Ok(self.break_off(outgoing, Loss::Answer));
        }
        self.actor.answered(outgoing.token, &message)?;
        Ok(Event::Answered(outgoing, message))
    }

    fn break_off(&mut self, outgoing: Box<Outgoing>, loss: Loss) -> Event {
        self.gateway = None;
        self.loss = None;
        self.waiting.clear();
        self.actor.lost();
        Event::Lost(outgoing, loss)
    }
}
