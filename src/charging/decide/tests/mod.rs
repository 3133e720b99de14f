//! Tests of the decision: a small world of one account keeps what decisions commit, and its books are
//! audited after every step.

mod events;
mod grants;
mod lost_money;
mod money;
mod property;
mod sessions;
mod suspension;
pub(in crate::charging) mod world;
