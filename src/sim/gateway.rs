//! A gateway: one connection to a server, over which credit-control requests go one at a time or many at once.
//!
//! The peer machine does CER, DWR and DPR; requests are written as they are, with identifiers of the caller's
//! choice where it wants to send one again.

use core::net::SocketAddr;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::tap::{Direction, Tap};
use crate::diameter::base::disconnect::DisconnectCause;
use crate::diameter::base::local::{Application, Identity, LocalNode};
use crate::diameter::dictionary::Dictionary;
use crate::diameter::encode::EncodeError;
use crate::diameter::frame::{self, Cut, FrameError};
use crate::diameter::header::{ApplicationId, CommandCode, EndToEnd, HopByHop};
use crate::diameter::message::Message;
use crate::diameter::parse::{self, Limits as MessageLimits};
use crate::diameter::peer::event::{Command, PeerEvent, Reason};
use crate::diameter::peer::ids::EndToEndIds;
use crate::diameter::peer::limits::Limits;
use crate::diameter::peer::machine::{Config, Machine};
use crate::diameter::result_code::ResultCode;
use crate::ro::ccr::Ccr;
use crate::ro::reauth::{Demand, Reply};
use crate::time::{Monotonic, Timestamp};

/// How long a gateway waits for an answer: Tx of RFC 8506 §13.
pub const TX: Duration = Duration::from_secs(10);

/// Who a gateway says that it is.
#[derive(Clone, Debug)]
pub struct Who {
    /// Its Origin-Host.
    pub host: Identity,
    /// Its Origin-Realm.
    pub realm: Identity,
    /// Its Product-Name.
    pub product: Box<str>,
}

/// Why a gateway gave up.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The transport failed.
    #[error("the connection failed: {0}")]
    Transport(#[from] std::io::Error),
    /// The server closed the connection, or refused it.
    #[error("the connection was closed: {0}")]
    Closed(Reason),
    /// What came cannot be cut into messages.
    #[error("the server's stream is broken: {0}")]
    Frame(#[from] FrameError),
    /// No answer came in time.
    #[error("no answer came within {} s", TX.as_secs())]
    Timeout,
    /// The request cannot be written.
    #[error("the request cannot be written: {0}")]
    Encode(#[from] EncodeError),
}

/// The identifiers that a request was sent with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ids {
    /// Hop-by-hop.
    pub hop_by_hop: HopByHop,
    /// End-to-end.
    pub end_to_end: EndToEnd,
}

/// A gateway that is connected.
pub struct Gateway {
    stream: TcpStream,
    ends: (SocketAddr, SocketAddr),
    machine: Machine,
    dictionary: Arc<Dictionary>,
    start: Instant,
    input: BytesMut,
    output: BytesMut,
    who: (Identity, Identity),
    answers: BTreeMap<u32, Message>,
    /// Requests of the server's that nobody has taken yet.
    demands: VecDeque<Message>,
    next: u32,
    tap: Box<dyn Tap + Send>,
}

impl Gateway {
    /// Connects and exchanges capabilities. `seed` makes its identifiers.
    pub async fn connect(
        server: SocketAddr,
        who: Who,
        dictionary: Arc<Dictionary>,
        seed: u64,
        tap: Box<dyn Tap + Send>,
    ) -> Result<Self, GatewayError> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let ends = (stream.local_addr()?, stream.peer_addr()?);
        let node = LocalNode {
            product: who.product,
            origin_state_id: None,
            applications: vec![Application::credit_control_client()],
            ..LocalNode::charging_server(who.host.clone(), who.realm.clone(), 1)
        };
        let end_to_end = EndToEndIds::new(Timestamp::EPOCH, seed);
        let config = Arc::new(Config { node, limits: Limits::DEFAULT, end_to_end });
        let now = Monotonic::from_micros(0);
        let mut machine = Machine::connect(config, None, server.ip(), seed, now);
        machine.handle_connected(ends.0.ip(), now);
        let next = u32::try_from(seed & 0x7fff_ffff).unwrap_or(1);
        let mut gateway = Self {
            stream,
            ends,
            machine,
            dictionary,
            start: Instant::now(),
            input: BytesMut::new(),
            output: BytesMut::new(),
            who: (who.host, who.realm),
            answers: BTreeMap::new(),
            demands: VecDeque::new(),
            next,
            tap,
        };
        gateway.until_open().await?;
        Ok(gateway)
    }

    fn now(&self) -> Monotonic {
        Monotonic::from_micros(0).plus(self.start.elapsed())
    }

    /// Our end of the connection, and the server's.
    pub const fn ends(&self) -> (SocketAddr, SocketAddr) {
        self.ends
    }

    /// The server's Origin-Host and Origin-Realm, as its CEA says.
    pub fn server(&self) -> Option<(&str, &str)> {
        self.machine.peer().map(|peer| (peer.host.as_str(), peer.realm.as_str()))
    }

    async fn until_open(&mut self) -> Result<(), GatewayError> {
        loop {
            while let Some(event) = self.machine.poll_event() {
                match event {
                    PeerEvent::Up(_) => return Ok(()),
                    PeerEvent::Close { reason } => return Err(GatewayError::Closed(reason)),
                    _ => {}
                }
            }
            self.flush().await?;
            self.receive(Instant::now() + TX).await?;
        }
    }

    /// Sends a request with fresh identifiers and says which.
    pub async fn send(&mut self, ccr: &Ccr<'_>) -> Result<Ids, GatewayError> {
        self.next = self.next.wrapping_add(1);
        let ids = Ids { hop_by_hop: HopByHop::new(self.next), end_to_end: EndToEnd::new(self.next) };
        self.send_as(ccr, ids).await?;
        Ok(ids)
    }

    /// Sends a request with these identifiers.
    pub async fn send_as(&mut self, ccr: &Ccr<'_>, ids: Ids) -> Result<(), GatewayError> {
        let mut octets = BytesMut::new();
        ccr.write(&mut octets, ids.hop_by_hop, ids.end_to_end)?;
        self.send_octets(octets.freeze()).await
    }

    /// Sends octets as they are: what a standard-conforming client would not say, too.
    pub async fn send_octets(&mut self, octets: Bytes) -> Result<(), GatewayError> {
        self.flush().await?;
        self.tap.message(Direction::Sent, self.ends.0, self.ends.1, &octets);
        self.stream.write_all(&octets).await?;
        Ok(())
    }

    /// Waits for the answer to a request.
    pub async fn answer(&mut self, ids: Ids) -> Result<Message, GatewayError> {
        let deadline = Instant::now() + TX;
        loop {
            if let Some(answer) = self.answers.remove(&ids.hop_by_hop.get()) {
                return Ok(answer);
            }
            self.receive(deadline).await?;
            self.flush().await?;
        }
    }

    /// Sends a request and waits for its answer.
    pub async fn call(&mut self, ccr: &Ccr<'_>) -> Result<Message, GatewayError> {
        let ids = self.send(ccr).await?;
        self.answer(ids).await
    }

    /// Waits until the server asks for something: a RAR or an ASR, to be read with [`Demand::read`].
    pub async fn demand(&mut self) -> Result<Message, GatewayError> {
        let deadline = Instant::now() + TX;
        loop {
            if let Some(demand) = self.demands.pop_front() {
                return Ok(demand);
            }
            self.receive(deadline).await?;
            self.flush().await?;
        }
    }

    /// Whether the server has asked for something that nobody has taken yet.
    pub fn has_demand(&self) -> bool {
        !self.demands.is_empty()
    }

    /// Answers what the server has asked for.
    pub async fn reply(&mut self, demand: &Message, result_code: ResultCode) -> Result<(), GatewayError> {
        let mut octets = BytesMut::new();
        let (host, realm) = &self.who;
        let session_id = Demand::read(demand).ok().map(|demand| demand.session_id);
        let reply = Reply { session_id, ..Reply::new(result_code, host.as_str(), realm.as_str()) };
        reply.write(&mut octets, demand)?;
        self.send_octets(octets.freeze()).await
    }

    /// The socket alone, once capabilities are exchanged: for those who write and read octets themselves.
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Says good-bye and waits until the server has said it too.
    pub async fn disconnect(mut self) -> Result<(), GatewayError> {
        let now = self.now();
        self.machine.handle_command(Command::Stop { cause: DisconnectCause::Rebooting }, now);
        let deadline = Instant::now() + TX;
        loop {
            self.flush().await?;
            while let Some(event) = self.machine.poll_event() {
                if matches!(event, PeerEvent::Close { .. }) {
                    return Ok(());
                }
            }
            self.receive(deadline).await?;
        }
    }

    /// Reads once and hands on every message that is there.
    async fn receive(&mut self, deadline: Instant) -> Result<(), GatewayError> {
        self.input.reserve(16 * 1024);
        let read = timeout_at(deadline, self.stream.read_buf(&mut self.input));
        if read.await.map_err(|_| GatewayError::Timeout)?? == 0 {
            self.machine.handle_transport_closed();
            return Err(GatewayError::Closed(Reason::TransportClosed));
        }
        while let Cut::Message(octets) = frame::cut(&mut self.input, parse::MESSAGE_OCTETS)? {
            self.tap.message(Direction::Received, self.ends.0, self.ends.1, &octets);
            let message = parse::parse(octets, &MessageLimits::DEFAULT, self.dictionary.as_ref())?;
            let header = message.header();
            let is_request = header.flags.is_request();
            let is_demand = header.application == ApplicationId::CREDIT_CONTROL
                && matches!(header.command, CommandCode::RE_AUTH | CommandCode::ABORT_SESSION);
            if header.command == CommandCode::CREDIT_CONTROL && !is_request {
                self.answers.insert(header.hop_by_hop.get(), message);
            } else if is_demand && is_request {
                self.demands.push_back(message);
            } else {
                let now = self.now();
                self.machine.handle_message(message, now);
            }
        }
        Ok(())
    }

    /// Writes what the peer machine has to say.
    async fn flush(&mut self) -> Result<(), GatewayError> {
        if self.machine.poll_transmit(&mut self.output) {
            let mut output = self.output.split();
            while let Cut::Message(octets) = frame::cut(&mut output, parse::MESSAGE_OCTETS)? {
                self.tap.message(Direction::Sent, self.ends.0, self.ends.1, &octets);
                self.stream.write_all(&octets).await?;
            }
        }
        Ok(())
    }
}
