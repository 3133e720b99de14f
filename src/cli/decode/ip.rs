//! IPv4 and IPv6: addresses, protocol, payload, and which part of a fragmented packet it is.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) const TCP: u8 = 6;
pub(super) const SCTP: u8 = 132;

/// One IP packet without its headers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Datagram<'a> {
    pub(super) from: IpAddr,
    pub(super) to: IpAddr,
    pub(super) protocol: u8,
    pub(super) fragment: Option<Fragment>,
    pub(super) payload: &'a [u8],
}

/// Which part of a packet this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fragment {
    pub(super) id: u32,
    /// Octets from the start of the payload.
    pub(super) offset: usize,
    pub(super) more: bool,
}

impl<'a> Datagram<'a> {
    /// Reads a packet; `None` for what is no IP packet.
    pub(super) fn read(octets: &'a [u8]) -> Option<Self> {
        match octets.first()? >> 4 {
            4 => Self::v4(octets),
            6 => Self::v6(octets),
            _ => None,
        }
    }

    fn v4(octets: &'a [u8]) -> Option<Self> {
        let &[first, _, l0, l1, i0, i1, f0, f1, _, protocol, _, _] = octets.first_chunk()?;
        let header = usize::from(first & 0x0f).checked_mul(4).filter(|header| *header >= 20)?;
        let total = usize::from(u16::from_be_bytes([l0, l1]));
        // 0: the length was left to the network card
        let end = if total == 0 { octets.len() } else { total.min(octets.len()) };
        let from = Ipv4Addr::from(*octets.get(12..)?.first_chunk()?);
        let to = Ipv4Addr::from(*octets.get(16..)?.first_chunk()?);
        let bits = u16::from_be_bytes([f0, f1]);
        let offset = usize::from(bits & 0x1fff).saturating_mul(8);
        let more = bits & 0x2000 != 0;
        let id = u32::from(u16::from_be_bytes([i0, i1]));
        let fragment = (more || offset > 0).then_some(Fragment { id, offset, more });
        let payload = octets.get(header..end)?;
        Some(Self { from: from.into(), to: to.into(), protocol, fragment, payload })
    }

    fn v6(octets: &'a [u8]) -> Option<Self> {
        let &[_, _, _, _, l0, l1, mut protocol, _] = octets.first_chunk()?;
        let from = Ipv6Addr::from(*octets.get(8..)?.first_chunk()?);
        let to = Ipv6Addr::from(*octets.get(24..)?.first_chunk()?);
        let payload = octets.get(40..)?;
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        let mut rest = if length == 0 { payload } else { payload.get(..length).unwrap_or(payload) };
        let mut fragment = None;
        loop {
            let next = match protocol {
                // hop-by-hop options, routing, destination options, mobility
                0 | 43 | 60 | 135 => usize::from(*rest.get(1)?).saturating_add(1).saturating_mul(8),
                // authentication
                51 => usize::from(*rest.get(1)?).saturating_add(2).saturating_mul(4),
                44 => {
                    let &[_, _, o0, o1, i0, i1, i2, i3] = rest.first_chunk()?;
                    let bits = u16::from_be_bytes([o0, o1]);
                    let (offset, more) = (usize::from(bits & 0xfff8), bits & 1 != 0);
                    let id = u32::from_be_bytes([i0, i1, i2, i3]);
                    fragment = (more || offset > 0).then_some(Fragment { id, offset, more });
                    8
                }
                _ => break,
            };
            protocol = *rest.first()?;
            rest = rest.get(next..)?;
            if fragment.is_some_and(|fragment| fragment.offset > 0) {
                break;
            }
        }
        Some(Self { from: from.into(), to: to.into(), protocol, fragment, payload: rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diameter::tree::hex;

    #[test]
    fn an_ipv4_packet_ends_where_it_says_and_not_with_its_frame() {
        let packet = hex("46000020 00010000 4084 0000 0a000001 0a000002 01010101 aabbccdd eeff0011 00000000");
        let datagram = Datagram::read(&packet).unwrap();
        assert_eq!(datagram.from.to_string(), "10.0.0.1");
        assert_eq!(datagram.to.to_string(), "10.0.0.2");
        assert_eq!(datagram.protocol, SCTP);
        assert_eq!(datagram.payload, hex("aabbccdd eeff0011"));
        assert_eq!(datagram.fragment, None);
    }

    #[test]
    fn extension_headers_are_passed_over() {
        let addresses = "20010db8000000000000000000000001 20010db8000000000000000000000002";
        let packet = hex(&format!(
            "60000000 0018 00 40 {addresses} 3c00000000000000 0600000000000000 1122334455667788"
        ));
        let datagram = Datagram::read(&packet).unwrap();
        assert_eq!((datagram.protocol, datagram.payload), (TCP, &hex("1122334455667788")[..]));
        let packet = hex(&format!("60000000 0010 2c 40 {addresses} 0600 0019 0000002a 1122334455667788"));
        let datagram = Datagram::read(&packet).unwrap();
        assert_eq!(datagram.fragment, Some(Fragment { id: 42, offset: 24, more: true }));
    }

    #[test]
    fn short_packets_are_passed_over() {
        let packet = hex("45000020 00012001 4006 0000 0a000001 0a000002 aabbccdd eeff0011 00000000");
        assert_eq!(
            Datagram::read(&packet).unwrap().fragment,
            Some(Fragment { id: 1, offset: 8, more: true })
        );
        for end in 0..20 {
            assert_eq!(Datagram::read(&packet[..end]), None);
        }
        assert_eq!(
            Datagram::read(&hex("44000014 00000000 40060000 0a000001 0a000002")),
            None,
            "header of 16"
        );
    }
}
