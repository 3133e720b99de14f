//! Fees and invoices over months and years, moved by the time alone.

use super::*;
use crate::charging::account::credit::{Bill, Invoice, Sort};
use crate::charging::account::{AccountId, Allowance};
use crate::charging::books::audit::audit;
use crate::charging::books::operations::tests::{cents, subscriber};
use crate::charging::books::operations::{Act, adjust, bundles_of, open};
use crate::charging::books::payment::pay_in;
use crate::charging::calendar::{Every, MONTH};
use crate::charging::catalogue::{BillingRules, Covers, PaidLate, ServiceIx, Then, Unpaid};
use crate::charging::decide::tests::world::{bundle, tariff};
use crate::charging::ledger::{Counter, EntryKind};
use crate::charging::units::{Money, Unit};
use core::time::Duration;
use proptest::prelude::*;

const GIB: u64 = 1 << 30;

fn fee(amount: i64) -> Fee {
    Fee {
        amount: cents(amount),
        every: MONTH,
        unpaid: Unpaid::Fallback,
        late: PaidLate::Keep,
        arrears: false,
        rollover: Vec::new(),
        fallback: Vec::new(),
    }
}

fn catalogue(fee: Fee) -> Catalogue {
    let mut parts = tariff();
    let covers = Covers { service: ServiceIx(0), rating_groups: Vec::new(), destinations: Vec::new() };
    let plan = parts.plans.first_mut().unwrap();
    plan.bundles = vec![bundle("data30", covers, Unit::Octets, 30 * GIB, Then::Rates)];
    plan.fee = Some(fee);
    parts.timezone = "Asia/Almaty".into();
    Catalogue::new(parts).with_billing(BillingRules { vat: 120_000, ..BillingRules::default() })
}

/// A number with its account, and all that was ever written of them.
#[derive(Clone)]
struct World {
    catalogue: Catalogue,
    zone: Zone,
    now: Timestamp,
    account: Account,
    subscriber: Subscriber,
    ledger: Vec<LedgerEntry>,
    bills: Vec<Bill>,
    late: u32,
}

impl World {
    fn new(fee: Fee, mode: Mode, balance: i64, at: &str) -> Self {
        let zone = Zone::named("Asia/Almaty").unwrap();
        let now = zone.parse(at).unwrap();
        let catalogue = catalogue(fee);
        let act = Act { at: now, ..Act::default() };
        let (account, entry) = open(AccountId(7), mode, cents(balance), act).unwrap();
        let (_, plan) = catalogue.plans().next().unwrap();
        let allowances = bundles_of(plan);
        let plan = plan.name.clone();
        let subscriber = Subscriber { plan, since: now, allowances, ..subscriber() };
        let ledger = entry.into_iter().collect();
        let bills = Vec::new();
        let mut world = Self { catalogue, zone, now, account, subscriber, ledger, bills, late: 0 };
        world.look();
        world
    }

    /// Something is done with the number now.
    fn look(&mut self) -> Done {
        let clockwork = Clockwork { catalogue: &self.catalogue, zone: &self.zone, now: self.now };
        let done = clockwork.bring(&mut self.subscriber, &mut self.account);
        self.ledger.extend(done.entries.iter().cloned());
        self.bills.extend(self.account.take_bills());
        self.late += done.late_invoices;
        audit(&self.account, &[], &self.ledger).unwrap();
        done
    }

    fn at(&mut self, at: &str) -> Done {
        self.now = self.zone.parse(at).unwrap();
        self.look()
    }

    /// Time passes with the job running: each thing is done when it is due.
    fn run_to(&mut self, at: Timestamp) {
        loop {
            let next =
                [Clockwork::next_of_number(&self.subscriber), Clockwork::next_of_account(&self.account)];
            let Some(next) = next.into_iter().flatten().min().filter(|next| *next <= at) else { break };
            self.now = self.now.max(next);
            self.look();
        }
        self.now = at;
        self.look();
    }

    fn pay(&mut self, amount: i64) {
        let act = Act { at: self.now, reference: Some("p".into()), ..Act::default() };
        let (account, entries) = pay_in(self.account.clone(), cents(amount), Counter::Cash, act).unwrap();
        self.account = account;
        self.ledger.extend(entries);
        self.look();
    }

    fn spend(&mut self, amount: i64) {
        let act = Act { at: self.now, ..Act::default() };
        let (account, entry) = adjust(self.account.clone(), cents(-amount), act).unwrap();
        self.account = account;
        self.ledger.push(entry);
        self.bills.extend(self.account.take_bills());
    }

    fn fees(&self) -> Vec<(&str, i64)> {
        let fees = self.ledger.iter().filter(|entry| entry.kind == EntryKind::Fee);
        fees.map(|entry| {
            let reference = entry.reference.as_deref().unwrap();
            (reference.strip_prefix("fee:77010000001:").unwrap(), entry.amount.micros() / 10_000)
        })
        .collect()
    }

    fn penalties(&self) -> i64 {
        let of = self.ledger.iter().filter(|entry| entry.kind == EntryKind::Penalty);
        of.map(|entry| -entry.amount.micros() / 10_000).sum()
    }

    fn invoices(&self) -> Vec<&Invoice> {
        let mut invoices = Vec::new();
        for bill in &self.bills {
            if let Bill::Invoice(invoice) = bill {
                invoices.push(invoice.as_ref());
            }
        }
        invoices
    }

    fn left(&self) -> u64 {
        let now = self.now;
        let of = self.subscriber.allowances.iter().filter(|one| one.expires.is_none_or(|end| end > now));
        of.map(Allowance::free).sum()
    }

    fn unpaid(&self) -> bool {
        self.subscriber.life.billing.unwrap().is_unpaid()
    }

    fn date(&self, at: Timestamp) -> String {
        self.zone.date(at)
    }
}

/// `ACC-4`, `ACC-5`
#[test]
fn a_fee_is_charged_at_the_start_of_each_period_once() {
    let mut world = World::new(fee(399_000), Mode::Advance, 1_000_000, "2027-01-31T12:00:00+05:00");
    assert_eq!(world.fees(), [("2027-01-31", -399_000)]);
    assert_eq!((world.left(), world.account.main), (30 * GIB, cents(601_000)));
    for _ in 0..3 {
        assert_eq!(world.look(), Done::default(), "a repeat does nothing");
    }
    world.at("2027-02-27T23:59:59+05:00");
    assert_eq!(world.fees().len(), 1);
    world.at("2027-02-28");
    assert_eq!(world.fees().last(), Some(&("2027-02-28", -399_000)));
    world.pay(1_000_000);
    world.at("2027-03-31");
    assert_eq!(world.fees().last(), Some(&("2027-03-31", -399_000)), "the day is kept");
    let entry = world.ledger.last().unwrap();
    assert_eq!(entry.note.as_deref(), Some(&*format!("{} 2027-03-31/2027-04-30", world.subscriber.plan)));
}

/// `ACC-4`
#[test]
fn without_money_bundles_are_not_renewed_until_the_next_top_up_pays() {
    let mut world = World::new(fee(399_000), Mode::Advance, 400_000, "2026-11-23");
    world.subscriber.allowances[0].left = 5;
    let done = world.at("2026-12-23");
    assert_eq!((done.unpaid, done.turned, done.entries.len()), (1, true, 0));
    assert!(world.unpaid() && world.left() == 0, "what was left is over, and nothing came");
    assert!(world.subscriber.life.billing.unwrap().is_without(world.now));
    assert_eq!(world.account.main, cents(1_000));
    world.now = world.zone.parse("2026-12-30T10:00:00+05:00").unwrap();
    world.pay(397_999);
    assert!(world.unpaid(), "a tiyn is missing");
    world.pay(1);
    assert_eq!(world.fees().last(), Some(&("2026-12-23", -399_000)));
    assert_eq!((world.account.main, world.left()), (Money::ZERO, 30 * GIB));
    let billing = world.subscriber.life.billing.unwrap();
    assert!(!billing.is_without(world.now) && billing.is_without(world.zone.parse("2026-12-29").unwrap()));
    assert_eq!(world.date(billing.period.to), "2027-01-23", "the day of the connection is kept");
}

#[test]
fn a_plan_may_let_the_period_begin_with_the_payment() {
    let restart = Fee { late: PaidLate::Restart, ..fee(399_000) };
    let mut world = World::new(restart, Mode::Advance, 399_000, "2026-11-23");
    world.at("2026-12-23");
    world.now = world.zone.parse("2026-12-30T10:00:00+05:00").unwrap();
    world.pay(399_000);
    let billing = world.subscriber.life.billing.unwrap();
    assert_eq!(
        (world.date(billing.period.from), world.date(billing.period.to)),
        ("2026-12-30".into(), "2027-01-30".into())
    );
    assert!(billing.is_without(world.zone.parse("2026-12-29").unwrap()));
}

/// `ACC-4`: after downtime.
#[test]
fn periods_that_nobody_paid_are_over_unless_the_plan_says_that_they_are_owed() {
    for (arrears, fees) in [(false, 2), (true, 4)] {
        let mut world = World::new(Fee { arrears, ..fee(100_000) }, Mode::Advance, 100_000, "2026-11-23");
        world.at("2027-02-24");
        assert_eq!((world.fees().len(), world.unpaid()), (1, true));
        world.pay(1_000_000);
        assert_eq!(world.fees().len(), fees, "arrears: {arrears}");
        assert!(!world.unpaid());
        assert_eq!(world.account.main, cents(1_000_000 - 100_000 * (i64::try_from(fees).unwrap() - 1)));
        let mut references: Vec<_> =
            world.fees().into_iter().map(|(reference, _)| reference.to_owned()).collect();
        references.dedup();
        assert_eq!(references.len(), fees, "each period has its own reference");
    }
}

#[test]
fn what_is_left_is_lost_or_carried_up_to_what_the_plan_says() {
    let mut world = World::new(fee(1_000), Mode::Advance, 100_000, "2026-11-23");
    world.at("2026-12-23");
    assert_eq!(world.left(), 30 * GIB, "lost");
    let carrying = Fee { rollover: vec![("data30".into(), 10 * GIB)], ..fee(1_000) };
    let mut world = World::new(carrying, Mode::Advance, 100_000, "2026-11-23");
    world.subscriber.allowances[0].left = 7 * GIB;
    world.at("2026-12-23");
    assert_eq!(world.left(), 37 * GIB);
    world.at("2027-01-23");
    assert_eq!(world.left(), 40 * GIB, "no more than that");
}

#[test]
fn what_a_session_holds_of_an_ended_bundle_stays_until_it_is_reported() {
    let mut world = World::new(fee(1_000), Mode::Advance, 100_000, "2026-11-23");
    world.subscriber.allowances[0].reserved = 100;
    world.at("2026-12-23");
    let held: Vec<_> = world.subscriber.allowances.iter().map(|one| (one.left, one.reserved)).collect();
    assert_eq!(held, [(30 * GIB, 0), (100, 100)]);
    assert_eq!(world.left(), 30 * GIB);
    world.subscriber.allowances[1].reserved = 0;
    assert!(world.look().subscriber);
    assert_eq!(world.subscriber.allowances.len(), 1);
}

#[test]
fn a_contract_that_has_ended_pays_no_fees() {
    let mut world = World::new(fee(1_000), Mode::Advance, 100_000, "2026-11-23");
    world.subscriber.life.ends = Some(world.zone.parse("2026-12-25").unwrap());
    world.at("2026-12-24");
    assert_eq!(world.fees().len(), 2);
    world.at("2027-12-24");
    assert_eq!(world.fees().len(), 2);
}

#[test]
fn days_weeks_and_years_are_periods_too() {
    for (every, to) in [
        (Every::Days(1), "2026-11-24"),
        (Every::Days(7), "2026-11-30"),
        (Every::Days(30), "2026-12-23"),
        (Every::Months(12), "2027-11-23"),
    ] {
        let mut world = World::new(Fee { every, ..fee(10) }, Mode::Advance, 100_000, "2026-11-23");
        assert_eq!(world.date(world.subscriber.life.billing.unwrap().period.to), to);
        world.at(to);
        assert_eq!(world.fees().last(), Some(&(to, -10)));
    }
}

/// `ACC-6`, `INV-1`: the figures to the tiyn.
#[test]
fn a_closed_period_gives_an_invoice_that_is_due_thirty_days_after_it() {
    let mut world = World::new(fee(399_000), Mode::Credit, 0, "2026-11-23");
    world.account.credit_limit = cents(2_000_000);
    world.spend(11_18);
    world.at("2026-12-23T03:00:00+05:00");
    let invoices = world.invoices();
    let first = invoices[0];
    assert_eq!((first.number, invoices.len()), (1, 1));
    assert_eq!((world.date(first.from), world.date(first.to)), ("2026-11-23".into(), "2026-12-23".into()));
    assert_eq!((world.date(first.due), world.date(first.issued)), ("2027-01-22".into(), "2026-12-23".into()));
    assert_eq!((first.total, first.opening, first.closing), (cents(400_118), Money::ZERO, cents(-400_118)));
    let lines: Vec<_> = first.lines.iter().map(|line| (line.sort, &*line.what, line.amount)).collect();
    let plan = &*world.subscriber.plan;
    assert_eq!(lines, [(Sort::Fee, plan, cents(-399_000)), (Sort::Correction, "", cents(-1_118))]);
    // 3,990.00 with 12 % in it: 427.50
    assert_eq!((first.tax(), first.tax_of(&first.lines[1])), (cents(42_750), Money::ZERO));
    assert_eq!(world.account.main, cents(-799_118), "the next fee belongs to the next period");
    assert_eq!(world.account.life.unpaid_since, None);
    assert_eq!(world.late, 0);
}

/// `ACC-6`, `ACC-10`: payments, the oldest first.
#[test]
fn payments_pay_the_oldest_invoice_first_and_what_is_more_is_an_advance() {
    let mut world = World::new(fee(100_000), Mode::Credit, 0, "2026-11-23");
    world.at("2027-01-24");
    assert_eq!(world.invoices().len(), 2);
    world.bills.clear();
    world.pay(130_000);
    let told: Vec<_> = world
        .bills
        .iter()
        .map(|bill| match bill {
            Bill::Allocation(one) => (one.invoice, one.place, one.amount, one.left),
            Bill::Invoice(_) => panic!("no period ended"),
        })
        .collect();
    assert_eq!(told, [(1, 1, cents(100_000), Money::ZERO), (2, 1, cents(30_000), cents(70_100))]);
    let book = world.account.book.as_ref().unwrap();
    assert_eq!((book.open.len(), book.left()), (1, cents(70_100)));
    world.pay(500_000);
    assert_eq!(world.account.book.as_ref().unwrap().left(), Money::ZERO);
    world.bills.clear();
    world.at("2027-03-24");
    assert_eq!(world.invoices().iter().map(|one| one.total).collect::<Vec<_>>(), [Money::ZERO; 2]);
    assert_eq!(world.account.main, cents(129_800), "5 fees, 6,300.00 paid, two days of delay");
}

/// `PEN-1`, `SUS-1`: 0.1 % a day, at most 10 %.
#[test]
fn delay_costs_a_thousandth_a_day_and_a_tenth_at_most() {
    let mut world = World::new(fee(0), Mode::Credit, 0, "2026-11-23");
    world.spend(11_18);
    world.at("2027-01-21T23:59:59+05:00");
    assert_eq!(world.account.life.unpaid_since, None);
    world.at("2027-01-22");
    let due = world.now;
    assert_eq!((world.account.life.unpaid_since, world.penalties()), (Some(due), 0));
    // 0.01118 a day, rounded as a whole: 0.01, 0.02, 0.03 (0.03354), 0.04 (0.04472), 0.06 (0.0559)
    for (day, sum) in [(1u64, 1), (2, 2), (3, 3), (4, 4), (5, 6), (10, 11), (99, 111), (100, 111), (400, 111)]
    {
        world.run_to(due.plus(Duration::from_hours(24 * day)));
        assert_eq!(world.penalties(), sum, "after {day} days");
    }
    let entry = world.ledger.iter().find(|entry| entry.kind == EntryKind::Penalty).unwrap();
    assert_eq!(entry.reference.as_deref(), Some("penalty:7-1:2027-01-23"));
    world.pay(11_18);
    assert_eq!(world.account.main, cents(-111), "the penalties are left");
    world.run_to(due.plus(Duration::from_hours(24 * 900)));
    assert_eq!(world.penalties(), 111, "penalties bear no penalties");
}

#[test]
fn a_partial_payment_lessens_the_penalty_from_then_on() {
    let mut world = World::new(fee(0), Mode::Credit, 0, "2026-11-23");
    world.spend(100_000);
    world.at("2027-01-22");
    let due = world.now;
    world.run_to(due.plus(Duration::from_hours(240)));
    assert_eq!(world.penalties(), 1_000);
    world.pay(50_000);
    world.run_to(due.plus(Duration::from_hours(480)));
    assert_eq!(world.penalties(), 1_500);
    world.pay(50_000);
    assert_eq!(world.account.life.unpaid_since, None, "what is left are penalties that are not due yet");
    world.run_to(due.plus(Duration::from_hours(720)));
    assert_eq!(world.penalties(), 1_500);
}

/// `INV-1`
#[test]
fn an_invoice_more_than_twenty_days_after_its_period_is_counted_as_late() {
    let mut world = World::new(fee(100), Mode::Credit, 0, "2026-11-23");
    world.at("2027-01-11T23:59:59+05:00");
    assert_eq!((world.invoices().len(), world.late), (1, 0));
    let mut world = World::new(fee(100), Mode::Credit, 0, "2026-11-23");
    world.at("2027-01-12");
    assert_eq!((world.invoices().len(), world.late), (1, 1));
}

/// `ACC-15`
#[test]
fn in_credit_mode_the_rest_is_returned_fifteen_days_after_the_end_of_the_period() {
    use crate::charging::account::life::Settlement;
    let world = World::new(fee(0), Mode::Credit, 5_000, "2026-11-23");
    let settlement = Settlement::of(&world.account, world.now);
    assert_eq!(world.date(settlement.from), "2027-01-07");
    assert!(settlement.due >= settlement.from);
}

/// Ten years by the day, in a moment.
#[test]
fn ten_years_of_a_subscriber_in_credit_mode() {
    let mut world = World::new(fee(399_000), Mode::Credit, 0, "2026-01-31");
    let mut paid = 0;
    for month in 1..=120 {
        let next = world.zone.day_after(world.zone.parse("2026-01-31").unwrap(), month, 12).unwrap();
        world.run_to(next);
        if month % 3 != 0 {
            world.pay(399_000);
            paid += 399_000;
        }
        if month % 12 == 0 {
            let owed = -world.account.main.micros() / 10_000;
            world.pay(owed);
            paid += owed;
        }
    }
    assert_eq!(world.fees().len(), 121);
    let sums = world.invoices().iter().map(|one| one.closing.micros() - one.opening.micros()).sum::<i64>();
    let last = world.invoices().last().unwrap().entries.1;
    let ledger = world.ledger.iter().filter(|entry| entry.index <= last).map(|entry| entry.amount.micros());
    assert_eq!(sums, ledger.sum::<i64>());
    assert_eq!(world.invoices().len(), 120);
    let entries: Vec<_> = world.invoices().iter().map(|one| one.entries).collect();
    assert!(entries.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0), "every entry is in one invoice");
    assert_eq!(world.account.main.micros(), (paid - world.penalties() - 121 * 399_000) * 10_000);
}

/// Of an entry: kind, amount, balance, reference.
type EntryEssence = (EntryKind, Money, Money, Option<Box<str>>);
/// Of an invoice: number, total, closing balance, lines.
type InvoiceEssence = (u32, Money, Money, usize);

fn essence(world: &World) -> (Vec<EntryEssence>, Vec<InvoiceEssence>) {
    let entry = |one: &LedgerEntry| (one.kind, one.amount, one.balance, one.reference.clone());
    let invoices = world.invoices();
    let invoice = |one: &&Invoice| (one.number, one.total, one.closing, one.lines.len());
    (world.ledger.iter().map(entry).collect(), invoices.iter().map(invoice).collect())
}

proptest! {
    /// Whether the job ran all the time or the server was down for months: the same ledger, the same invoices; and
    /// whatever happens, invoices and ledger agree.
    #[test]
    fn catching_up_gives_the_ledger_of_running_all_the_time(
        credit: bool, arrears: bool, restart: bool, every in 0u8..4, balance in 0i64..100_000, amount in 0i64..40_000,
        steps in proptest::collection::vec((1i64..120, 0i64..60_000, 0i64..20_000), 1..12))
    {
        let every = [MONTH, Every::Days(1), Every::Days(7), Every::Months(12)][usize::from(every)];
        let late = if restart { PaidLate::Restart } else { PaidLate::Keep };
        let mode = if credit { Mode::Credit } else { Mode::Advance };
        let mut awake = World::new(Fee { every, late, arrears, ..fee(amount) }, mode, balance, "2027-01-31");
        let mut asleep = awake.clone();
        for (days, pays, spends) in steps {
            let at = awake.now.plus(Duration::from_hours(u64::try_from(days).unwrap() * 24 + 5));
            awake.run_to(at);
            asleep.now = at;
            asleep.look();
            prop_assert_eq!(asleep.look(), Done::default());
            prop_assert_eq!(essence(&awake), essence(&asleep));
            for world in [&mut awake, &mut asleep] {
                if spends > 0 {
                    world.spend(spends);
                }
                if pays > 0 {
                    world.pay(pays);
                }
            }
            prop_assert_eq!(&awake.subscriber.life.billing, &asleep.subscriber.life.billing);
            prop_assert_eq!(&awake.subscriber.allowances, &asleep.subscriber.allowances);
            if let Some(book) = &awake.account.book {
                let lines: i64 = book.lines.iter().map(|line| line.amount.micros()).sum();
                prop_assert_eq!(book.opening.micros() + lines, awake.account.main.micros());
            }
            for invoice in awake.invoices() {
                let lines: i64 = invoice.lines.iter().map(|line| line.amount.micros()).sum();
                prop_assert_eq!(invoice.opening.micros() + lines, invoice.closing.micros());
                prop_assert!(!invoice.total.is_negative());
            }
            let references: Vec<_> = awake.fees().into_iter().map(|(reference, _)| reference.to_owned()).collect();
            let mut once = references.clone();
            once.sort();
            once.dedup();
            prop_assert!(once.len() == references.len() || restart, "a period is charged once");
        }
    }
}
