//! Look-up tables over the sorted parts of a dictionary: by pair of numbers, and by name.

/// Positions by a pair of numbers: open addressing with a fixed multiplicative hash, so that a look-up is
/// a multiplication and, as a rule, one comparison. Keys come from dictionary files, never off the wire.
#[derive(Clone, Debug)]
pub(super) struct KeyIndex {
    /// Key and position; an empty slot has no position. The length is a power of two, at least twice the
    /// number of keys, so a probe always meets an empty slot.
    slots: Vec<(u64, Option<u32>)>,
    shift: u32,
}

impl KeyIndex {
    /// The index of distinct keys, each at the position in which it comes.
    pub(super) fn new(keys: impl ExactSizeIterator<Item = (u32, u32)>) -> Self {
        let length = keys.len().saturating_mul(2).next_power_of_two().max(2);
        let mut index = Self { slots: vec![(0, None); length], shift: 64 - length.trailing_zeros() };
        for (position, (high, low)) in keys.enumerate() {
            index.insert(join(high, low), u32::try_from(position).ok());
        }
        index
    }

    /// The position of a key.
    pub(super) fn find(&self, high: u32, low: u32) -> Option<usize> {
        let key = join(high, low);
        let mut slot = self.home(key);
        loop {
            match self.slots.get(slot) {
                Some((taken, Some(position))) if *taken == key => return usize::try_from(*position).ok(),
                Some((_, Some(_))) => slot = self.after(slot),
                Some((_, None)) | None => return None,
            }
        }
    }

    fn insert(&mut self, key: u64, position: Option<u32>) {
        let mut slot = self.home(key);
        while let Some((_, Some(_))) = self.slots.get(slot) {
            slot = self.after(slot);
        }
        if let Some(free) = self.slots.get_mut(slot) {
            *free = (key, position);
        }
    }

    fn home(&self, key: u64) -> usize {
        let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        usize::try_from(hash >> self.shift).unwrap_or(0)
    }

    fn after(&self, slot: usize) -> usize {
        slot.wrapping_add(1) & self.slots.len().wrapping_sub(1)
    }
}

fn join(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// Positions by name, whatever the case of its ASCII letters; a name may have several positions.
#[derive(Clone, Debug)]
pub(super) struct NameIndex {
    /// Names in small letters with their positions, sorted.
    entries: Vec<(Box<str>, usize)>,
}

impl NameIndex {
    /// The index of names, each at the position in which it comes.
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut entries: Vec<(Box<str>, usize)> =
            names.enumerate().map(|(at, name)| (name.to_ascii_lowercase().into(), at)).collect();
        entries.sort();
        Self { entries }
    }

    /// The positions of a name, ascending.
    pub(super) fn find(&self, name: &str) -> impl Iterator<Item = usize> {
        let name = name.to_ascii_lowercase();
        let start = self.entries.partition_point(|(entry, _)| entry.as_ref() < name.as_str());
        self.entries.iter().skip(start).take_while(move |(entry, _)| **entry == *name).map(|(_, at)| *at)
    }
}

/// Longest name that is compared letter by letter; longer ones have no near neighbour.
const MAX_COMPARED: usize = 128;

/// The name that takes the fewest changes of a letter to become `wanted`, if that is at most a third of it.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_ascii_lowercase();
    if wanted.len() > MAX_COMPARED {
        return None;
    }
    let limit = wanted.chars().count().div_euclid(3).max(1);
    names
        .filter(|name| name.len() <= MAX_COMPARED)
        .map(|name| (distance(&wanted, &name.to_ascii_lowercase()), name))
        .filter(|(changes, _)| *changes <= limit)
        .min_by_key(|(changes, name)| (*changes, *name))
        .map(|(_, name)| name)
}

/// How many letters are put in, left out, changed, or exchanged with their neighbour between two texts.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    let mut last = None;
    for (line, letter) in from.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        let mut left = line.saturating_add(1);
        next.push(left);
        let mut previous = None;
        for (at, ((other, above), diagonal)) in to.iter().zip(row.iter().skip(1)).zip(row.iter()).enumerate()
        {
            let changed = diagonal.saturating_add(usize::from(letter != *other));
            left = changed.min(left.saturating_add(1)).min(above.saturating_add(1));
            if last == Some(*other) && previous == Some(letter) {
                let exchanged =
                    at.checked_sub(1).and_then(|at| before.get(at)).map(|cost| cost.saturating_add(1));
                left = left.min(exchanged.unwrap_or(left));
            }
            previous = Some(*other);
            next.push(left);
        }
        last = Some(letter);
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_key_is_found_at_its_position_and_no_other_key_is(
            keys in proptest::collection::btree_set((0_u32..4, any::<u32>()), 0..300),
            stranger in (0_u32..4, any::<u32>()),
        ) {
            let keys: Vec<(u32, u32)> = keys.into_iter().collect();
            let index = KeyIndex::new(keys.iter().copied());
            for (position, (high, low)) in keys.iter().enumerate() {
                prop_assert_eq!(index.find(*high, *low), Some(position));
            }
            let expected = keys.iter().position(|key| *key == stranger);
            prop_assert_eq!(index.find(stranger.0, stranger.1), expected);
        }
    }

    #[test]
    fn a_name_has_all_of_its_positions_whatever_its_case() {
        let index = NameIndex::new(["Service-Id", "Priority", "Service-ID"].into_iter());
        assert_eq!(index.find("SERVICE-id").collect::<Vec<_>>(), [0, 2]);
        assert_eq!(index.find("priority").collect::<Vec<_>>(), [1]);
        assert_eq!(index.find("Service").count(), 0);
    }

    #[test]
    fn the_nearest_name_is_offered_only_when_it_is_near() {
        let names = ["CC-Request-Type", "CC-Request-Number", "Rating-Group"];
        assert_eq!(nearest("cc-reqest-typ", names.into_iter()), Some("CC-Request-Type"));
        assert_eq!(nearest("RatingGroup", names.into_iter()), Some("Rating-Group"));
        assert_eq!(nearest("Session-Id", names.into_iter()), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("alhpa", "alpha"), 1);
        assert_eq!(distance("ca", "abc"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
