//! Dialogues as a ladder: what the gateway says on the left, what the server says on the right.

use std::io::{self, Write};

use crate::charging::request::Measured;
use crate::ro::cca::Cca;
use crate::ro::ccr::{Ccr, RequestType};
use crate::ro::final_unit::FinalAction;
use crate::ro::mscc::{Mscc, MsccAnswer};

/// Writes ladders.
pub(super) struct Ladder<'a> {
    out: &'a mut dyn Write,
}

/// How wide the gateway's side is, in characters.
const LEFT: usize = 46;

impl<'a> Ladder<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out }
    }

    /// A line, shown at once: people watch.
    fn line(&mut self, text: core::fmt::Arguments<'_>) -> io::Result<()> {
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }

    /// Begins a dialogue.
    pub(super) fn title(&mut self, title: &str) -> io::Result<()> {
        self.line(format_args!("\n{title}"))
    }

    /// A line of its own below a dialogue.
    pub(super) fn note(&mut self, note: &str) -> io::Result<()> {
        self.line(format_args!("  = {note}"))
    }

    /// A request.
    pub(super) fn request(&mut self, ccr: &Ccr<'_>, remark: &str) -> io::Result<()> {
        let kind = match ccr.request_type {
            RequestType::Initial => 'I',
            RequestType::Update => 'U',
            RequestType::Termination => 'T',
            RequestType::Event => 'E',
        };
        let mut text = format!("CCR-{kind} {}", ccr.number);
        if let Some(called) = ccr.information.called {
            text.push_str(&format!(", to {called}"));
        }
        for recipient in &ccr.information.recipients {
            text.push_str(&format!(", to {}", recipient.address));
        }
        for mscc in &ccr.msccs {
            text.push_str(&asked(mscc));
        }
        text.push_str(remark);
        self.line(format_args!("  {text:<LEFT$} -->"))
    }

    /// Something else that the gateway does.
    pub(super) fn says(&mut self, text: &str) -> io::Result<()> {
        self.line(format_args!("  {text:<LEFT$} -->"))
    }

    /// Something else that the server does.
    pub(super) fn hears(&mut self, text: &str) -> io::Result<()> {
        self.line(format_args!("  {:LEFT$} <-- {text}", ""))
    }

    /// An answer.
    pub(super) fn answer(&mut self, cca: &Cca<'_>) -> io::Result<()> {
        let mut text = cca.result_code.get().to_string();
        for mscc in &cca.msccs {
            text.push_str(&told(mscc));
        }
        self.line(format_args!("  {:LEFT$} <-- {text}", ""))
    }
}

fn group(rating_group: Option<u32>) -> String {
    rating_group.map(|group| format!(", group {group}")).unwrap_or_default()
}

fn asked(mscc: &Mscc) -> String {
    let mut text = group(mscc.rating_group);
    for used in &mscc.used {
        text.push_str(&format!(" used {}", amount(&used.measured)));
    }
    if mscc.requested.is_some() {
        text.push_str(if mscc.used.is_empty() { " asks" } else { ", asks" });
    }
    text
}

fn told(mscc: &MsccAnswer<'_>) -> String {
    let mut text = group(mscc.rating_group);
    match (&mscc.granted, mscc.result_code) {
        (Some(granted), _) => text.push_str(&format!(" granted {}", amount(granted))),
        (None, Some(code)) => text.push_str(&format!(" {}", code.get())),
        (None, None) => {}
    }
    if let Some(validity) = mscc.validity {
        text.push_str(&format!(" for {validity} s"));
    }
    let Some(last) = &mscc.final_unit else { return text };
    let redirected = last.redirect.map(|server| format!("redirected to {}", server.address));
    match (last.action, redirected, &mscc.granted) {
        (FinalAction::Redirect, Some(redirected), None) => text.push_str(&format!(", {redirected}")),
        (FinalAction::Redirect, Some(redirected), Some(_)) => {
            text.push_str(&format!(", the last, then {redirected}"));
        }
        _ => text.push_str(", the last"),
    }
    text
}

fn amount(measured: &Measured) -> String {
    let both = || Some(measured.input_octets?.saturating_add(measured.output_octets?));
    let octets = measured.total_octets.or_else(both).map(octets);
    let seconds = measured.seconds.map(|seconds| format!("{seconds} s"));
    let pieces = measured.pieces.map(|pieces| format!("{pieces}"));
    octets.or(seconds).or(pieces).unwrap_or_else(|| "nothing".into())
}

fn octets(octets: u64) -> String {
    const MIB: u64 = 1 << 20;
    if octets.is_multiple_of(MIB) { format!("{} MiB", octets / MIB) } else { format!("{octets} octets") }
}
