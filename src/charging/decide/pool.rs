//! Credit pools (RFC 8506 §5.1.2): quotas of a session that the same money pays share what was granted to them.
//!
//! A credit is a piece of money of a size that all members of the pool are priced in wholly; a unit takes as many
//! credits as its price has of them. The client may use all of the pool for one member: the pool is used up when
//! the sum of used units times credits reaches the sum of granted units times credits. So what is held for the
//! members is held for all of them, and each report draws on all of it.
//!
//! The grants of one answer make one pool, with a number of its own in the session. A member that is reported alone
//! leaves the pool and takes what it has used with it, more or less than its grant; the rest stays with the others.
//!
//! A price by steps is not in proportion to the units, and neither is one that is rounded: beside the price of its
//! grant a member holds one step and one hundredth, so that whatever mixture is used is held.

use super::books::Books;
use super::case::Case;
use super::count::scheme;
use super::line::Line;
use crate::charging::answer::PoolShare;
use crate::charging::rating::lookup::{Price, Terms};
use crate::charging::rating::price;
use crate::charging::request::QuotaKey;
use crate::charging::session::{Quota, Reservation, Session};
use crate::charging::units::{Money, Unit};

/// The pool that a quota is part of.
fn pool_of(session: &Session, key: &QuotaKey) -> Option<u32> {
    let quota = session.quotas.iter().find(|quota| quota.key == *key)?;
    quota.reservation.as_ref()?.pool
}

/// What is held for the members of a pool.
fn members(session: &mut Session, pool: u32) -> impl Iterator<Item = (&QuotaKey, &mut Reservation)> {
    session.quotas.iter_mut().filter_map(move |quota| {
        let held = quota.reservation.as_mut().filter(|held| held.pool == Some(pool))?;
        Some((&quota.key, held))
    })
}

/// Money that is held for the whole pool of a quota; none where it is in no pool.
pub(super) fn money(session: &Session, key: &QuotaKey) -> Option<Money> {
    let pool = pool_of(session, key)?;
    let held = session.quotas.iter().filter_map(|quota| quota.reservation.as_ref());
    let held = held.filter(|held| held.pool == Some(pool)).map(|held| held.money);
    Some(held.fold(Money::ZERO, |sum, money| sum.checked_add(money).unwrap_or(Money::MAX)))
}

/// Draws what a member was charged from what is held for the pool: its own first, then the others'.
pub(super) fn draw(books: &mut Books, session: &mut Session, key: &QuotaKey, charged: Money) {
    let Some(pool) = pool_of(session, key) else { return };
    let mut rest = charged;
    for own in [true, false] {
        for (_, held) in members(session, pool).filter(|(member, _)| (*member == key) == own) {
            let part = held.money.min(rest).max(Money::ZERO);
            held.money = held.money.checked_sub(part).unwrap_or(Money::ZERO);
            rest = rest.checked_sub(part).unwrap_or(Money::ZERO);
            books.account.reserved = books.account.reserved.checked_sub(part).unwrap_or(Money::ZERO);
            books.changes.account |= !part.is_zero();
        }
    }
}

/// Takes the quotas that a request speaks of out of their pools: what they have not used stays with the first of
/// the others, where there is one.
pub(super) fn leave(session: &mut Session, lines: &[Line<'_>]) {
    let speaks =
        |line: &&Line<'_>, key: &QuotaKey| *line.key == *key && line.is_spoken() && !line.is_countless();
    for line in lines.iter().filter(|line| line.is_spoken() && !line.is_countless()) {
        let Some(pool) = pool_of(session, line.key) else { continue };
        let stays = |key: &QuotaKey| !lines.iter().any(|line| speaks(&line, key));
        if !members(session, pool).any(|(key, _)| stays(key)) {
            continue;
        }
        let own = members(session, pool).find(|(key, _)| *key == line.key);
        let money = own.map_or(Money::ZERO, |(_, held)| core::mem::take(&mut held.money));
        if let Some((_, held)) = members(session, pool).find(|(key, _)| stays(key)) {
            held.money = held.money.checked_add(money).unwrap_or(Money::MAX);
        }
    }
}

/// A grant that can be part of a pool: units at a price in proportion, and no other bound on them.
struct Member {
    line: usize,
    /// Micros of price for `per` units.
    price: i128,
    per: i128,
    granted: u64,
    /// What is held beside the price of the grant.
    slack: Money,
}

/// Makes one pool of the grants of an answer, where there are two or more that can share.
pub(super) fn join(case: Case<'_>, books: &mut Books, session: &mut Session, lines: &mut [Line<'_>]) {
    if !case.request.traits.pools || lines.len() < 2 {
        return;
    }
    let pool = session.quotas.iter().filter_map(|quota| quota.reservation.as_ref()?.pool).max();
    let pool = pool.unwrap_or(0).wrapping_add(1);
    let mut room = books.spendable();
    let mut members = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let quota = session.quotas.iter().find(|quota| quota.key == *line.key);
        let Some(member) = quota.and_then(|quota| member(place, line, quota)) else { continue };
        // Where the money does not reach for what is held besides, the grant stays by itself.
        if let Some(left) = room.checked_sub(member.slack).filter(|left| !left.is_negative()) {
            room = left;
            members.push(member);
        }
    }
    let Some(weights) = weights(&members).filter(|weights| weights.len() > 1) else { return };
    let slack = members.iter().map(|member| (member.line, member.slack)).collect::<Vec<_>>();
    for ((place, slack), digits) in slack.into_iter().zip(weights) {
        let Some(line) = lines.get_mut(place) else { continue };
        let quota = session.quotas.iter_mut().find(|quota| quota.key == *line.key);
        let (Some(held), Some(grant)) =
            (quota.and_then(|quota| quota.reservation.as_mut()), line.grant.as_mut())
        else {
            continue;
        };
        let (Some(money), Some(reserved)) =
            (held.money.checked_add(slack), books.account.reserved.checked_add(slack))
        else {
            continue;
        };
        (held.money, held.pool) = (money, Some(pool));
        books.account.reserved = reserved;
        books.changes.account = true;
        grant.extra.get_or_insert_default().pool = Some(PoolShare { pool, digits, exponent: 0 });
    }
}

fn member(place: usize, line: &Line<'_>, quota: &Quota) -> Option<Member> {
    let grant = line.grant.as_ref()?;
    let held = quota.reservation.as_ref()?;
    let Terms { price: Price::Rate(rate, key), max_call_secs: None, unit, .. } = &line.terms else {
        return None;
    };
    let alone =
        line.others.is_empty() && held.allowances.is_empty() && held.bonus.is_empty() && !line.bounded;
    if !alone || *unit == Unit::Money || rate.price.is_zero() || !rate.tiers.is_empty() {
        return None;
    }
    let units = quota.rated.iter().find(|line| line.rate == *key).map_or(0, |line| line.units);
    let scheme = scheme(quota, rate, *key);
    // A first minimum that is not used up yet makes the first units dearer than the others.
    if scheme.first > scheme.step && scheme.first > units {
        return None;
    }
    let last = units.checked_add(grant.amount.count)?;
    let beyond = last.checked_add(rate.step.saturating_sub(1))?;
    let step = price::held(scheme, beyond)?.checked_sub(price::held(scheme, last)?)?;
    let slack = step.checked_add(Money::from_micros(Money::MICROS_PER_CENT))?;
    let (price, per) = (i128::from(rate.price.micros()), i128::from(rate.per));
    Some(Member { line: place, price, per, granted: grant.amount.count, slack })
}

/// Credits that a unit of each member takes, in the smallest whole numbers; none where they, or the pool, are more
/// than a client can count.
fn weights(members: &[Member]) -> Option<Vec<i64>> {
    let common = members.iter().try_fold(1i128, |common, member| {
        common.checked_div(divisor(common, member.per))?.checked_mul(member.per)
    })?;
    let weigh = |member: &Member| member.price.checked_mul(common.checked_div(member.per)?);
    let whole = members.iter().map(weigh).collect::<Option<Vec<_>>>()?;
    let shared = whole.iter().copied().fold(0, divisor).max(1);
    let weights = whole.into_iter().map(|weight| weight.checked_div(shared)).collect::<Option<Vec<_>>>()?;
    let credits = weights.iter().zip(members).try_fold(0i128, |sum, (weight, member)| {
        sum.checked_add(weight.checked_mul(member.granted.into())?)
    })?;
    i64::try_from(credits).ok()?;
    weights.into_iter().map(|weight| i64::try_from(weight).ok()).collect()
}

/// The greatest common divisor.
fn divisor(mut one: i128, mut other: i128) -> i128 {
    while other != 0 {
        (one, other) = (other, one.checked_rem(other).unwrap_or(0));
    }
    one
}
