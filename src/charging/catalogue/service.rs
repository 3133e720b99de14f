//! Services and rating groups: what a client's words for a service stand for.

use crate::charging::answer::FinalUnit;
use crate::charging::units::Unit;

/// A service's place in the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ServiceIx(pub u16);

/// A currency: ISO 4217.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Currency {
    /// The three letters.
    pub code: [u8; 3],
    /// The number.
    pub numeric: u16,
}

impl Currency {
    /// The three letters as text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.code).unwrap_or("")
    }
}

/// A service: what a context stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    /// Its name in the tariff.
    pub name: Box<str>,
    /// The service context that selects it: equal, or the end of the client's text after a dot
    /// (TS 32.299 §7.1.12).
    pub context: Box<str>,
    /// What it is counted in.
    pub unit: Unit,
    /// The longest call, in seconds.
    pub max_call_secs: Option<u64>,
}

impl Service {
    /// Whether a client's context selects this service: the whole text, or its end after a dot, letters
    /// of either case (`32251@3gpp.org`, `8.32251@3gpp.org`, `ext.02.401.12.32251@3GPP.ORG`).
    pub fn has_context(&self, context: &str) -> bool {
        ends_in(context, &self.context)
    }

    /// Whether a client of this service can carry out what a final unit asks: traffic is sent to an address of
    /// its own kind or is filtered, a call is sent to a SIP URI, and nothing else can be limited: it ends.
    pub fn takes(&self, action: &FinalUnit) -> bool {
        let kind = match self.unit {
            Unit::Octets => Kind::Traffic,
            Unit::Seconds if TRAFFIC.iter().any(|known| ends_in(&self.context, known)) => Kind::Traffic,
            Unit::Seconds => Kind::Call,
            Unit::Pieces | Unit::Money => Kind::Neither,
        };
        match (action, kind) {
            (FinalUnit::Terminate, _) | (FinalUnit::Restrict(_), Kind::Traffic) => true,
            (FinalUnit::Redirect(redirect), Kind::Traffic) => !redirect.is_sip(),
            (FinalUnit::Redirect(redirect), Kind::Call) => redirect.is_sip(),
            (FinalUnit::Redirect(_), Kind::Neither)
            | (FinalUnit::Restrict(_), Kind::Call | Kind::Neither) => false,
        }
    }
}

/// Whether a context is this one, or ends in it after a dot.
fn ends_in(context: &str, known: &str) -> bool {
    let (context, known) = (context.as_bytes(), known.as_bytes());
    let Some(start) = context.len().checked_sub(known.len()) else { return false };
    let Some((before, end)) = context.split_at_checked(start) else { return false };
    end.eq_ignore_ascii_case(known) && before.last().is_none_or(|&octet| octet == b'.')
}

/// What a service carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Traffic,
    Call,
    Neither,
}

/// Contexts of packet data (TS 32.251, TS 32.253), which may be sold by time as well.
const TRAFFIC: [&str; 2] = ["32251@3gpp.org", "32253@3gpp.org"];

/// What a rating group stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RatingGroup {
    /// Its number.
    pub number: u32,
    /// The service it belongs to.
    pub service: ServiceIx,
    /// Its traffic class, by name.
    pub class: Option<Box<str>>,
    /// Whether it is free of charge in every plan.
    pub free: bool,
}
