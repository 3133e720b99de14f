//! What was on the wire, as a capture file: each message a TCP segment of its own, in IPv4 without a link layer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use pcap_file::DataLink;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};

use crate::server::Clock;
use crate::sim::{Direction, Tap};
use crate::time::Timestamp;

/// A message that went by.
struct Seen {
    at: Timestamp,
    from: SocketAddr,
    to: SocketAddr,
    octets: Bytes,
}

/// Messages that went by.
pub(super) struct Capture {
    clock: Clock,
    seen: Vec<Seen>,
}

impl Capture {
    pub(super) const fn new(clock: Clock) -> Self {
        Self { clock, seen: Vec::new() }
    }
}

/// A gateway's end of a capture.
pub(super) struct Share(pub(super) Arc<Mutex<Capture>>);

impl Tap for Share {
    fn message(&mut self, direction: Direction, gateway: SocketAddr, server: SocketAddr, octets: &Bytes) {
        let mut capture = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, to) = match direction {
            Direction::Sent => (gateway, server),
            Direction::Received => (server, gateway),
        };
        let at = capture.clock.now().wall;
        capture.seen.push(Seen { at, from, to, octets: octets.clone() });
    }
}

/// Writes a capture and says how many messages are in it.
pub(super) fn write(path: &Path, capture: &Arc<Mutex<Capture>>) -> io::Result<usize> {
    let capture = capture.lock().unwrap_or_else(PoisonError::into_inner);
    let header = PcapHeader { datalink: DataLink::RAW, ..PcapHeader::default() };
    let failed = |error: pcap_file::PcapError| io::Error::other(error);
    let mut writer = PcapWriter::with_header(File::create(path)?, header).map_err(failed)?;
    let mut sequences: BTreeMap<(SocketAddr, SocketAddr), u32> = BTreeMap::new();
    for message in &capture.seen {
        let acknowledged = sequences.get(&(message.to, message.from)).copied().unwrap_or(1);
        let sequence = sequences.entry((message.from, message.to)).or_insert(1);
        let packet = packet(message, *sequence, acknowledged);
        *sequence = sequence.wrapping_add(u32::try_from(message.octets.len()).unwrap_or(0));
        let at = Duration::from_micros(u64::try_from(message.at.micros()).unwrap_or(0));
        let length = u32::try_from(packet.len()).unwrap_or(u32::MAX);
        let packet = PcapPacket { timestamp: at, orig_len: length, data: Cow::Owned(packet) };
        writer.write_packet(&packet).map_err(failed)?;
    }
    Ok(capture.seen.len())
}

/// The message in a TCP segment in an IPv4 packet (RFC 791, RFC 9293).
fn packet(message: &Seen, sequence: u32, acknowledged: u32) -> Vec<u8> {
    const HEADERS: usize = 40;
    let total = u16::try_from(message.octets.len() + HEADERS).unwrap_or(u16::MAX);
    let mut ip = vec![0x45, 0];
    ip.extend_from_slice(&total.to_be_bytes());
    ip.extend_from_slice(&[0, 0, 0x40, 0, 64, 6, 0, 0]);
    ip.extend_from_slice(&v4(message.from.ip()));
    ip.extend_from_slice(&v4(message.to.ip()));
    let sum = checksum(&ip);
    ip.splice(10..12, sum.to_be_bytes());
    let mut tcp = Vec::new();
    tcp.extend_from_slice(&message.from.port().to_be_bytes());
    tcp.extend_from_slice(&message.to.port().to_be_bytes());
    tcp.extend_from_slice(&sequence.to_be_bytes());
    tcp.extend_from_slice(&acknowledged.to_be_bytes());
    tcp.extend_from_slice(&[0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
    tcp.extend_from_slice(&message.octets);
    let mut pseudo = Vec::new();
    pseudo.extend_from_slice(&v4(message.from.ip()));
    pseudo.extend_from_slice(&v4(message.to.ip()));
    pseudo.extend_from_slice(&[0, 6]);
    pseudo.extend_from_slice(&u16::try_from(tcp.len()).unwrap_or(u16::MAX).to_be_bytes());
    pseudo.extend_from_slice(&tcp);
    let sum = checksum(&pseudo);
    tcp.splice(16..18, sum.to_be_bytes());
    ip.extend_from_slice(&tcp);
    ip
}

/// The demo listens on IPv4 only.
fn v4(address: IpAddr) -> [u8; 4] {
    match address {
        IpAddr::V4(address) => address.octets(),
        IpAddr::V6(_) => [0; 4],
    }
}

/// The sum of RFC 1071.
fn checksum(octets: &[u8]) -> u16 {
    let mut sum = 0u32;
    for pair in octets.chunks(2) {
        let high = pair.first().copied().unwrap_or(0);
        let low = pair.get(1).copied().unwrap_or(0);
        sum = sum.wrapping_add(u32::from(u16::from_be_bytes([high, low])));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_rfc_1071() {
        // the example of RFC 1071 §3
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
    }
}
