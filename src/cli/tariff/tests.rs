//! What the commands print for sound and faulty tariffs.

use std::fs;

use clap::Parser as _;

use super::*;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn ran(words: &[&str]) -> (Status, String, String) {
    let line = Line::parse_from([&["tariff"], words].concat());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = run(&line.args, &mut out, &mut err).unwrap();
    (status, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

/// Writes a tariff to a file of its own and runs a command on it.
fn ran_on(text: &str, command: &str, more: &[&str]) -> (Status, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.toml");
    fs::write(&file, text).unwrap();
    let words: Vec<_> = [command, file.to_str().unwrap()].into_iter().chain(more.iter().copied()).collect();
    ran(&words)
}

const HEAD: &str = r#"format = 1
currency = "KZT"
timezone = "Asia/Almaty"
[services]
data = { context = "32251@3gpp.org" }
voice = { context = "32260@3gpp.org" }
sms = { context = "32274@3gpp.org" }
[destinations]
kz_mobile = { prefix = ["770", "7747"] }
[rating_groups]
10 = { service = "data" }
30 = { service = "data" }
"#;

const SOUND: &str = r#"
[plans.base]
[[plans.base.rate]]
service = "sms"
price = "15"
[[plans.base.rate]]
service = "voice"
tiers = [{ upto = "3min", price = "20" }, { price = "8" }]
per = "1min"
connect = "2"
[[plans.base.rate]]
service = "data"
price = "5"
per = "1MB"
step = "1KB"
[plans.more]
like = "base"
[[plans.more.bundle]]
id = "talk"
service = "voice"
to = ["kz_mobile"]
amount = "2min"
[[plans.more.rate]]
service = "sms"
price = "10"
"#;

#[test]
fn a_sound_tariff_is_summed_up() {
    let (status, out, err) = ran(&["check", "examples/tariffs/first.toml"]);
    assert_eq!((status, &*err), (Status::Done, ""));
    assert!(out.starts_with("examples/tariffs/first.toml: sound, version "), "{out}");
    assert!(
        out.contains(
            "plans: comfort, payg, post\nservices: data, voice, sms\n3 rating groups, 4 destinations"
        )
    );
}

#[test]
fn bands_of_time_are_explained() {
    let (status, out, err) = ran(&["check", "examples/tariffs/night.toml"]);
    assert_eq!((status, &*err), (Status::Done, ""));
    for line in [
        "band night: 22:00–06:00 every day",
        "  owl: data 2.00 instead of 8.00",
        "  owl: voice to kz_mobile 4.00 instead of 15.00",
        "band weekend: 06:00–22:00, sat, sun and holidays",
        "  owl: data 5.00 instead of 8.00",
        "holidays: 01-01, 01-02, 03-08, 12-16, 2026-05-27",
    ] {
        assert!(out.lines().any(|found| found == line), "{line}: {out}");
    }
}

#[test]
fn a_faulty_tariff_is_configuration() {
    let (status, out, err) = ran_on("format = 1\nfee = 3\n", "check", &[]);
    assert_eq!((status, &*out), (Status::Configuration, ""));
    assert!(err.contains("t.toml:2:1: unknown key `fee` in a tariff file"), "{err}");
    let (status, _, err) = ran(&["check", "no/such/tariff"]);
    assert_eq!(status, Status::Configuration);
    assert!(err.contains("`gyro init DIR`"), "{err}");
}

#[test]
fn what_is_probably_not_meant_is_warned_of_and_done() {
    let text = fs::read_to_string("examples/tariffs/first.toml").unwrap();
    let (status, _, err) = ran_on(&text.replace(", \"112\"]", "]"), "check", &[]);
    assert_eq!(status, Status::Done);
    assert!(err.starts_with("warning: ") && err.contains("112 is not among"), "{err}");
}

#[test]
fn gaps_and_rates_that_never_apply_fail_the_check_each_with_its_line() {
    let text = format!(
        "{HEAD}{}",
        r#"[plans.p]
[[plans.p.rate]]
service = "voice"
to = ["kz_mobile"]
price = "1"
per = "1min"
[[plans.p.rate]]
rating_groups = [10, 30]
price = "1"
per = "1MB"
[[plans.p.rate]]
rating_groups = [30, 10]
price = "2"
per = "1MB"
[plans.q]
without = ["sms", "voice"]
[[plans.q.rate]]
rating_groups = [10]
price = "1"
per = "1MB"
"#
    );
    let (status, out, err) = ran_on(&text, "check", &[]);
    assert_eq!((status, &*out), (Status::Configuration, ""), "{err}");
    // the same twice is a fault of its own, and no server takes it
    assert!(err.contains("t.toml:23:1: this rate never applies: an earlier one covers the same"), "{err}");
    let (status, _, err) =
        ran_on(&text.replace("[30, 10]\nprice = \"2\"", "[30]\nprice = \"2\""), "check", &[]);
    assert_eq!(status, Status::Configuration);
    for line in [
        "t.toml:13:8: plan `p` has neither a rate nor a bundle for service `sms`",
        "t.toml:23:1: this rate never applies: rates before it cover all that it is for",
        "t.toml:27:8: plan `q` has neither a rate nor a bundle for rating group 30 of service `data`",
        "warning: ",
        "3 faults",
        "13 | [plans.p]\n   |        ^",
    ] {
        assert!(err.contains(line), "{line}: {err}");
    }
    let (status, out, err) =
        ran_on(&text.replace("[30, 10]\nprice = \"2\"", "[30]\nprice = \"2\""), "check", &["--lenient"]);
    assert_eq!(status, Status::Done, "{err}");
    assert!(out.contains(": sound, "), "{out}");
}

#[test]
fn a_check_in_json_has_every_fault_with_its_level() {
    let text = format!("{HEAD}{SOUND}")
        .replace("service = \"sms\"\nprice = \"15\"", "service = \"smss\"\nprice = \"15\"");
    let (status, out, _) = ran_on(&text, "check", &["-o", "json"]);
    assert_eq!(status, Status::Configuration);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["sound"], false);
    let fault = &told["faults"][0];
    assert_eq!(
        (&fault["level"], &fault["line"], &fault["column"]),
        (&"fault".into(), &16.into(), &11.into())
    );
    assert!(fault["message"].as_str().unwrap().contains("did you mean `sms`?"), "{out}");
    let (status, out, err) = ran_on(&format!("{HEAD}{SOUND}"), "check", &["-o", "json"]);
    assert_eq!(status, Status::Done, "{err}{out}");
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&told["sound"], &told["versions"][0]["plans"][1]), (&true.into(), &"more".into()));
}

#[test]
fn plans_that_are_like_each_other_in_a_circle_are_a_fault() {
    let text = format!(
        "{HEAD}[plans.a]\nlike = \"b\"\n[plans.b]\nlike = \"c\"\n[plans.c]\nlike = \"a\"\n[plans.d]\nlike = \"dd\"\n"
    );
    let (status, _, err) = ran_on(&text, "check", &[]);
    assert_eq!(status, Status::Configuration);
    for line in [
        "t.toml:14:8: plans are like each other in a circle: a → b → c → a",
        "t.toml:16:8: plans are like each other in a circle: b → c → a → b",
        "t.toml:20:8: unknown plan `dd`",
    ] {
        assert!(err.contains(line), "{line}: {err}");
    }
}

const TESTS: &str = r#"
[[test]]
name = "tiers"
plan = "base"
given = { balance = "1000" }
event = { service = "voice", to = "77051234567", units = "5min" }
expect = { charge = "78", result = 2001, balance = "922" }
[[test]]
name = "a bundle, then money"
plan = "more"
given = { balance = "1000", used = { talk = "1min" } }
event = { service = "voice", to = "77051234567", units = "3min" }
expect = { charge = "42", left = { talk = "0s" } }
[[test]]
name = "the money ends"
plan = "base"
given = { balance = "30" }
event = { service = "sms", to = "77051234567", units = "3" }
expect = { charge = "0", result = 4012, used = "0" }
[[test]]
name = "half of it"
plan = "base"
given = { balance = "42" }
event = { service = "voice", units = "10min" }
expect = { charge = "42", used = "2min", last = true, result = 4012 }
"#;

#[test]
fn tests_in_a_tariff_are_run_as_the_server_decides() {
    let (status, out, err) = ran_on(&format!("{HEAD}{SOUND}{TESTS}"), "test", &[]);
    assert_eq!((status, &*err), (Status::Done, ""), "{out}");
    assert!(out.contains("4 tests, 0 failed"), "{out}");
    let wrong = TESTS.replace("charge = \"78\"", "charge = \"77\"");
    let (status, out, _) = ran_on(&format!("{HEAD}{SOUND}{wrong}"), "test", &[]);
    assert_eq!(status, Status::Failed);
    assert!(out.contains("FAIL  tiers") && out.contains("charge: 77.00 expected, 78.00 found"), "{out}");
    let (status, out, _) =
        ran_on(&format!("{HEAD}{SOUND}{TESTS}"), "test", &["--only", "bundle", "-o", "json"]);
    assert_eq!(status, Status::Done);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told.as_array().unwrap().len(), 1);
}

#[test]
fn faults_in_tests_have_their_places() {
    let text = format!(
        "{HEAD}{SOUND}[[test]]\nname = \"x\"\nplan = \"bas\"\nevent = {{ service = \"sms\" }}\nexpect = {{ result = 99, left = {{}} }}\n"
    );
    let (status, _, err) = ran_on(&text, "check", &[]);
    assert_eq!(status, Status::Configuration);
    for part in
        ["unknown plan `bas`, did you mean `base`?", "an event of a test needs `units`", "99 is out of range"]
    {
        assert!(err.contains(part), "{part}: {err}");
    }
}

#[test]
fn a_difference_names_plan_rate_and_both_prices() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one.toml"), folder.path().join("other.toml"));
    fs::write(&one, format!("{HEAD}{SOUND}")).unwrap();
    let after =
        SOUND.replace("price = \"15\"", "price = \"16\"").replace("amount = \"2min\"", "amount = \"3min\"");
    let added = "[plans.new]\n[[plans.new.rate]]\nservice = \"sms\"\nprice = \"1\"\n";
    fs::write(&other, format!("{HEAD}{after}{added}")).unwrap();
    let (one, other) = (one.to_str().unwrap(), other.to_str().unwrap());
    let (status, out, err) = ran(&["diff", one, other]);
    assert_eq!((status, &*err), (Status::Done, ""));
    let lines: Vec<String> =
        out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "dearer base rate sms 15.00 for 1 16.00 for 1",
        "changed more bundle talk 2min of voice to kz_mobile, then rates 3min of voice to kz_mobile, then rates",
        "added new plan advance, credit",
    ] {
        assert!(lines.contains(&line.to_owned()), "{line}: {out}");
    }
    assert_eq!(lines.len(), 4, "{out}");
    assert_eq!(ran(&["diff", one, one]).1, "no differences\n");
}

#[test]
fn a_price_is_explained_rule_by_rule() {
    let (status, out, err) = ran_on(
        &format!("{HEAD}{SOUND}"),
        "price",
        &[
            "--plan",
            "more",
            "--service",
            "voice",
            "--to",
            "+7 705 123-45-67",
            "--units",
            "5min",
            "--used",
            "talk=all",
        ],
    );
    assert_eq!((status, &*err), (Status::Done, ""));
    for part in [
        "number       +7 705 123-45-67: +77051234567",
        "rate         voice: 20.00 for 1min, from 3min on 8.00, 2.00 for the connection",
        "bundle       talk: 0s of 2min left",
        "use          5min by voice: 0s from bundles, 5min for 78.00",
        "price        3min at 20.00 for 1min",
        "price        2min at 8.00 for 1min",
        "connection   2.00",
        "exact        78.00",
        "charge       78.00 KZT",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (status, _, err) = ran_on(
        &format!("{HEAD}{SOUND}"),
        "price",
        &["--plan", "none", "--service", "voice", "--units", "5min"],
    );
    assert_eq!(status, Status::Usage);
    assert!(err.contains("there is no plan none: there are base, more"), "{err}");
}
