//! Tariff files: TOML and CSV to a checked catalogue. The only place that knows the file form.
//!
//! A tariff is one file or a folder of `*.toml`, taken together in the order of their names. All that was
//! read is kept as one content, by which a catalogue has its version and can be made again. Files of a folder with
//! another `valid_from` are another version, whole in itself (`RES-3`).

mod error;
mod place;
mod rows;
mod source;
mod toml_file;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

pub use error::{Problem, Report, TariffErrors};

use self::place::{Place, Places};
use self::source::Source;
use crate::charging::catalogue::Catalogue;
use crate::charging::catalogue::build::{self, Document, Fault, FaultKind, Noun, Trial, Value};
use crate::time::Timestamp;

/// The largest file that is read, in octets.
const FILE_MAX: u64 = 64 << 20;
/// The most tariff files of a folder.
const FILES_MAX: usize = 1_000;

/// A tariff that was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The catalogue; its version is the hash of `source`.
    pub catalogue: Catalogue,
    /// All that was read, to be kept: [`load_from_source`] makes the same catalogue from it.
    pub source: Vec<u8>,
    /// What is allowed and probably not meant.
    pub warnings: Vec<Report>,
    /// The tests that it carries.
    pub tests: Vec<Test>,
    /// From when on it is to be in force; none: from the beginning, or as soon as it is there.
    pub valid_from: Option<Timestamp>,
    /// The versions of the same folder that come after it, in the order of their `valid_from`.
    pub later: Vec<Loaded>,
}

/// A test that a tariff carries, and where it stands.
#[derive(Clone, Debug)]
pub struct Test {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What it says.
    pub trial: Trial,
}

impl Loaded {
    /// The version that is in force at that time, of this one and those after it; the others are left, those that come
    /// into force later in [`Loaded::later`].
    #[must_use]
    pub fn in_force(mut self, now: Timestamp) -> Self {
        while self.later.first().is_some_and(|next| next.valid_from.is_none_or(|from| from <= now)) {
            let mut next = self.later.remove(0);
            next.later = self.later;
            self = next;
        }
        self
    }
}

/// Reads a tariff: a file, or a folder of `*.toml`. Of several versions it is the one that comes first.
pub fn load(path: &Path) -> Result<Loaded, TariffErrors> {
    let (folder, names) = tariff_files(path).map_err(|problem| alone(path, problem))?;
    let mut sources: BTreeMap<Option<String>, Source> = BTreeMap::new();
    for name in &names {
        let file = folder.join(name);
        let text = read_text(&file).map_err(|problem| alone(&file, problem))?;
        sources.entry(written_moment(name, &text)).or_default().insert(name, &text);
    }
    let (mut versions, mut errors) = (Vec::new(), Vec::new());
    for source in sources.into_values() {
        match load_version(&folder, source) {
            Ok(loaded) => versions.push(loaded),
            Err(told) => errors.extend(told.errors),
        }
    }
    versions.sort_by_key(|loaded| loaded.valid_from);
    let same = versions.windows(2).any(|pair| match pair {
        [one, other] => one.valid_from == other.valid_from,
        _ => false,
    });
    if same {
        errors.extend(alone(path, Problem::SameMoment).errors);
    }
    let mut versions = versions.into_iter();
    match versions.next() {
        Some(first) if errors.is_empty() => Ok(Loaded { later: versions.collect(), ..first }),
        _ => Err(TariffErrors { errors }),
    }
}

/// What a file says of when it comes into force, as it is written.
fn written_moment(name: &str, text: &str) -> Option<String> {
    let document = toml_file::read(&mut Places::default(), name, text).ok()?;
    match &document.root.get("valid_from")?.value {
        Value::Text(text) | Value::Moment(text) => Some(text.to_string()),
        _ => None,
    }
}

/// Reads a version: its files, and those that they name.
fn load_version(folder: &Path, mut source: Source) -> Result<Loaded, TariffErrors> {
    let mut missing = BTreeMap::new();
    for name in files_named(&source) {
        if source.text(&name).is_none() && is_inside(&name) {
            match read_text(&folder.join(&*name)) {
                Ok(text) => source.insert(&name, &text),
                Err(problem) => drop(missing.insert(name, problem)),
            }
        }
    }
    interpret(&source, source.to_octets(), folder, &missing)
}

/// Makes a catalogue from the content that [`load`] handed out.
pub fn load_from_source(octets: &[u8]) -> Result<Catalogue, TariffErrors> {
    read_source(octets).map(|loaded| loaded.catalogue)
}

/// Reads the content that [`load`] handed out, with all that it says.
pub fn read_source(octets: &[u8]) -> Result<Loaded, TariffErrors> {
    let source = Source::from_octets(octets).ok_or_else(|| alone(Path::new("tariff"), Problem::NotKept))?;
    interpret(&source, octets.to_vec(), Path::new(""), &BTreeMap::new())
}

/// The folder, and the names of the tariff files in it, sorted.
fn tariff_files(path: &Path) -> Result<(PathBuf, Vec<String>), Problem> {
    let unreadable = |error: &io::Error| Problem::Unreadable(reason(error).into());
    if !fs::metadata(path).map_err(|error| unreadable(&error))?.is_dir() {
        let name = path.file_name().and_then(|name| name.to_str()).ok_or(Problem::NotText)?;
        if !source::is_tariff(name) {
            return Err(Problem::NotToml);
        }
        return Ok((path.parent().unwrap_or(Path::new("")).to_owned(), vec![name.to_owned()]));
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| unreadable(&error))? {
        let name = entry.map_err(|error| unreadable(&error))?.file_name();
        let Some(name) = name.to_str() else { continue };
        if source::is_tariff(name) && !name.starts_with('.') {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    match names.len() {
        0 => Err(Problem::NoTariff),
        len if len > FILES_MAX => Err(Problem::TooMany { most: FILES_MAX }),
        _ => Ok((path.to_owned(), names)),
    }
}

fn read_text(path: &Path) -> Result<String, Problem> {
    let unreadable = |error: io::Error| Problem::Unreadable(reason(&error).into());
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut octets = Vec::new();
    let read = file.take(FILE_MAX.saturating_add(1)).read_to_end(&mut octets).map_err(unreadable)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > FILE_MAX {
        return Err(Problem::TooLarge { most: FILE_MAX });
    }
    let text = String::from_utf8(octets).map_err(|_| Problem::NotText)?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(text) => text.to_owned(),
        None => text,
    })
}

/// Why a file cannot be read, without the number of the system's error.
fn reason(error: &io::Error) -> String {
    let told = error.to_string();
    told.split(" (os error").next().unwrap_or(&told).to_owned()
}

/// Whether a name leads to a file in the folder or below it that is no tariff of its own.
fn is_inside(name: &str) -> bool {
    let inside =
        Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    inside && !source::is_tariff(name)
}

/// The files that the tariffs name. One that is no TOML names none; that is told later.
fn files_named(source: &Source) -> Vec<Box<str>> {
    let mut named = Vec::new();
    for (name, text) in source.tariffs() {
        if let Ok(mut document) = toml_file::read(&mut Places::default(), name, text) {
            for_each_file(&mut document, |_, value| {
                if let Value::Text(file) = value {
                    named.push(file.clone());
                }
            });
        }
    }
    named
}

/// Calls `act` with every `file` of a destination: where it stands, and its value.
fn for_each_file(document: &mut Document, mut act: impl FnMut(build::Origin, &mut Value)) {
    let sections = document.root.entries.iter_mut().filter(|entry| &*entry.key == "destinations");
    for section in sections {
        let Value::Table(destinations) = &mut section.value.value else { continue };
        for destination in &mut destinations.entries {
            let Value::Table(table) = &mut destination.value.value else { continue };
            for entry in table.entries.iter_mut().filter(|entry| &*entry.key == "file") {
                act(entry.value.origin, &mut entry.value.value);
            }
        }
    }
}

/// Makes the catalogue, and what is to be told of it.
fn interpret(
    source: &Source,
    octets: Vec<u8>,
    folder: &Path,
    missing: &BTreeMap<Box<str>, Problem>,
) -> Result<Loaded, TariffErrors> {
    let version = source::version(&octets);
    let mut places = Places::default();
    let mut problems: Vec<(Place, Problem)> = Vec::new();
    let mut documents = Vec::new();
    let mut unread = false;
    for (name, text) in source.tariffs() {
        match toml_file::read(&mut places, name, text) {
            Ok(document) => documents.push(document),
            Err(problem) => {
                unread = true;
                problems.push(problem);
            }
        }
    }
    for document in &mut documents {
        for_each_file(document, |origin, value| {
            let Value::Text(file) = value else { return };
            let file = file.clone();
            let mut rows = Vec::new();
            let problem = match source.text(&file).filter(|_| is_inside(&file)) {
                Some(text) => {
                    let faults;
                    (rows, faults) = rows::read(&mut places, &file, text);
                    problems.extend(faults);
                    None
                }
                None if !is_inside(&file) => Some(Problem::Elsewhere { file }),
                None => {
                    let why = match missing.get(&file) {
                        Some(Problem::Unreadable(why)) => why.clone(),
                        Some(other) => other.to_string().into(),
                        None => "it was not kept".into(),
                    };
                    Some(Problem::Rows { file, why })
                }
            };
            problems.extend(problem.and_then(|problem| Some((places.get(origin)?.clone(), problem))));
            *value = Value::Rows(rows);
        });
    }
    let context = Context { source, folder, places: &places };
    let mut errors: Vec<_> =
        problems.into_iter().map(|(place, problem)| context.report(&place, problem)).collect();
    // What TOML files say together is judged when all of them can be read.
    let built = if unread { None } else { Some(build::build(version, &documents)) };
    match built {
        Some(Ok(built)) if errors.is_empty() => {
            let tests = built.trials.into_iter().filter_map(|trial| {
                let place = places.get(trial.origin)?;
                let line = place::show(source.text(&place.file)?, &place.span).line;
                Some(Test { file: folder.join(&*place.file), line, trial })
            });
            let tests = tests.collect();
            let warnings = context.reports(built.warnings);
            let valid_from = built.valid_from;
            let later = Vec::new();
            Ok(Loaded { catalogue: built.catalogue, source: octets, warnings, tests, valid_from, later })
        }
        built => {
            let broken = !errors.is_empty();
            // a row that cannot be read may be the destination that is not known
            let follows = |fault: &Fault| {
                broken && matches!(fault.kind, FaultKind::Unknown { noun: Noun::Destination, .. })
            };
            let faults = built.and_then(Result::err).unwrap_or_default();
            errors.extend(context.reports(faults.into_iter().filter(|fault| !follows(fault)).collect()));
            errors.sort_by_key(|report| (report.file.clone(), report.line, report.column));
            Err(TariffErrors { errors })
        }
    }
}

/// One error of a whole file.
fn alone(file: &Path, problem: Problem) -> TariffErrors {
    let report =
        Report { file: file.to_owned(), line: None, column: None, excerpt: None, problem, other: None };
    TariffErrors { errors: vec![report] }
}

/// What turns origins and places into what an operator sees.
struct Context<'a> {
    source: &'a Source,
    folder: &'a Path,
    places: &'a Places,
}

impl Context<'_> {
    fn report(&self, place: &Place, problem: Problem) -> Report {
        let shown = place::show(self.source.text(&place.file).unwrap_or(""), &place.span);
        Report {
            file: self.folder.join(&*place.file),
            line: Some(shown.line),
            column: Some(shown.column),
            excerpt: Some(shown.excerpt.into()),
            problem,
            other: None,
        }
    }

    /// The faults in the order of files and lines.
    fn reports(&self, mut faults: Vec<Fault>) -> Vec<Report> {
        faults.sort_by_key(|fault| fault.origin);
        let told = faults.into_iter().filter_map(|fault| {
            let mut report = self.report(self.places.get(fault.origin)?, Problem::Fault(fault.kind));
            report.other = fault.other.and_then(|other| {
                let place = self.places.get(other)?;
                let shown = place::show(self.source.text(&place.file)?, &place.span);
                Some((self.folder.join(&*place.file), shown.line, shown.column))
            });
            Some(report)
        });
        told.collect()
    }
}
