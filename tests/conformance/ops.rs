//! Octets as a sequence of things that happen to a node, and what must hold after each of them.
//!
//! [`run`] never fails on any octets; it panics when a rule is broken. It serves the property tests below and a
//! fuzz target alike.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use gyro::diameter::base::disconnect::DisconnectCause;
use gyro::diameter::message::Message;
use gyro::diameter::peer::limits::Limits;
use gyro::diameter::peer::machine::Phase;
use gyro::diameter::peer::registry::{CONNECTIONS, ConnectionId};

use crate::node::{Node, identity};
use crate::wire::{self, CC, E, GY, P, R, header, write};

/// A named peer with one connection, a stranger with many, one that loses elections, and we ourselves.
const HOSTS: [&str; 4] = ["pgw.epc.kz", "load.kz", "Ggsn.kz", "ocs.kz"];
/// Connections that are not closed at any time.
const SOCKETS: usize = 24;

/// What happens; each field picks from what there is.
#[derive(Clone, Copy, Debug)]
enum Op {
    Accept,
    Dial(u8),
    Connected(u8),
    ConnectFailed(u8),
    Lost(u8),
    Stop(u8),
    Send(u8),
    Advance(u8),
    Feed { socket: u8, what: u8, host: u8 },
    Fragment { socket: u8, octets: u8 },
}

impl Op {
    const fn read([kind, a, b, c]: [u8; 4]) -> Self {
        match kind % 24 {
            0 | 1 => Self::Accept,
            2 => Self::Dial(a),
            3 => Self::Connected(a),
            4 => Self::ConnectFailed(a),
            5 => Self::Lost(a),
            6 => Self::Stop(a),
            7 | 8 => Self::Send(a),
            9..=11 => Self::Advance(a),
            12 => Self::Fragment { socket: a, octets: b },
            _ => Self::Feed { socket: a, what: b, host: c },
        }
    }
}

/// What a socket has sent that its peer may answer.
#[derive(Default)]
struct Heard {
    cer: Option<Message>,
    dwr: Option<Message>,
    dpr: Option<Message>,
    request: Option<Message>,
}

struct World {
    node: Node,
    heard: BTreeMap<ConnectionId, Heard>,
    tags: u64,
}

/// Plays the octets, four to an operation, and then lets all connections die of silence.
pub(crate) fn run(octets: &[u8]) {
    let limits = Limits { pending: 4, backlog: 3, events: 16, output_octets: 4_096, ..Limits::DEFAULT };
    let mut world = World { node: Node::server_with(limits), heard: BTreeMap::new(), tags: 0 };
    for chunk in octets.chunks_exact(4) {
        let op = Op::read([chunk[0], chunk[1], chunk[2], chunk[3]]);
        world.play(op);
        world.check();
    }
    world.node.advance(Duration::from_mins(10));
    assert!(world.node.sockets.values().all(|socket| socket.machine.phase() == Phase::Closed));
    assert_eq!(world.node.registry.connections(), 0, "the registry forgets what is gone");
    assert_eq!(world.node.next_deadline(), None);
}

impl World {
    fn pick(&self, index: u8) -> Option<ConnectionId> {
        let live = || self.node.sockets.iter().filter(|(_, socket)| socket.closed.is_none());
        live().nth(usize::from(index) % live().count().max(1)).map(|(id, _)| *id)
    }

    fn play(&mut self, op: Op) {
        let has_room = self.node.sockets.values().filter(|socket| socket.closed.is_none()).count() < SOCKETS;
        match op {
            Op::Accept if has_room => _ = self.node.accept(),
            Op::Dial(host) if has_room => _ = self.node.dial(HOSTS[usize::from(host) % 3]),
            Op::Accept | Op::Dial(_) => {}
            Op::Advance(ticks) => self.node.advance(Duration::from_millis(u64::from(ticks) * 150)),
            Op::Connected(socket) => self.on(socket, Node::connected),
            Op::ConnectFailed(socket) => self.on(socket, Node::connect_failed),
            Op::Lost(socket) => self.on(socket, Node::lost),
            Op::Stop(socket) => self.on(socket, |node, id| node.stop(id, DisconnectCause::Busy)),
            Op::Send(socket) => {
                self.tags += 1;
                let tag = self.tags;
                self.on(socket, |node, id| _ = node.send(id, tag, wire::RA, None));
            }
            Op::Feed { socket, what, host } => {
                let Some(id) = self.pick(socket) else { return };
                let octets = self.message(id, what, HOSTS[usize::from(host) % HOSTS.len()]);
                self.node.feed(id, &octets);
            }
            Op::Fragment { socket, octets } => {
                let part = usize::from(octets) % 40;
                self.on(socket, |node, id| node.feed(id, &wire::ccr("fragment")[..part]));
            }
        }
        self.listen();
    }

    fn on(&mut self, socket: u8, what: impl FnOnce(&mut Node, ConnectionId)) {
        if let Some(id) = self.pick(socket) {
            what(&mut self.node, id);
        }
    }

    fn message(&self, id: ConnectionId, what: u8, host: &str) -> Bytes {
        let nothing = Heard::default();
        let heard = self.heard.get(&id).unwrap_or(&nothing);
        let answer = |to: &Option<Message>, write: &dyn Fn(&Message) -> Bytes| {
            write(to.as_ref().unwrap_or(&wire::read(wire::dwr(host))))
        };
        match what % 20 {
            0..=3 => wire::cer(host),
            4 => wire::cer_for(host, &[3]),
            5 => answer(&heard.cer, &|cer| wire::cea(cer, host, 2001)),
            6 => answer(&heard.cer, &|cer| wire::cea(cer, host, 4003)),
            7 => wire::dwr(host),
            8 => answer(&heard.dwr, &|dwr| wire::dwa(dwr, host)),
            9 => wire::dpr(host, 0),
            10 => answer(&heard.dpr, &|dpr| wire::dpa(dpr, host)),
            11 | 12 => wire::ccr("s"),
            13 => answer(&heard.request, &|request| wire::answer(request, 2001)),
            14 => write(header(R | P, 999, GY), |_| ()),
            15 => write(header(R | P | E, CC, GY), |_| ()),
            16 => [wire::cer(host), wire::ccr("1"), wire::ccr("2"), wire::ccr("3"), wire::ccr("4")]
                .concat()
                .into(),
            17 => (0..30).flat_map(|_| wire::dwr(host)).collect(),
            18 => Bytes::from_static(b"\x01\0\0\x05not diameter at all"),
            _ => {
                let mut broken = wire::ccr("broken").to_vec();
                broken[27] = 255;
                broken.into()
            }
        }
    }

    /// Remembers what the node has said, as its peers do.
    fn listen(&mut self) {
        let ids: Vec<ConnectionId> = self.node.sockets.keys().copied().collect();
        for id in ids {
            let heard = self.heard.entry(id).or_default();
            for message in self.node.sent(id) {
                let header = message.header();
                if !header.flags.is_request() {
                    continue;
                }
                let place = match header.command.get() {
                    wire::CE => &mut heard.cer,
                    wire::DW => &mut heard.dwr,
                    wire::DP => &mut heard.dpr,
                    _ => &mut heard.request,
                };
                *place = Some(message);
            }
        }
    }

    fn check(&mut self) {
        let node = &self.node;
        let open_in_registry: Vec<ConnectionId> =
            HOSTS.iter().flat_map(|host| node.registry.open(&identity(host))).collect();
        let mut open = 0;
        for (id, socket) in &node.sockets {
            let machine = &socket.machine;
            assert!(machine.pending() <= node.config.limits.pending);
            assert_eq!(machine.is_open(), open_in_registry.contains(id), "{id:?} {machine:?}");
            open += usize::from(machine.is_open());
            match machine.phase() {
                Phase::Closed => {
                    assert!(socket.closed.is_some());
                    assert_eq!(machine.poll_timeout(), None);
                }
                // no connection can stay for ever by doing nothing
                _ => assert!(machine.poll_timeout().is_some_and(|at| at > node.now), "{machine:?}"),
            }
        }
        assert_eq!(open, open_in_registry.len());
        for (host, most) in HOSTS.iter().zip([1, CONNECTIONS, CONNECTIONS, 0]) {
            assert!(node.registry.open(&identity(host)).count() <= most, "{host}");
        }
    }
}

mod properties {
    use proptest::prelude::*;

    use super::run;
    use crate::net::{Net, Side};
    use crate::node::Node;
    use gyro::diameter::base::disconnect::DisconnectCause;
    use gyro::diameter::peer::machine::Phase;
    use gyro::diameter::peer::registry::{ConnectionId, PeerState};
    use std::time::Duration;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 300, ..ProptestConfig::default() })]

        /// Events come in the open state only, queues are bounded, registry and machines agree, nothing stays
        /// for ever, nothing panics.
        #[test]
        fn whatever_happens_the_rules_hold(octets in proptest::collection::vec(any::<u8>(), 0..1_200)) {
            run(&octets);
        }

        /// Two nodes over a network that now and then loses everything: once it carries again, both sides agree on
        /// what is open, and they have at most one connection.
        #[test]
        fn two_nodes_always_come_to_agree(ops in proptest::collection::vec((0_u8..8, any::<u8>()), 0..60)) {
            let mut net = Net::new(Node::server(), Node::gateway("pgw.epc.kz"));
            let mut dialled: Vec<(Side, ConnectionId)> = Vec::new();
            for (kind, value) in ops {
                let side = if value & 1 == 0 { Side::A } else { Side::B };
                match kind {
                    0 | 1 => dialled.extend(net.dial(side).map(|id| (side, id))),
                    2 => {
                        if let Some((side, id)) = dialled.pop()
                            && net.node(side).phase(id) == Phase::WaitConnAck
                        {
                            net.establish(side, id);
                        }
                    }
                    3 => _ = net.round(),
                    4 => net.run(),
                    5 => net.advance(Duration::from_millis(u64::from(value) * 200)),
                    6 => net.silent = value > 128,
                    _ => {
                        let open = net.node(side).sockets.iter().find(|(_, socket)| socket.machine.is_open());
                        if let Some(id) = open.map(|(id, _)| *id) {
                            net.node(side).stop(id, DisconnectCause::Rebooting);
                        }
                    }
                }
            }
            net.silent = false;
            net.run();
            // what was lost is found out by the watchdogs
            net.advance(Duration::from_mins(3));
            let states = (net.a.state("pgw.epc.kz"), net.b.state("ocs.kz"));
            let agreed = [
                (PeerState::Closed, PeerState::Closed),
                (PeerState::ROpen, PeerState::IOpen),
                (PeerState::IOpen, PeerState::ROpen),
            ];
            prop_assert!(agreed.contains(&states), "{states:?}");
        }
    }
}
