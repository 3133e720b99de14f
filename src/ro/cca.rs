//! The Credit-Control-Answer (RFC 8506 §3.2, TS 32.299 §6.4.3), in the one shape that all known clients take.
//!
//! Head, in answers that refuse too: `263, 268, 264, 296, 258, 416, 415, [278], [418], [427], [428], [279], [281],
//! [294]`; then `[422] [423] [2020] [2021]`, units at command level where they were asked for there, `456*`, `[873]`,
//! and every Proxy-Info of the request as it came. 416 and 415 are left out where the request has none that can be read.

use bytes::BytesMut;

use super::ccr::{ProxyInfo, RequestType};
use super::cost;
use super::fields::{Field, Level};
use super::final_unit::Fui;
use super::information::{self, Information};
use super::mscc::{MsccAnswer, word, write_grant};
use super::units;
use super::wire::{Put, Reader, Seen};
use crate::charging::answer::AnswerExtra;
use crate::charging::request::Measured;
use crate::charging::units::Money;
use crate::diameter::encode::{EncodeError, Encoder};
use crate::diameter::error::Fault;
use crate::diameter::header::{ApplicationId, CommandCode, CommandFlags, EndToEnd, Header, HopByHop};
use crate::diameter::message::Message;
use crate::diameter::result_code::ResultCode;
use crate::time::Timestamp;

/// Credit-Control-Failure-Handling (RFC 8506 §8.14): what the client does while nobody answers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FailureHandling {
    /// The service ends.
    Terminate,
    /// The service goes on without control.
    Continue,
    /// Another server is tried, then the service ends.
    RetryAndTerminate,
}

impl FailureHandling {
    /// The number on the wire.
    pub const fn value(self) -> i32 {
        match self {
            Self::Terminate => 0,
            Self::Continue => 1,
            Self::RetryAndTerminate => 2,
        }
    }
}

/// Direct-Debiting-Failure-Handling (RFC 8506 §8.15): what the client does while nobody answers a one-time event.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DebitFailure {
    /// The service ends; a client that can keeps the request and sends it again later.
    TerminateOrBuffer,
    /// The service is given.
    Continue,
}

impl DebitFailure {
    /// The number on the wire.
    pub const fn value(self) -> i32 {
        match self {
            Self::TerminateOrBuffer => 0,
            Self::Continue => 1,
        }
    }
}

/// What clients are told to do while nobody answers (RFC 8506 §5.7, §6.5); what is none is not said, and the
/// client does what it is configured to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Failures {
    /// CC-Session-Failover: whether another server knows the sessions of this one.
    pub failover: Option<bool>,
    /// Credit-Control-Failure-Handling.
    pub handling: Option<FailureHandling>,
    /// Direct-Debiting-Failure-Handling.
    pub debit: Option<DebitFailure>,
}

/// What all answers of a server say about it. It stays the same for the life of the process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin<'a> {
    /// Origin-Host.
    pub host: &'a str,
    /// Origin-Realm.
    pub realm: &'a str,
    /// Origin-State-Id.
    pub state_id: Option<u32>,
    /// What clients are told to do while nobody answers.
    pub failures: Failures,
    /// Currency-Code of money in answers (ISO 4217).
    pub currency: Option<u16>,
}

impl<'a> Origin<'a> {
    /// A server of that name, which says nothing more of itself.
    pub const fn new(host: &'a str, realm: &'a str) -> Self {
        Self {
            host,
            realm,
            state_id: None,
            failures: Failures { failover: None, handling: None, debit: None },
            currency: None,
        }
    }
}

/// What an answer takes over from its request.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The request.
    pub message: &'a Message,
    /// Session-Id, as it came.
    pub session_id: Option<&'a [u8]>,
    /// CC-Request-Type, as it came; none where it has not four octets.
    pub request_type: Option<i32>,
    /// CC-Request-Number; none where it has not four octets.
    pub number: Option<u32>,
}

impl<'a> Asked<'a> {
    /// Of a request, whatever is wrong with it.
    pub fn of(message: &'a Message) -> Self {
        let mut asked = Self { message, session_id: None, request_type: None, number: None };
        for avp in message.avps() {
            match Field::of(avp.key()) {
                Some(Field::SessionId) if asked.session_id.is_none() => asked.session_id = Some(avp.data()),
                Some(Field::CcRequestType) if asked.request_type.is_none() => {
                    asked.request_type = avp.enumerated().ok();
                }
                Some(Field::CcRequestNumber) if asked.number.is_none() => asked.number = avp.u32().ok(),
                _ => (),
            }
        }
        asked
    }

    /// Whether the answer can have all that its grammar asks for.
    const fn is_complete(&self) -> bool {
        self.session_id.is_some() && self.request_type.is_some() && self.number.is_some()
    }
}

/// Why a request is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal<'a> {
    /// Result-Code.
    pub result_code: ResultCode,
    /// What Failed-AVP holds, whole AVPs with padding; empty for none.
    pub failed_avp: &'a [u8],
    /// Error-Message.
    pub message: Option<&'a str>,
}

impl<'a> Refusal<'a> {
    /// A code and nothing else.
    pub const fn new(result_code: ResultCode) -> Self {
        Self { result_code, failed_avp: &[], message: None }
    }

    /// For a fault of the request.
    pub fn of(fault: &'a Fault) -> Self {
        Self { failed_avp: &fault.failed_avp, ..Self::new(fault.result_code) }
    }
}

/// Writes the answer that refuses a request as a whole, at the end of `out`, and gives its length in octets.
///
/// The E bit is set with 3xxx, and where the request lacks what the grammar of a CCA asks for, so that the
/// client reads it by the grammar of RFC 6733 §7.2.
pub fn refuse(
    out: &mut BytesMut,
    origin: &Origin<'_>,
    asked: &Asked<'_>,
    refusal: &Refusal<'_>,
) -> Result<usize, EncodeError> {
    Answering::start(out, origin, asked, refusal).finish()
}

/// An answer to a request while it is written.
pub(super) struct Answering<'b, 'a> {
    asked: &'a Asked<'a>,
    currency: Option<u16>,
    out: Encoder<'b>,
}

impl<'b, 'a> Answering<'b, 'a> {
    /// Writes the head.
    pub(super) fn start(
        out: &'b mut BytesMut,
        origin: &Origin<'_>,
        asked: &'a Asked<'a>,
        refusal: &Refusal<'_>,
    ) -> Self {
        let request = asked.message.header();
        let is_error = refusal.result_code.is_protocol_error() || !asked.is_complete();
        let header = if is_error { request.error_answer() } else { request.answer() };
        let failures =
            |asked_for: bool| if asked_for && !is_error { origin.failures } else { Failures::default() };
        let kind = asked.request_type;
        let of_session = failures(
            [RequestType::Initial, RequestType::Update].map(|one| Some(one.value())).contains(&kind),
        );
        let of_event = failures(kind == Some(RequestType::Event.value()));
        let head = Head {
            session_id: asked.session_id,
            result_code: refusal.result_code,
            host: origin.host,
            realm: origin.realm,
            application: Some(ApplicationId::CREDIT_CONTROL.get()),
            request_type: asked.request_type,
            number: asked.number,
            state_id: origin.state_id,
            failover: of_session.failover.map(i32::from),
            failure_handling: of_session.handling.map(FailureHandling::value),
            debit_failure: of_event.debit.map(DebitFailure::value),
            failed_avp: (!refusal.failed_avp.is_empty()).then_some(refusal.failed_avp),
            message: refusal.message,
            reporting_host: None,
        };
        let mut out = Encoder::start(out, header);
        head.write(&mut out);
        Self { asked, currency: origin.currency, out }
    }

    /// Writes what stands at command level whatever the shape: the outcome of a balance check, cost, balance.
    pub(super) fn extra(&mut self, extra: &AnswerExtra) {
        let out = &mut self.out;
        signed(out, Field::CheckBalanceResult, extra.enough.map(|enough| i32::from(!enough)));
        if let Some(cost) = extra.cost {
            cost::write_cost(out, cost, extra.cost_per, self.currency);
        }
        if let Some(balance) = &extra.balance {
            signed(out, Field::LowBalanceIndication, Some(i32::from(balance.low)));
            cost::write(out, Field::RemainingBalance, balance.remaining, self.currency);
        }
    }

    /// Writes units at command level.
    pub(super) fn units(&mut self, units: &MsccAnswer<'_>) {
        write_command_units(&mut self.out, units, self.currency);
    }

    /// Writes what stands in Service-Information.
    pub(super) fn information(&mut self, extra: &AnswerExtra) {
        if let Some(information) = Information::of(extra, self.asked.message) {
            information.write(&mut self.out, self.currency);
        }
    }

    /// Writes one quota.
    pub(super) fn mscc(&mut self, mscc: &MsccAnswer<'_>) {
        mscc.write(&mut self.out, self.currency);
    }

    /// Writes the Proxy-Infos and ends the answer.
    pub(super) fn finish(self) -> Result<usize, EncodeError> {
        let Self { asked, mut out, .. } = self;
        for proxy in asked.message.all(Field::ProxyInfo.def().key) {
            out.raw(&proxy);
        }
        out.finish()
    }
}

/// Of a quota what has its place at command level too (RFC 8506 §3.2).
fn write_command_units(out: &mut Encoder<'_>, units: &MsccAnswer<'_>, currency: Option<u16>) {
    write_grant(out, units.granted.as_ref(), units.tariff_change, currency);
    word(out, Field::ValidityTime, units.validity);
    if let Some(token) = units.refund {
        out.plain(Field::RefundInformation, token);
    }
    if let Some(last) = &units.final_unit {
        last.write(out);
    }
    if let Some(last) = &units.qos_final_unit {
        last.write_qos(out);
    }
}

/// What stands in front of the units, in its order.
struct Head<'a> {
    session_id: Option<&'a [u8]>,
    result_code: ResultCode,
    host: &'a str,
    realm: &'a str,
    application: Option<u32>,
    request_type: Option<i32>,
    number: Option<u32>,
    state_id: Option<u32>,
    failover: Option<i32>,
    failure_handling: Option<i32>,
    debit_failure: Option<i32>,
    failed_avp: Option<&'a [u8]>,
    message: Option<&'a str>,
    reporting_host: Option<&'a str>,
}

impl Head<'_> {
    fn write(&self, out: &mut Encoder<'_>) {
        if let Some(session_id) = self.session_id {
            out.plain(Field::SessionId, session_id);
        }
        word(out, Field::ResultCode, Some(self.result_code.get()));
        out.text(Field::OriginHost, self.host).text(Field::OriginRealm, self.realm);
        word(out, Field::AuthApplicationId, self.application);
        signed(out, Field::CcRequestType, self.request_type);
        word(out, Field::CcRequestNumber, self.number);
        word(out, Field::OriginStateId, self.state_id);
        signed(out, Field::CcSessionFailover, self.failover);
        signed(out, Field::CreditControlFailureHandling, self.failure_handling);
        signed(out, Field::DirectDebitingFailureHandling, self.debit_failure);
        if let Some(avps) = self.failed_avp {
            out.plain(Field::FailedAvp, avps);
        }
        if let Some(message) = self.message {
            out.text(Field::ErrorMessage, message);
        }
        if let Some(host) = self.reporting_host {
            out.text(Field::ErrorReportingHost, host);
        }
    }
}

fn signed(out: &mut Encoder<'_>, field: Field, value: Option<i32>) {
    if let Some(value) = value {
        out.signed(field, value.into());
    }
}

/// A Credit-Control-Answer as a client sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cca<'a> {
    /// The E bit of the header: it follows the grammar of RFC 6733 §7.2.
    pub is_error: bool,
    /// Session-Id.
    pub session_id: Option<&'a str>,
    /// Result-Code.
    pub result_code: ResultCode,
    /// Origin-Host; empty where there is none.
    pub origin_host: &'a str,
    /// Origin-Realm; empty where there is none.
    pub origin_realm: &'a str,
    /// Auth-Application-Id.
    pub application: Option<u32>,
    /// CC-Request-Type, as it was echoed.
    pub request_type: Option<i32>,
    /// CC-Request-Number.
    pub number: Option<u32>,
    /// Origin-State-Id.
    pub origin_state_id: Option<u32>,
    /// CC-Session-Failover.
    pub failover: Option<i32>,
    /// Credit-Control-Failure-Handling.
    pub failure_handling: Option<i32>,
    /// What the first Failed-AVP holds.
    pub failed_avp: Option<&'a [u8]>,
    /// Error-Message.
    pub error_message: Option<&'a str>,
    /// Error-Reporting-Host.
    pub error_reporting_host: Option<&'a str>,
    /// Direct-Debiting-Failure-Handling.
    pub debit_failure: Option<i32>,
    /// Check-Balance-Result: 0 enough, 1 not enough.
    pub balance_check: Option<i32>,
    /// Cost-Information.
    pub cost: Option<Money>,
    /// Low-Balance-Indication: 0 no, 1 yes.
    pub low_balance: Option<i32>,
    /// Remaining-Balance.
    pub remaining: Option<Money>,
    /// Accumulated-Cost of AoC-Information.
    pub accumulated: Option<Money>,
    /// Account-Expiration of IMS-Information.
    pub account_ends: Option<Timestamp>,
    /// PS-Free-Format-Data of PS-Furnish-Charging-Information.
    pub furnished: Option<&'a [u8]>,
    /// Granted-Service-Unit at command level.
    pub granted: Option<Measured>,
    /// Validity-Time at command level, in seconds.
    pub validity: Option<u32>,
    /// Refund-Information at command level.
    pub refund: Option<&'a [u8]>,
    /// Final-Unit-Indication at command level.
    pub final_unit: Option<Fui<'a>>,
    /// The quotas.
    pub msccs: Vec<MsccAnswer<'a>>,
    /// Proxy-Infos.
    pub proxies: Vec<ProxyInfo<'a>>,
}

impl<'a> Cca<'a> {
    /// An answer with that code and nothing more than every answer has.
    pub const fn new(result_code: ResultCode, origin_host: &'a str, origin_realm: &'a str) -> Self {
        Self {
            is_error: false,
            session_id: None,
            result_code,
            origin_host,
            origin_realm,
            application: Some(ApplicationId::CREDIT_CONTROL.get()),
            request_type: None,
            number: None,
            origin_state_id: None,
            failover: None,
            failure_handling: None,
            failed_avp: None,
            error_message: None,
            error_reporting_host: None,
            debit_failure: None,
            balance_check: None,
            cost: None,
            low_balance: None,
            remaining: None,
            accumulated: None,
            account_ends: None,
            furnished: None,
            granted: None,
            validity: None,
            refund: None,
            final_unit: None,
            msccs: Vec::new(),
            proxies: Vec::new(),
        }
    }

    /// Whether it answers this request.
    pub fn answers(&self, request_type: RequestType, number: u32) -> bool {
        self.request_type == Some(request_type.value()) && self.number == Some(number)
    }

    /// Reads an answer; the first fault where one of its values is wrong or its Result-Code is missing. AVPs that
    /// nobody knows are let pass.
    pub fn read(message: &'a Message) -> Result<Self, Fault> {
        let mut reader = Reader::open();
        message.faults().iter().for_each(|fault| reader.fault(fault.clone()));
        let mut cca = Self::new(ResultCode::new(0), "", "");
        cca.application = None;
        cca.is_error = message.header().flags.is_error();
        let mut seen = Seen::default();
        for avp in message.avps() {
            let Some(field) = reader.admit(Level::Cca, &mut seen, &avp) else { continue };
            match field {
                Field::SessionId => cca.session_id = reader.text(field, &avp),
                Field::ResultCode => cca.result_code = ResultCode::new(reader.word(&avp).unwrap_or(0)),
                Field::OriginHost => cca.origin_host = reader.text(field, &avp).unwrap_or_default(),
                Field::OriginRealm => cca.origin_realm = reader.text(field, &avp).unwrap_or_default(),
                Field::AuthApplicationId => cca.application = reader.word(&avp),
                Field::CcRequestType => cca.request_type = reader.enumerated(&avp),
                Field::CcRequestNumber => cca.number = reader.word(&avp),
                Field::OriginStateId => cca.origin_state_id = reader.word(&avp),
                Field::CcSessionFailover => cca.failover = reader.enumerated(&avp),
                Field::CreditControlFailureHandling => cca.failure_handling = reader.enumerated(&avp),
                Field::DirectDebitingFailureHandling => cca.debit_failure = reader.enumerated(&avp),
                Field::CheckBalanceResult => cca.balance_check = reader.enumerated(&avp),
                Field::CostInformation => cca.cost = cost::read(&mut reader, &avp),
                Field::LowBalanceIndication => cca.low_balance = reader.enumerated(&avp),
                Field::RemainingBalance => cca.remaining = cost::read(&mut reader, &avp),
                Field::ServiceInformation => {
                    let told = information::read(&mut reader, &avp);
                    cca.accumulated = told.accumulated;
                    (cca.account_ends, cca.furnished) = (told.ends, told.furnish);
                }
                Field::RefundInformation => cca.refund = Some(avp.data()),
                Field::FailedAvp => cca.failed_avp = Some(avp.data()),
                Field::ErrorMessage => cca.error_message = reader.text(field, &avp),
                Field::ErrorReportingHost => cca.error_reporting_host = reader.text(field, &avp),
                Field::GrantedServiceUnit => cca.granted = Some(units::read(&mut reader, Level::Gsu, &avp)),
                Field::ValidityTime => cca.validity = reader.word(&avp),
                Field::FinalUnitIndication => cca.final_unit = Fui::read(&mut reader, &avp),
                Field::MultipleServicesCreditControl => {
                    cca.msccs.push(MsccAnswer::read(&mut reader, &avp));
                }
                Field::ProxyInfo => cca.proxies.extend(ProxyInfo::read(&avp)),
                _ => (),
            }
        }
        if !seen.has(Field::ResultCode) {
            reader.missing(Field::ResultCode);
        }
        reader.into_faults().into_iter().next().map_or(Ok(cca), Err)
    }

    /// Writes it with the given identifiers, as a server would, and gives its length in octets.
    pub fn write(
        &self,
        out: &mut BytesMut,
        hop_by_hop: HopByHop,
        end_to_end: EndToEnd,
    ) -> Result<usize, EncodeError> {
        let flags = CommandFlags::PROXIABLE_ANSWER;
        let header = Header {
            flags: if self.is_error { flags.with_error() } else { flags },
            command: CommandCode::CREDIT_CONTROL,
            application: ApplicationId::CREDIT_CONTROL,
            hop_by_hop,
            end_to_end,
        };
        let head = Head {
            session_id: self.session_id.map(str::as_bytes),
            result_code: self.result_code,
            host: self.origin_host,
            realm: self.origin_realm,
            application: self.application,
            request_type: self.request_type,
            number: self.number,
            state_id: self.origin_state_id,
            failover: self.failover,
            failure_handling: self.failure_handling,
            debit_failure: self.debit_failure,
            failed_avp: self.failed_avp,
            message: self.error_message,
            reporting_host: self.error_reporting_host,
        };
        let mut out = Encoder::start(out, header);
        head.write(&mut out);
        let units = MsccAnswer {
            granted: self.granted,
            validity: self.validity,
            refund: self.refund,
            final_unit: self.final_unit.clone(),
            ..MsccAnswer::default()
        };
        signed(&mut out, Field::CheckBalanceResult, self.balance_check);
        for (field, money) in [(Field::CostInformation, self.cost), (Field::RemainingBalance, self.remaining)]
        {
            if let Some(money) = money {
                cost::write(&mut out, field, money, None);
            }
        }
        signed(&mut out, Field::LowBalanceIndication, self.low_balance);
        write_command_units(&mut out, &units, None);
        self.msccs.iter().for_each(|mscc| mscc.write(&mut out, None));
        self.proxies.iter().for_each(|proxy| proxy.write(&mut out));
        out.finish()
    }
}
