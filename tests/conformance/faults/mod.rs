//! Faults of the protocol: each with its Result-Code, its E bit and the octets of its Failed-AVP (RFC 6733 §7.1, §7.2,
//! §7.5), one row for each way to bend a message.
//!
//! What goes in and what must come out is written down octet by octet (`octets`). The rows are run twice: against the
//! peer machine and the reader of CCRs, put together as the server has them (`a_fault_has…`), and against the server
//! itself over a socket (`server`). Where §7.1 has two codes for one fault, the row names both.
//!
//! Three rules of this house stand behind the rows, where the standard leaves a choice:
//! - a Failed-AVP is well formed itself: the header of an AVP whose length cannot be used is repeated with the length
//!   that its zero-filled value has;
//! - the culprit within groups stands in the chain of its groups, alone (§7.5);
//! - of an AVP that is missing in a group, or that nobody reads, nothing is said.

mod base;
mod counts;
mod header;
mod lengths;
mod octets;
mod places;
mod server;
mod values;

use std::collections::BTreeSet;

use bytes::BytesMut;
use gyro::diameter::base::local::LocalNode;
use gyro::diameter::peer::event::PeerEvent;
use gyro::diameter::peer::limits::Limits;
use gyro::diameter::peer::machine::Phase;
use gyro::diameter::peer::registry::ConnectionId;
use gyro::diameter::peer::roster::{Roster, UnknownPeers};
use gyro::ro::cca::{self, Asked, Origin, Refusal};
use gyro::ro::ccr::Ccr;
use gyro::ro::foreign_money;
use gyro::ro::profile::Profiles;

use self::octets::{
    E, FAILED_AVP, HOST, ORIGIN_HOST, ORIGIN_REALM, P, PGW, REALM, RESULT_CODE, Request, SESSION_ID, split,
};
use crate::node::{Node, identity};
use crate::rfc8506::DICTIONARY;

/// When the octets come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum When {
    /// First of all, on a new connection.
    First,
    /// The same, where only named peers are served.
    FirstOfStranger,
    /// Behind a CER that was accepted.
    Open,
}

/// What becomes of the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum After {
    Open,
    /// The server waits for the peer to close it.
    Closing,
    Closed,
}

/// What must come back.
#[derive(Clone, Debug)]
enum Then {
    /// One answer with one of these codes, this E bit, and this in Failed-AVP; none where it is empty.
    Refused { codes: &'static [u32], e: bool, failed: Vec<u8> },
    /// One answer with 2001.
    Done,
    /// Nothing is wrong with it: charging is asked.
    Served,
    /// Nothing at all.
    Silence,
}

struct Row {
    rule: &'static str,
    when: When,
    octets: Vec<u8>,
    then: Then,
    after: After,
}

/// A request that is answered with a fault on a connection that stays; E with 3xxx and nowhere else (§7.1.3, §7.2).
fn fault(rule: &'static str, request: &Request, codes: &'static [u32], failed: Vec<u8>) -> Row {
    let e = codes.iter().all(|code| (3_000..4_000).contains(code));
    let then = Then::Refused { codes, e, failed };
    Row { rule, when: When::Open, octets: request.octets(), then, after: After::Open }
}

fn row(rule: &'static str, octets: Vec<u8>, then: Then, after: After) -> Row {
    Row { rule, when: When::Open, octets, then, after }
}

fn served(rule: &'static str, request: &Request) -> Row {
    row(rule, request.octets(), Then::Served, After::Open)
}

fn done(rule: &'static str, request: &Request) -> Row {
    row(rule, request.octets(), Then::Done, After::Open)
}

impl Row {
    /// The answer cannot have what its own grammar asks for: E, and the grammar of §7.2.
    fn e(mut self) -> Self {
        let Then::Refused { e, .. } = &mut self.then else { panic!("{}: no refusal", self.rule) };
        *e = true;
        self
    }

    fn first(self) -> Self {
        Self { when: When::First, ..self }
    }

    fn then(self, after: After) -> Self {
        Self { after, ..self }
    }

    /// Whether this answer, all that came back, is the right one.
    fn check(&self, answer: &[u8]) -> Result<(), String> {
        let (codes, e, failed): (&[u32], _, &[u8]) = match &self.then {
            Then::Refused { codes, e, failed } => (codes, *e, failed),
            Then::Done => (&[2001], false, &[]),
            // whom nobody knows, and a session that nobody knows
            Then::Served => (&[5002, 5030], false, &[]),
            Then::Silence => return same("octets", answer, &[][..]),
        };
        let [1, l0, l1, l2, flags, rest @ ..] = answer else { return Err("no answer".to_owned()) };
        same("length", u32::from_be_bytes([0, *l0, *l1, *l2]).try_into(), Ok(answer.len()))?;
        same("flags", *flags, self.octets[4] & P | if e { E } else { 0 })?;
        same("command, application, identifiers", &rest[..15], &self.octets[5..20])?;
        let avps = split(&answer[20..]);
        let of = |code| avps.iter().filter(|avp| avp.0 == code).map(|avp| avp.2).collect::<Vec<_>>();
        let found: Vec<_> =
            of(RESULT_CODE).iter().map(|data| u32::from_be_bytes((*data).try_into().unwrap())).collect();
        if found.len() != 1 || !codes.contains(&found[0]) {
            return Err(format!("Result-Code {found:?}, expected one of {codes:?}"));
        }
        same("Failed-AVP", of(FAILED_AVP), Vec::from_iter((!failed.is_empty()).then_some(failed)))?;
        same("Origin-Host", of(ORIGIN_HOST), vec![HOST.as_bytes()])?;
        same("Origin-Realm", of(ORIGIN_REALM), vec![REALM.as_bytes()])?;
        // of a message that cannot be cut off the stream only the header is known
        if self.after != After::Closed {
            let asked = split(&self.octets[20..]);
            let session: Vec<_> =
                asked.iter().find(|avp| avp.0 == SESSION_ID).map(|avp| avp.2).into_iter().collect();
            same("Session-Id", of(SESSION_ID), session.clone())?;
            same("Session-Id is the first", avps[0].0 == SESSION_ID, !session.is_empty())?;
        }
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "both are made where they are compared")]
fn same<T: PartialEq + core::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what} {found:02x?}, expected {expected:02x?}")) }
}

fn rows() -> Vec<Row> {
    [header::rows(), base::rows(), values::rows(), lengths::rows(), counts::rows(), places::rows()]
        .into_iter()
        .flatten()
        .collect()
}

/// What the server does with what the machine hands on (`server::serve`), without charging.
fn serve(node: &mut Node, id: ConnectionId, event: PeerEvent) -> (Vec<u8>, bool) {
    match event {
        PeerEvent::Request(request) => {
            let fault = match Ccr::read(&request, &DICTIONARY, Profiles::standard()) {
                Ok(_) => foreign_money(&request, Some(398)),
                Err(unreadable) => Some(unreadable.first()),
            };
            let Some(fault) = fault else { return (Vec::new(), true) };
            let mut out = BytesMut::new();
            let origin = Origin { state_id: Some(7), ..Origin::new(HOST, REALM) };
            cca::refuse(&mut out, &origin, &Asked::of(&request), &Refusal::of(&fault)).unwrap();
            (out.to_vec(), false)
        }
        PeerEvent::Objection { request, refusal } => {
            node.socket(id).machine.refuse(&request, &refusal);
            node.settle();
            (node.sent_octets(id).to_vec(), false)
        }
        _ => (Vec::new(), false),
    }
}

fn run(row: &Row) -> Result<(), String> {
    let mut node = match row.when {
        When::First | When::Open => Node::server(),
        When::FirstOfStranger => {
            let local = LocalNode::charging_server(identity(HOST), identity(REALM), 7);
            Node::new(local, Limits::DEFAULT, Roster::new([], UnknownPeers::Reject))
        }
    };
    let id = if row.when == When::Open { node.open_from(PGW) } else { node.accept() };
    node.feed(id, &row.octets);
    let mut answer = node.sent_octets(id).to_vec();
    let mut asked = false;
    for event in node.events(id) {
        let (octets, served) = serve(&mut node, id, event);
        answer.extend(octets);
        asked |= served;
    }
    let after = match node.phase(id) {
        Phase::Open => After::Open,
        Phase::Closing => After::Closing,
        Phase::Closed => After::Closed,
        other => return Err(format!("the connection is left in {other:?}")),
    };
    same("the connection is", after, row.after)?;
    if matches!(row.then, Then::Served) {
        return same("charging is asked", (asked, answer), (true, Vec::new()));
    }
    same("charging is asked", asked, false)?;
    row.check(&answer)
}

/// Runs all rows and tells of all that fail.
fn run_all(rows: &[Row], mut run: impl FnMut(&Row) -> Result<(), String>) {
    let failed: Vec<String> =
        rows.iter().filter_map(|row| run(row).err().map(|why| format!("{}: {why}", row.rule))).collect();
    assert!(failed.is_empty(), "{} of {} rows:\n{}", failed.len(), rows.len(), failed.join("\n"));
}

#[test]
fn a_fault_has_exactly_its_code_its_e_bit_and_its_failed_avp() {
    let rows = rows();
    let faults = rows.iter().filter(|row| matches!(row.then, Then::Refused { .. })).count();
    assert!(faults >= 80, "{faults}");
    run_all(&rows, run);
}

/// Every name of a row is a rule of its own: no two say the same, and no two rows have the same octets.
#[test]
fn no_rule_is_listed_twice() {
    let rows = rows();
    let rules: BTreeSet<_> = rows.iter().map(|row| row.rule).collect();
    assert_eq!(rules.len(), rows.len());
    let mut seen = BTreeSet::new();
    for row in &rows {
        let state = (row.when == When::Open, row.when == When::FirstOfStranger);
        assert!(seen.insert((state, &row.octets)), "{}: these octets are in another row", row.rule);
    }
}

/// Who checks must be able to object: a row with one thing changed is told apart.
#[test]
fn a_wrong_code_a_wrong_bit_and_a_wrong_failed_avp_are_found() {
    let bent = |rule: &str, bend: fn(&mut Vec<u8>, &mut bool)| {
        let mut row = rows().into_iter().find(|row| row.rule == rule).unwrap();
        let Then::Refused { e, failed, .. } = &mut row.then else { panic!("{rule}") };
        bend(failed, e);
        run(&row).unwrap_err()
    };
    let rule = "no CC-Request-Number";
    assert!(bent(rule, |failed, _| failed[11] = 1).contains("Failed-AVP"));
    assert!(bent(rule, |failed, _| failed.clear()).contains("Failed-AVP"));
    assert!(bent(rule, |_, e| *e = false).contains("flags"));
    let mut row = rows().into_iter().find(|row| row.rule == rule).unwrap();
    row.then = Then::Refused { codes: &[5004], e: true, failed: Vec::new() };
    assert!(run(&row).unwrap_err().contains("Result-Code [5005]"));
    row.then = Then::Served;
    assert!(run(&row).unwrap_err().contains("charging is asked"));
}
