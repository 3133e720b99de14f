//! A server without sockets: the engine with its threads over a store in memory, the admin routes, and one gateway, under
//! a time that only the scenario moves.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use bytes::{Bytes, BytesMut};
use gyro::admin::{Admin, api};
use gyro::charging::account::Account;
use gyro::charging::books::audit::{audit, audit_bundles};
use gyro::charging::catalogue::Catalogue;
use gyro::charging::ledger::{LedgerEntry, Purse};
use gyro::charging::policy::Policy;
use gyro::charging::session::Session;
use gyro::charging::units::Digits;
use gyro::cli::{Answer, Call, Over};
use gyro::diameter::dictionary::{Dictionary, builtin};
use gyro::diameter::message::Message;
use gyro::diameter::parse::{self, parse};
use gyro::engine::control::{self, Control, ControlError, Inbox, LedgerCursor, Query, View};
use gyro::engine::core::{
    Answered, BatchSink as _, Handled, HashKey, Limits, Mode, Route, Settings, Tag, Told,
};
use gyro::engine::run::{self, Encoder, Engine, Event};
use gyro::ro::cca::{Asked, Cca, Origin, Refusal, refuse};
use gyro::ro::ccr::Ccr;
use gyro::ro::convert::{self, Charge};
use gyro::ro::profile::{Profile, Profiles};
use gyro::ro::result;
use gyro::store::Conflicts;
use gyro::store::memory::Memory;
use gyro::tariff;
use gyro::telemetry::Metrics;
use gyro::time::{Monotonic, Timestamp};
use tokio::sync::{Notify, watch};
use tower::ServiceExt as _;

use crate::books::Look;
use crate::gateway::{Ask, Known, Verb};
use crate::lex::{Mistake, Read};
use crate::script::Tariff;

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(builtin);

const REALM: &str = "gyro.localdomain";
const SERVER: &str = "ocs.gyro.localdomain";

/// How far time may go ahead at once, in a long stretch of it.
const STRIDE: Duration = Duration::from_hours(1);
/// From which length on a stretch of time is a long one: in shorter ones everything happens at its very moment.
const LONG: Duration = Duration::from_hours(48);
/// How long the engine's threads may take for anything.
const PATIENCE: Duration = Duration::from_mins(1);

/// A tariff that was read.
#[derive(Clone)]
pub(crate) struct Prices {
    pub(crate) catalogue: Arc<Catalogue>,
    content: Arc<[u8]>,
}

static PRICES: LazyLock<Mutex<BTreeMap<Tariff, Prices>>> = LazyLock::new(Mutex::default);

/// Reads a tariff, each once.
pub(crate) fn prices(tariff: &Tariff) -> Result<Prices, String> {
    if let Some(known) = PRICES.lock().unwrap().get(tariff) {
        return Ok(known.clone());
    }
    let loaded = match tariff {
        Tariff::File(name) => tariff::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(name)),
        Tariff::Text(text) => {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("tariff.toml"), text).unwrap();
            tariff::load(folder.path())
        }
    };
    let loaded = loaded.map_err(|errors| errors.to_string())?;
    let prices = Prices { catalogue: Arc::new(loaded.catalogue), content: loaded.source.into() };
    PRICES.lock().unwrap().insert(tariff.clone(), prices.clone());
    Ok(prices)
}

/// A session or event of the gateway.
#[derive(Clone, Debug)]
struct Dialogue {
    next: u32,
    /// What was sent last in it.
    sent: Bytes,
    profile: String,
    token: Option<Bytes>,
}

/// What comes next while something is waited for.
enum Driven<T> {
    Done(T),
    Asked(Box<control::Asked>),
    Woken,
}

/// The engine and what drives it.
struct Running {
    engine: Engine,
    inbox: Inbox,
    wake: Arc<Notify>,
    control: Control,
    router: axum::Router,
    prices: watch::Sender<Arc<Catalogue>>,
}

pub(crate) struct World {
    runtime: tokio::runtime::Runtime,
    running: Option<Running>,
    store: Memory,
    current: Prices,
    clock: Arc<AtomicI64>,
    profiles: Profiles,
    next: u64,
    /// Answers that waited.
    late: BTreeMap<u64, Answered>,
    dialogues: BTreeMap<String, Dialogue>,
    latest: BTreeMap<(String, String), String>,
    last: Option<String>,
    asked: Vec<String>,
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn start(prices: Prices, now: Timestamp) -> Self {
        let mut world = Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap(),
            running: None,
            store: Memory::new(Conflicts::Never),
            current: prices,
            clock: Arc::new(AtomicI64::new(now.micros())),
            profiles: Profiles::BUILT_IN,
            next: 0,
            late: BTreeMap::new(),
            dialogues: BTreeMap::new(),
            latest: BTreeMap::new(),
            last: None,
            asked: Vec::new(),
            folder: tempfile::tempdir().unwrap(),
        };
        world.open();
        world
    }

    fn open(&mut self) {
        let wake = Arc::new(Notify::new());
        let (waker, ticks) = (Arc::clone(&wake), AtomicU64::new(0));
        let opened = self.store.open();
        let metrics = Metrics::new("scenarios", "");
        let engine = Engine::start(run::Options {
            followers: None,
            settings: Settings {
                limits: Limits { jump: STRIDE.saturating_mul(2), ..Limits::default() },
                policy: Policy::default(),
                catalogue: Arc::clone(&self.current.catalogue),
                hash_key: HashKey([7; 16]),
                hash_code: run::hash_code,
            },
            content: Arc::clone(&self.current.content),
            open: Box::new(move || Ok(opened)),
            clock: Box::new(move || Monotonic::from_micros(ticks.fetch_add(1, Ordering::Relaxed))),
            wake: Box::new(move || waker.notify_one()),
            pulse: Arc::default(),
            spool: None,
            metrics: metrics.engine.clone(),
            build: Box::new(|content| tariff::load_from_source(content).map_err(|errors| errors.to_string())),
            upcoming: Vec::new(),
            shown: watch::Sender::new(Arc::clone(&self.current.catalogue)),
        })
        .unwrap();
        let (control, inbox) = control::pair();
        let (prices, catalogue) = watch::channel(Arc::clone(&self.current.catalogue));
        let clock = Arc::clone(&self.clock);
        let admin = Admin {
            control: control.clone(),
            catalogue,
            metrics: Arc::new(metrics),
            clock: Arc::new(move || Timestamp::from_micros(clock.load(Ordering::Relaxed))),
        };
        self.running = Some(Running { engine, inbox, wake, control, router: api::router(admin), prices });
        self.until(|world| {
            let engine = &world.running.as_ref().unwrap().engine;
            engine.mode() == Mode::Ready && engine.core().status(world.now()).scanned
        });
        self.settle();
    }

    /// The power is cut, and comes back after so long.
    pub(crate) fn restart(&mut self, after: Duration) {
        self.settle();
        self.stop();
        self.set(self.now().plus(after));
        self.open();
    }

    fn stop(&mut self) {
        self.store.cut_power();
        // what it says of a store that is gone is what is to be expected
        let _ = self.running.take().unwrap().engine.close();
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock.load(Ordering::Relaxed))
    }

    fn set(&mut self, now: Timestamp) {
        self.clock.store(now.micros(), Ordering::Relaxed);
    }

    pub(crate) fn catalogue(&self) -> &Arc<Catalogue> {
        &self.current.catalogue
    }

    /// Where files for commands stand.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Other tariffs are in force from now on.
    pub(crate) fn set_tariff(&mut self, prices: Prices) {
        let running = self.running.as_mut().unwrap();
        running.engine.set_catalogue(Arc::clone(&prices.catalogue), Arc::clone(&prices.content));
        running.prices.send_replace(Arc::clone(&prices.catalogue));
        self.current = prices;
        self.settle();
    }

    pub(crate) fn confirm_clock(&mut self) {
        self.running.as_mut().unwrap().engine.confirm_clock();
    }

    // time

    /// Time passes, and what is due happens.
    pub(crate) fn pass_to(&mut self, at: Timestamp) {
        let long = at.since(self.now()) > LONG;
        while self.now() < at {
            let now = self.now();
            let due = if long {
                let stride = i64::try_from(STRIDE.as_micros()).unwrap();
                Timestamp::from_micros((now.micros() / stride + 1) * stride)
            } else {
                let due = self.running.as_ref().unwrap().engine.next_turn().unwrap_or(at);
                due.max(now.plus(Duration::from_millis(1)))
            };
            self.set(due.min(at));
            self.settle();
        }
    }

    /// Hands what operators ask to the engine.
    fn pass(&mut self, asked: control::Asked) {
        let now = self.now();
        let running = self.running.as_mut().unwrap();
        if let Some(asked) = running.inbox.pass(asked, &mut running.engine, now) {
            let why = "a scenario has no peers and reads its tariffs by itself";
            // who asked may have gone: then no one is left to be told
            let _ = asked.reply.send(Err(ControlError::Refused(why.into())));
        }
    }

    /// One turn of the loop.
    fn turn(&mut self) {
        let now = self.now();
        let running = self.running.as_mut().unwrap();
        running.engine.turn(now);
        running.inbox.deliver(&mut running.engine);
        while let Some(event) = running.engine.poll_event() {
            match event {
                Event::Failed(failure) => panic!("the store failed: {failure}"),
                Event::NoRoom(error) => panic!("there is no room: {error}"),
                Event::Problem(problem) => panic!("a problem: {problem}"),
                Event::Stalled { still, .. } => panic!("the store thread stood still for {still:?}"),
                Event::BackedUp(..) | Event::Ready { .. } | Event::Spooled(_) | Event::Scanned => {}
            }
        }
        while let Some((tag, handled)) = running.engine.poll_answer() {
            match handled {
                Handled::Answered(answered) => drop(self.late.insert(tag.0, answered)),
                Handled::Parked | Handled::Overloaded => panic!("a request that waited was not served"),
            }
        }
        while let Some(errand) = running.engine.poll_errand() {
            let told = Told::Sent { route: Route::of(1), token: u32::try_from(self.asked.len()).unwrap() };
            running.engine.told(errand.id, told, now);
            running.engine.told(errand.id, Told::Done { follows: true }, now);
            self.asked.push(errand.session.as_str().to_owned());
        }
    }

    /// Turns until something is so.
    fn until(&mut self, mut is_so: impl FnMut(&mut Self) -> bool) {
        loop {
            self.turn();
            if is_so(self) {
                return;
            }
            let wake = Arc::clone(&self.running.as_ref().unwrap().wake);
            let woken =
                self.runtime.block_on(async { tokio::time::timeout(PATIENCE, wake.notified()).await });
            assert!(woken.is_ok(), "the engine's threads say nothing more");
        }
    }

    /// Turns until nothing goes on any more, and all is durable.
    fn settle(&mut self) {
        loop {
            self.until(|world| world.running.as_ref().unwrap().engine.core().is_idle());
            let due = self.running.as_ref().unwrap().engine.next_turn();
            if due.is_none_or(|due| due > self.now()) {
                return;
            }
        }
    }

    // the gateway

    /// A gateway asks; the answer as it arrives.
    pub(crate) fn ask(&mut self, ask: &Ask) -> Read<Message> {
        let service = &ask.service;
        let catalogue = Arc::clone(&self.current.catalogue);
        let named = catalogue.service_named(&service.text).and_then(|place| catalogue.service(place));
        let context = match (ask.own_context(), named) {
            (Some(own), _) => own.to_owned(),
            (None, Some(service)) => service.context.as_ref().into(),
            (None, None) => {
                let known: Vec<&str> = catalogue.services().map(|(_, service)| &*service.name).collect();
                let expected = format!("a service of the tariff: {}", known.join(", "));
                return Err(Mistake::unlike(service.at, expected, format_args!("{:?}", service.text)));
            }
        };
        if self.profiles.by_name(&ask.profile).is_none() {
            let known: Vec<&str> = self.profiles.iter().map(|profile| &*profile.name).collect();
            let expected = format!("a profile: {}", known.join(", "));
            return Err(Mistake::unlike(ask.at, expected, format_args!("{:?}", ask.profile)));
        }
        let id = self.session_of(ask)?;
        self.next += 1;
        let known = self.dialogues.get(&id);
        let number = match (ask.number, known, ask.verb) {
            (Some(number), ..) => number,
            (None, _, Verb::Start) | (None, None, _) => 0,
            (None, Some(known), _) => known.next,
        };
        let token = match &ask.refunds {
            None => None,
            Some(event) => {
                let token = self.dialogues.get(event).and_then(|dialogue| dialogue.token.clone());
                Some(token.ok_or_else(|| {
                    Mistake::unlike(ask.at, format_args!("an answer to {event:?} with a token"), "none")
                })?)
            }
        };
        let stamp = ask.time.map(|moment| moment.in_zone(catalogue.timezone())).transpose()?;
        let octets = ask.octets(&Known {
            session: &id,
            context: &context,
            number,
            stamp: stamp.or(Some(self.now())),
            token: token.as_deref(),
            realm: REALM,
            id: u32::try_from(self.next).unwrap(),
        });
        let profile = ask.profile.clone();
        let dialogue =
            Dialogue { next: number.saturating_add(1), sent: octets.clone(), profile, token: None };
        self.dialogues.insert(id.clone(), dialogue);
        self.last = Some(id.clone());
        Ok(self.send(octets, &id))
    }

    /// The session that a request belongs to: its own name, or the last of that number and service; a new one where one
    /// begins.
    fn session_of(&mut self, ask: &Ask) -> Read<String> {
        let key = (ask.msisdn.clone(), ask.service.text.clone());
        let begins = ask.verb == Verb::Start || ask.verb.is_event();
        let id = match (&ask.session, begins) {
            (Some(named), _) => named.clone(),
            (None, true) => format!("{};{};{}", ask.msisdn, ask.service.text, self.dialogues.len() + 1),
            (None, false) => self.latest.get(&key).cloned().ok_or_else(|| {
                let message =
                    format!("no {} session of {} was started: name one with `session`", key.1, key.0);
                Mistake::new(ask.at, message)
            })?,
        };
        if !ask.verb.is_event() {
            self.latest.insert(key, id.clone());
        }
        Ok(id)
    }

    /// The last request once more, with the T bit; of that session, where one is named.
    pub(crate) fn again(&mut self, session: Option<&str>) -> Option<Message> {
        let id = session.map(str::to_owned).or_else(|| self.last.clone())?;
        let mut octets = BytesMut::from(&self.dialogues.get(&id)?.sent[..]);
        octets[4] |= 0x10;
        Some(self.send(octets.freeze(), &id))
    }

    fn send(&mut self, octets: Bytes, id: &str) -> Message {
        let message = parse(octets, &parse::Limits::DEFAULT, &*DICTIONARY).unwrap();
        let profile = self.profiles.by_name_or_standard(&self.dialogues[id].profile).clone();
        let answer = self.serve(&message, &profile);
        let answer = parse(answer.freeze(), &parse::Limits::DEFAULT, &*DICTIONARY).unwrap();
        let token = {
            let cca = Cca::read(&answer).unwrap();
            let token = cca.msccs.iter().find_map(|mscc| mscc.refund).or(cca.refund);
            token.map(Bytes::copy_from_slice)
        };
        if let (Some(token), Some(dialogue)) = (token, self.dialogues.get_mut(id)) {
            dialogue.token = Some(token);
        }
        answer
    }

    fn serve(&mut self, message: &Message, profile: &Profile) -> BytesMut {
        let catalogue = Arc::clone(&self.current.catalogue);
        let now = self.now();
        let serves = |context: &str| catalogue.service_of(context).is_some();
        let read = Ccr::read(message, &DICTIONARY, profile).map_err(|unreadable| unreadable.first());
        let mut out = BytesMut::new();
        let currency = catalogue.currency().numeric;
        let origin = Origin { currency: Some(currency), ..Origin::new(SERVER, REALM) };
        let asked = Asked::of(message);
        let ccr = match read {
            Ok(ccr) => ccr,
            Err(fault) => {
                refuse(&mut out, &origin, &asked, &Refusal::of(&fault)).unwrap();
                return out;
            }
        };
        let request = convert::request(ccr, profile, now, serves).unwrap();
        self.next += 1;
        let tag = Tag(self.next);
        let handled =
            self.running.as_mut().unwrap().engine.handle_from(tag, Some(Route::of(1)), request, now);
        self.settle();
        let answered = match handled {
            Handled::Answered(answered) => answered,
            Handled::Parked => self.late.remove(&tag.0).expect("what waited is served"),
            Handled::Overloaded => {
                refuse(&mut out, &origin, &asked, &Refusal::new(result::BUSY)).unwrap();
                return out;
            }
        };
        let profile = match &answered.profile {
            Some(name) => self.profiles.by_name_or_standard(name).clone(),
            None => profile.clone(),
        };
        let charge = if answered.held.is_none() { Charge::Free } else { Charge::Counted };
        convert::answer(&mut out, &origin, &asked, &answered.answer, charge, &profile).unwrap();
        out
    }

    // operators

    /// Carries out a call of the admin routes.
    pub(crate) fn call(&mut self, call: &Call) -> Answer {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(&call.path)
            .header("gyro-operator", &call.operator);
        if let Some(key) = &call.key {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(Body::from(call.body.clone())).unwrap();
        let router = self.running.as_ref().unwrap().router.clone();
        self.drive(async move {
            let response = router.oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            Answer { status, body: to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec() }
        })
    }

    /// Turns until that is done which waits for the engine, and then until nothing goes on any more.
    fn drive<T>(&mut self, work: impl Future<Output = T>) -> T {
        let wake = Arc::clone(&self.running.as_ref().unwrap().wake);
        let mut work = Box::pin(work);
        let done = loop {
            let inbox = &mut self.running.as_mut().unwrap().inbox;
            let step = self.runtime.block_on(async {
                tokio::select! {
                    biased;
                    done = &mut work => Driven::Done(done),
                    asked = inbox.recv() => Driven::Asked(Box::new(asked.unwrap())),
                    () = wake.notified() => Driven::Woken,
                    () = tokio::time::sleep(PATIENCE) => panic!("the engine's threads say nothing more"),
                }
            });
            match step {
                Driven::Done(done) => break done,
                Driven::Asked(asked) => self.pass(*asked),
                Driven::Woken => {}
            }
            self.turn();
        };
        wake.notify_one();
        self.settle();
        done
    }

    fn query(&mut self, query: Query) -> View {
        let control = self.running.as_ref().unwrap().control.clone();
        self.drive(async move { control.query(query).await }).unwrap_or_else(|error| panic!("{error}"))
    }

    /// An invoice of that number's account is unpaid since then: written into the store, since nothing sets it yet.
    pub(crate) fn set_unpaid(&mut self, number: Digits, since: Option<Timestamp>) {
        let View::Subscriber(view) = self.query(Query::ShowSubscriber(number)) else {
            panic!("a subscriber")
        };
        let mut account = view.account;
        account.life.unpaid_since = since;
        self.settle();
        self.stop();
        let mut opened = self.store.open();
        let next = gyro::charging::account::Sequence(opened.last.number() + 1);
        let mut encoder = Encoder::new(HashKey([7; 16]));
        encoder.account(&account);
        opened.commit.append(&encoder.finish(next)).unwrap();
        opened.commit.sync().unwrap();
        drop(opened);
        self.open();
    }

    // the books

    /// Every ledger makes its balance, no session holds what its account or its bundles do not know of.
    pub(crate) fn audit(&mut self) -> Result<(), String> {
        let mut subscribers = Vec::new();
        let mut after = None;
        loop {
            let found = self.query(Query::ListSubscribers { after, limit: control::PAGE });
            let View::Subscribers { page, next } = found else { panic!("subscribers") };
            subscribers.extend(page);
            after = next;
            if after.is_none() {
                break;
            }
        }
        let sessions = self.open_sessions();
        let mut accounts: BTreeMap<u64, (Account, Digits)> = BTreeMap::new();
        for view in &subscribers {
            let number = view.subscriber.msisdn;
            accounts.insert(view.account.id.0, (view.account.clone(), number));
            audit_bundles(&view.subscriber, &sessions).map_err(|fault| format!("{number}: {fault}"))?;
        }
        for (account, number) in accounts.into_values() {
            let ledger = self.ledger(number);
            audit(&account, &sessions, &ledger).map_err(|fault| format!("{number}: {fault}"))?;
            let bonus = ledger.iter().any(|entry| entry.purse == Purse::Bonus);
            for entry in &ledger {
                explained(entry, bonus)
                    .map_err(|fault| format!("{number}: entry {}: {fault}", entry.index))?;
            }
        }
        Ok(())
    }

    fn open_sessions(&mut self) -> Vec<Session> {
        let (mut sessions, mut after) = (Vec::new(), None);
        loop {
            let found = self.query(Query::ListSessions { msisdn: None, after, limit: control::PAGE });
            let View::Sessions { page, next, .. } = found else { panic!("sessions") };
            sessions.extend(page);
            after = next;
            if after.is_none() {
                return sessions;
            }
        }
    }

    fn ledger(&mut self, number: Digits) -> Vec<LedgerEntry> {
        let (mut entries, mut after): (Vec<LedgerEntry>, Option<LedgerCursor>) = (Vec::new(), None);
        loop {
            let found = self.query(Query::Ledger { msisdn: number, after, limit: control::PAGE });
            let View::Ledger(page) = found else { panic!("a ledger") };
            entries.extend(page.entries);
            after = page.next;
            if after.is_none() {
                entries.reverse();
                return entries;
            }
        }
    }
}

/// What a charge rests on makes its units and its amount; where bonus money may have paid a part, no less than that.
fn explained(entry: &LedgerEntry, bonus: bool) -> Result<(), String> {
    let Some((usage, basis)) = entry.usage.as_ref().and_then(|usage| Some((usage, usage.basis.as_ref()?)))
    else {
        return Ok(());
    };
    let from_bundles: u64 = basis.bundles.iter().map(|(_, units)| units).sum();
    let by_money = basis.money.as_ref().map_or(0, |money| money.units);
    let free = basis.money.is_none() && basis.bundles.is_empty();
    let whole = bonus || free || from_bundles + by_money == usage.used.count;
    if from_bundles != usage.from_bundles && !bonus || !whole {
        return Err(format!("{} used, {from_bundles} from bundles, {by_money} by money", usage.used.count));
    }
    let owed = basis.money.as_ref().map_or(0, |money| money.total.micros() - money.charged.micros());
    let amount = -entry.amount.micros();
    if amount == owed || (bonus && amount <= owed) {
        return Ok(());
    }
    Err(format!("it charges {amount} millionths, and rests on {owed}"))
}

impl Drop for World {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.stop();
        }
    }
}

impl Look for World {
    fn get(&mut self, path: &str) -> serde_json::Value {
        let call = Call {
            method: axum::http::Method::GET,
            path: path.into(),
            key: None,
            operator: "scenario".into(),
            body: Vec::new(),
        };
        serde_json::from_slice(&self.call(&call).body).unwrap()
    }

    /// Within a second from now at most: gateways are asked at an even rate.
    fn asked(&mut self) -> Vec<String> {
        self.pass_to(self.now().plus(Duration::from_secs(1)));
        std::mem::take(&mut self.asked)
    }

    fn zone(&self) -> String {
        self.current.catalogue.timezone().to_owned()
    }
}

/// A command line's way into the world.
pub(crate) struct Way {
    pub(crate) world: Rc<RefCell<World>>,
    /// The number of the command, of which its keys are made.
    pub(crate) command: u64,
    pub(crate) keys: std::cell::Cell<u64>,
}

impl Over for Way {
    fn call(&self, call: &Call) -> Answer {
        self.world.borrow_mut().call(call)
    }

    fn key(&self) -> [u8; 16] {
        let place = self.keys.get();
        self.keys.set(place + 1);
        (u128::from(self.command) << 64 | u128::from(place)).to_be_bytes()
    }
}
