//! Octets off the wire: cut, read, shown, and written again.
//!
//! Nothing may panic or take more than its limits; a message without a fault is written back octet for octet, but for
//! the padding, which becomes zeros.

#![no_main]

use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use gyro::diameter::dictionary::{self, Dictionary};
use gyro::diameter::frame::{self, Cut};
use gyro::diameter::message::Message;
use gyro::diameter::parse::{FAULTS, Limits, NoShapes, parse};
use gyro::diameter::text::Text;
use gyro::diameter::tree::MessageTree;
use libfuzzer_sys::fuzz_target;

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(dictionary::builtin);

const LIMITS: Limits = Limits { message_octets: 4_096, avps: 64, depth: 6 };

fuzz_target!(|data: &[u8]| {
    let mut stream = BytesMut::from(data);
    loop {
        let before = stream.len();
        match frame::cut(&mut stream, LIMITS.message_octets) {
            Ok(Cut::Message(octets)) => {
                assert_eq!(before, octets.len() + stream.len());
                message(octets);
            }
            Ok(Cut::Missing(missing)) => {
                assert!(missing > 0 && missing <= LIMITS.message_octets);
                break;
            }
            Err(error) => {
                assert_eq!(before, stream.len());
                let _ = (error.result_code(), error.answerable(), error.to_string());
                break;
            }
        }
    }
});

fn message(octets: Bytes) {
    let message = parse(octets, &LIMITS, &*DICTIONARY).expect("what was cut can be read");
    assert!(message.avp_count() <= LIMITS.avps);
    assert!(message.faults().len() <= FAULTS + 1);
    let _ = Text::new(&message, &DICTIONARY).to_string();
    for avp in message.walk() {
        assert!(avp.depth() <= LIMITS.depth);
        let inside: usize = avp.children().map(|child| child.octets().len()).sum();
        assert!(inside <= avp.data().len());
        assert_eq!(message.bytes_of(&avp), avp.data());
        let _ = (avp.u32(), avp.u64(), avp.utf8(), avp.identity(), avp.uri(), avp.address());
        let _ = (avp.time(), avp.filter_rule(), avp.grouped());
    }
    for fault in message.faults() {
        let mut answer = [&message.bytes()[..20], &fault.failed_avp].concat();
        let length = u32::try_from(answer.len()).expect("a Failed-AVP is bounded").to_be_bytes();
        answer[1..4].copy_from_slice(&length[1..]);
        let again = parse(answer.into(), &Limits::DEFAULT, &NoShapes).expect("a Failed-AVP has whole words");
        assert_eq!(again.avps().count(), usize::from(!fault.failed_avp.is_empty()), "{fault:?}");
    }
    if message.faults().is_empty() {
        written_again(&message);
    }
}

fn written_again(message: &Message) {
    let tree = MessageTree::from(message);
    let mut out = BytesMut::new();
    let length = tree.encode(&mut out).expect("what was read can be written");
    assert_eq!(length, out.len());
    let again = parse(out.clone().freeze(), &LIMITS, &*DICTIONARY);
    // the last AVP of a group may lack its padding; the copy has it, and may be longer than the limit for that
    let padded = message.walk().all(|avp| !avp.is_group() || avp.data().len().is_multiple_of(4));
    if padded {
        assert_eq!(MessageTree::from(&again.expect("what was written can be read")), tree);
        assert_eq!(out, without_padding(message));
    }
}

/// The message with zeros for padding. An AVP that was not read as a group keeps what is inside of it.
fn without_padding(message: &Message) -> Vec<u8> {
    let mut octets = message.bytes().to_vec();
    for avp in message.walk() {
        let quoted = core::iter::successors(avp.parent(), |group| group.parent())
            .any(|group| !message_keeps(&group));
        let end = usize::try_from(avp.offset()).expect("an offset fits") + avp.octets().len();
        let padded = end.next_multiple_of(4).min(octets.len());
        if !quoted {
            octets[end..padded].fill(0);
        }
    }
    octets
}

/// Whether a group was read to its end, so that its AVPs are written one by one.
fn message_keeps(group: &gyro::diameter::avp::Avp<'_>) -> bool {
    let inside: usize = group.children().map(|child| child.octets().len().next_multiple_of(4)).sum();
    inside == group.data().len().next_multiple_of(4)
}
