//! What is counted of connections and requests. Handles are kept where they are used: a message costs a look
//! into a small map and an addition.

use std::collections::{BTreeMap, VecDeque};

use crate::charging::request::Kind;
use crate::diameter::frame::FrameFault;
use crate::diameter::header::{ApplicationId, CommandCode, CommandFlags};
use crate::diameter::result_code::ResultCode;
use crate::telemetry::{CcrLabels, Counter, Histogram, MessageLabels, ServerMetrics};
use crate::time::Monotonic;

/// What peers are called that no operator has named, and services that no tariff has.
const UNKNOWN: &str = "unknown";
/// What any number is called that the standards do not have: labels must not grow with what peers send.
const OTHER: &str = "other";
/// Such a number.
const STRANGE: u32 = u32::MAX;

/// What a message is counted under, each number one of those that are known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Sort {
    application: u32,
    command: u32,
    is_request: bool,
    /// CC-Request-Type; 0 where there is none.
    kind: u32,
    /// Result-Code; 0 where there is none.
    result: u32,
}

/// The messages of one connection.
pub(super) struct Tally {
    metrics: ServerMetrics,
    peer: Box<str>,
    handles: BTreeMap<Sort, Counter>,
}

impl Tally {
    /// Of a peer that has not said who it is.
    pub(super) fn new(metrics: ServerMetrics) -> Self {
        Self { metrics, peer: UNKNOWN.into(), handles: BTreeMap::new() }
    }

    /// From now on the messages are those of a peer that an operator has named.
    pub(super) fn name(&mut self, peer: &str) {
        self.peer = peer.into();
        self.handles.clear();
    }

    /// Counts the messages in these octets, which are whole and well formed: ours, or parsed.
    pub(super) fn count(&mut self, mut octets: &[u8]) {
        while let Some((sort, rest)) = sort(octets) {
            octets = rest;
            let Self { metrics, peer, handles } = self;
            handles.entry(sort).or_insert_with(|| metrics.message(&labels(sort, peer))).inc();
        }
    }
}

/// The first message's sort, and what is behind it.
fn sort(octets: &[u8]) -> Option<(Sort, &[u8])> {
    let (head, _) = octets.split_first_chunk::<20>()?;
    let [_, l0, l1, l2, flags, c0, c1, c2, a0, a1, a2, a3, ..] = *head;
    let length = usize::try_from(u32::from_be_bytes([0, l0, l1, l2])).ok()?;
    let (message, rest) = octets.split_at_checked(length)?;
    let is_request = CommandFlags::new(flags).is_request();
    let command = u32::from_be_bytes([0, c0, c1, c2]);
    let mut sort =
        Sort { application: u32::from_be_bytes([a0, a1, a2, a3]), command, is_request, kind: 0, result: 0 };
    if application(sort.application) == OTHER {
        sort.application = STRANGE;
    }
    if names(command).is_none() {
        sort.command = STRANGE;
    }
    let mut wants_kind = command == CommandCode::CREDIT_CONTROL.get();
    let mut wants_result = !is_request;
    let mut avps = message.get(20..)?;
    while let Some((code, word, behind)) = avp(avps).filter(|_| wants_kind || wants_result) {
        avps = behind;
        if code == CC_REQUEST_TYPE && wants_kind {
            wants_kind = false;
            sort.kind = word.filter(|kind| (1..=4).contains(kind)).unwrap_or(0);
        } else if code == RESULT_CODE && wants_result {
            wants_result = false;
            let code = word.unwrap_or(STRANGE);
            sort.result = if ResultCode::new(code).name().is_some() { code } else { STRANGE };
        }
    }
    Some((sort, rest))
}

const RESULT_CODE: u32 = 268;
const CC_REQUEST_TYPE: u32 = 416;

/// The code of the first AVP, its data if that is a word of no vendor, and what is behind it.
fn avp(octets: &[u8]) -> Option<(u32, Option<u32>, &[u8])> {
    let (head, data) = octets.split_first_chunk::<8>()?;
    let [c0, c1, c2, c3, flags, l0, l1, l2] = *head;
    let length = usize::try_from(u32::from_be_bytes([0, l0, l1, l2])).ok()?;
    let (data, _) = data.split_at_checked(length.checked_sub(8)?)?;
    let word = <[u8; 4]>::try_from(data).ok().filter(|_| flags & 0x80 == 0).map(u32::from_be_bytes);
    let behind = octets.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((u32::from_be_bytes([c0, c1, c2, c3]), word, behind))
}

fn labels(sort: Sort, peer: &str) -> MessageLabels {
    let command =
        names(sort.command).map_or(OTHER, |(request, answer)| if sort.is_request { request } else { answer });
    let kind = match sort.kind {
        1 => "initial",
        2 => "update",
        3 => "termination",
        4 => "event",
        _ => "",
    };
    let result = match sort.result {
        0 => String::new(),
        STRANGE => OTHER.to_owned(),
        code => code.to_string(),
    };
    MessageLabels { app: application(sort.application), command, kind, result, peer: peer.to_owned() }
}

const fn application(number: u32) -> &'static str {
    match ApplicationId::new(number) {
        ApplicationId::BASE => "0",
        ApplicationId::CREDIT_CONTROL => "4",
        ApplicationId::SY => "16777302",
        _ => OTHER,
    }
}

/// The short names of a command's request and answer.
const fn names(command: u32) -> Option<(&'static str, &'static str)> {
    match CommandCode::new(command) {
        _ if command == STRANGE => None,
        CommandCode::CAPABILITIES_EXCHANGE => Some(("CER", "CEA")),
        CommandCode::DEVICE_WATCHDOG => Some(("DWR", "DWA")),
        CommandCode::DISCONNECT_PEER => Some(("DPR", "DPA")),
        CommandCode::CREDIT_CONTROL => Some(("CCR", "CCA")),
        CommandCode::RE_AUTH => Some(("RAR", "RAA")),
        CommandCode::ABORT_SESSION => Some(("ASR", "ASA")),
        CommandCode::SESSION_TERMINATION => Some(("STR", "STA")),
        CommandCode::ACCOUNTING => Some(("ACR", "ACA")),
        CommandCode::SPENDING_LIMIT => Some(("SLR", "SLA")),
        CommandCode::SPENDING_STATUS_NOTIFICATION => Some(("SNR", "SNA")),
        _ => None,
    }
}

/// What is wrong with a frame, in one word.
pub(super) const fn reason(fault: &FrameFault) -> &'static str {
    match fault {
        FrameFault::Version(_) => "version",
        FrameFault::TooShort(_) => "too_short",
        FrameFault::Misaligned(_) => "misaligned",
        FrameFault::TooLong { .. } => "too_long",
    }
}

/// When a request had come in whole, and where its duration goes.
#[derive(Clone, Debug)]
pub(super) struct Timed {
    arrived: Monotonic,
    histogram: Histogram,
}

impl Timed {
    /// Its answer leaves.
    pub(super) fn observe(&self, now: Monotonic) {
        self.histogram.observe(now.since(self.arrived).as_secs_f64());
    }
}

/// The requests of one connection whose answers are held, with the batch that each waits for. Batches rise.
#[derive(Debug, Default)]
pub(super) struct Held(VecDeque<(u64, Timed)>);

impl Held {
    /// An answer waits for `batch`, and for those that are held before it.
    pub(super) fn push(&mut self, batch: u64, timed: Timed) {
        let last = self.0.back().map_or(0, |(last, _)| *last);
        self.0.push_back((batch.max(last), timed));
    }

    /// What waits for `durable` or a batch before it leaves.
    pub(super) fn release(&mut self, durable: u64, now: Monotonic) {
        while let Some((_, timed)) = self.0.pop_front_if(|(batch, _)| *batch <= durable) {
            timed.observe(now);
        }
    }

    /// None of them ever leaves.
    pub(super) fn drop_all(&mut self) {
        self.0.clear();
    }
}

/// The durations of requests, by service and kind.
pub(super) struct Durations {
    metrics: ServerMetrics,
    services: BTreeMap<Box<str>, [Histogram; 4]>,
}

impl Durations {
    pub(super) const fn new(metrics: ServerMetrics) -> Self {
        Self { metrics, services: BTreeMap::new() }
    }

    /// A request for a service, by its name in the tariff, had come in whole.
    pub(super) fn begin(&mut self, service: Option<&str>, kind: Kind, arrived: Monotonic) -> Timed {
        let name = service.unwrap_or(UNKNOWN);
        if let Some(handles) = self.services.get(name) {
            return Timed { arrived, histogram: of(kind, handles) };
        }
        let handle = |kind| self.metrics.ccr(&CcrLabels { service: name.to_owned(), kind });
        let handles = ["initial", "update", "termination", "event"].map(handle);
        let histogram = of(kind, &handles);
        self.services.insert(name.into(), handles);
        Timed { arrived, histogram }
    }
}

fn of(kind: Kind, [initial, update, termination, event]: &[Histogram; 4]) -> Histogram {
    match kind {
        Kind::Initial => initial,
        Kind::Update => update,
        Kind::Terminate => termination,
        Kind::Event(_) => event,
    }
    .clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Metrics;

    fn avp(code: u32, value: u32) -> Vec<u8> {
        [&code.to_be_bytes()[..], &[0x40, 0, 0, 12], &value.to_be_bytes()].concat()
    }

    fn message(flags: u8, command: u32, application: u32, avps: &[Vec<u8>]) -> Vec<u8> {
        // a Session-Id of five octets, padded to eight
        let session = [&263u32.to_be_bytes()[..], &[0x40, 0, 0, 13], b"a;1;2", &[0; 3]].concat();
        let body = [&[session][..], avps].concat().concat();
        let length = u32::try_from(body.len() + 20).unwrap();
        let [[_, length @ ..], [_, command @ ..]] = [length, command].map(u32::to_be_bytes);
        [&[1][..], &length, &[flags], &command, &application.to_be_bytes(), &[0; 8], &body].concat()
    }

    #[test]
    fn messages_are_counted_by_what_they_are_and_what_came_of_them() {
        let metrics = Metrics::new("0", "");
        let mut tally = Tally::new(metrics.server.clone());
        tally.count(&message(0x80, 280, 0, &[]));
        tally.name("pgw.example.kz");
        let asked = message(0xc0, 272, 4, &[avp(416, 2)]);
        let told = message(0x40, 272, 4, &[avp(268, 4012), avp(416, 2)]);
        tally.count(&[&asked[..], &told, &told].concat());
        let text = metrics.encode();
        for line in [
            "{app=\"0\",command=\"DWR\",type=\"\",result=\"\",peer=\"unknown\"} 1",
            "{app=\"4\",command=\"CCR\",type=\"update\",result=\"\",peer=\"pgw.example.kz\"} 1",
            "{app=\"4\",command=\"CCA\",type=\"update\",result=\"4012\",peer=\"pgw.example.kz\"} 2",
        ] {
            let line = format!("gyro_diameter_messages_total{line}\n");
            assert!(text.contains(&line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn numbers_that_nobody_knows_share_their_labels() {
        let metrics = Metrics::new("0", "");
        let mut tally = Tally::new(metrics.server.clone());
        for strange in 900_000..900_100 {
            tally.count(&message(0, strange, strange, &[avp(268, strange)]));
        }
        tally.count(&message(0, 0x00ff_ffff, 0xffff_ffff, &[avp(268, 0xffff_ffff)]));
        let line = "{app=\"other\",command=\"other\",type=\"\",result=\"other\",peer=\"unknown\"} 101\n";
        assert!(metrics.encode().contains(line), "{}", metrics.encode());
        assert_eq!(tally.handles.len(), 1);
    }

    #[test]
    fn half_a_message_is_not_counted() {
        let metrics = Metrics::new("0", "");
        let mut tally = Tally::new(metrics.server.clone());
        let whole = message(0, 280, 0, &[avp(268, 2001)]);
        for length in 0..whole.len() {
            tally.count(&whole[..length]);
        }
        assert!(tally.handles.is_empty());
    }

    #[test]
    fn a_duration_ends_when_the_answer_may_leave() {
        let metrics = Metrics::new("0", "");
        let mut durations = Durations::new(metrics.server.clone());
        let at = Monotonic::from_micros;
        let mut held = Held::default();
        held.push(9, durations.begin(Some("data"), Kind::Update, at(0)));
        held.push(3, durations.begin(Some("data"), Kind::Update, at(0)));
        held.push(10, durations.begin(None, Kind::Initial, at(0)));
        held.release(8, at(1));
        assert!(!metrics.encode().contains("_count{service=\"data\",type=\"update\"} 1"));
        held.release(9, at(1_000_000));
        held.drop_all();
        held.release(10, at(9_000_000));
        let text = metrics.encode();
        assert!(
            text.contains("gyro_ccr_duration_seconds_sum{service=\"data\",type=\"update\"} 2.0\n"),
            "{text}"
        );
        assert!(
            text.contains("gyro_ccr_duration_seconds_count{service=\"data\",type=\"update\"} 2\n"),
            "{text}"
        );
        let none = "gyro_ccr_duration_seconds_count{service=\"unknown\",type=\"initial\"} 0\n";
        assert!(text.contains(none), "{text}");
    }
}
