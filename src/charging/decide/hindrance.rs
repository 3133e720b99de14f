//! What stood in the way of a request that was refused, so that it can be told what would lift it (`AUD-1`). The account is
//! looked at as the decision has left it.

use super::case::Case;
use super::gates::use_of;
use super::line::Line;
use crate::charging::account::Subscriber;
use crate::charging::account::block::{BlockReason, Use};
use crate::charging::catalogue::{Catalogue, Service};
use crate::charging::policy::Policy;
use crate::charging::rating::lookup::{Leg, Price};
use crate::charging::rating::price;
use crate::charging::request::{QuotaKey, Request};
use crate::charging::snapshot::Snapshot;
use crate::charging::units::Money;
use crate::time::Timestamp;

/// Who bars something.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Bar {
    /// The area in which it is used was stopped (`SUS-4`).
    Area,
    /// A block of the number (`SUS-2`).
    Block(BlockReason),
    /// The subscriber, who has declined this service (`SUS-5`).
    Subscriber(Box<str>),
}

/// What stood in the way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hindrance {
    /// The service that was asked for, by name; none where the tariffs have none.
    pub service: Option<Box<str>>,
    /// The subscriber's plan.
    pub plan: Box<str>,
    /// Who bars it, all of them.
    pub bars: Vec<Bar>,
    /// An invoice is unpaid beyond its due date.
    pub overdue: bool,
    /// Money may pay for it once bundles are used up.
    pub money: bool,
    /// What a new reservation may take.
    pub spendable: Money,
    /// The rate, and what the least of it costs that is sold; none where nothing has a price.
    pub least: Option<(Box<str>, Money)>,
}

/// What stood in the way of a request, or of one quota of it.
pub fn hindrance(
    snapshot: &Snapshot,
    request: &Request,
    key: Option<&QuotaKey>,
    (catalogue, policy, now): (&Catalogue, &Policy, Timestamp),
) -> Hindrance {
    let Snapshot { account, subscriber, session, stopped, .. } = snapshot;
    let plan = catalogue.plan_named(&subscriber.plan);
    let (stopped, place) = (*stopped, request.place);
    let case = Case { request, catalogue, policy, now, stopped, plan, from: now, place };
    let session = session.as_deref();
    let of_session = session.and_then(|session| catalogue.service_named(&session.service));
    let service = of_session.or_else(|| catalogue.service_of(&request.context));
    let found = service.and_then(|service| catalogue.service(service));
    let parties = session.map_or(&request.parties, |session| &session.parties);
    let leg = Leg::of(parties, catalogue.numbers());
    let whole = QuotaKey::default();
    let key = key.or(request.parts.first().map(|part| &part.key)).unwrap_or(&whole);
    let line = service.map(|service| Line::new(case, subscriber, service, parties, leg, key));
    let least = line.as_ref().and_then(|line| match line.terms.price {
        Price::Rate(rate, _) => Some((rate.name.clone(), price::held(rate, 1)?)),
        Price::Free | Price::None(_) => None,
    });
    Hindrance {
        service: found.map(|service| service.name.clone()),
        plan: subscriber.plan.clone(),
        bars: found.map_or_else(Vec::new, |found| bars(case, subscriber, found, leg)),
        overdue: account.is_overdue(now),
        money: line.is_none_or(|line| line.terms.money),
        spendable: account.spendable(),
        least,
    }
}

/// All that bars a use, in the order in which it is looked at: what is refused as blocked has one at least.
fn bars(case: Case<'_>, subscriber: &Subscriber, service: &Service, leg: Leg) -> Vec<Bar> {
    let mut bars = Vec::new();
    if case.stopped {
        bars.push(Bar::Area);
    }
    let what = use_of(case, service.unit, leg);
    let blocks = subscriber.life.blocks.iter().filter(|block| !block.reason.works().lets(what));
    bars.extend(blocks.map(|block| Bar::Block(block.reason)));
    if what != Use::Free && subscriber.barred.contains(&service.name) {
        bars.push(Bar::Subscriber(service.name.clone()));
    }
    bars
}
