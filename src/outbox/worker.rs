//! The threads of the sinks.

use core::time::Duration;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use serde_json::Value;
use ureq::Agent;

use super::disk::{Disk, SystemDisk};
use super::files::{Files, Shape};
use super::position::{self, Position};
use super::webhook::{Failed, Message, Queue};
use super::words::{Locale, Templates};
use super::{Clock, WebhookSettings, forms};
use crate::store::follow::{Ask, Followed, Page};
use crate::store::record::{cdr, notice};
use crate::store::{Class, Sequence};
use crate::telemetry::SinkMetrics;
use crate::time::Zone;

/// How long a sink rests after a page: what comes meanwhile is one page, and one sync.
const REST: Duration = Duration::from_millis(500);

/// How long it waits for a page before it looks whether its file is old enough.
const LOOK: Duration = Duration::from_secs(1);

/// How long it rests after a failure.
const AGAIN: Duration = Duration::from_secs(2);

/// Messages that wait for a webhook, at most: the rest waits in the store.
const IN_HAND: usize = 256;

/// How long a post may take.
const POST: Duration = Duration::from_secs(10);

/// How a record is written.
pub(super) enum Form {
    Notice(Arc<Templates>, Locale),
    CdrJson(Zone),
    CdrCsv(Zone),
}

fn id(followed: &Followed) -> String {
    format!("{}-{}", followed.sequence, followed.place)
}

impl Form {
    /// A record as a line under a number.
    fn line(&self, followed: &Followed, number: u64) -> Result<String, String> {
        let unreadable = |error| format!("record {} cannot be read: {error}", id(followed));
        match self {
            Self::Notice(templates, locale) => {
                let notice = notice::decode(&followed.value).map_err(unreadable)?;
                let mut fields = forms::notice(&notice, &id(followed), templates, locale);
                fields.insert("number".into(), number.into());
                Ok(Value::Object(fields).to_string())
            }
            Self::CdrJson(zone) => {
                let cdr = cdr::decode(&followed.value).map_err(unreadable)?;
                Ok(forms::json_line(&cdr, number, &id(followed), zone))
            }
            Self::CdrCsv(zone) => {
                let cdr = cdr::decode(&followed.value).map_err(unreadable)?;
                Ok(forms::csv_line(&cdr, number, &id(followed), zone))
            }
        }
    }

    /// A notice as it is posted.
    fn message(&self, followed: &Followed) -> Result<Option<Message>, String> {
        let Self::Notice(templates, locale) = self else { return Ok(None) };
        let notice = notice::decode(&followed.value)
            .map_err(|error| format!("record {} cannot be read: {error}", id(followed)))?;
        let body = Value::Object(forms::notice(&notice, &id(followed), templates, locale)).to_string();
        let place = (followed.sequence.number(), followed.place);
        Ok(Some(Message { place, msisdn: notice.msisdn, body }))
    }
}

/// Whether a record was not delivered before.
fn is_new(followed: &Followed, position: &Position) -> bool {
    let sequence = followed.sequence.number();
    let next = position.sequence.saturating_add(1);
    sequence > next || (sequence == next && followed.place >= position.of_next)
}

/// Writes records into files.
pub(super) struct FileWorker {
    pub(super) sink: &'static str,
    pub(super) class: Class,
    pub(super) form: Form,
    pub(super) shape: Shape,
    pub(super) position: PathBuf,
    pub(super) last: u64,
    pub(super) clock: Clock,
    pub(super) metrics: SinkMetrics,
}

impl FileWorker {
    pub(super) fn run(self, opened: (Files, Option<String>), ask: &dyn Fn(Ask) -> bool) {
        let mut opened = Some(opened);
        loop {
            let files = match opened.take() {
                Some(files) => Ok(files),
                None => {
                    let disk = Box::<SystemDisk>::default();
                    Files::open(self.shape.clone(), disk, self.position.clone(), self.last)
                }
            };
            let ended = files.and_then(|(files, wrong)| {
                if let Some(wrong) = wrong {
                    self.metrics.failures.inc();
                    tracing::error!(sink = self.sink, "{wrong}");
                }
                self.follow(files, ask)
            });
            match ended {
                Ok(()) => return,
                Err(error) => {
                    self.metrics.failures.inc();
                    let dir = self.shape.dir.display();
                    tracing::error!(sink = self.sink, %error, "{dir} cannot be written: nothing is lost, it is tried again");
                    thread::park_timeout(AGAIN);
                }
            }
        }
    }

    /// Follows until the store ends.
    fn follow(&self, mut files: Files, ask: &dyn Fn(Ask) -> bool) -> io::Result<()> {
        loop {
            let (reply, page) = channel();
            let after = Sequence::new(files.position().sequence);
            if !ask(Ask { class: self.class, after, reply }) {
                return files.flush();
            }
            let Some(page) = self.wait(&mut files, &page)? else { return files.flush() };
            let Page { through, applied, records, missing, problem, last } = page;
            self.metrics.waits(records.len(), applied.number().saturating_sub(after.number()));
            self.metrics.lost.inc_by(missing);
            let now = (self.clock)();
            let before = files.position().clone();
            for followed in records.iter().filter(|followed| is_new(followed, &before)) {
                match self.form.line(followed, files.number()) {
                    Ok(line) => {
                        files.put(&line, (followed.sequence.number(), followed.place), now)?;
                        self.metrics.delivered.inc();
                    }
                    Err(unreadable) => {
                        self.metrics.lost.inc();
                        tracing::error!(sink = self.sink, "{unreadable}");
                    }
                }
            }
            files.through(through.number());
            files.turn(now)?;
            files.flush()?;
            self.metrics.waits(0, applied.number().saturating_sub(through.number()));
            if let Some(problem) = problem {
                return Err(io::Error::other(problem));
            }
            if last {
                return Ok(());
            }
            if through >= applied {
                thread::park_timeout(REST);
            }
        }
    }

    /// The next page; meanwhile a file that is old enough ends. None where the store has ended.
    fn wait(&self, files: &mut Files, page: &Receiver<Page>) -> io::Result<Option<Page>> {
        loop {
            match page.recv_timeout(LOOK) {
                Ok(page) => return Ok(Some(page)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => files.turn((self.clock)())?,
            }
        }
    }
}

/// Posts notices.
pub(super) struct WebhookWorker {
    url: String,
    form: Form,
    agent: Agent,
    queue: Queue,
    disk: SystemDisk,
    path: PathBuf,
    noted: Position,
    /// Everything up to this batch is in the queue, or done.
    read: u64,
    applied: u64,
    clock: Clock,
    metrics: SinkMetrics,
}

impl WebhookWorker {
    pub(super) fn open(
        settings: WebhookSettings,
        form: Form,
        path: PathBuf,
        last: u64,
        (clock, metrics): (Clock, SinkMetrics),
    ) -> io::Result<Self> {
        let mut disk = SystemDisk::default();
        let noted = match position::load(&mut disk, &path)? {
            Some(noted) => noted,
            None => {
                let begin = Position { sequence: last, of_next: 0, number: 1, file: None };
                position::store(&mut disk, &path, &begin)?;
                begin
            }
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(0)
            .timeout_global(Some(POST))
            .build();
        Ok(Self {
            url: settings.url,
            form,
            agent: Agent::new_with_config(config),
            queue: Queue::new(settings.give_up),
            disk,
            path,
            read: noted.sequence,
            applied: last,
            noted,
            clock,
            metrics,
        })
    }

    pub(super) fn run(mut self, ask: &dyn Fn(Ask) -> bool) {
        let mut coming: Option<Receiver<Page>> = None;
        let begun = self.noted.clone();
        loop {
            if coming.is_none() && self.queue.len() < IN_HAND {
                let (reply, page) = channel();
                let after = Sequence::new(self.read);
                if !ask(Ask { class: Class::Notice, after, reply }) {
                    return self.note();
                }
                coming = Some(page);
            }
            match coming.as_ref().map(|page| page.recv_timeout(self.pause())) {
                Some(Ok(page)) => {
                    coming = None;
                    let last = page.last;
                    self.take(page, &begun);
                    if last {
                        return self.note();
                    }
                }
                Some(Err(RecvTimeoutError::Disconnected)) => return self.note(),
                Some(Err(RecvTimeoutError::Timeout)) => {}
                None => thread::park_timeout(self.pause()),
            }
            self.post_all();
            self.note();
        }
    }

    /// How long nothing is to be posted, at most a second.
    fn pause(&self) -> Duration {
        let now = (self.clock)();
        self.queue.next_at().map_or(LOOK, |next| next.since(now).min(LOOK))
    }

    fn take(&mut self, page: Page, begun: &Position) {
        let Page { through, applied, records, missing, problem, last: _ } = page;
        let now = (self.clock)();
        self.metrics.lost.inc_by(missing);
        for followed in records.iter().filter(|followed| is_new(followed, begun)) {
            match self.form.message(followed) {
                Ok(message) => message.into_iter().for_each(|message| self.queue.push(message, now)),
                Err(unreadable) => {
                    self.metrics.lost.inc();
                    tracing::error!(sink = "webhook", "{unreadable}");
                }
            }
        }
        (self.read, self.applied) = (through.number(), applied.number());
        if let Some(problem) = problem {
            self.metrics.failures.inc();
            tracing::error!(sink = "webhook", %problem, "what is to be posted cannot be read: it is tried again");
            thread::park_timeout(AGAIN);
        }
    }

    /// Posts what can be posted now, for a while: what comes meanwhile is looked at between.
    fn post_all(&mut self) {
        for _ in 0..IN_HAND {
            let now = (self.clock)();
            let Some(message) = self.queue.next(now).cloned() else { break };
            let posted = self
                .agent
                .post(&self.url)
                .header("content-type", "application/json")
                .header("idempotency-key", message.id())
                .send(&message.body);
            let why = match posted.map(|response| response.status().as_u16()) {
                Ok(200..=299) => {
                    self.metrics.delivered.inc();
                    self.queue.delivered(message.place);
                    continue;
                }
                // the message is at fault: others go on
                Ok(status @ (400..=407 | 409..=428 | 430..=499)) => {
                    (Failed::Message, format!("status {status}"))
                }
                Ok(status) => (Failed::Side, format!("status {status}")),
                Err(error) => (Failed::Side, error.to_string()),
            };
            self.metrics.failures.inc();
            let (failed, said) = why;
            let now = (self.clock)();
            if self.queue.failed(message.place, failed, now) {
                self.metrics.lost.inc();
                tracing::error!(id = message.id(), said, "a notice is given up: the webhook did not take it");
            } else {
                tracing::warn!(
                    id = message.id(),
                    said,
                    "the webhook did not take a notice: it is posted again"
                );
            }
        }
        self.metrics.waits(self.queue.len(), self.applied.saturating_sub(self.read));
    }

    /// Notes up to where all is done.
    fn note(&mut self) {
        let done = match self.queue.first() {
            Some((sequence, place)) => (sequence.saturating_sub(1), place),
            None => (self.read, 0),
        };
        if done == (self.noted.sequence, self.noted.of_next) {
            return;
        }
        let position = Position { sequence: done.0, of_next: done.1, ..self.noted.clone() };
        let disk: &mut dyn Disk = &mut self.disk;
        match position::store(disk, &self.path, &position) {
            Ok(()) => self.noted = position,
            Err(error) => {
                self.metrics.failures.inc();
                tracing::error!(%error, "{} cannot be written: what was posted is posted again after a restart", self.path.display());
            }
        }
    }
}
