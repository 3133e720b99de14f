//! Accounts, rating and the decision on a request: pure, and without any knowledge of Diameter.
//!
//! It could serve another protocol tomorrow. Time is an argument; nothing here reads a clock, a file or
//! a socket.

pub mod account;
pub mod answer;
pub mod books;
pub mod calendar;
pub mod catalogue;
pub mod cdr;
pub mod contract;
pub mod decide;
pub mod emergency;
pub mod free_numbers;
pub mod ledger;
pub mod notice;
pub mod policy;
pub mod radio;
pub mod rating;
pub mod refund;
pub mod request;
pub mod session;
pub mod snapshot;
pub mod units;
pub mod voucher;
