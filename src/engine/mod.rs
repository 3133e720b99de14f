//! What is decided, what is committed, and what may leave.
//!
//! [`core`] is pure: requests go in, answers and batches come out. [`run`] gives it its threads: a committer and
//! a store thread. [`control`] is what operators ask of it.

#[cfg(feature = "shell")]
pub mod control;
pub mod core;
#[cfg(feature = "shell")]
pub mod run;

#[cfg(feature = "shell")]
use std::path::PathBuf;

#[cfg(feature = "shell")]
use control::{StoreStatus, Timestamp};

#[cfg(feature = "shell")]
impl control::Serve for run::Engine {
    fn command(&mut self, tag: control::Tag, command: control::Command, now: Timestamp) {
        Self::command(self, tag, command, now);
    }

    fn query(&mut self, tag: control::Tag, query: control::Query, now: Timestamp) {
        Self::query(self, tag, query, now);
    }

    fn backup(&mut self, tag: control::Tag, to: PathBuf) {
        Self::backup(self, tag, to);
    }

    fn store_status(&self) -> &StoreStatus {
        Self::store_status(self)
    }

    fn confirm_clock(&mut self) {
        Self::confirm_clock(self);
    }

    fn poll_reply(&mut self) -> Option<(control::Tag, control::Outcome)> {
        Self::poll_reply(self)
    }
}
