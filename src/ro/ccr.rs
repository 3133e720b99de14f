//! The Credit-Control-Request (RFC 8506 §3.1, TS 32.299 §6.4.2), read from a message in one pass and written for
//! simulated clients.
//!
//! Reading takes what real clients send: Session-Id anywhere, no Auth-Application-Id, free text in
//! Service-Context-Id, request numbers with gaps, Requested-Action in session requests, units at command level,
//! M bits missing, 3GPP's AVPs outside of their groups. It refuses what cannot be charged, and says why with
//! every code of RFC 6733 §7.1 that fits. It borrows all text from the message; beside one list each for
//! subscriptions, quotas, and the reports and services of a quota, nothing is allocated.
//!
//! Left out: what the peer machine has checked before (header bits, application, realm, loops).

use bytes::BytesMut;

use super::fields::{Field, Level};
use super::mscc::{MSCCS, Mscc, word};
use super::profile::{Profile, UnknownM};
use super::reason;
use super::service_information::ServiceInformation;
use super::subscription::Subscription;
use super::units;
use super::wire::{Put, Reader, Seen};
use crate::charging::request::{Measured, Reason, SessionId, Used};
use crate::diameter::avp::Avp;
use crate::diameter::dictionary::Dictionary;
use crate::diameter::encode::{EncodeError, Encoder};
use crate::diameter::error::Fault;
use crate::diameter::header::{ApplicationId, CommandCode, CommandFlags, EndToEnd, Header, HopByHop};
use crate::diameter::message::Message;
use crate::diameter::result_code::ResultCode;
use crate::time::Timestamp;

/// CC-Request-Type (RFC 8506 §8.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RequestType {
    /// INITIAL_REQUEST.
    Initial,
    /// UPDATE_REQUEST.
    Update,
    /// TERMINATION_REQUEST.
    Termination,
    /// EVENT_REQUEST.
    Event,
}

impl RequestType {
    /// From the number on the wire; none for a number that the standard does not have.
    pub const fn of(value: i32) -> Option<Self> {
        match value {
            1 => Some(Self::Initial),
            2 => Some(Self::Update),
            3 => Some(Self::Termination),
            4 => Some(Self::Event),
            _ => None,
        }
    }

    /// The number on the wire.
    pub const fn value(self) -> i32 {
        match self {
            Self::Initial => 1,
            Self::Update => 2,
            Self::Termination => 3,
            Self::Event => 4,
        }
    }
}

/// Proxy-Info (RFC 6733 §6.7.2) as far as it is well formed; answers echo the AVP itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ProxyInfo<'a> {
    /// Proxy-Host.
    pub host: &'a str,
    /// Proxy-State.
    pub state: &'a [u8],
}

/// A Credit-Control-Request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ccr<'a> {
    /// Session-Id: 1 to [`SessionId::MAX_OCTETS`] octets in a CCR that was read.
    pub session_id: &'a str,
    /// CC-Request-Type.
    pub request_type: RequestType,
    /// CC-Request-Number.
    pub number: u32,
    /// The T bit of the header. It decides nothing.
    pub retransmitted: bool,
    /// Origin-Host; empty in what was understood of a CCR that lacks it.
    pub origin_host: &'a str,
    /// Origin-Realm; empty in what was understood of a CCR that lacks it.
    pub origin_realm: &'a str,
    /// Destination-Realm.
    pub destination_realm: Option<&'a str>,
    /// Destination-Host.
    pub destination_host: Option<&'a str>,
    /// Auth-Application-Id: 4 or absent.
    pub application: Option<u32>,
    /// Service-Context-Id, as it came.
    pub context: Option<&'a str>,
    /// User-Name.
    pub user_name: Option<&'a str>,
    /// Origin-State-Id.
    pub origin_state_id: Option<u32>,
    /// Event-Timestamp.
    pub event_timestamp: Option<Timestamp>,
    /// Termination-Cause, any number.
    pub termination_cause: Option<i32>,
    /// Requested-Action. It means something in events only, and there it is 0 to 3.
    pub requested_action: Option<i32>,
    /// Multiple-Services-Indicator, any number. The presence of quotas decides, not this.
    pub multiple_services: Option<i32>,
    /// AoC-Request-Type: 0 none, 1 all, 2 the cost, 3 the tariff.
    pub advice: Option<i32>,
    /// Refund-Information at command level.
    pub refund: Option<&'a [u8]>,
    /// Subscription-Ids, those inside Service-Information too.
    pub subscriptions: Vec<Subscription<'a>>,
    /// The names in Subscription-Id-Extensions.
    pub extensions: Vec<Subscription<'a>>,
    /// Requested-Service-Unit at command level.
    pub requested: Option<Measured>,
    /// Used-Service-Units at command level.
    pub used: Vec<Used>,
    /// Service-Identifiers at command level.
    pub services: Vec<u32>,
    /// Reporting-Reason at command level, where some clients put it.
    pub reason: Option<Reason>,
    /// The quotas, in the order of the wire.
    pub msccs: Vec<Mscc>,
    /// Service-Information.
    pub information: ServiceInformation<'a>,
    /// Proxy-Infos, in the order of the wire.
    pub proxies: Vec<ProxyInfo<'a>>,
    /// Route-Records, in the order of the wire.
    pub route: Vec<&'a str>,
}

/// A CCR that is to be refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unreadable<'a> {
    /// What is wrong, in the order in which it was found, at least one; the first is to be answered.
    pub faults: Vec<Fault>,
    /// What could be understood all the same: a call to an emergency number is granted by it (`FREE-2`). None where
    /// Session-Id, CC-Request-Type or CC-Request-Number are missing or useless.
    pub understood: Option<Box<Ccr<'a>>>,
}

impl Unreadable<'_> {
    /// The fault to answer.
    pub fn first(&self) -> Fault {
        self.faults.first().cloned().unwrap_or_else(|| Fault::of_message(ResultCode::UNABLE_TO_COMPLY))
    }
}

impl<'a> Ccr<'a> {
    /// A CCR with what every CCR has, and nothing else.
    pub const fn new(
        session_id: &'a str,
        request_type: RequestType,
        number: u32,
        origin_host: &'a str,
        origin_realm: &'a str,
    ) -> Self {
        Self {
            session_id,
            request_type,
            number,
            retransmitted: false,
            origin_host,
            origin_realm,
            destination_realm: None,
            destination_host: None,
            application: Some(ApplicationId::CREDIT_CONTROL.get()),
            context: None,
            user_name: None,
            origin_state_id: None,
            event_timestamp: None,
            termination_cause: None,
            requested_action: None,
            multiple_services: None,
            advice: None,
            refund: None,
            subscriptions: Vec::new(),
            extensions: Vec::new(),
            requested: None,
            used: Vec::new(),
            services: Vec::new(),
            reason: None,
            msccs: Vec::new(),
            information: ServiceInformation::EMPTY,
            proxies: Vec::new(),
            route: Vec::new(),
        }
    }

    /// Reads a message. `dictionary` is what was used to parse it: it knows the AVPs that are let pass unread;
    /// all other AVPs with the M bit are refused, within what `profile` lets pass.
    pub fn read(
        message: &'a Message,
        dictionary: &Dictionary,
        profile: &Profile,
    ) -> Result<Self, Unreadable<'a>> {
        let mut draft = Draft::new(message, dictionary, profile);
        message.avps().for_each(|avp| draft.avp(&avp));
        draft.finish()
    }

    /// Writes it with the given identifiers and gives its length in octets.
    pub fn write(
        &self,
        out: &mut BytesMut,
        hop_by_hop: HopByHop,
        end_to_end: EndToEnd,
    ) -> Result<usize, EncodeError> {
        let flags = CommandFlags::PROXIABLE_REQUEST;
        let header = Header {
            flags: if self.retransmitted { flags.with_retransmitted() } else { flags },
            command: CommandCode::CREDIT_CONTROL,
            application: ApplicationId::CREDIT_CONTROL,
            hop_by_hop,
            end_to_end,
        };
        let mut out = Encoder::start(out, header);
        self.write_head(&mut out);
        self.subscriptions.iter().for_each(|subscription| subscription.write(&mut out));
        self.extensions.iter().for_each(|subscription| subscription.write_extension(&mut out));
        self.write_units(&mut out);
        self.msccs.iter().for_each(|mscc| mscc.write(&mut out));
        self.information.write(&mut out);
        self.proxies.iter().for_each(|proxy| proxy.write(&mut out));
        for host in &self.route {
            out.text(Field::RouteRecord, host);
        }
        out.finish()
    }

    fn write_head(&self, out: &mut Encoder<'_>) {
        out.text(Field::SessionId, self.session_id);
        out.text(Field::OriginHost, self.origin_host).text(Field::OriginRealm, self.origin_realm);
        let text = |out: &mut Encoder<'_>, field, value: Option<&str>| {
            if let Some(value) = value {
                out.text(field, value);
            }
        };
        let signed = |out: &mut Encoder<'_>, field, value: Option<i32>| {
            if let Some(value) = value {
                out.signed(field, value.into());
            }
        };
        text(out, Field::DestinationRealm, self.destination_realm);
        word(out, Field::AuthApplicationId, self.application);
        text(out, Field::ServiceContextId, self.context);
        signed(out, Field::CcRequestType, Some(self.request_type.value()));
        out.unsigned(Field::CcRequestNumber, self.number.into());
        text(out, Field::DestinationHost, self.destination_host);
        text(out, Field::UserName, self.user_name);
        word(out, Field::OriginStateId, self.origin_state_id);
        if let Some(at) = self.event_timestamp {
            out.at(Field::EventTimestamp, at);
        }
        signed(out, Field::TerminationCause, self.termination_cause);
        signed(out, Field::RequestedAction, self.requested_action);
        signed(out, Field::MultipleServicesIndicator, self.multiple_services);
        signed(out, Field::AocRequestType, self.advice);
        if let Some(token) = self.refund {
            out.plain(Field::RefundInformation, token);
        }
    }

    fn write_units(&self, out: &mut Encoder<'_>) {
        for service in &self.services {
            out.unsigned(Field::ServiceIdentifier, (*service).into());
        }
        if let Some(requested) = &self.requested {
            out.within(Field::RequestedServiceUnit, |out| units::write(out, requested, None));
        }
        units::write_reports(out, &self.used, self.reason);
    }
}

/// A CCR while it is read.
struct Draft<'a, 'd> {
    reader: Reader<'d>,
    seen: Seen,
    /// Unknown AVPs inside Service-Information are let pass.
    lenient: bool,
    /// The keys of the request, as far as they could be read.
    session_id: Option<&'a str>,
    request_type: Option<RequestType>,
    number: Option<u32>,
    /// AVPs that others may contradict.
    application: Option<Avp<'a>>,
    vendor_application: Option<Avp<'a>>,
    action: Option<Avp<'a>>,
    strange_payer: Option<Avp<'a>>,
    units: Option<Avp<'a>>,
    quota: Option<Avp<'a>>,
    /// There were more quotas than are taken.
    full: bool,
    ccr: Ccr<'a>,
}

impl<'a, 'd> Draft<'a, 'd> {
    fn new(message: &'a Message, dictionary: &'d Dictionary, profile: &Profile) -> Self {
        let mut reader = Reader::strict(dictionary);
        message.faults().iter().for_each(|fault| reader.fault(fault.clone()));
        let mut ccr = Ccr::new("", RequestType::Event, 0, "", "");
        ccr.application = None;
        ccr.retransmitted = message.header().flags.is_retransmitted();
        Self {
            reader,
            seen: Seen::default(),
            lenient: profile.unknown_m == UnknownM::Ignore,
            session_id: None,
            request_type: None,
            number: None,
            application: None,
            vendor_application: None,
            action: None,
            strange_payer: None,
            units: None,
            quota: None,
            full: false,
            ccr,
        }
    }

    /// Reads one AVP of the message itself.
    fn avp(&mut self, avp: &Avp<'a>) {
        let Some(field) = self.reader.admit(Level::Ccr, &mut self.seen, avp) else { return };
        let (reader, ccr) = (&mut self.reader, &mut self.ccr);
        match field {
            Field::SessionId => self.session_id = session_id(reader, avp),
            Field::CcRequestType => self.request_type = request_type(reader, avp),
            Field::CcRequestNumber => self.number = reader.word(avp),
            Field::OriginHost => ccr.origin_host = reader.text(field, avp).unwrap_or_default(),
            Field::OriginRealm => ccr.origin_realm = reader.text(field, avp).unwrap_or_default(),
            Field::DestinationRealm => ccr.destination_realm = reader.text(field, avp),
            Field::DestinationHost => ccr.destination_host = reader.text(field, avp),
            Field::AuthApplicationId => {
                ccr.application = reader.word(avp);
                self.application = Some(*avp);
            }
            Field::VendorSpecificApplicationId => self.vendor_application = Some(*avp),
            Field::ServiceContextId => ccr.context = reader.text(field, avp),
            Field::UserName => ccr.user_name = reader.text(field, avp),
            Field::OriginStateId => ccr.origin_state_id = reader.word(avp),
            Field::EventTimestamp => ccr.event_timestamp = reader.time(avp),
            Field::TerminationCause => ccr.termination_cause = reader.enumerated(avp),
            Field::RequestedAction => {
                ccr.requested_action = reader.enumerated(avp);
                self.action = Some(*avp);
            }
            Field::MultipleServicesIndicator => ccr.multiple_services = reader.enumerated(avp),
            Field::AocRequestType => ccr.advice = reader.enumerated(avp),
            Field::RefundInformation => ccr.refund = Some(avp.data()),
            Field::SubscriptionId => {
                let named = Subscription::read(reader, avp);
                if self.strange_payer.is_none() && named.is_some_and(|named| named.kind.is_strange()) {
                    self.strange_payer = avp.find(Field::SubscriptionIdType.def().key);
                }
                ccr.subscriptions.extend(named);
            }
            Field::SubscriptionIdExtension => {
                Subscription::read_extension(reader, avp, &mut ccr.extensions);
            }
            Field::ServiceIdentifier => ccr.services.extend(reader.word(avp)),
            Field::RequestedServiceUnit => {
                ccr.requested = Some(units::read(reader, Level::Rsu, avp));
                self.units.get_or_insert(*avp);
            }
            Field::UsedServiceUnit => {
                let (used, reason) = units::read_used(reader, avp);
                ccr.used.push(used);
                ccr.reason = reason::stronger(ccr.reason, reason);
                self.units.get_or_insert(*avp);
            }
            Field::ReportingReason => {
                ccr.reason = reason::stronger(ccr.reason, reader.enumerated(avp).map(reason::of));
            }
            Field::MultipleServicesCreditControl => self.quota(avp),
            Field::ServiceInformation => reader.leniently(self.lenient, |reader| {
                ccr.information.read(reader, avp, &mut ccr.subscriptions);
            }),
            // for other servers: taken in their format, at most once, and passed over
            Field::CcSubSessionId => _ = reader.unsigned(field, avp),
            Field::AcctMultiSessionId => _ = reader.text(field, avp),
            Field::UserEquipmentInfo | Field::UserEquipmentInfoExtension => reader.strangers(avp),
            Field::ProxyInfo => ccr.proxies.extend(ProxyInfo::read(avp)),
            Field::RouteRecord => ccr.route.extend(reader.text(field, avp)),
            _ => {
                let lenient = self.lenient;
                reader.leniently(lenient, |reader| ccr.information.read_field(reader, field, avp));
            }
        }
    }

    fn quota(&mut self, avp: &Avp<'a>) {
        if self.ccr.msccs.len() == MSCCS {
            if !core::mem::replace(&mut self.full, true) {
                self.reader.fault(avp.fault(ResultCode::AVP_OCCURS_TOO_MANY_TIMES));
            }
            return;
        }
        self.quota.get_or_insert(*avp);
        self.ccr.msccs.push(Mscc::read(&mut self.reader, avp));
    }

    fn finish(mut self) -> Result<Ccr<'a>, Unreadable<'a>> {
        self.check_application();
        self.check_action();
        self.check_payer();
        self.check_shape();
        for field in [
            Field::SessionId,
            Field::OriginHost,
            Field::OriginRealm,
            Field::CcRequestType,
            Field::CcRequestNumber,
        ] {
            if !self.seen.has(field) {
                self.reader.missing(field);
            }
        }
        let Self { reader, session_id, request_type, number, ccr, .. } = self;
        match (session_id, request_type, number) {
            (Some(session_id), Some(request_type), Some(number)) => {
                let ccr = Ccr { session_id, request_type, number, ..ccr };
                if reader.is_clean() {
                    return Ok(ccr);
                }
                Err(Unreadable { faults: reader.into_faults(), understood: Some(Box::new(ccr)) })
            }
            _ => Err(Unreadable { faults: reader.into_faults(), understood: None }),
        }
    }

    /// Credit control has the application 4 and no other: 5004; 5007 with both AVPs where
    /// Vendor-Specific-Application-Id says another than Auth-Application-Id (RFC 6733 §6.8, §6.11).
    fn check_application(&mut self) {
        let other = |avp: &Avp<'_>| {
            avp.u32().is_ok_and(|application| application != ApplicationId::CREDIT_CONTROL.get())
        };
        if let Some(avp) = self.application.filter(other) {
            return self.reader.fault(avp.fault(ResultCode::INVALID_AVP_VALUE));
        }
        let Some(group) = self.vendor_application else { return };
        let named = group.find(Field::AuthApplicationId.def().key);
        let Some(named) = named.filter(other) else { return };
        self.reader.fault(match self.application {
            Some(avp) => both(&avp, &group),
            None => named.fault(ResultCode::INVALID_AVP_VALUE),
        });
    }

    /// A kind of subscriber that the standard does not have goes by the rule of the M bit (RFC 8506 §8.47): 5004 with
    /// M, let pass without. Where unknown AVPs are let pass it is as well, beside another name of the subscriber.
    fn check_payer(&mut self) {
        let Some(kind) = self.strange_payer else { return };
        let known = |named: &Subscription<'_>| !named.kind.is_strange();
        let named = self.ccr.user_name.is_some()
            || self.ccr.subscriptions.iter().any(known)
            || !self.ccr.extensions.is_empty();
        let strict = kind.flags().is_mandatory() && !self.lenient;
        if strict || !named {
            self.reader.fault(kind.fault(ResultCode::INVALID_AVP_VALUE));
        }
    }

    /// An event's action is one of four; absent it is a debit.
    fn check_action(&mut self) {
        let (Some(avp), Some(RequestType::Event)) = (self.action, self.request_type) else { return };
        if self.ccr.requested_action.is_some_and(|action| !(0..=3).contains(&action)) {
            self.reader.fault(avp.fault(ResultCode::INVALID_AVP_VALUE));
        }
    }

    /// Units stand at command level or in quotas; in both at once nobody knows what they mean.
    fn check_shape(&mut self) {
        if let (Some(units), Some(quota)) = (self.units, self.quota) {
            self.reader.fault(both(&units, &quota));
        }
    }
}

impl<'a> ProxyInfo<'a> {
    pub(super) fn write(&self, out: &mut Encoder<'_>) {
        out.within(Field::ProxyInfo, |out| {
            out.text(Field::ProxyHost, self.host).plain(Field::ProxyState, self.state);
        });
    }

    pub(super) fn read(group: &Avp<'a>) -> Option<Self> {
        let host = group.find(Field::ProxyHost.def().key)?.identity().ok()?.as_str();
        let state = group.find(Field::ProxyState.def().key).map_or(&[][..], |avp| avp.data());
        Some(Self { host, state })
    }
}

/// 1 to 256 octets of UTF-8; else 5004.
fn session_id<'a>(reader: &mut Reader<'_>, avp: &Avp<'a>) -> Option<&'a str> {
    let text = reader.text(Field::SessionId, avp)?;
    if text.is_empty() || text.len() > SessionId::MAX_OCTETS {
        reader.fault(avp.fault(ResultCode::INVALID_AVP_VALUE));
        return None;
    }
    Some(text)
}

fn request_type(reader: &mut Reader<'_>, avp: &Avp<'_>) -> Option<RequestType> {
    let request_type = RequestType::of(reader.enumerated(avp)?);
    if request_type.is_none() {
        reader.fault(avp.fault(ResultCode::INVALID_AVP_VALUE));
    }
    request_type
}

/// 5007 with the two AVPs that contradict each other.
#[cold]
fn both(one: &Avp<'_>, other: &Avp<'_>) -> Fault {
    let code = ResultCode::CONTRADICTING_AVPS;
    let avps = [one.fault(code).failed_avp, other.fault(code).failed_avp].concat();
    Fault::of_avp(code, avps.into())
}
