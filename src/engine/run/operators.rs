//! The engine as operators' asks reach it.

use std::path::PathBuf;

use super::Engine;
use crate::engine::control::{Command, Outcome, Query, Serve, StoreStatus, Tag};
use crate::time::Timestamp;

impl Serve for Engine {
    fn command(&mut self, tag: Tag, command: Command, now: Timestamp) {
        Self::command(self, tag, command, now);
    }

    fn query(&mut self, tag: Tag, query: Query, now: Timestamp) {
        Self::query(self, tag, query, now);
    }

    fn backup(&mut self, tag: Tag, to: PathBuf) {
        Self::backup(self, tag, to);
    }

    fn store_status(&self) -> &StoreStatus {
        Self::store_status(self)
    }

    fn publish(&mut self, now: Timestamp) {
        Self::publish(self, now);
    }

    fn confirm_clock(&mut self) {
        Self::confirm_clock(self);
    }

    fn poll_reply(&mut self) -> Option<(Tag, Outcome)> {
        Self::poll_reply(self)
    }
}
