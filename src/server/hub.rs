//! What the loop owns: connections, peers, the engine, and the requests between them.
//!
//! One thread does all of it. A connection's task says "readable", "writable" or "due"; everything that
//! follows from it happens here, at once, without a channel, a lock or a task of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};

use super::asking::Asking;
use super::bucket::Bucket;
use super::clock::{Clock, Now};
use super::connection::{Connection, Known, Next, Read};
use super::figures::{self, Durations, Tally, Timed};
use super::seeds::Seeds;
use crate::diameter::base::disconnect::DisconnectCause;
use crate::diameter::base::local::Identity;
use crate::diameter::dictionary::Dictionary;
use crate::diameter::message::Message;
use crate::diameter::parse::Limits;
use crate::diameter::peer::event::{Command, PeerEvent, Reason, Up};
use crate::diameter::peer::ids::EndToEndIds;
use crate::diameter::peer::machine::{Config, Machine};
use crate::diameter::peer::registry::{ConnectionId, Registry};
use crate::engine::control::{Ask, Asked, Inbox, Mode, Tag};
use crate::engine::run::{Engine, Event, Failure};
use crate::ro::cca::Failures;
use crate::ro::profile::{Chosen, Profiles};
use crate::telemetry::{PeerState, ServerMetrics};
use crate::time::{Monotonic, Timestamp};

/// Octets that may wait to be written to one peer before it is no longer read.
const OUTBOX: usize = 4 * 1024 * 1024;

/// The exit code of a failure to use the data directory.
const DIRECTORY: u8 = 73;

/// What the hub is made with.
pub(super) struct Parts {
    pub(super) clock: Clock,
    pub(super) peers: Arc<Config>,
    pub(super) registry: Registry,
    /// What clients are told to do while nobody answers.
    pub(super) failures: Failures,
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
    /// Notified by the engine's threads.
    pub(super) notices: Arc<Notify>,
    /// What is served, for those who ask from outside.
    pub(super) mode: watch::Sender<Mode>,
    /// A failed store ends the server.
    pub(super) failure_ends: bool,
    pub(super) seeds: Seeds,
    pub(super) metrics: ServerMetrics,
}

/// A request that waits for the engine.
pub(super) struct Waiting {
    pub(super) connection: ConnectionId,
    pub(super) message: Message,
    pub(super) profile: Rc<str>,
    pub(super) timed: Timed,
}

/// All of the server's state.
pub(super) struct Hub {
    pub(super) parts: Parts,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) waiting: BTreeMap<u64, Waiting>,
    pub(super) buckets: BTreeMap<Rc<str>, Bucket>,
    pub(super) durations: Durations,
    /// Connections that something happened to without their asking.
    pub(super) touched: Vec<ConnectionId>,
    next_connection: u64,
    next_tag: u64,
    /// What durable batch the outboxes were last released for.
    pub(super) released: u64,
    /// Why the store failed: nothing that was held may leave.
    failure: Option<Arc<Failure>>,
    ends: Rc<Notify>,
    replies: Rc<Notify>,
    draining: bool,
    backed_up: Vec<(Tag, Result<(), String>)>,
    changes: Rc<Notify>,
    pub(super) asking: Asking,
    /// What the engine's task waits for.
    awaits: Option<Timestamp>,
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
            durations: Durations::new(parts.metrics.clone()),
            parts,
            connections: BTreeMap::new(),
            waiting: BTreeMap::new(),
            buckets: BTreeMap::new(),
            backed_up: Vec::new(),
            changes: Rc::new(Notify::new()),
            asking: Asking::default(),
            awaits: None,
            touched: Vec::new(),
            next_connection: 0,
            next_tag: 0,
            released: 0,
            failure: None,
            ends: Rc::new(Notify::new()),
            replies: Rc::new(Notify::new()),
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
        let tally = Tally::new(self.parts.metrics.clone());
        let connection = Connection::new(Rc::clone(stream), remote, machine, config, now, tally);
        self.parts.metrics.peers(PeerState::Opening).inc();
        self.connections.insert(id, connection);
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
            read: !connection.ended
                && room
                && connection.machine.wants_input()
                && connection.closing.is_none(),
            write: !connection.outbox.ready().is_empty(),
            due: connection.machine.poll_timeout(),
            wake: Rc::clone(&connection.wake),
        })
    }

    /// The connection is over: what it asked may still be decided, but is answered to nobody.
    fn forget(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.remove(&id) {
            self.parts.metrics.peers(connection.counted).dec();
            if let Some(known) = &connection.known {
                self.asking.forget(id, &known.host);
            }
        }
        self.changes.notify_waiters();
    }

    /// The socket can be read.
    pub(super) fn on_readable(&mut self, id: ConnectionId) {
        let now = self.now().run;
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let ended = matches!(connection.read(), Read::Ended);
        connection.arrived = now;
        self.take_input(id);
        if let Some(connection) = self.connections.get_mut(&id).filter(|_| ended) {
            connection.ended = true;
            connection.machine.handle_transport_closed();
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
                Next::Message(message) => {
                    connection.tally.count(message.bytes());
                    connection.machine.handle_message(message, now);
                }
                Next::Fragment => return connection.machine.handle_fragment(now),
                Next::Empty => return,
                Next::Broken(error) => {
                    self.parts.metrics.parse_error(figures::reason(&error.fault)).inc();
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
            connection.transmit();
            if let Some(event) = connection.machine.poll_event() {
                self.event(id, event);
            } else if let Some(notice) = connection.machine.poll_notice() {
                self.parts.registry.handle_notice(id, notice);
                self.obey();
            } else {
                break;
            }
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            let state = connection.state();
            let before = core::mem::replace(&mut connection.counted, state);
            if before != state {
                self.parts.metrics.peers(before).dec();
                self.parts.metrics.peers(state).inc();
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
        self.reach();
        self.turn();
    }

    /// Carries on connections that something happened to without their asking.
    fn reach(&mut self) {
        while let Some(id) = self.touched.pop() {
            self.drive(id);
            self.flush(id);
            if let Some(connection) = self.connections.get(&id) {
                connection.wake.notify_one();
            }
        }
    }

    fn event(&mut self, id: ConnectionId, event: PeerEvent) {
        match event {
            PeerEvent::Up(up) => self.up(id, &up),
            PeerEvent::Request(message) => self.serve(id, message, None),
            PeerEvent::Objection { request, refusal } => self.serve(id, request, Some(refusal)),
            PeerEvent::Down { reason, unanswered } => {
                self.down(id, reason);
                for tag in unanswered {
                    self.unanswered(tag);
                }
            }
            PeerEvent::Close { reason } => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.closing = Some(reason);
                }
            }
            PeerEvent::Answer { tag, message } => self.answered(tag, &message),
            PeerEvent::Timeout { tag } => self.unanswered(tag),
            PeerEvent::OriginState(state) => {
                let known = self.connections.get(&id).and_then(|connection| connection.known.as_ref());
                if let Some(host) = known.map(|known| Rc::clone(&known.host)) {
                    self.peer_state(&host, Some(state));
                }
            }
        }
    }

    fn up(&mut self, id: ConnectionId, up: &Up) {
        self.peer_state(up.peer.host.as_str(), up.peer.origin_state_id);
        let assigned = self.parts.assigned.get(&up.peer.host).map(AsRef::as_ref);
        let (profile, chosen) = self.parts.profiles.select(assigned, Some(&up.peer.product));
        let because = match chosen {
            Chosen::Configured => "configured",
            Chosen::ProductName => "Product-Name",
            Chosen::Default => "default",
        };
        let named = self.parts.named.iter().find(|named| **named == up.peer.host);
        let known = Known {
            host: up.peer.host.as_str().into(),
            realm: up.peer.realm.as_str().into(),
            product: up.peer.product.as_ref().into(),
            profile: profile.name.as_ref().into(),
            because,
        };
        tracing::info!(peer = %known.host, product = %known.product, profile = %known.profile, because, "peer connected");
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.known = Some(known);
            if let Some(named) = named {
                connection.tally.name(named.as_str());
            }
        }
    }

    fn down(&self, id: ConnectionId, reason: Reason) {
        if let Some(known) = self.connections.get(&id).and_then(|connection| connection.known.as_ref()) {
            tracing::info!(peer = %known.host, %reason, "peer disconnected");
        }
    }

    /// Writes what may leave on a connection.
    pub(super) fn flush(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if !connection.write() {
            connection.ended = true;
            connection.machine.handle_transport_closed();
            connection.closing.get_or_insert(Reason::TransportClosed);
            connection.wake.notify_one();
            self.drive(id);
        }
    }

    /// Moves the engine on: loads, batches, answers that waited, batches that became durable.
    pub(super) fn turn(&mut self) {
        let now = self.now();
        self.parts.engine.turn(now.wall);
        while let Some(event) = self.parts.engine.poll_event() {
            self.engine_event(event);
        }
        while let Some((tag, handled)) = self.parts.engine.poll_answer() {
            self.answer_parked(tag, handled);
        }
        self.release();
        self.run_errands();
        self.reach();
        let mode = self.parts.engine.mode();
        self.parts.mode.send_if_modified(|shown| core::mem::replace(shown, mode) != mode);
        self.replies.notify_one();
        // the engine's task may sleep for longer than there is now time for
        let due = self.parts.engine.next_turn();
        if self.awaits.is_some_and(|awaits| due.is_some_and(|due| due < awaits)) {
            self.awaits = None;
            self.parts.notices.notify_one();
        }
    }

    /// The engine's task has something to do, or was told to look.
    pub(super) fn on_engine(&mut self) {
        self.awaits = None;
        self.turn();
    }

    fn engine_event(&mut self, event: Event) {
        match event {
            Event::Ready { epoch, last, notices } => {
                for notice in notices {
                    tracing::warn!("{notice}");
                }
                tracing::info!(epoch, last = last.0, "the store is open");
                self.introduce_with_state();
            }
            Event::Failed(failure) => {
                // a directory that cannot be used, or that another process uses, is no store that failed: the other
                // process serves better, and so will this one once the cause is mended
                let ends = self.parts.failure_ends || failure.exit_code() == DIRECTORY;
                let drop_held = |connection: &mut Connection| {
                    connection.held.drop_all();
                    connection.outbox.drop_held()
                };
                let dropped: usize = self.connections.values_mut().map(drop_held).sum();
                if ends {
                    // why, is told once: by whoever runs the server, which ends with this failure
                    self.ends.notify_one();
                } else {
                    tracing::error!(dropped, "{failure}: only emergency calls are granted until a restart");
                }
                self.failure = Some(failure);
            }
            Event::NoRoom(error) => tracing::warn!("{error}"),
            Event::Problem(problem) => tracing::warn!("{problem}"),
            Event::Stalled { still, lasts } => self.stalled(still, lasts),
            Event::Spooled(count) => {
                tracing::info!(count, "emergencies that were kept elsewhere are entered");
            }
            Event::Scanned => tracing::info!("all sessions of the store are known"),
            Event::BackedUp(tag, outcome) => self.backed_up.push((tag, outcome)),
        }
    }

    /// The store thread stands still: the journal and what is in memory serve on.
    fn stalled(&self, still: core::time::Duration, lasts: bool) {
        let secs = still.as_secs();
        tracing::error!(
            "the store thread has stood still for {secs} s: what is in memory is served on, the rest gets 3004; if it goes \
             on so, restart gyro: nothing that was answered is lost"
        );
        if lasts && self.parts.failure_ends {
            // how it ended is told by whoever runs the server
            self.ends.notify_one();
        }
    }

    /// From now on new connections hear our Origin-State-Id; those that are there never have and never will.
    fn introduce_with_state(&mut self) {
        let mut node = self.parts.peers.node.clone();
        node.origin_state_id = self.parts.engine.core().origin_state();
        let end_to_end = EndToEndIds::new(self.now().wall, self.parts.seeds.next());
        self.parts.peers = Arc::new(Config { node, limits: self.parts.peers.limits, end_to_end });
    }

    /// Lets go what became durable, a write for each connection.
    fn release(&mut self) {
        let durable = self.parts.engine.durable().0;
        if durable == self.released || self.failure.is_some() {
            return;
        }
        self.released = durable;
        self.changes.notify_waiters();
        let now = self.now().run;
        let mut gone = Vec::new();
        for (id, connection) in &mut self.connections {
            if connection.outbox.release(durable) {
                connection.held.release(durable, now);
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

    /// Takes what an operator asks.
    pub(super) fn ask(&mut self, asked: Asked, inbox: &mut Inbox) {
        let now = self.now().wall;
        if let Some(Asked { ask: Ask::Network(ask), reply }) = inbox.pass(asked, &mut self.parts.engine, now)
        {
            // who asked may have gone: then no one is left to be told
            let _ = reply.send(self.network(&ask));
        }
        self.settle();
        self.reply(inbox);
    }

    /// Tells operators what the engine has decided.
    pub(super) fn reply(&mut self, inbox: &mut Inbox) {
        inbox.deliver(&mut self.parts.engine);
        for (tag, outcome) in self.backed_up.drain(..) {
            inbox.backed_up(tag, outcome);
        }
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

    /// Notified when a connection is gone or a batch is durable.
    pub(super) fn changes(&self) -> Rc<Notify> {
        Rc::clone(&self.changes)
    }

    /// Notified when a failed store is to end the server.
    pub(super) fn failure_ends(&self) -> Rc<Notify> {
        Rc::clone(&self.ends)
    }

    /// Notified when there may be something to tell operators.
    pub(super) fn replies(&self) -> Rc<Notify> {
        Rc::clone(&self.replies)
    }

    /// Notified by the engine's threads.
    pub(super) fn notices(&self) -> Arc<Notify> {
        Arc::clone(&self.parts.notices)
    }

    pub(super) const fn clock(&self) -> Clock {
        self.parts.clock
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

    /// When the engine has something to do by itself: its task sleeps until then, or until it is notified.
    pub(super) fn await_due(&mut self) -> Option<tokio::time::Instant> {
        self.awaits = self.parts.engine.next_turn();
        let due = self.awaits?;
        let now = self.now();
        let at = now.run.plus(due.since(now.wall));
        Some(tokio::time::Instant::from_std(self.parts.clock.instant(at)))
    }

    /// Whether every connection is gone.
    pub(super) fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// Whether everything that was decided is durable, or never will be.
    pub(super) fn is_settled(&self) -> bool {
        self.failure.is_some() || self.parts.engine.is_settled()
    }

    /// Closes the store. An error is why it failed, now or before.
    pub(super) fn close(self) -> Result<(), Arc<Failure>> {
        let closed = self.parts.engine.close();
        self.failure.map_or(closed, Err)
    }
}
