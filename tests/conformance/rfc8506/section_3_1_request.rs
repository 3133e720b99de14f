//! Credit-Control-Request (RFC 8506 §3.1): what is taken of what real clients send, and what it means to charging.

use core::time::Duration;

use gyro::charging::request::{
    Action, Identity, Kind, Measured, QuotaKey, Reason, Request, Role, Shape, TariffSide,
};
use gyro::charging::units::{Digits, Money};
use gyro::diameter::tree::AvpTree;
use gyro::ro::ccr::Ccr as Read;
use gyro::ro::convert;
use gyro::ro::fields::Field as F;
use gyro::ro::profile::{Overrides, Profile, Profiles, UnknownM};
use gyro::time::Timestamp;

use super::{Ccr, DICTIONARY, group, information, long, mscc, mscc_of, number, raw, text, without_m, word};

const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

fn serves(context: &str) -> bool {
    context.ends_with("32251@3gpp.org") || context == "private"
}

fn request_under(ccr: &Ccr, profile: &Profile) -> Request {
    let message = ccr.message();
    assert_eq!(message.faults(), []);
    let read = Read::read(&message, &DICTIONARY, profile).unwrap_or_else(|refused| panic!("{refused:?}"));
    convert::request(read, profile, NOW, serves).unwrap()
}

fn request(ccr: &Ccr) -> Request {
    request_under(ccr, Profiles::standard())
}

fn subscriber(kind: i32, name: &str) -> AvpTree {
    let members = vec![number(F::SubscriptionIdType, kind), text(F::SubscriptionIdData, name)];
    group(F::SubscriptionId, members)
}

fn number_of(digits: &str) -> Identity {
    Identity::E164(Digits::parse(digits).unwrap())
}

fn imsi_of(digits: &str) -> Identity {
    Identity::Imsi(Digits::parse(digits).unwrap())
}

fn used(avps: Vec<AvpTree>) -> AvpTree {
    group(F::UsedServiceUnit, avps)
}

fn quota(avps: Vec<AvpTree>) -> Request {
    request(&Ccr::bare(2).with(mscc_of(avps)))
}

fn octets(count: u64) -> Measured {
    Measured { total_octets: Some(count), ..Measured::default() }
}

#[test]
fn the_session_id_may_stand_anywhere() {
    let mut ccr = Ccr::update();
    ccr.0.rotate_left(1);
    assert_eq!(request(&ccr).session.as_str(), "pgw.kz;1;2");
}

#[test]
fn a_session_id_may_have_256_octets() {
    let longest = "x".repeat(256);
    assert_eq!(request(&Ccr::update().set(text(F::SessionId, &longest))).session.as_str(), longest);
}

#[test]
fn the_application_may_be_named_in_any_way_or_in_none() {
    let vendor =
        group(F::VendorSpecificApplicationId, vec![word(F::VendorId, 10_415), word(F::AuthApplicationId, 4)]);
    let neither = Ccr::update().without(F::AuthApplicationId);
    for ccr in [neither.clone(), neither.with(vendor.clone()), Ccr::update().with(vendor)] {
        assert_eq!(request(&ccr).kind, Kind::Update);
    }
}

#[test]
fn an_absent_context_is_told_by_the_information_that_is_there_else_it_is_data() {
    let with =
        |field| Ccr::update().without(F::ServiceContextId).with(information(vec![group(field, vec![])]));
    for (ccr, context) in [
        (Ccr::update().without(F::ServiceContextId), "32251@3gpp.org"),
        (with(F::PsInformation), "32251@3gpp.org"),
        (with(F::ImsInformation), "32260@3gpp.org"),
        (with(F::SmsInformation), "32274@3gpp.org"),
        (with(F::MmsInformation), "32270@3gpp.org"),
        (with(F::VcsInformation), "32276@3gpp.org"),
    ] {
        assert_eq!(*request(&ccr).context, *context);
    }
}

#[test]
fn a_context_that_no_service_has_becomes_the_one_of_the_profile() {
    let overrides = Overrides { default_context: Some(Some("private".into())), ..Overrides::default() };
    let own = Profiles::standard().derive("own", overrides);
    let asks = |context: &str| Ccr::update().set(text(F::ServiceContextId, context));
    assert_eq!(*request_under(&asks("free text"), &own).context, *"private");
    assert_eq!(*request_under(&asks("8.32251@3gpp.org"), &own).context, *"8.32251@3gpp.org");
    assert_eq!(*request_under(&asks("free text"), Profiles::standard()).context, *"free text");
}

#[test]
fn request_numbers_are_any_numbers() {
    for any in [0, 1_000, u32::MAX] {
        assert_eq!(request(&Ccr::update().set(word(F::CcRequestNumber, any))).number, any);
    }
}

#[test]
fn an_action_means_nothing_in_a_session() {
    for (request_type, kind) in [(1, Kind::Initial), (2, Kind::Update), (3, Kind::Terminate)] {
        for action in [0, 1, 9, -1] {
            let ccr = Ccr::bare(request_type).with(number(F::RequestedAction, action));
            assert_eq!(request(&ccr).kind, kind);
        }
    }
}

#[test]
fn an_event_has_its_action_and_none_is_a_debit() {
    assert_eq!(request(&Ccr::bare(4)).kind, Kind::Event(Action::Debit));
    for (value, action) in
        [(0, Action::Debit), (1, Action::Refund), (2, Action::CheckBalance), (3, Action::PriceEnquiry)]
    {
        let ccr = Ccr::bare(4).with(number(F::RequestedAction, value));
        assert_eq!(request(&ccr).kind, Kind::Event(action));
    }
}

#[test]
fn quotas_count_whatever_the_multiple_services_indicator_says() {
    for indicator in [0, 1, 7] {
        let ccr = Ccr::update().with(number(F::MultipleServicesIndicator, indicator));
        assert_eq!(request(&ccr).parts.len(), 1);
    }
}

#[test]
fn a_quota_is_named_by_a_group_by_services_by_both_or_by_neither() {
    for (avps, rating_group, services) in [
        (vec![], None, vec![]),
        (vec![word(F::RatingGroup, 7)], Some(7), vec![]),
        (vec![word(F::ServiceIdentifier, 3)], None, vec![3]),
        (vec![word(F::ServiceIdentifier, 3), word(F::RatingGroup, 7)], Some(7), vec![3]),
        (
            vec![
                word(F::ServiceIdentifier, 3),
                word(F::RatingGroup, 7),
                word(F::ServiceIdentifier, 1),
                word(F::ServiceIdentifier, 3),
            ],
            Some(7),
            vec![1, 3],
        ),
    ] {
        assert_eq!(quota(avps).parts[0].key, QuotaKey { rating_group, services });
    }
}

#[test]
fn an_empty_request_is_not_the_same_as_none() {
    assert_eq!(
        quota(vec![group(F::RequestedServiceUnit, vec![])]).parts[0].requested,
        Some(Measured::default())
    );
    assert_eq!(quota(vec![]).parts[0].requested, None);
    let asked = vec![group(F::RequestedServiceUnit, vec![long(F::CcTotalOctets, 7)])];
    assert_eq!(quota(asked).parts[0].requested, Some(octets(7)));
}

#[test]
fn every_unit_that_is_reported_arrives_as_it_came() {
    let report = used(vec![
        word(F::CcTime, 60),
        long(F::CcInputOctets, 1),
        long(F::CcOutputOctets, 2),
        long(F::CcTotalOctets, 9),
        long(F::CcServiceSpecificUnits, 4),
    ]);
    let measured = Measured {
        seconds: Some(60),
        total_octets: Some(9),
        input_octets: Some(1),
        output_octets: Some(2),
        pieces: Some(4),
        money: None,
    };
    assert_eq!(quota(vec![report]).parts[0].used[0].measured, measured);
    let in_and_out = used(vec![long(F::CcInputOctets, 1), long(F::CcOutputOctets, 2)]);
    let measured = Measured { input_octets: Some(1), output_octets: Some(2), ..Measured::default() };
    assert_eq!(quota(vec![in_and_out]).parts[0].used[0].measured, measured);
}

#[test]
fn reports_of_nothing_and_several_reports_all_arrive() {
    let reports = [vec![], vec![long(F::CcTotalOctets, 0)], vec![long(F::CcTotalOctets, 5)]];
    let request = quota(reports.into_iter().map(used).collect());
    let measured: Vec<_> = request.parts[0].used.iter().map(|used| used.measured).collect();
    assert_eq!(measured, [Measured::default(), octets(0), octets(5)]);
}

#[test]
fn the_side_of_a_tariff_change_arrives_and_an_unknown_one_is_either() {
    for (value, side) in
        [(0, TariffSide::Before), (1, TariffSide::After), (2, TariffSide::Either), (9, TariffSide::Either)]
    {
        let request = quota(vec![used(vec![number(F::TariffChangeUsage, value)])]);
        assert_eq!(request.parts[0].used[0].side, Some(side));
    }
}

#[test]
fn money_is_asked_for_exactly() {
    let value = vec![raw(F::ValueDigits, &125_050_i64.to_be_bytes()), number(F::Exponent, -2)];
    let money = group(F::CcMoney, vec![group(F::UnitValue, value), word(F::CurrencyCode, 398)]);
    let request = quota(vec![group(F::RequestedServiceUnit, vec![money])]);
    let asked = Measured { money: Some(Money::from_micros(1_250_500_000)), ..Measured::default() };
    assert_eq!(request.parts[0].requested, Some(asked));
}

#[test]
fn units_at_command_level_are_one_quota_of_that_shape() {
    let ccr = Ccr::bare(2)
        .with(group(F::RequestedServiceUnit, vec![word(F::CcTime, 30)]))
        .with(used(vec![word(F::CcTime, 20)]))
        .with(used(vec![word(F::CcTime, 5)]))
        .with(word(F::ServiceIdentifier, 3));
    let request = request(&ccr);
    assert_eq!(request.shape, Shape::Command);
    let [part] = &request.parts[..] else { panic!("{:?}", request.parts) };
    assert_eq!(part.key, QuotaKey { rating_group: None, services: vec![3] });
    assert_eq!(part.requested, Some(Measured { seconds: Some(30), ..Measured::default() }));
    let seconds: Vec<_> = part.used.iter().map(|used| used.measured.seconds).collect();
    assert_eq!(seconds, [Some(20), Some(5)]);
}

#[test]
fn a_session_request_without_any_units_has_no_quota() {
    for request_type in [1, 2, 3] {
        let request = request(&Ccr::bare(request_type));
        assert_eq!((request.shape, request.parts.len()), (Shape::PerGroup, 0));
    }
}

#[test]
fn an_event_without_units_asks_at_command_level_for_what_the_server_decides() {
    let data = request(&Ccr::bare(4));
    assert_eq!((data.shape, data.parts[0].requested), (Shape::Command, Some(Measured::default())));
}

#[test]
fn a_message_without_units_is_one_message_or_as_many_as_it_says() {
    let sms = |avps| Ccr::bare(4).with(information(vec![group(F::SmsInformation, avps)]));
    let pieces = |count| Some(Measured { pieces: Some(count), ..Measured::default() });
    assert_eq!(request(&sms(vec![])).parts[0].requested, pieces(1));
    assert_eq!(request(&sms(vec![word(F::NumberOfMessagesSent, 3)])).parts[0].requested, pieces(3));
    let by_context = Ccr::bare(4).set(text(F::ServiceContextId, "8.32274@3GPP.org"));
    assert_eq!(request(&by_context).parts[0].requested, pieces(1));
    let empty = mscc_of(vec![group(F::RequestedServiceUnit, vec![])]);
    assert_eq!(request(&sms(vec![]).with(empty)).parts[0].requested, pieces(1));
    let named = mscc_of(vec![group(F::RequestedServiceUnit, vec![long(F::CcServiceSpecificUnits, 2)])]);
    let both = sms(vec![word(F::NumberOfMessagesSent, 3)]).with(named);
    assert_eq!(request(&both).parts[0].requested, pieces(2), "what is asked for wins, nothing is multiplied");
}

#[test]
fn m_bits_that_are_missing_are_not_missed() {
    let parties =
        group(F::ImsInformation, vec![number(F::RoleOfNode, 0), text(F::CalledPartyAddress, "tel:112")]);
    let place = group(F::PsInformation, vec![text(F::SgsnMccMnc, "40102"), raw(F::RatType, &[6])]);
    let whole = Ccr::update().with(information(vec![parties, place]));
    let bare = Ccr(whole.0.iter().cloned().map(without_m).collect());
    assert_eq!(request(&bare), request(&whole));
}

#[test]
fn accounting_avps_and_known_ones_of_other_places_are_let_pass() {
    let known = |code, value: &'static [u8]| {
        AvpTree::octets(gyro::diameter::avp::AvpDef::base(code), bytes::Bytes::from_static(value))
    };
    let ccr = Ccr::update()
        .with(known(480, &[0, 0, 0, 2]))
        .with(known(485, &[0, 0, 0, 1]))
        .with(known(85, &[0, 0, 0, 9]))
        .with(known(50, b"x"))
        // Service-Parameter-Info
        .with(AvpTree::group(
            gyro::diameter::avp::AvpDef::base(440),
            vec![known(441, &[0, 0, 0, 7]), known(442, b"gold")],
        ))
        .with(word(F::RatingGroup, 1));
    assert_eq!(request(&ccr), request(&Ccr::update()));
}

#[test]
fn what_an_answer_grants_is_let_pass_inside_a_quota_of_a_request() {
    let echoed = mscc_of(vec![
        word(F::RatingGroup, 10),
        word(F::ValidityTime, 5),
        word(F::ResultCode, 2001),
        group(F::GrantedServiceUnit, vec![long(F::CcTotalOctets, 5)]),
    ]);
    assert_eq!(request(&Ccr::bare(2).with(echoed)).parts[0].key.rating_group, Some(10));
}

#[test]
fn unknown_avps_without_m_are_let_pass_with_all_that_is_in_them() {
    let quiet = without_m(super::stranger());
    let ccr =
        Ccr::update().with(quiet.clone()).with(information(vec![quiet.clone()])).with(mscc_of(vec![quiet]));
    assert_eq!(request(&ccr).parts.len(), 2);
}

#[test]
fn what_proxies_put_into_proxy_info_is_their_affair() {
    let proxy =
        group(F::ProxyInfo, vec![text(F::ProxyHost, "dra.kz"), raw(F::ProxyState, &[1]), super::stranger()]);
    let broken = group(F::ProxyInfo, vec![super::stranger()]);
    let ccr = Ccr::update().with(proxy).with(broken).with(text(F::RouteRecord, "pgw.kz"));
    let message = ccr.message();
    let read = Read::read(&message, &DICTIONARY, Profiles::standard()).unwrap();
    assert_eq!(read.proxies.len(), 1);
    assert_eq!(read.route, ["pgw.kz"]);
    assert_eq!(request(&ccr), request(&Ccr::update()));
}

#[test]
fn subscribers_are_named_in_any_order_and_a_number_beats_an_imsi() {
    let names = [
        subscriber(1, "401020000000001"),
        subscriber(3, "aliya@kcell.kz"),
        subscriber(0, "+77010000001"),
        subscriber(2, "sip:+77010000001@ims.kz"),
    ];
    for turn in 0..names.len() {
        let mut ccr = Ccr::update().without(F::SubscriptionId);
        let mut turned = names.to_vec();
        turned.rotate_left(turn);
        ccr.0.extend(turned);
        let expected =
            [number_of("77010000001"), imsi_of("401020000000001"), Identity::Other("aliya@kcell.kz".into())];
        assert_eq!(request(&ccr).identities, expected);
    }
}

#[test]
fn a_subscriber_may_be_named_inside_service_information() {
    let inside =
        Ccr::update().without(F::SubscriptionId).with(information(vec![subscriber(0, "77010000001")]));
    assert_eq!(request(&inside).identities, [number_of("77010000001")]);
    let both =
        Ccr::update().with(information(vec![subscriber(1, "401020000000001"), subscriber(0, "77010000001")]));
    assert_eq!(request(&both).identities, [number_of("77010000001"), imsi_of("401020000000001")]);
}

#[test]
fn the_user_name_is_an_identity_where_there_is_no_other() {
    let named = text(F::UserName, "77019999999");
    assert_eq!(request(&Ccr::update().with(named.clone())).identities, [number_of("77010000001")]);
    let alone = Ccr::update().without(F::SubscriptionId).with(named);
    assert_eq!(request(&alone).identities, [number_of("77019999999")]);
    assert_eq!(request(&Ccr::update().without(F::SubscriptionId)).identities, []);
}

#[test]
fn a_subscriber_without_a_type_or_without_a_name_is_no_fault() {
    let ccr = Ccr::update()
        .with(group(F::SubscriptionId, vec![text(F::SubscriptionIdData, "secret")]))
        .with(group(F::SubscriptionId, vec![number(F::SubscriptionIdType, 0)]))
        .with(without_m(subscriber(77, "other")));
    let others = ["secret", "other"].map(|name| Identity::Other(name.into()));
    let [first, second] = others;
    assert_eq!(request(&ccr).identities, [number_of("77010000001"), first, second]);
}

#[test]
fn the_place_is_read_wherever_it_stands() {
    let place = vec![text(F::SgsnMccMnc, "40102"), raw(F::RatType, &[6])];
    let mut at_command_level = Ccr::update();
    at_command_level.0.extend(place.clone());
    let grouped = Ccr::update().with(information(vec![group(F::PsInformation, place.clone())]));
    let group_alone = Ccr::update().with(group(F::PsInformation, place));
    for ccr in [at_command_level, grouped, group_alone] {
        let place = request(&ccr).place;
        assert_eq!((place.serving_plmn, place.radio), (Digits::parse("40102"), Some(6)));
    }
}

#[test]
fn the_network_is_taken_from_the_location_where_nothing_else_names_it() {
    let location = raw(F::UserLocationInfo, &[0x82, 0x04, 0xf1, 0x20, 0, 1]);
    let ccr = |avps| Ccr::update().with(information(vec![group(F::PsInformation, avps)]));
    assert_eq!(request(&ccr(vec![location.clone()])).place.serving_plmn, Digits::parse("40102"));
    let both = ccr(vec![location, text(F::SgsnMccMnc, "25001")]);
    assert_eq!(request(&both).place.serving_plmn, Digits::parse("25001"));
    for unusable in ["", "kcell", "4010200"] {
        assert_eq!(request(&ccr(vec![text(F::SgsnMccMnc, unusable)])).place.serving_plmn, None);
    }
}

#[test]
fn a_reason_is_read_in_the_report_in_the_quota_and_at_command_level() {
    let reason = |value| number(F::ReportingReason, value);
    for (avps, expected) in [
        (vec![used(vec![reason(0)])], Some(Reason::Threshold)),
        (vec![used(vec![]), reason(1)], Some(Reason::Idle)),
        (vec![used(vec![reason(3)]), reason(2)], Some(Reason::Final)),
        (vec![reason(4), reason(6)], Some(Reason::ConditionChange)),
        (vec![reason(7)], Some(Reason::Forced)),
        (vec![reason(5)], Some(Reason::OtherUnit)),
        (vec![reason(8)], Some(Reason::PoolExhausted)),
        (vec![reason(9)], Some(Reason::Unused)),
        (vec![reason(10)], Some(Reason::Other)),
        (vec![reason(-5)], Some(Reason::Other)),
        (vec![], None),
    ] {
        assert_eq!(quota(avps.clone()).parts[0].reason, expected, "{avps:?}");
    }
    let above = Ccr::bare(2).with(used(vec![])).with(reason(2));
    assert_eq!(request(&above).parts[0].reason, Some(Reason::Final));
}

#[test]
fn a_call_says_who_calls_whom_and_on_which_leg() {
    let call = vec![
        number(F::RoleOfNode, 2),
        text(F::CallingPartyAddress, "unknown"),
        text(F::CallingPartyAddress, "tel:+77010000001"),
        text(F::CalledPartyAddress, "sip:+77051234567@ims.kz;user=phone"),
        text(F::RequestedPartyAddress, "tel:102;phone-context=kz"),
        text(F::RequestedPartyAddress, "tel:103"),
    ];
    for field in [F::ImsInformation, F::VcsInformation] {
        let parties = request(&Ccr::bare(1).with(information(vec![group(field, call.clone())]))).parties;
        assert_eq!(parties.role, Role::Forwarding);
        assert_eq!(parties.called.as_deref(), Some("sip:+77051234567@ims.kz;user=phone"));
        assert_eq!(parties.requested.as_deref(), Some("tel:102;phone-context=kz"));
    }
    for (value, role) in [(0, Role::Originating), (1, Role::Terminating), (3, Role::Originating)] {
        let ims = group(F::ImsInformation, vec![number(F::RoleOfNode, value)]);
        assert_eq!(request(&Ccr::bare(1).with(information(vec![ims]))).parties.role, role);
    }
}

#[test]
fn a_message_has_one_entry_for_each_recipient() {
    let address =
        |field, kind, data| group(field, vec![number(F::AddressType, kind), text(F::AddressData, data)]);
    let recipient = |avps| group(F::RecipientInfo, avps);
    let sms = group(
        F::SmsInformation,
        vec![
            recipient(vec![address(F::RecipientAddress, 1, "77051234567")]),
            recipient(vec![
                address(F::RecipientReceivedAddress, 1, "87051234567"),
                address(F::RecipientAddress, 0, "a@b.kz"),
                address(F::RecipientAddress, 4, "9090"),
            ]),
            recipient(vec![address(F::RecipientReceivedAddress, 1, "112")]),
            recipient(vec![]),
            group(F::OriginatorInterface, vec![number(F::InterfaceType, 2)]),
        ],
    );
    let parties = request(&Ccr::bare(4).with(information(vec![sms]))).parties;
    assert_eq!(parties.recipients, ["77051234567", "9090", "112", ""].map(Into::into));
    assert_eq!(parties.role, Role::Terminating);
}

#[test]
fn a_clock_is_believed_within_a_day_back_and_five_minutes_ahead() {
    let day = Duration::from_hours(24);
    let ahead = Duration::from_mins(5);
    let second = Duration::from_secs(1);
    for (told, taken) in [
        (NOW, NOW),
        (NOW.minus(day), NOW.minus(day)),
        (NOW.minus(day).minus(second), NOW),
        (NOW.plus(ahead), NOW.plus(ahead)),
        (NOW.plus(ahead).plus(second), NOW),
    ] {
        let wire = u32::try_from(told.secs() + 2_208_988_800).unwrap();
        assert_eq!(request(&Ccr::update().with(word(F::EventTimestamp, wire))).at, taken, "{told}");
    }
    assert_eq!(request(&Ccr::update()).at, NOW);
}

#[test]
fn where_to_send_a_re_authorisation_is_kept() {
    let ccr =
        Ccr::update().with(text(F::DestinationHost, "ocs.gyro.localdomain")).with(word(F::OriginStateId, 7));
    let message = ccr.message();
    let read = Read::read(&message, &DICTIONARY, Profiles::standard()).unwrap();
    assert_eq!(read.destination_host, Some("ocs.gyro.localdomain"));
    assert_eq!(read.origin_state_id, Some(7));
    let request = request(&ccr);
    assert_eq!((&*request.client_host, &*request.client_realm), ("pgw.kz", "kz"));
}

#[test]
fn open_lists_are_open() {
    let ccr =
        Ccr::bare(3).with(number(F::TerminationCause, 4_711)).with(number(F::MultipleServicesIndicator, -3));
    let message = ccr.message();
    let read = Read::read(&message, &DICTIONARY, Profiles::standard()).unwrap();
    assert_eq!(read.termination_cause, Some(4_711));
}

#[test]
fn sixty_four_quotas_are_taken_in_their_order() {
    let mut ccr = Ccr::bare(2);
    ccr.0.extend((1..=64).map(mscc));
    let groups: Vec<_> = request(&ccr).parts.iter().filter_map(|part| part.key.rating_group).collect();
    assert_eq!(groups, (1..=64).collect::<Vec<_>>());
}

#[test]
fn a_profile_says_what_the_client_can_take() {
    let overrides = Overrides {
        honour_rsu: Some(true),
        holding_time: Some(false),
        max_units: Some(Some(1_000)),
        unknown_m: Some(UnknownM::Ignore),
        ..Overrides::default()
    };
    let own = Profiles::standard().derive("own", overrides);
    let request = request_under(&Ccr::update(), &own);
    assert_eq!(*request.profile, *"own");
    assert!(request.traits.honour_requested);
    assert!(!request.traits.holding_time);
    assert_eq!(request.traits.max_octets, Some(1_000));
}

/// A repeat is told from another request under the same key.
#[test]
fn the_digest_differs_when_what_is_charged_differs_and_in_nothing_else() {
    let base = request(&Ccr::update()).digest;
    let other = |ccr: Ccr| assert_ne!(request(&ccr).digest, base, "{ccr:?}", ccr = ccr.0);
    other(Ccr::bare(2).with(mscc(11)));
    other(Ccr::update().with(mscc(11)));
    other(
        Ccr::bare(2)
            .with(mscc_of(vec![word(F::RatingGroup, 10), used(vec![long(F::CcTotalOctets, 1 << 20)])])),
    );
    other(Ccr::bare(3).with(mscc(10)));
    other(Ccr::update().set(text(F::ServiceContextId, "32260@3gpp.org")));
    other(Ccr::update().without(F::SubscriptionId).with(subscriber(0, "77010000002")));
    other(Ccr::update().without(F::SubscriptionId).with(subscriber(1, "77010000001")));
    other(
        Ccr::update()
            .with(information(vec![group(F::ImsInformation, vec![text(F::CalledPartyAddress, "1")])])),
    );
    let same = |ccr: Ccr| assert_eq!(request(&ccr).digest, base, "{ccr:?}", ccr = ccr.0);
    same(Ccr::update().with(text(F::RouteRecord, "dra.kz")));
    same(Ccr::update().with(group(F::ProxyInfo, vec![text(F::ProxyHost, "dra.kz")])));
    same(Ccr::update().with(word(F::OriginStateId, 9)));
    same(Ccr::update().set(text(F::OriginHost, "pgw2.kz")));
    same(Ccr::update().with(word(F::EventTimestamp, 0xed00_3780)));
    same(Ccr::update().with(raw(F::RatType, &[6])));
    let initial = |stamp| request(&Ccr::bare(1).with(mscc(10)).with(word(F::EventTimestamp, stamp))).digest;
    assert_ne!(initial(0xed00_3780), initial(0xed00_3781), "a session begun at another time");
    assert_eq!(initial(0xed00_3780), initial(0xed00_3780));
}

/// What is stored keeps its meaning: this number must never change.
#[test]
fn the_digest_of_a_request_is_the_same_in_every_version() {
    assert_eq!(request(&Ccr::update()).digest, 3_985_985_497_728_173_445);
}
