//! What slices that fit are worth: thousands of devices of very different speed for six hours, with slices as the plan
//! says and with slices that follow the use, and accounts of four numbers that run out of money.
//!
//! `cargo run --release --example slices` prints, for each kind of device, how many requests a gigabyte takes and
//! how much money is held; and how much money lies still with others of an account while one of them is refused. Nothing is random: the same program prints the same figures.
#![allow(
    clippy::as_conversions,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::many_single_char_names,
    clippy::print_stdout,
    reason = "figures of an example, for people"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use gyro::charging::account::life::{AccountLife, Life};
use gyro::charging::account::{Account, AccountId, Brand, Mode, Standing, Subscriber};
use gyro::charging::answer::{Answer, Grant};
use gyro::charging::catalogue::{
    Catalogue, Covers, Currency, Direction, Holidays, LowBalance, Parts, Plan, QuotaShape, Rate, Service,
    ServiceIx,
};
use gyro::charging::decide::decide;
use gyro::charging::free_numbers::FreeNumbers;
use gyro::charging::policy::{Policy, SlicePolicy};
use gyro::charging::request::{
    ClientTraits, Kind, Measured, Part, Parties, Place, QuotaKey, Request, SessionId, Shape, Used,
};
use gyro::charging::session::Session;
use gyro::charging::snapshot::Snapshot;
use gyro::charging::units::{Digits, Money, Unit};
use gyro::time::Timestamp;

const HOUR: i64 = 3_600_000_000;
const END: i64 = 6 * HOUR;
const GB: f64 = 1e9;
const HOURS: f64 = 6.0;
const MINUTES: f64 = 360.0;
/// Kinds of devices: name, how many, octets a second while they are busy, seconds busy and idle in turn.
const DEVICES: [(&str, usize, u64, i64, i64); 5] = [
    ("meter, 200 B/s", 1_000, 200, 3_600, 0),
    ("messenger, 20 kB/s at times", 1_000, 20_000, 10, 110),
    ("video, 1 MB/s", 500, 1_000_000, 300, 30),
    ("LTE download, 15 MB/s", 50, 15_000_000, 600, 120),
    ("5G, 1 Gbit/s", 4, 125_000_000, 120, 60),
];

/// Data at 0.10 a megabyte, 50 MiB at a time, asked again at a fifth left, valid for an hour.
fn catalogue(low_balance: Option<LowBalance>) -> Option<Catalogue> {
    let data = ServiceIx(0);
    let covers = Covers { service: data, rating_groups: Vec::new(), destinations: Vec::new() };
    let price = Money::from_cents(10)?;
    let rate = Rate {
        covers,
        name: "data".into(),
        price,
        per: 1 << 20,
        step: 1 << 10,
        first: 0,
        connect: Money::ZERO,
        tiers: Vec::new(),
        direction: Direction::default(),
        bands: Vec::new(),
    };
    let quota = QuotaShape {
        grant: Some(50 << 20),
        threshold_percent: Some(20),
        validity_secs: 3_600,
        ..QuotaShape::default()
    };
    let service = Service {
        name: "data".into(),
        context: "32251@3gpp.org".into(),
        unit: Unit::Octets,
        max_call_secs: None,
    };
    Some(Catalogue::new(Parts {
        version: 1,
        currency: Currency { code: *b"KZT", numeric: 398 },
        timezone: "Asia/Almaty".into(),
        services: vec![service],
        rating_groups: Vec::new(),
        numbers: FreeNumbers::new(&[], &[]),
        destinations: Vec::new(),
        bands: Vec::new(),
        holidays: Holidays::default(),
        roaming: None,
        content: Vec::new(),
        plans: vec![Plan {
            name: "plan".into(),
            modes: vec![Mode::Advance],
            bundles: Vec::new(),
            rates: vec![rate],
            quotas: vec![quota],
            low_balance,
            ..Plan::default()
        }],
    }))
}

fn account(main: Money) -> Account {
    Account {
        id: AccountId(1),
        mode: Mode::Advance,
        main,
        bonus: Money::ZERO,
        bonuses: Vec::new(),
        promise: None,
        contract: gyro::charging::account::ContractId(1),
        overdraft: Money::ZERO,
        credit_limit: Money::ZERO,
        reserved: Money::ZERO,
        ledger_head: None,
        ledger_entries: 0,
        revision: 0,
        life: AccountLife::default(),
        book: None,
    }
}

fn subscriber(msisdn: Digits) -> Subscriber {
    Subscriber {
        msisdn,
        imsi: None,
        account: AccountId(1),
        plan: "plan".into(),
        brand: Brand::Kcell,
        owner: None,
        owner_is_entity: false,
        standing: Standing::Active,
        language: None,
        barred: Vec::new(),
        overage: true,
        allowances: Vec::new(),
        emergency_calls: 0,
        since: Timestamp::EPOCH,
        revision: 0,
        life: Life::default(),
    }
}

/// A device with a session.
struct Device {
    account: usize,
    session: Option<Box<Session>>,
    id: SessionId,
    number: u32,
    per_sec: u64,
    busy: i64,
    idle: i64,
    grant: Option<Grant>,
}

impl Device {
    /// Octets used between two times, in microseconds: busy and idle in turn, from the start.
    fn used(&self, from: i64, to: i64) -> u64 {
        let busy_until = |at: i64| {
            let (busy, turn) = (self.busy * 1_000_000, (self.busy + self.idle) * 1_000_000);
            at / turn * busy + (at % turn).min(busy)
        };
        let busy = busy_until(to) - busy_until(from);
        u64::try_from(i128::from(busy) * i128::from(self.per_sec) / 1_000_000).unwrap_or(0)
    }

    /// When so many octets are used, counted from `from`, and no later than `last`.
    fn when(&self, from: i64, octets: u64, last: i64) -> i64 {
        let (mut early, mut late) = (from, last);
        if self.used(from, late) <= octets {
            return late;
        }
        while early + 1 < late {
            let middle = early.midpoint(late);
            *(if self.used(from, middle) < octets { &mut early } else { &mut late }) = middle;
        }
        late
    }
}

/// What came of it, for one kind of device.
#[derive(Clone, Copy, Default)]
struct Sums {
    requests: u64,
    refused: u64,
    held_at_refusals: f64,
    octets: u64,
    granted: u64,
    held_hours: f64,
}

struct World {
    catalogue: Catalogue,
    policy: Policy,
    accounts: Vec<Account>,
    msisdn: Digits,
}

impl World {
    fn ask(&mut self, device: &mut Device, now: i64, used: Option<u64>) -> Option<Answer> {
        let measured = |octets| Measured { total_octets: Some(octets), ..Measured::default() };
        let part = Part {
            key: QuotaKey { rating_group: Some(10), services: Vec::new() },
            requested: Some(Measured::default()),
            used: used.map(|octets| Used { measured: measured(octets), side: None }).into_iter().collect(),
            ..Part::default()
        };
        let request = Request {
            session: device.id.clone(),
            kind: if device.session.is_some() { Kind::Update } else { Kind::Initial },
            number: device.number,
            digest: 0,
            client_host: "pgw".into(),
            client_realm: "realm".into(),
            profile: "standard".into(),
            traits: ClientTraits::default(),
            identities: Vec::new(),
            context: "32251@3gpp.org".into(),
            at: Timestamp::from_micros(now),
            parties: Parties::default(),
            place: Place::default(),
            shape: Shape::PerGroup,
            advice: false,
            parts: vec![part],
        };
        device.number += 1;
        let account = self.accounts.get_mut(device.account)?;
        let snapshot = Snapshot {
            stopped: false,
            account: account.clone(),
            subscriber: subscriber(self.msisdn),
            session: device.session.take(),
            event: None,
            refunds: None,
        };
        let decision = decide(snapshot, &request, &self.catalogue, &self.policy, Timestamp::from_micros(now));
        *account = decision.snapshot.account;
        device.session = decision.snapshot.session;
        device.grant = decision.answer.parts.first().and_then(|part| part.grant.clone());
        Some(decision.answer)
    }
}

/// Runs all devices to the end; sums by their kinds.
fn run(world: &mut World, devices: &mut [(usize, Device)]) -> Option<[Sums; DEVICES.len()]> {
    let mut sums = [Sums::default(); DEVICES.len()];
    let mut due: BinaryHeap<_> = (0..devices.len()).map(|at| Reverse((at as i64, at, at as i64))).collect();
    while let Some(Reverse((now, at, since))) = due.pop() {
        let (kind, device) = devices.get_mut(at)?;
        let sum = sums.get_mut(*kind)?;
        let used = device.grant.as_ref().map(|grant| device.used(since, now).min(grant.amount.count));
        let held = device.session.as_ref().and_then(|session| session.quotas.first()?.reservation.as_ref());
        let held = held.map_or(0.0, |held| held.money.micros() as f64 / 1e6);
        sum.held_hours += held * (now - since) as f64 / HOUR as f64;
        sum.octets += used.unwrap_or(0);
        if now >= END {
            continue;
        }
        world.ask(device, now, used)?;
        sum.requests += 1;
        let next = match &device.grant {
            Some(grant) => {
                sum.granted += grant.amount.count;
                let before = grant.amount.count - grant.threshold.unwrap_or(0);
                let valid = now + i64::from(grant.validity_secs?) * 1_000_000;
                device.when(now, before, valid.min(END)).max(now + 1)
            }
            // refused: tried again after ten seconds, as a client does
            None => {
                sum.refused += 1;
                sum.held_at_refusals += world.accounts.get(device.account)?.reserved.micros() as f64 / 1e6;
                now + 10_000_000
            }
        };
        due.push(Reverse((next, at, now)));
    }
    Some(sums)
}

fn devices(kinds: impl Iterator<Item = (usize, usize)>) -> Option<Vec<(usize, Device)>> {
    kinds
        .enumerate()
        .map(|(at, (kind, account))| {
            let (_, _, per_sec, busy, idle) = DEVICES.get(kind).copied()?;
            let id = SessionId::new(&format!("pgw;{at}"))?;
            Some((kind, Device { account, session: None, id, number: 0, per_sec, busy, idle, grant: None }))
        })
        .collect()
}

fn plenty(slices: SlicePolicy) -> Option<[Sums; DEVICES.len()]> {
    let kinds = DEVICES.iter().enumerate().flat_map(|(kind, &(_, count, ..))| (0..count).map(move |_| kind));
    let mut all = devices(kinds.enumerate().map(|(account, kind)| (kind, account)))?;
    let mut world = World {
        catalogue: catalogue(None)?,
        policy: Policy { slices, ..Policy::default() },
        accounts: vec![account(Money::from_cents(100_000_000)?); all.len()],
        msisdn: Digits::parse("77010000001")?,
    };
    run(&mut world, &mut all)
}

/// Families of four, each with 20.00: they run out soon.
fn families(slices: SlicePolicy, low: Option<LowBalance>) -> Option<Sums> {
    let mut all = devices((0..2_000).map(|at| ([1, 2, 2, 3][at % 4], at / 4)))?;
    let mut world = World {
        catalogue: catalogue(low)?,
        policy: Policy { slices, ..Policy::default() },
        accounts: vec![account(Money::from_cents(2_000)?); 500],
        msisdn: Digits::parse("77010000001")?,
    };
    let sums = run(&mut world, &mut all)?;
    Some(sums.iter().fold(Sums::default(), |one, other| Sums {
        requests: one.requests + other.requests,
        refused: one.refused + other.refused,
        held_at_refusals: one.held_at_refusals + other.held_at_refusals,
        octets: one.octets + other.octets,
        granted: one.granted + other.granted,
        held_hours: one.held_hours + other.held_hours,
    }))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let unsound = "a figure of this example is unsound";
    let fixed = plenty(SlicePolicy::FIXED).ok_or(unsound)?;
    let fitted = plenty(SlicePolicy::default()).ok_or(unsound)?;
    println!(
        "Six hours. Requests a gigabyte; requests a device and minute; money held a device, on average.\n"
    );
    println!(
        "{:<30} {:>10} | {:>9} {:>9} {:>9} | {:>9} {:>9} {:>9}",
        "", "", "fixed", "", "", "fitted", "", ""
    );
    println!(
        "{:<30} {:>10} | {:>9} {:>9} {:>9} | {:>9} {:>9} {:>9}",
        "device", "GB", "CCR/GB", "CCR/min", "held", "CCR/GB", "CCR/min", "held"
    );
    for (at, (name, count, ..)) in DEVICES.iter().enumerate() {
        let line = |sums: &Sums| {
            let gigabytes = sums.octets as f64 / GB;
            let count = *count as f64;
            (
                sums.requests as f64 / gigabytes,
                sums.requests as f64 / count / MINUTES,
                sums.held_hours / HOURS / count,
            )
        };
        let ((a, b, c), (d, e, f)) = (line(&fixed[at]), line(&fitted[at]));
        let gigabytes = fitted[at].octets as f64 / GB;
        println!("{name:<30} {gigabytes:>10.1} | {a:>9.1} {b:>9.2} {c:>9.2} | {d:>9.1} {e:>9.2} {f:>9.2}");
    }
    let all = |sums: &[Sums]| {
        let sum = |of: fn(&Sums) -> f64| sums.iter().map(of).sum::<f64>();
        (sum(|one| one.requests as f64), sum(|one| one.octets as f64) / GB, sum(|one| one.held_hours) / HOURS)
    };
    let ((a, gigabytes, held), (b, _, fitted_held)) = (all(&fixed), all(&fitted));
    println!(
        "\nall: {gigabytes:.0} GB; {a:.0} requests fixed, {b:.0} fitted; {held:.0} held fixed, {fitted_held:.0} fitted"
    );

    println!("\nAccounts of four numbers with 20.00, until it is gone:\n");
    println!("{:<40} {:>10} {:>10} {:>28}", "", "granted", "GB", "held by others at a refusal");
    let low = LowBalance { below: Money::from_cents(5_000).ok_or(unsound)?, divisor: 4 };
    for (name, slices, low) in [
        ("fixed", SlicePolicy::FIXED, None),
        ("fitted", SlicePolicy::default(), None),
        ("fitted, low_balance below 50.00 by 4", SlicePolicy::default(), Some(low)),
    ] {
        let sums = families(slices, low).ok_or(unsound)?;
        let gigabytes = sums.octets as f64 / GB;
        println!(
            "{name:<40} {:>10} {gigabytes:>10.2} {:>28.2}",
            sums.requests - sums.refused,
            sums.held_at_refusals / (sums.refused as f64).max(1.0)
        );
    }
    Ok(())
}
