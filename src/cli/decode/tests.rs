use std::fmt::Write as _;
use std::sync::LazyLock;

use super::*;
use crate::diameter::dictionary::{self, Dictionary};
use crate::diameter::tree::hex as octets;

const DWR: &str = "01000030 80000118 00000000 00000001 00000002
                   00000108 4000000f 6f6373312e6b7a00 00000128 4000000a 6b7a0000";

struct Done {
    status: Status,
    out: String,
    err: String,
}

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(dictionary::builtin);

fn decoded(input: &[u8], output: Output) -> Done {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut report = Report::new(&mut out, &mut err, &DICTIONARY, output);
    decode(&mut &*input, &"input", &mut report).unwrap();
    let status = report.end().unwrap();
    Done { status, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

#[test]
fn octets_and_hexadecimal_text_give_the_same() {
    let from_text = decoded(DWR.as_bytes(), Output::Table);
    assert_eq!(from_text.status, Status::Done, "{}", from_text.err);
    assert!(from_text.out.contains("DWR Device-Watchdog-Request"), "{}", from_text.out);
    assert!(from_text.out.contains("Origin-Host (264) -M- = \"ocs1.kz\""), "{}", from_text.out);
    assert_eq!(decoded(&octets(DWR), Output::Table).out, from_text.out);
}

#[test]
fn each_form_of_output_holds_each_message() {
    let two = octets(DWR).repeat(2);
    let array: serde_json::Value = serde_json::from_str(&decoded(&two, Output::Json).out).unwrap();
    assert_eq!(array.as_array().unwrap().len(), 2);
    assert_eq!(array[1]["offset"], 48);
    assert_eq!(array[1]["command"], "DWR");
    assert_eq!(array[1]["avps"][0]["value"], "ocs1.kz");
    let lines = decoded(&two, Output::Jsonl).out;
    assert_eq!(lines.lines().count(), 2);
    for line in lines.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).unwrap().is_object());
    }
    assert_eq!(decoded(b"", Output::Json).out, "[]\n");
}

#[test]
fn what_cannot_be_decoded_is_named_and_fails() {
    let cases: [(&str, &str); 6] = [
        ("hello", "neither a capture"),
        ("", "no Diameter message"),
        ("01000030 8000", "ends 14 octets before"),
        ("02000030 80000118 00000000 00000001 00000002", "octet 0: no Diameter message: version 2"),
        (
            "0100001c 80000118 00000000 00000001 00000002 00000108 400000ff",
            "octet 20 of the message: 5014 INVALID_AVP_LENGTH",
        ),
        (
            "01000020 80000118 00000000 00000001 00000002 00000116 4000000a 0001 0000",
            "Origin-State-Id (278) at octet 20 of the message: 5014",
        ),
    ];
    for (input, expected) in cases {
        let done = decoded(input.as_bytes(), Output::Table);
        assert_eq!(done.status, Status::Failed, "{input}");
        assert!(done.err.contains(expected), "{input}: {}", done.err);
    }
}

#[test]
fn a_message_behind_noise_is_decoded_all_the_same() {
    let done = decoded(&[octets(DWR), vec![0; 9], octets(DWR)].concat(), Output::Jsonl);
    assert_eq!(done.status, Status::Failed);
    assert_eq!(done.out.lines().count(), 2);
    assert!(done.err.contains("octet 48: no Diameter message"), "{}", done.err);
}

/// A writer like the end of a closed pipe.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_an_error_and_no_panic() {
    for output in [Output::Table, Output::Json, Output::Jsonl] {
        let (mut out, mut err) = (Closed, Vec::new());
        let mut report = Report::new(&mut out, &mut err, &DICTIONARY, output);
        let error = decode(&mut DWR.as_bytes(), &"input", &mut report).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{output:?}");
    }
}

/// A pcap file of TCP packets to port 3868, each in an Ethernet frame with padding.
fn capture(payloads: &[&[u8]]) -> Vec<u8> {
    let mut file: Vec<u8> =
        [0xa1b2_c3d4_u32, 0x0002_0004, 0, 0, 65_535, 1].iter().flat_map(|word| word.to_be_bytes()).collect();
    let mut sequence = 1_u32;
    for payload in payloads {
        let mut tcp = octets("c350 0f1c");
        tcp.extend(sequence.to_be_bytes());
        tcp.extend(octets("00000000 5018 0000 0000 0000"));
        tcp.extend_from_slice(payload);
        let total = u16::try_from(tcp.len() + 20).unwrap();
        let mut packet = octets("000000000001 000000000002 0800 4500");
        packet.extend(total.to_be_bytes());
        packet.extend(octets("0000 0000 4006 0000 0a000001 0a000002"));
        packet.extend(tcp);
        packet.resize(packet.len().max(60), 0xee);
        let length = u32::try_from(packet.len()).unwrap();
        for word in [1_767_225_600, 0, length, length] {
            file.extend(word.to_be_bytes());
        }
        file.extend(packet);
        sequence += u32::try_from(payload.len()).unwrap();
    }
    file
}

#[test]
fn a_capture_is_decoded_with_the_place_of_each_message() {
    let dwr = octets(DWR);
    let file = capture(&[&dwr[..5], &dwr[5..], &[&dwr[..], &dwr].concat()]);
    let done = decoded(&file, Output::Jsonl);
    assert_eq!(done.status, Status::Done, "{}", done.err);
    let frames: Vec<serde_json::Value> =
        done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let places: Vec<u64> = frames.iter().map(|message| message["frame"].as_u64().unwrap()).collect();
    assert_eq!(places, [2, 3, 3]);
    assert_eq!(frames[0]["from"], "10.0.0.1:50000");
    assert_eq!(frames[0]["to"], "10.0.0.2:3868");
    assert_eq!(frames[0]["time"], "2026-01-01T00:00:00Z");
    let table = decoded(&file, Output::Table).out;
    let place = "frame 2  2026-01-01T00:00:00Z  10.0.0.1:50000 > 10.0.0.2:3868 tcp\nDWR ";
    assert!(table.starts_with(place), "{table}");
}

/// No input makes the decoder panic or go on without end: every message with each octet overwritten in turn, and
/// every capture cut at each octet.
#[test]
fn damaged_input_ends() {
    let file = capture(&[&octets(DWR), &octets(DWR)[..20]]);
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 0xff;
        decoded(&damaged, Output::Jsonl);
        decoded(&file[..at], Output::Table);
    }
    let mut text = String::new();
    for at in 0..48 {
        let mut damaged = octets(DWR);
        damaged[at] = damaged[at].wrapping_add(1);
        decoded(&damaged, Output::Table);
        write!(text, "{:02x}", damaged[at]).unwrap();
    }
    decoded(text.as_bytes(), Output::Json);
}

fn run_with(dictionary: &str, hex: &str) -> (Status, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.xml");
    std::fs::write(&file, dictionary).unwrap();
    let args = Args { input: hex.into(), output: Output::Table, dictionaries: vec![file] };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = run(&args, &mut out, &mut err).unwrap();
    (status, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn a_dictionary_of_the_operator_names_what_is_not_built_in() {
    let own = r#"<dictionary><base>
        <avp name="Own-Thing" code="99999"><type type-name="UTF8String"/></avp>
    </base></dictionary>"#;
    let hex = "01000020 80000118 00000000 00000001 00000002 0001869f 0000000c 6f776e21";
    let (status, out, err) = run_with(own, hex);
    assert_eq!(status, Status::Done, "{err}");
    assert!(out.contains("Own-Thing (99999) --- = \"own!\""), "{out}");
    let (status, _, err) = run_with("<dictionary>", hex);
    assert_eq!(status, Status::Configuration);
    assert!(err.contains("own.xml"), "{err}");
}
