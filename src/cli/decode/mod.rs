//! `gyro decode`: Diameter messages as text or JSON, from octets, hexadecimal text or captures.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::{Output, Status};
use crate::diameter::dictionary::DictionaryBuilder;
use crate::diameter::dictionary::declaration::Role;
use crate::dictionary_xml;

mod capture;
mod found;
mod fragment;
mod hex;
mod ip;
mod json;
mod link;
mod place;
mod report;
mod sctp;
mod stream;
mod tcp;
mod trouble;

use self::capture::{CaptureError, Packet};
use self::found::Sink;
use self::fragment::Fragments;
use self::hex::Hex;
use self::ip::Datagram;
use self::place::Place;
use self::report::Report;
use self::sctp::Associations;
use self::stream::Stream;
use self::tcp::Streams;
use self::trouble::Trouble;

/// Octets that are read at once.
const PART_OCTETS: usize = 64 * 1_024;

/// Decode Diameter messages.
///
/// From a pcap or pcapng capture (TCP and SCTP, reassembled), from octets, or from hexadecimal text. Exits with 1 when
/// something could not be decoded; what and where stands on the error output.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// A file, hexadecimal digits, or - for the standard input.
    #[arg(value_name = "FILE|HEX|-", default_value = "-")]
    input: OsString,
    /// How to print the messages.
    #[arg(long, short, value_enum, default_value_t, value_name = "FORM")]
    output: Output,
    /// More dictionaries (Wireshark's or go-diameter's XML); may be given several times.
    #[arg(long = "dictionary", value_name = "FILE")]
    dictionaries: Vec<PathBuf>,
}

/// What the input is.
enum Form {
    Capture,
    Octets,
    Hex,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let known = DictionaryBuilder::builtin();
    let dictionary = match dictionary_xml::load(known, &args.dictionaries, Role::Override) {
        Ok(loaded) => loaded.dictionary,
        Err(refused) => {
            writeln!(err, "gyro decode: {refused}")?;
            return Ok(Status::Configuration);
        }
    };
    let mut report = Report::new(out, err, &dictionary, args.output);
    let path = Path::new(&args.input);
    if args.input == "-" {
        decode(&mut io::stdin().lock(), &"standard input", &mut report)?;
    } else {
        match File::open(path) {
            Ok(mut file) => decode(&mut file, &path.display(), &mut report)?,
            Err(error) => {
                let text = args.input.as_encoded_bytes();
                if error.kind() == io::ErrorKind::NotFound && hex::is_hex(text) {
                    decode(&mut &*text, &"hexadecimal text", &mut report)?;
                } else if error.kind() == io::ErrorKind::NotFound {
                    report.fail(&format_args!(
                        "{}: there is no such file, and it is no hexadecimal text",
                        path.display()
                    ))?;
                } else {
                    report.fail(&format_args!("{}: {error}", path.display()))?;
                }
            }
        }
    }
    report.end()
}

/// Reads all of `input`; an `Err` is a failure of the output.
fn decode(input: &mut dyn Read, name: &dyn core::fmt::Display, report: &mut Report<'_>) -> io::Result<()> {
    let mut start = Vec::new();
    let whole_start = PART_OCTETS.try_into().unwrap_or(u64::MAX);
    if let Err(error) = input.take(whole_start).read_to_end(&mut start) {
        return report.fail(&format_args!("{name}: {error}"));
    }
    match form(&start) {
        Some(Form::Capture) => decode_capture(input, &start, name, report),
        Some(Form::Octets) => decode_octets(input, &start, name, None, report),
        Some(Form::Hex) => decode_octets(input, &start, name, Some(Hex::default()), report),
        None => report.fail(&format_args!(
            "{name}: neither a capture (pcap, pcapng), nor octets that begin with a Diameter header, nor hexadecimal text"
        )),
    }
}

fn form(start: &[u8]) -> Option<Form> {
    if capture::is_capture(start) {
        Some(Form::Capture)
    } else if hex::is_hex(start) {
        Some(Form::Hex)
    } else if start.first() == Some(&1) {
        Some(Form::Octets)
    } else {
        None
    }
}

/// Messages one behind the other, as octets or as text.
fn decode_octets(
    input: &mut dyn Read,
    start: &[u8],
    name: &dyn core::fmt::Display,
    mut hex: Option<Hex>,
    report: &mut Report<'_>,
) -> io::Result<()> {
    let mut stream = Stream::from_start();
    let mut octets = Vec::new();
    let mut part = start.to_vec();
    let mut fed = 0_u64;
    let place = |fed: u64, stream: &Stream| {
        Place::Octet(fed.saturating_sub(u64::try_from(stream.pending()).unwrap_or(0)))
    };
    while !part.is_empty() {
        octets.clear();
        match &mut hex {
            Some(hex) => {
                if let Err(error) = hex.decode(&part, &mut octets) {
                    report.fail(&format_args!("{name}: {error}"))?;
                    part.clear();
                }
            }
            None => octets.extend_from_slice(&part),
        }
        stream.feed(&octets);
        fed = fed.saturating_add(u64::try_from(octets.len()).unwrap_or(0));
        loop {
            let at = place(fed, &stream);
            match stream.next() {
                Some(Ok(message)) => report.take(at, found::Found::Message(message))?,
                Some(Err(trouble)) => report.take(at, found::Found::Trouble(trouble))?,
                None => break,
            }
        }
        if part.is_empty() {
            break;
        }
        part.resize(PART_OCTETS, 0);
        match input.read(&mut part) {
            Ok(read) => part.truncate(read),
            Err(error) => {
                report.fail(&format_args!("{name}: {error}"))?;
                part.clear();
            }
        }
    }
    if let Some(Err(error)) = hex.map(|hex| hex.end()) {
        report.fail(&format_args!("{name}: {error}"))?;
    }
    let at = place(fed, &stream);
    stream.end().map_or(Ok(()), |trouble| report.take(at, found::Found::Trouble(trouble)))
}

fn decode_capture(
    input: &mut dyn Read,
    start: &[u8],
    name: &dyn core::fmt::Display,
    report: &mut Report<'_>,
) -> io::Result<()> {
    let mut take = |place: Place, found: found::Found| report.take(place, found);
    let mut sink = Sink::new(&mut take);
    let mut packets = Packets::default();
    let read = capture::read(input, start, &mut |packet| packets.add(packet, &mut sink));
    let done = match read {
        Err(CaptureError::Output(error)) => return Err(error),
        other => other,
    };
    packets.end(&mut sink)?;
    done.or_else(|error| report.fail(&format_args!("{name}: {error}")))
}

/// The packets of a capture on their way to messages.
#[derive(Default)]
struct Packets {
    fragments: Fragments,
    streams: Streams,
    associations: Associations,
    /// Link types that were refused already.
    refused: Vec<u32>,
    last: u64,
}

impl Packets {
    fn add(&mut self, packet: &Packet<'_>, sink: &mut Sink<'_>) -> io::Result<()> {
        self.last = packet.number;
        let place = Place::Frame { number: packet.number, at: packet.at, flow: None };
        let octets = match link::ip_packet(packet.link, packet.octets) {
            Ok(Some(octets)) => octets,
            Err(trouble) if !self.refused.contains(&packet.link) && self.refused.len() < 64 => {
                self.refused.push(packet.link);
                return sink.trouble(place, trouble);
            }
            Ok(None) | Err(_) => return Ok(()),
        };
        let Some(datagram) = Datagram::read(octets) else { return Ok(()) };
        match datagram.fragment {
            None => self.datagram(&datagram, datagram.payload, place, sink),
            Some(fragment) => match self.fragments.add(&datagram, fragment) {
                Some(payload) => self.datagram(&datagram, &payload, place, sink),
                None => Ok(()),
            },
        }
    }

    fn datagram(
        &mut self,
        datagram: &Datagram<'_>,
        payload: &[u8],
        place: Place,
        sink: &mut Sink<'_>,
    ) -> io::Result<()> {
        let ends = (datagram.from, datagram.to);
        match datagram.protocol {
            ip::TCP => self.streams.add(ends, payload, place, sink),
            ip::SCTP => self.associations.add(ends, payload, place, sink),
            _ => Ok(()),
        }
    }

    fn end(self, sink: &mut Sink<'_>) -> io::Result<()> {
        self.streams.end(sink)?;
        self.associations.end(sink)?;
        let place = Place::Frame { number: self.last, at: None, flow: None };
        (0..self.fragments.incomplete()).try_for_each(|_| sink.trouble(place, Trouble::Fragments))
    }
}

#[cfg(test)]
mod tests;
