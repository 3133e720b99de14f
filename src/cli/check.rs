//! `gyro check`: configuration, tariffs and dictionaries, before they are used.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::assemble::{gateways, profiles};
use super::{Status, outbox, print};
use crate::charging::catalogue::{BandIx, Catalogue};
use crate::config::{self, Config, Written};
use crate::diameter::dictionary::DictionaryBuilder;
use crate::diameter::dictionary::declaration::Role;
use crate::time::Zone;
use crate::{dictionary_xml, tariff};

/// Check configuration, tariffs and dictionaries. Exits with 78 when there is a fault, and tells every one.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The configuration file [default: gyro.toml, where there is one].
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print each value and where it came from.
    #[arg(long)]
    print: bool,
}

/// The file that is read where none is named.
const FILE: &str = "gyro.toml";

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
    run_with(args, environment.collect(), out, err)
}

fn run_with(
    args: &Args,
    environment: Vec<(String, String)>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Status> {
    let file = match written_file(args.config.as_deref()) {
        Ok(file) => file,
        Err(message) => {
            writeln!(err, "gyro: {message}")?;
            return Ok(Status::Configuration);
        }
    };
    let name = file.as_ref().map_or_else(|| "the defaults".into(), |(name, _)| name.clone());
    let config = match config::read(&Written { file, environment, flags: Vec::new() }) {
        Ok(config) => config,
        Err(faults) => {
            for fault in &faults {
                writeln!(err, "{fault}")?;
            }
            return Ok(Status::Configuration);
        }
    };
    if args.print {
        print_values(&config, out)?;
    }
    // All are looked at, so that all faults are told at once.
    let peers = match profiles(&config.profiles).and_then(|known| gateways(&config.peers, &known)) {
        Ok(_) => {
            writeln!(out, "{name}: sound")?;
            Status::Done
        }
        Err(trouble) => {
            writeln!(err, "{name}: {}", trouble.message)?;
            trouble.status
        }
    };
    let outbox = match outbox::check(&config) {
        Ok(()) => Status::Done,
        Err(message) => {
            writeln!(err, "{name}: {message}")?;
            Status::Configuration
        }
    };
    let tariffs = tariff(&config.tariffs, out, err)?;
    let dictionaries = dictionaries(&config.dictionaries, out, err)?;
    let faulty = [peers, outbox, tariffs, dictionaries].into_iter().find(|status| *status != Status::Done);
    Ok(faulty.unwrap_or(Status::Done))
}

/// The configuration's name and text; none where none is named and none is there.
fn written_file(named: Option<&Path>) -> Result<Option<(String, String)>, String> {
    let path = match named {
        Some(path) => path,
        None if Path::new(FILE).is_file() => Path::new(FILE),
        None => return Ok(None),
    };
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some((path.display().to_string(), text))),
        Err(error) => Err(format!(
            "the configuration {} cannot be read: {error}; `gyro init DIR` writes one",
            path.display()
        )),
    }
}

fn print_values(config: &Config, out: &mut dyn Write) -> io::Result<()> {
    let lines = config.lines();
    let width = |of: fn(&(String, String, String)) -> usize| lines.iter().map(of).max().unwrap_or(0);
    let (names, values) = (width(|(name, ..)| name.len()), width(|(_, value, _)| value.chars().count()));
    for (name, value, origin) in &lines {
        writeln!(out, "{name:names$}  {value:values$}  {origin}")?;
    }
    print::fields(config.peers.iter().map(|peer| ("peer", format!("{peer:?}"))), out)
}

fn dictionaries(files: &[PathBuf], out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    if files.is_empty() {
        return Ok(Status::Done);
    }
    match dictionary_xml::load(DictionaryBuilder::builtin(), files, Role::Override) {
        Ok(loaded) => {
            writeln!(
                out,
                "{} dictionary files: sound, {} AVPs",
                files.len(),
                loaded.dictionary.avps().len()
            )?;
            Ok(Status::Done)
        }
        Err(refused) => {
            writeln!(err, "{refused}")?;
            Ok(Status::Configuration)
        }
    }
}

/// Reads a tariff, a file or a folder, and says what is in it; faults and warnings go to `err`, each with file,
/// line and column. A faulty tariff is [`Status::Configuration`].
pub(super) fn tariff(path: &Path, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let loaded = match tariff::load(path) {
        Ok(loaded) => loaded,
        Err(errors) => {
            writeln!(err, "{errors}")?;
            return Ok(Status::Configuration);
        }
    };
    for version in core::iter::once(&loaded).chain(&loaded.later) {
        for warning in &version.warnings {
            writeln!(err, "warning: {warning}")?;
        }
        summary(path, version, out)?;
    }
    Ok(Status::Done)
}

/// Says what is in a tariff.
pub(super) fn summary(path: &Path, loaded: &tariff::Loaded, out: &mut dyn Write) -> io::Result<()> {
    let catalogue = &loaded.catalogue;
    let plans: Vec<_> = catalogue.plans().map(|(_, plan)| &*plan.name).collect();
    let services: Vec<_> = catalogue.services().map(|(_, service)| &*service.name).collect();
    let from = loaded.valid_from.map(|from| {
        let zone = Zone::named(catalogue.timezone()).unwrap_or(Zone::UTC);
        format!(", valid from {}", zone.rfc3339(from))
    });
    let from = from.unwrap_or_default();
    writeln!(out, "{}: sound, version {:016x}{from}", path.display(), catalogue.version())?;
    writeln!(out, "plans: {}", plans.join(", "))?;
    writeln!(out, "services: {}", services.join(", "))?;
    writeln!(
        out,
        "{} rating groups, {} destinations, {} emergency and free numbers; prices in {}, days of {}",
        catalogue.rating_groups().len(),
        catalogue.destinations().len(),
        catalogue.numbers().listed().len(),
        catalogue.currency().as_str(),
        catalogue.timezone()
    )?;
    bands(catalogue, out)
}

/// Says when each band of time is, and which prices are others in it.
fn bands(catalogue: &Catalogue, out: &mut dyn Write) -> io::Result<()> {
    let places = (0..=u16::MAX).map(BandIx);
    for (band, place) in catalogue.bands().iter().zip(places) {
        writeln!(out, "band {}: {band}", band.name)?;
        for (_, plan) in catalogue.plans() {
            for rate in &plan.rates {
                for inside in rate.bands.iter().filter(|inside| inside.band == place) {
                    let (price, else_price) = (inside.rate.price, rate.price);
                    writeln!(out, "  {}: {} {price} instead of {else_price}", plan.name, rate.name)?;
                }
            }
        }
    }
    let holidays = &catalogue.holidays().written;
    if !holidays.is_empty() {
        writeln!(out, "holidays: {}", holidays.join(", "))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(text: &str, environment: &[(&str, &str)], print: bool) -> (Status, String, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gyro.toml");
        fs::write(&file, text).unwrap();
        let args = Args { config: Some(file), print };
        let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = run_with(&args, environment, &mut out, &mut err).unwrap();
        (status, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    const SOUND: &str = "tariffs = \"examples/tariffs/first.toml\"\n";

    #[test]
    fn a_sound_configuration_is_summed_up_with_its_tariffs() {
        let (status, out, err) = ran(SOUND, &[("GYRO_ADMIN", "127.0.0.1:1")], false);
        assert_eq!((status, &*err), (Status::Done, ""));
        assert!(out.contains("gyro.toml: sound\nexamples/tariffs/first.toml: sound"), "{out}");
    }

    #[test]
    fn each_value_is_printed_with_its_origin() {
        let (status, out, _) = ran(SOUND, &[("GYRO_DATA", "elsewhere")], true);
        assert_eq!(status, Status::Done);
        let line = |name: &str| out.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        assert!(line("data ").contains("elsewhere") && line("data ").ends_with("environment GYRO_DATA"));
        assert!(line("tariffs").contains("gyro.toml:1:"), "{out}");
        assert!(line("diameter.watchdog").ends_with("default"), "{out}");
    }

    #[test]
    fn every_fault_is_told_and_is_configuration() {
        let (status, _, err) =
            ran("tarifs = 1\n[admin]\nlisten = \"0.0.0.0:1\"\n", &[("GYRO_NONE", "1")], false);
        assert_eq!(status, Status::Configuration);
        for part in ["tarifs", "admin.listen", "GYRO_NONE"] {
            assert!(err.contains(part), "{part} is missing in {err}");
        }
        let faulty = format!("{SOUND}[[peer]]\nidentity = \"pgw1\"\nprofile = \"none-such\"\n");
        let (status, _, err) = ran(&faulty, &[], false);
        assert!(status == Status::Configuration && err.contains("none-such"), "{err}");
        let faulty = format!("{SOUND}dictionaries = [\"no/such.xml\"]\n");
        assert_eq!(ran(&faulty, &[], false).0, Status::Configuration);
        assert_eq!(ran("tariffs = \"no/such\"\n", &[], false).0, Status::Configuration);
    }

    #[test]
    fn a_file_that_is_not_there_names_the_way_to_one() {
        let args = Args { config: Some("no/such.toml".into()), print: false };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        assert_eq!(run_with(&args, Vec::new(), &mut out, &mut err).unwrap(), Status::Configuration);
        assert!(String::from_utf8(err).unwrap().contains("`gyro init DIR`"));
    }
}
