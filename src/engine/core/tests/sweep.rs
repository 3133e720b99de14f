//! What ends by itself, and what stops that.

use core::time::Duration;

use super::world::*;
use crate::charging::account::AccountId;
use crate::charging::answer::Outcome;
use crate::charging::session::SessionState;
use crate::engine::core::Limits;

fn reserved(world: &World) -> crate::charging::units::Money {
    world.disk.accounts[&AccountId(1)].reserved
}

#[test]
fn a_reservation_ends_by_itself_and_its_session_stays() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    assert_eq!(reserved(&world), cents(1_000));
    world.pass(119);
    assert_eq!(reserved(&world), cents(1_000), "twice the validity");
    world.pass(2);
    assert_eq!(reserved(&world), cents(0));
    assert_eq!(world.core.reserved(), cents(0));
    assert_eq!(world.disk.session("s").unwrap().state, SessionState::Open);
    let late = world.ask(update("s", 1, 2_000));
    assert_eq!(late.outcome, Outcome::Done);
    assert_eq!(world.disk.main(1), cents(9_800), "late use is charged");
    assert_eq!(world.core.facts().late, 1);
    world.disk.audit().unwrap();
}

#[test]
fn an_opening_answered_too_late_leaves_a_reservation_that_ends_by_itself() {
    let mut world = World::with_money(Limits::default(), 1_500);
    // the answer comes after the client's Tx: it has given up, forgets the session and says nothing of it
    let late = world.send(initial("orphan"));
    world.settle();
    assert_eq!(world.answer(late).outcome, Outcome::Done);
    assert_eq!(reserved(&world), cents(1_000));
    let lost = world.ask(initial("next"));
    assert_eq!(
        lost.parts.first().and_then(|part| part.grant.as_ref()).map(|one| one.amount.count),
        Some(5_000)
    );
    world.pass(121);
    assert_eq!(
        (reserved(&world), world.disk.main(1)),
        (cents(0), cents(1_500)),
        "freed, and nothing charged"
    );
    let whole = world.ask(initial("third"));
    assert_eq!(
        whole.parts.first().and_then(|part| part.grant.as_ref()).map(|one| one.amount.count),
        Some(10_000)
    );
    world.pass(25 * 3_600);
    assert!(matches!(world.disk.session("orphan").unwrap().state, SessionState::Ended(_)));
    world.disk.audit().unwrap();
}

#[test]
fn a_reservation_ends_after_a_restart_too_without_a_request() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    world.restart();
    world.pass(130);
    assert_eq!(reserved(&world), cents(0));
    world.disk.audit().unwrap();
}

#[test]
fn a_silent_session_ends_after_a_day_and_is_forgotten_after_three_more() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    world.pass(25 * 3_600);
    assert!(matches!(world.disk.session("s").unwrap().state, SessionState::Ended(_)));
    assert_eq!(world.core.services().iter().map(|service| service.open).sum::<u64>(), 0);
    world.pass(70 * 3_600);
    assert!(world.disk.session("s").is_some());
    world.pass(2 * 3_600);
    assert!(world.disk.session("s").is_none());
    assert_eq!(world.core.facts().forgotten, 1);
    assert_eq!(world.ask(initial("s")).outcome, Outcome::Done, "the identifier is free again");
}

#[test]
fn many_sessions_end_in_paced_steps_even_when_they_are_cold() {
    let limits = Limits { sweep_step: 3, sweep_parked: 5, cached_octets: 0, ..Limits::default() };
    let mut world = World::with_money(limits, 10_000_000);
    for session in 0..50 {
        world.ask(initial(&format!("s{session}")));
    }
    assert_eq!(reserved(&world), cents(50_000));
    world.now = world.now.plus(Duration::from_secs(130));
    let batches = world.core.facts().batches;
    world.core.handle_timeout(world.now);
    world.settle();
    assert!(reserved(&world) > cents(40_000), "a limited amount in one call");
    world.pass(60);
    assert_eq!(reserved(&world), cents(0));
    assert!(world.core.facts().batches > batches + 5);
    world.disk.audit().unwrap();
}

#[test]
fn a_jump_of_the_clock_ends_nothing_until_it_has_lasted() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    world.now = world.now.plus(Duration::from_hours(1));
    world.core.handle_timeout(world.now);
    world.settle();
    world.pass(590);
    assert_eq!(reserved(&world), cents(1_000));
    world.pass(90);
    assert_eq!(reserved(&world), cents(0), "it has lasted");
}

#[test]
fn after_a_stop_for_maintenance_expiry_goes_on_at_once() {
    for hours in [1, 23] {
        let mut world = World::with_money(Limits::default(), 10_000);
        world.ask(initial("s"));
        world.cut();
        world.now = world.now.plus(Duration::from_hours(hours));
        world.open();
        world.pass(1);
        assert_eq!(reserved(&world), cents(0), "{hours} h");
        world.disk.audit().unwrap();
    }
}

#[test]
fn after_a_stop_that_is_not_plausible_nothing_ends_until_the_time_has_lasted() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    world.cut();
    world.now = world.now.plus(Duration::from_hours(25));
    world.open();
    world.pass(590);
    assert_eq!(reserved(&world), cents(1_000));
    world.pass(90);
    assert_eq!(reserved(&world), cents(0), "it has lasted");
}

#[test]
fn an_operator_who_confirms_the_clock_lets_expiry_go_on() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    world.now = world.now.plus(Duration::from_hours(1));
    world.core.handle_timeout(world.now);
    world.core.confirm_clock();
    world.pass(61);
    assert_eq!(reserved(&world), cents(0));
}

#[test]
fn keys_of_events_are_forgotten_after_three_days() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(message("sms;1"));
    assert_eq!(world.disk.buckets.len(), 1);
    world.pass(71 * 3_600);
    world.ask(message("sms;1"));
    assert_eq!(world.disk.main(1), cents(9_500));
    world.pass(2 * 3_600);
    assert_eq!(world.disk.buckets.len(), 0);
    world.ask(message("sms;1"));
    assert_eq!(world.disk.main(1), cents(9_000));
}
