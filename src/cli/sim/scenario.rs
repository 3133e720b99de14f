//! Scenario files: what a gateway is to do, and what must come of it. All faults of a file are told at once, each with
//! its line.

use core::time::Duration;
use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::charging::units::Digits;
use crate::config::{ConfigFault, Item, Kind, Origin};
use crate::diameter::dictionary::nearest;
use crate::sim::actor::{Ending, Phase};
use crate::sim::heard::Last;
use crate::sim::manners::Service;
use crate::sim::play::Loss;

/// The version of the form of files.
const FORMAT: i64 = 1;

/// Octets or seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Amount {
    /// Octets.
    Octets(u64),
    /// Seconds.
    Seconds(u64),
}

impl Amount {
    /// The count, where it is in the unit that a service is metered in.
    pub(super) const fn of(self, service: Service) -> Option<u64> {
        match (self, service) {
            (Self::Octets(count), Service::Data) | (Self::Seconds(count), Service::Voice) => Some(count),
            _ => None,
        }
    }
}

/// What a gateway does in a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Act {
    /// Begins a session.
    Attach {
        /// The groups it asks for; none: those of its make.
        groups: Vec<u32>,
        /// The other party of a call.
        to: Option<String>,
    },
    /// Uses an amount.
    Use(Amount),
    /// Uses all that it gets.
    Exhaust,
    /// Lets time pass on its own clock.
    Wait(Duration),
    /// Sends a message.
    Message(String),
    /// Sends the last request again, with the T flag.
    Repeat,
    /// Sends its last CCR-T again, so many times.
    Replay(u64),
    /// Loses something of the next request.
    Lose(Loss),
    /// Connects anew.
    Reconnect,
    /// Waits until the server asks for something.
    Hear,
    /// An operator pays in for the subscriber.
    Topup(String),
    /// Ends the session.
    End,
}

/// What must come of a step.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Expect {
    /// Result-Code at command level.
    pub(super) code: Option<u32>,
    /// Result-Code of the quota.
    pub(super) quota: Option<u32>,
    /// What is granted.
    pub(super) granted: Option<Amount>,
    /// The final unit, by the words of [`last`].
    pub(super) last: Option<&'static str>,
    /// How the session stands.
    pub(super) session: Option<&'static str>,
    /// How much could not be used.
    pub(super) unused: Option<Amount>,
    /// What the client has answered to the server.
    pub(super) demand: Option<u32>,
    /// The subscriber's main balance.
    pub(super) balance: Option<String>,
    /// What of it is reserved.
    pub(super) reserved: Option<String>,
}

/// A step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Step {
    /// Its line.
    pub(super) line: usize,
    /// What is done.
    pub(super) act: Act,
    /// The rating group it is about.
    pub(super) group: Option<u32>,
    /// What is said about it.
    pub(super) note: Option<String>,
    /// What must come of it.
    pub(super) expect: Expect,
}

/// A scenario.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Scenario {
    /// The client by name, and the line it is named in.
    pub(super) client: Option<(String, usize)>,
    /// The subscriber's number.
    pub(super) msisdn: Option<String>,
    /// The subscriber's IMSI.
    pub(super) imsi: Option<String>,
    /// What is done.
    pub(super) steps: Vec<Step>,
}

/// The steps and the keys that each takes besides `do`, `note` and `expect`.
const STEPS: &[(&str, &[&str])] = &[
    ("attach", &["groups", "to"]),
    ("use", &["group", "amount"]),
    ("exhaust", &["group"]),
    ("wait", &["time"]),
    ("message", &["to"]),
    ("repeat", &[]),
    ("replay", &["times"]),
    ("lose", &["what"]),
    ("reconnect", &[]),
    ("hear", &[]),
    ("topup", &["amount"]),
    ("end", &[]),
];

const EXPECTATIONS: &[&str] =
    &["code", "quota", "granted", "last", "session", "unused", "demand", "balance", "reserved"];

/// How a session stands, in the words of files.
pub(super) const fn standing(phase: Option<Phase>) -> &'static str {
    match phase {
        None => "none",
        Some(Phase::Opening) => "opening",
        Some(Phase::Open) => "open",
        Some(Phase::Closing) => "closing",
        Some(Phase::Over(Ending::Closed)) => "closed",
        Some(Phase::Over(Ending::Refused(_))) => "refused",
        Some(Phase::Over(Ending::Free)) => "free",
        Some(Phase::Over(Ending::GivenUp)) => "given-up",
    }
}

/// A final unit, in the words of files.
pub(super) const fn last(last: Option<Last>) -> &'static str {
    match last {
        None => "none",
        Some(Last::Terminate) => "terminate",
        Some(Last::Redirect) => "redirect",
        Some(Last::Restrict) => "restrict",
    }
}

const LASTS: &[&str] = &["none", "terminate", "redirect", "restrict"];

const STANDINGS: &[&str] = &["none", "opening", "open", "closing", "closed", "refused", "free", "given-up"];

/// Reads a file.
pub(super) fn read(file: &Path, text: &str) -> Result<Scenario, Vec<ConfigFault>> {
    let mut reader = Reader { file: file.display().to_string(), text, faults: Vec::new() };
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            reader.fault(offset, format!("this is no TOML: {}", error.message()));
            return Err(reader.faults);
        }
    };
    let scenario = reader.scenario(table.get_ref());
    if reader.faults.is_empty() { Ok(scenario) } else { Err(reader.faults) }
}

type Value<'i> = Spanned<DeValue<'i>>;

struct Reader<'t> {
    file: String,
    text: &'t str,
    faults: Vec<ConfigFault>,
}

impl Reader<'_> {
    fn line(&self, offset: usize) -> usize {
        self.text.get(..offset).unwrap_or(self.text).matches('\n').count().saturating_add(1)
    }

    fn fault(&mut self, offset: usize, message: String) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = self.line(offset);
        let column = before.rsplit('\n').next().unwrap_or("").chars().count().saturating_add(1);
        let excerpt = self.text.lines().nth(line.saturating_sub(1)).map(|line| line.trim().to_owned());
        let origin = Origin::File { file: self.file.clone(), line, column };
        self.faults.push(ConfigFault { origin, message, excerpt });
    }

    fn unknown(&mut self, offset: usize, what: &str, found: &str, known: &[&str]) {
        let near = nearest(found, known.iter().copied());
        let meant = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        let all = known.join(", ");
        self.fault(offset, format!("there is no {what} `{found}`; {meant}there are: {all}"));
    }

    fn scenario(&mut self, table: &DeTable<'_>) -> Scenario {
        let mut scenario = Scenario::default();
        let mut format = None;
        for (key, value) in table {
            let at = value.span().start;
            match key.get_ref().as_ref() {
                "format" => format = self.number(value),
                "client" => {
                    scenario.client = self.text_of(value).map(|name| (name, self.line(at)));
                }
                "subscriber" => self.subscriber(value, &mut scenario),
                "step" => scenario.steps = self.steps(value),
                other => {
                    let known = ["format", "client", "subscriber", "step"];
                    self.unknown(key.span().start, "key", other, &known);
                }
            }
        }
        if format != Some(FORMAT.unsigned_abs()) {
            self.fault(0, format!("the file begins with `format = {FORMAT}`"));
        }
        if scenario.steps.is_empty() && self.faults.is_empty() {
            self.fault(0, "there is nothing to do: add a [[step]]".into());
        }
        scenario
    }

    fn subscriber(&mut self, value: &Value<'_>, scenario: &mut Scenario) {
        let DeValue::Table(table) = value.get_ref() else {
            return self.fault(value.span().start, "write [subscriber] with msisdn and imsi".into());
        };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "msisdn" => scenario.msisdn = self.digits(value),
                "imsi" => scenario.imsi = self.digits(value),
                other => self.unknown(key.span().start, "key", other, &["msisdn", "imsi"]),
            }
        }
    }

    fn steps(&mut self, value: &Value<'_>) -> Vec<Step> {
        let DeValue::Array(array) = value.get_ref() else {
            self.fault(value.span().start, "write each step as [[step]]".into());
            return Vec::new();
        };
        array.iter().filter_map(|step| self.step(step)).collect()
    }

    fn step(&mut self, step: &Value<'_>) -> Option<Step> {
        let at = step.span().start;
        let DeValue::Table(table) = step.get_ref() else {
            self.fault(at, "write each step as [[step]]".into());
            return None;
        };
        let mut keys: BTreeMap<&str, (&Value<'_>, usize)> = BTreeMap::new();
        for (key, value) in table {
            keys.insert(key.get_ref().as_ref(), (value, key.span().start));
        }
        let Some((what, _)) = keys.remove("do") else {
            self.fault(at, "a step says what to `do`".into());
            return None;
        };
        let (name, name_at) = (self.text_of(what)?, what.span().start);
        let note = keys.remove("note").and_then(|(value, _)| self.text_of(value));
        let expect = keys.remove("expect").map(|(value, _)| self.expect(value)).unwrap_or_default();
        let Some((_, takes)) = STEPS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = STEPS.iter().map(|(known, _)| *known).collect();
            self.unknown(name_at, "step", &name, &known);
            return None;
        };
        for (key, (_, at)) in &keys {
            if !takes.contains(key) {
                let also: Vec<&str> = takes.iter().copied().chain(["note", "expect"]).collect();
                self.unknown(*at, &format!("key in a step `{name}`"), key, &also);
            }
        }
        let value = |key: &str| keys.get(key).map(|(value, _)| *value);
        let group = match value("group") {
            Some(value) => Some(self.word(value)?),
            None => None,
        };
        let act = self.act(&name, name_at, value)?;
        Some(Step { line: self.line(name_at), act, group, note, expect })
    }

    fn act<'v, 'i: 'v>(
        &mut self,
        name: &str,
        at: usize,
        value: impl Fn(&str) -> Option<&'v Value<'i>>,
    ) -> Option<Act> {
        let need = |reader: &mut Self, key: &str, like: &str| {
            let found = value(key);
            if found.is_none() {
                reader.fault(at, format!("a step `{name}` needs `{key}`, such as {key} = {like}"));
            }
            found
        };
        Some(match name {
            "attach" => {
                let groups = value("groups").map_or(Some(Vec::new()), |value| self.words(value))?;
                let to = value("to").and_then(|value| self.text_of(value));
                Act::Attach { groups, to }
            }
            "use" => {
                let found = need(self, "amount", "\"12MB\" or \"90s\"")?;
                Act::Use(self.amount(found)?)
            }
            "exhaust" => Act::Exhaust,
            "wait" => {
                let found = need(self, "time", "\"30min\"")?;
                Act::Wait(self.span(found)?)
            }
            "message" => {
                let found = need(self, "to", "\"77051234567\"")?;
                Act::Message(self.text_of(found)?)
            }
            "repeat" => Act::Repeat,
            "replay" => {
                let found = need(self, "times", "10")?;
                Act::Replay(self.number(found)?)
            }
            "lose" => {
                let found = need(self, "what", "\"answer\"")?;
                match self.text_of(found)?.as_str() {
                    "request" => Act::Lose(Loss::Request),
                    "answer" => Act::Lose(Loss::Answer),
                    other => {
                        self.unknown(found.span().start, "loss of", other, &["request", "answer"]);
                        return None;
                    }
                }
            }
            "reconnect" => Act::Reconnect,
            "hear" => Act::Hear,
            "topup" => {
                let found = need(self, "amount", "\"100\"")?;
                Act::Topup(self.money(found)?)
            }
            _ => Act::End,
        })
    }

    fn expect(&mut self, value: &Value<'_>) -> Expect {
        let mut expect = Expect::default();
        let DeValue::Table(table) = value.get_ref() else {
            self.fault(value.span().start, "write expect = { code = 2001 }".into());
            return expect;
        };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "code" => expect.code = self.word(value),
                "quota" => expect.quota = self.word(value),
                "demand" => expect.demand = self.word(value),
                "granted" => expect.granted = self.amount(value),
                "unused" => expect.unused = self.amount(value),
                "balance" => expect.balance = self.money(value),
                "reserved" => expect.reserved = self.money(value),
                "last" => expect.last = self.one_of(value, "final unit", LASTS),
                "session" => expect.session = self.one_of(value, "standing of a session", STANDINGS),
                other => self.unknown(key.span().start, "expectation", other, EXPECTATIONS),
            }
        }
        expect
    }

    fn one_of(&mut self, value: &Value<'_>, what: &str, known: &[&'static str]) -> Option<&'static str> {
        let word = self.text_of(value)?;
        let found = known.iter().find(|known| **known == word).copied();
        if found.is_none() {
            self.unknown(value.span().start, what, &word, known);
        }
        found
    }

    fn text_of(&mut self, value: &Value<'_>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) if !text.is_empty() => Some(text.clone().into_owned()),
            _ => {
                self.fault(value.span().start, "this must be a text in quotes".into());
                None
            }
        }
    }

    fn number(&mut self, value: &Value<'_>) -> Option<u64> {
        let found = match value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        if found.is_none() {
            self.fault(value.span().start, "this must be a whole number, not below 0".into());
        }
        found
    }

    fn word(&mut self, value: &Value<'_>) -> Option<u32> {
        let number = self.number(value)?;
        let word = u32::try_from(number).ok();
        if word.is_none() {
            self.fault(value.span().start, "this number has 32 bits at most".into());
        }
        word
    }

    fn words(&mut self, value: &Value<'_>) -> Option<Vec<u32>> {
        let DeValue::Array(array) = value.get_ref() else {
            self.fault(value.span().start, "this must be a list of numbers, such as [10, 20]".into());
            return None;
        };
        array.iter().map(|one| self.word(one)).collect()
    }

    fn digits(&mut self, value: &Value<'_>) -> Option<String> {
        let text = self.text_of(value)?;
        if Digits::parse(&text).is_none() {
            self.fault(value.span().start, "a number is written in 1 to 15 digits".into());
            return None;
        }
        Some(text)
    }

    fn money(&mut self, value: &Value<'_>) -> Option<String> {
        let text = self.text_of(value)?;
        match super::super::client::money(&text) {
            Ok(money) => Some(money),
            Err(error) => {
                self.fault(value.span().start, error);
                None
            }
        }
    }

    fn span(&mut self, value: &Value<'_>) -> Option<Duration> {
        let text = self.text_of(value)?;
        match Kind::Span.read(&text) {
            Some(Item::Span(span)) => Some(span),
            _ => {
                self.fault(value.span().start, format!("this must be {}", Kind::Span.looks_like()));
                None
            }
        }
    }

    fn amount(&mut self, value: &Value<'_>) -> Option<Amount> {
        let text = self.text_of(value)?;
        match (Kind::Size.read(&text), Kind::Span.read(&text)) {
            (Some(Item::Number(octets)), _) => Some(Amount::Octets(octets)),
            (_, Some(Item::Span(span))) => Some(Amount::Seconds(span.as_secs())),
            _ => {
                let message = "this must be an amount: octets such as \"12MB\", or a time such as \"90s\"";
                self.fault(value.span().start, message.into());
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        match read(Path::new("x.toml"), text) {
            Ok(scenario) => panic!("{scenario:?}"),
            Err(faults) => faults.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_scenario_is_read_with_its_lines() {
        let text = "format = 1\nclient = \"cisco\"\n[subscriber]\nmsisdn = \"77010000001\"\n\n[[step]]\ndo = \"attach\"\n\
                    groups = [10, 20]\nexpect = { code = 2001, granted = \"10MB\", last = \"none\" }\n\n[[step]]\n\
                    do = \"wait\"\ntime = \"30min\"\n";
        let scenario = read(Path::new("x.toml"), text).unwrap();
        assert_eq!(scenario.client, Some(("cisco".into(), 2)));
        assert_eq!(scenario.msisdn.as_deref(), Some("77010000001"));
        let [attach, wait] = &scenario.steps[..] else { panic!("{scenario:?}") };
        assert_eq!(attach.act, Act::Attach { groups: vec![10, 20], to: None });
        assert_eq!((attach.line, wait.line), (7, 12));
        assert_eq!(attach.expect.granted, Some(Amount::Octets(10 << 20)));
        assert_eq!(attach.expect.last, Some("none"));
        assert_eq!(wait.act, Act::Wait(Duration::from_mins(30)));
    }

    #[test]
    fn every_fault_has_its_line_and_says_what_to_do() {
        for (text, told) in [
            ("format = 2\n[[step]]\ndo = \"end\"", "x.toml:1:1: the file begins with `format = 1`"),
            ("format = 1\n", "x.toml:1:1: there is nothing to do: add a [[step]]"),
            (
                "format = 1\n[[step]]\ndo = \"atach\"",
                "x.toml:3:6: there is no step `atach`; did you mean `attach`?",
            ),
            ("format = 1\n[[step]]\n", "x.toml:2:1: a step says what to `do`"),
            ("format = 1\n[[step]]\ndo = \"use\"", "x.toml:3:6: a step `use` needs `amount`"),
            (
                "format = 1\n[[step]]\ndo = \"end\"\namount = 5",
                "x.toml:4:1: there is no key in a step `end` `amount`",
            ),
            (
                "format = 1\n[[step]]\ndo = \"use\"\namount = \"5 apples\"",
                "x.toml:4:10: this must be an amount",
            ),
            ("format = 1\n[[step]]\ndo = \"wait\"\ntime = \"5\"", "x.toml:4:8: this must be a span of time"),
            ("format = 1\n[[step]]\ndo = \"lose\"\nwhat = \"all\"", "x.toml:4:8: there is no loss of `all`"),
            ("format = 1\n[[step]]\ndo = \"topup\"\namount = \"1.005\"", "x.toml:4:10: "),
            (
                "format = 1\n[[step]]\ndo = \"end\"\nexpect = { cod = 1 }",
                "x.toml:4:12: there is no expectation `cod`",
            ),
            (
                "format = 1\n[[step]]\ndo = \"end\"\nexpect = { code = -1 }",
                "x.toml:4:19: this must be a whole number",
            ),
            (
                "format = 1\n[[step]]\ndo = \"end\"\nexpect = { session = \"up\" }",
                "there is no standing of a session `up`",
            ),
            (
                "format = 1\n[subscriber]\nmsisdn = \"+7701\"\n[[step]]\ndo = \"end\"",
                "x.toml:3:10: a number is written",
            ),
            ("format = 1\nformat", "x.toml:2:"),
            ("formt = 1", "x.toml:1:1: there is no key `formt`; did you mean `format`?"),
        ] {
            let faults = faults(text);
            assert!(faults.iter().any(|fault| fault.contains(told)), "{text}: {faults:?}");
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let text = "format = 1\n[[step]]\ndo = \"us\"\n[[step]]\ndo = \"wait\"\n[[step]]\ndo = \"end\"\ntime = \"1s\"\n";
        assert_eq!(faults(text).len(), 3, "{:?}", faults(text));
    }
}
