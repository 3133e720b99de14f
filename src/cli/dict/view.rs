//! AVPs and commands as they are shown.

use std::io::{self, Write};

use serde::Serialize;

use super::print::Row;
use crate::diameter::dictionary::{
    AvpDefinition, AvpRule, CommandDefinition, DataType, Dictionary, Grammar, RuleKind,
};

/// An AVP or a command.
#[derive(Serialize, Debug)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Entry {
    /// An AVP.
    Avp(AvpView),
    /// A command.
    Command(CommandView),
}

/// An AVP.
#[derive(Serialize, Debug)]
pub(super) struct AvpView {
    name: String,
    code: u32,
    vendor: u32,
    vendor_name: Option<String>,
    data_type: &'static str,
    mandatory: &'static str,
    /// Members by name, empty for all but groups.
    members: Vec<RuleView>,
    /// Whether a group may have other members.
    open: bool,
    values: Vec<ValueView>,
    /// The groups that name this AVP as a member.
    member_of: Vec<String>,
}

/// A named value.
#[derive(Serialize, Debug)]
struct ValueView {
    value: i64,
    name: String,
}

/// A rule of a grammar.
#[derive(Serialize, Debug)]
struct RuleView {
    name: String,
    code: u32,
    vendor: u32,
    rule: &'static str,
    min: u32,
    max: Option<u32>,
}

/// A command.
#[derive(Serialize, Debug)]
pub(super) struct CommandView {
    name: String,
    request: String,
    answer: String,
    code: u32,
    application: u32,
    application_name: Option<String>,
    proxiable: bool,
    request_rules: Vec<RuleView>,
    request_open: bool,
    answer_rules: Vec<RuleView>,
    answer_open: bool,
}

impl Entry {
    /// An AVP as it is shown.
    pub(super) fn avp(dictionary: &Dictionary, avp: &AvpDefinition) -> Self {
        let groups = dictionary.avps().iter().filter(|group| group.members.rule(avp.key).is_some());
        let grouped = avp.data_type == DataType::Grouped;
        Self::Avp(AvpView {
            name: avp.name.to_string(),
            code: avp.key.code,
            vendor: avp.key.vendor,
            vendor_name: dictionary.vendor(avp.key.vendor).map(|vendor| vendor.name.to_string()),
            data_type: avp.data_type.name(),
            mandatory: avp.mandatory.name(),
            members: rules(dictionary, &avp.members),
            open: grouped && avp.members.open,
            values: avp
                .enumerators
                .iter()
                .map(|value| ValueView { value: value.value, name: value.name.to_string() })
                .collect(),
            member_of: groups.map(|group| group.name.to_string()).collect(),
        })
    }

    /// A command as it is shown.
    pub(super) fn command(dictionary: &Dictionary, command: &CommandDefinition) -> Self {
        let application = dictionary.application(command.application);
        Self::Command(CommandView {
            name: command.name.to_string(),
            request: command.abbreviation(true),
            answer: command.abbreviation(false),
            code: command.code,
            application: command.application,
            application_name: application.map(|application| application.name.to_string()),
            proxiable: command.proxiable,
            request_rules: rules(dictionary, &command.request),
            request_open: command.request.open,
            answer_rules: rules(dictionary, &command.answer),
            answer_open: command.answer.open,
        })
    }

    /// All that is known, over several lines.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Avp(avp) => avp.write(out),
            Self::Command(command) => command.write(out),
        }
    }
}

impl AvpView {
    fn vendor(&self) -> String {
        match (&self.vendor_name, self.vendor) {
            (_, 0) => "-".to_owned(),
            (Some(name), vendor) => format!("{vendor} ({name})"),
            (None, vendor) => vendor.to_string(),
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "AVP {}", self.name)?;
        writeln!(out, "  code     {}", self.code)?;
        writeln!(out, "  vendor   {}", self.vendor())?;
        writeln!(out, "  type     {}", self.data_type)?;
        writeln!(out, "  M bit    {}", self.mandatory)?;
        for (at, value) in self.values.iter().enumerate() {
            writeln!(out, "  {:<9}{} {}", if at == 0 { "values" } else { "" }, value.value, value.name)?;
        }
        write_rules("members", &self.members, self.open, out)?;
        for (at, group) in self.member_of.iter().enumerate() {
            writeln!(out, "  {:<9}{group}", if at == 0 { "in" } else { "" })?;
        }
        Ok(())
    }
}

impl CommandView {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "command {} ({}, {})", self.name, self.request, self.answer)?;
        writeln!(out, "  code     {}", self.code)?;
        let name = self.application_name.as_deref().unwrap_or("no name");
        writeln!(out, "  of       application {} ({name})", self.application)?;
        writeln!(out, "  P bit    {}", if self.proxiable { "set" } else { "clear" })?;
        write_rules(&self.request, &self.request_rules, self.request_open, out)?;
        write_rules(&self.answer, &self.answer_rules, self.answer_open, out)
    }
}

/// For lists and comma-separated values: one line each.
impl Row for Entry {
    const HEADS: &'static [&'static str] =
        &["kind", "code", "vendor", "application", "name", "type", "mandatory", "content"];

    fn cells(&self) -> Vec<String> {
        match self {
            Self::Avp(avp) => {
                let values = avp.values.iter().map(|value| format!("{}={}", value.value, value.name));
                let content = if avp.data_type == DataType::Grouped.name() {
                    text(&avp.members, avp.open)
                } else {
                    values.collect::<Vec<_>>().join(";")
                };
                let kind = "avp".to_owned();
                let (code, vendor) = (avp.code.to_string(), avp.vendor.to_string());
                let (data_type, mandatory) = (avp.data_type.to_owned(), avp.mandatory.to_owned());
                vec![kind, code, vendor, String::new(), avp.name.clone(), data_type, mandatory, content]
            }
            Self::Command(command) => {
                let content = format!(
                    "{}: {}; {}: {}",
                    command.request,
                    text(&command.request_rules, command.request_open),
                    command.answer,
                    text(&command.answer_rules, command.answer_open)
                );
                let (code, application) = (command.code.to_string(), command.application.to_string());
                let (kind, name) = ("command".to_owned(), command.name.clone());
                vec![kind, code, String::new(), application, name, String::new(), String::new(), content]
            }
        }
    }
}

fn rules(dictionary: &Dictionary, grammar: &Grammar) -> Vec<RuleView> {
    let view = |rule: &AvpRule| RuleView {
        name: dictionary
            .avp_by_key(rule.avp)
            .map_or_else(|| rule.avp.to_string(), |avp| avp.name.to_string()),
        code: rule.avp.code,
        vendor: rule.avp.vendor,
        rule: rule.kind.name(),
        min: rule.min,
        max: rule.max,
    };
    grammar.rules.iter().map(view).collect()
}

/// A rule in the Command Code Format (RFC 6733 §3.2).
fn rule_text(rule: &RuleView) -> String {
    let (least, name) = if rule.rule == RuleKind::Fixed.name() {
        (1, format!("<{}>", rule.name))
    } else if rule.rule == RuleKind::Required.name() {
        (1, format!("{{{}}}", rule.name))
    } else {
        (0, format!("[{}]", rule.name))
    };
    if (rule.min, rule.max) == (least, Some(1)) {
        return name;
    }
    let number = |count: u32| if count == 0 { String::new() } else { count.to_string() };
    format!("{}*{}{name}", number(rule.min), rule.max.map_or_else(String::new, number))
}

/// A grammar on one line.
fn text(rules: &[RuleView], open: bool) -> String {
    let rules = rules.iter().map(rule_text);
    rules.chain(open.then(|| "*[AVP]".to_owned())).collect::<Vec<_>>().join(" ")
}

/// A grammar, a line for each rule.
fn write_rules(head: &str, rules: &[RuleView], open: bool, out: &mut dyn Write) -> io::Result<()> {
    let rules = rules.iter().map(rule_text).chain(open.then(|| "*[AVP]".to_owned()));
    for (at, rule) in rules.enumerate() {
        writeln!(out, "  {:<9}{rule}", if at == 0 { head } else { "" })?;
    }
    Ok(())
}
