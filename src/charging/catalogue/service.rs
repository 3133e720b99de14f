//! Services and rating groups: what a client's words for a service stand for.

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
        let own = self.context.as_bytes();
        let asked = context.as_bytes();
        let Some(start) = asked.len().checked_sub(own.len()) else { return false };
        let Some((before, end)) = asked.split_at_checked(start) else { return false };
        end.eq_ignore_ascii_case(own) && before.last().is_none_or(|&octet| octet == b'.')
    }
}

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
