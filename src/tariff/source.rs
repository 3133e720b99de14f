//! The files of a tariff as one piece of content, and the hash that names it.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

/// How the content begins.
const MAGIC: &[u8] = b"gyro-tariff 1\n";

/// The files by name, as they were read.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Source {
    files: BTreeMap<Box<str>, Box<str>>,
}

impl Source {
    /// Takes in a file.
    pub(super) fn insert(&mut self, name: &str, text: &str) {
        self.files.insert(name.into(), text.into());
    }

    /// The text of a file.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.files.get(name).map(|text| &**text)
    }

    /// The tariff files, in the order of their names.
    pub(super) fn tariffs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(name, text)| (&**name, &**text)).filter(|(name, _)| is_tariff(name))
    }

    /// The content: a first line that tells the form, then for each file, in the order of names, a line with
    /// the octets of its name and of its text, the name, a line end, the text, a line end.
    pub(super) fn to_octets(&self) -> Vec<u8> {
        let mut octets = MAGIC.to_vec();
        for (name, text) in &self.files {
            octets.extend_from_slice(format!("{} {}\n{name}\n{text}\n", name.len(), text.len()).as_bytes());
        }
        octets
    }

    /// Reads what [`Source::to_octets`] wrote; none where it did not.
    pub(super) fn from_octets(octets: &[u8]) -> Option<Self> {
        let mut rest = core::str::from_utf8(octets.strip_prefix(MAGIC)?).ok()?;
        let mut source = Self::default();
        while !rest.is_empty() {
            let (lengths, after) = rest.split_once('\n')?;
            let (name_len, text_len) = lengths.split_once(' ')?;
            let (name, after) = after.split_at_checked(name_len.parse().ok()?)?;
            let (text, after) = after.strip_prefix('\n')?.split_at_checked(text_len.parse().ok()?)?;
            source.insert(name, text);
            rest = after.strip_prefix('\n')?;
        }
        (source.to_octets() == octets).then_some(source)
    }
}

/// Whether a file of this name holds a tariff, and not rows of destinations.
pub(super) fn is_tariff(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("toml"))
}

/// The version of a content: the first eight octets of its SHA-256, the most significant first. Equal
/// content has an equal version on every machine and in every release.
pub(super) fn version(octets: &[u8]) -> u64 {
    Sha256::digest(octets).first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_comes_back_and_anything_else_is_refused() {
        let mut source = Source::default();
        source.insert("b.toml", "format = 1\n");
        source.insert("a.toml", "ключ = \"٣\"");
        source.insert("world.csv", "");
        let octets = source.to_octets();
        assert_eq!(Source::from_octets(&octets), Some(source.clone()));
        assert_eq!(source.tariffs().map(|(name, _)| name).collect::<Vec<_>>(), ["a.toml", "b.toml"]);
        for cut in 0..octets.len() {
            let whole_files = Source::from_octets(&octets[..cut]);
            assert!(whole_files.is_none_or(|less| less.files.len() < 3), "{cut}");
        }
        for place in 0..octets.len() {
            let mut other = octets.clone();
            other[place] ^= 0x80;
            assert_eq!(Source::from_octets(&other).filter(|read| *read == source), None);
        }
        assert_eq!(Source::from_octets(b""), None);
    }

    #[test]
    fn the_version_is_the_head_of_sha_256() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(version(b"abc"), 0xba78_16bf_8f01_cfea);
        assert_ne!(version(b"abd"), version(b"abc"));
    }
}
