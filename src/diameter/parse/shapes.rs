//! What the parser has to know of AVPs, and who knows it.

use crate::diameter::avp::AvpKey;
use crate::diameter::data::Address;
use crate::diameter::dictionary::{DataType, Dictionary};

/// What the data of an AVP is made of, as far as its lengths go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// AVPs.
    Group,
    /// Octets, of which a well-formed value has at least this many.
    Octets(u8),
}

/// What the parser has to know of AVPs.
pub trait Shapes {
    /// The shape of an AVP; `Octets(0)` for one that is not known.
    fn shape(&self, key: AvpKey) -> Shape;
}

impl<S: Shapes + ?Sized> Shapes for &S {
    fn shape(&self, key: AvpKey) -> Shape {
        (**self).shape(key)
    }
}

impl Shapes for Dictionary {
    fn shape(&self, key: AvpKey) -> Shape {
        self.avp_by_key(key).map_or(Shape::Octets(0), |avp| shape_of(avp.data_type))
    }
}

/// The least octets of a value that RFC 6733 §7.1.5 has filled with zeros.
fn shape_of(data_type: DataType) -> Shape {
    match data_type {
        DataType::Grouped => Shape::Group,
        DataType::Integer32
        | DataType::Unsigned32
        | DataType::Float32
        | DataType::Time
        | DataType::Enumerated => Shape::Octets(4),
        DataType::Integer64 | DataType::Unsigned64 | DataType::Float64 => Shape::Octets(8),
        DataType::Address => Shape::Octets(Address::LEAST_OCTETS),
        DataType::OctetString
        | DataType::Utf8String
        | DataType::DiameterIdentity
        | DataType::DiameterUri
        | DataType::IpFilterRule
        | DataType::Unknown => Shape::Octets(0),
    }
}

/// Knows no AVP at all: every AVP is plain octets.
#[derive(Clone, Copy, Debug)]
pub struct NoShapes;

impl Shapes for NoShapes {
    fn shape(&self, _: AvpKey) -> Shape {
        Shape::Octets(0)
    }
}

/// Knows the groups of the base protocol (RFC 6733 §4.5): Vendor-Specific-Application-Id, Failed-AVP,
/// Proxy-Info, Experimental-Result, and E2E-Sequence.
#[derive(Clone, Copy, Debug)]
pub struct BaseShapes;

impl Shapes for BaseShapes {
    fn shape(&self, key: AvpKey) -> Shape {
        match key {
            AvpKey { vendor: 0, code: 260 | 279 | 284 | 297 | 300 } => Shape::Group,
            _ => Shape::Octets(0),
        }
    }
}
