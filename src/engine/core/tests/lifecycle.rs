//! Blocks and the end of contracts, as operators and days bring them.

use core::time::Duration;

use super::world::*;
use crate::charging::account::block::BlockReason;
use crate::charging::account::credit::OpenInvoice;
use crate::charging::account::life::{EndReason, PortRefusal};
use crate::charging::account::{AccountId, Standing, Subscriber};
use crate::charging::answer::{Denial, Outcome};
use crate::charging::request::{Kind, Request};
use crate::charging::session::SessionState;
use crate::charging::units::Money;
use crate::engine::core::command::{Change, CommandError, LifeChange, LifeError};
use crate::engine::core::query::{Query, View};
use crate::engine::core::{Errand, Limits, Reason, Tag};
use crate::time::Timestamp;

const OTHER: &str = "77010000002";
const DAY: u64 = 24 * 3_600;

fn life(what: LifeChange) -> Change {
    Change::Life { msisdn: number(MSISDN), what }
}

fn block(reason: BlockReason) -> Change {
    life(LifeChange::Block { reason, note: Some("why".into()) })
}

fn unblock(reason: BlockReason) -> Change {
    life(LifeChange::Unblock { reason, note: None })
}

fn end(at: Option<Timestamp>) -> Change {
    life(LifeChange::End { at, note: None })
}

fn settle() -> Change {
    life(LifeChange::Settle { reference: Some("p1".into()), note: None })
}

impl World {
    fn number(&self, msisdn: &str) -> &Subscriber {
        &self.disk.subscribers[&number(msisdn)]
    }

    fn changed(&mut self, key: u8, what: Change) -> bool {
        match self.order(key, what) {
            Ok(View::Done { done, .. }) => done.changed,
            other => panic!("{other:?}"),
        }
    }

    fn life_error(&mut self, key: u8, what: Change) -> LifeError {
        match self.order(key, what) {
            Err(CommandError::Life(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    fn block_errands(&mut self) -> Vec<Errand> {
        let until = self.now.plus(Duration::from_secs(1));
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

    /// The server is down for so long, and its clock is right when it comes back.
    fn sleep(&mut self, days: u64) {
        self.settle();
        self.cut();
        self.now = self.now.plus(Duration::from_secs(days * DAY));
        self.open();
        self.core.confirm_clock();
        self.pass(180);
    }

    fn acts(&mut self, msisdn: &str) -> Vec<(String, Option<String>, Option<String>)> {
        match self.query(Query::Acts(number(msisdn))) {
            Ok(View::Acts(acts)) => {
                let text = |text: Option<Box<str>>| text.map(String::from);
                let one = |act: crate::charging::account::life::ActEntry| {
                    (act.what.into(), text(act.operator), text(act.note))
                };
                acts.into_iter().map(one).collect()
            }
            other => panic!("{other:?}"),
        }
    }
}

/// `SUS-2`, `SUS-6`: block, RAR, CCR-U charged and refused.
#[test]
fn a_block_reaches_a_running_session_which_is_charged_and_refused() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    assert!(world.changed(1, block(BlockReason::Theft)));
    let errands = world.block_errands();
    assert_eq!(errands.len(), 1);
    assert_eq!((errands[0].session.as_str(), errands[0].reason), ("s", Reason::Block));
    let answer = world.ask(update("s", 1, 5_000));
    assert_eq!(answer.outcome, Outcome::Denied(Denial::Blocked));
    assert_eq!(world.disk.main(1), cents(9_500), "what was used until then is charged");
    assert_eq!(world.disk.accounts[&AccountId(1)].reserved, Money::ZERO);
    assert!(matches!(world.disk.session("s").unwrap().state, SessionState::Ended(_)));
    assert_eq!(world.ask(initial("t")).outcome, Outcome::Denied(Denial::Blocked));
    world.restart();
    assert_eq!(
        world.ask(initial("u")).outcome,
        Outcome::Denied(Denial::Blocked),
        "a block outlives the power"
    );
    assert!(world.changed(2, unblock(BlockReason::Theft)));
    assert_eq!(world.ask(initial("v")).outcome, Outcome::Done);
    world.disk.audit().unwrap();
}

/// `SUS-2`, `AUD-1`
#[test]
fn blocks_stack_are_lifted_one_by_one_and_each_leaves_its_act() {
    let mut world = World::with_money(Limits::default(), 10_000);
    assert!(world.changed(1, block(BlockReason::Lost)));
    let since = world.now;
    world.now = world.now.plus(Duration::from_secs(5));
    assert!(world.changed(2, block(BlockReason::Data)));
    assert!(!world.changed(3, block(BlockReason::Lost)), "there is one of that reason");
    assert!(!world.changed(4, unblock(BlockReason::Theft)), "there is none of that reason");
    let blocks = &world.number(MSISDN).life.blocks;
    assert_eq!(
        blocks.iter().map(|block| block.reason).collect::<Vec<_>>(),
        [BlockReason::Lost, BlockReason::Data]
    );
    assert_eq!(
        (blocks[0].since, &*blocks[0].operator, blocks[0].note.as_deref()),
        (since, "anna", Some("why"))
    );
    assert!(world.changed(5, unblock(BlockReason::Lost)));
    assert_eq!(world.ask(initial("s")).outcome, Outcome::Denied(Denial::Blocked), "the other one stays");
    assert!(world.changed(6, unblock(BlockReason::Data)));
    assert_eq!(world.ask(initial("t")).outcome, Outcome::Done);
    assert!(world.changed(6, unblock(BlockReason::Data)), "a repeat of the command gets its first result");
    world.restart();
    let what: Vec<_> = world.acts(MSISDN);
    let anna = || Some("anna".to_owned());
    let why = || Some("why".to_owned());
    assert_eq!(
        what,
        [
            ("unblock data".into(), anna(), None),
            ("unblock lost".into(), anna(), None),
            ("block data".into(), anna(), why()),
            ("block lost".into(), anna(), why()),
        ]
    );
    assert_eq!(world.acts_of_none(), []);
}

impl World {
    fn acts_of_none(&mut self) -> Vec<(String, Option<String>, Option<String>)> {
        self.add(OTHER, 1);
        self.acts(OTHER)
    }
}

#[test]
fn two_acts_in_one_batch_are_both_told() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.command(1, block(BlockReason::Lost));
    world.command(2, block(BlockReason::Fraud));
    world.settle();
    let words: Vec<_> = world.acts(MSISDN).into_iter().map(|(what, ..)| what).collect();
    assert_eq!(words, ["block fraud", "block lost"]);
}

/// `FREE-2`
#[test]
fn a_blocked_or_ended_number_reaches_emergency_numbers() {
    let mut world = World::with_money(Limits::default(), -1_000 + 1_001);
    for (key, reason) in (1..).zip(BlockReason::ALL) {
        assert!(world.changed(key, block(reason)));
    }
    assert!(world.changed(50, end(None)));
    let answer = world.ask(call(Kind::Initial, "e", 0, Some("112")));
    assert_eq!(answer.outcome, Outcome::Done);
    assert_eq!(world.ask(call(Kind::Initial, "f", 0, Some("9090"))).outcome, Outcome::Denied(Denial::Ended));
}

/// `END-1`, `END-4`, `ACC-15`
#[test]
fn a_contract_that_ends_leaves_a_settlement_and_charges_what_comes_late() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    assert!(world.changed(1, end(None)));
    assert_eq!(world.block_errands().len(), 1);
    assert_eq!(world.life_error(2, end(None)), LifeError::Ended(number(MSISDN)));
    assert_eq!(world.ask(initial("t")).outcome, Outcome::Denied(Denial::Ended));
    let settlement = world.number(MSISDN).life.end.unwrap().settlement;
    assert_eq!((settlement.balance, settlement.state()), (cents(10_000), "refund-pending"));
    assert_eq!(world.life_error(3, settle()), LifeError::Held, "a session holds of it");
    assert_eq!(world.ask(terminate("s", 1, 5_000)).outcome, Outcome::Done);
    assert_eq!(world.disk.main(1), cents(9_500), "late use is charged");
    assert!(world.changed(4, settle()));
    assert!(world.changed(4, settle()), "a repeat of the command changes nothing");
    assert_eq!(world.disk.main(1), Money::ZERO);
    let settlement = world.number(MSISDN).life.end.unwrap().settlement;
    assert_eq!((settlement.refunded, settlement.state()), (Some((world.now, cents(9_500))), "refunded"));
    assert_eq!(world.life_error(5, settle()), LifeError::Refunded(number(MSISDN), world.now));
    let words: Vec<_> = world.acts(MSISDN).into_iter().map(|(what, ..)| what).collect();
    assert_eq!(words, ["refunded 95.00", "end request"]);
    world.disk.audit().unwrap();
}

/// `END-4`
#[test]
fn a_debt_survives_the_end_and_nothing_is_returned() {
    let mut world = World::with_money(Limits::default(), 100);
    assert!(
        world.order(1, Change::Adjust { msisdn: number(MSISDN), amount: cents(-300), note: None }).is_ok()
    );
    assert!(world.changed(2, end(None)));
    assert_eq!(world.number(MSISDN).life.end.unwrap().settlement.state(), "debt");
    assert_eq!(world.life_error(3, settle()), LifeError::NothingOwed(number(MSISDN)));
    assert_eq!(world.disk.main(1), cents(-200));
}

/// `ACC-15`
#[test]
fn money_of_an_account_that_serves_another_number_stays() {
    let mut world = World::with_money(Limits::default(), 100);
    let mut other = new_subscriber(OTHER, 0);
    other.account = Some(AccountId(1));
    assert!(world.order(1, Change::AddSubscriber(other)).is_ok());
    assert_eq!(world.disk.accounts[&AccountId(1)].life.numbers, Some(2));
    assert!(world.changed(2, end(None)));
    assert_eq!(world.number(MSISDN).life.end.unwrap().settlement.state(), "none");
    assert_eq!(world.life_error(3, settle()), LifeError::Shared);
    let last = Change::Life { msisdn: number(OTHER), what: LifeChange::End { at: None, note: None } };
    assert!(world.changed(4, last));
    assert_eq!(world.number(OTHER).life.end.unwrap().settlement.balance, cents(100));
}

/// `END-1`
#[test]
fn an_end_that_was_set_comes_at_its_moment_and_is_written_down_by_the_job() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let at = world.now.plus(Duration::from_secs(10 * DAY));
    assert_eq!(world.life_error(1, end(Some(Timestamp::from_secs(1)))), LifeError::Past);
    assert_eq!(
        world.life_error(2, life(LifeChange::KeepOn { note: None })),
        LifeError::NoEnd(number(MSISDN))
    );
    assert!(world.changed(3, end(Some(at))));
    assert!(world.changed(4, life(LifeChange::KeepOn { note: None })));
    assert!(world.changed(5, end(Some(at))));
    world.sleep(9);
    assert_eq!(world.ask(initial("a")).outcome, Outcome::Done);
    world.sleep(2);
    assert_eq!(world.ask(initial("b")).outcome, Outcome::Denied(Denial::Ended));
    let number = world.number(MSISDN);
    assert_eq!(number.standing, Standing::Ended);
    let ended = number.life.end.unwrap();
    assert_eq!((ended.at, ended.why), (at, EndReason::Request));
    world.disk.audit().unwrap();
}

/// `END-3`: caught up with after a stop, and no contract ends twice.
#[test]
fn twelve_months_without_use_end_a_contract_also_after_a_stop() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.add(OTHER, 10_000);
    world.sleep(200);
    assert_eq!(world.ask(message("m")).outcome, Outcome::Done, "a use of the first number alone");
    world.sleep(170);
    assert_eq!(world.number(MSISDN).standing, Standing::Active);
    let end = world.number(OTHER).life.end.unwrap();
    assert_eq!((end.why, end.settlement.balance), (EndReason::Unused, cents(10_000)));
    assert_eq!(world.acts(OTHER), [("end unused".to_owned(), None, None)]);
    world.sleep(1);
    world.sleep(1);
    assert_eq!(world.number(OTHER).life.end.unwrap(), end);
    world.sleep(200);
    assert_eq!(world.number(MSISDN).life.end.unwrap().why, EndReason::Unused);
}

/// `END-3`: while the server runs the day begins by itself, at midnight of the operator's zone.
#[test]
fn the_job_runs_once_a_day_of_the_zone() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let first = world.disk.facts.lifecycle.unwrap();
    let at = world.now.plus(Duration::from_hours(1));
    assert!(world.changed(1, end(Some(at))));
    // 2027-01-15T08:00:00Z is 13:00 in Almaty
    world.pass(11 * 3_600 - 60);
    assert_eq!(world.number(MSISDN).standing, Standing::Active);
    assert_eq!(world.disk.facts.lifecycle, Some(first));
    world.pass(200);
    assert_eq!(world.number(MSISDN).standing, Standing::Ended);
    assert_eq!(world.disk.facts.lifecycle, Some(first + 1));
}

/// `END-2`, `SUS-1`
#[test]
fn an_invoice_unpaid_for_two_months_ends_a_contract_in_credit_mode() {
    let mut world = World::new(Limits::default());
    let mut new = new_subscriber(MSISDN, 0);
    new.mode = Some(crate::charging::account::Mode::Credit);
    new.credit_limit = cents(100_000);
    assert!(world.order(1, Change::AddSubscriber(new)).is_ok());
    world.order(2, Change::Adjust { msisdn: number(MSISDN), amount: cents(-500), note: None }).unwrap();
    world.settle();
    let account = world.disk.accounts.get_mut(&AccountId(1)).unwrap();
    account.life.unpaid_since = Some(world.now);
    account.book.as_mut().unwrap().open.push(OpenInvoice {
        number: 1,
        due: world.now,
        left: cents(500),
        penalties: Money::ZERO,
        late: cents(500),
        debt_days: Money::ZERO,
        fined: Money::ZERO,
        next: None,
        payments: 0,
    });
    world.sleep(58);
    assert_eq!(world.ask(initial("s")).outcome, Outcome::Denied(Denial::NoCredit));
    assert_eq!(world.number(MSISDN).standing, Standing::Active);
    world.sleep(2);
    assert_eq!(world.number(MSISDN).life.end.unwrap().why, EndReason::Unpaid);
}

/// `MNP-1`
#[test]
fn a_number_is_ported_out_only_where_nothing_stands_against_it() {
    let mut world = World::with_money(Limits::default(), 100);
    let port = || life(LifeChange::PortOut { note: None });
    let check = |world: &mut World| match world.query(Query::PortOut(number(MSISDN))) {
        Ok(View::PortOut(refusals)) => refusals,
        other => panic!("{other:?}"),
    };
    assert!(
        world.order(1, Change::Adjust { msisdn: number(MSISDN), amount: cents(-300), note: None }).is_ok()
    );
    assert!(world.changed(2, block(BlockReason::Authority)));
    assert_eq!(check(&mut world), [PortRefusal::Debt, PortRefusal::Authority]);
    let why = world.life_error(3, port());
    assert_eq!(why.to_string(), "the number 77010000001 cannot be ported out: debt, authority");
    assert!(world.changed(4, unblock(BlockReason::Authority)));
    assert!(
        world
            .order(
                5,
                Change::Topup { msisdn: number(MSISDN), amount: cents(500), reference: None, note: None }
            )
            .is_ok()
    );
    assert_eq!(check(&mut world), []);
    assert!(world.changed(6, port()));
    assert_eq!(world.number(MSISDN).life.end.unwrap().why, EndReason::PortedOut);
    assert_eq!(check(&mut world), [PortRefusal::Ended]);
    assert!(world.changed(7, settle()), "what is left is returned");
}

/// `SUS-4`, `SUS-6`: by the serving network, also for who comes there later, and over a restart.
#[test]
fn an_area_is_stopped_and_its_sessions_alone_are_reached() {
    let mut world = World::with_money(Limits::default(), 100_000);
    let there = |mut request: Request, network: &str| {
        request.place.serving_plmn = Some(number(network));
        request
    };
    let area = |lift| Change::Area { network: number("40102"), lift, note: Some("order 7".into()) };
    world.ask(there(initial("here"), "40102"));
    world.ask(there(initial("away"), "25001"));
    assert!(world.changed(1, area(false)));
    assert!(!world.changed(2, area(false)), "it is stopped already");
    let reached: Vec<_> =
        world.block_errands().iter().map(|errand| errand.session.as_str().to_owned()).collect();
    assert_eq!(reached, ["here"]);
    assert_eq!(world.ask(update("here", 1, 5_000)).outcome, Outcome::Denied(Denial::Blocked), "where it was");
    assert_eq!(world.disk.main(1), cents(99_500));
    assert_eq!(world.ask(update("away", 1, 0)).outcome, Outcome::Done);
    world.restart();
    let moved = there(update("away", 2, 0), "40102");
    assert_eq!(world.ask(moved).outcome, Outcome::Denied(Denial::Blocked), "it came there later");
    let mut sos = call(Kind::Initial, "e", 0, Some("112"));
    sos.place.serving_plmn = Some(number("40102"));
    assert_eq!(world.ask(sos).outcome, Outcome::Done);
    assert!(world.changed(3, area(true)));
    assert_eq!(world.ask(there(initial("again"), "40102")).outcome, Outcome::Done);
    let Ok(View::Areas(areas)) = world.query(Query::Areas) else { panic!("areas") };
    assert_eq!((areas.len(), areas[0].lifted.is_some(), &*areas[0].ordered.operator), (1, true, "anna"));
    let wrong = Change::Area { network: number("4010"), lift: false, note: None };
    assert_eq!(world.life_error(4, wrong), LifeError::NoArea(number("4010")));
    world.disk.audit().unwrap();
}

/// `SUS-4`: many numbers at once are many commands, which share batches and do not hold what else is asked.
#[test]
fn many_blocks_share_batches_and_traffic_goes_on_between_them() {
    let mut world = World::with_money(Limits::default(), 10_000);
    for at in 0..50 {
        let msisdn = format!("7701100{at:04}");
        world.add_many(&msisdn, at);
    }
    let before = world.disk.facts.last;
    let mut tags: Vec<Tag> = Vec::new();
    for at in 0..50u8 {
        let msisdn = number(&format!("7701100{at:04}"));
        let what = LifeChange::Block { reason: BlockReason::Area, note: None };
        tags.push(world.command(100 + at, Change::Life { msisdn, what }));
    }
    let asked = world.send(initial("s"));
    while world.load() {}
    world.settle();
    assert!(tags.iter().all(|tag| world.replies[tag].is_ok()));
    assert_eq!(world.answer(asked).outcome, Outcome::Done);
    assert!(world.disk.facts.last.0 - before.0 <= 5, "they share their batches");
}

impl World {
    fn add_many(&mut self, msisdn: &str, key: u8) {
        let mut new = new_subscriber(msisdn, 0);
        new.account = Some(AccountId(1_000 + u64::from(key)));
        assert!(self.order(key, Change::AddSubscriber(new)).is_ok());
    }
}

/// `ACC-8`, `ACC-13`: the daily job takes away what is over, though nobody touches the account.
#[test]
fn what_is_over_is_taken_away_by_the_daily_job() {
    let mut world = World::with_money(Limits::default(), 100);
    world.sleep(90);
    let bonus = Change::Bonus {
        msisdn: number(MSISDN),
        amount: cents(700),
        valid: Some(Duration::from_secs(DAY)),
        services: Vec::new(),
        note: None,
    };
    assert!(world.changed(1, bonus));
    assert!(world.changed(2, Change::Promise { msisdn: number(MSISDN), note: None }));
    world.sleep(2);
    let account = &world.disk.accounts[&AccountId(1)];
    assert_eq!((account.bonus, account.main), (Money::ZERO, cents(45_100)), "the promise lasts three days");
    world.sleep(2);
    let account = &world.disk.accounts[&AccountId(1)];
    assert_eq!((account.promise, account.main), (None, cents(-4_900)), "the debt stays");
    assert_eq!(world.ask(initial("s")).outcome, Outcome::Denied(Denial::NoCredit), "and services stop");
    world.disk.audit().unwrap();
}

/// `ACC-14`, `MNP-1`, `ACC-8`: no bonus is left at the end, and a promise is a debt.
#[test]
fn the_end_leaves_no_bonus_and_a_promise_is_a_debt() {
    let mut world = World::with_money(Limits::default(), 100);
    world.sleep(90);
    let amount = cents(700);
    let (msisdn, services) = (number(MSISDN), Vec::new());
    assert!(world.changed(1, Change::Bonus { msisdn, amount, valid: None, services, note: None }));
    assert!(world.changed(2, Change::Promise { msisdn, note: None }));
    let port = life(LifeChange::PortOut { note: None });
    let refusals = [PortRefusal::Debt].into();
    assert_eq!(world.life_error(3, port), LifeError::NotPorted { msisdn, refusals });
    assert!(world.changed(4, end(None)));
    let account = &world.disk.accounts[&AccountId(1)];
    assert_eq!((account.bonus, account.promise, account.main), (Money::ZERO, None, cents(-4_900)));
    let settlement = world.number(MSISDN).life.end.unwrap().settlement;
    assert_eq!((settlement.balance, settlement.state()), (cents(-4_900), "debt"));
    assert_eq!(world.life_error(5, settle()), LifeError::NothingOwed(msisdn));
    world.disk.audit().unwrap();
}

#[test]
fn a_block_a_lift_and_an_end_are_told_once_and_with_the_batch_of_their_cause() {
    use crate::charging::notice::Cause;
    let mut world = World::with_money(Limits::default(), 1_000);
    world.core.policy.notices.on = true;
    world.changed(1, block(BlockReason::Lost));
    world.changed(1, block(BlockReason::Lost));
    assert!(!world.changed(2, block(BlockReason::Lost)));
    world.changed(3, unblock(BlockReason::Lost));
    world.changed(4, end(None));
    world.settle();
    let words: Vec<_> = world.disk.notices.iter().map(|notice| notice.cause.word()).collect();
    assert_eq!(words, ["block", "unblock", "end"]);
    assert_eq!(world.disk.notices[0].cause, Cause::Blocked { reason: BlockReason::Lost });
    assert_eq!(world.disk.notices[0].msisdn, number(MSISDN));
}
