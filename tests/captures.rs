//! Captures of real gateways decode whole. They are no part of this repository: without them the test says so and
//! passes.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what fails here fails the test")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A capture with what another decoder (tshark 4.0.17) counts in it: messages, messages of credit control, and AVPs in
/// those, the AVPs of groups included.
struct Capture {
    file: &'static str,
    messages: usize,
    credit_control: usize,
    avps: usize,
}

const CAPTURES: [Capture; 6] = [
    Capture {
        file: "gx_gy_combined_03_210505_132953-1.pcapng",
        messages: 124,
        credit_control: 28,
        avps: 1_136,
    },
    Capture {
        file: "gx_gy_combined_04_210505_133027-1.pcapng",
        messages: 1_288,
        credit_control: 864,
        avps: 35_126,
    },
    Capture { file: "gx_gy_combined_05_210505_133111-1.pcapng", messages: 70, credit_control: 10, avps: 364 },
    Capture { file: "gx_gy_combined_06_210505_133132-1.pcapng", messages: 64, credit_control: 8, avps: 308 },
    Capture { file: "open5gs-baseline-1.pcap", messages: 18, credit_control: 10, avps: 281 },
    Capture { file: "open5gs-baseline-2.pcap", messages: 20, credit_control: 10, avps: 274 },
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/captures")
}

fn decoded(file: &Path) -> Vec<Value> {
    let done = Command::new(env!("CARGO_BIN_EXE_gyro"))
        .args(["decode", "--output", "jsonl"])
        .arg(file)
        .output()
        .expect("gyro runs");
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{}: {errors}", file.display());
    assert_eq!(errors, "", "{}", file.display());
    let text = String::from_utf8(done.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn avps(of: &Value) -> usize {
    let list = of.get("avps").and_then(Value::as_array);
    list.map_or(0, |list| list.len() + list.iter().map(avps).sum::<usize>())
}

#[test]
fn captures_of_real_gateways_decode_without_a_fault() {
    let folder = folder();
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    }
    for capture in CAPTURES {
        let messages = decoded(&folder.join(capture.file));
        assert_eq!(messages.len(), capture.messages, "{}", capture.file);
        let credit_control: Vec<&Value> =
            messages.iter().filter(|message| message["application"] == 4).collect();
        assert_eq!(credit_control.len(), capture.credit_control, "{}", capture.file);
        let all: usize = credit_control.into_iter().map(avps).sum();
        assert_eq!(all, capture.avps, "{}", capture.file);
    }
}
