//! The schedule by itself: one request at a time, joined demands, the rate, other ways, and giving up.

use super::schedule::{Effect, Schedule, Wish};
use crate::charging::account::Sequence;
use crate::engine::core::limits::Limits;
use crate::engine::core::reauth::{ErrandId, Outcomes, Reason, Route, Scope, Stage, Told, What};
use crate::time::Timestamp;

const DURABLE: Sequence = Sequence(9);

fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000 + millis * 1_000)
}

fn wish(what: What, reason: Reason) -> Wish {
    Wish { what, reason, limited: false, stopped: false, held: Sequence(9), since: at(0) }
}

fn topup() -> Wish {
    wish(What::Reauthorise(Scope::Session), Reason::Topup)
}

struct Bench {
    schedule: Schedule,
    limits: Limits,
    /// What each try was to be called.
    tokens: Vec<Option<u32>>,
}

impl Bench {
    fn new() -> Self {
        Self { schedule: Schedule::default(), limits: Limits::default(), tokens: Vec::new() }
    }

    fn wish(&mut self, session: u64, wish: Wish, now: i64) {
        self.schedule.wish(session, wish, at(now), &self.limits);
    }

    /// The next session is taken and asked, over that route.
    fn ask(&mut self, now: i64, route: u64) -> Option<(ErrandId, Wish, Vec<Route>)> {
        let session = self.schedule.next(at(now), DURABLE, &self.limits)?;
        let wish = self.schedule.taken(session).unwrap();
        let sent = self.schedule.ask(session, at(now), &self.limits).unwrap();
        let token = sent.token.unwrap_or_else(|| u32::try_from(now).unwrap());
        self.told(sent.id, Told::Sent { route: Route::of(route), token }, now);
        self.tokens.push(sent.token);
        Some((sent.id, wish, sent.tried))
    }

    fn told(&mut self, id: ErrandId, told: Told, now: i64) -> Effect {
        self.schedule.told(id, told, at(now), &self.limits)
    }

    fn expire(&mut self, now: i64) {
        while self.schedule.expire(at(now), &self.limits) {}
    }

    fn reauthorisations(&self) -> Outcomes {
        self.schedule.facts().reauthorisations
    }
}

#[test]
fn one_request_is_outstanding_for_a_session_and_what_comes_meanwhile_makes_one_more() {
    let mut bench = Bench::new();
    bench.wish(1, topup(), 0);
    let (id, ..) = bench.ask(0, 1).unwrap();
    for reason in [Reason::Topup, Reason::Block, Reason::Tariff] {
        bench.wish(1, wish(What::Reauthorise(Scope::Session), reason), 1);
        assert_eq!(bench.ask(1_000, 1), None, "it is asked already");
    }
    assert!(bench.schedule.outstanding(1).unwrap().again);
    bench.told(id, Told::Done { follows: false }, 2_000);
    let (id, ..) = bench.ask(2_000, 1).unwrap();
    bench.told(id, Told::Done { follows: false }, 2_100);
    assert_eq!(bench.ask(9_000, 1), None);
    assert!(bench.schedule.is_empty());
    let counted = bench.reauthorisations();
    assert_eq!((counted.sent, counted.done, counted.joined), (2, 2, 3));
}

#[test]
fn demands_for_a_session_that_waits_become_one_of_the_wider_scope() {
    use Scope::{RatingGroup, Session};
    let rar = |scope| What::Reauthorise(scope);
    for (one, two, both) in [
        (rar(RatingGroup(1)), rar(RatingGroup(1)), rar(RatingGroup(1))),
        (rar(RatingGroup(1)), rar(RatingGroup(2)), rar(Session)),
        (rar(RatingGroup(1)), rar(Scope::Service(1)), rar(Session)),
        (rar(RatingGroup(1)), rar(Session), rar(Session)),
        (rar(RatingGroup(1)), What::Abort, What::Abort),
        (What::Abort, rar(Session), What::Abort),
    ] {
        let mut bench = Bench::new();
        bench.wish(1, wish(one, Reason::Tariff), 0);
        bench.wish(1, wish(two, Reason::Tariff), 0);
        assert_eq!(bench.ask(0, 1).unwrap().1.what, both, "{one:?} {two:?}");
        assert_eq!(bench.ask(0, 1), None);
    }
}

#[test]
fn a_demand_that_needs_no_limit_is_not_lost_in_one_that_does() {
    let mut bench = Bench::new();
    bench.wish(1, Wish { limited: true, ..topup() }, 0);
    bench.wish(1, wish(What::Reauthorise(Scope::Session), Reason::Block), 0);
    assert!(!bench.ask(0, 1).unwrap().1.limited);
}

#[test]
fn requests_stand_evenly_and_never_above_the_rate() {
    let mut bench = Bench::new();
    bench.limits.reauth_rate = 50;
    (0..1_000).for_each(|session| bench.wish(session, topup(), 0));
    let mut sent = Vec::new();
    for now in 0..4_000 {
        while bench.ask(now, 1).is_some() {
            sent.push(now);
        }
    }
    assert_eq!(
        sent.iter().filter(|now| **now < 1_000).count(),
        55,
        "50 a second, and the first five together"
    );
    for from in [1_000, 2_000, 3_000] {
        let within = sent.iter().filter(|now| (from..from + 1_000).contains(*now)).count();
        assert_eq!(within, 50, "in the second from {from}");
    }
    assert!(sent.iter().skip(6).zip(sent.iter().skip(7)).all(|(one, two)| two - one == 20), "{sent:?}");
}

#[test]
fn the_next_time_is_when_the_rate_allows_one_and_none_when_nothing_waits() {
    let mut bench = Bench::new();
    bench.limits.reauth_rate = 5;
    assert_eq!(bench.schedule.next_timeout(), None);
    (0..3).for_each(|session| bench.wish(session, topup(), 0));
    let mut asked = Vec::new();
    let mut now = 0;
    while let Some(due) = bench.schedule.next_timeout().filter(|due| *due < at(5_000)) {
        now = now.max(i64::try_from(due.since(at(0)).as_millis()).unwrap());
        asked.push((now, bench.ask(now, 1).is_some()));
    }
    assert_eq!(asked, [(0, true), (100, true), (300, true)], "each call has something to do");
}

#[test]
fn a_request_that_got_no_answer_goes_another_way_later_and_is_given_up_after_the_last_try() {
    let mut bench = Bench::new();
    bench.wish(1, topup(), 0);
    let (id, _, tried) = bench.ask(0, 1).unwrap();
    assert_eq!(tried, []);
    bench.told(id, Told::Elsewhere, 100);
    assert_eq!(bench.ask(1_000, 2), None, "not before a second has passed");
    let (second, _, tried) = bench.ask(1_100, 2).unwrap();
    assert_eq!(tried, [Route::of(1)]);
    assert_eq!(bench.told(id, Told::Unknown, 1_200), Effect::None, "what comes late says nothing");
    bench.told(second, Told::Silent, 11_100);
    assert_eq!(bench.ask(13_000, 3), None, "twice as long");
    let (third, _, tried) = bench.ask(13_100, 1).unwrap();
    assert_eq!(tried, [Route::of(1), Route::of(2)]);
    bench.told(third, Told::NoRoute, 13_100);
    let (fourth, _, tried) = bench.ask(17_100, 2).unwrap();
    assert_eq!(tried, [Route::of(2), Route::of(1)], "the one tried longest ago stands first");
    assert_eq!(bench.told(fourth, Told::Silent, 27_100), Effect::None);
    assert!(bench.schedule.is_empty());
    let counted = bench.reauthorisations();
    assert_eq!((counted.sent, counted.repeated, counted.given_up), (1, 3, 1));
    assert_eq!(bench.tokens, [None, None, Some(1_100), Some(1_100)], "what was answered is another request");
}

#[test]
fn an_answer_that_the_shell_forgets_is_missed_all_the_same() {
    let mut bench = Bench::new();
    bench.wish(1, topup(), 0);
    bench.ask(0, 1).unwrap();
    assert_eq!(bench.schedule.next_timeout(), Some(at(11_000)));
    bench.expire(10_999);
    assert_eq!(bench.schedule.outstanding(1).unwrap().stage, Stage::Asked);
    bench.expire(11_000);
    assert_eq!(bench.schedule.outstanding(1).unwrap().stage, Stage::Queued);
}

#[test]
fn a_client_that_reacts_is_not_asked_again_before_it_has_reported_or_had_its_time() {
    for reports in [true, false] {
        let mut bench = Bench::new();
        bench.wish(1, topup(), 0);
        let (id, ..) = bench.ask(0, 1).unwrap();
        bench.told(id, Told::Done { follows: true }, 100);
        assert_eq!(bench.schedule.outstanding(1).unwrap().stage, Stage::Awaited);
        bench.wish(1, topup(), 200);
        assert_eq!(bench.ask(300, 1), None);
        if reports {
            bench.schedule.heard(1, at(400));
        } else {
            bench.expire(10_099);
            assert_eq!(bench.ask(10_099, 1), None);
            bench.expire(10_100);
        }
        assert!(bench.ask(10_100, 1).is_some(), "what came meanwhile");
        let counted = bench.reauthorisations();
        assert_eq!((counted.followed, counted.ignored), (u64::from(reports), u64::from(!reports)));
    }
}

#[test]
fn a_report_that_overtakes_its_answer_counts() {
    let mut bench = Bench::new();
    bench.wish(1, topup(), 0);
    let (id, ..) = bench.ask(0, 1).unwrap();
    bench.schedule.heard(1, at(50));
    bench.told(id, Told::Done { follows: true }, 100);
    assert!(bench.schedule.is_empty());
    assert_eq!(bench.reauthorisations().followed, 1);
}

#[test]
fn what_becomes_of_the_session_follows_from_the_answer() {
    let rar = What::Reauthorise(Scope::Session);
    for (what, told, effect) in [
        (rar, Told::Unknown, Effect::Unknown),
        (rar, Told::Refused, Effect::None),
        (rar, Told::NotWanted, Effect::None),
        (rar, Told::Done { follows: true }, Effect::None),
        (What::Abort, Told::Unknown, Effect::Unknown),
        (What::Abort, Told::Refused, Effect::Aborted),
        (What::Abort, Told::Done { follows: true }, Effect::None),
        (What::Abort, Told::Silent, Effect::None),
    ] {
        let mut bench = Bench::new();
        bench.wish(1, wish(what, Reason::Operator), 0);
        let (id, ..) = bench.ask(0, 1).unwrap();
        assert_eq!(bench.told(id, told, 100), effect, "{what:?} {told:?}");
    }
}

#[test]
fn an_abort_that_cannot_be_delivered_ends_the_session_and_one_that_is_not_answered_does_not() {
    for (told, effect) in [(Told::Elsewhere, Effect::Aborted), (Told::Silent, Effect::None)] {
        let mut bench = Bench::new();
        bench.limits.reauth_tries = 1;
        bench.wish(1, wish(What::Abort, Reason::Operator), 0);
        let (id, ..) = bench.ask(0, 1).unwrap();
        assert_eq!(bench.told(id, told, 100), effect);
        assert_eq!(bench.schedule.facts().aborts.given_up, 1);
    }
}

#[test]
fn a_session_that_was_heard_of_is_not_gone() {
    let mut bench = Bench::new();
    bench.wish(1, topup(), 0);
    let (id, ..) = bench.ask(0, 1).unwrap();
    bench.schedule.heard(1, at(50));
    assert_eq!(bench.told(id, Told::Unknown, 100), Effect::None);
}

#[test]
fn a_client_is_not_asked_before_the_change_is_durable() {
    let mut bench = Bench::new();
    bench.wish(1, Wish { held: Sequence(10), ..topup() }, 0);
    assert_eq!(bench.ask(0, 1), None);
    let due = bench.schedule.next_timeout().unwrap();
    assert!(due > at(0) && due <= at(10));
    assert_eq!(bench.schedule.next(due, Sequence(10), &bench.limits), Some(1));
}

#[test]
fn what_somebody_waits_for_goes_before_what_concerns_whole_tariffs() {
    let mut bench = Bench::new();
    bench.limits.reauth_queue = 10;
    let tariff = wish(What::Reauthorise(Scope::Session), Reason::Tariff);
    (0..20).for_each(|session| bench.wish(session, tariff, 0));
    assert_eq!(bench.schedule.waiting(), 10);
    (100..105).for_each(|session| bench.wish(session, topup(), 1));
    bench.wish(7, topup(), 1);
    let urgent: Vec<Reason> = (0..6).map(|_| bench.ask(1, 1).unwrap().1.reason).collect();
    assert_eq!(urgent, [Reason::Topup; 6], "the one that waited already too");
    assert_eq!(bench.ask(1, 1).unwrap().1.reason, Reason::Tariff);
    (200..220).for_each(|session| bench.wish(session, topup(), 1));
    assert_eq!(bench.reauthorisations().dropped, 25, "ten and fifteen: twice the room, and no more");
}

#[test]
fn with_a_rate_of_nothing_nobody_is_asked() {
    let mut bench = Bench::new();
    bench.limits.reauth_rate = 0;
    bench.wish(1, topup(), 0);
    assert!(bench.schedule.is_empty());
    assert_eq!(bench.reauthorisations().dropped, 1);
}

#[test]
fn a_route_is_the_number_of_a_connection_as_far_as_it_goes() {
    assert_eq!(Route::of(1), Route::of(1));
    assert_ne!(Route::of(1), Route::of(2));
    assert_ne!(Route::of(0xfffe), Route::of(0xffff));
    assert_eq!(Route::of(0), Route::of(0xffff));
    assert_eq!(size_of::<Option<Route>>(), 2);
}
