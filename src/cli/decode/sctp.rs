//! SCTP: messages in DATA chunks, put together from fragments (RFC 9260 §3.3.1, §6.9).

use core::net::{IpAddr, SocketAddr};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;

use super::found::Sink;
use super::place::{Flow, Place, Transport};
use super::stream::{MESSAGE_OCTETS, Stream, is_start};
use super::trouble::Trouble;

/// Associations that are followed at once, counted by direction.
const ASSOCIATIONS: usize = 1_024;
/// Numbers of chunks that are remembered to tell repeated ones.
const REMEMBERED: usize = 4_096;
/// Fragments that wait for others in one direction.
const WAITING: usize = 1_024;

const DATA: u8 = 0;
const END: u8 = 0x01;
const BEGINNING: u8 = 0x02;

/// Payload protocol identifiers of Diameter (RFC 6733 §2.1).
const DIAMETER: u32 = 46;
const DIAMETER_DTLS: u32 = 47;

/// One DATA chunk.
#[derive(Clone, Copy, Debug)]
struct Chunk<'a> {
    flags: u8,
    number: u32,
    protocol: u32,
    data: &'a [u8],
}

#[derive(Debug)]
struct Part {
    flags: u8,
    data: Vec<u8>,
}

/// One direction of an association.
#[derive(Debug, Default)]
struct Direction {
    seen: BTreeSet<u32>,
    order: VecDeque<u32>,
    parts: BTreeMap<u32, Part>,
    octets: usize,
    clock: u64,
    last: Option<Place>,
}

impl Direction {
    /// Whether a chunk comes for the first time.
    fn is_new(&mut self, number: u32) -> bool {
        if !self.seen.insert(number) {
            return false;
        }
        self.order.push_back(number);
        if self.order.len() > REMEMBERED {
            self.order.pop_front().map(|oldest| self.seen.remove(&oldest));
        }
        true
    }

    /// Keeps a fragment, and gives the message once all of it is there.
    fn add(&mut self, chunk: &Chunk<'_>) -> Option<Vec<u8>> {
        if self.parts.len() >= WAITING || self.octets.saturating_add(chunk.data.len()) > 2 * MESSAGE_OCTETS {
            self.parts.clear();
            self.octets = 0;
        }
        self.octets = self.octets.saturating_add(chunk.data.len());
        self.parts.insert(chunk.number, Part { flags: chunk.flags, data: chunk.data.to_vec() });
        let mut first = chunk.number;
        while self.parts.get(&first)?.flags & BEGINNING == 0 {
            first = first.wrapping_sub(1);
        }
        let mut last = chunk.number;
        while self.parts.get(&last)?.flags & END == 0 {
            last = last.wrapping_add(1);
        }
        let mut message = Vec::new();
        let mut number = first;
        loop {
            message.extend(self.parts.remove(&number)?.data);
            if number == last {
                self.octets = self.octets.saturating_sub(message.len());
                return Some(message);
            }
            number = number.wrapping_add(1);
        }
    }
}

/// All SCTP associations of a capture.
#[derive(Debug, Default)]
pub(super) struct Associations {
    directions: BTreeMap<(Flow, u32), Direction>,
    clock: u64,
}

impl Associations {
    /// Takes one SCTP packet.
    pub(super) fn add(
        &mut self,
        (from, to): (IpAddr, IpAddr),
        octets: &[u8],
        place: Place,
        sink: &mut Sink<'_>,
    ) -> io::Result<()> {
        let Some((&[p0, p1, q0, q1, v0, v1, v2, v3, _, _, _, _], chunks)) = octets.split_first_chunk() else {
            return Ok(());
        };
        let flow = Flow {
            transport: Transport::Sctp,
            from: SocketAddr::new(from, u16::from_be_bytes([p0, p1])),
            to: SocketAddr::new(to, u16::from_be_bytes([q0, q1])),
        };
        let place = place.of_flow(flow);
        let tag = u32::from_be_bytes([v0, v1, v2, v3]);
        let mut rest = chunks;
        while let Some((&[kind, flags, l0, l1], _)) = rest.split_first_chunk() {
            let length = usize::from(u16::from_be_bytes([l0, l1]));
            let Some(chunk) = rest.get(4..length) else {
                return if kind == DATA && flow.is_diameter_port() {
                    sink.trouble(place, Trouble::ChunkCut)
                } else {
                    Ok(())
                };
            };
            if kind == DATA {
                self.data(flow, tag, flags, chunk, place, sink)?;
            }
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        Ok(())
    }

    fn data(
        &mut self,
        flow: Flow,
        tag: u32,
        flags: u8,
        chunk: &[u8],
        place: Place,
        sink: &mut Sink<'_>,
    ) -> io::Result<()> {
        let Some((&[n0, n1, n2, n3, _, _, _, _, p0, p1, p2, p3], data)) = chunk.split_first_chunk() else {
            return Ok(());
        };
        let number = u32::from_be_bytes([n0, n1, n2, n3]);
        let chunk = Chunk { flags, number, protocol: u32::from_be_bytes([p0, p1, p2, p3]), data };
        self.clock = self.clock.saturating_add(1);
        if !self.directions.contains_key(&(flow, tag)) && self.directions.len() >= ASSOCIATIONS {
            let oldest =
                self.directions.iter().min_by_key(|(_, direction)| direction.clock).map(|(key, _)| *key);
            oldest.and_then(|key| self.directions.remove(&key));
        }
        let direction = self.directions.entry((flow, tag)).or_default();
        direction.clock = self.clock;
        if !direction.is_new(number) {
            return Ok(());
        }
        if flags & (BEGINNING | END) == BEGINNING | END {
            return message(flow, chunk.protocol, data, place, sink);
        }
        if is_foreign(flow, chunk.protocol) {
            return Ok(());
        }
        direction.last = Some(place);
        match direction.add(&chunk) {
            Some(whole) => message(flow, chunk.protocol, &whole, place, sink),
            None => Ok(()),
        }
    }

    /// Nothing more comes.
    pub(super) fn end(self, sink: &mut Sink<'_>) -> io::Result<()> {
        for ((flow, _), direction) in self.directions {
            if let Some(place) =
                direction.last.filter(|_| !direction.parts.is_empty() && flow.is_diameter_port())
            {
                sink.trouble(place, Trouble::SctpFragments)?;
            }
        }
        Ok(())
    }
}

/// Names another protocol, on a port that is not Diameter's.
fn is_foreign(flow: Flow, protocol: u32) -> bool {
    !matches!(protocol, 0 | DIAMETER | DIAMETER_DTLS) && !flow.is_diameter_port()
}

/// Decodes one message of SCTP: as a rule one message of Diameter.
fn message(flow: Flow, protocol: u32, data: &[u8], place: Place, sink: &mut Sink<'_>) -> io::Result<()> {
    if protocol == DIAMETER_DTLS {
        return sink.trouble(place, Trouble::Encrypted);
    }
    if is_foreign(flow, protocol) || (protocol != DIAMETER && !flow.is_diameter_port() && !is_start(data)) {
        return Ok(());
    }
    let mut stream = Stream::from_start();
    stream.feed(data);
    while let Some(next) = stream.next() {
        match next {
            Ok(message) => sink.message(place, message)?,
            Err(trouble) => sink.trouble(place, trouble)?,
        }
    }
    stream.end().map_or(Ok(()), |trouble| sink.trouble(place, trouble))
}

#[cfg(test)]
mod tests;
