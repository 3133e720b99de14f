//! Notices and charging data records of the real server: files that have each record once though the server is killed,
//! and a webhook that is told until it takes what it is told.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test stops at what is not as it should be"
)]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

#[allow(dead_code, reason = "this test starts servers of its own")]
mod binary;

use binary::{BINARY, tariff};
use serde_json::Value;

const MSISDN: &str = "77010000001";

/// A server with sinks, killed where a test does not end it.
struct Server {
    child: Child,
    admin: String,
}

impl Server {
    fn start(folder: &Path, webhook: Option<&str>) -> Self {
        let mut command = Command::new(BINARY);
        command.current_dir(folder).env_clear().env("GYRO_STORE__LOW_SPACE", "1MiB");
        command.env("GYRO_NOTIFICATIONS__DIR", "told").env("GYRO_CDR__DIR", "cdr");
        command.env("GYRO_NOTIFICATIONS__LANGUAGE", "en").env("GYRO_NOTIFICATIONS__ROTATE_SIZE", "2KiB");
        command.envs(webhook.map(|url| ("GYRO_NOTIFICATIONS__WEBHOOK", url)));
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
            "--data",
            "data",
            "--tariffs",
        ]);
        let mut child = command
            .arg(tariff())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let admin = line.split_whitespace().find_map(|word| word.strip_prefix("admin=")).unwrap_or_default();
        assert!(!admin.is_empty(), "{line:?}");
        let admin = admin.to_owned();
        Self { child, admin }
    }

    #[track_caller]
    fn run(&self, words: &[&str]) {
        let output =
            Command::new(BINARY).env_clear().args(words).args(["--admin", &self.admin]).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// SIGKILL: nothing is written any more.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    #[allow(unsafe_code, reason = "the standard library sends SIGKILL alone")]
    fn end(mut self) {
        let id: libc::pid_t = self.child.id().try_into().unwrap();
        // SAFETY: plain numbers are passed; the child was not waited for, so its number is still its own.
        assert_eq!(unsafe { libc::kill(id, libc::SIGTERM) }, 0);
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All lines of all files in a folder, in the order of their names.
fn lines(folder: &Path) -> Vec<Value> {
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let texts = names.iter().map(|path| std::fs::read_to_string(path).unwrap());
    texts
        .flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
        .collect()
}

/// Top-ups under numbered references; each is told once, in files, though the server is killed among them again and again.
#[test]
fn what_was_committed_stands_once_in_the_files_though_the_server_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let add = ["subscriber", "add", MSISDN, "--plan", "comfort", "--language", "ru"];
    let mut topups = 0;
    for round in 0..4 {
        let server = Server::start(folder.path(), None);
        if round == 0 {
            server.run(&add);
        }
        for _ in 0..=round {
            topups += 1;
            server.run(&[
                "account",
                "topup",
                MSISDN,
                &topups.to_string(),
                "--reference",
                &format!("r{topups}"),
            ]);
        }
        server.kill();
    }
    // a command that opens the store itself is told of as well
    topups += 1;
    let by_hand = Command::new(BINARY)
        .env_clear()
        .current_dir(folder.path())
        .args(["account", "topup", MSISDN, &topups.to_string(), "--data", "data", "--tariffs", &tariff()])
        .output()
        .unwrap();
    assert!(by_hand.status.success(), "{}", String::from_utf8_lossy(&by_hand.stderr));
    // what a server ended in order has not delivered is delivered before it ends
    Server::start(folder.path(), None).end();
    let told = lines(&folder.path().join("told"));
    let amounts: Vec<_> =
        told.iter().map(|line| line["facts"]["amount"].as_str().unwrap().to_owned()).collect();
    let expected: Vec<_> = (1..=topups).map(|amount| format!("{amount}.00")).collect();
    assert_eq!(amounts, expected);
    let numbers: Vec<_> = told.iter().map(|line| line["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=topups).collect::<Vec<_>>());
    let ids: BTreeSet<_> = told.iter().map(|line| line["id"].to_string()).collect();
    assert_eq!(ids.len(), told.len());
    assert_eq!(told[0]["text"], "На ваш счёт поступило 1.00 ₸. Баланс: 1.00 ₸.");
    assert_eq!(told[0]["cause"], "topup");
}

/// A webhook that answers as it is told to, once for each post; gives the key and the body of each.
fn webhook(answers: &'static [u16]) -> (String, Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/told", listener.local_addr().unwrap());
    let (posted, posts) = channel();
    std::thread::spawn(move || {
        let mut answers = answers.iter();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            while let Some(post) = read_post(&mut stream) {
                let status = answers.next().copied().unwrap_or(200);
                let answer = format!("HTTP/1.1 {status} told\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).unwrap();
                if posted.send(post).is_err() {
                    return;
                }
            }
        }
    });
    (url, posts)
}

fn read_post(stream: &mut TcpStream) -> Option<(String, Value)> {
    let mut reader = BufReader::new(stream);
    let (mut key, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(found) = line.strip_prefix("idempotency-key: ") {
            key = found.into();
        }
        if let Some(found) = line.strip_prefix("content-length: ") {
            length = found.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((key, serde_json::from_slice(&body).unwrap()))
}

#[test]
fn a_webhook_is_told_again_under_the_same_key_until_it_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let (url, posts) = webhook(&[503, 200]);
    let server = Server::start(folder.path(), Some(&url));
    server.run(&["subscriber", "add", MSISDN, "--plan", "comfort"]);
    server.run(&["block", "add", MSISDN, "--reason", "lost"]);
    let (key, body) = posts.recv().unwrap();
    assert_eq!((&body["cause"], &body["facts"]["reason"]), (&"block".into(), &"lost".into()));
    assert_eq!(body["id"].as_str(), Some(&*key));
    let again = posts.recv().unwrap();
    assert_eq!(again, (key.clone(), body));
    server.run(&["block", "remove", MSISDN, "--reason", "lost"]);
    let (next, body) = posts.recv().unwrap();
    assert_eq!(body["cause"], "unblock");
    assert_ne!(next, key);
    server.end();
}
