//! One gateway's connection: its socket, its machine, and what waits to be read and written.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::figures::{Held, Tally};
use super::outbox::Outbox;
use crate::diameter::frame::{self, Cut, FrameError};
use crate::diameter::message::Message;
use crate::diameter::parse::{self, Limits, Shapes};
use crate::diameter::peer::event::Reason;
use crate::diameter::peer::machine::{Config, Machine, Phase};
use crate::diameter::peer::watchdog::WatchdogState;
use crate::telemetry::PeerState;
use crate::time::Monotonic;

/// Octets read at once.
const READ: usize = 64 * 1024;
/// Octets read in one turn before others have theirs.
const TURN: usize = 512 * 1024;

/// How a connection's profile was chosen, and what it is called in views and metrics.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Known {
    /// The peer's Origin-Host.
    pub(super) host: Rc<str>,
    /// Its realm.
    pub(super) realm: Rc<str>,
    /// Its Product-Name.
    pub(super) product: Rc<str>,
    /// Its profile, by name.
    pub(super) profile: Rc<str>,
    /// Why that profile.
    pub(super) because: &'static str,
}

/// A connection.
pub(super) struct Connection {
    pub(super) stream: Rc<TcpStream>,
    pub(super) remote: SocketAddr,
    pub(super) machine: Machine,
    /// Who we are on this connection: the same from its first message to its last.
    pub(super) config: Arc<Config>,
    pub(super) input: BytesMut,
    pub(super) outbox: Outbox,
    /// Wakes the connection's task.
    pub(super) wake: Rc<Notify>,
    /// Who is there, once it has said so.
    pub(super) known: Option<Known>,
    /// Requests that wait for something to be loaded.
    pub(super) parked: usize,
    /// The peer will send nothing more.
    pub(super) ended: bool,
    /// Why it is to be closed once everything is written.
    pub(super) closing: Option<Reason>,
    /// Since when it is there.
    pub(super) since: Monotonic,
    /// Requests it has sent.
    pub(super) requests: u64,
    /// Its messages.
    pub(super) tally: Tally,
    /// When the requests arrived whose answers are held.
    pub(super) held: Held,
    /// When octets were read last: whole messages in `input` had arrived then.
    pub(super) arrived: Monotonic,
    /// What it counts as.
    pub(super) counted: PeerState,
    /// It has brought requests of other hosts than its own: an agent.
    pub(super) relays: bool,
}

/// What reading a socket came to.
pub(super) enum Read {
    /// Octets, or none for now.
    More,
    /// The peer has closed its side.
    Ended,
}

/// What a connection's input holds next.
pub(super) enum Next {
    /// A message.
    Message(Message),
    /// A part of one.
    Fragment,
    /// Nothing.
    Empty,
    /// No message can be cut from it any more.
    Broken(FrameError),
}

impl Connection {
    pub(super) fn new(
        stream: Rc<TcpStream>,
        remote: SocketAddr,
        machine: Machine,
        config: Arc<Config>,
        since: Monotonic,
        tally: Tally,
    ) -> Self {
        Self {
            stream,
            remote,
            machine,
            config,
            input: BytesMut::new(),
            outbox: Outbox::default(),
            wake: Rc::new(Notify::new()),
            known: None,
            parked: 0,
            ended: false,
            closing: None,
            since,
            requests: 0,
            tally,
            held: Held::default(),
            arrived: since,
            counted: PeerState::Opening,
            relays: false,
        }
    }

    /// Reads what the socket has, up to a bound.
    pub(super) fn read(&mut self) -> Read {
        let mut taken = 0usize;
        while taken < TURN {
            self.input.reserve(READ);
            match self.stream.try_read_buf(&mut self.input) {
                Ok(0) => return Read::Ended,
                Ok(octets) => taken = taken.saturating_add(octets),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Read::More,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return Read::Ended,
            }
            if taken < READ {
                return Read::More;
            }
        }
        Read::More
    }

    /// Writes what may leave, as much as the socket takes. False when the connection is gone.
    pub(super) fn write(&mut self) -> bool {
        while !self.outbox.ready().is_empty() {
            match self.stream.try_write(self.outbox.ready()) {
                Ok(0) => return false,
                Ok(octets) => self.outbox.written(octets),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        true
    }

    /// What it counts as.
    pub(super) const fn state(&self) -> PeerState {
        match (self.machine.phase(), self.machine.watchdog()) {
            _ if self.closing.is_some() => PeerState::Closing,
            (Phase::WaitConnAck | Phase::WaitCea | Phase::WaitCer | Phase::Introduced, _) => {
                PeerState::Opening
            }
            (Phase::Open, WatchdogState::Suspect | WatchdogState::Down) => PeerState::Suspect,
            (Phase::Open, _) => PeerState::Open,
            (Phase::Closing | Phase::Closed, _) => PeerState::Closing,
        }
    }

    /// Takes over what the machine says.
    pub(super) fn transmit(&mut self) {
        let Self { machine, outbox, tally, .. } = self;
        let out = outbox.now();
        let before = out.len();
        if machine.poll_transmit(out) {
            tally.count(out.get(before..).unwrap_or_default());
        }
    }

    /// Cuts the next message off the input.
    pub(super) fn next<S: Shapes + ?Sized>(&mut self, limits: &Limits, shapes: &S) -> Next {
        let most = self.machine.max_message();
        match frame::cut(&mut self.input, most) {
            Ok(Cut::Message(octets)) => {
                let limits = Limits { message_octets: most, ..*limits };
                match parse::parse(octets, &limits, shapes) {
                    Ok(message) => Next::Message(message),
                    Err(error) => Next::Broken(error),
                }
            }
            Ok(Cut::Missing(_)) if self.input.is_empty() => Next::Empty,
            Ok(Cut::Missing(_)) => Next::Fragment,
            Err(error) => Next::Broken(error),
        }
    }
}
