//! Into which line of an invoice a ledger entry goes (`INV-1`).

use crate::charging::account::credit::Sort;
use crate::charging::ledger::{ChargedUse, Counter, EntryKind};

/// The line of an entry: its sort, and the service or plan.
pub(super) fn line_of<'a>(
    (kind, counter): (EntryKind, Counter),
    note: Option<&'a str>,
    usage: Option<&'a ChargedUse>,
) -> (Sort, &'a str) {
    let first = |text: &'a str| text.split(' ').next().unwrap_or(text);
    let of_use = usage.map_or("", |usage| first(&usage.rate));
    let sort = match kind {
        EntryKind::Fee => return (Sort::Fee, note.map_or("", first)),
        EntryKind::Charge => Sort::Use,
        EntryKind::Late => Sort::LateUse,
        EntryKind::Refund if counter == Counter::Cash => Sort::PaidOut,
        EntryKind::Refund => Sort::GivenBack,
        EntryKind::Claim => Sort::Claim,
        EntryKind::Penalty => Sort::Penalty,
        EntryKind::Payment => Sort::ThirdParty,
        EntryKind::Advance | EntryKind::Topup => Sort::PaidIn,
        EntryKind::Reversal => Sort::PaidOut,
        EntryKind::Adjustment | EntryKind::Promise | EntryKind::Bonus => Sort::Correction,
    };
    (sort, of_use)
}
