//! `gyro serve`: runs a server until it is told to end.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::Status;
use super::assemble::{Assembled, Trouble, assemble, bind, read_tariff};
use crate::admin::{self, Admin};
use crate::config::{self, Config, Written};
use crate::engine::control::Mode;
use crate::store;

/// The configuration file where none is named.
const FILE: &str = "gyro.toml";

/// Run a server.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The configuration file [default: gyro.toml, where there is one].
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where gateways connect; may be given several times; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    listen: Vec<String>,
    /// The data directory.
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// A tariff file, or a folder of them.
    #[arg(long, value_name = "PATH")]
    tariffs: Option<String>,
    /// Our Origin-Host.
    #[arg(long, value_name = "HOST")]
    origin_host: Option<String>,
    /// Our Origin-Realm.
    #[arg(long, value_name = "REALM")]
    origin_realm: Option<String>,
    /// Where operators ask; loopback only; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    admin: Option<String>,
    /// Where the state is kept: sled:DIR.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// The form of log lines: text or json.
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
}

impl Args {
    /// What the flags say, as layers of the configuration.
    fn written(&self) -> Result<Written, Trouble> {
        let mut flags = Vec::new();
        let mut put = |key, flag, value: Option<String>| flags.extend(value.map(|value| (key, flag, value)));
        put("diameter.listen", "--listen", (!self.listen.is_empty()).then(|| self.listen.join(",")));
        put("tariffs", "--tariffs", self.tariffs.clone());
        put("diameter.identity", "--origin-host", self.origin_host.clone());
        put("diameter.realm", "--origin-realm", self.origin_realm.clone());
        put("admin.listen", "--admin", self.admin.clone());
        put("log.format", "--log-format", self.log_format.clone());
        // the store's URL names the folder of data
        let of_store = self.store.as_deref().and_then(|url| url.strip_prefix("sled:")).map(str::to_owned);
        put("data", "--data", self.data.clone().or(of_store));
        put("store.url", "--store", self.store.clone());
        let here = Path::new(FILE);
        let file = self.config.as_deref().or_else(|| here.is_file().then_some(here));
        written(file, flags)
    }
}

/// The layers of a configuration: a file, the environment, flags.
pub(super) fn written(
    file: Option<&Path>,
    flags: Vec<(&'static str, &'static str, String)>,
) -> Result<Written, Trouble> {
    let file = match file {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                let message = format!(
                    "the configuration {} cannot be read: {error}; name another with -c, or write one with `gyro init DIR`",
                    path.display()
                );
                Trouble::new(Status::Configuration, message)
            })?;
            Some((path.display().to_string(), text))
        }
        None => None,
    };
    let environment = std::env::vars().filter(|(name, _)| name.starts_with("GYRO_")).collect();
    Ok(Written { file, environment, flags })
}

/// Checks a configuration; all faults become one message.
pub(super) fn checked(written: &Written) -> Result<Config, Trouble> {
    config::read(written).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Trouble::new(Status::Configuration, lines.join("\n"))
    })
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    match serve(args, out) {
        Ok(()) => Ok(Status::Done),
        Err(trouble) => {
            writeln!(err, "gyro: {}", trouble.message)?;
            Ok(trouble.status)
        }
    }
}

fn serve(args: &Args, out: &mut dyn Write) -> Result<(), Trouble> {
    let config = checked(&args.written()?)?;
    super::logs::start(&config.text("log.format"), &config.text("log.level"))?;
    let tariff = read_tariff(&config.tariffs)?;
    let listeners = bind(&config.listen)?;
    let Some(admin_listener) = bind(&[config.admin])?.pop() else {
        return Err(Trouble::new(Status::Configuration, "admin.listen names no address"));
    };
    // before any thread: what is to hold for all of them
    store::guard().map_err(|error| Trouble::new(Status::Failed, error))?;
    let assembled = assemble(&config, tariff)?;
    let diameter: Vec<SocketAddr> =
        listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new(Status::Failed, format!("the runtime cannot be started: {error}")))?;
    let gathered = super::outbox::gathered(&config);
    runtime.block_on(run_until_told(assembled, listeners, admin_listener, (&diameter, gathered), out))
}

async fn run_until_told(
    assembled: Assembled,
    listeners: Vec<std::net::TcpListener>,
    admin_listener: std::net::TcpListener,
    (diameter, (notices, records)): (&[SocketAddr], (bool, bool)),
    out: &mut dyn Write,
) -> Result<(), Trouble> {
    let Assembled { server, control, metrics, mut mode, clock, catalogue } = assembled;
    let failed = |error: io::Error| Trouble::new(Status::Failed, error);
    let listeners: io::Result<Vec<TcpListener>> = listeners.into_iter().map(TcpListener::from_std).collect();
    let listeners = listeners.map_err(failed)?;
    let (end, ended) = watch::channel(false);
    let now = move || clock.now().wall;
    let routes = admin::api::router(Admin { control, catalogue, metrics, clock: Arc::new(now) });
    let address = admin_listener.local_addr().map_err(failed)?;
    let operators = admin::serve(admin_listener, routes, ended.clone()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
    let announced = async {
        if mode.wait_for(|mode| *mode == Mode::Ready).await.is_ok() {
            let addresses: Vec<String> = diameter.iter().map(ToString::to_string).collect();
            let line = format!("listening diameter={} admin={}\n", addresses.join(","), address);
            // whoever started us may have closed our output: that is no reason to end
            let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
            if !(notices && records) {
                let word = |on: bool| if on { "delivered" } else { "not gathered" };
                tracing::info!(
                    notices = word(notices),
                    records = word(records),
                    "what is delivered to others"
                );
            }
        }
        core::future::pending::<()>().await;
    };
    let told = async {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => {
                    tracing::warn!("SIGHUP: reading tariffs and configuration anew comes with a later version; nothing changed");
                }
            }
        }
        tracing::info!("ending: peers are told, what was decided becomes durable");
        // the server holds the other end for as long as it runs
        let _ = end.send(true);
        core::future::pending::<()>().await;
    };
    let outcome = tokio::select! {
        outcome = server.run(listeners, ended) => outcome,
        () = announced => Ok(()),
        () = told => Ok(()),
    };
    // a server that ends by itself takes the operators' interface with it
    let _ = end.send(true);
    match operators.join() {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the operators' interface failed"),
        Err(_) => tracing::warn!("the operators' interface ended by a fault in gyro, please report it"),
    }
    outcome.map_err(|failure| {
        let status = Status::of_code(failure.exit_code());
        Trouble::new(status, failure)
    })
}
