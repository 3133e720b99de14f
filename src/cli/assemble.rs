//! A server from a checked configuration: sockets, tariff, dictionary, profiles, engine.

use std::fmt::Display;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{Notify, watch};

use super::{Status, outbox};
use crate::charging::account::promise::PromiseTerms;
use crate::charging::catalogue::Catalogue;
use crate::charging::policy::{AccountRules, Policy, SlicePolicy};
use crate::charging::units::Money;
use crate::config::{Config, OnFailure, PeerConfig, ProfileConfig, UnknownPeers};
use crate::diameter::base::local::{Identity, LocalNode};
use crate::diameter::dictionary::declaration::Role;
use crate::diameter::dictionary::{Dictionary, DictionaryBuilder};
use crate::diameter::parse::Limits as MessageLimits;
use crate::diameter::peer::limits::Limits as PeerLimits;
use crate::diameter::peer::roster::{self, NamedPeer};
use crate::dictionary_xml;
use crate::engine::control::{Control, Mode, pair};
use crate::engine::core::hash::HashKey;
use crate::engine::core::limits::Limits as EngineLimits;
use crate::engine::core::{Publication, Settings as CoreSettings};
use crate::engine::run::{Asking, Engine, Followers, Options as EngineOptions};
use crate::ro::cca::{DebitFailure, FailureHandling, Failures};
use crate::ro::profile::{Overrides, Profile, Profiles};
use crate::server::settings::{Gateway, Settings};
use crate::server::{Clock, Server};
use crate::store::StoreError;
use crate::store::local::{self, Options as StoreOptions};
use crate::tariff;
use crate::telemetry::Metrics;

/// Why a server cannot be started: what to say, and the exit code.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) status: Status,
    pub(super) message: String,
}

impl Trouble {
    pub(super) fn new(status: Status, message: impl Display) -> Self {
        Self { status, message: message.to_string() }
    }

    fn configuration(message: impl Display) -> Self {
        Self::new(Status::Configuration, message)
    }
}

/// A server that is ready to run, and what belongs to it.
pub(super) struct Assembled {
    pub(super) server: Server,
    pub(super) control: Control,
    pub(super) metrics: Arc<Metrics>,
    pub(super) mode: watch::Receiver<Mode>,
    pub(super) clock: Clock,
    /// The tariffs in force.
    pub(super) catalogue: watch::Receiver<Arc<Catalogue>>,
}

/// Random octets of the operating system.
fn random<const N: usize>() -> Result<[u8; N], Trouble> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).map_err(|error| {
        Trouble::new(Status::Failed, format!("the system gives no random numbers: {error}"))
    })?;
    Ok(octets)
}

/// Takes the addresses; a port that is in use is told by name.
pub(super) fn bind(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, Trouble> {
    addresses
        .iter()
        .map(|address| {
            let listener = TcpListener::bind(address).and_then(|listener| {
                listener.set_nonblocking(true)?;
                Ok(listener)
            });
            listener.map_err(|error| {
                let what = if error.kind() == std::io::ErrorKind::AddrInUse {
                    "stop what listens there, or name another address"
                } else {
                    "name another address"
                };
                let message = format!("cannot listen on {address}: {error}; {what}");
                Trouble::new(Status::Failed, message)
            })
        })
        .collect()
}

/// The dictionaries: ours, and the operator's over them.
pub(super) fn dictionary(files: &[PathBuf]) -> Result<Dictionary, Trouble> {
    let builder = DictionaryBuilder::builtin();
    match dictionary_xml::load(builder, files, Role::Override) {
        Ok(loaded) => {
            for note in &loaded.notes {
                tracing::debug!("{note}");
            }
            Ok(loaded.dictionary)
        }
        Err(refused) => Err(Trouble::configuration(refused)),
    }
}

/// The operator's profiles over the built-in ones.
pub(super) fn profiles(written: &[ProfileConfig]) -> Result<Profiles, Trouble> {
    let mut profiles = Profiles::BUILT_IN;
    for own in written {
        let base = profiles.by_name(&own.base).ok_or_else(|| {
            let known: Vec<&str> = profiles.iter().map(|profile| profile.name.as_ref()).collect();
            let message = format!(
                "profile {}: there is no profile {} to start from; there are {}",
                own.name,
                own.base,
                known.join(", ")
            );
            Trouble::configuration(message)
        })?;
        let overrides = overrides(own)?;
        let profile: Profile = base.derive(own.name.clone(), overrides);
        profiles.add(profile).map_err(|clash| {
            Trouble::configuration(format!("profile {}: there is one of that name already", clash.name))
        })?;
    }
    Ok(profiles)
}

fn overrides(own: &ProfileConfig) -> Result<Overrides, Trouble> {
    let mut overrides = Overrides::default();
    for (key, value) in &own.differs {
        overrides
            .set(key, value)
            .map_err(|error| Trouble::configuration(format!("profile {}: {error}", own.name)))?;
    }
    Ok(overrides)
}

/// The gateways that are named, with their profiles.
pub(super) fn gateways(peers: &[PeerConfig], profiles: &Profiles) -> Result<Vec<Gateway>, Trouble> {
    peers.iter().map(|peer| gateway(peer, profiles)).collect()
}

fn gateway(peer: &PeerConfig, profiles: &Profiles) -> Result<Gateway, Trouble> {
    let host = identity(&peer.identity)?;
    let profile = match &peer.profile {
        Some(name) => Some(profiles.by_name(name).ok_or_else(|| {
            let known: Vec<&str> = profiles.iter().map(|profile| profile.name.as_ref()).collect();
            let message =
                format!("peer {}: there is no profile {name}; there are {}", peer.identity, known.join(", "));
            Trouble::configuration(message)
        })?),
        None => None,
    };
    let of_profile = profile.and_then(|profile| profile.multi_connection);
    Ok(Gateway {
        peer: NamedPeer {
            host,
            from: peer.from.clone(),
            multi_connection: peer.multi_connection.or(of_profile).unwrap_or(false),
        },
        profile: profile.map(|profile| profile.name.as_ref().into()),
        max_rate: peer.max_tps,
    })
}

fn identity(text: &str) -> Result<Identity, Trouble> {
    Identity::new(text)
        .map_err(|error| Trouble::configuration(format!("{text:?} is no Diameter identity: {error}")))
}

fn node(config: &Config) -> Result<LocalNode, Trouble> {
    let also: Result<Vec<Identity>, Trouble> =
        config.also_realms.iter().map(|realm| identity(realm)).collect();
    let node = LocalNode::charging_server(identity(&config.identity)?, identity(&config.realm)?, 1);
    Ok(LocalNode { also_realms: also?, origin_state_id: None, ..node })
}

/// What clients are told to do while nobody answers: nothing, where nothing is configured.
fn failures(config: &Config) -> Failures {
    Failures {
        failover: match config.text("diameter.failover").as_str() {
            "supported" => Some(true),
            "not-supported" => Some(false),
            _ => None,
        },
        handling: match config.text("diameter.failure_handling").as_str() {
            "terminate" => Some(FailureHandling::Terminate),
            "continue" => Some(FailureHandling::Continue),
            "retry-and-terminate" => Some(FailureHandling::RetryAndTerminate),
            _ => None,
        },
        debit: match config.text("diameter.debit_failure").as_str() {
            "terminate-or-buffer" => Some(DebitFailure::TerminateOrBuffer),
            "continue" => Some(DebitFailure::Continue),
            _ => None,
        },
    }
}

/// How grants follow the measured use.
fn slices(config: &Config) -> SlicePolicy {
    let number = |name: &str| u64::try_from(config.number(name)).unwrap_or(u64::MAX);
    SlicePolicy {
        secs: u32::try_from(config.span("charging.slice_time").as_secs()).unwrap_or(u32::MAX),
        factor: number("charging.slice_factor"),
        octets: number("charging.slice_max"),
    }
}

/// The store of a data directory, as configured.
fn store_options(config: &Config) -> Result<StoreOptions, Trouble> {
    let octets = |name: &str| u64::try_from(config.number(name)).unwrap_or(u64::MAX);
    let options = super::probe::options().map_err(|error| {
        Trouble::new(Status::Failed, format!("the program does not find itself: {error}"))
    })?;
    Ok(StoreOptions {
        segment_octets: octets("store.segment"),
        cache_octets: octets("store.cache"),
        low_space_octets: octets("store.low_space"),
        ..options
    })
}

/// Reads a tariff and tells what is probably not meant.
pub(super) fn read_tariff(path: &Path) -> Result<tariff::Loaded, Trouble> {
    match tariff::load(path) {
        Ok(loaded) => {
            for warning in &loaded.warnings {
                tracing::warn!("{warning}");
            }
            Ok(loaded)
        }
        Err(errors) => Err(Trouble::configuration(errors)),
    }
}

/// Puts a server together. Nothing is served before [`Server::run`]; the store is opened on a thread of its own.
pub(super) fn assemble(config: &Config, tariff: tariff::Loaded) -> Result<Assembled, Trouble> {
    let clock = Clock::start();
    let dictionary = Arc::new(dictionary(&config.dictionaries)?);
    let profiles = profiles(&config.profiles)?;
    let gateways = gateways(&config.peers, &profiles)?;
    let node = node(config)?;
    let tariff = tariff.in_force(clock.now().wall);
    let (tariffs, catalogue) = watch::channel(Arc::new(tariff.catalogue.clone()));
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION"), ""));
    let notices = Arc::new(Notify::new());
    let engine = start_engine(config, (tariff, tariffs), clock, (&metrics, &notices))?;
    let (control, inbox) = pair();
    let (mode, shown) = watch::channel(Mode::Starting);
    let settings = Settings {
        clock,
        node,
        failures: failures(config),
        peer_limits: PeerLimits {
            capabilities: config.span("diameter.cer_timeout"),
            message: config.span("diameter.message_timeout"),
            watchdog: config.span("diameter.watchdog"),
            message_octets: config.number("diameter.max_message"),
            ..PeerLimits::DEFAULT
        },
        message_limits: MessageLimits {
            message_octets: config.number("diameter.max_message"),
            avps: config.number("diameter.max_avps"),
            depth: u8::try_from(config.number("diameter.max_depth")).unwrap_or(u8::MAX),
        },
        gateways,
        unknown_peers: match config.unknown_peers {
            UnknownPeers::Accept => roster::UnknownPeers::Accept,
            UnknownPeers::Reject => roster::UnknownPeers::Reject,
        },
        connections: config.number("diameter.connections"),
        pending: config.number("diameter.pending"),
        dictionary,
        profiles,
        engine,
        notices,
        mode,
        failure_ends: config.on_failure == OnFailure::Exit,
        seed: u64::from_le_bytes(random()?),
        metrics: metrics.server.clone(),
    };
    let server = Server::new(settings, inbox);
    Ok(Assembled { server, control, metrics, mode: shown, clock, catalogue })
}

fn start_engine(
    config: &Config,
    (tariff, shown): (tariff::Loaded, watch::Sender<Arc<Catalogue>>),
    clock: Clock,
    (metrics, waker): (&Metrics, &Arc<Notify>),
) -> Result<Engine, Trouble> {
    let data = config.data.clone();
    let (notices, cdr) = outbox::policies(config).map_err(Trouble::configuration)?;
    let sinks = outbox::sinks(config, &shown.borrow(), outbox::clock(clock), metrics.outbox.clone())
        .map_err(Trouble::configuration)?;
    let followers = sinks.map(|sinks| Followers {
        classes: sinks.classes(),
        start: Box::new(move |last, asking: Asking| {
            let place = sinks.data.join("outbox");
            let failed = |source| StoreError::Io { doing: "deliver from", path: place, source };
            sinks.start(last, move |ask| asking.ask(ask)).map_err(failed)
        }),
    });
    let store_options = store_options(config)?;
    let pulse = Arc::clone(&store_options.pulse);
    let wake = Arc::clone(waker);
    let catalogue = Arc::clone(&shown.borrow());
    let options = EngineOptions {
        settings: CoreSettings {
            limits: EngineLimits {
                soft_mark: config.number("overload.soft"),
                hard_mark: config.number("overload.hard"),
                oldest: config.span("overload.age"),
                cached_octets: config.number("store.memory"),
                reauth_rate: u32::try_from(config.number("charging.reauth_rate")).unwrap_or(u32::MAX),
                reauth_timeout: config.span("charging.reauth_timeout"),
                tariff_horizon_secs: secs(config, "charging.tariff_horizon"),
                command_horizon_secs: secs(config, "charging.command_horizon"),
                reauth_tries: u8::try_from(config.number("charging.reauth_tries")).unwrap_or(u8::MAX),
                ..EngineLimits::default()
            },
            policy: Policy {
                grace: config.span("charging.grace"),
                session_timeout: config.span("charging.session_timeout"),
                charge_unknown_sessions: config.switch("charging.charge_unknown_sessions"),
                accounts: account_rules(config),
                slices: slices(config),
                notices,
                cdr,
                ..Policy::default()
            },
            catalogue,
            hash_key: HashKey(random()?),
            hash_code: crate::engine::run::hash_code,
        },
        content: tariff.source.into(),
        open: Box::new(move || local::open(&data, store_options)),
        clock: Box::new(move || clock.now().run),
        wake: Box::new(move || wake.notify_one()),
        pulse,
        spool: Some(spool_of(&config.data)),
        metrics: metrics.engine.clone(),
        followers,
        build: Box::new(build_tariff),
        upcoming: tariff.later.into_iter().map(publication).collect(),
        shown,
    };
    Engine::start(options)
        .map_err(|error| Trouble::new(Status::Failed, format!("a thread cannot be started: {error}")))
}

/// A span of time in whole seconds.
fn secs(config: &Config, name: &str) -> u32 {
    u32::try_from(config.span(name).as_secs()).unwrap_or(u32::MAX)
}

/// A version of the tariffs of its content, as the store keeps it.
pub(super) fn build_tariff(content: &[u8]) -> Result<Catalogue, String> {
    tariff::load_from_source(content).map_err(|errors| errors.to_string())
}

/// A version that comes into force when it says.
fn publication(loaded: tariff::Loaded) -> Publication {
    let tariff::Loaded { catalogue, source, valid_from, .. } = loaded;
    Publication { catalogue: Arc::new(catalogue), content: source.into(), from: valid_from }
}

/// What holds for all accounts, as configured.
fn account_rules(config: &Config) -> AccountRules {
    let whole = |name: &str| {
        let units = i64::try_from(config.number(name)).unwrap_or(i64::MAX);
        Money::from_cents(units.saturating_mul(100)).unwrap_or(Money::MAX)
    };
    AccountRules {
        promise: PromiseTerms {
            amount: whole("accounts.promise_amount"),
            fee: whole("accounts.promise_fee"),
            term: config.span("accounts.promise_term"),
            served: config.span("accounts.promise_after"),
        },
        credit_ceiling: Some(whole("accounts.credit_ceiling")),
        numbers_each: config.number("accounts.numbers_each"),
        voucher_tries: u32::try_from(config.number("accounts.voucher_tries")).unwrap_or(u32::MAX),
        voucher_lockout: config.span("accounts.voucher_lockout"),
    }
}

/// Where emergencies go while the store is gone: beside the data directory, not in it.
fn spool_of(data: &Path) -> PathBuf {
    let mut name = data.file_name().unwrap_or_default().to_owned();
    name.push("-emergencies.spool");
    data.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Written, read};

    fn configured(text: &str) -> Config {
        read(&Written { file: Some(("gyro.toml".into(), text.into())), ..Written::default() }).unwrap()
    }

    #[test]
    fn clients_are_told_of_failures_what_is_configured_and_else_nothing() {
        assert_eq!(failures(&configured("")), Failures::default());
        let text = "[diameter]\nfailover = \"supported\"\nfailure_handling = \"continue\"\ndebit_failure = \"continue\"\n";
        let told = Failures {
            failover: Some(true),
            handling: Some(FailureHandling::Continue),
            debit: Some(DebitFailure::Continue),
        };
        assert_eq!(failures(&configured(text)), told);
        let text = "[diameter]\nfailover = \"not-supported\"\nfailure_handling = \"retry-and-terminate\"\ndebit_failure = \"terminate-or-buffer\"\n";
        let told = Failures {
            failover: Some(false),
            handling: Some(FailureHandling::RetryAndTerminate),
            debit: Some(DebitFailure::TerminateOrBuffer),
        };
        assert_eq!(failures(&configured(text)), told);
    }

    #[test]
    fn slices_follow_the_use_as_is_configured() {
        assert_eq!(slices(&configured("")), SlicePolicy::default());
        let text = "[charging]\nslice_time = \"1min\"\nslice_factor = 1\nslice_max = \"1GiB\"\n";
        assert_eq!(slices(&configured(text)), SlicePolicy { secs: 60, factor: 1, octets: 1 << 30 });
    }
}
