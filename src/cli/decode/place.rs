//! Where in the input something stands.

use core::fmt;
use core::net::SocketAddr;

use crate::time::Timestamp;

/// One direction of a conversation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Flow {
    pub(super) transport: Transport,
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
}

impl Flow {
    /// Whether either end is the port of Diameter (RFC 6733 §2.1).
    pub(super) fn is_diameter_port(&self) -> bool {
        [self.from, self.to].iter().any(|end| matches!(end.port(), 3_868 | 5_868))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Transport {
    Tcp,
    Sctp,
}

impl Transport {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Sctp => "sctp",
        }
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} > {} {}", self.from, self.to, self.transport.name())
    }
}

/// A packet of a capture, or an octet of other input.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Place {
    /// A packet, counted from 1.
    Frame { number: u64, at: Option<Timestamp>, flow: Option<Flow> },
    /// An octet, counted from 0.
    Octet(u64),
}

impl Place {
    pub(super) const fn of_flow(self, flow: Flow) -> Self {
        match self {
            Self::Frame { number, at, .. } => Self::Frame { number, at, flow: Some(flow) },
            Self::Octet(_) => self,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame { number, flow: Some(flow), .. } => write!(f, "frame {number}, {flow}"),
            Self::Frame { number, flow: None, .. } => write!(f, "frame {number}"),
            Self::Octet(offset) => write!(f, "octet {offset}"),
        }
    }
}
