//! Rating: which rate a use has, what units cost, how a price is rounded (`ACC-3`, `RES-3`).

pub mod lookup;
pub mod price;
pub mod rounding;
