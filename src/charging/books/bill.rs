//! What partners bill later: use abroad or of a third party whose price comes after it (`ACC-16`), also after the end of a
//! contract (`END-4`).

use super::operations::{Act, Booked, OperationError};
use crate::charging::account::{Account, Subscriber};
use crate::charging::ledger::{ChargedUse, Counter, EntryKind, Purse};
use crate::charging::request::{QuotaKey, SessionId};
use crate::charging::units::{Amount, Money, Unit};
use crate::time::Timestamp;

/// How the session of a bill begins, before its reference.
pub const SESSION: &str = "bill:";

/// What was used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bill {
    /// The service, by name.
    pub service: Box<str>,
    /// When: not after now.
    pub used_at: Timestamp,
    /// The partner's reference.
    pub reference: Box<str>,
}

/// Charges a bill now, marked as late and with when it was used. It may leave the balance negative, whatever is allowed
/// otherwise: what was served is paid. That it happens once is the caller's care.
pub fn charge(mut account: Account, subscriber: &Subscriber, amount: Money, bill: Bill, act: Act) -> Booked {
    if !amount.is_positive() {
        return Err(OperationError::NotPositive);
    }
    if amount.micros().rem_euclid(Money::MICROS_PER_CENT) != 0 {
        return Err(OperationError::NotWholeHundredths);
    }
    if bill.used_at > act.at {
        return Err(OperationError::UsedLater);
    }
    // where that is too long for a name, the entry has the reference all the same
    let session = SessionId::new(&[SESSION, &bill.reference].concat()).or_else(|| SessionId::new(SESSION));
    let usage = ChargedUse {
        basis: None,
        msisdn: subscriber.msisdn,
        session: session.ok_or(OperationError::TooLarge)?,
        request_number: 0,
        key: QuotaKey::default(),
        used: Amount::new(Unit::Pieces, 1),
        from_bundles: 0,
        plan: subscriber.plan.clone(),
        rate: bill.service,
        used_at: bill.used_at,
        above_grant: 0,
    };
    let taken = amount.checked_neg().ok_or(OperationError::TooLarge)?;
    let what = (EntryKind::Late, Counter::ThirdParty);
    let act = Act { reference: Some(bill.reference), ..act };
    let entry =
        account.post_to(Purse::Main, taken, what, act, Some(usage)).ok_or(OperationError::TooLarge)?;
    account.count_change();
    Ok((account, vec![entry]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::account::Mode;
    use crate::charging::books::audit::audit;
    use crate::charging::books::operations::tests::{account, cents, subscriber};

    fn bill(used_at: i64) -> Bill {
        let used_at = Timestamp::from_secs(used_at);
        Bill { service: "voice".into(), used_at, reference: "TAP-1".into() }
    }

    /// `ACC-16`
    #[test]
    fn a_bill_is_charged_now_into_debt_if_need_be_and_marked_with_when_it_was_used() {
        let act = Act { at: Timestamp::from_secs(100), ..Act::default() };
        let (account, entries) =
            charge(account(Mode::Advance, 0), &subscriber(), cents(750), bill(7), act).unwrap();
        let [entry] = entries.as_slice() else { panic!("{entries:?}") };
        assert_eq!(
            (entry.kind, entry.counter, entry.amount),
            (EntryKind::Late, Counter::ThirdParty, cents(-750))
        );
        assert_eq!((entry.at, entry.reference.as_deref()), (Timestamp::from_secs(100), Some("TAP-1")));
        let usage = entry.usage.as_ref().unwrap();
        assert_eq!(
            (usage.used_at, &*usage.rate, usage.session.as_str()),
            (Timestamp::from_secs(7), "voice", "bill:TAP-1")
        );
        assert_eq!(account.main, cents(-750));
        audit(&account, &[], &entries).unwrap();
    }

    #[test]
    fn what_cannot_be_billed_is_refused() {
        let act = Act { at: Timestamp::from_secs(100), ..Act::default() };
        let try_it = |amount, used_at| {
            charge(account(Mode::Credit, 0), &subscriber(), amount, bill(used_at), act.clone()).map(|_| ())
        };
        assert_eq!(try_it(cents(0), 7), Err(OperationError::NotPositive));
        assert_eq!(try_it(Money::from_micros(10_001), 7), Err(OperationError::NotWholeHundredths));
        assert_eq!(try_it(cents(1), 101), Err(OperationError::UsedLater));
        assert_eq!(try_it(cents(1), 100), Ok(()));
    }
}
