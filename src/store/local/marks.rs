//! The small files of a data directory: which store it is, up to where its state is durable, whether to rebuild it.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use crate::store::error::Damage;
use crate::store::files::{self, Disk};
use crate::store::journal::segment::StoreId;
use crate::store::octets::Reader;
use crate::store::{Sequence, StoreError};

const STORE: &str = "STORE";
const STORE_MAGIC: [u8; 8] = *b"GYROSTOR";
const MANIFEST: &str = "MANIFEST";
const MANIFEST_MAGIC: [u8; 8] = *b"GYROMANI";
const REBUILD: &str = "REBUILD";
const VERSION: u32 = 1;

/// Up to where the state is durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Manifest {
    /// Growing with each checkpoint.
    pub(crate) generation: u64,
    /// Every change up to here is in the state, durably.
    pub(crate) sequence: Sequence,
}

fn sealed(magic: [u8; 8], body: &[u8]) -> Vec<u8> {
    let mut out = magic.to_vec();
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(body);
    out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
    out
}

/// The body of a small file; `None` if it is not there.
fn unsealed(path: &Path, magic: [u8; 8]) -> Result<Option<Vec<u8>>, StoreError> {
    let octets = match fs::read(path) {
        Ok(octets) => octets,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::io("read", path)(source)),
    };
    let damaged = |damage| StoreError::damaged(path, 0, damage);
    let Some((body, crc)) = octets.split_last_chunk() else { return Err(damaged(Damage::Truncated)) };
    let mut reader = Reader::new(body);
    if reader.array() != Some(magic) {
        return Err(damaged(Damage::Magic));
    }
    if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
        return Err(damaged(Damage::Checksum));
    }
    match reader.u32() {
        Some(VERSION) => Ok(Some(reader.rest().to_vec())),
        Some(version) => Err(damaged(Damage::Version(version))),
        None => Err(damaged(Damage::Truncated)),
    }
}

/// Which store `root` is; `None` if nothing says.
pub(crate) fn read_store(root: &Path) -> Result<Option<StoreId>, StoreError> {
    let path = root.join(STORE);
    let Some(body) = unsealed(&path, STORE_MAGIC)? else { return Ok(None) };
    body.try_into().map(Some).map_err(|_| StoreError::damaged(&path, 0, Damage::Length))
}

/// Says which store `root` is.
pub(crate) fn write_store(root: &Path, store: &StoreId, disk: &dyn Disk) -> Result<(), StoreError> {
    files::replace(disk, &root.join(STORE), &sealed(STORE_MAGIC, store))
}

/// A number for a new store, which no other has.
pub(crate) fn draw_store() -> Result<StoreId, StoreError> {
    let path = Path::new("/dev/urandom");
    let mut store = StoreId::default();
    let mut file = File::open(path).map_err(StoreError::io("open", path))?;
    file.read_exact(&mut store).map_err(StoreError::io("read", path))?;
    Ok(store)
}

/// Up to where the state is durable; `None` if nothing says.
pub(crate) fn read_manifest(root: &Path, store: &StoreId) -> Result<Option<Manifest>, StoreError> {
    let path = root.join(MANIFEST);
    let Some(body) = unsealed(&path, MANIFEST_MAGIC)? else { return Ok(None) };
    let mut reader = Reader::new(&body);
    let (of, generation, sequence) = (reader.array(), reader.u64(), reader.u64());
    match (of, generation, sequence) {
        (Some(of), Some(generation), Some(sequence)) if of == *store && reader.is_empty() => {
            Ok(Some(Manifest { generation, sequence: Sequence::new(sequence) }))
        }
        _ => Err(StoreError::damaged(&path, 0, Damage::Place)),
    }
}

/// Says up to where the state is durable.
pub(crate) fn write_manifest(
    root: &Path,
    store: &StoreId,
    manifest: Manifest,
    disk: &dyn Disk,
) -> Result<(), StoreError> {
    let mut body = store.to_vec();
    body.extend_from_slice(&manifest.generation.to_le_bytes());
    body.extend_from_slice(&manifest.sequence.number().to_le_bytes());
    files::replace(disk, &root.join(MANIFEST), &sealed(MANIFEST_MAGIC, &body))
}

/// Asks the next opening to rebuild the state. What cannot be written here is found out then.
pub(crate) fn ask_for_rebuild(root: &Path, reason: &str) {
    let path = root.join(REBUILD);
    if !path.exists() {
        let _ = fs::write(path, reason);
    }
}

/// Why the state is to be rebuilt, if a run has asked for it.
pub(crate) fn rebuild_asked(root: &Path) -> Option<String> {
    fs::read(root.join(REBUILD)).ok().map(|reason| String::from_utf8_lossy(&reason).into_owned())
}

/// It was rebuilt.
pub(crate) fn rebuild_done(root: &Path, disk: &dyn Disk) -> Result<(), StoreError> {
    files::remove(disk, &root.join(REBUILD))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::files::SystemDisk;

    #[test]
    fn a_manifest_of_another_store_or_with_a_flipped_bit_is_refused() {
        let dir = crate::store::testing::dir();
        let manifest = Manifest { generation: 3, sequence: Sequence::new(9) };
        assert_eq!(read_manifest(dir.path(), &[1; 16]).unwrap(), None);
        write_manifest(dir.path(), &[1; 16], manifest, &SystemDisk).unwrap();
        assert_eq!(read_manifest(dir.path(), &[1; 16]).unwrap(), Some(manifest));
        assert!(read_manifest(dir.path(), &[2; 16]).is_err());
        let path = dir.path().join(MANIFEST);
        let octets = fs::read(&path).unwrap();
        for bit in 0..octets.len() * 8 {
            let mut bad = octets.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &bad).unwrap();
            assert!(read_manifest(dir.path(), &[1; 16]).is_err(), "bit {bit}");
        }
    }
}
