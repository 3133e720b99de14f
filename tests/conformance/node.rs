//! One node: a registry and its machines, with sockets that are buffers and a time that the test moves.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use gyro::diameter::base::disconnect::DisconnectCause;
use gyro::diameter::base::local::{Application, Identity, LocalNode};
use gyro::diameter::encode::Encoder;
use gyro::diameter::frame::{Cut, cut};
use gyro::diameter::header::{ApplicationId, CommandCode, EndToEnd};
use gyro::diameter::message::Message;
use gyro::diameter::peer::event::{Command, PeerEvent, Reason};
use gyro::diameter::peer::ids::EndToEndIds;
use gyro::diameter::peer::limits::Limits;
use gyro::diameter::peer::machine::{Config, Machine, Outgoing, Phase, SendError};
use gyro::diameter::peer::pending::Tag;
use gyro::diameter::peer::registry::{ConnectionId, PeerState, Registry};
use gyro::diameter::peer::roster::{NamedPeer, Roster, UnknownPeers};
use gyro::time::{Monotonic, Timestamp};

use crate::wire;

pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
pub(crate) const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

pub(crate) fn identity(text: &str) -> Identity {
    Identity::new(text).unwrap()
}

/// A peer that has one connection at a time.
pub(crate) fn single(host: &str) -> NamedPeer {
    NamedPeer { host: identity(host), from: Vec::new(), multi_connection: false }
}

/// One connection of a node.
pub(crate) struct Socket {
    pub(crate) machine: Machine,
    stream: BytesMut,
    sent: BytesMut,
    events: VecDeque<PeerEvent>,
    /// The machine asked to close it.
    pub(crate) closed: Option<Reason>,
    was_up: bool,
}

pub(crate) struct Node {
    pub(crate) config: Arc<Config>,
    pub(crate) registry: Registry,
    pub(crate) sockets: BTreeMap<ConnectionId, Socket>,
    pub(crate) now: Monotonic,
    next: u64,
}

impl Node {
    /// `ocs.kz`, which knows `pgw.epc.kz` as a peer with one connection and takes all others from loopback.
    pub(crate) fn server() -> Self {
        Self::server_with(Limits::DEFAULT)
    }

    pub(crate) fn server_with(limits: Limits) -> Self {
        let local = LocalNode::charging_server(identity("ocs.kz"), identity("kz"), 7);
        Self::new(local, limits, Roster::new([single("pgw.epc.kz")], UnknownPeers::AcceptLoopback))
    }

    /// A gateway, which knows `ocs.kz`.
    pub(crate) fn gateway(host: &str) -> Self {
        let local = LocalNode {
            applications: vec![Application::credit_control_client()],
            product: "pgw".into(),
            ..LocalNode::charging_server(identity(host), identity("epc.kz"), 3)
        };
        Self::new(local, Limits::DEFAULT, Roster::new([single("ocs.kz")], UnknownPeers::Reject))
    }

    pub(crate) fn new(local: LocalNode, limits: Limits, roster: Roster) -> Self {
        let registry = Registry::new(local.host.clone(), roster);
        let end_to_end = EndToEndIds::new(Timestamp::from_secs(1_800_000_000), 1);
        Self {
            config: Arc::new(Config { node: local, limits, end_to_end }),
            registry,
            sockets: BTreeMap::new(),
            now: Monotonic::from_micros(1_000_000),
            next: 1,
        }
    }

    pub(crate) fn accept(&mut self) -> ConnectionId {
        self.accept_from(LOOPBACK)
    }

    pub(crate) fn accept_from(&mut self, remote: IpAddr) -> ConnectionId {
        let config = Arc::clone(&self.config);
        let machine = Machine::accept(config, LOOPBACK, remote, self.next, self.now);
        self.add(machine)
    }

    /// Start: the machine that connects to `host`, or `None` when there is a connection to it.
    pub(crate) fn dial(&mut self, host: &str) -> Option<ConnectionId> {
        let id = ConnectionId(self.next);
        if !self.registry.start(id, &identity(host)) {
            return None;
        }
        let config = Arc::clone(&self.config);
        let machine = Machine::connect(config, Some(identity(host)), LOOPBACK, self.next, self.now);
        Some(self.add(machine))
    }

    fn add(&mut self, machine: Machine) -> ConnectionId {
        let id = ConnectionId(self.next);
        self.next += 1;
        let socket = Socket {
            machine,
            stream: BytesMut::new(),
            sent: BytesMut::new(),
            events: VecDeque::new(),
            closed: None,
            was_up: false,
        };
        self.sockets.insert(id, socket);
        id
    }

    pub(crate) fn socket(&mut self, id: ConnectionId) -> &mut Socket {
        self.sockets.get_mut(&id).unwrap()
    }

    pub(crate) fn phase(&self, id: ConnectionId) -> Phase {
        self.sockets[&id].machine.phase()
    }

    pub(crate) fn state(&self, host: &str) -> PeerState {
        self.registry.state(&identity(host))
    }

    pub(crate) fn closed(&self, id: ConnectionId) -> Option<Reason> {
        self.sockets[&id].closed
    }

    /// Octets off the wire, cut into messages and handed in while they are wanted.
    pub(crate) fn feed(&mut self, id: ConnectionId, octets: &[u8]) {
        self.socket(id).stream.extend_from_slice(octets);
        self.read(id);
        self.settle();
    }

    /// Hands in the next message, if it is there and wanted; what the machine says is taken at once, as a server
    /// does.
    fn read(&mut self, id: ConnectionId) -> bool {
        let now = self.now;
        let socket = self.socket(id);
        if socket.closed.is_some() || !socket.machine.wants_input() {
            return false;
        }
        match cut(&mut socket.stream, socket.machine.max_message()) {
            Ok(Cut::Message(octets)) => {
                socket.machine.handle_message(wire::read(octets), now);
                socket.drain();
                return true;
            }
            Ok(Cut::Missing(_)) if socket.stream.is_empty() => {}
            Ok(Cut::Missing(_)) => socket.machine.handle_fragment(now),
            Err(error) => socket.machine.handle_frame_error(&error),
        }
        false
    }

    pub(crate) fn connected(&mut self, id: ConnectionId) {
        let now = self.now;
        self.socket(id).machine.handle_connected(LOOPBACK, now);
        self.settle();
    }

    pub(crate) fn connect_failed(&mut self, id: ConnectionId) {
        self.socket(id).machine.handle_connect_failed();
        self.settle();
    }

    pub(crate) fn lost(&mut self, id: ConnectionId) {
        self.socket(id).machine.handle_transport_closed();
        self.settle();
    }

    pub(crate) fn stop(&mut self, id: ConnectionId, cause: DisconnectCause) {
        let now = self.now;
        self.socket(id).machine.handle_command(Command::Stop { cause }, now);
        self.settle();
    }

    /// Sends a request of ours with a Session-Id.
    pub(crate) fn send(
        &mut self,
        id: ConnectionId,
        tag: u64,
        command: u32,
        again: Option<EndToEnd>,
    ) -> Result<EndToEnd, SendError> {
        let deadline = self.now.plus(Duration::from_secs(10));
        let outgoing = Outgoing {
            tag: Tag(tag),
            command: CommandCode::new(command),
            application: ApplicationId::CREDIT_CONTROL,
            deadline,
            again,
        };
        let session = format!("ocs.kz;1;{tag}");
        let fill = |message: &mut Encoder<'_>| {
            message.utf8(gyro::diameter::base::avps::SESSION_ID, &session);
        };
        let sent = self.socket(id).machine.send(outgoing, fill);
        self.settle();
        sent
    }

    /// Carries notices and orders between machines and registry, and reads on where there is room, until
    /// nothing moves.
    pub(crate) fn settle(&mut self) {
        loop {
            let mut moved = false;
            let ids: Vec<ConnectionId> = self.sockets.keys().copied().collect();
            for id in ids {
                moved |= self.read(id);
                while let Some(notice) = self.socket(id).machine.poll_notice() {
                    self.registry.handle_notice(id, notice);
                    moved = true;
                }
            }
            while let Some((id, order)) = self.registry.poll_order() {
                let now = self.now;
                self.socket(id).machine.handle_order(order, now);
                moved = true;
            }
            self.sockets.values_mut().for_each(Socket::drain);
            if !moved {
                return;
            }
        }
    }

    /// The next deadline of all machines.
    pub(crate) fn next_deadline(&self) -> Option<Monotonic> {
        self.sockets.values().filter_map(|socket| socket.machine.poll_timeout()).min()
    }

    /// Does what is due now.
    pub(crate) fn tick(&mut self) {
        let now = self.now;
        for socket in self.sockets.values_mut() {
            if socket.machine.poll_timeout().is_some_and(|at| at <= now) {
                socket.machine.handle_timeout(now);
                assert!(
                    socket.machine.poll_timeout().is_none_or(|at| at > now),
                    "a deadline that was reached stays"
                );
            }
        }
        self.settle();
    }

    /// Lets time pass, from deadline to deadline.
    pub(crate) fn advance(&mut self, span: Duration) {
        let end = self.now.plus(span);
        while let Some(at) = self.next_deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.tick();
        }
        self.now = end;
    }

    /// The octets that were sent since the last call.
    pub(crate) fn sent_octets(&mut self, id: ConnectionId) -> Bytes {
        self.socket(id).sent.split().freeze()
    }

    /// The messages that were sent since the last call.
    pub(crate) fn sent(&mut self, id: ConnectionId) -> Vec<Message> {
        let mut octets = BytesMut::from(&*self.sent_octets(id));
        let mut messages = Vec::new();
        while let Ok(Cut::Message(message)) = cut(&mut octets, 1 << 20) {
            let message = wire::read(message);
            assert!(message.faults().is_empty(), "we sent a message with faults: {message:?}");
            messages.push(message);
        }
        assert!(octets.is_empty(), "we sent part of a message");
        messages
    }

    /// The one message that was sent since the last call.
    pub(crate) fn sent_one(&mut self, id: ConnectionId) -> Message {
        let mut sent = self.sent(id);
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.remove(0)
    }

    /// The events since the last call.
    pub(crate) fn events(&mut self, id: ConnectionId) -> Vec<PeerEvent> {
        self.socket(id).events.drain(..).collect()
    }

    /// The names of the events since the last call, with what tells them apart.
    pub(crate) fn story(&mut self, id: ConnectionId) -> Vec<String> {
        self.events(id).iter().map(told).collect()
    }

    /// A connection from `host` that is open, its CEA and `Up` taken.
    pub(crate) fn open_from(&mut self, host: &str) -> ConnectionId {
        let id = self.accept();
        self.feed(id, &wire::cer(host));
        assert_eq!(self.phase(id), Phase::Open);
        assert_eq!(self.story(id), [format!("up {host}")]);
        assert_eq!(wire::brief(&self.sent_one(id)), (wire::CE, false, Some(2001)));
        id
    }

    /// A connection to `host` that is open, its CER and `Up` taken.
    pub(crate) fn open_to(&mut self, host: &str) -> ConnectionId {
        let id = self.dial(host).unwrap();
        self.connected(id);
        let cer = self.sent_one(id);
        self.feed(id, &wire::cea(&cer, host, 2001));
        assert_eq!(self.phase(id), Phase::Open);
        assert_eq!(self.story(id), [format!("up {host}")]);
        id
    }
}

impl Socket {
    /// The same socket with its machine changed.
    pub(crate) fn map(mut self, change: impl FnOnce(Machine) -> Machine) -> Self {
        self.machine = change(self.machine);
        self
    }

    fn drain(&mut self) {
        self.machine.poll_transmit(&mut self.sent);
        while let Some(event) = self.machine.poll_event() {
            assert!(self.closed.is_none(), "an event behind Close: {event:?}");
            match &event {
                PeerEvent::Up(_) => {
                    assert!(!self.was_up, "Up comes once");
                    self.was_up = true;
                }
                PeerEvent::Down { .. } => {
                    assert!(self.was_up, "Down without Up");
                    self.was_up = false;
                }
                PeerEvent::Close { reason } => {
                    assert!(!self.was_up, "Close before Down");
                    self.closed = Some(*reason);
                }
                _ => assert!(self.was_up, "an event outside of the open state: {event:?}"),
            }
            self.events.push_back(event);
        }
    }
}

fn told(event: &PeerEvent) -> String {
    let session = |message: &Message| {
        wire::text(message, gyro::diameter::base::avps::SESSION_ID).unwrap_or("-").to_owned()
    };
    match event {
        PeerEvent::Up(up) => format!("up {}", up.peer.host),
        PeerEvent::Request(request) => format!("request {}", session(request)),
        PeerEvent::Objection { request, refusal } => {
            format!("objection {} {}", session(request), refusal.result_code.get())
        }
        PeerEvent::Answer { tag, message } => format!("answer {} {:?}", tag.0, wire::result_code(message)),
        PeerEvent::Timeout { tag } => format!("timeout {}", tag.0),
        PeerEvent::OriginState(state) => format!("origin state {state}"),
        PeerEvent::Down { reason, unanswered } => {
            let tags: Vec<u64> = unanswered.iter().map(|tag| tag.0).collect();
            format!("down {reason:?} {tags:?}")
        }
        PeerEvent::Close { reason } => format!("close {reason:?}"),
    }
}
