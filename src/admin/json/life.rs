//! Blocks, the end of contracts, and what was done to a number. Unknown fields are refused.

use serde::{Deserialize, Serialize};

use super::{Fault, Form};
use crate::charging::account::area::StoppedArea;
use crate::charging::account::block::{self, BlockReason};
use crate::charging::account::life::{self, ActEntry, PortRefusal};
use crate::charging::units::Digits;
use crate::engine::control::{Change, LifeChange};

/// The most numbers of one bulk order.
pub const BULK: usize = 2_000;

/// A block, or that one is lifted.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockChange {
    /// Why: one of the reasons of the contract's table.
    pub reason: String,
    /// What is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The same for many numbers (`SUS-4`).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BulkBlock {
    /// Why.
    pub reason: String,
    /// What is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Blocks are lifted.
    #[serde(default)]
    pub lift: bool,
    /// Which numbers, at most 2,000.
    pub msisdns: Vec<String>,
}

/// An area to be stopped, or stopped no longer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AreaChange {
    /// The serving network (MCC and MNC) or a country (MCC).
    pub area: String,
    /// It is stopped no longer.
    #[serde(default)]
    pub lift: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An area that is stopped, or was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Area {
    /// The network or country.
    pub area: String,
    /// Since when.
    pub since: String,
    /// Who has ordered it.
    pub operator: String,
    /// Why.
    pub note: Option<String>,
    /// When it was lifted.
    pub lifted: Option<String>,
    /// Who has lifted it.
    pub lifted_by: Option<String>,
}

/// All areas that are stopped, and were.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Areas {
    /// The areas, oldest first.
    pub areas: Vec<Area>,
}

impl AreaChange {
    /// The change that it orders.
    pub fn read(self) -> Result<Change, Fault> {
        let network = super::change::digits("area", &self.area)?;
        Ok(Change::Area { network, lift: self.lift, note: boxed(self.note) })
    }
}

impl Area {
    /// As operators see it.
    pub fn of(area: &StoppedArea, form: &Form) -> Self {
        let StoppedArea { network, ordered, lifted } = area;
        Self {
            area: network.to_string(),
            since: form.time(ordered.at),
            operator: ordered.operator.as_ref().into(),
            note: ordered.note.as_deref().map(Into::into),
            lifted: lifted.as_ref().map(|order| form.time(order.at)),
            lifted_by: lifted.as_ref().map(|order| order.operator.as_ref().into()),
        }
    }
}

/// What a bulk order did.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct BulkDone {
    /// Numbers that were changed.
    pub changed: u64,
    /// Numbers that were so already.
    pub unchanged: u64,
    /// Numbers that could not be changed.
    pub failed: Vec<Failed>,
}

/// A number that could not be changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failed {
    /// The number.
    pub msisdn: String,
    /// Why.
    pub error: String,
}

/// The end of a contract.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndOrder {
    /// When: RFC 3339, or a date for its first moment; none is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Something that needs no more than a word.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noted {
    /// What is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The return of what is left.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payout {
    /// By which payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A block of a number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Block {
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: String,
    /// Who has ordered it.
    pub operator: String,
    /// What was said of it.
    pub note: Option<String>,
}

/// The end of a contract that has ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct End {
    /// When.
    pub at: String,
    /// `request`, `unpaid`, `unused` or `ported-out`.
    pub why: String,
    /// What was owed then.
    pub settlement: Settlement,
}

/// What is owed at the end of a contract.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Settlement {
    /// `none`, `debt`, `refund-pending` or `refunded`.
    pub state: String,
    /// The main balance at the end.
    pub balance: String,
    /// From when on it may be returned.
    pub from: String,
    /// By when it is to be returned.
    pub due: String,
    /// When it was returned.
    pub refunded_at: Option<String>,
    /// How much was returned.
    pub refunded: Option<String>,
}

/// Whether a number may be ported out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PortOut {
    /// The number.
    pub msisdn: String,
    /// Whether it may.
    pub allowed: bool,
    /// Why not: `ended`, `debt`, `overdue`, `authority`.
    pub refusals: Vec<String>,
}

/// One act on a number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Act {
    /// When.
    pub at: String,
    /// Who; null where a rule did it.
    pub operator: Option<String>,
    /// What.
    pub what: String,
    /// Why.
    pub note: Option<String>,
}

/// Acts on a number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Acts {
    /// The acts, oldest first.
    pub acts: Vec<Act>,
}

/// The reason of a word.
pub fn reason(text: &str) -> Result<BlockReason, Fault> {
    let words = BlockReason::ALL.map(BlockReason::as_str).join(", ");
    BlockReason::named(text).ok_or_else(|| Fault::new("reason", format!("it is one of {words}")))
}

fn boxed(text: Option<String>) -> Option<Box<str>> {
    text.map(Into::into)
}

impl BlockChange {
    /// The change of that number that it orders.
    pub fn read(self, msisdn: Digits, lift: bool) -> Result<Change, Fault> {
        let (reason, note) = (reason(&self.reason)?, boxed(self.note));
        let what =
            if lift { LifeChange::Unblock { reason, note } } else { LifeChange::Block { reason, note } };
        Ok(Change::Life { msisdn, what })
    }
}

impl EndOrder {
    /// The change of that number that it orders.
    pub fn read(self, msisdn: Digits, form: &Form) -> Result<Change, Fault> {
        let wrong = || Fault::new("at", "it is a date like 2026-12-31, or RFC 3339 with an offset");
        let at = self.at.as_deref().map(|text| form.parse_time(text).ok_or_else(wrong)).transpose()?;
        Ok(Change::Life { msisdn, what: LifeChange::End { at, note: boxed(self.note) } })
    }
}

impl Noted {
    /// That an end which was set is taken back.
    pub fn keep_on(self, msisdn: Digits) -> Change {
        Change::Life { msisdn, what: LifeChange::KeepOn { note: boxed(self.note) } }
    }

    /// That a number is ported out.
    pub fn port_out(self, msisdn: Digits) -> Change {
        Change::Life { msisdn, what: LifeChange::PortOut { note: boxed(self.note) } }
    }
}

impl Payout {
    /// The change of that number that it orders.
    pub fn read(self, msisdn: Digits) -> Change {
        let what = LifeChange::Settle { reference: boxed(self.reference), note: boxed(self.note) };
        Change::Life { msisdn, what }
    }
}

impl Block {
    /// As operators see it.
    pub fn of(block: &block::Block, form: &Form) -> Self {
        Self {
            reason: block.reason.as_str().into(),
            since: form.time(block.since),
            operator: block.operator.as_ref().into(),
            note: block.note.as_deref().map(Into::into),
        }
    }
}

impl End {
    /// As operators see it.
    pub fn of(end: &life::End, form: &Form) -> Self {
        let settlement = &end.settlement;
        Self {
            at: form.time(end.at),
            why: end.why.as_str().into(),
            settlement: Settlement {
                state: settlement.state().into(),
                balance: settlement.balance.to_string(),
                from: form.time(settlement.from),
                due: form.time(settlement.due),
                refunded_at: settlement.refunded.map(|(at, _)| form.time(at)),
                refunded: settlement.refunded.map(|(_, amount)| amount.to_string()),
            },
        }
    }
}

impl PortOut {
    /// As operators see it.
    pub fn of(msisdn: Digits, refusals: &[PortRefusal]) -> Self {
        let words = refusals.iter().map(|refusal| refusal.as_str().into()).collect();
        Self { msisdn: msisdn.to_string(), allowed: refusals.is_empty(), refusals: words }
    }
}

impl Acts {
    /// As operators see it; the engine tells the newest first.
    pub fn of(acts: &[ActEntry], form: &Form) -> Self {
        let one = |act: &ActEntry| Act {
            at: form.time(act.at),
            operator: act.operator.as_deref().map(Into::into),
            what: act.what.as_ref().into(),
            note: act.note.as_deref().map(Into::into),
        };
        Self { acts: acts.iter().rev().map(one).collect() }
    }
}
