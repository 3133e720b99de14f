//! The dictionary: our files against the table of facts, what is built in against our files, and the sets of
//! others that must load.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at what is not as it should be, and tells what it skips"
)]

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
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "not as in the table: {missing:#?}\nnot in it: {surplus:#?}"
    );
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

/// The sample of that name, over what is built in, and its notes as text without the folder.
fn sample(name: &str) -> (Dictionary, Vec<String>) {
    let folder = project("tests/data/dictionaries");
    let loaded = load(DictionaryBuilder::builtin(), &[folder.join(name)], Role::Override);
    let loaded = loaded.unwrap_or_else(|refused| panic!("{refused}"));
    let folder = format!("{}/", folder.display());
    let notes = loaded.notes.iter().map(|note| note.to_string().replace(&folder, "")).collect();
    (loaded.dictionary, notes)
}

#[test]
fn every_construct_of_wiresharks_format_loads() {
    let (dictionary, notes) = sample("wireshark.xml");
    assert_eq!(
        notes,
        [
            "wireshark-vendors.xml:10:4: Example-Group names AVP `Example-Nowhere`, which is not defined",
            "wireshark-vendors.xml:13:2: AVP Example-Class has two names for value 1: `GOLD` and `SILVER`",
            "wireshark-vendors.xml:28:2: AVP Other-Second (3:32474) differs from the earlier definition in its \
             name; earlier: wireshark-vendors.xml:25:2",
        ]
    );
    // Named types, vendors by word, declared before and behind, and by the element around.
    let avp = |vendor, code| dictionary.avp(vendor, code).unwrap();
    assert_eq!(avp(0, 64_001).data_type, DataType::Address);
    let early = avp(32_473, 7);
    assert_eq!((early.data_type, early.mandatory), (DataType::Unsigned32, FlagRule::ShouldNot));
    assert_eq!((early.enumerator(4), early.enumerator(4_294_967_295)), (Some("Gy & Ro"), Some("Relay")));
    assert_eq!(avp(32_473, 2).enumerator(-1), Some("NONE"));
    assert_eq!(avp(32_473, 2).mandatory, FlagRule::May);
    assert_eq!(avp(32_474, 2).data_type, DataType::OctetString);
    assert_eq!(avp(32_474, 3).name, "Other-Second");
    // Members: of the group's own vendor, of what is built in, with blanks behind the name.
    let group = avp(32_473, 1);
    let members: Vec<AvpKey> = group.members.rules.iter().map(|rule| rule.avp).collect();
    assert_eq!(members, [AvpKey::new(32_473, 7), AvpKey::new(32_473, 2), AvpKey::new(0, 1)]);
    assert!(group.members.open);
    // A fragment inside of an application, and a command of its own.
    assert_eq!(avp(0, 64_002).name, "Example-Text");
    assert_eq!(dictionary.command(32_474, 8_388_000).unwrap().application, 32_474);
    assert_eq!(dictionary.command(1, 8_388_000).unwrap().short, "ER");
    // What was built in is still there, rules and all.
    assert!(dictionary.command(0, 257).unwrap().request.rule(AvpKey::new(0, 264)).is_some());
    assert_eq!(dictionary.application(32_473).unwrap().name, "Example");
    assert_eq!(dictionary.vendor(32_473).unwrap().name, "Example Ltd");
}

#[test]
fn every_construct_of_go_diameters_format_loads() {
    let (dictionary, notes) = sample("go-diameter.xml");
    assert_eq!(notes, Vec::<String>::new());
    let status = dictionary.command(32_473, 8_388_001).unwrap();
    assert_eq!(status.abbreviation(true), "XSR");
    assert_eq!(
        grammar_text(&dictionary, &status.request),
        "{Session-Id} {Origin-Host} *[Example-Group] 2*5{Example-Item} *[AVP]"
    );
    let group = dictionary.avp(32_473, 11).unwrap();
    assert_eq!(grammar_text(&dictionary, &group.members), "{Example-Item} *[User-Name] *[AVP]");
    assert_eq!((group.mandatory, group.vendor_bit), (FlagRule::Must, FlagRule::Must));
    let item = dictionary.avp_by_name("Example-Item").unwrap();
    assert_eq!((item.key.vendor, item.mandatory, item.value_of("ON")), (32_473, FlagRule::MustNot, Some(1)));
    assert_eq!(dictionary.avp(0, 64_011).unwrap().data_type, DataType::Address);
    assert_eq!(dictionary.avp(0, 64_011).unwrap().mandatory, FlagRule::May);
    assert_eq!(dictionary.avp(0, 64_012).unwrap().data_type, DataType::OctetString);
    assert_eq!(dictionary.avp(0, 64_013).unwrap().members, Grammar::UNKNOWN);
}

/// Where Debian, Fedora and the default build put Wireshark's set.
const WIRESHARK: [&str; 2] =
    ["/usr/share/wireshark/diameter/dictionary.xml", "/usr/local/share/wireshark/diameter/dictionary.xml"];

#[test]
fn wiresharks_own_set_loads_alone_and_over_what_is_built_in() {
    let Some(main) = WIRESHARK.iter().map(PathBuf::from).find(|path| path.exists()) else {
        println!("skipped: Wireshark's dictionaries are not installed");
        return;
    };
    for builder in [DictionaryBuilder::new(), DictionaryBuilder::builtin()] {
        let loaded = load(builder, std::slice::from_ref(&main), Role::Override);
        let loaded = loaded.unwrap_or_else(|refused| panic!("{refused}"));
        let dictionary = &loaded.dictionary;
        println!("{} AVPs, {} notes", dictionary.avps().len(), loaded.notes.len());
        // The fragments were taken in: Wireshark's vendors stand in files of their own.
        assert!(dictionary.avps().len() > 2_500);
        for (vendor, code, name) in [
            (10_415, 873, "Service-Information"),
            (9, 132_001, ""),
            (8_164, 1, ""),
            (0, 416, "CC-Request-Type"),
        ] {
            let avp = dictionary.avp(vendor, code);
            assert!(name.is_empty() || avp.is_some_and(|avp| avp.name == name), "{name}");
        }
        assert!(dictionary.avps().iter().any(|avp| avp.key.vendor == 8_164));
        assert!(dictionary.command(4, 272).is_some());
    }
}

#[test]
fn each_file_of_wiresharks_set_loads_by_itself() {
    let Some(folder) =
        WIRESHARK.iter().filter_map(|path| Path::new(path).parent()).find(|path| path.exists())
    else {
        println!("skipped: Wireshark's dictionaries are not installed");
        return;
    };
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let empty = path.file_name().is_some_and(|name| name == "Custom.xml");
        if path.extension().is_none_or(|extension| extension != "xml") || empty {
            continue;
        }
        // Some fragments name types and vendors that the main file declares.
        let main = folder.join("dictionary.xml");
        let loaded = load(DictionaryBuilder::new(), &[main, path.clone()], Role::Override);
        assert!(loaded.is_ok(), "{}: {}", path.display(), loaded.unwrap_err());
        read += 1;
    }
    assert!(read > 20);
}
