//! What a subscriber is told of its use: so much of a bundle is used, and the balance has become low (`RES-4`). Once a
//! period and threshold: what was told stands with the subscriber, written in the same commit.

use super::case::Case;
use crate::charging::account::told::Thresholds;
use crate::charging::account::{Account, Standing};
use crate::charging::catalogue::{Plan, Whereabouts};
use crate::charging::notice::{Cause, Notice};
use crate::charging::snapshot::{Decision, Snapshot};
use crate::charging::units::{Amount, Digits, Money};

/// What was so before a decision.
#[derive(Clone, Copy)]
pub(super) struct Before {
    low: bool,
}

impl Before {
    pub(super) fn of(case: Case<'_>, snapshot: &Snapshot) -> Self {
        Self { low: is_low(case, &snapshot.account) }
    }
}

/// Adds to a decision what the subscriber is told of it.
pub(super) fn watch(case: Case<'_>, before: Before, decision: &mut Decision) {
    let Decision { snapshot, changes, .. } = decision;
    let subscriber = &mut snapshot.subscriber;
    if !(changes.account || changes.subscriber) || subscriber.standing == Standing::Ended {
        return;
    }
    let mut causes: Vec<_> = decision.notes.trip.map(|network| entered(case, network)).into_iter().collect();
    let mut told = false;
    for allowance in &subscriber.allowances {
        let Some((whole, thresholds)) = bundle_of(case, &allowance.bundle) else { continue };
        let Some(percent) = thresholds.reached(whole, allowance.left) else { continue };
        if subscriber.life.told.note(&allowance.bundle, allowance.expires, percent) {
            causes.push(Cause::Bundle {
                bundle: allowance.bundle.clone(),
                percent,
                left: Amount::new(allowance.unit, allowance.left),
                expires: allowance.expires,
            });
        }
    }
    if causes.iter().any(|cause| matches!(cause, Cause::Bundle { .. })) {
        let (allowances, bundles) = (&subscriber.allowances, &mut subscriber.life.told.bundles);
        bundles.retain(|told| {
            allowances.iter().any(|there| there.bundle == told.bundle && there.expires == told.expires)
        });
        told = true;
    }
    let low = is_low(case, &snapshot.account);
    if low && !(before.low && subscriber.life.told.low_balance) {
        causes.push(Cause::LowBalance { left: spendable(&snapshot.account) });
    }
    if subscriber.life.told.low_balance != low {
        subscriber.life.told.low_balance = low;
        told = true;
    }
    if told && !changes.subscriber {
        changes.subscriber = true;
        subscriber.count_change();
    }
    changes.notices.extend(causes.into_iter().map(|cause| Notice::new(subscriber, cause, case.now)));
}

/// The subscriber has entered a country.
fn entered(case: Case<'_>, network: Digits) -> Cause {
    let roaming = case.catalogue.roaming();
    let zone = match case.catalogue.whereabouts(Some(network)) {
        Whereabouts::Zone(zone) => roaming.and_then(|roaming| roaming.zone(zone)),
        Whereabouts::Home | Whereabouts::Nowhere => None,
    };
    Cause::Roaming { network, zone: zone.map(|zone| zone.name.clone()) }
}

fn plan_of(case: Case<'_>) -> Option<&Plan> {
    case.plan.and_then(|place| case.catalogue.plan(place))
}

/// All of a bundle, and at how much of it its use is told.
fn bundle_of(case: Case<'_>, name: &str) -> Option<(u64, Thresholds)> {
    let bundle = plan_of(case)?.bundles.iter().find(|bundle| *bundle.id == *name)?;
    Some((bundle.amount.count, bundle.notify.unwrap_or(case.policy.notices.thresholds)))
}

/// What may be spent, what sessions hold included.
fn spendable(account: &Account) -> Money {
    account.available().checked_add(account.reserved).unwrap_or(Money::MAX)
}

/// Whether that is low: as the plan says, else as the operator says for all; else it never is.
fn is_low(case: Case<'_>, account: &Account) -> bool {
    let of_plan = plan_of(case).and_then(|plan| plan.low_balance).map(|low| low.below);
    of_plan.or(case.policy.notices.low_balance).is_some_and(|below| spendable(account) < below)
}
