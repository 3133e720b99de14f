//! The AVPs of credit control (RFC 8506 §8, TS 32.299 §7.2): the table, and that what is written is what is read.

use bytes::BytesMut;
use gyro::charging::answer::{Announcement, PoolShare};
use gyro::charging::request::{Condition, Measured, Reason, TariffSide, Used};
use gyro::charging::units::{Money, Unit};
use gyro::diameter::dictionary::{DataType, FlagRule};
use gyro::diameter::header::{EndToEnd, HopByHop};
use gyro::diameter::parse::{Limits, parse};
use gyro::diameter::result_code::ResultCode;
use gyro::ro::cca::Cca;
use gyro::ro::ccr::{Ccr, ProxyInfo, RequestType};
use gyro::ro::fields::{Field, Format, Level, Occurs};
use gyro::ro::final_unit::{FinalAction, Fui, RedirectServer};
use gyro::ro::mscc::{Mscc, MsccAnswer};
use gyro::ro::profile::Profiles;
use gyro::ro::service_information::{Kinds, Recipient, ServiceInformation};
use gyro::ro::subscription::{Subscription, SubscriptionType};
use gyro::time::Timestamp;
use proptest::prelude::*;

use super::DICTIONARY;

#[test]
fn the_table_agrees_with_the_dictionary() {
    for field in Field::ALL {
        let def = field.def();
        let known = DICTIONARY.avp_by_key(def.key).unwrap_or_else(|| panic!("{} is not known", field.name()));
        let format = match known.data_type {
            DataType::Unsigned32 => Format::U32,
            DataType::Unsigned64 => Format::U64,
            DataType::Integer32 => Format::I32,
            DataType::Integer64 => Format::I64,
            DataType::Enumerated => Format::Enum,
            DataType::Time => Format::Time,
            DataType::Utf8String | DataType::IpFilterRule => Format::Utf8,
            DataType::DiameterIdentity => Format::Identity,
            DataType::Address => Format::Address,
            DataType::OctetString => Format::Octets,
            DataType::Grouped => Format::Group,
            other => panic!("{}: {other}", field.name()),
        };
        assert_eq!(field.format(), format, "{}", field.name());
        assert_eq!(def.flags.is_vendor(), def.key.vendor != 0, "{}", field.name());
        let must_be_clear = matches!(known.mandatory, FlagRule::MustNot | FlagRule::ShouldNot);
        assert!(!(must_be_clear && def.flags.is_mandatory()), "{} must not have M", field.name());
        let must_be_set = known.mandatory == FlagRule::Must;
        assert!(!must_be_set || def.flags.is_mandatory(), "{} must have M", field.name());
        assert_eq!(Field::of(def.key), Some(*field), "{}", field.name());
        assert_eq!(known.name.as_ref(), field.name());
    }
}

#[test]
fn every_field_has_a_key_of_its_own_and_stands_on_some_level() {
    let mut keys: Vec<_> = Field::ALL.iter().map(|field| field.def().key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), Field::ALL.len());
    for field in Field::ALL {
        let named = Level::ALL.iter().any(|level| level.occurs(*field) != Occurs::Open);
        assert!(named, "{}", field.name());
    }
}

#[test]
fn a_level_names_what_it_has_rules_for() {
    for level in Level::ALL {
        for field in Field::ALL {
            let named = level.members().contains(field);
            assert_eq!(named, level.occurs(*field) != Occurs::Open, "{level:?} {}", field.name());
        }
    }
}

fn measured() -> impl Strategy<Value = Measured> {
    let count = || proptest::option::of(any::<u64>());
    let seconds = proptest::option::of(any::<u32>().prop_map(u64::from));
    let money = proptest::option::of((0..=i64::MAX).prop_map(Money::from_micros));
    (seconds, count(), count(), count(), count(), money).prop_map(
        |(seconds, total_octets, input_octets, output_octets, pieces, money)| Measured {
            seconds,
            total_octets,
            input_octets,
            output_octets,
            pieces,
            money,
        },
    )
}

fn used() -> impl Strategy<Value = Used> {
    let side = prop_oneof![Just(TariffSide::Before), Just(TariffSide::After), Just(TariffSide::Either)];
    (measured(), proptest::option::of(side)).prop_map(|(measured, side)| Used { measured, side })
}

fn reason() -> impl Strategy<Value = Option<Reason>> {
    proptest::option::of(prop_oneof![
        Just(Reason::Threshold),
        Just(Reason::Idle),
        Just(Reason::Final),
        Just(Reason::Exhausted),
        Just(Reason::Validity),
        Just(Reason::ConditionChange),
        Just(Reason::Forced),
        Just(Reason::OtherUnit),
        Just(Reason::PoolExhausted),
        Just(Reason::Unused),
    ])
}

fn mscc() -> impl Strategy<Value = Mscc> {
    let services = proptest::collection::vec(any::<u32>(), 0..4);
    let reports = proptest::collection::vec(used(), 0..3);
    let group = proptest::option::of(any::<u32>());
    let rest = (conditions(), any::<Option<u8>>(), any::<Option<[u8; 5]>>());
    (group, services, proptest::option::of(measured()), reports, reason(), rest).prop_map(
        |(rating_group, services, requested, used, reason, (changed, radio, refund))| Mscc {
            rating_group,
            services,
            requested,
            used,
            reason,
            changed,
            radio,
            refund: refund.map(Into::into),
        },
    )
}

/// Conditions that have a Trigger-Type, each at most once.
fn conditions() -> impl Strategy<Value = Vec<Condition>> {
    proptest::sample::subsequence(
        vec![
            Condition::Radio,
            Condition::Network,
            Condition::Node,
            Condition::Location,
            Condition::TimeZone,
            Condition::Quality,
            Condition::Media,
        ],
        0..=7,
    )
}

/// A time in whole seconds, as Diameter has it.
fn seconds() -> impl Strategy<Value = Timestamp> {
    (0_i64..3_000_000_000).prop_map(Timestamp::from_secs)
}

/// What few quotas of an answer have.
fn rare() -> impl Strategy<Value = MsccAnswer<'static>> {
    let side = prop_oneof![Just(TariffSide::Before), Just(TariffSide::After), Just(TariffSide::Either)];
    let unit = prop_oneof![Just(Unit::Octets), Just(Unit::Seconds), Just(Unit::Pieces), Just(Unit::Money)];
    let pool = (any::<(u32, i64, i32)>(), unit)
        .prop_map(|((pool, digits, exponent), unit)| (PoolShare { pool, digits, exponent }, unit));
    let announcement =
        any::<(u32, Option<u32>)>().prop_map(|(id, before_end_secs)| Announcement { id, before_end_secs });
    let option = proptest::option::of::<BoxedStrategy<Vec<Condition>>>;
    (
        proptest::option::of(seconds()),
        proptest::option::of(side),
        any::<Option<u32>>(),
        option(conditions().boxed()),
        proptest::option::of(pool),
        any::<bool>(),
        proptest::collection::vec(announcement, 0..3),
        any::<Option<bool>>(),
    )
        .prop_map(|(change, side, consumption_time, triggers, pool, refund, announcements, qos)| {
            MsccAnswer {
                tariff_change: change,
                side,
                consumption_time,
                triggers,
                pool,
                refund: refund.then_some(b"token"),
                announcements: announcements.into(),
                qos_final_unit: qos.map(|redirects| Fui {
                    redirect: redirects.then_some(RedirectServer { kind: 3, address: "sip:topup@kcell.kz" }),
                    filters: vec!["FUP64"],
                    ..Fui::plain(FinalAction::Redirect)
                }),
                ..MsccAnswer::default()
            }
        })
}

/// Text that lives as long as the test.
#[derive(Clone, Debug)]
struct Texts {
    session: String,
    host: String,
    realm: String,
    context: Option<String>,
    user: Option<String>,
    called: Option<String>,
    requested: Option<String>,
    names: Vec<(i32, String)>,
    recipients: Vec<(Option<i32>, String)>,
    state: Vec<u8>,
}

fn texts() -> impl Strategy<Value = Texts> {
    let name = "[a-z][a-z0-9-]{0,20}(\\.[a-z0-9]{1,9}){0,3}";
    let any_text = || proptest::option::of("\\PC{0,30}");
    let names = proptest::collection::vec((0_i32..5, "\\PC{0,20}"), 0..4);
    let recipients = proptest::collection::vec((proptest::option::of(0_i32..9), "[0-9+]{0,15}"), 0..3);
    let state = proptest::collection::vec(any::<u8>(), 0..9);
    ("\\PC{1,60}", name, name, any_text(), any_text(), any_text(), any_text(), names, recipients, state)
        .prop_map(|(session, host, realm, context, user, called, requested, names, recipients, state)| {
            Texts { session, host, realm, context, user, called, requested, names, recipients, state }
        })
}

#[derive(Clone, Debug)]
struct Numbers {
    request_type: RequestType,
    number: u32,
    retransmitted: bool,
    application: bool,
    stamp: Option<i64>,
    cause: Option<i32>,
    state_id: Option<u32>,
    kinds: [bool; 5],
    radio: Option<u8>,
    role: Option<i32>,
    interface: Option<i32>,
    messages: Option<u32>,
}

fn numbers() -> impl Strategy<Value = Numbers> {
    let request_type = prop_oneof![
        Just(RequestType::Initial),
        Just(RequestType::Update),
        Just(RequestType::Termination),
        Just(RequestType::Event),
    ];
    let stamp = proptest::option::of(-60_000_000_i64..4_200_000_000);
    let first = (request_type, any::<u32>(), any::<bool>(), any::<bool>(), stamp, any::<Option<i32>>());
    let second = (
        any::<Option<u32>>(),
        any::<[bool; 5]>(),
        any::<Option<u8>>(),
        any::<Option<i32>>(),
        any::<Option<i32>>(),
        any::<Option<u32>>(),
    );
    (first, second).prop_map(
        |(
            (request_type, number, retransmitted, application, stamp, cause),
            (state_id, kinds, radio, role, interface, messages),
        )| Numbers {
            request_type,
            number,
            retransmitted,
            application,
            stamp,
            cause,
            state_id,
            kinds,
            radio,
            role,
            interface,
            messages,
        },
    )
}

fn ccr<'a>(
    texts: &'a Texts,
    numbers: &Numbers,
    msccs: Vec<Mscc>,
    above: Option<(Measured, Vec<Used>)>,
) -> Ccr<'a> {
    let mut ccr = Ccr::new(&texts.session, numbers.request_type, numbers.number, &texts.host, &texts.realm);
    ccr.retransmitted = numbers.retransmitted;
    ccr.application = numbers.application.then_some(4);
    ccr.destination_realm = Some("kz");
    ccr.destination_host = texts.user.as_ref().map(|_| "ocs.kz");
    ccr.context = texts.context.as_deref();
    ccr.user_name = texts.user.as_deref();
    ccr.origin_state_id = numbers.state_id;
    ccr.event_timestamp = numbers.stamp.map(Timestamp::from_secs);
    ccr.termination_cause = numbers.cause;
    ccr.requested_action = numbers.cause.map(|cause| cause & 3);
    ccr.multiple_services = numbers.interface;
    let subscription =
        |(kind, data): &'a (i32, String)| Subscription { kind: SubscriptionType::of(*kind), data };
    ccr.subscriptions = texts.names.iter().map(subscription).collect();
    ccr.extensions = texts.names.iter().rev().map(subscription).collect();
    if let (true, Some((requested, used))) = (msccs.is_empty(), above) {
        ccr.requested = Some(requested);
        ccr.used = used;
        ccr.services = vec![7, 9];
        ccr.reason = Some(Reason::Final);
    }
    ccr.msccs = msccs;
    let [ps, ims, sms, mms, vcs] = numbers.kinds;
    let recipient = |(kind, address): &'a (Option<i32>, String)| Recipient { kind: *kind, address };
    let messaging = sms || mms;
    ccr.information = ServiceInformation {
        kinds: Kinds { ps, ims, sms, mms, vcs },
        serving_plmn: texts.user.as_ref().map(|_| "40102"),
        location: (!texts.state.is_empty()).then_some(&texts.state[..]),
        radio: numbers.radio,
        access_point: texts.context.as_deref(),
        role: numbers.role,
        calling: texts.user.as_deref(),
        called: texts.called.as_deref(),
        requested: texts.requested.as_deref(),
        alternate: texts.user.as_deref(),
        interface: numbers.interface.filter(|_| messaging),
        messages: numbers.messages.filter(|_| messaging),
        originator: texts.called.as_deref().filter(|called| messaging && !called.is_empty()),
        recipients: texts.recipients.iter().filter(|_| messaging).map(recipient).collect(),
    };
    ccr.proxies = vec![ProxyInfo { host: &texts.host, state: &texts.state }];
    ccr.route = vec![&texts.realm];
    ccr
}

fn mscc_answer() -> impl Strategy<Value = MsccAnswer<'static>> {
    let word = || any::<Option<u32>>();
    let services = proptest::collection::vec(any::<u32>(), 0..4);
    let last = proptest::option::of((-2_i32..5, any::<bool>()).prop_map(|(action, redirects)| Fui {
        action: FinalAction::of(action),
        redirect: redirects.then_some(RedirectServer { kind: 2, address: "https://kcell.kz/topup" }),
        rules: vec!["permit out ip from 10.0.0.1 to assigned"; usize::from(redirects)],
        filters: vec!["FUP64"; usize::from(redirects)],
    }));
    let first = (word(), services, proptest::option::of(measured()), word(), word());
    (first, (word(), word(), word(), word(), last), rare()).prop_map(
        |(
            (rating_group, services, granted, validity, code),
            (time, volume, unit, holding_time, final_unit),
            rare,
        )| {
            MsccAnswer {
                tariff_change: rare.tariff_change.filter(|_| granted.is_some()),
                rating_group,
                services: services.into(),
                granted,
                validity,
                result_code: code.map(ResultCode::new),
                time_threshold: time,
                volume_threshold: volume,
                unit_threshold: unit,
                holding_time,
                final_unit,
                ..rare
            }
        },
    )
}

proptest! {
    #[test]
    fn a_request_is_read_as_it_was_written(
        texts in texts(),
        numbers in numbers(),
        msccs in proptest::collection::vec(mscc(), 0..4),
        above in proptest::option::of((measured(), proptest::collection::vec(used(), 0..3))),
    ) {
        let ccr = ccr(&texts, &numbers, msccs, above);
        let mut out = BytesMut::new();
        let length = ccr.write(&mut out, HopByHop::new(1), EndToEnd::new(2)).unwrap();
        prop_assert_eq!(length, out.len());
        let message = parse(out.freeze(), &Limits::DEFAULT, &*DICTIONARY).unwrap();
        prop_assert_eq!(message.faults(), &[]);
        let read = Ccr::read(&message, &DICTIONARY, Profiles::standard());
        prop_assert_eq!(read, Ok(ccr));
    }

    #[test]
    fn an_answer_is_read_as_it_was_written(
        texts in texts(),
        code in any::<u32>(),
        is_error in any::<bool>(),
        words in any::<[Option<u32>; 4]>(),
        signed in any::<[Option<i32>; 3]>(),
        granted in proptest::option::of(measured()),
        rare in (any::<[Option<i32>; 3]>(), any::<[Option<u32>; 2]>(), any::<bool>()),
        msccs in proptest::collection::vec(mscc_answer(), 0..4),
    ) {
        let mut cca = Cca::new(ResultCode::new(code), &texts.host, &texts.realm);
        cca.is_error = is_error;
        cca.session_id = Some(&texts.session);
        let [number, state, validity, application] = words;
        (cca.number, cca.origin_state_id, cca.validity, cca.application) = (number, state, validity, application);
        [cca.request_type, cca.failover, cca.failure_handling] = signed;
        cca.error_message = texts.called.as_deref();
        cca.error_reporting_host = texts.user.as_ref().map(|_| "dra.kz");
        cca.granted = granted;
        let (numbers, amounts, refund) = rare;
        [cca.debit_failure, cca.balance_check, cca.low_balance] = numbers;
        [cca.cost, cca.remaining] = amounts.map(|amount| amount.map(|amount| Money::from_micros(amount.into())));
        cca.refund = refund.then_some(b"token");
        cca.final_unit = granted.map(|_| Fui::plain(FinalAction::Terminate));
        cca.msccs = msccs;
        cca.proxies = vec![ProxyInfo { host: &texts.host, state: &texts.state }];
        let mut out = BytesMut::new();
        cca.write(&mut out, HopByHop::new(1), EndToEnd::new(2)).unwrap();
        let message = parse(out.freeze(), &Limits::DEFAULT, &*DICTIONARY).unwrap();
        prop_assert_eq!(message.faults(), &[]);
        prop_assert_eq!(Cca::read(&message), Ok(cca));
    }
}
