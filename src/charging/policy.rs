//! What an operator may set about charging, apart from tariffs; plain values with their defaults.

use core::time::Duration;

use super::cdr::CdrPolicy;
use super::notice::NoticePolicy;
use crate::time::Timestamp;

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
