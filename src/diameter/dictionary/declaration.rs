//! What a source of a dictionary says, with names where a dictionary has keys, and where it says so.

use super::model::{Application, Enumerator, FlagRule, Name, RuleKind, Vendor};

/// Where something was said: the number of a file and the place in it, for whoever read the file. The
/// builder only hands it back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Origin {
    /// The reader's number of the file.
    pub file: u32,
    /// The line, from 1; 0 if there is none (built in).
    pub line: u32,
    /// The column in characters, from 1; 0 if there is none.
    pub column: u32,
}

/// What a source is to the ones before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// Must agree with what is there.
    Standard,
    /// Wins over what is there.
    Override,
}

/// A vendor as a source refers to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum VendorRef {
    /// By its enterprise number; 0: no vendor.
    Code(u32),
    /// By the word of a [`Vendor`], in this source or an earlier one.
    Word(Name),
}

/// A named type and the type that it is a kind of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypeDeclaration {
    /// The name.
    pub name: Name,
    /// What it derives from, if the source says so.
    pub parent: Option<Name>,
}

/// An AVP as a source says it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AvpDeclaration {
    /// Its name.
    pub name: Name,
    /// Its code.
    pub code: u32,
    /// Its vendor.
    pub vendor: VendorRef,
    /// The name of its type.
    pub data_type: Name,
    /// The M bit.
    pub mandatory: FlagRule,
    /// The P bit.
    pub protected: FlagRule,
    /// The V bit, for AVPs without a vendor; those with one always set it.
    pub vendor_bit: FlagRule,
    /// What is inside, for Grouped.
    pub members: GrammarDeclaration,
    /// The names of values.
    pub enumerators: Vec<Enumerator>,
    /// Where it stands.
    pub origin: Origin,
}

/// A command as a source says it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommandDeclaration {
    /// The application, 0 for the base protocol.
    pub application: u32,
    /// The code.
    pub code: u32,
    /// The name without `-Request`.
    pub name: Name,
    /// The abbreviation without the last letter; `None`: the first letters of the words in the name.
    pub short: Option<Name>,
    /// Whether the P bit is set; `None`: the source does not say.
    pub proxiable: Option<bool>,
    /// What the request consists of.
    pub request: GrammarDeclaration,
    /// What the answer consists of.
    pub answer: GrammarDeclaration,
    /// Where it stands.
    pub origin: Origin,
}

/// A grammar by names; `AVP` as a name opens it to all AVPs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GrammarDeclaration {
    /// The rules in their order. No rules at all: nothing is known, so everything is allowed.
    pub rules: Vec<RuleDeclaration>,
}

/// A rule by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleDeclaration {
    /// The AVP's name.
    pub name: Name,
    /// Its brackets.
    pub kind: RuleKind,
    /// How often at least.
    pub min: u32,
    /// How often at most; `None`: any number.
    pub max: Option<u32>,
    /// Where it stands.
    pub origin: Origin,
}

/// Everything that one source says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Source {
    /// Applications and where they stand.
    pub applications: Vec<(Application, Origin)>,
    /// Vendors and where they stand.
    pub vendors: Vec<(Vendor, Origin)>,
    /// Named types.
    pub types: Vec<TypeDeclaration>,
    /// Commands.
    pub commands: Vec<CommandDeclaration>,
    /// AVPs.
    pub avps: Vec<AvpDeclaration>,
}
