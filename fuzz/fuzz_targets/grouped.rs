//! Octets inside of nested groups: the first octet chooses the groups, the rest stands in the innermost one.

#![no_main]

use std::sync::LazyLock;

use bytes::BytesMut;
use gyro::diameter::avp::{AvpDef, AvpKey};
use gyro::diameter::dictionary::{self, Dictionary};
use gyro::diameter::encode::Encoder;
use gyro::diameter::header::{ApplicationId, CommandCode, CommandFlags, EndToEnd, Header, HopByHop};
use gyro::diameter::message::Message;
use gyro::diameter::parse::{Limits, parse};
use gyro::diameter::result_code::ResultCode;
use libfuzzer_sys::fuzz_target;

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(dictionary::builtin);

const LIMITS: Limits = Limits { message_octets: 8_192, avps: 128, depth: 8 };

/// MSCC, GSU, Service-Information, Failed-AVP.
const GROUPS: [AvpDef; 4] =
    [AvpDef::base(456), AvpDef::base(431), AvpDef::tgpp(873), AvpDef::base(279)];

fuzz_target!(|data: &[u8]| {
    let Some((choice, inside)) = data.split_first() else { return };
    let Some(inside) = inside.get(..inside.len().min(4_096) & !3) else { return };
    let depth = usize::from(choice & 7);
    let groups: Vec<AvpDef> =
        (0..depth).map(|level| GROUPS[(usize::from(choice >> 3) + level * 3) % GROUPS.len()]).collect();
    let header = Header {
        flags: CommandFlags::PROXIABLE_REQUEST,
        command: CommandCode::CREDIT_CONTROL,
        application: ApplicationId::CREDIT_CONTROL,
        hop_by_hop: HopByHop::new(1),
        end_to_end: EndToEnd::new(2),
    };
    let mut out = BytesMut::new();
    let mut message = Encoder::start(&mut out, header);
    match groups.split_last() {
        Some((last, around)) => nest(&mut message, around, *last, inside),
        None => _ = message.octets(AvpDef::base(456), inside),
    }
    message.u32(AvpDef::base(268), 2_001);
    message.finish().expect("a short message can be written");

    let message = parse(out.freeze(), &LIMITS, &*DICTIONARY).expect("its header is right");
    assert!(message.walk().all(|avp| avp.depth() <= LIMITS.depth));
    let too_many = message.faults().iter().any(|fault| fault.result_code == ResultCode::AVP_OCCURS_TOO_MANY_TIMES);
    // whatever stands inside of the groups, what stands behind them is read
    assert!(too_many || message.find(AvpKey::base(268)).is_some_and(|avp| avp.u32() == Ok(2_001)));
    chains(&message, &groups);
});

fn nest(message: &mut Encoder<'_>, around: &[AvpDef], last: AvpDef, inside: &[u8]) {
    match around.split_first() {
        Some((group, rest)) => {
            message.grouped(*group, |message| nest(message, rest, last, inside));
        }
        None => _ = message.octets(last, inside),
    }
}

/// A fault in nested groups is wrapped into the same groups; nothing inside of a Failed-AVP is one.
fn chains(message: &Message, groups: &[AvpDef]) {
    for fault in message.faults() {
        let quoted = groups.iter().any(|group| group.key == AvpKey::FAILED_AVP);
        assert!(!quoted || fault.result_code == ResultCode::AVP_OCCURS_TOO_MANY_TIMES, "{fault:?}");
        let first = groups.first().map_or(456, |group| group.key.code).to_be_bytes();
        let tail = 268_u32.to_be_bytes();
        assert!(fault.failed_avp.starts_with(&first) || fault.failed_avp.starts_with(&tail), "{fault:?}");
    }
    for avp in message.walk() {
        for child in avp.children() {
            assert_eq!(child.parent().map(|parent| parent.offset()), Some(avp.offset()));
            assert_eq!(child.depth(), avp.depth() + 1);
        }
    }
}
