//! Papers in memory: read by commands, loaded where they are not there, written with the next batch.

use crate::charging::account::ContractId;
use crate::charging::contract::{Contract, Holder};
use crate::charging::units::Digits;
use crate::charging::voucher::{BatchId, CodeHash, Tries, Voucher, VoucherBatch};
use crate::time::Timestamp;

use super::Core;
use super::cache::Weigh;
use super::load::Load;
use super::papers::{Paper, PaperKey};
use super::waiting::Wait;

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
