//! The simulator: the real core under simulated time, with subscribers, gateways and operators, all from one seed in one
//! thread, and an auditor that holds every batch, answer and hour to the rules. `docs/safety.md` tells what it covers.
//!
//! A seed that fails is printed; `GYRO_SEED=N cargo test --test simulation` runs that one alone. The fixed set is below.
//! `cargo run --release --example simulate` goes on for as long as it is told to.
#![cfg(feature = "shell")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a simulation that cannot go on says so by a panic"
)]

mod auditor;
mod bugs;
mod disk;
mod people;
mod prices;
mod random;
mod server;
mod year;

use bugs::Bug;
use year::{Report, Size, Year};

const SMALL: Size = Size { people: 20, days: 60 };

/// The seed that was asked for, or all of these.
fn seeds(fixed: &[u64]) -> Vec<u64> {
    match std::env::var("GYRO_SEED").ok().and_then(|text| text.parse().ok()) {
        Some(seed) => vec![seed],
        None => fixed.to_vec(),
    }
}

fn run(seed: u64, size: Size) -> Report {
    Year::run(seed, size, None).unwrap_or_else(|violation| panic!("GYRO_SEED={seed}: {violation}"))
}

#[test]
fn a_year_of_two_hundred_subscribers_keeps_every_rule_at_every_hour() {
    for seed in seeds(&[2_026]) {
        let report = run(seed, Size { people: 200, days: 365 });
        println!("{report:?}");
        assert!(report.tally.hours >= 365 * 24, "{report:?}");
        assert!(report.requests > 100_000, "{report:?}");
        assert!(
            report.tally.fees > 1_000 && report.tally.invoices > 300 && report.tally.penalties > 0,
            "{report:?}"
        );
        assert!(report.tally.repeats > 1_000 && report.tally.emergencies > 500, "{report:?}");
    }
}

#[test]
fn a_seed_replays_exactly() {
    let size = Size { people: 10, days: 20 };
    for seed in seeds(&[1, 2]) {
        assert_eq!(run(seed, size), run(seed, size), "GYRO_SEED={seed}");
    }
    assert_ne!(run(1, size).digest, run(2, size).digest);
}

#[test]
fn small_worlds_keep_every_rule() {
    for seed in seeds(&[11, 12, 13]) {
        run(seed, SMALL);
    }
}

#[test]
fn every_planted_bug_is_caught_by_the_rule_that_it_breaks() {
    for (bug, rule) in Bug::ALL {
        let found = (1..=6).find_map(|seed| Year::run(seed, SMALL, Some(bug)).err());
        let violation = found.unwrap_or_else(|| panic!("nobody notices {bug:?}"));
        assert_eq!(violation.rule, rule, "{bug:?} is noticed by another rule: {violation}");
    }
}
