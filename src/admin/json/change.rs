//! What operators give: the bodies of changes, and what comes of them. Unknown fields are refused.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Fault, Form, amount};
use crate::charging::account::{AccountId, Brand, ContractId, Mode};
use crate::charging::books::bill;
use crate::charging::units::{Digits, Money};
use crate::charging::voucher::{BatchId, Code};
use crate::engine::control::{self, Change};

/// A new subscriber.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSubscriber {
    /// The number, E.164.
    pub msisdn: String,
    /// The plan, by name.
    pub plan: String,
    /// The SIM's identity.
    #[serde(default)]
    pub imsi: Option<String>,
    /// `advance` or `credit`.
    #[serde(default)]
    pub mode: Option<String>,
    /// Money from the start.
    #[serde(default)]
    pub balance: Option<String>,
    /// How far a credit account may go into debt.
    #[serde(default)]
    pub credit_limit: Option<String>,
    /// How far below nothing an advance account may go.
    #[serde(default)]
    pub overdraft: Option<String>,
    /// `kcell` or `activ`.
    #[serde(default)]
    pub brand: Option<String>,
    /// The holder's 12-digit number.
    #[serde(default)]
    pub owner: Option<String>,
    /// `individual` or `entity`.
    #[serde(default)]
    pub owner_kind: Option<String>,
    /// The account that pays, where numbers share one.
    #[serde(default)]
    pub account: Option<String>,
    /// The contract of a new account, where contracts have several.
    #[serde(default)]
    pub contract: Option<String>,
    /// The holder may have more numbers than an individual may.
    #[serde(default)]
    pub override_limit: bool,
    /// `kk`, `ru` or `en`.
    #[serde(default)]
    pub language: Option<String>,
}

/// Many new subscribers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The subscribers.
    pub rows: Vec<NewSubscriber>,
    /// Those that can be added are, though others are refused.
    #[serde(default)]
    pub partial: bool,
}

/// What an import did.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Imported {
    /// How many subscribers are new.
    pub added: usize,
    /// How many rows were refused.
    pub refused: usize,
    /// The first of them.
    pub rows: Vec<RowRefused>,
    /// Its key was known: what the first try did stands.
    pub repeated: bool,
}

/// A row that was refused.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RowRefused {
    /// Its place, from 1.
    pub row: usize,
    /// Why.
    pub why: String,
}

impl Import {
    /// The change that it orders.
    pub fn read(self) -> Result<Change, Fault> {
        let read = |(at, row): (usize, NewSubscriber)| match row.read() {
            Ok(Change::AddSubscriber(new)) => Ok(new),
            Ok(_) => Err(Fault::new("rows", "a row is a new subscriber")),
            Err(fault) => Err(Fault::new("rows", format!("row {}: {fault}", at.saturating_add(1)))),
        };
        let rows = self.rows.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Change::Import(control::Import { rows, partial: self.partial }))
    }
}

/// Other properties of a subscriber; what is absent stays.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriberChange {
    /// Another plan.
    #[serde(default)]
    pub plan: Option<String>,
    /// Another SIM.
    #[serde(default)]
    pub imsi: Option<String>,
    /// Another credit limit.
    #[serde(default)]
    pub credit_limit: Option<String>,
    /// Another permitted overdraft.
    #[serde(default)]
    pub overdraft: Option<String>,
    /// Services to be barred.
    #[serde(default)]
    pub bar: Vec<String>,
    /// Services to be barred no longer.
    #[serde(default)]
    pub unbar: Vec<String>,
    /// Whether going on after a bundle is used up means consent to pay.
    #[serde(default)]
    pub overage: Option<bool>,
    /// Another language.
    #[serde(default)]
    pub language: Option<String>,
    /// Another brand.
    #[serde(default)]
    pub brand: Option<String>,
    /// Another holder.
    #[serde(default)]
    pub owner: Option<String>,
    /// `individual` or `entity`.
    #[serde(default)]
    pub owner_kind: Option<String>,
    /// Another number; nothing else is changed with it.
    #[serde(default)]
    pub msisdn: Option<String>,
    /// Another holder may have more numbers than an individual may.
    #[serde(default)]
    pub override_limit: bool,
}

/// Money paid in.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topup {
    /// How much.
    pub amount: String,
    /// The payer's reference.
    #[serde(default)]
    pub reference: Option<String>,
    /// Why.
    #[serde(default)]
    pub note: Option<String>,
}

/// Money given back.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refund {
    /// How much.
    pub amount: String,
    /// The reference of the transfer.
    #[serde(default)]
    pub reference: Option<String>,
    /// Why.
    #[serde(default)]
    pub note: Option<String>,
}

/// Use that a partner bills later.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bill {
    /// How much.
    pub amount: String,
    /// The service, by its name in the tariff, or `content:NAME`.
    pub service: String,
    /// When it was used.
    pub used_at: String,
    /// The partner's reference.
    pub reference: String,
    /// Why.
    #[serde(default)]
    pub note: Option<String>,
}

/// A payment to be taken back.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reversal {
    /// The reference it came under.
    pub reference: String,
    /// Why.
    #[serde(default)]
    pub note: Option<String>,
}

/// A payment to be promised.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// Why.
    #[serde(default)]
    pub note: Option<String>,
}

/// Bonus money.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bonus {
    /// How much.
    pub amount: String,
    /// For how many seconds; for ever where nothing is said.
    #[serde(default)]
    pub valid_seconds: Option<u64>,
    /// The services that it may pay; all where none is named.
    #[serde(default)]
    pub services: Vec<String>,
    /// Why.
    #[serde(default)]
    pub note: Option<String>,
}

/// A correction.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adjustment {
    /// What is added; negative takes away.
    pub amount: String,
    /// Why.
    #[serde(default)]
    pub note: Option<String>,
}

/// A file for the server to write.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Its path on the server's machine, from the root.
    pub file: String,
}

/// What of a session its client is to authorise anew.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reauthorisation {
    /// One rating group; the whole session where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating_group: Option<u32>,
}

/// Payment cards to be made.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewVouchers {
    /// The number of the batch.
    pub batch: u32,
    /// What each is worth.
    pub value: String,
    /// For how many seconds they can be used; for ever where nothing is said.
    #[serde(default)]
    pub valid_seconds: Option<u64>,
    /// The serial number of the first of these; 1 makes the batch.
    pub first: u32,
    /// Their codes, twenty digits each, drawn at random.
    pub codes: Vec<String>,
}

/// The code of a payment card.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activation {
    /// Twenty digits.
    pub code: String,
}

impl core::fmt::Debug for Activation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Activation")
    }
}

/// Which cards of a batch are to be void.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voiding {
    /// The first serial number.
    #[serde(default)]
    pub first: Option<u32>,
    /// The last serial number.
    #[serde(default)]
    pub last: Option<u32>,
    /// Why.
    #[serde(default)]
    pub note: Option<String>,
}

/// What a change did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Done {
    /// The number it was about; empty where it was about none.
    pub msisdn: String,
    /// The account it was about.
    pub account: String,
    /// The main balance after it.
    pub balance: String,
    /// Whether anything changed; false where the payer's reference was known.
    pub changed: bool,
    /// Its key was known: this is what the first try did.
    pub repeated: bool,
}

/// It was done, or is on its way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Accepted {
    /// Always true.
    pub done: bool,
}

impl Done {
    /// As operators see it.
    pub fn of(done: &control::Done, repeated: bool) -> Self {
        Self {
            msisdn: done.msisdn.map(|msisdn| msisdn.to_string()).unwrap_or_default(),
            account: done.account.0.to_string(),
            balance: done.balance.to_string(),
            changed: done.changed,
            repeated,
        }
    }
}

/// A number or an IMSI: one to fifteen digits.
pub fn digits(field: &'static str, text: &str) -> Result<Digits, Fault> {
    Digits::parse(text).ok_or_else(|| Fault::new(field, "it is written in 1 to 15 digits"))
}

/// An amount of money.
pub fn money(field: &'static str, text: &str) -> Result<Money, Fault> {
    amount::parse(text).map_err(|error| Fault::new(field, error.to_string()))
}

fn or_nothing(field: &'static str, text: Option<&str>) -> Result<Money, Fault> {
    text.map_or(Ok(Money::ZERO), |text| money(field, text))
}

fn word<T: Copy>(field: &'static str, text: &str, known: &[(&str, T)]) -> Result<T, Fault> {
    known.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        Fault::new(field, format!("it is one of {}", names.join(", ")))
    })
}

const MODES: &[(&str, Mode)] = &[("advance", Mode::Advance), ("credit", Mode::Credit)];
const BRANDS: &[(&str, Brand)] = &[("kcell", Brand::Kcell), ("activ", Brand::Activ)];
const OWNERS: &[(&str, bool)] = &[("individual", false), ("entity", true)];

fn boxed(text: Option<String>) -> Option<Box<str>> {
    text.map(Into::into)
}

/// The number of a contract.
pub fn contract(text: &str) -> Result<ContractId, Fault> {
    let number = text.parse().ok().filter(|_| text.bytes().all(|octet| octet.is_ascii_digit()));
    number.map(ContractId).ok_or_else(|| Fault::new("contract", "it is a number"))
}

impl NewSubscriber {
    /// The change that it orders.
    pub fn read(self) -> Result<Change, Fault> {
        let account = self.account.as_deref().map(|text| {
            let number = text.parse().ok().filter(|_| text.bytes().all(|octet| octet.is_ascii_digit()));
            number.map(AccountId).ok_or_else(|| Fault::new("account", "it is a number"))
        });
        Ok(Change::AddSubscriber(control::NewSubscriber {
            msisdn: digits("msisdn", &self.msisdn)?,
            imsi: self.imsi.as_deref().map(|imsi| digits("imsi", imsi)).transpose()?,
            mode: self.mode.as_deref().map(|mode| word("mode", mode, MODES)).transpose()?,
            balance: or_nothing("balance", self.balance.as_deref())?,
            credit_limit: or_nothing("credit_limit", self.credit_limit.as_deref())?,
            overdraft: or_nothing("overdraft", self.overdraft.as_deref())?,
            brand: self.brand.as_deref().map_or(Ok(Brand::Kcell), |brand| word("brand", brand, BRANDS))?,
            owner_is_entity: self
                .owner_kind
                .as_deref()
                .map_or(Ok(false), |kind| word("owner_kind", kind, OWNERS))?,
            account: account.transpose()?,
            contract: self.contract.as_deref().map(contract).transpose()?,
            override_limit: self.override_limit,
            plan: self.plan.into(),
            owner: boxed(self.owner),
            language: boxed(self.language),
        }))
    }
}

impl SubscriberChange {
    /// The change of that number that it orders.
    pub fn read(self, msisdn: Digits) -> Result<Change, Fault> {
        let amount = |field, text: Option<&str>| text.map(|text| money(field, text)).transpose();
        let set = control::SubscriberChange {
            imsi: self.imsi.as_deref().map(|imsi| digits("imsi", imsi)).transpose()?,
            credit_limit: amount("credit_limit", self.credit_limit.as_deref())?,
            overdraft: amount("overdraft", self.overdraft.as_deref())?,
            brand: self.brand.as_deref().map(|brand| word("brand", brand, BRANDS)).transpose()?,
            owner_is_entity: self
                .owner_kind
                .as_deref()
                .map(|kind| word("owner_kind", kind, OWNERS))
                .transpose()?,
            overage: self.overage,
            bar: self.bar.into_iter().map(Into::into).collect(),
            unbar: self.unbar.into_iter().map(Into::into).collect(),
            plan: boxed(self.plan),
            language: boxed(self.language),
            owner: boxed(self.owner),
            override_limit: self.override_limit,
        };
        let nothing = control::SubscriberChange::default();
        if let Some(to) = &self.msisdn {
            if set != nothing {
                return Err(Fault::new(
                    "msisdn",
                    "a number is changed by itself: change the rest afterwards",
                ));
            }
            return Ok(Change::Renumber { msisdn, to: digits("msisdn", to)? });
        }
        if set == nothing {
            return Err(Fault::new("set", "nothing is to be changed"));
        }
        Ok(Change::SetSubscriber { msisdn, set })
    }
}

impl Topup {
    /// The change of that number's account that it orders.
    pub fn read(self, msisdn: Digits) -> Result<Change, Fault> {
        let amount = money("amount", &self.amount)?;
        Ok(Change::Topup { msisdn, amount, reference: boxed(self.reference), note: boxed(self.note) })
    }
}

impl Bill {
    /// The change of that number's account that it orders.
    pub fn read(self, msisdn: Digits, form: &Form) -> Result<Change, Fault> {
        let amount = money("amount", &self.amount)?;
        let used_at = form.parse_time(&self.used_at);
        let wrong = || Fault::new("used_at", "it is a date like 2026-12-31, or RFC 3339 with an offset");
        let used_at = used_at.ok_or_else(wrong)?;
        let bill = bill::Bill { service: self.service.into(), used_at, reference: self.reference.into() };
        Ok(Change::Charge { msisdn, amount, bill, note: boxed(self.note) })
    }
}

impl Refund {
    /// The change of that number's account that it orders.
    pub fn read(self, msisdn: Digits) -> Result<Change, Fault> {
        let amount = money("amount", &self.amount)?;
        Ok(Change::Refund { msisdn, amount, reference: boxed(self.reference), note: boxed(self.note) })
    }
}

impl Reversal {
    /// The change of that number's account that it orders.
    pub fn read(self, msisdn: Digits) -> Change {
        Change::Reverse { msisdn, reference: self.reference.into(), note: boxed(self.note) }
    }
}

impl Promise {
    /// The change of that number's account that it orders.
    pub fn read(self, msisdn: Digits) -> Change {
        Change::Promise { msisdn, note: boxed(self.note) }
    }
}

impl Bonus {
    /// The change of that number's account that it orders.
    pub fn read(self, msisdn: Digits) -> Result<Change, Fault> {
        Ok(Change::Bonus {
            msisdn,
            amount: money("amount", &self.amount)?,
            valid: self.valid_seconds.map(Duration::from_secs),
            services: self.services.into_iter().map(Into::into).collect(),
            note: boxed(self.note),
        })
    }
}

fn code(text: &str) -> Result<Code, Fault> {
    Code::parse(text).ok_or_else(|| Fault::new("code", "it has twenty digits"))
}

impl NewVouchers {
    /// The change that it orders.
    pub fn read(self) -> Result<Change, Fault> {
        Ok(Change::AddVouchers(control::NewVouchers {
            batch: BatchId(self.batch),
            value: money("value", &self.value)?,
            valid: self.valid_seconds.map(Duration::from_secs),
            first: self.first,
            codes: self.codes.iter().map(|text| code(text)).collect::<Result<_, _>>()?,
        }))
    }
}

impl Activation {
    /// The change of that number's account that it orders.
    pub fn read(self, msisdn: Digits) -> Result<Change, Fault> {
        Ok(Change::ActivateVoucher { msisdn, code: code(&self.code)? })
    }
}

impl Voiding {
    /// The change of that batch that it orders.
    pub fn read(self, batch: BatchId) -> Result<Change, Fault> {
        let serials = match (self.first, self.last) {
            (Some(first), Some(last)) => Some((first, last)),
            (None, None) => None,
            _ => return Err(Fault::new("serials", "first and last are given together, or none of them")),
        };
        Ok(Change::VoidVouchers { batch, serials, note: boxed(self.note) })
    }
}

impl Adjustment {
    /// The change of that number's account that it orders.
    pub fn read(self, msisdn: Digits) -> Result<Change, Fault> {
        let amount = money("amount", &self.amount)?;
        Ok(Change::Adjust { msisdn, amount, note: boxed(self.note) })
    }
}
