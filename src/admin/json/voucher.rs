//! A batch of payment cards.

use serde::{Deserialize, Serialize};

use super::Form;
use crate::charging::voucher::{BatchId, VoucherBatch};

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
    /// When all of it was made void.
    pub voided: Option<String>,
    /// Ranges of serial numbers that are void: `1-5`.
    pub void: Vec<String>,
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
            voided: batch.voided.map(|at| form.time(at)),
            void: batch.void.iter().map(|(first, last)| format!("{first}-{last}")).collect(),
        }
    }
}
