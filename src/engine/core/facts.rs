//! What is counted: plain sums since the start, read by the shell and turned into metrics there.

/// Sums since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Requests that were decided.
    pub decided: u64,
    /// Repeats that got a stored answer.
    pub repeats: u64,
    /// Repeats by their key with other content.
    pub contradictions: u64,
    /// Requests that reported more than was granted.
    pub above_grant: u64,
    /// Use charged after its reservation or session had ended.
    pub late: u64,
    /// Reports of use for sessions that were never seen.
    pub unknown_sessions: u64,
    /// Sessions begun afresh under their old identifier.
    pub restarts: u64,
    /// Trips abroad that have begun (`ROAM-3`).
    pub trips: u64,
    /// Requests refused because too much waits.
    pub overloaded: u64,
    /// Requests refused because the store is not there.
    pub unavailable: u64,
    /// Emergency requests that were granted.
    pub emergencies: u64,
    /// Emergency notes that found no room in their queue, or whose subscriber is not known.
    pub emergencies_dropped: u64,
    /// Batches handed out.
    pub batches: u64,
    /// Answers in them.
    pub batched_answers: u64,
    /// Reservations and sessions ended by expiry.
    pub expired: u64,
    /// What subscribers were told.
    pub notices: u64,
    /// Charging data records.
    pub cdrs: u64,
    /// Contracts ended by rule.
    pub contracts_ended: u64,
    /// Fees charged.
    pub fees: u64,
    /// Periods that began without their fee, for lack of money.
    pub fees_unpaid: u64,
    /// Penalties for late payment charged.
    pub penalties: u64,
    /// Invoices issued.
    pub invoices: u64,
    /// Invoices issued more than twenty days after the end of their period.
    pub invoices_late: u64,
    /// Tombstones of sessions forgotten.
    pub forgotten: u64,
    /// Loads handed out.
    pub loads: u64,
    /// Loads that failed.
    pub load_failures: u64,
    /// Things put out of memory.
    pub evicted: u64,
    /// Money charged so far, in hundredths of the currency unit.
    pub charged_cents: u64,
    /// Requests with a session of another identifier under the same 128-bit hash.
    pub collisions: u64,
}

/// Sums of one service since the start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceFacts {
    /// Its name in the catalogue.
    pub name: Box<str>,
    /// Parts of requests that were granted quota.
    pub granted: u64,
    /// Parts of requests that got the last of it.
    pub last_granted: u64,
    /// Parts of requests, or whole requests, that were refused.
    pub refused: u64,
    /// Parts of requests that got nothing and go on limited.
    pub limited: u64,
    /// Money charged, in hundredths of the currency unit.
    pub charged_cents: u64,
    /// Open sessions that are known.
    pub open: u64,
}

impl ServiceFacts {
    /// Nothing counted yet.
    pub(crate) fn new(name: &str) -> Self {
        let name = name.into();
        Self { name, granted: 0, last_granted: 0, refused: 0, limited: 0, charged_cents: 0, open: 0 }
    }
}
