//! What is done to an account together with its ledger, its sessions and its plan: operators' entries, reservations
//! given back, expiry, what lack of money limits, and the audit that proves the sums.

pub mod audit;
pub mod bill;
pub mod bonus;
pub mod due;
pub mod expiry;
pub mod invoicing;
mod line;
pub mod operations;
pub mod payment;
pub(in crate::charging) mod records;
pub mod renewal;
pub mod reservation;
pub mod restriction;
pub mod settlement;
