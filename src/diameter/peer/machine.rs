//! One transport connection, from its first octet to its last (RFC 6733 §5).
//!
//! A responder and an initiator differ until they are open, and are the same from then on. The row of the table in
//! §5.6 stands above what it asks for; `machine/handshake.rs` has those before the open states,
//! `machine/open.rs` those of R-Open, I-Open and Closing.

use core::net::IpAddr;
use std::collections::VecDeque;
use std::sync::Arc;

use bytes::BytesMut;

use super::event::{Command, Notice, Order, PeerEvent, Reason, Role};
use super::ids::{EndToEndIds, HopByHopIds, Jitter};
use super::limits::Limits;
use super::pending::{Pending, Tag, Waiting};
use super::timer::{Timer, Timers};
use super::watchdog::{Watchdog, WatchdogActions, WatchdogEvent, WatchdogState};
use crate::diameter::base::capabilities::Capabilities;
use crate::diameter::base::error_answer::{self, Refusal};
use crate::diameter::base::local::{Identity, LocalNode};
use crate::diameter::encode::{EncodeError, Encoder};
use crate::diameter::frame::FrameError;
use crate::diameter::header::{ApplicationId, CommandCode, CommandFlags, EndToEnd, Header, HopByHop};
use crate::diameter::message::Message;
use crate::time::Monotonic;

mod handshake;
mod open;

/// What all connections of a node share.
#[derive(Debug)]
pub struct Config {
    /// Who we are.
    pub node: LocalNode,
    /// Deadlines and bounds.
    pub limits: Limits,
    /// End-to-End Identifiers: one source for all connections.
    pub end_to_end: EndToEndIds,
}

/// Where a connection stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Phase {
    /// An initiator without transport connection.
    WaitConnAck,
    /// An initiator that has sent CER.
    WaitCea,
    /// A responder that waits for CER.
    WaitCer,
    /// A responder that has CER and waits for an order of the registry.
    Introduced,
    /// Open.
    Open,
    /// A DPR was sent or received.
    Closing,
    /// Over.
    Closed,
}

enum State {
    WaitConnAck {
        expected: Option<Identity>,
    },
    WaitCea {
        expected: Option<Identity>,
        cer: HopByHop,
    },
    WaitCer,
    Introduced {
        cer: Header,
        peer: Box<Capabilities>,
        applications: Vec<ApplicationId>,
        backlog: VecDeque<Message>,
    },
    Open(Box<Opened>),
    Closing {
        /// Why the connection ends.
        reason: Reason,
    },
    Closed,
}

/// What is known of an open connection.
struct Opened {
    peer: Capabilities,
    applications: Vec<ApplicationId>,
}

/// A request of ours, but for its AVPs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// What we call it; it comes back with the answer.
    pub tag: Tag,
    /// Its command.
    pub command: CommandCode,
    /// Its application; it must be agreed on with the peer.
    pub application: ApplicationId,
    /// When it is given up.
    pub deadline: Monotonic,
    /// The identifier of the first try, for a request that is sent again: it goes out with the T bit.
    pub again: Option<EndToEnd>,
}

/// Why a request of ours was not sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SendError {
    /// The connection is not open.
    #[error("the connection is not open")]
    NotOpen,
    /// The peer does not have this application.
    #[error("the application was not agreed on with the peer")]
    NotAgreed,
    /// Too many requests wait for an answer, or too many octets for the socket.
    #[error("too many requests wait on this connection")]
    Full,
    /// It cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// One transport connection.
pub struct Machine {
    config: Arc<Config>,
    role: Role,
    local: Option<IpAddr>,
    remote: IpAddr,
    state: State,
    timers: Timers,
    watchdog: Watchdog,
    hop_by_hop: HopByHopIds,
    pending: Pending,
    out: BytesMut,
    events: VecDeque<PeerEvent>,
    notices: VecDeque<Notice>,
}

impl core::fmt::Debug for Machine {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Machine")
            .field("role", &self.role)
            .field("phase", &self.phase())
            .field("remote", &self.remote)
            .field("pending", &self.pending.len())
            .finish_non_exhaustive()
    }
}

impl Machine {
    /// A connection that a peer has opened from `remote` to our `local` address. `seed` is random.
    pub fn accept(config: Arc<Config>, local: IpAddr, remote: IpAddr, seed: u64, now: Monotonic) -> Self {
        let mut machine = Self::new(config, Role::Responder, remote, State::WaitCer, seed);
        machine.local = Some(local);
        let deadline = now.plus(machine.config.limits.capabilities);
        machine.timers.set(Timer::Handshake, deadline);
        machine
    }

    /// A connection that we begin to open to `remote`. `seed` is random.
    ///
    /// With `expected`, another host that answers is left alone; the registry, if there is one, has been asked with
    /// [`Registry::start`](super::registry::Registry::start).
    pub fn connect(
        config: Arc<Config>,
        expected: Option<Identity>,
        remote: IpAddr,
        seed: u64,
        now: Monotonic,
    ) -> Self {
        let mut machine = Self::new(config, Role::Initiator, remote, State::WaitConnAck { expected }, seed);
        let deadline = now.plus(machine.config.limits.connect);
        machine.timers.set(Timer::Handshake, deadline);
        machine
    }

    /// The same initiator, after the watchdog has closed the connection before: the watchdog begins in DOWN, and
    /// three answers prove the peer (RFC 3539 §3.4.1). A responder learns this from the registry.
    #[must_use]
    pub fn reopening(mut self) -> Self {
        if self.phase() == Phase::WaitConnAck {
            self.watchdog = self.watchdog.reopening();
        }
        self
    }

    fn new(config: Arc<Config>, role: Role, remote: IpAddr, state: State, seed: u64) -> Self {
        let limits = config.limits;
        Self {
            config,
            role,
            local: None,
            remote,
            state,
            timers: Timers::NONE,
            watchdog: Watchdog::new(limits.watchdog, Jitter::new(seed)),
            hop_by_hop: HopByHopIds::new(seed),
            pending: Pending::new(limits.pending),
            out: BytesMut::new(),
            events: VecDeque::new(),
            notices: VecDeque::new(),
        }
    }

    /// Takes a message off the wire.
    ///
    /// Not to be called while [`Machine::wants_input`] is false: the connection is closed then.
    pub fn handle_message(&mut self, message: Message, now: Monotonic) {
        self.timers.stop(Timer::Fragment);
        if self.phase() == Phase::Closed {
            return;
        }
        if self.wants_input() { self.dispatch(message, now) } else { self.close(Reason::Overrun) }
    }

    fn dispatch(&mut self, message: Message, now: Monotonic) {
        match self.state {
            State::WaitConnAck { .. } | State::WaitCea { .. } => self.first_answer(&message, now),
            State::WaitCer => self.first_request(&message, now),
            State::Introduced { ref mut backlog, .. } => backlog.push_back(message),
            State::Open(_) => self.open_message(message, now),
            State::Closing { .. } => self.closing_message(&message),
            State::Closed => {}
        }
    }

    /// A message has begun to arrive and is not there in full: the rest is waited for, but not for ever.
    pub fn handle_fragment(&mut self, now: Monotonic) {
        if !matches!(self.state, State::Closed) {
            self.timers.set_once(Timer::Fragment, now.plus(self.config.limits.message));
        }
    }

    /// The stream cannot be cut into messages any more: a request whose header is there is answered, then the
    /// connection ends.
    pub fn handle_frame_error(&mut self, error: &FrameError) {
        if let Some(header) = error.answerable().filter(|_| self.is_open()) {
            let refusal = Refusal::new(error.result_code(), "the message cannot be told from the next");
            self.write(|out, node| error_answer::write_to_header(out, header, node.origin(), &refusal));
        }
        self.close(Reason::Unframed(error.fault));
    }

    /// Does what has become due.
    pub fn handle_timeout(&mut self, now: Monotonic) {
        if self.timers.expired(Timer::Handshake, now) {
            self.handshake_timeout();
        }
        if self.timers.expired(Timer::Fragment, now) {
            self.close(Reason::SlowMessage);
        }
        if self.timers.expired(Timer::Probe, now) {
            self.close(Reason::Superseded);
        }
        if self.timers.expired(Timer::Closing, now) {
            //   Closing          Timeout          Error            Closed
            self.close_after_closing();
        }
        if self.is_open() && self.watchdog.deadline().is_some_and(|at| at <= now) {
            self.watch(WatchdogEvent::TimerExpires, now);
        }
        while let Some(tag) = self.pending.expired(now) {
            self.events.push_back(PeerEvent::Timeout { tag });
        }
    }

    /// The transport connection is gone, in either direction.
    pub fn handle_transport_closed(&mut self) {
        //   Wait-I-CEA       I-Peer-Disc      I-Disc           Closed
        //   R-Open           R-Peer-Disc      R-Disc           Closed
        //   I-Open           I-Peer-Disc      I-Disc           Closed
        //   Closing          I-Peer-Disc      I-Disc           Closed
        //   Closing          R-Peer-Disc      R-Disc           Closed
        match self.state {
            State::WaitConnAck { .. } => self.close(Reason::ConnectFailed),
            State::Closing { .. } => self.close_after_closing(),
            _ => self.close(Reason::TransportClosed),
        }
    }

    /// Does what its owner wants.
    pub fn handle_command(&mut self, command: Command, now: Monotonic) {
        match command {
            Command::Stop { cause } => self.stop(cause, now),
        }
    }

    /// Does what the registry wants.
    pub fn handle_order(&mut self, order: Order, now: Monotonic) {
        match order {
            Order::Admit { reopen } => self.admit(reopen, now),
            Order::Refuse(refusal) => self.refuse_cer(&refusal),
            Order::Drop(reason) => self.close(reason),
            Order::Probe => self.probe(now),
        }
    }

    /// Sends a request of ours whose AVPs `fill` writes, Session-Id first; gives the identifier to send it again
    /// with on another connection.
    pub fn send(
        &mut self,
        request: Outgoing,
        fill: impl FnOnce(&mut Encoder<'_>),
    ) -> Result<EndToEnd, SendError> {
        //   R-Open           Send-Message     R-Snd-Message    R-Open
        //   I-Open           Send-Message     I-Snd-Message    I-Open
        let State::Open(opened) = &self.state else { return Err(SendError::NotOpen) };
        if !opened.applications.contains(&request.application) {
            return Err(SendError::NotAgreed);
        }
        if self.pending.is_full() || self.out.len() > self.config.limits.output_octets {
            return Err(SendError::Full);
        }
        let flags = CommandFlags::PROXIABLE_REQUEST;
        let hop_by_hop = self.next_hop_by_hop();
        let header = Header {
            flags: if request.again.is_some() { flags.with_retransmitted() } else { flags },
            command: request.command,
            application: request.application,
            hop_by_hop,
            end_to_end: request.again.unwrap_or_else(|| self.config.end_to_end.draw()),
        };
        let mut message = Encoder::start(&mut self.out, header);
        fill(&mut message);
        message.finish()?;
        let Outgoing { tag, command, deadline, .. } = request;
        self.pending.insert(hop_by_hop, Waiting { tag, command, deadline });
        Ok(header.end_to_end)
    }

    /// Answers a request that came as an event with a refusal.
    pub fn refuse(&mut self, request: &Message, refusal: &Refusal) {
        if self.is_open() && request.header().flags.is_request() {
            self.write(|out, node| error_answer::write(out, request, node.origin(), refusal));
        }
    }

    /// Moves all octets that are to be sent behind those in `out`; tells whether there were any.
    pub fn poll_transmit(&mut self, out: &mut BytesMut) -> bool {
        if self.out.is_empty() {
            return false;
        }
        out.extend_from_slice(&self.out);
        self.out.clear();
        true
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<PeerEvent> {
        self.events.pop_front()
    }

    /// The next thing to tell the registry.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// When [`Machine::handle_timeout`] is to be called next.
    pub fn poll_timeout(&self) -> Option<Monotonic> {
        let watchdog = if self.is_open() { self.watchdog.deadline() } else { None };
        [self.timers.next(), watchdog, self.pending.next_deadline()].into_iter().flatten().min()
    }

    /// Whether more messages may be handed in; while false, the socket is not to be read.
    pub fn wants_input(&self) -> bool {
        let limits = &self.config.limits;
        let has_room = match &self.state {
            State::Closed => false,
            State::Introduced { backlog, .. } => backlog.len() < limits.backlog,
            _ => true,
        };
        has_room && self.events.len() < limits.events && self.out.len() <= limits.output_octets
    }

    /// How many octets the next message may have.
    pub fn max_message(&self) -> usize {
        match self.state {
            State::WaitCer => self.config.limits.cer_octets,
            _ => self.config.limits.message_octets,
        }
    }

    /// Where the connection stands.
    pub const fn phase(&self) -> Phase {
        match self.state {
            State::WaitConnAck { .. } => Phase::WaitConnAck,
            State::WaitCea { .. } => Phase::WaitCea,
            State::WaitCer => Phase::WaitCer,
            State::Introduced { .. } => Phase::Introduced,
            State::Open(_) => Phase::Open,
            State::Closing { .. } => Phase::Closing,
            State::Closed => Phase::Closed,
        }
    }

    /// Whether requests may come and go.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Who opened the connection.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The other end of the connection.
    pub const fn remote(&self) -> IpAddr {
        self.remote
    }

    /// The state of the watchdog: requests of ours are for connections in [`WatchdogState::Okay`].
    pub const fn watchdog(&self) -> WatchdogState {
        self.watchdog.state()
    }

    /// What the peer says of itself, while the connection is open.
    pub fn peer(&self) -> Option<&Capabilities> {
        match &self.state {
            State::Open(opened) => Some(&opened.peer),
            _ => None,
        }
    }

    /// The applications agreed on with the peer, while the connection is open.
    pub fn applications(&self) -> &[ApplicationId] {
        match &self.state {
            State::Open(opened) => &opened.applications,
            _ => &[],
        }
    }

    /// How many requests of ours wait for an answer.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    fn next_hop_by_hop(&mut self) -> HopByHop {
        // at most `limits.pending` identifiers are in use, far fewer than there are
        loop {
            let id = self.hop_by_hop.draw();
            if !self.pending.contains(id) {
                return id;
            }
        }
    }

    /// Writes one message of ours; one that is too long ends the connection.
    fn write(&mut self, write: impl FnOnce(&mut BytesMut, &LocalNode) -> Result<usize, EncodeError>) {
        if write(&mut self.out, &self.config.node).is_err() {
            self.close(Reason::Unwritable);
        }
    }

    fn watch(&mut self, event: WatchdogEvent, now: Monotonic) {
        let WatchdogActions { send_watchdog, close_connection, .. } = self.watchdog.handle(event, now);
        if send_watchdog {
            self.send_dwr();
        }
        if close_connection {
            self.close(Reason::Watchdog);
        }
    }

    /// Ends the connection; what was written before is still transmitted.
    fn close(&mut self, reason: Reason) {
        if matches!(self.state, State::Closed) {
            return;
        }
        self.leave(reason);
        self.state = State::Closed;
        self.timers = Timers::NONE;
        self.events.push_back(PeerEvent::Close { reason });
    }

    fn close_after_closing(&mut self) {
        if let State::Closing { reason } = self.state {
            self.close(reason);
        }
    }

    /// From the open state, or one before it, to none of these: the registry and, behind `Up`, the owner are told.
    fn leave(&mut self, reason: Reason) {
        if matches!(self.state, State::Closing { .. } | State::Closed) {
            return;
        }
        self.notices.push_back(Notice::Left(reason));
        if self.is_open() {
            let unanswered = self.pending.take_all();
            self.events.push_back(PeerEvent::Down { reason, unanswered });
        }
    }
}
