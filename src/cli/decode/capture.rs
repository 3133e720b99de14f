//! Capture files: pcap and pcapng packets in the order of the file.
//!
//! Read here and not with a library because real captures leave out what libraries insist on: the end mark behind the
//! options of a pcapng block, packets within the snap length.

use std::io::{self, Read};

use crate::time::Timestamp;

mod classic;
mod ng;

/// Octets of the longest packet or block; memory is taken as octets arrive.
const LONGEST: u32 = 1 << 24;

/// One packet of a capture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Packet<'a> {
    /// Counted from 1.
    pub(super) number: u64,
    /// When it was captured, if the file says so.
    pub(super) at: Option<Timestamp>,
    /// The type of its link layer.
    pub(super) link: u32,
    /// What was captured of it.
    pub(super) octets: &'a [u8],
}

/// Why a capture could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum CaptureError {
    /// Behind so many whole packets.
    #[error("the capture ends in the middle of what follows packet {0}")]
    Cut(u64),
    #[error("what follows packet {packet} says that it has {length} octets, which no packet or block has")]
    Length { packet: u64, length: u32 },
    #[error("a block behind packet {0} is too short for what it should hold")]
    Block(u64),
    #[error("packet {0} belongs to an interface that the file does not describe")]
    Interface(u64),
    #[error("the capture cannot be read: {0}")]
    Input(io::Error),
    /// Not a fault of the capture: the output failed.
    #[error("the output cannot be written: {0}")]
    Output(io::Error),
}

type Each<'a> = dyn FnMut(&Packet<'_>) -> io::Result<()> + 'a;

/// Whether octets begin a capture file.
pub(super) fn is_capture(start: &[u8]) -> bool {
    start.starts_with(&ng::START) || classic::Form::of(start).is_some()
}

/// Hands every packet to `each`; `start` are the octets that were read already.
pub(super) fn read(input: &mut dyn Read, start: &[u8], each: &mut Each<'_>) -> Result<(), CaptureError> {
    let mut whole = Input { input: &mut start.chain(input), packets: 0 };
    if start.starts_with(&ng::START) { ng::read(&mut whole, each) } else { classic::read(&mut whole, each) }
}

/// The file, and how many packets came out of it.
struct Input<'a> {
    input: &'a mut dyn Read,
    packets: u64,
}

impl Input<'_> {
    /// The next `length` octets; `None` at the end of the file.
    fn part(&mut self, length: u32, out: &mut Vec<u8>) -> Result<Option<()>, CaptureError> {
        out.clear();
        if length > LONGEST {
            return Err(CaptureError::Length { packet: self.packets, length });
        }
        let read = self.input.take(length.into()).read_to_end(out).map_err(CaptureError::Input)?;
        match u32::try_from(read) {
            Ok(read) if read == length => Ok(Some(())),
            Ok(0) => Ok(None),
            _ => Err(CaptureError::Cut(self.packets)),
        }
    }

    /// The next `length` octets, which must be there.
    fn whole(&mut self, length: u32, out: &mut Vec<u8>) -> Result<(), CaptureError> {
        self.part(length, out)?.ok_or(CaptureError::Cut(self.packets))
    }
}

/// The order of octets in a file's numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    Big,
    Little,
}

impl Order {
    fn u16(self, octets: &[u8], at: usize) -> Option<u16> {
        let number = *octets.get(at..)?.first_chunk()?;
        Some(if self == Self::Big { u16::from_be_bytes(number) } else { u16::from_le_bytes(number) })
    }

    fn u32(self, octets: &[u8], at: usize) -> Option<u32> {
        let number = *octets.get(at..)?.first_chunk()?;
        Some(if self == Self::Big { u32::from_be_bytes(number) } else { u32::from_le_bytes(number) })
    }
}

#[cfg(test)]
mod tests;
