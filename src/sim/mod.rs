//! Gateways in a box: what `gyro demo`, `gyro sim`, the load generator and the tests speak to a server with.
//!
//! [`gateway`] is a connection. What is said over it by a look-alike of a real client comes from an
//! [`actor::Actor`] of one of the [`make`]s: it has a clock of its own that only its owner moves, says what it sends
//! next, and holds each answer to the rules of the client that it stands for.

pub mod actor;
pub mod ask;
pub mod check;
pub mod gateway;
pub mod heard;
pub mod make;
pub mod manners;
pub mod objection;
pub mod play;
pub mod quota;
pub mod tap;
pub mod words;

pub use gateway::{Gateway, GatewayError};
pub use tap::{Direction, Tap};
