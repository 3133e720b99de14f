//! `gyro block` and the end of contracts, as an operator runs them: the real binary, on a store and on a server.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test stops at what is not as it should be"
)]

use std::fmt::Write as _;
use std::process::{Command, Output};

mod binary;

use binary::{BINARY, Server, tariff};

const MSISDN: &str = "77010000001";

struct Operator {
    reach: Vec<String>,
}

impl Operator {
    fn of_store(data: &str) -> Self {
        Self { reach: vec!["--data".into(), data.into(), "--tariffs".into(), tariff()] }
    }

    fn of_server(admin: &str) -> Self {
        Self { reach: vec!["--admin".into(), admin.into()] }
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(BINARY);
        command.env_clear().args(words).args(&self.reach).args(["--operator", "anna"]);
        command.output().unwrap()
    }

    #[track_caller]
    fn done(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    #[track_caller]
    fn fails(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        text(&output.stderr)
    }

    #[track_caller]
    fn json(&self, words: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.done(&[words, &["--output", "json"]].concat())).unwrap()
    }

    fn show(&self) -> serde_json::Value {
        self.json(&["subscriber", "show", MSISDN])
    }
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// `SUS-2`, `END-1`, `MNP-1`, `ACC-15`, `AUD-1`
#[test]
fn a_number_is_blocked_ended_and_settled_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let operator = Operator::of_store(data.to_str().unwrap());
    operator.done(&["subscriber", "add", MSISDN, "--plan", "comfort", "--balance", "100"]);
    assert_eq!(operator.show()["status"], "active");
    assert_eq!(operator.show()["blocks"], serde_json::json!([]));
    operator.done(&["block", "add", MSISDN, "--reason", "lost", "--note", "called in"]);
    operator.done(&["block", "add", MSISDN, "--reason", "authority"]);
    assert!(operator.done(&["block", "add", MSISDN, "--reason", "lost"]).contains("blocked already"));
    let shown = operator.show();
    assert_eq!(shown["status"], "blocked");
    let reasons: Vec<_> =
        shown["blocks"].as_array().unwrap().iter().map(|block| block["reason"].clone()).collect();
    assert_eq!(reasons, ["lost", "authority"]);
    assert!(shown["blocks"][0]["since"].is_string());
    assert_eq!(operator.json(&["block", "list"]).as_array().unwrap().len(), 2);
    let refused = operator.fails(&["subscriber", "port-out", MSISDN, "--check"]);
    assert!(refused.contains("cannot be ported out: authority"), "{refused}");
    operator.done(&["block", "remove", MSISDN, "--reason", "authority"]);
    operator.done(&["block", "remove", MSISDN, "--reason", "lost"]);
    assert_eq!(operator.show()["status"], "active");
    operator.done(&["subscriber", "port-out", MSISDN, "--check"]);

    assert!(operator.fails(&["subscriber", "settle", MSISDN]).contains("has not ended"));
    assert!(operator.fails(&["subscriber", "end", MSISDN, "--at", "2020-01-01"]).contains("before now"));
    operator.done(&["subscriber", "end", MSISDN, "--at", "2199-01-01"]);
    assert_eq!(operator.show()["ends"], "2199-01-01T00:00:00+05:00");
    operator.done(&["subscriber", "end", MSISDN, "--cancel"]);
    operator.done(&["subscriber", "end", MSISDN, "--note", "asked for"]);
    let shown = operator.show();
    assert_eq!((&shown["status"], &shown["ended"]["why"]), (&"ended".into(), &"request".into()));
    assert_eq!(shown["ended"]["settlement"]["state"], "refund-pending");
    assert_eq!(shown["ended"]["settlement"]["balance"], "100.00");
    operator.done(&["subscriber", "settle", MSISDN, "--reference", "bank-1"]);
    let shown = operator.show();
    assert_eq!(shown["ended"]["settlement"]["state"], "refunded");
    assert_eq!(shown["balance"]["main"], "0.00");
    assert!(operator.fails(&["subscriber", "settle", MSISDN]).contains("was returned at"));

    let history = operator.json(&["subscriber", "history", MSISDN]);
    let acts: Vec<_> = history.as_array().unwrap().iter().map(|act| act["what"].as_str().unwrap()).collect();
    assert_eq!(acts.len(), 8);
    assert_eq!(acts[..4], ["block lost", "block authority", "unblock authority", "unblock lost"]);
    assert_eq!(acts[5..], ["end taken back", "end request", "refunded 100.00"]);
    assert_eq!(history[0]["operator"], "anna");
    assert_eq!(history[0]["note"], "called in");
    let verified = Command::new(BINARY).args(["store", "verify", "--data"]).arg(&data).output().unwrap();
    assert!(verified.status.success(), "{}", text(&verified.stdout));
}

/// `SUS-4`
#[test]
fn a_list_of_numbers_is_blocked_and_unblocked_on_a_running_server() {
    const NUMBERS: usize = 300;
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    assert!(!server.diameter.is_empty());
    let operator = Operator::of_server(&server.admin);
    operator.done(&["subscriber", "add", MSISDN, "--plan", "comfort", "--account", "1"]);
    for at in 0..3 {
        let msisdn = format!("7701000010{at}");
        operator.done(&["subscriber", "add", &msisdn, "--plan", "comfort", "--account", "1"]);
    }
    let file = folder.path().join("numbers.txt");
    let mut list =
        String::from("# ordered on Monday\n+77010000001\n77010000100 # first\n\n77010000101\n77010000100\n");
    std::fs::write(&file, &list).unwrap();
    let path = file.to_str().unwrap().to_owned();
    let add = ["block", "add", "--list", &path, "--reason", "area", "--note", "order 7"];
    assert_eq!(operator.done(&add), "blocked 3, as they were 0, failed 0\n");
    assert_eq!(operator.done(&add), "blocked 0, as they were 3, failed 0\n");
    assert_eq!(operator.show()["blocks"][0]["reason"], "area");
    for at in 0..NUMBERS {
        writeln!(list, "7702{at:07}").unwrap();
    }
    std::fs::write(&file, &list).unwrap();
    let told = operator.fails(&["block", "remove", "--list", &path, "--reason", "area"]);
    assert!(told.contains("300 numbers were not changed"), "{told}");
    assert_eq!(operator.show()["status"], "no-money");
    std::fs::write(&file, "77010000001\nanna\n").unwrap();
    let told = operator.fails(&add);
    assert!(told.contains("numbers.txt:2: \"anna\" is no number"), "{told}");
    assert_eq!(operator.show()["blocks"], serde_json::json!([]), "nothing was changed");
    assert_eq!(operator.done(&["block", "add", "--area", "40102", "--note", "order 8"]), "stopped 40102\n");
    assert_eq!(operator.done(&["block", "add", "--area", "40102"]), "stopped already: 40102\n");
    assert_eq!(operator.done(&["block", "remove", "--area", "40102"]), "stopped no longer: 40102\n");
    assert!(operator.fails(&["block", "add", "--area", "4010"]).contains("is no area"));
    let areas = operator.json(&["block", "list", "--areas"]);
    assert_eq!((&areas[0]["area"], &areas[0]["lifted_by"]), (&"40102".into(), &"anna".into()));
    assert_eq!(server.end().0, Some(0));
}
