//! What a Gy/Ro request and its answer cost in memory: reading takes one list for each thing that repeats, writing
//! takes nothing, and neither depends on how many AVPs a message carries along.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use bytes::{Bytes, BytesMut};
use gyro::charging::answer::{Answer, Denial, FinalUnit, Grant, Outcome, PartAnswer};
use gyro::charging::request::{Measured, QuotaKey, Shape, Used};
use gyro::charging::units::{Amount, Unit};
use gyro::diameter::avp::{AvpDef, AvpKey};
use gyro::diameter::dictionary::builtin;
use gyro::diameter::header::{EndToEnd, HopByHop};
use gyro::diameter::message::Message;
use gyro::diameter::parse::{Limits, parse};
use gyro::diameter::tree::{AvpTree, MessageTree};
use gyro::ro::cca::{Asked, Origin};
use gyro::ro::ccr::{Ccr, RequestType};
use gyro::ro::convert::{self, Charge};
use gyro::ro::mscc::Mscc;
use gyro::ro::profile::Profiles;
use gyro::ro::subscription::{Subscription, SubscriptionType};
use gyro::time::Timestamp;

mod counting;

use counting::counted;

/// A CCR-U that names a subscriber twice and reports so many groups, with so many AVPs in PS-Information that are
/// only carried along.
fn request(groups: u32, carried: usize) -> Message {
    let mut ccr = Ccr::new("pgw.kz;1;2", RequestType::Update, 1, "pgw.kz", "kz");
    ccr.context = Some("32251@3gpp.org");
    ccr.subscriptions = vec![
        Subscription { kind: SubscriptionType::E164, data: "77010000001" },
        Subscription { kind: SubscriptionType::Imsi, data: "401020000000001" },
    ];
    let measured = Measured { total_octets: Some(1 << 20), ..Measured::default() };
    let mscc = |group| Mscc {
        rating_group: Some(group),
        requested: Some(Measured::default()),
        used: vec![Used { measured, side: None }],
        ..Mscc::default()
    };
    ccr.msccs = (0..groups).map(mscc).collect();
    let mut out = BytesMut::new();
    ccr.write(&mut out, HopByHop::new(1), EndToEnd::new(2)).unwrap();
    let plain = parse(out.freeze(), &Limits::DEFAULT, &builtin()).unwrap();
    let mut tree = MessageTree::from(&plain);
    // SGSN-Address, known and not read
    let address = AvpTree::octets(AvpDef::tgpp(1_228), Bytes::from_static(&[0, 1, 10, 0, 0, 1]));
    let group = |code, avps| AvpTree::group(AvpDef::of(AvpKey::tgpp(code), true), avps);
    tree.avps.push(group(873, vec![group(874, vec![address; carried])]));
    let mut out = BytesMut::new();
    tree.encode(&mut out).unwrap();
    parse(out.freeze(), &Limits::DEFAULT, &builtin()).unwrap()
}

#[test]
fn reading_a_request_takes_a_list_for_subscribers_one_for_quotas_and_one_for_the_reports_of_each() {
    let dictionary = builtin();
    for (groups, lists) in [(0, 1), (1, 3), (4, 6)] {
        for carried in [0, 300] {
            let message = request(groups, carried);
            let (read, count) = counted(|| Ccr::read(&message, &dictionary, Profiles::standard()));
            assert_eq!(count, lists, "{groups} groups, {carried} AVPs carried along");
            assert_eq!(read.unwrap().msccs.len(), usize::try_from(groups).unwrap());
        }
    }
}

/// Session-Id, both names of the client, the context, the profile's name, the identities, at most a list of quotas;
/// the reports are handed over.
#[test]
fn a_request_for_charging_takes_what_it_keeps_and_no_more() {
    let dictionary = builtin();
    let message = request(4, 20);
    let ccr = Ccr::read(&message, &dictionary, Profiles::standard()).unwrap();
    let now = Timestamp::EPOCH;
    let (request, count) = counted(|| convert::request(ccr, Profiles::standard(), now, |_| true));
    assert_eq!(request.unwrap().parts.len(), 4);
    assert!(count <= 7, "{count}");
}

#[test]
fn writing_an_answer_into_a_buffer_with_room_takes_nothing() {
    let message = request(4, 20);
    let part = |group, outcome, grant| PartAnswer {
        grant,
        ..PartAnswer::new(QuotaKey { rating_group: Some(group), services: vec![1, 2] }, outcome)
    };
    let grant = Grant {
        validity_secs: Some(3_600),
        threshold: Some(1 << 20),
        holding_secs: Some(600),
        final_unit: Some(FinalUnit::Terminate),
        ..Grant::of(Amount::new(Unit::Octets, 1 << 24))
    };
    let parts = vec![
        part(0, Outcome::Done, Some(grant)),
        part(1, Outcome::Denied(Denial::NoCredit), None),
        part(2, Outcome::Denied(Denial::Blocked), None),
    ];
    let answer = Answer::new(Outcome::Done, Shape::PerGroup, parts);
    let origin = Origin { state_id: Some(1), ..Origin::new("ocs.gyro.localdomain", "gyro.localdomain") };
    let mut out = BytesMut::with_capacity(4_096);
    let (written, count) = counted(|| {
        let asked = Asked::of(&message);
        convert::answer(&mut out, &origin, &asked, &answer, Charge::Counted, Profiles::standard())
    });
    assert_eq!(written.unwrap(), out.len());
    assert_eq!(count, 0);
}
