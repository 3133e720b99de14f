//! Reservations on an account and on the bundles of a number (`RES-1`): taken whole, given back whole.

use crate::charging::account::{Account, Allowance, Subscriber};
use crate::charging::session::{HeldAllowance, Reservation};
use crate::charging::units::Money;

impl Allowance {
    /// Units that nobody holds.
    pub fn free(&self) -> u64 {
        self.left.saturating_sub(self.reserved)
    }

    /// Whether a held part belongs to this allowance.
    pub fn is_of(&self, held: &HeldAllowance) -> bool {
        self.bundle == held.bundle && self.expires == held.expires
    }
}

impl Subscriber {
    /// The change is counted.
    pub(in crate::charging) fn count_change(&mut self) {
        self.revision = self.revision.saturating_add(1);
    }
}

/// Gives back all that a reservation still holds; nothing is charged. True where that changed a bundle.
pub fn release(account: &mut Account, subscriber: &mut Subscriber, reservation: &Reservation) -> bool {
    let left = account.reserved.checked_sub(reservation.money).unwrap_or(Money::ZERO);
    account.reserved = left.max(Money::ZERO);
    account.free_bonus(&reservation.bonus);
    let mut bundles = false;
    for held in reservation.allowances.iter().filter(|held| held.units > 0) {
        if let Some(allowance) = subscriber.allowances.iter_mut().find(|allowance| allowance.is_of(held)) {
            allowance.reserved = allowance.reserved.saturating_sub(held.units);
            bundles = true;
        }
    }
    bundles
}
