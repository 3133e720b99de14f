//! RFC 8506, Diameter credit control: the messages.

mod section_3_1_request;
mod section_5_1_1_tariff_change;
mod section_5_1_2_pools;
mod section_5_6_graceful_termination;
mod section_5_7_failures;
#[cfg(feature = "shell")]
mod section_6_events;
mod section_7_1_5_faults;
mod section_8_58_subscription;
mod section_8_avps;
mod section_9_results;

use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use gyro::diameter::avp::{AvpDef, AvpFlags};
use gyro::diameter::dictionary::{Dictionary, builtin};
use gyro::diameter::header::{ApplicationId, CommandCode, CommandFlags, EndToEnd, Header, HopByHop};
use gyro::diameter::message::Message;
use gyro::diameter::parse::{Limits, parse};
use gyro::diameter::tree::{AvpTree, MessageTree};
use gyro::ro::fields::Field;

pub(crate) static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(builtin);

/// A request of these AVPs, in their order.
pub(crate) fn message(avps: &[AvpTree]) -> Message {
    parse(octets(avps), &Limits::DEFAULT, &*DICTIONARY).unwrap()
}

fn octets(avps: &[AvpTree]) -> Bytes {
    let header = Header {
        flags: CommandFlags::PROXIABLE_REQUEST,
        command: CommandCode::CREDIT_CONTROL,
        application: ApplicationId::CREDIT_CONTROL,
        hop_by_hop: HopByHop::new(0x1122_3344),
        end_to_end: EndToEnd::new(0x5566_7788),
    };
    // Session-Id may stand anywhere in what we take, but not in what the encoder writes: its AVPs are written apart
    let mut out = BytesMut::new();
    MessageTree { header, avps: vec![] }.encode(&mut out).unwrap();
    for avp in avps {
        let mut single = BytesMut::new();
        MessageTree { header, avps: vec![avp.clone()] }.encode(&mut single).unwrap();
        out.extend_from_slice(&single[20..]);
    }
    let length = u32::try_from(out.len()).unwrap().to_be_bytes();
    out[1..4].copy_from_slice(&length[1..]);
    out.freeze()
}

/// The octets of AVPs with their padding, without a message around them.
pub(crate) fn avps(avps: &[AvpTree]) -> Bytes {
    octets(avps).slice(20..)
}

pub(crate) fn word(field: Field, value: u32) -> AvpTree {
    raw(field, &value.to_be_bytes())
}

pub(crate) fn number(field: Field, value: i32) -> AvpTree {
    raw(field, &value.to_be_bytes())
}

pub(crate) fn long(field: Field, value: u64) -> AvpTree {
    raw(field, &value.to_be_bytes())
}

pub(crate) fn text(field: Field, value: &str) -> AvpTree {
    raw(field, value.as_bytes())
}

pub(crate) fn raw(field: Field, value: &[u8]) -> AvpTree {
    AvpTree::octets(field.def(), Bytes::copy_from_slice(value))
}

pub(crate) fn group(field: Field, avps: Vec<AvpTree>) -> AvpTree {
    AvpTree::group(field.def(), avps)
}

/// An AVP that no dictionary has, with the M bit.
pub(crate) fn stranger() -> AvpTree {
    AvpTree::octets(AvpDef::vendor(4_242, 4_444), Bytes::from_static(&[1, 2, 3, 4]))
}

/// The same AVP without the M bit, and so everything in it.
pub(crate) fn without_m(mut avp: AvpTree) -> AvpTree {
    avp.flags = AvpFlags::new(avp.flags.get() & !0x40);
    if let gyro::diameter::tree::TreeValue::Group(inner) = &mut avp.value {
        *inner = std::mem::take(inner).into_iter().map(without_m).collect();
    }
    avp
}

/// A CCR as a gateway sends it.
#[derive(Clone)]
pub(crate) struct Ccr(pub(crate) Vec<AvpTree>);

impl Ccr {
    /// CCR-I, -U, -T or -E (1 to 4) without units.
    pub(crate) fn bare(request_type: i32) -> Self {
        Self(vec![
            text(Field::SessionId, "pgw.kz;1;2"),
            text(Field::OriginHost, "pgw.kz"),
            text(Field::OriginRealm, "kz"),
            text(Field::DestinationRealm, "gyro.localdomain"),
            word(Field::AuthApplicationId, 4),
            text(Field::ServiceContextId, "32251@3gpp.org"),
            number(Field::CcRequestType, request_type),
            word(Field::CcRequestNumber, 1),
            group(
                Field::SubscriptionId,
                vec![number(Field::SubscriptionIdType, 0), text(Field::SubscriptionIdData, "77010000001")],
            ),
        ])
    }

    /// CCR-U with a quota that reports and asks.
    pub(crate) fn update() -> Self {
        Self::bare(2).with(mscc(10))
    }

    pub(crate) fn with(mut self, avp: AvpTree) -> Self {
        self.0.push(avp);
        self
    }

    pub(crate) fn without(mut self, field: Field) -> Self {
        self.0.retain(|avp| avp.key != field.def().key);
        self
    }

    /// The first AVP of the field is this one instead.
    pub(crate) fn set(mut self, avp: AvpTree) -> Self {
        let place = self.0.iter().position(|other| other.key == avp.key).unwrap();
        self.0[place] = avp;
        self
    }

    pub(crate) fn message(&self) -> Message {
        message(&self.0)
    }
}

/// A quota that reports a MiB and asks for more.
pub(crate) fn mscc(rating_group: u32) -> AvpTree {
    group(
        Field::MultipleServicesCreditControl,
        vec![
            word(Field::RatingGroup, rating_group),
            group(Field::RequestedServiceUnit, vec![]),
            group(Field::UsedServiceUnit, vec![long(Field::CcTotalOctets, 1 << 20)]),
        ],
    )
}

pub(crate) fn mscc_of(avps: Vec<AvpTree>) -> AvpTree {
    group(Field::MultipleServicesCreditControl, avps)
}

pub(crate) fn information(avps: Vec<AvpTree>) -> AvpTree {
    group(Field::ServiceInformation, avps)
}

/// A quota of a rating group that asks for these units.
pub(crate) fn asked_of_group(rating_group: u32, units: Vec<AvpTree>) -> AvpTree {
    mscc_of(vec![word(Field::RatingGroup, rating_group), group(Field::RequestedServiceUnit, units)])
}

/// A quota of a rating group that reports these units.
pub(crate) fn reported_of_group(rating_group: u32, units: Vec<AvpTree>) -> AvpTree {
    mscc_of(vec![word(Field::RatingGroup, rating_group), group(Field::UsedServiceUnit, units)])
}
