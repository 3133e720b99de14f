//! Who we are to our peers: identity, realms, applications. A value, checked when it is made.

use core::fmt;
use core::hash::{Hash, Hasher};

use crate::diameter::avp::VENDOR_3GPP;
use crate::diameter::data::{DataError, DiameterIdentity};
use crate::diameter::header::{ApplicationId, CommandCode};

/// A DiameterIdentity that owns its text: kept as it was written, compared without regard to case
/// (RFC 6733 §4.3.1).
#[derive(Clone)]
pub struct Identity(Box<str>);

impl Identity {
    /// From text; labels of letters, digits, hyphens and underscores between single dots.
    pub fn new(text: &str) -> Result<Self, DataError> {
        DiameterIdentity::parse(text.as_bytes()).map(Self::from)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether these octets of an AVP name the same host or realm.
    pub fn is(&self, octets: &[u8]) -> bool {
        self.0.as_bytes().eq_ignore_ascii_case(octets)
    }

    fn lowered(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().map(|octet| octet.to_ascii_lowercase())
    }
}

impl From<DiameterIdentity<'_>> for Identity {
    fn from(identity: DiameterIdentity<'_>) -> Self {
        Self(identity.as_str().into())
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Identity {}

/// Octet by octet in lower case: the order that decides an election (RFC 6733 §5.6.4).
impl Ord for Identity {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.lowered().cmp(other.lowered())
    }
}

impl PartialOrd for Identity {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lowered().for_each(|octet| state.write_u8(octet));
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// An application that we offer, and the requests of it that we serve.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Application {
    /// Its number.
    pub id: ApplicationId,
    /// Whether it is offered in an Auth-Application-Id of its own.
    pub plain: bool,
    /// The vendors under which it is offered in a Vendor-Specific-Application-Id.
    pub vendors: Vec<u32>,
    /// The requests that are served; all others of this application are 3001.
    pub serves: Vec<CommandCode>,
    /// Whether requests that the checks refuse are shown to the application before they are answered: it may
    /// serve them in spite of that (a call to an emergency number is granted whatever else is wrong: `FREE-2`).
    pub hands_up_refusals: bool,
}

impl Application {
    /// Gy and Ro as a charging server has them: CCR is served; offered as Auth-Application-Id 4 and as
    /// Vendor-Specific-Application-Id {10415, 4}, since gateways look for either (TS 32.299 §6.1).
    pub fn credit_control_server() -> Self {
        Self {
            id: ApplicationId::CREDIT_CONTROL,
            plain: true,
            vendors: vec![VENDOR_3GPP],
            serves: vec![CommandCode::CREDIT_CONTROL],
            hands_up_refusals: true,
        }
    }

    /// Gy and Ro as a gateway has them: RAR and ASR are served.
    pub fn credit_control_client() -> Self {
        let serves = vec![CommandCode::RE_AUTH, CommandCode::ABORT_SESSION];
        Self { serves, hands_up_refusals: false, ..Self::credit_control_server() }
    }
}

/// The node that we are.
#[derive(Clone, Debug)]
pub struct LocalNode {
    /// Origin-Host of everything we send.
    pub host: Identity,
    /// Origin-Realm of everything we send.
    pub realm: Identity,
    /// Realms that we serve besides our own.
    pub also_realms: Vec<Identity>,
    /// Product-Name.
    pub product: Box<str>,
    /// Vendor-Id: the enterprise number of the maker, 0 for none.
    pub vendor_id: u32,
    /// Firmware-Revision.
    pub firmware_revision: Option<u32>,
    /// Supported-Vendor-Id.
    pub supported_vendors: Vec<u32>,
    /// Origin-State-Id: grows only when sessions were lost (RFC 6733 §8.16); `None` leaves it out.
    pub origin_state_id: Option<u32>,
    /// What we offer.
    pub applications: Vec<Application>,
}

impl LocalNode {
    /// A charging server named `gyro` for Gy and Ro.
    pub fn charging_server(host: Identity, realm: Identity, origin_state_id: u32) -> Self {
        Self {
            host,
            realm,
            also_realms: Vec::new(),
            product: "gyro".into(),
            vendor_id: 0,
            firmware_revision: None,
            supported_vendors: vec![VENDOR_3GPP],
            origin_state_id: Some(origin_state_id),
            applications: vec![Application::credit_control_server()],
        }
    }

    /// What stands in every message that we send.
    pub fn origin(&self) -> Origin<'_> {
        Origin { host: self.host.as_str(), realm: self.realm.as_str(), state_id: self.origin_state_id }
    }

    /// Whether a Destination-Realm is one of ours.
    pub fn serves_realm(&self, octets: &[u8]) -> bool {
        self.realm.is(octets) || self.also_realms.iter().any(|realm| realm.is(octets))
    }

    /// The applications that both sides have (RFC 6733 §5.3): the numbers decide, whatever AVP they came in;
    /// a relay has all of them.
    pub fn common_applications(&self, theirs: &[ApplicationId]) -> Vec<ApplicationId> {
        let relay = theirs.contains(&ApplicationId::RELAY);
        let ours = self.applications.iter().map(|application| application.id);
        ours.filter(|id| relay || *id == ApplicationId::RELAY || theirs.contains(id)).collect()
    }
}

/// Origin-Host, Origin-Realm, Origin-State-Id: the same in everything that a node sends while it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin<'a> {
    /// Origin-Host.
    pub host: &'a str,
    /// Origin-Realm.
    pub realm: &'a str,
    /// Origin-State-Id; left out when `None`.
    pub state_id: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(text: &str) -> Identity {
        Identity::new(text).unwrap()
    }

    #[test]
    fn identities_are_compared_without_regard_to_case_and_kept_as_written() {
        assert_eq!(identity("OCS.kz"), identity("ocs.KZ"));
        assert_eq!(identity("OCS.kz").as_str(), "OCS.kz");
        assert!(identity("ocs.kz").is(b"OCS.KZ"));
        assert!(identity("a.kz") < identity("B.kz"));
        assert!(Identity::new("a b").is_err());
        assert!(Identity::new("").is_err());
    }

    #[test]
    fn a_relay_shares_every_application_and_a_stranger_none() {
        let node = LocalNode::charging_server(identity("ocs.kz"), identity("kz"), 1);
        let gy = ApplicationId::CREDIT_CONTROL;
        assert_eq!(node.common_applications(&[ApplicationId::new(3), gy]), [gy]);
        assert_eq!(node.common_applications(&[ApplicationId::RELAY]), [gy]);
        assert!(node.common_applications(&[ApplicationId::new(16_777_238)]).is_empty());
        assert!(node.common_applications(&[]).is_empty());
    }

    #[test]
    fn our_realms_are_our_own_and_those_we_serve_besides() {
        let mut node = LocalNode::charging_server(identity("ocs.kz"), identity("kz"), 1);
        node.also_realms.push(identity("epc.kz"));
        assert!(node.serves_realm(b"KZ"));
        assert!(node.serves_realm(b"epc.kz"));
        assert!(!node.serves_realm(b"elsewhere.kz"));
    }
}
