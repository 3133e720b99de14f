//! `gyro tariff`: work on tariff files, without a server.

use std::io::{self, Write};
use std::path::PathBuf;

use super::later::{self, Later};
use super::{Status, check};

/// Work on tariffs.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Check a tariff: exit 0 when it is sound, 78 when not, with each fault's file, line and column.
    Check {
        /// A tariff file, or a folder of *.toml.
        #[arg(value_name = "FILE")]
        path: PathBuf,
    },
    /// Run the tests that a tariff file carries (not built yet).
    Test(Later),
    /// Compare two tariffs (not built yet).
    Diff(Later),
    /// Hand a tariff to the running server (not built yet).
    Publish(Later),
    /// Say what a use would cost (not built yet).
    Price(Later),
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let name = match &args.command {
        Command::Check { path } => return check::tariff(path, out, err),
        Command::Test(_) => "test",
        Command::Diff(_) => "diff",
        Command::Publish(_) => "publish",
        Command::Price(_) => "price",
    };
    later::refuse("tariff", name, "`gyro tariff check FILE`", err)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn ran(words: &[&str]) -> (Status, String, String) {
        let line = Line::parse_from([&["tariff"], words].concat());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = run(&line.args, &mut out, &mut err).unwrap();
        (status, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn a_sound_tariff_is_summed_up() {
        let (status, out, err) = ran(&["check", "examples/tariffs/first.toml"]);
        assert_eq!((status, &*err), (Status::Done, ""));
        assert!(out.starts_with("examples/tariffs/first.toml: sound, version "), "{out}");
        assert!(out.contains(
            "plans: comfort, payg, post\nservices: data, voice, sms\n3 rating groups, 4 destinations"
        ));
    }

    #[test]
    fn bands_of_time_are_explained() {
        let (status, out, err) = ran(&["check", "examples/tariffs"]);
        assert_eq!((status, &*err), (Status::Done, ""));
        for line in [
            "band night: 22:00–06:00 every day",
            "  owl: data 2.00 instead of 8.00",
            "  owl: voice to kz_mobile 4.00 instead of 15.00",
            "band weekend: 06:00–22:00, sat, sun and holidays",
            "  owl: data 5.00 instead of 8.00",
            "holidays: 01-01, 01-02, 03-08, 12-16, 2026-05-27",
        ] {
            assert!(out.lines().any(|found| found == line), "{line}: {out}");
        }
    }

    #[test]
    fn a_faulty_tariff_is_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.toml");
        std::fs::write(&file, "format = 1\nfee = 3\n").unwrap();
        let (status, out, err) = ran(&["check", file.to_str().unwrap()]);
        assert_eq!((status, &*out), (Status::Configuration, ""));
        assert!(err.contains("t.toml:2:1: unknown key `fee` in a tariff file"), "{err}");
        let (status, _, err) = ran(&["check", folder.path().join("none").to_str().unwrap()]);
        assert_eq!(status, Status::Configuration);
        assert!(err.contains("`gyro init DIR`"), "{err}");
    }

    #[test]
    fn what_is_probably_not_meant_is_warned_of_and_done() {
        let folder = tempfile::tempdir().unwrap();
        let text = std::fs::read_to_string("examples/tariffs/first.toml").unwrap();
        std::fs::write(folder.path().join("t.toml"), text.replace(", \"112\"]", "]")).unwrap();
        let (status, _, err) = ran(&["check", folder.path().to_str().unwrap()]);
        assert_eq!(status, Status::Done);
        assert!(err.starts_with("warning: ") && err.contains("112 is not among"), "{err}");
    }

    #[test]
    fn what_is_not_built_says_so() {
        for words in [&["test", "x.toml"][..], &["diff", "a", "b"], &["publish", "--now", "x"], &["price"]] {
            let (status, out, err) = ran(words);
            assert_eq!((status, &*out), (Status::Failed, ""));
            assert!(err.contains("is not built yet"), "{err}");
        }
    }
}
