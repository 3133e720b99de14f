//! `gyro session`: what is open now.

use std::io::{self, Write};

use serde::Serialize;

use super::Status;
use super::client::{Absent, Asking, Stop, escaped, number, pages, told, with};
use super::print::{self, Row};
use crate::admin::json::change::Reauthorisation;
use crate::admin::json::session::{Page, Session};

/// List and show sessions, ask a gateway to re-authorise or end one.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// List open sessions.
    List(List),
    /// Show a session, open or ended.
    Show(One),
    /// Ask the gateway to report and ask again (RFC 8506 §5.5).
    Reauth(Reauth),
    /// Ask the gateway to end it (RFC 6733 §8.5).
    Abort(One),
}

#[derive(clap::Args, Debug)]
struct List {
    /// Only those of this number.
    #[arg(long, value_parser = number)]
    msisdn: Option<String>,
    /// So many at most [default: all].
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct Reauth {
    #[command(flatten)]
    one: One,
    /// Only this rating group [default: the whole session].
    #[arg(long, value_name = "N")]
    rating_group: Option<u32>,
}

#[derive(clap::Args, Debug)]
struct One {
    /// The Session-Id.
    id: String,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let done = match &args.command {
        Command::List(args) => list(args, out, err),
        Command::Show(args) => show(args, out),
        Command::Reauth(args) => {
            ask(&args.one, "reauth", &Reauthorisation { rating_group: args.rating_group }, out)
        }
        Command::Abort(args) => ask(args, "abort", &serde_json::Map::new(), out),
    };
    told(done, err)
}

fn list(args: &List, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Stop> {
    let of = args.msisdn.as_deref().map(|msisdn| format!("&msisdn={msisdn}")).unwrap_or_default();
    let mut complete = true;
    let found = with(&args.asking.reach, Absent::Refuse, |client| {
        pages(args.limit, |query| {
            let page: Page = client.get(&format!("/v1/sessions?{query}{of}"))?;
            complete &= page.complete;
            Ok((page.sessions, page.next))
        })
    })?;
    if !complete {
        writeln!(
            err,
            "gyro: the server is still reading its store after a start: there may be more sessions"
        )?;
    }
    let found: Vec<Session> = found.into_iter().flatten().collect();
    Ok(print::rows(&found, args.asking.output, out)?)
}

fn show(args: &One, out: &mut dyn Write) -> Result<(), Stop> {
    let path = format!("/v1/sessions/{}", escaped(&args.id));
    let found: Session = with(&args.asking.reach, Absent::Refuse, |client| client.get(&path))?;
    Ok(print::one(&found, args.asking.output, out)?)
}

fn ask(args: &One, what: &str, body: &impl Serialize, out: &mut dyn Write) -> Result<(), Stop> {
    let path = format!("/v1/sessions/{}/{what}", escaped(&args.id));
    args.asking.order(
        &path,
        body,
        "the gateway will be asked: `gyro session show` tells what is outstanding",
        out,
    )
}

impl Row for Session {
    const HEADS: &'static [&'static str] = &[
        "id", "msisdn", "account", "service", "state", "opened", "touched", "host", "called", "reserved",
        "charged", "quotas", "asked",
    ];

    fn cells(&self) -> Vec<String> {
        let quota = |quota: &crate::admin::json::session::Quota| {
            let group = quota.rating_group.map_or_else(|| "-".into(), |group| group.to_string());
            let granted = match &quota.unit {
                Some(unit) => format!(", {} {unit} granted", quota.granted),
                None => String::new(),
            };
            let told = quota.told.as_deref().map(|told| {
                let now = if quota.limited { "now" } else { "then" };
                format!(", {now} {told}")
            });
            format!("{group}: {} used{granted}{}", quota.used, told.unwrap_or_default())
        };
        let quotas: Vec<String> = self.quotas.iter().map(quota).collect();
        vec![
            self.id.clone(),
            self.msisdn.clone(),
            self.account.clone(),
            self.service.clone(),
            self.state.clone(),
            self.opened.clone(),
            self.touched.clone(),
            self.host.clone(),
            self.called.clone().unwrap_or_default(),
            self.reserved.clone(),
            self.charged.clone(),
            quotas.join("; "),
            self.asked.as_ref().map(|asked| format!("{}, {}", asked.what, asked.stage)).unwrap_or_default(),
        ]
    }
}
