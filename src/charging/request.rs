//! What a gateway asks, in charging's own words.
//!
//! A request names the session, who pays, what for, and per rating group what was used and what is
//! wanted. It says nothing of the protocol that brought it.

use core::fmt;

use super::units::{Digits, Money, Unit};
use crate::time::Timestamp;

/// The identifier of a session, compared octet by octet (RFC 6733 §8.8).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(Box<str>);

impl SessionId {
    /// The longest that is taken, in octets.
    pub const MAX_OCTETS: usize = 256;

    /// From text; none when empty or longer than [`SessionId::MAX_OCTETS`].
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty() && text.len() <= Self::MAX_OCTETS).then(|| Self(text.into()))
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of request it is (RFC 8506 §8.3, §8.41).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Opens a session.
    Initial,
    /// Reports use and asks for more.
    Update,
    /// Reports the last use and closes the session.
    Terminate,
    /// A one-time event, without a session.
    Event(Action),
}

/// What a one-time event asks for (RFC 8506 §8.41).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// Charge at once.
    Debit,
    /// Give back what was charged.
    Refund,
    /// Say whether there is enough.
    CheckBalance,
    /// Say what it would cost.
    PriceEnquiry,
}

/// One way of naming the subscriber (RFC 8506 §8.47).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Identity {
    /// An E.164 number, digits only.
    E164(Digits),
    /// An IMSI.
    Imsi(Digits),
    /// Anything else (SIP URI, NAI, private), as it came.
    Other(Box<str>),
}

/// Which leg of a call or message the request is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Role {
    /// The subscriber calls or sends; also where nothing is said.
    #[default]
    Originating,
    /// The subscriber is called or receives.
    Terminating,
    /// The subscriber's call is forwarded.
    Forwarding,
}

/// Who speaks with whom. Addresses are as they came: `tel:`, `sip:`, `urn:`, digits.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Parties {
    /// The leg.
    pub role: Role,
    /// The address the call or message goes to, after translation.
    pub called: Option<Box<str>>,
    /// The address as it was dialled.
    pub requested: Option<Box<str>>,
    /// The recipients of a message, one entry each.
    pub recipients: Vec<Box<str>>,
}

/// Where the subscriber is and on which radio, as far as the gateway says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// The serving network, MCC and MNC, five or six digits.
    pub serving_plmn: Option<Digits>,
    /// The radio access technology (TS 29.061 §16.4.7.2).
    pub radio: Option<u8>,
}

/// How the client wrote its units, and how the answer must be written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Shape {
    /// In one part for each rating group.
    #[default]
    PerGroup,
    /// At command level, without a part for a group.
    Command,
}

/// Which quota a part of the request is about: a rating group, services, both, or neither
/// (RFC 8506 §8.16). Two parts are the same when both agree, services in any order.
#[derive(Clone, Eq, Hash, Debug, Default, PartialOrd, Ord)]
#[expect(clippy::derived_hash_with_manual_eq, reason = "it is the equality that would be derived")]
pub struct QuotaKey {
    /// The rating group.
    pub rating_group: Option<u32>,
    /// The service identifiers, sorted, without repeats.
    pub services: Vec<u32>,
}

/// As derived, but two keys without services are not handed to `memcmp`: its masked loads of no octets at the address of
/// an empty vector, which is not mapped, take some 60 ns each on processors with AVX-512.
impl PartialEq for QuotaKey {
    fn eq(&self, other: &Self) -> bool {
        self.rating_group == other.rating_group
            && self.services.len() == other.services.len()
            && (self.services.is_empty() || self.services == other.services)
    }
}

/// A count in each unit that a client may name; none where it named none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Measured {
    /// Seconds.
    pub seconds: Option<u64>,
    /// Octets in both directions together.
    pub total_octets: Option<u64>,
    /// Octets from the network's side of the client in.
    pub input_octets: Option<u64>,
    /// Octets out.
    pub output_octets: Option<u64>,
    /// Pieces.
    pub pieces: Option<u64>,
    /// Money.
    pub money: Option<Money>,
}

/// Units that are more than can be counted, or less than nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Uncountable;

impl Measured {
    /// The count in one unit; none where the client named none. Total octets win over in and out; where
    /// they are absent, in and out are added. Refused where it cannot be counted.
    pub fn count(&self, unit: Unit) -> Result<Option<u64>, Uncountable> {
        match unit {
            Unit::Seconds => Ok(self.seconds),
            Unit::Pieces => Ok(self.pieces),
            Unit::Octets if self.total_octets.is_some() => Ok(self.total_octets),
            Unit::Octets => match (self.input_octets, self.output_octets) {
                (None, None) => Ok(None),
                (input, output) => {
                    input.unwrap_or(0).checked_add(output.unwrap_or(0)).map(Some).ok_or(Uncountable)
                }
            },
            Unit::Money => {
                let micros = self.money.map(|money| u64::try_from(money.micros()));
                micros.transpose().map_err(|_| Uncountable)
            }
        }
    }
}

/// On which side of a tariff change a report lies (RFC 8506 §8.27).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TariffSide {
    /// Before the change.
    Before,
    /// After it.
    After,
    /// Not known.
    Either,
}

/// Why a client reports (TS 32.299 §7.2.175), as far as charging acts on it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// The threshold was reached.
    Threshold,
    /// Idle for the holding time: the quota comes back.
    Idle,
    /// The bearer or flow has ended: nothing more of this quota will come.
    Final,
    /// All of it was used.
    Exhausted,
    /// The validity ended.
    Validity,
    /// The conditions that set the price changed; the use was before.
    ConditionChange,
    /// Asked for by the server.
    Forced,
    /// The other unit of a quota that has two.
    OtherUnit,
    /// The credit pool was used up.
    PoolExhausted,
    /// The whole session was idle.
    Unused,
    /// Any other reason.
    Other,
}

/// A condition of use that may change within a session (TS 32.299 §7.2.236).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Condition {
    /// The radio access technology.
    Radio,
    /// The serving network: its country and operator codes.
    Network,
    /// The serving node.
    Node,
    /// The place within a network.
    Location,
    /// The user's time zone.
    TimeZone,
    /// The quality of service.
    Quality,
    /// The media of a call.
    Media,
    /// Any other.
    Other,
}

/// One report of use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Used {
    /// What was used since the last report.
    pub measured: Measured,
    /// The side of a tariff change, where said.
    pub side: Option<TariffSide>,
}

/// One part of a request: a quota, what was used of it, and what is wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Part {
    /// Which quota.
    pub key: QuotaKey,
    /// What is wanted: none when nothing is, empty when the server shall decide.
    pub requested: Option<Measured>,
    /// What was used, all reports of it.
    pub used: Vec<Used>,
    /// Why it is reported, where said.
    pub reason: Option<Reason>,
    /// Which conditions of use have changed, where said.
    pub changed: Vec<Condition>,
    /// The radio access technology of this quota, where it is said for it alone.
    pub radio: Option<u8>,
    /// The token of what is to be given back (Refund-Information).
    pub refund: Option<Box<[u8]>>,
}

/// How a client is told of a change of the tariff while a grant lasts (RFC 8506 §5.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum TariffChangeForm {
    /// Not at all: the validity ends soon after the change.
    #[default]
    None,
    /// One grant for before and after, reported apart.
    Single,
    /// A grant for before and one for after.
    Dual,
}

/// What the client can take, as its profile says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing of its own that a client can or cannot do"
)]
pub struct ClientTraits {
    /// A number in the requested units lowers the grant.
    pub honour_requested: bool,
    /// The quota holding time is understood.
    pub holding_time: bool,
    /// The largest grant in octets, where the client has one.
    pub max_octets: Option<u64>,
    /// A final unit may redirect; without it the service ends instead.
    pub redirect: bool,
    /// A final unit may restrict access; without it the service ends instead.
    pub restrict: bool,
    /// How a change of the tariff is told.
    pub tariff_change: TariffChangeForm,
    /// Credit pools are understood.
    pub pools: bool,
    /// Changes of conditions can be armed.
    pub triggers: bool,
    /// Announcements are played.
    pub announcements: bool,
    /// What is left on the account may be said.
    pub balance: bool,
    /// It does not come back when it is asked to: what it was granted can only be waited for.
    pub deaf: bool,
    /// The longest validity in seconds, where the client has one.
    pub max_validity_secs: Option<u32>,
    /// When the account ends may be said.
    pub expiration: bool,
    /// Text of the plan may be put into the client's records.
    pub furnish: bool,
    /// What an event was charged may be given back by a token.
    pub refund: bool,
}

/// A request for charging.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The session, or the event's own identifier.
    pub session: SessionId,
    /// What is asked.
    pub kind: Kind,
    /// The number of the request within the session.
    pub number: u32,
    /// A digest of the content, to tell a repeat from another request with the same number.
    pub digest: u64,
    /// The host that asks, where a re-authorisation would be sent to.
    pub client_host: Box<str>,
    /// The realm of that host.
    pub client_realm: Box<str>,
    /// The profile of the client, by name: answers of this session are written by it.
    pub profile: Box<str>,
    /// What the client can take.
    pub traits: ClientTraits,
    /// Who pays, every way in which the client named him.
    pub identities: Vec<Identity>,
    /// The service context as text, or what it is taken for when absent.
    pub context: Box<str>,
    /// When it happened: the client's time where it can be trusted, else the time of arrival.
    pub at: Timestamp,
    /// Who speaks with whom.
    pub parties: Parties,
    /// Where the subscriber is.
    pub place: Place,
    /// How the units were written.
    pub shape: Shape,
    /// Advice of charge is wanted.
    pub advice: bool,
    /// The quotas reported and asked for, in the order of the request, as many as it names.
    pub parts: Vec<Part>,
}
