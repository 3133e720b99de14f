//! How far a grant reaches over a change of the price (RFC 8506 §5.1.1, §8.20; TS 32.299 §5.3.1).
//!
//! A grant that might be used on both sides of a change is held at the dearer price for all of it, with room for a
//! step of each rate and for rounding. How the client learns of the change is told by its profile: one grant with
//! the time of the change, a grant for each side, or none of this, and then the validity ends within five minutes
//! after the change, each session at a moment of its own. Seconds end at the change.

use core::time::Duration;

use super::books::Books;
use super::case::Case;
use super::count::{counted, rated, scheme};
use super::line::Line;
use super::slice::{Slice, room};
use crate::charging::account::Subscriber;
use crate::charging::answer::Denial;
use crate::charging::rating::lookup::{Price, Terms, next_change, terms};
use crate::charging::rating::price::{self, Scheme};
use crate::charging::rating::rounding::Exact;
use crate::charging::request::{SessionId, Shape, TariffChangeForm};
use crate::charging::session::{Quota, RateKey};
use crate::charging::units::{Money, Unit};
use crate::time::Timestamp;

/// A change of the price is looked for no further ahead.
const LONGEST: Duration = Duration::from_hours(31 * 24);
/// The latest that a validity ends after a change of the price that the client is not told of, in seconds.
const JITTER_SECS: u64 = 300;
/// What rounding may add to what two rates cost together: a hundredth for each.
const ROUNDING: Money = Money::from_micros(2 * Money::MICROS_PER_CENT);

/// A change of the price while a grant may last.
pub(super) struct Ahead<'a> {
    /// When.
    pub(super) at: Timestamp,
    /// When the price changes once more before the grant ends.
    next: Option<Timestamp>,
    /// The terms from then on, for each leg of the line.
    after: Vec<Terms<'a>>,
}

/// What a grant is to be where the price changes while it may last.
pub(super) enum Fit {
    /// As it would be: no money pays for it.
    Unmoved(Slice),
    /// It ends at the change.
    Ends(Slice),
    /// It may be used on both sides.
    Over(Slice),
    /// Money does not reach for the price after the change: it may be used before it alone.
    Short(Slice),
    /// It is for before the change; what is for after it is granted apart.
    Before(Slice),
}

/// The next change of the price for a line that is granted quota now, for so long.
pub(super) fn ahead<'a>(
    case: Case<'a>,
    subscriber: &Subscriber,
    line: &Line<'a>,
    validity_secs: u32,
) -> Option<Ahead<'a>> {
    let end = case.now.plus(Duration::from_secs(validity_secs.into()).min(LONGEST));
    let change = |after: Timestamp| {
        let query = |leg| line.query(case, leg, line.place, after);
        line.legs().filter_map(|leg| next_change(case.catalogue, subscriber, query(leg), end)).min()
    };
    let at = change(case.now)?;
    let after =
        line.legs().map(|leg| terms(case.catalogue, subscriber, line.query(case, leg, line.place, at)));
    Some(Ahead { at, next: change(at), after: after.collect() })
}

impl<'a> Ahead<'a> {
    /// The terms of a leg after the change.
    pub(super) fn after(&self, leg: usize) -> Option<&Terms<'a>> {
        self.after.get(leg)
    }

    /// How the client is told: by what it takes, a grant for each side for traffic in a part of its own alone.
    pub(super) fn form(&self, case: Case<'_>, line: &Line<'_>) -> TariffChangeForm {
        let apart =
            line.terms.unit == Unit::Octets && self.after.len() == 1 && case.request.shape == Shape::PerGroup;
        match case.request.traits.tariff_change {
            _ if line.terms.unit == Unit::Seconds => TariffChangeForm::None,
            TariffChangeForm::Dual if !apart => TariffChangeForm::Single,
            form => form,
        }
    }

    /// Fits the slice of a leg, cut by the price of now, to the change.
    pub(super) fn fit(
        &self,
        case: Case<'_>,
        (books, quota): (&Books, &Quota),
        (terms, leg): (&Terms<'_>, usize),
        slice: Slice,
        form: TariffChangeForm,
    ) -> Fit {
        let by_money = slice.units.saturating_sub(slice.from_bundles);
        let Some(after) = self.after(leg).filter(|_| by_money > 0) else { return Fit::Unmoved(slice) };
        let cut = |units: u64| Slice {
            units,
            from_bundles: slice.from_bundles.min(units),
            last: slice.last && units == slice.units,
        };
        match terms.unit {
            Unit::Seconds => Fit::Ends(cut(slice.units.min(whole_secs(self.at.since(case.now)).max(1)))),
            _ if form == TariffChangeForm::Dual => Fit::Before(slice),
            unit => {
                let most = Both::of(quota, terms, after)
                    .map_or(u64::MAX, |both| both.affordable(books, quota, terms));
                let exact = matches!(unit, Unit::Pieces | Unit::Money);
                let units = slice.from_bundles.saturating_add(by_money.min(most));
                match units {
                    _ if exact && most < by_money => Fit::Short(slice),
                    0 => Fit::Short(slice),
                    units => Fit::Over(cut(units)),
                }
            }
        }
    }

    /// How long the grant is valid, in seconds, where it would be for `planned`.
    pub(super) fn validity(&self, case: Case<'_>, planned: u32, how: Validity) -> u32 {
        let until_change = whole_secs(self.at.since(case.now)).max(1);
        let until_next = self.next.map(|next| next.since(case.now).as_secs());
        let jitter = jitter(&case.request.session);
        let secs = match how {
            Validity::ToTheChange => until_change,
            // not over a second change, of which the client is told nothing either
            Validity::SoonAfter => {
                let soon = until_change.saturating_add(jitter);
                until_next.map_or(soon, |next| soon.min(next.max(until_change)))
            }
            Validity::OverIt => until_next
                .map_or(u64::MAX, |next| next.saturating_sub(jitter).max(until_change.saturating_add(1))),
        };
        u32::try_from(secs).unwrap_or(u32::MAX).min(planned).max(1)
    }
}

/// How long a grant is valid, in seconds, where it would be for `planned` and the period of the number's plan ends
/// before: the client comes back soon after, each session at a moment of its own, so that nothing that a renewal gives
/// or takes goes unnoticed (`ACC-4`).
pub(super) fn to_the_renewal(case: Case<'_>, subscriber: &Subscriber, planned: u32) -> u32 {
    let end = subscriber.life.billing.map(|billing| billing.period.to).filter(|to| *to > case.now);
    let secs = end.map_or(u64::MAX, |end| {
        whole_secs(end.since(case.now)).saturating_add(jitter(&case.request.session))
    });
    u32::try_from(secs).unwrap_or(u32::MAX).min(planned).max(1)
}

/// How a change of the price bounds the validity of a grant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Validity {
    /// It ends with the price.
    ToTheChange,
    /// It ends soon after the change, each session at a moment of its own.
    SoonAfter,
    /// The client tells both sides apart: only the change after this one bounds it.
    OverIt,
}

/// So many whole seconds, rounded up.
fn whole_secs(span: Duration) -> u64 {
    span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0))
}

/// The seconds after a change at which a session comes back: 0 to 300, the same for a session whenever it is
/// asked, and evenly spread over sessions (FNV-1a, and the finaliser of SplitMix64).
fn jitter(session: &SessionId) -> u64 {
    let fold = |hash: u64, octet: &u8| (hash ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3);
    let mut hash = session.as_str().as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, fold);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (hash ^ (hash >> 31)) % JITTER_SECS.saturating_add(1)
}

/// The money that a slice takes, where it is used by the rate of now alone or, with terms of after a change, on
/// both sides of it.
pub(super) fn money(
    quota: &Quota,
    terms: &Terms<'_>,
    after: Option<&Terms<'_>>,
    by_money: u64,
) -> Result<Money, Denial> {
    let Price::Rate(rate, key) = terms.price else { return Ok(Money::ZERO) };
    if by_money == 0 {
        return Ok(Money::ZERO);
    }
    if let Some(both) = after.and_then(|after| Both::of(quota, terms, after)) {
        return both.held(quota, by_money).ok_or(Denial::Overflow);
    }
    let (units, charged) = counted(quota, key);
    let units = units.checked_add(by_money).ok_or(Denial::Overflow)?;
    let price = price::held(scheme(quota, rate, key), units).ok_or(Denial::Overflow)?;
    Ok(price.checked_sub(charged).ok_or(Denial::Overflow)?.max(Money::ZERO))
}

/// Two rates of which either may be what a unit is charged by.
struct Both<'r> {
    dearer: Scheme<'r>,
    key: RateKey,
    /// A price depends on how much was used: what was charged before is not counted again.
    afresh: bool,
    /// Units at the dearer price that pay for whatever steps and least numbers of units may add on either side.
    slack: u64,
    /// Money for rounding, and for a connection by the other rate that costs more.
    extra: Money,
    /// The other rate, while units at the dearer one have been paid that were not used: they pay for nothing that is
    /// used at the other.
    other: Option<(Scheme<'r>, RateKey)>,
}

impl<'r> Both<'r> {
    /// Both rates of a leg, where both have a price.
    fn of(quota: &Quota, before: &Terms<'r>, after: &Terms<'r>) -> Option<Self> {
        let (Price::Rate(one, one_key), Price::Rate(other, other_key)) = (before.price, after.price) else {
            return None;
        };
        if one_key == other_key {
            return None;
        }
        // what is charged once for all that was begun has been charged
        let once = |key, scheme: Scheme<'_>| match rated(quota, key) {
            Some(_) => (0, Money::ZERO),
            None => (scheme.first.saturating_sub(1), scheme.connect),
        };
        let afresh = !one.tiers.is_empty() || !other.tiers.is_empty();
        let of = |rate, key| {
            let scheme = scheme(quota, rate, key);
            match (afresh, rated(quota, key)) {
                (false, _) => scheme,
                (true, Some(_)) => scheme.flat().going_on(),
                (true, None) => scheme.flat(),
            }
        };
        let (one, other) = (of(one, one_key), of(other, other_key));
        let of_one = (one, one_key, once(one_key, one));
        let of_other = (other, other_key, once(other_key, other));
        let (dearer, cheaper) = if other.is_dearer(&one) { (of_other, of_one) } else { (of_one, of_other) };
        let beyond = |(scheme, _, (first, _)): (Scheme<'_>, RateKey, (u64, Money))| {
            scheme.step.saturating_sub(1).saturating_add(first)
        };
        let slack = beyond(dearer).saturating_add(beyond(cheaper));
        let ((dearer, key, (_, connect)), (cheaper, cheaper_key, (_, other_connect))) = (dearer, cheaper);
        let paid_ahead = !afresh && rated(quota, key).is_some_and(|line| line.units < dearer.first);
        let more = i128::from(other_connect.micros()).saturating_sub(i128::from(connect.micros())).max(0);
        let rounding = if dearer.price.is_zero() { Money::ZERO } else { ROUNDING };
        let extra = Exact::new(more, 1)?.up()?.checked_add(rounding)?;
        let other = paid_ahead.then_some((cheaper, cheaper_key));
        Some(Self { dearer, key, afresh, slack, extra, other })
    }

    /// What whatever steps may add costs.
    fn slack_money(&self) -> Option<Money> {
        price::held(self.dearer.going_on(), self.slack)
    }

    /// What the dearer rate has counted so far.
    fn counted(&self, quota: &Quota) -> (u64, Money) {
        if self.afresh { (0, Money::ZERO) } else { counted(quota, self.key) }
    }

    /// What is held for so many units, however they fall.
    fn held(&self, quota: &Quota, units: u64) -> Option<Money> {
        let (before, charged) = self.counted(quota);
        let all = before.checked_add(units)?.checked_add(self.slack)?;
        let more = price::held(self.dearer, all)?.checked_sub(charged)?.max(Money::ZERO);
        // With units paid ahead all may be used at the other rate: what a part of them costs is never more than
        // that, or than all at the dearer one.
        let more = match self.other {
            Some((scheme, key)) => {
                let (before, charged) = counted(quota, key);
                let other = price::held(scheme, before.checked_add(units)?)?.checked_sub(charged)?;
                more.max(other.max(Money::ZERO).checked_add(self.slack_money()?)?)
            }
            None => more,
        };
        more.checked_add(self.extra)
    }

    /// The most units that can be held so.
    fn affordable(&self, books: &Books, quota: &Quota, terms: &Terms<'_>) -> u64 {
        let (before, charged) = self.counted(quota);
        let room = room(books, terms, self.dearer.price).checked_sub(self.extra);
        let Some(budget) = room.and_then(|room| charged.checked_add(room)) else { return 0 };
        let most = match price::affordable(self.dearer, budget) {
            u64::MAX => u64::MAX,
            units => units.saturating_sub(before).saturating_sub(self.slack),
        };
        let Some((scheme, key)) = self.other else { return most };
        let (before, charged) = counted(quota, key);
        let budget = self.slack_money().and_then(|slack| room?.checked_sub(slack)?.checked_add(charged));
        let other = budget.map_or(0, |budget| match price::affordable(scheme, budget) {
            u64::MAX => u64::MAX,
            units => units.saturating_sub(before),
        });
        most.min(other)
    }
}
