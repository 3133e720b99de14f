//! What leaves for others: notices to subscribers, to files and to a webhook, and charging data records, to files.
//!
//! Both were committed with what caused them. Each sink follows the commits on a thread of its own, from where it has
//! got to; how far that is stands in a small file in the data directory, written after what it speaks of is durable. So
//! files have each record once, whatever is killed when; a webhook gets each at least once, under a key by which it
//! knows a repeat. A sink that fails or is slow holds up nothing but itself.

pub mod disk;
pub mod files;
pub mod forms;
pub mod position;
pub mod webhook;
pub mod words;
mod worker;

use core::fmt;
use core::time::Duration;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::store::follow::Ask;
use crate::store::{Class, Sequence};
use crate::telemetry::OutboxMetrics;
use crate::time::Timestamp;

use disk::SystemDisk;
use files::{Files, Shape};
use words::{Locale, Templates};
use worker::{FileWorker, Form, WebhookWorker};

/// The form of charging data records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CdrForm {
    /// JSON, one object a line.
    Json,
    /// CSV with a head.
    Csv,
}

/// Files of one kind.
#[derive(Clone, Debug)]
pub struct FileSettings {
    /// Their directory.
    pub dir: PathBuf,
    /// A file ends with the record that brings it to so many octets.
    pub most_octets: u64,
    /// A file ends after so long.
    pub every: Duration,
}

/// A webhook.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Where it is posted to: `http://…`.
    pub url: String,
    /// After so long a message is given up.
    pub give_up: Duration,
}

/// Reads the clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What is delivered, and where.
pub struct Settings {
    /// The data directory: positions stand in it.
    pub data: PathBuf,
    /// Notices in files.
    pub notices: Option<FileSettings>,
    /// Notices posted.
    pub webhook: Option<WebhookSettings>,
    /// Charging data records in files.
    pub cdrs: Option<(FileSettings, CdrForm)>,
    /// The words of notices.
    pub templates: Templates,
    /// How figures are written.
    pub locale: Locale,
    /// The clock.
    pub clock: Clock,
    /// The figures.
    pub metrics: OutboxMetrics,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("data", &self.data).finish_non_exhaustive()
    }
}

impl Settings {
    /// Whether notices are to be gathered.
    pub const fn takes_notices(&self) -> bool {
        self.notices.is_some() || self.webhook.is_some()
    }

    /// The classes of records that are followed; none where there is no sink.
    pub fn classes(&self) -> Vec<Class> {
        let notices = self.takes_notices().then_some(Class::Notice);
        notices.into_iter().chain(self.cdrs.as_ref().map(|_| Class::Cdr)).collect()
    }

    /// Starts the sinks, each on its thread; the store's last batch is `last`, and nothing new is committed before this
    /// returns. Gives the threads that write files: they end by themselves when the store has.
    pub fn start(
        self,
        last: Sequence,
        ask: impl Fn(Ask) -> bool + Clone + Send + 'static,
    ) -> io::Result<Vec<JoinHandle<()>>> {
        let Self { data, notices, webhook, cdrs, templates, locale, clock, metrics } = self;
        std::fs::create_dir_all(data.join("outbox"))?;
        let templates = Arc::new(templates);
        let mut threads = Vec::new();
        let mut begin = |sink: &'static str, class, settings: FileSettings, extension, form: Form| {
            let FileSettings { dir, most_octets, every } = settings;
            std::fs::create_dir_all(&dir)?;
            let stem = if class == Class::Cdr { "cdr" } else { "notices" };
            let header = matches!(form, Form::CdrCsv(_)).then(forms::head);
            let shape = Shape { dir, stem, extension, header, most_octets, every };
            let position = position::path(&data, sink);
            let opened =
                Files::open(shape.clone(), Box::<SystemDisk>::default(), position.clone(), last.number())?;
            let worker = FileWorker {
                sink,
                class,
                form,
                shape,
                position,
                last: last.number(),
                clock: Arc::clone(&clock),
                metrics: metrics.sink(sink),
            };
            let ask = ask.clone();
            let name = format!("gyro-{sink}");
            threads.push(thread::Builder::new().name(name).spawn(move || worker.run(opened, &ask))?);
            io::Result::Ok(())
        };
        if let Some(files) = notices {
            let form = Form::Notice(Arc::clone(&templates), locale.clone());
            begin("notices", Class::Notice, files, "jsonl", form)?;
        }
        if let Some((files, form)) = cdrs {
            let zone = locale.zone.clone();
            let (extension, form) = match form {
                CdrForm::Json => ("jsonl", Form::CdrJson(zone)),
                CdrForm::Csv => ("csv", Form::CdrCsv(zone)),
            };
            begin("cdr", Class::Cdr, files, extension, form)?;
        }
        if let Some(settings) = webhook {
            let path = position::path(&data, "webhook");
            let worker = WebhookWorker::open(
                settings,
                Form::Notice(templates, locale),
                path,
                last.number(),
                (clock, metrics.sink("webhook")),
            )?;
            // A post may take its time: it is not waited for at the end, and posted again after it.
            thread::Builder::new().name("gyro-webhook".into()).spawn(move || worker.run(&ask))?;
        }
        Ok(threads)
    }
}
