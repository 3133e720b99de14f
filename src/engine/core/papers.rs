//! What is kept beside accounts and numbers and read by operators' commands alone: payment cards, contracts, holders.

use crate::charging::account::ContractId;
use crate::charging::contract::{Contract, Holder};
use crate::charging::units::Digits;
use crate::charging::voucher::{BatchId, CodeHash, Tries, Voucher, VoucherBatch};
use crate::time::Timestamp;

use super::Core;
use super::cache::Weigh;
use super::load::Load;
use super::waiting::Wait;

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

impl Weigh for Paper {
    fn octets(&self) -> usize {
        let inside = match self {
            Self::Voucher(_) | Self::Tries(_) => 0,
            Self::Batch(batch) => batch.void.len().saturating_mul(8),
            Self::Contract(contract) => contract.accounts.len().saturating_mul(8),
            Self::Holder(holder) => holder.numbers.len().saturating_mul(8),
        };
        size_of::<Self>().saturating_add(inside)
    }
}

impl Core {
    /// A copy of a paper; none where there is none.
    fn paper(&mut self, key: PaperKey) -> Result<Option<Paper>, Wait> {
        let slot = self.papers.slot(key).ok_or(Wait::Load(Load::Paper(key)))?;
        Ok(slot.value.clone())
    }

    /// Asks for many papers at once; waits for the last that is not there.
    pub(super) fn want_papers(&mut self, keys: impl Iterator<Item = PaperKey>) -> Result<(), Wait> {
        let mut last = None;
        for key in keys {
            if self.papers.slot(key).is_none() {
                let load = Load::Paper(key);
                self.waiting.want(load);
                last = Some(load);
            }
        }
        last.map_or(Ok(()), |load| Err(Wait::Load(load)))
    }

    pub(super) fn write_paper(&mut self, key: PaperKey, paper: Paper, now: Timestamp) {
        let octets = paper.octets();
        if self.papers.write(key, paper, self.commit.next) {
            self.commit.open.papers.push(key);
            self.commit.open.touch(now, octets);
        }
    }

    pub(super) fn voucher(&mut self, hash: CodeHash) -> Result<Option<Voucher>, Wait> {
        Ok(match self.paper(PaperKey::Voucher(hash))? {
            Some(Paper::Voucher(voucher)) => Some(voucher),
            _ => None,
        })
    }

    pub(super) fn batch(&mut self, batch: BatchId) -> Result<Option<VoucherBatch>, Wait> {
        Ok(match self.paper(PaperKey::Batch(batch))? {
            Some(Paper::Batch(batch)) => Some(batch),
            _ => None,
        })
    }

    pub(super) fn tries(&mut self, msisdn: Digits) -> Result<Tries, Wait> {
        Ok(match self.paper(PaperKey::Tries(msisdn))? {
            Some(Paper::Tries(tries)) => tries,
            _ => Tries::default(),
        })
    }

    pub(super) fn contract(&mut self, id: ContractId) -> Result<Option<Contract>, Wait> {
        Ok(match self.paper(PaperKey::Contract(id))? {
            Some(Paper::Contract(contract)) => Some(contract),
            _ => None,
        })
    }

    pub(super) fn holder(&mut self, owner: Digits) -> Result<Holder, Wait> {
        Ok(match self.paper(PaperKey::Holder(owner))? {
            Some(Paper::Holder(holder)) => holder,
            _ => Holder::default(),
        })
    }
}
