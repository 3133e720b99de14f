//! A stream of octets cut into messages, brought back into step when it is out of it.

use bytes::{Buf, Bytes, BytesMut};

use super::trouble::Trouble;
use crate::diameter::frame::{self, Cut};

/// Octets of the longest message that is decoded.
pub(super) const MESSAGE_OCTETS: usize = 1 << 18;

/// One direction of a byte stream.
#[derive(Debug)]
pub(super) struct Stream {
    buffer: BytesMut,
    step: Step,
    fed: bool,
    /// A message was found in it.
    fruitful: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    /// The buffer begins with a message.
    In,
    /// Looking for the start of a message; so many octets were passed over, at the start of a capture or not.
    Seeking { skipped: usize, picked_up: bool },
    /// Nothing in it can be decoded.
    Closed,
}

impl Stream {
    /// A stream from its first octet.
    pub(super) fn from_start() -> Self {
        Self { buffer: BytesMut::new(), step: Step::In, fed: false, fruitful: false }
    }

    /// A stream whose beginning was not seen.
    pub(super) fn picked_up() -> Self {
        let step = Step::Seeking { skipped: 0, picked_up: true };
        Self { buffer: BytesMut::new(), step, fed: false, fruitful: false }
    }

    pub(super) fn feed(&mut self, octets: &[u8]) {
        self.fed = true;
        if self.step != Step::Closed {
            self.buffer.extend_from_slice(octets);
        }
    }

    /// Octets that wait for more.
    pub(super) fn pending(&self) -> usize {
        self.buffer.len()
    }

    /// Whether it was never fed.
    pub(super) fn is_untouched(&self) -> bool {
        !self.fed
    }

    /// What comes next, `None` until more is fed.
    pub(super) fn next(&mut self) -> Option<Result<Bytes, Trouble>> {
        loop {
            match self.step {
                Step::Closed => return None,
                Step::Seeking { skipped, picked_up } => {
                    let skipped = skipped.saturating_add(self.seek());
                    if self.buffer.len() < START_OCTETS {
                        self.step = Step::Seeking { skipped, picked_up };
                        return None;
                    }
                    self.step = Step::In;
                    match (skipped, picked_up) {
                        (0, _) => {}
                        (_, true) => return Some(Err(Trouble::PickedUp(skipped))),
                        (_, false) => return Some(Err(Trouble::Skipped(skipped))),
                    }
                }
                Step::In => {
                    if is_tls(&self.buffer) {
                        self.step = Step::Closed;
                        self.buffer.clear();
                        return Some(Err(Trouble::Encrypted));
                    }
                    match frame::cut(&mut self.buffer, MESSAGE_OCTETS) {
                        Ok(Cut::Message(message)) => {
                            self.fruitful = true;
                            return Some(Ok(message));
                        }
                        Ok(Cut::Missing(_)) => return None,
                        Err(error) => {
                            self.buffer.advance(1.min(self.buffer.len()));
                            self.step = Step::Seeking { skipped: 1, picked_up: false };
                            return Some(Err(Trouble::Frame(error)));
                        }
                    }
                }
            }
        }
    }

    /// Drops what is before the next start of a message, and says how much that was; fewer than [`START_OCTETS`]
    /// are left if there is none yet.
    fn seek(&mut self) -> usize {
        let start = self.buffer.windows(START_OCTETS).position(is_start);
        let passed = start.unwrap_or((self.buffer.len() + 1).saturating_sub(START_OCTETS));
        self.buffer.advance(passed);
        passed
    }

    /// Octets are missing from here on: what was begun is given up.
    pub(super) fn interrupt(&mut self) {
        if self.step != Step::Closed {
            self.step = Step::Seeking { skipped: self.buffer.len(), picked_up: false };
            self.buffer.clear();
        }
    }

    /// Nothing more comes: what is left over, if that is a fault.
    pub(super) fn end(&mut self) -> Option<Trouble> {
        let left = self.buffer.len();
        match self.step {
            Step::In if left > 0 => match frame::cut(&mut self.buffer, MESSAGE_OCTETS) {
                Ok(Cut::Missing(missing)) => Some(Trouble::Cut(missing)),
                _ => Some(Trouble::Skipped(left)),
            },
            // without a single message, that it is none was told already, and all there is to tell
            Step::Seeking { skipped, picked_up: false }
                if self.fruitful && skipped.saturating_add(left) > 0 =>
            {
                Some(Trouble::Skipped(skipped.saturating_add(left)))
            }
            _ => None,
        }
    }
}

/// Octets that [`is_start`] looks at: a message header and the header of its first AVP.
const START_OCTETS: usize = 28;

/// Whether octets look like the start of a message: random ones do so once in two thousand million times.
pub(super) fn is_start(octets: &[u8]) -> bool {
    let Some(&[version, l0, l1, l2, flags, c0, c1, c2]) = octets.first_chunk() else { return false };
    let length = u32::from_be_bytes([0, l0, l1, l2]);
    let command = u32::from_be_bytes([0, c0, c1, c2]);
    let right_header = version == 1
        && length.is_multiple_of(4)
        && length >= 20
        && usize::try_from(length).is_ok_and(|length| length <= MESSAGE_OCTETS)
        && flags.trailing_zeros() >= 4
        && flags & 0xa0 != 0xa0
        && command != 0;
    let first_avp = octets.get(20..).and_then(|avp| avp.first_chunk());
    let right_avp = first_avp.is_none_or(|&[_, _, _, _, flags, l0, l1, l2]| {
        let avp = u32::from_be_bytes([0, l0, l1, l2]);
        flags.trailing_zeros() >= 5 && avp >= 8 && avp <= length.saturating_sub(20)
    });
    right_header && (length == 20 || right_avp)
}

/// The start of a TLS record.
fn is_tls(octets: &[u8]) -> bool {
    matches!(octets, [20..=23, 3, ..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diameter::tree::hex;

    fn dwr() -> Vec<u8> {
        hex("01000030 80000118 00000000 00000001 00000002
             00000108 4000000f 6f6373312e6b7a00 00000128 4000000a 6b7a0000")
    }

    fn all(stream: &mut Stream, octets: &[u8], step: usize) -> Vec<Result<Bytes, Trouble>> {
        let mut found = Vec::new();
        for part in octets.chunks(step) {
            stream.feed(part);
            found.extend(core::iter::from_fn(|| stream.next()));
        }
        found
    }

    #[test]
    fn messages_come_out_of_parts_of_any_size() {
        let octets = dwr().repeat(5);
        for step in [1, 7, 20, 48, 49, 1_000] {
            let mut stream = Stream::from_start();
            assert_eq!(all(&mut stream, &octets, step), vec![Ok(Bytes::from(dwr())); 5], "{step}");
            assert_eq!(stream.end(), None);
        }
    }

    #[test]
    fn a_stream_picked_up_in_the_middle_is_brought_into_step() {
        let octets = dwr().repeat(3);
        for step in [1, 1_000] {
            let mut stream = Stream::picked_up();
            let found = all(&mut stream, &octets[30..], step);
            let expected = [Err(Trouble::PickedUp(18)), Ok(Bytes::from(dwr())), Ok(Bytes::from(dwr()))];
            assert_eq!(found, expected, "{step}");
        }
        let mut stream = Stream::picked_up();
        assert_eq!(
            all(&mut stream, &octets, 9),
            vec![Ok(Bytes::from(dwr())); 3],
            "a start needs no skipping"
        );
    }

    #[test]
    fn noise_between_messages_is_told_and_passed_over() {
        let octets = [dwr(), b"noise that is no message, for a while".to_vec(), dwr()].concat();
        let mut stream = Stream::from_start();
        let found = all(&mut stream, &octets, 11);
        assert!(
            matches!(found[..], [Ok(_), Err(Trouble::Frame(_)), Err(Trouble::Skipped(37)), Ok(_)]),
            "{found:?}"
        );
    }

    #[test]
    fn an_unfinished_message_is_told_at_the_end() {
        let mut stream = Stream::from_start();
        assert_eq!(all(&mut stream, &dwr()[..40], 40), []);
        assert_eq!(stream.end(), Some(Trouble::Cut(8)));
    }

    #[test]
    fn an_encrypted_stream_is_called_so_once() {
        let mut stream = Stream::from_start();
        let found = all(&mut stream, &[0x16, 3, 1, 0, 200, 1, 0, 0, 0, 0, 0, 0], 5);
        assert_eq!(found, [Err(Trouble::Encrypted)]);
        assert_eq!(stream.end(), None);
    }
}
