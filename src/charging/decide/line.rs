//! The lines of a request: one for each quota it names. Two parts of the same quota are one line, their
//! use and their wishes added (RFC 8506 §8.16).

use super::case::Case;
use crate::charging::account::Subscriber;
use crate::charging::answer::{Announcement, Denial, Grant, Limit};
use crate::charging::catalogue::ServiceIx;
use crate::charging::rating::lookup::{Leg, Query, Terms, terms};
use crate::charging::request::{
    Kind, Measured, Part, Parties, Place, QuotaKey, Reason, TariffSide, Uncountable,
};
use crate::charging::session::{Quota, Session};
use crate::charging::units::Unit;
use crate::time::Timestamp;

/// A quota of a request while it is decided.
pub(super) struct Line<'a> {
    pub(super) key: &'a QuotaKey,
    /// On what terms, for the leg or the first recipient.
    pub(super) terms: Terms<'a>,
    /// The terms of the other recipients of a message: each unit is sent to each of them.
    pub(super) others: Vec<Terms<'a>>,
    /// The service of the session, and where it goes: for the leg or the first recipient, and the others.
    pub(super) service: ServiceIx,
    pub(super) leg: Leg,
    pub(super) other_legs: Vec<Leg>,
    /// Where the subscriber is from now on, as far as this quota goes.
    pub(super) place: Place,
    /// Units used, in the unit of the service.
    pub(super) used: u64,
    /// The same by the side of a change of the tariff.
    pub(super) sides: Sides,
    /// Something was said of the quota: use, or a reason. What was held for it ends.
    pub(super) reported: bool,
    /// Why it is reported, where said.
    pub(super) reason: Option<Reason>,
    /// Over which radio access it is used from now on, where that is said for this quota alone.
    pub(super) radio: Option<u8>,
    /// The last grant of the quota may be used up, or its service is limited.
    pub(super) after_last: bool,
    /// What the quota held has expired.
    pub(super) lapsed: bool,
    /// Quota is asked for.
    pub(super) asked: bool,
    /// How much of it, where a number is said.
    pub(super) wanted: Option<u64>,
    /// Why nothing is granted.
    pub(super) denial: Option<Denial>,
    pub(super) grant: Option<Grant>,
    /// A change of the price bounds the grant.
    pub(super) bounded: bool,
    /// How the service is limited instead.
    pub(super) limit: Option<Box<Limit>>,
    pub(super) announcements: Vec<Announcement>,
}

/// Units used, by the side of a change of the tariff on which they are said to lie (RFC 8506 §8.27).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Sides {
    pub(super) unsaid: u64,
    pub(super) before: u64,
    pub(super) after: u64,
    pub(super) either: u64,
}

impl Sides {
    fn of(&mut self, side: Option<TariffSide>) -> &mut u64 {
        match side {
            None => &mut self.unsaid,
            Some(TariffSide::Before) => &mut self.before,
            Some(TariffSide::After) => &mut self.after,
            Some(TariffSide::Either) => &mut self.either,
        }
    }
}

/// The parts whose quota no earlier part names.
pub(super) fn distinct(parts: &[Part]) -> impl Iterator<Item = &Part> {
    let earlier = |at: usize, part: &Part| parts.iter().take(at).any(|other| other.key == part.key);
    parts.iter().enumerate().filter(move |(at, part)| !earlier(*at, part)).map(|(_, part)| part)
}

/// Gathers the lines of a request. `leg` is where the session goes, `parties` name the recipients.
pub(super) fn gather<'a>(
    case: Case<'a>,
    subscriber: &Subscriber,
    service: ServiceIx,
    parties: &Parties,
    leg: Leg,
) -> Vec<Line<'a>> {
    let parts = &case.request.parts;
    let mut lines: Vec<Line<'a>> = Vec::with_capacity(parts.len());
    for part in parts {
        let known = lines.iter().position(|line| *line.key == part.key);
        let at = known.unwrap_or(lines.len());
        if known.is_none() {
            let place = Place { radio: part.radio.or(case.place.radio), ..case.place };
            lines.push(Line::new(Case { place, ..case }, subscriber, service, parties, leg, &part.key));
        }
        if let Some(line) = lines.get_mut(at) {
            line.add(part, case.request.kind);
        }
    }
    lines
}

impl<'a> Line<'a> {
    pub(super) fn new(
        case: Case<'a>,
        subscriber: &Subscriber,
        service: ServiceIx,
        parties: &Parties,
        leg: Leg,
        key: &'a QuotaKey,
    ) -> Self {
        let (plan, rating_group, at, place) = (case.plan, key.rating_group, case.from, case.place);
        let content = case.catalogue.content_of(&key.services);
        let to = |leg: Leg| {
            let query = Query { plan, service, rating_group, content, leg, place, at, until: at };
            terms(case.catalogue, subscriber, query)
        };
        let mut recipients = parties
            .recipients
            .iter()
            .map(|recipient| Leg::to(recipient, parties.role, case.catalogue.numbers()));
        let leg = recipients.next().unwrap_or(leg);
        let other_legs: Vec<_> = recipients.collect();
        let (first, others) = (to(leg), other_legs.iter().map(|&leg| to(leg)).collect::<Vec<_>>());
        let barred = content.and_then(|content| case.catalogue.content(content)).is_some_and(|content| {
            subscriber.barred.iter().any(|barred| content.is_barred(barred, &key.services))
        });
        let unpriced = || core::iter::once(&first).chain(&others).find_map(Terms::denial);
        let denial = if barred { Some(Denial::ContentBarred) } else { unpriced() };
        Line {
            key,
            terms: first,
            others,
            service,
            leg,
            other_legs,
            place,
            sides: Sides::default(),
            used: 0,
            reported: false,
            reason: None,
            radio: None,
            after_last: false,
            lapsed: false,
            asked: false,
            wanted: None,
            denial,
            grant: None,
            bounded: false,
            limit: None,
            announcements: Vec::new(),
        }
    }

    /// Where it goes: every recipient, or the leg where there are none.
    pub(super) fn legs(&self) -> impl Iterator<Item = Leg> {
        core::iter::once(self.leg).chain(self.other_legs.iter().copied())
    }

    /// What is asked of the tariff for a leg of it, at that place and time.
    pub(super) fn query(&self, case: Case<'_>, leg: Leg, place: Place, at: Timestamp) -> Query {
        let (plan, service, rating_group) = (case.plan, self.service, self.key.rating_group);
        let content = case.catalogue.content_of(&self.key.services);
        Query { plan, service, rating_group, content, leg, place, at, until: at }
    }

    /// The terms of every recipient; of the leg where there are none.
    pub(super) fn all_terms(&self) -> impl Iterator<Item = &Terms<'a>> {
        core::iter::once(&self.terms).chain(&self.others)
    }

    /// Adds what a part says. An opening request that names a quota and says nothing of it asks for it.
    fn add(&mut self, part: &Part, kind: Kind) {
        let unit = self.terms.unit;
        let silent = part.used.is_empty() && part.reason.is_none();
        self.reported |= !silent;
        self.reason = self.reason.or(part.reason);
        self.radio = part.radio.or(self.radio);
        self.asked |= part.requested.is_some() || (silent && kind == Kind::Initial);
        for used in &part.used {
            let sums = counted(&used.measured, unit)
                .map(|count| count.unwrap_or(0))
                .and_then(|count| Ok((added(self.used, count)?, added(*self.sides.of(used.side), count)?)));
            match sums {
                Ok((sum, of_side)) => (self.used, *self.sides.of(used.side)) = (sum, of_side),
                Err(denial) => self.refuse(denial),
            }
        }
        if let Some(requested) = &part.requested {
            // A number of nothing is no number: the server decides.
            match counted(requested, unit) {
                Ok(wanted) => {
                    let wanted = wanted.filter(|&wanted| wanted > 0);
                    self.wanted = match (self.wanted, wanted) {
                        (Some(one), Some(other)) => Some(one.saturating_add(other)),
                        (one, other) => one.or(other),
                    };
                }
                Err(denial) => self.refuse(denial),
            }
        }
    }

    pub(super) fn refuse(&mut self, denial: Denial) {
        // Units that cannot be counted are told before anything else: nothing of this line is done.
        if self.denial.is_none() || denial == Denial::Overflow {
            self.denial = Some(denial);
        }
    }

    /// Something is said or asked of the quota: what was held for it ends.
    pub(super) fn is_spoken(&self) -> bool {
        self.reported || self.asked
    }

    /// Units that cannot be counted: nothing of this line can be settled.
    pub(super) fn is_countless(&self) -> bool {
        self.denial == Some(Denial::Overflow)
    }
}

fn counted(measured: &Measured, unit: Unit) -> Result<Option<u64>, Denial> {
    measured.count(unit).map_err(|Uncountable| Denial::Overflow)
}

fn added(one: u64, other: u64) -> Result<u64, Denial> {
    one.checked_add(other).ok_or(Denial::Overflow)
}

/// A quota with nothing used and nothing held.
pub(super) fn empty_quota(key: &QuotaKey) -> Quota {
    Quota {
        key: key.clone(),
        used: 0,
        rated: Vec::new(),
        reservation: None,
        lapsed: false,
        limited: false,
        since: None,
        refused: false,
        pace: None,
        armed: Vec::new(),
        tally: None,
    }
}

/// The session's quota of this key, made where there is none and there is room for one.
pub(super) fn quota_of<'s>(session: &'s mut Session, key: &QuotaKey, most: usize) -> Option<&'s mut Quota> {
    let known = session.quotas.iter().position(|quota| quota.key == *key);
    let at = known.unwrap_or(session.quotas.len());
    if known.is_none() {
        if session.quotas.len() >= most {
            return None;
        }
        session.quotas.push(empty_quota(key));
    }
    session.quotas.get_mut(at)
}
