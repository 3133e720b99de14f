//! Areas whose devices an authority has ordered to be stopped (`SUS-4`): whoever is served there reaches emergency numbers
//! alone, also who comes there later.

use crate::charging::units::Digits;
use crate::time::Timestamp;

/// The most orders that are kept, those that were lifted included.
pub const MOST: usize = 256;

/// Digits of a country's code.
const COUNTRY: usize = 3;

/// Digits of a network's code: country and network.
const NETWORK: core::ops::RangeInclusive<usize> = 5..=6;

/// An order to stop an area. It is kept when it is lifted: who, when, why (`AUD-1`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoppedArea {
    /// The serving network, country and network code, or a country code for all its networks.
    pub network: Digits,
    /// The order.
    pub ordered: Order,
    /// That it was lifted.
    pub lifted: Option<Order>,
}

/// Who orders something, when, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Order {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub operator: Box<str>,
    /// Why.
    pub note: Option<Box<str>>,
}

/// Whether digits name an area: a network of five or six, a country of three.
pub fn is_area(network: Digits) -> bool {
    network.len() == COUNTRY || NETWORK.contains(&network.len())
}

/// Whether who is served by that network is in a stopped area.
pub fn is_stopped(areas: &[StoppedArea], serving: Option<Digits>) -> bool {
    let holds = |area: &StoppedArea| {
        area.lifted.is_none()
            && serving.is_some_and(|serving| {
                serving == area.network
                    || (area.network.len() == COUNTRY && serving.iter().take(COUNTRY).eq(area.network.iter()))
            })
    };
    areas.iter().any(holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(network: &str, lifted: bool) -> StoppedArea {
        let order = || Order { at: Timestamp::EPOCH, operator: "anna".into(), note: None };
        StoppedArea { network: Digits::parse(network).unwrap(), ordered: order(), lifted: lifted.then(order) }
    }

    /// `SUS-4`
    #[test]
    fn an_area_is_a_network_or_all_networks_of_a_country() {
        let stopped = |areas: &[StoppedArea], serving: &str| is_stopped(areas, Digits::parse(serving));
        let network = [area("40102", false)];
        assert!(stopped(&network, "40102"));
        assert!(!stopped(&network, "40101"));
        assert!(!stopped(&network, "401021"), "another network with a longer code");
        assert!(!is_stopped(&network, None), "who is nowhere known is not stopped");
        let country = [area("401", false)];
        assert!(stopped(&country, "40102") && stopped(&country, "401777"));
        assert!(!stopped(&country, "25001"));
        assert!(!stopped(&[area("40102", true)], "40102"), "it was lifted");
        let words = ["401", "40102", "310260", "40", "4010", "4010277"]
            .map(|text| is_area(Digits::parse(text).unwrap()));
        assert_eq!(words, [true, true, true, false, false, false]);
    }
}
