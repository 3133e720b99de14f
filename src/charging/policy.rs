//! What an operator may set about charging, apart from tariffs; plain values with their defaults.

use core::time::Duration;

use super::account::promise::PromiseTerms;
use super::cdr::CdrPolicy;
use super::notice::NoticePolicy;
use super::units::Money;
use crate::time::Timestamp;

/// What holds for all accounts: the operator's figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountRules {
    /// On what terms payments are promised (`ACC-8`).
    pub promise: PromiseTerms,
    /// No credit limit may be above it (`ACC-9`); none leaves it to the operators.
    pub credit_ceiling: Option<Money>,
    /// The most numbers of one individual without an override: ten (`OWN-1`).
    pub numbers_each: usize,
    /// So many wrong codes of payment cards lock a number out (`ACC-12`): five.
    pub voucher_tries: u32,
    /// For how long: one hour.
    pub voucher_lockout: Duration,
}

impl Default for AccountRules {
    fn default() -> Self {
        Self {
            promise: PromiseTerms::default(),
            credit_ceiling: None,
            numbers_each: 10,
            voucher_tries: 5,
            voucher_lockout: Duration::from_hours(1),
        }
    }
}

/// The settings of the charging ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// A reservation outlives its validity by at least this: five seconds.
    pub grace: Duration,
    /// An open session that holds nothing and is silent ends after this: 24 hours.
    pub session_timeout: Duration,
    /// An ended session is known for this long: 72 hours.
    pub tombstone: Duration,
    /// Use reported for a session that was never seen is charged, though the answer stays a refusal.
    pub charge_unknown_sessions: bool,
    /// The most quotas that one session may hold: 64.
    pub max_groups: usize,
    /// How many answers a session keeps for repeats: 8.
    pub kept_answers: usize,
    /// How many ranges of older request numbers a session keeps: 256. Beyond it the two oldest become one.
    pub seen_ranges: usize,
    /// What holds for all accounts.
    pub accounts: AccountRules,
    /// How grants follow the measured use.
    pub slices: SlicePolicy,
    /// What subscribers are told.
    pub notices: NoticePolicy,
    /// Charging data records.
    pub cdr: CdrPolicy,
}

/// How grants of volume follow the measured rate of use (`RES-1`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SlicePolicy {
    /// A grant shall last at least so many seconds before the client asks again: 30.
    pub secs: u32,
    /// A fast session gets at most so many times the plan's grant: 64. At 1 grants are as the plan says.
    pub factor: u64,
    /// The most octets that a grant grows to: 4 GiB.
    pub octets: u64,
}

impl SlicePolicy {
    /// As the plan says, whatever the use.
    pub const FIXED: Self = Self { secs: 0, factor: 1, octets: 0 };
}

impl Default for SlicePolicy {
    fn default() -> Self {
        Self { secs: 30, factor: 64, octets: 4 << 30 }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(5),
            session_timeout: Duration::from_hours(24),
            tombstone: Duration::from_hours(72),
            charge_unknown_sessions: false,
            max_groups: 64,
            kept_answers: 8,
            seen_ranges: 256,
            accounts: AccountRules::default(),
            slices: SlicePolicy::default(),
            notices: NoticePolicy::default(),
            cdr: CdrPolicy::default(),
        }
    }
}

impl Policy {
    /// When a reservation made now ends by itself: after twice its validity, or validity and grace,
    /// whichever is later (RFC 8506 §13, timer Tcc).
    pub fn expiry(&self, now: Timestamp, validity_secs: u32) -> Timestamp {
        let validity = Duration::from_secs(u64::from(validity_secs));
        now.plus(validity.saturating_add(validity.max(self.grace)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_lasts_twice_its_validity_or_validity_and_grace() {
        let policy = Policy::default();
        let now = Timestamp::from_secs(1_000);
        for (validity, lasts) in [(1, 6), (4, 9), (5, 10), (6, 12), (3_600, 7_200)] {
            assert_eq!(policy.expiry(now, validity), Timestamp::from_secs(1_000 + lasts), "{validity} s");
        }
    }
}
