//! Emergency and free numbers (`FREE-1` … `FREE-3`), and called addresses as rating sees them.
//!
//! An address is `tel:` (RFC 3966), `sip:` or `sips:` (RFC 3261 §19.1), `urn:service:sos` (RFC 5031), or
//! bare digits; see [`FreeNumbers::classify`] for what is taken as what. Work is linear in the address's
//! length and nothing is allocated.

mod address;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use address::{Address, Dialled};

use super::units::Digits;

/// What a called address is, before anything else is asked (`FREE-1`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum NumberClass {
    /// Granted whatever the state of everything else (`FREE-2`).
    Emergency,
    /// Granted at price 0 to a known subscriber.
    Free,
    /// Any other.
    Ordinary,
}

/// A called address as rating sees it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Called {
    /// A full number, country code first, without `+`.
    E164(Digits),
    /// A short code of up to five digits: never the beginning of a full number.
    Short(Digits),
    /// Missing, or no number that can be understood.
    Other,
}

impl Called {
    /// The most digits of a short code.
    pub const SHORT_MAX: usize = 5;
}

/// The emergency and free numbers of a catalogue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FreeNumbers {
    /// In normal form, sorted; an emergency number is not listed as free.
    listed: Vec<(Digits, NumberClass)>,
}

impl FreeNumbers {
    /// The emergency numbers where the tariff names none: fire, police, ambulance, gas, all of them.
    pub const DEFAULT_EMERGENCY: [&str; 5] = ["101", "102", "103", "104", "112"];
    /// The free numbers where the tariff names none.
    pub const DEFAULT_FREE: [&str; 2] = ["3030", "9090"];

    /// From the lists of a tariff: short codes or full numbers. A number in both is an emergency number.
    pub fn new(emergency: &[Digits], free: &[Digits]) -> Self {
        let of = |class| move |&digits: &Digits| (Self::normal(digits), class);
        let mut listed: Vec<_> = emergency.iter().map(of(NumberClass::Emergency)).collect();
        for entry in free.iter().map(of(NumberClass::Free)) {
            if !listed.iter().any(|&(number, _)| number == entry.0) {
                listed.push(entry);
            }
        }
        listed.sort_unstable_by_key(|&(number, _)| number);
        listed.dedup_by_key(|&mut (number, _)| number);
        Self { listed }
    }

    /// What the address is.
    ///
    /// A short code is met as it stands (`112`, `+112`), behind the country or trunk prefix (`+7112`,
    /// `8112`), and behind that with an area code of three digits (`+7727112`, `8727112`): no full number
    /// looks like that. Without `+7` or `8` no area code is taken off, so that `7112` and `727112` are
    /// ordinary. A listed number of more than five digits is met in each of its national and international
    /// forms. Visual separators, spaces, parameters, percent-encoding, letter case and password parts do
    /// not matter; digits may be ASCII, full-width, Arabic-Indic or extended Arabic-Indic, other scripts
    /// are not taken. In a SIP URI the user part decides, whatever the host. A longer number that begins
    /// with a listed one is ordinary.
    pub fn classify(&self, address: &str) -> NumberClass {
        match Address::read(address) {
            Address::Sos => NumberClass::Emergency,
            Address::Number(dialled, context) => self.class_of(dialled, context),
            Address::Other => NumberClass::Ordinary,
        }
    }

    /// The listed numbers, sorted, with their classes.
    pub fn listed(&self) -> &[(Digits, NumberClass)] {
        &self.listed
    }

    fn class_of(&self, dialled: Dialled, context: Option<Dialled>) -> NumberClass {
        let whole = match dialled.called(context) {
            Called::E164(digits) | Called::Short(digits) => Some(digits),
            Called::Other => None,
        };
        let short = |code: Dialled| code.digits().filter(|code| code.len() <= Called::SHORT_MAX);
        let local = dialled.behind_country_or_trunk();
        let behind_area = local.and_then(|local| local.without_first(AREA_CODE));
        let readings = [whole, dialled.digits(), local.and_then(short), behind_area.and_then(short)]
            .into_iter()
            .flatten();
        // Emergency is the least: of several readings it wins.
        readings.filter_map(|digits| self.find(digits)).min().unwrap_or(NumberClass::Ordinary)
    }

    fn find(&self, digits: Digits) -> Option<NumberClass> {
        let at = self.listed.binary_search_by_key(&digits, |&(number, _)| number).ok()?;
        self.listed.get(at).map(|&(_, class)| class)
    }

    /// A listed number as it is kept: full numbers country code first.
    fn normal(digits: Digits) -> Digits {
        match Dialled::from_digits(digits).called(None) {
            Called::E164(normal) | Called::Short(normal) => normal,
            Called::Other => digits,
        }
    }
}

/// Digits of an area code of Kazakhstan.
const AREA_CODE: usize = 3;

/// Whether an address says that it was looked up for number portability (RFC 4694: `npdi`, `rn=`): it routes to a
/// network, and may bear another number than the one that was called.
pub fn is_routed(address: &str) -> bool {
    address::is_routed(address)
}

/// An address as rating sees it: `+77011234567`, `87011234567`, `7011234567`, `8~10 7 701 …`, `00…` and bare
/// international digits become a full number; up to five digits are a short code, also behind `+7`.
/// Parameters, separators, percent-encoding and scripts as in [`FreeNumbers::classify`].
pub fn called(address: &str) -> Called {
    match Address::read(address) {
        Address::Number(dialled, context) => dialled.called(context),
        Address::Sos | Address::Other => Called::Other,
    }
}
