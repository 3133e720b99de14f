//! Numbered lines in files: each record stands once in them, whatever is killed when.
//!
//! A file is written under its name and `.part`, synced, and only then is it noted how far it goes. What stands behind
//! that is written again after a kill: the octets are the same, for they are made of what was committed. A file that
//! is full is noted as such, then gets its name; whoever finds it may take it away.

use core::time::Duration;
use std::io;
use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::position::{self, OpenFile, Position};
use crate::time::Timestamp;

/// How files are made.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Their directory.
    pub dir: PathBuf,
    /// What their names begin with: `cdr`.
    pub stem: &'static str,
    /// What their names end with: `jsonl`, `csv`.
    pub extension: &'static str,
    /// The first line of each, where they have one.
    pub header: Option<String>,
    /// A file ends with the line that brings it to so many octets.
    pub most_octets: u64,
    /// A file ends after so long.
    pub every: Duration,
}

/// Files that are being written.
#[derive(Debug)]
pub struct Files {
    shape: Shape,
    disk: Box<dyn Disk>,
    path: PathBuf,
    /// What is noted.
    noted: Position,
    /// What is written, perhaps not yet noted.
    now: Position,
}

impl Files {
    /// Goes on where it was stopped; where nothing is noted, from behind the batch `last` on. That is durable when
    /// this returns. With it comes what is wrong with the file that was being written.
    pub fn open(
        shape: Shape,
        mut disk: Box<dyn Disk>,
        path: PathBuf,
        last: u64,
    ) -> io::Result<(Self, Option<String>)> {
        let noted = match position::load(&mut *disk, &path)? {
            Some(noted) => noted,
            None => {
                let begin = Position { sequence: last, of_next: 0, number: 1, file: None };
                position::store(&mut *disk, &path, &begin)?;
                begin
            }
        };
        let mut files = Self { shape, disk, path, now: noted.clone(), noted };
        let wrong = files.repair()?;
        Ok((files, wrong))
    }

    /// Up to where it was delivered, durably.
    pub const fn position(&self) -> &Position {
        &self.noted
    }

    /// What is written behind the noted end of the file is taken off; a file that only lacks its name gets it.
    fn repair(&mut self) -> io::Result<Option<String>> {
        let Some(file) = self.now.file.clone() else { return Ok(None) };
        let part = self.part(&file.name);
        if file.closing {
            if self.disk.length(&part)?.is_some() {
                self.name(&file.name)?;
            }
            self.now.file = None;
            return self.note().map(|()| None);
        }
        let length = self.disk.length(&part)?;
        if length.is_some_and(|length| length >= file.octets) {
            self.disk.cut(&part, file.octets)?;
            self.disk.sync(&part)?;
            return Ok(None);
        }
        // It was taken away or cut by somebody else: the numbers go on in the next file.
        self.now.file = None;
        self.note()?;
        let part = part.display();
        Ok(Some(match length {
            Some(length) => format!(
                "{part} has {length} octets where {} were delivered: it stays as it is, the next file begins",
                file.octets
            ),
            None => format!("{part} is gone, which was being written: the next file begins"),
        }))
    }

    /// The number of the next record.
    pub const fn number(&self) -> u64 {
        self.now.number
    }

    /// Writes a line, which is the `place`th record of its batch, counted from 0; its line end is put behind it.
    pub fn put(&mut self, line: &str, (sequence, place): (u64, u64), now: Timestamp) -> io::Result<()> {
        let mut octets = Vec::with_capacity(line.len().saturating_add(1));
        let name = match &self.now.file {
            Some(file) => file.name.clone(),
            None => {
                let Shape { stem, extension, .. } = self.shape;
                let name = format!("{stem}-{:010}.{extension}", self.now.number);
                self.disk.create(&self.part(&name))?;
                self.disk.sync_dir(&self.shape.dir)?;
                if let Some(header) = &self.shape.header {
                    octets.extend_from_slice(header.as_bytes());
                    octets.push(b'\n');
                }
                let begun = now.micros();
                self.now.file = Some(OpenFile { name: name.clone(), octets: 0, begun, closing: false });
                name
            }
        };
        octets.extend_from_slice(line.as_bytes());
        octets.push(b'\n');
        self.disk.append(&self.part(&name), &octets)?;
        let length = u64::try_from(octets.len()).unwrap_or(u64::MAX);
        if let Some(file) = &mut self.now.file {
            file.octets = file.octets.saturating_add(length);
        }
        self.now.number = self.now.number.saturating_add(1);
        (self.now.sequence, self.now.of_next) = (sequence.saturating_sub(1), place.saturating_add(1));
        if self.now.file.as_ref().is_some_and(|file| file.octets >= self.shape.most_octets) {
            self.close()?;
        }
        Ok(())
    }

    /// All records of the batches up to this one were written.
    pub fn through(&mut self, sequence: u64) {
        if sequence > self.now.sequence {
            (self.now.sequence, self.now.of_next) = (sequence, 0);
        }
    }

    /// Makes durable what was written, and notes it.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.now == self.noted {
            return Ok(());
        }
        let written = self.now.file.as_ref().filter(|_| self.now.number > self.noted.number);
        if let Some(part) = written.map(|file| self.part(&file.name)) {
            self.disk.sync(&part)?;
        }
        self.note()
    }

    /// Ends the file that is old enough.
    pub fn turn(&mut self, now: Timestamp) -> io::Result<()> {
        let begun = self.now.file.as_ref().map(|file| Timestamp::from_micros(file.begun));
        if begun.is_some_and(|begun| now.since(begun) >= self.shape.every) { self.close() } else { Ok(()) }
    }

    /// When the file is old enough.
    pub fn turns_at(&self) -> Option<Timestamp> {
        let file = self.now.file.as_ref()?;
        Some(Timestamp::from_micros(file.begun).plus(self.shape.every))
    }

    /// Ends the file: whole and durable, then noted as whole, then named, then noted as done.
    fn close(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.now.file else { return Ok(()) };
        file.closing = true;
        let name = file.name.clone();
        self.disk.sync(&self.part(&name))?;
        self.note()?;
        self.name(&name)?;
        self.now.file = None;
        self.note()
    }

    fn name(&mut self, name: &str) -> io::Result<()> {
        let (part, whole) = (self.part(name), self.shape.dir.join(name));
        self.disk.rename(&part, &whole)?;
        self.disk.sync_dir(&self.shape.dir)
    }

    fn note(&mut self) -> io::Result<()> {
        position::store(&mut *self.disk, &self.path, &self.now)?;
        self.noted = self.now.clone();
        Ok(())
    }

    fn part(&self, name: &str) -> PathBuf {
        self.shape.dir.join(format!("{name}.part"))
    }
}

/// Whether files can be written in a directory: makes it, tries, and takes away what it tried with.
pub fn try_dir(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let probe = dir.join(".gyro-can-write");
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(&probe)
}

#[cfg(test)]
mod tests;
