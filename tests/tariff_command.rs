//! `gyro tariff` as an operator runs it: the real binary, on the sample catalogues, on a store and on a server (`RES-3`).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    dead_code,
    reason = "a test stops at what is not as it should be, and takes of the shared module what it needs"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

mod binary;

use binary::{BINARY, Server, tariff};

const MSISDN: &str = "77010000001";

fn run(words: &[&str]) -> Output {
    Command::new(BINARY).env_clear().args(words).output().unwrap()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[track_caller]
fn done(words: &[&str]) -> String {
    let output = run(words);
    assert!(output.status.success(), "{words:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
fn fails(words: &[&str], code: i32) -> String {
    let output = run(words);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {}", text(&output.stdout));
    text(&output.stderr)
}

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tariffs");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut tariffs: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    tariffs.sort();
    tariffs
}

#[test]
fn every_sample_catalogue_is_sound_and_its_own_tests_pass() {
    let mut tests = 0;
    let samples = samples();
    for name in ["consumer.toml", "iot.toml"] {
        assert!(samples.iter().any(|path| path.ends_with(name)), "{name}");
    }
    for path in samples {
        let path = path.to_str().unwrap();
        let output = run(&["tariff", "check", path]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "", "{path}");
        let text_of = fs::read_to_string(path).unwrap();
        assert!(text_of.contains("illustrative"), "{path}");
        let carried = text_of.matches("\n[[test]]").count();
        if carried > 0 {
            let told = done(&["tariff", "test", path, "--output", "json"]);
            let told: serde_json::Value = serde_json::from_str(&told).unwrap();
            assert_eq!(told.as_array().unwrap().len(), carried, "{path}");
            tests += carried;
        }
    }
    assert!(tests >= 40, "{tests}");
}

/// A tariff of two plans, of which the second can be taken out.
fn tariff_text(price: &str, second: bool, head: &str) -> String {
    let mut text = format!(
        "format = 1\ncurrency = \"KZT\"\ntimezone = \"Asia/Almaty\"\n{head}\n[services]\nsms = {{ context = \"32274@3gpp.org\" }}\n\
         [plans.comfort]\n[[plans.comfort.rate]]\nservice = \"sms\"\nprice = \"{price}\"\n"
    );
    if second {
        text.push_str("[plans.payg]\nlike = \"comfort\"\n");
    }
    text
}

/// `RES-3`
#[test]
fn a_tariff_is_published_to_a_store_and_refused_where_it_takes_a_plan() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (one, two) =
        (file("one.toml", tariff_text("5", true, "")), file("two.toml", tariff_text("6", true, "")));
    let bare = file("bare.toml", tariff_text("6", false, ""));
    let coming = file("coming.toml", tariff_text("7", true, "valid_from = \"2199-01-01\""));
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    done(&["subscriber", "add", MSISDN, "--plan", "payg", "--data", data, "--tariffs", &one]);
    assert!(done(&["tariff", "publish", &two, "--data", data]).contains(" is in force"));
    assert!(done(&["tariff", "publish", &two, "--data", data]).contains("nothing changed"));
    let refused = fails(&["tariff", "publish", &bare, "--data", data], 1);
    assert!(refused.contains("would take the plan \"payg\" from 1 subscriber"), "{refused}");
    let told = done(&["tariff", "publish", &coming, "--data", data]);
    assert!(told.contains("comes into force at 2199-01-01T00:00:00+05:00"), "{told}");
    // opened with the first files again: the published one came after them
    let listed = done(&["tariff", "list", "--data", data, "--tariffs", &one, "--output", "json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let states: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["before", "in-force", "to-come"]);
    let shown = done(&["subscriber", "show", MSISDN, "--data", data, "--output", "json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["plan_version"], listed[1]["version"]);
    done(&["subscriber", "set", MSISDN, "--plan", "comfort", "--data", data]);
    done(&["tariff", "publish", &bare, "--data", data]);
    done(&["store", "verify", "--data", data]);
}

/// `RES-3`
#[test]
fn a_tariff_is_published_to_a_running_server_which_keeps_it_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let text_of = fs::read_to_string(tariff()).unwrap();
    let dearer = folder.path().join("dearer.toml");
    fs::write(
        &dearer,
        text_of
            .replace("price = \"15\"", "price = \"16\"")
            .replace("[plans.post]", "[plans.post]\nclosed = true"),
    )
    .unwrap();
    let dearer = dearer.to_str().unwrap();
    let wrong = folder.path().join("wrong.toml");
    fs::write(&wrong, format!("{text_of}[[test]]\nname = \"t\"\nplan = \"payg\"\nevent = {{ service = \"sms\", units = \"1\" }}\nexpect = {{ charge = \"1\" }}\n")).unwrap();
    let wrong = wrong.to_str().unwrap();
    let told = fails(&["tariff", "publish", wrong, "--admin", &server.admin], 1);
    assert!(told.contains("tests of the tariff fail"), "{told}");
    assert!(done(&["tariff", "publish", dearer, "--admin", &server.admin]).contains(" is in force"));
    let add = ["subscriber", "add", MSISDN, "--plan", "post", "--admin", &server.admin];
    assert!(fails(&add, 1).contains("the plan \"post\" is closed"));
    assert_eq!(server.end().0, Some(0));
    // started with the files of before
    let server = Server::start(folder.path());
    assert!(
        fails(&["subscriber", "add", MSISDN, "--plan", "post", "--admin", &server.admin], 1)
            .contains("closed")
    );
    let listed = done(&["tariff", "list", "--admin", &server.admin]);
    assert_eq!(listed.lines().count(), 3, "{listed}");
    assert!(listed.contains("in-force"), "{listed}");
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn a_folder_holds_versions_by_valid_from() {
    let folder = tempfile::tempdir().unwrap();
    let tariffs = folder.path().join("tariffs");
    fs::create_dir(&tariffs).unwrap();
    fs::write(tariffs.join("now.toml"), tariff_text("5", true, "")).unwrap();
    fs::write(tariffs.join("next.toml"), tariff_text("6", true, "valid_from = \"2199-01-01T00:00:00\""))
        .unwrap();
    let path = tariffs.to_str().unwrap();
    let told = done(&["tariff", "check", path]);
    assert_eq!(told.matches(": sound, version ").count(), 2, "{told}");
    assert!(told.contains("valid from 2199-01-01T00:00:00+05:00"), "{told}");
    let price = |at: &str| {
        let words =
            ["tariff", "price", path, "--plan", "payg", "--service", "sms", "--units", "1", "--at", at];
        done(&words)
    };
    assert!(price("2026-11-23").contains("5.00 KZT") && price("2199-01-01").contains("6.00 KZT"));
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    done(&["subscriber", "add", MSISDN, "--plan", "payg", "--data", data, "--tariffs", path]);
    fs::write(tariffs.join("same.toml"), tariff_text("6", true, "valid_from = \"2199-01-01\"")).unwrap();
    let told = fails(&["tariff", "check", path], 78);
    assert!(told.contains("come into force at the same moment"), "{told}");
}
