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
    /// A group that was read to its end becomes a group; of one with a fault in it the octets are kept.
    fn from(avp: &Avp<'_>) -> Self {
        let padded = |octets: usize| octets.next_multiple_of(4);
        let inside: usize = avp.children().map(|child| padded(child.octets().len())).sum();
        let value = if avp.is_group() && inside == padded(avp.data().len()) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diameter::parse::{BaseShapes, Limits, parse};

    /// A Failed-AVP quotes what was wrong; copying the message must not lose it.
    #[test]
    fn a_group_that_could_not_be_read_keeps_its_octets() {
        let octets = hex("0100003c 40000110 00000004 11223344 55667788
                          00000117 4000001c 0000019f 4000000c 00000001 0000019f 40000000
                          00000108 4000000c 6b7a2e6b");
        let message = parse(octets.clone().into(), &Limits::DEFAULT, &BaseShapes).unwrap();
        assert_eq!(message.faults(), []);
        let tree = MessageTree::from(&message);
        assert!(matches!(tree.avps[0].value, TreeValue::Octets(_)), "{tree:?}");
        let mut out = BytesMut::new();
        tree.encode(&mut out).unwrap();
        assert_eq!(*out, octets);
    }
}
