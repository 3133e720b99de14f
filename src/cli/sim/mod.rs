//! `gyro sim`: a gateway in a box, which does what a scenario says and holds the server to it.

mod course;
mod scenario;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Status;
use super::client::{Failure, Reach, number};
use super::ladder::Ladder;
use super::later::{self, Later};
use crate::diameter::dictionary::builtin;
use crate::server::Clock;
use crate::sim::actor::Actor;
use crate::sim::ask::Who;
use crate::sim::make::{self, MAKES};
use crate::sim::manners::{Make, Service};
use crate::sim::play::Play;

use course::{Course, Stop};
use scenario::{Act, Scenario};

/// A gateway in a box: a look-alike of a real client speaks to a server.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// A packet gateway: data sessions.
    Pgw(Run),
    /// A message centre: messages one by one.
    Smsc(Run),
    /// An IMS node: calls.
    Ims(Run),
    /// A payment gateway (not built yet).
    Payment(Later),
}

#[derive(clap::Args, Debug)]
struct Run {
    /// What it does, a TOML file [default: a short scenario that is built in].
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Whom it looks like [default: the scenario's client, else cisco, smsc or kamailio].
    #[arg(long, value_name = "NAME")]
    client: Option<String>,
    /// The server.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3868")]
    server: SocketAddr,
    /// The server's admin interface, for steps that pay in or look at balances.
    #[arg(long, value_name = "ADDR", env = "GYRO_ADMIN")]
    admin: Option<String>,
    /// The subscriber's number [default: the scenario's, else 77010000001].
    #[arg(long, value_parser = number)]
    msisdn: Option<String>,
    /// The subscriber's IMSI [default: the scenario's, else 401020000000001].
    #[arg(long, value_parser = number)]
    imsi: Option<String>,
    /// Its Origin-Host [default: that of the look-alike].
    #[arg(long, value_name = "HOST")]
    origin_host: Option<String>,
    /// Its Origin-Realm [default: that of the look-alike].
    #[arg(long, value_name = "REALM")]
    origin_realm: Option<String>,
}

/// A kind of gateway.
struct Gateways {
    name: &'static str,
    /// The client, where none is named.
    usual: &'static str,
    /// What it does, where no file is named.
    scenario: &'static str,
    /// What its clients do.
    is: fn(&dyn Make) -> bool,
}

const PGW: Gateways = Gateways {
    name: "pgw",
    usual: "cisco",
    scenario: include_str!("../../../examples/scenarios/pgw.toml"),
    is: |make| make.manners().service == Service::Data,
};

const SMSC: Gateways = Gateways {
    name: "smsc",
    usual: "smsc",
    scenario: include_str!("../../../examples/scenarios/smsc.toml"),
    is: |make| make.manners().service == Service::Messages || make.manners().name == "siphon",
};

const IMS: Gateways = Gateways {
    name: "ims",
    usual: "kamailio",
    scenario: include_str!("../../../examples/scenarios/ims.toml"),
    is: |make| make.manners().service == Service::Voice,
};

const MSISDN: &str = "77010000001";
const IMSI: &str = "401020000000001";

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let (kind, args) = match &args.command {
        Command::Pgw(args) => (PGW, args),
        Command::Smsc(args) => (SMSC, args),
        Command::Ims(args) => (IMS, args),
        Command::Payment(_) => {
            let known = "pgw, smsc and ims; payments over Diameter are not served yet";
            return later::refuse("sim", "payment", known, err);
        }
    };
    match simulate(&kind, args, out) {
        Ok(()) => Ok(Status::Done),
        Err(Stop::Output(error)) => Err(error),
        Err(Stop::Failed(failure)) => {
            out.flush()?;
            writeln!(err, "gyro: {}", failure.message)?;
            Ok(failure.status)
        }
    }
}

fn simulate(kind: &Gateways, args: &Run, out: &mut dyn Write) -> Result<(), Stop> {
    let (file, scenario) = read(kind, args.scenario.as_deref())?;
    let make = client(kind, args.client.as_deref(), &scenario, &file)?;
    fitting(make, &scenario, &file)?;
    let manners = make.manners();
    let or = |given: &Option<String>, usual: &str| given.as_deref().unwrap_or(usual).into();
    let who = Who {
        host: or(&args.origin_host, manners.host),
        realm: or(&args.origin_realm, manners.realm),
        server_realm: "".into(),
        server_host: "".into(),
        state_id: 1,
        msisdn: or(&args.msisdn, scenario.msisdn.as_deref().unwrap_or(MSISDN)),
        imsi: or(&args.imsi, scenario.imsi.as_deref().unwrap_or(IMSI)),
    };
    let now = Clock::start().now().wall;
    let dictionary = Arc::new(builtin());
    // identifiers of sessions must be others than those of the last run
    let seed = u32::try_from((now.micros() / 1_000) & 0x7fff_ffff).unwrap_or(1);
    let actor = Actor::new(make, who, Arc::clone(&dictionary), now).after(seed);
    let mut ladder = Ladder::new(out);
    ladder.title(&format!("{} ({}) for {}", manners.name, manners.title, actor.who().msisdn))?;
    let profile =
        manners.profile.map(|profile| format!("the server must know it by profile = \"{profile}\""));
    if let Some(profile) = profile {
        ladder.note(&profile)?;
    }
    let play = Play::new(actor, args.server, Arc::clone(&dictionary), seed);
    let reach = args.admin.clone().map(|admin| Reach::server(Some(admin)));
    let mut course =
        Course { play, server: args.server, ladder: &mut ladder, dictionary, reach, demanded: None };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(course.run(&scenario))?;
    ladder.note(&format!("all {} steps went as they must", scenario.steps.len()))?;
    Ok(())
}

fn refused(message: impl Into<String>) -> Stop {
    Stop::Failed(Failure::new(Status::Configuration, message))
}

fn read(kind: &Gateways, file: Option<&Path>) -> Result<(String, Scenario), Stop> {
    let (name, text) = match file {
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|error| {
                refused(format!("the scenario {} cannot be read: {error}", file.display()))
            })?;
            (file.to_owned(), text)
        }
        None => (PathBuf::from(format!("{}.toml (built in)", kind.name)), kind.scenario.to_owned()),
    };
    let scenario = scenario::read(&name, &text).map_err(|faults| {
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        refused(told.join("\n"))
    })?;
    Ok((name.display().to_string(), scenario))
}

/// The client by the name that is given, else by that of the scenario, else the usual one.
fn client(
    kind: &Gateways,
    given: Option<&str>,
    scenario: &Scenario,
    file: &str,
) -> Result<&'static dyn Make, Stop> {
    let (name, place) = match (given, &scenario.client) {
        (Some(name), _) => (name, "--client".to_owned()),
        (None, Some((name, line))) => (name.as_str(), format!("{file}:{line}")),
        (None, None) => (kind.usual, String::new()),
    };
    make::by_name(name).filter(|make| (kind.is)(*make)).ok_or_else(|| {
        let known = MAKES.iter().filter(|make| (kind.is)(**make));
        let known: Vec<&str> = known.map(|make| make.manners().name).collect();
        let kind = kind.name;
        let message = format!("{place}: there is no {kind} like {name:?}; there are: {}", known.join(", "));
        let status = if given.is_some() { Status::Usage } else { Status::Configuration };
        Stop::Failed(Failure::new(status, message))
    })
}

/// Whether the client can do what the scenario wants.
fn fitting(make: &dyn Make, scenario: &Scenario, file: &str) -> Result<(), Stop> {
    let manners = make.manners();
    for step in &scenario.steps {
        let wrong = match &step.act {
            Act::Use(amount) if amount.of(manners.service).is_none() => {
                Some("it uses octets, such as \"12MB\", or a call seconds, such as \"90s\"")
            }
            Act::Message(_) if manners.service != Service::Messages && manners.name != "siphon" => {
                Some("it sends no messages")
            }
            Act::Attach { .. } if manners.service == Service::Messages => Some("it has no sessions"),
            Act::Attach { to: None, .. } if manners.service == Service::Voice => {
                Some("a call goes `to` somebody, such as to = \"tel:+77051234567\"")
            }
            Act::Replay(_) if manners.replays.is_none() => Some("it does not send its CCR-T again"),
            _ => None,
        };
        if let Some(wrong) = wrong {
            let (name, line) = (manners.name, step.line);
            return Err(refused(format!("{file}:{line}: this is no step for {name}: {wrong}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
