//! The kinds of value that a key may have, and their written forms.

use core::net::SocketAddr;
use core::time::Duration;

/// What a key's value must look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Any text.
    Text,
    /// A list of texts.
    Texts,
    /// A path to a file or a folder.
    Path,
    /// A list of paths.
    Paths,
    /// A list of `ADDRESS:PORT`.
    Addresses,
    /// One `ADDRESS:PORT`, or nothing.
    Address,
    /// A span of time: `500ms`, `30s`, `10min`, `24h`.
    Span,
    /// A size in octets: `65536`, `64KiB`, `1GiB`; KB and KiB are both 1024.
    Size,
    /// A count: `4096`, `20k`.
    Count,
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Choice(&'static [&'static str]),
}

impl Kind {
    /// What a value of this kind looks like, for messages.
    pub fn looks_like(self) -> String {
        match self {
            Self::Text => "a text".into(),
            Self::Texts => "a list of texts".into(),
            Self::Path => "a path".into(),
            Self::Paths => "a list of paths".into(),
            Self::Addresses => "a list of ADDRESS:PORT, such as [\"127.0.0.1:3868\"]".into(),
            Self::Address => "ADDRESS:PORT, such as \"127.0.0.1:8068\"".into(),
            Self::Span => "a span of time, such as \"500ms\", \"30s\", \"10min\" or \"24h\"".into(),
            Self::Size => "a size, such as 65536, \"64KiB\" or \"1GiB\"".into(),
            Self::Count => "a count, such as 4096 or \"20k\"".into(),
            Self::Switch => "true or false".into(),
            Self::Choice(words) => {
                let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                format!("one of {}", quoted.join(", "))
            }
        }
    }

    /// Whether the value is a list.
    pub const fn is_list(self) -> bool {
        matches!(self, Self::Texts | Self::Paths | Self::Addresses)
    }

    /// Reads one written value (of a list: one item). None where it is not of this kind.
    pub fn read(self, text: &str) -> Option<Item> {
        let text = text.trim();
        match self {
            Self::Text | Self::Texts | Self::Path | Self::Paths => {
                (!text.is_empty()).then(|| Item::Text(text.into()))
            }
            Self::Addresses | Self::Address => text.parse().ok().map(Item::Address),
            Self::Span => span(text).map(Item::Span),
            Self::Size => number(text, SIZES).map(Item::Number),
            Self::Count => number(text, COUNTS).map(Item::Number),
            Self::Switch => text.parse().ok().map(Item::Switch),
            Self::Choice(words) => {
                words.iter().find(|word| **word == text).map(|word| Item::Text((*word).into()))
            }
        }
    }
}

/// One checked value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    /// A text, a path or a chosen word.
    Text(String),
    /// An address with a port.
    Address(SocketAddr),
    /// A span of time.
    Span(Duration),
    /// A size or a count.
    Number(u64),
    /// A switch.
    Switch(bool),
}

impl core::fmt::Display for Item {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Address(address) => write!(f, "\"{address}\""),
            Self::Span(span) if span.subsec_millis() == 0 => write!(f, "\"{}s\"", span.as_secs()),
            Self::Span(span) => write!(f, "\"{}ms\"", span.as_millis()),
            Self::Number(number) => write!(f, "{number}"),
            Self::Switch(switch) => write!(f, "{switch}"),
        }
    }
}

const SIZES: &[(&str, u64)] = &[
    ("KiB", 1 << 10),
    ("KB", 1 << 10),
    ("MiB", 1 << 20),
    ("MB", 1 << 20),
    ("GiB", 1 << 30),
    ("GB", 1 << 30),
    ("B", 1),
];
const COUNTS: &[(&str, u64)] = &[("k", 1_000), ("M", 1_000_000)];
const SPANS: &[(&str, u64)] =
    &[("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

fn number(text: &str, suffixes: &[(&str, u64)]) -> Option<u64> {
    let (digits, scale) = suffixes
        .iter()
        .find_map(|(suffix, scale)| text.strip_suffix(suffix).map(|digits| (digits, *scale)))
        .unwrap_or((text, 1));
    plain(digits)?.checked_mul(scale)
}

fn span(text: &str) -> Option<Duration> {
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (digits, unit) = text.split_at_checked(unit_at)?;
    let (_, millis) = SPANS.iter().find(|(name, _)| *name == unit)?;
    plain(digits)?.checked_mul(*millis).map(Duration::from_millis)
}

fn plain(digits: &str) -> Option<u64> {
    (!digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit())).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_counts_take_their_suffixes() {
        for (kind, text, number) in [
            (Kind::Size, "65536", 65_536),
            (Kind::Size, "64KiB", 65_536),
            (Kind::Size, "64KB", 65_536),
            (Kind::Size, "2GiB", 2 << 30),
            (Kind::Count, "20k", 20_000),
            (Kind::Count, "4096", 4_096),
        ] {
            assert_eq!(kind.read(text), Some(Item::Number(number)), "{text}");
        }
        for (kind, text) in
            [(Kind::Size, "64K"), (Kind::Size, "-1"), (Kind::Count, "1.5k"), (Kind::Count, "")]
        {
            assert_eq!(kind.read(text), None, "{text}");
        }
        assert_eq!(Kind::Size.read("99999999999GiB"), None);
    }

    #[test]
    fn spans_need_a_unit() {
        assert_eq!(Kind::Span.read("30s"), Some(Item::Span(Duration::from_secs(30))));
        assert_eq!(Kind::Span.read("10min"), Some(Item::Span(Duration::from_mins(10))));
        assert_eq!(Kind::Span.read("500ms"), Some(Item::Span(Duration::from_millis(500))));
        for text in ["30", "s", "1.5s", "30 seconds", "-1s", "99999999999999999d"] {
            assert_eq!(Kind::Span.read(text), None, "{text}");
        }
    }

    #[test]
    fn a_choice_is_one_of_its_words() {
        let kind = Kind::Choice(&["accept", "reject"]);
        assert_eq!(kind.read("accept"), Some(Item::Text("accept".into())));
        assert_eq!(kind.read("maybe"), None);
        assert_eq!(kind.looks_like(), "one of \"accept\", \"reject\"");
    }
}
