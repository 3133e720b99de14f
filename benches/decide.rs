//! How long a decision takes: an update of a session with one group and with four, each with use and a
//! wish, one after the other on the same session.
#![allow(clippy::expect_used, missing_docs, reason = "a bench may stop; the macros write items without docs")]

use criterion::{Criterion, criterion_group, criterion_main};
use gyro::charging::account::life::Life;
use gyro::charging::account::{AccountId, Brand, Mode, Standing, Subscriber};
use gyro::charging::books::operations::{Act, bundles_of, open};
use gyro::charging::catalogue::{
    Bundle, Catalogue, Covers, Currency, Direction, Holidays, Parts, Plan, QuotaShape, Rate, RatingGroup,
    Service, ServiceIx, Then,
};
use gyro::charging::decide::decide;
use gyro::charging::free_numbers::FreeNumbers;
use gyro::charging::policy::Policy;
use gyro::charging::request::{
    ClientTraits, Kind, Measured, Part, Parties, Place, QuotaKey, Request, SessionId, Shape, Used,
};
use gyro::charging::snapshot::Snapshot;
use gyro::charging::units::{Amount, Digits, Money, Unit};
use gyro::time::Timestamp;

const GROUPS: [u32; 4] = [10, 20, 30, 40];

fn catalogue() -> Catalogue {
    let covers = |groups: &[u32]| Covers {
        service: ServiceIx(0),
        rating_groups: groups.to_vec(),
        destinations: Vec::new(),
    };
    let rate = |group: u32| Rate {
        covers: covers(&[group]),
        name: format!("data {group}").into(),
        price: Money::from_micros(1_000_000 + i64::from(group)),
        per: 1 << 20,
        step: 1 << 10,
        first: 0,
        connect: Money::ZERO,
        tiers: Vec::new(),
        direction: Direction::default(),
        bands: Vec::new(),
    };
    let bundle = Bundle {
        id: "data30".into(),
        covers: covers(&[10]),
        amount: Amount::new(Unit::Octets, 30 << 30),
        priority: 0,
        then: Then::Rates,
        notify: None,
    };
    Catalogue::new(Parts {
        version: 1,
        currency: Currency { code: *b"KZT", numeric: 398 },
        timezone: "Asia/Almaty".into(),
        services: vec![Service {
            name: "data".into(),
            context: "32251@3gpp.org".into(),
            unit: Unit::Octets,
            max_call_secs: None,
        }],
        rating_groups: GROUPS
            .map(|number| RatingGroup { number, service: ServiceIx(0), class: None, free: false })
            .to_vec(),
        numbers: FreeNumbers::new(&[], &[]),
        destinations: Vec::new(),
        bands: Vec::new(),
        holidays: Holidays::default(),
        roaming: None,
        content: Vec::new(),
        plans: vec![Plan {
            name: "comfort30".into(),
            modes: vec![Mode::Advance],
            bundles: vec![bundle],
            rates: GROUPS.map(rate).to_vec(),
            quotas: vec![QuotaShape {
                grant: Some(50 << 20),
                threshold_percent: Some(20),
                validity_secs: 3_600,
                holding_secs: Some(600),
                ..QuotaShape::default()
            }],
            ..Plan::default()
        }],
    })
}

fn request(kind: Kind, number: u32, groups: usize, used: u64) -> Request {
    let part = |&number: &u32| Part {
        key: QuotaKey { rating_group: Some(number), services: Vec::new() },
        requested: Some(Measured::default()),
        used: vec![Used {
            measured: Measured {
                seconds: Some(30),
                input_octets: Some(used / 2),
                output_octets: Some(used / 2),
                ..Measured::default()
            },
            side: None,
        }],
        ..Part::default()
    };
    Request {
        session: SessionId::new("smf.epc.mnc002.mcc401.3gppnetwork.org;1737000000;17;app_gy").expect("short"),
        kind,
        number,
        digest: u64::from(number),
        client_host: "smf.epc.mnc002.mcc401.3gppnetwork.org".into(),
        client_realm: "epc.mnc002.mcc401.3gppnetwork.org".into(),
        profile: "open5gs".into(),
        traits: ClientTraits { holding_time: true, ..ClientTraits::default() },
        identities: Vec::new(),
        context: "32251@3gpp.org".into(),
        at: Timestamp::from_secs(1_000_000),
        parties: Parties::default(),
        place: Place::default(),
        shape: Shape::PerGroup,
        advice: false,
        parts: GROUPS.iter().take(groups).map(part).collect(),
    }
}

/// A session that has been open for a while: eight answers are kept.
fn snapshot(catalogue: &Catalogue, groups: usize) -> Snapshot {
    let main = Money::from_cents(100_000_000).expect("fits");
    let (account, _) = open(AccountId(1), Mode::Advance, main, Act::default()).expect("whole hundredths");
    let (_, plan) = catalogue.plans().next().expect("one plan");
    let subscriber = Subscriber {
        msisdn: Digits::parse("77010000001").expect("digits"),
        imsi: Digits::parse("401020000000001"),
        account: account.id,
        plan: plan.name.clone(),
        brand: Brand::Kcell,
        owner: None,
        owner_is_entity: false,
        standing: Standing::Active,
        language: None,
        barred: Vec::new(),
        overage: true,
        allowances: bundles_of(plan),
        emergency_calls: 0,
        since: Timestamp::EPOCH,
        revision: 0,
        life: Life::default(),
    };
    let mut snapshot =
        Snapshot { account, subscriber, session: None, event: None, refunds: None, stopped: false };
    for number in 0..12 {
        let kind = if number == 0 { Kind::Initial } else { Kind::Update };
        let used = if number == 0 { 0 } else { 1 << 20 };
        let now = Timestamp::from_secs(1_000_000);
        let request = request(kind, number, groups, used);
        snapshot = decide(snapshot, &request, catalogue, &Policy::default(), now).snapshot;
    }
    snapshot
}

fn updates(criterion: &mut Criterion) {
    let catalogue = catalogue();
    let policy = Policy::default();
    let now = Timestamp::from_secs(1_000_100);
    for groups in [1, 4] {
        let mut next = Some(snapshot(&catalogue, groups));
        let mut request = request(Kind::Update, 12, groups, 1_000);
        criterion.bench_function(&format!("decide/update_{groups}"), |bencher| {
            bencher.iter(|| {
                request.number += 1;
                let decision = decide(next.take().expect("given back"), &request, &catalogue, &policy, now);
                assert!(decision.answer.parts.iter().all(|part| part.grant.is_some()));
                next = Some(decision.snapshot);
            });
        });
    }
}

criterion_group!(benches, updates);
criterion_main!(benches);
