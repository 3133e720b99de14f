//! A digest of what a request asks, by which a repeat is told from another request under the same key.
//!
//! In it: the kind, the action, who pays, the service, who speaks with whom, how the units are written, and every
//! quota with what is asked for and what was used. Of a request that opens a session the client's Event-Timestamp
//! as well: a client that begins again with old identifiers is then not taken for one that repeats itself.
//!
//! Not in it: what the key holds already (Session-Id, type, number) and what a repeat may change: identifiers of
//! hop and end, the T bit, Proxy-Info, Route-Record, the hosts, Origin-State-Id, where the subscriber is, and
//! Event-Timestamp of all other requests, which some clients set anew each time that they send.
//!
//! The digest is stored. Its octets mean the same in every version of gyro.

use crate::charging::request::{
    Action, Identity, Kind, Measured, Part, Parties, Reason, Request, Role, Shape, TariffSide,
};
use crate::time::Timestamp;

/// The digest of a request; the one in it is not read.
pub(super) fn of(request: &Request, event_timestamp: Option<Timestamp>) -> u64 {
    let mut digest = Digest::new();
    digest.word(kind(request.kind));
    if request.kind == Kind::Initial {
        digest.optional(event_timestamp.map(|at| u64::from_ne_bytes(at.micros().to_ne_bytes())));
    }
    digest.text(&request.context);
    digest.count(request.identities.len());
    for identity in &request.identities {
        match identity {
            Identity::E164(digits) => digest.word(1).word(digits.packed()),
            Identity::Imsi(digits) => digest.word(2).word(digits.packed()),
            Identity::Other(name) => digest.word(3).text(name),
        };
    }
    digest.parties(&request.parties);
    digest.word(match request.shape {
        Shape::PerGroup => 1,
        Shape::Command => 2,
    });
    digest.count(request.parts.len());
    request.parts.iter().for_each(|part| digest.part(part));
    digest.finish()
}

const fn kind(kind: Kind) -> u64 {
    match kind {
        Kind::Initial => 1,
        Kind::Update => 2,
        Kind::Terminate => 3,
        Kind::Event(Action::Debit) => 4,
        Kind::Event(Action::Refund) => 5,
        Kind::Event(Action::CheckBalance) => 6,
        Kind::Event(Action::PriceEnquiry) => 7,
    }
}

/// Words mixed one after the other by multiplication, with the end mixing of MurmurHash3's 64-bit finaliser.
struct Digest(u64);

impl Digest {
    const SEED: u64 = 0x6779_726f_2d63_6372;
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

    const fn new() -> Self {
        Self(Self::SEED)
    }

    const fn word(&mut self, word: u64) -> &mut Self {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(Self::FACTOR);
        self
    }

    fn count(&mut self, count: usize) {
        self.word(u64::try_from(count).unwrap_or(u64::MAX));
    }

    fn optional(&mut self, word: Option<u64>) -> &mut Self {
        match word {
            None => self.word(0),
            Some(word) => self.word(1).word(word),
        }
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.octets(text.as_bytes())
    }

    fn octets(&mut self, octets: &[u8]) -> &mut Self {
        self.count(octets.len());
        let (words, rest) = octets.as_chunks();
        for word in words {
            self.word(u64::from_be_bytes(*word));
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        self.word(u64::from_be_bytes(last))
    }

    fn name(&mut self, name: Option<&str>) {
        match name {
            None => self.word(0),
            Some(name) => self.word(1).text(name),
        };
    }

    fn parties(&mut self, parties: &Parties) {
        self.word(match parties.role {
            Role::Originating => 1,
            Role::Terminating => 2,
            Role::Forwarding => 3,
        });
        self.name(parties.called.as_deref());
        self.name(parties.requested.as_deref());
        self.count(parties.recipients.len());
        for recipient in &parties.recipients {
            self.text(recipient);
        }
    }

    fn part(&mut self, part: &Part) {
        self.optional(part.key.rating_group.map(u64::from));
        self.count(part.key.services.len());
        for service in &part.key.services {
            self.word(u64::from(*service));
        }
        match &part.requested {
            None => drop(self.word(0)),
            Some(requested) => self.word(1).measured(requested),
        }
        self.count(part.used.len());
        for used in &part.used {
            self.measured(&used.measured);
            self.word(match used.side {
                None => 0,
                Some(TariffSide::Before) => 1,
                Some(TariffSide::After) => 2,
                Some(TariffSide::Either) => 3,
            });
        }
        self.word(match part.reason {
            None => 0,
            Some(Reason::Threshold) => 1,
            Some(Reason::Idle) => 2,
            Some(Reason::Final) => 3,
            Some(Reason::Exhausted) => 4,
            Some(Reason::Validity) => 5,
            Some(Reason::ConditionChange) => 6,
            Some(Reason::Forced) => 7,
            // one number for what was not told apart once: the digest of a request stays what it was
            Some(Reason::OtherUnit | Reason::PoolExhausted | Reason::Unused | Reason::Other) => 8,
        });
        // added later: a request without a token has the digest that it always had
        if let Some(token) = &part.refund {
            self.word(1).octets(token);
        }
    }

    fn measured(&mut self, measured: &Measured) {
        let money = measured.money.map(|money| u64::from_ne_bytes(money.micros().to_ne_bytes()));
        self.optional(measured.seconds)
            .optional(measured.total_octets)
            .optional(measured.input_octets)
            .optional(measured.output_octets)
            .optional(measured.pieces)
            .optional(money);
    }

    const fn finish(self) -> u64 {
        let mut end = self.0;
        end = (end ^ (end >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        end = (end ^ (end >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        end ^ (end >> 33)
    }
}
