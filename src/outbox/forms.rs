//! Notices and charging data records as they are written for others: JSON, one object a line, and CSV.

use serde_json::{Map, Value, json};

use super::words::{Locale, Templates};
use crate::charging::cdr::{Cdr, UseLine};
use crate::charging::notice::{Cause, Notice};
use crate::charging::request::Role;
use crate::charging::units::{Amount, Money, Unit};
use crate::time::{Timestamp, Zone};

const fn unit_word(unit: Unit) -> &'static str {
    match unit {
        Unit::Octets => "octets",
        Unit::Seconds => "seconds",
        Unit::Pieces => "pieces",
        Unit::Money => "money",
    }
}

fn amount(amount: Amount) -> Value {
    json!({ "unit": unit_word(amount.unit), "count": amount.count })
}

fn money(sum: Money) -> String {
    sum.to_string()
}

/// A notice: what the subscriber is told, and its facts for who writes a text of its own. `id` is the same however
/// often it is delivered.
pub fn notice(notice: &Notice, id: &str, templates: &Templates, locale: &Locale) -> Map<String, Value> {
    let at = |at: Timestamp| locale.zone.rfc3339(at);
    let facts = match &notice.cause {
        Cause::Bundle { bundle, percent, left, expires } => {
            json!({ "bundle": bundle, "percent": percent, "left": amount(*left), "expires": expires.map(at) })
        }
        Cause::LowBalance { left } => json!({ "left": money(*left) }),
        Cause::Blocked { reason } | Cause::Unblocked { reason } => json!({ "reason": reason.as_str() }),
        Cause::Ended { why } => json!({ "reason": why.as_str() }),
        Cause::Topup { amount, balance } => json!({ "amount": money(*amount), "balance": money(*balance) }),
        Cause::Promise { amount, fee, due, balance } => json!({
            "amount": money(*amount), "fee": money(*fee), "due": at(*due), "balance": money(*balance),
        }),
        Cause::Roaming { network, zone } => json!({ "network": network.to_string(), "zone": zone }),
        Cause::Fee { name, amount, balance } | Cause::FeeUnpaid { name, amount, balance } => {
            json!({ "name": name, "amount": money(*amount), "balance": money(*balance) })
        }
    };
    let mut fields = Map::new();
    fields.insert("id".into(), id.into());
    fields.insert("at".into(), at(notice.at).into());
    fields.insert("msisdn".into(), notice.msisdn.to_string().into());
    fields.insert("language".into(), notice.language.unwrap_or(locale.language).code().into());
    fields.insert("cause".into(), notice.cause.word().into());
    fields.insert("text".into(), templates.message(notice, locale).into());
    fields.insert("facts".into(), facts);
    fields
}

/// The columns of a charging data record, in their order; those of JSON are the same, with `lines` as a list.
pub const COLUMNS: [&str; 31] = [
    "number",
    "id",
    "closing",
    "part",
    "final",
    "msisdn",
    "imsi",
    "account",
    "service",
    "rating_group",
    "services",
    "session",
    "incarnation",
    "role",
    "called",
    "requested",
    "recipients",
    "opened",
    "closed",
    "first_use",
    "last_use",
    "unit",
    "units",
    "charged_main",
    "charged_bonus",
    "serving_network",
    "rat",
    "client",
    "late",
    "above_grant",
    "lines",
];

/// The first line of a CSV file.
pub fn head() -> String {
    COLUMNS.join(",")
}

fn fields(cdr: &Cdr, number: u64, id: &str, zone: &Zone) -> Map<String, Value> {
    let at = |at: Timestamp| zone.rfc3339(at);
    let (main, bonus) = cdr.charged();
    let unit = cdr.lines.first().map(|line| unit_word(line.unit));
    let units = cdr.lines.iter().map(|line| line.units).fold(0, u64::saturating_add);
    let role = match cdr.parties.role {
        Role::Originating => "originating",
        Role::Terminating => "terminating",
        Role::Forwarding => "forwarding",
    };
    let line = |line: &UseLine| {
        let bundle = |of: &crate::charging::cdr::BundleUse| json!({ "bundle": of.bundle, "units": of.units });
        let version = (line.version != 0).then(|| format!("{:016x}", line.version));
        json!({
            "plan": line.plan, "rate": line.rate, "tariff": version, "unit": unit_word(line.unit),
            "units": line.units, "bundles": line.bundles.iter().map(bundle).collect::<Vec<_>>(),
            "main": money(line.main), "bonus": money(line.bonus),
        })
    };
    let values: [Value; COLUMNS.len()] = [
        number.into(),
        id.into(),
        cdr.closing.word().into(),
        cdr.part.into(),
        (!cdr.closing.is_partial()).into(),
        json!(cdr.msisdn.map(|digits| digits.to_string())),
        json!(cdr.imsi.map(|digits| digits.to_string())),
        json!(cdr.account.map(|account| account.0)),
        (&*cdr.service).into(),
        json!(cdr.key.rating_group),
        json!(cdr.key.services),
        cdr.session.as_str().into(),
        cdr.incarnation.into(),
        role.into(),
        json!(cdr.parties.called),
        json!(cdr.parties.requested),
        json!(cdr.parties.recipients),
        at(cdr.opened).into(),
        at(cdr.closed).into(),
        json!(cdr.span.map(|(first, _)| at(first))),
        json!(cdr.span.map(|(_, last)| at(last))),
        json!(unit),
        units.into(),
        money(main).into(),
        money(bonus).into(),
        json!(cdr.place.serving_plmn.map(|digits| digits.to_string())),
        json!(cdr.place.radio),
        (&*cdr.client).into(),
        cdr.late.into(),
        cdr.above_grant.into(),
        cdr.lines.iter().map(line).collect::<Vec<_>>().into(),
    ];
    COLUMNS.iter().map(|name| (*name).to_owned()).zip(values).collect()
}

/// A charging data record as a line of JSON.
pub fn json_line(cdr: &Cdr, number: u64, id: &str, zone: &Zone) -> String {
    Value::Object(fields(cdr, number, id, zone)).to_string()
}

/// A charging data record as a line of CSV (RFC 4180): lists of numbers and texts with a space between, the lines as JSON.
pub fn csv_line(cdr: &Cdr, number: u64, id: &str, zone: &Zone) -> String {
    let mut fields = fields(cdr, number, id, zone);
    let cells = COLUMNS.iter().map(|name| match fields.remove(*name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => quoted(&text),
        Some(Value::Array(list)) if *name != "lines" => {
            let texts = list.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned));
            quoted(&texts.collect::<Vec<_>>().join(" "))
        }
        Some(other) => quoted(&other.to_string()),
    });
    cells.collect::<Vec<_>>().join(",")
}

/// A cell: in quotes where it needs them. A line break within it becomes a space: a record is one line.
fn quoted(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::account::AccountId;
    use crate::charging::cdr::{BundleUse, Closing};
    use crate::charging::request::{Parties, Place, QuotaKey, SessionId};
    use crate::charging::units::Digits;

    fn cdr() -> Cdr {
        let cents = |cents| Money::from_cents(cents).unwrap();
        let line = |rate: &str, units, main| UseLine {
            plan: "comfort".into(),
            rate: rate.into(),
            version: 255,
            unit: Unit::Octets,
            units,
            bundles: vec![BundleUse { bundle: "data30".into(), units: 5 }],
            main: cents(main),
            bonus: cents(1),
        };
        Cdr {
            account: Some(AccountId(7)),
            msisdn: Digits::parse("77010000001"),
            imsi: None,
            service: "data".into(),
            session: SessionId::new("pgw;1,\"2\"").unwrap(),
            incarnation: 0,
            key: QuotaKey { rating_group: Some(10), services: vec![1, 2] },
            part: 2,
            closing: Closing::PartVolume,
            opened: Timestamp::EPOCH,
            closed: Timestamp::from_secs(60),
            span: Some((Timestamp::EPOCH, Timestamp::from_secs(59))),
            parties: Parties::default(),
            place: Place { serving_plmn: Digits::parse("40102"), radio: Some(6) },
            client: "pgw".into(),
            late: false,
            above_grant: 0,
            lines: vec![line("a", 10, 150), line("b", 20, 50)],
        }
    }

    #[test]
    fn a_line_of_json_has_every_field_and_the_sums() {
        let line: Value = serde_json::from_str(&json_line(&cdr(), 3, "9-0", &Zone::UTC)).unwrap();
        let object = line.as_object().unwrap();
        assert_eq!(object.len(), COLUMNS.len());
        assert_eq!((&line["charged_main"], &line["charged_bonus"]), (&json!("2.00"), &json!("0.02")));
        assert_eq!(
            (&line["units"], &line["unit"], &line["final"]),
            (&json!(30), &json!("octets"), &json!(false))
        );
        assert_eq!(line["lines"][1]["tariff"], json!("00000000000000ff"));
        assert_eq!(line["imsi"], Value::Null);
    }

    #[test]
    fn a_line_of_csv_is_read_by_another_reader_as_the_same() {
        let text = format!("{}\n{}\n", head(), csv_line(&cdr(), 3, "9-0", &Zone::UTC));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let columns = reader.headers().unwrap().clone();
        assert_eq!(columns.iter().collect::<Vec<_>>(), COLUMNS);
        let row = reader.records().next().unwrap().unwrap();
        let cell = |name: &str| row.get(COLUMNS.iter().position(|column| *column == name).unwrap()).unwrap();
        assert_eq!(cell("session"), "pgw;1,\"2\"");
        assert_eq!((cell("imsi"), cell("services"), cell("rat")), ("", "1 2", "6"));
        let lines: Value = serde_json::from_str(cell("lines")).unwrap();
        assert_eq!(lines[0]["bundles"][0]["units"], json!(5));
    }
}
