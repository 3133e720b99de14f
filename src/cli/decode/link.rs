//! Link layers: what stands in front of the IP packet.

use super::trouble::Trouble;

/// Link types of capture files (tcpdump's list).
const NULL: u32 = 0;
const ETHERNET: u32 = 1;
const RAW_OLD: [u32; 2] = [12, 14];
const RAW: u32 = 101;
const LOOP: u32 = 108;
const LINUX_SLL: u32 = 113;
const IPV4: u32 = 228;
const IPV6: u32 = 229;
const LINUX_SLL2: u32 = 276;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const ETHERTYPES_VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];

/// The IP packet in a packet of a capture; `None` if there is none.
pub(super) fn ip_packet(link: u32, octets: &[u8]) -> Result<Option<&[u8]>, Trouble> {
    let found = match link {
        ETHERNET => octets.get(12..).and_then(behind_ethertype),
        LINUX_SLL => octets.get(14..).and_then(behind_ethertype),
        LINUX_SLL2 => linux_sll2(octets),
        NULL | LOOP => octets.get(4..),
        RAW | IPV4 | IPV6 => Some(octets),
        _ if RAW_OLD.contains(&link) => Some(octets),
        _ => return Err(Trouble::LinkType(link)),
    };
    Ok(found)
}

/// What stands behind an EtherType and the VLAN tags behind it.
fn behind_ethertype(octets: &[u8]) -> Option<&[u8]> {
    let mut rest = octets;
    loop {
        let (ethertype, behind) = rest.split_first_chunk()?;
        match u16::from_be_bytes(*ethertype) {
            ETHERTYPE_IPV4 | ETHERTYPE_IPV6 => return Some(behind),
            tag if ETHERTYPES_VLAN.contains(&tag) => rest = behind.get(2..)?,
            _ => return None,
        }
    }
}

/// The protocol stands first, the packet behind 20 octets.
fn linux_sll2(octets: &[u8]) -> Option<&[u8]> {
    let (protocol, _) = octets.split_first_chunk()?;
    let packet = octets.get(20..)?;
    match u16::from_be_bytes(*protocol) {
        ETHERTYPE_IPV4 | ETHERTYPE_IPV6 => Some(packet),
        tag if ETHERTYPES_VLAN.contains(&tag) => behind_ethertype(packet.get(2..)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IP: &[u8] = &[0x45, 1, 2, 3];

    #[test]
    fn the_ip_packet_is_found_behind_each_link_layer() {
        let mac = [0_u8; 12];
        let cases: [(u32, Vec<u8>); 9] = [
            (ETHERNET, [&mac[..], &[8, 0], IP].concat()),
            (ETHERNET, [&mac[..], &[0x81, 0, 0, 7, 8, 0], IP].concat()),
            (ETHERNET, [&mac[..], &[0x88, 0xa8, 0, 7, 0x81, 0, 0, 9, 0x86, 0xdd], IP].concat()),
            (LINUX_SLL, [&[0; 14][..], &[8, 0], IP].concat()),
            (LINUX_SLL2, [&[8, 0][..], &[0; 18], IP].concat()),
            (LINUX_SLL2, [&[0x81, 0][..], &[0; 18], &[0, 7, 8, 0], IP].concat()),
            (NULL, [&[2, 0, 0, 0], IP].concat()),
            (LOOP, [&[0, 0, 0, 2], IP].concat()),
            (RAW, IP.to_vec()),
        ];
        for (link, octets) in cases {
            assert_eq!(ip_packet(link, &octets), Ok(Some(IP)), "{link} {octets:02x?}");
        }
    }

    #[test]
    fn what_is_no_ip_or_too_short_is_passed_over() {
        assert_eq!(ip_packet(ETHERNET, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 6, 1]), Ok(None), "ARP");
        for link in [ETHERNET, LINUX_SLL, LINUX_SLL2, NULL] {
            assert_eq!(ip_packet(link, &[8]), Ok(None), "{link}");
        }
        assert_eq!(ip_packet(ETHERNET, &[&[0; 12][..], &[0x81, 0]].concat()), Ok(None));
        assert_eq!(ip_packet(147, IP), Err(Trouble::LinkType(147)));
    }
}
