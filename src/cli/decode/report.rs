//! What was found, printed message by message, and whether all of it could be decoded.

use std::io::{self, Write};

use bytes::Bytes;

use super::found::Found;
use super::json;
use super::place::Place;
use super::stream::MESSAGE_OCTETS;
use super::trouble::Trouble;
use crate::cli::{Output, Status};
use crate::diameter::dictionary::Dictionary;
use crate::diameter::message::Message;
use crate::diameter::parse::{Limits, parse};
use crate::diameter::text::Text;
use crate::diameter::value::Value;

/// More than any server takes, so that what it refused can be looked at.
const LIMITS: Limits = Limits { message_octets: MESSAGE_OCTETS, avps: 16_384, depth: 32 };

pub(super) struct Report<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    dictionary: &'a Dictionary,
    output: Output,
    messages: u64,
    failed: bool,
}

impl<'a> Report<'a> {
    pub(super) fn new(
        out: &'a mut dyn Write,
        err: &'a mut dyn Write,
        dictionary: &'a Dictionary,
        output: Output,
    ) -> Self {
        Self { out, err, dictionary, output, messages: 0, failed: false }
    }

    pub(super) fn take(&mut self, place: Place, found: Found) -> io::Result<()> {
        match found {
            Found::Message(octets) => self.message(place, octets),
            Found::Trouble(trouble) => self.trouble(place, trouble),
        }
    }

    /// Says on the error output what could not be decoded, and where.
    pub(super) fn fail(&mut self, what: &dyn core::fmt::Display) -> io::Result<()> {
        self.failed = true;
        writeln!(self.err, "gyro decode: {what}")
    }

    fn trouble(&mut self, place: Place, trouble: Trouble) -> io::Result<()> {
        if trouble.is_note() {
            return writeln!(self.err, "gyro decode: {place}: {trouble}");
        }
        self.fail(&format_args!("{place}: {trouble}"))
    }

    fn message(&mut self, place: Place, octets: Bytes) -> io::Result<()> {
        let message = match parse(octets, &LIMITS, self.dictionary) {
            Ok(message) => message,
            Err(error) => return self.trouble(place, Trouble::Frame(error)),
        };
        match self.output {
            Output::Table => {
                match place {
                    Place::Frame { number, at, flow } => {
                        write!(self.out, "frame {number}")?;
                        at.map_or(Ok(()), |at| write!(self.out, "  {at}"))?;
                        flow.map_or(Ok(()), |flow| write!(self.out, "  {flow}"))?;
                        writeln!(self.out)?;
                    }
                    Place::Octet(0) => {}
                    Place::Octet(offset) => writeln!(self.out, "octet {offset}")?,
                }
                writeln!(self.out, "{}", Text::new(&message, self.dictionary))?;
            }
            Output::Json | Output::Jsonl => {
                let separator = match (self.output, self.messages) {
                    (Output::Json, 0) => "[\n",
                    (Output::Json, _) => ",\n",
                    _ => "",
                };
                self.out.write_all(separator.as_bytes())?;
                serde_json::to_writer(&mut *self.out, &json::message(place, &message, self.dictionary))?;
                if self.output == Output::Jsonl {
                    self.out.write_all(b"\n")?;
                }
            }
        }
        self.messages = self.messages.saturating_add(1);
        self.faults(place, &message)
    }

    fn faults(&mut self, place: Place, message: &Message) -> io::Result<()> {
        let groups = message.walk().filter(crate::diameter::avp::Avp::is_group).map(Some);
        for group in core::iter::once(None).chain(groups) {
            for (fault, offset) in message.faults_of(group.as_ref()) {
                self.fail(&format_args!("{place}: octet {offset} of the message: {fault}"))?;
            }
        }
        for avp in message.walk() {
            let definition = self.dictionary.avp_by_key(avp.key());
            if let Value::Wrong(error, _) = Value::read(&avp, definition) {
                let name = definition.map_or("Unknown", |definition| definition.name.as_ref());
                let (key, offset, code) = (avp.key(), avp.offset(), error.result_code());
                self.fail(&format_args!(
                    "{place}: {name} ({key}) at octet {offset} of the message: {code}: {error}"
                ))?;
            }
        }
        Ok(())
    }

    /// Ends the output.
    pub(super) fn end(mut self) -> io::Result<Status> {
        if self.output == Output::Json {
            self.out.write_all(if self.messages == 0 { b"[]\n" } else { b"\n]\n" })?;
        }
        if self.messages == 0 && !self.failed {
            self.fail(&"there is no Diameter message in the input")?;
        }
        Ok(if self.failed { Status::Failed } else { Status::Done })
    }
}
