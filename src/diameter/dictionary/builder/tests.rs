//! What the builder does with several sources.

use super::super::declaration::{RuleDeclaration, TypeDeclaration};
use super::super::model::RuleKind;
use super::*;

const fn at(line: u32) -> Origin {
    Origin { file: 0, line, column: 1 }
}

fn avp(name: &'static str, code: u32, data_type: &'static str, line: u32) -> AvpDeclaration {
    AvpDeclaration {
        name: name.into(),
        code,
        vendor: VendorRef::Code(0),
        data_type: data_type.into(),
        mandatory: FlagRule::Must,
        protected: FlagRule::May,
        vendor_bit: FlagRule::MustNot,
        members: GrammarDeclaration::default(),
        enumerators: Vec::new(),
        origin: at(line),
    }
}

fn rule(name: &'static str, kind: RuleKind, max: Option<u32>) -> RuleDeclaration {
    let min = u32::from(kind != RuleKind::Optional);
    RuleDeclaration { name: name.into(), kind, min, max, origin: at(1) }
}

fn group(name: &'static str, code: u32, members: &[&'static str], line: u32) -> AvpDeclaration {
    let rules = members.iter().map(|name| rule(name, RuleKind::Optional, None)).collect();
    AvpDeclaration { members: GrammarDeclaration { rules }, ..avp(name, code, "Grouped", line) }
}

fn command(request: &[RuleDeclaration], line: u32) -> CommandDeclaration {
    CommandDeclaration {
        application: 4,
        code: 272,
        name: "Credit-Control".into(),
        short: None,
        proxiable: None,
        request: GrammarDeclaration { rules: request.to_vec() },
        answer: GrammarDeclaration::default(),
        origin: at(line),
    }
}

fn avps(avps: Vec<AvpDeclaration>) -> Source {
    Source { avps, ..Source::default() }
}

fn faults(sources: Vec<(Source, Role)>) -> Vec<Problem> {
    let mut builder = DictionaryBuilder::new();
    for (source, role) in sources {
        builder.add(source, role);
    }
    builder.build().map(|built| built.notes).unwrap_err().into_iter().map(|fault| fault.problem).collect()
}

fn built(sources: Vec<(Source, Role)>) -> Built {
    let mut builder = DictionaryBuilder::new();
    for (source, role) in sources {
        builder.add(source, role);
    }
    builder.build().unwrap()
}

#[test]
fn the_same_said_twice_is_fine() {
    let source = avps(vec![avp("A", 1, "Address", 1)]);
    let again = avps(vec![avp("A", 1, "IPAddress", 9)]);
    assert_eq!(built(vec![(source, Role::Standard), (again, Role::Standard)]).notes, []);
}

#[test]
fn a_contradiction_is_a_fault_in_a_standard_source_and_a_note_in_an_override() {
    let source = || avps(vec![avp("A", 1, "Unsigned32", 1)]);
    let other = || avps(vec![avp("A", 1, "Unsigned64", 9)]);
    let problem = Problem::AvpRedefined {
        name: "A".into(),
        key: AvpKey::new(0, 1),
        differs: "its type",
        previous: at(1),
    };
    assert_eq!(
        faults(vec![(source(), Role::Standard), (other(), Role::Standard)]),
        std::slice::from_ref(&problem)
    );
    let built = built(vec![(source(), Role::Standard), (other(), Role::Override)]);
    assert_eq!(built.notes, [Note { problem, origin: at(9) }]);
    assert_eq!(built.dictionary.avp(0, 1).unwrap().data_type, DataType::Unsigned64);
}

#[test]
fn each_difference_is_named() {
    let with = |change: &dyn Fn(&mut AvpDeclaration)| {
        let mut later = group("A", 1, &["B"], 9);
        change(&mut later);
        let source = avps(vec![group("A", 1, &["B"], 1), avp("B", 2, "Time", 2), later]);
        match built(vec![(source, Role::Override)]).notes.first().map(|note| note.problem.clone()) {
            Some(Problem::AvpRedefined { differs, .. }) => Some(differs),
            _ => None,
        }
    };
    assert_eq!(with(&|_| {}), None);
    assert_eq!(with(&|avp| avp.protected = FlagRule::MustNot), None);
    assert_eq!(with(&|avp| avp.name = "C".into()), Some("its name"));
    assert_eq!(with(&|avp| avp.mandatory = FlagRule::May), Some("the M bit"));
    assert_eq!(with(&|avp| avp.members.rules.clear()), Some("its members"));
    let value = Enumerator { value: 1, name: "ONE".into() };
    assert_eq!(with(&|avp| avp.enumerators.push(value.clone())), Some("its values"));
}

#[test]
fn a_group_keeps_a_member_that_an_override_renames() {
    let source = avps(vec![group("G", 1, &["Old-Name"], 1), avp("Old-Name", 2, "Time", 2)]);
    let renamed = avps(vec![avp("New-Name", 2, "Time", 9)]);
    let built = built(vec![(source, Role::Standard), (renamed, Role::Override)]);
    let members = &built.dictionary.avp(0, 1).unwrap().members;
    assert_eq!(members.rules.first().map(|rule| rule.avp), Some(AvpKey::new(0, 2)));
    assert!(!members.open);
}

#[test]
fn members_are_looked_for_in_the_groups_own_vendor_first_and_exactly_spelled() {
    let of =
        |vendor, declared: AvpDeclaration| AvpDeclaration { vendor: VendorRef::Code(vendor), ..declared };
    let source = avps(vec![
        of(9, group("G", 1, &["Id", "ID", "Free"], 1)),
        of(9, avp("Id", 2, "Time", 2)),
        avp("Id", 2, "Time", 3),
        of(7, avp("ID", 3, "Time", 4)),
        of(7, avp("Free", 4, "Time", 5)),
    ]);
    let built = built(vec![(source, Role::Standard)]);
    let members = &built.dictionary.avp(9, 1).unwrap().members;
    let keys: Vec<AvpKey> = members.rules.iter().map(|rule| rule.avp).collect();
    assert_eq!(keys, [AvpKey::new(9, 2), AvpKey::new(7, 3), AvpKey::new(7, 4)]);
}

#[test]
fn a_name_that_nothing_defines_is_told_with_its_nearest() {
    let source =
        || avps(vec![group("G", 1, &["Rating-Groop"], 1), avp("Rating-Group", 432, "Unsigned32", 2)]);
    let problem = Problem::UnknownMember {
        of: "G".into(),
        name: "Rating-Groop".into(),
        nearest: Some("Rating-Group".into()),
    };
    assert_eq!(faults(vec![(source(), Role::Standard)]), std::slice::from_ref(&problem));
    let built = built(vec![(source(), Role::Override)]);
    assert_eq!(built.notes, [Note { problem, origin: at(1) }]);
    // What is not known is not forbidden.
    assert!(built.dictionary.avp(0, 1).unwrap().members.open);
}

#[test]
fn unknown_types_and_vendors_are_faults_in_every_role() {
    let vendor = VendorRef::Word("TGP".into());
    let source = Source {
        vendors: vec![(Vendor { code: 10_415, word: "TGPP".into(), name: "3GPP".into() }, at(1))],
        avps: vec![avp("A", 1, "Unsigned31", 1), AvpDeclaration { vendor, ..avp("B", 2, "Time", 2) }],
        ..Source::default()
    };
    let texts: Vec<String> = faults(vec![(source, Role::Override)]).iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "AVP A has type `Unsigned31`, which is no type of RFC 6733 and no declared one; is `Unsigned32` meant?",
            "AVP B names vendor `TGP`, which no <vendor> declares; is `TGPP` meant?",
        ]
    );
}

#[test]
fn a_named_type_is_what_it_derives_from_and_a_circle_of_them_is_none() {
    let declared = |name: &'static str, parent: Option<&'static str>| TypeDeclaration {
        name: name.into(),
        parent: parent.map(Into::into),
    };
    let source = Source {
        types: vec![
            declared("AppId", Some("Id32")),
            declared("Id32", Some("Unsigned32")),
            declared("Opaque", None),
            declared("X", Some("Y")),
            declared("Y", Some("X")),
        ],
        avps: vec![avp("A", 1, "AppId", 1), avp("B", 2, "Opaque", 2)],
        ..Source::default()
    };
    let dictionary = built(vec![(source.clone(), Role::Standard)]).dictionary;
    assert_eq!(dictionary.avp(0, 1).unwrap().data_type, DataType::Unsigned32);
    assert_eq!(dictionary.avp(0, 2).unwrap().data_type, DataType::Unknown);
    let circle = avps(vec![avp("C", 3, "X", 3)]);
    assert_eq!(faults(vec![(source, Role::Standard), (circle, Role::Standard)]).len(), 1);
}

#[test]
fn members_belong_to_groups_only() {
    let mut simple = group("A", 1, &["A"], 1);
    simple.data_type = "Time".into();
    let problem = Problem::MembersOfSimpleType { avp: "A".into(), data_type: DataType::Time };
    assert_eq!(faults(vec![(avps(vec![simple]), Role::Override)]), [problem]);
}

#[test]
fn a_profile_adds_rules_to_a_command_and_may_not_change_them() {
    let base = Source {
        commands: vec![command(
            &[rule("A", RuleKind::Required, Some(1)), rule("AVP", RuleKind::Optional, None)],
            1,
        )],
        avps: vec![avp("A", 1, "Time", 1), avp("B", 2, "Time", 2)],
        ..Source::default()
    };
    let profile =
        |rules: &[RuleDeclaration]| Source { commands: vec![command(rules, 9)], ..Source::default() };
    let more = profile(&[rule("B", RuleKind::Optional, Some(1)), rule("A", RuleKind::Required, Some(1))]);
    let built = built(vec![(base.clone(), Role::Standard), (more, Role::Standard)]);
    let held = built.dictionary.command(4, 272).unwrap();
    assert_eq!(held.short, "CC");
    let keys: Vec<u32> = held.request.rules.iter().map(|rule| rule.avp.code).collect();
    assert_eq!((keys, held.request.open), (vec![1, 2], true));
    let other = profile(&[rule("A", RuleKind::Optional, Some(1))]);
    let texts: Vec<String> = faults(vec![(base, Role::Standard), (other, Role::Standard)])
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        texts,
        ["command Credit-Control (272) differs from the earlier definition in the rule of A in the request"]
    );
}

#[test]
fn of_two_names_for_a_value_the_first_counts() {
    let mut source = avp("A", 1, "Enumerated", 1);
    for (value, name) in [(1, "ONE"), (0, "ZERO"), (1, "UNO"), (1, "ONE")] {
        source.enumerators.push(Enumerator { value, name: name.into() });
    }
    let built = built(vec![(avps(vec![source]), Role::Override)]);
    let held = built.dictionary.avp(0, 1).unwrap();
    assert_eq!((held.enumerator(0), held.enumerator(1)), (Some("ZERO"), Some("ONE")));
    assert_eq!(built.notes.len(), 1);
}

#[test]
fn applications_and_vendors_have_one_name_each() {
    let named = |id: u32, name: &'static str, word: &'static str, code: u32| Source {
        applications: vec![(Application { id, name: name.into() }, at(1))],
        vendors: vec![(Vendor { code, word: word.into(), name: word.into() }, at(2))],
        ..Source::default()
    };
    let first = || (named(4, "Gy", "TGPP", 10_415), Role::Standard);
    assert_eq!(built(vec![first(), (named(4, "", "TGPP", 10_415), Role::Standard)]).notes, []);
    assert_eq!(faults(vec![first(), (named(4, "Ro", "TGPP", 5), Role::Standard)]).len(), 2);
    let built = built(vec![first(), (named(4, "Ro", "Other", 10_415), Role::Override)]);
    assert_eq!(built.dictionary.application(4).unwrap().name, "Ro");
    assert_eq!(built.dictionary.vendor(10_415).unwrap().word, "Other");
    assert_eq!(built.notes.len(), 2);
}
