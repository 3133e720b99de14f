//! What may be spent (`ACC-7`).

use super::{Account, Mode};
use crate::charging::units::Money;

impl Account {
    /// What may be reserved or charged now: in advance mode main balance and permitted overdraft, in
    /// credit mode credit limit and main balance (negative when there is debt), less what is reserved.
    ///
    /// Below nothing after use above a grant. Saturates: a sum that does not fit is worth no less.
    pub fn available(&self) -> Money {
        let floor = match self.mode {
            Mode::Advance => self.overdraft,
            Mode::Credit => self.credit_limit,
        };
        let micros =
            i128::from(self.main.micros()) + i128::from(floor.micros()) - i128::from(self.reserved.micros());
        let bound = if micros < 0 { i64::MIN } else { i64::MAX };
        Money::from_micros(i64::try_from(micros).unwrap_or(bound))
    }

    /// What of it a new reservation may take: whole hundredths, never less than nothing.
    pub fn spendable(&self) -> Money {
        let micros = self.available().micros().max(0);
        Money::from_micros(micros - micros.rem_euclid(Money::MICROS_PER_CENT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::books::operations::tests::account;

    #[test]
    fn available_is_main_and_overdraft_less_reserved_in_advance_mode() {
        let mut account = account(Mode::Advance, 1_000);
        account.overdraft = Money::from_cents(200).unwrap();
        account.credit_limit = Money::from_cents(99_999).unwrap();
        account.reserved = Money::from_cents(50).unwrap();
        assert_eq!(account.available(), Money::from_cents(1_150).unwrap());
    }

    #[test]
    fn available_is_limit_and_main_less_reserved_in_credit_mode() {
        let mut account = account(Mode::Credit, -300);
        account.overdraft = Money::from_cents(99_999).unwrap();
        account.credit_limit = Money::from_cents(1_000).unwrap();
        account.reserved = Money::from_cents(50).unwrap();
        assert_eq!(account.available(), Money::from_cents(650).unwrap());
    }

    #[test]
    fn an_overrun_account_has_nothing_to_spend() {
        let account = account(Mode::Advance, -5);
        assert!(account.available().is_negative());
        assert_eq!(account.spendable(), Money::ZERO);
    }

    #[test]
    fn only_whole_hundredths_are_spent() {
        let mut account = account(Mode::Advance, 10);
        account.overdraft = Money::from_micros(19_999);
        assert_eq!(account.available(), Money::from_micros(119_999));
        assert_eq!(account.spendable(), Money::from_micros(110_000));
    }

    #[test]
    fn what_does_not_fit_saturates() {
        let mut account = account(Mode::Credit, 0);
        account.main = Money::MAX;
        account.credit_limit = Money::MAX;
        assert_eq!(account.available(), Money::MAX);
    }
}
