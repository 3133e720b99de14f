//! Each look-alike once more, from outside: the real server with its real store, `gyro sim` as the gateway, money paid
//! in over the admin interface, and the books proved when all have gone.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::world::{REALM, SERVER, tariff_path};

/// A server of ours, ended when it goes out of scope.
struct Server {
    process: Child,
    diameter: String,
    admin: String,
}

fn gyro() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gyro"));
    command.env_remove("GYRO_ADMIN");
    command
}

impl Server {
    fn start(folder: &Path, tariff: &Path) -> Self {
        let mut process = gyro()
            .arg("serve")
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .args(["--origin-host", SERVER, "--origin-realm", REALM])
            .arg("--tariffs")
            .arg(tariff)
            .args(["--config", "gyro.toml", "--data", "data"])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let at = |name: &str| {
            let found = line.split_whitespace().find_map(|word| word.strip_prefix(name));
            found.unwrap_or_else(|| panic!("no {name} in {line:?}")).to_owned()
        };
        Self { diameter: at("diameter="), admin: at("admin="), process }
    }

    fn ran(&self, words: &[&str]) -> String {
        let done = gyro().args(words).args(["--admin", &self.admin]).output().unwrap();
        let told =
            format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success(), "gyro {}\n{told}", words.join(" "));
        told
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may be gone already
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a client goes through.
enum Day {
    /// The last units end the session.
    DataEnds,
    /// The last units close the group; a top-up is told of by a RAR.
    DataGoesOn,
    Calls,
    Messages,
    /// Sessions without units.
    Nothing,
}

#[rustfmt::skip]
const CLIENTS: &[(&str, &str, Day, &str)] = &[
    ("open5gs", "pgw", Day::DataEnds, ""),
    ("magma", "pgw", Day::DataEnds, "groups = [10]"),
    ("ergw", "pgw", Day::DataEnds, "groups = [10]"),
    ("huawei", "pgw", Day::DataEnds, ""),
    ("probe", "pgw", Day::DataEnds, ""),
    ("cisco", "pgw", Day::DataGoesOn, ""),
    ("nokia", "pgw", Day::DataGoesOn, ""),
    ("pgw", "pgw", Day::DataGoesOn, ""),
    ("bare", "pgw", Day::Nothing, ""),
    ("kamailio", "ims", Day::Calls, ""),
    ("siphon", "ims", Day::Calls, ""),
    ("tas", "ims", Day::Calls, ""),
    ("smsc", "smsc", Day::Messages, ""),
    ("siphon", "smsc", Day::Messages, ""),
];

fn steps(day: &Day, groups: &str) -> Vec<String> {
    let attach = format!("do = \"attach\"\n{groups}\nto = \"tel:+77051234567\"");
    let step = |what: &str, expect: &str| format!("do = \"{what}\"\nexpect = {{ {expect} }}");
    let some = |amount: &str| format!("do = \"use\"\namount = \"{amount}\"\nexpect = {{ unused = \"0s\" }}");
    let octets = |amount: &str| some(amount).replace("0s", "0B");
    let lose = || "do = \"lose\"\nwhat = \"answer\"".to_owned();
    let first = |use_it: String| {
        let used = "do = \"use\"\namount = \"8MB\"".to_owned();
        vec![
            attach.clone(),
            use_it,
            step("repeat", "code = 2001"),
            lose(),
            used,
            step("reconnect", "session = \"open\""),
        ]
    };
    match day {
        Day::DataEnds => {
            let mut steps = first(octets("12MB"));
            steps.extend([
                step("exhaust", "session = \"closed\", balance = \"0.00\", reserved = \"0.00\""),
                step("repeat", "code = 2001"),
                attach.clone(),
                "do = \"topup\"\namount = \"5\"".into(),
                step("end", ""),
                attach.clone(),
                octets("3MB"),
                step("end", "session = \"closed\", balance = \"2.00\", reserved = \"0.00\""),
            ]);
            steps
        }
        Day::DataGoesOn => {
            let mut steps = first(octets("12MB"));
            steps.extend([
                step("exhaust", "session = \"open\", balance = \"0.00\", reserved = \"0.00\""),
                "do = \"topup\"\namount = \"5\"".into(),
                step("hear", "demand = 2002, quota = 2001, granted = \"5MB\", last = \"terminate\""),
                octets("3MB"),
                step("end", "session = \"closed\", balance = \"2.00\", reserved = \"0.00\""),
            ]);
            steps
        }
        Day::Calls => vec![
            attach.clone(),
            some("130s"),
            step("repeat", "code = 2001"),
            step("exhaust", "session = \"closed\", balance = \"0.00\", reserved = \"0.00\""),
            attach.clone(),
            step("repeat", "code = 4012, session = \"refused\""),
            "do = \"topup\"\namount = \"6\"".into(),
            attach,
            some("20s"),
            step("end", "session = \"closed\", balance = \"4.00\", reserved = \"0.00\""),
        ],
        Day::Messages => {
            let message = |expect: &str| format!("{}\nto = \"77051234567\"", step("message", expect));
            let mut steps =
                vec![message("code = 2001, balance = \"25.00\""), step("repeat", "balance = \"25.00\"")];
            steps.extend((0..5).map(|_| message("code = 2001")));
            steps.extend([
                message("code = 4012, balance = \"0.00\""),
                "do = \"topup\"\namount = \"5\"".into(),
                message("code = 2001, balance = \"0.00\", reserved = \"0.00\""),
            ]);
            steps
        }
        Day::Nothing => vec![
            attach.clone(),
            "do = \"use\"\namount = \"1MB\"".into(),
            step("repeat", "code = 2001"),
            step("end", "session = \"closed\", balance = \"30.00\", reserved = \"0.00\""),
        ],
    }
}

#[test]
fn every_look_alike_goes_through_its_day_with_the_real_server_and_the_books_balance() {
    let folder = tempfile::TempDir::new().unwrap();
    let configuration = "[[peer]]\nidentity = \"siphon.kcell.kz\"\nprofile = \"lenient\"\n\
                         [[peer]]\nidentity = \"pgw7.kcell.kz\"\nprofile = \"lenient\"\n\
                         [[peer]]\nidentity = \"load.kcell.kz\"\nprofile = \"lenient\"\n";
    std::fs::write(folder.path().join("gyro.toml"), configuration).unwrap();
    let server = Server::start(folder.path(), &tariff_path());
    for (number, (client, kind, day, groups)) in CLIENTS.iter().enumerate() {
        let (msisdn, imsi) = (format!("770100001{number:02}"), format!("4010200000001{number:02}"));
        server.ran(&["subscriber", "add", &msisdn, "--imsi", &imsi, "--plan", "metered", "--balance", "30"]);
        let mut text = format!(
            "format = 1\nclient = \"{client}\"\n[subscriber]\nmsisdn = \"{msisdn}\"\nimsi = \"{imsi}\"\n"
        );
        for step in steps(day, groups) {
            write!(text, "\n[[step]]\n{step}\n").unwrap();
        }
        let file = folder.path().join(format!("{client}-{kind}.toml"));
        std::fs::write(&file, text).unwrap();
        let told =
            server.ran(&["sim", kind, "--server", &server.diameter, "--scenario", file.to_str().unwrap()]);
        assert!(told.contains("steps went as they must"), "{told}");
    }
    drop(server);
    let proved =
        gyro().args(["store", "verify", "--data", "data"]).current_dir(folder.path()).output().unwrap();
    assert!(proved.status.success(), "{}", String::from_utf8_lossy(&proved.stdout));
}

#[test]
fn the_scenarios_of_the_book_run_with_the_tariff_of_the_book() {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("gyro.toml"), "").unwrap();
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let server = Server::start(folder.path(), &book.join("tariffs/first.toml"));
    server.ran(&[
        "subscriber",
        "add",
        "77010000001",
        "--imsi",
        "401020000000001",
        "--plan",
        "comfort",
        "--balance",
        "500",
    ]);
    server.ran(&["subscriber", "add", "77010000009", "--plan", "payg", "--balance", "100"]);
    for kind in ["pgw", "smsc", "ims"] {
        server.ran(&["sim", kind, "--server", &server.diameter]);
    }
    let exhausted = book.join("scenarios/exhausted.toml");
    let words = ["sim", "pgw", "--server", &server.diameter, "--scenario", exhausted.to_str().unwrap()];
    server.ran(&words);
    // what was charged is worked out, and what was refused says which check it was and what lifts it
    let why = server.ran(&["account", "explain", "77010000001"]);
    for told in ["request   ", "service   ", "paid      ", "rounding  ", "price     "] {
        assert!(why.contains(told), "{told}: {why}");
    }
    let why = server.ran(&["account", "explain", "77010000009"]);
    assert!(why.contains("check     ") && why.contains("lifted by `gyro account topup 77010000009"), "{why}");
    let json = server.ran(&["account", "explain", "77010000009", "--output", "json"]);
    assert!(json.contains("\"basis\":") && json.contains("\"lift\":"), "{json}");
    // a second time the money is not what it must be: the step is told, and the exit code is 1
    let done = gyro().args(words).args(["--admin", &server.admin]).output().unwrap();
    let err = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{err}");
    assert!(err.contains("line 16: expected granted 5242880, found "), "{err}");
}
