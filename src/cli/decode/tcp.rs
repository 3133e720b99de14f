//! TCP streams put together from segments in any order, repeated or missing.

use core::net::{IpAddr, SocketAddr};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bytes::Bytes;

use super::found::Sink;
use super::place::{Flow, Place, Transport};
use super::stream::{Stream, is_start};
use super::trouble::Trouble;

/// Streams that are followed at once; the one that was silent longest is given up for one more.
const STREAMS: usize = 1_024;
/// Octets that wait in one stream for those in front of them; with more, what is missing counts as lost.
const WAITING_OCTETS: usize = 1 << 18;
/// Segments that wait in one stream.
const WAITING_SEGMENTS: usize = 1_024;

const SYN: u8 = 0x02;

/// A segment without its header.
#[derive(Clone, Copy, Debug)]
struct Segment<'a> {
    from_port: u16,
    to_port: u16,
    sequence: u32,
    flags: u8,
    payload: &'a [u8],
}

impl<'a> Segment<'a> {
    fn read(octets: &'a [u8]) -> Option<Self> {
        let &[p0, p1, q0, q1, s0, s1, s2, s3, _, _, _, _, offset, flags] = octets.first_chunk()?;
        let header = usize::from(offset >> 4).checked_mul(4).filter(|header| *header >= 20)?;
        Some(Self {
            from_port: u16::from_be_bytes([p0, p1]),
            to_port: u16::from_be_bytes([q0, q1]),
            sequence: u32::from_be_bytes([s0, s1, s2, s3]),
            flags,
            payload: octets.get(header..)?,
        })
    }
}

/// One direction of a connection. Sequence numbers are counted on beyond 32 bits.
#[derive(Debug)]
struct Direction {
    stream: Stream,
    /// The sequence number of the first octet, if the connection was seen to begin.
    first: Option<u32>,
    /// The sequence number that comes next.
    next: u64,
    waiting: BTreeMap<u64, Bytes>,
    waiting_octets: usize,
    /// Carries something else than Diameter.
    foreign: bool,
    last: Place,
    clock: u64,
}

impl Direction {
    fn new(stream: Stream, next: u64, place: Place) -> Self {
        Self {
            stream,
            first: None,
            next,
            waiting: BTreeMap::new(),
            waiting_octets: 0,
            foreign: false,
            last: place,
            clock: 0,
        }
    }

    /// The place of a 32-bit sequence number near [`Direction::next`].
    fn extend(&self, sequence: u32) -> u64 {
        let low = u32::try_from(self.next & 0xffff_ffff).unwrap_or(0);
        self.next.saturating_add_signed(i64::from(sequence.wrapping_sub(low).cast_signed()))
    }

    fn add(&mut self, at: u64, payload: &[u8], place: Place, sink: &mut Sink<'_>) -> std::io::Result<()> {
        match self.next.checked_sub(at) {
            Some(known) => {
                let known = usize::try_from(known).unwrap_or(usize::MAX);
                self.append(payload.get(known..).unwrap_or_default());
            }
            None => self.wait(at, payload),
        }
        self.drain();
        self.cut(place, sink)?;
        while self.waiting_octets > WAITING_OCTETS || self.waiting.len() > WAITING_SEGMENTS {
            self.give_up_gap(place, sink)?;
        }
        Ok(())
    }

    fn append(&mut self, octets: &[u8]) {
        self.stream.feed(octets);
        self.next = self.next.saturating_add(u64::try_from(octets.len()).unwrap_or(0));
    }

    fn wait(&mut self, at: u64, payload: &[u8]) {
        match self.waiting.entry(at) {
            Entry::Occupied(known) if known.get().len() >= payload.len() => {}
            Entry::Occupied(mut known) => {
                let more = payload.len().saturating_sub(known.get().len());
                self.waiting_octets = self.waiting_octets.saturating_add(more);
                known.insert(Bytes::copy_from_slice(payload));
            }
            Entry::Vacant(free) => {
                self.waiting_octets = self.waiting_octets.saturating_add(payload.len());
                free.insert(Bytes::copy_from_slice(payload));
            }
        }
    }

    /// Appends what has its turn now.
    fn drain(&mut self) {
        while let Some(first) = self.waiting.first_entry().filter(|first| *first.key() <= self.next) {
            let (at, payload) = first.remove_entry();
            self.waiting_octets = self.waiting_octets.saturating_sub(payload.len());
            let known = usize::try_from(self.next.saturating_sub(at)).unwrap_or(usize::MAX);
            self.append(payload.get(known..).unwrap_or_default());
        }
    }

    /// Takes the octets in front of the first segment that waits for lost.
    fn give_up_gap(&mut self, place: Place, sink: &mut Sink<'_>) -> std::io::Result<()> {
        let Some((&at, _)) = self.waiting.first_key_value() else { return Ok(()) };
        let lost = at.saturating_sub(self.next);
        if !self.foreign {
            sink.trouble(place, Trouble::Gap(lost))?;
        }
        self.stream.interrupt();
        self.next = at;
        self.drain();
        self.cut(place, sink)
    }

    fn cut(&mut self, place: Place, sink: &mut Sink<'_>) -> std::io::Result<()> {
        while let Some(next) = self.stream.next() {
            match next {
                Ok(message) => sink.message(place, message)?,
                Err(trouble) => sink.trouble(place, trouble)?,
            }
        }
        Ok(())
    }

    fn end(&mut self, sink: &mut Sink<'_>) -> std::io::Result<()> {
        if self.foreign {
            return Ok(());
        }
        let place = self.last;
        while !self.waiting.is_empty() {
            self.give_up_gap(place, sink)?;
        }
        match self.stream.end() {
            Some(trouble) => sink.trouble(place, trouble),
            None => Ok(()),
        }
    }
}

/// All TCP streams of a capture.
#[derive(Debug, Default)]
pub(super) struct Streams {
    directions: BTreeMap<Flow, Direction>,
    clock: u64,
}

impl Streams {
    /// Takes one segment.
    pub(super) fn add(
        &mut self,
        (from, to): (IpAddr, IpAddr),
        octets: &[u8],
        place: Place,
        sink: &mut Sink<'_>,
    ) -> std::io::Result<()> {
        let Some(segment) = Segment::read(octets) else { return Ok(()) };
        let flow = Flow {
            transport: Transport::Tcp,
            from: SocketAddr::new(from, segment.from_port),
            to: SocketAddr::new(to, segment.to_port),
        };
        let place = place.of_flow(flow);
        self.clock = self.clock.saturating_add(1);
        let known = self.directions.get(&flow);
        if segment.flags & SYN != 0 {
            let first = segment.sequence.wrapping_add(1);
            if known.is_none_or(|known| known.first != Some(first)) {
                let next = FIRST.saturating_add(u64::from(first));
                let fresh =
                    Direction { first: Some(first), ..Direction::new(Stream::from_start(), next, place) };
                self.begin(flow, fresh, sink)?;
            }
        } else if !segment.payload.is_empty() && known.is_none() {
            let next = FIRST.saturating_add(u64::from(segment.sequence));
            self.begin(flow, Direction::new(Stream::picked_up(), next, place), sink)?;
        }
        let Some(direction) = self.directions.get_mut(&flow) else { return Ok(()) };
        direction.clock = self.clock;
        direction.last = place;
        if !segment.payload.is_empty() && !direction.foreign {
            if direction.is_untouched() && !flow.is_diameter_port() && !is_start(segment.payload) {
                direction.foreign = true;
                return Ok(());
            }
            let sequence = direction.extend(segment.sequence);
            let at = sequence.saturating_add(u64::from(segment.flags & SYN != 0));
            direction.add(at, segment.payload, place, sink)?;
        }
        Ok(())
    }

    /// Nothing more comes.
    pub(super) fn end(mut self, sink: &mut Sink<'_>) -> std::io::Result<()> {
        self.directions.values_mut().try_for_each(|direction| direction.end(sink))
    }

    fn begin(&mut self, flow: Flow, direction: Direction, sink: &mut Sink<'_>) -> std::io::Result<()> {
        if let Some(mut before) = self.directions.insert(flow, direction) {
            before.end(sink)?;
        }
        if self.directions.len() > STREAMS {
            let oldest =
                self.directions.iter().min_by_key(|(_, direction)| direction.clock).map(|(flow, _)| *flow);
            let oldest = oldest.and_then(|flow| self.directions.remove(&flow));
            if let Some(mut oldest) = oldest.filter(|oldest| !oldest.foreign) {
                sink.trouble(oldest.last, Trouble::Forgotten)?;
                oldest.end(sink)?;
            }
        }
        Ok(())
    }
}

impl Direction {
    fn is_untouched(&self) -> bool {
        self.waiting.is_empty() && self.stream.is_untouched()
    }
}

/// Sequence numbers begin here, so that earlier ones have a place too.
const FIRST: u64 = 1 << 32;

#[cfg(test)]
mod tests;
