use super::*;

fn ran(words: &[&str]) -> (Status, String, String) {
    let cli = Cli::try_parse_from([&["gyro"], words].concat()).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = run(&cli, &mut out, &mut err).unwrap();
    (status, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn the_command_line_contradicts_itself_nowhere() {
    Cli::command().debug_assert();
}

#[test]
fn a_store_is_worked_on_by_commands_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").to_str().unwrap().to_owned();
    let on = |words: &[&str]| ran(&[words, &["--data", &data]].concat());
    let tariffs = ["--tariffs", "examples/tariffs/first.toml"];
    let add = ["subscriber", "add", "77010000001", "--plan", "comfort", "--balance", "1000"];
    let (status, out, err) = on(&[&add[..], &tariffs].concat());
    assert_eq!((status, &*out, &*err), (Status::Done, "added 77010000001: account 1, balance 1000.00\n", ""));
    let (status, _, err) = on(&add);
    assert_eq!(
        (status, &*err),
        (
            Status::Failed,
            "gyro: the subscriber 77010000001 exists already: change it with `gyro subscriber set`\n"
        )
    );
    let (status, out, _) = on(&["account", "adjust", "77010000001", "-5"]);
    assert_eq!((status, &*out), (Status::Done, "adjusted 77010000001: account 1, balance 995.00\n"));
    let topup = ["account", "topup", "77010000001", "100", "--reference", "r1"];
    assert_eq!(on(&topup).1, "topped up 77010000001: account 1, balance 1095.00\n");
    let (status, out, _) = on(&topup);
    assert!(status == Status::Done && out.contains("nothing changed"), "{out}");
    let (status, _, err) = on(&["account", "topup", "77010000001", "101", "--reference", "r1"]);
    assert!(status == Status::Failed && err.contains("100.00"), "{err}");
    let (status, out, _) = on(&["account", "ledger", "77010000001", "--output", "json"]);
    let lines: serde_json::Value = serde_json::from_str(&out).unwrap();
    let amounts: Vec<&str> =
        lines.as_array().unwrap().iter().map(|line| line["amount"].as_str().unwrap()).collect();
    assert_eq!((status, amounts), (Status::Done, vec!["+1000.00", "-5.00", "+100.00"]));
    let (_, out, _) = on(&["subscriber", "set", "77010000001", "--bar", "sms", "--overage", "off"]);
    assert_eq!(out, "changed 77010000001: account 1, balance 1095.00\n");
    let (_, out, _) = on(&["subscriber", "show", "+77010000001", "--output", "jsonl"]);
    assert!(out.contains(r#""main":"1095.00""#) && out.contains(r#""barred":["sms"]"#), "{out}");
    let (_, out, _) = on(&["subscriber", "list", "--output", "csv"]);
    assert!(out.lines().count() == 2 && out.starts_with("msisdn,imsi,account,plan,"), "{out}");
    let (_, out, _) = on(&["subscriber", "show", "77010000001"]);
    assert!(out.contains("status           active\n"), "{out}");
    let (status, out, _) = on(&["account", "explain", "77010000001"]);
    assert!(
        status == Status::Done && out.starts_with("77010000001 on plan comfort: active, 1095.00 KZT"),
        "{out}"
    );
    assert_eq!(on(&["session", "list", "--output", "json"]).1, "[]\n");
    assert_eq!(on(&["session", "show", "none"]).0, Status::Failed);
    assert_eq!(on(&["peer", "list"]).0, Status::Failed);
    let (status, out, err) = on(&["store", "verify"]);
    assert_eq!((status, &*err), (Status::Done, ""));
    assert!(out.ends_with("the store is whole\n"), "{out}");
}

#[test]
fn negative_amounts_are_amounts() {
    Cli::try_parse_from(["gyro", "account", "adjust", "77010000001", "-12.50"]).unwrap();
    let parsed = Cli::try_parse_from(["gyro", "account", "adjust", "77010000001", "-1.005"]);
    assert!(parsed.unwrap_err().to_string().contains("two decimals at most"));
}

#[test]
fn wrong_usage_is_refused() {
    for words in [
        &["subscriber", "add", "77010000001"][..],
        &["subscriber", "add", "770x", "--plan", "p"],
        &["subscriber", "add", "77010000001", "--plan", "p", "--mode", "free"],
        &["subscriber", "set", "77010000001", "--overage", "maybe"],
        &["account", "topup", "77010000001"],
        &["account", "topup", "77010000001", "1,5"],
        &["account", "explain", "77010000001", "--limit", "0"],
        &["subscriber", "list", "--tariffs", "t"],
        &["peer", "disconnect"],
    ] {
        let parsed = Cli::try_parse_from([&["gyro"], words].concat());
        assert!(parsed.is_err(), "{words:?}");
    }
}
