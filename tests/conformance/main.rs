//! The standards, section by section: one module for each section that says what a node must do.
//!
//! A test is named by the row or the sentence it stands for. Nothing here has a clock or a socket: `node` drives
//! machines by hand, `net` connects two nodes back to back, both under a time that the test moves. `faults` is the
//! table of all that can be wrong with a message; it alone is run against a whole server too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test that cannot go on says so by a panic"
)]

#[cfg(feature = "shell")]
mod counter;
mod faults;
mod net;
mod node;
mod ops;
mod rfc3539;
mod rfc6733;
mod rfc8506;
#[cfg(feature = "shell")]
mod ts32299;
mod wire;
