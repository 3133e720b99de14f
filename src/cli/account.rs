//! `gyro account`: money, and why it went.

use core::time::Duration;
use std::io::{self, Write};

use serde::Serialize;

use super::client::{self, Absent, Asking, Stop, escaped, money, number, pages, told, with};
use super::print::{self, Row};
use super::{Rows, Status};
use crate::admin::json::basis::Piece;
use crate::admin::json::change::{Adjustment, Bill, Bonus, Done, Promise, Refund, Reversal, Topup};
use crate::admin::json::ledger::{Explanation, Line, Page, Refusal};

/// Money: pay in, promise, correct, take or give back, give bonuses, read the ledger, explain.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Pay money in. A reference that is known already changes nothing.
    Topup(TopupArgs),
    /// Correct the balance; a negative amount takes away.
    Adjust(AdjustArgs),
    /// List the lines of the ledger, oldest first.
    Ledger(LedgerArgs),
    /// Say what was charged and what was refused, and why.
    Explain(ExplainArgs),
    /// Give the subscriber's own money back; bonuses and what is reserved or promised are not paid out.
    Refund(TopupArgs),
    /// Charge what a partner bills later for use abroad or of a third party. A reference that is known changes nothing.
    Charge(ChargeArgs),
    /// Take a payment back by its reference, once; the balance may be negative after it.
    Reverse(ReverseArgs),
    /// Give money now that the next top-up pays first, for a fee and a while.
    Promise(PromiseArgs),
    /// Give bonus money, for some services or all, for a while or for ever.
    Bonus(BonusArgs),
}

#[derive(clap::Args, Debug)]
struct TopupArgs {
    /// The number.
    #[arg(value_parser = number)]
    msisdn: String,
    /// How much.
    #[arg(value_parser = money, allow_hyphen_values = true)]
    amount: String,
    /// The payer's reference: the same one is never paid in twice.
    #[arg(long)]
    reference: Option<String>,
    /// Why.
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct ChargeArgs {
    /// The number; its contract may have ended.
    #[arg(value_parser = number)]
    msisdn: String,
    /// How much.
    #[arg(value_parser = money, allow_hyphen_values = true)]
    amount: String,
    /// What was used: a service of the tariff, or content:NAME.
    #[arg(long, value_name = "NAME")]
    service: String,
    /// When it was used: a date, or RFC 3339 with an offset.
    #[arg(long, value_name = "TIME")]
    used_at: String,
    /// The partner's reference: the same one is never charged twice.
    #[arg(long)]
    reference: String,
    /// Why.
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct ReverseArgs {
    /// A number of the account that was topped up.
    #[arg(value_parser = number)]
    msisdn: String,
    /// The reference of the top-up.
    #[arg(required_unless_present = "by_reference", conflicts_with = "by_reference")]
    reference: Option<String>,
    /// The same, by name.
    #[arg(long = "reference", value_name = "REFERENCE", id = "by_reference")]
    by_reference: Option<String>,
    /// Why.
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct PromiseArgs {
    /// The number.
    #[arg(value_parser = number)]
    msisdn: String,
    /// Why.
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct BonusArgs {
    /// The number.
    #[arg(value_parser = number)]
    msisdn: String,
    /// How much.
    #[arg(value_parser = money, allow_hyphen_values = true)]
    amount: String,
    /// For how long, such as 30d or 12h [default: for ever].
    #[arg(long, value_name = "SPAN", value_parser = client::span)]
    valid: Option<Duration>,
    /// A service that it may pay; may be given several times [default: all].
    #[arg(long, value_name = "SERVICE")]
    service: Vec<String>,
    /// Why.
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct AdjustArgs {
    /// The number.
    #[arg(value_parser = number)]
    msisdn: String,
    /// What is added.
    #[arg(value_parser = money, allow_hyphen_values = true)]
    amount: String,
    /// Why.
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct LedgerArgs {
    /// The number.
    #[arg(value_parser = number)]
    msisdn: String,
    /// Only the last so many lines [default: all].
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct ExplainArgs {
    /// The number.
    #[arg(value_parser = number)]
    msisdn: String,
    /// Only what belongs to this session.
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// So many lines of the ledger are looked at.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    limit: u16,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let done = match &args.command {
        Command::Topup(args) => topup(args, out),
        Command::Adjust(args) => adjust(args, out),
        Command::Ledger(args) => ledger(args, out, err),
        Command::Explain(args) => explain(args, out),
        Command::Refund(args) => refund(args, out),
        Command::Charge(args) => charge(args, out),
        Command::Reverse(args) => reverse(args, out),
        Command::Promise(args) => promise(args, out),
        Command::Bonus(args) => bonus(args, out),
    };
    told(done, err)
}

/// Orders a change of a number's account and tells what it did.
fn order(
    (msisdn, what): (&str, &str),
    body: &impl Serialize,
    said: &str,
    asking: &Asking,
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let path = format!("/v1/subscribers/{msisdn}/{what}");
    let done: Done = with(&asking.reach, Absent::Refuse, |client| client.post(&path, body))?;
    Ok(client::say(&done, said, asking.output, out)?)
}

fn topup(args: &TopupArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let TopupArgs { msisdn, amount, reference, note, asking } = args;
    let body = Topup { amount: amount.clone(), reference: reference.clone(), note: note.clone() };
    order((msisdn, "topup"), &body, "topped up", asking, out)
}

fn refund(args: &TopupArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let TopupArgs { msisdn, amount, reference, note, asking } = args;
    let body = Refund { amount: amount.clone(), reference: reference.clone(), note: note.clone() };
    order((msisdn, "refund"), &body, "given back from", asking, out)
}

fn charge(args: &ChargeArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let body = Bill {
        amount: args.amount.clone(),
        service: args.service.clone(),
        used_at: args.used_at.clone(),
        reference: args.reference.clone(),
        note: args.note.clone(),
    };
    order((&args.msisdn, "charge"), &body, "charged", &args.asking, out)
}

fn reverse(args: &ReverseArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let reference = args.reference.clone().or_else(|| args.by_reference.clone()).unwrap_or_default();
    let body = Reversal { reference, note: args.note.clone() };
    order((&args.msisdn, "reverse"), &body, "payment taken back from", &args.asking, out)
}

fn promise(args: &PromiseArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let body = Promise { note: args.note.clone() };
    order((&args.msisdn, "promise"), &body, "payment promised for", &args.asking, out)
}

fn bonus(args: &BonusArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let body = Bonus {
        amount: args.amount.clone(),
        valid_seconds: args.valid.map(|valid| valid.as_secs()),
        services: args.service.clone(),
        note: args.note.clone(),
    };
    order((&args.msisdn, "bonus"), &body, "bonus given to", &args.asking, out)
}

fn adjust(args: &AdjustArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let body = Adjustment { amount: args.amount.clone(), note: args.note.clone() };
    let path = format!("/v1/subscribers/{}/adjust", args.msisdn);
    let done: Done = with(&args.asking.reach, Absent::Refuse, |client| client.post(&path, &body))?;
    Ok(client::say(&done, "adjusted", args.asking.output, out)?)
}

fn ledger(args: &LedgerArgs, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Stop> {
    let mut archived = false;
    let found = with(&args.asking.reach, Absent::Refuse, |client| {
        pages(args.limit, |query| {
            let page: Page = client.get(&format!("/v1/subscribers/{}/ledger?{query}", args.msisdn))?;
            archived |= page.archived;
            Ok((page.entries, page.next))
        })
    })?;
    // The pages go back in time, the lines of each go on.
    let lines: Vec<Line> = found.into_iter().rev().flatten().collect();
    if archived {
        writeln!(err, "gyro: older lines were archived away: the list begins with what is kept")?;
    }
    Ok(print::rows(&lines, args.asking.output, out)?)
}

fn explain(args: &ExplainArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let session = args.session.as_deref().map(|id| format!("&session={}", escaped(id))).unwrap_or_default();
    let path = format!("/v1/subscribers/{}/explain?limit={}{session}", args.msisdn, args.limit);
    let found: Explanation = with(&args.asking.reach, Absent::Refuse, |client| client.get(&path))?;
    match args.asking.output {
        Rows::Table => explain_in_words(&found, out)?,
        Rows::Json => print::json(&found, out)?,
        Rows::Jsonl => print::json_lines(core::slice::from_ref(&found), out)?,
        Rows::Csv => print::rows(&found.charges, Rows::Csv, out)?,
    }
    Ok(())
}

fn explain_in_words(found: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    let subscriber = &found.subscriber;
    let balance = &subscriber.balance;
    writeln!(
        out,
        "{} on plan {}: {}, {} {} available ({} main, {} reserved)",
        subscriber.msisdn,
        subscriber.plan,
        subscriber.status,
        balance.available,
        balance.currency,
        balance.main,
        balance.reserved
    )?;
    writeln!(out, "charged, in the last {} lines of the ledger:", found.looked_at)?;
    for line in &found.charges {
        writeln!(out, "  {}", charge_in_words(line))?;
        for words in because(line) {
            writeln!(out, "      {words}")?;
        }
    }
    writeln!(
        out,
        "refused, limited, or granted for the last time, since the server began at {} (kept in memory, a few for each number):",
        found.refusals_since
    )?;
    for refusal in &found.refusals {
        writeln!(out, "  {}", refusal_in_words(refusal))?;
        if !refusal.check.is_empty() {
            writeln!(out, "      check     {}", refusal.check)?;
            writeln!(out, "      lifted by {}", refusal.lift)?;
        }
    }
    Ok(())
}

fn charge_in_words(line: &Line) -> String {
    let Line { at, amount, balance, usage, session, .. } = line;
    let Some(usage) = usage else {
        let mut words = format!("{at}  {amount}  balance {balance}  {}", line.kind);
        if line.purse != "main" {
            words.push_str(&format!(", {} money", line.purse));
        }
        line.note.iter().for_each(|note| words.push_str(&format!(": {note}")));
        line.reference.iter().for_each(|reference| words.push_str(&format!("  ({reference})")));
        return words;
    };
    let of = format!("(session {}, request {})", session.as_deref().unwrap_or("-"), usage.request);
    if line.kind == "refund" {
        let by = line.reference.as_deref().unwrap_or("-");
        let mut words =
            format!("{at}  {amount}  balance {balance}  {} {} given back by {by}", usage.used, usage.unit);
        if usage.from_bundles > 0 {
            words.push_str(&format!(", {} into bundles", usage.from_bundles));
        }
        return format!("{words}  {of}");
    }
    let mut words = format!(
        "{at}  {amount}  balance {balance}  {} {} by {} of {}",
        usage.used, usage.unit, usage.rate, usage.plan
    );
    if usage.from_bundles > 0 {
        words.push_str(&format!(", {} from bundles", usage.from_bundles));
    }
    if usage.above_grant > 0 {
        words.push_str(&format!(", {} beyond the grant", usage.above_grant));
    }
    if line.kind == "late" {
        words.push_str(", reported late");
    }
    format!("{words}  {of}")
}

/// What a charge rests on, a line for each: who asked for what, who paid, at which price, and how it was worked out.
fn because(line: &Line) -> Vec<String> {
    let Some((usage, basis)) = line.usage.as_ref().and_then(|usage| Some((usage, usage.basis.as_ref()?)))
    else {
        return Vec::new();
    };
    let unit = &usage.unit;
    let text = |name: &Option<String>| name.clone().unwrap_or_else(|| "-".into());
    let group = usage.rating_group.map(|group| format!(", rating group {group}")).unwrap_or_default();
    let to = basis.destination.as_ref().map(|name| format!(" to {name}")).unwrap_or_default();
    let band = basis.band.as_ref().map(|name| format!(", in {name}")).unwrap_or_default();
    let mut words = vec![
        format!(
            "request   {} {} of {}{group}, used by {}",
            basis.request, usage.request, usage.msisdn, usage.used_at
        ),
        format!("service   {}{to}{band}, tariff {}", text(&basis.service), basis.tariff),
    ];
    let bundles =
        basis.bundles.iter().map(|share| format!("{} {unit} from bundle {}", share.units, share.id));
    let money = basis.money.as_ref().map(|sum| format!("{} {unit} from money", sum.units));
    let sources: Vec<String> = bundles.chain(money).collect();
    let paid = if sources.is_empty() { "free of charge".into() } else { sources.join(", ") };
    words.push(format!("paid      {paid}"));
    if let Some(sum) = &basis.money {
        let per = |piece: &Piece| format!("{} {unit} at {} for {}", piece.units, piece.price, sum.per);
        let prices: Vec<String> = sum.prices.iter().map(per).collect();
        let first = if sum.first > 0 { format!(", {} at least", sum.first) } else { String::new() };
        let connect =
            if sum.connect == "0.00" { String::new() } else { format!(" and {} to connect", sum.connect) };
        words.push(format!(
            "rounding  {} + {} before = {}, in steps of {}{first}: {} {unit}",
            sum.units,
            sum.before,
            sum.units.saturating_add(sum.before),
            sum.step,
            sum.counted
        ));
        words.push(format!(
            "price     {}{connect} = {}, less {} charged before",
            prices.join(", "),
            sum.total,
            sum.charged
        ));
    }
    words
}

fn refusal_in_words(refusal: &Refusal) -> String {
    let group = refusal.rating_group.map(|group| format!(" of rating group {group}")).unwrap_or_default();
    format!(
        "{}  {} {}{group}: {}  (session {})",
        refusal.at, refusal.request, refusal.number, refusal.explanation, refusal.session
    )
}

impl Row for Line {
    const HEADS: &'static [&'static str] = &[
        "at",
        "amount",
        "balance",
        "kind",
        "reference",
        "session",
        "operator",
        "note",
        "purse",
        "counter",
        "used",
        "unit",
        "rate",
    ];

    fn cells(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let usage = self.usage.as_ref();
        vec![
            self.at.clone(),
            self.amount.clone(),
            self.balance.clone(),
            self.kind.clone(),
            text(&self.reference),
            text(&self.session),
            text(&self.operator),
            text(&self.note),
            self.purse.clone(),
            self.counter.clone(),
            usage.map(|usage| usage.used.to_string()).unwrap_or_default(),
            usage.map(|usage| usage.unit.clone()).unwrap_or_default(),
            usage.map(|usage| usage.rate.clone()).unwrap_or_default(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::json::ledger::Usage;

    fn line(kind: &str, amount: &str, from_bundles: u64) -> Line {
        Line {
            at: "2026-01-01T05:00:00+05:00".into(),
            amount: amount.into(),
            balance: "160.00".into(),
            kind: kind.into(),
            reference: Some("smsc;34".into()),
            session: Some("smsc;33".into()),
            operator: None,
            note: None,
            index: 3,
            purse: "main".into(),
            counter: "revenue".into(),
            usage: Some(Usage {
                msisdn: "77010000001".into(),
                request: 0,
                rating_group: None,
                services: Vec::new(),
                unit: "pieces".into(),
                used: 3,
                from_bundles,
                above_grant: 0,
                plan: "payg".into(),
                rate: "sms".into(),
                used_at: "2026-01-01T05:00:00+05:00".into(),
                basis: None,
            }),
        }
    }

    #[test]
    fn a_charge_without_use_says_what_it_is_for() {
        let at = "2026-01-01T05:00:00+05:00";
        let fee =
            Line { note: Some("p 2026-01-01/2026-02-01".into()), usage: None, ..line("fee", "-40.00", 0) };
        assert_eq!(
            charge_in_words(&fee),
            format!("{at}  -40.00  balance 160.00  fee: p 2026-01-01/2026-02-01  (smsc;34)")
        );
        let bonus =
            Line { purse: "bonus".into(), reference: None, usage: None, ..line("charge", "-1.00", 0) };
        assert_eq!(charge_in_words(&bonus), format!("{at}  -1.00  balance 160.00  charge, bonus money"));
    }

    #[test]
    fn a_charge_and_its_refund_are_told_in_words() {
        let at = "2026-01-01T05:00:00+05:00";
        assert_eq!(
            charge_in_words(&line("charge", "-40.00", 1)),
            format!(
                "{at}  -40.00  balance 160.00  3 pieces by sms of payg, 1 from bundles  (session smsc;33, request 0)"
            )
        );
        assert_eq!(
            charge_in_words(&line("refund", "+40.00", 1)),
            format!(
                "{at}  +40.00  balance 160.00  3 pieces given back by smsc;34, 1 into bundles  (session smsc;33, request 0)"
            )
        );
    }
}
