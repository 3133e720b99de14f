//! The layers of a configuration: flag beats environment beats file beats default, key by key, and each
//! value remembers where it came from.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{ConfigFault, Origin, nearest};
use super::keys::{KEYS, Key, LATER, environment_name, find};
use super::value::{Item, Kind};

/// A checked value and where it came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    /// The value: one item, or as many as a list has.
    pub items: Vec<Item>,
    /// Where it was written.
    pub origin: Origin,
}

/// All settings by key name.
pub type Settings = BTreeMap<&'static str, Setting>;

/// A configuration file's text, to turn offsets into lines.
pub(super) struct Source<'a> {
    /// The file as it was named.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
}

impl Source<'_> {
    /// Line and column of an offset.
    pub(super) fn origin(&self, offset: usize) -> Origin {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Origin::File { file: self.file.into(), line, column }
    }

    /// A fault at an offset, with the line it stands in.
    pub(super) fn fault(&self, offset: usize, message: String) -> ConfigFault {
        let origin = self.origin(offset);
        let excerpt = match &origin {
            Origin::File { line, .. } => {
                self.text.lines().nth(line.saturating_sub(1)).map(|line| line.trim().into())
            }
            _ => None,
        };
        ConfigFault { origin, message, excerpt }
    }
}

/// The built-in defaults.
pub(super) fn defaults() -> Settings {
    let mut settings = Settings::new();
    for key in KEYS.iter().filter(|key| !key.default.is_empty() || key.kind.is_list()) {
        let items =
            key.default.split(',').filter(|item| !item.is_empty()).filter_map(|item| key.kind.read(item));
        settings.insert(key.name, Setting { items: items.collect(), origin: Origin::Default });
    }
    settings
}

/// Reads the keys of a file's table over `settings`; tables named in `apart` are left to the caller.
pub(super) fn read_file(
    source: &Source<'_>,
    table: &DeTable<'_>,
    apart: &[&str],
    settings: &mut Settings,
    faults: &mut Vec<ConfigFault>,
) {
    for (name, value) in table {
        let offset = name.span().start;
        match value.get_ref() {
            _ if apart.contains(&name.get_ref().as_ref()) => {}
            DeValue::Table(level) => {
                for (inner, value) in level {
                    let path = format!("{}.{}", name.get_ref(), inner.get_ref());
                    read_key(source, &path, inner.span().start, value, settings, faults);
                }
                if !KEYS.iter().any(|key| {
                    key.name.split_once('.').is_some_and(|(top, _)| top == name.get_ref().as_ref())
                }) {
                    faults.push(source.fault(offset, unknown_section(name.get_ref())));
                }
            }
            _ => read_key(source, name.get_ref(), offset, value, settings, faults),
        }
    }
}

fn read_key(
    source: &Source<'_>,
    path: &str,
    offset: usize,
    value: &Spanned<DeValue<'_>>,
    settings: &mut Settings,
    faults: &mut Vec<ConfigFault>,
) {
    let Some(key) = find(path) else {
        faults.push(source.fault(offset, unknown_key(path)));
        return;
    };
    match items_of(key.kind, value.get_ref()) {
        Some(items) => {
            settings.insert(key.name, Setting { items, origin: source.origin(offset) });
        }
        None => faults.push(source.fault(
            value.span().start,
            format!("{path} is {}, found {}", key.kind.looks_like(), written(value.get_ref())),
        )),
    }
}

fn items_of(kind: Kind, value: &DeValue<'_>) -> Option<Vec<Item>> {
    match value {
        DeValue::Array(list) if kind.is_list() => list.iter().map(|item| one(kind, item.get_ref())).collect(),
        DeValue::Array(_) => None,
        _ if kind.is_list() => None,
        value => one(kind, value).map(|item| vec![item]),
    }
}

fn one(kind: Kind, value: &DeValue<'_>) -> Option<Item> {
    match (kind, value) {
        (Kind::Size | Kind::Count, DeValue::Integer(number)) => kind.read(number.as_str()),
        (Kind::Switch, DeValue::Boolean(switch)) => Some(Item::Switch(*switch)),
        (Kind::Switch, _) => None,
        (_, DeValue::String(text)) => kind.read(text),
        _ => None,
    }
}

/// What was written, for a message.
pub(super) fn written(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("\"{text}\""),
        DeValue::Integer(number) => number.as_str().into(),
        DeValue::Float(number) => number.as_str().into(),
        DeValue::Boolean(switch) => switch.to_string(),
        other => format!("a {}", other.type_str()),
    }
}

/// Reads `GYRO_…` variables over `settings`. `GYRO_ADMIN` is the client's address of a server, not a key.
pub(super) fn read_environment<I>(variables: I, settings: &mut Settings, faults: &mut Vec<ConfigFault>)
where
    I: IntoIterator<Item = (String, String)>,
{
    for (name, value) in variables {
        if !name.starts_with("GYRO_") || name == "GYRO_ADMIN" {
            continue;
        }
        let origin = Origin::Environment(name.clone());
        match KEYS.iter().find(|key| environment_name(key) == name) {
            Some(key) => put_text(key, &value, origin, settings, faults),
            None => {
                let known: Vec<String> = KEYS.iter().map(environment_name).collect();
                let hint = nearest(&name, known.iter().map(String::as_str));
                let message = format!("no key has this name{}", did_you_mean(hint));
                faults.push(ConfigFault { origin, message, excerpt: None });
            }
        }
    }
}

/// Puts a value written as text (in the environment or a flag; lists with commas) over `settings`.
pub(super) fn put_text(
    key: &'static Key,
    value: &str,
    origin: Origin,
    settings: &mut Settings,
    faults: &mut Vec<ConfigFault>,
) {
    let items: Option<Vec<Item>> = if key.kind.is_list() {
        value.split(',').filter(|item| !item.trim().is_empty()).map(|item| key.kind.read(item)).collect()
    } else {
        key.kind.read(value).map(|item| vec![item])
    };
    match items {
        Some(items) => {
            settings.insert(key.name, Setting { items, origin });
        }
        None => {
            let message = format!("{} is {}, found \"{value}\"", key.name, key.kind.looks_like());
            faults.push(ConfigFault { origin, message, excerpt: None });
        }
    }
}

fn unknown_key(path: &str) -> String {
    if let Some((_, what)) = LATER.iter().find(|(name, _)| *name == path) {
        return format!("{path}: {what} comes with a later version of gyro; this one does not apply it");
    }
    format!("unknown key {path}{}", did_you_mean(nearest(path, KEYS.iter().map(|key| key.name))))
}

fn unknown_section(name: &str) -> String {
    let known = [
        "diameter",
        "peer",
        "profiles",
        "store",
        "admin",
        "charging",
        "notifications",
        "cdr",
        "overload",
        "log",
    ];
    format!("unknown section [{name}]{}", did_you_mean(nearest(name, known)))
}

/// ` (did you mean X?)`, or nothing.
pub(super) fn did_you_mean(hint: Option<&str>) -> String {
    hint.map(|word| format!(" (did you mean {word}?)")).unwrap_or_default()
}
