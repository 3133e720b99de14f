//! The routes over a real engine, and the two ways to them.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::Method;
use serde_json::{Value, json};

use super::local::{Local, read_tariffs};
use super::*;
use crate::server::{Clock, Now};
use crate::store::files::Disk;
use crate::store::memory::Memory;
use crate::store::{Conflicts, Probe, local as store};
use crate::time::Timestamp;

const TARIFF: &str = "examples/tariffs/first.toml";
const NUMBER: &str = "77010000001";
const NEW_YEAR: &str = "2026-01-01T05:00:00+05:00";

/// A store in memory at a time that stands still.
fn fresh() -> Local {
    let clock = Clock::start();
    let reading = move || Now { wall: Timestamp::from_secs(1_767_225_600), ..clock.now() };
    let tariffs = read_tariffs(Path::new(TARIFF)).unwrap();
    Local::start((Memory::new(Conflicts::Never).open(), Arc::default()), tariffs, Arc::new(reading)).unwrap()
}

fn key(number: u8) -> String {
    hex(&[number; 16])
}

fn ask(local: &mut Local, method: &str, path: &str, key: Option<String>, body: &str) -> (u16, String) {
    let call = Call {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        path: path.into(),
        key,
        operator: "anna".into(),
        body: body.into(),
    };
    let answer = local.call(&call).unwrap();
    (answer.status, String::from_utf8(answer.body).unwrap())
}

fn get(local: &mut Local, path: &str) -> (u16, Value) {
    let (status, body) = ask(local, "GET", path, None, "");
    (status, serde_json::from_str(&body).unwrap())
}

fn post(local: &mut Local, path: &str, number: u8, body: &Value) -> (u16, Value) {
    let (status, body) = ask(local, "POST", path, Some(key(number)), &body.to_string());
    (status, serde_json::from_str(&body).unwrap())
}

fn with_anna() -> Local {
    let mut local = fresh();
    let body = json!({"msisdn": NUMBER, "plan": "comfort", "balance": "1000", "imsi": "401020000000001"});
    let (status, done) = post(&mut local, "/v1/subscribers", 1, &body);
    assert_eq!(status, 201, "{done}");
    let wanted =
        json!({"msisdn": NUMBER, "account": "1", "balance": "1000.00", "changed": true, "repeated": false});
    assert_eq!(done, wanted);
    local
}

#[test]
fn a_subscriber_is_shown_as_documented() {
    let mut local = with_anna();
    let (status, text) = ask(&mut local, "GET", "/v1/subscribers/77010000001", None, "");
    assert_eq!(status, 200, "{text}");
    let version = serde_json::from_str::<Value>(&text).unwrap()["plan_version"].as_str().unwrap().to_owned();
    assert_eq!(version.len(), 16);
    let wanted = format!(
        r#"{{"msisdn":"77010000001","imsi":"401020000000001","account":"1","plan":"comfort","plan_version":"{version}","mode":"advance","brand":"kcell","status":"active","blocks":[],"balance":{{"currency":"KZT","main":"1000.00","bonus":"0.00","reserved":"0.00","available":"1000.00","credit_limit":"0.00","overdraft":"0.00"}},"allowances":[{{"id":"data10","unit":"octets","left":10737418240,"reserved":0,"expires":null}},{{"id":"offnet100","unit":"seconds","left":6000,"reserved":0,"expires":null}}],"fair_use":[],"sessions":0,"emergency_calls":0,"owner":null,"owner_kind":null,"language":null,"barred":[],"overage":true,"since":"{NEW_YEAR}","contract":"1","bonuses":[],"promise":null,"last_use":null,"ends":null,"ended":null}}"#
    );
    assert_eq!(text, wanted);
}

#[test]
fn a_ledger_is_shown_oldest_first_as_documented() {
    let mut local = with_anna();
    let path = |what: &str| format!("/v1/subscribers/{NUMBER}/{what}");
    let (status, _) = post(&mut local, &path("topup"), 2, &json!({"amount": "100", "reference": "r1"}));
    assert_eq!(status, 200);
    let (status, done) = post(&mut local, &path("adjust"), 3, &json!({"amount": "-5.5", "note": "wrong"}));
    assert_eq!((status, done["balance"].as_str()), (200, Some("1094.50")));
    let line = |index: u8, amount: &str, balance: &str, kind: &str, reference: Value, note: Value| {
        json!({"at": NEW_YEAR, "amount": amount, "balance": balance, "kind": kind, "reference": reference,
            "session": null, "operator": "anna", "note": note, "index": index, "purse": "main",
            "counter": if kind == "adjustment" { "correction" } else { "cash" }, "usage": null})
    };
    let lines = [
        line(1, "+1000.00", "1000.00", "advance", json!(null), json!(null)),
        line(2, "+100.00", "1100.00", "topup", json!("r1"), json!(null)),
        line(3, "-5.50", "1094.50", "adjustment", json!(null), json!("wrong")),
    ];
    let (status, page) = get(&mut local, &path("ledger"));
    assert_eq!((status, &page), (200, &json!({"entries": lines, "next": null, "archived": false})));
    // page by page, the newest page first
    let (_, newest) = get(&mut local, &path("ledger?limit=2"));
    assert_eq!(newest["entries"], json!(lines[1..]));
    let next = newest["next"].as_str().unwrap();
    let (_, oldest) = get(&mut local, &path(&format!("ledger?limit=2&after={next}")));
    assert_eq!(oldest, json!({"entries": lines[..1], "next": null, "archived": false}));
}

#[test]
fn a_repeat_by_its_key_changes_nothing() {
    let mut local = with_anna();
    let path = format!("/v1/subscribers/{NUMBER}/topup");
    let (_, first) = post(&mut local, &path, 2, &json!({"amount": "1"}));
    let (status, again) = post(&mut local, &path, 2, &json!({"amount": "1"}));
    assert_eq!((first["balance"].as_str(), status), (Some("1001.00"), 200));
    assert_eq!((again["balance"].as_str(), again["repeated"].as_bool()), (Some("1001.00"), Some(true)));
    let (status, other) = post(&mut local, &path, 2, &json!({"amount": "2"}));
    assert_eq!((status, other["code"].as_str()), (409, Some("key-used")));
}

#[test]
fn a_known_reference_pays_once() {
    let mut local = with_anna();
    let path = format!("/v1/subscribers/{NUMBER}/topup");
    post(&mut local, &path, 2, &json!({"amount": "100", "reference": "r"}));
    let (status, again) = post(&mut local, &path, 3, &json!({"amount": "100.00", "reference": "r"}));
    assert_eq!(
        (status, again["changed"].as_bool(), again["balance"].as_str()),
        (200, Some(false), Some("1100.00"))
    );
    let (status, other) = post(&mut local, &path, 4, &json!({"amount": "101", "reference": "r"}));
    assert_eq!((status, other["code"].as_str()), (409, Some("reference-used")));
}

#[test]
fn properties_are_changed() {
    let mut local = with_anna();
    let path = format!("/v1/subscribers/{NUMBER}");
    let body = json!({"plan": "payg", "bar": ["sms"], "overage": false, "language": "kk", "brand": "activ",
        "owner": "900101300123", "owner_kind": "entity", "overdraft": "10"});
    let (status, told) = ask(&mut local, "PATCH", &path, Some(key(2)), &body.to_string());
    assert_eq!(status, 200, "{told}");
    let (_, shown) = get(&mut local, &path);
    for (field, wanted) in [
        ("plan", json!("payg")),
        ("barred", json!(["sms"])),
        ("overage", json!(false)),
        ("language", json!("kk")),
        ("brand", json!("activ")),
        ("owner", json!("900101300123")),
        ("owner_kind", json!("entity")),
    ] {
        assert_eq!(shown[field], wanted, "{field}");
    }
    assert_eq!(shown["balance"]["available"], json!("1010.00"));
}

#[test]
fn every_refusal_has_a_status_a_word_and_a_sentence() {
    let mut local = with_anna();
    let one = format!("/v1/subscribers/{NUMBER}");
    let all = "/v1/subscribers".to_owned();
    let (topup, adjust) = (format!("{one}/topup"), format!("{one}/adjust"));
    let add = |more: &str| format!(r#"{{"msisdn": "77010000002", "plan": "payg"{more}}}"#);
    let nobody = "/v1/subscribers/77010000009".to_owned();
    let cases: Vec<(&str, String, String, u16, &str, &str)> = vec![
        (
            "POST",
            all.clone(),
            r#"{"msisdn": "77010000002", "plan": "pagy"}"#.into(),
            422,
            "unknown-plan",
            "payg",
        ),
        (
            "POST",
            all.clone(),
            format!(r#"{{"msisdn": "{NUMBER}", "plan": "payg"}}"#),
            409,
            "duplicate-subscriber",
            NUMBER,
        ),
        ("POST", all.clone(), add(r#", "imsi": "401020000000001""#), 409, "duplicate-imsi", NUMBER),
        ("POST", all.clone(), add(r#", "account": "1", "balance": "5""#), 409, "account-shared", "topup"),
        ("POST", all.clone(), add(r#", "account": "1", "mode": "credit""#), 409, "account-mode", "advance"),
        ("POST", all.clone(), add(r#", "account": "0""#), 422, "account-number", "from 1"),
        ("POST", all.clone(), add(r#", "account": "x""#), 422, "bad-value", "account"),
        ("POST", all.clone(), add(r#", "owner": "12""#), 422, "owner", "12-digit"),
        ("POST", all.clone(), add(r#", "language": "xx""#), 422, "language", "kk"),
        ("POST", all.clone(), add(r#", "mode": "free""#), 422, "bad-value", "advance, credit"),
        ("POST", all.clone(), add(r#", "balance": "1.005""#), 422, "bad-value", "two decimals at most"),
        ("POST", all.clone(), add(r#", "balance": "-1""#), 422, "refused", "more than nothing"),
        ("POST", all.clone(), add(r#", "balance": 1.5"#), 400, "bad-json", "string"),
        ("POST", all.clone(), add(r#", "balanse": "1""#), 400, "bad-json", "balanse"),
        ("POST", all.clone(), "{".into(), 400, "bad-json", "cannot be read"),
        ("POST", all.clone(), format!("{{{}", " ".repeat(70_000)), 413, "too-long", "65536"),
        ("POST", topup.clone(), r#"{"amount": "0"}"#.into(), 422, "refused", "more than nothing"),
        ("POST", topup.clone(), r#"{"amount": "-1"}"#.into(), 422, "refused", "more than nothing"),
        ("POST", adjust.clone(), r#"{"amount": "0"}"#.into(), 422, "refused", "nothing"),
        ("POST", adjust.clone(), r#"{"amount": "many"}"#.into(), 422, "bad-value", "digits"),
        (
            "POST",
            format!("{nobody}/topup"),
            r#"{"amount": "1"}"#.into(),
            404,
            "unknown-subscriber",
            "77010000009",
        ),
        ("PATCH", one.clone(), "{}".into(), 422, "bad-value", "nothing is to be changed"),
        ("PATCH", one.clone(), r#"{"bar": ["fax"]}"#.into(), 422, "unknown-service", "fax"),
        ("PATCH", one.clone(), r#"{"credit_limit": "5"}"#.into(), 422, "refused", "credit mode"),
        ("PATCH", nobody.clone(), r#"{"language": "kk"}"#.into(), 404, "unknown-subscriber", "77010000009"),
        ("GET", nobody.clone(), String::new(), 404, "unknown-subscriber", "77010000009"),
        ("GET", "/v1/subscribers/+7701".into(), String::new(), 422, "bad-value", "digits"),
        ("GET", format!("{nobody}/ledger"), String::new(), 404, "unknown-subscriber", "77010000009"),
        ("GET", format!("{one}/ledger?after=x"), String::new(), 422, "bad-value", "next"),
        ("GET", format!("{one}/ledger?limit=0"), String::new(), 422, "bad-value", "1000"),
        ("GET", format!("{one}/ledger?limits=5"), String::new(), 400, "bad-query", "limits"),
        ("GET", format!("{nobody}/explain"), String::new(), 404, "unknown-subscriber", "77010000009"),
        ("GET", "/v1/sessions/none%3B1".into(), String::new(), 404, "unknown-session", "none;1"),
        ("POST", "/v1/sessions/none%3B1/reauth".into(), "{}".into(), 409, "nobody-asked", "no server runs"),
        (
            "POST",
            "/v1/sessions/none%3B1/reauth".into(),
            r#"{"rating_group": "ten"}"#.into(),
            400,
            "bad-json",
            "u32",
        ),
        ("POST", "/v1/sessions/none%3B1/abort".into(), String::new(), 409, "nobody-asked", "no server runs"),
        ("GET", "/v1/peers".into(), String::new(), 409, "refused", "no server runs"),
        ("POST", "/v1/peers/pgw1/disconnect".into(), String::new(), 409, "refused", "no server runs"),
        ("POST", "/v1/reload".into(), String::new(), 409, "refused", "no server runs"),
        ("POST", "/v1/store/backup".into(), r#"{"file": "here"}"#.into(), 422, "bad-value", "root"),
        ("GET", "/v1/nothing".into(), String::new(), 404, "no-route", "nothing"),
        ("DELETE", one.clone(), String::new(), 405, "method", "method"),
    ];
    for (at, (method, path, body, status, code, part)) in cases.into_iter().enumerate() {
        let number = u8::try_from(100 + at).unwrap();
        let (found, told) = ask(&mut local, method, &path, Some(key(number)), &body);
        let told: Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{method} {path}: {told}"));
        assert_eq!((found, told["code"].as_str()), (status, Some(code)), "{method} {path} {told}");
        assert!(told["error"].as_str().unwrap().contains(part), "{method} {path} {told}");
        assert_eq!(told.as_object().unwrap().len(), 2, "{told}");
    }
    let (_, shown) = get(&mut local, &one);
    assert_eq!(shown["balance"]["main"], json!("1000.00"), "what is refused changes nothing");
}

#[test]
fn a_change_without_a_key_is_refused() {
    let mut local = with_anna();
    let path = format!("/v1/subscribers/{NUMBER}/topup");
    for key in [None, Some("short".to_owned())] {
        let (status, told) = ask(&mut local, "POST", &path, key, r#"{"amount": "1"}"#);
        assert!(status == 400 && told.contains("Idempotency-Key"), "{told}");
    }
}

#[test]
fn subscribers_are_listed_page_by_page() {
    let mut local = with_anna();
    for number in 2..=5u8 {
        let body = json!({"msisdn": format!("7701000000{number}"), "plan": "payg"});
        assert_eq!(post(&mut local, "/v1/subscribers", number, &body).0, 201);
    }
    let found = pages(None, |query| {
        let (_, page) =
            get(&mut local, &format!("/v1/subscribers?{}", query.replace("limit=1000", "limit=2")));
        let next = page["next"].as_str().map(str::to_owned);
        let names = page["subscribers"].as_array().unwrap().iter();
        Ok((names.map(|one| one["msisdn"].as_str().unwrap().to_owned()).collect(), next))
    });
    let names: Vec<String> = found.unwrap().into_iter().flatten().collect();
    assert_eq!(names, [1, 2, 3, 4, 5].map(|number| format!("7701000000{number}")));
}

#[test]
fn numbers_that_share_an_account_share_its_balance() {
    let mut local = with_anna();
    let body = json!({"msisdn": "77010000002", "plan": "payg", "account": "1"});
    let (_, done) = post(&mut local, "/v1/subscribers", 2, &body);
    assert_eq!((done["account"].as_str(), done["balance"].as_str()), (Some("1"), Some("1000.00")), "{done}");
}

#[test]
fn the_state_of_the_server_is_told() {
    let mut local = with_anna();
    assert_eq!(ask(&mut local, "GET", "/healthz", None, ""), (200, "ok\n".into()));
    let (status, ready) = get(&mut local, "/readyz");
    assert_eq!(
        (status, ready),
        (200, json!({"ready": true, "mode": "ready", "scanned": true, "sessions": 0}))
    );
    let (status, figures) = ask(&mut local, "GET", "/metrics", None, "");
    assert!(
        status == 200 && figures.ends_with("# EOF\n") && figures.contains("gyro_mode{mode=\"ready\"} 1\n"),
        "{figures}"
    );
    let (status, engine) = get(&mut local, "/v1/status");
    assert_eq!((status, engine["mode"].as_str(), engine["sessions"].as_u64()), (200, Some("ready"), Some(0)));
    assert_eq!(get(&mut local, "/v1/store").0, 200);
    let (status, sessions) = get(&mut local, "/v1/sessions");
    assert_eq!((status, sessions), (200, json!({"sessions": [], "next": null, "complete": true})));
    let (status, told) = get(&mut local, &format!("/v1/subscribers/{NUMBER}/explain"));
    assert_eq!((status, &told["charges"], &told["refusals"]), (200, &json!([]), &json!([])));
    assert_eq!(post(&mut local, "/v1/clock/confirm", 9, &json!({})), (200, json!({"done": true})));
}

#[test]
fn a_server_that_ends_is_not_ready_and_takes_no_change() {
    let mut local = with_anna();
    local.drain();
    let (status, ready) = get(&mut local, "/readyz");
    assert_eq!((status, ready["mode"].as_str()), (503, Some("draining")));
    let path = format!("/v1/subscribers/{NUMBER}/topup");
    let (status, told) = post(&mut local, &path, 2, &json!({"amount": "1"}));
    assert_eq!((status, told["code"].as_str()), (503, Some("draining")), "{told}");
}

fn options() -> store::Options {
    store::Options { segment_octets: 1 << 20, low_space_octets: 0, ..store::Options::new(Probe::Here) }
}

#[test]
fn what_a_command_changed_is_there_for_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let missing = Local::open_with(&data, None, Absent::Refuse, options()).err().unwrap();
    assert_eq!(missing.status, Status::DataDirectory);
    let bare = Local::open_with(&data, None, Absent::Make, options()).err().unwrap();
    assert!(bare.status == Status::Configuration && bare.message.contains("`gyro init DIR`"), "{bare:?}");
    assert!(!data.exists());
    let mut local = Local::open_with(&data, Some(Path::new(TARIFF)), Absent::Make, options()).unwrap();
    let body = json!({"msisdn": NUMBER, "plan": "comfort", "balance": "7.50"});
    assert_eq!(post(&mut local, "/v1/subscribers", 1, &body).0, 201);
    let used = Local::open_with(&data, None, Absent::Refuse, options()).err().unwrap();
    assert!(used.status == Status::DataDirectory && !used.message.contains('\n'), "{used:?}");
    let backup = folder.path().join("backup");
    let (status, told) = post(&mut local, "/v1/store/backup", 2, &json!({"file": backup.to_str().unwrap()}));
    assert_eq!((status, told), (200, json!({"done": true})));
    assert!(backup.is_file());
    local.close().unwrap();
    let mut local = Local::open_with(&data, None, Absent::Refuse, options()).unwrap();
    let (_, shown) = get(&mut local, &format!("/v1/subscribers/{NUMBER}"));
    assert_eq!(shown["balance"]["main"], json!("7.50"), "with the tariffs that are kept in the store");
    local.close().unwrap();
}

/// A disk on which no file grows any more once it is full.
#[derive(Debug, Default)]
struct Fills {
    full: AtomicBool,
}

impl Disk for Fills {
    fn write_all_at(&self, file: &File, octets: &[u8], offset: u64) -> io::Result<()> {
        let end = offset + u64::try_from(octets.len()).unwrap();
        if self.full.load(Ordering::Relaxed) && end > file.metadata()?.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        file.write_all_at(octets, offset)
    }
}

#[test]
fn an_order_for_which_the_disk_has_no_room_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(Fills::default());
    let options =
        || store::Options { segment_octets: 1 << 16, disk: Arc::<Fills>::clone(&disk), ..options() };
    let tariffs = Some(Path::new(TARIFF));
    let mut local = Local::open_with(folder.path(), tariffs, Absent::Make, options()).unwrap();
    let body = json!({"msisdn": NUMBER, "plan": "comfort", "balance": "1"});
    assert_eq!(post(&mut local, "/v1/subscribers", 0, &body).0, 201);
    disk.full.store(true, Ordering::Relaxed);
    let path = format!("/v1/subscribers/{NUMBER}/topup");
    let mut paid = 0;
    let failure = loop {
        let call = Call {
            method: Method::POST,
            path: path.clone(),
            key: Some(format!("{:032x}", paid + 1)),
            operator: "anna".into(),
            body: json!({"amount": "1"}).to_string().into(),
        };
        match local.call(&call) {
            Ok(answer) => assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body)),
            Err(failure) => break failure,
        }
        paid += 1;
        assert!(paid < 1_000, "the segment is never full");
    };
    assert_eq!(failure.status, Status::Damaged);
    assert!(failure.message.contains("no room for the next batch"), "{failure:?}");
    assert!(failure.message.contains("free space on"), "{failure:?}");
    local.close().unwrap();
    disk.full.store(false, Ordering::Relaxed);
    let mut local = Local::open_with(folder.path(), None, Absent::Refuse, options()).unwrap();
    let (_, shown) = get(&mut local, &format!("/v1/subscribers/{NUMBER}"));
    assert_eq!(shown["balance"]["main"], json!(format!("{}.00", paid + 1)));
    local.close().unwrap();
}

#[test]
fn a_server_that_is_not_there_is_told_with_what_to_do() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let reach = Reach::server(Some(address.clone()));
    let failure = with(&reach, Absent::Refuse, |client| client.get::<Value>("/v1/status")).unwrap_err();
    assert_eq!(failure.status, Status::Unreachable);
    for part in [&*address, "gyro serve", "--admin", "--data"] {
        assert!(failure.message.contains(part), "{part}: {failure:?}");
    }
    let failure = Client::connect(&Reach::server(Some("here".into())), Absent::Refuse).err().unwrap();
    assert_eq!(failure.status, Status::Usage);
}

#[test]
fn a_running_server_is_asked_over_http() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let reach = Reach::server(Some(listener.local_addr().unwrap().to_string()));
    let (end, ended) = tokio::sync::watch::channel(false);
    let mut local = with_anna();
    let admin = crate::admin::serve(listener, local.router(), ended.clone()).unwrap();
    let pump = std::thread::spawn(move || {
        local.run(ended);
        local.close().unwrap();
    });
    let mut client = Client::connect(&reach, Absent::Refuse).unwrap();
    let shown: Value = client.get(&format!("/v1/subscribers/{NUMBER}")).unwrap();
    assert_eq!(shown["balance"]["main"], json!("1000.00"));
    let body = json!({"amount": "1.50"});
    let done: Done = client.post(&format!("/v1/subscribers/{NUMBER}/topup"), &body).unwrap();
    assert_eq!(done.balance, "1001.50");
    let done: Done = client.patch(&format!("/v1/subscribers/{NUMBER}"), &json!({"language": "ru"})).unwrap();
    assert!(done.changed);
    let failure = client.get::<Value>("/v1/subscribers/77010000009").unwrap_err();
    assert_eq!(
        failure,
        Failure::new(Status::Failed, "there is no subscriber 77010000009: add it with `gyro subscriber add`")
    );
    client.close().unwrap();
    end.send(true).unwrap();
    pump.join().unwrap();
    admin.join().unwrap().unwrap();
}

#[test]
fn what_stands_in_a_path_is_escaped() {
    assert_eq!(escaped("pgw1.epc;17/2 ü~"), "pgw1.epc%3B17%2F2%20%C3%BC~");
}

#[test]
fn arguments_are_read_exactly() {
    assert_eq!(number("+77010000001").as_deref(), Ok("77010000001"));
    assert!(number("7701x").is_err() && number("").is_err());
    assert_eq!(money("-5").as_deref(), Ok("-5.00"));
    assert!(money("1.005").unwrap_err().contains("two decimals at most"));
}
