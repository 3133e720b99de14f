//! Failure procedures (RFC 8506 §5.7, §6.5): what clients are told to do while nobody answers (§8.4, §8.14, §8.15),
//! and that a request sent again is the same request.

use bytes::BytesMut;
use gyro::charging::answer::{Answer, Denial, Outcome};
use gyro::charging::request::{Request, Shape};
use gyro::diameter::header::{CommandFlags, EndToEnd, Header, HopByHop};
use gyro::diameter::parse::{Limits, parse};
use gyro::ro::cca::{Asked, Cca, DebitFailure, FailureHandling, Failures, Origin, Refusal, refuse};
use gyro::ro::ccr::Ccr as Read;
use gyro::ro::convert::{self, Charge};
use gyro::ro::fields::Field as F;
use gyro::ro::profile::Profiles;
use gyro::ro::result;
use gyro::time::Timestamp;

use super::{Ccr, DICTIONARY, mscc, number, text};

const ALL: Failures = Failures {
    failover: Some(true),
    handling: Some(FailureHandling::RetryAndTerminate),
    debit: Some(DebitFailure::TerminateOrBuffer),
};

/// The three numbers of an answer to a request of that type.
fn told(request_type: i32, outcome: Outcome, failures: Failures) -> [Option<i32>; 3] {
    let request = Ccr::bare(request_type).message();
    let origin = Origin { failures, ..Origin::new("ocs.kz", "kz") };
    let answer = Answer::new(outcome, Shape::PerGroup, vec![]);
    let mut out = BytesMut::new();
    let profile = Profiles::standard();
    convert::answer(&mut out, &origin, &Asked::of(&request), &answer, Charge::Counted, profile).unwrap();
    let message = parse(out.freeze(), &Limits::DEFAULT, &*DICTIONARY).unwrap();
    let cca = Cca::read(&message).unwrap();
    [cca.failover, cca.failure_handling, cca.debit_failure]
}

#[test]
fn nothing_is_said_of_failures_where_nothing_is_configured() {
    for request_type in 1..=4 {
        assert_eq!(told(request_type, Outcome::Done, Failures::default()), [None; 3]);
    }
}

#[test]
fn answers_of_sessions_say_what_holds_for_sessions_and_answers_of_events_what_holds_for_events() {
    for (request_type, expected) in [
        (1, [Some(1), Some(2), None]),
        (2, [Some(1), Some(2), None]),
        (3, [None; 3]),
        (4, [None, None, Some(0)]),
    ] {
        assert_eq!(told(request_type, Outcome::Done, ALL), expected, "CC-Request-Type {request_type}");
        let refused = Outcome::Denied(Denial::NoCredit);
        assert_eq!(told(request_type, refused, ALL), expected, "refused, {request_type}");
    }
}

#[test]
fn each_word_has_its_number() {
    for (handling, value) in [
        (FailureHandling::Terminate, 0),
        (FailureHandling::Continue, 1),
        (FailureHandling::RetryAndTerminate, 2),
    ] {
        let failures = Failures { handling: Some(handling), failover: Some(false), debit: None };
        assert_eq!(told(1, Outcome::Done, failures), [Some(0), Some(value), None]);
    }
    for (debit, value) in [(DebitFailure::TerminateOrBuffer, 0), (DebitFailure::Continue, 1)] {
        let failures = Failures { debit: Some(debit), ..Failures::default() };
        assert_eq!(told(4, Outcome::Done, failures), [None, None, Some(value)]);
    }
}

/// A 3xxx follows the grammar of RFC 6733 §7.2, which has none of these.
#[test]
fn a_protocol_error_says_nothing_of_failures() {
    let request = Ccr::update().message();
    let origin = Origin { failures: ALL, ..Origin::new("ocs.kz", "kz") };
    let mut out = BytesMut::new();
    refuse(&mut out, &origin, &Asked::of(&request), &Refusal::new(result::BUSY)).unwrap();
    let message = parse(out.freeze(), &Limits::DEFAULT, &*DICTIONARY).unwrap();
    let cca = Cca::read(&message).unwrap();
    assert!(cca.is_error);
    assert_eq!((cca.failover, cca.failure_handling, cca.debit_failure), (None, None, None));
}

/// The same request, sent with these flags and identifiers.
fn sent(ccr: &Ccr, flags: CommandFlags, hop_by_hop: u32, end_to_end: u32) -> Request {
    let message = ccr.message();
    let mut octets = BytesMut::from(&message.bytes()[..]);
    let header = Header {
        flags,
        hop_by_hop: HopByHop::new(hop_by_hop),
        end_to_end: EndToEnd::new(end_to_end),
        ..message.header()
    };
    let mut head = BytesMut::new();
    gyro::diameter::tree::MessageTree { header, avps: vec![] }.encode(&mut head).unwrap();
    octets[4] = head[4];
    octets[12..20].copy_from_slice(&head[12..20]);
    let message = parse(octets.freeze(), &Limits::DEFAULT, &*DICTIONARY).unwrap();
    let read = Read::read(&message, &DICTIONARY, Profiles::standard()).unwrap();
    convert::request(read, Profiles::standard(), Timestamp::from_secs(1_767_225_600), |_| true).unwrap()
}

/// A repeat is known by its session, type and number: the T bit neither makes a request one nor is it needed.
#[test]
fn the_t_bit_and_the_identifiers_decide_nothing() {
    let event = Ccr::bare(4).with(number(F::RequestedAction, 0)).with(mscc(10));
    for ccr in [Ccr::bare(1).with(mscc(10)), Ccr::update(), Ccr::bare(3).with(mscc(10)), event] {
        let once = sent(&ccr, CommandFlags::PROXIABLE_REQUEST, 1, 2);
        let again = CommandFlags::new(CommandFlags::PROXIABLE_REQUEST.get() | 0x10);
        assert_eq!(sent(&ccr, again, 1, 2), once);
        assert_eq!(sent(&ccr, again, 7, 8), once);
        // and a T bit on a new request does not make it an old one
        let other = sent(&ccr.clone().set(text(F::SessionId, "pgw.kz;1;3")), again, 1, 2);
        assert_ne!(other.session, once.session);
    }
}
