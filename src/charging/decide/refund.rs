//! Refunds (RFC 8506 §6.4): what an event was charged is given back once, at most what was paid. The token of the debit's
//! answer says what (TS 32.299, Refund-Information).

use super::books::Books;
use super::case::Case;
use super::records;
use super::sale::Refused;
use crate::charging::account::{Bonus, Standing};
use crate::charging::answer::{Answer, Denial, Grant, Outcome, PartAnswer};
use crate::charging::books::operations::Act;
use crate::charging::cdr::{BundleUse, Closing, UseLine, Used};
use crate::charging::ledger::{ChargedUse, EntryKind, Purse};
use crate::charging::refund::{EventCharge, GivenBack, PartCharge, Token};
use crate::charging::request::{Action, Kind, Measured, Part, Uncountable};
use crate::charging::session::HeldAllowance;
use crate::charging::snapshot::EventRecord;
use crate::charging::units::{Amount, Money, Unit};
use crate::time::Timestamp;

const NO_TOKEN: &str = "a refund names what it gives back by the Refund-Information of the debit's answer";
const NOT_ONE: &str = "a refund is of one event: the Refund-Information names several, or none of ours";
const UNKNOWN: &str =
    "the Refund-Information names nothing that this subscriber was charged in the last 72 hours";
const USED: &str = "what the Refund-Information names was given back before";
const NOTHING: &str = "nothing is asked to be given back, or nothing was paid in what is asked for";

/// Gives back what the request names, all of it or nothing.
pub(super) fn give_back(
    case: Case<'_>,
    books: &mut Books,
    refunds: Option<EventRecord>,
) -> Result<Answer, Refused> {
    let request = case.request;
    if books.subscriber.standing == Standing::Ended {
        return Err(Denial::Ended.into());
    }
    let tokens = tokens(&request.parts)?;
    let mut record = refunds
        .filter(|record| tokens.iter().all(|token| names(token, record)))
        .filter(|record| case.now.since(record.at) < case.policy.tombstone)
        .ok_or(no(UNKNOWN))?;
    let own = |charge: &&mut EventCharge| {
        charge.account == books.account.id && charge.msisdn == books.subscriber.msisdn
    };
    let charge = record.charge.as_mut().filter(own).ok_or(no(UNKNOWN))?;
    let mut backs = Vec::with_capacity(tokens.len());
    for (token, part) in tokens.iter().zip(&request.parts) {
        let charged = charge.parts.get_mut(usize::from(token.part)).ok_or(no(UNKNOWN))?;
        if charged.refunded {
            return Err(no(USED));
        }
        backs.push(asked_of(charged, part)?);
        charged.refunded = true;
    }
    let before = (books.account.clone(), books.subscriber.allowances.clone());
    if backs.iter().try_for_each(|back| book(case, books, &record, back)).is_err() {
        (books.account, books.subscriber.allowances) = before;
        books.changes = crate::charging::snapshot::Changes::default();
        books.uses.clear();
        return Err(Denial::Overflow.into());
    }
    books.changes.refunded = Some(record);
    records::event(case, books, Closing::Refund);
    let part =
        |(back, part): (Back, &Part)| PartAnswer::granted(part.key.clone(), Some(Grant::of(back.amount)));
    let parts = backs.into_iter().zip(&request.parts).map(part).collect();
    Ok(Answer::new(Outcome::Done, request.shape, parts))
}

const fn no(message: &'static str) -> Refused {
    Refused::because(Denial::NoRefund, message)
}

/// The tokens of the parts, one for each, all of one event.
fn tokens(parts: &[Part]) -> Result<Vec<Token>, Refused> {
    if parts.is_empty() || parts.iter().any(|part| part.refund.is_none()) {
        return Err(no(NO_TOKEN));
    }
    let read = parts.iter().map(|part| part.refund.as_deref().and_then(Token::read));
    let tokens: Vec<_> = read.collect::<Option<_>>().ok_or(no(NOT_ONE))?;
    let same = |token: &Token| {
        tokens.first().is_some_and(|first| first.session == token.session && first.number == token.number)
    };
    if tokens.iter().all(same) { Ok(tokens) } else { Err(no(NOT_ONE)) }
}

fn names(token: &Token, record: &EventRecord) -> bool {
    record.kind == Kind::Event(Action::Debit)
        && record.number == token.number
        && record.session == token.session
}

/// What is given back for one part.
struct Back {
    part: PartCharge,
    /// What the client is told: units of each leg, or money.
    amount: Amount,
    given: GivenBack,
}

/// All that was charged, or less where the part names less: units as they were charged, else money.
fn asked_of(charged: &PartCharge, part: &Part) -> Result<Back, Refused> {
    let unit = charged.units.unit;
    let counted = |measured: &Measured| measured.count(unit).map_err(|Uncountable| Denial::Overflow);
    let named = |measured: &&Measured| **measured != Measured::default();
    let mut asked: Vec<&Measured> = part.requested.iter().filter(named).collect();
    if asked.is_empty() {
        asked.extend(part.used.iter().map(|used| &used.measured).filter(named));
    }
    let (mut units, mut money) = (None::<u64>, None::<Money>);
    for measured in asked {
        if let Some(count) = counted(measured)? {
            units = Some(units.unwrap_or(0).saturating_add(count));
        }
        if let Some(sum) = measured.money {
            money = Some(money.unwrap_or(Money::ZERO).checked_add(sum).unwrap_or(Money::MAX));
        }
    }
    let (amount, given) = match (units, money) {
        (None, Some(money)) => {
            let given = charged.back_money(money);
            let micros = u64::try_from(given.money.micros()).unwrap_or(0);
            (Amount::new(Unit::Money, micros), given)
        }
        (units, _) => {
            let units = units.map_or(charged.units.count, |units| units.min(charged.units.count));
            (Amount::new(unit, units), charged.back(units))
        }
    };
    if amount.count == 0 {
        return Err(no(NOTHING));
    }
    Ok(Back { part: charged.clone(), amount, given })
}

/// Books what is given back: money to the balance, units to the bundles that are still there.
fn book(case: Case<'_>, books: &mut Books, record: &EventRecord, back: &Back) -> Result<(), Denial> {
    let mut from_bundles = 0u64;
    for held in &back.given.allowances {
        let allowances = &mut books.subscriber.allowances;
        let Some(allowance) = allowances.iter_mut().find(|allowance| allowance.is_of(held)) else { continue };
        allowance.left = allowance.left.checked_add(held.units).ok_or(Denial::Overflow)?;
        from_bundles = from_bundles.saturating_add(held.units);
        books.changes.subscriber = true;
    }
    let legs = u64::try_from(back.part.legs.len()).unwrap_or(u64::MAX);
    let count = match back.amount.unit {
        unit if unit == back.part.units.unit => back.amount.count.saturating_mul(legs),
        _ => back.amount.count,
    };
    let usage = ChargedUse {
        msisdn: books.subscriber.msisdn,
        session: record.session.clone(),
        request_number: record.number,
        key: back.part.key.clone(),
        used: Amount::new(back.amount.unit, count),
        from_bundles,
        plan: books.subscriber.plan.clone(),
        rate: "refund".into(),
        used_at: record.at,
        above_grant: 0,
        basis: None,
    };
    let act = Act { at: case.now, reference: Some(case.request.session.as_str().into()), ..Act::default() };
    let before = (books.account.main, books.account.bonus);
    let line = case.policy.cdr.on.then(|| given_line(&usage, back));
    let main = back.part.to_main(back.given.money);
    let rest = back.given.money.checked_sub(main).ok_or(Denial::Overflow)?;
    let gifts = regiven(&back.part.bonus, rest, case.now);
    let posted = books.account.post(main, EntryKind::Refund, act.clone(), Some(usage.clone()));
    books.changes.ledger.push(posted.ok_or(Denial::Overflow)?);
    books.changes.account = true;
    let sum = gifts.iter().try_fold(Money::ZERO, |sum, gift| sum.checked_add(gift.left));
    let sum = sum.ok_or(Denial::Overflow)?;
    if sum.is_positive() {
        let used = Amount::new(usage.used.unit, 0);
        let usage = ChargedUse { used, from_bundles: 0, ..usage };
        let what = (EntryKind::Refund, EntryKind::Refund.counter());
        let posted = books.account.post_to(Purse::Bonus, sum, what, act, Some(usage));
        books.changes.ledger.push(posted.ok_or(Denial::Overflow)?);
        give_again(&mut books.account.bonuses, gifts)?;
    }
    if let Some(mut line) = line {
        let taken = |before: Money, after| before.checked_sub(after).unwrap_or(Money::ZERO);
        (line.main, line.bonus) = (taken(before.0, books.account.main), taken(before.1, books.account.bonus));
        let (key, span, place) = (back.part.key.clone(), (record.at, record.at), case.place);
        books.uses.push(Used { key, span, place, late: false, above_grant: 0, line });
    }
    Ok(())
}

/// Which bonus money comes back, where so much of it was asked for: not what is over by now.
fn regiven(paid: &[Bonus], mut rest: Money, now: Timestamp) -> Vec<Bonus> {
    let mut gifts = Vec::new();
    for gift in paid.iter().rev() {
        let left = gift.left.min(rest);
        rest = rest.checked_sub(left).unwrap_or(Money::ZERO);
        if left.is_positive() && !gift.is_over(now) {
            gifts.push(Bonus { left, ..gift.clone() });
        }
    }
    gifts
}

fn give_again(bonuses: &mut Vec<Bonus>, gifts: Vec<Bonus>) -> Result<(), Denial> {
    for gift in gifts {
        match bonuses.iter_mut().find(|one| one.id == gift.id) {
            Some(one) => one.left = one.left.checked_add(gift.left).ok_or(Denial::Overflow)?,
            None => bonuses.push(gift),
        }
    }
    Ok(())
}

/// What a charging data record says of it: units are those given back.
fn given_line(usage: &ChargedUse, back: &Back) -> UseLine {
    let bundle = |held: &HeldAllowance| BundleUse { bundle: held.bundle.clone(), units: held.units };
    UseLine {
        plan: usage.plan.clone(),
        rate: usage.rate.clone(),
        version: 0,
        unit: usage.used.unit,
        units: usage.used.count,
        bundles: back.given.allowances.iter().map(bundle).collect(),
        main: Money::ZERO,
        bonus: Money::ZERO,
    }
}
