//! What is said beside the outcome, to clients that take it: what is left on the account, when it ends, announcements,
//! text for the client's records (TS 32.299), and advice of charge (TS 32.280).

use super::books::Books;
use super::case::Case;
use super::limit::reaches_longest_call;
use super::line::Line;
use crate::charging::answer::{
    Advice, Announcement, Answer, AnswerExtra, Balance, Denial, Outcome, PriceAdvice,
};
use crate::charging::catalogue::{Announcements, Plan, Rate};
use crate::charging::rating::lookup::Price;
use crate::charging::request::Kind;
use crate::charging::session::Session;
use crate::charging::units::{Money, Unit};

/// What was so before the use of a request was settled.
#[derive(Clone, Copy)]
pub(super) struct Before {
    low: bool,
}

impl Before {
    /// Before anything of a request is done. A session that opens, or an event, has not been told anything yet.
    pub(super) fn of(case: Case<'_>, books: &Books, session: Option<&Session>) -> Self {
        let goes_on = matches!(case.request.kind, Kind::Update | Kind::Terminate);
        let low = goes_on && case.request.traits.announcements && is_low(case, remaining(books, session));
        Self { low }
    }
}

/// Adds announcements to the lines, and gives what stands beside them in the answer.
pub(super) fn tell(
    case: Case<'_>,
    before: Before,
    books: &Books,
    session: Option<&Session>,
    lines: &mut [Line<'_>],
) -> Option<Box<AnswerExtra>> {
    let request = case.request;
    let plan = case.plan.and_then(|place| case.catalogue.plan(place))?;
    if request.traits.announcements
        && let Some(numbers) = plan.announcements
    {
        let newly_low = !before.low && is_low(case, remaining(books, session));
        announce(numbers, newly_low, session, lines);
    }
    let balance = (request.traits.balance && costs_money(plan)).then(|| {
        let remaining = remaining(books, session);
        Balance { low: is_low(case, remaining), remaining }
    });
    let advice = request.advice.then(|| advice(books, session, lines));
    let ends = books.subscriber.life.ends.filter(|_| request.traits.expiration);
    let furnished = plan.furnish.as_ref().filter(|_| request.traits.furnish && request.kind == Kind::Initial);
    let furnish = furnished.map(|text| text.as_bytes().into());
    let told = balance.is_some() || advice.is_some() || ends.is_some() || furnish.is_some();
    told.then(|| Box::new(AnswerExtra { balance, advice, ends, furnish, ..AnswerExtra::default() }))
}

/// Adds to the refusal of an event what is announced where nothing more can be had.
pub(super) fn announce_refusal(case: Case<'_>, answer: &mut Answer) {
    let plan = case.plan.and_then(|place| case.catalogue.plan(place));
    let id = plan.and_then(|plan| plan.announcements).and_then(|numbers| numbers.refused);
    let refused = answer.outcome == Outcome::Denied(Denial::NoCredit);
    let Some(id) = id.filter(|_| refused && case.request.traits.announcements) else { return };
    for part in &mut answer.parts {
        let extra = part.extra.get_or_insert_default();
        extra.announcements.push(Announcement { id, before_end_secs: None });
    }
}

/// What may still be spent, what this session holds included.
fn remaining(books: &Books, session: Option<&Session>) -> Money {
    let quotas = session.into_iter().flat_map(|session| &session.quotas);
    let held = quotas.filter_map(|quota| quota.reservation.as_ref()).map(|held| held.money);
    held.fold(books.account.available(), |sum, money| sum.checked_add(money).unwrap_or(Money::MAX))
}

/// Whether that is what the plan calls low; where it says nothing, nothing is.
fn is_low(case: Case<'_>, remaining: Money) -> bool {
    let plan = case.plan.and_then(|place| case.catalogue.plan(place));
    let low = plan.and_then(|plan| plan.low_balance);
    low.map_or(!remaining.is_positive(), |low| remaining < low.below)
}

/// Whether anything of a plan is paid with money.
fn costs_money(plan: &Plan) -> bool {
    let in_bands = |rate: &Rate| rate.bands.iter().any(|one| !one.rate.price.is_zero());
    plan.rates.iter().any(|rate| !rate.dearest().is_zero() || !rate.connect.is_zero() || in_bands(rate))
}

/// The balance has become low: with the first grant. The last grant: before it ends. Nothing granted: before the
/// session goes on. A call that ends by its longest length is not announced: no money would help.
fn announce(numbers: Announcements, newly_low: bool, session: Option<&Session>, lines: &mut [Line<'_>]) {
    let mut low = numbers.low.filter(|_| newly_low);
    for line in lines {
        let now = |id| Announcement { id, before_end_secs: None };
        let Some(grant) = &line.grant else {
            if line.limit.is_some() || line.denial == Some(Denial::NoCredit) {
                line.announcements.extend(numbers.refused.map(now));
            }
            continue;
        };
        line.announcements.extend(low.take().map(now));
        let quota = session.and_then(|session| session.quotas.iter().find(|quota| quota.key == *line.key));
        let used = quota.map_or(0, |quota| quota.used).saturating_add(grant.amount.count);
        if grant.final_unit.is_some() && !reaches_longest_call(&line.terms, used) {
            let granted = match grant.amount.unit {
                Unit::Seconds => u32::try_from(grant.amount.count).unwrap_or(u32::MAX),
                Unit::Octets | Unit::Pieces | Unit::Money => 0,
            };
            let before_end_secs = Some(numbers.before_end_secs.min(granted));
            line.announcements.extend(numbers.last.map(|id| Announcement { id, before_end_secs }));
        }
    }
}

/// What the session has cost, what this request added to it, and what the next unit costs.
fn advice(books: &Books, session: Option<&Session>, lines: &[Line<'_>]) -> Advice {
    let sum = |sum: Money, money: Money| sum.checked_add(money).unwrap_or(Money::MAX);
    let charges = books.changes.ledger.iter().filter_map(|entry| entry.amount.checked_neg());
    let added = charges.fold(Money::ZERO, sum);
    let rated = session.map(|session| session.quotas.iter().flat_map(|quota| &quota.rated));
    let total = rated.map_or(added, |rated| rated.map(|line| line.charged).fold(Money::ZERO, sum));
    Advice { total, added, price: lines.iter().find_map(|line| price(books, session, line)) }
}

fn price(books: &Books, session: Option<&Session>, line: &Line<'_>) -> Option<PriceAdvice> {
    let terms = &line.terms;
    let unit = terms.unit;
    let quota = session.and_then(|session| session.quotas.iter().find(|quota| quota.key == *line.key));
    let held = quota.and_then(|quota| quota.reservation.as_ref()).map_or(&[][..], |held| &held.allowances);
    let from_bundles = held.iter().any(|held| held.units > 0) || terms.bundle_units(&books.subscriber) > 0;
    match terms.price {
        Price::Rate(rate, _) if !from_bundles => Some(PriceAdvice { unit, per: rate.per, price: rate.price }),
        Price::Rate(..) | Price::Free => Some(PriceAdvice { unit, per: 1, price: Money::ZERO }),
        Price::None(_) => None,
    }
}
