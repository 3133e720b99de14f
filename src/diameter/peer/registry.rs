//! The node's view of its peers: which connection is the live one of an identity, and what becomes of a second.
//!
//! The rows of RFC 6733 §5.6 that speak of two connections at once (election, R-Reject, R-Disc) are decided here;
//! those of one connection in [`super::machine`]. Beyond the standard's R-Reject in the open states, a connection
//! that waits makes the registry probe the one that is open: when that stays silent, the new one takes over.

use std::collections::{BTreeMap, VecDeque};

use super::event::{Introduction, Notice, Order, Reason, Role};
use super::roster::Roster;
use crate::diameter::base::error_answer::Refusal;
use crate::diameter::base::local::Identity;
use crate::diameter::result_code::ResultCode;

/// Connections that an identity with `multi_connection` may have open at once.
pub const CONNECTIONS: usize = 16;

/// What the owner calls a connection; never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnectionId(pub u64);

/// A state of RFC 6733 §5.6. Closing is known to the machine of the connection alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PeerState {
    /// No connection.
    Closed,
    /// We connect.
    WaitConnAck,
    /// We have sent CER.
    WaitICea,
    /// We connect, and a CER of the peer waits.
    WaitConnAckElect,
    /// We have sent CER, and a CER of the peer waits.
    WaitReturns,
    /// A connection of the peer is open.
    ROpen,
    /// A connection of ours is open.
    IOpen,
}

/// All peers of a node.
#[derive(Debug)]
pub struct Registry {
    local: Identity,
    roster: Roster,
    peers: BTreeMap<Identity, Peer>,
    /// Whose connection it is.
    owners: BTreeMap<ConnectionId, Identity>,
    orders: VecDeque<(ConnectionId, Order)>,
}

/// One identity.
#[derive(Default, Debug)]
struct Peer {
    open: Vec<(ConnectionId, Role)>,
    /// A connection of ours that is not open yet, and whether its transport is there.
    initiated: Option<(ConnectionId, bool)>,
    /// A connection of the peer whose CER waits for its CEA.
    held: Option<ConnectionId>,
    /// The last connection was closed by the watchdog.
    reopen: bool,
}

impl Peer {
    fn is_idle(&self) -> bool {
        self.open.is_empty() && self.initiated.is_none() && self.held.is_none()
    }

    fn state(&self) -> PeerState {
        match (self.open.last(), self.initiated, self.held) {
            (Some((_, Role::Responder)), ..) => PeerState::ROpen,
            (Some((_, Role::Initiator)), ..) => PeerState::IOpen,
            (None, Some((_, false)), None) => PeerState::WaitConnAck,
            (None, Some((_, false)), Some(_)) => PeerState::WaitConnAckElect,
            (None, Some((_, true)), None) => PeerState::WaitICea,
            (None, Some((_, true)), Some(_)) => PeerState::WaitReturns,
            (None, None, _) => PeerState::Closed,
        }
    }
}

impl Registry {
    /// A node named `local` without any connection.
    pub const fn new(local: Identity, roster: Roster) -> Self {
        Self { local, roster, peers: BTreeMap::new(), owners: BTreeMap::new(), orders: VecDeque::new() }
    }

    /// Puts another list of peers in place; connections that are open stay.
    pub fn set_roster(&mut self, roster: Roster) {
        self.roster = roster;
    }

    /// The state of a peer.
    pub fn state(&self, host: &Identity) -> PeerState {
        self.peers.get(host).map_or(PeerState::Closed, Peer::state)
    }

    /// The open connections of a peer, oldest first.
    pub fn open<'a>(&'a self, host: &Identity) -> impl Iterator<Item = ConnectionId> + use<'a> {
        self.peers.get(host).into_iter().flat_map(|peer| peer.open.iter().map(|(id, _)| *id))
    }

    /// How many connections of peers it knows: open, being opened, or waiting.
    pub fn connections(&self) -> usize {
        self.owners.len()
    }

    /// Enters a connection that we begin to open to `host`; false, and nothing changes, when there is one.
    #[must_use]
    pub fn start(&mut self, connection: ConnectionId, host: &Identity) -> bool {
        let peer = self.peers.entry(host.clone()).or_default();
        //   Closed           Start            I-Snd-Conn-Req   Wait-Conn-Ack
        let closed = peer.is_idle();
        if closed {
            peer.initiated = Some((connection, false));
            self.owners.insert(connection, host.clone());
        }
        closed
    }

    /// Takes what a machine tells.
    pub fn handle_notice(&mut self, connection: ConnectionId, notice: Notice) {
        match notice {
            Notice::Introduced(who) => self.introduced(connection, *who),
            Notice::Connected => self.connected(connection),
            Notice::Opened => self.opened(connection),
            Notice::Alive => self.alive(connection),
            Notice::Left(reason) => self.left(connection, reason),
        }
    }

    /// The next order, and for whom.
    pub fn poll_order(&mut self) -> Option<(ConnectionId, Order)> {
        self.orders.pop_front()
    }

    fn order(&mut self, connection: ConnectionId, order: Order) {
        self.orders.push_back((connection, order));
    }

    fn owner(&mut self, connection: ConnectionId) -> Option<(Identity, &mut Peer)> {
        let host = self.owners.get(&connection)?;
        self.peers.get_mut(host).map(|peer| (host.clone(), peer))
    }

    /// R-Conn-CER.
    fn introduced(&mut self, connection: ConnectionId, who: Introduction) {
        let Introduction { host, remote } = who;
        if host == self.local {
            let refusal = Refusal::new(ResultCode::UNABLE_TO_COMPLY, "this Origin-Host is our own");
            return self.order(connection, Order::Refuse(refusal));
        }
        let standing = match self.roster.admit(&host, remote) {
            Ok(standing) => standing,
            Err(refusal) => return self.order(connection, Order::Refuse(refusal)),
        };
        let peer = self.peers.entry(host.clone()).or_default();
        let order = match peer.state() {
            //   Wait-Conn-Ack/   R-Conn-CER       R-Reject         Wait-Conn-Ack/
            //   Elect                                              Elect
            //   Wait-Returns     R-Conn-CER       R-Reject         Wait-Returns
            PeerState::WaitConnAckElect | PeerState::WaitReturns => Some(Order::Refuse(second())),
            //   Wait-Conn-Ack    R-Conn-CER       R-Accept,        Wait-Conn-Ack/
            //                                     Process-CER      Elect
            PeerState::WaitConnAck => {
                peer.held = Some(connection);
                None
            }
            //   Wait-I-CEA       R-Conn-CER       R-Accept,        Wait-Returns
            //                                     Process-CER,
            //                                     Elect
            PeerState::WaitICea => {
                peer.held = Some(connection);
                self.owners.insert(connection, host.clone());
                return self.elect(&host);
            }
            //   Closed           R-Conn-CER       R-Accept,        R-Open
            //                                     Process-CER,
            //                                     R-Snd-CEA
            PeerState::Closed => Some(Order::Admit { reopen: peer.reopen }),
            PeerState::ROpen | PeerState::IOpen if standing.multi_connection => {
                if peer.open.len() < CONNECTIONS {
                    Some(Order::Admit { reopen: false })
                } else {
                    Some(Order::Refuse(Refusal::new(
                        ResultCode::UNABLE_TO_COMPLY,
                        "this peer has as many connections as it may have",
                    )))
                }
            }
            //   R-Open           R-Conn-CER       R-Reject         R-Open
            //   I-Open           R-Conn-CER       R-Reject         I-Open
            PeerState::ROpen | PeerState::IOpen if peer.held.is_some() => Some(Order::Refuse(second())),
            PeerState::ROpen | PeerState::IOpen => {
                peer.held = Some(connection);
                let open = peer.open.iter().map(|(id, _)| (*id, Order::Probe));
                self.orders.extend(open);
                None
            }
        };
        match order {
            Some(Order::Admit { reopen }) => {
                peer.open.push((connection, Role::Responder));
                peer.reopen = false;
                self.owners.insert(connection, host);
                self.order(connection, Order::Admit { reopen });
            }
            Some(refusal) => self.order(connection, refusal),
            None => {
                self.owners.insert(connection, host);
            }
        }
    }

    /// I-Rcv-Conn-Ack.
    fn connected(&mut self, connection: ConnectionId) {
        let Some((host, peer)) = self.owner(connection) else { return };
        let Some((_, has_transport)) = peer.initiated.as_mut().filter(|(id, _)| *id == connection) else {
            return;
        };
        //   Wait-Conn-Ack    I-Rcv-Conn-Ack   I-Snd-CER        Wait-I-CEA
        *has_transport = true;
        //   Wait-Conn-Ack/   I-Rcv-Conn-Ack   I-Snd-CER,Elect  Wait-Returns
        //   Elect
        if peer.held.is_some() {
            self.elect(&host);
        }
    }

    /// The election of §5.6.4, held when both sides have sent a CER: the greater Origin-Host keeps the connection
    /// that the other has opened.
    fn elect(&mut self, host: &Identity) {
        if self.local <= *host {
            return;
        }
        let Some(peer) = self.peers.get_mut(host) else { return };
        //   Wait-Returns     Win-Election     I-Disc,R-Snd-CEA R-Open
        if let Some((loser, _)) = peer.initiated.take() {
            self.owners.remove(&loser);
            self.order(loser, Order::Drop(Reason::Election));
        }
        self.admit_held(host);
    }

    fn admit_held(&mut self, host: &Identity) {
        let Some(peer) = self.peers.get_mut(host) else { return };
        let Some(connection) = peer.held.take() else { return };
        let reopen = core::mem::take(&mut peer.reopen);
        peer.open.push((connection, Role::Responder));
        self.order(connection, Order::Admit { reopen });
    }

    /// I-Rcv-CEA.
    fn opened(&mut self, connection: ConnectionId) {
        let Some((_, peer)) = self.owner(connection) else { return };
        if peer.initiated.take_if(|(id, _)| *id == connection).is_none() {
            return;
        }
        //   Wait-I-CEA       I-Rcv-CEA        Process-CEA      I-Open
        peer.open.push((connection, Role::Initiator));
        peer.reopen = false;
        //   Wait-Returns     I-Rcv-CEA        R-Disc           I-Open
        if let Some(held) = peer.held.take() {
            self.owners.remove(&held);
            self.order(held, Order::Drop(Reason::Election));
        }
    }

    /// The open connection has shown that it lives: the one that waits is refused.
    fn alive(&mut self, connection: ConnectionId) {
        let Some((_, peer)) = self.owner(connection) else { return };
        if !peer.open.iter().any(|(id, _)| *id == connection) {
            return;
        }
        //   R-Open           R-Conn-CER       R-Reject         R-Open
        //   I-Open           R-Conn-CER       R-Reject         I-Open
        if let Some(held) = peer.held.take() {
            self.owners.remove(&held);
            self.order(held, Order::Refuse(second()));
        }
    }

    fn left(&mut self, connection: ConnectionId, reason: Reason) {
        let Some((host, peer)) = self.owner(connection) else { return };
        let timed_out = reason == Reason::HandshakeTimeout;
        if let Some(at) = peer.open.iter().position(|(id, _)| *id == connection) {
            //   R-Open           R-Peer-Disc      R-Disc           Closed
            //   I-Open           I-Peer-Disc      I-Disc           Closed
            // and what waits behind it takes over
            peer.open.remove(at);
            peer.reopen = matches!(reason, Reason::Watchdog | Reason::Superseded);
            if peer.open.is_empty() {
                self.admit_held(&host);
            }
        } else if peer.held.take_if(|id| *id == connection).is_some() {
            //   Wait-Conn-Ack/   R-Peer-Disc      R-Disc           Wait-Conn-Ack
            //   Elect
            //   Wait-Returns     R-Peer-Disc      R-Disc           Wait-I-CEA
            //   both             Timeout          Error            Closed
            if timed_out && let Some((ours, _)) = peer.initiated.take() {
                self.owners.remove(&ours);
                self.order(ours, Order::Drop(reason));
            }
        } else if peer.initiated.take_if(|(id, _)| *id == connection).is_some() {
            if timed_out {
                //   Wait-Conn-Ack    Timeout          Error            Closed
                //   Wait-I-CEA       Timeout          Error            Closed
                //   Wait-Conn-Ack/   Timeout          Error            Closed
                //   Elect
                //   Wait-Returns     Timeout          Error            Closed
                if let Some(held) = peer.held.take() {
                    self.owners.remove(&held);
                    self.order(held, Order::Drop(reason));
                }
            } else {
                //   Wait-Conn-Ack    I-Rcv-Conn-Nack  Cleanup          Closed
                //   Wait-I-CEA       I-Peer-Disc      I-Disc           Closed
                //   Wait-I-CEA       I-Rcv-Non-CEA    Error            Closed
                //   Wait-Conn-Ack/   I-Rcv-Conn-Nack  R-Snd-CEA        R-Open
                //   Elect
                //   Wait-Returns     I-Peer-Disc      I-Disc,          R-Open
                //                                     R-Snd-CEA
                self.admit_held(&host);
            }
        }
        self.owners.remove(&connection);
        self.forget(&host);
    }

    /// A peer without connections leaves nothing behind, but that a named one was lost to the watchdog.
    fn forget(&mut self, host: &Identity) {
        let named = self.roster.is_named(host);
        if self.peers.get(host).is_some_and(|peer| peer.is_idle() && !(named && peer.reopen)) {
            self.peers.remove(host);
        }
    }
}

const fn second() -> Refusal {
    Refusal::new(ResultCode::UNABLE_TO_COMPLY, "this peer has another connection that is alive")
}
