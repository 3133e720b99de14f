//! Hexadecimal text to octets, part by part.

/// A character that is no hexadecimal digit and no separator.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum HexError {
    #[error("character {position} is no hexadecimal digit")]
    Digit {
        /// Counted from 1.
        position: u64,
    },
    #[error("the last octet has one digit only")]
    Half,
}

/// Reads digits in pairs. White space, `:`, `,` and `-` separate, `0x` may stand in front, `#` begins a comment.
#[derive(Debug, Default)]
pub(super) struct Hex {
    half: Option<u8>,
    comment: bool,
    position: u64,
}

impl Hex {
    /// Appends the octets of a part of the text.
    pub(super) fn decode(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), HexError> {
        for character in text {
            self.position = self.position.saturating_add(1);
            if self.comment {
                self.comment = *character != b'\n';
                continue;
            }
            match (*character, self.half) {
                (b'#', None) => self.comment = true,
                (b'x' | b'X', Some(0)) => self.half = None,
                (separator, None) if is_separator(separator) => {}
                (digit, half) => {
                    let digit = char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                    let digit = digit.ok_or(HexError::Digit { position: self.position })?;
                    match half {
                        None => self.half = Some(digit),
                        Some(high) => {
                            out.push(high << 4 | digit);
                            self.half = None;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Nothing more comes.
    pub(super) fn end(&self) -> Result<(), HexError> {
        self.half.map_or(Ok(()), |_| Err(HexError::Half))
    }
}

/// Whether text may be hexadecimal, as far as it goes.
pub(super) fn is_hex(text: &[u8]) -> bool {
    Hex::default().decode(text, &mut Vec::new()).is_ok()
}

fn is_separator(character: u8) -> bool {
    character.is_ascii_whitespace() || matches!(character, b':' | b',' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(parts: &[&str]) -> Result<Vec<u8>, HexError> {
        let mut hex = Hex::default();
        let mut out = Vec::new();
        parts.iter().try_for_each(|part| hex.decode(part.as_bytes(), &mut out))?;
        hex.end().map(|()| out)
    }

    #[test]
    fn digits_are_read_in_pairs_however_they_are_set() {
        for text in
            ["01ab", "01 AB\n", "0x01ab", "0x01, 0xAB", "01:ab", "01-ab", "# a request\n01 # half\nab"]
        {
            assert_eq!(octets(&[text]), Ok(vec![0x01, 0xab]), "{text}");
        }
        assert_eq!(octets(&["0", "1a", "b"]), Ok(vec![0x01, 0xab]));
    }

    #[test]
    fn what_is_no_digit_is_named_by_its_place() {
        assert_eq!(octets(&["01", "0g"]), Err(HexError::Digit { position: 4 }));
        assert_eq!(octets(&["0 1"]), Err(HexError::Digit { position: 2 }));
        assert_eq!(octets(&["011"]), Err(HexError::Half));
        assert!(!is_hex(b"hello"));
    }
}
