//! The dictionary: our files against the table of facts, what is built in against our files, and the sets of
//! others that must load.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gyro::diameter::dictionary::declaration::Role;
use gyro::diameter::dictionary::{
    AvpDefinition, AvpKey, AvpRule, DataType, Dictionary, DictionaryBuilder, FlagRule, Grammar, RuleKind,
    builtin,
};
use gyro::dictionary_xml::load;

/// Our files, in the order in which they build on each other.
const FILES: [&str; 4] = ["base.xml", "credit-control.xml", "3gpp-charging.xml", "sy.xml"];

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn our_files() -> Dictionary {
    let files: Vec<PathBuf> = FILES.iter().map(|file| project("dictionaries").join(file)).collect();
    let loaded = load(DictionaryBuilder::new(), &files, Role::Standard);
    let loaded = loaded.unwrap_or_else(|refused| panic!("{refused}"));
    assert_eq!(loaded.notes, []);
    loaded.dictionary
}

/// A row of the table of facts: `kind` is `avp`, `request` or `answer`; `of` is the vendor or the
/// application; `kind` and the columns behind it are told in the tests below.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Fact {
    kind: String,
    of: u32,
    code: u32,
    name: String,
    data_type: String,
    flag: String,
    content: String,
}

fn facts() -> BTreeSet<Fact> {
    let mut reader = csv::Reader::from_path(project("tests/data/dictionary_facts.csv")).unwrap();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        Fact {
            kind: row[0].into(),
            of: row[1].parse().unwrap(),
            code: row[2].parse().unwrap(),
            name: row[3].into(),
            data_type: row[4].into(),
            flag: row[5].into(),
            content: row[6].into(),
        }
    });
    rows.collect()
}

fn name_of(dictionary: &Dictionary, key: AvpKey) -> String {
    dictionary.avp_by_key(key).unwrap().name.to_string()
}

/// An AVP as the table has it: the M rule as flag; members by name, `AVP` if open, or values.
fn avp_fact(dictionary: &Dictionary, avp: &AvpDefinition) -> Fact {
    let content = if avp.data_type == DataType::Grouped {
        let names = avp.members.rules.iter().map(|rule| name_of(dictionary, rule.avp));
        names.chain(avp.members.open.then(|| "AVP".to_owned())).collect::<Vec<_>>().join(" ")
    } else {
        let values = avp.enumerators.iter().map(|value| format!("{}={}", value.value, value.name));
        values.collect::<Vec<_>>().join(";")
    };
    let expected = if avp.key.vendor == 0 { FlagRule::MustNot } else { FlagRule::Must };
    assert_eq!(avp.vendor_bit, expected, "V bit of {}", avp.name);
    Fact {
        kind: "avp".into(),
        of: avp.key.vendor,
        code: avp.key.code,
        name: avp.name.to_string(),
        data_type: avp.data_type.name().into(),
        flag: avp.mandatory.name().into(),
        content,
    }
}

/// A rule in the Command Code Format (RFC 6733 §3.2).
fn rule_text(dictionary: &Dictionary, rule: &AvpRule) -> String {
    let name = name_of(dictionary, rule.avp);
    let (least, text) = match rule.kind {
        RuleKind::Fixed => (1, format!("<{name}>")),
        RuleKind::Required => (1, format!("{{{name}}}")),
        RuleKind::Optional => (0, format!("[{name}]")),
    };
    if (rule.min, rule.max) == (least, Some(1)) {
        return text;
    }
    let number = |count: u32| if count == 0 { String::new() } else { count.to_string() };
    format!("{}*{}{text}", number(rule.min), rule.max.map_or(String::new(), number))
}

fn grammar_text(dictionary: &Dictionary, grammar: &Grammar) -> String {
    let rules = grammar.rules.iter().map(|rule| rule_text(dictionary, rule));
    rules.chain(grammar.open.then(|| "*[AVP]".to_owned())).collect::<Vec<_>>().join(" ")
}

/// Everything a dictionary says, as the table has it.
fn facts_of(dictionary: &Dictionary) -> BTreeSet<Fact> {
    let avps = dictionary.avps().iter().map(|avp| avp_fact(dictionary, avp));
    let commands = dictionary.commands().iter().flat_map(|command| {
        [true, false].into_iter().map(move |request| Fact {
            kind: if request { "request" } else { "answer" }.into(),
            of: command.application,
            code: command.code,
            name: command.full_name(request),
            data_type: command.abbreviation(request),
            flag: if command.proxiable { "pxy" } else { "" }.into(),
            content: grammar_text(dictionary, command.grammar(request)),
        })
    });
    avps.chain(commands).collect()
}

/// Both directions: nothing of the table is missing or different, and nothing is there that the table lacks.
fn assert_same(dictionary: &Dictionary, facts: &BTreeSet<Fact>) {
    let held = facts_of(dictionary);
    let missing: Vec<&Fact> = facts.difference(&held).take(5).collect();
    let surplus: Vec<&Fact> = held.difference(facts).take(5).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "not as in the table: {missing:#?}\nnot in it: {surplus:#?}");
}

#[test]
fn our_files_say_exactly_what_the_table_of_facts_says() {
    let facts = facts();
    assert_eq!(facts.iter().filter(|fact| fact.kind == "avp").count(), 1_054);
    assert_eq!(facts.iter().filter(|fact| fact.kind != "avp").count(), 24);
    assert_same(&our_files(), &facts);
}

#[test]
fn a_planted_difference_is_found() {
    let facts = facts();
    let dictionary = our_files();
    for change in ["type", "flag", "name", "value", "rule"] {
        let mut planted = facts.clone();
        let victim = |fact: &&Fact| match change {
            "value" => fact.code == 872 && fact.kind == "avp",
            "rule" => fact.code == 272 && fact.kind == "answer",
            _ => fact.code == 416 && fact.kind == "avp",
        };
        let mut fact = facts.iter().find(victim).unwrap().clone();
        planted.remove(&fact);
        match change {
            "type" => fact.data_type = "Unsigned32".into(),
            "flag" => fact.flag = "may".into(),
            "name" => fact.name.push('s'),
            "value" => fact.content = fact.content.replace("1=QHT", "1=QTH"),
            _ => fact.content = fact.content.replace("{Result-Code}", "[Result-Code]"),
        }
        planted.insert(fact);
        assert_ne!(planted, facts, "{change}");
        let outcome = std::panic::catch_unwind(|| assert_same(&dictionary, &planted));
        assert!(outcome.is_err(), "{change} was not found");
    }
}

#[test]
fn what_is_built_in_is_what_our_files_say() {
    let (built_in, files) = (builtin(), our_files());
    assert_eq!(built_in.avps(), files.avps());
    assert_eq!(built_in.commands(), files.commands());
    assert_eq!(built_in.applications(), files.applications());
    assert_eq!(built_in.vendors(), files.vendors());
}

#[test]
fn every_avp_is_found_by_its_key_and_by_its_name() {
    let dictionary = builtin();
    for avp in dictionary.avps() {
        assert_eq!(dictionary.avp(avp.key.vendor, avp.key.code), Some(avp));
        assert_eq!(dictionary.avp_by_name(&avp.name), Some(avp), "{}", avp.name);
        assert!(dictionary.avps_by_name(&avp.name.to_uppercase()).any(|found| found == avp));
    }
}
