//! Diameter base protocol (RFC 6733, RFC 3539): octets to messages and back, and the peer machine.

pub mod dictionary;
