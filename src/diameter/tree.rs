//! A message that owns its values, for tools and tests: the server itself reads views and writes buffers.

use bytes::{Bytes, BytesMut};

use super::avp::{Avp, AvpDef, AvpFlags, AvpKey};
use super::encode::{EncodeError, Encoder};
use super::header::Header;
use super::message::Message;

/// A message as a tree of values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageTree {
    /// The header; its length is told by the AVPs.
    pub header: Header,
    /// The AVPs in the order of the wire.
    pub avps: Vec<AvpTree>,
}

/// An AVP that owns its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AvpTree {
    /// What it means.
    pub key: AvpKey,
    /// Its flags; a Vendor-Id is written if, and only if, V is set.
    pub flags: AvpFlags,
    /// Its data.
    pub value: TreeValue,
}

/// The data of an [`AvpTree`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TreeValue {
    /// Octets without padding.
    Octets(Bytes),
    /// AVPs.
    Group(Vec<AvpTree>),
}

impl MessageTree {
    /// Writes the message at the end of `out` and gives its length in octets.
    pub fn encode(&self, out: &mut BytesMut) -> Result<usize, EncodeError> {
        let mut message = Encoder::start(out, self.header);
        self.avps.iter().for_each(|avp| avp.encode(&mut message));
        message.finish()
    }
}

impl AvpTree {
    /// An AVP with octets.
    pub fn octets(def: AvpDef, value: impl Into<Bytes>) -> Self {
        Self { key: def.key, flags: def.flags, value: TreeValue::Octets(value.into()) }
    }

    /// An AVP with AVPs.
    pub const fn group(def: AvpDef, avps: Vec<Self>) -> Self {
        Self { key: def.key, flags: def.flags, value: TreeValue::Group(avps) }
    }

    fn encode(&self, out: &mut Encoder<'_>) {
        match &self.value {
            TreeValue::Octets(data) => out.any(self.key, self.flags, data),
            TreeValue::Group(avps) => {
                out.group(self.key, self.flags, |out| avps.iter().for_each(|avp| avp.encode(out)))
            }
        };
    }
}

impl From<&Message> for MessageTree {
    fn from(message: &Message) -> Self {
        Self { header: message.header(), avps: message.avps().map(|avp| AvpTree::from(&avp)).collect() }
    }
}

impl From<&Avp<'_>> for AvpTree {
    fn from(avp: &Avp<'_>) -> Self {
        let value = if avp.is_group() {
            TreeValue::Group(avp.children().map(|child| Self::from(&child)).collect())
        } else {
            TreeValue::Octets(Bytes::copy_from_slice(avp.data()))
        };
        Self { key: avp.key(), flags: avp.flags(), value }
    }
}

/// Octets from hexadecimal digits; spaces do not count.
#[cfg(test)]
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|digit| !digit.is_whitespace()).collect();
    let octet = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap();
    digits.chunks(2).map(octet).collect()
}
