//! The serving network (TS 32.299 §7.2.158, 3GPP-SGSN-MCC-MNC; TS 29.061 §16.4.7.2, 3GPP-User-Location-Info): what is used
//! abroad, what is refused there, and the changes at which a client reports (`ROAM-1`, `ROAM-2`).

use gyro::ro::fields::Field as F;

use crate::counter::{Counter, MOBILE, ccr, seconds, used, wants};
use crate::rfc8506::{Ccr, group, information, mscc_of, number, raw, text};

const DATA: &str = "8.32251@3gpp.org";
const VOICE: &str = "8.32260@3gpp.org";
const ROAMING: &str = r#"[roaming]
home = ["40102"]
threshold = "50"
[roaming.zones.near]
plmn = ["286"]
rates = [
  { service = "data", price = "10", per = "1MB", step = "1KB" },
  { service = "voice", price = "60", incoming = "30", forward = "90", per = "1min", step = "1s" },
]
"#;
const MB: u32 = 1 << 20;

/// A CCR that says where it is used.
fn at(ccr: Ccr, network: &str) -> Ccr {
    ccr.with(information(vec![group(F::PsInformation, vec![text(F::SgsnMccMnc, network)])]))
}

/// The same, by the octets of the user's location alone: TAI and ECGI, tracking area 1, cell 1 of 286-01.
fn by_location(ccr: Ccr) -> Ccr {
    let location = [0x82, 0x82, 0xf6, 0x10, 0, 1, 0x82, 0xf6, 0x10, 0, 0, 1, 0];
    ccr.with(information(vec![group(F::PsInformation, vec![raw(F::UserLocationInfo, &location)])]))
}

fn call(role: i32, network: &str) -> Ccr {
    let ims = vec![
        number(F::NodeFunctionality, 6),
        number(F::RoleOfNode, role),
        text(F::CalledPartyAddress, MOBILE),
    ];
    let place = vec![text(F::SgsnMccMnc, network)];
    let groups = vec![group(F::PsInformation, place), group(F::ImsInformation, ims)];
    ccr(1, "v;1", 0, VOICE).with(information(groups)).with(wants(vec![seconds(60)]))
}

fn wants_group(octets_used: Option<u32>) -> gyro::diameter::tree::AvpTree {
    let reported = octets_used.map(|count| used(vec![crate::rfc8506::long(F::CcTotalOctets, count.into())]));
    let all =
        [number(F::RatingGroup, 10), group(F::RequestedServiceUnit, vec![])].into_iter().chain(reported);
    mscc_of(all.collect())
}

#[test]
fn data_is_charged_by_the_network_it_was_used_in() {
    let mut counter = Counter::sold_also(20_000, ROAMING);
    assert_eq!(counter.send(&at(ccr(1, "d;1", 0, DATA).with(wants_group(None)), "40102")).code(), 2001);
    let crossing = ccr(2, "d;1", 1, DATA).with(wants_group(Some(MB)));
    assert_eq!(counter.send(&by_location(crossing)).code(), 2001);
    assert_eq!(counter.cents().0, 19_900, "used at home");
    let back = ccr(2, "d;1", 2, DATA).with(wants_group(Some(MB)));
    assert_eq!(counter.send(&at(back, "40102")).code(), 2001);
    assert_eq!(counter.cents().0, 18_900, "used abroad");
}

#[test]
fn each_leg_of_a_call_abroad_has_its_price() {
    for (role, network, minute) in
        [(0, "40102", 600), (1, "40102", 0), (0, "28601", 6_000), (1, "28601", 3_000), (2, "28601", 9_000)]
    {
        let mut counter = Counter::sold_also(20_000, ROAMING);
        assert_eq!(counter.send(&call(role, network)).code(), 2001, "{role} {network}");
        let bye = ccr(3, "v;1", 1, VOICE).with(crate::counter::reports(vec![seconds(60)]));
        assert_eq!(counter.send(&bye).code(), 2001);
        assert_eq!(counter.cents(), (20_000 - minute, 0), "{role} {network}");
    }
}

#[test]
fn what_is_refused_abroad_says_why() {
    let open = |network| at(ccr(1, "d;1", 0, DATA).with(wants_group(None)), network);
    let mut poor = Counter::sold_also(4_999, ROAMING);
    let reply = poor.send(&open("28601"));
    assert_eq!(reply.code(), 4012);
    assert!(reply.message().is_some_and(|message| message.starts_with("ROAM-2: ")), "{reply:?}");
    let mut rich = Counter::sold_also(20_000, ROAMING);
    let reply = rich.send(&open("71606"));
    assert_eq!(reply.code(), 4010);
    assert!(reply.message().is_some_and(|message| message.starts_with("ROAM-1: ")), "{reply:?}");
    assert_eq!(rich.send(&call(0, "71606")).code(), 4010);
}
