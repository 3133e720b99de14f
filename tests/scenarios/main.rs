//! Scenarios: tables in plain words (`*.txt`, a file for each rule of the contract), run against the engine with its
//! threads, its store and the protocol's octets, under a time that the tables move. `docs/scenarios.md` has the language.
//!
//! `lex` cuts a file into words, `script` reads them, `values` knows amounts and times, `answer` and `books` hold what is
//! expected to what is found, `gateway` speaks Gy, `world` is the server, `run` carries a scenario out. `bites` shows that
//! each expectation can fail and that each mistake is told with its place.
#![cfg(feature = "shell")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by a panic"
)]

mod answer;
mod bites;
mod books;
mod command;
mod every;
mod gateway;
mod lex;
mod rules;
mod run;
mod script;
mod values;
mod world;
