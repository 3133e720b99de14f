//! The whole loop over sockets against a bare echo of the same octets, in one run on the same cores: what reading,
//! deciding, making durable and answering cost above moving the octets.
//!
//! `echo` sends back what it gets. `free` is a request to an emergency number: read, decided and written by the real
//! loop, held for nothing. `durable` is a CCR-U that charges a subscriber and leaves once it is synced to disk.
//! Run with `--test` it only shows that it works.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a bench prints, reads the clock, and ends where something is wrong"
)]

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use bytes::BytesMut;
use gyro::charging::account::Mode as Settlement;
use gyro::charging::policy::Policy;
use gyro::charging::request::{Measured, Used};
use gyro::charging::units::{Digits, Money};
use gyro::diameter::base::local::{Identity, LocalNode};
use gyro::diameter::dictionary::builtin;
use gyro::diameter::frame::{Cut, cut};
use gyro::diameter::header::{EndToEnd, HopByHop};
use gyro::diameter::parse::{Limits as MessageLimits, MESSAGE_OCTETS, parse};
use gyro::diameter::peer::limits::Limits as PeerLimits;
use gyro::diameter::peer::roster::UnknownPeers;
use gyro::engine::control::{Change, Command, Mode, NewSubscriber, OperationKey, pair};
use gyro::engine::core::Settings as CoreSettings;
use gyro::engine::core::hash::HashKey;
use gyro::engine::core::limits::Limits as EngineLimits;
use gyro::engine::run::{Engine, Options};
use gyro::ro::cca::Cca;
use gyro::ro::cca::Failures;
use gyro::ro::ccr::{Ccr, RequestType};
use gyro::ro::mscc::Mscc;
use gyro::ro::profile::Profiles;
use gyro::ro::service_information::{CONTEXT_DATA, CONTEXT_IMS};
use gyro::ro::subscription::{Subscription, SubscriptionType};
use gyro::server::settings::Settings;
use gyro::server::{Clock, Server};
use gyro::sim::Gateway;
use gyro::sim::gateway::Who;
use gyro::sim::tap::NoTap;
use gyro::store::{Probe, guard, local};
use gyro::telemetry::Metrics;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, watch};

/// Which measurement it is: each has sessions of its own, else it would measure repeats.
static RUN: AtomicU32 = AtomicU32::new(0);

/// Connections, and requests that each has outstanding.
const SHAPES: [(usize, usize); 3] = [(1, 1), (4, 16), (4, 256)];

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A server that sends back what it gets, on a thread of its own.
fn echo() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        runtime().block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                tokio::spawn(async move {
                    let mut buffer = vec![0; 64 * 1024];
                    while let Ok(octets @ 1..) = stream.read(&mut buffer).await {
                        if stream.write_all(&buffer[..octets]).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
    });
    address
}

/// The real server on a store in `data`, with a rich subscriber for each connection.
fn gyro(data: &std::path::Path) -> SocketAddr {
    let tariff = gyro::tariff::load("examples/tariffs/first.toml".as_ref()).unwrap();
    let clock = Clock::start();
    let notices = Arc::new(Notify::new());
    let wake = Arc::clone(&notices);
    let metrics = Metrics::new("bench", "");
    let data = data.to_owned();
    let catalogue = Arc::new(tariff.catalogue);
    let engine = Engine::start(Options {
        followers: None,
        settings: CoreSettings {
            limits: EngineLimits::default(),
            policy: Policy::default(),
            catalogue: Arc::clone(&catalogue),
            hash_key: HashKey([7; 16]),
            hash_code: gyro::engine::run::hash_code,
        },
        content: tariff.source.into(),
        open: Box::new(move || local::open(&data, local::Options::new(Probe::Here))),
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
    let identity = |text: &str| Identity::new(text).unwrap();
    let (control, inbox) = pair();
    let (mode, mut shown) = watch::channel(Mode::Starting);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let engine = engine.unwrap();
    let (ready, is_ready) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let settings = Settings {
            clock,
            node: LocalNode {
                origin_state_id: None,
                ..LocalNode::charging_server(identity("ocs.bench"), identity("bench"), 1)
            },
            failures: Failures::default(),
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
            metrics: metrics.server.clone(),
        };
        runtime().block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let (_end, ended) = watch::channel(false);
            let people = async {
                drop(shown.wait_for(|mode| *mode == Mode::Ready).await.unwrap());
                for number in 0..4_u8 {
                    let new = NewSubscriber {
                        mode: Some(Settlement::Advance),
                        balance: Money::from_cents(100_000_000_000).unwrap(),
                        ..NewSubscriber::of(Digits::parse(&format!("7701000000{number}")).unwrap(), "payg")
                    };
                    let command = Command {
                        key: OperationKey([number; 16]),
                        operator: "bench".into(),
                        what: Change::AddSubscriber(new),
                    };
                    control.command(command).await.unwrap();
                }
                ready.send(()).unwrap();
                core::future::pending::<()>().await;
            };
            tokio::select! {
                outcome = Server::new(settings, inbox).run(vec![listener], ended) => outcome.unwrap(),
                () = people => {}
            }
        });
    });
    is_ready.recv().unwrap();
    address
}

/// What one connection sends: an emergency call, or an update that charges.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Load {
    Free,
    Durable,
}

fn octets(load: Load, connection: usize, number: u32, out: &mut BytesMut) {
    let msisdn = format!("7701000000{connection}");
    let run = RUN.load(Ordering::Relaxed);
    let session = format!("pgw{connection}.bench;{load:?};{run}");
    let host = format!("pgw{connection}.bench");
    let kind = if number == 0 || load == Load::Free { RequestType::Initial } else { RequestType::Update };
    let mut ccr = Ccr::new(&session, kind, number, &host, "bench");
    ccr.destination_realm = Some("bench");
    ccr.subscriptions = vec![Subscription { kind: SubscriptionType::E164, data: &msisdn }];
    let mut quota = Mscc { requested: Some(Measured::default()), ..Mscc::default() };
    match load {
        Load::Free => {
            ccr.context = Some(CONTEXT_IMS);
            ccr.information.kinds.ims = true;
            ccr.information.called = Some("tel:112");
        }
        Load::Durable => {
            ccr.context = Some(CONTEXT_DATA);
            ccr.information.kinds.ps = true;
            ccr.information.access_point = Some("internet.mnc002.mcc401.gprs");
            ccr.information.serving_plmn = Some("40102");
            quota.rating_group = Some(10);
            if number > 0 {
                let measured = Measured { total_octets: Some(1 << 20), ..Measured::default() };
                quota.used = vec![Used { measured, side: None }];
            }
        }
    }
    ccr.msccs = vec![quota];
    ccr.write(out, HopByHop::new(number), EndToEnd::new(number)).unwrap();
}

/// Sends `rounds` × `outstanding` requests over one socket, closed loop, and checks every answer.
fn drive(
    stream: &mut TcpStream,
    load: Option<Load>,
    connection: usize,
    from: u32,
    (outstanding, rounds): (usize, usize),
) -> u32 {
    use std::io::{Read, Write};
    let dictionary = builtin();
    let mut number = from;
    let (mut output, mut input, mut buffer) = (BytesMut::new(), BytesMut::new(), vec![0; 256 * 1024]);
    for _ in 0..rounds {
        output.clear();
        for _ in 0..outstanding {
            octets(load.unwrap_or(Load::Durable), connection, number, &mut output);
            number += 1;
        }
        stream.write_all(&output).unwrap();
        let mut missing = outstanding;
        while missing > 0 {
            let octets = stream.read(&mut buffer).unwrap();
            assert_ne!(octets, 0, "the server closed the connection");
            input.extend_from_slice(&buffer[..octets]);
            while let Cut::Message(message) = cut(&mut input, MESSAGE_OCTETS).unwrap() {
                missing -= 1;
                // every answer of the last of a round is looked at; all are counted
                if load.is_some() && missing == 0 {
                    let message = parse(message, &MessageLimits::DEFAULT, &dictionary).unwrap();
                    assert_eq!(Cca::read(&message).unwrap().result_code.get(), 2001);
                }
            }
        }
    }
    number
}

/// Requests a second over so many connections.
fn measure(
    address: SocketAddr,
    load: Option<Load>,
    (connections, outstanding): (usize, usize),
    rounds: usize,
) -> u64 {
    RUN.fetch_add(1, Ordering::Relaxed);
    let mut streams: Vec<TcpStream> =
        (0..connections).map(|connection| connect(address, load, connection)).collect();
    let start = Instant::now();
    thread::scope(|scope| {
        for (connection, stream) in streams.iter_mut().enumerate() {
            scope.spawn(move || drive(stream, load, connection, 1, (outstanding, rounds)));
        }
    });
    let micros = u64::try_from(start.elapsed().as_micros()).unwrap().max(1);
    u64::try_from(connections * outstanding * rounds).unwrap() * 1_000_000 / micros
}

/// A connection: to gyro with capabilities exchanged and the session opened afresh.
fn connect(address: SocketAddr, load: Option<Load>, connection: usize) -> TcpStream {
    let Some(load) = load else {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        return stream;
    };
    let who = Who {
        host: Identity::new(&format!("pgw{connection}.bench")).unwrap(),
        realm: Identity::new("bench").unwrap(),
        product: "bench".into(),
    };
    let runtime = runtime();
    let stream = runtime.block_on(async {
        let gateway = Gateway::connect(address, who, Arc::new(builtin()), 9, Box::new(NoTap)).await.unwrap();
        gateway.into_stream().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    let mut stream = stream;
    drive(&mut stream, Some(load), connection, 0, (1, 1));
    stream
}

fn main() {
    let brief = std::env::args().any(|argument| argument == "--test") || cfg!(debug_assertions);
    guard().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (echo, gyro) = (echo(), gyro(&folder.path().join("data")));
    println!("connections x outstanding | echo/s | free/s (ratio) | durable/s (ratio)");
    for (shape, scale) in SHAPES.iter().zip([2_000, 1_000, 200]) {
        let rounds = if brief { 3 } else { scale };
        let mut figures = [const { Vec::new() }; 3];
        for _ in 0..if brief { 1 } else { 3 } {
            figures[0].push(measure(echo, None, *shape, rounds));
            figures[1].push(measure(gyro, Some(Load::Free), *shape, rounds));
            figures[2].push(measure(gyro, Some(Load::Durable), *shape, rounds));
        }
        let median = |figures: &mut Vec<u64>| {
            figures.sort_unstable();
            figures[figures.len() / 2]
        };
        let [echo, free, durable] = figures.each_mut().map(median);
        let percent = |figure: u64| figure * 100 / echo.max(1);
        println!(
            "{} x {} | {echo} | {free} ({} %) | {durable} ({} %)",
            shape.0,
            shape.1,
            percent(free),
            percent(durable)
        );
    }
}
