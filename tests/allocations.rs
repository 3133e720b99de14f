//! The codec's promise on memory: reading a message takes one allocation, however many AVPs it has; writing into a
//! buffer with room takes none.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use bytes::{Bytes, BytesMut};
use gyro::diameter::avp::{AvpDef, AvpKey};
use gyro::diameter::encode::Encoder;
use gyro::diameter::header::{ApplicationId, CommandCode, CommandFlags, EndToEnd, Header, HopByHop};
use gyro::diameter::message::Message;
use gyro::diameter::parse::{Limits, Shape, Shapes, parse};

mod counting;

use counting::counted;

struct GyShapes;

impl Shapes for GyShapes {
    fn shape(&self, key: AvpKey) -> Shape {
        if matches!((key.vendor, key.code), (0, 431 | 456)) { Shape::Group } else { Shape::Octets(0) }
    }
}

fn write(out: &mut BytesMut, groups: u32) {
    let header = Header {
        flags: CommandFlags::PROXIABLE_REQUEST,
        command: CommandCode::CREDIT_CONTROL,
        application: ApplicationId::CREDIT_CONTROL,
        hop_by_hop: HopByHop::new(1),
        end_to_end: EndToEnd::new(2),
    };
    let mut message = Encoder::start_session(out, header, "pgw.kz;1;2");
    for group in 0..groups {
        message.grouped(AvpDef::base(456), |m| {
            m.grouped(AvpDef::base(431), |m| {
                m.u64(AvpDef::base(421), 10_485_760);
            });
            m.u32(AvpDef::base(432), group).u32(AvpDef::tgpp(869), 1_048_576);
        });
    }
    message.finish().unwrap();
}

fn message(groups: u32) -> Bytes {
    let mut out = BytesMut::new();
    write(&mut out, groups);
    out.freeze()
}

/// Reads everything in a message and shares its Session-Id.
fn read(octets: Bytes) -> (Message, u64) {
    let message = parse(octets, &Limits::DEFAULT, &GyShapes).unwrap();
    assert!(message.faults().is_empty());
    let mut sum = 0;
    for mscc in message.all(AvpKey::base(456)) {
        let gsu = mscc.find(AvpKey::base(431)).unwrap();
        sum += gsu.find(AvpKey::base(421)).unwrap().u64().unwrap();
    }
    let _session_id = message.bytes_of(&message.find(AvpKey::SESSION_ID).unwrap());
    (message, sum)
}

#[test]
fn a_message_is_read_with_one_allocation_however_many_avps_it_has() {
    for groups in [0, 1, 10, 100] {
        let octets = message(groups);
        let _first_share = octets.clone();
        let ((message, sum), allocations) = counted(|| read(octets));
        assert_eq!(sum, u64::from(groups) * 10_485_760);
        assert_eq!(message.avp_count(), 1 + 5 * usize::try_from(groups).unwrap());
        assert!(allocations <= 1, "{allocations} allocations for {groups} groups");
    }
}

#[test]
fn a_message_is_written_into_a_buffer_with_room_without_an_allocation() {
    let mut out = BytesMut::with_capacity(64 * 1024);
    let ((), allocations) = counted(|| write(&mut out, 100));
    assert_eq!(allocations, 0);
    assert!(out.len() > 6_000);
}

/// The test above can fail: a reader that copies each AVP is caught.
#[test]
fn a_reader_that_copies_each_avp_is_caught() {
    let octets = message(100);
    let (copies, allocations) = counted(|| {
        let (message, _) = read(octets);
        message.walk().map(|avp| avp.data().to_vec().len()).sum::<usize>()
    });
    assert!(copies > 0);
    assert!(allocations > 500, "{allocations}");
}
