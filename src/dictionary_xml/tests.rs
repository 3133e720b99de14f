//! What is refused, and how it is told.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::limits::{MAX_FAULTS, MAX_FILE_OCTETS, MAX_REFERENCES};
use super::*;
use crate::diameter::dictionary::DataType;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Loads `main.xml` of a folder over what is built in.
fn load_main(folder: &Path) -> Result<Loaded, Refused> {
    load(DictionaryBuilder::builtin(), &[folder.join("main.xml")], Role::Override)
}

/// The faults of these files, as text without the folder.
fn faults(files: &[(&str, &str)]) -> Vec<String> {
    let folder = folder(files);
    faults_in(folder.path())
}

fn faults_in(folder: &Path) -> Vec<String> {
    let prefix = format!("{}/", folder.display());
    let refused = load_main(folder).unwrap_err();
    assert_eq!(refused.more, 0);
    refused.faults.iter().map(|fault| fault.to_string().replace(&prefix, "")).collect()
}

/// The faults of one file.
fn faults_of(text: &str) -> Vec<String> {
    faults(&[("main.xml", text)])
}

/// A main file that declares and takes in one entity.
fn taking_in(declaration: &str) -> String {
    format!("<!DOCTYPE dictionary [<!ENTITY {declaration}>]>\n<dictionary>&a;</dictionary>")
}

#[test]
fn every_fault_of_a_file_is_told_with_its_place_and_what_is_allowed() {
    let text = r#"<dictionary>
  <aplication id="4"/>
  <application id="four"/>
  <application id="9">
    <avp name="A" code="1" mandatory="yes"><type type-name="Time"/></avp>
    <avp name="B" code="-1"><type type-name="Unsigned31"/></avp>
    <avp code="3"><type type-name="Time"/></avp>
    <avp name="C" code="4"/>
    <avp name="D" code="5"><type type-name="Time"/><type type-name="Address"/></avp>
    <avp name="E" code="6"><grouped><avp name="F"/></grouped></avp>
    <avp name="G" code="7"><type type-name="Enumerated"/><enum name="X" code="1e3"/></avp>
    <avp name="H" code="8"><type type-name="Unsigned23"/></avp>
    <avp name="I" code="9" vendor-id="TGP"><type type-name="Time"/></avp>
    <command name="X" code="1" pbit="yes"><requestrules><needed/></requestrules></command>
    <command name="Y" code="2"><answerrules><required><avprule name="E" minimum="2"/></required></answerrules></command>
  </application>
  <vendor code="1"><avp/></vendor>
</dictionary>"#;
    assert_eq!(
        faults_of(text),
        [
            "main.xml:2:3: <aplication> is not expected in <dictionary>; allowed: <base>, <application>, <vendor>; is \
             `<application>` meant?",
            "main.xml:3:3: id=\"four\" of <application>: allowed is a number from 0 to 4294967295",
            "main.xml:5:5: mandatory=\"yes\" of <avp>: allowed is `must`, `may`, `mustnot` or `shouldnot`",
            "main.xml:6:5: code=\"-1\" of <avp>: allowed is a number from 0 to 4294967295",
            "main.xml:7:5: <avp> has no attribute `name`",
            "main.xml:8:5: AVP `C` has no type; <type> or <grouped> is needed",
            "main.xml:9:5: AVP `D` has more than one type",
            "main.xml:10:37: <avp> is not expected in <grouped>; allowed: <gavp>; is `<gavp>` meant?",
            "main.xml:11:58: code=\"1e3\" of <enum>: allowed is a number from -2147483648 to 4294967295",
            "main.xml:12:5: AVP H has type `Unsigned23`, which is no type of RFC 6733 and no declared one; is \
             `Unsigned32` meant?",
            "main.xml:13:5: AVP I names vendor `TGP`, which no <vendor> declares; is `TGPP` meant?",
            "main.xml:14:5: pbit=\"yes\" of <command>: allowed is `0` or `1`",
            "main.xml:14:57: <needed> is not expected in <requestrules>; allowed: <fixed>, <required>, <optional>",
            "main.xml:15:55: maximum=\"1\" of <avprule>: allowed is not less than the minimum",
            "main.xml:17:3: <vendor> has no attribute `vendor-id`",
        ]
    );
}

#[test]
fn every_fault_of_a_go_diameter_file_is_told_with_its_place() {
    let text = r#"<diameter>
  <vendor id="1" name="x"/>
  <application id="7" name="T">
    <avp name="A" code="x" must="M"><data type="Time"/></avp>
    <avp name="B" code="2"><type type-name="Time"/></avp>
    <avp name="C" code="3"><data type="Grouped"><rule required="maybe" avp="A"/><rule/></data></avp>
    <avp name="D" code="4"><data type="Time"/><data type="Time"/></avp>
    <command code="5" name="E"><reqest/></command>
  </application>
</diameter>"#;
    assert_eq!(
        faults_of(text),
        [
            "main.xml:2:3: <vendor> is not expected in <diameter>; allowed: <application>",
            "main.xml:4:5: code=\"x\" of <avp>: allowed is a number from 0 to 4294967295",
            "main.xml:5:5: AVP `B` has no type; <data type=\"…\"> is needed",
            "main.xml:5:28: <type> is not expected in <avp>; allowed: <data>",
            "main.xml:6:49: required=\"maybe\" of <rule>: allowed is `true` or `false`",
            "main.xml:6:81: <rule> has no attribute `avp`",
            "main.xml:7:47: AVP `D` has more than one type",
            "main.xml:8:32: <reqest> is not expected in <command>; allowed: <request>, <answer>; is `<request>` meant?",
        ]
    );
}

#[test]
fn text_that_is_no_xml_is_told_where_it_breaks() {
    for (text, fault) in [
        ("", "main.xml:1:1: there is no <dictionary> or <diameter> in this file"),
        ("\n<!-- nothing -->", "main.xml:1:1: there is no <dictionary> or <diameter> in this file"),
        ("<dictionary>\n<base>", "main.xml:2:7: <base> is not closed"),
        ("<dictionary>\n</base></dictionary>", "main.xml:2:1: </base> stands where <dictionary> is open"),
        ("<dictionary/></x>", "main.xml:1:14: </x> closes nothing"),
        ("<dictionary x='&nix;'/>", "main.xml:1:16: not well-formed XML: unknown entity reference 'nix'"),
        ("<dictionary a='1' a='2'/>", "main.xml:1:19: not well-formed XML: attribute 'a' is already defined"),
        (
            "<ditcionary/>",
            "main.xml:1:1: <ditcionary> is not expected in the file; allowed: <dictionary>, <base>, \
          <application>, <vendor>; is `<dictionary>` meant?",
        ),
    ] {
        assert_eq!(faults_of(text), [fault], "{text}");
    }
}

#[test]
fn a_fault_in_one_file_does_not_hide_those_in_the_next() {
    let folder = folder(&[("a.xml", "<dictionary>"), ("b.xml", "<dictionary><x/></dictionary>")]);
    let files = ["a.xml", "missing.xml", "b.xml"].map(|name| folder.path().join(name));
    let refused = load(DictionaryBuilder::builtin(), &files, Role::Override).unwrap_err();
    let paths: Vec<Option<PathBuf>> = refused.faults.iter().map(|fault| fault.path.clone()).collect();
    assert_eq!(paths, files.map(Some));
    assert!(refused.to_string().contains("missing.xml: cannot be read: entity not found"), "{refused}");
}

#[test]
fn an_entity_is_a_file_of_the_same_folder_and_nothing_else() {
    let kind = "only <!ENTITY name SYSTEM \"file in this folder\"> is allowed, no other kind of entity";
    let outside = |name: &str| {
        format!(
            "entity file `{name}` is not a plain file name in the folder of this file; others are not read"
        )
    };
    for (declaration, fault) in [
        ("a SYSTEM \"/etc/passwd\"", outside("/etc/passwd")),
        ("a SYSTEM \"../main.xml\"", outside("../main.xml")),
        ("a SYSTEM \"..\"", outside("..")),
        ("a SYSTEM \"\"", outside("")),
        ("a SYSTEM \"sub/x.xml\"", outside("sub/x.xml")),
        ("a SYSTEM \"sub\\x.xml\"", outside("sub\\x.xml")),
        ("a SYSTEM \"file:///etc/passwd\"", outside("file:///etc/passwd")),
        ("a SYSTEM \"http://example.org/x.xml\"", outside("http://example.org/x.xml")),
        ("a SYSTEM \".hidden.xml\"", outside(".hidden.xml")),
        ("a SYSTEM \"nowhere.xml\"", "entity file `nowhere.xml` cannot be read: entity not found".into()),
    ] {
        assert_eq!(faults_of(&taking_in(declaration)), [format!("main.xml:1:23: {fault}")], "{declaration}");
    }
    for (declaration, fault) in [
        ("a PUBLIC \"-//x\" \"x.xml\"", kind.to_owned()),
        (
            "a \"<avp/>\"",
            "entity `a` has a text of its own; only <!ENTITY name SYSTEM \"file in this folder\"> is allowed"
                .into(),
        ),
    ] {
        let undeclared = "main.xml:2:13: entity `a` is not declared";
        let declared = format!("main.xml:1:23: {fault}");
        assert_eq!(faults_of(&taking_in(declaration)), [declared, undeclared.into()], "{declaration}");
    }
}

#[test]
fn entities_that_would_expand_without_end_are_refused_before_anything_expands() {
    let text = "<!DOCTYPE d [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\"><!ENTITY c \"&b;&b;\">]><dictionary>&c;</dictionary>";
    let faults = faults_of(text);
    assert_eq!(faults.len(), 4);
    assert!(faults.iter().take(3).all(|fault| fault.contains("has a text of its own")), "{faults:?}");
}

#[test]
fn a_fragment_that_takes_itself_in_is_refused() {
    let main =
        "<!DOCTYPE d [<!ENTITY a SYSTEM \"a.xml\"><!ENTITY b SYSTEM \"b.xml\">]><dictionary>&a;</dictionary>";
    let files = [("main.xml", main), ("a.xml", "&b;"), ("b.xml", "\n&a;")];
    assert_eq!(faults(&files), ["b.xml:2:1: entity `a` takes in the file that it stands in"]);
    let own = [("main.xml", taking_in("a SYSTEM \"main.xml\""))];
    let own = own.each_ref().map(|(name, text)| (*name, text.as_str()));
    assert_eq!(faults(&own), ["main.xml:2:13: entity `a` takes in the file that it stands in"]);
}

#[test]
fn fragments_that_double_at_every_level_end_at_a_limit() {
    let mut files = Vec::new();
    let mut declarations = String::new();
    for level in 0..9 {
        let declaration = format!("<!ENTITY f{level} SYSTEM \"f{level}.xml\">");
        declarations.push_str(&declaration);
        let next = level + 1;
        files.push((format!("f{level}.xml"), format!("&f{next};").repeat(8)));
    }
    files.push(("main.xml".into(), format!("<!DOCTYPE d [{declarations}]><dictionary>&f0;</dictionary>")));
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let folder = folder(&files);
    let refused = load_main(folder.path()).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("deeper than the 8 levels") || text.contains("more than the 1024 files"), "{text}");
    assert!(refused.faults.len() <= MAX_FAULTS);
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_not_followed() {
    let other = folder(&[("secret.xml", "<vendor vendor-id=\"S\" code=\"1\"/>")]);
    let main = taking_in("a SYSTEM \"link.xml\"");
    let folder = folder(&[("main.xml", &main)]);
    std::os::unix::fs::symlink(other.path().join("secret.xml"), folder.path().join("link.xml")).unwrap();
    let faults = faults_in(folder.path());
    assert_eq!(faults.len(), 1);
    assert!(faults.iter().all(|fault| fault.contains("`link.xml` is not a plain file name")), "{faults:?}");
}

#[test]
fn entities_stand_where_elements_can_be_taken_in() {
    let main = "<!DOCTYPE d [<!ENTITY alpha SYSTEM \"a.xml\">]><dictionary><application id=\"5\"><avp name=\"A\" code=\"1\">\
                <type type-name=\"Time\"/>&alpha;</avp></application>\n&alhpa;</dictionary>";
    assert_eq!(
        faults(&[("main.xml", main), ("a.xml", "")]),
        [
            "main.xml:1:125: entity `alpha` stands in <avp>; it is taken in only by <dictionary>, <base>, <application> \
             and <vendor>",
            "main.xml:2:1: entity `alhpa` is not declared; is `alpha` meant?",
        ]
    );
    let go = "<!DOCTYPE d [<!ENTITY a SYSTEM \"a.xml\">]><diameter>&a;</diameter>";
    assert_eq!(faults(&[("main.xml", go), ("a.xml", "")]).len(), 1);
}

#[test]
fn a_fragment_is_a_document_of_its_own_without_a_type_declaration() {
    let main = taking_in("a SYSTEM \"a.xml\"");
    let with = |text: &str| faults(&[("main.xml", &main), ("a.xml", text)]);
    assert_eq!(
        with("<!DOCTYPE d []>"),
        ["a.xml:1:1: a file that is taken in as an entity has no document type declaration"]
    );
    // It cannot close what the main file opened, and its first line has true columns.
    assert_eq!(with("</dictionary>"), ["a.xml:1:1: </dictionary> closes nothing"]);
    assert_eq!(
        with("<?xml version=\"1.0\"?><vendor/>"),
        ["a.xml:1:22: <vendor> has no attribute `vendor-id`", "a.xml:1:22: <vendor> has no attribute `code`"]
    );
}

#[test]
fn what_is_too_large_or_no_utf_8_is_refused() {
    let folder = folder(&[]);
    let file = fs::File::create(folder.path().join("main.xml")).unwrap();
    file.set_len(MAX_FILE_OCTETS + 1).unwrap();
    assert_eq!(
        faults_in(folder.path()),
        ["main.xml: the file is larger than the 16777216 octets that are allowed"]
    );
    fs::write(folder.path().join("main.xml"), b"<dictionary>\xff</dictionary>").unwrap();
    assert_eq!(
        faults_in(folder.path()),
        ["main.xml: the text is not UTF-8 from octet 12 on; only UTF-8 is read"]
    );
    let many = format!("<dictionary>{}</dictionary>", "&a;".repeat(MAX_REFERENCES + 1));
    fs::write(folder.path().join("main.xml"), many).unwrap();
    let refused = load_main(folder.path()).unwrap_err();
    assert!(refused.to_string().contains("more than the 1024 entity references"), "{refused}");
    fs::remove_file(folder.path().join("main.xml")).unwrap();
    fs::create_dir(folder.path().join("main.xml")).unwrap();
    assert_eq!(faults_in(folder.path()), ["main.xml: cannot be read: is a directory"]);
}

#[test]
fn faults_beyond_the_limit_are_counted() {
    let text = format!("<dictionary>{}</dictionary>", "<x/>".repeat(MAX_FAULTS + 50));
    let folder = folder(&[("main.xml", &text)]);
    let refused = load_main(folder.path()).unwrap_err();
    assert_eq!((refused.faults.len(), refused.more), (MAX_FAULTS, 50));
    assert!(refused.to_string().ends_with("and 50 more"));
}

#[test]
fn unknown_attributes_are_noted_and_passed_over() {
    let text = "<dictionary><vendor vendor-id=\"X\" code=\"9\">\n<avp name=\"A\" code=\"1\" mandatry=\"must\">\
                <type type-name=\"Time\"/></avp></vendor></dictionary>";
    let folder = folder(&[("main.xml", text)]);
    let loaded = load_main(folder.path()).unwrap();
    let notes: Vec<String> = loaded.notes.iter().map(ToString::to_string).collect();
    assert_eq!(notes.len(), 1);
    assert!(
        notes.iter().all(|note| note.contains("main.xml:2:1: attribute `mandatry` of <avp>")),
        "{notes:?}"
    );
    assert_eq!(loaded.dictionary.avp(9, 1).unwrap().data_type, DataType::Time);
}

#[test]
fn a_byte_order_mark_and_long_names_do_no_harm() {
    let long = "N".repeat(300);
    let text = format!(
        "\u{feff}<dictionary><base><avp name=\"{long}\" code=\"1\"><type type-name=\"Time\"/></avp></base></dictionary>"
    );
    let faults = faults_of(&text);
    assert_eq!(faults.len(), 1);
    assert!(faults.iter().all(|fault| fault.starts_with("main.xml:1:19: name=\"NNN") && fault.len() < 200));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// A sound file with some octets replaced: refused or read, but always to an end.
    #[test]
    fn no_damaged_file_is_more_than_refused(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let mut octets = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/dictionaries/wireshark.xml")).unwrap();
        for (at, octet) in changes {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("main.xml"), octets).unwrap();
        let _outcome = load_main(folder.path());
    }
}
