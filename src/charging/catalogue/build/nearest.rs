//! The name that was probably meant.

/// Longer words are not compared.
const WORD_MAX: usize = 64;

/// The candidate that differs from `word` in the fewest letters, where that is less than about a third of
/// them; the first of several.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().flat_map(char::to_lowercase).take(WORD_MAX).collect();
    let most = word.len().div_ceil(3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            let letters: Vec<char> = candidate.chars().flat_map(char::to_lowercase).take(WORD_MAX).collect();
            (distance(&word, &letters), candidate)
        })
        .filter(|&(distance, _)| distance <= most)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Letters to change, insert, leave out, or swap with their neighbour.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    let mut from_before = None;
    for (&letter, down) in from.iter().zip(1usize..) {
        let mut row = vec![down];
        let mut to_before = None;
        for (&other, across) in to.iter().zip(1usize..) {
            let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX);
            let left = across.saturating_sub(1);
            let changed = at(&above, left).saturating_add(usize::from(letter != other));
            let mut least =
                changed.min(at(&above, across).saturating_add(1)).min(at(&row, left).saturating_add(1));
            if from_before == Some(other) && to_before == Some(letter) {
                least = least.min(at(&before, across.saturating_sub(2)).saturating_add(1));
            }
            row.push(least);
            to_before = Some(other);
        }
        before = core::mem::replace(&mut above, row);
        from_before = Some(letter);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_meant_is_found_and_a_strange_one_is_not() {
        let keys = ["price", "per", "step", "first", "service", "rating_groups"];
        for (word, wanted) in [
            ("pric", Some("price")),
            ("prcie", Some("price")),
            ("Price", Some("price")),
            ("rating_group", Some("rating_groups")),
            ("setp", Some("step")),
            ("pre", Some("per")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, keys), wanted, "{word}");
        }
    }

    #[test]
    fn distances_are_those_of_the_textbook() {
        for (from, to, wanted) in [
            ("kitten", "sitting", 3),
            ("ab", "ba", 1),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("ca", "abc", 3),
        ] {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            assert_eq!(distance(&letters(from), &letters(to)), wanted, "{from} {to}");
        }
    }
}
