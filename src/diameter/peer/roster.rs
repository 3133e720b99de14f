//! The peers that an operator has named, and what holds for all others.

use core::net::IpAddr;
use core::str::FromStr;
use std::collections::BTreeMap;

use crate::diameter::base::error_answer::Refusal;
use crate::diameter::base::local::Identity;
use crate::diameter::result_code::ResultCode;

/// A range of addresses: those that share the first `bits` bits with `address`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// `None` when the family has fewer than `bits` bits.
    pub const fn new(address: IpAddr, bits: u8) -> Option<Self> {
        let most = match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        if bits <= most { Some(Self { address, bits }) } else { None }
    }

    /// Whether it contains an address; an IPv4 address within IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let host_bits = 32_u32.saturating_sub(u32::from(self.bits));
                (ours.to_bits() ^ theirs.to_bits()).checked_shr(host_bits).unwrap_or_default() == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let host_bits = 128_u32.saturating_sub(u32::from(self.bits));
                (ours.to_bits() ^ theirs.to_bits()).checked_shr(host_bits).unwrap_or_default() == 0
            }
            _ => false,
        }
    }
}

/// Text that is no [`Network`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not an address, or an address and a number of bits like 10.10.0.0/24")]
pub struct NetworkError;

/// `ADDRESS/BITS`, or an address alone.
impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(ip, bits)| (ip, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let bits = match (bits, address) {
            (Some(bits), _) => bits.parse().map_err(|_| NetworkError)?,
            (None, IpAddr::V4(_)) => 32,
            (None, IpAddr::V6(_)) => 128,
        };
        Self::new(address, bits).ok_or(NetworkError)
    }
}

/// What becomes of a peer that is not named.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum UnknownPeers {
    /// It is served.
    Accept,
    /// It is refused with 3010.
    Reject,
    /// It is served when it connects from this machine.
    #[default]
    AcceptLoopback,
}

/// A peer that an operator has named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedPeer {
    /// Its Origin-Host.
    pub host: Identity,
    /// Where it may connect from, besides being who it says it is; empty: from anywhere.
    pub from: Vec<Network>,
    /// Whether it may have several connections at once.
    pub multi_connection: bool,
}

/// Who may connect.
#[derive(Clone, Default, Debug)]
pub struct Roster {
    named: BTreeMap<Identity, NamedPeer>,
    unknown: UnknownPeers,
}

/// What a peer may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Whether an operator has named it.
    pub named: bool,
    /// Whether it may have several connections at once.
    pub multi_connection: bool,
}

impl Roster {
    /// From the peers that are named (the last of two with the same identity counts) and the rule for others.
    pub fn new(named: impl IntoIterator<Item = NamedPeer>, unknown: UnknownPeers) -> Self {
        let named = named.into_iter().map(|peer| (peer.host.clone(), peer)).collect();
        Self { named, unknown }
    }

    /// Whether an operator has named a peer.
    pub fn is_named(&self, host: &Identity) -> bool {
        self.named.contains_key(host)
    }

    /// What a peer that connects from `remote` may do, or 3010.
    pub fn admit(&self, host: &Identity, remote: IpAddr) -> Result<Standing, Refusal> {
        if let Some(peer) = self.named.get(host) {
            if peer.from.is_empty() || peer.from.iter().any(|network| network.contains(remote)) {
                return Ok(Standing { named: true, multi_connection: peer.multi_connection });
            }
            return Err(unknown("this peer may not connect from this address"));
        }
        let accepted = match self.unknown {
            UnknownPeers::Accept => true,
            UnknownPeers::Reject => false,
            UnknownPeers::AcceptLoopback => remote.to_canonical().is_loopback(),
        };
        if accepted {
            Ok(Standing { named: false, multi_connection: true })
        } else {
            Err(unknown("this peer is not in the list of peers"))
        }
    }
}

const fn unknown(message: &'static str) -> Refusal {
    Refusal::new(ResultCode::UNKNOWN_PEER, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn network(text: &str, bits: u8) -> Network {
        Network::new(ip(text), bits).unwrap()
    }

    #[test]
    fn a_network_contains_what_shares_its_first_bits() {
        let ten = network("10.10.0.0", 24);
        assert!(ten.contains(ip("10.10.0.255")));
        assert!(ten.contains(ip("::ffff:10.10.0.1")));
        assert!(!ten.contains(ip("10.10.1.0")));
        assert!(!ten.contains(ip("::1")));
        assert!(network("0.0.0.0", 0).contains(ip("203.0.113.9")));
        assert!(network("10.0.0.1", 32).contains(ip("10.0.0.1")));
        assert!(!network("10.0.0.1", 32).contains(ip("10.0.0.0")));
        assert!(network("2001:db8::", 32).contains(ip("2001:db8:ffff::1")));
        assert!(!network("2001:db8::", 32).contains(ip("2001:db9::1")));
        assert_eq!(Network::new(ip("10.0.0.0"), 33), None);
        assert_eq!(Network::new(ip("::"), 129), None);
    }

    #[test]
    fn a_network_is_an_address_with_or_without_bits() {
        assert_eq!("10.10.0.0/24".parse(), Ok(network("10.10.0.0", 24)));
        assert_eq!("10.10.0.1".parse(), Ok(network("10.10.0.1", 32)));
        assert_eq!("2001:db8::/32".parse(), Ok(network("2001:db8::", 32)));
        assert_eq!("::1".parse(), Ok(network("::1", 128)));
        for wrong in ["", "10.10.0.0/33", "10.10.0/24", "10.10.0.0/", "10.10.0.0/24/8", "pgw.kz"] {
            assert_eq!(wrong.parse::<Network>(), Err(NetworkError), "{wrong}");
        }
    }

    #[test]
    fn a_named_peer_is_known_by_its_identity_and_where_it_may_come_from() {
        let host = Identity::new("pgw.kz").unwrap();
        let peer =
            NamedPeer { host: host.clone(), from: vec![network("10.0.0.0", 8)], multi_connection: false };
        let roster = Roster::new([peer], UnknownPeers::Accept);
        let standing = roster.admit(&Identity::new("PGW.kz").unwrap(), ip("10.1.2.3")).unwrap();
        assert_eq!(standing, Standing { named: true, multi_connection: false });
        let refusal = roster.admit(&host, ip("192.0.2.1")).unwrap_err();
        assert_eq!(refusal.result_code, ResultCode::UNKNOWN_PEER);
    }

    #[test]
    fn a_peer_that_is_not_named_is_taken_as_the_rule_says() {
        let stranger = Identity::new("stranger.kz").unwrap();
        let admits =
            |rule, from| Roster::new([], rule).admit(&stranger, ip(from)).map(|peer| peer.multi_connection);
        assert_eq!(admits(UnknownPeers::Accept, "192.0.2.1"), Ok(true));
        assert!(admits(UnknownPeers::Reject, "127.0.0.1").is_err());
        assert_eq!(admits(UnknownPeers::AcceptLoopback, "127.0.0.1"), Ok(true));
        assert_eq!(admits(UnknownPeers::AcceptLoopback, "::1"), Ok(true));
        assert!(admits(UnknownPeers::AcceptLoopback, "192.0.2.1").is_err());
    }
}
