//! DPR and DPA (RFC 6733 §5.4): a peer says that it will close the connection, and why.

use bytes::BytesMut;

use super::avps;
use super::local::Origin;
use crate::diameter::encode::{EncodeError, Encoder};
use crate::diameter::header::{ApplicationId, CommandCode, CommandFlags, EndToEnd, Header, HopByHop};
use crate::diameter::message::Message;
use crate::diameter::result_code::ResultCode;

/// Disconnect-Cause (§5.4.3): whether it is of use to connect again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DisconnectCause {
    /// 0: a restart; connect again.
    Rebooting,
    /// 1: too much to do; do not connect again without need.
    Busy,
    /// 2: no use for the connection; do not connect again without need.
    DoNotWantToTalkToYou,
    /// A number that the standard does not have.
    Other(i32),
}

impl DisconnectCause {
    /// The number on the wire.
    pub const fn get(self) -> i32 {
        match self {
            Self::Rebooting => 0,
            Self::Busy => 1,
            Self::DoNotWantToTalkToYou => 2,
            Self::Other(number) => number,
        }
    }

    /// From the number on the wire.
    pub const fn new(number: i32) -> Self {
        match number {
            0 => Self::Rebooting,
            1 => Self::Busy,
            2 => Self::DoNotWantToTalkToYou,
            other => Self::Other(other),
        }
    }

    /// The cause in a DPR, if it says one.
    pub fn of(dpr: &Message) -> Option<Self> {
        dpr.find(avps::DISCONNECT_CAUSE.key)?.enumerated().ok().map(Self::new)
    }
}

/// Writes a DPR (§5.4.1) and gives its length in octets. It has no Origin-State-Id.
pub fn write_dpr(
    out: &mut BytesMut,
    hop_by_hop: HopByHop,
    end_to_end: EndToEnd,
    origin: Origin<'_>,
    cause: DisconnectCause,
) -> Result<usize, EncodeError> {
    let header = Header {
        flags: CommandFlags::REQUEST,
        command: CommandCode::DISCONNECT_PEER,
        application: ApplicationId::BASE,
        hop_by_hop,
        end_to_end,
    };
    let mut dpr = Encoder::start(out, header);
    dpr.utf8(avps::ORIGIN_HOST, origin.host).utf8(avps::ORIGIN_REALM, origin.realm);
    dpr.i32(avps::DISCONNECT_CAUSE, cause.get());
    dpr.finish()
}

/// Writes a DPA with 2001 (§5.4.2) to a DPR with the header `request`, and gives its length in octets.
pub fn write_dpa(out: &mut BytesMut, request: Header, origin: Origin<'_>) -> Result<usize, EncodeError> {
    let mut dpa = Encoder::start(out, request.answer());
    dpa.u32(avps::RESULT_CODE, ResultCode::SUCCESS.get());
    dpa.utf8(avps::ORIGIN_HOST, origin.host).utf8(avps::ORIGIN_REALM, origin.realm);
    dpa.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diameter::tree::hex;

    #[test]
    fn a_dpr_and_its_answer_have_these_octets() {
        let origin = Origin { host: "ocs1.kz", realm: "kz", state_id: Some(7) };
        let mut out = BytesMut::new();
        let (hop, end) = (HopByHop::new(3), EndToEnd::new(4));
        assert_eq!(write_dpr(&mut out, hop, end, origin, DisconnectCause::Busy), Ok(60));
        let dpr = "0100003c 8000011a 00000000 00000003 00000004
                   000001084000000f6f6373312e6b7a00 000001284000000a6b7a0000
                   000001114000000c00000001";
        assert_eq!(*out, hex(dpr));

        out.clear();
        let request = Header {
            flags: CommandFlags::REQUEST,
            command: CommandCode::DISCONNECT_PEER,
            application: ApplicationId::BASE,
            hop_by_hop: hop,
            end_to_end: end,
        };
        assert_eq!(write_dpa(&mut out, request, origin), Ok(60));
        let dpa = "0100003c 0000011a 00000000 00000003 00000004
                   0000010c4000000c000007d1
                   000001084000000f6f6373312e6b7a00 000001284000000a6b7a0000";
        assert_eq!(*out, hex(dpa));
    }

    #[test]
    fn a_cause_is_its_number() {
        for number in [0, 1, 2, 3, -1] {
            assert_eq!(DisconnectCause::new(number).get(), number);
        }
    }
}
