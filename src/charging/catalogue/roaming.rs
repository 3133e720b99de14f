//! Roaming in the tariff: which serving networks are home, the zones of all others, and what a plan says of them
//! (`ROAM-1`, `ROAM-2`, `ROAM-4`).

use core::hash::BuildHasherDefault;
use std::collections::HashMap;

use super::destination::Mix;
use crate::charging::units::{Digits, Money};

/// Digits of a country's code (MCC, ITU-T E.212).
const COUNTRY_DIGITS: usize = 3;

/// Country codes that are one country: the first is the one that stands for all up to the last.
const ONE_COUNTRY: [(u16, u16); 5] = [(234, 235), (310, 316), (404, 406), (440, 441), (460, 461)];

/// A zone's place in the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ZoneIx(pub u16);

/// A country by its code (MCC). Countries of several codes go by the first of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Country(u16);

impl Country {
    /// The country of a network of five or six digits, or of a country's code itself.
    pub fn of(network: Digits) -> Option<Self> {
        if network.len() < COUNTRY_DIGITS {
            return None;
        }
        let code = network
            .iter()
            .take(COUNTRY_DIGITS)
            .fold(0u16, |code, digit| code.saturating_mul(10).saturating_add(u16::from(digit)));
        Self::from_code(code)
    }

    /// The country of a code; none beyond 999.
    pub fn from_code(code: u16) -> Option<Self> {
        let whole = ONE_COUNTRY.iter().find(|(first, last)| (*first..=*last).contains(&code));
        (code <= 999).then_some(Self(whole.map_or(code, |(first, _)| *first)))
    }

    /// Its code.
    pub const fn code(self) -> u16 {
        self.0
    }
}

impl core::fmt::Display for Country {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

/// Where a serving network is, as prices see it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Whereabouts {
    /// At home; also where nothing is said of the network.
    Home,
    /// In a zone.
    Zone(ZoneIx),
    /// In no zone: nothing is sold there.
    Nowhere,
}

/// A zone: networks abroad of the same prices.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone {
    /// Its name.
    pub name: Box<str>,
    /// Its networks: five or six digits, or the three of a country for all networks of it that stand nowhere else.
    pub networks: Vec<Digits>,
    /// Its networks charge in real time; where they do not, use is charged when it is too late to refuse it.
    pub realtime: bool,
    /// The least balance with which a trip begins there, where it is another than elsewhere (`ROAM-2`).
    pub threshold: Option<Money>,
    /// How far roaming there may run into debt, where it is another than elsewhere (`ROAM-4`).
    pub floor: Option<Money>,
}

/// What the tariff says of roaming as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Roaming {
    /// The networks that are home: five or six digits, or the three of a country.
    pub home: Vec<Digits>,
    /// The zones, by their places.
    pub zones: Vec<Zone>,
    /// What a network in no zone is.
    pub elsewhere: Whereabouts,
    /// The least balance with which a trip begins (`ROAM-2`); nothing: none is asked for.
    pub threshold: Money,
    /// How far roaming may run into debt beyond what may be spent at home, in zones whose networks do not charge in real
    /// time (`ROAM-4`).
    pub floor: Money,
    /// Who is back in a country after no more than so many seconds elsewhere is still on the trip (`ROAM-3`).
    pub again_secs: u32,
}

impl Roaming {
    /// Who crosses a border to and fro is on one trip: 24 hours.
    pub const AGAIN_SECS: u32 = 86_400;

    /// A zone by its place.
    pub fn zone(&self, zone: ZoneIx) -> Option<&Zone> {
        self.zones.get(usize::from(zone.0))
    }

    /// Whether networks of that country are home: there are no trips to it.
    pub fn is_home_country(&self, country: Country) -> bool {
        self.home.iter().any(|network| Country::of(*network) == Some(country))
    }
}

/// All networks that the tariff names, for a look-up whose cost does not grow with their number.
#[derive(Clone, Debug)]
pub(super) struct Networks {
    known: HashMap<u64, Whereabouts, BuildHasherDefault<Mix>>,
    elsewhere: Whereabouts,
}

impl Networks {
    pub(super) fn new(roaming: Option<&Roaming>) -> Self {
        let mut known = HashMap::default();
        let Some(roaming) = roaming else { return Self { known, elsewhere: Whereabouts::Home } };
        for (zone, place) in roaming.zones.iter().zip(0..=u16::MAX) {
            let there = Whereabouts::Zone(ZoneIx(place));
            known.extend(zone.networks.iter().map(|network| (network.packed(), there)));
        }
        known.extend(roaming.home.iter().map(|network| (network.packed(), Whereabouts::Home)));
        Self { known, elsewhere: roaming.elsewhere }
    }

    /// Where a serving network is: what is said of it, else of its country, else of networks in no zone. Where no network
    /// is named the subscriber is at home.
    pub(super) fn whereabouts(&self, serving: Option<Digits>) -> Whereabouts {
        let Some(serving) = serving else { return Whereabouts::Home };
        let known = |digits: Digits| self.known.get(&digits.packed()).copied();
        known(serving).or_else(|| first(serving).and_then(known)).unwrap_or(self.elsewhere)
    }
}

/// The country's digits of a network.
fn first(network: Digits) -> Option<Digits> {
    let packed =
        network.iter().take(COUNTRY_DIGITS).fold(0u64, |packed, digit| (packed << 4) | u64::from(digit));
    Digits::from_packed((packed << 4) | u64::try_from(COUNTRY_DIGITS).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Digits {
        Digits::parse(text).unwrap()
    }

    fn roaming(elsewhere: Whereabouts) -> Roaming {
        let zone = |name: &str, networks: &[&str]| Zone {
            name: name.into(),
            networks: networks.iter().map(|one| network(one)).collect(),
            realtime: true,
            threshold: None,
            floor: None,
        };
        Roaming {
            home: vec![network("40102")],
            zones: vec![zone("near", &["437", "40101"]), zone("far", &["310", "43705"])],
            elsewhere,
            threshold: Money::ZERO,
            floor: Money::ZERO,
            again_secs: Roaming::AGAIN_SECS,
        }
    }

    #[test]
    fn a_network_is_where_it_is_named_else_where_its_country_is() {
        let networks = Networks::new(Some(&roaming(Whereabouts::Nowhere)));
        let there = |text: &str| networks.whereabouts(Some(network(text)));
        let zone = |place| Whereabouts::Zone(ZoneIx(place));
        for (text, place) in [
            ("40102", Whereabouts::Home),
            ("40101", zone(0)),
            ("40177", Whereabouts::Nowhere),
            ("43701", zone(0)),
            ("43705", zone(1)),
            ("310410", zone(1)),
            ("28601", Whereabouts::Nowhere),
        ] {
            assert_eq!(there(text), place, "{text}");
        }
        assert_eq!(networks.whereabouts(None), Whereabouts::Home);
        let networks = Networks::new(Some(&roaming(zone(0))));
        assert_eq!(networks.whereabouts(Some(network("28601"))), zone(0));
        assert_eq!(Networks::new(None).whereabouts(Some(network("28601"))), Whereabouts::Home);
    }

    #[test]
    fn a_country_of_several_codes_is_one() {
        let of = |text: &str| Country::of(network(text)).unwrap().to_string();
        assert_eq!(
            ["310410", "31601", "23501", "405840", "44150", "28601", "00101"].map(of),
            ["310", "310", "234", "404", "440", "286", "001"]
        );
        assert_eq!(Country::of(network("40")), None);
        assert_eq!(Country::from_code(1_000), None);
        assert!(roaming(Whereabouts::Home).is_home_country(Country::from_code(401).unwrap()));
    }
}
