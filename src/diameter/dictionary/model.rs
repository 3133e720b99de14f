//! What a dictionary knows: applications, vendors, commands with their grammars, and AVPs.
//!
//! Values only; they are put together by [`super::builder::DictionaryBuilder`] and asked through
//! [`super::Dictionary`]. Grammars follow the Command Code Format of RFC 6733 §3.2 and the Grouped AVP
//! Format of §4.4.

use std::borrow::Cow;
use std::fmt;

pub use crate::diameter::avp::AvpKey;

/// A name as it stands in the dictionary: borrowed when built in, owned when read from a file.
pub type Name = Cow<'static, str>;

/// How an AVP's data is laid out: the basic formats of RFC 6733 §4.2 and the derived ones of §4.3.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DataType {
    /// Any octets (§4.2).
    OctetString,
    /// Four octets, signed (§4.2).
    Integer32,
    /// Eight octets, signed (§4.2).
    Integer64,
    /// Four octets, unsigned (§4.2).
    Unsigned32,
    /// Eight octets, unsigned (§4.2).
    Unsigned64,
    /// Four octets, IEEE 754 (§4.2).
    Float32,
    /// Eight octets, IEEE 754 (§4.2).
    Float64,
    /// A sequence of AVPs (§4.4).
    Grouped,
    /// Address family and address (§4.3.1).
    Address,
    /// Seconds since 1900-01-01, four octets (§4.3.1).
    Time,
    /// UTF-8 text (§4.3.1).
    Utf8String,
    /// A host or realm name (§4.3.1).
    DiameterIdentity,
    /// `aaa://` or `aaas://` and where to (§4.3.1).
    DiameterUri,
    /// Four octets, signed, whose values have names (§4.3.1).
    Enumerated,
    /// A packet filter as text (§4.3.1).
    IpFilterRule,
    /// The dictionary does not say: octets.
    Unknown,
}

impl DataType {
    /// Every type, in the order of the standard.
    pub const ALL: [Self; 16] = [
        Self::OctetString,
        Self::Integer32,
        Self::Integer64,
        Self::Unsigned32,
        Self::Unsigned64,
        Self::Float32,
        Self::Float64,
        Self::Grouped,
        Self::Address,
        Self::Time,
        Self::Utf8String,
        Self::DiameterIdentity,
        Self::DiameterUri,
        Self::Enumerated,
        Self::IpFilterRule,
        Self::Unknown,
    ];

    /// The standard's spelling, `Unknown` for [`DataType::Unknown`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::OctetString => "OctetString",
            Self::Integer32 => "Integer32",
            Self::Integer64 => "Integer64",
            Self::Unsigned32 => "Unsigned32",
            Self::Unsigned64 => "Unsigned64",
            Self::Float32 => "Float32",
            Self::Float64 => "Float64",
            Self::Grouped => "Grouped",
            Self::Address => "Address",
            Self::Time => "Time",
            Self::Utf8String => "UTF8String",
            Self::DiameterIdentity => "DiameterIdentity",
            Self::DiameterUri => "DiameterURI",
            Self::Enumerated => "Enumerated",
            Self::IpFilterRule => "IPFilterRule",
            Self::Unknown => "Unknown",
        }
    }

    /// The type of that name, whatever the case of its letters.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|data_type| data_type.name().eq_ignore_ascii_case(name))
    }

    /// How many octets the data must have, where the type fixes it; other lengths are answered with
    /// result code 5014 (RFC 6733 §7.1.5).
    pub const fn fixed_length(self) -> Option<usize> {
        match self {
            Self::Integer32 | Self::Unsigned32 | Self::Float32 | Self::Time | Self::Enumerated => Some(4),
            Self::Integer64 | Self::Unsigned64 | Self::Float64 => Some(8),
            Self::OctetString
            | Self::Grouped
            | Self::Address
            | Self::Utf8String
            | Self::DiameterIdentity
            | Self::DiameterUri
            | Self::IpFilterRule
            | Self::Unknown => None,
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Whether an AVP flag is to be set (the columns of the tables in RFC 6733 §4.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FlagRule {
    /// The bit is set.
    Must,
    /// The sender decides; gyro sends it clear.
    May,
    /// The bit should be clear.
    ShouldNot,
    /// The bit is clear.
    MustNot,
}

impl FlagRule {
    /// The word of the dictionary files: `must`, `may`, `shouldnot`, `mustnot`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::May => "may",
            Self::ShouldNot => "shouldnot",
            Self::MustNot => "mustnot",
        }
    }

    /// The rule of that word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Must, Self::May, Self::ShouldNot, Self::MustNot].into_iter().find(|rule| rule.name() == name)
    }
}

impl fmt::Display for FlagRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One AVP: its key, its type, its flags, what is inside of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AvpDefinition {
    /// Vendor and code.
    pub key: AvpKey,
    /// The standard's name, for example `CC-Request-Type`.
    pub name: Name,
    /// How the data is laid out.
    pub data_type: DataType,
    /// The M bit.
    pub mandatory: FlagRule,
    /// The P bit (without meaning since RFC 6733; sent clear).
    pub protected: FlagRule,
    /// The V bit; `Must` whenever the key has a vendor.
    pub vendor_bit: FlagRule,
    /// What a Grouped AVP contains; empty and open for every other type.
    pub members: Grammar,
    /// The names of values, by value, each value once. Lists are open: a value without a name is no fault.
    pub enumerators: Vec<Enumerator>,
}

impl AvpDefinition {
    /// The name of a value of this AVP.
    pub fn enumerator(&self, value: i64) -> Option<&str> {
        let at = self.enumerators.binary_search_by_key(&value, |enumerator| enumerator.value).ok()?;
        self.enumerators.get(at).map(|enumerator| enumerator.name.as_ref())
    }

    /// The value with that name, whatever the case of its letters.
    pub fn value_of(&self, name: &str) -> Option<i64> {
        let found = self.enumerators.iter().find(|enumerator| enumerator.name.eq_ignore_ascii_case(name));
        found.map(|enumerator| enumerator.value)
    }
}

/// A named value of an Enumerated (or Unsigned32) AVP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Enumerator {
    /// The value on the wire, signed for Enumerated.
    pub value: i64,
    /// Its name.
    pub name: Name,
}

/// Which AVPs a message or a Grouped AVP consists of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grammar {
    /// One rule for an AVP, in the order of the standard's text.
    pub rules: Vec<AvpRule>,
    /// Whether AVPs without a rule are allowed too (`*[ AVP ]`). Holds also where the dictionary has no
    /// grammar at all.
    pub open: bool,
}

impl Grammar {
    /// No rules, everything allowed.
    pub const UNKNOWN: Self = Self { rules: Vec::new(), open: true };

    /// The rule for an AVP.
    pub fn rule(&self, key: AvpKey) -> Option<&AvpRule> {
        self.rules.iter().find(|rule| rule.avp == key)
    }

    /// The rules of AVPs that must be there at least once.
    pub fn required(&self) -> impl Iterator<Item = &AvpRule> {
        self.rules.iter().filter(|rule| rule.min > 0)
    }
}

impl Default for Grammar {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

/// How often and where an AVP stands (RFC 6733 §3.2: `< >`, `{ }`, `[ ]`, `min*max`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AvpRule {
    /// Which AVP.
    pub avp: AvpKey,
    /// Whether its place is fixed, or it is required, or optional.
    pub kind: RuleKind,
    /// How often it occurs at least.
    pub min: u32,
    /// How often it occurs at most; `None`: any number.
    pub max: Option<u32>,
}

/// The brackets of the Command Code Format.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RuleKind {
    /// `< AVP >`: its place is given (Session-Id comes first).
    Fixed,
    /// `{ AVP }`: it must be there, anywhere.
    Required,
    /// `[ AVP ]`: it may be there, anywhere.
    Optional,
}

impl RuleKind {
    /// The element of the dictionary files: `fixed`, `required`, `optional`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Required => "required",
            Self::Optional => "optional",
        }
    }
}

/// A command: a request and its answer, which share the code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommandDefinition {
    /// The application it is defined for; 0: the base protocol, and with it every application.
    pub application: u32,
    /// The command code.
    pub code: u32,
    /// The name without `-Request` and `-Answer`: `Credit-Control`.
    pub name: Name,
    /// The abbreviation without the last letter: `CC`, so that the request is `CCR` and the answer `CCA`.
    pub short: Name,
    /// Whether the P bit is set (`PXY` in the Command Code Format).
    pub proxiable: bool,
    /// What the request consists of.
    pub request: Grammar,
    /// What the answer consists of.
    pub answer: Grammar,
}

impl CommandDefinition {
    /// `CCR` or `CCA`.
    pub fn abbreviation(&self, request: bool) -> String {
        format!("{}{}", self.short, if request { 'R' } else { 'A' })
    }

    /// `Credit-Control-Request` or `Credit-Control-Answer`.
    pub fn full_name(&self, request: bool) -> String {
        format!("{}-{}", self.name, if request { "Request" } else { "Answer" })
    }

    /// The grammar of the request or of the answer.
    pub fn grammar(&self, request: bool) -> &Grammar {
        if request { &self.request } else { &self.answer }
    }
}

/// An application and its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Application {
    /// The Application-Id of the message header.
    pub id: u32,
    /// Its name.
    pub name: Name,
}

/// A vendor and its names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vendor {
    /// The IANA enterprise number.
    pub code: u32,
    /// The word that dictionary files refer to it by (`TGPP`).
    pub word: Name,
    /// Its name (`3GPP`).
    pub name: Name,
}
