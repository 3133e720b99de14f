//! The dialogue of graceful termination (RFC 8506 §5.6), a test for each of its rows, and what may never be answered.

use super::world::*;
use crate::charging::account::Standing;
use crate::charging::answer::{Answer, Denial, FinalUnit, Outcome};
use crate::charging::books::operations::tests::cents;
use crate::charging::catalogue::{LimitIx, Limitation, Then};
use crate::charging::request::{Kind, QuotaKey, Reason, Request, Shape};
use crate::charging::session::SessionState;
use crate::charging::units::{Money, Unit};

const PORTAL: &str = "https://pay.example.org";
const MOBILE: &str = "77051112233";

fn whole() -> QuotaKey {
    QuotaKey::default()
}

/// A world whose plan redirects, with so many hundredths.
fn redirecting(main: i64) -> World {
    World::new(limiting(redirect(PORTAL)), main)
}

fn initial() -> Ask {
    Ask::data(Kind::Initial, "s", 0).limitable().ask(group(10))
}

fn update(number: u32) -> Ask {
    Ask::data(Kind::Update, "s", number).limitable()
}

/// A session that has used its last grant, 20 MB, and has said so.
fn used_up() -> (World, Answer) {
    let mut world = redirecting(2_000);
    world.send(&initial());
    let answer = world.send(&update(1).used(group(10), octets(20 * MB)).reason(Reason::Exhausted));
    (world, answer)
}

#[test]
fn row_1_last_quota_then_stop() {
    let mut world = World::new(tariff(), 2_000);
    let answer = world.send(&initial());
    assert_eq!(granted(&answer).final_unit, Some(FinalUnit::Terminate));
    let answer = world.send(&update(1).used(group(10), octets(20 * MB)).reason(Reason::Exhausted));
    done(&answer);
    assert!(!world.session("s").quotas[0].limited);
}

#[test]
fn row_2_last_quota_then_redirect() {
    let mut world = redirecting(2_000);
    let answer = world.send(&initial());
    let grant = granted(&answer);
    assert_eq!((grant.amount.count, &grant.final_unit), (20 * MB, &Some(redirect(PORTAL))));
    assert_eq!((grant.validity_secs, grant.threshold), (Some(3_600), None));
    let quota = &world.session("s").quotas[0];
    assert!(quota.reservation.as_ref().unwrap().final_unit && !quota.limited);
}

#[test]
fn row_3_use_of_the_final_grant_is_debited_and_answered_with_a_validity_and_nothing_else() {
    let (world, answer) = used_up();
    let limit = limited(&answer);
    assert_eq!((limit.validity_secs, &limit.action), (300, &redirect(PORTAL)));
    assert_eq!((world.main(), world.reserved()), (Money::ZERO, Money::ZERO));
    let quota = &world.session("s").quotas[0];
    assert!(quota.limited && quota.reservation.is_none());
}

#[test]
fn row_4_when_the_validity_ends_without_money_the_service_stays_limited() {
    let (mut world, _) = used_up();
    for number in 2..5 {
        world.pass(300);
        assert_eq!(limited(&world.send(&update(number).ask(group(10)))).validity_secs, 300);
        assert!(world.session("s").quotas[0].limited);
    }
}

#[test]
fn row_4_when_the_validity_ends_and_there_is_money_the_quota_is_granted_and_the_limit_lifted() {
    let (mut world, _) = used_up();
    world.topup(10_000);
    world.pass(300);
    let answer = world.send(&update(2).ask(group(10)).reason(Reason::Validity));
    assert_eq!((granted(&answer).amount.count, &granted(&answer).final_unit), (50 * MB, &None));
    assert!(!world.session("s").quotas[0].limited);
}

#[test]
fn row_4_when_the_validity_ends_and_the_plan_ends_services_the_quota_is_refused() {
    let (mut world, _) = used_up();
    world.catalogue = crate::charging::catalogue::Catalogue::new(tariff());
    world.pass(300);
    let answer = world.send(&update(2).ask(group(10)));
    assert_eq!(refused_in(&answer, 0), Denial::NoCredit);
    assert!(!world.session("s").quotas[0].limited);
}

#[test]
fn row_5_last_quota_then_restrict() {
    let mut world = World::new(limiting(restrict("portal")), 2_000);
    let answer = world.send(&initial());
    assert_eq!(granted(&answer).final_unit, Some(restrict("portal")));
    let answer = world.send(&update(1).used(group(10), octets(20 * MB)));
    assert_eq!((limited(&answer).validity_secs, &limited(&answer).action), (300, &restrict("portal")));
    assert_eq!((world.main(), world.reserved()), (Money::ZERO, Money::ZERO));
}

#[test]
fn row_6_nothing_left_at_the_opening_limits_the_service_at_once_and_the_session_stays_open() {
    let mut world = redirecting(0);
    let answer = world.send(&initial());
    assert_eq!(limited(&answer).action, redirect(PORTAL));
    let session = world.session("s");
    assert_eq!(session.state, SessionState::Open);
    assert!(session.quotas[0].limited);
    world.topup(500);
    assert_eq!(granted(&world.send(&update(1).ask(group(10)))).amount.count, 5 * MB);
}

#[test]
fn row_6_nothing_left_at_an_update_limits_the_service_at_once() {
    let mut world = redirecting(2_000);
    world.send(&initial());
    let answer = world.send(&update(1).more(group(10), octets(20 * MB)));
    assert_eq!(limited(&answer).validity_secs, 300);
}

#[test]
fn row_8_nothing_left_and_no_limitation_refuses_the_quota() {
    let mut world = World::new(tariff(), 0);
    assert_eq!(refused(&world.send(&initial())), Denial::NoCredit);
    assert!(world.sessions.is_empty());
    let answer = world.send(&initial().ask(group(20)));
    assert_eq!(refused_in(&answer, 0), Denial::NoCredit);
}

#[test]
fn row_9_a_top_up_while_restricted_is_answered_with_a_grant_and_lifts_the_restriction() {
    let mut world = World::new(limiting(restrict("portal")), 0);
    limited(&world.send(&initial()));
    world.topup(10_000);
    let answer = world.send(&update(1).ask(group(10)).reason(Reason::Forced));
    assert_eq!((granted(&answer).amount.count, &granted(&answer).final_unit), (50 * MB, &None));
    assert!(!world.session("s").quotas[0].limited);
    // and ends in a restriction again
    let answer = world.send(&update(2).more(group(10), octets(50 * MB)));
    assert_eq!(granted(&answer).final_unit, Some(restrict("portal")));
}

#[test]
fn a_top_up_before_the_last_grant_was_used_up_is_seen_soon() {
    let mut world = redirecting(2_000);
    world.send(&initial());
    world.topup(10_000);
    let answer = world.send(&update(1).used(group(10), octets(20 * MB)));
    assert_eq!(limited(&answer).validity_secs, 5);
}

#[test]
fn a_client_that_cannot_do_what_the_plan_says_ends_the_service() {
    for (redirects, restricts, action) in
        [(false, true, redirect(PORTAL)), (true, false, restrict("portal")), (false, false, redirect(PORTAL))]
    {
        let mut world = World::new(limiting(action), 2_000);
        let ask = |ask: Ask| {
            let mut ask = ask;
            (ask.0.traits.redirect, ask.0.traits.restrict) = (redirects, restricts);
            ask
        };
        assert_eq!(granted(&world.send(&ask(initial()))).final_unit, Some(FinalUnit::Terminate));
        let answer = world.send(&ask(update(1).used(group(10), octets(20 * MB))));
        done(&answer);
        let answer = world.send(&ask(update(2).ask(group(10))));
        assert_eq!(refused_in(&answer, 0), Denial::NoCredit);
        let opening = Request { session: update(0).0.session.clone(), ..ask(initial()).0 };
        let mut other = Ask(opening).digest(9);
        other.0.session = crate::charging::request::SessionId::new("t").unwrap();
        assert_eq!(refused(&world.send(&other)), Denial::NoCredit);
    }
}

#[test]
fn free_groups_stay_open_beside_a_limited_one_and_cost_nothing() {
    let mut world = redirecting(0);
    let answer = world.send(&initial().ask(group(20)));
    assert_eq!(answer.outcome, Outcome::Done);
    assert!(answer.parts[0].limit.is_some() && answer.parts[0].grant.is_none());
    assert_eq!(answer.parts[1].grant.as_ref().unwrap().final_unit, None);
    let answer = world.send(&update(1).more(group(20), octets(50 * MB)));
    assert_eq!(granted(&answer).amount.count, 50 * MB);
    assert!(world.session("s").quotas[0].limited);
    assert_eq!(world.main(), Money::ZERO);
}

#[test]
fn one_group_limited_leaves_the_others_what_they_hold() {
    let mut world = redirecting(5_000);
    world.send(&initial());
    let answer = world.send(&update(1).ask(group(30)));
    limited(&answer);
    let session = world.session("s");
    assert_eq!((session.quotas[0].limited, session.quotas[1].limited), (false, true));
    assert_eq!(world.reserved(), cents(5_000));
}

#[test]
fn use_reported_while_limited_is_charged_as_use_above_the_grant_and_the_limit_is_told_again() {
    let (mut world, _) = used_up();
    let answer = world.send(&update(2).used(group(10), octets(MB)));
    assert_eq!(limited(&answer).validity_secs, 300);
    assert_eq!((world.main(), world.last_use().above_grant), (cents(-100), MB));
    assert!(!world.notes.late);
}

#[test]
fn a_flow_that_has_ended_or_was_idle_is_not_limited() {
    for reason in [Reason::Final, Reason::Idle] {
        let mut world = redirecting(2_000);
        world.send(&initial());
        done(&world.send(&update(1).used(group(10), octets(20 * MB)).reason(reason)));
        assert!(!world.session("s").quotas[0].limited, "{reason:?}");
        let (mut world, _) = used_up();
        done(&world.send(&update(2).part(crate::charging::request::Part {
            key: group(10),
            reason: Some(reason),
            ..Default::default()
        })));
        assert!(!world.session("s").quotas[0].limited, "{reason:?}");
    }
}

#[test]
fn a_report_on_the_way_through_the_last_grant_limits_nothing() {
    let mut world = redirecting(2_000);
    world.send(&initial());
    done(&world.send(&update(1).used(group(10), octets(5 * MB)).reason(Reason::ConditionChange)));
    assert_eq!(granted(&world.send(&update(2).ask(group(10)))).amount.count, 15 * MB);
}

#[test]
fn the_last_grant_used_up_after_it_has_expired_is_limited_where_nothing_can_be_had() {
    let mut world = redirecting(2_000);
    world.send(&initial());
    world.pass(3 * 3_600);
    assert_eq!(world.reserved(), Money::ZERO);
    let answer = world.send(&update(1).used(group(10), octets(20 * MB)));
    limited(&answer);
    assert!(world.notes.late);
    // with money left a late report is only that
    let mut world = redirecting(2_000);
    world.send(&initial());
    world.pass(3 * 3_600);
    done(&world.send(&update(1).used(group(10), octets(MB))));
}

#[test]
fn a_quota_at_command_level_is_limited_there() {
    let mut world = redirecting(0);
    let command = |kind, number| {
        let mut ask = Ask::data(kind, "s", number).limitable().ask(whole());
        ask.0.shape = Shape::Command;
        ask
    };
    let answer = world.send(&command(Kind::Initial, 0));
    assert_eq!((answer.shape, limited(&answer).validity_secs), (Shape::Command, 300));
    world.topup(100);
    assert!(granted(&world.send(&command(Kind::Update, 1))).final_unit.is_some());
}

#[test]
fn a_repeat_of_a_limited_answer_is_the_same() {
    let (mut world, answer) = used_up();
    world.topup(10_000);
    let again = world.send(&update(1).used(group(10), octets(20 * MB)).reason(Reason::Exhausted));
    assert_eq!(again, answer);
    assert_eq!(world.main(), cents(10_000));
}

#[test]
fn a_silent_session_that_is_limited_ends_after_the_session_timeout_and_not_before_it_may_ask() {
    let mut parts = limiting(redirect(PORTAL));
    parts.plans[0].limitations[0].validity_secs = 7 * 86_400;
    let mut world = World::new(parts, 0);
    let validity = limited(&world.send(&initial())).validity_secs;
    assert_eq!(validity, 12 * 3_600);
    world.pass(i64::from(validity));
    assert_eq!(world.session("s").state, SessionState::Open);
    limited(&world.send(&update(1).ask(group(10))));
    world.pass(24 * 3_600);
    assert_ne!(world.session("s").state, SessionState::Open);
    // it is revived by asking, limited as it was
    limited(&world.send(&update(2).ask(group(10))));
    assert_eq!(world.session("s").state, SessionState::Open);
}

#[test]
fn a_limited_session_that_ends_or_is_refused_is_limited_no_more() {
    let (mut world, _) = used_up();
    done(&world.send(&Ask::data(Kind::Terminate, "s", 2).limitable()));
    assert!(!world.session("s").quotas[0].limited);
    let (mut world, _) = used_up();
    world.subscriber.standing = Standing::Ended;
    assert_eq!(refused(&world.send(&update(2).ask(group(10)))), Denial::Ended);
    assert!(!world.session("s").quotas[0].limited);
}

#[test]
fn a_bundle_goes_on_as_it_says() {
    let mut parts = limiting(redirect(PORTAL));
    parts.plans[0].limitations.push(Limitation { action: restrict("kiosk"), validity_secs: 60 });
    let with = |then| {
        let mut parts = parts.clone();
        parts.plans[0].bundles.push(bundle("b", covers(DATA, &[10], &[]), Unit::Octets, 10 * MB, then));
        World::new(parts, 0)
    };
    for (then, last) in [
        (Then::Rates, redirect(PORTAL)),
        (Then::Stop, FinalUnit::Terminate),
        (Then::Limit(LimitIx(1)), restrict("kiosk")),
    ] {
        let mut world = with(then);
        let answer = world.send(&initial());
        assert_eq!((granted(&answer).amount.count, &granted(&answer).final_unit), (10 * MB, &Some(last)));
    }
    // whoever has opted out of paying beyond his bundle is cut off
    let mut world = with(Then::Rates);
    world.subscriber.overage = false;
    assert_eq!(granted(&world.send(&initial())).final_unit, Some(FinalUnit::Terminate));
    // a bundle that limits does so with money on the account, too
    let mut world = with(Then::Limit(LimitIx(1)));
    world.topup(10_000);
    world.send(&initial());
    let answer = world.send(&update(1).more(group(10), octets(10 * MB)));
    assert_eq!((limited(&answer).validity_secs, &limited(&answer).action), (60, &restrict("kiosk")));
    assert_eq!(world.main(), cents(10_000));
}

#[test]
fn a_call_is_sent_to_a_sip_uri_and_ends_where_the_plan_has_another_address() {
    let call = |kind, number| Ask::voice(kind, "v", number, MOBILE).limitable();
    for (action, last) in [
        (redirect("sip:pay@ims.example.org"), redirect("sip:pay@ims.example.org")),
        (redirect("SIPS:pay@ims.example.org"), redirect("SIPS:pay@ims.example.org")),
        (redirect(PORTAL), FinalUnit::Terminate),
        (redirect("192.0.2.1"), FinalUnit::Terminate),
        (restrict("portal"), FinalUnit::Terminate),
    ] {
        let mut world = World::new(limiting(action), 300);
        let answer = world.send(&call(Kind::Initial, 0).ask(whole()));
        assert_eq!((granted(&answer).amount.count, &granted(&answer).final_unit), (30, &Some(last.clone())));
        let answer = world.send(&call(Kind::Update, 1).more(whole(), seconds(30)));
        match last {
            FinalUnit::Terminate => assert_eq!(refused_in(&answer, 0), Denial::NoCredit),
            FinalUnit::Redirect(_) | FinalUnit::Restrict(_) => assert_eq!(limited(&answer).action, last),
        }
        // traffic is not sent to a SIP URI
        let mut world = World::new(limiting(redirect("sip:pay@ims.example.org")), 2_000);
        assert_eq!(granted(&world.send(&initial())).final_unit, Some(FinalUnit::Terminate));
    }
}

#[test]
fn data_that_is_sold_by_time_is_redirected_as_data_is() {
    let mut parts = limiting(redirect(PORTAL));
    parts.services[1].context = "32251@3GPP.org".into();
    parts.services[0].context = "other".into();
    let mut world = World::new(parts, 0);
    let mut ask = initial();
    ask.0.parts[0].key = whole();
    ask.0.parties.called = Some(MOBILE.into());
    assert_eq!(limited(&world.send(&ask)).action, redirect(PORTAL));
}

#[test]
fn the_longest_call_ends_whatever_the_plan_says() {
    let mut parts = limiting(redirect("sip:pay@ims.example.org"));
    parts.services[1].max_call_secs = Some(100);
    let mut world = World::new(parts, 1_000);
    let call = |kind, number| Ask::voice(kind, "v", number, MOBILE).limitable();
    world.send(&call(Kind::Initial, 0).ask(whole()));
    let answer = world.send(&call(Kind::Update, 1).more(whole(), seconds(60)));
    // the money ends with the call
    assert_eq!(
        (granted(&answer).amount.count, &granted(&answer).final_unit),
        (40, &Some(FinalUnit::Terminate))
    );
    // a report on the way to the end of the call limits nothing
    done(&world.send(&call(Kind::Update, 2).used(whole(), seconds(10))));
    world.send(&call(Kind::Update, 3).ask(whole()));
    let answer = world.send(&call(Kind::Update, 4).more(whole(), seconds(30)));
    assert_eq!(refused_in(&answer, 0), Denial::NoCredit);
    done(&world.send(&call(Kind::Update, 5).used(whole(), seconds(0))));
}

#[test]
fn messages_are_refused_and_never_limited() {
    let mut world = redirecting(0);
    let mut ask = Ask::sms("e", &[MOBILE]).limitable();
    assert_eq!(refused(&world.send(&ask)), Denial::NoCredit);
    ask.0.kind = Kind::Initial;
    ask = ask.ask(whole());
    assert_eq!(refused(&world.send(&ask)), Denial::NoCredit);
    assert!(world.sessions.is_empty());
}

#[test]
fn slices_are_smaller_where_the_balance_is_low() {
    let mut parts = tariff();
    parts.plans[0].low_balance =
        Some(crate::charging::catalogue::LowBalance { below: cents(8_000), divisor: 4 });
    parts.plans[0].bundles.push(bundle("b", covers(DATA, &[30], &[]), Unit::Octets, 20 * MB, Then::Rates));
    for (main, wanted) in [(8_000, 50 * MB), (7_999, 50 * MB / 4), (900, 50 * MB / 16), (300, 3 * MB)] {
        let mut world = World::new(parts.clone(), main);
        let answer = world.send(&initial());
        assert_eq!(granted(&answer).amount.count, wanted, "{main}");
        assert_eq!(granted(&answer).final_unit.is_some(), main == 300);
        // what a bundle pays, and what is free, is not made smaller
        let mut world = World::new(parts.clone(), main);
        let mut ask = initial().ask(group(20));
        ask.0.parts[0].key = group(30);
        let answer = world.send(&ask);
        let counts = |at: usize| answer.parts[at].grant.as_ref().unwrap().amount.count;
        let beyond = if main == 8_000 { 26_666_000 } else { 0 };
        assert_eq!((counts(0), counts(1)), (20 * MB + beyond, 50 * MB), "{main}");
    }
}

#[test]
fn a_quota_that_was_refused_waits_for_money_however_many_answers_come_after() {
    let mut world = World::new(tariff(), 0);
    // with two quotas the session stays though both are refused
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(30)));
    assert!(world.session("s").quotas.iter().all(|quota| quota.refused && !quota.limited));
    world.topup(1_000_000);
    for number in 1..=20 {
        world.send(&Ask::data(Kind::Update, "s", number).ask(group(30)));
    }
    let session = world.session("s");
    assert_eq!((session.quotas[0].refused, session.quotas[1].refused), (true, false));
    assert_eq!(crate::charging::books::restriction::only_group(session), Some(10));
    world.send(&Ask::data(Kind::Update, "s", 21).ask(group(10)));
    assert!(!world.session("s").quotas[0].refused);
}
