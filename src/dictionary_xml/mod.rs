//! Dictionary files in XML, read into checked dictionary values.
//!
//! Two formats, told apart by the root element: Wireshark's (`dictionary`, or a fragment with `base`,
//! `application` or `vendor`), with the rules that `dictionaries/README.md` adds to it, and go-diameter's
//! (`diameter`). Wireshark's set is one document that takes in fragments as external entities: only files
//! of the same folder are taken in, each is parsed as a document of its own, and no other kind of entity
//! exists here, so nothing can expand, reach another folder or the network. Reading goes on behind a
//! fault; every fault has its file, line and column.

mod element;
mod files;
mod finding;
mod go_diameter;
pub mod limits;
mod page;
mod prolog;
mod reader;
mod wireshark;

use std::path::{Path, PathBuf};

use crate::diameter::dictionary::declaration::Role;
use crate::diameter::dictionary::{Dictionary, DictionaryBuilder};

pub use self::finding::{Cause, Finding, Refused};

use self::files::Files;
use self::finding::Report;

/// A dictionary made of files, and what was noticed.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The dictionary.
    pub dictionary: Dictionary,
    /// What a file redefines, and slips that do no harm; at most [`limits::MAX_NOTES`].
    pub notes: Vec<Finding>,
}

/// Adds `files`, in order, to what `builder` holds, and makes the dictionary; or tells every fault of every
/// file. With [`Role::Override`] (files of an operator) a later definition wins over an earlier one, with
/// [`Role::Standard`] it has to agree.
///
/// # Errors
///
/// [`Refused`] with at most [`limits::MAX_FAULTS`] faults, by file and place.
pub fn load(mut builder: DictionaryBuilder, files: &[PathBuf], role: Role) -> Result<Loaded, Refused> {
    let mut held = Files::default();
    let mut report = Report::default();
    for path in files {
        let source = reader::read(path, &mut held, &mut report);
        builder.add(source, role);
    }
    let dictionary = match builder.build() {
        Ok(built) => {
            for note in built.notes {
                report.note(note.origin, Cause::Dictionary(note.problem));
            }
            Some(built.dictionary)
        }
        Err(faults) => {
            for fault in faults {
                report.fault(fault.origin, Cause::Dictionary(fault.problem));
            }
            None
        }
    };
    let path = |number: u32| held.path(number).map(Path::to_path_buf);
    match dictionary.filter(|_| !report.has_faults()) {
        Some(dictionary) => Ok(Loaded { dictionary, notes: report.into_notes(path) }),
        None => Err(report.into_refused(path)),
    }
}

#[cfg(test)]
mod tests;
