//! What a gateway sent and received, for those who want to look on.

use core::net::SocketAddr;

use bytes::Bytes;

/// Which way a message went.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Direction {
    /// From the gateway to the server.
    Sent,
    /// From the server to the gateway.
    Received,
}

/// Looks on at the messages of a gateway, each whole and in order.
pub trait Tap {
    /// A message went by, between these two ends.
    fn message(&mut self, direction: Direction, gateway: SocketAddr, server: SocketAddr, octets: &Bytes);
}

/// Looks at nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTap;

impl Tap for NoTap {
    fn message(&mut self, _: Direction, _: SocketAddr, _: SocketAddr, _: &Bytes) {}
}
