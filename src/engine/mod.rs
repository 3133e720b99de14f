//! What is decided, what is committed, and what may leave.
//!
//! [`core`] is pure: requests go in, answers and batches come out. [`run`] gives it its threads: a committer and
//! a store thread. [`control`] is what operators ask of it.

#[cfg(feature = "shell")]
pub mod control;
pub mod core;
#[cfg(feature = "shell")]
pub mod run;
