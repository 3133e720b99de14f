use bytes::BytesMut;

use super::*;
use crate::diameter::avp::{AvpDef, VENDOR_3GPP};
use crate::diameter::data::Address;
use crate::diameter::encode::{EncodeError, Encoder};
use crate::diameter::header::{ApplicationId, CommandCode, CommandFlags, EndToEnd, HopByHop};
use crate::diameter::tree::hex;
use crate::time::Timestamp;

mod faults;
mod properties;

type Write = fn(&mut Encoder<'_>);
type WriteWith<'a> = dyn Fn(&mut Encoder<'_>) + 'a;

/// Result-Code, CC-Request-Number and Validity-Time are 4 octets; MSCC, GSU and Failed-AVP are groups.
#[derive(Clone, Copy)]
struct GyShapes;

impl Shapes for GyShapes {
    fn shape(&self, key: AvpKey) -> Shape {
        match (key.vendor, key.code) {
            (0, 268 | 415 | 432 | 448) | (VENDOR_3GPP, 869) => Shape::Octets(4),
            (0, 421) => Shape::Octets(8),
            (0, 257) => Shape::Octets(Address::LEAST_OCTETS),
            (0, 431 | 445 | 456) | (VENDOR_3GPP, 873) => Shape::Group,
            _ => BaseShapes.shape(key),
        }
    }
}

fn header(flags: CommandFlags) -> Header {
    Header {
        flags,
        command: CommandCode::CREDIT_CONTROL,
        application: ApplicationId::CREDIT_CONTROL,
        hop_by_hop: HopByHop::new(0x1122_3344),
        end_to_end: EndToEnd::new(0x5566_7788),
    }
}

/// A CCR around AVPs that may be as wrong as the test wants.
fn request(avps: &[u8]) -> Bytes {
    let length = u32::try_from(avps.len() + 20).unwrap();
    [&header(CommandFlags::PROXIABLE_REQUEST).write(length)[..], avps].concat().into()
}

fn read(avps: &[u8]) -> Message {
    parse(request(avps), &Limits::DEFAULT, &GyShapes).unwrap()
}

/// The octets of the AVPs that `write` writes.
fn written(write: impl FnOnce(&mut Encoder<'_>)) -> Vec<u8> {
    let mut out = BytesMut::new();
    let mut message = Encoder::start(&mut out, header(CommandFlags::ANSWER));
    write(&mut message);
    message.finish().unwrap();
    out[20..].to_vec()
}

/// Octets that an independent implementation wrote.
#[test]
fn golden_octets_are_written() {
    let secs = |text: &str| Timestamp::from_micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond());
    let cases: [(&str, Write); 8] = [
        ("00000107 40000012 7067772e6b7a3b313b32 0000", |m| {
            m.utf8(AvpDef::base(263), "pgw.kz;1;2");
        }),
        ("0000010c 4000000c 000007d1", |m| {
            m.u32(AvpDef::base(268), ResultCode::SUCCESS.get());
        }),
        ("00000101 4000000e 0001 0a000001 0000", |m| {
            m.address(AvpDef::base(257), Address::V4([10, 0, 0, 1].into()));
        }),
        ("00000101 4000001a 0002 20010db8000000000000000000000001 0000", |m| {
            m.address(AvpDef::base(257), Address::V6("2001:db8::1".parse().unwrap()));
        }),
        ("000007e1 c0000019 000028af 0008 3737303130303030303030 000000", |m| {
            m.address(AvpDef::tgpp(2017), Address::E164("77010000000"));
        }),
        ("00000368 c0000010 000028af 00000003", |m| {
            m.i32(AvpDef::tgpp(872), 3);
        }),
        ("000001af 40000018 000001a5 40000010 0000000000a00000", |m| {
            m.grouped(AvpDef::base(431), |m| {
                m.u64(AvpDef::base(421), 10_485_760);
            });
        }),
        ("000001bd 40000024 000001bf 40000010 00000000000004e2 000001ad 4000000c fffffffe", |m| {
            m.grouped(AvpDef::base(445), |m| {
                m.i64(AvpDef::base(447), 1_250).i32(AvpDef::base(429), -2);
            });
        }),
    ];
    for (golden, write) in cases {
        assert_eq!(written(write), hex(golden), "{golden}");
    }
    let at = secs("2026-01-01T00:00:00Z");
    assert_eq!(written(|m| _ = m.time(AvpDef::base(55), at)), hex("00000037 4000000c ed003780"));
    let at = secs("2036-02-07T06:28:16Z");
    assert_eq!(written(|m| _ = m.time(AvpDef::base(55), at)), hex("00000037 4000000c 00000000"));
}

const MSCC: &str =
    "000001c840000054 000001af40000018000001a5400000100000000000a00000 000001b04000000c0000000a
                    000001c04000000c00000e10 0000010c4000000c000007d1 00000365c0000010000028af00100000";

#[test]
fn a_golden_group_is_written_and_read() {
    let octets = written(|m| {
        m.grouped(AvpDef::base(456), |m| {
            m.grouped(AvpDef::base(431), |m| _ = m.u64(AvpDef::base(421), 10_485_760))
                .u32(AvpDef::base(432), 10)
                .u32(AvpDef::base(448), 3_600)
                .u32(AvpDef::base(268), 2_001)
                .u32(AvpDef::tgpp(869), 1_048_576);
        });
    });
    assert_eq!(octets, hex(MSCC));

    let message = read(&octets);
    assert_eq!(message.faults(), []);
    let mscc = message.find(AvpKey::base(456)).unwrap();
    let codes: Vec<u32> = mscc.children().map(|avp| avp.key().code).collect();
    assert_eq!(codes, [431, 432, 448, 268, 869]);
    let gsu = mscc.find(AvpKey::base(431)).unwrap();
    assert_eq!(gsu.find(AvpKey::base(421)).unwrap().u64(), Ok(10_485_760));
    assert_eq!(gsu.find(AvpKey::base(421)).unwrap().depth(), 3);
    assert_eq!(gsu.parent().map(|avp| avp.key()), Some(AvpKey::base(456)));
    assert_eq!(mscc.find(AvpKey::tgpp(869)).unwrap().u32(), Ok(1_048_576));
    assert!(mscc.find(AvpKey::base(869)).is_none(), "the vendor is part of the key");
}

#[test]
fn a_golden_watchdog_is_written_and_read() {
    let golden = hex("01000030 80000118 00000000 00000001 00000002
                      00000108 4000000f 6f6373312e6b7a00 00000128 4000000a 6b7a0000");
    let dwr = Header {
        flags: CommandFlags::REQUEST,
        command: CommandCode::DEVICE_WATCHDOG,
        application: ApplicationId::BASE,
        hop_by_hop: HopByHop::new(1),
        end_to_end: EndToEnd::new(2),
    };
    let mut out = BytesMut::new();
    let mut message = Encoder::start(&mut out, dwr);
    message.utf8(AvpDef::base(264), "ocs1.kz").utf8(AvpDef::base(296), "kz");
    assert_eq!(message.finish(), Ok(48));
    assert_eq!(*out, golden);

    let message = parse(out.freeze(), &Limits::DEFAULT, &BaseShapes).unwrap();
    assert_eq!(message.header(), dwr);
    assert_eq!(message.find(AvpKey::base(264)).unwrap().identity().unwrap(), *"OCS1.kz");
}

#[test]
fn a_golden_error_answer_is_written() {
    let unknown = Header { command: CommandCode::new(9_999_999), ..header(CommandFlags::REQUEST) };
    let mut out = BytesMut::new();
    let mut message = Encoder::start(&mut out, unknown.error_answer());
    message.utf8(AvpDef::base(264), "ocs1.kz").utf8(AvpDef::base(296), "kz").u32(AvpDef::base(268), 3001);
    message.finish().unwrap();
    assert_eq!(out[..20], hex("0100003c 2098967f 00000004 11223344 55667788"));
    assert_eq!(out[48..], hex("0000010c4000000c00000bb9"));
}

#[test]
fn a_value_is_a_share_of_the_message_and_no_copy() {
    let octets = request(&written(|m| _ = m.utf8(AvpDef::base(263), "pgw.kz;1;2")));
    let message = parse(octets.clone(), &Limits::DEFAULT, &GyShapes).unwrap();
    let session_id = message.find(AvpKey::SESSION_ID).unwrap();
    let shared = message.bytes_of(&session_id);
    assert_eq!(shared, "pgw.kz;1;2");
    assert_eq!(shared.as_ptr(), octets[28..].as_ptr());
    let other = read(&written(|m| _ = m.utf8(AvpDef::base(263), "other")));
    assert_eq!(message.bytes_of(&other.find(AvpKey::SESSION_ID).unwrap()), "other");
}

/// RFC 6733 §6.2: Proxy-Info goes back as it came, whatever stands in it.
#[test]
fn a_copied_avp_is_octet_for_octet_the_same() {
    let strange = hex("0000011c e3000019 0102030405060708 090a0b0c0d0e0f1011 000000");
    let with_vendor_zero = hex("00000107 c000000d 00000000 61 000000");
    let message = parse(request(&[strange, with_vendor_zero].concat()), &Limits::DEFAULT, &NoShapes).unwrap();
    assert_eq!(message.faults(), []);
    let copy = written(|m| message.avps().for_each(|avp| _ = m.raw(&avp)));
    assert_eq!(copy, message.bytes()[20..]);
}

#[test]
fn padding_of_any_value_is_taken() {
    let message = read(&hex("00000107 4000000d 70677721 32 ffffff 0000010c 4000000c 000007d1"));
    assert_eq!(message.faults(), []);
    assert_eq!(message.avps().count(), 2);
}

#[test]
fn a_session_id_elsewhere_is_read_and_never_written() {
    let message = read(&hex("0000010c 4000000c 000007d1 00000107 4000000c 61 3b 31 3b"));
    assert_eq!(message.find(AvpKey::SESSION_ID).unwrap().utf8(), Ok("a;1;"));
    let mut out = BytesMut::from(&b"before"[..]);
    let mut message = Encoder::start(&mut out, header(CommandFlags::ANSWER));
    message.u32(AvpDef::base(268), 2001).utf8(AvpDef::base(263), "a;1;");
    assert_eq!(message.finish(), Err(EncodeError::SessionIdNotFirst));
    assert_eq!(*out, *b"before");
    Encoder::start_session(&mut out, header(CommandFlags::ANSWER), "a;1;").finish().unwrap();
    assert_eq!(out.len(), 6 + 32);
}

#[test]
fn what_cannot_be_written_leaves_the_buffer_as_it_was() {
    let long = vec![0; 0x0100_0000 - 8];
    let half = vec![0; 0x0080_0000];
    let cases: [(EncodeError, &WriteWith<'_>); 4] = [
        (EncodeError::TooLong, &|m| _ = m.octets(AvpDef::base(1), &long)),
        (EncodeError::TooLong, &|m| _ = m.octets(AvpDef::base(1), &half).octets(AvpDef::base(1), &half)),
        (EncodeError::TooLong, &|m| {
            m.grouped(AvpDef::base(456), |m| {
                m.octets(AvpDef::base(1), &half).octets(AvpDef::base(1), &half);
            });
        }),
        (EncodeError::Time(Timestamp::MAX), &|m| _ = m.time(AvpDef::base(55), Timestamp::MAX)),
    ];
    for (error, write) in cases {
        let mut out = BytesMut::from(&b"before"[..]);
        let mut message = Encoder::start(&mut out, header(CommandFlags::ANSWER));
        message.u32(AvpDef::base(268), 2001);
        write(&mut message);
        message.u32(AvpDef::base(268), 2001);
        assert_eq!(message.finish(), Err(error));
        assert_eq!(*out, *b"before");
    }
    let mut out = BytesMut::from(&b"before"[..]);
    Encoder::start(&mut out, header(CommandFlags::ANSWER)).u32(AvpDef::base(268), 2001);
    assert_eq!(*out, *b"before", "a message that is not finished");
}

#[test]
fn octets_that_are_not_exactly_one_message_are_refused() {
    let dwr = hex("01000014 80000118 00000000 00000001 00000002");
    let parsed = |octets: &[u8]| parse(Bytes::copy_from_slice(octets), &Limits::DEFAULT, &NoShapes);
    assert!(parsed(&dwr).is_ok());
    for wrong in [&dwr[..19], &[&dwr[..], &[0; 4]].concat(), &dwr[..4], &[]] {
        let error = parsed(wrong).unwrap_err();
        assert_eq!(error.result_code(), ResultCode::INVALID_MESSAGE_LENGTH, "{wrong:?}");
    }
    let mut version = dwr;
    version[0] = 3;
    assert_eq!(parsed(&version).unwrap_err().result_code(), ResultCode::UNSUPPORTED_VERSION);
    let limits = Limits { message_octets: 16, ..Limits::DEFAULT };
    version[0] = 1;
    let error = parse(version.into(), &limits, &NoShapes).unwrap_err();
    assert_eq!(error.fault, FrameFault::TooLong { length: 20, limit: 16 });
    assert_eq!(error.answerable().map(|header| header.end_to_end.get()), Some(2));
}
