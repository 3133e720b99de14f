//! Tests of the engine with its threads, over a store in memory and one on disk. Nothing sleeps: the test waits for
//! the wake-up that the loop would wait for.

use core::time::Duration;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::*;
use crate::charging::answer::{Answer, Outcome as Came};
use crate::charging::catalogue::{
    Covers, Currency, Direction, Holidays, Parts, Plan, QuotaShape, Rate, Service, ServiceIx,
};
use crate::charging::free_numbers::FreeNumbers;
use crate::charging::policy::Policy;
use crate::charging::request::{
    Action, ClientTraits, Identity, Kind, Measured, Part, Parties, Place, QuotaKey, SessionId, Shape, Used,
};
use crate::charging::units::{Digits, Money, Unit};
use crate::engine::core::command::{Change, NewSubscriber, OperationKey};
use crate::engine::core::query::View;
use crate::engine::core::{HashKey, Limits};
use crate::store::local;
use crate::store::memory::Memory;
use crate::store::record::index;
use crate::store::{Batch, Conflicts, Probe};
use crate::telemetry::Metrics;
use crate::time::Monotonic;

mod stalled;

const MSISDN: &str = "77010000001";
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn catalogue() -> Catalogue {
    let service = |name: &str, context: &str, unit| Service {
        name: name.into(),
        context: context.into(),
        unit,
        max_call_secs: None,
    };
    let rate = |service, price, per| Rate {
        covers: Covers { service, rating_groups: Vec::new(), destinations: Vec::new() },
        name: "rate".into(),
        price: Money::from_cents(price).unwrap(),
        per,
        step: 1,
        first: 0,
        connect: Money::ZERO,
        tiers: Vec::new(),
        direction: Direction::default(),
        bands: Vec::new(),
    };
    let quota = |grant| QuotaShape { grant, validity_secs: 60, ..QuotaShape::default() };
    Catalogue::new(Parts {
        version: 1,
        currency: Currency { code: *b"KZT", numeric: 398 },
        timezone: "Asia/Almaty".into(),
        services: vec![
            service("data", "32251@3gpp.org", Unit::Octets),
            service("sms", "32274@3gpp.org", Unit::Pieces),
        ],
        rating_groups: Vec::new(),
        numbers: FreeNumbers::new(&[Digits::parse("112").unwrap()], &[]),
        destinations: Vec::new(),
        bands: Vec::new(),
        holidays: Holidays::default(),
        roaming: None,
        content: Vec::new(),
        plans: vec![Plan {
            name: "first".into(),
            modes: vec![crate::charging::account::Mode::Advance],
            bundles: Vec::new(),
            rates: vec![rate(ServiceIx(0), 100, 1_000), rate(ServiceIx(1), 500, 1)],
            quotas: vec![quota(Some(10_000)), quota(None)],
            ..Plan::default()
        }],
    })
}

fn request(kind: Kind, session: &str, number: u32, used: Option<u64>) -> Request {
    let event = matches!(kind, Kind::Event(_));
    let measured = |count| Measured { total_octets: Some(count), ..Measured::default() };
    Request {
        session: SessionId::new(session).unwrap(),
        kind,
        number,
        digest: 1,
        client_host: "pgw".into(),
        client_realm: "realm".into(),
        profile: "standard".into(),
        traits: ClientTraits::default(),
        identities: vec![Identity::E164(Digits::parse(MSISDN).unwrap())],
        context: if event { "32274@3gpp.org" } else { "32251@3gpp.org" }.into(),
        at: NOW,
        parties: Parties::default(),
        place: Place::default(),
        shape: Shape::PerGroup,
        advice: false,
        parts: vec![Part {
            key: QuotaKey::default(),
            requested: (kind != Kind::Terminate)
                .then_some(Measured { pieces: event.then_some(1), ..Measured::default() }),
            used: used.map(|count| Used { measured: measured(count), side: None }).into_iter().collect(),
            ..Part::default()
        }],
    }
}

fn emergency(session: &str) -> Request {
    let parties = Parties { called: Some("112".into()), ..Parties::default() };
    Request { parties, ..request(Kind::Initial, session, 0, None) }
}

/// The loop's side of an engine: turns it whenever it is woken.
struct Loop {
    engine: Engine,
    woken: Receiver<()>,
    next: u64,
    events: Vec<Event>,
    metrics: Metrics,
    /// The clock, and how far it goes each time that it is read, in microseconds.
    clock: Arc<(AtomicU64, AtomicU64)>,
}

impl Loop {
    fn start(
        open: impl FnOnce() -> Result<Opened, StoreError> + Send + 'static,
        spool: Option<PathBuf>,
    ) -> Self {
        let (wake, woken): (SyncSender<()>, _) = sync_channel(1);
        let clock = Arc::new((AtomicU64::new(0), AtomicU64::new(10)));
        let read = Arc::clone(&clock);
        let metrics = Metrics::new("test", "none");
        let engine = Engine::start(Options {
            followers: None,
            settings: Settings {
                limits: Limits::default(),
                policy: Policy::default(),
                catalogue: Arc::new(catalogue()),
                hash_key: HashKey([3; 16]),
                hash_code,
            },
            content: b"tariff".as_slice().into(),
            open: Box::new(open),
            clock: Box::new(move || {
                let (now, step) = &*read;
                Monotonic::from_micros(now.fetch_add(step.load(Ordering::Relaxed), Ordering::Relaxed))
            }),
            wake: Box::new(move || {
                let _ = wake.try_send(());
            }),
            pulse: Arc::default(),
            spool,
            metrics: metrics.engine.clone(),
            // content is the version alone, as far as these tests go
            build: Box::new(|_| Ok(catalogue())),
            upcoming: Vec::new(),
            shown: watch::Sender::new(Arc::new(catalogue())),
        });
        Self { engine: engine.unwrap(), woken, next: 0, events: Vec::new(), metrics, clock }
    }

    /// Turns until `done`; half a minute without it is a failure.
    fn until<T>(&mut self, mut done: impl FnMut(&mut Engine, &[Event]) -> Option<T>) -> T {
        loop {
            self.engine.turn(NOW);
            self.events.extend(std::iter::from_fn(|| self.engine.poll_event()));
            if let Some(done) = done(&mut self.engine, &self.events) {
                return done;
            }
            let woken = self.woken.recv_timeout(Duration::from_secs(30));
            assert!(woken.is_ok(), "{:?}", self.events);
        }
    }

    fn ready(mut self) -> Self {
        self.until(|_, events| events.iter().any(|event| matches!(event, Event::Scanned)).then_some(()));
        self
    }

    fn tag(&mut self) -> Tag {
        self.next += 1;
        Tag(self.next)
    }

    fn ask(&mut self, request: Request) -> Answer {
        let tag = self.tag();
        let mut handled = self.engine.handle(tag, request, NOW);
        self.until(|engine, _| {
            if let Some((answered, late)) = engine.poll_answer() {
                assert_eq!(answered, tag);
                handled = late;
            }
            match &handled {
                Handled::Answered(answered) if answered.held.is_none_or(|held| held <= engine.durable()) => {
                    Some(answered.answer.clone())
                }
                Handled::Answered(_) | Handled::Parked => None,
                Handled::Overloaded => panic!("overloaded"),
            }
        })
    }

    fn reply(&mut self, tag: Tag) -> Outcome {
        self.until(|engine, _| engine.poll_reply().filter(|(of, _)| *of == tag).map(|(_, outcome)| outcome))
    }

    fn add(&mut self) {
        let tag = self.tag();
        let what = Change::AddSubscriber(NewSubscriber {
            balance: Money::from_cents(10_000).unwrap(),
            ..NewSubscriber::of(Digits::parse(MSISDN).unwrap(), "first")
        });
        self.engine.command(tag, Command { key: OperationKey([1; 16]), operator: "anna".into(), what }, NOW);
        self.reply(tag).unwrap();
    }

    fn show(&mut self) -> (i64, i64) {
        let tag = self.tag();
        self.engine.query(tag, Query::ShowSubscriber(Digits::parse(MSISDN).unwrap()), NOW);
        match self.reply(tag) {
            Ok(View::Subscriber(view)) => {
                (view.account.main.micros() / 10_000, view.account.reserved.micros() / 10_000)
            }
            other => panic!("{other:?}"),
        }
    }

    fn ledger(&mut self) -> Vec<i64> {
        let tag = self.tag();
        let msisdn = Digits::parse(MSISDN).unwrap();
        self.engine.query(tag, Query::Ledger { msisdn, after: None, limit: 100 }, NOW);
        match self.reply(tag) {
            Ok(View::Ledger(page)) => {
                assert!(!page.archived);
                page.entries.iter().map(|entry| entry.amount.micros() / 10_000).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn failed(&mut self) -> String {
        self.until(|_, events| {
            events.iter().find_map(|event| match event {
                Event::Failed(why) => Some(why.to_string()),
                _ => None,
            })
        })
    }
}

/// A day's life: what is asked in the first run and again in the second.
fn life(mut open: impl FnMut() -> Loop) {
    let mut first = open().ready();
    first.add();
    assert_eq!(first.ask(request(Kind::Initial, "s", 0, None)).outcome, Came::Done);
    let update = first.ask(request(Kind::Update, "s", 1, Some(4_000)));
    let message = first.ask(request(Kind::Event(Action::Debit), "sms", 0, None));
    assert_eq!(first.show(), (9_100, 1_000));
    first.ask(emergency("ims"));
    first.until(|engine, _| engine.is_settled().then_some(()));
    first.engine.close().unwrap();

    let mut second = open().ready();
    assert_eq!(second.ask(request(Kind::Update, "s", 1, Some(4_000))), update);
    assert_eq!(second.ask(request(Kind::Event(Action::Debit), "sms", 0, None)), message);
    assert_eq!(second.show(), (9_100, 1_000));
    second.ask(request(Kind::Terminate, "s", 2, Some(1_000)));
    let mut call = request(Kind::Terminate, "ims", 1, None);
    call.identities.clear();
    assert_eq!(second.ask(call).outcome, Came::Done, "the emergency session is known");
    assert_eq!(second.show(), (9_000, 0));
    assert_eq!(second.ledger(), [-100, -500, -400, 10_000]);
    second.engine.publish(NOW);
    let text = second.metrics.encode();
    for line in
        ["gyro_duplicates_total 2", "gyro_mode{mode=\"ready\"} 1", "gyro_sessions{service=\"data\"} 0"]
    {
        assert!(text.lines().any(|of| of == line), "{line} is missing in\n{text}");
    }
    second.engine.close().unwrap();
}

#[test]
fn a_store_in_memory_serves_two_runs() {
    let memory = Memory::new(Conflicts::Never);
    life(|| {
        let memory = memory.clone();
        Loop::start(move || Ok(memory.open()), None)
    });
}

#[test]
fn a_store_on_disk_serves_two_runs() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("data");
    life(|| {
        let at = at.clone();
        Loop::start(move || store::guard().and_then(|()| local::open(&at, small())), None)
    });
}

fn small() -> local::Options {
    local::Options {
        segment_octets: 1024 * 1024,
        cache_octets: 4 * 1024 * 1024,
        low_space_octets: 0,
        ..local::Options::new(Probe::Here)
    }
}

#[test]
fn emergencies_are_served_while_the_store_is_opened() {
    let memory = Memory::new(Conflicts::Never);
    let (go, wait) = sync_channel::<()>(1);
    let mut side = Loop::start(
        move || {
            wait.recv().unwrap();
            Ok(memory.open())
        },
        None,
    );
    side.engine.turn(NOW);
    assert_eq!(side.engine.mode(), Mode::Starting);
    assert_eq!(side.engine.handle(Tag(1), request(Kind::Initial, "s", 0, None), NOW), Handled::Overloaded);
    let granted = side.engine.handle(Tag(2), emergency("ims"), NOW);
    assert!(matches!(granted, Handled::Answered(answered) if answered.held.is_none()));
    go.send(()).unwrap();
    let mut side = side.ready();
    side.add();
    side.ask(request(Kind::Initial, "s", 0, None));
    side.engine.close().unwrap();
}

#[test]
fn a_store_that_cannot_be_opened_leaves_emergencies() {
    let mut side = Loop::start(|| Err(StoreError::Poisoned), None);
    assert!(side.failed().contains("given up"));
    assert_eq!(side.engine.mode(), Mode::Failed);
    assert!(matches!(side.engine.handle(Tag(2), emergency("ims"), NOW), Handled::Answered(_)));
    assert_eq!(side.engine.close().unwrap_err().exit_code(), 74);
}

#[test]
fn a_store_that_panics_leaves_emergencies() {
    let mut side = Loop::start(|| panic!("planted"), None);
    assert!(side.failed().contains("store thread has ended"));
    assert!(matches!(side.engine.handle(Tag(2), emergency("ims"), NOW), Handled::Answered(_)));
    assert!(side.engine.close().is_err());
}

/// A store whose write half fails as it is told.
struct Faulty {
    inner: Box<dyn Commit>,
    plan: Arc<Mutex<Plans>>,
}

#[derive(Clone, Copy, Default)]
struct Plans {
    fail_sync: bool,
    refuse: u32,
}

impl Commit for Faulty {
    fn conflicts(&self) -> Conflicts {
        self.inner.conflicts()
    }
    fn durable(&self) -> store::Sequence {
        self.inner.durable()
    }
    fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        if plan.refuse > 0 {
            plan.refuse -= 1;
            let source = io::Error::other("planted");
            return Err(StoreError::Overload { path: "journal".into(), source });
        }
        self.inner.append(batch)
    }
    fn sync(&mut self) -> Result<store::Sequence, StoreError> {
        if self.plan.lock().unwrap_or_else(PoisonError::into_inner).fail_sync {
            return Err(StoreError::Poisoned);
        }
        self.inner.sync()
    }
    fn confirm(&mut self) -> Result<(), StoreError> {
        self.inner.confirm()
    }
    fn close(&mut self) -> Result<(), StoreError> {
        self.inner.close()
    }
}

fn faulty(memory: &Memory, plan: &Arc<Mutex<Plans>>, spool: Option<PathBuf>) -> Loop {
    let (memory, plan) = (memory.clone(), Arc::clone(plan));
    Loop::start(
        move || {
            let mut opened = memory.open();
            opened.commit = Box::new(Faulty { inner: opened.commit, plan });
            Ok(opened)
        },
        spool,
    )
}

#[test]
fn a_new_store_is_ready_once_its_origin_state_id_is_durable() {
    let memory = Memory::new(Conflicts::Never);
    let plan = Arc::new(Mutex::new(Plans { refuse: 1, fail_sync: false }));
    let mut side = faulty(&memory, &plan, None).ready();
    let ready = |event: &Event| matches!(event, Event::Ready { .. });
    side.until(|_, events| events.iter().any(ready).then_some(()));
    let at = |wanted: fn(&Event) -> bool| side.events.iter().position(wanted).unwrap();
    let refused = at(|event| matches!(event, Event::NoRoom(_)));
    assert!(refused < at(ready), "{:?}", side.events);
    assert_eq!(side.engine.mode(), Mode::Ready);
    let told = side.engine.core().origin_state();
    assert!(told.is_some());
    side.engine.close().unwrap();

    plan.lock().unwrap().fail_sync = true;
    let side = faulty(&memory, &plan, None).ready();
    assert_eq!(side.engine.core().origin_state(), told, "one that is known is told at once");
    drop(side.engine.close());

    let mut side = faulty(&Memory::new(Conflicts::Never), &plan, None);
    side.failed();
    assert_eq!(side.engine.core().origin_state(), None);
    assert!(!side.events.iter().any(|event| matches!(event, Event::Ready { .. })), "{:?}", side.events);
}

#[test]
fn after_a_failed_sync_nothing_held_leaves_and_emergencies_are_spooled() {
    let dir = tempfile::tempdir().unwrap();
    let spool = dir.path().join("emergencies");
    let memory = Memory::new(Conflicts::Never);
    let plan = Arc::new(Mutex::new(Plans::default()));
    let mut side = faulty(&memory, &plan, Some(spool.clone())).ready();
    side.add();
    side.ask(request(Kind::Initial, "s", 0, None));
    plan.lock().unwrap().fail_sync = true;
    let before = side.engine.durable();
    let handled = side.engine.handle(Tag(500), request(Kind::Update, "s", 1, Some(1_000)), NOW);
    assert!(matches!(handled, Handled::Answered(answered) if answered.held > Some(before)));
    side.failed();
    assert_eq!(side.engine.durable(), before, "what is held stays held for ever");
    assert_eq!(side.engine.mode(), Mode::Failed);
    assert_eq!(
        side.engine.handle(Tag(501), request(Kind::Update, "s", 2, Some(1)), NOW),
        Handled::Overloaded
    );
    assert!(matches!(side.engine.handle(Tag(502), emergency("ims"), NOW), Handled::Answered(_)));
    side.engine.turn(NOW);
    assert!(side.engine.close().is_err());

    plan.lock().unwrap().fail_sync = false;
    memory.cut_power();
    let mut side = faulty(&memory, &plan, Some(spool.clone()));
    side.until(|_, events| events.iter().any(|event| matches!(event, Event::Spooled(1))).then_some(()));
    side.until(|engine, _| (engine.is_settled() && !spool.exists()).then_some(()));
    let mut side = side.ready();
    assert_eq!(side.show(), (10_000, 1_000), "the update was never acknowledged");
    side.ask(request(Kind::Update, "s", 1, Some(1_000)));
    assert_eq!(side.show(), (9_900, 1_000));
    side.engine.close().unwrap();
}

#[test]
fn a_journal_without_room_is_tried_again() {
    let memory = Memory::new(Conflicts::Never);
    let plan = Arc::new(Mutex::new(Plans { refuse: 2, fail_sync: false }));
    let mut side = faulty(&memory, &plan, None).ready();
    side.add();
    assert_eq!(side.show(), (10_000, 0));
    assert!(
        side.events
            .iter()
            .any(|event| matches!(event, Event::NoRoom(why) if why.to_string().contains("no room")))
    );
    side.engine.close().unwrap();
}

/// A store in memory whose last stamp is `ahead` of the clock.
fn stamped(ahead: Duration) -> Memory {
    let memory = Memory::new(Conflicts::Never);
    let mut opened = memory.open();
    let fact = index::Fact::Time(NOW.plus(ahead));
    let record =
        store::Record::put(index::FACT_CLASS, index::fact_key(fact.name()), index::encode_fact(fact));
    let batch = Batch { sequence: store::Sequence::new(1), guards: Vec::new(), records: vec![record] };
    opened.commit.append(&batch).unwrap();
    opened.commit.sync().unwrap();
    memory
}

#[test]
fn a_store_that_is_stamped_ahead_of_the_clock_is_told_of() {
    for (minutes, told) in [(5, false), (6, true)] {
        let memory = stamped(Duration::from_mins(minutes));
        let side = Loop::start(move || Ok(memory.open()), None).ready();
        let is_told = |event: &Event| match event {
            Event::Problem(problem) => problem.contains("`gyro store clock-reset`"),
            _ => false,
        };
        assert_eq!(side.events.iter().any(is_told), told, "{:?}", side.events);
        side.engine.close().unwrap();
    }
}

#[test]
fn what_was_not_durable_at_the_end_is_not_there_at_the_next_start() {
    let memory = Memory::new(Conflicts::Never);
    let open = |memory: &Memory| {
        let memory = memory.clone();
        Loop::start(move || Ok(memory.open()), None).ready()
    };
    let mut side = open(&memory);
    side.add();
    side.ask(request(Kind::Initial, "s", 0, None));
    let handled = side.engine.handle(Tag(900), request(Kind::Update, "s", 1, Some(1_000)), NOW);
    assert!(matches!(handled, Handled::Answered(_)));
    side.engine.close().unwrap();
    memory.cut_power();
    let mut side = open(&memory);
    assert_eq!(side.show(), (10_000, 1_000));
    assert_eq!(side.ledger(), [10_000]);
    side.engine.close().unwrap();
}
