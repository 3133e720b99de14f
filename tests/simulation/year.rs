//! A year of many subscribers, an operator and a server, with the auditor at every batch and every hour.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::Duration;

use gyro::charging::account::block::BlockReason;
use gyro::charging::account::{Brand, Mode};
use gyro::charging::units::{Digits, Money};
use gyro::engine::core::command::{Change, LifeChange};
use gyro::engine::core::query::View;
use gyro::engine::core::{Command, Limits, NewSubscriber, OperationKey, Publication, SubscriberChange, Tag};
use gyro::time::Timestamp;

use crate::auditor::{Auditor, Effect, Found, Strictness, Tally, Violation, operator};
use crate::bugs::Bug;
use crate::people::{Person, reported, sent};
use crate::prices::List;
use crate::random::Random;
use crate::server::{Left, Prices, Server};

/// 2026-01-05T00:00:00Z.
const START: Timestamp = Timestamp::from_secs(1_767_571_200);
/// How far time goes at once, at most.
const STRIDE: Duration = Duration::from_mins(10);
const HOUR: i64 = 3_600_000_000;
const OVERDUE_SECS: i64 = 1_200;

/// How large a run is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) people: u32,
    pub(crate) days: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What {
    Person(usize),
    Operator,
    Publish,
    Restart,
    Forget,
}

/// What a run came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Report {
    pub(crate) requests: u64,
    pub(crate) tally: Tally,
    pub(crate) digest: u64,
}

pub(crate) struct Year {
    server: Server,
    auditor: Auditor,
    random: Random,
    people: Vec<Person>,
    queue: BinaryHeap<Reverse<(Timestamp, u64, What)>>,
    next: u64,
    version: u32,
    requests: u64,
    hour: i64,
}

fn money(cents: i64) -> Money {
    Money::from_cents(cents).unwrap()
}

fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

impl Year {
    /// Runs one from its seed. A rule that is broken ends it.
    pub(crate) fn run(seed: u64, size: Size, bug: Option<Bug>) -> Result<Report, Box<Violation>> {
        let list = Rc::new(List::new(0));
        let prices = Prices::of(list.content());
        let mut auditor = Auditor::new(Strictness { overdue_secs: OVERDUE_SECS });
        auditor.published(prices.catalogue.version(), list, START);
        let limits = Limits { jump: secs(7_200), ..Limits::default() };
        let mut year = Self {
            server: Server::new(prices, limits, START, bug),
            auditor,
            random: Random::new(seed),
            people: Vec::new(),
            queue: BinaryHeap::new(),
            next: 0,
            version: 0,
            requests: 0,
            hour: START.micros() / HOUR,
        };
        year.server.settle(&mut year.auditor)?;
        for place in 0..size.people {
            year.join(place)?;
        }
        for (what, first) in [
            (What::Operator, secs(1_000)),
            (What::Publish, Duration::from_hours(24 * 9)),
            (What::Restart, Duration::from_hours(30)),
            (What::Forget, Duration::from_hours(24)),
        ] {
            year.later(first, what);
        }
        let end = START.plus(Duration::from_hours(24 * size.days));
        while let Some(Reverse((at, _, what))) = year.queue.pop() {
            if at > end {
                break;
            }
            year.pass_to(at)?;
            year.happen(what)?;
        }
        // all fall silent: what is held ends by itself
        year.pass_to(end.plus(Duration::from_hours(30)))?;
        year.auditor.end(&year.server.disk, year.server.now)?;
        Ok(Report { requests: year.requests, tally: year.auditor.tally, digest: year.auditor.digest() })
    }

    fn later(&mut self, span: Duration, what: What) {
        self.next += 1;
        self.queue.push(Reverse((self.server.now.plus(span), self.next, what)));
    }

    fn tag(&mut self) -> Tag {
        self.next += 1;
        Tag(self.next)
    }

    /// Time passes, and what is due happens.
    fn pass_to(&mut self, at: Timestamp) -> Found {
        while self.server.now < at {
            let next_hour = Timestamp::from_micros((self.hour + 1) * HOUR);
            self.server.now = self.server.now.plus(STRIDE).min(at).min(next_hour);
            // what is due comes in steps
            for _ in 0..64 {
                self.server.core.handle_timeout(self.server.now);
                self.server.settle(&mut self.auditor)?;
                if self.server.core.poll_timeout().is_none_or(|due| due > self.server.now) {
                    break;
                }
                self.server.now = self.server.now.plus(Duration::from_millis(10));
            }
            while self.server.core.poll_errand().is_some() {}
            let hour = self.server.now.micros().div_euclid(HOUR);
            if hour > self.hour {
                self.hour = hour;
                self.auditor.hour(&self.server.disk, self.server.now)?;
            }
        }
        Ok(())
    }

    fn happen(&mut self, what: What) -> Found {
        match what {
            What::Person(place) => self.act(place),
            What::Operator => self.operate(),
            What::Publish => self.publish(),
            What::Restart => {
                let pause = Duration::from_hours(self.random.between(24 * 6, 24 * 20));
                self.later(pause, What::Restart);
                self.server.cut(false, &mut self.auditor)?;
                self.server.open();
                self.server.settle(&mut self.auditor)?;
                // gateways send again what they are not sure of
                for place in 0..self.people.len() {
                    let last = self.people[place].call.as_ref().and_then(|call| call.last.clone());
                    if let Some(last) = last {
                        self.send(place, last)?;
                    }
                }
                Ok(())
            }
            What::Forget => {
                let before = Timestamp::from_micros(self.server.now.micros() - 8 * 24 * HOUR);
                self.auditor.forget(before);
                self.later(Duration::from_hours(24), What::Forget);
                Ok(())
            }
        }
    }

    fn act(&mut self, place: usize) -> Found {
        let now = self.server.now;
        let step = self.people[place].step(now);
        self.later(secs(step.wait_secs), What::Person(place));
        match step.send {
            Some(request) => self.send(place, request),
            None => Ok(()),
        }
    }

    fn send(&mut self, place: usize, request: gyro::charging::request::Request) -> Found {
        self.requests += 1;
        let msisdn = self.people[place].msisdn;
        let used = reported(&request);
        self.auditor.sent(&sent(&request, msisdn, &used));
        let tag = self.tag();
        let (session, kind, number) = (request.session.clone(), request.kind, request.number);
        self.server.handle(tag, request, None);
        self.answers(tag, (&session, kind, number), place)?;
        self.server.settle(&mut self.auditor)?;
        self.answers(tag, (&session, kind, number), place)
    }

    fn answers(
        &mut self,
        tag: Tag,
        (session, kind, number): (&gyro::charging::request::SessionId, gyro::charging::request::Kind, u32),
        place: usize,
    ) -> Found {
        self.server.poll();
        while let Some((of, left)) = self.server.left.pop_front() {
            assert_eq!(of, tag, "one request is under way");
            match left {
                Left::Busy => self.people[place].hang_up(),
                Left::Answer(answered) => {
                    self.auditor.answered(session.as_str(), kind, number, &answered.answer)?;
                    self.people[place].answered(session.as_str(), &answered.answer);
                }
            }
        }
        Ok(())
    }

    // the operator

    fn order(&mut self, msisdn: Digits, what: Change, effect: Effect) -> Result<bool, Box<Violation>> {
        let tag = self.tag();
        let key = OperationKey(u128::from(tag.0).to_be_bytes());
        self.auditor.ordered(key, msisdn, effect);
        let command = Command { key, operator: operator(key).into(), what };
        // now and then whoever ordered it does so again
        let again = self.random.chance(30).then(|| command.clone());
        for command in core::iter::once(command).chain(again) {
            let tag = self.tag();
            self.server.command(tag, command);
            for _ in 0..10_000 {
                self.server.settle(&mut self.auditor)?;
                if !self.server.replies.is_empty() {
                    break;
                }
                // publications go on as time does
                self.server.now = self.server.now.plus(Duration::from_millis(10));
                self.server.core.handle_timeout(self.server.now);
            }
            let (_, outcome) = self.server.replies.pop_front().expect("a command is answered");
            let done = match &outcome {
                Ok(View::Done { done, repeated }) => Some(done.changed && !repeated),
                Ok(_) => Some(false),
                Err(_) => None,
            };
            self.auditor.replied(key, done)?;
            if done.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn join(&mut self, place: u32) -> Found {
        let msisdn = Digits::parse(&format!("7702{place:07}")).unwrap();
        let credit = place % 5 == 4;
        let plan = if credit { "post" } else { *self.random.pick(&["saver", "saver", "payg"]) };
        let balance = if credit { 0 } else { i64::try_from(self.random.between(0, 400_000)).unwrap() };
        let overdraft = if !credit && self.random.chance(100) { 10_000 } else { 0 };
        let what = Change::AddSubscriber(NewSubscriber {
            msisdn,
            imsi: None,
            plan: plan.into(),
            mode: Some(if credit { Mode::Credit } else { Mode::Advance }),
            balance: money(balance),
            credit_limit: money(if credit { 1_500_000 } else { 0 }),
            overdraft: money(overdraft),
            brand: Brand::Kcell,
            owner: None,
            owner_is_entity: false,
            account: None,
            contract: None,
            override_limit: false,
            language: None,
        });
        let effect = if balance > 0 { Effect::Opens(balance) } else { Effect::Nothing };
        let there = self.order(msisdn, what, effect)?;
        assert!(there, "{msisdn} is added");
        let random = self.random.fork();
        self.people.push(Person::new(msisdn, credit, random));
        let first = secs(self.random.between(60, 40 * 3_600));
        let place = usize::try_from(place).unwrap();
        self.later(first, What::Person(place));
        // not all join at the same moment
        let at = self.server.now.plus(secs(self.random.between(1, 2_000)));
        self.pass_to(at)
    }

    fn publish(&mut self) -> Found {
        let pause = Duration::from_hours(self.random.between(24 * 8, 24 * 30));
        self.later(pause, What::Publish);
        self.version += 1;
        let list = Rc::new(List::new(self.version));
        let Prices { catalogue, content } = Prices::of(list.content());
        self.auditor.published(catalogue.version(), list, self.server.now);
        let msisdn = self.people[0].msisdn;
        let done = self.order(
            msisdn,
            Change::Publish(Publication { catalogue, content, from: None }),
            Effect::Nothing,
        )?;
        if done {
            self.auditor.in_force(self.server.now);
        } else {
            self.auditor.withdrawn();
        }
        Ok(())
    }

    fn operate(&mut self) -> Found {
        let pause = self.random.between(1, 7_200) * 200 / (u64::try_from(self.people.len()).unwrap() + 1);
        self.later(secs(pause), What::Operator);
        let place = usize::try_from(self.random.below(u64::try_from(self.people.len()).unwrap())).unwrap();
        let (msisdn, credit) = (self.people[place].msisdn, self.people[place].credit);
        let number = self.server.disk.subscribers[&msisdn].clone();
        let account = self.server.disk.accounts[&number.account].clone();
        let main = i64::try_from(self.auditor.main_of(&account)).unwrap();
        let random = &mut self.random;
        let life = |what| Change::Life { msisdn, what };
        let note = None;
        let (what, effect) = match random.below(100) {
            0..60 => {
                let amount = if credit {
                    if main >= 0 || random.chance(300) {
                        return Ok(());
                    }
                    -main + i64::try_from(random.below(3)).unwrap() * 1_000
                } else if main > 600_000 {
                    return Ok(());
                } else {
                    i64::try_from(random.between(10_000, 300_000)).unwrap()
                };
                (
                    Change::Topup { msisdn, amount: money(amount), reference: None, note },
                    Effect::Topup(amount),
                )
            }
            60..66 => {
                let amount = i64::try_from(random.between(100, 50_000)).unwrap();
                let valid = random.chance(700).then(|| secs(random.between(3_600, 40 * 86_400)));
                let services = if random.chance(400) { vec!["data".into()] } else { Vec::new() };
                (
                    Change::Bonus { msisdn, amount: money(amount), valid, services, note },
                    Effect::Bonus(amount),
                )
            }
            66..72 => (Change::Promise { msisdn, note }, Effect::Promise),
            72..76 => {
                let amount = i64::try_from(random.between(1, 20_000)).unwrap();
                let what = Change::Refund { msisdn, amount: money(amount), reference: None, note };
                (what, Effect::Refund(amount))
            }
            76..79 => {
                let amount = i64::try_from(random.between(1, 20_000)).unwrap() - 10_000;
                (Change::Adjust { msisdn, amount: money(amount), note }, Effect::Adjust(amount))
            }
            79..88 => {
                let reason = *random.pick(&[
                    BlockReason::Lost,
                    BlockReason::Theft,
                    BlockReason::Data,
                    BlockReason::Breach,
                ]);
                let what = match number.life.blocks.first() {
                    Some(block) => LifeChange::Unblock { reason: block.reason, note },
                    None => LifeChange::Block { reason, note },
                };
                (life(what), Effect::Nothing)
            }
            88..94 if !credit => {
                let plan = if &*number.plan == "saver" { "payg" } else { "saver" };
                let since = self
                    .server
                    .now
                    .since(number.life.billing.map_or(Timestamp::EPOCH, |billing| billing.period.from));
                // a plan is not changed twice a day
                if since < Duration::from_hours(48) {
                    return Ok(());
                }
                let set = SubscriberChange { plan: Some(plan.into()), ..SubscriberChange::default() };
                (Change::SetSubscriber { msisdn, set }, Effect::Nothing)
            }
            94..97 => {
                let amount = money(i64::try_from(random.below(20)).unwrap() * 100_000);
                let (overdraft, credit_limit) =
                    if credit { (None, Some(amount)) } else { (Some(amount), None) };
                let overdraft = overdraft.map(|_| money(i64::try_from(random.below(3)).unwrap() * 5_000));
                let set = SubscriberChange { overdraft, credit_limit, ..SubscriberChange::default() };
                (Change::SetSubscriber { msisdn, set }, Effect::Nothing)
            }
            97..99 => {
                let overage = Some(random.chance(800));
                let set = SubscriberChange { overage, ..SubscriberChange::default() };
                (Change::SetSubscriber { msisdn, set }, Effect::Nothing)
            }
            _ if random.chance(120) => (life(LifeChange::End { at: None, note }), Effect::End),
            _ => (life(LifeChange::Settle { reference: None, note }), Effect::Settle),
        };
        self.order(msisdn, what, effect).map(|_| ())
    }
}
