use super::*;
use crate::diameter::parse::{BaseShapes, Limits, parse};
use crate::diameter::tree::hex;

fn node() -> LocalNode {
    let identity = |text| Identity::new(text).unwrap();
    LocalNode {
        firmware_revision: Some(100),
        ..LocalNode::charging_server(identity("ocs1.kz"), identity("kz"), 7)
    }
}

fn cer_header() -> Header {
    Header {
        flags: CommandFlags::REQUEST,
        command: CommandCode::CAPABILITIES_EXCHANGE,
        application: ApplicationId::BASE,
        hop_by_hop: HopByHop::new(1),
        end_to_end: EndToEnd::new(2),
    }
}

fn cer(fill: impl FnOnce(&mut Encoder<'_>)) -> Message {
    let mut out = BytesMut::new();
    let mut message = Encoder::start(&mut out, cer_header());
    fill(&mut message);
    message.finish().unwrap();
    parse(out.freeze(), &Limits::DEFAULT, &BaseShapes).unwrap()
}

/// What must be there, without the AVP of the given code.
fn required(message: &mut Encoder<'_>, without: u32) {
    let here = |def: AvpDef| def.key.code != without;
    if here(avps::ORIGIN_HOST) {
        message.utf8(avps::ORIGIN_HOST, "pgw1.epc.kz");
    }
    if here(avps::ORIGIN_REALM) {
        message.utf8(avps::ORIGIN_REALM, "epc.kz");
    }
    if here(avps::HOST_IP_ADDRESS) {
        message.address(avps::HOST_IP_ADDRESS, Address::V4([10, 0, 0, 2].into()));
    }
    if here(avps::VENDOR_ID) {
        message.u32(avps::VENDOR_ID, 10_415);
    }
    if here(avps::PRODUCT_NAME) {
        message.utf8(avps::PRODUCT_NAME, "pgw");
    }
}

/// Golden octets: written down by hand from the grammar of §5.3.2.
#[test]
fn our_cea_has_these_octets() {
    let mut out = BytesMut::new();
    write_cea(&mut out, cer_header(), &node(), IpAddr::from([10, 0, 0, 1]), None).unwrap();
    let golden = "010000b4 00000101 00000000 00000001 00000002
        0000010c4000000c000007d1
        000001084000000f6f6373312e6b7a00
        000001284000000a6b7a0000
        000001014000000e00010a0000010000
        0000010a4000000c00000000
        0000010d0000000c6779726f
        000001164000000c00000007
        000001094000000c000028af
        000001024000000c00000004
        00000104400000200000010a4000000c000028af000001024000000c00000004
        0000010b0000000c00000064";
    assert_eq!(*out, hex(golden));
}

#[test]
fn a_cea_that_refuses_tells_our_capabilities_too() {
    for (code, flags) in [(ResultCode::UNKNOWN_PEER, 0x20), (ResultCode::NO_COMMON_APPLICATION, 0)] {
        let mut out = BytesMut::new();
        let refusal = Refusal::new(code, "no");
        write_cea(&mut out, cer_header(), &node(), IpAddr::from([10, 0, 0, 1]), Some(&refusal)).unwrap();
        let cea = parse(out.freeze(), &Limits::DEFAULT, &BaseShapes).unwrap();
        assert_eq!(cea.header().flags.get(), flags);
        let codes: Vec<u32> = cea.avps().map(|avp| avp.key().code).collect();
        assert_eq!(codes, [268, 264, 296, 257, 266, 269, 278, 281, 265, 258, 260, 267]);
    }
}

#[test]
fn what_we_write_we_read() {
    let mut out = BytesMut::new();
    let address = "2001:db8::1".parse().unwrap();
    write_cer(&mut out, HopByHop::new(1), EndToEnd::new(2), &node(), address).unwrap();
    let message = parse(out.freeze(), &Limits::DEFAULT, &BaseShapes).unwrap();
    let read = Capabilities::read(&message).unwrap();
    assert_eq!(read.host.as_str(), "ocs1.kz");
    assert_eq!(read.realm.as_str(), "kz");
    assert_eq!(&*read.product, "gyro");
    assert_eq!(read.applications, [ApplicationId::CREDIT_CONTROL]);
    assert_eq!((read.vendor_id, read.origin_state_id, read.firmware_revision), (0, Some(7), Some(100)));
}

#[test]
fn applications_are_gathered_from_all_three_kinds_of_avp() {
    let read = Capabilities::read(&cer(|cer| {
        required(cer, 0);
        cer.u32(avps::AUTH_APPLICATION_ID, 4).u32(avps::ACCT_APPLICATION_ID, 3);
        cer.grouped(avps::VENDOR_SPECIFIC_APPLICATION_ID, |group| {
            group.u32(avps::VENDOR_ID, 10_415).u32(avps::AUTH_APPLICATION_ID, 4);
        });
        cer.grouped(avps::VENDOR_SPECIFIC_APPLICATION_ID, |group| {
            group.u32(avps::VENDOR_ID, 10_415).u32(avps::ACCT_APPLICATION_ID, 16_777_302);
        });
    }))
    .unwrap();
    assert_eq!(read.applications.iter().map(|id| id.get()).collect::<Vec<_>>(), [4, 3, 16_777_302]);
}

/// Several Vendor-Ids, both kinds of application, none at all, and one of a wrong length.
#[test]
fn a_malformed_vendor_specific_application_is_taken_as_far_as_it_goes() {
    let read = Capabilities::read(&cer(|cer| {
        required(cer, 0);
        cer.grouped(avps::VENDOR_SPECIFIC_APPLICATION_ID, |group| {
            group.u32(avps::VENDOR_ID, 10_415).u32(avps::VENDOR_ID, 0);
            group.u32(avps::AUTH_APPLICATION_ID, 4).u32(avps::ACCT_APPLICATION_ID, 3);
        });
        cer.grouped(avps::VENDOR_SPECIFIC_APPLICATION_ID, |_| ());
        cer.grouped(avps::VENDOR_SPECIFIC_APPLICATION_ID, |group| {
            group.octets(avps::AUTH_APPLICATION_ID, &[4]);
        });
        cer.octets(avps::VENDOR_SPECIFIC_APPLICATION_ID, &[0, 0, 1, 2, 0x40, 0, 1, 0]);
    }))
    .unwrap();
    assert_eq!(read.applications.iter().map(|id| id.get()).collect::<Vec<_>>(), [4, 3]);
}

#[test]
fn a_missing_avp_is_5005_with_an_example_of_it() {
    let cases = [
        (264, "0000010840000008"),
        (296, "0000012840000008"),
        (257, "000001014000000e0000000000000000"),
        (266, "0000010a4000000c00000000"),
        (269, "0000010d00000008"),
    ];
    for (without, example) in cases {
        let refusal = Capabilities::read(&cer(|cer| required(cer, without))).unwrap_err();
        assert_eq!(refusal.result_code, ResultCode::MISSING_AVP, "{without}");
        assert_eq!(*refusal.failed_avp, hex(example), "{without}");
    }
}

#[test]
fn an_unknown_avp_is_5001_with_the_m_bit_and_nothing_without_it() {
    let with = |def: AvpDef| {
        Capabilities::read(&cer(|cer| {
            required(cer, 0);
            cer.octets(def, &[1, 2, 3, 4]);
        }))
    };
    let refusal = with(AvpDef::base(9_999)).unwrap_err();
    assert_eq!(refusal.result_code, ResultCode::AVP_UNSUPPORTED);
    assert_eq!(*refusal.failed_avp, hex("0000270f4000000c01020304"));
    // the code of Origin-Host, but of a vendor
    assert_eq!(with(AvpDef::vendor(264, 9)).unwrap_err().result_code, ResultCode::AVP_UNSUPPORTED);
    assert!(with(AvpDef::base(9_999).optional()).is_ok());
    assert!(with(AvpDef::vendor(264, 9).optional()).is_ok());
}

#[test]
fn a_value_that_does_not_fit_its_format_is_refused() {
    let cases: [(AvpDef, &[u8], ResultCode); 5] = [
        (avps::ORIGIN_HOST, b"a b", ResultCode::INVALID_AVP_VALUE),
        (avps::ORIGIN_REALM, b"", ResultCode::INVALID_AVP_VALUE),
        (avps::HOST_IP_ADDRESS, &[0, 1, 10], ResultCode::INVALID_AVP_LENGTH),
        (avps::VENDOR_ID, &[1], ResultCode::INVALID_AVP_LENGTH),
        (avps::PRODUCT_NAME, &[0xff], ResultCode::INVALID_AVP_VALUE),
    ];
    for (def, value, code) in cases {
        let message = cer(|cer| {
            required(cer, def.key.code);
            cer.octets(def, value);
        });
        assert_eq!(Capabilities::read(&message).unwrap_err().result_code, code, "{:?}", def.key);
    }
}

#[test]
fn a_peer_cannot_make_us_keep_any_number_of_applications() {
    let read = Capabilities::read(&cer(|cer| {
        required(cer, 0);
        (1_000..1_300).for_each(|id| {
            cer.u32(avps::AUTH_APPLICATION_ID, id);
        });
    }))
    .unwrap();
    assert_eq!(read.applications.len(), APPLICATIONS);
}
