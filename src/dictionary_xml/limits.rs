//! How much a load of dictionary files may be.

/// Largest dictionary file, in octets.
pub const MAX_FILE_OCTETS: u64 = 16 * 1024 * 1024;
/// Most octets of all files of one load, a fragment counted each time that it is taken in.
pub const MAX_TOTAL_OCTETS: u64 = 64 * 1024 * 1024;
/// Most files of one load, a fragment counted each time that it is taken in.
pub const MAX_FILES: usize = 1_024;
/// Deepest nesting of fragments.
pub const MAX_DEPTH: usize = 8;
/// Most entity references in one file.
pub const MAX_REFERENCES: usize = 1_024;
/// Most XML nodes in one file.
pub const MAX_NODES: u32 = 1_000_000;
/// Longest name of anything, in octets.
pub const MAX_NAME: usize = 255;
/// Most faults that are kept; the rest is counted.
pub const MAX_FAULTS: usize = 100;
/// Most notes that are kept.
pub const MAX_NOTES: usize = 10_000;

/// The element inside of which every file is parsed, so that a fragment may have several roots.
pub(super) const WRAPPER: &str = "fragment";
