//! What subscribers are told: what has happened, and the facts that a message about it may name (`RES-4`, `ROAM-3`,
//! `ACC-8`, `SUS-2`). No words: those are made where messages are sent.
//!
//! A notice is decided with the change that causes it and committed in the same batch: once for each cause, never lost
//! and never twice.

use super::account::Subscriber;
use super::account::block::BlockReason;
use super::account::life::EndReason;
use super::account::told::Thresholds;
use super::units::{Amount, Digits, Money};
use crate::time::Timestamp;

/// A language in which subscribers are told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Language {
    /// Kazakh.
    Kazakh,
    /// Russian.
    Russian,
    /// English.
    English,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::Kazakh, Self::Russian, Self::English];

    /// Its code (ISO 639-1): `kk`, `ru`, `en`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Kazakh => "kk",
            Self::Russian => "ru",
            Self::English => "en",
        }
    }

    /// The language of a code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }
}

/// Why a subscriber is told, with the facts of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cause {
    /// So many per cent of a bundle are used (`RES-4`); 100: all of it.
    Bundle {
        /// The bundle's name.
        bundle: Box<str>,
        /// The threshold that was reached, 1 to 100.
        percent: u8,
        /// What is left of it.
        left: Amount,
        /// When it ends, where it does.
        expires: Option<Timestamp>,
    },
    /// The balance has become low.
    LowBalance {
        /// What may still be spent.
        left: Money,
    },
    /// The number was blocked (`SUS-2`).
    Blocked {
        /// Why.
        reason: BlockReason,
    },
    /// A block was lifted; others may be left.
    Unblocked {
        /// Which.
        reason: BlockReason,
    },
    /// The contract has ended.
    Ended {
        /// Why.
        why: EndReason,
    },
    /// Money has come.
    Topup {
        /// How much.
        amount: Money,
        /// The main balance after it.
        balance: Money,
    },
    /// A payment was promised (`ACC-8`).
    Promise {
        /// How much was given.
        amount: Money,
        /// What it costs.
        fee: Money,
        /// When it is taken back.
        due: Timestamp,
        /// The main balance after it.
        balance: Money,
    },
    /// The subscriber has entered a country: use may lead to a debt (`ROAM-3`).
    Roaming {
        /// The serving network, MCC and MNC.
        network: Digits,
        /// The roaming zone's name, where there is one.
        zone: Option<Box<str>>,
    },
    /// A recurring fee was charged (`ACC-4`).
    Fee {
        /// What it is for.
        name: Box<str>,
        /// How much.
        amount: Money,
        /// The main balance after it.
        balance: Money,
    },
    /// Money lacks for a recurring fee (`ACC-4`).
    FeeUnpaid {
        /// What it is for.
        name: Box<str>,
        /// How much.
        amount: Money,
        /// The main balance.
        balance: Money,
    },
}

impl Cause {
    /// Every kind of cause, by the word that templates and files name it by.
    pub const WORDS: [&'static str; 10] = [
        "bundle",
        "low-balance",
        "block",
        "unblock",
        "end",
        "topup",
        "promise",
        "roaming",
        "fee",
        "fee-unpaid",
    ];

    /// The word for the kind of cause.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Bundle { .. } => "bundle",
            Self::LowBalance { .. } => "low-balance",
            Self::Blocked { .. } => "block",
            Self::Unblocked { .. } => "unblock",
            Self::Ended { .. } => "end",
            Self::Topup { .. } => "topup",
            Self::Promise { .. } => "promise",
            Self::Roaming { .. } => "roaming",
            Self::Fee { .. } => "fee",
            Self::FeeUnpaid { .. } => "fee-unpaid",
        }
    }
}

/// Something that a subscriber is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// Who.
    pub msisdn: Digits,
    /// In which language; none: in the operator's.
    pub language: Option<Language>,
    /// When it happened.
    pub at: Timestamp,
    /// What.
    pub cause: Cause,
}

impl Notice {
    /// What a subscriber is told of something that happens now.
    pub fn new(subscriber: &Subscriber, cause: Cause, now: Timestamp) -> Self {
        let language = subscriber.language.as_deref().and_then(Language::of);
        Self { msisdn: subscriber.msisdn, language, at: now, cause }
    }

    /// Octets that it takes in a batch, about.
    pub const fn octets(&self) -> usize {
        96
    }
}

/// Which of what subscribers are told is gathered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NoticePolicy {
    /// Somebody takes it: without this nothing is gathered.
    pub on: bool,
    /// At how much use of a bundle, where the bundle says nothing of its own.
    pub thresholds: Thresholds,
    /// Below which balance, where the plan says nothing of its own.
    pub low_balance: Option<Money>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_word() {
        let cents = |cents| Money::from_cents(cents).unwrap();
        let causes = [
            Cause::LowBalance { left: cents(1) },
            Cause::Blocked { reason: BlockReason::Lost },
            Cause::Ended { why: EndReason::Unused },
        ];
        assert!(causes.iter().all(|cause| Cause::WORDS.contains(&cause.word())));
        for language in Language::ALL {
            assert_eq!(Language::of(language.code()), Some(language));
        }
        assert_eq!(Language::of("de"), None);
    }
}
