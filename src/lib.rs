//! gyro: an online charging server for Diameter Gy/Ro.
//!
//! Gateways (PGW, SMSC, IMS) ask over Diameter, before and while a subscriber uses anything, whether
//! there is money or volume for it. gyro reserves, grants, charges, slows down those who overuse, and
//! always lets an emergency call through.
//!
//! Two pure rings that know nothing of each other, one adapter between them, one shell around them:
//!
//! ```text
//!         pure: no clock, no socket, no file, no thread, no randomness, no async
//!   diameter/  RFC 6733, RFC 3539          charging/  accounts, rating, free numbers
//!        |   octets <-> messages, peers        |      decide(snapshot, request, catalogue, now)
//!        +------------>  ro/  <----------------+      Gy/Ro words <-> charging
//!                        |
//!                   engine/core    what is decided, committed, and may leave
//!   ---------------------------------------------------------------------------
//!   shell: server/ engine/run store/ tariff/ dictionary_xml/ admin/ cli/ telemetry/ config/ sim/
//! ```
//!
//! The table of legal imports between these modules is held by `tests/house.rs`.

#[cfg(feature = "shell")]
pub mod admin;
pub mod charging;
#[cfg(feature = "shell")]
pub mod cli;
#[cfg(feature = "shell")]
pub mod config;
pub mod diameter;
pub mod dictionary_xml;
pub mod engine;
#[cfg(feature = "shell")]
pub mod outbox;
pub mod ro;
#[cfg(feature = "shell")]
pub mod server;
#[cfg(feature = "shell")]
pub mod sim;
#[cfg(feature = "shell")]
pub mod store;
#[cfg(feature = "shell")]
pub mod tariff;
#[cfg(feature = "shell")]
pub mod telemetry;
pub mod time;
