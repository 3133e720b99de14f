//! DWR and DWA (RFC 6733 §5.5).

use bytes::BytesMut;

use super::avps;
use super::local::Origin;
use crate::diameter::encode::{EncodeError, Encoder};
use crate::diameter::header::{ApplicationId, CommandCode, CommandFlags, EndToEnd, Header, HopByHop};
use crate::diameter::result_code::ResultCode;

/// Writes a DWR (§5.5.1) and gives its length in octets.
pub fn write_dwr(
    out: &mut BytesMut,
    hop_by_hop: HopByHop,
    end_to_end: EndToEnd,
    origin: Origin<'_>,
) -> Result<usize, EncodeError> {
    let header = Header {
        flags: CommandFlags::REQUEST,
        command: CommandCode::DEVICE_WATCHDOG,
        application: ApplicationId::BASE,
        hop_by_hop,
        end_to_end,
    };
    let mut dwr = Encoder::start(out, header);
    dwr.utf8(avps::ORIGIN_HOST, origin.host).utf8(avps::ORIGIN_REALM, origin.realm);
    if let Some(state) = origin.state_id {
        dwr.u32(avps::ORIGIN_STATE_ID, state);
    }
    dwr.finish()
}

/// Writes a DWA with 2001 (§5.5.2) to a DWR with the header `request`, and gives its length in octets.
pub fn write_dwa(out: &mut BytesMut, request: Header, origin: Origin<'_>) -> Result<usize, EncodeError> {
    let mut dwa = Encoder::start(out, request.answer());
    dwa.u32(avps::RESULT_CODE, ResultCode::SUCCESS.get());
    dwa.utf8(avps::ORIGIN_HOST, origin.host).utf8(avps::ORIGIN_REALM, origin.realm);
    if let Some(state) = origin.state_id {
        dwa.u32(avps::ORIGIN_STATE_ID, state);
    }
    dwa.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diameter::tree::hex;

    /// Octets made by another implementation.
    #[test]
    fn a_dwr_and_its_answer_have_these_octets() {
        let mut out = BytesMut::new();
        let origin = Origin { host: "ocs1.kz", realm: "kz", state_id: None };
        assert_eq!(write_dwr(&mut out, HopByHop::new(1), EndToEnd::new(2), origin), Ok(48));
        let dwr = "01000030 80000118 00000000 00000001 00000002
                   000001084000000f6f6373312e6b7a00 000001284000000a6b7a0000";
        assert_eq!(*out, hex(dwr));

        out.clear();
        let request = Header {
            flags: CommandFlags::REQUEST,
            command: CommandCode::DEVICE_WATCHDOG,
            application: ApplicationId::BASE,
            hop_by_hop: HopByHop::new(1),
            end_to_end: EndToEnd::new(2),
        };
        assert_eq!(write_dwa(&mut out, request, Origin { state_id: Some(7), ..origin }), Ok(72));
        let dwa = "01000048 00000118 00000000 00000001 00000002
                   0000010c4000000c000007d1
                   000001084000000f6f6373312e6b7a00 000001284000000a6b7a0000
                   000001164000000c00000007";
        assert_eq!(*out, hex(dwa));
    }
}
