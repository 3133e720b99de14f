//! Final-Unit-Indication (RFC 8506 §8.34–8.39): what the client does when the last units are used.

use super::fields::{Field, Level};
use super::wire::{Put, Reader, Seen};
use crate::charging::answer::FinalUnit;
use crate::diameter::avp::Avp;
use crate::diameter::encode::Encoder;

/// Final-Unit-Action (RFC 8506 §8.35), open: a client takes one that it does not know for TERMINATE.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FinalAction {
    /// The service ends.
    Terminate,
    /// The user is sent to another address.
    Redirect,
    /// The user reaches only what filters leave.
    RestrictAccess,
    /// Any other number.
    Other(i32),
}

impl FinalAction {
    /// From the number on the wire.
    pub const fn of(value: i32) -> Self {
        match value {
            0 => Self::Terminate,
            1 => Self::Redirect,
            2 => Self::RestrictAccess,
            other => Self::Other(other),
        }
    }

    /// The number on the wire.
    pub const fn value(self) -> i32 {
        match self {
            Self::Terminate => 0,
            Self::Redirect => 1,
            Self::RestrictAccess => 2,
            Self::Other(other) => other,
        }
    }
}

/// Redirect-Server (RFC 8506 §8.37).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RedirectServer<'a> {
    /// Redirect-Address-Type: 0 IPv4, 1 IPv6, 2 URL, 3 SIP URI.
    pub kind: i32,
    /// The address as text.
    pub address: &'a str,
}

/// Final-Unit-Indication.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Fui<'a> {
    /// What to do.
    pub action: FinalAction,
    /// Where to, for REDIRECT.
    pub redirect: Option<RedirectServer<'a>>,
    /// Restriction-Filter-Rules.
    pub rules: Vec<&'a str>,
    /// Filter-Ids: names of filters that the client has.
    pub filters: Vec<&'a str>,
}

impl<'a> Fui<'a> {
    /// An action and nothing else.
    pub const fn plain(action: FinalAction) -> Self {
        Self { action, redirect: None, rules: Vec::new(), filters: Vec::new() }
    }

    /// Reads it; none where it has no action.
    pub(super) fn read(reader: &mut Reader<'_>, group: &Avp<'a>) -> Option<Self> {
        let mut action = None;
        let mut fui = Self::plain(FinalAction::Terminate);
        let mut seen = Seen::default();
        for avp in reader.group(group)? {
            match reader.admit(Level::Fui, &mut seen, &avp) {
                Some(Field::FinalUnitAction) => action = reader.enumerated(&avp).map(FinalAction::of),
                Some(Field::RedirectServer) => fui.redirect = RedirectServer::read(reader, &avp),
                Some(field @ Field::RestrictionFilterRule) => fui.rules.extend(reader.text(field, &avp)),
                Some(field @ Field::FilterId) => fui.filters.extend(reader.text(field, &avp)),
                _ => (),
            }
        }
        fui.action = action?;
        Some(fui)
    }

    /// Writes it.
    pub(super) fn write(&self, out: &mut Encoder<'_>) {
        out.within(Field::FinalUnitIndication, |out| {
            out.signed(Field::FinalUnitAction, self.action.value().into());
            for rule in &self.rules {
                out.text(Field::RestrictionFilterRule, rule);
            }
            for filter in &self.filters {
                out.text(Field::FilterId, filter);
            }
            if let Some(server) = &self.redirect {
                out.within(Field::RedirectServer, |out| {
                    out.signed(Field::RedirectAddressType, server.kind.into());
                    out.text(Field::RedirectServerAddress, server.address);
                });
            }
        });
    }
}

impl<'a> RedirectServer<'a> {
    fn read(reader: &mut Reader<'_>, group: &Avp<'a>) -> Option<Self> {
        let (mut kind, mut address) = (None, None);
        let mut seen = Seen::default();
        for avp in reader.group(group)? {
            match reader.admit(Level::RedirectServer, &mut seen, &avp) {
                Some(Field::RedirectAddressType) => kind = reader.enumerated(&avp),
                Some(field @ Field::RedirectServerAddress) => address = reader.text(field, &avp),
                _ => (),
            }
        }
        Some(Self { kind: kind?, address: address? })
    }
}

/// The indication for what charging decided.
pub(super) const fn indication(last: &FinalUnit) -> Fui<'static> {
    match last {
        FinalUnit::Terminate => Fui::plain(FinalAction::Terminate),
    }
}
