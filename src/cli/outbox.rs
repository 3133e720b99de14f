//! What is delivered to others, as configured: notices and charging data records.

use std::path::PathBuf;
use std::sync::Arc;

use crate::charging::account::told::Thresholds;
use crate::charging::catalogue::Catalogue;
use crate::charging::cdr::CdrPolicy;
use crate::charging::notice::{Language, NoticePolicy};
use crate::charging::units::Money;
use crate::config::Config;
use crate::outbox::files::try_dir;
use crate::outbox::words::{Locale, Templates};
use crate::outbox::{CdrForm, Clock, FileSettings, Settings, WebhookSettings};
use crate::telemetry::OutboxMetrics;
use crate::time::Zone;

fn trouble(key: &str, message: impl core::fmt::Display) -> String {
    format!("{key}: {message}")
}

fn path(config: &Config, key: &str) -> Option<PathBuf> {
    Some(config.text(key)).filter(|text| !text.is_empty()).map(PathBuf::from)
}

fn octets(config: &Config, key: &str) -> u64 {
    u64::try_from(config.number(key)).unwrap_or(u64::MAX)
}

/// Whether somebody takes notices, and whether somebody takes charging data records.
pub(super) fn gathered(config: &Config) -> (bool, bool) {
    let is_set = |key: &str| !config.text(key).is_empty();
    (is_set("notifications.dir") || is_set("notifications.webhook"), is_set("cdr.dir"))
}

/// What is gathered: nothing that nobody takes.
pub(super) fn policies(config: &Config) -> Result<(NoticePolicy, CdrPolicy), String> {
    let percent = |text: &String| text.trim().strip_suffix('%')?.trim_end().parse::<u8>().ok();
    let written = config.texts("notifications.thresholds");
    let thresholds: Option<Vec<u8>> = written.iter().map(percent).collect();
    let thresholds = thresholds.and_then(|percents| Thresholds::new(&percents)).ok_or_else(|| {
        let found = written.join(", ");
        trouble("notifications.thresholds", format!("up to four of 1% to 100%, like \"80%\"; found {found}"))
    })?;
    let below = i64::try_from(config.number("notifications.low_balance")).unwrap_or(i64::MAX);
    let below = Money::from_cents(below.saturating_mul(100)).filter(|below| below.is_positive());
    let (notices, records) = gathered(config);
    let notices = NoticePolicy { on: notices, thresholds, low_balance: below };
    let cdr = CdrPolicy {
        on: records,
        part_time: config.span("cdr.part_time"),
        part_octets: octets(config, "cdr.part_volume"),
    };
    Ok((notices, cdr))
}

/// The words of messages: ours, and those of the operator's file over them.
pub(super) fn templates(config: &Config) -> Result<Templates, String> {
    let Some(path) = path(config, "notifications.templates") else { return Ok(Templates::default()) };
    let content = std::fs::read_to_string(&path)
        .map_err(|error| trouble("notifications.templates", format!("{}: {error}", path.display())))?;
    Templates::read(&content).map_err(|faults| {
        trouble("notifications.templates", format!("{}: {}", path.display(), faults.join("\n")))
    })
}

fn webhook(config: &Config) -> Result<Option<WebhookSettings>, String> {
    let url = config.text("notifications.webhook");
    if url.is_empty() {
        return Ok(None);
    }
    let host = url.strip_prefix("http://").map(|rest| rest.split('/').next().unwrap_or(""));
    if host.is_none_or(str::is_empty) {
        let why = "written as http://HOST:PORT/PATH; TLS is left to a relay beside the server";
        return Err(trouble("notifications.webhook", format!("{why}, found {url}")));
    }
    Ok(Some(WebhookSettings { url, give_up: config.span("notifications.give_up") }))
}

fn folder(config: &Config, section: &str) -> Option<FileSettings> {
    let dir = path(config, &format!("{section}.dir"))?;
    let most_octets = octets(config, &format!("{section}.rotate_size"));
    Some(FileSettings { dir, most_octets, every: config.span(&format!("{section}.rotate_every")) })
}

/// Checks all that can be checked without starting anything.
pub(super) fn check(config: &Config) -> Result<(), String> {
    policies(config)?;
    templates(config)?;
    webhook(config).map(|_| ())
}

/// The sinks; none where nothing is to be delivered.
pub(super) fn sinks(
    config: &Config,
    catalogue: &Catalogue,
    clock: Clock,
    metrics: OutboxMetrics,
) -> Result<Option<Settings>, String> {
    let (notices, cdrs) = (folder(config, "notifications"), folder(config, "cdr"));
    for (key, dir) in [("notifications.dir", &notices), ("cdr.dir", &cdrs)] {
        if let Some(FileSettings { dir, .. }) = dir {
            try_dir(dir).map_err(|error| {
                trouble(key, format!("files cannot be written in {}: {error}", dir.display()))
            })?;
        }
    }
    let form = if config.text("cdr.format") == "csv" { CdrForm::Csv } else { CdrForm::Json };
    let code = catalogue.currency().code;
    let currency = match &code {
        b"KZT" => "₸".into(),
        code => String::from_utf8_lossy(code).into_owned(),
    };
    let settings = Settings {
        data: config.data.clone(),
        notices,
        webhook: webhook(config)?,
        cdrs: cdrs.map(|files| (files, form)),
        templates: templates(config)?,
        locale: Locale {
            zone: Zone::named(catalogue.timezone()).unwrap_or(Zone::UTC),
            currency,
            language: Language::of(&config.text("notifications.language")).unwrap_or(Language::Kazakh),
        },
        clock,
        metrics,
    };
    Ok((!settings.classes().is_empty()).then_some(settings))
}

/// The policies of a command that opens the store itself: what a server has begun to deliver from this directory goes on
/// being gathered, and is delivered when the server is started.
pub(super) fn policies_of(data: &std::path::Path) -> (NoticePolicy, CdrPolicy) {
    let follows = |sink: &str| crate::outbox::position::path(data, sink).is_file();
    let notices = NoticePolicy { on: follows("notices") || follows("webhook"), ..NoticePolicy::default() };
    (notices, CdrPolicy { on: follows("cdr"), ..CdrPolicy::default() })
}

/// A clock of the outbox.
pub(super) fn clock(clock: crate::server::Clock) -> Clock {
    Arc::new(move || clock.now().wall)
}
