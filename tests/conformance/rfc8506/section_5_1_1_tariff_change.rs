//! Tariff changes within a session (RFC 8506 §5.1.1, §8.20, §8.27; TS 32.299 §5.3.1): from the octets of a CCR to those
//! of its CCA. Data costs 1.00 a megabyte by day and 0.50 from 22:00 to 06:00 in Almaty, five hours ahead of UTC.

use bytes::{Bytes, BytesMut};
use gyro::charging::account::{AccountId, Brand, Mode, Standing, Subscriber};
use gyro::charging::books::operations::{Act, open};
use gyro::charging::catalogue::{
    Band, BandIx, BandRate, Catalogue, Covers, Currency, Direction, Holidays, Parts, Plan, QuotaShape, Rate,
    Service, ServiceIx, Weekdays,
};
use gyro::charging::decide::decide;
use gyro::charging::free_numbers::FreeNumbers;
use gyro::charging::policy::Policy;
use gyro::charging::request::{TariffChangeForm, TariffSide};
use gyro::charging::snapshot::Snapshot;
use gyro::charging::units::{Digits, Money, Unit};
use gyro::diameter::parse::{Limits, parse};
use gyro::diameter::tree::AvpTree;
use gyro::ro::cca::{Asked, Cca, Origin};
use gyro::ro::ccr::Ccr as Read;
use gyro::ro::convert::{self, Charge};
use gyro::ro::fields::Field as F;
use gyro::ro::profile::{Overrides, Profile, Profiles};
use gyro::time::Timestamp;

use super::{Ccr, DICTIONARY, avps, group, long, message, mscc_of, number, word};

const MEGABYTE: u64 = 1_000_000;
/// 2026-11-22T21:30+05:00.
const HALF_PAST_NINE: i64 = 1_795_365_000;
/// 22:00, as Diameter counts: seconds since 1900.
const TEN: u32 = 4_004_355_600;

fn catalogue() -> Catalogue {
    let all = Weekdays::ALL;
    let covers = Covers { service: ServiceIx(0), rating_groups: Vec::new(), destinations: Vec::new() };
    let by_day = Rate {
        covers,
        name: "data".into(),
        price: Money::from_cents(100).unwrap(),
        per: MEGABYTE,
        step: 1,
        first: 0,
        connect: Money::ZERO,
        tiers: Vec::new(),
        direction: Direction::default(),
        bands: Vec::new(),
    };
    let by_night =
        Rate { name: "data, night".into(), price: Money::from_cents(50).unwrap(), ..by_day.clone() };
    let rate = Rate { bands: vec![BandRate { band: BandIx(0), rate: by_night }], ..by_day };
    let shape = QuotaShape {
        grant: Some(10 * MEGABYTE),
        threshold_percent: Some(20),
        validity_secs: 3_600,
        ..QuotaShape::default()
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
        rating_groups: Vec::new(),
        numbers: FreeNumbers::new(&[], &[]),
        destinations: Vec::new(),
        bands: vec![Band { name: "night".into(), from: 79_200, to: 21_600, days: all, holidays: all }],
        holidays: Holidays::default(),
        roaming: None,
        content: Vec::new(),
        plans: vec![Plan {
            name: "plan".into(),
            modes: vec![Mode::Advance],
            bundles: Vec::new(),
            rates: vec![rate],
            quotas: vec![shape],
            limitations: Vec::new(),
            out_of_money: None,
            low_balance: None,
            announcements: None,
            ..Plan::default()
        }],
    })
}

/// A server of one subscriber with 1000.00, and a client of that form.
struct Node {
    catalogue: Catalogue,
    profile: Profile,
    snapshot: Option<Snapshot>,
    now: Timestamp,
}

impl Node {
    fn new(form: TariffChangeForm) -> Self {
        let overrides = Overrides { tariff_change: Some(form), ..Overrides::default() };
        let main = Money::from_cents(100_000).unwrap();
        let (account, _) = open(AccountId(1), Mode::Advance, main, Act::default()).unwrap();
        let subscriber = Subscriber {
            msisdn: Digits::parse("77010000001").unwrap(),
            imsi: None,
            account: account.id,
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
            life: gyro::charging::account::life::Life::default(),
        };
        Self {
            catalogue: catalogue(),
            profile: Profiles::standard().derive("client", overrides),
            snapshot: Some(Snapshot {
                account,
                subscriber,
                session: None,
                event: None,
                refunds: None,
                stopped: false,
            }),
            now: Timestamp::from_secs(HALF_PAST_NINE),
        }
    }

    fn pass(&mut self, secs: i64) {
        self.now = Timestamp::from_secs(self.now.secs() + secs);
    }

    /// Octets in, octets out.
    fn ask(&mut self, ccr: &Ccr) -> Bytes {
        let asked = ccr.message();
        assert_eq!(asked.faults(), []);
        let read = Read::read(&asked, &DICTIONARY, &self.profile).unwrap();
        let request = convert::request(read, &self.profile, self.now, |_| true).unwrap();
        let snapshot = self.snapshot.take().unwrap();
        let decision = decide(snapshot, &request, &self.catalogue, &Policy::default(), self.now);
        self.snapshot = Some(decision.snapshot);
        let mut out = BytesMut::new();
        let origin = Origin::new("ocs.kz", "kz");
        let asked = Asked::of(&asked);
        convert::answer(&mut out, &origin, &asked, &decision.answer, Charge::Counted, &self.profile).unwrap();
        out.freeze()
    }

    fn spent(&self) -> Money {
        let main = self.snapshot.as_ref().unwrap().account.main;
        Money::from_cents(100_000).unwrap().checked_sub(main).unwrap()
    }
}

/// A CCR of that type and number with these quotas.
fn ccr(request_type: i32, request_number: u32, msccs: Vec<AvpTree>) -> Ccr {
    let bare = Ccr::bare(request_type).set(word(F::CcRequestNumber, request_number));
    msccs.into_iter().fold(bare, Ccr::with)
}

fn asks(reports: Vec<AvpTree>) -> AvpTree {
    let head = vec![word(F::RatingGroup, 10), group(F::RequestedServiceUnit, vec![])];
    mscc_of(head.into_iter().chain(reports).collect())
}

fn used(side: Option<i32>, megabytes: u64) -> AvpTree {
    let side = side.map(|side| number(F::TariffChangeUsage, side));
    group(
        F::UsedServiceUnit,
        side.into_iter().chain([long(F::CcTotalOctets, megabytes * MEGABYTE)]).collect(),
    )
}

fn granted(change: Option<u32>, octets: u64) -> AvpTree {
    let change = change.map(|at| word(F::TariffTimeChange, at));
    group(F::GrantedServiceUnit, change.into_iter().chain([long(F::CcTotalOctets, octets)]).collect())
}

/// What stands behind the Proxy-Infos and whatever else is in front: the quotas at the end of the answer.
fn ends_with(answer: &Bytes, msccs: &[AvpTree]) {
    let wanted = avps(msccs);
    let found = answer.slice(answer.len().saturating_sub(wanted.len())..);
    assert_eq!(found, wanted, "{:02x?}\n{:02x?}", &found[..], &wanted[..]);
    let parsed = parse(answer.clone(), &Limits::DEFAULT, &*DICTIONARY).unwrap();
    assert_eq!(Cca::read(&parsed).unwrap().msccs.len(), msccs.len());
}

#[test]
fn a_single_quota_bears_the_time_of_the_change_first_of_all_in_its_units() {
    let mut node = Node::new(TariffChangeForm::Single);
    let answer = node.ask(&ccr(1, 0, vec![asks(vec![])]));
    let quota = mscc_of(vec![
        word(F::RatingGroup, 10),
        granted(Some(TEN), 10 * MEGABYTE),
        word(F::ValidityTime, 3_600),
        word(F::ResultCode, 2001),
        word(F::VolumeQuotaThreshold, 2_000_000),
    ]);
    ends_with(&answer, &[quota]);
    // half an hour before, a quarter after: each report on its own side, the block that straddles by the lower price
    node.pass(2_700);
    let reports = vec![used(Some(0), 4), used(Some(2), 1), used(Some(1), 2)];
    let answer = node.ask(&ccr(2, 1, vec![asks(reports)]));
    assert_eq!(node.spent(), Money::from_cents(400 + 50 + 100).unwrap());
    let quota = mscc_of(vec![
        word(F::RatingGroup, 10),
        granted(None, 10 * MEGABYTE),
        word(F::ValidityTime, 3_600),
        word(F::ResultCode, 2001),
        word(F::VolumeQuotaThreshold, 2_000_000),
    ]);
    ends_with(&answer, &[quota]);
}

#[test]
fn dual_quotas_are_two_parts_of_one_group_before_and_after_with_the_same_time() {
    let mut node = Node::new(TariffChangeForm::Dual);
    let answer = node.ask(&ccr(1, 0, vec![asks(vec![])]));
    let before = mscc_of(vec![
        word(F::RatingGroup, 10),
        granted(Some(TEN), 10 * MEGABYTE),
        number(F::TariffChangeUsage, 0),
        word(F::ValidityTime, 3_600),
        word(F::ResultCode, 2001),
        word(F::VolumeQuotaThreshold, 2_000_000),
    ]);
    let after = mscc_of(vec![
        word(F::RatingGroup, 10),
        granted(Some(TEN), 10 * MEGABYTE),
        number(F::TariffChangeUsage, 1),
        word(F::ValidityTime, 3_600),
        word(F::ResultCode, 2001),
    ]);
    ends_with(&answer, &[before, after]);
    // the client reports both halves in one part (§5.1.1); here it does it in two, which is the same
    node.pass(2_700);
    let head = |reports: Vec<AvpTree>| mscc_of([vec![word(F::RatingGroup, 10)], reports].concat());
    let msccs = vec![asks(vec![used(Some(0), 9)]), head(vec![used(Some(1), 10)])];
    let answer = node.ask(&ccr(2, 1, msccs));
    assert_eq!(node.spent(), Money::from_cents(900 + 500).unwrap());
    let parsed = parse(answer, &Limits::DEFAULT, &*DICTIONARY).unwrap();
    let cca = Cca::read(&parsed).unwrap();
    let [mscc] = cca.msccs.as_slice() else { panic!("{cca:?}") };
    assert_eq!((mscc.tariff_change, mscc.side), (None, None), "the next change is beyond the validity");
}

#[test]
fn a_client_without_either_form_gets_neither_avp_and_a_validity_that_ends_soon_after_the_change() {
    let mut node = Node::new(TariffChangeForm::None);
    let answer = node.ask(&ccr(1, 0, vec![asks(vec![])]));
    let parsed = parse(answer, &Limits::DEFAULT, &*DICTIONARY).unwrap();
    let cca = Cca::read(&parsed).unwrap();
    let [mscc] = cca.msccs.as_slice() else { panic!("{cca:?}") };
    assert_eq!((mscc.tariff_change, mscc.side), (None, None));
    let validity = mscc.validity.unwrap();
    assert!((1_800..=2_100).contains(&validity), "{validity}");
    node.pass(i64::from(validity));
    node.ask(&ccr(3, 1, vec![asks(vec![used(None, 10)])]));
    // evenly spread: by day as much as half an hour is of it, each price rounded half up to a hundredth
    let by_day = 10 * MEGABYTE * 1_800 / u64::from(validity);
    let cents = (by_day + 5_000) / 10_000 + (10 * MEGABYTE - by_day + 10_000) / 20_000;
    assert_eq!(node.spent(), Money::from_cents(i64::try_from(cents).unwrap()).unwrap());
}

#[test]
fn reports_with_and_without_a_side_arrive_as_they_were_sent() {
    let reports = vec![used(Some(0), 1), used(Some(1), 2), used(Some(2), 3), used(None, 4)];
    let asked = message(&ccr(2, 1, vec![asks(reports)]).0);
    let read = Read::read(&asked, &DICTIONARY, Profiles::standard()).unwrap();
    let sides: Vec<_> = read.msccs[0].used.iter().map(|used| used.side).collect();
    let said = [TariffSide::Before, TariffSide::After, TariffSide::Either].map(Some);
    assert_eq!(sides, [said.as_slice(), &[None]].concat());
}
