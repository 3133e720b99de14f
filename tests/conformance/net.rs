//! Two nodes back to back: a network that carries octets at once, loses them, or breaks.

use std::collections::BTreeMap;
use std::time::Duration;

use gyro::diameter::peer::registry::ConnectionId;

use crate::node::Node;

/// Which of the two nodes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Side {
    A,
    B,
}

impl Side {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

type End = (Side, ConnectionId);

pub(crate) struct Net {
    pub(crate) a: Node,
    pub(crate) b: Node,
    /// The far end of each end.
    links: BTreeMap<End, End>,
    /// Octets are lost, and neither side learns of it.
    pub(crate) silent: bool,
}

impl Net {
    pub(crate) fn new(a: Node, b: Node) -> Self {
        Self { a, b, links: BTreeMap::new(), silent: false }
    }

    pub(crate) fn node(&mut self, side: Side) -> &mut Node {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }

    fn name(&mut self, side: Side) -> String {
        self.node(side).config.node.host.to_string()
    }

    /// Start on one side; the transport connection is not there yet.
    pub(crate) fn dial(&mut self, from: Side) -> Option<ConnectionId> {
        let host = self.name(from.other());
        self.node(from).dial(&host)
    }

    /// The transport connection that `id` waits for comes up on both sides.
    pub(crate) fn establish(&mut self, from: Side, id: ConnectionId) -> ConnectionId {
        let far = self.node(from.other()).accept();
        self.links.insert((from, id), (from.other(), far));
        self.links.insert((from.other(), far), (from, id));
        self.node(from).connected(id);
        far
    }

    /// Carries one round of octets and closes; false when there were none.
    pub(crate) fn round(&mut self) -> bool {
        let mut moved = false;
        let links: Vec<(End, End)> = self.links.iter().map(|(from, to)| (*from, *to)).collect();
        for ((from, id), (to, far)) in links {
            let octets = self.node(from).sent_octets(id);
            let closed = self.node(from).closed(id).is_some();
            if !octets.is_empty() {
                moved = true;
                if !self.silent && self.node(to).closed(far).is_none() {
                    self.node(to).feed(far, &octets);
                }
            }
            if closed && !self.silent && self.links.remove(&(from, id)).is_some() {
                moved = true;
                if self.node(to).closed(far).is_none() {
                    self.node(to).lost(far);
                }
            }
        }
        moved
    }

    /// Carries everything until nothing moves.
    pub(crate) fn run(&mut self) {
        while self.round() {}
    }

    /// Lets time pass on both sides, from deadline to deadline, and carries what is sent.
    pub(crate) fn advance(&mut self, span: Duration) {
        let end = self.a.now.plus(span);
        loop {
            let next = [self.a.next_deadline(), self.b.next_deadline()].into_iter().flatten().min();
            let Some(at) = next.filter(|at| *at <= end) else { break };
            let at = self.a.now.max(at);
            (self.a.now, self.b.now) = (at, at);
            self.a.tick();
            self.b.tick();
            self.run();
        }
        (self.a.now, self.b.now) = (end, end);
    }
}
