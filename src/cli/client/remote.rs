//! A running server, over HTTP.

use core::time::Duration;

use ureq::http::Request;
use ureq::{Agent, Error};

use super::{Answer, Call, Failure};
use crate::cli::Status;

/// How long the connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take; a backup takes its time.
const ANSWER: Duration = Duration::from_mins(30);
/// The longest answer, in octets: a page of a thousand lines is far shorter.
const LONGEST: u64 = 64 << 20;

/// A running server.
pub(super) struct Remote {
    agent: Agent,
    address: String,
}

impl Remote {
    pub(super) fn new(address: &str) -> Result<Self, Failure> {
        let address = address.strip_prefix("http://").unwrap_or(address).trim_end_matches('/');
        let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none() {
            let message = format!(
                "the admin address is written as ADDRESS:PORT, like 127.0.0.1:8068; found {address:?}"
            );
            return Err(Failure::new(Status::Usage, message));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(ANSWER))
            .build();
        Ok(Self { agent: Agent::new_with_config(config), address: address.into() })
    }

    /// Whether a server answers.
    pub(super) fn is_there(&self) -> bool {
        !matches!(self.agent.get(self.url("/healthz")).call(), Err(error) if is_unreachable(&error))
    }

    pub(super) fn call(&self, call: &Call) -> Result<Answer, Failure> {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(self.url(&call.path))
            .header("content-type", "application/json")
            .header("gyro-operator", &call.operator);
        if let Some(key) = &call.key {
            request = request.header("idempotency-key", key);
        }
        let sent = match (&call.key, request.body(call.body.clone())) {
            (Some(_), Ok(request)) => self.agent.run(request),
            (None, Ok(request)) => {
                let (parts, _) = request.into_parts();
                self.agent.run(Request::from_parts(parts, ()))
            }
            (_, Err(error)) => return Err(Failure::new(Status::Usage, error.to_string())),
        };
        let mut response = sent.map_err(|error| self.failure(&error))?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(LONGEST).read_to_vec();
        let body = body.map_err(|error| self.failure(&error))?;
        Ok(Answer { status, body })
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn failure(&self, error: &Error) -> Failure {
        let address = &self.address;
        let message = if is_unreachable(error) {
            format!(
                "no server answers at {address} ({error}): start it with `gyro serve`, name its admin address with \
                 --admin, or open the store of a stopped server with --data DIR"
            )
        } else {
            format!(
                "the server at {address} did not answer to the end ({error}): whether the change was made is not known; \
                 look before giving it again"
            )
        };
        Failure::new(Status::Unreachable, message)
    }
}

/// Whether nothing was sent.
fn is_unreachable(error: &Error) -> bool {
    use std::io::ErrorKind;
    match error {
        Error::HostNotFound
        | Error::ConnectionFailed
        | Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => true,
        Error::Io(error) => matches!(
            error.kind(),
            ErrorKind::ConnectionRefused
                | ErrorKind::AddrNotAvailable
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
        ),
        _ => false,
    }
}
