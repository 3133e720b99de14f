//! What reaches clients when something changes, and what their answers do to the books.

use core::time::Duration;

use super::world::*;
use crate::charging::account::AccountId;
use crate::charging::answer::{Denial, Outcome};
use crate::charging::request::{Identity, Kind, Request, SessionId};
use crate::charging::session::SessionState;
use crate::charging::units::Money;
use crate::engine::core::command::{Change, CommandError, SubscriberChange};
use crate::engine::core::query::{Query, View};
use crate::engine::core::reauth::{Scope, Stage, What};
use crate::engine::core::{Demand, Errand, Limits, Reason, Route, SessionKey, Tag, Told, Who};

fn topup(amount: i64) -> Change {
    Change::Topup { msisdn: number(MSISDN), amount: cents(amount), reference: None, note: None }
}

fn bar() -> Change {
    let set = SubscriberChange { bar: vec!["data".into()], ..SubscriberChange::default() };
    Change::SetSubscriber { msisdn: number(MSISDN), set }
}

impl World {
    /// Errands within some milliseconds, as a shell that calls when it is asked to gets them.
    fn errands(&mut self, millis: i64) -> Vec<Errand> {
        let until = self.now.plus(Duration::from_millis(u64::try_from(millis).unwrap()));
        let mut errands = Vec::new();
        loop {
            self.settle();
            errands.extend(std::iter::from_fn(|| self.core.poll_errand()));
            let Some(due) = self.core.poll_timeout().filter(|due| *due <= until) else { break };
            self.now = self.now.max(due);
            self.core.handle_timeout(self.now);
        }
        self.now = until;
        errands
    }

    fn errand(&mut self) -> Errand {
        let mut errands = self.errands(200);
        assert_eq!(errands.len(), 1, "{errands:?}");
        errands.remove(0)
    }

    fn tell(&mut self, errand: &Errand, told: Told) {
        self.core.told(errand.id, Told::Sent { route: Route::of(1), token: 1 }, self.now);
        self.core.told(errand.id, told, self.now);
        self.settle();
    }

    fn state(&self, session: &str) -> SessionState {
        self.disk.session(session).unwrap().state
    }

    fn reserved(&self) -> Money {
        self.disk.accounts[&AccountId(1)].reserved
    }

    fn key(&self, session: &str) -> SessionKey {
        SessionKey::of(self.core.hash_key(), &SessionId::new(session).unwrap())
    }

    fn demand(&mut self, who: Who, reason: Reason) {
        self.core.demand(Demand::reauthorise(who, reason), self.now);
    }
}

#[test]
fn a_topup_reaches_the_sessions_that_lack_of_money_has_limited_and_no_others() {
    let mut world = World::with_money(Limits::default(), 1_500);
    assert_eq!(world.ask(initial("plenty")).parts[0].grant.as_ref().unwrap().final_unit, None);
    assert!(world.ask(initial("last")).parts[0].grant.as_ref().unwrap().final_unit.is_some());
    assert!(world.order(1, topup(100)).is_ok());
    let errand = world.errand();
    assert_eq!(errand.session.as_str(), "last");
    assert_eq!(errand.what, What::Reauthorise(Scope::RatingGroup(10)), "the group that is limited");
    assert_eq!((errand.reason, &*errand.host, &*errand.realm), (Reason::Topup, "pgw", "realm"));
    world.tell(&errand, Told::Done { follows: false });
    assert!(world.order(1, topup(100)).is_ok());
    assert_eq!(world.errands(1_000), [], "the same command a second time changes nothing");
    let done = world.ask(update("last", 1, 0));
    assert_eq!(done.outcome, Outcome::Done);
    world.disk.audit().unwrap();
}

#[test]
fn a_session_that_was_refused_is_reached_and_asks_anew() {
    let mut world = World::with_money(Limits::default(), 500);
    world.ask(initial("s"));
    let refused = world.ask(update("s", 1, 5_000));
    assert_eq!(refused.parts[0].outcome, Outcome::Denied(Denial::NoCredit));
    let errand = {
        assert!(world.order(1, topup(100_000)).is_ok());
        world.errand()
    };
    world.tell(&errand, Told::Done { follows: true });
    assert_eq!(world.core.outstanding(world.key("s")).unwrap().stage, Stage::Awaited);
    let granted = world.ask(update("s", 2, 0));
    assert!(granted.parts[0].grant.is_some());
    assert_eq!(world.core.outstanding(world.key("s")), None);
    assert_eq!(world.core.reauth_facts().reauthorisations.followed, 1);
    assert!(world.order(2, topup(1)).is_ok());
    assert_eq!(world.errands(1_000), [], "now it has plenty");
}

#[test]
fn no_client_is_asked_before_the_change_is_durable() {
    let mut world = World::with_money(Limits::default(), 500);
    world.ask(initial("s"));
    world.command(1, topup(100));
    while world.load() {}
    assert!(world.batch().is_some());
    for _ in 0..20 {
        world.now = world.now.plus(Duration::from_millis(5));
        world.core.handle_timeout(world.now);
        assert_eq!(world.core.poll_errand(), None);
    }
    assert!(world.durable());
    assert_eq!(world.errand().session.as_str(), "s");
}

#[test]
fn limits_and_blocks_reach_running_sessions() {
    let mut world = World::with_money(Limits::default(), 1_500);
    world.ask(initial("plenty"));
    world.ask(initial("last"));
    let set = |set| Change::SetSubscriber { msisdn: number(MSISDN), set };
    let overdraft = SubscriberChange { overdraft: Some(cents(100)), ..SubscriberChange::default() };
    assert!(world.order(1, set(overdraft.clone())).is_ok());
    let errand = world.errand();
    assert_eq!((errand.session.as_str(), errand.reason), ("last", Reason::Topup));
    world.tell(&errand, Told::Done { follows: false });
    let language = SubscriberChange { language: Some("kk".into()), ..overdraft };
    assert!(world.order(2, set(language)).is_ok());
    assert_eq!(world.errands(1_000), [], "a language concerns no session");
    assert!(world.order(3, bar()).is_ok());
    let mut sessions: Vec<(String, Reason)> = world
        .errands(1_000)
        .iter()
        .map(|errand| (errand.session.as_str().to_owned(), errand.reason))
        .collect();
    sessions.sort_by(|one, two| one.0.cmp(&two.0));
    assert_eq!(sessions, [("last".to_owned(), Reason::Block), ("plenty".to_owned(), Reason::Block)]);
    assert_eq!(world.ask(update("plenty", 1, 1_000)).outcome, Outcome::Denied(Denial::Blocked));
    assert_eq!(world.disk.main(1), cents(1_400), "what was used until then is charged");
    world.disk.audit().unwrap();
}

#[test]
fn a_session_that_its_client_does_not_know_ends_and_what_it_reports_afterwards_is_charged_once() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    world.demand(Who::Session(world.key("s")), Reason::Operator);
    let errand = world.errand();
    assert_eq!(world.reserved(), cents(1_000));
    world.tell(&errand, Told::Unknown);
    assert!(matches!(world.state("s"), SessionState::Ended(_)));
    assert_eq!(world.reserved(), Money::ZERO);
    assert_eq!(world.core.reserved(), Money::ZERO);
    assert_eq!(world.core.reauth_facts().freed_as_unknown, 1);
    world.restart();
    for _ in 0..3 {
        assert_eq!(world.ask(terminate("s", 1, 2_000)).outcome, Outcome::Done);
        assert_eq!(world.disk.main(1), cents(9_800));
    }
    assert_eq!(world.core.facts().late, 1);
    world.disk.audit().unwrap();
}

#[test]
fn a_client_that_will_not_end_its_session_has_none_any_more_and_one_that_will_has_its_time() {
    let abort = |world: &mut World| {
        world.core.demand(Demand::abort(Who::Session(world.key("s")), Reason::Operator), world.now);
        world.errand()
    };
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    let errand = abort(&mut world);
    assert_eq!(errand.what, What::Abort);
    world.tell(&errand, Told::Done { follows: true });
    assert_eq!((world.state("s"), world.reserved()), (SessionState::Open, cents(1_000)));
    world.pass(121);
    assert_eq!(world.reserved(), Money::ZERO, "freed by expiry");
    world.ask(update("s", 1, 0));
    let errand = abort(&mut world);
    world.tell(&errand, Told::Refused);
    assert!(matches!(world.state("s"), SessionState::Ended(_)));
    assert_eq!(world.reserved(), Money::ZERO, "at once");
    assert_eq!(world.core.reauth_facts().freed_by_abort, 1);
    world.disk.audit().unwrap();
}

#[test]
fn a_host_that_has_lost_its_sessions_holds_nothing_any_more() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let of = |host: &str, request: Request| Request { client_host: host.into(), ..request };
    assert!(!world.core.origin_state_of("pgw1", 5, world.now), "nothing was known before");
    world.ask(of("PGW1", initial("lost")));
    world.ask(of("pgw1", initial("heard")));
    world.ask(of("pgw2", initial("other")));
    for (host, state) in [("pgw1", 5), ("pgw1", 4), ("pgw1", 0), ("pgw2", 9), ("pgw2", 9)] {
        assert!(!world.core.origin_state_of(host, state, world.now), "{host} {state}");
    }
    world.errands(1_000);
    assert_eq!(world.reserved(), cents(3_000));
    assert!(world.core.origin_state_of("pgw1", 6, world.now));
    // both come before the walk has begun
    world.core.handle(Tag(900), of("pgw1", initial("new")), world.now);
    world.core.handle(Tag(901), of("pgw1", update("heard", 1, 0)), world.now);
    assert_eq!(world.errands(1_000), []);
    let open: Vec<bool> =
        ["lost", "heard", "other", "new"].map(|id| world.state(id) == SessionState::Open).into();
    assert_eq!(open, [false, true, true, true]);
    assert_eq!(world.reserved(), cents(3_000));
    let facts = world.core.reauth_facts();
    assert_eq!((facts.hosts_restarted, facts.freed_by_restart), (1, 1));
    assert_eq!(world.ask(of("pgw1", terminate("lost", 1, 1_000))).outcome, Outcome::Done);
    assert_eq!((world.core.facts().late, world.disk.main(1)), (1, cents(9_900)));
    world.disk.audit().unwrap();
}

#[test]
fn a_host_with_many_cold_sessions_loses_them_in_paced_steps() {
    let limits = Limits { cached_octets: 0, sweep_parked: 8, walk_step: 128, ..Limits::default() };
    let mut world = World::with_money(limits, 1_000_000);
    world.core.origin_state_of("pgw", 1, world.now);
    for session in 0..300 {
        world.ask(initial(&format!("s{session}")));
    }
    assert_eq!(world.reserved(), cents(300_000));
    world.now = world.now.plus(Duration::from_millis(1));
    assert!(world.core.origin_state_of("pgw", 2, world.now));
    world.core.handle_timeout(world.now);
    world.settle();
    assert!(world.reserved() > cents(100_000), "a limited amount in one call");
    world.errands(20_000);
    assert_eq!((world.reserved(), world.core.reauth_facts().freed_by_restart), (Money::ZERO, 300));
    world.disk.audit().unwrap();
}

#[test]
fn a_demand_on_ten_thousand_sessions_is_worked_off_in_slices_and_at_the_rate() {
    let limits = Limits { reauth_rate: 1_000, ..Limits::default() };
    let mut world = World::with_money(limits, 100_000_000);
    for session in 0..10_000 {
        world.send(initial(&format!("s{session}")));
        if session % 1_000 == 999 {
            world.settle();
        }
    }
    world.demand(Who::Account(AccountId(1)), Reason::Tariff);
    world.core.handle_timeout(world.now);
    let waiting = world.core.reauth_facts().waiting;
    assert!((1..=1_024).contains(&waiting), "{waiting} are found in one call");
    let errands = world.errands(5_000);
    assert!((5_000..5_200).contains(&errands.len()), "{}", errands.len());
    assert_eq!(world.core.reauth_facts().waiting, 10_000);
}

#[test]
fn demands_on_all_sessions_go_through_them_together_and_make_one_request_each() {
    let mut world = World::with_money(Limits::default(), 1_000_000);
    world.add("77010000002", 1_000_000);
    for session in 0..20 {
        world.ask(initial(&format!("s{session}")));
    }
    let other = Request { identities: vec![Identity::E164(number("77010000002"))], ..initial("other") };
    world.ask(other);
    world.demand(Who::Everyone, Reason::Tariff);
    world.demand(Who::Account(AccountId(2)), Reason::FairUse);
    world.demand(Who::Number(number("77010000002")), Reason::Block);
    let errands = world.errands(2_000);
    assert_eq!(errands.len(), 21);
    assert_eq!(errands[0].session.as_str(), "other", "what is blocked goes first");
    assert_eq!(world.core.reauth_facts().reauthorisations.joined, 2);
}

#[test]
fn what_has_ended_or_asked_anew_before_its_turn_is_not_asked() {
    for ends in [true, false] {
        let limits = Limits { reauth_rate: 1, ..Limits::default() };
        let mut world = World::with_money(limits, 1_500);
        world.ask(initial("plenty"));
        world.ask(initial("last"));
        world.demand(Who::Session(world.key("plenty")), Reason::Operator);
        let errand = world.errand();
        world.tell(&errand, Told::Done { follows: false });
        assert!(world.order(1, topup(100_000)).is_ok());
        assert_eq!(world.errands(200), [], "its turn has not come");
        assert_eq!(world.core.reauth_facts().waiting, 1);
        world.ask(if ends { terminate("last", 1, 0) } else { update("last", 1, 0) });
        assert_eq!(world.errands(9_000), []);
        let facts = world.core.reauth_facts();
        assert_eq!((facts.reauthorisations.moot, facts.waiting), (1, 0));
    }
}

#[test]
fn cold_sessions_are_loaded_to_be_asked_and_limited_ones_known_after_a_restart() {
    let limits = Limits { cached_octets: 0, ..Limits::default() };
    let mut world = World::with_money(limits, 1_500);
    world.ask(initial("plenty"));
    world.ask(initial("last"));
    world.restart();
    assert!(world.order(1, topup(100)).is_ok());
    let errand = world.errand();
    assert_eq!((errand.session.as_str(), errand.route), ("last", None));
}

#[test]
fn a_client_is_asked_the_way_its_last_request_came() {
    let limits = Limits { cached_octets: 0, ..Limits::default() };
    let mut world = World::with_money(limits, 10_000);
    world.core.handle_from(Tag(1), Some(Route::of(3)), initial("s"), world.now);
    world.settle();
    world.demand(Who::Session(world.key("s")), Reason::Operator);
    let errand = world.errand();
    assert_eq!(errand.route, Some(Route::of(3)), "though it had waited for a load");
    world.tell(&errand, Told::Done { follows: false });
    world.core.handle_from(Tag(2), Some(Route::of(4)), update("s", 1, 0), world.now);
    world.settle();
    world.demand(Who::Session(world.key("s")), Reason::Operator);
    assert_eq!(world.errand().route, Some(Route::of(4)));
}

#[test]
fn an_emergency_is_never_asked() {
    let mut world = World::with_money(Limits::default(), 0);
    world.ask(call(Kind::Initial, "sos", 0, Some("112")));
    world.demand(Who::Session(world.key("sos")), Reason::Operator);
    world.demand(Who::Number(number(MSISDN)), Reason::Block);
    world.demand(Who::Everyone, Reason::Tariff);
    assert_eq!(world.errands(2_000), []);
    let asked = world.query(Query::Demand(SessionId::new("sos").unwrap(), What::Abort));
    assert_eq!(asked, Err(CommandError::Emergency("sos".into())));
}

#[test]
fn an_operator_is_told_why_a_client_is_not_asked() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("open"));
    world.ask(initial("ended"));
    world.ask(terminate("ended", 1, 0));
    let demand = |id: &str, what| Query::Demand(SessionId::new(id).unwrap(), what);
    let whole = What::Reauthorise(Scope::Session);
    let group = |group| What::Reauthorise(Scope::RatingGroup(group));
    assert_eq!(world.query(demand("none", whole)), Err(CommandError::UnknownSession("none".into())));
    assert_eq!(world.query(demand("ended", whole)), Err(CommandError::SessionEnded("ended".into())));
    let unknown = CommandError::UnknownGroup { session: "open".into(), group: 11 };
    assert_eq!(world.query(demand("open", group(11))), Err(unknown));
    assert_eq!(world.query(demand("open", group(10))), Ok(View::Demanded));
    assert_eq!(world.errand().what, group(10));
    let shown = world.query(Query::ShowSession(SessionId::new("open").unwrap()));
    let Ok(View::Session(shown)) = shown else { panic!("{shown:?}") };
    let outstanding = shown.outstanding.unwrap();
    assert_eq!(
        (outstanding.stage, outstanding.tries, outstanding.reason),
        (Stage::Asked, 1, Reason::Operator)
    );
    world.core.drain();
    assert_eq!(world.query(demand("open", whole)), Err(CommandError::Draining));
}

#[test]
fn clients_are_left_alone_while_there_is_too_much_to_do() {
    let limits = Limits { soft_mark: 1, ..Limits::default() };
    let mut world = World::with_money(limits, 10_000);
    world.ask(initial("s"));
    world.ask(initial("t"));
    world.demand(Who::Session(world.key("s")), Reason::Operator);
    world.send(update("t", 1, 0));
    world.core.handle_timeout(world.now);
    assert_eq!(world.core.poll_errand(), None, "an answer is held");
    assert_eq!(world.errands(200).len(), 1, "and no longer");
}

#[test]
fn other_tariffs_have_every_session_report_and_ask_anew_behind_what_somebody_waits_for() {
    let mut world = World::with_money(Limits::default(), 1_000_000);
    for session in ["a", "b", "c"] {
        world.ask(initial(session));
    }
    world.settle();
    world.core.set_catalogue(std::sync::Arc::new(catalogue(2)), b"second".as_slice().into());
    world.demand(Who::Session(world.key("c")), Reason::Operator);
    let errands = world.errands(2_000);
    let asked: Vec<_> = errands.iter().map(|errand| (errand.session.as_str(), errand.what)).collect();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert_eq!(asked[0].0, "c");
    assert!(asked.iter().all(|(_, what)| *what == What::Reauthorise(Scope::Session)), "{asked:?}");
    // the same again is no other tariff
    world.core.set_catalogue(std::sync::Arc::new(catalogue(2)), b"second".as_slice().into());
    for errand in &errands {
        world.tell(errand, Told::Done { follows: false });
    }
    assert_eq!(world.errands(5_000), []);
}
