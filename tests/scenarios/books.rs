//! What is expected of a number and its account, and whether it is so. Everything is read as operators read it, from the
//! admin interface.

use gyro::time::Zone;
use serde_json::Value;

use crate::command::plain;
use crate::lex::{At, Cursor, Mistake, Read, Word};
use crate::values::{self, Units, money_of, shown};

/// What kind of value stands behind a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Money,
    /// A word or a text, as it stands there.
    Text,
    Number,
    /// An amount; its unit stands beside it.
    Units,
    /// A point in time, or `never`.
    Moment,
}

/// What is said of a number and its account in one word: where it stands in `GET /v1/subscribers/NUMBER`. A line more
/// makes one more thing to be expected.
const FIELDS: &[(&str, &str, Kind)] = &[
    ("balance", "/balance/main", Kind::Money),
    ("bonus", "/balance/bonus", Kind::Money),
    ("reserved", "/balance/reserved", Kind::Money),
    ("available", "/balance/available", Kind::Money),
    ("credit-limit", "/balance/credit_limit", Kind::Money),
    ("overdraft", "/balance/overdraft", Kind::Money),
    ("status", "/status", Kind::Text),
    ("plan", "/plan", Kind::Text),
    ("mode", "/mode", Kind::Text),
    ("brand", "/brand", Kind::Text),
    ("account", "/account", Kind::Text),
    ("owner", "/owner", Kind::Text),
    ("language", "/language", Kind::Text),
    ("overage", "/overage", Kind::Text),
    ("sessions", "/sessions", Kind::Number),
    ("emergency-calls", "/emergency_calls", Kind::Number),
    ("last-use", "/last_use", Kind::Moment),
    ("ends", "/ends", Kind::Moment),
    ("ended", "/ended/why", Kind::Text),
    ("ended-at", "/ended/at", Kind::Moment),
    ("settlement", "/ended/settlement/state", Kind::Text),
    ("settlement-balance", "/ended/settlement/balance", Kind::Money),
    ("settlement-from", "/ended/settlement/from", Kind::Moment),
    ("settlement-due", "/ended/settlement/due", Kind::Moment),
    ("refunded", "/ended/settlement/refunded", Kind::Money),
];

/// What is said of an entry of the ledger: where it stands in a line of `GET …/ledger`.
const ENTRY: &[(&str, &str, Kind)] = &[
    ("balance", "/balance", Kind::Money),
    ("reference", "/reference", Kind::Text),
    ("session", "/session", Kind::Text),
    ("operator", "/operator", Kind::Text),
    ("note", "/note", Kind::Text),
    ("at", "/at", Kind::Moment),
    ("request", "/usage/request", Kind::Number),
    ("group", "/usage/rating_group", Kind::Number),
    ("number", "/usage/msisdn", Kind::Text),
    ("used", "/usage/used", Kind::Units),
    ("from-bundles", "/usage/from_bundles", Kind::Units),
    ("above-grant", "/usage/above_grant", Kind::Units),
    ("plan", "/usage/plan", Kind::Text),
    ("rate", "/usage/rate", Kind::Text),
    ("used-at", "/usage/used_at", Kind::Moment),
    ("asked-by", "/usage/basis/request", Kind::Text),
    ("service", "/usage/basis/service", Kind::Text),
    ("destination", "/usage/basis/destination", Kind::Text),
    ("band", "/usage/basis/band", Kind::Text),
    ("bundle", "/usage/basis/bundles/0/id", Kind::Text),
    ("by-money", "/usage/basis/money/units", Kind::Units),
    ("counted", "/usage/basis/money/counted", Kind::Units),
    ("total", "/usage/basis/money/total", Kind::Money),
    ("charged-before", "/usage/basis/money/charged", Kind::Money),
];

/// What is wanted of a value.
#[derive(Clone, Debug)]
enum Want {
    Money(gyro::charging::units::Money),
    Text(String),
    Number(u64),
    Units(Units),
    Moment(values::Moment),
    Never,
}

/// One value that is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    at: At,
    name: &'static str,
    pointer: &'static str,
    want: Want,
}

/// One thing that is expected.
#[derive(Clone, Debug)]
pub(crate) enum Claim {
    /// What follows is about this number.
    Number(String),
    Value(Wanted),
    /// A value by its path.
    Field(String, String),
    Allowance {
        id: String,
        left: Units,
        reserved: Option<Units>,
    },
    NoAllowance(String),
    Block(String),
    NoBlocks,
    Barred(String),
    NothingBarred,
    NotEnded,
    Entries(usize),
    Entry {
        place: Option<usize>,
        kind: String,
        amount: gyro::charging::units::Money,
        of: Vec<Wanted>,
    },
    History(String),
    Acts(usize),
    Refusal {
        reason: String,
        group: Option<u64>,
        session: Option<String>,
        /// What is said of the check and of what would lift it.
        told: Vec<(&'static str, String)>,
    },
    Refusals(usize),
    Asked(String),
    NobodyAsked,
}

fn known(table: &[(&'static str, &str, Kind)]) -> String {
    table.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")
}

fn claims() -> String {
    let others = "field, allowance, no allowance, block, no blocks, barred, nothing barred, not ended, N ledger entries, no \
                  ledger entries, entry, history, N acts, no acts, refusal, no refusals, asked, nobody asked";
    format!("a number, or one of {}, {others}", known(FIELDS))
}

/// The value of a row of a table, where the next word names one.
fn wanted(
    table: &'static [(&'static str, &'static str, Kind)],
    words: &mut Cursor<'_>,
) -> Read<Option<Wanted>> {
    let at = words.at();
    let Some((name, pointer, kind)) = table.iter().find(|(name, ..)| words.peek() == Some(name)) else {
        return Ok(None);
    };
    words.word(name)?;
    let want = match kind {
        Kind::Money => Want::Money(values::money(words)?),
        Kind::Text => Want::Text(words.word(&format!("the {name}"))?.text.clone()),
        Kind::Number => Want::Number(values::number(words, "a number")?),
        Kind::Units => Want::Units(values::units(words)?),
        Kind::Moment if words.takes("never") => Want::Never,
        Kind::Moment => Want::Moment(values::moment(words)?),
    };
    Ok(Some(Wanted { at, name, pointer, want }))
}

fn is_number(text: &str) -> bool {
    (5..=15).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit())
}

pub(crate) fn read(mut words: Cursor<'_>) -> Read<Vec<(At, Claim)>> {
    if words.is_done() {
        return Err(Mistake::unlike(words.at(), claims(), "the end of the line"));
    }
    let mut found = Vec::new();
    while !words.is_done() {
        found.push((words.at(), one(&mut words)?));
    }
    Ok(found)
}

fn one(words: &mut Cursor<'_>) -> Read<Claim> {
    if let Some(wanted) = wanted(FIELDS, words)? {
        return Ok(Claim::Value(wanted));
    }
    let word = words.word(&claims())?;
    let text = |words: &mut Cursor<'_>, what: &str| words.word(what).map(|word| word.text.clone());
    Ok(match word.text.as_str() {
        number if is_number(number) => Claim::Number(number.into()),
        "field" => Claim::Field(text(words, "a path like /balance/main")?, text(words, "a value")?),
        "allowance" => {
            let (id, left) = (text(words, "the name of a bundle")?, values::units(words)?);
            let reserved = if words.takes("reserved") { Some(values::units(words)?) } else { None };
            Claim::Allowance { id, left, reserved }
        }
        "block" => Claim::Block(text(words, "the reason of a block")?),
        "barred" => Claim::Barred(text(words, "the name of a service")?),
        "nothing" if words.takes("barred") => Claim::NothingBarred,
        "nobody" if words.takes("asked") => Claim::NobodyAsked,
        "not" if words.takes("ended") => Claim::NotEnded,
        "no" if words.takes("blocks") => Claim::NoBlocks,
        "no" if words.takes("acts") => Claim::Acts(0),
        "no" if words.takes("refusals") => Claim::Refusals(0),
        "no" if words.takes_all(&["ledger", "entries"]) => Claim::Entries(0),
        "no" if words.takes("allowance") => Claim::NoAllowance(text(words, "the name of a bundle")?),
        "entry" => entry(words)?,
        "history" => Claim::History(text(words, "a text in quotation marks")?),
        "asked" => Claim::Asked(text(words, "a session")?),
        "refusal" => {
            let reason = text(words, "the reason of a refusal")?;
            let group =
                if words.takes("group") { Some(values::number(words, "a rating group")?) } else { None };
            let session = if words.takes("session") { Some(text(words, "a session")?) } else { None };
            let mut told = Vec::new();
            for name in ["check", "lift"] {
                if words.takes(name) {
                    told.push((name, text(words, "a text in quotation marks")?));
                }
            }
            Claim::Refusal { reason, group, session, told }
        }
        count => match count.parse() {
            Ok(count) if words.takes_all(&["ledger", "entries"]) => Claim::Entries(count),
            Ok(1) if words.takes_all(&["ledger", "entry"]) => Claim::Entries(1),
            Ok(count) if words.takes("acts") => Claim::Acts(count),
            Ok(1) if words.takes("act") => Claim::Acts(1),
            Ok(count) if words.takes("refusals") => Claim::Refusals(count),
            _ => return Err(Mistake::unlike(word.at, claims(), format_args!("{count:?}"))),
        },
    })
}

fn entry(words: &mut Cursor<'_>) -> Read<Claim> {
    let what = "`last`, or the place of an entry from 1";
    let place = if words.takes("last") { None } else { Some(values::number(words, what)?) };
    let kind = words.word("the kind of an entry: advance, topup, charge, late, refund …")?.text.clone();
    let amount = values::money(words)?;
    let mut of = Vec::new();
    while let Some(wanted) = wanted(ENTRY, words)? {
        of.push(wanted);
    }
    Ok(Claim::Entry { place, kind, amount, of })
}

/// Who can look into the books.
pub(crate) trait Look {
    /// What the admin interface tells at a path.
    fn get(&mut self, path: &str) -> Value;
    /// The sessions whose gateway was asked to report or to end, since the last call.
    fn asked(&mut self) -> Vec<String>;
    /// The operator's time zone.
    fn zone(&self) -> String;
}

/// Holds the books to what is expected of them.
pub(crate) fn check(claims: &[(At, Claim)], only: Option<&str>, look: &mut dyn Look) -> Read<()> {
    let mut number = only.map(str::to_owned);
    let mut asked = None;
    for (at, claim) in claims {
        if let Claim::Number(named) = claim {
            number = Some(named.clone());
            continue;
        }
        if let Claim::Asked(_) | Claim::NobodyAsked = claim {
            let asked = asked.get_or_insert_with(|| look.asked());
            match claim {
                Claim::Asked(session) if !asked.contains(session) => {
                    return Err(Mistake::unlike(*at, format_args!("{session:?} asked"), shown_list(asked)));
                }
                Claim::NobodyAsked if !asked.is_empty() => {
                    return Err(Mistake::unlike(*at, "nobody asked", shown_list(asked)));
                }
                _ => continue,
            }
        }
        let Some(number) = &number else {
            return Err(Mistake::new(*at, "say of which number: there are several"));
        };
        of_number(*at, claim, number, look)?;
    }
    Ok(())
}

fn shown_list(list: &[String]) -> String {
    if list.is_empty() { "nobody".into() } else { list.join(", ") }
}

impl Wanted {
    fn check(&self, of: &Value, zone: &str) -> Read<()> {
        let found = of.pointer(self.pointer).unwrap_or(&Value::Null);
        let text = plain(found);
        let unlike = |wanted: String, found: &str| {
            Err(Mistake::unlike(self.at, format_args!("{} {wanted}", self.name), found))
        };
        match &self.want {
            Want::Money(money) if money_of(&text) == Some(*money) => Ok(()),
            Want::Money(money) => unlike(money.to_string(), &text),
            Want::Text(wanted) if *wanted == text => Ok(()),
            Want::Text(wanted) => unlike(wanted.clone(), &text),
            Want::Number(wanted) if found.as_u64() == Some(*wanted) => Ok(()),
            Want::Number(wanted) => unlike(wanted.to_string(), &text),
            Want::Units(wanted) => {
                let unit = of.pointer("/usage/unit").map(plain).unwrap_or_default();
                let count = found.as_u64();
                if count.is_some_and(|count| wanted.is(count, &unit)) {
                    return Ok(());
                }
                let found = count.map_or_else(|| "none".into(), |count| shown(count, &unit));
                unlike(shown(wanted.count, wanted.unit_name()), &found)
            }
            Want::Never if found.is_null() => Ok(()),
            Want::Never => unlike("never".into(), &text),
            Want::Moment(moment) => {
                let wanted = Zone::named(zone).unwrap().rfc3339(moment.in_zone(zone)?);
                if wanted == text { Ok(()) } else { unlike(wanted, &text) }
            }
        }
    }
}

fn list<'a>(of: &'a Value, pointer: &str) -> &'a [Value] {
    of.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn texts(of: &[Value], pointer: &str) -> Vec<String> {
    of.iter().filter_map(|value| value.pointer(pointer)).map(plain).collect()
}

fn of_number(at: At, claim: &Claim, number: &str, look: &mut dyn Look) -> Read<()> {
    let zone = look.zone();
    let path = |what: &str| format!("/v1/subscribers/{number}{what}");
    let unlike = |wanted: String, found: String| Err(Mistake::unlike(at, wanted, found));
    match claim {
        Claim::Value(wanted) => wanted.check(&subscriber(at, number, look)?, &zone),
        Claim::Field(pointer, wanted) => {
            let found = subscriber(at, number, look)?;
            match found.pointer(pointer).map(plain) {
                Some(value) if value == *wanted => Ok(()),
                Some(value) => unlike(format!("{pointer} {wanted}"), value),
                None => unlike(format!("{pointer} {wanted}"), format!("nothing there, in {found}")),
            }
        }
        Claim::Allowance { .. } | Claim::NoAllowance(_) => {
            allowance(at, claim, list(&subscriber(at, number, look)?, "/allowances"))
        }
        Claim::Block(_) | Claim::NoBlocks => {
            let blocks = texts(list(&subscriber(at, number, look)?, "/blocks"), "/reason");
            match claim {
                Claim::Block(reason) if blocks.contains(reason) => Ok(()),
                Claim::NoBlocks if blocks.is_empty() => Ok(()),
                Claim::Block(reason) => unlike(format!("block {reason}"), shown_list(&blocks)),
                _ => unlike("no blocks".into(), shown_list(&blocks)),
            }
        }
        Claim::Barred(_) | Claim::NothingBarred => {
            let found = subscriber(at, number, look)?;
            let barred: Vec<String> = list(&found, "/barred").iter().map(plain).collect();
            match claim {
                Claim::Barred(service) if barred.contains(service) => Ok(()),
                Claim::NothingBarred if barred.is_empty() => Ok(()),
                Claim::Barred(service) => unlike(format!("barred {service}"), shown_list(&barred)),
                _ => unlike("nothing barred".into(), shown_list(&barred)),
            }
        }
        Claim::NotEnded => {
            let found = subscriber(at, number, look)?;
            match found.pointer("/ended/why") {
                None => Ok(()),
                Some(why) => unlike("not ended".into(), format!("ended {}", plain(why))),
            }
        }
        Claim::Entries(count) => {
            let found = look.get(&path("/ledger?limit=1000"));
            let found = list(&found, "/entries");
            if found.len() == *count {
                return Ok(());
            }
            unlike(format!("{count} ledger entries"), format!("{}: {}", found.len(), ledger_lines(found)))
        }
        Claim::Entry { place, kind, amount, of } => {
            let found = look.get(&path("/ledger?limit=1000"));
            let lines = list(&found, "/entries");
            let line = match place {
                None => lines.last(),
                Some(place) => lines.iter().find(|line| line.pointer("/index") == Some(&Value::from(*place))),
            };
            let Some(line) = line else {
                return unlike("an entry there".into(), format!("{} entries", lines.len()));
            };
            let (found_kind, found_amount) = (plain(&line["kind"]), plain(&line["amount"]));
            if found_kind != *kind || money_of(&found_amount) != Some(*amount) {
                return unlike(format!("{kind} {amount}"), format!("{found_kind} {found_amount}"));
            }
            of.iter().try_for_each(|wanted| wanted.check(line, &zone))
        }
        Claim::History(_) | Claim::Acts(_) => {
            let found = look.get(&path("/acts"));
            let acts = texts(list(&found, "/acts"), "/what");
            match claim {
                Claim::History(text) if acts.iter().any(|act| act.contains(text)) => Ok(()),
                Claim::Acts(count) if acts.len() == *count => Ok(()),
                Claim::History(text) => unlike(format!("an act with {text:?}"), shown_list(&acts)),
                Claim::Acts(count) => {
                    unlike(format!("{count} acts"), format!("{}: {}", acts.len(), shown_list(&acts)))
                }
                _ => Ok(()),
            }
        }
        Claim::Refusal { .. } | Claim::Refusals(_) => {
            refusal(at, claim, &look.get(&path("/explain?limit=1000")))
        }
        Claim::Number(_) | Claim::Asked(_) | Claim::NobodyAsked => Ok(()),
    }
}

fn ledger_lines(lines: &[Value]) -> String {
    let one = |line: &Value| format!("{} {}", plain(&line["kind"]), plain(&line["amount"]));
    lines.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn subscriber(at: At, number: &str, look: &mut dyn Look) -> Read<Value> {
    let found = look.get(&format!("/v1/subscribers/{number}"));
    match found.get("msisdn") {
        Some(_) => Ok(found),
        None => Err(Mistake::unlike(at, format_args!("the number {number}"), plain(&found["error"]))),
    }
}

fn allowance(at: At, claim: &Claim, held: &[Value]) -> Read<()> {
    let amount = |one: &Value, field: &str| {
        let count = one[field].as_u64().unwrap_or_default();
        (count, plain(&one["unit"]))
    };
    let names: Vec<String> = held
        .iter()
        .map(|one| {
            let ((left, unit), (reserved, _)) = (amount(one, "left"), amount(one, "reserved"));
            format!("{} {} reserved {}", plain(&one["id"]), shown(left, &unit), shown(reserved, &unit))
        })
        .collect();
    let find = |id: &str| held.iter().find(|one| plain(&one["id"]) == id);
    match claim {
        Claim::NoAllowance(id) if find(id).is_none() => Ok(()),
        Claim::NoAllowance(id) => {
            Err(Mistake::unlike(at, format_args!("no allowance {id}"), shown_list(&names)))
        }
        Claim::Allowance { id, left, reserved } => {
            let is = |units: &Units, one: &Value, field: &str| {
                let (count, unit) = amount(one, field);
                units.is(count, &unit)
            };
            let right = find(id).is_some_and(|one| {
                is(left, one, "left")
                    && reserved.as_ref().is_none_or(|reserved| is(reserved, one, "reserved"))
            });
            if right {
                return Ok(());
            }
            let text = |units: &Units| shown(units.count, units.unit_name());
            let wanted =
                reserved.as_ref().map(|units| format!(" reserved {}", text(units))).unwrap_or_default();
            Err(Mistake::unlike(at, format_args!("{id} {}{wanted}", text(left)), shown_list(&names)))
        }
        _ => Ok(()),
    }
}

fn refusal(at: At, claim: &Claim, explained: &Value) -> Read<()> {
    let refusals = list(explained, "/refusals");
    let told: Vec<String> = refusals
        .iter()
        .map(|one| {
            format!(
                "{} group {} session {} check {:?} lift {:?}",
                plain(&one["reason"]),
                plain(&one["rating_group"]),
                plain(&one["session"]),
                plain(&one["check"]),
                plain(&one["lift"])
            )
        })
        .collect();
    match claim {
        Claim::Refusals(count) if refusals.len() == *count => Ok(()),
        Claim::Refusals(count) => Err(Mistake::unlike(
            at,
            format_args!("{count} refusals"),
            format_args!("{}: {}", told.len(), shown_list(&told)),
        )),
        Claim::Refusal { reason, group, session, told: words } => {
            let is = |one: &Value| {
                plain(&one["reason"]) == *reason
                    && group.is_none_or(|group| one["rating_group"].as_u64() == Some(group))
                    && session.as_ref().is_none_or(|session| plain(&one["session"]) == *session)
                    && words.iter().all(|(name, text)| plain(&one[*name]).contains(text))
            };
            if refusals.iter().any(is) {
                return Ok(());
            }
            let group = group.map(|group| format!(" group {group}")).unwrap_or_default();
            let session = session.as_ref().map(|session| format!(" session {session}")).unwrap_or_default();
            let mut wanted = format!("a refusal {reason}{group}{session}");
            for (name, text) in words {
                wanted.push_str(&format!(" {name} {text:?}"));
            }
            Err(Mistake::unlike(at, wanted, shown_list(&told)))
        }
        _ => Ok(()),
    }
}

/// Whether a word is a number that may be asked about.
pub(crate) fn names_number(word: &Word) -> bool {
    !word.quoted && is_number(&word.text)
}
