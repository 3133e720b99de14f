//! What a catalogue is built from: values as they were written, each with an origin.

use super::quantity::{self, FigureFault};
use crate::charging::units::Unit;

/// Where a value stands. Opaque here: whoever made the tree turns it back into file, line and column.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Origin(pub u32);

/// One file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// What it says at the top.
    pub root: Table,
}

impl Document {
    /// An amount of a unit as tariffs write it, more than nothing.
    pub fn amount(text: &str, unit: Unit) -> Result<u64, FigureFault> {
        quantity::amount(text, unit)
    }
}

/// A value and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// Where.
    pub origin: Origin,
    /// What.
    pub value: Value,
}

/// A value as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// Quoted text.
    Text(Box<str>),
    /// A whole number without quotes.
    Integer(i64),
    /// Any other number without quotes, as it was written.
    Number(Box<str>),
    /// `true` or `false`.
    Boolean(bool),
    /// A date or time without quotes, as it was written.
    Moment(Box<str>),
    /// A list.
    List(Vec<Node>),
    /// A table.
    Table(Table),
    /// The rows of a file of destinations, in place of its name.
    Rows(Vec<Row>),
}

impl Value {
    /// What people call such a value.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "quoted text",
            Self::Integer(_) | Self::Number(_) => "a number without quotes",
            Self::Boolean(_) => "true or false",
            Self::Moment(_) => "a date or time",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Rows(_) => "a file",
        }
    }
}

/// A table, its entries in the order in which they were written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// Where it begins.
    pub origin: Origin,
    /// Its entries; no key stands twice.
    pub entries: Vec<Entry>,
}

impl Table {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|entry| *entry.key == *key).map(|entry| &entry.value)
    }
}

/// A key and its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Where the key stands.
    pub origin: Origin,
    /// The key.
    pub key: Box<str>,
    /// Its value.
    pub value: Node,
}

/// A row of a file of destinations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Where the row begins.
    pub origin: Origin,
    /// The beginning of a number.
    pub prefix: Box<str>,
    /// The destination that it belongs to.
    pub destination: Box<str>,
}
