//! Charging data records, and what subscribers are told of their use. That records and ledger agree is proved after each
//! step of every test, by the world.

use super::world::*;
use crate::charging::account::told::{Thresholds, Told};
use crate::charging::books::operations::tests::cents;
use crate::charging::catalogue::{Bundle, LowBalance, Parts, Then};
use crate::charging::cdr::{Cdr, Closing};
use crate::charging::notice::{Cause, Language};
use crate::charging::request::{Kind, QuotaKey};
use crate::charging::units::{Money, Unit};

const MOBILE: &str = "77051112233";

/// A bundle of ten megabytes for group 10.
fn bundled(notify: Option<Thresholds>) -> Parts {
    let mut parts = tariff();
    let bundle = bundle("data10", covers(DATA, &[10], &[]), Unit::Octets, 10 * MB, Then::Rates);
    parts.plans[0].bundles = vec![Bundle { notify, ..bundle }];
    parts
}

fn closings(world: &World) -> Vec<(Option<u32>, u32, Closing)> {
    world.cdrs.iter().map(|cdr| (cdr.key.rating_group, cdr.part, cdr.closing)).collect()
}

fn charged(cdr: &Cdr) -> (Money, Money) {
    cdr.charged()
}

#[test]
fn a_session_has_a_record_for_each_group_when_it_ends() {
    let mut world = World::new(bundled(None), 10_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(30)));
    world.skip(60);
    world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(12 * MB)));
    assert_eq!(closings(&world), []);
    world.skip(60);
    world.send(&Ask::data(Kind::Terminate, "s", 2).used(group(10), octets(MB)));
    assert_eq!(closings(&world), [(Some(10), 1, Closing::Ended), (Some(30), 1, Closing::Ended)]);
    let [used, unused] = world.cdrs.as_slice() else { panic!() };
    let line = &used.lines[0];
    assert_eq!((line.units, line.bundles[0].units, charged(used).0), (13 * MB, 10 * MB, cents(300)));
    assert_eq!(used.span.map(|(first, last)| last.since(first).as_secs()), Some(120));
    assert_eq!((unused.span, unused.lines.len()), (None, 0));
    assert_eq!((&*used.service, &*line.plan, line.version), ("data", "first", 1));
    // the end again is no end
    world.send(&Ask::data(Kind::Terminate, "s", 2).used(group(10), octets(MB)));
    assert_eq!(world.cdrs.len(), 2);
    // use after it is a record of its own
    world.send(&Ask::data(Kind::Update, "s", 3).used(group(10), octets(MB)));
    assert_eq!(closings(&world).last(), Some(&(Some(10), 2, Closing::Late)));
    assert!(world.cdrs[2].late);
}

#[test]
fn a_long_session_has_its_record_in_parts_by_time_and_by_volume() {
    let mut world = World::new(tariff(), 1_000_000);
    world.policy.cdr.part_octets = 5 * MB;
    world.policy.cdr.part_time = core::time::Duration::from_mins(50);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    world.skip(10);
    world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(4 * MB)));
    world.skip(10);
    world.send(&Ask::data(Kind::Update, "s", 2).more(group(10), octets(MB)));
    world.skip(2_000);
    world.send(&Ask::data(Kind::Update, "s", 3).more(group(10), octets(MB)));
    world.skip(1_500);
    world.send(&Ask::data(Kind::Update, "s", 4).more(group(10), octets(MB)));
    world.send(&Ask::data(Kind::Terminate, "s", 5).used(group(10), octets(0)));
    let group = Some(10);
    let expected =
        [(group, 1, Closing::PartVolume), (group, 2, Closing::PartTime), (group, 3, Closing::Ended)];
    assert_eq!(closings(&world), expected);
}

#[test]
fn a_session_that_nobody_ends_has_its_record_all_the_same() {
    let mut world = World::new(tariff(), 10_000);
    world.send(&Ask::data(Kind::Initial, "silent", 0).ask(group(10)));
    world.send(&Ask::data(Kind::Update, "silent", 1).more(group(10), octets(MB)));
    world.pass(3_600 * 3);
    world.pass(3_600 * 25);
    assert_eq!(closings(&world), [(Some(10), 1, Closing::Expired)]);
    world.send(&Ask::data(Kind::Initial, "again", 0).ask(group(10)));
    world.send(&Ask::data(Kind::Update, "again", 1).more(group(10), octets(MB)));
    world.send(&Ask::data(Kind::Initial, "again", 7).ask(group(10)));
    assert_eq!(closings(&world).last(), Some(&(Some(10), 1, Closing::Restarted)));
    world.send(&Ask::data(Kind::Terminate, "again", 8));
    let last = world.cdrs.last().unwrap();
    assert_eq!((last.incarnation, last.part, last.closing), (1, 1, Closing::Ended));
}

#[test]
fn an_event_has_one_record_for_all_its_recipients() {
    let mut world = World::new(tariff(), 10_000);
    world.send(&Ask::sms("e", &[MOBILE, "77051112244"]).ask(QuotaKey::default()));
    let [cdr] = world.cdrs.as_slice() else { panic!("{:?}", world.cdrs) };
    assert_eq!((cdr.closing, cdr.lines[0].units, charged(cdr).0), (Closing::Event, 2, cents(400)));
    assert_eq!(cdr.parties.recipients.len(), 2);
    world.send(&Ask::sms("e", &[MOBILE, "77051112244"]).ask(QuotaKey::default()));
    assert_eq!(world.cdrs.len(), 1);
}

#[test]
fn where_nobody_takes_them_nothing_is_gathered() {
    let mut world = World::new(bundled(None), 10_000);
    (world.policy.cdr.on, world.policy.notices.on) = (false, false);
    let opening = Ask::data(Kind::Initial, "s", 0).ask(group(10));
    let before = world.cdrs.len();
    assert!(world.changes.cdrs.is_empty() && before == 0);
    world.send(&opening);
    assert!(world.sessions["s"].quotas.iter().all(|quota| quota.tally.is_none()));
    world.send(&Ask::data(Kind::Terminate, "s", 1).used(group(10), octets(0)));
    assert!(world.cdrs.is_empty() && world.notices.is_empty());
    assert_eq!(world.subscriber.life.told, Told::default());
}

fn told(world: &World) -> Vec<(u8, u64)> {
    let of = |cause: &Cause| match cause {
        Cause::Bundle { percent, left, .. } => Some((*percent, left.count)),
        _ => None,
    };
    world.notices.iter().filter_map(|notice| of(&notice.cause)).collect()
}

/// `RES-4`
#[test]
fn a_subscriber_is_told_at_80_and_100_per_cent_of_a_bundle_once_each() {
    let mut world = World::new(bundled(None), 10_000);
    world.subscriber.language = Some("ru".into());
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    let update = |number, count| Ask::data(Kind::Update, "s", number).more(group(10), octets(count));
    world.send(&update(1, 7 * MB));
    assert_eq!(told(&world), []);
    world.send(&update(2, MB));
    assert_eq!(told(&world), [(80, 2 * MB)]);
    world.send(&update(2, MB));
    world.send(&update(3, MB));
    assert_eq!(told(&world).len(), 1, "neither a repeat nor more use tells it again");
    world.send(&update(4, 3 * MB));
    assert_eq!(told(&world), [(80, 2 * MB), (100, 0)]);
    world.send(&update(5, MB));
    assert_eq!(told(&world).len(), 2);
    assert_eq!(world.notices[0].language, Some(Language::Russian));
    // a new period
    world.subscriber.allowances[0].left = 10 * MB;
    world.subscriber.life.told.forget("data10");
    world.send(&update(6, 10 * MB));
    assert_eq!(told(&world).last(), Some(&(100, 0)), "past two thresholds at once the higher one is told");
    assert_eq!(told(&world).len(), 3);
}

/// `RES-4`
#[test]
fn a_bundle_may_have_thresholds_of_its_own_or_none() {
    for (notify, expected) in [(Thresholds::new(&[50]), 1), (Some(Thresholds::NONE), 0)] {
        let mut world = World::new(bundled(notify), 10_000);
        world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
        for number in 1..=10 {
            world.send(&Ask::data(Kind::Update, "s", number).more(group(10), octets(MB)));
        }
        assert_eq!(told(&world).len(), expected);
    }
}

#[test]
fn a_low_balance_is_told_when_it_becomes_low_and_again_after_it_was_not() {
    let mut parts = tariff();
    parts.plans[0].low_balance = Some(LowBalance { below: cents(500), divisor: 1 });
    let mut world = World::new(parts, 1_000);
    let low = |world: &World| {
        world.notices.iter().filter(|notice| matches!(notice.cause, Cause::LowBalance { .. })).count()
    };
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(4 * MB)));
    assert_eq!(low(&world), 0, "what the session holds is still the subscriber's");
    world.send(&Ask::data(Kind::Update, "s", 2).more(group(10), octets(2 * MB)));
    assert_eq!(low(&world), 1);
    world.send(&Ask::data(Kind::Update, "s", 3).more(group(10), octets(MB)));
    assert_eq!(low(&world), 1);
    world.topup(1_000);
    world.send(&Ask::data(Kind::Update, "s", 4).more(group(10), octets(MB)));
    assert_eq!(low(&world), 1);
    world.send(&Ask::data(Kind::Update, "s", 5).more(group(10), octets(9 * MB)));
    assert_eq!(low(&world), 2);
}
