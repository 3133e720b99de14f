//! Numbers and what holds for them: plans, periods by a calendar of its own, and fees (`ACC-4`, `ACC-5`).

use std::cell::Cell;
use std::collections::BTreeSet;

use gyro::charging::account::{Account, AccountId, Allowance, Mode, Standing, Subscriber};
use gyro::charging::ledger::LedgerEntry;
use gyro::charging::units::Digits;
use gyro::time::Timestamp;

use super::{Auditor, Found, Rule, Touched, Version, broken, cents, hold};
use crate::prices::{Plan, ZONE_SECS};

/// Hours that money for a fee may lie there before somebody looks: the daily job does.
const IDLE_HOURS: u32 = 30;

/// A number, by what was seen of it.
pub(super) struct Number {
    pub(super) account: AccountId,
    pub(super) plan: Box<str>,
    /// Plans and since when, the last one last.
    plans: Vec<(Timestamp, Box<str>)>,
    ended: bool,
    allowances: Vec<Allowance>,
    /// Fees of the plan that it has now, by the place of their period.
    fees: BTreeSet<i64>,
    /// Periods that are paid: from when at the earliest, when it was charged, and to when.
    paid: Vec<(i64, i64, i64)>,
    /// For how many hours money for the fee has lain there.
    idle: u32,
    /// The period that was looked at last: its place, and from when to when it is.
    period: Cell<Option<(i64, i64, i64)>>,
}

impl Number {
    pub(super) fn new(image: &Subscriber) -> Self {
        Self {
            account: image.account,
            plan: "".into(),
            plans: Vec::new(),
            ended: false,
            allowances: Vec::new(),
            fees: BTreeSet::new(),
            paid: Vec::new(),
            idle: 0,
            period: Cell::new(None),
        }
    }

    /// Takes what is written of it; true where its bundles may be others.
    pub(super) fn meet(&mut self, image: &Subscriber, now: Timestamp) -> bool {
        self.ended = image.standing == Standing::Ended || image.life.ends.is_some();
        let another = self.plan != image.plan;
        if another {
            self.plan = image.plan.clone();
            self.plans.push((now, image.plan.clone()));
            self.fees.clear();
            self.period.set(None);
            self.idle = 0;
        }
        // at the end of a period without its fee bundles go
        let ends = self.start(self.place_at(now.micros())).is_some_and(|start| {
            self.allowances.iter().any(|one| one.expires.is_some_and(|end| end.micros() <= start))
        });
        another || ends
    }

    pub(super) fn has_account(&self, account: AccountId, _since: Timestamp) -> bool {
        self.account == account
    }

    /// Whether it had a plan at some time since then.
    pub(super) fn had_plan(&self, plan: &str, since: Timestamp) -> bool {
        let last_before = self.plans.iter().rposition(|(from, _)| *from <= since).unwrap_or(0);
        self.plans.iter().skip(last_before).any(|(_, name)| **name == *plan)
    }

    pub(super) fn take_bundles(&mut self, image: &Subscriber) -> Vec<Allowance> {
        std::mem::replace(&mut self.allowances, image.allowances.clone())
    }

    /// What a bundle has at the beginning of a period.
    pub(super) fn full(&self, versions: &[Version], bundle: &str) -> i128 {
        let plans = versions.iter().filter_map(|version| version.list.plan(&self.plan));
        let bundles = plans.flat_map(|plan| &plan.bundles).filter(|one| one.id == bundle);
        bundles.map(|one| i128::from(one.units)).max().unwrap_or(0)
    }

    /// When it got its plan.
    fn connected(&self) -> Option<i64> {
        self.plans.last().map(|(from, _)| from.micros())
    }

    /// When the period of that place begins.
    fn start(&self, place: i64) -> Option<i64> {
        let connected = self.connected()?;
        if place <= 0 {
            return Some(connected);
        }
        let (year, month, day) = civil(day_of(connected));
        let months = year * 12 + (month - 1) + place;
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
        let day = day.min(days_in(year, month));
        Some((days_from(year, month, day) * 86_400 - ZONE_SECS) * 1_000_000)
    }

    /// The place of the period at that time.
    fn place_at(&self, micros: i64) -> i64 {
        if let Some((place, from, to)) = self.period.get()
            && (from..to).contains(&micros)
        {
            return place;
        }
        let Some(connected) = self.connected() else { return 0 };
        let ((year, month, _), (then, since, _)) = (civil(day_of(micros)), civil(day_of(connected)));
        let guess = (year - then) * 12 + month - since;
        let begun = self.start(guess).is_some_and(|start| start <= micros);
        let place = if begun { guess.max(0) } else { (guess - 1).max(0) };
        self.period.set(self.start(place).zip(self.start(place + 1)).map(|(from, to)| (place, from, to)));
        place
    }

    /// Whether the fee may have been paid at some time of a span, and whether it may not have been.
    pub(super) fn fee_states(&self, plan: &Plan, from: Timestamp, to: Timestamp) -> (bool, bool) {
        if plan.fee.is_none() {
            return (true, false);
        }
        let (from, to) = (from.micros(), to.micros());
        let may = self.paid.iter().any(|(first, _, end)| *first <= to && *end >= from);
        let covers = self.paid.iter().any(|(_, surely, end)| *surely < from && *end > to);
        // what was used before the plan was there owes it no fee
        let before = self.connected().is_none_or(|connected| from < connected);
        (may || before, !covers)
    }
}

/// The day of a time by the clocks of the zone, counted from 1970-01-01.
fn day_of(micros: i64) -> i64 {
    (micros.div_euclid(1_000_000) + ZONE_SECS).div_euclid(86_400)
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date after it, counted year by year and month by month.
fn days_from(year: i64, month: i64, day: i64) -> i64 {
    let years: i64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let months: i64 = (1..month).map(|month| days_in(year, month)).sum();
    years + months + day - 1
}

/// The date of a day.
fn civil(mut day: i64) -> (i64, i64, i64) {
    let mut year = 1970;
    while day >= if is_leap(year) { 366 } else { 365 } {
        day -= if is_leap(year) { 366 } else { 365 };
        year += 1;
    }
    let mut month = 1;
    while day >= days_in(year, month) {
        day -= days_in(year, month);
        month += 1;
    }
    (year, month, day + 1)
}

impl Auditor {
    /// A fee: `fee:NUMBER:DAY`, of a period that has begun, for the first time.
    pub(super) fn fee(&mut self, entry: &LedgerEntry, touched: &mut Touched) -> Found {
        self.tally.fees += 1;
        let reference = entry.reference.as_deref().unwrap_or_default();
        let parts: Vec<&str> = reference.split(':').collect();
        let [_, msisdn, day] = parts.as_slice() else {
            return broken(Rule::Fee, format!("a fee for nothing: {entry:?}"));
        };
        let msisdn = Digits::parse(msisdn);
        let Some(number) = msisdn.and_then(|msisdn| self.numbers.get_mut(&msisdn)) else {
            return broken(Rule::Fee, format!("a fee of nobody: {entry:?}"));
        };
        let mut lists = self.versions.iter().filter_map(|version| version.list.plan(&number.plan));
        let fee = lists.find_map(|plan| plan.fee);
        let right =
            fee.is_some_and(|fee| cents(entry.amount) == -i128::from(fee)) && number.account == entry.account;
        hold(right, Rule::Fee, || format!("{} costs {fee:?}: {entry:?}", number.plan))?;
        let now = number.place_at(entry.at.micros());
        let date = |place: i64| {
            let (year, month, day) = civil(day_of(number.start(place).unwrap_or(0)));
            format!("{year:04}-{month:02}-{day:02}")
        };
        let Some(place) = (0..=now).rev().find(|place| date(*place) == *day) else {
            return broken(Rule::Fee, format!("no period begins on {day}: {entry:?}"));
        };
        let (from, to) = (number.start(place).unwrap_or(0), number.start(place + 1).unwrap_or(i64::MAX));
        hold(number.fees.insert(place), Rule::Fee, || {
            format!("the fee of {day} is charged again: {entry:?}")
        })?;
        number.paid.push((from, entry.at.micros(), to));
        number.idle = 0;
        touched.renewed.extend(msisdn);
        let book = &self.books[&entry.account];
        let payable = book.mode == Mode::Credit || book.main + book.floor >= 0;
        hold(payable, Rule::Fee, || format!("there was no money for {entry:?}"))
    }

    /// Every hour: in credit mode each period has its fee; in advance mode one that can be paid is.
    pub(super) fn hold_fees(&mut self, now: Timestamp) -> Found {
        let before = now.micros() - 3_600_000_000;
        for (msisdn, number) in &mut self.numbers {
            let plan = self.versions.iter().find_map(|version| version.list.plan(&number.plan));
            let Some(fee) = plan.and_then(|plan| plan.fee).filter(|_| !number.ended) else { continue };
            if number.connected().is_none_or(|connected| connected > before) {
                continue;
            }
            let place = number.place_at(before);
            let book = &self.books[&number.account];
            if book.mode == Mode::Credit {
                let all = i64::try_from(number.fees.iter().filter(|one| **one <= place).count()).unwrap();
                hold(all == place + 1, Rule::Fee, || {
                    format!("{msisdn} has {all} fees in {} periods", place + 1)
                })?;
                continue;
            }
            let idle = !number.fees.contains(&place) && book.available() >= i128::from(fee);
            number.idle = if idle { number.idle + 1 } else { 0 };
            hold(number.idle <= IDLE_HOURS, Rule::Fee, || {
                format!("{msisdn} has had {} for its fee since long, and it is not charged", book.available())
            })?;
        }
        Ok(())
    }

    /// What an account has, for whoever plays an operator.
    pub(crate) fn main_of(&self, account: &Account) -> i128 {
        self.books.get(&account.id).map_or(0, |book| book.main)
    }
}
