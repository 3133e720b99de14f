//! The size and manner of grants (`RES-1`), final units, limits, refusals of parts.

use super::world::*;
use crate::charging::answer::{Denial, FinalUnit};
use crate::charging::books::operations::tests::cents;
use crate::charging::catalogue::Then;
use crate::charging::request::{Kind, Measured, Part, QuotaKey, Role, Used};
use crate::charging::units::{Money, Unit};
use crate::time::Timestamp;

const MOBILE: &str = "tel:+77051112233";

fn whole() -> QuotaKey {
    QuotaKey::default()
}

#[test]
fn a_slice_has_the_plans_size_threshold_validity_and_holding_time() {
    let mut world = World::new(tariff(), 10_000);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    let grant = granted(&answer);
    assert_eq!((grant.amount.unit, grant.amount.count), (Unit::Octets, 50 * MB));
    assert_eq!((grant.validity_secs, grant.threshold), (Some(3_600), Some(10 * MB)));
    assert_eq!((grant.holding_secs, &grant.final_unit), (Some(600), &None));
    let mut ask = Ask::data(Kind::Initial, "t", 0).ask(group(20));
    ask.0.traits.holding_time = false;
    assert_eq!(granted(&world.send(&ask)).holding_secs, None);
}

#[test]
fn a_number_lowers_the_slice_only_where_the_client_means_it() {
    for (honoured, wanted, units) in
        [(false, MB, 50 * MB), (true, MB, MB), (true, 90 * MB, 50 * MB), (true, 0, 50 * MB)]
    {
        let mut world = World::new(tariff(), 10_000);
        let mut ask = Ask::data(Kind::Initial, "s", 0).ask_for(group(10), octets(wanted));
        ask.0.traits.honour_requested = honoured;
        assert_eq!(granted(&world.send(&ask)).amount.count, units, "{honoured} {wanted}");
    }
}

#[test]
fn a_client_gets_no_more_octets_than_it_can_take() {
    let mut world = World::new(tariff(), 10_000);
    let mut ask = Ask::data(Kind::Initial, "s", 0).ask(group(10));
    ask.0.traits.max_octets = Some(4_000_000);
    let answer = world.send(&ask);
    let grant = granted(&answer);
    assert_eq!((grant.amount.count, grant.threshold, &grant.final_unit), (4 * MB, Some(800_000), &None));
    assert_eq!(world.reserved(), cents(400));
}

#[test]
fn a_client_gets_no_longer_validity_than_its_profile_says() {
    for (longest, validity) in [(Some(600), 600), (Some(86_400), 3_600), (None, 3_600)] {
        let mut world = World::new(tariff(), 10_000);
        let mut ask = Ask::data(Kind::Initial, "s", 0).ask(group(10));
        ask.0.traits.max_validity_secs = longest;
        assert_eq!(granted(&world.send(&ask)).validity_secs, Some(validity), "{longest:?}");
    }
}

#[test]
fn the_last_grant_says_so_and_has_no_threshold_and_then_there_is_no_credit() {
    let mut world = World::new(tariff(), 7_000);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    assert_eq!(granted(&answer).final_unit, None);
    let answer = world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(50 * MB)));
    let grant = granted(&answer);
    assert_eq!((grant.amount.count, &grant.final_unit), (20 * MB, &Some(FinalUnit::Terminate)));
    assert_eq!((grant.threshold, grant.validity_secs), (None, Some(3_600)));
    assert!(world.session("s").quotas[0].reservation.as_ref().unwrap().final_unit);
    let answer = world.send(&Ask::data(Kind::Update, "s", 2).more(group(10), octets(20 * MB)));
    assert_eq!(refused_in(&answer, 0), Denial::NoCredit);
    assert_eq!((world.main(), world.reserved()), (Money::ZERO, Money::ZERO));
}

#[test]
fn a_grant_that_takes_exactly_all_is_the_last() {
    let mut world = World::new(tariff(), 5_000);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    let grant = granted(&answer);
    assert_eq!((grant.amount.count, &grant.final_unit), (50 * MB, &Some(FinalUnit::Terminate)));
}

#[test]
fn the_last_money_buys_whole_steps() {
    let mut parts = tariff();
    // 7.00 for each begun 45 s
    parts.plans[0].rates[2] = rate(VOICE, &[], &[1], 700, 45, 45);
    let mut world = World::new(parts, 1_399);
    let answer = world.send(&Ask::voice(Kind::Initial, "v", 0, MOBILE).ask(whole()));
    let grant = granted(&answer);
    assert_eq!((grant.amount.count, &grant.final_unit), (45, &Some(FinalUnit::Terminate)));
    assert_eq!(world.reserved(), cents(700));
}

#[test]
fn what_is_reserved_is_rounded_up_and_what_is_charged_half_up() {
    let mut parts = tariff();
    // 11.00 a minute by the second: a second is 18.33 hundredths
    parts.plans[0].rates[2] = rate(VOICE, &[], &[1], 1_100, 60, 1);
    parts.plans[0].quotas[1].grant = Some(1);
    let mut world = World::new(parts, 10_000);
    world.send(&Ask::voice(Kind::Initial, "v", 0, MOBILE).ask(whole()));
    assert_eq!(world.reserved(), cents(19));
    world.send(&Ask::voice(Kind::Update, "v", 1, MOBILE).more(whole(), seconds(1)));
    assert_eq!((world.main(), world.reserved()), (cents(9_982), cents(19)));
}

#[test]
fn seconds_already_paid_for_are_granted_with_nothing_left() {
    let mut parts = tariff();
    parts.plans[0].rates[2] = rate(VOICE, &[], &[1], 600, 60, 60);
    let mut world = World::new(parts, 600);
    world.send(&Ask::voice(Kind::Initial, "v", 0, MOBILE).ask(whole()));
    let answer = world.send(&Ask::voice(Kind::Update, "v", 1, MOBILE).more(whole(), seconds(20)));
    // the begun minute is charged: the rest of it belongs to the subscriber
    let grant = granted(&answer);
    assert_eq!((grant.amount.count, &grant.final_unit), (40, &Some(FinalUnit::Terminate)));
    assert_eq!((world.main(), world.reserved()), (Money::ZERO, Money::ZERO));
}

#[test]
fn the_rest_of_a_begun_step_is_not_granted_to_who_owes_it() {
    let mut parts = tariff();
    parts.plans[0].rates[2] = rate(VOICE, &[], &[1], 600, 60, 60);
    let mut world = World::new(parts, 600);
    world.send(&Ask::voice(Kind::Initial, "v", 0, MOBILE).ask(whole()));
    let answer = world.send(&Ask::voice(Kind::Update, "v", 1, MOBILE).more(whole(), seconds(61)));
    // the second minute is charged and not paid: what is left of it is not his
    assert_eq!(refused_in(&answer, 0), Denial::NoCredit);
    assert_eq!((world.main(), world.reserved()), (cents(-600), Money::ZERO));
}

#[test]
fn a_new_grant_replaces_the_old_one() {
    let mut world = World::new(tariff(), 7_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    // nothing was used: all of it is given back before the next is cut
    let answer = world.send(&Ask::data(Kind::Update, "s", 1).ask(group(10)));
    let grant = granted(&answer);
    assert_eq!((grant.amount.count, &grant.final_unit), (50 * MB, &None));
    assert_eq!(world.reserved(), cents(5_000));
}

#[test]
fn a_quota_that_is_not_spoken_of_keeps_what_it_holds() {
    let mut world = World::new(tariff(), 30_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(30)));
    assert_eq!(world.reserved(), cents(5_000 + 15_000));
    world.send(&Ask::data(Kind::Update, "s", 1).used(group(10), octets(MB)));
    assert_eq!(world.reserved(), cents(15_000));
    // named, without use, wish or reason: nothing is done
    done(&world.send(&Ask::data(Kind::Update, "s", 2).part(Part { key: group(30), ..Part::default() })));
    assert_eq!(world.reserved(), cents(15_000));
}

#[test]
fn a_quota_named_in_an_opening_is_asked_for() {
    let mut world = World::new(tariff(), 10_000);
    let answer =
        world.send(&Ask::data(Kind::Initial, "s", 0).part(Part { key: group(10), ..Part::default() }));
    assert_eq!(granted(&answer).amount.count, 50 * MB);
}

#[test]
fn two_parts_of_one_quota_are_one_line_with_their_use_added() {
    let mut world = World::new(tariff(), 20_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    let ask = Ask::data(Kind::Update, "s", 1)
        .used(group(10), octets(2 * MB))
        .ask(group(20))
        .more(group(10), octets(3 * MB));
    let answer = world.send(&ask);
    let keys: Vec<_> = answer.parts.iter().map(|part| part.key.clone()).collect();
    assert_eq!(keys, [group(10), group(20)]);
    assert!(answer.parts.iter().all(|part| part.grant.is_some()));
    assert_eq!((world.main(), world.ledger.len()), (cents(19_500), 2));
}

#[test]
fn all_parts_are_settled_before_the_first_is_granted() {
    // group 30 reports what only group 10's release can pay for, and stands behind it
    let mut world = World::new(tariff(), 6_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(20)));
    let ask = Ask::data(Kind::Update, "s", 1).ask(group(30)).more(group(10), octets(30 * MB));
    let answer = world.send(&ask);
    // 30.00 are left: 10 MB of group 30 and nothing of group 10
    assert_eq!(answer.parts[0].grant.as_ref().unwrap().amount.count, 10 * MB);
    assert_eq!(refused_in(&answer, 1), Denial::NoCredit);
}

#[test]
fn a_free_group_is_granted_with_an_empty_or_overrun_balance() {
    let mut world = World::new(tariff(), 0);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(20)).ask(group(10)));
    assert_eq!(answer.parts[0].grant.as_ref().unwrap().amount.count, 50 * MB);
    assert_eq!(answer.parts[0].grant.as_ref().unwrap().final_unit, None);
    assert_eq!(refused_in(&answer, 1), Denial::NoCredit);
    world.send(&Ask::data(Kind::Update, "s", 1).used(group(10), octets(MB)));
    let answer = world.send(&Ask::data(Kind::Update, "s", 2).more(group(20), octets(90 * MB)));
    granted(&answer);
    assert_eq!((world.main(), world.reserved()), (cents(-100), Money::ZERO));
}

#[test]
fn a_call_ends_at_the_longest_call() {
    let mut parts = tariff();
    parts.services[1].max_call_secs = Some(100);
    let mut world = World::new(parts, 100_000);
    world.send(&Ask::voice(Kind::Initial, "v", 0, MOBILE).ask(whole()));
    let answer = world.send(&Ask::voice(Kind::Update, "v", 1, MOBILE).more(whole(), seconds(60)));
    let grant = granted(&answer);
    assert_eq!((grant.amount.count, &grant.final_unit), (40, &Some(FinalUnit::Terminate)));
    let answer = world.send(&Ask::voice(Kind::Update, "v", 2, MOBILE).more(whole(), seconds(40)));
    assert_eq!(refused_in(&answer, 0), Denial::NoCredit);
    assert_eq!(world.main(), cents(100_000 - 1_000));
}

#[test]
fn an_incoming_call_at_home_is_free() {
    let mut world = World::new(tariff(), 0);
    let ask = Ask::voice(Kind::Initial, "v", 0, "77010000001").role(Role::Terminating).ask(whole());
    assert_eq!(granted(&world.send(&ask)).amount.count, 60);
    let ask = Ask::voice(Kind::Terminate, "v", 1, "77010000001").used(whole(), seconds(59));
    done(&world.send(&ask));
    assert_eq!((world.main(), world.last_use().used.count), (Money::ZERO, 59));
}

#[test]
fn a_forwarded_leg_is_charged() {
    let mut world = World::new(tariff(), 0);
    let ask = Ask::voice(Kind::Initial, "v", 0, MOBILE).role(Role::Forwarding).ask(whole());
    assert_eq!(refused(&world.send(&ask)), Denial::NoCredit);
}

#[test]
fn a_free_number_costs_nothing_even_where_calls_are_barred() {
    let mut world = World::new(tariff(), 0);
    world.subscriber.barred.push("voice".into());
    granted(&world.send(&Ask::voice(Kind::Initial, "v", 0, "tel:9090").ask(whole())));
    assert_eq!(
        refused(&world.send(&Ask::voice(Kind::Initial, "w", 0, MOBILE).ask(whole()))),
        Denial::Blocked
    );
    let incoming = Ask::voice(Kind::Initial, "x", 0, MOBILE).role(Role::Terminating).ask(whole());
    assert_eq!(refused(&world.send(&incoming)), Denial::Blocked);
}

#[test]
fn what_has_no_rate_is_refused_and_so_is_a_price_without_a_number() {
    let mut parts = tariff();
    parts.plans[0].rates.remove(1);
    let mut world = World::new(parts, 10_000);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(30)));
    assert_eq!(refused_in(&answer, 1), Denial::NoRate);
    let abroad = Ask::voice(Kind::Initial, "v", 0, "tel:+4915112345").ask(whole());
    assert_eq!(refused(&world.send(&abroad)), Denial::NoRate);
    for nobody in ["sip:alice@example.org", "unknown"] {
        let ask = Ask::voice(Kind::Initial, "v", 0, nobody).ask(whole());
        assert_eq!(refused(&world.send(&ask)), Denial::NoDestination, "{nobody}");
    }
    world.subscriber.plan = "gone".into();
    assert_eq!(refused(&world.send(&Ask::data(Kind::Initial, "t", 0).ask(group(10)))), Denial::NoRate);
}

#[test]
fn more_groups_than_a_session_may_hold_are_refused_and_their_use_is_charged() {
    let mut world = World::new(tariff(), 1_000_000);
    world.policy.max_groups = 2;
    let ask = Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(20)).ask(group(30));
    let answer = world.send(&ask);
    assert_eq!(refused_in(&answer, 2), Denial::TooManyGroups);
    let answer = world.send(&Ask::data(Kind::Update, "s", 1).more(group(30), octets(MB)));
    assert_eq!(refused_in(&answer, 0), Denial::TooManyGroups);
    assert_eq!((world.main(), world.session("s").quotas.len()), (cents(1_000_000 - 300), 2));
}

#[test]
fn use_that_cannot_be_counted_is_refused_and_changes_nothing_of_its_quota() {
    let many = Used { measured: octets(u64::MAX), side: None };
    let both = Measured { input_octets: Some(u64::MAX), output_octets: Some(1), ..Measured::default() };
    let cases = [
        Part {
            key: group(10),
            requested: Some(Measured::default()),
            used: vec![many, many],
            ..Part::default()
        },
        Part { key: group(10), used: vec![many], ..Part::default() },
        Part { key: group(10), used: vec![Used { measured: both, side: None }], ..Part::default() },
        Part { key: group(10), requested: Some(both), ..Part::default() },
    ];
    for part in cases {
        let mut world = World::new(tariff(), 10_000);
        world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(20)));
        let answer =
            world.send(&Ask::data(Kind::Update, "s", 1).part(part.clone()).more(group(20), octets(MB)));
        assert_eq!(refused_in(&answer, 0), Denial::Overflow, "{part:?}");
        assert!(answer.parts[1].grant.is_some());
        assert_eq!((world.main(), world.session("s").quotas[0].used), (cents(10_000), 0));
    }
}

#[test]
fn a_price_beyond_all_numbers_is_refused() {
    let mut parts = tariff();
    parts.plans[0].rates[0].price = Money::MAX;
    parts.plans[0].rates[0].per = 1;
    let mut world = World::new(parts, 10_000);
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(20)));
    let answer = world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(1_000)));
    assert_eq!(refused_in(&answer, 0), Denial::Overflow);
    let answer = world.send(&Ask::data(Kind::Terminate, "s", 2).used(group(10), octets(1_000)));
    assert_eq!(refused(&answer), Denial::Overflow);
    assert_eq!((world.main(), world.reserved()), (cents(10_000), Money::ZERO));
}

#[test]
fn the_validity_ends_with_the_bundle_that_pays() {
    let mut parts = tariff();
    parts.plans[0].bundles.push(bundle("day", covers(DATA, &[10], &[]), Unit::Octets, 80 * MB, Then::Rates));
    let mut world = World::new(parts, 10_000);
    for (ends_in, validity) in [(10_000, 3_600), (600, 600), (1, 1)] {
        world.subscriber.allowances[0].expires = Some(Timestamp::from_secs(world.now.secs() + ends_in));
        let name = format!("s{ends_in}");
        let answer = world.send(&Ask::data(Kind::Initial, &name, 0).ask(group(10)));
        assert_eq!(granted(&answer).validity_secs, Some(validity));
        world.send(&Ask::data(Kind::Terminate, &name, 1));
    }
    // one that has ended pays nothing
    world.subscriber.allowances[0].expires = Some(world.now);
    world.send(&Ask::data(Kind::Initial, "t", 0).ask(group(10)));
    assert_eq!(world.reserved(), cents(5_000));
}

#[test]
fn an_sms_in_a_session_is_granted_for_all_its_recipients_or_not_at_all() {
    let recipients = ["77051112233".into(), "3030".into(), "77051112244".into()];
    let session = |kind, number| {
        let mut ask = Ask::new(kind, "m", number, "32274@3gpp.org");
        ask.0.parties.recipients = recipients.to_vec();
        ask
    };
    let open = session(Kind::Initial, 0).ask_for(whole(), pieces(2));
    let mut world = World::new(tariff(), 799);
    assert_eq!(refused(&world.send(&open)), Denial::NoCredit);
    assert_eq!((world.reserved(), world.sessions.len()), (Money::ZERO, 0));
    let mut world = World::new(tariff(), 800);
    assert_eq!(granted(&world.send(&open)).amount.count, 2);
    assert_eq!(world.reserved(), cents(800));
    done(&world.send(&session(Kind::Terminate, 1).used(whole(), pieces(2))));
    assert_eq!((world.main(), world.reserved()), (Money::ZERO, Money::ZERO));
}
