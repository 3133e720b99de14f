//! Diameter base protocol (RFC 6733, RFC 3539): octets to messages and back, and the peer machine.
//!
//! The way in: [`frame`] cuts a stream into messages, [`parse`] proves every length in one of them and
//! gives a [`message::Message`], whose AVPs are read in place with the formats of [`data`]. The way out:
//! [`encode`] writes into a buffer of the caller. What is wrong with a message is a list of
//! [`error::Fault`]s that hold the Result-Code and the Failed-AVP of the answer.
//!
//! Left out: SCTP, DTLS and accounting (RFC 6733 §9).

pub mod avp;
pub mod base;
pub mod data;
pub mod dictionary;
pub mod encode;
pub mod error;
pub mod frame;
pub mod header;
mod index;
pub mod key;
pub mod message;
pub mod parse;
pub mod peer;
pub mod result_code;
pub mod text;
pub mod tree;
pub mod value;
