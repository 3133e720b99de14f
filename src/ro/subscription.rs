//! Who pays: Subscription-Id (RFC 8506 §8.46–8.48), Subscription-Id-Extension (§8.58–8.63), User-Name, and the
//! Alternate-Charged-Party-Address of TS 32.299, to the identities of charging.
//!
//! Clients name a subscriber in many ways. Numbers are found in all of them: a plus sign, `tel:` and `sip:`,
//! the user part of a SIP URI or of an NAI, separators between digits. Fourteen or fifteen digits in front of an
//! `@`, or as a User-Name, are an IMSI unless a plus sign stands before them (TS 23.003 §13.4, §19.3): no E.164
//! number is written so there.

use super::fields::{Field, Level};
use super::wire::{Put, Reader, Seen};
use crate::charging::free_numbers::{Called, called};
use crate::charging::request::Identity;
use crate::charging::units::Digits;
use crate::diameter::avp::Avp;
use crate::diameter::encode::Encoder;

/// Subscription-Id-Type (RFC 8506 §8.47): open, since a type that is not known may be let pass.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SubscriptionType {
    /// An E.164 number.
    E164,
    /// An IMSI.
    Imsi,
    /// A SIP URI.
    SipUri,
    /// A network access identifier.
    Nai,
    /// Something private.
    Private,
    /// Any other number.
    Other(i32),
}

impl SubscriptionType {
    /// From the number on the wire.
    pub const fn of(value: i32) -> Self {
        match value {
            0 => Self::E164,
            1 => Self::Imsi,
            2 => Self::SipUri,
            3 => Self::Nai,
            4 => Self::Private,
            other => Self::Other(other),
        }
    }

    /// Whether the standard does not have it.
    pub const fn is_strange(self) -> bool {
        matches!(self, Self::Other(_))
    }

    /// The number on the wire.
    pub const fn value(self) -> i32 {
        match self {
            Self::E164 => 0,
            Self::Imsi => 1,
            Self::SipUri => 2,
            Self::Nai => 3,
            Self::Private => 4,
            Self::Other(other) => other,
        }
    }
}

/// One Subscription-Id, or one name of a Subscription-Id-Extension.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Subscription<'a> {
    /// What kind of name it is.
    pub kind: SubscriptionType,
    /// The name as it came.
    pub data: &'a str,
}

impl<'a> Subscription<'a> {
    /// Reads a Subscription-Id; none where it has no data. One without a type is taken as private.
    pub(super) fn read(reader: &mut Reader<'_>, group: &Avp<'a>) -> Option<Self> {
        let (mut kind, mut data) = (SubscriptionType::Private, None);
        let mut seen = Seen::default();
        for avp in reader.group(group)? {
            match reader.admit(Level::SubscriptionId, &mut seen, &avp) {
                Some(Field::SubscriptionIdType) => kind = SubscriptionType::of(reader.enumerated(&avp)?),
                Some(field @ Field::SubscriptionIdData) => data = reader.text(field, &avp),
                _ => (),
            }
        }
        data.map(|data| Self { kind, data })
    }

    /// Reads a Subscription-Id-Extension into `names`. One has exactly one name (RFC 8506 §8.58); where a client puts
    /// several of different kinds into one, each of them names the subscriber, as it would in a group of its own.
    pub(super) fn read_extension(reader: &mut Reader<'_>, group: &Avp<'a>, names: &mut Vec<Self>) {
        let mut seen = Seen::default();
        for avp in reader.group(group).into_iter().flatten() {
            let Some(field) = reader.admit(Level::SubscriptionIdExtension, &mut seen, &avp) else { continue };
            let kind = MEMBERS.into_iter().find(|(member, _)| *member == field).map(|(_, kind)| kind);
            let data = reader.text(field, &avp);
            names.extend(kind.zip(data).map(|(kind, data)| Self { kind, data }));
        }
    }

    /// Writes it as a Subscription-Id-Extension; nothing where that has no member for its kind.
    pub(super) fn write_extension(&self, out: &mut Encoder<'_>) {
        if let Some((member, _)) = MEMBERS.into_iter().find(|(_, kind)| *kind == self.kind) {
            out.within(Field::SubscriptionIdExtension, |out| {
                out.text(member, self.data);
            });
        }
    }

    /// Writes it as a Subscription-Id.
    pub(super) fn write(&self, out: &mut Encoder<'_>) {
        out.within(Field::SubscriptionId, |out| {
            out.signed(Field::SubscriptionIdType, self.kind.value().into());
            out.text(Field::SubscriptionIdData, self.data);
        });
    }

    /// The identity that it names; none where it is empty.
    pub(super) fn identity(&self) -> Option<Identity> {
        let data = trimmed(self.data);
        match self.kind {
            SubscriptionType::E164 => number(data, Bare::E164),
            SubscriptionType::Imsi => number(data, Bare::Imsi),
            SubscriptionType::SipUri | SubscriptionType::Nai => number(data, Bare::ByLength),
            SubscriptionType::Private | SubscriptionType::Other(_) => other(data),
        }
    }
}

/// The members of a Subscription-Id-Extension, and the kinds that they are.
const MEMBERS: [(Field, SubscriptionType); 5] = [
    (Field::SubscriptionIdE164, SubscriptionType::E164),
    (Field::SubscriptionIdImsi, SubscriptionType::Imsi),
    (Field::SubscriptionIdSipUri, SubscriptionType::SipUri),
    (Field::SubscriptionIdNai, SubscriptionType::Nai),
    (Field::SubscriptionIdPrivate, SubscriptionType::Private),
];

/// The identity that the address of a party is; none where it is empty. A number may be written as it is dialled.
pub(super) fn party(address: &str) -> Option<Identity> {
    match (number(trimmed(address), Bare::ByLength), called(address)) {
        (Some(Identity::E164(_)), Called::E164(number)) => Some(Identity::E164(number)),
        (identity, _) => identity,
    }
}

/// The identity that a User-Name is; none where it is empty.
pub(super) fn user_name(name: &str) -> Option<Identity> {
    number(trimmed(name), Bare::ByLength)
}

/// E.164 numbers first, then IMSIs, then all else, each in the order given and each once: the first that is known
/// decides, and so a number beats an IMSI.
pub(super) fn by_weight(identities: &mut Vec<Identity>) {
    let weight = |identity: &Identity| match identity {
        Identity::E164(_) => 0,
        Identity::Imsi(_) => 1,
        Identity::Other(_) => 2,
    };
    identities.sort_by_key(weight);
    identities.dedup();
}

/// What digits without a plus sign are.
#[derive(Clone, Copy)]
enum Bare {
    E164,
    Imsi,
    /// Fourteen or fifteen are an IMSI, fewer are a number.
    ByLength,
}

fn number(data: &str, bare: Bare) -> Option<Identity> {
    let user = user_part(data);
    let (plus, digits) = match user.strip_prefix('+') {
        Some(rest) => (true, digits(rest)),
        None => (false, digits(user)),
    };
    let Some(digits) = digits else { return other(data) };
    let imsi = match bare {
        _ if plus => false,
        Bare::E164 => false,
        Bare::Imsi => true,
        Bare::ByLength => digits.len() >= 14,
    };
    Some(if imsi { Identity::Imsi(digits) } else { Identity::E164(digits) })
}

fn other(data: &str) -> Option<Identity> {
    (!data.is_empty()).then(|| Identity::Other(data.into()))
}

/// Without what some clients leave around a text: spaces, and the zero that ends a string in C.
fn trimmed(data: &str) -> &str {
    data.trim_matches(|c: char| c == '\0' || c.is_ascii_whitespace())
}

/// `user` of `sip:user;parameters@host;parameters`, `tel:user;parameters`, `user@realm` or `user`.
fn user_part(data: &str) -> &str {
    let schemes = ["sip:", "sips:", "tel:"];
    let rest = schemes.iter().find_map(|scheme| {
        let (start, rest) = data.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    let rest = rest.unwrap_or(data);
    let user = rest.split_once('@').map_or(rest, |(user, _)| user);
    user.split_once(';').map_or(user, |(user, _)| user)
}

/// Digits with the separators of RFC 3966 §5.1.1 taken out. Of sixteen digits the first is dropped where it is the
/// 0, 1 or 6 that tells the kind of an NAI made of an IMSI (TS 23.003 §19.3.2, RFC 4187 §4.1.1.6).
fn digits(text: &str) -> Option<Digits> {
    let mut packed = [0_u8; 16];
    let mut count = 0;
    for octet in text.bytes() {
        match octet {
            b'0'..=b'9' => {
                *packed.get_mut(count)? = octet;
                count = count.checked_add(1)?;
            }
            b'-' | b'.' | b' ' | b'(' | b')' => (),
            _ => return None,
        }
    }
    let all = packed.get(..count)?;
    let kept = match all {
        [b'0' | b'1' | b'6', imsi @ ..] if count == 16 => imsi,
        all => all,
    };
    Digits::parse(core::str::from_utf8(kept).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn e164(digits: &str) -> Option<Identity> {
        Digits::parse(digits).map(Identity::E164)
    }

    fn imsi(digits: &str) -> Option<Identity> {
        Digits::parse(digits).map(Identity::Imsi)
    }

    fn named(text: &str) -> Option<Identity> {
        (!text.is_empty()).then(|| Identity::Other(text.into()))
    }

    #[test]
    fn a_subscriber_is_found_in_every_way_of_writing_his_number() {
        use SubscriptionType as T;
        for (kind, data, identity) in [
            (T::E164, "77010000001", e164("77010000001")),
            (T::E164, "+77010000001", e164("77010000001")),
            (T::E164, "+7 (701) 000-00-01", e164("77010000001")),
            (T::E164, "77010000001\0", e164("77010000001")),
            (T::E164, "tel:+77010000001", e164("77010000001")),
            (T::E164, "123456789012345", e164("123456789012345")),
            (T::E164, "anonymous", named("anonymous")),
            (T::E164, "", None),
            (T::Imsi, "401020000000001", imsi("401020000000001")),
            (T::Imsi, "00101123456", imsi("00101123456")),
            (T::SipUri, "sip:+77010000001@ims.mnc002.mcc401.3gppnetwork.org", e164("77010000001")),
            (T::SipUri, "SIP:77010000001@kcell.kz;user=phone", e164("77010000001")),
            (T::SipUri, "sip:+77010000001;npdi@kcell.kz", e164("77010000001")),
            (T::SipUri, "tel:+7-701-000-00-01;phone-context=x", e164("77010000001")),
            (T::SipUri, "sip:401020000000001@ims.mnc002.mcc401.3gppnetwork.org", imsi("401020000000001")),
            (T::SipUri, "sip:aliya@kcell.kz", named("sip:aliya@kcell.kz")),
            (T::Nai, "0401020000000001@nai.epc.mnc002.mcc401.3gppnetwork.org", imsi("401020000000001")),
            (T::Nai, "77010000001@kcell.kz", e164("77010000001")),
            (T::Nai, "aliya@kcell.kz", named("aliya@kcell.kz")),
            (T::Private, "77010000001", named("77010000001")),
            (T::Other(9), "x", named("x")),
        ] {
            assert_eq!(Subscription { kind, data }.identity(), identity, "{kind:?} {data:?}");
        }
    }

    #[test]
    fn a_user_name_is_an_identity_as_well() {
        assert_eq!(user_name("77010000001"), e164("77010000001"));
        assert_eq!(user_name("401020000000001@ims.kz"), imsi("401020000000001"));
        assert_eq!(user_name("aliya"), named("aliya"));
        assert_eq!(user_name(" "), None);
    }

    #[test]
    fn the_address_of_a_party_is_a_number_however_it_is_dialled() {
        for address in
            ["tel:+77010000001", "87010000001", "sip:+77010000001@ims.kz;user=phone", "tel:8-701-000-00-01"]
        {
            assert_eq!(party(address), e164("77010000001"), "{address}");
        }
        assert_eq!(party("sip:401020000000001@ims.kz"), imsi("401020000000001"));
        assert_eq!(party("sip:office@kcell.kz"), named("sip:office@kcell.kz"));
        assert_eq!(party(""), None);
    }

    #[test]
    fn a_number_beats_an_imsi_and_both_beat_a_name() {
        let all = [named("x"), imsi("401020000000001"), e164("77010000001"), e164("77010000001")];
        let mut identities: Vec<_> = all.into_iter().flatten().collect();
        by_weight(&mut identities);
        let expected = [e164("77010000001"), imsi("401020000000001"), named("x")];
        assert_eq!(identities, expected.into_iter().flatten().collect::<Vec<_>>());
    }

    #[test]
    fn types_are_open() {
        for value in [-1, 0, 1, 2, 3, 4, 5, 77] {
            assert_eq!(SubscriptionType::of(value).value(), value);
        }
    }
}
