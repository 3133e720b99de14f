//! Tests of the core: driven by a disk in memory whose power can be cut, without a thread or a clock.

mod billing;
mod commit;
mod contracts;
mod disk;
mod emergency;
mod import;
mod lifecycle;
mod model;
mod money;
mod operators;
mod overload;
mod prices;
mod reauth;
mod refunds;
mod restart;
mod sweep;
mod tariffs;
mod vouchers;
mod world;
