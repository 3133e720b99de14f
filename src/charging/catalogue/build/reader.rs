//! Reads values of a tree, and collects the faults found on the way.

use super::fault::{Fault, FaultKind, FigureFault, Noun};
use super::nearest::nearest;
use super::quantity;
use super::tree::{Node, Origin, Row, Table, Value};
use crate::charging::account::told::Thresholds;
use crate::charging::units::{Digits, Money, Unit};
use crate::time::{Timestamp, Zone};

/// The keys of a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    /// What people call the place.
    pub(super) place: &'static str,
    /// The keys that it has.
    pub(super) known: &'static [&'static str],
    /// The keys that it will have, refused by name.
    pub(super) later: &'static [&'static str],
}

/// Faults and warnings so far.
#[derive(Clone, Default, Debug)]
pub(super) struct Faults {
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<Fault>,
}

impl Faults {
    pub(super) fn add(&mut self, origin: Origin, kind: FaultKind) {
        self.faults.push(Fault { origin, kind, other: None });
    }

    pub(super) fn clash(&mut self, origin: Origin, kind: FaultKind, other: Origin) {
        self.faults.push(Fault { origin, kind, other: Some(other) });
    }

    pub(super) fn warn(&mut self, origin: Origin, kind: FaultKind) {
        self.warnings.push(Fault { origin, kind, other: None });
    }

    /// Refuses the keys that the place does not have.
    pub(super) fn keys(&mut self, table: &Table, keys: Keys) {
        for entry in &table.entries {
            let key = &*entry.key;
            if keys.later.contains(&key) {
                self.add(entry.origin, FaultKind::Later { what: key.into() });
            } else if !keys.known.contains(&key) {
                let nearest = nearest(key, keys.known.iter().copied()).map(Box::from);
                let kind = FaultKind::UnknownKey {
                    key: key.into(),
                    place: keys.place,
                    nearest,
                    allowed: keys.known,
                };
                self.add(entry.origin, kind);
            }
        }
    }

    /// The value of a key that must be there.
    pub(super) fn needed<'n>(
        &mut self,
        table: &'n Table,
        key: &'static str,
        place: &'static str,
    ) -> Option<&'n Node> {
        let found = table.get(key);
        if found.is_none() {
            self.add(table.origin, FaultKind::Missing { key, place });
        }
        found
    }

    pub(super) fn table<'n>(&mut self, node: &'n Node) -> Option<&'n Table> {
        match &node.value {
            Value::Table(table) => Some(table),
            other => self.kind(node.origin, "a table", other),
        }
    }

    /// A list of tables (`[[…]]`).
    pub(super) fn tables<'n>(&mut self, node: Option<&'n Node>) -> Vec<&'n Table> {
        let Some(node) = node else { return Vec::new() };
        match &node.value {
            Value::List(list) => list.iter().filter_map(|one| self.table(one)).collect(),
            other => {
                self.kind::<()>(node.origin, "a list of tables, `[[…]]`,", other);
                Vec::new()
            }
        }
    }

    /// The rows of a file of destinations; whoever made the tree put them in place of its name.
    pub(super) fn rows<'n>(&mut self, node: &'n Node) -> Option<&'n [Row]> {
        match &node.value {
            Value::Rows(rows) => Some(rows),
            other => self.kind(node.origin, "the name of a file in quotes", other),
        }
    }

    pub(super) fn text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        match &node.value {
            Value::Text(text) if text.trim().is_empty() => {
                self.add(node.origin, FaultKind::Empty { what: "the text" });
                None
            }
            Value::Text(text) => Some(text),
            other => self.kind(node.origin, "quoted text", other),
        }
    }

    /// A list of texts, or one text alone, that is not empty.
    pub(super) fn texts<'n>(&mut self, node: &'n Node) -> Vec<(Origin, &'n str)> {
        match &node.value {
            Value::List(list) if list.is_empty() => {
                self.add(node.origin, FaultKind::Empty { what: "the list" });
                Vec::new()
            }
            Value::List(list) => {
                list.iter().filter_map(|one| self.text(one).map(|text| (one.origin, text))).collect()
            }
            Value::Text(_) => self.text(node).map(|text| (node.origin, text)).into_iter().collect(),
            other => {
                self.kind::<()>(node.origin, "a list of quoted texts", other);
                Vec::new()
            }
        }
    }

    pub(super) fn integer(&mut self, node: &Node) -> Option<i64> {
        match &node.value {
            Value::Integer(number) => Some(*number),
            other => self.kind(node.origin, "a whole number without quotes", other),
        }
    }

    pub(super) fn boolean(&mut self, node: &Node) -> Option<bool> {
        match &node.value {
            Value::Boolean(value) => Some(*value),
            other => self.kind(node.origin, "true or false without quotes", other),
        }
    }

    /// One of the words; its place among them.
    pub(super) fn word(&mut self, node: &Node, allowed: &'static [&'static str]) -> Option<usize> {
        let text = self.text(node)?;
        self.word_of(node.origin, text, allowed)
    }

    pub(super) fn word_of(
        &mut self,
        origin: Origin,
        text: &str,
        allowed: &'static [&'static str],
    ) -> Option<usize> {
        let place = allowed.iter().position(|word| *word == text);
        if place.is_none() {
            let nearest = nearest(text, allowed.iter().copied()).map(Box::from);
            self.add(origin, FaultKind::Word { found: text.into(), nearest, allowed });
        }
        place
    }

    /// A price in quotes.
    pub(super) fn price(&mut self, node: &Node) -> Option<Money> {
        self.figure(node, quantity::price)
    }

    /// An amount in quotes.
    pub(super) fn amount(&mut self, node: &Node, unit: Unit) -> Option<u64> {
        self.figure(node, |text| quantity::amount(text, unit))
    }

    /// A time in quotes.
    pub(super) fn seconds(&mut self, node: &Node) -> Option<u32> {
        self.figure(node, quantity::seconds)
    }

    /// Money that may be less than nothing, in quotes.
    pub(super) fn balance(&mut self, node: &Node) -> Option<Money> {
        self.figure(node, |text| match text.strip_prefix('-') {
            Some(owed) => quantity::price(owed)?.checked_neg().ok_or(FigureFault::TooLarge),
            None => quantity::price(text),
        })
    }

    /// A date or a moment, in quotes or without: a date alone is its first moment, a time without an offset is one of
    /// the zone.
    pub(super) fn moment(&mut self, node: &Node, zone: &Zone) -> Option<Timestamp> {
        let text = match &node.value {
            Value::Moment(text) => text,
            _ => self.text(node)?,
        };
        let found = zone.parse(text);
        if found.is_none() {
            let allowed =
                "a moment is \"2026-11-23\", \"2026-11-23T12:00:00\" or \"2026-11-23T12:00:00+05:00\"";
            self.add(node.origin, FaultKind::Clock { found: text.into(), allowed });
        }
        found
    }

    /// A share in quotes.
    pub(super) fn percent(&mut self, node: &Node) -> Option<u8> {
        self.figure(node, quantity::percent)
    }

    /// Up to four shares in quotes, 1 % to 100 %; an empty list for none.
    pub(super) fn thresholds(&mut self, node: &Node) -> Option<Thresholds> {
        if matches!(&node.value, Value::List(list) if list.is_empty()) {
            return Some(Thresholds::NONE);
        }
        let mut percents = Vec::new();
        for (origin, text) in self.texts(node) {
            match quantity::share(text) {
                Ok(percent) => percents.push(percent),
                Err(fault) => self.add(origin, FaultKind::Figure { found: text.into(), fault }),
            }
        }
        let thresholds = Thresholds::new(&percents);
        if thresholds.is_none() {
            let found = i64::try_from(percents.len()).unwrap_or(i64::MAX);
            self.add(node.origin, FaultKind::Range { found, allowed: "at most four thresholds" });
        }
        thresholds
    }

    /// Digits, `least` to `most` of them.
    pub(super) fn digits(
        &mut self,
        origin: Origin,
        text: &str,
        noun: Noun,
        (least, most): (usize, usize),
        allowed: &'static str,
    ) -> Option<Digits> {
        let digits = Digits::parse(text).filter(|digits| (least..=most).contains(&digits.len()));
        if digits.is_none() {
            self.add(origin, FaultKind::Digits { noun, found: text.into(), allowed });
        }
        digits
    }

    fn figure<T>(&mut self, node: &Node, read: impl Fn(&str) -> Result<T, FigureFault>) -> Option<T> {
        let kind = match &node.value {
            Value::Text(text) => match read(text) {
                Ok(figure) => return Some(figure),
                Err(fault) => FaultKind::Figure { found: text.clone(), fault },
            },
            Value::Integer(number) => FaultKind::Unquoted { found: number.to_string().into() },
            Value::Number(written) => FaultKind::Unquoted { found: written.clone() },
            other => return self.kind(node.origin, "a figure in quotes", other),
        };
        self.add(node.origin, kind);
        None
    }

    fn kind<T>(&mut self, origin: Origin, wanted: &'static str, found: &Value) -> Option<T> {
        self.add(origin, FaultKind::Kind { wanted, found: found.kind() });
        None
    }
}
