//! The header of a message (RFC 6733 §3): 20 octets before the AVPs.

use core::fmt;

/// Octets of a message header.
pub const HEADER_OCTETS: usize = 20;
/// The one protocol version there is.
pub const VERSION: u8 = 1;
/// The longest message in octets that Message Length can say: 24 bits, a multiple of four.
pub const LONGEST_MESSAGE: usize = 0x00ff_fffc;

/// What a message is, who it is for, and which answer belongs to which request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Header {
    /// Request or answer, and how it may travel.
    pub flags: CommandFlags,
    /// Which command; a request and its answer share the code.
    pub command: CommandCode,
    /// The application that the command belongs to.
    pub application: ApplicationId,
    /// Ties an answer to its request on one connection.
    pub hop_by_hop: HopByHop,
    /// Names a request for at least four minutes across all connections of its origin.
    pub end_to_end: EndToEnd,
}

impl Header {
    /// The header of an answer to this request: R, E and T clear, everything else as it came
    /// (RFC 6733 §6.2).
    pub const fn answer(self) -> Self {
        Self { flags: self.flags.answer(), ..self }
    }

    /// The header of an answer in the form of RFC 6733 §7.2, with the E bit set.
    pub const fn error_answer(self) -> Self {
        Self { flags: self.flags.answer().with_error(), ..self }
    }

    /// Reads the 20 octets behind the length check; version and length are left to [`super::frame`].
    pub(crate) fn read(octets: &[u8; HEADER_OCTETS]) -> Self {
        let [_, _, _, _, flags, c0, c1, c2, a0, a1, a2, a3, h0, h1, h2, h3, e0, e1, e2, e3] = *octets;
        Self {
            flags: CommandFlags::new(flags),
            command: CommandCode::new(u32::from_be_bytes([0, c0, c1, c2])),
            application: ApplicationId::new(u32::from_be_bytes([a0, a1, a2, a3])),
            hop_by_hop: HopByHop::new(u32::from_be_bytes([h0, h1, h2, h3])),
            end_to_end: EndToEnd::new(u32::from_be_bytes([e0, e1, e2, e3])),
        }
    }

    /// The 20 octets of this header with the given Message Length.
    pub(crate) fn write(self, length: u32) -> [u8; HEADER_OCTETS] {
        let [_, l0, l1, l2] = length.to_be_bytes();
        let [_, c0, c1, c2] = self.command.get().to_be_bytes();
        let [a0, a1, a2, a3] = self.application.get().to_be_bytes();
        let [h0, h1, h2, h3] = self.hop_by_hop.get().to_be_bytes();
        let [e0, e1, e2, e3] = self.end_to_end.get().to_be_bytes();
        let flags = self.flags.get();
        [VERSION, l0, l1, l2, flags, c0, c1, c2, a0, a1, a2, a3, h0, h1, h2, h3, e0, e1, e2, e3]
    }
}

/// The flag octet of a message header (RFC 6733 §3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CommandFlags(u8);

impl CommandFlags {
    const R: u8 = 0x80;
    const P: u8 = 0x40;
    const E: u8 = 0x20;
    const T: u8 = 0x10;

    /// A request that no agent may forward (CER, DWR, DPR).
    pub const REQUEST: Self = Self(Self::R);
    /// A request that agents may forward (CCR, RAR, ASR, STR).
    pub const PROXIABLE_REQUEST: Self = Self(Self::R | Self::P);
    /// An answer that no agent may forward.
    pub const ANSWER: Self = Self(0);
    /// An answer that agents may forward.
    pub const PROXIABLE_ANSWER: Self = Self(Self::P);

    /// From the octet on the wire.
    pub const fn new(octet: u8) -> Self {
        Self(octet)
    }

    /// The octet on the wire.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// R: this is a request.
    pub const fn is_request(self) -> bool {
        self.0 & Self::R != 0
    }

    /// P: agents may forward it.
    pub const fn is_proxiable(self) -> bool {
        self.0 & Self::P != 0
    }

    /// E: an answer with a protocol error.
    pub const fn is_error(self) -> bool {
        self.0 & Self::E != 0
    }

    /// T: the request may have been sent before.
    pub const fn is_retransmitted(self) -> bool {
        self.0 & Self::T != 0
    }

    /// These flags and P.
    pub const fn with_proxiable(self) -> Self {
        Self(self.0 | Self::P)
    }

    /// These flags and E.
    pub const fn with_error(self) -> Self {
        Self(self.0 | Self::E)
    }

    /// These flags and T.
    pub const fn with_retransmitted(self) -> Self {
        Self(self.0 | Self::T)
    }

    /// The flags of the answer to a message with these flags: P is kept, all else is clear.
    pub const fn answer(self) -> Self {
        Self(self.0 & Self::P)
    }
}

/// `RPET` with a dash for every clear flag; other bits as a number behind.
impl fmt::Debug for CommandFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (bit, letter) in [(Self::R, "R"), (Self::P, "P"), (Self::E, "E"), (Self::T, "T")] {
            f.write_str(if self.0 & bit == 0 { "-" } else { letter })?;
        }
        match self.0 & 0x0f {
            0 => Ok(()),
            reserved => write!(f, "+{reserved:#x}"),
        }
    }
}

impl fmt::Display for CommandFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A command code (24 bits on the wire; RFC 6733 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CommandCode(u32);

impl CommandCode {
    /// CER and CEA (RFC 6733 §5.3).
    pub const CAPABILITIES_EXCHANGE: Self = Self(257);
    /// RAR and RAA (RFC 6733 §8.3).
    pub const RE_AUTH: Self = Self(258);
    /// ACR and ACA (RFC 6733 §9.7).
    pub const ACCOUNTING: Self = Self(271);
    /// CCR and CCA (RFC 8506 §3).
    pub const CREDIT_CONTROL: Self = Self(272);
    /// ASR and ASA (RFC 6733 §8.5).
    pub const ABORT_SESSION: Self = Self(274);
    /// STR and STA (RFC 6733 §8.4).
    pub const SESSION_TERMINATION: Self = Self(275);
    /// DWR and DWA (RFC 6733 §5.5).
    pub const DEVICE_WATCHDOG: Self = Self(280);
    /// DPR and DPA (RFC 6733 §5.4).
    pub const DISCONNECT_PEER: Self = Self(282);
    /// SLR and SLA (TS 29.219 §5.6).
    pub const SPENDING_LIMIT: Self = Self(8_388_635);
    /// SNR and SNA (TS 29.219 §5.6).
    pub const SPENDING_STATUS_NOTIFICATION: Self = Self(8_388_636);

    /// From the number; only its low 24 bits go on the wire.
    pub const fn new(code: u32) -> Self {
        Self(code & 0x00ff_ffff)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

macro_rules! word {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(u32);

        impl $name {
            /// From the number.
            pub const fn new(value: u32) -> Self {
                Self(value)
            }

            /// The number.
            pub const fn get(self) -> u32 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

word! {
    /// An Application-Id (RFC 6733 §2.4).
    ApplicationId
}
word! {
    /// A Hop-by-Hop Identifier: unique among the open requests of one connection (RFC 6733 §3).
    HopByHop
}
word! {
    /// An End-to-End Identifier: unique per origin for four minutes (RFC 6733 §3).
    EndToEnd
}

impl fmt::Display for CommandCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl ApplicationId {
    /// The base protocol: CER, DWR, DPR.
    pub const BASE: Self = Self(0);
    /// Diameter credit control, and so Gy and Ro (RFC 8506 §1.2, TS 32.299 §6.1).
    pub const CREDIT_CONTROL: Self = Self(4);
    /// Sy, the spending limits (TS 29.219 §5.1).
    pub const SY: Self = Self(16_777_302);
    /// Relay agents: meets every application (RFC 6733 §2.4).
    pub const RELAY: Self = Self(0xffff_ffff);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_the_proxiable_bit_and_the_identifiers_and_nothing_else() {
        let request = Header {
            flags: CommandFlags::PROXIABLE_REQUEST.with_retransmitted(),
            command: CommandCode::CREDIT_CONTROL,
            application: ApplicationId::CREDIT_CONTROL,
            hop_by_hop: HopByHop::new(7),
            end_to_end: EndToEnd::new(9),
        };
        let answer = request.answer();
        assert_eq!(answer.flags, CommandFlags::PROXIABLE_ANSWER);
        assert_eq!(answer.hop_by_hop, request.hop_by_hop);
        assert_eq!(answer.end_to_end, request.end_to_end);
        assert_eq!(request.error_answer().flags, CommandFlags::new(0x60));
    }

    #[test]
    fn flags_read_as_letters() {
        assert_eq!(CommandFlags::new(0xd3).to_string(), "RP-T+0x3");
        assert_eq!(CommandFlags::new(0x60).to_string(), "-PE-");
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let header = Header {
            flags: CommandFlags::new(0xc0),
            command: CommandCode::new(0x0098_967f),
            application: ApplicationId::new(4),
            hop_by_hop: HopByHop::new(0x1122_3344),
            end_to_end: EndToEnd::new(0x5566_7788),
        };
        assert_eq!(Header::read(&header.write(0x3c)), header);
    }
}
