//! Plans: what is included, what it costs, and how it is granted (`RES-2`, `RES-3`).

use std::sync::Arc;

use super::band::BandIx;
use super::destination::DestinationIx;
use super::fee::Fee;
use super::roaming::{Whereabouts, ZoneIx};
use super::service::ServiceIx;
use crate::charging::account::Mode;
use crate::charging::account::told::Thresholds;
use crate::charging::answer::FinalUnit;
use crate::charging::radio::Radio;
use crate::charging::request::Role;
use crate::charging::units::{Amount, Money};

/// A plan's place in the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PlanIx(pub u16);

/// What a rate or a bundle covers. Empty lists cover everything of the service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Covers {
    /// The service.
    pub service: ServiceIx,
    /// The rating groups, sorted.
    pub rating_groups: Vec<u32>,
    /// The destinations, sorted.
    pub destinations: Vec<DestinationIx>,
}

/// Another price from so many units on (`ACC-3`): what lies below costs what it did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tier {
    /// Units of the session by this rate that come before it; more than none, and more than those of the tier before.
    pub from: u64,
    /// The price of `per` units beyond them, nothing or more.
    pub price: Money,
}

/// Which legs a rate is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Direction {
    /// What the subscriber sends or has forwarded: all that costs something where nothing is said.
    #[default]
    Outgoing,
    /// What the subscriber calls or sends himself, and not what is forwarded.
    Originated,
    /// What is forwarded.
    Forwarded,
    /// What the subscriber receives.
    Incoming,
}

impl Direction {
    /// Whether a rate of this direction is for a leg.
    pub const fn covers(self, role: Role) -> bool {
        match self {
            Self::Outgoing => !matches!(role, Role::Terminating),
            Self::Originated => matches!(role, Role::Originating),
            Self::Forwarded => matches!(role, Role::Forwarding),
            Self::Incoming => matches!(role, Role::Terminating),
        }
    }

    /// How it is written in a tariff; none where nothing is said.
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Self::Outgoing => None,
            Self::Originated => Some("mo"),
            Self::Forwarded => Some("forward"),
            Self::Incoming => Some("mt"),
        }
    }
}

/// A price (`ACC-3`): `price` for each `per` units, counted in whole `step`s, at least `first` units,
/// and `connect` once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rate {
    /// What it is for.
    pub covers: Covers,
    /// What people call it in an explanation.
    pub name: Box<str>,
    /// The price of `per` units, nothing or more.
    pub price: Money,
    /// Units that `price` buys; more than none.
    pub per: u64,
    /// Units are rounded up to a multiple of it; more than none.
    pub step: u64,
    /// The least number of units charged once anything is used; zero where there is no minimum.
    pub first: u64,
    /// Charged once, with the first unit; nothing or more.
    pub connect: Money,
    /// Other prices from so many units of a session on, in their order.
    pub tiers: Vec<Tier>,
    /// The legs that it is for.
    pub direction: Direction,
    /// What it is in bands of time that have another price; no two of them hold at once.
    pub bands: Vec<BandRate>,
}

impl Rate {
    /// The highest price of `per` units that it has.
    pub fn dearest(&self) -> Money {
        self.tiers.iter().map(|tier| tier.price).fold(self.price, Money::max)
    }
}

/// A rate in a band of time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BandRate {
    /// The band.
    pub band: BandIx,
    /// The rate with the price that it has there, and without bands.
    pub rate: Rate,
}

/// What happens when a bundle is used up and no other is left (`RES-2`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Then {
    /// The plan's rates apply.
    Rates,
    /// The service stops.
    Stop,
    /// The service is limited.
    Limit(LimitIx),
}

/// A limitation's place in its plan.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct LimitIx(pub u16);

/// How a service goes on where nothing more can be had, instead of ending (RFC 8506 §5.6.2, §5.6.3).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Limitation {
    /// What the client does: a redirect or a restriction.
    pub action: FinalUnit,
    /// After how many seconds a client whose service is limited asks again; at least one.
    pub validity_secs: u32,
}

/// When a balance is low, and what follows (`RES-1`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LowBalance {
    /// It is low where less than this may still be spent.
    pub below: Money,
    /// A grant that money pays takes at most this part of what is meant and of what can still be had; at least one.
    pub divisor: u64,
}

/// Announcements to a caller, by their numbers in the clients that play them (TS 32.281).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Announcements {
    /// When the balance has become low.
    pub low: Option<u32>,
    /// Before the last quota ends.
    pub last: Option<u32>,
    /// When nothing more can be had.
    pub refused: Option<u32>,
    /// How many seconds before the end of the last quota.
    pub before_end_secs: u32,
}

/// A volume included in a plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bundle {
    /// Its name.
    pub id: Box<str>,
    /// What it pays for.
    pub covers: Covers,
    /// How much, in its service's unit; more than none.
    pub amount: Amount,
    /// Lower is used first.
    pub priority: i32,
    /// What comes after it.
    pub then: Then,
    /// At how much of its use the subscriber is told (`RES-4`); none: as the operator says for all.
    pub notify: Option<Thresholds>,
}

/// The size and manner of grants of one service (`RES-1`).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct QuotaShape {
    /// How much at a time, in the service's unit; none grants exactly what is asked for.
    pub grant: Option<u64>,
    /// At how many per cent left the client asks again, 1 to 99.
    pub threshold_percent: Option<u8>,
    /// For how many seconds, at least one.
    pub validity_secs: u32,
    /// After how many idle seconds it comes back.
    pub holding_secs: Option<u32>,
    /// After how many idle seconds time is no longer counted; of quotas of time alone.
    pub consumption_secs: Option<u32>,
    /// The most that a fast session gets at a time, in the service's unit; none: as the policy says. Not above
    /// the grant: grants do not grow.
    pub most: Option<u64>,
    /// How much at a time over one kind of radio access.
    pub radios: Vec<(Radio, u64)>,
    /// Shapes of single rating groups; these have none within them.
    pub groups: Vec<(u32, QuotaShape)>,
}

impl QuotaShape {
    /// The shape of a rating group: its own, else this.
    pub fn of_group(&self, group: Option<u32>) -> &Self {
        let own = self.groups.iter().find(|(number, _)| Some(*number) == group);
        own.map_or(self, |(_, shape)| shape)
    }

    /// How much at a time over that kind of radio access (3GPP-RAT-Type).
    pub fn grant_over(&self, radio: Option<u8>) -> Option<u64> {
        let kind = radio.and_then(Radio::of);
        let own = self.radios.iter().find(|(radio, _)| Some(*radio) == kind);
        own.map(|&(_, grant)| grant).or(self.grant)
    }
}

/// A rate that holds in zones (`ROAM-1`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ZoneRate {
    /// The zones, sorted.
    pub zones: Vec<ZoneIx>,
    /// The rate.
    pub rate: Rate,
}

/// Where a bundle pays, if not at home alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BundleZones {
    /// The bundle.
    pub bundle: Box<str>,
    /// It pays at home.
    pub home: bool,
    /// The zones in which it pays, sorted.
    pub zones: Vec<ZoneIx>,
}

/// What a plan says of roaming.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PlanRoaming {
    /// The zones that it sells, sorted; none: all.
    pub zones: Option<Vec<ZoneIx>>,
    /// Its own least balance for a trip (`ROAM-2`).
    pub threshold: Option<Money>,
    /// Its own bound of debt (`ROAM-4`).
    pub floor: Option<Money>,
    /// The rates that hold in zones, those of the plan before those of the zones themselves.
    pub rates: Vec<Arc<ZoneRate>>,
    /// Bundles that do not pay at home alone.
    pub bundles: Vec<BundleZones>,
}

impl PlanRoaming {
    /// Whether the plan sells a zone.
    pub fn sells(&self, zone: ZoneIx) -> bool {
        self.zones.as_ref().is_none_or(|zones| zones.binary_search(&zone).is_ok())
    }

    /// Whether a bundle pays somewhere.
    pub fn pays(&self, bundle: &str, there: Whereabouts) -> bool {
        let zones = self.bundles.iter().find(|one| *one.bundle == *bundle);
        match there {
            Whereabouts::Home => zones.is_none_or(|one| one.home),
            Whereabouts::Zone(zone) => zones.is_some_and(|one| one.zones.binary_search(&zone).is_ok()),
            Whereabouts::Nowhere => false,
        }
    }
}

/// When bonus money pays (`ACC-13`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum BonusOrder {
    /// Before main money.
    #[default]
    First,
    /// Once nothing can be had for main money.
    Last,
    /// Not at all.
    Never,
}

/// A plan.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// Its name.
    pub name: Box<str>,
    /// The modes of settlement that it may be sold in (`ACC-7`).
    pub modes: Vec<Mode>,
    /// Included volumes, by priority, then in the order of the file.
    pub bundles: Vec<Bundle>,
    /// Prices, in the order of the file.
    pub rates: Vec<Rate>,
    /// The shape of grants, one for each service, by its place.
    pub quotas: Vec<QuotaShape>,
    /// How services are limited, by their places.
    pub limitations: Vec<Limitation>,
    /// What happens when there is no money; none: the service ends.
    pub out_of_money: Option<LimitIx>,
    /// When the balance is low.
    pub low_balance: Option<LowBalance>,
    /// What is announced.
    pub announcements: Option<Announcements>,
    /// What it costs at a regular interval; none where it costs nothing and its bundles are not renewed.
    pub fee: Option<Fee>,
    /// It takes no new subscribers (`RES-3`).
    pub closed: bool,
    /// Services that it does not sell, and says so.
    pub without: Vec<ServiceIx>,
    /// What it says of roaming.
    pub roaming: PlanRoaming,
    /// What goes into the client's records of a session (TS 32.299 §7.2.158): 1 to 160 octets.
    pub furnish: Option<Box<str>>,
    /// When bonus money pays.
    pub bonus: BonusOrder,
}

impl Plan {
    /// Whether the rate of that place holds only while the fee is not paid.
    pub fn is_fallback(&self, rate: u16) -> bool {
        self.fee.as_ref().is_some_and(|fee| fee.fallback.binary_search(&rate).is_ok())
    }

    /// A way of limiting a service.
    pub fn limitation(&self, place: LimitIx) -> Option<&Limitation> {
        self.limitations.get(usize::from(place.0))
    }
}
