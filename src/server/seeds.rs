//! Seeds for identifiers and jitter, drawn from one that the operating system gave.

/// A source of seeds that do not repeat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seeds(u64);

impl Seeds {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next seed (the mixing of SplitMix64).
    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
