//! Keyed hashes: SipHash-2-4 with 128 bits for what is kept on disk, and keyed maps for what is in memory.
//!
//! Session identifiers are chosen by others: without a key of our own they could be chosen to collide.

use std::collections::hash_map::DefaultHasher;
use std::hash::{BuildHasher, Hasher};

use crate::charging::request::{Action, Kind, SessionId};

/// The key of all hashes of one store: drawn at random when the store is made, kept in it for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HashKey(pub [u8; 16]);

impl HashKey {
    fn halves(self) -> (u64, u64) {
        let whole = u128::from_le_bytes(self.0);
        (low(whole), low(whole >> 64))
    }
}

/// Where a session stands in the store: the hash of its identifier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SessionKey(pub [u8; 16]);

impl SessionKey {
    /// The key of an identifier.
    pub fn of(key: HashKey, session: &SessionId) -> Self {
        Self(siphash(key, session.as_str().as_bytes(), &[]).to_be_bytes())
    }

    /// The first 64 bits, by which the directory in memory knows it.
    pub fn short(self) -> u64 {
        low(u128::from_be_bytes(self.0) >> 64)
    }
}

/// The hash of a one-time event's repeat key: identifier, kind and number.
pub fn event_hash(key: HashKey, session: &SessionId, kind: Kind, number: u32) -> u64 {
    let [a, b, c, d] = number.to_le_bytes();
    low(siphash(key, session.as_str().as_bytes(), &[a, b, c, d, kind_octet(kind)]))
}

/// The hash of a payer's reference.
pub fn reference_hash(key: HashKey, reference: &str) -> [u8; 16] {
    siphash(key, reference.as_bytes(), b"reference").to_be_bytes()
}

/// The digest of an operator's command, by what it says.
pub fn command_digest(key: HashKey, words: &str) -> u64 {
    low(siphash(key, words.as_bytes(), b"command"))
}

/// The kind of a request as an octet, the same for ever.
pub const fn kind_octet(kind: Kind) -> u8 {
    match kind {
        Kind::Initial => 1,
        Kind::Update => 2,
        Kind::Terminate => 3,
        Kind::Event(Action::Debit) => 4,
        Kind::Event(Action::Refund) => 5,
        Kind::Event(Action::CheckBalance) => 6,
        Kind::Event(Action::PriceEnquiry) => 7,
    }
}

/// Makes the hashers of maps in memory: the standard library's SipHash, begun with a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyed(pub(crate) HashKey);

impl BuildHasher for Keyed {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.0.0);
        hasher
    }
}

/// Makes the hashers of maps whose keys are hashes already.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct AsIs(u64);

impl BuildHasher for AsIs {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self(0)
    }
}

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = self.0.rotate_left(8) ^ u64::from(*octet);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

fn low(whole: u128) -> u64 {
    u64::try_from(whole & u128::from(u64::MAX)).unwrap_or(0)
}

/// SipHash-2-4 with a result of 128 bits, over text and suffix as one text. Its first eight octets, read as
/// little-endian, are the low half.
fn siphash(key: HashKey, text: &[u8], suffix: &[u8]) -> u128 {
    let mut state = Sip::new(key);
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        state.take(u64::from_le_bytes(*word));
    }
    let mut tail = [0u8; 8];
    let mut filled = 0usize;
    for octet in rest.iter().chain(suffix) {
        if let Some(place) = tail.get_mut(filled) {
            *place = *octet;
        }
        filled += 1;
        if filled == tail.len() {
            state.take(u64::from_le_bytes(tail));
            filled = 0;
        }
    }
    tail.iter_mut().skip(filled).for_each(|octet| *octet = 0);
    let [.., last] = &mut tail;
    *last = u8::try_from(text.len().wrapping_add(suffix.len()) & 0xff).unwrap_or(0);
    state.take(u64::from_le_bytes(tail));
    state.finish()
}

struct Sip {
    v: [u64; 4],
}

impl Sip {
    fn new(key: HashKey) -> Self {
        let (k0, k1) = key.halves();
        Self {
            v: [
                k0 ^ 0x736f_6d65_7073_6575,
                k1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
                k0 ^ 0x6c79_6765_6e65_7261,
                k1 ^ 0x7465_6462_7974_6573,
            ],
        }
    }

    fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.v;
        a = a.wrapping_add(b);
        b = b.rotate_left(13) ^ a;
        a = a.rotate_left(32);
        c = c.wrapping_add(d);
        d = d.rotate_left(16) ^ c;
        a = a.wrapping_add(d);
        d = d.rotate_left(21) ^ a;
        c = c.wrapping_add(b);
        b = b.rotate_left(17) ^ c;
        c = c.rotate_left(32);
        self.v = [a, b, c, d];
    }

    fn take(&mut self, word: u64) {
        let [.., d] = &mut self.v;
        *d ^= word;
        self.round();
        self.round();
        let [a, ..] = &mut self.v;
        *a ^= word;
    }

    fn folded(&self) -> u64 {
        self.v.iter().fold(0, |all, word| all ^ word)
    }

    fn finish(mut self) -> u128 {
        let [_, _, c, _] = &mut self.v;
        *c ^= 0xee;
        (0..4).for_each(|_| self.round());
        let first = self.folded();
        let [_, b, _, _] = &mut self.v;
        *b ^= 0xdd;
        (0..4).for_each(|_| self.round());
        u128::from(first) | (u128::from(self.folded()) << 64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference_key() -> HashKey {
        HashKey(std::array::from_fn(|at| u8::try_from(at).unwrap()))
    }

    /// The first vectors of the authors' `vectors_sip128`: key 00 … 0f, input the first `n` octets of 00 01 02 ….
    #[test]
    fn siphash_gives_the_authors_vectors() {
        let vectors: [(usize, [u8; 16]); 2] = [
            (
                0,
                [
                    0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02,
                    0x93,
                ],
            ),
            (
                1,
                [
                    0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc,
                    0x45,
                ],
            ),
        ];
        for (octets, expected) in vectors {
            let input: Vec<u8> = (0..u8::try_from(octets).unwrap()).collect();
            assert_eq!(siphash(reference_key(), &input, &[]).to_le_bytes(), expected, "{octets} octets");
        }
    }

    #[test]
    fn pieces_hash_as_one_text() {
        let key = reference_key();
        for cut in 0..=20 {
            let (text, suffix) = b"abcdefghijklmnopqrst".split_at(cut);
            assert_eq!(siphash(key, text, suffix), siphash(key, b"abcdefghijklmnopqrst", b""), "{cut}");
        }
        assert_ne!(siphash(key, b"a", b""), siphash(HashKey([9; 16]), b"a", b""));
    }

    #[test]
    fn an_event_is_told_apart_by_identifier_kind_and_number() {
        let key = reference_key();
        let (one, two) = (SessionId::new("a;1").unwrap(), SessionId::new("a;2").unwrap());
        let base = event_hash(key, &one, Kind::Event(Action::Debit), 0);
        assert_eq!(base, event_hash(key, &one, Kind::Event(Action::Debit), 0));
        assert_ne!(base, event_hash(key, &two, Kind::Event(Action::Debit), 0));
        assert_ne!(base, event_hash(key, &one, Kind::Event(Action::Refund), 0));
        assert_ne!(base, event_hash(key, &one, Kind::Event(Action::Debit), 1));
    }
}
