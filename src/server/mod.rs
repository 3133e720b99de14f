//! Sockets and the loop: octets from gateways to the peer machines and the engine, and answers back.

mod outbox;

pub use outbox::Outbox;
