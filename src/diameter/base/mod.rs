//! The base protocol's own messages (RFC 6733 §5, §7): how they are read and written, without any state.
//!
//! Left out: accounting (§9), the session commands that applications share (§8), redirects.

pub mod avps;
pub mod capabilities;
pub mod disconnect;
pub mod error_answer;
pub mod grammar;
pub mod local;
pub mod watchdog;
