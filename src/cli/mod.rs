//! The command line: one file per subcommand.

use std::process::ExitCode;

/// Runs the command line of this process and returns its exit code (`interface.md`: 0 done, 1 failed,
/// 2 usage, 69 server not reachable, 73 data directory, 74 damaged data, 78 configuration).
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
