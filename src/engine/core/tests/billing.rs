//! Fees, periods and invoices through the core: power cuts, stops, sessions that run.

use core::time::Duration;
use std::sync::Arc;

use super::world::*;
use crate::charging::account::billing::FeeState;
use crate::charging::account::{AccountId, Mode};
use crate::charging::answer::Outcome;
use crate::charging::books::due::Whose;
use crate::charging::calendar::MONTH;
use crate::charging::catalogue::{Fee, PaidLate, Unpaid};
use crate::charging::ledger::EntryKind;
use crate::charging::units::Money;
use crate::engine::core::command::{Change, NewSubscriber, SubscriberChange};
use crate::engine::core::query::{Query, View};
use crate::engine::core::{Limits, Reason};
use crate::time::{Timestamp, Zone};

const DAY: u64 = 24 * 3_600;

pub(super) fn fee(unpaid: Unpaid) -> Fee {
    Fee {
        amount: cents(1_000),
        every: MONTH,
        unpaid,
        late: PaidLate::Keep,
        arrears: false,
        rollover: Vec::new(),
        fallback: Vec::new(),
    }
}

fn topup(amount: i64) -> Change {
    Change::Topup { msisdn: number(MSISDN), amount: cents(amount), reference: None, note: None }
}

impl World {
    /// The tariffs with a fee: put in force again after each start.
    pub(super) fn with_fee(&mut self, fee: Fee) {
        self.put_fee(fee);
        self.settle();
    }

    /// A version of their own each time: what is known of earlier ones is made without a fee in these tests.
    fn put_fee(&mut self, fee: Fee) {
        self.now = self.now.plus(Duration::from_secs(1));
        let version = u64::try_from(self.now.secs()).unwrap();
        let catalogue = catalogue_with(version, Some(fee));
        self.core.set_catalogue(Arc::new(catalogue), b"fee".as_slice().into());
    }

    /// The server is down for so long, and its clock is right when it comes back.
    fn down(&mut self, days: u64, fee: Fee) {
        self.settle();
        self.cut();
        self.now = self.now.plus(Duration::from_secs(days * DAY));
        self.open();
        self.core.confirm_clock();
        self.with_fee(fee);
        self.pass(180);
    }

    fn fees(&self, id: u64) -> usize {
        let of = self.disk.ledger.iter().filter(|((account, _), _)| *account == AccountId(id));
        of.filter(|(_, (_, entry))| entry.kind == EntryKind::Fee).count()
    }

    fn zone() -> Zone {
        Zone::named("Asia/Almaty").unwrap()
    }
}

/// `ACC-4`: once for each period, whatever happens to the power.
#[test]
fn a_fee_is_charged_once_for_each_period_over_stops_and_power_cuts() {
    let mut world = World::new(Limits::default());
    world.with_fee(fee(Unpaid::Fallback));
    world.add(MSISDN, 100_000);
    assert_eq!((world.fees(1), world.disk.main(1)), (1, cents(99_000)), "connected: the first one at once");
    let period = world.disk.subscribers[&number(MSISDN)].life.billing.unwrap().period;
    assert!(world.disk.calendar.contains(&(period.to, Whose::Number(number(MSISDN)))));
    world.down(95, fee(Unpaid::Fallback));
    assert_eq!(world.fees(1), 4, "each missed period");
    for _ in 0..3 {
        world.down(0, fee(Unpaid::Fallback));
        assert_eq!(world.fees(1), 4);
    }
    let billing = world.disk.subscribers[&number(MSISDN)].life.billing.unwrap();
    assert!(billing.period.has(world.now) && billing.fee == FeeState::Paid(billing.period.from));
    let entries: Vec<_> = world.disk.calendar.iter().collect();
    assert_eq!(entries, [&(billing.period.to, Whose::Number(number(MSISDN)))], "what is done is taken away");
    world.disk.audit().unwrap();
}

/// The power goes at every moment of a roll-over: before the batch, while it is under way, after it.
#[test]
fn a_power_cut_at_any_moment_of_the_renewal_neither_loses_nor_repeats_a_fee() {
    for moment in 0..6 {
        let mut world = World::new(Limits::default());
        world.with_fee(fee(Unpaid::Fallback));
        world.add(MSISDN, 100_000);
        world.settle();
        world.cut();
        world.now = world.now.plus(Duration::from_secs(40 * DAY));
        world.open();
        world.core.confirm_clock();
        world.put_fee(fee(Unpaid::Fallback));
        for step in 0..moment {
            let due = world.core.poll_timeout().unwrap();
            world.now = world.now.max(due);
            world.core.handle_timeout(world.now);
            world.load();
            world.batch();
            if step + 1 < moment {
                world.durable();
            }
        }
        world.down(0, fee(Unpaid::Fallback));
        assert_eq!(world.fees(1), 2, "cut at {moment}");
        world.disk.audit().unwrap();
    }
}

/// `ACC-4`: the next top-up pays at once, and a session that runs is told.
#[test]
fn the_next_top_up_pays_the_fee_at_once_and_reaches_the_session() {
    let mut world = World::new(Limits::default());
    world.with_fee(fee(Unpaid::Stop));
    world.add(MSISDN, 1_500);
    assert_eq!(world.ask(initial("s")).outcome, Outcome::Done);
    world.ask(terminate("s", 1, 0));
    world.down(32, fee(Unpaid::Stop));
    assert!(world.disk.subscribers[&number(MSISDN)].life.billing.unwrap().is_unpaid());
    assert_eq!(world.core.facts().fees_unpaid, 1);
    let refused = world.ask(initial("t"));
    assert!(refused.parts.iter().all(|part| part.grant.is_none()), "all stops: {refused:?}");
    world.order(1, topup(600)).unwrap();
    assert_eq!((world.fees(1), world.disk.main(1)), (2, cents(100)));
    let granted = world.ask(initial("u"));
    assert!(granted.parts.iter().any(|part| part.grant.is_some()), "{granted:?}");
    world.disk.audit().unwrap();
}

#[test]
fn a_session_that_runs_when_the_fee_is_paid_late_is_asked_to_come_back() {
    let mut world = World::new(Limits::default());
    let fee = Fee { amount: cents(5_000), ..fee(Unpaid::Fallback) };
    world.with_fee(fee.clone());
    world.add(MSISDN, 9_000);
    world.down(32, fee);
    assert_eq!(world.fees(1), 1);
    world.ask(initial("s"));
    world.order(1, topup(10_000)).unwrap();
    let until = world.now.plus(Duration::from_secs(1));
    let mut errands = Vec::new();
    loop {
        world.settle();
        errands.extend(std::iter::from_fn(|| world.core.poll_errand()));
        let Some(due) = world.core.poll_timeout().filter(|due| *due <= until) else { break };
        world.now = world.now.max(due);
        world.core.handle_timeout(world.now);
    }
    assert!(errands.iter().any(|errand| errand.reason == Reason::Tariff), "{errands:?}");
}

#[test]
fn a_request_brings_its_number_to_the_present_before_the_job_does() {
    let mut world = World::new(Limits::default());
    world.with_fee(fee(Unpaid::Fallback));
    world.add(MSISDN, 100_000);
    let to = world.disk.subscribers[&number(MSISDN)].life.billing.unwrap().period.to;
    world.pass(to.secs() - world.now.secs() - 200);
    world.now = to.plus(Duration::from_secs(1));
    let before = world.fees(1);
    world.ask(initial("s"));
    assert_eq!((before, world.fees(1)), (1, 2), "the job looks once a minute");
    world.pass(120);
    assert_eq!(world.fees(1), 2);
    world.disk.audit().unwrap();
}

#[test]
fn nothing_is_charged_while_the_clock_is_not_trusted() {
    let mut world = World::new(Limits::default());
    world.with_fee(fee(Unpaid::Fallback));
    world.add(MSISDN, 100_000);
    world.now = world.now.plus(Duration::from_secs(40 * DAY));
    world.ask(initial("s"));
    assert_eq!(world.fees(1), 1);
    world.core.confirm_clock();
    world.pass(120);
    assert_eq!(world.fees(1), 2);
}

/// `ACC-5`: the period begins with the day on which the plan was connected.
#[test]
fn another_plan_begins_its_own_period_with_its_own_fee() {
    let mut world = World::new(Limits::default());
    world.with_fee(fee(Unpaid::Fallback));
    world.add(MSISDN, 100_000);
    world.pass(3_600);
    let at = world.now;
    let set = SubscriberChange { plan: Some("second".into()), ..SubscriberChange::default() };
    world.order(1, Change::SetSubscriber { msisdn: number(MSISDN), set }).unwrap();
    let billing = world.disk.subscribers[&number(MSISDN)].life.billing.unwrap();
    assert_eq!((world.fees(1), billing.period.anchor, billing.charged), (2, at, 1));
    world.disk.audit().unwrap();
}

/// Numbers that were there before the plan had a fee are found by the daily job.
#[test]
fn a_plan_that_gets_a_fee_charges_the_numbers_that_it_has() {
    let mut world = World::with_money(Limits::default(), 100_000);
    assert_eq!(world.fees(1), 0);
    world.down(1, fee(Unpaid::Fallback));
    assert_eq!(world.fees(1), 1);
    assert_eq!(world.disk.calendar.len(), 1);
}

/// `ACC-6`, `INV-1`, `PEN-1`, `SUS-1`, `END-2`: a year of an account that never pays.
#[test]
fn an_account_in_credit_mode_gets_invoices_penalties_and_an_end() {
    let mut world = World::new(Limits::default());
    world.with_fee(fee(Unpaid::Fallback));
    let new = NewSubscriber {
        mode: Some(Mode::Credit),
        credit_limit: cents(1_000_000),
        ..new_subscriber(MSISDN, 0)
    };
    world.order(1, Change::AddSubscriber(new)).unwrap();
    let zone = World::zone();
    let period = world.disk.accounts[&AccountId(1)].book.as_ref().unwrap().period.unwrap();
    world.ask(message("m"));
    world.down(32, fee(Unpaid::Fallback));
    let invoice = &world.disk.invoices[&(AccountId(1), 1)];
    assert_eq!((invoice.to, invoice.total), (period.to, cents(1_500)));
    assert_eq!(invoice.due, zone.day_after(period.to, 0, 30).unwrap());
    let (due, service) = (invoice.due, invoice.lines.iter().map(|line| line.entries).sum::<u64>());
    assert_eq!(service, 2);
    assert_eq!(world.disk.accounts[&AccountId(1)].life.unpaid_since, None);
    let days = due.since(world.now).as_secs() / DAY + 11;
    world.down(days, fee(Unpaid::Fallback));
    assert_eq!(world.disk.accounts[&AccountId(1)].life.unpaid_since, Some(due));
    let fined = |world: &World| -> i64 {
        let of = world.disk.ledger.values().filter(|(_, entry)| entry.kind == EntryKind::Penalty);
        of.map(|(_, entry)| -entry.amount.micros() / 10_000).sum()
    };
    assert_eq!(fined(&world), 15, "ten days of a thousandth of 15.00, rounded as a whole");
    match world.query(Query::Invoices { account: None, after: None, limit: 10 }) {
        Ok(View::Invoices { page, next: None }) => assert_eq!(page.len(), world.disk.invoices.len()),
        other => panic!("{other:?}"),
    }
    world.order(2, topup(1_500)).unwrap();
    assert_eq!(world.disk.accounts[&AccountId(1)].life.unpaid_since, None, "paid: services come back");
    assert_eq!(world.disk.allocations.len(), 1);
    world.down(100, fee(Unpaid::Fallback));
    let ended = world.disk.subscribers[&number(MSISDN)].standing;
    assert_eq!(ended, crate::charging::account::Standing::Ended, "two months unpaid");
    world.disk.audit().unwrap();
}

/// Many cold numbers are found in the order of time, a page at a time, and none is left out.
#[test]
fn cold_numbers_are_found_by_the_calendar() {
    let limits = Limits { cached_octets: 1, ..Limits::default() };
    let mut world = World::new(limits);
    world.with_fee(fee(Unpaid::Fallback));
    for line in 0..40u64 {
        world.add(&format!("7701000{line:04}"), 100_000);
        world.pass(1);
    }
    world.down(62, fee(Unpaid::Fallback));
    for id in 1..=40 {
        assert_eq!(world.fees(id), 3, "account {id}");
    }
    for (msisdn, subscriber) in &world.disk.subscribers {
        let to = subscriber.life.billing.unwrap().period.to;
        assert!(to > world.now && world.disk.calendar.contains(&(to, Whose::Number(*msisdn))));
    }
    let mut at = Timestamp::EPOCH;
    let fees = world.disk.ledger.values().filter(|(_, entry)| entry.kind == EntryKind::Fee);
    let mut batches: Vec<_> = fees.map(|(batch, entry)| (*batch, entry.reference.clone().unwrap())).collect();
    let day = |reference: &str| World::zone().parse(reference.rsplit(':').next().unwrap()).unwrap();
    // within a batch the order of entries is that of accounts
    batches.sort_by_key(|(batch, reference)| (*batch, day(reference)));
    for (_, reference) in &batches {
        assert!(day(reference) >= at, "missed periods are decided in the order of time");
        at = day(reference);
    }
    assert_eq!(world.disk.main(1), cents(100_000 - 3_000));
    assert_eq!(world.disk.accounts[&AccountId(1)].reserved, Money::ZERO);
}
