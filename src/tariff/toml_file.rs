//! TOML to a tree of values with origins.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Problem;
use super::place::{Place, Places};
use crate::charging::catalogue::build::{Document, Entry, Node, Table, Value};

/// Reads a file; a fault has its place. How deep tables lie within each other is bounded by the parser.
pub(super) fn read(places: &mut Places, file: &str, text: &str) -> Result<Document, (Place, Problem)> {
    let root = match DeTable::parse(text) {
        Ok(root) => root,
        Err(error) => {
            let place = Place { file: file.into(), span: error.span().unwrap_or(0..0) };
            return Err((place, Problem::Syntax(error.message().trim().into())));
        }
    };
    let mut reader = Reader { places, file };
    let origin = reader.places.add(file, 0..0);
    Ok(Document { root: Table { origin, entries: reader.entries(root.get_ref()) } })
}

struct Reader<'p> {
    places: &'p mut Places,
    file: &'p str,
}

impl Reader<'_> {
    /// The entries of a table in the order of the file.
    fn entries(&mut self, table: &DeTable<'_>) -> Vec<Entry> {
        let mut written: Vec<_> = table.iter().collect();
        written.sort_by_key(|(key, _)| key.span().start);
        let mut entries = Vec::with_capacity(written.len());
        for (key, value) in written {
            let origin = self.places.add(self.file, key.span());
            entries.push(Entry { origin, key: key.get_ref().as_ref().into(), value: self.node(value) });
        }
        entries
    }

    fn node(&mut self, value: &Spanned<DeValue<'_>>) -> Node {
        let origin = self.places.add(self.file, value.span());
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.as_ref().into()),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Value::Integer(number),
                Err(_) => Value::Number(number.to_string().into()),
            },
            DeValue::Float(number) => Value::Number(number.as_str().into()),
            DeValue::Boolean(value) => Value::Boolean(*value),
            DeValue::Datetime(moment) => Value::Moment(moment.to_string().into()),
            DeValue::Array(list) => Value::List(list.iter().map(|one| self.node(one)).collect()),
            DeValue::Table(table) => Value::Table(Table { origin, entries: self.entries(table) }),
        };
        Node { origin, value }
    }
}
