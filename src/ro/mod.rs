//! Gy/Ro: credit control in Diameter words (RFC 8506, TS 32.299), to and from charging's own words.
//!
//! [`ccr::Ccr`] is read from a parsed message by the table in [`fields`], [`convert`] makes a charging request of
//! it, and writes charging's answer as a CCA in the one shape that all known clients take ([`cca`]).
//! [`result`] alone knows which word of charging has which Result-Code, [`profile`] what clients differ in.
//!
//! [`reauth`] has the requests that the server begins: RAR and ASR.

pub mod cca;
pub mod ccr;
pub mod convert;
mod cost;
mod digest;
pub mod fields;
pub mod final_unit;
mod information;
pub mod mscc;
mod overrides;
pub mod profile;
mod reason;
pub mod reauth;
pub mod result;
pub mod service_information;
pub mod subscription;
mod trigger;
mod units;
mod wire;

pub use overrides::OverrideError;
pub use units::foreign_money;
