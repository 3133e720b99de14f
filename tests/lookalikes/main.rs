//! Look-alikes of real clients: each goes through attach, use, exhaustion, top-up, loss and re-send, content with every
//! answer, and the money is exact at each step.
//!
//! `world` is a server in one thread without sockets; `gate` drives one gateway and checks; a module for each make
//! tells its day. `words` holds what they send to the golden requests of `tests/clients`, `objections` shows that they do
//! object, `sockets` runs each against the real server.
#![cfg(feature = "shell")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by a panic"
)]

mod bare;
mod cisco;
mod disk;
mod ergw;
mod every;
mod gate;
mod huawei;
mod kamailio;
mod limits;
mod magma;
mod nokia;
mod objections;
mod open5gs;
mod pgw;
mod probe;
mod siphon;
mod smsc;
mod sockets;
mod tas;
mod words;
mod world;
