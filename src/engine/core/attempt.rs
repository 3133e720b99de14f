//! What commands share: what an attempt comes to, who acts, and which references are kept for payments made here.

use crate::charging::books::operations::Act;
use crate::time::Timestamp;

use super::command::{Command, CommandError};
use super::sink::Done;
use super::waiting::Wait;

/// What a command came to, or what it must wait for.
pub(super) type Attempt = Result<Result<Done, CommandError>, Wait>;

/// How references of payments made here begin: those of payment cards.
pub(super) const KEPT: &str = "voucher:";

pub(super) fn act(command: &Command, now: Timestamp) -> Act {
    Act { at: now, reference: None, operator: Some(command.operator.clone()), note: None }
}
