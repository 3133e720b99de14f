//! `gyro completions`: what a shell needs to complete the command line.

use std::io::{self, Write};

use clap_complete::Shell;

use super::Status;

/// Print the completions of a shell.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Whose completions.
    shell: Shell,
}

pub(super) fn run(args: &Args, command: &mut clap::Command, out: &mut dyn Write) -> io::Result<Status> {
    // the generator panics when it cannot write, so it writes into memory
    let mut text = Vec::new();
    clap_complete::generate(args.shell, command, "gyro", &mut text);
    out.write_all(&text)?;
    Ok(Status::Done)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, ValueEnum};

    use super::*;

    #[test]
    fn every_shell_gets_its_completions() {
        for shell in Shell::value_variants() {
            let mut out = Vec::new();
            run(&Args { shell: *shell }, &mut crate::cli::Cli::command(), &mut out).unwrap();
            assert!(String::from_utf8(out).unwrap().contains("decode"), "{shell}");
        }
    }
}
