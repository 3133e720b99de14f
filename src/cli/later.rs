//! Commands that are not built yet: they take whatever is given, and say what there is.

use std::ffi::OsString;
use std::io::{self, Write};

use super::Status;

/// The arguments of a command that is not built yet.
#[derive(clap::Args, Debug)]
pub(super) struct Later {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _arguments: Vec<OsString>,
}

/// Says that `gyro command name` is not built, and what of `command` is.
pub(super) fn refuse(command: &str, name: &str, known: &str, err: &mut dyn Write) -> io::Result<Status> {
    writeln!(err, "gyro {command} {name} is not built yet: this version knows {known}")?;
    Ok(Status::Failed)
}
