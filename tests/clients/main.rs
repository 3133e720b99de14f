//! What real clients send, and the octets they get back.
//!
//! `golden/CLIENT/*.ccr.hex` are requests as these clients put them together, `*.cca.hex` the answers in the one
//! shape that all of them take. The octets were put together apart from the code that is tested here, AVP by AVP,
//! and looked through with Wireshark.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod answers;
mod requests;

use bytes::Bytes;
use gyro::diameter::dictionary::Dictionary;
use gyro::diameter::message::Message;
use gyro::diameter::parse::{Limits, parse};

/// The octets of a golden file: hex, a comment behind `#`.
fn golden(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/clients/golden/{name}.hex", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let digits: Vec<u8> = text
        .lines()
        .flat_map(|line| line.split('#').next().unwrap_or_default().bytes())
        .filter(u8::is_ascii_hexdigit)
        .collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// A golden message, parsed.
fn message(name: &str, dictionary: &Dictionary) -> Message {
    let message = parse(Bytes::from(golden(name)), &Limits::DEFAULT, dictionary).unwrap();
    assert_eq!(message.faults(), [], "{name}");
    message
}

/// The names of all golden files that end so, in order, without that end.
fn names(end: &str) -> Vec<String> {
    let root = format!("{}/tests/clients/golden", env!("CARGO_MANIFEST_DIR"));
    let mut names = Vec::new();
    for client in std::fs::read_dir(&root).unwrap() {
        let client = client.unwrap();
        for file in std::fs::read_dir(client.path()).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            if let Some(name) = file.strip_suffix(end) {
                names.push(format!("{}/{name}", client.file_name().into_string().unwrap()));
            }
        }
    }
    names.sort();
    names
}
