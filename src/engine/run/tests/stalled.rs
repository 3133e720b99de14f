//! A store thread that stands still: it is noticed, the rest goes on, nothing that was answered is lost.

use std::path::Path;
use std::sync::Condvar;

use super::*;
use crate::engine::core::CommandError;
use crate::store::{Budget, Class, Key, Progress, Record, State, Status};

/// What a state half comes to a stop at, as sled does.
struct Gate {
    shut: Mutex<bool>,
    opened: Condvar,
    told: SyncSender<Place>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Waiting,
    Gone,
}

impl Gate {
    fn new() -> (Arc<Self>, Receiver<Place>) {
        let (told, tells) = sync_channel(16);
        (Arc::new(Self { shut: Mutex::new(false), opened: Condvar::new(), told }), tells)
    }

    fn set(&self, shut: bool) {
        *self.shut.lock().unwrap() = shut;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let mut shut = self.shut.lock().unwrap();
        if *shut {
            self.told.send(Place::Waiting).unwrap();
        }
        while *shut {
            shut = self.opened.wait(shut).unwrap();
        }
    }
}

/// A state half behind a gate, which it passes with each batch.
struct Gated {
    inner: Option<Box<dyn State>>,
    gate: Arc<Gate>,
}

impl Gated {
    fn inner(&mut self) -> &mut dyn State {
        self.inner.as_deref_mut().unwrap()
    }
}

impl Drop for Gated {
    fn drop(&mut self) {
        self.inner = None;
        // Who waits for it may have failed already.
        let _ = self.gate.told.try_send(Place::Gone);
    }
}

impl State for Gated {
    fn apply(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.gate.pass();
        self.inner().apply(batch)
    }
    fn load(&mut self, class: Class, key: &Key) -> Result<Option<store::Loaded>, StoreError> {
        self.inner().load(class, key)
    }
    fn scan(
        &mut self,
        class: Class,
        from: &Key,
        limit: usize,
    ) -> Result<Vec<(Key, store::Loaded)>, StoreError> {
        self.inner().scan(class, from, limit)
    }
    fn read_frame(&mut self, sequence: store::Sequence) -> Result<Vec<Record>, StoreError> {
        self.inner().read_frame(sequence)
    }
    fn step(&mut self, budget: Budget) -> Result<Progress, StoreError> {
        self.inner().step(budget)
    }
    fn backup(&mut self, to: &Path, budget: Budget) -> Result<Progress, StoreError> {
        self.inner().backup(to, budget)
    }
    fn checkpoint(&mut self) -> Result<(), StoreError> {
        self.inner().checkpoint()
    }
    fn status(&self) -> Status {
        self.inner.as_deref().unwrap().status()
    }
}

fn gated(gate: &Arc<Gate>, open: impl FnOnce() -> Result<Opened, StoreError> + Send + 'static) -> Loop {
    let gate = Arc::clone(gate);
    let open = move || {
        let mut opened = open()?;
        opened.state = Box::new(Gated { inner: Some(opened.state), gate });
        Ok(opened)
    };
    Loop::start(open, None)
}

const LATE: Duration = Duration::from_secs(30);

impl Loop {
    fn later(&self, secs: u64) {
        self.clock.0.fetch_add(secs * 1_000_000, Ordering::Relaxed);
    }

    /// A session of a subscriber in memory, then the store thread at the gate with the batch of an update.
    fn at_gate(&mut self, gate: &Gate, tells: &Receiver<Place>) {
        self.add();
        assert_eq!(self.ask(request(Kind::Initial, "s", 0, None)).outcome, Came::Done);
        self.until(|engine, _| engine.is_settled().then_some(()));
        gate.set(true);
        assert_eq!(self.ask(request(Kind::Update, "s", 1, Some(1_000))).outcome, Came::Done);
        assert_eq!(tells.recv_timeout(LATE), Ok(Place::Waiting));
        self.engine.turn(NOW);
    }

    fn stalled(&mut self, lasting: bool) -> Duration {
        self.until(|_, events| {
            events.iter().find_map(|event| match event {
                Event::Stalled { still, lasts } if *lasts == lasting => Some(*still),
                _ => None,
            })
        })
    }

    fn problem(&mut self, words: &str) {
        self.until(|_, events| {
            let found = |event: &Event| matches!(event, Event::Problem(problem) if problem.contains(words));
            events.iter().any(found).then_some(())
        });
    }
}

fn of_another(msisdn: &str, session: &str) -> Request {
    let other = Digits::parse(msisdn).unwrap();
    Request { identities: vec![Identity::E164(other)], ..request(Kind::Initial, session, 0, None) }
}

#[test]
fn a_store_that_stands_still_is_told_of_and_what_is_in_memory_is_served() {
    let memory = Memory::new(Conflicts::Never);
    let (gate, tells) = Gate::new();
    let of = memory.clone();
    let mut side = gated(&gate, move || Ok(of.open())).ready();
    side.at_gate(&gate, &tells);
    // What waits for something to be read when it is noticed.
    let (waits, asked) = (side.tag(), side.tag());
    assert_eq!(side.engine.handle(waits, of_another("77010000002", "before"), NOW), Handled::Parked);
    side.engine.query(asked, Query::ShowSubscriber(Digits::parse("77010000003").unwrap()), NOW);
    side.later(9);
    side.engine.turn(NOW);
    assert!(side.engine.poll_event().is_none(), "nine seconds can be a slow disk");
    side.later(1);
    assert!(side.stalled(false) >= Duration::from_secs(10));
    assert_eq!(side.reply(asked), Err(CommandError::StoreStalled));

    assert_eq!(side.ask(request(Kind::Update, "s", 2, Some(1_000))).outcome, Came::Done);
    assert_eq!(side.ask(request(Kind::Initial, "t", 0, None)).outcome, Came::Done);
    assert_eq!(side.show().0, 9_800);
    assert_eq!(
        side.engine.handle(Tag(900), of_another("77010000005", "cold"), NOW),
        Handled::Overloaded,
        "at once"
    );
    assert!(matches!(side.engine.handle(Tag(901), emergency("ims"), NOW), Handled::Answered(_)));
    let asked = side.tag();
    side.engine.query(asked, Query::ShowSubscriber(Digits::parse("77010000004").unwrap()), NOW);
    assert_eq!(side.reply(asked), Err(CommandError::StoreStalled));
    let backup = side.tag();
    side.engine.backup(backup, "backup".into());
    side.until(|_, events| {
        let refused = |event: &Event| matches!(event, Event::BackedUp(tag, Err(_)) if *tag == backup);
        events.iter().any(refused).then_some(())
    });
    let asked = side.tag();
    side.engine.query(asked, Query::Status, NOW);
    match side.reply(asked) {
        Ok(View::Status(status)) => assert!(status.store_stalled >= Some(Duration::from_secs(10))),
        other => panic!("{other:?}"),
    }
    assert!(side.engine.store_status().stopped.is_some());
    side.engine.publish(NOW);
    assert!(side.metrics.encode().contains("\ngyro_store_stalled_seconds 10\n"), "{}", side.metrics.encode());
    assert!(side.engine.next_turn().unwrap() <= NOW.plus(Duration::from_secs(1)), "it is looked at again");
    side.later(50);
    assert!(side.stalled(true) >= Duration::from_mins(1));

    gate.set(false);
    side.problem("goes on");
    assert_eq!(side.engine.store_status().stopped, None);
    side.engine.publish(NOW);
    assert!(side.metrics.encode().contains("\ngyro_store_stalled_seconds 0\n"));
    let cold = side.tag();
    assert_eq!(side.engine.handle(cold, of_another("77010000005", "cold"), NOW), Handled::Parked);
    side.until(|engine, _| engine.poll_answer().filter(|(tag, _)| *tag == cold));
    side.engine.close().unwrap();

    let mut side = Loop::start(move || Ok(memory.open()), None).ready();
    assert_eq!(side.show().0, 9_800);
}

#[test]
fn a_server_ends_though_its_store_stands_still_and_the_next_run_has_everything() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("data");
    let open = |at: &Path| {
        let at = at.to_path_buf();
        move || store::guard().and_then(|()| local::open(&at, small()))
    };
    let (gate, tells) = Gate::new();
    let mut side = gated(&gate, open(&at)).ready();
    side.at_gate(&gate, &tells);
    assert_eq!(side.ask(request(Kind::Update, "s", 2, Some(3_000))).outcome, Came::Done);
    // Time goes on by itself from now on.
    side.clock.1.store(5_000_000, Ordering::Relaxed);
    let failure = side.engine.close().unwrap_err();
    assert!(matches!(*failure, Failure::Stalled(still) if still >= Duration::from_secs(30)), "{failure:?}");
    assert_eq!(failure.exit_code(), 74);
    // The process would end here, and with it what stands still.
    gate.set(false);
    while tells.recv_timeout(LATE).unwrap() != Place::Gone {}
    let mut side = Loop::start(open(&at), None).ready();
    assert_eq!(side.show().0, 9_600);
    side.engine.close().unwrap();
}

#[test]
fn a_store_that_stands_still_fills_its_marks_and_refuses_cleanly() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("data");
    let (gate, tells) = Gate::new();
    let mut side = gated(&gate, move || {
        let options = local::Options { overlay_octets: 128 * 1024, ..small() };
        store::guard().and_then(|()| local::open(&at, options))
    })
    .ready();
    side.at_gate(&gate, &tells);
    let mut number = 1;
    while !side.engine.store_status().behind {
        number += 1;
        assert_eq!(side.ask(request(Kind::Update, "s", number, Some(1))).outcome, Came::Done);
    }
    side.problem("three quarters full");
    let begins = request(Kind::Initial, "new", 0, None);
    assert_eq!(side.engine.handle(Tag(900), begins.clone(), NOW), Handled::Overloaded);
    number += 1;
    assert_eq!(
        side.ask(request(Kind::Update, "s", number, Some(1))).outcome,
        Came::Done,
        "what is open goes on"
    );
    let full = |events: &[Event]| events.iter().any(|event| matches!(event, Event::NoRoom(_)));
    while !full(&side.events) {
        number += 1;
        let handled = side.engine.handle(Tag(901), request(Kind::Update, "s", number, Some(1)), NOW);
        let Handled::Answered(answered) = handled else { panic!("{handled:?}") };
        side.until(|engine, events| {
            (answered.held.is_none_or(|held| held <= engine.durable()) || full(events)).then_some(())
        });
    }
    let held = side.engine.durable();
    let late = NOW.plus(Duration::from_secs(4));
    let update = request(Kind::Update, "s", number + 1, Some(1));
    assert_eq!(side.engine.handle(Tag(902), update, late), Handled::Overloaded, "everything waits");
    assert!(matches!(side.engine.handle(Tag(903), emergency("ims"), late), Handled::Answered(_)));
    side.engine.turn(late);
    assert_eq!(side.engine.durable(), held, "nothing more is committed");

    gate.set(false);
    side.until(|engine, _| engine.is_settled().then_some(()));
    side.until(|engine, _| (!engine.store_status().behind).then_some(()));
    assert!(matches!(side.engine.handle(Tag(904), begins, late), Handled::Answered(_)));
    side.engine.close().unwrap();
}
