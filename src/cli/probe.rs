//! How every command of this process opens a store: the state is tried by a child of the same program first.

use std::io;
use std::time::Duration;

use crate::store::Probe;
use crate::store::local::Options;

/// The hidden subcommand of `store` that tries to open the state.
pub(super) const COMMAND: &str = "probe-state";
/// How long that may take.
const DEADLINE: Duration = Duration::from_mins(2);

/// The options of a store that this process opens.
pub(super) fn options() -> io::Result<Options> {
    // The program of unit tests is not gyro: it cannot be the child.
    let probe = if cfg!(test) {
        Probe::Here
    } else {
        let arguments = vec!["store".into(), COMMAND.into()];
        Probe::Child { program: std::env::current_exe()?, arguments, deadline: DEADLINE }
    };
    Ok(Options::new(probe))
}
