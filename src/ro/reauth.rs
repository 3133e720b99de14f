//! Requests that the server begins, and their answers: RAR and RAA, ASR and ASA (RFC 6733 §8.3, §8.5; RFC 8506
//! §5.5, §10.2).
//!
//! Left out: CC-Sub-Session-Id and G-S-U-Pool-Identifier, for sessions here have neither.

use bytes::BytesMut;

use super::fields::{Field, Level};
use super::wire::{Put, Reader, Seen};
use crate::diameter::encode::{EncodeError, Encoder};
use crate::diameter::error::Fault;
use crate::diameter::header::{ApplicationId, CommandCode, CommandFlags, EndToEnd, Header, HopByHop};
use crate::diameter::message::Message;
use crate::diameter::result_code::ResultCode;

/// Re-Auth-Request-Type AUTHORIZE_ONLY, the one that credit control has (RFC 8506 §10.2).
const AUTHORIZE_ONLY: i64 = 0;

/// What of a session is to be authorised anew (RFC 8506 §5.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// All of it.
    Session,
    /// One rating group.
    RatingGroup(u32),
    /// One service.
    Service(u32),
}

/// What the client is to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum What {
    /// Report and ask anew: a RAR.
    ReAuthorise(Scope),
    /// End the session: an ASR.
    Abort,
}

impl What {
    /// The command: an ASR has its own.
    pub const fn command(self) -> CommandCode {
        match self {
            Self::ReAuthorise(_) => CommandCode::RE_AUTH,
            Self::Abort => CommandCode::ABORT_SESSION,
        }
    }
}

/// A RAR or an ASR.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Demand<'a> {
    /// Which of the two, and for what.
    pub what: What,
    /// Session-Id.
    pub session_id: &'a str,
    /// Origin-Host.
    pub origin_host: &'a str,
    /// Origin-Realm.
    pub origin_realm: &'a str,
    /// Destination-Realm: that of the client.
    pub destination_realm: &'a str,
    /// Destination-Host: the client that asked last.
    pub destination_host: &'a str,
    /// Origin-State-Id.
    pub origin_state_id: Option<u32>,
}

impl<'a> Demand<'a> {
    /// Writes its AVPs, in the order of the grammar.
    pub fn fill(&self, out: &mut Encoder<'_>) {
        out.text(Field::SessionId, self.session_id)
            .text(Field::OriginHost, self.origin_host)
            .text(Field::OriginRealm, self.origin_realm)
            .text(Field::DestinationRealm, self.destination_realm)
            .text(Field::DestinationHost, self.destination_host)
            .unsigned(Field::AuthApplicationId, ApplicationId::CREDIT_CONTROL.get().into());
        if matches!(self.what, What::ReAuthorise(_)) {
            out.signed(Field::ReAuthRequestType, AUTHORIZE_ONLY);
        }
        if let Some(state) = self.origin_state_id {
            out.unsigned(Field::OriginStateId, state.into());
        }
        match self.what {
            What::ReAuthorise(Scope::RatingGroup(group)) => {
                out.unsigned(Field::RatingGroup, group.into());
            }
            What::ReAuthorise(Scope::Service(service)) => {
                out.unsigned(Field::ServiceIdentifier, service.into());
            }
            What::ReAuthorise(Scope::Session) | What::Abort => {}
        }
    }

    /// Writes it with the given identifiers and gives its length in octets.
    pub fn write(
        &self,
        out: &mut BytesMut,
        hop_by_hop: HopByHop,
        end_to_end: EndToEnd,
    ) -> Result<usize, EncodeError> {
        let header = Header {
            flags: CommandFlags::PROXIABLE_REQUEST,
            command: self.what.command(),
            application: ApplicationId::CREDIT_CONTROL,
            hop_by_hop,
            end_to_end,
        };
        let mut out = Encoder::start(out, header);
        self.fill(&mut out);
        out.finish()
    }

    /// Reads a RAR or an ASR, as a client does; the first fault where it is neither or not whole.
    pub fn read(message: &'a Message) -> Result<Self, Fault> {
        let level = match message.header().command {
            CommandCode::RE_AUTH => Level::Rar,
            CommandCode::ABORT_SESSION => Level::Asr,
            _ => return Err(Fault::of_message(ResultCode::COMMAND_UNSUPPORTED)),
        };
        let mut reader = Reader::open();
        message.faults().iter().for_each(|fault| reader.fault(fault.clone()));
        let mut seen = Seen::default();
        let mut demand = Self {
            what: What::Abort,
            session_id: "",
            origin_host: "",
            origin_realm: "",
            destination_realm: "",
            destination_host: "",
            origin_state_id: None,
        };
        let mut scope = Scope::Session;
        for avp in message.avps() {
            let Some(field) = reader.admit(level, &mut seen, &avp) else { continue };
            match field {
                Field::SessionId => demand.session_id = reader.text(field, &avp).unwrap_or_default(),
                Field::OriginHost => demand.origin_host = reader.text(field, &avp).unwrap_or_default(),
                Field::OriginRealm => demand.origin_realm = reader.text(field, &avp).unwrap_or_default(),
                Field::DestinationRealm => {
                    demand.destination_realm = reader.text(field, &avp).unwrap_or_default();
                }
                Field::DestinationHost => {
                    demand.destination_host = reader.text(field, &avp).unwrap_or_default();
                }
                Field::OriginStateId => demand.origin_state_id = reader.word(&avp),
                Field::RatingGroup => scope = reader.word(&avp).map_or(scope, Scope::RatingGroup),
                Field::ServiceIdentifier => scope = reader.word(&avp).map_or(scope, Scope::Service),
                _ => (),
            }
        }
        for field in level.members() {
            if level.occurs(*field) == super::fields::Occurs::Once && !seen.has(*field) {
                reader.missing(*field);
            }
        }
        if level == Level::Rar {
            demand.what = What::ReAuthorise(scope);
        }
        reader.into_faults().into_iter().next().map_or(Ok(demand), Err)
    }
}

/// What an RAA or ASA says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// It is done, or will be (2001, 2002).
    Done,
    /// The client has no such session (5002).
    Unknown,
    /// It did not get there, and may over another way (3xxx).
    Elsewhere,
    /// Anything else.
    Refused,
}

/// An RAA or an ASA.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reply<'a> {
    /// Session-Id.
    pub session_id: Option<&'a str>,
    /// Result-Code; 0 where there is none.
    pub result_code: ResultCode,
    /// Origin-Host; empty where there is none.
    pub origin_host: &'a str,
    /// Origin-Realm; empty where there is none.
    pub origin_realm: &'a str,
    /// Origin-State-Id.
    pub origin_state_id: Option<u32>,
    /// Error-Message.
    pub error_message: Option<&'a str>,
}

impl<'a> Reply<'a> {
    /// An answer of this code and origin, with nothing more than every answer has.
    pub const fn new(result_code: ResultCode, origin_host: &'a str, origin_realm: &'a str) -> Self {
        Self {
            session_id: None,
            result_code,
            origin_host,
            origin_realm,
            origin_state_id: None,
            error_message: None,
        }
    }

    /// Reads an RAA or ASA. What is wrong with it is left out: an answer is never answered (RFC 6733 §6.2).
    pub fn read(message: &'a Message) -> Self {
        let mut reader = Reader::open();
        let mut seen = Seen::default();
        let mut reply = Self::new(ResultCode::new(0), "", "");
        for avp in message.avps() {
            let Some(field) = reader.admit(Level::Demanded, &mut seen, &avp) else { continue };
            match field {
                Field::SessionId => reply.session_id = reader.text(field, &avp),
                Field::ResultCode => reply.result_code = ResultCode::new(reader.word(&avp).unwrap_or(0)),
                Field::OriginHost => reply.origin_host = reader.text(field, &avp).unwrap_or_default(),
                Field::OriginRealm => reply.origin_realm = reader.text(field, &avp).unwrap_or_default(),
                Field::OriginStateId => reply.origin_state_id = reader.word(&avp),
                Field::ErrorMessage => reply.error_message = reader.text(field, &avp),
                _ => (),
            }
        }
        reply
    }

    /// What it says to a demand for a session of `host`. A session is gone only when its own client says so: an agent
    /// that does not know it is not the one to ask.
    pub fn verdict(&self, host: &str) -> Verdict {
        const UNKNOWN: u32 = ResultCode::UNKNOWN_SESSION_ID.get();
        match self.result_code.get() {
            2000..=2999 => Verdict::Done,
            3000..=3999 => Verdict::Elsewhere,
            UNKNOWN if self.origin_host.eq_ignore_ascii_case(host) => Verdict::Unknown,
            UNKNOWN => Verdict::Elsewhere,
            _ => Verdict::Refused,
        }
    }

    /// Writes it as the answer to a RAR or ASR, Proxy-Infos echoed, and gives its length in octets.
    pub fn write(&self, out: &mut BytesMut, request: &Message) -> Result<usize, EncodeError> {
        let header = request.header();
        let is_error = self.result_code.is_protocol_error();
        let mut out = Encoder::start(out, if is_error { header.error_answer() } else { header.answer() });
        if let Some(session_id) = self.session_id {
            out.text(Field::SessionId, session_id);
        }
        out.unsigned(Field::ResultCode, self.result_code.get().into())
            .text(Field::OriginHost, self.origin_host)
            .text(Field::OriginRealm, self.origin_realm);
        if let Some(state) = self.origin_state_id {
            out.unsigned(Field::OriginStateId, state.into());
        }
        if let Some(message) = self.error_message {
            out.text(Field::ErrorMessage, message);
        }
        for proxy in request.all(Field::ProxyInfo.def().key) {
            out.raw(&proxy);
        }
        out.finish()
    }
}

#[cfg(test)]
mod tests;
