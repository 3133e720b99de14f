//! How operators' commands reach a store: through the running server, or by opening it themselves. Both ways lead
//! through the same routes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::print::{self, Row};
use super::{Rows, Status};
use crate::admin::Told;
use crate::admin::json::amount;
use crate::admin::json::change::{Accepted, Done};
use crate::charging::units::Digits;
use crate::config::{Item, Kind};

mod local;
mod over;
mod remote;
#[cfg(test)]
mod tests;

use local::Local;
use remote::Remote;

pub use over::{Answer, Call, Over, run_over};

/// Where a server's admin interface is, where nothing else is said.
const ADMIN: &str = "127.0.0.1:8068";

/// Which server or store.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct Reach {
    /// The admin address of the running server [default: 127.0.0.1:8068].
    #[arg(long, value_name = "ADDR", env = "GYRO_ADMIN")]
    admin: Option<String>,
    /// The data directory, where no server runs: the store is opened by this command.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The tariffs to open the store with [default: those it was used with last].
    #[arg(long, value_name = "PATH", requires = "data")]
    tariffs: Option<PathBuf>,
    /// The name that changes are kept under [default: the user's].
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
}

/// Which server or store is asked, and how the answer is printed.
#[derive(clap::Args, Debug)]
pub(super) struct Asking {
    #[command(flatten)]
    pub(super) reach: Reach,
    /// How to print.
    #[arg(long, short, value_enum, default_value_t, value_name = "FORM")]
    pub(super) output: Rows,
}

impl Asking {
    /// Gives an order; `said` tells people that it was taken.
    pub(super) fn order(
        &self,
        path: &str,
        body: &impl Serialize,
        said: &str,
        out: &mut dyn Write,
    ) -> Result<(), Stop> {
        let done: Accepted = with(&self.reach, Absent::Refuse, |client| client.post(path, body))?;
        match self.output {
            Rows::Table | Rows::Csv => writeln!(out, "{said}")?,
            Rows::Json => print::json(&done, out)?,
            Rows::Jsonl => print::json_lines(&[done], out)?,
        }
        Ok(())
    }
}

impl Reach {
    /// A running server.
    pub(super) fn server(admin: Option<String>) -> Self {
        Self { admin, ..Self::default() }
    }
}

/// Why a command failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Failure {
    /// The exit code.
    pub(super) status: Status,
    /// What to tell.
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

/// Whether a store that is not there is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Absent {
    /// It is.
    Make,
    /// It is refused.
    Refuse,
}

enum Way {
    Server(Remote),
    Store(Box<Local>),
    /// A store that is made by the first call that it takes.
    Unmade {
        data: PathBuf,
        tariffs: PathBuf,
    },
    Over(Rc<dyn Over>),
}

impl Way {
    fn store(data: &Path, tariffs: Option<&Path>, absent: Absent) -> Result<Self, Failure> {
        match tariffs.filter(|_| absent == Absent::Make && !Local::is_at(data)) {
            Some(tariffs) => Ok(Self::Unmade { data: data.to_path_buf(), tariffs: tariffs.to_path_buf() }),
            None => Ok(Self::Store(Box::new(Local::open(data, tariffs, absent)?))),
        }
    }

    fn call(&mut self, call: &Call) -> Result<Answer, Failure> {
        match self {
            Self::Server(remote) => remote.call(call),
            Self::Store(local) => local.call(call),
            Self::Over(over) => Ok(over.call(call)),
            Self::Unmade { data, tariffs } => {
                // Nothing is made for what is refused.
                let tried = Local::tried(call, tariffs)?;
                if !is_done(&tried) {
                    return Ok(tried);
                }
                let mut local = Box::new(Local::open(data, Some(tariffs), Absent::Make)?);
                let answer = local.call(call);
                *self = Self::Store(local);
                answer
            }
        }
    }
}

fn is_done(answer: &Answer) -> bool {
    (200..300).contains(&answer.status)
}

/// An operator's way to a store.
pub(super) struct Client {
    way: Way,
    operator: String,
}

impl Client {
    /// Finds the server, or opens the store.
    pub(super) fn connect(reach: &Reach, absent: Absent) -> Result<Self, Failure> {
        if let Some(over) = over::current() {
            let operator = reach.operator.clone().unwrap_or_else(|| "cli".into());
            return Ok(Self { way: Way::Over(over), operator });
        }
        let operator = reach.operator.clone().or_else(|| std::env::var("USER").ok());
        let operator = operator.filter(|name| !name.is_empty()).unwrap_or_else(|| "cli".into());
        if !operator.bytes().all(|octet| (b' '..=b'~').contains(&octet)) {
            let message = "the operator's name has other letters than ASCII's: give another with --operator";
            return Err(Failure::new(Status::Usage, message));
        }
        let way = match (&reach.admin, &reach.data) {
            (Some(admin), Some(data)) => {
                let remote = Remote::new(admin)?;
                if remote.is_there() {
                    Way::Server(remote)
                } else {
                    Way::store(data, reach.tariffs.as_deref(), absent)?
                }
            }
            (None, Some(data)) => Way::store(data, reach.tariffs.as_deref(), absent)?,
            (admin, None) => Way::Server(Remote::new(admin.as_deref().unwrap_or(ADMIN))?),
        };
        Ok(Self { way, operator })
    }

    /// Asks a question.
    pub(super) fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, Failure> {
        self.call(axum::http::Method::GET, path, None, Vec::new())
    }

    /// Orders a change, under a new key.
    pub(super) fn post<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        self.change(axum::http::Method::POST, path, body)
    }

    /// Orders a change of what is there, under a new key.
    pub(super) fn patch<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        self.change(axum::http::Method::PATCH, path, body)
    }

    fn change<T: DeserializeOwned>(
        &mut self,
        method: axum::http::Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let body =
            serde_json::to_vec(body).map_err(|error| Failure::new(Status::Failed, error.to_string()))?;
        let key = match &self.way {
            Way::Over(over) => over.key(),
            Way::Server(_) | Way::Store(_) | Way::Unmade { .. } => random()?,
        };
        self.call(method, path, Some(hex(&key)), body)
    }

    fn call<T: DeserializeOwned>(
        &mut self,
        method: axum::http::Method,
        path: &str,
        key: Option<String>,
        body: Vec<u8>,
    ) -> Result<T, Failure> {
        let call = Call { method, path: path.into(), key, operator: self.operator.clone(), body };
        let answer = self.way.call(&call)?;
        if is_done(&answer) {
            return serde_json::from_slice(&answer.body).map_err(|error| {
                let message = format!("the answer is none of this version of gyro: {error}");
                Failure::new(Status::Failed, message)
            });
        }
        Err(refused(&answer))
    }

    /// Gives the store back, where this command has opened it.
    pub(super) fn close(self) -> Result<(), Failure> {
        match self.way {
            Way::Server(_) | Way::Over(_) | Way::Unmade { .. } => Ok(()),
            Way::Store(local) => local.close(),
        }
    }
}

fn refused(answer: &Answer) -> Failure {
    let told: Told = match serde_json::from_slice(&answer.body) {
        Ok(told) => told,
        Err(_) => {
            let message = format!("what answers there is no gyro: HTTP status {}", answer.status);
            return Failure::new(Status::Failed, message);
        }
    };
    let status = match told.code.as_str() {
        "unreadable" | "store-failed" => Status::Damaged,
        _ => Status::Failed,
    };
    Failure::new(status, told.error)
}

/// Octets drawn at random.
fn random() -> Result<[u8; 16], Failure> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).map_err(|error| {
        Failure::new(Status::Failed, format!("the system gives no random numbers: {error}"))
    })?;
    Ok(octets)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |text, octet| format!("{text}{octet:02x}"))
}

/// One part of a path or a query, as it stands in a URL (RFC 3986 §2.1).
pub(super) fn escaped(text: &str) -> String {
    let mut to = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            to.push(char::from(octet));
        } else {
            to.push_str(&format!("%{octet:02X}"));
        }
    }
    to
}

/// Why a command stops.
#[derive(Debug)]
pub(super) enum Stop {
    /// It failed.
    Failed(Failure),
    /// Its output cannot be written.
    Output(io::Error),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Tells how a command ended.
pub(super) fn told(done: Result<(), Stop>, err: &mut dyn Write) -> io::Result<Status> {
    match done {
        Ok(()) => Ok(Status::Done),
        Err(Stop::Failed(Failure { status, message })) => {
            writeln!(err, "gyro: {message}")?;
            Ok(status)
        }
        Err(Stop::Output(error)) => Err(error),
    }
}

/// Does something with a client, and gives the store back however that ends.
pub(super) fn with<T>(
    reach: &Reach,
    absent: Absent,
    act: impl FnOnce(&mut Client) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut client = Client::connect(reach, absent)?;
    let done = act(&mut client);
    let closed = client.close();
    let done = done?;
    closed.map(|()| done)
}

/// The most lines of a page.
const PAGE: usize = 1_000;

/// Collects pages until there are no more, or `most` things. `more` gets the query of the next page, without its
/// question mark, and gives its things and what comes next.
pub(super) fn pages<T>(
    most: Option<usize>,
    mut more: impl FnMut(&str) -> Result<(Vec<T>, Option<String>), Failure>,
) -> Result<Vec<Vec<T>>, Failure> {
    let (mut found, mut left, mut after) = (Vec::new(), most.unwrap_or(usize::MAX), None::<String>);
    while left > 0 {
        let limit = left.min(PAGE);
        let after_part = after.map_or_else(String::new, |after| format!("&after={}", escaped(&after)));
        let (page, next) = more(&format!("limit={limit}{after_part}"))?;
        left = left.saturating_sub(page.len());
        found.push(page);
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    Ok(found)
}

/// A number as an argument: 1 to 15 digits, a plus before them is left out.
pub(super) fn number(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    match Digits::parse(digits) {
        Some(digits) => Ok(digits.to_string()),
        None => Err("a number is written in 1 to 15 digits".into()),
    }
}

/// A span of time as an argument.
pub(super) fn span(text: &str) -> Result<core::time::Duration, String> {
    match Kind::Span.read(text) {
        Some(Item::Span(span)) => Ok(span),
        _ => Err("a span of time is written like 90d, 12h, 30min or 45s".into()),
    }
}

/// An amount of money as an argument.
pub(super) fn money(text: &str) -> Result<String, String> {
    amount::parse(text).map(|amount| amount.to_string()).map_err(|error| error.to_string())
}

/// What a change did, as it is printed.
impl Row for Done {
    const HEADS: &'static [&'static str] = &["msisdn", "account", "balance", "changed"];

    fn cells(&self) -> Vec<String> {
        vec![self.msisdn.clone(), self.account.clone(), self.balance.clone(), self.changed.to_string()]
    }
}

/// Prints what a change did; `what` says it to people.
pub(super) fn say(done: &Done, what: &str, form: Rows, out: &mut dyn Write) -> io::Result<()> {
    if form != Rows::Table {
        return print::one(done, form, out);
    }
    let Done { msisdn, account, balance, changed, .. } = done;
    let known = if *changed { "" } else { " (known already: nothing changed)" };
    writeln!(out, "{what} {msisdn}: account {account}, balance {balance}{known}")
}
