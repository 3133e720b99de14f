//! On what terms something is used: its service and unit, the rate or that it is free, the bundles that
//! pay for it, the shape of its grants.

use crate::charging::account::{Allowance, Subscriber};
use crate::charging::answer::Denial;
use crate::charging::catalogue::{
    BonusOrder, Catalogue, ContentIx, LimitIx, Limitation, LowBalance, PlanIx, QuotaShape, Rate, ServiceIx,
    Then, Unpaid, Whereabouts,
};
use crate::charging::free_numbers::{Called, FreeNumbers, NumberClass, called, is_routed};
use crate::charging::request::{Parties, Place, Role};
use crate::charging::session::RateKey;
use crate::charging::units::Unit;
use crate::time::Timestamp;

/// Where a call or message goes, as rating sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leg {
    /// The number it goes to.
    pub called: Called,
    /// What the number is; ordinary for an incoming leg.
    pub class: NumberClass,
    /// Which leg it is: one that comes in costs nothing at home (`IN-1`).
    pub role: Role,
}

impl Leg {
    /// The leg of a call: to the called party after translation, or as dialled where that is no number, or one that
    /// only routes to the network of a ported number. Traffic without parties has a leg that goes nowhere.
    pub fn of(parties: &Parties, numbers: &FreeNumbers) -> Self {
        let addresses = || [&parties.called, &parties.requested].into_iter().flatten();
        let number = |address: &str| Some(called(address)).filter(|&called| called != Called::Other);
        let mut last = addresses().filter(|address| is_routed(address));
        let mut first = addresses().filter(|address| !is_routed(address));
        let to =
            first.find_map(|address| number(address)).or_else(|| last.find_map(|address| number(address)));
        let class = addresses().map(|address| numbers.classify(address)).fold(NumberClass::Ordinary, freer);
        Self::new(parties.role, to.unwrap_or(Called::Other), class)
    }

    /// The leg of a message to one recipient.
    pub fn to(recipient: &str, role: Role, numbers: &FreeNumbers) -> Self {
        Self::new(role, called(recipient), numbers.classify(recipient))
    }

    fn new(role: Role, called: Called, class: NumberClass) -> Self {
        let class = if role == Role::Terminating { NumberClass::Ordinary } else { class };
        Self { called, class, role }
    }

    /// The subscriber is called.
    pub fn is_incoming(&self) -> bool {
        self.role == Role::Terminating
    }

    /// It goes to a free or emergency number (`FREE-1`).
    pub fn is_free(&self) -> bool {
        self.class != NumberClass::Ordinary
    }
}

/// The class that asks for less.
fn freer(one: NumberClass, other: NumberClass) -> NumberClass {
    match (one, other) {
        (NumberClass::Emergency, _) | (_, NumberClass::Emergency) => NumberClass::Emergency,
        (NumberClass::Free, _) | (_, NumberClass::Free) => NumberClass::Free,
        (NumberClass::Ordinary, NumberClass::Ordinary) => NumberClass::Ordinary,
    }
}

/// What a unit costs once no bundle pays for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Price<'c> {
    /// Nothing, whatever the balance; no bundle is touched.
    Free,
    /// What the rate says.
    Rate(&'c Rate, RateKey),
    /// It has no price, for this reason: only bundles can pay.
    None(Denial),
}

impl Price<'_> {
    /// Whether it comes from the same rate.
    fn is_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rate(_, one), Self::Rate(_, other)) => one == other,
            (Self::Free, Self::Free) | (Self::None(_), Self::None(_)) => true,
            (Self::Rate(..) | Self::Free | Self::None(_), _) => false,
        }
    }
}

/// A bundle that pays for a use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Source {
    /// Its place among the subscriber's allowances.
    pub allowance: usize,
    /// What comes after it where it is the last.
    pub then: Then,
    /// Its place in the order of use: priority, end, place in the plan.
    pub order: (i32, Timestamp, usize),
}

/// On what terms something is used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terms<'c> {
    /// The service's name; nothing where there is none.
    pub service: &'c str,
    /// When bonus money pays.
    pub bonus: BonusOrder,
    /// What it is counted in.
    pub unit: Unit,
    /// The longest call, in seconds.
    pub max_call_secs: Option<u64>,
    /// The shape of grants.
    pub shape: Option<&'c QuotaShape>,
    /// What it costs.
    pub price: Price<'c>,
    /// The bundles that pay for it, in the order of use: by priority, then the earliest end, then the
    /// order of the file (`RES-2`).
    pub bundles: Vec<Source>,
    /// Money may pay when bundles are used up.
    pub money: bool,
    /// When the balance is low.
    pub low_balance: Option<LowBalance>,
    /// How the service goes on when nothing more can be had; none: it ends.
    pub limitation: Option<&'c Limitation>,
}

impl Terms<'_> {
    /// Why nothing can be granted at all, where that is so: no rate and no bundle.
    pub fn denial(&self) -> Option<Denial> {
        match self.price {
            Price::None(denial) if self.bundles.is_empty() => Some(denial),
            Price::None(_) | Price::Free | Price::Rate(..) => None,
        }
    }

    /// Units of bundles that nobody holds.
    pub fn bundle_units(&self, subscriber: &Subscriber) -> u64 {
        let free = |source: &Source| subscriber.allowances.get(source.allowance).map_or(0, Allowance::free);
        self.bundles.iter().map(free).fold(0, u64::saturating_add)
    }
}

/// What is asked of the tariff: a plan, a service, a rating group within it, and a leg.
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// The subscriber's plan; none where the catalogue has no such plan.
    pub plan: Option<PlanIx>,
    /// The session's service. A rating group that the catalogue gives to another service is of that.
    pub service: ServiceIx,
    /// The rating group.
    pub rating_group: Option<u32>,
    /// The content service, where the service identifiers name one (`RES-5`).
    pub content: Option<ContentIx>,
    /// Where it goes.
    pub leg: Leg,
    /// Where the subscriber is when it is used (`ROAM-1`).
    pub place: Place,
    /// When it is used: the price is that of then.
    pub at: Timestamp,
    /// By when it is used: a bundle that has ended by then does not pay.
    pub until: Timestamp,
}

/// Finds the terms, in the version of the catalogue that is in force when it is used. Without a plan or a
/// service nothing has a price.
pub fn terms<'c>(catalogue: &'c Catalogue, subscriber: &Subscriber, query: Query) -> Terms<'c> {
    let (catalogue, query) = in_version(catalogue, subscriber, query);
    let place = service_of(catalogue, query);
    let service = catalogue.service(place);
    let mut terms = Terms {
        service: service.map_or("", |service| &service.name),
        bonus: BonusOrder::default(),
        unit: service.map_or(Unit::Pieces, |service| service.unit),
        max_call_secs: service.and_then(|service| service.max_call_secs),
        shape: None,
        price: Price::None(Denial::NoRate),
        bundles: Vec::new(),
        money: true,
        low_balance: None,
        limitation: None,
    };
    let Some(plan) = query.plan else { return terms };
    terms.shape = catalogue.quota(plan, place, query.rating_group);
    let words = catalogue.plan(plan);
    terms.low_balance = words.and_then(|words| words.low_balance);
    terms.bonus = words.map_or_else(BonusOrder::default, |words| words.bonus);
    let limited = |by: Option<LimitIx>| {
        let found = words.zip(by).and_then(|(words, by)| words.limitation(by));
        found.filter(|found| service.is_some_and(|service| service.takes(&found.action)))
    };
    terms.limitation = limited(words.and_then(|words| words.out_of_money));
    let without = is_without(subscriber, query.at);
    terms.price = price(catalogue, query, without);
    if matches!(terms.price, Price::Free) {
        terms.limitation = None;
        return terms;
    }
    let fee = words.and_then(|words| words.fee.as_ref());
    if without && fee.is_some_and(|fee| fee.unpaid == Unpaid::Stop) {
        terms.money = false;
        return terms;
    }
    // bundles are for what goes out
    let there = catalogue.whereabouts_of(plan, query.place.serving_plmn);
    if subscriber.allowances.is_empty() || (query.leg.is_incoming() && there == Whereabouts::Home) {
        return terms;
    }
    let called = query.leg.called;
    let bundles = catalogue.bundles_at(plan, place, there, query.rating_group, called);
    for (file_order, bundle) in bundles {
        let of_it = |(_, allowance): &(usize, &Allowance)| {
            allowance.bundle == bundle.id
                && allowance.unit == bundle.amount.unit
                && allowance.expires.is_none_or(|end| end > query.until)
        };
        for (allowance, one) in subscriber.allowances.iter().enumerate().filter(of_it) {
            let order = (bundle.priority, one.expires.unwrap_or(Timestamp::MAX), file_order);
            terms.bundles.push(Source { allowance, then: bundle.then, order });
        }
    }
    terms.bundles.sort_by_key(|source| source.order);
    match terms.bundles.last().map(|last| last.then) {
        None => (),
        Some(Then::Rates) if subscriber.overage => (),
        Some(Then::Rates | Then::Stop) => (terms.money, terms.limitation) = (false, None),
        Some(Then::Limit(by)) => (terms.money, terms.limitation) = (false, limited(Some(by))),
    }
    terms
}

/// The next moment after that of the query, and before `end`, at which the price is another: a band of time
/// begins or ends, or another version of the catalogue came into force.
pub fn next_change(
    catalogue: &Catalogue,
    subscriber: &Subscriber,
    query: Query,
    end: Timestamp,
) -> Option<Timestamp> {
    let price_at = |at: Timestamp| {
        let (catalogue, query) = in_version(catalogue, subscriber, Query { at, ..query });
        price(catalogue, query, is_without(subscriber, at))
    };
    let boundary = |at: Timestamp| {
        let (version, query) = in_version(catalogue, subscriber, Query { at, ..query });
        let of_band = query.plan.and_then(|plan| {
            let there = version.whereabouts_of(plan, query.place.serving_plmn);
            version.next_boundary(plan, service_of(version, query), there, at)
        });
        let of_version = catalogue.next_version(at);
        let of_fee = subscriber.life.billing.and_then(|billing| billing.next_change(at));
        of_band.into_iter().chain(of_version).chain(of_fee).min().filter(|&next| next < end)
    };
    let mut next = boundary(query.at)?;
    let now = price_at(query.at);
    while price_at(next).is_as(&now) {
        next = boundary(next)?;
    }
    Some(next)
}

/// The version of the catalogue that was in force when it was used, and the query in its words: those of this
/// one where that one has no such plan or service, or no price.
fn in_version<'c>(catalogue: &'c Catalogue, subscriber: &Subscriber, query: Query) -> (&'c Catalogue, Query) {
    let version = catalogue.in_force(query.at);
    if core::ptr::eq(version, catalogue) {
        return (catalogue, query);
    }
    let translated = || {
        let service = version.service_named(&catalogue.service(query.service)?.name)?;
        let plan = version.plan_named(&subscriber.plan)?;
        let then = Query { plan: Some(plan), service, ..query };
        let unit = |catalogue: &Catalogue, query| Some(catalogue.service(service_of(catalogue, query))?.unit);
        let same_unit = unit(version, then) == unit(catalogue, query);
        let without = is_without(subscriber, query.at);
        (same_unit && !matches!(price(version, then, without), Price::None(_))).then_some(then)
    };
    translated().map_or((catalogue, query), |then| (version, then))
}

/// The service: that of the rating group, else the session's.
fn service_of(catalogue: &Catalogue, query: Query) -> ServiceIx {
    let group = query.rating_group.and_then(|number| catalogue.rating_group(number));
    group.map_or(query.service, |group| group.service)
}

/// Whether it is used without the fee of the plan (`ACC-4`).
fn is_without(subscriber: &Subscriber, at: Timestamp) -> bool {
    subscriber.life.billing.is_some_and(|billing| billing.is_without(at))
}

/// The place of the plan in the key of a rate that is of a content service, in every plan.
const CONTENT_PLAN: u16 = u16::MAX;

fn price(catalogue: &Catalogue, query: Query, without: bool) -> Price<'_> {
    let Some(plan) = query.plan else { return Price::None(Denial::NoRate) };
    let group = query.rating_group.and_then(|number| catalogue.rating_group(number));
    let there = catalogue.whereabouts_of(plan, query.place.serving_plmn);
    // what costs nothing at home has its price abroad
    let free = there == Whereabouts::Home && group.is_some_and(|group| group.free);
    if query.leg.is_free() || free {
        return Price::Free;
    }
    let content = query.content.and_then(|place| Some((place, catalogue.content(place)?.rate.as_ref()?)));
    if let Some((place, rate)) = content.filter(|_| there != Whereabouts::Nowhere) {
        let (version, band) = (catalogue.version(), u16::MAX);
        let key = RateKey { version, plan: CONTENT_PLAN, rate: place.0, destination: u16::MAX, band };
        return Price::Rate(rate, key);
    }
    let place = group.map_or(query.service, |group| group.service);
    // who receives is the called party himself: it goes to no destination
    let called = if query.leg.is_incoming() { Called::Other } else { query.leg.called };
    let leg = (called, query.leg.role);
    let at_home = without && there == Whereabouts::Home;
    let fallback = || catalogue.match_fallback(plan, place, query.rating_group, leg, query.at);
    let ordinary = || catalogue.match_rate_at(plan, place, there, query.rating_group, leg, query.at);
    match at_home.then(fallback).flatten().or_else(ordinary) {
        None if query.leg.is_incoming() && there == Whereabouts::Home => Price::Free,
        Some(found) => {
            let key = RateKey {
                version: catalogue.version(),
                plan: plan.0,
                rate: found.place,
                destination: found.destination.map_or(u16::MAX, |destination| destination.0),
                band: found.band.map_or(u16::MAX, |band| band.0),
            };
            Price::Rate(found.rate, key)
        }
        None if there == Whereabouts::Nowhere => Price::None(Denial::NotThere),
        None if called == Called::Other
            && !query.leg.is_incoming()
            && catalogue.priced_by_destination(plan, there, place) =>
        {
            Price::None(Denial::NoDestination)
        }
        None => Price::None(Denial::NoRate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::decide::tests::world::tariff;

    fn leg(role: Role, called: Option<&str>, requested: Option<&str>) -> Leg {
        let (called, requested) = (called.map(Into::into), requested.map(Into::into));
        Leg::of(&Parties { role, called, requested, recipients: Vec::new() }, &tariff().numbers)
    }

    #[test]
    fn a_call_goes_to_the_called_party_or_as_dialled_where_that_is_no_number() {
        let to = |called, requested| leg(Role::Originating, called, requested).called;
        let one = to(Some("tel:+77051112233"), None);
        assert!(matches!(one, Called::E164(_)));
        assert_eq!(to(Some("tel:+77051112233"), Some("+77021112233")), one);
        assert_eq!(to(Some("sip:alice@example.org"), Some("87051112233")), one);
        assert_eq!(to(None, None), Called::Other);
        let ported = "tel:+77770009999;npdi;rn=+77770009999";
        assert_eq!(to(Some(ported), Some("+77051112233")), one);
        assert_ne!(to(Some(ported), None), Called::Other, "better than nothing");
        assert_eq!(to(Some(ported), Some("sip:alice@example.org")), to(Some(ported), None));
    }

    #[test]
    fn the_freest_of_both_addresses_counts_and_none_of_an_incoming_leg() {
        let class = |role, called, requested| leg(role, called, requested).class;
        assert_eq!(class(Role::Originating, Some("9090"), Some("112")), NumberClass::Emergency);
        assert_eq!(class(Role::Originating, Some("+77051112233"), Some("3030")), NumberClass::Free);
        assert_eq!(class(Role::Forwarding, Some("103"), None), NumberClass::Emergency);
        let incoming = leg(Role::Terminating, Some("103"), None);
        assert_eq!((incoming.class, incoming.is_free()), (NumberClass::Ordinary, false));
        assert!(incoming.is_incoming());
        assert!(!leg(Role::Originating, None, None).is_free());
    }
}
