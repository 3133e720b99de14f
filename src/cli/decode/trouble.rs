//! What in the input could not be decoded.

use crate::diameter::frame::FrameError;

/// Why something was passed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("no Diameter message: {0}")]
    Frame(FrameError),
    #[error("the input ends {0} octets before the end of a message")]
    Cut(usize),
    #[error("{0} octets in front of the first message that begins in this capture were passed over")]
    PickedUp(usize),
    #[error("{0} octets passed over to find the next message")]
    Skipped(usize),
    #[error("{0} octets of the TCP stream are missing in the capture")]
    Gap(u64),
    #[error("the stream is encrypted (TLS or DTLS); decode a capture of the plain messages")]
    Encrypted,
    #[error("a fragmented IP packet is incomplete")]
    Fragments,
    #[error("a fragmented SCTP message is incomplete")]
    SctpFragments,
    #[error("an SCTP chunk is cut off; capture whole packets (snap length)")]
    ChunkCut,
    #[error("link type {0} is not known; Ethernet, Linux cooked, raw IP and loopback are")]
    LinkType(u32),
    #[error("more conversations at once than are followed; the oldest was given up")]
    Forgotten,
}

impl Trouble {
    /// Whether all messages were decoded nonetheless: a capture may begin in the middle of a stream.
    pub(super) const fn is_note(self) -> bool {
        matches!(self, Self::PickedUp(_))
    }
}
