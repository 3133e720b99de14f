//! Every client's request is read without a fault, and says to charging what it means.

use gyro::charging::refund::Token;
use gyro::charging::request::{
    Action, Identity, Kind, Measured, QuotaKey, Reason, Request, Role, Shape, TariffSide, Used,
};
use gyro::charging::units::Digits;
use gyro::diameter::dictionary::builtin;
use gyro::ro::ccr::Ccr;
use gyro::ro::convert;
use gyro::ro::profile::{Profile, Profiles};
use gyro::time::Timestamp;

use crate::{message, names};

const MIB: u64 = 1 << 20;

fn now() -> Timestamp {
    Timestamp::from_secs(1_767_225_600 + 3)
}

fn profile(name: &str) -> Profile {
    Profiles::BUILT_IN.by_name(name).unwrap().clone()
}

fn serves(context: &str) -> bool {
    context.ends_with("@3gpp.org")
}

fn request(name: &str, profile: &Profile) -> Request {
    let dictionary = builtin();
    let message = message(&format!("{name}.ccr"), &dictionary);
    let ccr =
        Ccr::read(&message, &dictionary, profile).unwrap_or_else(|refused| panic!("{name}: {refused:?}"));
    convert::request(ccr, profile, now(), serves).unwrap()
}

fn number(digits: &str) -> Identity {
    Identity::E164(Digits::parse(digits).unwrap())
}

fn imsi(digits: &str) -> Identity {
    Identity::Imsi(Digits::parse(digits).unwrap())
}

fn group(rating_group: u32) -> QuotaKey {
    QuotaKey { rating_group: Some(rating_group), services: vec![] }
}

fn used(measured: Measured) -> Used {
    Used { measured, side: None }
}

#[test]
fn every_golden_request_but_the_broken_ones_is_read_without_a_fault_by_every_profile() {
    let dictionary = builtin();
    let names = names(".ccr.hex");
    assert!(names.len() > 15);
    for name in names.iter().filter(|name| !name.starts_with("standard/no_")) {
        let message = message(&format!("{name}.ccr"), &dictionary);
        for profile in Profiles::BUILT_IN.iter() {
            let read = Ccr::read(&message, &dictionary, profile);
            assert!(read.is_ok(), "{name} under {}: {read:?}", profile.name);
        }
    }
}

#[test]
fn open5gs_opens_a_session_with_one_quota_without_a_group() {
    let request = request("open5gs/initial", &profile("open5gs"));
    assert_eq!(request.kind, Kind::Initial);
    assert_eq!(request.number, 0);
    assert_eq!(request.session.as_str(), "smf.epc.mnc002.mcc401.3gppnetwork.org;1767225600;1;app_gy");
    assert_eq!(*request.client_host, *"smf.epc.mnc002.mcc401.3gppnetwork.org");
    assert_eq!(*request.client_realm, *"epc.mnc002.mcc401.3gppnetwork.org");
    assert_eq!(*request.profile, *"open5gs");
    assert!(!request.traits.holding_time);
    assert_eq!(request.identities, [number("77010000001"), imsi("401020000000001")]);
    assert_eq!(*request.context, *"32251@3gpp.org");
    assert_eq!(request.at, Timestamp::from_secs(1_767_225_600));
    assert_eq!(request.place.serving_plmn, Digits::parse("40102"));
    assert_eq!(request.place.radio, Some(6));
    assert_eq!(request.shape, Shape::PerGroup);
    let [part] = &request.parts[..] else { panic!("{:?}", request.parts) };
    assert_eq!(part.key, QuotaKey::default());
    assert_eq!(part.requested, Some(Measured { total_octets: Some(1_000_000), ..Measured::default() }));
    assert_eq!(part.used, []);
}

#[test]
fn open5gs_reports_seconds_beside_octets_and_all_of_it_arrives() {
    let request = request("open5gs/update", &profile("open5gs"));
    assert_eq!(request.kind, Kind::Update);
    let [part] = &request.parts[..] else { panic!("{:?}", request.parts) };
    let measured = Measured {
        seconds: Some(1_767_225_600),
        input_octets: Some(30 * MIB),
        output_octets: Some(12 * MIB),
        ..Measured::default()
    };
    assert_eq!(part.used, [used(measured)]);
    assert_eq!(part.reason, Some(Reason::Threshold));
}

#[test]
fn open5gs_ends_a_session_with_its_last_report() {
    let request = request("open5gs/terminate", &profile("open5gs"));
    assert_eq!(request.kind, Kind::Terminate);
    let [part] = &request.parts[..] else { panic!("{:?}", request.parts) };
    assert_eq!(part.requested, None);
    assert_eq!(part.used.len(), 1);
    assert_eq!(part.reason, Some(Reason::Final));
}

#[test]
fn magma_opens_a_session_without_quotas() {
    let request = request("magma/initial", &profile("magma"));
    assert_eq!((request.kind, request.shape), (Kind::Initial, Shape::PerGroup));
    assert_eq!(request.parts, []);
    assert_eq!(request.place.serving_plmn, Digits::parse("40102"));
}

#[test]
fn magma_scrambles_the_order_and_is_understood() {
    let request = request("magma/update", &profile("magma"));
    assert_eq!((request.kind, request.number), (Kind::Update, 1));
    let [ten, twenty] = &request.parts[..] else { panic!("{:?}", request.parts) };
    assert_eq!(ten.key, group(10));
    assert_eq!(ten.used[0].measured.total_octets, Some(9 * MIB));
    assert_eq!(ten.reason, Some(Reason::Threshold));
    assert_eq!(twenty.key, group(20));
    assert_eq!(twenty.requested, Some(Measured::default()));
    assert_eq!(twenty.reason, Some(Reason::Validity));
}

#[test]
fn kamailio_names_the_caller_by_a_sip_uri() {
    let request = request("kamailio/initial", &profile("kamailio"));
    assert_eq!(request.identities, [number("77010000001")]);
    assert_eq!(*request.context, *"ext.01.001.8.32260@3gpp.org");
    assert_eq!(request.parties.role, Role::Originating);
    assert_eq!(request.parties.called.as_deref(), Some("tel:+77051234567"));
    assert_eq!(request.at, Timestamp::from_secs(1_767_225_600));
    let [part] = &request.parts[..] else { panic!("{:?}", request.parts) };
    assert_eq!(part.key, QuotaKey { rating_group: Some(100), services: vec![1_000] });
    assert_eq!(part.requested, Some(Measured { seconds: Some(30), ..Measured::default() }));
}

#[test]
fn siphon_asks_at_command_level() {
    let request = request("siphon/initial", &profile("lenient"));
    assert_eq!(request.shape, Shape::Command);
    let [part] = &request.parts[..] else { panic!("{:?}", request.parts) };
    assert_eq!(part.key, QuotaKey::default());
    assert_eq!(part.requested, Some(Measured { seconds: Some(30), ..Measured::default() }));
}

#[test]
fn siphon_sends_a_message_without_saying_how_many() {
    let request = request("siphon/message", &profile("lenient"));
    assert_eq!((request.kind, request.shape), (Kind::Event(Action::Debit), Shape::Command));
    assert_eq!(request.parties.recipients, ["77051234567".into()]);
    let [part] = &request.parts[..] else { panic!("{:?}", request.parts) };
    assert_eq!(part.requested, Some(Measured { pieces: Some(1), ..Measured::default() }));
}

#[test]
fn ergw_reports_twice_in_one_quota_and_both_reports_arrive() {
    let request = request("ergw/update", &profile("standard"));
    let [ten, thirty] = &request.parts[..] else { panic!("{:?}", request.parts) };
    assert_eq!(ten.key, group(10));
    let octets: Vec<_> = ten.used.iter().map(|used| used.measured.total_octets).collect();
    assert_eq!(octets, [Some(MIB), Some(1_024)]);
    assert_eq!(ten.reason, Some(Reason::Exhausted));
    assert_eq!((thirty.key.clone(), thirty.requested), (group(30), Some(Measured::default())));
    assert!(request.traits.holding_time);
}

#[test]
fn cisco_comes_through_agents() {
    let dictionary = builtin();
    let message = message("cisco/initial.ccr", &dictionary);
    let ccr = Ccr::read(&message, &dictionary, &profile("cisco")).unwrap();
    assert_eq!(ccr.origin_state_id, Some(1_700_000_000));
    assert_eq!(ccr.route, ["pgw1.kcell.kz"]);
    let proxies: Vec<_> = ccr.proxies.iter().map(|proxy| (proxy.host, proxy.state)).collect();
    assert_eq!(proxies, [("dra1.kcell.kz", &[1, 2, 3, 4, 5][..]), ("dra2.kcell.kz", b"state")]);
}

#[test]
fn nokia_puts_the_place_at_command_level() {
    let request = request("nokia/initial", &profile("nokia"));
    assert_eq!(request.number, 1);
    assert_eq!(request.place.serving_plmn, Digits::parse("40102"));
    assert_eq!(request.place.radio, Some(6));
    assert_eq!(request.parts[0].key, QuotaKey { rating_group: Some(10), services: vec![1, 2] });
}

#[test]
fn a_bare_request_is_a_session_for_data() {
    let request = request("tools/bare", &profile("standard"));
    assert_eq!((request.session.as_str(), request.number), ("load;1", 1_000));
    assert_eq!(*request.context, *"32251@3gpp.org");
    assert_eq!(request.at, now());
    assert_eq!(request.parts, []);
}

#[test]
fn a_context_in_free_text_is_what_the_profile_takes_it_for() {
    let lenient = request("tools/free_text", &profile("lenient"));
    assert_eq!(*lenient.context, *"32251@3gpp.org");
    let standard = request("tools/free_text", &profile("standard"));
    assert_eq!(*standard.context, *"data@huawei.example");
    assert_eq!(lenient.identities, [number("77010000001")]);
    assert_eq!(lenient.shape, Shape::Command);
}

#[test]
fn seconds_of_a_call_and_pieces_of_it_arrive_as_such() {
    let request = request("standard/update_voice", &profile("standard"));
    let [seven, eight] = &request.parts[..] else { panic!("{:?}", request.parts) };
    assert_eq!(seven.used, [used(Measured { seconds: Some(60), ..Measured::default() })]);
    assert_eq!(eight.used, [used(Measured { pieces: Some(2), ..Measured::default() })]);
    assert_eq!(seven.used[0].side, None::<TariffSide>);
}

#[test]
fn an_sms_centre_gives_back_what_a_token_names() {
    let request = request("standard/refund", &profile("standard"));
    assert_eq!((request.kind, request.shape), (Kind::Event(Action::Refund), Shape::PerGroup));
    assert_eq!(request.parties.recipients, ["77051234567".into()]);
    let token = Token::of(&request).unwrap();
    assert_eq!((token.part, token.number, token.session.as_str()), (0, 0, "smsc1.kcell.kz;1767225600;33"));
    let [part] = request.parts.as_slice() else { panic!("{request:?}") };
    assert_eq!((&part.key, part.requested.unwrap().pieces), (&group(5), Some(1)));
}

#[test]
fn questions_say_what_they_are_about() {
    let balance = request("standard/balance", &profile("standard"));
    assert_eq!((balance.kind, balance.shape), (Kind::Event(Action::CheckBalance), Shape::PerGroup));
    assert_eq!(balance.parts[0].requested.unwrap().pieces, Some(3));
    let price = request("standard/price", &profile("standard"));
    assert_eq!((price.kind, price.shape), (Kind::Event(Action::PriceEnquiry), Shape::Command));
    assert_eq!(price.parties.called.as_deref(), Some("tel:+77051234567"));
    assert_eq!(price.parts[0].requested, Some(Measured::default()), "no units: the server decides");
}
