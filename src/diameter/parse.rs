//! Octets to messages (RFC 6733 §3, §4): every length is proven once, here, for all known groups.
//!
//! Parsing goes on behind a fault as far as the lengths allow, and lists the faults with the Result-Code and the
//! Failed-AVP that RFC 6733 §7.1.5 asks for. It takes time in proportion to the octets (an octet belongs to the
//! header of one AVP only), one allocation for a message without faults, and never one of a size that
//! only a length field claims.

use bytes::Bytes;
use nom::bytes::complete::take;
use nom::combinator::cond;
use nom::number::complete::{be_u8, be_u24, be_u32};
use nom::{IResult, Parser};

use super::avp::{AvpFlags, AvpKey};
use super::error::{Fault, Scope, copied, example};
use super::frame::{self, FrameError, FrameFault};
use super::header::Header;
use super::index::{Entry, Index, TOP, chain};
use super::message::{Message, Place};
use super::result_code::ResultCode;

mod shapes;

pub use self::shapes::{BaseShapes, NoShapes, Shape, Shapes};

/// Octets of a message by default.
pub const MESSAGE_OCTETS: usize = 64 * 1_024;
/// AVPs of a message by default, those of groups counted too.
pub const AVPS: usize = 512;
/// Levels of AVPs by default: the message's own AVPs are the first level (TS 32.299 nests up to six).
pub const DEPTH: u8 = 16;
/// Faults that are kept of one message, besides the one that ends the reading of it.
pub const FAULTS: usize = 16;

/// How much a message may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Octets of a whole message; more is 5015.
    pub message_octets: usize,
    /// AVPs of a message, those of groups counted too; more is 5009.
    pub avps: usize,
    /// Levels of AVPs; a group that would open one more is 5014.
    pub depth: u8,
}

impl Limits {
    /// The limits by default.
    pub const DEFAULT: Self = Self { message_octets: MESSAGE_OCTETS, avps: AVPS, depth: DEPTH };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Reads the octets of exactly one message, as [`frame::cut`] gives them.
///
/// An `Err` is a message whose header cannot be trusted. What is wrong with AVPs is listed in
/// [`Message::faults`]; all AVPs in front of and around a fault can be read. Nothing within a Failed-AVP is a
/// fault: there it is a quotation.
pub fn parse<S: Shapes + ?Sized>(bytes: Bytes, limits: &Limits, shapes: &S) -> Result<Message, FrameError> {
    let (header, length) = frame::check(&bytes, limits.message_octets)?;
    if length != bytes.len() {
        return Err(FrameError::new(FrameFault::Misaligned(length), Some(header)));
    }
    let mut walk = Walk {
        octets: &bytes,
        limits: *limits,
        shapes,
        // an AVP has 8 octets at least and 16 on average; the limit holds in any case
        entries: Vec::with_capacity((length / 12).min(limits.avps)),
        faults: Vec::new(),
        places: Vec::new(),
        full: false,
    };
    walk.check_header(header);
    walk.level(super::header::HEADER_OCTETS, length, Around { parent: TOP, depth: 1, quoted: false });
    let Walk { entries, faults, places, .. } = walk;
    Ok(Message { index: Index { bytes, entries }, header, faults, places })
}

/// The octets of one AVP, cut but not understood.
struct Raw<'a> {
    key: AvpKey,
    flags: AvpFlags,
    data: &'a [u8],
}

/// One AVP and its padding; the padding of the last AVP of a group may be missing.
fn avp(input: &[u8]) -> IResult<&[u8], Raw<'_>, ()> {
    let (input, (code, flags, length)) = (be_u32, be_u8, be_u24).parse(input)?;
    let flags = AvpFlags::new(flags);
    let (input, vendor) = cond(flags.is_vendor(), be_u32).parse(input)?;
    let length = usize::try_from(length).map_err(|_| nom::Err::Error(()))?;
    let data_octets = length.checked_sub(flags.header_octets()).ok_or(nom::Err::Error(()))?;
    let (input, data) = take(data_octets).parse(input)?;
    let padding = length.wrapping_neg() & 3;
    let (input, _) = take(padding.min(input.len())).parse(input)?;
    Ok((input, Raw { key: AvpKey { vendor: vendor.unwrap_or(0), code }, flags, data }))
}

/// What a level of AVPs stands in.
#[derive(Clone, Copy)]
struct Around {
    /// Index of the group, or [`TOP`].
    parent: u32,
    /// The depth of the AVPs of this level.
    depth: u8,
    /// Within a Failed-AVP.
    quoted: bool,
}

impl Around {
    fn place(self, start: usize) -> Place {
        Place { group: self.parent, offset: narrow(start) }
    }
}

struct Walk<'a, S: ?Sized> {
    octets: &'a [u8],
    limits: Limits,
    shapes: &'a S,
    entries: Vec<Entry>,
    faults: Vec<Fault>,
    places: Vec<Place>,
    full: bool,
}

impl<S: Shapes + ?Sized> Walk<'_, S> {
    /// E belongs to answers only (RFC 6733 §3); T in an answer is ignored.
    fn check_header(&mut self, header: Header) {
        if header.flags.is_request() && header.flags.is_error() {
            self.faults.push(Fault::of_message(ResultCode::INVALID_HDR_BITS));
            self.places.push(Place { group: TOP, offset: 4 });
        }
    }

    /// Reads the AVPs between two places of the message. It calls itself for a group, [`Limits::depth`] times
    /// at most.
    fn level(&mut self, from: usize, to: usize, around: Around) {
        let mut rest = self.octets.get(from..to).unwrap_or_default();
        while !rest.is_empty() {
            let start = to.saturating_sub(rest.len());
            let Ok((behind, raw)) = avp(rest) else {
                self.unusable_length(rest, start, around);
                return;
            };
            if self.entries.len() >= self.limits.avps {
                self.too_many(&raw, start, around);
                return;
            }
            self.entry(&raw, start, around);
            if self.full {
                return;
            }
            rest = behind;
        }
    }

    fn entry(&mut self, raw: &Raw<'_>, start: usize, around: Around) {
        let header_octets = raw.flags.header_octets();
        let index = self.entries.len();
        let group = self.shapes.shape(raw.key) == Shape::Group;
        self.entries.push(Entry {
            key: raw.key,
            start: narrow(start),
            length: narrow(header_octets.saturating_add(raw.data.len())),
            after: narrow(index.saturating_add(1)),
            parent: around.parent,
            flags: raw.flags,
            depth: around.depth,
            group,
        });
        if !group || raw.data.is_empty() {
            return;
        }
        if around.depth >= self.limits.depth {
            self.too_deep(raw, narrow(index), start, around);
            return;
        }
        let from = start.saturating_add(header_octets);
        let inside = Around {
            parent: narrow(index),
            depth: around.depth.saturating_add(1),
            quoted: around.quoted || raw.key == AvpKey::FAILED_AVP,
        };
        self.level(from, from.saturating_add(raw.data.len()), inside);
        let after = narrow(self.entries.len());
        if let Some(entry) = self.entries.get_mut(index) {
            entry.after = after;
        }
    }

    /// An AVP whose header is cut off, or whose length is below its header or beyond what is there: its header
    /// and the shortest value of its format, zeros (RFC 6733 §7.1.5, 5014). Behind it nothing can be found
    /// on this level.
    #[cold]
    fn unusable_length(&mut self, rest: &[u8], start: usize, around: Around) {
        let mut header = [0_u8; 12];
        for (to, from) in header.iter_mut().zip(rest) {
            *to = *from;
        }
        let [c0, c1, c2, c3, flags, _, _, _, v0, v1, v2, v3] = header;
        let flags = AvpFlags::new(flags);
        let vendor = if flags.is_vendor() { u32::from_be_bytes([v0, v1, v2, v3]) } else { 0 };
        let key = AvpKey { vendor, code: u32::from_be_bytes([c0, c1, c2, c3]) };
        let least = match self.shapes.shape(key) {
            Shape::Octets(least) if rest.len() >= flags.header_octets() => usize::from(least),
            _ => 0,
        };
        let scope = if around.parent == TOP { Scope::Message } else { Scope::Avp };
        let own = example(key, flags, least);
        self.fault(ResultCode::INVALID_AVP_LENGTH, own, around, scope, around.place(start));
    }

    #[cold]
    fn too_deep(&mut self, raw: &Raw<'_>, index: u32, start: usize, around: Around) {
        let place = Place { group: index, offset: narrow(start) };
        let header = example(raw.key, raw.flags, 0);
        self.fault(ResultCode::INVALID_AVP_LENGTH, header, around, Scope::Avp, place);
    }

    #[cold]
    fn too_many(&mut self, raw: &Raw<'_>, start: usize, around: Around) {
        self.full = true;
        let loud = Around { quoted: false, ..around };
        let own = copied(raw.key, raw.flags, raw.data);
        self.fault(ResultCode::AVP_OCCURS_TOO_MANY_TIMES, own, loud, Scope::Message, around.place(start));
    }

    fn fault(&mut self, result_code: ResultCode, own: Vec<u8>, around: Around, scope: Scope, place: Place) {
        let no_room = scope == Scope::Avp && self.faults.len() >= FAULTS;
        if around.quoted || no_room {
            return;
        }
        let failed_avp = chain(&self.entries, around.parent, own).into();
        self.faults.push(Fault { result_code, failed_avp, scope });
        self.places.push(place);
    }
}

/// Places within a message are below 2^24 ([`super::header::LONGEST_MESSAGE`]).
fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
