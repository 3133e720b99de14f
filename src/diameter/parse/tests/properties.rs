//! What holds for any message and for any octets.

use proptest::prelude::*;

use super::*;
use crate::diameter::tree::{AvpTree, MessageTree, TreeValue};

/// Any AVP that is no group, under any flags.
fn leaf() -> impl Strategy<Value = AvpTree> {
    let data = proptest::collection::vec(any::<u8>(), 0..40);
    (any::<u8>(), 1_000_u32..2_000, any::<u32>(), data).prop_map(|(flags, code, vendor, data)| {
        let flags = AvpFlags::new(flags);
        let key = AvpKey { vendor: if flags.is_vendor() { vendor } else { 0 }, code };
        AvpTree { key, flags, value: TreeValue::Octets(data.into()) }
    })
}

fn avp() -> impl Strategy<Value = AvpTree> {
    leaf().prop_recursive(6, 48, 6, |inner| {
        (proptest::collection::vec(inner, 0..6), prop_oneof![Just(431), Just(456), Just(260)], any::<bool>())
            .prop_map(|(avps, code, mandatory)| {
                AvpTree::group(AvpDef::of(AvpKey::base(code), mandatory), avps)
            })
    })
}

fn message() -> impl Strategy<Value = MessageTree> {
    let avps = proptest::collection::vec(avp(), 0..8);
    (any::<[u8; 20]>(), avps).prop_map(|(octets, avps)| MessageTree { header: Header::read(&octets), avps })
}

fn encoded(tree: &MessageTree) -> Bytes {
    let mut out = BytesMut::new();
    tree.encode(&mut out).unwrap();
    out.freeze()
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(tree in message()) {
        let message = parse(encoded(&tree), &Limits::DEFAULT, &GyShapes).unwrap();
        prop_assert!(message.faults().iter().all(|fault| fault.result_code == ResultCode::INVALID_HDR_BITS));
        prop_assert_eq!(MessageTree::from(&message), tree);
    }

    #[test]
    fn well_formed_octets_are_written_back(tree in message()) {
        let octets = encoded(&tree);
        let message = parse(octets.clone(), &Limits::DEFAULT, &GyShapes).unwrap();
        prop_assert_eq!(&encoded(&MessageTree::from(&message)), &octets);
        let mut out = BytesMut::new();
        let mut copy = Encoder::start(&mut out, message.header());
        message.avps().for_each(|avp| _ = copy.raw(&avp));
        copy.finish().unwrap();
        prop_assert_eq!(out, octets);
    }

    /// Any octets behind a right header: all views lie inside of the message and all faults can be sent.
    #[test]
    fn any_octets_are_read_or_refused(avps in proptest::collection::vec(any::<u8>(), 0..512)) {
        examine(&request(&avps[..avps.len() & !3]));
    }

    /// Well-formed messages with a few octets overwritten reach further than noise does.
    #[test]
    fn a_damaged_message_is_read_or_refused(
        tree in message(),
        hits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut octets = encoded(&tree).to_vec();
        for (at, octet) in hits {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        examine(&octets.into());
    }
}

fn examine(octets: &Bytes) {
    let limits = Limits { avps: 64, depth: 4, ..Limits::DEFAULT };
    let Ok(message) = parse(octets.clone(), &limits, &GyShapes) else { return };
    assert!(message.avp_count() <= 64);
    assert!(message.faults().len() <= FAULTS + 1);
    for avp in message.walk() {
        assert!(avp.depth() <= 4);
        assert_eq!(avp.octets().len(), avp.flags().header_octets() + avp.data().len());
        let inside: usize = avp.children().map(|child| child.octets().len()).sum();
        assert!(inside <= avp.data().len());
        let _ = (avp.u32(), avp.u64(), avp.utf8(), avp.identity(), avp.uri(), avp.address(), avp.time());
        let _ = (avp.filter_rule(), avp.grouped(), message.bytes_of(&avp));
    }
    for fault in message.faults() {
        let quoted = request(&fault.failed_avp);
        assert_eq!(parse(quoted.clone(), &Limits::DEFAULT, &NoShapes).unwrap().faults(), [], "{fault:?}");
        // a group in excess is quoted with its own AVPs, which may be wrong themselves
        if fault.result_code != ResultCode::AVP_OCCURS_TOO_MANY_TIMES {
            assert_eq!(parse(quoted, &Limits::DEFAULT, &GyShapes).unwrap().faults(), [], "{fault:?}");
        }
    }
}
