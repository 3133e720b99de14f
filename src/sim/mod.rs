//! Gateways in a box: what `gyro demo`, the load generator and the tests speak to a server with.

pub mod gateway;
pub mod tap;

pub use gateway::{Gateway, GatewayError};
pub use tap::{Direction, Tap};
