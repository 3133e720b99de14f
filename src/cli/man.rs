//! `gyro man`: the manual, a page for each command.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use super::Status;

/// Write the manual: a page for each command, made from what `--help` says.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The folder, `man1` of a manual path for one; it is made where it is not there, older pages are replaced.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn run(
    args: &Args,
    command: clap::Command,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Status> {
    let folder = args.folder.display();
    let made = fs::create_dir_all(&args.folder);
    let written = made.and_then(|()| clap_mangen::generate_to(command, &args.folder));
    match written {
        Ok(()) => {
            writeln!(out, "wrote the manual to {folder}\nnext: `man -l {folder}/gyro.1`")?;
            Ok(Status::Done)
        }
        Err(error) => {
            writeln!(err, "gyro: the manual cannot be written to {folder}: {error}; name another folder")?;
            Ok(Status::Failed)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    /// The names of the pages of a command and all below it.
    fn pages(command: &clap::Command, name: &str, to: &mut BTreeSet<String>) {
        to.insert(format!("{name}.1"));
        let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
        for command in shown {
            pages(command, &format!("{name}-{}", command.get_name()), to);
        }
    }

    fn written(folder: PathBuf) -> (Status, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = run(&Args { folder }, Cli::command(), &mut out, &mut err).unwrap();
        (status, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn every_command_has_its_page() {
        let away = tempfile::tempdir().unwrap();
        let folder = away.path().join("share/man1");
        for _ in 0..2 {
            let (status, _, err) = written(folder.clone());
            assert_eq!((status, &*err), (Status::Done, ""));
        }
        let found =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut expected = BTreeSet::new();
        pages(&Cli::command(), "gyro", &mut expected);
        assert_eq!(found.collect::<BTreeSet<_>>(), expected);
        for page in ["gyro-serve.1", "gyro-store-clock-reset.1", "gyro-subscriber-add.1"] {
            assert!(expected.contains(page), "{page}");
        }
        for page in expected {
            let text = fs::read_to_string(folder.join(&page)).unwrap();
            let name = page.trim_end_matches(".1");
            assert!(text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"), "{page}");
            let about = text.lines().find(|line| line.starts_with(&name.replace('-', "\\-")));
            assert!(about.is_some_and(|line| line.contains(" \\- ")), "{page} says what it is for: {text}");
        }
        assert!(fs::read_to_string(folder.join("gyro.1")).unwrap().contains("74 damaged or unreadable data"));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let (status, out, err) = written(file.path().join("man1"));
        assert_eq!((status, &*out), (Status::Failed, ""));
        assert!(err.lines().count() == 1 && err.contains("name another folder"), "{err}");
    }
}
