//! What a machine tells its owner, and what it and the registry tell each other.

use core::net::IpAddr;

use crate::diameter::base::capabilities::Capabilities;
use crate::diameter::base::disconnect::DisconnectCause;
use crate::diameter::base::error_answer::Refusal;
use crate::diameter::base::local::Identity;
use crate::diameter::frame::FrameFault;
use crate::diameter::header::ApplicationId;
use crate::diameter::message::Message;
use crate::diameter::peer::pending::Tag;
use crate::diameter::result_code::ResultCode;

/// Which side opened the transport connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// We did: the I- side of RFC 6733 §5.6.
    Initiator,
    /// The peer did: the R- side.
    Responder,
}

/// What happens on a connection. All but `Up`, `Down` and `Close` come between `Up` and `Down` only.
#[derive(Clone, Debug)]
pub enum PeerEvent {
    /// The connection is open.
    Up(Box<Up>),
    /// A request of an application, checked: it is for us and can be read.
    Request(Message),
    /// A request that the checks refuse, of an application that wants to see these itself
    /// ([`hands_up_refusals`](crate::diameter::base::local::Application::hands_up_refusals)). Its owner serves it
    /// in spite of that, or hands both to [`Machine::refuse`](super::machine::Machine::refuse).
    Objection {
        /// The request.
        request: Message,
        /// What the checks would answer.
        refusal: Refusal,
    },
    /// The answer to a request of ours, as it came; its AVPs may be faulty.
    Answer {
        /// What we called the request.
        tag: Tag,
        /// The answer.
        message: Message,
    },
    /// A request of ours got no answer in time.
    Timeout {
        /// What we called the request.
        tag: Tag,
    },
    /// The peer's Origin-State-Id has grown: it has lost its sessions (RFC 6733 §8.16).
    OriginState(u32),
    /// The connection is not open any more.
    Down {
        /// Why.
        reason: Reason,
        /// Requests of ours that will get no answer.
        unanswered: Vec<Tag>,
    },
    /// The last event: transmit what is left, then close the transport connection.
    Close {
        /// Why.
        reason: Reason,
    },
}

/// A connection that has come up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Up {
    /// Who opened it.
    pub role: Role,
    /// What the peer says of itself.
    pub peer: Capabilities,
    /// The applications that both sides have.
    pub applications: Vec<ApplicationId>,
}

/// Why a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Reason {
    /// The transport connection is gone.
    #[error("the transport connection was lost")]
    TransportClosed,
    /// The transport connection could not be opened.
    #[error("the transport connection could not be opened")]
    ConnectFailed,
    /// No transport connection, CER or CEA came in time.
    #[error("the capabilities exchange took too long")]
    HandshakeTimeout,
    /// The first message was not CER, or not CEA.
    #[error("the first message was not a capabilities exchange")]
    NotCapabilities,
    /// The CER was too long.
    #[error("the capabilities exchange was too long")]
    CerTooLong,
    /// We refused the CER.
    #[error("the peer was refused with {0}")]
    Refused(ResultCode),
    /// The peer refused our CER.
    #[error("the peer refused us with {0}")]
    RefusedByPeer(ResultCode),
    /// The CEA names another host than the one we wanted.
    #[error("another host answered than the one wanted")]
    WrongPeer,
    /// The other connection was elected (RFC 6733 §5.6.4).
    #[error("the other connection of the peer was elected")]
    Election,
    /// The peer was silent for two watchdog intervals.
    #[error("the peer did not answer the watchdog")]
    Watchdog,
    /// The peer was silent while a new connection of its identity waited.
    #[error("a new connection of the peer took over")]
    Superseded,
    /// We said good-bye.
    #[error("we disconnected")]
    Stopped(DisconnectCause),
    /// The peer said good-bye.
    #[error("the peer disconnected")]
    PeerStopped(Option<DisconnectCause>),
    /// The stream cannot be cut into messages.
    #[error("the stream is broken: {0}")]
    Unframed(FrameFault),
    /// A message took too long from its first octet to its last.
    #[error("a message took too long to arrive")]
    SlowMessage,
    /// Input was handed in though nothing was taken out.
    #[error("too much is waiting on this connection")]
    Overrun,
    /// A message of ours was too long to be written.
    #[error("a message was too long to be written")]
    Unwritable,
}

/// What the owner of a machine can tell it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    /// Say good-bye and end the connection.
    Stop {
        /// Why.
        cause: DisconnectCause,
    },
}

/// What a machine tells the registry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// A responder has a good CER and waits for an order.
    Introduced(Box<Introduction>),
    /// An initiator has its transport connection and has sent its CER.
    Connected,
    /// An initiator is open.
    Opened,
    /// A connection that was probed is alive.
    Alive,
    /// A connection is no longer open, or will never be.
    Left(Reason),
}

/// Who wants to come in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Introduction {
    /// Origin-Host.
    pub host: Identity,
    /// Where it connects from.
    pub remote: IpAddr,
}

/// What the registry tells a machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Order {
    /// Answer the CER with success.
    Admit {
        /// The connection before this one was closed by the watchdog.
        reopen: bool,
    },
    /// Answer the CER so and close.
    Refuse(Refusal),
    /// Close without a word.
    Drop(Reason),
    /// Show within [`Limits::probe`](super::limits::Limits::probe) that the peer is alive, or close.
    Probe,
}
