//! The data formats (RFC 6733 §4.2, §4.3): the octets of one AVP's data to a value, with its checks, and back.
//!
//! Floats stay bits: nothing here calculates with them.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::result_code::ResultCode;
use crate::time::Timestamp;

/// Octets of the longest DiameterIdentity: that of a domain name (RFC 1035 §3.1).
pub const IDENTITY_OCTETS: usize = 255;

/// Seconds from 1900-01-01T00:00:00Z to 1970-01-01T00:00:00Z.
const SECONDS_1900_TO_1970: i64 = 2_208_988_800;
/// Seconds of one era of the 32-bit count since 1900; the next begins on 2036-02-07T06:28:16Z.
const ERA: i64 = 1 << 32;
/// Counts from here on belong to the first era, smaller ones to the second (RFC 5905 §6 and RFC 4330 §3, by
/// RFC 6733 §4.3.1).
const ERA_SPLIT: i64 = 1 << 31;

/// Why data is no value of its format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DataError {
    /// The number of octets does not fit the format: 5014.
    #[error("the length does not fit the format")]
    Length,
    /// The octets do not follow the rules of the format: 5004.
    #[error("the value does not follow the format")]
    Value,
}

impl DataError {
    /// The code for the answer.
    pub const fn result_code(self) -> ResultCode {
        match self {
            Self::Length => ResultCode::INVALID_AVP_LENGTH,
            Self::Value => ResultCode::INVALID_AVP_VALUE,
        }
    }
}

/// Unsigned32, and the bits of Float32.
pub fn u32(data: &[u8]) -> Result<u32, DataError> {
    Ok(u32::from_be_bytes(exactly(data)?))
}

/// Unsigned64, and the bits of Float64.
pub fn u64(data: &[u8]) -> Result<u64, DataError> {
    Ok(u64::from_be_bytes(exactly(data)?))
}

/// Integer32, and Enumerated with any value.
pub fn i32(data: &[u8]) -> Result<i32, DataError> {
    Ok(i32::from_be_bytes(exactly(data)?))
}

/// Integer64.
pub fn i64(data: &[u8]) -> Result<i64, DataError> {
    Ok(i64::from_be_bytes(exactly(data)?))
}

/// UTF8String.
pub fn utf8(data: &[u8]) -> Result<&str, DataError> {
    core::str::from_utf8(data).map_err(|_| DataError::Value)
}

/// Time: seconds since 1900 in 32 bits, read as a time from 1968-01-20T03:14:08Z to 2104-02-26T09:42:23Z.
pub fn time(data: &[u8]) -> Result<Timestamp, DataError> {
    u32(data).map(time_from_seconds)
}

/// The time that a Time AVP of this count means: counts with the top bit clear lie after
/// 2036-02-07T06:28:16Z.
pub fn time_from_seconds(count: u32) -> Timestamp {
    let count = i64::from(count);
    let since_1900 = if count < ERA_SPLIT { count.saturating_add(ERA) } else { count };
    Timestamp::from_secs(since_1900.saturating_sub(SECONDS_1900_TO_1970))
}

/// The count of a Time AVP for a time, its fraction of a second cut off; `None` outside of the span that
/// [`time`] reads.
pub fn time_to_seconds(at: Timestamp) -> Option<u32> {
    let since_1900 = at.secs().checked_add(SECONDS_1900_TO_1970)?;
    if !(ERA_SPLIT..ERA_SPLIT.saturating_add(ERA)).contains(&since_1900) {
        return None;
    }
    u32::try_from(since_1900.rem_euclid(ERA)).ok()
}

fn exactly<const N: usize>(data: &[u8]) -> Result<[u8; N], DataError> {
    data.try_into().map_err(|_| DataError::Length)
}

/// Address: a family of IANA's list and a value (RFC 6733 §4.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Address<'a> {
    /// Family 1.
    V4(Ipv4Addr),
    /// Family 2.
    V6(Ipv6Addr),
    /// Family 8: a telephone number in digits, as SMSC-Address holds it (TS 32.299 §7.2).
    E164(&'a str),
    /// Any other family, as it came.
    Other {
        /// The number of the family.
        family: u16,
        /// The octets behind it.
        octets: &'a [u8],
    },
}

impl<'a> Address<'a> {
    const FAMILY_IPV4: u16 = 1;
    const FAMILY_IPV6: u16 = 2;
    const FAMILY_E164: u16 = 8;

    /// Octets of the shortest well-formed Address with a family that is known: that of IPv4.
    pub const LEAST_OCTETS: u8 = 6;

    /// From the data of an AVP: a size that does not fit the family is [`DataError::Length`], an E.164 address
    /// that is no number is [`DataError::Value`].
    pub fn parse(data: &'a [u8]) -> Result<Self, DataError> {
        let (family, octets) = data.split_first_chunk().ok_or(DataError::Length)?;
        match u16::from_be_bytes(*family) {
            Self::FAMILY_IPV4 => Ok(Self::V4(Ipv4Addr::from(exactly::<4>(octets)?))),
            Self::FAMILY_IPV6 => Ok(Self::V6(Ipv6Addr::from(exactly::<16>(octets)?))),
            Self::FAMILY_E164 => e164(octets).map(Self::E164),
            family => Ok(Self::Other { family, octets }),
        }
    }

    /// The address of a host, if it is one.
    pub const fn ip(self) -> Option<IpAddr> {
        match self {
            Self::V4(ip) => Some(IpAddr::V4(ip)),
            Self::V6(ip) => Some(IpAddr::V6(ip)),
            Self::E164(_) | Self::Other { .. } => None,
        }
    }

    /// The number of the family.
    pub const fn family(self) -> u16 {
        match self {
            Self::V4(_) => Self::FAMILY_IPV4,
            Self::V6(_) => Self::FAMILY_IPV6,
            Self::E164(_) => Self::FAMILY_E164,
            Self::Other { family, .. } => family,
        }
    }

    /// Hands the octets behind the family to `f`.
    pub(super) fn with_octets<T>(&self, f: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Self::V4(ip) => f(&ip.octets()),
            Self::V6(ip) => f(&ip.octets()),
            Self::E164(digits) => f(digits.as_bytes()),
            Self::Other { octets, .. } => f(octets),
        }
    }
}

impl From<IpAddr> for Address<'_> {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::V4(ip),
            IpAddr::V6(ip) => Self::V6(ip),
        }
    }
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(ip) => fmt::Display::fmt(ip, f),
            Self::V6(ip) => fmt::Display::fmt(ip, f),
            Self::E164(digits) => f.write_str(digits),
            Self::Other { family, octets } => {
                write!(f, "family {family} ")?;
                octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
        }
    }
}

/// Digits, with or without a leading plus.
fn e164(octets: &[u8]) -> Result<&str, DataError> {
    let number = octets.strip_prefix(b"+").unwrap_or(octets);
    if number.is_empty() || !number.iter().all(u8::is_ascii_digit) {
        return Err(DataError::Value);
    }
    utf8(octets)
}

/// DiameterIdentity: the name of a host or a realm, compared without regard to case (RFC 6733 §4.3.1).
#[derive(Clone, Copy, Debug)]
pub struct DiameterIdentity<'a>(&'a str);

impl<'a> DiameterIdentity<'a> {
    /// From the data of an AVP: labels of letters, digits, hyphens and underscores between single dots, at most
    /// [`IDENTITY_OCTETS`].
    pub fn parse(data: &'a [u8]) -> Result<Self, DataError> {
        let label = |label: &[u8]| {
            !label.is_empty()
                && label.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'))
        };
        if data.len() > IDENTITY_OCTETS || !data.split(|octet| *octet == b'.').all(label) {
            return Err(DataError::Value);
        }
        utf8(data).map(Self)
    }

    /// As it was written.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

impl PartialEq for DiameterIdentity<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for DiameterIdentity<'_> {}

impl PartialEq<str> for DiameterIdentity<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl fmt::Display for DiameterIdentity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// DiameterURI: `aaa://host:port;transport=…;protocol=…` (RFC 6733 §4.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DiameterUri<'a> {
    /// `aaas`: with transport security.
    pub secure: bool,
    /// The host.
    pub host: DiameterIdentity<'a>,
    /// The port; 3868, or 5868 with security, when none is written.
    pub port: u16,
    /// The transport; TCP when none is written.
    pub transport: Transport,
    /// The protocol; Diameter when none is written.
    pub protocol: AaaProtocol,
}

/// The transport of a [`DiameterUri`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// `tcp`
    Tcp,
    /// `sctp`
    Sctp,
    /// `udp`, for RADIUS and TACACS+ alone.
    Udp,
}

/// The protocol of a [`DiameterUri`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AaaProtocol {
    /// `diameter`
    Diameter,
    /// `radius`
    Radius,
    /// `tacacs+`
    TacacsPlus,
}

impl<'a> DiameterUri<'a> {
    /// From the data of an AVP.
    pub fn parse(data: &'a [u8]) -> Result<Self, DataError> {
        let text = utf8(data)?;
        let (scheme, rest) = text.split_once("://").ok_or(DataError::Value)?;
        let secure = match scheme {
            "aaa" => false,
            "aaas" => true,
            _ => return Err(DataError::Value),
        };
        let mut parts = rest.split(';');
        let place = parts.next().unwrap_or_default();
        let (host, port) = match place.split_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| DataError::Value)?),
            None => (place, if secure { 5_868 } else { 3_868 }),
        };
        let mut uri = Self {
            secure,
            host: DiameterIdentity::parse(host.as_bytes())?,
            port,
            transport: Transport::Tcp,
            protocol: AaaProtocol::Diameter,
        };
        for part in parts {
            match part.split_once('=') {
                Some(("transport", "tcp")) => uri.transport = Transport::Tcp,
                Some(("transport", "sctp")) => uri.transport = Transport::Sctp,
                Some(("transport", "udp")) => uri.transport = Transport::Udp,
                Some(("protocol", "diameter")) => uri.protocol = AaaProtocol::Diameter,
                Some(("protocol", "radius")) => uri.protocol = AaaProtocol::Radius,
                Some(("protocol", "tacacs+")) => uri.protocol = AaaProtocol::TacacsPlus,
                _ => return Err(DataError::Value),
            }
        }
        if uri.transport == Transport::Udp && uri.protocol == AaaProtocol::Diameter {
            return Err(DataError::Value);
        }
        Ok(uri)
    }
}

/// IPFilterRule: text that follows the grammar of RFC 6733 §4.3.1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IpFilterRule<'a>(&'a str);

impl<'a> IpFilterRule<'a> {
    /// From the data of an AVP: `permit|deny in|out PROTO from ADDRESS [PORTS] to ADDRESS [PORTS] [OPTIONS]`.
    /// Of the options only the first word is checked.
    pub fn parse(data: &'a [u8]) -> Result<Self, DataError> {
        let text = utf8(data)?;
        if !text.is_ascii() {
            return Err(DataError::Value);
        }
        let mut words = text.split_ascii_whitespace().peekable();
        let right = matches!(words.next(), Some("permit" | "deny"))
            && matches!(words.next(), Some("in" | "out"))
            && words.next().is_some_and(|word| word == "ip" || word.parse::<u8>().is_ok())
            && words.next() == Some("from")
            && filter_end(&mut words)
            && words.next() == Some("to")
            && filter_end(&mut words)
            && words.next().is_none_or(is_filter_option);
        if right { Ok(Self(text)) } else { Err(DataError::Value) }
    }

    /// The rule as it was written.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

impl fmt::Display for IpFilterRule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// One address with the ports behind it.
fn filter_end<'a>(words: &mut core::iter::Peekable<impl Iterator<Item = &'a str>>) -> bool {
    let Some(mut word) = words.next() else { return false };
    if word == "!" {
        let Some(next) = words.next() else { return false };
        word = next;
    }
    let word = word.strip_prefix('!').unwrap_or(word);
    let (host, bits) = word.split_once('/').map_or((word, None), |(host, bits)| (host, Some(bits)));
    let right = match (host, host.parse::<IpAddr>(), bits.map(str::parse::<u8>)) {
        ("any" | "assigned", _, None) | (_, Ok(_), None) => true,
        (_, Ok(IpAddr::V4(_)), Some(Ok(bits))) => bits <= 32,
        (_, Ok(IpAddr::V6(_)), Some(Ok(bits))) => bits <= 128,
        _ => false,
    };
    if let Some(ports) = words.peek().filter(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
        let port = |text: &str| text.parse::<u16>().is_ok();
        let right_ports = ports.split(',').all(|part| match part.split_once('-') {
            Some((from, to)) => port(from) && port(to),
            None => port(part),
        });
        words.next();
        return right && right_ports;
    }
    right
}

fn is_filter_option(word: &str) -> bool {
    matches!(word, "frag" | "ipoptions" | "tcpoptions" | "established" | "setup" | "tcpflags" | "icmptypes")
}

#[cfg(test)]
mod tests;
