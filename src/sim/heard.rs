//! An answer as a gateway takes it apart: AVP by AVP, without the server's own readers.

use crate::diameter::avp::{Avp, AvpKey};
use crate::diameter::dictionary::Dictionary;
use crate::diameter::message::{Avps, Message};

/// What a final unit asks for (RFC 8506 §8.35).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Last {
    /// The service ends.
    Terminate,
    /// The user is sent elsewhere.
    Redirect,
    /// The user reaches less.
    Restrict,
}

/// Granted-Service-Unit: what of it is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Granted {
    /// CC-Total-Octets.
    pub total: Option<u64>,
    /// CC-Input-Octets.
    pub input: Option<u64>,
    /// CC-Output-Octets.
    pub output: Option<u64>,
    /// CC-Time.
    pub seconds: Option<u64>,
    /// CC-Service-Specific-Units.
    pub pieces: Option<u64>,
    /// CC-Money is there.
    pub money: bool,
}

/// A quota of an answer: of a Multiple-Services-Credit-Control, or of the command level.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Offer {
    /// Rating-Group.
    pub group: Option<u32>,
    /// Service-Identifiers.
    pub services: Vec<u32>,
    /// Granted-Service-Unit.
    pub granted: Option<Granted>,
    /// Validity-Time in seconds.
    pub validity: Option<u32>,
    /// Result-Code.
    pub code: Option<u32>,
    /// Volume-Quota-Threshold.
    pub volume_threshold: Option<u32>,
    /// Time-Quota-Threshold.
    pub time_threshold: Option<u32>,
    /// Quota-Holding-Time in seconds.
    pub holding: Option<u32>,
    /// Final-Unit-Indication.
    pub last: Option<Last>,
    /// QoS-Final-Unit-Indication.
    pub newer: Option<Last>,
    /// Announcement-Informations: the number, and how many seconds before the end of the quota.
    pub announcements: Vec<(u32, Option<u32>)>,
    /// The first AVP that stands twice and may stand once.
    pub twice: Option<AvpKey>,
}

/// What an answer says.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    message: &'a Message,
    dictionary: &'a Dictionary,
}

/// AVPs of a Multiple-Services-Credit-Control that may stand more than once: Service-Identifier,
/// G-S-U-Pool-Reference, Announcement-Information, and what is in no standard.
const REPEATED: [AvpKey; 3] = [AvpKey::base(439), AvpKey::base(457), AvpKey::tgpp(3_904)];

impl<'a> Heard<'a> {
    /// Of a message, by a gateway that knows the AVPs of this dictionary but for those of RFC 8506 alone.
    pub const fn new(message: &'a Message, dictionary: &'a Dictionary) -> Self {
        Self { message, dictionary }
    }

    /// The message.
    pub const fn message(&self) -> &'a Message {
        self.message
    }

    /// An Unsigned32 or Enumerated of the message itself, by its code.
    pub fn word(&self, code: u32) -> Option<u32> {
        self.message.find(AvpKey::base(code))?.u32().ok()
    }

    /// A text of the message itself, by its code.
    pub fn text(&self, code: u32) -> Option<&'a str> {
        self.message.find(AvpKey::base(code))?.utf8().ok()
    }

    /// Whether an AVP of the message itself is there.
    pub fn has(&self, code: u32) -> bool {
        self.message.find(AvpKey::base(code)).is_some()
    }

    /// Result-Code; 0 where there is none.
    pub fn code(&self) -> u32 {
        self.word(268).unwrap_or(0)
    }

    /// The Multiple-Services-Credit-Controls, in the order of the wire.
    pub fn offers(&self) -> Vec<Offer> {
        self.message.all(AvpKey::base(456)).map(|avp| offer(avp.children())).collect()
    }

    /// What stands at command level, where there is a grant, a final unit or a validity.
    pub fn command(&self) -> Option<Offer> {
        let has = |code| self.message.find(AvpKey::base(code)).is_some();
        [431, 430, 448].into_iter().any(has).then(|| {
            let offer = offer(self.message.avps());
            Offer { group: None, services: Vec::new(), twice: None, ..offer }
        })
    }

    /// The first AVP, wherever it stands, that has the M bit and that a gateway of RFC 4006's time does not know.
    pub fn stranger(&self) -> Option<AvpKey> {
        let is_new = |key: AvpKey| key.vendor == 0 && RFC_8506.contains(&key.code);
        let known = |key| self.dictionary.avp_by_key(key).is_some() && !is_new(key);
        let strange = |avp: &Avp<'_>| avp.flags().is_mandatory() && !known(avp.key());
        self.message.walk().find(strange).map(|avp| avp.key())
    }

    /// The octets of all AVPs of the message itself with this code, with their headers.
    pub fn all_octets(&self, code: u32) -> Vec<&'a [u8]> {
        self.message.all(AvpKey::base(code)).map(|avp| avp.octets()).collect()
    }
}

/// The AVPs that RFC 8506 has added to RFC 4006.
const RFC_8506: core::ops::RangeInclusive<u32> = 653..=669;

fn offer(avps: Avps<'_>) -> Offer {
    let mut offer = Offer::default();
    let mut seen: Vec<AvpKey> = Vec::new();
    for avp in avps {
        let key = avp.key();
        if seen.contains(&key) && !REPEATED.contains(&key) {
            offer.twice.get_or_insert(key);
        }
        seen.push(key);
        match (key.vendor, key.code) {
            (0, 432) => offer.group = avp.u32().ok(),
            (0, 439) => offer.services.extend(avp.u32()),
            (0, 431) => offer.granted = Some(granted(&avp)),
            (0, 448) => offer.validity = avp.u32().ok(),
            (0, 268) => offer.code = avp.u32().ok(),
            (0, 430) => offer.last = Some(last(&avp)),
            (0, 669) => offer.newer = Some(last(&avp)),
            (10_415, 3_904) => {
                let word = |code| avp.find(AvpKey::tgpp(code)).and_then(|avp| avp.u32().ok());
                offer.announcements.extend(word(3_905).map(|id| (id, word(3_911))));
            }
            (10_415, 869) => offer.volume_threshold = avp.u32().ok(),
            (10_415, 868) => offer.time_threshold = avp.u32().ok(),
            (10_415, 871) => offer.holding = avp.u32().ok(),
            _ => {}
        }
    }
    offer
}

fn granted(group: &Avp<'_>) -> Granted {
    let mut granted = Granted::default();
    for avp in group.children() {
        match (avp.key().vendor, avp.key().code) {
            (0, 421) => granted.total = avp.u64().ok(),
            (0, 412) => granted.input = avp.u64().ok(),
            (0, 414) => granted.output = avp.u64().ok(),
            (0, 417) => granted.pieces = avp.u64().ok(),
            (0, 420) => granted.seconds = avp.u32().ok().map(u64::from),
            (0, 413) => granted.money = true,
            _ => {}
        }
    }
    granted
}

/// An action that is not known, or not there, ends the service (RFC 8506 §5.6).
fn last(group: &Avp<'_>) -> Last {
    match group.find(AvpKey::base(449)).and_then(|action| action.u32().ok()) {
        Some(1) => Last::Redirect,
        Some(2) => Last::Restrict,
        _ => Last::Terminate,
    }
}
