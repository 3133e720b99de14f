//! How long a peer may take and how much it may hold: every deadline and every bound of a connection.

use core::time::Duration;

/// Deadlines and bounds of one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// From the transport connection to the CER of a responder, from our CER to its CEA.
    pub capabilities: Duration,
    /// From Start to the transport connection of an initiator.
    pub connect: Duration,
    /// How long a CER may wait for its CEA, while an election or a probe is under way.
    pub hold: Duration,
    /// From the first octet of a message to its last.
    pub message: Duration,
    /// Twinit of RFC 3539 §3.4.1; never below [`LEAST_WATCHDOG`].
    pub watchdog: Duration,
    /// How long an open connection may be silent when another of the same identity waits.
    pub probe: Duration,
    /// From a DPR to the end of the connection.
    pub disconnect: Duration,
    /// Octets of the first message, a CER.
    pub cer_octets: usize,
    /// Octets of any later message.
    pub message_octets: usize,
    /// Requests of ours that wait for an answer.
    pub pending: usize,
    /// Messages kept behind a CER that waits.
    pub backlog: usize,
    /// Events not taken yet, above which no more input is taken.
    pub events: usize,
    /// Octets not transmitted yet, above which no more input is taken.
    pub output_octets: usize,
}

/// The least watchdog interval that RFC 3539 §3.4.1 allows.
pub const LEAST_WATCHDOG: Duration = Duration::from_secs(6);

impl Limits {
    /// The limits by default.
    pub const DEFAULT: Self = Self {
        capabilities: Duration::from_secs(5),
        connect: Duration::from_secs(10),
        hold: Duration::from_secs(15),
        message: Duration::from_secs(10),
        watchdog: Duration::from_secs(30),
        probe: Duration::from_secs(3),
        disconnect: Duration::from_secs(5),
        cer_octets: 4 * 1_024,
        message_octets: crate::diameter::parse::MESSAGE_OCTETS,
        pending: 4_096,
        backlog: 16,
        events: 1_024,
        output_octets: 1_024 * 1_024,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
