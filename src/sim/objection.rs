//! What a gateway cannot live with: the rule that an answer hurts, and what was found instead.

use core::fmt;

/// A rule that gateways hold answers to, each known from one of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rule {
    /// The answer belongs to the request: command, application, identifiers, Session-Id, type and number echoed.
    Belongs,
    /// All that its grammar asks for stands in it.
    Whole,
    /// Session-Id is the first AVP.
    SessionFirst,
    /// An AVP with the M bit is one that the gateway knows.
    KnownMandatory,
    /// An AVP that may stand once stands once.
    Once,
    /// What it is not to look at below, it is not told there: a code that it takes at command level only.
    Level,
    /// Every Multiple-Services-Credit-Control has a Result-Code.
    QuotaCode,
    /// Every Multiple-Services-Credit-Control has the Rating-Group that was asked for, and each group has one.
    Groups,
    /// Success where quota was asked for comes with quota, or with what ends it.
    Quota,
    /// A grant is not of nothing.
    NotEmpty,
    /// A grant is in the unit that was asked for, and in no other.
    Unit,
    /// A refused quota has no grant beside the refusal.
    NoGrantBesideRefusal,
    /// Validity-Time is not zero, and stands with every grant that would else never be asked about again.
    Validity,
    /// A threshold is below the grant.
    Threshold,
    /// A final unit that limits, and does not end, says for how long.
    LimitHasValidity,
    /// An announcement before the end of a quota comes while the quota lasts.
    Announcement,
    /// Both final-unit indications are there, and ask for the same.
    BothIndications,
    /// Proxy-Infos come back, all of them, as they were and in their order.
    Proxies,
    /// Origin-Host is the configured one, and stays.
    SameHost,
    /// Origin-State-Id stays as long as the server runs.
    SameState,
    /// A release that wants threshold and holding time with each grant has them.
    Thrifty,
}

impl Rule {
    /// What a gateway does that is hurt by it.
    pub const fn told(self) -> &'static str {
        match self {
            Self::Belongs => "an answer belongs to its request",
            Self::Whole => "an answer has all AVPs that its grammar asks for",
            Self::SessionFirst => "Session-Id is the first AVP",
            Self::KnownMandatory => "no AVP with the M bit is unknown",
            Self::Once => "no AVP stands twice that may stand once",
            Self::Level => "a code stands where it is looked for",
            Self::QuotaCode => "every quota has a Result-Code",
            Self::Groups => "every group that was asked for is answered, once, by its Rating-Group",
            Self::Quota => "success is quota, where quota was asked for",
            Self::NotEmpty => "a grant is not empty",
            Self::Unit => "a grant is in the unit that is metered",
            Self::NoGrantBesideRefusal => "no grant stands beside a refusal",
            Self::Validity => "a grant has a Validity-Time, and not zero",
            Self::Threshold => "a threshold is below the grant",
            Self::LimitHasValidity => "redirection and restriction have a Validity-Time",
            Self::Announcement => "an announcement comes while its quota lasts",
            Self::BothIndications => "both final-unit indications ask for the same",
            Self::Proxies => "Proxy-Infos come back as they were sent",
            Self::SameHost => "the server's Origin-Host is the configured one",
            Self::SameState => "Origin-State-Id does not change",
            Self::Thrifty => "a grant has a threshold and a holding time",
        }
    }
}

/// An answer that a gateway does not accept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Objection {
    /// The rule that it hurts.
    pub rule: Rule,
    /// What was found.
    pub found: String,
}

impl Objection {
    /// An objection.
    pub fn new(rule: Rule, found: impl fmt::Display) -> Self {
        Self { rule, found: found.to_string() }
    }

    /// An objection unless something holds.
    pub fn unless(holds: bool, rule: Rule, found: impl fmt::Display) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::new(rule, found)) }
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; found {}", self.rule.told(), self.found)
    }
}

impl core::error::Error for Objection {}
