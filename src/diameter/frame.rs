//! Cutting a stream of octets into messages (RFC 6733 §3): the length in the header says where the next begins.
//!
//! A stream that is out of step cannot be brought back into it: a [`FrameError`] ends the connection.

use bytes::{Bytes, BytesMut};

use super::header::{HEADER_OCTETS, Header, VERSION};
use super::result_code::ResultCode;

/// What a stream gives next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cut {
    /// Exactly one message.
    Message(Bytes),
    /// This many octets are missing, to the end of the message or, before its length is known, of the header.
    /// Never more than the limit.
    Missing(usize),
}

/// What is wrong with the header of a message; the numbers are what the header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameFault {
    /// The version is not 1.
    #[error("version {0}, expected 1")]
    Version(u8),
    /// Shorter than a header.
    #[error("message length {0} is below the 20 octets of a header")]
    TooShort(usize),
    /// No multiple of four, or not the length of what was handed in.
    #[error("message length {0} is no multiple of four or not the length of the message")]
    Misaligned(usize),
    /// Longer than allowed.
    #[error("message length {length} is above the limit of {limit} octets")]
    TooLong {
        /// What the header says.
        length: usize,
        /// What is allowed.
        limit: usize,
    },
}

/// A message that cannot be cut off its stream. Its scope is always [`super::error::Scope::Connection`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{fault}")]
pub struct FrameError {
    /// What is wrong.
    pub fault: FrameFault,
    header: Option<Header>,
}

impl FrameError {
    pub(super) const fn new(fault: FrameFault, header: Option<Header>) -> Self {
        Self { fault, header }
    }

    /// The code for the answer, were there one: 5011 or 5015.
    pub const fn result_code(&self) -> ResultCode {
        match self.fault {
            FrameFault::Version(_) => ResultCode::UNSUPPORTED_VERSION,
            _ => ResultCode::INVALID_MESSAGE_LENGTH,
        }
    }

    /// The header of the request to be answered before closing; `None` for an answer or when the header
    /// did not arrive in full.
    pub fn answerable(&self) -> Option<Header> {
        self.header.filter(|header| header.flags.is_request())
    }
}

/// Takes the next message off the front of `stream` once it is there in full.
///
/// `limit` is the greatest message length in octets. No room is made for octets that a header only claims: the
/// buffer grows with what arrives. After an error the stream is as it was.
pub fn cut(stream: &mut BytesMut, limit: usize) -> Result<Cut, FrameError> {
    let have = stream.len();
    if have < HEADER_OCTETS {
        check_beginning(stream, limit)?;
        return Ok(Cut::Missing(HEADER_OCTETS.saturating_sub(have)));
    }
    let (_, length) = check(stream, limit)?;
    match length.checked_sub(have) {
        None | Some(0) => Ok(Cut::Message(stream.split_to(length).freeze())),
        Some(missing) => Ok(Cut::Missing(missing)),
    }
}

/// Version and length of a whole header.
pub(super) fn check(octets: &[u8], limit: usize) -> Result<(Header, usize), FrameError> {
    let Some(first) = octets.first_chunk() else {
        check_beginning(octets, limit)?;
        return Err(FrameError::new(FrameFault::TooShort(octets.len()), None));
    };
    let header = Header::read(first);
    match length_of(octets, limit) {
        Ok(length) => Ok((header, length)),
        Err(fault) => Err(FrameError::new(fault, Some(header))),
    }
}

/// As much as can be told before the header is there.
fn check_beginning(octets: &[u8], limit: usize) -> Result<(), FrameError> {
    let told = match octets.first() {
        Some(&version) if version != VERSION => Err(FrameFault::Version(version)),
        _ if octets.len() >= 4 => length_of(octets, limit).map(drop),
        _ => Ok(()),
    };
    told.map_err(|fault| FrameError::new(fault, None))
}

fn length_of(octets: &[u8], limit: usize) -> Result<usize, FrameFault> {
    let &[version, l0, l1, l2] = octets.first_chunk().unwrap_or(&[0; 4]);
    if version != VERSION {
        return Err(FrameFault::Version(version));
    }
    let length = u32::from_be_bytes([0, l0, l1, l2]);
    let octets = usize::try_from(length).unwrap_or(usize::MAX);
    if octets < HEADER_OCTETS {
        Err(FrameFault::TooShort(octets))
    } else if !length.is_multiple_of(4) {
        Err(FrameFault::Misaligned(octets))
    } else if octets > limit {
        Err(FrameFault::TooLong { length: octets, limit })
    } else {
        Ok(octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DWR: &str = "010000308000011800000000000000010000000200000108\
                       4000000f6f6373312e6b7a00000001284000000a6b7a0000";

    fn dwr() -> Vec<u8> {
        crate::diameter::tree::hex(DWR)
    }

    #[test]
    fn a_message_in_single_octets_comes_out_whole_and_the_next_stays() {
        let octets = [dwr(), dwr()].concat();
        let mut stream = BytesMut::new();
        for (index, octet) in octets.iter().enumerate().take(47) {
            stream.extend_from_slice(&[*octet]);
            let missing = if index < 19 { 19 - index } else { 47 - index };
            assert_eq!(cut(&mut stream, 4_096), Ok(Cut::Missing(missing)), "after {index}");
        }
        stream.extend_from_slice(&octets[47..]);
        assert_eq!(cut(&mut stream, 4_096), Ok(Cut::Message(dwr().into())));
        assert_eq!(cut(&mut stream, 4_096), Ok(Cut::Message(dwr().into())));
        assert_eq!(cut(&mut stream, 4_096), Ok(Cut::Missing(20)));
    }

    #[test]
    fn a_stream_out_of_step_is_an_error_that_says_whether_it_can_be_answered() {
        let cases: [(&[u8], FrameFault); 5] = [
            (&[2, 0, 0, 20], FrameFault::Version(2)),
            (&[1, 0, 0, 16], FrameFault::TooShort(16)),
            (&[1, 0, 0, 22], FrameFault::Misaligned(22)),
            (&[1, 0, 0x10, 4], FrameFault::TooLong { length: 4_100, limit: 4_096 }),
            (&[1, 0xff, 0xff, 0xfc], FrameFault::TooLong { length: 0x00ff_fffc, limit: 4_096 }),
        ];
        for (start, fault) in cases {
            for (flags, answerable) in [(0x80, true), (0, false)] {
                let mut octets = dwr();
                octets[..4].copy_from_slice(start);
                octets[4] = flags;
                let mut stream = BytesMut::from(&octets[..]);
                let error = cut(&mut stream, 4_096).unwrap_err();
                assert_eq!(error.fault, fault);
                assert_eq!(error.answerable().is_some(), answerable);
                assert_eq!(*stream, octets);
            }
            let mut stream = BytesMut::from(start);
            let error = cut(&mut stream, 4_096).unwrap_err();
            assert_eq!((error.fault, error.answerable()), (fault, None), "before the header is whole");
        }
    }

    #[test]
    fn a_wrong_version_is_told_from_the_first_octet() {
        let error = cut(&mut BytesMut::from(&[0x16_u8][..]), 4_096).unwrap_err();
        assert_eq!(error.result_code(), ResultCode::UNSUPPORTED_VERSION);
    }

    #[test]
    fn no_room_is_made_for_octets_that_a_header_only_claims() {
        let mut stream = BytesMut::with_capacity(64);
        stream.extend_from_slice(&[1, 0x01, 0, 0]);
        stream.resize(20, 0);
        assert_eq!(cut(&mut stream, 0x1_0000), Ok(Cut::Missing(0x1_0000 - 20)));
        assert!(stream.capacity() <= 64);
        assert!(cut(&mut stream, 0xfffc).is_err());
    }
}
