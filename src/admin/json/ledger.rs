//! Lines of a ledger, and the explanation of what was charged and refused.

use serde::{Deserialize, Serialize};

use super::basis::{Basis, request};
use super::check;
use super::subscriber::{Subscriber, unit};
use super::{Form, amount};
use crate::charging::answer::Denial;
use crate::charging::ledger::{ChargedUse, EntryKind, LedgerEntry, Purse};
use crate::charging::units::Digits;
use crate::engine::control::{self, LedgerCursor, Why};

/// A line of a ledger.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Line {
    /// When it was made.
    pub at: String,
    /// What is added to the balance, signed.
    pub amount: String,
    /// The balance that it changes, after it.
    pub balance: String,
    /// `advance`, `topup`, `adjustment`, `charge`, `late`, `refund`, `reversal`, `fee`, `penalty`, `promise`, `bonus`,
    /// `payment`, `claim`.
    pub kind: String,
    /// The payer's reference; of a refund the event that asked for it.
    pub reference: Option<String>,
    /// The session or event that was charged, or whose charge was given back.
    pub session: Option<String>,
    /// Who made it; null on charges.
    pub operator: Option<String>,
    /// What the operator said of it.
    pub note: Option<String>,
    /// Its place in the ledger, from 1.
    pub index: u64,
    /// The balance that it changes: `main` or `bonus`.
    pub purse: String,
    /// Where the money comes from or goes to: `cash`, `revenue`, `voucher`, `promise`, `bonus`, `correction`,
    /// `third-party`.
    pub counter: String,
    /// What was charged for.
    pub usage: Option<Usage>,
}

/// What was charged for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Usage {
    /// The number that used it.
    pub msisdn: String,
    /// The number of the request that reported it.
    pub request: u32,
    /// The rating group.
    pub rating_group: Option<u32>,
    /// The service identifiers.
    pub services: Vec<u32>,
    /// What it is counted in.
    pub unit: String,
    /// How much was used.
    pub used: u64,
    /// How much of it bundles paid.
    pub from_bundles: u64,
    /// How much of it had not been granted.
    pub above_grant: u64,
    /// The plan.
    pub plan: String,
    /// The rate.
    pub rate: String,
    /// When it was used.
    pub used_at: String,
    /// On what it rests; null in lines from before it was kept.
    #[serde(default)]
    pub basis: Option<Basis>,
}

/// A page of a ledger.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Page {
    /// The lines, oldest first.
    pub entries: Vec<Line>,
    /// What to ask for the page of older lines with.
    pub next: Option<String>,
    /// Older lines than those of the last page were archived away.
    pub archived: bool,
}

/// The last charges and refusals of a number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Explanation {
    /// The number and its account.
    pub subscriber: Subscriber,
    /// What was charged and given back, oldest first.
    pub charges: Vec<Line>,
    /// How many lines of the ledger were looked at.
    pub looked_at: usize,
    /// What was refused, limited, or granted for the last time, oldest first.
    pub refusals: Vec<Refusal>,
    /// Since when refusals are known.
    pub refusals_since: String,
}

/// A refusal, a limitation, or a last grant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// When.
    pub at: String,
    /// The session or event.
    pub session: String,
    /// `initial`, `update`, `terminate`, `event`, `refund`, `check-balance`, `price-enquiry`.
    pub request: String,
    /// The number of the request.
    pub number: u32,
    /// The rating group; null for the request as a whole.
    pub rating_group: Option<u32>,
    /// The service identifiers.
    pub services: Vec<u32>,
    /// Why, in one word.
    pub reason: String,
    /// Why, as a sentence.
    pub explanation: String,
    /// The service that was asked for.
    #[serde(default)]
    pub service: Option<String>,
    /// The check that refused, with what it has found.
    #[serde(default)]
    pub check: String,
    /// What would lift it.
    #[serde(default)]
    pub lift: String,
}

/// The kind in one word.
pub const fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Advance => "advance",
        EntryKind::Topup => "topup",
        EntryKind::Adjustment => "adjustment",
        EntryKind::Charge => "charge",
        EntryKind::Late => "late",
        EntryKind::Refund => "refund",
        EntryKind::Reversal => "reversal",
        EntryKind::Fee => "fee",
        EntryKind::Penalty => "penalty",
        EntryKind::Promise => "promise",
        EntryKind::Bonus => "bonus",
        EntryKind::Payment => "payment",
        EntryKind::Claim => "claim",
    }
}

/// The word and the sentence of a refusal.
const fn reason(denial: Denial) -> (&'static str, &'static str) {
    match denial {
        Denial::UnknownSession => ("unknown-session", "the session is not known and the request opens none"),
        Denial::UnknownSubscriber => ("unknown-subscriber", "no subscriber has the number or the IMSI"),
        Denial::Ended => ("ended", "the contract has ended"),
        Denial::Blocked => ("blocked", "the subscriber is blocked from this, or has barred it"),
        Denial::NotThere => ("not-there", "the plan sells no roaming where the subscriber is (ROAM-1)"),
        Denial::Threshold => {
            ("roaming-threshold", "there is less on the account than a trip abroad begins with (ROAM-2)")
        }
        Denial::ContentBarred => ("content-barred", "the subscriber has barred this content service (RES-5)"),
        Denial::UnknownService => ("unknown-service", "the tariff has no service for the Service-Context-Id"),
        Denial::NoRate => ("no-rate", "the plan has no rate for the rating group or service"),
        Denial::NoDestination => {
            ("no-destination", "the called number is missing or is none that has a price")
        }
        Denial::NoRefund => {
            ("no-refund", "what is to be given back was never charged, was given back, or is no longer known")
        }
        Denial::NoCredit => ("no-credit", "there is not enough money or volume"),
        Denial::NotOffered => ("not-offered", "what was asked for is not offered"),
        Denial::TooManyGroups => ("too-many-groups", "the session has more rating groups than it may hold"),
        Denial::Overflow => ("overflow", "the units, or the money for them, are more than can be counted"),
    }
}

impl Line {
    /// As operators see it.
    pub fn of(entry: &LedgerEntry, form: &Form) -> Self {
        let text = |text: &Option<Box<str>>| text.as_deref().map(Into::into);
        Self {
            at: form.time(entry.at),
            amount: amount::signed(entry.amount),
            balance: entry.balance.to_string(),
            kind: kind(entry.kind).into(),
            reference: text(&entry.reference),
            session: entry.usage.as_ref().map(|usage| usage.session.as_str().into()),
            operator: text(&entry.operator),
            note: text(&entry.note),
            index: entry.index,
            purse: match entry.purse {
                Purse::Main => "main".into(),
                Purse::Bonus => "bonus".into(),
            },
            counter: entry.counter.as_str().into(),
            usage: entry.usage.as_ref().map(|usage| Usage::of(usage, form)),
        }
    }
}

impl Usage {
    fn of(usage: &ChargedUse, form: &Form) -> Self {
        Self {
            msisdn: usage.msisdn.to_string(),
            request: usage.request_number,
            rating_group: usage.key.rating_group,
            services: usage.key.services.clone(),
            unit: unit(usage.used.unit).into(),
            used: usage.used.count,
            from_bundles: usage.from_bundles,
            above_grant: usage.above_grant,
            plan: usage.plan.as_ref().into(),
            rate: usage.rate.as_ref().into(),
            used_at: form.time(usage.used_at),
            basis: usage.basis.as_deref().map(Basis::of),
        }
    }
}

impl Page {
    /// As operators see it: the engine's pages begin with the newest line.
    pub fn of(page: &control::LedgerPage, form: &Form) -> Self {
        Self {
            entries: page.entries.iter().rev().map(|entry| Line::of(entry, form)).collect(),
            next: page.next.map(cursor),
            archived: page.archived,
        }
    }
}

fn cursor(cursor: LedgerCursor) -> String {
    format!("{}-{}", cursor.below, cursor.at.0)
}

/// The place in a ledger that [`Page::next`] names.
pub fn read_cursor(text: &str) -> Option<LedgerCursor> {
    let (below, at) = text.split_once('-')?;
    let at = crate::charging::account::Sequence(at.parse().ok()?);
    Some(LedgerCursor { below: below.parse().ok()?, at })
}

impl Explanation {
    /// As operators see it.
    pub fn of(explanation: &control::Explanation, form: &Form) -> Self {
        Self {
            subscriber: Subscriber::of(&explanation.of, form),
            charges: explanation.entries.iter().rev().map(|entry| Line::of(entry, form)).collect(),
            looked_at: explanation.looked_at,
            refusals: refusals(explanation, form),
            refusals_since: form.time(explanation.since),
        }
    }
}

fn refusals(explanation: &control::Explanation, form: &Form) -> Vec<Refusal> {
    let msisdn = explanation.of.subscriber.msisdn;
    explanation.refusals.iter().rev().map(|refusal| Refusal::of(refusal, msisdn, form)).collect()
}

impl Refusal {
    fn of(refusal: &control::Refusal, msisdn: Digits, form: &Form) -> Self {
        let (word, sentence) = match refusal.why {
            Why::Denied(denial) => reason(denial),
            Why::Limited => {
                ("limited", "there is not enough money or volume: the service is redirected or restricted")
            }
            Why::Last => {
                ("last-grant", "granted all that money or volume allow, and told that it is the last")
            }
        };
        Self {
            at: form.time(refusal.at),
            session: refusal.session.as_str().into(),
            request: request(refusal.kind).into(),
            number: refusal.number,
            rating_group: refusal.key.as_ref().and_then(|key| key.rating_group),
            services: refusal.key.as_ref().map(|key| key.services.clone()).unwrap_or_default(),
            reason: word.into(),
            explanation: sentence.into(),
            service: refusal.hindrance.as_ref().and_then(|found| found.service.as_deref()).map(Into::into),
            check: check::check(refusal, sentence),
            lift: check::lift(refusal, msisdn),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::account::{AccountId, Sequence};
    use crate::charging::ledger::Counter;
    use crate::charging::request::{QuotaKey, SessionId};
    use crate::charging::units::{Amount, Money, Unit};
    use crate::time::Timestamp;

    #[test]
    fn a_charge_says_what_for() {
        let entry = LedgerEntry {
            account: AccountId(1),
            index: 2,
            previous: Some(Sequence(1)),
            at: Timestamp::from_secs(61),
            amount: Money::from_micros(-11_180_000),
            purse: Purse::Main,
            balance: Money::from_micros(988_820_000),
            kind: EntryKind::Charge,
            counter: Counter::Revenue,
            reference: None,
            operator: None,
            note: None,
            usage: Some(ChargedUse {
                msisdn: Digits::parse("77010000001").unwrap(),
                session: SessionId::new("ims;1").unwrap(),
                request_number: 1,
                key: QuotaKey { rating_group: None, services: vec![1] },
                used: Amount::new(Unit::Seconds, 61),
                from_bundles: 0,
                plan: "comfort".into(),
                rate: "voice kz_mobile".into(),
                used_at: Timestamp::from_secs(60),
                above_grant: 1,
                basis: None,
            }),
        };
        let written = serde_json::to_string(&Line::of(&entry, &Form::plain())).unwrap();
        let wanted = r#"{"at":"1970-01-01T00:01:01+00:00","amount":"-11.18","balance":"988.82","kind":"charge","reference":null,"session":"ims;1","operator":null,"note":null,"index":2,"purse":"main","counter":"revenue","usage":{"msisdn":"77010000001","request":1,"rating_group":null,"services":[1],"unit":"seconds","used":61,"from_bundles":0,"above_grant":1,"plan":"comfort","rate":"voice kz_mobile","used_at":"1970-01-01T00:01:00+00:00","basis":null}}"#;
        assert_eq!(written, wanted);
    }

    #[test]
    fn a_place_in_a_ledger_is_read_as_it_was_written() {
        let place = LedgerCursor { below: 5, at: Sequence(9) };
        assert_eq!(read_cursor(&cursor(place)), Some(place));
        for wrong in ["", "5", "5-", "x-9"] {
            assert_eq!(read_cursor(wrong), None, "{wrong}");
        }
    }
}
