//! Destinations: named sets of E.164 prefixes and short codes, found by the longest prefix.

use core::hash::{BuildHasherDefault, Hasher};
use std::collections::HashMap;

use crate::charging::free_numbers::Called;
use crate::charging::units::Digits;

/// A destination's place in the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct DestinationIx(pub u16);

/// A named set of numbers. A short code is matched whole and never by an E.164 prefix.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Destination {
    /// Its name.
    pub name: Box<str>,
    /// Beginnings of E.164 numbers, country code first.
    pub prefixes: Vec<Digits>,
    /// Short codes, up to five digits.
    pub codes: Vec<Digits>,
    /// It stands for all rows of a file of destinations: where a row's own destination has the same
    /// prefix, that one is the more specific.
    pub whole_file: bool,
}

/// All prefixes and codes of a catalogue, for a look-up whose cost does not grow with their number: one
/// probe for each length of prefix in use, fifteen at most.
#[derive(Clone, Debug, Default)]
pub(super) struct Prefixes {
    /// Bit n is set where a prefix of n digits exists.
    lengths: u16,
    full: Table,
    codes: Table,
}

type Table = HashMap<u64, Vec<DestinationIx>, BuildHasherDefault<Mix>>;

impl Prefixes {
    /// Takes in the prefixes and codes of `destinations`, whose places are their order.
    pub(super) fn new(destinations: &[Destination]) -> Self {
        let mut all = Self::default();
        for (destination, place) in destinations.iter().zip(0..=u16::MAX) {
            let place = DestinationIx(place);
            for prefix in &destination.prefixes {
                all.lengths |= 1u16.checked_shl(u32::try_from(prefix.len()).unwrap_or(0)).unwrap_or(0);
                all.full.entry(prefix.packed()).or_default().push(place);
            }
            for code in &destination.codes {
                all.codes.entry(code.packed()).or_default().push(place);
            }
        }
        all
    }

    /// The destinations of each prefix of the number, longest prefix first; for a short code those that
    /// name it.
    pub(super) fn matches(&self, called: Called) -> impl Iterator<Item = &[DestinationIx]> {
        let (number, code) = match called {
            Called::E164(digits) => (Some(digits), None),
            Called::Short(digits) => (None, Some(digits)),
            Called::Other => (None, None),
        };
        let by_code = code.and_then(|digits| self.codes.get(&digits.packed()));
        let by_prefix = self.probes(number).filter_map(|prefix| self.full.get(&prefix));
        by_code.into_iter().chain(by_prefix).map(Vec::as_slice)
    }

    /// The prefixes of the number that are worth a probe, packed as [`Digits`] are, longest first.
    fn probes(&self, number: Option<Digits>) -> impl Iterator<Item = u64> {
        let lengths = self.lengths;
        let (packed, len) = number.map_or((0, 0), |digits| (digits.packed(), digits.len()));
        (1..=len).rev().filter(move |&keep| lengths.checked_shr(bits(keep)).unwrap_or(0) & 1 == 1).filter_map(
            move |keep| {
                let dropped = bits(len.checked_sub(keep)?.checked_mul(4)?);
                let digits = (packed >> 4).checked_shr(dropped)?;
                Some((digits << 4) | u64::try_from(keep).ok()?)
            },
        )
    }
}

/// A count of digits or bits as what shifts take; a count too large shifts everything out.
fn bits(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Mixes one packed number into a hash (the finaliser of SplitMix64). The keys are the operator's own,
/// so that it needs no secret; the same on every machine.
#[derive(Clone, Copy, Default)]
pub(super) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        for &octet in octets {
            self.write_u64(u64::from(octet));
        }
    }

    fn write_u64(&mut self, word: u64) {
        let mut mixed = (self.0 ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.0 = mixed ^ (mixed >> 31);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Digits {
        Digits::parse(text).unwrap()
    }

    fn destination(name: &str, prefixes: &[&str], codes: &[&str]) -> Destination {
        Destination {
            name: name.into(),
            prefixes: prefixes.iter().map(|prefix| digits(prefix)).collect(),
            codes: codes.iter().map(|code| digits(code)).collect(),
            whole_file: false,
        }
    }

    #[test]
    fn prefixes_come_longest_first_and_leading_zeros_count() {
        let all = Prefixes::new(&[
            destination("a", &["7", "7701"], &[]),
            destination("b", &["770"], &["7701"]),
            destination("c", &["00", "0"], &[]),
        ]);
        let found = |called| all.matches(called).map(|places| places[0].0).collect::<Vec<_>>();
        assert_eq!(found(Called::E164(digits("77012345678"))), [0, 1, 0]);
        assert_eq!(found(Called::E164(digits("0012345678"))), [2, 2]);
        assert_eq!(found(Called::E164(digits("15550000000"))), [0u16; 0]);
        assert_eq!(found(Called::Short(digits("7701"))), [1]);
        assert_eq!(found(Called::Short(digits("77"))), [0u16; 0]);
        assert_eq!(found(Called::Other), [0u16; 0]);
    }

    #[test]
    fn a_look_up_among_twenty_thousand_destinations_probes_at_most_fifteen_times() {
        let mut destinations: Vec<_> =
            (0..20_000u32).map(|n| destination("d", &[&format!("7{:05}", n * 4)], &[])).collect();
        destinations
            .extend((1..=Digits::MAX_LEN).map(|len| destination("l", &[&"9".repeat(len)], &["99999"])));
        let all = Prefixes::new(&destinations);
        for number in ["777777777777777", "999999999999999", "712", "0"] {
            let number = digits(number);
            assert!(all.probes(Some(number)).count() <= number.len());
        }
        assert_eq!(all.probes(Some(digits("999999999999999"))).count(), 15);
        let few = Prefixes::new(&destinations[..20_000]);
        assert_eq!(few.probes(Some(digits("700004123456789"))).count(), 1);
        let found: Vec<_> = few.matches(Called::E164(digits("70000412345"))).collect();
        assert_eq!(found, [&[DestinationIx(1)]]);
    }

    #[test]
    fn every_prefix_of_a_large_table_is_found_and_none_invented() {
        let destinations: Vec<_> =
            (0..5_000u32).map(|n| destination("d", &[&format!("{}", 1_000 + n * 7)], &[])).collect();
        let all = Prefixes::new(&destinations);
        let model: std::collections::BTreeMap<String, usize> = destinations
            .iter()
            .enumerate()
            .map(|(place, one)| (one.prefixes[0].to_string(), place))
            .collect();
        for number in (0..40_000).map(|n| (1_000 + n).to_string() + "000") {
            let slow: Vec<_> =
                (1..=number.len()).rev().filter_map(|len| model.get(number.get(..len)?).copied()).collect();
            let called = Called::E164(digits(&number));
            let fast: Vec<_> = all.matches(called).map(|places| usize::from(places[0].0)).collect();
            assert_eq!(fast, slow, "{number}");
        }
    }
}
