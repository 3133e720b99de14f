//! Messages to octets (RFC 6733 §3, §4), into a buffer of the caller: lengths are patched, padding is written,
//! nothing is allocated but what the buffer itself needs to grow.

use bytes::{BufMut, BytesMut};

use super::avp::{Avp, AvpDef, AvpFlags, AvpKey};
use super::data::{Address, time_to_seconds};
use super::header::{HEADER_OCTETS, Header, LONGEST_MESSAGE};
use crate::time::Timestamp;

/// Octets that the 24 bits of AVP Length can say.
const LONGEST_AVP: usize = 0x00ff_ffff;

/// Why a message cannot be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EncodeError {
    /// The message or an AVP in it is longer than 24 bits can say.
    #[error("the message is longer than its length field can say")]
    TooLong,
    /// A time that the Time format cannot say: before 1968-01-20 or after 2104-02-26.
    #[error("{0} is outside of the span of the Time format")]
    Time(Timestamp),
    /// Session-Id was written behind another AVP of the message.
    #[error("Session-Id must be the first AVP of a message")]
    SessionIdNotFirst,
}

/// Writes one message at the end of a buffer.
///
/// The first error is kept and given by [`Encoder::finish`]; what follows it is not written. A message that is
/// not finished, or not without error, leaves the buffer as it was.
///
/// ```
/// # use bytes::BytesMut;
/// # use gyro::diameter::{avp::AvpDef, encode::Encoder, header::*};
/// let mut out = BytesMut::new();
/// let header = Header {
///     flags: CommandFlags::REQUEST,
///     command: CommandCode::DEVICE_WATCHDOG,
///     application: ApplicationId::BASE,
///     hop_by_hop: HopByHop::new(1),
///     end_to_end: EndToEnd::new(2),
/// };
/// let mut message = Encoder::start(&mut out, header);
/// message.utf8(AvpDef::base(264), "ocs1.kz").utf8(AvpDef::base(296), "kz");
/// message.finish()?;
/// assert_eq!(out.len(), 48);
/// # Ok::<(), gyro::diameter::encode::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct Encoder<'b> {
    out: &'b mut BytesMut,
    start: usize,
    depth: u32,
    error: Option<EncodeError>,
    finished: bool,
}

impl<'b> Encoder<'b> {
    /// Begins a message behind what the buffer already holds.
    pub fn start(out: &'b mut BytesMut, header: Header) -> Self {
        let start = out.len();
        out.extend_from_slice(&header.write(0));
        Self { out, start, depth: 0, error: None, finished: false }
    }

    /// Begins a message with its Session-Id, which stands in front of all other AVPs (RFC 6733 §8.8).
    pub fn start_session(out: &'b mut BytesMut, header: Header, session_id: &str) -> Self {
        let mut message = Self::start(out, header);
        message.utf8(AvpDef { key: AvpKey::SESSION_ID, flags: AvpFlags::MANDATORY }, session_id);
        message
    }

    /// OctetString, and any value that is octets already.
    pub fn octets(&mut self, def: AvpDef, value: &[u8]) -> &mut Self {
        if def.key == AvpKey::SESSION_ID && self.depth == 0 && !self.is_first() {
            return self.fail(EncodeError::SessionIdNotFirst);
        }
        self.any(def.key, def.flags, value)
    }

    /// UTF8String, DiameterIdentity, DiameterURI, IPFilterRule.
    pub fn utf8(&mut self, def: AvpDef, value: &str) -> &mut Self {
        self.octets(def, value.as_bytes())
    }

    /// Unsigned32, and Float32 by its bits.
    pub fn u32(&mut self, def: AvpDef, value: u32) -> &mut Self {
        self.fixed(def, value.to_be_bytes())
    }

    /// Unsigned64, and Float64 by its bits.
    pub fn u64(&mut self, def: AvpDef, value: u64) -> &mut Self {
        self.fixed(def, value.to_be_bytes())
    }

    /// Integer32 and Enumerated.
    pub fn i32(&mut self, def: AvpDef, value: i32) -> &mut Self {
        self.fixed(def, value.to_be_bytes())
    }

    /// Integer64.
    pub fn i64(&mut self, def: AvpDef, value: i64) -> &mut Self {
        self.fixed(def, value.to_be_bytes())
    }

    /// Time, in whole seconds.
    pub fn time(&mut self, def: AvpDef, at: Timestamp) -> &mut Self {
        match time_to_seconds(at) {
            Some(count) => self.u32(def, count),
            None => self.fail(EncodeError::Time(at)),
        }
    }

    /// Address.
    pub fn address(&mut self, def: AvpDef, address: Address<'_>) -> &mut Self {
        address.with_octets(|octets| {
            if self.begin(def.key, def.flags, octets.len().saturating_add(2)) {
                self.out.put_u16(address.family());
                self.out.extend_from_slice(octets);
                self.pad();
            }
        });
        self
    }

    /// Grouped: what `inside` writes.
    pub fn grouped(&mut self, def: AvpDef, inside: impl FnOnce(&mut Self)) -> &mut Self {
        self.group(def.key, def.flags, inside)
    }

    pub(super) fn group(
        &mut self,
        key: AvpKey,
        flags: AvpFlags,
        inside: impl FnOnce(&mut Self),
    ) -> &mut Self {
        let at = self.out.len();
        if !self.begin(key, flags, 0) {
            return self;
        }
        self.depth = self.depth.saturating_add(1);
        inside(self);
        self.depth = self.depth.saturating_sub(1);
        if self.error.is_none() {
            let length = self.out.len().saturating_sub(at);
            self.patch_length(at.saturating_add(4), length);
        }
        self
    }

    /// An AVP of a message that was read, unchanged but for its padding, which is zeros, and wherever it is told to
    /// stand (Proxy-Info goes back so: RFC 6733 §6.2).
    pub fn raw(&mut self, avp: &Avp<'_>) -> &mut Self {
        self.any(avp.key(), avp.flags(), avp.data())
    }

    /// Any data under any flags; a Vendor-Id is written if, and only if, V is set.
    pub(super) fn any(&mut self, key: AvpKey, flags: AvpFlags, data: &[u8]) -> &mut Self {
        if self.begin(key, flags, data.len()) {
            self.out.extend_from_slice(data);
            self.pad();
        }
        self
    }

    /// Ends the message and gives its length in octets.
    pub fn finish(mut self) -> Result<usize, EncodeError> {
        let length = self.out.len().saturating_sub(self.start);
        if length > LONGEST_MESSAGE {
            self.fail(EncodeError::TooLong);
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        self.patch_length(self.start, length);
        self.finished = true;
        Ok(length)
    }

    fn fixed<const N: usize>(&mut self, def: AvpDef, value: [u8; N]) -> &mut Self {
        if self.begin(def.key, def.flags, N) {
            self.out.extend_from_slice(&value);
        }
        self
    }

    /// Writes an AVP header for so many octets of data; false when nothing may follow.
    fn begin(&mut self, key: AvpKey, flags: AvpFlags, data_octets: usize) -> bool {
        if self.error.is_some() {
            return false;
        }
        let length = data_octets.saturating_add(flags.header_octets());
        if length > LONGEST_AVP {
            self.fail(EncodeError::TooLong);
            return false;
        }
        let [c0, c1, c2, c3] = key.code.to_be_bytes();
        let [_, l0, l1, l2] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        let flag = flags.get();
        if flags.is_vendor() {
            let [v0, v1, v2, v3] = key.vendor.to_be_bytes();
            self.out.extend_from_slice(&[c0, c1, c2, c3, flag, l0, l1, l2, v0, v1, v2, v3]);
        } else {
            self.out.extend_from_slice(&[c0, c1, c2, c3, flag, l0, l1, l2]);
        }
        true
    }

    fn is_first(&self) -> bool {
        self.out.len() == self.start.saturating_add(HEADER_OCTETS)
    }

    fn pad(&mut self) {
        let padding = self.out.len().saturating_sub(self.start).wrapping_neg() & 3;
        self.out.put_bytes(0, padding);
    }

    /// Writes a length into the lower three of four octets; the first is version or flags.
    fn patch_length(&mut self, at: usize, length: usize) {
        let Some(length) = u32::try_from(length).ok().filter(|length| *length <= 0x00ff_ffff) else {
            self.fail(EncodeError::TooLong);
            return;
        };
        if let Some([_, field @ ..]) = self.out.get_mut(at..at.saturating_add(4)) {
            let [_, l0, l1, l2] = length.to_be_bytes();
            field.copy_from_slice(&[l0, l1, l2]);
        }
    }

    fn fail(&mut self, error: EncodeError) -> &mut Self {
        self.error.get_or_insert(error);
        self
    }
}

impl Drop for Encoder<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.out.truncate(self.start);
        }
    }
}
