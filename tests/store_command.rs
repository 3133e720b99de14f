//! `gyro store`, as an operator runs it: the real binary, its child that tries the state, its exit codes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test stops at what is not as it should be"
)]

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gyro::charging::account::{AccountId, Mode};
use gyro::charging::books::operations::{self, Act};
use gyro::charging::units::Money;
use gyro::diameter::base::local::Identity;
use gyro::diameter::dictionary;
use gyro::diameter::key::AvpKey;
use gyro::diameter::parse::{Limits, parse};
use gyro::sim::gateway::{Gateway, Who};
use gyro::sim::tap::{Direction, Tap};
use gyro::store::local::{self, Options};
use gyro::store::record::{account, index, ledger};
use gyro::store::{Batch, Class, Key, Notice, Opened, Probe, Record};
use gyro::time::Timestamp;

mod binary;

use binary::{BINARY, Server, tariff};

fn gyro(arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).env_remove("GYRO_DATA").output().unwrap()
}

fn options() -> Options {
    let probe = Probe::Child {
        program: BINARY.into(),
        arguments: vec!["store".into(), "probe-state".into()],
        deadline: Duration::from_mins(1),
    };
    Options { segment_octets: 256 * 1024, ..Options::new(probe) }
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn open(dir: &Path) -> Opened {
    gyro::store::guard().unwrap();
    local::open(dir, options()).unwrap()
}

fn commit(opened: &mut Opened, records: Vec<Record>) {
    let batch = Batch { sequence: opened.commit.durable().next(), guards: Vec::new(), records };
    opened.commit.append(&batch).unwrap();
    opened.commit.sync().unwrap();
    opened.state.apply(batch).unwrap();
}

/// Opens so many accounts with an advance of 5.00, in a commit each.
fn fill(dir: &Path, count: u64) {
    let mut opened = open(dir);
    for number in 1..=count {
        let advance = Money::from_cents(500).unwrap();
        let (paid, entry) =
            operations::open(AccountId(number), Mode::Advance, advance, Act::default()).unwrap();
        let entry = entry.unwrap();
        let records = vec![
            Record::put(account::CLASS, account::key(paid.id), account::encode(&paid)),
            Record::put(ledger::CLASS, ledger::key(paid.id, entry.index), ledger::encode(&entry)),
        ];
        commit(&mut opened, records);
    }
    opened.state.checkpoint().unwrap();
    opened.commit.close().unwrap();
}

#[test]
fn a_store_is_verified_backed_up_restored_and_exported() {
    let dir = tempfile::TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (data, copy, file) = (at("data"), at("copy"), at("file.backup"));
    fill(Path::new(&data), 30);
    let done = gyro(&["store", "verify", "--data", &data]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let said = text(&done.stdout);
    assert!(said.starts_with("books: 30 accounts, 30 ledger entries\n"), "{said}");
    assert!(said.contains("account: 30\n") && said.ends_with("the store is whole\n"), "{said}");
    assert!(gyro(&["store", "backup", "--data", &data, &file]).status.success());
    assert!(gyro(&["store", "export", "--data", &data, &at("state")]).status.success());
    let refused = gyro(&["store", "restore", "--data", &data, &file]);
    assert_eq!(refused.status.code(), Some(73));
    assert!(text(&refused.stderr).contains("is not empty: restore into a new directory"));
    assert!(gyro(&["store", "restore", "--data", &copy, &file]).status.success());
    assert_eq!(open(Path::new(&copy)).last.number(), 30);
    assert!(gyro(&["store", "verify", "--data", &copy]).status.success());
}

#[test]
fn a_balance_that_is_not_the_sum_of_its_ledger_is_found() {
    let dir = tempfile::TempDir::new().unwrap();
    fill(dir.path(), 3);
    let mut opened = open(dir.path());
    let key = account::key(AccountId(2));
    let stored = opened.state.load(Class::Account, &key).unwrap().unwrap();
    let mut richer = account::decode(&key, &stored.value).unwrap();
    richer.main = Money::from_cents(501).unwrap();
    commit(&mut opened, vec![Record::put(account::CLASS, key, account::encode(&richer))]);
    drop(opened);
    let done = gyro(&["store", "verify", "--data", dir.path().to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(74));
    let said = text(&done.stdout);
    assert!(
        said.contains("fault: account 2: the balance is 5010000, the sum of its ledger 5000000"),
        "{said}"
    );
}

#[test]
fn a_store_in_use_is_refused_in_one_line() {
    let dir = tempfile::TempDir::new().unwrap();
    let _in_use = open(dir.path());
    let refused = gyro(&["store", "verify", "--data", dir.path().to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(73));
    assert_eq!(text(&refused.stderr).lines().count(), 1, "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("in use"));
}

#[test]
fn a_directory_without_a_store_is_left_alone() {
    let dir = tempfile::TempDir::new().unwrap();
    let refused = gyro(&["store", "verify", "--data", dir.path().to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(73));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_damaged_journal_is_refused_with_its_place() {
    let dir = tempfile::TempDir::new().unwrap();
    fill(dir.path(), 30);
    let journal = dir.path().join("journal");
    let segment = std::fs::read_dir(&journal).unwrap().next().unwrap().unwrap().path();
    let mut octets = std::fs::read(&segment).unwrap();
    octets[4_200] ^= 1;
    std::fs::write(&segment, &octets).unwrap();
    let refused = gyro(&["store", "verify", "--data", dir.path().to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(74));
    let said = text(&refused.stderr);
    assert!(said.contains(segment.to_str().unwrap()) && said.contains("offset 4096"), "{said}");
    assert!(said.contains("gyro store restore"), "{said}");
}

/// The year in which the store's only subscriber was added, as its server's clock had it.
fn year_of_next(data: &str, number: &str) -> String {
    let tariff = tariff();
    let add = ["subscriber", "add", number, "--plan", "comfort", "--data", data, "--tariffs", &tariff];
    let added = gyro(&add);
    assert!(added.status.success(), "{}", text(&added.stderr));
    let shown = gyro(&["subscriber", "show", number, "--data", data, "--output", "json"]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    shown["since"].as_str().unwrap()[..4].to_owned()
}

#[test]
fn a_stamp_from_the_future_is_undone_and_engine_time_is_the_clock_again() {
    let dir = tempfile::TempDir::new().unwrap();
    let data = dir.path().to_str().unwrap();
    assert_ne!(year_of_next(data, "77010000001"), "2100");
    let reset = || gyro(&["store", "clock-reset", "--data", data]);
    let nothing = text(&reset().stdout);
    assert!(
        nothing.contains("not ahead of the clock") && nothing.ends_with(": nothing changed\n"),
        "{nothing}"
    );
    let stamp = index::Fact::Time(Timestamp::from_secs(4_102_444_800));
    let mut opened = open(dir.path());
    let fact = Record::put(index::FACT_CLASS, index::fact_key(stamp.name()), index::encode_fact(stamp));
    commit(&mut opened, vec![fact]);
    let refused = reset();
    assert_eq!(refused.status.code(), Some(73), "in use");
    assert_eq!(text(&refused.stderr).lines().count(), 1, "{}", text(&refused.stderr));
    opened.commit.close().unwrap();
    drop(opened);
    assert_eq!(year_of_next(data, "77010000002"), "2100", "engine time never goes back by itself");
    let done = reset();
    assert!(done.status.success(), "{}", text(&done.stderr));
    let said = text(&done.stdout);
    assert!(said.starts_with("the last stamp was 2100-01-01T00:00:00"), "{said}");
    assert!(said.contains(" ahead of the clock; it is ") && !said.contains("it is 2100"), "{said}");
    assert_ne!(year_of_next(data, "77010000003"), "2100");
    assert!(gyro(&["store", "verify", "--data", data]).status.success());
}

/// Keeps the Origin-State-Id of every message from the server.
struct StateIds(Arc<Mutex<Vec<u32>>>);

impl Tap for StateIds {
    fn message(&mut self, direction: Direction, _: SocketAddr, _: SocketAddr, octets: &bytes::Bytes) {
        if direction == Direction::Received {
            let message = parse(octets.clone(), &Limits::DEFAULT, &dictionary::builtin()).unwrap();
            let shown = message.find(AvpKey::base(278)).unwrap();
            self.0.lock().unwrap().push(shown.u32().unwrap());
        }
    }
}

/// The Origin-State-Id that a gateway hears when it connects.
fn shown(server: &Server) -> u32 {
    let who = Who {
        host: Identity::new("pgw.example").unwrap(),
        realm: Identity::new("example").unwrap(),
        product: "pgw".into(),
    };
    let heard = Arc::new(Mutex::new(Vec::new()));
    let tap = Box::new(StateIds(Arc::clone(&heard)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dictionary = Arc::new(dictionary::builtin());
    let connect = Gateway::connect(server.diameter.parse().unwrap(), who, dictionary, 1, tap);
    drop(runtime.block_on(connect).unwrap());
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 1);
    heard[0]
}

#[test]
fn after_a_restore_clients_hear_a_larger_origin_state_id() {
    let dir = tempfile::TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let first = Server::start(dir.path());
    let before = shown(&first);
    let backup = gyro(&["store", "backup", "--admin", &first.admin, &at("file.backup")]);
    assert!(backup.status.success(), "{}", text(&backup.stderr));
    for copy in ["copy", "again"] {
        assert!(
            gyro(&["store", "restore", "--data", &at(&format!("{copy}/data")), &at("file.backup")])
                .status
                .success()
        );
        let restored = Server::start(&dir.path().join(copy));
        let larger = shown(&restored);
        assert!(larger > before, "{larger} {before}");
        assert_eq!(restored.end().0, Some(0));
    }
    assert_eq!(shown(&first), before, "the first one goes on as it was");
    assert_eq!(first.end().0, Some(0));
    let restarted = Server::start(dir.path());
    assert_eq!(shown(&restarted), before, "no session was lost");
}

/// The child meets what sled would panic on; the store repairs itself.
#[test]
fn a_state_on_which_sled_panics_is_rebuilt() {
    let dir = tempfile::TempDir::new().unwrap();
    fill(dir.path(), 30);
    let db = dir.path().join("sled/db");
    let mut octets = std::fs::read(&db).unwrap();
    for (place, octet) in octets.iter_mut().enumerate().skip(20) {
        *octet = u8::try_from(place.wrapping_mul(31) % 256).unwrap();
    }
    std::fs::write(&db, &octets).unwrap();
    let mut opened = open(dir.path());
    assert!(
        opened.notices.iter().any(|notice| matches!(notice, Notice::SetAside { .. })),
        "{:?}",
        opened.notices
    );
    assert!(opened.state.load(Class::Account, &Key::from_u64(3)).unwrap().is_some());
    assert_eq!(opened.last.number(), 30);
}
