//! The catalogue itself: what a decision asks of it.

use std::sync::Arc;

use super::band::{Band, BandIx};
use super::calendar::{Calendar, Holidays};
use super::content::{Content, ContentIx};
use super::destination::{Destination, DestinationIx, Prefixes};
use super::fee::BillingRules;
use super::plan::{Bundle, Direction, Plan, PlanIx, QuotaShape, Rate};
use super::roaming::{Networks, Roaming, Whereabouts, ZoneIx};
use super::service::{Currency, RatingGroup, Service, ServiceIx};
use crate::charging::free_numbers::{Called, FreeNumbers};
use crate::charging::request::Role;
use crate::charging::units::Digits;
use crate::time::Timestamp;

/// The most versions before the one in force that are kept for use of their time.
const EARLIER_MAX: usize = 64;

/// What a catalogue is made of. Places (`ServiceIx` and the like) are the order of the lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parts {
    /// The hash of the content that it was made from.
    pub version: u64,
    /// The currency of all prices.
    pub currency: Currency,
    /// The zone in which days and months begin, an IANA name.
    pub timezone: Box<str>,
    /// The services.
    pub services: Vec<Service>,
    /// The rating groups.
    pub rating_groups: Vec<RatingGroup>,
    /// Emergency and free numbers.
    pub numbers: FreeNumbers,
    /// The destinations.
    pub destinations: Vec<Destination>,
    /// The bands of time.
    pub bands: Vec<Band>,
    /// The holidays.
    pub holidays: Holidays,
    /// The plans; their bundles in the order of use.
    pub plans: Vec<Plan>,
    /// Roaming; none: every network is home.
    pub roaming: Option<Roaming>,
    /// The content services (`RES-5`).
    pub content: Vec<Content>,
}

/// A tariff catalogue: immutable, all names resolved. It knows the versions before it, so that use is rated by
/// the version of its time (`RES-3`). A clone shares what it is made of.
#[derive(Clone, Debug)]
pub struct Catalogue {
    parts: Arc<Parts>,
    prefixes: Arc<Prefixes>,
    calendar: Arc<Calendar>,
    networks: Arc<Networks>,
    /// Service identifiers of content services, sorted.
    identifiers: Arc<Vec<(u32, ContentIx)>>,
    /// The plans, sorted by name: every request looks for one.
    names: Arc<[PlanIx]>,
    /// For each plan, for home and, where the plan says anything of roaming, each zone, for each service.
    indices: Arc<Vec<Vec<Vec<Index>>>>,
    /// Versions before this one, the latest first, each with the moment at which it ceased to be in force.
    earlier: Vec<(Timestamp, Catalogue)>,
    billing: BillingRules,
    /// Versions after this one, the next one first, each with the moment at which it comes into force.
    later: Vec<(Timestamp, Catalogue)>,
}

/// The rate found for a use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RateMatch<'a> {
    /// Its place in the plan; rates that hold in zones stand behind those of home.
    pub place: u16,
    /// The rate; in a band of time that has a price of its own, the rate of that band.
    pub rate: &'a Rate,
    /// That band.
    pub band: Option<BandIx>,
    /// The destination that selected it; none where it covers every destination.
    pub destination: Option<DestinationIx>,
}

/// What a plan says of one service, arranged for look-up.
#[derive(Clone, Debug, Default)]
struct Index {
    /// Rates by destination, in the order of the file, and destinations that only bundles name.
    named: Vec<(DestinationIx, Option<u16>)>,
    /// Rates that cover every destination, in the order of the file.
    general: Vec<u16>,
    /// Bands of time in which a rate has another price, sorted, each once.
    bands: Vec<BandIx>,
    /// Some rate is for one direction alone.
    directed: bool,
}

impl Index {
    fn of(plan: &Plan, there: Whereabouts, service: ServiceIx) -> Self {
        let mut index = Self::default();
        for (rate, place) in rates_at(plan, there) {
            if rate.covers.service != service {
                continue;
            }
            if rate.covers.destinations.is_empty() {
                index.general.push(place);
            }
            index.named.extend(rate.covers.destinations.iter().map(|&to| (to, Some(place))));
            index.bands.extend(rate.bands.iter().map(|in_band| in_band.band));
            index.directed |= rate.direction != Direction::Outgoing;
        }
        index.bands.sort_unstable();
        index.bands.dedup();
        let pays = |bundle: &Bundle| bundle.covers.service == service && plan.roaming.pays(&bundle.id, there);
        let bundles = plan.bundles.iter().filter(|bundle| pays(bundle));
        index.named.extend(bundles.flat_map(|bundle| &bundle.covers.destinations).map(|&to| (to, None)));
        index.named.sort_unstable();
        index.named.dedup();
        index
    }

    /// Whether a rate or a bundle of the service names the destination.
    fn names(&self, destination: DestinationIx) -> bool {
        let start = self.named.partition_point(|&(to, _)| to < destination);
        self.named.get(start).is_some_and(|&(to, _)| to == destination)
    }

    /// The rates that name the destination, in the order of the file.
    fn rates_to(&self, destination: DestinationIx) -> impl Iterator<Item = u16> {
        let start = self.named.partition_point(|&(to, _)| to < destination);
        self.named
            .iter()
            .skip(start)
            .take_while(move |&&(to, _)| to == destination)
            .filter_map(|&(_, place)| place)
    }
}

/// The rates of a plan that hold somewhere, with their places.
fn rates_at(plan: &Plan, there: Whereabouts) -> impl Iterator<Item = (&Rate, u16)> {
    let home = plan.rates.iter().zip(0..=u16::MAX).filter(move |_| there == Whereabouts::Home);
    let first = u16::try_from(plan.rates.len()).unwrap_or(u16::MAX);
    let abroad = plan.roaming.rates.iter().zip(first..=u16::MAX).filter(move |(rate, _)| match there {
        Whereabouts::Zone(zone) => rate.zones.binary_search(&zone).is_ok(),
        Whereabouts::Home | Whereabouts::Nowhere => false,
    });
    home.chain(abroad.map(|(rate, place)| (&rate.rate, place)))
}

/// The rate of a place in a plan.
fn rate_of(plan: &Plan, place: u16) -> Option<&Rate> {
    let place = usize::from(place);
    plan.rates.get(place).or_else(|| {
        let abroad = place.checked_sub(plan.rates.len())?;
        plan.roaming.rates.get(abroad).map(|one| &one.rate)
    })
}

impl Catalogue {
    /// Arranges checked parts for look-up. A place in them that leads nowhere is never found.
    pub fn new(parts: Parts) -> Self {
        let prefixes = Prefixes::new(&parts.destinations);
        let services = || parts.services.iter().zip(0..=u16::MAX).map(|(_, place)| ServiceIx(place));
        let zones = parts.roaming.as_ref().map_or(0, |roaming| roaming.zones.len());
        let of_plan = |plan: &Plan| {
            let abroad = !plan.roaming.rates.is_empty() || !plan.roaming.bundles.is_empty();
            let zones = (0..=u16::MAX).take(if abroad { zones } else { 0 });
            let places = zones.map(|zone| Whereabouts::Zone(ZoneIx(zone)));
            let there = core::iter::once(Whereabouts::Home).chain(places);
            there
                .map(|there| services().map(|service| Index::of(plan, there, service)).collect())
                .collect::<Vec<Vec<Index>>>()
        };
        let indices = parts.plans.iter().map(of_plan).collect();
        let networks = Networks::new(parts.roaming.as_ref());
        let content = parts.content.iter().zip(0..=u16::MAX);
        let of_one = |(content, place): (&Content, u16)| {
            content.identifiers.iter().map(|one| (*one, ContentIx(place))).collect::<Vec<_>>()
        };
        let mut identifiers: Vec<_> = content.flat_map(of_one).collect();
        identifiers.sort_unstable();
        let calendar = Calendar::new(&parts.timezone, &parts.holidays, &parts.bands);
        let mut names: Vec<_> = parts.plans.iter().zip((0..=u16::MAX).map(PlanIx)).collect();
        names.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
        let names = names.into_iter().map(|(_, place)| place).collect();
        Self {
            names,
            parts: Arc::new(parts),
            prefixes: Arc::new(prefixes),
            calendar: Arc::new(calendar),
            networks: Arc::new(networks),
            identifiers: Arc::new(identifiers),
            indices: Arc::new(indices),
            earlier: Vec::new(),
            billing: BillingRules::default(),
            later: Vec::new(),
        }
    }

    /// This catalogue with rules of its own for invoices.
    #[must_use]
    pub fn with_billing(self, billing: BillingRules) -> Self {
        Self { billing, ..self }
    }

    /// This catalogue in the place of another from that moment on: what was used before it is rated by the
    /// other. Of versions before, the latest sixty-four stay known.
    #[must_use]
    pub fn succeeding(mut self, before: &Self, at: Timestamp) -> Self {
        let latest = Self { earlier: Vec::new(), later: Vec::new(), ..before.clone() };
        let known = before.earlier.iter().take(EARLIER_MAX.saturating_sub(1));
        self.earlier = core::iter::once((at, latest)).chain(known.cloned()).collect();
        self
    }

    /// This catalogue, and those that come into force after it, the next one first: what is used then is rated by them.
    #[must_use]
    pub fn followed_by(mut self, later: Vec<(Timestamp, Self)>) -> Self {
        self.later = later;
        self
    }

    /// The version that is in force at a moment, as far as it is known: this one, or one before or after it.
    pub fn in_force(&self, at: Timestamp) -> &Self {
        if let Some((_, version)) = self.later.iter().rev().find(|&&(from, _)| from <= at) {
            return version;
        }
        let before = self.earlier.iter().take_while(|&&(until, _)| at < until).last();
        before.map_or(self, |(_, version)| version)
    }

    /// The next moment after `at` at which another version is in force.
    pub fn next_version(&self, at: Timestamp) -> Option<Timestamp> {
        let before = self.earlier.iter().map(|&(until, _)| until).take_while(|&until| at < until).last();
        before.or_else(|| self.later.iter().map(|&(from, _)| from).find(|&from| at < from))
    }

    /// The hash of the content that it was made from: equal content, equal version.
    pub fn version(&self) -> u64 {
        self.parts.version
    }

    /// The currency of all prices.
    pub fn currency(&self) -> Currency {
        self.parts.currency
    }

    /// The zone in which days and months begin, an IANA name.
    pub fn timezone(&self) -> &str {
        &self.parts.timezone
    }

    /// How credit accounts are invoiced.
    pub fn billing(&self) -> &BillingRules {
        &self.billing
    }

    /// Emergency and free numbers (`FREE-1`).
    pub fn numbers(&self) -> &FreeNumbers {
        &self.parts.numbers
    }

    /// The service that a client's context selects, see [`Service::has_context`]; the longest context
    /// where several do.
    pub fn service_of(&self, context: &str) -> Option<ServiceIx> {
        let fitting = self.services().filter(|(_, service)| service.has_context(context));
        fitting.max_by_key(|(_, service)| service.context.len()).map(|(place, _)| place)
    }

    /// A service by its place.
    pub fn service(&self, service: ServiceIx) -> Option<&Service> {
        self.parts.services.get(usize::from(service.0))
    }

    /// A service by its name.
    pub fn service_named(&self, name: &str) -> Option<ServiceIx> {
        self.services().find(|(_, service)| *service.name == *name).map(|(place, _)| place)
    }

    /// The services with their places.
    pub fn services(&self) -> impl Iterator<Item = (ServiceIx, &Service)> {
        self.parts.services.iter().zip(0..=u16::MAX).map(|(service, place)| (ServiceIx(place), service))
    }

    /// A rating group by its number; none where the catalogue does not name it.
    pub fn rating_group(&self, number: u32) -> Option<&RatingGroup> {
        self.parts.rating_groups.iter().find(|group| group.number == number)
    }

    /// The rating groups in the order of the file.
    pub fn rating_groups(&self) -> &[RatingGroup] {
        &self.parts.rating_groups
    }

    /// A plan's place by its name.
    pub fn plan_named(&self, name: &str) -> Option<PlanIx> {
        let name_of = |place: &PlanIx| self.plan(*place).map_or("", |plan| &*plan.name);
        let found = self.names.binary_search_by(|place| name_of(place).cmp(name)).ok()?;
        self.names.get(found).copied()
    }

    /// A plan by its place.
    pub fn plan(&self, plan: PlanIx) -> Option<&Plan> {
        self.parts.plans.get(usize::from(plan.0))
    }

    /// The plans with their places.
    pub fn plans(&self) -> impl Iterator<Item = (PlanIx, &Plan)> {
        self.parts.plans.iter().zip(0..=u16::MAX).map(|(plan, place)| (PlanIx(place), plan))
    }

    /// The bands of time by their places.
    pub fn bands(&self) -> &[Band] {
        &self.parts.bands
    }

    /// The holidays.
    pub fn holidays(&self) -> &Holidays {
        &self.parts.holidays
    }

    /// The next moment after `at` at which a band of time may begin or end in which the plan has another
    /// price for the service. None where no price depends on the time.
    pub fn next_boundary(
        &self,
        plan: PlanIx,
        service: ServiceIx,
        there: Whereabouts,
        at: Timestamp,
    ) -> Option<Timestamp> {
        self.calendar.next_boundary(&self.index(plan, there, service)?.bands, at)
    }

    /// The content service of a request's service identifiers; the first that there is (`RES-5`).
    pub fn content_of(&self, identifiers: &[u32]) -> Option<ContentIx> {
        let known = |identifier: &u32| self.identifiers.binary_search_by_key(identifier, |(known, _)| *known);
        let found = identifiers.iter().find_map(|identifier| known(identifier).ok())?;
        self.identifiers.get(found).map(|(_, content)| *content)
    }

    /// A content service by its place.
    pub fn content(&self, content: ContentIx) -> Option<&Content> {
        self.parts.content.get(usize::from(content.0))
    }

    /// A content service by its name.
    pub fn content_named(&self, name: &str) -> Option<&Content> {
        self.parts.content.iter().find(|content| *content.name == *name)
    }

    /// Roaming; none where every network is home.
    pub fn roaming(&self) -> Option<&Roaming> {
        self.parts.roaming.as_ref()
    }

    /// Where a serving network is, as prices see it. Where none is named the subscriber is at home.
    pub fn whereabouts(&self, serving: Option<Digits>) -> Whereabouts {
        self.networks.whereabouts(serving)
    }

    /// The same, of a subscriber of a plan: in a zone that the plan does not sell nothing is sold.
    pub fn whereabouts_of(&self, plan: PlanIx, serving: Option<Digits>) -> Whereabouts {
        match self.whereabouts(serving) {
            Whereabouts::Zone(zone) if !self.plan(plan).is_some_and(|plan| plan.roaming.sells(zone)) => {
                Whereabouts::Nowhere
            }
            there => there,
        }
    }

    /// The destinations by their places.
    pub fn destinations(&self) -> &[Destination] {
        &self.parts.destinations
    }

    /// The name of a destination.
    pub fn destination_name(&self, destination: DestinationIx) -> Option<&str> {
        self.parts.destinations.get(usize::from(destination.0)).map(|one| &*one.name)
    }

    /// The destination of the longest prefix among those that the plan's rates and bundles of this
    /// service name. Constant in the number of destinations.
    pub fn destination(&self, plan: PlanIx, service: ServiceIx, called: Called) -> Option<DestinationIx> {
        let index = self.index(plan, Whereabouts::Home, service)?;
        let named = |places: &&[DestinationIx]| self.preferred(places, |&to| index.names(to));
        self.prefixes.matches(called).find_map(|places| named(&places))
    }

    /// Whether a price of the plan for this service depends on the destination.
    pub fn priced_by_destination(&self, plan: PlanIx, there: Whereabouts, service: ServiceIx) -> bool {
        self.index(plan, there, service)
            .is_some_and(|index| index.named.iter().any(|(_, rate)| rate.is_some()))
    }

    /// The plan's rate for a use, the most specific first: one that names the rating group before one
    /// that names none; then the longest prefix of the called number among the destinations that such
    /// rates name; then one for every destination; then one that names the direction; then one that has a price of
    /// its own for the band of time; then the order of the file.
    pub fn match_rate(
        &self,
        plan: PlanIx,
        service: ServiceIx,
        rating_group: Option<u32>,
        leg: (Called, Role),
        at: Timestamp,
    ) -> Option<RateMatch<'_>> {
        self.match_rate_at(plan, service, Whereabouts::Home, rating_group, leg, at)
    }

    /// The same, anywhere: in a zone of the rates that hold there alone (`ROAM-1`).
    pub fn match_rate_at(
        &self,
        plan: PlanIx,
        service: ServiceIx,
        there: Whereabouts,
        rating_group: Option<u32>,
        (called, role): (Called, Role),
        at: Timestamp,
    ) -> Option<RateMatch<'_>> {
        self.most_specific((plan, service), there, rating_group, (called, role, false), at)
    }

    /// The rate that holds only while the plan's fee is not paid (`ACC-4`), at home, found like one of [`Catalogue::match_rate`].
    pub fn match_fallback(
        &self,
        plan: PlanIx,
        service: ServiceIx,
        rating_group: Option<u32>,
        (called, role): (Called, Role),
        at: Timestamp,
    ) -> Option<RateMatch<'_>> {
        self.plan(plan)?.fee.as_ref().filter(|fee| !fee.fallback.is_empty())?;
        self.most_specific((plan, service), Whereabouts::Home, rating_group, (called, role, true), at)
    }

    fn most_specific(
        &self,
        (plan, service): (PlanIx, ServiceIx),
        there: Whereabouts,
        rating_group: Option<u32>,
        (called, role, fallback): (Called, Role, bool),
        at: Timestamp,
    ) -> Option<RateMatch<'_>> {
        let goes = |rate: &Rate| rate.direction.covers(role);
        let called = (called, fallback);
        let named = rating_group.and_then(|group| {
            self.first_rate(plan, service, there, called, at, |rate| {
                goes(rate) && rate.covers.rating_groups.binary_search(&group).is_ok()
            })
        });
        named.or_else(|| {
            self.first_rate(plan, service, there, called, at, |rate| {
                goes(rate) && rate.covers.rating_groups.is_empty()
            })
        })
    }

    /// The plan's bundles that pay for a use, with their places, in the order of use: by priority, then
    /// in the order of the file. A bundle for destinations applies where one of them is the most specific
    /// that the plan's rates and bundles of the service name.
    pub fn bundles_for(
        &self,
        plan: PlanIx,
        service: ServiceIx,
        rating_group: Option<u32>,
        called: Called,
    ) -> impl Iterator<Item = (usize, &Bundle)> {
        self.bundles_at(plan, service, Whereabouts::Home, rating_group, called)
    }

    /// The same, anywhere.
    pub fn bundles_at(
        &self,
        plan: PlanIx,
        service: ServiceIx,
        there: Whereabouts,
        rating_group: Option<u32>,
        called: Called,
    ) -> impl Iterator<Item = (usize, &Bundle)> {
        let index = self.index(plan, there, service);
        let plan = self.plan(plan);
        let bundles = plan.map_or(&[][..], |plan| &plan.bundles);
        let places = index.and_then(|index| {
            let any_named = |places: &&[DestinationIx]| places.iter().any(|&to| index.names(to));
            self.prefixes.matches(called).find(any_named)
        });
        bundles.iter().enumerate().filter(move |(_, bundle)| {
            let covers = &bundle.covers;
            let of_group =
                || rating_group.is_some_and(|group| covers.rating_groups.binary_search(&group).is_ok());
            let goes_there = |to: &DestinationIx| covers.destinations.binary_search(to).is_ok();
            covers.service == service
                && plan.is_some_and(|plan| plan.roaming.pays(&bundle.id, there))
                && (covers.rating_groups.is_empty() || of_group())
                && (covers.destinations.is_empty()
                    || places.is_some_and(|places| places.iter().any(goes_there)))
        })
    }

    /// The shape of the plan's grants for a service, or for a rating group of it.
    pub fn quota(&self, plan: PlanIx, service: ServiceIx, group: Option<u32>) -> Option<&QuotaShape> {
        let shape = self.plan(plan)?.quotas.get(usize::from(service.0))?;
        Some(shape.of_group(group))
    }

    fn index(&self, plan: PlanIx, there: Whereabouts, service: ServiceIx) -> Option<&Index> {
        let place = match there {
            Whereabouts::Home => 0,
            Whereabouts::Zone(zone) => usize::from(zone.0).saturating_add(1),
            Whereabouts::Nowhere => return None,
        };
        self.indices.get(usize::from(plan.0))?.get(place)?.get(usize::from(service.0))
    }

    /// Of destinations with the same prefix the first that fits, a file as a whole last.
    fn preferred(
        &self,
        places: &[DestinationIx],
        fits: impl Fn(&DestinationIx) -> bool,
    ) -> Option<DestinationIx> {
        places.iter().copied().filter(|to| fits(to)).min_by_key(|&to| self.is_whole_file(to))
    }

    fn is_whole_file(&self, destination: DestinationIx) -> bool {
        self.parts.destinations.get(usize::from(destination.0)).is_some_and(|one| one.whole_file)
    }

    fn first_rate(
        &self,
        plan: PlanIx,
        service: ServiceIx,
        there: Whereabouts,
        (called, fallback): (Called, bool),
        at: Timestamp,
        fits: impl Fn(&Rate) -> bool,
    ) -> Option<RateMatch<'_>> {
        let index = self.index(plan, there, service)?;
        let words = self.plan(plan)?;
        let any_direction = |found: &RateMatch<'_>| found.rate.direction == Direction::Outgoing;
        let fitting = |place: u16, destination| {
            let rate = rate_of(words, place).filter(|rate| fits(rate))?;
            if words.is_fallback(place) != fallback {
                return None;
            }
            let plain = RateMatch { place, rate, band: None, destination };
            let band = self.calendar.holding(rate.bands.iter().map(|one| one.band), at);
            let in_band = rate.bands.iter().find(|one| Some(one.band) == band);
            Some(in_band.map_or(plain, |one| RateMatch { rate: &one.rate, band, ..plain }))
        };
        let by_destination = self.prefixes.matches(called).find_map(|places| {
            let found = places.iter().flat_map(|&to| {
                let fitting = &fitting;
                index.rates_to(to).filter_map(move |place| fitting(place, Some(to)))
            });
            found.min_by_key(|found| {
                let whole = found.destination.is_some_and(|to| self.is_whole_file(to));
                (whole, any_direction(found), found.band.is_none(), found.place)
            })
        });
        by_destination.or_else(|| {
            let mut found = index.general.iter().filter_map(|&place| fitting(place, None));
            if index.bands.is_empty() && !index.directed {
                return found.next();
            }
            found.min_by_key(|found| (any_direction(found), found.band.is_none(), found.place))
        })
    }
}
