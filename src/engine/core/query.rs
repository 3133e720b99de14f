//! What operators ask, and what they are told. Every view is held like an answer: none shows what a power cut can
//! take back.

use core::time::Duration;

use crate::charging::account::area::StoppedArea;
use crate::charging::account::credit::{Allocation, Invoice};
use crate::charging::account::life::{ActEntry, PortRefusal};
use crate::charging::account::{Account, AccountId, ContractId, Sequence, Subscriber};
use crate::charging::answer::Denial;
use crate::charging::contract::Contract;
pub use crate::charging::decide::{Bar, Hindrance};
use crate::charging::ledger::LedgerEntry;
use crate::charging::request::{Kind, QuotaKey, SessionId};
use crate::charging::session::Session;
use crate::charging::units::{Digits, Money};
use crate::charging::voucher::{BatchId, VoucherBatch};
use crate::time::Timestamp;

use super::command::{CommandError, Imported};
use super::facts::Facts;
use super::reauth::{Outstanding, ReauthFacts, What};
use super::sink::{Done, OperationRecord, TariffRecord};

/// The most lines of one page.
pub const PAGE: u16 = 1_000;

/// A question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Query {
    /// One subscriber.
    ShowSubscriber(Digits),
    /// Subscribers in the order of the store.
    ListSubscribers {
        /// Behind this one; none begins at the first.
        after: Option<Digits>,
        /// How many at most, up to [`PAGE`].
        limit: u16,
    },
    /// The ledger of a number's account, the newest entry first.
    Ledger {
        /// The number.
        msisdn: Digits,
        /// Where the page before ended; none begins at the newest.
        after: Option<LedgerCursor>,
        /// How many at most, up to [`PAGE`].
        limit: u16,
    },
    /// The last charges and refusals of a number.
    Explain {
        /// The number.
        msisdn: Digits,
        /// Only those of this session.
        session: Option<SessionId>,
        /// How many ledger entries are looked at, up to [`PAGE`].
        limit: u16,
    },
    /// Open sessions.
    ListSessions {
        /// Only those of this number.
        msisdn: Option<Digits>,
        /// Where the page before ended.
        after: Option<SessionCursor>,
        /// How many at most, up to [`PAGE`].
        limit: u16,
    },
    /// One session, open or ended.
    ShowSession(SessionId),
    /// That a session's client report and ask anew, or end it.
    Demand(SessionId, What),
    /// The engine's figures.
    Status,
    /// What was done to a number: the newest acts first, up to [`PAGE`].
    Acts(Digits),
    /// Areas that are stopped, and were.
    Areas,
    /// The versions of the tariffs.
    Tariffs,
    /// Whether a number may be ported out (`MNP-1`).
    PortOut(Digits),
    /// What a command came to.
    Operation(super::command::OperationKey),
    /// A batch of payment cards.
    ShowBatch(BatchId),
    /// A contract.
    ShowContract(ContractId),
    /// Invoices in the order of accounts and numbers.
    Invoices {
        /// Of this account alone.
        account: Option<AccountId>,
        /// Behind this one; none begins at the first.
        after: Option<(AccountId, u32)>,
        /// How many at most, up to [`PAGE`].
        limit: u16,
    },
}

/// A place in the list of open sessions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SessionCursor {
    /// The number, packed.
    pub msisdn: u64,
    /// The first half of the session's key.
    pub short: u64,
}

/// A place in a ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LedgerCursor {
    /// Only entries with an index below this.
    pub below: u64,
    /// The batch in which the next of them stands.
    pub at: Sequence,
}

/// What an operator's command or question came to.
pub type Outcome = Result<View, CommandError>;

/// What an operator is told.
#[derive(Clone, PartialEq, Debug)]
pub enum View {
    /// A command was carried out.
    Done {
        /// What it did.
        done: Done,
        /// Its key was known: this is the first result, and nothing changed.
        repeated: bool,
    },
    /// An import was carried out.
    Imported(Imported),
    /// One subscriber.
    Subscriber(Box<SubscriberView>),
    /// A page of subscribers.
    Subscribers {
        /// The subscribers with their accounts.
        page: Vec<SubscriberView>,
        /// Where the next page begins, where there is one.
        next: Option<Digits>,
    },
    /// A page of a ledger.
    Ledger(Box<LedgerPage>),
    /// The last charges and refusals.
    Explanation(Box<Explanation>),
    /// A page of open sessions.
    Sessions {
        /// The sessions.
        page: Vec<Session>,
        /// Where the next page begins, where there is one.
        next: Option<SessionCursor>,
        /// Whether the background scan has gone through all sessions yet.
        complete: bool,
    },
    /// One session.
    Session(Box<SessionView>),
    /// The client will be asked.
    Demanded,
    /// The engine's figures.
    Status(Box<EngineStatus>),
    /// What was done to a number, the newest first.
    Acts(Vec<ActEntry>),
    /// Areas that are stopped, and were, oldest first.
    Areas(Vec<StoppedArea>),
    /// The versions of the tariffs, by when they come into force.
    Tariffs {
        /// The versions.
        versions: Vec<TariffRecord>,
        /// The one that is in force.
        in_force: u64,
    },
    /// Why a number may not be ported out; none of it where it may.
    PortOut(Vec<PortRefusal>),
    /// What a command came to; none where its key is not known.
    Operation(Option<OperationRecord>),
    /// A batch of payment cards.
    Batch(Box<VoucherBatch>),
    /// A contract with its accounts, and the numbers of its holder.
    Contract(Box<ContractView>),
    /// A page of invoices.
    Invoices {
        /// The invoices.
        page: Vec<InvoiceView>,
        /// Where the next page begins, where there is one.
        next: Option<(AccountId, u32)>,
    },
}

/// An invoice, and what was paid for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvoiceView {
    /// The invoice.
    pub invoice: Invoice,
    /// What was paid, the first payment first.
    pub paid: Vec<Allocation>,
}

/// A subscriber with the account that pays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SubscriberView {
    /// The number.
    pub subscriber: Subscriber,
    /// The account that pays.
    pub account: Account,
    /// Its open sessions that are known; all of them once the background scan has ended.
    pub sessions: u32,
}

/// A contract with its accounts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContractView {
    /// The contract.
    pub contract: Contract,
    /// Its accounts, in the order in which they were opened.
    pub accounts: Vec<Account>,
    /// All numbers of its holder, in this contract or another.
    pub numbers: Vec<Digits>,
}

/// A session, and what its client is asked to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionView {
    /// The session.
    pub session: Session,
    /// What its client is asked to do and has not done.
    pub outstanding: Option<Outstanding>,
}

/// A page of a ledger, the newest entry first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LedgerPage {
    /// The account as it is.
    pub account: Account,
    /// The entries.
    pub entries: Vec<LedgerEntry>,
    /// Where the next page begins; none at the end.
    pub next: Option<LedgerCursor>,
    /// Older entries were archived away: the balance before the last entry of the page is the opening balance.
    pub archived: bool,
}

/// The last charges and refusals of a number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// The number and its account.
    pub of: SubscriberView,
    /// Ledger entries of this number, the newest first.
    pub entries: Vec<LedgerEntry>,
    /// How many ledger entries of the account were looked at.
    pub looked_at: usize,
    /// The last refusals, the newest first: kept in memory since the server started, a few for each number.
    pub refusals: Vec<Refusal>,
    /// Since when refusals were kept.
    pub since: Timestamp,
}

/// Why a quota got nothing, or nothing more.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Why {
    /// It was refused.
    Denied(Denial),
    /// Nothing could be had, and its service goes on limited.
    Limited,
    /// It got the last there was, and so it was told.
    Last,
}

/// A request, or one quota of it, that was refused, limited, or told that its grant is the last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// When.
    pub at: Timestamp,
    /// The session or event.
    pub session: SessionId,
    /// What was asked.
    pub kind: Kind,
    /// The number of the request.
    pub number: u32,
    /// Which quota; none for the request as a whole.
    pub key: Option<QuotaKey>,
    /// Why.
    pub why: Why,
    /// What stood in the way; none of what needs no account to be refused.
    pub hindrance: Option<Box<Hindrance>>,
}

/// What the engine serves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mode {
    /// The store is being opened: emergencies only.
    Starting,
    /// All is served.
    Ready,
    /// The server is ending: what is open may report and end, nothing new begins.
    Draining,
    /// The store failed: emergencies only, until the process is started again.
    Failed,
}

impl Mode {
    /// The mode in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Draining => "draining",
            Self::Failed => "emergency-only",
        }
    }
}

/// The engine's figures.
#[derive(Clone, PartialEq, Debug)]
pub struct EngineStatus {
    /// What it serves.
    pub mode: Mode,
    /// The last durable batch.
    pub durable: Sequence,
    /// Sums since the start.
    pub facts: Facts,
    /// Sums of what clients were asked.
    pub reauth: ReauthFacts,
    /// Open sessions that are known.
    pub sessions: usize,
    /// Sessions and tombstones that are known.
    pub directory: usize,
    /// Whether the background scan has gone through all of them.
    pub scanned: bool,
    /// Requests and commands that wait for a load.
    pub parked: usize,
    /// Money that sessions hold reserved.
    pub reserved: Money,
    /// For how many seconds back a repeat of an event is known.
    pub repeat_horizon_secs: u64,
    /// Octets of memory that loaded things take, about.
    pub cached_octets: usize,
    /// The version of the catalogue in force.
    pub catalogue: u64,
    /// Expiry waits until the clock's jump is confirmed or has lasted.
    pub sweeps_suspended: bool,
    /// For how long the store has stood still, where that is too long.
    pub store_stalled: Option<Duration>,
    /// Accounts that were created here so far, at most: the number the next one gets.
    pub next_account: AccountId,
}
