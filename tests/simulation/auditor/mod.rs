//! The auditor: a model of its own, made from the rules and from what both sides say, that holds every batch, every
//! answer and every hour to them. It knows what gateways have reported and operators have ordered, and the price lists;
//! of the server it sees what is durable and what leaves. It calls nothing of the charging ring: it reads the fields of
//! what is written, and works everything else out by itself.
//!
//! `books` has the sums, `uses` what was used and what it costs, `holds` the reservations, `terms` fees and their periods.

mod books;
mod holds;
mod terms;
mod uses;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use gyro::charging::account::{AccountId, Sequence, Subscriber};
use gyro::charging::answer::{Answer, Denial, Outcome};
use gyro::charging::request::{Kind, QuotaKey};
use gyro::charging::session::Session;
use gyro::charging::units::Digits;
use gyro::engine::core::{OperationKey, SessionKey};
use gyro::time::Timestamp;

use crate::disk::{Disk, Op};
use crate::prices::List;

use books::{Book, Order};
pub(crate) use books::{Effect, operator};
use terms::Number;
use uses::{Dialogue, Report};

/// The rule that is broken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Rule {
    /// The sum of an account's entries is its balance (rule 1, `ACC-1`).
    Sum,
    /// What is reserved is what sessions hold.
    Reserved,
    /// No reservation takes available money below the floor (rule 6, `ACC-7`).
    Floor,
    /// Each request is charged at most once (rule 2).
    Once,
    /// What is charged was reported, or ordered.
    Invented,
    /// What was reported is accounted for, all of it and by whom it belongs to.
    Lost,
    /// The account that pays is that of the number.
    Owner,
    /// Units times price, rounded once for each session and rate (`ACC-3`).
    Price,
    /// A grant is held in full (`RES-1`).
    OverGrant,
    /// Reservations end (rule 5).
    Ends,
    /// Bundles pay what was in them, once (`RES-2`).
    Bundle,
    /// A fee is charged once for each period (`ACC-4`).
    Fee,
    /// Bonus money is never paid out (`ACC-14`).
    Bonus,
    /// What operators order is done once, as ordered.
    Order,
    /// Repeats get the stored answer (rule 2).
    Repeat,
    /// What was answered is durable, and what was durable is there (rule 3).
    Durable,
    /// Invoices add up (`INV-1`).
    Invoice,
    /// Penalties have a most (`PEN-1`).
    Penalty,
    /// Emergency numbers are granted (rule 7).
    Emergency,
}

/// A rule that is broken, and how.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) rule: Rule,
    pub(crate) text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.text)
    }
}

pub(crate) type Found = Result<(), Box<Violation>>;

pub(super) fn broken<T>(rule: Rule, text: impl fmt::Display) -> Result<T, Box<Violation>> {
    Err(Box::new(Violation { rule, text: text.to_string() }))
}

/// A check: nothing where it holds.
pub(super) fn hold(is_so: bool, rule: Rule, text: impl FnOnce() -> String) -> Found {
    if is_so { Ok(()) } else { broken(rule, text()) }
}

/// A version of the prices, and between which moments it may be in force.
struct Version {
    hash: u64,
    list: Rc<List>,
    from: Timestamp,
    until: Option<Timestamp>,
}

/// What a gateway reports, as it sends it.
#[derive(Clone, Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) session: &'a str,
    pub(crate) kind: Kind,
    pub(crate) number: u32,
    pub(crate) msisdn: Digits,
    pub(crate) at: Timestamp,
    pub(crate) service: &'static str,
    pub(crate) called: Option<&'a str>,
    pub(crate) incoming: bool,
    pub(crate) abroad: bool,
    pub(crate) used: &'a [(QuotaKey, u64)],
}

/// How the server is held to what depends on time and on what else goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Strictness {
    /// How long after its time a reservation may still stand, in seconds.
    pub(crate) overdue_secs: i64,
}

pub(crate) struct Auditor {
    strictness: Strictness,
    versions: Vec<Version>,
    books: BTreeMap<AccountId, Book>,
    numbers: BTreeMap<Digits, Number>,
    dialogues: BTreeMap<Box<str>, Dialogue>,
    sessions: BTreeMap<SessionKey, Session>,
    names: BTreeMap<Box<str>, SessionKey>,
    /// Open sessions of each number.
    open: BTreeMap<Digits, BTreeSet<SessionKey>>,
    orders: BTreeMap<OperationKey, Order>,
    last: u64,
    /// What it has looked at.
    pub(crate) tally: Tally,
    digest: u64,
}

/// What was checked so far.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Tally {
    pub(crate) batches: u64,
    pub(crate) entries: u64,
    pub(crate) charges: u64,
    pub(crate) prices: u64,
    pub(crate) grants: u64,
    pub(crate) answers: u64,
    pub(crate) repeats: u64,
    pub(crate) fees: u64,
    pub(crate) invoices: u64,
    pub(crate) penalties: u64,
    pub(crate) orders: u64,
    pub(crate) emergencies: u64,
    pub(crate) hours: u64,
    pub(crate) restarts: u64,
}

/// What one batch touches.
#[derive(Default)]
struct Touched {
    /// Accounts that have entries, or of which sessions hold something else.
    accounts: BTreeSet<AccountId>,
    images: BTreeSet<AccountId>,
    /// Reports with entries.
    reports: BTreeSet<(Box<str>, (u8, u32))>,
    /// Counts of units by rate that have grown.
    counts: BTreeSet<(Box<str>, QuotaKey)>,
    /// Units that bundles have paid.
    bundles: BTreeMap<(Digits, Box<str>), u64>,
    /// Numbers whose bundles may be renewed, or end.
    renewed: BTreeSet<Digits>,
    orders: BTreeSet<OperationKey>,
    /// Sessions that hold something new, by account.
    fresh: BTreeMap<AccountId, u32>,
    /// Accounts with something besides one request.
    mixed: BTreeSet<AccountId>,
    /// Sessions of each account that are written.
    written: BTreeMap<AccountId, u32>,
}

/// Requests in the order of their names.
pub(super) const fn kind_number(kind: Kind) -> u8 {
    use gyro::charging::request::Action;
    match kind {
        Kind::Initial => 1,
        Kind::Update => 2,
        Kind::Terminate => 3,
        Kind::Event(Action::Debit) => 4,
        Kind::Event(Action::Refund) => 5,
        Kind::Event(Action::CheckBalance) => 6,
        Kind::Event(Action::PriceEnquiry) => 7,
    }
}

impl Auditor {
    pub(crate) fn new(strictness: Strictness) -> Self {
        Self {
            strictness,
            versions: Vec::new(),
            books: BTreeMap::new(),
            numbers: BTreeMap::new(),
            dialogues: BTreeMap::new(),
            sessions: BTreeMap::new(),
            names: BTreeMap::new(),
            open: BTreeMap::new(),
            orders: BTreeMap::new(),
            last: 0,
            tally: Tally::default(),
            digest: 0,
        }
    }

    // what both sides say

    /// A version of the prices may be in force from then on.
    pub(crate) fn published(&mut self, hash: u64, list: Rc<List>, at: Timestamp) {
        self.versions.push(Version { hash, list, from: at, until: None });
    }

    /// The last version is in force: those before it are not any more.
    pub(crate) fn in_force(&mut self, at: Timestamp) {
        if let Some((_, before)) = self.versions.split_last_mut() {
            for version in before {
                version.until = version.until.or(Some(at));
            }
        }
    }

    /// The last version was refused.
    pub(crate) fn withdrawn(&mut self) {
        self.versions.pop();
    }

    /// A gateway sends a request: the first time, or again.
    pub(crate) fn sent(&mut self, sent: &Sent<'_>) {
        self.note(sent);
    }

    /// An operator orders something.
    pub(crate) fn ordered(&mut self, key: OperationKey, msisdn: Digits, effect: Effect) {
        self.orders.entry(key).or_insert_with(|| Order::new(msisdn, effect));
    }

    /// What it came to: whether it was done, and changed something.
    pub(crate) fn replied(&mut self, key: OperationKey, done: Option<bool>) -> Found {
        self.order_replied(key, done)
    }

    // what the server says

    /// A batch is durable.
    pub(crate) fn batch(&mut self, sequence: Sequence, ops: &[Op], now: Timestamp) -> Found {
        self.tally.batches += 1;
        self.mix(&sequence.0);
        hold(sequence.0 == self.last + 1, Rule::Durable, || {
            format!("batch {} after {}", sequence.0, self.last)
        })?;
        self.last = sequence.0;
        let mut touched = Touched::default();
        for op in ops {
            match op {
                Op::Subscriber(one) => self.meet(one, now, &mut touched),
                Op::Account(one) => {
                    self.books.entry(one.id).or_insert_with(|| Book::new(one)).widen(one);
                }
                _ => {}
            }
        }
        for op in ops {
            if let Op::Ledger(entry) = op {
                self.entry(sequence, entry, now, &mut touched)?;
            }
        }
        for op in ops {
            match op {
                Op::Session(key, session) => self.session(*key, session, now, &mut touched)?,
                Op::SessionGone(key) => self.session_gone(*key)?,
                _ => {}
            }
        }
        for op in ops {
            match op {
                Op::Account(image) => self.account(sequence, image, &mut touched)?,
                Op::Subscriber(image) => self.subscriber(image, now, &touched)?,
                Op::Bill(bill) => self.bill(bill)?,
                _ => {}
            }
        }
        let missing = touched.accounts.difference(&touched.images).next();
        hold(missing.is_none(), Rule::Sum, || format!("{missing:?} changed and is not written"))?;
        self.close_uses(&touched)?;
        self.close_orders(&touched)?;
        self.close_holds(&touched)
    }

    /// An answer leaves.
    pub(crate) fn answered(&mut self, session: &str, kind: Kind, number: u32, answer: &Answer) -> Found {
        self.tally.answers += 1;
        let mut hasher = DefaultHasher::new();
        answer.hash(&mut hasher);
        let digest = hasher.finish();
        self.mix(&digest);
        let name = || format!("{session} {kind:?} {number}");
        let Some(dialogue) = self.dialogues.get_mut(session) else {
            return broken(Rule::Invented, format!("an answer to nothing: {}", name()));
        };
        let emergency = dialogue.emergency;
        let Some(report) = dialogue.reports.get_mut(&(kind_number(kind), number)) else {
            return broken(Rule::Invented, format!("an answer to nothing: {}", name()));
        };
        if emergency {
            self.tally.emergencies += 1;
            return hold(answer.outcome == Outcome::Done, Rule::Emergency, || {
                format!("{}: {answer:?}", name())
            });
        }
        let unknown = answer.outcome == Outcome::Denied(Denial::UnknownSession);
        if !unknown {
            self.tally.repeats += u64::from(report.answer.is_some());
            let first = *report.answer.get_or_insert(digest);
            hold(first == digest, Rule::Repeat, || {
                format!("{} is answered in another way: {answer:?}", name())
            })?;
        }
        // an event is charged or refused; what a session reports is charged in any case
        let due = match kind {
            Kind::Event(_) => answer.outcome == Outcome::Done,
            Kind::Initial | Kind::Update | Kind::Terminate => !unknown,
        };
        let counted = report.is_counted();
        if due && report.has_use() {
            hold(counted, Rule::Durable, || {
                format!("{} is answered, and its use is not in the books", name())
            })?;
        }
        if matches!(kind, Kind::Event(_)) && !due {
            hold(report.batch.is_none(), Rule::Invented, || format!("{} is refused and charged", name()))?;
        }
        self.grants(session, (kind, number), answer)
    }

    /// The server was cut off and is opened again: what was durable is there.
    pub(crate) fn restarted(&mut self, disk: &Disk) -> Found {
        self.tally.restarts += 1;
        hold(disk.facts.last.0 == self.last, Rule::Durable, || {
            format!("batch {} was durable, {} is the last", self.last, disk.facts.last.0)
        })?;
        self.hold_disk(disk)
    }

    /// An hour is over: every book, every reservation, every period.
    pub(crate) fn hour(&mut self, disk: &Disk, now: Timestamp) -> Found {
        self.tally.hours += 1;
        self.hold_disk(disk)?;
        self.hold_reservations(disk, now)?;
        self.hold_fees(now)
    }

    /// All is over: nothing is held any more, and everything adds up from its first entry on.
    pub(crate) fn end(&mut self, disk: &Disk, now: Timestamp) -> Found {
        self.hour(disk, now)?;
        self.hold_everything(disk)?;
        for session in disk.sessions.values() {
            let held = session.quotas.iter().any(|quota| quota.reservation.is_some());
            hold(!held, Rule::Ends, || format!("{:?} still holds something", session.id))?;
        }
        Ok(())
    }

    /// What is older than that is not spoken of any more: it need not be kept.
    pub(crate) fn forget(&mut self, before: Timestamp) {
        self.dialogues.retain(|_, dialogue| dialogue.touched >= before);
    }

    /// All that was seen, in one number.
    pub(crate) const fn digest(&self) -> u64 {
        self.digest
    }

    fn mix(&mut self, what: &impl Hash) {
        let mut hasher = DefaultHasher::new();
        (self.digest, what).hash(&mut hasher);
        self.digest = hasher.finish();
    }

    /// A number as it is written: its plan from now on.
    fn meet(&mut self, image: &Subscriber, now: Timestamp, touched: &mut Touched) {
        let known = self.numbers.entry(image.msisdn).or_insert_with(|| Number::new(image));
        if known.meet(image, now) {
            touched.renewed.insert(image.msisdn);
        }
    }

    /// Versions that may have been in force between two moments, both included.
    fn versions_at(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &Version> {
        let fits =
            move |version: &&Version| version.from <= to && version.until.is_none_or(|until| until >= from);
        self.versions.iter().filter(fits)
    }

    fn report(&mut self, session: &str, kind: Kind, number: u32) -> Option<&mut Report> {
        self.dialogues.get_mut(session)?.reports.get_mut(&(kind_number(kind), number))
    }
}

/// Whole hundredths.
pub(super) fn cents(money: gyro::charging::units::Money) -> i128 {
    i128::from(money.micros() / 10_000)
}
