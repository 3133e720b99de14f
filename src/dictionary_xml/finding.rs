//! What is found in dictionary files: faults and notes, each with its place.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::limits::{
    MAX_DEPTH, MAX_FAULTS, MAX_FILE_OCTETS, MAX_FILES, MAX_NODES, MAX_NOTES, MAX_REFERENCES,
    MAX_TOTAL_OCTETS, WRAPPER,
};
use crate::diameter::dictionary::Problem;
use crate::diameter::dictionary::declaration::Origin;

/// Something found in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The file; `None` for what is built in.
    pub path: Option<PathBuf>,
    /// The line, from 1; 0: the whole file.
    pub line: u32,
    /// The column in characters, from 1; 0: the whole file.
    pub column: u32,
    /// What it is.
    pub cause: Cause,
    /// Where the earlier of two definitions stands: file (`None`: built in), line, column.
    pub previous: Option<(Option<PathBuf>, u32, u32)>,
}

/// `file:line:column: what; earlier: file:line:column`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        place(f, self.path.as_deref(), self.line, self.column)?;
        write!(f, ": {}", self.cause)?;
        if let Some((path, line, column)) = &self.previous {
            f.write_str("; earlier: ")?;
            place(f, path.as_deref(), *line, *column)?;
        }
        Ok(())
    }
}

fn place(f: &mut fmt::Formatter<'_>, path: Option<&Path>, line: u32, column: u32) -> fmt::Result {
    match (path, line) {
        (None, _) => f.write_str("built in"),
        (Some(path), 0) => write!(f, "{}", path.display()),
        (Some(path), _) => write!(f, "{}:{line}:{column}", path.display()),
    }
}

/// Why dictionary files are refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The faults, by file and place.
    pub faults: Vec<Finding>,
    /// How many more there are.
    pub more: usize,
}

/// A line for each fault.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.faults.iter().enumerate() {
            let separator = if at == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

/// What may be wrong with a dictionary file. Element and attribute names are those of the file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Cause {
    /// The file cannot be opened or read.
    #[error("cannot be read: {0}")]
    Unreadable(io::ErrorKind),
    /// A fragment cannot be opened.
    #[error("entity file `{name}` cannot be read: {kind}")]
    FragmentUnreadable {
        /// The name in the declaration.
        name: String,
        /// Why.
        kind: io::ErrorKind,
    },
    /// The file is too large.
    #[error("the file is larger than the {MAX_FILE_OCTETS} octets that are allowed")]
    FileTooLarge,
    /// All files together are too large.
    #[error("all files together are larger than the {MAX_TOTAL_OCTETS} octets that are allowed")]
    TooManyOctets,
    /// Too many files.
    #[error("more than the {MAX_FILES} files that are allowed")]
    TooManyFiles,
    /// Fragments inside of fragments.
    #[error("entities are nested deeper than the {MAX_DEPTH} levels that are allowed")]
    TooDeep,
    /// A fragment that takes itself in.
    #[error("entity `{name}` takes in the file that it stands in")]
    Cycle {
        /// The entity.
        name: String,
    },
    /// An octet sequence that is not UTF-8.
    #[error("the text is not UTF-8 from octet {offset} on; only UTF-8 is read")]
    NotUtf8 {
        /// Where, in octets from 0.
        offset: usize,
    },
    /// Another encoding is declared.
    #[error("encoding `{found}` is declared; only UTF-8 is read")]
    Encoding {
        /// The declared one.
        found: String,
    },
    /// The XML is not well formed.
    #[error("{}", syntax(.0))]
    Syntax(roxmltree::Error),
    /// The document type declaration cannot be understood.
    #[error("the document type declaration is malformed here")]
    Doctype,
    /// A fragment with a document type declaration.
    #[error("a file that is taken in as an entity has no document type declaration")]
    DoctypeInFragment,
    /// An entity whose text stands in its declaration.
    #[error(
        "entity `{name}` has a text of its own; only <!ENTITY name SYSTEM \"file in this folder\"> is allowed"
    )]
    InternalEntity {
        /// The entity.
        name: String,
    },
    /// A parameter entity, a public identifier, or a notation.
    #[error("only <!ENTITY name SYSTEM \"file in this folder\"> is allowed, no other kind of entity")]
    EntityKind,
    /// A file that is not beside the main file.
    #[error("entity file `{name}` is not a plain file name in the folder of this file; others are not read")]
    OutsideFolder {
        /// The name in the declaration.
        name: String,
    },
    /// A reference without declaration.
    #[error("entity `{name}` is not declared{}", hint(nearest.as_ref()))]
    UndeclaredEntity {
        /// The name.
        name: String,
        /// A declared one near to it.
        nearest: Option<String>,
    },
    /// A reference where no elements can be taken in.
    #[error("entity `{name}` stands in <{parent}>; it is taken in only by {allowed}")]
    MisplacedEntity {
        /// The entity.
        name: String,
        /// The element around it.
        parent: String,
        /// Where it may stand.
        allowed: &'static str,
    },
    /// Too many references in one file.
    #[error("more than the {MAX_REFERENCES} entity references that are allowed in a file")]
    TooManyReferences,
    /// Nothing that a dictionary begins with.
    #[error("there is no <dictionary> or <diameter> in this file")]
    Empty,
    /// An element that does not belong there.
    #[error("<{found}> is not expected in {parent}; allowed: {allowed}{}", hint(nearest.as_ref()))]
    UnexpectedElement {
        /// What was found.
        found: String,
        /// Where.
        parent: String,
        /// What is allowed there.
        allowed: String,
        /// An allowed one near to it.
        nearest: Option<String>,
    },
    /// An attribute that nobody reads.
    #[error("attribute `{found}` of <{element}> is not known and passed over; known: {allowed}")]
    UnknownAttribute {
        /// The element.
        element: String,
        /// The attribute.
        found: String,
        /// Those that are known.
        allowed: String,
    },
    /// An attribute that must be there.
    #[error("<{element}> has no attribute `{attribute}`")]
    MissingAttribute {
        /// The element.
        element: String,
        /// The attribute.
        attribute: &'static str,
    },
    /// An attribute with a value that it cannot have.
    #[error("{attribute}=\"{found}\" of <{element}>: allowed is {allowed}")]
    Value {
        /// The element.
        element: String,
        /// The attribute.
        attribute: &'static str,
        /// Its value, cut when it is long.
        found: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// An AVP without a type.
    #[error("AVP `{avp}` has no type; {allowed} is needed")]
    NoType {
        /// The AVP.
        avp: String,
        /// What states the type.
        allowed: &'static str,
    },
    /// An AVP with several types.
    #[error("AVP `{avp}` has more than one type")]
    SecondType {
        /// The AVP.
        avp: String,
    },
    /// A vendor bit without a vendor.
    #[error(
        "AVP `{avp}` must have the V bit but names no vendor-id, and its application does not name one vendor; it is read without vendor"
    )]
    NoVendor {
        /// The AVP.
        avp: String,
    },
    /// What the files say does not fit together.
    #[error(transparent)]
    Dictionary(Problem),
}

/// The text of a syntax error without the position, which the finding has.
fn syntax(error: &roxmltree::Error) -> String {
    match error {
        // Every file is read inside of one more element.
        roxmltree::Error::UnexpectedCloseTag(open, close, _) if close == WRAPPER => {
            format!("<{open}> is not closed")
        }
        roxmltree::Error::UnexpectedCloseTag(open, close, _) if open == WRAPPER => {
            format!("</{close}> closes nothing")
        }
        roxmltree::Error::UnexpectedCloseTag(open, close, _) => {
            format!("</{close}> stands where <{open}> is open")
        }
        roxmltree::Error::NodesLimitReached => format!("more than the {MAX_NODES} nodes that are allowed"),
        _ => {
            let text = error.to_string();
            let position = format!(" at {}", error.pos());
            format!("not well-formed XML: {}", text.replace(&position, ""))
        }
    }
}

struct Hint<'a>(Option<&'a String>);

fn hint(nearest: Option<&String>) -> Hint<'_> {
    Hint(nearest)
}

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(nearest) => write!(f, "; is `{nearest}` meant?"),
            None => Ok(()),
        }
    }
}

/// Faults and notes of one load.
#[derive(Debug, Default)]
pub(super) struct Report {
    faults: Vec<(Origin, Cause)>,
    more: usize,
    notes: Vec<(Origin, Cause)>,
}

impl Report {
    /// Keeps a fault, or counts it when there are too many.
    pub(super) fn fault(&mut self, origin: Origin, cause: Cause) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push((origin, cause));
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// Keeps a note, unless there are too many.
    pub(super) fn note(&mut self, origin: Origin, cause: Cause) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push((origin, cause));
        }
    }

    /// Whether there is any fault.
    pub(super) fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// The notes, with the paths of the files that their origins number.
    pub(super) fn into_notes(self, path: impl Fn(u32) -> Option<PathBuf>) -> Vec<Finding> {
        resolve(self.notes, path)
    }

    /// The faults, with the paths of the files that their origins number.
    pub(super) fn into_refused(self, path: impl Fn(u32) -> Option<PathBuf>) -> Refused {
        Refused { faults: resolve(self.faults, path), more: self.more }
    }
}

fn resolve(mut findings: Vec<(Origin, Cause)>, path: impl Fn(u32) -> Option<PathBuf>) -> Vec<Finding> {
    findings.sort_by_key(|(origin, _)| *origin);
    let finding = |(origin, cause): (Origin, Cause)| {
        let previous = match &cause {
            Cause::Dictionary(problem) => problem.previous().map(|previous| match previous.line {
                0 => (None, 0, 0),
                line => (path(previous.file), line, previous.column),
            }),
            _ => None,
        };
        Finding { path: path(origin.file), line: origin.line, column: origin.column, cause, previous }
    };
    findings.into_iter().map(finding).collect()
}
