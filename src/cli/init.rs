//! `gyro init`: a folder to begin with: configuration, a first tariff, a unit file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Status;
use crate::config;

/// Write a commented configuration, a first tariff and a unit file. What is there already is never written over.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The folder; it is made where it is not there.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// The first tariff: figures are illustrative.
const TARIFF: &str = include_str!("../../examples/tariffs/first.toml");

/// The unit of systemd; what stands in braces is put in.
const UNIT: &str = "\
# Copy to /etc/systemd/system/gyro.service, then: systemctl enable --now gyro
[Unit]
Description=gyro, an online charging server (Diameter Gy/Ro)
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=/usr/local/bin/gyro serve -c {folder}/gyro.toml
WorkingDirectory={folder}
User=gyro
# SIGTERM drains: peers are told, what was decided becomes durable
TimeoutStopSec=60
# 73: the data directory; 74: damaged data; 78: configuration. A restart mends none of them.
Restart=on-failure
RestartPreventExitStatus=73 74 78
LimitNOFILE=65536
NoNewPrivileges=true
ProtectSystem=full
PrivateTmp=true

[Install]
WantedBy=multi-user.target
";

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let folder = &args.folder;
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
    let unit = UNIT.replace("{folder}", &absolute.display().to_string());
    let files = [
        (folder.join("gyro.toml"), config::template()),
        (folder.join("tariffs").join("first.toml"), TARIFF.to_owned()),
        (folder.join("gyro.service"), unit),
    ];
    if let Some((there, _)) = files.iter().find(|(path, _)| path.exists()) {
        writeln!(err, "gyro: {} is there already: nothing was written", there.display())?;
        return Ok(Status::DataDirectory);
    }
    for (path, text) in &files {
        if let Err(error) = write_new(path, text) {
            writeln!(err, "gyro: {} cannot be written: {error}", path.display())?;
            return Ok(Status::DataDirectory);
        }
        writeln!(out, "wrote {}", path.display())?;
    }
    writeln!(out, "next: look through them, then `cd {} && gyro serve -c gyro.toml`", folder.display())?;
    Ok(Status::Done)
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tariff;

    fn ran(folder: &Path) -> (Status, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = run(&Args { folder: folder.into() }, &mut out, &mut err).unwrap();
        (status, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn what_is_written_can_be_served_with() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("new");
        let (status, out, err) = ran(&place);
        assert_eq!((status, &*err), (Status::Done, ""));
        assert!(
            out.contains("gyro.toml") && out.contains("first.toml") && out.contains("gyro.service"),
            "{out}"
        );
        let text = fs::read_to_string(place.join("gyro.toml")).unwrap();
        let written =
            config::Written { file: Some(("gyro.toml".into(), text)), ..config::Written::default() };
        config::read(&written).unwrap();
        tariff::load(&place.join("tariffs")).unwrap();
        let unit = fs::read_to_string(place.join("gyro.service")).unwrap();
        assert!(unit.contains(&format!("serve -c {}/gyro.toml", place.display())), "{unit}");
    }

    #[test]
    fn nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("gyro.service"), "mine").unwrap();
        let (status, out, err) = ran(folder.path());
        assert_eq!((status, &*out), (Status::DataDirectory, ""));
        assert!(err.contains("gyro.service is there already"), "{err}");
        assert!(!folder.path().join("gyro.toml").exists());
    }
}
