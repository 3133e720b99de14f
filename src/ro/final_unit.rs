//! Final-Unit-Indication and QoS-Final-Unit-Indication (RFC 8506 §8.34–8.39, §8.64–8.68): what the client does when the
//! last units are used.

use core::net::IpAddr;

use super::fields::{Field, Level};
use super::wire::{Put, Reader, Seen};
use crate::charging::answer::{FinalUnit, Reach};
use crate::diameter::avp::Avp;
use crate::diameter::data::Address;
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
        Self::read_at(reader, Level::Fui, group)
    }

    /// Reads a QoS-Final-Unit-Indication; none where it has no action.
    pub(super) fn read_qos(reader: &mut Reader<'_>, group: &Avp<'a>) -> Option<Self> {
        Self::read_at(reader, Level::QosFui, group)
    }

    fn read_at(reader: &mut Reader<'_>, level: Level, group: &Avp<'a>) -> Option<Self> {
        let mut action = None;
        let mut fui = Self::plain(FinalAction::Terminate);
        let mut seen = Seen::default();
        for avp in reader.group(group)? {
            match reader.admit(level, &mut seen, &avp) {
                Some(Field::FinalUnitAction) => action = reader.enumerated(&avp).map(FinalAction::of),
                Some(Field::RedirectServer) => fui.redirect = RedirectServer::read(reader, &avp),
                Some(Field::RedirectServerExtension) => {
                    fui.redirect = RedirectServer::read_extension(reader, &avp);
                }
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

    /// Writes it as a QoS-Final-Unit-Indication, for clients of RFC 8506: they follow it and let the other be. Rules
    /// in the words of Restriction-Filter-Rule have no place in it.
    pub(super) fn write_qos(&self, out: &mut Encoder<'_>) {
        out.within(Field::QosFinalUnitIndication, |out| {
            out.signed(Field::FinalUnitAction, self.action.value().into());
            for filter in &self.filters {
                out.text(Field::FilterId, filter);
            }
            if let Some(server) = &self.redirect {
                out.within(Field::RedirectServerExtension, |out| server.write_extension(out));
            }
        });
    }
}

impl<'a> RedirectServer<'a> {
    const IPV4: i32 = 0;
    const IPV6: i32 = 1;
    const URL: i32 = 2;
    const SIP_URI: i32 = 3;

    /// An address of whatever kind it looks like.
    pub fn of(address: &'a str) -> Self {
        let begins = |scheme: &str| {
            address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        let kind = match address.parse() {
            Ok(IpAddr::V4(_)) => Self::IPV4,
            Ok(IpAddr::V6(_)) => Self::IPV6,
            Err(_) if begins("sip:") || begins("sips:") => Self::SIP_URI,
            Err(_) => Self::URL,
        };
        Self { kind, address }
    }

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

    /// A URL or a SIP URI; an IP address is not text there, and is let pass.
    fn read_extension(reader: &mut Reader<'_>, group: &Avp<'a>) -> Option<Self> {
        let mut server = None;
        let mut seen = Seen::default();
        for avp in reader.group(group)? {
            let (field, kind) = match reader.admit(Level::RedirectServerExtension, &mut seen, &avp) {
                Some(field @ Field::RedirectAddressUrl) => (field, Self::URL),
                Some(field @ Field::RedirectAddressSipUri) => (field, Self::SIP_URI),
                _ => continue,
            };
            server = reader.text(field, &avp).map(|address| Self { kind, address });
        }
        server
    }

    fn write_extension(&self, out: &mut Encoder<'_>) {
        match self.address.parse::<IpAddr>() {
            Ok(address) => {
                out.address(Field::RedirectAddressIp.def(), Address::from(address));
            }
            Err(_) if self.kind == Self::SIP_URI => {
                out.text(Field::RedirectAddressSipUri, self.address);
            }
            Err(_) => {
                out.text(Field::RedirectAddressUrl, self.address);
            }
        }
    }
}

/// The indication for what charging decided.
pub(super) fn indication(last: &FinalUnit) -> Fui<'_> {
    match last {
        FinalUnit::Terminate => Fui::plain(FinalAction::Terminate),
        FinalUnit::Redirect(redirect) => Fui {
            redirect: Some(RedirectServer::of(&redirect.to)),
            ..reaching(FinalAction::Redirect, &redirect.open)
        },
        FinalUnit::Restrict(open) => reaching(FinalAction::RestrictAccess, open),
    }
}

fn reaching(action: FinalAction, open: &Reach) -> Fui<'_> {
    let rules = open.rules.iter().map(|rule| &**rule).collect();
    let filters = open.filters.iter().map(|filter| &**filter).collect();
    Fui { action, redirect: None, rules, filters }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_the_kind_it_looks_like() {
        for (address, kind) in [
            ("192.0.2.1", 0),
            ("2001:db8::1", 1),
            ("https://pay.example/top-up", 2),
            ("sip:pay@ims.example", 3),
            ("SIPS:pay@ims.example", 3),
            ("s", 2),
        ] {
            assert_eq!(RedirectServer::of(address).kind, kind, "{address}");
        }
    }

    #[test]
    fn a_rule_that_a_tariff_may_have_is_one_for_the_wire() {
        use crate::charging::catalogue::build::is_filter_rule;
        use crate::diameter::data::IpFilterRule;
        let ends = [
            "any",
            "assigned",
            "192.0.2.10",
            "!192.0.2.0/24",
            "2001:db8::/32",
            "any 80,8000-8080",
            "10.0.0.1/33",
        ];
        let options = ["", " frag", " established setup", " tcpflags syn,!ack", " sometimes"];
        for head in ["permit in ip", "deny out 17", "permit out 256", "allow in ip"] {
            for (from, to) in ends.iter().flat_map(|from| ends.map(|to| (from, to))) {
                for option in options {
                    let rule = format!("{head} from {from} to {to}{option}");
                    assert!(!is_filter_rule(&rule) || IpFilterRule::parse(rule.as_bytes()).is_ok(), "{rule}");
                }
            }
        }
    }
}
