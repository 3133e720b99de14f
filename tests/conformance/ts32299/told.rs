//! Service-Information of a CCA: the end of the account and text for the client's records, beside the words of the
//! request that their groups need (TS 32.299 §7.2, Account-Expiration and PS-Furnish-Charging-Information).

use std::fmt::Write;

use bytes::BytesMut;
use gyro::charging::answer::{Answer, AnswerExtra, Outcome};
use gyro::charging::request::Shape;
use gyro::diameter::parse::{Limits, parse};
use gyro::diameter::tree::AvpTree;
use gyro::ro::cca::{Asked, Cca, Origin};
use gyro::ro::convert::{self, Charge};
use gyro::ro::fields::Field as F;
use gyro::ro::profile::Profiles;
use gyro::time::Timestamp;

use crate::rfc8506::{Ccr, DICTIONARY, group, information, number, raw, text};

/// 2026-01-01T00:00:00Z, ed003780 on the wire.
const END: Timestamp = Timestamp::from_secs(1_767_225_600);

/// Service-Information with both, put together by hand.
const BOTH: &str = "\
    00000369c0000078000028af\
    0000036ac0000040000028af00000361c0000034000028af\
    00000002c0000010000028af0a0b0c0d\
    00000362c0000016000028af706c616e3d73746172740000\
    0000036cc000002c000028af\
    0000035ec0000010000028af00000006\
    00000905c0000010000028afed003780";

fn charging_id() -> AvpTree {
    raw(F::ChargingId, &[10, 11, 12, 13])
}

fn ims(node: Vec<AvpTree>) -> AvpTree {
    group(F::ImsInformation, node)
}

/// Service-Information of the answer, in hexadecimal, and what a client reads in it.
fn told(request: &Ccr) -> (Option<String>, Option<Timestamp>, Option<Vec<u8>>) {
    let request = request.message();
    let extra =
        AnswerExtra { ends: Some(END), furnish: Some(b"plan=start"[..].into()), ..AnswerExtra::default() };
    let answer =
        Answer { extra: Some(Box::new(extra)), ..Answer::new(Outcome::Done, Shape::PerGroup, Vec::new()) };
    let mut out = BytesMut::new();
    let (origin, asked) = (Origin::new("ocs.kz", "kz"), Asked::of(&request));
    convert::answer(&mut out, &origin, &asked, &answer, Charge::Counted, Profiles::standard()).unwrap();
    let message = parse(out.freeze(), &Limits::DEFAULT, &*DICTIONARY).unwrap();
    assert_eq!(message.faults(), []);
    let group = message.find(F::ServiceInformation.def().key);
    let hex = group.map(|group| {
        group.octets().iter().fold(String::new(), |mut hex, octet| {
            write!(hex, "{octet:02x}").unwrap();
            hex
        })
    });
    let cca = Cca::read(&message).unwrap();
    (hex, cca.account_ends, cca.furnished.map(<[u8]>::to_vec))
}

#[test]
fn the_end_of_the_account_and_text_for_records_stand_in_one_group_beside_the_words_of_the_request() {
    let groups =
        vec![group(F::PsInformation, vec![charging_id()]), ims(vec![number(F::NodeFunctionality, 6)])];
    let wanted = (Some(BOTH.to_owned()), Some(END), Some(b"plan=start".to_vec()));
    assert_eq!(told(&Ccr::update().with(information(groups))), wanted);
    // some gateways put the charging identifier at command level
    let apart =
        Ccr::update().with(charging_id()).with(information(vec![ims(vec![number(F::NodeFunctionality, 6)])]));
    assert_eq!(told(&apart), wanted);
}

#[test]
fn what_has_no_place_beside_the_words_of_the_request_is_left_out() {
    let data = Ccr::update().with(information(vec![group(F::PsInformation, vec![charging_id()])]));
    let (_, end, text_) = told(&data);
    assert_eq!((end, text_), (None, Some(b"plan=start".to_vec())));
    let call = Ccr::update().with(information(vec![ims(vec![number(F::NodeFunctionality, 6)])]));
    let (_, end, text_) = told(&call);
    assert_eq!((end, text_), (Some(END), None));
    let neither = Ccr::update().with(information(vec![
        ims(vec![text(F::CalledPartyAddress, "tel:102")]),
        group(F::PsInformation, vec![]),
    ]));
    assert_eq!(told(&neither), (None, None, None));
    assert_eq!(told(&Ccr::update()), (None, None, None));
}
