//! The spool: emergencies that were granted while the store was gone, in a small file elsewhere. They are entered into
//! the store by their identifiers after the next start, and the file is then taken away.
//!
//! Entries: length u32 little-endian, then the octets of the emergency's record. A torn last entry is left out.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::charging::emergency::EmergencyRecord;
use crate::store::record::emergency;

/// The most octets of the file.
const MOST: u64 = 16 * 1024 * 1024;

/// The spool.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    file: Option<File>,
    written: u64,
}

impl Spool {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None, written: 0 }
    }

    /// Adds an emergency. False where the file is full.
    pub(super) fn add(&mut self, record: &EmergencyRecord) -> io::Result<bool> {
        let octets = emergency::encode(record);
        let length = u32::try_from(octets.len()).map_err(io::Error::other)?;
        let entry = [&length.to_le_bytes(), octets.as_slice()].concat();
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let file = OpenOptions::new().create(true).append(true).open(&self.path)?;
                self.written = file.metadata()?.len();
                none.insert(file)
            }
        };
        let after = self.written.saturating_add(u64::try_from(entry.len()).unwrap_or(u64::MAX));
        if after > MOST {
            return Ok(false);
        }
        file.write_all(&entry)?;
        self.written = after;
        Ok(true)
    }

    /// What a run before has left; nothing where there is no file.
    pub(super) fn read(&self) -> io::Result<Vec<EmergencyRecord>> {
        let octets = match fs::read(&self.path) {
            Ok(octets) => octets,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        Ok(parse(&octets))
    }

    /// All of it is in the store now.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn parse(octets: &[u8]) -> Vec<EmergencyRecord> {
    let mut all = Vec::new();
    let mut rest = octets;
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let Some((entry, next)) = behind.split_at_checked(length) else { break };
        all.extend(emergency::decode(entry));
        rest = next;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::request::SessionId;
    use crate::time::Timestamp;

    fn record(session: &str) -> EmergencyRecord {
        EmergencyRecord {
            session: SessionId::new(session).unwrap(),
            msisdn: None,
            imsi: None,
            called: "112".into(),
            first: Timestamp::from_secs(1),
            touched: Timestamp::from_secs(2),
            answers: 1,
            counted: false,
        }
    }

    #[test]
    fn what_is_spooled_is_read_and_a_torn_end_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("emergencies");
        let mut spool = Spool::new(path.clone());
        assert_eq!(spool.read().unwrap(), []);
        assert!(spool.add(&record("a")).unwrap());
        assert!(spool.add(&record("b")).unwrap());
        let mut spool = Spool::new(path.clone());
        assert!(spool.add(&record("c")).unwrap());
        assert_eq!(spool.read().unwrap(), [record("a"), record("b"), record("c")]);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(spool.read().unwrap(), [record("a"), record("b")]);
        spool.remove().unwrap();
        spool.remove().unwrap();
        assert_eq!(spool.read().unwrap(), []);
    }
}
