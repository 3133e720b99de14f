//! What `gyro dict` prints, and its exit codes.

use std::fs;

use clap::Parser;
use serde_json::Value;
use tempfile::TempDir;

use super::*;

#[derive(Parser, Debug)]
struct Line {
    #[command(flatten)]
    args: Args,
}

/// Output, error output and status of a command line behind `gyro dict`.
fn ran(words: &[&str]) -> (String, String, Status) {
    let line = Line::try_parse_from(["dict"].iter().chain(words)).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = run(&line.args, &mut out, &mut err).unwrap();
    (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap(), status)
}

fn printed(words: &[&str]) -> String {
    let (out, err, status) = ran(words);
    assert_eq!((err.as_str(), status), ("", Status::Done));
    out
}

fn file(text: &str) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("vendor.xml");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

const VENDOR: &str = "<vendor vendor-id=\"Example\" code=\"32473\">\n\
    <avp name=\"Example-Class\" code=\"2\" mandatory=\"may\"><type type-name=\"Enumerated\"/>\
    <enum name=\"GOLD\" code=\"1\"/></avp></vendor>";

#[test]
fn an_avp_is_shown_with_values_members_and_the_groups_it_stands_in() {
    assert_eq!(
        printed(&["lookup", "tariff-change-usage"]),
        "AVP Tariff-Change-Usage\n  code     452\n  vendor   -\n  type     Enumerated\n  M bit    must\n\
         \x20 values   0 UNIT_BEFORE_TARIFF_CHANGE\n           1 UNIT_AFTER_TARIFF_CHANGE\n\
         \x20          2 UNIT_INDETERMINATE\n  in       Used-Service-Unit\n\
         \x20          Multiple-Services-Credit-Control\n"
    );
    let unit_value = printed(&["lookup", "Unit-Value"]);
    assert!(unit_value.contains("  members  *[Value-Digits]\n           *[Exponent]\n"), "{unit_value}");
}

#[test]
fn a_command_is_shown_with_its_rules() {
    let text = printed(&["lookup", "SLR"]);
    assert!(text.starts_with("command Spending-Limit (SLR, SLA)\n  code     8388635\n"), "{text}");
    assert!(text.contains("  of       application 16777302 (3GPP Sy)\n  P bit    set\n"), "{text}");
    assert!(text.contains("  SLR      <Session-Id>\n           {Auth-Application-Id}\n"), "{text}");
}

#[test]
fn codes_are_looked_up_alone_and_with_a_vendor() {
    let names = |words: &[&str]| -> Vec<String> {
        let all = [&["lookup", "--output", "json"], words].concat();
        let found: Value = serde_json::from_str(&printed(&all)).unwrap();
        found.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&["1"]), ["User-Name", "3GPP-IMSI"]);
    assert_eq!(names(&["1:TGPP"]), ["3GPP-IMSI"]);
    assert_eq!(names(&["1:3gpp"]), ["3GPP-IMSI"]);
    assert_eq!(names(&["1:0"]), ["User-Name"]);
    assert_eq!(names(&["272"]), ["Multi-Round-Time-Out", "Credit-Control"]);
    assert_eq!(names(&["Re-Auth"]), ["Re-Auth", "Re-Auth"]);
}

#[test]
fn the_forms_of_output_say_the_same() {
    let json: Value = serde_json::from_str(&printed(&["lookup", "CC-Request-Type", "-o", "json"])).unwrap();
    let line = printed(&["lookup", "CC-Request-Type", "-o", "jsonl"]);
    assert_eq!(json[0], serde_json::from_str::<Value>(&line).unwrap());
    assert_eq!(json[0]["kind"], "avp");
    assert_eq!(json[0]["values"][2]["name"], "TERMINATION_REQUEST");
    assert_eq!(
        printed(&["lookup", "CC-Request-Type", "-o", "csv"]),
        "kind,code,vendor,application,name,type,mandatory,content\n\
         avp,416,0,,CC-Request-Type,Enumerated,must,\
         1=INITIAL_REQUEST;2=UPDATE_REQUEST;3=TERMINATION_REQUEST;4=EVENT_REQUEST\n"
    );
}

#[test]
fn an_unknown_name_gets_the_nearest_one_offered() {
    let (out, err, status) = ran(&["lookup", "Rating-Gruop"]);
    assert_eq!((out.as_str(), status), ("", Status::Failed));
    assert_eq!(err, "gyro: the dictionary has no AVP or command `Rating-Gruop`; is `Rating-Group` meant?\n");
    let (_, err, _) = ran(&["lookup", "99999:10415"]);
    assert!(err.ends_with("`gyro dict list` names all of them\n"), "{err}");
    let (_, err, status) = ran(&["list", "--application", "Diameter Credit Contrl"]);
    assert_eq!(status, Status::Failed);
    assert!(err.ends_with("is `Diameter Credit Control` meant?\n"), "{err}");
    assert_eq!(ran(&["list", "--vendor", "TGP"]).2, Status::Failed);
}

#[test]
fn lists_hold_all_or_what_an_application_reaches() {
    let count = |words: &[&str]| {
        let all = [&["list", "--output", "jsonl"], words].concat();
        printed(&all).lines().count()
    };
    assert_eq!(count(&[]), builtin().avps().len());
    assert_eq!(count(&["commands"]), builtin().commands().len());
    assert_eq!(count(&["vendors"]), 3);
    assert_eq!(count(&["applications"]), 5);
    let (credit_control, sy) = (count(&["--application", "4"]), count(&["--application", "3GPP Sy"]));
    assert!(sy < credit_control && credit_control < builtin().avps().len(), "{sy} {credit_control}");
    let text = printed(&["list", "--application", "16777302", "--vendor", "3GPP"]);
    assert!(text.starts_with("CODE  VENDOR  NAME"), "{text}");
    assert!(text.contains("\n2901  10415   Policy-Counter-Identifier "), "{text}");
    assert!(!text.contains("Service-Information"));
    let commands = printed(&["list", "commands", "--application", "4", "--output", "csv"]);
    assert_eq!(
        commands,
        "code,application,name,request,answer,proxiable\n258,4,Re-Auth,RAR,RAA,true\n\
         272,4,Credit-Control,CCR,CCA,true\n"
    );
}

#[test]
fn files_add_to_what_is_built_in() {
    let (_folder, path) = file(VENDOR);
    let text = printed(&["lookup", "2:Example", "--dictionary", &path]);
    assert!(text.starts_with("AVP Example-Class\n  code     2\n  vendor   32473 (Example)\n"), "{text}");
    assert!(printed(&["lookup", "Rating-Group", "--dictionary", &path]).contains("432"));
}

#[test]
fn a_sound_file_is_checked_with_a_line_of_totals() {
    let (_folder, path) = file(VENDOR);
    let totals = |words: &[&str]| printed(&[&["check"], words].concat());
    let (avps, commands) = (builtin().avps().len(), builtin().commands().len());
    assert_eq!(
        totals(&[]),
        format!(
            "sound: what is built in, {avps} AVPs, {commands} commands, 5 applications, 3 vendors, 0 notes\n"
        )
    );
    let avps = avps + 1;
    assert_eq!(
        totals(&[&path]),
        format!(
            "sound: what is built in and 1 file, {avps} AVPs, {commands} commands, 5 applications, 4 vendors, 0 notes\n"
        )
    );
}

#[test]
fn what_a_file_redefines_is_noted_with_both_places() {
    let (_folder, path) = file(
        "<base><avp name=\"Rating-Group\" code=\"432\" mandatory=\"must\">\
         <type type-name=\"Unsigned64\"/></avp></base>",
    );
    let text = printed(&["check", &path]);
    let note = format!(
        "note: {path}:1:7: AVP Rating-Group (432) differs from the earlier definition in its type; earlier: built in\n"
    );
    assert!(text.starts_with(&note), "{text}");
    assert!(text.ends_with("3 vendors, 1 note\n"), "{text}");
    let json: Value = serde_json::from_str(&printed(&["check", &path, "-o", "json"])).unwrap();
    assert_eq!(json["found"][0]["earlier"]["file"], Value::Null);
    assert_eq!((&json["sound"], &json["found"][0]["line"]), (&Value::Bool(true), &Value::from(1)));
}

#[test]
fn a_faulty_file_is_refused_with_78_everywhere() {
    let (_folder, path) = file("<dictionary>\n  <avp/>\n</dictionary>");
    let fault = format!(
        "{path}:2:3: <avp> is not expected in <dictionary>; allowed: <base>, <application>, <vendor>\n"
    );
    let (out, err, status) = ran(&["check", &path]);
    assert_eq!((out, err.as_str(), status), (format!("fault: {fault}"), "", Status::Configuration));
    for words in [&["lookup", "432", "-d", &path][..], &["list", "-d", &path][..]] {
        assert_eq!(ran(words), (String::new(), fault.clone(), Status::Configuration));
    }
    let (out, _, status) = ran(&["check", &path, "--output", "csv"]);
    assert_eq!(status, Status::Configuration);
    assert!(out.lines().nth(1).unwrap().starts_with(&format!("fault,{path},2,3,")), "{out}");
    let (out, _, _) = ran(&["check", &path, "--output", "json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&json["sound"], &json["avps"]), (&Value::Bool(false), &Value::Null));
}
