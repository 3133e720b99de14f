//! Every scenario of every file.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};

use crate::run::run;
use crate::script::Script;

/// Scenarios that there must be at least: a file that is lost is noticed.
const LEAST: usize = 200;

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// The scenario files, by name.
pub(crate) fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .collect();
    files.sort();
    files
}

/// Runs all that `GYRO_SCENARIO` names, a part of a file's name or of a title; all of them without it.
#[test]
fn every_scenario_holds() {
    let only = std::env::var("GYRO_SCENARIO").unwrap_or_default();
    let mut work = Vec::new();
    let mut failures = Vec::new();
    for path in files() {
        let text = std::fs::read_to_string(&path).unwrap();
        let shown = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(&path).to_path_buf();
        match Script::read(&text) {
            Err(mistake) => failures.push(mistake.shown(&shown, &text)),
            Ok(script) => {
                let named = shown.to_string_lossy().contains(&only);
                let wanted =
                    script.scenarios.into_iter().filter(|scenario| named || scenario.title.contains(&only));
                work.extend(wanted.map(|scenario| (shown.clone(), text.clone(), scenario)));
            }
        }
    }
    let count = work.len();
    let next = AtomicUsize::new(0);
    let (to, from) = mpsc::channel();
    let work = Mutex::new(work.into_iter().map(Some).collect::<Vec<_>>());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let (to, next, work) = (to.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some((path, text, scenario)) =
                        work.lock().unwrap().get_mut(place).and_then(Option::take)
                    else {
                        return;
                    };
                    let held = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&scenario)));
                    let failure = match held {
                        Ok(Ok(())) => continue,
                        Ok(Err(mistake)) => mistake.shown(&path, &text),
                        Err(_) => format!("{}:{}: it panicked", path.display(), scenario.at.line),
                    };
                    to.send((place, format!("{}\n{failure}", scenario.title))).unwrap();
                }
            });
        }
    });
    drop(to);
    let mut failed: Vec<(usize, String)> = from.iter().collect();
    failed.sort();
    failures.extend(failed.into_iter().map(|(_, failure)| failure));
    assert!(
        failures.is_empty(),
        "{} of {count} scenarios fail:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
    assert!(!only.is_empty() || count >= LEAST, "{count} scenarios: some are lost");
}
