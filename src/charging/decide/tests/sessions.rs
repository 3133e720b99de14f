//! The rows of the session's table (RFC 8506 §7) and the rules for repeats.

use super::world::*;
use crate::charging::account::Standing;
use crate::charging::answer::Denial;
use crate::charging::books::expiry::next_due;
use crate::charging::books::operations::tests::cents;
use crate::charging::ledger::EntryKind;
use crate::charging::request::{Kind, QuotaKey, Reason};
use crate::charging::session::SessionState;
use crate::charging::snapshot::Changes;
use crate::charging::units::Money;
use crate::time::Timestamp;

fn world() -> World {
    World::new(tariff(), 10_000)
}

fn opened() -> World {
    let mut world = world();
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    world
}

#[test]
fn a_session_is_opened_used_and_closed_to_the_tiyn() {
    let mut world = world();
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    assert_eq!(granted(&answer).amount.count, 50 * MB);
    assert_eq!((world.main(), world.reserved()), (cents(10_000), cents(5_000)));

    let answer = world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(40 * MB)));
    assert_eq!(granted(&answer).amount.count, 50 * MB);
    assert_eq!((world.main(), world.reserved()), (cents(6_000), cents(5_000)));

    let answer = world.send(&Ask::data(Kind::Terminate, "s", 2).used(group(10), octets(1_001)));
    assert_eq!(answer.parts, []);
    // 40.001001 MB in steps of a thousand octets are 40.002 MB
    assert_eq!((world.main(), world.reserved()), (cents(6_000), Money::ZERO));
    assert_eq!(world.session("s").state, SessionState::Ended(world.now));
    assert_eq!(world.session("s").quotas[0].used, 40 * MB + 1_001);
    let kinds: Vec<_> = world.ledger.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [EntryKind::Advance, EntryKind::Charge, EntryKind::Charge]);
}

#[test]
fn a_charge_can_be_explained_to_the_request_and_the_rate() {
    let mut world = opened();
    world.send(&Ask::data(Kind::Update, "s", 9).more(group(10), octets(2 * MB)));
    let entry = world.ledger.last().unwrap();
    assert_eq!((entry.amount, entry.balance, entry.index), (cents(-200), cents(9_800), 2));
    let usage = world.last_use();
    assert_eq!((usage.session.as_str(), usage.request_number), ("s", 9));
    assert_eq!((&usage.key, usage.used.count, usage.from_bundles), (&group(10), 2 * MB, 0));
    assert_eq!((&*usage.plan, usage.above_grant, usage.used_at), ("first", 0, world.now));
    assert_eq!(*usage.rate, *tariff().plans[0].rates[0].name);
}

#[test]
fn an_opening_without_quotas_is_done_and_holds_nothing() {
    let mut world = world();
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0));
    done(&answer);
    assert_eq!(answer.parts, []);
    assert_eq!(world.session("s").state, SessionState::Open);
    assert_eq!(world.reserved(), Money::ZERO);
}

#[test]
fn an_opening_that_is_refused_leaves_nothing() {
    let mut world = World::new(tariff(), 0);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    assert_eq!((refused(&answer), answer.parts.len()), (Denial::NoCredit, 1));
    assert!(world.sessions.is_empty());
    let answer = world.send(&Ask::data(Kind::Update, "s", 1).ask(group(10)));
    assert_eq!(refused(&answer), Denial::UnknownSession);
}

#[test]
fn an_opening_with_several_quotas_stays_though_all_are_refused() {
    let mut world = World::new(tariff(), 0);
    let answer = world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(30)));
    assert_eq!(refused_in(&answer, 0), Denial::NoCredit);
    assert_eq!(refused_in(&answer, 1), Denial::NoCredit);
    assert_eq!(world.session("s").state, SessionState::Open);
}

#[test]
fn use_in_a_refused_opening_is_charged_once() {
    let mut world = World::new(tariff(), 0);
    let ask = Ask::data(Kind::Initial, "s", 0).more(group(10), octets(MB));
    for _ in 0..3 {
        assert_eq!(refused(&world.send(&ask)), Denial::NoCredit);
        assert_eq!(world.main(), cents(-100));
    }
}

#[test]
fn an_ended_number_is_refused_and_its_open_session_is_settled_and_ended() {
    let mut world = opened();
    world.subscriber.standing = Standing::Ended;
    let answer = world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(MB)));
    assert_eq!((refused(&answer), answer.parts.len()), (Denial::Ended, 0));
    assert_eq!((world.main(), world.reserved()), (cents(9_900), Money::ZERO));
    assert_eq!(world.session("s").state, SessionState::Ended(world.now));
    let answer = world.send(&Ask::data(Kind::Initial, "t", 0).ask(group(10)));
    assert_eq!(refused(&answer), Denial::Ended);
}

#[test]
fn a_barred_service_is_refused_and_its_open_session_is_settled_and_ended() {
    let mut world = opened();
    world.subscriber.barred.push("data".into());
    let answer = world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(MB)));
    assert_eq!((refused(&answer), answer.parts.len()), (Denial::Blocked, 1));
    assert_eq!((world.main(), world.reserved()), (cents(9_900), Money::ZERO));
    let answer = world.send(&Ask::voice(Kind::Initial, "v", 0, "77051112233").ask(QuotaKey::default()));
    granted(&answer);
}

#[test]
fn an_unknown_context_is_refused() {
    let answer = world().send(&Ask::new(Kind::Initial, "s", 0, "32270@3gpp.org").ask(group(10)));
    assert_eq!(refused(&answer), Denial::UnknownService);
}

#[test]
fn a_session_never_seen_is_refused_and_not_charged() {
    for kind in [Kind::Update, Kind::Terminate] {
        let mut world = world();
        let answer = world.send(&Ask::data(kind, "s", 3).more(group(10), octets(MB)));
        assert_eq!((refused(&answer), answer.parts.len()), (Denial::UnknownSession, 0));
        assert_eq!((world.main(), world.sessions.len()), (cents(10_000), 0));
    }
}

#[test]
fn a_session_never_seen_is_charged_as_late_where_the_policy_says_so() {
    let mut world = world();
    world.policy.charge_unknown_sessions = true;
    let answer = world.send(&Ask::data(Kind::Update, "s", 3).more(group(10), octets(MB)));
    assert_eq!(refused(&answer), Denial::UnknownSession);
    assert_eq!((world.main(), world.reserved()), (cents(9_900), Money::ZERO));
    assert_eq!(world.ledger.last().unwrap().kind, EntryKind::Late);
    assert!(world.notes.late);
    // nothing used, nothing kept
    let answer = world.send(&Ask::data(Kind::Update, "t", 3).ask(group(10)));
    assert_eq!(refused(&answer), Denial::UnknownSession);
    assert_eq!(world.sessions.len(), 1);
}

#[test]
fn a_repeat_gets_the_stored_answer_and_changes_nothing() {
    let mut world = world();
    let asks = [
        Ask::data(Kind::Initial, "s", 0).ask(group(10)),
        Ask::data(Kind::Update, "s", 1).more(group(10), octets(30 * MB)).ask(group(20)),
        Ask::data(Kind::Terminate, "s", 2).used(group(10), octets(MB)),
    ];
    for ask in &asks {
        let first = world.send(ask);
        assert!(!world.notes.repeat);
        let before = world.clone();
        for _ in 0..2 {
            assert_eq!(world.send(ask), first);
            assert!(world.notes.repeat && !world.notes.contradicts);
            assert_eq!(world.changes, Changes::default());
            assert_eq!((&world.account, &world.sessions), (&before.account, &before.sessions));
        }
    }
    // all of them still have their answers
    for ask in &asks[..2] {
        world.send(ask);
        assert!(world.notes.repeat);
    }
}

#[test]
fn a_repeat_with_other_content_is_answered_from_the_store_and_marked() {
    let mut world = opened();
    let first = world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(MB)));
    let again = world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(9 * MB)).digest(77));
    assert_eq!(again, first);
    assert!(world.notes.repeat && world.notes.contradicts);
    assert_eq!(world.main(), cents(9_900));
}

#[test]
fn a_repeat_older_than_the_kept_answers_is_done_without_charge_or_grant() {
    let mut world = opened();
    for number in 1..=12 {
        world.send(&Ask::data(Kind::Update, "s", number).more(group(10), octets(1_000_000)));
    }
    assert_eq!(world.session("s").answers.len(), 8);
    let before = world.clone();
    let answer = world
        .send(&Ask::data(Kind::Update, "s", 2).more(group(10), octets(1_000_000)).used(group(30), octets(5)));
    // a success without a grant could be taken as unlimited
    assert_eq!(refused_in(&answer, 0), Denial::NoCredit);
    assert_eq!(answer.parts.len(), 2);
    assert!(world.notes.repeat);
    assert_eq!((world.main(), &world.sessions), (before.main(), &before.sessions));
    // the opening is known as well, and is no restart
    world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)));
    assert!(world.notes.repeat && !world.notes.restarted);
}

#[test]
fn numbers_may_skip_and_come_out_of_order() {
    let mut world = opened();
    for number in [1_000, 7, 8, 3] {
        let answer = world.send(&Ask::data(Kind::Update, "s", number).more(group(10), octets(MB)));
        granted(&answer);
    }
    assert_eq!(world.main(), cents(9_600));
}

#[test]
fn the_same_number_of_another_kind_is_another_request() {
    let mut world = opened();
    granted(&world.send(&Ask::data(Kind::Update, "s", 0).more(group(10), octets(MB))));
    done(&world.send(&Ask::data(Kind::Terminate, "s", 0).used(group(10), octets(MB))));
    assert_eq!(world.main(), cents(9_800));
}

#[test]
fn another_opening_of_an_open_session_is_a_restart() {
    let mut world = opened();
    world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(MB)));
    let answer = world.send(&Ask::data(Kind::Initial, "s", 5).ask(group(20)));
    granted(&answer);
    assert!(world.notes.restarted);
    assert_eq!((world.main(), world.reserved()), (cents(9_900), Money::ZERO));
    let session = world.session("s");
    assert_eq!((session.incarnation, session.quotas.len(), session.answers.len()), (1, 1, 1));
    // the keys of the life before are gone: number 1 is a new request
    granted(&world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(MB))));
    assert_eq!(world.main(), cents(9_800));
}

#[test]
fn a_restart_that_is_refused_still_releases_what_was_held() {
    let mut world = opened();
    world.subscriber.barred.push("data".into());
    let answer = world.send(&Ask::data(Kind::Initial, "s", 5).ask(group(10)));
    assert_eq!(refused(&answer), Denial::Blocked);
    assert_eq!(world.reserved(), Money::ZERO);
    assert_eq!(world.session("s").state, SessionState::Ended(world.now));
}

#[test]
fn an_ended_identifier_is_opened_afresh_by_other_content_only() {
    let mut world = opened();
    let first = Ask::data(Kind::Initial, "s", 0).ask(group(10));
    world.send(&Ask::data(Kind::Terminate, "s", 1).used(group(10), octets(MB)));
    world.send(&first);
    assert!(world.notes.repeat);
    assert_eq!(world.reserved(), Money::ZERO);
    granted(&world.send(&first.clone().digest(99)));
    assert!(!world.notes.repeat && !world.notes.restarted);
    assert_eq!((world.session("s").incarnation, world.session("s").state), (1, SessionState::Open));
    // the end of the life before is no repeat in this one
    done(&world.send(&Ask::data(Kind::Terminate, "s", 1).used(group(10), octets(MB))));
    assert!(!world.notes.repeat);
    assert_eq!(world.main(), cents(9_800));
}

#[test]
fn an_event_on_the_identifier_of_an_open_session_leaves_it_alone() {
    let mut world = opened();
    let session = world.session("s").clone();
    granted(&world.send(&Ask::sms("s", &["77051112233"]).ask(QuotaKey::default())));
    assert_eq!(world.main(), cents(9_800));
    assert_eq!(*world.session("s"), session);
}

#[test]
fn a_silent_session_keeps_nothing_reserved_after_twice_its_validity() {
    let mut world = opened();
    assert_eq!(next_due(world.session("s"), &world.policy), Some(Timestamp::from_secs(1_007_200)));
    world.pass(7_199);
    assert_eq!(world.reserved(), cents(5_000));
    world.pass(1);
    assert_eq!((world.main(), world.reserved()), (cents(10_000), Money::ZERO));
    assert_eq!(world.session("s").state, SessionState::Open);
    assert!(world.session("s").quotas[0].lapsed);
}

#[test]
fn a_session_without_a_reservation_ends_after_its_timeout_and_is_forgotten_later() {
    let mut world = opened();
    world.pass(7_200);
    let hour = 3_600;
    assert_eq!(
        next_due(world.session("s"), &world.policy),
        Some(Timestamp::from_secs(1_000_000 + 24 * hour))
    );
    world.pass(22 * hour - 1);
    assert_eq!(world.session("s").state, SessionState::Open);
    world.pass(1);
    assert_eq!(world.session("s").state, SessionState::Ended(world.now));
    assert_eq!(
        next_due(world.session("s"), &world.policy),
        Some(Timestamp::from_secs(world.now.secs() + 72 * hour))
    );
    world.pass(72 * hour - 1);
    assert_eq!(world.sessions.len(), 1);
    world.pass(1);
    assert!(world.sessions.is_empty());
}

#[test]
fn use_after_expiry_is_charged_once_and_marked_late() {
    for swept in [true, false] {
        let mut world = opened();
        if swept {
            world.pass(8_000);
        } else {
            world.skip(8_000);
        }
        let ask = Ask::data(Kind::Update, "s", 1).used(group(10), octets(20 * MB));
        done(&world.send(&ask));
        done(&world.send(&ask));
        assert!(world.notes.repeat);
        assert_eq!((world.main(), world.reserved()), (cents(8_000), Money::ZERO));
        let entry = world.ledger.last().unwrap();
        assert_eq!((entry.kind, entry.amount), (EntryKind::Late, cents(-2_000)));
        assert_eq!(world.ledger.len(), 2);
    }
}

#[test]
fn late_use_that_asks_for_quota_is_granted_like_any_other() {
    let mut world = opened();
    world.pass(8_000);
    granted(&world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(20 * MB))));
    assert!(world.notes.late);
    assert_eq!((world.main(), world.reserved()), (cents(8_000), cents(5_000)));
    // what comes after the new grant is not late
    granted(&world.send(&Ask::data(Kind::Update, "s", 2).more(group(10), octets(MB))));
    assert!(!world.notes.late);
    assert_eq!(world.ledger.last().unwrap().kind, EntryKind::Charge);
}

#[test]
fn a_late_report_of_an_ended_session_is_charged_once_and_quota_revives_it() {
    let mut world = opened();
    world.send(&Ask::data(Kind::Terminate, "s", 3).used(group(10), octets(MB)));
    done(&world.send(&Ask::data(Kind::Update, "s", 2).used(group(10), octets(MB))));
    assert!(world.notes.late);
    assert!(matches!(world.session("s").state, SessionState::Ended(_)));
    done(&world.send(&Ask::data(Kind::Terminate, "s", 4).used(group(10), octets(MB))));
    assert_eq!((world.main(), world.ledger.last().unwrap().kind), (cents(9_700), EntryKind::Late));
    granted(&world.send(&Ask::data(Kind::Update, "s", 5).ask(group(10))));
    assert_eq!(world.session("s").state, SessionState::Open);
    assert_eq!(world.reserved(), cents(5_000));
}

#[test]
fn late_use_goes_on_with_the_count_for_rounding() {
    // 0.4 hundredths, three times: 1.2, rounded once
    let mut world = opened();
    world.send(&Ask::data(Kind::Update, "s", 1).more(group(10), octets(4_000)));
    assert_eq!(world.main(), cents(10_000));
    world.send(&Ask::data(Kind::Terminate, "s", 2).used(group(10), octets(4_000)));
    assert_eq!(world.main(), cents(9_999));
    world.send(&Ask::data(Kind::Terminate, "s", 3).used(group(10), octets(4_000)));
    assert_eq!(world.main(), cents(9_999));
}

#[test]
fn the_end_of_one_flow_or_idleness_releases_its_quota_and_leaves_the_others() {
    for reason in [Reason::Final, Reason::Idle] {
        let mut world = world();
        world.send(&Ask::data(Kind::Initial, "s", 0).ask(group(10)).ask(group(20)));
        let answer = world.send(&Ask::data(Kind::Update, "s", 1).used(group(10), octets(MB)).reason(reason));
        done(&answer);
        assert_eq!((world.main(), world.reserved()), (cents(9_900), Money::ZERO));
        assert!(world.session("s").quotas[1].reservation.is_some());
        // the count for rounding is not begun anew when it comes back
        world.send(&Ask::data(Kind::Update, "s", 2).ask(group(10)));
        assert_eq!(world.session("s").quotas.len(), 2);
    }
}

#[test]
fn the_session_remembers_who_asked_last() {
    let mut world = opened();
    let mut ask = Ask::data(Kind::Update, "s", 1).more(group(10), octets(MB));
    ask.0.client_host = "pgw2".into();
    world.send(&ask);
    assert_eq!(&*world.session("s").client_host, "pgw2");
}
