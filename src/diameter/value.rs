//! The value of an AVP as a dictionary types it, for people to read: printing, not charging.

use super::avp::Avp;
use super::data::{self, Address, DataError, DiameterIdentity, DiameterUri, IpFilterRule};
use super::dictionary::{AvpDefinition, DataType};
use crate::time::Timestamp;

/// What the data of an AVP says.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value<'a> {
    /// AVPs: [`Avp::children`] has them.
    Group,
    /// Unsigned32 and Unsigned64.
    Unsigned(u64),
    /// Integer32, Integer64 and Enumerated.
    Signed(i64),
    /// Float32.
    Float32(f32),
    /// Float64.
    Float64(f64),
    /// UTF8String, DiameterIdentity, DiameterURI and IPFilterRule.
    Text(&'a str),
    /// Address.
    Address(Address<'a>),
    /// Time.
    Time(Timestamp),
    /// OctetString, and what the dictionary does not know.
    Octets(&'a [u8]),
    /// Data that does not follow its format.
    Wrong(DataError, &'a [u8]),
}

impl<'a> Value<'a> {
    /// The value of `avp` by its definition, or octets without one.
    pub fn read(avp: &Avp<'a>, definition: Option<&AvpDefinition>) -> Self {
        let octets = avp.data();
        let data_type = definition.map_or(DataType::Unknown, |definition| definition.data_type);
        let value = match data_type {
            DataType::Grouped if avp.is_group() => Ok(Self::Group),
            DataType::Unsigned32 => data::u32(octets).map(|value| Self::Unsigned(value.into())),
            DataType::Unsigned64 => data::u64(octets).map(Self::Unsigned),
            DataType::Integer32 | DataType::Enumerated => {
                data::i32(octets).map(|value| Self::Signed(value.into()))
            }
            DataType::Integer64 => data::i64(octets).map(Self::Signed),
            DataType::Float32 => data::u32(octets).map(|bits| Self::Float32(f32::from_bits(bits))),
            DataType::Float64 => data::u64(octets).map(|bits| Self::Float64(f64::from_bits(bits))),
            DataType::Time => data::time(octets).map(Self::Time),
            DataType::Address => Address::parse(octets).map(Self::Address),
            DataType::Utf8String => data::utf8(octets).map(Self::Text),
            DataType::DiameterIdentity => {
                DiameterIdentity::parse(octets).map(|identity| Self::Text(identity.as_str()))
            }
            DataType::DiameterUri => {
                DiameterUri::parse(octets).and_then(|_| data::utf8(octets)).map(Self::Text)
            }
            DataType::IpFilterRule => IpFilterRule::parse(octets).map(|rule| Self::Text(rule.as_str())),
            DataType::Grouped | DataType::OctetString | DataType::Unknown => Ok(Self::Octets(octets)),
        };
        value.unwrap_or_else(|error| Self::Wrong(error, octets))
    }

    /// The name that the dictionary gives this value.
    pub fn name(self, definition: Option<&AvpDefinition>) -> Option<&str> {
        let number = match self {
            Self::Signed(number) => number,
            Self::Unsigned(number) => i64::try_from(number).ok()?,
            _ => return None,
        };
        definition?.enumerator(number)
    }
}
