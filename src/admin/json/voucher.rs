//! A batch of payment cards.

use serde::{Deserialize, Serialize};

use super::Form;
use crate::charging::voucher::{BatchId, Void, VoucherBatch};

/// A batch of payment cards; codes are not known to anyone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Batch {
    /// Its number.
    pub batch: u32,
    /// What each card is worth.
    pub value: String,
    /// How many cards there are.
    pub cards: u32,
    /// How many were used.
    pub used: u32,
    /// When it was made.
    pub made: String,
    /// When its cards end.
    pub expires: Option<String>,
    /// Who made it.
    pub operator: String,
    /// When all of it was made void.
    pub voided: Option<String>,
    /// Cards that are void.
    pub void: Vec<Voided>,
}

/// Cards that were made void.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Voided {
    /// Their serial numbers, `1-5`, or `all`.
    pub serials: String,
    /// When.
    pub at: String,
    /// Who did it.
    pub operator: String,
    /// Why.
    pub note: Option<String>,
}

impl Voided {
    fn of(void: &Void, form: &Form) -> Self {
        let serials =
            if void.serials() == Void::ALL { "all".into() } else { format!("{}-{}", void.first, void.last) };
        Self {
            serials,
            at: form.time(void.at),
            operator: void.operator.as_ref().into(),
            note: void.note.as_deref().map(Into::into),
        }
    }
}

impl Batch {
    /// As operators see it.
    pub fn of(id: BatchId, batch: &VoucherBatch, form: &Form) -> Self {
        Self {
            batch: id.0,
            value: batch.value.to_string(),
            cards: batch.count,
            used: batch.used,
            made: form.time(batch.made),
            expires: batch.expires.map(|at| form.time(at)),
            operator: batch.operator.as_ref().into(),
            voided: batch.voided().map(|at| form.time(at)),
            void: batch.void.iter().map(|void| Voided::of(void, form)).collect(),
        }
    }
}
