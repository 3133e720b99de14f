//! What Service-Information (TS 32.299 §7.2.192) says that charging acts on: where the subscriber is, who speaks
//! with whom, to whom a message goes.
//!
//! Some gateways put the same AVPs at command level, outside of their groups: they are read there as well.
//! All else in Service-Information is let pass unread.

use super::fields::{Field, Level};
use super::subscription::Subscription;
use super::wire::{Put, Reader, Seen};
use crate::charging::free_numbers::{Called, called};
use crate::charging::request::{Identity, Parties, Place, Role};
use crate::charging::units::Digits;
use crate::diameter::avp::Avp;
use crate::diameter::encode::Encoder;

/// The service context of data (TS 32.299 §7.1.12).
pub const CONTEXT_DATA: &str = "32251@3gpp.org";
/// The service context of IMS and VoLTE.
pub const CONTEXT_IMS: &str = "32260@3gpp.org";
/// The service context of multimedia messages.
pub const CONTEXT_MMS: &str = "32270@3gpp.org";
/// The service context of short messages.
pub const CONTEXT_SMS: &str = "32274@3gpp.org";
/// The service context of calls over circuits.
pub const CONTEXT_VCS: &str = "32276@3gpp.org";

/// Whether a context is that of short or multimedia messages: the whole text, or its end after a dot, letters of
/// either case (TS 32.299 §7.1.12).
pub(super) fn is_message(context: &str) -> bool {
    let asked = context.as_bytes();
    [CONTEXT_SMS, CONTEXT_MMS].into_iter().any(|own| {
        let start = asked.len().checked_sub(own.len()).and_then(|start| asked.split_at_checked(start));
        start.is_some_and(|(before, end)| {
            end.eq_ignore_ascii_case(own.as_bytes()) && before.last().is_none_or(|&octet| octet == b'.')
        })
    })
}

/// Which of the groups were there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Kinds {
    /// PS-Information.
    pub ps: bool,
    /// IMS-Information.
    pub ims: bool,
    /// SMS-Information.
    pub sms: bool,
    /// MMS-Information.
    pub mms: bool,
    /// VCS-Information.
    pub vcs: bool,
}

impl Kinds {
    /// The service context that the groups tell; data where they tell none (RFC 8506 §8.42 leaves it open).
    pub const fn context(self) -> &'static str {
        match self {
            Self { sms: true, .. } => CONTEXT_SMS,
            Self { mms: true, .. } => CONTEXT_MMS,
            Self { vcs: true, .. } => CONTEXT_VCS,
            Self { ims: true, .. } => CONTEXT_IMS,
            _ => CONTEXT_DATA,
        }
    }
}

/// A recipient of a message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Recipient<'a> {
    /// Address-Type (TS 32.299 §7.2.8), where said.
    pub kind: Option<i32>,
    /// Address-Data; empty where there is none.
    pub address: &'a str,
}

/// What is read of Service-Information.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServiceInformation<'a> {
    /// The groups that were there.
    pub kinds: Kinds,
    /// 3GPP-SGSN-MCC-MNC: the serving network, five or six digits.
    pub serving_plmn: Option<&'a str>,
    /// 3GPP-User-Location-Info, as TS 29.061 §16.4.7.2 has it.
    pub location: Option<&'a [u8]>,
    /// 3GPP-RAT-Type.
    pub radio: Option<u8>,
    /// Called-Station-Id: the access point name.
    pub access_point: Option<&'a str>,
    /// Role-Of-Node.
    pub role: Option<i32>,
    /// Calling-Party-Address, the first. Nobody is identified by it: it may be withheld.
    pub calling: Option<&'a str>,
    /// Called-Party-Address.
    pub called: Option<&'a str>,
    /// Requested-Party-Address, the first.
    pub requested: Option<&'a str>,
    /// Alternate-Charged-Party-Address: who pays in place of the one who calls.
    pub alternate: Option<&'a str>,
    /// Originator-Interface's Interface-Type.
    pub interface: Option<i32>,
    /// Number-Of-Messages-Sent.
    pub messages: Option<u32>,
    /// Whom a message is from: Originator-Received-Address, or Originator-Address of a multimedia message.
    pub originator: Option<&'a str>,
    /// The recipients, an entry for each Recipient-Info.
    pub recipients: Vec<Recipient<'a>>,
}

impl<'a> ServiceInformation<'a> {
    /// Nothing.
    pub const EMPTY: Self = Self {
        kinds: Kinds { ps: false, ims: false, sms: false, mms: false, vcs: false },
        serving_plmn: None,
        location: None,
        radio: None,
        access_point: None,
        role: None,
        calling: None,
        called: None,
        requested: None,
        alternate: None,
        interface: None,
        messages: None,
        originator: None,
        recipients: Vec::new(),
    };

    /// Reads Service-Information itself, with the Subscription-Ids in it.
    pub(super) fn read(
        &mut self,
        reader: &mut Reader<'_>,
        group: &Avp<'a>,
        subscriptions: &mut Vec<Subscription<'a>>,
    ) {
        let mut seen = Seen::default();
        for avp in reader.group(group).into_iter().flatten() {
            match reader.admit(Level::ServiceInformation, &mut seen, &avp) {
                Some(Field::SubscriptionId) => {
                    let named = Subscription::read(reader, &avp);
                    subscriptions.extend(named.filter(|named| !subscriptions.contains(named)));
                }
                Some(field) => self.read_field(reader, field, &avp),
                None => (),
            }
        }
    }

    /// Reads one AVP of any of the groups, or a group, wherever it stands.
    pub(super) fn read_field(&mut self, reader: &mut Reader<'_>, field: Field, avp: &Avp<'a>) {
        match field {
            Field::PsInformation => {
                self.kinds.ps = true;
                self.read_group(reader, Level::Ps, avp);
            }
            Field::ImsInformation => {
                self.kinds.ims = true;
                self.read_group(reader, Level::Call, avp);
            }
            Field::VcsInformation => {
                self.kinds.vcs = true;
                self.read_group(reader, Level::Call, avp);
            }
            Field::SmsInformation => {
                self.kinds.sms = true;
                self.read_group(reader, Level::Messaging, avp);
            }
            Field::MmsInformation => {
                self.kinds.mms = true;
                self.read_group(reader, Level::Messaging, avp);
            }
            Field::OriginatorInterface => self.read_group(reader, Level::OriginatorInterface, avp),
            Field::InterfaceType => first(&mut self.interface, reader.enumerated(avp)),
            Field::NumberOfMessagesSent => first(&mut self.messages, reader.word(avp)),
            Field::OriginatorAddress | Field::OriginatorReceivedAddress => {
                let data = avp.find(Field::AddressData.def().key);
                let text = data.and_then(|data| data.utf8().ok()).filter(|text| !text.is_empty());
                first(&mut self.originator, text);
            }
            Field::RecipientInfo => {
                let recipient = read_recipient_info(reader, avp);
                self.recipients.push(recipient);
            }
            Field::RecipientAddress => {
                let recipient = read_address(reader, avp);
                self.recipients.push(recipient);
            }
            // for information: what cannot be read is as good as absent
            Field::SgsnMccMnc => first(&mut self.serving_plmn, avp.utf8().ok()),
            Field::UserLocationInfo => first(&mut self.location, Some(avp.data())),
            Field::RatType => first(&mut self.radio, avp.data().first().copied()),
            Field::CalledStationId => first(&mut self.access_point, avp.utf8().ok()),
            Field::RoleOfNode => first(&mut self.role, reader.enumerated(avp)),
            Field::CallingPartyAddress => first(&mut self.calling, reader.text(field, avp)),
            Field::CalledPartyAddress => first(&mut self.called, reader.text(field, avp)),
            Field::RequestedPartyAddress => first(&mut self.requested, reader.text(field, avp)),
            Field::AlternateChargedPartyAddress => first(&mut self.alternate, reader.text(field, avp)),
            _ => (),
        }
    }

    fn read_group(&mut self, reader: &mut Reader<'_>, level: Level, group: &Avp<'a>) {
        let mut seen = Seen::default();
        for avp in reader.group(group).into_iter().flatten() {
            if let Some(field) = reader.admit(level, &mut seen, &avp) {
                self.read_field(reader, field, &avp);
            }
        }
    }

    /// Writes it: fields in the group they belong to where that is there, else at command level.
    pub(super) fn write(&self, out: &mut Encoder<'_>) {
        let kinds = self.kinds;
        if kinds != Kinds::default() {
            out.within(Field::ServiceInformation, |out| {
                if kinds.ps {
                    out.within(Field::PsInformation, |out| self.write_place(out));
                }
                if kinds.ims {
                    out.within(Field::ImsInformation, |out| self.write_call(out));
                }
                if kinds.vcs {
                    let parties = |out: &mut Encoder<'_>| {
                        if !kinds.ims {
                            self.write_call(out);
                        }
                    };
                    out.within(Field::VcsInformation, parties);
                }
                if kinds.sms {
                    out.within(Field::SmsInformation, |out| self.write_messages(out, Field::RecipientInfo));
                }
                if kinds.mms {
                    let recipients = |out: &mut Encoder<'_>| {
                        if !kinds.sms {
                            self.write_messages(out, Field::RecipientAddress);
                        }
                    };
                    out.within(Field::MmsInformation, recipients);
                }
            });
        }
        if !kinds.ps {
            self.write_place(out);
        }
        if !kinds.ims && !kinds.vcs {
            self.write_call(out);
        }
    }

    fn write_place(&self, out: &mut Encoder<'_>) {
        if let Some(plmn) = self.serving_plmn {
            out.text(Field::SgsnMccMnc, plmn);
        }
        if let Some(radio) = self.radio {
            out.plain(Field::RatType, &[radio]);
        }
        if let Some(location) = self.location {
            out.plain(Field::UserLocationInfo, location);
        }
        if let Some(name) = self.access_point {
            out.text(Field::CalledStationId, name);
        }
    }

    fn write_call(&self, out: &mut Encoder<'_>) {
        if let Some(role) = self.role {
            out.signed(Field::RoleOfNode, role.into());
        }
        if self.kinds.ims {
            out.signed(Field::NodeFunctionality, 6);
        }
        for (field, address) in [
            (Field::CallingPartyAddress, self.calling),
            (Field::CalledPartyAddress, self.called),
            (Field::RequestedPartyAddress, self.requested),
            (Field::AlternateChargedPartyAddress, self.alternate),
        ] {
            if let Some(address) = address {
                out.text(field, address);
            }
        }
    }

    fn write_messages(&self, out: &mut Encoder<'_>, around: Field) {
        if let Some(interface) = self.interface {
            out.within(Field::OriginatorInterface, |out| {
                out.signed(Field::InterfaceType, interface.into());
            });
        }
        if let Some(address) = self.originator {
            let field = match around {
                Field::RecipientInfo => Field::OriginatorReceivedAddress,
                _ => Field::OriginatorAddress,
            };
            out.within(field, |out| write_address(out, None, address));
        }
        for recipient in &self.recipients {
            if around == Field::RecipientInfo {
                out.within(around, |out| recipient.write(out));
            } else {
                recipient.write(out);
            }
        }
        if let Some(messages) = self.messages {
            out.unsigned(Field::NumberOfMessagesSent, messages.into());
        }
    }

    /// Which leg it is: what the interface of a message says, else the role of the node; of a message that has neither
    /// the terminating leg where it goes to the one who pays and is not from him; else the originating one.
    pub fn leg(&self, payer: &[Identity]) -> Role {
        match (self.interface, self.role) {
            // Interface-Type 2 and 4, mobile and application terminated (TS 32.299 §7.2.82); Role-Of-Node 1
            (Some(2 | 4), _) | (None | Some(..=0 | 5..), Some(1)) => Role::Terminating,
            (None | Some(..=0 | 5..), Some(2)) => Role::Forwarding,
            (Some(1 | 3), _) | (_, Some(0)) => Role::Originating,
            _ if self.comes_to(payer) => Role::Terminating,
            _ => Role::Originating,
        }
    }

    /// Whether a message goes to the one who pays, and to no one else, and is not said to come from him.
    fn comes_to(&self, payer: &[Identity]) -> bool {
        let is_payer = |address: &str| match called(address) {
            Called::E164(number) => payer.contains(&Identity::E164(number)),
            Called::Short(_) | Called::Other => false,
        };
        !self.recipients.is_empty()
            && self.recipients.iter().all(|recipient| is_payer(recipient.address))
            && !self.originator.is_some_and(is_payer)
    }

    /// Who speaks with whom, where `payer` are the names of the one who pays.
    pub fn parties(&self, payer: &[Identity]) -> Parties {
        Parties {
            role: self.leg(payer),
            called: self.called.map(Into::into),
            requested: self.requested.map(Into::into),
            recipients: self.recipients.iter().map(|recipient| recipient.address.into()).collect(),
        }
    }

    /// Where the subscriber is: the network that the gateway names, else that of the user's location.
    pub fn place(&self) -> Place {
        let named = self.serving_plmn.and_then(plmn);
        Place { serving_plmn: named.or_else(|| self.location.and_then(plmn_of_location)), radio: self.radio }
    }
}

impl Recipient<'_> {
    fn write(&self, out: &mut Encoder<'_>) {
        out.within(Field::RecipientAddress, |out| write_address(out, self.kind, self.address));
    }
}

fn write_address(out: &mut Encoder<'_>, kind: Option<i32>, address: &str) {
    if let Some(kind) = kind {
        out.signed(Field::AddressType, kind.into());
    }
    out.text(Field::AddressData, address);
}

fn first<T>(slot: &mut Option<T>, value: Option<T>) {
    if slot.is_none() {
        *slot = value;
    }
}

/// The best address of a recipient: a number, else a short code, else the first; what was received from the
/// originator stands back behind what the message is sent to.
fn read_recipient_info<'a>(reader: &mut Reader<'_>, group: &Avp<'a>) -> Recipient<'a> {
    let mut best: Option<(u8, Recipient<'a>)> = None;
    let mut seen = Seen::default();
    for avp in reader.group(group).into_iter().flatten() {
        let received = match reader.admit(Level::RecipientInfo, &mut seen, &avp) {
            Some(Field::RecipientAddress) => 0,
            Some(Field::RecipientReceivedAddress) => 4,
            _ => continue,
        };
        let recipient = read_address(reader, &avp);
        let rank = received
            | match recipient {
                Recipient { address: "", .. } => 3,
                Recipient { kind: Some(1), .. } => 0,
                Recipient { kind: Some(4), .. } => 1,
                _ => 2,
            };
        if best.is_none_or(|(least, _)| rank < least) {
            best = Some((rank, recipient));
        }
    }
    best.map_or(Recipient { kind: None, address: "" }, |(_, recipient)| recipient)
}

fn read_address<'a>(reader: &mut Reader<'_>, group: &Avp<'a>) -> Recipient<'a> {
    let mut recipient = Recipient { kind: None, address: "" };
    let mut seen = Seen::default();
    for avp in reader.group(group).into_iter().flatten() {
        match reader.admit(Level::RecipientAddress, &mut seen, &avp) {
            Some(Field::AddressType) => recipient.kind = reader.enumerated(&avp),
            Some(field @ Field::AddressData) => {
                recipient.address = reader.text(field, &avp).unwrap_or_default();
            }
            _ => (),
        }
    }
    recipient
}

/// A network's code; none unless it is five or six digits.
fn plmn(text: &str) -> Option<Digits> {
    Digits::parse(text).filter(|digits| matches!(digits.len(), 5 | 6))
}

/// The network in a user's location: behind the octet that tells the kind of location, every kind begins with the
/// three octets of MCC and MNC, a decimal place in each half, the lower half first (TS 29.274 §8.21).
fn plmn_of_location(location: &[u8]) -> Option<Digits> {
    let &[_, first, second, third, ..] = location else { return None };
    let [mcc1, mcc2, mcc3] = [first & 0x0f, first >> 4, second & 0x0f];
    let [mnc1, mnc2, mnc3] = [third & 0x0f, third >> 4, second >> 4];
    let places = [mcc1, mcc2, mcc3, mnc1, mnc2, mnc3].map(|place| place.saturating_add(b'0'));
    let count = if mnc3 == 0x0f { 5 } else { 6 };
    places.get(..count).and_then(|digits| plmn(core::str::from_utf8(digits).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_is_read_out_of_a_location() {
        for (location, network) in [
            (&[0x82, 0x04, 0xf1, 0x20, 0, 1][..], Some("40102")),
            (&[0x01, 0x13, 0x00, 0x14, 0, 1], Some("310410")),
            (&[0x01, 0xff, 0xff, 0xff], None),
            (&[0x01, 0x04], None),
            (&[], None),
        ] {
            assert_eq!(plmn_of_location(location), network.and_then(Digits::parse), "{location:x?}");
        }
    }

    #[test]
    fn a_network_has_five_or_six_digits() {
        for (text, valid) in
            [("40102", true), ("310410", true), ("4010", false), ("40102x", false), ("", false)]
        {
            assert_eq!(plmn(text).is_some(), valid, "{text}");
        }
    }

    #[test]
    fn the_leg_is_what_the_interface_of_a_message_says_else_the_role_of_the_node() {
        for (role, interface, leg) in [
            (None, None, Role::Originating),
            (Some(0), None, Role::Originating),
            (Some(0), Some(2), Role::Terminating),
            (Some(1), Some(1), Role::Originating),
            (Some(1), Some(3), Role::Originating),
            (Some(1), Some(0), Role::Terminating),
            (Some(2), Some(9), Role::Forwarding),
            (Some(3), Some(4), Role::Terminating),
            (Some(1), None, Role::Terminating),
            (Some(2), None, Role::Forwarding),
            (Some(3), None, Role::Originating),
            (None, Some(1), Role::Originating),
            (None, Some(2), Role::Terminating),
            (None, Some(4), Role::Terminating),
        ] {
            let information = ServiceInformation { role, interface, ..ServiceInformation::default() };
            assert_eq!(information.leg(&[]), leg, "{role:?} {interface:?}");
        }
    }

    #[test]
    fn a_message_that_says_no_direction_is_an_incoming_one_where_it_goes_to_the_payer_alone() {
        let payer = [Identity::E164(Digits::parse("77010000001").unwrap()), Identity::Other("x".into())];
        let leg = |recipients: &[&'static str], originator, role| {
            let recipient = |address: &&'static str| Recipient { kind: Some(1), address };
            let recipients = recipients.iter().map(recipient).collect();
            let information =
                ServiceInformation { role, originator, recipients, ..ServiceInformation::default() };
            information.leg(&payer)
        };
        for own in ["77010000001", "+77010000001", "87010000001"] {
            assert_eq!(leg(&[own], None, None), Role::Terminating, "{own}");
            assert_eq!(leg(&[own], Some("3030"), None), Role::Terminating, "{own}");
            assert_eq!(leg(&[own], Some("tel:+77010000001"), None), Role::Originating, "to himself");
            assert_eq!(leg(&[own], None, Some(0)), Role::Originating, "the role says so");
            assert_eq!(leg(&[own, "77051112233"], None, None), Role::Originating);
        }
        assert_eq!(leg(&["77051112233"], None, None), Role::Originating);
        assert_eq!(leg(&[], None, None), Role::Originating);
    }

    #[test]
    fn the_groups_tell_the_service() {
        assert_eq!(Kinds::default().context(), CONTEXT_DATA);
        assert_eq!(Kinds { ps: true, ..Kinds::default() }.context(), CONTEXT_DATA);
        assert_eq!(Kinds { ps: true, ims: true, ..Kinds::default() }.context(), CONTEXT_IMS);
        assert_eq!(Kinds { ims: true, sms: true, ..Kinds::default() }.context(), CONTEXT_SMS);
        assert_eq!(Kinds { vcs: true, ..Kinds::default() }.context(), CONTEXT_VCS);
        assert_eq!(Kinds { mms: true, ..Kinds::default() }.context(), CONTEXT_MMS);
    }
}
