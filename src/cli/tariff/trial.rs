//! A use that is tried: a subscriber of a plan who has just come, and a gateway that asks, uses what it is granted,
//! reports, and asks again, as gateways do. All is decided as the server decides it.

use core::time::Duration;

use crate::charging::account::{Account, AccountId, Subscriber};
use crate::charging::answer::{Answer, FinalUnit, Outcome};
use crate::charging::books::operations::{Act, open, set_credit_limit, set_overdraft};
use crate::charging::catalogue::build::{Given, TrialEvent};
use crate::charging::catalogue::{Catalogue, Plan, PlanIx, Service};
use crate::charging::decide::decide;
use crate::charging::emergency::is_emergency;
use crate::charging::ledger::LedgerEntry;
use crate::charging::policy::{Policy, SlicePolicy};
use crate::charging::request::{
    Action, ClientTraits, Kind, Measured, Part, Parties, Place, QuotaKey, Request, SessionId, Shape, Used,
};
use crate::charging::snapshot::Snapshot;
use crate::charging::units::{Digits, Money, Unit};
use crate::engine::core::{NewSubscriber, subscriber_of};
use crate::ro::result;
use crate::time::Timestamp;

/// The number of the subscriber who tries.
const MSISDN: &str = "77010000001";
/// The most requests of one event: more are a tariff that grants next to nothing at a time.
const REQUESTS: u32 = 200_000;

/// What came of a trial.
#[derive(Clone, Debug)]
pub(super) struct Ran {
    /// Money that was taken.
    pub(super) charge: Money,
    /// The main balance after it.
    pub(super) balance: Money,
    /// The Result-Code of the last answer that had to do with quota.
    pub(super) result: u32,
    /// What is left of the plan's bundles, by their places.
    pub(super) left: Vec<u64>,
    /// Units of the last event that could be used.
    pub(super) used: u64,
    /// Units of the first grant.
    pub(super) granted: Option<u64>,
    /// Some grant was said to be the last.
    pub(super) last: bool,
    /// What the service did at its end, where it went on limited.
    pub(super) limited: Option<FinalUnit>,
    /// The entries of the ledger.
    pub(super) entries: Vec<LedgerEntry>,
    /// When all had ended.
    pub(super) ended: Timestamp,
}

/// Someone who tries.
#[derive(Debug)]
struct Tester<'c> {
    catalogue: &'c Catalogue,
    policy: Policy,
    account: Account,
    subscriber: Subscriber,
    now: Timestamp,
    session: u32,
    ran: Ran,
}

/// Lets events happen to a subscriber of a plan; none where the plan, a service or a number in it is not there.
pub(super) fn run(catalogue: &Catalogue, plan: PlanIx, given: &Given, events: &[TrialEvent]) -> Option<Ran> {
    let plan = catalogue.plan(plan)?;
    let (account, subscriber) = begin(plan, given)?;
    let before = account.main;
    let mut tester = Tester {
        catalogue,
        policy: Policy { slices: SlicePolicy::FIXED, ..Policy::default() },
        account,
        subscriber,
        now: given.at,
        session: 0,
        ran: Ran {
            charge: Money::ZERO,
            balance: Money::ZERO,
            result: 0,
            left: Vec::new(),
            used: 0,
            granted: None,
            last: false,
            limited: None,
            entries: Vec::new(),
            ended: given.at,
        },
    };
    for event in events {
        tester.now = tester.now.plus(Duration::from_secs(event.after_secs));
        tester.event(event)?;
    }
    let Tester { account, subscriber, mut ran, .. } = tester;
    ran.charge = before.checked_sub(account.main)?;
    ran.balance = account.main;
    ran.ended = tester.now;
    ran.left = plan
        .bundles
        .iter()
        .map(|bundle| {
            let of_it = subscriber.allowances.iter().filter(|allowance| allowance.bundle == bundle.id);
            of_it.map(|allowance| allowance.left).fold(0, u64::saturating_add)
        })
        .collect();
    Some(ran)
}

/// The account and the subscriber before anything happens.
fn begin(plan: &Plan, given: &Given) -> Option<(Account, Subscriber)> {
    let act = Act { at: given.at, ..Act::default() };
    let (mut account, _) = open(AccountId(1), given.mode, Money::ZERO, act).ok()?;
    account.main = given.balance;
    if !given.credit_limit.is_zero() {
        account = set_credit_limit(account, given.credit_limit).ok()?;
    }
    if !given.overdraft.is_zero() {
        account = set_overdraft(account, given.overdraft).ok()?;
    }
    let new =
        NewSubscriber { mode: Some(given.mode), ..NewSubscriber::of(Digits::parse(MSISDN)?, &plan.name) };
    let mut subscriber = subscriber_of(&new, account.id, plan, given.at);
    subscriber.overage = given.overage;
    for (place, used) in &given.used {
        let bundle = plan.bundles.get(*place)?;
        if let Some(allowance) =
            subscriber.allowances.iter_mut().find(|allowance| allowance.bundle == bundle.id)
        {
            allowance.left = allowance.left.saturating_sub(*used);
        }
    }
    Some((account, subscriber))
}

/// What is said of a quota in an answer.
struct Said {
    result: u32,
    granted: u64,
    validity_secs: Option<u32>,
}

impl Tester<'_> {
    fn event(&mut self, event: &TrialEvent) -> Option<()> {
        let service = self.catalogue.service(event.service)?.clone();
        self.session = self.session.saturating_add(1);
        self.ran.used = 0;
        let asked = self.request(event, &service, Kind::Initial, 0)?;
        if is_emergency(&asked, self.catalogue.numbers()) {
            // granted whatever else is so, and never charged
            (self.ran.result, self.ran.used) = (result::quota(Outcome::Done).get(), event.units);
            return Some(());
        }
        match service.unit {
            Unit::Pieces | Unit::Money => self.once(event, &service),
            Unit::Octets | Unit::Seconds => self.dialogue(event, &service),
        }
    }

    /// A one-time event: all or nothing.
    fn once(&mut self, event: &TrialEvent, service: &Service) -> Option<()> {
        let mut request = self.request(event, service, Kind::Event(Action::Debit), 0)?;
        request.parts.iter_mut().for_each(|part| part.requested = Some(measured(service.unit, event.units)));
        let (answer, _) = self.decide(&request, None);
        let said = self.take_in(&answer);
        if said.result == result::quota(Outcome::Done).get() {
            self.ran.used = event.units;
        }
        Some(())
    }

    /// A session: asks, uses, reports, asks again, until all is used or nothing more is granted.
    fn dialogue(&mut self, event: &TrialEvent, service: &Service) -> Option<()> {
        let begun = self.now;
        let lasts = event.lasts_secs.unwrap_or(if service.unit == Unit::Seconds { event.units } else { 0 });
        let request = self.request(event, service, Kind::Initial, 0)?;
        let (answer, mut session) = self.decide(&request, None);
        let mut said = self.take_in(&answer);
        for number in 1..REQUESTS {
            if session.is_none() {
                return Some(());
            }
            let wanted = event.units.saturating_sub(self.ran.used);
            let within = said.validity_secs.filter(|_| lasts > 0).map(|secs| {
                let share = u128::from(event.units).saturating_mul(secs.into()).checked_div(lasts.into());
                share.and_then(|share| u64::try_from(share).ok()).unwrap_or(u64::MAX).max(1)
            });
            let used = wanted.min(said.granted).min(within.unwrap_or(u64::MAX));
            self.ran.used = self.ran.used.saturating_add(used);
            let micros = u128::from(lasts).saturating_mul(1_000_000).saturating_mul(self.ran.used.into());
            let micros = micros.checked_div(event.units.into()).unwrap_or(0);
            self.now = begun.plus(Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)));
            let done = used == 0 || self.ran.used >= event.units;
            let kind = if done { Kind::Terminate } else { Kind::Update };
            let mut request = self.request(event, service, kind, number)?;
            for part in &mut request.parts {
                part.requested = (!done).then(Measured::default);
                if used > 0 {
                    part.used = vec![Used { measured: measured(service.unit, used), side: None }];
                }
            }
            let (answer, next) = self.decide(&request, session);
            if done {
                return Some(());
            }
            (said, session) = (self.take_in(&answer), next);
        }
        None
    }

    fn request(&self, event: &TrialEvent, service: &Service, kind: Kind, number: u32) -> Option<Request> {
        let to = event.to.clone();
        let pieces = service.unit == Unit::Pieces;
        let key = QuotaKey { rating_group: event.rating_group, services: Vec::new() };
        let id = format!("trial;{}", self.session);
        Some(Request {
            session: SessionId::new(&id)?,
            kind,
            number,
            digest: 0,
            client_host: "trial".into(),
            client_realm: "trial".into(),
            profile: "standard".into(),
            traits: ClientTraits { redirect: true, restrict: true, ..ClientTraits::default() },
            identities: Vec::new(),
            context: service.context.clone(),
            at: self.now,
            parties: Parties {
                role: event.role,
                called: to.clone().filter(|_| !pieces),
                requested: None,
                recipients: to.into_iter().filter(|_| pieces).collect(),
            },
            place: Place { radio: event.radio, ..Place::default() },
            shape: Shape::PerGroup,
            advice: false,
            parts: vec![Part { key, requested: Some(Measured::default()), ..Part::default() }],
        })
    }

    /// Decides a request, and keeps what it came to.
    fn decide(
        &mut self,
        request: &Request,
        session: Option<Box<crate::charging::session::Session>>,
    ) -> (Answer, Option<Box<crate::charging::session::Session>>) {
        let snapshot = Snapshot {
            stopped: false,
            account: self.account.clone(),
            subscriber: self.subscriber.clone(),
            session,
            event: None,
            refunds: None,
        };
        let decided = decide(snapshot, request, self.catalogue, &self.policy, self.now);
        self.account = decided.snapshot.account;
        self.subscriber = decided.snapshot.subscriber;
        self.ran.entries.extend(decided.changes.ledger);
        (decided.answer, decided.snapshot.session)
    }

    fn take_in(&mut self, answer: &Answer) -> Said {
        let part = answer.parts.first();
        let outcome = match (answer.outcome, part) {
            (Outcome::Denied(denial), _) => Outcome::Denied(denial),
            (Outcome::Done, Some(part)) => part.outcome,
            (Outcome::Done, None) => Outcome::Done,
        };
        let code = match (answer.outcome, part) {
            (Outcome::Denied(_), None) => result::command(outcome).get(),
            _ => result::quota(outcome).get(),
        };
        self.ran.result = code;
        let grant = part.and_then(|part| part.grant.as_ref());
        if let Some(grant) = grant {
            self.ran.granted.get_or_insert(grant.amount.count);
            self.ran.last |= grant.final_unit.is_some();
            if let Some(action) = grant.final_unit.as_ref().filter(|action| **action != FinalUnit::Terminate)
            {
                self.ran.limited = Some(action.clone());
            }
        }
        if let Some(limit) = part.and_then(|part| part.limit.as_ref()) {
            self.ran.limited = Some(limit.action.clone());
        }
        Said {
            result: code,
            granted: grant.map_or(0, |grant| grant.amount.count),
            validity_secs: grant.and_then(|grant| grant.validity_secs),
        }
    }
}

fn measured(unit: Unit, count: u64) -> Measured {
    let count = Some(count);
    match unit {
        Unit::Octets => Measured { total_octets: count, ..Measured::default() },
        Unit::Seconds => Measured { seconds: count, ..Measured::default() },
        Unit::Pieces => Measured { pieces: count, ..Measured::default() },
        Unit::Money => {
            let money = count.and_then(|micros| i64::try_from(micros).ok()).map(Money::from_micros);
            Measured { money, ..Measured::default() }
        }
    }
}
