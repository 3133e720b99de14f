//! The words of what operators do to the life of a number: blocks, the end of its contract, and what follows it.

use crate::charging::account::block::BlockReason;
use crate::charging::account::life::PortRefusal;
use crate::charging::units::Digits;
use crate::time::Timestamp;

/// What is done to the life of a number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LifeChange {
    /// A block is put on (`SUS-2`). One of the same reason that is there stays as it is.
    Block {
        /// Why.
        reason: BlockReason,
        /// What is said of it.
        note: Option<Box<str>>,
    },
    /// A block is lifted; the others stay.
    Unblock {
        /// Which.
        reason: BlockReason,
        /// What is said of it.
        note: Option<Box<str>>,
    },
    /// The contract ends (`END-1`).
    End {
        /// When: not before now; none is now.
        at: Option<Timestamp>,
        /// Why.
        note: Option<Box<str>>,
    },
    /// An end that was set for later is taken back.
    KeepOn {
        /// Why.
        note: Option<Box<str>>,
    },
    /// The number goes to another operator (`MNP-1`): the contract ends, and the number is not withdrawn.
    PortOut {
        /// What is said of it.
        note: Option<Box<str>>,
    },
    /// What is left of the money is returned (`ACC-15`).
    Settle {
        /// By which payment.
        reference: Option<Box<str>>,
        /// What is said of it.
        note: Option<Box<str>>,
    },
}

impl LifeChange {
    /// What is said of it.
    pub fn note(&self) -> Option<&str> {
        match self {
            Self::Block { note, .. }
            | Self::Unblock { note, .. }
            | Self::End { note, .. }
            | Self::KeepOn { note }
            | Self::PortOut { note }
            | Self::Settle { note, .. } => note.as_deref(),
        }
    }
}

/// Why the life of a number was not changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LifeError {
    /// The contract has ended.
    #[error("the contract of {0} has ended")]
    Ended(Digits),
    /// The contract has not ended.
    #[error("the contract of {0} has not ended: end it with `gyro subscriber end`")]
    NotEnded(Digits),
    /// The end lies before now.
    #[error("the contract cannot end before now: leave the date out to end it at once")]
    Past,
    /// There is no end that was set for later.
    #[error("no end is set for the contract of {0}")]
    NoEnd(Digits),
    /// The number is not ported out.
    #[error("the number {msisdn} cannot be ported out: {}", words(.refusals))]
    NotPorted {
        /// The number.
        msisdn: Digits,
        /// Why.
        refusals: Box<[PortRefusal]>,
    },
    /// Digits that name no area.
    #[error(
        "{0} is no area: give a network (MCC and MNC, five or six digits) or a country (MCC, three digits)"
    )]
    NoArea(Digits),
    /// Too many areas.
    #[error("more than {0} orders for areas cannot be kept")]
    TooManyAreas(usize),
    /// Nothing is owed to the subscriber.
    #[error("nothing is to be returned to {0}")]
    NothingOwed(Digits),
    /// It was returned already.
    #[error("what was left of {0} was returned at {1}")]
    Refunded(Digits, Timestamp),
    /// It is too early to return it.
    #[error("what is left is not returned before {0}")]
    TooEarly(Timestamp),
    /// Sessions hold of it.
    #[error("open sessions hold money of the account: wait until they have ended")]
    Held,
    /// It is not known whether other numbers live on the account.
    #[error(
        "the account was made before its numbers were counted: whether others use it is not known; correct it with \
         `gyro account adjust`"
    )]
    Uncounted,
    /// Other numbers live on the account.
    #[error("other numbers use the account: its money stays with them")]
    Shared,
}

fn words(refusals: &[PortRefusal]) -> String {
    let words: Vec<&str> = refusals.iter().map(|refusal| refusal.as_str()).collect();
    words.join(", ")
}
