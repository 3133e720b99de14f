//! What is kept beside accounts and numbers and read by operators' commands alone: payment cards, contracts, holders.

use crate::charging::account::ContractId;
use crate::charging::contract::{Contract, Holder};
use crate::charging::units::Digits;
use crate::charging::voucher::{BatchId, CodeHash, Tries, Voucher, VoucherBatch};
/// Where a paper is found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PaperKey {
    /// A payment card, by the hash of its code.
    Voucher(CodeHash),
    /// A batch of cards.
    Batch(BatchId),
    /// Wrong codes of a number.
    Tries(Digits),
    /// A contract.
    Contract(ContractId),
    /// A holder, by its 12-digit number.
    Holder(Digits),
}

/// A paper.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Paper {
    /// For [`PaperKey::Voucher`].
    Voucher(Voucher),
    /// For [`PaperKey::Batch`].
    Batch(VoucherBatch),
    /// For [`PaperKey::Tries`].
    Tries(Tries),
    /// For [`PaperKey::Contract`].
    Contract(Contract),
    /// For [`PaperKey::Holder`].
    Holder(Holder),
}
