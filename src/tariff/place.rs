//! Places in files: what an origin stands for, and how a place is shown.

use core::fmt::Write as _;
use core::ops::Range;

use crate::charging::catalogue::build::Origin;

/// A stretch of a file, in octets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// The file's name within the tariff.
    pub(super) file: Box<str>,
    /// From where to where.
    pub(super) span: Range<usize>,
}

/// Places by origin.
#[derive(Default, Debug)]
pub(super) struct Places(Vec<Place>);

impl Places {
    /// Keeps a place and gives it an origin.
    pub(super) fn add(&mut self, file: &str, span: Range<usize>) -> Origin {
        let origin = Origin(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(Place { file: file.into(), span });
        origin
    }

    /// The place of an origin.
    pub(super) fn get(&self, origin: Origin) -> Option<&Place> {
        self.0.get(usize::try_from(origin.0).ok()?)
    }
}

/// Where a stretch of a text begins, and the line that it begins in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Shown {
    /// Counted from 1.
    pub(super) line: usize,
    /// Characters, counted from 1.
    pub(super) column: usize,
    /// The line, cut where it is long, and the marks below it.
    pub(super) excerpt: String,
}

/// Characters of a line that are shown before the place and after its beginning.
const BEFORE: usize = 60;
const AFTER: usize = 80;

/// Finds and shows a stretch.
pub(super) fn show(text: &str, span: &Range<usize>) -> Shown {
    let start = (0..=span.start.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let (before, from) = text.split_at_checked(start).unwrap_or((text, ""));
    let line = before.bytes().filter(|&octet| octet == b'\n').count().saturating_add(1);
    let head = before.rsplit_once('\n').map_or(before, |(_, head)| head);
    let tail = from.split('\n').next().unwrap_or("").trim_end_matches('\r');
    let column = head.chars().count().saturating_add(1);
    let marked = span.end.saturating_sub(start).min(tail.len()).max(1);
    let marks = tail.char_indices().take(AFTER).take_while(|&(at, _)| at < marked).count().max(1);

    let skipped = head.chars().count().saturating_sub(BEFORE);
    let cut_left = if skipped > 0 { "…" } else { "" };
    let cut_right = if tail.chars().count() > AFTER { "…" } else { "" };
    let head: String = head.chars().skip(skipped).map(printable).collect();
    let tail: String = tail.chars().take(AFTER).map(printable).collect();
    let gutter = line.to_string().len();
    let indent = head.chars().count().saturating_add(cut_left.chars().count());
    let mut excerpt = String::new();
    let _ = writeln!(excerpt, "{:gutter$} |", "");
    let _ = writeln!(excerpt, "{line} | {cut_left}{head}{tail}{cut_right}");
    let _ = write!(excerpt, "{:gutter$} | {:indent$}{}", "", "", "^".repeat(marks));
    Shown { line, column, excerpt }
}

/// A character as a terminal may show it: no control characters, a tab as a space.
fn printable(one: char) -> char {
    if one.is_control() { ' ' } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_with_its_line_and_marks() {
        let shown = show("one\n\ttwo = 3\r\n", &(5..8));
        assert_eq!((shown.line, shown.column), (2, 2));
        assert_eq!(shown.excerpt, "  |\n2 |  two = 3\n  |  ^^^");
    }

    #[test]
    fn columns_count_characters_and_odd_spans_do_no_harm() {
        assert_eq!((show("ёж = 1", &(5..6)).line, show("ёж = 1", &(5..6)).column), (1, 4));
        for text in ["", "a", "ё\n", "\n\n"] {
            for start in 0..6 {
                for end in 0..6 {
                    let _ = show(text, &(start..end));
                }
            }
        }
    }

    #[test]
    fn a_long_line_is_cut_on_both_sides() {
        let text = "x".repeat(1_000);
        let shown = show(&text, &(500..900));
        assert_eq!(shown.column, 501);
        assert!(shown.excerpt.lines().all(|line| line.chars().count() < 160), "{}", shown.excerpt);
        assert!(shown.excerpt.ends_with(&"^".repeat(AFTER)));
    }
}
