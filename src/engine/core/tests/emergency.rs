//! Emergencies: granted in every state of everything else, known again, counted once.

use super::world::*;
use crate::charging::answer::Outcome;
use crate::charging::request::{Identity, Kind};
use crate::engine::core::{Handled, Limits, Mode, Tag};

fn granted(world: &mut World, request: crate::charging::request::Request) -> bool {
    match world.core.handle(Tag(9_999), request, world.now) {
        Handled::Answered(answered) => answered.held.is_none() && answered.answer.outcome == Outcome::Done,
        Handled::Parked | Handled::Overloaded => false,
    }
}

#[test]
fn an_emergency_is_granted_in_every_state() {
    let limits = Limits { soft_mark: 0, hard_mark: 0, ..Limits::default() };
    let mut world = World::new(limits);
    let mut number = 0;
    let mut all = |world: &mut World, state: &str| {
        number += 1;
        let id = format!("ims;{number}");
        assert!(granted(world, call(Kind::Initial, &id, 0, Some("tel:112"))), "{state}");
        assert!(granted(world, call(Kind::Update, &id, 1, None)), "{state}: known by its session");
        assert!(granted(world, call(Kind::Terminate, &id, 2, None)), "{state}: known by its session");
        assert!(
            granted(world, call(Kind::Update, &format!("x{id}"), 7, Some("sip:112@ims"))),
            "{state}: by its number"
        );
    };
    all(&mut world, "past every mark");
    world.core.drain();
    assert_eq!(world.core.mode(), Mode::Draining);
    all(&mut world, "draining");
    world.cut();
    assert_eq!(world.core.mode(), Mode::Starting);
    all(&mut world, "starting");
    world.core.on_failed(world.now);
    all(&mut world, "failed");
}

#[test]
fn an_emergency_session_is_known_after_a_restart() {
    let mut world = World::with_money(Limits::default(), 0);
    assert!(granted(&mut world, call(Kind::Initial, "ims;1", 0, Some("112"))));
    world.settle();
    world.restart();
    assert!(granted(&mut world, call(Kind::Terminate, "ims;1", 1, None)));
    assert!(!granted(&mut world, call(Kind::Terminate, "ims;2", 1, None)));
}

#[test]
fn emergencies_are_counted_once_for_their_subscriber() {
    let mut world = World::with_money(Limits::default(), 0);
    for number in 0..3 {
        let kind = if number == 0 { Kind::Initial } else { Kind::Update };
        assert!(granted(&mut world, call(kind, "ims;1", number, Some("112"))));
    }
    let calls = |world: &World| world.disk.subscribers[&number(MSISDN)].emergency_calls;
    world.pass(1);
    assert_eq!(calls(&world), 1);
    world.restart();
    assert!(granted(&mut world, call(Kind::Terminate, "ims;1", 3, Some("112"))));
    world.pass(1);
    assert_eq!(calls(&world), 1, "the session is counted already");
    assert!(granted(&mut world, call(Kind::Initial, "ims;2", 0, Some("112"))));
    world.pass(1);
    assert_eq!(calls(&world), 2);
    let record = world.disk.emergencies.values().find(|record| record.session.as_str() == "ims;1").unwrap();
    assert_eq!((record.answers, record.counted, &*record.called), (4, true, "112"));
}

#[test]
fn an_emergency_that_goes_on_while_the_store_is_opened_is_not_counted_again() {
    let mut world = World::with_money(Limits::default(), 0);
    assert!(granted(&mut world, call(Kind::Initial, "ims;1", 0, Some("112"))));
    world.pass(1);
    world.cut();
    assert!(granted(&mut world, call(Kind::Update, "ims;1", 1, Some("112"))));
    world.core.on_recovered(&world.disk.facts, b"tariff".as_slice().into(), world.now);
    world.pass(1);
    world.scan();
    world.pass(1);
    assert_eq!(world.disk.subscribers[&number(MSISDN)].emergency_calls, 1);
    assert_eq!(world.disk.emergencies.len(), 1);
}

#[test]
fn an_emergency_of_someone_unknown_is_kept_and_not_counted() {
    let mut world = World::with_money(Limits::default(), 0);
    let mut request = call(Kind::Initial, "ims;1", 0, Some("112"));
    request.identities = vec![Identity::Other("sip:anonymous".into())];
    assert!(granted(&mut world, request));
    world.pass(1);
    assert_eq!(world.disk.emergencies.len(), 1);
    assert_eq!(world.disk.subscribers[&number(MSISDN)].emergency_calls, 0);
    assert_eq!(world.core.facts().emergencies_dropped, 1);
}

#[test]
fn emergencies_of_a_failed_store_are_spooled_and_entered_once() {
    let mut world = World::with_money(Limits::default(), 0);
    assert!(granted(&mut world, call(Kind::Initial, "before", 0, Some("112"))));
    world.batch().unwrap();
    world.core.on_failed(world.now);
    assert!(granted(&mut world, call(Kind::Initial, "after", 0, Some("112"))));
    let spooled: Vec<_> = std::iter::from_fn(|| world.core.poll_spool().cloned()).collect();
    let mut names: Vec<_> = spooled.iter().map(|record| record.session.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["after", "before"], "what was under way may be lost, and is spooled too");
    world.restart();
    for record in spooled.iter().chain(&spooled) {
        world.core.enter_spooled(record.clone());
    }
    world.pass(1);
    assert_eq!(world.disk.subscribers[&number(MSISDN)].emergency_calls, 2);
    assert_eq!(world.disk.emergencies.len(), 2);
}

#[test]
fn old_emergencies_are_forgotten() {
    let limits = Limits { emergency_sessions: 10, ..Limits::default() };
    let mut world = World::with_money(limits, 0);
    for session in 0..20 {
        assert!(granted(&mut world, call(Kind::Initial, &format!("ims;{session}"), 0, Some("112"))));
    }
    world.pass(200);
    assert_eq!(world.disk.emergencies.len(), 10);
    world.pass(73 * 3_600);
    assert_eq!(world.disk.emergencies.len(), 0);
}

/// `FREE-4`
#[test]
fn an_emergency_is_reported_once_by_a_record() {
    let mut world = World::with_money(Limits::default(), 0);
    (world.core.policy.cdr.on, world.policy.cdr.on) = (true, true);
    for number in 0..3 {
        let kind = if number == 0 { Kind::Initial } else { Kind::Update };
        assert!(granted(&mut world, call(kind, "ims;1", number, Some("112"))));
    }
    world.pass(1);
    world.restart();
    world.pass(1);
    let [cdr] = world.disk.cdrs.as_slice() else { panic!("{:?}", world.disk.cdrs) };
    assert_eq!(cdr.closing, crate::charging::cdr::Closing::Emergency);
    assert_eq!((cdr.msisdn, cdr.parties.called.as_deref()), (Some(number(MSISDN)), Some("112")));
}
