//! From a demand to clients that are asked: the sessions it is about ([`walk`]), when each client is asked
//! ([`schedule`]), and what the core does with the answers ([`drive`]).

mod drive;
mod schedule;
#[cfg(test)]
mod tests;
mod walk;

pub(super) use schedule::Schedule;
pub(super) use walk::Walks;
