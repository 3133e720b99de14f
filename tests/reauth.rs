//! What the server asks of gateways, through sockets: a real server, a real store, simulated gateways.
#![cfg(feature = "shell")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot go on says so by a panic"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use gyro::charging::account::Mode as Settlement;
use gyro::charging::policy::Policy;
use gyro::charging::request::{Measured, Reason as Reporting, SessionId, Used};
use gyro::charging::session::SessionState;
use gyro::charging::units::{Digits, Money};
use gyro::diameter::base::local::{Identity, LocalNode};
use gyro::diameter::dictionary::builtin;
use gyro::diameter::header::CommandCode;
use gyro::diameter::message::Message;
use gyro::diameter::parse::Limits as MessageLimits;
use gyro::diameter::peer::limits::Limits as PeerLimits;
use gyro::diameter::peer::roster::UnknownPeers;
use gyro::diameter::result_code::ResultCode;
use gyro::engine::control::{
    Ask, Change, Command, Control, Mode, NewSubscriber, OperationKey, Query, Scope, SessionView,
    SubscriberChange, View, What as Wanted, pair,
};
use gyro::engine::core::Settings as CoreSettings;
use gyro::engine::core::hash::HashKey;
use gyro::engine::core::limits::Limits as EngineLimits;
use gyro::engine::run::{Engine, Options};
use gyro::ro::cca::Cca;
use gyro::ro::ccr::{Ccr, RequestType};
use gyro::ro::mscc::Mscc;
use gyro::ro::profile::Profiles;
use gyro::ro::reauth::{Demand, Scope as Asked, What};
use gyro::ro::service_information::CONTEXT_DATA;
use gyro::ro::subscription::{Subscription, SubscriptionType};
use gyro::server::settings::Settings;
use gyro::server::{Clock, Server};
use gyro::sim::Gateway;
use gyro::sim::gateway::Who;
use gyro::sim::tap::NoTap;
use gyro::store::{Probe, guard, local};
use gyro::telemetry::Metrics;
use tokio::sync::{Notify, watch};

const MSISDN: &str = "77010000001";
const REALM: &str = "epc.test";
const SUCCESS: ResultCode = ResultCode::new(2001);
const LIMITED_SUCCESS: ResultCode = ResultCode::new(2002);
const UNKNOWN_SESSION: ResultCode = ResultCode::new(5002);
const UNABLE_TO_COMPLY: ResultCode = ResultCode::new(5012);
const UNABLE_TO_DELIVER: ResultCode = ResultCode::new(3002);

/// One unit of money buys a thousand octets.
const TARIFF: &str = r#"
format = 1
currency = "KZT"
timezone = "Asia/Almaty"
[services]
data = { context = "32251@3gpp.org" }
[plans.payg]
modes = ["advance"]
[[plans.payg.rate]]
service = "data"
price = "1.024"
per = "1KB"
step = "1B"
[plans.payg.quota]
data = { grant = "10KB", threshold = "20%", validity = "10min" }
"#;

struct World {
    control: Control,
    address: SocketAddr,
    metrics: Arc<Metrics>,
    keys: u8,
    end: watch::Sender<bool>,
    server: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl World {
    /// A server with a subscriber who has that much.
    async fn start(balance: i64) -> Self {
        guard().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let tariff = folder.path().join("tariff.toml");
        std::fs::write(&tariff, TARIFF).unwrap();
        let tariff = gyro::tariff::load(&tariff).unwrap();
        let clock = Clock::start();
        let notices = Arc::new(Notify::new());
        let wake = Arc::clone(&notices);
        let metrics = Arc::new(Metrics::new("test", ""));
        let data = folder.path().join("data");
        let options = local::Options {
            segment_octets: 4 << 20,
            low_space_octets: 0,
            ..local::Options::new(Probe::Here)
        };
        let limits = EngineLimits { reauth_backoff: Duration::from_millis(20), ..EngineLimits::default() };
        let catalogue = Arc::new(tariff.catalogue);
        let engine = Engine::start(Options {
            followers: None,
            settings: CoreSettings {
                limits,
                policy: Policy::default(),
                catalogue: Arc::clone(&catalogue),
                hash_key: HashKey([7; 16]),
                hash_code: gyro::engine::run::hash_code,
            },
            content: tariff.source.into(),
            open: Box::new(move || local::open(&data, options)),
            clock: Box::new(move || clock.now().run),
            wake: Box::new(move || wake.notify_one()),
            pulse: Arc::default(),
            spool: None,
            metrics: metrics.engine.clone(),
            build: Box::new(|content| {
                gyro::tariff::load_from_source(content).map_err(|errors| errors.to_string())
            }),
            upcoming: Vec::new(),
            shown: watch::Sender::new(catalogue),
        });
        let engine = engine.unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (control, inbox) = pair();
        let (mode, mut shown) = watch::channel(Mode::Starting);
        let (end, ended) = watch::channel(false);
        let of_server = metrics.server.clone();
        let server = std::thread::spawn(move || {
            let node = LocalNode::charging_server(identity("ocs.test"), identity("test"), 1);
            let settings = Settings {
                clock,
                node: LocalNode { origin_state_id: None, ..node },
                failures: gyro::ro::cca::Failures::default(),
                peer_limits: PeerLimits::DEFAULT,
                message_limits: MessageLimits::DEFAULT,
                gateways: Vec::new(),
                unknown_peers: UnknownPeers::Accept,
                connections: 64,
                pending: 4_096,
                dictionary: Arc::new(builtin()),
                profiles: Profiles::BUILT_IN,
                engine,
                notices,
                mode,
                failure_ends: false,
                seed: 1,
                metrics: of_server,
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                Server::new(settings, inbox).run(vec![listener], ended).await.unwrap();
            });
        });
        drop(shown.wait_for(|mode| *mode == Mode::Ready).await.unwrap());
        let mut world =
            Self { control, address, metrics, keys: 0, end, server: Some(server), _folder: folder };
        let new = NewSubscriber {
            mode: Some(Settlement::Advance),
            balance: money(balance),
            ..NewSubscriber::of(msisdn(), "payg")
        };
        world.order(Change::AddSubscriber(new)).await;
        world
    }

    async fn order(&mut self, what: Change) {
        self.keys += 1;
        let command = Command { key: OperationKey([self.keys; 16]), operator: "test".into(), what };
        self.control.command(command).await.unwrap();
    }

    async fn top_up(&mut self, amount: i64) {
        self.order(Change::Topup { msisdn: msisdn(), amount: money(amount), reference: None, note: None })
            .await;
    }

    async fn connect(&self, host: &str, seed: u64) -> Gateway {
        self.connect_as(host, "test", seed).await
    }

    async fn connect_as(&self, host: &str, product: &str, seed: u64) -> Gateway {
        let who = Who { host: identity(host), realm: identity(REALM), product: product.into() };
        Gateway::connect(self.address, who, Arc::new(builtin()), seed << 16, Box::new(NoTap)).await.unwrap()
    }

    async fn session(&self, id: &str) -> SessionView {
        match self.control.query(Query::ShowSession(SessionId::new(id).unwrap())).await.unwrap() {
            View::Session(view) => *view,
            other => panic!("{other:?}"),
        }
    }

    /// Asks again until it is so: what follows an answer is carried out a moment later.
    async fn until(&self, id: &str, is: impl Fn(&SessionView) -> bool) -> SessionView {
        loop {
            let view = self.session(id).await;
            if is(&view) {
                return view;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn main(&self) -> Money {
        match self.control.query(Query::ShowSubscriber(msisdn())).await.unwrap() {
            View::Subscriber(view) => view.account.main,
            other => panic!("{other:?}"),
        }
    }

    async fn demand(&self, id: &str, what: Wanted) {
        let asked = self.control.query(Query::Demand(SessionId::new(id).unwrap(), what)).await;
        assert_eq!(asked, Ok(View::Demanded));
    }

    async fn metrics(&self) -> String {
        self.control.ask(Ask::Figures).await.unwrap();
        self.metrics.encode()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.end.send(true);
        let ended = self.server.take().unwrap().join();
        assert!(ended.is_ok() || std::thread::panicking());
    }
}

fn identity(text: &str) -> Identity {
    Identity::new(text).unwrap()
}

fn msisdn() -> Digits {
    Digits::parse(MSISDN).unwrap()
}

fn money(units: i64) -> Money {
    Money::from_cents(units * 100).unwrap()
}

/// What a gateway of that host asks: what it used, and for more.
fn ccr<'a>(kind: RequestType, host: &'a str, id: &'a str, number: u32, used: Option<u64>) -> Ccr<'a> {
    let mut ccr = Ccr::new(id, kind, number, host, REALM);
    ccr.destination_realm = Some("test");
    ccr.context = Some(CONTEXT_DATA);
    ccr.subscriptions = vec![Subscription { kind: SubscriptionType::E164, data: MSISDN }];
    ccr.information.kinds.ps = true;
    let octets = |count| Measured { total_octets: Some(count), ..Measured::default() };
    ccr.msccs = vec![Mscc {
        rating_group: Some(10),
        requested: (kind != RequestType::Termination).then(Measured::default),
        used: used.map(|count| Used { measured: octets(count), side: None }).into_iter().collect(),
        ..Mscc::default()
    }];
    ccr
}

/// The codes of the answer and of its one quota, what was granted, and whether it was the last.
fn granted(answer: &Message) -> (u32, u32, Option<u64>, bool) {
    let cca = Cca::read(answer).unwrap();
    let quota = &cca.msccs[0];
    let octets = quota.granted.as_ref().and_then(|granted| granted.total_octets);
    (cca.result_code.get(), quota.result_code.unwrap().get(), octets, quota.final_unit.is_some())
}

#[tokio::test]
async fn a_topup_reaches_a_restricted_session_which_reports_and_is_granted_more() {
    let mut world = World::start(5).await;
    let mut pgw = world.connect("pgw.epc.test", 1).await;
    let id = "pgw.epc.test;1;1";
    let host = "pgw.epc.test";
    let first = pgw.call(&ccr(RequestType::Initial, host, id, 0, None)).await.unwrap();
    assert_eq!(granted(&first), (2001, 2001, Some(5_000), true), "all that the money buys");
    world.top_up(100).await;
    let rar = pgw.demand().await.unwrap();
    let flags = rar.header().flags;
    assert_eq!(rar.header().command, CommandCode::RE_AUTH);
    assert!(flags.is_request() && flags.is_proxiable() && !flags.is_retransmitted());
    let wanted = Demand {
        what: What::ReAuthorise(Asked::RatingGroup(10)),
        session_id: id,
        origin_host: "ocs.test",
        origin_realm: "test",
        destination_realm: REALM,
        destination_host: host,
        // as the introduction said it: the store was open when this peer came
        origin_state_id: Demand::read(&rar).unwrap().origin_state_id,
    };
    assert_eq!(Demand::read(&rar), Ok(wanted));
    assert!(wanted.origin_state_id.is_some());
    let outstanding = world.session(id).await.outstanding.unwrap();
    assert_eq!((outstanding.stage.as_str(), outstanding.reason.as_str()), ("asked", "topup"));
    pgw.reply(&rar, LIMITED_SUCCESS).await.unwrap();
    let mut report = ccr(RequestType::Update, host, id, 1, Some(1_000));
    report.msccs[0].reason = Some(Reporting::Forced);
    let second = pgw.call(&report).await.unwrap();
    assert_eq!(granted(&second), (2001, 2001, Some(10_240), false));
    assert_eq!(world.main().await, money(104));
    assert_eq!(world.session(id).await.outstanding, None);
    // now it has plenty: more money does not concern it
    world.top_up(1).await;
    let third = pgw.call(&ccr(RequestType::Update, host, id, 2, Some(0))).await.unwrap();
    assert_eq!(granted(&third).2, Some(10_240));
    assert!(!pgw.has_demand());
    let text = world.metrics().await;
    for line in [
        "gyro_diameter_messages_total{app=\"4\",command=\"RAR\",type=\"\",result=\"\",peer=\"unknown\"} 1",
        "gyro_diameter_messages_total{app=\"4\",command=\"RAA\",type=\"\",result=\"2002\",peer=\"unknown\"} 1",
        "gyro_reauth_total{command=\"RAR\",outcome=\"sent\"} 1",
        "gyro_reauth_total{command=\"RAR\",outcome=\"done\"} 1",
        "gyro_reauth_total{command=\"RAR\",outcome=\"followed\"} 1",
        "gyro_queue_depth{queue=\"reauth\"} 0",
    ] {
        assert!(text.lines().any(|of| of == line), "{line} is missing in\n{text}");
    }
}

#[tokio::test]
async fn a_session_its_gateway_does_not_know_ends_and_its_last_report_is_charged_once() {
    let world = World::start(100).await;
    let mut pgw = world.connect("pgw.epc.test", 1).await;
    let (id, host) = ("pgw.epc.test;1;1", "pgw.epc.test");
    pgw.call(&ccr(RequestType::Initial, host, id, 0, None)).await.unwrap();
    world.demand(id, Wanted::Reauthorise(Scope::Session)).await;
    let rar = pgw.demand().await.unwrap();
    assert_eq!(Demand::read(&rar).unwrap().what, What::ReAuthorise(Asked::Session));
    pgw.reply(&rar, UNKNOWN_SESSION).await.unwrap();
    let ended = world.until(id, |view| view.session.state != SessionState::Open).await;
    assert!(ended.session.quotas.iter().all(|quota| quota.reservation.is_none()));
    let last = ccr(RequestType::Termination, host, id, 1, Some(2_000));
    for _ in 0..2 {
        let answer = pgw.call(&last).await.unwrap();
        assert_eq!(Cca::read(&answer).unwrap().result_code, SUCCESS);
        assert_eq!(world.main().await, money(98));
    }
    let text = world.metrics().await;
    assert!(text.contains("gyro_sessions_freed_total{cause=\"unknown_to_client\"} 1\n"), "{text}");
    assert!(text.contains("gyro_late_usage_total 1\n"), "{text}");
}

#[tokio::test]
async fn an_abort_has_its_own_code_and_ends_what_its_gateway_will_not_end() {
    let world = World::start(100).await;
    let mut pgw = world.connect("pgw.epc.test", 1).await;
    let (id, host) = ("pgw.epc.test;1;1", "pgw.epc.test");
    pgw.call(&ccr(RequestType::Initial, host, id, 0, None)).await.unwrap();
    world.demand(id, Wanted::Abort).await;
    let asr = pgw.demand().await.unwrap();
    assert_eq!((asr.header().command.get(), Demand::read(&asr).unwrap().what), (274, What::Abort));
    pgw.reply(&asr, UNABLE_TO_COMPLY).await.unwrap();
    world.until(id, |view| view.session.state != SessionState::Open).await;
    assert!(world.metrics().await.contains("gyro_sessions_freed_total{cause=\"not_aborted\"} 1\n"));
}

#[tokio::test]
async fn what_one_connection_cannot_deliver_goes_over_the_next() {
    let world = World::start(100).await;
    let (id, host) = ("pgw.epc.test;1;1", "pgw.epc.test");
    let mut one = world.connect(host, 1).await;
    let mut two = world.connect(host, 2).await;
    let mut stranger = world.connect("pgw2.epc.test", 3).await;
    one.call(&ccr(RequestType::Initial, host, id, 0, None)).await.unwrap();
    two.call(&ccr(RequestType::Update, host, id, 1, Some(0))).await.unwrap();
    world.demand(id, Wanted::Reauthorise(Scope::Session)).await;
    let first = two.demand().await.unwrap();
    two.reply(&first, UNABLE_TO_DELIVER).await.unwrap();
    let second = one.demand().await.unwrap();
    assert!(!second.header().flags.is_retransmitted(), "the first was answered: this is another request");
    assert_ne!(first.header().end_to_end, second.header().end_to_end);
    // an answer that nobody waits for is dropped
    two.reply(&first, UNKNOWN_SESSION).await.unwrap();
    two.call(&ccr(RequestType::Update, host, id, 2, Some(0))).await.unwrap();
    assert_eq!(world.session(id).await.session.state, SessionState::Open);
    one.reply(&second, SUCCESS).await.unwrap();
    world.until(id, |view| view.outstanding.is_none()).await;
    // a connection that is gone has no answer for what waits on it
    world.demand(id, Wanted::Abort).await;
    let unanswered = two.demand().await.unwrap();
    drop(two);
    let asr = one.demand().await.unwrap();
    assert_eq!(Demand::read(&asr).unwrap().what, What::Abort);
    assert!(asr.header().flags.is_retransmitted() && !unanswered.header().flags.is_retransmitted());
    assert_eq!(asr.header().end_to_end, unanswered.header().end_to_end);
    one.reply(&asr, SUCCESS).await.unwrap();
    world.until(id, |view| view.outstanding.is_none()).await;
    let answer = stranger.call(&ccr(RequestType::Initial, "pgw2.epc.test", "s2", 0, None)).await.unwrap();
    assert_eq!(granted(&answer).0, 2001);
    assert!(!stranger.has_demand(), "another gateway is never asked");
}

#[tokio::test]
async fn behind_an_agent_the_agent_is_asked_and_another_one_when_it_is_gone() {
    let world = World::start(100).await;
    let (id, host) = ("pgw.epc.test;1;1", "pgw.epc.test");
    let mut dra1 = world.connect("dra1.epc.test", 1).await;
    let mut dra2 = world.connect("dra2.epc.test", 2).await;
    // the second is known as an agent by what it has brought for another
    dra2.call(&ccr(RequestType::Initial, "pgw9.epc.test", "other", 0, None)).await.unwrap();
    dra1.call(&ccr(RequestType::Initial, host, id, 0, None)).await.unwrap();
    world.demand(id, Wanted::Reauthorise(Scope::RatingGroup(10))).await;
    let rar = dra1.demand().await.unwrap();
    assert_eq!(Demand::read(&rar).unwrap().destination_host, host);
    // the agent's own word on a session that is not its own counts for nothing
    dra1.reply(&rar, UNKNOWN_SESSION).await.unwrap();
    let again = dra2.demand().await.unwrap();
    assert_eq!(world.session(id).await.session.state, SessionState::Open);
    dra2.reply(&again, SUCCESS).await.unwrap();
    world.until(id, |view| view.outstanding.is_none_or(|asked| asked.stage.as_str() == "awaited")).await;
}

#[tokio::test]
async fn a_gateway_that_tells_of_a_restart_has_its_sessions_freed_and_may_still_report_them() {
    let world = World::start(100).await;
    let host = "pgw.epc.test";
    let mut pgw = world.connect(host, 1).await;
    let with = |kind, id, number, used, state| {
        let mut ccr = ccr(kind, host, id, number, used);
        ccr.origin_state_id = Some(state);
        ccr
    };
    for id in ["a", "b", "c"] {
        pgw.call(&with(RequestType::Initial, id, 0, None, 7)).await.unwrap();
    }
    pgw.call(&with(RequestType::Initial, "d", 0, None, 6)).await.unwrap();
    assert_eq!(world.session("a").await.session.state, SessionState::Open, "less than before says nothing");
    let new = pgw.call(&with(RequestType::Initial, "new", 0, None, 8)).await.unwrap();
    assert_eq!(granted(&new).0, 2001);
    for id in ["a", "b", "c", "d"] {
        world.until(id, |view| view.session.state != SessionState::Open).await;
    }
    assert_eq!(world.session("new").await.session.state, SessionState::Open);
    let last = pgw.call(&with(RequestType::Termination, "a", 1, Some(1_000), 8)).await.unwrap();
    assert_eq!(Cca::read(&last).unwrap().result_code, SUCCESS);
    assert_eq!(world.main().await, money(99));
    let text = world.metrics().await;
    assert!(text.contains("gyro_sessions_freed_total{cause=\"host_restarted\"} 4\n"), "{text}");
    assert!(text.contains("gyro_hosts_restarted_total 1\n"), "{text}");
}

#[tokio::test]
async fn a_blocked_subscriber_s_session_reports_and_gets_no_more() {
    let mut world = World::start(100).await;
    let (id, host) = ("pgw.epc.test;1;1", "pgw.epc.test");
    // says 2001 to a RAR and does nothing: nothing is awaited of it
    let mut pgw = world.connect_as(host, "open5gs-smfd", 1).await;
    pgw.call(&ccr(RequestType::Initial, host, id, 0, None)).await.unwrap();
    let set = SubscriberChange { bar: vec!["data".into()], ..SubscriberChange::default() };
    world.order(Change::SetSubscriber { msisdn: msisdn(), set }).await;
    let rar = pgw.demand().await.unwrap();
    pgw.reply(&rar, SUCCESS).await.unwrap();
    world.until(id, |view| view.outstanding.is_none()).await;
    let answer = pgw.call(&ccr(RequestType::Update, host, id, 1, Some(1_000))).await.unwrap();
    assert_eq!(Cca::read(&answer).unwrap().result_code.get(), 4010);
    assert_eq!(world.main().await, money(99), "what was used until then is charged");
}
