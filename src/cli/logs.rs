//! Log lines on stderr, as text or as JSON.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use super::Status;
use super::assemble::Trouble;

/// Starts writing log lines; `level` is a level, or directives such as `info,gyro::server=debug`.
pub(super) fn start(format: &str, level: &str) -> Result<(), Trouble> {
    let filter = EnvFilter::try_new(level).map_err(|error| {
        let message = format!("log.level {level:?} is neither a level nor directives: {error}");
        Trouble::new(Status::Configuration, message)
    })?;
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colours = !is_plain && std::io::stderr().is_terminal();
    let builder = fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    let started = if format == "json" { builder.json().try_init() } else { builder.try_init() };
    started.map_err(|error| Trouble::new(Status::Failed, format!("logs cannot be started: {error}")))
}
