//! `gyro version`: what is running here.

use std::io::{self, Write};

use super::Status;
use crate::diameter::dictionary;

/// Print the version.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// With the target, the build and the dictionary that is built in.
    #[arg(long, short)]
    verbose: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> io::Result<Status> {
    writeln!(out, "gyro {}", env!("CARGO_PKG_VERSION"))?;
    if args.verbose {
        let build = if cfg!(debug_assertions) { "debug" } else { "release" };
        let dictionary = dictionary::builtin();
        writeln!(out, "target: {}-{}", std::env::consts::ARCH, std::env::consts::OS)?;
        writeln!(out, "build: {build}, needs rustc {}", env!("CARGO_PKG_RUST_VERSION"))?;
        writeln!(out, "licence: {}", env!("CARGO_PKG_LICENSE"))?;
        writeln!(
            out,
            "dictionary: {} AVPs, {} commands, {} applications",
            dictionary.avps().len(),
            dictionary.commands().len(),
            dictionary.applications().len()
        )?;
    }
    Ok(Status::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(verbose: bool) -> String {
        let mut out = Vec::new();
        run(&Args { verbose }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_version_is_one_line_and_more_when_asked() {
        assert_eq!(printed(false), format!("gyro {}\n", env!("CARGO_PKG_VERSION")));
        assert!(printed(true).contains("dictionary: "));
    }
}
