//! Opening sled can panic or hang, so it is tried in a process of its own before.

use std::ffi::OsString;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::{Facts, Tree};
use crate::store::{Sequence, StoreError, sys};

/// How the state is tried before it is opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Probe {
    /// By a process of its own, which calls [`probe_child`] with the directory that is added to the arguments.
    Child {
        /// The program.
        program: PathBuf,
        /// Its arguments before the directory.
        arguments: Vec<OsString>,
        /// How long it may take.
        deadline: Duration,
    },
    /// In this process: for tools and tests that may die of it.
    Here,
}

/// Tries to open the state in `dir`. `Ok(Err)` says why it is not usable.
pub(crate) fn probe(
    how: &Probe,
    dir: &Path,
    cache: u64,
) -> Result<Result<Option<Facts>, String>, StoreError> {
    match how {
        Probe::Here => {
            Ok(Tree::open(dir, cache).and_then(|mut tree| tree.facts()).map_err(|error| error.to_string()))
        }
        Probe::Child { program, arguments, deadline } => {
            let mut command = Command::new(program);
            command
                .args(arguments)
                .arg(dir)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            let child = command.spawn().map_err(StoreError::io("start", program))?;
            Ok(outcome(child, *deadline).and_then(|line| match line.as_str() {
                "empty" => Ok(None),
                line => parse(line).map(Some).ok_or_else(|| format!("it said `{line}`")),
            }))
        }
    }
}

/// What the child has printed, or why there is nothing to believe.
fn outcome(mut child: Child, deadline: Duration) -> Result<String, String> {
    let (Some(mut out), Some(mut err)) = (child.stdout.take(), child.stderr.take()) else {
        return Err("its output cannot be read".to_owned());
    };
    let (send, receive) = mpsc::channel();
    // The threads end with the child, whose ends of the pipes they read.
    let complaints = std::thread::spawn(move || {
        let mut text = String::new();
        err.read_to_string(&mut text).map(|_| text).unwrap_or_default()
    });
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = out.read_to_string(&mut text).map(|_| text);
        // Nobody waits for it after the deadline.
        let _ = send.send(read);
    });
    let said = match receive.recv_timeout(deadline) {
        Ok(said) => said.map_err(|error| error.to_string()),
        Err(_) => Err(format!("it did not open within {} s", deadline.as_secs())),
    };
    if said.is_err() {
        // It may have ended by itself meanwhile.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    let said = said?;
    if status.success() {
        return Ok(said.trim().to_owned());
    }
    let complaints = complaints.join().unwrap_or_default();
    let line = complaints.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    Err(format!("opening it failed ({status}): {line}"))
}

fn parse(line: &str) -> Option<Facts> {
    let mut words = line.split(' ');
    let store = u128::from_str_radix(words.next()?, 16).ok()?.to_be_bytes();
    let sentinel = Sequence::new(words.next()?.parse().ok()?);
    let high = Sequence::new(words.next()?.parse().ok()?);
    words.next().is_none().then_some(Facts { store, sentinel, high })
}

/// What the process does that [`Probe::Child`] starts: opens the state in `dir`, and writes in one line to `out`
/// what it says of itself.
pub fn probe_child(dir: &Path, out: &mut dyn Write) -> Result<(), StoreError> {
    sys::guard()?;
    let mut tree = Tree::open(dir, CHILD_CACHE)?;
    let line = match tree.facts()? {
        None => "empty".to_owned(),
        Some(Facts { store, sentinel, high }) => {
            format!("{:032x} {sentinel} {high}", u128::from_be_bytes(store))
        }
    };
    tree.close();
    writeln!(out, "{line}").map_err(StoreError::io("write to", Path::new("standard output")))
}

/// Cache of the child, in octets.
const CHILD_CACHE: u64 = 32 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Probe {
        Probe::Child {
            program: PathBuf::from("/bin/sh"),
            arguments: vec!["-c".into(), script.into()],
            deadline: Duration::from_secs(20),
        }
    }

    fn tried(script: &str) -> Result<Option<Facts>, String> {
        probe(&sh(script), Path::new("/nowhere"), 0).unwrap()
    }

    #[test]
    fn a_child_that_says_what_it_found_is_believed() {
        let facts = Facts { store: [0x11; 16], sentinel: Sequence::new(5), high: Sequence::new(7) };
        assert_eq!(tried("echo 11111111111111111111111111111111 5 7"), Ok(Some(facts)));
        assert_eq!(tried("echo empty"), Ok(None));
    }

    #[test]
    fn a_child_that_panics_or_talks_nonsense_is_not() {
        assert!(tried("echo thread panicked >&2; exit 101").unwrap_err().contains("thread panicked"));
        assert!(tried("echo 1 2").is_err());
        assert!(tried("kill -9 $$").is_err());
    }

    #[test]
    fn a_child_that_hangs_is_ended_at_the_deadline() {
        let Probe::Child { program, arguments, .. } = sh("exec sleep 1000") else { return };
        let hang = Probe::Child { program, arguments, deadline: Duration::from_millis(50) };
        assert!(probe(&hang, Path::new("/nowhere"), 0).unwrap().unwrap_err().contains("did not open"));
    }
}
