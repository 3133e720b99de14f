//! Direct debiting (RFC 8506 §6.3): charged at once, for every part and every recipient, or nothing is.

use super::abroad::enter;
use super::books::Books;
use super::case::Case;
use super::count::rated;
use super::line::{Line, empty_quota};
use super::records;
use super::sale::{Refused, lines, priced, sold_so};
use super::settle::{Report, units};
use super::slice::covers;
use super::tell::{Before, tell};
use crate::charging::account::{Allowance, Bonus};
use crate::charging::answer::{Answer, Denial, Grant, Outcome, PartAnswer, PartExtra};
use crate::charging::cdr::Closing;
use crate::charging::rating::lookup::{Leg, Price, Source, Terms};
use crate::charging::refund::{ChargedLeg, ChargedRate, EventCharge, PartCharge, Token};
use crate::charging::request::{QuotaKey, Request};
use crate::charging::session::{HeldAllowance, Quota, RateKey};
use crate::charging::snapshot::Changes;
use crate::charging::units::{Amount, Money, Unit};

/// Charges an event. With the answer comes what it was charged, where it may be given back.
pub(super) fn charge(case: Case<'_>, books: &mut Books) -> Result<(Answer, Option<EventCharge>), Refused> {
    let request = case.request;
    let whole = QuotaKey::default();
    let mut lines = lines(case, books, &whole)?;
    enter(case, books, Leg::of(&request.parties, case.catalogue.numbers()))?;
    let entered = Changes { subscriber: books.changes.subscriber, ..Changes::default() };
    priced(&lines)?;
    for line in &mut lines {
        line.used = named(request, line)?;
    }
    let several = lines.iter().map(|line| line.all_terms().count()).sum::<usize>() > 1;
    let before = several.then(|| (books.account.clone(), books.subscriber.allowances.clone()));
    let mut charges = Vec::new();
    for line in &mut lines {
        match charge_line(case, books, line) {
            Ok(charge) => charges.push(charge),
            Err(denial) => {
                if let Some((account, allowances)) = before {
                    books.account = account;
                    books.subscriber.allowances = allowances;
                }
                books.changes = entered;
                books.uses.clear();
                return Err(denial.into());
            }
        }
    }
    books.note_use(case.now);
    records::event(case, books, Closing::Event);
    let extra = tell(case, Before::of(case, books, None), books, None, &mut lines);
    let parts = lines.into_iter().zip(&charges).zip(0..=u8::MAX);
    let parts: Vec<_> = parts.map(|((line, charge), at)| part(request, line, charge.as_ref(), at)).collect();
    let parts = if request.parts.is_empty() { Vec::new() } else { parts };
    let has_token = |part: &PartAnswer| part.extra.as_ref().is_some_and(|extra| extra.refund.is_some());
    let charge = parts.iter().any(has_token).then(|| EventCharge {
        account: books.account.id,
        msisdn: books.subscriber.msisdn,
        parts: charges.into_iter().flatten().collect(),
    });
    Ok((Answer { extra, ..Answer::new(Outcome::Done, request.shape, parts) }, charge))
}

/// The units that are charged: those asked for, else those reported, else one piece.
fn named(request: &Request, line: &Line<'_>) -> Result<u64, Refused> {
    sold_so(request, line)?;
    let reported = Some(line.used).filter(|&used| used > 0);
    let one = (line.terms.unit == Unit::Pieces).then_some(1);
    line.wanted.or(reported).or(one).ok_or(Refused::because(
        Denial::NoRate,
        "the event names no units, and its service is not counted in pieces",
    ))
}

/// Charges a line for one recipient after the other: what one has taken is not there for the next.
fn charge_line(case: Case<'_>, books: &mut Books, line: &mut Line<'_>) -> Result<Option<PartCharge>, Denial> {
    let mut quota = empty_quota(line.key);
    let mut legs = Vec::new();
    let refundable = case.request.traits.refund;
    let gifts = books.account.bonuses.clone();
    for terms in line.all_terms() {
        covers(books, &quota, terms, line.used)?;
        let left = |allowance: &Allowance| allowance.left;
        let before: Vec<u64> = books.subscriber.allowances.iter().map(left).collect();
        units(case, books, &mut quota, terms, line.used, Report::Event)?;
        if refundable {
            legs.push((terms, taken(terms, &before, &books.subscriber.allowances)));
        }
    }
    let amount = Amount::new(line.terms.unit, line.used);
    let bonus = spent(gifts, &books.account.bonuses);
    let charge = refundable.then(|| PartCharge { bonus, ..charge_of(&quota, amount, legs) });
    line.grant = Some(Grant::of(amount));
    Ok(charge)
}

/// What was taken from bundles, in the order of their use, where so much had been left of each.
fn taken(terms: &Terms<'_>, before: &[u64], after: &[Allowance]) -> Vec<HeldAllowance> {
    let of = |source: &Source| Some((before.get(source.allowance)?, after.get(source.allowance)?));
    let held = |(before, after): (&u64, &Allowance)| HeldAllowance {
        bundle: after.bundle.clone(),
        expires: after.expires,
        units: before.saturating_sub(after.left),
    };
    terms.bundles.iter().filter_map(of).map(held).filter(|held| held.units > 0).collect()
}

/// What was taken of each gift of bonus money.
fn spent(before: Vec<Bonus>, after: &[Bonus]) -> Vec<Bonus> {
    let taken = |gift: Bonus| {
        let now = after.iter().find(|one| one.id == gift.id).map_or(Money::ZERO, |one| one.left);
        let left = gift.left.checked_sub(now).unwrap_or(Money::ZERO);
        Bonus { left, reserved: Money::ZERO, ..gift }
    };
    before.into_iter().map(taken).filter(|gift| gift.left.is_positive()).collect()
}

fn charge_of(quota: &Quota, amount: Amount, legs: Vec<(&Terms<'_>, Vec<HeldAllowance>)>) -> PartCharge {
    let mut keys: Vec<RateKey> = Vec::new();
    let mut rates = Vec::new();
    let legs = legs.into_iter().map(|(terms, allowances)| {
        let bundled = allowances.iter().map(|held| held.units).fold(0, u64::saturating_add);
        let Price::Rate(rate, key) = terms.price else {
            return ChargedLeg { allowances, ..ChargedLeg::default() };
        };
        let known = keys.iter().position(|known| *known == key);
        let place = known.unwrap_or(rates.len());
        if known.is_none()
            && let Some(line) = rated(quota, key)
        {
            keys.push(key);
            rates.push(ChargedRate::new(rate, line.units, line.charged));
        }
        ChargedLeg { rate: place, by_money: amount.count.saturating_sub(bundled), allowances }
    });
    let legs = legs.collect();
    PartCharge { refunded: false, key: quota.key.clone(), units: amount, rates, legs, bonus: Vec::new() }
}

/// The part of an answer, with its announcements, and its token where something was charged that may be given back.
fn part(request: &Request, line: Line<'_>, charge: Option<&PartCharge>, at: u8) -> PartAnswer {
    let refund = charge.filter(|charge| charge.is_something()).map(|_| {
        let token = Token { part: at, number: request.number, session: request.session.clone() };
        token.write()
    });
    let extra = PartExtra { refund, announcements: line.announcements };
    let extra = Some(extra).filter(|extra| *extra != PartExtra::default()).map(Box::new);
    PartAnswer { extra, ..PartAnswer::granted(line.key.clone(), line.grant) }
}
