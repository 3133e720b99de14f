//! What the loop owns: connections, peers, the engine, and the requests between them.
//!
//! One thread does all of it. A connection's task says "readable", "writable" or "due"; everything that
//! follows from it happens here, at once, without a channel, a lock or a task of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};

use super::bucket::Bucket;
use super::clock::{Clock, Now};
use super::connection::{Connection, Known, Next, Read};
use super::control::{Control, PeerView};
use super::seeds::Seeds;
use crate::diameter::base::disconnect::DisconnectCause;
use crate::diameter::base::local::Identity;
use crate::diameter::dictionary::Dictionary;
use crate::diameter::message::Message;
use crate::diameter::parse::Limits;
use crate::diameter::peer::event::{Command, PeerEvent, Reason, Up};
use crate::diameter::peer::machine::{Config, Machine};
use crate::diameter::peer::registry::{ConnectionId, Registry};
use crate::engine::core::{Outcome, Tag};
use crate::engine::run::Engine;
use crate::ro::profile::{Chosen, Profiles};
use crate::time::Monotonic;

/// Octets that may wait to be written to one peer before it is no longer read.
const OUTBOX: usize = 4 * 1024 * 1024;

/// What the hub is made with.
pub(super) struct Parts {
    pub(super) clock: Clock,
    pub(super) peers: Arc<Config>,
    pub(super) registry: Registry,
    pub(super) dictionary: Arc<Dictionary>,
    pub(super) limits: Limits,
    pub(super) profiles: Profiles,
    /// Which profile a named peer has.
    pub(super) assigned: BTreeMap<Identity, Box<str>>,
    /// How many sessions and events a second a named peer may begin.
    pub(super) rates: BTreeMap<Box<str>, u64>,
    /// The peers that an operator has named: metrics show them by name.
    pub(super) named: Vec<Identity>,
    pub(super) connections: usize,
    pub(super) pending: usize,
    pub(super) engine: Engine,
    pub(super) seeds: Seeds,
}

/// A request that waits for the engine.
pub(super) struct Waiting {
    pub(super) connection: ConnectionId,
    pub(super) message: Message,
    pub(super) profile: Rc<str>,
    #[expect(dead_code)]
    pub(super) since: Monotonic,
}

/// All of the server's state.
pub(super) struct Hub {
    pub(super) parts: Parts,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) waiting: BTreeMap<u64, Waiting>,
    replies: BTreeMap<u64, oneshot::Sender<Outcome>>,
    pub(super) buckets: BTreeMap<Rc<str>, Bucket>,
    /// Connections that something happened to without their asking.
    touched: Vec<ConnectionId>,
    next_connection: u64,
    next_tag: u64,
    /// What durable batch the outboxes were last released for.
    released: u64,
    /// The engine failed: nothing held may leave.
    failed: bool,
    draining: bool,
    departures: Rc<Notify>,
}

/// What a connection's task waits for.
pub(super) struct Interest {
    pub(super) read: bool,
    pub(super) write: bool,
    pub(super) due: Option<Monotonic>,
    pub(super) wake: Rc<Notify>,
}

impl Hub {
    pub(super) fn new(parts: Parts) -> Self {
        Self {
            parts,
            connections: BTreeMap::new(),
            waiting: BTreeMap::new(),
            replies: BTreeMap::new(),
            buckets: BTreeMap::new(),
            departures: Rc::new(Notify::new()),
            touched: Vec::new(),
            next_connection: 0,
            next_tag: 0,
            released: 0,
            failed: false,
            draining: false,
        }
    }

    pub(super) fn now(&self) -> Now {
        self.parts.clock.now()
    }

    pub(super) fn tag(&mut self) -> Tag {
        self.next_tag = self.next_tag.wrapping_add(1);
        Tag(self.next_tag)
    }

    /// Takes a transport connection; none when there are too many or the server is ending.
    pub(super) fn accept(&mut self, stream: &Rc<TcpStream>, remote: SocketAddr) -> Option<ConnectionId> {
        if self.draining || self.connections.len() >= self.parts.connections {
            return None;
        }
        let local = stream.local_addr().ok()?;
        let now = self.now().run;
        self.next_connection = self.next_connection.saturating_add(1);
        let id = ConnectionId(self.next_connection);
        let seed = self.parts.seeds.next();
        let config = Arc::clone(&self.parts.peers);
        let machine = Machine::accept(Arc::clone(&config), local.ip(), remote.ip(), seed, now);
        self.connections.insert(id, Connection::new(Rc::clone(stream), remote, machine, config, now));
        Some(id)
    }

    /// What the connection's task waits for next; none when it is over.
    pub(super) fn interest(&mut self, id: ConnectionId) -> Option<Interest> {
        let pending = self.parts.pending;
        let connection = self.connections.get_mut(&id)?;
        let unsent = !connection.outbox.is_empty();
        if connection.ended && connection.closing.is_some() && !connection.outbox.holds()
            || connection.closing.is_some() && !unsent
        {
            self.forget(id);
            return None;
        }
        let room = connection.outbox.len() < OUTBOX && connection.parked < pending;
        Some(Interest {
            read: !connection.ended && room && connection.machine.wants_input() && connection.closing.is_none(),
            write: !connection.outbox.ready().is_empty(),
            due: connection.machine.poll_timeout(),
            wake: Rc::clone(&connection.wake),
        })
    }

    /// The connection is over: what it asked may still be decided, but is answered to nobody.
    fn forget(&mut self, id: ConnectionId) {
        self.connections.remove(&id);
        self.departures.notify_waiters();
    }

    /// The socket can be read.
    pub(super) fn on_readable(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let ended = matches!(connection.read(), Read::Ended);
        self.take_input(id);
        if ended {
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.ended = true;
                connection.machine.handle_transport_closed();
            }
        }
        self.drive(id);
        self.settle();
        self.flush(id);
    }

    /// Hands the machine every message that is there, as long as it wants any.
    fn take_input(&mut self, id: ConnectionId) {
        let now = self.now().run;
        loop {
            let Some(connection) = self.connections.get_mut(&id) else { return };
            if !connection.machine.wants_input() {
                return;
            }
            match connection.next(&self.parts.limits, self.parts.dictionary.as_ref()) {
                Next::Message(message) => connection.machine.handle_message(message, now),
                Next::Fragment => return connection.machine.handle_fragment(now),
                Next::Empty => return,
                Next::Broken(error) => {
                    connection.input.clear();
                    connection.machine.handle_frame_error(&error);
                    return;
                }
            }
            self.drive(id);
        }
    }

    /// The socket can be written.
    pub(super) fn on_writable(&mut self, id: ConnectionId) {
        self.flush(id);
        self.take_input(id);
        self.settle();
    }

    /// The machine's deadline is reached, or something woke the connection.
    pub(super) fn on_due(&mut self, id: ConnectionId) {
        let now = self.now().run;
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.machine.handle_timeout(now);
        }
        self.take_input(id);
        self.drive(id);
        self.settle();
        self.flush(id);
    }

    /// Carries what the machine says to where it belongs, until it says nothing more.
    fn drive(&mut self, id: ConnectionId) {
        loop {
            let Some(connection) = self.connections.get_mut(&id) else { return };
            connection.machine.poll_transmit(connection.outbox.now());
            if let Some(event) = connection.machine.poll_event() {
                self.event(id, event);
            } else if let Some(notice) = connection.machine.poll_notice() {
                self.parts.registry.handle_notice(id, notice);
                self.obey();
            } else {
                return;
            }
        }
    }

    /// Hands the registry's orders to the connections they are for.
    fn obey(&mut self) {
        let now = self.now().run;
        while let Some((id, order)) = self.parts.registry.poll_order() {
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.machine.handle_order(order, now);
                self.touched.push(id);
            }
        }
    }

    /// Does for other connections what came up on the way, and moves the engine on.
    fn settle(&mut self) {
        while let Some(id) = self.touched.pop() {
            self.drive(id);
            self.flush(id);
            if let Some(connection) = self.connections.get(&id) {
                connection.wake.notify_one();
            }
        }
        self.turn();
    }

    fn event(&mut self, id: ConnectionId, event: PeerEvent) {
        match event {
            PeerEvent::Up(up) => self.up(id, &up),
            PeerEvent::Request(message) => self.serve(id, message, None),
            PeerEvent::Objection { request, refusal } => self.serve(id, request, Some(refusal)),
            PeerEvent::Down { reason, .. } => self.down(id, reason),
            PeerEvent::Close { reason } => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.closing = Some(reason);
                }
            }
            // requests of ours (RAR, ASR) come with a later version; nothing waits for these
            PeerEvent::Answer { .. } | PeerEvent::Timeout { .. } | PeerEvent::OriginState(_) => {}
        }
    }

    fn up(&mut self, id: ConnectionId, up: &Up) {
        let assigned = self.parts.assigned.get(&up.peer.host).map(AsRef::as_ref);
        let (profile, chosen) = self.parts.profiles.select(assigned, Some(&up.peer.product));
        let because = match chosen {
            Chosen::Configured => "configured",
            Chosen::ProductName => "Product-Name",
            Chosen::Default => "default",
        };
        let known = Known {
            host: up.peer.host.as_str().into(),
            realm: up.peer.realm.as_str().into(),
            product: up.peer.product.as_ref().into(),
            profile: profile.name.as_ref().into(),
            because,
            named: self.parts.named.contains(&up.peer.host),
        };
        tracing::info!(peer = %known.host, product = %known.product, profile = %known.profile, because, "peer connected");
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.known = Some(known);
        }
    }

    fn down(&self, id: ConnectionId, reason: Reason) {
        if let Some(known) = self.connections.get(&id).and_then(|connection| connection.known.as_ref()) {
            tracing::info!(peer = %known.host, %reason, "peer disconnected");
        }
    }

    /// Writes what may leave on a connection.
    pub(super) fn flush(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            if !connection.write() {
                connection.ended = true;
                connection.machine.handle_transport_closed();
                connection.closing.get_or_insert(Reason::TransportClosed);
                connection.wake.notify_one();
                self.drive(id);
            }
        }
    }

    /// Moves the engine on: loads, batches, answers that waited, batches that became durable.
    pub(super) fn turn(&mut self) {
        let now = self.now();
        self.parts.engine.turn(now.wall);
        while let Some((tag, handled)) = self.parts.engine.poll_answer() {
            self.answer_parked(tag, handled);
        }
        while let Some((tag, outcome)) = self.parts.engine.poll_reply() {
            if let Some(reply) = self.replies.remove(&tag.0) {
                // nobody waits for it any more: the command was carried out all the same
                drop(reply.send(outcome));
            }
        }
        self.release();
    }

    /// Lets go what became durable, a write for each connection; drops it all when the store failed.
    fn release(&mut self) {
        if !self.failed && self.parts.engine.has_failed() {
            self.failed = true;
            let dropped: usize = self.connections.values_mut().map(|one| one.outbox.drop_held()).sum();
            tracing::error!(dropped, "the store failed: only emergency calls are granted until a restart");
        }
        let durable = self.parts.engine.durable().0;
        if durable == self.released {
            return;
        }
        self.released = durable;
        let mut gone = Vec::new();
        for (id, connection) in &mut self.connections {
            if connection.outbox.release(durable) {
                if !connection.write() {
                    gone.push(*id);
                }
                if !connection.outbox.is_empty() || connection.closing.is_some() {
                    connection.wake.notify_one();
                }
            }
        }
        for id in gone {
            self.flush(id);
        }
    }

    /// An operator's command or question.
    pub(super) fn control(&mut self, control: Control) {
        match control {
            Control::Command(command, reply) => {
                let tag = self.tag();
                let now = self.now().wall;
                self.replies.insert(tag.0, reply);
                self.parts.engine.command(tag, command, now);
            }
            Control::Query(query, reply) => {
                let tag = self.tag();
                let now = self.now().wall;
                self.replies.insert(tag.0, reply);
                self.parts.engine.query(tag, query, now);
            }
            Control::Peers(reply) => drop(reply.send(self.peers())),
            Control::Disconnect { host, reply } => {
                let found = self.disconnect(&host);
                drop(reply.send(found));
            }
        }
        self.settle();
    }

    fn peers(&self) -> Vec<PeerView> {
        let now = self.now().run;
        let view = |connection: &Connection| {
            let known = connection.known.as_ref()?;
            Some(PeerView {
                host: known.host.as_ref().into(),
                realm: known.realm.as_ref().into(),
                product: known.product.as_ref().into(),
                profile: known.profile.as_ref().into(),
                because: known.because,
                remote: connection.remote,
                named: known.named,
                state: format!("{:?}", connection.machine.phase()).to_lowercase(),
                watchdog: format!("{:?}", connection.machine.watchdog()).to_lowercase(),
                connected_for: now.since(connection.since),
                requests: connection.requests,
            })
        };
        self.connections.values().filter_map(view).collect()
    }

    fn disconnect(&mut self, host: &str) -> usize {
        let now = self.now().run;
        let mut found = 0;
        for (id, connection) in &mut self.connections {
            if connection.known.as_ref().is_some_and(|known| known.host.eq_ignore_ascii_case(host)) {
                let cause = DisconnectCause::DoNotWantToTalkToYou;
                connection.machine.handle_command(Command::Stop { cause }, now);
                self.touched.push(*id);
                found += 1;
            }
        }
        found
    }

    /// Begins to end: nothing new is taken, every peer is told.
    pub(super) fn drain(&mut self) {
        self.draining = true;
        self.parts.engine.drain();
        let now = self.now().run;
        for (id, connection) in &mut self.connections {
            connection.machine.handle_command(Command::Stop { cause: DisconnectCause::Rebooting }, now);
            self.touched.push(*id);
        }
        self.settle();
    }

    /// Says when a connection is gone.
    pub(super) fn departures(&self) -> Rc<Notify> {
        Rc::clone(&self.departures)
    }

    /// The socket failed.
    pub(super) fn on_lost(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.ended = true;
            connection.machine.handle_transport_closed();
            connection.closing.get_or_insert(Reason::TransportClosed);
        }
        self.drive(id);
        self.settle();
    }

    /// When the engine has something to do by itself.
    pub(super) fn next_due(&self) -> Option<tokio::time::Instant> {
        let due = self.parts.engine.poll_timeout()?;
        let now = self.now();
        let at = now.run.plus(due.since(now.wall));
        Some(tokio::time::Instant::from_std(self.parts.clock.instant(at)))
    }

    /// Something of the engine is due.
    pub(super) fn on_engine_due(&mut self) {
        let now = self.now().wall;
        self.parts.engine.handle_timeout(now);
    }

    /// Whether every connection is gone.
    pub(super) fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }
}
