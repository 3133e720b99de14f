//! What may be wrong with the sources of a dictionary.

use std::fmt;

use super::declaration::Origin;
use super::model::{AvpKey, DataType, Name};

/// What keeps a dictionary from being made, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// What is wrong.
    pub problem: Problem,
    /// Where it stands.
    pub origin: Origin,
}

/// What an operator should know, though the dictionary was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// What was noticed.
    pub problem: Problem,
    /// Where it stands.
    pub origin: Origin,
}

/// What contradicts what, or is not known.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Problem {
    /// The same code with another content.
    #[error("AVP {name} ({key}) differs from the earlier definition in {differs}")]
    AvpRedefined {
        /// The later name.
        name: Name,
        /// The key that both have.
        key: AvpKey,
        /// The first thing in which they differ.
        differs: &'static str,
        /// Where the earlier one stands.
        previous: Origin,
    },
    /// The same command with another content.
    #[error("command {name} ({code}) differs from the earlier definition in {differs}")]
    CommandRedefined {
        /// The later name.
        name: Name,
        /// The command code.
        code: u32,
        /// What they differ in: the name, or the rule of an AVP.
        differs: String,
        /// Where the earlier one stands.
        previous: Origin,
    },
    /// The same application id with another name.
    #[error("application {id} is called {name}, earlier it was {earlier}")]
    ApplicationRedefined {
        /// The id.
        id: u32,
        /// The later name.
        name: Name,
        /// The earlier name.
        earlier: Name,
    },
    /// The same enterprise number, or the same word, for another vendor.
    #[error("vendor {word} ({code}) was {earlier_word} ({earlier_code}) earlier")]
    VendorRedefined {
        /// The later word.
        word: Name,
        /// The later number.
        code: u32,
        /// The earlier word.
        earlier_word: Name,
        /// The earlier number.
        earlier_code: u32,
    },
    /// A vendor word that nothing declares.
    #[error("AVP {avp} names vendor `{word}`, which no <vendor> declares{}", hint(nearest.as_ref()))]
    UnknownVendor {
        /// The AVP.
        avp: Name,
        /// The word.
        word: Name,
        /// A declared word that is near to it.
        nearest: Option<String>,
    },
    /// A type that nothing declares.
    #[error(
        "AVP {avp} has type `{data_type}`, which is no type of RFC 6733 and no declared one{}",
        hint(nearest.as_ref())
    )]
    UnknownType {
        /// The AVP.
        avp: Name,
        /// The type's name.
        data_type: Name,
        /// A type that is near to it.
        nearest: Option<String>,
    },
    /// A member or a rule that names no AVP.
    #[error("{of} names AVP `{name}`, which is not defined{}", hint(nearest.as_ref()))]
    UnknownMember {
        /// The group or command.
        of: Name,
        /// The name.
        name: Name,
        /// An AVP name that is near to it.
        nearest: Option<String>,
    },
    /// An AVP with members whose type is not Grouped.
    #[error("AVP {avp} has members, but its type is {data_type}; only Grouped has members")]
    MembersOfSimpleType {
        /// The AVP.
        avp: Name,
        /// Its type.
        data_type: DataType,
    },
    /// Two rules for one AVP in one grammar.
    #[error("{of} names AVP {name} twice")]
    RepeatedMember {
        /// The group or command.
        of: Name,
        /// The AVP.
        name: Name,
    },
    /// One value with two names; the first one counts.
    #[error("AVP {avp} has two names for value {value}: `{first}` and `{second}`")]
    RepeatedValue {
        /// The AVP.
        avp: Name,
        /// The value.
        value: i64,
        /// The name that counts.
        first: Name,
        /// The other one.
        second: Name,
    },
}

impl Problem {
    /// Where the earlier of two contradicting definitions stands.
    pub fn previous(&self) -> Option<Origin> {
        match self {
            Self::AvpRedefined { previous, .. } | Self::CommandRedefined { previous, .. } => Some(*previous),
            Self::ApplicationRedefined { .. }
            | Self::VendorRedefined { .. }
            | Self::UnknownVendor { .. }
            | Self::UnknownType { .. }
            | Self::UnknownMember { .. }
            | Self::MembersOfSimpleType { .. }
            | Self::RepeatedMember { .. }
            | Self::RepeatedValue { .. } => None,
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
