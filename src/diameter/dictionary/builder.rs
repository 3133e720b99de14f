//! Puts a dictionary together from several sources, in order, and names what contradicts what.
//!
//! A source says names; the builder turns them into keys once everything is known, so the order inside of
//! a source does not matter. The same thing said twice is fine. Something said differently is a fault in a
//! [`Role::Standard`] source, and in a [`Role::Override`] source (an operator's file) the later one wins and
//! a [`Note`] tells so. A command that is said again adds the rules which it does not have yet: a profile
//! of an application (3GPP TS 32.299 §6.4 on RFC 8506 §3) is written as that profile's additions.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Dictionary;
use super::declaration::{
    AvpDeclaration, CommandDeclaration, GrammarDeclaration, Origin, Role, Source, VendorRef,
};
use super::index::nearest;
use super::model::{
    Application, AvpDefinition, AvpKey, AvpRule, CommandDefinition, DataType, Enumerator, FlagRule, Grammar,
    Name, RuleKind, Vendor,
};
use super::problem::{Fault, Note, Problem};

/// How deep a named type may refer to another named type.
const MAX_TYPE_DEPTH: usize = 16;

/// A dictionary and what was noticed while it was made.
#[derive(Clone, Debug)]
pub struct Built {
    /// The dictionary.
    pub dictionary: Dictionary,
    /// Overrides, and slips in operators' files that do no harm, in the order of the sources.
    pub notes: Vec<Note>,
}

/// Merges sources in order (see the module's text).
#[derive(Clone, Debug, Default)]
pub struct DictionaryBuilder {
    applications: BTreeMap<u32, Application>,
    vendors: BTreeMap<u32, Vendor>,
    types: BTreeMap<String, Option<Name>>,
    commands: BTreeMap<(u32, u32), Held<CommandDeclaration>>,
    avps: BTreeMap<AvpKey, Held<AvpDeclaration>>,
    /// Names that an override has taken from an AVP: what was written before still means that AVP.
    former: BTreeMap<String, AvpKey>,
    outcome: Outcome,
}

/// A declaration and the role of the source that it came from.
#[derive(Clone, Debug)]
struct Held<T> {
    declaration: T,
    role: Role,
}

/// Faults and notes so far.
#[derive(Clone, Debug, Default)]
struct Outcome {
    faults: Vec<Fault>,
    notes: Vec<Note>,
}

impl Outcome {
    /// Keeps a problem: a fault where the standard's files have it, a note where an operator's file has it.
    fn tell(&mut self, role: Role, problem: Problem, origin: Origin) {
        match role {
            Role::Standard => self.faults.push(Fault { problem, origin }),
            Role::Override => self.notes.push(Note { problem, origin }),
        }
    }

    fn fault(&mut self, problem: Problem, origin: Origin) {
        self.faults.push(Fault { problem, origin });
    }
}

impl DictionaryBuilder {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a source behind those that are there.
    pub fn add(&mut self, source: Source, role: Role) -> &mut Self {
        for (application, origin) in source.applications {
            self.add_application(application, origin, role);
        }
        for (vendor, origin) in source.vendors {
            self.add_vendor(vendor, origin, role);
        }
        for declared in source.types {
            self.types.insert(declared.name.to_ascii_lowercase(), declared.parent);
        }
        for command in source.commands {
            self.add_command(command, role);
        }
        for avp in source.avps {
            self.add_avp(avp, role);
        }
        self
    }

    /// Resolves all names and gives the dictionary, or every fault that was found.
    pub fn build(self) -> Result<Built, Vec<Fault>> {
        let (built, faults) = self.finish();
        if faults.is_empty() { Ok(built) } else { Err(faults) }
    }

    /// The dictionary without what is faulty, and the faults.
    pub(super) fn finish(self) -> (Built, Vec<Fault>) {
        let Self { applications, vendors, types, commands, avps, former, mut outcome } = self;
        let mut names: BTreeMap<String, Vec<(AvpKey, Name)>> = BTreeMap::new();
        for (key, held) in &avps {
            let name = held.declaration.name.clone();
            names.entry(name.to_ascii_lowercase()).or_default().push((*key, name));
        }
        let resolver = Resolver { types: &types, names: &names, former: &former };
        let avps: Vec<AvpDefinition> =
            avps.into_iter().map(|(key, held)| resolver.avp(key, held, &mut outcome)).collect();
        let commands: Vec<CommandDefinition> =
            commands.into_values().map(|held| resolver.command(held, &mut outcome)).collect();
        outcome.faults.sort_by_key(|fault| fault.origin);
        outcome.notes.sort_by_key(|note| note.origin);
        let applications = applications.into_values().collect();
        let vendors = vendors.into_values().collect();
        let dictionary = Dictionary::assemble(applications, vendors, commands, avps);
        (Built { dictionary, notes: outcome.notes }, outcome.faults)
    }

    fn add_application(&mut self, application: Application, origin: Origin, role: Role) {
        if let Some(earlier) = self.applications.get(&application.id) {
            // Told again without a name, or with the same one, nothing changes.
            if application.name.is_empty() || earlier.name == application.name {
                return;
            }
            if !earlier.name.is_empty() {
                let problem = Problem::ApplicationRedefined {
                    id: application.id,
                    name: application.name.clone(),
                    earlier: earlier.name.clone(),
                };
                self.outcome.tell(role, problem, origin);
            }
        }
        self.applications.insert(application.id, application);
    }

    fn add_vendor(&mut self, vendor: Vendor, origin: Origin, role: Role) {
        let same = |held: &Vendor| held.code == vendor.code && held.word == vendor.word;
        let clash = self.vendors.values().find(|held| {
            !same(held) && (held.code == vendor.code || held.word.eq_ignore_ascii_case(&vendor.word))
        });
        if let Some(earlier) = clash {
            let (earlier_code, earlier_word) = (earlier.code, earlier.word.clone());
            let problem = Problem::VendorRedefined {
                word: vendor.word.clone(),
                code: vendor.code,
                earlier_word,
                earlier_code,
            };
            self.outcome.tell(role, problem, origin);
            self.vendors.remove(&earlier_code);
        }
        self.vendors.insert(vendor.code, vendor);
    }

    fn add_avp(&mut self, mut avp: AvpDeclaration, role: Role) {
        let Some(vendor) = self.vendor_code(&avp) else { return };
        avp.vendor = VendorRef::Code(vendor);
        if vendor != 0 {
            avp.vendor_bit = FlagRule::Must;
        }
        self.sort_enumerators(&mut avp, role);
        let key = AvpKey::new(vendor, avp.code);
        if let Some(earlier) = self.avps.get(&key) {
            let Some(differs) = difference(&earlier.declaration, &avp) else { return };
            let previous = earlier.declaration.origin;
            if earlier.declaration.name != avp.name {
                self.former.insert(earlier.declaration.name.to_ascii_lowercase(), key);
            }
            let problem = Problem::AvpRedefined { name: avp.name.clone(), key, differs, previous };
            self.outcome.tell(role, problem, avp.origin);
        }
        self.avps.insert(key, Held { declaration: avp, role });
    }

    fn vendor_code(&mut self, avp: &AvpDeclaration) -> Option<u32> {
        let word = match &avp.vendor {
            VendorRef::Code(code) => return Some(*code),
            VendorRef::Word(word) => word,
        };
        if let Some(vendor) = self.vendors.values().find(|held| held.word.eq_ignore_ascii_case(word)) {
            return Some(vendor.code);
        }
        let near = nearest(word, self.vendors.values().map(|held| held.word.as_ref())).map(str::to_owned);
        let problem = Problem::UnknownVendor { avp: avp.name.clone(), word: word.clone(), nearest: near };
        self.outcome.fault(problem, avp.origin);
        None
    }

    /// Sorts the values; of two names for one value the first in the source counts.
    fn sort_enumerators(&mut self, avp: &mut AvpDeclaration, role: Role) {
        avp.enumerators.sort_by_key(|enumerator| enumerator.value);
        let mut kept: Vec<Enumerator> = Vec::with_capacity(avp.enumerators.len());
        for enumerator in std::mem::take(&mut avp.enumerators) {
            match kept.last().filter(|last| last.value == enumerator.value) {
                None => kept.push(enumerator),
                Some(last) if last.name == enumerator.name => {}
                Some(last) => {
                    let problem = Problem::RepeatedValue {
                        avp: avp.name.clone(),
                        value: last.value,
                        first: last.name.clone(),
                        second: enumerator.name,
                    };
                    self.outcome.tell(role, problem, avp.origin);
                }
            }
        }
        avp.enumerators = kept;
    }

    fn add_command(&mut self, command: CommandDeclaration, role: Role) {
        let key = (command.application, command.code);
        let Some(earlier) = self.commands.get_mut(&key) else {
            self.commands.insert(key, Held { declaration: command, role });
            return;
        };
        let held = &mut earlier.declaration;
        if let Some(differs) = command_difference(held, &command) {
            let problem = Problem::CommandRedefined {
                name: command.name.clone(),
                code: command.code,
                differs,
                previous: held.origin,
            };
            self.outcome.tell(role, problem, command.origin);
            if role == Role::Override {
                held.name = command.name;
            }
        }
        held.short = command.short.or(held.short.take());
        held.proxiable = command.proxiable.or(held.proxiable);
        add_rules(&mut held.request, command.request);
        add_rules(&mut held.answer, command.answer);
        earlier.role = role;
    }
}

/// The first thing in which two definitions of one AVP differ. The P bit means nothing any more, and the V
/// bit follows from the vendor.
fn difference(earlier: &AvpDeclaration, later: &AvpDeclaration) -> Option<&'static str> {
    let members = |avp: &AvpDeclaration| -> Vec<(String, RuleKind, u32, Option<u32>)> {
        let rules = avp.members.rules.iter();
        rules.map(|rule| (rule.name.to_ascii_lowercase(), rule.kind, rule.min, rule.max)).collect()
    };
    if earlier.name != later.name {
        Some("its name")
    } else if !same_type(&earlier.data_type, &later.data_type) {
        Some("its type")
    } else if earlier.mandatory != later.mandatory {
        Some("the M bit")
    } else if members(earlier) != members(later) {
        Some("its members")
    } else if earlier.enumerators != later.enumerators {
        Some("its values")
    } else {
        None
    }
}

/// Whether two names mean the same type (`IPAddress` is `Address`).
fn same_type(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
        || known_type(one).zip(known_type(other)).is_some_and(|(one, other)| one == other)
}

fn command_difference(earlier: &CommandDeclaration, later: &CommandDeclaration) -> Option<String> {
    if earlier.name != later.name {
        return Some(format!("its name (earlier {})", earlier.name));
    }
    if earlier.proxiable.zip(later.proxiable).is_some_and(|(earlier, later)| earlier != later) {
        return Some("the P bit".to_owned());
    }
    let sides = [("request", &earlier.request, &later.request), ("answer", &earlier.answer, &later.answer)];
    sides.into_iter().find_map(|(side, earlier, later)| {
        let differs = later.rules.iter().find(|rule| {
            let held = earlier.rules.iter().find(|held| held.name.eq_ignore_ascii_case(&rule.name));
            held.is_some_and(|held| (held.kind, held.min, held.max) != (rule.kind, rule.min, rule.max))
        })?;
        Some(format!("the rule of {} in the {side}", differs.name))
    })
}

/// Adds the rules of `more`, before an opening `AVP` at the end; a rule for an AVP that has one replaces it.
fn add_rules(held: &mut GrammarDeclaration, more: GrammarDeclaration) {
    for rule in more.rules {
        if let Some(same) = held.rules.iter_mut().find(|held| held.name.eq_ignore_ascii_case(&rule.name)) {
            *same = rule;
            continue;
        }
        let end = held.rules.len();
        let before_open = held.rules.last().is_some_and(|last| is_any(&last.name));
        held.rules.insert(end.saturating_sub(usize::from(before_open)), rule);
    }
}

/// Whether a rule's name is the `AVP` that stands for all others.
fn is_any(name: &str) -> bool {
    name == "AVP"
}

/// All names, to turn those of a declaration into keys and types.
struct Resolver<'a> {
    types: &'a BTreeMap<String, Option<Name>>,
    names: &'a BTreeMap<String, Vec<(AvpKey, Name)>>,
    former: &'a BTreeMap<String, AvpKey>,
}

impl Resolver<'_> {
    fn avp(&self, key: AvpKey, held: Held<AvpDeclaration>, outcome: &mut Outcome) -> AvpDefinition {
        let Held { declaration: avp, role } = held;
        let data_type = self.data_type(&avp.data_type);
        if data_type.is_none() {
            let problem = Problem::UnknownType {
                avp: avp.name.clone(),
                data_type: avp.data_type.clone(),
                nearest: self.nearest_type(&avp.data_type),
            };
            outcome.fault(problem, avp.origin);
        }
        let data_type = data_type.unwrap_or(DataType::Unknown);
        if data_type != DataType::Grouped && !avp.members.rules.is_empty() {
            outcome.fault(Problem::MembersOfSimpleType { avp: avp.name.clone(), data_type }, avp.origin);
        }
        let members = self.grammar(&avp.name, key.vendor, avp.members, role, outcome);
        AvpDefinition {
            key,
            name: avp.name,
            data_type,
            mandatory: avp.mandatory,
            protected: avp.protected,
            vendor_bit: avp.vendor_bit,
            members,
            enumerators: avp.enumerators,
        }
    }

    fn command(&self, held: Held<CommandDeclaration>, outcome: &mut Outcome) -> CommandDefinition {
        let Held { declaration: command, role } = held;
        let request = self.grammar(&command.name, 0, command.request, role, outcome);
        let answer = self.grammar(&command.name, 0, command.answer, role, outcome);
        CommandDefinition {
            application: command.application,
            code: command.code,
            short: command.short.unwrap_or_else(|| Cow::Owned(initials(&command.name))),
            name: command.name,
            proxiable: command.proxiable.unwrap_or(true),
            request,
            answer,
        }
    }

    fn grammar(
        &self,
        of: &Name,
        vendor: u32,
        declared: GrammarDeclaration,
        role: Role,
        outcome: &mut Outcome,
    ) -> Grammar {
        if declared.rules.is_empty() {
            return Grammar::UNKNOWN;
        }
        let mut grammar = Grammar { rules: Vec::with_capacity(declared.rules.len()), open: false };
        for rule in declared.rules {
            if is_any(&rule.name) {
                grammar.open = true;
                continue;
            }
            let Some(avp) = self.key(&rule.name, vendor) else {
                // What is left out by an operator's slip must not be forbidden by it.
                grammar.open = true;
                let all = self.names.values().flatten().map(|(_, name)| name.as_ref());
                let near = nearest(&rule.name, all).map(str::to_owned);
                let problem = Problem::UnknownMember { of: of.clone(), name: rule.name, nearest: near };
                outcome.tell(role, problem, rule.origin);
                continue;
            };
            if grammar.rule(avp).is_some() {
                let problem = Problem::RepeatedMember { of: of.clone(), name: rule.name };
                outcome.tell(role, problem, rule.origin);
                continue;
            }
            grammar.rules.push(AvpRule { avp, kind: rule.kind, min: rule.min, max: rule.max });
        }
        grammar
    }

    /// The AVP of that name: exactly so spelled before otherwise, of the same vendor before none before
    /// others.
    fn key(&self, name: &str, vendor: u32) -> Option<AvpKey> {
        let small = name.to_ascii_lowercase();
        let Some(candidates) = self.names.get(&small) else { return self.former.get(&small).copied() };
        let rank = |(key, spelled): &&(AvpKey, Name)| {
            (*spelled != name, key.vendor != vendor, key.vendor != 0, *key)
        };
        candidates.iter().min_by_key(rank).map(|(key, _)| *key)
    }

    fn data_type(&self, name: &str) -> Option<DataType> {
        let mut name = Cow::Borrowed(name);
        for _ in 0..MAX_TYPE_DEPTH {
            if let Some(known) = known_type(&name) {
                return Some(known);
            }
            match self.types.get(&name.to_ascii_lowercase())? {
                Some(parent) => name = Cow::Borrowed(parent.as_ref()),
                None => return Some(DataType::Unknown),
            }
        }
        None
    }

    fn nearest_type(&self, name: &str) -> Option<String> {
        let known = DataType::ALL.iter().map(|data_type| data_type.name());
        nearest(name, known.chain(self.types.keys().map(String::as_str))).map(str::to_owned)
    }
}

/// A type of RFC 6733 by its name, or by the names that older dictionaries give it.
fn known_type(name: &str) -> Option<DataType> {
    match name.to_ascii_lowercase().as_str() {
        "ipaddress" => Some(DataType::Address),
        "ipv4" | "ipv6" | "qosfilterrule" => Some(DataType::OctetString),
        _ => DataType::from_name(name),
    }
}

/// The first letters of a command's words: `Credit-Control` gives `CC`.
fn initials(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.filter_map(|word| word.chars().next()).map(|letter| letter.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests;
