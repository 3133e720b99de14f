//! Operators' blocks (`SUS-2` … `SUS-4`): each has a reason, each reason says what still works, and each is lifted on
//! its own. Emergency numbers are reached whatever the blocks (`FREE-2`): they never come here.

use crate::time::Timestamp;

/// Why a number is blocked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BlockReason {
    /// The SIM or device was lost.
    Lost,
    /// It was stolen.
    Theft,
    /// An authority has ordered it.
    Authority,
    /// Unauthorised or criminal use.
    Fraud,
    /// A breach of the contract.
    Breach,
    /// The device is not registered.
    Device,
    /// What the subscriber has said of himself is false.
    FalseData,
    /// Data alone.
    Data,
    /// An authority has ordered it for an area (`SUS-4`).
    Area,
}

/// What still works under a block, emergency numbers besides.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Works {
    /// Nothing.
    Nothing,
    /// Free numbers.
    Free,
    /// Free numbers, and what comes in: calls and messages.
    Incoming,
    /// The same, and calls and messages to service numbers (one to five digits).
    Limited,
    /// All but data.
    AllButData,
}

impl BlockReason {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::Lost,
        Self::Theft,
        Self::Authority,
        Self::Fraud,
        Self::Breach,
        Self::Device,
        Self::FalseData,
        Self::Data,
        Self::Area,
    ];

    /// The reason in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Theft => "theft",
            Self::Authority => "authority",
            Self::Fraud => "fraud",
            Self::Breach => "breach",
            Self::Device => "device",
            Self::FalseData => "false-data",
            Self::Data => "data",
            Self::Area => "area",
        }
    }

    /// The reason of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// What still works. Free numbers need a subscriber who is blocked neither for theft nor by an authority
    /// (`FREE-2`).
    pub const fn works(self) -> Works {
        match self {
            Self::Theft | Self::Authority | Self::Area => Works::Nothing,
            Self::Device => Works::Free,
            Self::Lost | Self::Fraud | Self::Breach => Works::Incoming,
            Self::FalseData => Works::Limited,
            Self::Data => Works::AllButData,
        }
    }

    /// Whether an authority stands behind it: a number with it is not ported out (`MNP-1`).
    pub const fn is_of_authority(self) -> bool {
        matches!(self, Self::Authority | Self::Area)
    }
}

/// What is used, as blocks see it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Use {
    /// A call or message to a free number.
    Free,
    /// A call or message that comes in.
    Incoming,
    /// A call or message to a service number: one to five digits.
    ServiceNumber,
    /// Any other call or message.
    Outgoing,
    /// Data.
    Data,
}

impl Works {
    /// Whether this use works.
    pub const fn lets(self, what: Use) -> bool {
        match self {
            Self::Nothing => false,
            Self::Free => matches!(what, Use::Free),
            Self::Incoming => matches!(what, Use::Free | Use::Incoming),
            Self::Limited => matches!(what, Use::Free | Use::Incoming | Use::ServiceNumber),
            Self::AllButData => !matches!(what, Use::Data),
        }
    }
}

/// A block of a number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// Why: a number has at most one block of a reason.
    pub reason: BlockReason,
    /// Since when.
    pub since: Timestamp,
    /// Who has ordered it.
    pub operator: Box<str>,
    /// What was said of it.
    pub note: Option<Box<str>>,
}

/// Whether this use works under all of these blocks.
pub fn lets(blocks: &[Block], what: Use) -> bool {
    blocks.iter().all(|block| block.reason.works().lets(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `SUS-2`: the table of `docs/contract.md`, one row a reason.
    #[test]
    fn each_reason_says_what_still_works() {
        let uses = [Use::Free, Use::Incoming, Use::ServiceNumber, Use::Outgoing, Use::Data];
        let table = [
            (BlockReason::Lost, [true, true, false, false, false]),
            (BlockReason::Theft, [false, false, false, false, false]),
            (BlockReason::Authority, [false, false, false, false, false]),
            (BlockReason::Fraud, [true, true, false, false, false]),
            (BlockReason::Breach, [true, true, false, false, false]),
            (BlockReason::Device, [true, false, false, false, false]),
            (BlockReason::FalseData, [true, true, true, false, false]),
            (BlockReason::Data, [true, true, true, true, false]),
            (BlockReason::Area, [false, false, false, false, false]),
        ];
        assert_eq!(table.map(|(reason, _)| reason), BlockReason::ALL);
        for (reason, expected) in table {
            assert_eq!(uses.map(|what| reason.works().lets(what)), expected, "{reason:?}");
            assert_eq!(BlockReason::named(reason.as_str()), Some(reason));
        }
        assert_eq!(BlockReason::named("colour"), None);
    }

    /// `SUS-2`
    #[test]
    fn blocks_stack_and_the_strictest_counts() {
        let block = |reason| Block { reason, since: Timestamp::EPOCH, operator: "anna".into(), note: None };
        let mut blocks = vec![block(BlockReason::Lost), block(BlockReason::Data)];
        assert!(lets(&blocks, Use::Incoming));
        blocks.push(block(BlockReason::Theft));
        assert!(!lets(&blocks, Use::Incoming));
        blocks.retain(|block| block.reason != BlockReason::Theft);
        assert!(lets(&blocks, Use::Incoming), "each is lifted on its own");
        assert!(lets(&[], Use::Data));
    }
}
