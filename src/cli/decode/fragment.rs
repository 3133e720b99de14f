//! Fragmented IP packets put together, those of TCP and SCTP only.

use core::net::IpAddr;
use std::collections::BTreeMap;

use super::ip::{Datagram, Fragment, SCTP, TCP};

/// Packets that are put together at once; the oldest is given up for one more.
const PACKETS: usize = 64;
/// Octets of the longest IP packet.
const PACKET_OCTETS: usize = 65_535;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Key {
    from: IpAddr,
    to: IpAddr,
    protocol: u8,
    id: u32,
}

#[derive(Debug, Default)]
struct Parts {
    by_offset: BTreeMap<usize, Vec<u8>>,
    octets: usize,
    total: Option<usize>,
    age: u64,
}

impl Parts {
    fn add(&mut self, fragment: Fragment, payload: &[u8]) {
        let end = fragment.offset.saturating_add(payload.len());
        if end > PACKET_OCTETS || self.octets.saturating_add(payload.len()) > 2 * PACKET_OCTETS {
            return;
        }
        if !fragment.more {
            self.total = Some(end);
        }
        if self.by_offset.insert(fragment.offset, payload.to_vec()).is_none() {
            self.octets = self.octets.saturating_add(payload.len());
        }
    }

    /// The packet, once all of it is there.
    fn whole(&self) -> Option<Vec<u8>> {
        let total = self.total?;
        let mut packet = Vec::with_capacity(total);
        for (offset, part) in &self.by_offset {
            // a part may repeat what an earlier one had
            let known = packet.len().checked_sub(*offset)?;
            packet.extend_from_slice(part.get(known..).unwrap_or_default());
        }
        packet.truncate(total);
        (packet.len() == total).then_some(packet)
    }
}

/// The fragments that wait for others.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    packets: BTreeMap<Key, Parts>,
    clock: u64,
    given_up: usize,
}

impl Fragments {
    /// Takes a fragment, and gives the payload of its packet once it is whole.
    pub(super) fn add(&mut self, datagram: &Datagram<'_>, fragment: Fragment) -> Option<Vec<u8>> {
        if !matches!(datagram.protocol, TCP | SCTP) {
            return None;
        }
        let Datagram { from, to, protocol, .. } = *datagram;
        let key = Key { from, to, protocol, id: fragment.id };
        self.clock = self.clock.saturating_add(1);
        let parts = self.packets.entry(key).or_default();
        parts.age = self.clock;
        parts.add(fragment, datagram.payload);
        if let Some(packet) = parts.whole() {
            self.packets.remove(&key);
            return Some(packet);
        }
        if self.packets.len() > PACKETS {
            let oldest = self.packets.iter().min_by_key(|(_, parts)| parts.age).map(|(key, _)| *key);
            oldest.and_then(|key| self.packets.remove(&key));
            self.given_up = self.given_up.saturating_add(1);
        }
        None
    }

    /// How many packets never became whole.
    pub(super) fn incomplete(&self) -> usize {
        self.packets.len().saturating_add(self.given_up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(fragments: &mut Fragments, id: u32, offset: usize, more: bool, payload: &[u8]) -> Option<Vec<u8>> {
        let fragment = Fragment { id, offset, more };
        let datagram = Datagram {
            from: [10, 0, 0, 1].into(),
            to: [10, 0, 0, 2].into(),
            protocol: TCP,
            fragment: Some(fragment),
            payload,
        };
        fragments.add(&datagram, fragment)
    }

    #[test]
    fn fragments_in_any_order_and_repeated_make_the_packet() {
        let mut fragments = Fragments::default();
        assert_eq!(add(&mut fragments, 1, 16, false, b"end"), None);
        assert_eq!(add(&mut fragments, 2, 0, true, b"others!!"), None);
        assert_eq!(add(&mut fragments, 1, 0, true, b"first888"), None);
        assert_eq!(add(&mut fragments, 1, 0, true, b"first888"), None);
        assert_eq!(add(&mut fragments, 1, 8, true, b"second88"), Some(b"first888second88end".to_vec()));
        assert_eq!(fragments.incomplete(), 1);
    }

    #[test]
    fn packets_that_never_become_whole_take_bounded_memory() {
        let mut fragments = Fragments::default();
        for id in 0..10_000 {
            assert_eq!(add(&mut fragments, id, 8, true, &[0; 1_000]), None);
        }
        assert_eq!(fragments.packets.len(), PACKETS);
        assert_eq!(fragments.incomplete(), 10_000);
        for offset in 0..10_000 {
            assert_eq!(add(&mut fragments, 9_999, offset * 8, true, &[0; 1_000]), None);
        }
        assert!(fragments.packets.values().all(|parts| parts.octets <= 2 * PACKET_OCTETS));
    }
}
