//! A store that no server uses: this process opens it with an engine of its own and asks through the same routes.

use core::time::Duration;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, watch};
use tower::ServiceExt as _;

use super::{Absent, Answer, Call, Failure, random};
use crate::admin::{Admin, api};
use crate::charging::catalogue::Catalogue;
use crate::charging::policy::Policy;
use crate::cli::{Status, outbox, probe};
use crate::engine::control::{self, ControlError, Inbox};
use crate::engine::core::{HashKey, Limits, Mode, Settings};
use crate::engine::run::{self, Engine, Event};
use crate::server::{Clock, Now};
use crate::store::local::Options;
use crate::store::memory::Memory;
use crate::store::record::index::{self, Fact};
use crate::store::{Conflicts, Opened, Pulse, StoreError, guard, local};
use crate::tariff;
use crate::telemetry::Metrics;

/// How long the loop rests where nothing is due.
const REST: Duration = Duration::from_secs(1);
/// The HTTP status of an answer that rests on something unreadable.
const UNREADABLE: u16 = 500;
/// How short it rests at least.
const BREATH: Duration = Duration::from_millis(1);

/// Reads the clocks.
pub(super) type Reading = Arc<dyn Fn() -> Now + Send + Sync>;

/// An opened store.
pub(super) struct Local {
    runtime: Runtime,
    router: Router,
    pump: Pump,
}

/// The engine and what drives it.
struct Pump {
    engine: Engine,
    inbox: Inbox,
    wake: Arc<Notify>,
    clock: Reading,
    failed: Option<Failure>,
    /// There is no room for what was ordered: it is given up, and waiting for it would have no end.
    stuck: bool,
    /// What could not be done last, and why: nobody else reads it.
    problem: Option<String>,
}

impl Local {
    /// Whether there is a store in `data`.
    pub(super) fn is_at(data: &Path) -> bool {
        data.join("STORE").is_file()
    }

    /// Opens the store in `data`.
    pub(super) fn open(data: &Path, tariffs: Option<&Path>, absent: Absent) -> Result<Self, Failure> {
        let program =
            |error| Failure::new(Status::Failed, format!("the program cannot find itself: {error}"));
        let options = probe::options().map_err(program)?;
        Self::open_with(data, tariffs, absent, options)
    }

    /// Opens the store in `data` in that way.
    pub(super) fn open_with(
        data: &Path,
        tariffs: Option<&Path>,
        absent: Absent,
        options: Options,
    ) -> Result<Self, Failure> {
        // The tariffs are read first: a fault in them leaves nothing behind.
        let given = tariffs.map(read_tariffs).transpose()?;
        let is_there = Self::is_at(data);
        if absent == Absent::Refuse && !is_there {
            return Err(of_store(&StoreError::NoStore { path: data.into() }));
        }
        if given.is_none() && !is_there {
            return Err(no_tariffs());
        }
        guard().map_err(|error| of_store(&error))?;
        let pulse = Arc::clone(&options.pulse);
        let mut opened = local::open(data, options).map_err(|error| of_store(&error))?;
        let tariffs = match given {
            Some(given) => given,
            None => kept_tariffs(&mut opened)?,
        };
        let clock = Clock::start();
        let (notices, cdr) = outbox::policies_of(data);
        let policy = Policy { notices, cdr, ..Policy::default() };
        Self::start_with((opened, pulse), policy, tariffs, Arc::new(move || clock.now()))
    }

    /// What a call would come to on a store that is made for it: nothing is made.
    pub(super) fn tried(call: &Call, tariffs: &Path) -> Result<Answer, Failure> {
        let (opened, clock) = (Memory::new(Conflicts::Never).open(), Clock::start());
        let tariffs = read_tariffs(tariffs)?;
        let mut local = Self::start((opened, Arc::default()), tariffs, Arc::new(move || clock.now()))?;
        let answer = local.call(call);
        local.close()?;
        answer
    }

    /// Starts an engine on an opened store, whose state half has this pulse.
    pub(super) fn start(
        opened: (Opened, Arc<Pulse>),
        tariffs: Tariffs,
        clock: Reading,
    ) -> Result<Self, Failure> {
        Self::start_with(opened, Policy::default(), tariffs, clock)
    }

    fn start_with(
        (opened, pulse): (Opened, Arc<Pulse>),
        policy: Policy,
        tariffs: Tariffs,
        clock: Reading,
    ) -> Result<Self, Failure> {
        let (catalogue, content) = tariffs;
        let system = |error: std::io::Error| Failure::new(Status::Failed, format!("cannot start: {error}"));
        let wake = Arc::new(Notify::new());
        let metrics = Metrics::new(env!("CARGO_PKG_VERSION"), "");
        let (waker, monotonic, wall) = (Arc::clone(&wake), Arc::clone(&clock), Arc::clone(&clock));
        let (shown, tariffs) = watch::channel(Arc::clone(&catalogue));
        let engine = Engine::start(run::Options {
            followers: None,
            settings: Settings {
                // there is no gateway to ask anything
                limits: Limits { reauth_rate: 0, ..Limits::default() },
                policy,
                catalogue,
                hash_key: HashKey(random()?),
                hash_code: run::hash_code,
            },
            content,
            open: Box::new(move || Ok(opened)),
            clock: Box::new(move || monotonic().run),
            wake: Box::new(move || waker.notify_one()),
            pulse,
            spool: None,
            metrics: metrics.engine.clone(),
            build: Box::new(crate::cli::assemble::build_tariff),
            upcoming: Vec::new(),
            shown,
        })
        .map_err(system)?;
        let (control, inbox) = control::pair();
        let admin = Admin {
            control,
            catalogue: tariffs,
            metrics: Arc::new(metrics),
            clock: Arc::new(move || wall().wall),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(system)?;
        let pump = Pump { engine, inbox, wake, clock, failed: None, stuck: false, problem: None };
        let mut local = Self { runtime, router: api::router(admin), pump };
        local.runtime.block_on(local.pump.until(|engine, clock| {
            engine.mode() == Mode::Ready && engine.core().status(clock().wall).scanned
        }))?;
        Ok(local)
    }

    pub(super) fn call(&mut self, call: &Call) -> Result<Answer, Failure> {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(&call.path)
            .header("gyro-operator", &call.operator);
        if let Some(key) = &call.key {
            request = request.header("idempotency-key", key);
        }
        let request = request
            .body(Body::from(call.body.clone()))
            .map_err(|error| Failure::new(Status::Usage, error.to_string()))?;
        let asked = self.router.clone().oneshot(request);
        let pump = &mut self.pump;
        self.runtime.block_on(async move {
            let mut asked = core::pin::pin!(asked);
            let response = loop {
                tokio::select! {
                    biased;
                    response = &mut asked => break response,
                    () = pump.step() => {}
                }
                if let Some(failure) = pump.failed.take() {
                    return Err(failure);
                }
            };
            let response = match response {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let status = response.status().as_u16();
            let body = to_bytes(response.into_body(), usize::MAX).await;
            let body = body.map_err(|error| Failure::new(Status::Failed, error.to_string()))?;
            match pump.problem.take().filter(|_| status == UNREADABLE) {
                Some(problem) => Err(Failure::new(Status::Damaged, problem)),
                None => Ok(Answer { status, body: body.to_vec() }),
            }
        })
    }

    #[cfg(test)]
    pub(super) fn router(&self) -> Router {
        self.router.clone()
    }

    #[cfg(test)]
    pub(super) fn drain(&mut self) {
        self.pump.engine.drain();
    }

    /// Serves what comes over the network, until the end is wished for.
    #[cfg(test)]
    pub(super) fn run(&mut self, mut end: watch::Receiver<bool>) {
        let pump = &mut self.pump;
        self.runtime.block_on(async move {
            let mut ended = core::pin::pin!(end.wait_for(|ended| *ended));
            loop {
                tokio::select! {
                    biased;
                    _ = &mut ended => return,
                    () = pump.step() => {}
                }
            }
        });
    }

    /// Waits until all is durable, and gives the store back.
    pub(super) fn close(mut self) -> Result<(), Failure> {
        self.pump.engine.drain();
        let settled = if self.pump.stuck {
            Ok(())
        } else {
            self.runtime.block_on(self.pump.until(|engine, _| engine.is_settled()))
        };
        let closed = self.pump.engine.close().map_err(|failure| of_engine(&failure));
        settled.and(closed)
    }
}

impl Pump {
    /// Waits for one thing to do, and does it.
    async fn step(&mut self) {
        let now = (self.clock)().wall;
        let due = self.engine.next_turn().map_or(REST, |due| due.since(now));
        tokio::select! {
            asked = self.inbox.recv() => {
                let now = (self.clock)().wall;
                let network = asked.and_then(|asked| self.inbox.pass(asked, &mut self.engine, now));
                if let Some(asked) = network {
                    let why = "no server runs on this store: only a running one has gateways and settings";
                    // Who asked may have gone: then no one is left to be told.
                    let _ = asked.reply.send(Err(ControlError::Refused(why.into())));
                }
            }
            () = self.wake.notified() => {}
            () = tokio::time::sleep(due.clamp(BREATH, REST)) => {}
        }
        self.turn();
    }

    fn turn(&mut self) {
        self.engine.turn((self.clock)().wall);
        self.inbox.deliver(&mut self.engine);
        while let Some(event) = self.engine.poll_event() {
            match event {
                Event::Failed(failure) => self.failed = Some(of_engine(&failure)),
                Event::BackedUp(tag, outcome) => self.inbox.backed_up(tag, outcome),
                Event::NoRoom(error) => {
                    self.failed = Some(of_store(&error));
                    self.stuck = true;
                }
                Event::Problem(problem) => self.problem = Some(problem),
                Event::Stalled { still, lasts } => {
                    if lasts {
                        self.failed = Some(of_engine(&run::Failure::Stalled(still)));
                        self.stuck = true;
                    }
                }
                Event::Ready { .. } | Event::Spooled(_) | Event::Scanned => {}
            }
        }
    }

    /// Goes on until something is so, or the store has failed.
    async fn until(&mut self, is_so: impl Fn(&Engine, &Reading) -> bool) -> Result<(), Failure> {
        self.turn();
        loop {
            if let Some(failure) = self.failed.take() {
                return Err(failure);
            }
            if is_so(&self.engine, &self.clock) {
                return Ok(());
            }
            self.step().await;
        }
    }
}

pub(super) type Tariffs = (Arc<Catalogue>, Arc<[u8]>);

pub(super) fn read_tariffs(path: &Path) -> Result<Tariffs, Failure> {
    let loaded =
        tariff::load(path).map_err(|errors| Failure::new(Status::Configuration, errors.to_string()))?;
    let loaded = loaded.in_force(Clock::start().now().wall);
    Ok((Arc::new(loaded.catalogue), loaded.source.into()))
}

fn no_tariffs() -> Failure {
    let message =
        "a new store needs tariffs: name them with --tariffs PATH; `gyro init DIR` writes a first one";
    Failure::new(Status::Configuration, message)
}

/// The tariffs that the store was used with last.
fn kept_tariffs(opened: &mut Opened) -> Result<Tariffs, Failure> {
    let damaged = |why: String| {
        Failure::new(Status::Damaged, format!("the tariffs in the store cannot be read: {why}"))
    };
    let key = index::fact_key("catalogue");
    let found = opened.state.load(index::FACT_CLASS, &key).map_err(|error| of_store(&error))?;
    let Some(found) = found else { return Err(no_tariffs()) };
    let fact = index::decode_fact(&key, &found.value).map_err(|error| damaged(error.to_string()))?;
    let Fact::Catalogue(version) = fact else { return Err(damaged("another fact stands there".into())) };
    let key = index::catalogue_key(version);
    let content = opened.state.load(index::CATALOGUE_CLASS, &key).map_err(|error| of_store(&error))?;
    let content = content.ok_or_else(|| damaged(format!("version {version:016x} is not there")))?.value;
    let catalogue = tariff::load_from_source(&content).map_err(|errors| damaged(errors.to_string()))?;
    Ok((Arc::new(catalogue), content.into()))
}

fn of_code(code: u8, message: String) -> Failure {
    let status = if code == Status::DataDirectory.code() { Status::DataDirectory } else { Status::Damaged };
    Failure::new(status, message)
}

fn of_store(error: &StoreError) -> Failure {
    of_code(error.exit_code(), error.to_string())
}

fn of_engine(failure: &run::Failure) -> Failure {
    of_code(failure.exit_code(), failure.to_string())
}
