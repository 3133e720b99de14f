//! Malformed messages with the code and the Failed-AVP that RFC 6733 §7.1.5 gives them.

use super::*;

struct Case {
    what: &'static str,
    avps: &'static str,
    failed_avp: &'static str,
    scope: Scope,
    /// Codes of the message's own AVPs that can be read all the same.
    read: &'static [u32],
}

const RESULT: &str = "0000010c4000000c000007d1";

const MALFORMED: &[Case] = &[
    Case {
        what: "an AVP length of zero",
        avps: "0000010c4000000c000007d1 0000019f 40000000 00000001",
        failed_avp: "0000019f 4000000c 00000000",
        scope: Scope::Message,
        read: &[268],
    },
    Case {
        what: "an AVP length below its header",
        avps: "0000019f 40000007 00000001",
        failed_avp: "0000019f 4000000c 00000000",
        scope: Scope::Message,
        read: &[],
    },
    Case {
        what: "the V bit with a length of 8",
        avps: "00000365 c0000008 000028af 00000001",
        failed_avp: "00000365 c0000010 000028af 00000000",
        scope: Scope::Message,
        read: &[],
    },
    Case {
        what: "the V bit with a length of 11",
        avps: "00000365 c000000b 000028af",
        failed_avp: "00000365 c0000010 000028af 00000000",
        scope: Scope::Message,
        read: &[],
    },
    Case {
        what: "the V bit and the message ends before the Vendor-Id",
        avps: "00000365 c0000010",
        failed_avp: "00000365 c000000c 00000000",
        scope: Scope::Message,
        read: &[],
    },
    Case {
        what: "an AVP beyond the end of the message",
        avps: "0000010c4000000c000007d1 000001a5 40ffffff 00000001",
        failed_avp: "000001a5 40000010 0000000000000000",
        scope: Scope::Message,
        read: &[268],
    },
    Case {
        what: "an Address beyond the end of the message",
        avps: "00000101 40000020 00010a00",
        failed_avp: "00000101 4000000e 000000000000 0000",
        scope: Scope::Message,
        read: &[],
    },
    Case {
        what: "a group beyond the end of the message",
        avps: "000001c8 40000100 0000010c4000000c000007d1",
        failed_avp: "000001c8 40000008",
        scope: Scope::Message,
        read: &[],
    },
    Case {
        what: "a header cut off after the code",
        avps: "0000010c4000000c000007d1 0000019f",
        failed_avp: "0000019f 00000008",
        scope: Scope::Message,
        read: &[268],
    },
    Case {
        what: "an AVP beyond the end of its group, with more AVPs behind the group",
        avps: "000001c8 40000014 000001b0 40000010 0000000a 0000010c4000000c000007d1",
        failed_avp: "000001c8 40000014 000001b0 4000000c 00000000",
        scope: Scope::Avp,
        read: &[456, 268],
    },
    Case {
        what: "a header cut off at the end of a group in a group",
        avps: "000001c8 4000001c 000001af 40000012 000001b0 40000008 1234 0000 0000010c4000000c000007d1",
        failed_avp: "000001c8 40000018 000001af 40000010 12340000 00000008",
        scope: Scope::Avp,
        read: &[456, 268],
    },
];

#[test]
fn a_malformed_avp_is_named_and_the_rest_is_read() {
    for case in MALFORMED {
        let message = read(&hex(case.avps));
        let [fault, ..] = message.faults() else { panic!("{}: no fault", case.what) };
        assert_eq!(fault.result_code, ResultCode::INVALID_AVP_LENGTH, "{}", case.what);
        assert_eq!(*fault.failed_avp, hex(case.failed_avp), "{}", case.what);
        assert_eq!(fault.scope, case.scope, "{}", case.what);
        let read: Vec<u32> = message.avps().map(|avp| avp.key().code).collect();
        assert_eq!(read, case.read, "{}", case.what);
    }
}

/// What goes into an answer can be read by whom it is sent to.
#[test]
fn a_failed_avp_is_well_formed_itself() {
    for case in MALFORMED {
        let message = read(&hex(case.avps));
        let again = read(&message.faults()[0].failed_avp);
        assert_eq!(again.faults(), [], "{}", case.what);
        assert_eq!(again.avps().count(), 1, "{}", case.what);
    }
}

#[test]
fn each_fault_is_listed_in_the_order_of_the_wire() {
    let bad_group = "000001c8 40000014 000001b0 40000010 0000000a";
    let octets = hex(&[bad_group, RESULT, bad_group, "0000019f 40000000"].join(" "));
    let message = read(&octets);
    assert_eq!(message.faults().len(), 3);
    assert_eq!(message.faults()[2].scope, Scope::Message);
    assert_eq!(message.avps().count(), 3);
}

#[test]
fn a_request_with_the_error_bit_is_told_before_its_avps() {
    let mut octets = request(&hex("0000019f 40000000")).to_vec();
    octets[4] = 0xe0;
    let message = parse(octets.clone().into(), &Limits::DEFAULT, &GyShapes).unwrap();
    let codes: Vec<u32> = message.faults().iter().map(|fault| fault.result_code.get()).collect();
    assert_eq!(codes, [3008, 5014]);
    octets[4] = 0x70;
    let answer = parse(octets.into(), &Limits::DEFAULT, &GyShapes).unwrap();
    assert_eq!(answer.faults().len(), 1, "E belongs into an answer, T in it is ignored");
}

#[test]
fn the_513th_avp_is_one_too_many_wherever_it_stands() {
    let four = hex("000001b0 4000000c 0000000a");
    let flat = four.repeat(513);
    let message = read(&flat);
    let [fault] = message.faults() else { panic!("{:?}", message.faults()) };
    assert_eq!(fault.result_code, ResultCode::AVP_OCCURS_TOO_MANY_TIMES);
    assert_eq!(*fault.failed_avp, four);
    assert_eq!(fault.scope, Scope::Message);
    assert_eq!(message.avp_count(), 512);
    assert_eq!(read(&flat[..512 * 12]).faults(), []);

    let nested = written(|m| {
        for number in 0..257 {
            m.grouped(AvpDef::base(456), |m| _ = m.u32(AvpDef::base(432), number));
        }
    });
    let message = read(&nested);
    let [fault] = message.faults() else { panic!("{:?}", message.faults()) };
    assert_eq!(fault.result_code, ResultCode::AVP_OCCURS_TOO_MANY_TIMES);
    assert_eq!(*fault.failed_avp, nested[256 * 20..], "257 groups: the last has no place");
}

fn nested(levels: usize) -> Vec<u8> {
    let mut octets = hex(RESULT);
    for _ in 1..levels {
        let length = u32::try_from(octets.len() + 8).unwrap();
        octets = [&hex("000001c8")[..], &(0x4000_0000 | length).to_be_bytes(), &octets].concat();
    }
    octets
}

#[test]
fn the_seventeenth_level_is_one_too_many() {
    let message = read(&nested(16));
    assert_eq!(message.faults(), []);
    assert_eq!(message.walk().map(|avp| avp.depth()).max(), Some(16));

    let message = read(&[nested(17), hex(RESULT)].concat());
    let [fault] = message.faults() else { panic!("{:?}", message.faults()) };
    assert_eq!(fault.result_code, ResultCode::INVALID_AVP_LENGTH);
    assert_eq!(fault.failed_avp.len(), 16 * 8, "the chain of groups, the last one empty");
    assert_eq!(message.avps().count(), 2, "what stands behind is read");
    assert!(message.walk().all(|avp| avp.depth() <= 16));
}

/// freeDiameter recursed without end before anybody had identified itself.
#[test]
fn groups_nested_to_the_end_of_the_message_cost_nothing() {
    let message = read(&nested(8_000));
    assert_eq!(message.faults().len(), 1);
    assert_eq!(message.avp_count(), 16);
}

/// Erlang's decoder took time by the square of the number of AVPs; here each octet is looked at by one AVP.
/// Counted by the AVPs that the parser asks the dictionary about, not by a clock.
#[test]
fn work_grows_with_the_octets_and_not_with_their_square() {
    struct Counting(core::cell::Cell<usize>);
    impl Shapes for Counting {
        fn shape(&self, key: AvpKey) -> Shape {
            self.0.set(self.0.get() + 1);
            GyShapes.shape(key)
        }
    }
    let limits = Limits { avps: 8_000, ..Limits::DEFAULT };
    for count in [1_000, 2_000, 4_000] {
        let octets = written(|m| (0..count).for_each(|_| _ = m.grouped(AvpDef::base(456), |_| {})));
        let shapes = Counting(core::cell::Cell::new(0));
        let message = parse(request(&octets), &limits, &shapes).unwrap();
        assert_eq!(message.avp_count(), count);
        assert_eq!(shapes.0.get(), count);
    }
}

#[test]
fn a_message_full_of_faults_keeps_a_bounded_list() {
    let bad_group = hex("000001c8 40000014 000001b0 40000010 0000000a");
    let message = read(&bad_group.repeat(200));
    assert_eq!(message.faults().len(), FAULTS);
    assert_eq!(message.avps().count(), 200);
}

/// Who goes by the scope of the faults must not take the AVPs that were read for all that there are.
#[test]
fn a_fault_that_ends_the_reading_is_listed_behind_any_number_of_others() {
    let bad_group = hex("000001c8 40000014 000001b0 40000010 0000000a").repeat(200);
    let message = read(&[bad_group.clone(), hex("0000019f 40000000")].concat());
    let last = message.faults().last().unwrap();
    assert_eq!((last.result_code, last.scope), (ResultCode::INVALID_AVP_LENGTH, Scope::Message));
    assert_eq!(message.faults().len(), FAULTS + 1);
    assert_eq!(message.faults_of(None).count(), 1);

    let message = read(&[bad_group, hex("000001b0 4000000c 0000000a").repeat(400)].concat());
    let last = message.faults().last().unwrap();
    assert_eq!((last.result_code, last.scope), (ResultCode::AVP_OCCURS_TOO_MANY_TIMES, Scope::Message));
    assert_eq!(message.faults().len(), FAULTS + 1);
}

/// What a peer quotes in Failed-AVP is broken as a rule; the answer around it is not.
#[test]
fn a_broken_quotation_in_failed_avp_is_no_fault() {
    let message = read(&hex("00000117 40000010 0000019f 40000000 0000010c4000000c000007d1"));
    assert_eq!(message.faults(), []);
    assert_eq!(message.avps().count(), 2);
}

#[test]
fn the_last_avp_of_a_group_may_lack_its_padding() {
    let message = read(&hex("000001c8 40000011 00000107 40000009 61 000000 0000010c4000000c000007d1"));
    assert_eq!(message.faults(), []);
    assert_eq!(message.avps().next().unwrap().find(AvpKey::SESSION_ID).unwrap().data(), b"a");
    assert_eq!(message.avps().count(), 2);
}

/// Kamailio read four octets of an Unsigned32 that had fewer.
#[test]
fn a_number_of_the_wrong_size_is_refused_with_its_avp_in_its_groups() {
    let message = read(&hex("000001c8 40000014 000001b0 4000000a 000a 0000 0000010c4000000c000007d1"));
    let mscc = message.avps().next().unwrap();
    let group = mscc.find(AvpKey::base(432)).unwrap();
    let fault = group.u32().unwrap_err();
    assert_eq!(fault.result_code, ResultCode::INVALID_AVP_LENGTH);
    assert_eq!(*fault.failed_avp, hex("000001c8 40000014 000001b0 4000000a 000a 0000"));
    assert_eq!(group.u64().unwrap_err().result_code, ResultCode::INVALID_AVP_LENGTH);
    assert_eq!(group.time().unwrap_err().result_code, ResultCode::INVALID_AVP_LENGTH);
    assert_eq!(group.grouped().unwrap_err().result_code, ResultCode::INVALID_AVP_LENGTH);
}

#[test]
fn a_missing_avp_of_a_group_is_named_inside_its_groups() {
    let message = read(&hex("000001c8 40000014 000001b0 4000000c 00000000"));
    let mscc = message.avps().next().unwrap();
    let fault = mscc.missing(AvpDef::base(448), 4);
    assert_eq!(fault.result_code, ResultCode::MISSING_AVP);
    assert_eq!(*fault.failed_avp, hex("000001c8 40000014 000001c0 4000000c 00000000"));
}

/// open5gs aborted on 64 Origin-Hosts.
#[test]
fn an_avp_repeated_many_times_is_read_many_times() {
    let octets = hex("00000108 4000000a 6b7a 0000").repeat(64);
    let message = read(&octets);
    assert_eq!(message.faults(), []);
    assert_eq!(message.all(AvpKey::base(264)).count(), 64);
}

/// RFC 3588 let several Vendor-Ids stand in one Vendor-Specific-Application-Id; open5gs aborted on it.
#[test]
fn a_malformed_vendor_specific_application_id_is_read_as_far_as_it_goes() {
    let message = read(&hex("00000104 40000020 0000010a 4000000c 000028af 0000010a 4000000c 000028af"));
    assert_eq!(message.avps().next().unwrap().children().count(), 2);
    let message = read(&hex("00000104 40000010 0000010a 40000010"));
    assert_eq!(message.faults().len(), 1);
    assert_eq!(message.avps().next().unwrap().children().count(), 0);
}
