//! Tests of the decision: a small world of one account keeps what decisions commit, and its books are
//! audited after every step.

mod abroad;
mod bonus;
mod change_property;
mod changes;
mod content;
mod enquiries;
mod events;
mod fees;
mod final_units;
mod grants;
mod limited;
mod lost_money;
mod money;
mod pools;
mod property;
mod rationals;
mod records;
mod refunds;
mod sessions;
mod slices;
mod suspension;
mod told;
mod triggers;
pub(in crate::charging) mod world;
