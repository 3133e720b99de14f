//! Up to where a sink has delivered: a small file in the data directory, replaced as a whole.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk::{Disk, replace};

/// Up to where it was delivered.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Position {
    /// All of the batches up to this one.
    pub sequence: u64,
    /// So many records of the batch after it.
    pub of_next: u64,
    /// The number of the next record.
    pub number: u64,
    /// The file that is being written, where there is one.
    pub file: Option<OpenFile>,
}

/// A file that is being written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenFile {
    /// Its last name, without the `.part` that it has meanwhile.
    pub name: String,
    /// Octets of it that are delivered: what is behind them is written again.
    pub octets: u64,
    /// When it was begun, in microseconds since 1970.
    pub begun: i64,
    /// It is whole: it only lacks its name.
    pub closing: bool,
}

/// Where a sink's position stands.
pub fn path(data: &Path, sink: &str) -> PathBuf {
    data.join("outbox").join(format!("{sink}.position"))
}

/// The position of a sink; none where it never had one.
pub fn load(disk: &mut dyn Disk, path: &Path) -> io::Result<Option<Position>> {
    let Some(octets) = disk.read(path)? else { return Ok(None) };
    let position = serde_json::from_slice(&octets).map_err(|error| {
        let message = format!(
            "{} says not up to where was delivered ({error}): put it back from a copy, or remove it, and what comes \
             from now on is delivered",
            path.display()
        );
        io::Error::new(io::ErrorKind::InvalidData, message)
    })?;
    Ok(Some(position))
}

/// Writes the position of a sink: durable when this returns.
pub fn store(disk: &mut dyn Disk, path: &Path, position: &Position) -> io::Result<()> {
    let octets = serde_json::to_vec(position).map_err(io::Error::other)?;
    replace(disk, path, &octets)
}
